/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: firmware, and what the user wants it to boot
 *
 * Loads the firmware's image and the files of -kernel and -initrd, tells the
 * firmware in /chosen what to do with them, and starts it. SLOF, or whatever
 * -bios names, is entered at its reset vector with the flattened tree in
 * memory; VOF keeps its tree with the hypervisor (spapr_vof.c).
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/datadir.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "qemu/units.h"
#include "elf.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/char/spapr_vty.h"
#include "hw/loader.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_vof.h"
#include "migration/vmstate.h"
#include "system/reset.h"
#include "system/system.h"

#include <libfdt.h>

#define SLOF_FILE_NAME      "slof.bin"
#define VOF_FILE_NAME       "vof.bin"

/* An image lies at address 0 and is entered at the system reset vector */
#define FIRMWARE_ENTRY      0x100
#define FIRMWARE_MAX_SIZE   (4 * MiB)

/* Behind all that SLOF has at the bottom of memory */
#define KERNEL_ADDR         (4 * MiB)
#define INITRD_ALIGN        (64 * KiB)

/* Images start at the bottom of memory, the tree ends here or at the RMA's */
#define IMAGES_TOP          (2 * GiB)
#define FDT_ALIGN           (64 * KiB)

/* A guest's own tree (H_UPDATE_DT) may be twice as large as ours, and this */
#define FDT_UPDATE_SLACK    (1 * MiB)

/* The longest name of a property; those that are known have 31 characters */
#define FDT_NAME_MAX        255

void spapr_firmware_set_fdt(SpaprFirmware *fw, void *fdt, size_t size)
{
    g_free(fw->fdt);
    fw->fdt = fdt;
    fw->fdt_size = size;
    /* The core's dumpdtb, option and command, looks there */
    fw->machine->fdt = fdt;
}

void *spapr_firmware_build_tree(SpaprFirmware *fw, size_t *size)
{
    DtNode *root = spapr_hypervisor_build_dt(SPAPR_MODULE(fw)->hv);
    void *fdt = dt_flatten(root, 0, size);

    dt_free(root);
    return fdt;
}

/* Both the tree and the images must be within 32-bit firmware's reach */
static uint64_t images_top(SpaprFirmware *fw)
{
    return MIN(SPAPR_MODULE(fw)->hv->memory->rma_size, IMAGES_TOP);
}

/* Put the tree into memory and enter the image with its address in R3 */
static void firmware_boot_image(SpaprFirmware *fw, DtNode *root,
                                PowerPCCPU *cpu)
{
    hwaddr top = images_top(fw);
    hwaddr addr;
    size_t size;
    void *fdt = dt_flatten(root, 0, &size);

    addr = QEMU_ALIGN_DOWN(top - size, FDT_ALIGN);
    if (size >= top || addr < fw->initrd.addr + fw->initrd.size ||
        addr < fw->kernel.addr + fw->kernel.size ||
        address_space_write(&address_space_memory, addr,
                            MEMTXATTRS_UNSPECIFIED, fdt, size) != MEMTX_OK) {
        error_report("-m: no room for the device tree above the images");
        exit(EXIT_FAILURE);
    }
    spapr_firmware_set_fdt(fw, fdt, size);
    spapr_cpu_start(cpu, FIRMWARE_ENTRY, 0, addr, 0);
}

void spapr_firmware_boot(SpaprFirmware *fw, PowerPCCPU *cpu)
{
    DtNode *root = spapr_hypervisor_build_dt(SPAPR_MODULE(fw)->hv);

    if (fw->vof) {
        spapr_vof_boot(fw->vof, root, cpu);
    } else {
        firmware_boot_image(fw, root, cpu);
    }
    fw->own_size = fw->fdt_size;
    dt_free(root);
}

static void firmware_reset_hold(Object *obj, ResetType type)
{
    SpaprFirmware *fw = SPAPR_FIRMWARE(obj);

    /* Not for a replay that loads its state: no such reset was recorded */
    if (type != RESET_TYPE_SNAPSHOT_LOAD) {
        qemu_guest_getrandom_nofail(fw->rng_seed, sizeof(fw->rng_seed));
    }
}

