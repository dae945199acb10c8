/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the sPAPR board: client architecture support, and what a guest's
 * firmware tells of its device tree
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "spapr-qtest.h"

#include <libfdt.h>

/* Guest memory that the tests use; the machine's own data lie elsewhere */
#define VEC_ADDR    0x1000000
#define BUF_ADDR    0x2000000
#define BUF_SIZE    0x200000
#define RAM_SIZE    (512 * MiB)

#define OV5_SIZE    27
#define OV5_LPAR    2
#define OV5_INTERRUPTS 23
#define OV5_MMU     24
#define OV5_GTSE    26

#define MMU_HASH    0x00
#define MMU_RADIX   0x40
#define MMU_EITHER  0x80
#define MMU_INVALID 0xc0

#define INTC_XICS   0x00
#define INTC_XIVE   0x40
#define INTC_EITHER 0x80
#define INTC_INVALID 0xc0

/* Logical processor versions of the architecture levels */
#define LOGICAL_2_07    0x0f000004
#define LOGICAL_3_00    0x0f000005
#define LOGICAL_3_10    0x0f000006
/* Processor versions, the lower half being the revision */
#define PVR_FAMILY      0xffff0000
#define PVR_POWER8      0x004d0000
#define PVR_POWER9      0x004e0000
#define PVR_POWER10     0x00800000
#define PVR_POWER10_V2  0x00801200

/* A guest's ibm,architecture.vec, under construction */
typedef struct Vec {
    uint8_t bytes[1024];
    unsigned len;
    uint8_t interrupts;     /* for option vector 5 */
} Vec;

static void vec_cell(Vec *vec, uint32_t cell)
{
    stl_be_p(vec->bytes + vec->len, cell);
    vec->len += 4;
}

static void vec_pvr(Vec *vec, uint32_t mask, uint32_t pvr)
{
    vec_cell(vec, mask);
    vec_cell(vec, pvr);
}

/*
 * The entry that ends the list has value bits outside its mask. This one knows
 * every architecture level, but no processor.
 */
static void vec_end_pvrs(Vec *vec)
{
    vec_pvr(vec, 0xff000000, 0x0fffffff);
}

/* Five option vectors, the first four of different lengths and empty */
static void vec_options(Vec *vec, uint8_t lpar, uint8_t mmu, uint8_t radix_ext)
{
    uint8_t *ov5;

    vec->bytes[vec->len++] = 5 - 1;
    for (int number = 1; number < 5; number++) {
        vec->bytes[vec->len] = number - 1;
        vec->len += number + 1;
    }
    ov5 = vec->bytes + vec->len;
    ov5[0] = OV5_SIZE - 2;
    ov5[OV5_LPAR] = lpar;
    ov5[OV5_INTERRUPTS] = vec->interrupts;
    ov5[OV5_MMU] = mmu;
    ov5[OV5_GTSE] = radix_ext;
    vec->len += OV5_SIZE;
}

static int64_t cas_call(QTestState *qts, const Vec *vec, uint64_t size)
{
    qtest_memwrite(qts, VEC_ADDR, vec->bytes, vec->len);
    qtest_memset(qts, BUF_ADDR, 0xee, 16);
    return hcall(qts, H_PRIVATE_CAS, VEC_ADDR, BUF_ADDR, size);
}

/* A request for an architecture level and an MMU; the usual case */
static int64_t cas_request(QTestState *qts, uint32_t mask, uint32_t pvr,
                           uint8_t mmu, uint8_t radix_ext)
{
    Vec vec = { .len = 0 };

    vec_pvr(&vec, mask, pvr);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, mmu, radix_ext);
    return cas_call(qts, &vec, BUF_SIZE);
}

/* The tree that the last successful call put into the buffer */
static void *cas_tree(QTestState *qts)
{
    uint32_t size = qtest_readl(qts, BUF_ADDR + 4 + 4);
    void *fdt;

    g_assert_cmphex(qtest_readl(qts, BUF_ADDR), ==, 1);
    g_assert_cmphex(qtest_readl(qts, BUF_ADDR + 4), ==, FDT_MAGIC);
    g_assert_cmpuint(size, <=, BUF_SIZE - 4);
    fdt = g_malloc(size);
    qtest_memread(qts, BUF_ADDR + 4, fdt, size);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

static const uint8_t *chosen_prop(const void *fdt, const char *name, int *len)
{
    return fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, len);
}

