/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the virtual I/O bus
 *
 * The bridge, its bus and what all devices on it have in common: a unit
 * address, an interrupt and a node below /vdevice (LoPAR, ch. "Virtualized
 * Input/Output").
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/ppc/spapr_crq.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_sub_crq.h"
#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_vio_ctl.h"
#include "hw/ppc/spapr_vpd.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qemu/xxhash.h"
#include "trace.h"

/*
 * Interrupt numbers. The first default unit addresses have a number each that
 * no other device gets. All others share a range: a device takes the first
 * free one from a place that its unit address tells, so the same command line
 * gives the same numbers, and mostly so does another order of it.
 */
#define VIO_IRQ_FIXED           0x100
#define VIO_IRQ_SHARED          (SPAPR_IRQ_VIO + VIO_IRQ_FIXED)
#define VIO_IRQ_SHARED_COUNT    (SPAPR_IRQ_DYNAMIC - VIO_IRQ_SHARED)

static SpaprVioBridge *vio_bridge(SpaprVioDevice *dev)
{
    return SPAPR_VIO_BUS(qdev_get_parent_bus(DEVICE(dev)))->bridge;
}

static bool vio_same_unit(const void *a, const void *b)
{
    return ((const SpaprVioDevice *)a)->reg == ((const SpaprVioDevice *)b)->reg;
}

static bool vio_has_unit(const void *dev, const void *unit)
{
    return ((const SpaprVioDevice *)dev)->reg == *(const uint32_t *)unit;
}

static SpaprVioDevice *vio_lookup(SpaprVioBridge *bridge, uint32_t unit)
{
    return qht_lookup_custom(&bridge->units, &unit, qemu_xxhash2(unit),
                             vio_has_unit);
}

SpaprVioDevice *spapr_vio_find(SpaprVioBus *bus, target_ulong unit,
                               const char *type)
{
    SpaprVioDevice *dev;

    if (unit > UINT32_MAX) {
        return NULL;
    }
    dev = vio_lookup(bus->bridge, unit);
    return dev && object_dynamic_cast(OBJECT(dev), type) ? dev : NULL;
}

static gint vio_compare_reg(gconstpointer a, gconstpointer b)
{
    const SpaprVioDevice *da = a;
    const SpaprVioDevice *db = b;

    return da->reg < db->reg ? -1 : da->reg > db->reg;
}

static void vio_collect(void *dev, uint32_t hash, void *devices)
{
    GList **list = devices;

    *list = g_list_insert_sorted(*list, dev, vio_compare_reg);
}

/* All of them, in order of unit address; for g_list_free() */
static GList *vio_devices(SpaprVioBridge *bridge)
{
    GList *devices = NULL;

    qht_iter(&bridge->units, vio_collect, &devices);
    return devices;
}

SpaprVioDevice *spapr_vio_first(SpaprVioBus *bus, const char *type)
{
    g_autoptr(GList) devices = vio_devices(bus->bridge);

    for (GList *l = devices; l; l = l->next) {
        if (object_dynamic_cast(l->data, type)) {
            return l->data;
        }
    }
    return NULL;
}

void spapr_vio_enable_irq(SpaprVioDevice *dev, bool enable)
{
    qatomic_set(&dev->irq_enabled, enable);
    /*
     * Who enables the interrupt looks into the queue then; who has put something
     * there looks whether it is enabled. One of them sees what the other did.
     */
    smp_mb();
}

void spapr_vio_signal(SpaprVioDevice *dev)
{
    bool enabled;

    /* Pairs with that of spapr_vio_enable_irq() */
    smp_mb();
    enabled = qatomic_read(&dev->irq_enabled);
    trace_spapr_vio_signal(dev->reg, enabled);
    if (enabled && dev->irq) {
        /* LoPAR, "VIO Interrupt Control": all are edge-triggered */
        qemu_irq_pulse(dev->irq);
    }
}

/*
 * Unit addresses and interrupt numbers
 */

static bool vio_take_unit(SpaprVioBridge *bridge, SpaprVioDevice *dev,
                          Error **errp)
{
    SpaprVioDevice *other;

    if (dev->reg == SPAPR_VIO_ANY_UNIT) {
        dev->reg = SPAPR_VIO_FIRST_UNIT;
        while (vio_lookup(bridge, dev->reg)) {
            dev->reg++;
        }
    }
    if (dev->reg == SPAPR_VIO_CONSOLE_UNIT) {
        error_setg(errp, "reg=0x%" PRIx32 " is reserved: it stands for the "
                   "default console", dev->reg);
        return false;
    }
    other = vio_lookup(bridge, dev->reg);
    if (other) {
        error_setg(errp, "reg=0x%" PRIx32 " is already the unit address of %s "
                   "device '%s'", dev->reg, object_get_typename(OBJECT(other)),
                   DEVICE(other)->canonical_path);
        return false;
    }
    qht_insert(&bridge->units, dev, qemu_xxhash2(dev->reg), NULL);
    return true;
}

static uint32_t vio_claim_irq(SpaprIrq *irq, uint32_t reg, Error **errp)
{
    uint32_t number;

    if (reg >= SPAPR_VIO_FIRST_UNIT &&
        reg - SPAPR_VIO_FIRST_UNIT < VIO_IRQ_FIXED) {
        return spapr_irq_claim(irq, SPAPR_IRQ_VIO + reg - SPAPR_VIO_FIRST_UNIT,
                               false, errp);
    }
    for (uint32_t i = 0; i < VIO_IRQ_SHARED_COUNT; i++) {
        number = spapr_irq_claim(irq, VIO_IRQ_SHARED +
                                 (reg + i) % VIO_IRQ_SHARED_COUNT, false, NULL);
        if (number) {
            return number;
        }
    }
    return spapr_irq_claim(irq, 0, false, errp);
}

static void vio_release(SpaprVioBridge *bridge, SpaprVioDevice *dev)
{
    if (dev->irq_number) {
        spapr_irq_release(SPAPR_MODULE(bridge)->hv->irq, dev->irq_number);
        dev->irq_number = 0;
        dev->irq = NULL;
    }
    qht_remove(&bridge->units, dev, qemu_xxhash2(dev->reg));
}

/*
 * DMA
 *
 * A device's address space has one of two things in it: the window, or, for
 * firmware, which has no TCEs, all of memory.
 */

static bool vio_has_window(SpaprVioDevice *dev)
{
    return SPAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window;
}

static void vio_set_bypass(SpaprVioDevice *dev, bool bypass)
{
    if (dev->bypass != bypass) {
        trace_spapr_vio_bypass(dev->reg, bypass);
    }
    dev->bypass = bypass;
    memory_region_transaction_begin();
    memory_region_set_enabled(spapr_tce_window_region(&dev->window), !bypass);
    memory_region_set_enabled(&dev->dma_bypass, bypass);
    memory_region_transaction_commit();
}

/*
 * LoPAR, R1-"General VIO Requirements"-12: each window has a LIOBN of its own.
 * The unit address is one.
 */
static bool vio_create_window(SpaprVioDevice *dev, Error **errp)
{
    SpaprHypervisor *hv = SPAPR_MODULE(vio_bridge(dev))->hv;
    uint64_t size = SPAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window;
    Object *obj = OBJECT(dev);

    if (!spapr_tce_window_init(&dev->window, obj, hv->tces, dev->reg,
                               SPAPR_TCE_PAGE_SHIFT, 0, size, errp)) {
        return false;
    }
    memory_region_init(&dev->dma_root, obj, "dma", UINT64_MAX);
    memory_region_add_subregion(&dev->dma_root, 0,
                                spapr_tce_window_region(&dev->window));
    memory_region_init_alias(&dev->dma_bypass, obj, "dma-bypass",
                             hv->memory->ram, 0, hv->memory->size);
    memory_region_add_subregion_overlap(&dev->dma_root, 0, &dev->dma_bypass, 1);
    vio_set_bypass(dev, false);
    address_space_init(&dev->dma_as, &dev->dma_root,
                       object_get_typename(obj));
    return true;
}

/* Who uses it without the BQL has it until the end of an RCU grace period */
static void vio_destroy_window(SpaprVioDevice *dev)
{
    if (vio_has_window(dev)) {
        address_space_destroy(&dev->dma_as);
        spapr_tce_window_cleanup(&dev->window);
    }
}

/*
 * ibm,set-tce-bypass: a device does DMA by real address, or no longer
 *
 * Not in the LoPAR: between QEMU and SLOF, see rtas-set-tce-bypass in its
 * board-qemu/slof/rtas.fs. Argument cells: unit address, 1 or 0. There are no
 * return cells, so a device that has no window is passed over in silence.
 */
static int32_t set_tce_bypass(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    SpaprVioDevice *dev = vio_lookup(opaque, args[0]);

    if (!dev || !vio_has_window(dev)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    vio_set_bypass(dev, args[1]);
    return RTAS_OUT_SUCCESS;
}

static void vio_device_stop(SpaprVioDevice *dev)
{
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);

    spapr_vio_enable_irq(dev, false);
    if (vdc->reset) {
        vdc->reset(dev);
    }
    if (vio_has_window(dev)) {
        vio_set_bypass(dev, false);
    }
}

/*
 * quiesce: firmware has ended, the guest begins
 *
 * Not in the LoPAR: between QEMU and SLOF, see rtas-quiesce in its
 * board-qemu/slof/rtas.fs. No argument and no return cells. SLOF has closed
 * what it had opened; if not, it is done here, so that no device writes into
 * memory that is the guest's now. TCEs stay: the guest initializes those that
 * it uses, R2-"DMA Address Translation and Control via the TCE Mechanism"-10.
 */
static int32_t quiesce(PowerPCCPU *cpu, void *opaque,
                       const uint32_t *args, uint32_t *outs)
{
    g_autoptr(GList) devices = vio_devices(opaque);

    for (GList *l = devices; l; l = l->next) {
        SpaprVioDevice *dev = l->data;

        if (vio_has_window(dev)) {
            trace_spapr_vio_quiesce(dev->reg);
            vio_device_stop(dev);
        }
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * The device
 */

static void spapr_vio_device_realize(DeviceState *qdev, Error **errp)
{
    ERRP_GUARD();
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(qdev);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);
    SpaprVioBridge *bridge = vio_bridge(dev);
    SpaprIrq *irq = SPAPR_MODULE(bridge)->hv->irq;

    if (!vio_take_unit(bridge, dev, errp)) {
        return;
    }
    if (vdc->has_irq) {
        dev->irq_number = vio_claim_irq(irq, dev->reg, errp);
        if (!dev->irq_number) {
            vio_release(bridge, dev);
            return;
        }
        dev->irq = spapr_irq_input(irq, dev->irq_number);
    }
    if (vio_has_window(dev) && !vio_create_window(dev, errp)) {
        vio_release(bridge, dev);
        return;
    }
    trace_spapr_vio_realize(object_get_typename(OBJECT(dev)), dev->reg,
                            dev->irq_number);
    if (vdc->realize) {
        vdc->realize(dev, errp);
        if (*errp) {
            vio_destroy_window(dev);
            vio_release(bridge, dev);
        }
    }
}

static void spapr_vio_device_unrealize(DeviceState *qdev)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(qdev);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);

    if (vdc->unrealize) {
        vdc->unrealize(dev);
    }
    vio_destroy_window(dev);
    vio_release(vio_bridge(dev), dev);
}

