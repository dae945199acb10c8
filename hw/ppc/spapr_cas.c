/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: client architecture support
 *
 * LoPAR, "PAPR Binding", root node method ibm,client-architecture-support. The
 * guest's ibm,architecture.vec is a list of processor versions it knows,
 * followed by option vectors. From them we choose the processors'
 * compatibility mode, the MMU and the interrupt controller, and answer in
 * /chosen with "ibm,architecture-vec-5". SLOF passes the structure by H_CAS and
 * merges the tree that we return; VOF calls us directly.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "exec/address-spaces.h"
#include "exec/target_long.h"
#include "hw/core/cpu.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_cas.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "trace.h"

/* Option vector 5; the numbering is the LoPAR's, byte 0 holds the length */
#define OV5_LPAR            2
#define OV5_LPAR_SPLPAR     0x40
#define OV5_LPAR_LARGE_PAGES 0x10
#define OV5_AFFINITY        5
#define OV5_AFFINITY_FORM1  0x80
#define OV5_AFFINITY_FORM2  0x20
#define OV5_BINARY          6
#define OV5_BINARY_HOTPLUG  0x04
#define OV5_BINARY_RESIZE_HPT 0x01
#define OV5_INTERRUPTS      23
#define OV5_INTERRUPTS_MASK 0xc0
#define OV5_INTERRUPTS_XICS 0x00
#define OV5_INTERRUPTS_XIVE 0x40
#define OV5_INTERRUPTS_EITHER 0x80
#define OV5_MMU             24
#define OV5_MMU_MASK        0xc0
#define OV5_MMU_HASH        0x00
#define OV5_MMU_RADIX       0x40
#define OV5_MMU_EITHER      0x80
#define OV5_HASH_EXT        25
#define OV5_RADIX_EXT       26
#define OV5_RADIX_EXT_GTSE  0x40

/* Linux's list has some twenty entries; nobody needs this many */
#define PVR_LIST_MAX        512

/* SLOF's archsupport.fs: a version cell, then the flattened tree */
#define CAS_HEADER_SIZE     4
#define CAS_VERSION_NO_TREE 0
#define CAS_VERSION_TREE    1

/* The options of vector 5 that are a matter of having them or not */
static const struct {
    unsigned byte;
    uint8_t bits;
} ov5_supported[] = {
    { OV5_LPAR, OV5_LPAR_SPLPAR | OV5_LPAR_LARGE_PAGES },
    { OV5_BINARY, OV5_BINARY_HOTPLUG },
};

/* What a guest asks for, as far as we care */
typedef struct CasRequest {
    bool raw_pvr_known;         /* it names the processor's own version */
    uint32_t best_compat_pvr;   /* the newest that it names and we have */
    uint8_t ov5[SPAPR_OV5_SIZE];
} CasRequest;

static bool read_byte(hwaddr addr, uint8_t *byte)
{
    MemTxResult res;

    *byte = address_space_ldub(&address_space_memory, addr,
                               MEMTXATTRS_UNSPECIFIED, &res);
    return res == MEMTX_OK;
}

static bool read_cell(hwaddr addr, uint32_t *cell)
{
    MemTxResult res;

    *cell = address_space_ldl_be(&address_space_memory, addr,
                                 MEMTXATTRS_UNSPECIFIED, &res);
    return res == MEMTX_OK;
}

/*
 * Take one entry of the list of processor versions into account. A full mask
 * names an architecture level, others name real processors.
 */
static void cas_consider_pvr(SpaprCas *cas, PowerPCCPU *cpu, CasRequest *req,
                             uint32_t mask, uint32_t pvr)
{
    uint32_t own = cpu->env.spr[SPR_PVR];

    if ((own & mask) == (pvr & mask)) {
        req->raw_pvr_known = true;
    }
    if (mask == 0xffffffff &&
        ppc_check_compat(cpu, pvr, req->best_compat_pvr,
                         cas->max_compat_pvr)) {
        req->best_compat_pvr = pvr;
    }
}

/*
 * Read the list of processor versions at *@addr, up to and including the entry
 * that ends it (one with value bits outside its mask), and leave *@addr
 * behind it.
 */
