/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: a guest's end (ibm,os-term), and power at a given time
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"

#define RAM_SIZE        (256 * MiB)
#define STRING          (65 * MiB)

/* As much of a string as is kept */
#define LAST_WORDS_MAX  255

#define SURVEILLANCE    9000

/* Until the machine turns itself on; it must be off by then */
#define OFF_S           10

/*
 * ibm,os-term
 */

static int32_t os_term(SpaprRtasGuest *guest, uint32_t addr)
{
    return spapr_rtas_guest_status(guest, "ibm,os-term", addr);
}

static void put_string(SpaprRtasGuest *guest, const char *string)
{
    qtest_memwrite(guest->qts, STRING, string, strlen(string) + 1);
}

static void check_last_words(SpaprRtasGuest *guest, const char *expected)
{
    QDict *reply = qtest_qmp(guest->qts,
                             "{ 'execute': 'qom-get', 'arguments': {"
                             "  'path': '/machine/hypervisor/power',"
                             "  'property': 'last-words' } }");

    g_assert_cmpstr(qdict_get_str(reply, "return"), ==, expected);
    qobject_unref(reply);
}

static void check_panicked(SpaprRtasGuest *guest, const char *action)
{
    QDict *event = qtest_qmp_eventwait_ref(guest->qts, "GUEST_PANICKED");

    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "action"),
                    ==, action);
    qobject_unref(event);
}

/* The guest goes on */
static void test_term_none(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-action panic=none");
    const uint32_t watch[3] = { SURVEILLANCE, 0, 5 };
    const uint32_t sensor[2] = { SURVEILLANCE, 0 };
    uint32_t rets[2];

    g_assert_true(spapr_rtas_guest_has(&guest, "ibm,extended-os-term"));
    check_last_words(&guest, "");
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "set-indicator", 3, watch, 1,
                                          rets), ==, 0);
    put_string(&guest, "OS panic: Attempted to kill init!");
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    check_panicked(&guest, "run");
    check_last_words(&guest, "OS panic: Attempted to kill init!");
    /* R1-"ibm,os-term"-2: nobody waits for its heartbeats */
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "get-sensor-state", 2, sensor,
                                          2, rets), ==, 0);
    g_assert_cmpuint(rets[1], ==, 0);
    /* It may restart itself; what it said stays */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "system-reboot"), ==, 0);
    qtest_qmp_eventwait(guest.qts, "RESET");
    check_last_words(&guest, "OS panic: Attempted to kill init!");
    spapr_rtas_guest_stop(&guest);
}

/* It is stopped, and goes on when the user lets it */
static void test_term_pause(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-action panic=pause");
    QDict *status;

    put_string(&guest, "bye");
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    check_panicked(&guest, "pause");
    qtest_qmp_eventwait(guest.qts, "STOP");
    status = qtest_qmp_assert_success_ref(guest.qts,
                                          "{ 'execute': 'query-status' }");
    g_assert_cmpstr(qdict_get_str(status, "status"), ==, "guest-panicked");
    qobject_unref(status);
    check_last_words(&guest, "bye");
    spapr_rtas_guest_stop(&guest);
}

/* Whatever a guest has to say: it is plain text of some length, or nothing */
static void test_term_text(void)
{
    static const uint32_t no_memory[] = { RAM_SIZE, RAM_SIZE - 1, 0xffffffff };
    SpaprRtasGuest guest = spapr_rtas_guest_start("-action panic=none");
    g_autofree char *endless = g_strnfill(1000, 'x');
    g_autofree char *cut = g_strnfill(LAST_WORDS_MAX, 'x');

    put_string(&guest, "a\033[2Jb\x07\x80\xff\x7f" "c\nd\n");
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    check_last_words(&guest, "a?[2Jb????c d?");
    put_string(&guest, endless);
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    check_last_words(&guest, cut);
    put_string(&guest, "");
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    check_last_words(&guest, "");
    qtest_writeb(guest.qts, RAM_SIZE - 1, 'x');
    for (unsigned i = 0; i < ARRAY_SIZE(no_memory); i++) {
        g_assert_cmpint(os_term(&guest, no_memory[i]), ==, 0);
        check_last_words(&guest, "");
    }
    for (unsigned i = 0; i < 3 + ARRAY_SIZE(no_memory); i++) {
        check_panicked(&guest, "run");
    }
    spapr_rtas_guest_stop(&guest);
}

