/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: vital product data, and who the machine is
 *
 * LoPAR, "Vital Product Data". There are no parts that could be replaced, so
 * the data are those of the enclosure and of the platform's firmware. They are
 * made from the configuration at each call.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "qemu/uuid.h"
#include "exec/address-spaces.h"
#include "hw/ppc/spapr_memory.h"
#include "hw/ppc/spapr_vpd.h"
#include "migration/vmstate.h"
#include "system/system.h"
#include "trace.h"

/* What machines are that the user gives no other name */
#define DEFAULT_TYPE_MODEL      "QEMU-000"
#define DEFAULT_SERIAL          "0000000"

/* ibm,get-vpd has these besides the common ones */
#define STATUS_MORE             1
#define STATUS_CHANGED          (-4)

/* Resource tags, "VPD Data Structure Description" */
#define VPD_TAG_NAME            0x82
#define VPD_TAG_KEYWORDS        0x90
#define VPD_TAG_END             0x79    /* with a checksum */

/* Longest value of a keyword: its length is a byte */
#define VPD_VALUE_MAX           255

/* What an estimate of all data allows for (R1-"ibm,get-vpd RTAS Call"-15) */
#define VPD_SIZE_ESTIMATE       4096

/* Type and model "tttt-mmm", behind the vendor's name and a comma, if any */
static const char *user_type_model(SpaprHypervisor *hv)
{
    const char *comma = hv->host_model ? strchr(hv->host_model, ',') : NULL;
    const char *word = comma ? comma + 1 : hv->host_model;

    return word && strlen(word) == 8 && word[4] == '-' ? word : NULL;
}

char *spapr_vpd_type_model(SpaprHypervisor *hv)
{
    return g_ascii_strup(user_type_model(hv) ?: DEFAULT_TYPE_MODEL, -1);
}

/* The last 7 of what the user gives, or the first of the UUID's digits */
char *spapr_vpd_serial(SpaprHypervisor *hv)
{
    const unsigned n = strlen(DEFAULT_SERIAL);

    if (hv->host_serial && *hv->host_serial) {
        size_t len = strlen(hv->host_serial);

        return g_ascii_strup(hv->host_serial + (len > n ? len - n : 0), -1);
    }
    if (qemu_uuid_set) {
        g_autofree char *uuid = qemu_uuid_unparse_strdup(&qemu_uuid);

        return g_ascii_strup(uuid, n);
    }
    return g_strdup(DEFAULT_SERIAL);
}

/* "Hardware Location Codes": what is not allowed there becomes a "#" */
char *spapr_vpd_enclosure(SpaprHypervisor *hv)
{
    g_autofree char *type_model = spapr_vpd_type_model(hv);
    g_autofree char *serial = spapr_vpd_serial(hv);
    char *location;

    g_strdelimit(type_model, "-", '.');
    location = g_strdup_printf("U%s.%s", type_model, serial);
    for (char *c = location; *c; c++) {
        if (!g_ascii_isupper(*c) && !g_ascii_isdigit(*c) && *c != '.') {
            *c = '#';
        }
    }
    return location;
}

/* A keyword and its value, which is cut to what it may have */
static void put_keyword(GByteArray *keywords, const char *keyword,
                        const char *value, size_t max)
{
    uint8_t length = MIN(strlen(value), max);

    g_byte_array_append(keywords, (const uint8_t *)keyword, 2);
    g_byte_array_append(keywords, &length, sizeof(length));
    g_byte_array_append(keywords, (const uint8_t *)value, length);
}

/* Lengths of large resources are little endian */
static void put_resource(GByteArray *stanza, uint8_t tag,
                         const void *data, size_t len)
{
    uint8_t header[3] = { tag };

    stw_le_p(&header[1], len);
    g_byte_array_append(stanza, header, sizeof(header));
    g_byte_array_append(stanza, data, len);
}

