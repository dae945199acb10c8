/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: enhanced I/O error handling (EEH)
 *
 * LoPAR, "Enhanced I/O Error Handling (EEH) Option" and "Enhanced I/O Error
 * Handling (EEH) Option Functions". All functions behind a host bridge are one
 * partitionable endpoint (PE), as they share its DMA windows. An error stops
 * it: loads give ones, stores are lost, DMA fails. The guest then goes the way
 * back, as a rule by a reset.
 *
 * What is stopped is so by memory regions that come and go, so that nothing is
 * slower while all is well.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/ppc/spapr_errinjct.h"
#include "hw/ppc/spapr_errlog.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_pci.h"
#include "migration/vmstate.h"
#include "trace.h"

/*
 * The PE configuration address: that of the last function that the root bus
 * may have. Any of the PE's names it; to Linux, the first one's, 0, is none.
 */
#define PE_ADDR             (PCI_DEVFN(PCI_SLOT_MAX - 1, PCI_FUNC_MAX - 1) << 8)

/* Services have these besides the common ones */
#define STATUS_NO_LOG               1
#define STATUS_UNEXPECTED_STATE     (-7)
#define STATUS_NO_FUNDAMENTAL_RESET (-8)

/* ibm,set-eeh-option: "Function" */
#define OPTION_DISABLE      0
#define OPTION_ENABLE       1
#define OPTION_MMIO         2
#define OPTION_DMA          3

/* ibm,set-slot-reset */
#define RESET_DEACTIVATE    0
#define RESET_HOT           1
#define RESET_FUNDAMENTAL   3

/* ibm,slot-error-detail */
#define DETAIL_TEMPORARY    1
#define DETAIL_PERMANENT    2

/* ibm,get-config-addr-info2, and "Info" of the latter */
#define INFO_PE_ADDR        0
#define INFO_SHARED         1
#define SHARED_NO_PE        0
#define SHARED_NOT          1
#define SHARED_YES          2

/* "ibm,read-slot-reset-state-functions": four return cells, or five */
#define STATE_FUNCTIONS     3

/* "Semantics for ioa-bus-error ...": 0 to 19 are errors */
#define INJECT_ERRORS       20
#define INJECT_DISABLE      20

/* Stand before those windows and interrupts that the guest has made */
#define STOP_PRIORITY       2
#define NO_WINDOW_PRIORITY  (-1)

/*
 * All bus addresses but the last ones, where no window can be. A region of
 * 2^64 bytes that is no container is more than QEMU's core can place.
 */
#define DMA_SPACE_SIZE      (UINT64_MAX - 64 * KiB + 1)

/* A log tells of no more functions */
#define LOG_FUNCTIONS       32

/* LoPAR, "PE State Transition Table" */
enum {
    PE_NORMAL       = 0,
    PE_RESET        = 1,
    PE_STOPPED      = 2,
    PE_DMA_STOPPED  = 4,
    PE_UNAVAILABLE  = 5,
};

/* How users call the states */
static const char *const state_names[] = {
    [PE_NORMAL] = "normal",
    [PE_RESET] = "reset",
    [PE_STOPPED] = "stopped",
    [PE_DMA_STOPPED] = "dma-stopped",
    [PE_UNAVAILABLE] = "unavailable",
};

/* What went wrong, for the log */
enum {
    CAUSE_NONE,
    CAUSE_INJECTED,         /* and the number of the error above it */
    CAUSE_USER,
    CAUSE_DMA,
};
#define CAUSE_DETAIL_SHIFT  8

static bool state_valid(uint8_t state)
{
    return state < ARRAY_SIZE(state_names) && state_names[state];
}

/*
 * The PE
 */

static PCIBus *pe_bus(SpaprPhb *phb)
{
    return PCI_HOST_BRIDGE(phb)->bus;
}

bool spapr_pci_eeh_mmio_stopped(SpaprPhb *phb)
{
    return phb->eeh.state != PE_NORMAL && phb->eeh.state != PE_DMA_STOPPED;
}

