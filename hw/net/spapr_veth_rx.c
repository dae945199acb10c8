/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: frames that a virtual Ethernet adapter receives
 *
 * LoPAR, ch. "Interpartition Logical LAN (ILLAN) Option". The guest gives us
 * buffers of some sizes. A frame goes into the smallest that is large enough,
 * and an entry of the receive queue tells of it. A frame that would fit into
 * buffers of which the guest has none left at the moment waits, as its sender
 * then does, but not for ever; one that fits into none is dropped, and counted.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/iov.h"
#include "qemu/main-loop.h"
#include "hw/ppc/spapr_vio_queue.h"
#include "system/dma.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "spapr_veth_internal.h"
#include "trace.h"

/* Rings begin with so many places */
#define POOL_FIRST_ROOM     64

/* H_ADD_LOGICAL_LAN_BUFFERS has at most so many */
#define VETH_BATCH          8

/* How long the first of the frames that wait does so */
#define VETH_PATIENCE_MS    500

/* Flags of H_MULTICAST_CTRL */
#define MCAST_MODIFY_RECEIVE    0x80000
#define MCAST_MODIFY_FILTERING  0x40000
#define MCAST_RECEIVE           0x20000
#define MCAST_FILTERING         0x10000
#define MCAST_TABLE             0x00003
#define MCAST_ALL_FLAGS         0xf0003

/* What it does to the table */
enum { MCAST_KEEP, MCAST_ADD, MCAST_REMOVE, MCAST_CLEAR };

/* What a guest copies is faster to copy from such an address */
#define VETH_COPY_ALIGN     16

/* A frame as the guest gets it */
typedef struct VethMessage {
    const uint8_t *data;
    size_t len;
    uint32_t payload;       /* where that begins which the guest copies */
    uint8_t control;        /* of its entry in the receive queue */
    uint16_t mss;           /* of a large one; or 0 */
    /* Offset of a checksum that the guest is to find as 0; or 0 */
    uint32_t no_checksum;
} VethMessage;

/* A frame that came in */
typedef struct VethFrame {
    const uint8_t *data;
    size_t len;
    struct virtio_net_hdr hdr;
    VethTcp tcp;
    bool is_tcp;
} VethFrame;

/*
 * Pools
 */

/* The first one whose buffers have @size bytes or more; may be beyond all */
static uint32_t pool_lookup(SpaprVeth *veth, uint32_t size)
{
    uint32_t i = 0;

    while (i < veth->pool_count && veth->pools[i].size < size) {
        i++;
    }
    return i;
}

static VethPool *pool_find(SpaprVeth *veth, uint32_t size)
{
    uint32_t i = pool_lookup(veth, size);

    return i < veth->pool_count && veth->pools[i].size == size ?
           &veth->pools[i] : NULL;
}

VethPool *veth_pool_create(SpaprVeth *veth, uint32_t size)
{
    uint32_t i = pool_lookup(veth, size);

    if (veth->pool_count == VETH_MAX_POOLS) {
        return NULL;
    }
    memmove(&veth->pools[i + 1], &veth->pools[i],
            (veth->pool_count - i) * sizeof(VethPool));
    veth->pool_count++;
    veth->pools[i] = (VethPool) { .size = size };
    return &veth->pools[i];
}

static void pool_remove(SpaprVeth *veth, VethPool *pool)
{
    VethPool *end = &veth->pools[veth->pool_count];

    g_free(pool->ring);
    memmove(pool, pool + 1, (end - (pool + 1)) * sizeof(VethPool));
    veth->pool_count--;
}

static void pool_resize(VethPool *pool, uint32_t room)
{
    uint32_t *ring = g_new(uint32_t, room);

    for (uint32_t i = 0; i < pool->count; i++) {
        ring[i] = pool->ring[(pool->head + i) & (pool->room - 1)];
    }
    g_free(pool->ring);
    pool->ring = ring;
    pool->room = room;
    pool->head = 0;
}

