/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: Virtual Open Firmware
 *
 * A client of VOF calls the hypervisor with the argument array of IEEE 1275's
 * client interface. The tests are such a client, and an ill-disposed one.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "elf.h"
#include "spapr-qtest.h"

#include <libfdt.h>

#define OPTIONS     "-machine pseries,firmware=vof -cpu power9 -nodefaults " \
                    "-display none -serial null "
#define RAM_SIZE    (256 * MiB)

/* Guest memory that the tests use; the machine's own data lie elsewhere */
#define ARRAY_ADDR      0x1000000
#define SERVICE_ADDR    0x1001000
#define STRING_ADDR     0x1002000
#define STRING2_ADDR    0x1003000
#define VEC_ADDR        0x1004000
#define BUF_ADDR        0x1010000
/* Where tests claim memory */
#define CLAIM_ADDR      0x8000000

/* Service, number of arguments, number of results */
#define HEADER_CELLS    3
#define ARRAY_CELLS     10
#define CANARY          0xdeadc0deu
#define CANARY_CELLS    4

/* What the client interface has as "no" */
#define PROM_ERROR      UINT32_MAX

/* Limits of ours and of QEMU's vof.c */
#define MAX_INSTANCES   1024
#define MAX_CLAIMED     1024
#define MAX_PROP_NAME   64
#define MAX_PROP        2048
#define MAX_PATH        256

/* ibm,architecture.vec */
#define OV5_SIZE        27
#define OV5_MMU         24
#define MMU_HASH        0x00
#define MMU_RADIX       0x40
#define LOGICAL_3_00    0x0f000005

/*
 * How much QEMU may grow where it shouldn't grow at all; a sanitizer keeps back
 * what was freed
 */
#ifdef QEMU_SANITIZE_ADDRESS
#define RSS_SLACK       (64 * MiB)
#else
#define RSS_SLACK       (4 * MiB)
#endif

/* A bound for what takes a moment; machines may be loaded */
#define QUICK_US        (60 * G_USEC_PER_SEC)

static QTestState *start(void)
{
    return qtest_init(OPTIONS "-m 256");
}

/*
 * The client interface
 */

static void put_array(QTestState *qts, uint64_t addr, uint32_t service,
                      uint32_t nargs, uint32_t nret, const uint32_t *args)
{
    uint32_t cells[HEADER_CELLS + ARRAY_CELLS + CANARY_CELLS];

    cells[0] = cpu_to_be32(service);
    cells[1] = cpu_to_be32(nargs);
    cells[2] = cpu_to_be32(nret);
    for (int i = 0; i < ARRAY_CELLS + CANARY_CELLS; i++) {
        cells[HEADER_CELLS + i] = cpu_to_be32(args && i < nargs ? args[i]
                                                                : CANARY);
    }
    qtest_memwrite(qts, addr, cells, sizeof(cells));
}

/* Call a service, and see that only the results have been written */
static void ci_call(QTestState *qts, const char *service, unsigned nargs,
                    const uint32_t *args, unsigned nret, uint32_t *rets)
{
    uint32_t cells[HEADER_CELLS + ARRAY_CELLS + CANARY_CELLS];

    qtest_memwrite(qts, SERVICE_ADDR, service, strlen(service) + 1);
    put_array(qts, ARRAY_ADDR, SERVICE_ADDR, nargs, nret, args);
    g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, ARRAY_ADDR), ==,
                    H_SUCCESS);
    qtest_memread(qts, ARRAY_ADDR, cells, sizeof(cells));
    for (unsigned i = 0; i < ARRAY_SIZE(cells); i++) {
        uint32_t cell = be32_to_cpu(cells[i]);

        if (i < HEADER_CELLS) {
            continue;
        } else if (i - HEADER_CELLS < nargs) {
            g_assert_cmphex(cell, ==, args[i - HEADER_CELLS]);
        } else if (i - HEADER_CELLS < nargs + nret) {
            rets[i - HEADER_CELLS - nargs] = cell;
        } else {
            g_assert_cmphex(cell, ==, CANARY);
        }
    }
}

static uint32_t ci_call1(QTestState *qts, const char *service, unsigned nargs,
                         const uint32_t *args)
{
    uint32_t ret;

    ci_call(qts, service, nargs, args, 1, &ret);
    return ret;
}

#define CELLS(...)  ((const uint32_t[]) { 0, ##__VA_ARGS__ })

/* ci(qts, service, argument...): a service that has one result */
#define ci(qts, service, ...)                                               \
    ci_call1((qts), (service), ARRAY_SIZE(CELLS(__VA_ARGS__)) - 1,          \
             CELLS(__VA_ARGS__) + 1)

static uint32_t put_string(QTestState *qts, uint32_t addr, const char *string)
{
    qtest_memwrite(qts, addr, string, strlen(string) + 1);
    return addr;
}

static uint32_t finddevice(QTestState *qts, const char *path)
{
    return ci(qts, "finddevice", put_string(qts, STRING_ADDR, path));
}

static uint32_t open_path(QTestState *qts, const char *path)
{
    return ci(qts, "open", put_string(qts, STRING_ADDR, path));
}

static uint32_t setprop(QTestState *qts, uint32_t node, const char *name,
                        const void *value, uint32_t len)
{
    if (len) {
        qtest_memwrite(qts, BUF_ADDR, value, len);
    }
    return ci(qts, "setprop", node, put_string(qts, STRING_ADDR, name),
              BUF_ADDR, len);
}

static uint32_t claim(QTestState *qts, uint32_t virt, uint32_t size,
                      uint32_t align)
{
    return ci(qts, "claim", virt, size, align);
}

static uint32_t release(QTestState *qts, uint32_t virt, uint32_t size)
{
    return ci(qts, "release", virt, size);
}

static uint32_t call_method(QTestState *qts, const char *method,
                            uint32_t ihandle, uint32_t arg, uint32_t *ret2)
{
    const uint32_t args[] = {
        put_string(qts, STRING_ADDR, method), ihandle, arg,
    };
    uint32_t rets[2];

    ci_call(qts, "call-method", ARRAY_SIZE(args), args, 2, rets);
    if (ret2) {
        *ret2 = rets[1];
    }
    return rets[0];
}

/* The buffer, filled with canaries, has been written to this length only */
static void check_buf(QTestState *qts, const void *expected, size_t len)
{
    g_autofree uint8_t *buf = g_malloc(len + 16);

    qtest_memread(qts, BUF_ADDR, buf, len + 16);
    g_assert_cmpmem(buf, len, expected, len);
    for (size_t i = len; i < len + 16; i++) {
        g_assert_cmphex(buf[i], ==, 0xee);
    }
}

static void clear_buf(QTestState *qts, size_t len)
{
    qtest_memset(qts, BUF_ADDR, 0xee, len + 16);
}

/* QEMU runs, and so does the machine */
static void check_alive(QTestState *qts)
{
    QDict *reply = qtest_qmp_assert_success_ref(
        qts, "{ 'execute': 'query-status' }");

    g_assert_cmpstr(qdict_get_str(reply, "status"), ==, "running");
    qobject_unref(reply);
}

/*
 * The tree
 */

static void check_prop(QTestState *qts, uint32_t phandle, const char *name,
                       const void *value, int len)
{
    uint32_t name_addr = put_string(qts, STRING_ADDR, name);

    g_assert_cmpint(ci(qts, "getproplen", phandle, name_addr), ==, len);
    clear_buf(qts, len);
    g_assert_cmpint(ci(qts, "getprop", phandle, name_addr, BUF_ADDR, len), ==,
                    len);
    check_buf(qts, value, len);
}

