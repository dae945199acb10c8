/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: connectors for dynamic reconfiguration
 *
 * LoPAR, ch. "Dynamic Reconfiguration (DR) Architecture". What a connector is
 * for is its kind's business (spapr_pci_plug.c). Here is what they have in
 * common: whether the guest is cut off from what is plugged in (isolated), the
 * power domain, which is each connector's own and has its number, the light,
 * and what becomes of a wish to take out what is plugged in. They are those of
 * physical entities, which belong to the partition as long as it runs: it
 * isolates, but does not allocate them.
 *
 * An entity that comes while the machine runs is isolated and without power. One
 * that is there at a reset is connected, and is part of the tree that the guest
 * starts with. A guest that isolates a connector, or takes its power, finds
 * nothing there any more. LoPAR leaves open what it finds when it looks before
 * it has connected what has come; here it is the entity, as on other boards.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_drc.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_sensors.h"
#include "migration/misc.h"
#include "migration/vmstate.h"
#include "trace.h"

/* "set-indicator Defined Indicators for all DR Options", likewise sensors */
#define INDICATOR_ISOLATION     9001
#define INDICATOR_LIGHT         9002
#define SENSOR_ENTITY           9003

#define ISOLATE                 0
#define UNISOLATE               1

#define LIGHT_INACTIVE          0
#define LIGHT_ACTIVE            1
#define LIGHT_MAX               3

#define ENTITY_EMPTY            0
#define ENTITY_PRESENT          1

#define POWER_OFF               0
#define POWER_FULL              100

/* Status words of ibm,configure-connector that are none of all calls */
#define CC_NEXT_SIBLING         1
#define CC_NEXT_CHILD           2
#define CC_NEXT_PROPERTY        3
#define CC_PREVIOUS_PARENT      4

/* The work area: cells, and strings and values behind them */
#define CC_AREA_SIZE            4096
#define CC_INDEX                0
#define CC_STEP                 1
#define CC_NAME                 2
#define CC_LENGTH               3
#define CC_VALUE                4
#define CC_CELLS                5
#define CC_NAME_OFFSET          (CC_CELLS * sizeof(uint32_t))

/* Of set-indicator and set-power-level: once more in 100 ms */
#define STATUS_EXTENDED_DELAY   9902

typedef struct SpaprDrc {
    bool isolated;
    bool powered;
    bool untouched;         /* since something was plugged in */
    bool unplugging;        /* the guest has been asked for what is there */
    bool disconnecting;     /* a processor is at it, and may have to wait */
    uint8_t light;
} SpaprDrc;

struct SpaprDrcGroup {
    SpaprDrcs *drcs;
    const SpaprDrcKind *kind;
    void *opaque;
    uint32_t first;
    uint32_t stride;
    uint32_t count;
    SpaprDrc drc[];
};

struct SpaprDrcRecord {
    uint32_t index;
    SpaprDrc drc;
};

/*
 * Groups
 */

void spapr_drc_attach(SpaprDrcGroup *group, uint32_t n)
{
    bool present = group->kind->present(group->opaque, n);

    group->drc[n] = (SpaprDrc) {
        .isolated = !present,
        .powered = present,
        .light = present ? LIGHT_ACTIVE : LIGHT_INACTIVE,
    };
}

static void group_reset(SpaprDrcGroup *group)
{
    for (uint32_t n = 0; n < group->count; n++) {
        spapr_drc_attach(group, n);
    }
}

static int compare_groups(gconstpointer a, gconstpointer b)
{
    const SpaprDrcGroup *const *x = a, *const *y = b;

    return (*x)->first < (*y)->first ? -1 : (*x)->first > (*y)->first;
}

SpaprDrcGroup *spapr_drcs_add(SpaprDrcs *drcs, const SpaprDrcKind *kind,
                              void *opaque, uint32_t first, uint32_t stride,
                              uint32_t count)
{
    SpaprDrcGroup *group = g_malloc0(sizeof(*group) +
                                     count * sizeof(group->drc[0]));

    group->drcs = drcs;
    group->kind = kind;
    group->opaque = opaque;
    group->first = first;
    group->stride = stride;
    group->count = count;
    group_reset(group);
    g_ptr_array_add(drcs->groups, group);
    g_ptr_array_sort(drcs->groups, compare_groups);
    return group;
}

