/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's memory
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_numa.h"

bool spapr_memory_is_ram(SpaprMemory *memory, hwaddr addr, uint64_t len)
{
    return addr < memory->size && len <= memory->size - addr;
}

ssize_t spapr_memory_read_string(SpaprMemory *memory, hwaddr addr,
                                 char *buf, size_t size)
{
    size_t n = 0;

    if (addr < memory->size) {
        n = MIN(size, memory->size - addr);
    }
    if (!n || address_space_read(&address_space_memory, addr,
                                 MEMTXATTRS_UNSPECIFIED, buf, n) != MEMTX_OK) {
        buf[0] = '\0';
        return -1;
    }
    if (memchr(buf, '\0', n)) {
        return strlen(buf);
    }
    if (n < size) {
        /* It does not end before memory does */
        buf[0] = '\0';
        return -1;
    }
    buf[size - 1] = '\0';
    return size;
}

/* LoPAR, "PAPR Binding", memory nodes: one for each NUMA node with memory */
static void memory_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprNuma *numa = module->hv->numa;
    uint64_t start = 0;

    for (int i = 0; i < numa->state->num_nodes; i++) {
        uint64_t size = numa->state->nodes[i].node_mem;
        DtNode *node;

        if (!size) {
            continue;
        }
        node = dt_add(root, "memory@%" PRIx64, start);
        dt_prop_string(node, "device_type", "memory");
        dt_prop_cells(node, "reg", start >> 32, (uint32_t)start,
                      size >> 32, (uint32_t)size);
        spapr_numa_node_dt(numa, node, i);
        start += size;
    }
}

/*
 * LoPAR: the first memory node is the real mode area. TCG itself reaches all of
 * memory with translation off.
 */
static uint64_t memory_rma_size(SpaprNuma *numa)
{
    for (int i = 0; i < numa->state->num_nodes; i++) {
        if (numa->state->nodes[i].node_mem) {
            return numa->state->nodes[i].node_mem;
        }
    }
    return 0;
}

static void memory_realize(DeviceState *dev, Error **errp)
{
    SpaprMemory *memory = SPAPR_MEMORY(dev);

    memory->size = memory_region_size(memory->ram);
    memory->rma_size = memory_rma_size(SPAPR_MODULE(dev)->hv->numa);
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
