# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests move, and go back to snapshots, with PCI functions at work.

One console copies from a virtio disk to USB storage, both by a DMA window that
the guest has made; another one receives a stream by virtio-net.
"""

import contextlib
import functools
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from . import pci, tap
from .blocks import MIB, Disk, noise, remove, sha256
from .board import Board, Config, booted, expect_equal, expect_true
from .disks import copy_and_sum
from .logs import log_dir
from .migration import moved
from .monitors import interrupts
from .network import Stream, tap_configured
from .snapshot import disk_args, load_state, save_state, stopped
from .suite import add

SIZE = 12 * MIB
TARGET_SIZE = 13 * MIB          # so that the guest can tell them apart
COPY_TIME = 120
# DMA by the guest's leave, with no way around
VIRTIO = 'iommu_platform=on,disable-legacy=on'
WORKER = 1                      # the console that copies


class Machine:
    """The disks, and the options of a machine that has them."""

    def __init__(self, config: Config):
        self.data = noise(SIZE, 5)
        self.source = Disk('source', kind='qcow2').create(self.data)
        self.target = Disk('target', TARGET_SIZE, 'qcow2').create()
        device = tap.Tap()
        self.config = replace(
            config, serials=2, extra=pci.EXTRA,
            args=(*config.args, '-device', 'nec-usb-xhci,id=usb',
                  '-device', 'usb-kbd,bus=usb.0',
                  *self._disk(self.source, f'virtio-blk-pci,{VIRTIO}'),
                  *self._disk(self.target, 'usb-storage,bus=usb.0'),
                  '-netdev', f'tap,id=net,fd={device.fd}',
                  '-device', f'virtio-net-pci,netdev=net,{VIRTIO}'))

    @staticmethod
    def _disk(disk: Disk, device: str) -> Sequence[str]:
        return ('-blockdev', json.dumps(disk.node()),
                '-device', f'{device},drive={disk.name}')

    @property
    def nodes(self) -> Sequence[str]:
        """The block nodes, whose contents are a part of a snapshot."""
        return self.source.name, self.target.name

    def finish(self) -> None:
        """No QEMU has the disks any more."""
        expect_equal('sum of the copy', sha256(self.target.read()[:SIZE]),
                     sha256(self.data))
        remove(self.source, self.target)


@dataclass
class Copy:
    """What the second console does."""
    machine: Machine
    command: int

    @staticmethod
    def begin(board: Board, machine: Machine) -> 'Copy':
        """Start to copy, again and again."""
        paths = [pci.disk_of_size(board, size)
                 for size in (SIZE, TARGET_SIZE)]
        board.sh('rm -f /tmp/enough')
        work = copy_and_sum(*paths)
        return Copy(machine, board.consoles[WORKER].begin(
            f'until [ -e /tmp/enough ]; do {work}; done; {work}'))

    def finish(self, board: Board) -> None:
        """What was read, and is on the disk, is what the host has put there."""
        board.sh('touch /tmp/enough')
        result = board.consoles[WORKER].end(self.command, COPY_TIME)
        want = sha256(self.machine.data)
        # After a snapshot we may have come in the midst of a line
        first, *lines = result.output.splitlines()
        expect_true(f'what the guest read: {first}',
                    f'{want}  -'.endswith(first))
        expect_equal('what the guest read', set(lines) - {f'{want}  -'}, set())
        path = pci.disk_of_size(board, TARGET_SIZE)
        got = board.sh('echo 3 > /proc/sys/vm/drop_caches; '
                       f'head -c {SIZE} {path} | sha256sum', COPY_TIME)
        expect_equal('what it wrote', got.split()[0], want)


def _functions(board: Board) -> str:
    return board.sh('cd /sys/bus/pci/devices && for f in *; do '
                    'echo $f $(cat $f/class $f/resource); done')


def _work(machine: Machine, controller: str, mmu: str,
          across: Callable[[Board], Board]) -> None:
    """Copy and receive while something happens to the machine."""
    with booted(machine.config) as board:
        interrupts(board, controller)
        expect_equal('MMU', board.facts()['mmu'], mmu)
        pci.check_interrupts(board, ('virtio', 'xhci_hcd'))
        pci.check_windows(board)
        tap_configured(board)
        functions = _functions(board)
        # The first console is the stream's from then on
        copy = Copy.begin(board, machine)
        stream = Stream(board, tap.HOST)
        stream.expect_running()
        board = across(board)
        stream.expect_running()
        stream.finish(board)
        copy.finish(board)
        expect_equal('functions', _functions(board), functions)
        board.check_kernel_log()


def migration(config: Config, controller: str, mmu: str,
              ways: Sequence[str]) -> None:
    """To another QEMU, on the way at work and after it."""
    machine = Machine(config)
    with contextlib.ExitStack() as stack:
        def across(board: Board) -> Board:
            for way in ways:
                board = stack.enter_context(moved(board, machine.config, way))
            return board

        _work(machine, controller, mmu, across)
    machine.finish()


def snapshot(config: Config, controller: str, mmu: str) -> None:
    """savevm, and loadvm at once; then back to where it copied."""
    machine = Machine(replace(config, args=disk_args()))

    def across(board: Board) -> Board:
        for tag in ('one', 'two'):
            with stopped(board):
                save_state(board, tag, machine.nodes)
                load_state(board, tag, machine.nodes)
            time.sleep(0.2)
        return board

    _work(machine, controller, mmu, across)
    with booted(machine.config) as board:
        for tag in ('three', 'four'):
            copy = Copy.begin(board, machine)
            time.sleep(0.5)
            with stopped(board):
                save_state(board, tag, machine.nodes)
            time.sleep(1)
            with stopped(board):
                load_state(board, tag, machine.nodes)
                board.consoles[WORKER].drain()
                board.consoles[WORKER].drop()
            copy.finish(board)
    machine.finish()
    (log_dir() / 'snapshots.qcow2').unlink()


def nvme() -> None:
    """A controller that QEMU can't move: it is said, and all goes on."""
    disk = pci.DISKS[2]
    args = ('-device', 'nvme,id=nvme,serial=one,drive=nvme', *disk_args(),
            *pci.disk_node(disk))
    config = Config(cpu='power9', extra=pci.EXTRA, args=args)
    with booted(config) as board:
        answer = board.vm.qmp('migrate', uri=f'file:{log_dir()}/stream')
        said = answer.get('error', {}).get('desc', '')
        expect_true(f'the reason is told: {answer}',
                    re.search('non-migratable device.*nvme', said))
        pci.check_disk(board, disk)


