/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hash page table's resizing: its hypercalls, the option, and what
 * reset and migration do to it
 */

#include "qemu/osdep.h"
#include <libfdt.h>
#include "spapr-hpt-qtest.h"
#include "spapr-qtest.h"

#define SHIFT           22          /* what 512 MiB begin with */
#define LARGEST         23
#define SMALLEST        18

#define ENTRIES_OF(shift)   (1ULL << ((shift) - 4))

/* Option vector 5, byte 6 */
#define OV5_RESIZE      0x01

#define DISABLED_ARGS   "-machine pseries,resize-hpt=disabled -cpu power8 " \
                        "-m 512M -nodefaults "
#define REQUIRED_ARGS   "-machine pseries,resize-hpt=required -cpu power8 " \
                        "-m 512M -nodefaults "

static int64_t prepare(QTestState *qts, uint64_t flags, uint64_t shift)
{
    return hcall(qts, H_RESIZE_HPT_PREPARE, flags, shift);
}

static int64_t commit(QTestState *qts, uint64_t flags, uint64_t shift)
{
    return hcall(qts, H_RESIZE_HPT_COMMIT, flags, shift);
}

static void assert_size(QTestState *qts, unsigned shift)
{
    g_assert_cmpint(hcall(qts, H_READ, 0, ENTRIES_OF(shift) - 1), ==,
                    H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, ENTRIES_OF(shift)), ==, H_PARAMETER);
}

static void resize(QTestState *qts, unsigned shift)
{
    g_assert_cmpint(prepare(qts, 0, shift), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, shift), ==, H_SUCCESS);
    assert_size(qts, shift);
}

static void test_prepare(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const uint64_t bad[] = {
        1, 17, 47, 63, 64, 1ULL << 32, 1ULL << 32 | SHIFT, 1ULL << 63, -1ULL
    };

    for (unsigned bit = 0; bit < 64; bit++) {
        g_assert_cmpint(prepare(qts, BE_BIT(bit), SHIFT), ==, H_PARAMETER);
        /* Flags come before all there is to say about the size */
        g_assert_cmpint(prepare(qts, BE_BIT(bit), 0), ==, H_PARAMETER);
        g_assert_cmpint(prepare(qts, BE_BIT(bit), 46), ==, H_PARAMETER);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(prepare(qts, 0, bad[i]), ==, H_PARAMETER);
    }
    for (unsigned shift = SMALLEST; shift <= 46; shift++) {
        g_assert_cmpint(prepare(qts, 0, shift), ==,
                        shift <= LARGEST ? H_SUCCESS : H_RESOURCE);
    }
    /* Again, and to forget it, which may be asked at any time */
    g_assert_cmpint(prepare(qts, 0, LARGEST), ==, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, LARGEST), ==, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, 0), ==, H_SUCCESS);
    /* Nothing of this is a change */
    assert_size(qts, SHIFT);
    qtest_quit(qts);
}

/* Whatever is not what was prepared takes its place, also what is refused */
static void test_prepare_discards(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const struct {
        uint64_t flags, shift;
        int64_t ret;
    } others[] = {
        { 1, 20, H_PARAMETER },
        { BE_BIT(0), 20, H_PARAMETER },
        { 0, 0, H_SUCCESS },
        { 0, 17, H_PARAMETER },
        { 0, 46, H_RESOURCE },
        { 0, 21, H_SUCCESS },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        g_assert_cmpint(prepare(qts, 0, 20), ==, H_SUCCESS);
        g_assert_cmpint(prepare(qts, others[i].flags, others[i].shift), ==,
                        others[i].ret);
        g_assert_cmpint(commit(qts, 0, 20), ==, H_CLOSED);
    }
    assert_size(qts, SHIFT);
    g_assert_cmpint(commit(qts, 0, 21), ==, H_SUCCESS);
    assert_size(qts, 21);
    qtest_quit(qts);
}

