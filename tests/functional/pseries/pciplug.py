# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI functions that are plugged in and taken out while a guest runs.

Linux hands the platform's events on to user space, where rtas_errd (ppc64-diag
of Debian 12) calls drmgr (powerpc-ibm-utils) with what they tell.  In all tests
but that of the service, the test reads the events in the guest, and calls drmgr
as rtas_errd does.
"""

from dataclasses import replace

from . import images, pci
from .board import Board, Config, booted, expect_equal, expect_true, wait
from .logs import log_dir
from .pci import Disk
from .snapshot import disk_args as snapshot_args, load_state, save_state, \
    stopped

EXTRA = images.Extra(('virtio_pci', 'virtio_blk', 'virtio_net', 'e1000'),
                     ('drmgr',))
# The libraries that both have are those of the latter
SERVICE = images.Extra(('virtio_pci', 'virtio_blk', 'virtio_net'),
                       ('rtas_errd', 'drmgr'))
DRMGR_TIME = 120
SERVICE_TIME = 60

# LoPAR, "Platform Event Log Format, Hotplug Section"
PCI = 5
ADD = 1
REMOVE = 2
BY_INDEX = 2
SECTION = b'HP\x00\x10'

DISK = Disk('blk', 'virtio-blk-pci', 11)
OTHER = Disk('other', 'virtio-blk-pci', 15)
MAC = '52:54:00:00:00:07'


def _read_log(board: Board) -> bytes:
    """The next log that Linux has for user space."""
    return bytes.fromhex(board.sh(
        'timeout 100 dd if=/proc/powerpc/rtas/error_log bs=4096 count=1 '
        "2>/dev/null | od -An -v -tx1 | tr -d ' \\n'", 120))


def event(board: Board, action: int, others: int = 0) -> int:
    """The connector that the guest's next event tells of.

    Before it there may be some other logs.
    """
    log = _read_log(board)
    while SECTION not in log and others:
        others -= 1
        log = _read_log(board)
    section = log.find(SECTION)
    expect_true(f'an event tells of hot plug: {log.hex()}', section >= 0)
    expect_equal('the event', tuple(log[section + 8:section + 11]),
                 (PCI, action, BY_INDEX))
    return int.from_bytes(log[section + 12:section + 16], 'big')


def drmgr(board: Board, action: int, index: int) -> None:
    """Do what an event asks for."""
    board.sh('mkdir -p /var/log /var/lock')
    board.sh(f"drmgr -c pci {'-a' if action == ADD else '-r'} "
             f'-s {index:#x} -n -V', DRMGR_TIME)


def functions(board: Board) -> set[str]:
    """The guest's PCI functions."""
    return set(board.sh('ls /sys/bus/pci/devices').split())


def plug(board: Board, wanted: set[str], **device: object) -> int:
    """Plug a device in; the guest has these new functions then."""
    before = functions(board)
    board.vm.cmd('device_add', device)
    index = event(board, ADD)
    expect_equal('functions, as the guest has done nothing',
                 functions(board), before)
    drmgr(board, ADD, index)
    expect_equal('new functions', functions(board) - before, wanted)
    return index


def deleted(board: Board, name: str) -> None:
    """Wait until QEMU tells that a device, not a part of one, has gone."""
    while board.event('DEVICE_DELETED').get('device') != name:
        pass


def unplug(board: Board, name: str, index: int, gone: set[str]) -> None:
    """Take a device out."""
    before = functions(board)
    board.vm.cmd('device_del', id=name)
    expect_equal('the connector', event(board, REMOVE), index)
    drmgr(board, REMOVE, index)
    deleted(board, name)
    expect_equal('functions that have gone', before - functions(board), gone)


def add_disk(board: Board, disk: Disk) -> None:
    """Have an image for a disk."""
    board.vm.cmd('blockdev-add', {
        'driver': 'raw', 'node-name': disk.name,
        'file': {'driver': 'file', 'filename': str(pci.disk_file(disk))}})


def plug_disk(board: Board, disk: Disk, where: str, addr: str,
              bus: str = 'pci.0') -> int:
    """Plug a disk in, and use it."""
    add_disk(board, disk)
    index = plug(board, {where}, driver=disk.device, id=f'{disk.name}-dev',
                 drive=disk.name, bus=bus, addr=addr)
    pci.check_disk(board, disk)
    return index


def unplug_disk(board: Board, disk: Disk, index: int, where: str) -> None:
    """Take a disk out."""
    path = pci.guest_disk(board, disk)
    unplug(board, f'{disk.name}-dev', index, {where})
    expect_true(f'{path} is gone', board.console.run(f'[ -e {path} ]').status)
    board.vm.cmd('blockdev-del', node_name=disk.name)


def life(config: Config) -> None:
    """Disks and interfaces come and go, one in the place of the other."""
    args = ('-device', 'virtio-rng-pci,addr=3,id=cold')
    with booted(replace(config, args=args)) as board:
        index = plug_disk(board, DISK, '0000:00:05.0', '5')
        board.vm.cmd('netdev_add', {'type': 'user', 'id': 'n7',
                                    'net': '10.7.2.0/24'})
        for model in ('e1000', 'virtio-net-pci'):
            other = plug(board, {'0000:00:06.0'}, driver=model, id='nic',
                         netdev='n7', mac=MAC, addr='6')
            pci.check_nic(board, 7, MAC)
            unplug(board, 'nic', other, {'0000:00:06.0'})
        pci.check_disk(board, DISK)
        unplug_disk(board, DISK, index, '0000:00:05.0')
        # Another one in its place
        again = plug_disk(board, OTHER, '0000:00:05.0', '5')
        expect_equal('the connector', again, index)
        # One that was there when the guest started
        unplug(board, 'cold', index - 2 * 8, {'0000:00:03.0'})
        pci.check_disk(board, OTHER)
        unplug_disk(board, OTHER, index, '0000:00:05.0')


