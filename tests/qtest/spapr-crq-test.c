/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: command/response queues, sub-CRQs and H_VIOCTL of the sPAPR board
 *
 * LoPAR, ch. "Virtualized Input/Output". The partner is a test device that does
 * what it is told: hw/misc/spapr_crq_testdev.c.
 */

#include "qemu/osdep.h"
#include "hw/misc/spapr_crq_testdev.h"
#include "qobject/qdict.h"
#include "spapr-vio-qtest.h"

#define TESTDEV         "-m 256 -device spapr-crq-testdev,id=dev "
#define BOARD           "-machine pseries -nodefaults " TESTDEV

/* The NVRAM: an adapter with neither queue nor interrupt nor DMA window */
#define NVRAM_UNIT      0x70000000

/* Guest memory: queues and buffers */
#define QUEUE           (32 * MiB)
#define SUB_QUEUE       (48 * MiB)
#define BUFFER          (64 * MiB)
#define RAM_END         (256 * MiB)

/* Their I/O addresses are others */
#define QUEUE_IOBA      0x100000
#define SUB_IOBA        0x400000
#define BUFFER_IOBA     0x800000

#define PAGE_ENTRIES    (TCE_PAGE / 16)
#define SUB_ENTRIES     (TCE_PAGE / 32)

/* First halves of messages: header, format, parameters */
#define MSG(header, format, parms)                                      \
    ((uint64_t)(header) << 56 | (uint64_t)(format) << 48 | (parms))
#define COMMAND(format, parms)  MSG(0x80, CRQ_TESTDEV_##format, parms)
#define COUNT(n)                ((uint64_t)(n) << 32)
#define CODE(n)                 ((uint64_t)(n) << 40)
#define INIT                    MSG(0xc0, 1, 0)
#define INIT_COMPLETE           MSG(0xc0, 2, 0)
#define EVENT(code)             MSG(0xff, code, 0)

#define PARTNER_FAILED          1
#define PARTNER_CLOSED          2
#define PARTNER_SUSPENDED       6

static VioDev start(void)
{
    return vio_find(qtest_init(BOARD), "crq-testdev", 0);
}

/* With a queue of one page, and the handshake done */
static VioDev start_open(void)
{
    VioDev dev = start();

    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    return dev;
}

/* Another machine goes on from where @dev's is, which ends */
static void migrate(VioDev *dev)
{
    g_autofree char *path = spapr_qtest_save(dev->qts);

    dev->qts = qtest_init(BOARD "-incoming defer");
    spapr_qtest_load(dev->qts, path);
    unlink(path);
}

static void check_connections(VioDev *dev, int64_t want)
{
    QDict *reply = qtest_qmp(dev->qts, "{ 'execute': 'qom-get', 'arguments': "
                             "{ 'path': '/machine/peripheral/dev', "
                             "'property': 'connections' } }");

    g_assert_cmpint(qdict_get_try_int(reply, "return", -1), ==, want);
    qobject_unref(reply);
}

static void set_partner_open(VioDev *dev, bool open)
{
    qtest_qom_set_bool(dev->qts, "/machine/peripheral/dev", "open", open);
}

/* A message there and back */
static void check_echo(VioDev *dev)
{
    static uint64_t tag;

    tag += 0x0123456789abcdef;
    g_assert_cmpint(vio_crq_send(dev, COMMAND(ECHO, 0xabcdef), tag), ==,
                    H_SUCCESS);
    vio_crq_expect(dev, COMMAND(ECHO, 0xabcdef), tag);
    vio_crq_expect_none(dev);
}

static void check_room(VioDev *dev, unsigned want)
{
    g_assert_cmpint(vio_crq_send(dev, COMMAND(ROOM, 0), 0), ==, H_SUCCESS);
    vio_crq_expect(dev, COMMAND(ROOM, COUNT(want)), 0);
}

/* Have the device put messages until there is no room; bytes 8 to 15 count */
static void fill(VioDev *dev)
{
    g_assert_cmpint(vio_crq_send(dev, COMMAND(REPEAT, COUNT(0xffff)), 0), ==,
                    H_DROPPED);
}

static void expect_counted(VioDev *dev, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        vio_crq_expect(dev, COMMAND(REPEAT, COUNT(0xffff)), i);
    }
}

/* The calls that take a unit address alone, or before all else */
static const uint64_t calls[] = {
    H_REG_CRQ, H_FREE_CRQ, H_SEND_CRQ, H_ENABLE_CRQ, H_REG_SUB_CRQ,
    H_FREE_SUB_CRQ, H_SEND_SUB_CRQ, H_SEND_SUB_CRQ_INDIRECT,
};

/* Of no device, and of one that has no queue, before anything is looked at */
static void test_units(void)
{
    VioDev dev = start_open();
    const uint64_t units[] = {
        0, 1, NVRAM_UNIT, dev.unit + 1, dev.unit - 1, UINT32_MAX, UINT64_MAX,
        dev.unit | 1ull << 32, dev.unit | 1ull << 63,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(calls); j++) {
            g_assert_cmpint(hcall(dev.qts, calls[j], units[i], 1, 1, 1), ==,
                            H_PARAMETER);
        }
    }
    check_echo(&dev);
    qtest_quit(dev.qts);
}

/* What is no queue; @call is H_REG_CRQ or H_REG_SUB_CRQ */
static void check_bad_queues(VioDev *dev, uint64_t call)
{
    const uint64_t end = dev->window;
    const struct {
        uint64_t ioba, size;
    } bad[] = {
        /* Sizes */
        { QUEUE_IOBA, 0 }, { QUEUE_IOBA, 1 }, { QUEUE_IOBA, 16 },
        { QUEUE_IOBA, TCE_PAGE - 16 }, { QUEUE_IOBA, TCE_PAGE + 16 },
        { QUEUE_IOBA, -TCE_PAGE }, { QUEUE_IOBA, 1ull << 63 },
        { QUEUE_IOBA, UINT64_MAX }, { QUEUE_IOBA, -(uint64_t)QUEUE_IOBA },
        /* Addresses */
        { QUEUE_IOBA + 1, TCE_PAGE }, { QUEUE_IOBA + 16, TCE_PAGE },
        { QUEUE_IOBA + 2048, TCE_PAGE }, { UINT64_MAX, TCE_PAGE },
        { QUEUE_IOBA | 1ull << 32, TCE_PAGE },
        { QUEUE_IOBA | 1ull << 63, TCE_PAGE },
        { end, TCE_PAGE }, { -(uint64_t)TCE_PAGE, TCE_PAGE },
        { -(uint64_t)TCE_PAGE, 2 * TCE_PAGE },
        /* The last page of the window is mapped, the next is none */
        { end - TCE_PAGE, 2 * TCE_PAGE }, { end - TCE_PAGE, end },
        /* Four pages are mapped there */
        { QUEUE_IOBA - TCE_PAGE, TCE_PAGE },
        { QUEUE_IOBA - TCE_PAGE, 2 * TCE_PAGE },
        { QUEUE_IOBA, 5 * TCE_PAGE }, { QUEUE_IOBA, end - QUEUE_IOBA },
        /* Here the second is for reading alone, the third for writing */
        { BUFFER_IOBA, 2 * TCE_PAGE }, { BUFFER_IOBA, 4 * TCE_PAGE },
        { BUFFER_IOBA + TCE_PAGE, TCE_PAGE },
        { BUFFER_IOBA + 2 * TCE_PAGE, TCE_PAGE },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(hcall(dev->qts, call, dev->unit, bad[i].ioba,
                              bad[i].size), ==, H_PARAMETER);
    }
}