bool veth_pool_put(SpaprVeth *veth, uint32_t size, uint32_t ioba)
{
    VethPool *pool;

    if (veth->buffers == veth->queue_size / VETH_QUEUE_ENTRY) {
        return false;
    }
    pool = pool_find(veth, size) ?: veth_pool_create(veth, size);
    if (!pool) {
        return false;
    }
    if (pool->count == pool->room) {
        pool_resize(pool, MAX(pool->room * 2, POOL_FIRST_ROOM));
    }
    pool->ring[(pool->head + pool->count) & (pool->room - 1)] = ioba;
    pool->count++;
    veth->buffers++;
    if (size >= veth->rx_given_up) {
        veth->rx_given_up = 0;
    }
    return true;
}

static uint32_t pool_get(SpaprVeth *veth, VethPool *pool)
{
    uint32_t ioba = pool->ring[pool->head];

    pool->head = (pool->head + 1) & (pool->room - 1);
    pool->count--;
    veth->buffers--;
    if (pool->count < pool->room / 4 && pool->room > POOL_FIRST_ROOM) {
        pool_resize(pool, pool->room / 2);
    }
    return ioba;
}

/*
 * The one to take a buffer of @size bytes from. NULL: there is none now;
 * @may_come is whether the guest had buffers of that size, so that there may be
 * one soon.
 */
static VethPool *pool_choose(SpaprVeth *veth, uint32_t size, bool *may_come)
{
    uint32_t i = pool_lookup(veth, size);
    /* "ILLAN Buffer Size Control Option": larger ones are for larger frames */
    bool only_first = veth->attributes & ILLAN_BUFFER_SIZE;

    *may_come = !only_first && i < veth->pool_count;
    for (; i < veth->pool_count; i++) {
        if (veth->pools[i].count) {
            return &veth->pools[i];
        }
        if (only_first) {
            break;
        }
    }
    return NULL;
}

/*
 * The queue
 */

static void queue_put_descriptor(SpaprVeth *veth)
{
    uint8_t control = VETH_VALID | (veth->queue_toggle ? VETH_TOGGLE : 0);
    uint64_t desc = (uint64_t)control << 56 |
                    (uint64_t)veth->queue_size << 32 | veth->queue;

    stq_be_dma(spapr_vio_dma(SPAPR_VIO_DEVICE(veth)),
               veth->list + VETH_LIST_QUEUE, desc, MEMTXATTRS_UNSPECIFIED);
}

/*
 * "Receive Queue". Entries that the guest hasn't looked at yet are overwritten:
 * it has to have more of them than buffers. An entry that can't be written, as
 * the guest has unmapped the queue, is lost to it.
 */
static void queue_put(SpaprVeth *veth, uint8_t control, uint16_t offset,
                      uint32_t len, const uint8_t *handle)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(veth);
    uint8_t entry[VETH_QUEUE_ENTRY] = { };

    entry[0] = control | (veth->queue_toggle ? 0 : VETH_VALID);
    stw_be_p(entry + 2, offset);
    stl_be_p(entry + 4, len);
    memcpy(entry + 8, handle, VETH_HANDLE_SIZE);
    spapr_vio_queue_store(dev, veth->queue + veth->queue_next, entry,
                          sizeof(entry));
    veth->queue_next += sizeof(entry);
    if (veth->queue_next == veth->queue_size) {
        veth->queue_next = 0;
        veth->queue_toggle = !veth->queue_toggle;
        queue_put_descriptor(veth);
    }
    spapr_vio_signal(dev);
}

static void count_dropped(SpaprVeth *veth)
{
    veth->dropped++;
    stq_be_dma(spapr_vio_dma(SPAPR_VIO_DEVICE(veth)),
               veth->list + VETH_LIST_DROPPED, veth->dropped,
               MEMTXATTRS_UNSPECIFIED);
}

/*
 * Buffers are filled. What the guest can't see was not there: one that is not
 * mapped any more is lost to it, and so is what was to be put into it.
 */

/* How far into a buffer a message must be, at least */
static uint32_t message_offset(const VethMessage *m)
{
    return VETH_HANDLE_SIZE + (m->mss ? VETH_MSS_SIZE : 0);
}

/*
 * "Receive Queue Entry": "larger offsets may be used to allow for optimized data
 * copy operations". @size: of the buffer
 */
static uint32_t message_place(const VethMessage *m, uint32_t ioba,
                              uint32_t size)
{
    uint32_t offset = message_offset(m);
    uint32_t skip = -(ioba + offset + m->payload) % VETH_COPY_ALIGN;

    return offset + m->len + skip <= size ? offset + skip : offset;
}

