/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: NUMA nodes and distances
 *
 * What -numa says is read back from the device tree in the way in which Linux
 * reads it (arch/powerpc/mm/numa.c), for each form that a guest may negotiate.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "spapr-qtest.h"
#include <libfdt.h>

/* Guest memory that nothing else uses */
#define VEC_ADDR        0x1000000
#define BUF_ADDR        0x2000000
#define BUF_SIZE        0x200000

/* Option vector 5 */
#define OV5_SIZE        27
#define OV5_AFFINITY    5
#define FORM0           0x00
#define FORM1           0x80
#define FORM2           0x20


#define MEMDEV(id, size) \
    "-object memory-backend-ram,id=" id ",size=" size " "

/* Three nodes, of which the second has no memory and the third no processor */
#define THREE_NODES                                                     \
    "-nodefaults -m 1G -smp 4,cores=4 -cpu power9 "                     \
    MEMDEV("m0", "256M") MEMDEV("m2", "768M")                           \
    "-numa node,nodeid=0,memdev=m0,cpus=0-1 "                           \
    "-numa node,nodeid=1,cpus=2-3 -numa node,nodeid=2,memdev=m2 "

/* A guest's ibm,client-architecture-support with these forms */
static int64_t cas(QTestState *qts, uint8_t forms, uint64_t buf_size)
{
    uint8_t vec[128] = { 0 };
    uint8_t *ov5;

    /* Every processor will do; the list ends with an entry that none is */
    stl_be_p(vec + 8, 0xff000000);
    stl_be_p(vec + 12, 0x0fffffff);
    vec[16] = 5 - 1;
    ov5 = vec + 17 + 4 * 2;
    ov5[0] = OV5_SIZE - 2;
    ov5[OV5_AFFINITY] = forms;
    qtest_memwrite(qts, VEC_ADDR, vec, sizeof(vec));
    return hcall(qts, H_PRIVATE_CAS, VEC_ADDR, BUF_ADDR, buf_size);
}

/* The tree of a guest that knows these forms, which are 0 before it asks */
static void *tree(QTestState *qts, uint8_t forms)
{
    uint32_t size;
    void *fdt;

    g_assert_cmpint(cas(qts, forms, BUF_SIZE), ==, H_SUCCESS);
    size = qtest_readl(qts, BUF_ADDR + 4 + 4);
    fdt = g_malloc(size);
    qtest_memread(qts, BUF_ADDR + 4, fdt, size);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

static uint8_t negotiated(const void *fdt)
{
    const uint8_t *ov5 = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"),
                                     "ibm,architecture-vec-5", NULL);

    return ov5 ? ov5[OV5_AFFINITY] : 0;
}

/* Cells of a property; the caller knows how many there must be at least */
static const uint32_t *cells(const void *fdt, const char *path,
                             const char *name, int *n)
{
    const uint32_t *prop = fdt_getprop(fdt, fdt_path_offset(fdt, path), name,
                                       n);

    g_assert_nonnull(prop);
    *n /= 4;
    return prop;
}

/* Compare cells with the numbers in a text, "1 2 3" */
static void assert_cells(const void *fdt, const char *path, const char *name,
                         const char *want)
{
    g_autoptr(GString) got = g_string_new(NULL);
    int n;
    const uint32_t *cell = cells(fdt, path, name, &n);

    for (int i = 0; i < n; i++) {
        g_string_append_printf(got, i ? " %u" : "%u", be32_to_cpu(cell[i]));
    }
    g_assert_cmpstr(got->str, ==, want);
}

static bool has_prop(const void *fdt, const char *path, const char *name)
{
    return fdt_getprop(fdt, fdt_path_offset(fdt, path), name, NULL);
}

/*
 * The place in associativity lists that tells the node, Linux's
 * primary_domain_index
 */
static unsigned primary_index(const void *fdt, uint8_t form)
{
    int n;
    const uint32_t *points = cells(fdt, "/rtas",
                                   "ibm,associativity-reference-points", &n);

    g_assert_cmpint(n, >=, form == FORM0 ? 2 : 1);
    return be32_to_cpu(points[form == FORM0 ? 1 : 0]);
}

