/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: frames that a virtual Ethernet adapter sends
 *
 * LoPAR, "H_SEND_LOGICAL_LAN". A frame goes from the guest's memory straight to
 * the backend. What the guest has left to us of a TCP packet (checksum,
 * segments) is left to the backend, if it has headers of virtio to say so in;
 * if not, it is done here.
 *
 * When the backend doesn't take a frame at once, QEMU has a copy of it in the
 * backend's queue, and the guest is to call again with its next one. How far
 * that has come is all in the token that it gets, so nothing is left behind
 * when it doesn't.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/iov.h"
#include "system/dma.h"
#include "spapr_veth_internal.h"
#include "spapr_veth_offload.h"
#include "trace.h"

/* Parameters among the guest's registers */
enum { UNIT, DESCS, TOKEN = DESCS + 6, MSS };

#define TX_DESCS            (TOKEN - DESCS)
#define TX_PAGE_SIZE        4096

/* A page each, but for the first and last one of every descriptor */
#define TX_PIECES           (VETH_FRAME_MAX / TX_PAGE_SIZE + 2 * TX_DESCS)

/* "The complete TCP header must be within the first 4096 bytes of the frame" */
#define TX_HEADERS_MAX      4096

#define TX_MIN_MSS          16

/* What a guest of the older kind of large send has in the checksum of IPv4 */
#define TX_OLD_LARGE        0xffff

/*
 * A token: what marks it as ours, how often the guest was told to call again,
 * and the segment that is next. Linux gives up after 1024 times, and says so.
 */
#define TX_TOKEN_MARK       0x5645
#define TX_MAX_BUSY         1000

typedef struct VethSend {
    SpaprVeth *veth;
    uint8_t control;
    uint32_t mss;           /* 0: not to be cut into segments */
    uint32_t segment;       /* the next one */
    unsigned busy;          /* how often it was */

    struct iovec pieces[TX_PIECES];
    unsigned count;
    size_t len;

    /* For frames of which something is left to us; a copy */
    uint8_t headers[TX_HEADERS_MAX];
    VethTcp tcp;
} VethSend;

/*
 * Guest memory
 */

static void send_unmap(VethSend *send)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(send->veth));

    for (unsigned i = 0; i < send->count; i++) {
        dma_memory_unmap(as, send->pieces[i].iov_base, send->pieces[i].iov_len,
                         DMA_DIRECTION_TO_DEVICE, send->pieces[i].iov_len);
    }
}

static bool send_map_buffer(VethSend *send, uint64_t ioba, uint32_t len)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(send->veth));

    /* Mapping would make do with zeros for what isn't there */
    if (!dma_memory_valid(as, ioba, len, DMA_DIRECTION_TO_DEVICE,
                          MEMTXATTRS_UNSPECIFIED)) {
        return false;
    }
    while (len) {
        dma_addr_t got = len;
        void *base;

        if (send->count == TX_PIECES) {
            return false;
        }
        base = dma_memory_map(as, ioba, &got, DMA_DIRECTION_TO_DEVICE,
                              MEMTXATTRS_UNSPECIFIED);
        if (!base) {
            return false;
        }
        send->pieces[send->count].iov_base = base;
        send->pieces[send->count].iov_len = got;
        send->count++;
        ioba += got;
        len -= got;
    }
    return true;
}

/* How many descriptors there are */
static unsigned send_descs(const target_ulong *descs)
{
    unsigned n = 0;

    while (n < TX_DESCS && veth_desc_control(descs[n]) & VETH_VALID &&
           veth_desc_length(descs[n])) {
        n++;
    }
    return n;
}

/* Returns: false when it is no frame, or not mapped; some of it may be then */
static bool send_map(VethSend *send, const target_ulong *descs)
{
    unsigned n = send_descs(descs);

    for (unsigned i = 0; i < n; i++) {
        send->len += veth_desc_length(descs[i]);
    }
    if (send->len < ETH_HLEN || send->len > VETH_FRAME_MAX) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!send_map_buffer(send, veth_desc_ioba(descs[i]),
                             veth_desc_length(descs[i]))) {
            return false;
        }
    }
    return true;
}

/*
 * To the backend
 */

static void veth_sent(NetClientState *nc, ssize_t len)
{
    SPAPR_VETH(qemu_get_nic_opaque(nc))->tx_busy = false;
}

/* One that is in its queue has been sent, but for the next one it is busy */
static void send_packet(SpaprVeth *veth, const struct iovec *iov, unsigned n)
{
    veth->tx_busy = !qemu_sendv_packet_async(veth_nc(veth), iov, n, veth_sent);
}

