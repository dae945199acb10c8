/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's hash page table
 *
 * The LoPAR calls it Page Frame Table (PFT). It is the hypervisor's own memory:
 * the guest changes it by the hypercalls of this file alone, and target/ppc
 * walks it to translate.
 *
 * Hypercalls and walks run on any number of processors at a time, and without
 * the BQL. Walks take no lock at all, and set the Reference and Change bits of
 * what they find. Hence the rules:
 *  - Who changes entries of a group of eight holds the group's lock, one of
 *    SPAPR_HPT_STRIPES that groups share by their number. So does who reads
 *    both doublewords of an entry and wants them to belong together. The lock
 *    is taken for one group at a time; calls that handle several entries let
 *    it go in between.
 *  - Who replaces the table holds the BQL and all the locks, taken in their
 *    order. Holding any of them, or the BQL, keeps the table in place. Which
 *    lock it is does not depend on the table, so one can lock first and then
 *    look; but an index that was checked before has to be checked again.
 *  - The BQL comes before these locks. Nothing is done with one of them held
 *    that could wait for the BQL, for guest memory or for another processor.
 *  - A doubleword is written in one piece, and a new entry's first doubleword,
 *    the one with the Valid bit, last.
 *  - R and C are set by an atomic "or" of one bit, and every other change of
 *    the second doubleword is an atomic exchange, so that none gets lost and a
 *    late walk can't bring back protection bits that were changed meanwhile.
 *  - Who takes something away flushes the TLBs of all processors before the
 *    guest goes on: spapr_mmu_flush_tlbs(). That needs neither locks nor the
 *    BQL.
 *  - The table itself is replaced and freed by RCU: a walk sees the old table
 *    or the new one, and both are whole.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/ppc/spapr_hpt.h"
#include "hw/ppc/spapr_memory.h"
#include "migration/qemu-file-types.h"
#include "migration/register.h"
#include "trace.h"

/* LoPAR, table "Page Frame Table Access flags field definition" */
#define PFT_EXACT               PPC_BIT(24)
#define PFT_READ_4              PPC_BIT(26)
#define PFT_AVPN                PPC_BIT(32)
#define PFT_ANDCOND             PPC_BIT(33)
#define PFT_ICACHE_INVALIDATE   PPC_BIT(40)
#define PFT_ICACHE_SYNCHRONIZE  PPC_BIT(41)
#define PFT_ZERO_PAGE           PPC_BIT(48)
#define PFT_COPY_PAGE           PPC_BIT(49)
#define PFT_KEY_HI              PPC_BITMASK(50, 51)
#define PFT_KEY_LO              PPC_BITMASK(52, 54)
#define PFT_PP0                 PPC_BIT(55)
#define PFT_N_PP                PPC_BITMASK(61, 63)

/* First doubleword: what AVPN comparisons leave out */
#define PTE0_NOT_AVPN           PPC_BITMASK(57, 63)
/* First doubleword: log2 of what the lowest bit of the AVPN stands for */
#define PTE0_AVPN_SHIFT         23
/* First doubleword: the hypervisor's two software bits */
#define PTE0_HYP_SOFTWARE       PPC_BITMASK(57, 58)
/* Second doubleword: reserved bit, and storage attributes of the two kinds */
#define PTE1_RESERVED           PPC_BIT(1)
#define PTE1_SAO                (HPTE64_R_W | HPTE64_R_I | HPTE64_R_M)
#define PTE1_KEY                (HPTE64_R_KEY_HI | HPTE64_R_KEY_LO)

/* H_BULK_REMOVE's translation specifiers, first doubleword */
#define BULK_SPECIFIERS         4
#define BULK_PTEX               PPC_BITMASK(8, 63)
#define BULK_TYPE_SHIFT         62
#define BULK_TYPE_REQUEST       1
#define BULK_TYPE_RESPONSE      2
#define BULK_TYPE_END           3
#define BULK_CODE_SHIFT         60
#define BULK_CODE_SUCCESS       0
#define BULK_CODE_NOT_FOUND     1
#define BULK_CODE_PARM          2
#define BULK_R                  PPC_BIT(4)
#define BULK_C                  PPC_BIT(5)
#define BULK_MODIFIER_SHIFT     56
#define BULK_ABSOLUTE           0
#define BULK_ANDCOND            1
#define BULK_AVPN               2
#define BULK_NOT_USED           3

/*
 * H_BLOCK_REMOVE's translation specifiers: a control byte and an index. The
 * LoPAR's table of the control byte has its columns from Linux, lpar.c.
 */
#define BLOCK_SPECIFIERS        8
#define BLOCK_TYPE_SHIFT        62
#define BLOCK_TYPE_REQUEST      1
#define BLOCK_TYPE_RESPONSE     2
#define BLOCK_TYPE_END          3
#define BLOCK_CODE_SHIFT        59
#define BLOCK_CODE_SUCCESS      0
#define BLOCK_CODE_NOT_FOUND    1
#define BLOCK_CODE_PARM         2
#define BLOCK_CODE_INCONSISTENT 3
#define BLOCK_CODE_CROSSING     5
#define BLOCK_R                 PPC_BIT(5)
#define BLOCK_C                 PPC_BIT(6)
#define BLOCK_AVPN              PPC_BIT(7)
#define BLOCK_PTEX              PPC_BITMASK(8, 63)

/* log2 of the pages in a block */
#define BLOCK_SHIFT             3

/* The parameter "TLB Block Invalidate Characteristics": bits of a page size */
#define CHARACTERISTIC_L        0x80
#define CHARACTERISTIC_LP       0x3f

/* Records of the migration stream, each led by its number */
#define RECORD_END              0
#define RECORD_TABLE            1   /* be32 shift; an empty table from here */
#define RECORD_CHUNK            2   /* be64 index, bitmap, entries */

void spapr_hpt_table_free(SpaprHptTable *table)
{
    if (table->ptes) {
        qemu_anon_ram_free(table->ptes, 1ULL << table->shift);
    }
    g_free(table->used);
    g_free(table->dirty);
    g_free(table);
}

