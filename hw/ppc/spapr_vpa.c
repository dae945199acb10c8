/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual processor areas
 *
 * H_REGISTER_VPA and the dispatch counter. The areas are the guest's memory:
 * what the hypervisor relies on it keeps in SpaprVcpu and only copies there.
 */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/core/cpu.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_vpa.h"
#include "trace.h"

/* H_REGISTER_VPA, flags: subfunction, bits 16 to 23 counted from the left */
#define SUBFUNCTION_SHIFT       (63 - 23)
#define SUBFUNCTION_MASK        0xff
/* Its codes are in the upper three bits */
#define SUBFUNCTION(code)       ((code) << 5)
#define REGISTER_VPA            SUBFUNCTION(1)
#define REGISTER_DTL            SUBFUNCTION(2)
#define REGISTER_SLB_SHADOW     SUBFUNCTION(3)
#define DEREGISTER_VPA          SUBFUNCTION(5)
#define DEREGISTER_DTL          SUBFUNCTION(6)
#define DEREGISTER_SLB_SHADOW   SUBFUNCTION(7)

/* All areas have their size at this offset: 16 bits in a VPA, 32 elsewhere */
#define AREA_SIZE_OFFSET        4
#define AREA_SIZE_END           8
/* Areas other than the trace log may not cross a boundary of this */
#define AREA_BOUNDARY           4096

#define VPA_MIN_SIZE            640
#define DTL_MIN_SIZE            48
#define SLB_SHADOW_MIN_SIZE     8

/* LoPAR, table "Per Virtual Processor Area"; the status is Linux's lppaca.h */
#define VPA_STATUS              0x09
#define VPA_STATUS_SHARED       0x02
#define VPA_DISPATCH_COUNT      0x100
#define VPA_DTL_INDEX           0x218

struct SpaprVpa {
    SpaprModule parent_obj;
};

OBJECT_DECLARE_SIMPLE_TYPE(SpaprVpa, SPAPR_VPA)

/* Dispatching */

static void store_u32(hwaddr addr, uint32_t value, MemTxResult *res)
{
    address_space_stl_be(&address_space_memory, addr, value,
                         MEMTXATTRS_UNSPECIFIED, res);
}

/*
 * Only the processor's own thread counts, so that reading and writing need not
 * be one. A guest that has let the memory of a registered area be taken away
 * doesn't see the counter, which is all the harm there is.
 */
static void dispatch_count_next(SpaprVcpu *vcpu)
{
    uint32_t count = vcpu->dispatch_count + 1;
    uint64_t vpa = qatomic_read(&vcpu->vpa_addr);
    MemTxResult res;

    qatomic_set(&vcpu->dispatch_count, count);
    if (vpa) {
        store_u32(vpa + VPA_DISPATCH_COUNT, count, &res);
    }
}

void spapr_vpa_dispatch(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    if (vcpu->dispatch_count & 1) {
        dispatch_count_next(vcpu);
    }
}

/*
 * TCG leaves guest code for many reasons of its own and comes back at once.
 * A processor is preempted when it waits, when it has given up its time slice,
 * and whenever it shares one thread with the others.
 */
void spapr_vpa_preempt(PowerPCCPU *cpu)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    if (vcpu->dispatch_count & 1) {
        return;
    }
    if (CPU(cpu)->halted || vcpu->conferring || !qemu_tcg_mttcg_enabled()) {
        dispatch_count_next(vcpu);
    }
    if (vcpu->conferring) {
        vcpu->conferring = false;
        g_thread_yield();
    }
}

/* Registration */

/*
 * Read the size of an area from the guest's memory: @bytes of it, 2 or 4
 *
 * Returns: H_SUCCESS, or H_PARAMETER for an area that is smaller than @min, is
 * not wholly memory, or crosses a boundary though it may not
 */
static target_long area_size(SpaprMemory *memory, hwaddr addr, int bytes,
                             uint32_t min, bool may_cross, uint32_t *size)
{
    AddressSpace *as = &address_space_memory;
    MemTxResult res;

    if (bytes == 2) {
        *size = address_space_lduw_be(as, addr + AREA_SIZE_OFFSET,
                                      MEMTXATTRS_UNSPECIFIED, &res);
    } else {
        *size = address_space_ldl_be(as, addr + AREA_SIZE_OFFSET,
                                     MEMTXATTRS_UNSPECIFIED, &res);
    }
    if (res != MEMTX_OK || *size < min) {
        return H_PARAMETER;
    }
    if (!may_cross && addr % AREA_BOUNDARY + *size > AREA_BOUNDARY) {
        return H_PARAMETER;
    }
    return spapr_memory_is_ram(memory, addr, *size) ? H_SUCCESS : H_PARAMETER;
}

/* The processor counts as shared: its host decides when it runs */
static bool vpa_init(SpaprVcpu *vcpu, hwaddr addr)
{
    AddressSpace *as = &address_space_memory;
    MemTxResult res;
    uint8_t status;

    status = address_space_ldub(as, addr + VPA_STATUS, MEMTXATTRS_UNSPECIFIED,
                                &res);
    if (res == MEMTX_OK) {
        address_space_stb(as, addr + VPA_STATUS, status | VPA_STATUS_SHARED,
                          MEMTXATTRS_UNSPECIFIED, &res);
    }
    if (res == MEMTX_OK) {
        store_u32(addr + VPA_DISPATCH_COUNT,
                  qatomic_read(&vcpu->dispatch_count), &res);
    }
    return res == MEMTX_OK;
}

