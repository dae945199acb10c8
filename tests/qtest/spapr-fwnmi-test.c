/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: firmware-assisted non-maskable interrupts, and injected errors
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include <libfdt.h>
#include "spapr-qtest.h"

/* SLOF, as it is the firmware that hands its tree back */
#define WORK            (70 * MiB)
#define OPTIONS         "-machine firmware=slof -smp 2"

#define RTAS_BASE       (80 * MiB)
#define REPORT          (RTAS_BASE + 2048)
#define RESETS          (REPORT + 1024)
#define TREE            (96 * MiB)
#define BUFFER          (65 * MiB)

#define SYSTEM_RESET    0x1234
#define MACHINE_CHECK   0x5678

/* R3's place and the log's, and the log's parts */
#define LOG             (REPORT + 8)
#define LOG_MC          (8 + 16 + 48 + 24 + 80)
#define LOG_SIZE        (LOG_MC + 40)

#define MSR_STARTED     0x8000000000001000ull   /* SF and ME */

#define NO_EVENT        1
#define STATUS_OPEN     (-4)
#define CLASS_INTERNAL  0x80000000

/* Longer than a processor takes to notice anything */

static SpaprRtasGuest start(void)
{
    return spapr_rtas_guest_start(OPTIONS);
}

/* Do as firmware does that has put RTAS to its place for a guest */
static void place_rtas(SpaprRtasGuest *guest)
{
    size_t size = fdt_totalsize(guest->fdt) + 1024;
    g_autofree void *fdt = g_malloc(size);

    g_assert_cmpint(fdt_open_into(guest->fdt, fdt, size), ==, 0);
    g_assert_cmpint(fdt_setprop_u32(fdt, fdt_path_offset(fdt, "/rtas"),
                                    "linux,rtas-base", RTAS_BASE), ==, 0);
    qtest_memwrite(guest->qts, TREE, fdt, size);
    g_assert_cmpint(hcall(guest->qts, H_PRIVATE_UPDATE_DT, TREE), ==,
                    H_SUCCESS);
}

static int32_t nmi_register(SpaprRtasGuest *guest, uint32_t system_reset,
                            uint32_t machine_check)
{
    return spapr_rtas_guest_status(guest, "ibm,nmi-register",
                                   system_reset, machine_check);
}

static SpaprRtasGuest start_registered(void)
{
    SpaprRtasGuest guest = start();

    place_rtas(&guest);
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==, 0);
    qtest_memset(guest.qts, RTAS_BASE, 0xa5, 4096);
    return guest;
}

/* ibm,nmi-interlock, called by a processor */
static int32_t interlock(SpaprRtasGuest *guest, unsigned cpu)
{
    const uint64_t args[1] = { SPAPR_RTAS_GUEST_ARGS };

    qtest_writel(guest->qts, args[0],
                 spapr_qtest_rtas_token(guest->fdt, "ibm,nmi-interlock"));
    qtest_writel(guest->qts, args[0] + 4, 0);
    qtest_writel(guest->qts, args[0] + 8, 1);
    g_assert_cmpint(spapr_qtest_hcall(guest->qts, cpu, H_PRIVATE_RTAS, args, 1,
                                      NULL), ==, H_SUCCESS);
    return qtest_readl(guest->qts, args[0] + 12);
}

static uint64_t reg(SpaprRtasGuest *guest, unsigned cpu, const char *name)
{
    return spapr_qtest_register(guest->qts, cpu, name);
}

/* Wait until a processor is at an address */
static void wait_at(SpaprRtasGuest *guest, unsigned cpu, uint64_t addr)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    while (reg(guest, cpu, "pc") != addr) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(1000);
    }
}

/* The second processor is stopped at first */
static void start_second(SpaprRtasGuest *guest)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "start-cpu", 1, 0x4000, 7),
                    ==, 0);
    wait_at(guest, 1, 0x4000);
}

#define inject(guest, json, ...)                                        \
    qtest_qmp_assert_success((guest)->qts,                              \
        "{ 'execute': 'qom-set', 'arguments': {"                        \
        "  'path': '/machine/hypervisor/fwnmi',"                        \
        "  'property': 'machine-check', 'value': " json " } }",         \
        ##__VA_ARGS__)

static QDict *set_machine_check(SpaprRtasGuest *guest, const char *json)
{
    return qtest_qmp(guest->qts,
                     "{ 'execute': 'qom-set', 'arguments': {"
                     "  'path': '/machine/hypervisor/fwnmi',"
                     "  'property': 'machine-check', 'value': %p } }",
                     qobject_from_json(json, &error_abort));
}

static void check_refused(SpaprRtasGuest *guest, const char *json,
                          const char *why)
{
    QDict *reply = set_machine_check(guest, json);
    QDict *error = qdict_get_qdict(reply, "error");

    g_assert_nonnull(error);
    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), why));
    qobject_unref(reply);
}

