/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what a guest controls of virtual adapters of all kinds
 *
 * LoPAR, ch. "Virtualized Input/Output": H_VIO_SIGNAL and H_VIOCTL.
 */

#ifndef HW_PPC_SPAPR_VIO_CTL_H
#define HW_PPC_SPAPR_VIO_CTL_H

#include "hw/ppc/spapr_vio.h"

/*
 * Table "Semantics for H_VIOCTL subfunction parameter values": those that any
 * device of the board has
 */
#define VIOCTL_GET_VIOA_DUMP_SIZE           0x01
#define VIOCTL_GET_VIOA_DUMP                0x02
#define VIOCTL_GET_ILLAN_NUMBER_VLAN_IDS    0x03
#define VIOCTL_GET_ILLAN_VLAN_ID_LIST       0x04
#define VIOCTL_GET_ILLAN_SWITCH_ID          0x05
#define VIOCTL_DISABLE_ALL_VIO_INTERRUPTS   0x0a
#define VIOCTL_DISABLE_VIO_INTERRUPT        0x0b
#define VIOCTL_ENABLE_VIO_INTERRUPT         0x0c
#define VIOCTL_GET_ILLAN_MAX_VLAN_PRIORITY  0x0d
#define VIOCTL_GET_ILLAN_NUMBER_MAC_ACLS    0x0e
#define VIOCTL_GET_MAC_ACLS                 0x0f

/**
 * spapr_vioctl_no_parms: whether parm-1, parm-2 and parm-3 are all zero, as
 * subfunctions without parameters want them
 * @args: the guest's R4 and so on
 */
bool spapr_vioctl_no_parms(const target_ulong *args);

/**
 * spapr_vioctl_put: answer a subfunction whose parm-1 is an output descriptor
 * @args: the guest's R4 and so on; parm-2 and parm-3 must be zero
 * @data: @len bytes for the buffer, of which as many are put as fit; what is
 *        left of the buffer is cleared
 *
 * Returns: H_SUCCESS; H_CONSTRAINED when not all did fit; H_PARAMETER for
 * parameters that are none, and a buffer that isn't mapped
 */
target_long spapr_vioctl_put(SpaprVioDevice *dev, const target_ulong *args,
                             const void *data, size_t len);

/* The hypercalls, for the bus to register */
void spapr_vio_ctl_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls);

#endif /* HW_PPC_SPAPR_VIO_CTL_H */
