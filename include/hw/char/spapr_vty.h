/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the virtual terminal
 */

#ifndef HW_CHAR_SPAPR_VTY_H
#define HW_CHAR_SPAPR_VTY_H

#include "chardev/char.h"
#include "hw/ppc/spapr_vio.h"

#define TYPE_SPAPR_VTY "spapr-vty"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVty, SPAPR_VTY)

/** spapr_vty_create: a terminal for @chr at the next free unit address */
void spapr_vty_create(SpaprVioBus *bus, Chardev *chr);

/**
 * spapr_vty_default: the terminal that is the console: the one with the lowest
 * unit address, or NULL
 */
SpaprVioDevice *spapr_vty_default(SpaprVioBus *bus);

/**
 * spapr_vty_display: put a character on the console, as RTAS's
 * display-character does
 *
 * Returns: H_SUCCESS, H_BUSY when the terminal takes none now, or H_PARAMETER
 * when there is no terminal
 */
target_long spapr_vty_display(SpaprVioBus *bus, uint8_t ch);

#endif /* HW_CHAR_SPAPR_VTY_H */
