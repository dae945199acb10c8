/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what the virtual Ethernet adapter does to TCP packets in place of its
 * guest
 *
 * LoPAR, "ILLAN Checksum Offload Support Option" and "ILLAN Large Send/Receive
 * option". What is in a frame was written by a guest, or by who knows whom on
 * the network: offsets are checked once, by veth_tcp_parse(), and the others
 * go by what it has found.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/iov.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "spapr_veth_offload.h"

/* 802.1ad inside of which is 802.1Q */
#define VLAN_TAGS_MAX       2

/* Offsets in headers */
#define ETH_TYPE            12
#define IPV4_TOTAL_LENGTH   2
#define IPV4_IDENT          4
#define IPV4_FRAGMENT       6
#define IPV4_PROTOCOL       9
#define IPV4_ADDRESSES      12
#define IPV6_PAYLOAD_LENGTH 4
#define IPV6_NEXT_HEADER    6
#define IPV6_SOURCE         8
#define IPV6_DESTINATION    24
#define TCP_SEQUENCE        4
#define TCP_ACKNOWLEDGMENT  8
#define TCP_DATA_OFFSET     12
#define TCP_FLAGS           13
#define TCP_WINDOW          14

#define IPV4_HEADER_MIN     20
#define IPV4_ADDRESSES_SIZE 8
#define IPV6_HEADER         40
#define IPV6_ADDRESS_SIZE   16
#define TCP_HEADER_MIN      20

/*
 * Of "Routing" headers. Types 0 and 2 have the packet's last destination at
 * their end, 4 (segment routing) behind the fixed part.
 */
#define ROUTING_TYPE        2
#define ROUTING_LEFT        3
#define ROUTING_FIXED       8

/* The parsing of a frame, as far as it has come */
typedef struct Cursor {
    const uint8_t *headers;
    size_t avail;
} Cursor;

static bool cursor_has(const Cursor *c, size_t offset, size_t len)
{
    return offset <= c->avail && len <= c->avail - offset;
}

/* The functions of net/checksum.h change nothing, but don't say so */
static uint32_t checksum_add(const uint8_t *data, size_t len)
{
    return net_checksum_add(len, (uint8_t *)data);
}

static bool parse_ipv4(VethTcp *tcp, const Cursor *c)
{
    const uint8_t *ip = c->headers + tcp->ip;
    uint32_t header;

    if (!cursor_has(c, tcp->ip, IPV4_HEADER_MIN) || ip[0] >> 4 != 4) {
        return false;
    }
    header = (ip[0] & 0xf) * 4;
    if (header < IPV4_HEADER_MIN || ip[IPV4_PROTOCOL] != IP_PROTO_TCP ||
        lduw_be_p(ip + IPV4_FRAGMENT) & (IP_MF | IP_OFFMASK)) {
        return false;
    }
    tcp->tcp = tcp->ip + header;
    tcp->end = tcp->ip + lduw_be_p(ip + IPV4_TOTAL_LENGTH);
    tcp->addresses = checksum_add(ip + IPV4_ADDRESSES, IPV4_ADDRESSES_SIZE);
    return true;
}

/*
 * The checksum has the packet's last destination in it, which is in a routing
 * header until it is near. Returns its offset in the frame; 0 when it can't be
 * told.
 */
static uint32_t routing_destination(const Cursor *c, uint32_t header,
                                    uint32_t len)
{
    uint32_t destination;

    switch (c->headers[header + ROUTING_TYPE]) {
    case 0:
    case 2:
        destination = len - IPV6_ADDRESS_SIZE;
        break;
    case 4:
        destination = ROUTING_FIXED;
        break;
    default:
        return 0;
    }
    if (len < ROUTING_FIXED + IPV6_ADDRESS_SIZE) {
        return 0;
    }
    return header + destination;
}

/* The length of an extension header of which 8 bytes are there; 0: none */
static uint32_t extension_length(uint8_t type, const uint8_t *header)
{
    switch (type) {
    case IP6_HOP_BY_HOP:
    case IP6_ROUTING:
    case IP6_DESTINATON:
    case IP6_MOBILITY:
        return (header[1] + 1) * IP6_EXT_GRANULARITY;
    case IP6_AUTHENTICATION:
        return (header[1] + 2) * 4;
    default:
        return 0;
    }
}

