/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual processor areas
 *
 * LoPAR, "Virtual Processor Areas": memory of the guest that it shares with
 * the hypervisor, registered with H_REGISTER_VPA for each processor: counters
 * of its dispatches and waits, and a log of them. What is told there is kept in
 * SpaprVpaState, a part of each virtual processor.
 */

#ifndef HW_PPC_SPAPR_VPA_H
#define HW_PPC_SPAPR_VPA_H

#include "exec/memory.h"
#include "hw/ppc/spapr_module.h"
#include "qemu/seqlock.h"
#include "qemu/thread.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_VPA "spapr-vpa"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVpa, SPAPR_VPA)

/* Why a processor left its guest code: LoPAR, "Dispatch Trace Log Buffer" */
typedef enum SpaprPreemptReason {
    SPAPR_PREEMPT_CEDE          = 2,
    SPAPR_PREEMPT_CONFER        = 3,
    SPAPR_PREEMPT_TIME_SLICE    = 4,
} SpaprPreemptReason;

/* What it goes on for, likewise */
typedef enum SpaprDispatchReason {
    SPAPR_DISPATCH_EXTERNAL     = 0,
    SPAPR_DISPATCH_PROD         = 2,
    SPAPR_DISPATCH_DECREMENTER  = 3,
    SPAPR_DISPATCH_BOOT         = 4,    /* start-cpu, system reset */
    SPAPR_DISPATCH_TIME_SLICE   = 7,
    SPAPR_DISPATCH_DOORBELL     = 10,
    /* Not LoPAR's: nobody said why, so it is looked for */
    SPAPR_DISPATCH_UNKNOWN      = 0xff,
} SpaprDispatchReason;

/*
 * Of each virtual processor. Times are in ticks of the time base, from the
 * hypervisor's own zero.
 */
typedef struct SpaprVpaState {
    /*
     * For the areas: another processor may take them away from a running one,
     * which must then have written its last word there.
     */
    QemuMutex lock;
    /* H_REGISTER_VPA: guest real addresses and lengths; 0 is unregistered */
    uint64_t vpa_addr;
    uint64_t vpa_size;
    uint64_t dtl_addr;
    uint64_t dtl_size;
    uint64_t slb_shadow_addr;
    uint64_t slb_shadow_size;
    MemoryRegionCache vpa_cache;
    MemoryRegionCache dtl_cache;

    /*
     * All below is the processor's own thread's, but for what is said. What
     * @turns covers others read: it changes around each turn.
     */
    QemuSeqLock turns;
    uint64_t dtl_index;         /* entries written since the log began */
    uint64_t enqueue_dispatch;  /* the VPA's accumulated wait interval 3 */
    uint64_t wait_ready;        /* and 1 */
    /* LoPAR's dispatch counter, even while dispatched; others read it */
    uint32_t dispatch_count;

    bool running;               /* executes guest code */

    /*
     * A stretch is a turn, or some that follow upon each other. With one thread
     * for all it is one, for others have the thread between two.
     */
    uint64_t stretch_since;
    int64_t stretch_thread_ns;  /* its thread's own time then; -1: none */
    uint64_t stretch_gaps;      /* the time between its turns */
    uint64_t untold;            /* of this, what the VPA doesn't have yet */

    bool waits;                 /* left of its own will; */
    bool halted;                /* and until something happens */
    uint8_t preempt_reason;     /* SpaprPreemptReason */
    uint64_t away_since;
    uint64_t away_nip;
    uint64_t away_msr;
    uint64_t away;              /* all time in which it wasn't dispatched */
    uint64_t idle;              /* of this, what it was away of its own will */

    /* Set by whoever wakes it, with the BQL */
    uint8_t wake_reason;        /* SpaprDispatchReason */
    uint64_t ready_since;       /* 0: nobody said */
} SpaprVpaState;

extern const VMStateDescription vmstate_spapr_vpa;

void spapr_vpa_init(SpaprVpaState *vpa);
void spapr_vpa_cleanup(SpaprVpaState *vpa);

/** spapr_vpa_reset: forget the areas; the processor isn't dispatched */
void spapr_vpa_reset(PowerPCCPU *cpu);

/** spapr_vpa_pre_save: before the state is saved; nothing runs */
void spapr_vpa_pre_save(PowerPCCPU *cpu);

/**
 * spapr_vpa_post_load: find the areas again in the memory that came along
 *
 * Returns: 0, or a negative errno when they can't be there
 */
int spapr_vpa_post_load(PowerPCCPU *cpu);

/**
 * spapr_vpa_dispatch: @cpu is about to run guest code
 * spapr_vpa_preempt: @cpu has ceased to
 *
 * They keep counters and log. Called on the processor's thread, without the
 * BQL.
 */
void spapr_vpa_dispatch(PowerPCCPU *cpu);
void spapr_vpa_preempt(PowerPCCPU *cpu);

/** spapr_vpa_ready: @cpu's wait is over, for @reason; with the BQL held */
void spapr_vpa_ready(PowerPCCPU *cpu, SpaprDispatchReason reason);

/**
 * spapr_vpa_idle_time: for how long the processor has been away of its own
 * will, since the reset, in time base ticks
 *
 * spapr_vpa_busy_time: for how long it has been dispatched. Both are for any
 * thread, and never run backwards.
 */
uint64_t spapr_vpa_idle_time(PowerPCCPU *cpu);
uint64_t spapr_vpa_busy_time(PowerPCCPU *cpu);

#endif /* HW_PPC_SPAPR_VPA_H */
