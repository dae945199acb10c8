/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: the virtual terminal of the sPAPR board
 *
 * LoPAR, ch. "Virtualized Input/Output", "Virtual Terminal (Vterm)".
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "spapr-qtest.h"
#include <libfdt.h>

/* The first unit address that the board gives out, and its interrupt */
#define UNIT            0x71000000
#define UNIT_IRQ        0x1100
/* A device that is no terminal */
#define NVRAM_UNIT      0x70000000
/* What SLOF and early kernels call the console */
#define CONSOLE         0

#define BOARD           "-machine pseries -nodefaults -display none "

/* Longer than anything here takes */
#define POLL_US         1000

/* More than the terminal and the socket below hold together */
#define PLENTY          (256 * 1024)
/* Asks the kernel for a small socket buffer, so that it is full soon */
#define SOCKET_BYTES    4096

#define RTAS_BUF        0x10000

/* One end of a socket pair is the backend of chardev @id, the other is ours */
typedef struct Wire {
    int ours;
    int theirs;
    char *chardev;
} Wire;

static Wire wire_new(const char *id)
{
    int size = SOCKET_BYTES;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_assert_cmpint(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size,
                               sizeof(size)), ==, 0);
    g_assert_true(g_unix_set_fd_nonblocking(fds[0], true, NULL));
    qemu_set_cloexec(fds[0]);
    return (Wire) {
        .ours = fds[0],
        .theirs = fds[1],
        .chardev = g_strdup_printf("-chardev socket,id=%s,fd=%d ", id, fds[1]),
    };
}

/* The machine has its end by now */
static void wire_started(Wire *wire)
{
    close(wire->theirs);
}

static void wire_free(Wire *wire)
{
    close(wire->ours);
    g_free(wire->chardev);
}

/* A machine with one terminal, on @wire */
static QTestState *start(Wire *wire)
{
    QTestState *qts;

    *wire = wire_new("c0");
    qts = qtest_initf(BOARD "%s -serial chardev:c0", wire->chardev);
    wire_started(wire);
    return qts;
}

/* A pattern that repeats late and has every value */
static uint8_t pattern(size_t n)
{
    return n * 7 + n / 256;
}

static int64_t put(QTestState *qts, uint64_t unit, const void *data, size_t len)
{
    uint8_t buf[16] = { };

    memcpy(buf, data, len);
    return hcall(qts, H_PUT_TERM_CHAR, unit, len, ldq_be_p(buf),
                 ldq_be_p(buf + 8));
}

/* Returns the number of bytes that H_GET_TERM_CHAR put into @buf */
static size_t get(QTestState *qts, uint64_t unit, uint8_t buf[16])
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_GET_TERM_CHAR, unit), ==,
                    H_SUCCESS);
    g_assert_cmpuint(rets[0], <=, 16);
    stq_be_p(buf, rets[1]);
    stq_be_p(buf + 8, rets[2]);
    return rets[0];
}

/* Read from the guest's end until @len bytes are there */
static void get_all(QTestState *qts, uint64_t unit, uint8_t *data, size_t len)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    size_t got = 0;

    while (got < len) {
        uint8_t buf[16];
        size_t n = get(qts, unit, buf);

        g_assert_cmpuint(got + n, <=, len);
        memcpy(data + got, buf, n);
        got += n;
        if (n) {
            deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
        } else {
            g_assert_cmpint(g_get_monotonic_time(), <, deadline);
            g_usleep(POLL_US);
        }
    }
}

/* What has come out by now, at most @len bytes */
static size_t wire_take(Wire *wire, uint8_t *data, size_t len)
{
    ssize_t n = read(wire->ours, data, len);

    g_assert_true(n > 0 || (n < 0 && errno == EAGAIN));
    return n < 0 ? 0 : n;
}

static void wire_read(Wire *wire, uint8_t *data, size_t len)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    size_t got = 0;

    while (got < len) {
        size_t n = wire_take(wire, data + got, len - got);

        got += n;
        if (n) {
            deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
        } else {
            g_assert_cmpint(g_get_monotonic_time(), <, deadline);
            g_usleep(POLL_US);
        }
    }
}

/* Nothing more comes out; a moment is left for it to come */
static void wire_assert_silent(Wire *wire)
{
    uint8_t byte;

    g_usleep(20 * POLL_US);
    g_assert_cmpuint(wire_take(wire, &byte, 1), ==, 0);
}