/*
 * Registration
 */

static void test_services(void)
{
    SpaprRtasGuest guest = start();

    g_assert_true(spapr_rtas_guest_has(&guest, "ibm,nmi-register"));
    g_assert_true(spapr_rtas_guest_has(&guest, "ibm,nmi-interlock"));
    /* Room for the report and for two processors */
    g_assert_cmpuint(spapr_rtas_guest_cell(&guest, "rtas-size", 0), >=,
                     2048 + 1024 + 2 * 16);
    spapr_rtas_guest_stop(&guest);

    guest = spapr_rtas_guest_start("-machine cap-fwnmi=off");
    g_assert_false(spapr_rtas_guest_has(&guest, "ibm,nmi-register"));
    g_assert_false(spapr_rtas_guest_has(&guest, "ibm,nmi-interlock"));
    g_assert_cmpuint(spapr_rtas_guest_cell(&guest, "rtas-size", 0), ==, 2048);
    spapr_rtas_guest_stop(&guest);
}

static uint32_t class_token(const void *fdt, const char *name)
{
    int len;
    const char *at = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"),
                                 "ibm,errinjct-tokens", &len);
    const char *end = at + len;

    while (at < end && !g_str_equal(at, name)) {
        at += strlen(at) + 1 + 4;
    }
    return at < end ? ldl_be_p(at + strlen(at) + 1) : 0;
}

/* A guest may move to where there is more, and keeps the tokens that it knows */
static void test_tokens(void)
{
    static const char *const services[] = {
        "ibm,open-errinjct", "nvram-store", "ibm,get-vpd", "ibm,change-msi",
        "ibm,configure-connector",
    };
    SpaprRtasGuest with = start();
    SpaprRtasGuest guest = spapr_rtas_guest_start("-machine cap-fwnmi=off");
    uint32_t token = spapr_qtest_rtas_token(guest.fdt, "ibm,open-errinjct");

    for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
        g_assert_cmphex(spapr_qtest_rtas_token(guest.fdt, services[i]), ==,
                        spapr_qtest_rtas_token(with.fdt, services[i]));
    }
    g_assert_cmphex(class_token(guest.fdt, "ioa-bus-error"), !=, 0);
    g_assert_cmphex(class_token(guest.fdt, "ioa-bus-error"), ==,
                    class_token(with.fdt, "ioa-bus-error"));
    g_assert_cmphex(class_token(with.fdt, "fatal"), !=, 0);
    g_assert_cmphex(class_token(guest.fdt, "fatal"), ==, 0);
    /* What is left out is not there by its number either */
    g_assert_cmpint(spapr_qtest_rtas(guest.qts, WORK,
                        spapr_qtest_rtas_token(with.fdt, "ibm,nmi-interlock"),
                        0, NULL, 1, &(uint32_t) { 0 }), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(spapr_qtest_rtas(guest.qts, WORK, token, 0, NULL, 2,
                                     (uint32_t [2]) { 0 }), ==, 1);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct",
                        class_token(with.fdt, "fatal"), 1, WORK), ==,
                    RTAS_OUT_PARAM_ERROR);
    spapr_rtas_guest_stop(&guest);
    spapr_rtas_guest_stop(&with);
}

static void test_register(void)
{
    static const uint32_t bad[] = { 0, 1, 2, 0x1002, 32 * MiB, 0xfffffffc };
    SpaprRtasGuest guest = start();

    /* Before it is known where RTAS is */
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==,
                    RTAS_OUT_HW_ERROR);
    place_rtas(&guest);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(nmi_register(&guest, bad[i], MACHINE_CHECK), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, bad[i]), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpint(nmi_register(&guest, 4, 32 * MiB - 4), ==, 0);
    /* A kernel that another one has started registers again */
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==, 0);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'inject-nmi' }");
    wait_at(&guest, 0, SYSTEM_RESET);
    spapr_rtas_guest_stop(&guest);
}

/*
 * System reset
 */

