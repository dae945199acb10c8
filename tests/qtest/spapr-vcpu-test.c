/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what a guest can do with its processors
 *
 * The first part calls the hypervisor with no guest running and looks at codes
 * and registers. The second runs a small guest with TCG, since only a processor
 * that executes code can be seen to wait and to wake.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-mailbox.h"
#include "spapr-qtest.h"

/* Memory that neither firmware nor device tree is in, and its end */
#define AREA            (64 * MiB)
#define RAM_SIZE        (256 * MiB)
#define LPCR_ILE        BIT_BE(38)
#define LPCR_AIL        (BIT_BE(39) | BIT_BE(40))
#define LPCR_AIL_SHIFT  23

/* Codes of H_SET_MODE for flag n */
#define BAD_FLAG(n)     (H_UNSUPPORTED_FLAG - (int)(n))

enum {
    MODE_CIABR = 1, MODE_DAWR0, MODE_AIL, MODE_ILE, MODE_DAWR1,
};

static QTestState *start_more(const char *model, const char *more)
{
    return qtest_initf("-machine pseries,firmware=vof%s -nodefaults -m 256 "
                       "-cpu %s -smp 4,threads=2,cores=2", more, model);
}

static QTestState *start(const char *model)
{
    return start_more(model, "");
}

/*
 * A register, when what one processor does to another has been done: a call on
 * its thread comes behind that
 */
static uint64_t reg(QTestState *qts, int cpu, const char *name)
{
    for (int i = 0; i < 4; i++) {
        assert_hcall_on(i, H_SUCCESS, H_GET_CPU_CHARACTERISTICS);
    }
    return spapr_qtest_register(qts, cpu, name);
}

static int32_t rtas1(QTestState *qts, const char *name, uint32_t arg,
                     uint32_t *result)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint32_t rets[2] = { 0 };

    spapr_qtest_rtas(qts, AREA, spapr_qtest_rtas_token(fdt, name), 1, &arg, 2,
                     rets);
    *result = rets[1];
    return rets[0];
}

static int32_t start_cpu(QTestState *qts, uint32_t server, uint32_t nip,
                         uint32_t r3)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint32_t args[3] = { server, nip, r3 };
    uint32_t status;

    return spapr_qtest_rtas(qts, AREA, spapr_qtest_rtas_token(fdt, "start-cpu"),
                            3, args, 1, &status);
}

static int32_t stop_self(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint32_t status;

    return spapr_qtest_rtas(qts, AREA, spapr_qtest_rtas_token(fdt, "stop-self"),
                            0, NULL, 1, &status);
}

static void assert_stopped(QTestState *qts, uint32_t server, bool stopped)
{
    uint32_t state;

    g_assert_cmpint(rtas1(qts, "query-cpu-stopped-state", server, &state), ==,
                    RTAS_OUT_SUCCESS);
    g_assert_cmpuint(state, ==, stopped ? 0 : 2);
}

/* Registers */

static void test_sprg0(void)
{
    QTestState *qts = start("power9");

    assert_hcall(H_SUCCESS, H_SET_SPRG0, 0x0123456789abcdef);
    g_assert_cmphex(reg(qts, 0, "sprg0"), ==, 0x0123456789abcdef);
    g_assert_cmphex(reg(qts, 1, "sprg0"), ==, 0);
    assert_hcall_on(1, H_SUCCESS, H_SET_SPRG0, 5);
    g_assert_cmphex(reg(qts, 0, "sprg0"), ==, 0x0123456789abcdef);
    g_assert_cmphex(reg(qts, 1, "sprg0"), ==, 5);
    qtest_quit(qts);
}

/* Address, then translation, store and load; DAWRX has them elsewhere */
static void test_dabr(void)
{
    QTestState *qts = start("power8");

    assert_hcall(H_SUCCESS, H_SET_DABR, 0xc000000000001008 | 7);
    g_assert_cmphex(reg(qts, 0, "dawr0"), ==, 0xc000000000001008);
    g_assert_cmphex(reg(qts, 0, "dawrx0"), ==,
                    BIT_BE(57) | BIT_BE(58) | BIT_BE(59) | BIT_BE(62) |
                    BIT_BE(63));
    assert_hcall(H_SUCCESS, H_SET_DABR, 0x2000 | 1);
    g_assert_cmphex(reg(qts, 0, "dawr0"), ==, 0x2000);
    g_assert_cmphex(reg(qts, 0, "dawrx0"), ==,
                    BIT_BE(58) | BIT_BE(62) | BIT_BE(63));
    assert_hcall(H_SUCCESS, H_SET_DABR, 0);
    g_assert_cmphex(reg(qts, 0, "dawrx0"), ==, BIT_BE(62) | BIT_BE(63));
    qtest_quit(qts);
}

static void test_xdabr(void)
{
    QTestState *qts = start("power8");

    for (unsigned privm = 1; privm <= 3; privm++) {
        assert_hcall(H_SUCCESS, H_SET_XDABR, 0x3000 | 2, privm);
        g_assert_cmphex(reg(qts, 0, "dawr0"), ==, 0x3000);
        g_assert_cmphex(reg(qts, 0, "dawrx0"), ==, BIT_BE(57) | privm);
    }
    assert_hcall(H_SUCCESS, H_SET_XDABR, 0x4000 | 1, 8 | 1);
    g_assert_cmphex(reg(qts, 0, "dawrx0"), ==,
                    BIT_BE(58) | BIT_BE(60) | BIT_BE(63));

    /* Neither state, the hypervisor's, reserved bits: and nothing changes */
    assert_hcall(H_PARAMETER, H_SET_XDABR, 0x5000, 0);
    assert_hcall(H_PARAMETER, H_SET_XDABR, 0x5000, 8);
    assert_hcall(H_PARAMETER, H_SET_XDABR, 0x5000, 4 | 3);
    for (unsigned bit = 0; bit < 60; bit++) {
        assert_hcall(H_PARAMETER, H_SET_XDABR, 0x5000, BIT_BE(bit) | 3);
    }
    g_assert_cmphex(reg(qts, 0, "dawr0"), ==, 0x4000);
    qtest_quit(qts);
}