/* Every property, in the tree's order, and then none */
static unsigned check_props(QTestState *qts, const void *fdt, int node,
                            uint32_t phandle)
{
    char prev[MAX_PROP_NAME] = "", next[MAX_PROP_NAME];
    unsigned n = 0;
    int at;

    fdt_for_each_property_offset(at, fdt, node) {
        const char *name;
        int len;
        const void *value = fdt_getprop_by_offset(fdt, at, &name, &len);

        g_assert_cmpint(ci(qts, "nextprop", phandle,
                           put_string(qts, STRING_ADDR, prev), STRING2_ADDR),
                        ==, 1);
        qtest_memread(qts, STRING2_ADDR, next, sizeof(next));
        g_assert_cmpmem(next, strlen(name) + 1, name, strlen(name) + 1);
        check_prop(qts, phandle, name, value, len);
        pstrcpy(prev, sizeof(prev), name);
        n++;
    }
    g_assert_cmpint(ci(qts, "nextprop", phandle,
                       put_string(qts, STRING_ADDR, prev), STRING2_ADDR),
                    ==, 0);
    return n;
}

/* IEEE 1275: "name" is the node's name, without its unit address */
static void check_name(QTestState *qts, const void *fdt, int node,
                       uint32_t phandle)
{
    g_autofree char *name = g_strdup(fdt_get_name(fdt, node, NULL));

    *strchrnul(name, '@') = '\0';
    check_prop(qts, phandle, "name", name, strlen(name) + 1);
}

static void check_path(QTestState *qts, const void *fdt, int node,
                       uint32_t phandle)
{
    char path[MAX_PATH];

    g_assert_cmpint(fdt_get_path(fdt, node, path, sizeof(path)), ==, 0);
    g_assert_cmphex(finddevice(qts, path), ==, phandle);
    clear_buf(qts, sizeof(path));
    g_assert_cmpint(ci(qts, "package-to-path", phandle, BUF_ADDR, sizeof(path)),
                    ==, strlen(path) + 1);
    check_buf(qts, path, strlen(path) + 1);
    /* No more than the client has room for */
    clear_buf(qts, sizeof(path));
    ci(qts, "package-to-path", phandle, BUF_ADDR, 1);
    check_buf(qts, path, 1);
}

static uint32_t phandle_or_0(const void *fdt, int node)
{
    return node < 0 ? 0 : fdt_get_phandle(fdt, node);
}

/* A node and all below it. Returns: how many properties there were */
static unsigned check_node(QTestState *qts, const void *fdt, int node,
                           uint32_t phandle)
{
    unsigned n;
    int child;

    g_assert_cmphex(phandle, ==, fdt_get_phandle(fdt, node));
    n = check_props(qts, fdt, node, phandle);
    check_name(qts, fdt, node, phandle);
    check_path(qts, fdt, node, phandle);
    g_assert_cmphex(ci(qts, "parent", phandle), ==,
                    phandle_or_0(fdt, fdt_parent_offset(fdt, node)));
    g_assert_cmphex(ci(qts, "peer", phandle), ==,
                    phandle_or_0(fdt, fdt_next_subnode(fdt, node)));
    g_assert_cmphex(ci(qts, "child", phandle), ==,
                    phandle_or_0(fdt, fdt_first_subnode(fdt, node)));
    phandle = ci(qts, "child", phandle);
    fdt_for_each_subnode(child, fdt, node) {
        n += check_node(qts, fdt, child, phandle);
        phandle = ci(qts, "peer", phandle);
    }
    g_assert_cmphex(phandle, ==, 0);
    return n;
}

static void test_walk(void)
{
    QTestState *qts = start();
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint32_t root = ci(qts, "peer", 0);

    g_assert_cmphex(root, ==, finddevice(qts, "/"));
    g_assert_cmpuint(check_node(qts, fdt, 0, root), >, 100);
    qtest_quit(qts);
}

static void test_finddevice(void)
{
    static const char *const missing[] = {
        "", "nvram", "/nosuch", "/vdevice/nosuch", "/vdevice/nvram@7000000",
        "/vdevice/nvram@70000000/nosuch", "vdevice", "/CHOSEN",
    };
    QTestState *qts = start();
    uint32_t nvram = finddevice(qts, "/vdevice/nvram@70000000");

    g_assert_cmphex(nvram, !=, PROM_ERROR);
    g_assert_cmphex(finddevice(qts, "/vdevice/nvram"), ==, nvram);
    for (int i = 0; i < ARRAY_SIZE(missing); i++) {
        g_assert_cmphex(finddevice(qts, missing[i]), ==, PROM_ERROR);
    }
    qtest_quit(qts);
}

/* Unit addresses that a client writes with large digits are found */
static void test_finddevice_case(void)
{
    QTestState *qts = qtest_init(OPTIONS "-m 256 "
                                 "-device spapr-vty,reg=0x7100abcd");

    g_assert_cmphex(finddevice(qts, "/vdevice/vty@7100abcd"), !=, PROM_ERROR);
    g_assert_cmphex(finddevice(qts, "/vdevice/vty@7100ABCD"), ==,
                    finddevice(qts, "/vdevice/vty@7100abcd"));
    qtest_quit(qts);
}

static void test_getprop_short(void)
{
    QTestState *qts = start();
    uint32_t root = finddevice(qts, "/");
    uint32_t nvram = finddevice(qts, "/vdevice/nvram@70000000");
    const char *model = "qemu,pseries";
    int len = strlen(model) + 1;

    for (int room = 0; room <= len; room++) {
        clear_buf(qts, len);
        put_string(qts, STRING_ADDR, "compatible");
        g_assert_cmpint(ci(qts, "getprop", root, STRING_ADDR, BUF_ADDR, room),
                        ==, len);
        check_buf(qts, model, room);
    }
    clear_buf(qts, len);
    put_string(qts, STRING_ADDR, "name");
    g_assert_cmpint(ci(qts, "getprop", nvram, STRING_ADDR, BUF_ADDR, 3), ==, 6);
    check_buf(qts, "nvram", 3);

    clear_buf(qts, len);
    put_string(qts, STRING_ADDR, "nosuch");
    g_assert_cmphex(ci(qts, "getprop", root, STRING_ADDR, BUF_ADDR, 16), ==,
                    PROM_ERROR);
    g_assert_cmphex(ci(qts, "getproplen", root, STRING_ADDR), ==, PROM_ERROR);
    g_assert_cmpint(ci(qts, "nextprop", root, STRING_ADDR, BUF_ADDR), !=, 1);
    check_buf(qts, "", 0);
    qtest_quit(qts);
}

static void test_bad_phandle(void)
{
    static const uint32_t bad[] = { 0, 0x7fffffff, 0xfffffffe, PROM_ERROR };
    QTestState *qts = start();

    clear_buf(qts, MAX_PATH);
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        put_string(qts, STRING_ADDR, "compatible");
        g_assert_cmphex(ci(qts, "getprop", bad[i], STRING_ADDR, BUF_ADDR, 16),
                        ==, PROM_ERROR);
        g_assert_cmphex(ci(qts, "getproplen", bad[i], STRING_ADDR), ==,
                        PROM_ERROR);
        put_string(qts, STRING_ADDR, "");
        g_assert_cmpint(ci(qts, "nextprop", bad[i], STRING_ADDR, BUF_ADDR),
                        !=, 1);
        g_assert_cmphex(ci(qts, "child", bad[i]), ==, 0);
        g_assert_cmphex(ci(qts, "parent", bad[i]), ==, 0);
        if (bad[i]) {
            g_assert_cmphex(ci(qts, "peer", bad[i]), ==, 0);
        }
        g_assert_cmphex(ci(qts, "package-to-path", bad[i], BUF_ADDR, MAX_PATH),
                        ==, PROM_ERROR);
        check_buf(qts, "", 0);
        g_assert_cmphex(setprop(qts, bad[i], "bootargs", "x", 2), ==,
                        PROM_ERROR);
        clear_buf(qts, MAX_PATH);
    }
    qtest_quit(qts);
}

