/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: addresses of PCI functions, when there is no firmware to assign them
 *
 * SLOF assigns base address registers and the windows of bridges. VOF does not
 * know of PCI; a guest that it starts finds here what firmware would have left.
 * Linux could do most of it itself, but does not open I/O windows of bridges.
 *
 * What is plugged in while the guest runs gets addresses from here with either
 * firmware, as LoPAR's R1-"PCI Hot Plug DR - Run Time Firmware Requirements"-3
 * wants it.
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

static bool region_is_io(const PCIIORegion *region)
{
    return region->type & PCI_BASE_ADDRESS_SPACE_IO;
}

static uint64_t region_align(const PCIIORegion *region)
{
    return region_is_io(region) ? region->size : MAX(region->size, MEM_ALIGN);
}

static void region_write(PCIDevice *dev, int i, uint64_t addr)
{
    uint32_t reg = spapr_pci_region_register(dev, i);

    spapr_pci_config_write(dev, reg, addr, 4);
    if (dev->io_regions[i].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        spapr_pci_config_write(dev, reg + 4, addr >> 32, 4);
    }
}

static void assign_region(PCIDevice *dev, int i, Spaces *spaces)
{
    const PCIIORegion *region = &dev->io_regions[i];
    uint64_t addr;

    /* What finds no room stays unassigned, and Linux says so */
    if (region->size &&
        space_take(region_is_io(region) ? &spaces->io : &spaces->mem,
                   region->size, region_align(region), &addr)) {
        region_write(dev, i, addr);
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

/* What the host bridge's windows have */
static Spaces phb_spaces(SpaprPhb *phb)
{
    return (Spaces) {
        .io = { .next = FIRST_IO, .end = phb->io_win_size },
        .mem = {
            .next = SPAPR_PCI_MEM32_BUS,
            .end = SPAPR_PCI_MEM32_BUS + phb->mem_win_size,
        },
    };
}

void spapr_pci_assign(SpaprPhb *phb)
{
    Spaces spaces = phb_spaces(phb);

    assign_bus(PCI_HOST_BRIDGE(phb)->bus, &spaces);
}

/*
 * A bus on which others have their addresses already, wherever firmware and
 * guest have put them
 */

typedef struct Taken {
    bool io;
    GArray *spaces;         /* Space, those that somebody has */
} Taken;

static void take_window(Taken *taken, PCIDevice *bridge, uint8_t type)
{
    Space space = {
        .next = pci_bridge_get_base(bridge, type),
        .end = pci_bridge_get_limit(bridge, type),
    };

    if (space.next < space.end++) {
        g_array_append_val(taken->spaces, space);
    }
}

static void take_function(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Taken *taken = opaque;

    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *region = &dev->io_regions[i];
        Space space = { 0 };

        if (region->size && region_is_io(region) == taken->io) {
            space.next = spapr_pci_region_address(dev, i);
            space.end = space.next + region->size;
        }
        if (space.next) {
            g_array_append_val(taken->spaces, space);
        }
    }
    if (!IS_PCI_BRIDGE(dev)) {
        return;
    }
    if (taken->io) {
        take_window(taken, dev, PCI_BASE_ADDRESS_SPACE_IO);
    } else {
        take_window(taken, dev, PCI_BASE_ADDRESS_SPACE_MEMORY);
        take_window(taken, dev, PCI_BASE_ADDRESS_MEM_PREFETCH);
    }
}

/* The first place in @space that overlaps with nothing that is taken */
static bool find_gap(const Taken *taken, Space space, uint64_t size,
                     uint64_t align, uint64_t *addr)
{
    bool moved;

    do {
        moved = false;
        if (!space_take(&space, size, align, addr)) {
            return false;
        }
        for (guint i = 0; i < taken->spaces->len && !moved; i++) {
            const Space *other = &g_array_index(taken->spaces, Space, i);

            if (*addr < other->end && *addr + size > other->next) {
                space.next = other->end;
                moved = true;
            }
        }
    } while (moved);
    return true;
}

static Space bus_space(SpaprPhb *phb, PCIBus *bus, bool io)
{
    uint8_t type = io ? PCI_BASE_ADDRESS_SPACE_IO
                      : PCI_BASE_ADDRESS_SPACE_MEMORY;
    Spaces spaces;

    if (bus->parent_dev) {
        return (Space) {
            .next = pci_bridge_get_base(bus->parent_dev, type),
            .end = pci_bridge_get_limit(bus->parent_dev, type) + 1,
        };
    }
    spaces = phb_spaces(phb);
    return io ? spaces.io : spaces.mem;
}

static void assign_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot, bool io)
{
    g_autoptr(GArray) spaces = g_array_new(false, false, sizeof(Space));
    Taken taken = { .io = io, .spaces = spaces };
    Space space = bus_space(phb, bus, io);

    pci_for_each_device_under_bus(bus, take_function, &taken);
    for (unsigned n = 0; n < PCI_FUNC_MAX * PCI_NUM_REGIONS; n++) {
        int i = n % PCI_NUM_REGIONS;
        PCIDevice *dev = bus->devices[PCI_DEVFN(slot, n / PCI_NUM_REGIONS)];
        const PCIIORegion *region = dev ? &dev->io_regions[i] : NULL;
        uint64_t addr;

        if (region && region->size && region_is_io(region) == io &&
            !spapr_pci_region_address(dev, i) &&
            find_gap(&taken, space, region->size, region_align(region),
                     &addr)) {
            Space mine = { .next = addr, .end = addr + region->size };

            region_write(dev, i, addr);
            g_array_append_val(spaces, mine);
        }
    }
}

void spapr_pci_assign_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot)
{
    assign_slot(phb, bus, slot, true);
    assign_slot(phb, bus, slot, false);
}
