/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: virtual Ethernet of the sPAPR board, and what it makes one large
 * packet of for its guest
 *
 * LoPAR, "ILLAN Large Send/Receive option". The backend here has no large
 * frames, so the adapter merges what comes in one go. The machine is stopped
 * while the test writes it, so that it does.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "spapr-veth-socket-qtest.h"

#define MSS             1000
#define SEGMENT_MAX     2048
#define MERGED          (LARGE | NO_CSUM | CSUM_GOOD)

#define TCP_PSH         0x08
#define TCP_ACK         0x10

#define HANDLE          0x1122334455667788

static const bool ip_versions[] = { false, true };

/* A segment: what makes it another than the first of its stream */
typedef struct Segment {
    uint32_t at;            /* its payload's place in the stream */
    uint32_t size;
    uint8_t flags;          /* of TCP */
    bool ipv6;
    uint8_t frame[SEGMENT_MAX];
    size_t len;
} Segment;

/* To be called after each change */
static void segment_sum(Segment *s)
{
    size_t tcp = tcp_at(s->ipv6);

    if (!s->ipv6) {
        stw_be_p(s->frame + 24, 0);
        stw_be_p(s->frame + 24, ~ip_sum(s->frame));
    }
    stw_be_p(s->frame + tcp + 16, 0);
    stw_be_p(s->frame + tcp + 16, ~tcp_sum(s->frame, s->len, s->ipv6));
}

static Segment segment(bool ipv6, uint32_t at, uint32_t size, uint8_t flags)
{
    Segment s = { .at = at, .size = size, .flags = flags, .ipv6 = ipv6 };
    size_t tcp = tcp_at(ipv6);

    s.len = make_tcp(s.frame, ipv6, their_mac, our_mac, size, false);
    if (!ipv6) {
        stw_be_p(s.frame + 18, IDENT + at / MSS);
    }
    stl_be_p(s.frame + tcp + 4, SEQUENCE + at);
    s.frame[tcp + 13] = flags;
    for (uint32_t i = 0; i < size; i++) {
        s.frame[payload_at(ipv6) + i] = (at + i) * 7 + (at + i) / 256;
    }
    segment_sum(&s);
    return s;
}

/* The @n-th full one */
static Segment nth(bool ipv6, unsigned n)
{
    return segment(ipv6, n * MSS, MSS, TCP_ACK);
}

static void put(GByteArray *burst, const void *frame, uint32_t len)
{
    uint32_t be = cpu_to_be32(len);

    g_byte_array_append(burst, (uint8_t *)&be, sizeof(be));
    g_byte_array_append(burst, frame, len);
}

static void put_segment(GByteArray *burst, Segment s)
{
    put(burst, s.frame, s.len);
}

static void put_nth(GByteArray *burst, bool ipv6, unsigned first,
                    unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put_segment(burst, nth(ipv6, first + i));
    }
}

/* All that is in it comes in one go; then it is empty */
static void put_burst(Lan *lan, GByteArray *burst)
{
    qtest_qmp_assert_success(lan->dev.qts, "{ 'execute': 'stop' }");
    g_assert_cmpint(qemu_write_full(lan->fd, burst->data, burst->len), ==,
                    burst->len);
    qtest_qmp_assert_success(lan->dev.qts, "{ 'execute': 'cont' }");
    g_byte_array_set_size(burst, 0);
}

static void add_buffers(Lan *lan, uint32_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        must_add(lan, BUFFERS + i * ROUND_UP(size, 4096), size, HANDLE + i);
    }
}

/* Where a message is whose buffer is the @n-th */
static uint32_t message_at(Lan *lan, uint32_t size, unsigned n,
                           uint8_t control, uint32_t len)
{
    Entry entry = lan_wait(lan);

    g_assert_cmphex(entry.control, ==, MESSAGE | control);
    g_assert_cmphex(entry.handle, ==, HANDLE + n);
    g_assert_cmpuint(entry.len, ==, len);
    return BUFFERS + n * ROUND_UP(size, 4096) + entry.offset;
}

static void expect_frame(Lan *lan, uint32_t size, unsigned n, uint8_t control,
                         const void *frame, size_t len)
{
    uint8_t got[SEGMENT_MAX];

    qtest_memread(lan->dev.qts,
                  BASE + message_at(lan, size, n, control, len), got, len);
    g_assert_cmpmem(got, len, frame, len);
}