/* @offset: where the message begins */
static bool buffer_fill(SpaprVeth *veth, uint32_t ioba, uint32_t offset,
                        const VethMessage *m)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(veth));
    const MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;

    if (m->mss && stq_be_dma(as, ioba + VETH_HANDLE_SIZE, m->mss,
                             attrs) != MEMTX_OK) {
        return false;
    }
    ioba += offset;
    return dma_memory_write(as, ioba, m->data, m->len, attrs) == MEMTX_OK &&
           (!m->no_checksum ||
            stw_be_dma(as, ioba + m->no_checksum, 0, attrs) == MEMTX_OK);
}

static bool rx_may_wait(SpaprVeth *veth, uint32_t size)
{
    return !veth->rx_given_up || size < veth->rx_given_up;
}

/* Returns: false when the message has to wait for a buffer */
static bool veth_deliver(SpaprVeth *veth, const VethMessage *m)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(veth);
    uint32_t size = message_offset(m) + m->len;
    uint8_t handle[VETH_HANDLE_SIZE];
    bool may_come;
    VethPool *pool = pool_choose(veth, size, &may_come);
    uint32_t ioba, offset;

    if (!pool) {
        if (may_come && rx_may_wait(veth, size)) {
            veth->rx_wanted = size;
            return false;
        }
        trace_spapr_veth_no_buffer(dev->reg, m->len);
        count_dropped(veth);
        return true;
    }
    ioba = pool_get(veth, pool);
    offset = message_place(m, ioba, pool->size);
    trace_spapr_veth_receive(dev->reg, ioba, m->len, m->control, m->mss);
    if (dma_memory_read(spapr_vio_dma(dev), ioba, handle, sizeof(handle),
                        MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return true;
    }
    if (buffer_fill(veth, ioba, offset, m)) {
        queue_put(veth, VETH_MESSAGE | m->control, offset, m->len, handle);
    } else {
        queue_put(veth, 0, 0, 0, handle);
    }
    return true;
}

/*
 * Frames
 */

static bool filter_matches(SpaprVeth *veth, const uint8_t *mac)
{
    for (uint32_t i = 0; i < veth->filter_count; i++) {
        if (!memcmp(veth->filters[i].a, mac, ETH_ALEN)) {
            return true;
        }
    }
    return false;
}

/* "H_SEND_LOGICAL_LAN": which adapters a frame is for */
static bool veth_wants(SpaprVeth *veth, const uint8_t *mac)
{
    if (is_broadcast_ether_addr(mac)) {
        return true;
    }
    if (is_multicast_ether_addr(mac)) {
        return veth->multicast &&
               (!veth->filtering || filter_matches(veth, mac));
    }
    return !memcmp(veth->mac.a, mac, ETH_ALEN);
}

/* Whether a frame that is to be cut into segments can go to the guest whole */
static bool veth_takes_large(SpaprVeth *veth, const VethFrame *f)
{
    return veth_large_enabled(veth) &&
           veth_csum_enabled(veth, f->tcp.ipv6) &&
           pool_lookup(veth, VETH_HANDLE_SIZE + VETH_MSS_SIZE + f->len) <
           veth->pool_count;
}

/*
 * For a guest that doesn't. Its buffers may be few: as soon as one is missing,
 * the rest is lost, as it was on a wire.
 */
static void veth_receive_segments(SpaprVeth *veth, const VethFrame *f,
                                  uint16_t mss)
{
    struct iovec iov = { .iov_base = (void *)f->data, .iov_len = f->len };
    uint32_t n = veth_tcp_segments(&f->tcp, mss);

    for (uint32_t i = 0; i < n; i++) {
        VethMessage m = {
            .data = veth->rx_made,
            .len = veth_tcp_segment(&f->tcp, f->data, &iov, 1, mss, i,
                                    veth->rx_made),
            .payload = f->tcp.payload,
        };

        if (!veth_deliver(veth, &m)) {
            count_dropped(veth);
            return;
        }
    }
}