/* What Linux's prom_init.c sets */
static const struct {
    const char *path;
    const char *name;
} client_props[] = {
    { "/rtas", "linux,rtas-base" },
    { "/rtas", "linux,rtas-entry" },
    { "/chosen", "bootargs" },
    { "/chosen", "linux,initrd-start" },
    { "/chosen", "linux,initrd-end" },
};

static void set_client_props(QTestState *qts, const uint8_t *value,
                             uint32_t len)
{
    for (int i = 0; i < ARRAY_SIZE(client_props); i++) {
        g_assert_cmpint(setprop(qts, finddevice(qts, client_props[i].path),
                                client_props[i].name, value, len), ==, len);
    }
}

static void check_client_props(QTestState *qts, const uint8_t *value,
                               uint32_t len)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    for (int i = 0; i < ARRAY_SIZE(client_props); i++) {
        int found;
        const void *prop = fdt_getprop(
            fdt, fdt_path_offset(fdt, client_props[i].path),
            client_props[i].name, &found);

        g_assert_cmpmem(prop, found, value, len);
        check_prop(qts, finddevice(qts, client_props[i].path),
                   client_props[i].name, value, len);
    }
}

/* Two times all of them, at the greatest length: there is always room */
static void test_setprop(void)
{
    static const uint32_t sizes[] = { 4, 0, MAX_PROP, 1, MAX_PROP };
    QTestState *qts = start();
    uint8_t value[MAX_PROP];

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        memset(value, '1' + i, sizeof(value));
        set_client_props(qts, value, sizes[i]);
        check_client_props(qts, value, sizes[i]);
    }
    qtest_quit(qts);
}

static void test_setprop_refused(void)
{
    static const struct {
        const char *path;
        const char *name;
    } others[] = {
        { "/", "model" }, { "/", "" }, { "/", "bootargs" },
        { "/chosen", "stdout" }, { "/chosen", "phandle" },
        { "/chosen", "linux,rtas-base" }, { "/chosen", "new" },
        { "/rtas", "rtas-size" }, { "/rtas", "bootargs" },
        { "/memory@0", "reg" }, { "/memory@0", "available" },
    };
    QTestState *qts = start();
    g_autofree void *before = spapr_qtest_fdt(qts);
    g_autofree void *after = NULL;
    uint8_t value[MAX_PROP + 1] = { };
    uint32_t chosen = finddevice(qts, "/chosen");

    for (int i = 0; i < ARRAY_SIZE(others); i++) {
        g_assert_cmphex(setprop(qts, finddevice(qts, others[i].path),
                                others[i].name, value, 4), ==, PROM_ERROR);
    }
    g_assert_cmphex(setprop(qts, chosen, "bootargs", value, MAX_PROP + 1), ==,
                    PROM_ERROR);
    put_string(qts, STRING_ADDR, "bootargs");
    g_assert_cmphex(ci(qts, "setprop", chosen, STRING_ADDR, BUF_ADDR,
                       PROM_ERROR), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "setprop", chosen, STRING_ADDR, RAM_SIZE - 8, 16),
                    ==, PROM_ERROR);
    after = spapr_qtest_fdt(qts);
    g_assert_cmpmem(after, fdt_totalsize(after), before, fdt_totalsize(before));
    qtest_quit(qts);
}

/*
 * Instances
 */

static uint32_t instance_path(QTestState *qts, uint32_t ihandle, char *path)
{
    uint32_t len;

    clear_buf(qts, MAX_PATH);
    len = ci(qts, "instance-to-path", ihandle, BUF_ADDR, MAX_PATH);
    if (len == PROM_ERROR) {
        check_buf(qts, "", 0);
    } else {
        g_assert_cmpuint(len, <=, MAX_PATH);
        qtest_memread(qts, BUF_ADDR, path, MAX_PATH);
        g_assert_cmpuint(len, ==, strlen(path) + 1);
        check_buf(qts, path, len);
    }
    return len;
}

static void check_instance(QTestState *qts, uint32_t ihandle, const char *path)
{
    char found[MAX_PATH];

    g_assert_cmphex(ihandle, !=, PROM_ERROR);
    g_assert_cmphex(ihandle, !=, 0);
    g_assert_cmphex(ci(qts, "instance-to-package", ihandle), ==,
                    finddevice(qts, path));
    g_assert_cmphex(instance_path(qts, ihandle, found), !=, PROM_ERROR);
    g_assert_cmpstr(found, ==, path);
}

static void check_no_instance(QTestState *qts, uint32_t ihandle)
{
    g_assert_cmphex(ci(qts, "instance-to-package", ihandle), ==, PROM_ERROR);
    g_assert_cmphex(instance_path(qts, ihandle, NULL), ==, PROM_ERROR);
}

static uint32_t chosen_cell(QTestState *qts, const char *name)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int len;
    const void *prop = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name,
                                   &len);

    g_assert_nonnull(prop);
    g_assert_cmpint(len, ==, 4);
    return ldl_be_p(prop);
}

static void test_open(void)
{
    QTestState *qts = start();
    uint32_t nvram = open_path(qts, "/vdevice/nvram@70000000");
    uint32_t root = open_path(qts, "/");
    uint32_t again = open_path(qts, "/");

    check_instance(qts, chosen_cell(qts, "stdout"), "/vdevice/vty@71000000");
    check_instance(qts, chosen_cell(qts, "stdin"), "/vdevice/vty@71000000");
    check_instance(qts, nvram, "/vdevice/nvram@70000000");
    check_instance(qts, root, "/");
    check_instance(qts, again, "/");
    g_assert_cmphex(root, !=, again);
    g_assert_cmphex(open_path(qts, "/nosuch"), ==, PROM_ERROR);

    clear_buf(qts, MAX_PATH);
    ci(qts, "instance-to-path", nvram, BUF_ADDR, 5);
    check_buf(qts, "/vdev", 5);

    ci_call(qts, "close", 1, &root, 0, NULL);
    check_no_instance(qts, root);
    check_instance(qts, again, "/");
    /* Of no consequence: again, one that never was, and none at all */
    ci_call(qts, "close", 1, &root, 0, NULL);
    ci_call(qts, "close", 1, CELLS(PROM_ERROR) + 1, 0, NULL);
    ci_call(qts, "close", 1, CELLS(0) + 1, 0, NULL);
    check_no_instance(qts, 0);
    check_no_instance(qts, PROM_ERROR);
    check_instance(qts, nvram, "/vdevice/nvram@70000000");
    qtest_quit(qts);
}

static void test_open_bounded(void)
{
    QTestState *qts = start();
    uint32_t last = 0, ihandle;
    unsigned n = 0;

    put_string(qts, STRING_ADDR, "/rtas");
    while ((ihandle = ci(qts, "open", STRING_ADDR)) != PROM_ERROR) {
        last = ihandle;
        n++;
        g_assert_cmpuint(n, <=, MAX_INSTANCES);
    }
    /* The machine has opened stdin and stdout */
    g_assert_cmpuint(n, ==, MAX_INSTANCES - 2);
    ci_call(qts, "close", 1, &last, 0, NULL);
    check_instance(qts, open_path(qts, "/rtas"), "/rtas");
    g_assert_cmphex(open_path(qts, "/rtas"), ==, PROM_ERROR);

    qtest_system_reset(qts);
    check_no_instance(qts, last);
    check_instance(qts, open_path(qts, "/rtas"), "/rtas");
    qtest_quit(qts);
}

/*
 * Memory
 */

