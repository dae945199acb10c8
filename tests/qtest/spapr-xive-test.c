/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: XIVE exploitation mode of the sPAPR board
 *
 * LoPAR, "Interrupt Support hcall()s" and "PowerPC External Interrupt
 * Virtualization Engine Nodes". Events come from LISNs of the guest's own, which
 * a store in their page triggers, and from the level-sensitive source of power
 * warnings. A processor reaches its thread context with H_LOGICAL_CI_LOAD.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>

#define RAM_SIZE        (256 * MiB)
#define PAGE            0x10000

/* Sources: two of the guest's own, the one of power warnings, a terminal's */
#define IPI0            0
#define IPI1            1
#define EPOW            0x1000
#define VTY             0x1100
#define LISNS           0x2000

static const uint64_t no_sources[] = {
    2, 0xfff, 0x1002, 0x1fef, 0x1fff, 0x2000, 0x10000000, 0x7fffffff,
    0x80000000, 1ull << 32, (1ull << 32) | EPOW, -1,
};
static const uint64_t no_targets[] = {
    2, 8, 0x7fffffff, 0x20000000, 1ull << 32, -1,
};
static const uint64_t no_priorities[] = {
    7, 8, 0xfe, 0xff, 0x100, 1ull << 32, -1,
};

/* Flags of the calls; the LoPAR's bit 63 is the lowest one */
#define SOURCE_ESB_HCALL    8
#define SOURCE_LSI          4
#define SOURCE_STORE_EOI    1
#define SET_EISN            2
#define MASK                1
#define NOTIFY              1
#define GENERATION          2
#define DEBUG               1
#define STORE               1

/* Offsets in the pages of sources and queues */
#define ESB_LOAD_EOI        0x000
#define ESB_STORE_EOI       0x400
#define ESB_GET             0x800
#define ESB_SET_00          0xc00
#define ESB_SET_01          0xd00
#define ESB_SET_10          0xe00
#define ESB_SET_11          0xf00

/* States: pending, queued */
#define PQ_RESET            0
#define PQ_OFF              1
#define PQ_PENDING          2
#define PQ_QUEUED           3

/* The thread context: size in the high half, offset in the low one */
#define TM_OS_NSR           0x10
#define TM_OS_CPPR          0x11
#define TM_OS_IPB           0x12
#define TM_OS_PIPR          0x17
#define TM_ACK              0x810
#define TM_SET_PENDING      0x812
#define TM_ACK_TO_LINE      0xc10
#define NSR_EO              0x80

#define QUEUE(n)            (64 * MiB + (n) * MiB)
#define NO_QUEUE            UINT64_MAX
#define PRIO                5

typedef struct Board {
    QTestState *qts;
    void *fdt;
    uint64_t os_page, user_page;
    uint64_t mgmt[LISNS], trig[LISNS];
} Board;

/* A hypercall by a processor of choice */
#define hcall_by(board, cpu, rets, token, ...)                          \
    spapr_qtest_hcall((board)->qts, (cpu), (token),                     \
                      SPAPR_QTEST_ARGS(__VA_ARGS__) + 1,                \
                      SPAPR_QTEST_NARGS(__VA_ARGS__), (rets))

#define assert_call(want, ...) \
    g_assert_cmpint(hcall(board->qts, __VA_ARGS__), ==, (want))

#define OPTIONS     "-nodefaults -m 256 -cpu power9 -smp 2,cores=2,threads=1 "
#define XIVE        "-machine pseries,ic-mode=xive " OPTIONS

static int xive_node(const void *fdt)
{
    return fdt_node_offset_by_compatible(fdt, -1, "ibm,power-ivpe");
}

static uint64_t reg_cells(const void *fdt, int node, int n)
{
    int len;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

    g_assert_nonnull(reg);
    g_assert_cmpint(len, >=, 4 * (n + 2));
    return (uint64_t)fdt32_to_cpu(reg[n]) << 32 | fdt32_to_cpu(reg[n + 1]);
}

static void source_info(Board *board, uint32_t lisn, uint64_t flags)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_SOURCE_INFO, 0,
                               lisn), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, flags);
    g_assert_cmpuint(rets[3], ==, 16);
    board->mgmt[lisn] = rets[1];
    board->trig[lisn] = rets[2];
}

/* @options are those of the machine, which has XIVE */
static Board *board_new(QTestState *qts)
{
    Board *board = g_new0(Board, 1);
    int node;

    board->qts = qts;
    board->fdt = spapr_qtest_fdt(qts);
    node = xive_node(board->fdt);
    if (node >= 0) {
        board->user_page = reg_cells(board->fdt, node, 0);
        board->os_page = reg_cells(board->fdt, node, 4);
        source_info(board, IPI0, SOURCE_STORE_EOI);
        source_info(board, IPI1, SOURCE_STORE_EOI);
        source_info(board, EPOW, SOURCE_STORE_EOI | SOURCE_LSI);
    }
    return board;
}

static Board *board_start(void)
{
    return board_new(qtest_init(XIVE));
}

static void board_quit(Board *board)
{
    qtest_quit(board->qts);
    g_free(board->fdt);
    g_free(board);
}

/* Thread contexts */

static uint64_t tm_load(Board *board, int cpu, unsigned size, uint64_t offset)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_by(board, cpu, rets, H_LOGICAL_CI_LOAD, size,
                             board->os_page + offset), ==, H_SUCCESS);
    return rets[0];
}

static void tm_store(Board *board, int cpu, unsigned size, uint64_t offset,
                     uint64_t value)
{
    g_assert_cmpint(hcall_by(board, cpu, NULL, H_LOGICAL_CI_STORE, size,
                             board->os_page + offset, value), ==, H_SUCCESS);
}

/* A byte of the ring of the OS */
static uint8_t tm_byte(Board *board, int cpu, unsigned offset)
{
    return tm_load(board, cpu, 8, 0x10) >> (8 * (0x17 - offset));
}

static void set_cppr(Board *board, int cpu, uint8_t cppr)
{
    tm_store(board, cpu, 1, TM_OS_CPPR, cppr);
}

/* Status and priority, of the processor that takes it */
#define check_ack(board, cpu, want) \
    g_assert_cmphex(tm_load((board), (cpu), 2, TM_ACK), ==, (want))

/* Sources */

static void trigger(Board *board, uint32_t lisn)
{
    qtest_writeq(board->qts, board->trig[lisn], 0);
}

