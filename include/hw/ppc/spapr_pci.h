/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: PCI
 *
 * The module knows the host bridges and brings the RTAS calls, which name a
 * bridge by its unit id and a function behind it by its configuration address.
 * A host bridge is a device that users may have more of.
 */

#ifndef HW_PPC_SPAPR_PCI_H
#define HW_PPC_SPAPR_PCI_H

#include "hw/pci/pci_device.h"
#include "hw/pci/pci_host.h"
#include "hw/ppc/spapr_drc.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_module.h"
#include "hw/ppc/spapr_tce.h"
#include "migration/vmstate.h"

#define TYPE_SPAPR_PCI "spapr-pci"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprPci, SPAPR_PCI)

#define TYPE_SPAPR_PHB "spapr-pci-host-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprPhb, SPAPR_PHB)

/*
 * Where bridge number n is, fixed so that a guest finds it there again after
 * it has moved. Its windows in the address space of the processors:
 *
 *   I/O space      SPAPR_PCI_BASE + n * 64 KiB
 *   32-bit memory  SPAPR_PCI_BASE + (n + 1) * 2 GiB, PCI addresses 2 GiB up
 *   64-bit memory  SPAPR_PCI_BASE + (n + 1) * 1 TiB, PCI addresses the same
 */
#define SPAPR_PCI_BASE          (1ULL << 45)
#define SPAPR_PCI_MAX_BRIDGES   31
#define SPAPR_PCI_IO_SIZE       (1ULL << 16)
#define SPAPR_PCI_MEM32_SIZE    (1ULL << 31)
#define SPAPR_PCI_MEM32_BUS     (1ULL << 31)
#define SPAPR_PCI_MEM64_SIZE    (1ULL << 40)

/* Unit id and logical I/O bus numbers */
#define SPAPR_PCI_BUID(n)       (0x800000020000000ULL + (n))
#define SPAPR_PCI_LIOBN(n, win) (0x80000000U | (n) << 8 | (win))

/*
 * Interrupt source numbers. Each bridge has those of its pins, and a stock for
 * message signaled ones, which it gives to the functions that ask for some. The
 * stock of the built-in bridge is the large one.
 */
#define SPAPR_IRQ_PCI_PINS      (SPAPR_IRQ_DYNAMIC + 0x080)
#define SPAPR_IRQ_PCI_MSI       (SPAPR_IRQ_DYNAMIC + 0x100)
#define SPAPR_PCI_MSIS          64
#define SPAPR_IRQ_PCI_MSI_0     (SPAPR_IRQ_BASE + 0xbc0)
#define SPAPR_PCI_MSIS_0        1024

/*
 * A write of a source number to this address of the bus is an interrupt. Like
 * the real ones it lies where 32-bit functions reach it.
 */
#define SPAPR_PCI_MSI_ADDR      0xffff0000ULL
#define SPAPR_PCI_MSI_SIZE      0x10000

/*
 * The default DMA window, and those that the guest may make. There are no more
 * than two at a time.
 */
#define SPAPR_PCI_WINDOWS       3
#define SPAPR_PCI_WINDOWS_MAX   2

typedef struct SpaprPciWindow SpaprPciWindow;

/* Interrupts that a function has got by ibm,change-msi */
typedef struct SpaprPciMsi {
    PCIDevice *dev;         /* NULL: a free entry */
    uint32_t first;         /* source number */
    uint32_t count;
    bool msix;
    uint32_t place;         /* in a stream: of spapr_pci_devices() */
} SpaprPciMsi;

/* What a reset takes away from a function's configuration space */
typedef struct SpaprPciSaved {
    uint32_t config_addr;
    uint8_t header[PCI_STD_HEADER_SIZEOF];
} SpaprPciSaved;

/* Error handling of what is behind a bridge, the partitionable endpoint */
typedef struct SpaprPciEeh {
    bool enabled;
    bool unconfigured;      /* reset, and not configured since then */
    uint8_t state;          /* as ibm,read-slot-reset-state2 tells it */
    uint32_t cause;         /* of the last error; 0: none */
    int32_t nr_saved;
    SpaprPciSaved *saved;   /* while unconfigured; bridges first */
    MemoryRegion dma_stop;
    MemoryRegion no_window;
    QEMUBH *dma_failed_bh;
} SpaprPciEeh;

struct SpaprPci {
    SpaprModule parent_obj;

    SpaprPhb *bridges[SPAPR_PCI_MAX_BRIDGES];
    DeviceListener listener;
};

struct SpaprPhb {
    PCIHostState parent_obj;

    SpaprPci *pci;
    char bus_path[8];       /* what tells its functions from other bridges' */

