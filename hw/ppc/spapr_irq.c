/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's one interface to interrupts
 *
 * It hands out source numbers and their input lines, forwards what happens on
 * them to the controller in use, and changes from one controller to the other.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/xics_spapr.h"
#include "hw/ppc/xive_spapr.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "trace.h"

static const char *const mode_names[] = {
    [SPAPR_IC_MODE_XICS] = "xics",
    [SPAPR_IC_MODE_XIVE] = "xive",
    [SPAPR_IC_MODE_DUAL] = "dual",
};

const char *spapr_irq_mode_name(SpaprIcMode mode)
{
    return mode < ARRAY_SIZE(mode_names) ? mode_names[mode] : NULL;
}

bool spapr_irq_mode_parse(const char *name, SpaprIcMode *mode)
{
    for (int i = SPAPR_IC_MODE_XICS; i < ARRAY_SIZE(mode_names); i++) {
        if (g_str_equal(name, mode_names[i])) {
            *mode = i;
            return true;
        }
    }
    return false;
}

/* Call @fn for each controller that the machine has */
#define IRQ_FOREACH_BACKEND(irq, fn, ...)                               \
    do {                                                                \
        SpaprIntc *backends_[] = { (irq)->xics, (irq)->xive };          \
                                                                        \
        for (int i_ = 0; i_ < ARRAY_SIZE(backends_); i_++) {            \
            if (backends_[i_]) {                                        \
                SPAPR_INTC_GET_CLASS(backends_[i_])->fn(backends_[i_],  \
                                                        ##__VA_ARGS__); \
            }                                                           \
        }                                                               \
    } while (0)

static bool irq_number_valid(uint32_t number)
{
    return number >= SPAPR_IRQ_BASE &&
           number - SPAPR_IRQ_BASE < SPAPR_IRQ_COUNT;
}

static bool irq_number_claimed(SpaprIrq *irq, uint32_t number)
{
    return irq_number_valid(number) &&
           test_bit(number - SPAPR_IRQ_BASE, irq->claimed);
}

static void irq_put_bit(unsigned long *bits, uint32_t n, bool value)
{
    if (value) {
        set_bit(n, bits);
    } else {
        clear_bit(n, bits);
    }
}

static void irq_input_set(void *opaque, int n, int level)
{
    SpaprIrq *irq = opaque;
    uint32_t number = SPAPR_IRQ_BASE + n;

    trace_spapr_irq_set(number, level);
    if (test_bit(n, irq->level)) {
        irq_put_bit(irq->asserted, n, level);
    }
    SPAPR_INTC_GET_CLASS(irq->active)->set_irq(irq->active, number, level);
}

static uint32_t irq_any_free(SpaprIrq *irq)
{
    unsigned long n = find_next_zero_bit(irq->claimed, SPAPR_IRQ_COUNT,
                                         SPAPR_IRQ_DYNAMIC - SPAPR_IRQ_BASE);

    return n < SPAPR_IRQ_COUNT ? SPAPR_IRQ_BASE + n : 0;
}

uint32_t spapr_irq_claim(SpaprIrq *irq, uint32_t number, bool level,
                         Error **errp)
{
    uint32_t n;

    if (!number) {
        number = irq_any_free(irq);
        if (!number) {
            error_setg(errp, "No interrupt source number is left");
            return 0;
        }
    }
    if (!irq_number_valid(number)) {
        error_setg(errp, "Interrupt source number 0x%" PRIx32
                   " is outside 0x%x to 0x%x", number, SPAPR_IRQ_BASE,
                   SPAPR_IRQ_BASE + SPAPR_IRQ_COUNT - 1);
        return 0;
    }
    if (irq_number_claimed(irq, number)) {
        error_setg(errp, "Interrupt source number 0x%" PRIx32 " is taken",
                   number);
        return 0;
    }

    n = number - SPAPR_IRQ_BASE;
    set_bit(n, irq->claimed);
    irq->inputs[n] = qemu_allocate_irq(irq_input_set, irq, n);
    irq_put_bit(irq->level, n, level);
    IRQ_FOREACH_BACKEND(irq, claim, number, level);
    trace_spapr_irq_claim(number, level);
    return number;
}

void spapr_irq_release(SpaprIrq *irq, uint32_t number)
{
    uint32_t n = number - SPAPR_IRQ_BASE;

    assert(irq_number_claimed(irq, number));
    IRQ_FOREACH_BACKEND(irq, release, number);
    qemu_free_irq(irq->inputs[n]);
    irq->inputs[n] = NULL;
    clear_bit(n, irq->claimed);
    clear_bit(n, irq->level);
    clear_bit(n, irq->asserted);
    trace_spapr_irq_release(number);
}

qemu_irq spapr_irq_input(SpaprIrq *irq, uint32_t number)
{
    assert(irq_number_claimed(irq, number));
    return irq->inputs[number - SPAPR_IRQ_BASE];
}

bool spapr_irq_vcpu_create(SpaprIrq *irq, SpaprVcpu *vcpu, Error **errp)
{
    SpaprIntc *backends[] = { irq->xics, irq->xive };

    for (int i = 0; i < ARRAY_SIZE(backends); i++) {
        if (backends[i] &&
            !SPAPR_INTC_GET_CLASS(backends[i])->vcpu_create(backends[i], vcpu,
                                                            errp)) {
            return false;
        }
    }
    return true;
}

void spapr_irq_vcpu_reset(SpaprIrq *irq, SpaprVcpu *vcpu)
{
    IRQ_FOREACH_BACKEND(irq, vcpu_reset, vcpu);
}

void spapr_irq_vcpu_destroy(SpaprIrq *irq, SpaprVcpu *vcpu)
{
    IRQ_FOREACH_BACKEND(irq, vcpu_destroy, vcpu);
}

void spapr_irq_print_info(SpaprIrq *irq, GString *buf)
{
    SPAPR_INTC_GET_CLASS(irq->active)->print_info(irq->active, buf);
}

void spapr_irq_dt_cells(uint32_t cells[2], uint32_t number, bool level)
{
    cells[0] = number;
    cells[1] = level ? 1 : 0;
}

/* Which controller the guest sees; neither's state changes */
static void irq_activate(SpaprIrq *irq, SpaprIntc *intc)
{
    if (irq->active != intc) {
        irq->active = intc;
        IRQ_FOREACH_BACKEND(irq, set_active, false);
        SPAPR_INTC_GET_CLASS(intc)->set_active(intc, true);
    }
}

void spapr_irq_switch(SpaprIrq *irq, bool xive)
{
    SpaprIntc *intc = xive ? irq->xive : irq->xics;
    unsigned long n;

    assert(intc);
    trace_spapr_irq_switch(xive ? "xive" : "xics");
    IRQ_FOREACH_BACKEND(irq, reset);
    irq_activate(irq, intc);
    for (n = find_first_bit(irq->asserted, SPAPR_IRQ_COUNT);
         n < SPAPR_IRQ_COUNT;
         n = find_next_bit(irq->asserted, SPAPR_IRQ_COUNT, n + 1)) {
        SPAPR_INTC_GET_CLASS(intc)->set_irq(intc, SPAPR_IRQ_BASE + n, 1);
    }
}

static SpaprIntc *irq_add_backend(SpaprHypervisor *hv, const char *type,
                                  const char *name, Error **errp)
{
    SpaprModule *module = SPAPR_MODULE(object_new(type));

    return spapr_module_install(hv, module, name, errp) ? SPAPR_INTC(module) :
                                                          NULL;
}

bool spapr_irq_install(SpaprHypervisor *hv, SpaprIrq *irq, Error **errp)
{
    hv->irq = irq;
    /* First, so that a migration notices another mode before all else */
    if (!spapr_module_install(hv, SPAPR_MODULE(irq), "irq", errp)) {
        return false;
    }
    if (irq->mode != SPAPR_IC_MODE_XIVE) {
        irq->xics = irq_add_backend(hv, TYPE_SPAPR_XICS, "xics", errp);
        if (!irq->xics) {
            return false;
        }
    }
    if (irq->mode != SPAPR_IC_MODE_XICS) {
        irq->xive = irq_add_backend(hv, TYPE_SPAPR_XIVE, "xive", errp);
        if (!irq->xive) {
            return false;
        }
    }
    irq_activate(irq, irq->xics ?: irq->xive);
    return true;
}

static void spapr_irq_realize(DeviceState *dev, Error **errp)
{
    SpaprIrq *irq = SPAPR_IRQ(dev);

    assert(irq->mode != SPAPR_IC_MODE_DEFAULT && irq->nr_servers);
    irq->nr_numbers = SPAPR_IRQ_COUNT;
    irq->claimed = bitmap_new(SPAPR_IRQ_COUNT);
    irq->level = bitmap_new(SPAPR_IRQ_COUNT);
    irq->asserted = bitmap_new(SPAPR_IRQ_COUNT);
    irq->inputs = g_new0(qemu_irq, SPAPR_IRQ_COUNT);
}

static void spapr_irq_finalize(Object *obj)
{
    SpaprIrq *irq = SPAPR_IRQ(obj);

    g_free(irq->claimed);
    g_free(irq->level);
    g_free(irq->asserted);
    g_free(irq->inputs);
}

static void spapr_irq_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprIrq *irq = SPAPR_IRQ(module);

    SPAPR_INTC_GET_CLASS(irq->active)->populate_dt(irq->active, root,
                                                   irq->nr_servers);
}

