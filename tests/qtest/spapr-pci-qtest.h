/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the suites about PCI have in common: functions of a machine, their
 * configuration space, interrupts and DMA. The function that interrupts and
 * does DMA is QEMU's "edu".
 */

#ifndef TESTS_QTEST_SPAPR_PCI_QTEST_H
#define TESTS_QTEST_SPAPR_PCI_QTEST_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pci/pci_regs.h"
#include "spapr-qtest.h"

#define OK              0
#define HW_ERROR        (-1)
#define BAD             (-3)
#define NO_INTERRUPT    1

/* Bridge number n */
#define BUID(n)         (0x800000020000000ULL + (n))
#define IO_WINDOW(n)    ((1ULL << 45) + (n) * 64 * KiB)
#define MEM32_WINDOW(n) ((1ULL << 45) + ((n) + 1) * 2 * GiB)
#define MEM64_WINDOW(n) ((1ULL << 45) + ((n) + 1) * TiB)
#define MEM32_BUS       0x80000000
#define LIOBN(n)        (0x80000000 | (n) << 8)
#define DMA64           (1ULL << 59)
#define BRIDGES         31
#define MSIS            64      /* of any but the first */

#define CONFIG_ADDR(bus, slot, fn) ((bus) << 16 | (slot) << 11 | (fn) << 8)

#define VGA_ID          0x11111234

/* QEMU's docs/specs/edu.rst */
#define EDU_ID          0x11e81234
#define EDU_IDENTITY    0x00
#define EDU_RAISE       0x60
#define EDU_ACK         0x64
#define EDU_DMA_SRC     0x80
#define EDU_DMA_DST     0x88
#define EDU_DMA_COUNT   0x90
#define EDU_DMA_CMD     0x98
#define EDU_BUFFER      0x40000
#define EDU_BUFFER_SIZE 4096
#define DMA_TO_EDU      1
#define DMA_TO_MEMORY   3
#define DMA_NS          (200 * 1000 * 1000)

#define TCE_RW          3
#define PAGE_A          (32 * MiB)
#define PAGE_B          (48 * MiB)
#define IOBA_A          (16 * MiB)

/* A function of a machine */
typedef struct Function {
    SpaprRtasGuest *guest;
    unsigned bridge;
    uint32_t addr;          /* configuration address */
    uint64_t mmio;          /* where processors see its first BAR */
} Function;

/* A service with these cells */
#define call_cells(f, rets, nret, name, ...)                            \
    ({                                                                  \
        const uint32_t args_[] = { __VA_ARGS__ };                       \
                                                                        \
        spapr_rtas_guest_call((f)->guest, (name), ARRAY_SIZE(args_),    \
                              args_, (nret), (rets));                   \
    })

