/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: random numbers
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/sockets.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include <libfdt.h>
#include "spapr-qtest.h"

#define MACHINE         "-machine pseries,firmware=vof -nodefaults -m 256 "

/* What the device asks its backend for at a time, until it has enough */
#define REQUEST         512
#define ENOUGH          (32 * KiB)

/* The entropy gathering daemon's protocol: "read, blocking", and how many */
#define EGD_READ        2
#define EGD_MAX         255

#define PATIENCE_US     (20 * 1000 * 1000)

static uint64_t random_number(QTestState *qts)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_RANDOM), ==, H_SUCCESS);
    return rets[0];
}

/* QEMU's own: no two are the same, and no bit is */
static void test_builtin(void)
{
    QTestState *qts = qtest_init(MACHINE);
    uint64_t seen[64], ones = 0, zeros = 0;

    for (int i = 0; i < ARRAY_SIZE(seen); i++) {
        seen[i] = random_number(qts);
        ones |= seen[i];
        zeros |= ~seen[i];
        for (int j = 0; j < i; j++) {
            g_assert_cmphex(seen[i], !=, seen[j]);
        }
    }
    g_assert_cmphex(ones, ==, -1);
    g_assert_cmphex(zeros, ==, -1);
    qtest_quit(qts);
}

static void test_dt(void)
{
    QTestState *qts = qtest_init(MACHINE);
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int facilities = fdt_path_offset(fdt, "/ibm,platform-facilities");
    int node = fdt_subnode_offset(fdt, facilities, "ibm,random-v1");

    g_assert_cmpint(facilities, >, 0);
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(fdt, facilities, "device_type", NULL), ==,
                    "ibm,platform-facilities");
    g_assert_cmpint(fdt_address_cells(fdt, facilities), ==, 1);
    g_assert_cmpint(fdt_size_cells(fdt, facilities), ==, 0);
    g_assert_cmpstr(fdt_getprop(fdt, node, "compatible", NULL), ==,
                    "ibm,random");
    qtest_quit(qts);
}

/* The next number, which the backend may still owe */
static uint64_t await_number(QTestState *qts)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    uint64_t rets[SPAPR_QTEST_REGS];
    int64_t code;

    while ((code = hcall_rets(qts, rets, H_RANDOM)) == H_LONG_BUSY_1_MSEC) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
    g_assert_cmpint(code, ==, H_SUCCESS);
    return rets[0];
}

static void test_backends(void)
{
    QTestState *qts = qtest_init(MACHINE "-object rng-builtin,id=r "
                                 "-device spapr-rng,rng=r");
    uint64_t first = await_number(qts);

    g_assert_cmphex(await_number(qts), !=, first);
    qtest_quit(qts);

    qts = qtest_init(MACHINE "-object rng-random,id=r,filename=/dev/zero "
                     "-device spapr-rng,rng=r");
    for (int i = 0; i < 1000; i++) {
        g_assert_cmphex(await_number(qts), ==, 0);
    }
    /* The machine forgets it no more than its other devices */
    qtest_system_reset(qts);
    g_assert_cmphex(await_number(qts), ==, 0);
    qtest_quit(qts);
}

/* One request of the device, which the backend cuts into its own */
static void egd_expect(int fd)
{
    size_t bytes = REQUEST;
    uint8_t request[2];

    while (bytes) {
        g_assert_cmpint(recv(fd, request, 2, MSG_WAITALL), ==, 2);
        g_assert_cmpint(request[0], ==, EGD_READ);
        g_assert_cmpint(request[1], ==, MIN(bytes, EGD_MAX));
        bytes -= request[1];
    }
}

static void egd_quiet(int fd)
{
    uint8_t byte;

    g_assert_cmpint(recv(fd, &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

/* Bytes that count up, in words of eight */
static void egd_send(int fd, uint64_t first, size_t words)
{
    g_autofree uint64_t *data = g_new(uint64_t, words);

    for (size_t i = 0; i < words; i++) {
        data[i] = cpu_to_be64(first + i);
    }
    for (size_t sent = 0; sent < words * 8; ) {
        ssize_t n = send(fd, (char *)data + sent, words * 8 - sent, 0);

        g_assert_cmpint(n, >, 0);
        sent += n;
    }
}

/*
 * A backend that takes its time: nothing waits for it, nothing of it is lost or
 * told twice, and however often the guest asks, it is asked but once.
 */
static void test_slow(void)
{
    const struct timeval patience = { .tv_sec = PATIENCE_US / 1000000 };
    const unsigned words = REQUEST / 8;
    uint64_t sent = 0, taken = 0;
    QTestState *qts;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_assert_cmpint(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
                               sizeof(patience)), ==, 0);
    qts = qtest_initf(MACHINE "-chardev socket,id=c,fd=%d "
                      "-object rng-egd,id=r,chardev=c "
                      "-device spapr-rng,rng=r", pair[1]);
    close(pair[1]);
    egd_expect(pair[0]);
    for (int i = 0; i < 100; i++) {
        g_assert_cmpint(hcall(qts, H_RANDOM), ==, H_LONG_BUSY_1_MSEC);
    }
    egd_quiet(pair[0]);

    /* The answer is there for the guest, and the device asks on */
    egd_send(pair[0], sent, words);
    sent += words;
    egd_expect(pair[0]);
    while (taken < sent) {
        g_assert_cmphex(random_number(qts), ==, taken);
        taken++;
    }
    g_assert_cmpint(hcall(qts, H_RANDOM), ==, H_LONG_BUSY_1_MSEC);
    egd_quiet(pair[0]);

    /* Until it has enough; then when it has no longer */
    for (;;) {
        egd_send(pair[0], sent, words);
        sent += words;
        if (sent - taken == ENOUGH / 8) {
            break;
        }
        egd_expect(pair[0]);
    }
    g_usleep(100 * 1000);
    egd_quiet(pair[0]);
    g_assert_cmphex(await_number(qts), ==, taken++);
    g_assert_cmphex(await_number(qts), ==, taken++);
    egd_expect(pair[0]);
    egd_quiet(pair[0]);
    qtest_quit(qts);
    close(pair[0]);
}

static void test_refused(void)
{
    spapr_qtest_refused("-object rng-builtin,id=r -device spapr-rng,rng=r "
                        "-device spapr-rng,rng=r", "spapr-rng",
                        "has one already");
    spapr_qtest_refused("-device spapr-rng", "rng=", "backend");
    spapr_qtest_refused("-device spapr-rng,rng=nobody", "rng", "nobody");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("spapr-rng/builtin", test_builtin);
    qtest_add_func("spapr-rng/dt", test_dt);
    qtest_add_func("spapr-rng/backends", test_backends);
    qtest_add_func("spapr-rng/slow", test_slow);
    qtest_add_func("spapr-rng/refused", test_refused);

    return g_test_run();
}