SpaprHptTable *spapr_hpt_table_new(uint32_t shift, Error **errp)
{
    SpaprHptTable *table = g_new0(SpaprHptTable, 1);

    table->shift = shift;
    if (!shift) {
        return table;
    }
    table->ptes = qemu_anon_ram_alloc(1ULL << shift, NULL, false, false);
    if (table->ptes) {
        table->count = (1ULL << shift) / HASH_PTE_SIZE_64;
        table->used = bitmap_try_new(spapr_hpt_chunks(table));
        table->dirty = bitmap_try_new(spapr_hpt_chunks(table));
    }
    if (!table->used || !table->dirty) {
        error_setg(errp, "no memory for a hash page table of 2^%" PRIu32
                   " bytes", shift);
        spapr_hpt_table_free(table);
        return NULL;
    }
    return table;
}

static QemuMutex *hpt_lock(SpaprHpt *hpt, uint64_t ptex)
{
    return &hpt->stripes[ptex / HPTES_PER_GROUP % SPAPR_HPT_STRIPES];
}

void spapr_hpt_lock_all(SpaprHpt *hpt)
{
    for (int i = 0; i < SPAPR_HPT_STRIPES; i++) {
        qemu_mutex_lock(&hpt->stripes[i]);
    }
}

void spapr_hpt_unlock_all(SpaprHpt *hpt)
{
    for (int i = SPAPR_HPT_STRIPES - 1; i >= 0; i--) {
        qemu_mutex_unlock(&hpt->stripes[i]);
    }
}

void spapr_hpt_publish(SpaprHpt *hpt, SpaprHptTable *table)
{
    SpaprHptTable *old = hpt->table;

    table->generation = ++hpt->generation;
    hpt->shift = table->shift;
    qatomic_rcu_set(&hpt->table, table);
    if (old) {
        call_rcu(old, spapr_hpt_table_free, rcu);
    }
}

bool spapr_hpt_allocate(SpaprHpt *hpt, uint32_t shift, Error **errp)
{
    SpaprHptTable *table = spapr_hpt_table_new(shift, errp);

    if (!table) {
        return false;
    }
    trace_spapr_hpt_allocate(shift);
    spapr_hpt_resize_drop(hpt);
    spapr_hpt_lock_all(hpt);
    spapr_hpt_publish(hpt, table);
    spapr_hpt_unlock_all(hpt);
    return true;
}

/*
 * A 128th of memory: two entries of 16 bytes for each 4 KiB. LoPAR, "Page Frame
 * Table Access", would have four, but guests map most of their memory by pages
 * of 64 KiB and more.
 */
static uint32_t hpt_shift_for(uint64_t ram_size)
{
    uint32_t shift = 63 - clz64(pow2ceil(MAX(ram_size, 1)) / 128 | 1);

    return MIN(MAX(shift, SPAPR_HPT_MIN_SHIFT), SPAPR_HPT_MAX_SHIFT);
}

bool spapr_hpt_can_resize(SpaprHpt *hpt)
{
    return hpt->resize != SPAPR_RESIZE_HPT_DISABLED;
}

uint32_t spapr_hpt_initial_shift(SpaprHpt *hpt, bool guest_resizes)
{
    MachineState *machine = MACHINE(qdev_get_machine());

    return hpt_shift_for(spapr_hpt_can_resize(hpt) && guest_resizes ?
                         machine->ram_size : machine->maxram_size);
}

/* The LoPAR's four entries for each 4 KiB, for guests with small pages */
uint32_t spapr_hpt_largest_shift(void)
{
    MachineState *machine = MACHINE(qdev_get_machine());

    return MIN(hpt_shift_for(machine->maxram_size) + 1, SPAPR_HPT_MAX_SHIFT);
}

/*
 * What target/ppc asks. Called by any processor without the BQL, inside an RCU
 * read-side section (or by the main loop with the BQL). The table may be
 * another one between two calls, so every index is checked.
 */

hwaddr spapr_hpt_mask(SpaprHpt *hpt)
{
    SpaprHptTable *table = qatomic_rcu_read(&hpt->table);

    return table->count ? table->count / HPTES_PER_GROUP - 1 : 0;
}

const ppc_hash_pte64_t *spapr_hpt_map(SpaprHpt *hpt, hwaddr ptex, int n)
{
    SpaprHptTable *table = qatomic_rcu_read(&hpt->table);

    if (ptex >= table->count || n > table->count - ptex) {
        return NULL;
    }
    return &table->ptes[ptex];
}

static void hpt_set_dirty(SpaprHptTable *table, hwaddr ptex)
{
    set_bit_atomic(ptex / SPAPR_HPT_CHUNK, table->dirty);
}

/* @offset: of the byte of the entry that has the bit */
static void hpt_or_byte(SpaprHpt *hpt, hwaddr ptex, unsigned offset,
                        uint8_t bit)
{
    SpaprHptTable *table = qatomic_rcu_read(&hpt->table);

    if (ptex < table->count) {
        qatomic_or((uint8_t *)&table->ptes[ptex] + offset, bit);
        hpt_set_dirty(table, ptex);
    }
}

void spapr_hpt_set_r(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1)
{
    hpt_or_byte(hpt, ptex, HPTE64_DW1_R, HPTE64_R_R >> 8);
}

void spapr_hpt_set_c(SpaprHpt *hpt, hwaddr ptex, uint64_t pte1)
{
    hpt_or_byte(hpt, ptex, HPTE64_DW1_C, HPTE64_R_C);
}

/*
 * One entry, for hypercalls. They hold its lock, take the table then, and check
 * the index against that table.
 */

void spapr_hpt_insert(SpaprHptTable *table, uint64_t ptex,
                      uint64_t pte0, uint64_t pte1)
{
    ppc_hash_pte64_t *pte = &table->ptes[ptex];

    spapr_pte_put(&pte->pte1, pte1);
    smp_wmb(); /* walks read the first doubleword first */
    spapr_pte_put(&pte->pte0, pte0);
    set_bit_atomic(ptex / SPAPR_HPT_CHUNK, table->used);
    hpt_set_dirty(table, ptex);
}

