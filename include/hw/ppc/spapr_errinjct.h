/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: errors that a guest injects into itself
 *
 * LoPAR, "Error Injection Option". Each class of errors belongs to the module
 * that can make them, which adds it here.
 */

#ifndef HW_PPC_SPAPR_ERRINJCT_H
#define HW_PPC_SPAPR_ERRINJCT_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_ERRINJCT "spapr-errinjct"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprErrinjct, SPAPR_ERRINJCT)

/* Cells of the work buffer */
#define SPAPR_ERRINJCT_CELLS 256

/**
 * SpaprErrinjctFn:
 * @cpu: the calling processor, which the error is to hit if it hits any
 * @cells: the work buffer
 *
 * Returns: the status of ibm,errinjct
 */
typedef int32_t SpaprErrinjctFn(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *cells);

struct SpaprErrinjct {
    SpaprModule parent_obj;

    GArray *classes;        /* ErrinjctClass, by token; private */

    uint32_t open_token;    /* of whoever has the facility; 0: nobody */
    uint32_t last_token;
};

/**
 * spapr_errinjct_add: a module brings a class of errors
 * @name: from the LoPAR's table "Errinjct-token-names"
 * @fn: NULL: this machine has not the class, but its number is taken, as others
 *      are the same in all machines
 *
 * To be called when the module registers its calls.
 */
void spapr_errinjct_add(SpaprErrinjct *errinjct, const char *name,
                        SpaprErrinjctFn *fn, void *opaque);

#endif /* HW_PPC_SPAPR_ERRINJCT_H */