static uint64_t esb_load(Board *board, uint32_t lisn, uint64_t offset)
{
    return qtest_readq(board->qts, board->mgmt[lisn] + offset);
}

static void eoi(Board *board, uint32_t lisn)
{
    qtest_writeq(board->qts, board->mgmt[lisn] + ESB_STORE_EOI, 0);
}

#define check_pq(board, lisn, want) \
    g_assert_cmpuint(esb_load((board), (lisn), ESB_GET), ==, (want))

static void set_source(Board *board, uint32_t lisn, uint64_t target,
                       uint64_t priority, uint64_t flags, uint64_t eisn)
{
    assert_call(H_SUCCESS, H_INT_SET_SOURCE_CONFIG, flags, lisn, target,
                priority, eisn);
}

static void check_source(Board *board, uint32_t lisn, uint64_t target,
                         uint64_t priority, uint64_t eisn)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_SOURCE_CONFIG, 0,
                               lisn), ==, H_SUCCESS);
    if (priority != 0xff) {
        g_assert_cmphex(rets[0], ==, target);
    }
    g_assert_cmphex(rets[1], ==, priority);
    g_assert_cmphex(rets[2], ==, eisn);
}

/* Queues */

static void set_queue(Board *board, uint64_t target, uint64_t priority,
                      uint64_t flags, uint64_t addr, uint64_t shift)
{
    assert_call(H_SUCCESS, H_INT_SET_QUEUE_CONFIG, flags, target, priority,
                addr, shift);
}

static void check_queue(Board *board, uint64_t target, uint64_t priority,
                        uint64_t flags, uint64_t addr, uint64_t shift,
                        uint64_t index)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_QUEUE_CONFIG, DEBUG,
                               target, priority), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, flags);
    g_assert_cmphex(rets[1], ==, addr);
    g_assert_cmpuint(rets[2], ==, shift);
    g_assert_cmpuint(rets[3], ==, index);
    /* Only who debugs learns of generation and index */
    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_QUEUE_CONFIG, 0,
                               target, priority), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, flags & NOTIFY);
    g_assert_cmphex(rets[1], ==, addr);
    g_assert_cmpuint(rets[2], ==, shift);
    g_assert_cmpuint(rets[3], ==, 0);
}

#define check_entry(board, queue, index, want)                          \
    g_assert_cmphex(qtest_readl((board)->qts, (queue) + 4 * (index)), ==, \
                    (want))

/* A source that is on, with a queue, and a processor that takes it */
static void set_up(Board *board, uint32_t lisn, int cpu)
{
    set_queue(board, cpu, PRIO, NOTIFY, QUEUE(cpu), 12);
    set_source(board, lisn, cpu, PRIO, SET_EISN, 0x100 + lisn);
    esb_load(board, lisn, ESB_SET_00);
    set_cppr(board, cpu, 0xff);
}

/*
 * Tests
 */

static void test_device_tree(void)
{
    Board *board = board_start();
    const void *fdt = board->fdt;
    int len, node = xive_node(fdt);
    const fdt32_t *cells;
    const char *words;

    g_assert_cmpint(node, >=, 0);
    g_assert_true(g_str_has_prefix(fdt_get_name(fdt, node, NULL),
                                   "interrupt-controller@"));
    g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==,
                    "power-ivpe");
    g_assert_nonnull(fdt_getprop(fdt, node, "interrupt-controller", NULL));
    g_assert_cmpuint(fdt_get_phandle(fdt, node), !=, 0);
    cells = fdt_getprop(fdt, node, "#interrupt-cells", &len);
    g_assert_cmpint(len, ==, 4);
    g_assert_cmpuint(fdt32_to_cpu(cells[0]), ==, 2);

    g_assert_cmphex(reg_cells(fdt, node, 2), ==, PAGE);
    g_assert_cmphex(reg_cells(fdt, node, 6), ==, PAGE);
    g_assert_cmphex(board->user_page, !=, board->os_page);

    cells = fdt_getprop(fdt, node, "ibm,xive-eq-sizes", &len);
    g_assert_cmpint(len, ==, 16);
    for (int i = 1; i < 4; i++) {
        g_assert_cmpuint(fdt32_to_cpu(cells[i - 1]), <, fdt32_to_cpu(cells[i]));
    }
    /* One for each processor at least, and below the devices */
    cells = fdt_getprop(fdt, node, "ibm,xive-lisn-ranges", &len);
    g_assert_cmpint(len, ==, 8);
    g_assert_cmpuint(fdt32_to_cpu(cells[0]), ==, 0);
    g_assert_cmpuint(fdt32_to_cpu(cells[1]), ==, 2);

    cells = fdt_getprop(fdt, 0, "ibm,plat-res-int-priorities", &len);
    g_assert_cmpint(len, ==, 8);
    g_assert_cmpuint(fdt32_to_cpu(cells[0]), ==, 7);
    g_assert_cmpuint(fdt32_to_cpu(cells[1]), ==, 0xff - 7);

    words = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"),
                        "ibm,hypertas-functions", &len);
    g_assert_true(fdt_stringlist_contains(words, len,
                                          "hcall-int-exploitation"));
    /* There is no XICS in this machine */
    g_assert_false(fdt_stringlist_contains(words, len, "hcall-interrupt"));
    g_assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"),
                              "ibm,set-xive", NULL));
    board_quit(board);
}

/* With XICS, or without the choice made, nobody answers */
static void check_function(const char *machine)
{
    Board *board = board_new(qtest_initf("-machine %s " OPTIONS, machine));

    g_assert_cmpint(xive_node(board->fdt), <, 0);
    for (uint64_t token = H_INT_GET_SOURCE_INFO; token <= H_INT_RESET;
         token += 4) {
        /* Whatever is wrong with the arguments */
        assert_call(H_FUNCTION, token, 0, 0, 0, 0, 0);
        assert_call(H_FUNCTION, token, -1, -1, -1, -1, -1);
    }
    assert_call(H_SUCCESS, H_XIRR);
    board_quit(board);
}

static void test_function(void)
{
    check_function("pseries,ic-mode=xics");
    check_function("pseries,ic-mode=dual");
    check_function("pseries,max-cpu-compat=power8");
}

