/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: sensors, which a guest reads, and indicators, which it sets
 *
 * Modules bring their kinds; here are the calls that reach them, the properties
 * that list them, and the few kinds that belong to the machine as a whole: its
 * tone generator and the two lights on its front.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_sensors.h"
#include "hw/ppc/spapr_vpd.h"
#include "migration/vmstate.h"
#include "trace.h"

/* Kinds, tables "Defined Sensors" and "Defined Indicators" */
#define TONE_FREQUENCY          1
#define TONE_VOLUME             2
#define LIGHT_FAULT             9006
#define LIGHT_IDENTIFY          9007

#define TONE_FREQUENCY_DEFAULT  1000    /* Hz */
#define TONE_VOLUME_MAX         100     /* per cent */

/* The first argument of ibm,get-indices */
#define KIND_INDICATOR          0
#define KIND_SENSOR             1

/* R1-"ibm,get-indices Call"-18: an instance that only its location tells */
#define INDEX_DYNAMIC           0xffffffff
#define STATUS_MORE             1

typedef struct SensorKind {
    const SpaprSensorInfo *info;
    void *opaque;
} SensorKind;

static bool kind_is(const SensorKind *kind, uint32_t type)
{
    return type == KIND_SENSOR ? kind->info->get != NULL
                               : kind->info->set != NULL;
}

static SensorKind *kind_nth(SpaprSensors *sensors, guint n)
{
    return &g_array_index(sensors->kinds, SensorKind, n);
}

static SensorKind *kind_find(SpaprSensors *sensors, uint32_t type,
                             uint32_t token)
{
    for (guint i = 0; i < sensors->kinds->len; i++) {
        SensorKind *kind = kind_nth(sensors, i);

        if (kind->info->token == token && kind_is(kind, type)) {
            return kind;
        }
    }
    return NULL;
}

/* Those whose instances are known by an index, and have this one */
static SensorKind *kind_by_index(SpaprSensors *sensors, uint32_t type,
                                 uint32_t token, uint32_t index)
{
    SensorKind *kind = kind_find(sensors, type, token);

    if (!kind || kind->info->listing == SPAPR_SENSOR_DYNAMIC ||
        (kind->info->listing == SPAPR_SENSOR_STATIC &&
         index >= kind->info->count)) {
        return NULL;
    }
    return kind;
}

static SensorKind *kind_dynamic(SpaprSensors *sensors, uint32_t type,
                                uint32_t token)
{
    SensorKind *kind = kind_find(sensors, type, token);

    return kind && kind->info->listing == SPAPR_SENSOR_DYNAMIC ? kind : NULL;
}

static char *kind_location(const SensorKind *kind, uint32_t index)
{
    return kind->info->location ? kind->info->location(kind->opaque, index)
                                : g_strdup("");
}

void spapr_sensors_add(SpaprSensors *sensors, const SpaprSensorInfo *info,
                       void *opaque)
{
    const SensorKind kind = { .info = info, .opaque = opaque };

    g_assert(info->get || info->set);
    g_assert(!info->get || !kind_find(sensors, KIND_SENSOR, info->token));
    g_assert(!info->set || !kind_find(sensors, KIND_INDICATOR, info->token));
    g_assert(info->listing != SPAPR_SENSOR_DYNAMIC || info->location);
    g_array_append_val(sensors->kinds, kind);
}

static int32_t kind_get(const SensorKind *kind, PowerPCCPU *cpu,
                        uint32_t index, uint32_t *state)
{
    int32_t status = kind->info->get(cpu, kind->opaque, index, state);

    trace_spapr_sensors_get(kind->info->token, index, status, *state);
    return status;
}

static int32_t kind_set(const SensorKind *kind, PowerPCCPU *cpu,
                        uint32_t index, uint32_t state)
{
    int32_t status = kind->info->set(cpu, kind->opaque, index, state);

    trace_spapr_sensors_set(kind->info->token, index, state, status);
    return status;
}

