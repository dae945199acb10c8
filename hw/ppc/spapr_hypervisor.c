/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the hypervisor, hub of the board, and what its modules share
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/uuid.h"
#include "system/system.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_hypervisor.h"
#include "hw/ppc/spapr_mmu.h"
#include "hw/ppc/spapr_module.h"
#include "hw/ppc/spapr_vpa.h"
#include "target/ppc/cpu.h"

/* LoPAR, "Hypervisor Call Interrupt": problem state may not call */
static bool problem_state(CPUPPCState *env)
{
    return FIELD_EX64(env->msr, MSR, PR);
}

static void hv_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    SpaprHypervisor *hv = SPAPR_HYPERVISOR(vhyp);
    CPUPPCState *env = &cpu->env;

    if (problem_state(env)) {
        env->gpr[3] = H_PRIVILEGE;
        return;
    }
    env->gpr[3] = spapr_hcall(hv->hcalls, cpu, env->gpr[3], &env->gpr[4]);
}

static bool hv_hypercall_unlocked(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    SpaprHypervisor *hv = SPAPR_HYPERVISOR(vhyp);
    CPUPPCState *env = &cpu->env;
    target_long ret = H_PRIVILEGE;

    if (!problem_state(env) &&
        !spapr_hcall_unlocked(hv->hcalls, cpu, env->gpr[3], &env->gpr[4],
                              &ret)) {
        return false;
    }
    env->gpr[3] = ret;
    return true;
}

static bool hv_cpu_in_nested(PowerPCCPU *cpu)
{
    return false;
}

static hwaddr hv_hpt_mask(PPCVirtualHypervisor *vhyp)
{
    return spapr_hpt_mask(SPAPR_HYPERVISOR(vhyp)->hpt);
}

static const ppc_hash_pte64_t *hv_map_hptes(PPCVirtualHypervisor *vhyp,
                                            hwaddr ptex, int n)
{
    return spapr_hpt_map(SPAPR_HYPERVISOR(vhyp)->hpt, ptex, n);
}

static void hv_unmap_hptes(PPCVirtualHypervisor *vhyp,
                           const ppc_hash_pte64_t *hptes, hwaddr ptex, int n)
{
    /* The table is the hypervisor's own memory: nothing was mapped */
}

static void hv_hpte_set_c(PPCVirtualHypervisor *vhyp, hwaddr ptex,
                          uint64_t pte1)
{
    spapr_hpt_set_c(SPAPR_HYPERVISOR(vhyp)->hpt, ptex, pte1);
}

static void hv_hpte_set_r(PPCVirtualHypervisor *vhyp, hwaddr ptex,
                          uint64_t pte1)
{
    spapr_hpt_set_r(SPAPR_HYPERVISOR(vhyp)->hpt, ptex, pte1);
}

static bool hv_get_pate(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu,
                        target_ulong lpid, ppc_v3_pate_t *entry)
{
    return spapr_mmu_get_pate(SPAPR_HYPERVISOR(vhyp)->mmu, entry);
}

static void hv_cpu_exec_enter(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    spapr_vcpu_poll_end(spapr_vcpu(cpu));
    spapr_mmu_enter(cpu);
    spapr_vpa_dispatch(cpu);
}

static void hv_cpu_exec_exit(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    spapr_vpa_preempt(cpu);
    spapr_vcpu_poll(spapr_vcpu(cpu));
}

/* The node's identity: LoPAR, app. "PAPR Binding", root node properties */
static void hv_populate_root(SpaprHypervisor *hv, DtNode *root)
{
    dt_prop_string(root, "device_type", "chrp");
    /* User space (systemd, powerpc-utils) knows the board by these two */
    dt_prop_string(root, "model", "IBM pSeries (emulated by qemu)");
    dt_prop_string(root, "compatible", "qemu,pseries");
    dt_prop_u32(root, "#address-cells", 2);
    dt_prop_u32(root, "#size-cells", 2);
    dt_prop_empty(root, "ibm,lpar-capable");
    dt_prop_u32(root, "ibm,partition-no", 0);
    if (hv->host_model) {
        dt_prop_string(root, "host-model", hv->host_model);
    }
    if (hv->host_serial) {
        dt_prop_string(root, "host-serial", hv->host_serial);
    }
    if (qemu_get_vm_name()) {
        dt_prop_string(root, "ibm,partition-name", qemu_get_vm_name());
    }
    if (qemu_uuid_set) {
        g_autofree char *uuid = qemu_uuid_unparse_strdup(&qemu_uuid);

        dt_prop_string(root, "system-id", uuid);
        dt_prop_string(root, "vm,uuid", uuid);
    }
}

