# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI: what users plug in works with the drivers of Debian's kernels."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import images
from .board import Board, Config, booted, expect_equal, expect_true, wait
from .logs import log_dir
from .snapshot import disk_args as snapshot_args, load_state, save_state
from .suite import add

MIB = 1 << 20
SECTOR = 512
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


def disk_file(disk: Disk) -> Path:
    """Its image: in each MiB its name, and where that is."""
    path = log_dir() / f'{disk.name}.img'
    with path.open('wb') as file:
        for sector in range(0, disk.size * MIB, MIB):
            file.seek(sector)
            file.write(f'{disk.name} {sector:12}'.encode())
        file.truncate(disk.size * MIB)
    return path


def disk_node(disk: Disk) -> list[str]:
    """The block node, with its name."""
    return ['-blockdev', f'raw,node-name={disk.name},file.driver=file,'
            f'file.filename={disk_file(disk)}']


def one_disk_args(disk: Disk, options: str = '') -> list[str]:
    """A disk, with a new file and more options of the device."""
    return [*disk_node(disk),
            '-device', f'{disk.device},drive={disk.name}{options}']


def disk_args() -> list[str]:
    """The disks, and the adapters that they are at."""
    args = ['-device', 'virtio-scsi-pci,id=vscsi',
            '-device', 'nec-usb-xhci,id=usb']
    for disk in DISKS:
        args += one_disk_args(disk)
    return args


def guest_disk(board: Board, disk: Disk) -> str:
    """Which of the guest's disks it is."""
    return disk_of_size(board, disk.size * MIB)


def disk_of_size(board: Board, size: int) -> str:
    """Which of the guest's disks has so many bytes; USB takes its time."""
    return board.sh(f'''
for i in $(seq 2000); do
    for s in /sys/block/*/size; do
        if [ $(cat $s) = {size // SECTOR} ]; then
            s=${{s#/sys/block/}}
            echo /dev/${{s%/size}}
            break 2
        fi
    done
    usleep 50000
done
[ $i -lt 2000 ]''', 120)


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


def check_nic(board: Board, number: int, mac: str) -> None:
    """The host answers on this one."""
    name = board.sh(f'grep -l {mac} /sys/class/net/*/address').split('/')[4]
    board.sh(f'ip addr add 10.{number}.2.15/24 dev {name} && '
             f'ip link set {name} up')
    # Some take their time to find out about it
    wait('the link is up', lambda: board.sh(
        f'cat /sys/class/net/{name}/carrier') == '1')
    board.ping(f'10.{number}.2.2')
    board.sh(f'ip link set {name} down')


def check_nics(board: Board) -> None:
    """The host answers on each of them."""
    for number, mac in enumerate(NICS.values()):
        check_nic(board, number, mac)


def check_interrupts(board: Board, drivers: Sequence[str]) -> None:
    """Messages are what functions interrupt by, where they can."""
    lines = board.sh('cat /proc/interrupts').splitlines()
    for driver in drivers:
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
    args = (*disk_args(), *nic_args(), '-device', 'virtio-rng-pci',
            '-device', 'usb-kbd,bus=usb.0', '-device', 'usb-tablet,bus=usb.0')
    with booted(replace(config, args=args)) as board:
        for disk in DISKS:
            check_disk(board, disk)
        check_nics(board)
        board.sh('head -c 16 /dev/hwrng | grep -q .')
        inputs = board.sh('cat /proc/bus/input/devices')
        for name in ('QEMU USB Keyboard', 'QEMU USB Tablet'):
            expect_true(f'there is a {name}: {inputs}', name in inputs)
        check_interrupts(board, ('virtio', 'nvme', 'xhci_hcd'))
        check_windows(board)