/*
 * get-sensor-state: LoPAR, "get-sensor-state"
 *
 * Argument cells: sensor, its index. Return cell: its state. Status: 0, -3 for
 * a sensor that is not there, or what the kind has for its own.
 */
static int32_t get_sensor_state(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SensorKind *kind = kind_by_index(opaque, KIND_SENSOR, args[0], args[1]);

    return kind ? kind_get(kind, cpu, args[1], &outs[0])
                : RTAS_OUT_PARAM_ERROR;
}

/*
 * set-indicator: LoPAR, "set-indicator"
 *
 * Argument cells: indicator, its index, its new state. Status: 0, -3 for an
 * indicator that is not there or can't have this state, or what the kind has
 * for its own.
 */
static int32_t set_indicator(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SensorKind *kind = kind_by_index(opaque, KIND_INDICATOR, args[0], args[1]);

    return kind ? kind_set(kind, cpu, args[1], args[2])
                : RTAS_OUT_PARAM_ERROR;
}

/*
 * The instance that a location code in guest memory means: its length in bytes,
 * NUL included, and the string. Returns: false when there is none, or the bytes
 * are not memory or no string.
 */
static bool find_location(SpaprSensors *sensors, const SensorKind *kind,
                          uint32_t addr, uint32_t *index)
{
    SpaprMemory *memory = SPAPR_MODULE(sensors)->hv->memory;
    char wanted[SPAPR_VPD_LOCATION_MAX];
    uint32_t length;

    if (!spapr_memory_is_ram(memory, addr, sizeof(length)) ||
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                           &length, sizeof(length)) != MEMTX_OK) {
        return false;
    }
    length = be32_to_cpu(length);
    if (!length || length > sizeof(wanted) ||
        !spapr_memory_is_ram(memory, (hwaddr)addr + 4, length) ||
        address_space_read(&address_space_memory, (hwaddr)addr + 4,
                           MEMTXATTRS_UNSPECIFIED, wanted,
                           length) != MEMTX_OK ||
        wanted[length - 1]) {
        return false;
    }
    for (uint32_t i = 0; i < kind->info->count; i++) {
        g_autofree char *location = kind_location(kind, i);

        if (g_str_equal(location, wanted)) {
            *index = i;
            return true;
        }
    }
    return false;
}

/*
 * ibm,get-dynamic-sensor-state: LoPAR, "ibm,get-dynamic-sensor-state RTAS Call"
 *
 * Argument cells: sensor, real address of a location code behind its length.
 * Return cell: its state. Status: 0, or -3 for a kind that has no such sensors
 * or a location that has none of them.
 */
