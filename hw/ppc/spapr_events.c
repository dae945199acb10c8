/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: platform events
 *
 * The operator's wish to see the partition shut down ("system_powerdown") is an
 * environmental and power warning (EPOW), told by interrupt. Warnings of
 * internal errors wait until the guest scans for them. What has been plugged
 * in, and what is to be taken out, is told in the one way or in the other.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/ppc/spapr_cas.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_sensors.h"
#include "hw/ppc/spapr_surveillance.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "trace.h"

/* Bits of an event mask, table "Error and Event Classes ..." */
#define EVENT_CLASS_INTERNAL    0x80000000
#define EVENT_CLASS_EPOW        0x40000000
#define EVENT_CLASS_HOTPLUG     0x10000000

/* check-exception's "vector offset" of an external interrupt */
#define VECTOR_EXTERNAL         0x500

/* check-exception and event-scan know this status besides the common ones */
#define STATUS_NO_EVENT         1

/* Sensors, table "Defined Sensors" */
#define SENSOR_EPOW             9

/* As often a minute as asked for. Surveillance has no finer grain than this */
#define EVENT_SCAN_RATE         1

/* "Platform Event Log Format, EPOW Section" behind its header */
typedef struct QEMU_PACKED LogEpow {
    uint8_t sensor;
    uint8_t modifier;
    uint8_t extended_modifier;  /* since version 2 of the section */
    uint8_t reserved;
    uint8_t reason[8];
} LogEpow;

#define EPOW_SHUTDOWN_NORMAL    0x01
#define EPOW_PARTITION_ONLY     0x01

QEMU_BUILD_BUG_ON(sizeof(LogEpow) != 20 - 8);
QEMU_BUILD_BUG_ON(sizeof(LogEpow) > sizeof_field(SpaprEvent, section));

/* "Platform Event Log Format, Hotplug Section" behind its header */
typedef struct QEMU_PACKED LogHotplug {
    uint8_t resource;
    uint8_t action;
    uint8_t identifier;         /* what kind of */
    uint8_t capabilities;
    uint32_t index;
} LogHotplug;

#define HOTPLUG_BY_INDEX        2

QEMU_BUILD_BUG_ON(sizeof(LogHotplug) > sizeof_field(SpaprEvent, section));

uint32_t spapr_events_next_id(SpaprEvents *events)
{
    return ++events->last_id;
}

/* Whether an interrupt tells of hot plug events, and nothing else does */
static bool hotplug_interrupts(const SpaprEvents *events)
{
    return spapr_cas_hotplug_interrupt(SPAPR_MODULE(events)->hv->cas);
}

/* A line is up for as long as there is anything to be fetched */
static void update_irqs(SpaprEvents *events)
{
    qemu_set_irq(events->epow_irq, events->epow.count > 0);
    qemu_set_irq(events->hotplug_irq,
                 events->hotplug.count > 0 && hotplug_interrupts(events));
}

/*
 * The queues
 */

static void queue_init(SpaprEventQueue *queue, uint32_t max,
                       const char *section, uint8_t version, uint8_t size)
{
    queue->max = max;
    queue->section = section;
    queue->version = version;
    queue->section_size = size;
}

static bool queue_full(const SpaprEventQueue *queue)
{
    return queue->count == queue->max;
}

/*
 * Let the guest know of something. When it has let the queue fill up, the new
 * event is lost: those before it say all that it could. (For events of hot plug
 * there is always room.)
 * @head: what the log says, but for its number and time
 * @section: what the log's own section says
 */
static void queue_add(SpaprEvents *events, SpaprEventQueue *queue,
                      const SpaprErrlogHead *head, const void *section)
{
    uint32_t id = spapr_events_next_id(events);
    bool lost = queue_full(queue);

    if (!lost) {
        SpaprEvent *event = &queue->events[queue->count++];

        event->head = *head;
        event->head.id = id;
        spapr_errlog_stamp(event->head.date, event->head.time);
        if (queue->section) {
            memcpy(event->section, section, queue->section_size);
        }
    }
    trace_spapr_events_add(id, head->type, lost);
    update_irqs(events);
}

