/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's processors, as the guest deals with them
 *
 * Hypercalls that let a processor wait, wake another or set registers that
 * belong to the hypervisor; RTAS calls that start and stop processors; the
 * nodes below /cpus. The processors themselves are made in spapr_cpu_core.c.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "hw/ppc/spapr_numa.h"
#include "hw/ppc/spapr_vcpu.h"
#include "system/runstate.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/helper_regs.h"

/* H_CONFER: the "all processors" code */
#define CONFER_TO_ALL           0xffffffffu

/* H_SIGNAL_SYS_RESET: targets that are no processor number */
#define SIGNAL_ALL              ((target_ulong)-1)
#define SIGNAL_ALL_OTHERS       ((target_ulong)-2)

/* H_SET_MODE: resources */
#define SET_MODE_CIABR          1
#define SET_MODE_DAWR0          2
#define SET_MODE_AIL            3
#define SET_MODE_ILE            4
#define SET_MODE_DAWR1          5

/* CIABR: privilege; DABR and DABRX; DAWRX. Power ISA, "Debug Facilities" */
#define CIABR_PRIV              PPC_BITMASK(62, 63)
#define CIABR_PRIV_HYP          PPC_BITMASK(62, 63)
#define DABR_BT                 PPC_BIT(61)
#define DABR_DW                 PPC_BIT(62)
#define DABR_DR                 PPC_BIT(63)
#define DABRX_BTI               PPC_BIT(60)
#define DABRX_HYP               PPC_BIT(61)
#define DABRX_PNH               PPC_BIT(62)
#define DABRX_PRO               PPC_BIT(63)
#define DAWRX_MRD               PPC_BITMASK(48, 53)
#define DAWRX_DW                PPC_BIT(57)
#define DAWRX_DR                PPC_BIT(58)
#define DAWRX_WT                PPC_BIT(59)
#define DAWRX_WTI               PPC_BIT(60)
#define DAWRX_HYP               PPC_BIT(61)
#define DAWRX_PNH               PPC_BIT(62)
#define DAWRX_PRO               PPC_BIT(63)

/* LoPAR, H_SET_MODE: the conditions that matter within a partition */
#define DAWRX_GUEST             (DAWRX_MRD | DAWRX_DW | DAWRX_DR | DAWRX_WT | \
                                 DAWRX_WTI | DAWRX_PNH | DAWRX_PRO)

/* LoPAR, "cpu" node: a round number, for TCG has no clock of its own */
#define CLOCK_FREQ              1000000000

/* The partition's virtual processors; they themselves hang on their cores */
struct SpaprVcpus {
    SpaprModule parent_obj;
};

OBJECT_DECLARE_SIMPLE_TYPE(SpaprVcpus, SPAPR_VCPUS)

/* Waiting, and waking others */

/*
 * H_CEDE, LoPAR "H_CEDE"; no arguments. Enables external interrupts and waits
 * for one or for H_PROD.
 *
 * Returns: H_SUCCESS
 */
static target_long h_cede(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    CPUPPCState *env = &cpu->env;

    env->msr |= 1ull << MSR_EE;
    hreg_compute_hflags(env);
    ppc_maybe_interrupt(env);
    if (vcpu->prodded) {
        vcpu->prodded = false;
    } else if (!cpu_has_work(CPU(cpu))) {
        spapr_vcpu_wait(vcpu, false, SPAPR_PREEMPT_CEDE);
    }
    return H_SUCCESS;
}

/*
 * H_PROD, LoPAR "H_PROD"; R4: processor number. Ends the processor's wait, or
 * else its next H_CEDE at once.
 *
 * Returns: H_SUCCESS; H_PARAMETER for a number that no processor has
 */
static target_long h_prod(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    PowerPCCPU *target = spapr_cpu_by_server(args[0]);
    SpaprVcpu *vcpu;

    if (!target) {
        return H_PARAMETER;
    }
    vcpu = spapr_vcpu(target);
    if (vcpu->stopped) {
        /* Nothing but start-cpu ends that */
        return H_SUCCESS;
    }
    if (spapr_vcpu_waits(vcpu)) {
        spapr_vcpu_wake(vcpu, SPAPR_DISPATCH_PROD);
    } else {
        vcpu->prodded = true;
    }
    return H_SUCCESS;
}