static void test_system_reset(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t r3 = reg(&guest, 0, "r3"), pc;

    start_second(&guest);
    pc = reg(&guest, 0, "pc");
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'inject-nmi' }");
    wait_at(&guest, 0, SYSTEM_RESET);
    wait_at(&guest, 1, SYSTEM_RESET);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, pc);
    g_assert_cmphex(reg(&guest, 0, "srr1"), ==, MSR_STARTED);
    g_assert_cmphex(reg(&guest, 1, "srr0"), ==, 0x4000);
    /* Each has its own place */
    g_assert_cmphex(reg(&guest, 0, "r3"), ==, RESETS);
    g_assert_cmphex(qtest_readq(guest.qts, RESETS), ==, r3);
    g_assert_cmphex(reg(&guest, 1, "r3"), ==, RESETS + 16);
    g_assert_cmphex(qtest_readq(guest.qts, RESETS + 16), ==, 7);
    /* There is no log, and so nothing to be released */
    spapr_qtest_untouched(guest.qts, REPORT, 1024);
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    spapr_rtas_guest_stop(&guest);
}

static void test_system_reset_vector(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t r3;

    /* A reset forgets the registration */
    qtest_system_reset(guest.qts);
    r3 = reg(&guest, 0, "r3");
    start_second(&guest);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'inject-nmi' }");
    wait_at(&guest, 1, 0x100);
    g_assert_cmphex(reg(&guest, 0, "pc"), ==, 0x100);
    g_assert_cmphex(reg(&guest, 0, "r3"), ==, r3);
    g_assert_cmphex(reg(&guest, 1, "r3"), ==, 7);
    spapr_qtest_untouched(guest.qts, RESETS, 32);
    spapr_rtas_guest_stop(&guest);
}

/* One that comes while the machine is stopped is not lost, wherever it goes on */
static void test_system_reset_stopped(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t pc = reg(&guest, 0, "pc");

    start_second(&guest);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'inject-nmi' }");
    g_assert_cmphex(reg(&guest, 0, "pc"), ==, pc);
    spapr_rtas_guest_migrate(&guest, OPTIONS);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'cont' }");
    wait_at(&guest, 0, SYSTEM_RESET);
    wait_at(&guest, 1, SYSTEM_RESET);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, pc);
    g_assert_cmphex(reg(&guest, 1, "srr0"), ==, 0x4000);
    spapr_rtas_guest_stop(&guest);
}

/* Nor is it for whoever is there after a reset of the machine */
static void test_system_reset_forgotten(void)
{
    SpaprRtasGuest guest = start_registered();

    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'inject-nmi' }");
    qtest_system_reset(guest.qts);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'cont' }");
    /* The processor's thread does one thing after the other */
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Machine checks
 */

/* What the fixed part of the log says, and the machine check section */
static void check_report(SpaprRtasGuest *guest, uint32_t fixed,
                         uint32_t proc, uint16_t type, uint64_t ea,
                         uint64_t la)
{
    g_assert_cmphex(qtest_readl(guest->qts, LOG), ==, fixed);
    g_assert_cmpuint(qtest_readl(guest->qts, LOG + 4), ==, LOG_SIZE - 8);
    g_assert_cmphex(qtest_readl(guest->qts, LOG + LOG_MC), ==, 0x4d430028);
    g_assert_cmphex(qtest_readl(guest->qts, LOG + LOG_MC + 12), ==, proc);
    g_assert_cmphex(qtest_readw(guest->qts, LOG + LOG_MC + 16), ==, type);
    g_assert_cmphex(qtest_readq(guest->qts, LOG + LOG_MC + 24), ==, ea);
    g_assert_cmphex(qtest_readq(guest->qts, LOG + LOG_MC + 32), ==, la);
    spapr_qtest_untouched(guest->qts, LOG + LOG_SIZE, 64);
}

