/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: DMA windows of PCI host bridges
 *
 * LoPAR, "DMA Window Manipulation Calls". All functions behind a bridge share
 * its windows: they are one partitionable endpoint. There is a default window
 * below 4 GiB, and a guest may make others with larger pages elsewhere, so large
 * that all of memory is mapped at once.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_pci.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "trace.h"

#define TYPE_SPAPR_PCI_WINDOW "spapr-pci-window"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprPciWindow, SPAPR_PCI_WINDOW)

/*
 * A window is an object, which lives on while there are those who use its
 * memory region without the BQL
 */
struct SpaprPciWindow {
    Object parent_obj;

    SpaprTceWindow tce;
    uint32_t liobn;
    uint32_t page_shift;
    uint64_t base;          /* bus address */
    uint64_t size;
};

/* Each window but the default one has so much room from dma64_win_addr up */
#define WINDOW_ROOM         (1ULL << 58)

/* "IO Page Sizes" of ibm,query-pe-dma-window, bit 31 first, and Linux's 2 MiB */
static const uint8_t page_shifts[] = { 12, 16, 24, 25, 26, 27, 28, 34, 21 };

static uint64_t all_page_sizes(void)
{
    uint64_t sizes = 0;

    for (int i = 0; i < ARRAY_SIZE(page_shifts); i++) {
        sizes |= 1ULL << page_shifts[i];
    }
    return sizes;
}

/*
 * Windows
 */

static bool window_create(SpaprPhb *phb, unsigned n, unsigned page_shift,
                          uint64_t base, uint64_t size, Error **errp)
{
    SpaprTces *tces = SPAPR_MODULE(phb->pci)->hv->tces;
    uint32_t liobn = SPAPR_PCI_LIOBN(phb->index, n);
    Object *obj = object_new(TYPE_SPAPR_PCI_WINDOW);
    SpaprPciWindow *win = SPAPR_PCI_WINDOW(obj);

    if (!spapr_tce_window_init(&win->tce, obj, tces, liobn, page_shift, base,
                               size, errp)) {
        object_unref(obj);
        return false;
    }
    spapr_pci_eeh_watch_window(phb, &win->tce);
    win->liobn = liobn;
    win->page_shift = page_shift;
    win->base = base;
    win->size = size;
    object_property_add_child(OBJECT(phb), "dma-window[*]", obj);
    object_unref(obj);
    memory_region_add_subregion(&phb->dma_root, base,
                                spapr_tce_window_region(&win->tce));
    phb->windows[n] = win;
    trace_spapr_pci_window_create(liobn, page_shift, base, size);
    return true;
}

static void window_remove(SpaprPhb *phb, unsigned n)
{
    SpaprPciWindow *win = phb->windows[n];

    if (win) {
        trace_spapr_pci_window_remove(win->liobn);
        memory_region_del_subregion(&phb->dma_root,
                                    spapr_tce_window_region(&win->tce));
        spapr_tce_window_cleanup(&win->tce);
        object_unparent(OBJECT(win));
        phb->windows[n] = NULL;
    }
}

static bool window_create_default(SpaprPhb *phb, Error **errp)
{
    return window_create(phb, 0, SPAPR_TCE_PAGE_SHIFT, phb->dma_win_addr,
                         phb->dma_win_size, errp);
}

static unsigned windows_count(SpaprPhb *phb)
{
    unsigned count = 0;

    for (int n = 0; n < ARRAY_SIZE(phb->windows); n++) {
        count += phb->windows[n] != NULL;
    }
    return count;
}

/* The default window is there again, and no other. */
static bool windows_restore(SpaprPhb *phb)
{
    for (unsigned n = 1; n < ARRAY_SIZE(phb->windows); n++) {
        window_remove(phb, n);
    }
    return phb->windows[0] || window_create_default(phb, NULL);
}

void spapr_pci_dma_reset(SpaprPhb *phb)
{
    if (!windows_restore(phb)) {
        error_report("%s: no memory for the default DMA window of bridge %"
                     PRIu32, TYPE_SPAPR_PHB, phb->index);
        exit(EXIT_FAILURE);
    }
    spapr_tce_window_reset(&phb->windows[0]->tce);
}

/*
 * Dynamic DMA windows
 */

