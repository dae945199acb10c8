/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: PCI functions that come and go while the machine runs
 *
 * LoPAR, "PCI Hot Plug DR Option". Each slot of a bus is a connector, and the
 * functions of a slot are one entity: they come when function 0 does, and go
 * with it. Bridges are there for good, so that a slot with a bridge is none
 * that the guest is told of, and the numbers that buses get at a reset tell
 * their connectors apart. Buses of PCI Express have a way of their own, which is
 * in the registers of the port, and so has a bridge that the user has given a
 * standard hot plug controller (shpc=on). Bridges that come there have no
 * connectors behind them, but numbers from the next reset on, which may be those
 * that others had.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "hw/hotplug.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/shpc.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_pci.h"

/* "Currently Defined DR Connector Types": conventional PCI, 64-bit, 3.3 V */
#define SLOT_TYPE   "8"

/* The slots of a bus */
typedef struct PciSlots {
    SpaprPhb *phb;
    PCIBus *bus;
    SpaprDrcGroup *drcs;
} PciSlots;

static PciSlots *slots_of_bus(SpaprPhb *phb, PCIBus *bus)
{
    return g_hash_table_lookup(phb->slots, bus);
}

/*
 * The slots among which a function's is a connector, or NULL. Virtual functions
 * come and go as the guest tells the physical one.
 */
static PciSlots *slots_of(SpaprPhb *phb, PCIDevice *dev)
{
    PciSlots *slots = slots_of_bus(phb, pci_get_bus(dev));

    return slots && !pci_is_vf(dev) &&
           spapr_drc_exists(slots->drcs, PCI_SLOT(dev->devfn)) ? slots : NULL;
}

/* A function of a slot, unless it is a virtual one */
static PCIDevice *slot_function(const PciSlots *slots, unsigned slot,
                                unsigned fn)
{
    PCIDevice *dev = slots->bus->devices[PCI_DEVFN(slot, fn)];

    return dev && !pci_is_vf(dev) ? dev : NULL;
}

/*
 * The kind of connectors
 */

static bool slot_exists(void *opaque, uint32_t slot)
{
    PciSlots *slots = opaque;

    if (slots->bus->slot_reserved_mask & 1U << slot) {
        return false;
    }
    for (unsigned fn = 0; fn < PCI_FUNC_MAX; fn++) {
        PCIDevice *dev = slot_function(slots, slot, fn);

        if (dev && IS_PCI_BRIDGE(dev)) {
            return false;
        }
    }
    return true;
}

static char *slot_name(void *opaque, uint32_t slot)
{
    PciSlots *slots = opaque;

    return spapr_pci_slot_location(slots->phb, slots->bus, slot);
}

static bool slot_present(void *opaque, uint32_t slot)
{
    return slot_function(opaque, slot, 0);
}

static void slot_configure(void *opaque, uint32_t slot)
{
    PciSlots *slots = opaque;

    spapr_pci_assign_slot(slots->phb, slots->bus, slot);
}

static void slot_describe(void *opaque, uint32_t slot, DtNode *root)
{
    PciSlots *slots = opaque;

    spapr_pci_describe_slot(slots->phb, slots->bus, slot, root);
}

static void slot_disconnect(void *opaque, uint32_t slot)
{
    PciSlots *slots = opaque;

    for (unsigned fn = 0; fn < PCI_FUNC_MAX; fn++) {
        PCIDevice *dev = slot_function(slots, slot, fn);

        if (dev) {
            spapr_pci_msi_release(slots->phb, dev);
            pci_device_reset(dev);
        }
    }
    spapr_pci_msi_reclaim(slots->phb);
    spapr_pci_eeh_disconnected(slots->phb);
}

static void function_remove(SpaprPhb *phb, DeviceState *dev)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(phb), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

/* Function 0 goes last, as it came last */
static void slot_release(void *opaque, uint32_t slot)
{
    PciSlots *slots = opaque;

    for (int fn = PCI_FUNC_MAX - 1; fn >= 0; fn--) {
        PCIDevice *dev = slot_function(slots, slot, fn);

        if (dev) {
            function_remove(slots->phb, DEVICE(dev));
        }
    }
}

