/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI
 *
 * LoPAR, ch. "Virtualized Input/Output", "Virtual SCSI (VSCSI)", and app. "A
 * Protocol for VSCSI Communications". The guest has the client's side; we are
 * the server (VIOS) with all the SCSI devices behind it. A message in the
 * command/response queue tells where in guest memory an information unit (IU)
 * is. We answer in its place, and with a message that has its tag.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/ppc/papr.h"
#include "hw/ppc/spapr_dt.h"
#include "migration/vmstate.h"
#include "scsi/constants.h"
#include "spapr_vscsi_int.h"
#include "trace.h"

/* As many commands as Linux has in flight, each of as much as it may be */
#define VSCSI_WINDOW            (256 * MiB)

/* How soon we look again at a queue that is full, at first and at last */
#define VSCSI_RETRY_MIN_NS      (1 * SCALE_MS)
#define VSCSI_RETRY_MAX_NS      (64 * SCALE_MS)
/*
 * A guest that learns of a closed connection may free its queue, which opens it
 * again, or wait until we begin: for so long. Linux does the former, and would
 * be confused if we had begun before.
 */
#define VSCSI_REOPEN_NS         (1 * NANOSECONDS_PER_SECOND)

bool vscsi_dma_read(SpaprVscsi *s, uint64_t ioba, void *buf, size_t len)
{
    return dma_memory_read(spapr_vio_dma(SPAPR_VIO_DEVICE(s)), ioba, buf, len,
                           MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

bool vscsi_dma_write(SpaprVscsi *s, uint64_t ioba, const void *buf, size_t len)
{
    return dma_memory_write(spapr_vio_dma(SPAPR_VIO_DEVICE(s)), ioba, buf, len,
                            MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

static int64_t vscsi_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/*
 * The table of requests
 */

VscsiRequest *vscsi_new(SpaprVscsi *s)
{
    VscsiRequest *vr = QTAILQ_FIRST(&s->free);

    if (vr) {
        QTAILQ_REMOVE(&s->free, vr, next);
        vr->kind = VSCSI_NEW;
        vr->srp = false;
    }
    return vr;
}

void vscsi_free(VscsiRequest *vr)
{
    SpaprVscsi *s = vr->s;

    if (vr->kind == VSCSI_ANSWER) {
        QTAILQ_REMOVE(&s->answers, vr, next);
    } else if (vr->kind == VSCSI_TASK) {
        s->tasks--;
    }
    s->srp_requests -= vr->srp;
    vr->kind = VSCSI_FREE;
    /* The one that was in use last is in the processor's cache */
    QTAILQ_INSERT_HEAD(&s->free, vr, next);
}

void vscsi_count_srp(VscsiRequest *vr)
{
    vr->srp = true;
    vr->s->srp_requests++;
}

/*
 * Answers
 */

/* Returns: false when there is no room. What nobody can get is gone. */
static bool vscsi_send(SpaprVscsi *s, const uint8_t *msg)
{
    return spapr_crq_send(&s->crq, msg) != H_DROPPED;
}

/*
 * LoPAR, "CRQ Entry Processing": the guest doesn't tell when it has emptied an
 * entry. Whatever it sends is a good moment to look, and so is some time later.
 */
static void vscsi_send_answers(SpaprVscsi *s)
{
    VscsiRequest *vr;

    while ((vr = QTAILQ_FIRST(&s->answers)) && vscsi_send(s, vr->msg)) {
        s->retry_ns = VSCSI_RETRY_MIN_NS;
        vscsi_free(vr);
    }
}

static void vscsi_send_later(VscsiRequest *vr)
{
    SpaprVscsi *s = vr->s;

    vr->kind = VSCSI_ANSWER;
    QTAILQ_INSERT_TAIL(&s->answers, vr, next);
    timer_mod_anticipate_ns(s->timer, vscsi_now() + s->retry_ns);
}

void vscsi_answer(VscsiRequest *vr, uint8_t format, uint8_t status,
                  uint16_t len)
{
    SpaprVscsi *s = vr->s;

    memset(vr->msg, 0, sizeof(vr->msg));
    vr->msg[0] = CRQ_HEADER_COMMAND;
    vr->msg[VSCSI_MSG_OFS_FORMAT] = format;
    vr->msg[VSCSI_MSG_OFS_STATUS] = status;
    stw_be_p(vr->msg + VSCSI_MSG_OFS_IU_LEN, len);
    stq_be_p(vr->msg + VSCSI_MSG_OFS_TAG, vr->tag);
    trace_spapr_vscsi_answer(SPAPR_VIO_DEVICE(s)->reg, vr->tag, format, status);
    if (QTAILQ_EMPTY(&s->answers) && vscsi_send(s, vr->msg)) {
        vscsi_free(vr);
    } else {
        vscsi_send_later(vr);
    }
}

/* A guest that has unmapped the IU gets no more than the status */
void vscsi_respond(VscsiRequest *vr, uint8_t *rsp, uint16_t len, uint8_t status)
{
    stq_be_p(rsp + SRP_OFS_TAG, vr->tag);
    if (!vscsi_dma_write(vr->s, vr->iu, rsp, len)) {
        status = VSCSI_STATUS_NONRECOVERABLE;
        len = 0;
    }
    vscsi_answer(vr, VSCSI_FORMAT_SRP, status, len);
}

void vscsi_rsp_init(const VscsiRequest *vr, uint8_t *rsp, bool failed)
{
    uint8_t wanted = failed ? SRP_SOL_NOT_FAILURE : SRP_SOL_NOT_SUCCESS;

    memset(rsp, 0, VSCSI_MAX_IU);
    rsp[SRP_OFS_OPCODE] = SRP_RSP;
    rsp[SRP_OFS_SOL_NOT] = vr->sol_not & wanted ? SRP_SOL_NOT_ANSWER : 0;
    /* This one is over, so the guest may have another one in flight */
    stl_be_p(rsp + SRP_RSP_OFS_LIMIT_DELTA, 1);
}

/* "Response Data": what became of task management, and what was wrong */
void vscsi_rsp_set_code(uint8_t *rsp, uint8_t code)
{
    rsp[SRP_RSP_OFS_FLAGS] |= SRP_RSP_DATA_VALID;
    stl_be_p(rsp + SRP_RSP_OFS_DATA_LEN, SRP_RSP_DATA_LEN);
    stl_be_p(rsp + SRP_RSP_LEN, code);
}

/*
 * The connection
 */

/* The guest gets no answers any more, and what goes on is to end */
static void vscsi_disconnect(SpaprVscsi *s)
{
    s->state = VSCSI_CLOSED;
    s->fast_fail = false;
    s->has_empty_iu = false;
    for (unsigned i = 0; i < VSCSI_REQUESTS; i++) {
        VscsiRequest *vr = &s->requests[i];

        if (vr->kind == VSCSI_COMMAND) {
            vscsi_abort(vr);
        } else if (vr->kind == VSCSI_TASK || vr->kind == VSCSI_ANSWER) {
            vscsi_free(vr);
        }
    }
}

/* "Connection Termination": what a guest has sent MAD_EMPTY_IU for */
static void vscsi_send_logout(SpaprVscsi *s)
{
    uint8_t iu[SRP_LOGOUT_LEN] = { SRP_T_LOGOUT };
    uint8_t msg[CRQ_ENTRY_SIZE] = { CRQ_HEADER_COMMAND, VSCSI_FORMAT_SRP };

    stq_be_p(iu + SRP_OFS_TAG, s->empty_iu_tag);
    if (vscsi_dma_write(s, s->empty_iu, iu, sizeof(iu))) {
        stw_be_p(msg + VSCSI_MSG_OFS_IU_LEN, sizeof(iu));
        stq_be_p(msg + VSCSI_MSG_OFS_TAG, s->empty_iu_tag);
        vscsi_send(s, msg);
    }
}

void vscsi_hang_up(SpaprVscsi *s)
{
    if (s->has_empty_iu) {
        vscsi_send_logout(s);
    }
    vscsi_disconnect(s);
    spapr_crq_partner_close(&s->crq, CRQ_PARTNER_CLOSED);
    s->reopen_ns = vscsi_now() + VSCSI_REOPEN_NS;
    timer_mod_anticipate_ns(s->timer, s->reopen_ns);
}

/*
 * LoPAR, "Connection Establishment": protocol violations are handled by logging
 * an error, then closing and reopening the CRQ. So are an IU that we can't read
 * and a request too many.
 */
static void vscsi_violation(SpaprVscsi *s, const char *why)
{
    SpaprVioDevice *dev = SPAPR_VIO_DEVICE(s);

    trace_spapr_vscsi_violation(dev->reg, why);
    qemu_log_mask(LOG_GUEST_ERROR, "%s 0x%" PRIx32 ": %s\n", TYPE_SPAPR_VSCSI,
                  dev->reg, why);
    vscsi_hang_up(s);
}

/* Not as long as commands of before could write to memory */
static void vscsi_reopen(SpaprVscsi *s)
{
    if (s->crq.partner_closed && !s->commands &&
        (!spapr_vio_queue_is_open(&s->crq.queue) ||
         vscsi_now() >= s->reopen_ns)) {
        trace_spapr_vscsi_reopen(SPAPR_VIO_DEVICE(s)->reg);
        if (!spapr_crq_partner_open(&s->crq)) {
            s->reopen_ns = vscsi_now() + VSCSI_REOPEN_NS;
        }
    }
}

static void vscsi_timer(void *opaque)
{
    SpaprVscsi *s = opaque;

    vscsi_run_tasks(s);
    vscsi_send_answers(s);
    if (!QTAILQ_EMPTY(&s->answers)) {
        s->retry_ns = MIN(s->retry_ns * 2, VSCSI_RETRY_MAX_NS);
        timer_mod_anticipate_ns(s->timer, vscsi_now() + s->retry_ns);
    }
    vscsi_reopen(s);
    if (s->crq.partner_closed && vscsi_now() < s->reopen_ns) {
        timer_mod_anticipate_ns(s->timer, s->reopen_ns);
    }
}

void vscsi_command_ended(SpaprVscsi *s)
{
    if (s->tasks || s->crq.partner_closed) {
        timer_mod_anticipate_ns(s->timer, vscsi_now());
    }
}

/*
 * Initialization messages. A guest that sends one in the middle of a session
 * has lost its mind: "Connection Establishment".
 */
static void vscsi_connected(SpaprVioDevice *dev)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);

    if (s->state == VSCSI_LOGGED_IN) {
        vscsi_violation(s, "an initialization message after the login");
    } else {
        s->state = VSCSI_CONNECTED;
    }
}

static void vscsi_closed(SpaprVioDevice *dev)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);

    vscsi_disconnect(s);
    vscsi_reopen(s);
}

