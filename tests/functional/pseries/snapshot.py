# SPDX-License-Identifier: GPL-2.0-or-later
"""savevm and loadvm: a busy guest goes back to where it was."""

import contextlib
import functools
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .board import Board, BoardError, Config, booted, expect_true, \
    running
from .logs import log_dir
from .migration import check_cpus, check_timers, uptime
from .paths import qemu_img
from .suite import add
from .workload import TICKS, Piece, Workload

JOB_TIME = 120
NODE = 'snapshots'


def disk_args() -> list[str]:
    """A disk image that no device has: a place for snapshots alone."""
    path = log_dir() / 'snapshots.qcow2'
    subprocess.run([qemu_img(), 'create', '-q', '-f', 'qcow2', str(path),
                    '1G'], check=True, timeout=30)
    return ['-blockdev', f'qcow2,node-name={NODE},file.driver=file,'
            f'file.filename={path}']


def _job(board: Board, command: str, tag: str, nodes: Sequence[str]
         ) -> None:
    """Run a job of QEMU's to its end."""
    board.vm.cmd(command, {
        'job-id': 'job', 'tag': tag, 'devices': [NODE, *nodes],
        **({} if command == 'snapshot-delete' else {'vmstate': NODE})})
    deadline = time.monotonic() + JOB_TIME
    while True:
        job, = board.vm.cmd('query-jobs')
        if job['status'] == 'concluded':
            break
        if time.monotonic() > deadline:
            raise BoardError(f'{command} does not end: {job}')
        time.sleep(0.05)
    board.vm.cmd('job-dismiss', id='job')
    if 'error' in job:
        raise BoardError(f"{command}: {job['error']}")


def save_state(board: Board, tag: str, nodes: Sequence[str] = ()) -> None:
    """Take a snapshot of a stopped machine, and of disks by their nodes."""
    _job(board, 'snapshot-save', tag, nodes)


def load_state(board: Board, tag: str, nodes: Sequence[str] = ()) -> None:
    """Go back to it."""
    _job(board, 'snapshot-load', tag, nodes)


@contextlib.contextmanager
def stopped(board: Board) -> Iterator[None]:
    """A time in which the machine stands still."""
    board.vm.cmd('stop')
    yield
    board.vm.cmd('cont')


@dataclass
class Saved:
    """A snapshot, and what was so at that time."""
    tag: str
    mark: list[Piece]
    rounds: list[int]
    earliest: float         # the guest's uptime then
    latest: float


def save(board: Board, work: Workload, tag: str) -> Saved:
    """Take a snapshot."""
    rounds = work.rounds()
    start, up = time.monotonic(), uptime(board)
    with stopped(board):
        latest = up + time.monotonic() - start
        save_state(board, tag)
        return Saved(tag, work.mark(), rounds, up, latest)


def load(board: Board, work: Workload, saved: Saved) -> None:
    """Go back to a snapshot."""
    with stopped(board):
        load_state(board, saved.tag)
        work.rewind(saved.mark)
        start = time.monotonic()
    now, passed = uptime(board), time.monotonic() - start
    expect_true(f'the clock has gone back to {saved}: {now}',
                saved.earliest <= now <= saved.latest + passed + 0.1)
    expect_true('so has the work', all(
        a >= b for a, b in zip(work.rounds(), saved.rounds)))


def cycle(config: Config, cpus: int, times: int) -> None:
    """Save and go back, again and again, with all CPUs busy."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,),
                     args=(*config.args, *disk_args()))
    with booted(config) as board:
        work = Workload(board, cpus)
        kept = []
        for number in range(times):
            work.expect_progress()
            kept.append(save(board, work, f's{number}'))
            work.expect_progress()
            load(board, work, kept[-1])
            if number % 3 == 2:
                # Further back, over the snapshots that came later
                work.expect_progress()
                load(board, work, kept[0])
        work.expect_progress()
        work.finish()
        check_timers(board)
        check_cpus(board, cpus)
        board.check_kernel_log()
    (log_dir() / 'snapshots.qcow2').unlink()


def restart(config: Config, cpus: int) -> None:
    """Another QEMU starts with a snapshot (-loadvm)."""
    config = replace(config, smp=str(cpus), ttys=(TICKS,),
                     args=(*config.args, *disk_args()))
    with booted(config) as board:
        work = Workload(board, cpus)
        work.expect_progress()
        saved = save(board, work, 'it')
        work.expect_progress()
        board.finish()
        board.close()
        target = replace(config, args=(*config.args, '-loadvm', 'it'))
        with running(target) as again:
            work.board = again
            work.restart(saved.mark)
            work.expect_progress()
            work.finish()
            check_cpus(again, cpus)
            again.check_kernel_log()
    (log_dir() / 'snapshots.qcow2').unlink()


P8 = Config(cpu='power8')
P9 = Config(cpu='power9')
P9_HASH = Config(cpu='power9', append='disable_radix', kernel='6.12-64k')
P10_SLOF = Config(cpu='power10', firmware='slof')
add('snapshot/power9', functools.partial(cycle, P9, 2, 3),
    timeout=300)
add('snapshot/restart/power8', functools.partial(restart, P8, 2),
    check=False)
for _name, _config in (('power8', P8), ('power9', P9),
                       ('power9-hash', P9_HASH),
                       ('power9-xics', replace(P9, machine='ic-mode=xics')),
                       ('power9-xive', replace(P9, machine='ic-mode=xive')),
                       ('power10-slof', P10_SLOF)):
    add(f'snapshot/4-cpus/{_name}',
        functools.partial(cycle, _config, 4, 12), check=False, timeout=900)
    add(f'snapshot/restart/4-cpus/{_name}',
        functools.partial(restart, _config, 4), check=False, timeout=300)
