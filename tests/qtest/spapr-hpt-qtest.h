/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites about address translation have in common: the numbers of the
 * hash page table, entries, and how a guest chooses its way of translation
 */

#ifndef TESTS_QTEST_SPAPR_HPT_QTEST_H
#define TESTS_QTEST_SPAPR_HPT_QTEST_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"

/* Bits as the Power ISA numbers them: 0 is the most significant */
#define BE_BIT(n)       (1ULL << (63 - (n)))

/* LoPAR, "Page Frame Table Access flags field definition" */
#define F_EXACT         BE_BIT(24)
#define F_R_XLATE       BE_BIT(25)
#define F_READ_4        BE_BIT(26)
#define F_AVPN          BE_BIT(32)
#define F_ANDCOND       BE_BIT(33)
#define F_ICACHE_INV    BE_BIT(40)
#define F_ICACHE_SYNC   BE_BIT(41)
#define F_ZERO          BE_BIT(48)
#define F_COPY          BE_BIT(49)
#define F_KEY(n)        BE_BIT(50 + (n))
#define F_PP0           BE_BIT(55)
#define F_N             BE_BIT(61)
#define F_PP1           BE_BIT(62)
#define F_PP2           BE_BIT(63)

/* Power ISA, hash page table entry */
#define V_1T            BE_BIT(1)
#define V_BOLTED        BE_BIT(59)
#define V_SW60          BE_BIT(60)
#define V_LARGE         BE_BIT(61)
#define V_SECONDARY     BE_BIT(62)
#define V_VALID         BE_BIT(63)
#define R_PP0           BE_BIT(0)
#define R_KEY0          BE_BIT(2)
#define R_KEY1          BE_BIT(3)
#define R_KEY2          BE_BIT(52)
#define R_KEY3          BE_BIT(53)
#define R_KEY4          BE_BIT(54)
#define R_R             BE_BIT(55)
#define R_C             BE_BIT(56)
#define R_W             BE_BIT(57)
#define R_I             BE_BIT(58)
#define R_M             BE_BIT(59)
#define R_G             BE_BIT(60)
#define R_N             BE_BIT(61)
#define R_PP1           BE_BIT(62)
#define R_PP2           BE_BIT(63)

/* Page sizes: the L bit and the encoding in the address's low bits */
#define LP_64K          0x1000ULL
#define LP_64K_IN_4K    0x7000ULL
#define LP_16M          0x0000ULL
#define LP_16M_IN_64K   0x8000ULL
#define LP_16M_IN_4K    0x38000ULL
#define LP_16G          0x3000ULL

#define AVPN(n)         ((uint64_t)(n) << 7)

#define RAM             (512 * MiB)
#define ENTRIES         (RAM / 128 / 16)
#define PAGE            (4 * KiB)
/* Guest memory that tests fill and look at */
#define SCRATCH         (32 * MiB)
/* Where negotiate() has the new device tree put, behind a cell */
#define NEGOTIATED      (SCRATCH + 1 * MiB)
#define NEGOTIATED_TREE (NEGOTIATED + 4)

#define HASH_ARGS       "-machine pseries -cpu power8 -m 512M -nodefaults "
#define RADIX_ARGS      "-machine pseries -cpu power9 -m 512M -nodefaults "

static inline int64_t pte_enter(QTestState *qts, uint64_t flags, uint64_t ptex,
                                uint64_t pte0, uint64_t pte1, uint64_t *chosen)
{
    uint64_t rets[SPAPR_QTEST_REGS];
    int64_t ret = hcall_rets(qts, rets, H_ENTER, flags, ptex, pte0, pte1);

    if (chosen) {
        *chosen = rets[0];
    }
    return ret;
}

/* Enter at exactly one place, which must work */
static inline void pte_put(QTestState *qts, uint64_t ptex, uint64_t pte0,
                           uint64_t pte1)
{
    uint64_t chosen;

    g_assert_cmpint(pte_enter(qts, F_EXACT, ptex, pte0, pte1, &chosen), ==,
                    H_SUCCESS);
    g_assert_cmphex(chosen, ==, ptex);
}