DtNode *spapr_hypervisor_build_dt(SpaprHypervisor *hv)
{
    DtNode *root = dt_root_new();
    DtNode *rtas;

    hv_populate_root(hv, root);
    rtas = dt_add(root, "rtas");
    dt_prop_u32(rtas, "rtas-size", SPAPR_RTAS_BLOB_SIZE);
    spapr_hcall_populate_dt(hv->hcalls, rtas);
    spapr_rtas_populate_dt(hv->rtas, rtas);
    for (guint i = 0; i < hv->modules->len; i++) {
        SpaprModule *module = g_ptr_array_index(hv->modules, i);
        SpaprModuleClass *smc = SPAPR_MODULE_GET_CLASS(module);

        if (smc->populate_dt) {
            smc->populate_dt(module, root);
        }
    }
    return root;
}

bool spapr_module_install(SpaprHypervisor *hv, SpaprModule *module,
                          const char *name, Error **errp)
{
    SpaprModuleClass *smc = SPAPR_MODULE_GET_CLASS(module);

    module->hv = hv;
    object_property_add_child(OBJECT(hv), name, OBJECT(module));
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(module), errp)) {
        return false;
    }
    g_ptr_array_add(hv->modules, module);
    if (smc->register_calls) {
        smc->register_calls(module, hv->hcalls, hv->rtas);
    }
    return true;
}

/*
 * H_RTAS, SLOF's lib/libhvcall: the call behind the code that firmware installs
 * as RTAS entry point
 *
 * R4: guest real address of the argument buffer. Returns what
 * spapr_rtas_call() says.
 */
static target_long h_rtas(PowerPCCPU *cpu, void *opaque, target_ulong *args)
{
    SpaprHypervisor *hv = opaque;

    return spapr_rtas_call(hv->rtas, cpu, args[0]);
}

static void spapr_hypervisor_init(Object *obj)
{
    SpaprHypervisor *hv = SPAPR_HYPERVISOR(obj);

    hv->hcalls = spapr_hcall_table_new();
    hv->rtas = spapr_rtas_table_new();
    hv->modules = g_ptr_array_new();
    hv->vcpus = g_ptr_array_new();
    hv->may_poll = g_get_num_processors() > 1;
    powerpc_register_hypercall(hv->hcalls, H_PRIVATE_RTAS, "H_RTAS", NULL,
                               h_rtas, hv);
}

static void spapr_hypervisor_finalize(Object *obj)
{
    SpaprHypervisor *hv = SPAPR_HYPERVISOR(obj);

    g_ptr_array_unref(hv->vcpus);
    g_ptr_array_unref(hv->modules);
    spapr_rtas_table_free(hv->rtas);
    spapr_hcall_table_free(hv->hcalls);
}

static void spapr_hypervisor_class_init(ObjectClass *oc, void *data)
{
    PPCVirtualHypervisorClass *vhc = PPC_VIRTUAL_HYPERVISOR_CLASS(oc);

    vhc->hypercall = hv_hypercall;
    vhc->hypercall_unlocked = hv_hypercall_unlocked;
    vhc->cpu_in_nested = hv_cpu_in_nested;
    vhc->hpt_mask = hv_hpt_mask;
    vhc->map_hptes = hv_map_hptes;
    vhc->unmap_hptes = hv_unmap_hptes;
    vhc->hpte_set_c = hv_hpte_set_c;
    vhc->hpte_set_r = hv_hpte_set_r;
    vhc->get_pate = hv_get_pate;
    vhc->cpu_exec_enter = hv_cpu_exec_enter;
    vhc->cpu_exec_exit = hv_cpu_exec_exit;
}

static const TypeInfo spapr_hypervisor_types[] = {
    {
        .name = TYPE_SPAPR_HYPERVISOR,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(SpaprHypervisor),
        .instance_init = spapr_hypervisor_init,
        .instance_finalize = spapr_hypervisor_finalize,
        .class_init = spapr_hypervisor_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_PPC_VIRTUAL_HYPERVISOR },
            { },
        },
    }, {
        .name = TYPE_SPAPR_MODULE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(SpaprModule),
        .class_size = sizeof(SpaprModuleClass),
        .abstract = true,
    },
};

DEFINE_TYPES(spapr_hypervisor_types)
