/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: sensors, indicators, and surveillance
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-qtest.h"

#define BUFFER          (65 * MiB)
#define RAM_SIZE        (256 * MiB)

#define TONE_FREQUENCY  1
#define TONE_VOLUME     2
#define EPOW            9
#define SURVEILLANCE    9000
#define FAULT           9006
#define IDENTIFY        9007

#define INDICATOR       0
#define SENSOR          1

#define DYNAMIC         0xffffffff
#define CLASS_INTERNAL  0x80000000
#define MINUTE_NS       (60ll * 1000 * 1000 * 1000)

/* The enclosure of a machine that the user has told nothing about */
#define ENCLOSURE       "UQEMU.000.0000000"

static int32_t get_sensor(SpaprRtasGuest *guest, uint32_t token, uint32_t index,
                          uint32_t *state)
{
    const uint32_t args[2] = { token, index };
    uint32_t rets[2];
    int32_t status = spapr_rtas_guest_call(guest, "get-sensor-state", 2, args,
                                           2, rets);

    *state = rets[1];
    return status;
}

static int32_t set_indicator(SpaprRtasGuest *guest, uint32_t token,
                             uint32_t index, uint32_t state)
{
    return spapr_rtas_guest_status(guest, "set-indicator", token, index, state);
}

/* Put a location code behind its length; @length is what is said of it */
static void put_location(SpaprRtasGuest *guest, const char *location,
                         uint32_t length)
{
    qtest_writel(guest->qts, BUFFER, length);
    qtest_memwrite(guest->qts, BUFFER + 4, location, strlen(location) + 1);
}

static int32_t get_dynamic(SpaprRtasGuest *guest, uint32_t token, uint32_t addr,
                           uint32_t *state)
{
    const uint32_t args[2] = { token, addr };
    uint32_t rets[2];
    int32_t status;

    status = spapr_rtas_guest_call(guest, "ibm,get-dynamic-sensor-state", 2,
                                   args, 2, rets);
    *state = rets[1];
    return status;
}

static int32_t set_dynamic(SpaprRtasGuest *guest, uint32_t token,
                           uint32_t state, uint32_t addr)
{
    return spapr_rtas_guest_status(guest, "ibm,set-dynamic-indicator", token,
                                   state, addr);
}

static int32_t get_indices(SpaprRtasGuest *guest, uint32_t type, uint32_t token,
                           uint32_t addr, uint32_t size, uint32_t first,
                           uint32_t *next)
{
    const uint32_t args[5] = { type, token, addr, size, first };
    uint32_t rets[2];
    int32_t status = spapr_rtas_guest_call(guest, "ibm,get-indices", 5, args,
                                           2, rets);

    *next = rets[1];
    return status;
}

static uint64_t property(SpaprRtasGuest *guest, const char *name)
{
    QDict *reply = qtest_qmp(guest->qts,
                             "{ 'execute': 'qom-get', 'arguments': {"
                             "  'path': '/machine/hypervisor/sensors',"
                             "  'property': %s } }", name);
    QObject *value = qdict_get(reply, "return");
    uint64_t number;

    g_assert_nonnull(value);
    number = qobject_type(value) == QTYPE_QBOOL ?
             qdict_get_bool(reply, "return") : qdict_get_int(reply, "return");
    qobject_unref(reply);
    return number;
}

/* What /rtas lists: tokens with their highest index, and places */
static void test_properties(void)
{
    static const struct {
        const char *name;
        unsigned n;
        uint32_t cells[6];
    } lists[] = {
        { "rtas-sensors", 4, { SURVEILLANCE, 0, EPOW, 0 } },
        { "rtas-indicators", 6,
          { TONE_FREQUENCY, 0, TONE_VOLUME, 0, SURVEILLANCE, 0 } },
        { "ibm,get-sensor-indices-types", 2, { FAULT, IDENTIFY } },
        { "ibm,get-indicator-indices-types", 2, { FAULT, IDENTIFY } },
    };
    static const char *const places[] = {
        "ibm,sensor-0009", "ibm,sensor-9000", "ibm,indicator-0001",
        "ibm,indicator-0002", "ibm,indicator-9000",
    };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    int rtas = fdt_path_offset(guest.fdt, "/rtas"), len;

    for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
        g_assert_nonnull(fdt_getprop(guest.fdt, rtas, lists[i].name, &len));
        g_assert_cmpint(len, ==, lists[i].n * sizeof(uint32_t));
        for (unsigned j = 0; j < lists[i].n; j++) {
            g_assert_cmpuint(spapr_rtas_guest_cell(&guest, lists[i].name, j),
                             ==, lists[i].cells[j]);
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        const char *place = fdt_getprop(guest.fdt, rtas, places[i], &len);

        g_assert_nonnull(place);
        g_assert_cmpint(len, ==, 1);
        g_assert_cmpstr(place, ==, "");
    }
    spapr_rtas_guest_stop(&guest);
}

