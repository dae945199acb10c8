/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the PowerPC External Interrupt option, on QEMU's XICS core
 *
 * A backend of the board's interrupt interface. The core keeps sources and
 * presenters; here are the partition's ways to them: the hypercalls of the
 * LoPAR's "Interrupt Support hcall()s", the RTAS calls ibm,set-xive,
 * ibm,get-xive, ibm,int-on and ibm,int-off, and the device tree node.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "hw/ppc/xics_spapr.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "trace.h"

/* The fields of an XIRR: priority, and the source that is presented */
#define XIRR_CPPR(xirr)         (((xirr) >> 24) & 0xff)
#define XIRR_XISR(xirr)         ((xirr) & 0xffffff)

/* The function set of the hypercalls */
#define XICS_FUNCTIONS          "hcall-interrupt"

/* The least favored priority: such a source is never presented */
#define XICS_PRIORITY_LEAST     0xff

/*
 * The core's source controller looks at every source whenever a presenter
 * becomes ready for more, that is with every H_EOI. This one remembers which
 * sources wait, so that the cost is theirs alone.
 */
#define TYPE_SPAPR_ICS "spapr-ics"

static bool xics_is_active(SpaprXics *xics)
{
    return SPAPR_MODULE(xics)->hv->irq->active == SPAPR_INTC(xics);
}

static ICPState *xics_presenter(PowerPCCPU *cpu)
{
    return cpu && spapr_vcpu(cpu)->icp ? ICP(spapr_vcpu(cpu)->icp) : NULL;
}

static bool xics_source_valid(SpaprXics *xics, uint32_t number)
{
    ICSState *ics = &xics->ics;

    return ics_valid_irq(ics, number) &&
           !ics_irq_free(ics, number - ics->offset);
}

/*
 * Sources that wait for their presenter
 */

static void ics_spapr_reject(ICSState *ics, uint32_t number)
{
    SpaprXics *xics = SPAPR_XICS(ics->xics);
    uint32_t n = number - ics->offset;
    ICSIRQState *source = &ics->irqs[n];

    trace_spapr_xics_reject(number);
    if (source->flags & XICS_FLAGS_IRQ_LSI) {
        source->status &= ~XICS_STATUS_SENT;
    } else {
        source->status |= XICS_STATUS_REJECTED;
    }
    set_bit(n, xics->waiting);
}

static void xics_present_lsi(ICSState *ics, uint32_t n)
{
    ICSIRQState *source = &ics->irqs[n];

    /* Masked ones are looked at again when they are unmasked */
    if (source->priority != XICS_PRIORITY_LEAST &&
        (source->status & XICS_STATUS_ASSERTED) &&
        !(source->status & XICS_STATUS_SENT)) {
        source->status |= XICS_STATUS_SENT;
        icp_irq(ics, source->server, ics->offset + n, source->priority);
    }
}

static void xics_present_msi(ICSState *ics, uint32_t n)
{
    ICSIRQState *source = &ics->irqs[n];

    if (!(source->status & XICS_STATUS_REJECTED)) {
        return;
    }
    source->status &= ~XICS_STATUS_REJECTED;
    if (source->priority == XICS_PRIORITY_LEAST) {
        /* An edge stays known until the source is unmasked */
        source->status |= XICS_STATUS_MASKED_PENDING;
    } else {
        icp_irq(ics, source->server, ics->offset + n, source->priority);
    }
}

/* Present source @n if it waits; a presenter may refuse, so it waits again */
static void xics_present(SpaprXics *xics, uint32_t n)
{
    ICSState *ics = &xics->ics;

    clear_bit(n, xics->waiting);
    if (ics->irqs[n].flags & XICS_FLAGS_IRQ_LSI) {
        xics_present_lsi(ics, n);
    } else {
        xics_present_msi(ics, n);
    }
}

static void ics_spapr_resend(ICSState *ics)
{
    SpaprXics *xics = SPAPR_XICS(ics->xics);
    unsigned long n;

    for (n = find_first_bit(xics->waiting, ics->nr_irqs); n < ics->nr_irqs;
         n = find_next_bit(xics->waiting, ics->nr_irqs, n + 1)) {
        xics_present(xics, n);
    }
}