static void test_characteristics(void)
{
    QTestState *qts = start("power9");
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_GET_CPU_CHARACTERISTICS, 1, 2), ==,
                    H_SUCCESS);
    /* No instruction helps against anything; spare flushes and barriers */
    g_assert_cmphex(rets[0], ==, 0);
    g_assert_cmphex(rets[1], ==, BIT_BE(7) | BIT_BE(8) | BIT_BE(9));
    qtest_quit(qts);
}

/* H_SET_MODE */

static void test_mode_unknown(void)
{
    static const uint64_t unknown[] = { 0, 6, 7, 1ull << 32 | 1, 1ull << 63 };
    QTestState *qts = start("power10");

    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        assert_hcall(H_P2, H_SET_MODE, 0, unknown[i], 0, 0);
        /* The resource comes first */
        assert_hcall(H_P2, H_SET_MODE, -1, unknown[i], -1, -1);
    }
    qtest_quit(qts);
}

static void test_mode_ciabr(void)
{
    QTestState *qts = start("power9");

    for (unsigned priv = 0; priv <= 2; priv++) {
        assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_CIABR, 0x1000 | priv, 0);
        g_assert_cmphex(reg(qts, 0, "ciabr"), ==, 0x1000 | priv);
        g_assert_cmphex(reg(qts, 1, "ciabr"), ==, 0);
    }
    assert_hcall(H_P3, H_SET_MODE, 0, MODE_CIABR, 0x2000 | 3, 0);
    assert_hcall(H_P4, H_SET_MODE, 0, MODE_CIABR, 0x2000, 1);
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_hcall(BAD_FLAG(bit), H_SET_MODE, BIT_BE(bit), MODE_CIABR,
                     0x2000, 0);
    }
    /* LoPAR's order: value2, flags, value1 */
    assert_hcall(H_P4, H_SET_MODE, 1, MODE_CIABR, 3, 1);
    assert_hcall(BAD_FLAG(63), H_SET_MODE, 1, MODE_CIABR, 3, 0);
    g_assert_cmphex(reg(qts, 0, "ciabr"), ==, 0x1000 | 2);
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_CIABR, 0, 0);
    g_assert_cmphex(reg(qts, 0, "ciabr"), ==, 0);
    qtest_quit(qts);
}

static void check_dawr(QTestState *qts, uint64_t resource, const char *dawr,
                       const char *dawrx)
{
    /* MRD, DW, DR, WT, WTI, PNH, PRO */
    const uint64_t allowed = 0xfc00 | 0x40 | 0x20 | 0x10 | 0x08 | 0x02 | 0x01;

    assert_hcall(H_SUCCESS, H_SET_MODE, 0, resource, 0xc000000000002000, 0x63);
    g_assert_cmphex(reg(qts, 0, dawr), ==, 0xc000000000002000);
    g_assert_cmphex(reg(qts, 0, dawrx), ==, 0x63);
    g_assert_cmphex(reg(qts, 1, dawr), ==, 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        bool ok = allowed & BIT_BE(bit);

        assert_hcall(BAD_FLAG(bit), H_SET_MODE, BIT_BE(bit), resource, 0, -1);
        assert_hcall(ok ? H_SUCCESS : H_P4, H_SET_MODE, 0, resource, 0x3000,
                     BIT_BE(bit));
        if (ok) {
            g_assert_cmphex(reg(qts, 0, dawrx), ==, BIT_BE(bit));
        }
    }
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, resource, 0, 0);
    g_assert_cmphex(reg(qts, 0, dawr), ==, 0);
    g_assert_cmphex(reg(qts, 0, dawrx), ==, 0);
}

static void test_mode_dawr(const void *model)
{
    QTestState *qts = start(model);

    check_dawr(qts, MODE_DAWR0, "dawr0", "dawrx0");
    if (g_str_equal(model, "power10")) {
        check_dawr(qts, MODE_DAWR1, "dawr1", "dawrx1");
    } else {
        assert_hcall(H_P2, H_SET_MODE, 0, MODE_DAWR1, 0, 0);
    }
    qtest_quit(qts);
}

static void assert_lpcr(QTestState *qts, uint64_t mask, uint64_t value)
{
    for (int cpu = 0; cpu < 4; cpu++) {
        g_assert_cmphex(reg(qts, cpu, "lpcr") & mask, ==, value);
    }
}

static void test_mode_ail(const void *model)
{
    QTestState *qts = start(model);
    bool has_2 = !g_str_equal(model, "power10");

    assert_lpcr(qts, LPCR_AIL, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 3, MODE_AIL, 0, 0);
    assert_lpcr(qts, LPCR_AIL, 3ull << LPCR_AIL_SHIFT);
    assert_hcall(has_2 ? H_SUCCESS : BAD_FLAG(62), H_SET_MODE, 2, MODE_AIL,
                 0, 0);
    assert_lpcr(qts, LPCR_AIL, (has_2 ? 2ull : 3ull) << LPCR_AIL_SHIFT);

    assert_hcall(BAD_FLAG(62), H_SET_MODE, 1, MODE_AIL, 0, 0);
    for (unsigned bit = 0; bit < 62; bit++) {
        assert_hcall(BAD_FLAG(bit), H_SET_MODE, BIT_BE(bit) | 3, MODE_AIL,
                     0, 0);
    }
    /* LoPAR's order: value1, value2, flags */
    assert_hcall(H_P3, H_SET_MODE, 1, MODE_AIL, 1, 1);
    assert_hcall(H_P4, H_SET_MODE, 1, MODE_AIL, 0, 1);
    assert_lpcr(qts, LPCR_AIL, (has_2 ? 2ull : 3ull) << LPCR_AIL_SHIFT);
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_AIL, 0, 0);
    assert_lpcr(qts, LPCR_AIL, 0);
    qtest_quit(qts);
}

