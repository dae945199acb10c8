/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the external interrupt virtualization engine, on QEMU's XIVE core
 *
 * A backend of the board's interrupt interface, LoPAR's exploitation mode. The
 * core has the state machines of sources (ESBs), event queues (ENDs) and thread
 * contexts; here are the tables that it works on, the pages through which the
 * guest reaches all that, reset, migration and the device tree node. The
 * hypercalls are in xive_spapr_hcall.c.
 *
 * An event goes from its source by the assignment table (EAT) to the queue of
 * an interrupt server and priority, and on to the server's thread context. A
 * virtual processor is always on a thread of its own, so that its context is
 * always there to be notified, and nothing is ever escalated.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/xive_spapr.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/dma.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "trace.h"

/* The region has the pages of the OS and of the user, out of the core's four */
#define TIMA_FIRST_PAGE     XIVE_TM_OS_PAGE
#define TIMA_OFFSET         (TIMA_FIRST_PAGE * SPAPR_XIVE_PAGE_SIZE)
#define TIMA_SIZE           (2 * SPAPR_XIVE_PAGE_SIZE)
#define TIMA_USER_BASE      (SPAPR_XIVE_TIMA_BASE + SPAPR_XIVE_PAGE_SIZE)

bool spapr_xive_is_active(SpaprXive *xive)
{
    return SPAPR_MODULE(xive)->hv->irq->active == SPAPR_INTC(xive);
}

static XiveTCTX *xive_context(PowerPCCPU *cpu)
{
    return cpu && spapr_vcpu(cpu)->tctx ? XIVE_TCTX(spapr_vcpu(cpu)->tctx) :
                                          NULL;
}

/*
 * Sources
 */

static void xive_source_appear(SpaprXive *xive, uint32_t lisn)
{
    xive->eat[lisn].w = cpu_to_be64(EAS_VALID);
    spapr_xive_source_forget(xive, lisn);
    /* Its pages were there already, for a guest to play with */
    xive->source.status[lisn] = XIVE_ESB_OFF;
}

void spapr_xive_source_forget(SpaprXive *xive, uint32_t lisn)
{
    XiveEAS *eas = &xive->eat[lisn];

    if (xive_eas_is_valid(eas)) {
        eas->w = cpu_to_be64(EAS_VALID | EAS_MASKED | lisn);
        eas->w = xive_set_field64(EAS_END_INDEX, eas->w, SPAPR_XIVE_NO_END);
    }
}

static void xive_server_forget(SpaprXive *xive, uint32_t server)
{
    memset(&xive->endt[spapr_xive_end_index(server, 0)], 0,
           SPAPR_XIVE_QUEUES * sizeof(XiveEND));
    xive->lines[server] = SPAPR_XIVE_NO_LINE;
}

void spapr_xive_forget(SpaprXive *xive)
{
    for (uint32_t lisn = 0; lisn < SPAPR_XIVE_LISNS; lisn++) {
        spapr_xive_source_forget(xive, lisn);
        /* Whether a level is asserted is the device's */
        xive_source_esb_set(&xive->source, lisn, XIVE_ESB_OFF);
    }
    for (uint32_t server = 0; server < xive->nr_servers; server++) {
        xive_server_forget(xive, server);
    }
}

bool spapr_xive_eq_size_ok(uint64_t shift)
{
    static const uint8_t sizes[] = SPAPR_XIVE_EQ_SIZES;

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        if (shift == sizes[i]) {
            return true;
        }
    }
    return false;
}

/*
 * What the core asks: there is one block, 0, with tables of fixed size. The
 * virtual target (NVT) of a queue is the interrupt server.
 */

static int router_get_eas(XiveRouter *xrtr, uint8_t blk, uint32_t idx,
                          XiveEAS *eas)
{
    SpaprXive *xive = SPAPR_XIVE_ROUTER(xrtr)->xive;

    if (blk || idx >= SPAPR_XIVE_LISNS) {
        return -1;
    }
    *eas = xive->eat[idx];
    return 0;
}

