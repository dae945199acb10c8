/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: addresses of PCI functions, when there is no firmware to assign them
 *
 * SLOF assigns base address registers and the windows of bridges. VOF does not
 * know of PCI; a guest that it starts finds here what firmware would have left.
 * Linux could do most of it itself, but does not open I/O windows of bridges.
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/ppc/spapr_pci.h"

/* What is not smaller than a page of the guest's can be mapped on its own */
#define MEM_ALIGN           (64 * KiB)
#define BRIDGE_IO_ALIGN     (4 * KiB)
#define BRIDGE_MEM_ALIGN    (1 * MiB)
/* Where legacy devices are not */
#define FIRST_IO            0x1000

/* Bus addresses that are free, up to and without @end */
typedef struct Space {
    uint64_t next;
    uint64_t end;
} Space;

typedef struct Spaces {
    Space io, mem;
} Spaces;

/* Returns: false when it does not fit */
static bool space_take(Space *space, uint64_t size, uint64_t align,
                       uint64_t *addr)
{
    uint64_t at = ROUND_UP(space->next, align);

    if (at > space->end || size > space->end - at) {
        return false;
    }
    *addr = at;
    space->next = at + size;
    return true;
}

static void assign_region(PCIDevice *dev, int i, Spaces *spaces)
{
    const PCIIORegion *region = &dev->io_regions[i];
    uint32_t reg = spapr_pci_region_register(dev, i);
    bool io = region->type & PCI_BASE_ADDRESS_SPACE_IO;
    uint64_t addr;

    /* What finds no room stays unassigned, and Linux says so */
    if (!region->size ||
        !space_take(io ? &spaces->io : &spaces->mem, region->size,
                    io ? region->size : MAX(region->size, MEM_ALIGN), &addr)) {
        return;
    }
    spapr_pci_config_write(dev, reg, addr, 4);
    if (region->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        spapr_pci_config_write(dev, reg + 4, addr >> 32, 4);
    }
}

static void assign_function(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        assign_region(dev, i, opaque);
    }
}

static void assign_bridge(PCIBus *bus, PCIDevice *dev, void *opaque);

static void assign_bus(PCIBus *bus, Spaces *spaces)
{
    pci_for_each_device_under_bus(bus, assign_function, spaces);
    pci_for_each_device_under_bus(bus, assign_bridge, spaces);
}

/* A window is from where its bus begins to where the next one may */
static void assign_bridge(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Spaces *spaces = opaque;
    uint64_t io, mem;

    if (!IS_PCI_BRIDGE(dev) ||
        !space_take(&spaces->io, 0, BRIDGE_IO_ALIGN, &io) ||
        !space_take(&spaces->mem, 0, BRIDGE_MEM_ALIGN, &mem)) {
        return;
    }
    assign_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), spaces);
    spaces->io.next = ROUND_UP(spaces->io.next, BRIDGE_IO_ALIGN);
    spaces->mem.next = ROUND_UP(spaces->mem.next, BRIDGE_MEM_ALIGN);
    /* With the limit below the base, a window is closed */
    spapr_pci_config_write(dev, PCI_IO_BASE, io >> 8, 1);
    spapr_pci_config_write(dev, PCI_IO_LIMIT, (spaces->io.next - 1) >> 8, 1);
    spapr_pci_config_write(dev, PCI_MEMORY_BASE, mem >> 16, 2);
    spapr_pci_config_write(dev, PCI_MEMORY_LIMIT,
                           (spaces->mem.next - 1) >> 16, 2);
    spapr_pci_config_write(dev, PCI_PREF_MEMORY_BASE, 0xfff0, 2);
    spapr_pci_config_write(dev, PCI_PREF_MEMORY_LIMIT, 0, 2);
}

void spapr_pci_assign(SpaprPhb *phb)
{
    Spaces spaces = {
        .io = { .next = FIRST_IO, .end = phb->io_win_size },
        .mem = {
            .next = SPAPR_PCI_MEM32_BUS,
            .end = SPAPR_PCI_MEM32_BUS + phb->mem_win_size,
        },
    };

    assign_bus(PCI_HOST_BRIDGE(phb)->bus, &spaces);
}
