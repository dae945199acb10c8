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

/* The kinds of windows. Behind a bridge the last is for what is prefetchable. */
typedef enum Kind {
    KIND_IO,
    KIND_MEM,
    KIND_MEM64,
    KINDS,
} Kind;

/* Where addresses come from */
typedef struct Source {
    Space spaces[KINDS];
    bool behind_bridge;
    /* What others have among them, as Space, for I/O and for memory; or NULL */
    GArray *taken_io;
    GArray *taken_mem;
} Source;

/* A region without an address, and the one that it is to have, if any */
typedef struct Want {
    PCIDevice *dev;
    int i;
    uint64_t size;
    uint64_t addr;
} Want;

static const uint64_t bridge_align[KINDS] = {
    [KIND_IO] = BRIDGE_IO_ALIGN,
    [KIND_MEM] = BRIDGE_MEM_ALIGN,
    [KIND_MEM64] = BRIDGE_MEM_ALIGN,
};

/* Returns: false when it does not fit */
static bool space_take(Space *space, uint64_t size, uint64_t align,
                       uint64_t *addr)
{
    uint64_t at = ROUND_UP(space->next, align);

    /* An address near the end of all is rounded up to 0 */
    if (at < space->next || at > space->end || size > space->end - at) {
        return false;
    }
    *addr = at;
    space->next = at + size;
    return true;
}

/* The first place in @space that overlaps with nothing that is taken */
static bool find_gap(GArray *taken, Space space, uint64_t size, uint64_t align,
                     uint64_t *addr)
{
    bool moved;

    do {
        moved = false;
        if (!space_take(&space, size, align, addr)) {
            return false;
        }
        for (guint i = 0; i < taken->len && !moved; i++) {
            const Space *other = &g_array_index(taken, Space, i);

            if (*addr < other->end && *addr + size > other->next) {
                space.next = other->end;
                moved = true;
            }
        }
    } while (moved);
    return true;
}

static bool source_take(Source *source, Kind kind, uint64_t size,
                        uint64_t align, uint64_t *addr)
{
    GArray *taken = kind == KIND_IO ? source->taken_io : source->taken_mem;
    Space mine;

    if (!taken) {
        return space_take(&source->spaces[kind], size, align, addr);
    }
    if (!find_gap(taken, source->spaces[kind], size, align, addr)) {
        return false;
    }
    mine = (Space) { .next = *addr, .end = *addr + size };
    g_array_append_val(taken, mine);
    return true;
}

static bool region_is_io(const PCIIORegion *region)
{
    return region->type & PCI_BASE_ADDRESS_SPACE_IO;
}

/* Large windows are for what can be there, and of that for the large */
static bool region_place(Source *source, const PCIIORegion *region,
                         uint64_t *addr)
{
    uint64_t size = region->size, align = MAX(size, MEM_ALIGN);
    bool is_64 = region->type & PCI_BASE_ADDRESS_MEM_TYPE_64;

    if (region_is_io(region)) {
        return source_take(source, KIND_IO, size, size, addr);
    }
    if (is_64 && region->type & PCI_BASE_ADDRESS_MEM_PREFETCH &&
        source_take(source, KIND_MEM64, size, align, addr)) {
        return true;
    }
    return source_take(source, KIND_MEM, size, align, addr) ||
           (is_64 && !source->behind_bridge &&
            source_take(source, KIND_MEM64, size, align, addr));
}

static void region_write(PCIDevice *dev, int i, uint64_t addr)
{
    uint32_t reg = spapr_pci_region_register(dev, i);

    spapr_pci_config_write(dev, reg, addr, 4);
    if (dev->io_regions[i].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        spapr_pci_config_write(dev, reg + 4, addr >> 32, 4);
    }
}

static void collect_wants(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    GArray *wants = opaque;

    /* A virtual function has its addresses from the physical one */
    if (pci_is_vf(dev)) {
        return;
    }
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        Want want = { .dev = dev, .i = i, .size = dev->io_regions[i].size };

        if (want.size && !spapr_pci_region_address(dev, i)) {
            g_array_append_val(wants, want);
        }
    }
}

/* The largest first, which leaves no holes */
static gint compare_wants(gconstpointer left, gconstpointer right)
{
    const Want *a = left, *b = right;

    if (a->size != b->size) {
        return a->size < b->size ? 1 : -1;
    }
    return a->dev != b->dev ? a->dev->devfn - b->dev->devfn : a->i - b->i;
}

static bool has_memory(PCIDevice *dev)
{
    for (int i = 0; i < PCI_ROM_SLOT; i++) {
        if (dev->io_regions[i].size && !region_is_io(&dev->io_regions[i])) {
            return true;
        }
    }
    return false;
}

/* A driver does without a ROM, and, where there is memory, without I/O */
static bool want_is_needed(const Want *want)
{
    return want->i != PCI_ROM_SLOT &&
           (!region_is_io(&want->dev->io_regions[want->i]) ||
            !has_memory(want->dev));
}

