/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what every module of the board has in common
 *
 * A module is a device below /machine/hypervisor that owns its state and brings
 * all that belongs to it: hypercalls, RTAS calls, device-tree nodes, reset,
 * migration. It is a system-bus device, so the core resets it and migrates its
 * VMStateDescription without more ado.
 */

#ifndef HW_PPC_SPAPR_MODULE_H
#define HW_PPC_SPAPR_MODULE_H

#include "hw/sysbus.h"
#include "hw/ppc/spapr_hcall.h"
#include "hw/ppc/spapr_rtas.h"
#include "hw/ppc/spapr_dt.h"
#include "hw/ppc/spapr_hypervisor.h"

#define TYPE_SPAPR_MODULE "spapr-module"
OBJECT_DECLARE_TYPE(SpaprModule, SpaprModuleClass, SPAPR_MODULE)

struct SpaprModule {
    SysBusDevice parent_obj;

    SpaprHypervisor *hv;    /* set before realize, never NULL afterwards */
};

struct SpaprModuleClass {
    SysBusDeviceClass parent_class;

    /* Optional. Called once, right after realize */
    void (*register_calls)(SpaprModule *module, SpaprHcallTable *hcalls,
                           SpaprRtasTable *rtas);
    /*
     * Optional. Called at every reset and at client-architecture-support,
     * in the order in which the modules were installed, on a fresh tree.
     */
    void (*populate_dt)(SpaprModule *module, DtNode *root);
};

/**
 * spapr_module_install: make @module a part of the machine
 * @hv: the hypervisor it belongs to
 * @module: a fresh object, its properties set; its only reference is taken
 * @name: the child's name below /machine/hypervisor
 *
 * Returns: false with @errp set when realizing it failed
 */
bool spapr_module_install(SpaprHypervisor *hv, SpaprModule *module,
                          const char *name, Error **errp);

#endif /* HW_PPC_SPAPR_MODULE_H */