static void test_missing(void)
{
    static const uint32_t bad[][2] = {
        { EPOW, 1 }, { EPOW, -1 }, { SURVEILLANCE, 1 }, { 0, 0 }, { 3, 0 },
        { TONE_VOLUME, 0 }, { FAULT, 0 }, { IDENTIFY, 0 },
        { FAULT, DYNAMIC }, { 9003, 0 }, { -1, -1 },
    };
    static const uint32_t bad_indicator[][2] = {
        { TONE_VOLUME, 1 }, { TONE_FREQUENCY, -1 }, { SURVEILLANCE, 1 },
        { EPOW, 0 }, { 0, 0 }, { FAULT, 0 }, { FAULT, DYNAMIC },
        { 9001, 0 }, { 9002, 0 }, { 9003, 0 }, { 9005, 0 }, { -1, -1 },
    };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t state;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(get_sensor(&guest, bad[i][0], bad[i][1], &state), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_indicator); i++) {
        g_assert_cmpint(set_indicator(&guest, bad_indicator[i][0],
                                      bad_indicator[i][1], 0), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpint(get_sensor(&guest, EPOW, 0, &state), ==, 0);
    g_assert_cmpuint(state, ==, 0);
    spapr_rtas_guest_stop(&guest);
}

static void test_tone(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");

    g_assert_cmpuint(property(&guest, "tone-frequency"), ==, 1000);
    g_assert_cmpuint(property(&guest, "tone-volume"), ==, 0);
    g_assert_cmpint(set_indicator(&guest, TONE_FREQUENCY, 0, 440), ==, 0);
    g_assert_cmpint(set_indicator(&guest, TONE_VOLUME, 0, 100), ==, 0);
    g_assert_cmpint(set_indicator(&guest, TONE_VOLUME, 0, 101), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpuint(property(&guest, "tone-frequency"), ==, 440);
    g_assert_cmpuint(property(&guest, "tone-volume"), ==, 100);
    qtest_system_reset(guest.qts);
    g_assert_cmpuint(property(&guest, "tone-frequency"), ==, 1000);
    g_assert_cmpuint(property(&guest, "tone-volume"), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

/* The lights, by their location, from within and from without */
static void test_lights(void)
{
    static const struct {
        uint32_t token;
        const char *name;
    } lights[] = { { FAULT, "fault" }, { IDENTIFY, "identify" } };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t state;

    put_location(&guest, ENCLOSURE, sizeof(ENCLOSURE));
    for (unsigned i = 0; i < ARRAY_SIZE(lights); i++) {
        uint32_t token = lights[i].token;

        g_assert_cmpint(get_dynamic(&guest, token, BUFFER, &state), ==, 0);
        g_assert_cmpuint(state, ==, 0);
        g_assert_cmpint(set_dynamic(&guest, token, 1, BUFFER), ==, 0);
        g_assert_cmpuint(property(&guest, lights[i].name), ==, true);
        g_assert_cmpint(set_dynamic(&guest, token, 2, BUFFER), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(get_dynamic(&guest, token, BUFFER, &state), ==, 0);
        g_assert_cmpuint(state, ==, 1);
        /* It is not turned off by a reset, but by who has seen it */
        qtest_system_reset(guest.qts);
        put_location(&guest, ENCLOSURE, sizeof(ENCLOSURE));
        g_assert_cmpint(get_dynamic(&guest, token, BUFFER, &state), ==, 0);
        g_assert_cmpuint(state, ==, 1);
        qtest_qmp_assert_success(guest.qts,
            "{ 'execute': 'qom-set', 'arguments': {"
            "  'path': '/machine/hypervisor/sensors', 'property': %s,"
            "  'value': false } }", lights[i].name);
        g_assert_cmpint(get_dynamic(&guest, token, BUFFER, &state), ==, 0);
        g_assert_cmpuint(state, ==, 0);
    }
    spapr_rtas_guest_stop(&guest);
}

static void test_bad_location(void)
{
    static const struct {
        const char *location;
        uint32_t length;
    } bad[] = {
        { ENCLOSURE, 0 }, { ENCLOSURE, sizeof(ENCLOSURE) - 1 },
        { ENCLOSURE, 81 }, { ENCLOSURE, 0xffffffff },
        { ENCLOSURE "-P1", sizeof(ENCLOSURE) + 3 }, { "", 1 },
        { "UQEMU.000.0000001", sizeof(ENCLOSURE) },
    };
    static const uint32_t kinds[] = { EPOW, SURVEILLANCE, TONE_VOLUME, 0,
                                      9004, 0xffffffff };
    static const uint32_t no_memory[] = { RAM_SIZE, RAM_SIZE - 4,
                                          RAM_SIZE - 3, 0xffffffff };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t state;

    /* The kind is looked at first */
    put_location(&guest, ENCLOSURE, sizeof(ENCLOSURE));
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_assert_cmpint(get_dynamic(&guest, kinds[i], BUFFER, &state), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(set_dynamic(&guest, kinds[i], 1, BUFFER), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    qtest_writel(guest.qts, RAM_SIZE - 4, sizeof(ENCLOSURE));
    for (unsigned i = 0; i < ARRAY_SIZE(no_memory); i++) {
        g_assert_cmpint(get_dynamic(&guest, FAULT, no_memory[i], &state), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(set_dynamic(&guest, FAULT, 1, no_memory[i]), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        put_location(&guest, bad[i].location, bad[i].length);
        g_assert_cmpint(get_dynamic(&guest, FAULT, BUFFER, &state), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(set_dynamic(&guest, FAULT, 1, BUFFER), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpuint(property(&guest, "fault"), ==, false);
    /* Memory may end where the string does */
    qtest_writel(guest.qts, RAM_SIZE - sizeof(ENCLOSURE) - 4,
                 sizeof(ENCLOSURE));
    qtest_memwrite(guest.qts, RAM_SIZE - sizeof(ENCLOSURE), ENCLOSURE,
                   sizeof(ENCLOSURE));
    g_assert_cmpint(set_dynamic(&guest, FAULT, 1,
                                RAM_SIZE - sizeof(ENCLOSURE) - 4), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

static void test_indices(void)
{
    static const uint32_t bad[][2] = {
        { INDICATOR, TONE_VOLUME }, { SENSOR, EPOW }, { SENSOR, 0 },
        { 2, FAULT }, { 0xffffffff, FAULT }, { SENSOR, 9001 },
    };
    /* The number of entries, then index, length, and code with its padding */
    const unsigned size = 4 + 8 + ROUND_UP(sizeof(ENCLOSURE), 4);
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    char location[ROUND_UP(sizeof(ENCLOSURE), 4)];
    uint32_t next;

    for (unsigned type = INDICATOR; type <= SENSOR; type++) {
        for (unsigned token = FAULT; token <= IDENTIFY; token++) {
            qtest_memset(guest.qts, BUFFER, 0xa5, 4096);
            g_assert_cmpint(get_indices(&guest, type, token, BUFFER, 4096, 1,
                                        &next), ==, 0);
            g_assert_cmpuint(next, ==, 1);
            g_assert_cmpuint(qtest_readl(guest.qts, BUFFER), ==, 1);
            g_assert_cmphex(qtest_readl(guest.qts, BUFFER + 4), ==, DYNAMIC);
            g_assert_cmpuint(qtest_readl(guest.qts, BUFFER + 8), ==,
                             sizeof(location));
            qtest_memread(guest.qts, BUFFER + 12, location, sizeof(location));
            g_assert_cmpstr(location, ==, ENCLOSURE);
            spapr_qtest_untouched(guest.qts, BUFFER + size, 4096 - size);
        }
    }
    qtest_memset(guest.qts, BUFFER, 0xa5, 4096);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(get_indices(&guest, bad[i][0], bad[i][1], BUFFER, 4096,
                                    1, &next), ==, RTAS_OUT_PARAM_ERROR);
    }
    /* The first one to return, then the work area */
    g_assert_cmpint(get_indices(&guest, SENSOR, FAULT, BUFFER, 4096, 0, &next),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(get_indices(&guest, SENSOR, FAULT, BUFFER, 4096, 2, &next),
                    ==, RTAS_OUT_PARAM_ERROR);
    for (unsigned i = 0; i < size; i++) {
        g_assert_cmpint(get_indices(&guest, SENSOR, FAULT, BUFFER, i, 1, &next),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    spapr_qtest_untouched(guest.qts, BUFFER, 4096);
    g_assert_cmpint(get_indices(&guest, SENSOR, FAULT, RAM_SIZE - size + 1,
                                size, 1, &next), ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(get_indices(&guest, SENSOR, FAULT, RAM_SIZE - size, size, 1,
                                &next), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

static void scan(SpaprRtasGuest *guest, uint32_t mask)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "event-scan", mask, 0,
                                            BUFFER, 2048), ==, 1);
}

static uint32_t surveillance(SpaprRtasGuest *guest)
{
    uint32_t state;

    g_assert_cmpint(get_sensor(guest, SURVEILLANCE, 0, &state), ==, 0);
    return state;
}

/* A heartbeat in time, and one that is none */
static void test_surveillance(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("-action watchdog=none");

    g_assert_cmpuint(surveillance(&guest), ==, 0);
    qtest_clock_step(guest.qts, 1000 * MINUTE_NS);
    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 256), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 255), ==, 0);
    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 2), ==, 0);
    g_assert_cmpuint(surveillance(&guest), ==, 2);
    for (unsigned i = 0; i < 5; i++) {
        qtest_clock_step(guest.qts, 2 * MINUTE_NS - 1);
        scan(&guest, CLASS_INTERNAL);
    }
    g_assert_null(qtest_qmp_event_ref(guest.qts, "WATCHDOG"));
    qtest_clock_step(guest.qts, MINUTE_NS);
    scan(&guest, ~CLASS_INTERNAL);
    qtest_clock_step(guest.qts, MINUTE_NS);
    qtest_qmp_eventwait(guest.qts, "WATCHDOG");
    /* The user lets it go on, and is told again */
    qtest_clock_step(guest.qts, 2 * MINUTE_NS);
    qtest_qmp_eventwait(guest.qts, "WATCHDOG");

    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 0), ==, 0);
    qtest_clock_step(guest.qts, 1000 * MINUTE_NS);
    g_assert_null(qtest_qmp_event_ref(guest.qts, "WATCHDOG"));
    spapr_rtas_guest_stop(&guest);
}

/* The platform's own choice, after which nobody is watched any more */
static void test_surveillance_reset(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");

    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 1), ==, 0);
    qtest_clock_step(guest.qts, MINUTE_NS);
    qtest_qmp_eventwait(guest.qts, "WATCHDOG");
    qtest_qmp_eventwait(guest.qts, "RESET");
    g_assert_cmpuint(surveillance(&guest), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

static void test_migration(void)
{
    const char *options = "-action watchdog=none";
    SpaprRtasGuest guest = spapr_rtas_guest_start(options);
    uint32_t state;

    put_location(&guest, ENCLOSURE, sizeof(ENCLOSURE));
    g_assert_cmpint(set_dynamic(&guest, IDENTIFY, 1, BUFFER), ==, 0);
    g_assert_cmpint(set_indicator(&guest, TONE_VOLUME, 0, 7), ==, 0);
    g_assert_cmpint(set_indicator(&guest, SURVEILLANCE, 0, 3), ==, 0);
    spapr_rtas_guest_migrate(&guest, options);
    g_assert_cmpint(get_dynamic(&guest, IDENTIFY, BUFFER, &state), ==, 0);
    g_assert_cmpuint(state, ==, 1);
    g_assert_cmpint(get_dynamic(&guest, FAULT, BUFFER, &state), ==, 0);
    g_assert_cmpuint(state, ==, 0);
    g_assert_cmpuint(property(&guest, "tone-volume"), ==, 7);
    g_assert_cmpuint(surveillance(&guest), ==, 3);
    qtest_clock_step(guest.qts, 3 * MINUTE_NS);
    qtest_qmp_eventwait(guest.qts, "WATCHDOG");
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-sensors/properties", test_properties);
    qtest_add_func("spapr-sensors/missing", test_missing);
    qtest_add_func("spapr-sensors/tone", test_tone);
    qtest_add_func("spapr-sensors/lights", test_lights);
    qtest_add_func("spapr-sensors/bad-location", test_bad_location);
    qtest_add_func("spapr-sensors/indices", test_indices);
    qtest_add_func("spapr-sensors/surveillance", test_surveillance);
    qtest_add_func("spapr-sensors/surveillance-reset",
                   test_surveillance_reset);
    qtest_add_func("spapr-sensors/migration", test_migration);

    return g_test_run();
}
