/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: connectors for dynamic reconfiguration
 *
 * LoPAR, ch. "Dynamic Reconfiguration (DR) Architecture". A connector is where
 * an entity can be plugged in: a PCI slot. It is known to the guest by its
 * index. The module knows them all and brings the calls; whoever has something
 * to plug in has a group of connectors, and a kind that tells what they are.
 */

#ifndef HW_PPC_SPAPR_DRC_H
#define HW_PPC_SPAPR_DRC_H

#include "hw/ppc/spapr_module.h"

#define TYPE_SPAPR_DRCS "spapr-drcs"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprDrcs, SPAPR_DRCS)

/*
 * Indices: each kind has a range of its own. They are the same in all machines
 * that are configured alike, as a guest keeps them when it moves.
 */
#define SPAPR_DRC_PCI(bridge, bus, slot)                                \
    (0x40000000 | (bridge) << 16 | (bus) << 8 | (slot) << 3)
#define SPAPR_DRC_PCI_STRIDE    (1 << 3)

/* What a kind of connectors is, and does; @n counts from 0 in a group */
typedef struct SpaprDrcKind {
    const char *type;       /* table "Currently Defined DR Connector Types" */
    uint8_t resource;       /* in hot plug events: SPAPR_HOTPLUG_* */

    /* Whether there is such a connector: numbers may be left out, for good */
    bool (*exists)(void *opaque, uint32_t n);
    /* "ibm,drc-names" has what it returns, for g_free() */
    char *(*name)(void *opaque, uint32_t n);
    /* Whether something is plugged in */
    bool (*present)(void *opaque, uint32_t n);
    /* Make it ready for use: ibm,configure-connector begins */
    void (*configure)(void *opaque, uint32_t n);
    /* Add the nodes that ibm,configure-connector tells, as children of @root */
    void (*describe)(void *opaque, uint32_t n, DtNode *root);
    /* What is plugged in has been cut off from the guest: reset it */
    void (*disconnect)(void *opaque, uint32_t n);
    /* The guest has given it back: remove it */
    void (*release)(void *opaque, uint32_t n);
    /* The guest keeps what it has been asked for */
    void (*refused)(void *opaque, uint32_t n);
} SpaprDrcKind;

typedef struct SpaprDrcGroup SpaprDrcGroup;

typedef struct SpaprDrcRecord SpaprDrcRecord;

struct SpaprDrcs {
    SpaprModule parent_obj;

    GPtrArray *groups;      /* SpaprDrcGroup *, by their first index */

    /* All of them, on their way */
    SpaprDrcRecord *records;
    uint32_t nr_records;
};

/**
 * spapr_drcs_add: a group of connectors, for good
 * @kind: stays the caller's, and there
 * @opaque: handed to its functions
 * @first: index of the first one
 * @stride: distance of two indices
 * @count: how many
 */
SpaprDrcGroup *spapr_drcs_add(SpaprDrcs *drcs, const SpaprDrcKind *kind,
                              void *opaque, uint32_t first, uint32_t stride,
                              uint32_t count);

/** spapr_drcs_move: at a reset, the group's first index is another one */
void spapr_drcs_move(SpaprDrcGroup *group, uint32_t first);

/** spapr_drc_exists: whether a group has a connector number @n */
bool spapr_drc_exists(const SpaprDrcGroup *group, uint32_t n);

uint32_t spapr_drc_index(const SpaprDrcGroup *group, uint32_t n);

/** spapr_drc_connected: whether the guest may use what is plugged in */
bool spapr_drc_connected(const SpaprDrcGroup *group, uint32_t n);

/** spapr_drc_visible: whether the guest finds it; so when it is connected */
bool spapr_drc_visible(const SpaprDrcGroup *group, uint32_t n);

/** spapr_drc_populate_dt: the properties of the node that they belong to */
void spapr_drc_populate_dt(const SpaprDrcGroup *group, DtNode *node);

/**
 * spapr_drc_can_tell: whether a hot plug event would reach the guest; it does
 * not when there are too many that it has not taken
 */
bool spapr_drc_can_tell(const SpaprDrcGroup *group, Error **errp);

/** spapr_drc_attach: what is plugged in, if anything, was so from the start */
void spapr_drc_attach(SpaprDrcGroup *group, uint32_t n);

/** spapr_drc_plug: something has been plugged in; the guest learns of it */
void spapr_drc_plug(SpaprDrcGroup *group, uint32_t n);

/**
 * spapr_drc_unplug: have SpaprDrcKind::release() called: at once when what is
 * plugged in is isolated, or else when the guest has isolated it, for which it is
 * asked, or is reset
 *
 * Returns: false with @errp set when the guest can't be asked
 */
bool spapr_drc_unplug(SpaprDrcGroup *group, uint32_t n, Error **errp);

/**
 * spapr_drcs_set_power, spapr_drcs_get_power: the power domain of a connector
 * @domain: the connector's index
 * @level: per cent
 *
 * Returns: a status word
 */
int32_t spapr_drcs_set_power(SpaprDrcs *drcs, uint32_t domain, uint32_t level);
int32_t spapr_drcs_get_power(SpaprDrcs *drcs, uint32_t domain,
                             uint32_t *level);

/**
 * spapr_drcs_machine_reset: remove what the guest has been asked for; it is
 * about to be reset, with all devices
 */
void spapr_drcs_machine_reset(SpaprDrcs *drcs);

#endif /* HW_PPC_SPAPR_DRC_H */