static void expect_segment(Lan *lan, uint32_t size, unsigned n, Segment s)
{
    expect_frame(lan, size, n, CSUM_GOOD, s.frame, s.len);
}

/* @first, longer: with headers that say so, and no checksum of TCP */
static void expect_merged(Lan *lan, uint32_t size, unsigned n, Segment first,
                          uint32_t payload, uint8_t flags)
{
    bool ipv6 = first.ipv6;
    size_t start = payload_at(ipv6), len = start + payload, tcp = tcp_at(ipv6);
    uint32_t at = message_at(lan, size, n, MERGED, len);
    g_autofree uint8_t *got = g_malloc(len);
    uint64_t mss;

    qtest_memread(lan->dev.qts, BASE + BUFFERS + n * ROUND_UP(size, 4096) + 8,
                  &mss, sizeof(mss));
    g_assert_cmpuint(be64_to_cpu(mss), ==, first.size);

    qtest_memread(lan->dev.qts, BASE + at, got, len);
    if (ipv6) {
        stw_be_p(first.frame + 18, len - tcp);
    } else {
        stw_be_p(first.frame + 16, len - 14);
        g_assert_cmphex(ip_sum(got), ==, 0xffff);
        memcpy(first.frame + 24, got + 24, 2);
    }
    first.frame[tcp + 13] = flags;
    stw_be_p(first.frame + tcp + 16, 0);
    g_assert_cmpmem(got, start, first.frame, start);
    for (uint32_t i = 0; i < payload; i++) {
        uint32_t place = first.at + i;

        g_assert_cmphex(got[start + i], ==, (uint8_t)(place * 7 + place / 256));
    }
}

/*
 * What is merged
 */

static void test_merge(void)
{
    g_autoptr(GByteArray) burst = g_byte_array_new();
    Lan lan = start_offloads(16, ATTR_OFFLOADS);

    for (unsigned i = 0; i < ARRAY_SIZE(ip_versions); i++) {
        bool ipv6 = ip_versions[i];

        add_buffers(&lan, 32768, 2);
        put_nth(burst, ipv6, 0, 5);
        put_burst(&lan, burst);
        expect_merged(&lan, 32768, 0, nth(ipv6, 0), 5 * MSS, TCP_ACK);

        /* The other buffer; a short one is the last */
        put_nth(burst, ipv6, 0, 2);
        put_segment(burst, segment(ipv6, 2 * MSS, 1, TCP_ACK));
        put_burst(&lan, burst);
        expect_merged(&lan, 32768, 1, nth(ipv6, 0), 2 * MSS + 1, TCP_ACK);
    }
    g_assert_cmpuint(dropped(&lan), ==, 0);
    stop(&lan);
}

/* One that is alone is as it came */
static void test_single(void)
{
    Lan lan = start_offloads(16, ATTR_OFFLOADS);

    for (unsigned i = 0; i < ARRAY_SIZE(ip_versions); i++) {
        Segment s = nth(ip_versions[i], 0);

        add_buffers(&lan, 8192, 1);
        wire_put(&lan, s.frame, s.len);
        expect_segment(&lan, 8192, 0, s);
    }
    stop(&lan);
}

/* Nothing comes behind a push, or a short one */
static void test_complete(void)
{
    g_autoptr(GByteArray) burst = g_byte_array_new();
    Lan lan = start_offloads(16, ATTR_OFFLOADS);
    Segment pushed = segment(false, MSS, MSS, TCP_ACK | TCP_PSH);
    Segment brief = segment(false, MSS, MSS - 1, TCP_ACK);
    Segment after = segment(false, 2 * MSS - 1, MSS, TCP_ACK);

    add_buffers(&lan, 8192, 5);
    put_segment(burst, nth(false, 0));
    put_segment(burst, pushed);
    put_segment(burst, nth(false, 2));
    put_burst(&lan, burst);
    expect_merged(&lan, 8192, 0, nth(false, 0), 2 * MSS, TCP_ACK | TCP_PSH);
    expect_segment(&lan, 8192, 1, nth(false, 2));

    put_segment(burst, nth(false, 0));
    put_segment(burst, brief);
    put_segment(burst, after);
    put_burst(&lan, burst);
    expect_merged(&lan, 8192, 2, nth(false, 0), 2 * MSS - 1, TCP_ACK);
    expect_segment(&lan, 8192, 3, after);

    /* Not even one */
    pushed = segment(false, 0, MSS, TCP_ACK | TCP_PSH);
    put_segment(burst, pushed);
    put_burst(&lan, burst);
    expect_segment(&lan, 8192, 4, pushed);
    stop(&lan);
}