static void test_machine_check(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t r3 = reg(&guest, 0, "r3"), pc = reg(&guest, 0, "pc");
    uint8_t log[LOG_SIZE];

    inject(&guest, "{ 'type': 'slb', 'state': 'any',"
           "  'effective-address': %" PRIu64 "}", UINT64_C(0x123456789abcdef0));
    wait_at(&guest, 0, MACHINE_CHECK);
    g_assert_cmphex(reg(&guest, 0, "r3"), ==, REPORT);
    g_assert_cmphex(qtest_readq(guest.qts, REPORT), ==, r3);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, pc);
    g_assert_cmphex(reg(&guest, 0, "srr1"), ==, MSR_STARTED);
    g_assert_cmphex(reg(&guest, 0, "msr"), ==, MSR_STARTED);
    /* Version 6, a warning, fully recovered, extended; by a processor; 224 */
    check_report(&guest, 0x064410e0, 0, 0x0181, 0x123456789abcdef0, 0);
    qtest_memread(guest.qts, LOG, log, sizeof(log));
    g_assert_cmpmem(log + 20, 4, "IBM", 4);
    g_assert_cmpmem(log + 24, 4, "PH\0\060", 4);
    /* Sections: two main ones, reference code, machine check */
    g_assert_cmpuint(log[24 + 0x1b], ==, 4);
    g_assert_cmpmem(log + 72, 4, "UH\0\030", 4);
    g_assert_cmpmem(log + 96, 4, "PS\0\120", 4);

    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    spapr_rtas_guest_stop(&guest);
}

/* Every type and sub-type, and what the first bytes of the log are for each */
static void test_machine_check_types(void)
{
    static const struct {
        const char *json;
        uint32_t fixed;
        uint16_t type;
        bool ea, la;
    } cases[] = {
        { "'type': 'ue'", 0x064440e0, 0x0003 },
        { "'type': 'ue', 'subtype': 'indeterminate'", 0x064440e0, 0x0000 },
        { "'type': 'ue', 'subtype': 'ifetch'", 0x064440e0, 0x0001 },
        { "'type': 'ue', 'subtype': 'ifetch-page-walk'", 0x064440e0, 0x0002 },
        { "'type': 'ue', 'subtype': 'load-store-page-walk'", 0x064440e0,
          0x0004 },
        { "'type': 'ue', 'effective-address': 1", 0x064440e0, 0x0043, true },
        { "'type': 'ue', 'logical-address': 1", 0x064440e0, 0x0023, false,
          true },
        { "'type': 'ue', 'logical-address': 1, 'effective-address': 1",
          0x064440e0, 0x0063, true, true },
        { "'type': 'slb', 'subtype': 'parity'", 0x064410e0, 0x0100 },
        { "'type': 'slb', 'subtype': 'indeterminate'", 0x064410e0, 0x0102 },
        { "'type': 'erat'", 0x064410e0, 0x0202 },
        { "'type': 'erat', 'subtype': 'parity'", 0x064410e0, 0x0201 },
        { "'type': 'erat', 'subtype': 'indeterminate'", 0x064410e0, 0x0203 },
        { "'type': 'tlb'", 0x064410e0, 0x0402 },
        { "'type': 'tlb', 'subtype': 'parity'", 0x064410e0, 0x0401 },
        { "'type': 'tlb', 'effective-address': 1", 0x064410e0, 0x0482, true },
        { "'type': 'd-cache'", 0x064410e0, 0x0500 },
        { "'type': 'i-cache'", 0x064410e0, 0x0700 },
        /* What the platform has done about it */
        { "'type': 'slb', 'disposition': 'recovered'", 0x064410e0, 0x0101 },
        { "'type': 'slb', 'disposition': 'limited'", 0x064c10e0, 0x0101 },
        { "'type': 'slb', 'disposition': 'not-recovered'", 0x067410e0,
          0x0101 },
    };
    SpaprRtasGuest guest = start_registered();

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *json = g_strdup_printf("{ %s, 'state': 'any' }",
                                                cases[i].json);
        QDict *reply;

        /* R3 is where the last one left it until this one has come */
        qtest_memset(guest.qts, LOG, 0xa5, LOG_SIZE);
        reply = set_machine_check(&guest, json);
        g_assert_true(qdict_haskey(reply, "return"));
        qobject_unref(reply);
        while (interlock(&guest, 0)) {
            g_usleep(1000);
        }
        wait_at(&guest, 0, MACHINE_CHECK);
        check_report(&guest, cases[i].fixed, 0, cases[i].type,
                     cases[i].ea, cases[i].la);
    }
    spapr_rtas_guest_stop(&guest);
}

