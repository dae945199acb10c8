/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: address translation: the hash page table's hypercalls, those of the
 * in-memory tables, and what migration and reset do to them
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-guest.h"
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

static void fill(QTestState *qts, uint64_t addr, uint64_t size)
{
    qtest_memset(qts, addr, 0xa5, size);
}

/* Whether memory holds nothing but one byte value */
static void assert_memory(QTestState *qts, uint64_t addr, uint64_t size,
                          uint8_t value)
{
    g_autofree uint8_t *buf = g_malloc(size);

    qtest_bufread(qts, addr, buf, size);
    for (uint64_t i = 0; i < size; i++) {
        g_assert_cmphex(buf[i], ==, value);
    }
}

static void test_enter_group(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    uint64_t chosen;

    /* The low three bits of the index don't count, the first free one does */
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmpint(pte_enter(qts, 0, 24 + (5 + i) % 8, AVPN(0x100 + i),
                                  R_M | i * PAGE, &chosen), ==, H_SUCCESS);
        g_assert_cmphex(chosen, ==, 24 + i);
        assert_pte(qts, 24 + i, AVPN(0x100 + i) | V_VALID, R_M | i * PAGE);
    }
    g_assert_cmpint(pte_enter(qts, 0, 24, AVPN(1), R_M, NULL), ==,
                    H_PTEG_FULL);
    g_assert_cmpint(pte_enter(qts, 0, 31, AVPN(1), R_M, NULL), ==,
                    H_PTEG_FULL);
    /* The neighbours are as they were */
    assert_pte(qts, 23, 0, 0);
    assert_pte(qts, 32, 0, 0);

    /* A hole is found again */
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 27, 0), ==, H_SUCCESS);
    g_assert_cmpint(pte_enter(qts, 0, 24, AVPN(9) | V_SECONDARY, R_M,
                              &chosen), ==, H_SUCCESS);
    g_assert_cmphex(chosen, ==, 27);
    assert_pte(qts, 27, AVPN(9) | V_SECONDARY | V_VALID, R_M);
    qtest_quit(qts);
}

static void test_enter_exact(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    pte_put(qts, 45, AVPN(1), R_M);
    g_assert_cmpint(pte_enter(qts, F_EXACT, 45, AVPN(2), R_M, NULL), ==,
                    H_PTEG_FULL);
    assert_pte(qts, 45, AVPN(1) | V_VALID, R_M);
    pte_put(qts, 44, AVPN(3), R_M);

    /* Both ends of the table */
    pte_put(qts, 0, AVPN(4), R_M);
    pte_put(qts, ENTRIES - 1, AVPN(5), R_M);
    assert_pte(qts, 0, AVPN(4) | V_VALID, R_M);
    assert_pte(qts, ENTRIES - 1, AVPN(5) | V_VALID, R_M);
    qtest_quit(qts);
}

static void test_enter_index(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    const uint64_t bad[] = {
        ENTRIES, ENTRIES + 8, ENTRIES * 2, 1ULL << 32, 1ULL << 60,
        1ULL << 63, -8ULL, -1ULL
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(pte_enter(qts, 0, bad[i], AVPN(1), R_M, NULL), ==,
                        H_PARAMETER);
        g_assert_cmpint(pte_enter(qts, F_EXACT, bad[i], AVPN(1), R_M, NULL),
                        ==, H_PARAMETER);
    }
    qtest_quit(qts);
}

static void test_enter_page_size(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const struct {
        uint64_t pte0, pte1;
        int64_t ret;
    } cases[] = {
        /* 4 KiB: the last page of memory, and the first behind it */
        { 0, RAM - 4 * KiB, H_SUCCESS },
        { 0, RAM, H_PARAMETER },
        { 0, 1ULL << 40, H_PARAMETER },
        { 0, 0x0ffffffffffff000ULL, H_PARAMETER },
        /* 64 KiB, in segments of both base sizes */
        { V_LARGE, (RAM - 64 * KiB) | LP_64K, H_SUCCESS },
        { V_LARGE, RAM | LP_64K, H_PARAMETER },
        { V_LARGE, (RAM - 64 * KiB) | LP_64K_IN_4K, H_SUCCESS },
        { V_LARGE, RAM | LP_64K_IN_4K, H_PARAMETER },
        /* 16 MiB, in all three */
        { V_LARGE, (RAM - 16 * MiB) | LP_16M, H_SUCCESS },
        { V_LARGE, RAM | LP_16M, H_PARAMETER },
        { V_LARGE, (RAM - 16 * MiB) | LP_16M_IN_64K, H_SUCCESS },
        { V_LARGE, RAM | LP_16M_IN_64K, H_PARAMETER },
        { V_LARGE, (RAM - 16 * MiB) | LP_16M_IN_4K, H_SUCCESS },
        { V_LARGE, RAM | LP_16M_IN_4K, H_PARAMETER },
        /* 16 GiB is more than there is */
        { V_LARGE, LP_16G, H_PARAMETER },
        { V_LARGE, 16 * GiB | LP_16G, H_PARAMETER },
        /* Encodings that are none */
        { V_LARGE, LP_64K << 1, H_PARAMETER },
        { V_LARGE, 0xf000, H_PARAMETER },
        /* A 16 MiB page that does not begin on a boundary of its size */
        { V_LARGE, 64 * KiB | LP_16M, H_PARAMETER },
        { V_LARGE, 64 * KiB | LP_16M_IN_64K, H_PARAMETER },
        { V_LARGE, 1 * MiB | LP_16M_IN_4K, H_PARAMETER },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_assert_cmpint(pte_enter(qts, F_EXACT, i, cases[i].pte0,
                                  cases[i].pte1 | R_M, NULL),
                        ==, cases[i].ret);
        if (cases[i].ret == H_SUCCESS) {
            assert_pte(qts, i, cases[i].pte0 | V_VALID, cases[i].pte1 | R_M);
        } else {
            assert_pte(qts, i, 0, 0);
        }
    }
    qtest_quit(qts);
}

/* WIMG has to be 0010 or, with Strong Access Ordering, 1110 for memory */
static void check_memory_wimg(QTestState *qts, bool sao)
{
    for (unsigned wimg = 0; wimg < 16; wimg++) {
        uint64_t pte1 = 8 * MiB | wimg << 3;
        bool good = wimg == 2 || (sao && wimg == 14);

        g_assert_cmpint(pte_enter(qts, F_EXACT, wimg, 0, pte1, NULL), ==,
                        good ? H_SUCCESS : H_PARAMETER);
        assert_pte(qts, wimg, good ? V_VALID : 0, good ? pte1 : 0);
        /* Neither memory nor device: nothing is right for it */
        g_assert_cmpint(pte_enter(qts, F_EXACT, 16 + wimg, 0, pte1 | RAM,
                                  NULL), ==, H_PARAMETER);
    }
}

