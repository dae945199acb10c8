/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the statistics of hypercalls
 */

#ifndef HW_PPC_SPAPR_STATS_H
#define HW_PPC_SPAPR_STATS_H

/** spapr_stats_init: let the monitor's query-stats find the statistics */
void spapr_stats_init(void);

#endif /* HW_PPC_SPAPR_STATS_H */
