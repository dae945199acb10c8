/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: the "pseries" machine
 *
 * Parses options, creates the modules in their order, and orders reset. What
 * the board does for a guest is the modules' business: this file knows no
 * hypercall, no RTAS call and no device-tree node.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "hw/char/spapr_vty.h"
#include "hw/fw-path-provider.h"
#include "hw/intc/intc.h"
#include "hw/net/spapr_veth.h"
#include "hw/nmi.h"
#include "hw/nvram/spapr_nvram.h"
#include "hw/pci/pci.h"
#include "hw/ppc/ppc.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_caps.h"
#include "hw/ppc/spapr_cas.h"
#include "hw/ppc/spapr_ci.h"
#include "hw/ppc/spapr_cpu_core.h"
#include "hw/ppc/spapr_drc.h"
#include "hw/ppc/spapr_errinjct.h"
#include "hw/ppc/spapr_events.h"
#include "hw/ppc/spapr_fwnmi.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "hw/ppc/spapr_numa.h"
#include "hw/ppc/spapr_pci.h"
#include "hw/ppc/spapr_power.h"
#include "hw/ppc/spapr_qtest.h"
#include "hw/ppc/spapr_rng.h"
#include "hw/ppc/spapr_rtc.h"
#include "hw/ppc/spapr_sensors.h"
#include "hw/ppc/spapr_splpar.h"
#include "hw/ppc/spapr_stats.h"
#include "hw/ppc/spapr_surveillance.h"
#include "hw/ppc/spapr_sysparm.h"
#include "hw/ppc/spapr_tce.h"
#include "hw/ppc/spapr_vcpu.h"
#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_vof.h"
#include "hw/ppc/spapr_vpa.h"
#include "hw/ppc/spapr_vpd.h"
#include "hw/ppc/vof.h"
#include "hw/qdev-properties.h"
#include "hw/scsi/spapr_vscsi.h"
#include "hw/usb.h"
#include "system/blockdev.h"
#include "system/kvm.h"
#include "system/qtest.h"
#include "system/reset.h"
#include "system/system.h"
#include "target/ppc/cpu-models.h"

#define SPAPR_MAX_CPUS 4096

/* Terminals that -serial makes */
#define SPAPR_MAX_SERIALS 64

/* Adapters that -drive makes: one for each bus up to that with the last number */
#define SPAPR_MAX_SCSI_BUSES 64

/* Create a module of a type and make it a part of the board, or exit */
static void *machine_add_module(SpaprMachineState *spapr, const char *type,
                                const char *name)
{
    SpaprModule *module = SPAPR_MODULE(object_new(type));

    spapr_module_install(spapr->hv, module, name, &error_fatal);
    return module;
}

static void machine_create_hpt(SpaprMachineState *spapr)
{
    SpaprHpt *hpt = SPAPR_HPT(object_new(TYPE_SPAPR_HPT));

    hpt->resize = spapr->resize_hpt;
    spapr_module_install(spapr->hv, SPAPR_MODULE(hpt), "hpt", &error_fatal);
    spapr->hv->hpt = hpt;
}

static unsigned machine_max_cores(MachineState *machine)
{
    return DIV_ROUND_UP(machine->smp.max_cpus, machine->smp.threads);
}

static void machine_create_caps(SpaprMachineState *spapr)
{
    SpaprCaps *caps = SPAPR_CAPS(object_new(TYPE_SPAPR_CAPS));

    caps->wanted = spapr->caps;
    spapr_module_install(spapr->hv, SPAPR_MODULE(caps), "caps", &error_fatal);
    spapr->hv->caps = caps;
}

static void machine_create_numa(SpaprMachineState *spapr)
{
    SpaprNuma *numa = SPAPR_NUMA(object_new(TYPE_SPAPR_NUMA));

    numa->state = MACHINE(spapr)->numa_state;
    numa->max_cpus = machine_max_cores(MACHINE(spapr)) * spapr->vsmt;
    spapr_module_install(spapr->hv, SPAPR_MODULE(numa), "numa", &error_fatal);
    spapr->hv->numa = numa;
}