/* At the end of a call that took something away, with no lock held */
static void hpt_flush(SpaprHpt *hpt, PowerPCCPU *cpu)
{
    /* What ppc_hash64_tlb_flush_hpte() has asked for */
    if (cpu->env.tlb_need_flush & TLB_NEED_GLOBAL_FLUSH) {
        cpu->env.tlb_need_flush &= ~(TLB_NEED_GLOBAL_FLUSH |
                                     TLB_NEED_LOCAL_FLUSH);
        spapr_mmu_flush_tlbs(SPAPR_MODULE(hpt)->hv->mmu, cpu);
    }
}

/*
 * Take an entry away. What is returned has R and C as they were once no new
 * walk could find the entry any more. A walk that has found it before may still
 * read the second doubleword, which therefore stays as it is.
 */
static uint64_t hpt_delete(PowerPCCPU *cpu, SpaprHptTable *table, uint64_t ptex)
{
    ppc_hash_pte64_t *pte = &table->ptes[ptex];
    uint64_t pte0 = spapr_pte_get(&pte->pte0);
    uint64_t pte1;

    spapr_pte_put(&pte->pte0, 0);
    smp_mb(); /* walks that begin now find nothing to set R or C in */
    pte1 = spapr_pte_get(&pte->pte1);
    hpt_set_dirty(table, ptex);
    ppc_hash64_tlb_flush_hpte(cpu, ptex, pte0, pte1);
    return pte1;
}

/*
 * Change bits of the second doubleword, and return what it was. That is one
 * store, so the entry can stay valid: to take V away for a moment, as the
 * Power ISA's general sequence does, would send another processor's guest to
 * its page fault handler.
 */
static uint64_t hpt_modify(PowerPCCPU *cpu, SpaprHptTable *table, uint64_t ptex,
                           uint64_t clear, uint64_t set)
{
    ppc_hash_pte64_t *pte = &table->ptes[ptex];
    uint64_t old, seen = qatomic_read_u64(&pte->pte1);

    do {
        old = seen;
        seen = qatomic_cmpxchg__nocheck(&pte->pte1, old,
                                        (old & ~cpu_to_be64(clear)) |
                                        cpu_to_be64(set));
    } while (seen != old);

    hpt_set_dirty(table, ptex);
    ppc_hash64_tlb_flush_hpte(cpu, ptex, spapr_pte_get(&pte->pte0),
                              be64_to_cpu(old));
    return be64_to_cpu(old);
}

/* The conditions that the AVPN and andcond flags put on an entry */
static bool hpt_matches(uint64_t pte0, uint64_t flags, uint64_t avpn)
{
    if ((flags & PFT_AVPN) && (pte0 & ~PTE0_NOT_AVPN) != avpn) {
        return false;
    }
    return !((flags & PFT_ANDCOND) && (pte0 & avpn));
}

/*
 * The page sizes of an entry, by the L bit and the encoding in the page's
 * address: those of the segment and of the page itself, in that order.
 * Which encodings there are tells "ibm,segment-page-sizes".
 */
static bool hpt_page_sizes(PowerPCCPU *cpu, uint64_t pte0, uint64_t pte1,
                           const PPCHash64SegmentPageSizes **segment,
                           const PPCHash64PageSize **size)
{
    for (int i = 0; i < PPC_PAGE_SIZES_MAX_SZ; i++) {
        *segment = &cpu->hash64_opts->sps[i];
        if (!(*segment)->page_shift) {
            break;
        }
        for (int j = 0; j < PPC_PAGE_SIZES_MAX_SZ; j++) {
            uint64_t bits;

            *size = &(*segment)->enc[j];
            if (!(*size)->page_shift) {
                break;
            }
            /* 4 KiB pages have no L bit, and all others have it */
            if (!(pte0 & HPTE64_V_LARGE) != ((*size)->page_shift == 12)) {
                continue;
            }
            bits = MAKE_64BIT_MASK(0, (*size)->page_shift) & HPTE64_R_RPN;
            if ((*size)->page_shift == 12 ||
                (pte1 & bits) == (uint64_t)(*size)->pte_enc << 12) {
                return true;
            }
        }
    }
    return false;
}

bool spapr_hpt_page(PowerPCCPU *cpu, const SpaprHptTable *table, uint64_t ptex,
                    uint64_t pte0, uint64_t pte1, SpaprHptPage *page)
{
    const PPCHash64SegmentPageSizes *segment;
    const PPCHash64PageSize *size;
    uint64_t avpn = HPTE64_V_AVPN_VAL(pte0);
    uint64_t hash = ptex / HPTES_PER_GROUP;
    unsigned offset_bits;

    if (!hpt_page_sizes(cpu, pte0, pte1, &segment, &size)) {
        return false;
    }
    page->base_shift = segment->page_shift;
    page->shift = size->page_shift;
    page->one_tera = (pte0 & HPTE64_V_SSIZE) == HPTE64_V_SSIZE_1T;
    /* Bits of the AVPN, which begins at 8 MiB, that are in the segment */
    offset_bits = (page->one_tera ? 40 : 28) - PTE0_AVPN_SHIFT;
    page->vsid = avpn >> offset_bits;
    page->index = extract64(avpn, 0, offset_bits) << PTE0_AVPN_SHIFT >>
        page->base_shift;
    if (page->base_shift < PTE0_AVPN_SHIFT) {
        /*
         * The hash is the exclusive or of the segment's number and the page's,
         * for 1 TiB also of the segment's number << 25, far above these bits.
         * 4 KiB pages lack 11 bits, and so many has the smallest table's group.
         */
        unsigned lacking = PTE0_AVPN_SHIFT - page->base_shift;

        hash ^= pte0 & HPTE64_V_SECONDARY ? -1ULL : 0;
        page->index |= extract64(hash ^ page->vsid, 0, lacking);
    }
    return true;
}

/* A processor without storage keys treats the key bits as reserved */
static uint64_t hpt_key_bits(PowerPCCPU *cpu, uint64_t bits)
{
    return ppc_hash64_has(cpu, PPC_HASH64_AMR) ? bits : 0;
}

/*
 * What lies in a bus's or device's part of the address map. Its windows count
 * as a whole: guests map the unpopulated parts of them too. What is set aside
 * for memory does not.
 */
