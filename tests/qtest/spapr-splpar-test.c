/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's share of the platform
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-mailbox.h"
#include "spapr-qtest.h"

#define ARGS    "-nodefaults -m 256 -smp 4,threads=2,cores=2,maxcpus=4 "

/* Two processors, each a core of two threads */
#define PROCESSORS      2
#define CAPACITY        (100 * PROCESSORS)
#define WEIGHT          128

#define POOL_NONE       0xffff

static QTestState *start_more(const char *more)
{
    return qtest_initf(ARGS "-machine pseries%s", more);
}

static QTestState *start(void)
{
    return start_more("");
}

static void assert_ppp(QTestState *qts, uint64_t entitled, uint64_t weight)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_GET_PPP, -1, -1, -1, -1, -1), ==,
                    H_SUCCESS);
    g_assert_cmpuint(rets[0], ==, entitled);
    g_assert_cmpuint(rets[1], ==, CAPACITY - entitled);
    g_assert_cmphex(rets[2], ==, 0);
    /* Uncapped; the weight, what is left of it; the pool is all there is */
    g_assert_cmphex(rets[3], ==, weight << 40 | (255 - weight) << 32 |
                    PROCESSORS << 16 | PROCESSORS);
    g_assert_cmphex(rets[4], ==, (uint64_t)PROCESSORS << 48 |
                    (uint64_t)CAPACITY << 24 | CAPACITY);
}

static void test_ppp(void)
{
    QTestState *qts = start();
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int len;
    const void *level = fdt_getprop(fdt, 0, "ibm,partition-performance-"
                                    "parameters-level", &len);

    g_assert_cmpint(len, ==, 4);
    g_assert_cmpuint(ldl_be_p(level), ==, 1);
    assert_ppp(qts, CAPACITY, WEIGHT);
    qtest_quit(qts);
}

static void test_set_ppp(void)
{
    QTestState *qts = start();

    assert_hcall(H_SUCCESS, H_SET_PPP, 150, 0);
    assert_ppp(qts, 150, 0);
    assert_hcall(H_SUCCESS, H_SET_PPP, CAPACITY, 255);
    assert_ppp(qts, CAPACITY, 255);
    /* The least: one for each virtual processor */
    assert_hcall(H_SUCCESS, H_SET_PPP, PROCESSORS, 1);
    assert_ppp(qts, PROCESSORS, 1);

    /* Beyond the limits: the limit, and the weight */
    assert_hcall(H_CONSTRAINED, H_SET_PPP, 0, 2);
    assert_ppp(qts, PROCESSORS, 2);
    assert_hcall(H_CONSTRAINED, H_SET_PPP, CAPACITY + 1, 3);
    assert_ppp(qts, CAPACITY, 3);
    assert_hcall(H_CONSTRAINED, H_SET_PPP, -1, 4);
    assert_ppp(qts, CAPACITY, 4);

    /* A bad weight comes first, and then nothing changes */
    assert_hcall(H_PARAMETER, H_SET_PPP, 100, 256);
    assert_hcall(H_PARAMETER, H_SET_PPP, 0, -1);
    assert_hcall(H_PARAMETER, H_SET_PPP, 100, 1ull << 32);
    assert_ppp(qts, CAPACITY, 4);

    qtest_system_reset(qts);
    assert_ppp(qts, CAPACITY, WEIGHT);
    qtest_quit(qts);
}

static bool is_promised(QTestState *qts, const char *word)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    return fdt_stringlist_search(fdt, fdt_path_offset(fdt, "/rtas"),
                                 "ibm,hypertas-functions", word) >= 0;
}

static void test_dedicated(void)
{
    QTestState *qts = start_more(",proc-mode=dedicated");
    uint64_t rets[SPAPR_QTEST_REGS];

    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(hcall_rets(qts, rets, H_GET_PPP), ==, H_SUCCESS);
        g_assert_cmpuint(rets[0], ==, CAPACITY);
        g_assert_cmpuint(rets[1], ==, 0);
        g_assert_cmphex(rets[2], ==, POOL_NONE);
        /* Capped; of the rest, only the platform's processors apply */
        g_assert_cmphex(rets[3], ==, 1ull << 48 | PROCESSORS);
        g_assert_cmphex(rets[4], ==, 0);

        assert_hcall(H_PARAMETER, H_SET_PPP, CAPACITY, 256);
        assert_hcall(H_CONSTRAINED, H_SET_PPP, CAPACITY - 1, 0);
        assert_hcall(H_CONSTRAINED, H_SET_PPP, CAPACITY, 1);
        assert_hcall(H_SUCCESS, H_SET_PPP, CAPACITY, 0);
    }
    /* There is no pool */
    assert_hcall(H_FUNCTION, H_PIC);
    g_assert_false(is_promised(qts, "hcall-pic"));
    g_assert_true(is_promised(qts, "hcall-splpar"));
    qtest_quit(qts);

    qts = start_more(",proc-mode=shared");
    assert_hcall(H_SUCCESS, H_PIC);
    g_assert_true(is_promised(qts, "hcall-pic"));
    qtest_quit(qts);
}

