/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: firmware-assisted non-maskable interrupts
 *
 * The platform analyses a machine check and lays what it found into an area of
 * RTAS's memory, of which there is one: until the processor that got it calls
 * ibm,nmi-interlock, no other's error is reported. Errors here are made on
 * demand, so one that has to wait does so in a queue, and the processor runs
 * on meanwhile as if it had not happened yet. So no processor ever waits for
 * another, whatever the guest does or forgets.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/boards.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_errinjct.h"
#include "hw/ppc/spapr_errlog.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_fwnmi.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_vpa.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "trace.h"

#include <libfdt.h>

/* R1-"Firmware Assisted ... (FWNMI)"-6: routines lie below this */
#define ROUTINE_LIMIT       (32 * MiB)

/*
 * RTAS's memory: its code; the report of a machine check; for each processor
 * the 16 bytes that a system reset gives it. Linux expects reports between the
 * base of it all and 16 bytes before its end (ras.c, VALID_FWNMI_BUFFER).
 */
#define REPORT_OFFSET       SPAPR_RTAS_BLOB_SIZE
#define REPORT_SIZE         1024
#define RESETS_OFFSET       (REPORT_OFFSET + REPORT_SIZE)
#define RESET_SIZE          16

/* The interrupted R3 lies before the log */
#define REPORT_LOG          sizeof(uint64_t)

/* How long until a processor that was in the wrong state is looked at again */
#define RETRY_NS            (1 * SCALE_MS)

/* "Platform Event Log Format, Failing Memory Address" behind its header */
typedef struct QEMU_PACKED LogMachineCheck {
    uint32_t fru_id;
    uint32_t proc_id;
    uint8_t type;
    uint8_t subtype;
    uint8_t reserved[6];
    uint64_t effective_address;
    uint64_t logical_address;
} LogMachineCheck;

QEMU_BUILD_BUG_ON(sizeof(LogMachineCheck) != 40 - 8);

/* Which addresses the log has is told with the sub-type */
#define UE_EA_PROVIDED      0x40
#define UE_LA_PROVIDED      0x20
#define EA_PROVIDED         0x80

/* Sub-types, tables "UE Error Information" and so on */
enum {
    MC_UE_LOAD_STORE    = 3,
    MC_SLB_PARITY       = 0,
    MC_SLB_MULTIHIT     = 1,
    MC_ERAT_PARITY      = 1,
    MC_ERAT_MULTIHIT    = 2,
    MC_TLB_PARITY       = 1,
    MC_TLB_MULTIHIT     = 2,
};

/* How the user calls them */
typedef struct MachineCheckType {
    const char *name;
    uint8_t type;
    const char *subtypes[5];    /* by number */
    uint8_t default_subtype;
} MachineCheckType;

static const MachineCheckType machine_check_types[] = {
    { "ue", SPAPR_MC_UE,
      { "indeterminate", "ifetch", "ifetch-page-walk", "load-store",
        "load-store-page-walk" }, MC_UE_LOAD_STORE },
    { "slb", SPAPR_MC_SLB,
      { "parity", "multihit", "indeterminate" }, MC_SLB_MULTIHIT },
    { "erat", SPAPR_MC_ERAT,
      { NULL, "parity", "multihit", "indeterminate" }, MC_ERAT_MULTIHIT },
    { "tlb", SPAPR_MC_TLB,
      { NULL, "parity", "multihit", "indeterminate" }, MC_TLB_MULTIHIT },
    { "d-cache", SPAPR_MC_D_CACHE },
    { "i-cache", SPAPR_MC_I_CACHE },
};

static const char *const dispositions[] = {
    [SPAPR_ERRLOG_FULLY_RECOVERED] = "recovered",
    [SPAPR_ERRLOG_LIMITED_RECOVERY] = "limited",
    [SPAPR_ERRLOG_NOT_RECOVERED] = "not-recovered",
};

static const char *const states[] = {
    [SPAPR_MC_STATE_RECOVERABLE] = "recoverable",
    [SPAPR_MC_STATE_ANY] = "any",
    [SPAPR_MC_STATE_USER] = "user",
    [SPAPR_MC_STATE_KERNEL] = "kernel",
};

