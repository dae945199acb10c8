/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: H_RPT_INVALIDATE, by which a radix guest has translations forgotten
 */

#include "qemu/osdep.h"
#include <libfdt.h>
#include "spapr-guest.h"
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

#define TARGET_ALL      0x01
#define TARGET_LOCAL    0x02
#define TARGET_NEST     0x04
#define TYPE_NESTED     0x01
#define TYPE_TLB        0x02
#define TYPE_PWC        0x04
#define TYPE_PRT        0x08
#define PAGES_4K        0x01
#define PAGES_64K       0x02
#define PAGES_2M        0x04
#define PAGES_1G        0x08
#define PAGES_ALL       (-1ULL)

static int64_t invalidate(QTestState *qts, uint64_t pid, uint64_t target,
                          uint64_t type, uint64_t pages, uint64_t start,
                          uint64_t end)
{
    return hcall(qts, H_RPT_INVALIDATE, pid, target, type, pages, start, end);
}

/* Each argument's good and bad values, with all behind it bad */
static void test_arguments(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 2");
    static const uint64_t bad_pids[] = { 1ULL << 32, 1ULL << 63, -1ULL };
    static const uint64_t good_pids[] = { 0, 1, 0xfffff, 0xffffffff };

    for (unsigned i = 0; i < ARRAY_SIZE(bad_pids); i++) {
        g_assert_cmpint(invalidate(qts, bad_pids[i], 0, 0, 0, 1, 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(invalidate(qts, bad_pids[i], TARGET_ALL, TYPE_TLB,
                                   PAGES_ALL, 0, -1ULL), ==, H_PARAMETER);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(good_pids); i++) {
        g_assert_cmpint(invalidate(qts, good_pids[i], TARGET_ALL, TYPE_TLB,
                                   PAGES_ALL, 0, -1ULL), ==, H_SUCCESS);
    }
    for (unsigned target = 0; target < 16; target++) {
        bool good = target && target < 8 && (target & 3) != 3;

        g_assert_cmpint(invalidate(qts, 1, target, 0, 0, 1, 0), ==,
                        good ? H_P3 : H_P2);
        g_assert_cmpint(invalidate(qts, 1, target, TYPE_TLB, PAGES_4K, 0,
                                   PAGE), ==, good ? H_SUCCESS : H_P2);
    }
    for (unsigned type = 0; type < 32; type++) {
        bool good = type && type < 16 && !(type & TYPE_NESTED);

        g_assert_cmpint(invalidate(qts, 1, TARGET_ALL, type, 0, 1, 0), ==,
                        good ? H_P4 : H_P3);
        g_assert_cmpint(invalidate(qts, 1, TARGET_LOCAL, type, PAGES_4K, 0,
                                   PAGE), ==, good ? H_SUCCESS : H_P3);
    }
    for (unsigned pages = 0; pages < 32; pages++) {
        bool good = pages && pages < 16;

        g_assert_cmpint(invalidate(qts, 1, TARGET_ALL, TYPE_TLB, pages, 1, 0),
                        ==, good ? H_P5 : H_P4);
        g_assert_cmpint(invalidate(qts, 1, TARGET_ALL, TYPE_TLB, pages, 0, 1),
                        ==, good ? H_SUCCESS : H_P4);
    }
    for (unsigned bit = 0; bit < 60; bit++) {
        uint64_t high = BE_BIT(bit);

        g_assert_cmpint(invalidate(qts, 1, high | TARGET_ALL, 0, 0, 1, 0), ==,
                        H_P2);
        g_assert_cmpint(invalidate(qts, 1, TARGET_ALL, high | TYPE_TLB, 0, 1,
                                   0), ==, H_P3);
        g_assert_cmpint(invalidate(qts, 1, TARGET_ALL, TYPE_TLB,
                                   high | PAGES_4K, 1, 0), ==, H_P4);
    }
    qtest_quit(qts);
}

static void test_range(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS "-smp 2");
    static const uint64_t edges[] = {
        0, 1, PAGE - 1, PAGE, 64 * KiB, 2 * MiB, 1 * GiB, 1ULL << 52,
        1ULL << 63, 0xc000000000000000ULL, -(1ULL << 30), -(2ULL << 20),
        -(64ULL << 10), -4096ULL, -2ULL, -1ULL
    };
    static const uint64_t pages[] = {
        PAGES_4K, PAGES_64K, PAGES_2M, PAGES_1G, PAGES_ALL
    };

    for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(edges); j++) {
            for (unsigned k = 0; k < ARRAY_SIZE(pages); k++) {
                g_assert_cmpint(invalidate(qts, 0, TARGET_ALL, TYPE_TLB,
                                           pages[k], edges[i], edges[j]), ==,
                                i <= j ? H_SUCCESS : H_P5);
            }
        }
    }
    qtest_quit(qts);
}

