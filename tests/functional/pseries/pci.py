# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI: what users plug in works with the drivers of Debian's kernels."""

import functools
from dataclasses import dataclass
from pathlib import Path

from . import images
from .board import Board, Config, booted, expect_equal, expect_true
from .logs import log_dir
from .suite import add

MIB = 1 << 20
MODULES = ('virtio_pci', 'virtio_blk', 'virtio_scsi', 'virtio_net',
           'virtio_rng', 'nvme', 'e1000', 'xhci_pci', 'usbhid', 'hid_generic',
           'usb_storage', 'uas', 'sd_mod', 'evdev')
EXTRA = images.Extra(MODULES)


@dataclass(frozen=True)
class Disk:
    """A disk, by what it is plugged in with, and its name in the guest."""
    name: str
    device: str
    size: int       # MiB, by which the guest's disks are told apart


DISKS = (
    Disk('blk', 'virtio-blk-pci', 11),
    Disk('scsi', 'scsi-hd,bus=vscsi.0', 12),
    Disk('nvme', 'nvme,serial=nvme0', 13),
    Disk('usb', 'usb-storage,bus=usb.0', 14),
)


def _disk_file(disk: Disk) -> Path:
    path = log_dir() / f'{disk.name}.img'
    with path.open('wb') as file:
        for sector in range(0, disk.size * MIB, MIB):
            file.seek(sector)
            file.write(f'{disk.name} {sector:12}'.encode())
        file.truncate(disk.size * MIB)
    return path


def disk_args() -> list[str]:
    """The disks, and the adapters that they are at."""
    args = ['-device', 'virtio-scsi-pci,id=vscsi',
            '-device', 'nec-usb-xhci,id=usb']
    for disk in DISKS:
        args += ['-blockdev', f'raw,node-name={disk.name},file.driver=file,'
                 f'file.filename={_disk_file(disk)}',
                 '-device', f'{disk.device},drive={disk.name}']
    return args


def guest_disk(board: Board, disk: Disk) -> str:
    """Which of the guest's disks it is."""
    found = board.sh('for s in /sys/block/*/size; do echo $s $(cat $s); done')
    for line in found.splitlines():
        path, sectors = line.split()
        if int(sectors) * 512 == disk.size * MIB:
            return '/dev/' + path.split('/')[3]
    raise AssertionError(f'no disk {disk.name} in the guest: {found}')


def check_disk(board: Board, disk: Disk) -> None:
    """Read what the host has written, and write what the host then reads."""
    device = guest_disk(board, disk)
    last = disk.size * MIB - MIB
    read = board.sh(f'dd if={device} bs=1M skip={disk.size - 1} 2>/dev/null | '
                    f'head -c {len(disk.name) + 13}')
    expect_equal(f'what {device} has', read, f'{disk.name} {last:12}')
    board.sh(f'seq 1 200000 | head -c {MIB} > /tmp/{disk.name}')
    board.sh(f'dd if=/tmp/{disk.name} of={device} bs=1M seek=2 conv=fsync '
             '2>/dev/null', 60)
    board.sh('echo 3 > /proc/sys/vm/drop_caches')
    board.sh(f'dd if={device} bs=1M skip=2 count=1 2>/dev/null | '
             f'cmp - /tmp/{disk.name}')
    with (log_dir() / f'{disk.name}.img').open('rb') as file:
        file.seek(2 * MIB)
        data = file.read(MIB)
    expect_true(f'{disk.name} got what was written',
                data.startswith(b'1\n2\n3\n') and data.count(b'\n') > 100000)


NICS = {'virtio-net-pci': '52:54:00:00:00:01', 'e1000': '52:54:00:00:00:02'}


def nic_args() -> list[str]:
    """Network interfaces, each with a network of its own."""
    args = []
    for number, (model, mac) in enumerate(NICS.items()):
        args += ['-netdev', f'user,id=n{number},net=10.{number}.2.0/24',
                 '-device', f'{model},netdev=n{number},mac={mac}']
    return args


def check_nics(board: Board) -> None:
    """The host answers on each of them."""
    for number, mac in enumerate(NICS.values()):
        name = board.sh(f'grep -l {mac} /sys/class/net/*/address').split(
            '/')[4]
        board.sh(f'ip addr add 10.{number}.2.15/24 dev {name} && '
                 f'ip link set {name} up')
        board.sh(f'ping -c 3 -W 10 10.{number}.2.2', 60)
        board.sh(f'ip link set {name} down')


def check_interrupts(board: Board) -> None:
    """Messages are what functions interrupt by, where they can."""
    lines = board.sh('cat /proc/interrupts').splitlines()
    for driver in ('virtio', 'nvme', 'xhci_hcd'):
        mine = [line for line in lines if driver in line]
        expect_true(f'{driver} has interrupts: {lines}', mine)
        expect_true(f'{driver} has messages: {mine}',
                    all('Level' not in line for line in mine))


def check_windows(board: Board) -> None:
    """Linux has made a window that maps all of memory."""
    log = board.sh('dmesg')
    expect_true('there is no lack of windows',
                'ibm,create-pe-dma-window' in log and
                'returned 0 (liobn' in log)


def devices(config: Config) -> None:
    """All sorts of devices in one guest."""
    config = Config(**{**config.__dict__, 'extra': EXTRA, 'smp': '2',
                       'args': (*disk_args(), *nic_args(),
                                '-device', 'virtio-rng-pci',
                                '-device', 'usb-kbd,bus=usb.0',
                                '-device', 'usb-tablet,bus=usb.0')})
    with booted(config) as board:
        for disk in DISKS:
            check_disk(board, disk)
        check_nics(board)
        board.sh('head -c 16 /dev/hwrng | grep -q .')
        inputs = board.sh('cat /proc/bus/input/devices')
        for name in ('QEMU USB Keyboard', 'QEMU USB Tablet'):
            expect_true(f'there is a {name}: {inputs}', name in inputs)
        check_interrupts(board)
        check_windows(board)


def _register() -> None:
    for label, firmware, check in (
            ('6.12-4k', 'vof', True), ('6.1-64k', 'slof', True),
            ('6.12-64k', 'vof', False), ('6.12-4k', 'slof', False)):
        add(f'pci/devices/{label}/{firmware}', functools.partial(
            devices, Config(kernel=label, firmware=firmware)), check, 300)


_register()
