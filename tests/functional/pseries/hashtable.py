# SPDX-License-Identifier: GPL-2.0-or-later
"""Address translation by hypercalls: Linux resizes its hash page table and
removes entries by blocks; radix guests have translations invalidated."""

import functools
import re
from dataclasses import replace

from .board import Board, Config, booted, expect_equal, expect_true, running
from .snapshot import disk_args, load, save
from .suite import add, test
from .workload import TICKS, Workload

CPUS = 2
ORDER = '/sys/kernel/debug/powerpc/hpt_order'
# log2 of the table's bytes for 1 GiB; the last is the most that the guest may
# have, a 64th of its memory.
FIRST, LARGEST = 23, 24

P8 = Config(cpu='power8', smp=str(CPUS))
P9_HASH = Config(cpu='power9', smp=str(CPUS), append='disable_radix',
                 kernel='6.12-64k')
HASH = {'power8': P8, 'power8-64k': replace(P8, kernel='6.1-64k'),
        'power9': P9_HASH,
        'power9-4k': replace(P9_HASH, kernel='6.12-4k')}


def _calls(board: Board, name: str) -> int:
    """How often the guest has made a hypercall."""
    result, = board.vm.cmd('query-stats', target='vm')
    values = {s['name']: s['value'] for s in result['stats']}
    return int(values[name])


def _order(board: Board) -> int:
    """Linux's notion of the table's size."""
    board.sh('grep -q debugfs /proc/mounts || '
             'mount -t debugfs debugfs /sys/kernel/debug')
    return int(board.sh(f'cat {ORDER}'))


def _resize(board: Board, order: int) -> None:
    """Have Linux resize the table; it must take effect."""
    board.sh(f'echo {order} > {ORDER}')
    expect_equal('order', _order(board), order)
    expect_true('Linux is satisfied', re.search(
        f'HPT resize to shift {order} complete', board.sh('dmesg')))


def _refused(board: Board, order: int, reason: str) -> None:
    """Linux does not get such a table, and tells why."""
    before = _order(board)
    done = board.console.run(f'echo {order} 2>&1 > {ORDER}')
    expect_true(f'{order}: {done}', done.status != 0)
    expect_true(f'{reason} in {done.output}', reason in done.output)
    expect_equal('order', _order(board), before)


def _shrink(board: Board, order: int) -> bool:
    """A smaller table, unless bolted entries of the kernel's collide in it.

    An entry keeps its place in its group.  Linux takes the first free one, so
    two that come together in a group mostly want the same.
    """
    before = _order(board)
    done = board.console.run(f'echo {order} 2>&1 > {ORDER}')
    if done.status:
        expect_true(f'no space: {done}',
                    'No space left on device' in done.output)
    expect_equal('order', _order(board), before if done.status else order)
    return not done.status


def resize(config: Config, smaller: bool) -> None:
    """The table grows and shrinks under load, and no memory is lost."""
    with booted(replace(config, ttys=(TICKS,))) as board:
        expect_equal('order at first', _order(board), FIRST)
        work = Workload(board, CPUS)
        work.expect_progress()
        _resize(board, LARGEST)
        _refused(board, LARGEST + 1, 'Operation not permitted')
        _refused(board, 17, 'Invalid argument')
        work.expect_progress()
        # The entries had places there before
        _resize(board, FIRST)
        work.expect_progress()
        shrunk = []
        for order in (22, 20, 18):
            if _shrink(board, order):
                shrunk.append(order)
            work.expect_progress()
        print(f'shrunk to {shrunk}')
        expect_true('shrunk below the size at first', shrunk or not smaller)
        _resize(board, LARGEST)
        work.expect_progress()
        work.finish()


