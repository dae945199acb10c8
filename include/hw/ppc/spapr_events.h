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

    qemu_irq epow_irq;
    Notifier powerdown;
};

#endif /* HW_PPC_SPAPR_EVENTS_H */
