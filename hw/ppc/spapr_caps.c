/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: capabilities, the machine's cap-* options
 *
 * One table says for each its name, its values, what it is when the user says
 * nothing, what it needs, and what it does to a processor. Where a guest asks,
 * with a hypercall or a service, the module that answers looks here.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "migration/vmstate.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/mmu-hash64.h"

/* H_GET_CPU_CHARACTERISTICS; Linux, asm/hvcall.h. First result: */
#define CHARACTER_SPEC_BAR_ORI31        PPC_BIT(0)
#define CHARACTER_BCCTRL_SERIALISED     PPC_BIT(1)
#define CHARACTER_L1D_FLUSH_ORI30       PPC_BIT(2)
#define CHARACTER_L1D_THREAD_PRIV       PPC_BIT(4)
#define CHARACTER_COUNT_CACHE_DISABLED  PPC_BIT(7)
#define CHARACTER_BCCTR_FLUSH_ASSIST    PPC_BIT(9)
/* Second result: */
#define BEHAVIOUR_FAVOUR_SECURITY       PPC_BIT(0)
#define BEHAVIOUR_L1D_FLUSH_PR          PPC_BIT(1)
#define BEHAVIOUR_BNDS_CHK_SPEC_BAR     PPC_BIT(2)
#define BEHAVIOUR_FLUSH_COUNT_CACHE     PPC_BIT(5)
#define BEHAVIOUR_NO_L1D_FLUSH_ENTRY    PPC_BIT(7)
#define BEHAVIOUR_NO_L1D_FLUSH_UACCESS  PPC_BIT(8)
#define BEHAVIOUR_NO_STF_BARRIER        PPC_BIT(9)

/* The values of cap-cfpc, cap-sbbc and cap-ibs */
enum {
    SAFE_BROKEN,
    SAFE_WORKAROUND,
    SAFE_FIXED,                 /* cap-cfpc and cap-sbbc */
    SAFE_FIXED_IBS = SAFE_FIXED,
    SAFE_FIXED_CCD,
    SAFE_FIXED_NA,
};

/* Page sizes of the hash MMU, log2 */
#define MIN_PAGE_SHIFT      12
#define MAX_PAGE_SHIFT      34

/* What the user has chosen for processors */
typedef struct CapModel {
    const PowerPCCPUClass *pcc;
    uint32_t newest_pvr;        /* logical version, the most a guest can have */
} CapModel;

typedef enum CapKind {
    CAP_SWITCH,
    CAP_WORD,
    CAP_SIZE,
} CapKind;

typedef struct CapInfo {
    const char *name;
    const char *description;
    CapKind kind;
    const char *const *words;   /* CAP_WORD: by value, NULL behind the last */
    /*
     * The value when the user says nothing. A switch that the processors can't
     * have is off.
     */
    uint8_t initial;
    /* Whether a switch can be on; NULL: at all times */
    bool (*possible)(const CapModel *model);
    const char *why_not;        /* ...when it can't */
    /* What a value does to a processor that is being made; NULL: nothing */
    void (*setup_cpu)(PowerPCCPU *cpu, uint8_t value);
} CapInfo;

static bool never(const CapModel *model)
{
    return false;
}

static bool has_vsx(const CapModel *model)
{
    return model->pcc->insns_flags2 & PPC2_VSX;
}

static bool has_dfp(const CapModel *model)
{
    return model->pcc->insns_flags2 & PPC2_DFP;
}

/* The low byte of logical versions counts architectures in order */
static bool shows_isa300(const CapModel *model)
{
    return (model->newest_pvr & 0xff) >= (CPU_POWERPC_LOGICAL_3_00 & 0xff);
}

static bool has_large_decr(const CapModel *model)
{
    return model->pcc->lrg_decr_bits > 32 && shows_isa300(model);
}

static bool has_radix(const CapModel *model)
{
    return model->pcc->radix_page_info && shows_isa300(model);
}

/*
 * Part of the instructions is translated by what the class has, all of them
 * only while MSR[VSX] is set. So the guest cannot set it either.
 */
static void setup_vsx(PowerPCCPU *cpu, uint8_t value)
{
    CPUPPCState *env = &cpu->env;

    if (!value) {
        env->insns_flags2 &= ~(PPC2_VSX | PPC2_VSX207);
        env->msr_mask &= ~(1ull << MSR_VSX);
    }
}

