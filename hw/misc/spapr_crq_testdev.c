/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: test device, a virtual adapter that does what a suite tells it
 *
 * It is a partner with a CRQ, sub-CRQs and a DMA window. What its commands are
 * is in the header.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "exec/target_long.h"
#include "hw/misc/spapr_crq_testdev.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_sub_crq.h"
#include "migration/vmstate.h"
#include "system/dma.h"

#define TYPE_SPAPR_CRQ_TESTDEV "spapr-crq-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprCrqTestdev, SPAPR_CRQ_TESTDEV)

struct SpaprCrqTestdev {
    SpaprVioDevice parent_obj;

    SpaprCrq crq;
    SpaprSubCrqs subs;
    uint32_t busy;          /* how often it has still to say so */
    uint32_t connections;   /* how often the guest has begun to talk */
};

static target_long testdev_repeat(SpaprCrqTestdev *td, const uint8_t *msg)
{
    uint8_t reply[CRQ_ENTRY_SIZE];
    target_long ret = H_SUCCESS;

    memcpy(reply, msg, sizeof(reply));
    for (unsigned i = 0; i < lduw_be_p(msg + 2) && ret == H_SUCCESS; i++) {
        stq_be_p(reply + 8, i);
        ret = spapr_crq_send(&td->crq, reply);
    }
    return ret;
}

static target_long testdev_room(SpaprCrqTestdev *td, const uint8_t *msg)
{
    uint8_t reply[CRQ_ENTRY_SIZE];

    memcpy(reply, msg, sizeof(reply));
    stw_be_p(reply + 2, spapr_crq_room(&td->crq, UINT16_MAX));
    return spapr_crq_send(&td->crq, reply);
}

