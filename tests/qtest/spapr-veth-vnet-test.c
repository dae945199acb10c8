/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: virtual Ethernet of the sPAPR board, at a backend whose frames have a
 * header of virtio
 *
 * Of QEMU's backends that is a tap device; the test has one in a network
 * namespace of its own. No frame gets there: QEMU's redirectors have the other
 * end of the wire here, where headers are seen as they are, and can be as bad
 * as the kernel would never have them.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "spapr-veth-qtest.h"
#include "standard-headers/linux/virtio_net.h"
#ifdef CONFIG_LINUX
#include <net/if.h>
#include <sched.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#endif

typedef struct virtio_net_hdr Header;

typedef struct Vnet {
    Lan lan;
    int in;             /* where frames for the guest are put */
} Vnet;

#define MSS             1448
#define LARGE_SIZE      32768
#define LEFT            (NO_CSUM | CSUM_GOOD)

/* Why there is no tap device here, or NULL */
static char *missing;

/*
 * The machine
 */

#ifdef CONFIG_LINUX

static void enter_namespace(void)
{
    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
        missing = g_strdup_printf("no network namespace of its own: %s",
                                  strerror(errno));
    }
}

/* Returns: -1 when there is none */
static int tap_open(void)
{
    struct ifreq request = {
        .ifr_name = "tap%d",
        .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
    };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

    if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
        missing = g_strdup_printf("no tap device: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

#else

static void enter_namespace(void)
{
    missing = g_strdup("no tap device: it is Linux's");
}

static int tap_open(void)
{
    return -1;
}

#endif

static int socket_pair(int *qemu)
{
    int fds[2];

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    *qemu = fds[1];
    return fds[0];
}

/* Returns: false when it can't be, and the test is skipped */
static bool start(Vnet *v, unsigned entries, uint64_t bits)
{
    int tap = missing ? -1 : tap_open(), out, in;

    if (tap < 0) {
        g_test_skip(missing);
        return false;
    }
    *v = (Vnet) { .lan.fd = socket_pair(&out), .in = socket_pair(&in) };
    v->lan.dev = vio_find(qtest_initf(
        BOARD "-netdev tap,id=net,fd=%d "
        "-device spapr-vlan,id=lan,netdev=net,mac=52:54:00:11:22:33 "
        "-chardev socket,id=out,fd=%d -chardev socket,id=in,fd=%d "
        "-object filter-redirector,id=from,netdev=net,queue=rx,outdev=out,"
        "vnet_hdr_support=on "
        "-object filter-redirector,id=to,netdev=net,queue=tx,indev=in,"
        "vnet_hdr_support=on", tap, out, in), "l-lan", 0);
    close(tap);
    close(out);
    close(in);
    map_all(&v->lan.dev);
    lan_register_offloads(&v->lan, entries, bits);
    return true;
}

static void stop(Vnet *v)
{
    qtest_quit(v->lan.dev.qts);
    close(v->lan.fd);
    close(v->in);
}

/*
 * The wire: before each frame come its length, with the header, and that of the
 * header
 */

static void put(Vnet *v, const void *data, size_t len)
{
    g_assert_cmpint(qemu_write_full(v->in, data, len), ==, len);
}

static void wire_put(Vnet *v, Header hdr, const void *frame, size_t len)
{
    const uint32_t lens[] = {
        cpu_to_be32(sizeof(hdr) + len), cpu_to_be32(sizeof(hdr)),
    };

    put(v, lens, sizeof(lens));
    put(v, &hdr, sizeof(hdr));
    put(v, frame, len);
}

static size_t wire_get(Vnet *v, Header *hdr, uint8_t *frame)
{
    uint32_t lens[2];
    size_t len;

    wire_read(&v->lan, lens, sizeof(lens));
    g_assert_cmpuint(be32_to_cpu(lens[1]), ==, sizeof(*hdr));
    len = be32_to_cpu(lens[0]) - sizeof(*hdr);
    g_assert_cmpuint(len, <=, FRAME_MAX);
    wire_read(&v->lan, hdr, sizeof(*hdr));
    wire_read(&v->lan, frame, len);
    return len;
}

static void expect_wire(Vnet *v, Header want, const void *frame, size_t len)
{
    g_autofree uint8_t *got = g_malloc(FRAME_MAX);
    Header hdr;

    g_assert_cmpuint(wire_get(v, &hdr, got), ==, len);
    g_assert_cmphex(hdr.flags, ==, want.flags);
    g_assert_cmphex(hdr.gso_type, ==, want.gso_type);
    g_assert_cmpuint(hdr.hdr_len, ==, want.hdr_len);
    g_assert_cmpuint(hdr.gso_size, ==, want.gso_size);
    g_assert_cmpuint(hdr.csum_start, ==, want.csum_start);
    g_assert_cmpuint(hdr.csum_offset, ==, want.csum_offset);
    g_assert_cmpmem(got, len, frame, len);
}

/*
 * Frames, as one who leaves something to do has them: with the sum of the
 * pseudo header in place of the checksum
 */

static size_t make_partial(uint8_t *frame, bool ipv6, const uint8_t *from,
                           const uint8_t *to, size_t payload)
{
    size_t len = make_tcp(frame, ipv6, from, to, payload, false);

    stw_be_p(frame + tcp_at(ipv6) + 16, tcp_pseudo(frame, len, ipv6));
    return len;
}

static Header partial_header(bool ipv6)
{
    return (Header) {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = tcp_at(ipv6),
        .csum_offset = 16,
    };
}

static Header large_header(bool ipv6, uint16_t mss)
{
    Header hdr = partial_header(ipv6);

    hdr.gso_type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
    hdr.gso_size = mss;
    hdr.hdr_len = payload_at(ipv6);
    return hdr;
}

/*
 * Sending
 */

/* The checksum is left to the backend, and so is no padding */
static void test_send_checksum(void)
{
    static const size_t payloads[] = { 0, 1, 1448 };
    Vnet v;
    uint8_t frame[2048], want[2048];

    if (!start(&v, 8, ATTR_IPV4 | ATTR_IPV6)) {
        return;
    }
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(payloads); i++) {
        bool ipv6 = i & 1;
        size_t len = make_tcp(frame, ipv6, our_mac, their_mac, payloads[i / 2],
                              false);

        make_partial(want, ipv6, our_mac, their_mac, payloads[i / 2]);
        /* What the field has in it doesn't matter */
        stw_be_p(frame + tcp_at(ipv6) + 16, 0x1234);
        g_assert_cmpint(send_frame(&v.lan, LEFT, frame, len, 0), ==,
                        H_SUCCESS);
        expect_wire(&v, partial_header(ipv6), want, len);
        memset(frame + len, 0xa5, 9);
        g_assert_cmpint(send_frame(&v.lan, LEFT, frame, len + 9, 0), ==,
                        H_SUCCESS);
        expect_wire(&v, partial_header(ipv6), want, len);
        /* Nothing is left to do */
        g_assert_cmpint(send_frame(&v.lan, CSUM_GOOD, frame, len + 9, 0), ==,
                        H_SUCCESS);
        expect_wire(&v, (Header) { }, frame, len + 9);
        g_assert_cmpint(send_frame(&v.lan, 0, frame, len + 9, 0), ==,
                        H_SUCCESS);
        expect_wire(&v, (Header) { }, frame, len + 9);
    }
    expect_no_wire(&v.lan);
    stop(&v);
}

static void check_send_large(Vnet *v, bool ipv6, size_t payload, size_t mss,
                             bool congestion)
{
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    g_autofree uint8_t *want = g_malloc(FRAME_MAX);
    size_t len = make_tcp(frame, ipv6, our_mac, their_mac, payload, false);
    Header hdr = payload > mss ? large_header(ipv6, mss) : partial_header(ipv6);

    make_partial(want, ipv6, our_mac, their_mac, payload);
    if (!ipv6) {
        stw_be_p(frame + 24, 0);
    }
    if (!congestion) {
        frame[tcp_at(ipv6) + 13] &= ~0x80;
        want[tcp_at(ipv6) + 13] &= ~0x80;
    } else if (payload > mss) {
        hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
    }
    g_assert_cmpint(send_frame(&v->lan, LARGE | LEFT, frame, len, mss), ==,
                    H_SUCCESS);
    expect_wire(v, hdr, want, len);
}

/* One header for all segments, if there are to be more than one */
static void test_send_large(void)
{
    static const struct {
        size_t payload, mss;
    } cases[] = {
        { 1448, 1448 }, { 1449, 1448 }, { 2896, 1448 }, { 65000, 1448 },
        { 1000, 16 }, { 65000, 9000 }, { 100, 65535 },
    };
    Vnet v;

    if (!start(&v, 8, ATTR_OFFLOADS)) {
        return;
    }
    for (unsigned i = 0; i < 4 * ARRAY_SIZE(cases); i++) {
        check_send_large(&v, i & 1, cases[i / 4].payload, cases[i / 4].mss,
                         i & 2);
    }
    expect_no_wire(&v.lan);
    stop(&v);
}

/* Linux's old_large_send: what is asked for stands in the checksums */
static void test_send_old_large(void)
{
    Vnet v;
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    g_autofree uint8_t *want = g_malloc(FRAME_MAX);
    Header hdr = large_header(false, MSS);
    size_t len;

    if (!start(&v, 8, ATTR_IPV4)) {
        return;
    }
    len = make_tcp(frame, false, our_mac, their_mac, 10000, false);
    stw_be_p(frame + 24, 0xffff);
    stw_be_p(frame + tcp_at(false) + 16, MSS);
    g_assert_cmpint(send_frame(&v.lan, LEFT, frame, len, 0), ==, H_SUCCESS);
    make_partial(want, false, our_mac, their_mac, 10000);
    hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
    expect_wire(&v, hdr, want, len);
    stop(&v);
}

#define EXTENSION       8

/* A header of options, which must be of no use, before that of TCP */
static size_t insert_extension(uint8_t *frame, size_t len)
{
    memmove(frame + 54 + EXTENSION, frame + 54, len - 54);
    memset(frame + 54, 0, EXTENSION);
    frame[54] = frame[20];
    frame[56] = 1;
    frame[57] = EXTENSION - 4;
    frame[20] = 0;
    stw_be_p(frame + 18, len + EXTENSION - 54);
    return len + EXTENSION;
}

/* The header has no place for others between IPv6 and TCP: segments are made */
static void test_send_extended(void)
{
    Vnet v;
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    size_t len;

    if (!start(&v, 8, ATTR_OFFLOADS)) {
        return;
    }
    len = make_tcp(frame, true, our_mac, their_mac, 3 * MSS, false);
    len = insert_extension(frame, len);
    g_assert_cmpint(send_frame(&v.lan, LARGE | LEFT, frame, len, MSS), ==,
                    H_SUCCESS);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t got[4096];
        Header hdr;

        len = wire_get(&v, &hdr, got);
        g_assert_true(buffer_is_zero(&hdr, sizeof(hdr)));
        g_assert_cmpuint(len, ==, payload_at(true) + EXTENSION + MSS);
        g_assert_cmpmem(got + 54, EXTENSION, frame + 54, EXTENSION);
        len -= EXTENSION;
        memmove(got + 54, got + 54 + EXTENSION, len - 54);
        g_assert_cmphex(tcp_sum(got, len, true), ==, 0xffff);
        g_assert_cmpmem(got + payload_at(true), MSS,
                        frame + EXTENSION + payload_at(true) + i * MSS, MSS);
    }
    expect_no_wire(&v.lan);
    stop(&v);
}