static void setup_dfp(PowerPCCPU *cpu, uint8_t value)
{
    if (!value) {
        cpu->env.insns_flags2 &= ~PPC2_DFP;
    }
}

/* Leave the segments, and in them the pages, that are small enough */
static void setup_page_sizes(PowerPCCPU *cpu, uint8_t max_shift)
{
    PPCHash64Options *opts = cpu->hash64_opts;
    PPCHash64SegmentPageSizes all[PPC_PAGE_SIZES_MAX_SZ];
    unsigned segments = 0;

    memcpy(all, opts->sps, sizeof(all));
    memset(opts->sps, 0, sizeof(opts->sps));
    for (int i = 0; i < PPC_PAGE_SIZES_MAX_SZ; i++) {
        PPCHash64SegmentPageSizes *left = &opts->sps[segments];
        unsigned pages = 0;

        if (!all[i].page_shift || all[i].page_shift > max_shift) {
            continue;
        }
        left->page_shift = all[i].page_shift;
        left->slb_enc = all[i].slb_enc;
        for (int j = 0; j < PPC_PAGE_SIZES_MAX_SZ; j++) {
            unsigned shift = all[i].enc[j].page_shift;

            if (shift && shift <= max_shift) {
                left->enc[pages++] = all[i].enc[j];
            }
        }
        segments++;
    }
}

static const char *const safe_words[] = {
    [SAFE_BROKEN] = "broken",
    [SAFE_WORKAROUND] = "workaround",
    [SAFE_FIXED] = "fixed",
    NULL
};

static const char *const ibs_words[] = {
    [SAFE_BROKEN] = "broken",
    [SAFE_WORKAROUND] = "workaround",
    [SAFE_FIXED_IBS] = "fixed-ibs",
    [SAFE_FIXED_CCD] = "fixed-ccd",
    [SAFE_FIXED_NA] = "fixed-na",
    NULL
};

/*
 * What protects a guest from side channels of speculation is "fixed" unless the
 * user wants else: TCG runs a guest's instructions in order, and none of them
 * flushes or fences anything of the host's, so that a guest may spare itself
 * the effort. The other values let a guest go through its motions.
 */
static const CapInfo infos[] = {
    [SPAPR_CAP_HTM] = {
        .name = "cap-htm",
        .description = "Transactional memory",
        .possible = never,
        .why_not = "TCG has no transactional memory",
    },
    [SPAPR_CAP_VSX] = {
        .name = "cap-vsx",
        .description = "Vector-scalar extension",
        .initial = true,
        .possible = has_vsx,
        .why_not = "the processor model has no vector-scalar extension",
        .setup_cpu = setup_vsx,
    },
    [SPAPR_CAP_DFP] = {
        .name = "cap-dfp",
        .description = "Decimal floating point",
        .initial = true,
        .possible = has_dfp,
        .why_not = "the processor model has no decimal floating point",
        .setup_cpu = setup_dfp,
    },
    [SPAPR_CAP_CFPC] = {
        .name = "cap-cfpc",
        .description = "Cache flush on privilege change: broken, workaround "
                       "or fixed",
        .kind = CAP_WORD,
        .words = safe_words,
        .initial = SAFE_FIXED,
    },
    [SPAPR_CAP_SBBC] = {
        .name = "cap-sbbc",
        .description = "Speculation barrier for bounds checks: broken, "
                       "workaround or fixed",
        .kind = CAP_WORD,
        .words = safe_words,
        .initial = SAFE_FIXED,
    },
    [SPAPR_CAP_IBS] = {
        .name = "cap-ibs",
        .description = "Indirect branch speculation: broken, workaround, "
                       "fixed-ibs, fixed-ccd or fixed-na",
        .kind = CAP_WORD,
        .words = ibs_words,
        .initial = SAFE_FIXED_NA,
    },
    [SPAPR_CAP_HPT_MAX_PAGE_SIZE] = {
        .name = "cap-hpt-max-page-size",
        .description = "Largest page of a hash MMU guest, in bytes",
        .kind = CAP_SIZE,
        .initial = MAX_PAGE_SHIFT,
        .setup_cpu = setup_page_sizes,
    },
    [SPAPR_CAP_NESTED_HV] = {
        .name = "cap-nested-hv",
        .description = "Guests of the guest, by H_ENTER_NESTED",
        .possible = never,
        .why_not = "the board has no nested guests",
    },
    [SPAPR_CAP_NESTED_PAPR] = {
        .name = "cap-nested-papr",
        .description = "Guests of the guest, by H_GUEST_*",
        .possible = never,
        .why_not = "the board has no nested guests",
    },
    [SPAPR_CAP_LARGE_DECR] = {
        .name = "cap-large-decr",
        .description = "Decrementer of more than 32 bits",
        .initial = true,
        .possible = has_large_decr,
        .why_not = "processors before POWER9 have a decrementer of 32 bits",
    },
    [SPAPR_CAP_CCF_ASSIST] = {
        .name = "cap-ccf-assist",
        .description = "Instruction to flush the count cache, for "
                       "cap-ibs=workaround",
    },
    [SPAPR_CAP_FWNMI] = {
        .name = "cap-fwnmi",
        .description = "Machine checks and system resets reported by firmware",
        .initial = true,
    },
    [SPAPR_CAP_RPT_INVALIDATE] = {
        .name = "cap-rpt-invalidate",
        .description = "H_RPT_INVALIDATE",
        .initial = true,
        .possible = has_radix,
        .why_not = "processors before POWER9 have no radix translation",
    },
    [SPAPR_CAP_AIL_MODE_3] = {
        .name = "cap-ail-mode-3",
        .description = "Alternate interrupt location, mode 3",
        .initial = true,
    },
};

