/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: processor cores
 *
 * A core makes the processors that are its threads and gives each a SpaprVcpu.
 * Here is what concerns a processor's life: its birth, reset, start and stop,
 * waiting and waking, and the Logical Partitioning Control Register that the
 * hypervisor holds for it. What a guest calls is in spapr_vcpu.c.
 *
 * A processor that waits or is stopped has CPUState::halted set. While env's
 * "quiesced" is set too, target/ppc presents no interrupt to it, so that it
 * stays where it is.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/processor.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "hw/boards.h"
#include "hw/ppc/ppc.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_fwnmi.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_mmu.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "target/ppc/helper_regs.h"
#include "trace.h"

/* Processor models that have a core type of their own */
static const char *const core_models[] = {
    "power8_v2.0", "power8e_v2.1", "power8nvl_v1.0",
    "power9_v2.0", "power9_v2.2",
    "power10_v2.0",
    "power11_v2.0",
};

/*
 * How long a processor looks out for the end of a wait, at most. A disk answers
 * within that time, or a network's other end.
 */
#define POLL_MAX_NS             (300 * SCALE_US)

/* A look takes a microsecond or two, if no other thread wants the processor */
#define POLL_CROWDED_NS         (20 * SCALE_US)

/* How many times as long as another thread has had it nobody polls then */
#define POLL_REST               8

/* Pauses between two looks, for the sake of who shares the host's core */
#define POLL_PAUSES             50

/* Registers of a processor that is to start */
typedef struct StartState {
    target_ulong nip, r1, r3, r4;
} StartState;

const char *spapr_cpu_core_type(const char *cpu_type)
{
    g_autofree char *model = NULL;
    g_autofree char *name = NULL;
    ObjectClass *oc;

    if (!g_str_has_suffix(cpu_type, POWERPC_CPU_TYPE_SUFFIX)) {
        return NULL;
    }
    model = g_strndup(cpu_type,
                      strlen(cpu_type) - strlen(POWERPC_CPU_TYPE_SUFFIX));
    name = g_strdup_printf(SPAPR_CPU_CORE_TYPE_NAME("%s"), model);
    oc = object_class_by_name(name);
    return oc ? object_class_get_name(oc) : NULL;
}

PowerPCCPU *spapr_cpu_by_server(target_ulong server)
{
    SpaprHypervisor *hv;
    SpaprVcpu *vcpu;

    if (!first_cpu) {
        return NULL;
    }
    hv = spapr_vcpu(POWERPC_CPU(first_cpu))->core->hv;
    if (server >= hv->vcpus->len) {
        return NULL;
    }
    vcpu = g_ptr_array_index(hv->vcpus, server);
    return vcpu ? vcpu->cpu : NULL;
}

/* Waiting and waking */

void spapr_vcpu_wait(SpaprVcpu *vcpu, bool deaf, SpaprPreemptReason reason)
{
    CPUPPCState *env = &vcpu->cpu->env;

    trace_spapr_vcpu_wait(vcpu->cpu->vcpu_id, deaf);
    vcpu->deaf = deaf;
    vcpu->wait_reason = reason;
    env->quiesced = deaf;
    ppc_maybe_interrupt(env);
    /*
     * The execution loop halts the processor before it looks at interrupts.
     * Were "halted" set here, an interrupt that another thread raises before
     * the loop ends would be delivered to a halted processor and be lost.
     */
    cpu_interrupt(CPU(vcpu->cpu), CPU_INTERRUPT_HALT);
}

bool spapr_vcpu_waits(SpaprVcpu *vcpu)
{
    CPUState *cs = CPU(vcpu->cpu);

    return cs->halted || (cs->interrupt_request & CPU_INTERRUPT_HALT);
}

void spapr_vcpu_wake(SpaprVcpu *vcpu, SpaprDispatchReason reason)
{
    CPUState *cs = CPU(vcpu->cpu);
    CPUPPCState *env = &vcpu->cpu->env;

    trace_spapr_vcpu_wake(vcpu->cpu->vcpu_id);
    spapr_vpa_ready(vcpu->cpu, reason);
    vcpu->joined = false;
    vcpu->deaf = false;
    env->quiesced = false;
    cpu_reset_interrupt(cs, CPU_INTERRUPT_HALT);
    cs->halted = 0;
    ppc_maybe_interrupt(env);
    qemu_cpu_kick(cs);
}