static void machine_create_memory(SpaprMachineState *spapr)
{
    SpaprMemory *memory = SPAPR_MEMORY(object_new(TYPE_SPAPR_MEMORY));

    memory->ram = MACHINE(spapr)->ram;
    spapr_module_install(spapr->hv, SPAPR_MODULE(memory), "memory",
                         &error_fatal);
    spapr->hv->memory = memory;
}

static void machine_create_mmu(SpaprMachineState *spapr)
{
    SpaprMmu *mmu = SPAPR_MMU(object_new(TYPE_SPAPR_MMU));

    mmu->rpt_invalidate = spapr_caps_on(spapr->hv->caps,
                                        SPAPR_CAP_RPT_INVALIDATE);
    spapr_module_install(spapr->hv, SPAPR_MODULE(mmu), "mmu", &error_fatal);
    spapr->hv->mmu = mmu;
}

static void machine_create_interrupts(SpaprMachineState *spapr)
{
    SpaprIrq *irq = SPAPR_IRQ(object_new(TYPE_SPAPR_IRQ));

    irq->mode = spapr->ic_mode;
    irq->nr_servers = machine_max_cores(MACHINE(spapr)) * spapr->vsmt;
    spapr_irq_install(spapr->hv, irq, &error_fatal);
}

static void machine_create_splpar(SpaprMachineState *spapr)
{
    SpaprSplpar *splpar = SPAPR_SPLPAR(object_new(TYPE_SPAPR_SPLPAR));

    splpar->shared = spapr->proc_mode == SPAPR_PROC_MODE_SHARED;
    spapr_module_install(spapr->hv, SPAPR_MODULE(splpar), "splpar",
                         &error_fatal);
    spapr->hv->splpar = splpar;
}

/* A slot is a core; a core's id is its first processor's index */
static CPUArchIdList *machine_cpu_slots(MachineState *machine)
{
    unsigned cores = machine_max_cores(machine);
    CPUArchIdList *list = machine->possible_cpus;

    if (list) {
        return list;
    }
    list = g_malloc0(sizeof(*list) + cores * sizeof(list->cpus[0]));
    list->len = cores;
    for (unsigned i = 0; i < cores; i++) {
        CPUArchId *slot = &list->cpus[i];

        slot->type = spapr_cpu_core_type(machine->cpu_type);
        slot->vcpus_count = machine->smp.threads;
        slot->arch_id = i * machine->smp.threads;
        slot->props.has_core_id = true;
        slot->props.core_id = slot->arch_id;
    }
    machine->possible_cpus = list;
    return list;
}

static void machine_create_cpus(SpaprMachineState *spapr)
{
    MachineState *machine = MACHINE(spapr);
    const char *type = spapr_cpu_core_type(machine->cpu_type);
    CPUArchIdList *slots = machine_cpu_slots(machine);
    unsigned cpus = machine->smp.cpus, threads = machine->smp.threads;

    for (unsigned first = 0; first < cpus; first += threads) {
        Object *core = object_new(type);

        object_property_set_int(core, "core-id", first, &error_abort);
        object_property_set_int(core, "nr-threads", MIN(threads, cpus - first),
                                &error_abort);
        SPAPR_CPU_CORE(core)->hv = spapr->hv;
        SPAPR_CPU_CORE(core)->vsmt = spapr->vsmt;
        SPAPR_CPU_CORE(core)->node_id =
            slots->cpus[first / threads].props.node_id;
        object_property_add_child(OBJECT(spapr), "core[*]", core);
        qdev_realize_and_unref(DEVICE(core), NULL, &error_fatal);
        /* Whole cores are plugged, so it is the core that fills the slot */
        slots->cpus[first / threads].cpu = CPU(core);
    }
}