/* /chosen, as SLOF's board-qemu and Linux's prom.c read it */
static void firmware_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprFirmware *fw = SPAPR_FIRMWARE(module);
    MachineState *machine = fw->machine;
    const char *order = fw->boot_order ?: machine->boot_config.order;
    SpaprVioDevice *console = spapr_vty_default(module->hv->vio->bus);
    DtNode *chosen = dt_get(root, "chosen");
    g_autofree char *boot_list = NULL;
    size_t boot_list_len = 0;

    /* A boot loader has its own, which SLOF would replace with ours at CAS */
    if (fw->kernel.size) {
        dt_prop_string(chosen, "bootargs", machine->kernel_cmdline ?: "");
    }
    /* Without it early random numbers cost Linux a tenth of its boot */
    dt_prop(chosen, "rng-seed", fw->rng_seed, sizeof(fw->rng_seed));
    if (fw->initrd.size) {
        /* SLOF's client.fs reads one cell, and images end below 4 GiB */
        dt_prop_u32(chosen, "linux,initrd-start", fw->initrd.addr);
        dt_prop_u32(chosen, "linux,initrd-end",
                    fw->initrd.addr + fw->initrd.size);
    }
    if (fw->kernel.size) {
        /* Where to enter it, and its size from there */
        uint64_t size = fw->kernel.addr + fw->kernel.size - fw->kernel_entry;

        dt_prop_cells(chosen, "qemu,boot-kernel",
                      fw->kernel_entry >> 32, (uint32_t)fw->kernel_entry,
                      size >> 32, (uint32_t)size);
    }
    if (machine->boot_config.has_menu && machine->boot_config.menu) {
        dt_prop_u32(chosen, "qemu,boot-menu", 1);
    }
    if (order && *order) {
        dt_prop_string(chosen, "qemu,boot-device", order);
    }
    boot_list = get_boot_devices_list(&boot_list_len);
    if (boot_list) {
        /* SLOF's qemu-bootlist.fs knows -boot strict=on by " HALT" at the end */
        g_strdelimit(boot_list, "\n", ' ');
        dt_prop_string(chosen, "qemu,boot-list", boot_list);
    }
    dt_prop_u32(chosen, "qemu,graphic-width", graphic_width);
    dt_prop_u32(chosen, "qemu,graphic-height", graphic_height);
    dt_prop_u32(chosen, "qemu,graphic-depth", graphic_depth);
    /* A screen of -vga's is SLOF's, with the USB keyboard, but for -nographic */
    if (console && (fw->vof || vga_interface_type == VGA_NONE ||
                    !machine->enable_graphics)) {
        g_autofree char *path = qdev_get_fw_dev_path(DEVICE(console));

        dt_prop_string(chosen, "stdout-path", path);
        /* What "stdout-path" was called before; old kernels look for it */
        dt_prop_string(chosen, "linux,stdout-path", path);
    }
}

static bool tree_size_ok(const SpaprFirmware *fw, uint32_t size)
{
    return size <= fw->own_size * 2ull + FDT_UPDATE_SLACK;
}

/*
 * A property's name is read to its end for each property that has it. One that
 * is long would make that a matter of seconds, and more.
 */
static bool tree_names_ok(const void *fdt)
{
    const char *strings = (const char *)fdt + fdt_off_dt_strings(fdt);
    uint32_t length = 0;

    for (uint32_t i = 0; i < fdt_size_dt_strings(fdt); i++) {
        length = strings[i] ? length + 1 : 0;
        if (length > FDT_NAME_MAX) {
            return false;
        }
    }
    return true;
}

/* Whether what comes from a guest, or with a stream, is a tree */
static bool tree_valid(const void *fdt, uint32_t size)
{
    return size >= sizeof(struct fdt_header) && !fdt_check_header(fdt) &&
           fdt_version(fdt) >= FDT_LAST_SUPPORTED_VERSION &&
           fdt_totalsize(fdt) <= size && tree_names_ok(fdt) &&
           !fdt_check_full(fdt, size);
}

/*
 * H_UPDATE_DT, SLOF's board-qemu/slof/rtas.fs: R4 real address of the flattened
 * tree that the guest goes on with, firmware's changes included. The hypervisor
 * keeps a copy, for the monitor's dumpdtb. Returns H_FUNCTION under VOF, whose
 * tree we have anyway, and H_PARAMETER for what isn't a valid tree of a fit
 * size.
 */
static target_long h_update_dt(PowerPCCPU *cpu, void *opaque,
                               target_ulong *args)
{
    SpaprFirmware *fw = opaque;
    struct fdt_header header;
    g_autofree void *fdt = NULL;
    uint32_t size;

    if (fw->vof) {
        return H_FUNCTION;
    }
    if (address_space_read(&address_space_memory, args[0],
                           MEMTXATTRS_UNSPECIFIED, &header,
                           sizeof(header)) != MEMTX_OK ||
        fdt_check_header(&header)) {
        return H_PARAMETER;
    }
    size = fdt_totalsize(&header);
    if (!tree_size_ok(fw, size)) {
        return H_PARAMETER;
    }
    fdt = g_try_malloc(size);
    if (!fdt || address_space_read(&address_space_memory, args[0],
                                   MEMTXATTRS_UNSPECIFIED, fdt,
                                   size) != MEMTX_OK ||
        !tree_valid(fdt, size)) {
        return H_PARAMETER;
    }
    spapr_firmware_set_fdt(fw, g_steal_pointer(&fdt), size);
    return H_SUCCESS;
}

