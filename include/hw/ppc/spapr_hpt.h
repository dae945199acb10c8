/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the inside of the hash page table
 *
 * For the files of this module alone, hw/ppc/spapr_hpt*.c: spapr_hpt.c has the
 * table and the rules by which it is read and written, spapr_hpt_resize.c
 * replaces it by one of another size. Everybody else includes spapr_mmu.h.
 */

#ifndef HW_PPC_SPAPR_HPT_H
#define HW_PPC_SPAPR_HPT_H

#include "qemu/atomic.h"
#include "qemu/rcu.h"
#include "hw/ppc/spapr_mmu.h"

/* Smallest and largest table of the Power ISA, as log2 of the bytes */
#define SPAPR_HPT_MIN_SHIFT     18
#define SPAPR_HPT_MAX_SHIFT     46

/* Entries that are marked as used and migrated together; they fill a page */
#define SPAPR_HPT_CHUNK         256

struct SpaprHptTable {
    struct rcu_head rcu;
    ppc_hash_pte64_t *ptes; /* big endian, as the architecture has it */
    uint64_t count;         /* of entries; 0 for the table of a radix guest */
    uint32_t shift;
    uint32_t generation;
    unsigned long *used;    /* chunks that ever had an entry; only grows */
    unsigned long *dirty;   /* those of them that migration has to send */
};

/* The page of an entry, in virtual memory */
typedef struct SpaprHptPage {
    uint64_t vsid;
    uint64_t index;         /* in the segment, counted in pages of base_shift */
    bool one_tera;          /* the segment's size; otherwise 256 MiB */
    unsigned base_shift;    /* log2 of the segment's page size */
    unsigned shift;         /* log2 of the page's own size */
} SpaprHptPage;

static inline uint64_t spapr_hpt_chunks(const SpaprHptTable *table)
{
    return table->count / SPAPR_HPT_CHUNK;
}

/* Doublewords of an entry are read and written in one piece */

static inline uint64_t spapr_pte_get(const uint64_t *doubleword)
{
    return be64_to_cpu(qatomic_read_u64(doubleword));
}

static inline void spapr_pte_put(uint64_t *doubleword, uint64_t value)
{
    qatomic_set_u64(doubleword, cpu_to_be64(value));
}

/**
 * spapr_hpt_table_new: an empty table, which nobody else knows yet
 *
 * Memory that nobody has touched costs nothing, so this takes no time that
 * grows with @shift.
 *
 * Returns: NULL with @errp set when there is no address space for it
 */
SpaprHptTable *spapr_hpt_table_new(uint32_t shift, Error **errp);

/** spapr_hpt_table_free: the end of a table that nobody else knows */
void spapr_hpt_table_free(SpaprHptTable *table);

/** spapr_hpt_insert: fill the free entry @ptex. Its lock is held. */
void spapr_hpt_insert(SpaprHptTable *table, uint64_t ptex,
                      uint64_t pte0, uint64_t pte1);

/**
 * spapr_hpt_page: what page the entry at @ptex of @table is for
 *
 * An entry's first doubleword leaves out the low bits of the page number; they
 * follow from the group that the page has been hashed to.
 *
 * Returns: false when the entry has no page size that the processor knows
 */
bool spapr_hpt_page(PowerPCCPU *cpu, const SpaprHptTable *table, uint64_t ptex,
                    uint64_t pte0, uint64_t pte1, SpaprHptPage *page);

/** spapr_hpt_lock_all: keep every writer out. The BQL is held. */
void spapr_hpt_lock_all(SpaprHpt *hpt);
void spapr_hpt_unlock_all(SpaprHpt *hpt);

/**
 * spapr_hpt_publish: put @table in the place of the one that was there, which
 * is freed when the last walk has left it. All locks and the BQL are held.
 * Stale TLB entries are the caller's business.
 */
void spapr_hpt_publish(SpaprHpt *hpt, SpaprHptTable *table);

/* Of spapr_hpt_resize.c */

extern const VMStateDescription vmstate_spapr_hpt_resize;

/** spapr_hpt_resize_drop: forget a table that was prepared, if there is one */
void spapr_hpt_resize_drop(SpaprHpt *hpt);

/** spapr_hpt_resize_register: the hypercalls, unless resizing is disabled */
void spapr_hpt_resize_register(SpaprHpt *hpt, SpaprHcallTable *hcalls);

#endif /* HW_PPC_SPAPR_HPT_H */