static uint32_t node_of(const void *fdt, uint8_t form, const char *path)
{
    int n;
    const uint32_t *list = cells(fdt, path, "ibm,associativity", &n);

    g_assert_cmpint(be32_to_cpu(list[0]), ==, n - 1);
    return be32_to_cpu(list[primary_index(fdt, form)]);
}

/* Linux, __node_distance() with form 1, from two associativity lists */
static unsigned form1_distance(const void *fdt, const char *a, const char *b)
{
    int points, n;
    const uint32_t *point = cells(fdt, "/rtas",
                                  "ibm,associativity-reference-points",
                                  &points);
    const uint32_t *list_a = cells(fdt, a, "ibm,associativity", &n);
    const uint32_t *list_b = cells(fdt, b, "ibm,associativity", &n);
    unsigned distance = 10;

    g_assert_cmpint(points, <=, 4);
    for (int i = 0; i < points; i++) {
        unsigned at = be32_to_cpu(point[i]);

        if (list_a[at] == list_b[at]) {
            break;
        }
        distance *= 2;
    }
    return distance;
}

/* Linux, initialize_form2_numa_distance_lookup_table() */
static unsigned form2_distance(const void *fdt, unsigned a, unsigned b)
{
    int n, len, row = -1, column = -1;
    const uint32_t *index = cells(fdt, "/rtas", "ibm,numa-lookup-index-table",
                                  &n);
    const uint8_t *table = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"),
                                       "ibm,numa-distance-table", &len);

    g_assert_cmpint(be32_to_cpu(index[0]), ==, n - 1);
    n--;
    g_assert_nonnull(table);
    g_assert_cmpint(len, ==, 4 + n * n);
    g_assert_cmpint(ldl_be_p(table), ==, n * n);
    for (int i = 0; i < n; i++) {
        row = be32_to_cpu(index[1 + i]) == a ? i : row;
        column = be32_to_cpu(index[1 + i]) == b ? i : column;
    }
    g_assert_true(row >= 0 && column >= 0);
    return table[4 + row * n + column];
}

/* Without -numa */

static void test_one_node(void)
{
    QTestState *qts = qtest_init("-M pseries -nodefaults -m 1G -cpu power9 "
                                 "-smp 2,maxcpus=6");
    g_autofree char *info = qtest_hmp(qts, "info numa");
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    assert_cells(fdt, "/rtas", "ibm,associativity-reference-points", "4 4");
    assert_cells(fdt, "/rtas", "ibm,max-associativity-domains", "5 1 1 1 1 6");
    assert_cells(fdt, "/rtas", "ibm,current-associativity-domains",
                 "5 1 1 1 1 6");
    assert_cells(fdt, "/memory@0", "reg", "0 0 0 1073741824");
    assert_cells(fdt, "/memory@0", "ibm,associativity", "4 0 0 0 0");
    assert_cells(fdt, "/cpus/PowerPC,POWER9@1", "ibm,associativity",
                 "5 0 0 0 0 1");
    g_assert_nonnull(strstr(info, "1 nodes"));
    g_assert_nonnull(strstr(info, "node 0 cpus: 0 1"));
    g_assert_nonnull(strstr(info, "node 0 size: 1024 MB"));
    qtest_quit(qts);
}

/* Nodes */

static void check_nodes(const void *fdt, uint8_t form)
{
    assert_cells(fdt, "/memory@0", "reg", "0 0 0 268435456");
    assert_cells(fdt, "/memory@10000000", "reg", "0 268435456 0 805306368");
    g_assert_cmpuint(node_of(fdt, form, "/memory@0"), ==, 0);
    g_assert_cmpuint(node_of(fdt, form, "/memory@10000000"), ==, 2);
    g_assert_cmpuint(node_of(fdt, form, "/cpus/PowerPC,POWER9@0"), ==, 0);
    g_assert_cmpuint(node_of(fdt, form, "/cpus/PowerPC,POWER9@1"), ==, 0);
    g_assert_cmpuint(node_of(fdt, form, "/cpus/PowerPC,POWER9@2"), ==, 1);
    g_assert_cmpuint(node_of(fdt, form, "/cpus/PowerPC,POWER9@3"), ==, 1);
    assert_cells(fdt, "/rtas", "ibm,max-associativity-domains", "5 3 3 3 3 4");
}