/* Wait until prodded; with external interrupts enabled they end it as well */
static void confer_to_self(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    if (vcpu->prodded) {
        vcpu->prodded = false;
    } else {
        spapr_vcpu_wait(vcpu, !FIELD_EX64(cpu->env.msr, MSR, EE),
                        SPAPR_PREEMPT_CONFER);
    }
}

/* Let others have the host's processor, or the TCG thread that all share */
static void confer_time_slice(PowerPCCPU *cpu)
{
    spapr_vcpu(cpu)->conferring = true;
    cpu_exit(CPU(cpu));
}

/*
 * H_CONFER, LoPAR "H_CONFER"; R4: processor number or -1 for all of them,
 * R5: the dispatch count that the caller saw in the target's VPA.
 *
 * The host decides who runs next, so that conferring to one processor is the
 * same as conferring to all: the caller's turn ends.
 *
 * Returns: H_SUCCESS; H_PARAMETER for a number that no processor has
 */
static target_long h_confer(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    bool all = args[0] == CONFER_TO_ALL || args[0] == (target_ulong)-1;
    PowerPCCPU *target = all ? NULL : spapr_cpu_by_server(args[0]);
    uint32_t count;

    if (!all && !target) {
        return H_PARAMETER;
    }
    if (target == cpu) {
        confer_to_self(cpu);
        return H_SUCCESS;
    }
    if (target) {
        count = qatomic_read(&spapr_vcpu(target)->vpa.dispatch_count);
        if (count != (uint32_t)args[1] || !(count & 1)) {
            /* It has been dispatched meanwhile: nothing to help it with */
            return H_SUCCESS;
        }
    }
    confer_time_slice(cpu);
    return H_SUCCESS;
}

/*
 * H_JOIN, LoPAR "H_JOIN"; no arguments. Waits for H_PROD or a system reset.
 *
 * Returns: H_BAD_MODE with external interrupts enabled; H_CONTINUE at once to
 * the last processor that has not joined; H_SUCCESS to the others
 */
static target_long h_join(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    if (FIELD_EX64(cpu->env.msr, MSR, EE)) {
        return H_BAD_MODE;
    }
    if (spapr_vcpu_sole_active(vcpu)) {
        return H_CONTINUE;
    }
    if (vcpu->prodded) {
        vcpu->prodded = false;
    } else {
        vcpu->joined = true;
        spapr_vcpu_wait(vcpu, true, SPAPR_PREEMPT_CONFER);
    }
    return H_SUCCESS;
}

/*
 * H_SIGNAL_SYS_RESET, Linux plpar_signal_sys_reset(); R4: processor number, -1
 * for all, -2 for all but the caller. System reset interrupt, also to those
 * that wait; stopped ones ignore it.
 *
 * Returns: H_SUCCESS; H_PARAMETER for a number that no processor has
 */
static target_long h_signal_sys_reset(PowerPCCPU *cpu, void *opaque,
                                      target_ulong *args)
{
    PowerPCCPU *target;
    CPUState *cs;

    if (args[0] == SIGNAL_ALL || args[0] == SIGNAL_ALL_OTHERS) {
        CPU_FOREACH(cs) {
            if (args[0] == SIGNAL_ALL || cs != CPU(cpu)) {
                spapr_cpu_system_reset(POWERPC_CPU(cs));
            }
        }
        return H_SUCCESS;
    }
    target = spapr_cpu_by_server(args[0]);
    if (!target) {
        return H_PARAMETER;
    }
    spapr_cpu_system_reset(target);
    return H_SUCCESS;
}

/* Registers that are the hypervisor's */

/*
 * H_SET_SPRG0, LoPAR "H_SET_SPRG0"; R4: the value.
 *
 * Returns: H_SUCCESS
 */
static target_long h_set_sprg0(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    cpu->env.spr[SPR_SPRG0] = args[0];
    return H_SUCCESS;
}