QEMU_BUILD_BUG_ON(ARRAY_SIZE(infos) != SPAPR_CAP_COUNT);

/* Values */

static uint8_t initial_value(const CapInfo *info, const CapModel *model)
{
    return !info->possible || info->possible(model) ? info->initial : 0;
}

/* A value as it stands behind "cap-...=", for g_free() */
static char *value_text(const CapInfo *info, uint8_t value)
{
    switch (info->kind) {
    case CAP_SWITCH:
        return g_strdup(value ? "on" : "off");
    case CAP_WORD:
        return g_strdup(info->words[value]);
    default:
        return size_to_str(1ull << value);
    }
}

static bool is_value(const CapInfo *info, uint8_t value)
{
    switch (info->kind) {
    case CAP_SWITCH:
        return value <= 1;
    case CAP_WORD:
        return value < g_strv_length((char **)info->words);
    default:
        return value >= MIN_PAGE_SHIFT && value < 64;
    }
}

/*
 * How much a value gives a guest; it can move to where there is no less. All
 * ways in which branches are fixed are the same to it: it does nothing.
 */
static unsigned value_rank(SpaprCap cap, uint8_t value)
{
    return cap == SPAPR_CAP_IBS ? MIN(value, SAFE_FIXED) : value;
}

static bool settle_value(SpaprCaps *caps, SpaprCap cap,
                         const CapModel *model, Error **errp)
{
    const CapInfo *info = &infos[cap];
    uint8_t initial = initial_value(info, model);
    uint8_t wanted = caps->wanted.of[cap];

    caps->values.of[cap] = wanted == SPAPR_CAP_UNSET ? initial : wanted;
    if (wanted == true && info->possible && !info->possible(model)) {
        error_setg(errp, "%s=on: %s; use %s=off", info->name, info->why_not,
                   info->name);
        return false;
    }
    return true;
}

/* The options */

static CapModel machine_model(SpaprMachineState *spapr)
{
    MachineState *machine = MACHINE(spapr);
    const char *type = machine->cpu_type ?:
                       MACHINE_GET_CLASS(machine)->default_cpu_type;
    PowerPCCPUClass *pcc = POWERPC_CPU_CLASS(object_class_by_name(type));

    return (CapModel) {
        .pcc = pcc,
        .newest_pvr = spapr->max_compat_pvr ?: pcc->spapr_logical_pvr,
    };
}

/* What is in force; before the machine is made, what would be */
static uint8_t current_value(SpaprMachineState *spapr, SpaprCap cap)
{
    CapModel model = machine_model(spapr);

    if (spapr->hv->caps) {
        return spapr->hv->caps->values.of[cap];
    }
    if (spapr->caps.of[cap] != SPAPR_CAP_UNSET) {
        return spapr->caps.of[cap];
    }
    return initial_value(&infos[cap], &model);
}

static void get_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    const CapInfo *info = opaque;
    bool value = current_value(SPAPR_MACHINE(obj), info - infos);

    visit_type_bool(v, name, &value, errp);
}

static void set_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    const CapInfo *info = opaque;
    bool value;

    if (visit_type_bool(v, name, &value, errp)) {
        SPAPR_MACHINE(obj)->caps.of[info - infos] = value;
    }
}