static bool vscsi_busy(SpaprVioDevice *dev)
{
    return SPAPR_VSCSI(dev)->commands;
}

/*
 * SRP_LOGIN_REQ. The buffer formats that a guest names are those that it may
 * use, so one that we don't have is one too many. Which port it is that talks
 * makes no difference: there is one.
 */
static uint32_t vscsi_login_refusal(const uint8_t *iu)
{
    const uint16_t formats = SRP_LOGIN_FORMAT_DIRECT |
                             SRP_LOGIN_FORMAT_INDIRECT;
    uint16_t wanted = lduw_be_p(iu + SRP_LOGIN_OFS_FORMATS);
    uint32_t len = ldl_be_p(iu + SRP_LOGIN_OFS_IU_LEN);

    if (len > VSCSI_MAX_IU) {
        return SRP_LOGIN_REJ_IU_TOO_LARGE;
    }
    if (len < SRP_LOGIN_MIN_IU_LEN) {
        return SRP_LOGIN_REJ_CHANNEL;
    }
    if (iu[SRP_LOGIN_OFS_FLAGS] & SRP_LOGIN_FLAG_MULTICHANNEL) {
        return SRP_LOGIN_REJ_MULTICHANNEL;
    }
    return !wanted || wanted & ~formats ? SRP_LOGIN_REJ_FORMATS : 0;
}