static void test_term_migration(void)
{
    const char *options = "-action panic=none";
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);

    put_string(&guest, "bye");
    g_assert_cmpint(os_term(&guest, STRING), ==, 0);
    spapr_rtas_guest_migrate(&guest, options);
    check_last_words(&guest, "bye");
    spapr_rtas_guest_stop(&guest);
}

/*
 * set-time-for-power-on
 */

static int32_t set_time(SpaprRtasGuest *guest, const struct tm *tm)
{
    return spapr_rtas_guest_status(guest, "set-time-for-power-on",
                                   tm->tm_year + 1900, tm->tm_mon + 1,
                                   tm->tm_mday, tm->tm_hour, tm->tm_min,
                                   tm->tm_sec, 0);
}

/* The guest's time in some seconds */
static struct tm guest_time_in(SpaprRtasGuest *guest, int64_t seconds)
{
    uint32_t rets[8];
    struct tm tm;
    time_t t;

    g_assert_cmpint(spapr_rtas_guest_call(guest, "get-time-of-day", 0, NULL, 8,
                                          rets), ==, 0);
    tm = (struct tm) {
        .tm_year = rets[1] - 1900, .tm_mon = rets[2] - 1, .tm_mday = rets[3],
        .tm_hour = rets[4], .tm_min = rets[5], .tm_sec = rets[6],
    };
    t = timegm(&tm) + seconds;
    gmtime_r(&t, &tm);
    return tm;
}

/* A clock that stands still */
#define CLOCK       "-rtc base=2024-02-29T23:59:58,clock=vm"

#define DAYS(n)     ((n) * 24 * 60 * 60)

static void test_power_on_range(void)
{
    static const uint32_t none[][7] = {
        { 2024, 2, 30, 0, 0, 0, 0 }, { 2024, 13, 1, 0, 0, 0, 0 },
        { 2024, 3, 1, 24, 0, 0, 0 }, { 2024, 3, 1, 0, 60, 0, 0 },
        { 2024, 3, 1, 0, 0, 60, 0 }, { 2024, 3, 1, 0, 0, 0, 1000000000 },
        { 1969, 3, 1, 0, 0, 0, 0 }, { 0xffffffff, 3, 1, 0, 0, 0, 0 },
    };
    static const struct {
        int64_t seconds;
        int32_t status;
    } cases[] = {
        { -1, RTAS_OUT_PARAM_ERROR }, { 0, 0 }, { 1, 0 }, { DAYS(28), 0 },
        { DAYS(28) + 1, RTAS_OUT_PARAM_ERROR },
        { -DAYS(366), RTAS_OUT_PARAM_ERROR },
        { DAYS(366), RTAS_OUT_PARAM_ERROR },
    };
    SpaprRtasGuest guest = spapr_rtas_guest_start(CLOCK " -no-shutdown");
    struct tm tm;
    uint32_t ret;

    for (unsigned i = 0; i < ARRAY_SIZE(none); i++) {
        g_assert_cmpint(spapr_rtas_guest_call(&guest, "set-time-for-power-on",
                                              7, none[i], 1, &ret), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        tm = guest_time_in(&guest, cases[i].seconds);
        g_assert_cmpint(set_time(&guest, &tm), ==, cases[i].status);
    }
    /* It is the guest's own time that counts */
    tm = guest_time_in(&guest, DAYS(100));
    g_assert_cmpint(set_time(&guest, &tm), ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "set-time-of-day",
                                            tm.tm_year + 1900, tm.tm_mon + 1,
                                            tm.tm_mday, tm.tm_hour, tm.tm_min,
                                            tm.tm_sec, 0), ==, 0);
    g_assert_cmpint(set_time(&guest, &tm), ==, 0);

    /* A machine that ends when it is powered off is never on again */
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'set-action',"
                             " 'arguments': { 'shutdown': 'poweroff' } }");
    g_assert_cmpint(set_time(&guest, &tm), ==, RTAS_OUT_PARAM_ERROR);
    spapr_rtas_guest_stop(&guest);
}

