/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: the interrupt hypercalls and RTAS calls of the sPAPR board
 *
 * LoPAR, "Interrupt Support hcall()s" and "PowerPC External Interrupt Option".
 * The terminal is the source of interrupts: each time its empty input gets
 * something it signals, once.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>

/* The terminal and its interrupt source */
#define UNIT            0x71000000
#define SOURCE          0x1100
#define IPI             2
/* Numbers that are no source: controllers' own, in range but unused, outside */
#define UNUSED_SOURCE   0x1fef
#define LAST_SOURCE     0x1fff

#define POLL_US         1000

#define RTAS_BUF        0x10000
#define RTAS_OK         0
#define RTAS_PARAM      (-3)

#define TIMEBASE_HZ     512000000

static const uint32_t no_sources[] = {
    0, 1, IPI, SOURCE + 1, UNUSED_SOURCE, LAST_SOURCE, LAST_SOURCE + 1,
    0x01000000 + SOURCE, 0xffffff, 0xffffffff,
};

typedef struct Board {
    QTestState *qts;
    int wire;
    uint32_t server[2];     /* of processors 0 and 1 */
    uint32_t set_xive, get_xive, int_on, int_off;
    void *fdt;
} Board;

/* Interrupt server number of the processors, in order */
static void read_servers(Board *board)
{
    int cpus = fdt_path_offset(board->fdt, "/cpus");
    int node, n = 0;

    fdt_for_each_subnode(node, board->fdt, cpus) {
        const char *type = fdt_getprop(board->fdt, node, "device_type", NULL);
        const fdt32_t *server;

        if (g_strcmp0(type, "cpu")) {
            continue;
        }
        server = fdt_getprop(board->fdt, node, "ibm,ppc-interrupt-server#s",
                             NULL);
        g_assert_nonnull(server);
        g_assert_cmpint(n, <, G_N_ELEMENTS(board->server));
        board->server[n++] = fdt32_to_cpu(*server);
    }
    g_assert_cmpint(n, ==, G_N_ELEMENTS(board->server));
    if (board->server[0] > board->server[1]) {
        uint32_t swap = board->server[0];

        board->server[0] = board->server[1];
        board->server[1] = swap;
    }
}

static Board board_start(void)
{
    Board board;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    board.wire = fds[0];
    qemu_set_cloexec(fds[0]);
    board.qts = qtest_initf("-machine pseries -nodefaults -display none "
                            "-smp 2,cores=2,threads=1 "
                            "-chardev socket,id=c0,fd=%d -serial chardev:c0",
                            fds[1]);
    close(fds[1]);
    board.fdt = spapr_qtest_fdt(board.qts);
    read_servers(&board);
    board.set_xive = spapr_qtest_rtas_token(board.fdt, "ibm,set-xive");
    board.get_xive = spapr_qtest_rtas_token(board.fdt, "ibm,get-xive");
    board.int_on = spapr_qtest_rtas_token(board.fdt, "ibm,int-on");
    board.int_off = spapr_qtest_rtas_token(board.fdt, "ibm,int-off");
    return board;
}

static void board_quit(Board *board)
{
    qtest_quit(board->qts);
    close(board->wire);
    g_free(board->fdt);
}

/* A hypercall by a processor of choice */
#define hcall_by(board, cpu, rets, token, ...)                          \
    spapr_qtest_hcall((board)->qts, (cpu), (token),                     \
                      SPAPR_QTEST_ARGS(__VA_ARGS__) + 1,                \
                      SPAPR_QTEST_NARGS(__VA_ARGS__), (rets))

static uint64_t xirr(Board *board, unsigned cpu)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_by(board, cpu, rets, H_XIRR), ==, H_SUCCESS);
    return rets[0];
}

static int64_t eoi(Board *board, unsigned cpu, uint64_t value)
{
    return hcall_by(board, cpu, NULL, H_EOI, value);
}

static void cppr(Board *board, unsigned cpu, uint64_t value)
{
    g_assert_cmpint(hcall_by(board, cpu, NULL, H_CPPR, value), ==, H_SUCCESS);
}