static uint32_t cpu_version(const void *fdt)
{
    int cpu = fdt_first_subnode(fdt, fdt_path_offset(fdt, "/cpus"));
    int len;
    const void *prop = fdt_getprop(fdt, cpu, "cpu-version", &len);

    g_assert_nonnull(prop);
    g_assert_cmpint(len, ==, 4);
    return ldl_be_p(prop);
}

/* The answer in /chosen has this MMU, and no option that nobody has */
static void assert_negotiated(const void *fdt, uint8_t mmu, uint8_t radix_ext)
{
    int len;
    const uint8_t *ov5 = chosen_prop(fdt, "ibm,architecture-vec-5", &len);

    g_assert_nonnull(ov5);
    g_assert_cmpint(len, ==, OV5_SIZE);
    g_assert_cmpint(ov5[0], ==, OV5_SIZE - 2);
    g_assert_cmphex(ov5[OV5_LPAR], ==, 0x50);
    g_assert_cmphex(ov5[OV5_MMU], ==, mmu);
    g_assert_cmphex(ov5[OV5_GTSE], ==, radix_ext);
}

static void check_mmu(QTestState *qts, uint8_t asked, uint8_t asked_ext,
                      uint8_t mmu, uint8_t radix_ext)
{
    g_autofree void *fdt = NULL;

    g_assert_cmpint(cas_request(qts, 0, 0, asked, asked_ext), ==, H_SUCCESS);
    fdt = cas_tree(qts);
    assert_negotiated(fdt, mmu, radix_ext);
}

static void test_mmu_radix_cpu(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");

    check_mmu(qts, MMU_RADIX, 0x40, MMU_RADIX, 0x40);
    check_mmu(qts, MMU_RADIX, 0, MMU_RADIX, 0);
    check_mmu(qts, MMU_EITHER, 0x40, MMU_RADIX, 0x40);
    /* Guest Translation Shootdown is radix's */
    check_mmu(qts, MMU_HASH, 0x40, MMU_HASH, 0);
    g_assert_cmpint(cas_request(qts, 0, 0, MMU_INVALID, 0), ==, H_PARAMETER);
    qtest_quit(qts);
}

static void test_mmu_hash_cpu(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power8 -m 512M");

    check_mmu(qts, MMU_HASH, 0, MMU_HASH, 0);
    check_mmu(qts, MMU_EITHER, 0, MMU_HASH, 0);
    g_assert_cmpint(cas_request(qts, 0, 0, MMU_RADIX, 0x40), ==, H_PARAMETER);
    qtest_quit(qts);
}

