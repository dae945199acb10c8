/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: PCI in the device tree
 *
 * IEEE 1275's "PCI Bus Binding", and LoPAR, "PCI Host Bridge Nodes". SLOF
 * expects a node for each function, with bridges' bus numbers set, and assigns
 * addresses itself; for a guest that VOF starts we have (spapr_pci_assign.c).
 * What SLOF has added to a node stays when the guest negotiates, but properties
 * that we have too are ours then.
 */

#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/ppc/spapr_numa.h"
#include "hw/ppc/spapr_pci.h"
#include "hw/ppc/spapr_vpd.h"

/* "Numerical Representation": phys.hi */
#define PHYS_IO             0x01000000
#define PHYS_MEM32          0x02000000
#define PHYS_MEM64          0x03000000
#define PHYS_PREFETCH       0x40000000
#define PHYS_FIXED          0x80000000

/* Slots with the same low bits have their pins wired alike */
#define MAP_SLOTS           PCI_NUM_PINS
#define MAP_MASK            (PCI_DEVFN(MAP_SLOTS - 1, 0) << 8)

#define BUSES               256

typedef struct PciWalk {
    SpaprPhb *phb;
    DtNode *node;           /* of the bus */
    bool plugged;           /* they come while the guest runs */
} PciWalk;

/*
 * Bus numbers
 */

typedef struct NumberWalk {
    SpaprPhb *phb;
    unsigned last;          /* the number that was given last */
} NumberWalk;

static void number_bridge(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    NumberWalk *walk = opaque;
    uint8_t *config = dev->config;

    /* One that gets no number stays out of reach, as it is after reset */
    if (!IS_PCI_BRIDGE(dev) || walk->last + 1 >= BUSES) {
        return;
    }
    pci_set_byte(config + PCI_PRIMARY_BUS, pci_bus_num(bus));
    pci_set_byte(config + PCI_SECONDARY_BUS, ++walk->last);
    pci_set_byte(config + PCI_SUBORDINATE_BUS, BUSES - 1);
    spapr_pci_plug_number(walk->phb, pci_bridge_get_sec_bus(PCI_BRIDGE(dev)),
                          walk->last);
    pci_for_each_device_under_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)),
                                  number_bridge, walk);
    pci_set_byte(config + PCI_SUBORDINATE_BUS, walk->last);
}

void spapr_pci_number_buses(SpaprPhb *phb)
{
    PCIBus *bus = PCI_HOST_BRIDGE(phb)->bus;
    NumberWalk walk = { .phb = phb, .last = pci_bus_num(bus) };

    pci_for_each_device_under_bus(bus, number_bridge, &walk);
    phb->numbered = true;
}

/*
 * Functions
 */

static void append_cells(GArray *array, const uint32_t *cells, unsigned n)
{
    g_array_append_vals(array, cells, n);
}
#define append(array, ...)                                              \
    append_cells((array), (const uint32_t[]) { __VA_ARGS__ },           \
                 sizeof((const uint32_t[]) { __VA_ARGS__ }) /           \
                 sizeof(uint32_t))

static void prop_array(DtNode *node, const char *name, GArray *cells)
{
    dt_prop_cells_n(node, name, (const uint32_t *)cells->data, cells->len);
}

uint32_t spapr_pci_region_register(PCIDevice *dev, int i)
{
    if (i == PCI_ROM_SLOT) {
        return IS_PCI_BRIDGE(dev) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
    }
    return PCI_BASE_ADDRESS_0 + i * sizeof(uint32_t);
}

static uint32_t region_space(const PCIIORegion *region)
{
    uint32_t space;

    if (region->type & PCI_BASE_ADDRESS_SPACE_IO) {
        return PHYS_IO;
    }
    space = region->type & PCI_BASE_ADDRESS_MEM_TYPE_64 ? PHYS_MEM64
                                                        : PHYS_MEM32;
    return region->type & PCI_BASE_ADDRESS_MEM_PREFETCH ? space | PHYS_PREFETCH
                                                        : space;
}

/*
 * Names of functions' nodes, by class code. They are those that SLOF gives them,
 * misspelt ones too: when a guest has negotiated, SLOF looks for each node of the
 * new tree by its name.
 */
