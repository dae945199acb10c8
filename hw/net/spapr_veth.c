/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual Ethernet adapters
 *
 * LoPAR, ch. "Interpartition Logical LAN (ILLAN) Option". The adapter is one at
 * a port of a switch that has a trunk adapter, which is QEMU's backend: what
 * the guest sends goes there. The port takes frames of any VLAN.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/ppc/spapr_vio_ctl.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/dma.h"
#include "system/runstate.h"
#include "system/system.h"
#include "spapr_veth_internal.h"
#include "trace.h"

/*
 * Enough for all buffers that Linux has when each of its pools is in use and of
 * the largest size
 */
#define VETH_WINDOW         0x20000000

/* "H_REGISTER_LOGICAL_LAN" */
#define VETH_PAGE           4096
#define VETH_QUEUE_ALIGN    16

/* Attributes that the guest may change, while it is not registered */
#define ILLAN_CHANGEABLE    (ILLAN_LARGE_ENABLED | ILLAN_BUFFER_SIZE |     \
                             ILLAN_CSUM_TCP_IPV6 | ILLAN_CSUM_TCP_IPV4)
#define ILLAN_CONSTANT      (ILLAN_MULTI_BUFFERS | ILLAN_CSUM_NON_ZERO |   \
                             ILLAN_LARGE_SUPPORTED | ILLAN_CSUM_PADDED)

/* VLANs: all that there are, and the one of frames without a tag */
#define VLAN_PVID           1
#define VLAN_LAST           4094
#define VLAN_MAX_PRIORITY   7

static SpaprVeth *veth_find(SpaprVioBus *bus, target_ulong unit)
{
    SpaprVioDevice *dev = spapr_vio_find(bus, unit, TYPE_SPAPR_VETH);

    return dev ? SPAPR_VETH(dev) : NULL;
}

SpaprVeth *veth_registered(SpaprVioBus *bus, target_ulong unit)
{
    SpaprVeth *veth = veth_find(bus, unit);

    return veth && veth->registered ? veth : NULL;
}

static void veth_set_mac(SpaprVeth *veth, MACAddr mac)
{
    veth->mac = mac;
    qemu_format_nic_info_str(veth_nc(veth), veth->mac.a);
}

/* What of the frames for the guest the backend may leave to it */
static void veth_set_offload(SpaprVeth *veth)
{
    bool ipv4 = veth_csum_enabled(veth, false);
    bool ipv6 = veth_csum_enabled(veth, true);
    bool large = veth_large_enabled(veth);

    if (veth->vnet) {
        qemu_set_offload(veth_nc(veth)->peer, ipv4 || ipv6, large && ipv4,
                         large && ipv6, large, 0, 0, 0);
    }
}

/*
 * Hypercalls
 */

static bool veth_is_mapped(SpaprVeth *veth, uint64_t ioba, uint64_t len)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(veth));

    return dma_memory_valid(as, ioba, len, DMA_DIRECTION_TO_DEVICE,
                            MEMTXATTRS_UNSPECIFIED) &&
           dma_memory_valid(as, ioba, len, DMA_DIRECTION_FROM_DEVICE,
                            MEMTXATTRS_UNSPECIFIED);
}

static bool veth_is_page(SpaprVeth *veth, target_ulong ioba)
{
    return ioba <= UINT32_MAX && QEMU_IS_ALIGNED(ioba, VETH_PAGE) &&
           veth_is_mapped(veth, ioba, VETH_PAGE);
}

static bool veth_queue_is_sane(uint32_t ioba, uint32_t size)
{
    return size && QEMU_IS_ALIGNED(size, VETH_QUEUE_ENTRY) &&
           QEMU_IS_ALIGNED(ioba, VETH_QUEUE_ALIGN) &&
           ioba <= UINT32_MAX - size;
}

static bool veth_is_queue(SpaprVeth *veth, uint64_t desc)
{
    uint32_t ioba = veth_desc_ioba(desc), size = veth_desc_length(desc);

    return veth_desc_control(desc) & VETH_VALID &&
           veth_queue_is_sane(ioba, size) && veth_is_mapped(veth, ioba, size);
}

