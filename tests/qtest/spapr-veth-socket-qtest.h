/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What those suites about virtual Ethernet have in common that have the other
 * end of the wire in a socket of the test's own
 */

#ifndef TESTS_QTEST_SPAPR_VETH_SOCKET_QTEST_H
#define TESTS_QTEST_SPAPR_VETH_SOCKET_QTEST_H

#include "spapr-veth-qtest.h"

#define NIC     "-netdev socket,id=net,fd=%d " \
                "-device spapr-vlan,id=lan,netdev=net,mac=52:54:00:11:22:33 "

/*
 * The machine
 */

static inline Lan start_more(const char *options)
{
    Lan lan = { };
    int fds[2];

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    lan.fd = fds[0];
    lan.dev = vio_find(qtest_initf(BOARD NIC "%s", fds[1], options), "l-lan",
                       0);
    close(fds[1]);
    map_all(&lan.dev);
    return lan;
}

static inline void stop(Lan *lan)
{
    qtest_quit(lan->dev.qts);
    close(lan->fd);
}

static inline Lan start(unsigned entries)
{
    Lan lan = start_more("");

    g_assert_cmpint(lan_register(&lan, entries), ==, H_SUCCESS);
    return lan;
}

static inline Lan start_offloads(unsigned entries, uint64_t bits)
{
    Lan lan = start_more("");

    lan_register_offloads(&lan, entries, bits);
    return lan;
}

/*
 * The wire: before each frame comes its length
 */

static inline void wire_put(Lan *lan, const void *frame, uint32_t len)
{
    uint32_t be = cpu_to_be32(len);

    g_assert_cmpint(qemu_write_full(lan->fd, &be, sizeof(be)), ==, sizeof(be));
    g_assert_cmpint(qemu_write_full(lan->fd, frame, len), ==, len);
}

static inline uint32_t wire_get(Lan *lan, uint8_t *frame)
{
    uint32_t be, len;

    wire_read(lan, &be, sizeof(be));
    len = be32_to_cpu(be);
    g_assert_cmpuint(len, <=, FRAME_MAX);
    wire_read(lan, frame, len);
    return len;
}

static inline void expect_wire(Lan *lan, const void *frame, size_t len)
{
    g_autofree uint8_t *got = g_malloc(FRAME_MAX);

    g_assert_cmpuint(wire_get(lan, got), ==, len);
    g_assert_cmpmem(got, len, frame, len);
}

#endif /* TESTS_QTEST_SPAPR_VETH_SOCKET_QTEST_H */