static const struct {
    uint32_t class_code;
    uint32_t mask;
    const char *name;
} function_names[] = {
    { 0x000100, 0xffff00, "display" },
    { 0x000000, 0xff0000, "legacy-device" },
    { 0x010000, 0xffff00, "scsi" },
    { 0x010100, 0xffff00, "ide" },
    { 0x010200, 0xffff00, "fdc" },
    { 0x010300, 0xffff00, "ipi" },
    { 0x010400, 0xffff00, "raid" },
    { 0x010500, 0xffff00, "ata" },
    { 0x010600, 0xffff00, "sata" },
    { 0x010700, 0xffff00, "sas" },
    { 0x010000, 0xff0000, "mass-storage" },
    { 0x020000, 0xffff00, "ethernet" },
    { 0x020100, 0xffff00, "token-ring" },
    { 0x020200, 0xffff00, "fddi" },
    { 0x020300, 0xffff00, "atm" },
    { 0x020400, 0xffff00, "isdn" },
    { 0x020500, 0xffff00, "worldfip" },
    { 0x020000, 0xff0000, "network" },
    { 0x030000, 0xffffff, "vga" },
    { 0x030100, 0xffffff, "xga" },
    { 0x030200, 0xffffff, "3d-controller" },
    { 0x030000, 0xff0000, "display" },
    { 0x040000, 0xffff00, "video" },
    { 0x040100, 0xffff00, "sound" },
    { 0x040200, 0xffff00, "telephony" },
    { 0x040000, 0xff0000, "multimedia-device" },
    { 0x050000, 0xffff00, "memory" },
    { 0x050100, 0xffff00, "flash" },
    { 0x050000, 0xff0000, "memory-controller" },
    { 0x060000, 0xffff00, "host" },
    { 0x060100, 0xffff00, "isa" },
    { 0x060200, 0xffff00, "eisa" },
    { 0x060300, 0xffff00, "mca" },
    { 0x060400, 0xffff00, "pci" },
    { 0x060500, 0xffff00, "pcmcia" },
    { 0x060600, 0xffff00, "nubus" },
    { 0x060700, 0xffff00, "cardbus" },
    { 0x060800, 0xffff00, "raceway" },
    { 0x060900, 0xffff00, "semi-transparent-pci" },
    { 0x060a00, 0xffff00, "infiniband" },
    { 0x060000, 0xff0000, "unknown-bridge" },
    { 0x070000, 0xffffff, "serial" },
    { 0x070100, 0xffffff, "parallel" },
    { 0x070200, 0xffffff, "multiport-serial" },
    { 0x070300, 0xffffff, "modem" },
    { 0x070400, 0xffffff, "gpib" },
    { 0x070500, 0xffffff, "smart-card" },
    { 0x070000, 0xff0000, "communication-controller" },
    { 0x080000, 0xffffff, "interrupt-controller" },
    { 0x080100, 0xffffff, "dma-controller" },
    { 0x080200, 0xffffff, "timer" },
    { 0x080300, 0xffffff, "rtc" },
    { 0x080400, 0xffffff, "hot-plug-controller" },
    { 0x080500, 0xffffff, "sd-host-controller" },
    { 0x080000, 0xff0000, "system-peripheral" },
    { 0x090000, 0xffff00, "keyboard" },
    { 0x090100, 0xffff00, "pen" },
    { 0x090200, 0xffff00, "mouse" },
    { 0x090300, 0xffff00, "scanner" },
    { 0x090400, 0xffff00, "gameport" },
    { 0x090000, 0xff0000, "input-controller" },
    { 0x0a0000, 0xffff00, "dock" },
    { 0x0a0000, 0xff0000, "docking-station" },
    { 0x0b0200, 0xffff00, "pentium" },
    { 0x0b2000, 0xffff00, "powerpc" },
    { 0x0b3000, 0xffff00, "mips" },
    { 0x0b4000, 0xffff00, "co-processor" },
    { 0x0b0000, 0xff0000, "cpu" },
    { 0x0c0000, 0xffffff, "firewire" },
    { 0x0c0100, 0xffffff, "access-bus" },
    { 0x0c0200, 0xffffff, "ssa" },
    { 0x0c0300, 0xffffff, "usb-uhci" },
    { 0x0c0310, 0xffffff, "usb-ohci" },
    { 0x0c0320, 0xffffff, "usb-ehci" },
    { 0x0c0330, 0xffffff, "usb-xhci" },
    { 0x0c0380, 0xffffff, "usb-unknown" },
    { 0x0c03fe, 0xffffff, "usb-device" },
    { 0x0c0400, 0xffffff, "fibre-channel" },
    { 0x0c0500, 0xffffff, "smb" },
    { 0x0c0600, 0xffffff, "infiniband" },
    { 0x0c0700, 0xffffff, "ipmi" },
    { 0x0c0701, 0xffffff, "ipmi" },
    { 0x0c0702, 0xffffff, "ipmi" },
    { 0x0c0800, 0xffffff, "sercos" },
    { 0x0c0900, 0xffffff, "canbus" },
    { 0x0c0000, 0xff0000, "serial-bus" },
    { 0x0d0000, 0xffff00, "irda" },
    { 0x0d0100, 0xffff00, "consumer-ir" },
    { 0x0d1000, 0xffff00, "rf-controller" },
    { 0x0d1100, 0xffff00, "bluetooth" },
    { 0x0d1200, 0xffff00, "broadband" },
    { 0x0d0000, 0xff0000, "wireless-controller" },
    { 0x0e0000, 0xff0000, "intelligent-io" },
    { 0x0f0100, 0xffff00, "satellite-tv" },
    { 0x0f0200, 0xffff00, "satellite-audio" },
    { 0x0f0300, 0xffff00, "satellite-voice" },
    { 0x0f0400, 0xffff00, "satellite-data" },
    { 0x0f0000, 0xff0000, "satellite-device" },
    { 0x100000, 0xffff00, "network-encryption" },
    { 0x100100, 0xffff00, "entertainment-encryption" },
    { 0x100000, 0xff0000, "encryption" },
    { 0x110000, 0xffff00, "dpio" },
    { 0x110100, 0xffff00, "counter" },
    { 0x111000, 0xffff00, "measurement" },
    { 0x112000, 0xffff00, "managment-card" },
    { 0x110000, 0xff0000, "data-processing-controller" },
    { 0, 0, "unknown" },
};

