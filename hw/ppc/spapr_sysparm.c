/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: system parameters
 *
 * All of them follow from the configuration of the machine, so there is no
 * state. See LoPAR, "System Parameters Option".
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/uuid.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_mmu.h"
#include "hw/ppc/spapr_module.h"
#include "hw/ppc/spapr_splpar.h"
#include "hw/ppc/spapr_sysparm.h"
#include "system/system.h"
#include "trace.h"

/* R1-"System Parameters Option"-12: longest data in and out, in bytes */
#define SYSPARM_MAX_INPUT   1024
#define SYSPARM_MAX_OUTPUT  4000
/* Before the data goes its length, big endian */
#define SYSPARM_HEADER      2

/* Tokens, table "Defined Parameters" */
enum {
    SYSPARM_HMC_FIRST               = 0,
    SYSPARM_HMC_LAST                = 15,
    SYSPARM_COD_PROCESSOR_CARD      = 18,
    SYSPARM_COD_MEMORY_CARD         = 19,
    SYSPARM_SPLPAR                  = 20,
    SYSPARM_AUTO_RESTART            = 21,
    SYSPARM_SURVEILLANCE            = 27,
    SYSPARM_SURVEILLANCE_INTERVAL   = 28,
    SYSPARM_SURVEILLANCE_DELAY      = 29,
    SYSPARM_COD_PROCESSOR           = 37,
    SYSPARM_COD_MEMORY              = 38,
    SYSPARM_COD_OPTIONS             = 39,
    SYSPARM_DIAGNOSTICS_RUN_MODE    = 42,
    SYSPARM_PROCESSOR_MODULES       = 43,
    SYSPARM_CMO                     = 44,
    SYSPARM_CEDE_LATENCY            = 45,
    SYSPARM_COMPRESSION_FACTOR      = 46,
    SYSPARM_UUID                    = 48,
    SYSPARM_TLB_BLOCK_INVALIDATE    = 50,
    SYSPARM_ENERGY_TUNING           = 52,
    SYSPARM_SERVICE_EXPIRATION      = 53,
    SYSPARM_LPAR_NAME               = 55,
};

#define DIAGNOSTICS_DISABLED    0
#define DIAGNOSTICS_IMMEDIATE   2

static void put_be16(GByteArray *value, uint16_t number)
{
    uint16_t be = cpu_to_be16(number);

    g_byte_array_append(value, (uint8_t *)&be, sizeof(be));
}

static void put_byte(GByteArray *value, uint8_t byte)
{
    g_byte_array_append(value, &byte, sizeof(byte));
}

/* Strings count their NUL */
static void put_string(GByteArray *value, const char *string)
{
    g_byte_array_append(value, (const uint8_t *)string, strlen(string) + 1);
}

static void get_splpar(SpaprModule *module, GByteArray *value)
{
    g_autofree char *string =
        spapr_splpar_characteristics(module->hv->splpar);

    put_string(value, string);
}

/*
 * "Processor Module Information": the number of kinds of module, then for each
 * its sockets, chips in a module, and cores in a chip
 */
static void get_processor_modules(GByteArray *value)
{
    MachineState *machine = MACHINE(qdev_get_machine());

    put_be16(value, 1);
    put_be16(value, machine->smp.sockets);
    put_be16(value, 1);
    put_be16(value, machine->smp.cores);
}

/* "Platform Processor Diagnostics Options": TCG has nothing to diagnose */
static void get_diagnostics_run_mode(GByteArray *value)
{
    put_byte(value, DIAGNOSTICS_DISABLED);
}

/* "partition_auto_restart Parameter" */
#define AUTO_RESTART_OFF        0

/*
 * "Surveillance Parameters": the defaults, in minutes but for the first. A
 * guest is not watched before it asks for it.
 */
#define SURVEILLANCE_OFF                0
#define SURVEILLANCE_DEFAULT_INTERVAL   5
#define SURVEILLANCE_DEFAULT_DELAY      10

/*
 * LoPAR, app. "CMO Characteristics Definitions": pages of 4 KiB (a power of 2),
 * and no partition that would page for this one, which has memory of its own
 */