static void machine_create_cas(SpaprMachineState *spapr)
{
    SpaprCas *cas = SPAPR_CAS(object_new(TYPE_SPAPR_CAS));

    if (spapr->max_compat_pvr &&
        !ppc_check_compat(POWERPC_CPU(first_cpu), spapr->max_compat_pvr,
                          0, 0)) {
        g_autofree char *level = object_property_get_str(
            OBJECT(spapr), "max-cpu-compat", &error_abort);

        error_report("max-cpu-compat=%s: the processor model has no such mode",
                     level);
        exit(EXIT_FAILURE);
    }
    cas->max_compat_pvr = spapr->max_compat_pvr;
    spapr_module_install(spapr->hv, SPAPR_MODULE(cas), "cas", &error_fatal);
    spapr->hv->cas = cas;
}

static void machine_create_rtc(SpaprMachineState *spapr)
{
    Object *rtc = machine_add_module(spapr, TYPE_SPAPR_RTC, "rtc");

    /* Management asks a machine for the time by this name */
    object_property_add_alias(OBJECT(spapr), "rtc-time", rtc, "date");
}

static void machine_create_fwnmi(SpaprMachineState *spapr)
{
    SpaprFwnmi *fwnmi = SPAPR_FWNMI(object_new(TYPE_SPAPR_FWNMI));

    fwnmi->enabled = spapr_caps_on(spapr->hv->caps, SPAPR_CAP_FWNMI);
    spapr_module_install(spapr->hv, SPAPR_MODULE(fwnmi), "fwnmi",
                         &error_fatal);
    spapr->hv->fwnmi = fwnmi;
}

static void machine_create_vio(SpaprMachineState *spapr)
{
    spapr->hv->vio = machine_add_module(spapr, TYPE_SPAPR_VIO_BRIDGE, "vio");
    for (int i = 0; i < SPAPR_MAX_SERIALS; i++) {
        if (serial_hd(i)) {
            spapr_vty_create(spapr->hv->vio->bus, serial_hd(i));
        }
    }
    spapr_nvram_create(spapr->hv->vio->bus);
    spapr_veth_create_all(spapr->hv->vio->bus);
    /* An adapter for each SCSI bus that -drive if=scsi (or -cdrom) names */
    for (int i = 0; i <= drive_get_max_bus(IF_SCSI); i++) {
        spapr_vscsi_create(spapr->hv->vio->bus);
    }
}

/* USB is for what a graphical console wants, unless the user asks for it */
static void machine_create_usb(PCIBus *bus, bool console)
{
    USBBus *usb;

    pci_create_simple(bus, -1, "nec-usb-xhci");
    if (console) {
        usb = USB_BUS(object_resolve_type_unambiguous(TYPE_USB_BUS,
                                                      &error_abort));
        usb_create_simple(usb, "usb-kbd");
        usb_create_simple(usb, "usb-mouse");
    }
}

/* The built-in bridge, and the devices that options for all boards ask for */
static void machine_create_pci(SpaprMachineState *spapr)
{
    MachineState *machine = MACHINE(spapr);
    DeviceState *phb = qdev_new(TYPE_SPAPR_PHB);
    PCIBus *bus;
    bool console;

    spapr->hv->pci = machine_add_module(spapr, TYPE_SPAPR_PCI, "pci");
    qdev_prop_set_uint32(phb, "index", 0);
    object_property_add_child(OBJECT(spapr->hv), "phb", OBJECT(phb));
    sysbus_realize_and_unref(SYS_BUS_DEVICE(phb), &error_fatal);
    bus = PCI_HOST_BRIDGE(phb)->bus;

    pci_init_nic_devices(bus, MACHINE_GET_CLASS(machine)->default_nic);
    console = pci_vga_init(bus) != NULL;
    machine->usb |= console && defaults_enabled() && !machine->usb_disabled;
    if (machine->usb) {
        machine_create_usb(bus, console);
    }
}

