/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: virtual Ethernet of the sPAPR board
 *
 * LoPAR, ch. "Interpartition Logical LAN (ILLAN) Option".
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "spapr-guest.h"
#include "spapr-veth-socket-qtest.h"

/* The adapter; and the NVRAM, one of another kind */
#define UNIT            0x71000000
#define OTHER_UNIT      0x70000000

/*
 * Frames
 */

/* A frame that is no IP */
static void make_frame(uint8_t *frame, size_t len, const uint8_t *to,
                       unsigned seed)
{
    fill(frame, len, seed);
    memcpy(frame, to, 6);
    memcpy(frame + 6, their_mac, 6);
    stw_be_p(frame + 12, 0x88b5);
}

/*
 * Registering
 */

static void test_register(void)
{
    Lan lan = start_more("");
    uint64_t be;
    uint8_t page[4096], zero[4096] = { };

    g_assert_cmpint(vio_signal(&lan.dev, 1), ==, H_SUCCESS);
    qtest_memset(lan.dev.qts, BASE + LIST, 0xff, 4096);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    qtest_memread(lan.dev.qts, BASE + LIST, page, sizeof(page));
    g_assert_cmphex(ldq_be_p(page), ==, DESC(VALID, 128, QUEUE));
    g_assert_cmphex(ldq_be_p(page + 8), ==, DESC(VALID, 4096, FILTERS));
    g_assert_cmpmem(page + 16, 4080, zero, 4080);
    /* Once more only when it is free */
    g_assert_cmpint(lan_register(&lan, 8), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN), ==, H_SUCCESS);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN), ==, H_SUCCESS);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    be = dropped(&lan);
    g_assert_cmpuint(be, ==, 0);
    stop(&lan);
}

static int64_t try_register(Lan *lan, uint64_t list, uint64_t queue,
                            uint64_t filters)
{
    return call(lan, H_REGISTER_LOGICAL_LAN, list, queue, filters, MAC);
}

static void test_register_errors(void)
{
    Lan lan = start_more("");
    QTestState *qts = lan.dev.qts;
    const uint64_t queue = DESC(VALID, 128, QUEUE);

    g_assert_cmpint(hcall(qts, H_REGISTER_LOGICAL_LAN, OTHER_UNIT, LIST, queue,
                          FILTERS, MAC), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_REGISTER_LOGICAL_LAN,
                          lan.dev.unit | 1ULL << 32, LIST, queue, FILTERS,
                          MAC), ==, H_PARAMETER);
    g_assert_cmpint(hcall(qts, H_FREE_LOGICAL_LAN, OTHER_UNIT), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST + 8, queue, FILTERS), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, MAPPED, queue, FILTERS), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, 1ULL << 32, queue, FILTERS), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, queue, FILTERS + 8), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, queue, -4096ULL), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(0, 128, QUEUE), FILTERS), ==,
                    H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 0, QUEUE), FILTERS),
                    ==, H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 120, QUEUE), FILTERS),
                    ==, H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 128, QUEUE + 8),
                                 FILTERS), ==, H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 32, MAPPED - 16),
                                 FILTERS), ==, H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 0xfffff0, QUEUE),
                                 FILTERS), ==, H_PARAMETER);
    g_assert_cmpint(try_register(&lan, LIST, DESC(VALID, 0xfffff0, 0xfffffff0),
                                 FILTERS), ==, H_PARAMETER);
    /* For reading only */
    vio_map(&lan.dev, LIST, BASE + LIST, TCE_PAGE, TCE_R);
    g_assert_cmpint(try_register(&lan, LIST, queue, FILTERS), ==, H_PARAMETER);
    vio_map(&lan.dev, LIST, BASE + LIST, TCE_PAGE, TCE_RW);
    vio_map(&lan.dev, QUEUE, BASE + QUEUE, TCE_PAGE, TCE_W);
    g_assert_cmpint(try_register(&lan, LIST, queue, FILTERS), ==, H_PARAMETER);
    vio_map(&lan.dev, QUEUE, BASE + QUEUE, TCE_PAGE, TCE_RW);
    g_assert_cmpint(try_register(&lan, LIST, queue, FILTERS), ==, H_SUCCESS);
    stop(&lan);
}

/* Calls that want an adapter that is registered */
static void test_unregistered(void)
{
    Lan lan = start_more("");
    uint8_t frame[64];

    make_frame(frame, sizeof(frame), their_mac, 0);
    g_assert_cmpint(lan_add(&lan, BUFFERS, 2048, 1), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS,
                         DESC(VALID, 2048, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2048), ==,
                    H_PARAMETER);
    g_assert_cmpint(call(&lan, H_MULTICAST_CTRL, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_frame(&lan, 0, frame, sizeof(frame), 0), ==,
                    H_PARAMETER);
    /* What comes in the meantime is lost */
    make_frame(frame, sizeof(frame), our_mac, 1);
    wire_put(&lan, frame, sizeof(frame));
    spapr_qtest_await_taken(lan.fd);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    must_add(&lan, BUFFERS, 2048, 0x1111);
    make_frame(frame, sizeof(frame), our_mac, 2);
    wire_put(&lan, frame, sizeof(frame));
    expect_message(&lan, BUFFERS, 0x1111, 0, frame, sizeof(frame));
    stop(&lan);
}

/*
 * Buffers
 */

static void test_add_errors(void)
{
    Lan lan = start(8);
    QTestState *qts = lan.dev.qts;

    g_assert_cmpint(hcall(qts, H_ADD_LOGICAL_LAN_BUFFER, OTHER_UNIT,
                          DESC(VALID, 2048, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(0, 2048, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 15, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 2048, BUFFERS + 2)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 2048, MAPPED - 1024)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 0xffffff, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 2048, 0xfffffffc)), ==, H_PARAMETER);
    vio_map(&lan.dev, BUFFERS, BASE + BUFFERS, TCE_PAGE, TCE_R);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFER,
                         DESC(VALID, 2048, BUFFERS)), ==, H_PARAMETER);
    vio_map(&lan.dev, BUFFERS, BASE + BUFFERS, TCE_PAGE, TCE_RW);
    /* No more than the queue has entries */
    for (unsigned i = 0; i < 8; i++) {
        must_add(&lan, BUFFERS + i * 2048, 16 + i * 4, i);
    }
    g_assert_cmpint(lan_add(&lan, BUFFERS, 16, 9), ==, H_RESOURCE);
    stop(&lan);
}

/* 254 sizes, and no more of them */
static void test_pools(void)
{
    Lan lan = start(1024);

    for (unsigned i = 0; i < 254; i++) {
        must_add(&lan, BUFFERS, 64 + 4 * (i * 101 % 254), i);
    }
    g_assert_cmpint(lan_add(&lan, BUFFERS, 4096, 0), ==, H_RESOURCE);
    must_add(&lan, BUFFERS, 64, 0);
    /* A size is forgotten with the last buffer that the guest has back */
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 68), ==, H_SUCCESS);
    must_add(&lan, BUFFERS, 4096, 0);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 68), ==,
                    H_NOT_FOUND);
    stop(&lan);
}

static void test_batch(void)
{
    Lan lan = start(12);
    uint64_t rets[SPAPR_QTEST_REGS];
    uint8_t frame[100];

#define BATCH(i)    DESC(VALID, 2048, BUFFERS + (i) * 2048)
    g_assert_cmpint(hcall_rets(lan.dev.qts, rets, H_ADD_LOGICAL_LAN_BUFFERS,
                               OTHER_UNIT, BATCH(0)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, 0), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, BATCH(0), BATCH(1),
                         BATCH(2), BATCH(3), BATCH(4), BATCH(5), BATCH(6),
                         BATCH(7)), ==, H_SUCCESS);
    /* What is behind one that is not valid is not looked at */
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, BATCH(8), 0,
                         DESC(VALID, 0, 0)), ==, H_SUCCESS);
    /* None of them is taken: there is room for three, one is bad */
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, BATCH(9), BATCH(10),
                         BATCH(11), BATCH(12)), ==, H_RESOURCE);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, BATCH(9), BATCH(10),
                         DESC(VALID, 8, BUFFERS)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_ADD_LOGICAL_LAN_BUFFERS, BATCH(9), BATCH(10),
                         BATCH(11)), ==, H_SUCCESS);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t be = cpu_to_be64(i);

        qtest_memwrite(lan.dev.qts, BASE + BUFFERS + i * 2048, &be, 8);
        make_frame(frame, sizeof(frame), our_mac, i);
        wire_put(&lan, frame, sizeof(frame));
        expect_message(&lan, BUFFERS + i * 2048, i, 0, frame, sizeof(frame));
    }
    stop(&lan);
