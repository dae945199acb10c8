/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: how the partition translates addresses
 *
 * Hash or radix is settled with the guest by client-architecture-support; a
 * radix guest then registers its process table, from which its translations
 * start. LoPAR: "Memory Table Translation Option Exploitation".
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/processor.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "exec/cputlb.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "migration/vmstate.h"
#include "system/tcg.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "trace.h"

/* The bits of LPCR that this module looks after */
#define MMU_LPCR                (LPCR_UPRT | LPCR_HR | LPCR_GTSE)

/*
 * Second doubleword of the partition-table entry when no process table is
 * registered, the LoPAR's "platform dependent benign value": a table of 8 KiB
 * that is not aligned to its size. target/ppc answers that with an ordinary
 * storage interrupt. (It would answer a missing entry with one for the
 * hypervisor, which no processor of the board can take.)
 */
#define PATE1_NO_TABLE          (0x1000ULL | 1)

/* H_REGISTER_PROCESS_TABLE's flags and limits */
#define PRTB_FLAGS              PPC_BITMASK(59, 63)
#define PRTB_CHANGE             PPC_BIT(59)
#define PRTB_REGISTER           PPC_BITMASK(59, 60)
#define PRTB_RADIX              PPC_BIT(61)
#define PRTB_HPT_BY_TABLE       PPC_BIT(62)
#define PRTB_GTSE               PPC_BIT(63)
#define PRTB_MAX_SIZE           24

/* H_CLEAN_SLB's flags */
#define SLB_CLASS               PPC_BIT(47)
#define SLB_SIZE_1T             PPC_BIT(55)
#define SLB_GLOBAL              PPC_BIT(62)
#define SLB_NEST                PPC_BIT(63)

/* H_INVALIDATE_PID's flags */
#define PID_FLAGS               PPC_BITMASK(62, 63)

/* H_RPT_INVALIDATE's arguments, Linux, hvcall.h */
#define RPTI_PID_MAX            UINT32_MAX
#define RPTI_TARGET_ALL_CPUS    0x01
#define RPTI_TARGET_THIS_CPU    0x02
#define RPTI_TARGET_NEST        0x04
#define RPTI_TYPE_TLB           0x02
#define RPTI_TYPE_WALK_CACHE    0x04
#define RPTI_TYPE_PROCESS_TABLE 0x08
#define RPTI_TYPES              (RPTI_TYPE_TLB | RPTI_TYPE_WALK_CACHE | \
                                 RPTI_TYPE_PROCESS_TABLE)
#define RPTI_PAGE_4K            0x01
#define RPTI_PAGE_64K           0x02
#define RPTI_PAGE_2M            0x04
#define RPTI_PAGE_1G            0x08
#define RPTI_PAGES              (RPTI_PAGE_4K | RPTI_PAGE_64K | \
                                 RPTI_PAGE_2M | RPTI_PAGE_1G)
#define RPTI_PAGES_ALL          UINT64_MAX

/* To look for more pages than this in a TLB is slower than to empty it */
#define RPTI_MAX_PAGES          64

bool spapr_mmu_can_radix(void)
{
    const char *type = MACHINE(qdev_get_machine())->cpu_type;

    return POWERPC_CPU_CLASS(object_class_by_name(type))->radix_page_info;
}

/*
 * Flushing all TLBs from a hypercall
 *
 * The core's own way, tlb_flush_all_cpus_synced(), has all processors stand
 * still at one time. What the guest is promised is less: none uses an old
 * translation once the caller goes on. So each flushes its TLB by itself before
 * it enters guest code. Those that run such code are asked to leave it, and the
 * caller waits for these alone. There is no queue: one that is asked again and
 * again flushes its TLB once, and runs.
 *
 * They are on their way, so it is a matter of microseconds, if the host has a
 * processor for each. Otherwise, to have all stand still makes room for those
 * that are waited for.
 */
#define FLUSH_SPINS             1000

void spapr_mmu_enter(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    /* It counts as running by now: see spapr_mmu_flush_tlbs() */
    uint32_t wanted = qatomic_load_acquire(&vcpu->flush_wanted);

    if (wanted != qatomic_read(&vcpu->flush_done)) {
        tlb_flush(CPU(cpu));
        qatomic_store_release(&vcpu->flush_done, wanted);
    }
}