/* Put the regions so as the state wants them */
static void pe_apply(SpaprPhb *phb)
{
    bool mmio = !spapr_pci_eeh_mmio_stopped(phb);

    memory_region_transaction_begin();
    /* Behind each of them is what reads as ones */
    memory_region_set_enabled(&phb->io_alias, mmio);
    memory_region_set_enabled(&phb->mem32_alias, mmio);
    if (phb->mem64_win_size) {
        memory_region_set_enabled(&phb->mem64_alias, mmio);
    }
    memory_region_set_enabled(&phb->eeh.dma_stop,
                              phb->eeh.state != PE_NORMAL);
    memory_region_transaction_commit();
}

static void pe_set_state(SpaprPhb *phb, uint8_t state)
{
    trace_spapr_pci_eeh_state(phb->index, state_names[phb->eeh.state],
                              state_names[state]);
    phb->eeh.state = state;
    pe_apply(phb);
}

/* Returns: whether there was anything to be stopped */
static bool pe_error(SpaprPhb *phb, uint32_t cause)
{
    SpaprPciEeh *eeh = &phb->eeh;

    if (!eeh->enabled ||
        (eeh->state != PE_NORMAL && eeh->state != PE_DMA_STOPPED)) {
        return false;
    }
    trace_spapr_pci_eeh_error(phb->index, cause);
    eeh->cause = cause;
    pe_set_state(phb, PE_STOPPED);
    return true;
}

/*
 * What the PE consists of
 */

/* All devices, but for virtual functions, which come and go with others */
static GPtrArray *pe_devices(SpaprPhb *phb)
{
    GPtrArray *devices = spapr_pci_devices(phb);

    for (guint i = devices->len; i-- > 0; ) {
        if (pci_is_vf(devices->pdata[i])) {
            g_ptr_array_remove_index(devices, i);
        }
    }
    return devices;
}

/* How many there are for which @test is true */
static unsigned pe_count(SpaprPhb *phb, bool (*test)(PCIDevice *dev))
{
    g_autoptr(GPtrArray) devices = pe_devices(phb);
    unsigned count = 0;

    for (guint i = 0; i < devices->len; i++) {
        count += test(devices->pdata[i]);
    }
    return count;
}

/* Bridges are fabric, and functions are what drivers are for */
static bool is_function(PCIDevice *dev)
{
    return !IS_PCI_BRIDGE(dev);
}

static bool is_express(PCIDevice *dev)
{
    return pci_is_express(dev);
}