static int router_get_end(XiveRouter *xrtr, uint8_t blk, uint32_t idx,
                          XiveEND *end)
{
    SpaprXive *xive = SPAPR_XIVE_ROUTER(xrtr)->xive;

    if (blk || idx >= xive->nr_ends) {
        return -1;
    }
    *end = xive->endt[idx];
    return 0;
}

/* The core changes nothing but position, generation and event state: word 1 */
static int router_write_end(XiveRouter *xrtr, uint8_t blk, uint32_t idx,
                            XiveEND *end, uint8_t word_number)
{
    SpaprXive *xive = SPAPR_XIVE_ROUTER(xrtr)->xive;

    if (blk || idx >= xive->nr_ends || word_number != 1) {
        return -1;
    }
    xive->endt[idx].w1 = end->w1;
    return 0;
}

static int router_get_nvt(XiveRouter *xrtr, uint8_t blk, uint32_t idx,
                          XiveNVT *nvt)
{
    if (blk || !xive_context(spapr_cpu_by_server(idx))) {
        return -1;
    }
    *nvt = (XiveNVT) { .w0 = cpu_to_be32(NVT_W0_VALID) };
    return 0;
}

/* For targets that are not on any thread; here all are */
static int router_write_nvt(XiveRouter *xrtr, uint8_t blk, uint32_t idx,
                            XiveNVT *nvt, uint8_t word_number)
{
    return -1;
}

static uint8_t router_get_block_id(XiveRouter *xrtr)
{
    return 0;
}

/* Of all threads only the one of the server can match */
static int router_match_nvt(XivePresenter *xptr, uint8_t format,
                            uint8_t nvt_blk, uint32_t nvt_idx, bool crowd,
                            bool cam_ignore, uint8_t priority,
                            uint32_t logic_serv, XiveTCTXMatch *match)
{
    XiveTCTX *tctx = xive_context(spapr_cpu_by_server(nvt_idx));
    int ring;

    if (!tctx) {
        return 0;
    }
    ring = xive_presenter_tctx_match(xptr, tctx, format, nvt_blk, nvt_idx,
                                     cam_ignore, logic_serv);
    if (ring < 0) {
        return 0;
    }
    match->ring = ring;
    match->tctx = tctx;
    return 1;
}

static int fabric_match_nvt(XiveFabric *xfb, uint8_t format, uint8_t nvt_blk,
                            uint32_t nvt_idx, bool crowd, bool cam_ignore,
                            uint8_t priority, uint32_t logic_serv,
                            XiveTCTXMatch *match)
{
    return router_match_nvt(XIVE_PRESENTER(xfb), format, nvt_blk, nvt_idx,
                            crowd, cam_ignore, priority, logic_serv, match);
}

static uint32_t router_get_config(XivePresenter *xptr)
{
    /* What the guest sees is of the first generation, whatever the processor */
    return XIVE_PRESENTER_GEN1_TIMA_OS;
}

/*
 * The thread interrupt management area: each processor finds its own context
 */

static XiveTCTX *tima_context(void)
{
    return current_cpu ? xive_context(POWERPC_CPU(current_cpu)) : NULL;
}

static uint64_t tima_read(void *opaque, hwaddr offset, unsigned size)
{
    SpaprXive *xive = opaque;
    XiveTCTX *tctx = tima_context();

    return tctx ? xive_tctx_tm_read(XIVE_PRESENTER(&xive->router), tctx,
                                    TIMA_OFFSET + offset, size) : -1;
}

/*
 * LoPAR, "H_INT_SET_OS_REPORTING_LINE": acknowledge the interrupt, and report
 * the context to the even line of the pair: 16 bytes as they are in the area,
 * the notification status being the one that was acknowledged.
 */