/* Returns: false when the page is not for writing after all */
static bool veth_init_list(SpaprVeth *veth, uint32_t list, uint32_t filters)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(veth));
    uint64_t desc = (uint64_t)VETH_VALID << 56 | (uint64_t)VETH_PAGE << 32 |
                    filters;

    return dma_memory_set(as, list, 0, VETH_LIST_SIZE,
                          MEMTXATTRS_UNSPECIFIED) == MEMTX_OK &&
           stq_be_dma(as, list + VETH_LIST_FILTERS, desc,
                      MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

/*
 * H_REGISTER_LOGICAL_LAN: begin to use an adapter
 *
 * LoPAR, "H_REGISTER_LOGICAL_LAN". R4: unit address; R5: I/O address of the
 * buffer list, a page; R6: descriptor of the receive queue; R7: I/O address of
 * the filter list, a page, of which no use is made; R8: MAC address, the low-
 * order 6 bytes. Returns H_PARAMETER for a unit address without an adapter, one
 * that is registered, pages that are none or aren't mapped, and a queue that
 * isn't valid, not of multiples of 16 bytes on such a boundary, or isn't
 * mapped; H_SUCCESS, and the adapter's interrupt is disabled.
 */
static target_long h_register(PowerPCCPU *cpu, void *opaque,
                              target_ulong *args)
{
    SpaprVeth *veth = veth_find(opaque, args[0]);

    if (!veth || veth->registered ||
        !veth_is_page(veth, args[1]) || !veth_is_page(veth, args[3]) ||
        !veth_is_queue(veth, args[2]) ||
        !veth_init_list(veth, args[1], args[3])) {
        return H_PARAMETER;
    }
    trace_spapr_veth_register(args[0], args[1], args[2], args[4]);
    spapr_vio_enable_irq(SPAPR_VIO_DEVICE(veth), false);
    veth_set_mac(veth, veth_mac(args[4]));
    veth_rx_start(veth, args[1], args[2]);
    return H_SUCCESS;
}

/*
 * H_FREE_LOGICAL_LAN: end it
 *
 * LoPAR, "H_FREE_LOGICAL_LAN". R4: unit address. Returns H_PARAMETER for one
 * without an adapter; H_SUCCESS, also when it isn't registered.
 */
static target_long h_free(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprVeth *veth = veth_find(opaque, args[0]);

    if (!veth) {
        return H_PARAMETER;
    }
    trace_spapr_veth_free(args[0]);
    veth_rx_stop(veth);
    return H_SUCCESS;
}

/*
 * H_CHANGE_LOGICAL_LAN_MAC: receive frames for another address
 *
 * LoPAR, "H_CHANGE_LOGICAL_LAN_MAC". R4: unit address; R5: MAC address, the
 * low-order 6 bytes. Returns H_PARAMETER for a unit address without an adapter;
 * H_SUCCESS.
 */
static target_long h_change_mac(PowerPCCPU *cpu, void *opaque,
                                target_ulong *args)
{
    SpaprVeth *veth = veth_find(opaque, args[0]);

    if (!veth) {
        return H_PARAMETER;
    }
    veth_set_mac(veth, veth_mac(args[1]));
    return H_SUCCESS;
}

static uint32_t veth_attributes(SpaprVeth *veth)
{
    return ILLAN_CONSTANT | veth->attributes |
           (veth_nc(veth)->link_down ? ILLAN_PORT_DISABLED : 0);
}

/*
 * H_ILLAN_ATTRIBUTES: ask which options there are, or change them
 *
 * LoPAR, "H_ILLAN_ATTRIBUTES". R4: unit address; R5: bits to reset, R6: bits to
 * set after that. Out: R4: what came of it. Returns H_PARAMETER for a unit
 * address without an adapter, for the bit of a disabled port, and to become a
 * trunk adapter of some priority; H_CONSTRAINED for bits that can't be changed,
 * or not now; H_SUCCESS. Bits that are not implemented are ignored.
 */
static target_long h_attributes(PowerPCCPU *cpu, void *opaque,
                                target_ulong *args)
{
    SpaprVeth *veth = veth_find(opaque, args[0]);
    target_ulong reset = args[1], set = args[2], wanted, changes, allowed;

    if (!veth || (reset | set) & ILLAN_PORT_DISABLED ||
        set & ILLAN_TRUNK_PRIORITY) {
        return H_PARAMETER;
    }
    wanted = (veth_attributes(veth) & ~reset) | set;
    changes = (wanted ^ veth_attributes(veth)) &
              (ILLAN_CHANGEABLE | ILLAN_CONSTANT | ILLAN_ACTIVE_TRUNK);
    allowed = veth->registered ? 0 : changes & ILLAN_CHANGEABLE;
    if (allowed) {
        veth->attributes ^= allowed;
        veth_set_offload(veth);
    }
    trace_spapr_veth_attributes(args[0], reset, set, veth_attributes(veth));
    args[0] = veth_attributes(veth);
    return changes == allowed ? H_SUCCESS : H_CONSTRAINED;
}

static void veth_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls,
                                SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_REGISTER_LOGICAL_LAN, "H_REGISTER_LOGICAL_LAN", "hcall-lLAN",
          h_register },
        { H_FREE_LOGICAL_LAN, "H_FREE_LOGICAL_LAN", "hcall-lLAN", h_free },
        { H_ADD_LOGICAL_LAN_BUFFER, "H_ADD_LOGICAL_LAN_BUFFER", "hcall-lLAN",
          veth_h_add_buffer },
        { H_SEND_LOGICAL_LAN, "H_SEND_LOGICAL_LAN", "hcall-lLAN",
          veth_h_send },
        { H_MULTICAST_CTRL, "H_MULTICAST_CTRL", "hcall-lLAN",
          veth_h_multicast_ctrl },
        { H_CHANGE_LOGICAL_LAN_MAC, "H_CHANGE_LOGICAL_LAN_MAC", "hcall-ILAN",
          h_change_mac },
        { H_FREE_LOGICAL_LAN_BUFFER, "H_FREE_LOGICAL_LAN_BUFFER", "hcall-lLAN",
          veth_h_free_buffer },
        { H_ILLAN_ATTRIBUTES, "H_ILLAN_ATTRIBUTES", "hcall-illan-options",
          h_attributes },
        { H_ADD_LOGICAL_LAN_BUFFERS, "H_ADD_LOGICAL_LAN_BUFFERS",
          "hcall-illan-options", veth_h_add_buffers },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), bus);
}