/* A frame that is as it should be, of up to TX_PIECES pieces */
static void send_pieces(SpaprVeth *veth, const struct iovec *pieces,
                        unsigned count)
{
    struct virtio_net_hdr hdr = { };
    struct iovec iov[1 + TX_PIECES];
    unsigned n = 0;

    if (veth->vnet) {
        iov[n++] = (struct iovec) { .iov_base = &hdr, .iov_len = sizeof(hdr) };
    }
    memcpy(&iov[n], pieces, count * sizeof(*iov));
    send_packet(veth, iov, n + count);
}

static void send_whole(VethSend *send)
{
    send_pieces(send->veth, send->pieces, send->count);
}

static void send_bytes(SpaprVeth *veth, const uint8_t *frame, size_t len)
{
    struct iovec iov = { .iov_base = (void *)frame, .iov_len = len };

    send_pieces(veth, &iov, 1);
}

/*
 * The backend does what is left to do. It gets our copy of the headers, with
 * the sum of the pseudo header in it, in place of the guest's; and no padding,
 * which it might add up.
 */
static void send_offload(VethSend *send)
{
    const VethTcp *tcp = &send->tcp;
    struct virtio_net_hdr hdr = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = tcp->tcp,
        .csum_offset = VETH_TCP_CHECKSUM,
    };
    struct iovec iov[2 + TX_PIECES] = {
        { .iov_base = &hdr, .iov_len = sizeof(hdr) },
        { .iov_base = send->headers, .iov_len = tcp->payload },
    };
    unsigned n;

    if (send->mss) {
        hdr.gso_type = (tcp->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
                                    VIRTIO_NET_HDR_GSO_TCPV4) |
                       (tcp->congestion ? VIRTIO_NET_HDR_GSO_ECN : 0);
        hdr.gso_size = send->mss;
        hdr.hdr_len = tcp->payload;
    }
    veth_ipv4_checksum(tcp, send->headers);
    stw_be_p(send->headers + tcp->tcp + VETH_TCP_CHECKSUM,
             veth_tcp_pseudo(tcp));
    n = iov_copy(iov + 2, TX_PIECES, send->pieces, send->count, tcp->payload,
                 tcp->end - tcp->payload);
    send_packet(send->veth, iov, 2 + n);
}

static void send_summed(VethSend *send)
{
    uint8_t *frame = send->veth->tx_made;

    iov_to_buf(send->pieces, send->count, 0, frame, send->len);
    veth_ipv4_checksum(&send->tcp, frame);
    veth_tcp_checksum(&send->tcp, frame);
    send_bytes(send->veth, frame, send->len);
}

/* Returns: false when the backend became busy before the last one */
static bool send_segments(VethSend *send)
{
    SpaprVeth *veth = send->veth;
    uint32_t n = veth_tcp_segments(&send->tcp, send->mss);

    while (send->segment < n) {
        size_t len;

        if (veth->tx_busy) {
            return false;
        }
        len = veth_tcp_segment(&send->tcp, send->headers, send->pieces,
                               send->count, send->mss, send->segment,
                               veth->tx_made);
        send_bytes(veth, veth->tx_made, len);
        send->segment++;
    }
    return true;
}

/*
 * What is to be done
 */

static target_ulong send_token(const VethSend *send)
{
    return (uint64_t)TX_TOKEN_MARK << 48 | (uint64_t)send->busy << 32 |
           send->segment;
}

/* One that is not ours is none: a guest that doesn't know of it may have any */
static void send_parse_token(VethSend *send, target_ulong token)
{
    if (token >> 48 == TX_TOKEN_MARK) {
        send->busy = extract64(token, 32, 16);
        send->segment = token;
    }
}

/* The guest calls again, but not for ever: then the frame is lost */
static target_long send_again(VethSend *send, target_ulong *args)
{
    if (send->busy >= TX_MAX_BUSY) {
        return H_DROPPED;
    }
    send->busy++;
    args[0] = send_token(send);
    return H_BUSY;
}

/* Table "Summary of H_SEND_LOGICAL_LAN Semantics with Checksum Offload" */
static bool send_control_is_valid(const SpaprVeth *veth, uint8_t control)
{
    bool csum = veth_csum_enabled(veth, false) || veth_csum_enabled(veth, true);

    if (control & VETH_NO_CSUM && !(control & VETH_CSUM_GOOD)) {
        return false;
    }
    if (control & (VETH_NO_CSUM | VETH_CSUM_GOOD) && !csum) {
        return false;
    }
    return !(control & VETH_LARGE) || veth_large_enabled(veth);
}

/*
 * Linux with old_large_send=1: -1 in the checksum of IPv4, which no header has,
 * and the size of segments in that of TCP
 */
