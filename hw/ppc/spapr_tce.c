/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: translation control entries (TCEs)
 *
 * LoPAR, "DMA Address Translation and Control via the TCE Mechanism" for what a
 * TCE is, "Translation Control Entry Access" for the hypercalls.
 *
 * A guest maps and unmaps for each packet or request, so the hypercalls run
 * without the BQL: a TCE is read and written atomically, tables are found and
 * freed under RCU. Nothing is cached: each access of a device looks into the
 * table, except for those who asked to be told of changes.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/main-loop.h"
#include "qemu/qht.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "qemu/xxhash.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_tce.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "trace.h"

/* "TCE Definition": Page Mapping and Control; 0 is a page fault */
#define TCE_READ            1ULL
#define TCE_WRITE           2ULL
#define TCE_ACCESS          (TCE_READ | TCE_WRITE)

/* A call fills no more TCEs than this, and a list of them is a page */
#define TCE_CALL_MAX        512
#define TCE_LIST_SIZE       (TCE_CALL_MAX * sizeof(uint64_t))

/*
 * A guest with larger pages maps each by TCEs in a row. A device that moves much
 * finds this much memory with one look, if it is mapped so.
 */
#define BLOCK_SIZE          SPAPR_TCE_BASE_ALIGN

/*
 * Memory for so many TCEs, a host's page, is allocated when one of them is set
 * first: a window is large, and what a guest uses of it mostly small.
 */
#define CHUNK_TCES          512

/* Stands behind the last chunk in a migration stream */
#define CHUNK_END           UINT64_MAX

#define TYPE_SPAPR_TCE_MEMORY_REGION "spapr-tce-memory-region"

struct SpaprTces {
    SpaprModule parent_obj;

    struct qht tables;      /* SpaprTceTable by LIOBN */
};

/*
 * Not a part of the window, whose owner may go away while a hypercall has found
 * it: the table outlives it for as long
 */
struct SpaprTceTable {
    struct rcu_head rcu;
    SpaprTces *tces;
    SpaprMemory *memory;
    SpaprTceWindow *window; /* of the BQL; NULL when it is gone */
    uint32_t liobn;
    uint32_t page_shift;
    uint64_t base;          /* I/O address of the first page */
    uint64_t nr_tces;
    bool notify;            /* there are those who want to know of changes */
    uint64_t *chunks[];     /* of CHUNK_TCES each, in host byte order */
};

/*
 * The table
 */

static uint64_t table_chunks(const SpaprTceTable *table)
{
    return DIV_ROUND_UP(table->nr_tces, CHUNK_TCES);
}

static uint64_t *table_chunk(SpaprTceTable *table, uint64_t n)
{
    return qatomic_load_acquire(&table->chunks[n]);
}

/* The last one may have fewer TCEs than the others */
static unsigned table_chunk_tces(const SpaprTceTable *table, uint64_t n)
{
    return MIN(CHUNK_TCES, table->nr_tces - n * CHUNK_TCES);
}

/* Returns: false when there is no memory for it */
static bool table_make_chunk(SpaprTceTable *table, uint64_t n)
{
    uint64_t *chunk;

    if (table_chunk(table, n)) {
        return true;
    }
    chunk = g_try_new0(uint64_t, CHUNK_TCES);
    if (!chunk) {
        return false;
    }
    if (qatomic_cmpxchg(&table->chunks[n], NULL, chunk)) {
        /* Another processor was faster */
        g_free(chunk);
    }
    return true;
}

/* So that table_set() can't fail in the middle. @count: 1 to TCE_CALL_MAX */
static bool table_make_room(SpaprTceTable *table, uint64_t first,
                            unsigned count)
{
    return table_make_chunk(table, first / CHUNK_TCES) &&
           table_make_chunk(table, (first + count - 1) / CHUNK_TCES);
}
QEMU_BUILD_BUG_ON(TCE_CALL_MAX > CHUNK_TCES);

static uint64_t table_get(SpaprTceTable *table, uint64_t index)
{
    uint64_t *chunk = table_chunk(table, index / CHUNK_TCES);

    return chunk ? qatomic_read_u64(&chunk[index % CHUNK_TCES]) : 0;
}

/* Where no chunk has been made, @tce must be 0 */
static void table_set(SpaprTceTable *table, uint64_t index, uint64_t tce)
{
    uint64_t *chunk = table_chunk(table, index / CHUNK_TCES);

    if (chunk) {
        qatomic_set_u64(&chunk[index % CHUNK_TCES], tce);
    }
}