/*
 * Our processors have DAWR0 in place of the older DABR, with the same address
 * field and the conditions elsewhere.
 */
static void store_dabr(CPUPPCState *env, uint64_t dabr, uint64_t dabrx)
{
    uint32_t dawrx = 0;

    dawrx |= dabr & DABR_DW ? DAWRX_DW : 0;
    dawrx |= dabr & DABR_DR ? DAWRX_DR : 0;
    dawrx |= dabr & DABR_BT ? DAWRX_WT : 0;
    dawrx |= dabrx & DABRX_BTI ? DAWRX_WTI : 0;
    dawrx |= dabrx & DABRX_PNH ? DAWRX_PNH : 0;
    dawrx |= dabrx & DABRX_PRO ? DAWRX_PRO : 0;
    ppc_store_dawr0(env, dabr & ~(DABR_BT | DABR_DW | DABR_DR));
    ppc_store_dawrx0(env, dawrx);
}

/*
 * H_SET_DABR, LoPAR "H_SET_DABR"; R4: DABR. We have the extended facility, so
 * any value will do.
 *
 * Returns: H_SUCCESS
 */
static target_long h_set_dabr(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    store_dabr(&cpu->env, args[0], DABRX_PNH | DABRX_PRO);
    return H_SUCCESS;
}

/*
 * H_SET_XDABR, LoPAR "H_SET_XDABR"; R4: DABR, R5: DABRX.
 *
 * Returns: H_SUCCESS; H_PARAMETER when DABRX has reserved bits or the
 * hypervisor's, or none of problem and privileged state
 */
static target_long h_set_xdabr(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    if (args[1] & ~(DABRX_BTI | DABRX_PNH | DABRX_PRO)) {
        return H_PARAMETER;
    }
    if (!(args[1] & (DABRX_PNH | DABRX_PRO))) {
        return H_PARAMETER;
    }
    store_dabr(&cpu->env, args[0], args[1]);
    return H_SUCCESS;
}

/* The code for flags that aren't supported tells the number of the first one */
static target_long unsupported_flag(target_ulong mflags)
{
    return H_UNSUPPORTED_FLAG - clz64(mflags);
}

/* H_SET_MODE, resource 1: completed instruction address breakpoint */
static target_long set_ciabr(PowerPCCPU *cpu, target_ulong mflags,
                             target_ulong value1, target_ulong value2)
{
    if (value2) {
        return H_P4;
    }
    if (mflags) {
        return unsupported_flag(mflags);
    }
    if ((value1 & CIABR_PRIV) == CIABR_PRIV_HYP) {
        return H_P3;
    }
    ppc_store_ciabr(&cpu->env, value1);
    return H_SUCCESS;
}

/* H_SET_MODE, resources 2 and 5: data address watchpoints */
static target_long set_dawr(PowerPCCPU *cpu, int number, target_ulong mflags,
                            target_ulong value1, target_ulong value2)
{
    CPUPPCState *env = &cpu->env;

    if (mflags) {
        return unsupported_flag(mflags);
    }
    if (value2 & ~DAWRX_GUEST) {
        return H_P4;
    }
    if (number == 0) {
        ppc_store_dawr0(env, value1);
        ppc_store_dawrx0(env, value2);
    } else {
        ppc_store_dawr1(env, value1);
        ppc_store_dawrx1(env, value2);
    }
    return H_SUCCESS;
}

/*
 * H_SET_MODE, resource 3: alternate interrupt location. Power ISA 3.1 has
 * withdrawn mode 2; mode 1 has always been reserved.
 */
static target_long set_ail(PowerPCCPU *cpu, target_ulong mflags,
                           target_ulong value1, target_ulong value2)
{
    bool has_mode_2 = !spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_3_10);

    if (value1) {
        return H_P3;
    }
    if (value2) {
        return H_P4;
    }
    if (mflags == 1) {
        /* LoPAR gives the number itself: -318 */
        return H_UNSUPPORTED_FLAG - 62;
    }
    if (mflags > 3 || (mflags == 2 && !has_mode_2)) {
        return unsupported_flag(mflags);
    }
    if (mflags == 3 && !spapr_caps_on(spapr_vcpu(cpu)->core->hv->caps,
                                      SPAPR_CAP_AIL_MODE_3)) {
        return unsupported_flag(mflags);
    }
    spapr_cpu_set_lpcr_all(mflags << LPCR_AIL_SHIFT, LPCR_AIL);
    return H_SUCCESS;
}

