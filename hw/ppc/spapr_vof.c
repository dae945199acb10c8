/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the board's side of Virtual Open Firmware
 *
 * VOF is a few instructions in the guest and QEMU's hw/ppc/vof.c here: the
 * client interface is a hypercall, and the tree is the hypervisor's own blob.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "exec/target_long.h"
#include "hw/char/spapr_vty.h"
#include "hw/ppc/spapr_cas.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_vof.h"
#include "hw/ppc/vof.h"
#include "migration/vmstate.h"
#include "target/ppc/cpu.h"

#include <libfdt.h>

#define VOF_ENTRY           0x100
/* The PowerPC ABI's smallest stack frame */
#define VOF_STACK_FRAME     0x20

/*
 * Room in the blob for what clients add: the properties below, of 2 KiB at
 * most, and the list of free memory, of 1024 entries at most (vof.c). Not half
 * of it will be used.
 */
#define VOF_ROOM            (64 * KiB)

struct SpaprVof {
    SpaprFirmware *fw;
    Vof core;
};

/* Properties that Linux's prom_init.c sets, by node */
static const struct {
    const char *path;
    const char *name;
} vof_client_props[] = {
    { "/rtas", "linux,rtas-base" },
    { "/rtas", "linux,rtas-entry" },
    { "/chosen", "bootargs" },
    { "/chosen", "linux,initrd-start" },
    { "/chosen", "linux,initrd-end" },
};

bool spapr_vof_setprop(const char *path, const char *propname)
{
    for (int i = 0; i < ARRAY_SIZE(vof_client_props); i++) {
        if (g_str_equal(path, vof_client_props[i].path) &&
            g_str_equal(propname, vof_client_props[i].name)) {
            return true;
        }
    }
    return false;
}

static void *vof_flatten(DtNode *root, size_t *size)
{
    dt_assign_phandles(root);
    return dt_flatten(root, VOF_ROOM, size);
}

/* Take memory that firmware's allocator is not to give away */
static void vof_reserve(SpaprVof *vof, const SpaprImage *image)
{
    if (image->size) {
        /* Fresh allocator, and images don't overlap: it can't be in use */
        g_assert(vof_claim(&vof->core, image->addr, image->size, 0) ==
                 image->addr);
    }
}

void spapr_vof_boot(SpaprVof *vof, DtNode *root, PowerPCCPU *cpu)
{
    SpaprFirmware *fw = vof->fw;
    SpaprHypervisor *hv = SPAPR_MODULE(fw)->hv;
    SpaprVioDevice *console = spapr_vty_default(hv->vio->bus);
    uint64_t stack;
    size_t size;
    void *fdt;

    vof_init(&vof->core, hv->memory->rma_size, &error_fatal);
    vof_reserve(vof, &fw->kernel);
    vof_reserve(vof, &fw->initrd);
    stack = vof_claim(&vof->core, 0, VOF_STACK_SIZE, VOF_STACK_SIZE);
    if (stack == -1) {
        error_report("-m: no room for firmware's stack above the images");
        exit(EXIT_FAILURE);
    }

    fdt = vof_flatten(root, &size);
    spapr_firmware_set_fdt(fw, fdt, size);
    vof_build_dt(fdt, &vof->core);
    if (console) {
        g_autofree char *path = qdev_get_fw_dev_path(DEVICE(console));

        vof_client_open_store(fdt, &vof->core, "/chosen", "stdout", path);
        vof_client_open_store(fdt, &vof->core, "/chosen", "stdin", path);
    }
    spapr_cpu_start(cpu, VOF_ENTRY, stack + VOF_STACK_SIZE - VOF_STACK_FRAME,
                    fw->initrd.addr, fw->initrd.size);
}

/* "quiesce" packs the blob, but a client may go on and need room in it */
static void vof_make_room(SpaprFirmware *fw)
{
    uint32_t used = fdt_off_dt_strings(fw->fdt) + fdt_size_dt_strings(fw->fdt);
    uint32_t size = used + VOF_ROOM;
    void *fdt;

    if (fdt_totalsize(fw->fdt) - used >= VOF_ROOM / 2) {
        return;
    }
    fdt = g_malloc0(size);
    g_assert(fdt_open_into(fw->fdt, fdt, size) == 0);
    spapr_firmware_set_fdt(fw, fdt, size);
}

