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
from .suite import Skip, add, test

LINUX = str(images.kernel('6.12-4k'))
INITRD = str(images.initramfs())
HOST_PCI = Path('/sys/bus/pci/devices')


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
        cwd=directory, stdin=subprocess.DEVNULL, text=True, timeout=40,
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
    'machine/vsmt-large': (['-M', 'pseries,vsmt=16'], 'vsmt=16'),
    'machine/ic-mode': (['-M', 'pseries,ic-mode=pic'], 'ic-mode'),
    'machine/ic-mode-old': (['-M', 'pseries,ic-mode=xive', '-cpu', 'power8'],
                            'ic-mode=xive.*POWER9'),
    'machine/ic-mode-compat': (['-M', 'pseries,ic-mode=xive,'
                                'max-cpu-compat=power8'],
                               'ic-mode=xive.*max-cpu-compat'),
    'machine/kvm-type': (['-M', 'pseries,kvm-type=XV'], 'kvm-type=XV'),
    'machine/resize-hpt': (['-M', 'pseries,resize-hpt=no'], 'resize-hpt'),
    'machine/cap': (['-M', 'pseries,cap-htm=maybe'], 'cap-htm'),
    'machine/max-cpu-compat-old': (['-M', 'pseries,max-cpu-compat=power10',
                                    '-cpu', 'power8'], 'max-cpu-compat'),
    'machine/dumpdtb': (['-M', 'pseries,dumpdtb=/no/file'], '/no/file'),
    'cap/htm': (['-M', 'pseries,cap-htm=on'], 'cap-htm=on.*cap-htm=off'),
    'cap/nested-hv': (['-M', 'pseries,cap-nested-hv=on'],
                      'cap-nested-hv=on.*cap-nested-hv=off'),
    'cap/nested-papr': (['-M', 'pseries,cap-nested-papr=on'],
                        'cap-nested-papr=on.*cap-nested-papr=off'),
    'cap/large-decr': (['-M', 'pseries,cap-large-decr=on', '-cpu', 'power8'],
                       'cap-large-decr=on.*cap-large-decr=off'),
    'cap/rpt-invalidate': (['-M', 'pseries,cap-rpt-invalidate=on', '-cpu',
                            'power8'],
                           'cap-rpt-invalidate=on.*cap-rpt-invalidate=off'),
    'cap/hpt-max-page-size': (['-M', 'pseries,cap-hpt-max-page-size=3M'],
                              'cap-hpt-max-page-size=3145728'),
    'cap/hpt-max-page-size-small': (['-M', 'pseries,'
                                     'cap-hpt-max-page-size=2K'],
                                    'cap-hpt-max-page-size=2048'),
    'accel/kvm': (['-accel', 'kvm'], 'kvm'),
    'accel/tcg-thread': (['-accel', 'tcg,thread=maybe'], 'thread'),
    'memory/unaligned': (['-m', '300M'], r'-m\b'),
    'memory/one': (['-m', '1'], r'-m\b'),
    'memory/half': (['-m', '512.5M'], r'-m\b'),
    'memory/negative': (['-m', '-1'], 'size'),
    'memory/huge': (['-m', '16E'], '16E'),
    'memory/more-than-the-host': (['-m', '100000G'], 'memory'),
    'memory/maxmem': (['-m', '512M,slots=1,maxmem=600M'],
                      'maxmem|maximum memory'),
    'memory/maxmem-small': (['-m', '512M,maxmem=256M'], 'maxmem'),
    'memory/slots': (['-m', '512M,slots=1'], 'slots'),
    'memory/backend-size': (['-m', '512M', '-object',
                             'memory-backend-ram,id=m,size=256M', '-M',
                             'pseries,memory-backend=m'], 'memory backend'),
    'memory/path': (['-mem-path', '/no/dir'], '/no/dir'),
    'numa/type': (['-numa', 'x'], '-numa x'),
    'numa/nodeid': (['-numa', 'node,nodeid=128'], 'nodeid=128'),
    'numa/no-memory': (['-numa', 'node'], 'NUMA nodes.*RAM size'),
    'numa/memory': (['-numa', 'node,mem=1G'], 'NUMA nodes.*RAM size'),
    'numa/unaligned': (['-numa', 'node,mem=256M', '-numa', 'node,mem=200M',
                        '-numa', 'node,mem=56M'],
                       '-numa node,nodeid=1.*256 MiB'),
    'numa/hole': (['-numa', 'node,nodeid=1,mem=512M'], 'Node ID missing: 0'),
    'numa/twice': (['-numa', 'node,mem=512M', '-numa', 'node,nodeid=0'],
                   'nodeid: 0'),
    'numa/memdev': (['-numa', 'node,memdev=nope'], 'nope'),
    'numa/cpus': (['-numa', 'node,mem=512M,cpus=5'], 'CPU index .5'),
    'numa/cpu-twice': (['-smp', '2', '-numa', 'node,mem=512M,cpus=0',
                        '-numa', 'node,cpus=0'], '-numa node,cpus=0'),
    'numa/core-in-two': (['-smp', '4,threads=4', '-numa',
                          'node,mem=512M,cpus=0-1', '-numa',
                          'node,cpus=2-3'], '-numa node,cpus=2-3'),
    'numa/core-id': (['-numa', 'node,mem=512M', '-numa',
                      'cpu,node-id=0,core-id=7'], 'core-id=7'),
    'numa/cpu-node-id': (['-numa', 'node,mem=512M', '-numa',
                          'cpu,node-id=1,core-id=0'], 'node-id=1'),
    'numa/socket-id': (['-numa', 'node,mem=512M', '-numa',
                        'cpu,node-id=0,socket-id=0'], 'socket-id'),
    'numa/distance-short': (['-numa', 'node,mem=512M', '-numa', 'node',
                             '-numa', 'dist,src=0,dst=1,val=5'], 'val=5'),
    'numa/distance-long': (['-numa', 'node,mem=512M', '-numa', 'node',
                            '-numa', 'dist,src=0,dst=1,val=256'], 'val=256'),
    'numa/distance-to-itself': (['-numa', 'node,mem=512M', '-numa',
                                 'dist,src=0,dst=0,val=11'], 'val=11'),
    'numa/distance-missing': (['-numa', 'node,mem=512M', '-numa', 'node',
                               '-numa', 'node', '-numa',
                               'dist,src=0,dst=1,val=20'],
                              'distance between node 0 and 2'),
    'numa/initiator': (['-numa', 'node,mem=512M,initiator=0'], 'initiator'),
    'numa/hmat': (['-M', 'pseries,hmat=on', '-numa', 'node,mem=512M'],
                  'hmat=on'),
    'smp/zero': (['-smp', '0'], 'smp|cpus|topology'),
    'smp/topology': (['-smp', '3,threads=2'], 'topology|smp'),
    'smp/threads-of-no-cpu': (['-cpu', 'power9', '-smp', '16,threads=16'],
                              'thread'),
    'smp/threads-odd': (['-smp', '6,threads=3'], 'threads=3'),
    'smp/maxcpus-small': (['-smp', 'cpus=4,maxcpus=2'], 'maxcpus'),
    'smp/sockets': (['-smp', '4,sockets=2,cores=1,threads=1'], 'sockets'),
    'smp/dies': (['-smp', '2,dies=2'], 'dies'),
    'smp/many': (['-smp', '100000'], '100000'),
    'smp/maxcpus-many': (['-smp', '1,maxcpus=5000'], '5000'),
    'cpu/unknown': (['-cpu', 'power99'], 'power99'),
    'cpu/no-pseries': (['-cpu', 'g4'], 'g4|74'),
    'cpu/power7': (['-cpu', 'power7'], '-cpu.*power7'),
    'cpu/property': (['-cpu', 'power9,colour=red'], 'colour'),
    'dtb': (['-dtb', '/no/file'], '-dtb'),
    'phb/no-index': (['-device', 'spapr-pci-host-bridge'], 'index'),
    'phb/same-index': (['-device', 'spapr-pci-host-bridge,index=1', '-device',
                        'spapr-pci-host-bridge,index=1'], 'index=1'),
    'phb/no-such-bus': (['-device', 'e1000,bus=pci.1.0'], 'pci.1.0'),
    'vfio/no-such-function': (['-device', 'vfio-pci,host=ffff:1f:1f.7'],
                              'vfio .*ffff:1f:1f.7: no such host device'),
    'vfio/no-such-path': (['-device', 'vfio-pci,sysfsdev=/no/device'],
                          'vfio /no/device: no such host device'),
    'vfio/host': (['-device', 'vfio-pci,host=here'], 'host=?.*here'),
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