static void tima_acknowledge_to_line(SpaprXive *xive, XiveTCTX *tctx)
{
    uint64_t line = xive->lines[POWERPC_CPU(tctx->cs)->vcpu_id];
    uint8_t report[XIVE_TM_RING_SIZE];
    uint16_t ack;

    ack = xive_tctx_tm_read(XIVE_PRESENTER(&xive->router), tctx,
                            TIMA_OFFSET + TM_SPC_ACK_OS_REG, sizeof(ack));
    if (line == SPAPR_XIVE_NO_LINE) {
        return;
    }
    memcpy(report, &tctx->regs[TM_QW1_OS], sizeof(report));
    report[TM_NSR] = ack >> 8;
    if (dma_memory_write(&address_space_memory, line, report, sizeof(report),
                         MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        trace_spapr_xive_report_failed(line);
    }
}

static void tima_write(void *opaque, hwaddr offset, uint64_t value,
                       unsigned size)
{
    SpaprXive *xive = opaque;
    XiveTCTX *tctx = tima_context();

    if (!tctx) {
        return;
    }
    if (offset == TM_SPC_ACK_OS_EL && size == 1) {
        tima_acknowledge_to_line(xive, tctx);
        return;
    }
    xive_tctx_tm_write(XIVE_PRESENTER(&xive->router), tctx,
                       TIMA_OFFSET + offset, value, size);
}

/* A context has registers of 1 to 8 bytes, and what a load does depends on it */
static const MemoryRegionOps tima_ops = {
    .endianness = DEVICE_BIG_ENDIAN,
    .valid.max_access_size = sizeof(uint64_t),
    .impl.max_access_size = sizeof(uint64_t),
    .read = tima_read,
    .write = tima_write,
};

/*
 * The board's interrupt interface
 */

static bool spapr_xive_vcpu_create(SpaprIntc *intc, SpaprVcpu *vcpu,
                                   Error **errp)
{
    vcpu->tctx = xive_tctx_create(OBJECT(vcpu->cpu),
                                  XIVE_PRESENTER(&SPAPR_XIVE(intc)->router),
                                  errp);
    return vcpu->tctx != NULL;
}

/* All but the ring of the operating system is as it was at the start */
static void context_set_fixed(XiveTCTX *tctx)
{
    uint32_t cam = xive_nvt_cam_line(0, POWERPC_CPU(tctx->cs)->vcpu_id);

    memset(&tctx->regs[TM_QW0_USER], 0, XIVE_TM_RING_SIZE);
    memset(&tctx->regs[TM_QW2_HV_POOL], 0, 2 * XIVE_TM_RING_SIZE);
    tctx->regs[TM_QW3_HV_PHYS + TM_PIPR] = 0xff;
    stl_be_p(&tctx->regs[TM_QW1_OS + TM_WORD2], TM_QW1W2_VO | cam);
}

static void spapr_xive_vcpu_reset(SpaprIntc *intc, SpaprVcpu *vcpu)
{
    XiveTCTX *tctx = XIVE_TCTX(vcpu->tctx);

    xive_tctx_reset(tctx);
    xive_tctx_reset_signal(tctx, TM_QW1_OS);
    context_set_fixed(tctx);
}

static void spapr_xive_vcpu_destroy(SpaprIntc *intc, SpaprVcpu *vcpu)
{
    if (vcpu->tctx) {
        xive_server_forget(SPAPR_XIVE(intc), vcpu->cpu->vcpu_id);
        xive_tctx_destroy(XIVE_TCTX(vcpu->tctx));
        vcpu->tctx = NULL;
    }
}

static void spapr_xive_claim(SpaprIntc *intc, uint32_t number, bool level)
{
    SpaprXive *xive = SPAPR_XIVE(intc);

    if (level) {
        xive_source_irq_set_lsi(&xive->source, number);
    }
    xive_source_appear(xive, number);
}

static void spapr_xive_release(SpaprIntc *intc, uint32_t number)
{
    SpaprXive *xive = SPAPR_XIVE(intc);

    xive->eat[number].w = 0;
    xive->source.status[number] = XIVE_ESB_OFF;
    clear_bit(number, xive->source.lsi_map);
}

static void spapr_xive_reset(SpaprIntc *intc)
{
    SpaprXive *xive = SPAPR_XIVE(intc);
    CPUState *cs;

    spapr_xive_forget(xive);
    for (uint32_t lisn = 0; lisn < SPAPR_XIVE_LISNS; lisn++) {
        xive_source_set_asserted(&xive->source, lisn, false);
    }
    CPU_FOREACH(cs) {
        spapr_xive_vcpu_reset(intc, spapr_vcpu(POWERPC_CPU(cs)));
    }
}

/* A guest with XICS has none of the pages, and is promised no calls */
static void spapr_xive_set_active(SpaprIntc *intc, bool active)
{
    SpaprXive *xive = SPAPR_XIVE(intc);

    memory_region_transaction_begin();
    memory_region_set_enabled(&xive->esb_pages, active);
    memory_region_set_enabled(&xive->end_source.esb_mmio, active);
    memory_region_set_enabled(&xive->tima, active);
    memory_region_transaction_commit();
    spapr_hcall_promise(SPAPR_MODULE(xive)->hv->hcalls, SPAPR_XIVE_FUNCTIONS,
                        active);
}

static void spapr_xive_set_irq(SpaprIntc *intc, uint32_t number, int level)
{
    xive_source_set_irq(&SPAPR_XIVE(intc)->source, number, level);
}

static void print_source(SpaprXive *xive, uint32_t lisn, GString *buf)
{
    XiveEAS *eas = &xive->eat[lisn];
    uint8_t status = xive->source.status[lisn];
    uint32_t end = xive_get_field64(EAS_END_INDEX, eas->w);

    g_string_append_printf(buf, "  %08x %s %c%c%c %c %08x", lisn,
                           xive_source_irq_is_lsi(&xive->source, lisn) ?
                           "LSI" : "MSI",
                           status & XIVE_ESB_VAL_P ? 'P' : '-',
                           status & XIVE_ESB_VAL_Q ? 'Q' : '-',
                           status & XIVE_STATUS_ASSERTED ? 'A' : ' ',
                           xive_eas_is_masked(eas) ? 'M' : ' ',
                           (uint32_t)xive_get_field64(EAS_END_DATA, eas->w));
    if (end != SPAPR_XIVE_NO_END) {
        g_string_append_printf(buf, " %4d/%d", end / SPAPR_XIVE_QUEUES,
                               end % SPAPR_XIVE_QUEUES);
    }
    g_string_append_c(buf, '\n');
}

static void spapr_xive_print_info(SpaprIntc *intc, GString *buf)
{
    SpaprXive *xive = SPAPR_XIVE(intc);
    CPUState *cs;

    CPU_FOREACH(cs) {
        xive_tctx_pic_print_info(xive_context(POWERPC_CPU(cs)), buf);
    }
    g_string_append(buf, "  LISN     TYP PQA M EISN     SERVER/PRIORITY\n");
    for (uint32_t lisn = 0; lisn < SPAPR_XIVE_LISNS; lisn++) {
        XiveEAS *eas = &xive->eat[lisn];

        if (xive_eas_is_valid(eas) &&
            (lisn >= SPAPR_IRQ_BASE || !xive_eas_is_masked(eas))) {
            print_source(xive, lisn, buf);
        }
    }
    g_string_append(buf, "  QUEUE    PQ\n");
    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        xive_end_pic_print_info(&xive->endt[i], i, buf);
    }
}

