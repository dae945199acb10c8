# SPDX-License-Identifier: GPL-2.0-or-later
"""EEH: what is behind a PCI host bridge fails, and Linux brings it back."""

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import replace

from . import images, pci, pciplug
from .board import Board, Config, booted, expect_equal, expect_true, wait

BRIDGE = '/machine/peripheral/host'
BUS = 'bus=host.0'
# After a reset Linux uses shadow doorbells before it has told the controller
# where they are: of the requests that it makes until then, some are not seen.
NVME = pci.Disk('nvme', f'nvme,{BUS},serial=nvme0,dbcs=off', 13)
BLK = pci.Disk('blk', f'virtio-blk-pci,{BUS}', 11)
RECOVERY = 60
WHERE = '0001:00:05.0'
EXTRA = images.Extra((*pci.MODULES, 'e1000e'), ('errinjct', 'drmgr'))


def _args(disk: pci.Disk, nic: str) -> tuple[str, ...]:
    """A host bridge, and a disk and a network interface behind it."""
    return ('-device', 'spapr-pci-host-bridge,index=1,id=host',
            *pci.one_disk_args(disk),
            '-netdev', 'user,id=n0,net=10.0.2.0/24',
            '-device', f'{nic},{BUS},netdev=n0,mac=52:54:00:00:00:01')


@contextlib.contextmanager
def _booted(config: Config, args: tuple[str, ...]) -> Iterator[Board]:
    """A guest whose kernel does not talk into what is asked of it."""
    with booted(replace(config, args=args)) as board:
        board.sh('dmesg -n 1')
        yield board


def _state(board: Board) -> str:
    return str(board.vm.cmd('qom-get', path=BRIDGE, property='eeh-state'))


def _fail(board: Board, state: str = 'stopped') -> None:
    board.vm.cmd('qom-set', path=BRIDGE, property='eeh-state', value=state)


def _recovered(board: Board) -> int:
    return int(board.sh("dmesg | grep -c 'EEH: Recovery successful'; true"))


def _look(board: Board) -> None:
    """Have Linux look at its devices; it may take them away meanwhile."""
    board.sh('cat /sys/bus/pci/devices/0001*/config > /dev/null 2>&1; true')


def _interface(board: Board) -> str:
    return board.sh('grep -l 52:54:00:00:00:01 /sys/class/net/*/address'
                    ).split('/')[4]


def _ping(board: Board, name: str) -> None:
    # Until then frames are thrown away
    wait('the link is up', lambda: board.sh(
        f'cat /sys/class/net/{name}/carrier') == '1')
    board.ping('10.0.2.2', f'-I {name}')


def _write(board: Board, device: str, count: int) -> None:
    """Fill the 2nd to 9th MiB of a disk again and again, until told to end.

    Each of them is filled, however slow that is.
    """
    board.sh(f'rm -f /tmp/end /tmp/io; seq {count} 200000 | '
             f'head -c {pci.MIB} > /tmp/data; : > /tmp/io')
    board.background(
        'i=0; until [ -e /tmp/end -a $i -ge 8 ]; do '
        f'dd if=/tmp/data of={device} bs=64k seek=$((i % 8 * 16 + 16)) '
        'oflag=direct 2>/dev/null || echo failed; i=$((i + 1)); '
        'done > /tmp/io; echo $i >> /tmp/io')
    wait('the disk is written', lambda: int(board.sh(
        f'dd if={device} bs=64k skip=32 count=16 iflag=direct 2>/dev/null | '
        'cmp -s - /tmp/data && echo 1 || echo 0')) == 1, RECOVERY)


def _check_written(board: Board, device: str) -> None:
    board.sh('touch /tmp/end')
    wait('writing ends', lambda: bool(board.sh('cat /tmp/io')), RECOVERY)
    expect_true('no write has failed', board.sh('cat /tmp/io').isdigit())
    board.sh('echo 3 > /proc/sys/vm/drop_caches; for i in 1 2 3 4 5 6 7 8; do '
             f'dd if={device} bs=64k skip=$((i * 16)) count=16 2>/dev/null | '
             'cmp - /tmp/data || bad=$i; done; [ -z "$bad" ]', 60)


def handlers(nic: str, config: Config) -> None:
    """Drivers that know of errors: a disk under I/O loses nothing."""
    args = _args(NVME, nic)
    with _booted(config, args) as board:
        device = pci.guest_disk(board, NVME)
        name = _interface(board)
        board.sh(f'ip addr add 10.0.2.15/24 dev {name}; ip link set {name} up')
        _ping(board, name)
        for count in (1, 2):
            _write(board, device, count)
            _fail(board)
            wait('the driver goes on', lambda: _recovered(board) == count,
                 RECOVERY)
            expect_equal('state', _state(board), 'normal')
            _check_written(board, device)
            _ping(board, name)
        expect_equal('the same disk', pci.guest_disk(board, NVME), device)
        pci.check_disk(board, NVME)