static bool veth_receive_large(SpaprVeth *veth, const VethFrame *f)
{
    VethMessage m = {
        .data = f->data,
        .len = f->len,
        .payload = f->tcp.payload,
        .control = VETH_LARGE | VETH_NO_CSUM | VETH_CSUM_GOOD,
        .mss = f->hdr.gso_size,
        .no_checksum = f->tcp.tcp + VETH_TCP_CHECKSUM,
    };

    if (!f->is_tcp || !m.mss) {
        return true;
    }
    if (veth_takes_large(veth, f)) {
        return veth_deliver(veth, &m);
    }
    veth_receive_segments(veth, f, m.mss);
    return true;
}

/* Of one that is no TCP packet, what is behind the Ethernet header is known */
static uint32_t frame_payload(const VethFrame *f)
{
    return f->is_tcp ? f->tcp.payload : ETH_HLEN;
}

/* The sender has left the checksum to us, or whom we leave it to */
static bool veth_receive_unsummed(SpaprVeth *veth, const VethFrame *f)
{
    VethMessage m = {
        .data = f->data, .len = f->len, .payload = frame_payload(f),
    };

    if (f->is_tcp && veth_csum_enabled(veth, f->tcp.ipv6)) {
        m.control = VETH_NO_CSUM | VETH_CSUM_GOOD;
        m.no_checksum = f->tcp.tcp + VETH_TCP_CHECKSUM;
    } else {
        memcpy(veth->rx_made, f->data, f->len);
        if (!veth_checksum_finish(veth->rx_made, f->len, f->hdr.csum_start,
                                  f->hdr.csum_offset)) {
            return true;
        }
        m.data = veth->rx_made;
    }
    return veth_deliver(veth, &m);
}

static bool veth_checksum_known(SpaprVeth *veth, const VethFrame *f)
{
    return f->is_tcp && veth_csum_enabled(veth, f->tcp.ipv6) &&
           (f->hdr.flags & VIRTIO_NET_HDR_F_DATA_VALID ||
            veth_tcp_checksum_good(&f->tcp, f->data));
}

/*
 * "ILLAN Large Send/Receive option", with a backend that has no large frames
 */

void veth_rx_merged(SpaprVeth *veth)
{
    VethMerge *merge = &veth->merge;
    VethMessage m = {
        .data = merge->frame,
        .len = merge->tcp.end,
        .payload = merge->tcp.payload,
        .control = VETH_CSUM_GOOD,
    };

    if (!merge->count) {
        return;
    }
    if (merge->count > 1) {
        veth_merge_finish(merge);
        m.control |= VETH_LARGE | VETH_NO_CSUM;
        m.mss = merge->mss;
        m.no_checksum = merge->tcp.tcp + VETH_TCP_CHECKSUM;
    }
    merge->count = 0;
    if (!veth_deliver(veth, &m)) {
        /* The guest has just taken its buffers away */
        count_dropped(veth);
    }
}

/* Whether there is a buffer for a large frame of @len bytes */
static bool merge_has_buffer(SpaprVeth *veth, uint32_t len)
{
    bool may_come;

    return pool_choose(veth, VETH_HANDLE_SIZE + VETH_MSS_SIZE + len, &may_come);
}

/*
 * When a machine is stopped, its memory must not change: nothing is kept for
 * later then. @good: the checksum is
 */
static bool veth_can_merge(SpaprVeth *veth, bool good)
{
    return good && !veth->vnet && veth_large_enabled(veth) &&
           runstate_is_running();
}

/*
 * Whether the frame has been taken. If not, what was taken before has been
 * given to the guest, as the frame comes behind it.
 */
static bool veth_merge(SpaprVeth *veth, const VethFrame *f, bool good)
{
    VethMerge *merge = &veth->merge;
    bool possible = veth_can_merge(veth, good);
    uint32_t size = f->tcp.end - f->tcp.payload;

    if (merge->count && possible &&
        veth_merge_fits(merge, &f->tcp, f->data) &&
        merge_has_buffer(veth, merge->tcp.end + size)) {
        veth_merge_add(merge, &f->tcp, f->data);
        if (merge->complete) {
            veth_rx_merged(veth);
        }
        return true;
    }
    veth_rx_merged(veth);
    if (possible && merge_has_buffer(veth, f->tcp.end) &&
        veth_merge_begin(merge, &f->tcp, f->data)) {
        replay_bh_schedule_event(veth->merge_bh);
        return true;
    }
    return false;
}

