/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: non-volatile memory
 *
 * LoPAR, ch. "Non-Volatile Memory". A guest reads and writes it by two RTAS
 * calls; the partitions in it are the business of firmware and operating
 * system. Without a drive it starts with a "common" partition that holds what
 * -prom-env sets; with -prom-env a drive starts afresh too.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/nvram/chrp_nvram.h"
#include "hw/nvram/spapr_nvram.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "system/block-backend.h"
#include "system/blockdev.h"
#include "system/runstate.h"
#include "system/system.h"

#define NVRAM_DEFAULT_SIZE  (64 * KiB)
#define NVRAM_MIN_SIZE      (8 * KiB)
#define NVRAM_MAX_SIZE      (1 * MiB)

/*
 * Every machine has this device, so it stays out of the range in which others
 * are counted up: a user's first terminal is to be the first there.
 */
#define NVRAM_DEFAULT_UNIT  0x70000000

/* SLOF doesn't enlarge the partition of its variables: leave it some room */
#define NVRAM_SYSTEM_SIZE   (4 * KiB)

struct SpaprNvram {
    SpaprVioDevice parent_obj;

    BlockBackend *blk;      /* NULL: not kept */
    uint8_t *data;
    uint32_t size;
    VMChangeStateEntry *vmstate;
    bool unsaved;           /* the drive is to get all of it, once we run */
};

/*
 * Both calls have: argument 0 offset in NVRAM, 1 real address of a buffer, 2
 * number of bytes. Out: the number of bytes copied.
 */

/* Returns: the NVRAM, or NULL when it doesn't have those bytes */
static SpaprNvram *nvram_for_call(SpaprVioBus *bus, const uint32_t *args)
{
    SpaprVioDevice *dev = spapr_vio_first(bus, TYPE_SPAPR_NVRAM);
    SpaprNvram *nvram = dev ? SPAPR_NVRAM(dev) : NULL;

    return nvram && args[0] <= nvram->size &&
           args[2] <= nvram->size - args[0] ? nvram : NULL;
}

/*
 * nvram-fetch, LoPAR "nvram-fetch". Status 0, -1 when the buffer can't be
 * written, -3 for bytes that NVRAM doesn't have.
 */
static int32_t rtas_nvram_fetch(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SpaprNvram *nvram = nvram_for_call(opaque, args);

    if (!nvram) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (address_space_write(&address_space_memory, args[1],
                            MEMTXATTRS_UNSPECIFIED, nvram->data + args[0],
                            args[2]) != MEMTX_OK) {
        return RTAS_OUT_HW_ERROR;
    }
    outs[0] = args[2];
    return RTAS_OUT_SUCCESS;
}

/*
 * nvram-store, LoPAR "nvram-store". Status 0, -1 when the buffer can't be read
 * or the drive doesn't take it, -3 for bytes that NVRAM doesn't have. After an
 * error the guest finds NVRAM as it was.
 */
static int32_t rtas_nvram_store(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    SpaprNvram *nvram = nvram_for_call(opaque, args);
    g_autofree uint8_t *buf = NULL;

    if (!nvram) {
        return RTAS_OUT_PARAM_ERROR;
    }
    if (!args[2]) {
        return RTAS_OUT_SUCCESS;
    }
    buf = g_malloc(args[2]);
    if (address_space_read(&address_space_memory, args[1],
                           MEMTXATTRS_UNSPECIFIED, buf, args[2]) != MEMTX_OK) {
        return RTAS_OUT_HW_ERROR;
    }
    if (nvram->blk &&
        blk_pwrite(nvram->blk, args[0], args[2], buf, 0) < 0) {
        return RTAS_OUT_HW_ERROR;
    }
    memcpy(nvram->data + args[0], buf, args[2]);
    outs[0] = args[2];
    return RTAS_OUT_SUCCESS;
}

static void nvram_register_calls(SpaprVioBus *bus, SpaprHcallTable *hcalls,
                                 SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "nvram-fetch", 3, 2, rtas_nvram_fetch, bus);
    spapr_rtas_register(rtas, "nvram-store", 3, 2, rtas_nvram_store, bus);
}

static bool nvram_open_drive(SpaprNvram *nvram, Error **errp)
{
    int64_t len = blk_getlength(nvram->blk);

    if (len < NVRAM_MIN_SIZE || len > NVRAM_MAX_SIZE) {
        error_setg(errp, "the drive's size must be from %" PRIu64 " to %" PRIu64
                   " bytes", (uint64_t)NVRAM_MIN_SIZE,
                   (uint64_t)NVRAM_MAX_SIZE);
        return false;
    }
    if (blk_set_perm(nvram->blk, BLK_PERM_CONSISTENT_READ | BLK_PERM_WRITE,
                     BLK_PERM_ALL, errp) < 0) {
        return false;
    }
    nvram->size = len;
    return true;
}

/*
 * LoPAR's names: R1-"System (0x70)"-1, R1-"Free Space (0x7F)"-2. Those that the
 * core gives are for other firmware; Linux's tools look for these.
 */
static void nvram_name_partition(uint8_t *data, const char *name, uint32_t len)
{
    ChrpNvramPartHdr *header = (ChrpNvramPartHdr *)data;

    strpadcpy(header->name, sizeof(header->name), name, '\0');
    chrp_nvram_finish_partition(header, len);
}

/*
 * Two partitions that together fill NVRAM. The core rounds the first one up,
 * end marker included, by up to a header's size; the other one has a header.
 */