/* One report at a time: who comes second has to wait for the first's end */
static void test_interlock(void)
{
    SpaprRtasGuest guest = start_registered();

    start_second(&guest);
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    inject(&guest, "{ 'type': 'slb', 'cpu': 1, 'state': 'any' }");
    inject(&guest, "{ 'type': 'tlb', 'cpu': 0, 'state': 'any' }");
    /* It is not the second's to release */
    g_assert_cmpint(interlock(&guest, 1), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmphex(reg(&guest, 1, "pc"), ==, 0x4000);
    check_report(&guest, 0x064410e0, 0, 0x0202, 0, 0);

    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    wait_at(&guest, 1, MACHINE_CHECK);
    check_report(&guest, 0x064410e0, 1, 0x0101, 0, 0);
    g_assert_cmphex(qtest_readq(guest.qts, REPORT), ==, 7);
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);

    /* Then it is the first's turn again */
    g_assert_cmpint(interlock(&guest, 1), ==, 0);
    while (interlock(&guest, 0)) {
        g_usleep(1000);
    }
    check_report(&guest, 0x064410e0, 0, 0x0402, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

/* A second error while the first is being dealt with is the end */
static void test_no_interlock(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(OPTIONS
                                                  " -action panic=none");
    QDict *event, *data;

    place_rtas(&guest);
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==, 0);
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    inject(&guest, "{ 'type': 'slb', 'state': 'any' }");
    event = qtest_qmp_eventwait_ref(guest.qts, "GUEST_PANICKED");
    data = qdict_get_qdict(event, "data");
    g_assert_cmpstr(qdict_get_str(data, "action"), ==, "run");
    qobject_unref(event);
    /* The report is the first one's still */
    g_assert_cmphex(qtest_readw(guest.qts, LOG + LOG_MC + 16), ==, 0x0202);
    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

/* The handler is not recoverable: an error that is to be so waits for its end */
static void test_second_waits(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start(OPTIONS
                                                  " -action panic=none");

    place_rtas(&guest);
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==, 0);
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    g_assert_false(reg(&guest, 0, "msr") & 2);
    inject(&guest, "{ 'type': 'slb' }");
    /* This comes behind it, on the same thread */
    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    g_assert_null(qtest_qmp_event_ref(guest.qts, "GUEST_PANICKED"));
    g_assert_cmphex(qtest_readw(guest.qts, LOG + LOG_MC + 16), ==, 0x0202);
    spapr_rtas_guest_stop(&guest);
}

/* Errors that nobody can take are dropped, and so are too many */
static void test_queue(void)
{
    SpaprRtasGuest guest = start_registered();
    const unsigned room = 16;

    start_second(&guest);
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    for (unsigned i = 0; i < room; i++) {
        inject(&guest, "{ 'type': 'slb', 'cpu': 1, 'state': 'any' }");
    }
    check_refused(&guest, "{ 'type': 'slb', 'cpu': 1 }", "waiting already");
    /* A reset forgets them all */
    qtest_system_reset(guest.qts);
    place_rtas(&guest);
    g_assert_cmpint(nmi_register(&guest, SYSTEM_RESET, MACHINE_CHECK), ==, 0);
    start_second(&guest);
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    inject(&guest, "{ 'type': 'tlb', 'cpu': 0, 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    g_assert_cmphex(reg(&guest, 1, "pc"), ==, 0x4000);
    spapr_rtas_guest_stop(&guest);
}

/* R1-"Firmware Assisted ... (FWNMI)"-15 */
static void test_fatal(void)
{
    SpaprRtasGuest guest = start_registered();

    start_second(&guest);
    /* What is fatal does not wait until MSR[RI] is set */
    inject(&guest, "{ 'type': 'ue', 'fatal': true }");
    wait_at(&guest, 0, MACHINE_CHECK);
    check_report(&guest, 0x06b440e0, 0, 0x0003, 0, 0);
    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    inject(&guest, "{ 'type': 'slb', 'cpu': 1, 'state': 'any' }");
    wait_at(&guest, 1, MACHINE_CHECK);
    check_report(&guest, 0x06c410e0, 1, 0x0101, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

/* MSR[RI] and MSR[PR] of a started processor are 0 */
static void test_state(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t pc = reg(&guest, 0, "pc");

    inject(&guest, "{ 'type': 'slb' }");
    for (unsigned i = 0; i < 20; i++) {
        /* It is looked at again now and then */
        qtest_clock_step(guest.qts, 10 * 1000 * 1000);
    }
    g_assert_cmphex(reg(&guest, 0, "pc"), ==, pc);
    spapr_qtest_untouched(guest.qts, REPORT, 1024);
    /* It is the one before that has to come first */
    inject(&guest, "{ 'type': 'tlb', 'state': 'any' }");
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmphex(reg(&guest, 0, "pc"), ==, pc);
    spapr_rtas_guest_stop(&guest);
}

/* Without registration the interrupt's vector is the place */
static void test_machine_check_vector(void)
{
    SpaprRtasGuest guest = start();
    uint64_t r3 = reg(&guest, 0, "r3"), pc = reg(&guest, 0, "pc");

    inject(&guest, "{ 'type': 'slb', 'effective-address': 4096,"
           "  'state': 'any' }");
    wait_at(&guest, 0, 0x200);
    g_assert_cmphex(reg(&guest, 0, "r3"), ==, r3);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, pc);
    g_assert_cmphex(reg(&guest, 0, "dar"), ==, 4096);
    g_assert_cmpint(interlock(&guest, 0), ==, RTAS_OUT_HW_ERROR);
    spapr_rtas_guest_stop(&guest);
}

static void test_bad_property(void)
{
    SpaprRtasGuest guest = start();

    check_refused(&guest, "1", "machine-check");
    check_refused(&guest, "{ }", "type");
    check_refused(&guest, "{ 'type': 'xyz' }", "type 'xyz'");
    check_refused(&guest, "{ 'type': 'slb', 'cpu': 2 }", "no cpu 2");
    check_refused(&guest, "{ 'type': 'slb', 'cpu': 1 }", "does not run");
    check_refused(&guest, "{ 'type': 'slb', 'cpu': -1 }", "cpu");
    check_refused(&guest, "{ 'type': 'slb', 'subtype': 'ifetch' }",
                  "subtype 'ifetch'");
    check_refused(&guest, "{ 'type': 'd-cache', 'subtype': 'parity' }",
                  "subtype 'parity'");
    check_refused(&guest, "{ 'type': 'slb', 'disposition': 'maybe' }",
                  "disposition 'maybe'");
    check_refused(&guest, "{ 'type': 'slb', 'state': 'asleep' }",
                  "state 'asleep'");
    check_refused(&guest, "{ 'type': 'slb', 'logical-address': 1 }",
                  "logical-address");
    check_refused(&guest, "{ 'type': 'slb', 'fatal': true,"
                  "  'disposition': 'recovered' }", "fatal");
    check_refused(&guest, "{ 'type': 'slb', 'colour': 1 }", "colour");
    spapr_rtas_guest_stop(&guest);
}

/* Registration, a report that is not released, and who waits for it */
static void test_migration(void)
{
    SpaprRtasGuest guest = start_registered();

    start_second(&guest);
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    inject(&guest, "{ 'type': 'slb', 'cpu': 1, 'state': 'any' }");
    g_assert_cmphex(reg(&guest, 0, "msr"), ==, MSR_STARTED);
    spapr_rtas_guest_migrate(&guest, OPTIONS);
    /* ME among the others: without it the next error ended the machine */
    g_assert_cmphex(reg(&guest, 0, "msr"), ==, MSR_STARTED);
    g_assert_cmphex(reg(&guest, 1, "msr"), ==, MSR_STARTED);
    check_report(&guest, 0x064410e0, 0, 0x0202, 0, 0);
    g_assert_cmphex(reg(&guest, 1, "pc"), ==, 0x4000);
    g_assert_cmpint(interlock(&guest, 1), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmpint(interlock(&guest, 0), ==, 0);
    wait_at(&guest, 1, MACHINE_CHECK);
    check_report(&guest, 0x064410e0, 1, 0x0101, 0, 0);
    spapr_rtas_guest_stop(&guest);
}

/* One that is made while the machine is stopped happens when it goes on */
static void test_stopped(void)
{
    SpaprRtasGuest guest = start_registered();
    uint64_t pc = reg(&guest, 0, "pc");

    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'stop' }");
    inject(&guest, "{ 'type': 'erat', 'state': 'any' }");
    g_assert_cmphex(reg(&guest, 0, "pc"), ==, pc);
    qtest_qmp_assert_success(guest.qts, "{ 'execute': 'cont' }");
    wait_at(&guest, 0, MACHINE_CHECK);
    spapr_rtas_guest_stop(&guest);
}

/*
 * Errors that the guest injects
 */

static int32_t errinjct(SpaprRtasGuest *guest, const char *class,
                        uint32_t open_token, uint32_t cell0, uint32_t cell1)
{
    qtest_writel(guest->qts, BUFFER, cell0);
    qtest_writel(guest->qts, BUFFER + 4, cell1);
    return spapr_rtas_guest_status(guest, "ibm,errinjct",
                                   spapr_rtas_guest_errinjct_class(guest,
                                                                   class),
                                   open_token, BUFFER);
}

static void test_errinjct_open(void)
{
    SpaprRtasGuest guest = start();
    uint32_t token = spapr_rtas_guest_open_errinjct(&guest), again, rets[2];

    /* Somebody has it */
    spapr_rtas_guest_call(&guest, "ibm,open-errinjct", 0, NULL, 2, rets);
    g_assert_cmpint((int32_t)rets[1], ==, STATUS_OPEN);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            token + 1), ==, STATUS_OPEN);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            0), ==, STATUS_OPEN);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            token), ==, 0);
    /* Nobody has it */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            token), ==, STATUS_OPEN);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            0), ==, STATUS_OPEN);
    again = spapr_rtas_guest_open_errinjct(&guest);
    g_assert_cmpuint(again, !=, token);
    qtest_system_reset(guest.qts);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            again), ==, STATUS_OPEN);
    spapr_rtas_guest_stop(&guest);
}