/* How much of a range the tree calls available */
static uint64_t available_in(QTestState *qts, uint64_t start, uint64_t size)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int len;
    const uint8_t *prop = fdt_getprop(fdt, fdt_path_offset(fdt, "/memory@0"),
                                      "available", &len);
    uint64_t end = 0, sum = 0;

    g_assert_nonnull(prop);
    g_assert_cmpint(len % 16, ==, 0);
    for (int at = 0; at < len; at += 16) {
        uint64_t from = ldq_be_p(prop + at);
        uint64_t to = from + ldq_be_p(prop + at + 8);

        /* In order, without overlap, and none wraps */
        g_assert_cmphex(from, >=, end);
        g_assert_cmphex(to, >=, from);
        end = to;
        from = MAX(from, start);
        to = MIN(to, start + size);
        sum += from < to ? to - from : 0;
    }
    return sum;
}

static void test_claim(void)
{
    QTestState *qts = start();
    uint64_t all = available_in(qts, 0, UINT64_MAX / 2);
    const uint32_t size = 0x12345;

    g_assert_cmphex(all, <, RAM_SIZE);
    g_assert_cmphex(all, >, RAM_SIZE - 1 * MiB);
    g_assert_cmphex(claim(qts, CLAIM_ADDR, size, 0), ==, CLAIM_ADDR);
    g_assert_cmphex(available_in(qts, CLAIM_ADDR, size), ==, 0);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all - size);

    /* Overlaps, from a byte on */
    g_assert_cmphex(claim(qts, CLAIM_ADDR, size, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR - 1, 2, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR + size - 1, 1, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR + 1, 1, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR - 1, size + 2, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, 0, 1, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR / 2, 0, 0), ==, PROM_ERROR);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all - size);
    /* Neighbours */
    g_assert_cmphex(claim(qts, CLAIM_ADDR - 1, 1, 0), ==, CLAIM_ADDR - 1);
    g_assert_cmphex(claim(qts, CLAIM_ADDR + size, 1, 0), ==,
                    CLAIM_ADDR + size);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all - size - 2);

    /* What has not been claimed like this can't be released */
    g_assert_cmphex(release(qts, CLAIM_ADDR, size - 1), ==, PROM_ERROR);
    g_assert_cmphex(release(qts, CLAIM_ADDR + 1, size - 1), ==, PROM_ERROR);
    g_assert_cmphex(release(qts, CLAIM_ADDR, 0), ==, PROM_ERROR);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all - size - 2);
    g_assert_cmphex(release(qts, CLAIM_ADDR, size), ==, 0);
    g_assert_cmphex(available_in(qts, CLAIM_ADDR, size), ==, size);
    g_assert_cmphex(release(qts, CLAIM_ADDR, size), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR, size, 0), ==, CLAIM_ADDR);

    qtest_system_reset(qts);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all);
    qtest_quit(qts);
}

static void test_claim_align(void)
{
    static const uint32_t aligns[] = {
        1, 2, 0x1000, 0x10000, 3, 0x1000, 0x100000, 0x1001, 0x8000000,
    };
    QTestState *qts = start();
    uint64_t left = available_in(qts, 0, UINT64_MAX / 2);

    for (int i = 0; i < ARRAY_SIZE(aligns); i++) {
        uint32_t size = 0x1234 + i;
        /* The address is chosen, and the argument is ignored */
        uint32_t addr = claim(qts, i, size, aligns[i]);

        g_assert_cmphex(addr, !=, PROM_ERROR);
        g_assert_cmphex(addr % aligns[i], ==, 0);
        g_assert_cmphex(addr, <, RAM_SIZE - size);
        left -= size;
        g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, left);
        g_assert_cmphex(available_in(qts, addr, size), ==, 0);
        /* It was free before, and it is ours now */
        g_assert_cmphex(claim(qts, addr, 1, 0), ==, PROM_ERROR);
    }
    qtest_quit(qts);
}

/* More than there is, where there is none; and what there is remains */
static void test_claim_no_memory(void)
{
    static const struct {
        uint32_t virt, size, align;
    } bad[] = {
        { 0, RAM_SIZE, 0x1000 }, { 0, RAM_SIZE + 1, 1 },
        { 0, UINT32_MAX, 1 }, { 0, UINT32_MAX, UINT32_MAX },
        { 0, 1, RAM_SIZE }, { 0, 1, 1u << 31 }, { 0, 1, UINT32_MAX },
        { RAM_SIZE, 1, 0 }, { RAM_SIZE - 0x1000, 0x1001, 0 },
        { CLAIM_ADDR, RAM_SIZE, 0 }, { CLAIM_ADDR, UINT32_MAX, 0 },
        { 0xc0000000, 0x1000, 0 }, { 0xfffff000, 0x1000, 0 },
        { 0xfffff000, 0x2000, 0 }, { UINT32_MAX, UINT32_MAX, 0 },
    };
    QTestState *qts = start();
    uint64_t all = available_in(qts, 0, UINT64_MAX / 2);
    uint32_t addr;

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmphex(claim(qts, bad[i].virt, bad[i].size, bad[i].align), ==,
                        PROM_ERROR);
        g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all);
    }
    addr = claim(qts, 0, 1 * MiB, 1 * MiB);
    g_assert_cmphex(addr, !=, PROM_ERROR);
    g_assert_cmphex(addr, <=, 16 * MiB);
    g_assert_cmphex(claim(qts, RAM_SIZE - 0x1000, 0x1000, 0), ==,
                    RAM_SIZE - 0x1000);
    g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==,
                    all - 1 * MiB - 0x1000);
    qtest_quit(qts);
}

/* Client interface cells have 32 bits: memory behind them is not VOF's */
static void test_claim_large(void)
{
    static const uint32_t addrs[] = { 0xc0000000, 0x80000000, 0xfffff000 };
    QTestState *qts = qtest_init(OPTIONS "-m 5G");
    uint64_t all = available_in(qts, 0, UINT64_MAX / 2);

    g_assert_cmphex(all, >, 5 * GiB - 1 * MiB);
    for (int i = 0; i < ARRAY_SIZE(addrs); i++) {
        g_assert_cmphex(claim(qts, addrs[i], 0x1000, 0), ==, addrs[i]);
        g_assert_cmphex(available_in(qts, addrs[i], 0x1000), ==, 0);
        all -= 0x1000;
        g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, all);
    }
    g_assert_cmphex(claim(qts, 0xffffe000, 0x1001, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, 0xfffff000, 0x1001, 0), ==, PROM_ERROR);
    g_assert_cmphex(claim(qts, 0, 1, 1), ==, PROM_ERROR);
    g_assert_cmphex(available_in(qts, 4 * GiB, 1 * GiB), ==, 1 * GiB);
    check_alive(qts);
    qtest_quit(qts);
}

/* What is at 0 is VOF itself */
static void test_release_firmware(void)
{
    QTestState *qts = start();
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int len;
    const void *prop = fdt_getprop(fdt, fdt_path_offset(fdt, "/memory@0"),
                                   "available", &len);
    uint32_t size;

    g_assert_nonnull(prop);
    size = ldq_be_p(prop);
    g_assert_cmphex(size, >, 0);
    g_assert_cmphex(release(qts, 0, size), ==, PROM_ERROR);
    g_assert_cmphex(release(qts, 0, 0), ==, PROM_ERROR);
    g_assert_cmphex(available_in(qts, 0, size), ==, 0);
    g_assert_cmphex(claim(qts, 0, 0x1000, 0x1000), !=, PROM_ERROR);
    check_alive(qts);
    qtest_quit(qts);
}

/*
 * Client architecture support
 */