/* With the mode comes the page table: it is there, or it isn't */
static void test_mmu_switch(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");

    g_assert_cmpint(cas_request(qts, 0, 0, MMU_RADIX, 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(cas_request(qts, 0, 0, MMU_HASH, 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* What a guest can choose from, before it has chosen */
static void test_platform_support(void)
{
    static const struct {
        const char *cpu;
        uint8_t mmu, radix_ext, interrupts;
    } models[] = {
        { "power8", MMU_HASH, 0, INTC_XICS },
        { "power9", MMU_EITHER, 0x40, INTC_EITHER },
        { "power10", MMU_EITHER, 0x40, INTC_EITHER },
        { "power9 -machine max-cpu-compat=power8", MMU_HASH, 0, INTC_XICS },
        { "power10 -machine max-cpu-compat=power9", MMU_EITHER, 0x40,
          INTC_EITHER },
        { "power8 -machine ic-mode=dual", MMU_HASH, 0, INTC_XICS },
        { "power9 -machine ic-mode=dual", MMU_EITHER, 0x40, INTC_EITHER },
        { "power9 -machine ic-mode=xics", MMU_EITHER, 0x40, INTC_XICS },
        { "power9 -machine ic-mode=xive", MMU_EITHER, 0x40, INTC_XIVE },
    };

    for (int i = 0; i < ARRAY_SIZE(models); i++) {
        QTestState *qts = qtest_initf("-M pseries -cpu %s", models[i].cpu);
        g_autofree void *fdt = spapr_qtest_fdt(qts);
        const uint8_t *prop;
        int len, seen = 0;

        prop = chosen_prop(fdt, "ibm,arch-vec-5-platform-support", &len);
        g_assert_nonnull(prop);
        for (int at = 0; at < len; at += 2) {
            if (prop[at] == OV5_MMU) {
                g_assert_cmphex(prop[at + 1], ==, models[i].mmu);
                seen++;
            } else if (prop[at] == OV5_GTSE) {
                g_assert_cmphex(prop[at + 1], ==, models[i].radix_ext);
                seen++;
            } else if (prop[at] == OV5_INTERRUPTS) {
                g_assert_cmphex(prop[at + 1], ==, models[i].interrupts);
                seen++;
            }
        }
        g_assert_cmpint(seen, ==, 3);
        g_assert_null(chosen_prop(fdt, "ibm,architecture-vec-5", &len));
        qtest_quit(qts);
    }
}

/* The tree of the last successful call has this processor */
static void assert_version(QTestState *qts, uint32_t expected)
{
    g_autofree void *fdt = cas_tree(qts);

    g_assert_cmphex(cpu_version(fdt), ==, expected);
}

static void check_version(QTestState *qts, uint32_t mask, uint32_t pvr,
                          uint32_t expected)
{
    g_assert_cmpint(cas_request(qts, mask, pvr, MMU_HASH, 0), ==, H_SUCCESS);
    assert_version(qts, expected);
}

static void test_compat(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power10 -m 512M");

    /* A level that is known, and older than the processor */
    check_version(qts, 0xffffffff, LOGICAL_3_00, LOGICAL_3_00);
    check_version(qts, 0xffffffff, LOGICAL_2_07, LOGICAL_2_07);
    check_version(qts, 0xffffffff, LOGICAL_3_10, LOGICAL_3_10);
    /* A guest that knows but the processor itself gets it as it is */
    check_version(qts, PVR_FAMILY, PVR_POWER10, PVR_POWER10_V2);
    qtest_quit(qts);
}

/* Of several levels the newest that the processor has */
static void test_compat_best(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");
    Vec vec = { .len = 0 };

    vec_pvr(&vec, PVR_FAMILY, PVR_POWER8);
    vec_pvr(&vec, PVR_FAMILY, PVR_POWER9);
    vec_pvr(&vec, 0xffffffff, LOGICAL_3_10);
    vec_pvr(&vec, 0xffffffff, LOGICAL_3_00);
    vec_pvr(&vec, 0xffffffff, LOGICAL_2_07);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, MMU_HASH, 0);
    g_assert_cmpint(cas_call(qts, &vec, BUF_SIZE), ==, H_SUCCESS);
    assert_version(qts, LOGICAL_3_00);
    qtest_quit(qts);
}

static void test_max_compat(void)
{
    QTestState *qts = qtest_init("-M pseries,max-cpu-compat=power8 "
                                 "-cpu power9 -m 512M");
    g_autofree void *before = spapr_qtest_fdt(qts);
    Vec vec = { .len = 0 };

    g_assert_cmphex(cpu_version(before), ==, LOGICAL_2_07);
    vec_pvr(&vec, PVR_FAMILY, PVR_POWER9);
    vec_pvr(&vec, 0xffffffff, LOGICAL_3_00);
    vec_pvr(&vec, 0xffffffff, LOGICAL_2_07);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, MMU_HASH, 0);
    g_assert_cmpint(cas_call(qts, &vec, BUF_SIZE), ==, H_SUCCESS);
    assert_version(qts, LOGICAL_2_07);
    /* Such a processor has no radix MMU; to begin with, too */
    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_2_07, MMU_RADIX, 0),
                    ==, H_PARAMETER);
    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_2_07, MMU_EITHER, 0),
                    ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* A guest may choose to have an old processor */
static void test_compat_mmu(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");

    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_2_07, MMU_RADIX, 0),
                    ==, H_PARAMETER);
    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_3_00, MMU_RADIX, 0),
                    ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_2_07, MMU_EITHER, 0),
                    ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_refused(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power8 -m 512M");
    Vec endless = { .len = 0 };
    Vec unknown = { .len = 0 };
    Vec fine = { .len = 0 };

    /* Only processors that this one isn't */
    vec_pvr(&unknown, PVR_FAMILY, PVR_POWER9);
    vec_pvr(&unknown, 0xffffffff, LOGICAL_3_00);
    vec_end_pvrs(&unknown);
    vec_options(&unknown, 0xff, MMU_HASH, 0);
    g_assert_cmpint(cas_call(qts, &unknown, BUF_SIZE), ==, H_PARAMETER);

    /* A list that does not end: what follows in memory is zero */
    qtest_memset(qts, VEC_ADDR, 0, 64 * KiB);
    vec_pvr(&endless, 0xffffffff, LOGICAL_2_07);
    g_assert_cmpint(cas_call(qts, &endless, BUF_SIZE), ==, H_PARAMETER);

    /* Structure or buffer where there is no memory, or cut off by its end */
    vec_pvr(&fine, 0, 0xffffffff);
    vec_options(&fine, 0xff, MMU_HASH, 0);
    qtest_memwrite(qts, VEC_ADDR, fine.bytes, fine.len);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, 1 * TiB, BUF_ADDR, BUF_SIZE),
                    ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, RAM_SIZE - 4, BUF_ADDR, BUF_SIZE),
                    ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, 1 * TiB, BUF_SIZE),
                    ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, RAM_SIZE - 4096,
                          BUF_SIZE), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, BUF_ADDR, 3),
                    ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, BUF_ADDR, BUF_SIZE),
                    ==, H_SUCCESS);
    qtest_quit(qts);
}