static void spapr_vio_device_reset_hold(Object *obj, ResetType type)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(obj);

    vio_device_stop(dev);
    if (vio_has_window(dev)) {
        spapr_tce_window_reset(&dev->window);
    }
}

static bool vio_window_exists(void *opaque, int version_id)
{
    return vio_has_window(opaque);
}

static int vio_device_post_load(void *opaque, int version_id)
{
    SpaprVioDevice *dev = opaque;

    if (vio_has_window(dev)) {
        vio_set_bypass(dev, dev->bypass);
    }
    return 0;
}

const VMStateDescription vmstate_spapr_vio_device = {
    .name = TYPE_SPAPR_VIO_DEVICE,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = vio_device_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(reg, SpaprVioDevice, "reg= differs"),
        VMSTATE_UINT32_EQUAL(irq_number, SpaprVioDevice,
                             "the order of the VIO devices differs"),
        VMSTATE_BOOL(irq_enabled, SpaprVioDevice),
        VMSTATE_STRUCT_TEST(window, SpaprVioDevice, vio_window_exists, 1,
                            vmstate_spapr_tce_window, SpaprTceWindow),
        VMSTATE_BOOL_TEST(bypass, SpaprVioDevice, vio_window_exists),
        VMSTATE_END_OF_LIST()
    },
};