/*
 * What is not: the second of two is another one in one thing
 */

static void expect_apart(Lan *lan, Segment second, uint8_t control)
{
    g_autoptr(GByteArray) burst = g_byte_array_new();

    add_buffers(lan, 8192, 2);
    put_segment(burst, nth(second.ipv6, 0));
    put_segment(burst, second);
    put_burst(lan, burst);
    expect_segment(lan, 8192, 0, nth(second.ipv6, 0));
    expect_frame(lan, 8192, 1, control, second.frame, second.len);
}

/* A byte of its headers is not as in the first */
static void expect_byte_matters(Lan *lan, bool ipv6, size_t at, uint8_t change)
{
    Segment s = nth(ipv6, 1);

    s.frame[at] ^= change;
    segment_sum(&s);
    expect_apart(lan, s, CSUM_GOOD);
}

static void test_apart(void)
{
    Lan lan = start_offloads(16, ATTR_OFFLOADS);
    Segment s;

    for (unsigned i = 0; i < ARRAY_SIZE(ip_versions); i++) {
        bool ipv6 = ip_versions[i];
        size_t tcp = tcp_at(ipv6);

        /* Who has sent it; ports; sequence, acknowledgment; window, options */
        expect_byte_matters(&lan, ipv6, 11, 1);
        for (size_t at = 0; at < 12; at++) {
            expect_byte_matters(&lan, ipv6, tcp + at, 0x80);
        }
        expect_byte_matters(&lan, ipv6, tcp + 14, 1);
        expect_byte_matters(&lan, ipv6, tcp + 15, 1);
        for (size_t at = 18; at < TCP_HEADER; at++) {
            expect_byte_matters(&lan, ipv6, tcp + at, 1);
        }
        /* FIN, SYN, RST, URG, ECE, CWR, and no ACK */
        for (unsigned bit = 0; bit < 8; bit++) {
            if (1 << bit != TCP_PSH) {
                expect_byte_matters(&lan, ipv6, tcp + 13, 1 << bit);
            }
        }
        /* A larger one, one of nothing, a wrong checksum */
        expect_apart(&lan, segment(ipv6, MSS, MSS + 1, TCP_ACK), CSUM_GOOD);
        expect_apart(&lan, segment(ipv6, MSS, 0, TCP_ACK), CSUM_GOOD);
        s = nth(ipv6, 1);
        s.frame[s.len - 1] ^= 1;
        expect_apart(&lan, s, 0);
    }
    /* Of IPv4: type of service, time to live, addresses */
    expect_byte_matters(&lan, false, 15, 4);
    expect_byte_matters(&lan, false, 22, 1);
    for (size_t at = 26; at < 34; at++) {
        expect_byte_matters(&lan, false, at, 1);
    }
    /* Of IPv6: class, flow label, hop limit, addresses */
    expect_byte_matters(&lan, true, 14, 1);
    for (size_t at = 15; at < 18; at++) {
        expect_byte_matters(&lan, true, at, 1);
    }
    expect_byte_matters(&lan, true, 21, 1);
    for (size_t at = 22; at < 54; at++) {
        expect_byte_matters(&lan, true, at, 1);
    }
    g_assert_cmpuint(dropped(&lan), ==, 0);
    stop(&lan);
}

/* The identification counts up, unless fragments are ruled out */
static void test_ident(void)
{
    g_autoptr(GByteArray) burst = g_byte_array_new();
    Lan lan = start_offloads(16, ATTR_OFFLOADS);
    Segment first = nth(false, 0), second = nth(false, 1);

    expect_byte_matters(&lan, false, 19, 1);

    first.frame[20] = second.frame[20] = 0x40;
    second.frame[19] ^= 1;
    segment_sum(&first);
    segment_sum(&second);
    add_buffers(&lan, 8192, 1);
    put_segment(burst, first);
    put_segment(burst, second);
    put_burst(&lan, burst);
    expect_merged(&lan, 8192, 0, first, 2 * MSS, TCP_ACK);
    stop(&lan);
}