static bool page_is_io(hwaddr addr, uint64_t size)
{
    MachineState *machine = MACHINE(qdev_get_machine());
    MemoryRegion *region;

    BQL_LOCK_GUARD();
    QTAILQ_FOREACH(region, &get_system_memory()->subregions, subregions_link) {
        if (memory_region_is_ram(region) || region == machine->ram ||
            (machine->device_memory && region == &machine->device_memory->mr)) {
            continue;
        }
        if (addr >= region->addr && size <= memory_region_size(region) &&
            addr - region->addr <= memory_region_size(region) - size) {
            return true;
        }
    }
    return false;
}

/* Whether a page exists, and its WIMG bits are right for what it is */
static bool page_attributes_ok(PowerPCCPU *cpu, SpaprMemory *memory,
                               hwaddr addr, uint64_t size, uint64_t pte1)
{
    uint64_t wimg = pte1 & HPTE64_R_WIMG;

    if (spapr_memory_is_ram(memory, addr, size)) {
        /* Power ISA 3.1 has no Strong Access Ordering */
        return wimg == HPTE64_R_M ||
            (wimg == PTE1_SAO && !(cpu->env.insns_flags2 & PPC2_ISA310));
    }
    if ((wimg & (HPTE64_R_W | HPTE64_R_I)) != HPTE64_R_I) {
        return false;
    }
    if (size > 4 * KiB && !ppc_hash64_has(cpu, PPC_HASH64_CI_LARGEPAGE)) {
        return false;
    }
    return page_is_io(addr, size);
}

/* Put an entry that is right into a free place, and tell in *@chosen where */
static target_long hpt_enter(SpaprHpt *hpt, uint64_t flags, uint64_t pte0,
                             uint64_t pte1, target_ulong *chosen, uint64_t ptex)
{
    unsigned n = 1;

    if (!(flags & PFT_EXACT)) {
        ptex = ROUND_DOWN(ptex, HPTES_PER_GROUP);
        n = HPTES_PER_GROUP;
    }

    QEMU_LOCK_GUARD(hpt_lock(hpt, ptex));
    /* It may have become smaller */
    if (ptex >= hpt->table->count) {
        return H_PARAMETER;
    }
    for (unsigned i = 0; i < n; i++) {
        ppc_hash_pte64_t *pte = &hpt->table->ptes[ptex + i];

        if (!(spapr_pte_get(&pte->pte0) & HPTE64_V_VALID)) {
            spapr_hpt_insert(hpt->table, ptex + i, pte0, pte1);
            *chosen = ptex + i;
            return H_SUCCESS;
        }
    }
    return H_PTEG_FULL;
}

/*
 * H_ENTER, LoPAR "H_ENTER": R4 flags (Exact, Zero Page and the I-Cache flags),
 * R5 index of the entry or, without Exact, of any entry of its group, R6 and R7
 * the new entry. Returns the index taken in R4; H_PARAMETER when index, page
 * size, page address or storage attributes are wrong, H_TOO_BIG when a page of
 * more than 64 KiB is to be zeroed or made coherent, H_PTEG_FULL when there is
 * no free entry.
 */
