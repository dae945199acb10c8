# SPDX-License-Identifier: GPL-2.0-or-later
"""The real-time clock (RTAS get-time-of-day and set-time-of-day)."""

import calendar
import time
from collections.abc import Callable

from .board import Board, Config, booted, expect_equal, expect_true
from .suite import test

TOLERANCE = 2       # seconds


def _clock(board: Board) -> int:
    """The machine's clock, in seconds since 1970."""
    return int(board.sh('cat /sys/class/rtc/rtc0/since_epoch'))


def _check_now(what: str, look: Callable[[], float], offset: float = 0
               ) -> None:
    """What the guest shows is the host's time, and so much more."""
    begin = time.time()
    got = look() - offset
    end = time.time()
    expect_true(f'{what}: {got} is from {begin} to {end}',
                begin - TOLERANCE <= got <= end + TOLERANCE)


def _hwclock(board: Board) -> int:
    stamp = time.strptime(' '.join(board.sh('hwclock -u -r').split()[:5]),
                          '%a %b %d %H:%M:%S %Y')
    return calendar.timegm(stamp)


@test('clock/host-time')
def host_time() -> None:
    """The guest's time is the host's, in UTC, by all its ways."""
    with booted(Config()) as board:
        name = board.sh('cat /sys/class/rtc/rtc0/name')
        expect_true(f'{name} is the firmware clock', 'rtc-generic' in name)
        _check_now('system time', lambda: int(board.sh('date -u +%s')))
        _check_now('rtc', lambda: _clock(board))
        _check_now('hwclock', lambda: _hwclock(board))
        begin, first = time.time(), _clock(board)
        board.sh('sleep 3')
        passed = _clock(board) - first
        expect_true(f'the clock ran {passed} s in 3 s',
                    2 <= passed <= time.time() - begin + TOLERANCE)


@test('clock/base')
def base() -> None:
    """-rtc base= sets the time that the guest starts with."""
    want = calendar.timegm((2031, 2, 3, 4, 5, 6))
    begin = time.time()
    with booted(Config(args=('-rtc', 'base=2031-02-03T04:05:06'))) as board:
        got = _clock(board)
        expect_true(f'{got} is soon after {want}',
                    0 <= got - want <= time.time() - begin + TOLERANCE)
        expect_equal('date', board.sh('date -u +%Y-%m-%d'), '2031-02-03')


@test('clock/set')
def set_time() -> None:
    """The guest sets the clock; the host hears of it; it survives a reset."""
    want = calendar.timegm((2034, 12, 31, 23, 59, 50))
    with booted(Config()) as board:
        begin = time.time()
        board.sh(f'date -u -s @{want} && hwclock -u -w')
        end = time.time()
        offset = board.event('RTC_CHANGE').get('offset')
        assert isinstance(offset, int)
        expect_true(f'{offset} s tell the change',
                    want - end - TOLERANCE <= offset
                    <= want - begin + TOLERANCE)
        _check_now('rtc', lambda: _clock(board), offset)
        board.vm.cmd('system_reset')
        board.console.wait_shell(60)
        got = _clock(board)
        expect_true(f'{got} is soon after {want}',
                    0 <= got - want <= time.time() - begin + TOLERANCE)
        _check_now('system time', lambda: int(board.sh('date -u +%s')), offset)
