/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual processor areas
 *
 * H_REGISTER_VPA, and what the hypervisor tells in the areas: how often and
 * for how long a processor has not been dispatched, and a log of it. The areas
 * are the guest's memory: what the hypervisor relies on it keeps in
 * SpaprVpaState and only copies there.
 *
 * A processor's turn begins when its thread enters guest code and ends when it
 * leaves it. Of the time between two turns LoPAR knows three parts, in "Shared
 * Processor LPAR Option": (1) until the processor is ready to run, (2) until it
 * has capacity, of which ours never lack, and (3) until it is dispatched. Linux
 * calls the sum of 2 and 3 stolen. (3) is measured:
 *
 * - Between turns it is the time from when the processor became ready: at
 *   once, when it didn't leave of its own will; when its decrementer expired;
 *   when another processor woke it. Who raises an external interrupt doesn't
 *   tell, so with one of these the processor counts as ready when it goes on.
 *   With one thread for all processors, this is when the others have it.
 * - In a turn, the host may take its processor away from the thread, or the
 *   thread waits for one of QEMU's locks: this is the time that has passed but
 *   for the time that the thread has run. It is known at the end of a turn, or
 *   of some that follow upon each other, and told then. With icount no time
 *   passes meanwhile.
 *
 * The SLB shadow buffer needs nothing done: TCG keeps a waiting processor's
 * segment lookaside buffer whole, so that no entry is ever to be loaded from
 * there, and it has no errors to recover from.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/core/cpu.h"
#include "hw/ppc/ppc.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_splpar.h"
#include "hw/ppc/spapr_vpa.h"
#include "migration/vmstate.h"
#include "system/cpu-timers.h"
#include "trace.h"

/* H_REGISTER_VPA, flags: subfunction, bits 16 to 23 counted from the left */
#define SUBFUNCTION_SHIFT       (63 - 23)
#define SUBFUNCTION_MASK        0xff
/* Its codes are in the upper three bits */
#define SUBFUNCTION(code)       ((code) << 5)
#define REGISTER_VPA            SUBFUNCTION(1)
#define REGISTER_DTL            SUBFUNCTION(2)
#define REGISTER_SLB_SHADOW     SUBFUNCTION(3)
#define DEREGISTER_VPA          SUBFUNCTION(5)
#define DEREGISTER_DTL          SUBFUNCTION(6)
#define DEREGISTER_SLB_SHADOW   SUBFUNCTION(7)

/* All areas have their size at this offset: 16 bits in a VPA, 32 elsewhere */
#define AREA_SIZE_OFFSET        4
#define AREA_SIZE_END           8
/* Areas other than the trace log may not cross a boundary of this */
#define AREA_BOUNDARY           4096

#define VPA_MIN_SIZE            640
#define SLB_SHADOW_MIN_SIZE     8

/* LoPAR, table "Per Virtual Processor Area"; the status is Linux's lppaca.h */
#define VPA_STATUS              0x09
#define VPA_STATUS_SHARED       0x02
#define VPA_DTL_MASK            0xb8
#define VPA_DISPATCH_COUNT      0x100
#define VPA_ENQUEUE_DISPATCH    0x158
#define VPA_WAIT_READY          0x168
#define VPA_DTL_INDEX           0x218
/* What the hypervisor writes lies within */
#define VPA_WRITTEN_END         0x220

/* The trace log's mask: which turns get an entry */
#define DTL_MASK_VOLUNTARY      0x01
#define DTL_MASK_TIME_SLICE     0x02

/* LoPAR, table "Dispatch Trace Log Buffer Entry"; all big endian */
typedef struct QEMU_PACKED DtlEntry {
    uint8_t dispatch_reason;
    uint8_t preempt_reason;
    uint16_t processor;
    uint32_t enqueue_dispatch;
    uint32_t ready_enqueue;
    uint32_t wait_ready;
    uint64_t timebase;
    uint64_t fault_addr;
    uint64_t srr0;
    uint64_t srr1;
} DtlEntry;

QEMU_BUILD_BUG_ON(sizeof(DtlEntry) != 48);

/*
 * TCG leaves guest code for many reasons of its own and comes back at once,
 * and clocks are not read all at the same time. What takes no longer than this
 * adds up but is no event of its own: 100 us.
 */