/* LoPAR, "PowerPC External Interrupt Virtualization Engine Nodes" */
static void spapr_xive_populate_dt(SpaprIntc *intc, DtNode *root,
                                   uint32_t nr_servers)
{
    static const uint32_t sizes[] = SPAPR_XIVE_EQ_SIZES;
    SpaprXive *xive = SPAPR_XIVE(intc);
    DtNode *node = dt_add(root, "interrupt-controller@%" PRIx64,
                          (uint64_t)TIMA_USER_BASE);

    dt_prop_string(node, "device_type", "power-ivpe");
    dt_prop_string(node, "compatible", "ibm,power-ivpe");
    /* What a user sees comes first */
    dt_prop_cells(node, "reg",
                  TIMA_USER_BASE >> 32, (uint32_t)TIMA_USER_BASE,
                  0, SPAPR_XIVE_PAGE_SIZE,
                  SPAPR_XIVE_TIMA_BASE >> 32, (uint32_t)SPAPR_XIVE_TIMA_BASE,
                  0, SPAPR_XIVE_PAGE_SIZE);
    /* The name that guests look for; LoPAR writes "ibm,xive_eq-sizes" */
    dt_prop_cells_n(node, "ibm,xive-eq-sizes", sizes, ARRAY_SIZE(sizes));
    dt_prop_cells(node, "ibm,xive-lisn-ranges", 0, xive->nr_ipis);
    dt_prop_empty(node, "interrupt-controller");
    dt_prop_u32(node, "#interrupt-cells", 2);
    dt_prop_u32(node, "linux,phandle", SPAPR_IRQ_PHANDLE);
    dt_prop_u32(node, "phandle", SPAPR_IRQ_PHANDLE);

    /* 0xff is no priority, but none at all */
    dt_prop_cells(root, "ibm,plat-res-int-priorities", SPAPR_XIVE_RESERVED,
                  0xff - SPAPR_XIVE_RESERVED);
}

