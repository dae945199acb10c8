# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose time it is: stolen time, dispatches, PURR; and random numbers."""

import contextlib
import time
from pathlib import Path

from .board import Board, Config, booted, expect_equal, expect_true, wait
from .images import kernel
from .suite import test

TICKS = 100         # of /proc/stat, in a second
STATS = '/proc/powerpc/vcpudispatch_stats'
SINGLE = ('-accel', 'tcg,thread=single')


def _times(board: Board) -> dict[str, int]:
    """What /proc/stat says of all CPUs together, in ticks."""
    words = board.sh('head -n 1 /proc/stat').split()
    names = ('user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq',
             'steal')
    return dict(zip(names, map(int, words[1:])))


def _since(board: Board, before: dict[str, int]) -> dict[str, int]:
    """What has been added to that."""
    now = _times(board)
    return {name: now[name] - before[name] for name in before}


def _spent(board: Board, seconds: float) -> dict[str, int]:
    """What is added to that in such a time."""
    before = _times(board)
    time.sleep(seconds)
    return _since(board, before)


def _host_waits(board: Board) -> dict[str, float]:
    """For how many ticks the host kept each thread of QEMU waiting so far.

    What a hypervisor took from the host itself comes beside these.
    """
    waits = {}
    for task in Path(f'/proc/{board.vm.get_pid()}/task').iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = (task / 'schedstat').read_text().split()
            waits[task.name] = int(words[1]) * TICKS / 1e9
    waits['stolen'] = float(Path('/proc/stat').read_text().split()[8])
    return waits


def _spin(board: Board, cpus: int) -> None:
    """Keep CPUs busy for good."""
    for cpu in range(cpus):
        board.background(f'taskset {1 << cpu:x} '
                         "sh -c 'while :; do :; done'")


def _dispatches(board: Board) -> list[int]:
    """How often each CPU has been dispatched since the statistics began."""
    lines = board.sh(f'cat {STATS}').splitlines()
    return [int(line.split()[1]) for line in lines]


@test('accounting/stolen')
def stolen() -> None:
    """Two busy CPUs with one thread: half of the time is stolen."""
    with booted(Config(smp='2', args=SINGLE)) as board:
        _spin(board, 2)
        before = _times(board)
        time.sleep(6)
        # A tick is the host's when that takes more than half of the time
        wait('not all is stolen',
             lambda: _times(board)['user'] > before['user'], 30)
        spent = _since(board, before)
        busy = spent['user'] + spent['system'] + spent['steal']
        # What the host takes from the thread comes on top of it.
        expect_true(f'half is stolen: {spent}', spent['steal'] > 0.4 * busy)


@test('accounting/idle')
def idle() -> None:
    """An idle guest loses no more than the host keeps QEMU waiting."""
    with booted(Config(smp='2')) as board:
        before = _host_waits(board)
        spent = _spent(board, 6)
        delay = sum(ticks - before.get(name, 0)
                    for name, ticks in _host_waits(board).items())
        # Both CPUs may wait for the same thread that is kept waiting.
        expect_true(f'stolen of {spent}, with a delay of {delay:.0f}',
                    spent['steal'] <= 2 * delay + 0.05 * spent['idle'])


@test('accounting/dedicated')
def dedicated() -> None:
    """To a partition with dedicated processors nothing is told as stolen."""
    with booted(Config(smp='2', machine='proc-mode=dedicated')) as board:
        expect_equal('dispatch statistics',
                     board.sh(f'test -e {STATS} || echo none'), 'none')
        driver = board.sh('cat /sys/devices/system/cpu/cpuidle/current_driver')
        expect_equal('idle driver', driver, 'pseries_idle')
        name = board.sh('cat /sys/devices/system/cpu/cpu0/cpuidle/state1/name')
        expect_equal('idle state', name, 'CEDE')
        _spin(board, 2)
        expect_equal('stolen ticks', _spent(board, 3)['steal'], 0)


