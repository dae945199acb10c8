/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: command/response queues (CRQs)
 *
 * LoPAR, ch. "Virtualized Input/Output": "Command/Response Queue (CRQ)" and
 * "Reliable Command/Response Transport Option". Two partners have a queue each,
 * into which the other one puts messages. Here one of them is the guest and the
 * other one the device, which needs no queue: it gets messages as they are
 * sent. By default a device is ready from the start, so a queue that is
 * registered is connected at once.
 *
 * When a machine is migrated, both partners and the queue between them move
 * together, and nothing is lost. So the guest isn't told that its partner was
 * suspended: it would abort its requests for nothing.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/target_long.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_crq.h"
#include "hw/ppc/spapr_sub_crq.h"
#include "migration/vmstate.h"
#include "trace.h"

#define CRQ_HEADER_VALID    0x80

/* The queue of the device that a hypercall's unit address means, or NULL */
static SpaprCrq *crq_find(SpaprVioBus *bus, target_ulong unit)
{
    SpaprVioDevice *dev = spapr_vio_find(bus, unit, TYPE_SPAPR_VIO_DEVICE);
    SpaprVioDeviceClass *vdc = dev ? SPAPR_VIO_DEVICE_GET_CLASS(dev) : NULL;

    return vdc && vdc->crq ? vdc->crq(dev) : NULL;
}

bool spapr_crq_is_open(const SpaprCrq *crq)
{
    return spapr_vio_queue_is_open(&crq->queue) && !crq->disabled &&
           !crq->partner_closed;
}

target_long spapr_crq_send(SpaprCrq *crq, const uint8_t *msg)
{
    target_long ret = H_CLOSED;

    if (spapr_crq_is_open(crq)) {
        ret = spapr_vio_queue_put(&crq->queue, msg, 1);
    }
    trace_spapr_crq_put(crq->dev->reg, ldq_be_p(msg), ldq_be_p(msg + 8), ret);
    if (ret == H_SUCCESS) {
        spapr_vio_signal(crq->dev);
    }
    return ret;
}

unsigned spapr_crq_room(SpaprCrq *crq, unsigned max)
{
    return spapr_crq_is_open(crq) ? spapr_vio_queue_room(&crq->queue, max) : 0;
}

static target_long crq_send_init(SpaprCrq *crq, uint8_t format)
{
    const uint8_t msg[CRQ_ENTRY_SIZE] = { CRQ_HEADER_INIT, format };

    return spapr_crq_send(crq, msg);
}

/*
 * An event is more than a message: a queue gets it that is full or disabled.
 * One that the guest has unmapped gets nothing.
 */
void spapr_crq_event(SpaprCrq *crq, uint8_t code)
{
    const uint8_t msg[CRQ_ENTRY_SIZE] = { CRQ_HEADER_TRANSPORT, code };
    target_long ret;

    if (!spapr_vio_queue_is_open(&crq->queue)) {
        return;
    }
    ret = spapr_vio_queue_put_always(&crq->queue, msg);
    trace_spapr_crq_event(crq->dev->reg, code, ret);
    crq->disabled |= code == CRQ_PARTNER_SUSPENDED;
    if (ret == H_SUCCESS) {
        spapr_vio_signal(crq->dev);
    }
}

void spapr_crq_partner_close(SpaprCrq *crq, uint8_t code)
{
    if (!crq->partner_closed) {
        crq->partner_closed = true;
        spapr_crq_event(crq, code);
    }
}

/* As drivers of servers do when they have registered their queue */
bool spapr_crq_partner_open(SpaprCrq *crq)
{
    if (crq->partner_closed) {
        crq->partner_closed = false;
        crq->partner_closed = crq_send_init(crq, CRQ_INIT) == H_DROPPED;
    }
    return !crq->partner_closed;
}

/* Closed, whether there was a queue or not */
static void crq_close(SpaprCrq *crq)
{
    bool was_open = spapr_vio_queue_is_open(&crq->queue);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_GET_CLASS(crq->dev);

    spapr_vio_queue_close(&crq->queue);
    crq->disabled = false;
    if (vdc->sub_crqs) {
        spapr_sub_crqs_close(vdc->sub_crqs(crq->dev));
    }
    if (was_open && crq->ops->closed) {
        crq->ops->closed(crq->dev);
    }
}

static bool crq_is_busy(SpaprCrq *crq)
{
    return crq->ops->busy && crq->ops->busy(crq->dev);
}

static target_long crq_register(SpaprCrq *crq, uint64_t ioba, uint64_t size)
{
    if (!spapr_vio_queue_is_valid(crq->dev, ioba, size)) {
        return H_PARAMETER;
    }
    if (spapr_vio_queue_is_open(&crq->queue) || crq_is_busy(crq)) {
        return H_RESOURCE;
    }
    spapr_vio_queue_open(&crq->queue, ioba, size);
    spapr_vio_enable_irq(crq->dev, false);
    return spapr_crq_is_open(crq) ? H_SUCCESS : H_CLOSED;
}

/*
 * H_REG_CRQ: the guest has a queue for its partner's messages
 *
 * LoPAR, "H_REG_CRQ". R4: unit address; R5: I/O address of the queue; R6: its
 * length in bytes. Both are multiples of 4 KiB. Returns H_PARAMETER for a
 * device without a CRQ and for a queue that isn't mapped from beginning to end,
 * for reading and for writing; H_RESOURCE when there is one already, which is
 * how Linux notices, after kexec, that it has to free the old one first;
 * H_SUCCESS, or H_CLOSED when the partner isn't there yet. Signals are disabled
 * afterwards. That the guest has cleared the queue is up to it.
 */