static void test_mpp(void)
{
    QTestState *qts = start();
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_GET_MPP), ==, H_SUCCESS);
    g_assert_cmpuint(rets[0], ==, 256 * MiB);
    g_assert_cmphex(rets[1], ==, -1);
    g_assert_cmphex(rets[2], ==, POOL_NONE);
    g_assert_cmphex(rets[3], ==, 0);
    g_assert_cmphex(rets[4], ==, -1);
    g_assert_cmphex(rets[5], ==, 0);
    g_assert_cmpuint(rets[6], ==, 256 * MiB);

    assert_hcall(H_SUCCESS, H_SET_MPP, 256 * MiB, 0);
    assert_hcall(H_CONSTRAINED, H_SET_MPP, 256 * MiB - 1, 0);
    assert_hcall(H_CONSTRAINED, H_SET_MPP, 0, 0);
    assert_hcall(H_CONSTRAINED, H_SET_MPP, -1, 0);
    assert_hcall(H_CONSTRAINED, H_SET_MPP, 256 * MiB, 1);
    /* Nothing of it is promised: no memory is shared */
    g_assert_false(is_promised(qts, "hcall-cmo"));
    qtest_quit(qts);
}

/* Migration */

static char *save(const char *mode)
{
    QTestState *qts = start_more(mode);

    hcall(qts, H_SET_PPP, 50, 7);
    return spapr_qtest_save(qts);
}

static void test_migration(void)
{
    g_autofree char *path = save("");
    g_autofree char *options = g_strdup_printf(
        ARGS "-machine proc-mode=dedicated -incoming file:%s", path);
    g_autofree char *errors = NULL;
    QTestState *qts = start_more(" -incoming defer");

    spapr_qtest_load(qts, path);
    assert_ppp(qts, 50, 7);
    qtest_quit(qts);

    /* What the guest knows of its processors can't change under way */
    errors = spapr_qtest_fail(options);
    g_assert_nonnull(strstr(errors, "proc-mode=dedicated"));
    g_assert_nonnull(strstr(errors, "proc-mode=shared"));
    unlink(path);
}

static void test_refused(void)
{
    spapr_qtest_refused("-machine proc-mode=half", "proc-mode", "half");
}

/* With a guest, see spapr-mailbox.h; three processors, one thread each */

static void guest_pic(QTestState *qts, uint64_t *idle, uint64_t *processors,
                      uint64_t *timebases)
{
    g_assert_cmpint(call(qts, 0, H_PIC, 0, 0, 0), ==, H_SUCCESS);
    *idle = mail(qts, 0, MAIL_R4);
    *processors = mail(qts, 0, MAIL_R4 + 8);
    *timebases = mail(qts, 0, MAIL_R4 + 16);
}

static void cede(QTestState *qts, int cpu)
{
    post(qts, cpu, H_CEDE, 0, 0, 0, false, NO_TICK);
    assert_waits(qts, cpu);
}

/* Whether what the pool is idle is what two of three processors wait */
static bool two_are_idle(QTestState *qts)
{
    uint64_t idle, processors, timebases, idle_then, timebases_then, expected;

    guest_pic(qts, &idle_then, &processors, &timebases_then);
    g_usleep(1000 * 1000);
    guest_pic(qts, &idle, &processors, &timebases);
    idle -= idle_then;
    expected = (timebases - timebases_then) / 3 * 2;
    g_assert_cmpuint(expected, >, 2 * 500 * TICKS_PER_MS);
    return idle > expected - expected / 10 && idle < expected + expected / 10;
}

