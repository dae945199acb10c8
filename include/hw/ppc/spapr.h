/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the "pseries" machine
 *
 * For the board's own modules. Devices include the header of their bus instead.
 */

#ifndef HW_PPC_SPAPR_H
#define HW_PPC_SPAPR_H

#include "qemu/notify.h"
#include "hw/boards.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_hypervisor.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_mmu.h"
#include "hw/ppc/spapr_splpar.h"

#define TYPE_SPAPR_MACHINE "spapr-machine"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprMachineState, SPAPR_MACHINE)

struct SpaprMachineState {
    MachineState parent_obj;

    SpaprHypervisor *hv;
    Notifier init_done;

    /* Options */
    SpaprFirmwareKind firmware_kind;    /* x-vof; firmware= comes first */
    uint32_t vsmt;              /* distance of cores' vcpu ids; 0: choose */
    uint32_t max_compat_pvr;    /* 0: no limit */
    SpaprIcMode ic_mode;
    SpaprProcMode proc_mode;
    SpaprResizeHpt resize_hpt;
    SpaprCapValues caps;        /* cap-* */
};

#endif /* HW_PPC_SPAPR_H */
