/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's hash page table
 *
 * The LoPAR calls it Page Frame Table (PFT). It is the hypervisor's own memory:
 * the guest changes it by the hypercalls of this file alone, and target/ppc
 * walks it to translate.
 *
 * Hypercalls run with the BQL held, so there is one writer at a time. Walks run
 * on any number of processors without a lock, and set the Reference and Change
 * bits of what they find. Hence the rules:
 *  - a doubleword is written in one piece, and a new entry's first doubleword,
 *    the one with the Valid bit, last;
 *  - R and C are set by an atomic "or" of one bit, and every other change of
 *    the second doubleword is an atomic exchange, so that none gets lost and a
 *    late walk can't bring back protection bits that were changed meanwhile;
 *  - whoever takes something away flushes the TLBs of all processors before the
 *    guest goes on;
 *  - the table itself is replaced and freed by RCU.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "migration/qemu-file-types.h"
#include "migration/register.h"
#include "target/ppc/helper_regs.h"
#include "trace.h"

/* Smallest and largest table of the Power ISA, as log2 of the bytes */
#define HPT_MIN_SHIFT           18
#define HPT_MAX_SHIFT           46

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

/* Entries that migration handles together; they fill a host page */
#define CHUNK_ENTRIES           256

/* Records of the migration stream, each led by its number */
#define RECORD_END              0
#define RECORD_TABLE            1   /* be32 shift; an empty table from here */
#define RECORD_CHUNK            2   /* be64 index, bitmap, entries */

struct SpaprHptTable {
    struct rcu_head rcu;
    ppc_hash_pte64_t *ptes; /* big endian, as the architecture has it */
    uint64_t count;         /* of entries; 0 for the table of a radix guest */
    uint32_t shift;
    uint32_t generation;
    unsigned long *used;    /* chunks that ever had an entry; only grows */
    unsigned long *dirty;   /* those of them that migration has to send */
};

static uint64_t hpt_chunks(const SpaprHptTable *table)
{
    return table->count / CHUNK_ENTRIES;
}

static void hpt_table_free(SpaprHptTable *table)
{
    if (table->ptes) {
        qemu_anon_ram_free(table->ptes, 1ULL << table->shift);
    }
    g_free(table->used);
    g_free(table->dirty);
    g_free(table);
}

/* Memory that nobody has touched costs nothing, so size is no concern here */
static SpaprHptTable *hpt_table_new(uint32_t shift, Error **errp)
{
    SpaprHptTable *table = g_new0(SpaprHptTable, 1);

    table->shift = shift;
    if (!shift) {
        return table;
    }
    table->ptes = qemu_anon_ram_alloc(1ULL << shift, NULL, false, true);
    if (table->ptes) {
        table->count = (1ULL << shift) / HASH_PTE_SIZE_64;
        table->used = bitmap_try_new(hpt_chunks(table));
        table->dirty = bitmap_try_new(hpt_chunks(table));
    }
    if (!table->used || !table->dirty) {
        error_setg(errp, "no memory for a hash page table of 2^%" PRIu32
                   " bytes", shift);
        hpt_table_free(table);
        return NULL;
    }
    return table;
}

bool spapr_hpt_allocate(SpaprHpt *hpt, uint32_t shift, Error **errp)
{
    SpaprHptTable *old = hpt->table;
    SpaprHptTable *table = hpt_table_new(shift, errp);

    if (!table) {
        return false;
    }
    trace_spapr_hpt_allocate(shift);
    table->generation = ++hpt->generation;
    hpt->shift = shift;
    qatomic_rcu_set(&hpt->table, table);
    if (old) {
        call_rcu(old, hpt_table_free, rcu);
    }
    return true;
}

/*
 * A 128th of memory: two entries of 16 bytes for each 4 KiB. LoPAR, "Page Frame
 * Table Access", would have four, but guests map most of their memory by pages
 * of 64 KiB and more.
 */