static bool cas_read_pvrs(SpaprCas *cas, PowerPCCPU *cpu, CasRequest *req,
                          hwaddr *addr)
{
    for (int i = 0; i < PVR_LIST_MAX; i++) {
        uint32_t mask, pvr;

        if (!read_cell(*addr, &mask) || !read_cell(*addr + 4, &pvr)) {
            return false;
        }
        *addr += 8;
        cas_consider_pvr(cas, cpu, req, mask, pvr);
        if (~mask & pvr) {
            return true;
        }
    }
    return false;
}

/*
 * Find option vector 5 among those at @addr and copy what we know of it. A
 * guest that has no such vector asks for nothing.
 */
static bool cas_read_ov5(CasRequest *req, hwaddr addr)
{
    uint8_t last, len;

    if (!read_byte(addr++, &last)) {
        return false;
    }
    /* The count byte holds the number of vectors less one */
    for (int number = 1; number <= last + 1; number++) {
        if (!read_byte(addr, &len)) {
            return false;
        }
        if (number == 5) {
            size_t n = MIN(len + 2, SPAPR_OV5_SIZE);

            return address_space_read(&address_space_memory, addr,
                                      MEMTXATTRS_UNSPECIFIED, req->ov5,
                                      n) == MEMTX_OK;
        }
        /* A length byte of n stands in front of n + 1 bytes */
        addr += len + 2;
    }
    return true;
}

static bool cas_read_request(SpaprCas *cas, PowerPCCPU *cpu, hwaddr vec,
                             CasRequest *req)
{
    memset(req, 0, sizeof(*req));
    return cas_read_pvrs(cas, cpu, req, &vec) && cas_read_ov5(req, vec);
}

/*
 * The newest architecture level that guest and user can live with. A guest that
 * knows no level but this very processor gets it as it is, as guests did
 * before there were levels.
 */
static bool cas_choose_compat(SpaprCas *cas, const CasRequest *req,
                              uint32_t *compat_pvr)
{
    *compat_pvr = req->best_compat_pvr;
    return req->best_compat_pvr ||
           (req->raw_pvr_known && !cas->max_compat_pvr);
}

/* Whether processors of a compatibility mode have what came with POWER9 */
static bool cas_is_power9(uint32_t compat_pvr)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(POWERPC_CPU(first_cpu));

    return spapr_pvr_has_isa(compat_pvr ?: pcc->spapr_logical_pvr,
                             CPU_POWERPC_LOGICAL_3_00);
}

static bool cas_can_radix(uint32_t compat_pvr)
{
    return spapr_mmu_can_radix() && cas_is_power9(compat_pvr);
}

static bool cas_choose_mmu(const CasRequest *req, uint32_t compat_pvr,
                           bool *radix, bool *gtse)
{
    bool can_radix = cas_can_radix(compat_pvr);

    switch (req->ov5[OV5_MMU] & OV5_MMU_MASK) {
    case OV5_MMU_HASH:
        *radix = false;
        break;
    case OV5_MMU_RADIX:
        if (!can_radix) {
            return false;
        }
        *radix = true;
        break;
    case OV5_MMU_EITHER:
        *radix = can_radix;
        break;
    default:
        return false;
    }
    *gtse = *radix && (req->ov5[OV5_RADIX_EXT] & OV5_RADIX_EXT_GTSE);
    return true;
}

/* The controllers that the machine has, by option vector 5 */
static uint8_t cas_interrupts(SpaprCas *cas)
{
    SpaprIrq *irq = SPAPR_MODULE(cas)->hv->irq;

    if (!irq->xive) {
        return OV5_INTERRUPTS_XICS;
    }
    return irq->xics ? OV5_INTERRUPTS_EITHER : OV5_INTERRUPTS_XIVE;
}

/*
 * XIVE for a guest that wants it, XICS for one that doesn't; of those that can
 * live with either the better one that the machine has. Processors before
 * POWER9 have no XIVE.
 */
