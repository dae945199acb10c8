# SPDX-License-Identifier: GPL-2.0-or-later
"""Many CPUs: work, inter-processor interrupts, affinity, hotplug."""

import functools
from collections.abc import Sequence

from .board import Board, Config, booted, expect_equal, expect_true, wait
from .suite import add, test

CPUS = 4
# Busy work, until it is told to end; then it says which CPU it is on.
SPIN = """sh -c '
    until [ -e /tmp/end ]; do
        i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done
    done
    cut -d " " -f 39 /proc/$$/stat > /tmp/on$0'"""
TICKS = 5                   # that a program has to get on its CPU


def irq_counts(board: Board, name: str) -> list[int]:
    """How often an interrupt came on each CPU."""
    lines = board.sh('cat /proc/interrupts').splitlines()
    cpus = len(lines[0].split())
    for line in lines[1:]:
        words = line.split()
        if any(name in word for word in words[1 + cpus:]):
            return [int(word) for word in words[1:1 + cpus]]
    raise AssertionError(f'no interrupt {name} in /proc/interrupts')


def _irq(board: Board, name: str) -> str:
    """Linux's number of an interrupt."""
    return board.sh(f"awk -F: '/{name}/ {{ print $1 + 0 }}' "
                    '/proc/interrupts')


def _user_time(board: Board) -> list[int]:
    """Clock ticks that each CPU spent for programs."""
    lines = board.sh("grep '^cpu[0-9]' /proc/stat").splitlines()
    return [sum(map(int, line.split()[1:3])) for line in lines]


@test('smp/every-cpu-works')
def every_cpu_works() -> None:
    """A program bound to a CPU runs there, on all CPUs at a time."""
    with booted(Config(smp=str(CPUS))) as board:
        before = _user_time(board)
        for cpu in range(CPUS):
            board.background(f'taskset {1 << cpu:x} {SPIN} {cpu}')
        # A busy host takes much of the time for itself
        wait('each CPU spends time on its program', lambda: all(
            now - then >= TICKS
            for then, now in zip(before, _user_time(board), strict=True)), 90)
        board.sh('touch /tmp/end')
        on = board.sh(f"for i in {' '.join(map(str, range(CPUS)))}; do "
                      'until [ -s /tmp/on$i ]; do sleep 1; done; '
                      'cat /tmp/on$i; done', 60)
        expect_equal('CPUs of the programs', on.split(),
                     [str(cpu) for cpu in range(CPUS)])


def check_ipis(board: Board, cpus: int) -> None:
    """Inter-processor interrupts reach every CPU."""
    before = irq_counts(board, 'IPI')
    # Processes that wake each other across CPUs, and TLB shootdowns.
    for cpu in range(cpus):
        other = (cpu + 1) % cpus
        board.sh(f'taskset {1 << cpu:x} yes | head -n 20000 | '
                 f'taskset {1 << other:x} cat > /dev/null')
    after = irq_counts(board, 'IPI')
    grown = [b - a for a, b in zip(before, after)]
    expect_true(f'IPIs came on every CPU: {grown}', min(grown) > 0)


def check_affinity(board: Board, order: Sequence[int]) -> None:
    """The console's interrupt goes to the CPU that it is bound to."""
    irq = _irq(board, 'hvc_console')
    for cpu in order:
        board.sh(f'echo {1 << cpu:x} > /proc/irq/{irq}/smp_affinity')
        before = irq_counts(board, 'hvc_console')
        for _ in range(5):
            board.sh('true')
        after = irq_counts(board, 'hvc_console')
        grown = [b - a for a, b in zip(before, after)]
        expect_true(f'interrupts on CPU {cpu}: {grown}', grown[cpu] > 0)
        expect_equal('interrupts on other CPUs',
                     sum(grown) - grown[cpu], 0)


def check_hotplug(board: Board, cpus: int, times: int) -> None:
    """CPUs that go offline and online again still do their work."""
    system = '/sys/devices/system/cpu'
    for _ in range(times):
        for cpu in range(1, cpus):
            board.sh(f'echo 0 > {system}/cpu{cpu}/online')
        expect_equal('online CPUs', board.sh(f'cat {system}/online'), '0')
        for cpu in reversed(range(1, cpus)):
            board.sh(f'echo 1 > {system}/cpu{cpu}/online')
        expect_equal('online CPUs', board.sh(f'cat {system}/online'),
                     f'0-{cpus - 1}')
        for cpu in range(cpus):
            board.sh(f'taskset {1 << cpu:x} true')
    # The first CPU can go too.
    board.sh(f'echo 0 > {system}/cpu0/online')
    expect_equal('online CPUs', board.sh(f'cat {system}/online'),
                 f'1-{cpus - 1}' if cpus > 2 else '1')
    board.sh(f'echo 1 > {system}/cpu0/online')


@test('smp/ipis')
def ipis() -> None:
    """Inter-processor interrupts reach every CPU."""
    with booted(Config(smp=str(CPUS))) as board:
        check_ipis(board, CPUS)


@test('smp/irq-affinity')
def irq_affinity() -> None:
    """The console's interrupt goes to the CPU that it is bound to."""
    with booted(Config(smp=str(CPUS))) as board:
        check_affinity(board, (2, 1, 3, 0))


def hotplug(firmware: str, smp: str, cpus: int) -> None:
    """CPUs that go offline and online again still do their work."""
    with booted(Config(smp=smp, firmware=firmware)) as board:
        check_hotplug(board, cpus, 3)


@test('smp/reboot-with-cpus-offline')
def reboot_with_cpus_offline() -> None:
    """A reboot brings back CPUs that the guest had stopped."""
    with booted(Config(smp=str(CPUS))) as board:
        system = '/sys/devices/system/cpu'
        for cpu in (1, 3):
            board.sh(f'echo 0 > {system}/cpu{cpu}/online')
        expect_equal('online CPUs', board.facts()['online'], '0,2')
        board.console.send('reboot -f\n')
        board.console.wait_shell(60)
        expect_equal('online CPUs', board.facts()['online'], '0-3')


add('smp/hotplug/4', functools.partial(hotplug, 'vof', '4', 4))
add('smp/hotplug/2-slof', functools.partial(hotplug, 'slof', '2', 2),
    check=False, timeout=300)
add('smp/hotplug/8-threads-4',
    functools.partial(hotplug, 'vof', '8,threads=4', 8), check=False,
    timeout=300)
