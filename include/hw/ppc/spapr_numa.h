/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what is near to what
 */

#ifndef HW_PPC_SPAPR_NUMA_H
#define HW_PPC_SPAPR_NUMA_H

#include "hw/boards.h"
#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_NUMA "spapr-numa"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprNuma, SPAPR_NUMA)

/*
 * Levels of an associativity list, the last of which is the NUMA node. Linux
 * follows no more than four, MAX_DISTANCE_REF_POINTS.
 */
#define SPAPR_NUMA_LEVELS   4

struct SpaprNuma {
    SpaprModule parent_obj;

    /* Set by the machine before realize: -numa, at least one node */
    const NumaState *state;
    unsigned max_cpus;          /* one more than the highest processor number */

    /* Form 1: each node's domains, the largest first */
    uint32_t domains[MAX_NODES][SPAPR_NUMA_LEVELS];
};

/** spapr_numa_node_dt: "ibm,associativity" of what belongs to NUMA node @id */
void spapr_numa_node_dt(SpaprNuma *numa, DtNode *node, unsigned id);

/** spapr_numa_cpu_dt: the same for a processor */
void spapr_numa_cpu_dt(SpaprNuma *numa, DtNode *node, PowerPCCPU *cpu);

#endif /* HW_PPC_SPAPR_NUMA_H */
