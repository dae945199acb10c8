/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: loads and stores that the hypervisor makes for the guest
 *
 * With translation off a guest can't choose the storage attributes of an
 * access. Firmware therefore reaches devices through the cache-inhibited
 * ("CI") calls, and debuggers reach memory through their cacheable twins.
 * SLOF's bulk copy for frame buffers, H_LOGICAL_MEMOP, lives here too.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/ppc/spapr_ci.h"
#include "hw/ppc/spapr_memory.h"

OBJECT_DECLARE_SIMPLE_TYPE(SpaprCi, SPAPR_CI)

struct SpaprCi {
    SpaprModule parent_obj;
};

/*
 * The longest H_LOGICAL_MEMOP: some frame buffers' worth, so that a call can't
 * keep everybody else waiting for long
 */
#define MEMOP_MAX_BYTES (64 * MiB)
/* and of that in devices' registers, where each access takes as long as a page */
#define MEMOP_MAX_IO    (64 * KiB)
#define MEMOP_COPY      0
#define MEMOP_INVERT    1

/* LoPAR: sizes 1, 2, 4 and 8, and an address aligned to the size */
static bool access_ok(target_ulong size, target_ulong addr)
{
    return size <= 8 && is_power_of_2(size) && QEMU_IS_ALIGNED(addr, size);
}

static bool is_ram(void *opaque, target_ulong addr, target_ulong size)
{
    return spapr_memory_is_ram(SPAPR_MODULE(opaque)->hv->memory, addr, size);
}

/* R4 size, R5 address; R4 out: the value, low-order justified */
static target_long logical_load(target_ulong *args)
{
    uint8_t buf[8];
    target_ulong size = args[0];

    if (address_space_read(&address_space_memory, args[1],
                           MEMTXATTRS_UNSPECIFIED, buf, size) != MEMTX_OK) {
        return H_PARAMETER;
    }
    args[0] = ldn_be_p(buf, size);
    return H_SUCCESS;
}

/* R4 size, R5 address, R6 value, low-order justified */
static target_long logical_store(target_ulong *args)
{
    uint8_t buf[8];
    target_ulong size = args[0];

    stn_be_p(buf, size, args[2]);
    if (address_space_write(&address_space_memory, args[1],
                            MEMTXATTRS_UNSPECIFIED, buf, size) != MEMTX_OK) {
        return H_PARAMETER;
    }
    return H_SUCCESS;
}

/*
 * H_LOGICAL_CI_LOAD, LoPAR "H_LOGICAL_CI_LOAD": R4 size in bytes, R5 logical
 * address of a cache-inhibited location. Returns the value in R4; H_PARAMETER
 * for another size, a misaligned address, or one where nothing is.
 *
 * Memory would be H_PARAMETER as well, against cache paradoxes, of which there
 * are none with TCG. SLOF's lib/libusb/usb-xhci.c writes tables there like that.
 */
static target_long h_logical_ci_load(PowerPCCPU *cpu, void *opaque,
                                     target_ulong *args)
{
    return access_ok(args[0], args[1]) ? logical_load(args) : H_PARAMETER;
}

/* H_LOGICAL_CI_STORE: as H_LOGICAL_CI_LOAD, with the value in R6 */
static target_long h_logical_ci_store(PowerPCCPU *cpu, void *opaque,
                                      target_ulong *args)
{
    return access_ok(args[0], args[1]) ? logical_store(args) : H_PARAMETER;
}

/*
 * H_LOGICAL_CACHE_LOAD (named by Linux's hvcall.h): as the CI call, for
 * cacheable storage, which is memory and nothing else.
 */
static target_long h_logical_cache_load(PowerPCCPU *cpu, void *opaque,
                                        target_ulong *args)
{
    if (!access_ok(args[0], args[1]) || !is_ram(opaque, args[1], args[0])) {
        return H_PARAMETER;
    }
    return logical_load(args);
}

/* H_LOGICAL_CACHE_STORE: as H_LOGICAL_CACHE_LOAD, with the value in R6 */
static target_long h_logical_cache_store(PowerPCCPU *cpu, void *opaque,
                                         target_ulong *args)
{
    if (!access_ok(args[0], args[1]) || !is_ram(opaque, args[1], args[0])) {
        return H_PARAMETER;
    }
    return logical_store(args);
}

/*
 * H_LOGICAL_ICBI and H_LOGICAL_DCBF (named by Linux's hvcall.h): R4 the address
 * of a cache block. TCG keeps both caches coherent by itself, so a block that
 * exists needs nothing. H_PARAMETER outside memory.
 */
static target_long h_logical_cache_op(PowerPCCPU *cpu, void *opaque,
                                      target_ulong *args)
{
    return is_ram(opaque, args[0], 1) ? H_SUCCESS : H_PARAMETER;
}

