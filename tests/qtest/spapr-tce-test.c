/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest: TCE tables and the DMA windows of virtual adapters of the sPAPR board
 *
 * LoPAR, "Translation Control Entry Access". The device that does DMA is a test
 * device that copies when it is told to: hw/misc/spapr_crq_testdev.c.
 */

#include "qemu/osdep.h"
#include "hw/misc/spapr_crq_testdev.h"
#include "spapr-mailbox.h"
#include "spapr-vio-qtest.h"

#define TESTDEV         "-m 256 -device spapr-crq-testdev "
#define BOARD           "-machine pseries -nodefaults " TESTDEV

#define UNIT            0x71000000
/* An adapter that does no DMA */
#define NVRAM_UNIT      0x70000000

#define WINDOW          CRQ_TESTDEV_WINDOW
#define RAM_END         (256 * MiB)
#define CALL_MAX        512

/* Guest memory */
#define LIST            (16 * MiB)
#define QUEUE           (32 * MiB)
#define PAGE_A          (64 * MiB)
#define PAGE_B          (65 * MiB)
#define PAGE_C          (66 * MiB)

/* I/O addresses */
#define QUEUE_IOBA      0x100000
#define IOBA_A          0x800000
#define IOBA_C          0xa00000

#define COPY_DONE       CRQ_TESTDEV_COPY
#define NOT_READ        CRQ_TESTDEV_COPY_READ_FAILED
#define NOT_WRITTEN     CRQ_TESTDEV_COPY_WRITE_FAILED

static VioDev start(void)
{
    return vio_find(qtest_init(BOARD), "crq-testdev", 0);
}

/* Another machine goes on from where @dev's is, which ends */
static void migrate(VioDev *dev)
{
    g_autofree char *path = spapr_qtest_save(dev->qts);

    dev->qts = qtest_init(BOARD "-incoming defer");
    spapr_qtest_load(dev->qts, path);
    unlink(path);
}

static int64_t put(VioDev *dev, uint64_t ioba, uint64_t tce)
{
    return hcall(dev->qts, H_PUT_TCE, dev->liobn, ioba, tce);
}

static int64_t stuff(VioDev *dev, uint64_t ioba, uint64_t tce, uint64_t count)
{
    return hcall(dev->qts, H_STUFF_TCE, dev->liobn, ioba, tce, count);
}

static int64_t put_list(VioDev *dev, uint64_t ioba, uint64_t list,
                        uint64_t count)
{
    return hcall(dev->qts, H_PUT_TCE_INDIRECT, dev->liobn, ioba, list, count);
}

static void expect_tce(VioDev *dev, uint64_t ioba, uint64_t tce)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(dev->qts, rets, H_GET_TCE, dev->liobn, ioba), ==,
                    H_SUCCESS);
    g_assert_cmphex(rets[0], ==, tce);
}

/* Each page from @ioba on, @count of them, but nothing around them */
static void expect_range(VioDev *dev, uint64_t ioba, uint64_t tce,
                         uint64_t step, unsigned count)
{
    if (ioba) {
        expect_tce(dev, ioba - 1, 0);
    }
    for (unsigned i = 0; i < count; i++) {
        expect_tce(dev, ioba + i * TCE_PAGE, tce + i * step);
    }
    if (ioba + count * TCE_PAGE < dev->window) {
        expect_tce(dev, ioba + count * TCE_PAGE, 0);
    }
}

/*
 * H_PUT_TCE and H_GET_TCE
 */

static void test_put(void)
{
    /* All bits come back, those that mean nothing too */
    static const uint64_t tces[] = {
        PAGE_A | TCE_RW, PAGE_B | TCE_R, PAGE_C | TCE_W, TCE_RW, 0,
        PAGE_A, ~(uint64_t)TCE_RW, PAGE_A | 0xffc, PAGE_A | 0xfff,
        (RAM_END - TCE_PAGE) | TCE_RW, 1ULL << 63,
    };
    static const uint64_t iobas[] = {
        0, TCE_PAGE, 511 * TCE_PAGE, 512 * TCE_PAGE, WINDOW / 2,
        WINDOW - TCE_PAGE,
    };
    VioDev dev = start();

    for (unsigned i = 0; i < ARRAY_SIZE(iobas); i++) {
        expect_tce(&dev, iobas[i], 0);
    }
    for (unsigned t = 0; t < ARRAY_SIZE(tces); t++) {
        for (unsigned i = 0; i < ARRAY_SIZE(iobas); i++) {
            g_assert_cmpint(put(&dev, iobas[i], tces[t]), ==, H_SUCCESS);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(iobas); i++) {
            expect_tce(&dev, iobas[i], tces[t]);
        }
    }
    expect_tce(&dev, 2 * TCE_PAGE, 0);
    /* It is the page that counts */
    g_assert_cmpint(put(&dev, TCE_PAGE + 0xfff, PAGE_A | TCE_R), ==, H_SUCCESS);
    expect_tce(&dev, TCE_PAGE, PAGE_A | TCE_R);
    expect_tce(&dev, TCE_PAGE + 1, PAGE_A | TCE_R);
    expect_tce(&dev, 2 * TCE_PAGE, 0);
    qtest_quit(dev.qts);
}

/* Numbers that are no window's */
static const uint64_t bad_liobns[] = {
    0, 1, NVRAM_UNIT, UNIT + 1, UNIT - 1, UINT32_MAX, UNIT | 1ULL << 32,
    UNIT | 1ULL << 62,
};
/* I/O addresses outside of it */
static const uint64_t bad_iobas[] = {
    WINDOW, WINDOW + 1, 2ULL * WINDOW, 1ULL << 32, 1ULL << 63, -1,
    -(uint64_t)TCE_PAGE,
};
/* What is not memory, or not all of it */
static const uint64_t bad_tces[] = {
    RAM_END | TCE_RW, RAM_END | TCE_R, RAM_END | TCE_W, 1ULL << 32 | TCE_R,
    1ULL << 63 | TCE_R, -1, -(uint64_t)TCE_PAGE | TCE_W,
};

