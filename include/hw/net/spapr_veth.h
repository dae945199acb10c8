/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual Ethernet (the LoPAR's interpartition logical LAN, ILLAN)
 */

#ifndef HW_NET_SPAPR_VETH_H
#define HW_NET_SPAPR_VETH_H

#include "hw/ppc/spapr_vio.h"

#define TYPE_SPAPR_VETH "spapr-vlan"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVeth, SPAPR_VETH)

/** spapr_veth_create_all: the adapters that -nic and -net nic ask for */
void spapr_veth_create_all(SpaprVioBus *bus);

#endif /* HW_NET_SPAPR_VETH_H */
