# SPDX-License-Identifier: GPL-2.0-or-later
"""Running guests move to another QEMU, and nothing of them is lost."""

import contextlib
import functools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .board import Board, BoardError, Config, booted, expect_equal, \
    expect_true, running
from .logs import log_dir
from .suite import add, test
from .workload import TICKS, Workload

SYSTEM = '/sys/devices/system/cpu'
MOVE_TIME = 120         # seconds in which a guest must have moved
SLOW = 8 << 20          # bytes per second: longer than a test looks
POLL_TIME = 0.1


@dataclass(frozen=True)
class Way:
    """How a guest moves: URIs, capabilities and parameters on both sides."""
    out: str
    incoming: str = ''          # the same as out
    live: bool = True           # both sides at a time
    capabilities: Sequence[str] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def postcopy(self) -> bool:
        """Whether the guest goes over before its memory."""
        return 'postcopy-ram' in self.capabilities


WAYS = {
    'unix': Way('unix:{dir}/socket'),
    'exec': Way('exec:cat > {dir}/pipe', 'exec:cat {dir}/pipe'),
    'file': Way('file:{dir}/stream', live=False),
    'mapped-file': Way('file:{dir}/stream', live=False,
                       capabilities=('mapped-ram',)),
    'multifd': Way('unix:{dir}/socket', capabilities=('multifd',),
                   parameters={'multifd-channels': 4}),
    'postcopy': Way('unix:{dir}/socket', capabilities=('postcopy-ram',)),
    'postcopy-preempt': Way('unix:{dir}/socket', capabilities=(
        'postcopy-ram', 'postcopy-preempt')),
}


def _prepare(board: Board, way: Way) -> None:
    """Set capabilities and parameters of one side, and no others."""
    known = {name for one in WAYS.values() for name in one.capabilities}
    capabilities = [{'capability': name, 'state': name in way.capabilities}
                    for name in sorted(known)]
    board.vm.cmd('migrate-set-capabilities', capabilities=capabilities)
    parameters: dict[str, object] = {'max-bandwidth': 1 << 40,
                                     'downtime-limit': 3000}
    parameters.update(way.parameters)
    board.vm.cmd('migrate-set-parameters', parameters)


def migration_status(board: Board) -> dict[str, object]:
    """What query-migrate says; the status is '' before any migration."""
    answer = board.vm.cmd('query-migrate')
    assert isinstance(answer, dict)
    return {'status': '', **answer}


def await_status(board: Board, wanted: str, timeout: float = MOVE_TIME
                 ) -> None:
    """Wait for a migration's status."""
    deadline = time.monotonic() + timeout
    while True:
        answer = migration_status(board)
        status = answer['status']
        if status == wanted:
            return
        if status in ('completed', 'failed', 'cancelled') or \
                time.monotonic() > deadline:
            raise BoardError(f'migration is {status!r}, not {wanted!r}: '
                             f"{answer.get('error-desc', 'no reason')}")
        time.sleep(POLL_TIME)


def _await_running(board: Board) -> None:
    deadline = time.monotonic() + MOVE_TIME
    while board.vm.cmd('query-status')['status'] != 'running':
        if time.monotonic() > deadline:
            raise BoardError('the guest does not go on')
        time.sleep(POLL_TIME)


def _send(source: Board, target: Board, way: Way) -> None:
    """Let the guest move, and wait until it has."""
    directory = log_dir()
    out = way.out.format(dir=directory)
    incoming = (way.incoming or way.out).format(dir=directory)
    for name in ('socket', 'pipe', 'stream'):
        (directory / name).unlink(missing_ok=True)
    os.mkfifo(directory / 'pipe')
    _prepare(source, way)
    _prepare(target, way)
    if way.live:
        target.vm.cmd('migrate-incoming', uri=incoming)
    if way.postcopy:
        source.vm.cmd('migrate-set-parameters', {'max-bandwidth': SLOW})
    source.vm.cmd('migrate', uri=out)
    if way.postcopy:
        await_status(source, 'active')
        source.vm.cmd('migrate-start-postcopy')
    await_status(source, 'completed')
    if not way.live:
        target.vm.cmd('migrate-incoming', uri=incoming)
    await_status(target, 'completed')
    _await_running(target)
    (directory / 'stream').unlink(missing_ok=True)


def waiting(config: Config) -> contextlib.AbstractContextManager[Board]:
    """A machine that waits for a guest to come."""
    return running(replace(config, args=(*config.args, '-incoming',
                                         'defer')))