static void test_put_errors(void)
{
    VioDev dev = start();
    QTestState *qts = dev.qts;
    const uint64_t tce = PAGE_A | TCE_RW;
    const uint64_t left = 0x123456789abcdef0;
    uint64_t rets[SPAPR_QTEST_REGS];

    for (unsigned i = 0; i < ARRAY_SIZE(bad_liobns); i++) {
        assert_hcall(H_PARAMETER, H_PUT_TCE, bad_liobns[i], 0, tce);
        g_assert_cmpint(hcall_rets(qts, rets, H_GET_TCE, bad_liobns[i], 0,
                                   left), ==, H_PARAMETER);
        g_assert_cmphex(rets[0], ==, bad_liobns[i]);
        g_assert_cmphex(rets[2], ==, left);
    }
    assert_hcall(H_PARAMETER, H_PUT_TCE, -1, 0, tce);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_iobas); i++) {
        g_assert_cmpint(put(&dev, bad_iobas[i], tce), ==, H_PARAMETER);
        g_assert_cmpint(put(&dev, bad_iobas[i], 0), ==, H_PARAMETER);
        assert_hcall(H_PARAMETER, H_GET_TCE, dev.liobn, bad_iobas[i]);
    }
    g_assert_cmpint(put(&dev, IOBA_A, tce), ==, H_SUCCESS);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_tces); i++) {
        g_assert_cmpint(put(&dev, IOBA_A, bad_tces[i]), ==, H_PARAMETER);
        expect_tce(&dev, IOBA_A, tce);
        /* With no access it is a number like any other */
        g_assert_cmpint(put(&dev, IOBA_C, bad_tces[i] & ~TCE_RW), ==,
                        H_SUCCESS);
        expect_tce(&dev, IOBA_C, bad_tces[i] & ~TCE_RW);
    }
    qtest_quit(qts);
}

/*
 * H_STUFF_TCE
 */