static void test_errinjct_errors(void)
{
    static const uint32_t bad_class[] = { 0, 0x7fffffff, 0xffffffff };
    static const uint32_t bad_buffer[] = { BUFFER + 4, BUFFER + 512, 256 * MiB,
                                           0xfffffc00 };
    SpaprRtasGuest guest = start();
    uint32_t class = spapr_rtas_guest_errinjct_class(&guest,
                                                     "recovered-random-event");
    uint32_t token;

    /* The facility first, then the class, then the buffer */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct", 0, 0,
                                            BUFFER + 4), ==, STATUS_OPEN);
    token = spapr_rtas_guest_open_errinjct(&guest);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct", class,
                                            token + 1, BUFFER), ==,
                    STATUS_OPEN);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_class); i++) {
        g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct",
                                                bad_class[i], token, BUFFER),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_buffer); i++) {
        g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct", class,
                                                token, bad_buffer[i]),
                        ==, RTAS_OUT_PARAM_ERROR);
    }
    /* Contents that make no sense to the class */
    g_assert_cmpint(errinjct(&guest, "recovered-special-event", token, 0, 0),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(errinjct(&guest, "recovered-special-event", token, 3, 0),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(errinjct(&guest, "corrupted-page", token, 0, 256 * MiB),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(errinjct(&guest, "corrupted-page", token, 1, 0),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(errinjct(&guest, "corrupted-dcache-start", token, 3, 0),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(errinjct(&guest, "corrupted-icache-start", token, 4, 0),
                    ==, RTAS_OUT_PARAM_ERROR);
    spapr_rtas_guest_stop(&guest);
}

/* Those without an interrupt are found by event-scan, one in a sequence */
static void test_errinjct_events(void)
{
    SpaprRtasGuest guest = start();
    uint32_t token = spapr_rtas_guest_open_errinjct(&guest);

    g_assert_cmpint(errinjct(&guest, "recovered-random-event", token, 0, 0),
                    ==, 0);
    g_assert_cmpint(errinjct(&guest, "recovered-special-event", token, 2, 0),
                    ==, 0);
    qtest_memset(guest.qts, BUFFER, 0xa5, 2048);
    /* Not of this class */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            ~CLASS_INTERNAL, 0, BUFFER, 2048),
                    ==, NO_EVENT);
    spapr_qtest_untouched(guest.qts, BUFFER, 2048);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 0, 256 * MiB,
                                            2048),
                    ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 0, BUFFER, 2048),
                    ==, 0);
    /* A warning, fully recovered, by a processor, for information */
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x064410e2);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER + 72 + 8), ==, 0x10001000);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 0, BUFFER, 2048),
                    ==, NO_EVENT);
    /* In brief */
    qtest_memset(guest.qts, BUFFER, 0xa5, 2048);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 1, BUFFER, 2048),
                    ==, 0);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x064010e2);
    spapr_qtest_untouched(guest.qts, BUFFER + 4, 2044);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 0, BUFFER, 2048),
                    ==, NO_EVENT);
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan",
                                            CLASS_INTERNAL, 0, BUFFER, 2048),
                    ==, NO_EVENT);
    spapr_rtas_guest_stop(&guest);
}