def in_use(config: Config) -> None:
    """A disk is taken away while it is read; the guest lets go of another."""
    where = '0000:00:05.0'
    with booted(config) as board:
        index = plug_disk(board, DISK, where, '5')
        path = pci.guest_disk(board, DISK)
        board.background(f'while dd if={path} of=/dev/null bs=64k '
                         'iflag=direct; do echo >> /tmp/rounds; done; '
                         'touch /tmp/end')
        wait('the disk is read', lambda: bool(board.sh(
            'cat /tmp/rounds 2>/dev/null | wc -l') != '0'))
        unplug_disk(board, DISK, index, where)
        wait('reading ends', lambda: 'end' in board.sh(
            'ls /tmp').split())

        # The guest's own idea: QEMU keeps it for him
        index = plug_disk(board, OTHER, where, '5')
        for _ in range(2):
            drmgr(board, REMOVE, index)
            expect_equal('functions', functions(board), set())
            drmgr(board, ADD, index)
            pci.check_disk(board, OTHER)
        drmgr(board, REMOVE, index)
        board.vm.cmd('device_del', id=f'{OTHER.name}-dev')
        deleted(board, f'{OTHER.name}-dev')


def slots(config: Config) -> None:
    """Several functions in a slot, and a slot behind a bridge."""
    args = ('-device', 'pci-bridge,chassis_nr=1,id=bridge,addr=2')
    with booted(replace(config, args=args)) as board:
        board.vm.cmd('netdev_add', {'type': 'user', 'id': 'n7',
                                    'net': '10.7.2.0/24'})
        board.vm.cmd('device_add', driver='virtio-net-pci', id='nic',
                     netdev='n7', mac=MAC, addr='5.3')
        index = plug(board, {'0000:00:05.0', '0000:00:05.3'},
                     driver='virtio-rng-pci', id='rng', addr='5.0',
                     multifunction=True)
        pci.check_nic(board, 7, MAC)
        behind = plug_disk(board, DISK, '0000:01:07.0', '7', 'bridge')
        unplug(board, 'rng', index, {'0000:00:05.0', '0000:00:05.3'})
        unplug_disk(board, DISK, behind, '0000:01:07.0')


def reboot(config: Config) -> None:
    """A guest that starts again finds what has been plugged in."""
    with booted(replace(config)) as board:
        index = plug_disk(board, DISK, '0000:00:05.0', '5')
        board.console.send('reboot -f\n')
        board.console.wait_shell(config.boot_time)
        pci.check_disk(board, DISK)
        unplug_disk(board, DISK, index, '0000:00:05.0')


def snapshot(config: Config) -> None:
    """Back to a time when a disk had been plugged in, and was asked for."""
    with booted(replace(config, args=tuple(snapshot_args()))) as board:
        index = plug_disk(board, DISK, '0000:00:05.0', '5')
        board.vm.cmd('device_del', id=f'{DISK.name}-dev')
        with stopped(board):
            save_state(board, 'asked')
        expect_equal('the connector', event(board, REMOVE), index)
        with stopped(board):
            load_state(board, 'asked')
        pci.check_disk(board, DISK)
        expect_equal('the connector', event(board, REMOVE), index)
        drmgr(board, REMOVE, index)
        deleted(board, f'{DISK.name}-dev')
        expect_equal('functions', functions(board), set())
    (log_dir() / 'snapshots.qcow2').unlink()


def service(config: Config) -> None:
    """A guest that has Debian's service needs no help."""
    with booted(config) as board:
        board.sh('mkdir -p /var/log /var/lock /usr/sbin /etc/ppc64-diag && '
                 'ln -s /bin/drmgr /usr/sbin/drmgr && '
                 'touch /etc/ppc64-diag/ppc64-diag.config')
        board.background('rtas_errd -d > /var/log/errd 2>&1')
        for disk in (DISK, OTHER):
            add_disk(board, disk)
            board.vm.cmd('device_add', driver=disk.device, id='dev',
                         drive=disk.name, addr='5')
            wait('the disk is there', lambda: 'vda' in board.sh(
                'ls /sys/block').split(), SERVICE_TIME)
            pci.check_disk(board, disk)
            board.vm.cmd('device_del', id='dev')
            wait('QEMU has it no more', lambda: 'dev' not in [
                entry['name'] for entry in board.vm.cmd(
                    'qom-list', path='/machine/peripheral')], SERVICE_TIME)
            expect_equal('functions', functions(board), set())


TESTS: pci.Tests = {
    'life': (life, {('6.1-64k', 'slof'), ('6.12-4k', 'vof')}),
    'in-use': (in_use, {('6.12-4k', 'vof')}),
    'slots': (slots, {('6.12-4k', 'slof')}),
    'reboot': (reboot, {('6.1-64k', 'slof')}),
    'snapshot': (snapshot, {('6.12-64k', 'vof')}),
}

pci.register('pciplug', TESTS, EXTRA, 400)
pci.register('pciplug', {'service': (service, {('6.1-64k', 'vof')})}, SERVICE,
             400)