static target_long register_vpa(SpaprMemory *memory, SpaprVcpu *vcpu,
                                hwaddr addr)
{
    uint32_t size;
    target_long ret = area_size(memory, addr, 2, VPA_MIN_SIZE, false, &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!vpa_init(vcpu, addr)) {
        return H_PARAMETER;
    }
    qatomic_set(&vcpu->vpa_addr, addr);
    return H_SUCCESS;
}

static target_long register_dtl(SpaprMemory *memory, SpaprVcpu *vcpu,
                                hwaddr addr)
{
    AddressSpace *as = &address_space_memory;
    MemTxResult res;
    uint32_t size;
    target_long ret = area_size(memory, addr, 4, DTL_MIN_SIZE, true, &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!vcpu->vpa_addr) {
        return H_RESOURCE;
    }
    address_space_stq_be(as, vcpu->vpa_addr + VPA_DTL_INDEX, 0,
                         MEMTXATTRS_UNSPECIFIED, &res);
    if (res != MEMTX_OK) {
        return H_PARAMETER;
    }
    vcpu->dtl_addr = addr;
    vcpu->dtl_size = size;
    return H_SUCCESS;
}

static target_long register_slb_shadow(SpaprMemory *memory, SpaprVcpu *vcpu,
                                       hwaddr addr)
{
    uint32_t size;
    target_long ret = area_size(memory, addr, 4, SLB_SHADOW_MIN_SIZE, false,
                                &size);

    if (ret != H_SUCCESS) {
        return ret;
    }
    if (!vcpu->vpa_addr) {
        return H_RESOURCE;
    }
    vcpu->slb_shadow_addr = addr;
    vcpu->slb_shadow_size = size;
    return H_SUCCESS;
}

static target_long deregister_vpa(SpaprVcpu *vcpu)
{
    if (vcpu->dtl_addr || vcpu->slb_shadow_addr) {
        return H_RESOURCE;
    }
    qatomic_set(&vcpu->vpa_addr, 0);
    return H_SUCCESS;
}

static target_long register_area(SpaprMemory *memory, PowerPCCPU *cpu,
                                 unsigned subfunction, hwaddr addr)
{
    SpaprVcpu *vcpu = spapr_vcpu(cpu);

    /* At 0, our mark of an unregistered area, are the interrupt vectors */
    if (!addr || addr % cpu->env.dcache_line_size ||
        !spapr_memory_is_ram(memory, addr, AREA_SIZE_END)) {
        return H_PARAMETER;
    }
    switch (subfunction) {
    case REGISTER_VPA:
        return register_vpa(memory, vcpu, addr);
    case REGISTER_DTL:
        return register_dtl(memory, vcpu, addr);
    default:
        return register_slb_shadow(memory, vcpu, addr);
    }
}

/*
 * H_REGISTER_VPA, LoPAR "H_REGISTER_VPA"; R4: flags with the subfunction, R5:
 * processor number, R6: guest real address of the area when one is registered.
 *
 * Returns: H_SUCCESS; H_PARAMETER for an unknown subfunction or processor, or
 * an area that is ill-placed or has a bad size; H_RESOURCE when a trace log or
 * SLB shadow buffer lacks its VPA, or a VPA that shall go still has one
 */
static target_long h_register_vpa(PowerPCCPU *cpu, void *opaque,
                                  target_ulong *args)
{
    SpaprMemory *memory = SPAPR_MODULE(opaque)->hv->memory;
    unsigned subfunction = args[0] >> SUBFUNCTION_SHIFT & SUBFUNCTION_MASK;
    PowerPCCPU *target = spapr_cpu_by_server(args[1]);

    trace_spapr_register_vpa(subfunction >> 5, args[1], args[2]);
    if (!target) {
        return H_PARAMETER;
    }
    switch (subfunction) {
    case REGISTER_VPA:
    case REGISTER_DTL:
    case REGISTER_SLB_SHADOW:
        return register_area(memory, target, subfunction, args[2]);
    case DEREGISTER_VPA:
        return deregister_vpa(spapr_vcpu(target));
    case DEREGISTER_DTL:
        spapr_vcpu(target)->dtl_addr = 0;
        spapr_vcpu(target)->dtl_size = 0;
        return H_SUCCESS;
    case DEREGISTER_SLB_SHADOW:
        spapr_vcpu(target)->slb_shadow_addr = 0;
        spapr_vcpu(target)->slb_shadow_size = 0;
        return H_SUCCESS;
    default:
        return H_PARAMETER;
    }
}

static void vpa_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    /* LoPAR files it under hcall-splpar, which H_CEDE promises, too */
    powerpc_register_hypercall(hcalls, H_REGISTER_VPA, "H_REGISTER_VPA",
                               "SLB-Buffer", h_register_vpa, module);
}

static void spapr_vpa_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR virtual processor areas";
    smc->register_calls = vpa_register_calls;
}

static const TypeInfo spapr_vpa_types[] = {
    {
        .name = TYPE_SPAPR_VPA,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprVpa),
        .class_init = spapr_vpa_class_init,
    },
};

DEFINE_TYPES(spapr_vpa_types)
