/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: client architecture support
 *
 * Early in its life a guest tells, with "ibm,client-architecture-support",
 * what it can live with; this module decides what it gets.
 */

#ifndef HW_PPC_SPAPR_CAS_H
#define HW_PPC_SPAPR_CAS_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_CAS "spapr-cas"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprCas, SPAPR_CAS)

/* Bytes 1 to 26 of option vector 5, behind its length byte at index 0 */
#define SPAPR_OV5_SIZE 27

/* What associativity lists tell; see hw/ppc/spapr_numa.c */
typedef enum SpaprAffinityForm {
    SPAPR_AFFINITY_FORM0,
    SPAPR_AFFINITY_FORM1,
    SPAPR_AFFINITY_FORM2,
} SpaprAffinityForm;

struct SpaprCas {
    SpaprModule parent_obj;

    uint32_t max_compat_pvr;    /* the user's max-cpu-compat; 0: no limit */

    /* What has been negotiated. Without negotiation: all zero */
    bool done;
    uint8_t ov5[SPAPR_OV5_SIZE];
    uint32_t compat_pvr;        /* 0: the processor's own architecture */
    bool radix;
    bool gtse;

    /* The next reset is ours and keeps the above */
    bool resetting;
};

/**
 * spapr_cas_negotiate: choose processors and MMU by a guest's demands and put
 * the machine into that state
 * @cpu: the calling processor
 * @vec: guest real address of ibm,architecture.vec
 *
 * Returns: false when the guest is refused; the negotiated state is then as
 * it was
 */
bool spapr_cas_negotiate(SpaprCas *cas, PowerPCCPU *cpu, hwaddr vec);

/** spapr_cas_affinity_form: as negotiated; form 0 before */
SpaprAffinityForm spapr_cas_affinity_form(const SpaprCas *cas);

/** spapr_cas_hotplug_interrupt: whether the guest wants to be told so */
bool spapr_cas_hotplug_interrupt(const SpaprCas *cas);

/**
 * spapr_cas_machine_reset: put processors and MMU into the state that a guest
 * starts in: that of the machine, or the one whose negotiation asked for
 * the reset. All devices have been reset.
 */
void spapr_cas_machine_reset(SpaprCas *cas);

#endif /* HW_PPC_SPAPR_CAS_H */