void spapr_drcs_move(SpaprDrcGroup *group, uint32_t first)
{
    if (group->first != first) {
        group->first = first;
        g_ptr_array_sort(group->drcs->groups, compare_groups);
    }
}

uint32_t spapr_drc_index(const SpaprDrcGroup *group, uint32_t n)
{
    return group->first + n * group->stride;
}

bool spapr_drc_exists(const SpaprDrcGroup *group, uint32_t n)
{
    return n < group->count && group->kind->exists(group->opaque, n);
}

/* The group that a connector is in, and which one it is there, or NULL */
static SpaprDrcGroup *drcs_find(SpaprDrcs *drcs, uint32_t index, uint32_t *n)
{
    guint low = 0, high = drcs->groups->len;
    SpaprDrcGroup *group;

    /* Among groups that begin at or below it, the last one */
    while (low < high) {
        guint middle = low + (high - low) / 2;

        group = g_ptr_array_index(drcs->groups, middle);
        if (group->first <= index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (!low) {
        return NULL;
    }
    group = g_ptr_array_index(drcs->groups, low - 1);
    *n = (index - group->first) / group->stride;
    return (index - group->first) % group->stride == 0 &&
           spapr_drc_exists(group, *n) ? group : NULL;
}

static bool drc_present(const SpaprDrcGroup *group, uint32_t n)
{
    return group->kind->present(group->opaque, n);
}

bool spapr_drc_connected(const SpaprDrcGroup *group, uint32_t n)
{
    return !group->drc[n].isolated && group->drc[n].powered;
}

bool spapr_drc_visible(const SpaprDrcGroup *group, uint32_t n)
{
    return spapr_drc_connected(group, n) || group->drc[n].untouched;
}

/*
 * Put in a new state; what the guest has no more access to is reset. Some
 * devices are reset by the main loop, which others use meanwhile.
 */
static void drc_set_state(SpaprDrcGroup *group, uint32_t n, bool isolated,
                          bool powered)
{
    SpaprDrc *drc = &group->drc[n];
    bool was_visible = spapr_drc_visible(group, n);

    drc->isolated = isolated;
    drc->powered = powered;
    drc->untouched = false;
    trace_spapr_drc_state(spapr_drc_index(group, n), isolated, powered);
    if (was_visible && !spapr_drc_visible(group, n) && drc_present(group, n)) {
        drc->disconnecting = true;
        group->kind->disconnect(group->opaque, n);
        drc->disconnecting = false;
    }
}

/*
 * Plug and unplug
 */

static SpaprEvents *group_events(const SpaprDrcGroup *group)
{
    return SPAPR_MODULE(group->drcs)->hv->events;
}

bool spapr_drc_can_tell(const SpaprDrcGroup *group, Error **errp)
{
    if (spapr_events_hotplug_room(group_events(group))) {
        return true;
    }
    error_setg(errp, "the guest has not taken note of %d hot plug events; it "
               "can't be told of more", SPAPR_EVENTS_HOTPLUG_MAX);
    return false;
}

static void drc_tell(const SpaprDrcGroup *group, uint32_t n, uint8_t action)
{
    spapr_events_hotplug(group_events(group), group->kind->resource, action,
                         spapr_drc_index(group, n));
}

void spapr_drc_plug(SpaprDrcGroup *group, uint32_t n)
{
    group->drc[n] = (SpaprDrc) { .isolated = true, .untouched = true };
    trace_spapr_drc_plug(spapr_drc_index(group, n));
    drc_tell(group, n, SPAPR_HOTPLUG_ADD);
}

static void drc_release(SpaprDrcGroup *group, uint32_t n)
{
    trace_spapr_drc_release(spapr_drc_index(group, n));
    group->drc[n].unplugging = false;
    group->kind->release(group->opaque, n);
}

/* The guest has no use for what is plugged in, and somebody wants it back */
static void drc_release_isolated(SpaprDrcGroup *group, uint32_t n)
{
    if (group->drc[n].unplugging && group->drc[n].isolated) {
        drc_release(group, n);
    }
}

bool spapr_drc_unplug(SpaprDrcGroup *group, uint32_t n, Error **errp)
{
    if (group->drc[n].disconnecting && group->drc[n].isolated) {
        /* Whoever is at it goes on to that */
        group->drc[n].unplugging = true;
        return true;
    }
    if (group->drc[n].isolated) {
        drc_release(group, n);
        return true;
    }
    if (!spapr_drc_can_tell(group, errp)) {
        return false;
    }
    trace_spapr_drc_unplug(spapr_drc_index(group, n));
    group->drc[n].unplugging = true;
    drc_tell(group, n, SPAPR_HOTPLUG_REMOVE);
    return true;
}

void spapr_drcs_machine_reset(SpaprDrcs *drcs)
{
    for (guint i = 0; i < drcs->groups->len; i++) {
        SpaprDrcGroup *group = g_ptr_array_index(drcs->groups, i);

        for (uint32_t n = 0; n < group->count; n++) {
            if (!group->drc[n].unplugging) {
                continue;
            }
            if (migration_is_running()) {
                /* The other end has it still, and would give it to the guest */
                group->kind->refused(group->opaque, n);
            } else {
                drc_release(group, n);
            }
        }
    }
}

/*
 * What the guest calls
 */

/*
 * Indicator 9001, isolation-state: LoPAR, "set-indicator" of the Base DR Option
 *
 * 0 isolates, 1 unisolates. Status: 0, also when it is so already and when the
 * connector is empty (R1-"PCI Hot Plug DR - Run Time Firmware Requirements"-2);
 * -3 when there is no such connector or state; 9902 (extended delay) while
 * another processor isolates it, and for what the guest would give back while the
 * machine migrates.
 *
 * Isolating what the guest has been asked for gives it back. Linux says that it
 * keeps it by unisolating what is not isolated. During a migration the device
 * would be gone here and there at the other end, so that the guest has to ask
 * until it is there.
 */
static int32_t set_isolation(PowerPCCPU *cpu, void *opaque, uint32_t index,
                             uint32_t state)
{
    uint32_t n;
    SpaprDrcGroup *group = drcs_find(opaque, index, &n);
    SpaprDrc *drc;

    if (!group || state > UNISOLATE) {
        return RTAS_OUT_PARAM_ERROR;
    }
    drc = &group->drc[n];
    if (drc->disconnecting ||
        (drc->unplugging && state == ISOLATE && migration_is_running())) {
        return STATUS_EXTENDED_DELAY;
    }
    if (drc->unplugging && state == UNISOLATE) {
        trace_spapr_drc_refused(index);
        drc->unplugging = false;
        group->kind->refused(group->opaque, n);
    }
    drc_set_state(group, n, state == ISOLATE, drc->powered);
    drc_release_isolated(group, n);
    return RTAS_OUT_SUCCESS;
}

/*
 * Indicator 9002, dr-indicator: LoPAR, "Visual Indicator States"
 *
 * 0 inactive, 1 active, 2 identify, 3 action. Status: 0, or -3 when there is no
 * such connector or state.
 */
static int32_t set_light(PowerPCCPU *cpu, void *opaque, uint32_t index,
                         uint32_t state)
{
    uint32_t n;
    SpaprDrcGroup *group = drcs_find(opaque, index, &n);

    if (!group || state > LIGHT_MAX) {
        return RTAS_OUT_PARAM_ERROR;
    }
    group->drc[n].light = state;
    return RTAS_OUT_SUCCESS;
}

/*
 * Sensor 9003, dr-entity-sense: LoPAR, "get-sensor-state" of the Base DR Option
 *
 * 0 when the connector is empty, 1 when something is plugged in, whether it is
 * isolated and has power or not. Status: 0, or -3 when there is no such
 * connector.
 */
static int32_t get_entity(PowerPCCPU *cpu, void *opaque, uint32_t index,
                          uint32_t *state)
{
    uint32_t n;
    SpaprDrcGroup *group = drcs_find(opaque, index, &n);

    if (!group) {
        return RTAS_OUT_PARAM_ERROR;
    }
    *state = drc_present(group, n) ? ENTITY_PRESENT : ENTITY_EMPTY;
    return RTAS_OUT_SUCCESS;
}

static const SpaprSensorInfo drc_kinds[] = {
    { .token = INDICATOR_ISOLATION, .listing = SPAPR_SENSOR_CONNECTOR,
      .set = set_isolation },
    { .token = INDICATOR_LIGHT, .listing = SPAPR_SENSOR_CONNECTOR,
      .set = set_light },
    { .token = SENSOR_ENTITY, .listing = SPAPR_SENSOR_CONNECTOR,
      .get = get_entity },
};

int32_t spapr_drcs_set_power(SpaprDrcs *drcs, uint32_t domain, uint32_t level)
{
    uint32_t n;
    SpaprDrcGroup *group = drcs_find(drcs, domain, &n);

    if (!group || (level != POWER_OFF && level != POWER_FULL)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (group->drc[n].disconnecting) {
        return STATUS_EXTENDED_DELAY;
    }
    drc_set_state(group, n, group->drc[n].isolated, level == POWER_FULL);
    drc_release_isolated(group, n);
    return RTAS_OUT_SUCCESS;
}

int32_t spapr_drcs_get_power(SpaprDrcs *drcs, uint32_t domain, uint32_t *level)
{
    uint32_t n;
    SpaprDrcGroup *group = drcs_find(drcs, domain, &n);

    if (!group) {
        return RTAS_OUT_PARAM_ERROR;
    }
    *level = group->drc[n].powered ? POWER_FULL : POWER_OFF;
    return RTAS_OUT_SUCCESS;
}

/* The status for a step of the walk through what is plugged in */
static int32_t cc_status(DtStepKind kind)
{
    switch (kind) {
    case DT_STEP_CHILD:
        return CC_NEXT_CHILD;
    case DT_STEP_SIBLING:
        return CC_NEXT_SIBLING;
    case DT_STEP_PROPERTY:
        return CC_NEXT_PROPERTY;
    case DT_STEP_PARENT:
        return CC_PREVIOUS_PARENT;
    default:
        return RTAS_OUT_SUCCESS;
    }
}

/*
 * Put a step into the work area: the cells, and what they tell the place of.
 * Returns: the number of bytes, or 0 when there is no room for it.
 */
static size_t cc_fill(uint8_t *area, uint32_t index, uint32_t n,
                      const DtStep *step)
{
    size_t name_size = step->name ? strlen(step->name) + 1 : 0;
    size_t value = ROUND_UP(CC_NAME_OFFSET + name_size, sizeof(uint64_t));
    uint32_t *cells = (uint32_t *)area;

    if (value > CC_AREA_SIZE || step->len > CC_AREA_SIZE - value) {
        return 0;
    }
    cells[CC_INDEX] = cpu_to_be32(index);
    cells[CC_STEP] = cpu_to_be32(n);
    cells[CC_NAME] = cpu_to_be32(CC_NAME_OFFSET);
    cells[CC_LENGTH] = cpu_to_be32(step->len);
    cells[CC_VALUE] = cpu_to_be32(value);
    if (step->name) {
        memcpy(area + CC_NAME_OFFSET, step->name, name_size);
    }
    if (step->len) {
        memcpy(area + value, step->value, step->len);
    }
    return value + step->len;
}

/* Tell step @n of what is plugged in; returns a status word */
static int32_t cc_tell(SpaprDrcGroup *group, uint32_t i, uint32_t n,
                       hwaddr addr)
{
    uint32_t index = spapr_drc_index(group, i);
    DtNode *root = dt_root_new();
    uint64_t area[CC_AREA_SIZE / sizeof(uint64_t)] = { 0 };
    DtStep step;
    size_t size;
    int32_t status;

    if (!n) {
        group->kind->configure(group->opaque, i);
    }
    group->kind->describe(group->opaque, i, root);
    step = dt_step(root, n);
    status = cc_status(step.kind);
    if (step.kind != DT_STEP_END) {
        size = cc_fill((uint8_t *)area, index, n + 1, &step);
        if (!size ||
            address_space_write(&address_space_memory, addr,
                                MEMTXATTRS_UNSPECIFIED, area,
                                size) != MEMTX_OK) {
            status = RTAS_OUT_HW_ERROR;
        }
    }
    trace_spapr_drc_configure(index, n, step.name ?: "", status);
    dt_free(root);
    return status;
}

/*
 * ibm,configure-connector: LoPAR, "ibm,configure-connector RTAS Call"
 *
 * Argument cells: real address of the work area, of 4096 bytes; 0, or the
 * address of more memory, of which there is no need. The work area begins with
 * the connector's index and 0. The latter is for us: the number of the next
 * step, so that nothing else need be kept from call to call.
 *
 * Status: 2 next child, 1 next sibling, 3 next property, 4 previous parent,
 * where cell 2 of the work area is the offset of the name, cell 3 the length
 * of the value and cell 4 its offset; 0 at the end, and at once when nothing
 * is plugged in or it is isolated (R1-"ibm,configure-connector"-1) or without
 * power; -1 when a property is larger than the work area; -3 when that is not
 * memory, or there is no such connector.
 */
static int32_t configure_connector(PowerPCCPU *cpu, void *opaque,
                                   const uint32_t *args, uint32_t *outs)
{
    SpaprDrcs *drcs = opaque;
    SpaprMemory *memory = SPAPR_MODULE(drcs)->hv->memory;
    uint32_t cells[CC_STEP + 1];
    SpaprDrcGroup *group;
    uint32_t n;

    if (!spapr_memory_is_ram(memory, args[0], CC_AREA_SIZE) ||
        address_space_read(&address_space_memory, args[0],
                           MEMTXATTRS_UNSPECIFIED, cells,
                           sizeof(cells)) != MEMTX_OK) {
        return RTAS_OUT_PARAM_ERROR;
    }
    group = drcs_find(drcs, be32_to_cpu(cells[CC_INDEX]), &n);
    if (!group) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (!drc_present(group, n) || !spapr_drc_connected(group, n)) {
        return RTAS_OUT_SUCCESS;
    }
    return cc_tell(group, n, be32_to_cpu(cells[CC_STEP]), args[0]);
}

static void drcs_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,configure-connector", 2, 1,
                        configure_connector, module);
    for (int i = 0; i < ARRAY_SIZE(drc_kinds); i++) {
        spapr_sensors_add(module->hv->sensors, &drc_kinds[i], module);
    }
}

/*
 * A property that lists connectors: their number, which is put in at last, and
 * what there is of each
 */
static GByteArray *list_new(void)
{
    GByteArray *list = g_byte_array_new();

    return g_byte_array_set_size(list, sizeof(uint32_t));
}

static void list_add_string(GByteArray *list, const char *string)
{
    g_byte_array_append(list, (const guint8 *)string, strlen(string) + 1);
}

static void list_set(DtNode *node, const char *name, GByteArray *list,
                     uint32_t number)
{
    stl_be_p(list->data, number);
    dt_prop(node, name, list->data, list->len);
}

/* LoPAR, app. "PAPR Binding", "Properties for Dynamic Reconfiguration" */
void spapr_drc_populate_dt(const SpaprDrcGroup *group, DtNode *node)
{
    g_autoptr(GByteArray) indexes = list_new();
    g_autoptr(GByteArray) names = list_new();
    g_autoptr(GByteArray) types = list_new();
    uint32_t number = 0;

    for (uint32_t n = 0; n < group->count; n++) {
        if (spapr_drc_exists(group, n)) {
            g_autofree char *name = group->kind->name(group->opaque, n);
            uint32_t index = cpu_to_be32(spapr_drc_index(group, n));

            g_byte_array_append(indexes, (const guint8 *)&index, sizeof(index));
            list_add_string(names, name);
            list_add_string(types, group->kind->type);
            number++;
        }
    }
    list_set(node, "ibm,drc-indexes", indexes, number);
    list_set(node, "ibm,drc-names", names, number);
    list_set(node, "ibm,drc-types", types, number);
    /* A domain is a connector's own, and has its number */
    list_set(node, "ibm,drc-power-domains", indexes, number);
}

static void drcs_reset_hold(Object *obj, ResetType type)
{
    SpaprDrcs *drcs = SPAPR_DRCS(obj);

    for (guint i = 0; i < drcs->groups->len; i++) {
        group_reset(g_ptr_array_index(drcs->groups, i));
    }
}

/*
 * Migration: whatever is plugged in is there at the other end, and so the same
 * connectors are, in the same order. Their indices are the other end's, as the
 * guest knows them: there, bridges may have come since they were given.
 */

static void drcs_make_records(SpaprDrcs *drcs)
{
    SpaprDrcRecord *record;

    drcs->nr_records = 0;
    for (guint i = 0; i < drcs->groups->len; i++) {
        SpaprDrcGroup *group = g_ptr_array_index(drcs->groups, i);

        drcs->nr_records += group->count;
    }
    g_free(drcs->records);
    record = drcs->records = g_new0(SpaprDrcRecord, drcs->nr_records);
    for (guint i = 0; i < drcs->groups->len; i++) {
        SpaprDrcGroup *group = g_ptr_array_index(drcs->groups, i);

        for (uint32_t n = 0; n < group->count; n++, record++) {
            record->index = spapr_drc_index(group, n);
            record->drc = group->drc[n];
        }
    }
}

static int drcs_pre_save(void *opaque)
{
    drcs_make_records(opaque);
    return 0;
}

static int drcs_post_save(void *opaque)
{
    SpaprDrcs *drcs = opaque;

    g_clear_pointer(&drcs->records, g_free);
    return 0;
}

static int drcs_pre_load(void *opaque)
{
    drcs_make_records(opaque);
    return 0;
}

static bool record_valid(const SpaprDrcGroup *group, uint32_t n,
                         const SpaprDrcRecord *record)
{
    return record->drc.light <= LIGHT_MAX &&
           (!record->drc.untouched || record->drc.isolated) &&
           (!record->drc.unplugging ||
            (!record->drc.isolated && spapr_drc_exists(group, n) &&
             drc_present(group, n)));
}

/* Whether a group can have these: in a row, behind those of the one before */
static bool indices_valid(const SpaprDrcGroup *group,
                          const SpaprDrcRecord *records, uint64_t *next)
{
    if (records->index < *next) {
        return false;
    }
    for (uint32_t n = 0; n < group->count; n++) {
        *next = records->index + (uint64_t)n * group->stride;
        if (records[n].index != *next) {
            return false;
        }
    }
    *next += group->stride;
    return true;
}

static int drcs_post_load(void *opaque, int version_id)
{
    SpaprDrcs *drcs = opaque;
    g_autofree SpaprDrcRecord *records = g_steal_pointer(&drcs->records);
    const SpaprDrcRecord *record = records;
    uint64_t next = 0;

    for (guint i = 0; i < drcs->groups->len; i++) {
        SpaprDrcGroup *group = g_ptr_array_index(drcs->groups, i);

        if (!indices_valid(group, record, &next)) {
            error_report("%s: the incoming guest has other connectors",
                         TYPE_SPAPR_DRCS);
            return -EINVAL;
        }
        group->first = record->index;
        for (uint32_t n = 0; n < group->count; n++, record++) {
            if (!record_valid(group, n, record)) {
                return -EINVAL;
            }
            group->drc[n] = record->drc;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_spapr_drc = {
    .name = "spapr-drcs/drc",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(index, SpaprDrcRecord),
        VMSTATE_BOOL(drc.isolated, SpaprDrcRecord),
        VMSTATE_BOOL(drc.powered, SpaprDrcRecord),
        VMSTATE_BOOL(drc.untouched, SpaprDrcRecord),
        VMSTATE_BOOL(drc.unplugging, SpaprDrcRecord),
        VMSTATE_UINT8(drc.light, SpaprDrcRecord),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_drcs = {
    .name = TYPE_SPAPR_DRCS,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = drcs_pre_save,
    .post_save = drcs_post_save,
    .pre_load = drcs_pre_load,
    .post_load = drcs_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(nr_records, SpaprDrcs,
                             "the PCI bridges differ"),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(records, SpaprDrcs, nr_records,
                                             vmstate_spapr_drc,
                                             SpaprDrcRecord),
        VMSTATE_END_OF_LIST()
    },
};

static void drcs_init(Object *obj)
{
    SPAPR_DRCS(obj)->groups = g_ptr_array_new_with_free_func(g_free);
}

static void drcs_finalize(Object *obj)
{
    SpaprDrcs *drcs = SPAPR_DRCS(obj);

    g_free(drcs->records);
    g_ptr_array_unref(drcs->groups);
}

static void drcs_class_init(ObjectClass *oc, void *data)
{
    DEVICE_CLASS(oc)->desc = "sPAPR connectors for dynamic reconfiguration";
    DEVICE_CLASS(oc)->vmsd = &vmstate_spapr_drcs;
    RESETTABLE_CLASS(oc)->phases.hold = drcs_reset_hold;
    SPAPR_MODULE_CLASS(oc)->register_calls = drcs_register_calls;
}

static const TypeInfo spapr_drc_types[] = {
    {
        .name = TYPE_SPAPR_DRCS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprDrcs),
        .instance_init = drcs_init,
        .instance_finalize = drcs_finalize,
        .class_init = drcs_class_init,
    },
};

DEFINE_TYPES(spapr_drc_types)
