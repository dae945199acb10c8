# SPDX-License-Identifier: GPL-2.0-or-later
"""Both interrupt controllers, by every way in which a guest gets one."""

import functools
from dataclasses import replace

from .board import Board, Config, booted, expect_equal, running
from .logs import log_dir
from .monitors import interrupts
from .smp import check_affinity, check_hotplug, check_ipis
from .snapshot import disk_args, load_state, save_state, stopped
from .suite import add, test

OLD, NEW = '6.1-64k', '6.12-4k'
P9 = Config(cpu='power9', kernel=OLD)
P10_SLOF = Config(cpu='power10', kernel=NEW, firmware='slof')
# What Linux chooses of what each mode has.
CHOICE = {'dual': 'XIVE', 'xive': 'XIVE', 'xics': 'XICS'}


def _use(board: Board, controller: str, hotplugs: int) -> None:
    """Let all of a guest's interrupts do their work."""
    cpus = int(board.facts()['cpus'])
    interrupts(board, controller)
    names = board.sh('ls /proc/device-tree | grep interrupt-controller')
    expect_equal('controllers in the device tree', len(names.split()), 1)
    check_affinity(board, [*reversed(range(cpus))])
    if cpus > 1:
        check_ipis(board, cpus)
        check_hotplug(board, cpus, hotplugs)
        check_ipis(board, cpus)
        check_affinity(board, range(cpus))
    board.check_kernel_log()


def _power_off(board: Board) -> None:
    """The source of power warnings, a level-sensitive one."""
    board.vm.cmd('system_powerdown')
    board.console.expect('Power off requested', 30)
    expect_equal("QEMU's exit code", board.wait_exit(), 0)


def guest(config: Config, controller: str) -> None:
    """A guest has the controller, uses it, reboots, and has it again."""
    with booted(config) as board:
        _use(board, controller, 2)
        board.console.send('reboot -f\n')
        board.console.wait_shell(config.boot_time)
        _use(board, controller, 1)
        _power_off(board)


@test('interrupts/early-warning')
def early_warning() -> None:
    """A level that is there before guest, controller and driver is heard."""
    for mode in CHOICE:
        config = Config(machine=f'ic-mode={mode}', args=('-S',))
        with running(config) as board:
            board.vm.cmd('system_powerdown')
            board.vm.cmd('cont')
            board.console.expect('Power off requested', config.boot_time)
            expect_equal("QEMU's exit code", board.wait_exit(60), 0)


@test('interrupts/snapshots-of-both', timeout=300)
def snapshots() -> None:
    """A machine goes from one controller to the other with its state."""
    config = Config(cpu='power9', smp='2', args=disk_args())
    with booted(config) as board:
        interrupts(board, 'XIVE')
        with stopped(board):
            save_state(board, 'xive')
    with booted(replace(config, append='xive=off')) as board:
        interrupts(board, 'XICS')
        with stopped(board):
            save_state(board, 'xics')
        for tag in ('xive', 'xics', 'xics', 'xive', 'xive'):
            with stopped(board):
                load_state(board, tag)
            _use(board, tag.upper(), 1)
    (log_dir() / 'snapshots.qcow2').unlink()


for _mode, _controller in CHOICE.items():
    for _label, _config in (('power9', P9), ('power10-slof', P10_SLOF)):
        for _cpus in (1, 4, 8):
            add(f'interrupts/{_mode}/{_label}-{_cpus}',
                functools.partial(guest, replace(
                    _config, machine=f'ic-mode={_mode}', smp=str(_cpus)),
                    _controller),
                check=_cpus == 4 and _label == 'power9', timeout=300)
for _name, _config, _controller in (
        ('default/power8', Config(cpu='power8', smp='4'), 'XICS'),
        ('default/compat-power8', Config(
            cpu='power10', smp='2', machine='max-cpu-compat=power8'), 'XICS'),
        ('default/compat-power9', Config(
            cpu='power10', smp='2', machine='max-cpu-compat=power9'), 'XIVE'),
        ('default/threads', Config(
            cpu='power9', smp='8,threads=4', machine='vsmt=8'), 'XIVE'),
        ('refused-by-guest', Config(
            cpu='power9', smp='2', append='xive=off'), 'XICS'),
        ('refused-by-guest-slof', Config(
            cpu='power10', smp='2', append='xive=off', firmware='slof'),
         'XICS'),
        ('hash', Config(cpu='power9', smp='4', append='disable_radix'),
         'XIVE'),
        ('esb-hcall', Config(
            cpu='power9', smp='4',
            args=('-global', 'spapr-xive.esb-hcall=on')), 'XIVE')):
    add(f'interrupts/{_name}', functools.partial(guest, _config, _controller),
        check=_name == 'esb-hcall', timeout=300)