/* The report */

static uint8_t mc_severity(const SpaprFwnmi *fwnmi,
                           const SpaprMachineCheck *mc)
{
    if (fwnmi->fatal) {
        /* R1-"Firmware Assisted ... (FWNMI)"-15: nothing else from then on */
        return SPAPR_ERRLOG_SEVERITY_REPORTED;
    }
    if (mc->fatal) {
        return SPAPR_ERRLOG_SEVERITY_FATAL;
    }
    return mc->disposition == SPAPR_ERRLOG_NOT_RECOVERED ?
           SPAPR_ERRLOG_SEVERITY_ERROR_SYNC : SPAPR_ERRLOG_SEVERITY_WARNING;
}

static uint8_t mc_subtype(const SpaprMachineCheck *mc)
{
    if (mc->type == SPAPR_MC_UE) {
        return mc->subtype | (mc->has_ea ? UE_EA_PROVIDED : 0) |
               (mc->has_la ? UE_LA_PROVIDED : 0);
    }
    return mc->subtype | (mc->has_ea ? EA_PROVIDED : 0);
}

static GByteArray *mc_build_log(SpaprFwnmi *fwnmi, PowerPCCPU *cpu,
                                const SpaprMachineCheck *mc)
{
    bool memory = mc->type == SPAPR_MC_UE;
    SpaprErrlogHead head = {
        .severity = mc_severity(fwnmi, mc),
        .disposition = mc->disposition,
        .initiator = memory ? SPAPR_ERRLOG_INITIATOR_MEMORY
                            : SPAPR_ERRLOG_INITIATOR_CPU,
        .type = SPAPR_ERRLOG_TYPE_PLATFORM,
        .subsystem = memory ? SPAPR_ERRLOG_SUBSYSTEM_MEMORY
                            : SPAPR_ERRLOG_SUBSYSTEM_PROCESSOR,
        .event = mc->disposition == SPAPR_ERRLOG_NOT_RECOVERED ?
                 SPAPR_ERRLOG_EVENT_UNRECOVERABLE :
                 SPAPR_ERRLOG_EVENT_RECOVERED,
        .id = spapr_events_next_id(SPAPR_MODULE(fwnmi)->hv->events),
    };
    const LogMachineCheck body = {
        .proc_id = cpu_to_be32(cpu->vcpu_id),
        .type = mc->type,
        .subtype = mc_subtype(mc),
        .effective_address = cpu_to_be64(mc->has_ea ? mc->ea : 0),
        .logical_address = cpu_to_be64(mc->has_la ? mc->la : 0),
    };
    GByteArray *log;

    spapr_errlog_stamp(head.date, head.time);
    log = spapr_errlog_new(&head);
    spapr_errlog_add_src(log, memory ? "B7000200" : "B7000100",
                         mc->type << 8 | mc->subtype, NULL);
    spapr_errlog_add(log, "MC", 1, &body, sizeof(body));
    return log;
}

static bool fwnmi_write(SpaprFwnmi *fwnmi, hwaddr addr,
                        const void *data, size_t len)
{
    return spapr_memory_is_ram(SPAPR_MODULE(fwnmi)->hv->memory, addr, len) &&
           address_space_write(&address_space_memory, addr,
                               MEMTXATTRS_UNSPECIFIED, data,
                               len) == MEMTX_OK;
}

/*
 * Lay R3 where the guest's routine finds it, with @log (or nothing) behind it.
 * Returns: false when the guest has spoilt the place
 */
static bool fwnmi_save(SpaprFwnmi *fwnmi, PowerPCCPU *cpu, hwaddr addr,
                       const GByteArray *log)
{
    uint64_t r3 = cpu_to_be64(cpu->env.gpr[3]);

    return fwnmi_write(fwnmi, addr, &r3, sizeof(r3)) &&
           (!log || fwnmi_write(fwnmi, addr + REPORT_LOG, log->data, log->len));
}

/* From the interrupt's vector on to the guest's routine */
static void fwnmi_enter(PowerPCCPU *cpu, hwaddr routine, hwaddr saved)
{
    cpu->env.nip = routine;
    cpu->env.gpr[3] = saved;
}