static void test_enter_wimg(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    check_memory_wimg(qts, true);
    qtest_quit(qts);

    /* Power ISA 3.1 has dropped it */
    qts = qtest_init("-machine pseries -cpu power10 -m 512M -nodefaults");
    g_assert_cmpint(negotiate(qts, 0x00, 0x00), ==, H_SUCCESS);
    check_memory_wimg(qts, false);
    qtest_quit(qts);
}

static void test_enter_reserved(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    uint64_t keys = R_KEY0 | R_KEY1 | R_KEY2 | R_KEY3 | R_KEY4;
    uint64_t rest = R_PP0 | R_R | R_C | R_M | R_N | R_PP1 | R_PP2;

    /* The hypervisor's software bits are forced off, the guest's are not */
    pte_put(qts, 8, V_1T | AVPN(7) | BE_BIT(57) | BE_BIT(58) | V_BOLTED |
            V_SW60 | V_SECONDARY, BE_BIT(1) | keys | rest);
    assert_pte(qts, 8, V_1T | AVPN(7) | V_BOLTED | V_SW60 | V_SECONDARY |
               V_VALID, keys | rest);
    /* Flags of other calls mean nothing here */
    g_assert_cmpint(pte_enter(qts, F_EXACT | F_AVPN | F_ANDCOND | F_READ_4 |
                              F_PP0 | F_N, 9, AVPN(3), R_M, NULL), ==,
                    H_SUCCESS);
    assert_pte(qts, 9, AVPN(3) | V_VALID, R_M);
    qtest_quit(qts);
}

static void test_enter_page_flags(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t too_big[] = {
        F_ZERO, F_ICACHE_INV, F_ICACHE_SYNC,
        F_ZERO | F_ICACHE_INV | F_ICACHE_SYNC
    };
    uint64_t base = SCRATCH;

    fill(qts, base - PAGE, 64 * KiB + 2 * PAGE);
    g_assert_cmpint(pte_enter(qts, F_ICACHE_INV | F_ICACHE_SYNC, 0, AVPN(1),
                              R_M | base, NULL), ==, H_SUCCESS);
    assert_memory(qts, base - PAGE, 64 * KiB + 2 * PAGE, 0xa5);

    g_assert_cmpint(pte_enter(qts, F_ZERO, 0, AVPN(2), R_M | (base + PAGE),
                              NULL), ==, H_SUCCESS);
    assert_memory(qts, base, PAGE, 0xa5);
    assert_memory(qts, base + PAGE, PAGE, 0);
    assert_memory(qts, base + 2 * PAGE, PAGE, 0xa5);

    g_assert_cmpint(pte_enter(qts, F_ZERO | F_ICACHE_SYNC, 0, V_LARGE,
                              R_M | base | LP_64K, NULL), ==, H_SUCCESS);
    assert_memory(qts, base - PAGE, PAGE, 0xa5);
    assert_memory(qts, base, 64 * KiB, 0);
    assert_memory(qts, base + 64 * KiB, PAGE, 0xa5);

    /* None of it for pages of more than 64 KiB, found before a full group */
    fill(qts, base, 16 * MiB);
    for (unsigned i = 0; i < 8; i++) {
        pte_put(qts, 64 + i, AVPN(i), R_M);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(too_big); i++) {
        g_assert_cmpint(pte_enter(qts, too_big[i], 64, V_LARGE,
                                  R_M | base | LP_16M, NULL), ==, H_TOO_BIG);
        /* ... but behind all the rest */
        g_assert_cmpint(pte_enter(qts, too_big[i], ENTRIES, V_LARGE,
                                  R_M | base | LP_16M, NULL), ==,
                        H_PARAMETER);
        g_assert_cmpint(pte_enter(qts, too_big[i], 64, V_LARGE,
                                  R_M | RAM | LP_16M, NULL), ==, H_PARAMETER);
        g_assert_cmpint(pte_enter(qts, too_big[i], 64, V_LARGE,
                                  base | LP_16M, NULL), ==, H_PARAMETER);
    }
    assert_memory(qts, base, 16 * MiB, 0xa5);
    g_assert_cmpint(pte_enter(qts, 0, 64, V_LARGE, R_M | base | LP_16M, NULL),
                    ==, H_PTEG_FULL);
    qtest_quit(qts);
}

static void test_remove(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    uint64_t pte0 = V_1T | AVPN(0x1234) | V_BOLTED;
    uint64_t avpn = V_1T | AVPN(0x1234);
    uint64_t pte1 = 12 * MiB | R_R | R_C | R_M | R_PP1;
    static const uint64_t bad[] = { ENTRIES, 1ULL << 60, 1ULL << 63, -1ULL };
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(hcall(qts, H_REMOVE, 0, bad[i], 0), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN | F_ANDCOND, bad[i], 1),
                        ==, H_PARAMETER);
    }
    /* Nothing there */
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 100, 0), ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, 100, 0), ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_ANDCOND, 100, 0), ==, H_NOT_FOUND);

    /* The wrong thing there */
    pte_put(qts, 100, pte0, pte1);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, 100, AVPN(0x1235) | V_1T),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, 100, AVPN(0x1234)),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, 100, avpn | V_VALID),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_ANDCOND, 100, V_BOLTED),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_ANDCOND, 100, V_VALID),
                    ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_ANDCOND | F_AVPN, 100, avpn),
                    ==, H_NOT_FOUND);
    assert_pte(qts, 100, pte0 | V_VALID, pte1);

    /* By AVPN */
    g_assert_cmpint(hcall_rets(qts, rets, H_REMOVE, F_AVPN, 100, avpn), ==,
                    H_SUCCESS);
    g_assert_cmphex(rets[0], ==, pte0 | V_VALID);
    g_assert_cmphex(rets[1], ==, pte1);
    assert_pte(qts, 100, 0, 0);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 100, 0), ==, H_NOT_FOUND);

    /* By the absence of bits */
    pte_put(qts, 100, pte0, pte1);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_ANDCOND, 100, V_SECONDARY | V_LARGE),
                    ==, H_SUCCESS);
    assert_pte(qts, 100, 0, 0);

    /* Unconditionally, whatever R6 has; at both ends of the table */
    pte_put(qts, 0, pte0, pte1);
    pte_put(qts, ENTRIES - 1, pte0, pte1);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 0, -1ULL), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, ENTRIES - 1, -1ULL), ==,
                    H_SUCCESS);
    assert_pte(qts, 0, 0, 0);
    assert_pte(qts, ENTRIES - 1, 0, 0);
    qtest_quit(qts);
}

