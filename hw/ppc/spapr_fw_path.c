/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: what SLOF calls the devices that it boots from
 *
 * The core makes paths of those with a bootindex=, which SLOF gets in /chosen.
 * Where the nodes in SLOF's tree have other names than the core would take, the
 * names are here.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "hw/ppc/spapr_firmware.h"
#include "hw/ppc/spapr_pci.h"
#include "hw/scsi/spapr_vscsi.h"
#include "hw/usb/msd.h"
#include "hw/virtio/virtio-scsi.h"

/* board-qemu/slof/virtio-scsi.fs: units above 255 have another format */
#define SLOF_LUN_FLAT       0x4000
#define SLOF_LUN_PLAIN_MAX  0xff

/*
 * slof/fs/scsi-disk.fs: all are "disk", with a LUN of 64 bits as unit address.
 * @place: which device of the adapter's it is, as the adapter's driver counts
 */
static char *slof_disk_name(unsigned place, unsigned unit)
{
    uint64_t lun = (0x0100ULL | place) << 48 | (uint64_t)unit << 32;

    return g_strdup_printf("disk@%" PRIx64, lun);
}

/* slof/fs/usb/dev-storage.fs: the place is the last port on the way */
static unsigned usb_port_number(USBDevice *dev)
{
    const char *path = dev->port->path;
    const char *dot = strrchr(path, '.');

    return g_ascii_strtoull(dot ? dot + 1 : path, NULL, 10);
}

static char *scsi_fw_name(SCSIDevice *dev, DeviceState *adapter)
{
    Object *obj = OBJECT(adapter);
    unsigned unit = dev->lun;

    if (object_dynamic_cast(obj, TYPE_SPAPR_VSCSI)) {
        return spapr_vscsi_fw_name(dev);
    }
    if (object_dynamic_cast(obj, TYPE_USB_STORAGE)) {
        return slof_disk_name(usb_port_number(USB_DEVICE(obj)), unit);
    }
    if (object_dynamic_cast(obj, TYPE_VIRTIO_SCSI)) {
        return slof_disk_name(dev->id, unit > SLOF_LUN_PLAIN_MAX ?
                                       unit | SLOF_LUN_FLAT : unit);
    }
    return NULL;
}

char *spapr_fw_path_name(DeviceState *dev)
{
    Object *obj = OBJECT(dev);

    if (object_dynamic_cast(obj, TYPE_PCI_DEVICE)) {
        return spapr_pci_function_name(PCI_DEVICE(obj));
    }
    if (object_dynamic_cast(obj, TYPE_SCSI_DEVICE)) {
        return scsi_fw_name(SCSI_DEVICE(obj), qdev_get_parent_bus(dev)->parent);
    }
    return NULL;
}