static void wire_write(Wire *wire, const void *data, size_t len)
{
    g_assert_cmpint(write(wire->ours, data, len), ==, len);
}

static void test_parameters(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    static const uint64_t no_units[] = {
        1, UNIT - 1, UNIT + 1, 0x100000000 + UNIT, 0x100000000, -1,
    };

    for (int i = 0; i < G_N_ELEMENTS(no_units); i++) {
        uint64_t unit = no_units[i];

        g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, unit, 1, 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, unit, 0, 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, unit, 17, 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_GET_TERM_CHAR, unit), ==, H_PARAMETER);
    }
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, UNIT, 17, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, UNIT, -1, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, UNIT, 0x100000001, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, UNIT, 0, -1, -1), ==,
                    H_SUCCESS);
    wire_assert_silent(&wire);

    qtest_quit(qts);
    wire_free(&wire);
}

static void test_no_terminal(void)
{
    QTestState *qts = qtest_init(BOARD);

    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, UNIT, 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, NVRAM_UNIT, 1, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_GET_TERM_CHAR, UNIT), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_PUT_TERM_CHAR, CONSOLE, 1, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_GET_TERM_CHAR, CONSOLE), ==, H_PARAMETER);
    qtest_quit(qts);
}

static void test_output(void)
{
    static const char text[] = "0123456789abcdef";
    Wire wire;
    QTestState *qts = start(&wire);
    uint8_t buf[16];

    for (size_t len = 1; len <= 16; len++) {
        g_assert_cmpint(put(qts, len % 2 ? UNIT : CONSOLE, text, len), ==,
                        H_SUCCESS);
        wire_read(&wire, buf, len);
        g_assert_cmpmem(buf, len, text, len);
    }
    wire_assert_silent(&wire);

    qtest_quit(qts);
    wire_free(&wire);
}

static void test_input(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    uint8_t data[40], buf[sizeof(data)];

    g_assert_cmpuint(get(qts, UNIT, buf), ==, 0);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = 0x80 + i;
    }
    for (size_t len = 1; len <= sizeof(data); len++) {
        wire_write(&wire, data, len);
        get_all(qts, len % 2 ? UNIT : CONSOLE, buf, len);
        g_assert_cmpmem(buf, len, data, len);
    }
    g_assert_cmpuint(get(qts, UNIT, buf), ==, 0);

    qtest_quit(qts);
    wire_free(&wire);
}

/* More than the terminal holds: the rest stays with the backend meanwhile */
static void test_input_flow(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    g_autofree uint8_t *data = g_malloc(PLENTY);
    g_autofree uint8_t *back = g_malloc(PLENTY);
    size_t sent;

    for (size_t i = 0; i < PLENTY; i++) {
        data[i] = pattern(i);
    }
    sent = write(wire.ours, data, PLENTY);
    g_assert_cmpuint(sent, >=, 8192);
    /* Let the terminal fill before it is read */
    g_usleep(50 * POLL_US);
    get_all(qts, UNIT, back, sent);
    g_assert_cmpmem(back, sent, data, sent);
    g_assert_cmpuint(get(qts, UNIT, back), ==, 0);

    qtest_quit(qts);
    wire_free(&wire);
}

/* Put the pattern from byte @n on until there is no room; returns the next */
static size_t put_until_busy(QTestState *qts, size_t n)
{
    size_t start = n;
    int64_t ret;

    do {
        uint8_t buf[16];

        for (size_t i = 0; i < 16; i++) {
            buf[i] = pattern(n + i);
        }
        ret = put(qts, UNIT, buf, 16);
        if (ret == H_SUCCESS) {
            n += 16;
        }
        g_assert_cmpuint(n - start, <, PLENTY);
    } while (ret == H_SUCCESS);
    g_assert_cmpint(ret, ==, H_BUSY);
    return n;
}

static void wire_check(Wire *wire, size_t from, size_t to)
{
    g_autofree uint8_t *data = g_malloc(to - from);

    wire_read(wire, data, to - from);
    for (size_t i = from; i < to; i++) {
        g_assert_cmphex(data[i - from], ==, pattern(i));
    }
}

