/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the real-time clock
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/qapi-events-misc.h"
#include "hw/ppc/spapr_rtc.h"
#include "migration/vmstate.h"
#include "system/rtc.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "system/system.h"
#include "trace.h"

/*
 * The years the clock can hold. Error logs give the year in four digits, and
 * nothing in Linux or firmware has a use for one before the epoch.
 */
#define RTC_YEAR_MIN 1970
#define RTC_YEAR_MAX 9999

/* Two times that a clock can show are not so far from each other */
#define RTC_AHEAD_MAX_S (10000LL * 366 * 24 * 60 * 60)

/* "power-on-max-latency" when it is not given: 28 days */
#define POWER_ON_MAX_S (28 * 24 * 60 * 60)

static int64_t core_second(int64_t ns)
{
    return ns / NANOSECONDS_PER_SECOND;
}

/*
 * What the guest's clock shows. The core has the second and the nanoseconds in
 * two calls: once more should a second end between them.
 *
 * Returns: the nanoseconds
 */
static uint32_t guest_time(SpaprRtc *rtc, struct tm *tm)
{
    int64_t core_ns;
    uint64_t ns;

    do {
        core_ns = qemu_clock_get_ns(rtc_clock);
        ns = core_ns % NANOSECONDS_PER_SECOND + rtc->ahead_ns;
        qemu_get_timedate(tm, rtc->ahead_s + ns / NANOSECONDS_PER_SECOND);
    } while (core_second(qemu_clock_get_ns(rtc_clock)) != core_second(core_ns));
    return ns % NANOSECONDS_PER_SECOND;
}

/*
 * Make the guest's clock show @tm and @ns now. The core tells how far a time is
 * from the host's clock only; that of the core's own time is taken off again.
 */
static void set_guest_time(SpaprRtc *rtc, struct tm *tm, uint32_t ns)
{
    int64_t core_ns, ahead_ns, from_host;
    struct tm core;

    do {
        core_ns = qemu_clock_get_ns(rtc_clock);
        qemu_get_timedate(&core, 0);
        from_host = qemu_timedate_diff(&core);
        rtc->ahead_s = qemu_timedate_diff(tm) - from_host;
    } while (core_second(qemu_clock_get_ns(rtc_clock)) !=
                 core_second(core_ns) ||
             qemu_timedate_diff(&core) != from_host);

    ahead_ns = ns - core_ns % NANOSECONDS_PER_SECOND;
    if (ahead_ns < 0) {
        ahead_ns += NANOSECONDS_PER_SECOND;
        rtc->ahead_s--;
    }
    rtc->ahead_ns = ahead_ns;
}

/*
 * get-time-of-day: LoPAR, "get-time-of-day"
 *
 * Return cells: year, month (1-12), day (1-31), hour, minute, second,
 * nanoseconds. Status: 0.
 */
static int32_t get_time_of_day(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprRtc *rtc = opaque;
    struct tm tm;

    outs[6] = guest_time(rtc, &tm);
    outs[0] = tm.tm_year + 1900;
    outs[1] = tm.tm_mon + 1;
    outs[2] = tm.tm_mday;
    outs[3] = tm.tm_hour;
    outs[4] = tm.tm_min;
    outs[5] = tm.tm_sec;
    return RTAS_OUT_SUCCESS;
}

/* LoPAR, R1-"Time of Day Inputs/Outputs"-1: numbers, and a date that exists */
static bool time_is_valid(const uint32_t *args)
{
    return args[0] >= RTC_YEAR_MIN && args[0] <= RTC_YEAR_MAX &&
           args[1] >= 1 && args[1] <= 12 && args[2] >= 1 && args[2] <= 31 &&
           g_date_valid_dmy(args[2], args[1], args[0]) &&
           args[3] <= 23 && args[4] <= 59 && args[5] <= 59 &&
           args[6] < NANOSECONDS_PER_SECOND;
}

static void to_tm(const uint32_t *args, struct tm *tm)
{
    *tm = (struct tm) {
        .tm_year = args[0] - 1900,
        .tm_mon = args[1] - 1,
        .tm_mday = args[2],
        .tm_hour = args[3],
        .tm_min = args[4],
        .tm_sec = args[5],
    };
}

/*
 * The clock has been set. When to power on is a time of the guest's clock: put
 * forward, it comes sooner, or now; put back, later, or not at all when that is
 * twice as far away as a guest may ask for.
 */
static void power_on_shift(SpaprRtc *rtc, int64_t seconds, int64_t ns)
{
    const int64_t limit = 2 * POWER_ON_MAX_S;
    int64_t now = qemu_clock_get_ns(rtc_clock);
    int64_t left;

    if (!timer_pending(rtc->power_on)) {
        return;
    }
    left = timer_expire_time_ns(rtc->power_on) - now - ns -
           CLAMP(seconds, -limit, limit) * NANOSECONDS_PER_SECOND;
    if (left < limit * NANOSECONDS_PER_SECOND) {
        timer_mod(rtc->power_on, now + MAX(left, 0));
    } else {
        timer_del(rtc->power_on);
    }
}

/*
 * set-time-of-day: LoPAR, "set-time-of-day"
 *
 * Argument cells: as get-time-of-day returns them. Status: 0, or -3 for a time
 * that is none or lies outside the years the clock can hold.
 *
 * With it goes when to power on.
 */
