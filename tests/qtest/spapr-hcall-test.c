/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypercall table, and the calls that load, store and copy
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include <libfdt.h>
#include "spapr-qtest.h"

#define RAM_SIZE        (256 * MiB)
/* Memory that neither firmware nor device tree is in */
#define AREA            (64 * MiB)

#define NOTHING         (1ull << 60)    /* there is nothing at this address */

static QTestState *start_firmware(const char *firmware)
{
    return qtest_initf("-machine pseries,firmware=%s -nodefaults -m 256 "
                       "-smp 2", firmware);
}

static QTestState *start(void)
{
    return start_firmware("vof");
}

/*
 * Every call that has an owner. Whoever gives the board another one adds it
 * here.
 */
static const uint64_t owned[] = {
    H_REMOVE, H_ENTER, H_READ, H_CLEAR_MOD, H_CLEAR_REF, H_PROTECT,
    H_SET_SPRG0, H_SET_DABR, H_PAGE_INIT, H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE,
    H_LOGICAL_CACHE_LOAD, H_LOGICAL_CACHE_STORE, H_LOGICAL_ICBI, H_LOGICAL_DCBF,
    H_GET_TERM_CHAR, H_PUT_TERM_CHAR, H_VTERM_PARTNER_INFO,
    H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR,
    H_REGISTER_VPA, H_CEDE, H_CONFER, H_PROD, H_BULK_REMOVE, H_SET_XDABR,
    H_GET_CPU_CHARACTERISTICS, H_JOIN, H_XIRR_X, H_SET_MODE, H_CLEAN_SLB,
    H_INVALIDATE_PID, H_REGISTER_PROC_TBL, H_SIGNAL_SYS_RESET,
    H_INT_GET_SOURCE_INFO, H_INT_SET_SOURCE_CONFIG, H_INT_GET_SOURCE_CONFIG,
    H_INT_GET_QUEUE_INFO, H_INT_SET_QUEUE_CONFIG, H_INT_GET_QUEUE_CONFIG,
    H_INT_SET_OS_REPORTING_LINE, H_INT_GET_OS_REPORTING_LINE, H_INT_ESB,
    H_INT_SYNC, H_INT_RESET,
    H_BLOCK_REMOVE, H_RESIZE_HPT_PREPARE, H_RESIZE_HPT_COMMIT, H_RPT_INVALIDATE,
    H_GET_PPP, H_SET_PPP, H_PURR, H_PIC, H_POLL_PENDING, H_SET_MPP, H_GET_MPP,
    H_HOME_NODE_ASSOCIATIVITY,
    H_RANDOM,
    H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT,
    H_REG_CRQ, H_FREE_CRQ, H_SEND_CRQ, H_ENABLE_CRQ, H_VIO_SIGNAL, H_VIOCTL,
    H_REGISTER_LOGICAL_LAN, H_FREE_LOGICAL_LAN, H_ADD_LOGICAL_LAN_BUFFER,
    H_ADD_LOGICAL_LAN_BUFFERS, H_FREE_LOGICAL_LAN_BUFFER, H_SEND_LOGICAL_LAN,
    H_MULTICAST_CTRL, H_CHANGE_LOGICAL_LAN_MAC, H_ILLAN_ATTRIBUTES,
    H_REG_SUB_CRQ, H_FREE_SUB_CRQ, H_SEND_SUB_CRQ, H_SEND_SUB_CRQ_INDIRECT,
    H_PRIVATE_RTAS, H_PRIVATE_LOGICAL_MEMOP, H_PRIVATE_CAS, H_PRIVATE_UPDATE_DT,
    H_PRIVATE_VOF_CLIENT,
};

static bool is_owned(uint64_t token)
{
    for (unsigned i = 0; i < ARRAY_SIZE(owned); i++) {
        if (owned[i] == token) {
            return true;
        }
    }
    return false;
}

