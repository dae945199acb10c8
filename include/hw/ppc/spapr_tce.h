/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: translation control entries (TCEs)
 *
 * A DMA window is a range of I/O addresses that a device sees, with a table of
 * TCEs, one for each I/O page, which the guest fills by hypercalls. It is an
 * IOMMU memory region: the owner maps it into an address space of its own, and
 * then does DMA by the ordinary calls. The module knows all windows by their
 * logical I/O bus number (LIOBN) and brings the hypercalls.
 */

#ifndef HW_PPC_SPAPR_TCE_H
#define HW_PPC_SPAPR_TCE_H

#include "exec/memory.h"
#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_TCES "spapr-tces"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprTces, SPAPR_TCES)

/* The page size that all virtual I/O has: 4 KiB */
#define SPAPR_TCE_PAGE_SHIFT    12

/* Windows begin at multiples of it, as blocks of so many bytes are looked up */
#define SPAPR_TCE_BASE_ALIGN    (64 * KiB)

typedef struct SpaprTceTable SpaprTceTable;

/**
 * SpaprTceFaultFn: a device has done what no TCE lets it do
 *
 * Called in whatever thread that was, maybe without the BQL and in an RCU
 * critical section.
 */
typedef void SpaprTceFaultFn(void *opaque);

/*
 * A window, to be embedded in the device that does DMA through it. Nothing but
 * this module looks inside.
 */
typedef struct SpaprTceWindow {
    IOMMUMemoryRegion iommu;
    SpaprTceTable *table;
    SpaprTceFaultFn *fault;
    void *fault_opaque;
} SpaprTceWindow;

/**
 * spapr_tce_window_init: make a window and give it to the hypercalls
 * @owner: the device, whose child the region becomes
 * @liobn: its logical I/O bus number, which no other window may have
 * @page_shift: of its I/O pages; SPAPR_TCE_PAGE_SHIFT or more
 * @base: I/O address that it begins at, a multiple of the page size and of
 *        SPAPR_TCE_BASE_ALIGN. It is what the hypercalls are told; the region's
 *        addresses begin at 0.
 * @size: bytes of I/O addresses; a multiple of the page size
 *
 * Returns: false with @errp set when another window has @liobn, or when there
 * is no memory for its table
 */
bool spapr_tce_window_init(SpaprTceWindow *win, Object *owner,
                           SpaprTces *tces, uint32_t liobn,
                           unsigned page_shift, uint64_t base, uint64_t size,
                           Error **errp);

/** spapr_tce_window_cleanup: undo it; a window that never was made is fine */
void spapr_tce_window_cleanup(SpaprTceWindow *win);

/**
 * spapr_tce_window_set_fault: whom to tell of accesses that fail
 *
 * To be called before anybody can make one.
 */
void spapr_tce_window_set_fault(SpaprTceWindow *win, SpaprTceFaultFn *fn,
                                void *opaque);

/** spapr_tce_window_reset: nothing is mapped any more */
void spapr_tce_window_reset(SpaprTceWindow *win);

/** spapr_tce_window_region: what the owner maps into its address space */
MemoryRegion *spapr_tce_window_region(SpaprTceWindow *win);

/* To be a VMSTATE_STRUCT of the owner's description */
extern const VMStateDescription vmstate_spapr_tce_window;

#endif /* HW_PPC_SPAPR_TCE_H */