static uint64_t table_page_mask(const SpaprTceTable *table)
{
    return MAKE_64BIT_MASK(0, table->page_shift);
}

/* What is mapped is memory, or it is not mapped at all */
static bool table_tce_ok(const SpaprTceTable *table, uint64_t tce)
{
    uint64_t mask = table_page_mask(table);

    return !(tce & TCE_ACCESS) ||
           spapr_memory_is_ram(table->memory, tce & ~mask, mask + 1);
}

static IOMMUTLBEntry tce_entry(hwaddr iova, uint64_t tce, hwaddr mask)
{
    return (IOMMUTLBEntry) {
        .target_as = &address_space_memory,
        .iova = iova,
        .translated_addr = tce & ~mask,
        .addr_mask = mask,
        .perm = IOMMU_ACCESS_FLAG(tce & TCE_READ, tce & TCE_WRITE),
    };
}

/*
 * What a TCE means. Memory is looked at again: it may have been unplugged
 * since, and a table that came by migration was checked by somebody else.
 */
static IOMMUTLBEntry table_entry(SpaprTceTable *table, uint64_t index)
{
    uint64_t tce = table_get(table, index);
    IOMMUTLBEntry entry = tce_entry(index << table->page_shift, tce,
                                    table_page_mask(table));

    if (!table_tce_ok(table, tce)) {
        entry.perm = IOMMU_NONE;
    }
    return entry;
}

/* Whether TCEs in a row map a block, as the @tce of its first page does */
static bool table_maps_block(SpaprTceTable *table, hwaddr iova, uint64_t tce)
{
    uint64_t first = iova >> table->page_shift;
    unsigned count = BLOCK_SIZE >> table->page_shift;
    hwaddr addr = tce & ~table_page_mask(table);

    /* A page of the table may be as large, or larger */
    if (count <= 1 || !QEMU_IS_ALIGNED(addr, BLOCK_SIZE) ||
        !spapr_memory_is_ram(table->memory, addr, BLOCK_SIZE) ||
        first + count > table->nr_tces) {
        return false;
    }
    for (unsigned i = 1; i < count; i++) {
        tce += table_page_mask(table) + 1;
        if (table_get(table, first + i) != tce) {
            return false;
        }
    }
    return true;
}

/* @addr: one that the table has a TCE for */
static IOMMUTLBEntry table_look_up(SpaprTceTable *table, hwaddr addr)
{
    hwaddr iova = QEMU_ALIGN_DOWN(addr, BLOCK_SIZE);
    uint64_t tce = table_get(table, iova >> table->page_shift);

    if (table_maps_block(table, iova, tce)) {
        return tce_entry(iova, tce, BLOCK_SIZE - 1);
    }
    return table_entry(table, addr >> table->page_shift);
}

/*
 * Those who want to know of changes
 */

static void table_notify_one(SpaprTceTable *table, uint64_t index)
{
    IOMMUMemoryRegion *iommu = &table->window->iommu;
    IOMMUTLBEntry entry = table_entry(table, index);
    IOMMUTLBEvent event = { .type = IOMMU_NOTIFIER_UNMAP, .entry = entry };

    /* Also before another page is mapped in place of the old one */
    event.entry.perm = IOMMU_NONE;
    memory_region_notify_iommu(iommu, 0, event);
    if (entry.perm != IOMMU_NONE) {
        event = (IOMMUTLBEvent) {
            .type = IOMMU_NOTIFIER_MAP, .entry = entry,
        };
        memory_region_notify_iommu(iommu, 0, event);
    }
}

/*
 * TCEs have been set. Others may be setting the same ones: what is told is what
 * the table has by the time of telling, so that the last one to tell tells the
 * truth.
 */
static void table_changed(SpaprTceTable *table, uint64_t first, unsigned count)
{
    /* Pairs with that of tce_notify_flag_changed() */
    smp_mb();
    if (!qatomic_read(&table->notify)) {
        return;
    }
    BQL_LOCK_GUARD();
    for (unsigned i = 0; table->window && i < count; i++) {
        table_notify_one(table, first + i);
    }
}

/* Nothing is mapped any more. Under the BQL, with the processors stopped */
static void table_clear(SpaprTceTable *table)
{
    for (uint64_t n = 0; n < table_chunks(table); n++) {
        uint64_t *chunk = table_chunk(table, n);

        if (chunk) {
            memset(chunk, 0, CHUNK_TCES * sizeof(*chunk));
            table_changed(table, n * CHUNK_TCES, table_chunk_tces(table, n));
        }
    }
}