/*
 * H_VIOCTL
 */

/* "GET_ILLAN_VLAN_ID_LIST Subfunction Semantics": untagged ones' first */
static target_long vioctl_vlan_list(SpaprVioDevice *dev,
                                    const target_ulong *args)
{
    uint16_t ids[VLAN_LAST];

    QEMU_BUILD_BUG_ON(VLAN_PVID != 1);
    for (unsigned i = 0; i < VLAN_LAST; i++) {
        ids[i] = cpu_to_be16(VLAN_PVID + i);
    }
    return spapr_vioctl_put(dev, args, ids, sizeof(ids));
}

/* "GET_ILLAN_SWITCH_ID Subfunction Semantics": the name of the backend */
static target_long vioctl_switch(SpaprVioDevice *dev, const target_ulong *args)
{
    NetClientState *peer = veth_nc(SPAPR_VETH(dev))->peer;
    const char *name = peer ? peer->name : "";

    return spapr_vioctl_put(dev, args, name, strlen(name));
}

/* Subfunctions without parameters, whose result is in R4 */
static target_long vioctl_number(target_ulong *args, target_ulong number)
{
    if (!spapr_vioctl_no_parms(args)) {
        return H_PARAMETER;
    }
    args[0] = number;
    return H_SUCCESS;
}

/* "H_VIOCTL". There are no limits to MAC addresses and VLAN priorities. */
static target_long veth_vioctl(SpaprVioDevice *dev, target_ulong subfunction,
                               target_ulong *args)
{
    switch (subfunction) {
    case VIOCTL_GET_ILLAN_NUMBER_VLAN_IDS:
        return vioctl_number(args, VLAN_LAST);
    case VIOCTL_GET_ILLAN_VLAN_ID_LIST:
        return vioctl_vlan_list(dev, args);
    case VIOCTL_GET_ILLAN_SWITCH_ID:
        return vioctl_switch(dev, args);
    case VIOCTL_GET_ILLAN_MAX_VLAN_PRIORITY:
        return vioctl_number(args, VLAN_MAX_PRIORITY);
    case VIOCTL_GET_ILLAN_NUMBER_MAC_ACLS:
        return vioctl_number(args, 0);
    case VIOCTL_GET_MAC_ACLS:
        return spapr_vioctl_put(dev, args, NULL, 0);
    default:
        return H_NOT_FOUND;
    }
}

