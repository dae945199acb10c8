/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: virtual SCSI, management datagrams (MADs)
 *
 * LoPAR, app. "A Protocol for VSCSI Communications", "VSCSI Management
 * Datagrams (MADs)". Their status is put into the datagram, where it lies.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/ctype.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "scsi/constants.h"
#include "spapr_vscsi_int.h"
#include "trace.h"

/* The largest buffer of capabilities that we read, some dozens of them */
#define MAD_CAPS_MAX_LEN    1024

static void vscsi_mad_answer(VscsiRequest *vr, const uint8_t *iu, size_t len,
                             uint16_t status)
{
    uint8_t buf[2];
    uint8_t crq_status = VSCSI_STATUS_OK;

    stw_be_p(buf, status);
    trace_spapr_vscsi_mad(SPAPR_VIO_DEVICE(vr->s)->reg, vr->tag,
                          ldl_be_p(iu + MAD_OFS_TYPE), status);
    if (!vscsi_dma_write(vr->s, vr->iu + MAD_OFS_STATUS, buf, sizeof(buf))) {
        crq_status = VSCSI_STATUS_NONRECOVERABLE;
        len = 0;
    }
    vscsi_answer(vr, VSCSI_FORMAT_MAD, crq_status, len);
}

/*
 * "#define MAD_EMPTY_IU 0x01": the guest lends us a place for an SRP_T_LOGOUT.
 * That is its answer, if there ever is one.
 *
 * Returns: whether it has been taken; there is place for one
 */
static bool mad_empty_iu(VscsiRequest *vr, const uint8_t *iu)
{
    SpaprVscsi *s = vr->s;

    if (s->has_empty_iu) {
        return false;
    }
    s->has_empty_iu = true;
    s->empty_iu = ldq_be_p(iu + MAD_OFS_BUFFER);
    s->empty_iu_tag = vr->tag;
    vscsi_free(vr);
    return true;
}

/* A guest's name for something, fit to be printed */
static void mad_copy_name(char *name, const uint8_t *field)
{
    for (unsigned i = 0; i < MAD_LOG_NAME_LEN; i++) {
        name[i] = !field[i] || qemu_isprint(field[i]) ? field[i] : '?';
    }
    name[MAD_LOG_NAME_LEN] = '\0';
}

/*
 * "#define MAD_ERROR_LOGGING_REQUEST 0x02". What more there is in the buffer
 * isn't logged, as the LoPAR has it.
 */
static uint16_t mad_error_log(SpaprVscsi *s, uint64_t buffer, uint16_t len)
{
    uint8_t log[MAD_LOG_LEN];
    char client[MAD_LOG_NAME_LEN + 1], device[MAD_LOG_NAME_LEN + 1];

    if (len < sizeof(log) || !vscsi_dma_read(s, buffer, log, sizeof(log))) {
        return MAD_STATUS_FAILED;
    }
    mad_copy_name(client, log + MAD_LOG_OFS_CLIENT_NAME);
    mad_copy_name(device, log + MAD_LOG_OFS_DEVICE_NAME);
    trace_spapr_vscsi_error_log(SPAPR_VIO_DEVICE(s)->reg, client, device,
                                ldl_be_p(log + MAD_LOG_OFS_ERROR_ID),
                                ldq_be_p(log + MAD_LOG_OFS_LUN),
                                ldq_be_p(log + MAD_LOG_OFS_CORRELATOR));
    qemu_log_mask(LOG_GUEST_ERROR, "%s 0x%" PRIx32 ": %s logs error 0x%" PRIx32
                  " of %s\n", TYPE_SPAPR_VSCSI, SPAPR_VIO_DEVICE(s)->reg,
                  client, ldl_be_p(log + MAD_LOG_OFS_ERROR_ID), device);
    return MAD_STATUS_SUCCESS;
}

/*
 * "#define MAD_ADAPTER_INFO_REQUEST 0x03": who we are. The hypervisor has the
 * partition number 0. Linux asks for capabilities and fast fail when it takes
 * us for a VIOS, which runs AIX.
 */
static uint16_t mad_adapter_info(SpaprVscsi *s, uint64_t buffer, uint16_t len)
{
    uint8_t info[MAD_INFO_LEN] = { };

    if (len < MAD_INFO_MIN_LEN) {
        return MAD_STATUS_FAILED;
    }
    pstrcpy((char *)info + MAD_INFO_OFS_SRP_VERSION,
            MAD_INFO_OFS_NAME - MAD_INFO_OFS_SRP_VERSION, "16.a");
    pstrcpy((char *)info + MAD_INFO_OFS_NAME, MAD_INFO_NAME_LEN, "QEMU");
    stl_be_p(info + MAD_INFO_OFS_PARTITION, 0);
    stl_be_p(info + MAD_INFO_OFS_MAD_VERSION, 1);
    stl_be_p(info + MAD_INFO_OFS_OS, MAD_INFO_OS_AIX);
    stl_be_p(info + MAD_INFO_OFS_MAX_TXU, VSCSI_MAX_TRANSFER);
    return vscsi_dma_write(s, buffer, info, MIN(len, sizeof(info))) ?
           MAD_STATUS_SUCCESS : MAD_STATUS_FAILED;
}

/*
 * One capability. Reservations are what QEMU's devices do about them: they have
 * no other initiator, and go with the machine when that is migrated.
 *
 * Returns: the flags of the list
 */