/* Flags that are reserved come first, then source, target and so on */
static void test_flags(void)
{
    static const struct {
        uint64_t token, known;
    } calls[] = {
        { H_INT_GET_SOURCE_INFO, 0 },
        { H_INT_SET_SOURCE_CONFIG, SET_EISN | MASK },
        { H_INT_GET_SOURCE_CONFIG, 0 },
        { H_INT_GET_QUEUE_INFO, 0 },
        { H_INT_SET_QUEUE_CONFIG, NOTIFY },
        { H_INT_GET_QUEUE_CONFIG, DEBUG },
        { H_INT_SET_OS_REPORTING_LINE, 0 },
        { H_INT_GET_OS_REPORTING_LINE, 0 },
        { H_INT_ESB, STORE },
        { H_INT_SYNC, 0 },
        { H_INT_RESET, 0 },
    };
    Board *board = board_start();

    set_up(board, IPI0, 0);
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        for (int bit = 0; bit < 64; bit++) {
            if (!(calls[i].known & 1ull << bit)) {
                assert_call(H_PARAMETER, calls[i].token, 1ull << bit, -1, -1,
                            -1, -1);
            }
        }
        assert_call(H_PARAMETER, calls[i].token, -1, 0, 0, 0, 0);
    }
    check_source(board, IPI0, 0, PRIO, 0x100);
    board_quit(board);
}

static void test_source_calls(void)
{
    Board *board = board_start();

    for (int i = 0; i < ARRAY_SIZE(no_sources); i++) {
        uint64_t lisn = no_sources[i];

        assert_call(H_P2, H_INT_GET_SOURCE_INFO, 0, lisn);
        assert_call(H_P2, H_INT_SET_SOURCE_CONFIG, 0, lisn, -1, -1, 0);
        assert_call(H_P2, H_INT_SET_SOURCE_CONFIG, 0, lisn, 0, 0xff, 0);
        assert_call(H_P2, H_INT_GET_SOURCE_CONFIG, 0, lisn);
        assert_call(H_P2, H_INT_ESB, 0, lisn, -1, 0);
        assert_call(H_P2, H_INT_SYNC, 0, lisn);
    }
    assert_call(H_SUCCESS, H_INT_SYNC, 0, IPI0);
    assert_call(H_SUCCESS, H_INT_SYNC, 0, EPOW);

    /* At the start: no queue, off, and the number is the source's own */
    check_source(board, IPI1, 0, 0xff, IPI1);
    check_source(board, EPOW, 0, 0xff, EPOW);
    check_pq(board, IPI1, PQ_OFF);
    check_pq(board, EPOW, PQ_OFF);

    for (int i = 0; i < ARRAY_SIZE(no_targets); i++) {
        assert_call(H_P3, H_INT_SET_SOURCE_CONFIG, 0, IPI1, no_targets[i], -1,
                    0);
        /* Nobody is asked for a target that is none */
        assert_call(H_SUCCESS, H_INT_SET_SOURCE_CONFIG, 0, IPI1, no_targets[i],
                    0xff, 0);
    }
    for (int i = 0; i < ARRAY_SIZE(no_priorities); i++) {
        if (no_priorities[i] != 0xff) {
            assert_call(H_P4, H_INT_SET_SOURCE_CONFIG, 0, IPI1, 1,
                        no_priorities[i], 0);
        }
    }
    check_source(board, IPI1, 0, 0xff, IPI1);

    /* The number changes when that is said, and has 31 bits */
    set_source(board, IPI1, 1, 0, 0, 0x77);
    check_source(board, IPI1, 1, 0, IPI1);
    set_source(board, IPI1, 0, 6, SET_EISN, 0xffffffff80000077);
    check_source(board, IPI1, 0, 6, 0x77);
    set_source(board, IPI1, 1, 3, MASK, 0x88);
    check_source(board, IPI1, 1, 3, 0x77);
    set_source(board, IPI1, 0, 0xff, SET_EISN, 0x99);
    check_source(board, IPI1, 0, 0xff, IPI1);
    board_quit(board);
}

/* Targets and priorities, for each call that is about a queue */
static void test_queue_targets(void)
{
    static const uint64_t tokens[] = {
        H_INT_GET_QUEUE_INFO, H_INT_SET_QUEUE_CONFIG, H_INT_GET_QUEUE_CONFIG,
    };
    Board *board = board_start();

    for (int i = 0; i < ARRAY_SIZE(tokens); i++) {
        for (int j = 0; j < ARRAY_SIZE(no_targets); j++) {
            assert_call(H_P2, tokens[i], 0, no_targets[j], -1, -1, -1);
        }
        for (int j = 0; j < ARRAY_SIZE(no_priorities); j++) {
            assert_call(H_P3, tokens[i], 0, 1, no_priorities[j], -1, -1);
        }
    }
    board_quit(board);
}

static void test_queue_memory(void)
{
    static const uint64_t no_sizes[] = {
        1, 11, 13, 15, 17, 20, 22, 23, 25, 32, 64, 1ull << 32 | 12, -1,
    };
    static const struct {
        uint64_t addr, shift;
    } bad[] = {
        { RAM_SIZE, 12 }, { 1ull << 50, 12 }, { -1ull << 12, 12 },
        { -1ull << 16, 16 }, { 1ull << 63, 12 }, { RAM_SIZE, 24 },
        /* Not a multiple of the size */
        { QUEUE(0) + 4, 12 }, { QUEUE(0) + 0x1000, 16 }, { QUEUE(1), 21 },
        { QUEUE(2), 24 }, { 1, 12 }, { -1, 12 },
    };
    static const struct {
        uint64_t addr, shift;
    } good[] = {
        { 0, 12 }, { RAM_SIZE - 0x1000, 12 }, { QUEUE(0) + 0x10000, 16 },
        { QUEUE(2), 21 }, { RAM_SIZE - 16 * MiB, 24 },
    };
    Board *board = board_start();

    check_queue(board, 1, PRIO, 0, NO_QUEUE, 0, 0);
    /* The size is looked at before the address */
    for (int i = 0; i < ARRAY_SIZE(no_sizes); i++) {
        assert_call(H_P5, H_INT_SET_QUEUE_CONFIG, NOTIFY, 1, PRIO, -1,
                    no_sizes[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_call(H_P4, H_INT_SET_QUEUE_CONFIG, NOTIFY, 1, PRIO, bad[i].addr,
                    bad[i].shift);
    }
    check_queue(board, 1, PRIO, 0, NO_QUEUE, 0, 0);
    for (int i = 0; i < ARRAY_SIZE(good); i++) {
        uint64_t notify = i % 2 ? NOTIFY : 0;

        set_queue(board, 1, PRIO, notify, good[i].addr, good[i].shift);
        check_queue(board, 1, PRIO, GENERATION | notify, good[i].addr,
                    good[i].shift, 0);
    }
    /* Its neighbours have nothing of it */
    check_queue(board, 0, PRIO, 0, NO_QUEUE, 0, 0);
    check_queue(board, 1, PRIO + 1, 0, NO_QUEUE, 0, 0);
    check_queue(board, 1, PRIO - 1, 0, NO_QUEUE, 0, 0);
    /* Size 0: no queue, whatever the address */
    set_queue(board, 1, PRIO, NOTIFY, -1, 0);
    check_queue(board, 1, PRIO, 0, NO_QUEUE, 0, 0);
    board_quit(board);
}

/* From a trigger to the end of the interrupt */
static void test_event(void)
{
    Board *board = board_start();

    set_up(board, IPI1, 1);
    check_ack(board, 1, 0x00ff);
    trigger(board, IPI1);
    check_pq(board, IPI1, PQ_PENDING);
    check_entry(board, QUEUE(1), 0, 0x80000101);
    check_entry(board, QUEUE(1), 1, 0);
    check_queue(board, 1, PRIO, GENERATION | NOTIFY, QUEUE(1), 12, 1);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_NSR), ==, NSR_EO);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_PIPR), ==, PRIO);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_IPB), ==, 0x80 >> PRIO);
    /* The other one hears nothing of it */
    g_assert_cmphex(tm_byte(board, 0, TM_OS_NSR), ==, 0);

    check_ack(board, 1, NSR_EO << 8 | PRIO);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_NSR), ==, 0);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_IPB), ==, 0);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_CPPR), ==, PRIO);
    check_ack(board, 1, PRIO);

    eoi(board, IPI1);
    check_pq(board, IPI1, PQ_RESET);
    set_cppr(board, 1, 0xff);
    g_assert_cmphex(tm_byte(board, 1, TM_OS_NSR), ==, 0);
    board_quit(board);
}

