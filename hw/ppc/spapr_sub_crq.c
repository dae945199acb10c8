/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: subordinate command/response queues (sub-CRQs)
 *
 * LoPAR, ch. "Virtualized Input/Output": "Subordinate Command/Response Queue
 * (Sub-CRQ)" and "Subordinate CRQ Transport Option".
 *
 * Each partner numbers its own queues. The guest learns from H_REG_SUB_CRQ what
 * its queues are called, and tells the device; what those of the device are
 * called is told by the device, both with messages of the CRQ. None works while
 * the CRQ doesn't.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_sub_crq.h"
#include "migration/vmstate.h"
#include "system/dma.h"
#include "trace.h"

/*
 * The platform clears a queue, so that a huge one would take long; Linux's
 * drivers have at most 256 KiB.
 */
#define SUB_CRQ_MAX_SIZE    (4 * MiB)

static SpaprSubCrqs *sub_crqs_find(SpaprVioBus *bus, target_ulong unit)
{
    SpaprVioDevice *dev = spapr_vio_find(bus, unit, TYPE_SPAPR_VIO_DEVICE);
    SpaprVioDeviceClass *vdc = dev ? SPAPR_VIO_DEVICE_GET_CLASS(dev) : NULL;

    return vdc && vdc->sub_crqs ? vdc->sub_crqs(dev) : NULL;
}

/* Numbers count from 1, so that no 0 is taken for one. NULL: not registered */
static SpaprSubCrq *sub_crq_by_number(SpaprSubCrqs *subs, uint64_t number)
{
    SpaprSubCrq *sub;

    if (!number || number > subs->count) {
        return NULL;
    }
    sub = &subs->queues[number - 1];
    return spapr_vio_queue_is_open(&sub->queue) ? sub : NULL;
}

static SpaprSubCrq *sub_crq_unused(SpaprSubCrqs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++) {
        if (!spapr_vio_queue_is_open(&subs->queues[i].queue)) {
            return &subs->queues[i];
        }
    }
    return NULL;
}

static void sub_crq_close(SpaprSubCrq *sub)
{
    spapr_vio_queue_close(&sub->queue);
    sub->irq_enabled = false;
}

void spapr_sub_crqs_close(SpaprSubCrqs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++) {
        sub_crq_close(&subs->queues[i]);
    }
}

bool spapr_sub_crq_is_open(SpaprSubCrqs *subs, uint64_t number)
{
    return spapr_crq_is_open(subs->crq) && sub_crq_by_number(subs, number);
}

target_long spapr_sub_crq_send(SpaprSubCrqs *subs, uint64_t number,
                               const uint8_t *msgs, unsigned n)
{
    SpaprSubCrq *sub = sub_crq_by_number(subs, number);
    target_long ret = H_CLOSED;

    if (sub && spapr_crq_is_open(subs->crq)) {
        ret = spapr_vio_queue_put(&sub->queue, msgs, n);
    }
    trace_spapr_sub_crq_put(subs->crq->dev->reg, number, n, ret);
    if (ret == H_SUCCESS && sub->irq_enabled) {
        /* Edge-triggered, as all of VIO's */
        qemu_irq_pulse(sub->irq);
    }
    return ret;
}

bool spapr_sub_crqs_enable_irq(SpaprSubCrqs *subs, uint64_t irq_number,
                               bool enable)
{
    for (uint32_t i = 0; i < subs->count; i++) {
        SpaprSubCrq *sub = &subs->queues[i];

        if (sub->irq_number == irq_number &&
            spapr_vio_queue_is_open(&sub->queue)) {
            sub->irq_enabled = enable;
            return true;
        }
    }
    return false;
}

void spapr_sub_crqs_disable_irqs(SpaprSubCrqs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++) {
        subs->queues[i].irq_enabled = false;
    }
}

/*
 * Hypercalls
 */