/*
 * What the core asks the fabric
 */

static ICSState *xics_fabric_ics_get(XICSFabric *xi, int number)
{
    SpaprXics *xics = SPAPR_XICS(xi);

    return xics_source_valid(xics, number) ? &xics->ics : NULL;
}

static void xics_fabric_ics_resend(XICSFabric *xi)
{
    ics_resend(&SPAPR_XICS(xi)->ics);
}

static ICPState *xics_fabric_icp_get(XICSFabric *xi, int server)
{
    return xics_presenter(spapr_cpu_by_server(server));
}

/*
 * H_XIRR: accept the most favored pending interrupt
 *
 * LoPAR, "H_XIRR / H_XIRR-X". No arguments. Returns H_SUCCESS and in R4 the
 * XIRR: the processor's priority before, and the source, 0 when none pends;
 * H_FUNCTION when the partition does not use this controller.
 */
static target_long h_xirr(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXics *xics = opaque;
    ICPState *icp = xics_presenter(cpu);
    uint32_t xirr;

    if (!xics_is_active(xics)) {
        return H_FUNCTION;
    }
    xirr = icp_ipoll(icp, NULL);
    if (XIRR_XISR(xirr)) {
        icp_accept(icp);
    } /* else nothing changes, where the core would drop the priority */
    args[0] = xirr;
    return H_SUCCESS;
}

/*
 * H_XIRR_X: the same with a time stamp
 *
 * LoPAR, "H_XIRR / H_XIRR-X". R4: the caller's priority, for the hypervisor's
 * information. Returns as H_XIRR, and in R5 the time base. An interrupt is
 * received when a processor takes it, so that is now.
 */
static target_long h_xirr_x(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    target_long ret = h_xirr(cpu, opaque, args);

    if (ret == H_SUCCESS) {
        args[1] = cpu_ppc_load_tbl(&cpu->env);
    }
    return ret;
}

/*
 * H_CPPR: set the calling processor's priority
 *
 * LoPAR, "H_CPPR". R4: the priority, in the low byte. Returns H_SUCCESS, or
 * H_FUNCTION when the partition does not use this controller.
 */
static target_long h_cppr(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXics *xics = opaque;

    if (!xics_is_active(xics)) {
        return H_FUNCTION;
    }
    icp_set_cppr(xics_presenter(cpu), args[0] & 0xff);
    return H_SUCCESS;
}

/*
 * H_EOI: end of interrupt
 *
 * LoPAR, "H_EOI". R4: the XIRR, in the low 32 bits: source, and the priority
 * to return to. Returns H_SUCCESS; H_PARAMETER when the partition has no such
 * source or the priority is more favored than the current one; H_FUNCTION when
 * the partition does not use this controller.
 */
static target_long h_eoi(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXics *xics = opaque;
    ICPState *icp = xics_presenter(cpu);
    uint32_t xirr = args[0];
    uint32_t number = XIRR_XISR(xirr);

    if (!xics_is_active(xics)) {
        return H_FUNCTION;
    }
    if (number != XICS_IPI && !xics_source_valid(xics, number)) {
        return H_PARAMETER;
    }
    if (XIRR_CPPR(xirr) < XIRR_CPPR(icp_ipoll(icp, NULL))) {
        return H_PARAMETER;
    }
    if (number != XICS_IPI) {
        /* A level that is still there has to be presented again */
        set_bit(number - xics->ics.offset, xics->waiting);
    }
    icp_eoi(icp, xirr);
    return H_SUCCESS;
}

/*
 * H_IPI: interrupt a processor, or withdraw that
 *
 * LoPAR, "H_IPI". R4: the processor's server number; R5: the priority, in the
 * low byte, 0xff for none. Returns H_SUCCESS; H_PARAMETER when there is no such
 * server; H_FUNCTION when the partition does not use this controller.
 */