static target_long h_enter(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHpt *hpt = opaque;
    SpaprMemory *memory = SPAPR_MODULE(hpt)->hv->memory;
    uint64_t flags = args[0], ptex = args[1], pte0 = args[2], pte1 = args[3];
    unsigned page_shift;
    hwaddr addr;

    if (ptex >= qatomic_rcu_read(&hpt->table)->count) {
        return H_PARAMETER;
    }
    /* The size encoding shares bits with the address: it checks alignment */
    page_shift = ppc_hash64_hpte_page_shift_noslb(cpu, pte0, pte1);
    if (!page_shift) {
        return H_PARAMETER;
    }
    addr = pte1 & HPTE64_R_RPN & ~MAKE_64BIT_MASK(0, page_shift);
    if (!page_attributes_ok(cpu, memory, addr, 1ULL << page_shift, pte1)) {
        return H_PARAMETER;
    }
    if (page_shift > 16 && (flags & (PFT_ZERO_PAGE | PFT_ICACHE_INVALIDATE |
                                     PFT_ICACHE_SYNCHRONIZE))) {
        return H_TOO_BIG;
    }

    pte0 = (pte0 & ~PTE0_HYP_SOFTWARE) | HPTE64_V_VALID;
    pte1 &= ~(PTE1_RESERVED | PTE1_KEY) | hpt_key_bits(cpu, PTE1_KEY);

    /* TCG's instruction cache is coherent, so only zeroing is left to do */
    if ((flags & PFT_ZERO_PAGE) && !(pte1 & HPTE64_R_I) &&
        address_space_set(&address_space_memory, addr, 0, 1ULL << page_shift,
                          MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return H_HARDWARE;
    }
    return hpt_enter(hpt, flags, pte0, pte1, &args[0], ptex);
}

/*
 * H_REMOVE, LoPAR "H_REMOVE": R4 flags (AVPN, andcond), R5 index, R6 what the
 * flags compare. Returns the entry that was in R4 and R5; H_PARAMETER when
 * there is no such index, H_NOT_FOUND when the entry is not valid or not the
 * one meant.
 */
static target_long h_remove(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHpt *hpt = opaque;
    uint64_t flags = args[0], ptex = args[1], avpn = args[2];
    uint64_t pte0;

    WITH_QEMU_LOCK_GUARD(hpt_lock(hpt, ptex)) {
        if (ptex >= hpt->table->count) {
            return H_PARAMETER;
        }
        pte0 = spapr_pte_get(&hpt->table->ptes[ptex].pte0);
        if (!(pte0 & HPTE64_V_VALID) || !hpt_matches(pte0, flags, avpn)) {
            return H_NOT_FOUND;
        }
        args[0] = pte0;
        args[1] = hpt_delete(cpu, hpt->table, ptex);
    }
    hpt_flush(opaque, cpu);
    return H_SUCCESS;
}

static uint64_t bulk_response(uint64_t specifier, uint64_t code, uint64_t rc)
{
    return (uint64_t)BULK_TYPE_RESPONSE << BULK_TYPE_SHIFT |
        code << BULK_CODE_SHIFT | rc |
        (specifier & ((uint64_t)BULK_NOT_USED << BULK_MODIFIER_SHIFT |
                      BULK_PTEX));
}

/* One request of H_BULK_REMOVE: its response */
static uint64_t bulk_remove_one(PowerPCCPU *cpu, SpaprHpt *hpt,
                                uint64_t specifier, uint64_t avpn)
{
    uint64_t ptex = specifier & BULK_PTEX;
    uint64_t flags = 0, rc = 0;
    uint64_t pte0, pte1;

    if (extract64(specifier, BULK_TYPE_SHIFT, 2) != BULK_TYPE_REQUEST) {
        return bulk_response(specifier, BULK_CODE_PARM, 0);
    }
    switch (extract64(specifier, BULK_MODIFIER_SHIFT, 2)) {
    case BULK_ABSOLUTE:
        break;
    case BULK_ANDCOND:
        flags = PFT_ANDCOND;
        avpn &= ~PTE0_NOT_AVPN; /* other than H_REMOVE */
        break;
    case BULK_AVPN:
        flags = PFT_AVPN;
        break;
    default:
        return bulk_response(specifier, BULK_CODE_PARM, 0);
    }

    QEMU_LOCK_GUARD(hpt_lock(hpt, ptex));
    if (ptex >= hpt->table->count) {
        return bulk_response(specifier, BULK_CODE_PARM, 0);
    }
    pte0 = spapr_pte_get(&hpt->table->ptes[ptex].pte0);
    if (!(pte0 & HPTE64_V_VALID) || !hpt_matches(pte0, flags, avpn)) {
        return bulk_response(specifier, BULK_CODE_NOT_FOUND, 0);
    }
    pte1 = hpt_delete(cpu, hpt->table, ptex);
    rc |= pte1 & HPTE64_R_R ? BULK_R : 0;
    rc |= pte1 & HPTE64_R_C ? BULK_C : 0;
    return bulk_response(specifier, BULK_CODE_SUCCESS, rc);
}

/*
 * H_BULK_REMOVE, LoPAR "H_BULK_REMOVE": R4 to R11 four translation specifiers
 * of two doublewords, up to one that says "end of string". The first doubleword
 * of each that was handled is overwritten with its response. H_PARAMETER stops
 * at the first request that is none or names no entry; one that is not found
 * does not.
 */
static target_long h_bulk_remove(PowerPCCPU *cpu, void *opaque,
                                 target_ulong *args)
{
    target_long ret = H_SUCCESS;

    for (int i = 0; i < BULK_SPECIFIERS; i++) {
        target_ulong *specifier = &args[2 * i];

        if (extract64(specifier[0], BULK_TYPE_SHIFT, 2) == BULK_TYPE_END) {
            break;
        }
        specifier[0] = bulk_remove_one(cpu, opaque, specifier[0], specifier[1]);
        if (extract64(specifier[0], BULK_CODE_SHIFT, 2) == BULK_CODE_PARM) {
            ret = H_PARAMETER;
            break;
        }
    }
    hpt_flush(opaque, cpu);
    return ret;
}

/*
 * Blocks are of pages that have one AVPN, for that is what H_BLOCK_REMOVE
 * compares: with 16 MiB and more to a segment's page it would have to let pass
 * what is not meant, or refuse what is.
 */
static bool block_size_ok(unsigned base_shift)
{
    return base_shift + BLOCK_SHIFT <= PTE0_AVPN_SHIFT;
}

void spapr_hpt_block_characteristics(GByteArray *value)
{
    const PPCHash64SegmentPageSizes *sps =
        POWERPC_CPU(first_cpu)->hash64_opts->sps;
    uint8_t bytes[2 + PPC_PAGE_SIZES_MAX_SZ * PPC_PAGE_SIZES_MAX_SZ];
    unsigned n = 2;

    for (int i = 0; i < PPC_PAGE_SIZES_MAX_SZ && sps[i].page_shift; i++) {
        const PPCHash64PageSize *enc = sps[i].enc;

        if (!block_size_ok(sps[i].page_shift)) {
            continue;
        }
        for (int j = 0; j < PPC_PAGE_SIZES_MAX_SZ && enc[j].page_shift; j++) {
            bytes[n++] = enc[j].page_shift == 12 ? 0 :
                CHARACTERISTIC_L | (enc[j].pte_enc & CHARACTERISTIC_LP);
        }
    }
    bytes[0] = BLOCK_SHIFT;
    bytes[1] = n - 2;
    g_byte_array_append(value, bytes, n);
}

/* Whether two pages may be removed by one call: a BLOCK_CODE_* */
static unsigned block_compare(const SpaprHptPage *anchor,
                              const SpaprHptPage *page)
{
    if (page->base_shift != anchor->base_shift ||
        page->shift != anchor->shift || page->one_tera != anchor->one_tera) {
        return BLOCK_CODE_INCONSISTENT;
    }
    if (page->vsid != anchor->vsid ||
        page->index >> BLOCK_SHIFT != anchor->index >> BLOCK_SHIFT) {
        return BLOCK_CODE_CROSSING;
    }
    return BLOCK_CODE_SUCCESS;
}

/*
 * One request of H_BLOCK_REMOVE: a BLOCK_CODE_*, with success also R and C in
 * *@rc. @anchor is the first page that was removed, with no base_shift as long
 * as there is none.
 */
static unsigned block_remove_one(PowerPCCPU *cpu, SpaprHpt *hpt,
                                 uint64_t specifier, uint64_t avpn,
                                 SpaprHptPage *anchor, uint64_t *rc)
{
    uint64_t ptex = specifier & BLOCK_PTEX;
    uint64_t flags = specifier & BLOCK_AVPN ? PFT_AVPN : 0;
    SpaprHptTable *table;
    SpaprHptPage page;
    uint64_t pte0, pte1;

    QEMU_LOCK_GUARD(hpt_lock(hpt, ptex));
    table = hpt->table;
    if (ptex >= table->count) {
        return BLOCK_CODE_PARM;
    }
    pte0 = spapr_pte_get(&table->ptes[ptex].pte0);
    pte1 = spapr_pte_get(&table->ptes[ptex].pte1);
    if (!(pte0 & HPTE64_V_VALID) || (pte0 & HPTE64_V_BOLTED)) {
        return BLOCK_CODE_NOT_FOUND;
    }
    if (!spapr_hpt_page(cpu, table, ptex, pte0, pte1, &page) ||
        !block_size_ok(page.base_shift)) {
        return BLOCK_CODE_PARM;
    }
    if (!hpt_matches(pte0, flags, avpn)) {
        return BLOCK_CODE_NOT_FOUND;
    }
    if (!anchor->base_shift) {
        *anchor = page;
    } else {
        unsigned code = block_compare(anchor, &page);

        if (code != BLOCK_CODE_SUCCESS) {
            return code;
        }
    }
    pte1 = hpt_delete(cpu, table, ptex);
    *rc |= pte1 & HPTE64_R_R ? BLOCK_R : 0;
    *rc |= pte1 & HPTE64_R_C ? BLOCK_C : 0;
    return BLOCK_CODE_SUCCESS;
}

/*
 * The number of specifiers in front of one that ends them, or -1 when there is
 * something else than requests
 */
static int block_requests(const target_ulong *specifiers)
{
    for (int i = 0; i < BLOCK_SPECIFIERS; i++) {
        switch (extract64(specifiers[i], BLOCK_TYPE_SHIFT, 2)) {
        case BLOCK_TYPE_END:
            return i;
        case BLOCK_TYPE_REQUEST:
            break;
        default:
            return -1;
        }
    }
    return BLOCK_SPECIFIERS;
}

/*
 * H_BLOCK_REMOVE, LoPAR "H_BLOCK_REMOVE": R4 what the AVPN flag compares, R5 to
 * R12 up to eight translation specifiers, the list ended by "end of string".
 * Their responses are returned from R4 on. Entries are waited for, so "busy" is
 * none of them; and there can't be more requests than pages in a block.
 * H_PARAMETER, with nothing done, when one is no request; H_PARTIAL when
 * some entry was not removed: see its response.
 */
static target_long h_block_remove(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    uint64_t avpn = args[0];
    SpaprHptPage anchor = {};
    target_long ret = H_SUCCESS;
    int n = block_requests(&args[1]);

    if (n < 0) {
        return H_PARAMETER;
    }
    for (int i = 0; i < n; i++) {
        uint64_t specifier = args[1 + i], rc = 0;
        unsigned code = block_remove_one(cpu, opaque, specifier, avpn, &anchor,
                                         &rc);

        if (code != BLOCK_CODE_SUCCESS) {
            ret = H_PARTIAL;
        }
        args[i] = (uint64_t)BLOCK_TYPE_RESPONSE << BLOCK_TYPE_SHIFT |
            (uint64_t)code << BLOCK_CODE_SHIFT | rc | (specifier & BLOCK_PTEX);
    }
    hpt_flush(opaque, cpu);
    return ret;
}

/*
 * H_READ, LoPAR "H_READ": R4 flags (READ_4; R-XLATE changes nothing, for the
 * table has logical addresses), R5 index. Returns the entry in R4 and R5, or
 * with READ_4 the aligned four that it is of in R4 to R11; H_PARAMETER when
 * there is no such index.
 */
static target_long h_read(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHpt *hpt = opaque;
    uint64_t flags = args[0], ptex = args[1];
    unsigned n = flags & PFT_READ_4 ? 4 : 1;

    /* Four are of one group */
    QEMU_LOCK_GUARD(hpt_lock(hpt, ptex));
    if (ptex >= hpt->table->count) {
        return H_PARAMETER;
    }
    ptex = ROUND_DOWN(ptex, n);
    for (unsigned i = 0; i < n; i++) {
        ppc_hash_pte64_t *pte = &hpt->table->ptes[ptex + i];

        args[2 * i] = spapr_pte_get(&pte->pte0);
        /* See hpt_delete() */
        args[2 * i + 1] = args[2 * i] ? spapr_pte_get(&pte->pte1) : 0;
    }
    return H_SUCCESS;
}

static target_long clear_status(PowerPCCPU *cpu, SpaprHpt *hpt,
                                target_ulong *args, uint64_t bit)
{
    uint64_t ptex = args[1];

    WITH_QEMU_LOCK_GUARD(hpt_lock(hpt, ptex)) {
        if (ptex >= hpt->table->count) {
            return H_PARAMETER;
        }
        if (!(spapr_pte_get(&hpt->table->ptes[ptex].pte0) & HPTE64_V_VALID)) {
            return H_NOT_FOUND;
        }
        args[0] = spapr_pte_get(&hpt->table->ptes[ptex].pte1);
        if (args[0] & bit) {
            args[0] = hpt_modify(cpu, hpt->table, ptex, bit, 0);
        }
    }
    hpt_flush(hpt, cpu);
    return H_SUCCESS;
}

/*
 * H_CLEAR_MOD, LoPAR "H_CLEAR_MOD": R4 flags, none of use here, R5 index.
 * Clears C and returns the old second doubleword in R4; H_PARAMETER when there
 * is no such index, H_NOT_FOUND when the entry is not valid.
 */
static target_long h_clear_mod(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    return clear_status(cpu, opaque, args, HPTE64_R_C);
}

/* H_CLEAR_REF, LoPAR "H_CLEAR_REF": as H_CLEAR_MOD, for R */
static target_long h_clear_ref(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    return clear_status(cpu, opaque, args, HPTE64_R_R);
}

/*
 * H_PROTECT, LoPAR "H_PROTECT": R4 flags (AVPN, and the new pp0 to pp2, n and
 * key0 to key4), R5 index, R6 what AVPN compares. Sets the protection and
 * clears R; H_PARAMETER when there is no such index, H_NOT_FOUND when the entry
 * is not valid or not the one meant.
 */
static target_long h_protect(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHpt *hpt = opaque;
    uint64_t flags = args[0], ptex = args[1], avpn = args[2];
    uint64_t key = hpt_key_bits(cpu, PTE1_KEY);
    uint64_t clear = HPTE64_R_PP0 | key | HPTE64_R_R | HPTE64_R_N | HPTE64_R_PP;
    uint64_t pte0, set;

    /* The low bits lie as in the entry, the others are its top bits, moved */
    set = flags & (PFT_N_PP | PFT_KEY_LO);
    set |= (flags & PFT_KEY_HI) << 48;
    set |= (flags & PFT_PP0) << 55;
    set &= ~PTE1_KEY | key;

    WITH_QEMU_LOCK_GUARD(hpt_lock(hpt, ptex)) {
        if (ptex >= hpt->table->count) {
            return H_PARAMETER;
        }
        pte0 = spapr_pte_get(&hpt->table->ptes[ptex].pte0);
        if (!(pte0 & HPTE64_V_VALID) ||
            !hpt_matches(pte0, flags & PFT_AVPN, avpn)) {
            return H_NOT_FOUND;
        }
        hpt_modify(cpu, hpt->table, ptex, clear, set);
    }
    hpt_flush(opaque, cpu);
    return H_SUCCESS;
}

/*
 * H_PAGE_INIT, LoPAR "H_PAGE_INIT": R4 flags (Zero Page, Copy Page, and the
 * I-Cache flags, which TCG has no need of), R5 address of the destination, R6
 * of the source, used with Copy Page alone. H_PARAMETER when an address is no
 * start of a 4 KiB page of memory.
 */
static target_long h_page_init(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    SpaprMemory *memory = SPAPR_MODULE(opaque)->hv->memory;
    uint64_t flags = args[0];
    hwaddr dst = args[1], src = args[2];
    uint8_t page[4 * KiB];

    if (!QEMU_IS_ALIGNED(dst, sizeof(page)) ||
        !spapr_memory_is_ram(memory, dst, sizeof(page))) {
        return H_PARAMETER;
    }
    if ((flags & PFT_COPY_PAGE) &&
        (!QEMU_IS_ALIGNED(src, sizeof(page)) ||
         !spapr_memory_is_ram(memory, src, sizeof(page)))) {
        return H_PARAMETER;
    }
    if ((flags & PFT_ZERO_PAGE) &&
        address_space_set(&address_space_memory, dst, 0, sizeof(page),
                          MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return H_HARDWARE;
    }
    if ((flags & PFT_COPY_PAGE) &&
        (address_space_read(&address_space_memory, src, MEMTXATTRS_UNSPECIFIED,
                            page, sizeof(page)) != MEMTX_OK ||
         address_space_write(&address_space_memory, dst, MEMTXATTRS_UNSPECIFIED,
                             page, sizeof(page)) != MEMTX_OK)) {
        return H_HARDWARE;
    }
    return H_SUCCESS;
}

static void hpt_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_REMOVE, "H_REMOVE", "hcall-pft", h_remove, true },
        { H_ENTER, "H_ENTER", "hcall-pft", h_enter, true },
        { H_READ, "H_READ", "hcall-pft", h_read, true },
        { H_CLEAR_MOD, "H_CLEAR_MOD", "hcall-pft", h_clear_mod, true },
        { H_CLEAR_REF, "H_CLEAR_REF", "hcall-pft", h_clear_ref, true },
        { H_PROTECT, "H_PROTECT", "hcall-pft", h_protect, true },
        { H_PAGE_INIT, "H_PAGE_INIT", "hcall-copy", h_page_init, true },
        { H_BULK_REMOVE, "H_BULK_REMOVE", "hcall-bulk", h_bulk_remove, true },
        { H_BLOCK_REMOVE, "H_BLOCK_REMOVE", "hcall-block-remove",
          h_block_remove, true },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
    spapr_hpt_resize_register(SPAPR_HPT(module), hcalls);
}

