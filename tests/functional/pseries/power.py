# SPDX-License-Identifier: GPL-2.0-or-later
"""Reboot and power-off, by the guest and by the host."""

import functools

from .board import Board, Config, booted, expect_equal, expect_true
from .suite import add, test


def _expect_shutdown(board: Board, reason: str) -> None:
    """QEMU reports a shutdown that the guest asked for, and exits with 0."""
    data = board.event('SHUTDOWN', 60)
    expect_equal('shutdown by the guest', data.get('guest'), True)
    expect_equal('reason of the shutdown', data.get('reason'), reason)
    expect_equal('exit code of QEMU', board.wait_exit(), 0)


def power_off(firmware: str, command: str) -> None:
    """The guest powers itself off; QEMU ends."""
    with booted(Config(firmware=firmware)) as board:
        board.console.send(command + '\n')
        _expect_shutdown(board, 'guest-shutdown')


def reboot(firmware: str, command: str, times: int = 1) -> None:
    """The guest reboots itself and comes up as it was."""
    config = Config(firmware=firmware, smp='2')
    with booted(config) as board:
        facts = board.facts()
        for _ in range(times):
            board.sh('touch /tmp/before')
            board.console.send(command + '\n')
            data = board.event('RESET', 60)
            expect_equal('reset by the guest', data.get('guest'), True)
            expect_equal('reason of the reset', data.get('reason'),
                         'guest-reset')
            board.console.wait_shell(config.boot_time)
            expect_equal('what is left of the time before',
                         board.console.run('ls /tmp/before').status, 1)
            again = board.facts()
            del facts['memtotal'], again['memtotal']
            expect_equal('what the guest finds', again, facts)
            facts = board.facts()


@test('power/no-reboot')
def no_reboot() -> None:
    """With -no-reboot QEMU ends where the guest reboots."""
    with booted(Config(args=('-no-reboot',))) as board:
        board.console.send('reboot -f\n')
        _expect_shutdown(board, 'guest-reset')


@test('power/system-reset')
def system_reset() -> None:
    """A reset by the host restarts the guest."""
    config = Config(smp='2')
    with booted(config) as board:
        board.vm.cmd('system_reset')
        data = board.event('RESET')
        expect_equal('reset by the guest', data.get('guest'), False)
        board.console.wait_shell(config.boot_time)
        expect_equal('online CPUs', board.facts()['online'], '0-1')


@test('power/powerdown')
def powerdown() -> None:
    """Asked by the host to (an EPOW event), the guest shuts itself down."""
    with booted(Config()) as board:
        board.vm.cmd('system_powerdown')
        board.console.expect('Power off requested', 30)
        _expect_shutdown(board, 'guest-shutdown')


@test('power/reset-during-boot')
def reset_during_boot() -> None:
    """Resets at awkward moments of the boot leave a machine that boots."""
    config = Config(smp='4')
    with booted(config) as board:
        for moment in ('Linux version', 'smp: Bringing up', 'Run /init'):
            board.vm.cmd('system_reset')
            board.console.expect(moment, config.boot_time)
        board.vm.cmd('system_reset')
        board.console.expect('Linux version', config.boot_time)
        board.console.wait_shell(config.boot_time)
        expect_equal('online CPUs', board.facts()['online'], '0-3')


@test('power/stop-and-continue')
def stop_and_continue() -> None:
    """A stopped machine does nothing; continued, it goes on."""
    with booted(Config(smp='2')) as board:
        command = board.console.begin('read line; echo "got $line"')
        board.vm.cmd('stop')
        board.console.send('typed\n')
        status = board.vm.cmd('query-status')
        expect_true('the machine is stopped',
                    isinstance(status, dict) and status['status'] == 'paused')
        board.vm.cmd('cont')
        expect_equal('line', board.console.end(command).output, 'got typed')


# -f calls the kernel at once; without, init ends the guest in order.
for _firmware in ('vof', 'slof'):
    add(f'power/off/{_firmware}',
        functools.partial(power_off, _firmware, 'poweroff -f'))
add('power/off/by-init', functools.partial(power_off, 'vof', 'poweroff'))
add('power/reboot/vof', functools.partial(reboot, 'vof', 'reboot -f', 2))
add('power/reboot/slof', functools.partial(reboot, 'slof', 'reboot -f'),
    timeout=300)
add('power/reboot/by-init', functools.partial(reboot, 'vof', 'reboot'),
    check=False)
