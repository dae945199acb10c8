/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites about virtual Ethernet have in common: how a guest registers
 * an adapter, gives it buffers and reads its queue, and TCP packets
 */

#ifndef TESTS_QTEST_SPAPR_VETH_QTEST_H
#define TESTS_QTEST_SPAPR_VETH_QTEST_H

#include "spapr-vio-qtest.h"

#define BOARD   "-machine pseries -nodefaults -m 256 "

/* Guest memory, all of it mapped; I/O addresses are offsets in it */
#define BASE            (32 * MiB)
#define MAPPED          (4 * MiB)
#define TCE_LIST        (16 * MiB)

#define LIST            0x0
#define FILTERS         0x1000
#define QUEUE           0x2000
#define BUFFERS         0x20000
#define SEND            0x200000
#define DROPPED         (LIST + 4096 - 8)

#define VALID           0x80
#define TOGGLE          0x40
#define MESSAGE         0x40
#define LARGE           0x04
#define NO_CSUM         0x02
#define CSUM_GOOD       0x01

#define DESC(control, len, ioba)                                        \
    ((uint64_t)(control) << 56 | (uint64_t)(len) << 32 | (ioba))

#define ATTR_MULTI      0x40000
#define ATTR_NON_ZERO   0x20000
#define ATTR_LARGE      0x10000
#define ATTR_LARGE_SUP  0x08000
#define ATTR_DISABLED   0x04000
#define ATTR_PADDED     0x02000
#define ATTR_SIZE       0x01000
#define ATTR_IPV6       0x00004
#define ATTR_IPV4       0x00002
#define ATTR_TRUNK      0x00001
#define ATTR_ALWAYS     (ATTR_MULTI | ATTR_NON_ZERO | ATTR_LARGE_SUP | \
                         ATTR_PADDED)
#define ATTR_OFFLOADS   (ATTR_LARGE | ATTR_IPV6 | ATTR_IPV4)

#define MAC             0x525400112233
#define FRAME_MAX       65536

static const uint8_t our_mac[] = { 0x52, 0x54, 0, 0x11, 0x22, 0x33 };
static const uint8_t their_mac[] = { 0x52, 0x54, 0, 0x44, 0x55, 0x66 };

typedef struct Lan {
    VioDev dev;
    int fd;             /* our end of the wire, where its frames are read */
    unsigned entries;   /* of the queue */
    unsigned next;
    bool inverted;      /* which entries are new */
} Lan;

typedef struct Entry {
    uint8_t control;    /* without the valid bit */
    uint16_t offset;
    uint32_t len;
    uint64_t handle;
} Entry;

/*
 * The machine
 */

/* All that is mapped, in few calls */
static inline void map_all(VioDev *dev)
{
    uint64_t tces[512];

    for (uint64_t at = 0; at < MAPPED; at += ARRAY_SIZE(tces) * TCE_PAGE) {
        for (unsigned i = 0; i < ARRAY_SIZE(tces); i++) {
            tces[i] = cpu_to_be64((BASE + at + i * TCE_PAGE) | TCE_RW);
        }
        qtest_memwrite(dev->qts, TCE_LIST, tces, sizeof(tces));
        g_assert_cmpint(hcall(dev->qts, H_PUT_TCE_INDIRECT, dev->liobn, at,
                              TCE_LIST, ARRAY_SIZE(tces)), ==, H_SUCCESS);
    }
}