/* Each processor's node is the same whichever form the guest knows */
static void test_nodes(void)
{
    static const struct {
        uint8_t known, form;
    } guests[] = {
        { 0x00, FORM0 }, { 0x40, FORM0 }, { FORM1, FORM1 }, { FORM2, FORM2 },
        { FORM1 | FORM2, FORM2 }, { 0xff, FORM2 },
    };
    QTestState *qts = qtest_init("-M pseries " THREE_NODES);
    g_autofree void *before = spapr_qtest_fdt(qts);

    check_nodes(before, FORM0);
    for (int i = 0; i < ARRAY_SIZE(guests); i++) {
        g_autofree void *fdt = tree(qts, guests[i].known);

        g_assert_cmphex(negotiated(fdt), ==, guests[i].form);
        check_nodes(fdt, guests[i].form);
        g_assert_cmpint(has_prop(fdt, "/rtas", "ibm,numa-distance-table"), ==,
                        guests[i].form == FORM2);
        g_assert_cmpint(has_prop(fdt, "/rtas", "ibm,numa-lookup-index-table"),
                        ==, guests[i].form == FORM2);
    }
    qtest_quit(qts);
}

/* A core's threads are where the core is */
static void test_threads(void)
{
    QTestState *qts = qtest_init("-M pseries -nodefaults -m 512M -cpu power8 "
                                 "-smp 8,threads=4 "
                                 MEMDEV("m0", "256M") MEMDEV("m1", "256M")
                                 "-numa node,memdev=m0 -numa node,memdev=m1 "
                                 "-numa cpu,node-id=1,core-id=0 "
                                 "-numa cpu,node-id=0,core-id=4");
    g_autofree char *info = qtest_hmp(qts, "info numa");
    g_autofree void *fdt = tree(qts, FORM1);

    g_assert_nonnull(strstr(info, "node 0 cpus: 4 5 6 7"));
    g_assert_nonnull(strstr(info, "node 1 cpus: 0 1 2 3"));
    g_assert_cmpuint(node_of(fdt, FORM1, "/cpus/PowerPC,POWER8@0"), ==, 1);
    g_assert_cmpuint(node_of(fdt, FORM1, "/cpus/PowerPC,POWER8@4"), ==, 0);
    qtest_quit(qts);
}

/* Without a word of processors, each node gets whole sockets */
static void test_default_cpus(void)
{
    QTestState *qts = qtest_init("-M pseries -nodefaults -m 512M -cpu power9 "
                                 "-smp 8,sockets=4,cores=2 "
                                 "-numa node,mem=256M -numa node,mem=256M");
    g_autofree char *info = qtest_hmp(qts, "info numa");

    g_assert_nonnull(strstr(info, "node 0 cpus: 0 1 4 5"));
    g_assert_nonnull(strstr(info, "node 1 cpus: 2 3 6 7"));
    g_assert_nonnull(strstr(info, "node 0 size: 256 MB"));
    qtest_quit(qts);
}

/* Cores that are not there yet have a node too */
static void test_hotpluggable(void)
{
    QTestState *qts = qtest_init("-M pseries -nodefaults -m 512M -cpu power9 "
                                 "-smp 1,maxcpus=3 "
                                 "-numa node,mem=512M,cpus=0 "
                                 "-numa node,cpus=1-2");
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'query-hotpluggable-cpus' }");
    QList *list = qdict_get_qlist(reply, "return");
    const QListEntry *entry;
    unsigned cores = 0;

    QLIST_FOREACH_ENTRY(list, entry) {
        QDict *core = qobject_to(QDict, qlist_entry_obj(entry));
        QDict *props = qdict_get_qdict(core, "props");

        g_assert_cmpint(qdict_get_int(props, "node-id"), ==,
                        qdict_get_int(props, "core-id") ? 1 : 0);
        cores++;
    }
    g_assert_cmpuint(cores, ==, 3);
    qobject_unref(reply);
    qtest_quit(qts);
}