static void table_free(SpaprTceTable *table)
{
    for (uint64_t n = 0; n < table_chunks(table); n++) {
        g_free(table->chunks[n]);
    }
    g_free(table);
}

/*
 * The IOMMU memory region
 */

static IOMMUTLBEntry tce_translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                   IOMMUAccessFlags flag, int iommu_idx)
{
    SpaprTceWindow *win = container_of(iommu, SpaprTceWindow, iommu);
    SpaprTceTable *table = qatomic_rcu_read(&win->table);
    IOMMUTLBEntry entry = { .addr_mask = 0, .perm = IOMMU_NONE };

    if (table && addr >> table->page_shift < table->nr_tces) {
        entry = table_look_up(table, addr);
        trace_spapr_tce_translate(table->liobn, addr, flag,
                                  entry.translated_addr, entry.perm);
        if (unlikely(flag & ~entry.perm) && win->fault) {
            win->fault(win->fault_opaque);
        }
    }
    return entry;
}

static uint64_t tce_get_min_page_size(IOMMUMemoryRegion *iommu)
{
    SpaprTceWindow *win = container_of(iommu, SpaprTceWindow, iommu);

    return 1ULL << win->table->page_shift;
}

static int tce_notify_flag_changed(IOMMUMemoryRegion *iommu,
                                   IOMMUNotifierFlag old_flags,
                                   IOMMUNotifierFlag new_flags, Error **errp)
{
    SpaprTceWindow *win = container_of(iommu, SpaprTceWindow, iommu);

    if (new_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP) {
        /* Who wants it can live with all that is unmapped */
        error_setg(errp, "a TCE table knows of no device IOTLB");
        return -EINVAL;
    }
    /* A window that is no longer there changes no more either */
    if (win->table) {
        qatomic_set(&win->table->notify, new_flags != IOMMU_NOTIFIER_NONE);
        /*
         * Who sets a TCE sees this flag, or the replay that comes after it sees
         * the TCE.
         */
        smp_mb();
    }
    return 0;
}

/* Not all of the window: that may be many times what is mapped */
static void tce_replay(IOMMUMemoryRegion *iommu, IOMMUNotifier *notifier)
{
    SpaprTceTable *table = container_of(iommu, SpaprTceWindow, iommu)->table;

    for (uint64_t n = 0; n < table_chunks(table); n++) {
        if (!table_chunk(table, n)) {
            continue;
        }
        for (unsigned i = 0; i < table_chunk_tces(table, n); i++) {
            IOMMUTLBEvent event = {
                .type = IOMMU_NOTIFIER_MAP,
                .entry = table_entry(table, n * CHUNK_TCES + i),
            };

            if (event.entry.perm != IOMMU_NONE) {
                memory_region_notify_iommu_one(notifier, &event);
            }
        }
    }
}

static void spapr_tce_memory_region_class_init(ObjectClass *oc, void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(oc);

    imrc->translate = tce_translate;
    imrc->get_min_page_size = tce_get_min_page_size;
    imrc->notify_flag_changed = tce_notify_flag_changed;
    imrc->replay = tce_replay;
}

/*
 * Windows
 */

static uint32_t liobn_hash(uint32_t liobn)
{
    return qemu_xxhash2(liobn);
}

static bool table_same_liobn(const void *a, const void *b)
{
    return ((const SpaprTceTable *)a)->liobn ==
           ((const SpaprTceTable *)b)->liobn;
}

static bool table_has_liobn(const void *table, const void *liobn)
{
    return ((const SpaprTceTable *)table)->liobn == *(const uint32_t *)liobn;
}

