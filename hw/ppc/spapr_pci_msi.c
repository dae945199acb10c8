/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: message signaled interrupts
 *
 * LoPAR, "MSI Support". A guest does not write messages itself: it asks for a
 * number of interrupts, and the platform takes source numbers from the bridge's
 * stock and writes the messages into the function. A message is the source
 * number, at an address that all bridges have.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/host-utils.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/ppc/spapr_pci.h"
#include "migration/vmstate.h"
#include "trace.h"

/* ibm,change-msi: "Function" */
#define CHANGE_QUERY        0
#define CHANGE_ANY          1
#define CHANGE_DEFAULT      2
#define CHANGE_MSI          3
#define CHANGE_MSIX         4
#define CHANGE_MSI_32       5
#define CHANGE_MSIX_32      6

/* and "Type of Interrupts" */
#define TYPE_MSI            1
#define TYPE_MSIX           2

/* ibm,query-interrupt-source-number */
#define STATUS_NO_INTERRUPT 1
#define TRIGGER_LEVEL       0
#define TRIGGER_EDGE        1

static SpaprIrq *phb_irq(SpaprPhb *phb)
{
    return SPAPR_MODULE(phb->pci)->hv->irq;
}

/*
 * The stock
 */

/* The entry of a function, or one that is free, for NULL; NULL: none */
static SpaprPciMsi *msi_find(SpaprPhb *phb, const PCIDevice *dev)
{
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        if (phb->msis[i].dev == dev) {
            return &phb->msis[i];
        }
    }
    return NULL;
}

/* What everybody but @except has; for g_free() */
static unsigned long *msi_taken(SpaprPhb *phb, const SpaprPciMsi *except)
{
    unsigned long *taken = bitmap_new(phb->nr_msis);

    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        const SpaprPciMsi *msi = &phb->msis[i];

        if (msi->dev && msi != except) {
            bitmap_set(taken, msi->first - phb->msi_base, msi->count);
        }
    }
    return taken;
}

/*
 * Take @wanted numbers in a row, or fewer when there are not so many. A function
 * with MSI makes its number from the low bits of the message, so there they are
 * a power of 2, and aligned.
 *
 * Returns: how many, and the first of them in @first
 */
static uint32_t msi_take(SpaprPhb *phb, const SpaprPciMsi *old,
                         uint32_t wanted, bool msix, uint32_t *first)
{
    g_autofree unsigned long *taken = msi_taken(phb, old);
    unsigned long n;

    while (wanted) {
        n = bitmap_find_next_zero_area(taken, phb->nr_msis, 0, wanted,
                                       msix ? 0 : wanted - 1);
        if (n < phb->nr_msis) {
            *first = phb->msi_base + n;
            break;
        }
        wanted = msix ? wanted - 1 : wanted / 2;
    }
    return wanted;
}

/*
 * The function's side
 */

uint32_t spapr_pci_msi_max(PCIDevice *dev)
{
    uint16_t flags;

    if (!msi_present(dev)) {
        return 0;
    }
    flags = pci_get_word(dev->config + dev->msi_cap + PCI_MSI_FLAGS);
    /* No more than the capability can tell of */
    return 1 << MIN((flags & PCI_MSI_FLAGS_QMASK) >> 1, 5);
}

uint32_t spapr_pci_msix_max(PCIDevice *dev)
{
    return msix_present(dev) ? dev->msix_entries_nr : 0;
}

static void config_change_word(PCIDevice *dev, uint32_t reg, uint16_t clear,
                               uint16_t set)
{
    uint16_t value = pci_get_word(dev->config + reg);

    spapr_pci_config_write(dev, reg, (value & ~clear) | set, 2);
}

/* LoPAR, R1-"ibm,change-msi"-4 and -5: the pin is silent while there are MSIs */
static void msi_enable_pin(PCIDevice *dev, bool enable)
{
    config_change_word(dev, PCI_COMMAND,
                       enable ? PCI_COMMAND_INTX_DISABLE : 0,
                       enable ? 0 : PCI_COMMAND_INTX_DISABLE);
}

static void msi_disable(PCIDevice *dev, bool msi, bool msix)
{
    if (msi && msi_present(dev)) {
        config_change_word(dev, dev->msi_cap + PCI_MSI_FLAGS,
                           PCI_MSI_FLAGS_ENABLE, 0);
    }
    if (msix && msix_present(dev)) {
        config_change_word(dev, dev->msix_cap + PCI_MSIX_FLAGS,
                           PCI_MSIX_FLAGS_ENABLE, 0);
    }
}