static void test_commit(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    for (unsigned shift = 0; shift < 64; shift++) {
        g_assert_cmpint(commit(qts, 0, shift), ==, H_CLOSED);
    }
    g_assert_cmpint(prepare(qts, 0, 20), ==, H_SUCCESS);
    for (unsigned bit = 0; bit < 64; bit++) {
        g_assert_cmpint(commit(qts, BE_BIT(bit), 20), ==, H_CLOSED);
        g_assert_cmpint(commit(qts, 0, BE_BIT(bit) | 20), ==,
                        bit == 59 || bit == 61 ? H_SUCCESS : H_CLOSED);
        /* The two bits that 20 has: that was it */
        if (bit == 59 || bit == 61) {
            assert_size(qts, 20);
            g_assert_cmpint(commit(qts, 0, 20), ==, H_CLOSED);
            g_assert_cmpint(prepare(qts, 0, 20), ==, H_SUCCESS);
        }
    }
    g_assert_cmpint(commit(qts, 0, 19), ==, H_CLOSED);
    g_assert_cmpint(commit(qts, 0, 0), ==, H_CLOSED);
    /* None of these took anything away */
    g_assert_cmpint(commit(qts, 0, 20), ==, H_SUCCESS);
    assert_size(qts, 20);
    resize(qts, SMALLEST);
    resize(qts, LARGEST);
    resize(qts, LARGEST);
    qtest_quit(qts);
}

/* A partition without such a table, before any other thing is looked at */
static void test_radix(void)
{
    QTestState *qts = qtest_init(RADIX_ARGS);

    g_assert_cmpint(prepare(qts, 0, 0), ==, H_AUTHORITY);
    g_assert_cmpint(prepare(qts, 0, SHIFT), ==, H_AUTHORITY);
    g_assert_cmpint(prepare(qts, 1, 99), ==, H_AUTHORITY);
    g_assert_cmpint(commit(qts, 0, SHIFT), ==, H_AUTHORITY);
    g_assert_cmpint(commit(qts, 1, 99), ==, H_AUTHORITY);

    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    assert_size(qts, SHIFT);
    resize(qts, 21);
    /* To go back to radix is the end of what was prepared, too */
    g_assert_cmpint(prepare(qts, 0, 20), ==, H_SUCCESS);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x40, 0x00), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, 20), ==, H_AUTHORITY);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, 20), ==, H_CLOSED);
    qtest_quit(qts);
}

/* Pages of all sizes and kinds of segment, far from each other */
static const VirtualPage pages[] = {
    { 0x123456, 0x5b7d000, 12, 0 },
    { 0x0ffffff123, 0xffff000, 12, 0, .secondary = true },
    { 0x3ffffffffffULL, 0, 12, 0 },
    { 0x2468a, 0x0123456000ULL, 12, 0, .one_tera = true },
    { 0x3fffff, 0xfffffff000ULL, 12, 0, .one_tera = true, .secondary = true },
    { 0x77, 0x4560000, 16, L_LP(LP_64K) },
    { 0x78, 0x7ff0000, 16, L_LP(LP_64K), .secondary = true },
    { 0x1234, 0x9876540000ULL, 16, L_LP(LP_64K), .one_tera = true },
    { 0x5432, 0x3000000, 24, L_LP(LP_16M) },
    { 0x4321, 0xab000000ULL, 24, L_LP(LP_16M), .one_tera = true },
    { 0x4321, 0xac000000ULL, 24, L_LP(LP_16M), .one_tera = true,
      .secondary = true },
    /* A large page in a segment of small ones has an entry for each of those */
    { 0x999, 0x1237000, 12, L_LP(LP_64K_IN_4K) },
    { 0x999, 0x2abc000, 12, L_LP(LP_16M_IN_4K) },
    { 0x99a, 0xa0000, 16, L_LP(LP_16M_IN_64K) },
};

#define PAGES           ARRAY_SIZE(pages)

/* The place in its group that page @i gets */
static uint64_t page_place(unsigned i, unsigned shift)
{
    return page_group(&pages[i], ENTRIES_OF(shift)) + i % 8;
}

static uint64_t page_entry1(unsigned i)
{
    /* 16 MiB pages at 16 MiB, so that all of them fit */
    return 16 * MiB | page_pte1(&pages[i]) | R_M | R_PP1 |
        (i & 1 ? R_R : 0) | (i & 2 ? R_C : 0);
}