/* One architecture level, no option vector but the fifth */
static void put_vec(QTestState *qts, uint32_t pvr, uint8_t mmu)
{
    uint8_t vec[16 + 1 + 4 * 2 + OV5_SIZE] = { };
    uint8_t *ov5 = vec + sizeof(vec) - OV5_SIZE;

    stl_be_p(vec, 0xffffffff);
    stl_be_p(vec + 4, pvr);
    /* The list ends with an entry that has value bits outside its mask */
    stl_be_p(vec + 8, 0xff000000);
    stl_be_p(vec + 12, 0x0fffffff);
    vec[16] = 5 - 1;
    ov5[0] = OV5_SIZE - 2;
    ov5[OV5_MMU] = mmu;
    qtest_memwrite(qts, VEC_ADDR, vec, sizeof(vec));
}

static uint32_t cas(QTestState *qts, uint32_t root)
{
    uint32_t ret2;
    uint32_t ret = call_method(qts, "ibm,client-architecture-support", root,
                               VEC_ADDR, &ret2);

    g_assert_cmphex(ret2, ==, 0);
    return ret;
}

static void check_negotiated(QTestState *qts, uint8_t mmu)
{
    uint32_t chosen = finddevice(qts, "/chosen");
    uint8_t ov5[OV5_SIZE];

    put_string(qts, STRING_ADDR, "ibm,architecture-vec-5");
    g_assert_cmpint(ci(qts, "getprop", chosen, STRING_ADDR, BUF_ADDR,
                       OV5_SIZE), ==, OV5_SIZE);
    qtest_memread(qts, BUF_ADDR, ov5, sizeof(ov5));
    g_assert_cmphex(ov5[0], ==, OV5_SIZE - 2);
    g_assert_cmphex(ov5[OV5_MMU], ==, mmu);
}

/* All nodes are the same, and have the phandles they had */
static void check_same_nodes(const void *before, const void *after)
{
    int a = 0, b = 0;

    while (a >= 0 && b >= 0) {
        char path_a[MAX_PATH], path_b[MAX_PATH];

        g_assert_cmpint(fdt_get_path(before, a, path_a, MAX_PATH), ==, 0);
        g_assert_cmpint(fdt_get_path(after, b, path_b, MAX_PATH), ==, 0);
        g_assert_cmpstr(path_a, ==, path_b);
        g_assert_cmphex(fdt_get_phandle(before, a), ==,
                        fdt_get_phandle(after, b));
        a = fdt_next_node(before, a, NULL);
        b = fdt_next_node(after, b, NULL);
    }
    g_assert_cmpint(a, ==, b);
}

static void test_cas(void)
{
    static const uint8_t value[] = "set by the client";
    QTestState *qts = start();
    g_autofree void *before = NULL;
    uint32_t root = open_path(qts, "/");
    uint32_t out = chosen_cell(qts, "stdout"), in = chosen_cell(qts, "stdin");
    uint64_t available;

    set_client_props(qts, value, sizeof(value));
    g_assert_cmphex(claim(qts, CLAIM_ADDR, 0x1000, 0), ==, CLAIM_ADDR);
    available = available_in(qts, 0, UINT64_MAX / 2);
    before = spapr_qtest_fdt(qts);
    g_assert_null(fdt_getprop(before, fdt_path_offset(before, "/chosen"),
                              "ibm,architecture-vec-5", NULL));

    for (int i = 0; i < 2; i++) {
        uint8_t mmu = i ? MMU_RADIX : MMU_HASH;
        g_autofree void *after = NULL;

        put_vec(qts, LOGICAL_3_00, mmu);
        g_assert_cmphex(cas(qts, root), ==, 0);
        check_negotiated(qts, mmu);
        g_assert_cmphex(chosen_cell(qts, "stdout"), ==, out);
        g_assert_cmphex(chosen_cell(qts, "stdin"), ==, in);
        check_instance(qts, out, "/vdevice/vty@71000000");
        check_instance(qts, root, "/");
        check_client_props(qts, value, sizeof(value));
        g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, available);
        after = spapr_qtest_fdt(qts);
        check_same_nodes(before, after);
    }

    qtest_system_reset(qts);
    g_free(before);
    before = spapr_qtest_fdt(qts);
    g_assert_null(fdt_getprop(before, fdt_path_offset(before, "/chosen"),
                              "ibm,architecture-vec-5", NULL));
    g_assert_null(fdt_getprop(before, fdt_path_offset(before, "/rtas"),
                              "linux,rtas-base", NULL));
    qtest_quit(qts);
}

static void test_cas_refused(void)
{
    QTestState *qts = start();
    g_autofree void *before = spapr_qtest_fdt(qts);
    g_autofree void *after = NULL;
    uint32_t root = open_path(qts, "/");
    const uint32_t args[] = { STRING_ADDR, root, RAM_SIZE };
    uint32_t rets[2];

    /* A processor that this is not; an MMU that nobody has */
    put_vec(qts, 0x0f000001, MMU_HASH);
    g_assert_cmphex(cas(qts, root), ==, PROM_ERROR);
    put_vec(qts, LOGICAL_3_00, 0xc0);
    g_assert_cmphex(cas(qts, root), ==, PROM_ERROR);
    /* No memory there, and no end to the list */
    put_string(qts, STRING_ADDR, "ibm,client-architecture-support");
    ci_call(qts, "call-method", ARRAY_SIZE(args), args, 2, rets);
    g_assert_cmphex(rets[0], ==, PROM_ERROR);
    qtest_memset(qts, VEC_ADDR, 0, 16 * KiB);
    g_assert_cmphex(cas(qts, root), ==, PROM_ERROR);

    after = spapr_qtest_fdt(qts);
    g_assert_cmpmem(after, fdt_totalsize(after), before, fdt_totalsize(before));
    qtest_quit(qts);
}

static size_t qemu_rss(QTestState *qts)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", qtest_pid(qts));
    g_autofree char *status = NULL;
    const char *line;
    uint64_t kib;

    if (!g_file_get_contents(path, &status, NULL, NULL)) {
        return 0;       /* not Linux: nothing grows that we could see */
    }
    line = strstr(status, "\nVmRSS:");
    g_assert_nonnull(line);
    g_assert_cmpint(qemu_strtou64(line + strlen("\nVmRSS:"), &line, 10, &kib),
                    ==, 0);
    return kib * KiB;
}

static void check_not_grown(QTestState *qts, size_t before)
{
    g_assert_cmpuint(qemu_rss(qts), <=, before + RSS_SLACK);
}

/* The array and what it points to remain from the last call of the method */
static void repeat_cas(QTestState *qts, unsigned times)
{
    const uint64_t ret = ARRAY_ADDR + 4 * (HEADER_CELLS + 3);

    qtest_writel(qts, ret, CANARY);
    while (times--) {
        g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, ARRAY_ADDR), ==,
                        H_SUCCESS);
    }
    g_assert_cmphex(qtest_readl(qts, ret), ==, 0);
}

static void test_cas_repeated(void)
{
    QTestState *qts = start();
    uint32_t root = open_path(qts, "/");
    size_t before;

    put_vec(qts, LOGICAL_3_00, MMU_HASH);
    g_assert_cmphex(cas(qts, root), ==, 0);
    repeat_cas(qts, 50);
    before = qemu_rss(qts);
    repeat_cas(qts, 1000);
    check_not_grown(qts, before);
    check_negotiated(qts, MMU_HASH);
    check_instance(qts, root, "/");
    check_alive(qts);
    qtest_quit(qts);
}

