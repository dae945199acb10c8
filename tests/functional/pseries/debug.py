# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person who debugs a guest uses: gdb, dumps of the memory."""

import contextlib
import functools
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from . import images
from .board import Board, Config, booted, expect_equal, \
    expect_true, running
from .gdb import Gdb
from .logs import log_dir
from .suite import add, test

P8 = Config(cpu='power8', smp='2', memory='512M')
P9 = Config(cpu='power9', smp='2', memory='512M')
BANNER = 'linux_banner'
SYSCALL = 'sys_getppid'     # a shell calls it when it starts, and seldom else


def _function(board: Board, name: str) -> int:
    """Where the guest's kernel has a function."""
    line = board.sh(f"grep -m 1 ' {name}$' /proc/kallsyms")
    return int(line.split()[0], 16)


def _banner(board: Board) -> bytes:
    """What linux_banner is."""
    return board.sh('cat /proc/version').encode()


# gdbstub

@contextlib.contextmanager
def attached(board: Board, symbols: Path | None = None) -> Iterator[Gdb]:
    """gdb at the machine, which is stopped until gdb continues it."""
    socket = log_dir() / 'gdb'
    board.vm.cmd('human-monitor-command',
                 {'command-line': f'gdbserver unix:{socket},server=on,'
                                  'wait=off'})
    with Gdb(symbols, log_dir() / 'gdb.log') as gdb:
        out = gdb.run(f'target remote {socket}')
        expect_true(f'gdb is connected: {out}', 'Remote debugging' in out)
        yield gdb


def _continue_to(gdb: Gdb, board: Board, kind: str, address: int) -> None:
    """Stop at an address that a command in the guest comes to."""
    number = re.search(r'(?:reakpoint|Temporary breakpoint) (\d+)',
                       gdb.run(f'{kind} *{address:#x}'))
    assert number
    board.console.send('sh -c "echo from the child"\n')
    out = gdb.run('continue')
    expect_true(f'{kind} stops the guest: {out}',
                re.search(f'reakpoint {number[1]}', out))
    expect_equal(f'PC at {kind}', gdb.number('$pc'), address)
    gdb.run(f'delete {number[1]}')


def _step(gdb: Gdb, count: int) -> None:
    """Single steps go where the instructions say."""
    for _ in range(count):
        pc = gdb.number('$pc')
        code = int.from_bytes(gdb.string(pc, 4), 'little')
        out = gdb.run('stepi')
        after = gdb.number('$pc')
        # Branches may go anywhere, a prefixed instruction has eight bytes.
        branch = code >> 26 in (16, 17, 18, 19)
        expect_true(f'from {pc:#x} ({code:#010x}) to {after:#x}: {out}',
                    branch or after - pc in (4, 8))
        expect_true('the step went somewhere', after != pc)


def gdbstub(config: Config) -> None:
    """Breakpoints, steps, registers and memory of a running Linux."""
    with booted(config) as board:
        cpus = int(board.facts()['cpus'])
        syscall = _function(board, SYSCALL)
        version = _banner(board)
        with attached(board, images.kernel(config.kernel)) as gdb:
            banner = gdb.number(f'&{BANNER}')
            threads = gdb.run('info threads')
            expect_equal('threads', len(re.findall(r'CPU#\d+', threads)),
                         cpus)
            expect_equal(BANNER, gdb.string(banner, len(version)), version)
            for kind in ('break', 'hbreak'):
                _continue_to(gdb, board, kind, syscall)
                gdb.run('set scheduler-locking step')
                _step(gdb, 20)
                gdb.run('set scheduler-locking off')
            # Registers can be written, and are what they were made.
            old = gdb.number('$r14')
            gdb.run('set $r14 = 0x123456789abcdef0')
            expect_equal('r14', gdb.number('$r14'), 0x123456789abcdef0)
            gdb.run(f'set $r14 = {old:#x}')
            for thread in range(1, cpus + 1):
                gdb.run(f'thread {thread}')
                pc, msr = gdb.number('$pc'), gdb.number('$msr')
                expect_true(f'CPU {thread}: pc {pc:#x}, msr {msr:#x}',
                            pc and msr >> 63)
            gdb.run('detach')
        board.console.expect('from the child', 30)
        board.console.expect('from the child', 30)
        expect_equal('what the guest says', board.sh('echo here'), 'here')


@test('debug/gdb-from-the-start', check=False)
def gdb_from_the_start() -> None:
    """With -S gdb has the machine before its first instruction."""
    config = replace(P9, args=('-S',))
    with running(config) as board:
        kernel = images.kernel(config.kernel)
        with attached(board, kernel) as gdb:
            # Processors start big endian, and Linux switches them.
            gdb.run('set endian big', 'maintenance flush register-cache')
            first = gdb.number('$pc')
            expect_equal('first instruction', first, 0x100)
            gdb.run('hbreak start_kernel', 'continue')
            gdb.run('set endian little', 'maintenance flush register-cache')
            out = gdb.run('info symbol $pc')
            expect_true(f'the kernel starts: {out}', 'start_kernel' in out)
            out = gdb.run('x/s &linux_banner')
            expect_true(f'the banner: {out}', 'Linux version 6.12' in out)
            gdb.run('delete', 'detach')
        board.console.wait_shell(config.boot_time)


# dump-guest-memory

def _dump(board: Board, name: str, **options: object) -> Path:
    path = log_dir() / name
    board.vm.cmd('dump-guest-memory', {'protocol': f'file:{path}',
                                       'paging': False, **options})
    return path