static void queue_drop_first(SpaprEvents *events, SpaprEventQueue *queue)
{
    queue->count--;
    memmove(&queue->events[0], &queue->events[1],
            queue->count * sizeof(queue->events[0]));
    update_irqs(events);
}

/* Returns: a status word */
static int32_t store_log(SpaprEvents *events, const GByteArray *log,
                         uint32_t id, bool critical,
                         uint32_t addr, uint32_t length)
{
    int n = spapr_errlog_store(SPAPR_MODULE(events)->hv, log, critical,
                               addr, length);

    if (n < 0) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_events_report(id, n);
    return RTAS_OUT_SUCCESS;
}

/*
 * Store the log of the first event, which goes if that was possible. @args has
 * whether to be quick, the address of the buffer and its length.
 */
static int32_t queue_tell(SpaprEvents *events, SpaprEventQueue *queue,
                          const uint32_t *args)
{
    const SpaprEvent *event = &queue->events[0];
    g_autoptr(GByteArray) log = spapr_errlog_new(&event->head);
    int32_t status;

    if (queue->section) {
        spapr_errlog_add(log, queue->section, queue->version, event->section,
                         queue->section_size);
    }
    status = store_log(events, log, event->head.id, args[0], args[1], args[2]);
    if (status == RTAS_OUT_SUCCESS) {
        queue_drop_first(events, queue);
    }
    return status;
}

/*
 * The kinds of events
 */

static void epow_raise(SpaprEvents *events, uint8_t action, uint8_t modifier)
{
    const SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_EVENT,
        .type = SPAPR_ERRLOG_TYPE_EPOW,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_POWER,
        .subtype = SPAPR_ERRLOG_SUBTYPE_SHUTDOWN,
    };
    const LogEpow epow = {
        .sensor = action,
        .modifier = modifier,
        .extended_modifier = EPOW_PARTITION_ONLY,
    };

    events->epow_sensor = MAX(events->epow_sensor, action);
    queue_add(events, &events->epow, &head, &epow);
}

bool spapr_events_hotplug_room(const SpaprEvents *events)
{
    return !queue_full(&events->hotplug);
}

/* Whether the last event of the same connector that waits is the same */
static bool hotplug_waits(const SpaprEvents *events, const LogHotplug *hotplug)
{
    for (uint32_t i = events->hotplug.count; i-- > 0;) {
        const LogHotplug *other = (void *)events->hotplug.events[i].section;

        if (other->index == hotplug->index) {
            return other->action == hotplug->action;
        }
    }
    return false;
}

void spapr_events_hotplug(SpaprEvents *events, uint8_t resource, uint8_t action,
                          uint32_t index)
{
    const SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_EVENT,
        .type = SPAPR_ERRLOG_TYPE_HOTPLUG,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_IO,
    };
    const LogHotplug hotplug = {
        .resource = resource,
        .action = action,
        .identifier = HOTPLUG_BY_INDEX,
        .index = cpu_to_be32(index),
    };

    g_assert(spapr_events_hotplug_room(events));
    trace_spapr_events_hotplug(resource, action, index);
    if (!hotplug_waits(events, &hotplug)) {
        queue_add(events, &events->hotplug, &head, &hotplug);
    }
}

void spapr_events_negotiated(SpaprEvents *events)
{
    update_irqs(events);
}

void spapr_events_report(SpaprEvents *events, const SpaprErrlogHead *head)
{
    queue_add(events, &events->warnings, head, NULL);
}

/*
 * check-exception: LoPAR, "check-exception"
 *
 * Argument cells: vector offset of the interrupt, its source number, mask of
 * event classes, whether to be quick (and brief), real address of the buffer,
 * its length in bytes, and, if it is given, the upper half of what goes with
 * other vectors than the external interrupt's. Status: 0 when a log was stored,
 * 1 when this interrupt has no event in these classes, -3 for a buffer that is
 * not memory.
 */
