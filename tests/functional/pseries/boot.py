# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot matrix: kernels, page sizes, CPUs, MMUs, SMP and both firmwares."""

import functools
import itertools
from dataclasses import dataclass

from .board import Config, booted, expect_equal, expect_true
from .suite import add

HYPERTAS = {'hcall-pft', 'hcall-term', 'hcall-splpar', 'hcall-join',
            'hcall-set-mode'}
# Those of an interrupt controller; of the other one there are none then.
CONTROLLERS = {'XICS': 'hcall-interrupt', 'XIVE': 'hcall-int-exploitation'}
MIB = 1 << 20


@dataclass(frozen=True)
class Processor:
    """A CPU model, the MMU that its kernel is to choose, and how."""
    model: str
    mmu: str
    append: str = ''

    @property
    def controller(self) -> str:
        """The interrupt controller that the kernel is to choose."""
        return 'XICS' if self.model == 'POWER8' else 'XIVE'


P8 = Processor('POWER8', 'hash')
P9 = Processor('POWER9', 'radix')
P9_HASH = Processor('POWER9', 'hash', 'disable_radix')
P10 = Processor('POWER10', 'radix')
P11 = Processor('POWER11', 'radix')
SMP = {     # name: the -smp option, CPUs, threads of a core
    'smp1': ('1', 1, 1),
    'smp4': ('4', 4, 1),
    'smp8t4': ('8,threads=4', 8, 4),
}

# Every kernel meets every processor, and either of them every firmware and
# nearly every SMP; `full` has all combinations.
CHECK = {
    ('6.1-64k', P8, 'smp1', 'slof'),
    ('6.1-64k', P9, 'smp4', 'vof'),
    ('6.1-64k', P9_HASH, 'smp4', 'slof'),
    ('6.1-64k', P10, 'smp8t4', 'vof'),
    ('6.12-4k', P8, 'smp4', 'vof'),
    ('6.12-4k', P9, 'smp8t4', 'slof'),
    ('6.12-4k', P9_HASH, 'smp1', 'vof'),
    ('6.12-4k', P10, 'smp4', 'slof'),
    ('6.12-64k', P8, 'smp8t4', 'slof'),
    ('6.12-64k', P9, 'smp1', 'vof'),
    ('6.12-64k', P9_HASH, 'smp4', 'vof'),
    ('6.12-64k', P10, 'smp1', 'slof'),
}


def _check_cpus(facts: dict[str, str], processor: Processor,
                smp: str) -> None:
    _, cpus, threads = SMP[smp]
    expect_equal('number of CPUs', facts['cpus'], str(cpus))
    online = f'0-{cpus - 1}' if cpus > 1 else '0'
    expect_equal('online CPUs', facts['online'], online)
    expect_equal('threads of each core', facts['threads'].split(),
                 [str(threads)] * (cpus // threads))
    siblings = f'0-{threads - 1}' if threads > 1 else '0'
    expect_equal('siblings of CPU 0', facts['siblings'], siblings)
    expect_true(f"{facts['cpu']} is a {processor.model}",
                facts['cpu'].split()[0].upper() == processor.model)
    expect_equal('MMU', facts['mmu'].lower(), processor.mmu)


def _check_machine(facts: dict[str, str], label: str, memory: int) -> None:
    release, _, pages = label.partition('-')
    expect_true(f"{facts['release']} is {release}",
                facts['release'].startswith(release + '.'))
    expect_equal('page size', facts['pagesize'] + 'k', pages)
    expect_equal('platform', facts['platform'], 'pSeries')
    expect_true('machine is CHRP', facts['machine'].startswith('CHRP '))
    missing = HYPERTAS - set(facts['hypertas'].split())
    expect_true(f'hypertas-functions has {missing}', not missing)
    expect_equal('memory', int(facts['memory']), memory)
    expect_true('the kernel uses most of the memory',
                memory * 3 // 4 < int(facts['memtotal']) * 1024 < memory)


def _check_interrupts(facts: dict[str, str], line: str, controller: str
                      ) -> None:
    expect_equal('interrupt controllers with hypercalls',
                 [name for name, word in CONTROLLERS.items()
                  if word in facts['hypertas'].split()], [controller])
    expect_true(f'{line} is of {controller}', controller in line)


def _check_console(facts: dict[str, str]) -> None:
    expect_equal('shell terminal', facts['tty'], '/dev/hvc0')
    expect_equal('kernel console', facts['consoles'], 'hvc0')
    expect_equal('stdout', facts['stdout'], '/vdevice/vty@71000000')


CONSOLE_INTERRUPTS = r"""
awk '/hvc_console/ {
    for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i
} END { print n + 0 }' /proc/interrupts
"""


def boot(label: str, processor: Processor, smp: str, firmware: str) -> None:
    """Boot to a shell; the guest's own files must tell what was asked."""
    config = Config(kernel=label, cpu=processor.model.lower(),
                    smp=SMP[smp][0], firmware=firmware,
                    append=processor.append)
    with booted(config) as board:
        facts = board.facts()
        _check_cpus(facts, processor, smp)
        _check_machine(facts, label, 1024 * MIB)
        _check_console(facts)
        _check_interrupts(facts, board.sh('grep hvc_ /proc/interrupts'),
                          processor.controller)
        before = int(board.sh(CONSOLE_INTERRUPTS))
        after = int(board.sh(CONSOLE_INTERRUPTS))
        expect_true(f'console interrupts grow ({before}, {after})',
                    0 < before < after)


def _register() -> None:
    kernels = ('6.1-64k', '6.12-4k', '6.12-64k')
    matrix = list(itertools.product(kernels, (P8, P9, P9_HASH, P10), SMP,
                                    ('slof', 'vof')))
    # 6.1 does not know the POWER11.
    matrix += itertools.product(kernels[1:], (P11,), SMP, ('slof', 'vof'))
    for case in matrix:
        label, processor, smp, firmware = case
        name = '/'.join(('boot', label, processor.model, processor.mmu, smp,
                         firmware))
        add(name, functools.partial(boot, *case), case in CHECK,
            240 if firmware == 'slof' else 120)


_register()