#define PREEMPT_MIN             (SPAPR_TIMEBASE_FREQ / 10000)

/*
 * To ask the host for a thread's own time takes longer than most turns, so that
 * turns are taken together until they make up this: 1 ms.
 */
#define STRETCH_MIN             (SPAPR_TIMEBASE_FREQ / 1000)

struct SpaprVpa {
    SpaprModule parent_obj;

    /*
     * With one thread for all: the processor whose turn it was last. It is only
     * compared with.
     */
    SpaprVpaState *last;
};

/* Of a time for which a processor was not dispatched, what there is to tell */
typedef struct Gap {
    SpaprPreemptReason left;
    SpaprDispatchReason reason;
    uint64_t end;               /* in ticks, like the rest */
    uint64_t wait_ready;
    uint64_t enqueue_dispatch;
    bool counts;                /* is worth an entry */
} Gap;

/* Time */

static uint64_t ticks_now(PowerPCCPU *cpu)
{
    return cpu_ppc_get_tb(cpu->env.tb_env,
                          qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), 0);
}

static uint64_t ticks_between(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

/*
 * The time that the host has given to this thread, in ns, or -1. With icount it
 * must have no influence on the guest.
 */
static int64_t thread_time(void)
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec ts;

    if (!icount_enabled() &&
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0) {
        return ts.tv_sec * NANOSECONDS_PER_SECOND + ts.tv_nsec;
    }
#endif
    return -1;
}

static void stretch_forget(SpaprVpaState *vpa)
{
    vpa->stretch_thread_ns = -1;
    vpa->untold = 0;
}

/*
 * For how much of the turns of the stretch that is over the thread did not run,
 * in ticks. What it ran between them makes this less, never more.
 */
static uint64_t stretch_end(PowerPCCPU *cpu, uint64_t now)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    int64_t ran = thread_time() - vpa->stretch_thread_ns;
    uint64_t length = ticks_between(vpa->stretch_since, now);

    vpa->stretch_thread_ns = -1;
    return ticks_between(cpu_ppc_get_tb(cpu->env.tb_env, ran, 0) +
                         vpa->stretch_gaps, length);
}

/* When a processor that waited became ready to go on at @now */
static uint64_t ready_time(PowerPCCPU *cpu, uint64_t now)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    uint64_t ready = qatomic_xchg(&vpa->ready_since, 0);

    if (!ready && (qatomic_read(&cpu->env.pending_interrupts) &
                   PPC_INTERRUPT_DECR)) {
        ready = cpu->env.tb_env->decr_next;
    }
    return ready > vpa->away_since && ready < now ? ready : now;
}

void spapr_vpa_ready(PowerPCCPU *cpu, SpaprDispatchReason reason)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;

    qatomic_set(&vpa->wake_reason, reason);
    qatomic_set(&vpa->ready_since, ticks_now(cpu));
}

/* The interrupt that the processor will take, if nothing else was said */
static SpaprDispatchReason dispatch_reason(PowerPCCPU *cpu)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    SpaprDispatchReason reason = qatomic_xchg(&vpa->wake_reason,
                                              SPAPR_DISPATCH_UNKNOWN);
    uint32_t pending = qatomic_read(&cpu->env.pending_interrupts);

    if (reason != SPAPR_DISPATCH_UNKNOWN) {
        return reason;
    }
    if (!FIELD_EX64(cpu->env.msr, MSR, EE)) {
        return SPAPR_DISPATCH_TIME_SLICE;
    }
    if (pending & PPC_INTERRUPT_EXT) {
        return SPAPR_DISPATCH_EXTERNAL;
    }
    if (pending & PPC_INTERRUPT_DECR) {
        return SPAPR_DISPATCH_DECREMENTER;
    }
    if (pending & PPC_INTERRUPT_DOORBELL) {
        return SPAPR_DISPATCH_DOORBELL;
    }
    return SPAPR_DISPATCH_TIME_SLICE;
}

/* Writing to the areas, with the lock held and the area registered */

static void vpa_store_count(SpaprVpaState *vpa)
{
    address_space_stl_be_cached(&vpa->vpa_cache, VPA_DISPATCH_COUNT,
                                vpa->dispatch_count, MEMTXATTRS_UNSPECIFIED,
                                NULL);
}