/*
 * Migration: chunks are sent while the guest runs, and again when they were
 * changed after that. The bit in "dirty" is set behind a change and cleared
 * before a chunk is read, so what was read too early is read once more.
 */

/* What is left of an entry that was taken away need not be sent */
static bool pte_is_empty(const ppc_hash_pte64_t *pte)
{
    return !qatomic_read_u64(&pte->pte0);
}

static void hpt_send_chunk(QEMUFile *f, SpaprHptTable *table, uint64_t chunk)
{
    const ppc_hash_pte64_t *pte = &table->ptes[chunk * SPAPR_HPT_CHUNK];
    uint8_t present[SPAPR_HPT_CHUNK / 8] = {};
    ppc_hash_pte64_t out[SPAPR_HPT_CHUNK];
    unsigned n = 0;

    for (unsigned i = 0; i < SPAPR_HPT_CHUNK; i++) {
        if (!pte_is_empty(&pte[i])) {
            present[i / 8] |= 1 << (i % 8);
            out[n].pte0 = qatomic_read_u64(&pte[i].pte0);
            out[n].pte1 = qatomic_read_u64(&pte[i].pte1);
            n++;
        }
    }
    qemu_put_byte(f, RECORD_CHUNK);
    qemu_put_be64(f, chunk);
    qemu_put_buffer(f, present, sizeof(present));
    qemu_put_buffer(f, (uint8_t *)out, n * sizeof(out[0]));
}

