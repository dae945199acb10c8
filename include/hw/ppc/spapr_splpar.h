/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's share of the platform
 *
 * LoPAR, "Shared Processor LPAR Option" and "Cooperative Memory Over-commitment
 * Option": what the partition is entitled to, and how busy the platform is.
 */

#ifndef HW_PPC_SPAPR_SPLPAR_H
#define HW_PPC_SPAPR_SPLPAR_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_SPLPAR "spapr-splpar"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprSplpar, SPAPR_SPLPAR)

/* Capacity is counted in hundredths of a processor, which is a core */
#define SPAPR_CAPACITY_OF_PROCESSOR     100
/* H_SET_PPP leaves each virtual processor at least this much */
#define SPAPR_MIN_CAPACITY_PER_VP       1
#define SPAPR_DEFAULT_WEIGHT            128
/* LoPAR's "dispatch wheel rotation period", in time base ticks: 10 ms */
#define SPAPR_DISPATCH_WHEEL_TICKS      5120000

/* The machine's proc-mode= */
typedef enum SpaprProcMode {
    SPAPR_PROC_MODE_SHARED,
    SPAPR_PROC_MODE_DEDICATED,
} SpaprProcMode;

struct SpaprSplpar {
    SpaprModule parent_obj;

    /*
     * Set by the machine before realize. Whether the virtual processors share
     * those of the platform: they are told what time they have not been
     * dispatched, and the partition counts as uncapped.
     */
    bool shared;
    bool migrated_shared;   /* what the stream says of it */

    /* H_SET_PPP */
    uint64_t entitled;      /* capacity */
    uint8_t weight;
};

/**
 * spapr_splpar_characteristics: LoPAR, app. "SPLPAR Characteristics
 * Definitions", what a system parameter tells of the partition's configuration
 *
 * Returns: a string for g_free()
 */
char *spapr_splpar_characteristics(SpaprSplpar *splpar);

#endif /* HW_PPC_SPAPR_SPLPAR_H */