static inline void assert_pte(QTestState *qts, uint64_t ptex, uint64_t pte0,
                              uint64_t pte1)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_READ, 0, ptex), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, pte0);
    g_assert_cmphex(rets[1], ==, pte1);
}

/*
 * Ask for a way of translation, as the guest does early on: Linux's
 * ibm,architecture.vec in small. R4 is its address, R5 a buffer, R6 its size.
 */
static inline int64_t negotiate_all(QTestState *qts, uint8_t binary,
                                    uint8_t mmu, uint8_t radix_ext)
{
    static const uint32_t pvrs[] = {
        0xffffffff, 0x0f000005,     /* Power ISA 3.0 */
        0xffffffff, 0x0f000004,     /* Power ISA 2.07 */
        0xfffffffe, 0x0f000001,     /* the end of the list */
    };
    uint8_t vec[sizeof(pvrs) + 1 + 4 * 2 + 27] = {};
    uint8_t *at = vec;

    for (unsigned i = 0; i < ARRAY_SIZE(pvrs); i++) {
        stl_be_p(at, pvrs[i]);
        at += 4;
    }
    *at++ = 4;                      /* five vectors */
    at += 4 * 2;                    /* four of them of one zero byte */
    *at = 25;                       /* the fifth has bytes 1 to 26 */
    at[6] = binary;
    at[24] = mmu;
    at[26] = radix_ext;
    qtest_memwrite(qts, SCRATCH, vec, sizeof(vec));
    return hcall(qts, H_PRIVATE_CAS, SCRATCH, NEGOTIATED, 1 * MiB);
}

/* The same from a guest that has no more to say */
static inline int64_t negotiate(QTestState *qts, uint8_t mmu, uint8_t radix_ext)
{
    return negotiate_all(qts, 0, mmu, radix_ext);
}

/* A page in virtual memory, for entries that walks would find */
typedef struct VirtualPage {
    uint64_t vsid;
    uint64_t offset;        /* in the segment, in bytes */
    unsigned base_shift;    /* log2 of the segment's page size */
    uint64_t l_lp;          /* V_LARGE or 0, and the encoding above it */
    bool one_tera;
    bool secondary;
} VirtualPage;

/* V_LARGE with one of LP_*, as VirtualPage has it */
#define L_LP(lp)        (V_LARGE | (lp))

static inline uint64_t page_avpn(const VirtualPage *page)
{
    uint64_t low = page->offset >> 16 & ~0x7fULL;

    return page->one_tera ? V_1T | page->vsid << 24 | low :
                            page->vsid << 12 | low;
}

static inline uint64_t page_pte0(const VirtualPage *page)
{
    return page_avpn(page) | (page->l_lp & V_LARGE) |
        (page->secondary ? V_SECONDARY : 0);
}

static inline uint64_t page_pte1(const VirtualPage *page)
{
    return page->l_lp & ~V_LARGE;
}

/* The first entry of a page's group: Power ISA, "Page Table Search" */
static inline uint64_t page_group(const VirtualPage *page, uint64_t entries)
{
    uint64_t hash = page->vsid ^ page->offset >> page->base_shift;

    if (page->one_tera) {
        hash ^= page->vsid << 25;
    }
    if (page->secondary) {
        hash = ~hash;
    }
    return hash % (entries / 8) * 8;
}

/* Save @from to a file, end it, and start another machine from there */
static inline QTestState *migrate(QTestState *from, const char *args)
{
    g_autofree char *path = spapr_qtest_save(from);
    QTestState *to = qtest_initf("%s -incoming defer", args);

    spapr_qtest_load(to, path);
    unlink(path);
    return to;
}

#endif /* TESTS_QTEST_SPAPR_HPT_QTEST_H */