/* Whether a processor may still use what was to be gone */
static bool flush_pending(CPUState *cs)
{
    SpaprVcpu *vcpu = spapr_vcpu(POWERPC_CPU(cs));

    return qatomic_read(&cs->running) &&
           qatomic_read(&vcpu->flush_done) != qatomic_read(&vcpu->flush_wanted);
}

static bool flush_spin(SpaprMmu *mmu, CPUState *self)
{
    CPUState *cs;
    unsigned spins = mmu->flush_spins;

    RCU_READ_LOCK_GUARD();
    CPU_FOREACH(cs) {
        while (cs != self && flush_pending(cs)) {
            if (!spins) {
                return false;
            }
            spins--;
            cpu_relax();
        }
    }
    return true;
}

/* The caller has left its guest code. The others may need the BQL. */
static void flush_wait(CPUState *self, run_on_cpu_data data)
{
    bql_unlock();
    if (!flush_spin(data.host_ptr, self)) {
        start_exclusive();
        end_exclusive();
    }
    bql_lock();
}

void spapr_mmu_flush_tlbs(SpaprMmu *mmu, PowerPCCPU *cpu)
{
    CPUState *self = CPU(cpu), *cs;
    bool wait = false;

    if (!tcg_enabled()) {
        return;
    }
    CPU_FOREACH(cs) {
        if (cs != self) {
            qatomic_inc(&spapr_vcpu(POWERPC_CPU(cs))->flush_wanted);
            /* Either it finds the request when it enters, or it runs already */
            smp_mb();
            if (qatomic_read(&cs->running)) {
                cpu_exit(cs);
                wait = true;
            }
        }
    }
    tlb_flush(self);
    if (wait) {
        async_run_on_cpu(self, flush_wait, RUN_ON_CPU_HOST_PTR(mmu));
    }
}

static void mmu_flush_all(void)
{
    if (tcg_enabled() && first_cpu) {
        tlb_flush_all_cpus_synced(current_cpu ? current_cpu : first_cpu);
    }
}

/* POWER8 has none of these bits, and keeps the LPCR it has */
static void mmu_set_lpcr(SpaprMmu *mmu, uint64_t lpcr)
{
    mmu->lpcr = lpcr;
    if (spapr_mmu_can_radix()) {
        spapr_cpu_set_lpcr_all(lpcr, MMU_LPCR);
    }
    mmu_flush_all();
}

void spapr_mmu_cpu_reset(SpaprMmu *mmu, PowerPCCPU *cpu)
{
    if (spapr_mmu_can_radix()) {
        spapr_cpu_set_lpcr(cpu, mmu->lpcr, MMU_LPCR);
    }
}

bool spapr_mmu_set_mode(SpaprMmu *mmu, bool radix, bool gtse,
                        bool guest_resizes, Error **errp)
{
    SpaprHpt *hpt = SPAPR_MODULE(mmu)->hv->hpt;
    uint64_t lpcr = 0;

    if (radix && !spapr_mmu_can_radix()) {
        error_setg(errp, "the processor has no radix translation");
        return false;
    }
    if (!spapr_hpt_allocate(hpt, radix ? 0 :
                            spapr_hpt_initial_shift(hpt, guest_resizes),
                            errp)) {
        return false;
    }
    trace_spapr_mmu_set_mode(radix, gtse);
    mmu->radix = radix;
    mmu->gtse = radix && gtse;
    mmu->process_table = 0;
    if (radix) {
        lpcr = LPCR_UPRT | LPCR_HR | (gtse ? LPCR_GTSE : 0);
    }
    mmu_set_lpcr(mmu, lpcr);
    return true;
}

bool spapr_mmu_get_pate(SpaprMmu *mmu, ppc_v3_pate_t *entry)
{
    uint64_t table = qatomic_read_u64(&mmu->process_table);

    entry->dw0 = PATE0_HR;
    entry->dw1 = table ? table : PATE1_NO_TABLE;
    return true;
}

/*
 * H_REGISTER_PROCESS_TABLE, LoPAR "H_REGISTER_PROCESS_TABLE": R4 flags, R5
 * guest real address of the table, R6 page size (0 for radix), R7 log2 of the
 * table's bytes less 12. The last three are 0 unless a table is registered.
 *
 * What is implemented, as byte 23 of option vector 5 tells: hash by SLB without
 * a process table, and radix with one, whichever was negotiated. H_PARAMETER
 * for other flags, H_P2 for a table that is not in memory or, as the MMU asks,
 * not aligned to its size, H_P3 and H_P4 for the other arguments.
 */