static bool veth_receive_plain(SpaprVeth *veth, const VethFrame *f)
{
    bool good = veth_checksum_known(veth, f);
    VethMessage m = {
        .data = f->data,
        .len = f->len,
        .payload = frame_payload(f),
        .control = good ? VETH_CSUM_GOOD : 0,
    };

    return veth_merge(veth, f, good) || veth_deliver(veth, &m);
}

/* Returns: false when the frame has to wait for a buffer */
static bool veth_receive(SpaprVeth *veth, const VethFrame *f)
{
    if (f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        return veth_receive_large(veth, f);
    }
    if (f->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        return veth_receive_unsummed(veth, f);
    }
    return veth_receive_plain(veth, f);
}

/* The header of virtio is taken off, and the rest made one piece */
static bool frame_init(SpaprVeth *veth, VethFrame *f, const struct iovec *iov,
                       int iovcnt)
{
    size_t header = veth->vnet ? sizeof(f->hdr) : 0;
    size_t size = iov_size(iov, iovcnt);

    if (size < header + ETH_HLEN || size - header > VETH_RX_FRAME_MAX) {
        return false;
    }
    f->hdr = (struct virtio_net_hdr) { };
    iov_to_buf(iov, iovcnt, 0, &f->hdr, header);
    f->len = size - header;
    if (iovcnt == 1) {
        f->data = (const uint8_t *)iov->iov_base + header;
    } else {
        iov_to_buf(iov, iovcnt, header, veth->rx_frame, f->len);
        f->data = veth->rx_frame;
    }
    return true;
}

/*
 * Frames wait for buffers, in the order in which they came. Linux gives some when
 * an interrupt has had it look for frames, and could have had no memory for them
 * the last time.
 */
static void rx_stall(SpaprVeth *veth)
{
    if (!veth->rx_stalled) {
        veth->rx_stalled = true;
        spapr_vio_signal(SPAPR_VIO_DEVICE(veth));
    }
    if (!timer_pending(veth->rx_timer)) {
        timer_mod(veth->rx_timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) +
                                  VETH_PATIENCE_MS);
    }
}

bool veth_can_receive(NetClientState *nc)
{
    SpaprVeth *veth = qemu_get_nic_opaque(nc);

    if (!veth->registered || veth->buffers || veth->rx_given_up) {
        return true;
    }
    veth->rx_wanted = VETH_MIN_BUFFER;
    rx_stall(veth);
    return false;
}

ssize_t veth_receive_iov(NetClientState *nc, const struct iovec *iov,
                         int iovcnt)
{
    SpaprVeth *veth = qemu_get_nic_opaque(nc);
    size_t size = iov_size(iov, iovcnt);
    VethFrame f;

    if (!veth->registered || !frame_init(veth, &f, iov, iovcnt) ||
        !veth_wants(veth, f.data)) {
        return size;
    }
    f.is_tcp = veth_tcp_parse(&f.tcp, f.data, f.len, f.len);
    if (!veth_receive(veth, &f)) {
        rx_stall(veth);
        return 0;
    }
    if (timer_pending(veth->rx_timer)) {
        timer_del(veth->rx_timer);
    }
    return size;
}

void veth_rx_flush(SpaprVeth *veth)
{
    if (veth->rx_stalled) {
        veth->rx_stalled = false;
        replay_bh_schedule_event(veth->flush_bh);
    }
}

/*
 * H_SEND_LOGICAL_LAN, and the attribute for large packets: without a buffer that
 * a frame fits into, it is dropped. Those behind it have one, maybe. Until there
 * is one for such frames again, no other waits for that.
 */
void veth_rx_give_up(SpaprVeth *veth)
{
    if (veth->rx_stalled) {
        spapr_vio_signal(SPAPR_VIO_DEVICE(veth));
        veth->rx_stalled = false;
        veth->rx_given_up = veth->rx_wanted;
        qemu_flush_queued_packets(veth_nc(veth));
    }
}

