# SPDX-License-Identifier: GPL-2.0-or-later
"""One kernel starts another: kexec, and kdump after a panic.

The initramfs of these guests has kexec and the kernels; for the next kernel
the guest packs what it has into an initramfs again.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import replace

from . import images
from .board import Board, Config, booted, expect_equal, expect_true
from .console import READY
from .logs import log_dir
from .suite import add

OLD, NEW, NEW_64K = '6.1-64k', '6.12-4k', '6.12-64k'
PACK = ('cd / && find . -xdev -path "./tmp/*" -prune -o -print | '
        'cpio -o -H newc > /tmp/initrd; cd /root')
LOAD_TIME = 120
# While CPUs spin until the next kernel fetches them, each flush of the TLBs
# has to interrupt them; with a hash table that kernel flushes very often.
BOOT_TIME = 300
# Linux copies the next kernel to its place with vector registers, unless the
# preempt count of the task that called for it forbids that.  It sets the count
# ("XXX: the task struct will likely be invalid once we do the copy!" in
# default_machine_kexec()), but by default the place is what was free at boot,
# and the larger the initramfs, the likelier it is that the task lies there.
# Then Linux follows pointers that it has overwritten, and is lost.  Of the
# guest's 2 GiB, let only data of processes be in the upper half, and put the
# next kernel there.
ONLY_MOVABLE = 'movablecore=1G'
MOVABLE_START = 1 << 30


def _boot_args(config: Config, kernels: Sequence[str]) -> list[str]:
    """The same as config's, with an initramfs that has the kernels."""
    args = config.boot_args()
    path = images.tools_initramfs(kernels, log_dir() / 'initramfs')
    args[args.index('-initrd') + 1] = str(path)
    return args


def _load(board: Board, label: str, how: str, append: str = '') -> None:
    """Have the guest load a kernel."""
    board.sh(PACK, LOAD_TIME)
    board.sh(f'kexec {how} /boot/{label} --initrd=/tmp/initrd '
             f'--append="$(cat /proc/cmdline) {append}"', LOAD_TIME)
    board.sh('rm /tmp/initrd')


def _check(board: Board, label: str, before: dict[str, str]) -> None:
    """The kernel is that one, and the machine is the same as before."""
    facts = board.facts()
    release, _, pages = label.partition('-')
    expect_true(f"{facts['release']} is {release}",
                facts['release'].startswith(release + '.'))
    expect_equal('page size', facts['pagesize'] + 'k', pages)
    for what in ('online', 'cpu', 'mmu', 'threads', 'stdout', 'hypertas',
                 'memory', 'vio'):
        expect_equal(what, facts[what], before[what])
    board.check_kernel_log()


def kexec(config: Config, chain: Sequence[str]) -> None:
    """Go through kernels by kexec, the first one started by QEMU."""
    config = replace(config, kernel=chain[0], memory='2G',
                     append=f'{config.append} {ONLY_MOVABLE}'.strip())
    with booted(config, _boot_args(config, sorted(set(chain)))) as board:
        (log_dir() / 'initramfs').unlink()
        facts = board.facts()
        cpus = int(facts['cpus'])
        for label in chain[1:]:
            expect_true('no task is in the upper half', re.search(
                fr'Node 0: {MOVABLE_START:#018x}\b', board.sh('dmesg')))
            _load(board, label, f'-l --mem-min={MOVABLE_START:#x}')
            board.console.send('kexec -e\n')
            board.console.wait_shell(BOOT_TIME)
            _check(board, label, facts)
            for cpu in range(cpus):
                board.sh(f'taskset {1 << cpu:x} true')
            reasons = [event for event in board.vm.get_qmp_events()
                       if event['event'] in ('RESET', 'SHUTDOWN')]
            expect_equal('resets meanwhile', reasons, [])


def kdump(config: Config) -> None:
    """A panic starts the kernel for it, which has the memory as a file."""
    config = replace(config, memory='2G', append=config.append
                     + ' crashkernel=512M')
    label = config.kernel
    with booted(config, _boot_args(config, [label])) as board:
        (log_dir() / 'initramfs').unlink()
        expect_true('memory is set aside', int(board.sh(
            'cat /sys/kernel/kexec_crash_size')) > 0)
        _load(board, label, '-p', 'nr_cpus=1')
        expect_equal('kernel for a crash', board.sh(
            'cat /sys/kernel/kexec_crash_loaded'), '1')
        release = board.facts()['release']
        board.sh('echo a word in memory > /tmp/word')
        board.console.send('echo c > /proc/sysrq-trigger\n')
        board.console.expect_crash('sysrq triggered crash', 30)
        board.console.expect_crash(READY + r'\S+\n', BOOT_TIME)
        notes = board.sh('head -c 1000000 /proc/vmcore | strings | '
                         'grep OSRELEASE')
        expect_true(f'the release is told: {notes}',
                    f'OSRELEASE={release}' in notes)
        # All of it can be read, and it is of the memory's size.
        size = int(board.sh('cat /proc/vmcore | wc -c', 240))
        expect_true(f'{size} bytes are the memory of 2 GiB',
                    (2 << 30) - (600 << 20) < size <= (2 << 30) + (1 << 20))
        crashes = board.sh("ls -l /proc/vmcore | awk '{ print $5 }'")
        expect_equal("the file's size", int(crashes), size)
        expect_true('a log of the crash', re.search(
            'sysrq triggered crash', board.console.text))
        board.check_kernel_log()


P8 = Config(cpu='power8', smp='2')
P9 = Config(cpu='power9', smp='2')
P9_HASH = replace(P9, append='disable_radix')
CASES = {
    'power8-1': (replace(P8, smp='1'), [OLD, NEW]),
    'power8': (P8, [OLD, NEW]),
    'power9': (P9, [OLD, NEW_64K]),
    'power9-hash': (P9_HASH, [OLD, NEW, OLD]),
    'power9-xics': (replace(P9, machine='ic-mode=xics'), [OLD, NEW]),
    'power9-xive': (replace(P9, machine='ic-mode=xive', smp='4'),
                    [OLD, NEW, NEW_64K, OLD]),
    'power9-slof': (replace(P9, firmware='slof'), [NEW, OLD, NEW]),
    'power8-slof-threads': (replace(P8, firmware='slof', smp='8,threads=8'),
                            [NEW, OLD, NEW_64K]),
    'power10-4': (Config(cpu='power10', smp='4'), [OLD, NEW, NEW_64K, NEW]),
}
for _name, (_config, _chain) in CASES.items():
    add(f'kexec/{_name}', functools.partial(kexec, _config, _chain),
        check=_name == 'power9', timeout=1200)
for _name, _config in (('power8', replace(P8, kernel=NEW)),
                       ('power9', replace(P9, kernel=NEW_64K)),
                       ('power9-4', replace(P9, kernel=OLD, smp='4')),
                       ('power9-hash', P9_HASH)):
    add(f'kdump/{_name}', functools.partial(kdump, _config), check=False,
        timeout=600)