#undef BATCH
}

static void test_free_buffer(void)
{
    Lan lan = start(8);
    Entry entry = { };

    g_assert_cmpint(hcall(lan.dev.qts, H_FREE_LOGICAL_LAN_BUFFER, OTHER_UNIT,
                          2048), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2048), ==,
                    H_NOT_FOUND);
    must_add(&lan, BUFFERS, 2048, 0xabcdef);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2044), ==,
                    H_NOT_FOUND);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2048 | 1ULL << 32),
                    ==, H_NOT_FOUND);
    g_assert_false(lan_poll(&lan, &entry));
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2048), ==,
                    H_SUCCESS);
    g_assert_true(lan_poll(&lan, &entry));
    g_assert_cmphex(entry.control, ==, 0);
    g_assert_cmphex(entry.handle, ==, 0xabcdef);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 2048), ==,
                    H_NOT_FOUND);
    stop(&lan);
}

/*
 * Receiving
 */

/* The smallest that fits; its handle is not touched; the queue goes round */
static void test_receive(void)
{
    static const size_t lengths[] = { 14, 60, 120, 121, 1000, 1514, 60 };
    static const uint32_t sizes[] = { 128, 128, 128, 512, 2048, 2048, 128 };
    Lan lan = start(5);
    uint8_t frame[2048];
    uint64_t be;

    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
            uint64_t handle = 0x0102030405060708 * (i + 1) + round;

            /* Only one of the sizes is there at a time, but for the first */
            if (i == 0) {
                must_add(&lan, BUFFERS, 2048, 1);
                must_add(&lan, BUFFERS + 8192, sizes[i], handle);
            } else {
                must_add(&lan, BUFFERS + 8192, sizes[i], handle);
            }
            make_frame(frame, lengths[i], our_mac, i + round);
            wire_put(&lan, frame, lengths[i]);
            if (i == 4) {
                /* There are two of that size: the first one comes first */
                expect_message(&lan, BUFFERS, 1, 0, frame, lengths[i]);
                qtest_memread(lan.dev.qts, BASE + BUFFERS, &be, 8);
                g_assert_cmphex(be64_to_cpu(be), ==, 1);
                make_frame(frame, lengths[i], our_mac, 77);
                wire_put(&lan, frame, lengths[i]);
            }
            expect_message(&lan, BUFFERS + 8192, handle, 0, frame, lengths[i]);
            qtest_memread(lan.dev.qts, BASE + BUFFERS + 8192, &be, 8);
            g_assert_cmphex(be64_to_cpu(be), ==, handle);
            qtest_memread(lan.dev.qts, BASE + LIST, &be, 8);
            g_assert_cmphex(be64_to_cpu(be), ==,
                            DESC(VALID | (lan.inverted ? TOGGLE : 0), 80,
                                 QUEUE));
        }
    }
    g_assert_cmpuint(dropped(&lan), ==, 0);
    stop(&lan);
}

/* Where the frame is in a buffer of @size bytes at @ioba */
static unsigned received_at(Lan *lan, uint32_t ioba, uint32_t size,
                            const uint8_t *frame, size_t len)
{
    Entry entry;
    uint8_t got[2048];

    must_add(lan, ioba, size, 1);
    wire_put(lan, frame, len);
    entry = lan_wait(lan);
    g_assert_cmpuint(entry.len, ==, len);
    qtest_memread(lan->dev.qts, BASE + ioba + entry.offset, got, len);
    g_assert_cmpmem(got, len, frame, len);
    return entry.offset;
}

/* What is copied on begins at a good place, if there is room before it */
static void expect_place(Lan *lan, const uint8_t *frame, size_t len,
                         size_t payload)
{
    for (uint32_t shift = 0; shift < 16; shift += 4) {
        uint32_t ioba = BUFFERS + shift;
        unsigned at = received_at(lan, ioba, 2048, frame, len);

        g_assert_cmpuint(at, >=, 8);
        g_assert_cmpuint(at, <, 8 + 16);
        g_assert_cmpuint((ioba + at + payload) % 16, ==, 0);
        g_assert_cmpuint(received_at(lan, ioba, at + len, frame, len), ==, at);
        if (at > 8) {
            g_assert_cmpuint(received_at(lan, ioba, at + len - 1, frame, len),
                             ==, 8);
        }
        g_assert_cmpuint(received_at(lan, ioba, 8 + len, frame, len), ==, 8);
    }
}

static void test_place(void)
{
    static const uint8_t from[6] = { 2 };
    Lan lan = start(16);
    uint8_t frame[1514];
    size_t len;

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        len = make_tcp(frame, ipv6, from, our_mac, 1000, true);
        expect_place(&lan, frame, len, payload_at(ipv6));
    }
    make_frame(frame, sizeof(frame), our_mac, 1);
    expect_place(&lan, frame, sizeof(frame), 14);
    stop(&lan);
}

/* One that fits nowhere is dropped, one that would fit waits */
static void test_no_buffer(void)
{
    Lan lan = start(16);
    uint8_t small[100], large[1000];

    make_frame(large, sizeof(large), our_mac, 1);
    make_frame(small, sizeof(small), our_mac, 2);
    must_add(&lan, BUFFERS, 128, 1);
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    expect_message(&lan, BUFFERS, 1, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 1);
    /* There is no buffer at all: they wait, in their order */
    for (unsigned i = 0; i < 20; i++) {
        small[20] = i;
        wire_put(&lan, small, sizeof(small));
    }
    for (unsigned i = 0; i < 20; i++) {
        must_add(&lan, BUFFERS, 128, i);
        small[20] = i;
        expect_message(&lan, BUFFERS, i, 0, small, sizeof(small));
    }
    /* There are buffers, but none of that size is left */
    must_add(&lan, BUFFERS + 4096, 1008, 3);
    must_add(&lan, BUFFERS, 128, 4);
    wire_put(&lan, large, sizeof(large));
    expect_message(&lan, BUFFERS + 4096, 3, 0, large, sizeof(large));
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    must_add(&lan, BUFFERS + 8192, 1008, 5);
    expect_message(&lan, BUFFERS + 8192, 5, 0, large, sizeof(large));
    expect_message(&lan, BUFFERS, 4, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 1);
    /* When the guest has the last one back, nobody waits for more of them */
    must_add(&lan, BUFFERS + 4096, 1008, 6);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 1008), ==,
                    H_SUCCESS);
    lan_wait(&lan);
    must_add(&lan, BUFFERS, 128, 7);
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    expect_message(&lan, BUFFERS, 7, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 2);
    stop(&lan);
}