static void vpa_add(SpaprVpaState *vpa, hwaddr offset, uint64_t *total,
                    uint64_t more)
{
    if (more) {
        *total += more;
        address_space_stq_be_cached(&vpa->vpa_cache, offset, *total,
                                    MEMTXATTRS_UNSPECIFIED, NULL);
    }
}

/* LoPAR, "Dispatch Trace Log Buffer": whole entries, wrapping around */
static void dtl_write(SpaprVpaState *vpa, const DtlEntry *entry)
{
    hwaddr offset = vpa->dtl_index % (vpa->dtl_size / sizeof(*entry)) *
                    sizeof(*entry);

    address_space_write_cached(&vpa->dtl_cache, offset, entry, sizeof(*entry));
    address_space_cache_invalidate(&vpa->dtl_cache, offset, sizeof(*entry));
    /* Whoever sees the index sees the entry */
    smp_wmb();
    vpa->dtl_index++;
    address_space_stq_be_cached(&vpa->vpa_cache, VPA_DTL_INDEX, vpa->dtl_index,
                                MEMTXATTRS_UNSPECIFIED, NULL);
}

static uint32_t saturated(uint64_t ticks)
{
    return cpu_to_be32(MIN(ticks, UINT32_MAX));
}

/*
 * Each processor counts as a physical one of its own, by its number. SRR0 and
 * SRR1 are where it left off, as a hypervisor's interrupt finds them there.
 */
static void dtl_log(PowerPCCPU *cpu, const Gap *gap)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    uint8_t mask = address_space_ldub_cached(&vpa->vpa_cache, VPA_DTL_MASK,
                                             MEMTXATTRS_UNSPECIFIED, NULL);
    bool voluntary = gap->left != SPAPR_PREEMPT_TIME_SLICE;
    DtlEntry entry;

    if (!(mask & (voluntary ? DTL_MASK_VOLUNTARY : DTL_MASK_TIME_SLICE))) {
        return;
    }
    entry = (DtlEntry) {
        .dispatch_reason = gap->reason,
        .preempt_reason = gap->left,
        .processor = cpu_to_be16(cpu->vcpu_id),
        .enqueue_dispatch = saturated(gap->enqueue_dispatch),
        .wait_ready = saturated(gap->wait_ready),
        .timebase = cpu_to_be64(gap->end + cpu->env.tb_env->tb_offset),
        .srr0 = cpu_to_be64(vpa->away_nip),
        .srr1 = cpu_to_be64(vpa->away_msr),
    };
    dtl_write(vpa, &entry);
}

static bool is_shared(SpaprVcpu *vcpu)
{
    return vcpu->core->hv->splpar->shared;
}

static void tell_gap(PowerPCCPU *cpu, const Gap *gap)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    SpaprVpaState *vpa = &vcpu->vpa;

    QEMU_LOCK_GUARD(&vpa->lock);
    if (!vpa->vpa_addr) {
        return;
    }
    vpa_add(vpa, VPA_ENQUEUE_DISPATCH, &vpa->enqueue_dispatch,
            gap->enqueue_dispatch + vpa->untold);
    vpa->untold = 0;
    vpa_add(vpa, VPA_WAIT_READY, &vpa->wait_ready, gap->wait_ready);
    if (gap->counts && vpa->dtl_addr) {
        dtl_log(cpu, gap);
    }
    if (is_shared(vcpu)) {
        vpa_store_count(vpa);
    }
    address_space_cache_invalidate(&vpa->vpa_cache, VPA_DISPATCH_COUNT,
                                   VPA_WRITTEN_END - VPA_DISPATCH_COUNT);
}

static void tell_preempt(SpaprVcpu *vcpu)
{
    SpaprVpaState *vpa = &vcpu->vpa;

    QEMU_LOCK_GUARD(&vpa->lock);
    if (vpa->vpa_addr && is_shared(vcpu)) {
        vpa_store_count(vpa);
        address_space_cache_invalidate(&vpa->vpa_cache, VPA_DISPATCH_COUNT,
                                       sizeof(vpa->dispatch_count));
    }
}

/* Turns */

