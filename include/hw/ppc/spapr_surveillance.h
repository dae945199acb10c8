/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: surveillance of the guest
 *
 * LoPAR, "Surveillance": the platform expects heartbeats from a guest that has
 * asked for it, and acts when they cease.
 */

#ifndef HW_PPC_SPAPR_SURVEILLANCE_H
#define HW_PPC_SPAPR_SURVEILLANCE_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_SURVEILLANCE "spapr-surveillance"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprSurveillance, SPAPR_SURVEILLANCE)

struct SpaprSurveillance {
    SpaprModule parent_obj;

    uint32_t minutes;       /* a heartbeat must come in; 0: nobody cares */
    QEMUTimer *timer;       /* its end, in virtual time */
};

/** spapr_surveillance_heartbeat: the guest lives */
void spapr_surveillance_heartbeat(SpaprSurveillance *surveillance);

/** spapr_surveillance_stop: no more heartbeats are to be expected */
void spapr_surveillance_stop(SpaprSurveillance *surveillance);

#endif /* HW_PPC_SPAPR_SURVEILLANCE_H */