/*
 * Migration
 */

/* What a queue can be after H_INT_SET_QUEUE_CONFIG and any number of events */
static bool end_plausible(SpaprXive *xive, XiveEND *end, uint32_t idx)
{
    SpaprMemory *memory = SPAPR_MODULE(xive)->hv->memory;
    uint32_t server = idx / SPAPR_XIVE_QUEUES;
    uint32_t priority = idx % SPAPR_XIVE_QUEUES;
    uint32_t w0 = be32_to_cpu(end->w0);
    unsigned shift = xive_get_field32(END_W0_QSIZE, end->w0) + 12;

    if (!xive_end_is_valid(end)) {
        return !w0 && !end->w1 && !end->w2 && !end->w3 && !end->w4 &&
               !end->w5 && !end->w6 && !end->w7;
    }
    return !(w0 & ~(END_W0_VALID | END_W0_ENQUEUE | END_W0_UCOND_NOTIFY |
                    END_W0_QSIZE)) &&
           (w0 & END_W0_ENQUEUE) && priority < SPAPR_XIVE_RESERVED &&
           spapr_xive_eq_size_ok(shift) &&
           spapr_memory_is_ram(memory, xive_end_qaddr(end), 1ull << shift) &&
           QEMU_IS_ALIGNED(xive_end_qaddr(end), 1ull << shift) &&
           xive_get_field32(END_W1_PAGE_OFF, end->w1) < 1u << (shift - 2) &&
           !end->w4 && !end->w5 && be32_to_cpu(end->w6) == server &&
           be32_to_cpu(end->w7) == priority << ctz32(END_W7_F0_PRIORITY) &&
           xive_context(spapr_cpu_by_server(server));
}

static bool eas_plausible(SpaprXive *xive, const XiveEAS *eas, bool valid)
{
    uint64_t w = be64_to_cpu(eas->w);
    uint32_t end = xive_get_field64(EAS_END_INDEX, eas->w);

    if (!valid) {
        return !w;
    }
    if (!(w & EAS_VALID) || xive_get_field64(EAS_END_BLOCK, eas->w)) {
        return false;
    }
    if (end == SPAPR_XIVE_NO_END) {
        return w & EAS_MASKED;
    }
    return end < xive->nr_ends && end % SPAPR_XIVE_QUEUES < SPAPR_XIVE_RESERVED;
}

