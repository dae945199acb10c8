/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: platform events
 *
 * So far the one event is the operator's wish to see the partition shut down
 * ("system_powerdown"), an environmental and power warning (EPOW).
 */

#include "qemu/osdep.h"
#include "qemu/bcd.h"
#include "qemu/bswap.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_memory.h"
#include "migration/vmstate.h"
#include "system/rtc.h"
#include "system/runstate.h"
#include "trace.h"

/* Bits of an event mask, table "Error and Event Classes ..." */
#define EVENT_CLASS_EPOW        0x40000000

/* check-exception's "vector offset" of an external interrupt */
#define VECTOR_EXTERNAL         0x500

/* check-exception and event-scan know this status besides the common ones */
#define STATUS_NO_EVENT         1

/* Sensors, table "Defined Sensors" */
#define SENSOR_EPOW             9

/* As often a minute as asked for, there is nothing for event-scan to find */
#define EVENT_SCAN_RATE         1
/* The size that Linux has room for; no log here comes near it */
#define ERROR_LOG_MAX           2048

/*
 * The error log: LoPAR, "RTAS Event Return Format Fixed Part" and what follows
 * it. All fields are big endian.
 */
typedef struct QEMU_PACKED LogFixed {
    uint8_t version;
    uint8_t severity;       /* with disposition and presence of the rest */
    uint8_t initiator;      /* and target */
    uint8_t type;
} LogFixed;

#define LOG_VERSION             6
#define LOG_SEVERITY_EVENT      (1 << 5)
#define LOG_EXTENDED            (1 << 2)
#define LOG_TYPE_EPOW           64

/* "RTAS General Extended Event Log Format, Version 6" */
typedef struct QEMU_PACKED LogExtended {
    uint8_t flags;
    uint8_t reserved1;
    uint8_t format;
    uint8_t reserved2[9];
    char company[4];
} LogExtended;

#define LOG_FLAGS               0x86    /* valid, new, big endian */
#define LOG_FORMAT_PLATFORM     0x8e    /* PowerPC; a platform event log */

typedef struct QEMU_PACKED LogSection {
    char id[2];
    uint16_t length;        /* in bytes, this header included */
    uint8_t version;
    uint8_t subtype;
    uint16_t creator;
} LogSection;

typedef struct QEMU_PACKED LogMainA {
    LogSection header;
    uint8_t date[4];
    uint8_t time[4];
    uint8_t platform1[8];
    char creator;
    uint8_t reserved1[2];
    uint8_t section_count;
    uint8_t reserved2[4];
    uint8_t platform2[8];
    uint32_t log_id;
    uint8_t platform3[4];
} LogMainA;

#define LOG_CREATOR_HYPERVISOR  'H'

typedef struct QEMU_PACKED LogMainB {
    LogSection header;
    uint8_t subsystem;
    uint8_t platform1;
    uint8_t severity;
    uint8_t subtype;
    uint8_t platform2[4];
    uint8_t reserved1[2];
    uint16_t action_flags;
    uint8_t reserved2[4];
} LogMainB;

#define LOG_SUBSYSTEM_POWER     0x60
#define LOG_SUBTYPE_SHUTDOWN    0xd0

typedef struct QEMU_PACKED LogEpow {
    LogSection header;
    uint8_t sensor;
    uint8_t modifier;
    uint8_t extended_modifier;  /* since version 2 of the section */
    uint8_t reserved;
    uint8_t reason[8];
} LogEpow;

#define EPOW_SHUTDOWN_NORMAL    0x01
#define EPOW_PARTITION_ONLY     0x01

typedef struct QEMU_PACKED EpowLog {
    LogFixed fixed;
    uint32_t extended_length;
    LogExtended extended;
    LogMainA main_a;
    LogMainB main_b;
    LogEpow epow;
} EpowLog;

/* The LoPAR gives each section's size, and where the sections begin */
QEMU_BUILD_BUG_ON(offsetof(EpowLog, extended) != 8);
QEMU_BUILD_BUG_ON(sizeof(LogExtended) != 16);
QEMU_BUILD_BUG_ON(sizeof(LogMainA) != 48);
QEMU_BUILD_BUG_ON(sizeof(LogMainB) != 24);
QEMU_BUILD_BUG_ON(sizeof(LogEpow) != 20);