static void enter_pages(QTestState *qts, unsigned shift)
{
    for (unsigned i = 0; i < PAGES; i++) {
        pte_put(qts, page_place(i, shift), page_pte0(&pages[i]) | V_BOLTED,
                page_entry1(i));
    }
}

static void assert_pages(QTestState *qts, unsigned shift)
{
    for (unsigned i = 0; i < PAGES; i++) {
        assert_pte(qts, page_place(i, shift),
                   page_pte0(&pages[i]) | V_BOLTED | V_VALID, page_entry1(i));
    }
}

/* How many valid entries there are in a table */
static unsigned count_entries(QTestState *qts, unsigned shift)
{
    unsigned n = 0;

    for (uint64_t ptex = 0; ptex < ENTRIES_OF(shift); ptex += 4) {
        uint64_t rets[SPAPR_QTEST_REGS];

        g_assert_cmpint(hcall_rets(qts, rets, H_READ, F_READ_4, ptex), ==,
                        H_SUCCESS);
        for (unsigned i = 0; i < 4; i++) {
            n += rets[2 * i] & V_VALID;
        }
    }
    return n;
}

/* Bolted entries are where their pages hash to in any table; others go */
static void test_rehash(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    static const unsigned way[] = { 23, 18, 19, 22, 20, 23, 21, 18, 22 };
    VirtualPage plain = { 0x4444, 0x5000, 12, 0 };

    enter_pages(qts, SHIFT);
    assert_pages(qts, SHIFT);
    for (unsigned i = 0; i < ARRAY_SIZE(way); i++) {
        uint64_t group;

        pte_put(qts, 7, page_pte0(&plain), R_M);
        resize(qts, way[i]);
        assert_pages(qts, way[i]);
        assert_pte(qts, 7, 0, 0);
        if (way[i] == SMALLEST) {
            g_assert_cmpuint(count_entries(qts, way[i]), ==, PAGES);
        }
        /* All the rest works as before */
        group = page_group(&plain, ENTRIES_OF(way[i]));
        pte_put(qts, group + 7, page_pte0(&plain), R_M);
        g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, group + 7,
                              page_avpn(&plain)), ==, H_SUCCESS);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        g_assert_cmpint(hcall(qts, H_REMOVE, F_AVPN, page_place(i, SHIFT),
                              page_avpn(&pages[i])), ==, H_SUCCESS);
    }
    resize(qts, SMALLEST);
    g_assert_cmpuint(count_entries(qts, SMALLEST), ==, 0);
    qtest_quit(qts);
}

/* An entry keeps its place in the group; two can't have the same */
static void test_collision(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);
    /* In one group of the smallest table, in two of the next one */
    VirtualPage first = { 0x1000, 0, 12, 0 };
    VirtualPage second = { 0x1000 + ENTRIES_OF(SMALLEST) / 8, 0, 12, 0 };
    uint64_t a = page_group(&first, ENTRIES), b = page_group(&second, ENTRIES);
    uint64_t group = page_group(&first, ENTRIES_OF(SMALLEST));

    g_assert_cmphex(a, !=, b);
    g_assert_cmphex(page_group(&second, ENTRIES_OF(SMALLEST)), ==, group);
    pte_put(qts, a + 3, page_pte0(&first) | V_BOLTED, R_M);
    pte_put(qts, b + 3, page_pte0(&second) | V_BOLTED, R_M | PAGE);
    pte_put(qts, b + 4, page_pte0(&second), R_M | 2 * PAGE);

    g_assert_cmpint(prepare(qts, 0, SMALLEST), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, SMALLEST), ==, H_PTEG_FULL);
    /* All is as it was, and the preparation gone */
    assert_size(qts, SHIFT);
    assert_pte(qts, a + 3, page_pte0(&first) | V_BOLTED | V_VALID, R_M);
    assert_pte(qts, b + 3, page_pte0(&second) | V_BOLTED | V_VALID,
               R_M | PAGE);
    assert_pte(qts, b + 4, page_pte0(&second) | V_VALID, R_M | 2 * PAGE);
    g_assert_cmpint(commit(qts, 0, SMALLEST), ==, H_CLOSED);
    g_assert_cmpint(prepare(qts, 0, SMALLEST), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, SMALLEST), ==, H_PTEG_FULL);

    /* In other places of the group they do not mind each other */
    g_assert_cmpint(hcall(qts, H_REMOVE, 0, b + 3, 0), ==, H_SUCCESS);
    pte_put(qts, b + 5, page_pte0(&second) | V_BOLTED, R_M | PAGE);
    resize(qts, SMALLEST);
    assert_pte(qts, group + 3, page_pte0(&first) | V_BOLTED | V_VALID, R_M);
    assert_pte(qts, group + 4, 0, 0);
    assert_pte(qts, group + 5, page_pte0(&second) | V_BOLTED | V_VALID,
               R_M | PAGE);
    qtest_quit(qts);
}