/*
 * The Processor Utilization of Resources Register counts the time base but for
 * the time that the processor isn't dispatched; one that is dedicated has it
 * run on, for nobody else can use the processor.
 */
static void set_purr(SpaprVcpu *vcpu)
{
    vcpu->cpu->env.tb_env->purr_offset =
        is_shared(vcpu) ? -(int64_t)vcpu->vpa.away : 0;
}

/* Whether, with one thread for all, another processor has had a turn */
static bool others_ran(SpaprVcpu *vcpu)
{
    SpaprVpa *module = vcpu->core->hv->vpa;
    bool ran;

    if (qemu_tcg_mttcg_enabled()) {
        return false;
    }
    ran = module->last != &vcpu->vpa;
    module->last = &vcpu->vpa;
    return ran;
}

static void gap_end(PowerPCCPU *cpu, Gap *gap)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    SpaprVpaState *vpa = &vcpu->vpa;
    uint64_t length = ticks_between(vpa->away_since, gap->end);

    gap->left = vpa->preempt_reason;
    gap->reason = dispatch_reason(cpu);
    if (vpa->halted) {
        gap->wait_ready = ticks_between(vpa->away_since,
                                        ready_time(cpu, gap->end));
    } else if (vpa->waits) {
        gap->wait_ready = length;
    }
    gap->enqueue_dispatch = length - gap->wait_ready;
    gap->counts = others_ran(vcpu) || vpa->waits ||
                  gap->enqueue_dispatch >= PREEMPT_MIN;
    vpa->away += length;
    vpa->stretch_gaps += length;
    vpa->idle += gap->wait_ready;
    set_purr(vcpu);
}

/*
 * The counter is even while the processor is dispatched. A turn that follows
 * upon the one before makes nothing of the gap; another processor can't have
 * seen it.
 */
static void count_gap(SpaprVpaState *vpa, const Gap *gap)
{
    uint32_t count = vpa->dispatch_count;

    if (count & 1) {
        count += gap->counts ? 1 : -1;
    } else if (gap->counts) {
        count += 2;
    }
    qatomic_set(&vpa->dispatch_count, count);
}

void spapr_vpa_dispatch(PowerPCCPU *cpu)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    bool registered = qatomic_read(&vpa->vpa_addr);
    bool begins, news;
    Gap gap = { 0 };

    if (vpa->running) {
        /* It has left by an exception that TCG doesn't report */
        return;
    }
    begins = registered && vpa->stretch_thread_ns < 0;
    if (begins) {
        vpa->stretch_thread_ns = thread_time();
    }
    gap.end = ticks_now(cpu);
    seqlock_write_begin(&vpa->turns);
    gap_end(cpu, &gap);
    vpa->running = true;
    seqlock_write_end(&vpa->turns);
    if (begins) {
        vpa->stretch_since = gap.end;
        vpa->stretch_gaps = 0;
    }
    news = gap.counts || (vpa->dispatch_count & 1);
    count_gap(vpa, &gap);
    if (registered && news) {
        tell_gap(cpu, &gap);
    } else if (registered) {
        vpa->untold += gap.enqueue_dispatch;
    }
    trace_spapr_vpa_dispatch(cpu->vcpu_id, gap.left, gap.reason, gap.wait_ready,
                             gap.enqueue_dispatch);
}

/* What the host took of a stretch that is over is a gap that lay within it */
static void tell_stolen(PowerPCCPU *cpu, uint64_t now)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    uint64_t stolen = stretch_end(cpu, now);
    Gap gap = {
        .left = SPAPR_PREEMPT_TIME_SLICE,
        .reason = SPAPR_DISPATCH_TIME_SLICE,
        .end = now,
        .enqueue_dispatch = stolen,
        .counts = stolen >= PREEMPT_MIN,
    };

    if (stolen || vpa->untold) {
        count_gap(vpa, &gap);
        tell_gap(cpu, &gap);
    }
}

/*
 * A processor is certainly preempted when it waits, when it has given up its
 * time slice, and whenever it shares one thread with the others. Otherwise it
 * goes on at once most of the time; if not, this is made good then.
 */