static void map_bad_queues(VioDev *dev)
{
    vio_map(dev, QUEUE_IOBA, QUEUE, 4 * TCE_PAGE, TCE_RW);
    vio_map(dev, dev->window - TCE_PAGE, QUEUE, TCE_PAGE, TCE_RW);
    vio_map(dev, BUFFER_IOBA, BUFFER, 4 * TCE_PAGE, TCE_RW);
    vio_map(dev, BUFFER_IOBA + TCE_PAGE, BUFFER, TCE_PAGE, TCE_R);
    vio_map(dev, BUFFER_IOBA + 2 * TCE_PAGE, BUFFER, TCE_PAGE, TCE_W);
}

static void test_register(void)
{
    VioDev dev = start();

    g_assert_cmpuint(dev.window, ==, CRQ_TESTDEV_WINDOW);
    /* Nothing is mapped at first */
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, TCE_PAGE),
                    ==, H_PARAMETER);
    map_bad_queues(&dev);
    check_bad_queues(&dev, H_REG_CRQ);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);

    /* Four good pages; another queue is refused, a bad one first of all */
    g_assert_cmpint(vio_crq_register(&dev, QUEUE_IOBA, QUEUE, 4 * TCE_PAGE), ==,
                    H_SUCCESS);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, TCE_PAGE),
                    ==, H_RESOURCE);
    check_bad_queues(&dev, H_REG_CRQ);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_SUCCESS);
    vio_crq_expect(&dev, INIT_COMPLETE, 0);
    check_room(&dev, 4 * PAGE_ENTRIES);
    check_connections(&dev, 1);

    /* Free: however often one likes */
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    check_connections(&dev, 0);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);

    /* The window's last page, and anew from the first entry */
    vio_crq_open(&dev, dev.window - TCE_PAGE, QUEUE, TCE_PAGE);
    check_echo(&dev);
    qtest_quit(dev.qts);
}

/* The largest queue: all of the window, each page the same memory */
static void test_register_all(void)
{
    VioDev dev = start();

    for (uint64_t i = 0; i < dev.window; i += 512 * TCE_PAGE) {
        g_assert_cmpint(hcall(dev.qts, H_STUFF_TCE, dev.liobn, i,
                              QUEUE | TCE_RW, 512), ==, H_SUCCESS);
    }
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, 0, dev.window), ==,
                    H_SUCCESS);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, 0,
                          dev.window + TCE_PAGE), ==, H_PARAMETER);
    vio_unmap(&dev, dev.window - TCE_PAGE, TCE_PAGE);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, 0, dev.window), ==,
                    H_PARAMETER);
    qtest_quit(dev.qts);
}

static void test_handshake(void)
{
    VioDev dev = start();

    g_assert_cmpint(vio_crq_register(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE), ==,
                    H_SUCCESS);
    vio_crq_expect_none(&dev);
    check_connections(&dev, 0);

    g_assert_cmpint(vio_crq_send(&dev, INIT | 0x1234, 5678), ==, H_SUCCESS);
    vio_crq_expect(&dev, INIT_COMPLETE, 0);
    vio_crq_expect_none(&dev);
    check_connections(&dev, 1);

    g_assert_cmpint(vio_crq_send(&dev, INIT_COMPLETE, 0), ==, H_SUCCESS);
    vio_crq_expect_none(&dev);
    check_connections(&dev, 2);

    /* Formats that don't exist go nowhere */
    for (unsigned format = 0; format <= 0xff; format++) {
        if (format != 1 && format != 2) {
            g_assert_cmpint(vio_crq_send(&dev, MSG(0xc0, format, 0), 0), ==,
                            H_SUCCESS);
        }
    }
    vio_crq_expect_none(&dev);
    check_connections(&dev, 2);

    /* A beginning that can't be answered is none */
    fill(&dev);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_DROPPED);
    check_connections(&dev, 2);
    g_assert_cmpint(vio_crq_send(&dev, INIT_COMPLETE, 0), ==, H_SUCCESS);
    check_connections(&dev, 3);
    expect_counted(&dev, 0, PAGE_ENTRIES);
    vio_crq_expect_none(&dev);
    qtest_quit(dev.qts);
}

/* Headers, checked before it is looked whether there is a connection */
static void test_headers(void)
{
    VioDev dev = start();

    for (unsigned open = 0; open < 2; open++) {
        for (unsigned header = 0; header <= 0xff; header++) {
            bool bad = header < 0x80 || header == 0xff;
            uint64_t low = 0xfedcba9876543210 ^ header;
            int64_t want = bad ? H_PARAMETER : open ? H_SUCCESS : H_CLOSED;

            g_assert_cmpint(vio_crq_send(&dev, MSG(header, 0, header), low),
                            ==, want);
            if (want == H_SUCCESS && header != 0xc0) {
                vio_crq_expect(&dev, MSG(header, 0, header), low);
            }
            if (open) {
                vio_crq_expect_none(&dev);
            }
        }
        if (!open) {
            vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
        }
    }
    qtest_quit(dev.qts);
}

/* Full: nothing more until an entry is free, and that in turn */
static void test_full(void)
{
    VioDev dev = start();

    g_assert_cmpint(vio_crq_register(&dev, QUEUE_IOBA, QUEUE, 2 * TCE_PAGE), ==,
                    H_SUCCESS);
    fill(&dev);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_DROPPED);
    expect_counted(&dev, 0, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, i), ~i), ==,
                        H_SUCCESS);
    }
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_DROPPED);
    /* An entry out of turn doesn't help */
    qtest_memset(dev.qts, QUEUE + 100 * 16, 0, 1);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_DROPPED);
    qtest_memset(dev.qts, QUEUE + 100 * 16, 0x80, 1);
    expect_counted(&dev, 3, 2 * PAGE_ENTRIES);
    for (int i = 0; i < 3; i++) {
        vio_crq_expect(&dev, COMMAND(ECHO, i), ~i);
    }
    vio_crq_expect_none(&dev);

    /* Round and round */
    for (int i = 0; i < 5 * PAGE_ENTRIES; i++) {
        check_echo(&dev);
    }
    check_room(&dev, 2 * PAGE_ENTRIES);
    fill(&dev);
    expect_counted(&dev, 0, 2 * PAGE_ENTRIES);
    vio_crq_expect_none(&dev);

    /* Any header but 0 is one */
    qtest_memset(dev.qts, dev.crq_addr + dev.crq_next, 0x01, 1);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_DROPPED);
    qtest_quit(dev.qts);
}

/* What follows the header of a free entry is nobody's business */
static void test_dirty(void)
{
    VioDev dev = start_open();

    for (unsigned i = 0; i < PAGE_ENTRIES; i++) {
        qtest_memset(dev.qts, QUEUE + i * 16 + 1, 0xff, 15);
    }
    check_room(&dev, PAGE_ENTRIES);
    for (unsigned i = 0; i < PAGE_ENTRIES; i++) {
        check_echo(&dev);
    }
    qtest_quit(dev.qts);
}

/* The queue is at I/O addresses, whatever is mapped there */
static void test_remapped(void)
{
    VioDev dev = start_open();

    check_echo(&dev);
    /* Elsewhere, all of a sudden */
    qtest_memset(dev.qts, QUEUE, 0xa5, TCE_PAGE);
    qtest_memset(dev.qts, BUFFER, 0, TCE_PAGE);
    vio_map(&dev, QUEUE_IOBA, BUFFER, TCE_PAGE, TCE_RW);
    dev.crq_addr = BUFFER;
    check_echo(&dev);
    spapr_qtest_untouched(dev.qts, QUEUE, TCE_PAGE);

    /* Nowhere, or only half */
    vio_unmap(&dev, QUEUE_IOBA, TCE_PAGE);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_HARDWARE);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_HARDWARE);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(1)), 0), ==,
                    H_SUCCESS);
    vio_map(&dev, QUEUE_IOBA, BUFFER, TCE_PAGE, TCE_R);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_HARDWARE);
    vio_map(&dev, QUEUE_IOBA, BUFFER, TCE_PAGE, TCE_W);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_HARDWARE);
    vio_crq_expect_none(&dev);

    /* Back: it goes on where it was */
    vio_map(&dev, QUEUE_IOBA, BUFFER, TCE_PAGE, TCE_RW);
    check_echo(&dev);
    qtest_quit(dev.qts);
}