static void test_stuff(void)
{
    VioDev dev = start();
    const uint64_t tce = PAGE_A | TCE_RW;
    const uint64_t across = 300 * TCE_PAGE;
    const uint64_t end = WINDOW - CALL_MAX * TCE_PAGE;

    g_assert_cmpint(stuff(&dev, across, tce, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, across, tce, 0, CALL_MAX);
    g_assert_cmpint(stuff(&dev, across, PAGE_B, 0), ==, H_SUCCESS);
    g_assert_cmpint(stuff(&dev, across + 7, PAGE_B | TCE_R, 1), ==, H_SUCCESS);
    expect_tce(&dev, across, PAGE_B | TCE_R);
    expect_tce(&dev, across + TCE_PAGE, tce);
    g_assert_cmpint(stuff(&dev, across, 0, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, across, 0, 0, CALL_MAX);

    g_assert_cmpint(stuff(&dev, end, tce, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, end, tce, 0, CALL_MAX);
    g_assert_cmpint(stuff(&dev, WINDOW - 1, 0, 1), ==, H_SUCCESS);
    expect_tce(&dev, WINDOW - TCE_PAGE, 0);
    /* Where nothing has been put there is nothing to clear */
    g_assert_cmpint(stuff(&dev, WINDOW / 2, 0, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, WINDOW / 2, 0, 0, CALL_MAX);
    qtest_quit(dev.qts);
}

static void test_stuff_errors(void)
{
    VioDev dev = start();
    QTestState *qts = dev.qts;
    const uint64_t tce = PAGE_A | TCE_RW;

    g_assert_cmpint(stuff(&dev, IOBA_A, tce, 2), ==, H_SUCCESS);
    /* First of all there must be a table, and a TCE in it */
    for (unsigned i = 0; i < ARRAY_SIZE(bad_liobns); i++) {
        assert_hcall(H_PARAMETER, H_STUFF_TCE, bad_liobns[i], 0, tce, 1);
        assert_hcall(H_PARAMETER, H_STUFF_TCE, bad_liobns[i], 0, tce, -1);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_iobas); i++) {
        g_assert_cmpint(stuff(&dev, bad_iobas[i], tce, 1), ==, H_PARAMETER);
        g_assert_cmpint(stuff(&dev, bad_iobas[i], tce, 0), ==, H_PARAMETER);
        g_assert_cmpint(stuff(&dev, bad_iobas[i], tce, 513), ==, H_PARAMETER);
    }
    /* Then the count */
    g_assert_cmpint(stuff(&dev, IOBA_A, -1, 513), ==, H_P4);
    g_assert_cmpint(stuff(&dev, IOBA_A, 0, 1ULL << 32), ==, H_P4);
    g_assert_cmpint(stuff(&dev, IOBA_A, 0, -1), ==, H_P4);
    g_assert_cmpint(stuff(&dev, WINDOW - TCE_PAGE, 0, 513), ==, H_P4);
    /* Then the end of the window */
    g_assert_cmpint(stuff(&dev, WINDOW - TCE_PAGE, 0, 2), ==, H_PARAMETER);
    g_assert_cmpint(stuff(&dev, WINDOW - 511 * TCE_PAGE, tce, 512), ==,
                    H_PARAMETER);
    expect_range(&dev, WINDOW - 511 * TCE_PAGE, 0, 0, 511);
    /* And then the page */
    for (unsigned i = 0; i < ARRAY_SIZE(bad_tces); i++) {
        g_assert_cmpint(stuff(&dev, IOBA_A, bad_tces[i], 2), ==, H_PARAMETER);
    }
    expect_range(&dev, IOBA_A, tce, 0, 2);
    qtest_quit(qts);
}

/*
 * H_PUT_TCE_INDIRECT
 */

/* Count up from @tce, in a list of 512 */
static void write_list(VioDev *dev, uint64_t addr, uint64_t tce)
{
    uint8_t list[TCE_PAGE];

    for (unsigned i = 0; i < CALL_MAX; i++) {
        stq_be_p(list + 8 * i, tce + i * TCE_PAGE);
    }
    qtest_memwrite(dev->qts, addr, list, sizeof(list));
}

static void test_list(void)
{
    VioDev dev = start();
    const uint64_t across = 300 * TCE_PAGE;
    const uint64_t end = WINDOW - CALL_MAX * TCE_PAGE;
    const uint64_t last = RAM_END - TCE_PAGE;
    const uint64_t tce = PAGE_A | TCE_RW;

    write_list(&dev, LIST, tce);
    g_assert_cmpint(put_list(&dev, across, LIST, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, across, tce, TCE_PAGE, CALL_MAX);
    g_assert_cmpint(put_list(&dev, end, LIST, CALL_MAX), ==, H_SUCCESS);
    expect_range(&dev, end, tce, TCE_PAGE, CALL_MAX);
    g_assert_cmpint(put_list(&dev, 0, LIST, 0), ==, H_SUCCESS);
    expect_tce(&dev, 0, 0);
    g_assert_cmpint(put_list(&dev, 7, LIST, 1), ==, H_SUCCESS);
    expect_range(&dev, 0, tce, 0, 1);

    /* A list in the last page of memory; what is behind the count is nothing */
    write_list(&dev, last, PAGE_B | TCE_R);
    qtest_writeq(dev.qts, last + 2 * 8, -1);
    g_assert_cmpint(put_list(&dev, across, last, 2), ==, H_SUCCESS);
    expect_tce(&dev, across, PAGE_B | TCE_R);
    expect_tce(&dev, across + TCE_PAGE, (PAGE_B + TCE_PAGE) | TCE_R);
    expect_tce(&dev, across + 2 * TCE_PAGE, tce + 2 * TCE_PAGE);

    /* Mapped and unmapped in one list */
    qtest_writeq(dev.qts, LIST + 8, 0);
    g_assert_cmpint(put_list(&dev, across, LIST, 3), ==, H_SUCCESS);
    expect_tce(&dev, across, tce);
    expect_tce(&dev, across + TCE_PAGE, 0);
    expect_tce(&dev, across + 2 * TCE_PAGE, tce + 2 * TCE_PAGE);
    qtest_quit(dev.qts);
}

static void test_list_errors(void)
{
    static const uint64_t bad_lists[] = {
        LIST + 8, LIST + 1, LIST + TCE_PAGE / 2, RAM_END, 1ULL << 63, -1,
        -(uint64_t)TCE_PAGE,
    };
    static const unsigned places[] = { 0, 1, 255, 511 };
    VioDev dev = start();
    QTestState *qts = dev.qts;
    const uint64_t tce = PAGE_A | TCE_RW;

    write_list(&dev, LIST, tce);
    /* A negative number asks for several tables at once */
    assert_hcall(H_FUNCTION, H_PUT_TCE_INDIRECT, -1, 0, LIST, 1);
    assert_hcall(H_FUNCTION, H_PUT_TCE_INDIRECT, -129, -1, -1, -1);
    assert_hcall(H_FUNCTION, H_PUT_TCE_INDIRECT, 1ULL << 63, 0, LIST, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_liobns); i++) {
        assert_hcall(H_PARAMETER, H_PUT_TCE_INDIRECT, bad_liobns[i], 0, LIST,
                     1);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_iobas); i++) {
        g_assert_cmpint(put_list(&dev, bad_iobas[i], LIST, 1), ==, H_PARAMETER);
        g_assert_cmpint(put_list(&dev, bad_iobas[i], LIST, 0), ==, H_PARAMETER);
    }
    g_assert_cmpint(put_list(&dev, IOBA_A, LIST, 513), ==, H_PARAMETER);
    g_assert_cmpint(put_list(&dev, IOBA_A, LIST, -1), ==, H_PARAMETER);
    g_assert_cmpint(put_list(&dev, WINDOW - TCE_PAGE, LIST, 2), ==,
                    H_PARAMETER);
    expect_tce(&dev, WINDOW - TCE_PAGE, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_lists); i++) {
        g_assert_cmpint(put_list(&dev, IOBA_A, bad_lists[i], 1), ==,
                        H_PARAMETER);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad_tces); i++) {
        unsigned at = places[i % ARRAY_SIZE(places)];

        write_list(&dev, LIST, tce);
        qtest_writeq(qts, LIST + 8 * at, bad_tces[i]);
        g_assert_cmpint(put_list(&dev, IOBA_A, LIST, CALL_MAX), ==,
                        H_PARAMETER);
    }
    expect_range(&dev, IOBA_A, 0, 0, CALL_MAX);
    qtest_quit(qts);
}

/*
 * DMA
 */

/* Have the device copy; returns how it went */
static unsigned copy(VioDev *dev, uint64_t to, uint64_t from, uint16_t len)
{
    uint64_t high, low;

    g_assert_cmpint(vio_crq_send(dev, 0x80ULL << 56 |
                                 (uint64_t)CRQ_TESTDEV_COPY << 48 |
                                 (uint64_t)len << 32 | to, from), ==,
                    H_SUCCESS);
    vio_crq_wait(dev, &high, &low);
    return extract64(high, 48, 8);
}

static void fill(VioDev *dev, uint64_t addr, const char *text)
{
    qtest_memwrite(dev->qts, addr, text, strlen(text));
}

static void expect_text(VioDev *dev, uint64_t addr, const char *text)
{
    g_autofree char *data = g_malloc0(strlen(text) + 1);

    qtest_memread(dev->qts, addr, data, strlen(text));
    g_assert_cmpstr(data, ==, text);
}