/* An unknown call says so and leaves the registers alone */
static void check_unknown(QTestState *qts, uint64_t token)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, token, 1, 2, 3, 4, 5, 6, 7, 8, 9), ==,
                    H_FUNCTION);
    for (unsigned i = 0; i < SPAPR_QTEST_REGS; i++) {
        g_assert_cmphex(rets[i], ==, i + 1);
    }
}

/* All of the LoPAR's range and a bit, with what lies between the tokens */
static void test_unknown(void)
{
    QTestState *qts = start();
    uint64_t token;

    for (token = 0; token < 0x900; token++) {
        if (!is_owned(token)) {
            check_unknown(qts, token);
        }
    }
    for (token = 0xeff0; token < 0xf020; token++) {
        if (!is_owned(token)) {
            check_unknown(qts, token);
        }
    }
    qtest_quit(qts);
}

/* Numbers of which only the low-order bits are a known token's */
static void test_unknown_huge(void)
{
    static const uint64_t more[] = {
        0x1000, 0x7ffc, 0xfffc, 0x10000, 0x1f000, 0x7fffffff, 0x80000000,
        0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffc,
        0xffffffffffffffff,
    };
    QTestState *qts = start();

    for (unsigned i = 0; i < ARRAY_SIZE(more); i++) {
        check_unknown(qts, more[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(owned); i++) {
        check_unknown(qts, owned[i] | 1ull << 32);
        check_unknown(qts, owned[i] | 1ull << 63);
        check_unknown(qts, owned[i] | 0xffffffff00000000);
        if (owned[i] < H_PRIVATE_BASE) {
            check_unknown(qts, owned[i] | 1);
            check_unknown(qts, owned[i] | 2);
            check_unknown(qts, owned[i] | 0x800);
        }
    }
    qtest_quit(qts);
}

/*
 * For each function set a call that belongs to it, with arguments that it finds
 * fault with, or that do no harm: all that is asked here is that it is there.
 */
static const struct {
    const char *word;
    uint64_t token;
    uint64_t args[5];
} sets[] = {
    { "hcall-pft", H_READ, { 0, -1 } },
    { "hcall-sprg0", H_SET_SPRG0, { 0 } },
    { "hcall-dabr", H_SET_DABR, { 0 } },
    { "hcall-xdabr", H_SET_XDABR, { 0, 0 } },
    { "hcall-copy", H_PAGE_INIT, { -1, -1, -1 } },
    { "hcall-bulk", H_BULK_REMOVE, { 0 } },
    { "hcall-block-remove", H_BLOCK_REMOVE, { 0 } },
    { "hcall-hpt-resize", H_RESIZE_HPT_COMMIT, { 0 } },
    { "hcall-rpt-invalidate", H_RPT_INVALIDATE, { 0 } },
    { "hcall-debug", H_LOGICAL_CI_LOAD, { 3, 0 } },
    { "hcall-term", H_GET_TERM_CHAR, { 1 } },
    { "hcall-interrupt", H_IPOLL, { -1 } },
    { "hcall-int-exploitation", H_INT_SYNC, { 0, -1 } },
    { "hcall-splpar", H_PROD, { -1 } },
    { "hcall-pic", H_PIC, { } },
    { "hcall-poll-pending", H_POLL_PENDING, { } },
    { "hcall-random", H_RANDOM, { } },
    { "SLB-Buffer", H_REGISTER_VPA, { 0, -1 } },
    { "hcall-join", H_JOIN, { } },
    { "hcall-tce", H_GET_TCE, { -1 } },
    { "hcall-multi-tce", H_STUFF_TCE, { -1 } },
    { "hcall-crq", H_FREE_CRQ, { -1 } },
    { "hcall-suspend", H_ENABLE_CRQ, { -1 } },
    { "hcall-sub-crq", H_FREE_SUB_CRQ, { -1 } },
    { "hcall-vio", H_VIO_SIGNAL, { -1 } },
    { "hcall-vioctl", H_VIOCTL, { -1 } },
    { "hcall-lLAN", H_FREE_LOGICAL_LAN, { -1 } },
    { "hcall-ILAN", H_CHANGE_LOGICAL_LAN_MAC, { -1 } },
    { "hcall-illan-options", H_ILLAN_ATTRIBUTES, { -1 } },
    { "hcall-vphn", H_HOME_NODE_ASSOCIATIVITY, { 0 } },
    { "hcall-set-mode", H_SET_MODE, { 0, 0 } },
    { "hcall-imtt", H_REGISTER_PROC_TBL, { -1 } },
    { "hcall-cpu-characteristics", H_GET_CPU_CHARACTERISTICS, { } },
};

static void check_promise(QTestState *qts, const char *word)
{
    for (unsigned i = 0; i < ARRAY_SIZE(sets); i++) {
        if (g_str_equal(sets[i].word, word)) {
            g_assert_cmpint(spapr_qtest_hcall(qts, 0, sets[i].token,
                                              sets[i].args,
                                              ARRAY_SIZE(sets[i].args), NULL),
                            !=, H_FUNCTION);
            return;
        }
    }
    g_error("\"%s\" is promised, but this suite knows no call of it", word);
}

static void check_hypertas_functions(const char *firmware,
                                     const char *interrupts)
{
    /* What no guest of ours boots without */
    const char *const needed[] = {
        "hcall-pft", "hcall-term", interrupts, "hcall-splpar",
        "hcall-debug", "hcall-set-mode", "hcall-bulk", "hcall-copy",
    };
    QTestState *qts = start_firmware(firmware);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int rtas = fdt_path_offset(fdt, "/rtas");
    const char *prop = "ibm,hypertas-functions";
    int n = fdt_stringlist_count(fdt, rtas, prop);

    g_assert_cmpint(n, >=, ARRAY_SIZE(needed));
    for (int i = 0; i < n; i++) {
        const char *word = fdt_stringlist_get(fdt, rtas, prop, i, NULL);

        /* Each once */
        g_assert_cmpint(fdt_stringlist_search(fdt, rtas, prop, word), ==, i);
        check_promise(qts, word);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(needed); i++) {
        g_assert_cmpint(fdt_stringlist_search(fdt, rtas, prop, needed[i]), >=,
                        0);
    }
    qtest_quit(qts);
}

static void test_hypertas_functions(void)
{
    check_hypertas_functions("vof", "hcall-interrupt");
    check_hypertas_functions("vof,ic-mode=xive", "hcall-int-exploitation");
}

static void check_fail(QTestState *qts, const char *request)
{
    g_auto(GStrv) reply = qtest_command(qts, "%s", request);

    g_assert_cmpstr(reply[0], ==, "FAIL");
}

/* The commands of the qtest protocol, wrongly used */
static void test_protocol(void)
{
    static const char *const bad[] = {
        "hcall", "hcall ", "hcall 0", "hcall 0 ", "hcall 2 0x800", "hcall -1 4",
        "hcall 4294967296 4", "hcall 4294967295 4", "hcall x 4", "hcall 0 x",
        "hcall 0 0x800 1 2 3 4 5 6 7 8 9 10", "hcall 0 0x800 1,2",
        "hcall 0 0x800 0x10000000000000000", "hcall 0 0x800 ",
        "rtas", "rtas event-scan", "rtas event-scan 4 0 1",
        "rtas event-scan x 0 1 0", "rtas event-scan 4 x 1 0",
        "rtas event-scan 4 0 x 0", "rtas event-scan 4 0 1 x",
        "rtas event-scan 4294967296 0 1 0", "rtas event-scan 4 0 1 0 0",
        "spapr",
    };
    QTestState *qts = start();
    g_auto(GStrv) reply = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        check_fail(qts, bad[i]);
    }
    /* The second processor, numbers in each base */
    reply = qtest_command(qts, "hcall 1 0x7f0 010 0x10 10");
    g_assert_cmpstr(reply[0], ==, "OK");
    g_assert_cmpstr(reply[1], ==, "0xfffffffffffffffe");
    g_assert_cmpstr(reply[2], ==, "0x8");
    g_assert_cmpstr(reply[3], ==, "0x10");
    g_assert_cmpstr(reply[4], ==, "0xa");
    g_assert_cmpstr(reply[5], ==, "0x0");
    qtest_quit(qts);
}

/* A processor that waits still takes calls, and so does the other one */
static void test_cede(void)
{
    QTestState *qts = start();

    g_assert_cmpint(hcall(qts, H_CEDE), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, H_CEDE), ==, H_SUCCESS);
    g_assert_cmpint(hcall(qts, 0x7f0), ==, H_FUNCTION);
    g_assert_cmpint(spapr_qtest_hcall(qts, 1, 0x7f0, NULL, 0, NULL), ==,
                    H_FUNCTION);
    qtest_quit(qts);
}

