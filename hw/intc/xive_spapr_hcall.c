/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypercalls of XIVE exploitation mode
 *
 * LoPAR, "Interrupt Support hcall()s". All of them answer H_FUNCTION when the
 * partition does not use this controller, and H_PARAMETER for flags that are
 * reserved, before anything else is looked at. H_STATE, for a reset that is in
 * progress, nobody gets: H_INT_RESET is done when it returns. Nor is a sync ever
 * needed, as an event is in its queue before its source is done with it.
 *
 * A "target" is a number of "ibm,ppc-interrupt-server#s". There is a thread for
 * each of them, so that nobody gets H_NOT_AVAILABLE for want of threads.
 */

#include "qemu/osdep.h"
#include "exec/memory.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/xive_spapr.h"
#include "target/ppc/cpu.h"
#include "trace.h"

/* H_INT_GET_SOURCE_INFO, what R4 returns */
#define SOURCE_ESB_HCALL        PPC_BIT(60)
#define SOURCE_LSI              PPC_BIT(61)
#define SOURCE_STORE_EOI        PPC_BIT(63)

/* H_INT_SET_SOURCE_CONFIG */
#define CONFIG_SET_EISN         PPC_BIT(62)
#define CONFIG_MASK             PPC_BIT(63)

/* H_INT_SET_QUEUE_CONFIG and H_INT_GET_QUEUE_CONFIG */
#define QUEUE_UNCOND_NOTIFY     PPC_BIT(63)
#define QUEUE_GENERATION        PPC_BIT(62)
#define QUEUE_DEBUG             PPC_BIT(63)

/* H_INT_ESB */
#define ESB_STORE               PPC_BIT(63)

/* No priority: a source that nobody is to be notified of */
#define PRIORITY_NONE           0xff

/* What is left out, for a return value that is a number */
#define NOTHING                 ((target_ulong)-1)

static target_long check_call(SpaprXive *xive, target_ulong flags,
                              target_ulong known)
{
    if (!spapr_xive_is_active(xive)) {
        return H_FUNCTION;
    }
    return flags & ~known ? H_PARAMETER : H_SUCCESS;
}

static bool lisn_ok(SpaprXive *xive, target_ulong lisn)
{
    return lisn < SPAPR_XIVE_LISNS && xive_eas_is_valid(&xive->eat[lisn]);
}

/*
 * Guests have no other way than a page to trigger the sources that they use
 * themselves, so that these keep theirs.
 */
static bool source_has_pages(SpaprXive *xive, uint32_t lisn)
{
    return !xive->esb_hcall || lisn < SPAPR_IRQ_BASE;
}

static bool priority_ok(target_ulong priority)
{
    return priority < SPAPR_XIVE_RESERVED;
}

/* The same for each call that is about a source */
static target_long check_source_call(SpaprXive *xive, target_ulong flags,
                                     target_ulong known, target_ulong lisn)
{
    target_long ret = check_call(xive, flags, known);

    if (ret == H_SUCCESS && !lisn_ok(xive, lisn)) {
        return H_P2;
    }
    return ret;
}

/* The same for each call that is about a queue, which is R5 and R6 */
static target_long check_queue_call(SpaprXive *xive, const target_ulong *args,
                                    target_ulong known, uint32_t *index)
{
    target_long ret = check_call(xive, args[0], known);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!spapr_cpu_by_server(args[1])) {
        return H_P2;
    }
    if (!priority_ok(args[2])) {
        return H_P3;
    }
    *index = spapr_xive_end_index(args[1], args[2]);
    return H_SUCCESS;
}

/*
 * H_INT_GET_SOURCE_INFO: where a source's state is managed
 *
 * LoPAR, "H_INT_GET_SOURCE_INFO". R4: flags, none; R5: LISN. Returns H_SUCCESS,
 * in R4 flags, in R5 the address of the full function page and in R6 that of
 * the trigger page, both -1 when H_INT_ESB must be used, in R7 the pages' size,
 * a power of 2 in bytes; H_PARAMETER; H_P2 for no such source.
 */