static void get_cmo(GByteArray *value)
{
    put_string(value, "CMOPageSize=12,PrPSP=-1,SecPSP=-1");
}

/* Reserved in the LoPAR; guests find the 16 bytes of -uuid here */
static void get_uuid(GByteArray *value)
{
    if (qemu_uuid_set) {
        g_byte_array_append(value, qemu_uuid.data, sizeof(qemu_uuid.data));
    }
}

static void get_lpar_name(GByteArray *value)
{
    const char *name = qemu_get_vm_name();

    if (name) {
        put_string(value, name);
    }
}

/* Fill in @value; nothing when the machine does not have the parameter */
static void get_parameter(SpaprModule *module, uint32_t token,
                          GByteArray *value)
{
    switch (token) {
    case SYSPARM_SPLPAR:
        get_splpar(module, value);
        break;
    case SYSPARM_AUTO_RESTART:
        /* What fails stays so, unless the user or the guest restarts it */
        put_byte(value, AUTO_RESTART_OFF);
        break;
    case SYSPARM_SURVEILLANCE:
        put_byte(value, SURVEILLANCE_OFF);
        break;
    case SYSPARM_SURVEILLANCE_INTERVAL:
        put_byte(value, SURVEILLANCE_DEFAULT_INTERVAL);
        break;
    case SYSPARM_SURVEILLANCE_DELAY:
        put_byte(value, SURVEILLANCE_DEFAULT_DELAY);
        break;
    case SYSPARM_DIAGNOSTICS_RUN_MODE:
        get_diagnostics_run_mode(value);
        break;
    case SYSPARM_PROCESSOR_MODULES:
        get_processor_modules(value);
        break;
    case SYSPARM_CMO:
        get_cmo(value);
        break;
    case SYSPARM_UUID:
        get_uuid(value);
        break;
    case SYSPARM_TLB_BLOCK_INVALIDATE:
        spapr_hpt_block_characteristics(value);
        break;
    case SYSPARM_LPAR_NAME:
        get_lpar_name(value);
        break;
    }
}

static int32_t get_to_buffer(SpaprModule *module, uint32_t token,
                             uint32_t addr, uint32_t length)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    g_autoptr(GByteArray) result = g_byte_array_new();
    uint32_t n;

    get_parameter(module, token, value);
    if (!value->len) {
        return RTAS_OUT_NOT_SUPPORTED;
    }
    if (!length) {
        return RTAS_OUT_SUCCESS;
    }
    n = MIN(value->len, SYSPARM_MAX_OUTPUT);
    put_be16(result, n);
    g_byte_array_append(result, value->data, n);
    n = MIN(length, result->len);
    if (!spapr_memory_is_ram(module->hv->memory, addr, n) ||
        address_space_write(&address_space_memory, addr,
                            MEMTXATTRS_UNSPECIFIED, result->data,
                            n) != MEMTX_OK) {
        return RTAS_OUT_SYSPARM_ERROR;
    }
    return RTAS_OUT_SUCCESS;
}

/*
 * ibm,get-system-parameter: LoPAR, "ibm,get-system-parameter"
 *
 * Argument cells: parameter token, real address of the buffer, its length in
 * bytes. Length and data are stored there, cut where the buffer ends. Status:
 * 0 (also, with nothing stored, for a buffer of no length), -3 for a parameter
 * that the machine does not have, -9999 for a buffer that is not memory.
 */
static int32_t get_system_parameter(PowerPCCPU *cpu, void *opaque,
                                    const uint32_t *args, uint32_t *outs)
{
    int32_t status = get_to_buffer(opaque, args[0], args[1], args[2]);

    trace_spapr_sysparm_get(args[0], args[2], status);
    return status;
}

/*
 * Parameters that are for reading, whether or not this machine has them. Those
 * that others may set are the user's here, on the command line.
 */