bool spapr_tce_window_init(SpaprTceWindow *win, Object *owner,
                           SpaprTces *tces, uint32_t liobn,
                           unsigned page_shift, uint64_t base, uint64_t size,
                           Error **errp)
{
    uint64_t nr_tces = size >> page_shift;
    SpaprTceTable *table;

    g_assert(page_shift >= SPAPR_TCE_PAGE_SHIFT);
    g_assert(nr_tces && size == nr_tces << page_shift);
    g_assert(QEMU_IS_ALIGNED(base, MAX(SPAPR_TCE_BASE_ALIGN,
                                       1ULL << page_shift)));
    table = g_try_malloc0(sizeof(*table) + DIV_ROUND_UP(nr_tces, CHUNK_TCES) *
                                           sizeof(table->chunks[0]));
    if (!table) {
        error_setg(errp, "no memory for the TCEs of a DMA window of %" PRIu64
                   " bytes", size);
        return false;
    }
    table->tces = tces;
    table->memory = SPAPR_MODULE(tces)->hv->memory;
    table->window = win;
    table->liobn = liobn;
    table->page_shift = page_shift;
    table->base = base;
    table->nr_tces = nr_tces;
    if (!qht_insert(&tces->tables, table, liobn_hash(liobn), NULL)) {
        error_setg(errp, "0x%" PRIx32 " is already the logical I/O bus number "
                   "of another DMA window", liobn);
        g_free(table);
        return false;
    }
    win->table = table;
    memory_region_init_iommu(&win->iommu, sizeof(win->iommu),
                             TYPE_SPAPR_TCE_MEMORY_REGION, owner,
                             "dma-window", size);
    return true;
}

void spapr_tce_window_cleanup(SpaprTceWindow *win)
{
    SpaprTceTable *table = win->table;

    if (table) {
        qht_remove(&table->tces->tables, table, liobn_hash(table->liobn));
        table->window = NULL;
        qatomic_set(&win->table, NULL);
        call_rcu(table, table_free, rcu);
    }
}

void spapr_tce_window_set_fault(SpaprTceWindow *win, SpaprTceFaultFn *fn,
                                void *opaque)
{
    win->fault = fn;
    win->fault_opaque = opaque;
}

void spapr_tce_window_reset(SpaprTceWindow *win)
{
    table_clear(win->table);
}

MemoryRegion *spapr_tce_window_region(SpaprTceWindow *win)
{
    return MEMORY_REGION(&win->iommu);
}

/*
 * Migration: those chunks that have something in them, each behind its number
 */

static int tces_put(QEMUFile *f, void *pv, size_t size,
                    const VMStateField *field, JSONWriter *vmdesc)
{
    SpaprTceTable *table = pv;

    for (uint64_t n = 0; n < table_chunks(table); n++) {
        uint64_t *chunk = table_chunk(table, n);

        if (!chunk || buffer_is_zero(chunk, CHUNK_TCES * sizeof(*chunk))) {
            continue;
        }
        qemu_put_be64(f, n);
        for (unsigned i = 0; i < table_chunk_tces(table, n); i++) {
            qemu_put_be64(f, chunk[i]);
        }
    }
    qemu_put_be64(f, CHUNK_END);
    return 0;
}

static int tces_get(QEMUFile *f, void *pv, size_t size,
                    const VMStateField *field)
{
    SpaprTceTable *table = pv;
    uint64_t n, next = 0;

    table_clear(table);
    /* They come in order, so there is an end of it */
    while ((n = qemu_get_be64(f)) != CHUNK_END) {
        if (n < next || n >= table_chunks(table)) {
            return -EINVAL;
        }
        if (!table_make_chunk(table, n)) {
            return -ENOMEM;
        }
        for (unsigned i = 0; i < table_chunk_tces(table, n); i++) {
            table_set(table, n * CHUNK_TCES + i, qemu_get_be64(f));
        }
        table_changed(table, n * CHUNK_TCES, table_chunk_tces(table, n));
        next = n + 1;
    }
    return 0;
}

static const VMStateInfo vmstate_info_tces = {
    .name = "spapr-tces",
    .get = tces_get,
    .put = tces_put,
};

static const VMStateDescription vmstate_tce_table = {
    .name = "spapr-tce-table",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(liobn, SpaprTceTable,
                             "the DMA window's number differs"),
        VMSTATE_UINT32_EQUAL(page_shift, SpaprTceTable,
                             "the page size of the DMA window differs"),
        VMSTATE_UINT64_EQUAL(nr_tces, SpaprTceTable,
                             "the size of the DMA window differs"),
        {
            .name = "tces",
            .info = &vmstate_info_tces,
            .flags = VMS_SINGLE,
        },
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_spapr_tce_window = {
    .name = "spapr-tce-window",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(table, SpaprTceWindow, vmstate_tce_table,
                               SpaprTceTable),
        VMSTATE_END_OF_LIST()
    },
};

/*
 * Hypercalls
 *
 * An I/O address is good for finding the TCE, so its place within the page does
 * not matter.
 */