/*
 * Find addresses for all but those of functions in @without. Returns: false
 * when one that is needed can't be had; its function is in @without then
 */
static bool place_wants(GArray *wants, Source *source, unsigned long *without)
{
    for (guint n = 0; n < wants->len; n++) {
        Want *want = &g_array_index(wants, Want, n);
        PCIDevice *dev = want->dev;

        want->addr = 0;
        if (!test_bit(dev->devfn, without) &&
            !region_place(source, &dev->io_regions[want->i], &want->addr) &&
            want_is_needed(want)) {
            set_bit(dev->devfn, without);
            return false;
        }
    }
    return true;
}

/*
 * A function gets all the addresses that it needs or none: Linux looks for
 * others when it finds none.
 */
static void assign_wants(GArray *wants, Source *source)
{
    DECLARE_BITMAP(without, PCI_DEVFN_MAX) = { };
    guint taken_io = source->taken_io ? source->taken_io->len : 0;
    guint taken_mem = source->taken_mem ? source->taken_mem->len : 0;
    const Source before = *source;

    g_array_sort(wants, compare_wants);
    while (!place_wants(wants, source, without)) {
        *source = before;
        if (source->taken_io) {
            g_array_set_size(source->taken_io, taken_io);
            g_array_set_size(source->taken_mem, taken_mem);
        }
    }
    for (guint n = 0; n < wants->len; n++) {
        const Want *want = &g_array_index(wants, Want, n);

        if (want->addr) {
            region_write(want->dev, want->i, want->addr);
        }
    }
}

static void assign_bridge(PCIBus *bus, PCIDevice *dev, void *opaque);

static void assign_bus(PCIBus *bus, Source *source)
{
    g_autoptr(GArray) wants = g_array_new(false, false, sizeof(Want));

    pci_for_each_device_under_bus(bus, collect_wants, wants);
    assign_wants(wants, source);
    pci_for_each_device_under_bus(bus, assign_bridge, source);
}

/* With the limit below the base, a window is closed */
static void bridge_window(PCIDevice *dev, Kind kind, uint64_t base,
                          uint64_t limit)
{
    switch (kind) {
    case KIND_IO:
        spapr_pci_config_write(dev, PCI_IO_BASE, base >> 8, 1);
        spapr_pci_config_write(dev, PCI_IO_LIMIT, limit >> 8, 1);
        return;
    case KIND_MEM:
        spapr_pci_config_write(dev, PCI_MEMORY_BASE, base >> 16, 2);
        spapr_pci_config_write(dev, PCI_MEMORY_LIMIT, limit >> 16, 2);
        return;
    case KIND_MEM64:
        spapr_pci_config_write(dev, PCI_PREF_MEMORY_BASE, base >> 16, 2);
        spapr_pci_config_write(dev, PCI_PREF_MEMORY_LIMIT, limit >> 16, 2);
        spapr_pci_config_write(dev, PCI_PREF_BASE_UPPER32, base >> 32, 4);
        spapr_pci_config_write(dev, PCI_PREF_LIMIT_UPPER32, limit >> 32, 4);
        return;
    default:
        g_assert_not_reached();
    }
}

static bool bridge_has_64(PCIDevice *dev)
{
    uint16_t base = pci_get_word(dev->config + PCI_PREF_MEMORY_BASE);

    return (base & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
}

/* A window is from where its bus begins to where the next one may */
static void assign_bridge(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Source *outer = opaque;
    Source inner = { .behind_bridge = true };
    uint64_t begin[KINDS];

    if (!IS_PCI_BRIDGE(dev)) {
        return;
    }
    for (Kind k = 0; k < KINDS; k++) {
        begin[k] = ROUND_UP(outer->spaces[k].next, bridge_align[k]);
        inner.spaces[k].next = begin[k];
        if (k != KIND_MEM64 || bridge_has_64(dev)) {
            inner.spaces[k].end = ROUND_DOWN(outer->spaces[k].end,
                                             bridge_align[k]);
        }
    }
    assign_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), &inner);
    for (Kind k = 0; k < KINDS; k++) {
        uint64_t end = ROUND_UP(inner.spaces[k].next, bridge_align[k]);

        if (end != begin[k]) {
            bridge_window(dev, k, begin[k], end - 1);
            outer->spaces[k].next = end;
        } else {
            bridge_window(dev, k, UINT32_MAX, 0);
        }
    }
}

/* What the host bridge's windows have */
static Source phb_source(SpaprPhb *phb)
{
    return (Source) {
        .spaces[KIND_IO] = { .next = FIRST_IO, .end = phb->io_win_size },
        .spaces[KIND_MEM] = {
            .next = SPAPR_PCI_MEM32_BUS,
            .end = SPAPR_PCI_MEM32_BUS + phb->mem_win_size,
        },
        .spaces[KIND_MEM64] = {
            .next = phb->mem64_window.addr,
            .end = phb->mem64_window.addr + phb->mem64_win_size,
        },
    };
}