@contextlib.contextmanager
def moved(source: Board, config: Config, way: str) -> Iterator[Board]:
    """Another machine that has taken over the guest; the old one ends."""
    with waiting(config) as target:
        _send(source, target, WAYS[way])
        source.finish()
        for console in source.consoles:
            console.wait_end()
        source.close()
        yield target


def uptime(board: Board) -> float:
    """The guest's clock that never jumps."""
    return float(board.sh('cat /proc/uptime').split()[0])


def check_cpus(board: Board, cpus: int) -> None:
    """All CPUs work, and can go offline and come back."""
    expect_equal('online CPUs', board.sh(f'cat {SYSTEM}/online'),
                 f'0-{cpus - 1}')
    for cpu in range(cpus):
        board.sh(f'taskset {1 << cpu:x} true')
    for cpu in range(1, cpus):
        board.sh(f'echo 0 > {SYSTEM}/cpu{cpu}/online')
        board.sh(f'echo 1 > {SYSTEM}/cpu{cpu}/online && '
                 f'taskset {1 << cpu:x} true')


def check_timers(board: Board) -> None:
    """A second is a second, on the host too."""
    start = time.monotonic()
    before = uptime(board)
    board.sh('sleep 2')
    passed, host = uptime(board) - before, time.monotonic() - start
    expect_true(f'{passed:.2f} s passed in the guest, {host:.2f} s here',
                2 <= passed <= host + 0.1)


def move(ways: Sequence[str], config: Config, cpus: int) -> None:
    """Move a busy guest, several times if need be; it goes on as it was."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,))
    with contextlib.ExitStack() as stack:
        board = stack.enter_context(booted(config))
        facts = board.facts()
        work = Workload(board, cpus)
        for way in ways:
            work.expect_progress()
            start = time.monotonic()
            before = uptime(board)
            board = stack.enter_context(moved(board, config, way))
            work.moved(board)
            passed, host = uptime(board) - before, time.monotonic() - start
            print(f'{way}: {passed:.1f} s in the guest, {host:.1f} s here')
            # The time in which the guest was on its way may be missing.
            expect_true(f'the clock goes on: {passed:.2f} s in {host:.2f} s',
                        0 <= passed <= host + 0.1)
            work.expect_progress()
        work.finish()
        check_timers(board)
        check_cpus(board, cpus)
        after = board.facts()
        del facts['memtotal'], after['memtotal']
        expect_equal('what the guest finds', after, facts)
        board.check_kernel_log()


P8 = Config(cpu='power8')
P9 = Config(cpu='power9')
P9_HASH = Config(cpu='power9', append='disable_radix')
P10 = Config(cpu='power10')
K64 = '6.12-64k'


def _register() -> None:
    for name, ways, config, cpus in (
            ('unix-exec/radix', ['unix', 'exec'], P9, 2),
            ('file/hash-slof', ['file'],
             replace(P9_HASH, firmware='slof', kernel=K64), 2),
            ('postcopy/hash', ['postcopy'], P8, 2),
            ('unix/xics', ['unix'], replace(P9, machine='ic-mode=xics'), 2)):
        add(f'migration/{name}', functools.partial(move, ways, config, cpus))
    configs = {'power8': P8, 'power9': P9, 'power9-hash': P9_HASH,
               'power10-slof': replace(P10, firmware='slof', kernel=K64),
               'power8-slof': replace(P8, firmware='slof')}
    for label, config in configs.items():
        for way in WAYS:
            add(f'migration/4-cpus/{label}/{way}',
                functools.partial(move, [way], config, 4), check=False,
                timeout=300)
        add(f'migration/4-cpus/{label}/all-ways',
            functools.partial(move, list(WAYS), config, 4), check=False,
            timeout=600)


_register()


@test('migration/early')
def early() -> None:
    """A guest moves in its first moments, VOF's client then, and boots."""
    for delay in (0.05, 0.2):
        config = replace(P9, smp='2', args=('-S',))
        target = replace(P9, smp='2')
        with running(config) as source, waiting(target) as board:
            source.vm.cmd('cont')
            time.sleep(delay)
            source.vm.cmd('stop')
            said = source.console.text
            _send_stopped(source, board)
            source.finish()
            source.close()
            print(f'after {delay} s the guest had said {len(said)} letters')
            board.console.wait_shell(config.boot_time)
            expect_equal('online CPUs', board.facts()['online'], '0-1')
            board.check_kernel_log()


def _send_stopped(source: Board, target: Board) -> None:
    """The same for a guest that is stopped; then it goes on."""
    socket = f'unix:{log_dir()}/socket'
    target.vm.cmd('migrate-incoming', uri=socket)
    source.vm.cmd('migrate', uri=socket)
    await_status(source, 'completed')
    await_status(target, 'completed')
    target.vm.cmd('cont')