/* System reset */

/*
 * PowerVM gives the routine R3 as it does for a machine check, and Linux relies
 * on it (ras.c, pSeries_system_reset_exception()), while the LoPAR has all
 * registers unchanged. Resets come to all processors at once, so each has a
 * place of its own. All of them are forwarded, not two only as the LoPAR has it
 * (R1-"System Reset Interrupt"-7): guests use them among their own processors
 * (H_SIGNAL_SYS_RESET), and to reboot the partition the user has system_reset.
 */
void spapr_fwnmi_system_reset(SpaprFwnmi *fwnmi, PowerPCCPU *cpu)
{
    hwaddr place = (hwaddr)fwnmi->rtas_base + RESETS_OFFSET +
                   CPU(cpu)->cpu_index * RESET_SIZE;
    bool forward = fwnmi->registered && fwnmi_save(fwnmi, cpu, place, NULL);

    trace_spapr_fwnmi_system_reset(CPU(cpu)->cpu_index, forward);
    ppc_cpu_do_system_reset(CPU(cpu));
    if (forward) {
        fwnmi_enter(cpu, fwnmi->system_reset, place);
    }
}

/* Machine check */

static void fwnmi_drop_first(SpaprFwnmi *fwnmi)
{
    fwnmi->count--;
    memmove(&fwnmi->queue[0], &fwnmi->queue[1],
            fwnmi->count * sizeof(fwnmi->queue[0]));
}

/*
 * The processor can't be told, so the partition is lost: what happens then is
 * the user's choice (-action panic=)
 */
static void fwnmi_checkstop(PowerPCCPU *cpu, const char *why)
{
    trace_spapr_fwnmi_checkstop(CPU(cpu)->cpu_index, why);
    qemu_system_guest_panicked(NULL);
}

static bool state_fits(CPUPPCState *env, const SpaprMachineCheck *mc)
{
    bool user = FIELD_EX64(env->msr, MSR, PR);
    bool recoverable = FIELD_EX64(env->msr, MSR, RI);

    switch (mc->state) {
    case SPAPR_MC_STATE_ANY:
        return true;
    case SPAPR_MC_STATE_USER:
        return recoverable && user;
    case SPAPR_MC_STATE_KERNEL:
        return recoverable && !user;
    default:
        /* R1-"Error Injection Option"-11: but for what is fatal anyway */
        return recoverable || mc->fatal;
    }
}

/* Interrupt the processor as the hardware does */
static void raise_machine_check(PowerPCCPU *cpu, const SpaprMachineCheck *mc)
{
    CPUState *cs = CPU(cpu);

    spapr_vcpu_wake(spapr_vcpu(cpu), SPAPR_DISPATCH_UNKNOWN);
    if (mc->has_ea) {
        cpu->env.spr[SPR_DAR] = mc->ea;
    }
    cs->exception_index = POWERPC_EXCP_MCHECK;
    cpu->env.error_code = 0;
    ppc_cpu_do_interrupt(cs);
}

static void report_machine_check(SpaprFwnmi *fwnmi, PowerPCCPU *cpu,
                                 const SpaprMachineCheck *mc)
{
    CPUPPCState *env = &cpu->env;
    hwaddr place = (hwaddr)fwnmi->rtas_base + REPORT_OFFSET;
    g_autoptr(GByteArray) log = mc_build_log(fwnmi, cpu, mc);
    bool forward = fwnmi->registered && fwnmi_save(fwnmi, cpu, place, log);

    trace_spapr_fwnmi_machine_check(CPU(cpu)->cpu_index, mc->type, mc->subtype,
                                    mc->disposition, forward);
    if (forward) {
        /* With its registration the guest has given MSR[ME] away */
        env->msr |= 1ull << MSR_ME;
    } else if (!FIELD_EX64(env->msr, MSR, ME)) {
        fwnmi_checkstop(cpu, "MSR[ME] is 0");
        return;
    }
    raise_machine_check(cpu, mc);
    if (forward) {
        fwnmi->holder = CPU(cpu)->cpu_index;
        fwnmi->fatal |= mc->fatal;
        fwnmi_enter(cpu, fwnmi->machine_check, place);
    }
}