static target_long h_int_get_source_info(PowerPCCPU *cpu, void *opaque,
                                         target_ulong *args)
{
    SpaprXive *xive = opaque;
    XiveSource *source = &xive->source;
    target_ulong lisn = args[1];
    target_long ret = check_source_call(xive, args[0], 0, lisn);

    if (ret != H_SUCCESS) {
        return ret;
    }
    args[0] = SOURCE_STORE_EOI;
    if (xive_source_irq_is_lsi(source, lisn)) {
        args[0] |= SOURCE_LSI;
    }
    if (source_has_pages(xive, lisn)) {
        args[1] = SPAPR_XIVE_ESB_BASE + xive_source_esb_mgmt(source, lisn);
        args[2] = SPAPR_XIVE_ESB_BASE + xive_source_esb_page(source, lisn);
    } else {
        args[0] |= SOURCE_ESB_HCALL;
        args[1] = args[2] = NOTHING;
    }
    args[3] = SPAPR_XIVE_PAGE_SHIFT;
    return H_SUCCESS;
}

static void source_assign(SpaprXive *xive, uint32_t lisn, uint32_t end,
                          bool masked)
{
    XiveEAS *eas = &xive->eat[lisn];

    eas->w = xive_set_field64(EAS_END_INDEX, eas->w, end);
    eas->w = xive_set_field64(EAS_MASKED, eas->w, masked);
}

/*
 * H_INT_SET_SOURCE_CONFIG: which queue the events of a source go to
 *
 * LoPAR, "H_INT_SET_SOURCE_CONFIG". R4: flags: take the number in R8 over; drop
 * all events; R5: LISN; R6: target; R7: priority, 0xff for no queue at all; R8:
 * the number that stands in the queue for an event of this source, of which
 * an entry has room for the low 31 bits. Returns H_SUCCESS; H_PARAMETER; H_P2
 * for no such source; and if the priority is not 0xff, H_P3 for no such target
 * and H_P4 for a priority that is reserved.
 */
static target_long h_int_set_source_config(PowerPCCPU *cpu, void *opaque,
                                           target_ulong *args)
{
    SpaprXive *xive = opaque;
    target_ulong flags = args[0], lisn = args[1];
    target_ulong target = args[2], priority = args[3];
    target_long ret = check_source_call(xive, flags,
                                        CONFIG_SET_EISN | CONFIG_MASK, lisn);
    XiveEAS *eas;

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (priority == PRIORITY_NONE) {
        spapr_xive_source_forget(xive, lisn);
        return H_SUCCESS;
    }
    if (!spapr_cpu_by_server(target)) {
        return H_P3;
    }
    if (!priority_ok(priority)) {
        return H_P4;
    }
    source_assign(xive, lisn, spapr_xive_end_index(target, priority),
                  flags & CONFIG_MASK);
    if (flags & CONFIG_SET_EISN) {
        eas = &xive->eat[lisn];
        eas->w = xive_set_field64(EAS_END_DATA, eas->w, args[4]);
    }
    trace_spapr_xive_source_config(lisn, target, priority, flags);
    return H_SUCCESS;
}

/*
 * H_INT_GET_SOURCE_CONFIG: what H_INT_SET_SOURCE_CONFIG has set
 *
 * LoPAR, "H_INT_GET_SOURCE_CONFIG". R4: flags, none; R5: LISN. Returns
 * H_SUCCESS, in R4 the target, in R5 the priority, 0xff when there is no queue,
 * and in R6 the number that stands in the queue; H_PARAMETER; H_P2 for no such
 * source.
 */
static target_long h_int_get_source_config(PowerPCCPU *cpu, void *opaque,
                                           target_ulong *args)
{
    SpaprXive *xive = opaque;
    target_ulong lisn = args[1];
    target_long ret = check_source_call(xive, args[0], 0, lisn);
    uint64_t eas, end;

    if (ret != H_SUCCESS) {
        return ret;
    }
    eas = xive->eat[lisn].w;
    end = xive_get_field64(EAS_END_INDEX, eas);
    if (end == SPAPR_XIVE_NO_END) {
        args[0] = 0;
        args[1] = PRIORITY_NONE;
    } else {
        args[0] = end / SPAPR_XIVE_QUEUES;
        args[1] = end % SPAPR_XIVE_QUEUES;
    }
    args[2] = xive_get_field64(EAS_END_DATA, eas);
    return H_SUCCESS;
}