def unbind(config: Config) -> None:
    """Drivers leave their devices as they should: none does DMA after that."""
    virtio = ',iommu_platform=on,disable-legacy=on'
    args = [*pci.disk_args(), '-device', f'virtio-rng-pci{virtio}']
    for number, nic in enumerate((f'virtio-net-pci{virtio}', 'e1000',
                                  'e1000e')):
        args += ['-netdev', f'user,id=n{number}',
                 '-device', f'{nic},netdev=n{number}']
    with _booted(config, tuple(args)) as board:
        board.sh('for n in /sys/class/net/eth*; do ip link set ${n##*/} up; '
                 'done; sleep 3')
        board.sh('for d in /sys/bus/pci/devices/*/driver; do '
                 'a=${d%/driver}; a=${a##*/}; d=$(readlink -f $d); '
                 'echo $a > $d/unbind && sleep 1 && echo $a > $d/bind || '
                 'break; a=; done; [ -z "$a" ]', 60)
        expect_equal('state', board.vm.cmd(
            'qom-get', path='/machine/hypervisor/phb', property='eeh-state'),
                     'normal')
        for disk in pci.DISKS:
            wait(f'{disk.name} is back', functools.partial(
                _has_disk, board, disk))
            pci.check_disk(board, disk)
        log = board.sh("dmesg | grep 'EEH: Recovering'; true")
        expect_equal('errors', log, '')


def _has_disk(board: Board, disk: pci.Disk) -> bool:
    sizes = board.sh('cat /sys/block/*/size 2>/dev/null; true').split()
    return str(disk.size * pci.MIB // 512) in sizes


def xics(config: Config) -> None:
    """The same with the older interrupt controller."""
    handlers('e1000e', replace(config, machine='ic-mode=xics'))


def errinjct(config: Config) -> None:
    """The guest injects errors into itself, with the tool that it has."""
    with _booted(config, _args(NVME, 'e1000')) as board:
        name = _interface(board)
        # It wants to see PowerVM, and a directory for a lock
        board.sh("(cat /proc/cpuinfo; echo 'machine : PowerVM pSeries LPAR') | "
                 'grep -v qemu > /tmp/cpuinfo; mkdir -p /var/lock; '
                 'mount -o bind /tmp/cpuinfo /proc/cpuinfo')
        for count, kind in enumerate(('eeh -f 0', 'eeh-64 -f 17'), 1):
            board.sh(f'errinjct {kind} -s net/{name}')
            # Nothing tells Linux of it until it looks
            _look(board)
            wait('the driver goes on', lambda: _recovered(board) == count,
                 RECOVERY)
            pci.check_disk(board, NVME)


def replug(config: Config) -> None:
    """Drivers that don't: Linux takes the devices away and finds new ones."""
    with _booted(config, _args(BLK, 'virtio-net-pci')) as board:
        pci.check_disk(board, BLK)
        _fail(board)
        _look(board)
        wait('there are new devices', lambda: _recovered(board) == 1,
             RECOVERY)
        pci.check_disk(board, BLK)
        name = _interface(board)
        board.sh(f'ip addr add 10.0.2.15/24 dev {name}; ip link set {name} up')
        _ping(board, name)


def _wait_given_up(board: Board, config: Config) -> None:
    # Linux 6.1 takes a bridge in this state for one that has no EEH
    if config.kernel != '6.1-64k':
        wait('Linux gives up', lambda: bool(re.search(
            'EEH: (Permanent failure|Unable to recover)',
            board.sh('dmesg'))), RECOVERY)


def unavailable(config: Config) -> None:
    """An error that lasts: the device is gone, the guest lives on."""
    with _booted(config, _args(NVME, 'e1000')) as board:
        _fail(board, 'unavailable')
        expect_equal('state', _state(board), 'unavailable')
        _look(board)
        _wait_given_up(board, config)
        board.vm.cmd('system_reset')
        board.console.wait_shell(config.boot_time)
        expect_equal('state', _state(board), 'normal')
        pci.check_disk(board, NVME)


def _plug_nvme(board: Board) -> int:
    """Plug a disk in behind the bridge, and use it."""
    index = pciplug.plug(board, {WHERE}, driver='nvme', id='dev', addr='5',
                         bus='host.0', drive=NVME.name, serial='nvme0',
                         dbcs=False)
    # Linux starts the controller beside all else
    wait('the disk is there', lambda: _has_disk(board, NVME))
    pci.check_disk(board, NVME)
    return index


def replaced(config: Config) -> None:
    """After an error that lasts, another device in the place of the first."""
    args = ('-device', 'spapr-pci-host-bridge,index=1,id=host')
    with _booted(config, args) as board:
        pciplug.add_disk(board, NVME)
        index = _plug_nvme(board)
        _fail(board, 'unavailable')
        _look(board)
        _wait_given_up(board, config)
        board.vm.cmd('device_del', id='dev')
        expect_equal('connector', pciplug.event(board, pciplug.REMOVE, 2),
                     index)
        pciplug.drmgr(board, pciplug.REMOVE, index)
        pciplug.deleted(board, 'dev')
        expect_equal('state', _state(board), 'normal')
        expect_equal('connector', _plug_nvme(board), index)
        expect_equal('state', _state(board), 'normal')


# What is tried, with which kernels and firmware in `check`
TESTS: pci.Tests = {
    'e1000': (functools.partial(handlers, 'e1000'),
              {('6.12-4k', 'vof'), ('6.1-64k', 'slof')}),
    'e1000e': (functools.partial(handlers, 'e1000e'), {('6.12-64k', 'vof')}),
    'errinjct': (errinjct, {('6.12-4k', 'vof')}),
    'unbind': (unbind, {('6.12-4k', 'vof'), ('6.1-64k', 'slof')}),
    'xics': (xics, {('6.1-64k', 'vof')}),
    'replug': (replug, {('6.12-4k', 'slof'), ('6.1-64k', 'vof')}),
    'unavailable': (unavailable, {('6.12-4k', 'vof')}),
    'replaced': (replaced, {('6.12-4k', 'vof')}),
}


pci.register('eeh', TESTS, EXTRA, 300)