static void fwnmi_next(SpaprFwnmi *fwnmi);

/* On the thread of the processor that is next */
static void do_machine_check(CPUState *cs, run_on_cpu_data data)
{
    SpaprFwnmi *fwnmi = data.host_ptr;
    PowerPCCPU *cpu = POWERPC_CPU(cs);
    SpaprMachineCheck mc = fwnmi->queue[0];

    if (!fwnmi->count || mc.cpu != cs->cpu_index || !runstate_is_running()) {
        /* A reset or a stop came in between */
        return;
    }
    if (!spapr_vcpu_active(spapr_vcpu(cpu))) {
        /* What does not run meets no error */
        fwnmi_drop_first(fwnmi);
        fwnmi_next(fwnmi);
        return;
    }
    if (!state_fits(&cpu->env, &mc)) {
        timer_mod(fwnmi->retry,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + RETRY_NS);
        return;
    }
    if (fwnmi->holder == cs->cpu_index) {
        /* LoPAR: "no choice but to declare the condition fatal" */
        fwnmi_drop_first(fwnmi);
        fwnmi_checkstop(cpu, "it has not dealt with the one before");
        return;
    }
    if (fwnmi->holder >= 0) {
        return;
    }
    fwnmi_drop_first(fwnmi);
    report_machine_check(fwnmi, cpu, &mc);
    fwnmi_next(fwnmi);
}

/* Send the first of the queue to its processor, when it can go there */
static void fwnmi_next(SpaprFwnmi *fwnmi)
{
    CPUState *cs = NULL;

    while (fwnmi->count && !cs) {
        cs = qemu_get_cpu(fwnmi->queue[0].cpu);
        if (!cs) {
            fwnmi_drop_first(fwnmi);
        }
    }
    if (cs && runstate_is_running() &&
        (fwnmi->holder < 0 || fwnmi->holder == cs->cpu_index)) {
        async_run_on_cpu(cs, do_machine_check, RUN_ON_CPU_HOST_PTR(fwnmi));
    }
}

static void fwnmi_retry(void *opaque)
{
    fwnmi_next(opaque);
}

static void fwnmi_vm_state_change(void *opaque, bool running, RunState state)
{
    if (running) {
        fwnmi_next(opaque);
    }
}

bool spapr_fwnmi_machine_check(SpaprFwnmi *fwnmi, const SpaprMachineCheck *mc)
{
    if (fwnmi->count == ARRAY_SIZE(fwnmi->queue)) {
        return false;
    }
    fwnmi->queue[fwnmi->count++] = *mc;
    fwnmi_next(fwnmi);
    return true;
}

/* The property "machine-check" */

static bool visit_word(Visitor *v, const char *name, const char *const *words,
                       size_t n, uint8_t *value, Error **errp)
{
    g_autofree char *word = NULL;

    if (!visit_optional(v, name, &(bool) { false })) {
        return true;
    }
    if (!visit_type_str(v, name, &word, errp)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (g_strcmp0(words[i], word) == 0) {
            *value = i;
            return true;
        }
    }
    error_setg(errp, "machine-check: %s '%s' is unknown", name, word);
    return false;
}

static bool visit_address(Visitor *v, const char *name, bool *has,
                          uint64_t *address, Error **errp)
{
    return !visit_optional(v, name, has) ||
           visit_type_uint64(v, name, address, errp);
}

static const MachineCheckType *visit_mc_type(Visitor *v, Error **errp)
{
    g_autofree char *word = NULL;

    if (!visit_type_str(v, "type", &word, errp)) {
        return NULL;
    }
    for (int i = 0; i < ARRAY_SIZE(machine_check_types); i++) {
        if (g_str_equal(word, machine_check_types[i].name)) {
            return &machine_check_types[i];
        }
    }
    error_setg(errp, "machine-check: type '%s' is unknown", word);
    return NULL;
}