static LogSection section(const char *id, uint16_t length, uint8_t version)
{
    return (LogSection) {
        .id = { id[0], id[1] },
        .length = cpu_to_be16(length),
        .version = version,
    };
}

static void epow_build_log(const SpaprEpow *event, EpowLog *log)
{
    *log = (EpowLog) {
        .fixed = {
            .version = LOG_VERSION,
            .severity = LOG_SEVERITY_EVENT | LOG_EXTENDED,
            .type = LOG_TYPE_EPOW,
        },
        .extended_length = cpu_to_be32(sizeof(*log) -
                                       offsetof(EpowLog, extended)),
        .extended = {
            .flags = LOG_FLAGS,
            .format = LOG_FORMAT_PLATFORM,
            .company = "IBM",
        },
        .main_a = {
            .header = section("PH", sizeof(LogMainA), 1),
            .creator = LOG_CREATOR_HYPERVISOR,
            .section_count = 3,
            .log_id = cpu_to_be32(event->id),
        },
        .main_b = {
            .header = section("UH", sizeof(LogMainB), 1),
            .subsystem = LOG_SUBSYSTEM_POWER,
            .subtype = LOG_SUBTYPE_SHUTDOWN,
        },
        .epow = {
            .header = section("EP", sizeof(LogEpow), 2),
            .sensor = event->action,
            .modifier = event->modifier,
            .extended_modifier = EPOW_PARTITION_ONLY,
        },
    };
    memcpy(log->main_a.date, event->date, sizeof(event->date));
    memcpy(log->main_a.time, event->time, sizeof(event->time));
}