static int32_t get_dynamic_sensor_state(PowerPCCPU *cpu, void *opaque,
                                        const uint32_t *args, uint32_t *outs)
{
    SensorKind *kind = kind_dynamic(opaque, KIND_SENSOR, args[0]);
    uint32_t index;

    if (!kind || !find_location(opaque, kind, args[1], &index)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    return kind_get(kind, cpu, index, &outs[0]);
}

/*
 * ibm,set-dynamic-indicator: LoPAR, "ibm,set-dynamic-indicator RTAS Call"
 *
 * Argument cells: indicator, its new state, real address of a location code
 * behind its length. Status: 0, or -3 for a kind that has no such indicators, a
 * location that has none of them, or a state that it can't have.
 */
static int32_t set_dynamic_indicator(PowerPCCPU *cpu, void *opaque,
                                     const uint32_t *args, uint32_t *outs)
{
    SensorKind *kind = kind_dynamic(opaque, KIND_INDICATOR, args[0]);
    uint32_t index;

    if (!kind || !find_location(opaque, kind, args[2], &index)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    return kind_set(kind, cpu, index, args[1]);
}

static void put_be32(GByteArray *array, uint32_t number)
{
    uint32_t be = cpu_to_be32(number);

    g_byte_array_append(array, (uint8_t *)&be, sizeof(be));
}

/* One entry of ibm,get-indices: index, length of the location, the location */
static GByteArray *index_entry(const SensorKind *kind, uint32_t index)
{
    static const uint8_t padding[4];
    g_autofree char *location = kind_location(kind, index);
    size_t length = strlen(location) + 1;
    GByteArray *entry = g_byte_array_new();

    put_be32(entry, INDEX_DYNAMIC);
    put_be32(entry, ROUND_UP(length, 4));
    g_byte_array_append(entry, (uint8_t *)location, length);
    g_byte_array_append(entry, padding, ROUND_UP(length, 4) - length);
    return entry;
}

/*
 * ibm,get-indices: LoPAR, "ibm,get-indices Call"
 *
 * Argument cells: 0 for indicators and 1 for sensors, which kind, real address
 * of the work area, its size in bytes, the first one to return, counted from 1.
 * Return cell: the one to go on with, or 1. Status: 0, 1 when there are more,
 * -3 for a kind that is not listed this way, a first one beyond the last, or a
 * work area that is not memory or too small for one.
 */
static int32_t get_indices(PowerPCCPU *cpu, void *opaque,
                           const uint32_t *args, uint32_t *outs)
{
    SpaprSensors *sensors = opaque;
    SensorKind *kind = args[0] > KIND_SENSOR ? NULL :
                       kind_dynamic(sensors, args[0], args[1]);
    uint32_t addr = args[2], size = args[3], next = args[4];
    g_autoptr(GByteArray) list = g_byte_array_new();
    uint32_t number = 0;

    if (!kind || !next || next > kind->info->count) {
        return RTAS_OUT_PARAM_ERROR;
    }
    put_be32(list, 0);
    for (; next <= kind->info->count; next++, number++) {
        g_autoptr(GByteArray) entry = index_entry(kind, next - 1);

        if (size < list->len || size - list->len < entry->len) {
            break;
        }
        g_byte_array_append(list, entry->data, entry->len);
    }
    stl_be_p(list->data, number);
    if (!number ||
        !spapr_memory_is_ram(SPAPR_MODULE(sensors)->hv->memory, addr,
                             list->len) ||
        address_space_write(&address_space_memory, addr,
                            MEMTXATTRS_UNSPECIFIED, list->data,
                            list->len) != MEMTX_OK) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = next <= kind->info->count ? next : 1;
    return next <= kind->info->count ? STATUS_MORE : RTAS_OUT_SUCCESS;
}

/* The tone generator; LoPAR, R1-"set-indicator"-3, wants one */

static int32_t set_tone_frequency(PowerPCCPU *cpu, void *opaque, uint32_t index,
                                  uint32_t state)
{
    SPAPR_SENSORS(opaque)->tone_frequency = state;
    return RTAS_OUT_SUCCESS;
}

static int32_t set_tone_volume(PowerPCCPU *cpu, void *opaque, uint32_t index,
                               uint32_t state)
{
    if (state > TONE_VOLUME_MAX) {
        return RTAS_OUT_PARAM_ERROR;
    }
    SPAPR_SENSORS(opaque)->tone_volume = state;
    return RTAS_OUT_SUCCESS;
}

/* The lights. Both guest and operator may turn them on and off */

static int32_t light_get(bool on, uint32_t *state)
{
    *state = on;
    return RTAS_OUT_SUCCESS;
}

static int32_t light_set(bool *light, uint32_t state)
{
    if (state > 1) {
        return RTAS_OUT_PARAM_ERROR;
    }
    *light = state;
    return RTAS_OUT_SUCCESS;
}

static int32_t get_fault(PowerPCCPU *cpu, void *opaque, uint32_t index,
                         uint32_t *state)
{
    return light_get(SPAPR_SENSORS(opaque)->fault, state);
}

static int32_t set_fault(PowerPCCPU *cpu, void *opaque, uint32_t index,
                         uint32_t state)
{
    return light_set(&SPAPR_SENSORS(opaque)->fault, state);
}

static int32_t get_identify(PowerPCCPU *cpu, void *opaque, uint32_t index,
                            uint32_t *state)
{
    return light_get(SPAPR_SENSORS(opaque)->identify, state);
}

static int32_t set_identify(PowerPCCPU *cpu, void *opaque, uint32_t index,
                            uint32_t state)
{
    return light_set(&SPAPR_SENSORS(opaque)->identify, state);
}

/* Both are on the enclosure, "Service Indicators" */
static char *light_location(void *opaque, uint32_t index)
{
    return spapr_vpd_enclosure(SPAPR_MODULE(opaque)->hv);
}

static const SpaprSensorInfo machine_kinds[] = {
    { .token = TONE_FREQUENCY, .count = 1, .set = set_tone_frequency },
    { .token = TONE_VOLUME, .count = 1, .set = set_tone_volume },
    { .token = LIGHT_FAULT, .listing = SPAPR_SENSOR_DYNAMIC, .count = 1,
      .location = light_location, .get = get_fault, .set = set_fault },
    { .token = LIGHT_IDENTIFY, .listing = SPAPR_SENSOR_DYNAMIC, .count = 1,
      .location = light_location, .get = get_identify, .set = set_identify },
};

static void sensors_register_calls(SpaprModule *module,
                                   SpaprHcallTable *hcalls,
                                   SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "get-sensor-state", 2, 2, get_sensor_state,
                        module);
    spapr_rtas_register(rtas, "set-indicator", 3, 1, set_indicator, module);
    spapr_rtas_register(rtas, "ibm,get-dynamic-sensor-state", 2, 2,
                        get_dynamic_sensor_state, module);
    spapr_rtas_register(rtas, "ibm,set-dynamic-indicator", 3, 1,
                        set_dynamic_indicator, module);
    spapr_rtas_register(rtas, "ibm,get-indices", 5, 2, get_indices, module);
    for (int i = 0; i < ARRAY_SIZE(machine_kinds); i++) {
        spapr_sensors_add(SPAPR_SENSORS(module), &machine_kinds[i], module);
    }
}

/*
 * Where a static kind's instances are. Linux's rtas-proc.c looks for the token
 * in at least four digits.
 */
static void dt_add_locations(DtNode *rtas, const SensorKind *kind,
                             const char *type)
{
    g_autofree char *name = g_strdup_printf("ibm,%s-%04" PRIu32, type,
                                            kind->info->token);
    g_autoptr(GPtrArray) locations = g_ptr_array_new_with_free_func(g_free);

    for (uint32_t i = 0; i < kind->info->count; i++) {
        g_ptr_array_add(locations, kind_location(kind, i));
    }
    dt_prop_strings(rtas, name, (const char *const *)locations->pdata,
                    locations->len);
}

static void dt_prop_array(DtNode *node, const char *name, const GArray *cells)
{
    if (cells->len) {
        dt_prop_cells_n(node, name, (const uint32_t *)cells->data, cells->len);
    }
}

/* LoPAR, app. "PAPR Binding", "RTAS Node Properties" */
static void dt_add_kinds(SpaprSensors *sensors, DtNode *rtas, uint32_t type,
                         const char *word, const char *list,
                         const char *dynamic_list)
{
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));
    g_autoptr(GArray) dynamic = g_array_new(false, false, sizeof(uint32_t));

    for (guint i = 0; i < sensors->kinds->len; i++) {
        SensorKind *kind = kind_nth(sensors, i);
        uint32_t token = kind->info->token;

        if (!kind_is(kind, type)) {
            continue;
        }
        if (kind->info->listing == SPAPR_SENSOR_STATIC) {
            uint32_t last = kind->info->count - 1;

            g_array_append_val(cells, token);
            g_array_append_val(cells, last);
            dt_add_locations(rtas, kind, word);
        } else if (kind->info->listing == SPAPR_SENSOR_DYNAMIC) {
            g_array_append_val(dynamic, token);
        }
    }
    dt_prop_array(rtas, list, cells);
    dt_prop_array(rtas, dynamic_list, dynamic);
}