/* Frames don't wait for ever, so that those behind them reach the guest */
static void test_patience(void)
{
    Lan lan = start(16);
    QTestState *qts = lan.dev.qts;
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;
    uint8_t small[100], large[1000];

    make_frame(large, sizeof(large), our_mac, 1);
    make_frame(small, sizeof(small), our_mac, 2);
    must_add(&lan, BUFFERS + 4096, 1008, 3);
    must_add(&lan, BUFFERS, 128, 4);
    wire_put(&lan, large, sizeof(large));
    expect_message(&lan, BUFFERS + 4096, 3, 0, large, sizeof(large));
    vio_route_irq(qts, lan.dev.irq);
    g_assert_cmpint(vio_signal(&lan.dev, 1), ==, H_SUCCESS);
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    /* An interrupt, with no entry, has the guest give buffers, if it can */
    while (!vio_pending_irq(qts)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(200);
    }
    g_assert_cmphex(vio_take_irq(qts), ==, lan.dev.irq);
    g_assert_cmpuint(dropped(&lan), ==, 0);
    qtest_clock_step(qts, 499 * 1000000);
    g_assert_cmpuint(dropped(&lan), ==, 0);
    qtest_clock_step(qts, 1000000);
    expect_message(&lan, BUFFERS, 4, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 1);
    /* Others of that size don't wait any more, whatever else there is */
    must_add(&lan, BUFFERS, 128, 5);
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    expect_message(&lan, BUFFERS, 5, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 2);
    /* Until there was a buffer for them */
    must_add(&lan, BUFFERS + 4096, 1008, 6);
    must_add(&lan, BUFFERS, 128, 7);
    wire_put(&lan, large, sizeof(large));
    expect_message(&lan, BUFFERS + 4096, 6, 0, large, sizeof(large));
    wire_put(&lan, large, sizeof(large));
    wire_put(&lan, small, sizeof(small));
    must_add(&lan, BUFFERS + 4096, 1008, 8);
    expect_message(&lan, BUFFERS + 4096, 8, 0, large, sizeof(large));
    expect_message(&lan, BUFFERS, 7, 0, small, sizeof(small));
    g_assert_cmpuint(dropped(&lan), ==, 2);
    stop(&lan);
}

/* "ILLAN Buffer Size Control Option" */
static void test_size_control(void)
{
    Lan lan = start_offloads(16, ATTR_SIZE);
    uint8_t small[100], large[1000];

    make_frame(small, sizeof(small), our_mac, 1);
    make_frame(large, sizeof(large), our_mac, 2);
    must_add(&lan, BUFFERS, 128, 1);
    must_add(&lan, BUFFERS + 4096, 2048, 2);
    wire_put(&lan, small, sizeof(small));
    expect_message(&lan, BUFFERS, 1, 0, small, sizeof(small));
    wire_put(&lan, small, sizeof(small));
    wire_put(&lan, large, sizeof(large));
    expect_message(&lan, BUFFERS + 4096, 2, 0, large, sizeof(large));
    g_assert_cmpuint(dropped(&lan), ==, 1);
    stop(&lan);
}

/* Buffers and the queue are unmapped after they were given */
static void test_unmapped(void)
{
    Lan lan = start(8);
    uint8_t frame[100];
    Entry entry;

    make_frame(frame, sizeof(frame), our_mac, 1);
    must_add(&lan, BUFFERS, 2048, 1);
    /* One that has its end in a page that goes */
    must_add(&lan, BUFFERS + 2 * TCE_PAGE - 16, 2048, 2);
    must_add(&lan, BUFFERS + 3 * TCE_PAGE, 2048, 3);
    vio_unmap(&lan.dev, BUFFERS, TCE_PAGE);
    vio_unmap(&lan.dev, BUFFERS + 2 * TCE_PAGE, TCE_PAGE);
    for (unsigned i = 0; i < 3; i++) {
        wire_put(&lan, frame, sizeof(frame));
    }
    /* Nothing is known of the first one; the second one is returned */
    entry = lan_wait(&lan);
    g_assert_cmphex(entry.control, ==, 0);
    g_assert_cmphex(entry.handle, ==, 2);
    expect_message(&lan, BUFFERS + 3 * TCE_PAGE, 3, 0, frame, sizeof(frame));
    vio_unmap(&lan.dev, QUEUE, TCE_PAGE);
    vio_unmap(&lan.dev, LIST, TCE_PAGE);
    must_add(&lan, BUFFERS + 3 * TCE_PAGE, 2048, 4);
    wire_put(&lan, frame, sizeof(frame));
    g_usleep(50000);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN), ==, H_SUCCESS);
    stop(&lan);
}

static void test_interrupt(void)
{
    Lan lan = start(8);
    QTestState *qts = lan.dev.qts;
    uint8_t frame[100];

    vio_route_irq(qts, lan.dev.irq);
    make_frame(frame, sizeof(frame), our_mac, 1);
    must_add(&lan, BUFFERS, 2048, 1);
    must_add(&lan, BUFFERS, 2048, 1);
    wire_put(&lan, frame, sizeof(frame));
    expect_message(&lan, BUFFERS, 1, 0, frame, sizeof(frame));
    g_assert_cmphex(vio_pending_irq(qts), ==, 0);
    g_assert_cmpint(vio_signal(&lan.dev, 1), ==, H_SUCCESS);
    wire_put(&lan, frame, sizeof(frame));
    expect_message(&lan, BUFFERS, 1, 0, frame, sizeof(frame));
    g_assert_cmphex(vio_take_irq(qts), ==, lan.dev.irq);
    stop(&lan);
}

/*
 * Which frames are for the guest
 */

static const uint8_t marker[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7 };

/* Whether a frame to @mac is received; one to all follows it */
static bool receives(Lan *lan, uint64_t mac)
{
    uint8_t frame[64], be[8];
    Entry entry;

    stq_be_p(be, mac);
    make_frame(frame, sizeof(frame), be + 2, 9);
    must_add(lan, BUFFERS, 128, 1);
    must_add(lan, BUFFERS + 4096, 128, 2);
    wire_put(lan, frame, sizeof(frame));
    wire_put(lan, marker, sizeof(marker));
    entry = lan_wait(lan);
    if (entry.len == sizeof(frame)) {
        uint8_t got[64];

        qtest_memread(lan->dev.qts, BASE + BUFFERS + entry.offset, got,
                      sizeof(got));
        if (!memcmp(got, frame, sizeof(frame))) {
            lan_wait(lan);
            return true;
        }
    }
    g_assert_cmpint(call(lan, H_FREE_LOGICAL_LAN_BUFFER, 128), ==, H_SUCCESS);
    lan_wait(lan);
    return false;
}

/* R4 of H_MULTICAST_CTRL */
static uint64_t multicast(Lan *lan, int64_t want, uint64_t flags, uint64_t mac)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(lan->dev.qts, rets, H_MULTICAST_CTRL,
                               lan->dev.unit, flags, mac), ==, want);
    return rets[0];
}

#define RECEIVE_ON      0xa0000
#define RECEIVE_OFF     0x80000
#define FILTERING_ON    0x50000
#define FILTERING_OFF   0x40000
#define IS_RECEIVING    0x20000
#define IS_FILTERING    0x10000
#define GROUP           0x333300000001

static void test_filter(void)
{
    Lan lan = start(8);

    g_assert_true(receives(&lan, MAC));
    g_assert_true(receives(&lan, 0xffffffffffff));
    g_assert_false(receives(&lan, MAC + 1));
    g_assert_true(receives(&lan, GROUP));
    g_assert_cmphex(multicast(&lan, H_SUCCESS, RECEIVE_OFF, 0), ==, 0);
    g_assert_false(receives(&lan, GROUP));
    g_assert_true(receives(&lan, 0xffffffffffff));
    g_assert_cmphex(multicast(&lan, H_SUCCESS, RECEIVE_ON | FILTERING_ON | 1,
                              GROUP), ==, IS_RECEIVING | IS_FILTERING | 1);
    g_assert_true(receives(&lan, GROUP));
    g_assert_false(receives(&lan, GROUP + 1));
    g_assert_cmphex(multicast(&lan, H_SUCCESS, 1, GROUP + 1), ==,
                    IS_RECEIVING | IS_FILTERING | 2);
    g_assert_true(receives(&lan, GROUP + 1));
    g_assert_cmphex(multicast(&lan, H_SUCCESS, 1, GROUP + 1), ==,
                    IS_RECEIVING | IS_FILTERING | 2);
    g_assert_cmphex(multicast(&lan, H_SUCCESS, 2, GROUP), ==,
                    IS_RECEIVING | IS_FILTERING | 1);
    g_assert_false(receives(&lan, GROUP));
    g_assert_true(receives(&lan, GROUP + 1));
    g_assert_cmphex(multicast(&lan, H_NOT_FOUND, 2, GROUP), ==,
                    IS_RECEIVING | IS_FILTERING | 1);
    /* Without filtering the table stays, and is of no use */
    g_assert_cmphex(multicast(&lan, H_SUCCESS, FILTERING_OFF, -1), ==,
                    IS_RECEIVING | 1);
    g_assert_true(receives(&lan, GROUP));
    g_assert_cmphex(multicast(&lan, H_SUCCESS, FILTERING_ON | 3, -1), ==,
                    IS_RECEIVING | IS_FILTERING);
    g_assert_false(receives(&lan, GROUP + 1));
    stop(&lan);
}