static int32_t check_exception(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprEvents *events = opaque;

    if (args[0] != VECTOR_EXTERNAL) {
        return STATUS_NO_EVENT;
    }
    if (args[1] == SPAPR_IRQ_EPOW && args[2] & EVENT_CLASS_EPOW &&
        events->epow.count) {
        return queue_tell(events, &events->epow, &args[3]);
    }
    if (args[1] == SPAPR_IRQ_HOTPLUG && args[2] & EVENT_CLASS_HOTPLUG &&
        events->hotplug.count && hotplug_interrupts(events)) {
        return queue_tell(events, &events->hotplug, &args[3]);
    }
    return STATUS_NO_EVENT;
}

/*
 * event-scan: LoPAR, "event-scan"
 *
 * Argument cells: mask of event classes, whether to be quick, real address of
 * the buffer, its length in bytes. Status: 0 when a log was stored, 1 when
 * there is none, -3 for a buffer that is not memory. What an interrupt tells
 * must not be told here too (R1-"Error and Event Reporting"-1), so these are
 * warnings of internal errors, and hot plug events when no interrupt tells of
 * them. After each there is none for once, since a guest is to get one in a
 * sequence of calls (R1-"event-scan"-8).
 *
 * A call that asks for internal errors is the guest's heartbeat too
 * (R1-"Surveillance"-2).
 */
static int32_t event_scan(PowerPCCPU *cpu, void *opaque,
                          const uint32_t *args, uint32_t *outs)
{
    SpaprEvents *events = opaque;
    bool internal = args[0] & EVENT_CLASS_INTERNAL;
    bool hotplug = args[0] & EVENT_CLASS_HOTPLUG && !hotplug_interrupts(events);
    int32_t status = STATUS_NO_EVENT;

    if (internal) {
        spapr_surveillance_heartbeat(SPAPR_MODULE(events)->hv->surveillance);
    }
    if (!internal && !hotplug) {
        return STATUS_NO_EVENT;
    }
    if (!events->scan_told && internal && events->warnings.count) {
        status = queue_tell(events, &events->warnings, &args[1]);
    } else if (!events->scan_told && hotplug && events->hotplug.count) {
        status = queue_tell(events, &events->hotplug, &args[1]);
    }
    if (status != RTAS_OUT_PARAM_ERROR) {
        events->scan_told = status == RTAS_OUT_SUCCESS;
    }
    return status;
}

/*
 * rtas-last-error: LoPAR, "rtas-last-error"
 *
 * Argument cells: real address of the buffer, its length in bytes. Status: 0
 * when a log was stored about the last service that returned -1 (hardware
 * error), 1 when none has since this was asked, -3 for a buffer that is not
 * memory.
 */
static int32_t rtas_last_error(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprEvents *events = opaque;
    SpaprRtasTable *rtas = SPAPR_MODULE(events)->hv->rtas;
    SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_ERROR,
        .disposition = SPAPR_ERRLOG_NOT_RECOVERED,
        .type = SPAPR_ERRLOG_TYPE_DEVICE,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_FIRMWARE,
        .event = SPAPR_ERRLOG_EVENT_UNRECOVERABLE,
    };
    g_autoptr(GByteArray) log = NULL;
    int32_t status;

    if (!spapr_rtas_failed(rtas)) {
        return STATUS_NO_EVENT;
    }
    head.id = spapr_events_next_id(events);
    spapr_errlog_stamp(head.date, head.time);
    log = spapr_errlog_new(&head);
    status = store_log(events, log, head.id, false, args[0], args[1]);
    if (status == RTAS_OUT_SUCCESS) {
        spapr_rtas_set_failed(rtas, 0);
    }
    return status;
}