static bool cells_valid(int cells)
{
    return cells == 1 || cells == 2;
}

/* What vof.c and we take for granted of a tree that we have made ourselves */
bool spapr_vof_tree_valid(const void *fdt)
{
    g_autofree void *copy = g_malloc(fdt_totalsize(fdt));
    int addr_cells = fdt_address_cells(fdt, 0);
    int size_cells = fdt_size_cells(fdt, 0);
    int memory = fdt_path_offset(fdt, "/memory@0");
    int len;

    if (!cells_valid(addr_cells) || !cells_valid(size_cells) || memory < 0 ||
        !fdt_getprop(fdt, memory, "reg", &len) ||
        len != (addr_cells + size_cells) * sizeof(uint32_t)) {
        return false;
    }
    for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        if (!fdt_get_phandle(fdt, node)) {
            return false;
        }
    }
    /* libfdt writes to a tree only if its blocks are in this order */
    return fdt_off_mem_rsvmap(fdt) + sizeof(struct fdt_reserve_entry) <=
           fdt_off_dt_struct(fdt) &&
           fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt) <=
           fdt_off_dt_strings(fdt) &&
           fdt_open_into(fdt, copy, fdt_totalsize(fdt)) == 0;
}

/*
 * H_VOF_CLIENT, pc-bios/vof: R4 real address of the client interface's argument
 * array. Returns H_SUCCESS when the service ran, with its results in the array;
 * H_FUNCTION when the firmware is not VOF; H_PARAMETER when the array can't be
 * read or written.
 */
static target_long h_vof_client(PowerPCCPU *cpu, void *opaque,
                                target_ulong *args)
{
    SpaprVof *vof = opaque;

    vof_make_room(vof->fw);
    return vof_client_call(vof->fw->machine, &vof->core, vof->fw->fdt,
                           args[0]) ? H_PARAMETER : H_SUCCESS;
}

static void vof_copy_prop(const void *from, void *to, const char *path,
                          const char *name)
{
    int len;
    const void *value = fdt_getprop(from, fdt_path_offset(from, path), name,
                                    &len);

    if (value) {
        fdt_setprop(to, fdt_path_offset(to, path), name, value, len);
    }
}

/*
 * A guest that has negotiated goes on with a new tree, but keeps what firmware
 * and client have set in the old one: open instances and properties.
 */
static void vof_carry_over(const void *from, void *to)
{
    vof_copy_prop(from, to, "/chosen", "stdout");
    vof_copy_prop(from, to, "/chosen", "stdin");
    for (int i = 0; i < ARRAY_SIZE(vof_client_props); i++) {
        vof_copy_prop(from, to, vof_client_props[i].path,
                      vof_client_props[i].name);
    }
}

target_ulong spapr_vof_client_architecture_support(SpaprVof *vof,
                                                   PowerPCCPU *cpu,
                                                   target_ulong vec)
{
    SpaprFirmware *fw = vof->fw;
    SpaprHypervisor *hv = SPAPR_MODULE(fw)->hv;
    DtNode *root;
    size_t size;
    void *fdt;

    if (!spapr_cas_negotiate(hv->cas, cpu, vec)) {
        return -1;
    }
    root = spapr_hypervisor_build_dt(hv);
    fdt = vof_flatten(root, &size);
    dt_free(root);
    vof_carry_over(fw->fdt, fdt);
    vof_build_dt(fdt, &vof->core);
    spapr_firmware_set_fdt(fw, fdt, size);
    return 0;
}

const VMStateDescription vmstate_spapr_vof = {
    .name = "spapr-vof",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(core, SpaprVof, 1, vmstate_vof, Vof),
        VMSTATE_END_OF_LIST()
    },
};

SpaprVof *spapr_vof_new(SpaprFirmware *fw, size_t fw_size)
{
    SpaprVof *vof = g_new0(SpaprVof, 1);

    vof->fw = fw;
    vof->core.fw_size = fw_size;
    powerpc_register_hypercall(SPAPR_MODULE(fw)->hv->hcalls,
                               H_PRIVATE_VOF_CLIENT, "H_VOF_CLIENT", NULL,
                               h_vof_client, vof);
    return vof;
}

void spapr_vof_free(SpaprVof *vof)
{
    if (vof) {
        vof_cleanup(&vof->core);
        g_free(vof);
    }
}