void spapr_vpa_preempt(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    SpaprVpaState *vpa = &vcpu->vpa;
    bool halted = CPU(cpu)->halted;
    bool certain = halted || vcpu->conferring || !qemu_tcg_mttcg_enabled();
    uint64_t now = ticks_now(cpu);

    vpa->away_nip = cpu->env.nip;
    vpa->away_msr = cpu->env.msr;
    if (vpa->stretch_thread_ns >= 0 &&
        (certain || now - vpa->stretch_since >= STRETCH_MIN)) {
        tell_stolen(cpu, now);
    }
    seqlock_write_begin(&vpa->turns);
    vpa->running = false;
    vpa->halted = halted;
    vpa->waits = halted || vcpu->conferring;
    vpa->away_since = now;
    seqlock_write_end(&vpa->turns);
    if (vcpu->conferring) {
        vpa->preempt_reason = SPAPR_PREEMPT_CONFER;
    } else {
        vpa->preempt_reason = halted ? vcpu->wait_reason :
                                       SPAPR_PREEMPT_TIME_SLICE;
    }
    if (certain) {
        qatomic_set(&vpa->dispatch_count, vpa->dispatch_count | 1);
        if (qatomic_read(&vpa->vpa_addr)) {
            tell_preempt(vcpu);
        }
    }
    if (vcpu->conferring) {
        vcpu->conferring = false;
        g_thread_yield();
    }
}

/* A total, and the gap that isn't over yet if it belongs there */
static uint64_t time_away(PowerPCCPU *cpu, bool idle_only, uint64_t *now)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;
    uint64_t total;
    unsigned seq;

    do {
        seq = seqlock_read_begin(&vpa->turns);
        *now = ticks_now(cpu);
        total = idle_only ? vpa->idle : vpa->away;
        if (!vpa->running && (vpa->waits || !idle_only)) {
            total += ticks_between(vpa->away_since, *now);
        }
    } while (seqlock_read_retry(&vpa->turns, seq));
    return total;
}

uint64_t spapr_vpa_idle_time(PowerPCCPU *cpu)
{
    uint64_t now;

    return time_away(cpu, true, &now);
}

uint64_t spapr_vpa_busy_time(PowerPCCPU *cpu)
{
    uint64_t now, away = time_away(cpu, false, &now);

    return ticks_between(away, now);
}

/* Registration */

/*
 * Read the size of an area from the guest's memory: @bytes of it, 2 or 4
 *
 * Returns: H_SUCCESS, or H_PARAMETER for an area that is smaller than @min, is
 * not wholly memory, or crosses a boundary though it may not
 */
static target_long area_size(SpaprMemory *memory, hwaddr addr, int bytes,
                             uint32_t min, bool may_cross, uint32_t *size)
{
    AddressSpace *as = &address_space_memory;
    MemTxResult res;

    if (bytes == 2) {
        *size = address_space_lduw_be(as, addr + AREA_SIZE_OFFSET,
                                      MEMTXATTRS_UNSPECIFIED, &res);
    } else {
        *size = address_space_ldl_be(as, addr + AREA_SIZE_OFFSET,
                                     MEMTXATTRS_UNSPECIFIED, &res);
    }
    if (res != MEMTX_OK || *size < min) {
        return H_PARAMETER;
    }
    if (!may_cross && addr % AREA_BOUNDARY + *size > AREA_BOUNDARY) {
        return H_PARAMETER;
    }
    return spapr_memory_is_ram(memory, addr, *size) ? H_SUCCESS : H_PARAMETER;
}

/*
 * Make memory ready to be written to without the BQL, which nothing but RAM is;
 * it stays there for as long as it is mapped.
 */
static bool area_map(MemoryRegionCache *cache, hwaddr addr, uint64_t size)
{
    MemoryRegionCache fresh;
    int64_t len;

    WITH_RCU_READ_LOCK_GUARD() {
        len = address_space_cache_init(&fresh, &address_space_memory, addr,
                                       size, true);
    }
    if (len < size || !fresh.ptr) {
        address_space_cache_destroy(&fresh);
        return false;
    }
    address_space_cache_destroy(cache);
    *cache = fresh;
    return true;
}

/*
 * The accumulators go on from what the area has: 0 in an operating system's new
 * one, and what they were when a processor comes online again, for Linux takes
 * differences and lets none be negative.
 */
