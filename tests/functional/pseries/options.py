# SPDX-License-Identifier: GPL-2.0-or-later
"""Options reach the guest: command line, initrd, memory, device tree."""

import functools
import re
import subprocess

from . import images
from .board import Config, booted, expect_equal, expect_true
from .logs import log_dir
from .paths import qemu_binary
from .suite import add, test

MIB = 1 << 20


def append(firmware: str) -> None:
    """The kernel gets the command line as it was given, long ones too."""
    extra = 'quoted="a b" equals=a=b $dollar ' + 'x' * 700
    with booted(Config(append=extra, firmware=firmware)) as board:
        expect_equal('command line', board.sh('cat /proc/cmdline'),
                     f'GUEST_MODE=test {extra}')


@test('options/initrd')
def initrd() -> None:
    """The device tree tells the initrd's exact size."""
    node = '/proc/device-tree/chosen/linux,initrd'
    with booted(Config()) as board:
        ends = [int(board.sh(f"xxd -p {node}-{end} | tr -d '\\n'"), 16)
                for end in ('start', 'end')]
        expect_equal('size', ends[1] - ends[0],
                     images.initramfs().stat().st_size)


def memory(size: int, cpu: str, label: str, firmware: str) -> None:
    """The guest has the memory that -m asked for, and can use it."""
    config = Config(memory=f'{size}M', cpu=cpu, kernel=label,
                    firmware=firmware)
    with booted(config) as board:
        expect_equal('memory', int(board.facts()['memory']), size * MIB)
        # A part of it is filled and read back.
        fill = min(size // 4, 256)
        board.sh(f'mount -t tmpfs -o size={fill + 16}M fill /root; '
                 f'dd if=/dev/zero of=/root/f bs=1M count={fill} && '
                 'md5sum /root/f && rm /root/f && umount /root', 120)


@test('options/default-cpu')
def default_cpu() -> None:
    """No -cpu at all starts a processor that the kernel knows."""
    with booted(Config(kernel='6.12-64k')) as board:
        facts = board.facts()
        expect_true(f"{facts['cpu']} is a POWER",
                    re.match(r'POWER(9|1\d)\b', facts['cpu'], re.I))
        expect_equal('MMU', facts['mmu'], 'Radix')


@test('options/max-cpu-compat')
def max_cpu_compat() -> None:
    """A POWER10 held to POWER9's architecture is a POWER9 to the guest."""
    config = Config(cpu='power10', machine='max-cpu-compat=power9')
    with booted(config) as board:
        facts = board.facts()
        expect_true(f"{facts['cpu']} is a POWER9",
                    facts['cpu'].startswith('POWER9 '))


def dumpdtb(name: str, machine: str, args: list[str]) -> None:
    """dumpdtb= writes a tree that dtc takes, and QEMU exits with 0."""
    blob = log_dir() / 'board.dtb'
    done = subprocess.run(
        [qemu_binary(), '-M', f'pseries,{machine}dumpdtb={blob}',
         '-display', 'none', '-serial', 'null', *args],
        text=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        timeout=30, check=False)
    expect_equal(f'exit code ({done.stderr})', done.returncode, 0)
    dtc = subprocess.run(['dtc', '-I', 'dtb', '-O', 'dts', str(blob)],
                         text=True, capture_output=True, timeout=30,
                         check=False)
    (log_dir() / 'board.dts').write_text(dtc.stdout)
    expect_equal(f'exit code of dtc ({dtc.stderr})', dtc.returncode, 0)
    errors = re.findall(r'.*(?:ERROR|FATAL).*', dtc.stderr)
    expect_equal('errors of dtc', errors, [])
    for pattern in ('PowerPC,POWER', r'\bmemory@0 ', 'vty@71000000 ',
                    r'ibm,hypertas-functions = "hcall-', 'display-character'):
        expect_true(f'{name}: the tree has {pattern}',
                    re.search(pattern, dtc.stdout))
    tokens = re.findall(r'^\t\t(?!rtas-|ibm,|#|power-on|linux,|phandle)'
                        r'([\w-]+) = <(0x\w+)>;',
                        dtc.stdout[dtc.stdout.index('\trtas {'):], re.M)
    values = [value for _, value in tokens]
    expect_true(f'RTAS tokens differ: {tokens}',
                values and len(set(values)) == len(values))


KERNEL_ARGS = ['-kernel', str(images.kernel('6.12-4k')),
               '-initrd', str(images.initramfs()), '-append', 'some=thing']
for _firmware in ('vof', 'slof'):
    add(f'options/append/{_firmware}',
        functools.partial(append, _firmware))
for _case in ((512, 'power8', '6.1-64k', 'vof'),
              (512, 'power9', '6.12-64k', 'slof'),
              (2048, 'power10', '6.12-4k', 'vof'),
              (6144, 'power8', '6.12-4k', 'vof'),
              (6144, 'power9', '6.12-64k', 'vof')):
    add(f'options/memory/{_case[0]}M/{_case[1]}/{_case[3]}',
        functools.partial(memory, *_case),
        check=_case[:2] in ((512, 'power9'), (6144, 'power8')))
for _name, _machine, _args in (
        ('bare', '', []),
        ('kernel', '', KERNEL_ARGS),
        ('power8-smp', '', ['-cpu', 'power8', '-smp', '3,maxcpus=6']),
        ('vtys', '', ['-chardev', 'null,id=a', '-chardev', 'null,id=b',
                      '-device', 'spapr-vty,chardev=a',
                      '-device', 'spapr-vty,chardev=b'])):
    add(f'options/dumpdtb/{_name}',
        functools.partial(dumpdtb, _name, _machine, _args), timeout=60)