/* One that is first told which function it is about */
#define call(f, rets, nret, name, ...)                                  \
    call_cells((f), (rets), (nret), (name), (f)->addr,                  \
               BUID((f)->bridge) >> 32, (uint32_t)BUID((f)->bridge),    \
               ##__VA_ARGS__)

static inline int32_t try_read(Function *f, uint32_t reg, uint32_t size,
                               uint32_t *value)
{
    uint32_t rets[2];
    int32_t status;
    Function at = *f;

    at.addr = f->addr | (reg & 0xff) | (reg & 0xf00) << 20;
    status = call(&at, rets, 2, "ibm,read-pci-config", size);
    *value = rets[1];
    return status;
}

static inline uint32_t config_read(Function *f, uint32_t reg, uint32_t size)
{
    uint32_t value;

    g_assert_cmpint(try_read(f, reg, size, &value), ==, OK);
    return value;
}

static inline int32_t try_write(Function *f, uint32_t reg, uint32_t size,
                                uint32_t value)
{
    uint32_t rets[1];
    Function at = *f;

    at.addr = f->addr | reg;
    return call(&at, rets, 1, "ibm,write-pci-config", size, value);
}

static inline void config_write(Function *f, uint32_t reg, uint32_t size,
                                uint32_t value)
{
    g_assert_cmpint(try_write(f, reg, size, value), ==, OK);
}

static inline Function function(SpaprRtasGuest *guest, unsigned bridge,
                                uint32_t addr)
{
    return (Function) { .guest = guest, .bridge = bridge, .addr = addr };
}

/*
 * An "edu", with its registers at bus address @bus. It has no state for
 * migration.
 */
static inline Function edu(SpaprRtasGuest *guest, unsigned bridge,
                           uint32_t addr, uint32_t bus)
{
    Function f = function(guest, bridge, addr);

    g_assert_cmphex(config_read(&f, PCI_VENDOR_ID, 4), ==, EDU_ID);
    config_write(&f, PCI_BASE_ADDRESS_0, 4, bus);
    config_write(&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    f.mmio = MEM32_WINDOW(bridge) + bus - MEM32_BUS;
    return f;
}

/*
 * Interrupts
 */

static inline void unmask(Function *f, uint32_t source)
{
    g_assert_cmpint(spapr_rtas_guest_status(f->guest, "ibm,set-xive", source,
                                            0, 5), ==, OK);
    g_assert_cmpint(spapr_rtas_guest_status(f->guest, "ibm,int-on", source),
                    ==, OK);
    g_assert_cmpint(hcall(f->guest->qts, H_CPPR, 0xff), ==, H_SUCCESS);
}

/* The source that interrupts processor 0, which takes it; 0: none */
static inline uint32_t take(Function *f)
{
    uint64_t rets[SPAPR_QTEST_REGS];

    g_assert_cmpint(hcall_rets(f->guest->qts, rets, H_XIRR), ==, H_SUCCESS);
    return rets[0] & 0xffffff;
}

static inline void end(Function *f, uint32_t source)
{
    g_assert_cmpint(hcall(f->guest->qts, H_EOI, 0xff000000 | source), ==,
                    H_SUCCESS);
}

static inline int32_t query_source(Function *f, uint32_t n, uint32_t *source,
                                   uint32_t *edge)
{
    uint32_t rets[3];
    int32_t status = call(f, rets, 3, "ibm,query-interrupt-source-number", n);

    *source = rets[1];
    *edge = rets[2];
    return status;
}

static inline int32_t change_msi(Function *f, uint32_t function,
                                 uint32_t wanted, unsigned nret,
                                 uint32_t *count, uint32_t *kind)
{
    uint32_t rets[4] = { 0 };
    int32_t status = call(f, rets, nret, "ibm,change-msi", function, wanted, 1);

    *count = rets[1];
    *kind = rets[3];
    return status;
}

static inline void expect_change(Function *f, uint32_t function,
                                 uint32_t wanted, uint32_t want_count,
                                 uint32_t want_kind)
{
    uint32_t count, kind;

    g_assert_cmpint(change_msi(f, function, wanted, 4, &count, &kind), ==, OK);
    g_assert_cmpuint(count, ==, want_count);
    g_assert_cmpuint(kind, ==, want_kind);
}

/* An edu interrupts by message, once, whatever its pin would do */
static inline void expect_message(Function *f, uint32_t source)
{
    QTestState *qts = f->guest->qts;

    unmask(f, source);
    qtest_writel(qts, f->mmio + EDU_RAISE, 1);
    g_assert_cmphex(take(f), ==, source);
    end(f, source);
    g_assert_cmphex(take(f), ==, 0);
    qtest_writel(qts, f->mmio + EDU_ACK, 1);
}

static inline uint8_t find_capability(Function *f, uint8_t id)
{
    uint8_t at = config_read(f, PCI_CAPABILITY_LIST, 1);

    while (at && config_read(f, at, 1) != id) {
        at = config_read(f, at + 1, 1);
    }
    g_assert_cmphex(at, !=, 0);
    return at;
}

/*
 * DMA
 */

static inline void dma(Function *f, uint64_t src, uint64_t dst, uint64_t cmd)
{
    QTestState *qts = f->guest->qts;

    qtest_writeq(qts, f->mmio + EDU_DMA_SRC, src);
    qtest_writeq(qts, f->mmio + EDU_DMA_DST, dst);
    qtest_writeq(qts, f->mmio + EDU_DMA_COUNT, 8);
    qtest_writeq(qts, f->mmio + EDU_DMA_CMD, cmd);
    qtest_clock_step(qts, DMA_NS);
    g_assert_cmphex(qtest_readq(qts, f->mmio + EDU_DMA_CMD) & 1, ==, 0);
}

/* Whether data get from bus address @from to @to, which are memory's _addr */
static inline bool dma_works(Function *f, uint64_t from, uint64_t from_addr,
                             uint64_t to, uint64_t to_addr)
{
    static uint64_t value;
    QTestState *qts = f->guest->qts;

    value += 0x0123456789abcdef;
    qtest_writeq(qts, to_addr, 0);
    qtest_writeq(qts, from_addr, value);
    dma(f, from, EDU_BUFFER, DMA_TO_EDU);
    dma(f, EDU_BUFFER, to, DMA_TO_MEMORY);
    return qtest_readq(qts, to_addr) == value;
}

static inline int64_t put_tce(Function *f, uint32_t liobn, uint64_t ioba,
                              uint64_t tce)
{
    return hcall(f->guest->qts, H_PUT_TCE, liobn, ioba, tce);
}

#define EDU_DMA         "edu,dma_mask=0xffffffffffffffff"

#endif /* TESTS_QTEST_SPAPR_PCI_QTEST_H */