/*
 * The device
 */

static void veth_flush(void *opaque)
{
    SpaprVeth *veth = opaque;

    qemu_flush_queued_packets(veth_nc(veth));
}

static void veth_rx_timer(void *opaque)
{
    veth_rx_give_up(opaque);
}

static void veth_merge_bh(void *opaque)
{
    veth_rx_merged(opaque);
}

static void veth_vm_state_change(void *opaque, bool running, RunState state)
{
    if (!running) {
        veth_rx_merged(opaque);
    }
}

static NetClientInfo veth_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = veth_can_receive,
    .receive_iov = veth_receive_iov,
};

static void veth_use_vnet(SpaprVeth *veth)
{
    NetClientState *peer = veth_nc(veth)->peer;
    int len = sizeof(struct virtio_net_hdr);

    veth->vnet = qemu_has_vnet_hdr(peer) && qemu_has_vnet_hdr_len(peer, len);
    if (veth->vnet) {
        qemu_set_vnet_hdr_len(peer, len);
        veth_set_offload(veth);
    }
}

static void veth_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprVeth *veth = SPAPR_VETH(dev);
    DeviceState *qdev = DEVICE(dev);

    if (veth->conf.peers.queues > 1) {
        error_setg(errp, "%s has one queue, its network %d",
                   object_get_typename(OBJECT(dev)), veth->conf.peers.queues);
        return;
    }
    qemu_macaddr_default_if_unset(&veth->conf.macaddr);
    veth->nic = qemu_new_nic(&veth_net_info, &veth->conf,
                             object_get_typename(OBJECT(dev)), qdev->id,
                             &qdev->mem_reentrancy_guard, veth);
    /* Frames of less than 60 bytes are fine here, as with virtio */
    veth_nc(veth)->do_not_pad = true;
    veth->flush_bh = qemu_bh_new_guarded(veth_flush, veth,
                                         &qdev->mem_reentrancy_guard);
    veth->merge_bh = qemu_bh_new_guarded(veth_merge_bh, veth,
                                         &qdev->mem_reentrancy_guard);
    veth->vm_state_change =
        qdev_add_vm_change_state_handler(qdev, veth_vm_state_change, veth);
    veth->rx_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, veth_rx_timer, veth);
    veth->tx_made = g_malloc(VETH_FRAME_MAX);
    veth->rx_frame = g_malloc(VETH_RX_FRAME_MAX);
    veth->rx_made = g_malloc(VETH_RX_FRAME_MAX);
    veth->merge.frame = g_malloc(VETH_FRAME_MAX);
    veth->merge.room = VETH_FRAME_MAX;
    veth_set_mac(veth, veth->conf.macaddr);
    veth_use_vnet(veth);
}

static void veth_unrealize(SpaprVioDevice *dev)
{
    SpaprVeth *veth = SPAPR_VETH(dev);

    veth_rx_stop(veth);
    qemu_bh_delete(veth->flush_bh);
    qemu_bh_delete(veth->merge_bh);
    timer_free(veth->rx_timer);
    qemu_del_vm_change_state_handler(veth->vm_state_change);
    qemu_del_nic(veth->nic);
    g_free(veth->tx_made);
    g_free(veth->rx_frame);
    g_free(veth->rx_made);
    g_free(veth->merge.frame);
}

static void veth_reset(SpaprVioDevice *dev)
{
    SpaprVeth *veth = SPAPR_VETH(dev);

    /* What is still to be sent, or to be received, is of the time before */
    qemu_purge_queued_packets(veth_nc(veth));
    veth_rx_stop(veth);
    veth->attributes = 0;
    veth_set_offload(veth);
    veth_set_mac(veth, veth->conf.macaddr);
}