/* Those that table "ILLAN Attributes" has of the checksum offload for IPv6 */
static bool parse_ipv6(VethTcp *tcp, const Cursor *c)
{
    const uint8_t *ip = c->headers + tcp->ip;
    uint32_t destination = tcp->ip + IPV6_DESTINATION;
    uint8_t type;

    if (!cursor_has(c, tcp->ip, IPV6_HEADER) || ip[0] >> 4 != 6) {
        return false;
    }
    tcp->ipv6 = true;
    tcp->tcp = tcp->ip + IPV6_HEADER;
    tcp->end = tcp->tcp + lduw_be_p(ip + IPV6_PAYLOAD_LENGTH);
    type = ip[IPV6_NEXT_HEADER];
    while (type != IP_PROTO_TCP) {
        const uint8_t *header = c->headers + tcp->tcp;
        uint32_t len;

        if (!cursor_has(c, tcp->tcp, IP6_EXT_GRANULARITY)) {
            return false;
        }
        len = extension_length(type, header);
        if (!len || !cursor_has(c, tcp->tcp, len)) {
            return false;
        }
        if (type == IP6_ROUTING && header[ROUTING_LEFT]) {
            destination = routing_destination(c, tcp->tcp, len);
            if (!destination) {
                return false;
            }
        }
        type = header[0];
        tcp->tcp += len;
        tcp->extended = true;
    }
    tcp->addresses = checksum_add(ip + IPV6_SOURCE, IPV6_ADDRESS_SIZE) +
                     checksum_add(c->headers + destination, IPV6_ADDRESS_SIZE);
    return true;
}

/* The IP header's offset is put into @tcp; returns the EtherType */
static uint16_t parse_ethernet(VethTcp *tcp, const Cursor *c)
{
    uint32_t offset = ETH_TYPE;

    for (int tags = 0; tags <= VLAN_TAGS_MAX; tags++) {
        uint16_t type;

        if (!cursor_has(c, offset, sizeof(type))) {
            break;
        }
        type = lduw_be_p(c->headers + offset);
        if (type != ETH_P_VLAN && type != ETH_P_DVLAN) {
            tcp->ip = offset + sizeof(type);
            return type;
        }
        offset += sizeof(struct vlan_header);
    }
    return ETH_P_UNKNOWN;
}

static bool parse_ip(VethTcp *tcp, const Cursor *c)
{
    switch (parse_ethernet(tcp, c)) {
    case ETH_P_IP:
        return parse_ipv4(tcp, c);
    case ETH_P_IPV6:
        return parse_ipv6(tcp, c);
    default:
        return false;
    }
}

bool veth_tcp_parse(VethTcp *tcp, const uint8_t *headers, size_t avail,
                    size_t len)
{
    Cursor c = { .headers = headers, .avail = avail };
    uint32_t header;

    *tcp = (VethTcp) { };
    if (!parse_ip(tcp, &c) || !cursor_has(&c, tcp->tcp, TCP_HEADER_MIN)) {
        return false;
    }
    header = (headers[tcp->tcp + TCP_DATA_OFFSET] >> 4) * 4;
    tcp->congestion = headers[tcp->tcp + TCP_FLAGS] & TH_CWR;
    tcp->payload = tcp->tcp + header;
    tcp->addresses += IP_PROTO_TCP;
    return header >= TCP_HEADER_MIN && cursor_has(&c, tcp->tcp, header) &&
           tcp->payload <= tcp->end && tcp->end <= len;
}

/*
 * Checksums
 */

/* Of the pseudo header for a packet that ends elsewhere than @tcp says */
static uint32_t tcp_pseudo(const VethTcp *tcp, uint32_t end)
{
    return tcp->addresses + end - tcp->tcp;
}

uint16_t veth_tcp_pseudo(const VethTcp *tcp)
{
    return ~net_checksum_finish(tcp_pseudo(tcp, tcp->end));
}

/* What is left to do for the sum, with the field of @frame in it */
static uint16_t tcp_checksum(const VethTcp *tcp, const uint8_t *frame,
                             uint32_t end)
{
    return net_checksum_finish(tcp_pseudo(tcp, end) +
                               checksum_add(frame + tcp->tcp, end - tcp->tcp));
}

bool veth_tcp_checksum_good(const VethTcp *tcp, const uint8_t *frame)
{
    return !tcp_checksum(tcp, frame, tcp->end);
}