static target_long h_register_process_table(PowerPCCPU *cpu, void *opaque,
                                            target_ulong *args)
{
    SpaprMmu *mmu = opaque;
    SpaprMemory *memory = SPAPR_MODULE(mmu)->hv->memory;
    uint64_t flags = args[0], base = args[1];
    uint64_t page_size = args[2], table_size = args[3];
    uint64_t process_table = mmu->process_table;
    uint64_t lpcr = 0;

    if ((flags & ~PRTB_FLAGS) || !!(flags & PRTB_RADIX) != mmu->radix) {
        return H_PARAMETER;
    }
    if ((flags & PRTB_GTSE) && !mmu->gtse) {
        return H_PARAMETER;
    }
    if (!mmu->radix && ((flags & PRTB_HPT_BY_TABLE) ||
                        (flags & PRTB_REGISTER) == PRTB_REGISTER)) {
        return H_PARAMETER;
    }

    if ((flags & PRTB_REGISTER) == PRTB_REGISTER) {
        /* A size that is wrong by itself is told of in its turn */
        uint64_t bytes = 1ULL << (12 + MIN(table_size, PRTB_MAX_SIZE));

        if (!QEMU_IS_ALIGNED(base, 4096) ||
            (table_size <= PRTB_MAX_SIZE &&
             (!QEMU_IS_ALIGNED(base, bytes) ||
              !spapr_memory_is_ram(memory, base, bytes))) ||
            !spapr_memory_is_ram(memory, base, 4096)) {
            return H_P2;
        }
        if (page_size) {
            return H_P3;
        }
        if (table_size > PRTB_MAX_SIZE) {
            return H_P4;
        }
        process_table = PATE1_GR | base | table_size;
    } else {
        if (base) {
            return H_P2;
        }
        if (page_size) {
            return H_P3;
        }
        if (table_size) {
            return H_P4;
        }
        if (flags & PRTB_CHANGE) {
            process_table = 0;
        }
    }

    trace_spapr_mmu_process_table(flags, process_table);
    qatomic_set_u64(&mmu->process_table, process_table);
    if (mmu->radix) {
        lpcr = LPCR_UPRT | LPCR_HR | (flags & PRTB_GTSE ? LPCR_GTSE : 0);
    }
    mmu_set_lpcr(mmu, lpcr);
    return H_SUCCESS;
}

/*
 * H_INVALIDATE_PID, LoPAR "H_INVALIDATE_PID": R4 flags (62: all processes, 63:
 * radix), R5 the process. target/ppc does not tag its TLB, so there is but one
 * thing to do. H_PARAMETER for other flags.
 */
static target_long h_invalidate_pid(PowerPCCPU *cpu, void *opaque,
                                    target_ulong *args)
{
    if (args[0] & ~PID_FLAGS) {
        return H_PARAMETER;
    }
    spapr_mmu_flush_tlbs(opaque, cpu);
    return H_SUCCESS;
}

/*
 * The range of addresses whose translations are wanted gone, widened to whole
 * pages of the largest size that they may have. False when that is too much to
 * go through, or not known.
 */
static bool rpti_range(uint64_t page_sizes, uint64_t *start, uint64_t *end)
{
    uint64_t mask;

    if (page_sizes & RPTI_PAGE_1G) {
        return false; /* as in RPTI_PAGES_ALL */
    }
    mask = page_sizes & RPTI_PAGE_2M ? 2 * MiB - 1 :
           page_sizes & RPTI_PAGE_64K ? 64 * KiB - 1 : 4 * KiB - 1;
    /* Behind the last page no number is left for the end */
    if (*end > UINT64_MAX - mask) {
        return false;
    }
    *start &= ~mask;
    *end = (*end + mask) & ~mask;
    return *end - *start <= RPTI_MAX_PAGES * TARGET_PAGE_SIZE;
}

static void rpti_flush(SpaprMmu *mmu, PowerPCCPU *cpu, bool local, bool whole,
                       uint64_t start, uint64_t end)
{
    const uint16_t modes = MAKE_64BIT_MASK(0, NB_MMU_MODES);
    CPUState *cs = CPU(cpu);

    if (whole && local) {
        tlb_flush(cs);
    } else if (whole) {
        spapr_mmu_flush_tlbs(mmu, cpu);
    } else if (local) {
        tlb_flush_range_by_mmuidx(cs, start, end - start, modes,
                                  TARGET_LONG_BITS);
    } else {
        tlb_flush_range_by_mmuidx_all_cpus_synced(cs, start, end - start, modes,
                                                  TARGET_LONG_BITS);
    }
}