/* Whether there is memory of some kind, such as that of a frame buffer */
static bool is_direct(hwaddr addr, hwaddr len, bool is_write)
{
    const MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    hwaddr offset, there = len;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, addr, &offset, &there,
                                 is_write, attrs);
    return there == len && memory_access_is_direct(mr, is_write, attrs);
}

static bool memop_chunk(hwaddr dst, hwaddr src, size_t len, bool invert)
{
    uint64_t buf[512];
    uint8_t *bytes = (uint8_t *)buf;

    if (address_space_read(&address_space_memory, src, MEMTXATTRS_UNSPECIFIED,
                           buf, len) != MEMTX_OK) {
        return false;
    }
    if (invert) {
        for (size_t i = 0; i < len; i++) {
            bytes[i] = ~bytes[i];
        }
    }
    return address_space_write(&address_space_memory, dst,
                               MEMTXATTRS_UNSPECIFIED, buf, len) == MEMTX_OK;
}

/*
 * H_LOGICAL_MEMOP, SLOF's lib/libhvcall: R4 destination, R5 source, R6 log2 of
 * the element size (0 to 3), R7 number of elements, R8 operation (0 copy,
 * 1 copy inverted). Source and destination may overlap. H_PARAMETER for other
 * operations or sizes, misaligned addresses, more than MEMOP_MAX_BYTES, or
 * where there is nothing to read or write; and, when so much has been done,
 * for more than MEMOP_MAX_IO that is not memory.
 */
static target_long h_logical_memop(PowerPCCPU *cpu, void *opaque,
                                   target_ulong *args)
{
    target_ulong dst = args[0], src = args[1], shift = args[2];
    target_ulong count = args[3], op = args[4];
    const size_t chunk = 4 * KiB;
    bool backwards = dst > src;
    uint64_t len, done = 0, io = 0;

    if (op != MEMOP_COPY && op != MEMOP_INVERT) {
        return H_PARAMETER;
    }
    if (shift > 3 || !QEMU_IS_ALIGNED(dst | src, 1 << shift) ||
        count > MEMOP_MAX_BYTES >> shift) {
        return H_PARAMETER;
    }
    len = count << shift;
    if (dst + len < dst || src + len < src) {
        return H_PARAMETER;
    }
    /* Like memmove(): from the end when the destination lies above */
    while (done < len) {
        size_t now = MIN(len - done, chunk);
        uint64_t at = backwards ? len - done - now : done;

        if (!is_direct(src + at, now, false) ||
            !is_direct(dst + at, now, true)) {
            io += now;
        }
        if (io > MEMOP_MAX_IO ||
            !memop_chunk(dst + at, src + at, now, op == MEMOP_INVERT)) {
            return H_PARAMETER;
        }
        done += now;
    }
    return H_SUCCESS;
}

static void ci_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                              SpaprRtasTable *rtas)
{
    /* Accesses to devices take the BQL by themselves */
    static const PowerpcHcallInfo calls[] = {
        { H_LOGICAL_CI_LOAD, "H_LOGICAL_CI_LOAD", "hcall-debug",
          h_logical_ci_load, true },
        { H_LOGICAL_CI_STORE, "H_LOGICAL_CI_STORE", "hcall-debug",
          h_logical_ci_store, true },
        { H_LOGICAL_CACHE_LOAD, "H_LOGICAL_CACHE_LOAD", "hcall-debug",
          h_logical_cache_load, true },
        { H_LOGICAL_CACHE_STORE, "H_LOGICAL_CACHE_STORE", "hcall-debug",
          h_logical_cache_store, true },
        { H_LOGICAL_ICBI, "H_LOGICAL_ICBI", "hcall-debug",
          h_logical_cache_op, true },
        { H_LOGICAL_DCBF, "H_LOGICAL_DCBF", "hcall-debug",
          h_logical_cache_op, true },
        { H_PRIVATE_LOGICAL_MEMOP, "H_LOGICAL_MEMOP", NULL,
          h_logical_memop, true },
    };

    powerpc_register_hypercalls(hcalls, calls, ARRAY_SIZE(calls), module);
}

static void spapr_ci_class_init(ObjectClass *oc, void *data)
{
    DEVICE_CLASS(oc)->desc = "sPAPR loads and stores by hypercall";
    SPAPR_MODULE_CLASS(oc)->register_calls = ci_register_calls;
}

static const TypeInfo spapr_ci_types[] = {
    {
        .name = TYPE_SPAPR_CI,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprCi),
        .class_init = spapr_ci_class_init,
    },
};

DEFINE_TYPES(spapr_ci_types)