static VioDev start_dma(void)
{
    VioDev dev = start();

    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    return dev;
}

static void test_dma(void)
{
    VioDev dev = start_dma();

    fill(&dev, PAGE_A + 0x10, "from a");
    fill(&dev, PAGE_B + 0x10, "from b");

    /* Nothing is mapped, then one side, then both */
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, NOT_READ);
    vio_map(&dev, IOBA_A, PAGE_A, TCE_PAGE, TCE_R);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, NOT_WRITTEN);
    vio_map(&dev, IOBA_C, PAGE_C, TCE_PAGE, TCE_W);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, COPY_DONE);
    expect_text(&dev, PAGE_C, "from a");

    /* What access is for */
    g_assert_cmphex(copy(&dev, IOBA_A, IOBA_A + 0x10, 6), ==, NOT_WRITTEN);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_C, 6), ==, NOT_READ);

    /* Another page in place of the first is seen at once, and so is none */
    vio_map(&dev, IOBA_A, PAGE_B, TCE_PAGE, TCE_RW);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, COPY_DONE);
    expect_text(&dev, PAGE_C, "from b");
    vio_unmap(&dev, IOBA_A, TCE_PAGE);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, NOT_READ);
    g_assert_cmpint(stuff(&dev, IOBA_A, PAGE_A | TCE_R, 1), ==, H_SUCCESS);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, COPY_DONE);
    expect_text(&dev, PAGE_C, "from a");
    g_assert_cmpint(stuff(&dev, IOBA_C, PAGE_C, 1), ==, H_SUCCESS);
    g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A + 0x10, 6), ==, NOT_WRITTEN);
    qtest_quit(dev.qts);
}

/* Pages in a row that are anywhere in memory, and the end of it all */
static void test_dma_pages(void)
{
    VioDev dev = start_dma();
    const uint64_t to = WINDOW - 2 * TCE_PAGE;

    vio_map(&dev, IOBA_A, PAGE_A, TCE_PAGE, TCE_R);
    vio_map(&dev, IOBA_A + TCE_PAGE, PAGE_B, TCE_PAGE, TCE_R);
    vio_map(&dev, to, RAM_END - TCE_PAGE, TCE_PAGE, TCE_W);
    vio_map(&dev, to + TCE_PAGE, PAGE_C, TCE_PAGE, TCE_W);
    fill(&dev, PAGE_A + TCE_PAGE - 3, "one");
    fill(&dev, PAGE_B, "two");

    g_assert_cmphex(copy(&dev, to + TCE_PAGE - 2, IOBA_A + TCE_PAGE - 3, 6), ==,
                    COPY_DONE);
    expect_text(&dev, RAM_END - 2, "on");
    expect_text(&dev, PAGE_C, "etwo");

    /* The next page isn't there, or is outside of the window */
    g_assert_cmphex(copy(&dev, to, IOBA_A + TCE_PAGE, TCE_PAGE + 1), ==,
                    NOT_READ);
    g_assert_cmphex(copy(&dev, WINDOW - 3, IOBA_A, 6), ==, NOT_WRITTEN);
    g_assert_cmphex(copy(&dev, to, WINDOW, 1), ==, NOT_READ);
    g_assert_cmphex(copy(&dev, to, -8, 16), ==, NOT_READ);
    g_assert_cmphex(copy(&dev, to, PAGE_A | 1ULL << 32, 1), ==, NOT_READ);
    qtest_quit(dev.qts);
}

#define BLOCK_PAGES     16
#define BLOCK           (BLOCK_PAGES * TCE_PAGE)
/* The most that the device copies: a byte less than a block */
#define BLOCK_COPY      (BLOCK - 1)

/* A byte of each page at @ioba is the first of a page from @addr on */
static void expect_pages(VioDev *dev, uint64_t ioba, uint64_t addr)
{
    g_autofree uint8_t *data = g_malloc(BLOCK);

    g_assert_cmphex(copy(dev, IOBA_C, ioba, BLOCK_COPY), ==, COPY_DONE);
    qtest_memread(dev->qts, PAGE_C, data, BLOCK);
    for (int i = 0; i < BLOCK_PAGES; i++) {
        uint8_t want;

        qtest_memread(dev->qts, addr + i * TCE_PAGE, &want, 1);
        g_assert_cmphex(data[i * TCE_PAGE], ==, want);
    }
}

/* Pages in a row of I/O addresses and in memory, all but one of them */
static void test_dma_blocks(void)
{
    VioDev dev = start_dma();

    for (int i = 0; i < 2 * BLOCK_PAGES; i++) {
        uint8_t number = i + 1;

        qtest_memwrite(dev.qts, PAGE_A + i * TCE_PAGE, &number, 1);
    }
    fill(&dev, PAGE_B, "B");
    vio_map(&dev, IOBA_C, PAGE_C, BLOCK, TCE_W);

    /* As a guest with larger pages has them, and shifted against that */
    vio_map(&dev, IOBA_A, PAGE_A, BLOCK, TCE_R);
    expect_pages(&dev, IOBA_A, PAGE_A);
    vio_map(&dev, IOBA_A, PAGE_A + TCE_PAGE, BLOCK, TCE_R);
    expect_pages(&dev, IOBA_A, PAGE_A + TCE_PAGE);
    vio_map(&dev, IOBA_A + TCE_PAGE, PAGE_A, BLOCK, TCE_R);
    expect_pages(&dev, IOBA_A + TCE_PAGE, PAGE_A);

    /* One is elsewhere, is of other access, or is not there */
    for (int i = 0; i < BLOCK_PAGES; i++) {
        uint64_t ioba = IOBA_A + i * TCE_PAGE;

        vio_map(&dev, IOBA_A, PAGE_A, BLOCK, TCE_R);
        expect_pages(&dev, IOBA_A, PAGE_A);
        vio_map(&dev, ioba, PAGE_B, TCE_PAGE, TCE_R);
        g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A, BLOCK_COPY), ==, COPY_DONE);
        expect_text(&dev, PAGE_C + i * TCE_PAGE, "B");
        vio_map(&dev, ioba, PAGE_A + i * TCE_PAGE, TCE_PAGE, TCE_W);
        g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A, BLOCK_COPY), ==, NOT_READ);
        vio_unmap(&dev, ioba, TCE_PAGE);
        g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A, BLOCK_COPY), ==, NOT_READ);
        g_assert_cmphex(copy(&dev, IOBA_C, ioba, 1), ==, NOT_READ);
    }

    /* The window's last pages, and memory's */
    vio_map(&dev, WINDOW - BLOCK, RAM_END - BLOCK, BLOCK, TCE_R);
    fill(&dev, RAM_END - 3, "end");
    g_assert_cmphex(copy(&dev, IOBA_C, WINDOW - BLOCK_COPY, BLOCK_COPY), ==,
                    COPY_DONE);
    expect_text(&dev, PAGE_C + BLOCK_COPY - 3, "end");
    g_assert_cmphex(copy(&dev, IOBA_C, WINDOW - 3, 4), ==, NOT_READ);
    qtest_quit(dev.qts);
}