/* Two of three wait: that's what the pool is idle */
static void test_guest_pic(const void *accel)
{
    QTestState *qts = start_guest(accel);
    uint64_t idle, processors, timebases, idle_then, timebases_then;

    /* Started is not yet dispatched */
    for (int cpu = 1; cpu < 3; cpu++) {
        g_assert_cmpint(call(qts, cpu, H_PROD, NOBODY, 0, 0), ==, H_PARAMETER);
    }
    guest_pic(qts, &idle, &processors, &timebases);
    g_assert_cmpuint(processors, ==, 3);
    g_assert_cmpuint(idle, <, timebases);
    /* Nobody waits, so nothing is added */
    guest_pic(qts, &idle_then, &processors, &timebases_then);
    g_assert_cmpuint(idle_then, ==, idle);
    g_assert_cmpuint(timebases_then, >, timebases);

    cede(qts, 1);
    cede(qts, 2);
    for (int i = 0; !two_are_idle(qts); i++) {
        /* The host may have stopped it between the times that it adds up */
        g_assert_cmpint(i, <, 10);
    }
    qtest_quit(qts);
}

static uint64_t assert_purr_runs(QTestState *qts)
{
    uint64_t last = guest_purr(qts, 1);

    for (int i = 0; i < 20; i++) {
        uint64_t purr = guest_purr(qts, 1);

        g_assert_cmphex(purr, >, last);
        last = purr;
    }
    return last;
}

/* It stands still for one that waits... */
static void test_guest_purr(const void *accel)
{
    QTestState *qts = start_guest_more(accel, ",proc-mode=shared");
    uint64_t all, own, waited;

    all = guest_timebase(qts);
    own = assert_purr_runs(qts);
    cede(qts, 1);
    cede(qts, 2);
    waited = guest_timebase(qts);
    g_usleep(300 * 1000);
    waited = guest_timebase(qts) - waited;
    g_assert_cmpuint(waited, >, 300 * TICKS_PER_MS);
    assert_prod_ends(qts, 1);
    own = guest_purr(qts, 1) - own;
    all = guest_timebase(qts) - all;
    g_assert_cmpuint(own, <=, all - waited);
    qtest_quit(qts);
}

/* ...unless its processor is its own */
static void test_guest_purr_dedicated(const void *accel)
{
    QTestState *qts = start_guest_more(accel, ",proc-mode=dedicated");
    uint64_t own = assert_purr_runs(qts);

    cede(qts, 1);
    g_usleep(300 * 1000);
    assert_prod_ends(qts, 1);
    g_assert_cmpuint(guest_purr(qts, 1) - own, >, 300 * TICKS_PER_MS);
    qtest_quit(qts);
}

/* Others want the thread that all share */
static void test_guest_poll_pending(void)
{
    QTestState *qts = start_guest("tcg,thread=single");

    g_assert_cmpint(call(qts, 0, H_POLL_PENDING, 0, 0, 0), ==, H_PENDING);
    cede(qts, 1);
    g_assert_cmpint(call(qts, 0, H_POLL_PENDING, 0, 0, 0), ==, H_PENDING);
    cede(qts, 2);
    g_assert_cmpint(call(qts, 0, H_POLL_PENDING, 0, 0, 0), ==, H_SUCCESS);
    assert_prod_ends(qts, 1);
    g_assert_cmpint(call(qts, 0, H_POLL_PENDING, 0, 0, 0), ==, H_PENDING);
    qtest_quit(qts);

    /* Each has its own */
    qts = start_guest("tcg,thread=multi");
    g_assert_cmpint(call(qts, 0, H_POLL_PENDING, 0, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    static const char multi[] = "tcg,thread=multi";
    static const char single[] = "tcg,thread=single";

    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-splpar/ppp", test_ppp);
    qtest_add_func("spapr-splpar/set-ppp", test_set_ppp);
    qtest_add_func("spapr-splpar/dedicated", test_dedicated);
    qtest_add_func("spapr-splpar/mpp", test_mpp);
    qtest_add_func("spapr-splpar/migration", test_migration);
    qtest_add_func("spapr-splpar/refused", test_refused);
    if (qtest_has_accel("tcg")) {
        qtest_add_data_func("spapr-splpar/guest/multi/pic", multi,
                            test_guest_pic);
        qtest_add_data_func("spapr-splpar/guest/single/pic", single,
                            test_guest_pic);
        qtest_add_data_func("spapr-splpar/guest/multi/purr", multi,
                            test_guest_purr);
        qtest_add_data_func("spapr-splpar/guest/single/purr", single,
                            test_guest_purr);
        qtest_add_data_func("spapr-splpar/guest/multi/purr-dedicated", multi,
                            test_guest_purr_dedicated);
        qtest_add_data_func("spapr-splpar/guest/single/purr-dedicated", single,
                            test_guest_purr_dedicated);
        qtest_add_func("spapr-splpar/guest/poll-pending",
                       test_guest_poll_pending);
    }

    return g_test_run();
}