/*
 * The tree after the reset that a negotiation asks for. Such a reset sends no
 * event, for it is a part of booting.
 */
static void *wait_for_reboot(QTestState *qts)
{
    for (int tries = 0; tries < 600; tries++) {
        void *fdt = spapr_qtest_fdt(qts);
        int len;

        if (chosen_prop(fdt, "ibm,architecture-vec-5", &len)) {
            return fdt;
        }
        g_free(fdt);
        g_usleep(100 * 1000);
    }
    g_assert_not_reached();
}

/*
 * Interrupt controllers
 */

#define START_INTC(options) \
    qtest_init("-nodefaults -m 512M -cpu power9 -machine pseries" options)

static int64_t cas_interrupts(QTestState *qts, uint8_t interrupts, uint32_t pvr,
                              uint64_t room)
{
    Vec vec = { .interrupts = interrupts };

    vec_pvr(&vec, 0xffffffff, pvr);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, MMU_HASH, 0);
    return cas_call(qts, &vec, room);
}

/* The controller in a tree and in the calls that answer: this one alone */
static void assert_controller(QTestState *qts, const void *fdt, bool xive)
{
    const char *functions = "ibm,hypertas-functions";
    int rtas = fdt_path_offset(fdt, "/rtas");
    int node, controllers = 0;

    fdt_for_each_subnode(node, fdt, 0) {
        if (g_str_has_prefix(fdt_get_name(fdt, node, NULL),
                             "interrupt-controller")) {
            g_assert_cmpint(fdt_node_check_compatible(fdt, node, xive ?
                                                      "ibm,power-ivpe" :
                                                      "IBM,ppc-xicp"), ==, 0);
            /* Devices name it by this, whatever it is */
            g_assert_cmphex(fdt_get_phandle(fdt, node), ==, 0x1111);
            controllers++;
        }
    }
    g_assert_cmpint(controllers, ==, 1);
    g_assert_cmpint(!!fdt_getprop(fdt, 0, "ibm,plat-res-int-priorities", NULL),
                    ==, xive);
    g_assert_cmpint(fdt_stringlist_search(fdt, rtas, functions,
                                          "hcall-interrupt") >= 0, ==, !xive);
    g_assert_cmpint(fdt_stringlist_search(fdt, rtas, functions,
                                          "hcall-int-exploitation") >= 0, ==,
                    xive);
    g_assert_cmpint(hcall(qts, H_INT_SYNC, 0, 0x1000), ==,
                    xive ? H_SUCCESS : H_FUNCTION);
    g_assert_cmpint(hcall(qts, H_CPPR, 0), ==, xive ? H_FUNCTION : H_SUCCESS);
}