static bool cas_choose_interrupts(SpaprCas *cas, const CasRequest *req,
                                  uint32_t compat_pvr, bool *xive)
{
    SpaprIrq *irq = SPAPR_MODULE(cas)->hv->irq;
    bool can_xive = irq->xive && cas_is_power9(compat_pvr);

    switch (req->ov5[OV5_INTERRUPTS] & OV5_INTERRUPTS_MASK) {
    case OV5_INTERRUPTS_XICS:
        *xive = false;
        break;
    case OV5_INTERRUPTS_XIVE:
        *xive = true;
        break;
    case OV5_INTERRUPTS_EITHER:
        *xive = can_xive;
        break;
    default:
        return false;
    }
    if (*xive ? can_xive : irq->xics != NULL) {
        return true;
    }
    warn_report_once("ic-mode=%s: refused a guest that wants the other "
                     "interrupt controller", spapr_irq_mode_name(irq->mode));
    return false;
}

/* The best form of those that the guest knows, and no other beside it */
static uint8_t cas_choose_affinity(const CasRequest *req)
{
    uint8_t known = req->ov5[OV5_AFFINITY];

    return known & OV5_AFFINITY_FORM2 ? OV5_AFFINITY_FORM2 :
                                        known & OV5_AFFINITY_FORM1;
}

SpaprAffinityForm spapr_cas_affinity_form(const SpaprCas *cas)
{
    switch (cas->ov5[OV5_AFFINITY]) {
    case OV5_AFFINITY_FORM2:
        return SPAPR_AFFINITY_FORM2;
    case OV5_AFFINITY_FORM1:
        return SPAPR_AFFINITY_FORM1;
    default:
        return SPAPR_AFFINITY_FORM0;
    }
}

bool spapr_cas_hotplug_interrupt(const SpaprCas *cas)
{
    return cas->ov5[OV5_BINARY] & OV5_BINARY_HOTPLUG;
}

static bool cas_resizes_hpt(const uint8_t *ov5)
{
    return ov5[OV5_BINARY] & OV5_BINARY_RESIZE_HPT;
}

/* With resize-hpt=required, a guest with hash translation must be able to */
static bool cas_check_resize(SpaprCas *cas, const CasRequest *req, bool radix)
{
    if (SPAPR_MODULE(cas)->hv->hpt->resize != SPAPR_RESIZE_HPT_REQUIRED ||
        radix || cas_resizes_hpt(req->ov5)) {
        return true;
    }
    warn_report_once("resize-hpt=required: refused a guest that can't resize "
                     "its hash page table");
    return false;
}

static void cas_choose_ov5(SpaprCas *cas, const CasRequest *req)
{
    memset(cas->ov5, 0, sizeof(cas->ov5));
    /* The length byte counts the bytes behind it, less one */
    cas->ov5[0] = SPAPR_OV5_SIZE - 2;
    for (int i = 0; i < ARRAY_SIZE(ov5_supported); i++) {
        cas->ov5[ov5_supported[i].byte] |=
            req->ov5[ov5_supported[i].byte] & ov5_supported[i].bits;
    }
    cas->ov5[OV5_AFFINITY] = cas_choose_affinity(req);
    if (spapr_hpt_can_resize(SPAPR_MODULE(cas)->hv->hpt)) {
        cas->ov5[OV5_BINARY] |= req->ov5[OV5_BINARY] & OV5_BINARY_RESIZE_HPT;
    }
    cas->ov5[OV5_INTERRUPTS] = spapr_irq_is_xive(SPAPR_MODULE(cas)->hv->irq) ?
                               OV5_INTERRUPTS_XIVE : OV5_INTERRUPTS_XICS;
    cas->ov5[OV5_MMU] = cas->radix ? OV5_MMU_RADIX : OV5_MMU_HASH;
    cas->ov5[OV5_RADIX_EXT] = cas->gtse ? OV5_RADIX_EXT_GTSE : 0;
}

/* Bits of LPCR that belong to the architecture level that is in force */
static void cas_set_lpcr(SpaprCas *cas, PowerPCCPU *cpu)
{
    spapr_cpu_set_lpcr_all(spapr_caps_lpcr(SPAPR_MODULE(cas)->hv->caps, cpu),
                           SPAPR_CAPS_LPCR);
}

