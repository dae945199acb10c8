/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: power control, reboot, and the operator's display
 */

#ifndef HW_PPC_SPAPR_POWER_H
#define HW_PPC_SPAPR_POWER_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_POWER "spapr-power"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprPower, SPAPR_POWER)

/* As much of a guest's last words as is kept */
#define SPAPR_POWER_LAST_WORDS 256

struct SpaprPower {
    SpaprModule parent_obj;

    char last_words[SPAPR_POWER_LAST_WORDS];
};

#endif /* HW_PPC_SPAPR_POWER_H */