static void test_read(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t bad[] = { ENTRIES, 1ULL << 60, 1ULL << 63, -1ULL };
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(hcall(qts, H_READ, 0, bad[i]), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_READ, F_READ_4, bad[i]), ==, H_PARAMETER);
    }
    for (unsigned i = 0; i < 4; i++) {
        if (i != 2) {
            pte_put(qts, ENTRIES - 4 + i, AVPN(i + 1), R_M | i * PAGE);
        }
    }
    /* The lower two bits of the index don't count */
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(hcall_rets(qts, rets, H_READ, F_READ_4 | F_R_XLATE,
                                   ENTRIES - 4 + i), ==, H_SUCCESS);
        for (unsigned j = 0; j < 4; j++) {
            g_assert_cmphex(rets[2 * j], ==,
                            j == 2 ? 0 : AVPN(j + 1) | V_VALID);
            g_assert_cmphex(rets[2 * j + 1], ==,
                            j == 2 ? 0 : R_M | j * PAGE);
        }
    }
    /* A single one leaves the registers behind it alone */
    g_assert_cmpint(hcall_rets(qts, rets, H_READ, F_R_XLATE, ENTRIES - 1,
                               0x1111, 0x2222, 0x3333), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, AVPN(4) | V_VALID);
    g_assert_cmphex(rets[1], ==, R_M | 3 * PAGE);
    g_assert_cmphex(rets[2], ==, 0x1111);
    g_assert_cmphex(rets[3], ==, 0x2222);
    g_assert_cmphex(rets[4], ==, 0x3333);
    qtest_quit(qts);
}

static void test_protect(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t bad[] = { ENTRIES, 1ULL << 60, 1ULL << 63, -1ULL };
    static const struct {
        uint64_t flag, bit;
    } bits[] = {
        { F_PP0, R_PP0 }, { F_PP1, R_PP1 }, { F_PP2, R_PP2 }, { F_N, R_N },
        { F_KEY(0), R_KEY0 }, { F_KEY(1), R_KEY1 }, { F_KEY(2), R_KEY2 },
        { F_KEY(3), R_KEY3 }, { F_KEY(4), R_KEY4 },
    };
    uint64_t avpn = V_1T | AVPN(0x77);
    uint64_t pte0 = avpn | V_BOLTED | V_SECONDARY | V_VALID;
    uint64_t kept = 4 * MiB | R_M | R_C;
    uint64_t all_flags = 0, all_bits = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(hcall(qts, H_PROTECT, 0, bad[i], 0), ==, H_PARAMETER);
    }
    g_assert_cmpint(hcall(qts, H_PROTECT, 0, 12, 0), ==, H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_PROTECT, F_AVPN, 12, 0), ==, H_NOT_FOUND);

    pte_put(qts, 12, pte0, kept | R_R);
    g_assert_cmpint(hcall(qts, H_PROTECT, F_AVPN | F_N, 12, AVPN(0x77)), ==,
                    H_NOT_FOUND);
    g_assert_cmpint(hcall(qts, H_PROTECT, F_AVPN | F_N, 12, pte0), ==,
                    H_NOT_FOUND);
    assert_pte(qts, 12, pte0, kept | R_R);

    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
        /* andcond is no flag of this call; R goes, C stays */
        g_assert_cmpint(hcall(qts, H_PROTECT, F_AVPN | F_ANDCOND |
                              bits[i].flag, 12, avpn), ==, H_SUCCESS);
        assert_pte(qts, 12, pte0, kept | bits[i].bit);
        all_flags |= bits[i].flag;
        all_bits |= bits[i].bit;
    }
    g_assert_cmpint(hcall(qts, H_PROTECT, all_flags, 12, 0), ==, H_SUCCESS);
    assert_pte(qts, 12, pte0, kept | all_bits);
    /* All other flags change nothing; what was set is taken back */
    g_assert_cmpint(hcall(qts, H_PROTECT, ~all_flags & ~F_AVPN, 12, 0), ==,
                    H_SUCCESS);
    assert_pte(qts, 12, pte0, kept);
    qtest_quit(qts);
}

static void test_clear_status(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const struct {
        uint64_t token, bit, other;
    } calls[] = {
        { H_CLEAR_REF, R_R, R_C },
        { H_CLEAR_MOD, R_C, R_R },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        uint64_t token = calls[i].token;
        uint64_t rest = R_M | R_PP1 | calls[i].other;
        uint64_t rets[SPAPR_QTEST_REGS];

        g_assert_cmpint(hcall(qts, token, 0, ENTRIES), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, token, 0, -1ULL), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, token, 0, 20 + i), ==, H_NOT_FOUND);
        pte_put(qts, 20 + i, AVPN(1), rest | calls[i].bit);
        g_assert_cmpint(hcall_rets(qts, rets, token, 0, 20 + i), ==,
                        H_SUCCESS);
        g_assert_cmphex(rets[0], ==, rest | calls[i].bit);
        assert_pte(qts, 20 + i, AVPN(1) | V_VALID, rest);
        g_assert_cmpint(hcall_rets(qts, rets, token, 0, 20 + i), ==,
                        H_SUCCESS);
        g_assert_cmphex(rets[0], ==, rest);
        assert_pte(qts, 20 + i, AVPN(1) | V_VALID, rest);
    }
    qtest_quit(qts);
}

/* Control bytes of H_BULK_REMOVE's translation specifiers */
#define BULK(byte)      ((uint64_t)(byte) << 56)
#define BULK_ABSOLUTE   BULK(0x40)
#define BULK_ANDCOND    BULK(0x41)
#define BULK_AVPN       BULK(0x42)
#define BULK_NOT_USED   BULK(0x43)
#define BULK_END        BULK(0xc0)
#define BULK_OK         BULK(0x80)
#define BULK_NOT_FOUND  BULK(0x90)
#define BULK_PARM       BULK(0xa0)
#define BULK_R          BULK(0x08)
#define BULK_C          BULK(0x04)