static bool read_only(uint32_t token)
{
    switch (token) {
    case SYSPARM_HMC_FIRST ... SYSPARM_HMC_LAST:
    case SYSPARM_COD_PROCESSOR_CARD:
    case SYSPARM_COD_MEMORY_CARD:
    case SYSPARM_SPLPAR:
    case SYSPARM_AUTO_RESTART:
    case SYSPARM_SURVEILLANCE:
    case SYSPARM_SURVEILLANCE_INTERVAL:
    case SYSPARM_SURVEILLANCE_DELAY:
    case SYSPARM_COD_PROCESSOR:
    case SYSPARM_COD_MEMORY:
    case SYSPARM_COD_OPTIONS:
    case SYSPARM_PROCESSOR_MODULES:
    case SYSPARM_CMO:
    case SYSPARM_CEDE_LATENCY:
    case SYSPARM_COMPRESSION_FACTOR:
    case SYSPARM_UUID:
    case SYSPARM_TLB_BLOCK_INVALIDATE:
    case SYSPARM_ENERGY_TUNING:
    case SYSPARM_SERVICE_EXPIRATION:
    case SYSPARM_LPAR_NAME:
        return true;
    default:
        return false;
    }
}

/*
 * One byte, 0 to 2. There are no diagnostics to run, so the only mode that may
 * be chosen is to have none.
 */
static int32_t set_diagnostics_run_mode(const uint8_t *data, uint16_t length)
{
    if (length != 1 || data[0] > DIAGNOSTICS_IMMEDIATE) {
        return RTAS_OUT_SYSPARM_ERROR;
    }
    return data[0] == DIAGNOSTICS_DISABLED ? RTAS_OUT_SUCCESS
                                           : RTAS_OUT_NOT_AUTHORIZED;
}

/* Copy bytes in; false when they are not all memory */
static bool guest_read(SpaprModule *module, hwaddr addr, void *buf, size_t n)
{
    return spapr_memory_is_ram(module->hv->memory, addr, n) &&
           address_space_read(&address_space_memory, addr,
                              MEMTXATTRS_UNSPECIFIED, buf, n) == MEMTX_OK;
}

static int32_t set_from_buffer(SpaprModule *module, uint32_t token,
                               uint32_t addr)
{
    uint8_t data[SYSPARM_MAX_INPUT];
    uint16_t length;

    if (read_only(token)) {
        return RTAS_OUT_NOT_AUTHORIZED;
    }
    if (token != SYSPARM_DIAGNOSTICS_RUN_MODE) {
        return RTAS_OUT_NOT_SUPPORTED;
    }
    if (!guest_read(module, addr, &length, sizeof(length))) {
        return RTAS_OUT_SYSPARM_ERROR;
    }
    length = be16_to_cpu(length);
    if (!length) {
        return RTAS_OUT_SUCCESS;
    }
    if (length > SYSPARM_MAX_INPUT ||
        !guest_read(module, (hwaddr)addr + SYSPARM_HEADER, data, length)) {
        return RTAS_OUT_SYSPARM_ERROR;
    }
    return set_diagnostics_run_mode(data, length);
}

/*
 * ibm,set-system-parameter: LoPAR, "ibm,set-system-parameter"
 *
 * Argument cells: parameter token, real address of length and data. Status: 0
 * (also for data of no length), -9002 for a parameter or value that the
 * partition may not set, -3 for one that the machine does not have, -9999 for
 * data that are too long, no value of the parameter, or not memory.
 */
static int32_t set_system_parameter(PowerPCCPU *cpu, void *opaque,
                                    const uint32_t *args, uint32_t *outs)
{
    int32_t status = set_from_buffer(opaque, args[0], args[1]);

    trace_spapr_sysparm_set(args[0], status);
    return status;
}

static void spapr_sysparm_register_calls(SpaprModule *module,
                                         SpaprHcallTable *hcalls,
                                         SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,get-system-parameter", 3, 1,
                        get_system_parameter, module);
    spapr_rtas_register(rtas, "ibm,set-system-parameter", 2, 1,
                        set_system_parameter, module);
}

static void spapr_sysparm_class_init(ObjectClass *oc, void *data)
{
    SPAPR_MODULE_CLASS(oc)->register_calls = spapr_sysparm_register_calls;
    DEVICE_CLASS(oc)->desc = "sPAPR system parameters";
}

static const TypeInfo spapr_sysparm_types[] = {
    {
        .name = TYPE_SPAPR_SYSPARM,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprModule),
        .class_init = spapr_sysparm_class_init,
    },
};

DEFINE_TYPES(spapr_sysparm_types)
