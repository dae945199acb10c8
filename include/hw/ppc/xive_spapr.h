/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the external interrupt virtualization engine, on QEMU's XIVE core
 *
 * The partition's logical interrupt sources, event queues and thread contexts,
 * as the LoPAR's exploitation mode shows them.
 */

#ifndef HW_PPC_XIVE_SPAPR_H
#define HW_PPC_XIVE_SPAPR_H

#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/xive.h"

/*
 * Logical interrupt source numbers (LISNs). The first are the guest's own, for
 * interrupts between processors; SPAPR_IRQ_BASE and up are devices.
 */
#define SPAPR_XIVE_LISNS        (SPAPR_IRQ_BASE + SPAPR_IRQ_COUNT)

/*
 * Priorities from this one on are in "ibm,plat-res-int-priorities": 7, which
 * hypervisors keep for themselves, and those that no engine has.
 */
#define SPAPR_XIVE_RESERVED     7
/* Event queues (ENDs) of an interrupt server, one for each priority */
#define SPAPR_XIVE_QUEUES       (XIVE_PRIORITY_MAX + 1)

/* Sizes of an event queue, powers of 2 in bytes */
#define SPAPR_XIVE_EQ_SIZES     { 12, 16, 21, 24 }

/*
 * Guest real addresses of the pages, above all RAM and I/O. Each source and
 * each event queue has two pages of 64 KiB; the thread context has two, as the
 * operating system and as a user's program sees it.
 */
#define SPAPR_XIVE_ESB_BASE     0x4000000000000ull
#define SPAPR_XIVE_END_BASE     0x4001000000000ull
#define SPAPR_XIVE_TIMA_BASE    0x4002000000000ull
#define SPAPR_XIVE_PAGE_SHIFT   XIVE_ESB_64K
#define SPAPR_XIVE_PAGE_SIZE    (1ull << SPAPR_XIVE_PAGE_SHIFT)

/* A pair of cache lines for H_INT_SET_OS_REPORTING_LINE, and none */
#define SPAPR_XIVE_CACHE_LINE   128
#define SPAPR_XIVE_NO_LINE      UINT64_MAX

/* A source without a queue has this in its assignment (EAS) */
#define SPAPR_XIVE_NO_END       (EAS_END_INDEX >> ctz64(EAS_END_INDEX))

#define TYPE_SPAPR_XIVE_ROUTER "spapr-xive-router"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprXiveRouter, SPAPR_XIVE_ROUTER)

#define TYPE_SPAPR_XIVE "spapr-xive"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprXive, SPAPR_XIVE)

/* What the core asks for the tables below */
struct SpaprXiveRouter {
    XiveRouter parent_obj;

    SpaprXive *xive;
};

struct SpaprXive {
    SpaprModule parent_obj;

    bool esb_hcall;         /* property: devices' sources have no pages */

    SpaprXiveRouter router;
    XiveSource source;
    XiveENDSource end_source;
    MemoryRegion esb_pages; /* those of the sources that the guest can reach */
    MemoryRegion tima;

    uint32_t nr_servers;
    uint32_t nr_ends;
    uint32_t nr_ipis;       /* LISNs for the guest's own use, from 0 up */

    /* Big endian, as the architecture has them; sizes in bytes */
    XiveEAS *eat;           /* by LISN; valid if there is such a source */
    uint32_t eat_size;
    XiveEND *endt;          /* by server and priority */
    uint32_t endt_size;
    uint64_t *lines;        /* OS reporting lines, by server */

    /*
     * Of a stream that is written or read: what comes in is looked at as a whole
     * before it counts
     */
    bool peer_esb_hcall;
    XiveEAS *stream_eat;
    XiveEND *stream_endt;
    uint64_t *stream_lines;
};

bool spapr_xive_is_active(SpaprXive *xive);

/** spapr_xive_forget: all assignments, queues, states and reporting lines */
void spapr_xive_forget(SpaprXive *xive);

/** spapr_xive_source_forget: a source's assignment; it has none afterwards */
void spapr_xive_source_forget(SpaprXive *xive, uint32_t lisn);

/** spapr_xive_eq_size_ok: whether an event queue may have 2^@shift bytes */
bool spapr_xive_eq_size_ok(uint64_t shift);

static inline uint32_t spapr_xive_end_index(uint32_t server, uint8_t priority)
{
    return server * SPAPR_XIVE_QUEUES + priority;
}

/* The function set of the H_INT_* calls */
#define SPAPR_XIVE_FUNCTIONS    "hcall-int-exploitation"

/** spapr_xive_register_hcalls: the H_INT_* calls, in xive_spapr_hcall.c */
void spapr_xive_register_hcalls(SpaprXive *xive, SpaprHcallTable *hcalls);

#endif /* HW_PPC_XIVE_SPAPR_H */
