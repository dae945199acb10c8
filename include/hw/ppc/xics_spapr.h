/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the PowerPC External Interrupt option, on QEMU's XICS core
 *
 * One source controller holds the board's numbers; each virtual processor has
 * a presenter, kept in its SpaprVcpu.
 */

#ifndef HW_PPC_XICS_SPAPR_H
#define HW_PPC_XICS_SPAPR_H

#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/xics.h"

#define TYPE_SPAPR_XICS "spapr-xics"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprXics, SPAPR_XICS)

struct SpaprXics {
    SpaprModule parent_obj;

    ICSState ics;
    int32_t nr_sources;     /* bits in each of these: */
    unsigned long *enabled; /* ibm,int-on was the last word; else masked */
    unsigned long *waiting; /* sources that may have to be presented again */
};

#endif /* HW_PPC_XICS_SPAPR_H */
