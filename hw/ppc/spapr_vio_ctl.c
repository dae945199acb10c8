/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what a guest controls of virtual adapters of all kinds
 *
 * LoPAR, ch. "Virtualized Input/Output", "VIO Interrupt Control" and
 * "H_VIOCTL". An event while an interrupt is disabled never gives one; so a
 * guest that enables it looks at its queue once more, as Linux's drivers do.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_sub_crq.h"
#include "hw/ppc/spapr_vio_ctl.h"
#include "system/dma.h"
#include "trace.h"

/* H_VIO_SIGNAL: bit of the one interrupt that devices have */
#define SIGNAL_IRQ              1

/* Parameters of H_VIOCTL among the guest's registers */
enum { UNIT, SUBFUNCTION, PARM_1, PARM_2, PARM_3 };

/* Bits of an output descriptor */
#define DESCRIPTOR_CONTROL(d)   extract64(d, 56, 8)
#define DESCRIPTOR_LENGTH(d)    extract64(d, 32, 24)
#define DESCRIPTOR_IOBA(d)      extract64(d, 0, 32)

/* The buffer of a dump when there is no DMA window to describe it */
#define DUMP_PAGE_SIZE          4096

/* Of all devices */
#define VIOCTLS_ALL     (BIT(VIOCTL_GET_VIOA_DUMP_SIZE) |               \
                         BIT(VIOCTL_GET_VIOA_DUMP))
/* Of devices that have sub-CRQs */
#define VIOCTLS_SUB_CRQ (BIT(VIOCTL_DISABLE_ALL_VIO_INTERRUPTS) |       \
                         BIT(VIOCTL_DISABLE_VIO_INTERRUPT) |            \
                         BIT(VIOCTL_ENABLE_VIO_INTERRUPT))

bool spapr_vioctl_no_parms(const target_ulong *args)
{
    return !args[PARM_1] && !args[PARM_2] && !args[PARM_3];
}

target_long spapr_vioctl_put(SpaprVioDevice *dev, const target_ulong *args,
                             const void *data, size_t len)
{
    AddressSpace *as = spapr_vio_dma(dev);
    uint64_t ioba = DESCRIPTOR_IOBA(args[PARM_1]);
    uint64_t room = DESCRIPTOR_LENGTH(args[PARM_1]);
    uint64_t fits = MIN(room, len);

    if (DESCRIPTOR_CONTROL(args[PARM_1]) || args[PARM_2] || args[PARM_3] ||
        !dma_memory_valid(as, ioba, room, DMA_DIRECTION_FROM_DEVICE,
                          MEMTXATTRS_UNSPECIFIED) ||
        dma_memory_write(as, ioba, data, fits,
                         MEMTXATTRS_UNSPECIFIED) != MEMTX_OK ||
        dma_memory_set(as, ioba + fits, 0, room - fits,
                       MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return H_PARAMETER;
    }
    return fits == len ? H_SUCCESS : H_CONSTRAINED;
}

/*
 * Dumps: opaque to the guest, which has them logged. So they are text, one line
 * that tells what the hypervisor knows of the device. A device's are all of one
 * size, so that one fits that was asked for it before.
 */
static char *vio_dump(SpaprVioDevice *dev)
{
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);
    GString *dump = g_string_new(NULL);

    g_string_printf(dump, "%s@%" PRIx32 " irq=0x%" PRIx32 " signal=%d",
                    object_get_typename(OBJECT(dev)), dev->reg, dev->irq_number,
                    dev->irq_enabled);
    if (vdc->crq) {
        SpaprCrq *crq = vdc->crq(dev);

        g_string_append_printf(dump, " crq=0x%016" PRIx64 " size=0x%016" PRIx64
                               " next=0x%016" PRIx64 " disabled=%d closed=%d",
                               crq->queue.ioba, crq->queue.size,
                               crq->queue.next, crq->disabled,
                               crq->partner_closed);
    }
    return g_string_free(dump, false);
}

/* "GET_VIOA_DUMP_SIZE Subfunction Semantics". Out: R4 bytes */
static target_long vioctl_dump_size(SpaprVioDevice *dev, target_ulong *args)
{
    g_autofree char *dump = vio_dump(dev);

    if (!spapr_vioctl_no_parms(args)) {
        return H_PARAMETER;
    }
    args[0] = strlen(dump);
    return H_SUCCESS;
}

/* To a page of a guest whose device has no DMA window */
static target_long vioctl_dump_to_page(SpaprVioDevice *dev,
                                       const target_ulong *args,
                                       const char *dump)
{
    SpaprVioBus *bus = SPAPR_VIO_BUS(qdev_get_parent_bus(DEVICE(dev)));
    SpaprMemory *memory = SPAPR_MODULE(bus->bridge)->hv->memory;
    size_t len = strlen(dump), fits = MIN(len, DUMP_PAGE_SIZE);

    if (args[PARM_2] || args[PARM_3] ||
        !QEMU_IS_ALIGNED(args[PARM_1], DUMP_PAGE_SIZE) ||
        !spapr_memory_is_ram(memory, args[PARM_1], DUMP_PAGE_SIZE) ||
        address_space_write(&address_space_memory, args[PARM_1],
                            MEMTXATTRS_UNSPECIFIED, dump, fits) != MEMTX_OK) {
        return H_PARAMETER;
    }
    return fits == len ? H_SUCCESS : H_CONSTRAINED;
}

/*
 * "GET_VIOA_DUMP Subfunction Semantics". parm-1: an output descriptor, or for a
 * device without a DMA window a page's real address
 */