static int32_t set_time_of_day(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprRtc *rtc = opaque;
    g_autofree char *path = object_get_canonical_path(OBJECT(rtc));
    int64_t before_s = rtc->ahead_s, before_ns = rtc->ahead_ns;
    struct tm tm;

    if (!time_is_valid(args)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    to_tm(args, &tm);
    set_guest_time(rtc, &tm, args[6]);
    power_on_shift(rtc, rtc->ahead_s - before_s, rtc->ahead_ns - before_ns);
    trace_spapr_rtc_set(rtc->ahead_s, rtc->ahead_ns);
    qapi_event_send_rtc_change(qemu_timedate_diff(&tm), path);
    return RTAS_OUT_SUCCESS;
}

/*
 * set-time-for-power-on: LoPAR, "set-time-for-power-on"
 *
 * Argument cells: as those of set-time-of-day. Status: 0, or -3 for a time that
 * is none or outside the range that the platform supports: what has passed, and
 * what is more than 28 days away, the range for a platform that names none.
 *
 * A machine that ends with its guest's power-off can't be powered on by
 * anything in it. So unless the user keeps it (-action shutdown=pause, or
 * -no-shutdown) no time at all is within the range, and the answer is -3. By a
 * clock that stands still while the machine does (-rtc clock=vm) the time does
 * not come.
 */
static int32_t set_time_for_power_on(PowerPCCPU *cpu, void *opaque,
                                     const uint32_t *args, uint32_t *outs)
{
    SpaprRtc *rtc = opaque;
    struct tm now, then;
    int64_t seconds, ns;

    if (!time_is_valid(args) || shutdown_action != SHUTDOWN_ACTION_PAUSE) {
        return RTAS_OUT_PARAM_ERROR;
    }
    ns = guest_time(rtc, &now);
    to_tm(args, &then);
    seconds = mktimegm(&then) - mktimegm(&now);
    if (seconds < 0 || seconds > POWER_ON_MAX_S) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_rtc_power_on_set(seconds);
    timer_mod(rtc->power_on, qemu_clock_get_ns(rtc_clock) +
                             seconds * NANOSECONDS_PER_SECOND + args[6] - ns);
    return RTAS_OUT_SUCCESS;
}

static void power_on_start(void *opaque)
{
    SpaprRtc *rtc = opaque;

    rtc->powering_up = false;
    if (runstate_check(RUN_STATE_PRELAUNCH)) {
        vm_start();
    }
}

/*
 * R1-"set-time-for-power-on"-4: off, the partition is reset, and the machine
 * goes on once that is done; unless the user wants it to end where others
 * reboot. On, there is nothing to do.
 */
static void power_on_expired(void *opaque)
{
    SpaprRtc *rtc = opaque;
    bool off = runstate_check(RUN_STATE_SHUTDOWN);

    trace_spapr_rtc_power_on(off);
    if (off) {
        rtc->powering_up = reboot_action == REBOOT_ACTION_RESET;
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

/* The machine may start only behind the reset that this is a part of */
static void spapr_rtc_reset_exit(Object *obj, ResetType type)
{
    SpaprRtc *rtc = SPAPR_RTC(obj);

    if (rtc->powering_up) {
        aio_bh_schedule_oneshot(qemu_get_aio_context(), power_on_start, rtc);
    }
}

static void spapr_rtc_realize(DeviceState *dev, Error **errp)
{
    SpaprRtc *rtc = SPAPR_RTC(dev);

    rtc->power_on = timer_new_ns(rtc_clock, power_on_expired, rtc);
}

static void spapr_rtc_get_date(Object *obj, struct tm *tm, Error **errp)
{
    guest_time(SPAPR_RTC(obj), tm);
}

static void spapr_rtc_register_calls(SpaprModule *module,
                                     SpaprHcallTable *hcalls,
                                     SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "get-time-of-day", 0, 8, get_time_of_day, module);
    spapr_rtas_register(rtas, "set-time-of-day", 7, 1, set_time_of_day, module);
    spapr_rtas_register(rtas, "set-time-for-power-on", 7, 1,
                        set_time_for_power_on, module);
}

static void spapr_rtc_init(Object *obj)
{
    object_property_add_tm(obj, "date", spapr_rtc_get_date);
}

/* What is refused may not stay: the machine may go on all the same */
static bool spapr_rtc_ahead_valid(void *opaque, int version_id)
{
    SpaprRtc *rtc = opaque;

    if (rtc->ahead_ns >= NANOSECONDS_PER_SECOND ||
        rtc->ahead_s < -RTC_AHEAD_MAX_S || rtc->ahead_s > RTC_AHEAD_MAX_S) {
        rtc->ahead_s = 0;
        rtc->ahead_ns = 0;
        return false;
    }
    return true;
}

static const VMStateDescription vmstate_spapr_rtc = {
    .name = "spapr-rtc",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(ahead_s, SpaprRtc),
        VMSTATE_UINT32(ahead_ns, SpaprRtc),
        VMSTATE_VALIDATE("how far the clock is ahead", spapr_rtc_ahead_valid),
        VMSTATE_TIMER_PTR(power_on, SpaprRtc),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_rtc_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR real-time clock";
    dc->realize = spapr_rtc_realize;
    dc->vmsd = &vmstate_spapr_rtc;
    RESETTABLE_CLASS(oc)->phases.exit = spapr_rtc_reset_exit;
    smc->register_calls = spapr_rtc_register_calls;
}

static const TypeInfo spapr_rtc_types[] = {
    {
        .name = TYPE_SPAPR_RTC,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprRtc),
        .instance_init = spapr_rtc_init,
        .class_init = spapr_rtc_class_init,
    },
};

DEFINE_TYPES(spapr_rtc_types)
