/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: random numbers
 *
 * LoPAR, "H_RANDOM" and "/ibm,platform-facilities": the module that answers the
 * call, and the device by which a user gives it a source.
 */

#ifndef HW_PPC_SPAPR_RNG_H
#define HW_PPC_SPAPR_RNG_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_RANDOM "spapr-random"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprRandom, SPAPR_RANDOM)

/* -device spapr-rng,rng=ID */
#define TYPE_SPAPR_RNG "spapr-rng"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprRng, SPAPR_RNG)

#endif /* HW_PPC_SPAPR_RNG_H */