/*
 * Order, and buffers
 */

static void test_order(void)
{
    static const uint8_t other[60] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5,
    };
    g_autoptr(GByteArray) burst = g_byte_array_new();
    Lan lan = start_offloads(16, ATTR_OFFLOADS);

    add_buffers(&lan, 8192, 4);
    put_nth(burst, false, 0, 2);
    put(burst, other, sizeof(other));
    put_nth(burst, false, 2, 2);
    /* It ends what came before it, and so does another stream */
    put_nth(burst, true, 0, 3);
    put_burst(&lan, burst);
    expect_merged(&lan, 8192, 0, nth(false, 0), 2 * MSS, TCP_ACK);
    expect_frame(&lan, 8192, 1, 0, other, sizeof(other));
    expect_merged(&lan, 8192, 2, nth(false, 2), 2 * MSS, TCP_ACK);
    expect_merged(&lan, 8192, 3, nth(true, 0), 3 * MSS, TCP_ACK);
    stop(&lan);
}

/* As much as fits into a buffer that is there */
static void test_buffers(void)
{
    const uint32_t three = 8 + 8 + 66 + 3 * MSS;
    g_autoptr(GByteArray) burst = g_byte_array_new();
    Lan lan = start_offloads(16, ATTR_OFFLOADS);

    /* The last one has to wait */
    add_buffers(&lan, three, 2);
    put_nth(burst, false, 0, 7);
    put_burst(&lan, burst);
    expect_merged(&lan, three, 0, nth(false, 0), 3 * MSS, TCP_ACK);
    expect_merged(&lan, three, 1, nth(false, 3), 3 * MSS, TCP_ACK);
    add_buffers(&lan, three, 1);
    expect_segment(&lan, three, 0, nth(false, 6));

    /* A byte less, and there is none for three */
    add_buffers(&lan, three - 1, 2);
    put_nth(burst, false, 0, 3);
    put_burst(&lan, burst);
    expect_merged(&lan, three - 1, 0, nth(false, 0), 2 * MSS, TCP_ACK);
    expect_segment(&lan, three - 1, 1, nth(false, 2));

    /* No more than there are */
    add_buffers(&lan, 2048, 3);
    put_nth(burst, false, 0, 3);
    put_burst(&lan, burst);
    for (unsigned i = 0; i < 3; i++) {
        expect_segment(&lan, 2048, i, nth(false, i));
    }
    g_assert_cmpuint(dropped(&lan), ==, 0);
    stop(&lan);
}

/* Guests that want no large frames, or no checksums left out, get neither */
static void test_disabled(void)
{
    static const uint64_t bits[] = {
        0, ATTR_LARGE, ATTR_IPV4 | ATTR_IPV6, ATTR_LARGE | ATTR_IPV6,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
        g_autoptr(GByteArray) burst = g_byte_array_new();
        Lan lan = start_offloads(16, bits[i]);

        add_buffers(&lan, 8192, 3);
        put_nth(burst, false, 0, 3);
        put_burst(&lan, burst);
        for (unsigned n = 0; n < 3; n++) {
            Segment s = nth(false, n);

            expect_frame(&lan, 8192, n,
                         bits[i] & ATTR_IPV4 ? CSUM_GOOD : 0, s.frame, s.len);
        }
        stop(&lan);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-veth-merge/merge", test_merge);
    qtest_add_func("spapr-veth-merge/single", test_single);
    qtest_add_func("spapr-veth-merge/complete", test_complete);
    qtest_add_func("spapr-veth-merge/apart", test_apart);
    qtest_add_func("spapr-veth-merge/ident", test_ident);
    qtest_add_func("spapr-veth-merge/order", test_order);
    qtest_add_func("spapr-veth-merge/buffers", test_buffers);
    qtest_add_func("spapr-veth-merge/disabled", test_disabled);
    return g_test_run();
}