static void test_filter_errors(void)
{
    Lan lan = start(8);

    g_assert_cmpint(hcall(lan.dev.qts, H_MULTICAST_CTRL, OTHER_UNIT, 0, 0), ==,
                    H_PARAMETER);
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!((1ULL << bit) & 0xf0003)) {
            multicast(&lan, H_PARAMETER, 1ULL << bit, 0);
        }
    }
    multicast(&lan, H_PARAMETER, 1, 1ULL << 48);
    multicast(&lan, H_PARAMETER, 2, 1ULL << 63);
    for (unsigned i = 0; i < 255; i++) {
        g_assert_cmphex(multicast(&lan, H_SUCCESS, 1, GROUP + i), ==,
                        IS_RECEIVING | (i + 1));
    }
    g_assert_cmphex(multicast(&lan, H_CONSTRAINED, 1, GROUP + 255), ==,
                    IS_RECEIVING | 255);
    g_assert_cmphex(multicast(&lan, H_SUCCESS, 1, GROUP), ==,
                    IS_RECEIVING | 255);
    stop(&lan);
}

static void test_mac(void)
{
    Lan lan = start(8);

    g_assert_cmpint(hcall(lan.dev.qts, H_CHANGE_LOGICAL_LAN_MAC, OTHER_UNIT,
                          MAC), ==, H_PARAMETER);
    /* The high-order bytes don't matter */
    g_assert_cmpint(call(&lan, H_CHANGE_LOGICAL_LAN_MAC,
                         0xabcd000000000000 | (MAC + 5)), ==, H_SUCCESS);
    g_assert_false(receives(&lan, MAC));
    g_assert_true(receives(&lan, MAC + 5));
    stop(&lan);
}

/*
 * Sending
 */

static void test_send(void)
{
    static const size_t lengths[] = { 14, 42, 60, 1514, 9014, 65536 };
    Lan lan = start(8);
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);

    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        make_frame(frame, lengths[i], their_mac, i);
        /* The size of segments is not looked at */
        g_assert_cmpint(send_frame(&lan, 0, frame, lengths[i], 5), ==,
                        H_SUCCESS);
        expect_wire(&lan, frame, lengths[i]);
    }
    stop(&lan);
}

/* Six pieces, out of order and on all boundaries; then fewer */
static void test_send_pieces(void)
{
    static const uint32_t len[] = { 1, 13, 4096, 5000, 77, 30000 };
    Lan lan = start(8);
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    uint64_t descs[6];
    uint32_t at = 0;

    make_frame(frame, FRAME_MAX, their_mac, 1);
    for (unsigned i = 0; i < 6; i++) {
        uint32_t ioba = SEND + (5 - i) * 0x10000 + i * 123;

        qtest_memwrite(lan.dev.qts, BASE + ioba, frame + at, len[i]);
        descs[i] = DESC(VALID, len[i], ioba);
        at += len[i];
    }
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN, descs[0], descs[1],
                         descs[2], descs[3], descs[4], descs[5]), ==,
                    H_SUCCESS);
    expect_wire(&lan, frame, at);
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN, descs[0], descs[1],
                         descs[2], 0, descs[4], descs[5]), ==, H_SUCCESS);
    expect_wire(&lan, frame, 1 + 13 + 4096);
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN, descs[0], descs[1],
                         DESC(VALID, 0, SEND), descs[3]), ==, H_SUCCESS);
    expect_wire(&lan, frame, 1 + 13);
    stop(&lan);
}

static void test_send_errors(void)
{
    Lan lan = start(8);
    uint8_t frame[64];

    make_frame(frame, sizeof(frame), their_mac, 1);
    qtest_memwrite(lan.dev.qts, BASE + SEND, frame, sizeof(frame));
    g_assert_cmpint(hcall(lan.dev.qts, H_SEND_LOGICAL_LAN, OTHER_UNIT,
                          DESC(VALID, 64, SEND)), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN, 0), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN, DESC(0, 64, SEND)), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, SEND, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, SEND, 13, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, SEND, FRAME_MAX + 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, SEND, 0xffffff, 0), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_SEND_LOGICAL_LAN,
                         DESC(VALID, 0xffffff, SEND),
                         DESC(VALID, 0xffffff, SEND),
                         DESC(VALID, 0xffffff, SEND),
                         DESC(VALID, 0xffffff, SEND),
                         DESC(VALID, 0xffffff, SEND),
                         DESC(VALID, 0xffffff, SEND)), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, MAPPED, 64, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, MAPPED - 32, 64, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, 0, 0xffffffe0, 64, 0), ==, H_PARAMETER);
    vio_map(&lan.dev, SEND, BASE + SEND, TCE_PAGE, TCE_W);
    g_assert_cmpint(send_at(&lan, 0, SEND, 64, 0), ==, H_PARAMETER);
    vio_map(&lan.dev, SEND, BASE + SEND, TCE_PAGE, TCE_RW);
    /* What is not enabled must not be asked for */
    g_assert_cmpint(send_at(&lan, NO_CSUM | CSUM_GOOD, SEND, 64, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_at(&lan, CSUM_GOOD, SEND, 64, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, NO_CSUM, SEND, 64, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_at(&lan, LARGE, SEND, 64, 0), ==, H_PARAMETER);
    expect_no_wire(&lan);
    g_assert_cmpint(send_at(&lan, 0, SEND, 64, 0), ==, H_SUCCESS);
    expect_wire(&lan, frame, 64);
    stop(&lan);
}

static void check_link(Lan *lan, bool up)
{
    qtest_qmp_assert_success(lan->dev.qts, "{ 'execute': 'set_link', "
                             "'arguments': { 'name': 'lan', 'up': %i } }", up);
}

static void test_link(void)
{
    Lan lan = start(8);
    uint8_t frame[64];

    make_frame(frame, sizeof(frame), their_mac, 1);
    check_link(&lan, false);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==,
                    ATTR_ALWAYS | ATTR_DISABLED);
    g_assert_cmpint(send_frame(&lan, 0, frame, sizeof(frame), 0), ==,
                    H_DROPPED);
    check_link(&lan, true);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==, ATTR_ALWAYS);
    expect_no_wire(&lan);
    g_assert_cmpint(send_frame(&lan, 0, frame, sizeof(frame), 0), ==,
                    H_SUCCESS);
    expect_wire(&lan, frame, sizeof(frame));
    stop(&lan);
}

/* Nobody reads the wire: the guest is told to call again, then it is read */
static void test_busy(void)
{
    Lan lan = start(8);
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    uint64_t rets[SPAPR_QTEST_REGS], token = 0;
    unsigned sent = 0, again = 0;
    int64_t ret;

    make_frame(frame, FRAME_MAX, their_mac, 1);
    qtest_memwrite(lan.dev.qts, BASE + SEND, frame, FRAME_MAX);
    while (send_at(&lan, 0, SEND, FRAME_MAX, 0) == H_SUCCESS) {
        g_assert_cmpuint(++sent, <, 10000);
    }
    /* It ends some time */
    do {
        ret = hcall_rets(lan.dev.qts, rets, H_SEND_LOGICAL_LAN, lan.dev.unit,
                         DESC(VALID, FRAME_MAX, SEND), 0, 0, 0, 0, 0, token);
        token = rets[0];
        g_assert_cmpuint(++again, <, 1024);
    } while (ret == H_BUSY);
    g_assert_cmpint(ret, ==, H_DROPPED);
    /* Those that were taken arrive, each of them once */
    for (unsigned i = 0; i < sent; i++) {
        expect_wire(&lan, frame, FRAME_MAX);
    }
    expect_no_wire(&lan);
    g_assert_cmpint(send_at(&lan, 0, SEND, 60, 0), ==, H_SUCCESS);
    expect_wire(&lan, frame, 60);
    stop(&lan);
}

#define MILLION         1000000
#define LITTLE          (32 * MiB)

