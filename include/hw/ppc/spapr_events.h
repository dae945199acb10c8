/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: platform events
 *
 * Events wait in a queue until the guest fetches them, each as one error log,
 * with check-exception; the line SPAPR_IRQ_EPOW is up for as long as any waits.
 */

#ifndef HW_PPC_SPAPR_EVENTS_H
#define HW_PPC_SPAPR_EVENTS_H

#include "qemu/notify.h"
#include "hw/irq.h"
#include "hw/ppc/spapr_errlog.h"
#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_EVENTS "spapr-events"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprEvents, SPAPR_EVENTS)

/* EPOW action codes, LoPAR table "EPOW Action Codes" */
enum {
    SPAPR_EPOW_RESET            = 0,
    SPAPR_EPOW_SYSTEM_SHUTDOWN  = 3,
};

/* An environmental and power warning that the guest has not fetched yet */
typedef struct SpaprEpow {
    uint32_t id;        /* unique until the machine ends */
    uint8_t action;     /* SPAPR_EPOW_* */
    uint8_t modifier;   /* LoPAR, "Platform Event Log Format, EPOW Section" */
    uint8_t date[4];    /* when it came: YYYYMMDD in BCD */
    uint8_t time[4];    /* HHMMSS and hundredths, likewise */
} SpaprEpow;

#define SPAPR_EVENTS_MAX 8

struct SpaprEvents {
    SpaprModule parent_obj;

    SpaprEpow epow[SPAPR_EVENTS_MAX];   /* the oldest first */
    uint32_t epow_count;
    uint32_t last_id;
    uint8_t epow_sensor;    /* the action code in force */

    /* What event-scan is to tell: internal errors, the oldest first */
    SpaprErrlogHead warnings[SPAPR_EVENTS_MAX];
    uint32_t warning_count;
    bool scan_told;         /* this sequence of calls has got its log */

    uint32_t failed_token;  /* spapr_rtas_failed(), on its way */

    qemu_irq epow_irq;
    Notifier powerdown;
};

/**
 * spapr_events_report: an internal error that needs no interrupt; its log waits
 * for event-scan
 * @head: what the log says, but for its number and time; of severity WARNING at
 *        most (LoPAR, implementation note to "RTAS Error and Event Classes")
 *
 * The report is lost when the guest has let the queue fill up.
 */
void spapr_events_report(SpaprEvents *events, const SpaprErrlogHead *head);

/** spapr_events_next_id: a number that no log has had yet */
uint32_t spapr_events_next_id(SpaprEvents *events);

#endif /* HW_PPC_SPAPR_EVENTS_H */