static void nvram_format(SpaprNvram *nvram)
{
    int max = nvram->size - 2 * sizeof(ChrpNvramPartHdr);
    int used = chrp_nvram_create_system_partition(nvram->data,
                                                  NVRAM_SYSTEM_SIZE, max);
    int rest = nvram->size - used;

    nvram_name_partition(nvram->data, "common", used);
    chrp_nvram_create_free_partition(nvram->data + used, rest);
    nvram_name_partition(nvram->data + used, "wwwwwwwwwwww", rest);
}

/*
 * A drive is ours to write only once the guest runs here: while migration comes
 * in, the other side still has it.
 */
static void nvram_vm_state_change(void *opaque, bool running, RunState state)
{
    SpaprNvram *nvram = opaque;

    if (running && nvram->unsaved) {
        nvram->unsaved = false;
        if (blk_pwrite(nvram->blk, 0, nvram->size, nvram->data, 0) < 0) {
            error_report("%s: can't write the contents to the drive",
                         TYPE_SPAPR_NVRAM);
        }
    }
}

/* RTAS calls name no device: there can be but one */
static bool nvram_other(SpaprVioBus *bus, SpaprVioDevice *dev)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        if (kid->child != DEVICE(dev) &&
            object_dynamic_cast(OBJECT(kid->child), TYPE_SPAPR_NVRAM)) {
            return true;
        }
    }
    return false;
}

static void nvram_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprNvram *nvram = SPAPR_NVRAM(dev);
    SpaprVioBus *bus = SPAPR_VIO_BUS(qdev_get_parent_bus(DEVICE(dev)));

    if (nvram_other(bus, dev)) {
        error_setg(errp, "the machine has its one %s already; to keep it in a "
                   "file, use -drive if=pflash", TYPE_SPAPR_NVRAM);
        return;
    }
    nvram->size = NVRAM_DEFAULT_SIZE;
    if (nvram->blk && !nvram_open_drive(nvram, errp)) {
        return;
    }
    nvram->data = g_malloc0(nvram->size);
    if (!nvram->blk || nb_prom_envs) {
        nvram_format(nvram);
        nvram->unsaved = nvram->blk;
    } else if (blk_pread(nvram->blk, 0, nvram->size, nvram->data, 0) < 0) {
        error_setg(errp, "can't read the drive");
        g_free(nvram->data);
        return;
    }
    if (nvram->blk) {
        nvram->vmstate = qdev_add_vm_change_state_handler(DEVICE(dev),
                             nvram_vm_state_change, nvram);
    }
}

static void nvram_unrealize(SpaprVioDevice *dev)
{
    SpaprNvram *nvram = SPAPR_NVRAM(dev);

    if (nvram->vmstate) {
        qemu_del_vm_change_state_handler(nvram->vmstate);
    }
    g_free(nvram->data);
}

/* SLOF's board-qemu/slof/rtas-nvram.fs */
static void nvram_populate_dt(SpaprVioDevice *dev, DtNode *node)
{
    dt_prop_u32(node, "#bytes", SPAPR_NVRAM(dev)->size);
}

static int nvram_post_load(void *opaque, int version_id)
{
    SpaprNvram *nvram = opaque;

    nvram->unsaved = nvram->blk;
    return 0;
}

static const VMStateDescription vmstate_spapr_nvram = {
    .name = TYPE_SPAPR_NVRAM,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = nvram_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, SpaprNvram, 1, vmstate_spapr_vio_device,
                       SpaprVioDevice),
        VMSTATE_UINT32_EQUAL(size, SpaprNvram, "the NVRAM's size differs"),
        VMSTATE_VBUFFER_UINT32(data, SpaprNvram, 1, NULL, size),
        VMSTATE_END_OF_LIST()
    },
};

void spapr_nvram_create(SpaprVioBus *bus)
{
    DeviceState *dev = qdev_new(TYPE_SPAPR_NVRAM);
    DriveInfo *drive = drive_get(IF_PFLASH, 0, 0);
    Error *err = NULL;

    if (SPAPR_VIO_DEVICE(dev)->reg == SPAPR_VIO_ANY_UNIT) {
        SPAPR_VIO_DEVICE(dev)->reg = NVRAM_DEFAULT_UNIT;
    }
    if (drive) {
        qdev_prop_set_drive_err(dev, "drive", blk_by_legacy_dinfo(drive),
                                &error_fatal);
    }
    if (!qdev_realize_and_unref(dev, BUS(bus), &err)) {
        error_reportf_err(err, "%s: ",
                          drive ? "-drive if=pflash" : TYPE_SPAPR_NVRAM);
        exit(EXIT_FAILURE);
    }
}

static const Property nvram_properties[] = {
    DEFINE_PROP_DRIVE("drive", SpaprNvram, blk),
};

static void spapr_nvram_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *vdc = SPAPR_VIO_DEVICE_CLASS(oc);

    dc->desc = "sPAPR non-volatile memory";
    dc->vmsd = &vmstate_spapr_nvram;
    device_class_set_props(dc, nvram_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    vdc->dt_name = "nvram";
    vdc->dt_type = "nvram";
    vdc->dt_compatible = "qemu,spapr-nvram";
    vdc->realize = nvram_realize;
    vdc->unrealize = nvram_unrealize;
    vdc->populate_dt = nvram_populate_dt;
    vdc->register_calls = nvram_register_calls;
}

static const TypeInfo spapr_nvram_types[] = {
    {
        .name = TYPE_SPAPR_NVRAM,
        .parent = TYPE_SPAPR_VIO_DEVICE,
        .instance_size = sizeof(SpaprNvram),
        .class_init = spapr_nvram_class_init,
    },
};

DEFINE_TYPES(spapr_nvram_types)