uint32_t spapr_hpt_shift_for(uint64_t ram_size)
{
    uint32_t shift = 63 - clz64(pow2ceil(MAX(ram_size, 1)) / 128 | 1);

    return MIN(MAX(shift, HPT_MIN_SHIFT), HPT_MAX_SHIFT);
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
    set_bit_atomic(ptex / CHUNK_ENTRIES, table->dirty);
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
 * One entry, for hypercalls. They take the table once and check indexes
 * against it: with the BQL held it stays.
 */

static uint64_t pte_get(const uint64_t *doubleword)
{
    return be64_to_cpu(qatomic_read_u64(doubleword));
}

static void pte_put(uint64_t *doubleword, uint64_t value)
{
    qatomic_set_u64(doubleword, cpu_to_be64(value));
}

static void hpt_insert(SpaprHptTable *table, uint64_t ptex,
                       uint64_t pte0, uint64_t pte1)
{
    ppc_hash_pte64_t *pte = &table->ptes[ptex];

    pte_put(&pte->pte1, pte1);
    smp_wmb(); /* walks read the first doubleword first */
    pte_put(&pte->pte0, pte0);
    set_bit_atomic(ptex / CHUNK_ENTRIES, table->used);
    hpt_set_dirty(table, ptex);
}

/*
 * Take an entry away. What is returned has R and C as they were once no walk
 * could find the entry any more.
 */
static uint64_t hpt_delete(PowerPCCPU *cpu, SpaprHptTable *table, uint64_t ptex)
{
    ppc_hash_pte64_t *pte = &table->ptes[ptex];
    uint64_t pte0 = pte_get(&pte->pte0);
    uint64_t pte1;

    pte_put(&pte->pte0, 0);
    smp_mb(); /* walks that begin now find nothing to set R or C in */
    pte1 = pte_get(&pte->pte1);
    pte_put(&pte->pte1, 0);
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
    ppc_hash64_tlb_flush_hpte(cpu, ptex, pte_get(&pte->pte0),
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
    SpaprHptTable *table = SPAPR_HPT(opaque)->table;
    SpaprMemory *memory = SPAPR_MODULE(opaque)->hv->memory;
    uint64_t flags = args[0], ptex = args[1], pte0 = args[2], pte1 = args[3];
    unsigned page_shift, n, i;
    hwaddr addr;

    if (ptex >= table->count) {
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

    n = 1;
    if (!(flags & PFT_EXACT)) {
        ptex = ROUND_DOWN(ptex, HPTES_PER_GROUP);
        n = HPTES_PER_GROUP;
    }
    for (i = 0; i < n; i++) {
        if (!(pte_get(&table->ptes[ptex + i].pte0) & HPTE64_V_VALID)) {
            hpt_insert(table, ptex + i, pte0, pte1);
            args[0] = ptex + i;
            return H_SUCCESS;
        }
    }
    return H_PTEG_FULL;
}

/*
 * H_REMOVE, LoPAR "H_REMOVE": R4 flags (AVPN, andcond), R5 index, R6 what the
 * flags compare. Returns the entry that was in R4 and R5; H_PARAMETER when
 * there is no such index, H_NOT_FOUND when the entry is not valid or not the
 * one meant.
 */
static target_long h_remove(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHptTable *table = SPAPR_HPT(opaque)->table;
    uint64_t flags = args[0], ptex = args[1], avpn = args[2];
    uint64_t pte0;

    if (ptex >= table->count) {
        return H_PARAMETER;
    }
    pte0 = pte_get(&table->ptes[ptex].pte0);
    if (!(pte0 & HPTE64_V_VALID) || !hpt_matches(pte0, flags, avpn)) {
        return H_NOT_FOUND;
    }
    args[0] = pte0;
    args[1] = hpt_delete(cpu, table, ptex);
    check_tlb_flush(&cpu->env, true);
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
static uint64_t bulk_remove_one(PowerPCCPU *cpu, SpaprHptTable *table,
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
    if (ptex >= table->count) {
        return bulk_response(specifier, BULK_CODE_PARM, 0);
    }
    pte0 = pte_get(&table->ptes[ptex].pte0);
    if (!(pte0 & HPTE64_V_VALID) || !hpt_matches(pte0, flags, avpn)) {
        return bulk_response(specifier, BULK_CODE_NOT_FOUND, 0);
    }
    pte1 = hpt_delete(cpu, table, ptex);
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
    SpaprHptTable *table = SPAPR_HPT(opaque)->table;
    target_long ret = H_SUCCESS;

    for (int i = 0; i < BULK_SPECIFIERS; i++) {
        target_ulong *specifier = &args[2 * i];

        if (extract64(specifier[0], BULK_TYPE_SHIFT, 2) == BULK_TYPE_END) {
            break;
        }
        specifier[0] = bulk_remove_one(cpu, table, specifier[0], specifier[1]);
        if (extract64(specifier[0], BULK_CODE_SHIFT, 2) == BULK_CODE_PARM) {
            ret = H_PARAMETER;
            break;
        }
    }
    check_tlb_flush(&cpu->env, true);
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
    SpaprHptTable *table = SPAPR_HPT(opaque)->table;
    uint64_t flags = args[0], ptex = args[1];
    unsigned n = 1;

    if (ptex >= table->count) {
        return H_PARAMETER;
    }
    if (flags & PFT_READ_4) {
        n = 4;
        ptex = ROUND_DOWN(ptex, n);
    }
    for (unsigned i = 0; i < n; i++) {
        args[2 * i] = pte_get(&table->ptes[ptex + i].pte0);
        args[2 * i + 1] = pte_get(&table->ptes[ptex + i].pte1);
    }
    return H_SUCCESS;
}

static target_long clear_status(PowerPCCPU *cpu, SpaprHptTable *table,
                                target_ulong *args, uint64_t bit)
{
    uint64_t ptex = args[1];

    if (ptex >= table->count) {
        return H_PARAMETER;
    }
    if (!(pte_get(&table->ptes[ptex].pte0) & HPTE64_V_VALID)) {
        return H_NOT_FOUND;
    }
    args[0] = pte_get(&table->ptes[ptex].pte1);
    if (args[0] & bit) {
        args[0] = hpt_modify(cpu, table, ptex, bit, 0);
        check_tlb_flush(&cpu->env, true);
    }
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
    return clear_status(cpu, SPAPR_HPT(opaque)->table, args, HPTE64_R_C);
}

/* H_CLEAR_REF, LoPAR "H_CLEAR_REF": as H_CLEAR_MOD, for R */
static target_long h_clear_ref(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    return clear_status(cpu, SPAPR_HPT(opaque)->table, args, HPTE64_R_R);
}

/*
 * H_PROTECT, LoPAR "H_PROTECT": R4 flags (AVPN, and the new pp0 to pp2, n and
 * key0 to key4), R5 index, R6 what AVPN compares. Sets the protection and
 * clears R; H_PARAMETER when there is no such index, H_NOT_FOUND when the entry
 * is not valid or not the one meant.
 */
static target_long h_protect(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHptTable *table = SPAPR_HPT(opaque)->table;
    uint64_t flags = args[0], ptex = args[1], avpn = args[2];
    uint64_t key = hpt_key_bits(cpu, PTE1_KEY);
    uint64_t pte0, set;

    if (ptex >= table->count) {
        return H_PARAMETER;
    }
    pte0 = pte_get(&table->ptes[ptex].pte0);
    if (!(pte0 & HPTE64_V_VALID) ||
        !hpt_matches(pte0, flags & PFT_AVPN, avpn)) {
        return H_NOT_FOUND;
    }
    /* The low bits lie as in the entry, the others are its top bits, moved */
    set = flags & (PFT_N_PP | PFT_KEY_LO);
    set |= (flags & PFT_KEY_HI) << 48;
    set |= (flags & PFT_PP0) << 55;
    set &= ~PTE1_KEY | key;
    hpt_modify(cpu, table, ptex, HPTE64_R_PP0 | key | HPTE64_R_R | HPTE64_R_N |
               HPTE64_R_PP, set);
    check_tlb_flush(&cpu->env, true);
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
        { H_REMOVE, "H_REMOVE", "hcall-pft", h_remove },
        { H_ENTER, "H_ENTER", "hcall-pft", h_enter },
        { H_READ, "H_READ", "hcall-pft", h_read },
        { H_CLEAR_MOD, "H_CLEAR_MOD", "hcall-pft", h_clear_mod },
        { H_CLEAR_REF, "H_CLEAR_REF", "hcall-pft", h_clear_ref },
        { H_PROTECT, "H_PROTECT", "hcall-pft", h_protect },
        { H_PAGE_INIT, "H_PAGE_INIT", "hcall-copy", h_page_init },
        { H_BULK_REMOVE, "H_BULK_REMOVE", "hcall-bulk", h_bulk_remove },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
}

/*
 * Migration: chunks are sent while the guest runs, and again when they were
 * changed after that. The bit in "dirty" is set behind a change and cleared
 * before a chunk is read, so what was read too early is read once more.
 */

static bool pte_is_empty(const ppc_hash_pte64_t *pte)
{
    return !qatomic_read_u64(&pte->pte0) && !qatomic_read_u64(&pte->pte1);
}

static void hpt_send_chunk(QEMUFile *f, SpaprHptTable *table, uint64_t chunk)
{
    const ppc_hash_pte64_t *pte = &table->ptes[chunk * CHUNK_ENTRIES];
    uint8_t present[CHUNK_ENTRIES / 8] = {};
    ppc_hash_pte64_t out[CHUNK_ENTRIES];
    unsigned n = 0;

    for (unsigned i = 0; i < CHUNK_ENTRIES; i++) {
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
    uint64_t chunks = hpt_chunks(table);
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
    chunks = hpt_chunks(table);
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
        *must_precopy += bitmap_count_one(table->dirty, hpt_chunks(table)) *
            CHUNK_ENTRIES * HASH_PTE_SIZE_64;
    }
}

static int hpt_load_table(QEMUFile *f, SpaprHpt *hpt)
{
    uint32_t shift = qemu_get_be32(f);
    Error *err = NULL;

    if (shift && (shift < HPT_MIN_SHIFT || shift > HPT_MAX_SHIFT)) {
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
    uint8_t present[CHUNK_ENTRIES / 8];
    ppc_hash_pte64_t *pte;

    if (chunk >= hpt_chunks(table)) {
        error_report("spapr-hpt: part %" PRIu64 " of a table that has fewer "
                     "in the migration stream", chunk);
        return -EINVAL;
    }
    pte = &table->ptes[chunk * CHUNK_ENTRIES];
    qemu_get_buffer(f, present, sizeof(present));
    for (unsigned i = 0; i < CHUNK_ENTRIES; i++) {
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
    spapr_hpt_allocate(SPAPR_HPT(obj), 0, &error_abort);
}

static void spapr_hpt_finalize(Object *obj)
{
    call_rcu(SPAPR_HPT(obj)->table, hpt_table_free, rcu);
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
