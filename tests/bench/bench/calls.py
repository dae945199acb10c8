# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls a second: a guest of some dozen instructions.

It is a raw image that both boards start in place of their firmware, in real
mode, at 0x100.  The first vCPU starts the second by RTAS.  Each makes its
share of the calls between two looks at its time base, and when all are
through tells so by the console.  What they noted is read from memory.
"""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pseries.board import BoardError, Config, running
from pseries.logs import log_dir

from . import code
from .code import Words

CALLS = 1_000_000               # of all vCPUs together
TIMEBASE = 512_000_000          # ticks a second
TIMEOUT = 60                    # seconds for all of them

# Addresses in the guest's memory
ENTRY = 0x100
MAIN = 0x4000                   # what each vCPU runs
OTHER_ENTRY = 0x5000            # where the second vCPU starts
RTAS_ARGS = 0x6000
NOTES = 0x7000                  # NOTE bytes for each vCPU
NOTE = 64
READY, DONE, START, END, RESULT = range(0, 40, 8)

# Registers that a hypercall leaves alone
MINE, THEIRS, COUNT, BEGUN, VALUE, SCRATCH = range(14, 20)

# LoPAR, "Hypervisor Call Functions"; 0xf000 is how QEMU's firmware asks for
# RTAS.
H_REMOVE, H_ENTER, H_SET_SPRG0 = 0x4, 0x8, 0x24
H_PUT_TERM_CHAR, H_CPPR, H_RTAS, UNKNOWN = 0x58, 0x68, 0xf000, 0x3fffc
H_SUCCESS, H_FUNCTION = 0, -2
VTY = 0x71000000
FINISHED = b'DONE\n'

# A hash table entry: valid, a 4 KiB page of memory, cached and coherent.
H_EXACT = 1 << (63 - 24)
PTE_HIGH = 0x12345 << 12 | 1
PTE_LOW = 0x2000 | 0x12
PTE_GROUP = 0x80                # entries; each vCPU has a group of its own


def call(token: int, *args: Words) -> Words:
    """A hypercall; the arguments are the words that load R4, R5..."""
    words = code.li64(3, token)
    for argument in args:
        words += argument
    return words + code.hypercall()


def constants(*values: int) -> list[Words]:
    """Arguments that are known beforehand."""
    return [code.li64(4 + n, value) for n, value in enumerate(values)]


@dataclass(frozen=True)
class Load:
    """What is called again and again."""
    body: Sequence[int]
    result: int = H_SUCCESS     # of the last call
    calls: int = 1              # in the body
    cpu: str | None = None      # the board's default


LOADS = {
    'H_SET_SPRG0': Load(call(H_SET_SPRG0, *constants(1))),
    'H_CPPR': Load(call(H_CPPR, *constants(0xff))),
    'unknown token': Load(call(UNKNOWN), H_FUNCTION),
    # The entry's number is in VALUE.
    'H_ENTER, H_REMOVE': Load(
        call(H_ENTER, code.li64(4, H_EXACT), code.move(5, VALUE),
             code.li64(6, PTE_HIGH), code.li64(7, PTE_LOW))
        + call(H_REMOVE, code.li64(4, 0), code.move(5, VALUE),
               code.li64(6, 0)),
        calls=2, cpu='power8'),
}


def _first_vcpu(vcpus: int) -> Words:
    words = code.li64(MINE, NOTES) + code.li64(VALUE, PTE_GROUP) \
        + code.li64(THEIRS, NOTES + NOTE * (vcpus - 1))
    if vcpus > 1:
        words += call(H_RTAS, *constants(RTAS_ARGS))
    return words + code.branch((MAIN - ENTRY) // 4 - len(words))


def _second_vcpu() -> Words:
    words = code.li64(MINE, NOTES + NOTE) + code.li64(THEIRS, NOTES) \
        + code.li64(VALUE, 2 * PTE_GROUP)
    return words + code.branch((MAIN - OTHER_ENTRY) // 4 - len(words))


def _main(body: Sequence[int], count: int) -> Words:
    """Wait for each other, make the calls, note how it went, tell."""
    words = code.li64(BEGUN, 1) + code.store(BEGUN, READY, MINE) \
        + code.sync() + code.until_set(SCRATCH, READY, THEIRS) \
        + code.li64(COUNT, count) \
        + code.timebase(BEGUN) \
        + code.repeat(COUNT, list(body)) \
        + code.timebase(SCRATCH) \
        + code.store(BEGUN, START, MINE) + code.store(SCRATCH, END, MINE) \
        + code.store(3, RESULT, MINE) + code.sync() \
        + code.li64(SCRATCH, 1) + code.store(SCRATCH, DONE, MINE) \
        + code.until_set(SCRATCH, DONE, THEIRS)
    text = int.from_bytes(FINISHED.ljust(8, b'\0'), 'big')
    return words + call(H_PUT_TERM_CHAR,
                        *constants(VTY, len(FINISHED), text)) \
        + code.branch(0)


def _rtas_args(token: int, vcpu: int) -> Words:
    """start-cpu: LoPAR, "start-cpu"; the third argument goes to R3."""
    return [token, 3, 1, vcpu, OTHER_ENTRY, 0, 0]


def guest(load: Load, vcpus: int, token: int, second: int) -> bytes:
    """The image.

    token: of start-cpu; second: the number by which the second vCPU is
    started.
    """
    count = CALLS // load.calls // vcpus
    return code.image({
        ENTRY: _first_vcpu(vcpus),
        MAIN: _main(load.body, count),
        OTHER_ENTRY: _second_vcpu(),
        RTAS_ARGS: _rtas_args(token, second),
        NOTES: [0] * (2 * NOTE // 4),
    })


def _cells(tree: Path, *where: str) -> list[int]:
    """A property of the device tree."""
    done = subprocess.run(['fdtget', '-t', 'x', str(tree), *where], text=True,
                          stdout=subprocess.PIPE, check=True, timeout=30)
    return [int(word, 16) for word in done.stdout.split()]


def _start_cpu_numbers(config: Config) -> tuple[int, int]:
    """The token of start-cpu and the number of the second vCPU."""
    tree = log_dir() / 'tree.dtb'
    with running(config, boot=('-S',)) as board:
        board.vm.cmd('dumpdtb', filename=str(tree))
    nodes = subprocess.run(['fdtget', '-l', str(tree), '/cpus'], text=True,
                           stdout=subprocess.PIPE, check=True, timeout=30)
    numbers = sorted(_cells(tree, f'/cpus/{node}', 'reg')[0]
                     for node in nodes.stdout.split() if '@' in node)
    return _cells(tree, '/rtas', 'start-cpu')[0], numbers[1]


def measure(name: str, vcpus: int) -> float:
    """Calls a second of all vCPUs together, in thousands."""
    load = LOADS[name]
    config = Config(firmware='', cpu=load.cpu, smp=str(vcpus))
    numbers = _start_cpu_numbers(config) if vcpus > 1 else (0, 0)
    image = log_dir() / 'guest.bin'
    image.write_bytes(guest(load, vcpus, *numbers))
    notes = log_dir() / 'notes.bin'
    with running(config, boot=('-bios', str(image))) as board:
        board.console.expect(FINISHED.decode(), TIMEOUT)
        board.vm.cmd('pmemsave', val=NOTES, size=NOTE * vcpus,
                     filename=str(notes))
    starts, ends = [], []
    for number in range(vcpus):
        _, _, start, end, result = struct.unpack_from(
            '>4Qq', notes.read_bytes(), NOTE * number)
        starts.append(start)
        ends.append(end)
        if result != load.result:
            raise BoardError(f'{name} returned {result} to vCPU {number}')
    seconds = (max(ends) - min(starts)) / TIMEBASE
    return CALLS / seconds / 1000