static void vscsi_login(VscsiRequest *vr, const uint8_t *iu)
{
    const uint16_t formats = SRP_LOGIN_FORMAT_DIRECT |
                             SRP_LOGIN_FORMAT_INDIRECT;
    uint32_t reason = vscsi_login_refusal(iu);
    uint8_t rsp[SRP_LOGIN_RSP_LEN] = { };

    trace_spapr_vscsi_login(SPAPR_VIO_DEVICE(vr->s)->reg, reason);
    if (reason) {
        rsp[SRP_OFS_OPCODE] = SRP_LOGIN_REJ;
        stl_be_p(rsp + SRP_LOGIN_REJ_OFS_REASON, reason);
        stw_be_p(rsp + SRP_LOGIN_REJ_OFS_FORMATS, formats);
        vscsi_respond(vr, rsp, SRP_LOGIN_REJ_LEN, VSCSI_STATUS_OK);
        return;
    }
    vr->s->state = VSCSI_LOGGED_IN;
    rsp[SRP_OFS_OPCODE] = SRP_LOGIN_RSP;
    stl_be_p(rsp + SRP_LOGIN_RSP_OFS_LIMIT, VSCSI_REQUEST_LIMIT);
    stl_be_p(rsp + SRP_LOGIN_RSP_OFS_MAX_IT, VSCSI_MAX_IU);
    stl_be_p(rsp + SRP_LOGIN_RSP_OFS_MAX_TI, VSCSI_MAX_IU);
    stw_be_p(rsp + SRP_LOGIN_RSP_OFS_FORMATS, formats);
    vscsi_respond(vr, rsp, SRP_LOGIN_RSP_LEN, VSCSI_STATUS_OK);
}