static void vpa_start(SpaprVcpu *vcpu)
{
    SpaprVpaState *vpa = &vcpu->vpa;
    MemoryRegionCache *cache = &vpa->vpa_cache;
    uint8_t status = address_space_ldub_cached(cache, VPA_STATUS,
                                               MEMTXATTRS_UNSPECIFIED, NULL);

    vpa->enqueue_dispatch =
        address_space_ldq_be_cached(cache, VPA_ENQUEUE_DISPATCH,
                                    MEMTXATTRS_UNSPECIFIED, NULL);
    vpa->wait_ready =
        address_space_ldq_be_cached(cache, VPA_WAIT_READY,
                                    MEMTXATTRS_UNSPECIFIED, NULL);
    if (is_shared(vcpu)) {
        status |= VPA_STATUS_SHARED;
        vpa_store_count(vpa);
    } else {
        /* Linux, lppaca.h: a dedicated processor's count is always 0 */
        status &= ~VPA_STATUS_SHARED;
        address_space_stl_be_cached(cache, VPA_DISPATCH_COUNT, 0,
                                    MEMTXATTRS_UNSPECIFIED, NULL);
    }
    address_space_stb_cached(cache, VPA_STATUS, status, MEMTXATTRS_UNSPECIFIED,
                             NULL);
    address_space_cache_invalidate(cache, 0, VPA_WRITTEN_END);
}

static target_long register_vpa(SpaprMemory *memory, SpaprVcpu *vcpu,
                                hwaddr addr)
{
    SpaprVpaState *vpa = &vcpu->vpa;
    uint32_t size;
    target_long ret = area_size(memory, addr, 2, VPA_MIN_SIZE, false, &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    QEMU_LOCK_GUARD(&vpa->lock);
    if (!area_map(&vpa->vpa_cache, addr, size)) {
        return H_PARAMETER;
    }
    vpa->vpa_size = size;
    qatomic_set(&vpa->vpa_addr, addr);
    vpa_start(vcpu);
    return H_SUCCESS;
}

static target_long register_dtl(SpaprMemory *memory, SpaprVcpu *vcpu,
                                hwaddr addr)
{
    SpaprVpaState *vpa = &vcpu->vpa;
    uint32_t size;
    target_long ret = area_size(memory, addr, 4, sizeof(DtlEntry), true, &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!vpa->vpa_addr) {
        return H_RESOURCE;
    }
    QEMU_LOCK_GUARD(&vpa->lock);
    if (!area_map(&vpa->dtl_cache, addr, size)) {
        return H_PARAMETER;
    }
    vpa->dtl_addr = addr;
    vpa->dtl_size = size;
    vpa->dtl_index = 0;
    address_space_stq_be_cached(&vpa->vpa_cache, VPA_DTL_INDEX, 0,
                                MEMTXATTRS_UNSPECIFIED, NULL);
    address_space_cache_invalidate(&vpa->vpa_cache, VPA_DTL_INDEX,
                                   sizeof(vpa->dtl_index));
    return H_SUCCESS;
}

static target_long register_slb_shadow(SpaprMemory *memory, SpaprVcpu *vcpu,
                                       hwaddr addr)
{
    uint32_t size;
    target_long ret = area_size(memory, addr, 4, SLB_SHADOW_MIN_SIZE, false,
                                &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!vcpu->vpa.vpa_addr) {
        return H_RESOURCE;
    }
    vcpu->vpa.slb_shadow_addr = addr;
    vcpu->vpa.slb_shadow_size = size;
    return H_SUCCESS;
}

static void forget_dtl(SpaprVpaState *vpa)
{
    QEMU_LOCK_GUARD(&vpa->lock);
    address_space_cache_destroy(&vpa->dtl_cache);
    vpa->dtl_addr = 0;
    vpa->dtl_size = 0;
}

static void forget_vpa(SpaprVpaState *vpa)
{
    QEMU_LOCK_GUARD(&vpa->lock);
    address_space_cache_destroy(&vpa->vpa_cache);
    qatomic_set(&vpa->vpa_addr, 0);
    vpa->vpa_size = 0;
}

static void forget_slb_shadow(SpaprVpaState *vpa)
{
    vpa->slb_shadow_addr = 0;
    vpa->slb_shadow_size = 0;
}

static target_long deregister_vpa(SpaprVpaState *vpa)
{
    if (vpa->dtl_addr || vpa->slb_shadow_addr) {
        return H_RESOURCE;
    }
    forget_vpa(vpa);
    return H_SUCCESS;
}

static target_long register_area(SpaprMemory *memory, PowerPCCPU *cpu,
                                 unsigned subfunction, hwaddr addr)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    /* At 0, our mark of an unregistered area, are the interrupt vectors */
    if (!addr || addr % cpu->env.dcache_line_size ||
        !spapr_memory_is_ram(memory, addr, AREA_SIZE_END)) {
        return H_PARAMETER;
    }
    switch (subfunction) {
    case REGISTER_VPA:
        return register_vpa(memory, vcpu, addr);
    case REGISTER_DTL:
        return register_dtl(memory, vcpu, addr);
    default:
        return register_slb_shadow(memory, vcpu, addr);
    }
}

