# SPDX-License-Identifier: GPL-2.0-or-later
"""User mistakes: one clear line that names the thing, and exit code 1."""

import functools
import re
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import images
from .board import expect_equal, expect_true
from .logs import log_dir
from .paths import qemu_binary
from .suite import add

LINUX = str(images.kernel('6.12-4k'))
INITRD = str(images.initramfs())


def _elf(address: int, size: int) -> bytes:
    """A ppc64le kernel with one segment that fills so much memory."""
    head = struct.pack('<16sHHIQQQIHHHHHH', b'\x7fELF\2\1\1', 2, 21, 1,
                       address, 64, 0, 2, 64, 56, 1, 0, 0, 0)
    segment = struct.pack('<IIQQQQQQ', 1, 7, 120, address, address, 16,
                          size, 0x10000)
    return head + segment + b'\0' * 16


def _make_files(directory: Path) -> None:
    """The files that the cases below name."""
    (directory / 'text').write_text('no kernel\n')
    (directory / 'short').write_bytes(Path(LINUX).read_bytes()[:4096])
    (directory / 'empty').touch()
    (directory / 'folder').mkdir()
    (directory / 'large-elf').write_bytes(_elf(0, 1 << 32))
    (directory / 'high-elf').write_bytes(_elf(1 << 40, 4096))
    with open(directory / 'large', 'wb') as large:
        large.truncate(2 << 30)     # takes no room on the disk


def bad_input(args: Sequence[str], names: str) -> None:
    """QEMU must refuse to start."""
    directory = log_dir()
    _make_files(directory)
    done = subprocess.run(
        [qemu_binary(), '-display', 'none', '-monitor', 'none', *args],
        cwd=directory, stdin=subprocess.DEVNULL, text=True, timeout=15,
        capture_output=True, check=False)
    (directory / 'large').unlink()
    print(f'QEMU said: {done.stderr}')
    expect_equal('exit code', done.returncode, 1)
    lines = [line for line in done.stderr.splitlines()
             if line.strip() and 'warning:' not in line]
    expect_equal('number of lines', len(lines), 1)
    expect_true(f'the message names {names}',
                re.search(names, lines[0], re.I))
    expect_equal('output of a guest', done.stdout, '')


# Name: the command line, and what the message has to name.
CASES: dict[str, tuple[Sequence[str], str]] = {
    'kernel/missing': (['-kernel', '/no/kernel'], '/no/kernel'),
    'kernel/text': (['-kernel', 'text'], r'\btext\b'),
    'kernel/empty': (['-kernel', 'empty'], r'\bempty\b'),
    'kernel/short': (['-kernel', 'short'], r'\bshort\b'),
    'kernel/large': (['-kernel', 'large'], r'\blarge\b'),
    'kernel/large-elf': (['-kernel', 'large-elf'], 'large-elf'),
    'kernel/high-elf': (['-kernel', 'high-elf'], 'high-elf'),
    'kernel/directory': (['-kernel', 'folder'], r'\bfolder\b'),
    'initrd/missing': (['-kernel', LINUX, '-initrd', '/no/initrd'],
                       '/no/initrd'),
    'initrd/large': (['-kernel', LINUX, '-initrd', 'large'], r'\blarge\b'),
    'initrd/large-slof': (['-kernel', LINUX, '-initrd', 'large', '-M',
                           'pseries,x-vof=off'], r'\blarge\b'),
    'initrd/no-kernel': (['-initrd', INITRD], '-initrd'),
    'append/no-kernel': (['-append', 'x'], '-append'),
    'bios/missing': (['-bios', '/no/bios'], '/no/bios'),
    'bios/large': (['-bios', 'large'], r'\blarge\b'),
    'machine/unknown-option': (['-M', 'pseries,frobnicate=on'],
                               'frobnicate'),
    'machine/firmware': (['-M', 'pseries,firmware=sloof'],
                         'firmware.*sloof|sloof.*firmware'),
    'machine/x-vof': (['-M', 'pseries,x-vof=maybe'], 'x-vof'),
    'machine/max-cpu-compat': (['-M', 'pseries,max-cpu-compat=power99'],
                               'power99'),
    'machine/vsmt': (['-M', 'pseries,vsmt=3'], 'vsmt'),
    'machine/vsmt-small': (['-M', 'pseries,vsmt=1', '-smp', '4,threads=4'],
                           'vsmt'),
    'machine/ic-mode': (['-M', 'pseries,ic-mode=pic'], 'ic-mode'),
    'machine/resize-hpt': (['-M', 'pseries,resize-hpt=no'], 'resize-hpt'),
    'machine/cap': (['-M', 'pseries,cap-htm=maybe'], 'cap-htm'),
    'machine/dumpdtb': (['-M', 'pseries,dumpdtb=/no/file'], '/no/file'),
    'memory/unaligned': (['-m', '300M'], 'memory size|-m'),
    'memory/maxmem': (['-m', '512M,slots=1,maxmem=600M'],
                      'maxmem|maximum memory'),
    'smp/zero': (['-smp', '0'], 'smp|cpus|topology'),
    'smp/topology': (['-smp', '3,threads=2'], 'topology|smp'),
    'smp/threads-of-no-cpu': (['-cpu', 'power9', '-smp', '16,threads=16'],
                              'thread'),
    'smp/many': (['-smp', '100000'], '100000'),
    'cpu/unknown': (['-cpu', 'power99'], 'power99'),
    'cpu/no-pseries': (['-cpu', 'g4'], 'g4|74'),
    'vty/unknown-chardev': (['-device', 'spapr-vty,chardev=nope'], 'nope'),
    'vty/reg': (['-chardev', 'null,id=a', '-device',
                 'spapr-vty,chardev=a,reg=banana'], r'\breg\b'),
    'vty/same-reg': (['-chardev', 'null,id=a', '-chardev', 'null,id=b',
                      '-device', 'spapr-vty,chardev=a,reg=0x71000020',
                      '-device', 'spapr-vty,chardev=b,reg=0x71000020'],
                     '71000020'),
    'vty/same-chardev': (['-chardev', 'null,id=a',
                          '-device', 'spapr-vty,chardev=a',
                          '-device', 'spapr-vty,chardev=a'], r'\ba\b'),
    'vty/unknown-option': (['-chardev', 'null,id=a', '-device',
                            'spapr-vty,chardev=a,colour=red'], 'colour'),
}

for _name, (_args, _names) in CASES.items():
    # A case without -M of its own is the pseries machine too.
    _all = list(_args) if '-M' in _args else ['-M', 'pseries', *_args]
    add(f'bad-input/{_name}', functools.partial(bad_input, _all, _names),
        timeout=60)