/* A backend that does not read: H_BUSY, and all is there once it does */
static void test_output_flow(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    uint8_t buf[16] = { };
    size_t put_bytes, more;

    put_bytes = put_until_busy(qts, 0);
    for (int i = 0; i < 10; i++) {
        g_assert_cmpint(put(qts, UNIT, buf, 16), ==, H_BUSY);
    }
    /* There is always room for nothing */
    g_assert_cmpint(put(qts, UNIT, buf, 0), ==, H_SUCCESS);
    /* The other direction is not held up */
    wire_write(&wire, "x", 1);
    get_all(qts, UNIT, buf, 1);
    g_assert_cmpint(buf[0], ==, 'x');

    /* The first half makes room for more */
    wire_check(&wire, 0, put_bytes / 2);
    more = put_until_busy(qts, put_bytes);
    g_assert_cmpuint(more, >, put_bytes);
    wire_check(&wire, put_bytes / 2, more);
    wire_assert_silent(&wire);

    qtest_quit(qts);
    wire_free(&wire);
}

/* Nobody at the other end, ever or any more: it goes nowhere, at once */
static void test_no_backend(void)
{
    static const char text[16] = "nobody hears it";
    QTestState *qts = qtest_init(BOARD "-device spapr-vty");
    uint8_t buf[16];
    gint64 deadline;
    Wire wire;

    for (int i = 0; i < 2000; i++) {
        g_assert_cmpint(put(qts, CONSOLE, text, 16), ==, H_SUCCESS);
    }
    g_assert_cmpuint(get(qts, CONSOLE, buf), ==, 0);
    qtest_quit(qts);

    qts = start(&wire);
    put_until_busy(qts, 0);
    wire_free(&wire);
    deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    while (put(qts, UNIT, text, 16) == H_BUSY) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(POLL_US);
    }
    for (int i = 0; i < 2000; i++) {
        g_assert_cmpint(put(qts, UNIT, text, 16), ==, H_SUCCESS);
    }
    qtest_quit(qts);
}

/* A machine that stops keeps what is in transit, one that goes on sends it */
static void test_stop_cont(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    size_t bytes = put_until_busy(qts, 0);
    size_t out = 0, n;
    g_autofree uint8_t *data = g_malloc(bytes);

    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    for (int i = 0; i < 50; i++) {
        n = wire_take(&wire, data + out, bytes - out);
        out += n;
        g_usleep(POLL_US);
    }
    g_assert_cmpuint(out, <, bytes);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    wire_read(&wire, data + out, bytes - out);
    for (size_t i = 0; i < bytes; i++) {
        g_assert_cmphex(data[i], ==, pattern(i));
    }
    wire_assert_silent(&wire);

    qtest_quit(qts);
    wire_free(&wire);
}

static uint32_t pending_source(QTestState *qts)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_IPOLL, 0), ==, H_SUCCESS);
    return rets[0] & 0xffffff;
}

static void wait_for_source(QTestState *qts, uint32_t source)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    while (pending_source(qts) != source) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(POLL_US);
    }
}

/* Direct the terminal's interrupt to processor 0, and let it take any */
static void enable_interrupt(QTestState *qts)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint32_t xive[] = { UNIT_IRQ, 0, 5 };
    uint32_t status;

    g_assert_cmpint(spapr_qtest_rtas(qts, RTAS_BUF,
                                     spapr_qtest_rtas_token(fdt,
                                                            "ibm,set-xive"),
                                     3, xive, 1, &status), ==, 0);
    g_assert_cmpint(spapr_qtest_rtas(qts, RTAS_BUF,
                                     spapr_qtest_rtas_token(fdt, "ibm,int-on"),
                                     1, xive, 1, &status), ==, 0);
    g_assert_cmpint(hcall(qts, H_CPPR, 0xff), ==, H_SUCCESS);
}

static void accept_and_end(QTestState *qts)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0], ==, 0xff000000 | UNIT_IRQ);
    g_assert_cmpint(hcall(qts, H_EOI, rets[0]), ==, H_SUCCESS);
}

/* Edge-triggered, when the terminal goes from empty to non-empty */
static void test_interrupt(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    uint8_t buf[16];

    enable_interrupt(qts);
    g_assert_cmphex(pending_source(qts), ==, 0);

    for (int i = 0; i < 3; i++) {
        wire_write(&wire, "a", 1);
        wait_for_source(qts, UNIT_IRQ);
        accept_and_end(qts);
        wire_write(&wire, "bc", 2);
        spapr_qtest_await_taken(wire.ours);
        g_assert_cmphex(pending_source(qts), ==, 0);
        get_all(qts, UNIT, buf, 3);
        g_assert_cmpmem(buf, 3, "abc", 3);
        g_assert_cmphex(pending_source(qts), ==, 0);
    }

    qtest_quit(qts);
    wire_free(&wire);
}