static target_long deregister_area(SpaprVpaState *vpa, unsigned subfunction)
{
    switch (subfunction) {
    case DEREGISTER_VPA:
        return deregister_vpa(vpa);
    case DEREGISTER_DTL:
        forget_dtl(vpa);
        return H_SUCCESS;
    default:
        forget_slb_shadow(vpa);
        return H_SUCCESS;
    }
}

/*
 * H_REGISTER_VPA, LoPAR "H_REGISTER_VPA"; R4: flags with the subfunction, R5:
 * processor number, R6: guest real address of the area when one is registered.
 *
 * Returns: H_SUCCESS; H_PARAMETER for an unknown subfunction or processor;
 * H_STATE for another processor's VPA or SLB shadow buffer unless that one is
 * stopped; H_PARAMETER for an area that is ill-placed or has a bad size;
 * H_RESOURCE when a trace log or SLB shadow buffer lacks its VPA, or a VPA that
 * shall go still has one
 */
static target_long h_register_vpa(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    SpaprMemory *memory = SPAPR_MODULE(opaque)->hv->memory;
    unsigned subfunction = args[0] >> SUBFUNCTION_SHIFT & SUBFUNCTION_MASK;
    PowerPCCPU *target = spapr_cpu_by_server(args[1]);
    bool own;

    trace_spapr_register_vpa(subfunction >> 5, args[1], args[2]);
    if (!target) {
        return H_PARAMETER;
    }
    own = target == cpu || spapr_vcpu(target)->stopped;
    switch (subfunction) {
    case REGISTER_VPA:
    case REGISTER_SLB_SHADOW:
        if (!own) {
            return H_STATE;
        }
        /* fall through */
    case REGISTER_DTL:
        return register_area(memory, target, subfunction, args[2]);
    case DEREGISTER_VPA:
    case DEREGISTER_SLB_SHADOW:
        if (!own) {
            return H_STATE;
        }
        /* fall through */
    case DEREGISTER_DTL:
        return deregister_area(&spapr_vcpu(target)->vpa, subfunction);
    default:
        return H_PARAMETER;
    }
}

/* State */

void spapr_vpa_init(SpaprVpaState *vpa)
{
    qemu_mutex_init(&vpa->lock);
    seqlock_init(&vpa->turns);
}

void spapr_vpa_cleanup(SpaprVpaState *vpa)
{
    address_space_cache_destroy(&vpa->dtl_cache);
    address_space_cache_destroy(&vpa->vpa_cache);
    qemu_mutex_destroy(&vpa->lock);
}

void spapr_vpa_reset(PowerPCCPU *cpu)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;

    forget_dtl(vpa);
    forget_slb_shadow(vpa);
    forget_vpa(vpa);
    vpa->dtl_index = 0;
    vpa->enqueue_dispatch = 0;
    vpa->wait_ready = 0;
    vpa->dispatch_count = 1;
    vpa->running = false;
    stretch_forget(vpa);
    vpa->waits = true;
    vpa->halted = true;
    vpa->preempt_reason = SPAPR_PREEMPT_CEDE;
    vpa->away_since = ticks_now(cpu);
    vpa->away_nip = 0;
    vpa->away_msr = 0;
    vpa->away = 0;
    vpa->idle = 0;
    vpa->wake_reason = SPAPR_DISPATCH_UNKNOWN;
    vpa->ready_since = 0;
    set_purr(spapr_vcpu(cpu));
}

