/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI
 */

#ifndef HW_SCSI_SPAPR_VSCSI_H
#define HW_SCSI_SPAPR_VSCSI_H

#include "hw/ppc/spapr_vio.h"
#include "hw/scsi/scsi.h"

#define TYPE_SPAPR_VSCSI "spapr-vscsi"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVscsi, SPAPR_VSCSI)

/**
 * spapr_vscsi_create: an adapter, with the drives of "-drive if=scsi" that are
 * for it: the first adapter gets those of SCSI bus 0, and so on
 */
void spapr_vscsi_create(SpaprVioBus *bus);

/**
 * spapr_vscsi_fw_name: what SLOF calls a device on one of our adapters
 *
 * Returns: such as "disk@8000000000000000", for g_free()
 */
char *spapr_vscsi_fw_name(const SCSIDevice *dev);

#endif /* HW_SCSI_SPAPR_VSCSI_H */