/*
 * H_LOGICAL_MEMOP
 */

#define MEMOP_COPY      0
#define MEMOP_INVERT    1

static int64_t memop(QTestState *qts, uint64_t dst, uint64_t src,
                     uint64_t shift, uint64_t count, uint64_t op)
{
    return hcall(qts, H_PRIVATE_LOGICAL_MEMOP, dst, src, shift, count, op);
}

/* Do it to the guest's memory and to ours, and compare; offsets are in AREA */
static void check_memop(QTestState *qts, unsigned dst, unsigned src,
                        unsigned shift, unsigned count, unsigned op)
{
    const size_t size = 32 * KiB;
    g_autofree uint8_t *model = g_malloc(size);
    g_autofree uint8_t *guest = g_malloc(size);
    size_t len = count << shift;

    g_assert(dst + len <= size && src + len <= size);
    for (size_t i = 0; i < size; i++) {
        model[i] = g_test_rand_int();
    }
    qtest_memwrite(qts, AREA, model, size);
    g_assert_cmpint(memop(qts, AREA + dst, AREA + src, shift, count, op), ==,
                    H_SUCCESS);

    memmove(model + dst, model + src, len);
    for (size_t i = 0; op == MEMOP_INVERT && i < len; i++) {
        model[dst + i] = ~model[dst + i];
    }
    qtest_memread(qts, AREA, guest, size);
    g_assert_cmpmem(guest, size, model, size);
}

