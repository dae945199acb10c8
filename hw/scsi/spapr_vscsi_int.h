/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI, what its files share
 *
 * spapr_vscsi.c has the device, the connection to the guest and the answers;
 * spapr_vscsi_cmd.c SCSI commands and their data, spapr_vscsi_task.c task
 * management, and spapr_vscsi_mad.c management datagrams.
 */

#ifndef HW_SCSI_SPAPR_VSCSI_INT_H
#define HW_SCSI_SPAPR_VSCSI_INT_H

#include "qemu/units.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_crq.h"
#include "hw/scsi/scsi.h"
#include "hw/scsi/spapr_srp.h"
#include "hw/scsi/spapr_vscsi.h"
#include "system/dma.h"

/* SRP requests that a guest may have in flight, as the login tells it */
#define VSCSI_REQUEST_LIMIT     240
/*
 * The table has some more entries, for datagrams. As many answers as there are
 * entries fit into the smallest queue, one page.
 */
#define VSCSI_REQUESTS          256

/* Largest information unit, in both directions: what Linux and VIOS have */
#define VSCSI_MAX_IU            256

/*
 * Largest transfer of a command, and most descriptors. Page by page, and with a
 * bit more at both ends of each descriptor, they make no more than IOV_MAX
 * pieces of memory, which is what hosts take at once.
 */
#define VSCSI_MAX_TRANSFER      (2 * MiB)
#define VSCSI_MAX_DESCS         256

/*
 * Linux's ibmvscsi copies as much sense data as it is told there is into a
 * buffer of this size
 */
#define VSCSI_MAX_SENSE         96

typedef enum VscsiKind {
    VSCSI_FREE,
    VSCSI_NEW,          /* is being looked at */
    VSCSI_COMMAND,      /* at the SCSI layer */
    VSCSI_TASK,         /* waits until commands are aborted */
    VSCSI_ANSWER,       /* waits for room in the guest's queue */
} VscsiKind;

/* Stands for SRP_I_LOGOUT among the functions of task management */
#define VSCSI_TASK_LOGOUT       0

typedef struct VscsiRequest {
    SpaprVscsi *s;
    VscsiKind kind;
    bool srp;               /* counts for the limit */
    uint8_t sol_not;        /* SRP_SOL_NOT_*, of the guest's request */
    uint64_t iu;            /* I/O address of it, where the answer goes too */
    uint64_t tag;
    uint64_t lun;

    /* VSCSI_COMMAND */
    SCSIRequest *req;
    bool aborted;           /* nobody waits for the answer */
    bool use_sg;            /* the SCSI layer moves the data, else we do */
    bool unreachable;       /* memory that the data goes to or comes from */
    uint32_t in_len;        /* bytes that the guest's buffers have */
    uint32_t out_len;
    uint32_t offered;       /* bytes that we were asked to move */
    uint32_t moved;         /* and have, all of them from the list's start on */
    QEMUSGList sg;

    /* VSCSI_TASK */
    uint8_t function;       /* SRP_TSK_*, VSCSI_TASK_LOGOUT */
    uint64_t task_tag;

    /* VSCSI_ANSWER */
    uint8_t msg[CRQ_ENTRY_SIZE];

    QTAILQ_ENTRY(VscsiRequest) next;    /* free, or to be answered */
} VscsiRequest;

typedef QTAILQ_HEAD(VscsiRequests, VscsiRequest) VscsiRequests;

/* How far the guest has come: "Connection Establishment" */
typedef enum VscsiState {
    VSCSI_CLOSED,
    VSCSI_CONNECTED,    /* after the initialization messages */
    VSCSI_LOGGED_IN,
} VscsiState;

/* A request that is saved with the adapter, rather than by the SCSI layer */
typedef struct VscsiSaved {
    uint8_t kind;       /* VSCSI_TASK, VSCSI_ANSWER */
    uint8_t function;
    uint8_t sol_not;
    uint64_t iu;
    uint64_t tag;
    uint64_t lun;
    uint64_t task_tag;
    uint8_t msg[CRQ_ENTRY_SIZE];
} VscsiSaved;

struct SpaprVscsi {
    SpaprVioDevice parent_obj;