/* Any number of triggers while one is pending is one more event */
static void test_coalescing(void)
{
    Board *board = board_start();

    set_up(board, IPI0, 0);
    for (int i = 0; i < 5; i++) {
        trigger(board, IPI0);
        check_pq(board, IPI0, i ? PQ_QUEUED : PQ_PENDING);
    }
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 1);
    eoi(board, IPI0);
    check_pq(board, IPI0, PQ_PENDING);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 2);
    /* The same by a load, which tells whether there was one more */
    trigger(board, IPI0);
    g_assert_cmpuint(esb_load(board, IPI0, ESB_LOAD_EOI), ==, 1);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 3);
    g_assert_cmpuint(esb_load(board, IPI0, ESB_LOAD_EOI), ==, 0);
    check_pq(board, IPI0, PQ_RESET);

    /* Off, nothing comes and nothing is kept */
    g_assert_cmpuint(esb_load(board, IPI0, ESB_SET_01), ==, PQ_RESET);
    trigger(board, IPI0);
    check_pq(board, IPI0, PQ_OFF);
    eoi(board, IPI0);
    check_pq(board, IPI0, PQ_OFF);
    g_assert_cmpuint(esb_load(board, IPI0, ESB_SET_00), ==, PQ_OFF);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 3);
    /* As Linux masks: pending, so that what comes is kept */
    g_assert_cmpuint(esb_load(board, IPI0, ESB_SET_10), ==, PQ_RESET);
    trigger(board, IPI0);
    g_assert_cmpuint(esb_load(board, IPI0, ESB_SET_11), ==, PQ_QUEUED);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 3);
    eoi(board, IPI0);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 4);

    /* The trigger page does nothing else, and is not to be read */
    qtest_writeq(board->qts, board->trig[IPI0] + ESB_SET_01, 0);
    check_pq(board, IPI0, PQ_QUEUED);
    g_assert_cmphex(qtest_readq(board->qts, board->trig[IPI0] + ESB_SET_00), ==,
                    -1);
    check_pq(board, IPI0, PQ_QUEUED);
    board_quit(board);
}

/* The generation bit changes each time the queue has been filled */
static void test_generation(void)
{
    const unsigned entries = 1024;
    Board *board = board_start();

    set_up(board, IPI0, 0);
    for (unsigned n = 0; n < 2 * entries + 3; n++) {
        bool odd = n / entries % 2;

        check_queue(board, 0, PRIO, NOTIFY | (odd ? 0 : GENERATION), QUEUE(0),
                    12, n % entries);
        set_source(board, IPI0, 0, PRIO, SET_EISN, n);
        trigger(board, IPI0);
        eoi(board, IPI0);
        check_entry(board, QUEUE(0), n % entries, (odd ? 0 : 0x80000000) | n);
    }
    /* Nothing is written behind its end */
    check_entry(board, QUEUE(0), entries, 0);
    /* A queue that is set again begins again */
    set_queue(board, 0, PRIO, NOTIFY, QUEUE(0), 16);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 16, 0);
    board_quit(board);
}

/* Without the flag the state in the queue's page decides who is notified */
static void test_notification(void)
{
    Board *board = board_start();
    uint64_t rets[SPAPR_QTEST_REGS], page;

    set_up(board, IPI0, 0);
    set_queue(board, 0, PRIO, 0, QUEUE(0), 12);
    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_QUEUE_INFO, 0, 0,
                               PRIO), ==, H_SUCCESS);
    page = rets[0];
    g_assert_cmpuint(rets[1], ==, 16);
    g_assert_cmphex(page % PAGE, ==, 0);
    g_assert_cmphex(qtest_readq(board->qts, page + ESB_GET), ==, PQ_RESET);

    trigger(board, IPI0);
    g_assert_cmphex(qtest_readq(board->qts, page + ESB_GET), ==, PQ_PENDING);
    check_ack(board, 0, NSR_EO << 8 | PRIO);
    eoi(board, IPI0);
    set_cppr(board, 0, 0xff);
    /* It is in the queue, but nobody is told */
    trigger(board, IPI0);
    g_assert_cmphex(qtest_readq(board->qts, page + ESB_GET), ==, PQ_QUEUED);
    check_queue(board, 0, PRIO, GENERATION, QUEUE(0), 12, 2);
    check_ack(board, 0, 0x00ff);
    /* The end of it says that there was more, and the next is told */
    g_assert_cmphex(qtest_readq(board->qts, page + ESB_LOAD_EOI), ==, 1);
    g_assert_cmphex(qtest_readq(board->qts, page + ESB_SET_00), ==, PQ_PENDING);
    eoi(board, IPI0);
    trigger(board, IPI0);
    check_ack(board, 0, NSR_EO << 8 | PRIO);

    /* A queue that is not there has no state */
    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_QUEUE_INFO, 0, 1,
                               PRIO), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], !=, page);
    g_assert_cmphex(qtest_readq(board->qts, rets[0] + ESB_GET), ==, -1);
    board_quit(board);
}

