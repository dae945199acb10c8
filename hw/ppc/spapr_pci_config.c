/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: PCI configuration space by RTAS
 *
 * LoPAR, "PCI Configuration Space". The cells of values are numbers, so neither
 * side need swap bytes.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "hw/ppc/spapr_pci.h"
#include "trace.h"

/* The register number's upper four bits are the address's, too */
static uint32_t config_register(uint32_t config_addr)
{
    return (config_addr >> 20 & 0xf00) | (config_addr & 0xff);
}

static bool config_access_ok(uint32_t config_addr, uint32_t size)
{
    return size <= 4 && is_power_of_2(size) &&
           QEMU_IS_ALIGNED(config_addr, size);
}

void spapr_pci_config_write(PCIDevice *dev, uint32_t reg, uint32_t value,
                            unsigned size)
{
    pci_host_config_write_common(dev, reg, pci_config_size(dev), value, size);
}

static uint32_t config_load(PCIDevice *dev, uint32_t reg, uint32_t size)
{
    uint32_t value = UINT32_MAX;

    if (dev) {
        value = pci_host_config_read_common(dev, reg, pci_config_size(dev),
                                            size);
    }
    return value & MAKE_64BIT_MASK(0, size * 8);
}

/*
 * The bridge, and the function if it can be reached: "EEH Option Requirements",
 * R1-"EEH Option Requirements"-8
 */
static SpaprPhb *config_find(SpaprPci *pci, const uint32_t *who,
                             PCIDevice **dev)
{
    SpaprPhb *phb = spapr_pci_find(pci, who, dev);

    if (phb && spapr_pci_eeh_mmio_stopped(phb)) {
        *dev = NULL;
    }
    return phb;
}

static int32_t config_read(SpaprPci *pci, const uint32_t *who, uint32_t size,
                           uint32_t *value)
{
    PCIDevice *dev;

    if (!config_find(pci, who, &dev) || !config_access_ok(who[0], size)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    *value = config_load(dev, config_register(who[0]), size);
    trace_spapr_pci_config_read(who[0], who[2], size, *value);
    return RTAS_OUT_SUCCESS;
}

static int32_t config_write(SpaprPci *pci, const uint32_t *who, uint32_t size,
                            uint32_t value)
{
    PCIDevice *dev;

    if (!config_find(pci, who, &dev) || !config_access_ok(who[0], size)) {
        return RTAS_OUT_PARAM_ERROR;
    }
    trace_spapr_pci_config_write(who[0], who[2], size, value);
    if (dev) {
        spapr_pci_config_write(dev, config_register(who[0]), value, size);
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,read-pci-config: LoPAR, "ibm,read-pci-config"
 *
 * Argument cells: configuration address, unit id of the bridge (two cells),
 * size in bytes. Return cells: 0 and the value, or -3 when there is no such
 * bridge, for reserved bits in the address, a size that is not 1, 2 or 4, and
 * an address that is no multiple of it. Where there is no function, while it is
 * stopped, and behind the end of its registers, the value is all ones.
 */
static int32_t ibm_read_pci_config(PowerPCCPU *cpu, void *opaque,
                                   const uint32_t *args, uint32_t *outs)
{
    return config_read(opaque, args, args[3], &outs[0]);
}

/*
 * ibm,write-pci-config: LoPAR, "ibm,write-pci-config"
 *
 * Argument cells: as ibm,read-pci-config, and the value. Status: 0, also where
 * there is no function or it is stopped, or -3 as there.
 */
static int32_t ibm_write_pci_config(PowerPCCPU *cpu, void *opaque,
                                    const uint32_t *args, uint32_t *outs)
{
    return config_write(opaque, args, args[3], args[4]);
}

/*
 * The same services before there were unit ids, as IEEE 1275's and CHRP's RTAS
 * have them: the built-in bridge's
 */
#define BUILT_IN(config_addr)                                           \
    { (config_addr), SPAPR_PCI_BUID(0) >> 32, (uint32_t)SPAPR_PCI_BUID(0) }

/*
 * read-pci-config: argument cells: configuration address, size. Returns as
 * ibm,read-pci-config.
 */
static int32_t read_pci_config(PowerPCCPU *cpu, void *opaque,
                               const uint32_t *args, uint32_t *outs)
{
    const uint32_t who[] = BUILT_IN(args[0]);

    return config_read(opaque, who, args[1], &outs[0]);
}

/*
 * write-pci-config: argument cells: configuration address, size, value. Returns
 * as ibm,write-pci-config.
 */
static int32_t write_pci_config(PowerPCCPU *cpu, void *opaque,
                                const uint32_t *args, uint32_t *outs)
{
    const uint32_t who[] = BUILT_IN(args[0]);

    return config_write(opaque, who, args[1], args[2]);
}

void spapr_pci_config_register_calls(SpaprPci *pci, SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "read-pci-config", 2, 2, read_pci_config, pci);
    spapr_rtas_register(rtas, "write-pci-config", 3, 1, write_pci_config, pci);
    spapr_rtas_register(rtas, "ibm,read-pci-config", 4, 2,
                        ibm_read_pci_config, pci);
    spapr_rtas_register(rtas, "ibm,write-pci-config", 5, 1,
                        ibm_write_pci_config, pci);
}