/* An interrupt in the midst of the change would go astray */
static bool any_cpu_takes_interrupts(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        PowerPCCPU *cpu = POWERPC_CPU(cs);

        if (!spapr_vcpu(cpu)->stopped && FIELD_EX64(cpu->env.msr, MSR, EE)) {
            return true;
        }
    }
    return false;
}

/* H_SET_MODE, resource 4: endianness of interrupts */
static target_long set_ile(PowerPCCPU *cpu, target_ulong mflags,
                           target_ulong value1, target_ulong value2)
{
    if (value1) {
        return H_P3;
    }
    if (value2) {
        return H_P4;
    }
    if (mflags > 1) {
        return unsupported_flag(mflags);
    }
    if (any_cpu_takes_interrupts()) {
        return H_BAD_MODE;
    }
    spapr_cpu_set_lpcr_all(mflags ? LPCR_ILE : 0, LPCR_ILE);
    return H_SUCCESS;
}

/*
 * H_SET_MODE, LoPAR "H_SET_MODE"; R4: flags, R5: resource, R6 and R7: values.
 * The resources depend on the architecture level that the guest sees; the
 * second watchpoint came with Power ISA 3.1 (Linux, plpar_set_watchpoint1()).
 *
 * Returns: H_SUCCESS; H_P2 for an unknown resource; H_UNSUPPORTED_FLAG - n for
 * flag n; H_P3 or H_P4 for values that the resource can't take; H_BAD_MODE
 * for another endianness while a processor has interrupts enabled
 */
static target_long h_set_mode(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    target_ulong mflags = args[0], value1 = args[2], value2 = args[3];
    bool isa207 = spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_2_07);
    bool isa310 = spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_3_10);

    switch (args[1]) {
    case SET_MODE_CIABR:
        return isa207 ? set_ciabr(cpu, mflags, value1, value2) : H_P2;
    case SET_MODE_DAWR0:
        return isa207 ? set_dawr(cpu, 0, mflags, value1, value2) : H_P2;
    case SET_MODE_AIL:
        return isa207 ? set_ail(cpu, mflags, value1, value2) : H_P2;
    case SET_MODE_ILE:
        return set_ile(cpu, mflags, value1, value2);
    case SET_MODE_DAWR1:
        return isa310 ? set_dawr(cpu, 1, mflags, value1, value2) : H_P2;
    default:
        return H_P2;
    }
}

/* RTAS */

/*
 * start-cpu, LoPAR "start-cpu"; processor number, guest real address to start
 * at, contents of R3.
 *
 * Returns: success; hardware error for a processor that isn't stopped;
 * parameter error for a number that no processor has
 */
static int32_t rtas_start_cpu(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    PowerPCCPU *target = spapr_cpu_by_server(args[0]);

    if (!target) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (!spapr_vcpu(target)->stopped) {
        return RTAS_OUT_HW_ERROR;
    }
    spapr_cpu_start(target, args[1], 0, args[2], 0);
    return RTAS_OUT_SUCCESS;
}

/*
 * stop-self, LoPAR "stop-self". Doesn't return to the guest. With the last
 * active processor the partition ends, since none is left to start another.
 */
static int32_t rtas_stop_self(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    if (spapr_vcpu_sole_active(spapr_vcpu(cpu))) {
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    }
    spapr_cpu_stop(cpu);
    return RTAS_OUT_SUCCESS;
}

/*
 * query-cpu-stopped-state, LoPAR "query-cpu-stopped state"; processor number.
 * The result is 0 for a stopped processor and 2 for another; 1 (stopping) is
 * never seen.
 *
 * Returns: success; parameter error for a number that no processor has
 */
