/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: queues in guest memory
 *
 * What CRQs and sub-CRQs have in common: a ring of entries in a device's DMA
 * window. We fill one entry after the other, the guest empties them by writing
 * 0 to an entry's first byte, its header.
 */

#ifndef HW_PPC_SPAPR_VIO_QUEUE_H
#define HW_PPC_SPAPR_VIO_QUEUE_H

#include "hw/ppc/spapr_vio.h"

/* What I/O addresses and sizes of queues are multiples of */
#define SPAPR_VIO_QUEUE_ALIGN   4096

typedef struct SpaprVioQueue {
    SpaprVioDevice *dev;
    unsigned entry_size;    /* bytes */

    /*
     * I/O addresses, not memory: the guest may map the queue's pages anew.
     * LoPAR, "H_REG_CRQ".
     */
    uint64_t ioba;
    uint64_t size;          /* bytes; 0: there is no queue */
    uint64_t next;          /* offset of the entry that is filled next */
} SpaprVioQueue;

void spapr_vio_queue_init(SpaprVioQueue *queue, SpaprVioDevice *dev,
                          unsigned entry_size);

/**
 * spapr_vio_queue_is_valid: whether a queue could be there: pages that are
 * mapped in the device's window, for both directions
 */
bool spapr_vio_queue_is_valid(SpaprVioDevice *dev, uint64_t ioba,
                              uint64_t size);

/** spapr_vio_queue_open: start at the first entry of a valid queue */
void spapr_vio_queue_open(SpaprVioQueue *queue, uint64_t ioba, uint64_t size);
void spapr_vio_queue_close(SpaprVioQueue *queue);

static inline bool spapr_vio_queue_is_open(const SpaprVioQueue *queue)
{
    return queue->size;
}

/**
 * spapr_vio_queue_put: put @n entries into an open queue, or none of them
 *
 * Returns: H_SUCCESS; H_DROPPED when there is no room for all; H_HARDWARE when
 * the guest has unmapped what it registered
 */
target_long spapr_vio_queue_put(SpaprVioQueue *queue, const uint8_t *entries,
                                unsigned n);

/**
 * spapr_vio_queue_put_always: put an entry into an open queue; when that is
 * full, in place of the one that was put last
 *
 * Returns: H_SUCCESS, or H_HARDWARE as above
 */
target_long spapr_vio_queue_put_always(SpaprVioQueue *queue,
                                       const uint8_t *entry);

/** spapr_vio_queue_room: how many entries it would take, up to @max */
unsigned spapr_vio_queue_room(SpaprVioQueue *queue, unsigned max);

/**
 * spapr_vio_queue_store: put an entry of @size bytes anywhere, its first 8
 * bytes after all others and at once; for queues that are unlike the above
 *
 * Returns: H_SUCCESS, or H_HARDWARE as above
 */
target_long spapr_vio_queue_store(SpaprVioDevice *dev, uint64_t ioba,
                                  const uint8_t *entry, unsigned size);

/* To be a VMSTATE_STRUCT */
extern const VMStateDescription vmstate_spapr_vio_queue;

#endif /* HW_PPC_SPAPR_VIO_QUEUE_H */
