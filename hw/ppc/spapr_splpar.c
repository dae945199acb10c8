/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's share of the platform
 *
 * The partition is alone on its platform. Its processors, which are cores, are
 * a pool of as many physical ones, so that each virtual processor is entitled
 * to a whole one. That is what the guest may count on, not what it gets: QEMU
 * shares the host with others, and what it lacks is seen in the virtual
 * processor areas (spapr_vpa.c). Less capacity or another weight, which a guest
 * may ask for, is noted and slows nobody down.
 *
 * With proc-mode=dedicated each virtual processor has a physical one to
 * itself. There is no pool then, and no H_PIC.
 *
 * Memory is the partition's own, too, so that the performance parameters of
 * shared memory are those of LoPAR's "dedicated memory partition".
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "exec/target_long.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/ppc/ppc.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_splpar.h"
#include "hw/ppc/spapr_vpa.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "trace.h"

/* LoPAR, "ibm,partition-performance-parameters-level" */
#define PERFORMANCE_PARAMETERS_LEVEL    1

/* Aggregation numbers: ours, and the code for "not applicable" */
#define GROUP_NUMBER                    0
#define POOL_NUMBER                     0
#define POOL_NOT_APPLICABLE             0xffff

#define MAX_WEIGHT                      255

/* H_GET_MPP: the code for "not applicable" in whole registers */
#define NOT_APPLICABLE                  ((target_ulong)-1)

static SpaprHypervisor *splpar_hv(SpaprSplpar *splpar)
{
    return SPAPR_MODULE(splpar)->hv;
}

/* Virtual processors that the partition has now */
static unsigned count_processors(SpaprSplpar *splpar)
{
    GPtrArray *vcpus = splpar_hv(splpar)->vcpus;
    unsigned n = 0;

    for (guint i = 0; i < vcpus->len; i++) {
        SpaprVcpu *vcpu = g_ptr_array_index(vcpus, i);

        n += vcpu && vcpu == &vcpu->core->vcpus[0];
    }
    return n;
}

static uint64_t max_entitled(SpaprSplpar *splpar)
{
    return SPAPR_CAPACITY_OF_PROCESSOR * (uint64_t)count_processors(splpar);
}

/* Processors */

/*
 * A dedicated processor has whole processors, and so no dispatch wheel with a
 * period of rotation.
 */
char *spapr_splpar_characteristics(SpaprSplpar *splpar)
{
    MachineState *machine = MACHINE(qdev_get_machine());
    unsigned threads = machine->smp.threads;
    unsigned procs = count_processors(splpar);
    unsigned max_procs = DIV_ROUND_UP(machine->smp.max_cpus, threads);
    unsigned one = splpar->shared ? SPAPR_MIN_CAPACITY_PER_VP :
                                    SPAPR_CAPACITY_OF_PROCESSOR;
    uint64_t mem = machine->ram_size / MiB;
    g_autoptr(GString) s = g_string_new("BoundThrds=0");

    g_string_append_printf(s, ",CapInc=%u", one);
    if (splpar->shared) {
        g_string_append_printf(s, ",DisWheRotPer=%u",
                               SPAPR_DISPATCH_WHEEL_TICKS);
    }
    g_string_append_printf(s, ",MinEntCap=%u,MinEntCapPerVP=%u", one, one);
    g_string_append_printf(s, ",MinMem=%" PRIu64 ",MinProcs=1", mem);
    g_string_append_printf(s, ",MaxEntCap=%u,MaxPlatProcs=%u",
                           max_procs * SPAPR_CAPACITY_OF_PROCESSOR, max_procs);
    g_string_append_printf(s, ",DesEntCap=%u,DesMem=%" PRIu64 ",DesProcs=%u",
                           procs * SPAPR_CAPACITY_OF_PROCESSOR, mem, procs);
    g_string_append_printf(s, ",DesVarCapWt=%u,DedDonMode=0",
                           splpar->shared ? SPAPR_DEFAULT_WEIGHT : 0);
    return g_string_free(g_steal_pointer(&s), false);
}

/*
 * H_GET_PPP, LoPAR "H_GET_PPP"; no arguments. R4: entitled capacity, R5:
 * unallocated capacity, R6: group and pool number, R7: capping mode, weights,
 * processors in the pool and on the platform, R8: processors and capacities of
 * the pool.
 *
 * Returns: H_SUCCESS
 */