static void test_bulk_remove(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned i = 0; i < 4; i++) {
        pte_put(qts, 200 + i, AVPN(i + 1) | V_BOLTED,
                R_M | (i & 1 ? R_R : 0) | (i & 2 ? R_C : 0));
    }
    /* All four, in all ways, with R and C */
    {
        uint64_t args[] = {
            BULK_ABSOLUTE | 200, -1ULL, BULK_AVPN | 201, AVPN(2),
            BULK_ANDCOND | 202, AVPN(4), BULK_ABSOLUTE | 203, 0,
        };

        g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BULK_REMOVE, args, 8,
                                          rets), ==, H_SUCCESS);
        g_assert_cmphex(rets[0], ==, BULK_OK | 200);
        g_assert_cmphex(rets[2] & ~BULK(3), ==, BULK_OK | BULK_R | 201);
        g_assert_cmphex(rets[4] & ~BULK(3), ==, BULK_OK | BULK_C | 202);
        g_assert_cmphex(rets[6], ==, BULK_OK | BULK_R | BULK_C | 203);
        for (unsigned i = 0; i < 4; i++) {
            g_assert_cmphex(rets[2 * i + 1], ==, args[2 * i + 1]);
            assert_pte(qts, 200 + i, 0, 0);
        }
    }

    /* What is not found stops nothing */
    pte_put(qts, 200, AVPN(1), R_M);
    pte_put(qts, 201, AVPN(3), R_M);
    pte_put(qts, ENTRIES - 1, AVPN(4), R_M | R_R | R_C);
    {
        uint64_t args[] = {
            BULK_AVPN | 200, AVPN(2), BULK_ANDCOND | 201, AVPN(1),
            BULK_ABSOLUTE | 202, 0, BULK_AVPN | (ENTRIES - 1), AVPN(4),
        };

        g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BULK_REMOVE, args, 8,
                                          rets), ==, H_SUCCESS);
        g_assert_cmphex(rets[0] & ~BULK(3), ==, BULK_NOT_FOUND | 200);
        g_assert_cmphex(rets[2] & ~BULK(3), ==, BULK_NOT_FOUND | 201);
        g_assert_cmphex(rets[4], ==, BULK_NOT_FOUND | 202);
        g_assert_cmphex(rets[6] & ~BULK(3), ==,
                        BULK_OK | BULK_R | BULK_C | (ENTRIES - 1));
        assert_pte(qts, 200, AVPN(1) | V_VALID, R_M);
        assert_pte(qts, 201, AVPN(3) | V_VALID, R_M);
        assert_pte(qts, ENTRIES - 1, 0, 0);
    }

    /* "andcond" looks at the AVPN bits alone, other than in H_REMOVE */
    g_assert_cmpint(hcall_rets(qts, rets, H_BULK_REMOVE, BULK_ANDCOND | 200,
                               V_VALID, BULK_END, 0), ==, H_SUCCESS);
    g_assert_cmphex(rets[0] & ~BULK(3), ==, BULK_OK | 200);
    /* Low bits in an AVPN never match */
    g_assert_cmpint(hcall_rets(qts, rets, H_BULK_REMOVE, BULK_AVPN | 201,
                               AVPN(3) | V_VALID, BULK_END, 0), ==, H_SUCCESS);
    g_assert_cmphex(rets[0] & ~BULK(3), ==, BULK_NOT_FOUND | 201);

    /* The end stops, and what is behind it stays */
    {
        uint64_t args[] = {
            BULK_END | 0x123, 5, BULK_ABSOLUTE | 201, 6,
            BULK_NOT_USED | 201, 7, 0, 8,
        };

        g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BULK_REMOVE, args, 8,
                                          rets), ==, H_SUCCESS);
        for (unsigned i = 0; i < 8; i++) {
            g_assert_cmphex(rets[i], ==, args[i]);
        }
        assert_pte(qts, 201, AVPN(3) | V_VALID, R_M);
    }
    qtest_quit(qts);
}

static void test_bulk_remove_errors(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    /* An entry that would be there, and everything that is wrong with it */
    static const uint64_t bad[] = {
        BULK(0x00) | 301, BULK(0x3f) | 301, BULK_NOT_USED | 301,
        BULK(0x80) | 301, BULK(0xbf) | 301, BULK_ABSOLUTE | ENTRIES,
        BULK_AVPN | ENTRIES, BULK_ANDCOND | ENTRIES,
        BULK_ABSOLUTE | 0x00ffffffffffffffULL,
        BULK_ABSOLUTE | 0x0080000000000000ULL,
    };

    pte_put(qts, 301, AVPN(1), R_M);
    pte_put(qts, 302, AVPN(2), R_M);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        uint64_t args[] = {
            BULK_ABSOLUTE | 300, 0, bad[i], AVPN(1), BULK_ABSOLUTE | 302, 0
        };
        uint64_t rets[SPAPR_QTEST_REGS];

        pte_put(qts, 300, AVPN(3), R_M);
        g_assert_cmpint(spapr_qtest_hcall(qts, 0, H_BULK_REMOVE, args, 6,
                                          rets), ==, H_PARAMETER);
        /* What came before is done, the culprit is told, the rest is not */
        g_assert_cmphex(rets[0], ==, BULK_OK | 300);
        assert_pte(qts, 300, 0, 0);
        g_assert_cmphex(rets[2] & BULK(0xf0), ==, BULK_PARM);
        g_assert_cmphex(rets[2] & ~BULK(0xff), ==, bad[i] & ~BULK(0xff));
        g_assert_cmphex(rets[4], ==, args[4]);
        assert_pte(qts, 301, AVPN(1) | V_VALID, R_M);
        assert_pte(qts, 302, AVPN(2) | V_VALID, R_M);
    }
    qtest_quit(qts);
}

static void check_page_init(const char *args)
{
    QTestState *qts = qtest_init(args);
    static const uint64_t bad[] = {
        1, SCRATCH + 8, SCRATCH + PAGE - 1, RAM, RAM - 8, 1ULL << 40,
        1ULL << 63, -4096ULL, -1ULL
    };
    uint64_t src = SCRATCH, dst = SCRATCH + 2 * PAGE;

    fill(qts, dst - PAGE, 3 * PAGE);
    qtest_memset(qts, src, 0x3c, PAGE);

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_ZERO, bad[i], src), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_PAGE_INIT, 0, bad[i], src), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY, bad[i], src), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY | F_ZERO, dst, bad[i]),
                        ==, H_PARAMETER);
    }
    assert_memory(qts, dst - PAGE, 3 * PAGE, 0xa5);

    /* The source is looked at for a copy alone */
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_ICACHE_INV | F_ICACHE_SYNC, dst,
                          -1ULL), ==, H_SUCCESS);
    assert_memory(qts, dst - PAGE, 3 * PAGE, 0xa5);
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_ZERO, dst, -1ULL), ==,
                    H_SUCCESS);
    assert_memory(qts, dst - PAGE, PAGE, 0xa5);
    assert_memory(qts, dst, PAGE, 0);
    assert_memory(qts, dst + PAGE, PAGE, 0xa5);

    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY | F_ICACHE_SYNC, dst, src),
                    ==, H_SUCCESS);
    assert_memory(qts, dst - PAGE, PAGE, 0xa5);
    assert_memory(qts, dst, PAGE, 0x3c);
    assert_memory(qts, dst + PAGE, PAGE, 0xa5);
    /* Both: the copy comes last; onto itself: it is zero by then */
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY | F_ZERO, dst, src), ==,
                    H_SUCCESS);
    assert_memory(qts, dst, PAGE, 0x3c);
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY | F_ZERO, dst, dst), ==,
                    H_SUCCESS);
    assert_memory(qts, dst, PAGE, 0);

    /* Both ends of memory */
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY, RAM - PAGE, src), ==,
                    H_SUCCESS);
    assert_memory(qts, RAM - PAGE, PAGE, 0x3c);
    g_assert_cmpint(hcall(qts, H_PAGE_INIT, F_COPY, 0, RAM - PAGE), ==,
                    H_SUCCESS);
    assert_memory(qts, 0, PAGE, 0x3c);
    qtest_quit(qts);
}