/*
 * Halt polling
 *
 * To put a processor's thread to sleep and to wake it again takes the host tens
 * of microseconds, which is much for a guest that waits for a disk. So, as KVM
 * does it, a processor whose last wait was a brief one looks out for the end of
 * this one for a while before it sleeps. It is one at a time, and leaves the
 * host's processor to whoever wants it. Once somebody did, nobody polls for some
 * time: a thread that polls counts as running, and others may wait for it.
 */

static void poll_while_halted(SpaprVcpu *vcpu)
{
    SpaprHypervisor *hv = vcpu->core->hv;
    CPUState *cs = CPU(vcpu->cpu);
    int64_t now = vcpu->wait_since;
    int64_t end = now + POLL_MAX_NS;
    int64_t before;
    bool ended;

    /* Whoever ends a wait, or wants this thread for something else, kicks it */
    do {
        before = now;
        g_thread_yield();
        for (int i = 0; i < POLL_PAUSES; i++) {
            cpu_relax();
        }
        ended = qatomic_read(&cs->exit_request);
        now = get_clock();
    } while (!ended && now < end && now - before < POLL_CROWDED_NS);
    if (now - before >= POLL_CROWDED_NS) {
        hv->poll_after = now + (now - before) * POLL_REST;
    }
    trace_spapr_vcpu_poll(vcpu->cpu->vcpu_id, ended);
}

void spapr_vcpu_poll(SpaprVcpu *vcpu)
{
    SpaprHypervisor *hv = vcpu->core->hv;

    if (!CPU(vcpu->cpu)->halted || !hv->may_poll ||
        !qemu_tcg_mttcg_enabled()) {
        return;
    }
    vcpu->wait_since = get_clock();
    if (vcpu->waits_briefly && !qatomic_xchg(&hv->polling, true)) {
        if (vcpu->wait_since >= hv->poll_after) {
            poll_while_halted(vcpu);
        }
        qatomic_set(&hv->polling, false);
    }
}

void spapr_vcpu_poll_end(SpaprVcpu *vcpu)
{
    if (vcpu->wait_since) {
        vcpu->waits_briefly = get_clock() - vcpu->wait_since < POLL_MAX_NS;
        vcpu->wait_since = 0;
    }
}

bool spapr_vcpu_sole_active(SpaprVcpu *vcpu)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        SpaprVcpu *other = spapr_vcpu(POWERPC_CPU(cs));

        if (other != vcpu && spapr_vcpu_active(other)) {
            return false;
        }
    }
    return true;
}

/* Starting and stopping */

/*
 * MSR is LoPAR's, table "Machine State Register (MSR) State in Started
 * Processor"; the other registers are indeterminate there, so all zero here.
 */
static void cpu_enter(PowerPCCPU *cpu, const StartState *start)
{
    CPUPPCState *env = &cpu->env;

    memset(env->gpr, 0, sizeof(env->gpr));
    env->gpr[1] = start->r1;
    env->gpr[3] = start->r3;
    env->gpr[4] = start->r4;
    env->nip = start->nip;
    env->msr = (1ull << MSR_SF) | (1ull << MSR_ME);
    env->reserve_addr = -1;
    hreg_compute_hflags(env);
    spapr_vcpu_wake(spapr_vcpu(cpu), SPAPR_DISPATCH_BOOT);
}

static void do_start(CPUState *cs, run_on_cpu_data data)
{
    g_autofree StartState *start = data.host_ptr;

    /* A reset may have come in between */
    if (!spapr_vcpu(POWERPC_CPU(cs))->stopped) {
        cpu_enter(POWERPC_CPU(cs), start);
    }
}

void spapr_cpu_start(PowerPCCPU *cpu, target_ulong nip, target_ulong r1,
                     target_ulong r3, target_ulong r4)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    StartState start = { .nip = nip, .r1 = r1, .r3 = r3, .r4 = r4 };

    trace_spapr_cpu_start(cpu->vcpu_id, nip, r3);
    vcpu->stopped = false;
    vcpu->prodded = false;
    if (CPU(cpu)->stopped) {
        /* Reset: no processor runs, and the machine may go on to set up ours */
        cpu_enter(cpu, &start);
    } else {
        async_run_on_cpu(CPU(cpu), do_start,
                         RUN_ON_CPU_HOST_PTR(g_memdup2(&start, sizeof(start))));
    }
}

void spapr_cpu_stop(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    trace_spapr_cpu_stop(cpu->vcpu_id);
    vcpu->stopped = true;
    spapr_vcpu_wait(vcpu, true, SPAPR_PREEMPT_CEDE);
}