def snapshot(config: Config) -> None:
    """Back to a snapshot of another size of table, here and in a new QEMU."""
    config = replace(config, ttys=(TICKS,), args=disk_args())
    with booted(config) as board:
        expect_equal('order at first', _order(board), FIRST)
        work = Workload(board, CPUS)
        work.expect_progress()
        _resize(board, LARGEST)
        saved = save(board, work, 'large')
        work.expect_progress()
        _resize(board, FIRST)
        work.expect_progress()
        board.sh('sleep 3')     # enough for load() to see that it goes back
        load(board, work, saved)
        expect_equal('order of the snapshot', _order(board), LARGEST)
        work.expect_progress()
        _resize(board, FIRST)
        work.expect_progress()
        board.finish()
        board.close()
        target = replace(config, args=(*config.args, '-loadvm', 'large'))
        with running(target) as again:
            work.board = again
            work.restart(saved.mark)
            work.expect_progress()
            expect_equal('order of the snapshot', _order(again), LARGEST)
            _resize(again, FIRST)
            work.expect_progress()
            _resize(again, LARGEST)
            work.finish()
            again.check_kernel_log()
            # A guest that begins anew has the table that guests begin with
            again.console.send('reboot -f\n')
            again.console.wait_shell(config.boot_time)
            expect_equal('order after reboot', _order(again), FIRST)


@test('hashtable/option/disabled')
def disabled() -> None:
    """A guest that may not resize its table does without."""
    with booted(replace(P8, machine='resize-hpt=disabled')) as board:
        expect_true('no function set', 'hcall-hpt-resize' not in
                    board.facts()['hypertas'].split())
        _refused(board, 22, 'No such device')


@test('hashtable/option/required')
def required() -> None:
    """Linux can do what is required of it."""
    with booted(replace(P8, machine='resize-hpt=required')) as board:
        expect_equal('order at first', _order(board), FIRST)
        _resize(board, LARGEST)


def block_remove(config: Config) -> None:
    """Linux finds the blocks' sizes and removes entries by them."""
    with booted(replace(config, ttys=(TICKS,))) as board:
        supported = re.findall(
            r'H_BLOCK_REMOVE supports base psize:(\d+) psize:(\d+) '
            r'block size:8', board.sh('dmesg'))
        # Numbers of Linux's asm/mmu.h: 4K, 64K and 16M
        for pair in (('0', '0'), ('2', '2'), ('2', '10')):
            expect_true(f'{pair} in {supported}', pair in supported)
        work = Workload(board, CPUS)
        before = _calls(board, 'H_BLOCK_REMOVE')
        for _ in range(3):
            work.expect_progress()
        work.finish()
        grown = _calls(board, 'H_BLOCK_REMOVE') - before
        expect_true(f'{grown} calls of H_BLOCK_REMOVE', grown > 10)


def invalidate(config: Config) -> None:
    """Without GTSE, Linux leaves invalidations to the hypervisor."""
    config = replace(config, smp=str(CPUS), ttys=(TICKS,),
                     append='radix_hcall_invalidate=on')
    with booted(config) as board:
        expect_equal('MMU', board.facts()['mmu'], 'Radix')
        # Of the kernel's addresses, and of programs that were on several CPUs
        # at a time; all others Linux invalidates on the CPU by itself.
        calls = _calls(board, 'H_RPT_INVALIDATE')
        expect_true(f'{calls} calls of H_RPT_INVALIDATE', calls > 0)
        work = Workload(board, CPUS)
        for _ in range(3):
            work.expect_progress()
        work.finish()


@test('hashtable/invalidate/not-with-gtse')
def not_with_gtse() -> None:
    """With GTSE, Linux does that itself."""
    with booted(Config(cpu='power9', smp=str(CPUS))) as board:
        expect_equal('MMU', board.facts()['mmu'], 'Radix')
        expect_true('it is offered', 'hcall-rpt-invalidate' in
                    board.facts()['hypertas'].split())
        expect_equal('calls', _calls(board, 'H_RPT_INVALIDATE'), 0)


for _name, _config in HASH.items():
    _check = _name in ('power8-64k', 'power9')
    add(f'hashtable/resize/{_name}',
        functools.partial(resize, _config, _name == 'power8-64k'),
        check=_check, timeout=300)
    add(f'hashtable/snapshot/{_name}', functools.partial(snapshot, _config),
        check=_check, timeout=300)
    add(f'hashtable/block-remove/{_name}',
        functools.partial(block_remove, _config), check=_name == 'power8',
        timeout=300)
for _cpu, _kernel in (('power9', '6.12-64k'), ('power10', '6.12-4k'),
                      ('power9', '6.1-64k')):
    add(f'hashtable/invalidate/{_cpu}-{_kernel}',
        functools.partial(invalidate, Config(cpu=_cpu, kernel=_kernel)),
        check=_cpu == 'power9' and _kernel == '6.12-64k', timeout=300)
