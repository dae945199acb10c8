/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's one interface to interrupts
 *
 * Devices claim a source number and get a qemu_irq for it; which controller
 * presents it, XICS or (as second backend) XIVE, is no concern of theirs.
 */

#ifndef HW_PPC_SPAPR_IRQ_H
#define HW_PPC_SPAPR_IRQ_H

#include "hw/irq.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_dt.h"
#include "hw/ppc/spapr_module.h"

/* Source numbers. Below the base lie the controllers' own, such as XICS_IPI */
#define SPAPR_IRQ_BASE          0x1000
#define SPAPR_IRQ_COUNT         0x1000
#define SPAPR_IRQ_EPOW          (SPAPR_IRQ_BASE + 0x000)
/* VIO devices with a default unit address have fixed numbers from here on */
#define SPAPR_IRQ_VIO           (SPAPR_IRQ_BASE + 0x100)
/* Numbers from here on are handed out to whoever asks for any */
#define SPAPR_IRQ_DYNAMIC       (SPAPR_IRQ_BASE + 0x300)

/* A backend: an interrupt controller that presents the board's sources */
#define TYPE_SPAPR_INTC "spapr-intc"
typedef struct SpaprIntc SpaprIntc;
typedef struct SpaprIntcClass SpaprIntcClass;
#define SPAPR_INTC(obj) INTERFACE_CHECK(SpaprIntc, (obj), TYPE_SPAPR_INTC)
DECLARE_CLASS_CHECKERS(SpaprIntcClass, SPAPR_INTC, TYPE_SPAPR_INTC)

struct SpaprIntcClass {
    InterfaceClass parent;

    /* Make the presenter of a processor and keep it in its SpaprVcpu */
    bool (*vcpu_create)(SpaprIntc *intc, SpaprVcpu *vcpu, Error **errp);
    void (*vcpu_reset)(SpaprIntc *intc, SpaprVcpu *vcpu);
    void (*vcpu_destroy)(SpaprIntc *intc, SpaprVcpu *vcpu);
    void (*claim)(SpaprIntc *intc, uint32_t number, bool level);
    void (*release)(SpaprIntc *intc, uint32_t number);
    void (*set_irq)(SpaprIntc *intc, uint32_t number, int level);
    void (*print_info)(SpaprIntc *intc, GString *buf);
    /* The controller's node, its phandle SPAPR_IRQ_PHANDLE */
    void (*populate_dt)(SpaprIntc *intc, DtNode *root, uint32_t nr_servers);
};

/* phandle of the interrupt controller's node */
#define SPAPR_IRQ_PHANDLE       0x1111

#define TYPE_SPAPR_IRQ "spapr-irq"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprIrq, SPAPR_IRQ)

struct SpaprIrq {
    SpaprModule parent_obj;

    /* Set by the machine before it installs the module */
    SpaprIntc *active;      /* the backend in use, installed before */
    uint32_t nr_servers;    /* interrupt servers, i.e. highest vcpu id + 1 */

    unsigned long *claimed; /* bitmap of SPAPR_IRQ_COUNT numbers */
    qemu_irq *inputs;
};

/**
 * spapr_irq_claim: take a source number
 * @number: the number wanted, or 0 for any free one
 * @level: whether the source is level-sensitive
 *
 * Returns: the number, or 0 with @errp set when it is taken or none is left
 */
uint32_t spapr_irq_claim(SpaprIrq *irq, uint32_t number, bool level,
                         Error **errp);
void spapr_irq_release(SpaprIrq *irq, uint32_t number);

/** spapr_irq_input: the line that raises source @number */
qemu_irq spapr_irq_input(SpaprIrq *irq, uint32_t number);

bool spapr_irq_vcpu_create(SpaprIrq *irq, SpaprVcpu *vcpu, Error **errp);
void spapr_irq_vcpu_reset(SpaprIrq *irq, SpaprVcpu *vcpu);
void spapr_irq_vcpu_destroy(SpaprIrq *irq, SpaprVcpu *vcpu);
void spapr_irq_print_info(SpaprIrq *irq, GString *buf);

/**
 * spapr_irq_dt_cells: the two cells of an "interrupts" property: source
 * number, and 1 when it is level-sensitive
 */
void spapr_irq_dt_cells(uint32_t cells[2], uint32_t number, bool level);

#endif /* HW_PPC_SPAPR_IRQ_H */