static void send_find_old_large(VethSend *send)
{
    const VethTcp *tcp = &send->tcp;

    if (!veth_large_enabled(send->veth) && !tcp->ipv6 &&
        lduw_be_p(send->headers + tcp->ip + VETH_IPV4_CHECKSUM) ==
        TX_OLD_LARGE) {
        send->mss = lduw_be_p(send->headers + tcp->tcp + VETH_TCP_CHECKSUM);
    }
}

/* A frame of which the guest has left something to do, or says it is done */
static target_long send_tcp(VethSend *send)
{
    SpaprVeth *veth = send->veth;
    size_t avail = iov_to_buf(send->pieces, send->count, 0, send->headers,
                              sizeof(send->headers));

    /* "H_SEND_LOGICAL_LAN Semantic Changes": not for others */
    if (send->control & VETH_NO_CSUM &&
        memcmp(send->headers + ETH_ALEN, veth->mac.a, ETH_ALEN)) {
        return H_DROPPED;
    }
    if (!veth_tcp_parse(&send->tcp, send->headers, avail, send->len) ||
        (send->control & (VETH_NO_CSUM | VETH_CSUM_GOOD) &&
         !veth_csum_enabled(veth, send->tcp.ipv6))) {
        return H_PARAMETER;
    }
    if (send->control & VETH_NO_CSUM) {
        send_find_old_large(send);
    }
    if (send->mss && (send->mss < TX_MIN_MSS ||
                      send->mss >= send->tcp.end - send->tcp.payload)) {
        send->mss = 0;
    }
    if (!send->mss && !(send->control & VETH_NO_CSUM)) {
        send_whole(send);
        return H_SUCCESS;
    }
    /* Backends don't know of headers between those of IPv6 and TCP */
    if (veth->vnet && !(send->mss && send->tcp.extended)) {
        send_offload(send);
        return H_SUCCESS;
    }
    if (!send->mss) {
        send_summed(send);
        return H_SUCCESS;
    }
    return send_segments(send) ? H_SUCCESS : H_BUSY;
}

static target_long send_frame(VethSend *send)
{
    if (send->mss || send->control & (VETH_NO_CSUM | VETH_CSUM_GOOD)) {
        return send_tcp(send);
    }
    send_whole(send);
    return H_SUCCESS;
}

static bool port_is_disabled(SpaprVeth *veth)
{
    return veth_nc(veth)->link_down || !veth_nc(veth)->peer;
}

static target_long veth_send(VethSend *send, target_ulong *args)
{
    SpaprVeth *veth = send->veth;
    target_long ret = H_PARAMETER;

    if (send_map(send, args + DESCS)) {
        if (port_is_disabled(veth)) {
            ret = H_DROPPED;
        } else if (veth->tx_busy) {
            ret = H_BUSY;
        } else {
            ret = send_frame(send);
        }
    }
    send_unmap(send);
    return ret == H_BUSY ? send_again(send, args) : ret;
}

/*
 * H_SEND_LOGICAL_LAN: send a frame
 *
 * LoPAR, "H_SEND_LOGICAL_LAN" and "ILLAN Checksum Offload Support Option". R4:
 * unit address; R5 to R10: descriptors, up to the first that is not valid or
 * has no length; R11: token, 0 or what the call returned with H_BUSY; R12:
 * bytes of payload of each segment, 0 if not to be cut, looked at when large
 * send is enabled. Out, with H_BUSY: R4 token. Returns H_PARAMETER for a unit address
 * without a registered adapter, fewer than 16 bytes, a control byte that asks
 * for what is not enabled, what is no frame or isn't mapped, and one whose
 * checksum or segments are left to us that is not of TCP; H_DROPPED when the
 * link is down, when it is from another's address but has no checksum, and when
 * the backend has been busy for long; H_BUSY; H_SUCCESS.
 */
target_long veth_h_send(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprVeth *veth = veth_registered(opaque, args[UNIT]);
    target_ulong unit = args[UNIT], mss = args[MSS];
    VethSend send;
    target_long ret;

    if (!veth) {
        return H_PARAMETER;
    }
    /* The copy of headers is not to be cleared for every frame */
    send.veth = veth;
    send.control = veth_desc_control(args[DESCS]);
    send.mss = veth_large_enabled(veth) ? MIN(mss, UINT16_MAX) : 0;
    send.count = 0;
    send.len = 0;
    send.busy = 0;
    send.segment = 0;
    send_parse_token(&send, args[TOKEN]);
    if ((send.mss && send.mss < TX_MIN_MSS) ||
        !send_control_is_valid(veth, send.control)) {
        return H_PARAMETER;
    }
    ret = veth_send(&send, args);
    trace_spapr_veth_send(unit, args[DESCS], send.len, send.mss, ret);
    return ret;
}