static target_long h_ipi(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXics *xics = opaque;
    ICPState *icp;

    if (!xics_is_active(xics)) {
        return H_FUNCTION;
    }
    icp = xics_presenter(spapr_cpu_by_server(args[0]));
    if (!icp) {
        return H_PARAMETER;
    }
    icp_set_mfrr(icp, args[1] & 0xff);
    return H_SUCCESS;
}

/*
 * H_IPOLL: look at a processor's pending interrupt without accepting it
 *
 * LoPAR, "H_IPOLL". R4: the processor's server number. Returns H_SUCCESS, in R4
 * the XIRR and in R5 the priority of its inter-processor interrupt; H_PARAMETER
 * when there is no such server; H_FUNCTION when the partition does not use this
 * controller.
 */
static target_long h_ipoll(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprXics *xics = opaque;
    ICPState *icp;
    uint32_t mfrr;

    if (!xics_is_active(xics)) {
        return H_FUNCTION;
    }
    icp = xics_presenter(spapr_cpu_by_server(args[0]));
    if (!icp) {
        return H_PARAMETER;
    }
    args[0] = icp_ipoll(icp, &mfrr);
    args[1] = mfrr;
    return H_SUCCESS;
}

/*
 * Give a source its server and priority. While ibm,int-off holds, the priority
 * is only kept (the core's saved_priority) and the source has the least
 * favored one.
 */
static void xics_configure(SpaprXics *xics, uint32_t number, uint32_t server,
                           uint8_t priority)
{
    ICSState *ics = &xics->ics;
    uint32_t n = number - ics->offset;
    bool enabled = test_bit(n, xics->enabled);

    ics_write_xive(ics, n, server, enabled ? priority : XICS_PRIORITY_LEAST,
                   priority);
    /* What the old server or priority kept waiting gets another chance */
    xics_present(xics, n);
}

/*
 * ibm,set-xive: direct a source to a server with a priority
 *
 * LoPAR, "ibm,set-xive". Arguments: source, server number, priority 0 to 0xff.
 * Status: 0; -3 for a source, server or priority that is not there.
 *
 * A source that ibm,int-off masked, or that ibm,int-on never enabled, stays
 * masked.
 */