static void test_memop(void)
{
    QTestState *qts = start();

    for (unsigned op = MEMOP_COPY; op <= MEMOP_INVERT; op++) {
        for (unsigned shift = 0; shift <= 3; shift++) {
            unsigned es = 1 << shift;

            check_memop(qts, 0, 8 * KiB, shift, 0, op);
            check_memop(qts, 0, 8 * KiB, shift, 1, op);
            check_memop(qts, es, 8 * KiB + 3 * es, shift, 7, op);
            /* In place, as SLOF inverts part of a screen */
            check_memop(qts, 16 * es, 16 * es, shift, 1000, op);
            /* Overlapping, short and long, up and down */
            check_memop(qts, es, 2 * es, shift, 100, op);
            check_memop(qts, 2 * es, es, shift, 100, op);
            check_memop(qts, 16, 24, shift, (13 * KiB + 8) >> shift, op);
            check_memop(qts, 24, 16, shift, (13 * KiB + 8) >> shift, op);
            check_memop(qts, 9 * KiB, 0, shift, 1024, op);
        }
    }
    qtest_quit(qts);
}

/* Registers of devices take long: no more than 64 KiB of them at a time */
static void test_memop_io(void)
{
    const uint64_t window = 0x210000000000, io = 64 * KiB;
    QTestState *qts = start();

    g_assert_cmpint(memop(qts, AREA, window, 3, io / 8, MEMOP_COPY), ==,
                    H_SUCCESS);
    g_assert_cmpint(memop(qts, AREA, window, 3, io / 8 + 1, MEMOP_COPY), ==,
                    H_PARAMETER);
    g_assert_cmpint(memop(qts, window, AREA, 3, io / 8, MEMOP_COPY), ==,
                    H_SUCCESS);
    g_assert_cmpint(memop(qts, window, AREA, 3, io / 8 + 1, MEMOP_COPY), ==,
                    H_PARAMETER);
    g_assert_cmpint(memop(qts, window, window, 3, 8 * MiB, MEMOP_COPY), ==,
                    H_PARAMETER);
    qtest_quit(qts);
}