/* All bytes before the end tag and the one behind it add up to 0 */
static void put_end(GByteArray *stanza)
{
    uint8_t end[2] = { VPD_TAG_END };

    for (guint i = 0; i < stanza->len; i++) {
        end[1] -= stanza->data[i];
    }
    g_byte_array_append(stanza, end, sizeof(end));
}

/*
 * One stanza, when @wanted is its location or empty: a name, then keywords, of
 * which the location is the last
 */
static void put_stanza(GByteArray *vpd, const char *wanted,
                       const char *location, const char *name,
                       GByteArray *keywords)
{
    g_autoptr(GByteArray) stanza = g_byte_array_new();

    if (*wanted && !g_str_equal(wanted, location)) {
        return;
    }
    put_keyword(keywords, "YL", location, VPD_VALUE_MAX);
    put_resource(stanza, VPD_TAG_NAME, name, strlen(name));
    put_resource(stanza, VPD_TAG_KEYWORDS, keywords->data, keywords->len);
    put_end(stanza);
    g_byte_array_append(vpd, stanza->data, stanza->len);
}

/* R1-"System Identification"-2 and -3: type, model and serial number */
static void put_enclosure(SpaprHypervisor *hv, GByteArray *vpd,
                          const char *wanted)
{
    g_autoptr(GByteArray) keywords = g_byte_array_new();
    g_autofree char *type_model = spapr_vpd_type_model(hv);
    g_autofree char *serial = spapr_vpd_serial(hv);
    g_autofree char *location = spapr_vpd_enclosure(hv);

    put_keyword(keywords, "RT", "VSYS", 4);
    put_keyword(keywords, "TM", type_model, 8);
    put_keyword(keywords, "SE", serial, 7);
    put_stanza(vpd, wanted, location, "System VPD", keywords);
}

/* R1-"System Identification"-6 to -9: firmware that no guest can alter */
static void put_firmware(SpaprHypervisor *hv, GByteArray *vpd,
                         const char *wanted)
{
    g_autoptr(GByteArray) keywords = g_byte_array_new();
    g_autofree char *enclosure = spapr_vpd_enclosure(hv);
    g_autofree char *location = g_strdup_printf("%s-Y1", enclosure);

    put_keyword(keywords, "RL", "QEMU " QEMU_VERSION, 24);
    put_stanza(vpd, wanted, location, "System Firmware", keywords);
}

/* Everything at @location, or everything there is when it is empty */
static GByteArray *vpd_collect(SpaprHypervisor *hv, const char *location)
{
    GByteArray *vpd = g_byte_array_new();

    put_enclosure(hv, vpd, location);
    put_firmware(hv, vpd, location);
    return vpd;
}

/*
 * Begin a sequence of calls; one that has not come to its end is given up.
 * Returns: false for a location that is no string
 */
static bool sequence_begin(SpaprVpd *vpd, uint32_t location)
{
    SpaprMemory *memory = SPAPR_MODULE(vpd)->hv->memory;
    ssize_t len = spapr_memory_read_string(memory, location, vpd->location,
                                           sizeof(vpd->location));

    vpd->next = 1;
    vpd->offset = 0;
    return len >= 0 && len < sizeof(vpd->location);
}

static void sequence_end(SpaprVpd *vpd)
{
    vpd->next = 0;
    vpd->offset = 0;
}

static int32_t get_vpd_part(SpaprVpd *vpd, uint32_t addr, uint32_t size,
                            uint32_t *outs)
{
    SpaprHypervisor *hv = SPAPR_MODULE(vpd)->hv;
    g_autoptr(GByteArray) data = vpd_collect(hv, vpd->location);
    uint32_t sum = crc32c(0, data->data, data->len);
    uint32_t n;

    /* A stream may tell that there was more than there is */
    if (vpd->offset && (vpd->sum != sum || vpd->offset >= data->len)) {
        return STATUS_CHANGED;
    }
    vpd->sum = sum;
    n = MIN(size, data->len - vpd->offset);
    if (!n || !spapr_memory_is_ram(hv->memory, addr, n) ||
        address_space_write(&address_space_memory, addr,
                            MEMTXATTRS_UNSPECIFIED, data->data + vpd->offset,
                            n) != MEMTX_OK) {
        return RTAS_OUT_PARAM_ERROR;
    }
    vpd->offset += n;
    outs[1] = n;
    return vpd->offset < data->len ? STATUS_MORE : RTAS_OUT_SUCCESS;
}

