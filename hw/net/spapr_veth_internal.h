/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what the files of the virtual Ethernet adapter share
 */

#ifndef HW_NET_SPAPR_VETH_INTERNAL_H
#define HW_NET_SPAPR_VETH_INTERNAL_H

#include "exec/target_long.h"
#include "hw/net/spapr_veth.h"
#include "hw/ppc/papr.h"
#include "net/eth.h"
#include "net/net.h"
#include "standard-headers/linux/virtio_net.h"
#include "spapr_veth_offload.h"

/* The longest frame from and to a guest, which is what Linux has buffers for */
#define VETH_FRAME_MAX      65536

/* The longest one that comes in: an IP packet as large as it gets, in a VLAN */
#define VETH_RX_FRAME_MAX   (UINT16_MAX + ETH_HLEN + \
                             sizeof(struct vlan_header))

/* Table "ILLAN Attributes" */
#define ILLAN_MULTI_BUFFERS     0x40000     /* H_ADD_LOGICAL_LAN_BUFFERS */
#define ILLAN_CSUM_NON_ZERO     0x20000
#define ILLAN_LARGE_ENABLED     0x10000
#define ILLAN_LARGE_SUPPORTED   0x08000
#define ILLAN_PORT_DISABLED     0x04000
#define ILLAN_CSUM_PADDED       0x02000
#define ILLAN_BUFFER_SIZE       0x01000
#define ILLAN_TRUNK_PRIORITY    0x00f00
#define ILLAN_CSUM_TCP_IPV6     0x00004
#define ILLAN_CSUM_TCP_IPV4     0x00002
#define ILLAN_ACTIVE_TRUNK      0x00001

/* "Buffer Descriptor" and "Receive Queue Entry": the control byte */
#define VETH_VALID          0x80    /* of a queue entry: see the toggle */
#define VETH_TOGGLE         0x40    /* of the queue's descriptor */
#define VETH_MESSAGE        0x40    /* of a queue entry: there is one in it */
#define VETH_LARGE          0x04
#define VETH_NO_CSUM        0x02
#define VETH_CSUM_GOOD      0x01

/* "Receive Buffers": the opaque handle, then the size of segments if any */
#define VETH_HANDLE_SIZE    8
#define VETH_MSS_SIZE       8

#define VETH_QUEUE_ENTRY    16
#define VETH_MIN_BUFFER     16
#define VETH_MAX_LENGTH     0xffffff    /* of a descriptor */
#define VETH_MAX_POOLS      254
#define VETH_MAX_FILTERS    255

/* Offsets in the "Buffer List", a page */
#define VETH_LIST_SIZE      4096
#define VETH_LIST_QUEUE     0
#define VETH_LIST_FILTERS   8
#define VETH_LIST_DROPPED   (VETH_LIST_SIZE - 8)

/* Buffers of one size: I/O addresses in the order in which they were added */
typedef struct VethPool {
    uint32_t size;          /* bytes of each buffer */
    uint32_t *ring;
    uint32_t room;          /* of the ring; a power of 2, or 0 */
    uint32_t head;
    uint32_t count;
} VethPool;

struct SpaprVeth {
    SpaprVioDevice parent_obj;

    NICState *nic;
    NICConf conf;
    bool vnet;              /* the backend has frames with a header of virtio */
    QEMUBH *flush_bh;

    uint32_t attributes;    /* those that are not constant: ILLAN_* */
    MACAddr mac;            /* that the guest receives frames for */

    /* What the guest has registered. I/O addresses: it may map pages anew. */
    bool registered;
    uint32_t list;          /* the buffer list */
    uint32_t queue;
    uint32_t queue_size;    /* bytes */
    uint32_t queue_next;    /* offset of the entry that is filled next */
    bool queue_toggle;
    uint64_t dropped;       /* frames for which there was no buffer */

    bool multicast;         /* frames to multicast addresses are received... */
    bool filtering;         /* ...but for those not in the table */
    uint8_t filter_count;
    MACAddr filters[VETH_MAX_FILTERS];