/* Always asked by processor 0 */
static void ipi(Board *board, unsigned cpu, uint64_t mfrr)
{
    g_assert_cmpint(hcall(board->qts, H_IPI, board->server[cpu], mfrr), ==,
                    H_SUCCESS);
}

static void check_ipoll(Board *board, unsigned cpu, uint64_t xirr,
                        uint64_t mfrr)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_IPOLL, board->server[cpu]),
                    ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, xirr);
    g_assert_cmphex(rets[1], ==, mfrr);
}

static uint32_t ipoll(Board *board, unsigned cpu)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(board->qts, rets, H_IPOLL, board->server[cpu]),
                    ==, H_SUCCESS);
    return rets[0];
}

static void wait_for(Board *board, unsigned cpu, uint32_t xirr)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    while (ipoll(board, cpu) != xirr) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(POLL_US);
    }
}

static int32_t rtas_1(Board *board, uint32_t token, uint32_t source)
{
    uint32_t status;

    return spapr_qtest_rtas(board->qts, RTAS_BUF, token, 1, &source, 1,
                            &status);
}

static int32_t set_xive(Board *board, uint32_t source, uint32_t server,
                        uint32_t priority)
{
    const uint32_t args[] = { source, server, priority };
    uint32_t status;

    return spapr_qtest_rtas(board->qts, RTAS_BUF, board->set_xive, 3, args, 1,
                            &status);
}

static void check_xive(Board *board, uint32_t server, uint32_t priority)
{
    const uint32_t source = SOURCE;
    uint32_t rets[3];

    g_assert_cmpint(spapr_qtest_rtas(board->qts, RTAS_BUF, board->get_xive, 1,
                                     &source, 3, rets), ==, RTAS_OK);
    g_assert_cmphex(rets[1], ==, server);
    g_assert_cmphex(rets[2], ==, priority);
}

static void enable(Board *board, unsigned cpu, uint32_t priority)
{
    g_assert_cmpint(set_xive(board, SOURCE, board->server[cpu], priority), ==,
                    RTAS_OK);
    g_assert_cmpint(rtas_1(board, board->int_on, SOURCE), ==, RTAS_OK);
}

static void disable(Board *board)
{
    g_assert_cmpint(rtas_1(board, board->int_off, SOURCE), ==, RTAS_OK);
}

/*
 * Make the source signal once, and wait until it has: the byte can be read
 * then. Nothing else is in the terminal.
 */
static void signal_source(Board *board)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(write(board->wire, "!", 1), ==, 1);
    do {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_assert_cmpint(hcall_rets(board->qts, rets, H_GET_TERM_CHAR, UNIT),
                        ==, H_SUCCESS);
        g_usleep(rets[0] ? 0 : POLL_US);
    } while (!rets[0]);
    g_assert_cmpuint(rets[0], ==, 1);
}

/* At the start no processor takes anything and no source is let through */
static void test_initial(void)
{
    Board board = board_start();

    for (int cpu = 0; cpu < 2; cpu++) {
        check_ipoll(&board, cpu, 0, 0xff);
        g_assert_cmphex(xirr(&board, cpu), ==, 0);
    }
    check_xive(&board, 0, 0xff);
    board_quit(&board);
}