static void slot_refused(void *opaque, uint32_t slot)
{
    PCIDevice *dev = slot_function(opaque, slot, 0);

    if (dev) {
        qapi_event_send_device_unplug_guest_error(DEVICE(dev)->id,
                                                  DEVICE(dev)->canonical_path);
    }
}

static const SpaprDrcKind slot_kind = {
    .type = SLOT_TYPE,
    .resource = SPAPR_HOTPLUG_PCI,
    .exists = slot_exists,
    .name = slot_name,
    .present = slot_present,
    .configure = slot_configure,
    .describe = slot_describe,
    .disconnect = slot_disconnect,
    .release = slot_release,
    .refused = slot_refused,
};

/*
 * Buses
 */

void spapr_pci_plug_init(SpaprPhb *phb)
{
    phb->slots = g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

void spapr_pci_plug_finalize(SpaprPhb *phb)
{
    g_hash_table_unref(phb->slots);
}

void spapr_pci_plug_handle(SpaprPhb *phb, PCIBus *bus)
{
    qbus_set_hotplug_handler(BUS(bus), OBJECT(phb));
}

void spapr_pci_plug_number(SpaprPhb *phb, PCIBus *bus, unsigned number)
{
    PciSlots *slots = slots_of_bus(phb, bus);
    uint32_t first = SPAPR_DRC_PCI(phb->index, number, 0);

    if (slots) {
        spapr_drcs_move(slots->drcs, first);
        return;
    }
    if (BUS(bus)->hotplug_handler != HOTPLUG_HANDLER(phb)) {
        return;
    }
    slots = g_new(PciSlots, 1);
    slots->phb = phb;
    slots->bus = bus;
    slots->drcs = spapr_drcs_add(SPAPR_MODULE(phb->pci)->hv->drcs, &slot_kind,
                                 slots, first, SPAPR_DRC_PCI_STRIDE,
                                 PCI_SLOT_MAX);
    g_hash_table_insert(phb->slots, bus, slots);
}

/* Who looks for functions goes on to the next slot when there is no function 0 */
static void check_bus(PCIBus *bus, void *phb)
{
    if (BUS(bus)->hotplug_handler != HOTPLUG_HANDLER(phb)) {
        return;
    }
    for (unsigned devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        unsigned slot = PCI_SLOT(devfn), fn = PCI_FUNC(devfn);
        PCIDevice *dev = bus->devices[devfn];

        if (dev && !pci_is_vf(dev) && !bus->devices[PCI_DEVFN(slot, 0)]) {
            warn_report("%s: the guest won't find function %u of slot %u, "
                        "which has no function 0",
                        DEVICE(dev)->id ?: object_get_typename(OBJECT(dev)),
                        fn, slot);
        }
    }
}

void spapr_pci_plug_check(SpaprPhb *phb)
{
    pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, check_bus, phb);
}

bool spapr_pci_plug_connected(SpaprPhb *phb, PCIDevice *dev)
{
    PciSlots *slots = slots_of(phb, dev);

    return !slots || spapr_drc_connected(slots->drcs, PCI_SLOT(dev->devfn));
}

bool spapr_pci_plug_visible(SpaprPhb *phb, PCIDevice *dev)
{
    PciSlots *slots = slots_of(phb, dev);

    return !slots || spapr_drc_visible(slots->drcs, PCI_SLOT(dev->devfn));
}

uint32_t spapr_pci_plug_index(SpaprPhb *phb, PCIDevice *dev)
{
    PciSlots *slots = slots_of(phb, dev);

    return slots ? spapr_drc_index(slots->drcs, PCI_SLOT(dev->devfn)) : 0;
}

void spapr_pci_plug_populate_dt(SpaprPhb *phb, PCIBus *bus, DtNode *node)
{
    PciSlots *slots = slots_of_bus(phb, bus);

    if (slots) {
        spapr_drc_populate_dt(slots->drcs, node);
    }
}