static void test_reset(void)
{
    Wire wire;
    QTestState *qts = start(&wire);
    uint8_t buf[16];

    for (int i = 0; i < 2; i++) {
        enable_interrupt(qts);
        wire_write(&wire, "old", 3);
        wait_for_source(qts, UNIT_IRQ);
        qtest_system_reset(qts);
        g_assert_cmphex(pending_source(qts), ==, 0);
        g_assert_cmpuint(get(qts, UNIT, buf), ==, 0);
    }
    /* And it works as before */
    enable_interrupt(qts);
    wire_write(&wire, "new", 3);
    wait_for_source(qts, UNIT_IRQ);
    get_all(qts, UNIT, buf, 3);
    g_assert_cmpmem(buf, 3, "new", 3);

    qtest_quit(qts);
    wire_free(&wire);
}

static uint32_t fdt_cell(const void *fdt, int node, const char *name, int n)
{
    int len;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpint(len, >=, (n + 1) * sizeof(*cells));
    return fdt32_to_cpu(cells[n]);
}

static void check_node(const void *fdt, int node, uint32_t unit)
{
    g_autofree char *name = g_strdup_printf("vty@%x", unit);
    int len;

    g_assert_cmpstr(fdt_get_name(fdt, node, NULL), ==, name);
    g_assert_cmphex(fdt_cell(fdt, node, "reg", 0), ==, unit);
    g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==, "serial");
    g_assert_cmpint(fdt_node_check_compatible(fdt, node, "hvterm1"), ==, 0);
    g_assert_nonnull(fdt_getprop(fdt, node, "interrupts", &len));
    g_assert_cmpint(len, ==, 8);
    /* Edge-triggered */
    g_assert_cmphex(fdt_cell(fdt, node, "interrupts", 1), ==, 0);
}

static void check_vdevice(const void *fdt, int vdevice)
{
    g_assert_cmpint(vdevice, >=, 0);
    g_assert_cmpstr(fdt_getprop(fdt, vdevice, "device_type", NULL), ==,
                    "vdevice");
    g_assert_cmpint(fdt_node_check_compatible(fdt, vdevice, "IBM,vdevice"), ==,
                    0);
    g_assert_cmpuint(fdt_cell(fdt, vdevice, "#address-cells", 0), ==, 1);
    g_assert_cmpuint(fdt_cell(fdt, vdevice, "#size-cells", 0), ==, 0);
    g_assert_cmpuint(fdt_cell(fdt, vdevice, "#interrupt-cells", 0), ==, 2);
    g_assert_nonnull(fdt_getprop(fdt, vdevice, "interrupt-controller", NULL));
}