static bool line_plausible(SpaprXive *xive, uint64_t line)
{
    return line == SPAPR_XIVE_NO_LINE ||
           (QEMU_IS_ALIGNED(line, SPAPR_XIVE_CACHE_LINE) &&
            spapr_memory_is_ram(SPAPR_MODULE(xive)->hv->memory, line,
                                2 * SPAPR_XIVE_CACHE_LINE));
}

static size_t lines_size(const SpaprXive *xive)
{
    return xive->nr_servers * sizeof(*xive->lines);
}

static void stream_free(SpaprXive *xive)
{
    g_clear_pointer(&xive->stream_eat, g_free);
    g_clear_pointer(&xive->stream_endt, g_free);
    g_clear_pointer(&xive->stream_lines, g_free);
}

/* A load that ended before its time has left its tables */
static void stream_new(SpaprXive *xive)
{
    stream_free(xive);
    xive->stream_eat = g_memdup2(xive->eat, xive->eat_size);
    xive->stream_endt = g_memdup2(xive->endt, xive->endt_size);
    xive->stream_lines = g_memdup2(xive->lines, lines_size(xive));
}

static int spapr_xive_pre_save(void *opaque)
{
    SpaprXive *xive = opaque;

    xive->peer_esb_hcall = xive->esb_hcall;
    stream_new(xive);
    return 0;
}

static int spapr_xive_post_save(void *opaque)
{
    stream_free(opaque);
    return 0;
}

static int spapr_xive_pre_load(void *opaque)
{
    stream_new(opaque);
    return 0;
}

/* The sources that there are follow from the devices, not from the stream */
static bool stream_plausible(SpaprXive *xive)
{
    if (xive->peer_esb_hcall != xive->esb_hcall) {
        error_report("spapr-xive: esb-hcall=%s for the incoming guest, here "
                     "esb-hcall=%s", xive->peer_esb_hcall ? "on" : "off",
                     xive->esb_hcall ? "on" : "off");
        return false;
    }
    for (uint32_t lisn = 0; lisn < SPAPR_XIVE_LISNS; lisn++) {
        if (!eas_plausible(xive, &xive->stream_eat[lisn],
                           xive_eas_is_valid(&xive->eat[lisn]))) {
            error_report("spapr-xive: interrupt source 0x%" PRIx32 " of the "
                         "incoming guest is not valid", lisn);
            return false;
        }
    }
    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        if (!end_plausible(xive, &xive->stream_endt[i], i)) {
            error_report("spapr-xive: event queue %" PRIu32 " of the incoming "
                         "guest is not valid", i);
            return false;
        }
    }
    for (uint32_t server = 0; server < xive->nr_servers; server++) {
        if (!line_plausible(xive, xive->stream_lines[server])) {
            error_report("spapr-xive: reporting line of server %" PRIu32 " of "
                         "the incoming guest is not valid", server);
            return false;
        }
    }
    return true;
}

static int spapr_xive_post_load(void *opaque, int version_id)
{
    SpaprXive *xive = opaque;
    bool plausible = stream_plausible(xive);

    if (plausible) {
        memcpy(xive->eat, xive->stream_eat, xive->eat_size);
        memcpy(xive->endt, xive->stream_endt, xive->endt_size);
        memcpy(xive->lines, xive->stream_lines, lines_size(xive));
    }
    stream_free(xive);
    return plausible ? 0 : -EINVAL;
}

/*
 * The registers of the contexts come with the core's own states. What is not
 * the guest's to change, and the line to the processor, is put right before
 * the processors run again.
 */
static void spapr_xive_vm_state(void *opaque, bool running, RunState state)
{
    SpaprXive *xive = opaque;
    CPUState *cs;

    if (!running || !spapr_xive_is_active(xive)) {
        return;
    }
    CPU_FOREACH(cs) {
        XiveTCTX *tctx = xive_context(POWERPC_CPU(cs));

        if (tctx) {
            context_set_fixed(tctx);
            qemu_set_irq(tctx->os_output, tctx->regs[TM_QW1_OS + TM_NSR] != 0);
        }
    }
}

