/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: PCI host bridges, and the module that knows them
 *
 * LoPAR, ch. "I/O Topology". What a bridge has of its own kind is in files of
 * its own: configuration space, interrupts, DMA windows, device tree.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/ioport.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_numa.h"
#include "hw/ppc/spapr_pci.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "trace.h"

#define PHB_NO_INDEX        UINT32_MAX

/* Granularity of windows: the largest page that a guest maps them with */
#define WINDOW_ALIGN        (64 * KiB)

/* LoPAR, table "Definition Config_addr": bits 4 to 7 are 0 */
#define CONFIG_ADDR_RESERVED 0x0f000000

PCIDevice *spapr_pci_function(SpaprPhb *phb, uint32_t config_addr)
{
    return pci_find_device(PCI_HOST_BRIDGE(phb)->bus,
                           extract32(config_addr, 16, 8),
                           extract32(config_addr, 8, 8));
}

static void add_device(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    g_ptr_array_add(opaque, dev);
    if (IS_PCI_BRIDGE(dev)) {
        pci_for_each_device_under_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)),
                                      add_device, opaque);
    }
}

GPtrArray *spapr_pci_devices(SpaprPhb *phb)
{
    GPtrArray *devices = g_ptr_array_new();

    pci_for_each_device_under_bus(PCI_HOST_BRIDGE(phb)->bus, add_device,
                                  devices);
    return devices;
}

SpaprPhb *spapr_pci_find(SpaprPci *pci, const uint32_t *args, PCIDevice **dev)
{
    uint64_t index = ((uint64_t)args[1] << 32 | args[2]) - SPAPR_PCI_BUID(0);
    SpaprPhb *phb;

    if (index >= SPAPR_PCI_MAX_BRIDGES || args[0] & CONFIG_ADDR_RESERVED) {
        return NULL;
    }
    phb = pci->bridges[index];
    if (phb && dev) {
        *dev = spapr_pci_function(phb, args[0]);
        /* A virtual function is there when it has been enabled */
        if (*dev && !((*dev)->enabled && spapr_pci_plug_visible(phb, *dev))) {
            *dev = NULL;
        }
    }
    return phb;
}

/* Each bridge on the way rotates the pins of a slot by its number */
uint32_t spapr_pci_pin_source(SpaprPhb *phb, PCIDevice *dev, int pin)
{
    for (; dev; dev = pci_get_bus(dev)->parent_dev) {
        pin = pci_swizzle_map_irq_fn(dev, pin);
    }
    return SPAPR_IRQ_PCI_PINS + phb->index * PCI_NUM_PINS + pin;
}

/*
 * The bridge
 */

static void phb_set_pin(void *opaque, int pin, int level)
{
    SpaprPhb *phb = opaque;

    trace_spapr_pci_pin(phb->index, pin, level);
    qemu_set_irq(phb->pins[pin], level);
}

static AddressSpace *phb_dma_as(PCIBus *bus, void *opaque, int devfn)
{
    return &SPAPR_PHB(opaque)->dma_as;
}

/* One of the host's, by VFIO: no IOMMU of the host has the guest's windows */
static bool phb_set_host_device(PCIBus *bus, void *opaque, int devfn,
                                HostIOMMUDevice *dev, Error **errp)
{
    error_setg(errp, "the pseries machine has no DMA windows for devices of "
               "the host");
    return false;
}

static const PCIIOMMUOps phb_iommu_ops = {
    .get_address_space = phb_dma_as,
    .set_iommu_device = phb_set_host_device,
};

static bool phb_check_window(const char *name, uint64_t size, uint64_t max,
                             bool optional, Error **errp)
{
    if ((!size && !optional) || size > max ||
        !QEMU_IS_ALIGNED(size, WINDOW_ALIGN)) {
        error_setg(errp, "%s=0x%" PRIx64 ": must be a multiple of 64 KiB%s and "
                   "no more than 0x%" PRIx64, name, size,
                   optional ? "" : ", not 0,", max);
        return false;
    }
    return true;
}

static bool phb_check_index(SpaprPhb *phb, Error **errp)
{
    if (phb->index == PHB_NO_INDEX) {
        error_setg(errp, "index= is missing: a number from 1 to %d that no "
                   "other bridge has", SPAPR_PCI_MAX_BRIDGES - 1);
        return false;
    }
    if (phb->index >= SPAPR_PCI_MAX_BRIDGES) {
        error_setg(errp, "index=%" PRIu32 ": must be from 0 to %d", phb->index,
                   SPAPR_PCI_MAX_BRIDGES - 1);
        return false;
    }
    if (phb->pci->bridges[phb->index]) {
        error_setg(errp, "index=%" PRIu32 " is another PCI host bridge's%s",
                   phb->index, phb->index ? "" : ": the built-in one's");
        return false;
    }
    return true;
}