/* The guest of that test: it registers by itself */
static void make_million(Guest *guest)
{
    static const uint32_t pages[] = { LIST, FILTERS, QUEUE };

    guest_begin(guest);
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
        emit_hcall(guest, H_PUT_TCE, UNIT, pages[i],
                   (BASE + pages[i]) | TCE_RW, 0);
    }
    for (uint32_t at = SEND; at < SEND + FRAME_MAX; at += TCE_PAGE) {
        emit_hcall(guest, H_PUT_TCE, UNIT, at, (BASE + at) | TCE_RW, 0);
    }
    emit_li(guest, 8, MAC);
    emit_hcall(guest, H_REGISTER_LOGICAL_LAN, UNIT, LIST,
               DESC(VALID, 128, QUEUE), FILTERS);
    emit_result(guest, 3, 0);
    emit_hcalls(guest, MILLION, H_SEND_LOGICAL_LAN, UNIT,
                DESC(VALID, FRAME_MAX, SEND), 0);
    emit_result(guest, 30, 1);
}

/*
 * A guest that doesn't care what it is told: what was taken arrives, all else
 * was refused, and no memory is kept for it
 */
static void test_million(void)
{
    g_autofree Guest *guest = g_new(Guest, 1);
    g_autofree char *options = NULL;
    g_autofree uint8_t *frame = g_malloc(FRAME_MAX);
    char *path;
    uint64_t end, before, sent;
    int fds[2];
    Lan lan;

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    make_million(guest);
    end = guest_last(guest);
    options = g_strdup_printf("power9 -S " NIC, fds[1]);
    lan = (Lan) { .fd = fds[0] };
    lan.dev = vio_find(guest_start(guest, options, &path), "l-lan", 0);
    close(fds[1]);
    g_assert_cmphex(lan.dev.unit, ==, UNIT);
    g_assert_cmphex(lan.dev.liobn, ==, UNIT);
    make_frame(frame, FRAME_MAX, their_mac, 1);
    qtest_memwrite(lan.dev.qts, BASE + SEND, frame, FRAME_MAX);

    before = guest_resident(lan.dev.qts);
    qtest_qmp_assert_success(lan.dev.qts, "{ 'execute': 'cont' }");
    guest_wait(lan.dev.qts, end);
    g_assert_cmpuint(guest_resident(lan.dev.qts), <, before + LITTLE);
    assert_result(lan.dev.qts, 0, H_SUCCESS);
    sent = guest_result(lan.dev.qts, 1);
    g_assert_cmpuint(sent, >, 0);
    g_assert_cmpuint(sent, <, 1000);
    while (sent--) {
        expect_wire(&lan, frame, FRAME_MAX);
    }
    expect_no_wire(&lan);
    guest_end(lan.dev.qts, path);
    close(lan.fd);
}

/*
 * Offloads
 */

static void test_attributes(void)
{
    Lan lan = start_more("");

    g_assert_cmpint(hcall(lan.dev.qts, H_ILLAN_ATTRIBUTES, OTHER_UNIT, 0, 0),
                    ==, H_PARAMETER);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==, ATTR_ALWAYS);
    for (uint64_t bit = 1; bit; bit <<= 1) {
        bool can = bit & (ATTR_OFFLOADS | ATTR_SIZE);
        int64_t want = bit & (ATTR_DISABLED | 0xf00) ? H_PARAMETER :
                       bit & ATTR_TRUNK ? H_CONSTRAINED : H_SUCCESS;

        attributes(&lan, want, 0, bit);
        g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==,
                        ATTR_ALWAYS | (can ? bit : 0));
        want = bit & ATTR_DISABLED ? H_PARAMETER :
               bit & ATTR_ALWAYS ? H_CONSTRAINED : H_SUCCESS;
        attributes(&lan, want, bit, 0);
        g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==, ATTR_ALWAYS);
    }
    /* First they are reset, then set */
    g_assert_cmphex(attributes(&lan, H_SUCCESS, -1 & ~(ATTR_DISABLED),
                               ATTR_ALWAYS | ATTR_IPV4), ==,
                    ATTR_ALWAYS | ATTR_IPV4);
    /* Not while it is registered */
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    g_assert_cmphex(attributes(&lan, H_CONSTRAINED, ATTR_IPV4, ATTR_IPV6), ==,
                    ATTR_ALWAYS | ATTR_IPV4);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, ATTR_IPV6, ATTR_IPV4), ==,
                    ATTR_ALWAYS | ATTR_IPV4);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN), ==, H_SUCCESS);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==,
                    ATTR_ALWAYS | ATTR_IPV4);
    qtest_system_reset(lan.dev.qts);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==, ATTR_ALWAYS);
    stop(&lan);
}

/* The checksum is made, for padded frames too */
static void test_send_checksum(void)
{
    Lan lan = start_offloads(8, ATTR_IPV4 | ATTR_IPV6);
    g_autofree uint8_t *frame = g_malloc0(FRAME_MAX);
    g_autofree uint8_t *want = g_malloc0(FRAME_MAX);

    for (unsigned i = 0; i < 6; i++) {
        static const size_t payloads[] = { 0, 1, 1448 };
        bool ipv6 = i & 1;
        size_t len = make_tcp(frame, ipv6, our_mac, their_mac,
                              payloads[i / 2], false);

        make_tcp(want, ipv6, our_mac, their_mac, payloads[i / 2], true);
        g_assert_cmpint(send_frame(&lan, NO_CSUM | CSUM_GOOD, frame, len, 0),
                        ==, H_SUCCESS);
        expect_wire(&lan, want, len);
        /* What the field has in it doesn't matter */
        stw_be_p(frame + tcp_at(ipv6) + 16, 0x1234);
        memset(frame + len, 0xa5, 9);
        memset(want + len, 0xa5, 9);
        g_assert_cmpint(send_frame(&lan, NO_CSUM | CSUM_GOOD, frame, len + 9,
                                   0), ==, H_SUCCESS);
        expect_wire(&lan, want, len + 9);
        /* It is right already, or wrong for ever */
        g_assert_cmpint(send_frame(&lan, CSUM_GOOD, frame, len, 0), ==,
                        H_SUCCESS);
        expect_wire(&lan, frame, len);
    }
    stop(&lan);
}