static void do_system_reset(CPUState *cs, run_on_cpu_data data)
{
    SpaprVcpu *vcpu = spapr_vcpu(POWERPC_CPU(cs));

    if (!vcpu->signalled || !runstate_is_running()) {
        /* A reset or a stop came in between */
        return;
    }
    vcpu->signalled = false;
    /* LoPAR, stop-self: a stopped processor performs a null action */
    if (!vcpu->stopped) {
        spapr_vcpu_wake(vcpu, SPAPR_DISPATCH_BOOT);
        spapr_fwnmi_system_reset(vcpu->core->hv->fwnmi, vcpu->cpu);
    }
}

void spapr_cpu_system_reset(PowerPCCPU *cpu)
{
    /* The signal ends its H_JOIN: another's may not find it joined still */
    spapr_vcpu(cpu)->joined = false;
    spapr_vcpu(cpu)->signalled = true;
    async_run_on_cpu(CPU(cpu), do_system_reset, RUN_ON_CPU_NULL);
}

/* What was on its way when the machine was stopped, here or on another host */
static void core_vm_state_change(void *opaque, bool running, RunState state)
{
    SpaprCpuCore *core = opaque;

    for (int i = 0; running && i < core->nr_vcpus; i++) {
        if (core->vcpus[i].signalled) {
            async_run_on_cpu(CPU(core->vcpus[i].cpu), do_system_reset,
                             RUN_ON_CPU_NULL);
        }
    }
}

/*
 * LPCR
 *
 * A processor in the midst of guest code must not see the register change
 * under it. Other threads leave their wish in its SpaprVcpu; they don't wait
 * for it to be fulfilled, as two processors that waited for each other would
 * do so for ever. A reset forgets wishes of the guest before.
 */

static void lpcr_modify(PowerPCCPU *cpu, target_ulong value, target_ulong mask)
{
    target_ulong lpcr = cpu->env.spr[SPR_LPCR];

    ppc_store_lpcr(cpu, (lpcr & ~mask) | (value & mask));
}

static void lpcr_apply_wish(SpaprVcpu *vcpu)
{
    if (vcpu->lpcr_mask) {
        lpcr_modify(vcpu->cpu, vcpu->lpcr_value, vcpu->lpcr_mask);
        vcpu->lpcr_mask = 0;
    }
}

/* Returns: whether it is done; otherwise the wish is noted */
static bool lpcr_set_or_wish(PowerPCCPU *cpu, target_ulong value,
                             target_ulong mask)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    if (qemu_cpu_is_self(CPU(cpu)) || CPU(cpu)->stopped) {
        vcpu->lpcr_mask &= ~mask;
        lpcr_modify(cpu, value, mask);
        return true;
    }
    vcpu->lpcr_value = (vcpu->lpcr_value & ~mask) | (value & mask);
    vcpu->lpcr_mask |= mask;
    return false;
}

static void do_lpcr(CPUState *cs, run_on_cpu_data data)
{
    lpcr_apply_wish(spapr_vcpu(POWERPC_CPU(cs)));
}

/* Runs while no processor executes guest code, and without the BQL */
static void do_lpcr_all(CPUState *caller, run_on_cpu_data data)
{
    BQL_LOCK_GUARD();
    CPUState *cs;

    CPU_FOREACH(cs) {
        lpcr_apply_wish(spapr_vcpu(POWERPC_CPU(cs)));
    }
}

void spapr_cpu_set_lpcr(PowerPCCPU *cpu, target_ulong value, target_ulong mask)
{
    if (!lpcr_set_or_wish(cpu, value, mask)) {
        async_run_on_cpu(CPU(cpu), do_lpcr, RUN_ON_CPU_NULL);
    }
}

void spapr_cpu_set_lpcr_all(target_ulong value, target_ulong mask)
{
    bool done = true;
    CPUState *cs;

    CPU_FOREACH(cs) {
        done &= lpcr_set_or_wish(POWERPC_CPU(cs), value, mask);
    }
    if (done) {
        return;
    }
    if (current_cpu) {
        async_safe_run_on_cpu(current_cpu, do_lpcr_all, RUN_ON_CPU_NULL);
        return;
    }
    CPU_FOREACH(cs) {
        async_run_on_cpu(cs, do_lpcr, RUN_ON_CPU_NULL);
    }
}

/*
 * The hypervisor's choice: the guest takes its external interrupts itself
 * (LPES0, set from the start, without which they were the hypervisor's), no
 * virtualized real mode or segments, and all interrupts end H_CEDE.
 */
