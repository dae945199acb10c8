/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI, commands and their data
 *
 * LoPAR, app. "A Protocol for VSCSI Communications", "SCSI Remote DMA Protocol
 * (SRP)". A command has descriptors of the guest's buffers, whose address is an
 * I/O address. They become a scatter-gather list, with which the SCSI layer
 * has the backend read from and write to guest memory itself.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/qdev-core.h"
#include "migration/qemu-file.h"
#include "scsi/constants.h"
#include "spapr_vscsi_int.h"
#include "trace.h"

#define VSCSI_MAX_CHANNEL   VSCSI_LUN_BUS_MASK
#define VSCSI_MAX_TARGET    VSCSI_LUN_TARGET_MASK
#define VSCSI_MAX_UNIT      VSCSI_LUN_UNIT_MASK

/* Most of the list that a migration stream may have: both directions' */
#define VSCSI_MAX_SG        (2 * VSCSI_MAX_DESCS)

/*
 * Logical unit numbers
 */

typedef struct VscsiUnit {
    unsigned channel;
    unsigned target;
    unsigned unit;
} VscsiUnit;

/*
 * "SCSI Architecture Model": the logical unit addressing method, and, with bus
 * number 0, the peripheral device one, whose LUN 0 each SCSI target has
 */
static bool vscsi_parse_lun(uint64_t lun, VscsiUnit *where)
{
    uint16_t first = lun >> 48;

    if (lun << 16) {
        return false;
    }
    *where = (VscsiUnit) { .unit = first & VSCSI_LUN_UNIT_MASK };
    if ((first & 0xc000) == VSCSI_LUN_METHOD) {
        where->target = first >> VSCSI_LUN_TARGET_SHIFT & VSCSI_LUN_TARGET_MASK;
        where->channel = first >> VSCSI_LUN_BUS_SHIFT & VSCSI_LUN_BUS_MASK;
        return true;
    }
    return first <= VSCSI_LUN_UNIT_MASK;
}

uint64_t vscsi_lun(const SCSIDevice *dev)
{
    return (uint64_t)(VSCSI_LUN_METHOD | dev->id << VSCSI_LUN_TARGET_SHIFT |
                      dev->channel << VSCSI_LUN_BUS_SHIFT | dev->lun) << 48;
}

SCSIDevice *vscsi_find(SpaprVscsi *s, uint64_t lun)
{
    VscsiUnit where;
    SCSIDevice *dev = NULL;

    if (vscsi_parse_lun(lun, &where)) {
        dev = scsi_device_find(&s->bus, where.channel, where.target,
                               where.unit);
    }
    return dev && dev->lun == where.unit ? dev : NULL;
}

/*
 * Buffers. "Memory Descriptors" of SRP: out of the guest's buffers comes the
 * list, first those for data that goes out (to the device), then the others.
 */

typedef struct VscsiIu {
    const uint8_t *iu;
    size_t len;
    size_t next;            /* where the next descriptor is */
} VscsiIu;

/* Returns: NULL when the IU ends before */
static const uint8_t *vscsi_take(VscsiIu *in, size_t len)
{
    const uint8_t *here = in->iu + in->next;

    if (len > in->len - in->next) {
        return NULL;
    }
    in->next += len;
    return here;
}

/* Add @n descriptors, of which no more than @total bytes count */
static bool vscsi_add_buffers(VscsiRequest *vr, const uint8_t *desc, unsigned n,
                              uint64_t total, uint64_t *sum)
{
    for (; n; n--, desc += SRP_DESC_LEN) {
        uint64_t addr = ldq_be_p(desc + SRP_DESC_OFS_ADDR);
        uint32_t desc_len = ldl_be_p(desc + SRP_DESC_OFS_LEN);
        uint64_t len = MIN(desc_len, total - *sum);

        if (len) {
            if (addr > UINT64_MAX - len) {
                return false;
            }
            qemu_sglist_add(&vr->sg, addr, len);
            *sum += len;
        }
    }
    return true;
}