static target_long testdev_copy(SpaprCrqTestdev *td, const uint8_t *msg)
{
    AddressSpace *as = spapr_vio_dma(SPAPR_VIO_DEVICE(td));
    uint16_t len = lduw_be_p(msg + 2);
    g_autofree uint8_t *data = g_malloc(len);
    uint8_t reply[CRQ_ENTRY_SIZE];

    memcpy(reply, msg, sizeof(reply));
    if (dma_memory_read(as, ldq_be_p(msg + 8), data, len,
                        MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        reply[1] = CRQ_TESTDEV_COPY_READ_FAILED;
    } else if (dma_memory_write(as, ldl_be_p(msg + 4), data, len,
                                MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        reply[1] = CRQ_TESTDEV_COPY_WRITE_FAILED;
    }
    return spapr_crq_send(&td->crq, reply);
}

static target_long testdev_sub(SpaprCrqTestdev *td, const uint8_t *msg)
{
    unsigned n = MIN(lduw_be_p(msg + 2), SUB_CRQ_MAX_ENTRIES);
    uint8_t entries[SUB_CRQ_MAX_ENTRIES * SUB_CRQ_ENTRY_SIZE] = { };

    for (unsigned i = 0; i < n; i++) {
        uint8_t *entry = entries + i * SUB_CRQ_ENTRY_SIZE;

        memcpy(entry, msg, 2);
        stq_be_p(entry + SUB_CRQ_ENTRY_SIZE - 8, i);
    }
    return spapr_sub_crq_send(&td->subs, ldq_be_p(msg + 8), entries, n);
}

static target_long testdev_receive(SpaprVioDevice *dev, const uint8_t *msg)
{
    SpaprCrqTestdev *td = SPAPR_CRQ_TESTDEV(dev);

    switch (msg[1]) {
    case CRQ_TESTDEV_REPEAT:
        return testdev_repeat(td, msg);
    case CRQ_TESTDEV_ROOM:
        return testdev_room(td, msg);
    case CRQ_TESTDEV_EVENT:
        spapr_crq_event(&td->crq, msg[2]);
        return H_SUCCESS;
    case CRQ_TESTDEV_BUSY:
        td->busy = msg[2];
        return H_SUCCESS;
    case CRQ_TESTDEV_COPY:
        return testdev_copy(td, msg);
    case CRQ_TESTDEV_SUB:
        return testdev_sub(td, msg);
    default:
        return spapr_crq_send(&td->crq, msg);
    }
}

static void testdev_connected(SpaprVioDevice *dev)
{
    SPAPR_CRQ_TESTDEV(dev)->connections++;
}

static void testdev_closed(SpaprVioDevice *dev)
{
    SPAPR_CRQ_TESTDEV(dev)->connections = 0;
}

static bool testdev_busy(SpaprVioDevice *dev)
{
    SpaprCrqTestdev *td = SPAPR_CRQ_TESTDEV(dev);

    if (!td->busy) {
        return false;
    }
    td->busy--;
    return true;
}

static const SpaprCrqOps testdev_crq_ops = {
    .receive = testdev_receive,
    .connected = testdev_connected,
    .closed = testdev_closed,
    .busy = testdev_busy,
};

static bool testdev_sub_has(SpaprVioDevice *dev, uint64_t number)
{
    return number == CRQ_TESTDEV_SUB_HANDLE;
}

/* The first of them says where all go: in one piece, or nowhere */
static target_long testdev_sub_receive(SpaprVioDevice *dev, uint64_t number,
                                       const uint8_t *msgs, unsigned n)
{
    return spapr_sub_crq_send(&SPAPR_CRQ_TESTDEV(dev)->subs,
                              ldq_be_p(msgs + 8), msgs, n);
}

static const SpaprSubCrqOps testdev_sub_ops = {
    .has = testdev_sub_has,
    .receive = testdev_sub_receive,
};

/*
 * The device
 */

static SpaprCrq *testdev_crq(SpaprVioDevice *dev)
{
    return &SPAPR_CRQ_TESTDEV(dev)->crq;
}

static SpaprSubCrqs *testdev_sub_crqs(SpaprVioDevice *dev)
{
    return &SPAPR_CRQ_TESTDEV(dev)->subs;
}

static void testdev_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprCrqTestdev *td = SPAPR_CRQ_TESTDEV(dev);

    spapr_crq_init(&td->crq, dev, &testdev_crq_ops);
    spapr_sub_crqs_init(&td->subs, &td->crq, &testdev_sub_ops,
                        CRQ_TESTDEV_SUB_CRQS, errp);
}

static void testdev_unrealize(SpaprVioDevice *dev)
{
    spapr_sub_crqs_cleanup(&SPAPR_CRQ_TESTDEV(dev)->subs);
}

static void testdev_reset(SpaprVioDevice *dev)
{
    SpaprCrqTestdev *td = SPAPR_CRQ_TESTDEV(dev);

    spapr_crq_reset(&td->crq);
    td->busy = 0;
    td->connections = 0;
}

/* Whether the partner is there */
static bool testdev_get_open(Object *obj, Error **errp)
{
    return !SPAPR_CRQ_TESTDEV(obj)->crq.partner_closed;
}

static void testdev_set_open(Object *obj, bool open, Error **errp)
{
    SpaprCrqTestdev *td = SPAPR_CRQ_TESTDEV(obj);

    if (!DEVICE(obj)->realized) {
        error_setg(errp, "The device isn't realized yet");
    } else if (open) {
        if (!spapr_crq_partner_open(&td->crq)) {
            error_setg(errp, "The guest's queue is full");
        }
    } else {
        spapr_crq_partner_close(&td->crq, CRQ_PARTNER_CLOSED);
    }
}

static const VMStateDescription vmstate_spapr_crq_testdev = {
    .name = TYPE_SPAPR_CRQ_TESTDEV,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SpaprCrqTestdev, 1, vmstate_spapr_vio_device,
                       SpaprVioDevice),
        VMSTATE_STRUCT(crq, SpaprCrqTestdev, 1, vmstate_spapr_crq, SpaprCrq),
        VMSTATE_STRUCT(subs, SpaprCrqTestdev, 1, vmstate_spapr_sub_crqs,
                       SpaprSubCrqs),
        VMSTATE_UINT32(busy, SpaprCrqTestdev),
        VMSTATE_UINT32(connections, SpaprCrqTestdev),
        VMSTATE_END_OF_LIST()
    },
};

static void testdev_init(Object *obj)
{
    object_property_add_uint32_ptr(obj, "connections",
                                   &SPAPR_CRQ_TESTDEV(obj)->connections,
                                   OBJ_PROP_FLAG_READ);
}

static void testdev_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);

    dc->desc = "sPAPR CRQ test device";
    dc->vmsd = &vmstate_spapr_crq_testdev;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    vdc->dt_name = "crq-testdev";
    vdc->dt_compatible = "qemu,crq-testdev";
    vdc->has_irq = true;
    vdc->dma_window = CRQ_TESTDEV_WINDOW;
    vdc->realize = testdev_realize;
    vdc->unrealize = testdev_unrealize;
    vdc->reset = testdev_reset;
    vdc->crq = testdev_crq;
    vdc->sub_crqs = testdev_sub_crqs;
    object_class_property_add_bool(oc, "open", testdev_get_open,
                                   testdev_set_open);
}

static const TypeInfo testdev_types[] = {
    {
        .name = TYPE_SPAPR_CRQ_TESTDEV,
        .parent = TYPE_SPAPR_VIO_DEVICE,
        .instance_size = sizeof(SpaprCrqTestdev),
        .instance_init = testdev_init,
        .class_init = testdev_class_init,
    },
};

DEFINE_TYPES(testdev_types)