static void test_mode_ile(const void *model)
{
    QTestState *qts = start(model);

    assert_lpcr(qts, LPCR_ILE, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 1, MODE_ILE, 0, 0);
    assert_lpcr(qts, LPCR_ILE, LPCR_ILE);
    for (unsigned bit = 0; bit < 63; bit++) {
        assert_hcall(BAD_FLAG(bit), H_SET_MODE, BIT_BE(bit), MODE_ILE, 0, 0);
    }
    assert_hcall(H_P3, H_SET_MODE, 2, MODE_ILE, 1, 1);
    assert_hcall(H_P4, H_SET_MODE, 2, MODE_ILE, 0, 1);
    assert_lpcr(qts, LPCR_ILE, LPCR_ILE);
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_ILE, 0, 0);
    assert_lpcr(qts, LPCR_ILE, 0);

    /* H_CEDE enables interrupts, and another processor has them enabled, too */
    g_assert_cmpint(start_cpu(qts, 1, 0x100, 0), ==, RTAS_OUT_SUCCESS);
    assert_hcall_on(1, H_SUCCESS, H_CEDE);
    assert_hcall(H_BAD_MODE, H_SET_MODE, 1, MODE_ILE, 0, 0);
    assert_lpcr(qts, LPCR_ILE, 0);
    qtest_quit(qts);
}

/* A guest in an older processor's mode has that one's resources */
static void test_mode_compat(void)
{
    QTestState *qts = start_more("power10", ",max-cpu-compat=power9");

    assert_hcall(H_P2, H_SET_MODE, 0, MODE_DAWR1, 0, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 2, MODE_AIL, 0, 0);
    qtest_quit(qts);

    qts = start_more("power8", ",max-cpu-compat=power7");
    assert_hcall(H_P2, H_SET_MODE, 0, MODE_CIABR, 0, 0);
    assert_hcall(H_P2, H_SET_MODE, 0, MODE_DAWR0, 0, 0);
    assert_hcall(H_P2, H_SET_MODE, 3, MODE_AIL, 0, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 1, MODE_ILE, 0, 0);
    qtest_quit(qts);
}

/* What a guest has set a reset forgets */
static void test_mode_reset(void)
{
    QTestState *qts = start("power9");

    assert_hcall(H_SUCCESS, H_SET_MODE, 1, MODE_ILE, 0, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 3, MODE_AIL, 0, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_CIABR, 0x1001, 0);
    assert_hcall(H_SUCCESS, H_SET_MODE, 0, MODE_DAWR0, 0x1000, 0x63);
    qtest_system_reset(qts);
    assert_lpcr(qts, LPCR_ILE | LPCR_AIL, 0);
    g_assert_cmphex(reg(qts, 0, "ciabr"), ==, 0);
    g_assert_cmphex(reg(qts, 0, "dawr0"), ==, 0);
    g_assert_cmphex(reg(qts, 0, "dawrx0"), ==, 0);
    qtest_quit(qts);
}

/* Waiting, waking, starting and stopping, as far as codes tell */

static void test_unknown_processor(void)
{
    static const uint64_t nobodies[] = {
        4, NOBODY, 1ull << 31, 1ull << 32, (1ull << 32) | 1, 1ull << 63, -3,
    };
    QTestState *qts = start("power9");

    for (unsigned i = 0; i < ARRAY_SIZE(nobodies); i++) {
        assert_hcall(H_PARAMETER, H_PROD, nobodies[i]);
        assert_hcall(H_PARAMETER, H_CONFER, nobodies[i], 1);
        assert_hcall(H_PARAMETER, H_SIGNAL_SYS_RESET, nobodies[i]);
        assert_hcall(H_PARAMETER, H_REGISTER_VPA, DEREG_VPA, nobodies[i], 0);
    }
    assert_hcall(H_PARAMETER, H_PROD, -1);
    assert_hcall(H_PARAMETER, H_PROD, -2);
    assert_hcall(H_PARAMETER, H_CONFER, -2, 1);
    qtest_quit(qts);
}

static void test_cede(void)
{
    QTestState *qts = start("power9");

    g_assert_cmphex(reg(qts, 0, "msr") & MSR_EE, ==, 0);
    assert_hcall(H_SUCCESS, H_CEDE);
    g_assert_cmphex(reg(qts, 0, "msr") & MSR_EE, ==, MSR_EE);
    assert_hcall_on(1, H_SUCCESS, H_PROD, 0);
    assert_hcall_on(1, H_SUCCESS, H_PROD, 0);
    assert_hcall(H_SUCCESS, H_CEDE);
    qtest_quit(qts);
}

static void test_confer(void)
{
    QTestState *qts = start("power9");

    assert_hcall(H_SUCCESS, H_CONFER, -1, 0);
    assert_hcall(H_SUCCESS, H_CONFER, 0xffffffff, 0);
    for (unsigned server = 1; server < 4; server++) {
        /* None has ever run, so their counts are 1 */
        assert_hcall(H_SUCCESS, H_CONFER, server, 0);
        assert_hcall(H_SUCCESS, H_CONFER, server, 1);
    }
    assert_hcall(H_SUCCESS, H_CONFER, 0, 1);
    qtest_quit(qts);
}