static void expect_irq(VioDev *dev, uint32_t source)
{
    g_assert_cmphex(vio_pending_irq(dev->qts), ==, source);
    g_assert_cmphex(vio_take_irq(dev->qts), ==, source);
    g_assert_cmphex(vio_pending_irq(dev->qts), ==, 0);
}

/*
 * Several events before the first was taken: they may be one interrupt, or one
 * that was taken and another one
 */
static void expect_irqs(VioDev *dev, uint32_t source)
{
    g_assert_cmphex(vio_take_irq(dev->qts), ==, source);
    if (vio_pending_irq(dev->qts)) {
        expect_irq(dev, source);
    }
}

static void test_interrupt(void)
{
    VioDev dev = start();
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmphex(dev.irq, !=, 0);
    vio_route_irq(dev.qts, dev.irq);

    /* Disabled by H_REG_CRQ, even when it was enabled before */
    g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    check_echo(&dev);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);

    /* What came before it was enabled never interrupts */
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_SUCCESS);
    g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    vio_crq_expect(&dev, COMMAND(ECHO, 0), 0);

    /* Every message then, be the queue empty or not */
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), i), ==,
                        H_SUCCESS);
        expect_irq(&dev, dev.irq);
    }
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_SUCCESS);
    expect_irq(&dev, dev.irq);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(REPEAT, COUNT(3)), 0), ==,
                    H_SUCCESS);
    expect_irqs(&dev, dev.irq);
    /* A message between taking and ending gives another */
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall_rets(dev.qts, rets, H_XIRR), ==, H_SUCCESS);
    g_assert_cmphex(rets[0] & 0xffffff, ==, dev.irq);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(dev.qts, H_EOI, rets[0]), ==, H_SUCCESS);
    expect_irq(&dev, dev.irq);

    /* No message, no interrupt */
    fill(&dev);
    expect_irqs(&dev, dev.irq);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_DROPPED);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    /* Events are messages */
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(1)), 0), ==,
                    H_SUCCESS);
    expect_irq(&dev, dev.irq);

    /* Disabled by H_FREE_CRQ */
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    check_echo(&dev);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    qtest_quit(dev.qts);
}

static void test_signal_modes(void)
{
    VioDev dev = start_open();
    static const uint64_t off[] = { 0, 2, 4, 1ull << 32, ~1ull };
    static const uint64_t on[] = { 1, 3, 1 | 1ull << 63, ~0ull };
    const uint64_t units[] = {
        0, dev.unit + 1, dev.unit | 1ull << 32, UINT64_MAX,
    };

    vio_route_irq(dev.qts, dev.irq);
    for (unsigned i = 0; i < ARRAY_SIZE(on) * ARRAY_SIZE(off); i++) {
        g_assert_cmpint(vio_signal(&dev, on[i % ARRAY_SIZE(on)]), ==,
                        H_SUCCESS);
        check_echo(&dev);
        expect_irq(&dev, dev.irq);
        g_assert_cmpint(vio_signal(&dev, off[i / ARRAY_SIZE(on)]), ==,
                        H_SUCCESS);
        check_echo(&dev);
        g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    }

    /* One that was there before it was disabled is still there */
    g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
    check_echo(&dev);
    g_assert_cmpint(vio_signal(&dev, 0), ==, H_SUCCESS);
    expect_irq(&dev, dev.irq);

    for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
        g_assert_cmpint(hcall(dev.qts, H_VIO_SIGNAL, units[i], 0), ==,
                        H_PARAMETER);
        g_assert_cmpint(hcall(dev.qts, H_VIO_SIGNAL, units[i], 1), ==,
                        H_PARAMETER);
    }
    /* An adapter without an interrupt has no bit that could be wrong */
    g_assert_cmpint(hcall(dev.qts, H_VIO_SIGNAL, NVRAM_UNIT, 0), ==, H_SUCCESS);
    g_assert_cmpint(hcall(dev.qts, H_VIO_SIGNAL, NVRAM_UNIT, 1), ==, H_SUCCESS);
    qtest_quit(dev.qts);
}

static void test_events(void)
{
    VioDev dev = start_open();

    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(PARTNER_FAILED)),
                                 0), ==, H_SUCCESS);
    vio_crq_expect(&dev, EVENT(PARTNER_FAILED), 0);
    vio_crq_expect_none(&dev);
    check_echo(&dev);

    /* In a full queue it takes the place of the last message */
    for (unsigned shift = 0; shift < 3; shift++) {
        fill(&dev);
        g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(1)), 0), ==,
                        H_SUCCESS);
        g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(2)), 0), ==,
                        H_SUCCESS);
        expect_counted(&dev, 0, PAGE_ENTRIES - 1);
        vio_crq_expect(&dev, EVENT(2), 0);
        vio_crq_expect_none(&dev);
        check_echo(&dev);
    }
    /* With the last one in the queue's first entry */
    while (dev.crq_next != 16) {
        check_echo(&dev);
    }
    fill(&dev);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(1)), 0), ==,
                    H_SUCCESS);
    expect_counted(&dev, 0, PAGE_ENTRIES - 1);
    g_assert_cmphex(dev.crq_next, ==, 0);
    vio_crq_expect(&dev, EVENT(1), 0);
    qtest_quit(dev.qts);
}

static void check_suspended(VioDev *dev)
{
    g_assert_cmpint(vio_crq_send(dev, MSG(0x00, 0, 0), 0), ==, H_PARAMETER);
    g_assert_cmpint(vio_crq_send(dev, COMMAND(ECHO, 0), 0), ==, H_CLOSED);
    g_assert_cmpint(vio_crq_send(dev, INIT, 0), ==, H_CLOSED);
    vio_crq_expect_none(dev);
}

/* Suspended: closed either way until it is enabled, or free and registered */
static void test_suspend(void)
{
    VioDev dev = start_open();
    const uint64_t suspend = COMMAND(EVENT, CODE(PARTNER_SUSPENDED));

    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(vio_crq_send(&dev, suspend, 0), ==, H_SUCCESS);
        vio_crq_expect(&dev, EVENT(PARTNER_SUSPENDED), 0);
        check_suspended(&dev);
        g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA,
                              TCE_PAGE), ==, H_RESOURCE);
        g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
        check_echo(&dev);
        /* Once more does no harm */
        g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
        check_echo(&dev);
    }

    /* A full queue is suspended, too */
    fill(&dev);
    g_assert_cmpint(vio_crq_send(&dev, suspend, 0), ==, H_SUCCESS);
    expect_counted(&dev, 0, PAGE_ENTRIES - 1);
    vio_crq_expect(&dev, EVENT(PARTNER_SUSPENDED), 0);
    check_suspended(&dev);

    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmpint(vio_crq_send(&dev, suspend, 0), ==, H_SUCCESS);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    check_echo(&dev);
    qtest_quit(dev.qts);
}

/* The partner goes and comes back, as drivers of servers do */
static void test_partner(void)
{
    VioDev dev = start_open();

    set_partner_open(&dev, false);
    vio_crq_expect(&dev, EVENT(PARTNER_CLOSED), 0);
    check_suspended(&dev);
    g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
    check_suspended(&dev);
    /* Nobody closes twice */
    set_partner_open(&dev, false);
    vio_crq_expect_none(&dev);

    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    g_assert_cmpint(vio_crq_register(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE), ==,
                    H_CLOSED);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, TCE_PAGE),
                    ==, H_RESOURCE);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    check_connections(&dev, 0);

    set_partner_open(&dev, true);
    vio_crq_expect(&dev, INIT, 0);
    vio_crq_expect_none(&dev);
    g_assert_cmpint(vio_crq_send(&dev, INIT_COMPLETE, 0), ==, H_SUCCESS);
    check_connections(&dev, 1);
    check_echo(&dev);

    /* Without a queue nobody hears of it */
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    set_partner_open(&dev, false);
    set_partner_open(&dev, true);
    vio_crq_expect_none(&dev);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    qtest_quit(dev.qts);
}