/* Two devices, one I/O address */
static void test_two_windows(void)
{
    QTestState *qts = qtest_init(BOARD "-device spapr-crq-testdev");
    VioDev one = vio_find(qts, "crq-testdev", 0);
    VioDev two = vio_find(qts, "crq-testdev", 1);

    g_assert_cmphex(one.liobn, !=, two.liobn);
    vio_crq_open(&one, QUEUE_IOBA, QUEUE, TCE_PAGE);
    vio_crq_open(&two, QUEUE_IOBA, QUEUE + TCE_PAGE, TCE_PAGE);
    vio_map(&one, IOBA_A, PAGE_A, TCE_PAGE, TCE_RW);
    expect_tce(&two, IOBA_A, 0);
    g_assert_cmphex(copy(&two, IOBA_A, IOBA_A, 8), ==, NOT_READ);
    vio_map(&two, IOBA_A, PAGE_B, TCE_PAGE, TCE_RW);
    expect_tce(&one, IOBA_A, PAGE_A | TCE_RW);
    fill(&one, PAGE_A, "a");
    fill(&one, PAGE_B, "b");
    g_assert_cmphex(copy(&one, IOBA_A + 1, IOBA_A, 1), ==, COPY_DONE);
    g_assert_cmphex(copy(&two, IOBA_A + 1, IOBA_A, 1), ==, COPY_DONE);
    expect_text(&one, PAGE_A, "aa");
    expect_text(&one, PAGE_B, "bb");
    qtest_quit(qts);
}

/*
 * Bypass, quiesce, reset
 */

/* Firmware's own service: it takes no status */
static void set_bypass(VioDev *dev, uint32_t unit, uint32_t on)
{
    g_autofree void *fdt = spapr_qtest_fdt(dev->qts);
    const uint32_t args[] = { unit, on };

    spapr_qtest_rtas(dev->qts, VIO_RTAS_BUF,
                     spapr_qtest_rtas_token(fdt, "ibm,set-tce-bypass"),
                     2, args, 0, NULL);
}

/* As SLOF has it: real addresses, and a queue that no TCE maps */
static void open_bypassed(VioDev *dev)
{
    set_bypass(dev, dev->unit, 1);
    qtest_memset(dev->qts, QUEUE, 0, TCE_PAGE);
    dev->crq_addr = QUEUE;
    dev->crq_size = TCE_PAGE;
    dev->crq_next = 0;
    g_assert_cmpint(hcall(dev->qts, H_REG_CRQ, dev->unit, QUEUE, TCE_PAGE), ==,
                    H_SUCCESS);
    g_assert_cmpint(vio_crq_send(dev, 0xc001ULL << 48, 0), ==, H_SUCCESS);
    vio_crq_expect(dev, 0xc002ULL << 48, 0);
}

static void test_bypass(void)
{
    VioDev dev = start();

    g_assert_cmpint(hcall(dev.qts, H_REG_CRQ, dev.unit, QUEUE, TCE_PAGE), ==,
                    H_PARAMETER);
    vio_map(&dev, IOBA_A, PAGE_B, TCE_PAGE, TCE_RW);
    open_bypassed(&dev);
    fill(&dev, PAGE_A, "bypass");
    g_assert_cmphex(copy(&dev, PAGE_C, PAGE_A, 6), ==, COPY_DONE);
    expect_text(&dev, PAGE_C, "bypass");
    g_assert_cmphex(copy(&dev, RAM_END - 6, PAGE_A, 6), ==, COPY_DONE);
    g_assert_cmphex(copy(&dev, RAM_END - 5, PAGE_A, 6), ==, NOT_WRITTEN);
    g_assert_cmphex(copy(&dev, PAGE_C, RAM_END, 6), ==, NOT_READ);

    /* TCEs can be seen and set, but have no effect */
    expect_tce(&dev, IOBA_A, PAGE_B | TCE_RW);
    vio_map(&dev, IOBA_C, PAGE_C, TCE_PAGE, TCE_RW);
    vio_map(&dev, QUEUE, QUEUE, TCE_PAGE, TCE_RW);
    fill(&dev, IOBA_A, "real");
    g_assert_cmphex(copy(&dev, PAGE_C, IOBA_A, 4), ==, COPY_DONE);
    expect_text(&dev, PAGE_C, "realss");

    /* Of no effect: other devices, and doing it twice */
    set_bypass(&dev, dev.unit, 1);
    set_bypass(&dev, NVRAM_UNIT, 0);
    set_bypass(&dev, 0, 0);
    set_bypass(&dev, -1, 0);
    g_assert_cmphex(copy(&dev, PAGE_C, PAGE_A, 4), ==, COPY_DONE);
    set_bypass(&dev, dev.unit, 0);
    g_assert_cmphex(copy(&dev, PAGE_C, PAGE_A, 4), ==, NOT_READ);
    g_assert_cmphex(copy(&dev, IOBA_A, IOBA_C, 4), ==, COPY_DONE);
    expect_text(&dev, PAGE_B, "bypa");
    qtest_quit(dev.qts);
}