static void tcp_put_checksum(const VethTcp *tcp, uint8_t *frame, uint32_t end)
{
    uint8_t *field = frame + tcp->tcp + VETH_TCP_CHECKSUM;

    stw_be_p(field, 0);
    stw_be_p(field, tcp_checksum(tcp, frame, end));
}

void veth_tcp_checksum(const VethTcp *tcp, uint8_t *frame)
{
    tcp_put_checksum(tcp, frame, tcp->end);
}

void veth_ipv4_checksum(const VethTcp *tcp, uint8_t *headers)
{
    uint8_t *ip = headers + tcp->ip;

    if (!tcp->ipv6) {
        stw_be_p(ip + VETH_IPV4_CHECKSUM, 0);
        stw_be_p(ip + VETH_IPV4_CHECKSUM,
                 net_raw_checksum(ip, tcp->tcp - tcp->ip));
    }
}

bool veth_checksum_finish(uint8_t *frame, size_t len, size_t start,
                          size_t offset)
{
    uint8_t *field = frame + start + offset;

    if (start > len || offset > len - start ||
        len - start - offset < sizeof(uint16_t)) {
        return false;
    }
    /* UDP has no checksum 0, and to TCP 0xffff is the same */
    stw_be_p(field, net_checksum_finish_nozero(checksum_add(frame + start,
                                                            len - start)));
    return true;
}

/*
 * Segments
 */

uint32_t veth_tcp_segments(const VethTcp *tcp, uint32_t mss)
{
    return DIV_ROUND_UP(tcp->end - tcp->payload, mss);
}

static void segment_ip(const VethTcp *tcp, uint8_t *out, uint32_t n,
                       uint32_t end)
{
    uint8_t *ip = out + tcp->ip;

    if (tcp->ipv6) {
        stw_be_p(ip + IPV6_PAYLOAD_LENGTH, end - tcp->ip - IPV6_HEADER);
    } else {
        stw_be_p(ip + IPV4_TOTAL_LENGTH, end - tcp->ip);
        /* "For each segment, firmware will increment the IP ident field" */
        stw_be_p(ip + IPV4_IDENT, lduw_be_p(ip + IPV4_IDENT) + n);
    }
}

/* The first one begins what the flags say, the last one ends it */
static uint8_t segment_flags(uint8_t flags, bool first, bool last)
{
    return flags & ~((first ? 0 : TH_CWR) | (last ? 0 : TH_FIN | TH_PUSH));
}

size_t veth_tcp_segment(const VethTcp *tcp, const uint8_t *headers,
                        const struct iovec *iov, unsigned iovcnt,
                        uint32_t mss, uint32_t n, uint8_t *out)
{
    uint32_t from = tcp->payload + n * mss;
    uint32_t len = MIN(mss, tcp->end - from);
    uint32_t end = tcp->payload + len;
    uint8_t *header = out + tcp->tcp;

    memcpy(out, headers, tcp->payload);
    iov_to_buf(iov, iovcnt, from, out + tcp->payload, len);
    segment_ip(tcp, out, n, end);
    veth_ipv4_checksum(tcp, out);
    stl_be_p(header + TCP_SEQUENCE, ldl_be_p(header + TCP_SEQUENCE) + n * mss);
    header[TCP_FLAGS] = segment_flags(header[TCP_FLAGS], !n,
                                      from + len == tcp->end);
    tcp_put_checksum(tcp, out, end);
    return end;
}

/*
 * Merging. What comes out, cut into segments, would be what came in: all but
 * the number, length and checksums of a segment must be as in the first.
 */

static uint32_t tcp_payload_size(const VethTcp *tcp)
{
    return tcp->end - tcp->payload;
}

static uint32_t tcp_sequence(const VethTcp *tcp, const uint8_t *frame)
{
    return ldl_be_p(frame + tcp->tcp + TCP_SEQUENCE);
}

/* Data, and nothing that is about one segment alone but the push */
static bool segment_is_plain(const VethTcp *tcp, const uint8_t *frame)
{
    uint8_t flags = frame[tcp->tcp + TCP_FLAGS];

    return tcp->end > tcp->payload && (flags & ~TH_PUSH) == TH_ACK;
}

static bool segment_is_pushed(const VethTcp *tcp, const uint8_t *frame)
{
    return frame[tcp->tcp + TCP_FLAGS] & TH_PUSH;
}

/* [@from, @to) of both frames */
static bool same_bytes(const uint8_t *a, const uint8_t *b, uint32_t from,
                       uint32_t to)
{
    return !memcmp(a + from, b + from, to - from);
}