/*
 * Receiving
 */

/* What was left to us is left to the guest */
static void test_receive_large(void)
{
    Vnet v;
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);

    if (!start(&v, 8, ATTR_OFFLOADS)) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        bool ipv6 = i & 1;
        size_t len = make_partial(frame, ipv6, their_mac, our_mac, 20000);
        Header hdr = large_header(ipv6, MSS + i);
        uint64_t mss;

        hdr.gso_type |= i & 2 ? VIRTIO_NET_HDR_GSO_ECN : 0;
        must_add(&v.lan, BUFFERS, LARGE_SIZE, i);
        wire_put(&v, hdr, frame, len);
        stw_be_p(frame + tcp_at(ipv6) + 16, 0);
        expect_message(&v.lan, BUFFERS, i, LARGE | LEFT, frame, len);
        qtest_memread(v.lan.dev.qts, BASE + BUFFERS + 8, &mss, sizeof(mss));
        g_assert_cmpuint(be64_to_cpu(mss), ==, MSS + i);
    }
    g_assert_cmpuint(dropped(&v.lan), ==, 0);
    stop(&v);
}

/* A large one comes in three buffers of @size bytes, as frames that are right */
static void check_receive_segments(Vnet *v, bool ipv6, uint32_t size)
{
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    size_t len = make_partial(frame, ipv6, their_mac, our_mac, 3 * MSS - 5);

    for (unsigned i = 0; i < 3; i++) {
        must_add(&v->lan, BUFFERS + i * size, size, i);
    }
    wire_put(v, large_header(ipv6, MSS), frame, len);
    for (unsigned i = 0; i < 3; i++) {
        Entry entry = lan_wait(&v->lan);
        size_t payload = i == 2 ? MSS - 5 : MSS;
        uint8_t got[2048];

        g_assert_cmphex(entry.control, ==, MESSAGE);
        g_assert_cmpuint(entry.handle, ==, i);
        g_assert_cmpuint(entry.len, ==, payload_at(ipv6) + payload);
        qtest_memread(v->lan.dev.qts, BASE + BUFFERS + i * size + entry.offset,
                      got, entry.len);
        g_assert_cmphex(tcp_sum(got, entry.len, ipv6), ==, 0xffff);
        g_assert_cmphex(ipv6 ? 0xffff : ip_sum(got), ==, 0xffff);
        g_assert_cmphex((uint32_t)ldl_be_p(got + tcp_at(ipv6) + 4), ==,
                        (uint32_t)(SEQUENCE + i * MSS));
        g_assert_cmpmem(got + payload_at(ipv6), payload,
                        frame + payload_at(ipv6) + i * MSS, payload);
    }
}