static bool visit_machine_check(Visitor *v, SpaprMachineCheck *mc, Error **errp)
{
    const MachineCheckType *type = visit_mc_type(v, errp);
    bool has;

    if (!type) {
        return false;
    }
    mc->type = type->type;
    mc->subtype = type->default_subtype;
    if (visit_optional(v, "cpu", &has) &&
        !visit_type_uint32(v, "cpu", &mc->cpu, errp)) {
        return false;
    }
    if (visit_optional(v, "fatal", &has) &&
        !visit_type_bool(v, "fatal", &mc->fatal, errp)) {
        return false;
    }
    if (mc->fatal) {
        /* Nor is it ever, says LoPAR, "RTAS Disposition" */
        mc->disposition = SPAPR_ERRLOG_NOT_RECOVERED;
    }
    return visit_word(v, "subtype", type->subtypes, ARRAY_SIZE(type->subtypes),
                      &mc->subtype, errp) &&
           visit_word(v, "disposition", dispositions, ARRAY_SIZE(dispositions),
                      &mc->disposition, errp) &&
           visit_word(v, "state", states, ARRAY_SIZE(states), &mc->state,
                      errp) &&
           visit_address(v, "effective-address", &mc->has_ea, &mc->ea, errp) &&
           visit_address(v, "logical-address", &mc->has_la, &mc->la, errp) &&
           visit_check_struct(v, errp);
}

static bool check_machine_check(const SpaprMachineCheck *mc, Error **errp)
{
    CPUState *cs = qemu_get_cpu(mc->cpu);

    if (!cs) {
        error_setg(errp, "machine-check: there is no cpu %" PRIu32, mc->cpu);
        return false;
    }
    if (!spapr_vcpu_active(spapr_vcpu(POWERPC_CPU(cs)))) {
        error_setg(errp, "machine-check: cpu %" PRIu32 " does not run",
                   mc->cpu);
        return false;
    }
    if (mc->has_la && mc->type != SPAPR_MC_UE) {
        error_setg(errp, "machine-check: only type 'ue' has a "
                   "logical-address");
        return false;
    }
    if (mc->fatal && mc->disposition == SPAPR_ERRLOG_FULLY_RECOVERED) {
        error_setg(errp, "machine-check: what is fatal can't be 'recovered'");
        return false;
    }
    return true;
}

static void fwnmi_set_machine_check(Object *obj, Visitor *v, const char *name,
                                    void *opaque, Error **errp)
{
    SpaprMachineCheck mc = { 0 };
    bool valid;

    if (!visit_start_struct(v, name, NULL, 0, errp)) {
        return;
    }
    valid = visit_machine_check(v, &mc, errp);
    visit_end_struct(v, NULL);
    if (!valid || !check_machine_check(&mc, errp)) {
        return;
    }
    if (!spapr_fwnmi_machine_check(SPAPR_FWNMI(obj), &mc)) {
        error_setg(errp, "machine-check: %d are waiting already",
                   SPAPR_FWNMI_QUEUE);
    }
}

/* Errors that the guest injects, "Errinjct Work Buffer Formats" */

static int32_t inject(PowerPCCPU *cpu, SpaprFwnmi *fwnmi, SpaprMachineCheck mc)
{
    mc.cpu = CPU(cpu)->cpu_index;
    return spapr_fwnmi_machine_check(fwnmi, &mc) ? RTAS_OUT_SUCCESS
                                                 : RTAS_OUT_BUSY;
}

static int32_t inject_fatal(PowerPCCPU *cpu, void *opaque,
                            const uint32_t *cells)
{
    return inject(cpu, opaque, (SpaprMachineCheck) {
        .type = SPAPR_MC_UE,
        .disposition = SPAPR_ERRLOG_NOT_RECOVERED,
        .fatal = true,
    });
}

/* No interrupt tells of these two; event-scan does */
static void report_recovered(SpaprFwnmi *fwnmi, uint8_t event)
{
    const SpaprErrlogHead head = {
        .severity = SPAPR_ERRLOG_SEVERITY_WARNING,
        .initiator = SPAPR_ERRLOG_INITIATOR_CPU,
        .type = SPAPR_ERRLOG_TYPE_INFORMATION,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_PROCESSOR,
        .event = event,
    };

    spapr_events_report(SPAPR_MODULE(fwnmi)->hv->events, &head);
}