static void test_memop_bad(void)
{
    static const uint64_t bad_ops[] = { 2, 3, 0x100000000, -1 };
    static const uint64_t bad_shifts[] = { 4, 8, 63, 64, -1 };
    QTestState *qts = start();
    uint64_t end = RAM_SIZE;

    for (unsigned i = 0; i < ARRAY_SIZE(bad_ops); i++) {
        g_assert_cmpint(memop(qts, AREA, AREA, 0, 1, bad_ops[i]), ==,
                        H_PARAMETER);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_shifts); i++) {
        g_assert_cmpint(memop(qts, AREA, AREA, bad_shifts[i], 1, 0), ==,
                        H_PARAMETER);
    }
    for (unsigned shift = 1; shift <= 3; shift++) {
        g_assert_cmpint(memop(qts, AREA + 1, AREA, shift, 1, 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(memop(qts, AREA, AREA + (1 << shift) / 2, shift, 1, 0),
                        ==, H_PARAMETER);
    }
    /* The end of memory, and where there is none */
    g_assert_cmpint(memop(qts, AREA, end - 8, 3, 1, 0), ==, H_SUCCESS);
    g_assert_cmpint(memop(qts, end - 8, AREA, 3, 1, 0), ==, H_SUCCESS);
    g_assert_cmpint(memop(qts, AREA, end - 8, 3, 2, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, end - 8, AREA, 3, 2, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, AREA, NOTHING, 3, 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, NOTHING, AREA, 3, 1, 0), ==, H_PARAMETER);
    /* Lengths that overflow, and addresses that wrap around */
    g_assert_cmpint(memop(qts, 0, 0, 3, 1ull << 61, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, 0, 0, 3, (1ull << 61) + 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, 0, 0, 0, -1, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, AREA, -8, 3, 2, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, -8, AREA, 3, 2, 0), ==, H_PARAMETER);
    g_assert_cmpint(memop(qts, 0, 0, 3, 1ull << 32, 0), ==, H_PARAMETER);
    qtest_quit(qts);
}

/*
 * H_LOGICAL_CACHE_LOAD, _STORE and the CI twins
 */

/* What is stored is there, high-order byte first, and nothing beside it */
static void check_load_store(QTestState *qts, uint64_t store, uint64_t load)
{
    const uint64_t value = 0x0123456789abcdef;
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned size = 1; size <= 8; size *= 2) {
        uint64_t mask = size == 8 ? -1 : (1ull << 8 * size) - 1;
        uint8_t after[24];

        for (unsigned at = 0; at < 8; at += size) {
            qtest_memset(qts, AREA, 0x5a, sizeof(after));
            g_assert_cmpint(hcall(qts, store, size, AREA + 8 + at, value), ==,
                            H_SUCCESS);
            qtest_memread(qts, AREA, after, sizeof(after));
            for (unsigned i = 0; i < sizeof(after); i++) {
                unsigned byte = i - 8 - at;

                g_assert_cmphex(after[i], ==, byte < size
                                ? value >> 8 * (size - 1 - byte) & 0xff : 0x5a);
            }
            g_assert_cmpint(hcall_rets(qts, rets, load, size, AREA + 8 + at),
                            ==, H_SUCCESS);
            g_assert_cmphex(rets[0], ==, value & mask);
        }
    }
}

static void test_cache_load_store(void)
{
    QTestState *qts = start();

    check_load_store(qts, H_LOGICAL_CACHE_STORE, H_LOGICAL_CACHE_LOAD);
    qtest_quit(qts);
}

/* SLOF's driver for xHCI reaches memory so */
static void test_ci_load_store(void)
{
    QTestState *qts = start();

    check_load_store(qts, H_LOGICAL_CI_STORE, H_LOGICAL_CI_LOAD);
    qtest_quit(qts);
}