/*
 * H_RPT_INVALIDATE, Linux: pseries_rpt_invalidate() and hvcall.h: a radix guest
 * without GTSE has translations forgotten. R4 process, R5 whose (1: of all
 * processors, 2: of the caller, 4: of the nest MMU, of which the board has
 * none), R6 what (2: TLB, 4: caches of walks, 8: of the process table), R7 page
 * sizes (1: 4K, 2: 64K, 4: 2M, 8: 1G, all ones: every size), R8 first address
 * of the range, R9 the one behind it.
 *
 * H_UNSUPPORTED for a hash guest; then, in this order, H_PARAMETER for a
 * process that can't be, H_P2 for no target, an unknown one, or both 1 and 2,
 * H_P3 for nothing or unknown things to forget, nested guests' among them, H_P4
 * for no or unknown page sizes, H_P5 for a range that ends before it begins.
 *
 * target/ppc tags its TLB with neither process nor page size, and has no other
 * caches. So addresses are all that counts; but what comes from the process
 * table can be anywhere.
 */
static target_long h_rpt_invalidate(PowerPCCPU *cpu, void *opaque,
                                    target_ulong *args)
{
    SpaprMmu *mmu = opaque;
    uint64_t pid = args[0], target = args[1], type = args[2];
    uint64_t page_sizes = args[3], start = args[4], end = args[5];
    bool whole;

    trace_spapr_mmu_rpt_invalidate(pid, target, type, start, end);
    if (!qatomic_read(&mmu->radix)) {
        return H_UNSUPPORTED;
    }
    if (pid > RPTI_PID_MAX) {
        return H_PARAMETER;
    }
    if (!target || (target & ~(RPTI_TARGET_ALL_CPUS | RPTI_TARGET_THIS_CPU |
                               RPTI_TARGET_NEST)) ||
        ((target & RPTI_TARGET_ALL_CPUS) && (target & RPTI_TARGET_THIS_CPU))) {
        return H_P2;
    }
    if (!type || (type & ~RPTI_TYPES)) {
        return H_P3;
    }
    if (!page_sizes ||
        (page_sizes != RPTI_PAGES_ALL && (page_sizes & ~RPTI_PAGES))) {
        return H_P4;
    }
    if (end < start) {
        return H_P5;
    }
    if (target == RPTI_TARGET_NEST || type == RPTI_TYPE_WALK_CACHE ||
        start == end || !tcg_enabled()) {
        return H_SUCCESS;
    }
    whole = (type & RPTI_TYPE_PROCESS_TABLE) ||
        !rpti_range(page_sizes, &start, &end);
    rpti_flush(mmu, cpu, target & RPTI_TARGET_THIS_CPU, whole, start, end);
    return H_SUCCESS;
}

typedef struct SlbClean {
    uint32_t pid;
    uint64_t esid;
    bool one_tera;
} SlbClean;

static bool slb_entry_matches(const ppc_slb_t *slb, const SlbClean *clean)
{
    uint64_t mask = clean->one_tera ? SEGMENT_MASK_1T : SEGMENT_MASK_256M;

    return (slb->esid & SLB_ESID_V) &&
        !!(slb->vsid & SLB_VSID_B) == clean->one_tera &&
        !((slb->esid ^ clean->esid) & mask);
}

/* Runs while every processor stands still */
static void do_clean_slb(CPUState *unused, run_on_cpu_data data)
{
    g_autofree SlbClean *clean = data.host_ptr;
    CPUState *cs;

    CPU_FOREACH(cs) {
        PowerPCCPU *cpu = POWERPC_CPU(cs);
        CPUPPCState *env = &cpu->env;

        if ((uint32_t)env->spr[SPR_BOOKS_PID] != clean->pid) {
            continue;
        }
        for (unsigned i = 0; i < cpu->hash64_opts->slb_size; i++) {
            if (slb_entry_matches(&env->slb[i], clean)) {
                env->slb[i].esid &= ~SLB_ESID_V;
            }
        }
        tlb_flush(cs);
    }
}

