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

/* Fields of "Platform Event Log Format, Hotplug Section" */
enum {
    SPAPR_HOTPLUG_PCI           = 5,

    SPAPR_HOTPLUG_ADD           = 1,
    SPAPR_HOTPLUG_REMOVE        = 2,
};

/* An event whose log the guest has not fetched yet */
typedef struct SpaprEvent {
    SpaprErrlogHead head;
    uint8_t section[12];    /* of the log besides the main ones, no header */
} SpaprEvent;

/* Of hot plug: each slot of a PCI bus may have one, and be asked for once more */
#define SPAPR_EVENTS_HOTPLUG_MAX    64
#define SPAPR_EVENTS_MAX            8       /* of other kinds */

/* The events of one kind, the oldest first */
typedef struct SpaprEventQueue {
    SpaprEvent events[SPAPR_EVENTS_HOTPLUG_MAX];
    uint32_t count;
    uint32_t max;
    const char *section;    /* the two letters of the logs' section, or NULL */
    uint8_t version;
    uint8_t section_size;
} SpaprEventQueue;

struct SpaprEvents {
    SpaprModule parent_obj;

    SpaprEventQueue epow;
    SpaprEventQueue hotplug;
    SpaprEventQueue warnings;   /* of internal errors, for event-scan */
    uint32_t last_id;           /* of a log */
    uint8_t epow_sensor;        /* the action code in force */
    bool scan_told;             /* this sequence of calls has got its log */
    uint32_t failed_token;      /* spapr_rtas_failed(), on its way */

    qemu_irq epow_irq;
    qemu_irq hotplug_irq;
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

/**
 * spapr_events_hotplug: something has been plugged in, or is to be taken out
 * @resource: SPAPR_HOTPLUG_*, as @action
 * @index: of its connector
 *
 * There must be room for the event. A guest that has negotiated hot plug
 * interrupts gets one, any other finds it by event-scan.
 */
void spapr_events_hotplug(SpaprEvents *events, uint8_t resource, uint8_t action,
                          uint32_t index);

/** spapr_events_hotplug_room: whether there is room for a hot plug event */
bool spapr_events_hotplug_room(const SpaprEvents *events);

/** spapr_events_negotiated: a guest has negotiated how it is told of events */
void spapr_events_negotiated(SpaprEvents *events);

/** spapr_events_next_id: a number that no log has had yet */
uint32_t spapr_events_next_id(SpaprEvents *events);

#endif /* HW_PPC_SPAPR_EVENTS_H */