/* For a guest that has not asked for them, or has no buffer that is so large */
static void test_receive_segments(void)
{
    static const struct {
        uint64_t bits;
        bool ipv6;
        uint32_t size;
    } cases[] = {
        { 0, false, LARGE_SIZE }, { 0, true, LARGE_SIZE },
        { ATTR_IPV4, false, LARGE_SIZE }, { ATTR_IPV6, true, LARGE_SIZE },
        { ATTR_LARGE, false, LARGE_SIZE },
        { ATTR_LARGE | ATTR_IPV4, true, LARGE_SIZE },
        { ATTR_LARGE | ATTR_IPV6, false, LARGE_SIZE },
        { ATTR_OFFLOADS, false, 2048 }, { ATTR_OFFLOADS, true, 2048 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        Vnet v;

        if (!start(&v, 8, cases[i].bits)) {
            return;
        }
        check_receive_segments(&v, cases[i].ipv6, cases[i].size);
        stop(&v);
    }
}

/* As soon as there is no buffer the rest is lost, however much that is */
static void test_receive_too_many(void)
{
    Vnet v;
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    size_t len;

    if (!start(&v, 8, 0)) {
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        must_add(&v.lan, BUFFERS + i * 128, 128, i);
    }
    len = make_partial(frame, false, their_mac, our_mac, 65000);
    wire_put(&v, large_header(false, 1), frame, len);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmpuint(lan_wait(&v.lan).len, ==, payload_at(false) + 1);
    }
    g_assert_cmpint(call(&v.lan, H_FREE_LOGICAL_LAN_BUFFER, 128), ==,
                    H_NOT_FOUND);
    g_assert_cmpuint(dropped(&v.lan), ==, 1);
    stop(&v);
}