@test('accounting/dispatch-log')
def dispatch_log() -> None:
    """The kernel reads the dispatch trace log of each CPU."""
    with booted(Config(smp='2')) as board:
        expect_equal('statistics', board.sh(f'cat {STATS}'), 'off')
        board.sh(f'echo 1 > {STATS}')
        time.sleep(1)
        before = _dispatches(board)
        wait('both CPUs are dispatched', lambda: all(
            now > then for then, now in zip(before, _dispatches(board))))
        # Another CPU may be between two counters that the kernel adds to
        wait('all dispatches were on the processor of the time before',
             lambda: all(words[1] == words[2] for words in map(
                 str.split, board.sh(f'cat {STATS}').splitlines())))
        board.sh(f'echo 0 > {STATS}')
        expect_equal('statistics', board.sh(f'cat {STATS}'), 'off')
        board.sh(f'echo 1 > {STATS} && sleep 1 && echo 0 > {STATS}')


def _purr(board: Board, name: str) -> int:
    return int(board.sh(f'cat /sys/devices/system/cpu/cpu1/{name}'), 16)


@test('accounting/purr')
def purr() -> None:
    """A CPU's PURR runs while it works, and hardly while it waits."""
    with booted(Config(smp='2')) as board:
        for name in ('purr', 'spurr', 'idle_purr', 'idle_spurr'):
            expect_true(f'{name} counts', _purr(board, name) > 0)
        start, first = time.monotonic(), _purr(board, 'purr')
        time.sleep(4)
        idle_share = ((_purr(board, 'purr') - first) / 512e6
                      / (time.monotonic() - start))
        board.background("taskset 2 sh -c 'while :; do :; done'")
        start, first = time.monotonic(), _purr(board, 'purr')
        time.sleep(4)
        busy_share = ((_purr(board, 'purr') - first) / 512e6
                      / (time.monotonic() - start))
        expect_true(f'PURR ran {idle_share:.2f} of the time when idle and '
                    f'{busy_share:.2f} when busy',
                    idle_share < 0.5 * busy_share)


def _install_module(board: Board, name: str) -> None:
    """Load a module of the kernel, sent over the console."""
    release = board.sh('uname -r')
    path = next(kernel('6.1-64k').resolve().parent.parent.glob(
        f'lib/modules/{release}/kernel/**/{name}.ko'))
    data = path.read_bytes().hex()
    board.sh('rm -f /tmp/module.hex')
    for at in range(0, len(data), 400):
        board.sh(f'echo {data[at:at + 400]} >> /tmp/module.hex')
    board.sh('xxd -r -p /tmp/module.hex > /tmp/module.ko && '
             'insmod /tmp/module.ko', timeout=60)


def _read_random(board: Board) -> None:
    """The kernel's driver is there, and reads what isn't the same twice."""
    _install_module(board, 'pseries-rng')
    expect_equal('source of random numbers',
                 board.sh('cat /sys/class/misc/hw_random/rng_current'),
                 'pseries_rng')
    board.sh('test -e /dev/hwrng || mknod /dev/hwrng c 10 183')
    command = ('dd if=/dev/hwrng of=/tmp/random bs=4k count=8 2>&1 && '
               'wc -c < /tmp/random && md5sum < /tmp/random')
    first = board.sh(command, timeout=60).splitlines()
    second = board.sh(command, timeout=60).splitlines()
    expect_equal('bytes', first[-2], '32768')
    expect_true('other numbers the next time', first[-1] != second[-1])


@test('accounting/random')
def random() -> None:
    """Linux's driver gets random numbers from QEMU's own generator."""
    with booted(Config(kernel='6.1-64k')) as board:
        _read_random(board)


@test('accounting/random-backend')
def random_backend() -> None:
    """And from a backend that the user names."""
    backend = ('-object', 'rng-random,id=source,filename=/dev/urandom',
               '-device', 'spapr-rng,rng=source')
    with booted(Config(kernel='6.1-64k', args=backend)) as board:
        _read_random(board)