/*
 * H_INT_GET_QUEUE_INFO: where a queue's notification is managed
 *
 * LoPAR, "H_INT_GET_QUEUE_INFO". R4: flags, none; R5: target; R6: priority.
 * Returns H_SUCCESS, in R4 the address of the page and in R5 its size, a power
 * of 2 in bytes; H_PARAMETER; H_P2 for no such target; H_P3 for a priority that
 * is reserved.
 */
static target_long h_int_get_queue_info(PowerPCCPU *cpu, void *opaque,
                                        target_ulong *args)
{
    SpaprXive *xive = opaque;
    uint32_t index;
    target_long ret = check_queue_call(xive, args, 0, &index);

    if (ret != H_SUCCESS) {
        return ret;
    }
    /* Each queue has a second page, for escalation */
    args[0] = SPAPR_XIVE_END_BASE + 2 * SPAPR_XIVE_PAGE_SIZE * index;
    args[1] = SPAPR_XIVE_PAGE_SHIFT;
    return H_SUCCESS;
}

/* Queues lie at multiples of their size, as the engine wants it */
static bool queue_memory_ok(SpaprXive *xive, uint64_t addr, unsigned shift)
{
    SpaprMemory *memory = SPAPR_MODULE(xive)->hv->memory;
    uint64_t size = 1ull << shift;

    return QEMU_IS_ALIGNED(addr, size) &&
           spapr_memory_is_ram(memory, addr, size);
}

static XiveEND queue_new(uint32_t server, uint8_t priority, uint64_t addr,
                         unsigned shift, bool notify_always)
{
    uint32_t w0 = END_W0_VALID | END_W0_ENQUEUE |
                  (notify_always ? END_W0_UCOND_NOTIFY : 0);
    XiveEND end = {
        .w0 = cpu_to_be32(w0),
        .w1 = cpu_to_be32(END_W1_GENERATION),
        .w2 = cpu_to_be32(addr >> 32),
        .w3 = cpu_to_be32(addr),
    };

    end.w0 = xive_set_field32(END_W0_QSIZE, end.w0, shift - 12);
    end.w6 = xive_set_field32(END_W6_NVT_INDEX, 0, server);
    end.w7 = xive_set_field32(END_W7_F0_PRIORITY, 0, priority);
    return end;
}

/*
 * H_INT_SET_QUEUE_CONFIG: give a queue its memory, or take it away
 *
 * LoPAR, "H_INT_SET_QUEUE_CONFIG". R4: flags: notify always, whatever the state
 * in the queue's page; R5: target; R6: priority; R7: address of the queue; R8:
 * its size, a power of 2 in bytes, 0 for no queue. Returns H_SUCCESS;
 * H_PARAMETER; H_P2 for no such target; H_P3 for a priority that is reserved;
 * H_P5 for a size that is not in "ibm,xive-eq-sizes"; H_P4 for an address that
 * is not memory, or not aligned to the size.
 */
static target_long h_int_set_queue_config(PowerPCCPU *cpu, void *opaque,
                                          target_ulong *args)
{
    SpaprXive *xive = opaque;
    target_ulong addr = args[3], shift = args[4];
    uint32_t index;
    target_long ret = check_queue_call(xive, args, QUEUE_UNCOND_NOTIFY, &index);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!shift) {
        xive->endt[index] = (XiveEND) { };
    } else if (!spapr_xive_eq_size_ok(shift)) {
        return H_P5;
    } else if (!queue_memory_ok(xive, addr, shift)) {
        return H_P4;
    } else {
        xive->endt[index] = queue_new(args[1], args[2], addr, shift,
                                      args[0] & QUEUE_UNCOND_NOTIFY);
    }
    trace_spapr_xive_queue_config(args[1], args[2], addr, shift, args[0]);
    return H_SUCCESS;
}

/*
 * H_INT_GET_QUEUE_CONFIG: what H_INT_SET_QUEUE_CONFIG has set, and how far a
 * queue has come
 *
 * LoPAR, "H_INT_GET_QUEUE_CONFIG". R4: flags: debug; R5: target; R6: priority.
 * Returns H_SUCCESS, in R4 flags, in R5 the address, -1 when there is no queue,
 * in R6 the size, 0 when there is none, and in R7 the index of the next entry,
 * 0 without debug; H_PARAMETER; H_P2 for no such target; H_P3 for a priority
 * that is reserved.
 */