/* The first memory is the real mode area, whichever node has it */
static void test_no_memory_first(void)
{
    QTestState *qts = qtest_init("-M pseries -nodefaults -m 512M -cpu power9 "
                                 "-smp 2 -numa node,cpus=0 "
                                 "-numa node,mem=512M,cpus=1");
    g_autofree void *fdt = tree(qts, FORM2);

    assert_cells(fdt, "/memory@0", "reg", "0 0 0 536870912");
    g_assert_cmpuint(node_of(fdt, FORM2, "/memory@0"), ==, 1);
    qtest_quit(qts);
}

/* Distances */

static void test_default_distances(void)
{
    QTestState *qts = qtest_init("-M pseries " THREE_NODES);
    g_autofree void *form1 = tree(qts, FORM1);
    g_autofree void *form2 = tree(qts, FORM2);

    g_assert_cmpuint(form1_distance(form1, "/memory@0", "/memory@0"), ==, 10);
    g_assert_cmpuint(form1_distance(form1, "/memory@0", "/memory@10000000"),
                     ==, 20);
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            g_assert_cmpuint(form2_distance(form2, a, b), ==,
                             a == b ? 10 : 20);
        }
    }
    qtest_quit(qts);
}

#define FOUR_NODES                                                      \
    "-M pseries -nodefaults -m 1G -cpu power9 -smp 4 "                  \
    "-numa node,mem=256M,cpus=0 -numa node,mem=256M,cpus=1 "            \
    "-numa node,mem=256M,cpus=2 -numa node,mem=256M,cpus=3 "

/* A processor stands for its node */
static unsigned four_form1(const void *fdt, int a, int b)
{
    g_autofree char *path_a = g_strdup_printf("/cpus/PowerPC,POWER9@%x", a);
    g_autofree char *path_b = g_strdup_printf("/cpus/PowerPC,POWER9@%x", b);

    return form1_distance(fdt, path_a, path_b);
}

/* What the guest finds with either form */
static void check_four_nodes(QTestState *qts, const uint8_t form1[4][4],
                             const uint8_t form2[4][4])
{
    g_autofree void *tree1 = tree(qts, FORM1);
    g_autofree void *tree2 = tree(qts, FORM2);

    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            g_assert_cmpuint(four_form1(tree1, a, b), ==, form1[a][b]);
            g_assert_cmpuint(form2_distance(tree2, a, b), ==, form2[a][b]);
        }
    }
}

static void test_distances(void)
{
    static const uint8_t form2[4][4] = {
        { 10, 21, 45, 254 },
        { 21, 10, 61, 130 },
        { 45, 61, 10, 119 },
        { 254, 130, 119, 10 },
    };
    /*
     * 21 is near to 20, 45 to 40, 119 to 80. As 2 is near to both 0 and 3, all
     * of them are in one domain at the level of 80.
     */
    static const uint8_t form1[4][4] = {
        { 10, 20, 40, 80 },
        { 20, 10, 40, 80 },
        { 40, 40, 10, 80 },
        { 80, 80, 80, 10 },
    };
    QTestState *qts = qtest_init(FOUR_NODES
        "-numa dist,src=0,dst=1,val=21 -numa dist,src=0,dst=2,val=45 "
        "-numa dist,src=0,dst=3,val=254 -numa dist,src=1,dst=2,val=61 "
        "-numa dist,src=1,dst=3,val=130 -numa dist,src=2,dst=3,val=119");

    check_four_nodes(qts, form1, form2);
    qtest_quit(qts);
}

/* Form 1 can tell exactly these */
static void test_exact_distances(void)
{
    static const uint8_t want[4][4] = {
        { 10, 20, 80, 160 },
        { 20, 10, 80, 160 },
        { 80, 80, 10, 160 },
        { 160, 160, 160, 10 },
    };
    QTestState *qts = qtest_init(FOUR_NODES
        "-numa dist,src=0,dst=1,val=20 -numa dist,src=0,dst=2,val=80 "
        "-numa dist,src=0,dst=3,val=160 -numa dist,src=1,dst=2,val=80 "
        "-numa dist,src=1,dst=3,val=160 -numa dist,src=2,dst=3,val=160");

    check_four_nodes(qts, want, want);
    qtest_quit(qts);
}

