# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors and their end: what the platform tells, and what guests make of it."""

import functools

from .board import (Board, Config, booted, expect_equal, expect_true,
                    running)
from .suite import add, test

FWNMI = '/machine/hypervisor/fwnmi'
SIGBUS = 128 + 7        # as a shell has it


def machine_check(board: Board, **members: object) -> None:
    """Let a machine check happen."""
    value = {key.replace('_', '-'): member for key, member in members.items()}
    board.vm.cmd('qom-set', path=FWNMI, property='machine-check', value=value)


def _quiet(board: Board) -> None:
    """Keep the kernel's words out of what commands print."""
    board.sh('dmesg -n 1')


def _wait_logged(board: Board, pattern: str) -> None:
    """Wait until the guest's kernel has logged something."""
    board.sh(f'for i in $(seq 200); do dmesg | grep -q "{pattern}" && break; '
             f'sleep 0.1; done; dmesg | grep -q "{pattern}"')


def recovered(cpu: str, mmu: str) -> None:
    """What the platform has put right: the guest logs it and goes on."""
    kinds = (('slb', 'multihit', 'SLB Multihit'),
             ('erat', 'parity', 'ERAT Parity'),
             ('tlb', 'multihit', 'TLB Multihit'))
    with booted(Config(smp='2', cpu=cpu)) as board:
        _quiet(board)
        expect_true(f'the MMU is {mmu}',
                    mmu in board.sh('grep MMU /proc/cpuinfo'))
        for number in (0, 1):
            for kind, subtype, words in kinds:
                machine_check(board, type=kind, subtype=subtype, cpu=number,
                              effective_address=0x12345000)
                _wait_logged(board, f'MCE: CPU{number}: machine check '
                             f'(Warning).*{words} DAR: 0000000012345000 '
                             r'\[Recovered\]')
        # Both processors have released their reports, and live.
        expect_equal('online CPUs', board.facts()['online'], '0-1')
        for number in (0, 1):
            board.sh(f'taskset {number + 1} true')


@test('ras/machine-check/slb-by-guest')
def slb_by_guest() -> None:
    """An SLB that the platform leaves broken: the guest reloads it."""
    with booted(Config(cpu='power8')) as board:
        _quiet(board)
        machine_check(board, type='slb', disposition='not-recovered')
        _wait_logged(board, r'machine check (Severe).*SLB Multihit '
                     r'.*\[Recovered\]')


@test('ras/machine-check/user')
def user() -> None:
    """Memory lost in user space: that process gets SIGBUS, and no other."""
    with booted(Config(smp='2')) as board:
        _quiet(board)
        board.sh('sh -c "while :; do :; done" & victim=$!')
        board.sh('sh -c "while :; do :; done" & other=$!')
        board.sh('taskset -p 2 $victim; taskset -p 1 $other; '
                 'taskset -p 1 $$; sleep 0.5')
        # The end of a child interrupts what the shell writes: let it write first
        waits = board.console.begin('wait $victim')
        machine_check(board, type='ue', cpu=1, state='user',
                      disposition='not-recovered')
        done = board.console.end(waits)
        expect_equal("the victim's status", done.status, SIGBUS)
        _wait_logged(board, r'MCE: CPU1: machine check (Severe).*UE '
                     r'Load/Store.*\[Not recovered\]')
        board.sh('kill -0 $other && kill $other && ! wait $other')


def _panics_and_reboots(board: Board, config: Config) -> None:
    """The guest tells of its panic, and reboots by itself."""
    data = board.event('GUEST_PANICKED', 60)
    expect_equal('what was done', data.get('action'), 'run')
    data = board.event('RESET', 60)
    expect_equal('reset by the guest', data.get('guest'), True)
    board.console.expect_crash('GUEST READY ', config.boot_time)
    board.close()


@test('ras/nmi')
def nmi() -> None:
    """The monitor's nmi reaches the guest's handler, with panic the end."""
    config = Config(smp='2', append='panic=1',
                    args=('-action', 'panic=none'))
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        board.vm.cmd('inject-nmi')
        board.console.expect_crash('Oops: System Reset', 30)
        board.console.expect_crash('Kernel panic', 60)
        _panics_and_reboots(board, config)


@test('ras/panic/none')
def panic_none() -> None:
    """With panic=none a guest that panics reboots itself."""
    config = Config(append='panic=1', args=('-action', 'panic=none'))
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        board.console.send('echo c > /proc/sysrq-trigger\n')
        _panics_and_reboots(board, config)


@test('ras/panic/pause')
def panic_pause() -> None:
    """With panic=pause it is stopped, and goes on when it may."""
    config = Config(append='panic=1', args=('-action', 'panic=pause'))
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        board.console.send('echo c > /proc/sysrq-trigger\n')
        data = board.event('GUEST_PANICKED', 60)
        expect_equal('what was done', data.get('action'), 'pause')
        board.event('STOP')
        status = board.vm.cmd('query-status')
        expect_true('the machine is stopped', isinstance(status, dict)
                    and status['status'] == 'guest-panicked')
        board.vm.cmd('cont')
        board.event('RESET', 60)
        board.close()


@test('ras/panic/shutdown')
def panic_shutdown() -> None:
    """Without a word from the user, QEMU ends."""
    config = Config(append='panic=1')
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        board.console.send('echo c > /proc/sysrq-trigger\n')
        data = board.event('GUEST_PANICKED', 60)
        expect_equal('what was done', data.get('action'), 'poweroff')
        data = board.event('SHUTDOWN', 60)
        expect_equal('reason of the shutdown', data.get('reason'),
                     'guest-panic')
        expect_equal('exit code of QEMU', board.wait_exit(), 0)


@test('ras/power-on')
def power_on() -> None:
    """Powered off, the machine is kept and turns itself on in time."""
    config = Config(args=('-no-shutdown',))
    with booted(config) as board:
        # All at once: it must be off before the time has come
        board.console.send('touch /tmp/before; '
                           'echo $(($(cat /proc/powerpc/rtas/clock) + 25)) '
                           '> /proc/powerpc/rtas/poweron; '
                           '! dmesg | grep "setting poweron time" && '
                           'poweroff -f\n')
        board.event('SHUTDOWN', 60)
        board.event('RESET', 60)
        board.event('RESUME', 60)
        board.console.wait_shell(config.boot_time)
        expect_equal('what is left of the time before',
                     board.console.run('ls /tmp/before').status, 1)


@test('ras/indicators')
def indicators() -> None:
    """The guest sets what it finds in /proc/powerpc/rtas."""
    path = '/machine/hypervisor/sensors'
    with booted(Config()) as board:
        board.sh('echo 440 > /proc/powerpc/rtas/frequency; '
                 'echo 30 > /proc/powerpc/rtas/volume')
        expect_equal('frequency', board.vm.cmd('qom-get', path=path,
                                               property='tone-frequency'), 440)
        expect_equal('volume', board.vm.cmd('qom-get', path=path,
                                            property='tone-volume'), 30)
        expect_true('there are sensors', 'No sensors are available' not in
                    board.sh('cat /proc/powerpc/rtas/sensors'))


for _cpu, _mmu in (('power8', 'Hash'), ('power9', 'Radix')):
    add(f'ras/machine-check/recovered/{_mmu.lower()}',
        functools.partial(recovered, _cpu, _mmu))