static target_long h_get_ppp(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprSplpar *splpar = opaque;
    uint64_t processors = count_processors(splpar);
    uint64_t capacity = max_entitled(splpar);

    if (!splpar->shared) {
        args[0] = capacity;
        args[1] = 0;
        args[2] = GROUP_NUMBER << 16 | POOL_NOT_APPLICABLE;
        /* Capped; no weights, no pool */
        args[3] = 1ull << 48 | processors;
        args[4] = 0;
        return H_SUCCESS;
    }
    args[0] = splpar->entitled;
    /* Processors may have left, but the entitlement is still noted */
    args[1] = capacity > splpar->entitled ? capacity - splpar->entitled : 0;
    args[2] = GROUP_NUMBER << 16 | POOL_NUMBER;
    args[3] = (uint64_t)splpar->weight << 40 |
              (uint64_t)(MAX_WEIGHT - splpar->weight) << 32 |
              processors << 16 | processors;
    args[4] = processors << 48 | capacity << 24 | capacity;
    return H_SUCCESS;
}

/*
 * H_SET_PPP, LoPAR "H_SET_PPP"; R4: entitled capacity, R5: weight.
 *
 * Returns: H_PARAMETER for a weight beyond 255; H_CONSTRAINED when the capacity
 * was moved into what the virtual processors may have, or a dedicated
 * partition asks for anything but what it has; H_SUCCESS
 */
static target_long h_set_ppp(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprSplpar *splpar = opaque;
    uint64_t max = max_entitled(splpar);
    uint64_t min = SPAPR_MIN_CAPACITY_PER_VP *
                   (uint64_t)count_processors(splpar);

    if (args[1] > MAX_WEIGHT) {
        return H_PARAMETER;
    }
    if (!splpar->shared) {
        return args[0] == max && !args[1] ? H_SUCCESS : H_CONSTRAINED;
    }
    splpar->entitled = MIN(MAX(args[0], min), max);
    splpar->weight = args[1];
    trace_spapr_splpar_set(splpar->entitled, splpar->weight);
    return splpar->entitled == args[0] ? H_SUCCESS : H_CONSTRAINED;
}

/*
 * H_PURR, LoPAR "H_PURR"; no arguments. R4: the Processor Utilization of
 * Resources Register of the calling processor.
 *
 * Returns: H_SUCCESS
 */
static target_long h_purr(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    args[0] = cpu_ppc_load_purr(&cpu->env);
    return H_SUCCESS;
}

/*
 * H_POLL_PENDING, LoPAR "H_POLL_PENDING"; no arguments.
 *
 * Returns: H_PENDING when QEMU has something to do on the processor's thread,
 * or another processor waits for the thread that all share; H_SUCCESS
 */
static target_long h_poll_pending(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    CPUState *cs;

    if (!cpu_work_list_empty(CPU(cpu))) {
        return H_PENDING;
    }
    if (qemu_tcg_mttcg_enabled()) {
        return H_SUCCESS;
    }
    CPU_FOREACH(cs) {
        if (cs != CPU(cpu) && !spapr_vcpu(POWERPC_CPU(cs))->stopped &&
            (!cs->halted || cpu_has_work(cs))) {
            return H_PENDING;
        }
    }
    return H_SUCCESS;
}

/*
 * H_PIC, LoPAR "H_PIC"; no arguments. R4: idle time of the pool, R5: its
 * processors; then sums over these: R6: time base, R7: time that they were
 * dispatched, by PURR, R8: the same by SPURR, which for us is no other; R9: the
 * pool's number; R10 to R12: like R6 to R8, for all processors of the platform,
 * which are the same. All times are in time base ticks; the threads of a core
 * have equal shares in it.
 *
 * Returns: H_SUCCESS
 */
static target_long h_pic(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprSplpar *splpar = opaque;
    GPtrArray *vcpus = splpar_hv(splpar)->vcpus;
    unsigned processors = count_processors(splpar);
    uint64_t now = cpu_ppc_get_tb(cpu->env.tb_env,
                                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), 0);
    uint64_t idle = 0, busy = 0;

    for (guint i = 0; i < vcpus->len; i++) {
        SpaprVcpu *vcpu = g_ptr_array_index(vcpus, i);

        if (vcpu) {
            unsigned threads = vcpu->core->nr_vcpus;

            idle += spapr_vpa_idle_time(vcpu->cpu) / threads;
            busy += spapr_vpa_busy_time(vcpu->cpu) / threads;
        }
    }
    args[0] = idle;
    args[1] = processors;
    args[2] = args[6] = processors * now;
    args[3] = args[7] = busy;
    args[4] = args[8] = busy;
    args[5] = POOL_NUMBER;
    return H_SUCCESS;
}