/* Sizes and addresses that each of the four calls refuses */
static void check_access_refused(QTestState *qts, uint64_t token)
{
    static const uint64_t bad_sizes[] = { 0, 3, 5, 6, 7, 9, 16, 1ull << 32,
                                          1ull << 63, -1 };
    for (unsigned i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
        g_assert_cmpint(hcall(qts, token, bad_sizes[i], AREA), ==, H_PARAMETER);
    }
    for (unsigned size = 2; size <= 8; size *= 2) {
        for (unsigned off = 1; off < size; off++) {
            g_assert_cmpint(hcall(qts, token, size, AREA + off), ==,
                            H_PARAMETER);
        }
    }
    for (unsigned size = 1; size <= 8; size *= 2) {
        g_assert_cmpint(hcall(qts, token, size, RAM_SIZE), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, token, size, NOTHING), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, token, size, -(uint64_t)size), ==,
                        H_PARAMETER);
    }
}

static void test_load_store_bad(void)
{
    QTestState *qts = start();

    qtest_memset(qts, AREA, 0x5a, 16);
    check_access_refused(qts, H_LOGICAL_CACHE_LOAD);
    check_access_refused(qts, H_LOGICAL_CACHE_STORE);
    check_access_refused(qts, H_LOGICAL_CI_LOAD);
    check_access_refused(qts, H_LOGICAL_CI_STORE);
    g_assert_cmphex(qtest_readq(qts, AREA), ==, 0x5a5a5a5a5a5a5a5a);
    g_assert_cmphex(qtest_readq(qts, AREA + 8), ==, 0x5a5a5a5a5a5a5a5a);
    qtest_quit(qts);
}

/* At the end of memory there is still some */
static void test_load_store_end(void)
{
    QTestState *qts = start();
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned size = 1; size <= 8; size *= 2) {
        g_assert_cmpint(hcall(qts, H_LOGICAL_CACHE_STORE, size, RAM_SIZE - size,
                              0x77), ==, H_SUCCESS);
        g_assert_cmpint(hcall_rets(qts, rets, H_LOGICAL_CACHE_LOAD, size,
                                   RAM_SIZE - size), ==, H_SUCCESS);
        g_assert_cmphex(rets[0], ==, 0x77);
    }
    qtest_quit(qts);
}

static void test_cache_ops(void)
{
    static const uint64_t ops[] = { H_LOGICAL_ICBI, H_LOGICAL_DCBF };
    QTestState *qts = start();

    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        qtest_writeq(qts, AREA, 0x1122334455667788);
        g_assert_cmpint(hcall(qts, ops[i], AREA), ==, H_SUCCESS);
        g_assert_cmpint(hcall(qts, ops[i], AREA + 3), ==, H_SUCCESS);
        g_assert_cmpint(hcall(qts, ops[i], RAM_SIZE - 1), ==, H_SUCCESS);
        g_assert_cmpint(hcall(qts, ops[i], RAM_SIZE), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, ops[i], NOTHING), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, ops[i], -1), ==, H_PARAMETER);
        g_assert_cmphex(qtest_readq(qts, AREA), ==, 0x1122334455667788);
    }
    qtest_quit(qts);
}

/*
 * The calls of firmware
 */

/* Does the machine's tree have the property that update_dt() adds? */
static bool tree_is_updated(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);

    return fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "qtest", NULL);
}