/* Chosen and automatic unit addresses, and who gets which data */
static void test_several(void)
{
    /* In order of the tree; the first of them is the console */
    static const uint32_t units[] = {
        0x30000000, 0x70000100, UNIT, UNIT + 1, UNIT + 2,
    };
    g_autofree void *fdt = NULL;
    g_autoptr(GHashTable) irqs = g_hash_table_new(NULL, NULL);
    Wire wire[2] = { wire_new("c0"), wire_new("c1") };
    QTestState *qts;
    uint8_t buf[16];
    int vdevice, node, n = 0;

    qts = qtest_initf(BOARD "%s %s -serial chardev:c0 "
                      "-device spapr-vty,reg=0x71000002 "
                      "-device spapr-vty,reg=0x70000100 "
                      "-device spapr-vty,reg=0x30000000,chardev=c1 "
                      "-device spapr-vty", wire[0].chardev, wire[1].chardev);
    wire_started(&wire[0]);
    wire_started(&wire[1]);

    fdt = spapr_qtest_fdt(qts);
    vdevice = fdt_path_offset(fdt, "/vdevice");
    check_vdevice(fdt, vdevice);
    fdt_for_each_subnode(node, fdt, vdevice) {
        uint32_t irq;

        if (!g_str_has_prefix(fdt_get_name(fdt, node, NULL), "vty@")) {
            continue;
        }
        irq = fdt_cell(fdt, node, "interrupts", 0);
        g_assert_cmpint(n, <, G_N_ELEMENTS(units));
        check_node(fdt, node, units[n]);
        if (units[n] >= UNIT) {
            g_assert_cmphex(irq, ==, UNIT_IRQ + units[n] - UNIT);
        }
        g_assert_true(g_hash_table_add(irqs, GUINT_TO_POINTER(irq)));
        n++;
    }
    g_assert_cmpint(n, ==, G_N_ELEMENTS(units));

    g_assert_cmpint(put(qts, UNIT, "zero", 4), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, CONSOLE, "one", 3), ==, H_SUCCESS);
    wire_read(&wire[0], buf, 4);
    g_assert_cmpmem(buf, 4, "zero", 4);
    wire_read(&wire[1], buf, 3);
    g_assert_cmpmem(buf, 3, "one", 3);
    wire_write(&wire[0], "null", 4);
    wire_write(&wire[1], "eins", 4);
    get_all(qts, UNIT, buf, 4);
    g_assert_cmpmem(buf, 4, "null", 4);
    get_all(qts, 0x30000000, buf, 4);
    g_assert_cmpmem(buf, 4, "eins", 4);
    for (int i = 0; i < G_N_ELEMENTS(units); i++) {
        g_assert_cmpuint(get(qts, units[i], buf), ==, 0);
    }

    qtest_quit(qts);
    wire_free(&wire[0]);
    wire_free(&wire[1]);
}

/*
 * Where there is a screen, which is the default, SLOF is not told to talk to a
 * terminal, unless the user wants no graphics
 */
static void test_screen(void)
{
    static const struct {
        const char *options;
        bool terminal;
    } cases[] = {
        { "", false },
        { "-vga std", false },
        { "-vga none", true },
        { "-machine graphics=off", true },
        { "-machine graphics=off -vga std", true },
    };

    for (int i = 0; i < G_N_ELEMENTS(cases); i++) {
        QTestState *qts = qtest_initf("-M pseries -serial null %s",
                                      cases[i].options);
        g_autofree void *fdt = spapr_qtest_fdt(qts);
        const void *path = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"),
                                       "stdout-path", NULL);

        g_assert_cmpint(!path, ==, !cases[i].terminal);
        qtest_quit(qts);
    }
}

/* The first -serial is the console */
static void test_serial_option(void)
{
    g_autofree void *fdt = NULL;
    const char *path;
    Wire wire = wire_new("c0");
    QTestState *qts;
    uint8_t buf[16];

    qts = qtest_initf(BOARD "%s -serial chardev:c0 -serial null "
                      "-device spapr-vty", wire.chardev);
    wire_started(&wire);
    fdt = spapr_qtest_fdt(qts);
    path = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "stdout-path",
                       NULL);
    g_assert_cmpstr(path, ==, "/vdevice/vty@71000000");
    g_assert_cmpint(fdt_path_offset(fdt, "/vdevice/vty@71000001"), >=, 0);
    g_assert_cmpint(put(qts, UNIT + 1, "lost", 4), ==, H_SUCCESS);
    g_assert_cmpint(put(qts, CONSOLE, "found", 5), ==, H_SUCCESS);
    wire_read(&wire, buf, 5);
    g_assert_cmpmem(buf, 5, "found", 5);
    qtest_quit(qts);
    wire_free(&wire);
}

static void test_bad_options(void)
{
    g_autoptr(GString) serials = g_string_new("");

    spapr_qtest_refused("-device spapr-vty,reg=0x70000100 "
                        "-device spapr-vty,reg=0x70000100",
                        "reg=0x70000100", "already");
    spapr_qtest_refused("-device spapr-vty,reg=0x70000000",
                        "reg=0x70000000", "spapr-nvram");
    spapr_qtest_refused("-serial null -device spapr-vty,reg=0x71000000",
                        "reg=0x71000000", "already");
    spapr_qtest_refused("-device spapr-vty -device spapr-vty,reg=0x71000000",
                        "reg=0x71000000", "already");
    spapr_qtest_refused("-device spapr-vty,reg=0", "reg=0x0", "reserved");
    spapr_qtest_refused("-device spapr-vty,reg=0x100000000", "reg",
                        "spapr-vty");
    spapr_qtest_refused("-device spapr-vty,reg=here", "reg", "spapr-vty");
    spapr_qtest_refused("-device spapr-vty,chardev=nosuch", "nosuch",
                        "spapr-vty");
    for (int i = 0; i < 65; i++) {
        g_string_append(serials, "-serial null ");
    }
    spapr_qtest_refused(serials->str, "-serial", "more than 64");
}