static void sensors_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprSensors *sensors = SPAPR_SENSORS(module);
    DtNode *rtas = dt_get(root, "rtas");

    dt_add_kinds(sensors, rtas, KIND_SENSOR, "sensor", "rtas-sensors",
                 "ibm,get-sensor-indices-types");
    dt_add_kinds(sensors, rtas, KIND_INDICATOR, "indicator", "rtas-indicators",
                 "ibm,get-indicator-indices-types");
}

/* A light that a guest has turned on is to be seen after its end */
static void sensors_reset_hold(Object *obj, ResetType type)
{
    SpaprSensors *sensors = SPAPR_SENSORS(obj);

    sensors->tone_frequency = TONE_FREQUENCY_DEFAULT;
    sensors->tone_volume = 0;
}

static bool sensors_get_fault(Object *obj, Error **errp)
{
    return SPAPR_SENSORS(obj)->fault;
}

static void sensors_set_fault(Object *obj, bool value, Error **errp)
{
    SPAPR_SENSORS(obj)->fault = value;
}

static bool sensors_get_identify(Object *obj, Error **errp)
{
    return SPAPR_SENSORS(obj)->identify;
}

static void sensors_set_identify(Object *obj, bool value, Error **errp)
{
    SPAPR_SENSORS(obj)->identify = value;
}

