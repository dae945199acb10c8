/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: firmware-assisted non-maskable interrupts
 *
 * LoPAR, "Firmware Assisted Non-Maskable Interrupts Option (FWNMI)": a guest
 * registers where it wants system resets and machine checks, and gets the
 * latter with the platform's analysis of what went wrong.
 *
 * Machine checks are made by the user, with the write-only property
 * "machine-check" of /machine/hypervisor/fwnmi, or by the guest's own
 * ibm,errinjct. Its members are
 *
 *   type                "ue", "slb", "erat", "tlb", "d-cache" or "i-cache"
 *   cpu                 index of the processor, default 0
 *   subtype             see machine_check_types[] in spapr_fwnmi.c
 *   disposition         "recovered" (the default), "limited" or
 *                       "not-recovered"
 *   fatal               true: nothing may go on; default false
 *   effective-address   where it happened; not told when it is absent
 *   logical-address     likewise, of an uncorrectable memory error only
 *   state               what the processor must be doing when it happens:
 *                       "recoverable", with MSR[RI] set (the default; what is
 *                       fatal does not wait for it), in the "user"'s or the
 *                       "kernel"'s code with that bit set, or "any"
 */

#ifndef HW_PPC_SPAPR_FWNMI_H
#define HW_PPC_SPAPR_FWNMI_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_FWNMI "spapr-fwnmi"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprFwnmi, SPAPR_FWNMI)

/* Types of machine checks, "Platform Event Log Format, Failing Memory ..." */
enum {
    SPAPR_MC_UE         = 0x00,
    SPAPR_MC_SLB        = 0x01,
    SPAPR_MC_ERAT       = 0x02,
    SPAPR_MC_TLB        = 0x04,
    SPAPR_MC_D_CACHE    = 0x05,
    SPAPR_MC_I_CACHE    = 0x07,
};

/* What the processor must be doing */
enum {
    SPAPR_MC_STATE_RECOVERABLE,
    SPAPR_MC_STATE_ANY,
    SPAPR_MC_STATE_USER,
    SPAPR_MC_STATE_KERNEL,
};

/* A machine check that is to happen */
typedef struct SpaprMachineCheck {
    uint32_t cpu;           /* index */
    uint8_t type;           /* SPAPR_MC_* */
    uint8_t subtype;        /* as the log has it */
    uint8_t disposition;    /* SPAPR_ERRLOG_*_RECOVER* */
    uint8_t state;          /* SPAPR_MC_STATE_* */
    bool fatal;
    bool has_ea;
    bool has_la;
    uint64_t ea;            /* effective and logical address */
    uint64_t la;
} SpaprMachineCheck;

#define SPAPR_FWNMI_QUEUE 16

struct SpaprFwnmi {
    SpaprModule parent_obj;

    /* Set by the machine before realize: whether the guest has the option */
    bool enabled;

    /* ibm,nmi-register; guest real addresses */
    bool registered;
    uint32_t system_reset;
    uint32_t machine_check;
    uint32_t rtas_base;     /* where firmware has put RTAS */

    /* Whose error is in the log: index of a processor, or -1 */
    int32_t holder;
    bool fatal;             /* one has been told of */

    /* Those to come, the first first */
    SpaprMachineCheck queue[SPAPR_FWNMI_QUEUE];
    uint32_t count;
    QEMUTimer *retry;       /* the processor was not in the right state */
};

/**
 * spapr_fwnmi_machine_check: let a machine check happen, as soon as those
 * before it have been dealt with and the processor is in the right state
 *
 * Returns: false when as many as there may be are waiting
 */
bool spapr_fwnmi_machine_check(SpaprFwnmi *fwnmi, const SpaprMachineCheck *mc);

/**
 * spapr_fwnmi_system_reset: system reset interrupt on the calling processor, in
 * the routine that the guest has registered or else at the vector
 */
void spapr_fwnmi_system_reset(SpaprFwnmi *fwnmi, PowerPCCPU *cpu);

#endif /* HW_PPC_SPAPR_FWNMI_H */