/* Whether to use them, the guest says by the enable bit */
static void msi_write_messages(PCIDevice *dev, const SpaprPciMsi *msi)
{
    MSIMessage msg = { .address = SPAPR_PCI_MSI_ADDR, .data = msi->first };

    msi_disable(dev, msi->msix, !msi->msix);
    if (msi->msix) {
        for (uint32_t i = 0; i < msi->count; i++) {
            msix_set_message(dev, i, msg);
            msg.data++;
        }
    } else {
        config_change_word(dev, dev->msi_cap + PCI_MSI_FLAGS,
                           PCI_MSI_FLAGS_QSIZE,
                           ctz32(msi->count) << ctz32(PCI_MSI_FLAGS_QSIZE));
        msi_set_message(dev, msg);
    }
    msi_enable_pin(dev, false);
}

void spapr_pci_msi_restore(SpaprPhb *phb)
{
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        if (phb->msis[i].dev) {
            msi_write_messages(phb->msis[i].dev, &phb->msis[i]);
        }
    }
}

void spapr_pci_msi_release(SpaprPhb *phb, PCIDevice *dev)
{
    SpaprPciMsi *msi = msi_find(phb, dev);

    if (msi) {
        trace_spapr_pci_msi(phb->index, spapr_pci_config_addr(dev), 0, 0);
        msi->dev = NULL;
        msi_disable(dev, true, true);
        msi_enable_pin(dev, true);
    }
}

/* Virtual functions are there again when the physical one enables them */
void spapr_pci_msi_reclaim(SpaprPhb *phb)
{
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        SpaprPciMsi *msi = &phb->msis[i];

        if (msi->dev && !msi->dev->enabled) {
            msi->dev = NULL;
        }
    }
}

void spapr_pci_msi_forget(SpaprPhb *phb, const DeviceState *dev)
{
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        if (phb->msis[i].dev && DEVICE(phb->msis[i].dev) == dev) {
            phb->msis[i].dev = NULL;
        }
    }
}

static int32_t msi_assign(SpaprPhb *phb, PCIDevice *dev, uint32_t wanted,
                          bool msix)
{
    SpaprPciMsi *msi = msi_find(phb, dev);
    uint32_t first = 0;
    uint32_t count;

    spapr_pci_msi_reclaim(phb);
    wanted = MIN(wanted, msix ? spapr_pci_msix_max(dev) : spapr_pci_msi_max(dev));
    if (!msix) {
        wanted = pow2floor(wanted);
    }
    count = msi_take(phb, msi, wanted, msix, &first);
    /* With no number taken by others, an entry is free as well */
    msi = msi ?: msi_find(phb, NULL);
    if (!count || !msi) {
        return RTAS_OUT_HW_ERROR;
    }
    *msi = (SpaprPciMsi) {
        .dev = dev,
        .first = first,
        .count = count,
        .msix = msix,
    };
    trace_spapr_pci_msi(phb->index, spapr_pci_config_addr(dev), first, count);
    msi_write_messages(dev, msi);
    return RTAS_OUT_SUCCESS;
}

static void msi_doorbell_write(void *opaque, hwaddr addr, uint64_t data,
                               unsigned size)
{
    SpaprPhb *phb = opaque;
    uint32_t number = data;

    trace_spapr_pci_msi_write(phb->index, addr, number);
    /* A function may write anything: what is not of this bridge's is lost */
    if (number >= phb->msi_base && number - phb->msi_base < phb->nr_msis) {
        qemu_irq_pulse(spapr_irq_input(phb_irq(phb), number));
    }
}

