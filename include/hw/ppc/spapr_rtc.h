/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the real-time clock
 *
 * The partition's clock is the core's RTC (-rtc) plus what the guest has set
 * it ahead. The object's "date" is the guest's time, a struct tm.
 */

#ifndef HW_PPC_SPAPR_RTC_H
#define HW_PPC_SPAPR_RTC_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_RTC "spapr-rtc"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprRtc, SPAPR_RTC)

struct SpaprRtc {
    SpaprModule parent_obj;

    /* How far the guest's clock is ahead of the core's; ns is 0..999999999 */
    int64_t ahead_s;
    uint32_t ahead_ns;

    /* When the guest wants power to be turned on again; on rtc_clock */
    QEMUTimer *power_on;
    bool powering_up;           /* it has come, and the reset is about to */
};

#endif /* HW_PPC_SPAPR_RTC_H */