static const Property spapr_vio_device_properties[] = {
    DEFINE_PROP_UINT32("reg", SpaprVioDevice, reg, SPAPR_VIO_ANY_UNIT),
};

static void spapr_vio_device_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);

    dc->bus_type = TYPE_SPAPR_VIO_BUS;
    dc->realize = spapr_vio_device_realize;
    dc->unrealize = spapr_vio_device_unrealize;
    rc->phases.hold = spapr_vio_device_reset_hold;
    device_class_set_props(dc, spapr_vio_device_properties);
}

/*
 * The device tree
 */

/*
 * "Virtual Card Connector Location Codes": a slot on the partition's virtual
 * planar. No label has the number 0, which is the partition's, so both are
 * counted from 1; the first default unit address is in the first slot.
 */
static void vio_device_populate_location(SpaprVioDevice *dev, DtNode *node)
{
    SpaprHypervisor *hv = SPAPR_MODULE(vio_bridge(dev))->hv;
    g_autofree char *system = spapr_vpd_enclosure(hv);
    uint64_t slot = (uint32_t)(dev->reg - SPAPR_VIO_FIRST_UNIT) + 1ULL;
    g_autofree char *location = g_strdup_printf("%s-V1-C%" PRIu64, system,
                                                slot);

    dt_prop_string(node, "ibm,loc-code", location);
}