static target_ulong lpcr_at_reset(PowerPCCPU *cpu)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);
    target_ulong lpcr = cpu->env.spr[SPR_LPCR];

    lpcr &= ~(LPCR_VPM0 | LPCR_VPM1 | LPCR_ISL | LPCR_KBV);
    return lpcr | LPCR_LPES0 | pcc->lpcr_pm;
}

static void vcpu_forget(SpaprVcpu *vcpu)
{
    vcpu->prodded = false;
    vcpu->joined = false;
    vcpu->deaf = false;
    vcpu->signalled = false;
    vcpu->conferring = false;
    vcpu->wait_reason = SPAPR_PREEMPT_CEDE;
    vcpu->wait_since = 0;
    vcpu->waits_briefly = false;
    vcpu->lpcr_mask = 0;
}

/* Whether a guest of ours can have what LPCR holds; the core exits on some */
static bool lpcr_valid(PowerPCCPU *cpu)
{
    target_ulong lpcr = cpu->env.spr[SPR_LPCR];

    return lpcr == lpcr_at_reset(cpu) &&
        !(lpcr & ~POWERPC_CPU_GET_CLASS(cpu)->lpcr_mask) &&
        !(lpcr & LPCR_UPRT) == !(lpcr & LPCR_HR);
}

/* Afterwards the processor is stopped; the machine starts the one to boot */
static void vcpu_reset(SpaprVcpu *vcpu)
{
    SpaprHypervisor *hv = vcpu->core->hv;
    PowerPCCPU *cpu = vcpu->cpu;
    CPUPPCState *env = &cpu->env;

    cpu_reset(CPU(cpu));
    vcpu_forget(vcpu);
    vcpu->stopped = true;
    CPU(cpu)->halted = 1;
    env->quiesced = true;
    /* target/ppc leaves what the guest before had in these */
    memset(env->gpr, 0, sizeof(env->gpr));
    memset(env->slb, 0, sizeof(env->slb));
    cpu_ppc_tb_reset(env);
    spapr_vpa_reset(cpu);
    ppc_store_lpcr(cpu, lpcr_at_reset(cpu));
    /* The reset has cleared PCR */
    ppc_set_compat(cpu, cpu->compat_pvr, &error_abort);
    spapr_cpu_set_lpcr(cpu, spapr_caps_lpcr(hv->caps, cpu), SPAPR_CAPS_LPCR);
    if (hv->mmu) {
        spapr_mmu_cpu_reset(hv->mmu, cpu);
    }
    spapr_irq_vcpu_reset(hv->irq, vcpu);
}

static void core_reset_hold(Object *obj, ResetType type)
{
    SpaprCpuCore *core = SPAPR_CPU_CORE(obj);

    for (int i = 0; i < core->nr_vcpus; i++) {
        vcpu_reset(&core->vcpus[i]);
    }
}

/* Birth and death */

static unsigned core_server(SpaprCpuCore *core, int thread)
{
    MachineState *ms = MACHINE(qdev_get_machine());

    return CPU_CORE(core)->core_id / ms->smp.threads * core->vsmt + thread;
}

static bool core_check(SpaprCpuCore *core, Error **errp)
{
    MachineState *ms = MACHINE(qdev_get_machine());
    CPUCore *cc = CPU_CORE(core);
    unsigned threads = ms->smp.threads;

    if (!core->hv) {
        /* Nobody has made it a part of the partition */
        error_setg(errp, "%s: the machine takes no processors by -device",
                   object_get_typename(OBJECT(core)));
    } else if (cc->nr_threads < 1 || cc->nr_threads > threads) {
        error_setg(errp, "nr-threads=%d: a core has 1 to %u threads (-smp "
                   "threads)", cc->nr_threads, threads);
    } else if (cc->core_id % threads || cc->core_id >= ms->smp.max_cpus) {
        error_setg(errp, "core-id=%d: must be a multiple of %u (-smp threads) "
                   "less than %u (-smp maxcpus)", cc->core_id, threads,
                   ms->smp.max_cpus);
    } else if (spapr_cpu_by_server(core_server(core, 0))) {
        error_setg(errp, "core-id=%d: there is such a core already",
                   cc->core_id);
    } else {
        return true;
    }
    return false;
}

