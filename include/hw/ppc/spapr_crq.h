/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: command/response queues (CRQs)
 *
 * LoPAR, ch. "Virtualized Input/Output", "Reliable Command/Response Transport".
 * A device that has one embeds it and says so by SpaprVioDeviceClass::crq; the
 * hypercalls find it there. The device is the guest's partner: it gets what the
 * guest sends with H_SEND_CRQ, and puts its answers into the guest's queue.
 */

#ifndef HW_PPC_SPAPR_CRQ_H
#define HW_PPC_SPAPR_CRQ_H

#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_vio_queue.h"

/* Values of the header byte, table "CRQ Entry Header Byte Values" */
#define CRQ_HEADER_UNUSED       0x00
#define CRQ_HEADER_COMMAND      0x80
#define CRQ_HEADER_INIT         0xc0
#define CRQ_HEADER_TRANSPORT    0xff

/* Formats of initialization entries */
#define CRQ_INIT                0x01
#define CRQ_INIT_COMPLETE       0x02

/* Formats of transport events, table "Transport Event Codes" */
#define CRQ_PARTNER_FAILED      0x01
#define CRQ_PARTNER_CLOSED      0x02
#define CRQ_PARTNER_SUSPENDED   0x06

#define CRQ_ENTRY_SIZE          16

typedef struct SpaprCrq SpaprCrq;

/* What a device does about its queue; all but @receive are optional */
typedef struct SpaprCrqOps {
    /*
     * A message of the guest's with the header CRQ_HEADER_COMMAND (or one that
     * the LoPAR reserves): CRQ_ENTRY_SIZE bytes in the guest's byte order.
     * Returns: what H_SEND_CRQ answers
     */
    target_long (*receive)(SpaprVioDevice *dev, const uint8_t *msg);
    /* The guest has begun, or begun anew, to talk (an initialization entry) */
    void (*connected)(SpaprVioDevice *dev);
    /* H_FREE_CRQ, or reset: the queue is gone, and nothing is to be answered */
    void (*closed)(SpaprVioDevice *dev);
    /*
     * Whether, after @closed, anything still goes on that could touch the
     * guest's memory. H_FREE_CRQ tells the guest to call again until it is
     * over, and till then no new queue can be registered.
     */
    bool (*busy)(SpaprVioDevice *dev);
} SpaprCrqOps;

struct SpaprCrq {
    SpaprVioDevice *dev;
    const SpaprCrqOps *ops;

    SpaprVioQueue queue;
    bool disabled;          /* suspended, until H_ENABLE_CRQ */
    bool partner_closed;    /* the device has no queue of its own at present */
};

/** spapr_crq_init: make @crq, embedded in @dev, ready for use; no queue yet */
void spapr_crq_init(SpaprCrq *crq, SpaprVioDevice *dev,
                    const SpaprCrqOps *ops);

/**
 * spapr_crq_reset: forget the queue, and the sub-CRQs with it; the device
 * itself is reset by others
 */
void spapr_crq_reset(SpaprCrq *crq);

/** spapr_crq_is_open: whether there is a queue that messages can be put into */
bool spapr_crq_is_open(const SpaprCrq *crq);

/**
 * spapr_crq_send: put a message into the guest's queue, and tell it
 * @msg: CRQ_ENTRY_SIZE bytes, in the guest's byte order, the header first
 *
 * Returns: H_SUCCESS; H_CLOSED when there is no open queue; H_DROPPED when it
 * is full; H_HARDWARE when the guest has unmapped it
 */
target_long spapr_crq_send(SpaprCrq *crq, const uint8_t *msg);

/** spapr_crq_room: how many messages the guest's queue takes, up to @max */
unsigned spapr_crq_room(SpaprCrq *crq, unsigned max);

/**
 * spapr_crq_event: tell the guest of the transport; in a full queue, in place
 * of the last message
 * @code: CRQ_PARTNER_*. CRQ_PARTNER_SUSPENDED disables the queue.
 */
void spapr_crq_event(SpaprCrq *crq, uint8_t code);

/**
 * spapr_crq_partner_close: the device stops to talk, and tells with @code
 *
 * The guest's messages are refused, until spapr_crq_partner_open(). Its queue
 * stays, so that it learns of that.
 */
void spapr_crq_partner_close(SpaprCrq *crq, uint8_t code);

/**
 * spapr_crq_partner_open: it talks again, and offers the guest to begin
 *
 * Returns: false when the guest's queue has no place for that at the moment
 */
bool spapr_crq_partner_open(SpaprCrq *crq);

/* To be a VMSTATE_STRUCT of the device's description */
extern const VMStateDescription vmstate_spapr_crq;

/* The hypercalls of all devices that have one, for the bus to register */
void spapr_crq_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls);

#endif /* HW_PPC_SPAPR_CRQ_H */
