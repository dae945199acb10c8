# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets, reboots and CPU hotplug while a guest is busy."""

import functools
import random
import time
from dataclasses import replace

from .board import Board, Config, booted, expect_equal, expect_true
from .migration import SYSTEM, check_cpus
from .suite import add
from .workload import TICKS, Workload

RNG_SEED = 4


def _await_shells(board: Board, config: Config) -> None:
    for console in board.consoles:
        console.wait_shell(config.boot_time)


def resets(config: Config, cpus: int, times: int) -> None:
    """The host resets a guest whose CPUs and consoles are all busy."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,))
    rng = random.Random(RNG_SEED)
    with booted(config) as board:
        facts = board.facts()
        for _ in range(times):
            Workload(board, cpus).expect_progress()
            board.console.begin('seq 1 1000000')
            time.sleep(rng.random())
            # The consoles' old text has no end; the new one has a start.
            for console in board.consoles:
                console.drop()
            board.vm.cmd('system_reset')
            _await_shells(board, config)
            again = board.facts()
            del again['memtotal']
            expect_equal('what the guest finds', again,
                         {key: facts[key] for key in again})
            check_cpus(board, cpus)
            board.check_kernel_log()


def reboots(config: Config, cpus: int, times: int) -> None:
    """A busy guest reboots itself, again and again."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,))
    with booted(config) as board:
        for number in range(times):
            Workload(board, cpus)
            # One time with CPUs offline, one time without
            for cpu in range(1, cpus if number % 2 else 1):
                board.sh(f'echo 0 > {SYSTEM}/cpu{cpu}/online')
            for console in board.consoles:
                console.drop()
            board.console.send('reboot -f\n')
            _await_shells(board, config)
            expect_equal('online CPUs', board.facts()['online'],
                         f'0-{cpus - 1}')
            board.check_kernel_log()


def hotplug(config: Config, cpus: int, times: int) -> None:
    """CPUs go offline and come back while all of them have work."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,))
    rng = random.Random(RNG_SEED)
    with booted(config) as board:
        work = Workload(board, cpus)
        for _ in range(times):
            chosen = rng.sample(range(cpus), rng.randint(1, cpus - 1))
            for state in (0, 1):
                for cpu in chosen:
                    board.sh(f'echo {state} > {SYSTEM}/cpu{cpu}/online', 60)
            expect_equal('online CPUs', board.sh(f'cat {SYSTEM}/online'),
                         f'0-{cpus - 1}')
        work.expect_progress()
        work.finish()
        check_cpus(board, cpus)


def hotplug_loop(config: Config, cpus: int, seconds: int) -> None:
    """The guest itself does so, as fast as it can."""
    config = replace(config, smp=str(cpus))
    with booted(config) as board:
        rounds = int(board.sh(f'''
cd {SYSTEM}
end=$(($(date +%s) + {seconds})); n=0
while [ $(date +%s) -lt $end ]; do
    for cpu in $(seq 1 {cpus - 1}); do echo 0 > cpu$cpu/online || exit 1; done
    for cpu in $(seq 1 {cpus - 1}); do echo 1 > cpu$cpu/online || exit 1; done
    n=$((n + 1))
done
echo $n''', seconds + 60))
        print(f'{rounds} times in {seconds} s')
        expect_true('some rounds', rounds > 1)
        check_cpus(board, cpus)


P8 = Config(cpu='power8')
P9 = Config(cpu='power9')
P9_HASH = Config(cpu='power9', append='disable_radix', kernel='6.12-64k')
P10_SLOF = Config(cpu='power10', firmware='slof', kernel='6.1-64k')
add('stress/resets/power9', functools.partial(resets, P9, 2, 2),
    timeout=300)
add('stress/hotplug/power8', functools.partial(hotplug, P8, 2, 5),
    timeout=300)
for _name, _config in (('power8', P8), ('power9', P9),
                       ('power9-hash', P9_HASH),
                       ('power10-slof', P10_SLOF)):
    add(f'stress/resets/4-cpus/{_name}',
        functools.partial(resets, _config, 4, 10), check=False, timeout=900)
    add(f'stress/reboots/4-cpus/{_name}',
        functools.partial(reboots, _config, 4, 10), check=False, timeout=900)
    add(f'stress/hotplug/4-cpus/{_name}',
        functools.partial(hotplug, _config, 4, 30), check=False, timeout=600)
    add(f'stress/hotplug-loop/4-cpus/{_name}',
        functools.partial(hotplug_loop, _config, 4, 60), check=False,
        timeout=600)