static const VMStateDescription vmstate_spapr_xive = {
    .name = TYPE_SPAPR_XIVE,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = spapr_xive_pre_save,
    .post_save = spapr_xive_post_save,
    .pre_load = spapr_xive_pre_load,
    .post_load = spapr_xive_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(peer_esb_hcall, SpaprXive),
        VMSTATE_VBUFFER_UINT32(stream_eat, SpaprXive, 1, NULL, eat_size),
        VMSTATE_VBUFFER_UINT32(stream_endt, SpaprXive, 1, NULL, endt_size),
        VMSTATE_VARRAY_UINT32(stream_lines, SpaprXive, nr_servers, 1,
                              vmstate_info_uint64, uint64_t),
        VMSTATE_END_OF_LIST()
    },
};

static bool xive_realize_source(SpaprXive *xive, Error **errp)
{
    Object *source = OBJECT(&xive->source);

    object_property_set_int(source, "nr-irqs", SPAPR_XIVE_LISNS, &error_abort);
    object_property_set_uint(source, "flags", XIVE_SRC_STORE_EOI, &error_abort);
    object_property_set_link(source, "xive", OBJECT(&xive->router),
                             &error_abort);
    return qdev_realize(DEVICE(source), NULL, errp);
}

static bool xive_realize_ends(SpaprXive *xive, Error **errp)
{
    Object *ends = OBJECT(&xive->end_source);

    object_property_set_int(ends, "nr-ends", xive->nr_ends, &error_abort);
    object_property_set_link(ends, "xive", OBJECT(&xive->router),
                             &error_abort);
    return qdev_realize(DEVICE(ends), NULL, errp);
}

static void xive_map(SpaprXive *xive)
{
    MemoryRegion *memory = get_system_memory();
    uint32_t sources = xive->esb_hcall ? SPAPR_IRQ_BASE : SPAPR_XIVE_LISNS;

    memory_region_init_alias(&xive->esb_pages, OBJECT(xive), "xive.esb-pages",
                             &xive->source.esb_mmio, 0,
                             2 * SPAPR_XIVE_PAGE_SIZE * sources);
    memory_region_init_io(&xive->tima, OBJECT(xive), &tima_ops, xive,
                          "xive.tima", TIMA_SIZE);
    memory_region_add_subregion(memory, SPAPR_XIVE_ESB_BASE, &xive->esb_pages);
    memory_region_add_subregion(memory, SPAPR_XIVE_END_BASE,
                                &xive->end_source.esb_mmio);
    memory_region_add_subregion(memory, SPAPR_XIVE_TIMA_BASE, &xive->tima);
}

static void spapr_xive_realize(DeviceState *dev, Error **errp)
{
    SpaprXive *xive = SPAPR_XIVE(dev);
    Object *router = OBJECT(&xive->router);

    xive->nr_servers = SPAPR_MODULE(dev)->hv->irq->nr_servers;
    xive->nr_ends = xive->nr_servers * SPAPR_XIVE_QUEUES;
    /* With gaps between servers, there are more of these than processors */
    xive->nr_ipis = MIN(xive->nr_servers, SPAPR_IRQ_BASE);
    xive->eat_size = SPAPR_XIVE_LISNS * sizeof(XiveEAS);
    xive->eat = g_malloc0(xive->eat_size);
    xive->endt_size = xive->nr_ends * sizeof(XiveEND);
    xive->endt = g_malloc0(xive->endt_size);
    xive->lines = g_new0(uint64_t, xive->nr_servers);

    xive->router.xive = xive;
    object_property_set_link(router, "xive-fabric", router, &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(router), errp) ||
        !xive_realize_source(xive, errp) || !xive_realize_ends(xive, errp)) {
        return;
    }
    xive_map(xive);
    for (uint32_t lisn = 0; lisn < xive->nr_ipis; lisn++) {
        xive_source_appear(xive, lisn);
    }
    spapr_xive_forget(xive);
    qdev_add_vm_change_state_handler(dev, spapr_xive_vm_state, xive);
}