static void test_join(void)
{
    QTestState *qts = start("power9");

    /* The others are stopped, which is not active either */
    assert_hcall(H_CONTINUE, H_JOIN);
    g_assert_cmpint(start_cpu(qts, 1, 0x100, 0), ==, RTAS_OUT_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2, 0x100, 0), ==, RTAS_OUT_SUCCESS);
    assert_hcall_on(2, H_SUCCESS, H_JOIN);
    assert_hcall_on(1, H_SUCCESS, H_JOIN);
    assert_hcall_on(0, H_CONTINUE, H_JOIN);
    assert_hcall_on(0, H_CONTINUE, H_JOIN);

    /* H_PROD makes one active again, and another may be the last */
    assert_hcall_on(0, H_SUCCESS, H_PROD, 1);
    assert_hcall_on(0, H_SUCCESS, H_JOIN);
    assert_hcall_on(1, H_CONTINUE, H_JOIN);

    /* Prodded before it joins: that ends the wait before it begins */
    assert_hcall_on(1, H_SUCCESS, H_PROD, 0);
    assert_hcall_on(1, H_SUCCESS, H_PROD, 0);
    assert_hcall_on(0, H_SUCCESS, H_JOIN);
    assert_hcall_on(1, H_SUCCESS, H_JOIN);
    assert_hcall_on(0, H_CONTINUE, H_JOIN);

    /* A stopped one can't be prodded into activity */
    assert_hcall_on(0, H_SUCCESS, H_PROD, 3);
    assert_hcall_on(0, H_CONTINUE, H_JOIN);
    qtest_quit(qts);
}

static void test_join_bad_mode(void)
{
    QTestState *qts = start("power9");

    assert_hcall(H_SUCCESS, H_CEDE);
    assert_hcall(H_BAD_MODE, H_JOIN);
    qtest_quit(qts);
}

/* A reset finds processors in all states and leaves none of it */
static void test_join_reset(void)
{
    QTestState *qts = start("power9");

    g_assert_cmpint(start_cpu(qts, 1, 0x100, 0), ==, RTAS_OUT_SUCCESS);
    assert_hcall_on(1, H_SUCCESS, H_JOIN);
    assert_hcall_on(0, H_SUCCESS, H_CEDE);
    qtest_system_reset(qts);
    assert_stopped(qts, 0, false);
    for (unsigned server = 1; server < 4; server++) {
        assert_stopped(qts, server, true);
    }
    assert_hcall_on(0, H_CONTINUE, H_JOIN);
    g_assert_cmpint(start_cpu(qts, 1, 0x100, 0), ==, RTAS_OUT_SUCCESS);
    assert_hcall_on(0, H_SUCCESS, H_JOIN);
    qtest_quit(qts);
}

static void test_rtas(void)
{
    QTestState *qts = start("power9");
    uint32_t state;

    assert_stopped(qts, 0, false);
    for (unsigned server = 1; server < 4; server++) {
        assert_stopped(qts, server, true);
    }
    g_assert_cmpint(rtas1(qts, "query-cpu-stopped-state", 4, &state), ==,
                    RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(rtas1(qts, "query-cpu-stopped-state", -1, &state), ==,
                    RTAS_OUT_PARAM_ERROR);

    g_assert_cmpint(start_cpu(qts, 4, 0x100, 0), ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(start_cpu(qts, -1, 0x100, 0), ==, RTAS_OUT_PARAM_ERROR);
    g_assert_cmpint(start_cpu(qts, 0, 0x100, 0), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmpint(start_cpu(qts, 2, 0x12340, 0x5678), ==, RTAS_OUT_SUCCESS);
    assert_stopped(qts, 2, false);
    g_assert_cmpint(start_cpu(qts, 2, 0x99990, 0), ==, RTAS_OUT_HW_ERROR);
    g_assert_cmphex(reg(qts, 2, "nip"), ==, 0x12340);
    g_assert_cmphex(reg(qts, 2, "r3"), ==, 0x5678);
    /* 64-bit, machine checks enabled, and nothing else */
    g_assert_cmphex(reg(qts, 2, "msr"), ==, BIT_BE(0) | BIT_BE(51));

    /* stop-self of the boot processor, while another runs */
    g_assert_cmpint(stop_self(qts), ==, RTAS_OUT_SUCCESS);
    assert_stopped(qts, 0, true);
    assert_stopped(qts, 2, false);
    qtest_quit(qts);
}

/* With nobody left to start another, the partition is over */
static void test_last_stops(void)
{
    QTestState *qts = start_more("power9", " -no-shutdown");
    QDict *event;

    stop_self(qts);
    event = qtest_qmp_eventwait_ref(qts, "SHUTDOWN");
    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "reason"),
                    ==, "guest-shutdown");
    qobject_unref(event);
    qtest_quit(qts);
}

static void test_sys_reset(void)
{
    QTestState *qts = start("power9");

    g_assert_cmpint(start_cpu(qts, 1, 0x12340, 0), ==, RTAS_OUT_SUCCESS);
    assert_hcall(H_SUCCESS, H_SIGNAL_SYS_RESET, 1);
    g_assert_cmphex(reg(qts, 1, "nip"), ==, 0x100);
    g_assert_cmphex(reg(qts, 1, "srr0"), ==, 0x12340);

    /* All but the caller; a stopped one takes no notice */
    assert_hcall_on(1, H_SUCCESS, H_SET_SPRG0, 1);
    assert_hcall(H_SUCCESS, H_SIGNAL_SYS_RESET, -2);
    g_assert_cmphex(reg(qts, 1, "srr0"), ==, 0x100);
    g_assert_cmphex(reg(qts, 0, "srr0"), ==, 0);
    g_assert_cmphex(reg(qts, 2, "srr0"), ==, 0);
    assert_hcall(H_SUCCESS, H_SIGNAL_SYS_RESET, 2);
    g_assert_cmphex(reg(qts, 2, "srr0"), ==, 0);
    assert_stopped(qts, 2, true);

    /* It ends a wait that nothing else than H_PROD does */
    assert_hcall_on(1, H_SUCCESS, H_JOIN);
    assert_hcall_on(0, H_CONTINUE, H_JOIN);
    assert_hcall_on(0, H_SUCCESS, H_SIGNAL_SYS_RESET, 1);
    assert_hcall_on(0, H_SUCCESS, H_JOIN);
    qtest_quit(qts);

    qts = start("power9");
    assert_hcall(H_SUCCESS, H_SIGNAL_SYS_RESET, -1);
    g_assert_cmphex(reg(qts, 0, "nip"), ==, 0x100);
    g_assert_cmphex(reg(qts, 0, "srr0"), !=, 0);
    qtest_quit(qts);
}

/* Processor numbers leave room for threads that aren't there */
static void test_vsmt(void)
{
    QTestState *qts = start_more("power9", ",vsmt=8");
    uint32_t state;

    for (unsigned server = 0; server < 16; server++) {
        bool there = server % 8 < 2;

        g_assert_cmpint(rtas1(qts, "query-cpu-stopped-state", server, &state),
                        ==, there ? RTAS_OUT_SUCCESS : RTAS_OUT_PARAM_ERROR);
        assert_hcall(there ? H_SUCCESS : H_PARAMETER, H_PROD, server);
    }
    g_assert_cmpint(start_cpu(qts, 9, 0x12340, 0), ==, RTAS_OUT_SUCCESS);
    g_assert_cmphex(reg(qts, 3, "nip"), ==, 0x12340);
    g_assert_cmphex(reg(qts, 3, "pir"), ==, 9);
    qtest_quit(qts);
}

/* How many threads a core has is settled when it is made */
static void test_nr_threads(void)
{
    static const int numbers[] = { 64, 0, -1, 1 };
    QTestState *qts = start("power9");

    for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
        QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-set', 'arguments': "
                                 "{ 'path': '/machine/core[0]', 'property': "
                                 "'nr-threads', 'value': %d } }", numbers[i]);

        g_assert_true(qdict_haskey(reply, "return"));
        qobject_unref(reply);
        qtest_system_reset(qts);
        for (int cpu = 0; cpu < 4; cpu++) {
            assert_hcall_on(cpu, H_SUCCESS, H_GET_CPU_CHARACTERISTICS);
            assert_stopped(qts, cpu, cpu != 0);
        }
    }
    qtest_quit(qts);
}

