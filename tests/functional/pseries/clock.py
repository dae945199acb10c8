# SPDX-License-Identifier: GPL-2.0-or-later
"""The real-time clock (RTAS get-time-of-day and set-time-of-day)."""

import calendar
import time

from .board import Board, Config, booted, expect_equal, expect_true
from .suite import test

TOLERANCE = 5       # seconds


def _clock(board: Board) -> int:
    """The machine's clock, in seconds since 1970."""
    return int(board.sh('cat /sys/class/rtc/rtc0/since_epoch'))


def _near(what: str, got: float, want: float) -> None:
    expect_true(f'{what} is {got - want:+.0f} s off',
                abs(got - want) <= TOLERANCE)


@test('clock/host-time')
def host_time() -> None:
    """The guest's time is the host's, in UTC, by all its ways."""
    with booted(Config()) as board:
        name = board.sh('cat /sys/class/rtc/rtc0/name')
        expect_true(f'{name} is the firmware clock', 'rtc-generic' in name)
        _near('system time', int(board.sh('date -u +%s')), time.time())
        _near('rtc', _clock(board), time.time())
        shown = board.sh('hwclock -u -r')
        stamp = time.strptime(' '.join(shown.split()[:5]),
                              '%a %b %d %H:%M:%S %Y')
        _near('hwclock', calendar.timegm(stamp), time.time())
        first = _clock(board)
        board.sh('sleep 3')
        passed = _clock(board) - first
        expect_true(f'the clock ran {passed} s in 3 s', 2 <= passed <= 6)


@test('clock/base')
def base() -> None:
    """-rtc base= sets the time that the guest starts with."""
    want = calendar.timegm((2031, 2, 3, 4, 5, 6))
    with booted(Config(args=('-rtc', 'base=2031-02-03T04:05:06'))) as board:
        got = _clock(board)
        expect_true(f'{got} is soon after {want}', 0 <= got - want < 60)
        expect_equal('date', board.sh('date -u +%Y-%m-%d'), '2031-02-03')


@test('clock/set')
def set_time() -> None:
    """The guest sets the clock; the host hears of it; it survives a reset."""
    want = calendar.timegm((2034, 12, 31, 23, 59, 50))
    with booted(Config()) as board:
        board.sh(f'date -u -s @{want} && hwclock -u -w')
        data = board.event('RTC_CHANGE')
        offset = data.get('offset')
        expect_true(f'{offset} tells the change', isinstance(offset, int))
        _near('offset', float(str(offset)), want - time.time())
        _near('rtc', _clock(board), want)
        board.vm.cmd('system_reset')
        board.console.wait_shell(60)
        got = _clock(board)
        expect_true(f'{got} is soon after {want}', 0 <= got - want < 90)
        _near('system time', int(board.sh('date -u +%s')), _clock(board))
