/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: capabilities, the machine's cap-* options
 *
 * What of its processors and of the hypervisor a guest is given. The values
 * are settled before the first processor is made and stay as they are.
 */

#ifndef HW_PPC_SPAPR_CAPS_H
#define HW_PPC_SPAPR_CAPS_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_CAPS "spapr-caps"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprCaps, SPAPR_CAPS)

/* Migration sends values in this order: new ones come last */
typedef enum SpaprCap {
    SPAPR_CAP_HTM,
    SPAPR_CAP_VSX,
    SPAPR_CAP_DFP,
    SPAPR_CAP_CFPC,
    SPAPR_CAP_SBBC,
    SPAPR_CAP_IBS,
    SPAPR_CAP_HPT_MAX_PAGE_SIZE,
    SPAPR_CAP_NESTED_HV,
    SPAPR_CAP_NESTED_PAPR,
    SPAPR_CAP_LARGE_DECR,
    SPAPR_CAP_CCF_ASSIST,
    SPAPR_CAP_FWNMI,
    SPAPR_CAP_RPT_INVALIDATE,
    SPAPR_CAP_AIL_MODE_3,
    SPAPR_CAP_COUNT
} SpaprCap;

/* The user has said nothing */
#define SPAPR_CAP_UNSET     0xff

/* Switches: 0 and 1; words: their place in the list; sizes: log2 of bytes */
typedef struct SpaprCapValues {
    uint8_t of[SPAPR_CAP_COUNT];
} SpaprCapValues;

struct SpaprCaps {
    SpaprModule parent_obj;

    /* Set by the machine before realize: what the user asks for */
    SpaprCapValues wanted;
    SpaprCapValues values;      /* what is in force */
    SpaprCapValues migrated;    /* on their way from one machine to another */
};

/** spapr_caps_add_properties: make the cap-* options of a machine class */
void spapr_caps_add_properties(ObjectClass *oc);

/** spapr_caps_on: whether a switch is on */
static inline bool spapr_caps_on(const SpaprCaps *caps, SpaprCap cap)
{
    return caps->values.of[cap];
}

/**
 * spapr_caps_setup_cpu: take from a fresh processor, before it is realized,
 * what the guest is not to have
 */
void spapr_caps_setup_cpu(SpaprCaps *caps, PowerPCCPU *cpu);

/**
 * spapr_caps_lpcr: the bits of LPCR, among SPAPR_CAPS_LPCR, that a processor of
 * the architecture level that is in force has
 */
#define SPAPR_CAPS_LPCR     LPCR_LD
target_ulong spapr_caps_lpcr(SpaprCaps *caps, PowerPCCPU *cpu);

/** spapr_caps_cpu_dt: add to a processor's node what capabilities announce */
void spapr_caps_cpu_dt(SpaprCaps *caps, DtNode *node, PowerPCCPU *cpu);

#endif /* HW_PPC_SPAPR_CAPS_H */