/* Blocks that make the list of available memory long */
static void test_claim_bounded(void)
{
    QTestState *qts = start();
    uint32_t root = open_path(qts, "/");
    gint64 start_us = g_get_monotonic_time();
    size_t before = qemu_rss(qts);
    unsigned n = 0;

    while (claim(qts, CLAIM_ADDR + 2 * n, 1, 0) != PROM_ERROR) {
        n++;
        g_assert_cmpuint(n, <=, MAX_CLAIMED);
    }
    g_assert_cmpint(g_get_monotonic_time() - start_us, <, QUICK_US);
    check_not_grown(qts, before);
    /* Enough for any client; the machine has claimed some */
    g_assert_cmpuint(n, >, MAX_CLAIMED - 8);
    g_assert_cmphex(claim(qts, 0, 1, 1), ==, PROM_ERROR);

    /* There is room in a new tree, too, and with all that can be set */
    set_client_props(qts, (uint8_t[MAX_PROP]) { }, MAX_PROP);
    put_vec(qts, LOGICAL_3_00, MMU_HASH);
    g_assert_cmphex(cas(qts, root), ==, 0);
    g_assert_cmphex(available_in(qts, CLAIM_ADDR, 2 * n), ==, n);
    ci_call(qts, "quiesce", 0, NULL, 0, NULL);
    g_assert_cmphex(release(qts, CLAIM_ADDR, 1), ==, 0);
    g_assert_cmphex(claim(qts, CLAIM_ADDR, 1, 0), ==, CLAIM_ADDR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR + 2 * n, 1, 0), ==, PROM_ERROR);
    check_alive(qts);

    qtest_system_reset(qts);
    g_assert_cmphex(claim(qts, CLAIM_ADDR, 1, 0), ==, CLAIM_ADDR);
    qtest_quit(qts);
}

/*
 * The rest
 */

static void test_quiesce(void)
{
    static const uint8_t value[MAX_PROP] = "after";
    QTestState *qts = start();
    g_autofree void *before = spapr_qtest_fdt(qts);
    g_autofree void *packed = NULL;
    uint32_t out = chosen_cell(qts, "stdout");

    for (int i = 0; i < 3; i++) {
        g_free(packed);
        ci_call(qts, "quiesce", 0, NULL, 0, NULL);
        packed = spapr_qtest_fdt(qts);
        g_assert_cmpuint(fdt_totalsize(packed), ==,
                         fdt_off_dt_strings(packed) +
                         fdt_size_dt_strings(packed));
        check_same_nodes(before, packed);
        check_instance(qts, out, "/vdevice/vty@71000000");
        /* A client that has not done yet finds all as before */
        set_client_props(qts, value, sizeof(value));
        check_client_props(qts, value, sizeof(value));
        g_assert_cmphex(claim(qts, CLAIM_ADDR, 0x1000, 0), ==, CLAIM_ADDR);
        g_assert_cmphex(release(qts, CLAIM_ADDR, 0x1000), ==, 0);
    }
    qtest_quit(qts);
}

static void test_methods(void)
{
    QTestState *qts = start();
    uint32_t rtas = open_path(qts, "/rtas");
    uint32_t root = open_path(qts, "/");

    /* It is VOF's image that knows this, and asks nobody */
    g_assert_cmphex(call_method(qts, "instantiate-rtas", rtas, CLAIM_ADDR,
                                NULL), ==, PROM_ERROR);
    put_vec(qts, LOGICAL_3_00, MMU_HASH);
    g_assert_cmphex(cas(qts, rtas), ==, PROM_ERROR);
    g_assert_cmphex(cas(qts, 0), ==, PROM_ERROR);
    g_assert_cmphex(cas(qts, PROM_ERROR), ==, PROM_ERROR);
    g_assert_cmphex(call_method(qts, "nosuch", root, 0, NULL), ==, PROM_ERROR);
    g_assert_cmphex(call_method(qts, "", root, 0, NULL), ==, PROM_ERROR);
    /* Arguments that are not given are 0: no instance, no method */
    g_assert_cmphex(ci(qts, "call-method"), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "call-method", STRING_ADDR), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "interpret",
                       put_string(qts, STRING_ADDR, "bye")), ==, PROM_ERROR);
    check_alive(qts);
    qtest_quit(qts);
}

static void test_write(void)
{
    QTestState *qts = start();
    uint32_t out = chosen_cell(qts, "stdout");
    gint64 start_us = g_get_monotonic_time();

    g_assert_cmpint(ci(qts, "write", out, BUF_ADDR, 0), ==, 0);
    g_assert_cmpint(ci(qts, "write", out, BUF_ADDR, 1), ==, 1);
    g_assert_cmpint(ci(qts, "write", out, BUF_ADDR, 1000), ==, 1000);
    /* More than a call takes is written in parts */
    for (int i = 0; i < 40; i++) {
        uint32_t len = ci(qts, "write", out, 0, UINT32_MAX);

        g_assert_cmpuint(len, >, 0);
        g_assert_cmpuint(len, <=, RAM_SIZE);
    }
    g_assert_cmpint(g_get_monotonic_time() - start_us, <, QUICK_US);
    g_assert_cmphex(ci(qts, "write", out, RAM_SIZE - 4, 8), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "write", 0, BUF_ADDR, 1), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "write", PROM_ERROR, BUF_ADDR, 1), ==, PROM_ERROR);
    qtest_quit(qts);
}

static void test_milliseconds(void)
{
    QTestState *qts = start();
    uint32_t before = ci(qts, "milliseconds");

    qtest_clock_step(qts, 1500 * 1000 * 1000);
    g_assert_cmpint(ci(qts, "milliseconds") - before, ==, 1500);
    qtest_quit(qts);
}

static void test_exit(void)
{
    QTestState *qts = start();
    QDict *reply;

    ci_call(qts, "exit", 0, NULL, 0, NULL);
    qtest_qmp_eventwait(qts, "STOP");
    reply = qtest_qmp_assert_success_ref(qts, "{ 'execute': 'query-status' }");
    g_assert_cmpstr(qdict_get_str(reply, "status"), ==, "paused");
    qobject_unref(reply);
    qtest_quit(qts);
}

/*
 * The hostile client
 */

static int64_t call_array(QTestState *qts, uint64_t addr, uint32_t nargs,
                          uint32_t nret)
{
    put_array(qts, addr, SERVICE_ADDR, nargs, nret, NULL);
    return hcall(qts, H_PRIVATE_VOF_CLIENT, addr);
}

/* No cell of the array has become another */
static void check_untouched(QTestState *qts)
{
    for (int i = 0; i < ARRAY_CELLS + CANARY_CELLS; i++) {
        g_assert_cmphex(qtest_readl(qts, ARRAY_ADDR + 4 * (HEADER_CELLS + i)),
                        ==, CANARY);
    }
}

static void test_counts(void)
{
    static const struct {
        uint32_t nargs, nret;
    } bad[] = {
        { 10, 0 }, { 11, 1 }, { UINT32_MAX, 1 }, { 1u << 31, 1 },
        { 0, 11 }, { 1, 10 }, { 9, 2 }, { 1, UINT32_MAX }, { 0, 1u << 31 },
        { 0x40000000, 0xc0000001 }, { UINT32_MAX, UINT32_MAX },
    };
    QTestState *qts = start();
    uint32_t rets[ARRAY_CELLS];

    put_string(qts, SERVICE_ADDR, "milliseconds");
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(call_array(qts, ARRAY_ADDR, bad[i].nargs, bad[i].nret),
                        ==, H_PARAMETER);
        check_untouched(qts);
    }
    /* Not what the service has: there is no such service */
    g_assert_cmphex(ci(qts, "peer"), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "peer", 0, 0), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "claim", CLAIM_ADDR, 1), ==, PROM_ERROR);
    ci_call(qts, "peer", 1, CELLS(0) + 1, 2, rets);
    g_assert_cmphex(rets[0], ==, PROM_ERROR);
    g_assert_cmphex(rets[1], ==, 0);
    ci_call(qts, "nosuch", 9, CELLS(1, 2, 3, 4, 5, 6, 7, 8, 9) + 1, 1, rets);
    g_assert_cmphex(rets[0], ==, PROM_ERROR);
    ci_call(qts, "nosuch", 0, NULL, 10, rets);
    g_assert_cmphex(rets[0], ==, PROM_ERROR);
    for (int i = 1; i < ARRAY_CELLS; i++) {
        g_assert_cmphex(rets[i], ==, 0);
    }
    /* Nobody wants to know */
    ci_call(qts, "nosuch", 0, NULL, 0, NULL);
    ci_call(qts, "finddevice", 1, CELLS(STRING_ADDR) + 1, 0, NULL);
    ci_call(qts, "call-method", 0, NULL, 0, NULL);
    ci_call(qts, "call-method", 9,
            CELLS(RAM_SIZE, open_path(qts, "/"), 1, 2, 3, 4, 5, 6, 7) + 1, 0,
            NULL);
    check_alive(qts);
    qtest_quit(qts);
}