/*
 * The handler
 */

static void plug_pre_plug(HotplugHandler *handler, DeviceState *dev,
                          Error **errp)
{
    SpaprPhb *phb = SPAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);
    PciSlots *slots;

    if (!dev->hotplugged || pci_is_vf(pdev)) {
        return;
    }
    if (IS_PCI_BRIDGE(pdev)) {
        error_setg(errp, "%s: PCI bridges must be there when the machine "
                   "starts", object_get_typename(OBJECT(dev)));
        return;
    }
    slots = slots_of_bus(phb, pci_get_bus(pdev));
    if (!slots) {
        error_setg(errp, "%s: the bus has got no number, so that the guest "
                   "can't reach it", BUS(pci_get_bus(pdev))->name);
        return;
    }
    spapr_drc_can_tell(slots->drcs, errp);
}

static void plug_plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    SpaprPhb *phb = SPAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);
    PciSlots *slots = slots_of(phb, pdev);
    PCIBus *behind;

    if (pci_is_vf(pdev)) {
        return;
    }
    if (IS_PCI_BRIDGE(pdev)) {
        behind = pci_bridge_get_sec_bus(PCI_BRIDGE(pdev));
        if (!pci_bus_is_express(behind) && !shpc_present(pdev)) {
            spapr_pci_plug_handle(phb, behind);
        }
    } else if (slots && !PCI_FUNC(pdev->devfn)) {
        if (dev->hotplugged) {
            spapr_drc_plug(slots->drcs, PCI_SLOT(pdev->devfn));
        } else {
            spapr_drc_attach(slots->drcs, PCI_SLOT(pdev->devfn));
        }
    } else if (dev->hotplugged && !slots) {
        error_setg(errp, "slot %u has a PCI bridge; nothing can be plugged "
                   "into it while the machine runs", PCI_SLOT(pdev->devfn));
    }
}

/* Whether all that goes with a slot's function 0 may go */
static bool slot_can_go(const PciSlots *slots, unsigned slot, Error **errp)
{
    for (unsigned fn = 1; fn < PCI_FUNC_MAX; fn++) {
        PCIDevice *dev = slot_function(slots, slot, fn);

        if (dev && !DEVICE_GET_CLASS(dev)->hotpluggable) {
            error_setg(errp, "function %u of slot %u, a %s, can't be removed",
                       fn, slot, object_get_typename(OBJECT(dev)));
            return false;
        }
        if (dev && qdev_unplug_blocked(DEVICE(dev), errp)) {
            return false;
        }
    }
    return true;
}

static void plug_unplug_request(HotplugHandler *handler, DeviceState *dev,
                                Error **errp)
{
    SpaprPhb *phb = SPAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);
    PciSlots *slots = slots_of(phb, pdev);
    unsigned slot = PCI_SLOT(pdev->devfn), fn = PCI_FUNC(pdev->devfn);

    if (!slots) {
        error_setg(errp, "%s: the slot can't be emptied while the machine runs: "
                   "it has a PCI bridge, or its bus has no number",
                   dev->id ?: dev->canonical_path);
    } else if (fn && slot_present(slots, slot)) {
        error_setg(errp, "%s: function %u of slot %u goes when function 0 does",
                   dev->id ?: dev->canonical_path, fn, slot);
    } else if (fn) {
        /* Without function 0 the guest has never seen it */
        function_remove(phb, dev);
    } else if (slot_can_go(slots, slot, errp)) {
        spapr_drc_unplug(slots->drcs, slot, errp);
    }
}

static void plug_unplug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    qdev_unrealize(dev);
}

void spapr_pci_plug_class_init(ObjectClass *oc)
{
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(oc);

    hc->pre_plug = plug_pre_plug;
    hc->plug = plug_plug;
    hc->unplug_request = plug_unplug_request;
    hc->unplug = plug_unplug;
}
