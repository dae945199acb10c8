# SPDX-License-Identifier: GPL-2.0-or-later
"""SLOF boots from what is on PCI: disks, CDs, USB storage, networks."""

import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import grub, pci
from .blocks import MIB, Disk, remove, sha256
from .board import booted, expect_equal, expect_true, running
from .network import expect_netboot, netboot_user
from .suite import add, test

F12 = '\x1b[24~'
START = 4 * MIB                 # of a disk, which Linux must read as it is


@dataclass(frozen=True)
class Place:
    """Where a disk is plugged in."""
    device: str                     # the disk
    adapters: Sequence[str] = ()    # what it is plugged into
    name: str = 'vda'               # Linux's name for it

    def args(self, disk: Disk, more: str = '') -> list[str]:
        """The options for a disk there."""
        return [*(word for adapter in self.adapters
                  for word in ('-device', adapter)),
                '-blockdev', json.dumps(disk.node()),
                '-device', f'{self.device},drive={disk.name}{more}']


PLACES = {
    'virtio-blk': Place('virtio-blk-pci'),
    'virtio-scsi': Place('scsi-hd,bus=scsi.0,scsi-id=9,lun=300',
                         ('virtio-scsi-pci,id=scsi',), 'sda'),
    'nec-usb-xhci': Place('usb-storage,bus=nec.0,port=2',
                          ('nec-usb-xhci,id=nec',), 'sda'),
    'qemu-xhci': Place('usb-storage,bus=usb.0',
                       ('qemu-xhci,id=usb',), 'sda'),
    'usb-hub': Place('usb-storage,bus=hub.0,port=3.2',
                     ('qemu-xhci,id=hub', 'usb-hub,bus=hub.0,port=3'), 'sda'),
    'iommu': Place('virtio-blk-pci,iommu_platform=on,disable-legacy=on'),
    'bridge': Place('virtio-blk-pci,bus=bridge,addr=5',
                    ('pci-bridge,id=bridge,chassis_nr=1',)),
    'host-bridge': Place('virtio-blk-pci,bus=host.0,addr=3.1,'
                         'multifunction=on',
                         ('spapr-pci-host-bridge,id=host,index=3',
                          'virtio-rng-pci,bus=host.0,addr=3,'
                          'multifunction=on')),
}


def linux(place: Place) -> None:
    """GRUB and Linux are on the disk, and Linux's driver finds it."""
    config = replace(grub.CONFIG, extra=pci.EXTRA)
    disk = grub.boot_disk('boot', grub.linux_script('', 'from=disk'),
                          grub.payload(config))
    with disk.path.open('rb') as image:
        start = sha256(image.read(START))
    args = place.args(disk, ',bootindex=1')
    with booted(replace(config, args=args), boot=()) as board:
        grub.check_linux(board, 'from=disk')
        board.sh(f'until [ -b /dev/{place.name}2 ]; do usleep 50000; done')
        got = board.sh(f'head -c {START} /dev/{place.name} | sha256sum')
        expect_equal('sum of the disk', got.split()[0], start)
    remove(disk)


def bootindex(names: Sequence[str]) -> None:
    """Of a machine with all of these, SLOF boots the one that is first."""
    disks = {name: grub.boot_disk(name, grub.greeting(name), {})
             for name in names}
    for first in names:
        args: list[str] = []
        for number, (name, disk) in enumerate(disks.items(), 1):
            index = 0 if name == first else number
            args += PLACES[name].args(disk, f',bootindex={index}')
        grub.expect_boot(args, first)
    remove(*disks.values())


@test('pciboot/nvme', check=False, timeout=300)
def nvme() -> None:
    """SLOF has no driver for it, and goes on to what comes next, if it may."""
    one, two = (grub.boot_disk(name, grub.greeting(name), {})
                for name in ('nvme', 'virtio'))
    first = Place('nvme,serial=one').args(one, ',bootindex=0')
    other = PLACES['virtio-blk']
    grub.expect_boot([*first, *other.args(two, ',bootindex=1')], 'virtio')
    args = [*first, *other.args(two)]
    grub.expect_boot(args, 'virtio')
    strict = replace(grub.CONFIG, args=(*args, '-boot', 'strict=on'))
    with running(strict, boot=()) as board:
        board.console.expect('mass-storage@0', grub.BOOT_TIME)
        board.console.expect('0 > ', grub.BOOT_TIME)
    remove(one, two)