/*
 * An indirect descriptor has a table, in guest memory. When the IU has as many
 * of its descriptors as there are in the table these are taken, and there need
 * be no table.
 */
static bool vscsi_add_indirect(VscsiRequest *vr, VscsiIu *in, unsigned count,
                               uint64_t *sum)
{
    uint8_t table[VSCSI_MAX_DESCS * SRP_DESC_LEN];
    const uint8_t *head = vscsi_take(in, SRP_INDIRECT_OFS_LIST);
    const uint8_t *list = head ? vscsi_take(in, count * SRP_DESC_LEN) : NULL;
    uint32_t table_len, total;

    if (!list) {
        return false;
    }
    table_len = ldl_be_p(head + SRP_INDIRECT_OFS_TABLE_LEN);
    total = ldl_be_p(head + SRP_INDIRECT_OFS_LEN);
    if (table_len % SRP_DESC_LEN || table_len > sizeof(table)) {
        return false;
    }
    if (count * SRP_DESC_LEN < table_len) {
        uint64_t addr = ldq_be_p(head + SRP_INDIRECT_OFS_TABLE);

        if (!vscsi_dma_read(vr->s, addr, table, table_len)) {
            return false;
        }
        list = table;
    }
    return vscsi_add_buffers(vr, list, table_len / SRP_DESC_LEN, total, sum);
}

/* Returns: false when the descriptors make no sense */
static bool vscsi_add_direction(VscsiRequest *vr, VscsiIu *in, unsigned format,
                                unsigned count, uint64_t *sum)
{
    const uint8_t *desc;

    switch (format) {
    case SRP_BUF_NONE:
        return true;
    case SRP_BUF_DIRECT:
        desc = vscsi_take(in, SRP_DESC_LEN);
        return desc && vscsi_add_buffers(vr, desc, 1, UINT64_MAX, sum);
    case SRP_BUF_INDIRECT:
        return vscsi_add_indirect(vr, in, count, sum);
    default:
        return false;
    }
}

static void vscsi_reset_data(VscsiRequest *vr)
{
    vr->req = NULL;
    vr->aborted = false;
    vr->use_sg = false;
    vr->unreachable = false;
    vr->in_len = 0;
    vr->out_len = 0;
    vr->offered = 0;
    vr->moved = 0;
    vr->sg.nsg = 0;
    vr->sg.size = 0;
}

/*
 * Take all buffers of a command.
 *
 * Returns: VSCSI_STATUS_OK; VSCSI_STATUS_NONRECOVERABLE when the descriptors
 * make no sense; VSCSI_STATUS_MAX_XFER when they are of too much. @n_out: how
 * many entries of the list are for data that goes out.
 */
static uint8_t vscsi_take_buffers(VscsiRequest *vr, const uint8_t *iu,
                                  size_t len, unsigned *n_out)
{
    uint8_t formats = iu[SRP_CMD_OFS_BUF_FORMATS];
    uint64_t out_len = 0, in_len = 0;
    VscsiIu in = { .iu = iu, .len = len, .next = SRP_CMD_LEN };

    if (!vscsi_take(&in, iu[SRP_CMD_OFS_ADD_CDB_LEN] & ~3) ||
        !vscsi_add_direction(vr, &in, formats >> 4, iu[SRP_CMD_OFS_OUT_COUNT],
                             &out_len)) {
        return VSCSI_STATUS_NONRECOVERABLE;
    }
    *n_out = vr->sg.nsg;
    if (!vscsi_add_direction(vr, &in, formats & 0xf, iu[SRP_CMD_OFS_IN_COUNT],
                             &in_len)) {
        return VSCSI_STATUS_NONRECOVERABLE;
    }
    if (out_len > VSCSI_MAX_TRANSFER || in_len > VSCSI_MAX_TRANSFER) {
        return VSCSI_STATUS_MAX_XFER;
    }
    vr->out_len = out_len;
    vr->in_len = in_len;
    return VSCSI_STATUS_OK;
}