/* The built-in bridge's bus has a name that an id could make as well */
static bool phb_check_id(SpaprPhb *phb, Error **errp)
{
    if (phb->index && !g_strcmp0(DEVICE(phb)->id, "pci")) {
        error_setg(errp, "id=pci: another bridge has the bus pci.0");
        return false;
    }
    return true;
}

static bool phb_check_options(SpaprPhb *phb, Error **errp)
{
    SpaprHypervisor *hv = SPAPR_MODULE(phb->pci)->hv;

    if (hv->memory->size > SPAPR_PCI_BASE) {
        error_setg(errp, "-m: memory must end at %llu TiB or below, where the "
                   "windows of PCI host bridges begin", SPAPR_PCI_BASE / TiB);
        return false;
    }
    if (phb->numa_node != UINT32_MAX &&
        phb->numa_node >= hv->numa->state->num_nodes) {
        error_setg(errp, "numa_node=%" PRIu32 ": there is no such node",
                   phb->numa_node);
        return false;
    }
    return phb_check_index(phb, errp) && phb_check_id(phb, errp) &&
           phb_check_window("io_win_size", phb->io_win_size,
                            SPAPR_PCI_IO_SIZE, false, errp) &&
           phb_check_window("mem_win_size", phb->mem_win_size,
                            SPAPR_PCI_MEM32_SIZE, false, errp) &&
           phb_check_window("mem64_win_size", phb->mem64_win_size,
                            SPAPR_PCI_MEM64_SIZE, true, errp);
}

/*
 * A part of a PCI address space for processors to see. Where no function
 * answers, they read ones and what they write is lost, as on real buses.
 */
static void phb_create_window(SpaprPhb *phb, MemoryRegion *window,
                              MemoryRegion *alias, const char *name,
                              MemoryRegion *space, hwaddr bus, hwaddr addr,
                              uint64_t size)
{
    Object *obj = OBJECT(phb);
    g_autofree char *alias_name = g_strdup_printf("%s-alias", name);

    memory_region_init_io(window, obj, &unassigned_io_ops, phb, name, size);
    memory_region_init_alias(alias, obj, alias_name, space, bus, size);
    memory_region_add_subregion(window, 0, alias);
    memory_region_add_subregion(get_system_memory(), addr, window);
}

static void phb_create_windows(SpaprPhb *phb)
{
    Object *obj = OBJECT(phb);
    hwaddr n = phb->index;
    hwaddr mem64 = SPAPR_PCI_BASE + (n + 1) * SPAPR_PCI_MEM64_SIZE;

    memory_region_init(&phb->io_space, obj, "pci-io", SPAPR_PCI_IO_SIZE);
    memory_region_init(&phb->mem_space, obj, "pci-memory", UINT64_MAX);
    phb_create_window(phb, &phb->io_window, &phb->io_alias, "pci-io-window",
                      &phb->io_space, 0,
                      SPAPR_PCI_BASE + n * SPAPR_PCI_IO_SIZE,
                      phb->io_win_size);
    phb_create_window(phb, &phb->mem32_window, &phb->mem32_alias,
                      "pci-memory32-window", &phb->mem_space,
                      SPAPR_PCI_MEM32_BUS,
                      SPAPR_PCI_BASE + (n + 1) * SPAPR_PCI_MEM32_SIZE,
                      phb->mem_win_size);
    if (phb->mem64_win_size) {
        phb_create_window(phb, &phb->mem64_window, &phb->mem64_alias,
                          "pci-memory64-window", &phb->mem_space, mem64, mem64,
                          phb->mem64_win_size);
    }
}

static bool phb_claim_pins(SpaprPhb *phb, Error **errp)
{
    SpaprIrq *irq = SPAPR_MODULE(phb->pci)->hv->irq;

    for (int pin = 0; pin < PCI_NUM_PINS; pin++) {
        uint32_t number = spapr_pci_pin_source(phb, NULL, pin);

        if (!spapr_irq_claim(irq, number, true, errp)) {
            return false;
        }
        phb->pins[pin] = spapr_irq_input(irq, number);
    }
    return true;
}