static void test_page_init(void)
{
    check_page_init(HASH_ARGS);
    /* It is no matter of the page table */
    check_page_init(RADIX_ARGS);
}

/* A 128th of memory, rounded up to a power of two */
static void test_table_size(void)
{
    static const struct {
        const char *args;
        uint64_t entries;
    } cases[] = {
        { "-machine pseries -cpu power8 -nodefaults -m 256M", 1 << 17 },
        { "-machine pseries -cpu power8 -nodefaults -m 512M", 1 << 18 },
        { "-machine pseries -cpu power8 -nodefaults -m 768M", 1 << 19 },
        { "-machine pseries -cpu power8 -nodefaults -m 1G", 1 << 19 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = qtest_init(cases[i].args);

        g_assert_cmpint(hcall(qts, H_READ, 0, cases[i].entries - 1), ==,
                        H_SUCCESS);
        g_assert_cmpint(hcall(qts, H_READ, 0, cases[i].entries), ==,
                        H_PARAMETER);
        qtest_quit(qts);
    }
}

static void test_reset(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    pte_put(qts, 0, AVPN(1), R_M);
    pte_put(qts, ENTRIES - 1, AVPN(2), R_M);
    qtest_system_reset(qts);
    assert_pte(qts, 0, 0, 0);
    assert_pte(qts, ENTRIES - 1, 0, 0);
    pte_put(qts, 0, AVPN(3), R_M);
    assert_pte(qts, 0, AVPN(3) | V_VALID, R_M);
    qtest_quit(qts);
}

/*
 * The in-memory tables
 */

#define T_NEW           0x18
#define T_DEREGISTER    0x10
#define T_KEEP          0x08
#define T_RADIX         0x04
#define T_HPT_BY_TABLE  0x02
#define T_GTSE          0x01

#define L_UPRT          BE_BIT(41)
#define L_HR            BE_BIT(43)
#define L_GTSE          BE_BIT(53)

/* LPCR of every processor, as far as it is about translation */
static void assert_lpcr(QTestState *qts, unsigned cpus, uint64_t expected)
{
    g_autofree char *text = qtest_hmp(qts, "info registers -a");
    const char *at = text;
    unsigned n = 0;

    while ((at = strstr(at, " LPCR "))) {
        uint64_t lpcr = g_ascii_strtoull(at + 6, NULL, 16);

        g_assert_cmphex(lpcr & (L_UPRT | L_HR | L_GTSE), ==, expected);
        at += 6;
        n++;
    }
    g_assert_cmpuint(n, ==, cpus);
}

static void test_no_tables(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    g_assert_cmpint(hcall(qts, H_REGISTER_PROC_TBL, 0, 0, 0, 0), ==,
                    H_FUNCTION);
    g_assert_cmpint(hcall(qts, H_REGISTER_PROC_TBL, T_NEW | T_RADIX, SCRATCH,
                          0, 4), ==, H_FUNCTION);
    g_assert_cmpint(hcall(qts, H_INVALIDATE_PID, 0, 1), ==, H_FUNCTION);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, 1, 1, 0), ==, H_FUNCTION);
    qtest_quit(qts);
}

static void test_radix_has_no_hpt(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS);
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(pte_enter(qts, 0, 0, AVPN(1), R_M, NULL), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_READ, F_READ_4, 3), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PROTECT, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_CLEAR_REF, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_CLEAR_MOD, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall_rets(qts, rets, H_BULK_REMOVE, BULK_ABSOLUTE, 0), ==,
                    H_PARAMETER);
    g_assert_cmphex(rets[0], ==, BULK_PARM);
    qtest_quit(qts);
}

static int64_t register_table(QTestState *qts, uint64_t flags, uint64_t base,
                              uint64_t page_size, uint64_t table_size)
{
    return hcall(qts, H_REGISTER_PROC_TBL, flags, base, page_size, table_size);
}

/* Flags, before anything was negotiated: radix without GTSE */
static void test_register_flags(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 2");

    assert_lpcr(qts, 2, L_UPRT | L_HR);
    for (unsigned bit = 0; bit < 59; bit++) {
        g_assert_cmpint(register_table(qts, BE_BIT(bit) | T_NEW | T_RADIX,
                                       SCRATCH, 0, 4), ==, H_PARAMETER);
    }
    g_assert_cmpint(register_table(qts, -1ULL, -1ULL, -1ULL, -1ULL), ==,
                    H_PARAMETER);
    for (unsigned flags = 0; flags < 32; flags++) {
        bool new = (flags & T_NEW) == T_NEW;
        bool good = (flags & T_RADIX) && !(flags & T_GTSE);

        /* Bit 62 does not matter when bit 61 is set */
        g_assert_cmpint(register_table(qts, flags, new ? SCRATCH : 0, 0,
                                       new ? 4 : 0), ==,
                        good ? H_SUCCESS : H_PARAMETER);
        assert_lpcr(qts, 2, L_UPRT | L_HR);
    }
    qtest_quit(qts);
}