    /* In order of size. All together have no more buffers than the queue. */
    VethPool pools[VETH_MAX_POOLS];
    uint32_t pool_count;
    uint32_t buffers;
    bool rx_stalled;        /* frames wait for buffers... */
    uint32_t rx_wanted;     /* ...the first of them for one of so many bytes */
    QEMUTimer *rx_timer;    /* when they have waited for long enough */
    /* Those that need so many don't wait, until there is such a buffer; or 0 */
    uint32_t rx_given_up;

    /*
     * Of a large frame for the guest, until the end of what the backend has for
     * us at once. The buffer that it needs is there; it does not migrate.
     */
    VethMerge merge;
    QEMUBH *merge_bh;
    VMChangeStateEntry *vm_state_change;

    bool tx_busy;           /* the backend has still to take a frame */

    uint8_t *tx_made;       /* a frame that is made for the backend */
    uint8_t *rx_frame;      /* one that came in several pieces */
    uint8_t *rx_made;       /* one that is made for the guest */

    /* During migration: @pools, and what is in their rings in one line */
    uint32_t saved_pools;
    uint32_t saved_sizes[VETH_MAX_POOLS];
    uint32_t saved_counts[VETH_MAX_POOLS];
    uint32_t saved_buffers;
    uint32_t *saved;
};

/* The fields of a descriptor */
static inline uint8_t veth_desc_control(uint64_t desc)
{
    return desc >> 56;
}

static inline uint32_t veth_desc_length(uint64_t desc)
{
    return (desc >> 32) & VETH_MAX_LENGTH;
}

static inline uint32_t veth_desc_ioba(uint64_t desc)
{
    return desc;
}

static inline NetClientState *veth_nc(SpaprVeth *veth)
{
    return qemu_get_queue(veth->nic);
}

/* The low-order six bytes of a register */
static inline MACAddr veth_mac(uint64_t reg)
{
    MACAddr mac;

    for (int i = 0; i < ETH_ALEN; i++) {
        mac.a[i] = reg >> (8 * (ETH_ALEN - 1 - i));
    }
    return mac;
}

/* Whether checksums of TCP are left to the other side */
static inline bool veth_csum_enabled(const SpaprVeth *veth, bool ipv6)
{
    return veth->attributes &
           (ipv6 ? ILLAN_CSUM_TCP_IPV6 : ILLAN_CSUM_TCP_IPV4);
}

static inline bool veth_large_enabled(const SpaprVeth *veth)
{
    return veth->attributes & ILLAN_LARGE_ENABLED;
}

/**
 * veth_registered: the adapter with a unit address
 *
 * Returns: NULL when there is none, or when the guest has not registered it
 */
SpaprVeth *veth_registered(SpaprVioBus *bus, target_ulong unit);

/*
 * spapr_veth_rx.c
 */

PowerpcHcallFn veth_h_add_buffer;
PowerpcHcallFn veth_h_add_buffers;
PowerpcHcallFn veth_h_free_buffer;
PowerpcHcallFn veth_h_multicast_ctrl;

/** veth_rx_start: empty pools and a fresh queue, to frames that are for all */
void veth_rx_start(SpaprVeth *veth, uint32_t list, uint64_t queue);

/** veth_rx_stop: forget all buffers; what waits for one is dropped */
void veth_rx_stop(SpaprVeth *veth);

/** veth_rx_flush: take what waits, the next time that nobody waits for us */
void veth_rx_flush(SpaprVeth *veth);

/** veth_rx_give_up: take what waits, and drop what there is no buffer for */
void veth_rx_give_up(SpaprVeth *veth);

/** veth_rx_merged: give the guest what has been merged */
void veth_rx_merged(SpaprVeth *veth);

/**
 * veth_pool_create: have a place for buffers of a size, of which there is none
 *
 * Returns: NULL when there is no room for one
 */
VethPool *veth_pool_create(SpaprVeth *veth, uint32_t size);

/**
 * veth_pool_put: add a buffer
 *
 * Returns: false when there is no room for one of that size
 */
bool veth_pool_put(SpaprVeth *veth, uint32_t size, uint32_t ioba);

bool veth_can_receive(NetClientState *nc);
ssize_t veth_receive_iov(NetClientState *nc, const struct iovec *iov,
                         int iovcnt);

/*
 * spapr_veth_tx.c
 */

PowerpcHcallFn veth_h_send;

#endif /* HW_NET_SPAPR_VETH_INTERNAL_H */