/*
 * "any SRP message received before a successful SRP Login is a protocol
 * violation". SLOF's vio-vscsi.fs does without a login; what tells it from a
 * guest is that it does without TCEs, too.
 */
static bool vscsi_has_session(SpaprVscsi *s)
{
    return s->state == VSCSI_LOGGED_IN ||
           (s->state == VSCSI_CONNECTED && SPAPR_VIO_DEVICE(s)->bypass);
}

/* Returns: NULL, or what is wrong with it, and @vr is still there */
static const char *vscsi_receive_srp(VscsiRequest *vr, const uint8_t *iu,
                                     size_t len)
{
    SpaprVscsi *s = vr->s;
    bool session = vscsi_has_session(s);

    vr->sol_not = iu[SRP_OFS_SOL_NOT];
    vscsi_count_srp(vr);
    if (s->srp_requests > VSCSI_REQUEST_LIMIT) {
        return "more requests than the limit";
    }
    switch (iu[SRP_OFS_OPCODE]) {
    case SRP_LOGIN_REQ:
        if (s->state != VSCSI_CONNECTED || len < SRP_LOGIN_LEN) {
            return "an unexpected login";
        }
        vscsi_login(vr, iu);
        return NULL;
    case SRP_CMD:
        if (!session || len < SRP_CMD_LEN) {
            return "an unexpected command";
        }
        vscsi_command(vr, iu, len);
        return NULL;
    case SRP_TSK_MGMT:
        if (!session || len < SRP_TSK_LEN) {
            return "unexpected task management";
        }
        vscsi_task(vr, iu);
        return NULL;
    case SRP_I_LOGOUT:
        if (!session) {
            return "an unexpected logout";
        }
        vscsi_logout(vr);
        return NULL;
    default:
        return "an unknown kind of information unit";
    }
}

/* What SRP and datagrams have in common: 8 bytes, and the tag */
static const char *vscsi_receive_iu(SpaprVscsi *s, const uint8_t *msg)
{
    uint16_t len = lduw_be_p(msg + VSCSI_MSG_OFS_IU_LEN);
    uint64_t ioba = ldq_be_p(msg + VSCSI_MSG_OFS_IU);
    uint8_t iu[VSCSI_MAX_IU];
    VscsiRequest *vr;
    const char *wrong;

    if (s->state == VSCSI_CLOSED) {
        return "no initialization message";
    }
    if (len < MAD_LEN || len > VSCSI_MAX_IU ||
        !vscsi_dma_read(s, ioba, iu, len)) {
        return "an information unit that can't be read";
    }
    vr = vscsi_new(s);
    if (!vr) {
        return "more requests than the limit";
    }
    vr->iu = ioba;
    vr->tag = ldq_be_p(iu + SRP_OFS_TAG);
    if (msg[VSCSI_MSG_OFS_FORMAT] == VSCSI_FORMAT_MAD) {
        vscsi_mad(vr, iu, len);
        return NULL;
    }
    wrong = vscsi_receive_srp(vr, iu, len);
    if (wrong) {
        vscsi_free(vr);
    }
    return wrong;
}

/*
 * "Messages in CRQs": a ping is answered at once, or refused when there is no
 * room. Where its code is depends on which part of the text one reads.
 */