/* What is fatal comes at once; the others wait for a processor with MSR[RI] */
static void test_errinjct_machine_check(void)
{
    static const struct {
        const char *class;
        uint32_t cell0, cell1;
    } waiting[] = {
        { "corrupted-page", 0, 4096 }, { "corrupted-slb", 4096 },
        { "translator-failure" }, { "corrupted-dcache-start", 0 },
        { "corrupted-dcache-start", 1 }, { "corrupted-dcache-start", 2 },
        { "corrupted-icache-start", 0 }, { "corrupted-icache-start", 3 },
        { "corrupted-tlb-start", 0 },
    };
    SpaprRtasGuest guest = start_registered();
    uint32_t token = spapr_rtas_guest_open_errinjct(&guest);
    uint64_t pc = reg(&guest, 0, "pc");

    g_assert_cmpint(errinjct(&guest, "fatal", token, 0, 0), ==, 0);
    wait_at(&guest, 0, MACHINE_CHECK);
    check_report(&guest, 0x06b440e0, 0, 0x0000, 0, 0);
    g_assert_cmphex(reg(&guest, 0, "srr0"), ==, pc);
    g_assert_cmpint(interlock(&guest, 0), ==, 0);

    for (unsigned i = 0; i < ARRAY_SIZE(waiting); i++) {
        g_assert_cmpint(errinjct(&guest, waiting[i].class, token,
                                 waiting[i].cell0, waiting[i].cell1), ==, 0);
    }
    g_assert_cmpint(errinjct(&guest, "corrupted-dcache-end", token, 0, 0), ==,
                    0);
    g_assert_cmpint(errinjct(&guest, "corrupted-icache-end", token, 0, 0), ==,
                    0);
    g_assert_cmpint(errinjct(&guest, "corrupted-tlb-end", token, 0, 0), ==, 0);
    for (unsigned i = ARRAY_SIZE(waiting); i < 16; i++) {
        g_assert_cmpint(errinjct(&guest, "corrupted-tlb-start", token, 0, 0),
                        ==, 0);
    }
    g_assert_cmpint(errinjct(&guest, "corrupted-tlb-start", token, 0, 0), ==,
                    RTAS_OUT_BUSY);
    spapr_rtas_guest_stop(&guest);
}