@test('bad-input/vfio/function-of-the-host', timeout=60)
def host_function() -> None:
    """Whatever this host can do with it, the board can't have it."""
    functions = sorted(path.name for path in HOST_PCI.glob('*'))
    if not functions:
        raise Skip('the host has no PCI')
    bad_input(['-M', 'pseries', '-device', f'vfio-pci,host={functions[0]}'],
              f'vfio {functions[0]}: ')


@test('bad-input/pci/no-function-0', timeout=60)
def no_function_0() -> None:
    """Such a machine starts, but its user is told what is wrong."""
    done = subprocess.run(
        [qemu_binary(), '-M', 'pseries', '-nodefaults', '-display', 'none',
         '-S', '-qmp', 'stdio', '-device', 'virtio-rng-pci,id=lone,addr=3.1'],
        input='{"execute": "qmp_capabilities"}{"execute": "quit"}', text=True,
        timeout=30, capture_output=True, check=False)
    expect_equal('exit code', done.returncode, 0)
    expect_true(f'a warning names the device: {done.stderr}',
                re.fullmatch(r'.*: warning: lone: .* function 1 of slot 3.*\n',
                             done.stderr))


# Each option of `-M pseries,help` with a value that no machine can have, and
# what more is on the command line.
OPTIONS: dict[str, tuple[str, Sequence[str]]] = {
    'append': ('x', []),
    'aux-ram-share': ('maybe', []),
    'boot': ('sideways', []),
    'cap-ail-mode-3': ('maybe', []),
    'cap-ccf-assist': ('maybe', []),
    'cap-cfpc': ('mended', []),
    'cap-dfp': ('maybe', []),
    'cap-fwnmi': ('maybe', []),
    'cap-hpt-max-page-size': ('big', []),
    'cap-htm': ('maybe', []),
    'cap-ibs': ('fixed-up', []),
    'cap-large-decr': ('maybe', []),
    'cap-nested-hv': ('maybe', []),
    'cap-nested-papr': ('maybe', []),
    'cap-rpt-invalidate': ('maybe', []),
    'cap-sbbc': ('mended', []),
    'cap-vsx': ('maybe', []),
    'confidential-guest-support': ('nobody', []),
    'dtb': ('file', []),
    'dump-guest-core': ('maybe', []),
    'dumpdtb': ('/no/file', []),
    'firmware': ('/no/file', []),
    'graphics': ('maybe', []),
    'hmat': ('maybe', []),
    'ic-mode': ('pic', []),
    'initrd': ('/no/file', ['-kernel', LINUX]),
    'kernel': ('/no/file', []),
    'kvm-type': ('HV', []),
    'max-cpu-compat': ('power99', []),
    'mem-merge': ('maybe', []),
    'memory': ('much', []),
    'memory-backend': ('nobody', []),
    'memory-encryption': ('nobody', []),
    'phandle-start': ('some', []),
    'proc-mode': ('lazy', []),
    'resize-hpt': ('no', []),
    'shim': ('file', []),
    'smp': ('many', []),
    'smp-cache': ('fast', []),
    'suppress-vmdesc': ('maybe', []),
    'usb': ('maybe', []),
    'vsmt': ('x', []),
    'x-vof': ('maybe', []),
}
# Any text will do for these.
FREE = ('dt-compatible', 'host-model', 'host-serial')


@test('bad-input/option/all')
def all_options() -> None:
    """No option of the machine is without a case here."""
    done = subprocess.run([qemu_binary(), '-M', 'pseries,help'], timeout=30,
                          text=True, capture_output=True, check=True)
    there = set(re.findall(r'^  ([\w-]+)=<', done.stdout, re.M))
    expect_equal('options without a case', there - set(OPTIONS) - set(FREE),
                 set())


for _name, (_value, _args) in OPTIONS.items():
    add(f'bad-input/option/{_name}',
        functools.partial(bad_input, ['-M', f'pseries,{_name}={_value}',
                                      *_args],
                          f'{re.escape(_name)}|{re.escape(_value)}'),
        timeout=60)
for _name, (_args, _names) in CASES.items():
    # A case without -M of its own is the pseries machine too.
    _all = list(_args) if '-M' in _args else ['-M', 'pseries', *_args]
    add(f'bad-input/{_name}', functools.partial(bad_input, _all, _names),
        timeout=60)