static void test_ipi(void)
{
    Board board = board_start();

    /* Not as long as the target takes nothing */
    ipi(&board, 1, 4);
    check_ipoll(&board, 1, 0, 4);
    /* Equally favored is not enough */
    cppr(&board, 1, 4);
    check_ipoll(&board, 1, 0x04000000, 4);
    cppr(&board, 1, 5);
    check_ipoll(&board, 1, 0x05000000 | IPI, 4);
    /* Nobody else gets it */
    cppr(&board, 0, 0xff);
    check_ipoll(&board, 0, 0xff000000, 0xff);

    /* To look does not change it, to accept does */
    check_ipoll(&board, 1, 0x05000000 | IPI, 4);
    g_assert_cmphex(xirr(&board, 1), ==, 0x05000000 | IPI);
    check_ipoll(&board, 1, 0x04000000, 4);
    g_assert_cmphex(xirr(&board, 1), ==, 0x04000000);

    /* As long as it is not withdrawn it comes back at the end */
    g_assert_cmpint(eoi(&board, 1, 0x05000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 1, 0x05000000 | IPI, 4);
    g_assert_cmphex(xirr(&board, 1), ==, 0x05000000 | IPI);
    ipi(&board, 1, 0xff);
    g_assert_cmpint(eoi(&board, 1, 0x05000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 1, 0x05000000, 0xff);

    /* Either processor to either, itself too; only the low byte counts */
    ipi(&board, 0, 0xabcdef00 | 3);
    check_ipoll(&board, 0, 0xff000000 | IPI, 3);
    g_assert_cmpint(hcall_by(&board, 1, NULL, H_IPI, board.server[1], 2), ==,
                    H_SUCCESS);
    check_ipoll(&board, 1, 0x05000000 | IPI, 2);

    board_quit(&board);
}

static void test_cppr(void)
{
    Board board = board_start();

    cppr(&board, 0, 0x1fe);
    check_ipoll(&board, 0, 0xfe000000, 0xff);
    g_assert_cmphex(xirr(&board, 0), ==, 0xfe000000);

    /* A more favored priority refuses what is offered, until it is gone */
    ipi(&board, 0, 6);
    check_ipoll(&board, 0, 0xfe000000 | IPI, 6);
    cppr(&board, 0, 6);
    check_ipoll(&board, 0, 0x06000000, 6);
    cppr(&board, 0, 7);
    check_ipoll(&board, 0, 0x07000000 | IPI, 6);

    board_quit(&board);
}

static void test_xirr_x(void)
{
    Board board = board_start();
    uint64_t first[SPAPR_QTEST_REGS], second[SPAPR_QTEST_REGS];

    cppr(&board, 0, 0xff);
    ipi(&board, 0, 4);
    g_assert_cmpint(hcall_by(&board, 0, first, H_XIRR_X, 0xff), ==, H_SUCCESS);
    g_assert_cmphex(first[0], ==, 0xff000000 | IPI);
    check_ipoll(&board, 0, 0x04000000, 4);

    qtest_clock_step(board.qts, 1000000);
    g_assert_cmpint(hcall_by(&board, 0, second, H_XIRR_X, 4), ==, H_SUCCESS);
    g_assert_cmphex(second[0], ==, 0x04000000);
    g_assert_cmpuint(second[1] - first[1], ==, TIMEBASE_HZ / 1000);

    board_quit(&board);
}

static void test_bad_hypercalls(void)
{
    Board board = board_start();
    const uint64_t no_servers[] = {
        board.server[1] + 1, 0x100000000, 0x80000000, -1,
        0x100000000 + board.server[1],
    };

    cppr(&board, 0, 5);
    for (int i = 0; i < G_N_ELEMENTS(no_sources); i++) {
        if (no_sources[i] <= 0xffffff && no_sources[i] != IPI) {
            g_assert_cmpint(eoi(&board, 0, 0xff000000 | no_sources[i]), ==,
                            H_PARAMETER);
        }
    }
    /* Back to a more favored priority, known source or not */
    g_assert_cmpint(eoi(&board, 0, 0x04000000 | SOURCE), ==, H_PARAMETER);
    g_assert_cmpint(eoi(&board, 0, 0x04000000 | IPI), ==, H_PARAMETER);
    g_assert_cmpint(eoi(&board, 0, 0), ==, H_PARAMETER);
    check_ipoll(&board, 0, 0x05000000, 0xff);
    /* The same one, a less favored one, and what is above 32 bits */
    g_assert_cmpint(eoi(&board, 0, 0x05000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0x05000000, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0x06000000 | SOURCE), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0x06000000, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0x12345678ff000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0xff000000, 0xff);

    for (int i = 0; i < G_N_ELEMENTS(no_servers); i++) {
        g_assert_cmpint(hcall(board.qts, H_IPI, no_servers[i], 4), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(board.qts, H_IPOLL, no_servers[i]), ==,
                        H_PARAMETER);
    }
    check_ipoll(&board, 0, 0xff000000, 0xff);
    check_ipoll(&board, 1, 0, 0xff);

    board_quit(&board);
}

static void test_bad_rtas(void)
{
    Board board = board_start();
    const uint32_t no_servers[] = {
        board.server[1] + 1, 0x80000000, 0xffffffff,
    };
    uint32_t rets[3];

    for (int i = 0; i < G_N_ELEMENTS(no_sources); i++) {
        uint32_t source = no_sources[i];

        g_assert_cmpint(set_xive(&board, source, board.server[0], 5), ==,
                        RTAS_PARAM);
        g_assert_cmpint(spapr_qtest_rtas(board.qts, RTAS_BUF, board.get_xive,
                                         1, &source, 3, rets), ==, RTAS_PARAM);
        g_assert_cmpint(rtas_1(&board, board.int_on, source), ==, RTAS_PARAM);
        g_assert_cmpint(rtas_1(&board, board.int_off, source), ==, RTAS_PARAM);
    }
    enable(&board, 1, 5);
    for (int i = 0; i < G_N_ELEMENTS(no_servers); i++) {
        g_assert_cmpint(set_xive(&board, SOURCE, no_servers[i], 6), ==,
                        RTAS_PARAM);
    }
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], 0x100), ==,
                    RTAS_PARAM);
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], -1), ==,
                    RTAS_PARAM);
    /* None of that had an effect */
    check_xive(&board, board.server[1], 5);

    board_quit(&board);
}