/*
 * Table "Properties of the Logical LAN OF Device Tree Node". A guest that looks
 * for more than one kind of network finds that there is Ethernet only.
 */
static void veth_populate_dt(SpaprVioDevice *dev, DtNode *node)
{
    static const char type[] = "ethernet,1000,none,full";
    SpaprVeth *veth = SPAPR_VETH(dev);

    dt_prop(node, "local-mac-address", veth->conf.macaddr.a, ETH_ALEN);
    dt_prop(node, "mac-address", veth->mac.a, ETH_ALEN);
    dt_prop_u32(node, "address-bits", ETH_ALEN * 8);
    dt_prop_u32(node, "max-frame-size", VETH_FRAME_MAX);
    dt_prop_string(node, "supported-network-types", type);
    dt_prop_string(node, "chosen-network-type", type);
    dt_prop_u32(node, "ibm,mac-address-filters", VETH_MAX_FILTERS);
    dt_prop_empty(node, "ibm,illan-options");
}

void spapr_veth_create_all(SpaprVioBus *bus)
{
    /* The alias is how Linux calls its driver */
    qemu_create_nic_bus_devices(BUS(bus), TYPE_SPAPR_VIO_DEVICE,
                                TYPE_SPAPR_VETH, "ibmveth", TYPE_SPAPR_VETH);
}

/*
 * Migration
 */

static int veth_pre_save(void *opaque)
{
    SpaprVeth *veth = opaque;
    uint32_t n = 0;

    veth->saved_pools = veth->pool_count;
    veth->saved_buffers = veth->buffers;
    g_free(veth->saved);
    veth->saved = g_new(uint32_t, veth->buffers);
    for (uint32_t i = 0; i < veth->pool_count; i++) {
        const VethPool *pool = &veth->pools[i];

        veth->saved_sizes[i] = pool->size;
        veth->saved_counts[i] = pool->count;
        for (uint32_t j = 0; j < pool->count; j++) {
            veth->saved[n++] = pool->ring[(pool->head + j) & (pool->room - 1)];
        }
    }
    return 0;
}

static int veth_post_save(void *opaque)
{
    SpaprVeth *veth = opaque;

    g_free(g_steal_pointer(&veth->saved));
    return 0;
}

static int veth_pre_load(void *opaque)
{
    SpaprVeth *veth = opaque;

    veth_rx_stop(veth);
    /* What is left of one that failed half way */
    g_free(g_steal_pointer(&veth->saved));
    return 0;
}

/* All that comes before the buffers, of which there could be too many */
static bool veth_is_sane(void *opaque, int version_id)
{
    SpaprVeth *veth = opaque;
    uint32_t entries = veth->queue_size / VETH_QUEUE_ENTRY;

    if (veth->attributes & ~ILLAN_CHANGEABLE) {
        return false;
    }
    if (!veth->registered) {
        return !veth->saved_pools && !veth->saved_buffers;
    }
    return QEMU_IS_ALIGNED(veth->list, VETH_PAGE) &&
           veth_queue_is_sane(veth->queue, veth->queue_size) &&
           veth->queue_size <= VETH_MAX_LENGTH &&
           veth->queue_next < veth->queue_size &&
           QEMU_IS_ALIGNED(veth->queue_next, VETH_QUEUE_ENTRY) &&
           veth->saved_pools <= VETH_MAX_POOLS &&
           veth->saved_buffers <= entries;
}

static bool veth_load_pools(SpaprVeth *veth)
{
    uint32_t n = 0, last = VETH_MIN_BUFFER - 1;

    for (uint32_t i = 0; i < veth->saved_pools; i++) {
        uint32_t size = veth->saved_sizes[i], count = veth->saved_counts[i];

        if (size <= last || size > VETH_MAX_LENGTH ||
            count > veth->saved_buffers - n) {
            return false;
        }
        last = size;
        veth_pool_create(veth, size);
        while (count--) {
            veth_pool_put(veth, size, veth->saved[n++]);
        }
    }
    return n == veth->saved_buffers;
}