static void check_interrupts(QTestState *qts, uint8_t asked, uint8_t chosen)
{
    g_autofree void *fdt = NULL;
    const uint8_t *ov5;
    int len;

    g_assert_cmpint(cas_interrupts(qts, asked, LOGICAL_3_00, BUF_SIZE), ==,
                    H_SUCCESS);
    fdt = cas_tree(qts);
    ov5 = chosen_prop(fdt, "ibm,architecture-vec-5", &len);
    g_assert_cmphex(ov5[OV5_INTERRUPTS], ==, chosen);
    assert_controller(qts, fdt, chosen == INTC_XIVE);
}

static void check_refused(QTestState *qts, uint8_t asked, uint32_t pvr)
{
    g_assert_cmpint(cas_interrupts(qts, asked, pvr, BUF_SIZE), ==, H_PARAMETER);
}

static void test_interrupts_dual(void)
{
    QTestState *qts = START_INTC("");
    g_autofree void *before = spapr_qtest_fdt(qts);
    g_autofree void *after = NULL;
    uint64_t rets[SPAPR_QTEST_REGS];

    assert_controller(qts, before, false);
    for (int i = 0; i < 3; i++) {
        check_interrupts(qts, INTC_XICS, INTC_XICS);
        check_interrupts(qts, INTC_XIVE, INTC_XIVE);
        check_interrupts(qts, INTC_EITHER, INTC_XIVE);
    }
    check_refused(qts, INTC_INVALID, LOGICAL_3_00);

    /* What a guest has set up stays when it asks for the same again */
    g_assert_cmpint(hcall(qts, H_INT_SET_SOURCE_CONFIG, 0, 0x1000, 0, 3, 0), ==,
                    H_SUCCESS);
    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    hcall_rets(qts, rets, H_INT_GET_SOURCE_CONFIG, 0, 0x1000);
    g_assert_cmpuint(rets[1], ==, 3);
    /* but not when it has had the other one */
    check_interrupts(qts, INTC_XICS, INTC_XICS);
    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    hcall_rets(qts, rets, H_INT_GET_SOURCE_CONFIG, 0, 0x1000);
    g_assert_cmpuint(rets[1], ==, 0xff);

    /* A processor of old has no XIVE */
    check_refused(qts, INTC_XIVE, LOGICAL_2_07);
    g_assert_cmpint(cas_interrupts(qts, INTC_EITHER, LOGICAL_2_07, BUF_SIZE),
                    ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_CPPR, 0), ==, H_SUCCESS);

    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    qtest_system_reset(qts);
    after = spapr_qtest_fdt(qts);
    assert_controller(qts, after, false);
    qtest_quit(qts);
}

/* A level that is asserted is known to the controller that comes */
static void test_interrupts_level(void)
{
    QTestState *qts = START_INTC("");
    g_autofree char *xive = NULL, *xics = NULL;

    qtest_qmp_assert_success(qts, "{'execute': 'system_powerdown'}");
    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    xive = qtest_hmp(qts, "info pic");
    g_assert_nonnull(strstr(xive, "00001000 LSI -QA"));
    check_interrupts(qts, INTC_XICS, INTC_XICS);
    xics = qtest_hmp(qts, "info pic");
    /* The core's XICS_STATUS_ASSERTED */
    g_assert_nonnull(strstr(xics, "1000 LSI ff 01"));
    qtest_quit(qts);
}