static void test_source(void)
{
    Board board = board_start();

    cppr(&board, 0, 0xff);
    cppr(&board, 1, 0xff);
    for (int cpu = 0; cpu < 2; cpu++) {
        enable(&board, cpu, 5);
        check_xive(&board, board.server[cpu], 5);
        signal_source(&board);
        wait_for(&board, cpu, 0xff000000 | SOURCE);
        check_ipoll(&board, !cpu, 0xff000000, 0xff);
        g_assert_cmphex(xirr(&board, cpu), ==, 0xff000000 | SOURCE);
        check_ipoll(&board, cpu, 0x05000000, 0xff);
        /* The next edge waits for the end of this one */
        signal_source(&board);
        check_ipoll(&board, cpu, 0x05000000, 0xff);
        g_assert_cmpint(eoi(&board, cpu, 0xff000000 | SOURCE), ==, H_SUCCESS);
        check_ipoll(&board, cpu, 0xff000000 | SOURCE, 0xff);
        g_assert_cmphex(xirr(&board, cpu), ==, 0xff000000 | SOURCE);
        g_assert_cmpint(eoi(&board, cpu, 0xff000000 | SOURCE), ==, H_SUCCESS);
        /* An edge, so that is all */
        check_ipoll(&board, cpu, 0xff000000, 0xff);
    }
    board_quit(&board);
}

/* Only ibm,int-on lets a source through, and no edge is lost before */
static void test_mask(void)
{
    Board board = board_start();

    cppr(&board, 0, 0xff);
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], 5), ==, RTAS_OK);
    check_xive(&board, board.server[0], 5);
    signal_source(&board);
    check_ipoll(&board, 0, 0xff000000, 0xff);
    g_assert_cmpint(rtas_1(&board, board.int_on, SOURCE), ==, RTAS_OK);
    check_ipoll(&board, 0, 0xff000000 | SOURCE, 0xff);
    xirr(&board, 0);
    g_assert_cmpint(eoi(&board, 0, 0xff000000 | SOURCE), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0xff000000, 0xff);

    disable(&board);
    check_xive(&board, board.server[0], 5);
    signal_source(&board);
    check_ipoll(&board, 0, 0xff000000, 0xff);
    /* Another priority meanwhile */
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], 7), ==, RTAS_OK);
    check_xive(&board, board.server[0], 7);
    check_ipoll(&board, 0, 0xff000000, 0xff);
    g_assert_cmpint(rtas_1(&board, board.int_on, SOURCE), ==, RTAS_OK);
    g_assert_cmphex(xirr(&board, 0), ==, 0xff000000 | SOURCE);
    check_ipoll(&board, 0, 0x07000000, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0xff000000 | SOURCE), ==, H_SUCCESS);

    /* The least favored priority masks as well */
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], 0xff), ==,
                    RTAS_OK);
    signal_source(&board);
    check_ipoll(&board, 0, 0xff000000, 0xff);
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[0], 5), ==, RTAS_OK);
    check_ipoll(&board, 0, 0xff000000 | SOURCE, 0xff);

    board_quit(&board);
}