static void check_all_closed(VioDev *dev)
{
    g_assert_cmpint(vio_crq_send(dev, 0xc001ULL << 48, 0), ==, H_CLOSED);
    /* No bypass either */
    g_assert_cmpint(hcall(dev->qts, H_REG_CRQ, dev->unit, PAGE_C, TCE_PAGE), ==,
                    H_PARAMETER);
}

/* Firmware's queues are gone, but TCEs stay */
static void test_quiesce(void)
{
    VioDev dev = start();
    g_autofree void *fdt = spapr_qtest_fdt(dev.qts);
    uint32_t token = spapr_qtest_rtas_token(fdt, "quiesce");

    vio_map(&dev, IOBA_A, PAGE_A, TCE_PAGE, TCE_RW);
    open_bypassed(&dev);
    for (int i = 0; i < 2; i++) {
        spapr_qtest_rtas(dev.qts, VIO_RTAS_BUF, token, 0, NULL, 0, NULL);
        check_all_closed(&dev);
        expect_tce(&dev, IOBA_A, PAGE_A | TCE_RW);
    }
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmphex(copy(&dev, IOBA_A, IOBA_A, 4), ==, COPY_DONE);
    qtest_quit(dev.qts);
}

static void test_reset(void)
{
    VioDev dev = start();

    vio_map(&dev, 0, PAGE_A, TCE_PAGE, TCE_RW);
    vio_map(&dev, IOBA_A, PAGE_A, TCE_PAGE, TCE_RW);
    g_assert_cmpint(put(&dev, WINDOW - 1, PAGE_B), ==, H_SUCCESS);
    open_bypassed(&dev);
    qtest_system_reset(dev.qts);
    check_all_closed(&dev);
    expect_tce(&dev, 0, 0);
    expect_tce(&dev, IOBA_A, 0);
    expect_tce(&dev, WINDOW - 1, 0);
    vio_crq_open(&dev, QUEUE_IOBA, QUEUE, TCE_PAGE);
    g_assert_cmphex(copy(&dev, IOBA_A, IOBA_A, 4), ==, NOT_READ);
    qtest_quit(dev.qts);
}

/*
 * Migration
 */

static void test_migration(void)
{
    VioDev dev = start_dma();
    static const uint64_t iobas[] = {
        0, 511 * TCE_PAGE, 512 * TCE_PAGE, WINDOW / 2 + 5 * TCE_PAGE,
        WINDOW - TCE_PAGE,
    };
    /* In parts of the table that are in use, and in others */
    static const uint64_t unmapped[] = {
        TCE_PAGE, 510 * TCE_PAGE, 513 * TCE_PAGE, WINDOW / 4, WINDOW / 2,
        WINDOW - 2 * TCE_PAGE, IOBA_C,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(iobas); i++) {
        g_assert_cmpint(put(&dev, iobas[i], PAGE_C | i << 2), ==, H_SUCCESS);
    }
    vio_map(&dev, IOBA_A, PAGE_A, TCE_PAGE, TCE_RW);
    /* A part of the table that was in use once */
    vio_map(&dev, IOBA_C, PAGE_C, TCE_PAGE, TCE_RW);
    vio_unmap(&dev, IOBA_C, TCE_PAGE);
    for (unsigned n = 0; n < 2; n++) {
        migrate(&dev);
        for (unsigned i = 0; i < ARRAY_SIZE(iobas); i++) {
            expect_tce(&dev, iobas[i], PAGE_C | i << 2);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(unmapped); i++) {
            expect_tce(&dev, unmapped[i], 0);
        }
        g_assert_cmphex(copy(&dev, IOBA_A, IOBA_A, 4), ==, COPY_DONE);
        g_assert_cmphex(copy(&dev, IOBA_C, IOBA_A, 4), ==, NOT_WRITTEN);
    }
    qtest_quit(dev.qts);
}

static void test_migration_bypass(void)
{
    VioDev dev = start();

    open_bypassed(&dev);
    migrate(&dev);
    g_assert_cmphex(copy(&dev, PAGE_C, PAGE_A, 4), ==, COPY_DONE);
    set_bypass(&dev, dev.unit, 0);
    g_assert_cmpint(vio_crq_free(&dev), ==, H_SUCCESS);
    migrate(&dev);
    check_all_closed(&dev);
    qtest_quit(dev.qts);
}

/*
 * What is where in a saved machine: the LIOBN, page shift and number of TCEs,
 * then each part of the table that is in use, behind its number
 */
#define STATE_LIOBN     0
#define STATE_SHIFT     4
#define STATE_TCES      8
#define STATE_PART      16
#define STATE_PART_SIZE (8 + CALL_MAX * 8)

static uint8_t *find_table(char *state, size_t len)
{
    uint8_t head[16];
    uint8_t *at;

    stl_be_p(head + STATE_LIOBN, UNIT);
    stl_be_p(head + STATE_SHIFT, 12);
    stq_be_p(head + STATE_TCES, WINDOW / TCE_PAGE);
    at = memmem(state, len, head, sizeof(head));
    g_assert_nonnull(at);
    return at;
}

/* A stream that was cut, or with other numbers in it */
static void check_refused(const char *path, const char *state, size_t len)
{
    spapr_qtest_state_refused(TESTDEV, path, state, len, "spapr-crq-testdev");
}