/*
 * H_CLEAN_SLB, LoPAR "H_CLEAN_SLB": R4 flags, R5 process, R6 segment as in RB
 * of slbieg, or 0 for the nest MMU's entries, of which the board has none.
 * H_PARAMETER for flags that are reserved or contradict each other, H_P3 for a
 * segment where there should be none.
 */
static target_long h_clean_slb(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    uint64_t flags = args[0], esid = args[2];
    SlbClean *clean;

    if (flags & ~(SLB_CLASS | SLB_SIZE_1T | SLB_GLOBAL | SLB_NEST)) {
        return H_PARAMETER;
    }
    if (!(flags & SLB_GLOBAL) && (flags & (SLB_CLASS | SLB_SIZE_1T))) {
        return H_PARAMETER;
    }
    if (!(flags & SLB_GLOBAL) == !(flags & SLB_NEST)) {
        return H_PARAMETER;
    }
    if ((flags & SLB_NEST) && esid) {
        return H_P3;
    }
    if (flags & SLB_GLOBAL) {
        clean = g_new0(SlbClean, 1);
        clean->pid = args[1];
        clean->esid = esid;
        clean->one_tera = flags & SLB_SIZE_1T;
        async_safe_run_on_cpu(CPU(cpu), do_clean_slb,
                              RUN_ON_CPU_HOST_PTR(clean));
    }
    return H_SUCCESS;
}

static void mmu_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo tables[] = {
        { H_CLEAN_SLB, "H_CLEAN_SLB", "hcall-imtt", h_clean_slb, true },
        { H_INVALIDATE_PID, "H_INVALIDATE_PID", "hcall-imtt", h_invalidate_pid,
          true },
        { H_REGISTER_PROC_TBL, "H_REGISTER_PROCESS_TABLE", "hcall-imtt",
          h_register_process_table },
    };
    static const PowerpcHcallInfo invalidate[] = {
        { H_RPT_INVALIDATE, "H_RPT_INVALIDATE", "hcall-rpt-invalidate",
          h_rpt_invalidate, true },
    };

    if (!spapr_mmu_can_radix()) {
        return;
    }
    powerpc_register_hypercalls(hcalls, tables, ARRAY_SIZE(tables), module);
    if (SPAPR_MMU(module)->rpt_invalidate) {
        powerpc_register_hypercalls(hcalls, invalidate, ARRAY_SIZE(invalidate),
                                    module);
    }
}

static int mmu_post_load(void *opaque, int version_id)
{
    SpaprMmu *mmu = opaque;
    uint64_t lpcr = mmu->radix ? LPCR_UPRT | LPCR_HR : 0;

    if (mmu->radix ? !spapr_mmu_can_radix() : mmu->gtse) {
        error_report("incoming guest: it has radix translation, and the "
                     "processor has not");
        return -EINVAL;
    }
    if (mmu->lpcr != lpcr && !(mmu->gtse && mmu->lpcr == (lpcr | LPCR_GTSE))) {
        error_report("incoming guest: LPCR 0x%" PRIx64 " can't be", mmu->lpcr);
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_spapr_mmu = {
    .name = TYPE_SPAPR_MMU,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = mmu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(process_table, SpaprMmu),
        VMSTATE_BOOL(radix, SpaprMmu),
        VMSTATE_BOOL(gtse, SpaprMmu),
        VMSTATE_UINT64(lpcr, SpaprMmu),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_mmu_realize(DeviceState *dev, Error **errp)
{
    if (current_machine->smp.max_cpus <= g_get_num_processors()) {
        SPAPR_MMU(dev)->flush_spins = FLUSH_SPINS;
    }
}

static void spapr_mmu_init(Object *obj)
{
    SPAPR_MMU(obj)->rpt_invalidate = true;
}

/*
 * At reset client-architecture-support's module calls spapr_mmu_set_mode(), for
 * which mode it is depends on what was negotiated before.
 */
static void spapr_mmu_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "sPAPR address translation";
    dc->realize = spapr_mmu_realize;
    dc->vmsd = &vmstate_spapr_mmu;
    SPAPR_MODULE_CLASS(oc)->register_calls = mmu_register_calls;
}

static const TypeInfo spapr_mmu_types[] = {
    {
        .name = TYPE_SPAPR_MMU,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprMmu),
        .instance_init = spapr_mmu_init,
        .class_init = spapr_mmu_class_init,
    },
};

DEFINE_TYPES(spapr_mmu_types)