void spapr_vpa_pre_save(PowerPCCPU *cpu)
{
    SpaprVpaState *vpa = &spapr_vcpu(cpu)->vpa;

    /* See spapr_vpa_dispatch(): nobody has heard of the end of its turn */
    if (vpa->running) {
        seqlock_write_begin(&vpa->turns);
        vpa->running = false;
        vpa->waits = false;
        vpa->halted = false;
        vpa->away_since = ticks_now(cpu);
        seqlock_write_end(&vpa->turns);
        vpa->preempt_reason = SPAPR_PREEMPT_TIME_SLICE;
    }
}

/* The lengths came with the stream, so they are looked at again */
static bool areas_sound(SpaprMemory *memory, SpaprVpaState *vpa)
{
    if (!vpa->vpa_addr) {
        return !vpa->dtl_addr;
    }
    if (vpa->vpa_size < VPA_MIN_SIZE ||
        !spapr_memory_is_ram(memory, vpa->vpa_addr, vpa->vpa_size)) {
        return false;
    }
    return !vpa->dtl_addr ||
           (vpa->dtl_size >= sizeof(DtlEntry) &&
            spapr_memory_is_ram(memory, vpa->dtl_addr, vpa->dtl_size));
}

int spapr_vpa_post_load(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);
    SpaprVpaState *vpa = &vcpu->vpa;

    vpa->running = false;
    stretch_forget(vpa);
    set_purr(vcpu);
    if (!areas_sound(vcpu->core->hv->memory, vpa) ||
        (vpa->vpa_addr &&
         !area_map(&vpa->vpa_cache, vpa->vpa_addr, vpa->vpa_size)) ||
        (vpa->dtl_addr &&
         !area_map(&vpa->dtl_cache, vpa->dtl_addr, vpa->dtl_size))) {
        error_report("processor %d: its areas are not in memory",
                     cpu->vcpu_id);
        return -EINVAL;
    }
    return 0;
}

/* The processors have stopped, so that none of them is in a turn */
const VMStateDescription vmstate_spapr_vpa = {
    .name = TYPE_SPAPR_VPA,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(vpa_addr, SpaprVpaState),
        VMSTATE_UINT64(vpa_size, SpaprVpaState),
        VMSTATE_UINT64(dtl_addr, SpaprVpaState),
        VMSTATE_UINT64(dtl_size, SpaprVpaState),
        VMSTATE_UINT64(slb_shadow_addr, SpaprVpaState),
        VMSTATE_UINT64(slb_shadow_size, SpaprVpaState),
        VMSTATE_UINT64(dtl_index, SpaprVpaState),
        VMSTATE_UINT64(enqueue_dispatch, SpaprVpaState),
        VMSTATE_UINT64(wait_ready, SpaprVpaState),
        VMSTATE_UINT32(dispatch_count, SpaprVpaState),
        VMSTATE_BOOL(waits, SpaprVpaState),
        VMSTATE_BOOL(halted, SpaprVpaState),
        VMSTATE_UINT8(preempt_reason, SpaprVpaState),
        VMSTATE_UINT64(away_since, SpaprVpaState),
        VMSTATE_UINT64(away_nip, SpaprVpaState),
        VMSTATE_UINT64(away_msr, SpaprVpaState),
        VMSTATE_UINT64(away, SpaprVpaState),
        VMSTATE_UINT64(idle, SpaprVpaState),
        VMSTATE_UINT8(wake_reason, SpaprVpaState),
        VMSTATE_UINT64(ready_since, SpaprVpaState),
        VMSTATE_END_OF_LIST()
    },
};

/* The module */

static void vpa_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    /* LoPAR files it under hcall-splpar, which H_CEDE promises, too */
    powerpc_register_hypercall(hcalls, H_REGISTER_VPA, "H_REGISTER_VPA",
                               "SLB-Buffer", h_register_vpa, module);
}

static void spapr_vpa_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR virtual processor areas";
    smc->register_calls = vpa_register_calls;
}

static const TypeInfo spapr_vpa_types[] = {
    {
        .name = TYPE_SPAPR_VPA,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprVpa),
        .class_init = spapr_vpa_class_init,
    },
};

DEFINE_TYPES(spapr_vpa_types)