/* R3 of a call for the adapter */
#define call(lan, token, ...)                                           \
    hcall((lan)->dev.qts, token, (lan)->dev.unit, ##__VA_ARGS__)

static inline int64_t lan_register(Lan *lan, unsigned entries)
{
    lan->entries = entries;
    lan->next = 0;
    lan->inverted = false;
    qtest_memset(lan->dev.qts, BASE + QUEUE, 0, entries * 16);
    return call(lan, H_REGISTER_LOGICAL_LAN, LIST,
                DESC(VALID, entries * 16, QUEUE), FILTERS, MAC);
}

static inline int64_t lan_add(Lan *lan, uint32_t ioba, uint32_t size,
                              uint64_t handle)
{
    uint64_t be = cpu_to_be64(handle);

    qtest_memwrite(lan->dev.qts, BASE + ioba, &be, sizeof(be));
    return call(lan, H_ADD_LOGICAL_LAN_BUFFER, DESC(VALID, size, ioba));
}

static inline void must_add(Lan *lan, uint32_t ioba, uint32_t size,
                            uint64_t handle)
{
    g_assert_cmpint(lan_add(lan, ioba, size, handle), ==, H_SUCCESS);
}

/* R4 of H_ILLAN_ATTRIBUTES */
static inline uint64_t attributes(Lan *lan, int64_t want, uint64_t reset,
                                  uint64_t set)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(lan->dev.qts, rets, H_ILLAN_ATTRIBUTES,
                               lan->dev.unit, reset, set), ==, want);
    return rets[0];
}

/* Enable what @bits says, then register */
static inline void lan_register_offloads(Lan *lan, unsigned entries,
                                         uint64_t bits)
{
    g_assert_cmphex(attributes(lan, H_SUCCESS, 0, bits), ==,
                    ATTR_ALWAYS | bits);
    g_assert_cmpint(lan_register(lan, entries), ==, H_SUCCESS);
}

static inline uint64_t dropped(Lan *lan)
{
    uint64_t be;

    qtest_memread(lan->dev.qts, BASE + DROPPED, &be, sizeof(be));
    return be64_to_cpu(be);
}

/*
 * The queue
 */

static inline bool lan_poll(Lan *lan, Entry *entry)
{
    uint8_t raw[16];

    qtest_memread(lan->dev.qts, BASE + QUEUE + lan->next * 16, raw,
                  sizeof(raw));
    if (!(raw[0] & VALID) != lan->inverted) {
        return false;
    }
    *entry = (Entry) {
        .control = raw[0] & ~VALID,
        .offset = lduw_be_p(raw + 2),
        .len = ldl_be_p(raw + 4),
        .handle = ldq_be_p(raw + 8),
    };
    g_assert_cmphex(raw[1], ==, 0);
    if (++lan->next == lan->entries) {
        lan->next = 0;
        lan->inverted = !lan->inverted;
    }
    return true;
}

static inline Entry lan_wait(Lan *lan)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    Entry entry;

    while (!lan_poll(lan, &entry)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(200);
    }
    return entry;
}

/* The next message must be this one, in the buffer at @ioba */
static inline void expect_message(Lan *lan, uint32_t ioba, uint64_t handle,
                                  uint8_t control, const void *frame,
                                  size_t len)
{
    Entry entry = lan_wait(lan);
    g_autofree uint8_t *got = g_malloc(len);

    g_assert_cmphex(entry.control, ==, MESSAGE | control);
    g_assert_cmphex(entry.handle, ==, handle);
    g_assert_cmpuint(entry.len, ==, len);
    g_assert_cmpuint(entry.offset, >=, 8);
    qtest_memread(lan->dev.qts, BASE + ioba + entry.offset, got, len);
    g_assert_cmpmem(got, len, frame, len);
}

/*
 * The wire
 */

static inline bool wire_ready(Lan *lan, int ms)
{
    GPollFD poll = { .fd = lan->fd, .events = G_IO_IN };

    return g_poll(&poll, 1, ms) == 1;
}

static inline void wire_read(Lan *lan, void *data, size_t len)
{
    uint8_t *at = data;

    while (len) {
        ssize_t got;

        g_assert_true(wire_ready(lan, 20000));
        got = read(lan->fd, at, len);
        g_assert_cmpint(got, >, 0);
        at += got;
        len -= got;
    }
}

static inline void expect_no_wire(Lan *lan)
{
    g_assert_false(wire_ready(lan, 50));
}

/*
 * Frames
 */

static inline void fill(uint8_t *data, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = i * 7 + (i >> 8) * 13 + seed;
    }
}