/* Its offer to begin needs a place in the queue: it waits for one */
static void test_partner_full(void)
{
    VioDev dev = start_open();

    set_partner_open(&dev, false);
    vio_crq_expect(&dev, EVENT(PARTNER_CLOSED), 0);
    qtest_memset(dev.qts, QUEUE, 0xff, TCE_PAGE);
    qobject_unref(qtest_qmp(dev.qts, "{ 'execute': 'qom-set', 'arguments': {"
                            "  'path': '/machine/peripheral/dev',"
                            "  'property': 'open', 'value': true } }"));
    g_assert_false(qtest_qom_get_bool(dev.qts, "/machine/peripheral/dev",
                                      "open"));
    qtest_memset(dev.qts, QUEUE, 0, TCE_PAGE);
    set_partner_open(&dev, true);
    vio_crq_expect(&dev, INIT, 0);
    g_assert_true(qtest_qom_get_bool(dev.qts, "/machine/peripheral/dev",
                                     "open"));
    qtest_quit(dev.qts);
}

/* A device that isn't done yet with what the guest has asked before */
static void test_busy(void)
{
    VioDev dev = start_open();

    g_assert_cmpint(vio_crq_send(&dev, COMMAND(BUSY, CODE(4)), 0), ==,
                    H_SUCCESS);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_LONG_BUSY_1_MSEC);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, 1), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, TCE_PAGE),
                    ==, H_RESOURCE);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_LONG_BUSY_1_MSEC);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_LONG_BUSY_1_MSEC);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    qtest_quit(dev.qts);
}

/* The device's DMA: through TCEs, all of it, or not at all */
static void test_dma(void)
{
    VioDev dev = start_open();
    const uint64_t len = 2 * TCE_PAGE, from = BUFFER_IOBA + 100;
    const uint64_t to = BUFFER_IOBA + 8 * TCE_PAGE + 300;
    g_autofree uint8_t *want = g_malloc(len);
    g_autofree uint8_t *got = g_malloc(len);

    for (unsigned i = 0; i < len; i++) {
        want[i] = i ^ i >> 8;
    }
    /* Pages in another order than their I/O addresses */
    for (unsigned i = 0; i < 12; i++) {
        vio_map(&dev, BUFFER_IOBA + i * TCE_PAGE, BUFFER + (11 - i) * TCE_PAGE,
                TCE_PAGE, i < 8 ? TCE_R : TCE_W);
    }
    qtest_memwrite(dev.qts, BUFFER + 11 * TCE_PAGE + 100, want, TCE_PAGE - 100);
    qtest_memwrite(dev.qts, BUFFER + 10 * TCE_PAGE, want + TCE_PAGE - 100,
                   TCE_PAGE);
    qtest_memwrite(dev.qts, BUFFER + 9 * TCE_PAGE, want + 2 * TCE_PAGE - 100,
                   100);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(COPY, COUNT(len) | to), from),
                    ==, H_SUCCESS);
    vio_crq_expect(&dev, COMMAND(COPY, COUNT(len) | to), from);
    qtest_memread(dev.qts, BUFFER + 3 * TCE_PAGE + 300, got, TCE_PAGE - 300);
    qtest_memread(dev.qts, BUFFER + 2 * TCE_PAGE, got + TCE_PAGE - 300,
                  TCE_PAGE);
    qtest_memread(dev.qts, BUFFER + TCE_PAGE, got + 2 * TCE_PAGE - 300, 300);
    g_assert_cmpmem(got, len, want, len);

    g_assert_cmpint(vio_crq_send(&dev, COMMAND(COPY, COUNT(len) | from), from),
                    ==, H_SUCCESS);
    vio_crq_expect(&dev, COMMAND(COPY_WRITE_FAILED, COUNT(len) | from), from);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(COPY, COUNT(len) | to), to),
                    ==, H_SUCCESS);
    vio_crq_expect(&dev, COMMAND(COPY_READ_FAILED, COUNT(len) | to), to);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(COPY, COUNT(len) | to),
                                 dev.window - TCE_PAGE), ==, H_SUCCESS);
    vio_crq_expect(&dev, COMMAND(COPY_READ_FAILED, COUNT(len) | to),
                   dev.window - TCE_PAGE);
    qtest_quit(dev.qts);
}

/* Firmware has no TCEs: I/O addresses are those of memory then */
static void test_bypass(void)
{
    VioDev dev = start();
    g_autofree void *fdt = spapr_qtest_fdt(dev.qts);
    uint32_t token = spapr_qtest_rtas_token(fdt, "ibm,set-tce-bypass");
    uint32_t args[] = { dev.unit, 1 };
    uint8_t got[8];

    spapr_qtest_rtas(dev.qts, VIO_RTAS_BUF, token, 2, args, 0, NULL);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, RAM_END, TCE_PAGE), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, RAM_END - TCE_PAGE,
                          2 * TCE_PAGE), ==, H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, -TCE_PAGE, TCE_PAGE),
                    ==, H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE, -QUEUE), ==,
                    H_PARAMETER);
    dev.crq_addr = RAM_END - TCE_PAGE;
    dev.crq_size = TCE_PAGE;
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, dev.crq_addr,
                          dev.crq_size), ==, H_SUCCESS);
    check_echo(&dev);
    check_room(&dev, PAGE_ENTRIES);

    qtest_memset(dev.qts, BUFFER, 0x5a, 8);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(COPY, COUNT(8) | (BUFFER + 64)),
                                 BUFFER), ==, H_SUCCESS);
    vio_crq_expect(&dev, COMMAND(COPY, COUNT(8) | (BUFFER + 64)), BUFFER);
    qtest_memread(dev.qts, BUFFER + 64, got, sizeof(got));
    g_assert_cmphex(ldq_be_p(got), ==, 0x5a5a5a5a5a5a5a5a);

    /* The queue is where nothing is mapped once TCEs count again */
    migrate(&dev);
    check_echo(&dev);
    args[1] = 0;
    spapr_qtest_rtas(dev.qts, VIO_RTAS_BUF, token, 2, args, 0, NULL);
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(ECHO, 0), 0), ==, H_HARDWARE);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    qtest_quit(dev.qts);
}

/* Firmware that ends without freeing its queue: it is free all the same */
static void test_quiesce(void)
{
    VioDev dev = start_open();
    g_autofree void *fdt = spapr_qtest_fdt(dev.qts);

    spapr_qtest_rtas(dev.qts, VIO_RTAS_BUF,
                     spapr_qtest_rtas_token(fdt, "quiesce"), 0, NULL, 0, NULL);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    check_connections(&dev, 0);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    qtest_quit(dev.qts);
}

/*
 * Sub-CRQs
 */

typedef struct SubCrq {
    VioDev *dev;
    uint64_t number;
    uint32_t irq;
    uint64_t addr;
    uint64_t size;
    uint64_t next;
} SubCrq;

/* The @n'th page of those that are for sub-CRQs */
static int64_t sub_register(VioDev *dev, SubCrq *sub, unsigned n, uint64_t size)
{
    uint64_t rets[SPAPR_QTEST_REGS];
    int64_t ret;

    *sub = (SubCrq) {
        .dev = dev, .addr = SUB_QUEUE + n * TCE_PAGE, .size = size
    };
    vio_map(dev, SUB_IOBA + n * TCE_PAGE, sub->addr, size, TCE_RW);
    ret = hcall_rets(dev->qts, rets, H_REG_SUB_CRQ, dev->unit,
                     SUB_IOBA + n * TCE_PAGE, size);
    sub->number = rets[0];
    sub->irq = rets[1];
    return ret;
}

