/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: a hash page table of another size, at the guest's wish
 *
 * LoPAR, "Hash Page Table Resize Option". The guest has a second table prepared
 * while it goes on with its work, then stops its other processors and has the
 * tables exchanged; bolted entries move over, all others it enters again.
 *
 * To prepare is to reserve address space: untouched memory costs nothing, and
 * entries are not moved before the end. So preparation is done when the call
 * returns, a guest never waits, and no thread's progress could make a recorded
 * run come out differently. What migrates of it is the size.
 *
 * To commit takes time that grows with the part of the old table that was ever
 * used, some milliseconds for each 16 MiB of it. All the while nobody can
 * change the old table, and nobody sees the new one until it is complete,
 * whatever the guest's other processors do; but R and C that a walk sets in the
 * old table meanwhile may be lost, which is why the LoPAR wants them in real
 * mode.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "exec/cputlb.h"
#include "hw/ppc/spapr_hpt.h"
#include "migration/vmstate.h"
#include "system/tcg.h"
#include "trace.h"

void spapr_hpt_resize_drop(SpaprHpt *hpt)
{
    if (hpt->pending) {
        spapr_hpt_table_free(hpt->pending);
        hpt->pending = NULL;
    }
}

/* A partition with no table has none that could be resized */
static bool may_resize(const SpaprHpt *hpt)
{
    return hpt->shift;
}

static target_long resize_prepare(SpaprHpt *hpt, uint64_t flags,
                                  uint64_t shift)
{
    if (!may_resize(hpt)) {
        return H_AUTHORITY;
    }
    if (hpt->pending && hpt->pending->shift == shift && !flags) {
        return H_SUCCESS;
    }
    spapr_hpt_resize_drop(hpt);
    if (flags) {
        return H_PARAMETER;
    }
    if (!shift) {
        return H_SUCCESS;
    }
    if (shift < SPAPR_HPT_MIN_SHIFT || shift > SPAPR_HPT_MAX_SHIFT) {
        return H_PARAMETER;
    }
    if (shift > spapr_hpt_largest_shift()) {
        return H_RESOURCE;
    }
    hpt->pending = spapr_hpt_table_new(shift, NULL);
    return hpt->pending ? H_SUCCESS : H_RESOURCE;
}

/*
 * H_RESIZE_HPT_PREPARE, LoPAR "H_RESIZE_HPT_PREPARE": R4 flags, none of which
 * exist, R5 log2 of the new table's bytes or 0 to forget what was prepared.
 * H_AUTHORITY when the partition has no hash page table, H_PARAMETER for flags
 * or for a size that no table can have, H_RESOURCE for one that the partition
 * may not have or that there is no room for. There is no H_LONG_BUSY_*.
 */
static target_long h_resize_hpt_prepare(PowerPCCPU *cpu, void *opaque,
                                        target_ulong *args)
{
    target_long ret = resize_prepare(opaque, args[0], args[1]);

    trace_spapr_hpt_resize_prepare(args[0], args[1], ret);
    return ret;
}

/*
 * Copy an entry to its group in another table, to the place in the group that
 * it has. False when that is taken.
 */
static bool move_entry(PowerPCCPU *cpu, const SpaprHptTable *from,
                       SpaprHptTable *to, uint64_t ptex)
{
    uint64_t pte0 = spapr_pte_get(&from->ptes[ptex].pte0);
    uint64_t pte1 = spapr_pte_get(&from->ptes[ptex].pte1);
    SpaprHptPage page;
    uint64_t hash, target;

    if (!spapr_hpt_page(cpu, from, ptex, pte0, pte1, &page)) {
        return true; /* nor could a walk find it */
    }
    hash = page.vsid ^ page.index;
    if (page.one_tera) {
        hash ^= page.vsid << 25;
    }
    if (pte0 & HPTE64_V_SECONDARY) {
        hash = ~hash;
    }
    target = hash % (to->count / HPTES_PER_GROUP) * HPTES_PER_GROUP +
        ptex % HPTES_PER_GROUP;
    if (spapr_pte_get(&to->ptes[target].pte0) & HPTE64_V_VALID) {
        return false;
    }
    spapr_hpt_insert(to, target, pte0, pte1);
    return true;
}

/* Move the bolted entries of a chunk. False when one has no place. */
static bool move_chunk(PowerPCCPU *cpu, const SpaprHptTable *from,
                       SpaprHptTable *to, uint64_t chunk)
{
    uint64_t ptex = chunk * SPAPR_HPT_CHUNK;

    for (unsigned i = 0; i < SPAPR_HPT_CHUNK; i++, ptex++) {
        uint64_t pte0 = spapr_pte_get(&from->ptes[ptex].pte0);

        if ((pte0 & HPTE64_V_VALID) && (pte0 & HPTE64_V_BOLTED) &&
            !move_entry(cpu, from, to, ptex)) {
            return false;
        }
    }
    return true;
}