static void test_interrupts_one(void)
{
    QTestState *qts = START_INTC(",ic-mode=xics");
    g_autofree void *fdt = NULL;

    check_interrupts(qts, INTC_XICS, INTC_XICS);
    check_interrupts(qts, INTC_EITHER, INTC_XICS);
    check_refused(qts, INTC_XIVE, LOGICAL_3_00);
    qtest_quit(qts);

    qts = START_INTC(",ic-mode=xive");
    fdt = spapr_qtest_fdt(qts);
    assert_controller(qts, fdt, true);
    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    check_interrupts(qts, INTC_EITHER, INTC_XIVE);
    check_refused(qts, INTC_XICS, LOGICAL_3_00);
    check_refused(qts, INTC_EITHER, LOGICAL_2_07);
    qtest_quit(qts);
}

/* The controller outlives the reset that a negotiation asks for, no other */
static void test_interrupts_reboot(void)
{
    QTestState *qts = START_INTC("");
    g_autofree void *fdt = NULL;

    g_assert_cmpint(cas_interrupts(qts, INTC_XIVE, LOGICAL_3_00, 64), ==,
                    H_SUCCESS);
    fdt = wait_for_reboot(qts);
    assert_controller(qts, fdt, true);
    qtest_system_reset(qts);
    g_free(fdt);
    fdt = spapr_qtest_fdt(qts);
    assert_controller(qts, fdt, false);
    qtest_quit(qts);
}

/* The one that was chosen moves along, with what the guest is told */
static void test_interrupts_migration(void)
{
    QTestState *qts = START_INTC("");
    g_autofree char *path = NULL;
    g_autofree void *fdt = NULL;

    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    path = spapr_qtest_save(qts);
    qts = START_INTC(" -incoming defer");
    spapr_qtest_load(qts, path);
    check_interrupts(qts, INTC_XIVE, INTC_XIVE);
    check_interrupts(qts, INTC_XICS, INTC_XICS);
    qtest_system_reset(qts);
    fdt = spapr_qtest_fdt(qts);
    assert_controller(qts, fdt, false);
    unlink(path);
    qtest_quit(qts);
}

/* Nothing has changed when the answer has no place to go to */
static void test_no_buffer(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");
    Vec vec = { .len = 0 };

    vec_pvr(&vec, 0xffffffff, LOGICAL_3_00);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, MMU_HASH, 0);
    qtest_memwrite(qts, VEC_ADDR, vec.bytes, vec.len);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, 1 * TiB, BUF_SIZE), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_CAS, VEC_ADDR, BUF_ADDR, BUF_SIZE),
                    ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_READ, 0, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

/* What no machine can have negotiated is refused */
static void test_bad_migration(void)
{
    const char *options = "-M pseries -cpu power9 -m 512M -nodefaults";
    QTestState *qts = qtest_init(options);
    g_autofree char *path = NULL;
    g_autofree char *state = NULL;
    size_t len, size;
    char *level;

    g_assert_cmpint(cas_request(qts, 0xffffffff, LOGICAL_3_00, MMU_RADIX, 0),
                    ==, H_SUCCESS);
    path = spapr_qtest_save(qts);
    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* Behind whether it has negotiated, and option vector 5 */
    level = spapr_qtest_section(state, len, "spapr-cas", &size) + 1 + OV5_SIZE;
    g_assert_cmphex(ldl_be_p(level), ==, LOGICAL_3_00);
    spapr_qtest_number_refused(options, path, state, len, level, 0x0f0000ff, 4,
                               "PVR");
    spapr_qtest_number_refused(options, path, state, len, level, 1, 4, "PVR");
    spapr_qtest_number_refused(options, path, state, len, level, LOGICAL_2_07,
                               4, "radix");
    unlink(path);
}

/* A tree that can't be loaded is refused, and the one before stays */
static void test_bad_tree(void)
{
    const char *options = "-M pseries -cpu power9 -m 512M -nodefaults";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    g_autofree void *fdt = NULL;
    QTestState *qts;
    size_t len, size;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* Behind the kind of firmware and the tree's size */
    at = spapr_qtest_section(state, len, "spapr-firmware", &size) + 8;
    g_assert_cmphex((uint32_t)ldl_be_p(at), ==, FDT_MAGIC);
    spapr_qtest_number_refused(options, path, state, len, at - 4, UINT32_MAX, 4,
                               "device tree's size");
    spapr_qtest_number_refused(options, path, state, len, at - 4, 0, 4,
                               "malformed");
    qts = spapr_qtest_after_refusal(options, path, state, len, at, 0, 1);
    fdt = spapr_qtest_fdt(qts);
    g_assert_cmpint(fdt_check_full(fdt, fdt_totalsize(fdt)), ==, 0);
    unlink(path);
    qtest_quit(qts);
}