/*
 * Who owns which number follows from the configuration. It travels along so
 * that two ends that were configured differently notice, instead of raising
 * the wrong interrupts.
 */
typedef struct SpaprIrqClaims {
    SpaprIrq *parent;
    unsigned long *bits;
    int32_t size;
} SpaprIrqClaims;

static int irq_claims_pre_save(void *opaque)
{
    SpaprIrqClaims *claims = opaque;

    claims->bits = claims->parent->claimed;
    claims->size = SPAPR_IRQ_COUNT;
    return 0;
}

static int irq_claims_pre_load(void *opaque)
{
    SpaprIrqClaims *claims = opaque;

    claims->bits = bitmap_new(SPAPR_IRQ_COUNT);
    claims->size = SPAPR_IRQ_COUNT;
    return 0;
}

static int irq_claims_post_load(void *opaque, int version_id)
{
    SpaprIrqClaims *claims = opaque;
    SpaprIrq *irq = claims->parent;
    g_autofree unsigned long *sent = g_steal_pointer(&claims->bits);
    g_autofree unsigned long *diff = bitmap_new(SPAPR_IRQ_COUNT);
    unsigned long n;

    bitmap_xor(diff, sent, irq->claimed, SPAPR_IRQ_COUNT);
    n = find_first_bit(diff, SPAPR_IRQ_COUNT);
    if (n < SPAPR_IRQ_COUNT) {
        error_report("spapr-irq: interrupt source 0x%lx has a device at only "
                     "one end of the migration: the devices differ",
                     SPAPR_IRQ_BASE + n);
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_spapr_irq_claims = {
    .name = "spapr-irq/claims",
    /* VMSTATE_WITH_TMP loads it as version 0, whatever is said here */
    .pre_save = irq_claims_pre_save,
    .pre_load = irq_claims_pre_load,
    .post_load = irq_claims_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BITMAP(bits, SpaprIrqClaims, 0, size),
        VMSTATE_END_OF_LIST()
    },
};

static int spapr_irq_pre_save(void *opaque)
{
    SpaprIrq *irq = opaque;

    irq->peer_mode = irq->mode;
    irq->peer_xive = spapr_irq_is_xive(irq);
    return 0;
}

static int spapr_irq_post_load(void *opaque, int version_id)
{
    SpaprIrq *irq = opaque;
    SpaprIntc *intc = irq->peer_xive ? irq->xive : irq->xics;

    if (irq->peer_mode != irq->mode || !intc) {
        error_report("spapr-irq: the incoming guest was started with "
                     "ic-mode=%s, this one with ic-mode=%s",
                     spapr_irq_mode_name(irq->peer_mode) ?: "?",
                     spapr_irq_mode_name(irq->mode));
        return -EINVAL;
    }
    /* The controllers' own states come behind this one */
    irq_activate(irq, intc);
    bitmap_and(irq->asserted, irq->asserted, irq->level, SPAPR_IRQ_COUNT);
    return 0;
}

static const VMStateDescription vmstate_spapr_irq = {
    .name = TYPE_SPAPR_IRQ,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = spapr_irq_pre_save,
    .post_load = spapr_irq_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(nr_servers, SpaprIrq, "-smp or vsmt= differs"),
        VMSTATE_UINT8(peer_mode, SpaprIrq),
        VMSTATE_BOOL(peer_xive, SpaprIrq),
        VMSTATE_BITMAP(asserted, SpaprIrq, 0, nr_numbers),
        VMSTATE_WITH_TMP(SpaprIrq, SpaprIrqClaims, vmstate_spapr_irq_claims),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_irq_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR interrupt sources";
    dc->realize = spapr_irq_realize;
    dc->vmsd = &vmstate_spapr_irq;
    /* Reason: part of the machine, which chooses backend and servers */
    dc->user_creatable = false;
    smc->populate_dt = spapr_irq_populate_dt;
}

static const TypeInfo spapr_irq_types[] = {
    {
        .name = TYPE_SPAPR_INTC,
        .parent = TYPE_INTERFACE,
        .class_size = sizeof(SpaprIntcClass),
    }, {
        .name = TYPE_SPAPR_IRQ,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprIrq),
        .instance_finalize = spapr_irq_finalize,
        .class_init = spapr_irq_class_init,
    },
};

DEFINE_TYPES(spapr_irq_types)
