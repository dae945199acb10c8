# SPDX-License-Identifier: GPL-2.0-or-later
"""What the monitors say of a running machine."""

import functools
import re

from .board import Board, Config, booted, expect_equal, expect_true
from .suite import add

HYPERVISOR = '/machine/hypervisor'
# The modules that every machine has, by docs/specs/ppc-spapr-architecture.rst
MODULES = {'memory', 'hpt', 'mmu', 'irq', 'vpa', 'vcpus', 'cas', 'ci', 'rtc',
           'power', 'sysparm', 'events', 'vio', 'firmware'}


def hmp(board: Board, command: str) -> str:
    """A command of the human monitor."""
    answer = board.vm.cmd('human-monitor-command',
                          {'command-line': command})
    assert isinstance(answer, str)
    expect_true(f'"{command}" is known: {answer}',
                'unknown command' not in answer)
    return answer


def interrupts(board: Board, controller: str) -> None:
    """info pic: a presenter for each CPU, and the sources of the devices.

    The guest has the same controller, XICS or XIVE, and the same numbers.
    """
    text = hmp(board, 'info pic')
    cpus = int(board.facts()['cpus'])
    print(text)
    presenter = {'XICS': r'^CPU ([0-9a-f]+) XIRR',
                 'XIVE': r'^CPU\[([0-9a-f]+)\]: +OS '}[controller]
    expect_equal('presenters', [int(n, 16) for n in
                                re.findall(presenter, text, re.M)],
                 list(range(cpus)))
    # The guest's own list: hardware irq 4352 of hvc0
    lines = board.sh('cat /proc/interrupts').splitlines()
    print(*lines, sep='\n')
    numbers = [int(found.group(1)) for line in lines if 'IPI' not in line
               and (found := re.search(rf'{controller}(?:-IRQ)? +(\d+) ',
                                       line))]
    expect_true('Linux has a console interrupt', numbers)
    known = {int(n, 16) for n in
             re.findall(r'^ +([0-9a-f]{4,8}) (?:LSI|MSI) ', text, re.M)}
    for number in numbers:
        expect_true(f'source {number:#x} is among {known}', number in known)


def _tree(board: Board, controllers: set[str]) -> None:
    """info qom-tree and qom-list: modules, processors, terminals."""
    tree = hmp(board, 'info qom-tree')
    listed = {item['name']: item['type'] for item in
              board.vm.cmd('qom-list', path=HYPERVISOR)}
    children = {name for name, kind in listed.items()
                if kind.startswith('child<')}
    expect_equal('modules that are missing', MODULES - children, set())
    expect_equal('interrupt controllers', children & {'xics', 'xive'},
                 controllers)
    for name in children:
        expect_true(f'{name} is in info qom-tree',
                    re.search(rf'^ *{re.escape(name)} ?\(?', tree.replace(
                        '/', ''), re.M))
        board.vm.cmd('qom-list', path=f'{HYPERVISOR}/{name}')
    hmp(board, 'info qtree')


def _processors(board: Board, cores: int, threads: int, maximum: int,
                model: str) -> None:
    """query-cpus-fast, info cpus and query-hotpluggable-cpus."""
    cpus = board.vm.cmd('query-cpus-fast')
    expect_equal('CPUs', [cpu['cpu-index'] for cpu in cpus],
                 list(range(cores * threads)))
    expect_equal('host threads', len({cpu['thread-id'] for cpu in cpus}),
                 len(cpus))
    for cpu in cpus:
        expect_equal('target', cpu['target'], 'ppc64')
        expect_true(f'properties {cpu["props"]}',
                    cpu['props']['core-id'] is not None)
        path = cpu['qom-path']
        kind = board.vm.cmd('qom-get', path=path, property='type')
        expect_true(f'{path} is a {kind}', kind.startswith(model))
    text = hmp(board, 'info cpus')
    expect_equal('info cpus', [int(n) for n in re.findall(
        r'CPU #(\d+)', text)], list(range(cores * threads)))
    slots = board.vm.cmd('query-hotpluggable-cpus')
    expect_equal('slots for cores', len(slots), maximum // threads)
    for slot in slots:
        expect_equal('type', slot['type'], f'{model}-spapr-cpu-core')
        expect_equal('threads', slot['vcpus-count'], threads)
    expect_equal('slots in use', sum('qom-path' in s for s in slots), cores)
    hmp(board, 'info hotpluggable-cpus')
    hmp(board, 'info registers -a')


def monitors(config: Config, cores: int, threads: int, maximum: int,
             model: str, controllers: set[str]) -> None:
    """The monitors' answers agree with the guest's own.

    The last of its controllers is the one that Linux chooses.
    """
    with booted(config) as board:
        interrupts(board, max(controllers).upper())
        _tree(board, controllers)
        _processors(board, cores, threads, maximum, model)
        roms = hmp(board, 'info mtree -f')
        expect_true('RAM is there', 'ram' in roms)
        board.sh('true')


for _name, _config, _numbers in (
        ('power9', Config(cpu='power9', smp='2'),
         (2, 1, 2, 'power9_v2.2', {'xics', 'xive'})),
        ('power9-xics', Config(cpu='power9', smp='2', machine='ic-mode=xics'),
         (2, 1, 2, 'power9_v2.2', {'xics'})),
        ('power9-xive', Config(cpu='power9', smp='2', machine='ic-mode=xive'),
         (2, 1, 2, 'power9_v2.2', {'xive'})),
        ('power8-threads', Config(cpu='power8', smp='4,threads=4,maxcpus=16'),
         (1, 4, 16, 'power8_v2.0', {'xics'})),
        ('power10-slof', Config(cpu='power10', smp='4,maxcpus=8',
                                firmware='slof'),
         (4, 1, 8, 'power10_v2.0', {'xics', 'xive'}))):
    add(f'monitors/{_name}',
        functools.partial(monitors, _config, *_numbers),
        check=_name == 'power9')
