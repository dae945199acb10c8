/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: address translation of the partition
 *
 * Two modules: SpaprHpt owns the hash page table and its hypercalls; SpaprMmu
 * owns the choice between hash and radix and the process table.
 */

#ifndef HW_PPC_SPAPR_MMU_H
#define HW_PPC_SPAPR_MMU_H

#include "qemu/thread.h"
#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"

#define TYPE_SPAPR_HPT "spapr-hpt"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprHpt, SPAPR_HPT)

/* Locks that the groups of the table share, see spapr_hpt.c */
#define SPAPR_HPT_STRIPES 64

typedef struct SpaprHptTable SpaprHptTable;

/* The machine option "resize-hpt" */
typedef enum SpaprResizeHpt {
    SPAPR_RESIZE_HPT_DEFAULT,
    SPAPR_RESIZE_HPT_ENABLED,
    SPAPR_RESIZE_HPT_DISABLED,
    SPAPR_RESIZE_HPT_REQUIRED,
} SpaprResizeHpt;

struct SpaprHpt {
    SpaprModule parent_obj;

    /* Whether the guest may resize its table; set before realize */
    SpaprResizeHpt resize;

    /* One writer for each group of entries at a time */
    QemuMutex stripes[SPAPR_HPT_STRIPES];
    /*
     * Written with the BQL and all stripes held, so either keeps it in place.
     * Processors walk the table without them, so it is read, and freed, by the
     * rules of RCU.
     */
    SpaprHptTable *table;
    uint32_t shift;         /* log2 of the size in bytes; 0: no table */
    uint32_t generation;    /* counts the tables there have been */
    uint32_t sent;          /* the generation that migration told of */

    /* What H_RESIZE_HPT_PREPARE has made, or NULL. Under the BQL. */
    SpaprHptTable *pending;
    uint32_t pending_shift; /* the same for migration; 0: nothing */
};

/**
 * spapr_hpt_allocate: an empty table of 2^@shift bytes in place of what was
 * there; @shift 0 leaves none (radix). What was prepared for a resize is gone
 * as well. A processor that still translates by the old table may do so until
 * its TLB is flushed, which is up to the caller. The BQL is held.
 *
 * Returns: false with @errp set, and the old table in place, when there is no
 * memory for it
 */
bool spapr_hpt_allocate(SpaprHpt *hpt, uint32_t shift, Error **errp);

/**
 * spapr_hpt_initial_shift: log2 of the size of the table that a guest starts
 * with: fit for the memory that there is if it can resize the table, for all
 * that there may ever be if it can't
 * @guest_resizes: what it said in client-architecture-support, or true as long
 *                 as nothing was said
 */
uint32_t spapr_hpt_initial_shift(SpaprHpt *hpt, bool guest_resizes);

/** spapr_hpt_largest_shift: log2 of the largest table the guest may have */
uint32_t spapr_hpt_largest_shift(void);

/** spapr_hpt_can_resize: whether the board lets a guest resize its table */
bool spapr_hpt_can_resize(SpaprHpt *hpt);

/**
 * spapr_hpt_block_characteristics: append to @value the system parameter "TLB
 * Block Invalidate Characteristics", LoPAR, section of that name
 */
void spapr_hpt_block_characteristics(GByteArray *value);

/* What target/ppc asks through PPCVirtualHypervisorClass */
hwaddr spapr_hpt_mask(SpaprHpt *hpt);
const ppc_hash_pte64_t *spapr_hpt_map(SpaprHpt *hpt, hwaddr ptex, int n);
void spapr_hpt_set_c(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1);
void spapr_hpt_set_r(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1);

#define TYPE_SPAPR_MMU "spapr-mmu"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprMmu, SPAPR_MMU)

struct SpaprMmu {
    SpaprModule parent_obj;

    /*
     * H_RPT_INVALIDATE is offered to guests; set before realize. Processors
     * without radix never have it.
     */
    bool rpt_invalidate;

    uint64_t process_table; /* second doubleword of the partition-table entry */
    bool radix;             /* negotiated (or the reset state's) mode */
    bool gtse;              /* guest may run tlbie itself */
    uint64_t lpcr;          /* LPCR[UPRT, HR, GTSE] as they are in force */

    /* How often a processor looks out for others' TLBs before it sleeps */
    unsigned flush_spins;
};

/**
 * spapr_mmu_set_mode: choose how the partition translates
 * @radix: radix, otherwise hash (with a fresh, empty page table)
 * @gtse: Guest Translation Shootdown Enable
 * @guest_resizes: see spapr_hpt_initial_shift()
 *
 * Forgets a registered process table and sets LPCR of every processor.
 * Called at reset and from client-architecture-support.
 */
bool spapr_mmu_set_mode(SpaprMmu *mmu, bool radix, bool gtse,
                        bool guest_resizes, Error **errp);

/**
 * spapr_mmu_get_pate: the partition-table entry that target/ppc translates by
 *
 * Returns: true at all times. Without a process table, the entry is one that
 * makes every translation fail with an interrupt to the guest.
 */
bool spapr_mmu_get_pate(SpaprMmu *mmu, ppc_v3_pate_t *entry);

/**
 * spapr_mmu_flush_tlbs: from a hypercall of @cpu, have the TLBs of all
 * processors flushed. None of them uses a translation that was there before,
 * once the caller runs guest code again. Neither the BQL nor any lock is
 * needed, and the caller does not wait for anyone before its hypercall is over.
 */
void spapr_mmu_flush_tlbs(SpaprMmu *mmu, PowerPCCPU *cpu);

/**
 * spapr_mmu_enter: flush the TLB of @cpu, if it was to be since it ran last;
 * called each time when it is about to run guest code
 */
void spapr_mmu_enter(PowerPCCPU *cpu);

/** spapr_mmu_cpu_reset: bring one processor's LPCR in line with the mode */
void spapr_mmu_cpu_reset(SpaprMmu *mmu, PowerPCCPU *cpu);

/** spapr_mmu_can_radix: whether the machine's CPU model has a radix MMU */
bool spapr_mmu_can_radix(void);

#endif /* HW_PPC_SPAPR_MMU_H */