/* Priorities: what is equally favored waits, what is more favored does not */
static void test_priorities(void)
{
    Board *board = board_start();

    set_up(board, IPI0, 0);
    set_up(board, IPI1, 0);
    set_queue(board, 0, 2, NOTIFY, QUEUE(2), 12);
    set_source(board, IPI1, 0, 2, 0, 0);

    set_cppr(board, 0, PRIO);
    trigger(board, IPI0);
    check_entry(board, QUEUE(0), 0, 0x80000100);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_NSR), ==, 0);
    trigger(board, IPI1);
    check_entry(board, QUEUE(2), 0, 0x80000101);
    check_ack(board, 0, NSR_EO << 8 | 2);
    eoi(board, IPI1);
    set_cppr(board, 0, PRIO);
    check_ack(board, 0, PRIO);
    set_cppr(board, 0, PRIO + 1);
    check_ack(board, 0, NSR_EO << 8 | PRIO);
    eoi(board, IPI0);

    /* A processor that takes nothing, as at the start */
    set_cppr(board, 0, 0);
    trigger(board, IPI1);
    check_ack(board, 0, 0);
    set_cppr(board, 0, 0x80);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_CPPR), ==, 0xff);
    check_ack(board, 0, NSR_EO << 8 | 2);

    /* Another priority that the guest looks after by itself */
    set_cppr(board, 0, 0xff);
    tm_store(board, 0, 1, TM_SET_PENDING, 4);
    check_ack(board, 0, NSR_EO << 8 | 4);
    board_quit(board);
}

/* Sources without a queue, with one that is gone, masked, or redirected */
static void test_redirect(void)
{
    Board *board = board_start();

    set_up(board, IPI0, 0);
    set_up(board, IPI1, 1);

    /* Masked: the event is dropped, but its state stays */
    set_source(board, IPI0, 0, PRIO, MASK, 0);
    trigger(board, IPI0);
    check_pq(board, IPI0, PQ_PENDING);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 0);
    eoi(board, IPI0);

    set_source(board, IPI0, 1, PRIO, 0, 0);
    trigger(board, IPI0);
    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 0);
    check_entry(board, QUEUE(1), 0, 0x80000100);
    check_ack(board, 1, NSR_EO << 8 | PRIO);
    eoi(board, IPI0);

    /* To a queue that is not there: gone */
    set_source(board, IPI0, 0, 1, 0, 0);
    trigger(board, IPI0);
    check_ack(board, 0, 0x00ff);
    eoi(board, IPI0);
    set_queue(board, 1, PRIO, 0, 0, 0);
    trigger(board, IPI1);
    check_entry(board, QUEUE(1), 1, 0);
    check_ack(board, 1, PRIO);
    board_quit(board);
}

/* Power warnings: a level, which is there again as long as nobody reads them */
static void test_level(void)
{
    Board *board = board_start();
    /* External interrupt, its source, the class of power warnings */
    const uint32_t check[] = { 0x500, EPOW, 0x40000000, 0, 0x2000000, 2048 };
    uint32_t token = spapr_qtest_rtas_token(board->fdt, "check-exception");
    uint32_t status;

    /* It comes before the source is used */
    qtest_qmp_assert_success(board->qts, "{'execute': 'system_powerdown'}");
    check_pq(board, EPOW, PQ_OFF);
    set_up(board, EPOW, 1);
    check_ack(board, 1, NSR_EO << 8 | PRIO);
    check_entry(board, QUEUE(1), 0, 0x80001100);
    check_pq(board, EPOW, PQ_PENDING);
    eoi(board, EPOW);
    check_entry(board, QUEUE(1), 1, 0x80001100);
    check_pq(board, EPOW, PQ_PENDING);

    spapr_qtest_rtas(board->qts, 0x1000000, token, 6, check, 1, &status);
    g_assert_cmpint(status, ==, RTAS_OUT_SUCCESS);
    eoi(board, EPOW);
    check_pq(board, EPOW, PQ_RESET);
    check_entry(board, QUEUE(1), 2, 0);

    /* It comes afterwards; and the state can be set by a store too */
    qtest_qmp_assert_success(board->qts, "{'execute': 'system_powerdown'}");
    check_entry(board, QUEUE(1), 2, 0x80001100);
    qtest_writeq(board->qts, board->mgmt[EPOW] + ESB_SET_00, 0);
    check_pq(board, EPOW, PQ_PENDING);
    check_entry(board, QUEUE(1), 3, 0x80001100);
    g_assert_cmpuint(esb_load(board, EPOW, ESB_SET_01), ==, PQ_PENDING);
    check_pq(board, EPOW, PQ_OFF);
    check_entry(board, QUEUE(1), 4, 0);
    board_quit(board);
}

/* The ring of the OS, and nothing else, for its processor */
static void test_context_access(void)
{
    Board *board = board_start();

    set_cppr(board, 0, 0xff);
    set_cppr(board, 1, 3);
    g_assert_cmphex(tm_load(board, 0, 8, 0x10) >> 48, ==, 0x00ff);
    g_assert_cmphex(tm_load(board, 1, 8, 0x10) >> 48, ==, 0x0003);
    /* Only what the OS may change, and by bytes at their place */
    tm_store(board, 0, 8, 0x10, -1);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_NSR), ==, 0);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_IPB), ==, 0);
    for (int offset = 0; offset < 0x1000; offset++) {
        for (int size = 1; size <= 8; size *= 2) {
            uint64_t at = board->user_page + offset;

            if (offset % size) {
                continue;
            }
            /* A user reaches nothing */
            hcall_by(board, 0, NULL, H_LOGICAL_CI_LOAD, size, at);
            hcall_by(board, 0, NULL, H_LOGICAL_CI_STORE, size, at, -1);
        }
    }
    g_assert_cmphex(tm_load(board, 0, 8, 0x10) >> 48, ==, 0x00ff);
    /* The rings of hypervisors can't be read */
    for (int offset = 0x20; offset < 0x40; offset += 8) {
        tm_store(board, 0, 8, offset, -1);
        g_assert_cmphex(tm_load(board, 0, 8, offset), ==, -1);
    }
    /* There is no context but a processor's */
    g_assert_cmphex(qtest_readq(board->qts, board->os_page + 0x10), ==, -1);
    qtest_writeq(board->qts, board->os_page + 0x10, -1);
    g_assert_cmphex(tm_load(board, 1, 8, 0x10) >> 48, ==, 0x0003);

    /* Everything once; it survives */
    for (int offset = 0; offset < 0x1000; offset++) {
        for (int size = 1; size <= 8; size *= 2) {
            if (offset % size == 0) {
                tm_load(board, 1, size, offset);
                tm_store(board, 1, size, offset, -1);
            }
        }
    }
    board_quit(board);
}