static int32_t xics_rtas_direct(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SpaprXics *xics = opaque;
    uint32_t number = args[0];
    uint32_t server = args[1];
    uint32_t priority = args[2];

    if (!xics_is_active(xics) || !xics_source_valid(xics, number) ||
        !spapr_cpu_by_server(server) || priority > XICS_PRIORITY_LEAST) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_xics_set_xive(number, server, priority);
    xics_configure(xics, number, server, priority);
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,get-xive: what the last ibm,set-xive said
 *
 * LoPAR, "ibm,get-xive". Argument: source. Returns server number and priority;
 * the latter is 0xff before the first ibm,set-xive. Status: 0; -3 for a source
 * that is not there.
 */
static int32_t xics_rtas_directed(PowerPCCPU *cpu, void *opaque,
                                  const uint32_t *args, uint32_t *outs)
{
    SpaprXics *xics = opaque;
    ICSIRQState *source;

    if (!xics_is_active(xics) || !xics_source_valid(xics, args[0])) {
        return RTAS_OUT_PARAM_ERROR;
    }
    source = &xics->ics.irqs[args[0] - xics->ics.offset];
    outs[0] = source->server;
    outs[1] = source->saved_priority;
    return RTAS_OUT_SUCCESS;
}

static int32_t xics_set_enabled(SpaprXics *xics, uint32_t number, bool enabled)
{
    ICSIRQState *source;
    uint32_t n;

    if (!xics_is_active(xics) || !xics_source_valid(xics, number)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_xics_enable(number, enabled);
    n = number - xics->ics.offset;
    source = &xics->ics.irqs[n];
    if (enabled) {
        set_bit(n, xics->enabled);
    } else {
        clear_bit(n, xics->enabled);
    }
    xics_configure(xics, number, source->server, source->saved_priority);
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,int-off: mask a source, keeping its priority
 *
 * LoPAR, "ibm,int-off". Argument: source. Status: 0; -3 for a source that is
 * not there.
 */
static int32_t xics_rtas_mask(PowerPCCPU *cpu, void *opaque,
                              const uint32_t *args, uint32_t *outs)
{
    return xics_set_enabled(opaque, args[0], false);
}

/*
 * ibm,int-on: unmask a source with the priority it was last given
 *
 * LoPAR, "ibm,int-on". Argument: source. Status: 0; -3 for a source that is not
 * there.
 */
static int32_t xics_rtas_unmask(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    return xics_set_enabled(opaque, args[0], true);
}

static void spapr_xics_register_calls(SpaprModule *module,
                                      SpaprHcallTable *hcalls,
                                      SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo calls[] = {
        { H_EOI, "H_EOI", XICS_FUNCTIONS, h_eoi },
        { H_CPPR, "H_CPPR", XICS_FUNCTIONS, h_cppr },
        { H_IPI, "H_IPI", XICS_FUNCTIONS, h_ipi },
        { H_IPOLL, "H_IPOLL", XICS_FUNCTIONS, h_ipoll },
        { H_XIRR, "H_XIRR", XICS_FUNCTIONS, h_xirr },
        { H_XIRR_X, "H_XIRR_X", XICS_FUNCTIONS, h_xirr_x },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
    spapr_rtas_register(rtas, "ibm,set-xive", 3, 1, xics_rtas_direct, module);
    spapr_rtas_register(rtas, "ibm,get-xive", 1, 3, xics_rtas_directed, module);
    spapr_rtas_register(rtas, "ibm,int-off", 1, 1, xics_rtas_mask, module);
    spapr_rtas_register(rtas, "ibm,int-on", 1, 1, xics_rtas_unmask, module);
}

/*
 * The board's interrupt interface
 */

static bool spapr_xics_vcpu_create(SpaprIntc *intc, SpaprVcpu *vcpu,
                                   Error **errp)
{
    vcpu->icp = icp_create(OBJECT(vcpu->cpu), TYPE_ICP, XICS_FABRIC(intc),
                            errp);
    return vcpu->icp != NULL;
}

static void spapr_xics_vcpu_reset(SpaprIntc *intc, SpaprVcpu *vcpu)
{
    ICPState *icp = ICP(vcpu->icp);

    icp_reset(icp);
    icp->xirr_owner = NULL;
    qemu_irq_lower(icp->output);
}

static void spapr_xics_vcpu_destroy(SpaprIntc *intc, SpaprVcpu *vcpu)
{
    if (vcpu->icp) {
        icp_destroy(ICP(vcpu->icp));
        vcpu->icp = NULL;
    }
}

static void spapr_xics_claim(SpaprIntc *intc, uint32_t number, bool level)
{
    ICSState *ics = &SPAPR_XICS(intc)->ics;

    ics_set_irq_type(ics, number - ics->offset, level);
}

static void spapr_xics_release(SpaprIntc *intc, uint32_t number)
{
    SpaprXics *xics = SPAPR_XICS(intc);
    ICSState *ics = &xics->ics;
    uint32_t n = number - ics->offset;
    CPUState *cs;

    ics->irqs[n] = (ICSIRQState) {
        .priority = XICS_PRIORITY_LEAST,
        .saved_priority = XICS_PRIORITY_LEAST,
    };
    clear_bit(n, xics->enabled);
    clear_bit(n, xics->waiting);
    /* A presenter that offers it still turns to what else there is */
    CPU_FOREACH(cs) {
        ICPState *icp = xics_presenter(POWERPC_CPU(cs));

        if (icp && XIRR_XISR(icp->xirr) == number) {
            icp->xirr &= ~0xffffffu;
            icp->pending_priority = XICS_PRIORITY_LEAST;
            icp->xirr_owner = NULL;
            qemu_irq_lower(icp->output);
            icp_resend(icp);
        }
    }
}

static void xics_forget(SpaprXics *xics)
{
    bitmap_zero(xics->enabled, SPAPR_IRQ_COUNT);
    bitmap_zero(xics->waiting, SPAPR_IRQ_COUNT);
}

static void spapr_xics_reset(SpaprIntc *intc)
{
    SpaprXics *xics = SPAPR_XICS(intc);
    CPUState *cs;

    device_cold_reset(DEVICE(&xics->ics));
    xics_forget(xics);
    CPU_FOREACH(cs) {
        spapr_xics_vcpu_reset(intc, spapr_vcpu(POWERPC_CPU(cs)));
    }
}

static void spapr_xics_set_active(SpaprIntc *intc, bool active)
{
    spapr_hcall_promise(SPAPR_MODULE(intc)->hv->hcalls, XICS_FUNCTIONS, active);
}

static void spapr_xics_set_irq(SpaprIntc *intc, uint32_t number, int level)
{
    ICSState *ics = &SPAPR_XICS(intc)->ics;

    ics_set_irq(ics, number - ics->offset, level);
}

static void spapr_xics_print_info(SpaprIntc *intc, GString *buf)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        icp_pic_print_info(xics_presenter(POWERPC_CPU(cs)), buf);
    }
    ics_pic_print_info(&SPAPR_XICS(intc)->ics, buf);
}

/* LoPAR, "PowerPC External Interrupt Presentation Controller Node" */
static void spapr_xics_populate_dt(SpaprIntc *intc, DtNode *root,
                                   uint32_t nr_servers)
{
    DtNode *node = dt_add(root, "interrupt-controller");

    dt_prop_string(node, "device_type",
                   "PowerPC-External-Interrupt-Presentation");
    dt_prop_string(node, "compatible", "IBM,ppc-xicp");
    dt_prop_empty(node, "interrupt-controller");
    dt_prop_u32(node, "#interrupt-cells", 2);
    dt_prop_cells(node, "ibm,interrupt-server-ranges", 0, nr_servers);
    dt_prop_u32(node, "ibm,interrupt-server#-size",
                MAX(8, 32 - clz32(nr_servers - 1)));
    dt_prop_u32(node, "linux,phandle", SPAPR_IRQ_PHANDLE);
    dt_prop_u32(node, "phandle", SPAPR_IRQ_PHANDLE);
}

/*
 * Migration carries the presenters' registers. What the core derives from
 * them, the owner of the interrupt on offer and the line to the processor, is
 * put right before the processors run again.
 */
static void spapr_xics_vm_state(void *opaque, bool running, RunState state)
{
    SpaprXics *xics = opaque;
    CPUState *cs;

    if (!running || !xics_is_active(xics)) {
        return;
    }
    CPU_FOREACH(cs) {
        ICPState *icp = xics_presenter(POWERPC_CPU(cs));
        uint32_t number;

        if (!icp) {
            continue;
        }
        number = XIRR_XISR(icp->xirr);
        icp->xirr_owner = xics_source_valid(xics, number) ? &xics->ics : NULL;
        qemu_set_irq(icp->output, number != 0);
    }
}

/*
 * The core's state, which comes before ours, has the kinds of sources. These
 * follow from the devices: what is wrong is put right, and refused.
 */
static bool xics_check_sources(SpaprXics *xics)
{
    SpaprIrq *irq = SPAPR_MODULE(xics)->hv->irq;
    bool right = true;

    for (uint32_t i = 0; i < SPAPR_IRQ_COUNT; i++) {
        uint8_t flags = !test_bit(i, irq->claimed) ? 0 :
                        test_bit(i, irq->level) ? XICS_FLAGS_IRQ_LSI :
                        XICS_FLAGS_IRQ_MSI;

        if ((xics->ics.irqs[i].flags & XICS_FLAGS_IRQ_MASK) != flags) {
            error_report("spapr-xics: interrupt source 0x%" PRIx32 " of the "
                         "incoming guest is not valid", SPAPR_IRQ_BASE + i);
            xics->ics.irqs[i].flags = flags;
            right = false;
        }
    }
    return right;
}

static int spapr_xics_post_load(void *opaque, int version_id)
{
    SpaprXics *xics = opaque;

    /* Which ones really wait shows when they are looked at */
    bitmap_fill(xics->waiting, SPAPR_IRQ_COUNT);
    return xics_check_sources(xics) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_spapr_xics = {
    .name = TYPE_SPAPR_XICS,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = spapr_xics_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BITMAP(enabled, SpaprXics, 0, nr_sources),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_xics_reset_hold(Object *obj, ResetType type)
{
    xics_forget(SPAPR_XICS(obj));
}

static void spapr_xics_realize(DeviceState *dev, Error **errp)
{
    SpaprXics *xics = SPAPR_XICS(dev);

    xics->enabled = bitmap_new(SPAPR_IRQ_COUNT);
    xics->waiting = bitmap_new(SPAPR_IRQ_COUNT);
    xics->ics.offset = SPAPR_IRQ_BASE;
    object_property_set_link(OBJECT(&xics->ics), ICS_PROP_XICS, OBJECT(xics),
                             &error_abort);
    qdev_prop_set_uint32(DEVICE(&xics->ics), "nr-irqs", SPAPR_IRQ_COUNT);
    if (!qdev_realize(DEVICE(&xics->ics), NULL, errp)) {
        return;
    }
    qdev_add_vm_change_state_handler(dev, spapr_xics_vm_state, xics);
}

static void spapr_xics_init(Object *obj)
{
    SpaprXics *xics = SPAPR_XICS(obj);

    xics->nr_sources = SPAPR_IRQ_COUNT;
    object_initialize_child(obj, "ics", &xics->ics, TYPE_SPAPR_ICS);
}

static void spapr_xics_finalize(Object *obj)
{
    SpaprXics *xics = SPAPR_XICS(obj);

    g_free(xics->enabled);
    g_free(xics->waiting);
}

static void spapr_ics_class_init(ObjectClass *oc, void *data)
{
    ICSStateClass *isc = ICS_CLASS(oc);

    isc->reject = ics_spapr_reject;
    isc->resend = ics_spapr_resend;
}

static void spapr_xics_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);
    SpaprIntcClass *sic = SPAPR_INTC_CLASS(oc);
    XICSFabricClass *xfc = XICS_FABRIC_CLASS(oc);

    dc->desc = "sPAPR XICS interrupt controller";
    dc->realize = spapr_xics_realize;
    dc->vmsd = &vmstate_spapr_xics;
    /* Reason: part of the board's interrupt module */
    dc->user_creatable = false;
    rc->phases.hold = spapr_xics_reset_hold;
    smc->register_calls = spapr_xics_register_calls;

    sic->vcpu_create = spapr_xics_vcpu_create;
    sic->vcpu_reset = spapr_xics_vcpu_reset;
    sic->vcpu_destroy = spapr_xics_vcpu_destroy;
    sic->claim = spapr_xics_claim;
    sic->release = spapr_xics_release;
    sic->reset = spapr_xics_reset;
    sic->set_active = spapr_xics_set_active;
    sic->set_irq = spapr_xics_set_irq;
    sic->print_info = spapr_xics_print_info;
    sic->populate_dt = spapr_xics_populate_dt;

    xfc->ics_get = xics_fabric_ics_get;
    xfc->ics_resend = xics_fabric_ics_resend;
    xfc->icp_get = xics_fabric_icp_get;
}

static const TypeInfo spapr_xics_types[] = {
    {
        .name = TYPE_SPAPR_ICS,
        .parent = TYPE_ICS,
        .class_init = spapr_ics_class_init,
    }, {
        .name = TYPE_SPAPR_XICS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprXics),
        .instance_init = spapr_xics_init,
        .instance_finalize = spapr_xics_finalize,
        .class_init = spapr_xics_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_SPAPR_INTC },
            { TYPE_XICS_FABRIC },
            { },
        },
    },
};

DEFINE_TYPES(spapr_xics_types)
