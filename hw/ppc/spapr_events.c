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

/* "Platform Event Log Format, Hotplug Section" behind its header */
typedef struct QEMU_PACKED LogHotplug {
    uint8_t resource;
    uint8_t action;
    uint8_t identifier;         /* what kind of */
    uint8_t capabilities;
    uint32_t index;
} LogHotplug;

#define HOTPLUG_BY_INDEX        2

static GByteArray *epow_build_log(const SpaprEpow *event)
{
    SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_EVENT,
        .type = SPAPR_ERRLOG_TYPE_EPOW,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_POWER,
        .subtype = SPAPR_ERRLOG_SUBTYPE_SHUTDOWN,
        .id = event->id,
    };
    const LogEpow epow = {
        .sensor = event->action,
        .modifier = event->modifier,
        .extended_modifier = EPOW_PARTITION_ONLY,
    };
    GByteArray *log;

    memcpy(head.date, event->date, sizeof(head.date));
    memcpy(head.time, event->time, sizeof(head.time));
    log = spapr_errlog_new(&head);
    spapr_errlog_add(log, "EP", 2, &epow, sizeof(epow));
    return log;
}

static GByteArray *hotplug_build_log(const SpaprHotplug *event)
{
    SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_EVENT,
        .type = SPAPR_ERRLOG_TYPE_HOTPLUG,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_IO,
        .id = event->id,
    };
    const LogHotplug hotplug = {
        .resource = event->resource,
        .action = event->action,
        .identifier = HOTPLUG_BY_INDEX,
        .index = cpu_to_be32(event->index),
    };
    GByteArray *log;

    memcpy(head.date, event->date, sizeof(head.date));
    memcpy(head.time, event->time, sizeof(head.time));
    log = spapr_errlog_new(&head);
    spapr_errlog_add(log, "HP", 1, &hotplug, sizeof(hotplug));
    return log;
}

uint32_t spapr_events_next_id(SpaprEvents *events)
{
    return ++events->last_id;
}

static void epow_update_irq(SpaprEvents *events)
{
    qemu_set_irq(events->epow_irq, events->epow_count > 0);
}

/*
 * Let the guest know. When it has let the queue fill up, the new event is lost:
 * those before it say all that it could.
 */
static void epow_raise(SpaprEvents *events, uint8_t action, uint8_t modifier)
{
    bool queued = events->epow_count < ARRAY_SIZE(events->epow);

    events->last_id++;
    events->epow_sensor = MAX(events->epow_sensor, action);
    if (queued) {
        SpaprEpow *event = &events->epow[events->epow_count++];

        event->id = events->last_id;
        event->action = action;
        event->modifier = modifier;
        spapr_errlog_stamp(event->date, event->time);
    }
    trace_spapr_events_raise(events->last_id, action, modifier, queued);
    epow_update_irq(events);
}

static void epow_drop_first(SpaprEvents *events)
{
    events->epow_count--;
    memmove(&events->epow[0], &events->epow[1],
            events->epow_count * sizeof(events->epow[0]));
    epow_update_irq(events);
}

/* Whether an interrupt tells of hot plug events, and nothing else does */
static bool hotplug_interrupts(const SpaprEvents *events)
{
    return spapr_cas_hotplug_interrupt(SPAPR_MODULE(events)->hv->cas);
}

static void hotplug_update_irq(SpaprEvents *events)
{
    qemu_set_irq(events->hotplug_irq,
                 events->hotplug_count > 0 && hotplug_interrupts(events));
}

bool spapr_events_hotplug_room(const SpaprEvents *events)
{
    return events->hotplug_count < ARRAY_SIZE(events->hotplug);
}

void spapr_events_hotplug(SpaprEvents *events, uint8_t resource, uint8_t action,
                          uint32_t index)
{
    SpaprHotplug *event;

    g_assert(spapr_events_hotplug_room(events));
    event = &events->hotplug[events->hotplug_count++];
    event->id = ++events->last_id;
    event->resource = resource;
    event->action = action;
    event->index = index;
    spapr_errlog_stamp(event->date, event->time);
    trace_spapr_events_hotplug(event->id, resource, action, index);
    hotplug_update_irq(events);
}

static void hotplug_drop_first(SpaprEvents *events)
{
    events->hotplug_count--;
    memmove(&events->hotplug[0], &events->hotplug[1],
            events->hotplug_count * sizeof(events->hotplug[0]));
    hotplug_update_irq(events);
}

void spapr_events_negotiated(SpaprEvents *events)
{
    hotplug_update_irq(events);
}

void spapr_events_report(SpaprEvents *events, const SpaprErrlogHead *head)
{
    bool queued = events->warning_count < ARRAY_SIZE(events->warnings);

    events->last_id++;
    if (queued) {
        SpaprErrlogHead *warning = &events->warnings[events->warning_count++];

        *warning = *head;
        warning->id = events->last_id;
        spapr_errlog_stamp(warning->date, warning->time);
    }
    trace_spapr_events_warning(events->last_id, head->type, queued);
}

static void warning_drop_first(SpaprEvents *events)
{
    events->warning_count--;
    memmove(&events->warnings[0], &events->warnings[1],
            events->warning_count * sizeof(events->warnings[0]));
}