static void test_reporting_line(void)
{
    static const uint64_t no_lines[] = {
        1, 64, QUEUE(4) + 32, RAM_SIZE, RAM_SIZE - 128, 1ull << 50,
        -128ull, -256ull, -2ull,
    };
    Board *board = board_start();
    uint64_t rets[SPAPR_QTEST_REGS];

    for (int i = 0; i < ARRAY_SIZE(no_lines); i++) {
        assert_call(H_P2, H_INT_SET_OS_REPORTING_LINE, 0, no_lines[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(no_targets); i++) {
        assert_call(H_P2, H_INT_GET_OS_REPORTING_LINE, 0, no_targets[i]);
    }
    /* The second processor has not been started */
    assert_call(H_NOT_AVAILABLE, H_INT_GET_OS_REPORTING_LINE, 0, 1);
    hcall_rets(board->qts, rets, H_INT_GET_OS_REPORTING_LINE, 0, 0);
    g_assert_cmphex(rets[0], ==, -1);

    set_up(board, IPI0, 0);
    assert_call(H_SUCCESS, H_INT_SET_OS_REPORTING_LINE, 0, QUEUE(4) + 128);
    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_GET_OS_REPORTING_LINE, 0,
                               0), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, QUEUE(4) + 128);
    trigger(board, IPI0);
    tm_store(board, 0, 1, TM_ACK_TO_LINE, 0);
    g_assert_cmphex(qtest_readq(board->qts, QUEUE(4) + 128) >> 48, ==,
                    NSR_EO << 8 | PRIO);
    g_assert_cmphex(qtest_readq(board->qts, QUEUE(4) + 120), ==, 0);
    g_assert_cmphex(qtest_readq(board->qts, QUEUE(4) + 144), ==, 0);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_NSR), ==, 0);

    /* None again: it is acknowledged, but not reported */
    eoi(board, IPI0);
    set_cppr(board, 0, 0xff);
    assert_call(H_SUCCESS, H_INT_SET_OS_REPORTING_LINE, 0, -1);
    qtest_writeq(board->qts, QUEUE(4) + 128, 0);
    trigger(board, IPI0);
    tm_store(board, 0, 1, TM_ACK_TO_LINE, 0);
    g_assert_cmphex(qtest_readq(board->qts, QUEUE(4) + 128), ==, 0);
    g_assert_cmphex(tm_byte(board, 0, TM_OS_CPPR), ==, PRIO);
    board_quit(board);
}

static uint64_t esb_call(Board *board, uint64_t flags, uint64_t lisn,
                         uint64_t offset, uint64_t data)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_INT_ESB, flags, lisn, offset,
                               data), ==, H_SUCCESS);
    return rets[0];
}

static void check_esb_calls(Board *board)
{
    static const uint64_t no_offsets[] = {
        1, 4, 0xc04, PAGE, PAGE + ESB_GET, 1ull << 32, 1ull << 63, -8ull, -1,
    };

    for (int i = 0; i < ARRAY_SIZE(no_offsets); i++) {
        assert_call(H_P3, H_INT_ESB, 0, IPI0, no_offsets[i], 0);
        assert_call(H_P3, H_INT_ESB, STORE, IPI0, no_offsets[i], 0);
    }
    /* Stores there are undefined */
    assert_call(H_P3, H_INT_ESB, STORE, IPI0, ESB_GET, 0);

    set_queue(board, 0, PRIO, NOTIFY, QUEUE(0), 12);
    set_source(board, IPI0, 0, PRIO, SET_EISN, 0x123);
    g_assert_cmphex(esb_call(board, 0, IPI0, ESB_SET_00, 0), ==, PQ_OFF);
    g_assert_cmphex(esb_call(board, STORE, IPI0, 0, 0), ==, -1);
    check_entry(board, QUEUE(0), 0, 0x80000123);
    g_assert_cmphex(esb_call(board, 0, IPI0, ESB_GET, 0), ==, PQ_PENDING);
    esb_call(board, STORE, IPI0, 0, 0);
    g_assert_cmphex(esb_call(board, STORE, IPI0, ESB_STORE_EOI, 0), ==, -1);
    check_entry(board, QUEUE(0), 1, 0x80000123);
    g_assert_cmphex(esb_call(board, 0, IPI0, ESB_LOAD_EOI, 0), ==, 0);
    g_assert_cmphex(esb_call(board, STORE, IPI0, ESB_SET_01, 0), ==, -1);
    g_assert_cmphex(esb_call(board, 0, IPI0, ESB_GET, 0), ==, PQ_OFF);
}

static void test_esb(void)
{
    Board *board = board_start();

    check_esb_calls(board);
    board_quit(board);
}

/* Devices' sources without pages; the guest's own keep theirs */
static void test_esb_hcall(void)
{
    Board *board = board_start(), *with = g_new0(Board, 1);

    with->qts = qtest_init(XIVE "-global spapr-xive.esb-hcall=on");
    source_info(with, EPOW, SOURCE_STORE_EOI | SOURCE_LSI | SOURCE_ESB_HCALL);
    g_assert_cmphex(with->mgmt[EPOW], ==, -1);
    g_assert_cmphex(with->trig[EPOW], ==, -1);
    source_info(with, IPI0, SOURCE_STORE_EOI);
    g_assert_cmphex(with->mgmt[IPI0], ==, board->mgmt[IPI0]);
    check_esb_calls(with);
    g_assert_cmphex(esb_call(with, 0, EPOW, ESB_SET_00, 0), ==, PQ_OFF);
    /* Nothing is where the page would be */
    g_assert_cmphex(esb_load(board, EPOW, ESB_GET), ==, PQ_OFF);
    g_assert_cmphex(qtest_readq(with->qts, board->mgmt[EPOW] + ESB_SET_01), ==,
                    0);
    g_assert_cmphex(esb_call(with, 0, EPOW, ESB_GET, 0), ==, PQ_RESET);
    board_quit(with);
    board_quit(board);
}

