# SPDX-License-Identifier: GPL-2.0-or-later
"""Record and replay (docs/system/replay.rst of QEMU): a run, once more.

QEMU records what comes on a -serial, but not on a -chardev, so these guests
have a console of their own kind.  It records machines with one CPU only.  The
replay gets no input from us.
"""

import contextlib
import functools
import socket
from collections.abc import Iterator
from dataclasses import replace

from .board import Board, Config, expect_equal, expect_true, running
from .console import Console
from .logs import log_dir
from .suite import add

BOOT_TIME = 300
END_TIME = 300
P9 = Config(cpu='power9')


@contextlib.contextmanager
def _machine(config: Config, mode: str) -> Iterator[tuple[Board, Console]]:
    """A machine that records or replays."""
    path = log_dir() / f'serial-{mode}'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(30)
        config = replace(config, serials=0, args=(
            *config.args, '-net', 'none', '-serial', f'unix:{path}',
            '-icount', f'shift=auto,rr={mode},rrfile={log_dir() / "log"}'))
        with running(config) as board:
            connection, _ = listener.accept()
            console = Console(connection.detach(),
                              log_dir() / f'{mode}.log')
            try:
                yield board, console
            except BaseException:
                print(f'-- {mode}:', console.tail(), sep='\n')
                raise
            finally:
                console.close()


def _use(console: Console) -> None:
    """Do what depends on time, on interrupts and on input."""
    console.wait_shell(BOOT_TIME)
    console.sh('date; cat /proc/uptime /proc/interrupts', 60)
    console.sh('head -c 100000 /dev/urandom | md5sum; sleep 1; hwclock -r',
               60)
    console.sh('head -c 20 /dev/hvc0 & sleep 0.1; kill $!; wait', 60)
    console.send('dmesg | md5sum; poweroff -f\n')


def replay(config: Config, times: int) -> None:
    """A boot and some typing comes out the same again, byte by byte."""
    with _machine(config, 'record') as (board, console):
        _use(console)
        expect_equal('exit code', board.wait_exit(END_TIME), 0)
        console.wait_end()
    recorded = (log_dir() / 'record.log').read_bytes()
    expect_true('the guest has booted', b'GUEST READY' in recorded)
    for number in range(times):
        (log_dir() / 'replay.log').unlink(missing_ok=True)
        (log_dir() / 'serial-replay').unlink(missing_ok=True)
        with _machine(config, 'replay') as (board, console):
            expect_equal('exit code', board.wait_exit(BOOT_TIME + END_TIME),
                         0)
            console.wait_end()
        replayed = (log_dir() / 'replay.log').read_bytes()
        if replayed != recorded:
            at = next((i for i, (a, b) in enumerate(zip(recorded, replayed))
                       if a != b), min(len(recorded), len(replayed)))
            raise AssertionError(
                f'replay {number} differs from byte {at} on: '
                f'{replayed[at - 80:at + 80]!r}, not '
                f'{recorded[at - 80:at + 80]!r}')


add('replay/power9', functools.partial(replay, P9, 1), timeout=600)
for _name, _config in (
        ('power9', P9),
        ('power8', Config(cpu='power8')),
        ('power10', Config(cpu='power10', kernel='6.12-64k')),
        ('power9-slof', Config(cpu='power9', firmware='slof'))):
    add(f'replay/twice/{_name}', functools.partial(replay, _config, 2),
        check=False, timeout=1200)