/* The table is not the one that the other side knows of: start over */
static void hpt_send_table(QEMUFile *f, SpaprHpt *hpt, SpaprHptTable *table)
{
    uint64_t chunks = spapr_hpt_chunks(table);
    uint64_t chunk;

    qemu_put_byte(f, RECORD_TABLE);
    qemu_put_be32(f, table->shift);
    for (chunk = find_first_bit(table->used, chunks); chunk < chunks;
         chunk = find_next_bit(table->used, chunks, chunk + 1)) {
        set_bit_atomic(chunk, table->dirty);
    }
    hpt->sent = table->generation;
}

/* Returns 1 when all was sent, 0 when the bandwidth limit came first */
static int hpt_send(QEMUFile *f, SpaprHpt *hpt, bool limited)
{
    SpaprHptTable *table;
    uint64_t chunks, chunk;
    int done = 1;

    RCU_READ_LOCK_GUARD();
    table = qatomic_rcu_read(&hpt->table);
    chunks = spapr_hpt_chunks(table);
    if (hpt->sent != table->generation) {
        hpt_send_table(f, hpt, table);
    }
    for (chunk = find_first_bit(table->dirty, chunks); chunk < chunks;
         chunk = find_next_bit(table->dirty, chunks, chunk + 1)) {
        if (limited && migration_rate_exceeded(f)) {
            done = 0;
            break;
        }
        bitmap_test_and_clear_atomic(table->dirty, chunk, 1);
        hpt_send_chunk(f, table, chunk);
    }
    qemu_put_byte(f, RECORD_END);
    return done;
}