/* @n: how far behind the first one the second one is */
static bool same_ipv4(const VethTcp *tcp, const uint8_t *a, const uint8_t *b,
                      uint32_t n)
{
    uint32_t ip = tcp->ip;
    uint16_t first = lduw_be_p(a + ip + IPV4_IDENT);
    uint16_t ident = lduw_be_p(b + ip + IPV4_IDENT);

    /* Without fragments nothing depends on it */
    if (!(lduw_be_p(a + ip + IPV4_FRAGMENT) & IP_DF) &&
        ident != (uint16_t)(first + n)) {
        return false;
    }
    return same_bytes(a, b, ip, ip + IPV4_TOTAL_LENGTH) &&
           same_bytes(a, b, ip + IPV4_FRAGMENT, ip + VETH_IPV4_CHECKSUM) &&
           same_bytes(a, b, ip + IPV4_ADDRESSES, tcp->tcp);
}

static bool same_ipv6(const VethTcp *tcp, const uint8_t *a, const uint8_t *b)
{
    return same_bytes(a, b, tcp->ip, tcp->ip + IPV6_PAYLOAD_LENGTH) &&
           same_bytes(a, b, tcp->ip + IPV6_NEXT_HEADER, tcp->tcp);
}

static bool same_tcp(const VethTcp *tcp, const uint8_t *a, const uint8_t *b)
{
    uint32_t at = tcp->tcp;

    return same_bytes(a, b, at, at + TCP_SEQUENCE) &&
           same_bytes(a, b, at + TCP_ACKNOWLEDGMENT, at + TCP_FLAGS) &&
           same_bytes(a, b, at + TCP_WINDOW, at + VETH_TCP_CHECKSUM) &&
           same_bytes(a, b, at + VETH_TCP_CHECKSUM + sizeof(uint16_t),
                      tcp->payload);
}

static bool same_headers(const VethMerge *merge, const VethTcp *tcp,
                         const uint8_t *frame)
{
    const VethTcp *first = &merge->tcp;

    return tcp->ipv6 == first->ipv6 && tcp->ip == first->ip &&
           tcp->tcp == first->tcp && tcp->payload == first->payload &&
           same_bytes(merge->frame, frame, 0, tcp->ip) &&
           (tcp->ipv6 ? same_ipv6(tcp, merge->frame, frame)
                      : same_ipv4(tcp, merge->frame, frame, merge->count)) &&
           same_tcp(tcp, merge->frame, frame);
}

bool veth_merge_begin(VethMerge *merge, const VethTcp *tcp,
                      const uint8_t *frame)
{
    if (!segment_is_plain(tcp, frame) || segment_is_pushed(tcp, frame) ||
        tcp->end > merge->room) {
        return false;
    }
    memcpy(merge->frame, frame, tcp->end);
    merge->tcp = *tcp;
    merge->count = 1;
    merge->mss = tcp_payload_size(tcp);
    merge->complete = false;
    return true;
}

bool veth_merge_fits(const VethMerge *merge, const VethTcp *tcp,
                     const uint8_t *frame)
{
    uint32_t size = tcp_payload_size(tcp);
    uint32_t next = tcp_sequence(&merge->tcp, merge->frame) +
                    tcp_payload_size(&merge->tcp);

    return !merge->complete && segment_is_plain(tcp, frame) &&
           size <= merge->mss &&
           size <= merge->room - merge->tcp.end &&
           /* The field of either IP header, the smaller of them */
           size <= UINT16_MAX - (merge->tcp.end - merge->tcp.ip) &&
           same_headers(merge, tcp, frame) && tcp_sequence(tcp, frame) == next;
}

void veth_merge_add(VethMerge *merge, const VethTcp *tcp, const uint8_t *frame)
{
    uint32_t size = tcp_payload_size(tcp);

    memcpy(merge->frame + merge->tcp.end, frame + tcp->payload, size);
    merge->tcp.end += size;
    merge->count++;
    merge->frame[merge->tcp.tcp + TCP_FLAGS] |= frame[tcp->tcp + TCP_FLAGS];
    merge->complete = size < merge->mss || segment_is_pushed(tcp, frame);
}

void veth_merge_finish(VethMerge *merge)
{
    segment_ip(&merge->tcp, merge->frame, 0, merge->tcp.end);
    veth_ipv4_checksum(&merge->tcp, merge->frame);
}