static bool is_enabled(PCIDevice *dev)
{
    return is_function(dev) &&
           pci_get_word(dev->config + PCI_COMMAND) &
           (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/*
 * Whose PE an RTAS call is about. Most want its own address; some are content
 * with that of a function that is in it.
 */
static SpaprPhb *pe_find(SpaprPci *pci, const uint32_t *args)
{
    return args[0] == PE_ADDR ? spapr_pci_find(pci, args, NULL) : NULL;
}

/* Whether an address is the PE's, or that of @dev, which is there */
static bool pe_named(PCIDevice *dev, uint32_t config_addr)
{
    return config_addr == PE_ADDR ||
           (dev && config_addr == spapr_pci_config_addr(dev));
}

static SpaprPhb *pe_find_any(SpaprPci *pci, const uint32_t *args)
{
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(pci, args, &dev);

    /* One without functions is none, to those who look for one */
    return phb && pe_named(dev, args[0]) &&
           (dev || pe_count(phb, is_function)) ? phb : NULL;
}

/*
 * Reset, and what it takes away: the header of configuration space as firmware,
 * or the guest after it, had written it
 */

static void saved_free(SpaprPciEeh *eeh)
{
    g_free(eeh->saved);
    eeh->saved = NULL;
    eeh->nr_saved = 0;
}

static void pe_save(SpaprPhb *phb)
{
    g_autoptr(GPtrArray) devices = pe_devices(phb);
    SpaprPciEeh *eeh = &phb->eeh;

    saved_free(eeh);
    eeh->nr_saved = devices->len;
    eeh->saved = g_new(SpaprPciSaved, devices->len);
    for (guint i = 0; i < devices->len; i++) {
        PCIDevice *dev = devices->pdata[i];

        eeh->saved[i].config_addr = spapr_pci_config_addr(dev);
        memcpy(eeh->saved[i].header, dev->config, PCI_STD_HEADER_SIZEOF);
    }
}

static void restore_function(PCIDevice *dev, const uint8_t *header)
{
    bool bridge = IS_PCI_BRIDGE(dev);
    uint16_t command = pci_get_word(header + PCI_COMMAND);

    for (uint32_t reg = PCI_CACHE_LINE_SIZE; reg < PCI_STD_HEADER_SIZEOF;
         reg += sizeof(uint32_t)) {
        uint32_t value = pci_get_long(header + reg);

        if (bridge && reg == PCI_IO_BASE) {
            /* Above it are errors, which a write of ones would clear */
            value &= UINT16_MAX;
        }
        spapr_pci_config_write(dev, reg, value, 4);
    }
    /* A function is to do DMA when its driver says so, and not before */
    spapr_pci_config_write(dev, PCI_COMMAND,
                           bridge ? command : command & ~PCI_COMMAND_MASTER, 2);
}

static void pe_configure(SpaprPhb *phb)
{
    SpaprPciEeh *eeh = &phb->eeh;

    /* Each register that is written may move regions */
    memory_region_transaction_begin();
    for (int i = 0; i < eeh->nr_saved; i++) {
        const SpaprPciSaved *saved = &eeh->saved[i];
        PCIDevice *dev = spapr_pci_function(phb, saved->config_addr);

        /* Another one may have come into its place */
        if (dev && !memcmp(dev->config, saved->header, PCI_COMMAND)) {
            restore_function(dev, saved->header);
        }
    }
    memory_region_transaction_commit();
    saved_free(eeh);
    eeh->unconfigured = false;
    spapr_pci_msi_restore(phb);
}

static void pe_reset(SpaprPhb *phb)
{
    SpaprPciEeh *eeh = &phb->eeh;

    /* A second reset finds nothing that is worth it */
    if (!eeh->unconfigured) {
        pe_save(phb);
    }
    eeh->unconfigured = true;
    eeh->cause = CAUSE_NONE;
    pe_set_state(phb, PE_RESET);
    bus_cold_reset(BUS(pe_bus(phb)));
}

/*
 * DMA
 *
 * Requests may come from threads without the BQL, and while memory regions are
 * in use: the PE is stopped a little later.
 */

static void dma_failed(void *opaque)
{
    SpaprPhb *phb = opaque;

    if (qatomic_read(&phb->eeh.enabled)) {
        qemu_bh_schedule(phb->eeh.dma_failed_bh);
    }
}

static void dma_failed_bh(void *opaque)
{
    SpaprPhb *phb = opaque;

    if (phb->eeh.state == PE_NORMAL) {
        pe_error(phb, CAUSE_DMA);
    }
}

void spapr_pci_eeh_watch_window(SpaprPhb *phb, SpaprTceWindow *win)
{
    spapr_tce_window_set_fault(win, dma_failed, phb);
}

/*
 * What stands where nothing may be accessed: with the bridge that is to know of
 * it behind all windows, and with nobody in front of them while DMA is stopped
 */

static MemTxResult refuse_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    if (opaque) {
        dma_failed(opaque);
    }
    *data = UINT64_MAX;
    return MEMTX_DECODE_ERROR;
}

static MemTxResult refuse_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    if (opaque) {
        dma_failed(opaque);
    }
    return MEMTX_DECODE_ERROR;
}