static target_long sub_crq_register(SpaprSubCrqs *subs, target_ulong *args)
{
    SpaprSubCrq *sub = sub_crq_unused(subs);
    uint64_t ioba = args[1], size = args[2];

    if (!spapr_vio_queue_is_valid(subs->crq->dev, ioba, size)) {
        return H_PARAMETER;
    }
    if (!sub || size > SUB_CRQ_MAX_SIZE) {
        return H_RESOURCE;
    }
    /* The LoPAR has the headers cleared; the rest of free entries is undefined */
    if (dma_memory_set(spapr_vio_dma(subs->crq->dev), ioba, 0, size,
                       MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return H_HARDWARE;
    }
    spapr_vio_queue_open(&sub->queue, ioba, size);
    args[0] = sub - subs->queues + 1;
    args[1] = sub->irq_number;
    return spapr_crq_is_open(subs->crq) ? H_SUCCESS : H_CLOSED;
}

/*
 * H_REG_SUB_CRQ: the guest has one more queue
 *
 * LoPAR, "H_REG_SUB_CRQ". R4: unit address; R5: I/O address of the queue; R6:
 * its length in bytes. Both are multiples of 4 KiB. Returns H_PARAMETER for a
 * device without sub-CRQs and for a queue that isn't mapped from beginning to
 * end; H_RESOURCE when the device has no more of them, or for one of more than
 * 4 MiB; H_SUCCESS, or H_CLOSED when the CRQ isn't connected yet, both with the
 * queue's number in R4 and its interrupt's in R5. The queue is cleared, and
 * its interrupt disabled.
 */
static target_long h_reg_sub_crq(PowerPCCPU *cpu, void *opaque,
                                 target_ulong *args)
{
    SpaprSubCrqs *subs = sub_crqs_find(opaque, args[0]);
    uint64_t unit = args[0], ioba = args[1];
    target_long ret = subs ? sub_crq_register(subs, args) : H_PARAMETER;

    trace_spapr_sub_crq_register(unit, ioba, args[2], ret);
    return ret;
}

/*
 * H_FREE_SUB_CRQ: the guest takes a queue back
 *
 * LoPAR, "H_FREE_SUB_CRQ". R4: unit address; R5: the queue's number. Returns
 * H_PARAMETER for a device without sub-CRQs and a number that no registered
 * queue has; H_SUCCESS.
 */
static target_long h_free_sub_crq(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    SpaprSubCrqs *subs = sub_crqs_find(opaque, args[0]);
    SpaprSubCrq *sub = subs ? sub_crq_by_number(subs, args[1]) : NULL;

    if (!sub) {
        return H_PARAMETER;
    }
    sub_crq_close(sub);
    trace_spapr_sub_crq_free(args[0], args[1]);
    return H_SUCCESS;
}

static target_long sub_crq_receive(SpaprSubCrqs *subs, uint64_t number,
                                   const uint8_t *msgs, unsigned n)
{
    target_long ret = subs->ops->receive(subs->crq->dev, number, msgs, n);

    trace_spapr_sub_crq_send(subs->crq->dev->reg, number, n, ret);
    return ret;
}

/*
 * H_SEND_SUB_CRQ: a message to a queue of the partner's
 *
 * LoPAR, "H_SEND_SUB_CRQ". R4: unit address; R5: the queue's number; R6 to R9:
 * the message, from the header in the high-order byte of R6 on. Returns
 * H_PARAMETER for a device without sub-CRQs, a number that it doesn't use, and
 * a header that is not 0x80; H_CLOSED when the CRQ is not connected; else what
 * the device says: H_SUCCESS, or H_DROPPED when it has no room.
 */
static target_long h_send_sub_crq(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    SpaprSubCrqs *subs = sub_crqs_find(opaque, args[0]);
    uint8_t msg[SUB_CRQ_ENTRY_SIZE];

    for (int i = 0; i < SUB_CRQ_ENTRY_SIZE / 8; i++) {
        stq_be_p(msg + i * 8, args[2 + i]);
    }
    if (!subs || !subs->ops->has(subs->crq->dev, args[1]) ||
        msg[0] != CRQ_HEADER_COMMAND) {
        return H_PARAMETER;
    }
    if (!spapr_crq_is_open(subs->crq)) {
        return H_CLOSED;
    }
    return sub_crq_receive(subs, args[1], msg, 1);
}

/*
 * H_SEND_SUB_CRQ_INDIRECT: messages to a queue of the partner's
 *
 * LoPAR, "H_SEND_SUB_CRQ_INDIRECT". R4: unit address; R5: the queue's number;
 * R6: I/O address of the messages; R7: how many there are, 1 to 128. (To
 * Linux's drivers 16 are enough; the LoPAR knows platforms of both kinds.)
 * Returns H_PARAMETER for a device without sub-CRQs, a number that it doesn't
 * use, an address that isn't mapped, and a bad count; H_CLOSED when the CRQ is
 * not connected; H_PARAMETER for a header that is not 0x80; else what the
 * device says: H_SUCCESS, or H_DROPPED when it has no room for all. It gets all
 * of them or none, and a copy, which no one can change any more.
 */
static target_long h_send_sub_crq_indirect(PowerPCCPU *cpu, void *opaque,
                                           target_ulong *args)
{
    SpaprSubCrqs *subs = sub_crqs_find(opaque, args[0]);
    uint64_t ioba = args[2], n = args[3];
    uint8_t msgs[SUB_CRQ_MAX_ENTRIES * SUB_CRQ_ENTRY_SIZE];

    if (!subs || !subs->ops->has(subs->crq->dev, args[1]) ||
        n < 1 || n > SUB_CRQ_MAX_ENTRIES ||
        dma_memory_read(spapr_vio_dma(subs->crq->dev), ioba, msgs,
                        n * SUB_CRQ_ENTRY_SIZE,
                        MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return H_PARAMETER;
    }
    if (!spapr_crq_is_open(subs->crq)) {
        return H_CLOSED;
    }
    for (unsigned i = 0; i < n; i++) {
        if (msgs[i * SUB_CRQ_ENTRY_SIZE] != CRQ_HEADER_COMMAND) {
            return H_PARAMETER;
        }
    }
    return sub_crq_receive(subs, args[1], msgs, n);
}

void spapr_sub_crq_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls)
{
    static const PowerpcHcallInfo calls[] = {
        { H_REG_SUB_CRQ, "H_REG_SUB_CRQ", "hcall-sub-crq", h_reg_sub_crq },
        { H_FREE_SUB_CRQ, "H_FREE_SUB_CRQ", "hcall-sub-crq", h_free_sub_crq },
        { H_SEND_SUB_CRQ, "H_SEND_SUB_CRQ", "hcall-sub-crq", h_send_sub_crq },
        { H_SEND_SUB_CRQ_INDIRECT, "H_SEND_SUB_CRQ_INDIRECT", "hcall-sub-crq",
          h_send_sub_crq_indirect },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), bus);
}