/* Nothing behind the first @len bytes, which are all that may be touched */
static void vscsi_trim(QEMUSGList *sg, uint64_t len)
{
    uint64_t sum = 0;
    int n;

    for (n = 0; n < sg->nsg && sum < len; n++) {
        sg->sg[n].len = MIN(sg->sg[n].len, len - sum);
        sum += sg->sg[n].len;
    }
    sg->nsg = n;
    sg->size = sum;
}

/* Leave in the list what a command with this direction takes */
static void vscsi_choose_buffers(VscsiRequest *vr, enum SCSIXferMode mode,
                                 uint64_t xfer, unsigned n_out)
{
    QEMUSGList *sg = &vr->sg;

    if (mode == SCSI_XFER_TO_DEV) {
        vscsi_trim(sg, MIN(xfer, vr->out_len));
    } else {
        sg->nsg -= n_out;
        memmove(sg->sg, sg->sg + n_out, sg->nsg * sizeof(*sg->sg));
        vscsi_trim(sg, mode == SCSI_XFER_NONE ? 0 : MIN(xfer, vr->in_len));
    }
}

static bool vscsi_is_reachable(VscsiRequest *vr, DMADirection dir)
{
    for (int i = 0; i < vr->sg.nsg; i++) {
        if (!dma_memory_valid(vr->sg.as, vr->sg.sg[i].base, vr->sg.sg[i].len,
                              dir, MEMTXATTRS_UNSPECIFIED)) {
            return false;
        }
    }
    return true;
}

/* Fill the guest's buffers, from @vr->moved on, as far as they go */
static void vscsi_fill(VscsiRequest *vr, const uint8_t *buf, uint32_t len)
{
    uint64_t skip = vr->moved;

    vr->offered += len;
    len = MIN(len, vr->sg.size - vr->moved);
    for (int i = 0; len && !vr->unreachable; i++) {
        ScatterGatherEntry *entry = &vr->sg.sg[i];
        uint32_t n;

        if (skip >= entry->len) {
            skip -= entry->len;
            continue;
        }
        n = MIN(len, entry->len - skip);
        vr->unreachable = !vscsi_dma_write(vr->s, entry->base + skip, buf, n);
        skip = 0;
        buf += n;
        len -= n;
        vr->moved += n;
    }
}

/*
 * Answers
 */

/* A residual of one direction, and the flags that say which kind it is */
static void vscsi_put_residual(uint8_t *rsp, unsigned ofs, uint8_t over,
                               uint8_t under, uint32_t buffer, uint32_t offered,
                               uint32_t moved)
{
    if (offered > buffer) {
        rsp[SRP_RSP_OFS_FLAGS] |= over;
        stl_be_p(rsp + ofs, offered - buffer);
    } else if (moved < buffer) {
        rsp[SRP_RSP_OFS_FLAGS] |= under;
        stl_be_p(rsp + ofs, buffer - moved);
    }
}

static void vscsi_put_residuals(const VscsiRequest *vr, uint8_t *rsp,
                                bool to_dev)
{
    vscsi_put_residual(rsp, SRP_RSP_OFS_OUT_RESIDUAL, SRP_RSP_OUT_OVER,
                       SRP_RSP_OUT_UNDER, vr->out_len,
                       to_dev ? vr->offered : 0, to_dev ? vr->moved : 0);
    vscsi_put_residual(rsp, SRP_RSP_OFS_IN_RESIDUAL, SRP_RSP_IN_OVER,
                       SRP_RSP_IN_UNDER, vr->in_len,
                       to_dev ? 0 : vr->offered, to_dev ? 0 : vr->moved);
}

typedef struct VscsiResult {
    uint8_t scsi_status;
    uint8_t crq_status;             /* VSCSI_STATUS_* */
    bool to_dev;
    uint8_t sense_len;
    uint8_t sense[VSCSI_MAX_SENSE];
} VscsiResult;

static void vscsi_set_sense(VscsiResult *result, SCSISense sense)
{
    result->scsi_status = CHECK_CONDITION;
    result->sense_len = scsi_build_sense(result->sense, sense);
}

