/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypervisor, hub of the board
 *
 * It is the PPCVirtualHypervisor that target/ppc calls: hypercalls go to the
 * table, address translation to the modules that own it. It knows the modules,
 * and through it a module reaches its siblings.
 */

#ifndef HW_PPC_SPAPR_HYPERVISOR_H
#define HW_PPC_SPAPR_HYPERVISOR_H

#include "qom/object.h"
#include "hw/ppc/spapr_dt.h"
#include "hw/ppc/spapr_hcall.h"
#include "hw/ppc/spapr_rtas.h"

#define TYPE_SPAPR_HYPERVISOR "spapr-hypervisor"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprHypervisor, SPAPR_HYPERVISOR)

typedef struct SpaprCaps SpaprCaps;
typedef struct SpaprNuma SpaprNuma;
typedef struct SpaprMemory SpaprMemory;
typedef struct SpaprHpt SpaprHpt;
typedef struct SpaprMmu SpaprMmu;
typedef struct SpaprIrq SpaprIrq;
typedef struct SpaprSplpar SpaprSplpar;
typedef struct SpaprVpa SpaprVpa;
typedef struct SpaprCas SpaprCas;
typedef struct SpaprFirmware SpaprFirmware;
typedef struct SpaprTces SpaprTces;
typedef struct SpaprVioBridge SpaprVioBridge;
typedef struct SpaprDrcs SpaprDrcs;
typedef struct SpaprPci SpaprPci;
typedef struct SpaprSensors SpaprSensors;
typedef struct SpaprSurveillance SpaprSurveillance;
typedef struct SpaprEvents SpaprEvents;
typedef struct SpaprErrinjct SpaprErrinjct;
typedef struct SpaprFwnmi SpaprFwnmi;

struct SpaprHypervisor {
    Object parent_obj;

    SpaprHcallTable *hcalls;
    SpaprRtasTable *rtas;
    GPtrArray *modules;     /* SpaprModule *, in the order of installation */
    /* SpaprVcpu * by interrupt server number, NULL for numbers nobody has */
    GPtrArray *vcpus;
    bool may_poll;          /* the host has more than one processor for us */
    bool polling;           /* one of them does; atomic; spapr_vcpu_poll() */
    int64_t poll_after;     /* of get_clock(): not before; who polls has it */

    /* What the user wants the guest to be told of the host; NULL: nothing */
    char *host_model;
    char *host_serial;

    /* Siblings that others ask; set by the machine when it installs them */
    SpaprCaps *caps;
    SpaprNuma *numa;
    SpaprMemory *memory;
    SpaprHpt *hpt;
    SpaprMmu *mmu;
    SpaprIrq *irq;
    SpaprSplpar *splpar;
    SpaprVpa *vpa;
    SpaprCas *cas;
    SpaprFirmware *firmware;
    SpaprTces *tces;
    SpaprVioBridge *vio;
    SpaprDrcs *drcs;
    SpaprPci *pci;
    SpaprSensors *sensors;
    SpaprSurveillance *surveillance;
    SpaprEvents *events;
    SpaprErrinjct *errinjct;
    SpaprFwnmi *fwnmi;
};

/**
 * spapr_hypervisor_build_dt: the partition's device tree as it is now: its
 * identity, /rtas as the tables promise it, and what every module adds
 */
DtNode *spapr_hypervisor_build_dt(SpaprHypervisor *hv);

#endif /* HW_PPC_SPAPR_HYPERVISOR_H */