void veth_rx_start(SpaprVeth *veth, uint32_t list, uint64_t queue)
{
    veth->registered = true;
    veth->list = list;
    veth->queue = veth_desc_ioba(queue);
    veth->queue_size = veth_desc_length(queue);
    veth->queue_next = 0;
    veth->queue_toggle = false;
    veth->dropped = 0;
    /* SLOF never asks for multicasts, which its IPv6 can't do without */
    veth->multicast = true;
    veth->filtering = false;
    veth->filter_count = 0;
    queue_put_descriptor(veth);
}

void veth_rx_stop(SpaprVeth *veth)
{
    while (veth->pool_count) {
        pool_remove(veth, &veth->pools[veth->pool_count - 1]);
    }
    veth->buffers = 0;
    veth->registered = false;
    veth->merge.count = 0;
    veth->rx_given_up = 0;
    timer_del(veth->rx_timer);
    veth_rx_flush(veth);
}

/*
 * Hypercalls
 */

static target_long veth_add_buffer(SpaprVeth *veth, uint64_t desc)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(veth));
    uint32_t size = veth_desc_length(desc), ioba = veth_desc_ioba(desc);

    if (!(veth_desc_control(desc) & VETH_VALID) ||
        size < VETH_MIN_BUFFER || !QEMU_IS_ALIGNED(ioba, 4) ||
        !dma_memory_valid(as, ioba, size, DMA_DIRECTION_FROM_DEVICE,
                          MEMTXATTRS_UNSPECIFIED) ||
        !dma_memory_valid(as, ioba, VETH_HANDLE_SIZE, DMA_DIRECTION_TO_DEVICE,
                          MEMTXATTRS_UNSPECIFIED)) {
        return H_PARAMETER;
    }
    return veth_pool_put(veth, size, ioba) ? H_SUCCESS : H_RESOURCE;
}

/*
 * H_ADD_LOGICAL_LAN_BUFFER: give a receive buffer
 *
 * LoPAR, "H_ADD_LOGICAL_LAN_BUFFER" and requirements 24 to 26 of
 * "Interpartition Logical LAN Requirements". R4: unit address; R5: the buffer's
 * descriptor. Returns H_PARAMETER for a unit address without a registered
 * adapter, and for a buffer that is not valid, has less than 16 bytes, is not
 * on a boundary of 4 bytes or isn't mapped; H_RESOURCE when it would be of the
 * 255th size, and when the receive queue has no entry for it; H_SUCCESS.
 */
target_long veth_h_add_buffer(PowerPCCPU *cpu, void *opaque,
                              target_ulong *args)
{
    SpaprVeth *veth = veth_registered(opaque, args[0]);
    target_long ret;

    if (!veth) {
        return H_PARAMETER;
    }
    ret = veth_add_buffer(veth, args[1]);
    trace_spapr_veth_add_buffer(args[0], args[1], ret);
    veth_rx_flush(veth);
    return ret;
}

/* Take the buffer back that was added last, of those of its size */
static void veth_take_back(SpaprVeth *veth, uint32_t size)
{
    VethPool *pool = pool_find(veth, size);

    pool->count--;
    veth->buffers--;
    if (!pool->count) {
        pool_remove(veth, pool);
    }
}

/*
 * H_ADD_LOGICAL_LAN_BUFFERS: give up to eight of them
 *
 * Not in the LoPAR, but in Linux's h_add_logical_lan_buffers(). R4: unit
 * address; R5 to R12: descriptors, up to the first that is not valid. Returns
 * what H_ADD_LOGICAL_LAN_BUFFER does, and then has taken none of them, as Linux
 * frees them all; H_PARAMETER also when there is none.
 */
target_long veth_h_add_buffers(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    SpaprVeth *veth = veth_registered(opaque, args[0]);
    const target_ulong *descs = args + 1;
    target_long ret = H_PARAMETER;
    unsigned n = 0;

    if (!veth) {
        return H_PARAMETER;
    }
    while (n < VETH_BATCH && veth_desc_control(descs[n]) & VETH_VALID) {
        ret = veth_add_buffer(veth, descs[n]);
        if (ret != H_SUCCESS) {
            break;
        }
        n++;
    }
    trace_spapr_veth_add_buffers(args[0], n, ret);
    while (ret != H_SUCCESS && n) {
        veth_take_back(veth, veth_desc_length(descs[--n]));
    }
    veth_rx_flush(veth);
    return ret;
}