/* SRP_RSP. "All virtual devices are "auto-sense" devices." */
static void vscsi_result(VscsiRequest *vr, const VscsiResult *result)
{
    uint8_t rsp[VSCSI_MAX_IU];

    vscsi_rsp_init(vr, rsp, result->scsi_status != GOOD || result->crq_status);
    rsp[SRP_RSP_OFS_STATUS] = result->scsi_status;
    vscsi_put_residuals(vr, rsp, result->to_dev);
    if (result->sense_len) {
        rsp[SRP_RSP_OFS_FLAGS] |= SRP_RSP_SENSE_VALID;
        stl_be_p(rsp + SRP_RSP_OFS_SENSE_LEN, result->sense_len);
        memcpy(rsp + SRP_RSP_LEN, result->sense, result->sense_len);
    }
    vscsi_respond(vr, rsp, SRP_RSP_LEN + result->sense_len,
                  result->crq_status);
}

static void vscsi_result_sense(VscsiRequest *vr, SCSISense sense,
                               uint8_t crq_status)
{
    VscsiResult result = { .crq_status = crq_status };

    vscsi_set_sense(&result, sense);
    vscsi_result(vr, &result);
}

/* The status in the message, for who looks at no response code, as Linux */
static void vscsi_refuse_iu(VscsiRequest *vr, uint8_t crq_status)
{
    uint8_t rsp[VSCSI_MAX_IU];

    vscsi_rsp_init(vr, rsp, true);
    vscsi_rsp_set_code(rsp, SRP_RSP_CODE_INVALID_FIELDS);
    vscsi_respond(vr, rsp, SRP_RSP_LEN + SRP_RSP_DATA_LEN, crq_status);
}

/* The command has left the SCSI layer. Returns: whether it is to be answered */
static bool vscsi_end_command(VscsiRequest *vr)
{
    SpaprVscsi *s = vr->s;
    SCSIRequest *req = vr->req;

    vr->req = NULL;
    vr->kind = VSCSI_NEW;
    s->commands--;
    req->hba_private = NULL;
    scsi_req_unref(req);
    vscsi_command_ended(s);
    if (vr->aborted || s->resetting) {
        vscsi_free(vr);
        return false;
    }
    return true;
}

static void vscsi_finish(SCSIRequest *req, VscsiResult *result)
{
    VscsiRequest *vr = req->hba_private;

    result->to_dev = req->cmd.mode == SCSI_XFER_TO_DEV;
    if (vr->unreachable) {
        result->crq_status = VSCSI_STATUS_NONRECOVERABLE;
        vscsi_set_sense(result, SENSE_CODE(IO_ERROR));
    }
    if (vscsi_end_command(vr)) {
        vscsi_result(vr, result);
    }
}

/*
 * How much has been moved by the SCSI layer: what it says that is left has
 * nothing to do with that after an error, or when a request was tried again
 */
static void vscsi_count_moved(VscsiRequest *vr, uint8_t status,
                              uint64_t residual)
{
    if (vr->use_sg && status == GOOD) {
        uint64_t size = vr->sg.size;

        vr->moved = residual <= size ? size - residual : size;
        vr->offered = vr->moved;
    } else if (status != GOOD) {
        vr->moved = 0;
    }
}

static void vscsi_complete(SCSIRequest *req, size_t residual)
{
    VscsiRequest *vr = req->hba_private;
    VscsiResult result = { .scsi_status = req->status };

    if (!vr) {
        return;
    }
    vscsi_count_moved(vr, req->status, residual);
    if (req->status == CHECK_CONDITION) {
        result.sense_len = scsi_req_get_sense(req, result.sense,
                                              sizeof(result.sense));
    }
    vscsi_finish(req, &result);
}

/*
 * A backend that passes commands on has lost its device: "#define
 * MAD_ENABLE_FAST_FAIL 0x08"
 */