/* The most favored is presented, what had to wait comes afterwards */
static void test_priorities(void)
{
    Board board = board_start();

    cppr(&board, 0, 0xff);
    enable(&board, 0, 5);
    signal_source(&board);
    check_ipoll(&board, 0, 0xff000000 | SOURCE, 0xff);
    ipi(&board, 0, 4);
    check_ipoll(&board, 0, 0xff000000 | IPI, 4);
    g_assert_cmphex(xirr(&board, 0), ==, 0xff000000 | IPI);
    ipi(&board, 0, 0xff);
    check_ipoll(&board, 0, 0x04000000, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0xff000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0xff000000 | SOURCE, 0xff);

    /* The other way round: nested */
    g_assert_cmphex(xirr(&board, 0), ==, 0xff000000 | SOURCE);
    ipi(&board, 0, 6);
    check_ipoll(&board, 0, 0x05000000, 6);
    ipi(&board, 0, 4);
    check_ipoll(&board, 0, 0x05000000 | IPI, 4);
    g_assert_cmphex(xirr(&board, 0), ==, 0x05000000 | IPI);
    ipi(&board, 0, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0x05000000 | IPI), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0x05000000, 0xff);
    g_assert_cmpint(eoi(&board, 0, 0xff000000 | SOURCE), ==, H_SUCCESS);
    check_ipoll(&board, 0, 0xff000000, 0xff);

    board_quit(&board);
}

/* A processor that takes nothing: its interrupts wait, and can go elsewhere */
static void test_redirect(void)
{
    Board board = board_start();

    enable(&board, 0, 5);
    signal_source(&board);
    check_ipoll(&board, 0, 0, 0xff);
    /* Masked while it waits, it is not presented, and not forgotten */
    disable(&board);
    cppr(&board, 0, 0xff);
    check_ipoll(&board, 0, 0xff000000, 0xff);
    g_assert_cmpint(rtas_1(&board, board.int_on, SOURCE), ==, RTAS_OK);
    check_ipoll(&board, 0, 0xff000000 | SOURCE, 0xff);

    /* As Linux does when a processor goes offline */
    cppr(&board, 0, 0);
    check_ipoll(&board, 0, 0, 0xff);
    cppr(&board, 1, 0xff);
    check_ipoll(&board, 1, 0xff000000, 0xff);
    g_assert_cmpint(set_xive(&board, SOURCE, board.server[1], 5), ==, RTAS_OK);
    check_ipoll(&board, 1, 0xff000000 | SOURCE, 0xff);
    check_ipoll(&board, 0, 0, 0xff);

    board_quit(&board);
}

static void test_reset(void)
{
    Board board = board_start();

    for (int cpu = 0; cpu < 2; cpu++) {
        cppr(&board, cpu, 0xff);
        enable(&board, cpu, 5);
        signal_source(&board);
        ipi(&board, !cpu, 4);
        check_ipoll(&board, cpu, 0xff000000 | SOURCE, 0xff);
        qtest_system_reset(board.qts);
        check_xive(&board, 0, 0xff);
        check_ipoll(&board, 0, 0, 0xff);
        check_ipoll(&board, 1, 0, 0xff);
        /* ibm,int-on has to be said again, and nothing is left over */
        cppr(&board, cpu, 0xff);
        g_assert_cmpint(set_xive(&board, SOURCE, board.server[cpu], 5), ==,
                        RTAS_OK);
        check_ipoll(&board, cpu, 0xff000000, 0xff);
        g_assert_cmpint(rtas_1(&board, board.int_on, SOURCE), ==, RTAS_OK);
        check_ipoll(&board, cpu, 0xff000000, 0xff);
    }
    board_quit(&board);
}

