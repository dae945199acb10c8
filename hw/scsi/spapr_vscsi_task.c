/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI, task management and logout
 *
 * SCSI RDMA Protocol, SRP_TSK_MGMT and SRP_I_LOGOUT. Commands of which the
 * backend has got hold take their time to end, and till then could write to
 * guest memory: the answer is given when they are gone. A command that was
 * aborted has no answer of its own, as the SCSI Architecture Model has it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/qdev-core.h"
#include "spapr_vscsi_int.h"
#include "trace.h"

static void vscsi_task_answer(VscsiRequest *vr, uint8_t code)
{
    uint8_t rsp[VSCSI_MAX_IU];

    vscsi_rsp_init(vr, rsp, code != SRP_RSP_CODE_COMPLETE);
    vscsi_rsp_set_code(rsp, code);
    vscsi_respond(vr, rsp, SRP_RSP_LEN + SRP_RSP_DATA_LEN, VSCSI_STATUS_OK);
}

/* Whether a command is for the same unit, by whatever number */
static bool vscsi_task_is_unit(const VscsiRequest *task,
                               const VscsiRequest *command,
                               const SCSIDevice *dev)
{
    const SCSIRequest *req = command->req;

    return command->lun == task->lun ||
           (req->dev == dev && req->lun == dev->lun);
}

static bool vscsi_task_concerns(const VscsiRequest *task,
                                const VscsiRequest *command,
                                const SCSIDevice *dev)
{
    if (command->kind != VSCSI_COMMAND) {
        return false;
    }
    switch (task->function) {
    case VSCSI_TASK_LOGOUT:
        return true;
    case SRP_TSK_ABORT_TASK:
        return command->tag == task->task_tag &&
               vscsi_task_is_unit(task, command, dev);
    default:
        return vscsi_task_is_unit(task, command, dev);
    }
}

/* Returns: whether nothing is left that it concerns */
static bool vscsi_task_abort(VscsiRequest *task, const SCSIDevice *dev)
{
    SpaprVscsi *s = task->s;
    bool done = true;

    for (unsigned i = 0; i < VSCSI_REQUESTS && s->commands; i++) {
        VscsiRequest *command = &s->requests[i];

        if (vscsi_task_concerns(task, command, dev)) {
            vscsi_abort(command);
            done &= command->kind != VSCSI_COMMAND;
        }
    }
    return done;
}

static void vscsi_task_run(VscsiRequest *task)
{
    SpaprVscsi *s = task->s;
    SCSIDevice *dev = vscsi_find(s, task->lun);

    if (!vscsi_task_abort(task, dev)) {
        return;
    }
    trace_spapr_vscsi_task_done(SPAPR_VIO_DEVICE(s)->reg, task->tag,
                                task->function);
    if (task->function == VSCSI_TASK_LOGOUT) {
        vscsi_hang_up(s);
        return;
    }
    if (task->function == SRP_TSK_LUN_RESET && dev) {
        device_cold_reset(DEVICE(dev));
    }
    vscsi_task_answer(task, SRP_RSP_CODE_COMPLETE);
}

void vscsi_run_tasks(SpaprVscsi *s)
{
    if (s->running_tasks) {
        return;
    }
    s->running_tasks = true;
    for (unsigned i = 0; i < VSCSI_REQUESTS && s->tasks; i++) {
        if (s->requests[i].kind == VSCSI_TASK) {
            vscsi_task_run(&s->requests[i]);
        }
    }
    s->running_tasks = false;
}

static void vscsi_task_begin(VscsiRequest *vr, uint8_t function)
{
    vr->function = function;
    vr->kind = VSCSI_TASK;
    vr->s->tasks++;
    vscsi_run_tasks(vr->s);
}

bool vscsi_task_is_known(uint8_t function)
{
    return function == SRP_TSK_ABORT_TASK ||
           function == SRP_TSK_ABORT_TASK_SET ||
           function == SRP_TSK_CLEAR_TASK_SET ||
           function == SRP_TSK_LUN_RESET;
}

void vscsi_task(VscsiRequest *vr, const uint8_t *iu)
{
    uint8_t function = iu[SRP_TSK_OFS_FUNCTION];

    vr->lun = ldq_be_p(iu + SRP_TSK_OFS_LUN);
    vr->task_tag = ldq_be_p(iu + SRP_TSK_OFS_TASK_TAG);
    trace_spapr_vscsi_task(SPAPR_VIO_DEVICE(vr->s)->reg, vr->tag, vr->lun,
                           function, vr->task_tag);
    if (!vscsi_task_is_known(function)) {
        vscsi_task_answer(vr, SRP_RSP_CODE_NOT_SUPPORTED);
    } else if (!vscsi_find(vr->s, vr->lun)) {
        vscsi_task_answer(vr, SRP_RSP_CODE_FAILED);
    } else {
        vscsi_task_begin(vr, function);
    }
}

/*
 * "Connection Termination". No answer goes with it, but the event that the
 * connection is closed, once nothing touches guest memory any more.
 */
void vscsi_logout(VscsiRequest *vr)
{
    trace_spapr_vscsi_logout(SPAPR_VIO_DEVICE(vr->s)->reg, vr->tag);
    vr->s->state = VSCSI_CONNECTED;
    vr->lun = 0;
    vr->task_tag = 0;
    vscsi_task_begin(vr, VSCSI_TASK_LOGOUT);
}