/* All that must be known before the processor's own thread begins */
static void vcpu_prepare(SpaprVcpu *vcpu, SpaprCpuCore *core, int thread)
{
    SpaprCpuCoreClass *ccc = SPAPR_CPU_CORE_GET_CLASS(core);
    CPUCore *cc = CPU_CORE(core);
    PowerPCCPU *cpu = POWERPC_CPU(object_new(ccc->cpu_type));

    vcpu->core = core;
    vcpu->cpu = cpu;
    spapr_vpa_init(&vcpu->vpa);
    vcpu_forget(vcpu);
    vcpu->stopped = true;
    cpu->machine_data = vcpu;
    cpu->vcpu_id = core_server(core, thread);
    cpu->node_id = core->node_id;
    cpu->env.has_smt_siblings = cc->nr_threads > 1;
    cpu->env.core_index = cc->core_id;
    CPU(cpu)->cpu_index = cc->core_id + thread;
    CPU(cpu)->start_powered_off = true;
    spapr_caps_setup_cpu(core->hv->caps, cpu);
    cpu_ppc_set_vhyp(cpu, PPC_VIRTUAL_HYPERVISOR(core->hv));
}

static void vcpu_unrealize(SpaprVcpu *vcpu)
{
    PowerPCCPU *cpu = vcpu->cpu;
    GPtrArray *all = vcpu->core->hv->vcpus;

    spapr_irq_vcpu_destroy(vcpu->core->hv->irq, vcpu);
    g_ptr_array_index(all, cpu->vcpu_id) = NULL;
    qdev_unrealize(DEVICE(cpu));
    cpu_ppc_tb_free(&cpu->env);
    spapr_hcall_counters_retire(vcpu->core->hv->hcalls, vcpu->hcalls);
    spapr_vpa_cleanup(&vcpu->vpa);
    object_unparent(OBJECT(cpu));
}

static bool vcpu_realize(SpaprVcpu *vcpu, SpaprCpuCore *core, int thread,
                         Error **errp)
{
    GPtrArray *all = core->hv->vcpus;
    g_autofree char *name = g_strdup_printf("thread[%d]", thread);
    PowerPCCPU *cpu;

    vcpu_prepare(vcpu, core, thread);
    cpu = vcpu->cpu;
    object_property_add_child(OBJECT(core), name, OBJECT(cpu));
    object_unref(OBJECT(cpu));
    if (!qdev_realize(DEVICE(cpu), NULL, errp)) {
        spapr_vpa_cleanup(&vcpu->vpa);
        object_unparent(OBJECT(cpu));
        return false;
    }
    vcpu->hcalls = spapr_hcall_counters_new();
    /* All threads of a core are the partition's */
    cpu_ppc_set_1lpar(cpu);
    cpu->env.spr_cb[SPR_PIR].default_value = cpu->vcpu_id;
    cpu->env.spr_cb[SPR_TIR].default_value = thread;
    cpu_ppc_tb_init(&cpu->env, SPAPR_TIMEBASE_FREQ);
    if (all->len <= cpu->vcpu_id) {
        g_ptr_array_set_size(all, cpu->vcpu_id + 1);
    }
    g_ptr_array_index(all, cpu->vcpu_id) = vcpu;
    if (!spapr_irq_vcpu_create(core->hv->irq, vcpu, errp)) {
        vcpu_unrealize(vcpu);
        return false;
    }
    return true;
}

static void core_unrealize_threads(SpaprCpuCore *core)
{
    while (core->nr_vcpus) {
        vcpu_unrealize(&core->vcpus[--core->nr_vcpus]);
    }
    g_clear_pointer(&core->vcpus, g_free);
}

static void core_realize(DeviceState *dev, Error **errp)
{
    SpaprCpuCore *core = SPAPR_CPU_CORE(dev);
    CPUCore *cc = CPU_CORE(dev);

    if (!core_check(core, errp)) {
        return;
    }
    core->vcpus = g_new0(SpaprVcpu, cc->nr_threads);
    for (int i = 0; i < cc->nr_threads; i++) {
        if (!vcpu_realize(&core->vcpus[i], core, i, errp)) {
            core_unrealize_threads(core);
            return;
        }
        core->nr_vcpus++;
    }
    qemu_register_resettable(OBJECT(core));
    core->vm_state = qemu_add_vm_change_state_handler(core_vm_state_change,
                                                      core);
}

static void core_unrealize(DeviceState *dev)
{
    SpaprCpuCore *core = SPAPR_CPU_CORE(dev);

    qemu_del_vm_change_state_handler(core->vm_state);
    qemu_unregister_resettable(OBJECT(core));
    core_unrealize_threads(core);
}

/* Migration */