/* "ibm,pft-size" of the first processor, or 0 */
static unsigned tree_shift(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "cpu", 4);
    const fdt32_t *cells;
    int len;

    g_assert_cmpint(node, >=, 0);
    cells = fdt_getprop(fdt, node, "ibm,pft-size", &len);
    if (!cells) {
        return 0;
    }
    g_assert_cmpint(len, ==, 8);
    g_assert_cmpuint(fdt32_to_cpu(cells[0]), ==, 0);
    return fdt32_to_cpu(cells[1]);
}

static void test_reset(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    g_assert_cmpuint(tree_shift(qts), ==, SHIFT);
    enter_pages(qts, SHIFT);
    resize(qts, 20);
    g_assert_cmpint(prepare(qts, 0, 19), ==, H_SUCCESS);
    qtest_system_reset(qts);
    assert_size(qts, SHIFT);
    g_assert_cmpuint(tree_shift(qts), ==, SHIFT);
    g_assert_cmpint(commit(qts, 0, 19), ==, H_CLOSED);
    resize(qts, SMALLEST);
    g_assert_cmpuint(count_entries(qts, SMALLEST), ==, 0);

    g_assert_cmpint(prepare(qts, 0, 19), ==, H_SUCCESS);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    assert_size(qts, SHIFT);
    g_assert_cmpint(commit(qts, 0, 19), ==, H_CLOSED);
    qtest_quit(qts);
}

/* A table of another size migrates, and what was prepared as well */
static void test_migrate(void)
{
    QTestState *qts = qtest_init(HASH_ARGS);

    enter_pages(qts, SHIFT);
    resize(qts, 19);
    g_assert_cmpint(prepare(qts, 0, LARGEST), ==, H_SUCCESS);
    qts = migrate(qts, HASH_ARGS);
    assert_size(qts, 19);
    assert_pages(qts, 19);
    g_assert_cmpint(commit(qts, 0, 19), ==, H_CLOSED);
    g_assert_cmpint(commit(qts, 0, LARGEST), ==, H_SUCCESS);
    assert_size(qts, LARGEST);
    assert_pages(qts, LARGEST);
    qts = migrate(qts, HASH_ARGS);
    assert_size(qts, LARGEST);
    assert_pages(qts, LARGEST);
    g_assert_cmpint(commit(qts, 0, LARGEST), ==, H_CLOSED);
    resize(qts, SHIFT);
    assert_pages(qts, SHIFT);
    qtest_quit(qts);
}

static bool has_function_set(QTestState *qts, const char *word)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node = fdt_path_offset(fdt, "/rtas");

    g_assert_cmpint(node, >=, 0);
    return fdt_stringlist_search(fdt, node, "ibm,hypertas-functions", word)
           >= 0;
}

/* Byte 6 of "ibm,architecture-vec-5" in the tree that negotiation answers */
static uint8_t granted(QTestState *qts)
{
    g_autofree void *fdt = g_malloc(1 * MiB);
    const uint8_t *vec;
    int node, len;

    qtest_memread(qts, NEGOTIATED_TREE, fdt, 1 * MiB - 4);
    g_assert_cmpint(fdt_check_full(fdt, 1 * MiB - 4), ==, 0);
    node = fdt_path_offset(fdt, "/chosen");
    g_assert_cmpint(node, >=, 0);
    vec = fdt_getprop(fdt, node, "ibm,architecture-vec-5", &len);
    g_assert_nonnull(vec);
    g_assert_cmpint(len, >, 6);
    return vec[6];
}

