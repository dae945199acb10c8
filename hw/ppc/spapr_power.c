/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: power control, reboot, the guest's end, and the operator's display
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/char/spapr_vty.h"
#include "hw/ppc/spapr_drc.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_power.h"
#include "hw/ppc/spapr_surveillance.h"
#include "hw/ppc/spapr_vio.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "trace.h"

/* The power domain of the whole partition. Any other is a connector's */
#define POWER_DOMAIN_ROOT   0

#define POWER_LEVEL_OFF     0
#define POWER_LEVEL_FULL    100

/* The display is a terminal: one line of it, and no form feed */
#define DISPLAY_COLUMNS     80

static void partition_off(void)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    /* The caller is promised not to return while the machine winds down */
    cpu_stop_current();
}

/*
 * power-off: LoPAR, "power-off"
 *
 * Argument cells: the mask of events that may turn power on again, high and low
 * half. There is nothing that could, so /rtas has no "power-on-triggers" and
 * the mask means nothing; Linux passes all ones.
 */
static int32_t power_off(PowerPCCPU *cpu, void *opaque,
                         const uint32_t *args, uint32_t *outs)
{
    partition_off();
    return RTAS_OUT_SUCCESS;
}

/* system-reboot: LoPAR, "system-reboot" */
static int32_t system_reboot(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    return RTAS_OUT_SUCCESS;
}

/*
 * set-power-level: LoPAR, "set-power-level"
 *
 * Argument cells: power domain, level (0 off, 100 full). Return cell: the level
 * now set. Status: 0, or -3 for a domain that is not there or another level.
 */
static int32_t set_power_level(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    int32_t status = RTAS_OUT_SUCCESS;

    if (args[0] != POWER_DOMAIN_ROOT) {
        status = spapr_drcs_set_power(SPAPR_MODULE(opaque)->hv->drcs, args[0],
                                      args[1]);
    } else if (args[1] == POWER_LEVEL_OFF) {
        partition_off();
    } else if (args[1] != POWER_LEVEL_FULL) {
        status = RTAS_OUT_PARAM_ERROR;
    }
    if (status == RTAS_OUT_SUCCESS) {
        outs[0] = args[1];
    }
    return status;
}

/*
 * get-power-level: LoPAR, "get-power-level"
 *
 * Argument cell: power domain. Return cell: its level. Status: 0, or -3 for a
 * domain that is not there.
 */
static int32_t get_power_level(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    if (args[0] != POWER_DOMAIN_ROOT) {
        return spapr_drcs_get_power(SPAPR_MODULE(opaque)->hv->drcs, args[0],
                                    &outs[0]);
    }
    outs[0] = POWER_LEVEL_FULL;
    return RTAS_OUT_SUCCESS;
}

/*
 * display-character: LoPAR, "display-character"
 *
 * Argument cell: the character, in its low byte. It goes to the console.
 * Status: 0, -2 when the console takes no character now, or -1 when the
 * partition has none.
 */
static int32_t display_character(PowerPCCPU *cpu, void *opaque,
                                 const uint32_t *args, uint32_t *outs)
{
    SpaprVioBridge *vio = SPAPR_MODULE(opaque)->hv->vio;

    switch (spapr_vty_display(vio->bus, args[0])) {
    case H_SUCCESS:
        return RTAS_OUT_SUCCESS;
    case H_BUSY:
        return RTAS_OUT_BUSY;
    default:
        return RTAS_OUT_HW_ERROR;
    }
}

/* A guest's words may go to terminals and logs: nothing but plain text */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (!g_ascii_isprint(*text)) {
            *text = *text == '\n' && text[1] ? ' ' : '?';
        }
    }
}

/*
 * ibm,os-term: LoPAR, "ibm,os-term"
 *
 * Argument cell: guest real address of a string. Status: 0. The guest is at its
 * end, and what happens to it is the user's choice (-action panic=). With
 * "none" the call returns at once and the guest does as it thinks fit, as
 * "ibm,extended-os-term" promises; with the others it returns as soon as the
 * user lets the machine go on. That the guest has ended counts more than its
 * words, so that it is not asked to call again when they are not memory. (Linux
 * 6.12 hands over address 0 by mistake, where its words are not.)
 */
static int32_t os_term(PowerPCCPU *cpu, void *opaque,
                       const uint32_t *args, uint32_t *outs)
{
    SpaprPower *power = opaque;
    SpaprHypervisor *hv = SPAPR_MODULE(power)->hv;

    spapr_memory_read_string(hv->memory, args[0], power->last_words,
                             sizeof(power->last_words));
    make_printable(power->last_words);
    trace_spapr_power_os_term(args[0], power->last_words);
    qemu_log_mask(LOG_GUEST_ERROR, "ibm,os-term: %s\n", power->last_words);
    /* R1-"ibm,os-term"-2 */
    spapr_surveillance_stop(hv->surveillance);
    qemu_system_guest_panicked(NULL);
    return RTAS_OUT_SUCCESS;
}

static void spapr_power_register_calls(SpaprModule *module,
                                       SpaprHcallTable *hcalls,
                                       SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "power-off", 2, 1, power_off, module);
    spapr_rtas_register(rtas, "system-reboot", 0, 1, system_reboot, module);
    spapr_rtas_register(rtas, "set-power-level", 2, 2, set_power_level, module);
    spapr_rtas_register(rtas, "get-power-level", 1, 2, get_power_level, module);
    spapr_rtas_register(rtas, "display-character", 1, 1, display_character,
                        module);
    spapr_rtas_register(rtas, "ibm,os-term", 1, 1, os_term, module);
}

/* LoPAR, "display-character": what Linux would otherwise think is 16 wide */
static void spapr_power_populate_dt(SpaprModule *module, DtNode *root)
{
    DtNode *rtas = dt_get(root, "rtas");

    dt_prop_u32(rtas, "ibm,display-line-length", DISPLAY_COLUMNS);
    dt_prop_u32(rtas, "ibm,form-feed", 0);
    dt_prop_empty(rtas, "ibm,extended-os-term");
}

static char *spapr_power_get_last_words(Object *obj, Error **errp)
{
    return g_strdup(SPAPR_POWER(obj)->last_words);
}

static int spapr_power_post_load(void *opaque, int version_id)
{
    SpaprPower *power = opaque;

    power->last_words[sizeof(power->last_words) - 1] = '\0';
    make_printable(power->last_words);
    return 0;
}

/* Last words outlive a reset: they are for whoever asks why it was needed */
static const VMStateDescription vmstate_spapr_power = {
    .name = TYPE_SPAPR_POWER,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = spapr_power_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BUFFER_UNSAFE(last_words, SpaprPower, 1,
                              SPAPR_POWER_LAST_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_power_class_init(ObjectClass *oc, void *data)
{
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    DEVICE_CLASS(oc)->desc = "sPAPR power control";
    DEVICE_CLASS(oc)->vmsd = &vmstate_spapr_power;
    smc->register_calls = spapr_power_register_calls;
    smc->populate_dt = spapr_power_populate_dt;
    object_class_property_add_str(oc, "last-words", spapr_power_get_last_words,
                                  NULL);
    object_class_property_set_description(oc, "last-words",
        "What the guest said when it panicked (ibm,os-term)");
}

static const TypeInfo spapr_power_types[] = {
    {
        .name = TYPE_SPAPR_POWER,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprPower),
        .class_init = spapr_power_class_init,
    },
};

DEFINE_TYPES(spapr_power_types)
