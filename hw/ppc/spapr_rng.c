/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: random numbers
 *
 * H_RANDOM takes them from QEMU's own generator, which is always there, follows
 * -seed, and is recorded and replayed. With -device spapr-rng,rng=ID a user
 * names a backend instead. Backends deliver when they can, and hypercalls don't
 * wait, so that the device asks for random bytes ahead and keeps some. They are
 * not migrated: nobody misses them.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/fifo8.h"
#include "qemu/guest-random.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/units.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_rng.h"
#include "hw/qdev-properties.h"
#include "system/replay.h"
#include "system/rng.h"
#include "trace.h"

/*
 * What the device keeps: enough for the time in which the main loop fetches
 * more for a guest that does nothing but ask. It fetches when less than half of
 * it is left, and little at a time, for some backends answer nothing before
 * they have all.
 */
#define RNG_BYTES       (64 * KiB)
#define RNG_ENOUGH      (RNG_BYTES / 2)
#define RNG_REQUEST     512

/* What one call returns */
#define RANDOM_BYTES    8

struct SpaprRandom {
    SpaprModule parent_obj;

    SpaprRng *device;       /* NULL: QEMU's own generator */
};

struct SpaprRng {
    DeviceState parent_obj;

    RngBackend *backend;
    QEMUBH *refill;
    QemuMutex lock;         /* a leaf, for what follows */
    Fifo8 bytes;
    bool requested;         /* the backend owes an answer */
};

/* The device */

static void rng_receive(void *opaque, const void *data, size_t size)
{
    SpaprRng *rng = opaque;

    trace_spapr_rng_receive(size);
    WITH_QEMU_LOCK_GUARD(&rng->lock) {
        rng->requested = false;
        fifo8_push_all(&rng->bytes, data,
                       MIN(size, fifo8_num_free(&rng->bytes)));
        if (fifo8_num_used(&rng->bytes) >= RNG_ENOUGH) {
            return;
        }
    }
    replay_bh_schedule_event(rng->refill);
}

/* Backends want the BQL, so this is the main loop's */
static void rng_refill(void *opaque)
{
    SpaprRng *rng = opaque;

    WITH_QEMU_LOCK_GUARD(&rng->lock) {
        trace_spapr_rng_refill(fifo8_num_used(&rng->bytes));
        if (rng->requested) {
            return;
        }
        rng->requested = true;
    }
    rng_backend_request_entropy(rng->backend, RNG_REQUEST, rng_receive, rng);
}

/* Returns: whether there were enough bytes */
static bool rng_take(SpaprRng *rng, uint8_t *bytes)
{
    QEMU_LOCK_GUARD(&rng->lock);
    uint32_t used = fifo8_num_used(&rng->bytes);

    if (used < RNG_ENOUGH && !rng->requested) {
        replay_bh_schedule_event(rng->refill);
    }
    if (used < RANDOM_BYTES) {
        trace_spapr_rng_empty();
        return false;
    }
    fifo8_pop_buf(&rng->bytes, bytes, RANDOM_BYTES);
    return true;
}

static void rng_realize(DeviceState *dev, Error **errp)
{
    SpaprRng *rng = SPAPR_RNG(dev);
    Object *random = object_resolve_path_type("", TYPE_SPAPR_RANDOM, NULL);

    if (!random) {
        error_setg(errp, TYPE_SPAPR_RNG " is for the pseries machine only");
        return;
    }
    if (SPAPR_RANDOM(random)->device) {
        error_setg(errp, TYPE_SPAPR_RNG ": the machine has one already");
        return;
    }
    if (!rng->backend) {
        error_setg(errp, TYPE_SPAPR_RNG ": rng= must name a backend (-object "
                   "rng-random and others)");
        return;
    }
    qemu_mutex_init(&rng->lock);
    fifo8_create(&rng->bytes, RNG_BYTES);
    rng->refill = qemu_bh_new(rng_refill, rng);
    SPAPR_RANDOM(random)->device = rng;
    replay_bh_schedule_event(rng->refill);
}

static const Property rng_properties[] = {
    DEFINE_PROP_LINK("rng", SpaprRng, backend, TYPE_RNG_BACKEND, RngBackend *),
};

static void spapr_rng_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "source of an sPAPR partition's random numbers";
    dc->realize = rng_realize;
    dc->hotpluggable = false;
    device_class_set_props(dc, rng_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

/* The module */

/*
 * H_RANDOM, LoPAR "H_RANDOM"; no arguments. R4: 64 random bits.
 *
 * Returns: H_SUCCESS; H_HARDWARE when QEMU's generator fails; while a backend
 * has not delivered, H_LONG_BUSY_1_MSEC, which LoPAR doesn't have here, but
 * every guest takes for what it is: no number now (Linux, pseries-rng.c)
 */
static target_long h_random(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprRandom *random = opaque;
    uint8_t bytes[RANDOM_BYTES];

    if (random->device) {
        if (!rng_take(random->device, bytes)) {
            return H_LONG_BUSY_1_MSEC;
        }
    } else if (qemu_guest_getrandom(bytes, sizeof(bytes), NULL)) {
        return H_HARDWARE;
    }
    args[0] = ldq_be_p(bytes);
    return H_SUCCESS;
}

static void random_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                                  SpaprRtasTable *rtas)
{
    static const PowerpcHcallInfo call = {
        H_RANDOM, "H_RANDOM", "hcall-random", h_random, .unlocked = true
    };

    powerpc_register_hypercalls(hcalls, &call, 1, module);
}

/* LoPAR, "/ibm,platform-facilities"; Linux finds the driver by "compatible" */
static void random_populate_dt(SpaprModule *module, DtNode *root)
{
    DtNode *facilities = dt_get(root, "ibm,platform-facilities");
    DtNode *node;

    dt_prop_string(facilities, "device_type", "ibm,platform-facilities");
    dt_prop_u32(facilities, "#address-cells", 1);
    dt_prop_u32(facilities, "#size-cells", 0);
    node = dt_add(facilities, "ibm,random-v1");
    dt_prop_string(node, "compatible", "ibm,random");
    dt_prop_string(node, "status", "okay");
    /* All calls are synchronous */
    dt_prop_empty(node, "ibm,max-sync-cop");
}

static void spapr_random_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR random numbers";
    smc->register_calls = random_register_calls;
    smc->populate_dt = random_populate_dt;
}

static const TypeInfo spapr_rng_types[] = {
    {
        .name = TYPE_SPAPR_RANDOM,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprRandom),
        .class_init = spapr_random_class_init,
    }, {
        .name = TYPE_SPAPR_RNG,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(SpaprRng),
        .class_init = spapr_rng_class_init,
    },
};

DEFINE_TYPES(spapr_rng_types)