/* LoPAR, R1-"DMA Window Manipulation Calls"-3: not where the option is not */
static SpaprPhb *ddw_find(SpaprPci *pci, const uint32_t *args)
{
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(pci, args, &dev);

    return phb && phb->ddw && dev ? phb : NULL;
}

/* As many as map all of memory in the smallest pages */
static uint64_t ddw_max_tces(SpaprPhb *phb)
{
    uint64_t memory = SPAPR_MODULE(phb->pci)->hv->memory->size;

    return pow2ceil(memory) >> SPAPR_TCE_PAGE_SHIFT;
}

static uint32_t ddw_page_sizes(SpaprPhb *phb)
{
    uint32_t bits = 0;

    for (int i = 0; i < ARRAY_SIZE(page_shifts); i++) {
        bits |= phb->pgsz & 1ULL << page_shifts[i] ? 1U << i : 0;
    }
    return bits;
}

static unsigned ddw_windows_available(SpaprPhb *phb)
{
    return SPAPR_PCI_WINDOWS_MAX - windows_count(phb);
}

/*
 * ibm,query-pe-dma-window: LoPAR, "ibm,query-pe-dma-window"
 *
 * Argument cells: configuration address, unit id of the bridge (two cells).
 * Return cells: status, how many more windows may be made, how many TCEs one
 * may have, sizes of pages, which of these H_MIGRATE_DMA can do (none). The
 * TCEs are one cell or two, by the number of cells.
 *
 * Status: 0, or -3 when there is no such bridge or function, or the bridge has
 * no dynamic windows.
 */
static int32_t query_window(PowerPCCPU *cpu, void *opaque,
                            const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = ddw_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = ddw_windows_available(phb);
    outs[1] = MIN(ddw_max_tces(phb), UINT32_MAX);
    outs[2] = ddw_page_sizes(phb);
    outs[3] = 0;
    return RTAS_OUT_SUCCESS;
}

static int32_t query_window_64(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = ddw_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = ddw_windows_available(phb);
    outs[1] = ddw_max_tces(phb) >> 32;
    outs[2] = ddw_max_tces(phb);
    outs[3] = ddw_page_sizes(phb);
    outs[4] = 0;
    return RTAS_OUT_SUCCESS;
}

/*
 * Whether a window of 2^@window_shift bytes may be made of 2^@page_shift ones.
 * Neither number is to be trusted.
 */
static bool ddw_fits(SpaprPhb *phb, uint32_t page_shift, uint32_t window_shift)
{
    return page_shift < 64 && (phb->pgsz & 1ULL << page_shift) &&
           window_shift >= page_shift && window_shift < 64 &&
           1ULL << window_shift <= WINDOW_ROOM &&
           1ULL << (window_shift - page_shift) <= ddw_max_tces(phb);
}

/*
 * ibm,create-pe-dma-window: LoPAR, "ibm,create-pe-dma-window"
 *
 * Argument cells: configuration address, unit id of the bridge (two cells),
 * log2 of the size of a page, log2 of the size of the window. Return cells:
 * status, LIOBN of the new window, its bus address (two cells).
 *
 * Status: 0; -3 when there is no such bridge or function, the bridge has no
 * dynamic windows, no more may be made, or for a size that
 * ibm,query-pe-dma-window did not offer; -1 when QEMU has no memory for it.
 */