char *spapr_pci_function_name(PCIDevice *dev)
{
    uint32_t class_code = pci_get_long(dev->config + PCI_CLASS_REVISION) >> 8;
    unsigned slot = PCI_SLOT(dev->devfn), fn = PCI_FUNC(dev->devfn);
    int i = 0;

    while ((class_code & function_names[i].mask) !=
           function_names[i].class_code) {
        i++;
    }
    return fn ? g_strdup_printf("%s@%x,%x", function_names[i].name, slot, fn)
              : g_strdup_printf("%s@%x", function_names[i].name, slot);
}

/* Configuration space first, then what the base address registers are for */
static void function_reg(PCIDevice *dev, DtNode *node)
{
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));
    uint32_t config_addr = spapr_pci_config_addr(dev);

    append(cells, config_addr, 0, 0, 0, 0);
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *region = &dev->io_regions[i];

        if (region->size) {
            append(cells, region_space(region) | config_addr |
                          spapr_pci_region_register(dev, i),
                   0, 0, region->size >> 32, (uint32_t)region->size);
        }
    }
    prop_array(node, "reg", cells);
}

uint64_t spapr_pci_region_address(PCIDevice *dev, int i)
{
    const PCIIORegion *region = &dev->io_regions[i];
    const uint8_t *bar = dev->config + spapr_pci_region_register(dev, i);
    uint64_t addr = pci_get_long(bar);

    if (region->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        addr = pci_get_quad(bar);
    }
    return addr & ~(region->size - 1);
}

/* What firmware, or we in its place, have assigned */
static void function_addresses(PCIDevice *dev, DtNode *node)
{
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));
    uint32_t config_addr = spapr_pci_config_addr(dev);

    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *region = &dev->io_regions[i];
        uint64_t addr = region->size ? spapr_pci_region_address(dev, i) : 0;
        uint32_t space = region_space(region);

        if (!addr) {
            continue;
        }
        /* The window that it is in, not what its register can hold */
        if (space & PHYS_MEM32 && addr <= UINT32_MAX) {
            space = (space & PHYS_PREFETCH) | PHYS_MEM32;
        }
        append(cells, PHYS_FIXED | space | config_addr |
                      spapr_pci_region_register(dev, i),
               addr >> 32, (uint32_t)addr,
               region->size >> 32, (uint32_t)region->size);
    }
    if (cells->len) {
        prop_array(node, "assigned-addresses", cells);
    }
}

