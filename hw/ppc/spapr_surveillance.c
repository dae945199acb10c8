/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: surveillance of the guest
 *
 * A guest that wants to be watched says in how many minutes its next heartbeat
 * is due (Linux: "surveillance=" on the kernel's command line). When none comes
 * the user's "-action watchdog=" is done.
 *
 * Any processor's heartbeat counts. The LoPAR wants one of each within the
 * time (R1-"Surveillance on SMP Systems"-3), but a guest's scan goes from
 * processor to processor at the platform's own leisurely rate, and the more
 * processors there are the surer it would miss the shorter times.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/ppc/spapr_sensors.h"
#include "hw/ppc/spapr_surveillance.h"
#include "migration/vmstate.h"
#include "system/watchdog.h"
#include "trace.h"

/* The same token for sensor and indicator */
#define SURVEILLANCE_TOKEN      9000
#define SURVEILLANCE_MAX        255

static void surveillance_arm(SpaprSurveillance *surveillance)
{
    if (surveillance->minutes) {
        timer_mod(surveillance->timer,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  surveillance->minutes * 60 * NANOSECONDS_PER_SECOND);
    } else {
        timer_del(surveillance->timer);
    }
}

static void surveillance_expired(void *opaque)
{
    SpaprSurveillance *surveillance = opaque;

    trace_spapr_surveillance_expired(surveillance->minutes);
    /* Should the user want the guest to go on, it is told again next time */
    surveillance_arm(surveillance);
    watchdog_perform_action();
}

void spapr_surveillance_heartbeat(SpaprSurveillance *surveillance)
{
    surveillance_arm(surveillance);
}

void spapr_surveillance_stop(SpaprSurveillance *surveillance)
{
    surveillance->minutes = 0;
    surveillance_arm(surveillance);
}

/* LoPAR, "Sensors": minutes, 0 for off */
static int32_t get_surveillance(PowerPCCPU *cpu, void *opaque, uint32_t index,
                                uint32_t *state)
{
    SpaprSurveillance *surveillance = opaque;

    *state = surveillance->minutes;
    return RTAS_OUT_SUCCESS;
}

/* LoPAR, "Indicator 9000 Surveillance": as above, for this session */
static int32_t set_surveillance(PowerPCCPU *cpu, void *opaque, uint32_t index,
                                uint32_t state)
{
    SpaprSurveillance *surveillance = opaque;

    if (state > SURVEILLANCE_MAX) {
        return RTAS_OUT_PARAM_ERROR;
    }
    surveillance->minutes = state;
    trace_spapr_surveillance_set(state);
    surveillance_arm(surveillance);
    return RTAS_OUT_SUCCESS;
}

static const SpaprSensorInfo surveillance_info = {
    .token = SURVEILLANCE_TOKEN,
    .count = 1,
    .get = get_surveillance,
    .set = set_surveillance,
};

static void surveillance_register_calls(SpaprModule *module,
                                        SpaprHcallTable *hcalls,
                                        SpaprRtasTable *rtas)
{
    spapr_sensors_add(module->hv->sensors, &surveillance_info, module);
}

/* The default is that nobody is watched (system parameter sp-sen) */
static void surveillance_reset_hold(Object *obj, ResetType type)
{
    spapr_surveillance_stop(SPAPR_SURVEILLANCE(obj));
}

static void surveillance_realize(DeviceState *dev, Error **errp)
{
    SpaprSurveillance *surveillance = SPAPR_SURVEILLANCE(dev);

    surveillance->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL,
                                       surveillance_expired, surveillance);
}

static int surveillance_post_load(void *opaque, int version_id)
{
    SpaprSurveillance *surveillance = opaque;

    return surveillance->minutes <= SURVEILLANCE_MAX ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_spapr_surveillance = {
    .name = TYPE_SPAPR_SURVEILLANCE,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = surveillance_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(minutes, SpaprSurveillance),
        VMSTATE_TIMER_PTR(timer, SpaprSurveillance),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_surveillance_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR surveillance";
    dc->realize = surveillance_realize;
    dc->vmsd = &vmstate_spapr_surveillance;
    RESETTABLE_CLASS(oc)->phases.hold = surveillance_reset_hold;
    smc->register_calls = surveillance_register_calls;
}

static const TypeInfo spapr_surveillance_types[] = {
    {
        .name = TYPE_SPAPR_SURVEILLANCE,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprSurveillance),
        .class_init = spapr_surveillance_class_init,
    },
};

DEFINE_TYPES(spapr_surveillance_types)