/* Its name is made of the bridge's id, or else of the index */
static PCIBus *phb_create_bus(SpaprPhb *phb)
{
    g_autofree char *name =
        DEVICE(phb)->id ? g_strdup_printf("%s.0", DEVICE(phb)->id)
                        : g_strdup_printf("pci.%" PRIu32, phb->index);
    PCIBus *bus = pci_register_root_bus(DEVICE(phb), name, phb_set_pin,
                                        pci_swizzle_map_irq_fn, phb,
                                        &phb->mem_space, &phb->io_space,
                                        PCI_DEVFN(0, 0), PCI_NUM_PINS,
                                        TYPE_PCI_BUS);

    /* Its slots are PCI's, but RTAS reaches all registers of PCI Express */
    bus->flags |= PCI_BUS_EXTENDED_CONFIG_SPACE;
    pci_setup_iommu(bus, &phb_iommu_ops, phb);
    spapr_pci_plug_handle(phb, bus);
    spapr_pci_plug_number(phb, bus, 0);
    return bus;
}

static void phb_realize(DeviceState *dev, Error **errp)
{
    SpaprPhb *phb = SPAPR_PHB(dev);
    Object *pci = object_resolve_path_type("", TYPE_SPAPR_PCI, NULL);

    if (!pci) {
        error_setg(errp, TYPE_SPAPR_PHB " is for the pseries machine only");
        return;
    }
    phb->pci = SPAPR_PCI(pci);
    if (!phb_check_options(phb, errp) || !spapr_pci_dma_realize(phb, errp)) {
        return;
    }
    if (!phb_claim_pins(phb, errp) || !spapr_pci_msi_realize(phb, errp)) {
        return;
    }
    spapr_pci_eeh_realize(phb);
    snprintf(phb->bus_path, sizeof(phb->bus_path), "%04x:00", phb->index);
    phb_create_windows(phb);
    PCI_HOST_BRIDGE(phb)->bus = phb_create_bus(phb);
    phb->pci->bridges[phb->index] = phb;
}

static void phb_init(Object *obj)
{
    spapr_pci_plug_init(SPAPR_PHB(obj));
}

static void phb_finalize(Object *obj)
{
    spapr_pci_plug_finalize(SPAPR_PHB(obj));
}

/* What is behind it has been reset by then */
static void phb_reset_hold(Object *obj, ResetType type)
{
    SpaprPhb *phb = SPAPR_PHB(obj);

    spapr_pci_eeh_reset(phb);
    spapr_pci_dma_reset(phb);
    spapr_pci_msi_reset(phb);
    spapr_pci_number_buses(phb);
    if (SPAPR_MODULE(phb->pci)->hv->firmware->vof) {
        spapr_pci_assign(phb);
    }
}

static int phb_pre_save(void *opaque)
{
    spapr_pci_msi_save(opaque);
    return 0;
}

static int phb_post_load(void *opaque, int version_id)
{
    return spapr_pci_msi_load(opaque) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_phb = {
    .name = TYPE_SPAPR_PHB,
    .version_id = 1,
    .minimum_version_id = 1,
    /* Functions may do DMA as soon as they are loaded */
    .priority = MIG_PRI_IOMMU,
    .pre_save = phb_pre_save,
    .post_load = phb_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(index, SpaprPhb,
                             "the PCI host bridges or their order differ"),
        VMSTATE_UINT64_EQUAL(io_win_size, SpaprPhb, "io_win_size= differs"),
        VMSTATE_UINT64_EQUAL(mem_win_size, SpaprPhb, "mem_win_size= differs"),
        VMSTATE_UINT64_EQUAL(mem64_win_size, SpaprPhb,
                             "mem64_win_size= differs"),
        VMSTATE_UINT64_EQUAL(dma_win_addr, SpaprPhb, "dma_win_addr= differs"),
        VMSTATE_UINT64_EQUAL(dma_win_size, SpaprPhb, "dma_win_size= differs"),
        VMSTATE_UINT64_EQUAL(dma64_win_addr, SpaprPhb,
                             "dma64_win_addr= differs"),
        VMSTATE_UINT64_EQUAL(pgsz, SpaprPhb, "ddw= or pgsz= differs"),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(msis, SpaprPhb, nr_msis,
                                             vmstate_spapr_pci_msi,
                                             SpaprPciMsi),
        {
            .name = "windows",
            .info = &vmstate_info_spapr_pci_windows,
            .flags = VMS_SINGLE,
        },
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_spapr_pci_eeh,
        NULL
    },
};

static const char *phb_root_bus_path(PCIHostState *host, PCIBus *bus)
{
    return SPAPR_PHB(host)->bus_path;
}

static char *phb_unit_address(const SysBusDevice *dev)
{
    return g_strdup_printf("%" PRIx64, spapr_pci_buid(SPAPR_PHB(dev)));
}