static target_long h_int_get_queue_config(PowerPCCPU *cpu, void *opaque,
                                          target_ulong *args)
{
    SpaprXive *xive = opaque;
    bool debug = args[0] & QUEUE_DEBUG;
    uint32_t index;
    target_long ret = check_queue_call(xive, args, QUEUE_DEBUG, &index);
    XiveEND *end;

    if (ret != H_SUCCESS) {
        return ret;
    }
    end = &xive->endt[index];
    args[0] = args[2] = args[3] = 0;
    args[1] = NOTHING;
    if (!xive_end_is_valid(end)) {
        return H_SUCCESS;
    }
    if (xive_end_is_notify(end)) {
        args[0] |= QUEUE_UNCOND_NOTIFY;
    }
    args[1] = xive_end_qaddr(end);
    args[2] = xive_get_field32(END_W0_QSIZE, end->w0) + 12;
    if (debug) {
        args[0] |= xive_get_field32(END_W1_GENERATION, end->w1) ?
                   QUEUE_GENERATION : 0;
        args[3] = xive_get_field32(END_W1_PAGE_OFF, end->w1);
    }
    return H_SUCCESS;
}

/*
 * H_INT_SET_OS_REPORTING_LINE: where the calling thread's context is reported
 *
 * LoPAR, "H_INT_SET_OS_REPORTING_LINE". R4: flags, none; R5: address of a pair
 * of cache lines, -1 for none. Returns H_SUCCESS; H_PARAMETER; H_P2 for an
 * address that is not memory, or not aligned to a cache line.
 */
static target_long h_int_set_os_reporting_line(PowerPCCPU *cpu, void *opaque,
                                               target_ulong *args)
{
    SpaprXive *xive = opaque;
    SpaprMemory *memory = SPAPR_MODULE(xive)->hv->memory;
    target_ulong line = args[1];
    target_long ret = check_call(xive, args[0], 0);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (line != SPAPR_XIVE_NO_LINE &&
        (!spapr_memory_is_ram(memory, line, 2 * SPAPR_XIVE_CACHE_LINE) ||
         !QEMU_IS_ALIGNED(line, SPAPR_XIVE_CACHE_LINE))) {
        return H_P2;
    }
    xive->lines[cpu->vcpu_id] = line;
    return H_SUCCESS;
}

/*
 * H_INT_GET_OS_REPORTING_LINE: where a thread's context is reported
 *
 * LoPAR, "H_INT_GET_OS_REPORTING_LINE". R4: flags, none; R5: target. Returns
 * H_SUCCESS and in R4 the address, -1 for none; H_PARAMETER; H_P2 for no such
 * target; H_NOT_AVAILABLE for a thread that is stopped.
 */
static target_long h_int_get_os_reporting_line(PowerPCCPU *cpu, void *opaque,
                                               target_ulong *args)
{
    SpaprXive *xive = opaque;
    target_long ret = check_call(xive, args[0], 0);
    PowerPCCPU *target;

    if (ret != H_SUCCESS) {
        return ret;
    }
    target = spapr_cpu_by_server(args[1]);
    if (!target) {
        return H_P2;
    }
    if (spapr_vcpu(target)->stopped) {
        return H_NOT_AVAILABLE;
    }
    args[0] = xive->lines[target->vcpu_id];
    return H_SUCCESS;
}

/*
 * A double word within the page of full function. The core's decoder repeats
 * every 4 KiB; between EOI and the states, stores are undefined.
 */
static bool esb_offset_ok(target_ulong offset, bool store)
{
    target_ulong where = offset & 0xfff;

    if (offset >= SPAPR_XIVE_PAGE_SIZE || !QEMU_IS_ALIGNED(offset, 8)) {
        return false;
    }
    return !store || where < XIVE_ESB_INJECT || where >= XIVE_ESB_SET_PQ_00;
}