/* The time is the platform's, whatever the guest has set its clock to */
static void epow_stamp(SpaprEpow *event)
{
    struct tm tm;
    unsigned year;

    qemu_get_timedate(&tm, 0);
    year = tm.tm_year + 1900;
    event->date[0] = to_bcd(year / 100 % 100);
    event->date[1] = to_bcd(year % 100);
    event->date[2] = to_bcd(tm.tm_mon + 1);
    event->date[3] = to_bcd(tm.tm_mday);
    event->time[0] = to_bcd(tm.tm_hour);
    event->time[1] = to_bcd(tm.tm_min);
    event->time[2] = to_bcd(tm.tm_sec);
    event->time[3] = 0;
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
        epow_stamp(event);
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

/*
 * Store the oldest event's log. A log that does not fit is cut down to its
 * fixed part, since sections may go only as a whole (R1-"RTAS General Extended
 * Event Log Format, Version 6"-2) and the log is nothing without those it has.
 * An event whose log can't be stored stays.
 */
static int32_t epow_report(SpaprEvents *events, bool critical,
                           uint32_t addr, uint32_t length)
{
    SpaprHypervisor *hv = SPAPR_MODULE(events)->hv;
    EpowLog log;
    uint32_t n = sizeof(log);

    epow_build_log(&events->epow[0], &log);
    if (critical || length < n) {
        log.fixed.severity &= ~LOG_EXTENDED;
        n = MIN(sizeof(log.fixed), length);
    }
    if (n && (!spapr_memory_is_ram(hv->memory, addr, n) ||
              address_space_write(&address_space_memory, addr,
                                  MEMTXATTRS_UNSPECIFIED, &log,
                                  n) != MEMTX_OK)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_events_report(events->epow[0].id, n);
    epow_drop_first(events);
    return RTAS_OUT_SUCCESS;
}

/*
 * check-exception: LoPAR, "check-exception"
 *
 * Argument cells: vector offset of the interrupt, its source number, mask of
 * event classes, whether to be quick (and brief), real address of the buffer,
 * its length in bytes. Status: 0 when a log was stored, 1 when this interrupt
 * has no event in these classes, -3 for a buffer that is not memory.
 */
static int32_t check_exception(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprEvents *events = opaque;

    if (args[0] != VECTOR_EXTERNAL || args[1] != SPAPR_IRQ_EPOW ||
        !(args[2] & EVENT_CLASS_EPOW) || !events->epow_count) {
        return STATUS_NO_EVENT;
    }
    return epow_report(events, args[3], args[4], args[5]);
}

/*
 * event-scan: LoPAR, "event-scan"
 *
 * Argument cells: mask of event classes, whether to be quick, real address of
 * the buffer, its length in bytes. Status: 1. What an interrupt tells must not
 * be told here too (R1-"Error and Event Reporting"-1), and that is all there
 * is.
 */
static int32_t event_scan(PowerPCCPU *cpu, void *opaque,
                          const uint32_t *args, uint32_t *outs)
{
    return STATUS_NO_EVENT;
}

/*
 * get-sensor-state: LoPAR, "get-sensor-state"
 *
 * Argument cells: sensor, its index. Return cell: its state. Status: 0, or -3
 * for a sensor that is not there. Who has an EPOW interrupt must have the EPOW
 * sensor (R1-"Environmental and Power Warnings"-1).
 */
static int32_t get_sensor_state(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SpaprEvents *events = opaque;

    if (args[0] != SENSOR_EPOW || args[1] != 0) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = events->epow_sensor;
    return RTAS_OUT_SUCCESS;
}

static void spapr_events_register_calls(SpaprModule *module,
                                        SpaprHcallTable *hcalls,
                                        SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "check-exception", 6, 1, check_exception, module);
    spapr_rtas_register(rtas, "event-scan", 4, 1, event_scan, module);
    spapr_rtas_register(rtas, "get-sensor-state", 2, 2, get_sensor_state,
                        module);
}

/* LoPAR, app. "PAPR Binding": /event-sources and properties of /rtas */
static void spapr_events_populate_dt(SpaprModule *module, DtNode *root)
{
    DtNode *rtas = dt_get(root, "rtas");
    DtNode *sources = dt_get(root, "event-sources");
    uint32_t cells[2];

    dt_prop_u32(rtas, "rtas-version", 1);
    dt_prop_u32(rtas, "rtas-event-scan-rate", EVENT_SCAN_RATE);
    dt_prop_u32(rtas, "rtas-error-log-max", ERROR_LOG_MAX);
    /* The sensor and its highest index; it has no place that could be named */
    dt_prop_cells(rtas, "rtas-sensors", SENSOR_EPOW, 0);
    dt_prop_string(rtas, "ibm,sensor-" stringify(SENSOR_EPOW), "");

    dt_prop_empty(sources, "interrupt-controller");
    dt_prop_u32(sources, "#interrupt-cells", 2);
    dt_prop_cells(sources, "interrupt-ranges", SPAPR_IRQ_EPOW, 1);
    spapr_irq_dt_cells(cells, SPAPR_IRQ_EPOW, true);
    dt_prop_cells_n(dt_add(sources, "epow-events"), "interrupts", cells, 2);
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
    epow_update_irq(events);
}

static void spapr_events_realize(DeviceState *dev, Error **errp)
{
    SpaprEvents *events = SPAPR_EVENTS(dev);
    SpaprIrq *irq = SPAPR_MODULE(dev)->hv->irq;

    /*
     * Level-sensitive, so that an event that comes while another one is being
     * fetched is not lost (R1-"Environmental and Power Warnings"-5).
     */
    if (!spapr_irq_claim(irq, SPAPR_IRQ_EPOW, true, errp)) {
        return;
    }
    events->epow_irq = spapr_irq_input(irq, SPAPR_IRQ_EPOW);
    events->powerdown.notify = spapr_events_powerdown;
    qemu_register_powerdown_notifier(&events->powerdown);
}

static int spapr_events_post_load(void *opaque, int version_id)
{
    SpaprEvents *events = opaque;

    return events->epow_count <= ARRAY_SIZE(events->epow) ? 0 : -EINVAL;
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

static const VMStateDescription vmstate_spapr_events = {
    .name = "spapr-events",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = spapr_events_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(epow, SpaprEvents, SPAPR_EVENTS_MAX, 1,
                             vmstate_spapr_epow, SpaprEpow),
        VMSTATE_UINT32(epow_count, SpaprEvents),
        VMSTATE_UINT32(last_id, SpaprEvents),
        VMSTATE_UINT8(epow_sensor, SpaprEvents),
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