static void function_identity(PCIDevice *dev, DtNode *node)
{
    const uint8_t *config = dev->config;

    dt_prop_u32(node, "vendor-id", pci_get_word(config + PCI_VENDOR_ID));
    dt_prop_u32(node, "device-id", pci_get_word(config + PCI_DEVICE_ID));
    dt_prop_u32(node, "revision-id", pci_get_byte(config + PCI_REVISION_ID));
    dt_prop_u32(node, "class-code",
                pci_get_long(config + PCI_CLASS_REVISION) >> 8);
    dt_prop_u32(node, "devsel-speed",
                (pci_get_word(config + PCI_STATUS) &
                 PCI_STATUS_DEVSEL_MASK) >> 9);
    if (IS_PCI_BRIDGE(dev)) {
        return;
    }
    dt_prop_u32(node, "min-grant", pci_get_byte(config + PCI_MIN_GNT));
    dt_prop_u32(node, "max-latency", pci_get_byte(config + PCI_MAX_LAT));
    if (pci_get_word(config + PCI_SUBSYSTEM_ID)) {
        dt_prop_u32(node, "subsystem-id",
                    pci_get_word(config + PCI_SUBSYSTEM_ID));
    }
    if (pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID)) {
        dt_prop_u32(node, "subsystem-vendor-id",
                    pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID));
    }
}

/* What a function may ask ibm,change-msi for */
static void function_interrupts(PCIDevice *dev, DtNode *node)
{
    uint8_t pin = pci_get_byte(dev->config + PCI_INTERRUPT_PIN);
    uint32_t msis = spapr_pci_msi_max(dev), msixs = spapr_pci_msix_max(dev);

    if (pin) {
        dt_prop_u32(node, "interrupts", pin);
    }
    if (msis) {
        dt_prop_u32(node, "ibm,req#msi", msis);
    }
    if (msixs) {
        dt_prop_u32(node, "ibm,req#msi-x", msixs);
    }
}

/*
 * Buses
 */

static void bus_props(DtNode *node, uint32_t first, uint32_t last)
{
    dt_prop_string(node, "device_type", "pci");
    dt_prop_u32(node, "#address-cells", 3);
    dt_prop_u32(node, "#size-cells", 2);
    dt_prop_u32(node, "#interrupt-cells", 1);
    dt_prop_cells(node, "bus-range", first, last);
}

/*
 * Where pins of slots behind @bridge, or if it is NULL the host bridge, lead to.
 * Not by way of the bus above, though the binding allows that: when SLOF replaces
 * phandles in a map it counts on what an interrupt controller's specifiers are.
 */
static void bus_interrupt_map(SpaprPhb *phb, PCIDevice *bridge, DtNode *node)
{
    g_autoptr(GArray) map = g_array_new(false, false, sizeof(uint32_t));

    for (int slot = 0; slot < MAP_SLOTS; slot++) {
        for (int pin = 0; pin < PCI_NUM_PINS; pin++) {
            uint32_t source[2];

            spapr_irq_dt_cells(source, spapr_pci_pin_source(phb, bridge,
                               pci_swizzle(slot, pin)), true);
            append(map, PCI_DEVFN(slot, 0) << 8, 0, 0, pin + 1,
                   SPAPR_IRQ_PHANDLE, source[0], source[1]);
        }
    }
    prop_array(node, "interrupt-map", map);
    dt_prop_cells(node, "interrupt-map-mask", MAP_MASK, 0, 0, 7);
}

/*
 * What a bridge lets through, at the same addresses on both sides. When firmware
 * has assigned nothing the property is empty; Linux looks for it in any case.
 */
static void bridge_ranges(PCIDevice *dev, DtNode *node)
{
    static const struct {
        uint8_t type;
        uint32_t space;
    } windows[] = {
        { PCI_BASE_ADDRESS_SPACE_IO, PHYS_IO },
        { PCI_BASE_ADDRESS_SPACE_MEMORY, PHYS_MEM32 },
        { PCI_BASE_ADDRESS_MEM_PREFETCH, PHYS_MEM32 | PHYS_PREFETCH },
    };
    g_autoptr(GArray) ranges = g_array_new(false, false, sizeof(uint32_t));

    for (int i = 0; i < ARRAY_SIZE(windows); i++) {
        uint64_t base = pci_bridge_get_base(dev, windows[i].type);
        uint64_t limit = pci_bridge_get_limit(dev, windows[i].type);
        uint64_t size = limit - base + 1;
        uint32_t space = windows[i].space;

        if (!base || limit < base) {
            continue;
        }
        space |= limit > UINT32_MAX ? PHYS_MEM64 : 0;
        append(ranges, space, base >> 32, (uint32_t)base,
               space, base >> 32, (uint32_t)base,
               size >> 32, (uint32_t)size);
    }
    prop_array(node, "ranges", ranges);
}

