/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites about virtual adapters have in common: how a guest finds one
 * in the device tree, maps memory for its DMA, talks through a command/response
 * queue and sees its interrupt
 */

#ifndef TESTS_QTEST_SPAPR_VIO_QTEST_H
#define TESTS_QTEST_SPAPR_VIO_QTEST_H

#include "qemu/bswap.h"
#include "qemu/units.h"
#include "spapr-qtest.h"
#include <libfdt.h>

#define TCE_PAGE            4096
#define TCE_R               1
#define TCE_W               2
#define TCE_RW              (TCE_R | TCE_W)

/* Where RTAS arguments are put unless a suite says otherwise */
#define VIO_RTAS_BUF        0x10000

typedef struct VioDev {
    QTestState *qts;
    uint32_t unit;
    uint32_t irq;           /* 0: it has none */
    uint32_t liobn;
    uint64_t window;        /* bytes of I/O addresses; 0: it has none */

    /* The command/response queue, once registered */
    uint64_t crq_addr;      /* in guest memory */
    uint64_t crq_size;
    uint64_t crq_next;      /* offset of the entry that is looked at next */
} VioDev;

/* A property's cell, which must be there */
static inline uint32_t vio_cell(const void *fdt, int node, const char *name,
                                int n)
{
    int len;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(cells);
    g_assert_cmpint(len, >=, (n + 1) * sizeof(*cells));
    return fdt32_to_cpu(cells[n]);
}

/* ibm,my-dma-window: LIOBN, address (which must be 0), size */
static inline void vio_read_window(VioDev *dev, const void *fdt, int node)
{
    static const char window[] = "ibm,my-dma-window";
    uint32_t addr_cells, size_cells;

    if (!fdt_getprop(fdt, node, window, NULL)) {
        return;
    }
    addr_cells = vio_cell(fdt, node, "ibm,#dma-address-cells", 0);
    size_cells = vio_cell(fdt, node, "ibm,#dma-size-cells", 0);
    dev->liobn = vio_cell(fdt, node, window, 0);
    for (uint32_t i = 0; i < addr_cells; i++) {
        g_assert_cmphex(vio_cell(fdt, node, window, 1 + i), ==, 0);
    }
    for (uint32_t i = 0; i < size_cells; i++) {
        dev->window = dev->window << 32 |
                      vio_cell(fdt, node, window, 1 + addr_cells + i);
    }
    g_assert_cmpuint(dev->window, >, 0);
}

/**
 * vio_find: an adapter that must be in the device tree
 * @name: of its node, without the unit address: "v-scsi"
 * @n: which of several, in the order of the tree, from 0
 */
static inline VioDev vio_find(QTestState *qts, const char *name, unsigned n)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    g_autofree char *prefix = g_strdup_printf("%s@", name);
    int node, vdevice = fdt_path_offset(fdt, "/vdevice");

    g_assert_cmpint(vdevice, >=, 0);
    fdt_for_each_subnode(node, fdt, vdevice) {
        VioDev dev = { .qts = qts };

        if (!g_str_has_prefix(fdt_get_name(fdt, node, NULL), prefix) || n--) {
            continue;
        }
        dev.unit = vio_cell(fdt, node, "reg", 0);
        if (fdt_getprop(fdt, node, "interrupts", NULL)) {
            dev.irq = vio_cell(fdt, node, "interrupts", 0);
        }
        vio_read_window(&dev, fdt, node);
        return dev;
    }
    g_assert_not_reached();
}

/*
 * DMA windows
 */

/* A range of I/O addresses gets a range of guest memory; @access: TCE_* */
static inline void vio_map(VioDev *dev, uint64_t ioba, uint64_t addr,
                           uint64_t len, uint64_t access)
{
    for (uint64_t i = 0; i < len; i += TCE_PAGE) {
        g_assert_cmpint(hcall(dev->qts, H_PUT_TCE, dev->liobn, ioba + i,
                              (addr + i) | access), ==, H_SUCCESS);
    }
}

static inline void vio_unmap(VioDev *dev, uint64_t ioba, uint64_t len)
{
    vio_map(dev, ioba, 0, len, 0);
}

/*
 * Command/response queues. A message is 16 bytes in two registers.
 */

/**
 * vio_crq_register: clear a queue in guest memory, map it and register it
 *
 * Returns: what H_REG_CRQ answers
 */