static void check_receive_checksum(Vnet *v, bool enabled)
{
    const Header known = { .flags = VIRTIO_NET_HDR_F_DATA_VALID };
    uint8_t frame[256];

    for (unsigned i = 0; i < 2; i++) {
        bool ipv6 = i;
        size_t len = make_partial(frame, ipv6, their_mac, our_mac, 99);

        must_add(&v->lan, BUFFERS, 2048, i);
        wire_put(v, partial_header(ipv6), frame, len);
        if (enabled) {
            stw_be_p(frame + tcp_at(ipv6) + 16, 0);
        } else {
            make_tcp(frame, ipv6, their_mac, our_mac, 99, true);
        }
        expect_message(&v->lan, BUFFERS, i, enabled ? LEFT : 0, frame, len);
        /* The backend's word is good enough */
        frame[len - 1] ^= 1;
        must_add(&v->lan, BUFFERS, 2048, i);
        wire_put(v, known, frame, len);
        expect_message(&v->lan, BUFFERS, i, enabled ? CSUM_GOOD : 0, frame,
                       len);
        must_add(&v->lan, BUFFERS, 2048, i);
        wire_put(v, (Header) { }, frame, len);
        expect_message(&v->lan, BUFFERS, i, 0, frame, len);
    }
}

/* Another protocol than TCP */
static size_t make_udp(uint8_t *frame)
{
    size_t len = make_tcp(frame, false, their_mac, our_mac, 100, false);

    frame[23] = 17;
    stw_be_p(frame + 40, 0x1234);
    return len;
}