static target_long vioctl_dump(SpaprVioDevice *dev, const target_ulong *args)
{
    g_autofree char *dump = vio_dump(dev);

    if (SPAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window) {
        return spapr_vioctl_put(dev, args, dump, strlen(dump));
    }
    return vioctl_dump_to_page(dev, args, dump);
}

/* "DISABLE_ALL_VIO_INTERRUPTS Subfunction Semantics" */
static target_long vioctl_disable_all(SpaprVioDevice *dev,
                                      const target_ulong *args)
{
    if (!spapr_vioctl_no_parms(args)) {
        return H_PARAMETER;
    }
    spapr_vio_enable_irq(dev, false);
    spapr_sub_crqs_disable_irqs(SPAPR_VIO_DEVICE_GET_CLASS(dev)->sub_crqs(dev));
    return H_SUCCESS;
}

/*
 * "DISABLE_VIO_INTERRUPT Subfunction Semantics" and "ENABLE_VIO_INTERRUPT
 * Subfunction Semantics". parm-1: interrupt number of the CRQ, or of a sub-CRQ
 * that is registered
 */
static target_long vioctl_enable_irq(SpaprVioDevice *dev,
                                     const target_ulong *args, bool enable)
{
    SpaprSubCrqs *subs = SPAPR_VIO_DEVICE_GET_CLASS(dev)->sub_crqs(dev);

    if (args[PARM_2] || args[PARM_3]) {
        return H_PARAMETER;
    }
    if (dev->irq_number && args[PARM_1] == dev->irq_number) {
        spapr_vio_enable_irq(dev, enable);
        return H_SUCCESS;
    }
    return spapr_sub_crqs_enable_irq(subs, args[PARM_1], enable) ? H_SUCCESS :
                                                                   H_PARAMETER;
}

static target_long vioctl(SpaprVioDevice *dev, target_ulong *args)
{
    switch (args[SUBFUNCTION]) {
    case VIOCTL_GET_VIOA_DUMP_SIZE:
        return vioctl_dump_size(dev, args);
    case VIOCTL_GET_VIOA_DUMP:
        return vioctl_dump(dev, args);
    case VIOCTL_DISABLE_ALL_VIO_INTERRUPTS:
        return vioctl_disable_all(dev, args);
    case VIOCTL_DISABLE_VIO_INTERRUPT:
        return vioctl_enable_irq(dev, args, false);
    case VIOCTL_ENABLE_VIO_INTERRUPT:
        return vioctl_enable_irq(dev, args, true);
    default:
        return SPAPR_VIO_DEVICE_GET_CLASS(dev)->vioctl(dev, args[SUBFUNCTION],
                                                       args);
    }
}

/* What any device of the board has */
static uint32_t vioctls_of_board(SpaprVioBus *bus)
{
    return VIOCTLS_ALL | VIOCTLS_SUB_CRQ | bus->bridge->vioctls;
}

static uint32_t vioctls_of_device(SpaprVioDevice *dev)
{
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);

    return VIOCTLS_ALL | (vdc->sub_crqs ? VIOCTLS_SUB_CRQ : 0) | vdc->vioctls;
}

static bool vioctl_in(uint32_t set, target_ulong subfunction)
{
    return subfunction < 32 && extract32(set, subfunction, 1);
}

/*
 * H_VIOCTL: ask a virtual adapter, or make it behave
 *
 * LoPAR, "H_VIOCTL". R4: unit address; R5: what is wanted; R6 to R8: its
 * parameters, those that it doesn't have being 0. Returns H_NOT_FOUND for what
 * no device of this board has; H_PARAMETER for a unit address without a device,
 * for what that device does not have and for bad parameters; H_SUCCESS; and
 * what else the subfunction says.
 */
static target_long h_vioctl(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprVioDevice *dev = spapr_vio_find(opaque, args[UNIT],
                                         TYPE_SPAPR_VIO_DEVICE);
    target_ulong unit = args[UNIT];
    target_long ret;

    if (!vioctl_in(vioctls_of_board(opaque), args[SUBFUNCTION])) {
        ret = H_NOT_FOUND;
    } else if (!dev || !vioctl_in(vioctls_of_device(dev), args[SUBFUNCTION])) {
        ret = H_PARAMETER;
    } else {
        ret = vioctl(dev, args);
    }
    trace_spapr_vioctl(unit, args[SUBFUNCTION], args[PARM_1], ret);
    return ret;
}

/*
 * H_VIO_SIGNAL: switch an adapter's interrupt
 *
 * LoPAR, "H_VIO_SIGNAL". R4: unit address; R5: a bit for each interrupt, from
 * the low-order one on, that is to be enabled. Returns H_PARAMETER for a unit
 * address without a device; H_SUCCESS. Bits of interrupts that the device does
 * not have are ignored.
 */
static target_long h_vio_signal(PowerPCCPU *cpu, void *opaque,
                                target_ulong *args)
{
    SpaprVioDevice *dev;

    RCU_READ_LOCK_GUARD();
    dev = spapr_vio_find(opaque, args[0], TYPE_SPAPR_VIO_DEVICE);
    trace_spapr_vio_enable(args[0], args[1]);
    if (!dev) {
        return H_PARAMETER;
    }
    spapr_vio_enable_irq(dev, dev->irq_number && (args[1] & SIGNAL_IRQ));
    return H_SUCCESS;
}

void spapr_vio_ctl_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls)
{
    static const PowerpcHcallInfo calls[] = {
        { H_VIO_SIGNAL, "H_VIO_SIGNAL", "hcall-vio", h_vio_signal, true },
        { H_VIOCTL, "H_VIOCTL", "hcall-vioctl", h_vioctl },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), bus);
}