static void populate_function(PCIBus *bus, PCIDevice *dev, void *opaque);

static void populate_bridge(SpaprPhb *phb, PCIDevice *dev, DtNode *node)
{
    PciWalk walk = { .phb = phb, .node = node };
    PCIBus *bus = pci_bridge_get_sec_bus(PCI_BRIDGE(dev));
    const uint8_t *config = dev->config;
    uint32_t secondary = pci_get_byte(config + PCI_SECONDARY_BUS);

    if (!secondary) {
        return;
    }
    bus_props(node, secondary,
              pci_get_byte(config + PCI_SUBORDINATE_BUS));
    bridge_ranges(dev, node);
    bus_interrupt_map(phb, dev, node);
    spapr_pci_plug_populate_dt(phb, bus, node);
    pci_for_each_device_under_bus(bus, populate_function, &walk);
}

char *spapr_pci_location(SpaprPhb *phb)
{
    SpaprHypervisor *hv = SPAPR_MODULE(phb->pci)->hv;
    g_autofree char *enclosure = spapr_vpd_enclosure(hv);

    return g_strdup_printf("%s-P%" PRIu32, enclosure, phb->index + 1);
}

/* What the slots of a bus are on: a host bridge, or a card in another slot */
static char *bus_location(SpaprPhb *phb, PCIBus *bus)
{
    PCIDevice *bridge = bus->parent_dev;

    if (bridge) {
        return spapr_pci_slot_location(phb, pci_get_bus(bridge),
                                       PCI_SLOT(bridge->devfn));
    }
    return spapr_pci_location(phb);
}

char *spapr_pci_slot_location(SpaprPhb *phb, PCIBus *bus, unsigned slot)
{
    g_autofree char *location = bus_location(phb, bus);

    return g_strdup_printf("%s-C%u", location, slot + 1);
}

static void add_string(GPtrArray *strings, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void add_string(GPtrArray *strings, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_ptr_array_add(strings, g_strdup_vprintf(format, ap));
    va_end(ap);
}

/* "PCI Bus Binding": the names that a driver may know a function by */
static void function_compatible(PCIDevice *dev, DtNode *node)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const uint8_t *config = dev->config;
    unsigned vendor = pci_get_word(config + PCI_VENDOR_ID);
    unsigned device = pci_get_word(config + PCI_DEVICE_ID);
    unsigned revision = pci_get_byte(config + PCI_REVISION_ID);
    unsigned class_code = pci_get_long(config + PCI_CLASS_REVISION) >> 8;
    unsigned sub_vendor = pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID);
    unsigned sub_id = pci_get_word(config + PCI_SUBSYSTEM_ID);

    if (!IS_PCI_BRIDGE(dev) && sub_vendor) {
        add_string(names, "pci%x,%x.%x.%x.%x", vendor, device, sub_vendor,
                   sub_id, revision);
        add_string(names, "pci%x,%x.%x.%x", vendor, device, sub_vendor, sub_id);
        add_string(names, "pci%x,%x", sub_vendor, sub_id);
    }
    add_string(names, "pci%x,%x.%x", vendor, device, revision);
    add_string(names, "pci%x,%x", vendor, device);
    add_string(names, "pciclass,%06x", class_code);
    add_string(names, "pciclass,%04x", class_code >> 8);
    dt_prop_strings(node, "compatible", (const char *const *)names->pdata,
                    names->len);
}

/*
 * What firmware gives the nodes of a tree that is there from the start. A
 * function's number among all functions is a phandle that no other node has.
 */
static void function_plugged(SpaprPhb *phb, PCIDevice *dev, DtNode *node,
                             const char *name)
{
    g_autofree char *base = g_strndup(name, strcspn(name, "@"));

    dt_prop_string(node, "name", base);
    function_compatible(dev, node);
    dt_prop_u32(node, "ibm,phandle",
                spapr_pci_plug_index(phb, dev) | PCI_FUNC(dev->devfn));
}