/* Form 2 knows of directions; of form 1's two the longer one counts */
static void test_one_way(void)
{
    QTestState *qts = qtest_init(
        "-M pseries -nodefaults -m 512M -cpu power9 -smp 2 "
        "-numa node,mem=256M,cpus=0 -numa node,mem=256M,cpus=1 "
        "-numa dist,src=0,dst=1,val=20 -numa dist,src=1,dst=0,val=40");
    g_autofree void *tree1 = tree(qts, FORM1);
    g_autofree void *tree2 = tree(qts, FORM2);

    g_assert_cmpuint(four_form1(tree1, 0, 1), ==, 40);
    g_assert_cmpuint(four_form1(tree1, 1, 0), ==, 40);
    g_assert_cmpuint(form2_distance(tree2, 0, 1), ==, 20);
    g_assert_cmpuint(form2_distance(tree2, 1, 0), ==, 40);
    qtest_quit(qts);
}

/* The most that there can be: 128 nodes */
static void test_many_nodes(void)
{
    g_autoptr(GString) args = g_string_new("-M pseries -nodefaults -m 512M "
                                           "-numa node,mem=512M");
    g_autofree void *form1 = NULL, *form2 = NULL;
    QTestState *qts;

    for (int i = 1; i < 128; i++) {
        g_string_append(args, " -numa node");
    }
    qts = qtest_init(args->str);
    form1 = tree(qts, FORM1);
    assert_cells(form1, "/rtas", "ibm,max-associativity-domains",
                 "5 128 128 128 128 1");
    form2 = tree(qts, FORM2);
    g_assert_cmpuint(form2_distance(form2, 127, 0), ==, 20);
    g_assert_cmpuint(form2_distance(form2, 127, 127), ==, 10);
    qtest_quit(qts);
}

/* The form's life */

/* The reset that a negotiation asks for keeps the form, any other forgets it */
static void test_reset(void)
{
    QTestState *qts = qtest_init("-M pseries " THREE_NODES);
    g_autofree void *fdt = NULL;

    g_assert_cmpint(cas(qts, FORM2, 64), ==, H_SUCCESS);
    for (int tries = 0; tries < 600 && (!fdt || !negotiated(fdt)); tries++) {
        g_free(fdt);
        g_usleep(100 * 1000);
        fdt = spapr_qtest_fdt(qts);
    }
    g_assert_cmphex(negotiated(fdt), ==, FORM2);
    g_assert_cmpuint(form2_distance(fdt, 2, 0), ==, 20);

    qtest_system_reset(qts);
    g_free(fdt);
    fdt = spapr_qtest_fdt(qts);
    assert_cells(fdt, "/rtas", "ibm,associativity-reference-points", "4 4");
    qtest_quit(qts);
}

static void assert_home(QTestState *qts, uint64_t kind, uint64_t id,
                        uint64_t r4, uint64_t r5)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_HOME_NODE_ASSOCIATIVITY, kind, id),
                    ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, r4);
    g_assert_cmphex(rets[1], ==, r5);
    for (int i = 2; i < 6; i++) {
        g_assert_cmphex(rets[i], ==, UINT64_MAX);
    }
}

static void test_migration(void)
{
    QTestState *qts = qtest_init(FOUR_NODES
                                 "-numa dist,src=0,dst=1,val=20 "
                                 "-numa dist,src=0,dst=2,val=40 "
                                 "-numa dist,src=0,dst=3,val=80 "
                                 "-numa dist,src=1,dst=2,val=40 "
                                 "-numa dist,src=1,dst=3,val=80 "
                                 "-numa dist,src=2,dst=3,val=80 ");
    g_autofree char *path = NULL;

    /* Node 3 is 0/0/0/3 with form 2; with form 1, 0/0/3/3... */
    g_assert_cmpint(cas(qts, FORM1, BUF_SIZE), ==, H_SUCCESS);
    assert_home(qts, 1, 3, 0x8000800380038003, 0x8003ffffffffffff);
    path = spapr_qtest_save(qts);
    qts = qtest_init(FOUR_NODES
                     "-numa dist,src=0,dst=1,val=20 "
                     "-numa dist,src=0,dst=2,val=40 "
                     "-numa dist,src=0,dst=3,val=80 "
                     "-numa dist,src=1,dst=2,val=40 "
                     "-numa dist,src=1,dst=3,val=80 "
                     "-numa dist,src=2,dst=3,val=80 -incoming defer");
    spapr_qtest_load(qts, path);
    unlink(path);
    assert_home(qts, 1, 3, 0x8000800380038003, 0x8003ffffffffffff);
    qtest_system_reset(qts);
    assert_home(qts, 1, 3, 0x8000800080008003, 0x8003ffffffffffff);
    qtest_quit(qts);
}

