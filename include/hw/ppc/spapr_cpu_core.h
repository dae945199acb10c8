/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: processor cores and the hypervisor's view of a virtual processor
 */

#ifndef HW_PPC_SPAPR_CPU_CORE_H
#define HW_PPC_SPAPR_CPU_CORE_H

#include "hw/cpu/core.h"
#include "hw/qdev-core.h"
#include "hw/ppc/spapr_hypervisor.h"
#include "hw/ppc/spapr_vpa.h"
#include "target/ppc/cpu.h"

#define TYPE_SPAPR_CPU_CORE "spapr-cpu-core"
OBJECT_DECLARE_TYPE(SpaprCpuCore, SpaprCpuCoreClass, SPAPR_CPU_CORE)

#define SPAPR_CPU_CORE_TYPE_NAME(model) model "-" TYPE_SPAPR_CPU_CORE

/* More threads than this no POWER core has ever shown to a partition */
#define SPAPR_MAX_THREADS       8

/* LoPAR's "timebase-frequency", in Hz; all POWER processors have it */
#define SPAPR_TIMEBASE_FREQ     512000000

/* A virtual processor, hung on PowerPCCPU::machine_data */
typedef struct SpaprVcpu {
    SpaprCpuCore *core;
    PowerPCCPU *cpu;
    Object *icp;            /* interrupt presenters, the controllers' own: */
    Object *tctx;           /* XICS's and XIVE's; NULL when there is none */
    SpaprHcallCounters *hcalls;

    SpaprVpaState vpa;      /* its areas, and what is told there */

    bool prodded;           /* H_PROD came before the H_CEDE it shall end */
    bool joined;            /* waits in H_JOIN */
    bool stopped;           /* in the RTAS stopped state */
    bool deaf;              /* waits, and interrupts may not end that */
    bool signalled;         /* a system reset interrupt is on its way to it */
    bool conferring;        /* gives up its time slice; spapr_vpa_preempt() */
    uint8_t wait_reason;    /* SpaprPreemptReason of the wait it is in */

    int64_t wait_since;     /* of get_clock(), in ns; 0 while it doesn't wait */
    bool waits_briefly;     /* its last wait was brief enough to poll */

    /* How often its TLB was to be flushed, and as of when it has been */
    uint32_t flush_wanted;
    uint32_t flush_done;

    /* Bits of LPCR that wait for the processor to leave its guest code */
    uint64_t lpcr_value;
    uint64_t lpcr_mask;

    /* For a migration stream: interrupts that nothing else would know of */
    uint32_t held_interrupts;
} SpaprVcpu;

struct SpaprCpuCore {
    CPUCore parent_obj;

    /* Set by the machine before the core is realized */
    SpaprHypervisor *hv;
    uint32_t vsmt;          /* distance of two cores' processor numbers */
    int node_id;

    SpaprVcpu *vcpus;       /* one for each thread */
    int32_t nr_vcpus;       /* as "nr-threads" was when the core was made */
    VMChangeStateEntry *vm_state;
};

struct SpaprCpuCoreClass {
    DeviceClass parent_class;

    const char *cpu_type;
};

static inline SpaprVcpu *spapr_vcpu(PowerPCCPU *cpu)
{
    return cpu->machine_data;
}

/**
 * spapr_pvr_has_isa: whether logical processor version @own is of at least the
 * architecture of version @pvr. The low byte of logical versions counts
 * architectures in order.
 */
static inline bool spapr_pvr_has_isa(uint32_t own, uint32_t pvr)
{
    return (own & 0xff) >= (pvr & 0xff);
}

/**
 * spapr_cpu_has_isa: whether the guest sees a processor of at least the
 * architecture whose logical version is @pvr
 */
static inline bool spapr_cpu_has_isa(PowerPCCPU *cpu, uint32_t pvr)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);

    return spapr_pvr_has_isa(cpu->compat_pvr ?: pcc->spapr_logical_pvr, pvr);
}

/** spapr_cpu_core_type: the core type of a CPU type, or NULL */
const char *spapr_cpu_core_type(const char *cpu_type);

/**
 * spapr_cpu_by_server: the processor with a number of
 * "ibm,ppc-interrupt-server#s", or NULL; in constant time
 */
PowerPCCPU *spapr_cpu_by_server(target_ulong server);

/**
 * spapr_cpu_start: enter a stopped processor
 * @nip: where, a guest real address
 * @r3: what R3 holds then
 * @r1, @r4: likewise; only the boot processor's differ from 0
 *
 * The processor runs big endian, 64-bit, with translation off, as LoPAR's
 * start-cpu and Open Firmware's client entry both ask. It counts as started
 * at once; when the machine is running, its own thread sets its registers.
 */
void spapr_cpu_start(PowerPCCPU *cpu, target_ulong nip, target_ulong r1,
                     target_ulong r3, target_ulong r4);

/** spapr_cpu_stop: put the calling processor into the RTAS stopped state */
void spapr_cpu_stop(PowerPCCPU *cpu);

/**
 * spapr_cpu_system_reset: system reset interrupt; nothing when stopped. While
 * the machine does not run, it waits until it does.
 */
void spapr_cpu_system_reset(PowerPCCPU *cpu);

/**
 * spapr_vcpu_wait: let the calling processor wait from the end of its
 * hypercall on
 * @deaf: whether only spapr_vcpu_wake() and a system reset end the wait;
 *        otherwise any interrupt does as well
 * @reason: what the guest's trace log shall say
 */
void spapr_vcpu_wait(SpaprVcpu *vcpu, bool deaf, SpaprPreemptReason reason);

/** spapr_vcpu_waits: whether the processor waits, or is stopped */
bool spapr_vcpu_waits(SpaprVcpu *vcpu);

/**
 * spapr_vcpu_wake: end a wait, from any thread that holds the BQL
 * @reason: what the guest's trace log shall say
 */
void spapr_vcpu_wake(SpaprVcpu *vcpu, SpaprDispatchReason reason);

/**
 * spapr_vcpu_poll: before the thread of a processor that waits goes to sleep,
 * look whether the wait is over soon. By the processor's own thread, when it
 * leaves guest code, without the BQL.
 */
void spapr_vcpu_poll(SpaprVcpu *vcpu);

/** spapr_vcpu_poll_end: note how long it has waited; before it goes on */
void spapr_vcpu_poll_end(SpaprVcpu *vcpu);

/**
 * spapr_vcpu_active: whether the processor takes part in what the partition
 * does; one that is stopped or has joined does not
 */
static inline bool spapr_vcpu_active(SpaprVcpu *vcpu)
{
    return !vcpu->stopped && !vcpu->joined;
}

/** spapr_vcpu_sole_active: whether @vcpu is the only one that is active */
bool spapr_vcpu_sole_active(SpaprVcpu *vcpu);

/**
 * spapr_cpu_set_lpcr: set bits of LPCR on one processor, by its own thread
 *
 * spapr_cpu_set_lpcr_all: the same on every processor. From a hypercall, no
 * processor runs guest code between the caller's next instruction and the
 * change.
 */
void spapr_cpu_set_lpcr(PowerPCCPU *cpu, target_ulong value, target_ulong mask);
void spapr_cpu_set_lpcr_all(target_ulong value, target_ulong mask);

#endif /* HW_PPC_SPAPR_CPU_CORE_H */