/*
 * Birth and death
 */

static SpaprIrq *sub_crqs_irq(SpaprSubCrqs *subs)
{
    BusState *bus = qdev_get_parent_bus(DEVICE(subs->crq->dev));

    return SPAPR_MODULE(SPAPR_VIO_BUS(bus)->bridge)->hv->irq;
}

bool spapr_sub_crqs_init(SpaprSubCrqs *subs, SpaprCrq *crq,
                         const SpaprSubCrqOps *ops, uint32_t count,
                         Error **errp)
{
    *subs = (SpaprSubCrqs) {
        .crq = crq, .ops = ops, .count = count,
        .queues = g_new0(SpaprSubCrq, count),
    };
    for (uint32_t i = 0; i < count; i++) {
        SpaprSubCrq *sub = &subs->queues[i];

        spapr_vio_queue_init(&sub->queue, crq->dev, SUB_CRQ_ENTRY_SIZE);
        sub->irq_number = spapr_irq_claim(sub_crqs_irq(subs), 0, false, errp);
        if (!sub->irq_number) {
            spapr_sub_crqs_cleanup(subs);
            return false;
        }
        sub->irq = spapr_irq_input(sub_crqs_irq(subs), sub->irq_number);
    }
    return true;
}

void spapr_sub_crqs_cleanup(SpaprSubCrqs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++) {
        if (subs->queues[i].irq_number) {
            spapr_irq_release(sub_crqs_irq(subs), subs->queues[i].irq_number);
        }
    }
    g_clear_pointer(&subs->queues, g_free);
    subs->count = 0;
}

static const VMStateDescription vmstate_spapr_sub_crq = {
    .name = "spapr-sub-crq",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(queue, SpaprSubCrq, 1, vmstate_spapr_vio_queue,
                       SpaprVioQueue),
        VMSTATE_UINT32_EQUAL(irq_number, SpaprSubCrq,
                             "the order of the VIO devices differs"),
        VMSTATE_BOOL(irq_enabled, SpaprSubCrq),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_spapr_sub_crqs = {
    .name = "spapr-sub-crqs",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(count, SpaprSubCrqs,
                             "the number of sub-CRQs differs"),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(queues, SpaprSubCrqs, count,
                                             vmstate_spapr_sub_crq,
                                             SpaprSubCrq),
        VMSTATE_END_OF_LIST()
    },
};