static void check_refused_u32(const char *path, const char *state, size_t len,
                              uint8_t *at, uint32_t value)
{
    uint32_t old = ldl_be_p(at);

    stl_be_p(at, value);
    check_refused(path, state, len);
    stl_be_p(at, old);
}

static void check_refused_u64(const char *path, const char *state, size_t len,
                              uint8_t *at, uint64_t value)
{
    uint64_t old = ldq_be_p(at);

    stq_be_p(at, value);
    check_refused(path, state, len);
    stq_be_p(at, old);
}

/* Parts 3 and 5 of the table are in use */
static void test_bad_migration(void)
{
    VioDev dev = start();
    g_autofree char *path = NULL, *state = NULL;
    g_autoptr(GError) error = NULL;
    uint8_t *table, *part;
    gsize len;

    vio_map(&dev, 3 * CALL_MAX * TCE_PAGE, PAGE_A, TCE_PAGE, TCE_RW);
    vio_map(&dev, 5 * CALL_MAX * TCE_PAGE, PAGE_A, TCE_PAGE, TCE_RW);
    path = spapr_qtest_save(dev.qts);
    g_file_get_contents(path, &state, &len, &error);
    g_assert_no_error(error);
    table = find_table(state, len);
    part = table + STATE_PART;
    g_assert_cmpuint(ldq_be_p(part), ==, 3);
    g_assert_cmpuint(ldq_be_p(part + STATE_PART_SIZE), ==, 5);
    g_assert_cmphex(ldq_be_p(part + 2 * STATE_PART_SIZE), ==, UINT64_MAX);

    check_refused_u32(path, state, len, table + STATE_LIOBN, UNIT + 1);
    check_refused_u32(path, state, len, table + STATE_SHIFT, 16);
    check_refused_u64(path, state, len, table + STATE_TCES, 1);
    check_refused_u64(path, state, len, part, WINDOW / TCE_PAGE / CALL_MAX);
    check_refused_u64(path, state, len, part, 1ULL << 63);
    /* The same one, or an earlier one, again */
    check_refused_u64(path, state, len, part, 5);
    check_refused_u64(path, state, len, part, 6);
    check_refused(path, state, (char *)part + 100 - state);
    check_refused(path, state, (char *)part + STATE_PART_SIZE - state);
    unlink(path);
}

/* TCEs that no guest could have put come to nothing */
static void test_odd_migration(void)
{
    VioDev dev = start_dma();
    g_autofree char *path = NULL, *state = NULL;
    g_autoptr(GError) error = NULL;
    const uint64_t ioba = 3 * CALL_MAX * TCE_PAGE;
    uint8_t *part;
    gsize len;

    vio_map(&dev, ioba, PAGE_A, TCE_PAGE, TCE_RW);
    vio_map(&dev, ioba + TCE_PAGE, PAGE_A, TCE_PAGE, TCE_RW);
    path = spapr_qtest_save(dev.qts);
    g_file_get_contents(path, &state, &len, &error);
    g_assert_no_error(error);
    /* The queue is in part 0 */
    part = find_table(state, len) + STATE_PART + STATE_PART_SIZE;
    g_assert_cmpuint(ldq_be_p(part), ==, 3);
    stq_be_p(part + 8, 1ULL << 63 | TCE_RW);
    g_file_set_contents(path, state, len, &error);
    g_assert_no_error(error);

    dev.qts = qtest_init(BOARD "-incoming defer");
    spapr_qtest_load(dev.qts, path);
    unlink(path);
    expect_tce(&dev, ioba, 1ULL << 63 | TCE_RW);
    g_assert_cmphex(copy(&dev, ioba + TCE_PAGE, ioba, 4), ==, NOT_READ);
    g_assert_cmphex(copy(&dev, ioba, ioba + TCE_PAGE, 4), ==, NOT_WRITTEN);
    qtest_quit(dev.qts);
}

/*
 * The device tree, and the command line
 */

static int find_node(const void *fdt, const char *name, uint32_t unit)
{
    g_autofree char *path = g_strdup_printf("/vdevice/%s@%x", name, unit);
    int node = fdt_path_offset(fdt, path);

    g_assert_cmpint(node, >=, 0);
    return node;
}

static void check_window(const void *fdt, uint32_t unit)
{
    static const char name[] = "ibm,my-dma-window";
    int len, node = find_node(fdt, "crq-testdev", unit);

    g_assert_cmpuint(vio_cell(fdt, node, "ibm,#dma-address-cells", 0), ==, 2);
    g_assert_cmpuint(vio_cell(fdt, node, "ibm,#dma-size-cells", 0), ==, 2);
    g_assert_nonnull(fdt_getprop(fdt, node, name, &len));
    g_assert_cmpint(len, ==, 5 * 4);
    g_assert_cmphex(vio_cell(fdt, node, name, 0), ==, unit);
    g_assert_cmphex(vio_cell(fdt, node, name, 1), ==, 0);
    g_assert_cmphex(vio_cell(fdt, node, name, 2), ==, 0);
    g_assert_cmphex(vio_cell(fdt, node, name, 3), ==, 0);
    g_assert_cmphex(vio_cell(fdt, node, name, 4), ==, WINDOW);
}

static void check_location(const void *fdt, const char *name, uint32_t unit,
                           const char *want)
{
    g_assert_cmpstr(fdt_getprop(fdt, find_node(fdt, name, unit),
                                "ibm,loc-code", NULL), ==, want);
}