/* Who has an EPOW interrupt must have this, R1-"Environmental ..."-1 */
static int32_t get_epow_sensor(PowerPCCPU *cpu, void *opaque, uint32_t index,
                               uint32_t *state)
{
    SpaprEvents *events = opaque;

    *state = events->epow_sensor;
    return RTAS_OUT_SUCCESS;
}

static const SpaprSensorInfo epow_sensor = {
    .token = SENSOR_EPOW,
    .count = 1,
    .get = get_epow_sensor,
};

static void spapr_events_register_calls(SpaprModule *module,
                                        SpaprHcallTable *hcalls,
                                        SpaprRtasTable *rtas)
{
    spapr_rtas_register_optional(rtas, "check-exception", 7, 1, 1,
                                 check_exception, module);
    spapr_rtas_register(rtas, "event-scan", 4, 1, event_scan, module);
    spapr_rtas_register(rtas, "rtas-last-error", 2, 1, rtas_last_error, module);
    spapr_sensors_add(module->hv->sensors, &epow_sensor, module);
}

/* LoPAR, app. "PAPR Binding": /event-sources and properties of /rtas */
static void spapr_events_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprEvents *events = SPAPR_EVENTS(module);
    DtNode *rtas = dt_get(root, "rtas");
    DtNode *sources = dt_get(root, "event-sources");
    uint32_t cells[2];

    dt_prop_u32(rtas, "rtas-version", 1);
    dt_prop_u32(rtas, "rtas-event-scan-rate", EVENT_SCAN_RATE);
    dt_prop_u32(rtas, "rtas-error-log-max", SPAPR_ERRLOG_MAX);

    dt_prop_empty(sources, "interrupt-controller");
    dt_prop_u32(sources, "#interrupt-cells", 2);
    dt_prop_cells(sources, "interrupt-ranges", SPAPR_IRQ_EPOW,
                  hotplug_interrupts(events) ? 2 : 1);
    spapr_irq_dt_cells(cells, SPAPR_IRQ_EPOW, true);
    dt_prop_cells_n(dt_add(sources, "epow-events"), "interrupts", cells, 2);
    if (hotplug_interrupts(events)) {
        spapr_irq_dt_cells(cells, SPAPR_IRQ_HOTPLUG, true);
        dt_prop_cells_n(dt_add(sources, "hot-plug-events"), "interrupts",
                        cells, 2);
    }
}

static void spapr_events_powerdown(Notifier *notifier, void *data)
{
    SpaprEvents *events = container_of(notifier, SpaprEvents, powerdown);

    epow_raise(events, SPAPR_EPOW_SYSTEM_SHUTDOWN, EPOW_SHUTDOWN_NORMAL);
}

/* A restarted partition has nothing to do with what its forerunner was told */
static void spapr_events_reset_hold(Object *obj, ResetType type)
{
    SpaprEvents *events = SPAPR_EVENTS(obj);

    events->epow.count = 0;
    events->hotplug.count = 0;
    events->warnings.count = 0;
    events->epow_sensor = SPAPR_EPOW_RESET;
    events->scan_told = false;
    spapr_rtas_set_failed(SPAPR_MODULE(obj)->hv->rtas, 0);
    update_irqs(events);
}

static void spapr_events_init(Object *obj)
{
    SpaprEvents *events = SPAPR_EVENTS(obj);

    queue_init(&events->epow, SPAPR_EVENTS_MAX, "EP", 2, sizeof(LogEpow));
    queue_init(&events->hotplug, SPAPR_EVENTS_HOTPLUG_MAX, "HP", 1,
               sizeof(LogHotplug));
    queue_init(&events->warnings, SPAPR_EVENTS_MAX, NULL, 0, 0);
}