void spapr_pci_assign(SpaprPhb *phb)
{
    Source source = phb_source(phb);

    /* Each register that is written may move regions */
    memory_region_transaction_begin();
    assign_bus(PCI_HOST_BRIDGE(phb)->bus, &source);
    memory_region_transaction_commit();
}

/*
 * A bus on which others have their addresses already, wherever firmware and
 * guest have put them
 */

static void take(GArray *taken, uint64_t base, uint64_t size)
{
    /* What goes beyond the end of all addresses is nowhere */
    if (size && base <= UINT64_MAX - size) {
        Space space = { .next = base, .end = base + size };

        g_array_append_val(taken, space);
    }
}

static void take_window(GArray *taken, PCIDevice *bridge, uint8_t type)
{
    uint64_t base = pci_bridge_get_base(bridge, type);
    uint64_t limit = pci_bridge_get_limit(bridge, type);

    if (base < limit) {
        take(taken, base, MIN(limit - base, UINT64_MAX - base - 1) + 1);
    }
}

/* The regions of a function's virtual functions, each in a row */
static void take_virtual(GArray *taken, PCIDevice *dev)
{
    uint8_t *cap = dev->config + dev->exp.sriov_cap;
    unsigned vfs = pci_get_word(cap + PCI_SRIOV_TOTAL_VF);

    for (int i = 0; i < PCI_SRIOV_NUM_BARS; i++) {
        uint8_t type = dev->exp.sriov_pf.vf_bar_type[i];
        bool is_64 = type & PCI_BASE_ADDRESS_MEM_TYPE_64;
        uint8_t *bar = cap + PCI_SRIOV_BAR + i * 4;
        uint8_t *wmask = dev->wmask + (bar - dev->config);
        uint64_t mask = is_64 ? pci_get_quad(wmask) : pci_get_long(wmask);
        uint64_t base = is_64 ? pci_get_quad(bar) : pci_get_long(bar);

        if (base & mask) {
            take(taken, base & mask, (mask & -mask) * vfs);
        }
        i += is_64;
    }
}

static void take_function(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Source *source = opaque;

    if (pci_is_vf(dev)) {
        return;
    }
    if (dev->exp.sriov_cap) {
        take_virtual(source->taken_mem, dev);
    }
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *region = &dev->io_regions[i];
        uint64_t addr = region->size ? spapr_pci_region_address(dev, i) : 0;

        if (addr) {
            take(region_is_io(region) ? source->taken_io : source->taken_mem,
                 addr, region->size);
        }
    }
    if (IS_PCI_BRIDGE(dev)) {
        take_window(source->taken_io, dev, PCI_BASE_ADDRESS_SPACE_IO);
        take_window(source->taken_mem, dev, PCI_BASE_ADDRESS_SPACE_MEMORY);
        take_window(source->taken_mem, dev, PCI_BASE_ADDRESS_MEM_PREFETCH);
    }
}

/* What of a host bridge's space a window of a bridge leads to */
static Space bridge_space(PCIDevice *bridge, uint8_t type, Space space)
{
    uint64_t base = pci_bridge_get_base(bridge, type);
    uint64_t limit = pci_bridge_get_limit(bridge, type);

    return (Space) {
        .next = MAX(base, space.next),
        .end = limit < space.end ? limit + 1 : space.end,
    };
}

static Source bus_source(SpaprPhb *phb, PCIBus *bus)
{
    Source source = phb_source(phb);
    PCIDevice *bridge = bus->parent_dev;
    Space *spaces = source.spaces;
    uint64_t prefetch;

    if (bridge) {
        prefetch = pci_bridge_get_base(bridge, PCI_BASE_ADDRESS_MEM_PREFETCH);
        source.behind_bridge = true;
        spaces[KIND_MEM64] = bridge_space(
            bridge, PCI_BASE_ADDRESS_MEM_PREFETCH,
            spaces[prefetch > UINT32_MAX ? KIND_MEM64 : KIND_MEM]);
        spaces[KIND_MEM] = bridge_space(bridge, PCI_BASE_ADDRESS_SPACE_MEMORY,
                                        spaces[KIND_MEM]);
        spaces[KIND_IO] = bridge_space(bridge, PCI_BASE_ADDRESS_SPACE_IO,
                                       spaces[KIND_IO]);
    }
    return source;
}

void spapr_pci_assign_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot)
{
    g_autoptr(GArray) wants = g_array_new(false, false, sizeof(Want));
    g_autoptr(GArray) taken_io = g_array_new(false, false, sizeof(Space));
    g_autoptr(GArray) taken_mem = g_array_new(false, false, sizeof(Space));
    Source source = bus_source(phb, bus);

    source.taken_io = taken_io;
    source.taken_mem = taken_mem;
    pci_for_each_device_under_bus(bus, take_function, &source);
    for (unsigned i = 0; i < PCI_FUNC_MAX; i++) {
        PCIDevice *dev = bus->devices[PCI_DEVFN(slot, i)];

        if (dev) {
            collect_wants(bus, dev, wants);
        }
    }
    assign_wants(wants, &source);
}