static bool load_firmware_image(SpaprFirmware *fw, bool vof, Error **errp)
{
    const char *name = fw->image ?: vof ? VOF_FILE_NAME : SLOF_FILE_NAME;
    g_autofree char *path = qemu_find_file(QEMU_FILE_TYPE_BIOS, name);
    ssize_t size;

    if (!path) {
        error_setg(errp, "firmware: no image '%s'", name);
        return false;
    }
    size = load_image_targphys(path, 0, FIRMWARE_MAX_SIZE);
    if (size <= 0) {
        error_setg(errp, "firmware: can't load '%s' (at most %" PRIu64 " MiB)",
                   path, (uint64_t)(FIRMWARE_MAX_SIZE / MiB));
        return false;
    }
    if (vof) {
        fw->vof = spapr_vof_new(fw, size);
    }
    return true;
}

/* ppc64 kernels are linked at 0xc000000000000000; what counts is the offset */
static uint64_t kernel_translate(void *opaque, uint64_t addr)
{
    return (addr & 0x0fffffffffffffff) + KERNEL_ADDR;
}

static bool load_kernel(SpaprFirmware *fw, Error **errp)
{
    const char *file = fw->machine->kernel_filename;
    uint64_t entry, low, high;
    ssize_t size;

    if (get_image_size(file) < 0) {
        error_setg(errp, "-kernel: can't open '%s'", file);
        return false;
    }
    size = load_elf(file, NULL, kernel_translate, NULL, &entry,
                    &low, &high, NULL, ELFDATA2LSB, EM_PPC64, 0, 0);
    if (size == ELF_LOAD_WRONG_ENDIAN) {
        size = load_elf(file, NULL, kernel_translate, NULL, &entry,
                        &low, &high, NULL, ELFDATA2MSB, EM_PPC64, 0, 0);
    }
    if (size <= 0) {
        error_setg(errp, "-kernel: can't load '%s': %s", file,
                   load_elf_strerror(size));
        return false;
    }
    if (high > images_top(fw)) {
        error_setg(errp, "-kernel: '%s' does not fit into %" PRIu64
                   " MiB of memory", file, images_top(fw) / MiB);
        return false;
    }
    /* The loader translates segments, but not the entry point */
    fw->kernel_entry = kernel_translate(NULL, entry);
    fw->kernel = (SpaprImage) { low, high - low };
    return true;
}

static bool load_initrd(SpaprFirmware *fw, Error **errp)
{
    const char *file = fw->machine->initrd_filename;
    hwaddr addr = ROUND_UP(fw->kernel.addr + fw->kernel.size, INITRD_ALIGN);
    int64_t size = get_image_size(file);

    if (size < 0) {
        error_setg(errp, "-initrd: can't open '%s'", file);
        return false;
    }
    if (addr > images_top(fw) || size > images_top(fw) - addr) {
        error_setg(errp, "-initrd: '%s' does not fit into %" PRIu64
                   " MiB of memory", file, images_top(fw) / MiB);
        return false;
    }
    if (load_image_targphys(file, addr, size) != size) {
        error_setg(errp, "-initrd: can't load '%s'", file);
        return false;
    }
    fw->initrd = (SpaprImage) { addr, size };
    return true;
}

static void firmware_boot_set(void *opaque, const char *order, Error **errp)
{
    SpaprFirmware *fw = opaque;

    g_free(fw->boot_order);
    fw->boot_order = g_strdup(order);
}

static void firmware_realize(DeviceState *dev, Error **errp)
{
    SpaprFirmware *fw = SPAPR_FIRMWARE(dev);
    MachineState *machine = fw->machine;

    if (!load_firmware_image(fw, fw->kind == SPAPR_FIRMWARE_VOF, errp)) {
        return;
    }
    if (machine->kernel_filename && !load_kernel(fw, errp)) {
        return;
    }
    if (machine->initrd_filename && !load_initrd(fw, errp)) {
        return;
    }
    qemu_register_boot_set(firmware_boot_set, fw);
}

/*
 * The core has one option for both: "-bios FILE" is short for
 * "-machine firmware=FILE". So our words are looked for before a file.
 */
static bool firmware_parse_kind(const char *word, SpaprFirmwareKind *kind)
{
    static const char *const names[] = {
        [SPAPR_FIRMWARE_AUTO] = "auto",
        [SPAPR_FIRMWARE_SLOF] = "slof",
        [SPAPR_FIRMWARE_VOF] = "vof",
    };

    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (g_strcmp0(word, names[i]) == 0) {
            *kind = i;
            return true;
        }
    }
    return false;
}