static uint64_t msi_doorbell_read(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static const MemoryRegionOps msi_doorbell_ops = {
    .read = msi_doorbell_read,
    .write = msi_doorbell_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 2,
    .valid.max_access_size = 4,
};

/*
 * The calls
 */

/* Which kind of message a function of ibm,change-msi asks for */
static bool change_kind(PCIDevice *dev, uint32_t function, bool any,
                        bool *msix)
{
    switch (function) {
    case CHANGE_ANY:
        /* More numbers are better, where the guest can tell which it gets */
        *msix = any && spapr_pci_msix_max(dev);
        break;
    case CHANGE_MSI:
    case CHANGE_MSI_32:
        *msix = false;
        break;
    case CHANGE_MSIX:
    case CHANGE_MSIX_32:
        *msix = true;
        break;
    default:
        return false;
    }
    return *msix ? spapr_pci_msix_max(dev) : spapr_pci_msi_max(dev);
}

static int32_t change_msi(SpaprPci *pci, const uint32_t *args, bool any,
                          uint32_t *outs)
{
    uint32_t function = args[3], wanted = args[4], sequence = args[5];
    int32_t status = RTAS_OUT_SUCCESS;
    SpaprPciMsi *msi;
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(pci, args, &dev);
    bool msix;

    if (!phb || !dev || args[0] != spapr_pci_config_addr(dev) ||
        sequence != 1) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (function == CHANGE_DEFAULT) {
        spapr_pci_msi_release(phb, dev);
    } else if (function != CHANGE_QUERY) {
        if (!change_kind(dev, function, any, &msix) &&
            !(wanted == 0 && function <= CHANGE_MSIX_32 &&
              (spapr_pci_msi_max(dev) || spapr_pci_msix_max(dev)))) {
            return RTAS_OUT_PARAM_ERROR;
        }
        if (wanted) {
            status = msi_assign(phb, dev, wanted, msix);
        } else {
            spapr_pci_msi_release(phb, dev);
        }
    }
    msi = msi_find(phb, dev);
    outs[0] = msi ? msi->count : 0;
    if (any) {
        outs[2] = msi ? (msi->msix ? TYPE_MSIX : TYPE_MSI) : 0;
    }
    return status;
}

/*
 * ibm,change-msi: LoPAR, "ibm,change-msi"
 *
 * Argument cells: configuration address with register 0, unit id of the bridge
 * (two cells), function (0: query; 1: MSIs; 2: the default, which is none;
 * 3 and 5: MSI; 4 and 6: MSI-X; from 5 on at a 32-bit address, where they are
 * anyway), number of interrupts wanted, sequence number, which is 1 as it is
 * done at once. Return cells: status, number of interrupts now, next sequence
 * number, which is of no use, and if there are four, the kind: 1 MSI, 2 MSI-X.
 * With four, function 1 is for what we choose.
 *
 * Status: -3 when there is no such bridge or function, for another function or
 * sequence number, and a kind that the function does not have; -1 when no
 * number is left, with nothing changed; else 0. When fewer are left than are
 * wanted, it gets them. No interrupts at all is a number that any function with
 * either kind may ask for, in whatever way: Linux does for MSI-X what LoPAR has
 * for MSI.
 */
static int32_t ibm_change_msi(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    return change_msi(opaque, args, false, outs);
}

static int32_t ibm_change_msi_kind(PowerPCCPU *cpu, void *opaque,
                                   const uint32_t *args, uint32_t *outs)
{
    return change_msi(opaque, args, true, outs);
}

/* The source number of a function's pin, or 0 */
static uint32_t pin_source(SpaprPhb *phb, PCIDevice *dev)
{
    int pin = pci_get_byte(dev->config + PCI_INTERRUPT_PIN) - 1;

    if (pin < 0 || pin >= PCI_NUM_PINS) {
        return 0;
    }
    return spapr_pci_pin_source(phb, dev, pin);
}

/*
 * ibm,query-interrupt-source-number: the LoPAR section of that name
 *
 * Argument cells: configuration address with register 0, unit id of the bridge
 * (two cells), which of the function's interrupts, from 0 up. Return cells: 0,
 * source number, and 0 for level or 1 for edge; 1 when the function has no such
 * interrupt; -3 when there is no such bridge or function.
 */
static int32_t ibm_query_source(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SpaprPciMsi *msi;
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(opaque, args, &dev);

    if (!phb || !dev || args[0] != spapr_pci_config_addr(dev)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    msi = msi_find(phb, dev);
    if (msi && args[3] < msi->count) {
        outs[0] = msi->first + args[3];
        outs[1] = TRIGGER_EDGE;
        return RTAS_OUT_SUCCESS;
    }
    outs[0] = msi || args[3] ? 0 : pin_source(phb, dev);
    outs[1] = TRIGGER_LEVEL;
    return outs[0] ? RTAS_OUT_SUCCESS : STATUS_NO_INTERRUPT;
}

void spapr_pci_msi_register_calls(SpaprPci *pci, SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,change-msi", 6, 3, ibm_change_msi, pci);
    spapr_rtas_register_version(rtas, "ibm,change-msi", 4,
                                ibm_change_msi_kind);
    spapr_rtas_register(rtas, "ibm,query-interrupt-source-number", 4, 3,
                        ibm_query_source, pci);
}

/*
 * The bridge's side
 */

bool spapr_pci_msi_realize(SpaprPhb *phb, Error **errp)
{
    SpaprIrq *irq = phb_irq(phb);

    phb->nr_msis = phb->index ? SPAPR_PCI_MSIS : SPAPR_PCI_MSIS_0;
    phb->msi_base = phb->index ?
        SPAPR_IRQ_PCI_MSI + (phb->index - 1) * SPAPR_PCI_MSIS :
        SPAPR_IRQ_PCI_MSI_0;
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        if (!spapr_irq_claim(irq, phb->msi_base + i, false, errp)) {
            while (i--) {
                spapr_irq_release(irq, phb->msi_base + i);
            }
            return false;
        }
    }
    phb->msis = g_new0(SpaprPciMsi, phb->nr_msis);
    memory_region_init_io(&phb->msi_doorbell, OBJECT(phb), &msi_doorbell_ops,
                          phb, "msi", SPAPR_PCI_MSI_SIZE);
    memory_region_add_subregion(&phb->dma_root, SPAPR_PCI_MSI_ADDR,
                                &phb->msi_doorbell);
    return true;
}
QEMU_BUILD_BUG_ON(SPAPR_IRQ_PCI_PINS + SPAPR_PCI_MAX_BRIDGES * PCI_NUM_PINS >
                  SPAPR_IRQ_PCI_MSI);
QEMU_BUILD_BUG_ON(SPAPR_IRQ_PCI_MSI +
                  (SPAPR_PCI_MAX_BRIDGES - 1) * SPAPR_PCI_MSIS >
                  SPAPR_IRQ_PCI_MSI_0);
QEMU_BUILD_BUG_ON(SPAPR_IRQ_PCI_MSI_0 + SPAPR_PCI_MSIS_0 >
                  SPAPR_IRQ_BASE + SPAPR_IRQ_COUNT);

void spapr_pci_msi_reset(SpaprPhb *phb)
{
    memset(phb->msis, 0, phb->nr_msis * sizeof(*phb->msis));
}

/*
 * Migration: a function is known by its place among all, as the guest may change
 * the numbers of buses at any time
 */

void spapr_pci_msi_save(SpaprPhb *phb)
{
    g_autoptr(GPtrArray) devices = spapr_pci_devices(phb);

    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        SpaprPciMsi *msi = &phb->msis[i];

        if (!msi->dev) {
            msi->count = 0;
        } else if (!g_ptr_array_find(devices, msi->dev, &msi->place)) {
            g_assert_not_reached();
        }
    }
}

