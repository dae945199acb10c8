/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: non-volatile memory
 */

#ifndef HW_NVRAM_SPAPR_NVRAM_H
#define HW_NVRAM_SPAPR_NVRAM_H

#include "hw/ppc/spapr_vio.h"

#define TYPE_SPAPR_NVRAM "spapr-nvram"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprNvram, SPAPR_NVRAM)

/**
 * spapr_nvram_create: the partition's memory, kept in the drive of
 * "-drive if=pflash" when there is one, else lost when QEMU ends
 */
void spapr_nvram_create(SpaprVioBus *bus);

#endif /* HW_NVRAM_SPAPR_NVRAM_H */