static int64_t sub_free(SubCrq *sub)
{
    return hcall(sub->dev->qts, H_FREE_SUB_CRQ, sub->dev->unit, sub->number);
}

/* To the device, which puts it into the queue that the second word says */
static int64_t sub_send(SubCrq *sub, uint64_t word3)
{
    return hcall(sub->dev->qts, H_SEND_SUB_CRQ, sub->dev->unit,
                 CRQ_TESTDEV_SUB_HANDLE, MSG(0x80, 1, 2), sub->number,
                 0x0123456789abcdef, word3);
}

/* Take the next message; false when there is none */
static bool sub_poll(SubCrq *sub, uint64_t words[4])
{
    uint64_t entry = sub->addr + sub->next;
    uint8_t msg[32];

    qtest_memread(sub->dev->qts, entry, msg, sizeof(msg));
    if (!msg[0]) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        words[i] = ldq_be_p(msg + i * 8);
    }
    qtest_memset(sub->dev->qts, entry, 0, 1);
    sub->next = (sub->next + sizeof(msg)) % sub->size;
    return true;
}

static void sub_expect(SubCrq *sub, uint64_t word0, uint64_t word3)
{
    uint64_t words[4];

    g_assert_true(sub_poll(sub, words));
    g_assert_cmphex(words[0], ==, word0);
    g_assert_cmphex(words[3], ==, word3);
}

static void sub_expect_none(SubCrq *sub)
{
    uint64_t words[4];

    g_assert_false(sub_poll(sub, words));
}

static void sub_check_echo(SubCrq *sub)
{
    uint64_t words[4];

    g_assert_cmpint(sub_send(sub, 0xfeedface00c0ffee), ==, H_SUCCESS);
    g_assert_true(sub_poll(sub, words));
    g_assert_cmphex(words[0], ==, MSG(0x80, 1, 2));
    g_assert_cmphex(words[1], ==, sub->number);
    g_assert_cmphex(words[2], ==, 0x0123456789abcdef);
    g_assert_cmphex(words[3], ==, 0xfeedface00c0ffee);
    sub_expect_none(sub);
}

/* Have the device put @n messages into it at once */
static int64_t sub_batch(SubCrq *sub, unsigned n)
{
    return vio_crq_send(sub->dev, COMMAND(SUB, COUNT(n)), sub->number);
}

static void sub_expect_batch(SubCrq *sub, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sub_expect(sub, COMMAND(SUB, 0), i);
    }
    sub_expect_none(sub);
}

static void test_sub_register(void)
{
    VioDev dev = start();
    SubCrq subs[CRQ_TESTDEV_SUB_CRQS], more;

    map_bad_queues(&dev);
    check_bad_queues(&dev, H_REG_SUB_CRQ);

    /* Before the CRQ: it is not connected, but the queue is registered */
    g_assert_cmpint(sub_register(&dev, &subs[0], 0, TCE_PAGE), ==, H_CLOSED);
    g_assert_cmpint(sub_send(&subs[0], 0), ==, H_CLOSED);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, 4 * TCE_PAGE);
    sub_check_echo(&subs[0]);

    /* As many as there are, each with a number and an interrupt of its own */
    for (unsigned i = 1; i < ARRAY_SIZE(subs); i++) {
        g_assert_cmpint(sub_register(&dev, &subs[i], i, TCE_PAGE), ==,
                        H_SUCCESS);
        for (unsigned j = 0; j < i; j++) {
            g_assert_cmphex(subs[i].number, !=, subs[j].number);
            g_assert_cmphex(subs[i].irq, !=, subs[j].irq);
        }
        g_assert_cmphex(subs[i].irq, !=, dev.irq);
        g_assert_cmphex(subs[i].irq, !=, 0);
    }
    g_assert_cmpint(sub_register(&dev, &more, 4, TCE_PAGE), ==, H_RESOURCE);
    check_bad_queues(&dev, H_REG_SUB_CRQ);
    for (unsigned i = 0; i < ARRAY_SIZE(subs); i++) {
        sub_check_echo(&subs[i]);
    }

    /* Only what is registered can be freed, and once */
    g_assert_cmpint(hcall(dev.qts, H_FREE_SUB_CRQ, dev.unit, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_FREE_SUB_CRQ, dev.unit, UINT64_MAX), ==,
                    H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_FREE_SUB_CRQ, dev.unit,
                          subs[2].number | 1ull << 32), ==, H_PARAMETER);
    g_assert_cmpint(sub_free(&subs[2]), ==, H_SUCCESS);
    g_assert_cmpint(sub_free(&subs[2]), ==, H_PARAMETER);
    g_assert_cmpint(sub_send(&subs[2], 0), ==, H_CLOSED);
    sub_expect_none(&subs[2]);
    sub_check_echo(&subs[3]);

    /* A new one is cleared, and begins at its first entry */
    qtest_memset(dev.qts, SUB_QUEUE + 2 * TCE_PAGE, 0xff, TCE_PAGE);
    g_assert_cmpint(sub_register(&dev, &subs[2], 2, TCE_PAGE), ==, H_SUCCESS);
    for (unsigned i = 0; i < SUB_ENTRIES; i++) {
        sub_check_echo(&subs[2]);
    }

    /* One that is too long; then one of several pages */
    g_assert_cmpint(sub_free(&subs[3]), ==, H_SUCCESS);
    g_assert_cmpint(sub_register(&dev, &more, 8, 4 * MiB + TCE_PAGE), ==,
                    H_RESOURCE);
    g_assert_cmpint(sub_register(&dev, &more, 8, 4 * TCE_PAGE), ==, H_SUCCESS);
    for (unsigned i = 0; i < 9 * SUB_ENTRIES; i++) {
        sub_check_echo(&more);
    }
    qtest_quit(dev.qts);
}

/* Their state follows that of the CRQ */
static void test_sub_closed(void)
{
    VioDev dev = start_open();
    SubCrq sub, other;

    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    g_assert_cmpint(sub_register(&dev, &other, 1, TCE_PAGE), ==, H_SUCCESS);
    sub_check_echo(&sub);

    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(PARTNER_SUSPENDED)),
                                 0), ==, H_SUCCESS);
    vio_crq_expect(&dev, EVENT(PARTNER_SUSPENDED), 0);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_CLOSED);
    g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
    sub_check_echo(&sub);

    set_partner_open(&dev, false);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_CLOSED);
    set_partner_open(&dev, true);
    sub_check_echo(&sub);

    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_CLOSED);
    g_assert_cmpint(sub_free(&sub), ==, H_PARAMETER);
    g_assert_cmpint(sub_free(&other), ==, H_PARAMETER);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_CLOSED);
    g_assert_cmpint(sub_free(&sub), ==, H_PARAMETER);
    sub_expect_none(&sub);
    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    sub_check_echo(&sub);
    qtest_quit(dev.qts);
}