static uint32_t mad_capability(uint8_t *cap, uint32_t flags)
{
    switch (ldl_be_p(cap + MAD_CAP_OFS_TYPE)) {
    case MAD_CAP_MIGRATION:
        if (ldl_be_p(cap + MAD_CAP_OFS_DATA) == MAD_CAP_MIGRATION_LEVEL) {
            stw_be_p(cap + MAD_CAP_OFS_SUPPORT, MAD_CAP_SUPPORTED);
            return flags;
        }
        stl_be_p(cap + MAD_CAP_OFS_DATA, MAD_CAP_MIGRATION_LEVEL);
        stw_be_p(cap + MAD_CAP_OFS_SUPPORT, MAD_CAP_DATA);
        return flags | MAD_CAPS_LIST_DATA;
    case MAD_CAP_RESERVATION:
        stw_be_p(cap + MAD_CAP_OFS_SUPPORT, MAD_CAP_SUPPORTED);
        return flags;
    default:
        stw_be_p(cap + MAD_CAP_OFS_SUPPORT, MAD_CAP_UNSUPPORTED);
        return flags & ~MAD_CAPS_LIST_SUPPORTED;
    }
}

/* "#define MAD_CAPABILITIES_EXCHANGE 0x05" */
static uint16_t mad_capabilities(SpaprVscsi *s, uint64_t buffer, uint16_t len)
{
    uint8_t caps[MAD_CAPS_MAX_LEN];
    uint32_t flags;
    size_t next = MAD_CAPS_OFS_LIST;

    if (len < MAD_CAPS_OFS_LIST + MAD_CAP_LEN || len > sizeof(caps) ||
        !vscsi_dma_read(s, buffer, caps, len)) {
        return MAD_STATUS_FAILED;
    }
    flags = ldl_be_p(caps + MAD_CAPS_OFS_FLAGS) & ~MAD_CAPS_LIST_DATA;
    while (next < len) {
        uint8_t *cap = caps + next;
        uint16_t cap_len;

        if (len - next < MAD_CAP_LEN) {
            return MAD_STATUS_FAILED;
        }
        cap_len = lduw_be_p(cap + MAD_CAP_OFS_LENGTH);
        if (cap_len < MAD_CAP_LEN || cap_len > len - next) {
            return MAD_STATUS_FAILED;
        }
        flags = mad_capability(cap, flags);
        next += cap_len;
    }
    stl_be_p(caps + MAD_CAPS_OFS_FLAGS, flags);
    return vscsi_dma_write(s, buffer, caps, len) ? MAD_STATUS_SUCCESS :
                                                   MAD_STATUS_FAILED;
}

/*
 * "#define MAD_TAPE_PASSTHROUGH_REQUEST 0x07". Commands for the host's tapes,
 * which scsi-generic has, always are passed on as they are, and no others.
 */
static uint16_t mad_tape_passthrough(SpaprVscsi *s, const uint8_t *iu)
{
    SCSIDevice *dev = vscsi_find(s, ldq_be_p(iu + MAD_TAPE_OFS_LUN));

    if (!dev || dev->type != TYPE_TAPE ||
        ldl_be_p(iu + MAD_TAPE_OFS_VERSION) != MAD_TAPE_VERSION ||
        ldl_be_p(iu + MAD_TAPE_OFS_ENABLE) != MAD_TAPE_ENABLE) {
        return MAD_STATUS_FAILED;
    }
    return MAD_STATUS_SUCCESS;
}

/* How long each datagram is at least */
static size_t mad_len(uint32_t type)
{
    switch (type) {
    case MAD_EMPTY_IU:
    case MAD_ERROR_LOG:
    case MAD_ADAPTER_INFO:
    case MAD_CAPABILITIES:
    case MAD_PHYS_ADAPTER_INFO:
        return MAD_BUFFER_LEN;
    case MAD_TAPE_PASSTHROUGH:
        return MAD_TAPE_LEN;
    default:
        return MAD_LEN;
    }
}

void vscsi_mad(VscsiRequest *vr, const uint8_t *iu, size_t len)
{
    SpaprVscsi *s = vr->s;
    uint32_t type = ldl_be_p(iu + MAD_OFS_TYPE);
    uint16_t buffer_len = lduw_be_p(iu + MAD_OFS_LENGTH);
    uint64_t buffer = len < MAD_BUFFER_LEN ? 0 : ldq_be_p(iu + MAD_OFS_BUFFER);
    uint16_t status = MAD_STATUS_FAILED;

    if (len < mad_len(type)) {
        vscsi_mad_answer(vr, iu, len, status);
        return;
    }
    switch (type) {
    case MAD_EMPTY_IU:
        if (mad_empty_iu(vr, iu)) {
            return;
        }
        break;
    case MAD_ERROR_LOG:
        status = mad_error_log(s, buffer, buffer_len);
        break;
    case MAD_ADAPTER_INFO:
        status = mad_adapter_info(s, buffer, buffer_len);
        break;
    case MAD_CAPABILITIES:
        status = mad_capabilities(s, buffer, buffer_len);
        break;
    case MAD_PHYS_ADAPTER_INFO:
        /* "If the target device supports" it: none does */
        break;
    case MAD_TAPE_PASSTHROUGH:
        status = mad_tape_passthrough(s, iu);
        break;
    case MAD_FAST_FAIL:
        s->fast_fail = true;
        status = MAD_STATUS_SUCCESS;
        break;
    default:
        status = MAD_STATUS_NOT_SUPPORTED;
    }
    vscsi_mad_answer(vr, iu, len, status);
}
