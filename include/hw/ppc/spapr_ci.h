/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: loads and stores that the hypervisor makes for the guest
 */

#ifndef HW_PPC_SPAPR_CI_H
#define HW_PPC_SPAPR_CI_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_CI "spapr-ci"

#endif /* HW_PPC_SPAPR_CI_H */