static void vscsi_fail(SCSIRequest *req)
{
    VscsiRequest *vr = req->hba_private;
    VscsiResult result = { };
    SCSISense sense = SENSE_CODE(NO_SENSE);

    if (!vr) {
        return;
    }
    vr->moved = 0;
    result.scsi_status = scsi_sense_from_host_status(req->host_status, &sense);
    if (result.scsi_status == GOOD) {
        sense = SENSE_CODE(TARGET_FAILURE);
        result.scsi_status = CHECK_CONDITION;
    }
    if (result.scsi_status == CHECK_CONDITION) {
        vscsi_set_sense(&result, sense);
    }
    if (vr->s->fast_fail && (req->host_status == SCSI_HOST_NO_LUN ||
                             req->host_status ==
                             SCSI_HOST_TRANSPORT_DISRUPTED)) {
        result.crq_status = VSCSI_STATUS_ADAPTER_FAILED;
    }
    vscsi_finish(req, &result);
}

/* By us, or because the device is being removed */
static void vscsi_cancel(SCSIRequest *req)
{
    VscsiRequest *vr = req->hba_private;
    VscsiResult result = { };

    if (!vr) {
        return;
    }
    vr->moved = 0;
    if (vr->s->fast_fail) {
        result.crq_status = VSCSI_STATUS_ADAPTER_FAILED;
    }
    vscsi_set_sense(&result, SENSE_CODE(LUN_NOT_SUPPORTED));
    vscsi_finish(req, &result);
}

void vscsi_abort(VscsiRequest *vr)
{
    if (!vr->aborted) {
        vr->aborted = true;
        scsi_req_cancel_async(vr->req, NULL);
    }
}

/*
 * Data. It is for the SCSI layer to move whenever there are buffers for all of
 * it. Buffers that are too small get the beginning of what a device sends; so
 * we have to see how much that would have been.
 */

static QEMUSGList *vscsi_get_sg_list(SCSIRequest *req)
{
    VscsiRequest *vr = req->hba_private;

    return vr && vr->use_sg ? &vr->sg : NULL;
}

static void vscsi_transfer_data(SCSIRequest *req, uint32_t len)
{
    VscsiRequest *vr = req->hba_private;

    if (!vr) {
        /* It came with a migration that has failed: nobody waits for it */
        scsi_req_cancel_async(req, NULL);
        return;
    }
    vscsi_fill(vr, scsi_req_get_buf(req), len);
    scsi_req_continue(req);
}

/*
 * For devices of the host's, which know commands that we don't: how much is to
 * be moved, and in which direction, is what the guest has buffers for. (A
 * request that comes with migration has none yet.)
 */
static int vscsi_parse_cdb(SCSIDevice *dev, SCSICommand *cmd, uint8_t *buf,
                           size_t buf_len, void *hba_private)
{
    VscsiRequest *vr = hba_private;

    if (!cmd->len) {
        cmd->len = MIN(buf_len, sizeof(cmd->buf));
        memcpy(cmd->buf, buf, cmd->len);
    }
    if (vr) {
        cmd->xfer = vr->out_len ? vr->out_len : vr->in_len;
        cmd->mode = vr->out_len ? SCSI_XFER_TO_DEV :
                    vr->in_len ? SCSI_XFER_FROM_DEV : SCSI_XFER_NONE;
    }
    return 0;
}

/*
 * Commands to what is no device
 */

/* "REPORT LUNS": of the whole adapter, to LUN 0 and to the well-known unit */
static GByteArray *vscsi_list_luns(SpaprVscsi *s, uint8_t select)
{
    GByteArray *list = g_byte_array_new();
    uint8_t entry[8] = { };
    BusChild *kid;

    g_byte_array_append(list, entry, sizeof(entry));
    if (select != 1) {
        /* The first one that was added is the last on the list */
        QTAILQ_FOREACH_REVERSE(kid, &BUS(&s->bus)->children, sibling) {
            if (qdev_is_realized(kid->child)) {
                stq_be_p(entry, vscsi_lun(SCSI_DEVICE(kid->child)));
                g_byte_array_append(list, entry, sizeof(entry));
            }
        }
    }
    if (select != 0) {
        stq_be_p(entry, (uint64_t)VSCSI_LUN_REPORT_LUNS << 48);
        g_byte_array_append(list, entry, sizeof(entry));
    }
    stl_be_p(list->data, list->len - sizeof(entry));
    return list;
}