/* All is as it was at the start, but for what pends in thread contexts */
static void check_forgotten(Board *board)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    for (int cpu = 0; cpu < 2; cpu++) {
        for (int priority = 0; priority < 7; priority++) {
            check_queue(board, cpu, priority, 0, NO_QUEUE, 0, 0);
        }
    }
    check_source(board, IPI0, 0, 0xff, IPI0);
    check_source(board, IPI1, 0, 0xff, IPI1);
    check_source(board, EPOW, 0, 0xff, EPOW);
    check_pq(board, IPI0, PQ_OFF);
    check_pq(board, IPI1, PQ_OFF);
    check_pq(board, EPOW, PQ_OFF);
    hcall_rets(board->qts, rets, H_INT_GET_OS_REPORTING_LINE, 0, 0);
    g_assert_cmphex(rets[0], ==, -1);
}

static void use_everything(Board *board)
{
    set_up(board, IPI0, 0);
    set_up(board, IPI1, 1);
    trigger(board, IPI0);
    trigger(board, IPI0);
    trigger(board, IPI1);
    set_source(board, EPOW, 1, 3, SET_EISN, 0x777);
    set_queue(board, 1, 3, 0, QUEUE(5), 16);
    assert_call(H_SUCCESS, H_INT_SET_OS_REPORTING_LINE, 0, QUEUE(4));
}

static void test_int_reset(void)
{
    Board *board = board_start();

    use_everything(board);
    assert_call(H_SUCCESS, H_INT_RESET, 0);
    check_forgotten(board);
    check_ack(board, 0, NSR_EO << 8 | PRIO);

    /* A level that is there shows when its source is used again */
    qtest_qmp_assert_success(board->qts, "{'execute': 'system_powerdown'}");
    assert_call(H_SUCCESS, H_INT_RESET, 0);
    check_pq(board, EPOW, PQ_OFF);
    set_up(board, EPOW, 1);
    check_pq(board, EPOW, PQ_PENDING);
    check_entry(board, QUEUE(1), 0, 0x80001100);
    board_quit(board);
}

static void test_system_reset(void)
{
    Board *board = board_start();

    for (int i = 0; i < 3; i++) {
        use_everything(board);
        qtest_system_reset(board->qts);
        check_forgotten(board);
        for (int cpu = 0; cpu < 2; cpu++) {
            g_assert_cmphex(tm_byte(board, cpu, TM_OS_CPPR), ==, 0);
            g_assert_cmphex(tm_byte(board, cpu, TM_OS_IPB), ==, 0);
            g_assert_cmphex(tm_byte(board, cpu, TM_OS_NSR), ==, 0);
        }
    }
    board_quit(board);
}

static void test_migration(void)
{
    Board *board = board_start();
    g_autofree char *path = NULL;
    uint64_t rets[SPAPR_QTEST_REGS];

    use_everything(board);
    path = spapr_qtest_save(board->qts);
    board->qts = qtest_init(XIVE "-incoming defer");
    spapr_qtest_load(board->qts, path);

    check_queue(board, 0, PRIO, GENERATION | NOTIFY, QUEUE(0), 12, 1);
    check_queue(board, 1, PRIO, GENERATION | NOTIFY, QUEUE(1), 12, 1);
    check_queue(board, 1, 3, GENERATION, QUEUE(5), 16, 0);
    check_source(board, IPI0, 0, PRIO, 0x100);
    check_source(board, EPOW, 1, 3, 0x777);
    check_pq(board, IPI0, PQ_QUEUED);
    check_pq(board, IPI1, PQ_PENDING);
    check_pq(board, EPOW, PQ_OFF);
    hcall_rets(board->qts, rets, H_INT_GET_OS_REPORTING_LINE, 0, 0);
    g_assert_cmphex(rets[0], ==, QUEUE(4));
    check_ack(board, 1, NSR_EO << 8 | PRIO);
    check_ack(board, 0, NSR_EO << 8 | PRIO);
    /* It goes on */
    eoi(board, IPI0);
    check_entry(board, QUEUE(0), 1, 0x80000100);
    unlink(path);
    board_quit(board);
}

/* A saved machine, and a place in it where the guest's data is known */
typedef struct Stream {
    char *path;
    char *bytes;
    gsize len;
} Stream;

static void stream_check(Stream *stream, const void *known, size_t len,
                         int offset, uint64_t value, size_t size,
                         const char *words)
{
    char *at = memmem(stream->bytes, stream->len, known, len);

    g_assert_nonnull(at);
    g_assert_null(memmem(at + 1, stream->len - (at - stream->bytes) - 1, known,
                         len));
    spapr_qtest_number_refused(XIVE, stream->path, stream->bytes, stream->len,
                               at + offset, value, size, words);
}

/* Tables that no hypercalls could have made are refused */
static void test_bad_migration(void)
{
    /* What an event of the source is called; its assignment is before that */
    static const uint8_t eisn[] = { 0x51, 0xe2, 0xd3, 0xc4 };
    static const uint64_t bad_eas[] = {
        0, 0x00000005, 0x8000000f, 0x80000010, 0x81000005, 0x80fffffe,
        0x80ffffff,
    };
    static const uint64_t queue_addr = 0x0b6c0000, line_addr = 0x0d6e2f80;
    static const struct {
        unsigned word;
        uint32_t value;
    } bad_end[] = {
        /* Not valid, but something; no queue; flags that we never set */
        { 0, 0x40040000 }, { 0, 0x80040000 }, { 0, 0xd0040000 },
        { 0, 0xc4040000 }, { 0, 0xc2040000 }, { 0, 0xc1040000 },
        /* Sizes */
        { 0, 0xc0010000 }, { 0, 0xc00f0000 }, { 0, 0xc00c0000 },
        /* Behind its end; not in memory; not aligned */
        { 1, 0x00404000 }, { 1, 0x007fffff }, { 2, 1 }, { 3, 0x10000000 },
        { 3, 0x0b6c8000 },
        /* Escalation, another target, format, priority */
        { 4, 1 }, { 5, 1 }, { 6, 1 }, { 6, 2 }, { 6, 0x00800000 },
        { 7, 0x00040000 }, { 7, 0x80050000 }, { 7, 0x00ff0000 },
    };
    Board *board = board_start();
    Stream stream = { NULL };
    uint8_t known[8];

    set_queue(board, 0, PRIO, 0, queue_addr, 16);
    set_source(board, IPI0, 0, PRIO, SET_EISN, ldl_be_p(eisn));
    assert_call(H_SUCCESS, H_INT_SET_OS_REPORTING_LINE, 0, line_addr);
    stream.path = spapr_qtest_save(board->qts);
    g_assert_true(g_file_get_contents(stream.path, &stream.bytes, &stream.len,
                                      NULL));

    for (int i = 0; i < ARRAY_SIZE(bad_eas); i++) {
        /* The last one lacks the mask that belongs to it */
        stream_check(&stream, eisn, sizeof(eisn), -4, bad_eas[i], 4,
                     "interrupt source 0x0 ");
    }
    /* Words 2 and 3 are the address */
    stq_be_p(known, queue_addr);
    for (int i = 0; i < ARRAY_SIZE(bad_end); i++) {
        stream_check(&stream, known, sizeof(known),
                     4 * ((int)bad_end[i].word - 2), bad_end[i].value, 4,
                     "event queue 5 ");
    }
    stq_be_p(known, line_addr);
    stream_check(&stream, known, sizeof(known), 0, RAM_SIZE - 128, 8,
                 "reporting line of server 0 ");
    stream_check(&stream, known, sizeof(known), 0, line_addr + 64, 8,
                 "reporting line of server 0 ");
    unlink(stream.path);
    g_free(stream.path);
    g_free(stream.bytes);
    g_free(board->fdt);
    g_free(board);
}