static int32_t inject_recovered_random(PowerPCCPU *cpu, void *opaque,
                                       const uint32_t *cells)
{
    report_recovered(opaque, SPAPR_ERRLOG_EVENT_RECOVERED);
    return RTAS_OUT_SUCCESS;
}

/* The cell: 1 for an error that passes, 2 for one that is to be feared again */
static int32_t inject_recovered_special(PowerPCCPU *cpu, void *opaque,
                                        const uint32_t *cells)
{
    if (cells[0] != 1 && cells[0] != 2) {
        return RTAS_OUT_PARAM_ERROR;
    }
    report_recovered(opaque, cells[0] == 1 ? SPAPR_ERRLOG_EVENT_RECOVERED
                                           : SPAPR_ERRLOG_EVENT_PREDICTIVE);
    return RTAS_OUT_SUCCESS;
}

/*
 * Two cells: the real address. Memory is not spoilt; the program that the
 * caller goes on with meets the error as if it had touched the page.
 */
static int32_t inject_corrupted_page(PowerPCCPU *cpu, void *opaque,
                                     const uint32_t *cells)
{
    SpaprFwnmi *fwnmi = opaque;
    uint64_t addr = (uint64_t)cells[0] << 32 | cells[1];

    /* R1-"Error Injection Option"-12 */
    if (!spapr_memory_is_ram(SPAPR_MODULE(fwnmi)->hv->memory, addr, 1)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    return inject(cpu, fwnmi, (SpaprMachineCheck) {
        .type = SPAPR_MC_UE,
        .subtype = MC_UE_LOAD_STORE,
        .disposition = SPAPR_ERRLOG_NOT_RECOVERED,
        .state = SPAPR_MC_STATE_USER,
        .has_la = true,
        .la = addr,
    });
}

/* A cell: the effective address. The guest can put its entries right */
static int32_t inject_corrupted_slb(PowerPCCPU *cpu, void *opaque,
                                    const uint32_t *cells)
{
    return inject(cpu, opaque, (SpaprMachineCheck) {
        .type = SPAPR_MC_SLB,
        .subtype = MC_SLB_PARITY,
        .disposition = SPAPR_ERRLOG_NOT_RECOVERED,
        .has_ea = true,
        .ea = cells[0],
    });
}

static int32_t inject_translator_failure(PowerPCCPU *cpu, void *opaque,
                                         const uint32_t *cells)
{
    return inject(cpu, opaque, (SpaprMachineCheck) {
        .type = SPAPR_MC_TLB,
        .subtype = MC_TLB_PARITY,
        .disposition = SPAPR_ERRLOG_NOT_RECOVERED,
        .state = SPAPR_MC_STATE_USER,
    });
}

/*
 * Caches: a cell for what is to be wrong (1: the ERAT), and one for how long,
 * which is always once, as the LoPAR has it where there is no other mode. Both,
 * and the TLB, are cleaned by the platform.
 */
static int32_t inject_cache(PowerPCCPU *cpu, SpaprFwnmi *fwnmi, uint8_t type,
                            uint32_t what, uint32_t last)
{
    SpaprMachineCheck mc = { .type = type };

    if (what > last) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (what == 1) {
        mc.type = SPAPR_MC_ERAT;
        mc.subtype = MC_ERAT_PARITY;
    }
    return inject(cpu, fwnmi, mc);
}

static int32_t inject_dcache(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *cells)
{
    return inject_cache(cpu, opaque, SPAPR_MC_D_CACHE, cells[0], 2);
}

static int32_t inject_icache(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *cells)
{
    return inject_cache(cpu, opaque, SPAPR_MC_I_CACHE, cells[0], 3);
}

static int32_t inject_tlb(PowerPCCPU *cpu, void *opaque, const uint32_t *cells)
{
    return inject(cpu, opaque, (SpaprMachineCheck) {
        .type = SPAPR_MC_TLB,
        .subtype = MC_TLB_PARITY,
    });
}

/* What happened once needs no end */
static int32_t inject_end(PowerPCCPU *cpu, void *opaque, const uint32_t *cells)
{
    return RTAS_OUT_SUCCESS;
}

static const struct {
    const char *name;
    SpaprErrinjctFn *fn;
} error_classes[] = {
    { "fatal", inject_fatal },
    { "recovered-random-event", inject_recovered_random },
    { "recovered-special-event", inject_recovered_special },
    { "corrupted-page", inject_corrupted_page },
    { "corrupted-slb", inject_corrupted_slb },
    { "translator-failure", inject_translator_failure },
    { "corrupted-dcache-start", inject_dcache },
    { "corrupted-dcache-end", inject_end },
    { "corrupted-icache-start", inject_icache },
    { "corrupted-icache-end", inject_end },
    { "corrupted-tlb-start", inject_tlb },
    { "corrupted-tlb-end", inject_end },
};

/* What the guest calls */

/* Returns: where firmware or the guest says that RTAS is, 0 if nowhere */
static uint32_t find_rtas_base(SpaprHypervisor *hv)
{
    const void *fdt = hv->firmware->fdt;
    int len;
    const uint32_t *base = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"),
                                       "linux,rtas-base", &len);

    return base && len == sizeof(*base) ? ldl_be_p(base) : 0;
}