static int32_t rtas_query_cpu_stopped_state(PowerPCCPU *cpu, void *opaque,
                                            const uint32_t *args,
                                            uint32_t *outs)
{
    PowerPCCPU *target = spapr_cpu_by_server(args[0]);

    if (!target) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = spapr_vcpu(target)->stopped ? 0 : 2;
    return RTAS_OUT_SUCCESS;
}

/* Device tree */

/*
 * LoPAR, table "Definition for attribute-specifier attribute-specifier-type
 * value 0": what of it TCG does, from which architecture level on. Bytes from
 * 24 up came later; Linux's ibm_pa_features[] (arch/powerpc/kernel/prom.c)
 * names those that it looks at.
 *
 * Not there are, among others: strong storage order (4.0), transactional
 * memory (22.0), and zeros read from invalid SLB entries (1.6), for TCG reads
 * what they held.
 */
static const struct {
    uint8_t byte, bit;
    uint32_t since;
} pa_features[] = {
    { 0, 0, 0 },    /* MMU */
    { 0, 1, 0 },    /* floating point */
    { 0, 2, 0 },    /* SLB */
    { 0, 3, 0 },    /* RUN field of CTRL */
    { 0, 5, 0 },    /* DABR, by way of DAWR0 */
    { 0, 6, 0 },    /* no-execute bit of page table entries */
    { 1, 2, 0 },    /* cache-inhibited large pages */
    { 1, 3, 0 },    /* frin, friz, frip, frim */
    { 1, 4, 0 },    /* DABRX, likewise */
    { 1, 5, 0 },    /* SPRG3 for user space */
    { 1, 7, 0 },    /* page protection 0b110 */
    { 2, 1, 0 },    /* data streams of 2.05: hints, accepted */
    { 2, 3, 0 },    /* DAR after an alignment interrupt */
    { 2, 5, 0 },    /* program priority register */
    { 2, 6, 0 },    /* data streams of 2.02 */
    { 2, 7, CPU_POWERPC_LOGICAL_2_06 },     /* data streams of 2.06 */
    { 3, 0, CPU_POWERPC_LOGICAL_2_06 },     /* load stream disable in DSCR */
    { 3, 1, CPU_POWERPC_LOGICAL_2_06 },     /* urgency field in DSCR */
    { 5, 0, 0 },    /* little endian */
    { 5, 1, 0 },    /* CFAR */
    { 5, 2, CPU_POWERPC_LOGICAL_2_07 },     /* elemental barriers */
    { 5, 3, CPU_POWERPC_LOGICAL_2_07 },     /* load and store quadword */
    { 6, 0, CPU_POWERPC_LOGICAL_2_07 },     /* data streams of 2.07 */
    { 16, 0, CPU_POWERPC_LOGICAL_2_07 },    /* vector of 2.07 */
    { 20, 0, CPU_POWERPC_LOGICAL_2_07 },    /* vector.crypto of 2.07 */
    { 64, 0, CPU_POWERPC_LOGICAL_3_10 },    /* second DAWR */
};

/* Vector-scalar of 2.07 */
#define PA_FEATURES_VSX_BYTE    18
#define PA_FEATURES_VSX         0x80
#define PA_FEATURES_RADIX_BYTE  40
#define PA_FEATURES_RADIX       0x80
#define PA_FEATURES_SIZE        66
#define PA_FEATURES_SIZE_207    24

static void dt_add_pa_features(DtNode *node, PowerPCCPU *cpu)
{
    bool isa300 = spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_3_00);
    uint8_t value[2 + PA_FEATURES_SIZE] = { 0 };
    uint8_t *attributes = value + 2;

    /* The header: the number of bytes behind it, then type 0 */
    value[0] = isa300 ? PA_FEATURES_SIZE : PA_FEATURES_SIZE_207;
    for (int i = 0; i < ARRAY_SIZE(pa_features); i++) {
        if (spapr_cpu_has_isa(cpu, pa_features[i].since)) {
            attributes[pa_features[i].byte] |= 0x80 >> pa_features[i].bit;
        }
    }
    if (cpu->env.insns_flags2 & PPC2_VSX207) {
        attributes[PA_FEATURES_VSX_BYTE] |= PA_FEATURES_VSX;
    }
    if (isa300 && spapr_mmu_can_radix()) {
        attributes[PA_FEATURES_RADIX_BYTE] |= PA_FEATURES_RADIX;
    }
    dt_prop(node, "ibm,pa-features", value, 2 + value[0]);
}