static target_long vscsi_receive_inline(SpaprVscsi *s, const uint8_t *msg)
{
    uint8_t answer[CRQ_ENTRY_SIZE] = { CRQ_HEADER_COMMAND,
                                       VSCSI_FORMAT_INLINE };

    if (msg[VSCSI_MSG_OFS_STATUS] == VSCSI_INLINE_PING) {
        answer[VSCSI_MSG_OFS_STATUS] = VSCSI_INLINE_PING_RESPONSE;
    } else if (msg[VSCSI_MSG_OFS_INLINE] == VSCSI_INLINE_PING) {
        answer[VSCSI_MSG_OFS_INLINE] = VSCSI_INLINE_PING_RESPONSE;
    } else {
        return H_SUCCESS;
    }
    return spapr_crq_send(&s->crq, answer);
}

/* "CRQ Message formats". A violation was a message that arrived, too. */
static target_long vscsi_receive(SpaprVioDevice *dev, const uint8_t *msg)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);
    uint8_t format = msg[VSCSI_MSG_OFS_FORMAT];
    const char *wrong;

    vscsi_send_answers(s);
    if (msg[0] != CRQ_HEADER_COMMAND) {
        wrong = "a reserved header";
    } else if (format == VSCSI_FORMAT_INLINE) {
        return vscsi_receive_inline(s, msg);
    } else if (format == VSCSI_FORMAT_SRP || format == VSCSI_FORMAT_MAD) {
        wrong = vscsi_receive_iu(s, msg);
    } else {
        wrong = "an unknown format";
    }
    if (wrong) {
        vscsi_violation(s, wrong);
    }
    return H_SUCCESS;
}

static const SpaprCrqOps vscsi_crq_ops = {
    .receive = vscsi_receive,
    .connected = vscsi_connected,
    .closed = vscsi_closed,
    .busy = vscsi_busy,
};

/*
 * Devices that come and go. ibmvscsi has no message for that; what SCSI itself
 * has is a unit attention with the next command for whatever device.
 */

static void vscsi_plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    if (dev->hotplugged) {
        scsi_bus_set_ua(&SPAPR_VSCSI(handler)->bus,
                        SENSE_CODE(REPORTED_LUNS_CHANGED));
    }
}

static void vscsi_unplug(HotplugHandler *handler, DeviceState *dev,
                         Error **errp)
{
    qdev_simple_device_unplug_cb(handler, dev, errp);
    scsi_bus_set_ua(&SPAPR_VSCSI(handler)->bus,
                    SENSE_CODE(REPORTED_LUNS_CHANGED));
}

/*
 * The device
 */

static SpaprCrq *vscsi_crq(SpaprVioDevice *dev)
{
    return &SPAPR_VSCSI(dev)->crq;
}

/* Devices have a LUN for their address: two cells, as SLOF's are */
static void vscsi_populate_dt(SpaprVioDevice *dev, DtNode *node)
{
    dt_prop_u32(node, "#address-cells", 2);
    dt_prop_u32(node, "#size-cells", 0);
}

static void vscsi_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);

    spapr_crq_init(&s->crq, dev, &vscsi_crq_ops);
    scsi_bus_init(&s->bus, sizeof(s->bus), DEVICE(dev), &vscsi_bus_info);
    qbus_set_hotplug_handler(BUS(&s->bus), OBJECT(dev));
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, vscsi_timer, s);
    s->retry_ns = VSCSI_RETRY_MIN_NS;
    s->saved = g_new0(VscsiSaved, VSCSI_REQUESTS);
    s->requests = g_new0(VscsiRequest, VSCSI_REQUESTS);
    QTAILQ_INIT(&s->free);
    QTAILQ_INIT(&s->answers);
    for (unsigned i = 0; i < VSCSI_REQUESTS; i++) {
        VscsiRequest *vr = &s->requests[i];

        vr->s = s;
        qemu_sglist_init(&vr->sg, DEVICE(dev), 4, spapr_vio_dma(dev));
        QTAILQ_INSERT_TAIL(&s->free, vr, next);
    }
}

static void vscsi_unrealize(SpaprVioDevice *dev)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);

    timer_free(s->timer);
    for (unsigned i = 0; i < VSCSI_REQUESTS; i++) {
        qemu_sglist_destroy(&s->requests[i].sg);
    }
    g_free(s->requests);
    g_free(s->saved);
}