static target_long h_reg_crq(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprCrq *crq = crq_find(opaque, args[0]);
    target_long ret = crq ? crq_register(crq, args[1], args[2]) : H_PARAMETER;

    trace_spapr_crq_register(args[0], args[1], args[2], ret);
    return ret;
}

/*
 * H_FREE_CRQ: the guest takes its queue back
 *
 * LoPAR, "H_FREE_CRQ". R4: unit address. Returns H_PARAMETER for a device
 * without a CRQ; H_LONG_BUSY_1_MSEC when the device has still to finish what it
 * does in guest memory, and the guest is to call again; else H_SUCCESS, also
 * when there was no queue. In any case there is none afterwards, there are no
 * sub-CRQs, and signals are disabled.
 */
static target_long h_free_crq(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprCrq *crq = crq_find(opaque, args[0]);

    if (!crq) {
        return H_PARAMETER;
    }
    crq_close(crq);
    spapr_vio_enable_irq(crq->dev, false);
    trace_spapr_crq_free(crq->dev->reg);
    return crq_is_busy(crq) ? H_LONG_BUSY_1_MSEC : H_SUCCESS;
}

/*
 * Linux's drivers and SLOF begin with an "initialize" and wait for the answer.
 * It is given here, so that no device has to. Not to be able to is a receive
 * queue without room: the guest's own message is refused, rather than left
 * without an answer.
 */
static target_long crq_receive_init(SpaprCrq *crq, uint8_t format)
{
    if (format == CRQ_INIT) {
        target_long ret = crq_send_init(crq, CRQ_INIT_COMPLETE);

        if (ret != H_SUCCESS) {
            return ret;
        }
    } else if (format != CRQ_INIT_COMPLETE) {
        return H_SUCCESS;
    }
    if (crq->ops->connected) {
        crq->ops->connected(crq->dev);
    }
    return H_SUCCESS;
}

static target_long crq_receive(SpaprCrq *crq, const uint8_t *msg)
{
    if (!(msg[0] & CRQ_HEADER_VALID) || msg[0] == CRQ_HEADER_TRANSPORT) {
        return H_PARAMETER;
    }
    if (!spapr_crq_is_open(crq)) {
        return H_CLOSED;
    }
    if (msg[0] == CRQ_HEADER_INIT) {
        return crq_receive_init(crq, msg[1]);
    }
    return crq->ops->receive(crq->dev, msg);
}

/*
 * H_SEND_CRQ: a message to the partner
 *
 * LoPAR, "H_SEND_CRQ". R4: unit address; R5 and R6: the message, from the
 * header in the high-order byte of R5 on. Returns H_PARAMETER for a device
 * without a CRQ, and for a header that is not 0x80 to 0xfe; H_CLOSED when
 * either side has no queue, or the guest's is suspended; else what the device
 * says, such as H_SUCCESS, or H_DROPPED when it has no room for the message.
 */
static target_long h_send_crq(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprCrq *crq = crq_find(opaque, args[0]);
    target_long ret = H_PARAMETER;
    uint8_t msg[CRQ_ENTRY_SIZE];

    if (crq) {
        stq_be_p(msg, args[1]);
        stq_be_p(msg + 8, args[2]);
        ret = crq_receive(crq, msg);
    }
    trace_spapr_crq_send(args[0], args[1], args[2], ret);
    return ret;
}

/*
 * H_ENABLE_CRQ: go on after the partner was suspended
 *
 * LoPAR, "H_ENABLE_CRQ". R4: unit address. Returns H_PARAMETER for a device
 * without a CRQ, else H_SUCCESS: all pages are there all the time.
 */
static target_long h_enable_crq(PowerPCCPU *cpu, void *opaque,
                                target_ulong *args)
{
    SpaprCrq *crq = crq_find(opaque, args[0]);

    if (!crq) {
        return H_PARAMETER;
    }
    crq->disabled = false;
    trace_spapr_crq_enable(crq->dev->reg);
    return H_SUCCESS;
}

void spapr_crq_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls)
{
    static const PowerpcHcallInfo calls[] = {
        { H_REG_CRQ, "H_REG_CRQ", "hcall-crq", h_reg_crq },
        { H_FREE_CRQ, "H_FREE_CRQ", "hcall-crq", h_free_crq },
        { H_SEND_CRQ, "H_SEND_CRQ", "hcall-crq", h_send_crq },
        { H_ENABLE_CRQ, "H_ENABLE_CRQ", "hcall-suspend", h_enable_crq },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), bus);
}

void spapr_crq_init(SpaprCrq *crq, SpaprVioDevice *dev, const SpaprCrqOps *ops)
{
    *crq = (SpaprCrq) { .dev = dev, .ops = ops };
    spapr_vio_queue_init(&crq->queue, dev, CRQ_ENTRY_SIZE);
}

void spapr_crq_reset(SpaprCrq *crq)
{
    crq_close(crq);
    crq->partner_closed = false;
}

const VMStateDescription vmstate_spapr_crq = {
    .name = "spapr-crq",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(queue, SpaprCrq, 1, vmstate_spapr_vio_queue,
                       SpaprVioQueue),
        VMSTATE_BOOL(disabled, SpaprCrq),
        VMSTATE_BOOL(partner_closed, SpaprCrq),
        VMSTATE_END_OF_LIST()
    },
};