def bridges(config: Config) -> None:
    """Bridges, one behind the other, and a second host bridge."""
    blk, scsi, *_ = DISKS
    args = ['-device', 'pci-bridge,chassis_nr=1,id=outer',
            '-device', 'pci-bridge,chassis_nr=2,id=inner,bus=outer,addr=3',
            '-device', 'spapr-pci-host-bridge,index=4,id=host',
            '-device', 'virtio-scsi-pci,id=vscsi,bus=host.0']
    for disk in (blk, scsi):
        args += one_disk_args(disk,
                              ',bus=inner,addr=5' if disk is blk else '')
    for number, (model, mac) in enumerate(NICS.items()):
        bus = ('host.0', 'outer,addr=6')[number]
        args += ['-netdev', f'user,id=n{number},net=10.{number}.2.0/24',
                 '-device', f'{model},netdev=n{number},mac={mac},bus={bus}']
    with booted(replace(config, args=tuple(args))) as board:
        there = board.sh('ls /sys/bus/pci/devices').split()
        expect_equal('buses', sorted({name[:7] for name in there}),
                     ['0000:00', '0000:01', '0000:02', '0004:00'])
        check_disk(board, blk)
        check_disk(board, scsi)
        check_nics(board)


def snapshot(config: Config) -> None:
    """Go back to a snapshot that was taken while a disk was read."""
    disk = DISKS[0]
    args = (*snapshot_args(), '-blockdev', f'raw,node-name={disk.name},'
            f'file.driver=file,file.filename={disk_file(disk)},'
            'read-only=on', '-device', f'{disk.device},drive={disk.name},'
            'iommu_platform=on,disable-legacy=on', *nic_args())
    with booted(replace(config, args=args)) as board:
        device = guest_disk(board, disk)
        board.background(f'while dd if={device} of=/dev/null bs=1M '
                         'iflag=direct; do echo >> /tmp/rounds; done')

        def rounds() -> int:
            return int(board.sh('cat /tmp/rounds 2>/dev/null | wc -l'))

        wait('the disk is read', lambda: rounds() > 1)
        board.vm.cmd('stop')
        save_state(board, 'busy')
        board.vm.cmd('cont')
        saved = rounds()
        wait('it still is', lambda: rounds() > saved + 5)
        board.sh('touch /tmp/later')
        board.vm.cmd('stop')
        load_state(board, 'busy')
        board.vm.cmd('cont')
        expect_true('the guest has gone back',
                    board.console.run('[ -e /tmp/later ]').status)
        now = rounds()
        wait('the disk is read again', lambda: rounds() > now + 1)
        check_nics(board)
    (log_dir() / 'snapshots.qcow2').unlink()


def large_region(config: Config) -> None:
    """A region of 4 GiB takes no addresses away from others."""
    args = ('-object', 'memory-backend-ram,id=large,size=4G,reserve=off',
            '-device', 'ivshmem-plain,memdev=large,addr=4',
            '-device', 'e1000,addr=5', '-device', 'virtio-rng-pci,addr=6')
    with booted(replace(config, args=args)) as board:
        for slot, bar in ((4, 0), (4, 2), (5, 0), (5, 1), (6, 4)):
            path = f'/sys/bus/pci/devices/0000:00:0{slot}.0/resource'
            line = board.sh(f'cat {path}').splitlines()[bar]
            begin, end, _ = (int(word, 16) for word in line.split())
            expect_true(f'addresses of BAR {bar} in slot {slot}', begin)
            if (slot, bar) == (4, 2):
                expect_equal('its size', end + 1 - begin, 4 << 30)


# Tests by name, and with which kernels and firmware they run in `check`
Tests = dict[str, tuple[Callable[[Config], None], set[tuple[str, str]]]]

TESTS: Tests = {
    'devices': (devices, {('6.12-4k', 'vof'), ('6.1-64k', 'slof')}),
    'bridges': (bridges, {('6.1-64k', 'vof'), ('6.12-4k', 'slof')}),
    'large-region': (large_region, {('6.12-4k', 'vof')}),
    'snapshot': (snapshot, {('6.12-4k', 'vof')}),
}


def register(family: str, tests: Tests, extra: images.Extra, timeout: int
             ) -> None:
    """Have tests run with each kernel and firmware."""
    for name, (function, check) in tests.items():
        for label in ('6.1-64k', '6.12-4k', '6.12-64k'):
            for firmware in ('slof', 'vof'):
                config = Config(kernel=label, firmware=firmware, smp='2',
                                extra=extra)
                add(f'{family}/{name}/{label}/{firmware}',
                    functools.partial(function, config),
                    (label, firmware) in check, timeout)


register('pci', TESTS, EXTRA, 300)