static void get_word(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const CapInfo *info = opaque;
    g_autofree char *word =
        value_text(info, current_value(SPAPR_MACHINE(obj), info - infos));

    visit_type_str(v, name, &word, errp);
}

static void set_word(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const CapInfo *info = opaque;
    g_autofree char *word = NULL;
    g_autofree char *choice = NULL;

    if (!visit_type_str(v, name, &word, errp)) {
        return;
    }
    for (int i = 0; info->words[i]; i++) {
        if (!strcmp(word, info->words[i])) {
            SPAPR_MACHINE(obj)->caps.of[info - infos] = i;
            return;
        }
    }
    choice = g_strjoinv(", ", (char **)info->words);
    error_setg(errp, "%s=%s: must be one of %s", name, word, choice);
}

static void get_size(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const CapInfo *info = opaque;
    uint64_t size = 1ull << current_value(SPAPR_MACHINE(obj), info - infos);

    visit_type_size(v, name, &size, errp);
}

static void set_size(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    const CapInfo *info = opaque;
    uint64_t size;

    if (!visit_type_size(v, name, &size, errp)) {
        return;
    }
    if (!is_power_of_2(size) || size < 1ull << MIN_PAGE_SHIFT) {
        error_setg(errp, "%s=%" PRIu64 ": must be a power of two, 4K or more",
                   name, size);
        return;
    }
    SPAPR_MACHINE(obj)->caps.of[info - infos] = ctz64(size);
}

void spapr_caps_add_properties(ObjectClass *oc)
{
    static const struct {
        const char *type;
        ObjectPropertyAccessor *get, *set;
    } kinds[] = {
        [CAP_SWITCH] = { "bool", get_switch, set_switch },
        [CAP_WORD] = { "string", get_word, set_word },
        [CAP_SIZE] = { "size", get_size, set_size },
    };

    for (int i = 0; i < SPAPR_CAP_COUNT; i++) {
        const CapInfo *info = &infos[i];

        object_class_property_add(oc, info->name, kinds[info->kind].type,
                                  kinds[info->kind].get, kinds[info->kind].set,
                                  NULL, (void *)info);
        object_class_property_set_description(oc, info->name,
                                              info->description);
    }
}

/* What a guest sees */

void spapr_caps_setup_cpu(SpaprCaps *caps, PowerPCCPU *cpu)
{
    for (int i = 0; i < SPAPR_CAP_COUNT; i++) {
        if (infos[i].setup_cpu) {
            infos[i].setup_cpu(cpu, caps->values.of[i]);
        }
    }
}

/* Power ISA 3.0 brought the large decrementer, and its bit of LPCR */
static bool large_decr(SpaprCaps *caps, PowerPCCPU *cpu)
{
    return spapr_caps_on(caps, SPAPR_CAP_LARGE_DECR) &&
           spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_3_00);
}

target_ulong spapr_caps_lpcr(SpaprCaps *caps, PowerPCCPU *cpu)
{
    return large_decr(caps, cpu) ? LPCR_LD : 0;
}

/*
 * "ibm,dec-bits": Linux, set_decrementer_max() in arch/powerpc/kernel/time.c.
 * A guest that finds it takes it for granted that LPCR[LD] is set.
 */
void spapr_caps_cpu_dt(SpaprCaps *caps, DtNode *node, PowerPCCPU *cpu)
{
    if (large_decr(caps, cpu)) {
        dt_prop_u32(node, "ibm,dec-bits",
                    POWERPC_CPU_GET_CLASS(cpu)->lrg_decr_bits);
    }
}

/*
 * H_GET_CPU_CHARACTERISTICS, Linux plpar_get_cpu_characteristics(); no
 * arguments. R4: what instructions do against speculation's side channels,
 * R5: what the guest should do.
 *
 * Returns: H_SUCCESS
 */