/* H_HOME_NODE_ASSOCIATIVITY */

static void test_home_node(void)
{
    QTestState *qts = qtest_init("-M pseries " THREE_NODES);
    static const uint64_t kinds[] = { 0, 3, 4, 1ull << 32 | 1, UINT64_MAX };
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    g_assert_cmpint(fdt_stringlist_search(fdt, fdt_path_offset(fdt, "/rtas"),
                                          "ibm,hypertas-functions",
                                          "hcall-vphn"), >=, 0);
    for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
        /* The kind is looked at first */
        g_assert_cmpint(hcall(qts, H_HOME_NODE_ASSOCIATIVITY, kinds[i], 0x777),
                        ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_HOME_NODE_ASSOCIATIVITY, kinds[i], 0), ==,
                        H_PARAMETER);
    }
    for (uint64_t kind = 1; kind <= 2; kind++) {
        g_assert_cmpint(hcall(qts, H_HOME_NODE_ASSOCIATIVITY, kind, 4), ==,
                        H_P2);
        g_assert_cmpint(hcall(qts, H_HOME_NODE_ASSOCIATIVITY, kind, -1ull), ==,
                        H_P2);
        g_assert_cmpint(hcall(qts, H_HOME_NODE_ASSOCIATIVITY, kind,
                              1ull << 32), ==, H_P2);
        assert_home(qts, kind, 0, 0x8000800080008000, 0x8000ffffffffffff);
        assert_home(qts, kind, 3, 0x8000800080008001, 0x8003ffffffffffff);
    }
    qtest_quit(qts);
}

/* Mistakes */

static void test_refused(void)
{
    static const struct {
        const char *options, *which, *why;
    } cases[] = {
        { "-m 512M -numa node,mem=300M -numa node,mem=212M",
          "-numa node,nodeid=0", "multiple of 256 MiB" },
        { "-m 512M -numa node,mem=256M -numa node,mem=128M "
          "-numa node,mem=128M", "-numa node,nodeid=1", "multiple of 256 MiB" },
        { "-m 512M -machine hmat=on -numa node,mem=512M", "hmat", "ACPI" },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *errors = spapr_qtest_fail(cases[i].options);

        /* The core warns that mem= gets old; then there is one line of ours */
        g_assert_nonnull(strstr(errors, cases[i].which));
        g_assert_nonnull(strstr(errors, cases[i].why));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr/numa/one-node", test_one_node);
    qtest_add_func("spapr/numa/nodes", test_nodes);
    qtest_add_func("spapr/numa/nodes/threads", test_threads);
    qtest_add_func("spapr/numa/nodes/default-cpus", test_default_cpus);
    qtest_add_func("spapr/numa/nodes/hotpluggable", test_hotpluggable);
    qtest_add_func("spapr/numa/nodes/no-memory-first", test_no_memory_first);
    qtest_add_func("spapr/numa/nodes/many", test_many_nodes);
    qtest_add_func("spapr/numa/distances/default", test_default_distances);
    qtest_add_func("spapr/numa/distances/any", test_distances);
    qtest_add_func("spapr/numa/distances/exact", test_exact_distances);
    qtest_add_func("spapr/numa/distances/one-way", test_one_way);
    qtest_add_func("spapr/numa/reset", test_reset);
    qtest_add_func("spapr/numa/migration", test_migration);
    qtest_add_func("spapr/numa/home-node", test_home_node);
    qtest_add_func("spapr/numa/refused", test_refused);
    return g_test_run();
}