@test('pciboot/menu', check=False, timeout=240)
def menu() -> None:
    """-boot menu=on lets a person choose."""
    disks = [grub.boot_disk(name, grub.greeting(name), {})
             for name in ('one', 'two')]
    args = [word for disk in disks for word in PLACES['virtio-blk'].args(disk)]
    config = replace(grub.CONFIG, args=(*args, '-boot', 'menu=on'))
    with running(config, boot=()) as board:
        board.console.expect('Press F12', grub.BOOT_TIME)
        board.console.send(F12)
        found = board.console.expect(r'(\d)\) +disk1 : /pci.*/scsi@1\n',
                                     grub.BOOT_TIME)
        said = len(board.console.text)
        deadline = time.monotonic() + grub.BOOT_TIME
        # Keys that are too early don't count
        while 'This is ' not in board.console.text[said:]:
            expect_true('it boots', time.monotonic() < deadline)
            time.sleep(1)
            board.console.send(found[1])
        board.console.expect('This is two', grub.BOOT_TIME)
    remove(*disks)


@test('pciboot/order', timeout=240)
def order() -> None:
    """-drive and -boot, as users have it."""
    disk = grub.boot_disk('disk', grub.greeting('disk'), {})
    path = grub.boot_cd('cdrom', grub.greeting('cdrom'), {})
    args = ['-drive', f'file={disk.path},format=raw,if=virtio',
            '-device', 'virtio-scsi-pci,id=scsi',
            '-drive', f'file={path},format=raw,if=none,id=cd,media=cdrom',
            '-device', 'scsi-cd,bus=scsi.0,drive=cd']
    grub.expect_boot(args, 'disk')
    grub.expect_boot([*args, '-boot', 'd'], 'cdrom')
    grub.expect_boot([*args, '-boot', 'order=nc', '-nic', 'none'], 'disk')
    remove(disk)
    path.unlink()


@test('pciboot/usb-cd', check=False, timeout=240)
def usb_cd() -> None:
    """A CD drive, and one that is a disk, at a hub."""
    disk = grub.boot_disk('disk', grub.greeting('disk'), {})
    path = grub.boot_cd('cdrom', grub.greeting('cdrom'), {})
    args = ['-device', 'qemu-xhci,id=usb', '-device', 'usb-hub,bus=usb.0,port=1',
            *Place('usb-storage,bus=usb.0,port=1.2').args(disk),
            '-drive', f'file={path},format=raw,if=none,id=cd,media=cdrom',
            '-device', 'usb-storage,bus=usb.0,port=2,drive=cd']
    grub.expect_boot([*args, '-boot', 'c'], 'disk')
    grub.expect_boot([*args, '-boot', 'd'], 'cdrom')
    remove(disk)
    path.unlink()


def net(model: str) -> None:
    """The only one, by -boot; and by bootindex, past one that leads nowhere."""
    user = netboot_user()
    expect_netboot('-nic', f'{user},model={model}', '-boot', 'n')
    expect_netboot('-nic', 'user,model=spapr-vlan', '-netdev', f'{user},id=net',
                   '-device', f'{model},netdev=net,bootindex=1')


add('pciboot/bootindex', functools.partial(
    bootindex, ('virtio-blk', 'virtio-scsi', 'nec-usb-xhci')), timeout=240)
add('pciboot/bootindex/all', functools.partial(bootindex, tuple(PLACES)),
    check=False, timeout=600)
for _name in ('virtio-net-pci', 'e1000'):
    add(f'pciboot/net/{_name}', functools.partial(net, _name),
        check=_name == 'virtio-net-pci', timeout=240)
for _name, _place in PLACES.items():
    add(f'pciboot/linux/{_name}', functools.partial(linux, _place),
        check=_name == 'virtio-blk', timeout=300)
