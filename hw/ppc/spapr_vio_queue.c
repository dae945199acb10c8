/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: queues in guest memory
 *
 * LoPAR, "CRQ Entry Processing" and "Sub-CRQ Entry Processing".
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_vio_queue.h"
#include "migration/vmstate.h"
#include "system/dma.h"

/* The part of an entry that is stored last, and at once: it has the header */
#define QUEUE_FIRST_BYTES   8

void spapr_vio_queue_init(SpaprVioQueue *queue, SpaprVioDevice *dev,
                          unsigned entry_size)
{
    *queue = (SpaprVioQueue) { .dev = dev, .entry_size = entry_size };
}

/* What needs no look at guest memory; for what migration brings, too */
static bool queue_is_sane(uint64_t ioba, uint64_t size)
{
    return size &&
           QEMU_IS_ALIGNED(ioba | size, SPAPR_VIO_QUEUE_ALIGN) &&
           ioba <= UINT64_MAX - size;
}

bool spapr_vio_queue_is_valid(SpaprVioDevice *dev, uint64_t ioba,
                              uint64_t size)
{
    AddressSpace *as = spapr_vio_dma(dev);

    return queue_is_sane(ioba, size) &&
           dma_memory_valid(as, ioba, size, DMA_DIRECTION_TO_DEVICE,
                            MEMTXATTRS_UNSPECIFIED) &&
           dma_memory_valid(as, ioba, size, DMA_DIRECTION_FROM_DEVICE,
                            MEMTXATTRS_UNSPECIFIED);
}

void spapr_vio_queue_open(SpaprVioQueue *queue, uint64_t ioba, uint64_t size)
{
    queue->ioba = ioba;
    queue->size = size;
    queue->next = 0;
}

void spapr_vio_queue_close(SpaprVioQueue *queue)
{
    spapr_vio_queue_open(queue, 0, 0);
}

/* I/O address of the entry that is @n after the next one */
static uint64_t queue_entry(SpaprVioQueue *queue, unsigned n)
{
    return queue->ioba +
           (queue->next + (uint64_t)n * queue->entry_size) % queue->size;
}

/* Returns: H_SUCCESS, H_DROPPED when it is in use, or H_HARDWARE */
static target_long queue_entry_is_free(SpaprVioQueue *queue, unsigned n)
{
    MemTxResult result;
    uint8_t header = address_space_ldub(spapr_vio_dma(queue->dev),
                                        queue_entry(queue, n),
                                        MEMTXATTRS_UNSPECIFIED, &result);

    if (result != MEMTX_OK) {
        return H_HARDWARE;
    }
    return header ? H_DROPPED : H_SUCCESS;
}

static target_long queue_has_room(SpaprVioQueue *queue, unsigned n)
{
    if (n > queue->size / queue->entry_size) {
        return H_DROPPED;
    }
    for (unsigned i = 0; i < n; i++) {
        target_long ret = queue_entry_is_free(queue, i);

        if (ret != H_SUCCESS) {
            return ret;
        }
    }
    return H_SUCCESS;
}

target_long spapr_vio_queue_store(SpaprVioDevice *dev, uint64_t ioba,
                                  const uint8_t *entry, unsigned size)
{
    AddressSpace *as = spapr_vio_dma(dev);
    MemTxResult result;

    result = dma_memory_write(as, ioba + QUEUE_FIRST_BYTES,
                              entry + QUEUE_FIRST_BYTES,
                              size - QUEUE_FIRST_BYTES,
                              MEMTXATTRS_UNSPECIFIED);
    if (result == MEMTX_OK) {
        /*
         * The guest looks at the header without a word to us: the rest of the
         * entry has to be there before.
         */
        smp_wmb();
        address_space_stq_be(as, ioba, ldq_be_p(entry), MEMTXATTRS_UNSPECIFIED,
                             &result);
    }
    return result == MEMTX_OK ? H_SUCCESS : H_HARDWARE;
}

static target_long queue_store(SpaprVioQueue *queue, uint64_t ioba,
                               const uint8_t *entry)
{
    return spapr_vio_queue_store(queue->dev, ioba, entry, queue->entry_size);
}

target_long spapr_vio_queue_put(SpaprVioQueue *queue, const uint8_t *entries,
                                unsigned n)
{
    target_long ret = queue_has_room(queue, n);

    for (unsigned i = 0; i < n && ret == H_SUCCESS; i++) {
        ret = queue_store(queue, queue_entry(queue, i),
                          entries + i * queue->entry_size);
    }
    if (ret == H_SUCCESS) {
        queue->next = queue_entry(queue, n) - queue->ioba;
    }
    return ret;
}

target_long spapr_vio_queue_put_always(SpaprVioQueue *queue,
                                       const uint8_t *entry)
{
    target_long ret = spapr_vio_queue_put(queue, entry, 1);

    if (ret == H_DROPPED) {
        unsigned last = queue->size / queue->entry_size - 1;

        ret = queue_store(queue, queue_entry(queue, last), entry);
    }
    return ret;
}

unsigned spapr_vio_queue_room(SpaprVioQueue *queue, unsigned max)
{
    unsigned n = 0;

    max = MIN(max, queue->size / queue->entry_size);
    while (n < max && queue_entry_is_free(queue, n) == H_SUCCESS) {
        n++;
    }
    return n;
}

/* Whether it is mapped still is looked at with each access, as always */
static int queue_post_load(void *opaque, int version_id)
{
    SpaprVioQueue *queue = opaque;
    bool ok;

    if (queue->size) {
        ok = queue_is_sane(queue->ioba, queue->size) &&
             queue->next < queue->size &&
             QEMU_IS_ALIGNED(queue->next, queue->entry_size);
    } else {
        ok = !queue->ioba && !queue->next;
    }
    return ok ? 0 : -EINVAL;
}

const VMStateDescription vmstate_spapr_vio_queue = {
    .name = "spapr-vio-queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = queue_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(ioba, SpaprVioQueue),
        VMSTATE_UINT64(size, SpaprVioQueue),
        VMSTATE_UINT64(next, SpaprVioQueue),
        VMSTATE_END_OF_LIST()
    },
};