static void machine_create_firmware(SpaprMachineState *spapr)
{
    SpaprFirmware *fw = spapr_firmware_new(MACHINE(spapr),
                                           spapr->firmware_kind);

    if (fw->kind == SPAPR_FIRMWARE_VOF && !qtest_enabled() &&
        !MACHINE(spapr)->kernel_filename) {
        error_report("firmware=vof boots nothing but what -kernel names");
        exit(EXIT_FAILURE);
    }
    spapr->hv->firmware = fw;
    spapr_module_install(spapr->hv, SPAPR_MODULE(fw), "firmware",
                         &error_fatal);
}

/* Options that the core has for every board, and that this one can't follow */
static void machine_check_options(MachineState *machine)
{
    if (kvm_enabled()) {
        error_report("-accel kvm: this machine runs with tcg alone");
        exit(EXIT_FAILURE);
    }
    if (machine->ram_slots || machine->maxram_size != machine->ram_size) {
        error_report("-m: slots= and maxmem= are not supported yet");
        exit(EXIT_FAILURE);
    }
    if (!QEMU_IS_ALIGNED(machine->ram_size, SPAPR_LMB_SIZE)) {
        error_report("-m: the size of memory must be a multiple of "
                     "%" PRIu64 " MiB", (uint64_t)(SPAPR_LMB_SIZE / MiB));
        exit(EXIT_FAILURE);
    }
    if (serial_hd(SPAPR_MAX_SERIALS)) {
        error_report("-serial: no more than %d are supported",
                     SPAPR_MAX_SERIALS);
        exit(EXIT_FAILURE);
    }
    if (drive_get_max_bus(IF_SCSI) >= SPAPR_MAX_SCSI_BUSES) {
        error_report("-drive: bus=%d: numbers of SCSI buses are from 0 to %d",
                     drive_get_max_bus(IF_SCSI), SPAPR_MAX_SCSI_BUSES - 1);
        exit(EXIT_FAILURE);
    }
    if (machine->dtb) {
        error_report("-dtb: the board makes its own device tree");
        exit(EXIT_FAILURE);
    }
}

static void machine_check_cpu_type(MachineState *machine)
{
    if (!spapr_cpu_core_type(machine->cpu_type)) {
        error_report("-cpu: '%s' is no processor that this machine can have",
                     machine->cpu_type);
        exit(EXIT_FAILURE);
    }
}

/* XIVE came with POWER9: whether the guest's processors may be such ones */
static bool machine_can_xive(SpaprMachineState *spapr)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_CLASS(
        object_class_by_name(MACHINE(spapr)->cpu_type));
    uint32_t pvr = spapr->max_compat_pvr ?: pcc->spapr_logical_pvr;

    return pcc->bus_model == PPC_FLAGS_INPUT_POWER9 &&
           spapr_pvr_has_isa(pvr, CPU_POWERPC_LOGICAL_3_00);
}

static void machine_check_ic_mode(SpaprMachineState *spapr)
{
    bool can_xive = machine_can_xive(spapr);

    if (spapr->ic_mode == SPAPR_IC_MODE_XIVE && !can_xive) {
        error_report("ic-mode=xive: the guest's processors are older than "
                     "POWER9 (-cpu, max-cpu-compat=) and have XICS alone");
        exit(EXIT_FAILURE);
    }
    if (spapr->ic_mode == SPAPR_IC_MODE_DEFAULT) {
        spapr->ic_mode = SPAPR_IC_MODE_DUAL;
    }
    if (!can_xive) {
        /* There is nothing to choose from */
        spapr->ic_mode = SPAPR_IC_MODE_XICS;
    }
}

/*
 * vcpu ids of neighbouring cores are vsmt apart, so that a core keeps its
 * ids whatever number of threads the guest may use
 */