/* LoPAR: only the calling processor may be active */
static bool cas_others_stopped(PowerPCCPU *caller)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (cs != CPU(caller) && !spapr_vcpu(POWERPC_CPU(cs))->stopped) {
            return false;
        }
    }
    return true;
}

bool spapr_cas_negotiate(SpaprCas *cas, PowerPCCPU *cpu, hwaddr vec)
{
    SpaprMmu *mmu = SPAPR_MODULE(cas)->hv->mmu;
    SpaprIrq *irq = SPAPR_MODULE(cas)->hv->irq;
    uint32_t old_compat_pvr = cpu->compat_pvr;
    CasRequest req;
    uint32_t compat_pvr;
    bool radix, gtse, xive;
    Error *err = NULL;

    if (!cas_others_stopped(cpu) || !cas_read_request(cas, cpu, vec, &req) ||
        !cas_choose_compat(cas, &req, &compat_pvr) ||
        !cas_choose_mmu(&req, compat_pvr, &radix, &gtse) ||
        !cas_check_resize(cas, &req, radix) ||
        !cas_choose_interrupts(cas, &req, compat_pvr, &xive)) {
        return false;
    }
    if (ppc_set_compat_all(compat_pvr, &err) < 0 ||
        !spapr_mmu_set_mode(mmu, radix, gtse, cas_resizes_hpt(req.ov5),
                            &err)) {
        error_report_err(err);
        ppc_set_compat_all(old_compat_pvr, &error_abort);
        return false;
    }
    cas_set_lpcr(cas, cpu);
    /* A guest that has this one already goes on with it */
    if (xive != spapr_irq_is_xive(irq)) {
        spapr_irq_switch(irq, xive);
    }
    cas->done = true;
    cas->compat_pvr = compat_pvr;
    cas->radix = radix;
    cas->gtse = gtse;
    cas_choose_ov5(cas, &req);
    spapr_events_negotiated(SPAPR_MODULE(cas)->hv->events);
    trace_spapr_cas(compat_pvr, radix, gtse);
    return true;
}

/* The buffer is memory */
static void cas_answer(hwaddr buf, uint32_t version, const void *tree,
                       size_t size)
{
    stl_be_phys(&address_space_memory, buf, version);
    cpu_physical_memory_write(buf + CAS_HEADER_SIZE, tree, size);
}

/*
 * H_CAS, SLOF's ibm,client-architecture-support: R4 real address of
 * ibm,architecture.vec, R5 of a buffer for the answer, R6 the buffer's size in
 * bytes. Returns H_SUCCESS with the answer in the buffer; H_PARAMETER for a
 * malformed structure, a buffer that isn't memory or too small even for
 * the header, other processors that run, or demands that can't be met.
 *
 * Where the new tree doesn't fit, the machine reboots into the negotiated
 * state; the guest then asks for what it has already and needs no tree.
 */
static target_long h_cas(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprCas *cas = opaque;
    SpaprCas before = *cas;
    g_autofree void *tree = NULL;
    size_t size;
    bool same;

    if (args[2] < CAS_HEADER_SIZE ||
        !spapr_memory_is_ram(SPAPR_MODULE(cas)->hv->memory, args[1], args[2]) ||
        !spapr_cas_negotiate(cas, cpu, args[0])) {
        return H_PARAMETER;
    }
    same = before.done && before.compat_pvr == cas->compat_pvr &&
           !memcmp(before.ov5, cas->ov5, sizeof(cas->ov5));
    tree = spapr_firmware_build_tree(SPAPR_MODULE(cas)->hv->firmware, &size);
    if (size <= args[2] - CAS_HEADER_SIZE) {
        cas_answer(args[1], CAS_VERSION_TREE, tree, size);
        return H_SUCCESS;
    }
    if (same) {
        cas_answer(args[1], CAS_VERSION_NO_TREE, NULL, 0);
        return H_SUCCESS;
    }
    cas->resetting = true;
    qemu_system_reset_request(SHUTDOWN_CAUSE_SUBSYSTEM_RESET);
    return H_SUCCESS;
}