static bool vscsi_is_luns_changed(SCSISense sense)
{
    return sense.key == SENSE_CODE(REPORTED_LUNS_CHANGED).key &&
           sense.asc == SENSE_CODE(REPORTED_LUNS_CHANGED).asc &&
           sense.ascq == SENSE_CODE(REPORTED_LUNS_CHANGED).ascq;
}

static void vscsi_answer_data(VscsiRequest *vr, const uint8_t *data,
                              uint32_t len)
{
    vscsi_fill(vr, data, len);
    if (vr->unreachable) {
        vr->moved = 0;
        vscsi_result_sense(vr, SENSE_CODE(IO_ERROR),
                           VSCSI_STATUS_NONRECOVERABLE);
    } else {
        vscsi_result(vr, &(VscsiResult) { .scsi_status = GOOD });
    }
}

static void vscsi_report_luns(VscsiRequest *vr, const uint8_t *cdb)
{
    uint32_t room = ldl_be_p(cdb + 6);
    g_autoptr(GByteArray) list = NULL;

    if (cdb[2] > 2 || room < 16) {
        vscsi_result_sense(vr, SENSE_CODE(INVALID_FIELD), VSCSI_STATUS_OK);
        return;
    }
    list = vscsi_list_luns(vr->s, cdb[2]);
    if (vscsi_is_luns_changed(vr->s->bus.unit_attention)) {
        vr->s->bus.unit_attention = SENSE_CODE(NO_SENSE);
    }
    vscsi_answer_data(vr, list->data, MIN(room, list->len));
}

/* "INQUIRY" is answered by units that aren't there, too */
static void vscsi_inquire(VscsiRequest *vr, const uint8_t *cdb, uint8_t type)
{
    uint8_t data[SCSI_INQUIRY_LEN] = { };

    if ((cdb[1] & 3) || cdb[2]) {
        vscsi_result_sense(vr, SENSE_CODE(INVALID_FIELD), VSCSI_STATUS_OK);
        return;
    }
    data[0] = type;
    data[2] = 5;        /* the version, SPC-3, */
    data[3] = 0x12;     /* with hierarchical LUNs, in its format */
    data[4] = sizeof(data) - 5;
    data[7] = 2;        /* has a queue */
    memset(data + 8, ' ', 28);
    memcpy(data + 8, "QEMU", 4);
    memcpy(data + 16, "VSCSI", 5);
    vscsi_answer_data(vr, data, MIN(lduw_be_p(cdb + 3), sizeof(data)));
}

static void vscsi_request_sense(VscsiRequest *vr, const uint8_t *cdb,
                                SCSISense sense)
{
    uint8_t data[SCSI_SENSE_LEN];
    int len = scsi_build_sense_buf(data, sizeof(data), sense, !(cdb[1] & 1));

    vscsi_answer_data(vr, data, MIN(cdb[4], len));
}

/*
 * No device has this target. To Linux that is one of hundreds, and an answer to
 * INQUIRY would mean that it is there, to be asked for each of its units: it is
 * refused like all else. LUN 0 stands for all of the adapter, and is there.
 */
static void vscsi_no_device(VscsiRequest *vr, const uint8_t *cdb)
{
    if (cdb[0] == INQUIRY && !vr->lun) {
        vscsi_inquire(vr, cdb, TYPE_NO_LUN);
    } else if (cdb[0] == REQUEST_SENSE) {
        vscsi_request_sense(vr, cdb, SENSE_CODE(LUN_NOT_SUPPORTED));
    } else {
        vscsi_result_sense(vr, SENSE_CODE(LUN_NOT_SUPPORTED), VSCSI_STATUS_OK);
    }
}

static void vscsi_well_known(VscsiRequest *vr, const uint8_t *cdb)
{
    switch (cdb[0]) {
    case INQUIRY:
        vscsi_inquire(vr, cdb, TYPE_WLUN);
        break;
    case REQUEST_SENSE:
        vscsi_request_sense(vr, cdb, SENSE_CODE(NO_SENSE));
        break;
    case TEST_UNIT_READY:
        vscsi_result(vr, &(VscsiResult) { .scsi_status = GOOD });
        break;
    default:
        vscsi_result_sense(vr, SENSE_CODE(INVALID_OPCODE), VSCSI_STATUS_OK);
    }
}