static const Property phb_properties[] = {
    DEFINE_PROP_UINT32("index", SpaprPhb, index, PHB_NO_INDEX),
    DEFINE_PROP_UINT32("numa_node", SpaprPhb, numa_node, UINT32_MAX),
    DEFINE_PROP_UINT64("io_win_size", SpaprPhb, io_win_size,
                       SPAPR_PCI_IO_SIZE),
    DEFINE_PROP_UINT64("mem_win_size", SpaprPhb, mem_win_size,
                       SPAPR_PCI_MEM32_SIZE),
    DEFINE_PROP_UINT64("mem64_win_size", SpaprPhb, mem64_win_size,
                       SPAPR_PCI_MEM64_SIZE),
    DEFINE_PROP_UINT64("dma_win_addr", SpaprPhb, dma_win_addr, 0),
    DEFINE_PROP_UINT64("dma_win_size", SpaprPhb, dma_win_size, 1 * GiB),
    DEFINE_PROP_UINT64("dma64_win_addr", SpaprPhb, dma64_win_addr, 1ULL << 59),
    DEFINE_PROP_UINT64("pgsz", SpaprPhb, pgsz,
                       4 * KiB | 64 * KiB | 2 * MiB | 16 * MiB),
    DEFINE_PROP_BOOL("ddw", SpaprPhb, ddw, true),
};

static void phb_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "sPAPR PCI host bridge";
    dc->fw_name = "pci";
    dc->realize = phb_realize;
    dc->vmsd = &vmstate_phb;
    /* Until there are connectors for host bridges */
    dc->hotpluggable = false;
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_BRIDGE, dc->categories);
    device_class_set_props(dc, phb_properties);
    spapr_pci_eeh_class_init(oc);
    RESETTABLE_CLASS(oc)->phases.hold = phb_reset_hold;
    SYS_BUS_DEVICE_CLASS(oc)->explicit_ofw_unit_address = phb_unit_address;
    PCI_HOST_BRIDGE_CLASS(oc)->root_bus_path = phb_root_bus_path;
    spapr_pci_plug_class_init(oc);
}

/*
 * The module
 */

static void pci_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    SpaprPci *pci = SPAPR_PCI(module);

    spapr_pci_config_register_calls(pci, rtas);
    spapr_pci_msi_register_calls(pci, rtas);
    spapr_pci_dma_register_calls(pci, rtas);
    spapr_pci_eeh_register_calls(pci, rtas);
}

static void pci_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprPci *pci = SPAPR_PCI(module);
    DtNode *rtas = dt_get(root, "rtas");

    /* LoPAR, "ibm,change-msi": there are functions 3 and up */
    dt_prop_empty(rtas, "ibm,change-msix-capable");
    spapr_pci_eeh_populate_dt(rtas);
    /* Linux may assign what firmware has not, or not well */
    dt_prop_u32(dt_get(root, "chosen"), "linux,pci-probe-only", 0);
    for (int i = 0; i < SPAPR_PCI_MAX_BRIDGES; i++) {
        if (pci->bridges[i]) {
            spapr_pci_populate_dt(pci->bridges[i], root);
        }
    }
}

void spapr_pci_init_done(SpaprPci *pci)
{
    for (int i = 0; i < SPAPR_PCI_MAX_BRIDGES; i++) {
        if (pci->bridges[i]) {
            spapr_pci_plug_check(pci->bridges[i]);
        }
    }
}

/* However it has been taken out: slots of PCI Express do so by themselves */
static void pci_device_gone(DeviceListener *listener, DeviceState *dev)
{
    SpaprPci *pci = container_of(listener, SpaprPci, listener);

    for (int i = 0; i < SPAPR_PCI_MAX_BRIDGES; i++) {
        if (pci->bridges[i]) {
            spapr_pci_msi_forget(pci->bridges[i], dev);
        }
    }
}

static void pci_realize(DeviceState *dev, Error **errp)
{
    SpaprPci *pci = SPAPR_PCI(dev);

    /* Functions may have MSI capabilities */
    msi_nonbroken = true;
    pci->listener.unrealize = pci_device_gone;
    device_listener_register(&pci->listener);
}

static void pci_class_init(ObjectClass *oc, void *data)
{
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    DEVICE_CLASS(oc)->desc = "sPAPR PCI";
    DEVICE_CLASS(oc)->realize = pci_realize;
    smc->register_calls = pci_register_calls;
    smc->populate_dt = pci_populate_dt;
}

static const TypeInfo spapr_pci_types[] = {
    {
        .name = TYPE_SPAPR_PCI,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprPci),
        .class_init = pci_class_init,
    }, {
        .name = TYPE_SPAPR_PHB,
        .parent = TYPE_PCI_HOST_BRIDGE,
        .instance_size = sizeof(SpaprPhb),
        .instance_init = phb_init,
        .instance_finalize = phb_finalize,
        .class_init = phb_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_HOTPLUG_HANDLER },
            { },
        },
    },
};

DEFINE_TYPES(spapr_pci_types)