static void dt_add_threads(DtNode *node, SpaprCpuCore *core)
{
    uint32_t servers[SPAPR_MAX_THREADS];
    uint32_t gservers[2 * SPAPR_MAX_THREADS];
    /* An older architecture may not know of so many threads */
    int n = MIN(core->nr_vcpus, ppc_compat_max_vthreads(core->vcpus[0].cpu));

    for (int i = 0; i < n; i++) {
        servers[i] = core->vcpus[i].cpu->vcpu_id;
        /*
         * Number, and that of the global queue. Each processor has one to
         * itself: Linux sends interrupts to its boot processor's, and a kernel
         * that a crash started may run on any, with all others silent.
         */
        gservers[2 * i] = servers[i];
        gservers[2 * i + 1] = servers[i];
    }
    dt_prop_cells_n(node, "ibm,ppc-interrupt-server#s", servers, n);
    dt_prop_cells_n(node, "ibm,ppc-interrupt-gserver#s", gservers, 2 * n);
}

static void dt_add_caches(DtNode *node, PowerPCCPU *cpu)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);
    CPUPPCState *env = &cpu->env;

    dt_prop_u32(node, "d-cache-size", pcc->l1_dcache_size);
    dt_prop_u32(node, "d-cache-block-size", env->dcache_line_size);
    dt_prop_u32(node, "d-cache-line-size", env->dcache_line_size);
    dt_prop_u32(node, "i-cache-size", pcc->l1_icache_size);
    dt_prop_u32(node, "i-cache-block-size", env->icache_line_size);
    dt_prop_u32(node, "i-cache-line-size", env->icache_line_size);
    dt_prop_u32(node, "reservation-granule-size", env->dcache_line_size);
}

static void dt_add_mmu(DtNode *node, SpaprHypervisor *hv, PowerPCCPU *cpu)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);
    struct ppc_radix_page_info *radix = pcc->radix_page_info;
    uint32_t page_sizes[64];
    size_t size;

    dt_prop_u32(node, "slb-size", cpu->hash64_opts->slb_size);
    dt_prop_u32(node, "ibm,slb-size", cpu->hash64_opts->slb_size);
    size = ppc_create_page_sizes_prop(cpu, page_sizes, sizeof(page_sizes));
    dt_prop(node, "ibm,segment-page-sizes", page_sizes, size);
    if (ppc_hash64_has(cpu, PPC_HASH64_1TSEG)) {
        /* 256 MiB, 1 TiB; the other two encodings are free */
        dt_prop_cells(node, "ibm,processor-segment-sizes",
                      28, 40, UINT32_MAX, UINT32_MAX);
    }
    if (hv->hpt && hv->hpt->shift) {
        dt_prop_cells(node, "ibm,pft-size", 0, hv->hpt->shift);
    }
    if (radix && spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_3_00)) {
        dt_prop_cells_n(node, "ibm,processor-radix-AP-encodings",
                        radix->entries, radix->count);
    }
}

static void dt_add_features(DtNode *node, PowerPCCPU *cpu)
{
    CPUPPCState *env = &cpu->env;
    bool isa206 = spapr_cpu_has_isa(cpu, CPU_POWERPC_LOGICAL_2_06);

    dt_prop_empty(node, "64-bit");
    if (env->insns_flags & PPC_ALTIVEC) {
        bool vsx = isa206 && (env->insns_flags2 & PPC2_VSX);

        dt_prop_u32(node, "ibm,vmx", vsx ? 2 : 1);
    }
    if (env->insns_flags2 & PPC2_DFP) {
        dt_prop_u32(node, "ibm,dfp", isa206 ? 2 : 1);
    }
    if (env->spr_cb[SPR_PURR].name) {
        dt_prop_u32(node, "ibm,purr", 1);
        dt_prop_u32(node, "ibm,spurr", 1);
    }
    /* Implementation specific; POWER7's guide is the newest it can name */
    dt_prop_cells(node, "performance-monitor", 0, 1);
    dt_add_pa_features(node, cpu);
}