static int32_t create_window(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = ddw_find(opaque, args);
    uint32_t page_shift = args[3], window_shift = args[4];
    uint64_t base;
    unsigned n = 1;

    if (!phb || !ddw_windows_available(phb) ||
        !ddw_fits(phb, page_shift, window_shift)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    /* The first place is the default window's; of the others one is free */
    while (phb->windows[n]) {
        n++;
    }
    base = phb->dma64_win_addr + (n - 1) * WINDOW_ROOM;
    if (!window_create(phb, n, page_shift, base, 1ULL << window_shift, NULL)) {
        return RTAS_OUT_HW_ERROR;
    }
    outs[0] = phb->windows[n]->liobn;
    outs[1] = base >> 32;
    outs[2] = base;
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,remove-pe-dma-window: LoPAR, "ibm,remove-pe-dma-window"
 *
 * Argument cell: LIOBN. Status: 0; -3 when it is no window of a bridge with
 * dynamic windows; -1 when the last window goes and QEMU has no memory for the
 * default one, which then comes back.
 */
static int32_t remove_window(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SpaprPci *pci = opaque;

    for (int i = 0; i < SPAPR_PCI_MAX_BRIDGES; i++) {
        SpaprPhb *phb = pci->bridges[i];

        for (unsigned n = 0; phb && phb->ddw && n < SPAPR_PCI_WINDOWS; n++) {
            if (!phb->windows[n] || phb->windows[n]->liobn != args[0]) {
                continue;
            }
            window_remove(phb, n);
            /* R1-"ibm,remove-pe-dma-window"-3 */
            if (n && !windows_count(phb) && !windows_restore(phb)) {
                return RTAS_OUT_HW_ERROR;
            }
            return RTAS_OUT_SUCCESS;
        }
    }
    return RTAS_OUT_PARAM_ERROR;
}

/*
 * ibm,reset-pe-dma-windows: LoPAR, "ibm,reset-pe-dma-windows"
 *
 * Argument cells: configuration address, unit id of the bridge (two cells).
 * Status: 0; -3 when there is no such bridge or function, or the bridge has no
 * dynamic windows; -1 when QEMU has no memory for the default window.
 */
static int32_t reset_windows(PowerPCCPU *cpu, void *opaque,
                             const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = ddw_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    return windows_restore(phb) ? RTAS_OUT_SUCCESS : RTAS_OUT_HW_ERROR;
}

void spapr_pci_dma_register_calls(SpaprPci *pci, SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,query-pe-dma-window", 3, 5,
                        query_window, pci);
    spapr_rtas_register_version(rtas, "ibm,query-pe-dma-window", 6,
                                query_window_64);
    spapr_rtas_register(rtas, "ibm,create-pe-dma-window", 5, 4,
                        create_window, pci);
    spapr_rtas_register(rtas, "ibm,remove-pe-dma-window", 1, 1,
                        remove_window, pci);
    spapr_rtas_register(rtas, "ibm,reset-pe-dma-windows", 3, 1,
                        reset_windows, pci);
}

/* "Properties for Children of PCI Host Bridges" */
void spapr_pci_dma_populate_dt(SpaprPhb *phb, DtNode *node)
{
    SpaprRtasTable *rtas = SPAPR_MODULE(phb->pci)->hv->rtas;

    dt_prop_u32(node, "ibm,#dma-address-cells", 2);
    dt_prop_u32(node, "ibm,#dma-size-cells", 2);
    dt_prop_cells(node, "ibm,dma-window", SPAPR_PCI_LIOBN(phb->index, 0),
                  phb->dma_win_addr >> 32, (uint32_t)phb->dma_win_addr,
                  phb->dma_win_size >> 32, (uint32_t)phb->dma_win_size);
    if (phb->ddw) {
        dt_prop_cells(node, "ibm,ddw-applicable",
                      spapr_rtas_token(rtas, "ibm,query-pe-dma-window"),
                      spapr_rtas_token(rtas, "ibm,create-pe-dma-window"),
                      spapr_rtas_token(rtas, "ibm,remove-pe-dma-window"));
        /* Two: how to reset, and that the query may have six return cells */
        dt_prop_cells(node, "ibm,ddw-extensions", 2,
                      spapr_rtas_token(rtas, "ibm,reset-pe-dma-windows"), 1);
    }
}

/*
 * The bridge's options
 */

static bool dma_check_options(SpaprPhb *phb, Error **errp)
{
    uint64_t page = 1ULL << SPAPR_TCE_PAGE_SHIFT;

    if (!phb->dma_win_size || !QEMU_IS_ALIGNED(phb->dma_win_size, page) ||
        !QEMU_IS_ALIGNED(phb->dma_win_addr, SPAPR_TCE_BASE_ALIGN) ||
        phb->dma_win_addr > SPAPR_PCI_MSI_ADDR ||
        phb->dma_win_size > SPAPR_PCI_MSI_ADDR - phb->dma_win_addr) {
        error_setg(errp, "dma_win_addr=0x%" PRIx64 ",dma_win_size=0x%" PRIx64
                   ": must be multiples of 64 KiB and of 4 KiB, and end at "
                   "0x%llx or below",
                   phb->dma_win_addr, phb->dma_win_size, SPAPR_PCI_MSI_ADDR);
        return false;
    }
    if (!QEMU_IS_ALIGNED(phb->dma64_win_addr, 16 * GiB) ||
        phb->dma64_win_addr < 16 * GiB ||
        phb->dma64_win_addr >= -(SPAPR_PCI_WINDOWS - 1) * WINDOW_ROOM) {
        error_setg(errp, "dma64_win_addr=0x%" PRIx64 ": must be a multiple of "
                   "16 GiB, not 0, and leave room for a window",
                   phb->dma64_win_addr);
        return false;
    }
    if (phb->pgsz & ~all_page_sizes() || (phb->ddw && !phb->pgsz)) {
        error_setg(errp, "pgsz=0x%" PRIx64 ": must be a sum of page sizes that "
                   "DMA windows can have, of 0x%" PRIx64, phb->pgsz,
                   all_page_sizes());
        return false;
    }
    if (!phb->ddw) {
        /* What there is none of is the same in all machines */
        phb->pgsz = 0;
    }
    return true;
}

bool spapr_pci_dma_realize(SpaprPhb *phb, Error **errp)
{
    if (!dma_check_options(phb, errp)) {
        return false;
    }
    memory_region_init(&phb->dma_root, OBJECT(phb), "dma", UINT64_MAX);
    if (!window_create_default(phb, errp)) {
        return false;
    }
    address_space_init(&phb->dma_as, &phb->dma_root, DEVICE(phb)->id ?:
                       TYPE_SPAPR_PHB);
    return true;
}

/*
 * Migration: which windows there are, each with what it maps
 */

#define WINDOW_NONE 0

static int windows_put(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field, JSONWriter *vmdesc)
{
    SpaprPhb *phb = pv;
    int ret = 0;

    for (unsigned n = 0; !ret && n < SPAPR_PCI_WINDOWS; n++) {
        SpaprPciWindow *win = phb->windows[n];

        qemu_put_be32(f, win ? win->page_shift : WINDOW_NONE);
        if (win) {
            qemu_put_be64(f, win->size);
            ret = vmstate_save_state(f, &vmstate_spapr_tce_window, &win->tce,
                                     NULL);
        }
    }
    return ret;
}

/* Make window @n as the other end had it */
static bool window_load(SpaprPhb *phb, unsigned n, uint32_t page_shift,
                        uint64_t size)
{
    if (n == 0) {
        return page_shift == SPAPR_TCE_PAGE_SHIFT &&
               size == phb->dma_win_size &&
               (phb->windows[0] || window_create_default(phb, NULL));
    }
    window_remove(phb, n);
    return phb->ddw && is_power_of_2(size) &&
           ddw_fits(phb, page_shift, ctz64(size)) &&
           window_create(phb, n, page_shift,
                         phb->dma64_win_addr + (n - 1) * WINDOW_ROOM, size,
                         NULL);
}

static int windows_get(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field)
{
    SpaprPhb *phb = pv;
    int ret = 0;

    for (unsigned n = 0; !ret && n < SPAPR_PCI_WINDOWS; n++) {
        uint32_t page_shift = qemu_get_be32(f);

        if (page_shift == WINDOW_NONE) {
            window_remove(phb, n);
            continue;
        }
        if (!window_load(phb, n, page_shift, qemu_get_be64(f))) {
            error_report("%s: the DMA windows of bridge %" PRIu32 " differ",
                         TYPE_SPAPR_PHB, phb->index);
            ret = -EINVAL;
            break;
        }
        ret = vmstate_load_state(f, &vmstate_spapr_tce_window,
                                 &phb->windows[n]->tce, 1);
    }
    if (!ret && windows_count(phb) > SPAPR_PCI_WINDOWS_MAX) {
        ret = -EINVAL;
    }
    if (ret) {
        /* What is refused may not stay: the machine may go on all the same */
        spapr_pci_dma_reset(phb);
    }
    return ret;
}

const VMStateInfo vmstate_info_spapr_pci_windows = {
    .name = "spapr-pci-windows",
    .get = windows_get,
    .put = windows_put,
};

static const TypeInfo spapr_pci_window_types[] = {
    {
        .name = TYPE_SPAPR_PCI_WINDOW,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(SpaprPciWindow),
    },
};

DEFINE_TYPES(spapr_pci_window_types)