/*
 * H_INT_ESB: a load or store of 8 bytes in a source's full function page
 *
 * LoPAR, "H_INT_ESB". R4: flags: store; R5: LISN; R6: offset in the page; R7:
 * what is stored. Returns H_SUCCESS and in R4 what was loaded, -1 for a store;
 * H_PARAMETER; H_P2 for no such source; H_P3 for an offset that is none.
 */
static target_long h_int_esb(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXive *xive = opaque;
    XiveSource *source = &xive->source;
    bool store = args[0] & ESB_STORE;
    target_ulong lisn = args[1], offset = args[2];
    target_long ret = check_source_call(xive, args[0], ESB_STORE, lisn);
    uint64_t value = NOTHING;
    MemTxResult res;

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!esb_offset_ok(offset, store)) {
        return H_P3;
    }
    offset += xive_source_esb_mgmt(source, lisn);
    if (store) {
        res = memory_region_dispatch_write(&source->esb_mmio_emulated, offset,
                                           args[3], MO_BEUQ,
                                           MEMTXATTRS_UNSPECIFIED);
    } else {
        res = memory_region_dispatch_read(&source->esb_mmio_emulated, offset,
                                          &value, MO_BEUQ,
                                          MEMTXATTRS_UNSPECIFIED);
    }
    args[0] = value;
    return res == MEMTX_OK ? H_SUCCESS : H_HARDWARE;
}

/*
 * H_INT_SYNC: wait for a source's events to be in the queue
 *
 * LoPAR, "H_INT_SYNC". R4: flags, none; R5: LISN. Returns H_SUCCESS;
 * H_PARAMETER; H_P2 for no such source.
 */
static target_long h_int_sync(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    return check_source_call(opaque, args[0], 0, args[1]);
}

/*
 * H_INT_RESET: forget all that these calls have set
 *
 * LoPAR, "H_INT_RESET". R4: flags, none. Returns H_SUCCESS; H_PARAMETER. What is
 * pending in thread contexts stays.
 */
static target_long h_int_reset(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    SpaprXive *xive = opaque;
    target_long ret = check_call(xive, args[0], 0);

    if (ret == H_SUCCESS) {
        spapr_xive_forget(xive);
    }
    return ret;
}

void spapr_xive_register_hcalls(SpaprXive *xive, SpaprHcallTable *hcalls)
{
    static const PowerpcHcallInfo calls[] = {
        { H_INT_GET_SOURCE_INFO, "H_INT_GET_SOURCE_INFO", SPAPR_XIVE_FUNCTIONS,
          h_int_get_source_info },
        { H_INT_SET_SOURCE_CONFIG, "H_INT_SET_SOURCE_CONFIG",
          SPAPR_XIVE_FUNCTIONS, h_int_set_source_config },
        { H_INT_GET_SOURCE_CONFIG, "H_INT_GET_SOURCE_CONFIG",
          SPAPR_XIVE_FUNCTIONS, h_int_get_source_config },
        { H_INT_GET_QUEUE_INFO, "H_INT_GET_QUEUE_INFO", SPAPR_XIVE_FUNCTIONS,
          h_int_get_queue_info },
        { H_INT_SET_QUEUE_CONFIG, "H_INT_SET_QUEUE_CONFIG",
          SPAPR_XIVE_FUNCTIONS, h_int_set_queue_config },
        { H_INT_GET_QUEUE_CONFIG, "H_INT_GET_QUEUE_CONFIG",
          SPAPR_XIVE_FUNCTIONS, h_int_get_queue_config },
        { H_INT_SET_OS_REPORTING_LINE, "H_INT_SET_OS_REPORTING_LINE",
          SPAPR_XIVE_FUNCTIONS, h_int_set_os_reporting_line },
        { H_INT_GET_OS_REPORTING_LINE, "H_INT_GET_OS_REPORTING_LINE",
          SPAPR_XIVE_FUNCTIONS, h_int_get_os_reporting_line },
        { H_INT_ESB, "H_INT_ESB", SPAPR_XIVE_FUNCTIONS, h_int_esb },
        { H_INT_SYNC, "H_INT_SYNC", SPAPR_XIVE_FUNCTIONS, h_int_sync },
        { H_INT_RESET, "H_INT_RESET", SPAPR_XIVE_FUNCTIONS, h_int_reset },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), xive);
}