static void test_update_dt(void)
{
    QTestState *qts = start_firmware("slof");
    g_autofree void *old = spapr_qtest_fdt(qts);
    size_t size = fdt_totalsize(old) + 256;
    g_autofree void *fdt = g_malloc(size);

    g_assert_cmpint(fdt_open_into(old, fdt, size), ==, 0);
    g_assert_cmpint(fdt_setprop_u32(fdt, fdt_path_offset(fdt, "/chosen"),
                                    "qtest", 1), ==, 0);

    /* Nothing there, no tree, one that ends outside memory */
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, NOTHING), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, RAM_SIZE - 8), ==,
                    H_PARAMETER);
    qtest_memset(qts, AREA, 0, size);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_PARAMETER);
    qtest_memwrite(qts, RAM_SIZE - size / 8 * 4, fdt, size / 8 * 4);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, RAM_SIZE - size / 8 * 4),
                    ==, H_PARAMETER);

    /* Trees that are larger than they may be, or broken */
    qtest_memwrite(qts, AREA, fdt, size);
    qtest_writel(qts, AREA + offsetof(struct fdt_header, totalsize), 64 * MiB);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_PARAMETER);
    qtest_writel(qts, AREA + offsetof(struct fdt_header, totalsize),
                 0x7fffffff);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_PARAMETER);
    qtest_memwrite(qts, AREA, fdt, size);
    qtest_writel(qts, AREA + fdt_off_dt_struct(fdt), 0x12345678);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_PARAMETER);
    qtest_memwrite(qts, AREA, fdt, size);
    qtest_writel(qts, AREA + offsetof(struct fdt_header, off_dt_strings),
                 0xfffffff0);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_PARAMETER);
    g_assert_false(tree_is_updated(qts));

    qtest_memwrite(qts, AREA, fdt, size);
    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_SUCCESS);
    g_assert_true(tree_is_updated(qts));
    qtest_quit(qts);
}

/* A call of the Open Firmware client interface: one argument, one result */
static uint32_t find_device(QTestState *qts, const char *path)
{
    const uint64_t service = AREA + 64, arg = AREA + 128;

    qtest_memwrite(qts, service, "finddevice", sizeof("finddevice"));
    qtest_memwrite(qts, arg, path, strlen(path) + 1);
    qtest_writel(qts, AREA, service);
    qtest_writel(qts, AREA + 4, 1);
    qtest_writel(qts, AREA + 8, 1);
    qtest_writel(qts, AREA + 12, arg);
    qtest_writel(qts, AREA + 16, 0);
    g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, AREA), ==, H_SUCCESS);
    return qtest_readl(qts, AREA + 16);
}

static void test_vof_client(void)
{
    QTestState *qts = start();

    g_assert_cmphex(find_device(qts, "/nowhere"), ==, 0xffffffff);
    g_assert_cmphex(find_device(qts, "/rtas"), !=, 0xffffffff);
    g_assert_cmphex(find_device(qts, "/rtas"), !=, find_device(qts, "/chosen"));
    g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, RAM_SIZE), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PRIVATE_VOF_CLIENT, NOTHING), ==, H_PARAMETER);
    qtest_quit(qts);
}

/* Each firmware has a call that the other one has not */
static void test_other_firmware(void)
{
    QTestState *qts = start();

    g_assert_cmpint(hcall(qts, H_PRIVATE_UPDATE_DT, AREA), ==, H_FUNCTION);
    qtest_quit(qts);

    qts = start_firmware("slof");
    check_unknown(qts, H_PRIVATE_VOF_CLIENT);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-hcall/unknown", test_unknown);
    qtest_add_func("spapr-hcall/unknown-huge", test_unknown_huge);
    qtest_add_func("spapr-hcall/hypertas-functions", test_hypertas_functions);
    qtest_add_func("spapr-hcall/protocol", test_protocol);
    qtest_add_func("spapr-hcall/cede", test_cede);
    qtest_add_func("spapr-hcall/memop", test_memop);
    qtest_add_func("spapr-hcall/memop-bad", test_memop_bad);
    qtest_add_func("spapr-hcall/memop-io", test_memop_io);
    qtest_add_func("spapr-hcall/cache-load-store", test_cache_load_store);
    qtest_add_func("spapr-hcall/ci-load-store", test_ci_load_store);
    qtest_add_func("spapr-hcall/load-store-bad", test_load_store_bad);
    qtest_add_func("spapr-hcall/load-store-end", test_load_store_end);
    qtest_add_func("spapr-hcall/cache-ops", test_cache_ops);
    qtest_add_func("spapr-hcall/update-dt", test_update_dt);
    qtest_add_func("spapr-hcall/vof-client", test_vof_client);
    qtest_add_func("spapr-hcall/other-firmware", test_other_firmware);

    return g_test_run();
}