P8 = Config(cpu='power8', smp='2')
P9 = Config(cpu='power9', smp='2')
HASH = 'disable_radix'
KINDS = {
    'radix-xive': (P9, 'XIVE', 'Radix'),
    'radix-xics': (replace(P9, machine='ic-mode=xics'), 'XICS', 'Radix'),
    'hash-xive': (replace(P9, append=HASH, kernel='6.12-64k'), 'XIVE', 'Hash'),
    'hash-xics': (replace(P8, kernel='6.1-64k'), 'XICS', 'Hash'),
    'slof': (replace(P9, firmware='slof'), 'XIVE', 'Radix'),
}
add('pcimove/nvme', nvme, check=False)
for _name, _kind in KINDS.items():
    add(f'pcimove/migration/{_name}',
        functools.partial(migration, *_kind, ways=('unix',)),
        check=_name == 'radix-xive', timeout=300)
    add(f'pcimove/snapshot/{_name}', functools.partial(snapshot, *_kind),
        check=False, timeout=400)
add('pcimove/migration/ways', functools.partial(
    migration, *KINDS['radix-xive'], ways=('multifd', 'exec', 'mapped-file')),
    check=False, timeout=600)
add('pcimove/migration/postcopy', functools.partial(
    migration, *KINDS['hash-xive'], ways=('postcopy',)),
    check=False, timeout=600)