static bool is_promised(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node = fdt_path_offset(fdt, "/rtas");

    g_assert_cmpint(node, >=, 0);
    return fdt_stringlist_search(fdt, node, "ibm,hypertas-functions",
                                 "hcall-rpt-invalidate") >= 0;
}

/* Who has it: processors with radix translation, while they use it */
static void test_modes(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    g_assert_false(is_promised(qts));
    g_assert_cmpint(invalidate(qts, 0, TARGET_ALL, TYPE_TLB, PAGES_ALL, 0,
                               -1ULL), ==, H_FUNCTION);
    qtest_quit(qts);

    qts = qtest_init(RADIX_ARGS);
    g_assert_true(is_promised(qts));
    g_assert_cmpint(negotiate(qts, 0x40, 0x40), ==, H_SUCCESS);
    g_assert_cmpint(invalidate(qts, 0, TARGET_ALL, TYPE_TLB, PAGES_ALL, 0,
                               -1ULL), ==, H_SUCCESS);
    g_assert_cmpint(negotiate(qts, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmpint(invalidate(qts, 0, TARGET_ALL, TYPE_TLB, PAGES_ALL, 0,
                               -1ULL), ==, H_UNSUPPORTED);
    g_assert_cmpint(invalidate(qts, -1ULL, 0, 0, 0, 1, 0), ==, H_UNSUPPORTED);
    qtest_quit(qts);
}

/*
 * A radix guest: a tree for process 0 that maps a page or two at EA_A and
 * further up, built by the guest's own stores in real mode
 */

#define PROCESS_TABLE   (16 * MiB)
#define TREE            (17 * MiB)      /* four levels, 64 KiB apart */
#define LEVEL(n)        (TREE + (n) * 64 * KiB)
#define FRAMES          (20 * MiB)

#define EA_A            0x40000000ULL   /* entry 0 of the last level */

/* Power ISA, radix tree: directory and page entries */
#define PDE(addr, bits) (BE_BIT(0) | (addr) | (bits))
#define PTE(addr)       (BE_BIT(0) | BE_BIT(1) | (addr) | 0x180 | 0x0e)
/* A tree of 52 bits, whose root has 13 of them */
#define TREE_SIZE       (2ULL << 61 | 5ULL << 5)

/* Store a doubleword of the guest's, in real mode */
static void emit_store(Guest *guest, uint64_t addr, uint64_t value)
{
    emit_li(guest, 10, addr);
    emit_li(guest, 11, value);
    emit(guest, 0xf8000000 | 11 << 21 | 10 << 16);                  /* std */
    emit(guest, 0x7c0004ac);                                        /* sync */
}

static void emit_tree(Guest *guest)
{
    emit_store(guest, PROCESS_TABLE, TREE_SIZE | LEVEL(0) | 13);
    emit_store(guest, LEVEL(0), PDE(LEVEL(1), 9));
    emit_store(guest, LEVEL(1) + 8, PDE(LEVEL(2), 9));
    emit_store(guest, LEVEL(2), PDE(LEVEL(3), 9));
    for (unsigned i = 0; i < 4; i++) {
        emit_store(guest, FRAMES + i * PAGE, (0x1111ULL * (i + 1)) << 32);
    }
    emit_hcall(guest, H_REGISTER_PROC_TBL, 0x1c, PROCESS_TABLE, 0, 0);
}

static void emit_invalidate(Guest *guest, uint64_t target, uint64_t type,
                            uint64_t pages, uint64_t start, uint64_t end)
{
    emit_li(guest, 8, start);
    emit_li(guest, 9, end);
    emit_hcall(guest, H_RPT_INVALIDATE, 0, target, type, pages);
}

/* No TLB keeps a page that was exchanged, whatever way was asked for that */
static void test_guest(void)
{
    static const struct {
        uint64_t target, type, pages, start, end;
    } ways[] = {
        { TARGET_ALL, TYPE_TLB, PAGES_4K, EA_A, EA_A + PAGE },
        { TARGET_LOCAL, TYPE_TLB, PAGES_4K, EA_A, EA_A + PAGE },
        { TARGET_ALL, TYPE_TLB, PAGES_4K, EA_A - 3 * PAGE, EA_A + 5 * PAGE },
        { TARGET_LOCAL, TYPE_TLB, PAGES_4K, EA_A - 3 * PAGE, EA_A + 1 },
        { TARGET_ALL, TYPE_TLB | TYPE_PWC, PAGES_64K, EA_A + 8 * PAGE,
          EA_A + 9 * PAGE },
        { TARGET_ALL, TYPE_TLB, PAGES_ALL, 0, -1ULL },
        { TARGET_LOCAL, TYPE_TLB, PAGES_ALL, 0, -1ULL },
        { TARGET_ALL | TARGET_NEST, TYPE_TLB, PAGES_2M, EA_A + 1 * MiB,
          EA_A + 2 * MiB },
        { TARGET_ALL, TYPE_TLB, PAGES_1G, EA_A + 512 * MiB, EA_A + 1 * GiB },
        { TARGET_ALL, TYPE_PRT, PAGES_4K, 0, PAGE },
    };
    g_autofree Guest *guest = g_new(Guest, 1);
    unsigned n = 0, m = 0;
    QTestState *qts;
    char *path;

    guest_begin(guest);
    emit_tree(guest);
    emit_result(guest, 3, n++);
    emit_store(guest, LEVEL(3), PTE(FRAMES));
    emit_access(guest, false, EA_A);
    emit_result(guest, 11, n++);
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
        emit_store(guest, LEVEL(3), PTE(FRAMES + (i + 1) % 4 * PAGE));
        emit_invalidate(guest, ways[i].target, ways[i].type, ways[i].pages,
                        ways[i].start, ways[i].end);
        emit_result(guest, 3, n++);
        emit_access(guest, false, EA_A);
        emit_result(guest, 11, n++);
    }
    /* And nothing in its place */
    emit_store(guest, LEVEL(3), 0);
    emit_invalidate(guest, TARGET_ALL, TYPE_TLB, PAGES_4K, EA_A, EA_A + PAGE);
    emit_access(guest, false, EA_A);

    qts = guest_start(guest, "power9", &path);
    guest_wait(qts, 0x300);
    g_assert_cmphex(guest_register(qts, "DAR"), ==, EA_A);
    g_assert_cmphex(guest_register(qts, "DSISR"), ==, 0x40000000);
    assert_result(qts, m++, H_SUCCESS);
    assert_result(qts, m++, 0x1111);
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
        assert_result(qts, m++, H_SUCCESS);
        assert_result(qts, m++, 0x1111 * ((i + 1) % 4 + 1));
    }
    g_assert_cmpuint(m, ==, n);
    guest_end(qts, path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/rpt/arguments", test_arguments);
    qtest_add_func("/spapr/rpt/range", test_range);
    qtest_add_func("/spapr/rpt/modes", test_modes);
    qtest_add_func("/spapr/rpt/guest", test_guest);

    return g_test_run();
}