/* What is in transit either way, and the interrupt, arrive with the guest */
static void test_migration(void)
{
    g_autofree char *dir = g_dir_make_tmp("spapr-vty-XXXXXX", NULL);
    g_autofree char *state = g_strdup_printf("%s/state", dir);
    g_autofree char *uri = g_strdup_printf("file:%s", state);
    g_autofree uint8_t *data = NULL;
    Wire from, to = wire_new("c0");
    QTestState *source = start(&from), *target;
    uint8_t buf[16];
    size_t bytes, out = 0;

    target = qtest_initf(BOARD "%s -serial chardev:c0 -incoming defer",
                         to.chardev);
    wire_started(&to);

    enable_interrupt(source);
    wire_write(&from, "typed ahead", 11);
    wait_for_source(source, UNIT_IRQ);
    bytes = put_until_busy(source, 0);

    qtest_qmp_assert_success(source, "{ 'execute': 'migrate',"
                             "  'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(source, "completed");
    data = g_malloc(bytes);
    for (int i = 0; i < 50; i++) {
        out += wire_take(&from, data + out, bytes - out);
        g_usleep(POLL_US);
    }
    g_assert_cmpuint(out, <, bytes);

    qtest_qmp_assert_success(target, "{ 'execute': 'migrate-incoming',"
                             "  'arguments': { 'uri': %s } }", uri);
    spapr_qtest_await_migration(target, "completed");
    wait_for_source(target, UNIT_IRQ);
    accept_and_end(target);
    get_all(target, UNIT, buf, 11);
    g_assert_cmpmem(buf, 11, "typed ahead", 11);

    wire_read(&to, data + out, bytes - out);
    for (size_t i = 0; i < bytes; i++) {
        g_assert_cmphex(data[i], ==, pattern(i));
    }
    wire_assert_silent(&to);
    wire_assert_silent(&from);

    qtest_quit(source);
    qtest_quit(target);
    wire_free(&from);
    wire_free(&to);
    unlink(state);
    rmdir(dir);
}

/* There are no servers, whoever asks with whatever of a partner and a buffer */
static void test_partner_info(void)
{
    static const uint64_t units[] = { UNIT, CONSOLE, 0x12345678, -1 };
    Wire wire;
    QTestState *qts = start(&wire);

    qtest_memset(qts, 0x10000, 0xa5, 0x1000);
    for (int i = 0; i < ARRAY_SIZE(units); i++) {
        g_assert_cmpint(hcall(qts, H_VTERM_PARTNER_INFO, units[i], -1, -1,
                              0x10000), ==, H_PARAMETER);
        g_assert_cmpint(hcall(qts, H_VTERM_PARTNER_INFO, units[i], 1, UNIT, -1),
                        ==, H_PARAMETER);
    }
    spapr_qtest_untouched(qts, 0x10000, 0x1000);
    qtest_quit(qts);
    wire_free(&wire);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-vty/parameters", test_parameters);
    qtest_add_func("spapr-vty/no-terminal", test_no_terminal);
    qtest_add_func("spapr-vty/partner-info", test_partner_info);
    qtest_add_func("spapr-vty/output", test_output);
    qtest_add_func("spapr-vty/output-flow", test_output_flow);
    qtest_add_func("spapr-vty/input", test_input);
    qtest_add_func("spapr-vty/input-flow", test_input_flow);
    qtest_add_func("spapr-vty/no-backend", test_no_backend);
    qtest_add_func("spapr-vty/stop-cont", test_stop_cont);
    qtest_add_func("spapr-vty/interrupt", test_interrupt);
    qtest_add_func("spapr-vty/reset", test_reset);
    qtest_add_func("spapr-vty/several", test_several);
    qtest_add_func("spapr-vty/serial-option", test_serial_option);
    qtest_add_func("spapr-vty/screen", test_screen);
    qtest_add_func("spapr-vty/bad-options", test_bad_options);
    qtest_add_func("spapr-vty/migration", test_migration);
    return g_test_run();
}
