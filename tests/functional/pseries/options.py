# SPDX-License-Identifier: GPL-2.0-or-later
"""Options reach the guest: command line, initrd, memory, device tree."""

import functools
import re
import subprocess

from . import images
from .board import (Board, Config, booted, expect_equal, expect_true,
                    running)
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


@test('options/help')
def device_help() -> None:
    """-device NAME,help lists properties, though there is no machine then."""
    query = '{"execute": "qmp_capabilities"}\n' \
        '{"execute": "qom-list-types", "arguments": {"implements": "device"}}' \
        '\n{"execute": "quit"}\n'
    done = subprocess.run([qemu_binary(), '-machine', 'none', '-display',
                           'none', '-qmp', 'stdio'], input=query, text=True,
                          capture_output=True, check=True, timeout=60)
    names = sorted(set(re.findall(r'"name": "([\w.-]*spapr[\w.-]*)"',
                                  done.stdout)))
    expect_true(f'devices of the board are there: {names}', len(names) > 30)
    for name in names:
        done = subprocess.run([qemu_binary(), '-device', f'{name},help'],
                              text=True, capture_output=True, timeout=60)
        expect_equal(f'exit code of {name},help ({done.stderr})',
                     done.returncode, 0)


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


@test('options/quiet')
def quiet() -> None:
    """Nothing is said about a machine with default options."""
    for cpu in ('power8', 'power9', 'power10', 'power11'):
        done = subprocess.run(
            [qemu_binary(), '-M', 'pseries', '-cpu', cpu, '-display', 'none',
             '-serial', 'null', '-monitor', 'stdio', '-S'],
            text=True, input='quit\n', capture_output=True, timeout=30,
            check=False)
        expect_equal('exit code', done.returncode, 0)
        expect_equal('what QEMU said', done.stderr, '')


HWCAP_VSX = 0x80
HWCAP_DFP = 0x400


def hwcap(board: Board) -> int:
    """AT_HWCAP, entry 16 of the vector that each program gets."""
    words = board.sh("od -v -A n -t u8 /proc/self/auxv").split()
    return dict(zip(map(int, words[::2]), map(int, words[1::2])))[16]


@test('options/cap/default')
def cap_default() -> None:
    """All that the processor has is there, and Linux uses it."""
    with booted(Config(cpu='power9')) as board:
        expect_equal('VSX and DFP', hwcap(board) & (HWCAP_VSX | HWCAP_DFP),
                     HWCAP_VSX | HWCAP_DFP)
        expect_true('a decrementer of 56 bits',
                    '56 bit decrementer' in board.sh('dmesg'))
        flaws = '/sys/devices/system/cpu/vulnerabilities'
        for flaw in ('meltdown', 'spectre_v1', 'l1tf'):
            expect_equal(flaw, board.sh(f'cat {flaws}/{flaw}'),
                         'Not affected')


@test('options/cap/less')
def cap_less() -> None:
    """A guest lives without decimals and the large decrementer."""
    config = Config(cpu='power9', machine='cap-dfp=off,cap-large-decr=off,'
                    'cap-rpt-invalidate=off,cap-ail-mode-3=off,cap-fwnmi=off')
    with booted(config) as board:
        expect_equal('VSX and DFP', hwcap(board) & (HWCAP_VSX | HWCAP_DFP),
                     HWCAP_VSX)
        expect_true('a decrementer of 32 bits',
                    '32 bit decrementer' in board.sh('dmesg'))


@test('options/cap/vsx')
def cap_vsx() -> None:
    """Without VSX, Linux has none, and Debian's programs can't run."""
    config = Config(cpu='power9', machine='cap-vsx=off', append='panic=0')
    with running(config) as board:
        match = board.console.expect(r'cpu_user_features = 0x(\w+) ', 60)
        expect_equal('VSX', int(match[1], 16) & HWCAP_VSX, 0)
        # What kills init is an illegal instruction, signal 4.
        board.console.expect_crash('Attempted to kill init! '
                                   'exitcode=0x00000004', 60)


@test('options/cap/mitigations')
def cap_mitigations() -> None:
    """The ways around speculation's side channels can be gone through."""
    config = Config(cpu='power9', machine='cap-cfpc=workaround,'
                    'cap-sbbc=workaround,cap-ibs=workaround,'
                    'cap-ccf-assist=on')
    with booted(config) as board:
        for flaw, words in (
                ('meltdown', 'RFI Flush, L1D private'),
                ('spectre_v1', 'ori31 speculation barrier enabled'),
                ('spectre_v2', 'hardware accelerated'),
                ('spec_store_bypass', 'Kernel entry/exit barrier')):
            text = board.sh('cat /sys/devices/system/cpu/vulnerabilities/'
                            + flaw)
            expect_true(f'{flaw} has {words}: {text}', words in text)


@test('options/cap/page-size')
def cap_page_size() -> None:
    """With pages of 64 KiB at most, Linux has no huge ones."""
    for size, pools in (('64K', ''), ('16M', 'hugepages-16384kB')):
        config = Config(cpu='power8', kernel='6.12-64k',
                        machine=f'cap-hpt-max-page-size={size}')
        with booted(config) as board:
            expect_equal('pools of huge pages',
                         board.sh('ls /sys/kernel/mm/hugepages 2>/dev/null'
                                  ' || true'), pools)


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