static void populate_function(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    PciWalk *walk = opaque;
    uint32_t drc = spapr_pci_plug_index(walk->phb, dev);
    g_autofree char *name = spapr_pci_function_name(dev);
    /* A connector, and for further functions, which port of the card */
    g_autofree char *slot = spapr_pci_slot_location(walk->phb, bus,
                                                    PCI_SLOT(dev->devfn));
    g_autofree char *location = g_strdup_printf("%s-T%u", slot,
                                                PCI_FUNC(dev->devfn) + 1);
    DtNode *node;

    /* Virtual functions come when the guest has them come */
    if (pci_is_vf(dev) || !spapr_pci_plug_connected(walk->phb, dev)) {
        return;
    }
    node = dt_add(walk->node, "%s", name);
    if (walk->plugged) {
        function_plugged(walk->phb, dev, node, name);
    }
    if (drc) {
        dt_prop_u32(node, "ibm,my-drc-index", drc);
    }
    function_reg(dev, node);
    function_addresses(dev, node);
    function_identity(dev, node);
    function_interrupts(dev, node);
    dt_prop_string(node, "ibm,loc-code", location);
    if (pci_bus_allows_extended_config_space(bus) &&
        pci_config_size(dev) > PCI_CONFIG_SPACE_SIZE) {
        dt_prop_u32(node, "ibm,pci-config-space-type", 1);
    }
    if (IS_PCI_BRIDGE(dev)) {
        populate_bridge(walk->phb, dev, node);
    }
}

void spapr_pci_describe_slot(SpaprPhb *phb, PCIBus *bus, unsigned slot,
                             DtNode *root)
{
    PciWalk walk = { .phb = phb, .node = root, .plugged = true };

    for (unsigned fn = 0; fn < PCI_FUNC_MAX; fn++) {
        PCIDevice *dev = bus->devices[PCI_DEVFN(slot, fn)];

        if (dev) {
            populate_function(bus, dev, &walk);
        }
    }
}

/*
 * Host bridges
 */

static void append_range(GArray *ranges, uint32_t space, uint64_t bus,
                         uint64_t addr, uint64_t size)
{
    append(ranges, space, bus >> 32, (uint32_t)bus, addr >> 32, (uint32_t)addr,
           size >> 32, (uint32_t)size);
}

static void phb_ranges(SpaprPhb *phb, DtNode *node)
{
    g_autoptr(GArray) ranges = g_array_new(false, false, sizeof(uint32_t));

    append_range(ranges, PHYS_IO, 0, phb->io_window.addr, phb->io_win_size);
    append_range(ranges, PHYS_MEM32, SPAPR_PCI_MEM32_BUS,
                 phb->mem32_window.addr, phb->mem_win_size);
    if (phb->mem64_win_size) {
        append_range(ranges, PHYS_MEM64, phb->mem64_window.addr,
                     phb->mem64_window.addr, phb->mem64_win_size);
    }
    prop_array(node, "ranges", ranges);
}

void spapr_pci_populate_dt(SpaprPhb *phb, DtNode *root)
{
    SpaprHypervisor *hv = SPAPR_MODULE(phb->pci)->hv;
    uint64_t buid = spapr_pci_buid(phb);
    PCIBus *bus = PCI_HOST_BRIDGE(phb)->bus;
    DtNode *node = dt_add(root, "pci@%" PRIx64, buid);
    g_autofree char *location = spapr_pci_location(phb);
    PciWalk walk = { .phb = phb, .node = node };

    /* The tree that the user asks for before there is a guest */
    if (!phb->numbered) {
        spapr_pci_number_buses(phb);
    }
    bus_props(node, pci_bus_num(bus), BUSES - 1);
    dt_prop_string(node, "compatible", "IBM,Logical_PHB");
    dt_prop_string(node, "model", "QEMU sPAPR PCI host bridge");
    dt_prop_cells(node, "reg", buid >> 32, (uint32_t)buid, 0, 0);
    dt_prop_empty(node, "used-by-rtas");
    dt_prop_empty(node, "64-bit-addressing");
    dt_prop_empty(node, "ibm,extended-address");
    dt_prop_u32(node, "ibm,pci-config-space-type", 1);
    dt_prop_u32(node, "ibm,pe-total-#msi", phb->nr_msis);
    dt_prop_string(node, "ibm,loc-code", location);
    /* Linux tells by it where an error was */
    dt_prop_string(node, "ibm,io-base-loc-code", location);
    /* SLOF: the functions have their nodes */
    dt_prop_empty(node, "qemu,phb-enumerated");
    phb_ranges(phb, node);
    bus_interrupt_map(phb, NULL, node);
    spapr_pci_dma_populate_dt(phb, node);
    if (phb->numa_node != UINT32_MAX) {
        spapr_numa_node_dt(hv->numa, node, phb->numa_node);
    }
    spapr_pci_plug_populate_dt(phb, bus, node);
    pci_for_each_device_under_bus(bus, populate_function, &walk);
}