static void test_register_arguments(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS);
    static const uint64_t others[] = { 0, T_KEEP, T_DEREGISTER };
    static const uint64_t bad_base[] = {
        1, SCRATCH + 8, SCRATCH + 2048, RAM, 1ULL << 40, 1ULL << 60,
        1ULL << 63, -4096ULL, -1ULL
    };
    static const uint64_t bad_size[] = {
        25, 31, 32, 52, 64, 1ULL << 32, -1ULL
    };

    /* Arguments where there is nothing to register, in their order */
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        uint64_t flags = others[i] | T_RADIX;

        g_assert_cmpint(register_table(qts, flags, 1, 1, 1), ==, H_P2);
        g_assert_cmpint(register_table(qts, flags, SCRATCH, 0, 0), ==, H_P2);
        g_assert_cmpint(register_table(qts, flags, 0, 1, 1), ==, H_P3);
        g_assert_cmpint(register_table(qts, flags, 0, 0, 1), ==, H_P4);
        g_assert_cmpint(register_table(qts, flags, 0, 0, 0), ==, H_SUCCESS);
    }

    for (unsigned i = 0; i < ARRAY_SIZE(bad_base); i++) {
        g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, bad_base[i], 0,
                                       0), ==, H_P2);
        g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, bad_base[i], 1,
                                       25), ==, H_P2);
    }
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, SCRATCH, 1, 0), ==,
                    H_P3);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, SCRATCH, -1ULL, 25),
                    ==, H_P3);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_size); i++) {
        g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, SCRATCH, 0,
                                       bad_size[i]), ==, H_P4);
    }

    /* Not aligned to its size, and not all of it in memory */
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, SCRATCH + PAGE, 0, 1),
                    ==, H_P2);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, 0, 0, 18), ==, H_P2);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, 0, 0, 24), ==, H_P2);
    /* All that fits */
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, 0, 0, 17), ==,
                    H_SUCCESS);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, RAM - PAGE, 0, 0), ==,
                    H_SUCCESS);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX, RAM - 16 * MiB, 0,
                                   12), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_register_gtse(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 1");

    g_assert_cmpint(negotiate(qts, 0x40, 0x40), ==, H_SUCCESS);
    assert_lpcr(qts, 1, L_UPRT | L_HR | L_GTSE);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX | T_GTSE, SCRATCH, 0,
                                   4), ==, H_SUCCESS);
    assert_lpcr(qts, 1, L_UPRT | L_HR | L_GTSE);
    /* A guest may do without */
    g_assert_cmpint(register_table(qts, T_RADIX, 0, 0, 0), ==, H_SUCCESS);
    assert_lpcr(qts, 1, L_UPRT | L_HR);
    g_assert_cmpint(register_table(qts, T_DEREGISTER | T_RADIX | T_GTSE, 0, 0,
                                   0), ==, H_SUCCESS);
    assert_lpcr(qts, 1, L_UPRT | L_HR | L_GTSE);
    qtest_system_reset(qts);
    assert_lpcr(qts, 1, L_UPRT | L_HR);
    qtest_quit(qts);
}

/* A POWER9 guest that wants hash */
static void test_register_hash(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 1");

    g_assert_cmpint(negotiate(qts, 0x00, 0x00), ==, H_SUCCESS);
    assert_lpcr(qts, 1, 0);
    pte_put(qts, ENTRIES - 1, AVPN(1), R_M);

    /* Segments by the SLB, no process table: what Linux asks for */
    g_assert_cmpint(register_table(qts, 0, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(register_table(qts, T_DEREGISTER, 0, 0, 0), ==, H_SUCCESS);
    for (unsigned flags = 0; flags < 32; flags++) {
        bool good = (flags & ~T_KEEP) == 0 || flags == T_DEREGISTER;

        g_assert_cmpint(register_table(qts, flags, 0, 0, 0), ==,
                        good ? H_SUCCESS : H_PARAMETER);
        assert_lpcr(qts, 1, 0);
    }
    assert_pte(qts, ENTRIES - 1, AVPN(1) | V_VALID, R_M);

    /* To negotiate again is to begin with an empty table */
    g_assert_cmpint(negotiate(qts, 0x00, 0x00), ==, H_SUCCESS);
    assert_pte(qts, ENTRIES - 1, 0, 0);
    pte_put(qts, ENTRIES - 1, AVPN(1), R_M);
    g_assert_cmpint(negotiate(qts, 0x40, 0x00), ==, H_SUCCESS);
    assert_lpcr(qts, 1, L_UPRT | L_HR);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    qtest_quit(qts);
}

static void test_invalidate_pid(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 2");

    for (unsigned flags = 0; flags < 4; flags++) {
        g_assert_cmpint(hcall(qts, H_INVALIDATE_PID, flags, 1), ==, H_SUCCESS);
        g_assert_cmpint(hcall(qts, H_INVALIDATE_PID, flags, -1ULL), ==,
                        H_SUCCESS);
    }
    for (unsigned bit = 0; bit < 62; bit++) {
        g_assert_cmpint(hcall(qts, H_INVALIDATE_PID, BE_BIT(bit) | 1, 1), ==,
                        H_PARAMETER);
    }
    qtest_quit(qts);
}

static void test_clean_slb(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 2");
    uint64_t c = BE_BIT(47), b = BE_BIT(55), global = BE_BIT(62), nest = 1;
    uint64_t esid = 0xc000000000000000ULL;

    for (unsigned bit = 0; bit < 62; bit++) {
        int64_t ret = bit == 47 || bit == 55 ? H_SUCCESS : H_PARAMETER;

        g_assert_cmpint(hcall(qts, H_CLEAN_SLB, BE_BIT(bit) | global, 0, esid),
                        ==, ret);
        /* Class and size belong to a segment */
        g_assert_cmpint(hcall(qts, H_CLEAN_SLB, BE_BIT(bit) | nest, 0, 0), ==,
                        H_PARAMETER);
    }
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, global | nest, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, global | nest, 0, 1), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, nest, 0, 1), ==, H_P3);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, nest, 0, esid), ==, H_P3);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, nest, -1ULL, 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, global, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_CLEAN_SLB, global | c | b, -1ULL, -1ULL), ==,
                    H_SUCCESS);
    qtest_quit(qts);
}

/*
 * Migration
 */

static void test_migrate_hash(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t where[] = {
        0, 1, 255, 256, 257, 4096, 77777, ENTRIES - 256, ENTRIES - 1
    };

    for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
        pte_put(qts, where[i], AVPN(i + 1), R_M | R_PP1 | i * PAGE);
    }
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, 257, 0), ==, H_SUCCESS);
    qts = migrate(qts, HASH_ARGS);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
            if (where[i] == 257) {
                assert_pte(qts, 257, 0, 0);
            } else {
                assert_pte(qts, where[i], AVPN(i + 1) | V_VALID,
                           R_M | R_PP1 | i * PAGE);
            }
        }
        assert_pte(qts, 2, 0, 0);
        assert_pte(qts, ENTRIES / 2, 0, 0);
        /* What came can be sent on */
        if (!round) {
            qts = migrate(qts, HASH_ARGS);
        }
    }
    g_assert_cmpint(hcall(qts, H_READ, 0, ENTRIES), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, 0, AVPN(1)), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* POWER9 starts with radix and no table; the guest has chosen otherwise */
