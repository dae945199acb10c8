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

/**
 * spapr_memory_read_string: a string of the guest's
 * @addr: guest real address of its first byte
 * @buf: where it is put, with a NUL in any case
 * @size: bytes of room there; what is longer is cut
 *
 * Returns: its length, @size when it is longer than @buf, or -1 when the bytes
 * are not RAM of the partition; @buf is empty then
 */
ssize_t spapr_memory_read_string(SpaprMemory *memory, hwaddr addr,
                                 char *buf, size_t size);

#endif /* HW_PPC_SPAPR_MEMORY_H */
