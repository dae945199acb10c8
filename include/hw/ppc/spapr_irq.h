/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's one interface to interrupts
 *
 * Devices claim a source number and get a qemu_irq for it; which controller
 * presents it, XICS or XIVE, is no concern of theirs. A machine has one of them
 * or both, and one at a time is active.
 */

#ifndef HW_PPC_SPAPR_IRQ_H
#define HW_PPC_SPAPR_IRQ_H

#include "hw/irq.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_dt.h"
#include "hw/ppc/spapr_module.h"

/*
 * Source numbers, the same with each controller. Below the base lie those that
 * interrupt processors: XICS_IPI, or one for each with XIVE.
 */
#define SPAPR_IRQ_BASE          0x1000
#define SPAPR_IRQ_COUNT         0x1000
#define SPAPR_IRQ_EPOW          (SPAPR_IRQ_BASE + 0x000)
#define SPAPR_IRQ_HOTPLUG       (SPAPR_IRQ_BASE + 0x001)
/* VIO devices with a default unit address have fixed numbers from here on */
#define SPAPR_IRQ_VIO           (SPAPR_IRQ_BASE + 0x100)
/* Numbers from here on are handed out to whoever asks for any */
#define SPAPR_IRQ_DYNAMIC       (SPAPR_IRQ_BASE + 0x300)

/* The option ic-mode: what the guest is given, or may choose from */
typedef enum SpaprIcMode {
    SPAPR_IC_MODE_DEFAULT,      /* dual if the guest's processors allow it */
    SPAPR_IC_MODE_XICS,
    SPAPR_IC_MODE_XIVE,
    SPAPR_IC_MODE_DUAL,         /* XICS, until the guest chooses XIVE */
} SpaprIcMode;

/* A backend: an interrupt controller that presents the board's sources */
#define TYPE_SPAPR_INTC "spapr-intc"
typedef struct SpaprIntc SpaprIntc;
typedef struct SpaprIntcClass SpaprIntcClass;
#define SPAPR_INTC(obj) INTERFACE_CHECK(SpaprIntc, (obj), TYPE_SPAPR_INTC)
DECLARE_CLASS_CHECKERS(SpaprIntcClass, SPAPR_INTC, TYPE_SPAPR_INTC)

struct SpaprIntcClass {
    InterfaceClass parent;

    /* These are for both controllers, the active one or not */

    /* Make the presenter of a processor and keep it in its SpaprVcpu */
    bool (*vcpu_create)(SpaprIntc *intc, SpaprVcpu *vcpu, Error **errp);
    void (*vcpu_reset)(SpaprIntc *intc, SpaprVcpu *vcpu);
    void (*vcpu_destroy)(SpaprIntc *intc, SpaprVcpu *vcpu);
    void (*claim)(SpaprIntc *intc, uint32_t number, bool level);
    void (*release)(SpaprIntc *intc, uint32_t number);
    /*
     * Forget all that a guest has done, presenters included. Which lines are
     * asserted is told again with set_irq().
     */
    void (*reset)(SpaprIntc *intc);
    /* It becomes, or ceases to be, the one that the guest sees */
    void (*set_active)(SpaprIntc *intc, bool active);

    /* These are for the active one */

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
    SpaprIcMode mode;       /* any but the default */
    uint32_t nr_servers;    /* interrupt servers, i.e. highest vcpu id + 1 */

    SpaprIntc *xics;        /* the backends; NULL when the mode excludes it */
    SpaprIntc *xive;
    SpaprIntc *active;      /* one of them */

    int32_t nr_numbers;     /* bits in each of these: */
    unsigned long *claimed;
    unsigned long *level;   /* sources that are level-sensitive, */
    unsigned long *asserted;    /* and those of them that are up */
    qemu_irq *inputs;

    uint8_t peer_mode;      /* of the other end of a migration */
    bool peer_xive;
};

/** spapr_irq_mode_name: as the option ic-mode has it */
const char *spapr_irq_mode_name(SpaprIcMode mode);

/** spapr_irq_mode_parse: false when there is no such mode */
bool spapr_irq_mode_parse(const char *name, SpaprIcMode *mode);

/**
 * spapr_irq_install: make an interrupt module and its controllers part of the
 * board; the mode and the number of servers have been set
 */
bool spapr_irq_install(SpaprHypervisor *hv, SpaprIrq *irq, Error **errp);

/** spapr_irq_is_xive: whether XIVE is the active controller */
static inline bool spapr_irq_is_xive(const SpaprIrq *irq)
{
    return irq->active == irq->xive;
}

/**
 * spapr_irq_switch: give the guest a controller that the machine has, as it is
 * at the start. Both forget all that a guest has done.
 */
void spapr_irq_switch(SpaprIrq *irq, bool xive);

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