static const MemoryRegionOps refuse_ops = {
    .read_with_attrs = refuse_read,
    .write_with_attrs = refuse_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

/*
 * The calls
 */

static int32_t option_disable(SpaprPhb *phb)
{
    SpaprPciEeh *eeh = &phb->eeh;

    if (eeh->state == PE_UNAVAILABLE) {
        return STATUS_UNEXPECTED_STATE;
    }
    if (!pe_count(phb, is_express) && !pe_count(phb, is_enabled)) {
        qatomic_set(&eeh->enabled, false);
        if (eeh->state != PE_RESET) {
            pe_set_state(phb, PE_NORMAL);
        }
    }
    return RTAS_OUT_SUCCESS;
}

static int32_t option_enable(SpaprPhb *phb)
{
    if (phb->eeh.state == PE_UNAVAILABLE) {
        return STATUS_UNEXPECTED_STATE;
    }
    qatomic_set(&phb->eeh.enabled, true);
    return RTAS_OUT_SUCCESS;
}

/* "PE State Control": from state @from to @to, which others may be beyond */
static int32_t option_release(SpaprPhb *phb, uint8_t from, uint8_t to)
{
    uint8_t state = phb->eeh.state;

    if (state == from) {
        pe_set_state(phb, to);
        return RTAS_OUT_SUCCESS;
    }
    return state == PE_NORMAL || state == to ? RTAS_OUT_PARAM_ERROR
                                             : STATUS_UNEXPECTED_STATE;
}

/*
 * ibm,set-eeh-option: the LoPAR section of that name
 *
 * Argument cells: PE configuration address, unit id of the bridge (two cells),
 * function (0: disable EEH; 1: enable it; 2: let loads and stores through
 * again; 3: let DMA through again).
 *
 * Status: -3 when it is no PE's address, for another function (there is no
 * interrupt to tell of errors), and where loads and stores, or DMA, are let
 * through already; -7 when the PE is in a state from which the function does
 * not lead on; else 0. To disable EEH does nothing for a PE with a PCI Express
 * function, and for one with a function that is enabled by its command register.
 */
static int32_t set_eeh_option(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = pe_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    switch (args[3]) {
    case OPTION_DISABLE:
        return option_disable(phb);
    case OPTION_ENABLE:
        return option_enable(phb);
    case OPTION_MMIO:
        return option_release(phb, PE_STOPPED, PE_DMA_STOPPED);
    case OPTION_DMA:
        return option_release(phb, PE_DMA_STOPPED, PE_NORMAL);
    default:
        return RTAS_OUT_PARAM_ERROR;
    }
}

static int32_t reset_deactivate(SpaprPhb *phb)
{
    switch (phb->eeh.state) {
    case PE_RESET:
        pe_set_state(phb, PE_NORMAL);
        return RTAS_OUT_SUCCESS;
    case PE_NORMAL:
        return RTAS_OUT_SUCCESS;
    case PE_DMA_STOPPED:
        return RTAS_OUT_PARAM_ERROR;
    default:
        return STATUS_UNEXPECTED_STATE;
    }
}

static int32_t reset_activate(SpaprPhb *phb, bool fundamental)
{
    if (phb->eeh.state == PE_UNAVAILABLE) {
        return STATUS_UNEXPECTED_STATE;
    }
    if (fundamental && !pe_count(phb, is_express)) {
        return STATUS_NO_FUNDAMENTAL_RESET;
    }
    if (phb->eeh.state != PE_RESET) {
        pe_reset(phb);
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,set-slot-reset: the LoPAR section of that name
 *
 * Argument cells: PE configuration address, unit id of the bridge (two cells),
 * function (0: deactivate the reset; 1: activate it; 3: activate a fundamental
 * reset, which is the same to a function that is emulated).
 *
 * Status: -3 when it is no PE's address, for another function, and for 0 when
 * nothing but DMA is stopped; -7 for 0 when the PE is stopped, and for all when
 * it is unavailable; -8 for 3 when it has no PCI Express function; else 0.
 */
static int32_t set_slot_reset(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = pe_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    switch (args[3]) {
    case RESET_DEACTIVATE:
        return reset_deactivate(phb);
    case RESET_HOT:
        return reset_activate(phb, false);
    case RESET_FUNDAMENTAL:
        return reset_activate(phb, true);
    default:
        return RTAS_OUT_PARAM_ERROR;
    }
}

/*
 * ibm,read-slot-reset-state2: the LoPAR section of that name
 *
 * Argument cells: configuration address of the PE or in it, unit id of the
 * bridge (two cells). Return cells: status, state (0: normal; 1: reset;
 * 2: stopped; 4: DMA is stopped; 5: unavailable), whether EEH is supported,
 * milliseconds until it is available (0: not to be expected); and when there
 * are five, what the platform has reset on its own, which is nothing.
 *
 * Status: 0, or -3 when there is no such bridge. Where no function is, EEH is
 * not supported.
 */
static int32_t read_slot_reset_state(PowerPCCPU *cpu, void *opaque,
                                     const uint32_t *args, uint32_t *outs)
{
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(opaque, args, &dev);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (pe_named(dev, args[0])) {
        outs[0] = phb->eeh.state;
        outs[1] = 1;
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,get-config-addr-info2: the LoPAR section of that name
 *
 * Argument cells: configuration address, unit id of the bridge (two cells),
 * function (0: get the PE configuration address, which is one for all that is
 * in the PE; 1: whether it is shared). Return cells: status and the answer; for
 * function 1 0: it is in no PE, 1: the PE has one function, 2: more.
 *
 * Status: -3 when there is no such bridge, for another function, and for 0 when
 * the address is in no PE; else 0.
 */
static int32_t get_config_addr_info(PowerPCCPU *cpu, void *opaque,
                                    const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *any = spapr_pci_find(opaque, args, NULL);
    SpaprPhb *phb = pe_find_any(opaque, args);

    if (any && args[3] == INFO_SHARED) {
        outs[0] = !phb ? SHARED_NO_PE
                       : pe_count(phb, is_function) > 1 ? SHARED_YES : SHARED_NOT;
        return RTAS_OUT_SUCCESS;
    }
    if (!phb || args[3] != INFO_PE_ADDR) {
        return RTAS_OUT_PARAM_ERROR;
    }
    outs[0] = PE_ADDR;
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,configure-pe: the LoPAR section of that name
 * ibm,configure-bridge: likewise; it may do no less than it must
 *
 * Argument cells: PE configuration address, unit id of the bridge (two cells).
 * After a reset the header of each function's configuration space, and messages
 * that the guest has got by ibm,change-msi, are written as they were before.
 *
 * Status: 0, or -3 when it is no PE's address.
 */
static int32_t configure_pe(PowerPCCPU *cpu, void *opaque,
                            const uint32_t *args, uint32_t *outs)
{
    SpaprPhb *phb = pe_find(opaque, args);

    if (!phb) {
        return RTAS_OUT_PARAM_ERROR;
    }
    /* Nobody can write to what is held in reset, or is gone for good */
    if (phb->eeh.unconfigured && phb->eeh.state != PE_RESET &&
        phb->eeh.state != PE_UNAVAILABLE) {
        pe_configure(phb);
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * The log
 */

/* What the first user data section has, one for each function */
typedef struct QEMU_PACKED LogFunction {
    uint32_t config_addr;
    uint32_t id;            /* as the registers have them: device, vendor */
    uint32_t status;        /* and command */
    uint32_t class_code;    /* and revision */
    uint32_t subsystem;     /* of a bridge: secondary status, I/O window */
} LogFunction;

static GByteArray *log_functions(SpaprPhb *phb)
{
    g_autoptr(GPtrArray) devices = pe_devices(phb);
    GByteArray *data = g_byte_array_new();

    for (guint i = 0; i < MIN(devices->len, LOG_FUNCTIONS); i++) {
        PCIDevice *dev = devices->pdata[i];
        const uint8_t *config = dev->config;
        uint32_t subsystem = IS_PCI_BRIDGE(dev) ? PCI_IO_BASE
                                                : PCI_SUBSYSTEM_VENDOR_ID;
        const LogFunction function = {
            .config_addr = cpu_to_be32(spapr_pci_config_addr(dev)),
            .id = cpu_to_be32(pci_get_long(config + PCI_VENDOR_ID)),
            .status = cpu_to_be32(pci_get_long(config + PCI_COMMAND)),
            .class_code =
                cpu_to_be32(pci_get_long(config + PCI_CLASS_REVISION)),
            .subsystem = cpu_to_be32(pci_get_long(config + subsystem)),
        };

        g_byte_array_append(data, (const uint8_t *)&function,
                            sizeof(function));
    }
    return data;
}

static GByteArray *pe_log(SpaprPhb *phb, bool permanent)
{
    SpaprHypervisor *hv = SPAPR_MODULE(phb->pci)->hv;
    g_autofree char *location = spapr_pci_location(phb);
    SpaprErrlogHead head = {
        .severity = permanent ? SPAPR_ERRLOG_SEVERITY_ERROR
                              : SPAPR_ERRLOG_SEVERITY_WARNING,
        .disposition = permanent ? SPAPR_ERRLOG_NOT_RECOVERED
                                 : SPAPR_ERRLOG_LIMITED_RECOVERY,
        .initiator = SPAPR_ERRLOG_INITIATOR_PCI,
        .type = SPAPR_ERRLOG_TYPE_PLATFORM,
        .subsystem = SPAPR_ERRLOG_SUBSYSTEM_IO,
        .event = permanent ? SPAPR_ERRLOG_EVENT_UNRECOVERABLE
                           : SPAPR_ERRLOG_EVENT_RECOVERED,
        .id = spapr_events_next_id(hv->events),
    };
    GByteArray *log;

    spapr_errlog_stamp(head.date, head.time);
    log = spapr_errlog_new(&head);
    spapr_errlog_add_src(log, "B7006970", phb->eeh.cause, location);
    /* R1-"ibm,slot-error-detail"-17: not what a stopped PE would not tell */
    if (!spapr_pci_eeh_mmio_stopped(phb)) {
        g_autoptr(GByteArray) functions = log_functions(phb);

        spapr_errlog_add(log, "UD", 1, functions->data, functions->len);
    }
    return log;
}

/* What the driver has to say, as far as there is room for it */
static bool log_add_driver(SpaprHypervisor *hv, GByteArray *log, hwaddr addr,
                           uint32_t len, uint32_t room)
{
    g_autofree uint8_t *data = NULL;

    room = MIN(room, SPAPR_ERRLOG_MAX);
    room -= MIN(room, log->len + SPAPR_ERRLOG_SECTION_HEADER);
    len = MIN(len, room & ~3);
    if (!len) {
        return true;
    }
    data = g_malloc(len);
    if (!spapr_memory_is_ram(hv->memory, addr, len) ||
        address_space_read(&address_space_memory, addr,
                           MEMTXATTRS_UNSPECIFIED, data, len) != MEMTX_OK) {
        return false;
    }
    spapr_errlog_add(log, "UD", 1, data, len);
    return true;
}

/*
 * ibm,slot-error-detail: the LoPAR section of that name
 *
 * Argument cells: configuration address of the PE or in it, unit id of the
 * bridge (two cells), real address and length in bytes of the driver's buffer,
 * real address and length of that for the log, function (1: the error is
 * temporary; 2: it is permanent, and the PE is unavailable from now on).
 *
 * Status: -3 when it is no PE's address, for another function, and when a
 * buffer is not memory; 1 when the PE has no error, with nothing stored; else 0.
 */
static int32_t slot_error_detail(PowerPCCPU *cpu, void *opaque,
                                 const uint32_t *args, uint32_t *outs)
{
    SpaprHypervisor *hv = SPAPR_MODULE(opaque)->hv;
    PCIDevice *dev;
    SpaprPhb *phb = spapr_pci_find(opaque, args, &dev);
    bool permanent = args[7] == DETAIL_PERMANENT;
    g_autoptr(GByteArray) log = NULL;

    if (!phb || !pe_named(dev, args[0]) ||
        (!permanent && args[7] != DETAIL_TEMPORARY)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (permanent && phb->eeh.state != PE_UNAVAILABLE) {
        pe_set_state(phb, PE_UNAVAILABLE);
    }
    if (phb->eeh.state == PE_NORMAL || phb->eeh.state == PE_RESET) {
        return STATUS_NO_LOG;
    }
    log = pe_log(phb, phb->eeh.state == PE_UNAVAILABLE);
    if (!log_add_driver(hv, log, args[3], args[4], args[6]) ||
        spapr_errlog_store(hv, log, false, args[5], args[6]) < 0) {
        return RTAS_OUT_PARAM_ERROR;
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * Error injection: LoPAR, "Error Injection Option"
 *
 * There is no bus on which a packet could be damaged. As the LoPAR has it for
 * bridges that can't damage any either, what comes of it is made at once: the
 * PE is stopped, whichever access would have been the one.
 */

static int32_t inject(SpaprPci *pci, const uint32_t *who, bool aligned,
                      uint32_t what)
{
    SpaprPhb *phb = pe_find_any(pci, who);

    /* R1-"Error Injection Option"-13: where EEH is enabled, and only there */
    if (!phb || !phb->eeh.enabled || !aligned || what > INJECT_DISABLE) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (what < INJECT_ERRORS) {
        pe_error(phb, CAUSE_INJECTED | what << CAUSE_DETAIL_SHIFT);
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * "ioa-bus-error": cells of the work buffer: bus address, mask of its bits that
 * count, configuration address of the PE or in it, unit id of the bridge (two
 * cells), which error (0 to 19; 20: none any more)
 *
 * Status: -3 when it is no PE's address or one whose EEH is not enabled, for an
 * address that is not aligned, and another number (21, which error there is to
 * come: there is none); else 0. A PE that is stopped already stays so.
 */
static int32_t inject_32(PowerPCCPU *cpu, void *opaque, const uint32_t *cells)
{
    return inject(opaque, &cells[2], QEMU_IS_ALIGNED(cells[0], 4), cells[5]);
}

/*
 * "ioa-bus-error-64": the same with two cells for the address, which is a
 * multiple of 8, and two for the mask
 */
static int32_t inject_64(PowerPCCPU *cpu, void *opaque, const uint32_t *cells)
{
    return inject(opaque, &cells[4], QEMU_IS_ALIGNED(cells[1], 8), cells[7]);
}

void spapr_pci_eeh_register_calls(SpaprPci *pci, SpaprRtasTable *rtas)
{
    SpaprErrinjct *errinjct = SPAPR_MODULE(pci)->hv->errinjct;

    spapr_rtas_register(rtas, "ibm,set-eeh-option", 4, 1, set_eeh_option, pci);
    spapr_rtas_register(rtas, "ibm,set-slot-reset", 4, 1, set_slot_reset, pci);
    spapr_rtas_register(rtas, "ibm,read-slot-reset-state2", 3, 4,
                        read_slot_reset_state, pci);
    spapr_rtas_register_version(rtas, "ibm,read-slot-reset-state2", 5,
                                read_slot_reset_state);
    spapr_rtas_register(rtas, "ibm,get-config-addr-info2", 4, 2,
                        get_config_addr_info, pci);
    spapr_rtas_register(rtas, "ibm,slot-error-detail", 8, 1, slot_error_detail,
                        pci);
    spapr_rtas_register(rtas, "ibm,configure-bridge", 3, 1, configure_pe, pci);
    spapr_rtas_register(rtas, "ibm,configure-pe", 3, 1, configure_pe, pci);
    spapr_errinjct_add(errinjct, "ioa-bus-error", inject_32, pci);
    spapr_errinjct_add(errinjct, "ioa-bus-error-64", inject_64, pci);
}

void spapr_pci_eeh_populate_dt(DtNode *rtas)
{
    dt_prop_u32(rtas, "ibm,read-slot-reset-state-functions", STATE_FUNCTIONS);
    /* There is function 3 of ibm,set-slot-reset */
    dt_prop_u32(rtas, "ibm,reset-capabilities", 1);
}

/*
 * The bridge's part
 */

static char *eeh_get_state(Object *obj, Error **errp)
{
    return g_strdup(state_names[SPAPR_PHB(obj)->eeh.state]);
}

static void eeh_set_state(Object *obj, const char *value, Error **errp)
{
    SpaprPhb *phb = SPAPR_PHB(obj);
    bool unavailable = !strcmp(value, state_names[PE_UNAVAILABLE]);

    if (!unavailable && strcmp(value, state_names[PE_STOPPED])) {
        error_setg(errp, "eeh-state=%s: may be set to 'stopped', an error that "
                   "the guest can recover from, or 'unavailable', one that it "
                   "can't", value);
        return;
    }
    if (!phb->eeh.enabled) {
        error_setg(errp, "eeh-state=%s: the guest has not enabled EEH for this "
                   "bridge", value);
        return;
    }
    if (unavailable) {
        phb->eeh.cause = CAUSE_USER;
        pe_set_state(phb, PE_UNAVAILABLE);
    } else if (!pe_error(phb, CAUSE_USER)) {
        error_setg(errp, "eeh-state=%s: what is behind the bridge is in state "
                   "'%s', in which there are no errors", value,
                   state_names[phb->eeh.state]);
    }
}

void spapr_pci_eeh_class_init(ObjectClass *oc)
{
    object_class_property_add_str(oc, "eeh-state", eeh_get_state,
                                  eeh_set_state);
    object_class_property_set_description(oc, "eeh-state",
        "State of error handling; set to 'stopped' or 'unavailable' it is an "
        "error");
}

void spapr_pci_eeh_realize(SpaprPhb *phb)
{
    SpaprPciEeh *eeh = &phb->eeh;

    memory_region_init_io(&eeh->dma_stop, OBJECT(phb), &refuse_ops, NULL,
                          "dma-stopped", DMA_SPACE_SIZE);
    memory_region_set_enabled(&eeh->dma_stop, false);
    memory_region_add_subregion_overlap(&phb->dma_root, 0, &eeh->dma_stop,
                                        STOP_PRIORITY);
    memory_region_init_io(&eeh->no_window, OBJECT(phb), &refuse_ops, phb,
                          "no-dma-window", DMA_SPACE_SIZE);
    memory_region_add_subregion_overlap(&phb->dma_root, 0, &eeh->no_window,
                                        NO_WINDOW_PRIORITY);
    eeh->dma_failed_bh = qemu_bh_new(dma_failed_bh, phb);
}

/* What was wrong is so no more */
static void pe_renew(SpaprPhb *phb)
{
    SpaprPciEeh *eeh = &phb->eeh;

    eeh->cause = CAUSE_NONE;
    eeh->unconfigured = false;
    saved_free(eeh);
    if (eeh->state != PE_NORMAL) {
        pe_set_state(phb, PE_NORMAL);
    }
}

void spapr_pci_eeh_reset(SpaprPhb *phb)
{
    qatomic_set(&phb->eeh.enabled, false);
    pe_renew(phb);
}

/* R1-"ibm,slot-error-detail"-13: this is how a PE ceases to be unavailable */
void spapr_pci_eeh_disconnected(SpaprPhb *phb)
{
    g_autoptr(GPtrArray) devices = pe_devices(phb);

    for (guint i = 0; i < devices->len; i++) {
        PCIDevice *dev = devices->pdata[i];

        if (is_function(dev) && spapr_pci_plug_visible(phb, dev)) {
            return;
        }
    }
    pe_renew(phb);
}

/*
 * Migration
 */

static bool eeh_needed(void *opaque)
{
    const SpaprPciEeh *eeh = &SPAPR_PHB(opaque)->eeh;

    return eeh->enabled || eeh->state != PE_NORMAL || eeh->unconfigured;
}

static int eeh_pre_load(void *opaque)
{
    saved_free(&SPAPR_PHB(opaque)->eeh);
    return 0;
}

/* What is refused may not stay: the machine may go on all the same */
static bool eeh_valid(void *opaque, int version_id)
{
    SpaprPciEeh *eeh = &SPAPR_PHB(opaque)->eeh;

    if (state_valid(eeh->state) && eeh->nr_saved >= 0 &&
        eeh->nr_saved <= PCI_BUS_MAX * PCI_DEVFN_MAX) {
        return true;
    }
    eeh->state = PE_NORMAL;
    eeh->unconfigured = false;
    eeh->nr_saved = 0;
    return false;
}

static int eeh_post_load(void *opaque, int version_id)
{
    pe_apply(opaque);
    return 0;
}

static const VMStateDescription vmstate_saved = {
    .name = "spapr-pci-saved",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(config_addr, SpaprPciSaved),
        VMSTATE_UINT8_ARRAY(header, SpaprPciSaved, PCI_STD_HEADER_SIZEOF),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_spapr_pci_eeh = {
    .name = TYPE_SPAPR_PHB "/eeh",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = eeh_needed,
    .pre_load = eeh_pre_load,
    .post_load = eeh_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(eeh.enabled, SpaprPhb),
        VMSTATE_BOOL(eeh.unconfigured, SpaprPhb),
        VMSTATE_UINT8(eeh.state, SpaprPhb),
        VMSTATE_UINT32(eeh.cause, SpaprPhb),
        VMSTATE_INT32(eeh.nr_saved, SpaprPhb),
        VMSTATE_VALIDATE("the state of EEH", eeh_valid),
        VMSTATE_STRUCT_VARRAY_ALLOC(eeh.saved, SpaprPhb, eeh.nr_saved, 1,
                                    vmstate_saved, SpaprPciSaved),
        VMSTATE_END_OF_LIST()
    },
};