static void vscsi_emulate(VscsiRequest *vr, const uint8_t *cdb)
{
    bool well_known = vr->lun == (uint64_t)VSCSI_LUN_REPORT_LUNS << 48;

    if (cdb[0] == REPORT_LUNS && (!vr->lun || well_known)) {
        vscsi_report_luns(vr, cdb);
    } else if (well_known) {
        vscsi_well_known(vr, cdb);
    } else {
        vscsi_no_device(vr, cdb);
    }
}

/*
 * Commands to devices
 */

/* Returns: false when it has been refused */
static bool vscsi_prepare(VscsiRequest *vr, const SCSICommand *cmd,
                          unsigned n_out)
{
    bool to_dev = cmd->mode == SCSI_XFER_TO_DEV;
    VscsiResult result = { .to_dev = to_dev };

    vscsi_choose_buffers(vr, cmd->mode, cmd->xfer, n_out);
    if (!vscsi_is_reachable(vr, to_dev ? DMA_DIRECTION_TO_DEVICE :
                            DMA_DIRECTION_FROM_DEVICE)) {
        result.crq_status = VSCSI_STATUS_NONRECOVERABLE;
    } else if (to_dev && cmd->xfer > vr->out_len) {
        /* It would get something that the guest hasn't given */
        vr->offered = MIN(cmd->xfer, UINT32_MAX);
    } else {
        vr->use_sg = cmd->xfer && vr->sg.size == cmd->xfer;
        return true;
    }
    vscsi_set_sense(&result, SENSE_CODE(IO_ERROR));
    vscsi_result(vr, &result);
    return false;
}

static void vscsi_submit(VscsiRequest *vr, SCSIDevice *dev, unsigned unit,
                         const uint8_t *iu, unsigned n_out)
{
    /* The tag is for traces alone: that of the guest is ours to look after */
    SCSIRequest *req = scsi_req_new(dev, vr - vr->s->requests, unit,
                                    (uint8_t *)iu + SRP_CMD_OFS_CDB,
                                    SRP_CDB_LEN, vr);
    int32_t len;

    trace_spapr_vscsi_command(SPAPR_VIO_DEVICE(vr->s)->reg, vr->tag, vr->lun,
                              iu[SRP_CMD_OFS_CDB], req->cmd.xfer);
    if (!vscsi_prepare(vr, &req->cmd, n_out)) {
        req->hba_private = NULL;
        scsi_req_unref(req);
        return;
    }
    vr->req = req;
    vr->kind = VSCSI_COMMAND;
    vr->s->commands++;
    len = scsi_req_enqueue(req);
    if (len) {
        scsi_req_continue(req);
    }
}

void vscsi_command(VscsiRequest *vr, const uint8_t *iu, size_t len)
{
    const uint8_t *cdb = iu + SRP_CMD_OFS_CDB;
    SCSIDevice *near = NULL;
    VscsiUnit where = { };
    unsigned n_out = 0;
    uint8_t status;

    vscsi_reset_data(vr);
    vr->lun = ldq_be_p(iu + SRP_CMD_OFS_LUN);
    status = vscsi_take_buffers(vr, iu, len, &n_out);
    if (status != VSCSI_STATUS_OK) {
        vscsi_refuse_iu(vr, status);
        return;
    }
    /* Another unit of the target will do: the SCSI layer knows what to say */
    if (vscsi_parse_lun(vr->lun, &where)) {
        near = scsi_device_find(&vr->s->bus, where.channel, where.target,
                                where.unit);
    }
    if (near && (cdb[0] != REPORT_LUNS || vr->lun)) {
        vscsi_submit(vr, near, where.unit, iu, n_out);
        return;
    }
    vscsi_choose_buffers(vr, SCSI_XFER_FROM_DEV, vr->in_len, n_out);
    vscsi_emulate(vr, cdb);
}

