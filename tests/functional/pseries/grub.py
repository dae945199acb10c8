# SPDX-License-Identifier: GPL-2.0-or-later
"""SLOF boots Debian's GRUB from disks and CDs, and that Linux."""

import io
import struct
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import images, iso, programs
from .blocks import ADAPTER, Disk, options, remove
from .board import Board, Config, booted, expect_equal, running
from .logs import log_dir
from .suite import test

SECTOR = 512
MBR_TABLE = 446
ACTIVE = 0x80
PREP_TYPE = 0x41
LINUX_TYPE = 0x83
PREP_START = 2048               # in sectors
MODULES = ('boot', 'echo', 'iso9660', 'linux', 'part_msdos', 'sleep', 'tar')
BOOT_TIME = 120
CONFIG = Config(kernel='6.12-4k', cpu='power9', smp='1', firmware='slof',
                extra=images.DISK)
BOOTINFO = (b'<chrp-boot><description>test</description>'
            b'<os-name>Linux</os-name>'
            b'<boot-script>boot &device;:\\boot\\grub.elf</boot-script>'
            b'</chrp-boot>')


def _core(name: str, prefix: str, script: str) -> bytes:
    """GRUB as one ELF file, which runs a script."""
    core, config = log_dir() / f'{name}.elf', log_dir() / f'{name}.cfg'
    config.write_text(script)
    programs.run_on_host(
        *programs.MKIMAGE, '-O', 'powerpc-ieee1275', '-d',
        str(images.grub_modules()), '-c', str(config), '-p', prefix,
        '-o', str(core), *MODULES)
    return core.read_bytes()


def linux_script(root: str, cmdline: str) -> str:
    """Start Linux."""
    return (f'linux {root}/vmlinux GUEST_MODE=test {cmdline}\n'
            f'initrd {root}/initrd\nboot\n')


def greeting(name: str) -> str:
    """Enough to see which one was booted."""
    return f'echo This is {name}.\nsleep 600\n'


def payload(config: Config = CONFIG) -> dict[str, bytes]:
    """What the scripts boot."""
    return {'vmlinux': images.kernel(config.kernel).read_bytes(),
            'initrd': images.extended_initramfs(
                config.kernel, config.extra).read_bytes()}


def _archive(files: dict[str, bytes]) -> bytes:
    """A tar, which GRUB takes for a file system."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode='w',
                      format=tarfile.USTAR_FORMAT) as archive:
        for name, contents in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            archive.addfile(entry, io.BytesIO(contents))
    return data.getvalue()


def _partitioned(parts: Sequence[tuple[int, bytes]]) -> bytes:
    """A disk with a DOS partition table."""
    table, disk = b'', bytearray(PREP_START * SECTOR)
    for kind, data in parts:
        start, size = len(disk) // SECTOR, -(-len(data) // SECTOR)
        # SLOF takes no PReP partition that isn't active
        flag = ACTIVE if kind == PREP_TYPE else 0
        table += struct.pack('<B3sB3sII', flag, b'\xff' * 3, kind,
                             b'\xff' * 3, start, size)
        disk += data.ljust(size * SECTOR, b'\0')
    disk[MBR_TABLE:MBR_TABLE + len(table)] = table
    disk[SECTOR - 2:SECTOR] = b'\x55\xaa'
    return bytes(disk)


def boot_disk(name: str, script: str, files: dict[str, bytes]) -> Disk:
    """A disk with GRUB, and the files that its script may boot."""
    return Disk(name).create(_partitioned((
        (PREP_TYPE, _core(name, '(,msdos2)/', script)),
        (LINUX_TYPE, _archive(files)))))


def boot_cd(name: str, script: str, files: dict[str, bytes]) -> Path:
    """The same on a CD."""
    path = log_dir() / f'{name}.iso'
    iso.write(path, name.upper(), {
        'PPC/BOOTINFO.TXT': BOOTINFO,
        'BOOT/GRUB.ELF': _core(name, '()/boot', script),
        **{key.upper(): value for key, value in files.items()}})
    return path


def check_linux(board: Board, cmdline: str) -> None:
    """The kernel came with what GRUB's script says."""
    got = board.sh('cat /proc/cmdline').split()
    expect_equal('the command line', got[1:], ['GUEST_MODE=test', cmdline])


@test('grub/disk', timeout=240)
def from_disk() -> None:
    """GRUB is in a PReP partition; Linux is on the disk, and sees it."""
    disk = boot_disk('boot', linux_script('', 'from=disk'), payload())
    with booted(replace(CONFIG, args=options(disk)), boot=()) as board:
        check_linux(board, 'from=disk')
        expect_equal('partitions', board.sh(
            'until [ -b /dev/sda2 ]; do usleep 50000; done; '
            'grep -c sda[12] /proc/partitions').strip(), '2')
    remove(disk)


@test('grub/cd', timeout=240)
def from_cd() -> None:
    """GRUB is what the CD's bootinfo.txt names."""
    path = boot_cd('install', linux_script('', 'from=cd'), payload())
    with booted(replace(CONFIG, args=('-cdrom', str(path))),
                boot=()) as board:
        check_linux(board, 'from=cd')
    path.unlink()


def expect_boot(args: Sequence[str], name: str) -> None:
    """It is the one with this name that is booted."""
    with running(replace(CONFIG, args=tuple(args)), boot=()) as board:
        board.console.expect(f'This is {name}\\.', BOOT_TIME)


@test('grub/bootindex', timeout=240)
def bootindex() -> None:
    """The order of disks is theirs, or what bootindex says."""
    one, two = (boot_disk(name, greeting(name), {}) for name in ('one', 'two'))
    two.where = 'channel=2,scsi-id=9,lun=3'
    expect_boot(options(one, two), 'one')
    two.more = 'bootindex=1'
    expect_boot(options(one, two), 'two')
    one.more = 'bootindex=0'
    expect_boot(options(one, two), 'one')
    # At another adapter
    expect_boot(['-device', 'spapr-vscsi', *ADAPTER, *two.args()], 'two')
    remove(one, two)


@test('grub/boot-order', timeout=240)
def boot_order() -> None:
    """-drive, -cdrom and -boot, as users have it."""
    disk = boot_disk('disk', greeting('disk'), {})
    path = boot_cd('cdrom', greeting('cdrom'), {})
    args = ['-drive', f'file={disk.path},format=raw', '-cdrom', str(path)]
    expect_boot(args, 'disk')
    expect_boot([*args, '-boot', 'd'], 'cdrom')
    expect_boot([*args, '-boot', 'order=cd'], 'disk')
    remove(disk)
    path.unlink()
