/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: subordinate command/response queues (sub-CRQs)
 *
 * LoPAR, ch. "Virtualized Input/Output", "Subordinate CRQ Transport Option".
 * More queues, with an interrupt each, for devices to which one CRQ is not
 * enough. Such a device embeds them beside its CRQ, and says so by
 * SpaprVioDeviceClass::sub_crqs. How many the guest may register is the
 * device's choice; and so is how many it has itself for the guest to send to.
 */

#ifndef HW_PPC_SPAPR_SUB_CRQ_H
#define HW_PPC_SPAPR_SUB_CRQ_H

#include "hw/ppc/spapr_crq.h"

/* A message; its header is CRQ_HEADER_COMMAND */
#define SUB_CRQ_ENTRY_SIZE      32

/* The most messages that one call sends */
#define SUB_CRQ_MAX_ENTRIES     128

typedef struct SpaprSubCrqs SpaprSubCrqs;

typedef struct SpaprSubCrqOps {
    /* Whether the device has a queue that it calls @number */
    bool (*has)(SpaprVioDevice *dev, uint64_t number);
    /*
     * @n messages of the guest's to the queue @number, which it has;
     * SUB_CRQ_ENTRY_SIZE bytes each, their headers checked. All of them are
     * taken or none.
     * Returns: what the hypercall answers: H_SUCCESS, or H_DROPPED when there
     * is no room for them
     */
    target_long (*receive)(SpaprVioDevice *dev, uint64_t number,
                           const uint8_t *msgs, unsigned n);
} SpaprSubCrqOps;

/* One that the guest may register */
typedef struct SpaprSubCrq {
    SpaprVioQueue queue;
    uint32_t irq_number;
    qemu_irq irq;
    bool irq_enabled;
} SpaprSubCrq;

struct SpaprSubCrqs {
    SpaprCrq *crq;
    const SpaprSubCrqOps *ops;
    uint32_t count;
    SpaprSubCrq *queues;
};

/**
 * spapr_sub_crqs_init: when the device is realized, make @count queues that the
 * guest may register, and claim their interrupts
 * @crq: of the same device
 *
 * Returns: false with @errp set when there are not that many interrupts
 */
bool spapr_sub_crqs_init(SpaprSubCrqs *subs, SpaprCrq *crq,
                         const SpaprSubCrqOps *ops, uint32_t count,
                         Error **errp);

/** spapr_sub_crqs_cleanup: undo it; what never was made is fine */
void spapr_sub_crqs_cleanup(SpaprSubCrqs *subs);

/** spapr_sub_crqs_close: forget all queues. The CRQ does this with its own. */
void spapr_sub_crqs_close(SpaprSubCrqs *subs);

/**
 * spapr_sub_crq_is_open: whether messages can be put into a queue
 * @number: what the guest got from H_REG_SUB_CRQ
 */
bool spapr_sub_crq_is_open(SpaprSubCrqs *subs, uint64_t number);

/**
 * spapr_sub_crq_send: put @n messages into a queue of the guest's, or none of
 * them, and tell it
 *
 * Returns: H_SUCCESS; H_CLOSED when there is no such queue or the CRQ is not
 * open; H_DROPPED when there is no room for all; H_HARDWARE when the guest has
 * unmapped it
 */
target_long spapr_sub_crq_send(SpaprSubCrqs *subs, uint64_t number,
                               const uint8_t *msgs, unsigned n);

/**
 * spapr_sub_crqs_enable_irq: switch an interrupt
 * @irq_number: of a queue that is registered
 *
 * Returns: false when it is none
 */
bool spapr_sub_crqs_enable_irq(SpaprSubCrqs *subs, uint64_t irq_number,
                               bool enable);
/** spapr_sub_crqs_disable_irqs: all of them */
void spapr_sub_crqs_disable_irqs(SpaprSubCrqs *subs);

/* To be a VMSTATE_STRUCT of the device's description */
extern const VMStateDescription vmstate_spapr_sub_crqs;

/* The hypercalls of all devices that have some, for the bus to register */
void spapr_sub_crq_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls);

#endif /* HW_PPC_SPAPR_SUB_CRQ_H */