    SpaprCrq crq;
    SCSIBus bus;
    uint8_t state;          /* VscsiState */
    bool fast_fail;
    /* MAD_EMPTY_IU: where a target logout can be put, and what to call it */
    bool has_empty_iu;
    uint64_t empty_iu;
    uint64_t empty_iu_tag;

    VscsiRequest *requests;     /* VSCSI_REQUESTS of them */
    VscsiRequests free;
    VscsiRequests answers;      /* in the order in which the guest gets them */
    unsigned srp_requests;
    unsigned commands;
    unsigned tasks;
    bool resetting;             /* the machine, so no command is answered */
    bool running_tasks;

    /*
     * For all that can't be done where it comes up. It stands while the
     * machine is stopped, so migration finds nothing half done.
     */
    QEMUTimer *timer;
    int64_t retry_ns;           /* distance to the next look at a full queue */
    int64_t reopen_ns;          /* when to connect anew, after an error */

    uint32_t n_saved;
    VscsiSaved *saved;
};

/* Memory of the guest's, by I/O address; false when it isn't mapped so */
bool vscsi_dma_read(SpaprVscsi *s, uint64_t ioba, void *buf, size_t len);
bool vscsi_dma_write(SpaprVscsi *s, uint64_t ioba, const void *buf, size_t len);

/** vscsi_new: a new request, or NULL when all are in use */
VscsiRequest *vscsi_new(SpaprVscsi *s);
/** vscsi_free: it needs no answer, or has got it */
void vscsi_free(VscsiRequest *vr);
/** vscsi_count_srp: it is one of those that are limited */
void vscsi_count_srp(VscsiRequest *vr);

/**
 * vscsi_answer: tell the guest that a request has been answered, and free it
 * @format: VSCSI_FORMAT_*
 * @status: VSCSI_STATUS_*
 * @len: bytes of the answer, which is in guest memory by now
 */
void vscsi_answer(VscsiRequest *vr, uint8_t format, uint8_t status,
                  uint16_t len);

/**
 * vscsi_respond: answer with an information unit
 * @rsp: it, of @len bytes; the tag is filled in here
 */
void vscsi_respond(VscsiRequest *vr, uint8_t *rsp, uint16_t len,
                   uint8_t status);

/**
 * vscsi_rsp_init: the beginning of an SRP_RSP
 * @failed: for the notification that the guest has asked for
 */
void vscsi_rsp_init(const VscsiRequest *vr, uint8_t *rsp, bool failed);
/** vscsi_rsp_set_code: response data, SRP_RSP_CODE_*, behind an SRP_RSP */
void vscsi_rsp_set_code(uint8_t *rsp, uint8_t code);

/**
 * vscsi_command_ended: what waits for that goes on soon, from the main loop: in
 * the middle of the SCSI layer it can't
 */
void vscsi_command_ended(SpaprVscsi *s);

/**
 * vscsi_hang_up: close the connection, and offer a new one when the guest has
 * had the time to see that
 */
void vscsi_hang_up(SpaprVscsi *s);

/** vscsi_find: the device that a logical unit number means, or NULL */
SCSIDevice *vscsi_find(SpaprVscsi *s, uint64_t lun);
/** vscsi_lun: the logical unit number of a device */
uint64_t vscsi_lun(const SCSIDevice *dev);

/* SRP_CMD; @len is at least SRP_CMD_LEN */
void vscsi_command(VscsiRequest *vr, const uint8_t *iu, size_t len);
extern const SCSIBusInfo vscsi_bus_info;

/* SRP_TSK_MGMT; SRP_TSK_LEN bytes */
void vscsi_task(VscsiRequest *vr, const uint8_t *iu);
/** vscsi_task_is_known: whether there is such an SRP_TSK_* here */
bool vscsi_task_is_known(uint8_t function);
/* SRP_I_LOGOUT */
void vscsi_logout(VscsiRequest *vr);
/** vscsi_run_tasks: answer those that wait for nothing any more */
void vscsi_run_tasks(SpaprVscsi *s);
/** vscsi_abort: cancel a command, which then gets no answer */
void vscsi_abort(VscsiRequest *vr);

/* A management datagram; @len is at least MAD_LEN */
void vscsi_mad(VscsiRequest *vr, const uint8_t *iu, size_t len);

#endif /* HW_SCSI_SPAPR_VSCSI_INT_H */