static void test_endless_strings(void)
{
    QTestState *qts = start();
    g_autofree void *before = spapr_qtest_fdt(qts);
    g_autofree void *after = NULL;
    uint32_t root = finddevice(qts, "/"), ihandle = open_path(qts, "/");
    const uint32_t args[] = { STRING_ADDR, ihandle, VEC_ADDR };

    qtest_memset(qts, STRING_ADDR, 'a', 0x1000);
    qtest_writeb(qts, STRING_ADDR, '/');
    clear_buf(qts, MAX_PATH);
    g_assert_cmphex(ci(qts, "finddevice", STRING_ADDR), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "open", STRING_ADDR), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "getproplen", root, STRING_ADDR), ==, PROM_ERROR);
    g_assert_cmphex(ci(qts, "getprop", root, STRING_ADDR, BUF_ADDR, 16), ==,
                    PROM_ERROR);
    g_assert_cmphex(ci(qts, "nextprop", root, STRING_ADDR, BUF_ADDR), ==,
                    PROM_ERROR);
    g_assert_cmphex(ci(qts, "setprop", root, STRING_ADDR, BUF_ADDR, 16), ==,
                    PROM_ERROR);
    g_assert_cmphex(ci_call1(qts, "call-method", ARRAY_SIZE(args), args), ==,
                    PROM_ERROR);
    g_assert_cmphex(ci(qts, "interpret", STRING_ADDR), ==, PROM_ERROR);
    check_buf(qts, "", 0);

    /* Just too long, and just not: no such service */
    qtest_memset(qts, SERVICE_ADDR, 'a', 64);
    g_assert_cmpint(call_array(qts, ARRAY_ADDR, 1, 1), ==, H_PARAMETER);
    check_untouched(qts);
    qtest_writeb(qts, SERVICE_ADDR + 63, 0);
    g_assert_cmpint(call_array(qts, ARRAY_ADDR, 1, 1), ==, H_SUCCESS);
    g_assert_cmphex(qtest_readl(qts, ARRAY_ADDR + 4 * (HEADER_CELLS + 1)), ==,
                    PROM_ERROR);

    after = spapr_qtest_fdt(qts);
    g_assert_cmpmem(after, fdt_totalsize(after), before, fdt_totalsize(before));
    qtest_quit(qts);
}

static void test_outside_memory(void)
{
    static const uint64_t arrays[] = {
        RAM_SIZE, RAM_SIZE - 4, RAM_SIZE - 48, 1 * TiB, INT64_MIN, -4, -1,
    };
    static const uint32_t strings[] = {
        RAM_SIZE, RAM_SIZE - 1, 1u << 31, PROM_ERROR,
    };
    QTestState *qts = start();
    uint32_t root = finddevice(qts, "/"), ihandle = open_path(qts, "/");

    put_string(qts, SERVICE_ADDR, "milliseconds");
    for (int i = 0; i < ARRAY_SIZE(arrays); i++) {
        g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, arrays[i]), ==,
                        H_PARAMETER);
    }
    /* Anywhere else is fine, even if not aligned */
    g_assert_cmpint(call_array(qts, RAM_SIZE - 4 * (HEADER_CELLS +
                               ARRAY_CELLS + CANARY_CELLS), 0, 1), ==,
                    H_SUCCESS);
    g_assert_cmpint(call_array(qts, ARRAY_ADDR + 1, 0, 1), ==, H_SUCCESS);

    for (int i = 0; i < ARRAY_SIZE(strings); i++) {
        const uint32_t bad = strings[i];

        put_array(qts, ARRAY_ADDR, bad, 0, 1, NULL);
        g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, ARRAY_ADDR), ==,
                        H_PARAMETER);
        check_untouched(qts);
        g_assert_cmphex(ci(qts, "finddevice", bad), ==, PROM_ERROR);
        g_assert_cmphex(ci(qts, "open", bad), ==, PROM_ERROR);
        g_assert_cmphex(ci(qts, "getproplen", root, bad), ==, PROM_ERROR);
        g_assert_cmphex(ci(qts, "getprop", root, bad, BUF_ADDR, 4), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "nextprop", root, bad, BUF_ADDR), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "setprop", root, bad, BUF_ADDR, 4), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "call-method", bad, ihandle, 0), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "interpret", bad), ==, PROM_ERROR);

        put_string(qts, STRING_ADDR, "compatible");
        g_assert_cmphex(ci(qts, "getprop", root, STRING_ADDR, bad, 4), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "nextprop", root, STRING_ADDR, bad), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "package-to-path", root, bad, 2), ==,
                        PROM_ERROR);
        g_assert_cmphex(ci(qts, "instance-to-path", ihandle, bad, 2), ==,
                        PROM_ERROR);
    }
    check_alive(qts);
    qtest_quit(qts);
}

/*
 * A user's mistake
 */

/* A kernel of a page that lies there, less the 4 MiB that the board adds */
static char *kernel_new(uint64_t addr)
{
    Elf64_Ehdr ehdr = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                     ELFDATA2MSB, EV_CURRENT },
        .e_type = cpu_to_be16(ET_EXEC),
        .e_machine = cpu_to_be16(EM_PPC64),
        .e_version = cpu_to_be32(EV_CURRENT),
        .e_phoff = cpu_to_be64(sizeof(Elf64_Ehdr)),
        .e_ehsize = cpu_to_be16(sizeof(Elf64_Ehdr)),
        .e_phentsize = cpu_to_be16(sizeof(Elf64_Phdr)),
        .e_phnum = cpu_to_be16(1),
    };
    Elf64_Phdr phdr = {
        .p_type = cpu_to_be32(PT_LOAD),
        .p_vaddr = cpu_to_be64(addr - 4 * MiB),
        .p_paddr = cpu_to_be64(addr - 4 * MiB),
        .p_filesz = cpu_to_be64(sizeof(ehdr)),
        .p_memsz = cpu_to_be64(4 * KiB),
    };
    g_autoptr(GError) error = NULL;
    char *path;
    int fd = g_file_open_tmp("spapr-vof-XXXXXX", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(write(fd, &ehdr, sizeof(ehdr)), ==, sizeof(ehdr));
    g_assert_cmpint(write(fd, &phdr, sizeof(phdr)), ==, sizeof(phdr));
    close(fd);
    return path;
}

static void test_no_room(void)
{
    g_autofree char *kernel = kernel_new(RAM_SIZE - 16 * KiB);
    g_autofree char *options = g_strdup_printf("-machine firmware=vof -m 256 "
                                               "-kernel %s", kernel);

    spapr_qtest_refused(options, "-m", "no room");
    unlink(kernel);
}

/*
 * Migration
 */