static void machine_check_vsmt(SpaprMachineState *spapr)
{
    unsigned threads = MACHINE(spapr)->smp.threads;

    if (!is_power_of_2(threads) || threads > SPAPR_MAX_THREADS) {
        error_report("-smp: threads=%u is not 1, 2, 4 or 8", threads);
        exit(EXIT_FAILURE);
    }
    if (!spapr->vsmt) {
        spapr->vsmt = threads;
    }
    if (!is_power_of_2(spapr->vsmt) || spapr->vsmt > SPAPR_MAX_THREADS ||
        spapr->vsmt < threads) {
        error_report("vsmt=%" PRIu32 ": must be 1, 2, 4 or 8, and no less "
                     "than threads=%u", spapr->vsmt, threads);
        exit(EXIT_FAILURE);
    }
}

/*
 * The core's dumpdtb wants a tree once all devices are there, which is before
 * the first reset brings the guest's.
 */
static void machine_init_done(Notifier *notifier, void *data)
{
    SpaprMachineState *spapr = container_of(notifier, SpaprMachineState,
                                            init_done);
    SpaprFirmware *fw = spapr->hv->firmware;
    size_t size;
    void *fdt;

    spapr_pci_init_done(spapr->hv->pci);
    if (MACHINE(spapr)->dumpdtb) {
        spapr_cas_machine_reset(spapr->hv->cas);
        fdt = spapr_firmware_build_tree(fw, &size);
        spapr_firmware_set_fdt(fw, fdt, size);
    }
}

static void machine_init(MachineState *machine)
{
    SpaprMachineState *spapr = SPAPR_MACHINE(machine);
    SpaprHypervisor *hv = spapr->hv;

    machine_check_options(machine);
    machine_check_cpu_type(machine);
    machine_check_vsmt(spapr);
    machine_check_ic_mode(spapr);

    machine_create_caps(spapr);
    machine_create_numa(spapr);
    machine_create_memory(spapr);
    machine_create_hpt(spapr);
    machine_create_mmu(spapr);
    machine_create_interrupts(spapr);
    machine_create_splpar(spapr);
    hv->vpa = machine_add_module(spapr, TYPE_SPAPR_VPA, "vpa");
    machine_create_cpus(spapr);
    machine_add_module(spapr, TYPE_SPAPR_VCPUS, "vcpus");
    machine_create_cas(spapr);
    machine_add_module(spapr, TYPE_SPAPR_CI, "ci");
    machine_create_rtc(spapr);
    machine_add_module(spapr, TYPE_SPAPR_POWER, "power");
    machine_add_module(spapr, TYPE_SPAPR_SYSPARM, "sysparm");
    hv->sensors = machine_add_module(spapr, TYPE_SPAPR_SENSORS, "sensors");
    hv->surveillance = machine_add_module(spapr, TYPE_SPAPR_SURVEILLANCE,
                                          "surveillance");
    hv->events = machine_add_module(spapr, TYPE_SPAPR_EVENTS, "events");
    hv->errinjct = machine_add_module(spapr, TYPE_SPAPR_ERRINJCT, "errinjct");
    machine_create_fwnmi(spapr);
    machine_add_module(spapr, TYPE_SPAPR_VPD, "vpd");
    machine_add_module(spapr, TYPE_SPAPR_RANDOM, "random");
    hv->tces = machine_add_module(spapr, TYPE_SPAPR_TCES, "tces");
    machine_create_vio(spapr);
    hv->drcs = machine_add_module(spapr, TYPE_SPAPR_DRCS, "drcs");
    machine_create_pci(spapr);
    machine_create_firmware(spapr);
    spapr_qtest_init();
    spapr_stats_init();
    spapr->init_done.notify = machine_init_done;
    qemu_add_machine_init_done_notifier(&spapr->init_done);
}

/*
 * Devices first, then the state that a guest starts in, and last, when all can
 * be described, tree and firmware. Before all that go devices that the guest
 * has been asked for, unless it is to be another guest, which may have them.
 */