/* The devices come next, and have what goes on end */
static void vscsi_reset_enter(Object *obj, ResetType type)
{
    SPAPR_VSCSI(obj)->resetting = true;
}

static void vscsi_purge(SpaprVscsi *s)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(&s->bus)->children, sibling) {
        scsi_device_purge_requests(SCSI_DEVICE(kid->child),
                                   SENSE_CODE(NO_SENSE));
    }
}

/* When firmware has ended no device was reset, so it is up to us to wait */
static void vscsi_reset(SpaprVioDevice *dev)
{
    SpaprVscsi *s = SPAPR_VSCSI(dev);

    spapr_crq_reset(&s->crq);
    vscsi_disconnect(s);
    if (s->commands) {
        vscsi_purge(s);
    }
    timer_del(s->timer);
    s->retry_ns = VSCSI_RETRY_MIN_NS;
    s->resetting = false;
}

/*
 * Migration. Commands are at the SCSI layer, which saves them with their
 * devices; all others are saved here.
 */

static int vscsi_pre_save(void *opaque)
{
    SpaprVscsi *s = opaque;
    VscsiRequest *vr;

    s->n_saved = 0;
    QTAILQ_FOREACH(vr, &s->answers, next) {
        VscsiSaved *saved = &s->saved[s->n_saved++];

        *saved = (VscsiSaved) { .kind = VSCSI_ANSWER };
        memcpy(saved->msg, vr->msg, sizeof(saved->msg));
    }
    for (unsigned i = 0; i < VSCSI_REQUESTS; i++) {
        vr = &s->requests[i];
        if (vr->kind == VSCSI_TASK) {
            s->saved[s->n_saved++] = (VscsiSaved) {
                .kind = VSCSI_TASK,
                .function = vr->function,
                .sol_not = vr->sol_not,
                .iu = vr->iu,
                .tag = vr->tag,
                .lun = vr->lun,
                .task_tag = vr->task_tag,
            };
        }
    }
    return 0;
}

static bool vscsi_load_answer(VscsiRequest *vr, const VscsiSaved *saved)
{
    uint8_t format = saved->msg[VSCSI_MSG_OFS_FORMAT];

    if (saved->msg[0] != CRQ_HEADER_COMMAND) {
        return false;
    }
    if (format == VSCSI_FORMAT_SRP) {
        vscsi_count_srp(vr);
    } else if (format != VSCSI_FORMAT_MAD) {
        return false;
    }
    memcpy(vr->msg, saved->msg, sizeof(vr->msg));
    vscsi_send_later(vr);
    return true;
}

static bool vscsi_load_task(VscsiRequest *vr, const VscsiSaved *saved)
{
    if (saved->function != VSCSI_TASK_LOGOUT &&
        !vscsi_task_is_known(saved->function)) {
        return false;
    }
    vr->kind = VSCSI_TASK;
    vr->s->tasks++;
    vscsi_count_srp(vr);
    vr->function = saved->function;
    vr->sol_not = saved->sol_not;
    vr->iu = saved->iu;
    vr->tag = saved->tag;
    vr->lun = saved->lun;
    vr->task_tag = saved->task_tag;
    timer_mod_anticipate_ns(vr->s->timer, vscsi_now());
    return true;
}

static bool vscsi_load_saved(SpaprVscsi *s, const VscsiSaved *saved)
{
    VscsiRequest *vr = vscsi_new(s);
    bool ok = false;

    if (!vr) {
        return false;
    }
    if (saved->kind == VSCSI_ANSWER) {
        ok = vscsi_load_answer(vr, saved);
    } else if (saved->kind == VSCSI_TASK) {
        ok = vscsi_load_task(vr, saved);
    }
    if (!ok) {
        vscsi_free(vr);
    }
    return ok;
}

static int vscsi_post_load(void *opaque, int version_id)
{
    SpaprVscsi *s = opaque;

    for (unsigned i = 0; i < s->n_saved; i++) {
        if (!vscsi_load_saved(s, &s->saved[i])) {
            return -EINVAL;
        }
    }
    if (s->crq.partner_closed) {
        s->reopen_ns = vscsi_now() + VSCSI_REOPEN_NS;
        timer_mod_anticipate_ns(s->timer, vscsi_now());
    }
    return 0;
}