static void test_tree(void)
{
    QTestState *qts = qtest_init(
        "-machine pseries,host-model=IBM,,9117-MMA,host-serial=1076DEF "
        "-nodefaults " TESTDEV "-device spapr-crq-testdev,reg=0x30000004 "
        "-device spapr-crq-testdev -device spapr-vty");
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    int node, rtas = fdt_path_offset(fdt, "/rtas");

    check_window(fdt, UNIT);
    check_window(fdt, UNIT + 1);
    check_window(fdt, 0x30000004);
    check_location(fdt, "crq-testdev", UNIT, "U9117.MMA.1076DEF-V1-C1");
    check_location(fdt, "crq-testdev", UNIT + 1, "U9117.MMA.1076DEF-V1-C2");
    check_location(fdt, "crq-testdev", 0x30000004,
                   "U9117.MMA.1076DEF-V1-C3204448261");
    check_location(fdt, "vty", UNIT + 2, "U9117.MMA.1076DEF-V1-C3");
    check_location(fdt, "nvram", NVRAM_UNIT,
                   "U9117.MMA.1076DEF-V1-C4278190081");
    node = find_node(fdt, "vty", UNIT + 2);
    g_assert_null(fdt_getprop(fdt, node, "ibm,my-dma-window", NULL));
    g_assert_null(fdt_getprop(fdt, node, "ibm,#dma-size-cells", NULL));
    g_assert_cmpint(fdt_stringlist_search(fdt, rtas, "ibm,hypertas-functions",
                                          "hcall-tce"), >=, 0);
    g_assert_cmpint(fdt_stringlist_search(fdt, rtas, "ibm,hypertas-functions",
                                          "hcall-multi-tce"), >=, 0);
    qtest_quit(qts);
}

static void test_bad_options(void)
{
    spapr_qtest_refused(TESTDEV "-device spapr-crq-testdev,reg=0x71000000",
                        "reg=0x71000000", "already");
    spapr_qtest_refused("-m 256 -device spapr-crq-testdev,reg=0", "reg=0x0",
                        "reserved");
}

/*
 * By processors that run, two of them at once
 */

#define GUEST_OPTIONS   " -device spapr-crq-testdev"

static void guest_put(const void *accel)
{
    QTestState *qts = start_guest_more(accel, GUEST_OPTIONS);
    VioDev dev = vio_find(qts, "crq-testdev", 0);

    g_assert_cmpint(call(qts, 1, H_PUT_TCE, dev.liobn, IOBA_A, PAGE_A | TCE_R),
                    ==, H_SUCCESS);
    g_assert_cmpint(call(qts, 2, H_GET_TCE, dev.liobn, IOBA_A, 0), ==,
                    H_SUCCESS);
    g_assert_cmphex(mail(qts, 2, MAIL_R4), ==, PAGE_A | TCE_R);
    g_assert_cmpint(call(qts, 2, H_PUT_TCE, dev.liobn, IOBA_A, -1), ==,
                    H_PARAMETER);
    g_assert_cmpint(call(qts, 2, H_PUT_TCE, dev.liobn, WINDOW, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(call(qts, 1, H_GET_TCE, dev.liobn + 1, 0, 0), ==,
                    H_PARAMETER);
    qtest_quit(qts);
}

/* Neither's TCEs get lost, in parts of the table that are new to both */
static void guest_race(const void *accel)
{
    QTestState *qts = start_guest_more(accel, GUEST_OPTIONS);
    VioDev dev = vio_find(qts, "crq-testdev", 0);
    uint64_t done[3];

    for (unsigned n = 0; n < 32; n++) {
        uint64_t ioba = (uint64_t)n * CALL_MAX * TCE_PAGE;

        for (int cpu = 1; cpu <= 2; cpu++) {
            done[cpu] = mail(qts, cpu, MAIL_DONE);
            post(qts, cpu, H_PUT_TCE, dev.liobn, ioba + cpu * TCE_PAGE,
                 PAGE_A | cpu, false, NO_TICK);
        }
        for (int cpu = 1; cpu <= 2; cpu++) {
            await(qts, cpu, MAIL_DONE, done[cpu] + 1);
            g_assert_cmpint(mail(qts, cpu, MAIL_RESULT), ==, H_SUCCESS);
        }
        for (int cpu = 1; cpu <= 2; cpu++) {
            g_assert_cmpint(call(qts, 0, H_GET_TCE, dev.liobn,
                                 ioba + cpu * TCE_PAGE, 0), ==, H_SUCCESS);
            g_assert_cmphex(mail(qts, 0, MAIL_R4), ==, PAGE_A | cpu);
        }
    }
    qtest_quit(qts);
}

static const GuestTest guest_tests[] = {
    { "put", guest_put },
    { "race", guest_race },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("spapr-tce/put", test_put);
    qtest_add_func("spapr-tce/put-errors", test_put_errors);
    qtest_add_func("spapr-tce/stuff", test_stuff);
    qtest_add_func("spapr-tce/stuff-errors", test_stuff_errors);
    qtest_add_func("spapr-tce/list", test_list);
    qtest_add_func("spapr-tce/list-errors", test_list_errors);
    qtest_add_func("spapr-tce/dma", test_dma);
    qtest_add_func("spapr-tce/dma-pages", test_dma_pages);
    qtest_add_func("spapr-tce/dma-blocks", test_dma_blocks);
    qtest_add_func("spapr-tce/two-windows", test_two_windows);
    qtest_add_func("spapr-tce/bypass", test_bypass);
    qtest_add_func("spapr-tce/quiesce", test_quiesce);
    qtest_add_func("spapr-tce/reset", test_reset);
    qtest_add_func("spapr-tce/migration", test_migration);
    qtest_add_func("spapr-tce/migration-bypass", test_migration_bypass);
    qtest_add_func("spapr-tce/bad-migration", test_bad_migration);
    qtest_add_func("spapr-tce/odd-migration", test_odd_migration);
    qtest_add_func("spapr-tce/tree", test_tree);
    qtest_add_func("spapr-tce/bad-options", test_bad_options);
    add_guest_tests("spapr-tce", guest_tests, ARRAY_SIZE(guest_tests));
    return g_test_run();
}