/* The table of a LIOBN, or NULL */
static SpaprTceTable *tces_find(SpaprTces *tces, target_ulong liobn)
{
    uint32_t key = liobn;

    if (liobn > UINT32_MAX) {
        return NULL;
    }
    return qht_lookup_custom(&tces->tables, &key, liobn_hash(key),
                             table_has_liobn);
}

/* The same when the table has a TCE for an I/O address too */
static SpaprTceTable *tces_find_tce(SpaprTces *tces, target_ulong liobn,
                                    target_ulong ioba, uint64_t *index)
{
    SpaprTceTable *table = tces_find(tces, liobn);

    if (!table || ioba < table->base) {
        return NULL;
    }
    *index = (ioba - table->base) >> table->page_shift;
    return *index < table->nr_tces ? table : NULL;
}

/* @count: of TCEs that the table has; up to TCE_CALL_MAX */
static target_long table_fill(SpaprTceTable *table, uint64_t first,
                              uint64_t tce, unsigned count)
{
    if (!table_tce_ok(table, tce)) {
        return H_PARAMETER;
    }
    if (tce && count && !table_make_room(table, first, count)) {
        return H_HARDWARE;
    }
    for (unsigned i = 0; i < count; i++) {
        table_set(table, first + i, tce);
    }
    table_changed(table, first, count);
    return H_SUCCESS;
}

static target_long tces_put_one(SpaprTces *tces, target_ulong liobn,
                                target_ulong ioba, target_ulong tce)
{
    uint64_t index;
    SpaprTceTable *table = tces_find_tce(tces, liobn, ioba, &index);

    return table ? table_fill(table, index, tce, 1) : H_PARAMETER;
}

/*
 * H_PUT_TCE: map or unmap a page
 *
 * LoPAR, "H_PUT_TCE". R4: LIOBN; R5: I/O address; R6: TCE, the real address of
 * the page with 1 (the device may read it) and 2 (it may write it) in the low-
 * order bits. Returns H_PARAMETER for a LIOBN that no window has, an I/O
 * address outside of it, and a page that is not the partition's memory, which
 * may be anything when no access is given; H_HARDWARE when QEMU has no memory
 * for the TCE; else H_SUCCESS.
 */
static target_long h_put_tce(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    target_long ret;

    RCU_READ_LOCK_GUARD();
    ret = tces_put_one(opaque, args[0], args[1], args[2]);
    trace_spapr_tce_put(args[0], args[1], args[2], ret);
    return ret;
}

/*
 * H_GET_TCE: what a page is mapped to
 *
 * LoPAR, "H_GET_TCE". R4: LIOBN; R5: I/O address. Returns H_PARAMETER for a
 * LIOBN that no window has and an I/O address outside of it; else H_SUCCESS,
 * and in R4 the TCE as it was put. No page is another partition's, so there is
 * no H_PARTIAL.
 */
static target_long h_get_tce(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprTceTable *table;
    uint64_t index;

    RCU_READ_LOCK_GUARD();
    table = tces_find_tce(opaque, args[0], args[1], &index);
    if (!table) {
        return H_PARAMETER;
    }
    args[0] = table_get(table, index);
    return H_SUCCESS;
}

static target_long tces_stuff(SpaprTces *tces, target_ulong liobn,
                              target_ulong ioba, target_ulong tce,
                              target_ulong count)
{
    uint64_t index;
    SpaprTceTable *table = tces_find_tce(tces, liobn, ioba, &index);

    if (!table) {
        return H_PARAMETER;
    }
    if (count > TCE_CALL_MAX) {
        return H_P4;
    }
    if (count > table->nr_tces - index) {
        return H_PARAMETER;
    }
    return table_fill(table, index, tce, count);
}

/*
 * H_STUFF_TCE: the same TCE for pages in a row, mostly to unmap them
 *
 * LoPAR, "H_STUFF_TCE". R4: LIOBN; R5: I/O address of the first; R6: TCE; R7:
 * how many. Returns, in this order, H_PARAMETER for a LIOBN that no window has
 * and an I/O address outside of it; H_P4 for more than 512; H_PARAMETER when
 * the window ends before and for a page that is not the partition's memory;
 * H_HARDWARE as H_PUT_TCE; else H_SUCCESS.
 */
static target_long h_stuff_tce(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    target_long ret;

    RCU_READ_LOCK_GUARD();
    ret = tces_stuff(opaque, args[0], args[1], args[2], args[3]);
    trace_spapr_tce_stuff(args[0], args[1], args[2], args[3], ret);
    return ret;
}