static void test_sub_send(void)
{
    VioDev dev = start();
    static const uint64_t handles[] = {
        0, 1, CRQ_TESTDEV_SUB_HANDLE + 1, CRQ_TESTDEV_SUB_HANDLE | 1ull << 32,
        UINT64_MAX,
    };
    SubCrq sub;

    /* In order: the queue, the header, the connection */
    for (unsigned i = 0; i < ARRAY_SIZE(handles); i++) {
        g_assert_cmpint(hcall(dev.qts, H_SEND_SUB_CRQ, dev.unit, handles[i],
                              MSG(0x80, 0, 0)), ==, H_PARAMETER);
    }
    for (unsigned header = 0; header <= 0xff; header++) {
        g_assert_cmpint(hcall(dev.qts, H_SEND_SUB_CRQ, dev.unit,
                              CRQ_TESTDEV_SUB_HANDLE, MSG(header, 0, 0)), ==,
                        header == 0x80 ? H_CLOSED : H_PARAMETER);
    }

    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    /* Full */
    for (unsigned i = 0; i < SUB_ENTRIES; i++) {
        g_assert_cmpint(sub_send(&sub, i), ==, H_SUCCESS);
    }
    g_assert_cmpint(sub_send(&sub, 0), ==, H_DROPPED);
    for (unsigned i = 0; i < SUB_ENTRIES; i++) {
        sub_expect(&sub, MSG(0x80, 1, 2), i);
    }
    sub_expect_none(&sub);
    sub_check_echo(&sub);
    /* Unmapped */
    vio_unmap(&dev, SUB_IOBA, TCE_PAGE);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_HARDWARE);
    vio_map(&dev, SUB_IOBA, SUB_QUEUE, TCE_PAGE, TCE_R);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_HARDWARE);
    vio_map(&dev, SUB_IOBA, SUB_QUEUE, TCE_PAGE, TCE_RW);
    sub_check_echo(&sub);
    qtest_quit(dev.qts);
}

/* The device's batches: all of one, across the end, or nothing */
static void test_sub_batch(void)
{
    VioDev dev = start_open();
    SubCrq sub;

    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpint(sub_batch(&sub, 100), ==, H_SUCCESS);
        g_assert_cmpint(sub_batch(&sub, 29), ==, H_DROPPED);
        sub_expect_batch(&sub, 100);
    }
    g_assert_cmpint(sub_batch(&sub, SUB_ENTRIES), ==, H_SUCCESS);
    g_assert_cmpint(sub_batch(&sub, 1), ==, H_DROPPED);
    sub_expect_batch(&sub, SUB_ENTRIES);
    qtest_quit(dev.qts);
}

static int64_t send_indirect(VioDev *dev, uint64_t ioba, uint64_t n)
{
    return hcall(dev->qts, H_SEND_SUB_CRQ_INDIRECT, dev->unit,
                 CRQ_TESTDEV_SUB_HANDLE, ioba, n);
}

/* Messages in guest memory, their last words counting */
static void write_messages(SubCrq *sub, uint64_t addr, unsigned n)
{
    g_autofree uint8_t *msgs = g_malloc0(n * 32);

    for (unsigned i = 0; i < n; i++) {
        stq_be_p(msgs + i * 32, MSG(0x80, 7, 0));
        stq_be_p(msgs + i * 32 + 8, sub->number);
        stq_be_p(msgs + i * 32 + 24, i);
    }
    qtest_memwrite(sub->dev->qts, addr, msgs, n * 32);
}

static void sub_expect_messages(SubCrq *sub, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sub_expect(sub, MSG(0x80, 7, 0), i);
    }
    sub_expect_none(sub);
}

static void test_sub_indirect(void)
{
    static const uint64_t good[] = { 1, 2, 15, 16, 17, 100, 128 };
    static const uint64_t bad[] = {
        0, 129, 256, 1ull << 32 | 1, 1ull << 59, 1ull << 63, UINT64_MAX,
    };
    VioDev dev = start();
    SubCrq sub;
    uint64_t at = BUFFER_IOBA + 64;

    vio_map(&dev, BUFFER_IOBA, BUFFER, 2 * TCE_PAGE, TCE_R);
    vio_map(&dev, BUFFER_IOBA + 2 * TCE_PAGE, BUFFER, TCE_PAGE, TCE_W);
    vio_map(&dev, dev.window - TCE_PAGE, BUFFER, TCE_PAGE, TCE_RW);

    for (unsigned open = 0; open < 2; open++) {
        /* In order: the queue, address and count, the connection, headers */
        g_assert_cmpint(hcall(dev.qts, H_SEND_SUB_CRQ_INDIRECT, dev.unit,
                              CRQ_TESTDEV_SUB_HANDLE + 1, at, 1), ==,
                        H_PARAMETER);
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
            g_assert_cmpint(send_indirect(&dev, at, bad[i]), ==, H_PARAMETER);
        }
        g_assert_cmpint(send_indirect(&dev, dev.window, 1), ==, H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, dev.window - 31, 1), ==,
                        H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, -16, 1), ==, H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, UINT64_MAX, 128), ==, H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, 1ull << 63, 1), ==, H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, BUFFER_IOBA - 32, 2), ==,
                        H_PARAMETER);
        g_assert_cmpint(send_indirect(&dev, BUFFER_IOBA + 2 * TCE_PAGE - 32, 2),
                        ==, H_PARAMETER);
        qtest_memset(dev.qts, BUFFER + 64, 0, 32);
        g_assert_cmpint(send_indirect(&dev, at, 1), ==,
                        open ? H_PARAMETER : H_CLOSED);
        if (!open) {
            vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
        }
    }

    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        write_messages(&sub, BUFFER + 64, good[i]);
        g_assert_cmpint(send_indirect(&dev, at, good[i]), ==, H_SUCCESS);
        sub_expect_messages(&sub, good[i]);
    }
    /* One bad header spoils all; any that is not 0x80 is bad */
    for (unsigned i = 0; i < 16; i++) {
        write_messages(&sub, BUFFER + 64, 16);
        qtest_memset(dev.qts, BUFFER + 64 + i * 32, i | 0xc0, 1);
        g_assert_cmpint(send_indirect(&dev, at, 16), ==, H_PARAMETER);
        sub_expect_none(&sub);
    }
    /* No room for all: none */
    write_messages(&sub, BUFFER + 64, 128);
    g_assert_cmpint(sub_send(&sub, 1), ==, H_SUCCESS);
    g_assert_cmpint(send_indirect(&dev, at, 128), ==, H_DROPPED);
    g_assert_cmpint(send_indirect(&dev, at, 127), ==, H_SUCCESS);
    sub_expect(&sub, MSG(0x80, 1, 2), 1);
    sub_expect_messages(&sub, 127);
    qtest_quit(dev.qts);
}

/*
 * H_VIOCTL
 */

static int64_t vioctl(VioDev *dev, uint64_t subfunction, uint64_t parm1,
                      uint64_t parm2, uint64_t parm3)
{
    return hcall(dev->qts, H_VIOCTL, dev->unit, subfunction, parm1, parm2,
                 parm3);
}

#define DISABLE_ALL     0xa
#define DISABLE_IRQ     0xb
#define ENABLE_IRQ      0xc

static void test_vioctl_order(void)
{
    static const uint64_t unknown[] = {
        0, 6, 7, 8, 9, 0x10, 0x12, 0x13, 0x14, 0x15, 0x18, 0x1a, 0x1b, 0x1c,
        0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x2a, 0x40, 1ull << 32 | 1, UINT64_MAX,
    };
    static const uint64_t known[] = { 1, 2, DISABLE_ALL, DISABLE_IRQ,
                                      ENABLE_IRQ };
    VioDev dev = start();
    VioDev nobody = { .qts = dev.qts, .unit = dev.unit + 1 };
    VioDev nvram = { .qts = dev.qts, .unit = NVRAM_UNIT };

    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        g_assert_cmpint(vioctl(&dev, unknown[i], 0, 0, 0), ==, H_NOT_FOUND);
        g_assert_cmpint(vioctl(&nobody, unknown[i], 1, 1, 1), ==, H_NOT_FOUND);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        g_assert_cmpint(vioctl(&nobody, known[i], 0, 0, 0), ==, H_PARAMETER);
        /* A parameter too many */
        g_assert_cmpint(vioctl(&dev, known[i], dev.irq, 1, 0), ==, H_PARAMETER);
        g_assert_cmpint(vioctl(&dev, known[i], dev.irq, 0, 1), ==, H_PARAMETER);
        g_assert_cmpint(vioctl(&dev, known[i], dev.irq, 0, 1ull << 63), ==,
                        H_PARAMETER);
    }
    g_assert_cmpint(vioctl(&dev, 1, 1, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, DISABLE_ALL, 1, 0, 0), ==, H_PARAMETER);
    /* Not for adapters without sub-CRQs */
    g_assert_cmpint(vioctl(&nvram, DISABLE_ALL, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, ENABLE_IRQ, 0, 0, 0), ==, H_PARAMETER);
    qtest_quit(dev.qts);
}

