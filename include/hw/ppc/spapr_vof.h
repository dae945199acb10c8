/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's side of Virtual Open Firmware
 */

#ifndef HW_PPC_SPAPR_VOF_H
#define HW_PPC_SPAPR_VOF_H

#include "hw/ppc/spapr_firmware.h"

/**
 * spapr_vof_new: VOF whose image of @fw_size bytes lies at address 0; registers
 * H_VOF_CLIENT for @fw
 */
SpaprVof *spapr_vof_new(SpaprFirmware *fw, size_t fw_size);
void spapr_vof_free(SpaprVof *vof);

/**
 * spapr_vof_boot: start over with a fresh @root and enter the image on @cpu
 */
void spapr_vof_boot(SpaprVof *vof, DtNode *root, PowerPCCPU *cpu);

/** spapr_vof_tree_valid: whether a valid tree is one that VOF can work with */
bool spapr_vof_tree_valid(const void *fdt);

/** spapr_vof_setprop: whether a client may set this property of the tree */
bool spapr_vof_setprop(const char *path, const char *propname);

/**
 * spapr_vof_client_architecture_support: the method of VOF's root node
 * @vec: real address of ibm,architecture.vec
 *
 * Returns: 0 when the client's demands are met, -1 otherwise
 */
target_ulong spapr_vof_client_architecture_support(SpaprVof *vof,
                                                   PowerPCCPU *cpu,
                                                   target_ulong vec);

/* What a client has claimed and opened */
extern const VMStateDescription vmstate_spapr_vof;

#endif /* HW_PPC_SPAPR_VOF_H */