/*
 * Interrupts that nothing raises again after a migration, as the processor
 * itself holds them until it takes them
 */
#define HELD_INTERRUPTS (PPC_INTERRUPT_DOORBELL | PPC_INTERRUPT_EBB)

static int vcpu_post_load(void *opaque, int version_id)
{
    SpaprVcpu *vcpu = opaque;
    CPUPPCState *env = &vcpu->cpu->env;

    lpcr_apply_wish(vcpu);
    if (!lpcr_valid(vcpu->cpu)) {
        error_report("incoming guest: LPCR 0x" TARGET_FMT_lx " of processor %d "
                     "can't be", env->spr[SPR_LPCR], vcpu->cpu->vcpu_id);
        return -EINVAL;
    }
    env->pending_interrupts &= ~HELD_INTERRUPTS;
    env->pending_interrupts |= vcpu->held_interrupts & HELD_INTERRUPTS;
    env->quiesced = vcpu->stopped || vcpu->deaf;
    ppc_maybe_interrupt(env);
    return spapr_vpa_post_load(vcpu->cpu);
}

static int vcpu_pre_save(void *opaque)
{
    SpaprVcpu *vcpu = opaque;

    vcpu->held_interrupts = vcpu->cpu->env.pending_interrupts &
                            HELD_INTERRUPTS;
    spapr_vpa_pre_save(vcpu->cpu);
    return 0;
}

static const VMStateDescription vmstate_spapr_vcpu = {
    .name = "spapr-vcpu",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = vcpu_pre_save,
    .post_load = vcpu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(vpa, SpaprVcpu, 1, vmstate_spapr_vpa, SpaprVpaState),
        VMSTATE_BOOL(prodded, SpaprVcpu),
        VMSTATE_BOOL(joined, SpaprVcpu),
        VMSTATE_BOOL(stopped, SpaprVcpu),
        VMSTATE_BOOL(deaf, SpaprVcpu),
        VMSTATE_BOOL(signalled, SpaprVcpu),
        VMSTATE_UINT8(wait_reason, SpaprVcpu),
        VMSTATE_UINT64(lpcr_value, SpaprVcpu),
        VMSTATE_UINT64(lpcr_mask, SpaprVcpu),
        VMSTATE_UINT32(held_interrupts, SpaprVcpu),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_cpu_core = {
    .name = TYPE_SPAPR_CPU_CORE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_VARRAY_POINTER_INT32(vcpus, SpaprCpuCore, nr_vcpus,
                                            vmstate_spapr_vcpu, SpaprVcpu),
        VMSTATE_END_OF_LIST()
    },
};

/* Cores come and go in any order, so their number tells them apart */
static char *core_vmstate_id(VMStateIf *obj)
{
    return g_strdup_printf("spapr-cpu-core@%x", CPU_CORE(obj)->core_id);
}

static void spapr_cpu_core_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "processor core of an sPAPR partition";
    dc->realize = core_realize;
    dc->unrealize = core_unrealize;
    dc->vmsd = &vmstate_spapr_cpu_core;
    RESETTABLE_CLASS(oc)->phases.hold = core_reset_hold;
    VMSTATE_IF_CLASS(oc)->get_id = core_vmstate_id;
}

static void core_model_class_init(ObjectClass *oc, void *data)
{
    SPAPR_CPU_CORE_CLASS(oc)->cpu_type = data;
}

static void register_core_model(const char *model)
{
    g_autofree char *name =
        g_strdup_printf(SPAPR_CPU_CORE_TYPE_NAME("%s"), model);
    const TypeInfo info = {
        .name = name,
        .parent = TYPE_SPAPR_CPU_CORE,
        .class_init = core_model_class_init,
        /* The class keeps it for good */
        .class_data = g_strdup_printf(POWERPC_CPU_TYPE_NAME("%s"), model),
    };

    type_register_static(&info);
}

static const TypeInfo spapr_cpu_core_info = {
    .name = TYPE_SPAPR_CPU_CORE,
    .parent = TYPE_CPU_CORE,
    .abstract = true,
    .instance_size = sizeof(SpaprCpuCore),
    .class_size = sizeof(SpaprCpuCoreClass),
    .class_init = spapr_cpu_core_class_init,
};

static void spapr_cpu_core_register_types(void)
{
    type_register_static(&spapr_cpu_core_info);
    for (int i = 0; i < ARRAY_SIZE(core_models); i++) {
        register_core_model(core_models[i]);
    }
}

type_init(spapr_cpu_core_register_types)
