/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's processors: their hypercalls, their RTAS calls and
 * their nodes in the device tree
 */

#ifndef HW_PPC_SPAPR_VCPU_H
#define HW_PPC_SPAPR_VCPU_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_VCPUS "spapr-vcpus"

#endif /* HW_PPC_SPAPR_VCPU_H */