static target_long h_get_cpu_characteristics(PowerPCCPU *cpu, void *opaque,
                                             target_ulong *args)
{
    const uint8_t *values = SPAPR_CAPS(opaque)->values.of;
    uint64_t character = 0, behaviour = 0;

    switch (values[SPAPR_CAP_CFPC]) {
    case SAFE_WORKAROUND:
        character |= CHARACTER_L1D_FLUSH_ORI30 | CHARACTER_L1D_THREAD_PRIV;
        /* fall through */
    case SAFE_BROKEN:
        behaviour |= BEHAVIOUR_L1D_FLUSH_PR;
        break;
    default:
        behaviour |= BEHAVIOUR_NO_L1D_FLUSH_ENTRY |
                     BEHAVIOUR_NO_L1D_FLUSH_UACCESS | BEHAVIOUR_NO_STF_BARRIER;
    }
    switch (values[SPAPR_CAP_SBBC]) {
    case SAFE_WORKAROUND:
        character |= CHARACTER_SPEC_BAR_ORI31;
        /* fall through */
    case SAFE_BROKEN:
        behaviour |= BEHAVIOUR_BNDS_CHK_SPEC_BAR;
        break;
    }
    switch (values[SPAPR_CAP_IBS]) {
    case SAFE_WORKAROUND:
        behaviour |= BEHAVIOUR_FLUSH_COUNT_CACHE;
        break;
    case SAFE_FIXED_IBS:
        character |= CHARACTER_BCCTRL_SERIALISED;
        break;
    case SAFE_FIXED_CCD:
        character |= CHARACTER_COUNT_CACHE_DISABLED;
        break;
    }
    if (values[SPAPR_CAP_CCF_ASSIST]) {
        character |= CHARACTER_BCCTR_FLUSH_ASSIST;
    }
    if (behaviour & (BEHAVIOUR_L1D_FLUSH_PR | BEHAVIOUR_BNDS_CHK_SPEC_BAR |
                     BEHAVIOUR_FLUSH_COUNT_CACHE)) {
        behaviour |= BEHAVIOUR_FAVOUR_SECURITY;
    }
    args[0] = character;
    args[1] = behaviour;
    return H_SUCCESS;
}

/* Migration */

static int caps_pre_save(void *opaque)
{
    SpaprCaps *caps = opaque;

    caps->migrated = caps->values;
    return 0;
}

/* All that doesn't fit is told of, each in a line of its own */
static int caps_post_load(void *opaque, int version_id)
{
    SpaprCaps *caps = opaque;
    int ret = 0;

    for (int i = 0; i < SPAPR_CAP_COUNT; i++) {
        const CapInfo *info = &infos[i];
        uint8_t theirs = caps->migrated.of[i], ours = caps->values.of[i];
        g_autofree char *our_text = value_text(info, ours);

        if (!is_value(info, theirs)) {
            error_report("%s: the incoming machine's value, number %u, is "
                         "unknown", info->name, theirs);
            ret = -EINVAL;
        } else if (value_rank(i, theirs) > value_rank(i, ours)) {
            g_autofree char *their_text = value_text(info, theirs);

            error_report("%s=%s: the incoming machine has %s=%s, which is "
                         "more", info->name, our_text, info->name, their_text);
            ret = -EINVAL;
        }
    }
    return ret;
}

/* Sent before memory, so that a machine that can't take it says so at once */
static const VMStateDescription vmstate_spapr_caps = {
    .name = TYPE_SPAPR_CAPS,
    .version_id = 1,
    .minimum_version_id = 1,
    .early_setup = true,
    .pre_save = caps_pre_save,
    .post_load = caps_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(migrated.of, SpaprCaps, SPAPR_CAP_COUNT),
        VMSTATE_END_OF_LIST()
    },
};

/* The module */

static void caps_realize(DeviceState *dev, Error **errp)
{
    SpaprCaps *caps = SPAPR_CAPS(dev);
    CapModel model = machine_model(SPAPR_MACHINE(qdev_get_machine()));

    for (int i = 0; i < SPAPR_CAP_COUNT; i++) {
        if (!settle_value(caps, i, &model, errp)) {
            return;
        }
    }
}

static void caps_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo call = {
        H_GET_CPU_CHARACTERISTICS, "H_GET_CPU_CHARACTERISTICS", NULL,
        h_get_cpu_characteristics, true
    };

    powerpc_register_hypercalls(hcalls, &call, 1, module);
}

static void spapr_caps_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "sPAPR capabilities";
    dc->realize = caps_realize;
    dc->vmsd = &vmstate_spapr_caps;
    SPAPR_MODULE_CLASS(oc)->register_calls = caps_register_calls;
}

static const TypeInfo spapr_caps_types[] = {
    {
        .name = TYPE_SPAPR_CAPS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprCaps),
        .class_init = spapr_caps_class_init,
    },
};

DEFINE_TYPES(spapr_caps_types)