static bool routine_valid(SpaprFwnmi *fwnmi, uint32_t addr)
{
    return addr && QEMU_IS_ALIGNED(addr, 4) && addr < ROUTINE_LIMIT &&
           spapr_memory_is_ram(SPAPR_MODULE(fwnmi)->hv->memory, addr, 4);
}

/*
 * ibm,nmi-register: LoPAR, "Firmware Assisted Non-Maskable Interrupts Option
 * (FWNMI)"
 *
 * Argument cells: guest real addresses of the system reset routine and of the
 * machine check routine. Status: 0, -3 for a routine that is none or not in the
 * first 32 MiB, -1 when nobody has told where RTAS is (/rtas/linux,rtas-base),
 * as reports lie there.
 */
static int32_t nmi_register(PowerPCCPU *cpu, void *opaque,
                            const uint32_t *args, uint32_t *outs)
{
    SpaprFwnmi *fwnmi = opaque;
    uint32_t base;

    if (!routine_valid(fwnmi, args[0]) || !routine_valid(fwnmi, args[1])) {
        return RTAS_OUT_PARAM_ERROR;
    }
    base = find_rtas_base(SPAPR_MODULE(fwnmi)->hv);
    if (!base) {
        return RTAS_OUT_HW_ERROR;
    }
    fwnmi->registered = true;
    fwnmi->system_reset = args[0];
    fwnmi->machine_check = args[1];
    fwnmi->rtas_base = base;
    trace_spapr_fwnmi_register(args[0], args[1], base);
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,nmi-interlock: the same section
 *
 * The caller has read its report, and there may be the next. Status: 0, or -1
 * when it is not the caller's.
 */
static int32_t nmi_interlock(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SpaprFwnmi *fwnmi = opaque;

    if (fwnmi->holder != CPU(cpu)->cpu_index) {
        return RTAS_OUT_HW_ERROR;
    }
    fwnmi->holder = -1;
    fwnmi_next(fwnmi);
    return RTAS_OUT_SUCCESS;
}

static void fwnmi_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                 SpaprRtasTable *rtas)
{
    bool enabled = SPAPR_FWNMI(module)->enabled;

    if (enabled) {
        spapr_rtas_register(rtas, "ibm,nmi-register", 2, 1, nmi_register,
                            module);
        spapr_rtas_register(rtas, "ibm,nmi-interlock", 0, 1, nmi_interlock,
                            module);
    } else {
        spapr_rtas_skip(rtas);
        spapr_rtas_skip(rtas);
    }
    for (int i = 0; i < ARRAY_SIZE(error_classes); i++) {
        spapr_errinjct_add(module->hv->errinjct, error_classes[i].name,
                           enabled ? error_classes[i].fn : NULL, module);
    }
}

