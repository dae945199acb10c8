/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual processor areas
 *
 * LoPAR, "Virtual Processor Areas": memory of the guest that it shares with
 * the hypervisor, registered with H_REGISTER_VPA for each processor.
 */

#ifndef HW_PPC_SPAPR_VPA_H
#define HW_PPC_SPAPR_VPA_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_VPA "spapr-vpa"

/**
 * spapr_vpa_dispatch: @cpu is about to run guest code
 * spapr_vpa_preempt: @cpu has ceased to
 *
 * They keep the dispatch counter, and its copy in the processor's area, even
 * while the processor is dispatched and odd while it is not. Called on the
 * processor's thread, without the BQL.
 */
void spapr_vpa_dispatch(PowerPCCPU *cpu);
void spapr_vpa_preempt(PowerPCCPU *cpu);

#endif /* HW_PPC_SPAPR_VPA_H */
