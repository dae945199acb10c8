/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's memory
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_memory.h"

bool spapr_memory_is_ram(SpaprMemory *memory, hwaddr addr, uint64_t len)
{
    return addr < memory->size && len <= memory->size - addr;
}

/*
 * LoPAR, "PAPR Binding", memory nodes: the first one is the real mode area.
 * TCG translates nothing in real mode, so all of memory is.
 */
static void memory_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprMemory *memory = SPAPR_MEMORY(module);
    DtNode *node = dt_add(root, "memory@0");

    dt_prop_string(node, "device_type", "memory");
    dt_prop_cells(node, "reg", 0, 0,
                  memory->rma_size >> 32, (uint32_t)memory->rma_size);
}

static void memory_realize(DeviceState *dev, Error **errp)
{
    SpaprMemory *memory = SPAPR_MEMORY(dev);

    memory->size = memory_region_size(memory->ram);
    if (!QEMU_IS_ALIGNED(memory->size, SPAPR_LMB_SIZE)) {
        error_setg(errp, "-m: the size of memory must be a multiple of "
                   "%" PRIu64 " MiB", (uint64_t)(SPAPR_LMB_SIZE / MiB));
        return;
    }
    memory->rma_size = memory->size;
    memory_region_add_subregion(get_system_memory(), 0, memory->ram);
}

static void spapr_memory_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR partition memory";
    dc->realize = memory_realize;
    smc->populate_dt = memory_populate_dt;
}

static const TypeInfo spapr_memory_types[] = {
    {
        .name = TYPE_SPAPR_MEMORY,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprMemory),
        .class_init = spapr_memory_class_init,
    },
};

DEFINE_TYPES(spapr_memory_types)