static bool move_bolted(PowerPCCPU *cpu, const SpaprHptTable *from,
                        SpaprHptTable *to)
{
    uint64_t chunks = spapr_hpt_chunks(from);
    uint64_t chunk;

    for (chunk = find_first_bit(from->used, chunks); chunk < chunks;
         chunk = find_next_bit(from->used, chunks, chunk + 1)) {
        if (!move_chunk(cpu, from, to, chunk)) {
            return false;
        }
    }
    return true;
}

static target_long resize_commit(SpaprHpt *hpt, PowerPCCPU *cpu,
                                 uint64_t flags, uint64_t shift)
{
    bool moved;

    if (!may_resize(hpt)) {
        return H_AUTHORITY;
    }
    if (!hpt->pending || flags || shift != hpt->pending->shift) {
        return H_CLOSED;
    }

    spapr_hpt_lock_all(hpt);
    moved = move_bolted(cpu, hpt->table, hpt->pending);
    if (moved) {
        spapr_hpt_publish(hpt, g_steal_pointer(&hpt->pending));
    }
    spapr_hpt_unlock_all(hpt);

    if (!moved) {
        /* It has some entries already: a guest that tries again, prepares */
        spapr_hpt_resize_drop(hpt);
        return H_PTEG_FULL;
    }
    if (tcg_enabled()) {
        tlb_flush_all_cpus_synced(CPU(cpu));
    }
    return H_SUCCESS;
}

/*
 * H_RESIZE_HPT_COMMIT, LoPAR "H_RESIZE_HPT_COMMIT": R4 flags, none of which
 * exist, R5 log2 of the bytes of the table that was prepared. H_AUTHORITY when
 * the partition has no hash page table; H_CLOSED when no table is prepared (any
 * more), or not this one; H_PTEG_FULL when two bolted entries would need the
 * same place: the table stays as it was, and what was prepared is gone.
 */
static target_long h_resize_hpt_commit(PowerPCCPU *cpu, void *opaque,
                                       target_ulong *args)
{
    target_long ret = resize_commit(opaque, cpu, args[0], args[1]);

    trace_spapr_hpt_resize_commit(args[0], args[1], ret);
    return ret;
}

void spapr_hpt_resize_register(SpaprHpt *hpt, SpaprHcallTable *hcalls)
{
    /* With the BQL: what was prepared is reset's and migration's matter too */
    static const PowerpcHcallInfo calls[] = {
        { H_RESIZE_HPT_PREPARE, "H_RESIZE_HPT_PREPARE", "hcall-hpt-resize",
          h_resize_hpt_prepare },
        { H_RESIZE_HPT_COMMIT, "H_RESIZE_HPT_COMMIT", "hcall-hpt-resize",
          h_resize_hpt_commit },
    };

    if (spapr_hpt_can_resize(hpt)) {
        powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), hpt);
    }
}

/*
 * Migration: the table itself is a stream of its own, see spapr_hpt.c. What was
 * prepared is empty, so its size tells all.
 */

static int resize_pre_save(void *opaque)
{
    SpaprHpt *hpt = opaque;

    hpt->pending_shift = hpt->pending ? hpt->pending->shift : 0;
    return 0;
}

/* Where the same can't be had here, the guest's commit finds nothing */
static int resize_post_load(void *opaque, int version_id)
{
    SpaprHpt *hpt = opaque;
    uint32_t shift = hpt->pending_shift;

    spapr_hpt_resize_drop(hpt);
    if (!shift) {
        return 0;
    }
    if (shift < SPAPR_HPT_MIN_SHIFT || shift > SPAPR_HPT_MAX_SHIFT) {
        error_report("spapr-hpt: a table of 2^%" PRIu32 " bytes to come in the "
                     "migration stream", shift);
        return -EINVAL;
    }
    if (spapr_hpt_can_resize(hpt) && shift <= spapr_hpt_largest_shift()) {
        hpt->pending = spapr_hpt_table_new(shift, NULL);
    }
    return 0;
}

const VMStateDescription vmstate_spapr_hpt_resize = {
    .name = "spapr-hpt-resize",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = resize_pre_save,
    .post_load = resize_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(pending_shift, SpaprHpt),
        VMSTATE_END_OF_LIST()
    },
};