/* What ends the connection is known here at once: vscsi_disconnect() */
static bool vscsi_state_is_valid(void *opaque, int version_id)
{
    SpaprVscsi *s = opaque;

    return s->state == VSCSI_CLOSED ||
           (s->state <= VSCSI_LOGGED_IN && !s->crq.partner_closed &&
            spapr_vio_queue_is_open(&s->crq.queue));
}

static bool vscsi_n_saved_is_valid(void *opaque, int version_id)
{
    SpaprVscsi *s = opaque;

    return s->n_saved <= (s->state == VSCSI_CLOSED ? 0 : VSCSI_REQUESTS);
}

static const VMStateDescription vmstate_vscsi_saved = {
    .name = "spapr-vscsi/request",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(kind, VscsiSaved),
        VMSTATE_UINT8(function, VscsiSaved),
        VMSTATE_UINT8(sol_not, VscsiSaved),
        VMSTATE_UINT64(iu, VscsiSaved),
        VMSTATE_UINT64(tag, VscsiSaved),
        VMSTATE_UINT64(lun, VscsiSaved),
        VMSTATE_UINT64(task_tag, VscsiSaved),
        VMSTATE_UINT8_ARRAY(msg, VscsiSaved, CRQ_ENTRY_SIZE),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_vscsi = {
    .name = TYPE_SPAPR_VSCSI,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = vscsi_pre_save,
    .post_load = vscsi_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SpaprVscsi, 1, vmstate_spapr_vio_device,
                       SpaprVioDevice),
        VMSTATE_STRUCT(crq, SpaprVscsi, 1, vmstate_spapr_crq, SpaprCrq),
        VMSTATE_UINT8(state, SpaprVscsi),
        VMSTATE_VALIDATE("state of the connection", vscsi_state_is_valid),
        VMSTATE_BOOL(fast_fail, SpaprVscsi),
        VMSTATE_BOOL(has_empty_iu, SpaprVscsi),
        VMSTATE_UINT64(empty_iu, SpaprVscsi),
        VMSTATE_UINT64(empty_iu_tag, SpaprVscsi),
        VMSTATE_UINT32(n_saved, SpaprVscsi),
        VMSTATE_VALIDATE("number of requests", vscsi_n_saved_is_valid),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(saved, SpaprVscsi, n_saved,
                                             vmstate_vscsi_saved, VscsiSaved),
        VMSTATE_END_OF_LIST()
    },
};

void spapr_vscsi_create(SpaprVioBus *bus)
{
    DeviceState *dev = qdev_new(TYPE_SPAPR_VSCSI);

    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
    scsi_bus_legacy_handle_cmdline(&SPAPR_VSCSI(dev)->bus);
}

/* SLOF's scsi-disk.fs: all are "disk", and the LUN is the unit address */
char *spapr_vscsi_fw_name(const SCSIDevice *dev)
{
    return g_strdup_printf("disk@%" PRIx64, vscsi_lun(dev));
}

static void spapr_vscsi_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(oc);

    dc->desc = "sPAPR virtual SCSI";
    dc->vmsd = &vmstate_spapr_vscsi;
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    RESETTABLE_CLASS(oc)->phases.enter = vscsi_reset_enter;
    /* "Properties of the VSCSI Node in the Client Partition" */
    vdc->dt_name = "v-scsi";
    vdc->dt_type = "vscsi";
    vdc->dt_compatible = "IBM,v-scsi";
    vdc->has_irq = true;
    vdc->dma_window = VSCSI_WINDOW;
    vdc->realize = vscsi_realize;
    vdc->unrealize = vscsi_unrealize;
    vdc->reset = vscsi_reset;
    vdc->populate_dt = vscsi_populate_dt;
    vdc->crq = vscsi_crq;
    hc->plug = vscsi_plug;
    hc->unplug = vscsi_unplug;
}

static const TypeInfo spapr_vscsi_types[] = {
    {
        .name = TYPE_SPAPR_VSCSI,
        .parent = TYPE_SPAPR_VIO_DEVICE,
        .instance_size = sizeof(SpaprVscsi),
        .class_init = spapr_vscsi_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_HOTPLUG_HANDLER },
            { }
        },
    },
};

DEFINE_TYPES(spapr_vscsi_types)