static inline uint32_t sum(const uint8_t *data, size_t len)
{
    uint32_t s = 0;

    for (size_t i = 0; i < len; i++) {
        s += i & 1 ? data[i] : data[i] << 8;
    }
    return s;
}

static inline uint16_t fold(uint32_t s)
{
    while (s >> 16) {
        s = (s & 0xffff) + (s >> 16);
    }
    return s;
}

/* Offsets of headers without any options */
static inline size_t tcp_at(bool ipv6)
{
    return 14 + (ipv6 ? 40 : 20);
}

#define TCP_HEADER      32      /* it has options */

static inline size_t payload_at(bool ipv6)
{
    return tcp_at(ipv6) + TCP_HEADER;
}

/* That of the pseudo header */
static inline uint16_t tcp_pseudo(const uint8_t *frame, size_t len, bool ipv6)
{
    return fold((ipv6 ? sum(frame + 22, 32) : sum(frame + 26, 8)) + 6 +
                (len - tcp_at(ipv6)));
}

/* The sum over all that the checksum of TCP is of: 0xffff when that is right */
static inline uint16_t tcp_sum(const uint8_t *frame, size_t len, bool ipv6)
{
    size_t tcp = tcp_at(ipv6);

    return fold(tcp_pseudo(frame, len, ipv6) + sum(frame + tcp, len - tcp));
}

static inline uint16_t ip_sum(const uint8_t *frame)
{
    return fold(sum(frame + 14, 20));
}

#define IDENT           0xfffe
#define SEQUENCE        0xfffffc00
#define TCP_FLAGS       0x99    /* CWR, ACK, PSH, FIN */

/* With @payload bytes; checksums of IP and, if @csum, of TCP. Its length. */
static inline size_t make_tcp(uint8_t *frame, bool ipv6, const uint8_t *from,
                              const uint8_t *to, size_t payload, bool csum)
{
    size_t tcp = tcp_at(ipv6), len = payload_at(ipv6) + payload;
    uint8_t *ip = frame + 14;

    memset(frame, 0, payload_at(ipv6));
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    if (ipv6) {
        stw_be_p(frame + 12, 0x86dd);
        ip[0] = 0x60;
        stw_be_p(ip + 4, len - tcp);
        ip[6] = 6;
        ip[7] = 64;
        fill(ip + 8, 32, 3);
    } else {
        stw_be_p(frame + 12, 0x0800);
        ip[0] = 0x45;
        stw_be_p(ip + 2, len - 14);
        stw_be_p(ip + 4, IDENT);
        ip[8] = 64;
        ip[9] = 6;
        fill(ip + 12, 8, 3);
        stw_be_p(ip + 10, ~ip_sum(frame));
    }
    fill(frame + tcp, 4, 5);
    stl_be_p(frame + tcp + 4, SEQUENCE);
    frame[tcp + 12] = TCP_HEADER / 4 << 4;
    frame[tcp + 13] = TCP_FLAGS;
    fill(frame + tcp + 20, TCP_HEADER - 20, 9);
    fill(frame + tcp + TCP_HEADER, payload, 11);
    if (csum) {
        stw_be_p(frame + tcp + 16, ~tcp_sum(frame, len, ipv6));
    }
    return len;
}

/* R3 of H_SEND_LOGICAL_LAN for one descriptor and @mss */
static inline int64_t send_at(Lan *lan, uint8_t control, uint32_t ioba,
                              size_t len, uint64_t mss)
{
    return call(lan, H_SEND_LOGICAL_LAN, DESC(VALID | control, len, ioba), 0, 0,
                0, 0, 0, 0, mss);
}

static inline int64_t send_frame(Lan *lan, uint8_t control, const void *frame,
                                 size_t len, uint64_t mss)
{
    qtest_memwrite(lan->dev.qts, BASE + SEND, frame, len);
    return send_at(lan, control, SEND, len, mss);
}

#endif /* TESTS_QTEST_SPAPR_VETH_QTEST_H */