static size_t dump_size(VioDev *dev)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(dev->qts, rets, H_VIOCTL, dev->unit, 1), ==,
                    H_SUCCESS);
    g_assert_cmpuint(rets[0], >, 0);
    g_assert_cmpuint(rets[0], <, TCE_PAGE);
    return rets[0];
}

static void test_vioctl_dump(void)
{
    VioDev dev = start_open();
    size_t size = dump_size(&dev);
    char text[TCE_PAGE] = { };
    const uint64_t to = BUFFER_IOBA + 8;

    vio_map(&dev, BUFFER_IOBA, BUFFER, TCE_PAGE, TCE_W);
    vio_map(&dev, BUFFER_IOBA + TCE_PAGE, BUFFER + TCE_PAGE, TCE_PAGE, TCE_R);

    /* Room for it and more: what is left is cleared */
    qtest_memset(dev.qts, BUFFER, 0xa5, TCE_PAGE);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(size + 100) | to, 0, 0), ==,
                    H_SUCCESS);
    qtest_memread(dev.qts, BUFFER + 8, text, size + 100);
    g_assert_cmpuint(strlen(text), ==, size);
    g_assert_nonnull(strstr(text, "spapr-crq-testdev@71000000"));
    g_assert_nonnull(strstr(text, "crq=0x0000000000100000 "));
    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmphex(text[size + i], ==, 0);
    }
    spapr_qtest_untouched(dev.qts, BUFFER, 8);
    spapr_qtest_untouched(dev.qts, BUFFER + 8 + size + 100, 1000);

    /* Just enough, too little, nothing */
    g_assert_cmpint(vioctl(&dev, 2, COUNT(size) | to, 0, 0), ==, H_SUCCESS);
    qtest_memset(dev.qts, BUFFER, 0xa5, TCE_PAGE);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(10) | to, 0, 0), ==, H_CONSTRAINED);
    spapr_qtest_untouched(dev.qts, BUFFER + 18, 1000);
    qtest_memread(dev.qts, BUFFER + 8, text, 10);
    g_assert_cmpmem(text, 10, "spapr-crq-", 10);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(0) | to, 0, 0), ==, H_CONSTRAINED);

    /* Bad descriptors: control byte, address */
    for (unsigned bit = 56; bit < 64; bit++) {
        g_assert_cmpint(vioctl(&dev, 2, 1ull << bit | COUNT(size) | to, 0, 0),
                        ==, H_PARAMETER);
    }
    qtest_memset(dev.qts, BUFFER, 0xa5, 2 * TCE_PAGE);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(size) | (BUFFER_IOBA + TCE_PAGE - 1),
                           0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(TCE_PAGE + 1) | BUFFER_IOBA, 0, 0),
                    ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(0xffffff) | BUFFER_IOBA, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(size) | dev.window, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, 2, COUNT(0xffffff) | 0xffffffff, 0, 0), ==,
                    H_PARAMETER);
    spapr_qtest_untouched(dev.qts, BUFFER, 2 * TCE_PAGE);
    qtest_quit(dev.qts);
}

/* An adapter without a DMA window gets a page */
static void test_vioctl_dump_page(void)
{
    VioDev dev = start();
    VioDev nvram = { .qts = dev.qts, .unit = NVRAM_UNIT };
    char text[TCE_PAGE] = { };
    size_t size = dump_size(&nvram);

    qtest_memset(dev.qts, BUFFER, 0xa5, TCE_PAGE);
    g_assert_cmpint(vioctl(&nvram, 2, BUFFER, 0, 0), ==, H_SUCCESS);
    qtest_memread(dev.qts, BUFFER, text, size);
    g_assert_nonnull(strstr(text, "spapr-nvram@70000000"));
    g_assert_cmpint(vioctl(&nvram, 2, RAM_END - TCE_PAGE, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&nvram, 2, BUFFER + 8, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, 2, BUFFER + 2048, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, 2, RAM_END, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, 2, -TCE_PAGE, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, 2, BUFFER, 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&nvram, 2, BUFFER, 0, 1), ==, H_PARAMETER);
    qtest_quit(dev.qts);
}

static void test_vioctl_interrupts(void)
{
    VioDev dev = start_open();
    SubCrq sub, other;

    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    g_assert_cmpint(sub_register(&dev, &other, 1, TCE_PAGE), ==, H_SUCCESS);
    vio_route_irq(dev.qts, dev.irq);
    vio_route_irq(dev.qts, sub.irq);
    vio_route_irq(dev.qts, other.irq);

    /* Disabled at first; what came then never interrupts */
    g_assert_cmpint(sub_send(&sub, 0), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, sub.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);

    /* Each queue has its own */
    g_assert_cmpint(sub_send(&sub, 0), ==, H_SUCCESS);
    expect_irq(&dev, sub.irq);
    g_assert_cmpint(sub_send(&other, 0), ==, H_SUCCESS);
    check_echo(&dev);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, other.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, dev.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(sub_send(&other, 0), ==, H_SUCCESS);
    expect_irq(&dev, other.irq);
    check_echo(&dev);
    expect_irq(&dev, dev.irq);

    /* One for a batch, none for what was dropped */
    g_assert_cmpint(sub_batch(&sub, 100), ==, H_SUCCESS);
    expect_irq(&dev, sub.irq);
    g_assert_cmpint(sub_batch(&sub, 100), ==, H_DROPPED);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);

    /* H_VIO_SIGNAL and H_VIOCTL switch the same */
    g_assert_cmpint(vio_signal(&dev, 0), ==, H_SUCCESS);
    check_echo(&dev);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&dev, DISABLE_IRQ, dev.irq, 0, 0), ==, H_SUCCESS);
    check_echo(&dev);
    g_assert_cmpint(vioctl(&dev, DISABLE_IRQ, sub.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    g_assert_cmpint(sub_send(&other, 0), ==, H_SUCCESS);
    expect_irq(&dev, other.irq);

    /* All */
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, sub.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&dev, DISABLE_ALL, 0, 0, 0), ==, H_SUCCESS);
    check_echo(&dev);
    g_assert_cmpint(sub_send(&sub, 0), ==, H_SUCCESS);
    g_assert_cmpint(sub_send(&other, 0), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);

    /* Numbers that are no queue's, or no longer */
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, 0, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, 2, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, dev.irq + 1, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, sub.irq | 1ull << 32, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, dev.irq | 1ull << 32, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, other.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(sub_free(&other), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, other.irq, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(vioctl(&dev, DISABLE_IRQ, other.irq, 0, 0), ==,
                    H_PARAMETER);
    /* A new queue starts disabled */
    g_assert_cmpint(sub_register(&dev, &other, 1, TCE_PAGE), ==, H_SUCCESS);
    g_assert_cmpint(sub_send(&other, 0), ==, H_SUCCESS);
    g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
    qtest_quit(dev.qts);
}

/*
 * Reset and migration
 */