static void machine_reset(MachineState *machine, ResetType type)
{
    SpaprHypervisor *hv = SPAPR_MACHINE(machine)->hv;

    if (type != RESET_TYPE_SNAPSHOT_LOAD) {
        spapr_drcs_machine_reset(hv->drcs);
    }
    qemu_devices_reset(type);
    spapr_cas_machine_reset(hv->cas);
    spapr_firmware_boot(hv->firmware, POWERPC_CPU(first_cpu));
}

static const CPUArchIdList *machine_possible_cpus(MachineState *machine)
{
    return machine_cpu_slots(machine);
}

static CpuInstanceProperties machine_cpu_props(MachineState *machine,
                                               unsigned cpu_index)
{
    CPUArchIdList *slots = machine_cpu_slots(machine);

    return slots->cpus[cpu_index / machine->smp.threads].props;
}

/* Without -numa cpu: whole sockets, node by node */
static int64_t machine_default_node(const MachineState *machine, int slot)
{
    return slot / machine->smp.cores % machine->numa_state->num_nodes;
}

/* The monitor's "nmi": a system reset interrupt on every processor */
static void machine_nmi(NMIState *n, int cpu_index, Error **errp)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        spapr_cpu_system_reset(POWERPC_CPU(cs));
    }
}

static void machine_print_pic(InterruptStatsProvider *obj, GString *buf)
{
    spapr_irq_print_info(SPAPR_MACHINE(obj)->hv->irq, buf);
}

static target_ulong machine_vof_cas(MachineState *machine, CPUState *cs,
                                    target_ulong vec)
{
    return spapr_vof_client_architecture_support(
               SPAPR_MACHINE(machine)->hv->firmware->vof, POWERPC_CPU(cs), vec);
}

static bool machine_vof_setprop(MachineState *machine, const char *path,
                                const char *propname, void *val, int vallen)
{
    return spapr_vof_setprop(path, propname);
}

static char *machine_get_dev_path(FWPathProvider *p, BusState *bus,
                                  DeviceState *dev)
{
    return spapr_fw_path_name(dev);
}

static bool machine_get_x_vof(Object *obj, Error **errp)
{
    return SPAPR_MACHINE(obj)->firmware_kind == SPAPR_FIRMWARE_VOF;
}

static void machine_set_x_vof(Object *obj, bool value, Error **errp)
{
    SPAPR_MACHINE(obj)->firmware_kind = value ? SPAPR_FIRMWARE_VOF :
                                                SPAPR_FIRMWARE_SLOF;
}

static char *machine_get_host_model(Object *obj, Error **errp)
{
    return g_strdup(SPAPR_MACHINE(obj)->hv->host_model);
}

static void machine_set_host_model(Object *obj, const char *value, Error **errp)
{
    SpaprHypervisor *hv = SPAPR_MACHINE(obj)->hv;

    g_free(hv->host_model);
    hv->host_model = g_strdup(value);
}

static char *machine_get_host_serial(Object *obj, Error **errp)
{
    return g_strdup(SPAPR_MACHINE(obj)->hv->host_serial);
}

static void machine_set_host_serial(Object *obj, const char *value,
                                    Error **errp)
{
    SpaprHypervisor *hv = SPAPR_MACHINE(obj)->hv;

    g_free(hv->host_serial);
    hv->host_serial = g_strdup(value);
}

static int machine_get_resize_hpt(Object *obj, Error **errp)
{
    return SPAPR_MACHINE(obj)->resize_hpt;
}

static void machine_set_resize_hpt(Object *obj, int value, Error **errp)
{
    SPAPR_MACHINE(obj)->resize_hpt = value;
}

static int machine_get_proc_mode(Object *obj, Error **errp)
{
    return SPAPR_MACHINE(obj)->proc_mode;
}

static void machine_set_proc_mode(Object *obj, int value, Error **errp)
{
    SPAPR_MACHINE(obj)->proc_mode = value;
}