static int veth_post_load(void *opaque, int version_id)
{
    SpaprVeth *veth = opaque;
    bool ok = veth_load_pools(veth);

    g_free(g_steal_pointer(&veth->saved));
    if (!ok) {
        veth_rx_stop(veth);
        return -EINVAL;
    }
    veth_set_mac(veth, veth->mac);
    veth_set_offload(veth);
    return 0;
}

static const VMStateDescription vmstate_spapr_veth = {
    .name = TYPE_SPAPR_VETH,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = veth_pre_save,
    .post_save = veth_post_save,
    .pre_load = veth_pre_load,
    .post_load = veth_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SpaprVeth, 1, vmstate_spapr_vio_device,
                       SpaprVioDevice),
        VMSTATE_UINT32(attributes, SpaprVeth),
        VMSTATE_MACADDR(mac, SpaprVeth),
        VMSTATE_BOOL(registered, SpaprVeth),
        VMSTATE_UINT32(list, SpaprVeth),
        VMSTATE_UINT32(queue, SpaprVeth),
        VMSTATE_UINT32(queue_size, SpaprVeth),
        VMSTATE_UINT32(queue_next, SpaprVeth),
        VMSTATE_BOOL(queue_toggle, SpaprVeth),
        VMSTATE_UINT64(dropped, SpaprVeth),
        VMSTATE_BOOL(multicast, SpaprVeth),
        VMSTATE_BOOL(filtering, SpaprVeth),
        VMSTATE_UINT8(filter_count, SpaprVeth),
        VMSTATE_BUFFER_UNSAFE(filters, SpaprVeth, 1,
                              VETH_MAX_FILTERS * sizeof(MACAddr)),
        VMSTATE_UINT32(saved_pools, SpaprVeth),
        VMSTATE_UINT32_ARRAY(saved_sizes, SpaprVeth, VETH_MAX_POOLS),
        VMSTATE_UINT32_ARRAY(saved_counts, SpaprVeth, VETH_MAX_POOLS),
        VMSTATE_UINT32(saved_buffers, SpaprVeth),
        VMSTATE_VALIDATE("registered as no guest can", veth_is_sane),
        VMSTATE_VARRAY_UINT32_ALLOC(saved, SpaprVeth, saved_buffers, 1,
                                    vmstate_info_uint32, uint32_t),
        VMSTATE_END_OF_LIST()
    },
};

static const Property veth_properties[] = {
    DEFINE_NIC_PROPERTIES(SpaprVeth, conf),
};

static void veth_init(Object *obj)
{
    SpaprVeth *veth = SPAPR_VETH(obj);

    device_add_bootindex_property(obj, &veth->conf.bootindex, "bootindex", "",
                                  DEVICE(obj));
}

static void veth_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);

    dc->desc = "sPAPR virtual Ethernet";
    dc->vmsd = &vmstate_spapr_veth;
    device_class_set_props(dc, veth_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    vdc->dt_name = "l-lan";
    vdc->dt_type = "network";
    vdc->dt_compatible = "IBM,l-lan";
    vdc->has_irq = true;
    vdc->dma_window = VETH_WINDOW;
    vdc->realize = veth_realize;
    vdc->unrealize = veth_unrealize;
    vdc->reset = veth_reset;
    vdc->populate_dt = veth_populate_dt;
    vdc->vioctls = BIT(VIOCTL_GET_ILLAN_NUMBER_VLAN_IDS) |
                   BIT(VIOCTL_GET_ILLAN_VLAN_ID_LIST) |
                   BIT(VIOCTL_GET_ILLAN_SWITCH_ID) |
                   BIT(VIOCTL_GET_ILLAN_MAX_VLAN_PRIORITY) |
                   BIT(VIOCTL_GET_ILLAN_NUMBER_MAC_ACLS) |
                   BIT(VIOCTL_GET_MAC_ACLS);
    vdc->vioctl = veth_vioctl;
    vdc->register_calls = veth_register_calls;
}

static const TypeInfo veth_types[] = {
    {
        .name = TYPE_SPAPR_VETH,
        .parent = TYPE_SPAPR_VIO_DEVICE,
        .instance_size = sizeof(SpaprVeth),
        .instance_init = veth_init,
        .class_init = veth_class_init,
    },
};

DEFINE_TYPES(veth_types)