/*
 * A tree that doesn't fit reboots the machine once; the machine then has what
 * was negotiated, and the same demands need no tree.
 */
static void test_small_buffer(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power9 -m 512M");
    g_autofree void *fdt = NULL;
    Vec vec = { .len = 0 };

    vec_pvr(&vec, 0xffffffff, LOGICAL_3_00);
    vec_end_pvrs(&vec);
    vec_options(&vec, 0xff, MMU_HASH, 0);
    g_assert_cmpint(cas_call(qts, &vec, 64), ==, H_SUCCESS);
    fdt = wait_for_reboot(qts);
    assert_negotiated(fdt, MMU_HASH, 0);
    g_assert_cmphex(cpu_version(fdt), ==, LOGICAL_3_00);

    g_assert_cmpint(cas_call(qts, &vec, 64), ==, H_SUCCESS);
    g_assert_cmphex(qtest_readl(qts, BUF_ADDR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, BUF_ADDR + 4), ==, 0xeeeeeeee);

    /* Any other reset forgets it */
    qtest_system_reset(qts);
    g_free(fdt);
    fdt = spapr_qtest_fdt(qts);
    g_assert_null(chosen_prop(fdt, "ibm,architecture-vec-5", &(int) { 0 }));
    qtest_quit(qts);
}

/* Only the calling processor may be running */
static void test_others_active(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power8 -m 512M -smp 2");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint32_t args[] = { 1, 0x100, 0 };
    uint32_t status;

    g_assert_cmpint(cas_request(qts, 0, 0, MMU_HASH, 0), ==, H_SUCCESS);
    spapr_qtest_rtas(qts, VEC_ADDR, spapr_qtest_rtas_token(fdt, "start-cpu"),
                     3, args, 1, &status);
    g_assert_cmpint(status, ==, RTAS_OUT_SUCCESS);
    g_assert_cmpint(cas_request(qts, 0, 0, MMU_HASH, 0), ==, H_PARAMETER);
    qtest_quit(qts);
}

static void test_update_dt(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power8 -m 512M");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    g_autofree void *seen = NULL;
    uint32_t size = fdt_totalsize(fdt) + 4096;
    g_autofree void *larger = g_malloc0(size);
    int node;

    g_assert_cmpint(fdt_open_into(fdt, larger, size), ==, 0);
    node = fdt_path_offset(larger, "/chosen");
    g_assert_cmpint(fdt_setprop_string(larger, node, "test", "yes"), ==, 0);
    qtest_memwrite(qts, BUF_ADDR, larger, size);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, BUF_ADDR), ==, H_SUCCESS);
    seen = spapr_qtest_fdt(qts);
    g_assert_cmpstr((const char *)chosen_prop(seen, "test", &node), ==, "yes");

    /* Not a tree; a size that is a lie; a broken structure; no memory */
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, VEC_ADDR), ==, H_PARAMETER);
    fdt_set_totalsize(larger, 0x7fffffff);
    qtest_memwrite(qts, BUF_ADDR, larger, size);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, BUF_ADDR), ==, H_PARAMETER);
    fdt_set_totalsize(larger, size);
    qtest_memwrite(qts, BUF_ADDR, larger, size);
    qtest_writel(qts, BUF_ADDR + fdt_off_dt_struct(larger), 0x12345678);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, BUF_ADDR), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, 1 * TiB), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, RAM_SIZE - 8), ==,
                    H_PARAMETER);
    qtest_quit(qts);
}