/*
 * Migration of a command that the SCSI layer goes on with: those that have
 * stopped the machine. They are tried again where it goes on.
 */

static void vscsi_save_request(QEMUFile *f, SCSIRequest *req)
{
    VscsiRequest *vr = req->hba_private;

    if (!vr) {
        /* Likewise */
        qemu_file_set_error(f, -EINVAL);
        return;
    }
    qemu_put_byte(f, vr->sol_not);
    qemu_put_byte(f, vr->use_sg);
    qemu_put_be64(f, vr->iu);
    qemu_put_be64(f, vr->tag);
    qemu_put_be64(f, vr->lun);
    qemu_put_be32(f, vr->in_len);
    qemu_put_be32(f, vr->out_len);
    qemu_put_be32(f, vr->offered);
    qemu_put_be32(f, vr->moved);
    qemu_put_be32(f, vr->sg.nsg);
    for (int i = 0; i < vr->sg.nsg; i++) {
        qemu_put_be64(f, vr->sg.sg[i].base);
        qemu_put_be32(f, vr->sg.sg[i].len);
    }
}

static bool vscsi_load_list(QEMUFile *f, QEMUSGList *sg)
{
    uint32_t n = qemu_get_be32(f);

    if (n > VSCSI_MAX_SG) {
        return false;
    }
    while (n--) {
        uint64_t base = qemu_get_be64(f);
        uint32_t len = qemu_get_be32(f);

        if (!len || len > VSCSI_MAX_TRANSFER - sg->size ||
            base > UINT64_MAX - len) {
            return false;
        }
        qemu_sglist_add(sg, base, len);
    }
    return true;
}

static bool vscsi_load_command(QEMUFile *f, VscsiRequest *vr, SCSIRequest *req)
{
    vr->sol_not = qemu_get_byte(f);
    vr->use_sg = qemu_get_byte(f);
    vr->iu = qemu_get_be64(f);
    vr->tag = qemu_get_be64(f);
    vr->lun = qemu_get_be64(f);
    vr->in_len = qemu_get_be32(f);
    vr->out_len = qemu_get_be32(f);
    vr->offered = qemu_get_be32(f);
    vr->moved = qemu_get_be32(f);
    if (vr->in_len > VSCSI_MAX_TRANSFER || vr->out_len > VSCSI_MAX_TRANSFER ||
        !vscsi_load_list(f, &vr->sg) || vr->moved > vr->sg.size) {
        return false;
    }
    return vr->use_sg ? vr->sg.size == req->cmd.xfer :
                        req->cmd.mode != SCSI_XFER_TO_DEV;
}

static void *vscsi_load_request(QEMUFile *f, SCSIRequest *req)
{
    SpaprVscsi *s = SPAPR_VSCSI(BUS(req->bus)->parent);
    VscsiRequest *vr = s->state == VSCSI_CLOSED ? NULL : vscsi_new(s);

    if (!vr) {
        qemu_file_set_error(f, -EINVAL);
        return NULL;
    }
    vscsi_reset_data(vr);
    if (!vscsi_load_command(f, vr, req)) {
        vscsi_free(vr);
        qemu_file_set_error(f, -EINVAL);
        return NULL;
    }
    vscsi_count_srp(vr);
    vr->kind = VSCSI_COMMAND;
    vr->req = scsi_req_ref(req);
    s->commands++;
    return vr;
}

const SCSIBusInfo vscsi_bus_info = {
    .tcq = true,
    .max_channel = VSCSI_MAX_CHANNEL,
    .max_target = VSCSI_MAX_TARGET,
    .max_lun = VSCSI_MAX_UNIT,
    .parse_cdb = vscsi_parse_cdb,
    .transfer_data = vscsi_transfer_data,
    .get_sg_list = vscsi_get_sg_list,
    .complete = vscsi_complete,
    .fail = vscsi_fail,
    .cancel = vscsi_cancel,
    .save_request = vscsi_save_request,
    .load_request = vscsi_load_request,
};
