/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: firmware, and what the user wants it to boot
 */

#ifndef HW_PPC_SPAPR_FIRMWARE_H
#define HW_PPC_SPAPR_FIRMWARE_H

#include "hw/boards.h"
#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_FIRMWARE "spapr-firmware"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprFirmware, SPAPR_FIRMWARE)

typedef struct SpaprVof SpaprVof;

typedef enum SpaprFirmwareKind {
    SPAPR_FIRMWARE_AUTO,
    SPAPR_FIRMWARE_SLOF,
    SPAPR_FIRMWARE_VOF,
} SpaprFirmwareKind;

/* A part of guest memory that an image fills; size 0: no image */
typedef struct SpaprImage {
    hwaddr addr;
    uint64_t size;
} SpaprImage;

struct SpaprFirmware {
    SpaprModule parent_obj;

    MachineState *machine;
    uint32_t kind;              /* SpaprFirmwareKind, but never auto */
    const char *image;          /* the file that the user names, or NULL */
    SpaprVof *vof;              /* NULL: SLOF, or what -bios names */
    SpaprImage kernel;
    hwaddr kernel_entry;
    SpaprImage initrd;
    char *boot_order;           /* monitor's boot_set and -boot once= */
    uint8_t rng_seed[32];       /* of this boot, for the guest's kernel */

    /* The flattened tree that the guest has; alias of MachineState::fdt */
    void *fdt;
    uint32_t fdt_size;
    size_t own_size;            /* of the tree that we have started it with */

    /* The same in a migration stream, while that is written or read */
    void *stream_fdt;
    uint32_t stream_size;
};

/**
 * spapr_firmware_new: firmware of the kind that the machine option firmware=
 * tells, or otherwise of @kind; the files that @machine names are still to be
 * loaded. To be installed as a module.
 */
SpaprFirmware *spapr_firmware_new(MachineState *machine,
                                  SpaprFirmwareKind kind);

/**
 * spapr_firmware_boot: build the tree and send @cpu into the firmware. Called
 * at the end of a machine reset.
 */
void spapr_firmware_boot(SpaprFirmware *fw, PowerPCCPU *cpu);

/**
 * spapr_firmware_build_tree: the tree for a guest that asks for it anew, after
 * client-architecture-support; for g_free()
 */
void *spapr_firmware_build_tree(SpaprFirmware *fw, size_t *size);

/**
 * spapr_fw_path_name: what SLOF calls a device, for the machine's
 * FWPathProvider
 *
 * Returns: such as "scsi@3", for g_free(); NULL: what the core calls it
 */
char *spapr_fw_path_name(DeviceState *dev);

/** spapr_firmware_set_fdt: @fdt, of @size bytes, is what the guest has now */
void spapr_firmware_set_fdt(SpaprFirmware *fw, void *fdt, size_t size);

#endif /* HW_PPC_SPAPR_FIRMWARE_H */