/* Give the machine a tree of a size, with a property of a name */
static int64_t update_dt(QTestState *qts, uint32_t size, const char *name)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    g_autofree void *larger = g_malloc0(size);

    g_assert_cmpint(fdt_open_into(fdt, larger, size), ==, 0);
    g_assert_cmpint(fdt_setprop_empty(larger, 0, name), ==, 0);
    qtest_memwrite(qts, BUF_ADDR, larger, size);
    return hcall(qts, H_PRIVATE_UPDATE_DT, BUF_ADDR);
}

/* It is our own tree that tells how large the guest's may be, and not its last */
static void test_update_dt_limits(void)
{
    QTestState *qts = qtest_init("-M pseries -cpu power8 -m 512M");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    uint32_t most = fdt_totalsize(fdt) * 2 + 1 * MiB;
    g_autofree char *known = g_strnfill(255, 'x');
    g_autofree char *longer = g_strnfill(256, 'x');

    g_assert_cmpint(update_dt(qts, most + 1, "a"), ==, H_PARAMETER);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(update_dt(qts, most, "a"), ==, H_SUCCESS);
        g_assert_cmpint(update_dt(qts, most + 1, "a"), ==, H_PARAMETER);
    }
    g_assert_cmpint(update_dt(qts, most, known), ==, H_SUCCESS);
    g_assert_cmpint(update_dt(qts, most, longer), ==, H_PARAMETER);
    qtest_quit(qts);
}

/* The kernel's first random numbers: there, and others at each boot */
static void test_rng_seed(void)
{
    QTestState *qts = qtest_init("-M pseries");
    uint8_t last[32] = { 0 };

    for (int boot = 0; boot < 3; boot++) {
        g_autofree void *fdt = spapr_qtest_fdt(qts);
        int len;
        const void *seed = chosen_prop(fdt, "rng-seed", &len);

        g_assert_nonnull(seed);
        g_assert_cmpint(len, ==, sizeof(last));
        g_assert_cmpint(memcmp(seed, last, len), !=, 0);
        memcpy(last, seed, len);
        qtest_system_reset(qts);
    }
    qtest_quit(qts);
}

/* VOF keeps its own tree and takes none */
static void test_vof(void)
{
    QTestState *qts = qtest_init("-M pseries,firmware=vof -cpu power8");

    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, BUF_ADDR), ==, H_FUNCTION);
    /* An argument array of zeroes names no service; its count is valid */
    g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, 1 * TiB), ==, H_PARAMETER);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr/cas/mmu/radix-cpu", test_mmu_radix_cpu);
    qtest_add_func("spapr/cas/mmu/hash-cpu", test_mmu_hash_cpu);
    qtest_add_func("spapr/cas/mmu/switch", test_mmu_switch);
    qtest_add_func("spapr/cas/platform-support", test_platform_support);
    qtest_add_func("spapr/cas/compat/level", test_compat);
    qtest_add_func("spapr/cas/compat/best", test_compat_best);
    qtest_add_func("spapr/cas/compat/max", test_max_compat);
    qtest_add_func("spapr/cas/compat/mmu", test_compat_mmu);
    qtest_add_func("spapr/cas/refused", test_refused);
    qtest_add_func("spapr/cas/no-buffer", test_no_buffer);
    qtest_add_func("spapr/cas/bad-migration", test_bad_migration);
    qtest_add_func("spapr/cas/interrupts/dual", test_interrupts_dual);
    qtest_add_func("spapr/cas/interrupts/level", test_interrupts_level);
    qtest_add_func("spapr/cas/interrupts/one", test_interrupts_one);
    qtest_add_func("spapr/cas/interrupts/reboot", test_interrupts_reboot);
    qtest_add_func("spapr/cas/interrupts/migration", test_interrupts_migration);
    qtest_add_func("spapr/cas/small-buffer", test_small_buffer);
    qtest_add_func("spapr/cas/others-active", test_others_active);
    qtest_add_func("spapr/cas/update-dt", test_update_dt);
    qtest_add_func("spapr/cas/update-dt/limits", test_update_dt_limits);
    qtest_add_func("spapr/cas/vof", test_vof);
    qtest_add_func("spapr/tree/rng-seed", test_rng_seed);
    qtest_add_func("spapr/tree/bad-migration", test_bad_tree);
    return g_test_run();
}