static void check_enabled(const char *option)
{
    g_autofree char *args = g_strdup_printf(
        "-machine pseries%s -cpu power8 -m 512M -nodefaults", option);
    QTestState *qts = qtest_init(args);

    g_assert_true(has_function_set(qts, "hcall-hpt-resize"));
    resize(qts, 20);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmphex(granted(qts) & OV5_RESIZE, ==, OV5_RESIZE);
    g_assert_cmpint(negotiate_all(qts, 0, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmphex(granted(qts) & OV5_RESIZE, ==, 0);
    qtest_quit(qts);
}

static void test_enabled(void)
{
    check_enabled("");
    check_enabled(",resize-hpt=default");
    check_enabled(",resize-hpt=enabled");
}

static void test_disabled(void)
{
    QTestState *qts = qtest_init(DISABLED_ARGS);

    g_assert_false(has_function_set(qts, "hcall-hpt-resize"));
    g_assert_cmpint(prepare(qts, 0, SHIFT), ==, H_FUNCTION);
    g_assert_cmpint(commit(qts, 0, SHIFT), ==, H_FUNCTION);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmphex(granted(qts) & OV5_RESIZE, ==, 0);
    assert_size(qts, SHIFT);
    qtest_quit(qts);
}

static void test_required(void)
{
    QTestState *qts = qtest_init(REQUIRED_ARGS);

    g_assert_cmpint(negotiate_all(qts, 0, 0x00, 0x00), ==, H_PARAMETER);
    g_assert_cmpint(negotiate_all(qts, 0xfe, 0x00, 0x00), ==, H_PARAMETER);
    g_assert_cmpint(negotiate_all(qts, OV5_RESIZE, 0x00, 0x00), ==, H_SUCCESS);
    g_assert_cmphex(granted(qts) & OV5_RESIZE, ==, OV5_RESIZE);
    resize(qts, 20);
    qtest_quit(qts);

    /* A radix guest has nothing to resize */
    qts = qtest_init("-machine pseries,resize-hpt=required -cpu power9 "
                     "-m 512M -nodefaults");
    g_assert_cmpint(negotiate_all(qts, 0, 0x00, 0x00), ==, H_PARAMETER);
    g_assert_cmpint(negotiate_all(qts, 0, 0x40, 0x00), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_option(void)
{
    static const char *const words[] = {
        "default", "enabled", "disabled", "required"
    };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        QTestState *qts = qtest_initf("-machine pseries,resize-hpt=%s "
                                      "-nodefaults", words[i]);
        QDict *answer = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                                  "{ 'path': '/machine', "
                                  "'property': 'resize-hpt' } }");

        g_assert_cmpstr(qdict_get_str(answer, "return"), ==, words[i]);
        qobject_unref(answer);
        qtest_quit(qts);
    }
    spapr_qtest_refused("-machine pseries,resize-hpt=maybe", "resize-hpt",
                        "maybe");
    spapr_qtest_refused("-machine pseries,resize-hpt=", "resize-hpt", "''");
    spapr_qtest_refused("-machine pseries,resize-hpt=ON", "resize-hpt", "ON");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/spapr/hpt-resize/prepare/errors", test_prepare);
    qtest_add_func("/spapr/hpt-resize/prepare/discards",
                   test_prepare_discards);
    qtest_add_func("/spapr/hpt-resize/commit/errors", test_commit);
    qtest_add_func("/spapr/hpt-resize/commit/rehash", test_rehash);
    qtest_add_func("/spapr/hpt-resize/commit/collision", test_collision);
    qtest_add_func("/spapr/hpt-resize/radix", test_radix);
    qtest_add_func("/spapr/hpt-resize/reset", test_reset);
    qtest_add_func("/spapr/hpt-resize/migrate", test_migrate);
    qtest_add_func("/spapr/hpt-resize/option/values", test_option);
    qtest_add_func("/spapr/hpt-resize/option/enabled", test_enabled);
    qtest_add_func("/spapr/hpt-resize/option/disabled", test_disabled);
    qtest_add_func("/spapr/hpt-resize/option/required", test_required);

    return g_test_run();
}