/* "Children of the /vdevice Node"; the parent's #size-cells is of no use */
static void vio_device_populate_window(SpaprVioDevice *dev, DtNode *node)
{
    uint64_t size = SPAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window;

    dt_prop_u32(node, "ibm,#dma-address-cells", 2);
    dt_prop_u32(node, "ibm,#dma-size-cells", 2);
    dt_prop_cells(node, "ibm,my-dma-window", dev->reg, 0, 0,
                  size >> 32, (uint32_t)size);
}

/* What Linux's vio_register_device_node() reads of every device */
static void vio_device_populate_dt(SpaprVioDevice *dev, DtNode *vdevice)
{
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(dev);
    DtNode *node = dt_add(vdevice, "%s@%" PRIx32, vdc->dt_name, dev->reg);

    dt_prop_u32(node, "reg", dev->reg);
    if (vdc->dt_type) {
        dt_prop_string(node, "device_type", vdc->dt_type);
    }
    if (vdc->dt_compatible) {
        dt_prop_string(node, "compatible", vdc->dt_compatible);
    }
    if (dev->irq_number) {
        uint32_t cells[2];

        spapr_irq_dt_cells(cells, dev->irq_number, false);
        dt_prop_cells_n(node, "interrupts", cells, ARRAY_SIZE(cells));
    }
    if (vio_has_window(dev)) {
        vio_device_populate_window(dev, node);
    }
    vio_device_populate_location(dev, node);
    if (vdc->populate_dt) {
        vdc->populate_dt(dev, node);
    }
}

/* LoPAR, table "Properties of the /vdevice Node" */
static void spapr_vio_bridge_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprVioBridge *bridge = SPAPR_VIO_BRIDGE(module);
    DtNode *vdevice = dt_add(root, "vdevice");
    g_autoptr(GList) devices = vio_devices(bridge);

    dt_prop_string(vdevice, "device_type", "vdevice");
    dt_prop_string(vdevice, "compatible", "IBM,vdevice");
    dt_prop_u32(vdevice, "#address-cells", 1);
    dt_prop_u32(vdevice, "#size-cells", 0);
    dt_prop_u32(vdevice, "#interrupt-cells", 2);
    dt_prop_empty(vdevice, "interrupt-controller");
    dt_prop_cells(vdevice, "interrupt-ranges", SPAPR_IRQ_VIO,
                  SPAPR_IRQ_BASE + SPAPR_IRQ_COUNT - SPAPR_IRQ_VIO);

    /* In order of address, so that Linux numbers consoles the way QEMU does */
    for (GList *l = devices; l; l = l->next) {
        vio_device_populate_dt(l->data, vdevice);
    }
}

/*
 * The bus and its bridge
 */

static char *spapr_vio_bus_get_dev_path(DeviceState *qdev)
{
    return g_strdup_printf("%" PRIx32, SPAPR_VIO_DEVICE(qdev)->reg);
}

