# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of the host in the guest: virtio-9p (-virtfs)."""

import functools
import os
import stat
from pathlib import Path

from . import images
from .blocks import noise, sha256
from .board import Board, Config, booted, expect_equal, expect_true
from .logs import log_dir
from .suite import add

EXTRA = images.Extra(('virtio_pci', '9pnet_virtio', '9p'))
MIB = 1 << 20
SIZES = (0, 1, 4095, 65536, 3 * MIB + 17)
TIME = 60


def _share() -> Path:
    directory = log_dir() / 'share'
    directory.mkdir(exist_ok=True)
    return directory


def _mount(board: Board, tag: str, place: str) -> None:
    board.sh(f'mkdir -p {place} && mount -t 9p -o trans=virtio,'
             f'version=9p2000.L,msize={MIB // 2} {tag} {place}')


def _read(board: Board, share: Path) -> None:
    """The guest has what the host has put there."""
    for size in SIZES:
        data = noise(size, size)
        (share / f'host-{size}').write_bytes(data)
        got = board.sh(f'sha256sum < /mnt/host-{size}', TIME)
        expect_equal(f'sum of {size} bytes', got.split()[0], sha256(data))


def _write(board: Board, share: Path) -> None:
    """The host has what the guest has put there."""
    for size in SIZES:
        want = board.sh(f'head -c {size} /dev/urandom > /tmp/data && '
                        f'cp /tmp/data /mnt/guest-{size} && '
                        'sha256sum < /tmp/data', TIME)
        expect_equal(f'sum of {size} bytes',
                     sha256((share / f'guest-{size}').read_bytes()),
                     want.split()[0])


def _names(board: Board, share: Path) -> None:
    """Directories, links, names and modes."""
    board.sh('(cd /mnt && mkdir -p one/two && echo a > one/two/three && '
             'mv one/two/three one/four && ln -s four one/five && '
             'chmod 640 one/four && rmdir one/two && rm guest-0)')
    expect_equal('what the guest has made', sorted(os.listdir(share / 'one')),
                 ['five', 'four'])
    expect_equal('its link', os.readlink(share / 'one/five'), 'four')
    mode = (share / 'one/four').stat().st_mode
    expect_equal('its mode', stat.S_IMODE(mode), 0o640)
    expect_true('what it removed is gone', not (share / 'guest-0').exists())
    (share / 'new').mkdir()
    expect_equal('what the guest finds', sorted(board.sh('ls /mnt').split()),
                 sorted(os.listdir(share)))


def share_directory(config: Config) -> None:
    """Read and write, and through a second one read alone."""
    share = _share()
    with booted(config) as board:
        _mount(board, 'share', '/mnt')
        _mount(board, 'look', '/look')
        _read(board, share)
        _write(board, share)
        _names(board, share)
        expect_true('no writing where it is not allowed',
                    board.console.run('touch /look/x').status)
        expect_equal('a file seen by the other', board.sh(
            f'cmp /look/host-{SIZES[-1]} /mnt/host-{SIZES[-1]}'), '')
        board.sh('umount /mnt && umount /look')


def _register() -> None:
    for kernel in ('6.1-64k', '6.12-4k', '6.12-64k'):
        for firmware in ('slof', 'vof'):
            add(f'shares/{kernel}/{firmware}',
                functools.partial(_with_share, kernel, firmware),
                (kernel, firmware) == ('6.12-4k', 'vof'), 240)


def _with_share(kernel: str, firmware: str) -> None:
    share_directory(Config(kernel=kernel, firmware=firmware, smp='2',
                           extra=EXTRA, args=(
        '-virtfs', f'local,path={_share()},mount_tag=share,'
        'security_model=none',
        '-virtfs', f'local,path={_share()},mount_tag=look,'
        'security_model=none,readonly=on,multidevs=remap')))


_register()