static void check_load_refused(const char *from, const char *to,
                               const char *words)
{
    QTestState *qts = qtest_initf("-nodefaults -m 256 -cpu power9 %s", from);
    g_autofree char *path = spapr_qtest_save(qts);
    g_autofree char *options = g_strdup_printf(
        "-nodefaults -m 256 -cpu power9 -display none %s -incoming file:%s", to,
        path);
    g_autofree char *text = spapr_qtest_fail(options);

    g_assert_nonnull(strstr(text, words));
    unlink(path);
}

/* The other end must have been started with the same controllers */
static void test_migration_mode(void)
{
    check_load_refused("-machine pseries,ic-mode=xive",
                       "-machine pseries,ic-mode=xics",
                       "ic-mode=xive, this one with ic-mode=xics");
    check_load_refused("-machine pseries,ic-mode=xics",
                       "-machine pseries,ic-mode=dual",
                       "ic-mode=xics, this one with ic-mode=dual");
    check_load_refused("-machine pseries,ic-mode=dual",
                       "-machine pseries,ic-mode=xive",
                       "ic-mode=dual, this one with ic-mode=xive");
    check_load_refused("-machine pseries,ic-mode=xive "
                       "-global spapr-xive.esb-hcall=on",
                       "-machine pseries,ic-mode=xive",
                       "esb-hcall=on for the incoming guest");
}

static void test_info_pic(void)
{
    Board *board = board_start();
    g_autofree char *text = NULL;

    use_everything(board);
    text = qtest_hmp(board->qts, "info pic");
    g_assert_nonnull(strstr(text, "CPU[0000]:   OS    80   ff  04"));
    g_assert_nonnull(strstr(text, "CPU[0001]:   OS    80   ff  04"));
    g_assert_nonnull(strstr(text, "00000000 MSI PQ    00000100    0/5"));
    g_assert_nonnull(strstr(text, "00001000 LSI -Q    00000777    1/3"));
    g_assert_nonnull(strstr(text, "prio:5 nvt:00/0001 eq:@04100000"));
    board_quit(board);
}

static void test_options(void)
{
    spapr_qtest_refused("-machine pseries,ic-mode=xive -cpu power8",
                        "ic-mode=xive", "POWER9");
    spapr_qtest_refused("-machine pseries,ic-mode=xive,max-cpu-compat=power8 "
                        "-cpu power10", "ic-mode=xive", "max-cpu-compat");
    spapr_qtest_refused("-machine pseries,ic-mode=pic", "ic-mode=pic",
                        "xics, xive or dual");
}

/* A source that the stream did not have is there nevertheless */
static void test_after_bad_migration(void)
{
    g_autofree char *path = spapr_qtest_save(qtest_init(XIVE));
    g_autofree char *state = NULL;
    uint64_t rets[SPAPR_QTEST_REGS];
    QTestState *qts;
    size_t len, size;
    char *at;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* A flag, and an entry for each source */
    at = spapr_qtest_section(state, len, "spapr-xive", &size) + 1 + EPOW * 8;
    qts = spapr_qtest_after_refusal(XIVE, path, state, len, at, 0, 8);
    g_assert_cmpint(hcall_rets(qts, rets, H_INT_GET_SOURCE_INFO, 0, EPOW), ==,
                    H_SUCCESS);
    unlink(path);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-xive/device-tree", test_device_tree);
    qtest_add_func("spapr-xive/function", test_function);
    qtest_add_func("spapr-xive/flags", test_flags);
    qtest_add_func("spapr-xive/source-calls", test_source_calls);
    qtest_add_func("spapr-xive/queue-targets", test_queue_targets);
    qtest_add_func("spapr-xive/queue-memory", test_queue_memory);
    qtest_add_func("spapr-xive/event", test_event);
    qtest_add_func("spapr-xive/coalescing", test_coalescing);
    qtest_add_func("spapr-xive/generation", test_generation);
    qtest_add_func("spapr-xive/notification", test_notification);
    qtest_add_func("spapr-xive/priorities", test_priorities);
    qtest_add_func("spapr-xive/redirect", test_redirect);
    qtest_add_func("spapr-xive/level", test_level);
    qtest_add_func("spapr-xive/context-access", test_context_access);
    qtest_add_func("spapr-xive/reporting-line", test_reporting_line);
    qtest_add_func("spapr-xive/esb", test_esb);
    qtest_add_func("spapr-xive/esb-hcall", test_esb_hcall);
    qtest_add_func("spapr-xive/int-reset", test_int_reset);
    qtest_add_func("spapr-xive/system-reset", test_system_reset);
    qtest_add_func("spapr-xive/migration", test_migration);
    qtest_add_func("spapr-xive/bad-migration", test_bad_migration);
    qtest_add_func("spapr-xive/after-bad-migration", test_after_bad_migration);
    qtest_add_func("spapr-xive/migration-mode", test_migration_mode);
    qtest_add_func("spapr-xive/info-pic", test_info_pic);
    qtest_add_func("spapr-xive/options", test_options);
    return g_test_run();
}