static Header udp_header(void)
{
    Header hdr = partial_header(false);

    hdr.csum_offset = 6;
    return hdr;
}

/* Linux has offloads for TCP alone: that of others is always made */
static void check_receive_udp(Vnet *v)
{
    uint8_t frame[256];
    size_t len = make_udp(frame);

    must_add(&v->lan, BUFFERS, 2048, 1);
    wire_put(v, udp_header(), frame, len);
    stw_be_p(frame + 40, ~fold(sum(frame + 34, len - 34)));
    expect_message(&v->lan, BUFFERS, 1, 0, frame, len);
}

static void test_receive_checksum(void)
{
    for (unsigned i = 0; i < 2; i++) {
        Vnet v;

        if (!start(&v, 8, i ? ATTR_IPV4 | ATTR_IPV6 : 0)) {
            return;
        }
        check_receive_checksum(&v, i);
        check_receive_udp(&v);
        stop(&v);
    }
}

/* Nothing comes of it, and what comes next is received */
static void check_ignored(Vnet *v, Header hdr, const uint8_t *frame, size_t len)
{
    static const uint8_t marker[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7 };

    must_add(&v->lan, BUFFERS, LARGE_SIZE, 1);
    wire_put(v, hdr, frame, len);
    wire_put(v, (Header) { }, marker, sizeof(marker));
    expect_message(&v->lan, BUFFERS, 1, 0, marker, sizeof(marker));
}

static void check_bad_headers(Vnet *v)
{
    static const uint8_t types[] = {
        VIRTIO_NET_HDR_GSO_UDP, VIRTIO_NET_HDR_GSO_UDP_L4,
        VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, 0x7f, 0xff,
    };
    const struct {
        uint16_t start, offset;
    } sums[] = {
        { 0xffff, 0 }, { 0xffff, 0xffff }, { 34, 0xffff }, { 34, 131 },
        { 166, 0 }, { 165, 0 }, { 0, 165 },
    };
    uint8_t frame[4096];
    size_t len = make_partial(frame, false, their_mac, our_mac, 3000);

    /* Segments of what isn't TCP, or of no size; what is no frame */
    check_ignored(v, large_header(false, 0), frame, len);
    check_ignored(v, large_header(false, MSS), frame, 0);
    check_ignored(v, large_header(false, MSS), frame, 13);
    check_ignored(v, large_header(false, MSS), frame, 40);
    check_ignored(v, large_header(false, MSS), frame, len - 1);
    len = make_udp(frame);
    g_assert_cmpuint(len, ==, 166);
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        Header hdr = udp_header();

        hdr.gso_type = types[i];
        hdr.gso_size = 16;
        check_ignored(v, hdr, frame, len);
    }
    /* A checksum that isn't in the frame */
    for (unsigned i = 0; i < ARRAY_SIZE(sums); i++) {
        Header hdr = udp_header();

        hdr.csum_start = sums[i].start;
        hdr.csum_offset = sums[i].offset;
        check_ignored(v, hdr, frame, len);
    }
}

static void test_receive_bad(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t lens[] = { cpu_to_be32(5), cpu_to_be32(5) };
        Vnet v;

        if (!start(&v, 8, i ? ATTR_OFFLOADS : 0)) {
            return;
        }
        /* Not even a whole header */
        put(&v, lens, sizeof(lens));
        put(&v, "01234", 5);
        check_bad_headers(&v);
        g_assert_cmpuint(dropped(&v.lan), ==, 0);
        stop(&v);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    enter_namespace();
    qtest_add_func("spapr-veth-vnet/send-checksum", test_send_checksum);
    qtest_add_func("spapr-veth-vnet/send-large", test_send_large);
    qtest_add_func("spapr-veth-vnet/send-old-large", test_send_old_large);
    qtest_add_func("spapr-veth-vnet/send-extended", test_send_extended);
    qtest_add_func("spapr-veth-vnet/receive-large", test_receive_large);
    qtest_add_func("spapr-veth-vnet/receive-segments", test_receive_segments);
    qtest_add_func("spapr-veth-vnet/receive-too-many", test_receive_too_many);
    qtest_add_func("spapr-veth-vnet/receive-checksum", test_receive_checksum);
    qtest_add_func("spapr-veth-vnet/receive-bad", test_receive_bad);
    return g_test_run();
}