/* Memory */

/*
 * H_GET_MPP, LoPAR "H_GET_MPP"; no arguments. R4: bytes that may be mapped for
 * I/O, R5: bytes that are (not applicable), R6: group and pool number (not
 * applicable), R7: weights (none), R8: size of the pool (not applicable), R9:
 * bytes that are asked back (none), R10: bytes that back the partition.
 *
 * Returns: H_SUCCESS
 */
static target_long h_get_mpp(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    uint64_t size = splpar_hv(opaque)->memory->size;

    args[0] = size;
    args[1] = NOT_APPLICABLE;
    args[2] = GROUP_NUMBER << 16 | POOL_NOT_APPLICABLE;
    args[3] = 0;
    args[4] = NOT_APPLICABLE;
    args[5] = 0;
    args[6] = size;
    return H_SUCCESS;
}

/*
 * H_SET_MPP, LoPAR "H_SET_MPP"; R4: bytes that may be mapped for I/O, R5:
 * weight.
 *
 * Returns: H_SUCCESS for what H_GET_MPP tells; H_CONSTRAINED for any other,
 * which changes nothing
 */
static target_long h_set_mpp(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    uint64_t size = splpar_hv(opaque)->memory->size;

    return args[0] == size && !args[1] ? H_SUCCESS : H_CONSTRAINED;
}

/* The module */

/*
 * No shared memory is promised ("hcall-cmo"): the calls that go with it would
 * have to come, too. Linux asks H_GET_MPP all the same, lparcfg.c.
 */
static void splpar_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                  SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_GET_PPP, "H_GET_PPP", "hcall-splpar", h_get_ppp },
        { H_SET_PPP, "H_SET_PPP", "hcall-splpar", h_set_ppp },
        { H_PURR, "H_PURR", "hcall-splpar", h_purr, .unlocked = true },
        { H_POLL_PENDING, "H_POLL_PENDING", "hcall-poll-pending",
          h_poll_pending, .unlocked = true },
        { H_SET_MPP, "H_SET_MPP", NULL, h_set_mpp },
        { H_GET_MPP, "H_GET_MPP", NULL, h_get_mpp },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
    if (SPAPR_SPLPAR(module)->shared) {
        powerpc_register_hypercall(hcalls, H_PIC, "H_PIC", "hcall-pic", h_pic,
                                   module);
    }
}

static void splpar_populate_dt(SpaprModule *module, DtNode *root)
{
    dt_prop_u32(root, "ibm,partition-performance-parameters-level",
                PERFORMANCE_PARAMETERS_LEVEL);
}

static void splpar_reset_hold(Object *obj, ResetType type)
{
    SpaprSplpar *splpar = SPAPR_SPLPAR(obj);

    splpar->entitled = max_entitled(splpar);
    splpar->weight = SPAPR_DEFAULT_WEIGHT;
}

static int splpar_pre_save(void *opaque)
{
    SpaprSplpar *splpar = opaque;

    splpar->migrated_shared = splpar->shared;
    return 0;
}

/* The guest has been told how its processors are, and knows nothing else */
static int splpar_post_load(void *opaque, int version_id)
{
    SpaprSplpar *splpar = opaque;

    if (splpar->migrated_shared != splpar->shared) {
        error_report("proc-mode=%s: the guest comes from a machine with "
                     "proc-mode=%s", splpar->shared ? "shared" : "dedicated",
                     splpar->migrated_shared ? "shared" : "dedicated");
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_spapr_splpar = {
    .name = TYPE_SPAPR_SPLPAR,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = splpar_pre_save,
    .post_load = splpar_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(migrated_shared, SpaprSplpar),
        VMSTATE_UINT64(entitled, SpaprSplpar),
        VMSTATE_UINT8(weight, SpaprSplpar),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_splpar_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR partition's share of the platform";
    dc->vmsd = &vmstate_spapr_splpar;
    RESETTABLE_CLASS(oc)->phases.hold = splpar_reset_hold;
    smc->register_calls = splpar_register_calls;
    smc->populate_dt = splpar_populate_dt;
}

static const TypeInfo spapr_splpar_types[] = {
    {
        .name = TYPE_SPAPR_SPLPAR,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprSplpar),
        .class_init = spapr_splpar_class_init,
    },
};

DEFINE_TYPES(spapr_splpar_types)