/* The device tree */

static uint32_t cpu_cell(const void *fdt, int node, const char *name)
{
    int len;
    const void *value = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, 4);
    return ldl_be_p(value);
}

static void assert_cells(const void *fdt, int node, const char *name,
                         const uint32_t *cells, int n)
{
    int len;
    const uint8_t *value = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, 4 * n);
    for (int i = 0; i < n; i++) {
        g_assert_cmphex((uint32_t)ldl_be_p(value + 4 * i), ==, cells[i]);
    }
}

static bool pa_feature(const void *fdt, int node, unsigned byte, unsigned bit)
{
    int len;
    const uint8_t *value = fdt_getprop(fdt, node, "ibm,pa-features", &len);

    g_assert_nonnull(value);
    g_assert_cmpint(value[0], ==, len - 2);
    g_assert_cmpint(value[1], ==, 0);
    return byte < value[0] && (value[2 + byte] & 0x80 >> bit);
}

static void test_dt_cores(void)
{
    static const uint32_t servers[2][2] = { { 0, 1 }, { 8, 9 } };
    static const uint32_t gservers[2][4] = { { 0, 0, 1, 1 }, { 8, 8, 9, 9 } };
    QTestState *qts = start_more("power9", ",vsmt=8");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node, n = 0;

    fdt_for_each_subnode(node, fdt, fdt_path_offset(fdt, "/cpus")) {
        g_autofree char *name = g_strdup_printf("PowerPC,POWER9@%x", 8 * n);

        g_assert_cmpint(n, <, 2);
        g_assert_cmpstr(fdt_get_name(fdt, node, NULL), ==, name);
        g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==, "cpu");
        g_assert_cmpuint(cpu_cell(fdt, node, "reg"), ==, 8 * n);
        g_assert_cmphex(cpu_cell(fdt, node, "cpu-version"), ==, 0x4e1202);
        g_assert_cmpuint(cpu_cell(fdt, node, "timebase-frequency"), ==,
                         512000000);
        g_assert_cmpuint(cpu_cell(fdt, node, "slb-size"), ==, 32);
        assert_cells(fdt, node, "ibm,ppc-interrupt-server#s", servers[n], 2);
        assert_cells(fdt, node, "ibm,ppc-interrupt-gserver#s", gservers[n], 4);
        n++;
    }
    g_assert_cmpint(n, ==, 2);
    qtest_quit(qts);
}

typedef struct DtModel {
    const char *model;
    const char *more;
    const char *node;
    uint32_t version;
    bool radix, dawr1, isa207;
} DtModel;

static const DtModel dt_models[] = {
    { "power8", "", "POWER8", 0x4d0200, false, false, true },
    { "power8", ",max-cpu-compat=power7", "POWER8", 0x0f000003 },
    { "power9", "", "POWER9", 0x4e1202, true, false, true },
    { "power9", ",max-cpu-compat=power8", "POWER9", 0x0f000004, false, false,
      true },
    { "power10", "", "POWER10", 0x801200, true, true, true },
    { "power10", ",max-cpu-compat=power9", "POWER10", 0x0f000005, true, false,
      true },
    { "power11", "", "POWER11", 0x821200, true, true, true },
};

static void test_dt_model(const void *data)
{
    static const uint32_t ap[] = { 0xc, 0xa0000010, 0x20000015, 0x4000001e };
    const DtModel *m = data;
    QTestState *qts = start_more(m->model, m->more);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    g_autofree char *path = g_strdup_printf("/cpus/PowerPC,%s@0", m->node);
    int node = fdt_path_offset(fdt, path);

    g_assert_cmpint(node, >=, 0);
    g_assert_cmphex(cpu_cell(fdt, node, "cpu-version"), ==, m->version);
    g_assert_cmpuint(cpu_cell(fdt, node, "ibm,vmx"), ==, 2);
    g_assert_true(pa_feature(fdt, node, 0, 0));
    g_assert_true(pa_feature(fdt, node, 5, 0));
    g_assert_cmpint(pa_feature(fdt, node, 16, 0), ==, m->isa207);
    g_assert_cmpint(pa_feature(fdt, node, 40, 0), ==, m->radix);
    g_assert_cmpint(pa_feature(fdt, node, 64, 0), ==, m->dawr1);
    /* TCG has no transactions and no strong storage order */
    g_assert_false(pa_feature(fdt, node, 22, 0));
    g_assert_false(pa_feature(fdt, node, 4, 0));
    if (m->radix) {
        assert_cells(fdt, node, "ibm,processor-radix-AP-encodings", ap, 4);
    } else {
        g_assert_null(fdt_getprop(fdt, node, "ibm,processor-radix-AP-encodings",
                                  NULL));
    }
    qtest_quit(qts);
}