static char *spapr_vio_bus_get_fw_dev_path(DeviceState *qdev)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(qdev);

    return g_strdup_printf("%s@%" PRIx32,
                           SPAPR_VIO_DEVICE_GET_CLASS(dev)->dt_name, dev->reg);
}

static void spapr_vio_bus_class_init(ObjectClass *oc, void *data)
{
    BusClass *bc = BUS_CLASS(oc);

    bc->get_dev_path = spapr_vio_bus_get_dev_path;
    bc->get_fw_dev_path = spapr_vio_bus_get_fw_dev_path;
}

/* A class calls its own hook only; QOM hands parents' hooks down */
static void vio_class_register_calls(ObjectClass *oc, SpaprVioBridge *bridge,
                                     SpaprHcallTable *hcalls,
                                     SpaprRtasTable *rtas)
{
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);
    ObjectClass *parent = object_class_get_parent(oc);

    if (object_class_dynamic_cast(parent, TYPE_SPAPR_VIO_DEVICE) &&
        SPAPR_VIO_DEVICE_CLASS(parent)->register_calls ==
        vdc->register_calls) {
        return;
    }
    if (vdc->register_calls) {
        vdc->register_calls(bridge->bus, hcalls, rtas);
    }
}

static void spapr_vio_bridge_register_calls(SpaprModule *module,
                                            SpaprHcallTable *hcalls,
                                            SpaprRtasTable *rtas)
{
    SpaprVioBridge *bridge = SPAPR_VIO_BRIDGE(module);
    g_autoptr(GSList) classes =
        object_class_get_list_sorted(TYPE_SPAPR_VIO_DEVICE, true);

    for (GSList *l = classes; l; l = l->next) {
        vio_class_register_calls(l->data, bridge, hcalls, rtas);
        bridge->vioctls |= SPAPR_VIO_DEVICE_CLASS(l->data)->vioctls;
    }
    spapr_crq_register_calls(bridge->bus, hcalls);
    spapr_sub_crq_register_calls(bridge->bus, hcalls);
    spapr_vio_ctl_register_calls(bridge->bus, hcalls);
    spapr_rtas_register(rtas, "ibm,set-tce-bypass", 2, 0, set_tce_bypass,
                        bridge);
    spapr_rtas_register(rtas, "quiesce", 0, 0, quiesce, bridge);
}

static void spapr_vio_bridge_realize(DeviceState *dev, Error **errp)
{
    SpaprVioBridge *bridge = SPAPR_VIO_BRIDGE(dev);

    bridge->bus = SPAPR_VIO_BUS(qbus_new(TYPE_SPAPR_VIO_BUS, dev,
                                         "spapr-vio"));
    bridge->bus->bridge = bridge;
}

static void spapr_vio_bridge_init(Object *obj)
{
    qht_init(&SPAPR_VIO_BRIDGE(obj)->units, vio_same_unit, 1,
             QHT_MODE_AUTO_RESIZE);
}

static void spapr_vio_bridge_finalize(Object *obj)
{
    qht_destroy(&SPAPR_VIO_BRIDGE(obj)->units);
}

static void spapr_vio_bridge_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR virtual I/O bridge";
    dc->fw_name = "vdevice";
    dc->realize = spapr_vio_bridge_realize;
    /* Reason: part of the machine */
    dc->user_creatable = false;
    smc->register_calls = spapr_vio_bridge_register_calls;
    smc->populate_dt = spapr_vio_bridge_populate_dt;
}

static const TypeInfo spapr_vio_types[] = {
    {
        .name = TYPE_SPAPR_VIO_BRIDGE,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprVioBridge),
        .instance_init = spapr_vio_bridge_init,
        .instance_finalize = spapr_vio_bridge_finalize,
        .class_init = spapr_vio_bridge_class_init,
    }, {
        .name = TYPE_SPAPR_VIO_BUS,
        .parent = TYPE_BUS,
        .instance_size = sizeof(SpaprVioBus),
        .class_init = spapr_vio_bus_class_init,
    }, {
        .name = TYPE_SPAPR_VIO_DEVICE,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(SpaprVioDevice),
        .class_size = sizeof(SpaprVioDeviceClass),
        .class_init = spapr_vio_device_class_init,
        .abstract = true,
    },
};

DEFINE_TYPES(spapr_vio_types)