/* The number of machine checks that wait is the last one of the state */
static void test_bad_migration(void)
{
    const char *options = "-machine pseries -nodefaults -m 256";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    SpaprRtasGuest guest;
    size_t len, size;
    QDict *reply;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    at = spapr_qtest_section(state, len, "spapr-fwnmi", &size);
    guest.qts = spapr_qtest_after_refusal(options, path, state, len,
                                          at + size - 4, 0x01000000, 4);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    for (int i = 0; i < 3; i++) {
        reply = set_machine_check(&guest, "{ 'type': 'slb' }");
        g_assert_true(qdict_haskey(reply, "return"));
        qobject_unref(reply);
    }
    unlink(path);
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-fwnmi/services", test_services);
    qtest_add_func("spapr-fwnmi/tokens", test_tokens);
    qtest_add_func("spapr-fwnmi/register", test_register);
    qtest_add_func("spapr-fwnmi/system-reset", test_system_reset);
    qtest_add_func("spapr-fwnmi/system-reset-vector",
                   test_system_reset_vector);
    qtest_add_func("spapr-fwnmi/system-reset-stopped",
                   test_system_reset_stopped);
    qtest_add_func("spapr-fwnmi/system-reset-forgotten",
                   test_system_reset_forgotten);
    qtest_add_func("spapr-fwnmi/machine-check", test_machine_check);
    qtest_add_func("spapr-fwnmi/bad-migration", test_bad_migration);
    qtest_add_func("spapr-fwnmi/machine-check-types",
                   test_machine_check_types);
    qtest_add_func("spapr-fwnmi/machine-check-vector",
                   test_machine_check_vector);
    qtest_add_func("spapr-fwnmi/interlock", test_interlock);
    qtest_add_func("spapr-fwnmi/no-interlock", test_no_interlock);
    qtest_add_func("spapr-fwnmi/second-waits", test_second_waits);
    qtest_add_func("spapr-fwnmi/queue", test_queue);
    qtest_add_func("spapr-fwnmi/fatal", test_fatal);
    qtest_add_func("spapr-fwnmi/state", test_state);
    qtest_add_func("spapr-fwnmi/stopped", test_stopped);
    qtest_add_func("spapr-fwnmi/bad-property", test_bad_property);
    qtest_add_func("spapr-fwnmi/migration", test_migration);
    qtest_add_func("spapr-errinjct/open", test_errinjct_open);
    qtest_add_func("spapr-errinjct/errors", test_errinjct_errors);
    qtest_add_func("spapr-errinjct/events", test_errinjct_events);
    qtest_add_func("spapr-errinjct/machine-check",
                   test_errinjct_machine_check);

    return g_test_run();
}