static void spapr_xive_init(Object *obj)
{
    SpaprXive *xive = SPAPR_XIVE(obj);

    object_initialize_child(obj, "router", &xive->router,
                            TYPE_SPAPR_XIVE_ROUTER);
    object_initialize_child(obj, "source", &xive->source, TYPE_XIVE_SOURCE);
    object_initialize_child(obj, "end-source", &xive->end_source,
                            TYPE_XIVE_END_SOURCE);
}

static void spapr_xive_finalize(Object *obj)
{
    SpaprXive *xive = SPAPR_XIVE(obj);

    stream_free(xive);
    g_free(xive->eat);
    g_free(xive->endt);
    g_free(xive->lines);
}

static void spapr_xive_register_calls(SpaprModule *module,
                                      SpaprHcallTable *hcalls,
                                      SpaprRtasTable *rtas)
{
    spapr_xive_register_hcalls(SPAPR_XIVE(module), hcalls);
}

static const Property spapr_xive_properties[] = {
    DEFINE_PROP_BOOL("esb-hcall", SpaprXive, esb_hcall, false),
};

static void spapr_xive_router_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    XiveRouterClass *xrc = XIVE_ROUTER_CLASS(oc);
    XivePresenterClass *xpc = XIVE_PRESENTER_CLASS(oc);
    XiveFabricClass *xfc = XIVE_FABRIC_CLASS(oc);

    dc->desc = "sPAPR XIVE routing";
    /* Reason: part of the board's interrupt controller */
    dc->user_creatable = false;

    xrc->get_eas = router_get_eas;
    xrc->get_end = router_get_end;
    xrc->write_end = router_write_end;
    xrc->get_nvt = router_get_nvt;
    xrc->write_nvt = router_write_nvt;
    xrc->get_block_id = router_get_block_id;
    xpc->match_nvt = router_match_nvt;
    xpc->get_config = router_get_config;
    xfc->match_nvt = fabric_match_nvt;
}

static void spapr_xive_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);
    SpaprIntcClass *sic = SPAPR_INTC_CLASS(oc);

    dc->desc = "sPAPR XIVE interrupt controller";
    dc->realize = spapr_xive_realize;
    dc->vmsd = &vmstate_spapr_xive;
    /* Reason: part of the board's interrupt module */
    dc->user_creatable = false;
    device_class_set_props(dc, spapr_xive_properties);
    smc->register_calls = spapr_xive_register_calls;

    sic->vcpu_create = spapr_xive_vcpu_create;
    sic->vcpu_reset = spapr_xive_vcpu_reset;
    sic->vcpu_destroy = spapr_xive_vcpu_destroy;
    sic->claim = spapr_xive_claim;
    sic->release = spapr_xive_release;
    sic->reset = spapr_xive_reset;
    sic->set_active = spapr_xive_set_active;
    sic->set_irq = spapr_xive_set_irq;
    sic->print_info = spapr_xive_print_info;
    sic->populate_dt = spapr_xive_populate_dt;
}

static const TypeInfo spapr_xive_types[] = {
    {
        .name = TYPE_SPAPR_XIVE_ROUTER,
        .parent = TYPE_XIVE_ROUTER,
        .instance_size = sizeof(SpaprXiveRouter),
        .class_init = spapr_xive_router_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_XIVE_FABRIC },
            { },
        },
    }, {
        .name = TYPE_SPAPR_XIVE,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprXive),
        .instance_init = spapr_xive_init,
        .instance_finalize = spapr_xive_finalize,
        .class_init = spapr_xive_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_SPAPR_INTC },
            { },
        },
    },
};

DEFINE_TYPES(spapr_xive_types)