static void test_send_checksum_errors(void)
{
    Lan lan = start_offloads(8, ATTR_IPV4);
    uint8_t frame[256] = { };
    size_t len = make_tcp(frame, false, our_mac, their_mac, 100, false);
    const uint8_t both = NO_CSUM | CSUM_GOOD;

    g_assert_cmpint(send_frame(&lan, NO_CSUM, frame, len, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_frame(&lan, both, frame, len - 1, 0), ==,
                    H_PARAMETER);
    frame[23] = 17;
    g_assert_cmpint(send_frame(&lan, both, frame, len, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_frame(&lan, CSUM_GOOD, frame, len, 0), ==,
                    H_PARAMETER);
    /* A fragment; a header that is too long; one of TCP that is too short */
    make_tcp(frame, false, our_mac, their_mac, 100, false);
    frame[20] = 0x20;
    g_assert_cmpint(send_frame(&lan, both, frame, len, 0), ==, H_PARAMETER);
    make_tcp(frame, false, our_mac, their_mac, 0, false);
    frame[14] = 0x4f;
    g_assert_cmpint(send_frame(&lan, both, frame, len - 100, 0), ==,
                    H_PARAMETER);
    make_tcp(frame, false, our_mac, their_mac, 100, false);
    frame[tcp_at(false) + 12] = 0x40;
    g_assert_cmpint(send_frame(&lan, both, frame, len, 0), ==, H_PARAMETER);
    /* A protocol that is not enabled */
    len = make_tcp(frame, true, our_mac, their_mac, 100, false);
    g_assert_cmpint(send_frame(&lan, both, frame, len, 0), ==, H_PARAMETER);
    g_assert_cmpint(send_frame(&lan, CSUM_GOOD, frame, len, 0), ==,
                    H_PARAMETER);
    /* From another's address */
    len = make_tcp(frame, false, their_mac, our_mac, 100, false);
    g_assert_cmpint(send_frame(&lan, both, frame, len, 0), ==, H_DROPPED);
    expect_no_wire(&lan);
    stop(&lan);
}

/* One segment after the other, of a frame of make_tcp() */
static void expect_segments(Lan *lan, bool ipv6, size_t payload, size_t mss)
{
    g_autofree uint8_t *want = g_malloc(FRAME_MAX);
    size_t head = payload_at(ipv6), tcp = tcp_at(ipv6);
    unsigned n = 0;

    make_tcp(want, ipv6, our_mac, their_mac, payload, false);
    for (size_t at = 0; at < payload; at += mss, n++) {
        g_autofree uint8_t *got = g_malloc(FRAME_MAX);
        size_t size = MIN(mss, payload - at), len = wire_get(lan, got);
        bool first = !at, last = at + size == payload;

        g_assert_cmpuint(len, ==, head + size);
        g_assert_cmphex(tcp_sum(got, len, ipv6), ==, 0xffff);
        if (ipv6) {
            g_assert_cmpuint(lduw_be_p(got + 18), ==, len - tcp);
        } else {
            g_assert_cmphex(ip_sum(got), ==, 0xffff);
            g_assert_cmpuint(lduw_be_p(got + 16), ==, len - 14);
            g_assert_cmphex(lduw_be_p(got + 18), ==, (uint16_t)(IDENT + n));
            stw_be_p(got + 16, lduw_be_p(want + 16));
            stw_be_p(got + 18, lduw_be_p(want + 18));
            stw_be_p(got + 24, lduw_be_p(want + 24));
        }
        g_assert_cmphex((uint32_t)ldl_be_p(got + tcp + 4), ==,
                        (uint32_t)(SEQUENCE + at));
        g_assert_cmphex(got[tcp + 13], ==, TCP_FLAGS & ~(first ? 0 : 0x80) &
                                           ~(last ? 0 : 0x09));
        /* All else is as it was */
        stw_be_p(got + 18, lduw_be_p(want + 18));
        stl_be_p(got + tcp + 4, SEQUENCE);
        got[tcp + 13] = TCP_FLAGS;
        stw_be_p(got + tcp + 16, 0);
        g_assert_cmpmem(got, head, want, head);
        g_assert_cmpmem(got + head, size, want + head + at, size);
    }
    expect_no_wire(lan);
}

static void test_segments(void)
{
    static const struct {
        size_t payload, mss;
    } cases[] = {
        { 1448, 1448 }, { 1449, 1448 }, { 2896, 1448 }, { 65000, 1448 },
        { 1000, 16 }, { 65000, 9000 }, { 100, 65535 }, { 100, 1 << 20 },
        { 3000, 0 },
    };
    Lan lan = start_offloads(8, ATTR_OFFLOADS);
    g_autofree uint8_t *frame = g_malloc0(FRAME_MAX);
    const uint8_t control = LARGE | NO_CSUM | CSUM_GOOD;

    for (unsigned i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
        size_t payload = cases[i / 2].payload, mss = cases[i / 2].mss;
        bool ipv6 = i & 1;
        size_t len = make_tcp(frame, ipv6, our_mac, their_mac, payload,
                              false);

        g_assert_cmpint(send_frame(&lan, control, frame, len, mss), ==,
                        H_SUCCESS);
        expect_segments(&lan, ipv6, payload, mss ?: payload);
    }
    stop(&lan);
}

/* Linux's old_large_send: what is asked for stands in the checksums */
static void test_old_segments(void)
{
    Lan lan = start_offloads(8, ATTR_IPV4);
    g_autofree uint8_t *frame = g_malloc0(FRAME_MAX);
    size_t len = make_tcp(frame, false, our_mac, their_mac, 10000, false);

    stw_be_p(frame + 24, 0xffff);
    stw_be_p(frame + tcp_at(false) + 16, 1448);
    g_assert_cmpint(send_frame(&lan, NO_CSUM | CSUM_GOOD, frame, len, 0), ==,
                    H_SUCCESS);
    expect_segments(&lan, false, 10000, 1448);
    /* Nonsense: one segment, as it should be */
    stw_be_p(frame + tcp_at(false) + 16, 15);
    g_assert_cmpint(send_frame(&lan, NO_CSUM | CSUM_GOOD, frame, len, 0), ==,
                    H_SUCCESS);
    expect_segments(&lan, false, 10000, 10000);
    stop(&lan);
}

static void test_segments_errors(void)
{
    Lan lan = start_offloads(8, ATTR_OFFLOADS);
    g_autofree uint8_t *frame = g_malloc0(FRAME_MAX);
    size_t len = make_tcp(frame, false, our_mac, their_mac, 4000, false);
    const uint8_t control = LARGE | NO_CSUM | CSUM_GOOD;

    g_assert_cmpint(send_frame(&lan, control, frame, len, 15), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_frame(&lan, control, frame, len, 1), ==, H_PARAMETER);
    make_frame(frame, len, their_mac, 1);
    g_assert_cmpint(send_frame(&lan, 0, frame, len, 1448), ==, H_PARAMETER);
    /* An extension header that goes beyond the first 4096 bytes */
    len = make_tcp(frame, true, our_mac, their_mac, 60000, false);
    memmove(frame + 54 + 2048, frame + 54, len - 54 - 2048);
    frame[20] = 0;
    frame[54] = 0;
    frame[55] = 255;
    frame[54 + 2048] = 6;
    frame[55 + 2048] = 255;
    g_assert_cmpint(send_frame(&lan, control, frame, len, 1448), ==,
                    H_PARAMETER);
    expect_no_wire(&lan);
    stop(&lan);
}

/* Segments when nobody reads: each of them comes, and once */
static void test_segments_busy(void)
{
    Lan lan = start_offloads(8, ATTR_OFFLOADS);
    g_autofree uint8_t *frame = g_malloc0(FRAME_MAX);
    size_t len = make_tcp(frame, false, our_mac, their_mac, 65000, false);
    uint64_t rets[SPAPR_QTEST_REGS], token = 0;
    unsigned sent = 0;
    int64_t ret;

    qtest_memwrite(lan.dev.qts, BASE + SEND, frame, len);
    do {
        ret = hcall_rets(lan.dev.qts, rets, H_SEND_LOGICAL_LAN, lan.dev.unit,
                         DESC(VALID | NO_CSUM | CSUM_GOOD | LARGE, len, SEND),
                         0, 0, 0, 0, 0, 0, 1000);
        sent++;
        g_assert_cmpuint(sent, <, 1000);
    } while (ret == H_SUCCESS);
    g_assert_cmpint(ret, ==, H_BUSY);
    token = rets[0];
    for (unsigned i = 0; i < sent * 65; i++) {
        g_autofree uint8_t *got = g_malloc(FRAME_MAX);

        if (ret == H_BUSY) {
            ret = hcall_rets(lan.dev.qts, rets, H_SEND_LOGICAL_LAN,
                             lan.dev.unit, DESC(VALID | NO_CSUM | CSUM_GOOD |
                                                LARGE, len, SEND),
                             0, 0, 0, 0, 0, token, 1000);
            token = ret == H_BUSY ? rets[0] : 0;
        }
        g_assert_cmpuint(wire_get(&lan, got), ==, payload_at(false) + 1000);
        g_assert_cmphex((uint32_t)ldl_be_p(got + tcp_at(false) + 4), ==,
                        (uint32_t)(SEQUENCE + i % 65 * 1000));
    }
    g_assert_cmpint(ret, ==, H_SUCCESS);
    expect_no_wire(&lan);
    stop(&lan);
}

/* Checksums that are looked at in place of the guest */
static void test_receive_checksum(void)
{
    Lan lan = start_offloads(8, ATTR_IPV4);
    uint8_t frame[256];
    size_t len;

    must_add(&lan, BUFFERS, 2048, 1);
    len = make_tcp(frame, false, their_mac, our_mac, 99, true);
    wire_put(&lan, frame, len);
    expect_message(&lan, BUFFERS, 1, CSUM_GOOD, frame, len);
    /* A wrong one is the guest's to find */
    must_add(&lan, BUFFERS, 2048, 2);
    frame[len - 1] ^= 1;
    wire_put(&lan, frame, len);
    expect_message(&lan, BUFFERS, 2, 0, frame, len);
    /* Padding is none of it */
    must_add(&lan, BUFFERS, 2048, 3);
    frame[len - 1] ^= 1;
    memset(frame + len, 0xa5, 20);
    wire_put(&lan, frame, len + 20);
    expect_message(&lan, BUFFERS, 3, CSUM_GOOD, frame, len + 20);
    must_add(&lan, BUFFERS, 2048, 4);
    len = make_tcp(frame, true, their_mac, our_mac, 99, true);
    wire_put(&lan, frame, len);
    expect_message(&lan, BUFFERS, 4, 0, frame, len);
    stop(&lan);
}

/*
 * The rest
 */

static void test_vioctl(void)
{
    Lan lan = start(8);
    QTestState *qts = lan.dev.qts;
    uint64_t rets[SPAPR_QTEST_REGS];
    uint8_t data[8192];

    g_assert_cmpint(hcall_rets(qts, rets, H_VIOCTL, lan.dev.unit, 3, 0, 0, 0),
                    ==, H_SUCCESS);
    g_assert_cmpuint(rets[0], ==, 4094);
    g_assert_cmpint(call(&lan, H_VIOCTL, 3, 1, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(call(&lan, H_VIOCTL, 4, DESC(0, 8192, SEND), 0, 0), ==,
                    H_SUCCESS);
    qtest_memread(qts, BASE + SEND, data, sizeof(data));
    for (unsigned i = 0; i < 4096; i++) {
        g_assert_cmpuint(lduw_be_p(data + 2 * i), ==, i < 4094 ? i + 1 : 0);
    }
    g_assert_cmpint(call(&lan, H_VIOCTL, 4, DESC(0, 100, SEND), 0, 0), ==,
                    H_CONSTRAINED);
    g_assert_cmpint(call(&lan, H_VIOCTL, 5, DESC(0, 16, SEND), 0, 0), ==,
                    H_SUCCESS);
    qtest_memread(qts, BASE + SEND, data, 16);
    g_assert_cmpstr((char *)data, ==, "net");
    g_assert_cmpint(call(&lan, H_VIOCTL, 5, DESC(0, 2, SEND), 0, 0), ==,
                    H_CONSTRAINED);
    g_assert_cmpint(call(&lan, H_VIOCTL, 5, DESC(0, 16, MAPPED), 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall_rets(qts, rets, H_VIOCTL, lan.dev.unit, 13, 0, 0, 0),
                    ==, H_SUCCESS);
    g_assert_cmpuint(rets[0], ==, 7);
    g_assert_cmpint(hcall_rets(qts, rets, H_VIOCTL, lan.dev.unit, 14, 0, 0, 0),
                    ==, H_SUCCESS);
    g_assert_cmpuint(rets[0], ==, 0);
    qtest_memset(qts, BASE + SEND, 0xff, 16);
    g_assert_cmpint(call(&lan, H_VIOCTL, 15, DESC(0, 16, SEND), 0, 0), ==,
                    H_SUCCESS);
    qtest_memread(qts, BASE + SEND, data, 16);
    g_assert_true(buffer_is_zero(data, 16));
    stop(&lan);
}

static void test_tree(void)
{
    Lan lan = start_more("");
    g_autofree void *fdt = spapr_qtest_fdt(lan.dev.qts);
    int len, node = fdt_path_offset(fdt, "/vdevice/l-lan@71000000");
    const void *mac = fdt_getprop(fdt, node, "local-mac-address", &len);

    g_assert_cmpmem(mac, len, our_mac, 6);
    g_assert_cmpuint(vio_cell(fdt, node, "ibm,mac-address-filters", 0), ==,
                     255);
    g_assert_nonnull(fdt_getprop(fdt, node, "ibm,illan-options", NULL));
    g_assert_null(fdt_getprop(fdt, node, "ibm,trunk-adapter", NULL));
    g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==,
                    "network");
    g_assert_cmpstr(fdt_getprop(fdt, node, "compatible", NULL), ==,
                    "IBM,l-lan");
    g_assert_cmpuint(vio_cell(fdt, node, "max-frame-size", 0), ==, FRAME_MAX);
    g_assert_cmpuint(vio_cell(fdt, node, "address-bits", 0), ==, 48);
    stop(&lan);
}

/* Models of -nic; the one that there is without a word; none */
static void test_options(void)
{
    static const struct {
        const char *options;
        unsigned count;
    } cases[] = {
        { "-net none", 0 }, { "-nodefaults", 0 }, { "", 1 },
        { "-nic hubport,hubid=0", 1 },
        { "-nic hubport,hubid=0,model=spapr-vlan "
          "-nic hubport,hubid=0,model=ibmveth", 2 },
        { "-net nic,model=spapr-vlan -net nic", 2 },
        { "-nic none -device spapr-vlan,reg=0x30000000", 1 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = qtest_initf("-machine pseries -m 256 %s",
                                      cases[i].options);
        g_autofree void *fdt = spapr_qtest_fdt(qts);
        int node, vdevice = fdt_path_offset(fdt, "/vdevice");
        unsigned count = 0;

        fdt_for_each_subnode(node, fdt, vdevice) {
            count += g_str_has_prefix(fdt_get_name(fdt, node, NULL), "l-lan@");
        }
        g_assert_cmpuint(count, ==, cases[i].count);
        qtest_quit(qts);
    }
}

static void test_reset(void)
{
    Lan lan = start_offloads(8, ATTR_OFFLOADS);
    uint8_t frame[100];

    make_frame(frame, sizeof(frame), our_mac, 1);
    g_assert_cmpint(call(&lan, H_CHANGE_LOGICAL_LAN_MAC, MAC + 1), ==,
                    H_SUCCESS);
    /* These wait when it comes */
    for (unsigned i = 0; i < 5; i++) {
        wire_put(&lan, frame, sizeof(frame));
    }
    g_usleep(50000);
    qtest_system_reset(lan.dev.qts);
    g_assert_cmpint(lan_add(&lan, BUFFERS, 2048, 1), ==, H_PARAMETER);
    map_all(&lan.dev);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==, ATTR_ALWAYS);
    g_assert_cmpint(lan_register(&lan, 8), ==, H_SUCCESS);
    must_add(&lan, BUFFERS, 2048, 7);
    make_frame(frame, sizeof(frame), our_mac, 2);
    wire_put(&lan, frame, sizeof(frame));
    expect_message(&lan, BUFFERS, 7, 0, frame, sizeof(frame));
    stop(&lan);
}

/* Buffers in use go away with the list, and with the device */
static void test_free_in_use(void)
{
    Lan lan = start(64);
    uint8_t frame[100];

    make_frame(frame, sizeof(frame), our_mac, 1);
    for (unsigned i = 0; i < 64; i++) {
        must_add(&lan, BUFFERS + i * 2048, 16 + 4 * i, i);
    }
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN), ==, H_SUCCESS);
    wire_put(&lan, frame, sizeof(frame));
    g_assert_cmpint(lan_register(&lan, 4), ==, H_SUCCESS);
    g_assert_cmpint(call(&lan, H_FREE_LOGICAL_LAN_BUFFER, 16), ==,
                    H_NOT_FOUND);
    for (unsigned i = 0; i < 4; i++) {
        must_add(&lan, BUFFERS + i * 2048, 2048, i);
    }
    stop(&lan);
}

/* However many it gives */
static void test_overfill(void)
{
    Lan lan = start(0xe000 / 16);
    unsigned taken = 0;

    for (unsigned i = 0; i < 20000; i++) {
        int64_t ret = call(&lan, H_ADD_LOGICAL_LAN_BUFFERS,
                           DESC(VALID, 2048, BUFFERS),
                           DESC(VALID, 2048, BUFFERS),
                           DESC(VALID, 2048, BUFFERS),
                           DESC(VALID, 2048, BUFFERS));
        taken += ret == H_SUCCESS ? 4 : 0;
    }
    g_assert_cmpuint(taken, ==, 0xe000 / 16);
    stop(&lan);
}

static void test_migration(void)
{
    Lan lan = start_offloads(6, ATTR_IPV4 | ATTR_LARGE);
    g_autofree char *path = NULL;
    uint8_t frame[600];
    int fds[2];

    make_frame(frame, sizeof(frame), our_mac, 1);
    multicast(&lan, H_SUCCESS, RECEIVE_ON | FILTERING_ON | 1, GROUP);
    /* Round the queue once */
    for (unsigned i = 0; i < 8; i++) {
        must_add(&lan, BUFFERS, 1024, i);
        wire_put(&lan, frame, sizeof(frame));
        expect_message(&lan, BUFFERS, i, 0, frame, sizeof(frame));
    }
    must_add(&lan, BUFFERS, 128, 100);
    wire_put(&lan, frame, 12 + 2);      /* into that one */
    lan_wait(&lan);
    must_add(&lan, BUFFERS + 0x1000, 1024, 101);
    must_add(&lan, BUFFERS + 0x2000, 128, 102);
    must_add(&lan, BUFFERS + 0x3000, 1024, 103);
    g_assert_cmpint(call(&lan, H_CHANGE_LOGICAL_LAN_MAC, MAC + 1), ==,
                    H_SUCCESS);
    path = spapr_qtest_save(lan.dev.qts);
    close(lan.fd);

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    lan.fd = fds[0];
    lan.dev.qts = qtest_initf(BOARD NIC "-incoming defer", fds[1]);
    close(fds[1]);
    spapr_qtest_load(lan.dev.qts, path);
    unlink(path);
    g_assert_cmphex(attributes(&lan, H_SUCCESS, 0, 0), ==,
                    ATTR_ALWAYS | ATTR_IPV4 | ATTR_LARGE);
    g_assert_cmphex(multicast(&lan, H_SUCCESS, 0, 0), ==,
                    IS_RECEIVING | IS_FILTERING | 1);
    wire_put(&lan, frame, sizeof(frame));   /* to the old address */
    frame[5]++;
    wire_put(&lan, frame, sizeof(frame));
    expect_message(&lan, BUFFERS + 0x1000, 101, 0, frame, sizeof(frame));
    wire_put(&lan, frame, 100);
    expect_message(&lan, BUFFERS + 0x2000, 102, 0, frame, 100);
    wire_put(&lan, frame, 100);
    expect_message(&lan, BUFFERS + 0x3000, 103, 0, frame, 100);
    stop(&lan);
}

/* What is where in a saved machine, from the attributes on */
#define STATE_ATTRIBUTES    0
#define STATE_MAC           4
#define STATE_REGISTERED    10
#define STATE_LIST          11
#define STATE_QUEUE         15
#define STATE_QUEUE_SIZE    19
#define STATE_QUEUE_NEXT    23
#define STATE_POOLS         (27 + 1 + 8 + 3 + 255 * 6)
#define STATE_SIZES         (STATE_POOLS + 4)
#define STATE_COUNTS        (STATE_SIZES + 254 * 4)
#define STATE_BUFFERS       (STATE_COUNTS + 254 * 4)

static void test_bad_migration(void)
{
    static const struct {
        unsigned at;
        uint32_t value;
    } cases[] = {
        { STATE_ATTRIBUTES, ATTR_ALWAYS }, { STATE_ATTRIBUTES, -1 },
        { STATE_LIST, LIST + 8 }, { STATE_QUEUE, QUEUE + 8 },
        { STATE_QUEUE, -16 }, { STATE_QUEUE_SIZE, 0 },
        { STATE_QUEUE_SIZE, 8 }, { STATE_QUEUE_SIZE, 16 },
        { STATE_QUEUE_SIZE, 0x1000000 }, { STATE_QUEUE_NEXT, 8 * 16 },
        { STATE_QUEUE_NEXT, 8 }, { STATE_POOLS, 255 }, { STATE_POOLS, -1 },
        { STATE_POOLS, 0 }, { STATE_SIZES, 15 }, { STATE_SIZES, 1024 },
        { STATE_SIZES + 4, 0x1000000 }, { STATE_COUNTS, 3 },
        { STATE_COUNTS, 1 }, { STATE_COUNTS, -1 }, { STATE_BUFFERS, 9 },
        { STATE_BUFFERS, 2 }, { STATE_BUFFERS, -1 },
    };
    Lan lan = start(8);
    g_autofree char *path = NULL, *state = NULL;
    g_autoptr(GError) error = NULL;
    uint8_t head[15] = { };
    uint8_t *at;
    gsize len;

    must_add(&lan, BUFFERS, 128, 1);
    must_add(&lan, BUFFERS, 128, 2);
    must_add(&lan, BUFFERS, 1024, 3);
    path = spapr_qtest_save(lan.dev.qts);
    close(lan.fd);
    g_file_get_contents(path, &state, &len, &error);
    g_assert_no_error(error);
    memcpy(head + STATE_MAC, our_mac, sizeof(our_mac));
    head[STATE_REGISTERED] = 1;
    stl_be_p(head + STATE_LIST, LIST);
    at = memmem(state, len, head, sizeof(head));
    g_assert_nonnull(at);
    g_assert_cmpuint(ldl_be_p(at + STATE_BUFFERS), ==, 3);

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t old = ldl_be_p(at + cases[i].at);

        stl_be_p(at + cases[i].at, cases[i].value);
        spapr_qtest_state_refused("-m 256 -device spapr-vlan",
                                  path, state, len, "spapr-vlan");
        stl_be_p(at + cases[i].at, old);
    }
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-veth/register", test_register);
    qtest_add_func("spapr-veth/register-errors", test_register_errors);
    qtest_add_func("spapr-veth/unregistered", test_unregistered);
    qtest_add_func("spapr-veth/add-errors", test_add_errors);
    qtest_add_func("spapr-veth/pools", test_pools);
    qtest_add_func("spapr-veth/batch", test_batch);
    qtest_add_func("spapr-veth/free-buffer", test_free_buffer);
    qtest_add_func("spapr-veth/receive", test_receive);
    qtest_add_func("spapr-veth/place", test_place);
    qtest_add_func("spapr-veth/no-buffer", test_no_buffer);
    qtest_add_func("spapr-veth/patience", test_patience);
    qtest_add_func("spapr-veth/size-control", test_size_control);
    qtest_add_func("spapr-veth/unmapped", test_unmapped);
    qtest_add_func("spapr-veth/interrupt", test_interrupt);
    qtest_add_func("spapr-veth/filter", test_filter);
    qtest_add_func("spapr-veth/filter-errors", test_filter_errors);
    qtest_add_func("spapr-veth/mac", test_mac);
    qtest_add_func("spapr-veth/send", test_send);
    qtest_add_func("spapr-veth/send-pieces", test_send_pieces);
    qtest_add_func("spapr-veth/send-errors", test_send_errors);
    qtest_add_func("spapr-veth/link", test_link);
    qtest_add_func("spapr-veth/busy", test_busy);
    qtest_add_func("spapr-veth/million", test_million);
    qtest_add_func("spapr-veth/attributes", test_attributes);
    qtest_add_func("spapr-veth/send-checksum", test_send_checksum);
    qtest_add_func("spapr-veth/send-checksum-errors",
                   test_send_checksum_errors);
    qtest_add_func("spapr-veth/segments", test_segments);
    qtest_add_func("spapr-veth/old-segments", test_old_segments);
    qtest_add_func("spapr-veth/segments-errors", test_segments_errors);
    qtest_add_func("spapr-veth/segments-busy", test_segments_busy);
    qtest_add_func("spapr-veth/receive-checksum", test_receive_checksum);
    qtest_add_func("spapr-veth/vioctl", test_vioctl);
    qtest_add_func("spapr-veth/tree", test_tree);
    qtest_add_func("spapr-veth/options", test_options);
    qtest_add_func("spapr-veth/reset", test_reset);
    qtest_add_func("spapr-veth/free-in-use", test_free_in_use);
    qtest_add_func("spapr-veth/overfill", test_overfill);
    qtest_add_func("spapr-veth/migration", test_migration);
    qtest_add_func("spapr-veth/bad-migration", test_bad_migration);
    return g_test_run();
}
