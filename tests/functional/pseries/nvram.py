# SPDX-License-Identifier: GPL-2.0-or-later
"""Non-volatile memory: what firmware and Linux leave each other there."""

import functools
from pathlib import Path

from . import images
from .board import Board, Config, booted, expect_equal, expect_true, running
from .logs import log_dir
from .suite import add

SIZE = 64 << 10
PROMPT = '0 > '
SLOF_TIME = 90
COMMON = 'common'               # the partition with firmware's variables
FREE = 'free space'
LOG = 'lnx,oops-log'            # of the kernel


def _image() -> Path:
    """A drive that has nothing in it yet."""
    path = log_dir() / 'nvram.img'
    path.write_bytes(bytes(SIZE))
    return path


def _drive(path: Path) -> tuple[str, ...]:
    return '-drive', f'if=pflash,format=raw,file={path}'


def _variables(board: Board) -> dict[str, str]:
    """The variables of firmware, as Linux's tool prints them."""
    lines = board.sh('nvram --print-config').splitlines()
    return dict(line.split('=', 1) for line in lines if '=' in line)


def _partitions(board: Board) -> dict[str, int]:
    """Sizes of the partitions in bytes, in units of 16 as the tool does."""
    found = {}
    for line in board.sh('nvram --partitions').splitlines()[1:]:
        _, _, _, length, name = line.split(None, 4)
        found[name.strip()] = int(length, 16) * 16
    return found


def _write_big(board: Board) -> None:
    """All of a partition, through the kernel's own driver."""
    board.sh('nvram --dump=common > /tmp/before; '
             'dd if=/dev/nvram of=/tmp/all bs=4096 2>/dev/null && '
             'dd if=/tmp/all of=/dev/nvram bs=4096 2>/dev/null && '
             'cmp /tmp/all /dev/nvram && '
             'nvram --dump=common | cmp - /tmp/before')


def variables(kernel: str) -> None:
    """SLOF lays NVRAM out; Linux and SLOF change variables for each other."""
    drive = _drive(_image())
    config = Config(kernel=kernel, firmware='slof', extra=images.NVRAM,
                    args=drive)
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        found = _partitions(board)
        expect_equal('bytes in all partitions', sum(found.values()), SIZE)
        expect_true(f'there are {COMMON} and {FREE}',
                    {COMMON, FREE} <= found.keys())
        expect_equal('auto-boot?', _variables(board)['auto-boot?'], 'true')
        board.sh("nvram --update-config 'auto-boot?=false' && "
                 'nvram --update-config boot-file=from-linux')
        _write_big(board)
        # SLOF does what Linux has set, in this machine...
        board.console.send('reboot -f\n')
        board.console.expect(PROMPT, SLOF_TIME)
    # ...and in another one, after which Linux finds what SLOF has set.
    with running(config) as board:
        console = board.console
        console.expect(PROMPT, SLOF_TIME)
        console.send('printenv boot-file\r')
        console.expect('from-linux', 20)
        console.send('setenv boot-file from-slof\r')
        console.expect(PROMPT, 20)
        console.send('setenv auto-boot? true\r')
        console.expect(PROMPT, 20)
        console.send('reset-all\r')
        console.wait_shell(config.boot_time)
        now = _variables(board)
        expect_equal('boot-file', now['boot-file'], 'from-slof')
        expect_equal('auto-boot?', now['auto-boot?'], 'true')
        expect_true(f'there are still {COMMON} and {FREE}',
                    {COMMON, FREE} <= _partitions(board).keys())


def prom_env(kernel: str) -> None:
    """What -prom-env sets, Linux finds; nothing of it is kept."""
    config = Config(kernel=kernel, firmware='auto', extra=images.NVRAM,
                    args=('-prom-env', 'boot-file=from-user',
                          '-prom-env', 'ibm,mine=yes'))
    with booted(config) as board:
        found = _variables(board)
        expect_equal('boot-file', found['boot-file'], 'from-user')
        expect_equal('ibm,mine', found['ibm,mine'], 'yes')


def oops(kernel: str) -> None:
    """A panic's last words are in NVRAM after the reboot."""
    config = Config(kernel=kernel, append='panic=1', extra=images.NVRAM,
                    args=('-action', 'panic=none'))
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        # The partition that the words go into is made at the first boot.
        expect_true(f'there is {LOG}', LOG in _partitions(board))
        board.console.send('echo c > /proc/sysrq-trigger\n')
        board.console.expect_crash('sysrq triggered crash', 60)
        board.event('RESET', 60)
        board.console.expect_crash('GUEST READY ', config.boot_time)
        # On the console they would look like another crash.
        board.sh(f'nvram --unzip={LOG} | '
                 'grep -q "Kernel panic.*sysrq triggered crash"')


KINDS = {'variables': (variables, ('6.12-4k',)),
         'prom-env': (prom_env, ('6.1-64k',)),
         'oops': (oops, ('6.1-64k',))}
for _kind, (_function, _check) in KINDS.items():
    for _kernel in images.KERNELS:
        add(f'nvram/{_kind}/{_kernel}', functools.partial(_function, _kernel),
            check=_kernel in _check)