static void test_reset(void)
{
    VioDev dev = start_open();
    SubCrq sub;

    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    for (int i = 0; i < 2; i++) {
        check_echo(&dev);
        g_assert_cmpint(vio_signal(&dev, 1), ==, H_SUCCESS);
        if (i) {
            set_partner_open(&dev, false);
        } else {
            g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT,
                                         CODE(PARTNER_SUSPENDED)), 0), ==,
                            H_SUCCESS);
        }
        qtest_system_reset(dev.qts);
        check_connections(&dev, 0);
        g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
        g_assert_cmpint(sub_send(&sub, 0), ==, H_CLOSED);
        g_assert_cmpint(sub_free(&sub), ==, H_PARAMETER);
        /* Not mapped any more, so to speak */
        g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA,
                              TCE_PAGE), ==, H_PARAMETER);
        vio_route_irq(dev.qts, dev.irq);
        vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
        check_echo(&dev);
        g_assert_cmphex(vio_pending_irq(dev.qts), ==, 0);
        g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    }
    qtest_quit(dev.qts);
}

/* Of two sources in any order, perhaps the first of them twice */
static void take_two_irqs(VioDev *dev, uint32_t first, uint32_t second)
{
    bool seen[2] = { };

    for (int i = 0; i < 3; i++) {
        uint32_t irq = vio_take_irq(dev->qts);

        seen[0] |= irq == first;
        seen[1] |= irq == second;
    }
    g_assert_true(seen[0]);
    g_assert_true(seen[1]);
    g_assert_cmphex(vio_pending_irq(dev->qts), ==, 0);
}

/* Everything goes on where it was, and nobody is told */
static void test_migration(void)
{
    VioDev dev = start_open();
    SubCrq sub, other;

    g_assert_cmpint(sub_register(&dev, &other, 1, TCE_PAGE), ==, H_SUCCESS);
    g_assert_cmpint(sub_register(&dev, &sub, 0, TCE_PAGE), ==, H_SUCCESS);
    g_assert_cmpint(sub_free(&other), ==, H_SUCCESS);
    vio_route_irq(dev.qts, dev.irq);
    vio_route_irq(dev.qts, sub.irq);
    for (int i = 0; i < 20; i++) {
        check_echo(&dev);
    }
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, dev.irq, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(vioctl(&dev, ENABLE_IRQ, sub.irq, 0, 0), ==, H_SUCCESS);
    /* With messages that nobody has taken, and interrupts */
    fill(&dev);
    g_assert_cmpint(sub_batch(&sub, 100), ==, H_SUCCESS);
    migrate(&dev);

    take_two_irqs(&dev, dev.irq, sub.irq);
    check_connections(&dev, 1);
    expect_counted(&dev, 0, PAGE_ENTRIES);
    vio_crq_expect_none(&dev);
    check_echo(&dev);
    expect_irq(&dev, dev.irq);
    sub_expect_batch(&sub, 100);
    sub_check_echo(&sub);
    expect_irq(&dev, sub.irq);
    g_assert_cmpint(sub_free(&other), ==, H_PARAMETER);
    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE_IOBA, TCE_PAGE),
                    ==, H_RESOURCE);

    /* States in which nothing is sent */
    g_assert_cmpint(vio_crq_send(&dev, COMMAND(EVENT, CODE(PARTNER_SUSPENDED)),
                                 0), ==, H_SUCCESS);
    migrate(&dev);
    vio_crq_expect(&dev, EVENT(PARTNER_SUSPENDED), 0);
    check_suspended(&dev);
    g_assert_cmpint(hcall(dev.qts, H_ENABLE_CRQ, dev.unit), ==, H_SUCCESS);
    check_echo(&dev);
    set_partner_open(&dev, false);
    migrate(&dev);
    vio_crq_expect(&dev, EVENT(PARTNER_CLOSED), 0);
    check_suspended(&dev);
    set_partner_open(&dev, true);
    vio_crq_expect(&dev, INIT, 0);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    migrate(&dev);
    check_connections(&dev, 0);
    g_assert_cmpint(vio_crq_send(&dev, INIT, 0), ==, H_CLOSED);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    qtest_quit(dev.qts);
}

/* Where @dev's queue is in a saved machine: address, size, next entry */
static uint8_t *find_queue(VioDev *dev, char *state, size_t len)
{
    uint8_t queue[24];
    uint8_t *at;

    stq_be_p(queue, QUEUE_IOBA);
    stq_be_p(queue + 8, dev->crq_size);
    stq_be_p(queue + 16, dev->crq_next);
    at = memmem(state, len, queue, sizeof(queue));
    g_assert_nonnull(at);
    g_assert_null(memmem(at + 1, state + len - (char *)at - 1, queue,
                         sizeof(queue)));
    return at;
}

/* A queue that no guest could have registered is refused */
static void test_bad_migration(void)
{
    static const uint64_t bad[][3] = {
        { QUEUE_IOBA + 16, TCE_PAGE, 0 }, { QUEUE_IOBA, TCE_PAGE + 16, 0 },
        { QUEUE_IOBA, TCE_PAGE, 8 }, { QUEUE_IOBA, TCE_PAGE, TCE_PAGE },
        { QUEUE_IOBA, TCE_PAGE, -16 }, { -TCE_PAGE, TCE_PAGE, 0 },
        { QUEUE_IOBA, -TCE_PAGE, 0 }, { QUEUE_IOBA, 0, 0 }, { 0, 0, 16 },
    };
    VioDev dev = start_open();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL, *options = NULL, *state = NULL;
    uint8_t *queue;
    gsize len;

    check_echo(&dev);
    path = spapr_qtest_save(dev.qts);
    options = g_strdup_printf(TESTDEV "-incoming file:%s", path);
    g_file_get_contents(path, &state, &len, &error);
    g_assert_no_error(error);
    queue = find_queue(&dev, state, len);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *errors = NULL;

        for (unsigned j = 0; j < 3; j++) {
            stq_be_p(queue + j * 8, bad[i][j]);
        }
        g_file_set_contents(path, state, len, &error);
        g_assert_no_error(error);
        errors = spapr_qtest_fail(options);
        g_assert_nonnull(strstr(errors, "spapr-crq:queue"));
    }
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-crq/units", test_units);
    qtest_add_func("spapr-crq/register", test_register);
    qtest_add_func("spapr-crq/register-all", test_register_all);
    qtest_add_func("spapr-crq/handshake", test_handshake);
    qtest_add_func("spapr-crq/headers", test_headers);
    qtest_add_func("spapr-crq/full", test_full);
    qtest_add_func("spapr-crq/dirty", test_dirty);
    qtest_add_func("spapr-crq/remapped", test_remapped);
    qtest_add_func("spapr-crq/interrupt", test_interrupt);
    qtest_add_func("spapr-crq/signal-modes", test_signal_modes);
    qtest_add_func("spapr-crq/events", test_events);
    qtest_add_func("spapr-crq/suspend", test_suspend);
    qtest_add_func("spapr-crq/partner", test_partner);
    qtest_add_func("spapr-crq/partner-full", test_partner_full);
    qtest_add_func("spapr-crq/busy", test_busy);
    qtest_add_func("spapr-crq/dma", test_dma);
    qtest_add_func("spapr-crq/bypass", test_bypass);
    qtest_add_func("spapr-crq/quiesce", test_quiesce);
    qtest_add_func("spapr-crq/sub-register", test_sub_register);
    qtest_add_func("spapr-crq/sub-closed", test_sub_closed);
    qtest_add_func("spapr-crq/sub-send", test_sub_send);
    qtest_add_func("spapr-crq/sub-batch", test_sub_batch);
    qtest_add_func("spapr-crq/sub-indirect", test_sub_indirect);
    qtest_add_func("spapr-crq/vioctl-order", test_vioctl_order);
    qtest_add_func("spapr-crq/vioctl-dump", test_vioctl_dump);
    qtest_add_func("spapr-crq/vioctl-dump-page", test_vioctl_dump_page);
    qtest_add_func("spapr-crq/vioctl-interrupts", test_vioctl_interrupts);
    qtest_add_func("spapr-crq/reset", test_reset);
    qtest_add_func("spapr-crq/migration", test_migration);
    qtest_add_func("spapr-crq/bad-migration", test_bad_migration);
    return g_test_run();
}