static void sensors_init(Object *obj)
{
    SpaprSensors *sensors = SPAPR_SENSORS(obj);

    sensors->kinds = g_array_new(false, false, sizeof(SensorKind));
    object_property_add_uint32_ptr(obj, "tone-frequency",
                                   &sensors->tone_frequency,
                                   OBJ_PROP_FLAG_READ);
    object_property_add_uint32_ptr(obj, "tone-volume", &sensors->tone_volume,
                                   OBJ_PROP_FLAG_READ);
}

static void sensors_finalize(Object *obj)
{
    g_array_unref(SPAPR_SENSORS(obj)->kinds);
}

static int sensors_post_load(void *opaque, int version_id)
{
    SpaprSensors *sensors = opaque;

    return sensors->tone_volume <= TONE_VOLUME_MAX ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_spapr_sensors = {
    .name = TYPE_SPAPR_SENSORS,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = sensors_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(tone_frequency, SpaprSensors),
        VMSTATE_UINT32(tone_volume, SpaprSensors),
        VMSTATE_BOOL(fault, SpaprSensors),
        VMSTATE_BOOL(identify, SpaprSensors),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_sensors_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR sensors and indicators";
    dc->vmsd = &vmstate_spapr_sensors;
    RESETTABLE_CLASS(oc)->phases.hold = sensors_reset_hold;
    smc->register_calls = sensors_register_calls;
    smc->populate_dt = sensors_populate_dt;
    object_class_property_add_bool(oc, "fault", sensors_get_fault,
                                   sensors_set_fault);
    object_class_property_set_description(oc, "fault",
        "The enclosure's light that tells of an error (indicator 9006)");
    object_class_property_add_bool(oc, "identify", sensors_get_identify,
                                   sensors_set_identify);
    object_class_property_set_description(oc, "identify",
        "The enclosure's light that helps to find it (indicator 9007)");
}

static const TypeInfo spapr_sensors_types[] = {
    {
        .name = TYPE_SPAPR_SENSORS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprSensors),
        .instance_init = sensors_init,
        .instance_finalize = sensors_finalize,
        .class_init = spapr_sensors_class_init,
    },
};

DEFINE_TYPES(spapr_sensors_types)