/* Returns: a status word. An event whose log can't be stored is to stay */
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
 * Store the first log of a queue, and drop what it tells of. @args has whether
 * to be quick, the address of the buffer and its length.
 */
static int32_t tell_first(SpaprEvents *events, GByteArray *log, uint32_t id,
                          const uint32_t *args,
                          void (*drop_first)(SpaprEvents *events))
{
    int32_t status = store_log(events, log, id, args[0], args[1], args[2]);

    if (status == RTAS_OUT_SUCCESS) {
        drop_first(events);
    }
    g_byte_array_unref(log);
    return status;
}

static int32_t tell_epow(SpaprEvents *events, const uint32_t *args)
{
    const SpaprEpow *event = &events->epow[0];

    return tell_first(events, epow_build_log(event), event->id, args,
                      epow_drop_first);
}

static int32_t tell_hotplug(SpaprEvents *events, const uint32_t *args)
{
    const SpaprHotplug *event = &events->hotplug[0];

    return tell_first(events, hotplug_build_log(event), event->id, args,
                      hotplug_drop_first);
}

static int32_t tell_warning(SpaprEvents *events, const uint32_t *args)
{
    const SpaprErrlogHead *head = &events->warnings[0];

    return tell_first(events, spapr_errlog_new(head), head->id, args,
                      warning_drop_first);
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
        events->epow_count) {
        return tell_epow(events, &args[3]);
    }
    if (args[1] == SPAPR_IRQ_HOTPLUG && args[2] & EVENT_CLASS_HOTPLUG &&
        events->hotplug_count && hotplug_interrupts(events)) {
        return tell_hotplug(events, &args[3]);
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
    if (!events->scan_told && internal && events->warning_count) {
        status = tell_warning(events, &args[1]);
    } else if (!events->scan_told && hotplug && events->hotplug_count) {
        status = tell_hotplug(events, &args[1]);
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

    events->epow_count = 0;
    events->epow_sensor = SPAPR_EPOW_RESET;
    events->warning_count = 0;
    events->scan_told = false;
    events->hotplug_count = 0;
    spapr_rtas_set_failed(SPAPR_MODULE(obj)->hv->rtas, 0);
    epow_update_irq(events);
    hotplug_update_irq(events);
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
    return events->epow_count <= ARRAY_SIZE(events->epow) &&
           events->warning_count <= ARRAY_SIZE(events->warnings) &&
           events->hotplug_count <= ARRAY_SIZE(events->hotplug) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_spapr_epow = {
    .name = "spapr-events/epow",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(id, SpaprEpow),
        VMSTATE_UINT8(action, SpaprEpow),
        VMSTATE_UINT8(modifier, SpaprEpow),
        VMSTATE_UINT8_ARRAY(date, SpaprEpow, 4),
        VMSTATE_UINT8_ARRAY(time, SpaprEpow, 4),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_warning = {
    .name = "spapr-events/warning",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(severity, SpaprErrlogHead),
        VMSTATE_UINT8(disposition, SpaprErrlogHead),
        VMSTATE_UINT8(initiator, SpaprErrlogHead),
        VMSTATE_UINT8(type, SpaprErrlogHead),
        VMSTATE_UINT8(subsystem, SpaprErrlogHead),
        VMSTATE_UINT8(event, SpaprErrlogHead),
        VMSTATE_UINT8(subtype, SpaprErrlogHead),
        VMSTATE_UINT32(id, SpaprErrlogHead),
        VMSTATE_UINT8_ARRAY(date, SpaprErrlogHead, 4),
        VMSTATE_UINT8_ARRAY(time, SpaprErrlogHead, 4),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_hotplug = {
    .name = "spapr-events/hotplug",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(id, SpaprHotplug),
        VMSTATE_UINT32(index, SpaprHotplug),
        VMSTATE_UINT8(resource, SpaprHotplug),
        VMSTATE_UINT8(action, SpaprHotplug),
        VMSTATE_UINT8_ARRAY(date, SpaprHotplug, 4),
        VMSTATE_UINT8_ARRAY(time, SpaprHotplug, 4),
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
        VMSTATE_STRUCT_ARRAY(epow, SpaprEvents, SPAPR_EVENTS_MAX, 1,
                             vmstate_spapr_epow, SpaprEpow),
        VMSTATE_UINT32(epow_count, SpaprEvents),
        VMSTATE_UINT32(last_id, SpaprEvents),
        VMSTATE_UINT8(epow_sensor, SpaprEvents),
        VMSTATE_STRUCT_ARRAY(warnings, SpaprEvents, SPAPR_EVENTS_MAX, 1,
                             vmstate_spapr_warning, SpaprErrlogHead),
        VMSTATE_UINT32(warning_count, SpaprEvents),
        VMSTATE_BOOL(scan_told, SpaprEvents),
        VMSTATE_STRUCT_ARRAY(hotplug, SpaprEvents, SPAPR_EVENTS_HOTPLUG_MAX, 1,
                             vmstate_spapr_hotplug, SpaprHotplug),
        VMSTATE_UINT32(hotplug_count, SpaprEvents),
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
        .class_init = spapr_events_class_init,
    },
};

DEFINE_TYPES(spapr_events_types)
