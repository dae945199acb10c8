/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: system parameters
 */

#ifndef HW_PPC_SPAPR_SYSPARM_H
#define HW_PPC_SPAPR_SYSPARM_H

/* A module without state or properties: installed and left alone */
#define TYPE_SPAPR_SYSPARM "spapr-sysparm"

#endif /* HW_PPC_SPAPR_SYSPARM_H */