static void spapr_machine_instance_init(Object *obj)
{
    SpaprMachineState *spapr = SPAPR_MACHINE(obj);

    spapr->hv = SPAPR_HYPERVISOR(object_new(TYPE_SPAPR_HYPERVISOR));
    object_property_add_child(obj, "hypervisor", OBJECT(spapr->hv));
    object_unref(OBJECT(spapr->hv));

    memset(&spapr->caps, SPAPR_CAP_UNSET, sizeof(spapr->caps));
    object_property_add_uint32_ptr(obj, "vsmt", &spapr->vsmt,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_set_description(obj, "vsmt",
        "Distance of the vcpu ids of two cores (1, 2, 4 or 8)");
    ppc_compat_add_property(obj, "max-cpu-compat", &spapr->max_compat_pvr,
        "Newest architecture that the guest's processors may follow");
}

static char *machine_get_ic_mode(Object *obj, Error **errp)
{
    return g_strdup(spapr_irq_mode_name(SPAPR_MACHINE(obj)->ic_mode) ?: "");
}

static void machine_set_ic_mode(Object *obj, const char *value, Error **errp)
{
    if (!spapr_irq_mode_parse(value, &SPAPR_MACHINE(obj)->ic_mode)) {
        error_setg(errp, "ic-mode=%s: must be xics, xive or dual", value);
    }
}

static char *machine_get_kvm_type(Object *obj, Error **errp)
{
    return g_strdup("auto");
}

static void machine_set_kvm_type(Object *obj, const char *value, Error **errp)
{
    if (!strcmp(value, "HV") || !strcmp(value, "PR")) {
        error_setg(errp, "kvm-type=%s: the board runs without KVM; use "
                   "kvm-type=auto", value);
    } else if (strcmp(value, "auto")) {
        error_setg(errp, "kvm-type=%s: must be auto, HV or PR", value);
    }
}

static void spapr_machine_class_options(ObjectClass *oc)
{
    static const char *const resize_hpt_names[] = {
        [SPAPR_RESIZE_HPT_DEFAULT] = "default",
        [SPAPR_RESIZE_HPT_ENABLED] = "enabled",
        [SPAPR_RESIZE_HPT_DISABLED] = "disabled",
        [SPAPR_RESIZE_HPT_REQUIRED] = "required",
    };
    static const QEnumLookup resize_hpt_lookup = {
        .array = resize_hpt_names,
        .size = ARRAY_SIZE(resize_hpt_names),
    };
    static const char *const proc_mode_names[] = {
        [SPAPR_PROC_MODE_SHARED] = "shared",
        [SPAPR_PROC_MODE_DEDICATED] = "dedicated",
    };
    static const QEnumLookup proc_mode_lookup = {
        .array = proc_mode_names,
        .size = ARRAY_SIZE(proc_mode_names),
    };

    spapr_caps_add_properties(oc);
    object_class_property_add_str(oc, "ic-mode", machine_get_ic_mode,
                                  machine_set_ic_mode);
    object_class_property_set_description(oc, "ic-mode",
        "Interrupt controller: xics, xive, or dual, which lets the guest "
        "choose");
    object_class_property_add_str(oc, "kvm-type", machine_get_kvm_type,
                                  machine_set_kvm_type);
    object_class_property_set_description(oc, "kvm-type",
        "Kind of KVM: auto, as there is none");
    object_class_property_add_bool(oc, "x-vof", machine_get_x_vof,
                                   machine_set_x_vof);
    object_class_property_set_description(oc, "x-vof",
        "Older name: on is firmware=vof, off is firmware=slof");
    object_class_property_add_enum(oc, "resize-hpt", "SpaprResizeHpt",
                                   &resize_hpt_lookup, machine_get_resize_hpt,
                                   machine_set_resize_hpt);
    object_class_property_set_description(oc, "resize-hpt",
        "Resizing of the hash page table by the guest (default, enabled, "
        "disabled, required)");
    object_class_property_add_enum(oc, "proc-mode", "SpaprProcMode",
                                   &proc_mode_lookup, machine_get_proc_mode,
                                   machine_set_proc_mode);
    object_class_property_set_description(oc, "proc-mode",
        "Whether the guest is told that its processors are shared with others "
        "(shared, dedicated)");
    object_class_property_add_str(oc, "host-model", machine_get_host_model,
                                  machine_set_host_model);
    object_class_property_set_description(oc, "host-model",
        "Host model to advertise in the guest's device tree");
    object_class_property_add_str(oc, "host-serial", machine_get_host_serial,
                                  machine_set_host_serial);
    object_class_property_set_description(oc, "host-serial",
        "Host serial number to advertise in the guest's device tree");
}

static void spapr_machine_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);
    NMIClass *nc = NMI_CLASS(oc);
    InterruptStatsProviderClass *ic = INTERRUPT_STATS_PROVIDER_CLASS(oc);
    VofMachineIfClass *vmc = VOF_MACHINE_CLASS(oc);
    FWPathProviderClass *fwc = FW_PATH_PROVIDER_CLASS(oc);

    mc->init = machine_init;
    mc->reset = machine_reset;
    mc->max_cpus = SPAPR_MAX_CPUS;
    mc->no_parallel = 1;
    mc->no_floppy = 1;
    mc->default_boot_order = "";
    mc->default_cpu_type = POWERPC_CPU_TYPE_NAME("power10_v2.0");
    mc->default_ram_size = 512 * MiB;
    mc->default_ram_id = "ppc_spapr.ram";
    mc->block_default_type = IF_SCSI;
    mc->default_display = "std";
    mc->default_nic = TYPE_SPAPR_VETH;
    mc->has_hotpluggable_cpus = true;
    mc->possible_cpu_arch_ids = machine_possible_cpus;
    mc->cpu_index_to_instance_props = machine_cpu_props;
    mc->get_default_cpu_node_id = machine_default_node;
    /* A guest without nodes could not be given memory of a second one later */
    mc->auto_enable_numa = true;
    mc->numa_mem_supported = true;
    machine_class_allow_dynamic_sysbus_dev(mc, TYPE_SPAPR_PHB);
    /* SLOF's nodes are functions, with nothing below them for their disks */
    mc->ignore_boot_device_suffixes = true;

    nc->nmi_monitor_handler = machine_nmi;
    ic->print_info = machine_print_pic;
    vmc->client_architecture_support = machine_vof_cas;
    vmc->setprop = machine_vof_setprop;
    fwc->get_dev_path = machine_get_dev_path;

    spapr_machine_class_options(oc);
}

/* PCI bridges have connectors in place of a hot plug controller of their own */
static void machine_add_defaults(MachineClass *mc)
{
    static GlobalProperty defaults[] = {
        { "pci-bridge", "shpc", "off" },
    };

    compat_props_add(mc->compat_props, defaults, ARRAY_SIZE(defaults));
}

static void pseries_10_0_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    machine_add_defaults(mc);
    mc->desc = "PAPR logical partition";
    mc->alias = "pseries";
    mc->is_default = true;
}

static const TypeInfo spapr_machine_types[] = {
    {
        .name = TYPE_SPAPR_MACHINE,
        .parent = TYPE_MACHINE,
        .abstract = true,
        .instance_size = sizeof(SpaprMachineState),
        .instance_init = spapr_machine_instance_init,
        .class_init = spapr_machine_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_NMI },
            { TYPE_INTERRUPT_STATS_PROVIDER },
            { TYPE_VOF_MACHINE_IF },
            { TYPE_FW_PATH_PROVIDER },
            { },
        },
    }, {
        .name = MACHINE_TYPE_NAME("pseries-10.0"),
        .parent = TYPE_SPAPR_MACHINE,
        .class_init = pseries_10_0_class_init,
    },
};

DEFINE_TYPES(spapr_machine_types)