/*
 * H_FREE_LOGICAL_LAN_BUFFER: have a buffer back
 *
 * LoPAR, "H_FREE_LOGICAL_LAN_BUFFER". R4: unit address; R5: bytes of the
 * buffer. Returns H_PARAMETER for a unit address without a registered adapter;
 * H_NOT_FOUND when there is no such buffer; H_SUCCESS, and an entry of the
 * receive queue says which one it is.
 */
target_long veth_h_free_buffer(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    SpaprVeth *veth = veth_registered(opaque, args[0]);
    uint8_t handle[VETH_HANDLE_SIZE];
    VethPool *pool;
    uint32_t ioba;

    if (!veth) {
        return H_PARAMETER;
    }
    pool = args[1] <= UINT32_MAX ? pool_find(veth, args[1]) : NULL;
    if (!pool || !pool->count) {
        return H_NOT_FOUND;
    }
    ioba = pool_get(veth, pool);
    trace_spapr_veth_free_buffer(args[0], args[1], ioba);
    if (!pool->count) {
        /* Nobody is to wait for more of them */
        pool_remove(veth, pool);
        veth_rx_flush(veth);
    }
    if (dma_memory_read(spapr_vio_dma(SPAPR_VIO_DEVICE(veth)), ioba, handle,
                        sizeof(handle), MEMTXATTRS_UNSPECIFIED) == MEMTX_OK) {
        queue_put(veth, 0, 0, 0, handle);
    }
    return H_SUCCESS;
}

static target_long filter_add(SpaprVeth *veth, const MACAddr *mac)
{
    if (filter_matches(veth, mac->a)) {
        return H_SUCCESS;
    }
    if (veth->filter_count == VETH_MAX_FILTERS) {
        return H_CONSTRAINED;
    }
    veth->filters[veth->filter_count++] = *mac;
    return H_SUCCESS;
}

static target_long filter_remove(SpaprVeth *veth, const MACAddr *mac)
{
    for (uint32_t i = 0; i < veth->filter_count; i++) {
        if (!memcmp(&veth->filters[i], mac, sizeof(*mac))) {
            veth->filters[i] = veth->filters[--veth->filter_count];
            return H_SUCCESS;
        }
    }
    return H_NOT_FOUND;
}

static target_long filter_table(SpaprVeth *veth, unsigned what,
                                const MACAddr *mac)
{
    switch (what) {
    case MCAST_ADD:
        return filter_add(veth, mac);
    case MCAST_REMOVE:
        return filter_remove(veth, mac);
    case MCAST_CLEAR:
        veth->filter_count = 0;
        return H_SUCCESS;
    default:
        return H_SUCCESS;
    }
}

/*
 * H_MULTICAST_CTRL: say which multicasts are to be received
 *
 * LoPAR, "H_MULTICAST_CTRL". R4: unit address; R5: flags; R6: an address for
 * the table, or not looked at. Out: R4: what is enabled, and the number of
 * addresses in the table. Returns H_PARAMETER for a unit address without a
 * registered adapter, unknown flags and an address of more than 6 bytes;
 * H_CONSTRAINED when the table is full; H_NOT_FOUND for an address that isn't
 * in it; H_SUCCESS.
 */
target_long veth_h_multicast_ctrl(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    SpaprVeth *veth = veth_registered(opaque, args[0]);
    target_ulong flags = args[1];
    unsigned what = flags & MCAST_TABLE;
    target_long ret;
    MACAddr mac;

    if (!veth || flags & ~MCAST_ALL_FLAGS ||
        ((what == MCAST_ADD || what == MCAST_REMOVE) && args[2] >> 48)) {
        return H_PARAMETER;
    }
    if (flags & MCAST_MODIFY_RECEIVE) {
        veth->multicast = flags & MCAST_RECEIVE;
    }
    if (flags & MCAST_MODIFY_FILTERING) {
        veth->filtering = flags & MCAST_FILTERING;
    }
    mac = veth_mac(args[2]);
    ret = filter_table(veth, what, &mac);
    trace_spapr_veth_multicast(args[0], flags, args[2], ret);
    args[0] = (veth->multicast ? MCAST_RECEIVE : 0) |
              (veth->filtering ? MCAST_FILTERING : 0) | veth->filter_count;
    return ret;
}