static inline int64_t vio_crq_register(VioDev *dev, uint64_t ioba,
                                       uint64_t addr, uint64_t size)
{
    qtest_memset(dev->qts, addr, 0, size);
    vio_map(dev, ioba, addr, size, TCE_RW);
    dev->crq_addr = addr;
    dev->crq_size = size;
    dev->crq_next = 0;
    return hcall(dev->qts, H_REG_CRQ, dev->unit, ioba, size);
}

static inline int64_t vio_crq_free(VioDev *dev)
{
    return hcall(dev->qts, H_FREE_CRQ, dev->unit);
}

static inline int64_t vio_crq_send(VioDev *dev, uint64_t high, uint64_t low)
{
    return hcall(dev->qts, H_SEND_CRQ, dev->unit, high, low);
}

/**
 * vio_crq_poll: take the next message out of the queue
 *
 * Returns: false when there is none
 */
static inline bool vio_crq_poll(VioDev *dev, uint64_t *high, uint64_t *low)
{
    uint64_t entry = dev->crq_addr + dev->crq_next;
    uint8_t msg[16];

    qtest_memread(dev->qts, entry, msg, sizeof(msg));
    if (!msg[0]) {
        return false;
    }
    *high = ldq_be_p(msg);
    *low = ldq_be_p(msg + 8);
    qtest_memset(dev->qts, entry, 0, 1);
    dev->crq_next += sizeof(msg);
    if (dev->crq_next == dev->crq_size) {
        dev->crq_next = 0;
    }
    return true;
}

/* The same for answers that come in their own time: waits, but not for ever */
static inline void vio_crq_wait(VioDev *dev, uint64_t *high, uint64_t *low)
{
    gint64 deadline = g_get_monotonic_time() + SPAPR_QTEST_PATIENCE_US;

    while (!vio_crq_poll(dev, high, low)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(1000);
    }
}

/* The next message must be this one */
static inline void vio_crq_expect(VioDev *dev, uint64_t high, uint64_t low)
{
    uint64_t got_high, got_low;

    vio_crq_wait(dev, &got_high, &got_low);
    g_assert_cmphex(got_high, ==, high);
    g_assert_cmphex(got_low, ==, low);
}

static inline void vio_crq_expect_none(VioDev *dev)
{
    uint64_t high, low;

    g_assert_false(vio_crq_poll(dev, &high, &low));
}

/* Register a queue and shake hands, as a driver does */
static inline void vio_crq_open(VioDev *dev, uint64_t ioba, uint64_t addr,
                                uint64_t size)
{
    g_assert_cmpint(vio_crq_register(dev, ioba, addr, size), ==, H_SUCCESS);
    g_assert_cmpint(vio_crq_send(dev, 0xc001ULL << 48, 0), ==, H_SUCCESS);
    vio_crq_expect(dev, 0xc002ULL << 48, 0);
}

/*
 * Interrupts
 */

/* Switch them on at the device */
static inline int64_t vio_signal(VioDev *dev, uint64_t mode)
{
    return hcall(dev->qts, H_VIO_SIGNAL, dev->unit, mode);
}

/* Direct a source to processor 0, and let that take any */
static inline void vio_route_irq(QTestState *qts, uint32_t source)
{
    g_autofree void *fdt = spapr_qtest_fdt(qts);
    const uint32_t xive[] = { source, 0, 5 };
    uint32_t status;

    g_assert_cmpint(spapr_qtest_rtas(qts, VIO_RTAS_BUF,
                                     spapr_qtest_rtas_token(fdt,
                                                            "ibm,set-xive"),
                                     3, xive, 1, &status), ==, 0);
    g_assert_cmpint(spapr_qtest_rtas(qts, VIO_RTAS_BUF,
                                     spapr_qtest_rtas_token(fdt, "ibm,int-on"),
                                     1, xive, 1, &status), ==, 0);
    g_assert_cmpint(hcall(qts, H_CPPR, 0xff), ==, H_SUCCESS);
}

/* The source that would interrupt processor 0; 0: none */
static inline uint32_t vio_pending_irq(QTestState *qts)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_IPOLL, 0), ==, H_SUCCESS);
    return rets[0] & 0xffffff;
}

/* Take it and end it, as an interrupt handler does; returns the source, or 0 */
static inline uint32_t vio_take_irq(QTestState *qts)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(qts, rets, H_XIRR), ==, H_SUCCESS);
    if (rets[0] & 0xffffff) {
        g_assert_cmpint(hcall(qts, H_EOI, rets[0]), ==, H_SUCCESS);
    }
    return rets[0] & 0xffffff;
}

#endif /* TESTS_QTEST_SPAPR_VIO_QTEST_H */