/* Save @from to a file, end it, and start another machine from there */
static QTestState *migrate(QTestState *from)
{
    g_autofree char *path = spapr_qtest_save(from);
    QTestState *to = qtest_init(OPTIONS "-m 256 -incoming defer");

    spapr_qtest_load(to, path);
    unlink(path);
    return to;
}

/* A client that has migrated finds what it has claimed and opened */
static void test_migrate(void)
{
    QTestState *qts = start();
    const uint32_t size = 0x12345;
    uint32_t closed = open_path(qts, "/rtas");
    uint32_t root = open_path(qts, "/");
    uint32_t vty = open_path(qts, "/vdevice/vty@71000000");
    uint32_t chosen = finddevice(qts, "/chosen");
    uint32_t addr = claim(qts, 0, size, 0x1000);
    uint64_t left;

    g_assert_cmphex(addr, !=, PROM_ERROR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR, size, 0), ==, CLAIM_ADDR);
    g_assert_cmphex(claim(qts, CLAIM_ADDR * 3 / 2, size, 0), ==,
                    CLAIM_ADDR * 3 / 2);
    g_assert_cmphex(release(qts, CLAIM_ADDR * 3 / 2, size), ==, 0);
    ci_call(qts, "close", 1, &closed, 0, NULL);
    g_assert_cmphex(setprop(qts, chosen, "bootargs", "as set", 7), ==, 7);
    left = available_in(qts, 0, UINT64_MAX / 2);

    /* What came can be sent on */
    for (unsigned round = 0; round < 2; round++) {
        qts = migrate(qts);
        g_assert_cmphex(available_in(qts, 0, UINT64_MAX / 2), ==, left);
        g_assert_cmphex(claim(qts, addr, 1, 0), ==, PROM_ERROR);
        g_assert_cmphex(claim(qts, CLAIM_ADDR, 1, 0), ==, PROM_ERROR);
        g_assert_cmphex(claim(qts, 0, 1, 0), ==, PROM_ERROR);
        check_instance(qts, root, "/");
        check_instance(qts, vty, "/vdevice/vty@71000000");
        check_instance(qts, chosen_cell(qts, "stdout"),
                       "/vdevice/vty@71000000");
        check_no_instance(qts, closed);
        check_prop(qts, finddevice(qts, "/chosen"), "bootargs", "as set", 7);
    }

    /* And the client goes on from there */
    g_assert_cmphex(open_path(qts, "/"), >, vty);
    check_instance(qts, root, "/");
    g_assert_cmphex(claim(qts, 0, size, 0x1000), >, CLAIM_ADDR * 3 / 2);
    g_assert_cmphex(release(qts, CLAIM_ADDR, size), ==, 0);
    g_assert_cmphex(release(qts, addr, size), ==, 0);
    g_assert_cmphex(claim(qts, addr, size, 0), ==, addr);
    /* This one had been released before */
    g_assert_cmphex(claim(qts, CLAIM_ADDR * 3 / 2, size, 0), ==,
                    CLAIM_ADDR * 3 / 2);
    qtest_quit(qts);
}

/* As many claims and instances as there may be */
/* A tree that VOF can't work with is refused, though it is a valid one */
static void test_migrate_tree(void)
{
    QTestState *qts = start();
    g_autofree char *path = spapr_qtest_save(qts);
    g_autofree char *state = NULL;
    const char memory[] = "memory@0";
    size_t len, size;
    char *tree, *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    tree = spapr_qtest_section(state, len, "spapr-firmware", &size);
    at = memmem(tree, size, memory, sizeof(memory));
    g_assert_nonnull(at);
    qts = spapr_qtest_after_refusal(OPTIONS "-m 256", path, state, len, at,
                                    'M', 1);
    unlink(path);
    qtest_quit(qts);
}

/* What VOF has to say is of no use where the firmware is another */
static void test_migrate_other(void)
{
    const char *options = "-machine pseries -nodefaults -m 256";
    static const uint8_t more[] = "\x05\x12spapr-firmware/vof\0\0\0\1";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    size_t len, size, at;
    QTestState *qts;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    at = spapr_qtest_section(state, len, "spapr-firmware", &size) - state + size;
    state = g_realloc(state, len + sizeof(more) - 1);
    memmove(state + at + sizeof(more) - 1, state + at, len - at);
    memcpy(state + at, more, sizeof(more) - 1);
    g_assert_true(g_file_set_contents(path, state, len + sizeof(more) - 1,
                                      NULL));
    qts = qtest_initf("%s -incoming defer", options);
    spapr_qtest_load_fails(qts, path);
    unlink(path);
    qtest_quit(qts);
}

static void test_migrate_bounds(void)
{
    QTestState *qts = start();
    uint32_t last = 0, ihandle, step = 0x2000, n = 0;

    put_string(qts, STRING_ADDR, "/rtas");
    while ((ihandle = ci(qts, "open", STRING_ADDR)) != PROM_ERROR) {
        last = ihandle;
    }
    while (claim(qts, CLAIM_ADDR + n * step, 0x1000, 0) != PROM_ERROR) {
        n++;
        g_assert_cmpuint(n, <, MAX_CLAIMED);
    }
    qts = migrate(qts);
    check_instance(qts, last, "/rtas");
    g_assert_cmphex(open_path(qts, "/rtas"), ==, PROM_ERROR);
    for (uint32_t i = 0; i < n; i++) {
        g_assert_cmphex(release(qts, CLAIM_ADDR + i * step, 0x1000), ==, 0);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-vof/tree/walk", test_walk);
    qtest_add_func("spapr-vof/tree/finddevice", test_finddevice);
    qtest_add_func("spapr-vof/tree/finddevice-case", test_finddevice_case);
    qtest_add_func("spapr-vof/tree/getprop-short", test_getprop_short);
    qtest_add_func("spapr-vof/tree/bad-phandle", test_bad_phandle);
    qtest_add_func("spapr-vof/tree/setprop", test_setprop);
    qtest_add_func("spapr-vof/tree/setprop-refused", test_setprop_refused);
    qtest_add_func("spapr-vof/open/ok", test_open);
    qtest_add_func("spapr-vof/open/bounded", test_open_bounded);
    qtest_add_func("spapr-vof/claim/ok", test_claim);
    qtest_add_func("spapr-vof/claim/align", test_claim_align);
    qtest_add_func("spapr-vof/claim/no-memory", test_claim_no_memory);
    qtest_add_func("spapr-vof/claim/large", test_claim_large);
    qtest_add_func("spapr-vof/claim/bounded", test_claim_bounded);
    qtest_add_func("spapr-vof/claim/firmware", test_release_firmware);
    qtest_add_func("spapr-vof/cas/ok", test_cas);
    qtest_add_func("spapr-vof/cas/refused", test_cas_refused);
    qtest_add_func("spapr-vof/cas/repeated", test_cas_repeated);
    qtest_add_func("spapr-vof/quiesce", test_quiesce);
    qtest_add_func("spapr-vof/methods", test_methods);
    qtest_add_func("spapr-vof/write", test_write);
    qtest_add_func("spapr-vof/milliseconds", test_milliseconds);
    qtest_add_func("spapr-vof/exit", test_exit);
    qtest_add_func("spapr-vof/hostile/counts", test_counts);
    qtest_add_func("spapr-vof/hostile/endless-strings", test_endless_strings);
    qtest_add_func("spapr-vof/hostile/outside-memory", test_outside_memory);
    qtest_add_func("spapr-vof/no-room", test_no_room);
    qtest_add_func("spapr-vof/migrate/state", test_migrate);
    qtest_add_func("spapr-vof/migrate/bounds", test_migrate_bounds);
    qtest_add_func("spapr-vof/migrate/tree", test_migrate_tree);
    qtest_add_func("spapr-vof/migrate/other", test_migrate_other);

    return g_test_run();
}