static void test_device_tree(void)
{
    Board board = board_start();
    int node = fdt_path_offset(board.fdt, "/interrupt-controller");
    const fdt32_t *ranges;
    const char *words;
    int len;

    g_assert_cmpint(node, >=, 0);
    g_assert_cmpstr(fdt_getprop(board.fdt, node, "device_type", NULL), ==,
                    "PowerPC-External-Interrupt-Presentation");
    g_assert_cmpint(fdt_node_check_compatible(board.fdt, node, "IBM,ppc-xicp"),
                    ==, 0);
    g_assert_nonnull(fdt_getprop(board.fdt, node, "interrupt-controller",
                                 NULL));
    g_assert_cmpuint(fdt_get_phandle(board.fdt, node), !=, 0);
    ranges = fdt_getprop(board.fdt, node, "ibm,interrupt-server-ranges", &len);
    g_assert_cmpint(len, ==, 8);
    g_assert_cmpuint(fdt32_to_cpu(ranges[0]), ==, 0);
    g_assert_cmpuint(fdt32_to_cpu(ranges[1]), >, board.server[1]);

    words = fdt_getprop(board.fdt, fdt_path_offset(board.fdt, "/rtas"),
                        "ibm,hypertas-functions", &len);
    g_assert_true(fdt_stringlist_contains(words, len, "hcall-interrupt"));

    board_quit(&board);
}

static void test_info_pic(void)
{
    Board board = board_start();
    g_autofree char *text = NULL;

    cppr(&board, 1, 0xab);
    ipi(&board, 1, 0x77);
    text = qtest_hmp(board.qts, "info pic");
    g_assert_nonnull(strstr(text, "CPU 0 XIRR=00000000"));
    g_assert_nonnull(strstr(text, "CPU 1 XIRR=ab000002"));
    g_assert_nonnull(strstr(text, "1100 MSI"));
    board_quit(&board);
}

/* Which sources there are, and of what kind, is up to devices */
static void test_bad_migration(void)
{
    const char *options = "-machine pseries,ic-mode=xics -nodefaults -m 256";
    g_autofree char *path = spapr_qtest_save(qtest_init(options));
    g_autofree char *state = NULL;
    uint32_t args[] = { 0x1000 }, rets[3];
    SpaprRtasGuest guest;
    size_t len, size;
    char *flags;

    g_assert_true(g_file_get_contents(path, &state, &len, NULL));
    /* The first source's flags are the last of its 8 bytes, behind a count */
    flags = spapr_qtest_section(state, len, "ics", &size) + 4 + 7;
    g_assert_cmphex(*flags, ==, 1);
    for (int i = 0; i <= 2; i += 2) {
        spapr_qtest_number_refused(options, path, state, len, flags, i, 1,
                                   "source 0x1000");
    }
    /* One that isn't there */
    spapr_qtest_number_refused(options, path, state, len,
                               flags + 8 * (0x1fff - 0x1000), 1, 1,
                               "source 0x1fff");
    guest.qts = spapr_qtest_after_refusal(options, path, state, len, flags, 0,
                                          1);
    guest.fdt = spapr_qtest_fdt(guest.qts);
    g_assert_cmpint(spapr_rtas_guest_call(&guest, "ibm,get-xive", 1, args, 3,
                                          rets), ==, 0);
    unlink(path);
    spapr_rtas_guest_stop(&guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-xics/initial", test_initial);
    qtest_add_func("spapr-xics/ipi", test_ipi);
    qtest_add_func("spapr-xics/cppr", test_cppr);
    qtest_add_func("spapr-xics/xirr-x", test_xirr_x);
    qtest_add_func("spapr-xics/bad-hypercalls", test_bad_hypercalls);
    qtest_add_func("spapr-xics/bad-rtas", test_bad_rtas);
    qtest_add_func("spapr-xics/source", test_source);
    qtest_add_func("spapr-xics/mask", test_mask);
    qtest_add_func("spapr-xics/priorities", test_priorities);
    qtest_add_func("spapr-xics/redirect", test_redirect);
    qtest_add_func("spapr-xics/reset", test_reset);
    qtest_add_func("spapr-xics/device-tree", test_device_tree);
    qtest_add_func("spapr-xics/info-pic", test_info_pic);
    qtest_add_func("spapr-xics/bad-migration", test_bad_migration);
    return g_test_run();
}