    /* Properties */
    uint32_t index;
    uint32_t numa_node;     /* UINT32_MAX: none in particular */
    uint64_t io_win_size;
    uint64_t mem_win_size;
    uint64_t mem64_win_size;
    uint64_t dma_win_addr;
    uint64_t dma_win_size;
    uint64_t dma64_win_addr;
    uint64_t pgsz;          /* bits for page sizes of DMA windows */
    bool ddw;

    /* What processors see. Where no function answers, they read ones. */
    MemoryRegion io_space;
    MemoryRegion mem_space;
    MemoryRegion io_window;
    MemoryRegion io_alias;
    MemoryRegion mem32_window;
    MemoryRegion mem32_alias;
    MemoryRegion mem64_window;
    MemoryRegion mem64_alias;

    /* What functions see: DMA windows and the address of interrupts */
    AddressSpace dma_as;
    MemoryRegion dma_root;
    MemoryRegion msi_doorbell;
    SpaprPciWindow *windows[SPAPR_PCI_WINDOWS];

    GHashTable *slots;      /* of each bus, by PCIBus *; private */
    bool numbered;          /* buses have their numbers */
    qemu_irq pins[PCI_NUM_PINS];
    uint32_t nr_msis;
    uint32_t msi_base;
    SpaprPciMsi *msis;      /* nr_msis entries, each with one number or more */
    SpaprPciEeh eeh;
};

/** spapr_pci_buid: the unit id of a bridge */
static inline uint64_t spapr_pci_buid(const SpaprPhb *phb)
{
    return SPAPR_PCI_BUID(phb->index);
}

/**
 * spapr_pci_function: the function with a configuration address, of whichever
 * register, or NULL
 */
PCIDevice *spapr_pci_function(SpaprPhb *phb, uint32_t config_addr);

/**
 * spapr_pci_devices: all that is behind a host bridge, a bridge before what is
 * behind it; in the same order where the same is plugged in
 *
 * Returns: an array of PCIDevice *, for g_ptr_array_unref()
 */
GPtrArray *spapr_pci_devices(SpaprPhb *phb);

/**
 * spapr_pci_find: whom an RTAS call is about
 * @args: three cells: configuration address, unit id of the bridge
 * @dev: the function, NULL when there is none, or it is cut off from the guest;
 *       may be NULL
 *
 * Returns: the bridge, or NULL when there is none, or with reserved bits in the
 * configuration address
 */
SpaprPhb *spapr_pci_find(SpaprPci *pci, const uint32_t *args, PCIDevice **dev);

/** spapr_pci_init_done: all is there that the machine starts with */
void spapr_pci_init_done(SpaprPci *pci);

/* LoPAR, table "Definition Config_addr" */
static inline uint32_t spapr_pci_config_addr(PCIDevice *dev)
{
    return pci_dev_bus_num(dev) << 16 | dev->devfn << 8;
}

/**
 * spapr_pci_pin_source: the interrupt source number of a pin
 * @dev: the function whose pin it is, or NULL: the host bridge's
 * @pin: 0 to 3
 */
uint32_t spapr_pci_pin_source(SpaprPhb *phb, PCIDevice *dev, int pin);

/* spapr_pci_assign.c */
/** spapr_pci_assign: give all functions the addresses they ask for */
void spapr_pci_assign(SpaprPhb *phb);
/** spapr_pci_assign_slot: give those of a slot addresses that nobody has */
void spapr_pci_assign_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot);

/* spapr_pci_config.c */
/** spapr_pci_config_write: write a register of @size bytes, as a guest does */
void spapr_pci_config_write(PCIDevice *dev, uint32_t reg, uint32_t value,
                            unsigned size);
void spapr_pci_config_register_calls(SpaprPci *pci, SpaprRtasTable *rtas);

/* spapr_pci_msi.c */
/* How many interrupts of each kind a function can have; 0: it has not the kind */
uint32_t spapr_pci_msi_max(PCIDevice *dev);
uint32_t spapr_pci_msix_max(PCIDevice *dev);
extern const VMStateDescription vmstate_spapr_pci_msi;
bool spapr_pci_msi_realize(SpaprPhb *phb, Error **errp);
void spapr_pci_msi_reset(SpaprPhb *phb);
/** spapr_pci_msi_release: take back what a function has */
void spapr_pci_msi_release(SpaprPhb *phb, PCIDevice *dev);
/** spapr_pci_msi_reclaim: take back what virtual functions had that are gone */
void spapr_pci_msi_reclaim(SpaprPhb *phb);
/** spapr_pci_msi_forget: a function is no longer there, if it ever was */
void spapr_pci_msi_forget(SpaprPhb *phb, const DeviceState *dev);
/** spapr_pci_msi_restore: functions have been reset: write messages again */
void spapr_pci_msi_restore(SpaprPhb *phb);
/** spapr_pci_msi_save, spapr_pci_msi_load: before and after migration */
void spapr_pci_msi_save(SpaprPhb *phb);
bool spapr_pci_msi_load(SpaprPhb *phb);
void spapr_pci_msi_register_calls(SpaprPci *pci, SpaprRtasTable *rtas);

