/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what is told of events and errors, beyond the EPOW events of the suite
 * spapr-rtas-test
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"

#define RAM_SIZE        (256 * MiB)
#define BUFFER          (65 * MiB)
#define LOG_MAX         2048

/* Fixed part, extended part, and the two main sections */
#define LOG_SIZE        (8 + 16 + 48 + 24)

#define NO_EVENT        1

#define IRQ_EPOW        0x1000
#define VECTOR_EXTERNAL 0x500
#define CLASS_EPOW      0x40000000

static void powerdown(SpaprRtasGuest *guest)
{
    qtest_qmp_assert_success(guest->qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(guest->qts, "POWERDOWN");
}

/* Six arguments or seven; other counts are none of this service's */
static void test_check_exception_counts(void)
{
    const uint32_t args[8] = { VECTOR_EXTERNAL, IRQ_EPOW, CLASS_EPOW, 0, BUFFER,
                               LOG_MAX, 0x12345678, 0 };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t rets[2];

    for (unsigned n = 0; n <= 8; n++) {
        bool valid = n == 6 || n == 7;

        powerdown(&guest);
        g_assert_cmpint(spapr_rtas_guest_call(&guest, "check-exception", n,
                                              args, 1, rets), ==,
                        valid ? 0 : RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(spapr_rtas_guest_call(&guest, "check-exception", n,
                                              args, 2, rets), ==,
                        RTAS_OUT_PARAM_ERROR);
        g_assert_cmpint(spapr_rtas_guest_call(&guest, "check-exception", 6,
                                              args, 1, rets), ==,
                        valid ? NO_EVENT : 0);
    }
    spapr_rtas_guest_stop(&guest);
}

static int32_t last_error(SpaprRtasGuest *guest, uint32_t addr, uint32_t len)
{
    return spapr_rtas_guest_status(guest, "rtas-last-error", addr, len);
}

/* There is no console that the character could go to */
static void fail(SpaprRtasGuest *guest)
{
    g_assert_cmpint(spapr_rtas_guest_status(guest, "display-character", 'x'),
                    ==, RTAS_OUT_HW_ERROR);
}

static void test_last_error(void)
{
    static const uint32_t no_memory[] = { RAM_SIZE, RAM_SIZE - LOG_SIZE + 1,
                                          0xffffffff };
    SpaprRtasGuest guest = spapr_rtas_guest_start("");

    qtest_memset(guest.qts, BUFFER, 0xa5, LOG_MAX);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);
    spapr_qtest_untouched(guest.qts, BUFFER, LOG_MAX);

    /* A log that can't be stored is not lost */
    fail(&guest);
    for (unsigned i = 0; i < ARRAY_SIZE(no_memory); i++) {
        g_assert_cmpint(last_error(&guest, no_memory[i], LOG_MAX), ==,
                        RTAS_OUT_PARAM_ERROR);
    }
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, 0);
    /* Version 6, an error, not recovered, extended; a device of RTAS's */
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x06940003);
    g_assert_cmpuint(qtest_readl(guest.qts, BUFFER + 4), ==, LOG_SIZE - 8);
    /* Valid, unrecoverable, new, big endian */
    g_assert_cmphex(qtest_readb(guest.qts, BUFFER + 8), ==, 0xc6);
    /* Platform firmware, unrecoverable */
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER + 72 + 8), ==, 0x80004000);
    spapr_qtest_untouched(guest.qts, BUFFER + LOG_SIZE, LOG_MAX - LOG_SIZE);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);

    /* In brief */
    fail(&guest);
    fail(&guest);
    qtest_memset(guest.qts, BUFFER, 0xa5, LOG_MAX);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_SIZE - 1), ==, 0);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x06900003);
    spapr_qtest_untouched(guest.qts, BUFFER + 4, LOG_MAX - 4);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);

    /* Other errors are none of hardware, and a reset forgets */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct", 1),
                    ==, -4);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);
    fail(&guest);
    qtest_system_reset(guest.qts);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);
    spapr_rtas_guest_stop(&guest);
}

/* What failed, and what event-scan has still to tell */
static void test_migration(void)
{
    SpaprRtasGuest guest = spapr_rtas_guest_start("");
    uint32_t rets[2], token;

    spapr_rtas_guest_call(&guest, "ibm,open-errinjct", 0, NULL, 2, rets);
    token = rets[0];
    /* The second class is "recovered-random-event" */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,errinjct", 2, token,
                                            BUFFER), ==, 0);
    fail(&guest);
    spapr_rtas_guest_migrate(&guest, "");
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "event-scan", 0xffffffff, 0,
                                            BUFFER, LOG_MAX), ==, 0);
    g_assert_cmphex(qtest_readl(guest.qts, BUFFER), ==, 0x064410e2);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, 0);
    g_assert_cmpint(last_error(&guest, BUFFER, LOG_MAX), ==, NO_EVENT);
    /* Whoever had opened the facility has it still */
    g_assert_cmpint(spapr_rtas_guest_status(&guest, "ibm,close-errinjct",
                                            token), ==, 0);
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-events/check-exception-counts",
                   test_check_exception_counts);
    qtest_add_func("spapr-events/last-error", test_last_error);
    qtest_add_func("spapr-events/migration", test_migration);

    return g_test_run();
}