static int hpt_save_setup(QEMUFile *f, void *opaque, Error **errp)
{
    SpaprHpt *hpt = opaque;

    hpt_send_table(f, hpt, hpt->table);
    qemu_put_byte(f, RECORD_END);
    return 0;
}

static int hpt_save_iterate(QEMUFile *f, void *opaque)
{
    return hpt_send(f, opaque, true);
}

static int hpt_save_complete(QEMUFile *f, void *opaque)
{
    hpt_send(f, opaque, false);
    return 0;
}

static void hpt_save_pending(void *opaque, uint64_t *must_precopy,
                             uint64_t *can_postcopy)
{
    SpaprHpt *hpt = opaque;
    SpaprHptTable *table;

    RCU_READ_LOCK_GUARD();
    table = qatomic_rcu_read(&hpt->table);
    if (table->count) {
        *must_precopy += SPAPR_HPT_CHUNK * HASH_PTE_SIZE_64 *
            bitmap_count_one(table->dirty, spapr_hpt_chunks(table));
    }
}

static int hpt_load_table(QEMUFile *f, SpaprHpt *hpt)
{
    uint32_t shift = qemu_get_be32(f);
    Error *err = NULL;

    if (shift && (shift < SPAPR_HPT_MIN_SHIFT ||
                  shift > spapr_hpt_largest_shift())) {
        error_report("spapr-hpt: a table of 2^%" PRIu32 " bytes in the "
                     "migration stream", shift);
        return -EINVAL;
    }
    if (!spapr_hpt_allocate(hpt, shift, &err)) {
        error_report_err(err);
        return -ENOMEM;
    }
    return 0;
}

static int hpt_load_chunk(QEMUFile *f, SpaprHptTable *table)
{
    uint64_t chunk = qemu_get_be64(f);
    uint8_t present[SPAPR_HPT_CHUNK / 8];
    ppc_hash_pte64_t *pte;

    if (chunk >= spapr_hpt_chunks(table)) {
        error_report("spapr-hpt: part %" PRIu64 " of a table that has fewer "
                     "in the migration stream", chunk);
        return -EINVAL;
    }
    pte = &table->ptes[chunk * SPAPR_HPT_CHUNK];
    qemu_get_buffer(f, present, sizeof(present));
    for (unsigned i = 0; i < SPAPR_HPT_CHUNK; i++) {
        if (present[i / 8] & 1 << (i % 8)) {
            qemu_get_buffer(f, (uint8_t *)&pte[i], sizeof(pte[i]));
        } else {
            pte[i] = (ppc_hash_pte64_t) {};
        }
    }
    set_bit_atomic(chunk, table->used);
    return 0;
}

static int hpt_load(QEMUFile *f, void *opaque, int version_id)
{
    SpaprHpt *hpt = opaque;
    int ret;

    do {
        uint8_t record = qemu_get_byte(f);

        switch (record) {
        case RECORD_END:
            return qemu_file_get_error(f);
        case RECORD_TABLE:
            ret = hpt_load_table(f, hpt);
            break;
        case RECORD_CHUNK:
            ret = hpt_load_chunk(f, hpt->table);
            break;
        default:
            error_report("spapr-hpt: record %u in the migration stream",
                         record);
            return -EINVAL;
        }
        if (!ret) {
            ret = qemu_file_get_error(f);
        }
    } while (!ret);
    return ret;
}

static const SaveVMHandlers hpt_savevm_handlers = {
    .save_setup = hpt_save_setup,
    .save_live_iterate = hpt_save_iterate,
    .save_live_complete_precopy = hpt_save_complete,
    .state_pending_estimate = hpt_save_pending,
    .state_pending_exact = hpt_save_pending,
    .load_state = hpt_load,
};

static void hpt_realize(DeviceState *dev, Error **errp)
{
    register_savevm_live(TYPE_SPAPR_HPT, 0, 1, &hpt_savevm_handlers, dev);
}

static void hpt_unrealize(DeviceState *dev)
{
    unregister_savevm(NULL, TYPE_SPAPR_HPT, dev);
}

static void spapr_hpt_init(Object *obj)
{
    SpaprHpt *hpt = SPAPR_HPT(obj);

    for (int i = 0; i < SPAPR_HPT_STRIPES; i++) {
        qemu_mutex_init(&hpt->stripes[i]);
    }
    spapr_hpt_allocate(hpt, 0, &error_abort);
}

static void spapr_hpt_finalize(Object *obj)
{
    SpaprHpt *hpt = SPAPR_HPT(obj);

    spapr_hpt_resize_drop(hpt);
    call_rcu(hpt->table, spapr_hpt_table_free, rcu);
    for (int i = 0; i < SPAPR_HPT_STRIPES; i++) {
        qemu_mutex_destroy(&hpt->stripes[i]);
    }
}

/*
 * There is no reset of its own: at reset the mode of translation is chosen
 * anew, and with it comes a fresh table, see spapr_mmu_set_mode().
 */
static void spapr_hpt_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "sPAPR hash page table";
    dc->realize = hpt_realize;
    dc->unrealize = hpt_unrealize;
    dc->vmsd = &vmstate_spapr_hpt_resize;
    SPAPR_MODULE_CLASS(oc)->register_calls = hpt_register_calls;
}

static const TypeInfo spapr_hpt_types[] = {
    {
        .name = TYPE_SPAPR_HPT,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprHpt),
        .instance_init = spapr_hpt_init,
        .instance_finalize = spapr_hpt_finalize,
        .class_init = spapr_hpt_class_init,
    },
};

DEFINE_TYPES(spapr_hpt_types)
