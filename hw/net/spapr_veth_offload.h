/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what the virtual Ethernet adapter does to TCP packets in place of its
 * guest: checksums, cutting large ones into segments, and making large ones of
 * segments
 */

#ifndef HW_NET_SPAPR_VETH_OFFLOAD_H
#define HW_NET_SPAPR_VETH_OFFLOAD_H

/* Where the checksum is in a header */
#define VETH_IPV4_CHECKSUM  10
#define VETH_TCP_CHECKSUM   16

/* What the headers of a frame say that has a whole TCP packet in it */
typedef struct VethTcp {
    bool ipv6;
    bool extended;      /* there are headers between those of IPv6 and TCP */
    bool congestion;    /* TCP's CWR flag */
    /* Offsets in the frame; in this order, and none beyond its end */
    uint32_t ip;
    uint32_t tcp;
    uint32_t payload;
    uint32_t end;       /* what comes behind it is padding */
    uint32_t addresses; /* sum of those and the protocol, of the checksum */
} VethTcp;

/**
 * veth_tcp_parse: look into a frame's headers
 * @headers: the first @avail bytes of the frame
 * @len: of the whole frame
 *
 * Returns: false when there is no TCP packet in it that is whole, that is one
 * fragment and whose headers are all in those bytes
 */
bool veth_tcp_parse(VethTcp *tcp, const uint8_t *headers, size_t avail,
                    size_t len);

/**
 * veth_tcp_pseudo: the sum of the pseudo header, as those want it in the
 * checksum's field who add the rest of it
 */
uint16_t veth_tcp_pseudo(const VethTcp *tcp);

/** veth_tcp_checksum_good: whether @frame's TCP checksum is the right one */
bool veth_tcp_checksum_good(const VethTcp *tcp, const uint8_t *frame);

/** veth_tcp_checksum: put the right one into @frame */
void veth_tcp_checksum(const VethTcp *tcp, uint8_t *frame);

/** veth_ipv4_checksum: the same for the IPv4 header; of others, do nothing */
void veth_ipv4_checksum(const VethTcp *tcp, uint8_t *headers);

/** veth_tcp_segments: how many are needed when each has @mss bytes at most */
uint32_t veth_tcp_segments(const VethTcp *tcp, uint32_t mss);

/**
 * veth_tcp_segment: make one of them
 * @headers: the frame's first bytes, at least up to the payload
 * @iov: the frame; of it nothing but the payload is looked at
 * @n: which segment, from 0
 * @out: where it is put; with all checksums in it
 *
 * Returns: the segment's length, which is no more than that of the frame
 */
size_t veth_tcp_segment(const VethTcp *tcp, const uint8_t *headers,
                        const struct iovec *iov, unsigned iovcnt,
                        uint32_t mss, uint32_t n, uint8_t *out);

/**
 * veth_checksum_finish: add up what the sender has left to others, of any
 * protocol
 * @start: from where on the @len bytes of @frame are summed
 * @offset: from there, of the checksum, which has the pseudo header's sum
 *
 * Returns: false when those are not in the frame
 */
bool veth_checksum_finish(uint8_t *frame, size_t len, size_t start,
                          size_t offset);

/* Segments of one stream that are to become a large packet */
typedef struct VethMerge {
    uint8_t *frame;     /* with the headers of the first; room for all */
    uint32_t room;
    VethTcp tcp;        /* what is in it so far */
    uint32_t count;     /* of the segments in it; 0: all else means nothing */
    uint16_t mss;       /* bytes of payload of each but the last, maybe */
    bool complete;      /* nothing may come behind it */
} VethMerge;

/**
 * veth_merge_begin: take a segment as the first of a large packet
 *
 * Returns: false when it is none that others can follow; nothing has been done
 */
bool veth_merge_begin(VethMerge *merge, const VethTcp *tcp,
                      const uint8_t *frame);

/**
 * veth_merge_fits: whether a segment follows those that have been taken, and
 * says nothing but what one packet could say for all
 */
bool veth_merge_fits(const VethMerge *merge, const VethTcp *tcp,
                     const uint8_t *frame);

/** veth_merge_add: take one that fits */
void veth_merge_add(VethMerge *merge, const VethTcp *tcp,
                    const uint8_t *frame);

/** veth_merge_finish: make headers of all; but for the checksum of TCP */
void veth_merge_finish(VethMerge *merge);

#endif /* HW_NET_SPAPR_VETH_OFFLOAD_H */