/* spapr_pci_dma.c */
extern const VMStateInfo vmstate_info_spapr_pci_windows;
bool spapr_pci_dma_realize(SpaprPhb *phb, Error **errp);
/** spapr_pci_dma_reset: the default window alone, with nothing mapped */
void spapr_pci_dma_reset(SpaprPhb *phb);
void spapr_pci_dma_register_calls(SpaprPci *pci, SpaprRtasTable *rtas);
void spapr_pci_dma_populate_dt(SpaprPhb *phb, DtNode *node);

/* spapr_pci_eeh.c */
extern const VMStateDescription vmstate_spapr_pci_eeh;
void spapr_pci_eeh_class_init(ObjectClass *oc);
void spapr_pci_eeh_realize(SpaprPhb *phb);
void spapr_pci_eeh_reset(SpaprPhb *phb);
/**
 * spapr_pci_eeh_disconnected: a slot has been cut off from the guest, and what
 * was plugged in reset. When it was the last one, the PE is as new.
 */
void spapr_pci_eeh_disconnected(SpaprPhb *phb);
/** spapr_pci_eeh_mmio_stopped: whether nothing gets through to functions */
bool spapr_pci_eeh_mmio_stopped(SpaprPhb *phb);
/** spapr_pci_eeh_watch_window: DMA that a window does not map is an error */
void spapr_pci_eeh_watch_window(SpaprPhb *phb, SpaprTceWindow *win);
void spapr_pci_eeh_register_calls(SpaprPci *pci, SpaprRtasTable *rtas);
void spapr_pci_eeh_populate_dt(DtNode *rtas);

/* spapr_pci_dt.c */
/** spapr_pci_location: location code of a bridge, for g_free() */
char *spapr_pci_location(SpaprPhb *phb);
/** spapr_pci_number_buses: give bridges behind a host bridge their bus numbers */
void spapr_pci_number_buses(SpaprPhb *phb);
/**
 * spapr_pci_function_name: what a function's node is called
 *
 * Returns: "name@slot" or "name@slot,function", for g_free()
 */
char *spapr_pci_function_name(PCIDevice *dev);
/** spapr_pci_region_register: which base address register region @i has */
uint32_t spapr_pci_region_register(PCIDevice *dev, int i);
/** spapr_pci_region_address: where region @i is, or 0 when it is nowhere yet */
uint64_t spapr_pci_region_address(PCIDevice *dev, int i);
/** spapr_pci_slot_location: the location code of a slot, for g_free() */
char *spapr_pci_slot_location(SpaprPhb *phb, PCIBus *bus, unsigned slot);
void spapr_pci_populate_dt(SpaprPhb *phb, DtNode *root);
/**
 * spapr_pci_describe_slot: the nodes of what is in a slot, as children of
 * @root, with what they have when they come while the guest runs
 */
void spapr_pci_describe_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot,
                             DtNode *root);

/* spapr_pci_plug.c */
/** spapr_pci_plug_class_init: a host bridge is the handler of its buses */
void spapr_pci_plug_class_init(ObjectClass *oc);
void spapr_pci_plug_init(SpaprPhb *phb);
void spapr_pci_plug_finalize(SpaprPhb *phb);
/** spapr_pci_plug_handle: have functions plugged into a bus, and taken out */
void spapr_pci_plug_handle(SpaprPhb *phb, PCIBus *bus);
/** spapr_pci_plug_number: a bus has got its number, and its slots connectors */
void spapr_pci_plug_number(SpaprPhb *phb, PCIBus *bus, unsigned number);
/** spapr_pci_plug_check: warn of functions that the guest won't find */
void spapr_pci_plug_check(SpaprPhb *phb);
/** spapr_pci_plug_connected: whether the guest may use a function */
bool spapr_pci_plug_connected(SpaprPhb *phb, PCIDevice *dev);
/** spapr_pci_plug_visible: whether it finds the function */
bool spapr_pci_plug_visible(SpaprPhb *phb, PCIDevice *dev);
/** spapr_pci_plug_index: of a function's connector, or 0 when it has none */
uint32_t spapr_pci_plug_index(SpaprPhb *phb, PCIDevice *dev);
void spapr_pci_plug_populate_dt(SpaprPhb *phb, PCIBus *bus, DtNode *node);

#endif /* HW_PPC_SPAPR_PCI_H */
