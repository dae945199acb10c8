/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: power control, reboot, and the operator's display
 */

#ifndef HW_PPC_SPAPR_POWER_H
#define HW_PPC_SPAPR_POWER_H

/* A module without state or properties: installed and left alone */
#define TYPE_SPAPR_POWER "spapr-power"

#endif /* HW_PPC_SPAPR_POWER_H */
