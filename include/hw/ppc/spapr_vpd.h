/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: vital product data, and who the machine is
 */

#ifndef HW_PPC_SPAPR_VPD_H
#define HW_PPC_SPAPR_VPD_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_VPD "spapr-vpd"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVpd, SPAPR_VPD)

/* Longest location code with its NUL, LoPAR "FRU Call-out Structure" */
#define SPAPR_VPD_LOCATION_MAX 80

struct SpaprVpd {
    SpaprModule parent_obj;

    /* Where the sequence of calls that goes on stands; 0: there is none */
    uint32_t next;          /* sequence number of the call to come */
    uint32_t offset;        /* bytes that have been returned */
    uint32_t sum;           /* of all data, so that a change is noticed */
    /* What it asks for; empty: everything */
    char location[SPAPR_VPD_LOCATION_MAX];
};

/** spapr_vpd_type_model: machine type and model, "tttt-mmm", for g_free() */
char *spapr_vpd_type_model(SpaprHypervisor *hv);

/** spapr_vpd_serial: the machine's serial number, 7 characters, for g_free() */
char *spapr_vpd_serial(SpaprHypervisor *hv);

/**
 * spapr_vpd_enclosure: location code of the machine's enclosure, the root of
 * all others, for g_free()
 */
char *spapr_vpd_enclosure(SpaprHypervisor *hv);

#endif /* HW_PPC_SPAPR_VPD_H */