static void dt_add_core(DtNode *cpus, SpaprHypervisor *hv, SpaprCpuCore *core)
{
    PowerPCCPU *cpu = core->vcpus[0].cpu;
    DtNode *node = dt_add(cpus, "%s@%x", DEVICE_GET_CLASS(cpu)->fw_name,
                          cpu->vcpu_id);

    dt_prop_string(node, "device_type", "cpu");
    dt_prop_string(node, "status", "okay");
    dt_prop_u32(node, "reg", cpu->vcpu_id);
    dt_prop_u32(node, "cpu-version",
                cpu->compat_pvr ?: cpu->env.spr[SPR_PVR]);
    dt_prop_u32(node, "timebase-frequency", SPAPR_TIMEBASE_FREQ);
    dt_prop_u32(node, "clock-frequency", CLOCK_FREQ);
    dt_add_threads(node, core);
    dt_add_caches(node, cpu);
    dt_add_mmu(node, hv, cpu);
    dt_add_features(node, cpu);
    spapr_caps_cpu_dt(hv->caps, node, cpu);
    spapr_numa_cpu_dt(hv->numa, node, cpu);
}

static void vcpus_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprHypervisor *hv = module->hv;
    DtNode *cpus = dt_get(root, "cpus");
    uint64_t memory = hv->memory->size;
    unsigned cores = 0;

    dt_prop_u32(cpus, "#address-cells", 1);
    dt_prop_u32(cpus, "#size-cells", 0);
    for (guint i = 0; i < hv->vcpus->len; i++) {
        SpaprVcpu *vcpu = g_ptr_array_index(hv->vcpus, i);

        if (vcpu && vcpu == &vcpu->core->vcpus[0]) {
            dt_add_core(cpus, hv, vcpu->core);
            cores++;
        }
    }
    /*
     * The most that there may ever be, of memory too. Linux asks for it when it
     * makes a DMA window that all memory is to fit in.
     */
    dt_prop_cells(dt_get(root, "rtas"), "ibm,lrdr-capacity",
                  memory >> 32, (uint32_t)memory,
                  SPAPR_LMB_SIZE >> 32, (uint32_t)SPAPR_LMB_SIZE, cores);
}

/* The module */

static void vcpus_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                 SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_CEDE, "H_CEDE", "hcall-splpar", h_cede },
        { H_PROD, "H_PROD", "hcall-splpar", h_prod },
        { H_CONFER, "H_CONFER", "hcall-splpar", h_confer },
        { H_JOIN, "H_JOIN", "hcall-join", h_join },
        { H_SIGNAL_SYS_RESET, "H_SIGNAL_SYS_RESET", NULL, h_signal_sys_reset },
        { H_SET_SPRG0, "H_SET_SPRG0", "hcall-sprg0", h_set_sprg0,
          .unlocked = true },
        { H_SET_DABR, "H_SET_DABR", "hcall-dabr", h_set_dabr,
          .unlocked = true },
        { H_SET_XDABR, "H_SET_XDABR", "hcall-xdabr", h_set_xdabr,
          .unlocked = true },
        { H_SET_MODE, "H_SET_MODE", "hcall-set-mode", h_set_mode },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
    spapr_rtas_register(rtas, "start-cpu", 3, 1, rtas_start_cpu, module);
    spapr_rtas_register(rtas, "stop-self", 0, 1, rtas_stop_self, module);
    spapr_rtas_register(rtas, "query-cpu-stopped-state", 1, 2,
                        rtas_query_cpu_stopped_state, module);
}

static void spapr_vcpus_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR virtual processors";
    smc->register_calls = vcpus_register_calls;
    smc->populate_dt = vcpus_populate_dt;
}

static const TypeInfo spapr_vcpus_types[] = {
    {
        .name = TYPE_SPAPR_VCPUS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprVcpus),
        .class_init = spapr_vcpus_class_init,
    },
};

DEFINE_TYPES(spapr_vcpus_types)