SpaprFirmware *spapr_firmware_new(MachineState *machine,
                                  SpaprFirmwareKind kind)
{
    SpaprFirmware *fw = SPAPR_FIRMWARE(object_new(TYPE_SPAPR_FIRMWARE));

    fw->machine = machine;
    if (!firmware_parse_kind(machine->firmware, &kind)) {
        fw->image = machine->firmware;
    }
    /* A kernel needs no SLOF, unless the user asks for what only SLOF has */
    if (kind == SPAPR_FIRMWARE_AUTO) {
        kind = machine->kernel_filename && !fw->image && !nb_prom_envs ?
               SPAPR_FIRMWARE_VOF : SPAPR_FIRMWARE_SLOF;
    }
    fw->kind = kind;
    return fw;
}

static void firmware_finalize(Object *obj)
{
    SpaprFirmware *fw = SPAPR_FIRMWARE(obj);

    spapr_vof_free(fw->vof);
    g_free(fw->boot_order);
    g_free(fw->fdt);
    g_free(fw->stream_fdt);
}

static void firmware_register_calls(SpaprModule *module,
                                    SpaprHcallTable *hcalls,
                                    SpaprRtasTable *rtas)
{
    powerpc_register_hypercall(hcalls, H_PRIVATE_UPDATE_DT, "H_UPDATE_DT", NULL,
                               h_update_dt, module);
}

static int firmware_pre_save(void *opaque)
{
    SpaprFirmware *fw = opaque;

    fw->stream_fdt = fw->fdt;
    fw->stream_size = fw->fdt_size;
    return 0;
}

static int firmware_post_save(void *opaque)
{
    SpaprFirmware *fw = opaque;

    fw->stream_fdt = NULL;
    return 0;
}

static int firmware_pre_load(void *opaque)
{
    SpaprFirmware *fw = opaque;

    /* What a load that has failed may have left */
    g_clear_pointer(&fw->stream_fdt, g_free);
    return 0;
}

static bool firmware_stream_size_ok(void *opaque, int version_id)
{
    SpaprFirmware *fw = opaque;

    return tree_size_ok(fw, fw->stream_size);
}

static int firmware_post_load(void *opaque, int version_id)
{
    SpaprFirmware *fw = opaque;

    if (!fw->stream_fdt || !tree_valid(fw->stream_fdt, fw->stream_size) ||
        (fw->vof && !spapr_vof_tree_valid(fw->stream_fdt))) {
        error_report("%s: the stream's device tree is malformed",
                     TYPE_SPAPR_FIRMWARE);
        return -EINVAL;
    }
    spapr_firmware_set_fdt(fw, g_steal_pointer(&fw->stream_fdt),
                           fw->stream_size);
    return 0;
}

static bool firmware_vof_needed(void *opaque)
{
    SpaprFirmware *fw = opaque;

    return fw->vof != NULL;
}

/* It is the sender alone that asks whether it is needed */
static int firmware_vof_pre_load(void *opaque)
{
    return firmware_vof_needed(opaque) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_spapr_firmware_vof = {
    .name = "spapr-firmware/vof",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = firmware_vof_needed,
    .pre_load = firmware_vof_pre_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(vof, SpaprFirmware, vmstate_spapr_vof,
                               SpaprVof),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_spapr_firmware = {
    .name = "spapr-firmware",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = firmware_pre_save,
    .post_save = firmware_post_save,
    .pre_load = firmware_pre_load,
    .post_load = firmware_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(kind, SpaprFirmware, "firmware= differs"),
        VMSTATE_UINT32(stream_size, SpaprFirmware),
        VMSTATE_VALIDATE("device tree's size", firmware_stream_size_ok),
        VMSTATE_VBUFFER_ALLOC_UINT32(stream_fdt, SpaprFirmware, 1, NULL,
                                     stream_size),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_spapr_firmware_vof,
        NULL
    },
};

static void spapr_firmware_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR firmware";
    dc->realize = firmware_realize;
    dc->vmsd = &vmstate_spapr_firmware;
    RESETTABLE_CLASS(oc)->phases.hold = firmware_reset_hold;
    smc->register_calls = firmware_register_calls;
    smc->populate_dt = firmware_populate_dt;
}

static const TypeInfo spapr_firmware_types[] = {
    {
        .name = TYPE_SPAPR_FIRMWARE,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprFirmware),
        .instance_finalize = firmware_finalize,
        .class_init = spapr_firmware_class_init,
    },
};

DEFINE_TYPES(spapr_firmware_types)
