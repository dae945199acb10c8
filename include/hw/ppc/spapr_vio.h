/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the virtual I/O bus
 *
 * The bridge (a module) makes the bus and its /vdevice node. Every class of VIO
 * device registers its hypercalls once, when the bridge is created; they find
 * the device they are for by its unit address.
 */

#ifndef HW_PPC_SPAPR_VIO_H
#define HW_PPC_SPAPR_VIO_H

#include "hw/irq.h"
#include "hw/qdev-core.h"
#include "hw/ppc/spapr_module.h"
#include "hw/ppc/spapr_tce.h"
#include "qemu/qht.h"

typedef struct SpaprCrq SpaprCrq;
typedef struct SpaprSubCrqs SpaprSubCrqs;

#define TYPE_SPAPR_VIO_BRIDGE "spapr-vio-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVioBridge, SPAPR_VIO_BRIDGE)

#define TYPE_SPAPR_VIO_BUS "spapr-vio-bus"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVioBus, SPAPR_VIO_BUS)

#define TYPE_SPAPR_VIO_DEVICE "spapr-vio-device"
OBJECT_DECLARE_TYPE(SpaprVioDevice, SpaprVioDeviceClass, SPAPR_VIO_DEVICE)

/* Unit addresses from here up are given to devices without reg= */
#define SPAPR_VIO_FIRST_UNIT    0x71000000
/*
 * Means the default console to firmware and early kernels (SLOF's hvterm.fs,
 * Linux's udbg_init_debug_lpar()), so no device may have it
 */
#define SPAPR_VIO_CONSOLE_UNIT  0
/* The value of reg= that asks for any free unit address */
#define SPAPR_VIO_ANY_UNIT      UINT32_MAX

struct SpaprVioBus {
    BusState parent_obj;

    SpaprVioBridge *bridge;
};

struct SpaprVioBridge {
    SpaprModule parent_obj;

    SpaprVioBus *bus;
    struct qht units;       /* SpaprVioDevice by unit address */
    uint32_t vioctls;       /* subfunctions of H_VIOCTL that classes bring */
};

struct SpaprVioDevice {
    DeviceState parent_obj;

    uint32_t reg;           /* unit address */
    uint32_t irq_number;    /* 0 when the class has no interrupt */
    qemu_irq irq;
    bool irq_enabled;       /* H_VIO_SIGNAL; of no lock */

    /* Of classes that have a DMA window */
    SpaprTceWindow window;
    MemoryRegion dma_root;
    MemoryRegion dma_bypass;    /* in place of it: memory at its real address */
    AddressSpace dma_as;
    bool bypass;
};

struct SpaprVioDeviceClass {
    DeviceClass parent_class;

    const char *dt_name;        /* "vty" */
    const char *dt_type;        /* "device_type", or NULL */
    const char *dt_compatible;
    bool has_irq;
    uint64_t dma_window;        /* bytes of I/O addresses; 0: does no DMA */

    void (*realize)(SpaprVioDevice *dev, Error **errp);
    /* Optional */
    void (*unrealize)(SpaprVioDevice *dev);
    /*
     * Optional; called with interrupts disabled, which it may change. What is
     * mapped for DMA is so still. Also called, of classes that do DMA, when
     * firmware has ended: nothing that it has registered may be used any more.
     */
    void (*reset)(SpaprVioDevice *dev);
    /* Optional: properties beyond the common ones */
    void (*populate_dt)(SpaprVioDevice *dev, DtNode *node);
    /*
     * Optional, of classes that have a DMA window: the command/response queue
     * that is embedded in the device
     */
    SpaprCrq *(*crq)(SpaprVioDevice *dev);
    /* Optional, of classes that have @crq: its sub-CRQs */
    SpaprSubCrqs *(*sub_crqs)(SpaprVioDevice *dev);
    /*
     * Optional: H_VIOCTL subfunctions of the class's own. @vioctls has a bit
     * for each of them (BIT(subfunction)); @vioctl is called for no other.
     * @args: the guest's R4 and so on. Returns: the hypercall's code
     */
    uint32_t vioctls;
    target_long (*vioctl)(SpaprVioDevice *dev, target_ulong subfunction,
                          target_ulong *args);
    /*
     * Optional: hypercalls (and RTAS calls) that all devices of the class and
     * of those derived from it share. Called once, when the bus is made.
     */
    void (*register_calls)(SpaprVioBus *bus, SpaprHcallTable *hcalls,
                           SpaprRtasTable *rtas);
};

/**
 * spapr_vio_find: the device with a unit address that is of a class
 *
 * Called with the BQL, or in an RCU read-side section, to whose end the device
 * is there.
 *
 * Returns: NULL when no device has @unit or it is no @type
 */
SpaprVioDevice *spapr_vio_find(SpaprVioBus *bus, target_ulong unit,
                               const char *type);

/**
 * spapr_vio_first: the device of a class with the lowest unit address
 *
 * Returns: NULL when there is none
 */
SpaprVioDevice *spapr_vio_first(SpaprVioBus *bus, const char *type);

/** spapr_vio_enable_irq: whether the guest wants the device's interrupt */
void spapr_vio_enable_irq(SpaprVioDevice *dev, bool enable);

/** spapr_vio_signal: raise the device's interrupt when the guest wants it */
void spapr_vio_signal(SpaprVioDevice *dev);

/**
 * spapr_vio_dma: where the device does DMA, by I/O address; of classes that
 * have a window
 */
static inline AddressSpace *spapr_vio_dma(SpaprVioDevice *dev)
{
    return &dev->dma_as;
}

/* To be a VMSTATE_STRUCT of each device's own description */
extern const VMStateDescription vmstate_spapr_vio_device;

#endif /* HW_PPC_SPAPR_VIO_H */
