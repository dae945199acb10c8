/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: address translation of the partition
 *
 * Two rooms: SpaprHpt owns the hash page table and its hypercalls; SpaprMmu
 * owns the choice between hash and radix and the process table.
 */

#ifndef HW_PPC_SPAPR_MMU_H
#define HW_PPC_SPAPR_MMU_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"

#define TYPE_SPAPR_HPT "spapr-hpt"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprHpt, SPAPR_HPT)

typedef struct SpaprHptTable SpaprHptTable;

struct SpaprHpt {
    SpaprModule parent_obj;

    /*
     * Written with the BQL held. Processors walk the table without it, so it
     * is read, and freed, by the rules of RCU.
     */
    SpaprHptTable *table;
    uint32_t shift;         /* log2 of the size in bytes; 0: no table */
    uint32_t generation;    /* counts the tables there have been */
    uint32_t sent;          /* the generation that migration told of */
};

/**
 * spapr_hpt_allocate: an empty table of 2^@shift bytes in place of what was
 * there; @shift 0 leaves none (radix). A processor that still translates by
 * the old table may do so until its TLB is flushed, which is up to the caller.
 *
 * Returns: false with @errp set, and the old table in place, when there is no
 * memory for it
 */
bool spapr_hpt_allocate(SpaprHpt *hpt, uint32_t shift, Error **errp);

/** spapr_hpt_shift_for: log2 of a fit size for @ram_size bytes of memory */
uint32_t spapr_hpt_shift_for(uint64_t ram_size);

/* What target/ppc asks through PPCVirtualHypervisorClass */
hwaddr spapr_hpt_mask(SpaprHpt *hpt);
const ppc_hash_pte64_t *spapr_hpt_map(SpaprHpt *hpt, hwaddr ptex, int n);
void spapr_hpt_set_c(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1);
void spapr_hpt_set_r(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1);

#define TYPE_SPAPR_MMU "spapr-mmu"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprMmu, SPAPR_MMU)

struct SpaprMmu {
    SpaprModule parent_obj;

    uint64_t process_table; /* second doubleword of the partition-table entry */
    bool radix;             /* negotiated (or the reset state's) mode */
    bool gtse;              /* guest may run tlbie itself */
    uint64_t lpcr;          /* LPCR[UPRT, HR, GTSE] as they are in force */
};

/**
 * spapr_mmu_set_mode: choose how the partition translates
 * @radix: radix, otherwise hash (with a fresh, empty page table)
 * @gtse: Guest Translation Shootdown Enable
 *
 * Forgets a registered process table and sets LPCR of every processor.
 * Called at reset and from client-architecture-support.
 */
bool spapr_mmu_set_mode(SpaprMmu *mmu, bool radix, bool gtse, Error **errp);

/**
 * spapr_mmu_get_pate: the partition-table entry that target/ppc translates by
 *
 * Returns: true at all times. Without a process table, the entry is one that
 * makes every translation fail with an interrupt to the guest.
 */
bool spapr_mmu_get_pate(SpaprMmu *mmu, ppc_v3_pate_t *entry);

/** spapr_mmu_cpu_reset: bring one processor's LPCR in line with the mode */
void spapr_mmu_cpu_reset(SpaprMmu *mmu, PowerPCCPU *cpu);

/** spapr_mmu_can_radix: whether the machine's CPU model has a radix MMU */
bool spapr_mmu_can_radix(void);

#endif /* HW_PPC_SPAPR_MMU_H */