void spapr_cas_machine_reset(SpaprCas *cas)
{
    SpaprMmu *mmu = SPAPR_MODULE(cas)->hv->mmu;
    SpaprIrq *irq = SPAPR_MODULE(cas)->hv->irq;
    bool xive = spapr_irq_is_xive(irq);

    if (!cas->resetting) {
        cas->done = false;
        memset(cas->ov5, 0, sizeof(cas->ov5));
        cas->compat_pvr = cas->max_compat_pvr;
        /* A guest that never negotiates finds the newest MMU */
        cas->radix = cas_can_radix(cas->max_compat_pvr);
        cas->gtse = false;
        /* LoPAR: legacy mode, until the guest says that it knows another */
        xive = !irq->xics;
    }
    cas->resetting = false;
    ppc_init_compat_all(cas->compat_pvr, &error_fatal);
    /* Until a guest has said that it can't, it may resize its table */
    spapr_mmu_set_mode(mmu, cas->radix, cas->gtse,
                       !cas->done || cas_resizes_hpt(cas->ov5), &error_fatal);
    spapr_irq_switch(irq, xive);
    cas_set_lpcr(cas, POWERPC_CPU(first_cpu));
}

/* What the guest may choose from, and what it has chosen */
static void cas_populate_dt(SpaprModule *module, DtNode *root)
{
    SpaprCas *cas = SPAPR_CAS(module);
    DtNode *chosen = dt_get(root, "chosen");
    bool can_radix = cas_can_radix(cas->max_compat_pvr);
    /* Pairs of byte number and value; Linux's prom_check_platform_support() */
    const uint8_t platform[] = {
        OV5_INTERRUPTS, cas_interrupts(cas),
        OV5_MMU, can_radix ? OV5_MMU_EITHER : OV5_MMU_HASH,
        OV5_HASH_EXT, 0,
        OV5_RADIX_EXT, can_radix ? OV5_RADIX_EXT_GTSE : 0,
    };

    dt_prop(chosen, "ibm,arch-vec-5-platform-support", platform,
            sizeof(platform));
    if (cas->done) {
        dt_prop(chosen, "ibm,architecture-vec-5", cas->ov5, sizeof(cas->ov5));
    }
}

static void cas_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    powerpc_register_hypercall(hcalls, H_PRIVATE_CAS, "H_CAS", NULL,
                               h_cas, module);
}

/* Whether processors can be set to a level that a stream tells of */
static bool cas_has_level(SpaprCas *cas)
{
    if (!cas->compat_pvr) {
        return !cas->done || !cas->max_compat_pvr;
    }
    return ppc_check_compat(POWERPC_CPU(first_cpu), cas->compat_pvr, 0,
                            cas->done ? cas->max_compat_pvr : 0);
}

/* A guest can't be made to forget what processor it has negotiated */
static int cas_post_load(void *opaque, int version_id)
{
    SpaprCas *cas = opaque;

    if (!cas_has_level(cas)) {
        error_report("max-cpu-compat: the incoming guest has a newer "
                     "processor (logical PVR 0x%08" PRIx32 ")",
                     cas->compat_pvr);
        return -EINVAL;
    }
    if (cas->radix && !cas_can_radix(cas->compat_pvr)) {
        error_report("incoming guest: it has negotiated radix translation, "
                     "and its processor has not");
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_spapr_cas = {
    .name = "spapr-cas",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = cas_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(done, SpaprCas),
        VMSTATE_BUFFER(ov5, SpaprCas),
        VMSTATE_UINT32(compat_pvr, SpaprCas),
        VMSTATE_BOOL(radix, SpaprCas),
        VMSTATE_BOOL(gtse, SpaprCas),
        VMSTATE_BOOL(resetting, SpaprCas),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_cas_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR client architecture support";
    dc->vmsd = &vmstate_spapr_cas;
    smc->register_calls = cas_register_calls;
    smc->populate_dt = cas_populate_dt;
}

static const TypeInfo spapr_cas_types[] = {
    {
        .name = TYPE_SPAPR_CAS,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprCas),
        .class_init = spapr_cas_class_init,
    },
};

DEFINE_TYPES(spapr_cas_types)