/* The guest is to give RTAS as much memory as reports take */
static void fwnmi_populate_dt(SpaprModule *module, DtNode *root)
{
    MachineState *machine = MACHINE(qdev_get_machine());

    if (SPAPR_FWNMI(module)->enabled) {
        dt_prop_u32(dt_get(root, "rtas"), "rtas-size",
                    RESETS_OFFSET + machine->smp.max_cpus * RESET_SIZE);
    }
}

static void fwnmi_reset_hold(Object *obj, ResetType type)
{
    SpaprFwnmi *fwnmi = SPAPR_FWNMI(obj);

    fwnmi->registered = false;
    fwnmi->system_reset = 0;
    fwnmi->machine_check = 0;
    fwnmi->rtas_base = 0;
    fwnmi->holder = -1;
    fwnmi->fatal = false;
    fwnmi->count = 0;
    timer_del(fwnmi->retry);
}

static void fwnmi_realize(DeviceState *dev, Error **errp)
{
    SpaprFwnmi *fwnmi = SPAPR_FWNMI(dev);

    fwnmi->holder = -1;
    fwnmi->retry = timer_new_ns(QEMU_CLOCK_VIRTUAL, fwnmi_retry, fwnmi);
    qdev_add_vm_change_state_handler(dev, fwnmi_vm_state_change, fwnmi);
}

/* A count that is refused may not stay: the machine may go on all the same */
static bool fwnmi_count_valid(void *opaque, int version_id)
{
    SpaprFwnmi *fwnmi = opaque;

    if (fwnmi->count > ARRAY_SIZE(fwnmi->queue)) {
        fwnmi->count = 0;
        return false;
    }
    return true;
}

static const VMStateDescription vmstate_spapr_machine_check = {
    .name = "spapr-fwnmi/machine-check",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cpu, SpaprMachineCheck),
        VMSTATE_UINT8(type, SpaprMachineCheck),
        VMSTATE_UINT8(subtype, SpaprMachineCheck),
        VMSTATE_UINT8(disposition, SpaprMachineCheck),
        VMSTATE_UINT8(state, SpaprMachineCheck),
        VMSTATE_BOOL(fatal, SpaprMachineCheck),
        VMSTATE_BOOL(has_ea, SpaprMachineCheck),
        VMSTATE_BOOL(has_la, SpaprMachineCheck),
        VMSTATE_UINT64(ea, SpaprMachineCheck),
        VMSTATE_UINT64(la, SpaprMachineCheck),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_fwnmi = {
    .name = TYPE_SPAPR_FWNMI,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(registered, SpaprFwnmi),
        VMSTATE_UINT32(system_reset, SpaprFwnmi),
        VMSTATE_UINT32(machine_check, SpaprFwnmi),
        VMSTATE_UINT32(rtas_base, SpaprFwnmi),
        VMSTATE_INT32(holder, SpaprFwnmi),
        VMSTATE_BOOL(fatal, SpaprFwnmi),
        VMSTATE_STRUCT_ARRAY(queue, SpaprFwnmi, SPAPR_FWNMI_QUEUE, 1,
                             vmstate_spapr_machine_check, SpaprMachineCheck),
        VMSTATE_UINT32(count, SpaprFwnmi),
        VMSTATE_VALIDATE("the number of machine checks", fwnmi_count_valid),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_fwnmi_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR firmware-assisted non-maskable interrupts";
    dc->realize = fwnmi_realize;
    dc->vmsd = &vmstate_spapr_fwnmi;
    RESETTABLE_CLASS(oc)->phases.hold = fwnmi_reset_hold;
    smc->register_calls = fwnmi_register_calls;
    smc->populate_dt = fwnmi_populate_dt;
    object_class_property_add(oc, "machine-check", "SpaprMachineCheck", NULL,
                              fwnmi_set_machine_check, NULL, NULL);
    object_class_property_set_description(oc, "machine-check",
        "Set it to let a machine check happen");
}

static const TypeInfo spapr_fwnmi_types[] = {
    {
        .name = TYPE_SPAPR_FWNMI,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprFwnmi),
        .class_init = spapr_fwnmi_class_init,
    },
};

DEFINE_TYPES(spapr_fwnmi_types)