static void spapr_events_realize(DeviceState *dev, Error **errp)
{
    SpaprEvents *events = SPAPR_EVENTS(dev);
    SpaprIrq *irq = SPAPR_MODULE(dev)->hv->irq;

    /*
     * Level-sensitive, so that an event that comes while another one is being
     * fetched is not lost (R1-"Environmental and Power Warnings"-5).
     */
    if (!spapr_irq_claim(irq, SPAPR_IRQ_EPOW, true, errp) ||
        !spapr_irq_claim(irq, SPAPR_IRQ_HOTPLUG, true, errp)) {
        return;
    }
    events->epow_irq = spapr_irq_input(irq, SPAPR_IRQ_EPOW);
    events->hotplug_irq = spapr_irq_input(irq, SPAPR_IRQ_HOTPLUG);
    events->powerdown.notify = spapr_events_powerdown;
    qemu_register_powerdown_notifier(&events->powerdown);
}

static int spapr_events_pre_save(void *opaque)
{
    SpaprEvents *events = opaque;

    events->failed_token = spapr_rtas_failed(SPAPR_MODULE(events)->hv->rtas);
    return 0;
}

static int spapr_events_post_load(void *opaque, int version_id)
{
    SpaprEvents *events = opaque;

    spapr_rtas_set_failed(SPAPR_MODULE(events)->hv->rtas, events->failed_token);
    return 0;
}

static const VMStateDescription vmstate_spapr_event = {
    .name = "spapr-events/event",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(head.severity, SpaprEvent),
        VMSTATE_UINT8(head.disposition, SpaprEvent),
        VMSTATE_UINT8(head.initiator, SpaprEvent),
        VMSTATE_UINT8(head.type, SpaprEvent),
        VMSTATE_UINT8(head.subsystem, SpaprEvent),
        VMSTATE_UINT8(head.event, SpaprEvent),
        VMSTATE_UINT8(head.subtype, SpaprEvent),
        VMSTATE_UINT32(head.id, SpaprEvent),
        VMSTATE_UINT8_ARRAY(head.date, SpaprEvent, 4),
        VMSTATE_UINT8_ARRAY(head.time, SpaprEvent, 4),
        VMSTATE_UINT8_ARRAY(section, SpaprEvent, 12),
        VMSTATE_END_OF_LIST()
    },
};

/* A count that is refused may not stay: the machine may go on all the same */
static bool queue_valid(void *opaque, int version_id)
{
    SpaprEventQueue *queue = opaque;

    if (queue->count > queue->max) {
        queue->count = 0;
        return false;
    }
    return true;
}

static const VMStateDescription vmstate_spapr_event_queue = {
    .name = "spapr-events/queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(count, SpaprEventQueue),
        VMSTATE_VALIDATE("the number of events", queue_valid),
        VMSTATE_STRUCT_VARRAY_UINT32(events, SpaprEventQueue, count, 1,
                                     vmstate_spapr_event, SpaprEvent),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_events = {
    .name = "spapr-events",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = spapr_events_pre_save,
    .post_load = spapr_events_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(epow, SpaprEvents, 1, vmstate_spapr_event_queue,
                       SpaprEventQueue),
        VMSTATE_STRUCT(hotplug, SpaprEvents, 1, vmstate_spapr_event_queue,
                       SpaprEventQueue),
        VMSTATE_STRUCT(warnings, SpaprEvents, 1, vmstate_spapr_event_queue,
                       SpaprEventQueue),
        VMSTATE_UINT32(last_id, SpaprEvents),
        VMSTATE_UINT8(epow_sensor, SpaprEvents),
        VMSTATE_BOOL(scan_told, SpaprEvents),
        VMSTATE_UINT32(failed_token, SpaprEvents),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_events_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR platform events";
    dc->realize = spapr_events_realize;
    dc->vmsd = &vmstate_spapr_events;
    rc->phases.hold = spapr_events_reset_hold;
    smc->register_calls = spapr_events_register_calls;
    smc->populate_dt = spapr_events_populate_dt;
}

static const TypeInfo spapr_events_types[] = {
    {
        .name = TYPE_SPAPR_EVENTS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprEvents),
        .instance_init = spapr_events_init,
        .class_init = spapr_events_class_init,
    },
};

DEFINE_TYPES(spapr_events_types)
