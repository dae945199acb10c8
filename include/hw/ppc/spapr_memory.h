/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the partition's memory
 */

#ifndef HW_PPC_SPAPR_MEMORY_H
#define HW_PPC_SPAPR_MEMORY_H

#include "hw/ppc/spapr_module.h"

/* Granularity of memory, the LoPAR's "logical memory block" */
#define SPAPR_LMB_SIZE  (256 * MiB)

#define TYPE_SPAPR_MEMORY "spapr-memory"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprMemory, SPAPR_MEMORY)

struct SpaprMemory {
    SpaprModule parent_obj;

    MemoryRegion *ram;
    uint64_t size;      /* bytes of RAM, from guest real address 0 up */
    /*
     * Bytes of the real mode area: what a guest reaches with translation off,
     * and what firmware may use
     */
    uint64_t rma_size;
};

/**
 * spapr_memory_is_ram: whether @len bytes at guest real address @addr are all
 * RAM of the partition
 */
bool spapr_memory_is_ram(SpaprMemory *memory, hwaddr addr, uint64_t len);

#endif /* HW_PPC_SPAPR_MEMORY_H */