static void test_migrate_mode(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 1");

    g_assert_cmpint(negotiate(qts, 0x00, 0x00), ==, H_SUCCESS);
    pte_put(qts, 1234, AVPN(1), R_M);
    qts = migrate(qts, RADIX_ARGS "-smp 1");
    assert_lpcr(qts, 1, 0);
    assert_pte(qts, 1234, AVPN(1) | V_VALID, R_M);
    g_assert_cmpint(register_table(qts, T_RADIX, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(register_table(qts, 0, 0, 0, 0), ==, H_SUCCESS);

    g_assert_cmpint(negotiate(qts, 0x40, 0x40), ==, H_SUCCESS);
    qts = migrate(qts, RADIX_ARGS "-smp 1");
    assert_lpcr(qts, 1, L_UPRT | L_HR | L_GTSE);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(register_table(qts, T_NEW | T_RADIX | T_GTSE, SCRATCH, 0,
                                   4), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* Ways of translation that no guest of ours can have are refused */
static void test_bad_migration(void)
{
    static const uint64_t lpcrs[] = {
        0, L_UPRT, L_HR, L_UPRT | L_HR | 1, L_UPRT | L_HR | L_GTSE,
    };
    static const struct {
        uint64_t value, mask;
    } wishes[] = {
        { L_UPRT, L_UPRT | L_HR },
        { L_HR, L_UPRT | L_HR },
        /* Interrupts to the hypervisor, virtualized real mode */
        { 0, BE_BIT(60) },
        { -1, BE_BIT(1) },
    };
    const char *options = RADIX_ARGS "-smp 1";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    size_t len, size;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* The process table, then: radix translation, GTSE, LPCR */
    at = spapr_qtest_section(state, len, "spapr-mmu", &size) + 8;
    g_assert_cmphex(ldq_be_p(at + 2), ==, L_UPRT | L_HR);
    for (unsigned i = 0; i < ARRAY_SIZE(lpcrs); i++) {
        spapr_qtest_number_refused(options, path, state, len, at + 2, lpcrs[i],
                                   8, "LPCR");
    }
    spapr_qtest_number_refused(options, path, state, len, at, 0x0001, 2,
                               "radix");
    spapr_qtest_number_refused(options, path, state, len, at, 0x0000, 2,
                               "LPCR");

    /* What is to become of LPCR is at the end, before interrupts */
    at = spapr_qtest_section(state, len, "spapr-cpu-core@0/spapr-cpu-core",
                             &size);
    at += size - 4 - 16;
    for (unsigned i = 0; i < ARRAY_SIZE(wishes); i++) {
        stq_be_p(at, wishes[i].value);
        spapr_qtest_number_refused(options, path, state, len, at + 8,
                                   wishes[i].mask, 8, "LPCR");
    }
    unlink(path);
}

/*
 * Accesses find an entry, set R and C in it, and feel every change of it: no
 * TLB keeps what was taken away.
 */
static void test_guest_hash(void)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    /* Virtual segment 0x123 at 256 MiB; its first page hashes to its number */
    const uint64_t vsid = 0x123, ea = 256 * MiB, ptex = vsid * 8;
    const uint64_t pte1 = 8 * MiB | R_M | R_PP1, avpn = vsid << 12;
    unsigned n = 0, m = 0;
    QTestState *qts;
    char *path;

    guest_begin(guest);
    emit_li(guest, 11, 0x12345678);
    emit_hcall(guest, H_ENTER, F_EXACT, ptex, avpn, pte1);
    emit_result(guest, 3, n++);
    emit_li(guest, 8, avpn);
    emit_li(guest, 9, ea | 1 << 27);
    emit(guest, 0x7c000324 | 8 << 21 | 9 << 11);                    /* slbmte */
    emit(guest, 0x4c00012c);                                        /* isync */

    emit_hcall(guest, H_READ, 0, ptex, 0, 0);
    emit_result(guest, 5, n++);
    emit_access(guest, false, ea);
    emit_hcall(guest, H_READ, 0, ptex, 0, 0);
    emit_result(guest, 5, n++);
    emit_li(guest, 11, 0x12345678);
    emit_access(guest, true, ea + 8);
    emit_hcall(guest, H_READ, 0, ptex, 0, 0);
    emit_result(guest, 5, n++);

    /* R and C come back after they were cleared */
    emit_hcall(guest, H_CLEAR_MOD, 0, ptex, 0, 0);
    emit_result(guest, 4, n++);
    emit_hcall(guest, H_CLEAR_REF, 0, ptex, 0, 0);
    emit_result(guest, 4, n++);
    emit_access(guest, true, ea + 16);
    emit_hcall(guest, H_READ, 0, ptex, 0, 0);
    emit_result(guest, 5, n++);
    emit_hcall(guest, H_PROTECT, F_AVPN | F_PP1 | F_PP2, ptex, avpn, 0);
    emit_result(guest, 3, n++);
    emit_access(guest, false, ea);
    emit_hcall(guest, H_READ, 0, ptex, 0, 0);
    emit_result(guest, 5, n++);

    /* Another page in its place */
    emit_hcall(guest, H_REMOVE, F_AVPN, ptex, avpn, 0);
    emit_result(guest, 3, n++);
    emit_result(guest, 4, n++);
    emit_result(guest, 5, n++);
    emit_hcall(guest, H_ENTER, F_EXACT, ptex, avpn, pte1 + PAGE);
    emit_access(guest, false, ea + 8);
    emit_result(guest, 11, n++);
    emit_li(guest, 11, 0x87654321);
    emit_access(guest, true, ea);
    emit_hcall(guest, H_BULK_REMOVE, BULK_ABSOLUTE | ptex, 0, BULK_END, 0);
    emit_result(guest, 4, n++);
    emit_hcall(guest, H_ENTER, F_EXACT, ptex, avpn, pte1 + 2 * PAGE);
    emit_access(guest, false, ea);
    emit_result(guest, 11, n++);
    emit_li(guest, 3, GUEST_DONE);
    emit_result(guest, 3, n++);

    /* Read-only: a store ends in a data storage interrupt */
    emit_hcall(guest, H_PROTECT, F_PP1 | F_PP2, ptex, 0, 0);
    emit_access(guest, true, ea);

    qts = guest_start(guest, "power8", &path);
    guest_wait(qts, 0x300);
    assert_result(qts, m++, H_SUCCESS);
    assert_result(qts, m++, pte1);
    assert_result(qts, m++, pte1 | R_R);
    assert_result(qts, m++, pte1 | R_R | R_C);
    assert_result(qts, m++, pte1 | R_R | R_C);
    assert_result(qts, m++, pte1 | R_R);
    assert_result(qts, m++, pte1 | R_R | R_C);
    assert_result(qts, m++, H_SUCCESS);
    assert_result(qts, m++, pte1 | R_PP2 | R_R | R_C);
    assert_result(qts, m++, H_SUCCESS);
    assert_result(qts, m++, avpn | V_VALID);
    assert_result(qts, m++, pte1 | R_PP2 | R_R | R_C);
    assert_result(qts, m++, 0);
    assert_result(qts, m++, BULK_OK | BULK_R | BULK_C | ptex);
    assert_result(qts, m++, 0);
    assert_result(qts, m++, GUEST_DONE);
    g_assert_cmpuint(m, ==, n);
    g_assert_cmphex(guest_register(qts, "DAR"), ==, ea);
    /* A protection violation, by a store */
    g_assert_cmphex(guest_register(qts, "DSISR"), ==, 0x0a000000);

    g_assert_cmphex(qtest_readl(qts, 8 * MiB), ==, 0);
    g_assert_cmphex(qtest_readl(qts, 8 * MiB + 8), ==, 0x12345678);
    g_assert_cmphex(qtest_readl(qts, 8 * MiB + PAGE), ==, 0x87654321);
    guest_end(qts, path);
}

/* Radix translation without a process table is an interrupt like another */
static void test_guest_radix(void)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    QTestState *qts;
    char *path;

    guest_begin(guest);
    emit_access(guest, false, 8 * MiB);
    qts = guest_start(guest, "power9", &path);
    guest_wait(qts, 0x300);
    g_assert_cmphex(guest_register(qts, "DAR"), ==, 8 * MiB);
    /* "Unsupported MMU configuration" */
    g_assert_cmphex(guest_register(qts, "DSISR"), ==, 0x00080000);
    guest_end(qts, path);

    guest_begin(guest);
    emit_toggle_msr(guest, MSR_IR_DR);
    qts = guest_start(guest, "power9", &path);
    guest_wait(qts, 0x400);
    guest_end(qts, path);
}

/*
 * Arguments at random, drawn to hit edges: whatever comes, it is an answer
 * that the LoPAR has, and the machine lives on.
 */

static uint64_t random_word(void)
{
    uint64_t bits = (uint64_t)g_test_rand_int() << 32 |
        (uint32_t)g_test_rand_int();

    switch (g_test_rand_int_range(0, 6)) {
    case 0:
        return BE_BIT(bits % 64);
    case 1:
        return bits % (2 * ENTRIES);
    case 2:
        return bits % (2 * RAM) / PAGE * PAGE | R_M;
    case 3:
        return bits & (bits >> 7) & (bits << 13);
    case 4:
        return -(bits % 4096);
    default:
        return bits;
    }
}

static void check_random(const char *args_line)
{
    static const uint64_t tokens[] = {
        H_ENTER, H_REMOVE, H_READ, H_PROTECT, H_CLEAR_REF, H_CLEAR_MOD,
        H_BULK_REMOVE, H_PAGE_INIT, H_REGISTER_PROC_TBL, H_CLEAN_SLB,
        H_INVALIDATE_PID, H_BLOCK_REMOVE, H_RESIZE_HPT_PREPARE,
        H_RESIZE_HPT_COMMIT, H_RPT_INVALIDATE
    };
    static const int64_t answers[] = {
        H_SUCCESS, H_FUNCTION, H_PARAMETER, H_PTEG_FULL, H_NOT_FOUND,
        H_TOO_BIG, H_P2, H_P3, H_P4, H_P5, H_PARTIAL, H_AUTHORITY, H_CLOSED,
        H_RESOURCE, H_UNSUPPORTED
    };
    QTestState *qts = qtest_init(args_line);

    for (unsigned i = 0; i < 5000; i++) {
        uint64_t token = tokens[g_test_rand_int_range(0, ARRAY_SIZE(tokens))];
        uint64_t args[SPAPR_QTEST_REGS];
        bool known = false;
        int64_t ret;

        for (unsigned j = 0; j < ARRAY_SIZE(args); j++) {
            args[j] = random_word();
        }
        ret = spapr_qtest_hcall(qts, 0, token, args, ARRAY_SIZE(args),
                                NULL);
        for (unsigned j = 0; j < ARRAY_SIZE(answers); j++) {
            known |= ret == answers[j];
        }
        g_assert_true(known);
    }
    qtest_quit(qts);
}

static void test_random(void)
{
    check_random(HASH_ARGS);
    check_random(RADIX_ARGS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/hpt/enter/group", test_enter_group);
    qtest_add_func("/spapr/hpt/enter/exact", test_enter_exact);
    qtest_add_func("/spapr/hpt/enter/index", test_enter_index);
    qtest_add_func("/spapr/hpt/enter/page-size", test_enter_page_size);
    qtest_add_func("/spapr/hpt/enter/wimg", test_enter_wimg);
    qtest_add_func("/spapr/hpt/enter/reserved", test_enter_reserved);
    qtest_add_func("/spapr/hpt/enter/page-flags", test_enter_page_flags);
    qtest_add_func("/spapr/hpt/remove", test_remove);
    qtest_add_func("/spapr/hpt/read", test_read);
    qtest_add_func("/spapr/hpt/protect", test_protect);
    qtest_add_func("/spapr/hpt/clear-status", test_clear_status);
    qtest_add_func("/spapr/hpt/bulk-remove/responses", test_bulk_remove);
    qtest_add_func("/spapr/hpt/bulk-remove/errors", test_bulk_remove_errors);
    qtest_add_func("/spapr/hpt/page-init", test_page_init);
    qtest_add_func("/spapr/hpt/size", test_table_size);
    qtest_add_func("/spapr/hpt/reset", test_reset);
    qtest_add_func("/spapr/mmu/no-tables", test_no_tables);
    qtest_add_func("/spapr/mmu/radix-has-no-hpt", test_radix_has_no_hpt);
    qtest_add_func("/spapr/mmu/register/flags", test_register_flags);
    qtest_add_func("/spapr/mmu/register/arguments", test_register_arguments);
    qtest_add_func("/spapr/mmu/register/gtse", test_register_gtse);
    qtest_add_func("/spapr/mmu/register/hash", test_register_hash);
    qtest_add_func("/spapr/mmu/invalidate-pid", test_invalidate_pid);
    qtest_add_func("/spapr/mmu/clean-slb", test_clean_slb);
    qtest_add_func("/spapr/mmu/migrate/hash", test_migrate_hash);
    qtest_add_func("/spapr/mmu/migrate/mode", test_migrate_mode);
    qtest_add_func("/spapr/mmu/migrate/bad", test_bad_migration);
    qtest_add_func("/spapr/mmu/guest/hash", test_guest_hash);
    qtest_add_func("/spapr/mmu/guest/radix", test_guest_radix);
    qtest_add_func("/spapr/mmu/random", test_random);

    return g_test_run();
}