/* Whether a function can have what came in, and nobody else has it */
static bool msi_valid(SpaprPhb *phb, const SpaprPciMsi *msi, PCIDevice *dev,
                      const unsigned long *taken)
{
    uint32_t n = msi->first - phb->msi_base;

    return !msi_find(phb, dev) &&
           msi->count <= (msi->msix ? spapr_pci_msix_max(dev)
                                    : spapr_pci_msi_max(dev)) &&
           (msi->msix || is_power_of_2(msi->count)) &&
           n < phb->nr_msis && msi->count <= phb->nr_msis - n &&
           find_next_bit(taken, n + msi->count, n) == n + msi->count;
}

bool spapr_pci_msi_load(SpaprPhb *phb)
{
    g_autofree unsigned long *taken = bitmap_new(phb->nr_msis);
    g_autoptr(GPtrArray) devices = spapr_pci_devices(phb);

    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        phb->msis[i].dev = NULL;
    }
    for (uint32_t i = 0; i < phb->nr_msis; i++) {
        SpaprPciMsi *msi = &phb->msis[i];
        PCIDevice *dev;

        if (!msi->count) {
            continue;
        }
        if (msi->place >= devices->len) {
            return false;
        }
        dev = g_ptr_array_index(devices, msi->place);
        if (!msi_valid(phb, msi, dev, taken)) {
            return false;
        }
        msi->dev = dev;
        bitmap_set(taken, msi->first - phb->msi_base, msi->count);
    }
    return true;
}

const VMStateDescription vmstate_spapr_pci_msi = {
    .name = "spapr-pci-msi",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(place, SpaprPciMsi),
        VMSTATE_UINT32(first, SpaprPciMsi),
        VMSTATE_UINT32(count, SpaprPciMsi),
        VMSTATE_BOOL(msix, SpaprPciMsi),
        VMSTATE_END_OF_LIST()
    },
};