static void power_off(SpaprRtasGuest *guest)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "power-off", -1, -1), ==, 0);
    qtest_qmp_eventwait(guest->qts, "SHUTDOWN");
    qtest_qmp_eventwait(guest->qts, "STOP");
}

static void await_power_on(SpaprRtasGuest *guest)
{
    qtest_qmp_eventwait(guest->qts, "RESET");
    qtest_qmp_eventwait(guest->qts, "RESUME");
}

/* Off, the machine is kept, and starts anew when it is time */
static void test_power_on(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-no-shutdown");
    struct tm tm = guest_time_in(&guest, OFF_S);

    qtest_writel(guest.qts, STRING, 0x12345678);
    g_assert_cmpint(set_time(&guest, &tm), ==, 0);
    power_off(&guest);
    await_power_on(&guest);
    /* It was spent with that */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "get-power-level"), ==,
                    RTAS_OUT_PARAM_ERROR);
    spapr_rtas_guest_stop(&guest);
}

static void set_clock(SpaprRtasGuest *guest, const struct tm *tm)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "set-time-of-day",
                                            tm->tm_year + 1900, tm->tm_mon + 1,
                                            tm->tm_mday, tm->tm_hour,
                                            tm->tm_min, tm->tm_sec, 0), ==, 0);
}

static bool is_off(SpaprRtasGuest *guest)
{
    QDict *reply = qtest_qmp_assert_success_ref(
        guest->qts, "{ 'execute': 'query-status' }");
    bool off = g_str_equal(qdict_get_str(reply, "status"), "shutdown");

    qobject_unref(reply);
    return off;
}

/* When it is time is told by the guest's clock, to which it may be set */
static void test_power_on_clock_set(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-no-shutdown");
    struct tm on = guest_time_in(&guest, 3600);
    struct tm before = guest_time_in(&guest, 3600 - OFF_S);
    struct tm past = { .tm_year = 100, .tm_mday = 1 };

    g_assert_cmpint(set_time(&guest, &on), ==, 0);
    set_clock(&guest, &before);
    power_off(&guest);
    await_power_on(&guest);

    /* Put back by years, and on again: it has been forgotten */
    on = guest_time_in(&guest, 3600);
    g_assert_cmpint(set_time(&guest, &on), ==, 0);
    set_clock(&guest, &past);
    set_clock(&guest, &on);
    power_off(&guest);
    g_usleep(G_USEC_PER_SEC / 2);
    g_assert_true(is_off(&guest));
    g_assert_null(qtest_qmp_event_ref(guest.qts, "RESET"));
    spapr_rtas_guest_stop(&guest);
}

/* On, nothing happens when it is time */
static void test_power_is_on(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(CLOCK " -no-shutdown");
    struct tm tm = guest_time_in(&guest, 2);

    g_assert_cmpint(set_time(&guest, &tm), ==, 0);
    qtest_clock_step(guest.qts, 10ll * 1000 * 1000 * 1000);
    g_assert_null(qtest_qmp_event_ref(guest.qts, "RESET"));
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-power/term/none", test_term_none);
    qtest_add_func("spapr-power/term/pause", test_term_pause);
    qtest_add_func("spapr-power/term/text", test_term_text);
    qtest_add_func("spapr-power/term/migration", test_term_migration);
    qtest_add_func("spapr-power/on/range", test_power_on_range);
    qtest_add_func("spapr-power/on/off", test_power_on);
    qtest_add_func("spapr-power/on/clock-set", test_power_on_clock_set);
    qtest_add_func("spapr-power/on/on", test_power_is_on);

    return g_test_run();
}