/*
 * ibm,get-vpd: LoPAR, "ibm,get-vpd RTAS Call"
 *
 * Argument cells: real address of a location code, real address of the work
 * area, its size in bytes, sequence number. Return cells: the number for the
 * next call, or 1; bytes stored. Status: 0 when that was all, 1 when there is
 * more, -4 when the data have changed in the middle of a sequence, -3 for a
 * location that is no string or that nothing is at, a sequence number that was
 * not given out last, or a work area that is not memory or has no room. What
 * is neither 0 nor 1 ends the sequence.
 */
static int32_t get_vpd(PowerPCCPU *cpu, void *opaque,
                       const uint32_t *args, uint32_t *outs)
{
    SpaprVpd *vpd = opaque;
    uint32_t sequence = args[3];
    int32_t status = RTAS_OUT_PARAM_ERROR;

    if (sequence == 1 ? sequence_begin(vpd, args[0])
                      : sequence && sequence == vpd->next) {
        status = get_vpd_part(vpd, args[1], args[2], outs);
    }
    if (status == STATUS_MORE) {
        vpd->next++;
        outs[0] = vpd->next;
    } else {
        sequence_end(vpd);
        outs[0] = 1;
    }
    trace_spapr_vpd_get(vpd->location, sequence, outs[1], status);
    return status;
}

static void vpd_register_calls(SpaprModule *module, SpaprHcallTable *hcalls,
                               SpaprRtasTable *rtas)
{
    spapr_rtas_register(rtas, "ibm,get-vpd", 4, 3, get_vpd, module);
}

static void vpd_populate_dt(SpaprModule *module, DtNode *root)
{
    dt_prop_u32(dt_get(root, "rtas"), "ibm,vpd-size", VPD_SIZE_ESTIMATE);
    /* R1-"Hardware Location Codes"-3 */
    dt_prop_empty(root, "ibm,converged-loc-codes");
}

static void vpd_reset_hold(Object *obj, ResetType type)
{
    sequence_end(SPAPR_VPD(obj));
}

static int vpd_post_load(void *opaque, int version_id)
{
    SpaprVpd *vpd = opaque;

    return vpd->location[sizeof(vpd->location) - 1] ? -EINVAL : 0;
}

static const VMStateDescription vmstate_spapr_vpd = {
    .name = TYPE_SPAPR_VPD,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = vpd_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(next, SpaprVpd),
        VMSTATE_UINT32(offset, SpaprVpd),
        VMSTATE_UINT32(sum, SpaprVpd),
        VMSTATE_BUFFER_UNSAFE(location, SpaprVpd, 1,
                              SPAPR_VPD_LOCATION_MAX),
        VMSTATE_END_OF_LIST()
    },
};

static void spapr_vpd_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprModuleClass *smc = SPAPR_MODULE_CLASS(oc);

    dc->desc = "sPAPR vital product data";
    dc->vmsd = &vmstate_spapr_vpd;
    RESETTABLE_CLASS(oc)->phases.hold = vpd_reset_hold;
    smc->register_calls = vpd_register_calls;
    smc->populate_dt = vpd_populate_dt;
}

static const TypeInfo spapr_vpd_types[] = {
    {
        .name = TYPE_SPAPR_VPD,
        .parent = TYPE_SPAPR_MODULE,
        .instance_size = sizeof(SpaprVpd),
        .class_init = spapr_vpd_class_init,
    },
};

DEFINE_TYPES(spapr_vpd_types)