class Core:
    """A dump, as gdb reads it."""

    def __init__(self, gdb: Gdb, path: Path):
        self._gdb = gdb
        out = gdb.run(f'target core {path}')
        expect_true(f'gdb takes the dump: {out}', 'ot in executable format'
                    not in out and 'not a core dump' not in out)
        self.threads = len(re.findall(r'^\*?\s+\d+\s+', gdb.run(
            'info threads'), re.M))

    def registers(self, cpu: int, *names: str) -> list[int]:
        """Registers of a CPU."""
        self._gdb.run(f'thread {cpu + 1}')
        return [self._gdb.number(f'${name}') for name in names]

    def memory(self, address: int, size: int) -> bytes:
        """What is at a physical address."""
        return self._gdb.string(address, size)


def _registers(board: Board, cpu: int) -> list[int]:
    """PC, link register, stack pointer, R13 and MSR, as the monitor has
    them."""
    text = board.vm.cmd('human-monitor-command', {
        'command-line': 'info registers', 'cpu-index': cpu})
    assert isinstance(text, str)
    found = [re.search(pattern, text) for pattern in (
        r'NIP (\w+)', r'LR (\w+)', r'GPR00 \w+ (\w+)',
        r'GPR12 \w+ (\w+)', r'MSR (\w+)')]
    return [int(match[1], 16) for match in found if match]


def _elf_header(path: Path) -> tuple[str, int]:
    """Byte order and machine of a dump."""
    with open(path, 'rb') as file:
        head = file.read(64)
    order = {1: '<', 2: '>'}[head[5]]
    machine, = struct.unpack_from(f'{order}H', head, 18)
    expect_equal('magic', head[:5], b'\x7fELF\2')
    return order, machine


EM_PPC64 = 21
REGISTERS = ('pc', 'lr', 'r1', 'r13', 'msr')


def _check_core(board: Board, gdb: Gdb, path: Path, cpus: int) -> Core:
    core = Core(gdb, path)
    expect_equal('threads in the dump', core.threads, cpus)
    for cpu in range(cpus):
        expect_equal(f'registers of CPU {cpu}',
                     core.registers(cpu, *REGISTERS),
                     _registers(board, cpu))
    return core


def dump_linux(config: Config) -> None:
    """A dump of a Linux guest has its registers and its memory."""
    with booted(config) as board:
        cpus = int(board.facts()['cpus'])
        version = _banner(board)
        busy = board.console.begin('taskset 2 md5sum /dev/zero & '
                                   'sleep 1; echo busy')
        board.console.end(busy)
        board.vm.cmd('stop')
        for paging in (False, True):
            path = _dump(board, 'linux.elf', paging=paging)
            expect_equal('byte order and machine', _elf_header(path),
                         ('<', EM_PPC64))
            with Gdb(images.kernel(config.kernel),
                     log_dir() / 'gdb.log') as gdb:
                core = _check_core(board, gdb, path, cpus)
                # The kernel is linked at 0xc000000000000000 plus the
                # address; QEMU knows no virtual ones of a PowerPC.
                banner = gdb.number(f'&{BANNER}') & ((1 << 60) - 1)
                expect_equal(BANNER, core.memory(banner, len(version)),
                             version)
        path.unlink()
        compressed = _dump(board, 'linux.kdump', format='kdump-zlib')
        expect_equal('magic', compressed.read_bytes()[:12], b'makedumpfile')
        compressed.unlink()
        board.vm.cmd('cont')
        # Under a running guest too, which goes on afterwards
        path = _dump(board, 'running.elf')
        _elf_header(path)
        path.unlink()
        board.sh('kill %1; wait; echo here')


@test('debug/dump/big-endian', check=False)
def dump_big_endian() -> None:
    """SLOF is big endian; so is the dump of a guest that is at its prompt."""
    config = replace(P9, firmware='slof',
                     args=('-prom-env', 'auto-boot?=false'))
    with running(config, boot=()) as board:
        board.console.expect('0 > ', 90)
        board.vm.cmd('stop')
        path = _dump(board, 'slof.elf')
        expect_equal('byte order and machine', _elf_header(path),
                     ('>', EM_PPC64))
        with Gdb(log=log_dir() / 'gdb.log') as gdb:
            gdb.run('set endian auto')
            core = _check_core(board, gdb, path, 2)
            shown = board.vm.cmd('human-monitor-command',
                                 {'command-line': 'xp/16xb 0x100'})
            assert isinstance(shown, str)
            want = bytes(int(byte, 16) for byte in
                         re.findall(r'0x(\w\w)\b', shown))
            expect_equal('memory', core.memory(0x100, 16), want)
        path.unlink()
        board.vm.cmd('cont')
        board.console.send('decimal 6 7 * .\r')
        board.console.expect(r'\b42\b', 20)


for _name, _config in (('power8', P8), ('power9', P9),
                       ('power10-4-slof', Config(
                           cpu='power10', smp='4', firmware='slof',
                           kernel='6.12-64k')),
                       ('power9-hash-threads', replace(
                           P9, cpu='power9', smp='8,threads=8',
                           append='disable_radix', kernel='6.1-64k'))):
    add(f'debug/gdb/{_name}', functools.partial(gdbstub, _config),
        check=_name == 'power9')
    add(f'debug/dump/{_name}', functools.partial(dump_linux, _config),
        check=_name == 'power8')