/* A copy of the guest's list, in host byte order. It may be that of no TCE. */
static bool read_list(SpaprMemory *memory, target_ulong addr, uint64_t *list,
                      unsigned count)
{
    if (!QEMU_IS_ALIGNED(addr, TCE_LIST_SIZE) ||
        !spapr_memory_is_ram(memory, addr, TCE_LIST_SIZE) ||
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                           list, count * sizeof(*list)) != MEMTX_OK) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        be64_to_cpus(&list[i]);
    }
    return true;
}

/* All of them, or none */
static target_long table_fill_list(SpaprTceTable *table, uint64_t first,
                                   const uint64_t *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!table_tce_ok(table, list[i])) {
            return H_PARAMETER;
        }
    }
    if (count && !table_make_room(table, first, count)) {
        return H_HARDWARE;
    }
    for (unsigned i = 0; i < count; i++) {
        table_set(table, first + i, list[i]);
    }
    table_changed(table, first, count);
    return H_SUCCESS;
}

static target_long tces_put_list(SpaprTces *tces, target_ulong liobn,
                                 target_ulong ioba, target_ulong addr,
                                 target_ulong count)
{
    uint64_t list[TCE_CALL_MAX];
    uint64_t index;
    SpaprTceTable *table;

    if ((target_long)liobn < 0) {
        return H_FUNCTION;
    }
    if (count > TCE_CALL_MAX) {
        return H_PARAMETER;
    }
    table = tces_find_tce(tces, liobn, ioba, &index);
    if (!table || count > table->nr_tces - index ||
        !read_list(table->memory, addr, list, count)) {
        return H_PARAMETER;
    }
    return table_fill_list(table, index, list, count);
}

/*
 * H_PUT_TCE_INDIRECT: a list of TCEs for pages in a row
 *
 * LoPAR, "H_PUT_TCE_INDIRECT". R4: LIOBN; R5: I/O address of the first; R6:
 * real address of the list, a page that begins with as many TCEs of 8 bytes,
 * big endian; R7: how many, up to 512. Returns H_FUNCTION for a negative LIOBN:
 * the Multi-TCE-Table option, several windows in one call, is not there;
 * H_PARAMETER for more than 512, a LIOBN that no window has, an I/O address
 * outside of it, a window that ends before, a list that is not a page of the
 * partition's memory, and TCEs that H_PUT_TCE would refuse; H_HARDWARE as
 * H_PUT_TCE; else H_SUCCESS. When it does not succeed it has done nothing.
 */
static target_long h_put_tce_indirect(PowerPCCPU *cpu, void *opaque,
                                      target_ulong *args)
{
    target_long ret;

    RCU_READ_LOCK_GUARD();
    ret = tces_put_list(opaque, args[0], args[1], args[2], args[3]);
    trace_spapr_tce_put_indirect(args[0], args[1], args[2], args[3], ret);
    return ret;
}

static void tces_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_GET_TCE, "H_GET_TCE", "hcall-tce", h_get_tce, true },
        { H_PUT_TCE, "H_PUT_TCE", "hcall-tce", h_put_tce, true },
        { H_STUFF_TCE, "H_STUFF_TCE", "hcall-multi-tce", h_stuff_tce, true },
        { H_PUT_TCE_INDIRECT, "H_PUT_TCE_INDIRECT", "hcall-multi-tce",
          h_put_tce_indirect, true },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
}

/*
 * The module
 */

static void spapr_tces_init(Object *obj)
{
    qht_init(&SPAPR_TCES(obj)->tables, table_same_liobn, 1,
             QHT_MODE_AUTO_RESIZE);
}

static void spapr_tces_finalize(Object *obj)
{
    qht_destroy(&SPAPR_TCES(obj)->tables);
}

static void spapr_tces_class_init(ObjectClass *oc, void *data)
{
    DEVICE_CLASS(oc)->desc = "sPAPR TCE tables";
    SPAPR_MODULE_CLASS(oc)->register_calls = tces_register_calls;
}

static const TypeInfo spapr_tce_types[] = {
    {
        .name = TYPE_SPAPR_TCES,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprTces),
        .instance_init = spapr_tces_init,
        .instance_finalize = spapr_tces_finalize,
        .class_init = spapr_tces_class_init,
    }, {
        .name = TYPE_SPAPR_TCE_MEMORY_REGION,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = spapr_tce_memory_region_class_init,
    },
};

DEFINE_TYPES(spapr_tce_types)