/* With a guest, see spapr-mailbox.h */

static void test_guest_cede(const void *accel)
{
    QTestState *qts = start_guest(accel);

    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);

    /* That prod is used up */
    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);

    /* Prodded twice beforehand: one H_CEDE returns, the next one waits */
    g_assert_cmpint(call(qts, 0, H_PROD, 1, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(qts, 0, H_PROD, 1, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(qts, 1, H_CEDE, 0, 0, 0), ==, H_SUCCESS);
    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);
    g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), ==, 0);
    qtest_quit(qts);
}

/* An interrupt wakes it, though it called with interrupts disabled */
static void test_guest_cede_interrupt(const void *accel)
{
    QTestState *qts = start_guest(accel);

    for (unsigned i = 1; i <= 20; i++) {
        post(qts, 1, H_CEDE, 0, 0, 0, false, i % 4 * TICKS_PER_MS);
        await(qts, 1, MAIL_DONE, i);
        g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), ==, i);
    }
    qtest_quit(qts);
}

static void test_guest_join(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t done;

    post(qts, 1, H_JOIN, 0, 0, 0, false, TICKS_PER_MS);
    assert_waits(qts, 1);
    post(qts, 2, H_JOIN, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 2);
    g_assert_cmpint(call(qts, 0, H_JOIN, 0, 0, 0), ==, H_CONTINUE);
    assert_prod_ends(qts, 1);
    assert_prod_ends(qts, 2);
    /* The tick could not end the wait; it comes later when it may */
    g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), ==, 0);

    post(qts, 1, H_JOIN, 0, 0, 0, true, NO_TICK);
    await(qts, 1, MAIL_DONE, 2);
    g_assert_cmpint(mail(qts, 1, MAIL_RESULT), ==, H_BAD_MODE);

    /* A system reset interrupt ends it as well */
    post(qts, 1, H_JOIN, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    done = mail(qts, 1, MAIL_DONE);
    g_assert_cmpint(call(qts, 0, H_SIGNAL_SYS_RESET, 1, 0, 0), ==, H_SUCCESS);
    await(qts, 1, MAIL_RESETS, 1);
    g_assert_cmpuint(mail(qts, 1, MAIL_DONE), ==, done);
    g_assert_cmpint(call(qts, 1, H_PROD, 1, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* Joined processors and a reset: the machine comes back as if new */
static void test_guest_join_reset(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t done;

    post(qts, 0, H_JOIN, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 0);
    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    post(qts, 2, H_JOIN, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 2);
    qtest_system_reset(qts);

    done = mail(qts, 0, MAIL_DONE);
    g_assert_cmpint(call(qts, 0, H_JOIN, 0, 0, 0), ==, H_CONTINUE);
    g_assert_cmpuint(mail(qts, 0, MAIL_DONE), ==, done + 1);
    g_assert_true(guest_cpu_is_stopped(qts, 1));
    guest_start_cpu(qts, 1);
    g_assert_cmpint(call(qts, 1, H_PROD, 0, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_guest_confer(const void *accel)
{
    QTestState *qts = start_guest(accel);

    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpint(call(qts, 0, H_CONFER, -1, 0, 0), ==, H_SUCCESS);
        g_assert_cmpint(call(qts, 0, H_CONFER, 1, i, 0), ==, H_SUCCESS);
    }

    /* To one that waits, for which the count is right */
    set_vpa_size(qts, GUEST_VPA, 640);
    g_assert_cmpint(call(qts, 1, H_REGISTER_VPA, REG_VPA, 1, GUEST_VPA), ==,
                    H_SUCCESS);
    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    g_assert_cmpint(call(qts, 0, H_CONFER, 1,
                         qtest_readl(qts, GUEST_VPA + 0x100), 0), ==,
                    H_SUCCESS);
    assert_prod_ends(qts, 1);

    /* To itself: until prodded, and until an interrupt if it takes any */
    post(qts, 1, H_CONFER, 1, 0, 0, false, TICKS_PER_MS);
    assert_waits(qts, 1);
    assert_prod_ends(qts, 1);
    g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), ==, 0);
    post(qts, 1, H_CONFER, 1, 0, 0, true, 500 * TICKS_PER_MS);
    await(qts, 1, MAIL_DONE, 4);
    g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), >, 0);
    qtest_quit(qts);
}

static void test_guest_sys_reset(const void *accel)
{
    QTestState *qts = start_guest(accel);

    post(qts, 1, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    g_assert_cmpint(call(qts, 2, H_SIGNAL_SYS_RESET, -2, 0, 0), ==, H_SUCCESS);
    await(qts, 0, MAIL_RESETS, 1);
    await(qts, 1, MAIL_RESETS, 1);
    g_assert_cmpuint(mail(qts, 2, MAIL_RESETS), ==, 0);

    /* To itself: the handler goes back to the loop, so the call isn't done */
    post(qts, 2, H_SIGNAL_SYS_RESET, 2, 0, 0, false, NO_TICK);
    await(qts, 2, MAIL_RESETS, 1);
    post(qts, 2, H_SIGNAL_SYS_RESET, -1, 0, 0, false, NO_TICK);
    for (int cpu = 0; cpu < 3; cpu++) {
        await(qts, cpu, MAIL_RESETS, 2);
    }
    qtest_quit(qts);
}

/* What a processor calls to stop itself, at AREA */
static void put_stop_self(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    qtest_writel(qts, AREA, spapr_qtest_rtas_token(fdt, "stop-self"));
    qtest_writel(qts, AREA + 4, 0);
    qtest_writel(qts, AREA + 8, 1);
}

static void await_stopped(QTestState *qts, int cpu)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (!guest_cpu_is_stopped(qts, cpu)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

static void test_guest_stop(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t done = mail(qts, 1, MAIL_DONE);

    g_assert_false(guest_cpu_is_stopped(qts, 1));
    put_stop_self(qts);
    post(qts, 1, H_PRIVATE_RTAS, AREA, 0, 0, false, TICKS_PER_MS);
    assert_waits(qts, 1);
    await_stopped(qts, 1);

    /* Neither H_PROD nor a system reset nor a tick gets it going again */
    g_assert_cmpint(call(qts, 0, H_PROD, 1, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(qts, 0, H_SIGNAL_SYS_RESET, 1, 0, 0), ==, H_SUCCESS);
    assert_waits(qts, 1);
    g_assert_cmpuint(mail(qts, 1, MAIL_RESETS), ==, 0);
    g_assert_cmpuint(mail(qts, 1, MAIL_TICKS), ==, 0);

    for (int i = 1; i <= 3; i++) {
        guest_start_cpu(qts, 1);
        g_assert_cmpint(call(qts, 1, H_PROD, 0, 0, 0), ==, H_SUCCESS);
        g_assert_cmpuint(mail(qts, 1, MAIL_DONE), ==, done + i);
        post(qts, 1, H_PRIVATE_RTAS, AREA, 0, 0, false, NO_TICK);
        assert_waits(qts, 1);
    }
    qtest_quit(qts);
}

/*
 * Two processors that wake each other in turn: nothing gets lost on the way to
 * sleep. Each knows its own mailbox, where the other's number is the argument
 * and where it counts its turns.
 */
static const uint32_t game[] = {
    MR(31, 3),
    ADDI(3, 0, H_PROD),         /* + 4: again */
    LD(4, 31, MAIL_ARGS),
    SC_1,
    ADDI(3, 0, H_CEDE),
    SC_1,
    LD(5, 31, MAIL_DONE),
    ADDI(5, 5, 1),
    STD(5, 31, MAIL_DONE),
    B(36, 4),
};
#define GAME            (GUEST_SIZE + 0x1000)
#define GAME_TURNS      500

static void put_words(QTestState *qts, uint64_t addr, const uint32_t *words,
                      size_t n)
{
    g_autofree uint8_t *code = g_malloc(n * sizeof(*words));

    put_code(code, 0, words, n);
    qtest_memwrite(qts, addr, code, n * sizeof(*words));
}

static void game_begin(QTestState *qts)
{
    put_words(qts, GAME, game, ARRAY_SIZE(game));
    put_stop_self(qts);
    for (int cpu = 1; cpu < 3; cpu++) {
        post(qts, cpu, H_PRIVATE_RTAS, AREA, 0, 0, false, NO_TICK);
        assert_waits(qts, cpu);
        qtest_writeq(qts, MAILBOX(cpu) + MAIL_ARGS, 3 - cpu);
    }
    for (int cpu = 1; cpu < 3; cpu++) {
        guest_start_cpu_at(qts, cpu, GAME);
    }
    /* It would use up its time slices where all share one thread */
    post(qts, 0, H_CEDE, 0, 0, 0, false, NO_TICK);
}

static void await_turns(QTestState *qts)
{
    for (int cpu = 1; cpu < 3; cpu++) {
        gint64 end = g_get_monotonic_time() + PATIENCE_US;
        uint64_t turns = mail(qts, cpu, MAIL_DONE);

        while (mail(qts, cpu, MAIL_DONE) < turns + GAME_TURNS) {
            g_assert_cmpint(g_get_monotonic_time(), <, end);
            g_usleep(1000);
        }
    }
}

static void test_guest_game(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t turns;

    game_begin(qts);
    for (int i = 0; i < 3; i++) {
        await_turns(qts);
        qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
        turns = mail(qts, 1, MAIL_DONE);
        g_usleep(WATCH_US / 10);
        g_assert_cmpuint(mail(qts, 1, MAIL_DONE), ==, turns);
        qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    }
    await_turns(qts);
    /* Nor does a reset in the middle leave anything behind */
    qtest_system_reset(qts);
    qtest_quit(qts);
}

/*
 * A processor whose waits are brief looks out for their ends before it sleeps,
 * unless others could not run meanwhile.
 */
static bool log_has(const char *path, const char *text)
{
    g_autofree char *log = NULL;

    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    return strstr(log, text);
}

static void test_guest_poll(const void *accel)
{
    bool polls = strstr(accel, "multi") && g_get_num_processors() > 1;
    g_autofree char *path = NULL;
    g_autofree char *more = NULL;
    int fd = g_file_open_tmp("spapr-vcpu-XXXXXX", &path, NULL);
    QTestState *qts;
    gint64 end;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    more = g_strdup_printf(" -trace spapr_vcpu_poll -D %s", path);
    qts = start_guest_more(accel, more);
    game_begin(qts);
    await_turns(qts);
    end = g_get_monotonic_time() + PATIENCE_US;
    /* A busy host may leave no processor for that at first */
    while (polls && !log_has(path, "wait has ended=1")) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        await_turns(qts);
    }
    qtest_quit(qts);
    g_assert_true(polls || !log_has(path, "spapr_vcpu_poll"));
    unlink(path);
}

/*
 * A message from one thread of a core to another, or to itself, that waits until
 * the processor takes interrupts
 */
static const uint32_t doorbell[] = {
    MR(31, 3),
    LIS(4, 5 << 27 >> 16),
    31u << 26 | 4 << 11 | 142 << 1,     /* msgsndp R4 */
    ADDI(5, 0, 1),
    STD(5, 31, MAIL_DONE),
    LD(5, 31, MAIL_ARGS),               /* + 20: until it is told to */
    CMPDI(5, 0),
    BEQ(-8),
    LIS(5, 0x7fff),
    MTDEC(5),
    LD(5, 31, MAIL_MSR),
    MTMSRD_EE(5),
    B(0, 0),
};

static const uint32_t doorbell_handler[] = {
    LD(5, 31, MAIL_R4),
    ADDI(5, 5, 1),
    STD(5, 31, MAIL_R4),
    B(0, 0),
};

static void test_guest_doorbell(const void *accel)
{
    QTestState *qts = start_guest(accel);
    g_autofree char *path = NULL;

    put_words(qts, GAME, doorbell, ARRAY_SIZE(doorbell));
    put_words(qts, 0xa00, doorbell_handler, ARRAY_SIZE(doorbell_handler));
    put_stop_self(qts);
    post(qts, 1, H_PRIVATE_RTAS, AREA, 0, 0, false, NO_TICK);
    assert_waits(qts, 1);
    qtest_writeq(qts, MAILBOX(1) + MAIL_DONE, 0);
    qtest_writeq(qts, MAILBOX(1) + MAIL_ARGS, 0);
    qtest_writeq(qts, MAILBOX(1) + MAIL_R4, 0);
    qtest_writeq(qts, MAILBOX(1) + MAIL_MSR, MSR_EE);
    guest_start_cpu_at(qts, 1, GAME);
    await(qts, 1, MAIL_DONE, 1);

    path = spapr_qtest_save(qts);
    qts = qtest_initf("-accel %s -machine pseries -nodefaults -m 256 -smp 3 "
                      "-cpu power9 -incoming defer", (const char *)accel);
    spapr_qtest_load(qts, path);
    unlink(path);
    g_assert_cmpuint(mail(qts, 1, MAIL_R4), ==, 0);
    qtest_writeq(qts, MAILBOX(1) + MAIL_ARGS, 1);
    await(qts, 1, MAIL_R4, 1);
    qtest_quit(qts);
}

/* The mode of all processors has changed when the call returns */
static void test_guest_set_mode(const void *accel)
{
    QTestState *qts = start_guest(accel);

    for (int i = 0; i < 20; i++) {
        uint64_t ail = i % 2 ? 0 : 3;

        g_assert_cmpint(call(qts, i % 3, H_SET_MODE, ail, MODE_AIL, 0), ==,
                        H_SUCCESS);
        for (int cpu = 0; cpu < 3; cpu++) {
            uint64_t lpcr = spapr_qtest_register(qts, cpu, "lpcr");

            g_assert_cmphex(lpcr & LPCR_AIL, ==, ail << LPCR_AIL_SHIFT);
        }
    }
    qtest_quit(qts);
}

static const GuestTest guest_tests[] = {
    { "cede", test_guest_cede },
    { "cede-interrupt", test_guest_cede_interrupt },
    { "join", test_guest_join },
    { "join-reset", test_guest_join_reset },
    { "confer", test_guest_confer },
    { "sys-reset", test_guest_sys_reset },
    { "stop", test_guest_stop },
    { "game", test_guest_game },
    { "poll", test_guest_poll },
    { "set-mode", test_guest_set_mode },
    { "doorbell", test_guest_doorbell },
};

static void add_model_tests(void)
{
    static const char *const models[] = { "power8", "power9", "power10" };

    for (int i = 0; i < ARRAY_SIZE(models); i++) {
        const char *model = models[i];
        g_autofree char *dawr =
            g_strdup_printf("spapr-vcpu/set-mode/dawr/%s", model);
        g_autofree char *ail =
            g_strdup_printf("spapr-vcpu/set-mode/ail/%s", model);
        g_autofree char *ile =
            g_strdup_printf("spapr-vcpu/set-mode/ile/%s", model);

        qtest_add_data_func(dawr, model, test_mode_dawr);
        qtest_add_data_func(ail, model, test_mode_ail);
        qtest_add_data_func(ile, model, test_mode_ile);
    }
    for (int i = 0; i < ARRAY_SIZE(dt_models); i++) {
        g_autofree char *path =
            g_strdup_printf("spapr-vcpu/dt/%s%s", dt_models[i].model,
                            dt_models[i].more);

        qtest_add_data_func(path, &dt_models[i], test_dt_model);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-vcpu/sprg0", test_sprg0);
    qtest_add_func("spapr-vcpu/dabr", test_dabr);
    qtest_add_func("spapr-vcpu/xdabr", test_xdabr);
    qtest_add_func("spapr-vcpu/characteristics", test_characteristics);
    qtest_add_func("spapr-vcpu/set-mode/unknown", test_mode_unknown);
    qtest_add_func("spapr-vcpu/set-mode/ciabr", test_mode_ciabr);
    qtest_add_func("spapr-vcpu/set-mode/compat", test_mode_compat);
    qtest_add_func("spapr-vcpu/set-mode/reset", test_mode_reset);
    qtest_add_func("spapr-vcpu/unknown-processor", test_unknown_processor);
    qtest_add_func("spapr-vcpu/cede", test_cede);
    qtest_add_func("spapr-vcpu/confer", test_confer);
    qtest_add_func("spapr-vcpu/join", test_join);
    qtest_add_func("spapr-vcpu/join-bad-mode", test_join_bad_mode);
    qtest_add_func("spapr-vcpu/join-reset", test_join_reset);
    qtest_add_func("spapr-vcpu/rtas", test_rtas);
    qtest_add_func("spapr-vcpu/last-stops", test_last_stops);
    qtest_add_func("spapr-vcpu/sys-reset", test_sys_reset);
    qtest_add_func("spapr-vcpu/vsmt", test_vsmt);
    qtest_add_func("spapr-vcpu/nr-threads", test_nr_threads);
    qtest_add_func("spapr-vcpu/dt/cores", test_dt_cores);
    add_model_tests();
    add_guest_tests("spapr-vcpu", guest_tests, ARRAY_SIZE(guest_tests));

    return g_test_run();
}
