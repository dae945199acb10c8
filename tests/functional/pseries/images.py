# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest images: Debian's kernels, our initramfs, Debian's installer.

prepare() fetches and builds what is missing below build/guest; the rest of
the tests only asks for paths.  What is there is used without a look at the
archive: newer kernels come after `make clean`.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from .paths import BUILD, GUEST_FILES, IMAGES, SetupError

import debpkg       # scripts/debpkg.py, found through paths

ARCH = 'ppc64el'

# Label: the release and the metapackage.  Debian 12 has its kernel with
# 64 KiB pages alone.
KERNELS = {
    '6.1-64k': ('bookworm', 'linux-image-powerpc64le'),
    '6.12-4k': ('trixie', 'linux-image-powerpc64le'),
    '6.12-64k': ('trixie', 'linux-image-powerpc64le-64k'),
}
BUSYBOX = ('trixie', 'busybox-static')
# Programs that busybox has not, and what they need to stand in an initramfs.
KEXEC = ('trixie', 'kexec-tools')
NUMACTL = ('trixie', 'numactl')
LIBNUMA = ('trixie', 'libnuma1')
LIBC = ('trixie', 'libc6')
TOOL_FILES = {
    'sbin/kexec': (KEXEC, 'usr/sbin/kexec'),
    'bin/numactl': (NUMACTL, 'usr/bin/numactl'),
    'lib64/ld64.so.2': (LIBC, 'usr/lib/powerpc64le-linux-gnu/ld64.so.2'),
    'lib/libc.so.6': (LIBC, 'usr/lib/powerpc64le-linux-gnu/libc.so.6'),
    'lib/libnuma.so.1': (LIBNUMA,
                         'usr/lib/powerpc64le-linux-gnu/libnuma.so.1'),
}
INSTALLER = ('bookworm', 'debian-installer-12-netboot-ppc64el')
INSTALLER_FILES = ('usr/lib/debian-installer/images/12/ppc64el/text/'
                   'debian-installer/ppc64el')


def kernel(label: str) -> Path:
    """The kernel of this label, an ELF vmlinux."""
    return IMAGES / f'vmlinux-{label}'


def initramfs() -> Path:
    """Our initramfs: busybox and tests/functional/guest."""
    return IMAGES / 'initramfs.cpio'


def tools_initramfs(kernels: Iterable[str], path: Path) -> Path:
    """Write an initramfs that has TOOL_FILES too, and kernels in /boot."""
    files = [('boot', stat.S_IFDIR | 0o755, b''),
             ('lib', stat.S_IFDIR | 0o755, b''),
             ('lib64', stat.S_IFDIR | 0o755, b'')]
    for name in TOOL_FILES:
        data = (IMAGES / 'tools' / Path(name).name).read_bytes()
        files.append((name, stat.S_IFREG | 0o755, data))
    for label in kernels:
        files.append((f'boot/{label}', stat.S_IFREG | 0o644,
                      kernel(label).read_bytes()))
    # The kernel takes one archive after the other.
    path.write_bytes(initramfs().read_bytes() + _cpio(files))
    return path


def installer() -> tuple[Path, Path]:
    """The kernel and the initrd of Debian's installer."""
    return IMAGES / 'installer-vmlinux', IMAGES / 'installer-initrd.gz'


def _package(suite: str, name: str) -> Path:
    """Fetch and unpack a package; return the directory with its files."""
    deb = debpkg.fetch(suite, ARCH, [name], BUILD / 'debs')[name]
    return debpkg.unpack(deb, IMAGES / f'{suite}-{name}')


def _link(path: Path, target: Path) -> None:
    if not target.exists():
        raise SetupError(f'a package of Debian lacks {target}')
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def _prepare_kernel(label: str) -> None:
    if kernel(label).exists():
        return
    suite, meta = KERNELS[label]
    name = debpkg.resolve(suite, ARCH, meta)
    boot = _package(suite, name) / 'boot'
    release = name.removeprefix('linux-image-')
    pages = label.rpartition('-')[2].upper()
    config = (boot / f'config-{release}').read_text()
    if f'CONFIG_PPC_{pages}_PAGES=y' not in config:
        raise SetupError(f'{name} of Debian {suite} has no {pages} pages')
    _link(kernel(label), boot / f'vmlinux-{release}')


def _prepare_tools() -> None:
    directory = IMAGES / 'tools'
    for name, (package, path) in TOOL_FILES.items():
        link = directory / Path(name).name
        if not link.exists():
            directory.mkdir(exist_ok=True)
            _link(link, _package(*package) / path)


def _prepare_installer() -> None:
    if all(path.exists() for path in installer()):
        return
    files = _package(*INSTALLER) / INSTALLER_FILES
    for path in installer():
        _link(path, files / path.name.removeprefix('installer-'))


def _cpio_entry(name: str, mode: int, data: bytes, inode: int) -> bytes:
    """One entry of a newc archive (Linux, buffer-format.rst)."""
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
              len(name) + 1, 0)
    head = b'070701' + b''.join(b'%08X' % f for f in fields)
    head += name.encode() + b'\0'
    return (head + b'\0' * (-len(head) % 4)
            + data + b'\0' * (-len(data) % 4))


def _cpio(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    entries = [_cpio_entry(name, mode, data, inode)
               for inode, (name, mode, data) in enumerate(files, 1)]
    return b''.join(entries) + _cpio_entry('TRAILER!!!', 0, b'', 0)


def _guest_files(busybox: Path) -> Iterable[tuple[str, int, bytes]]:
    """What goes into the initramfs: name, mode, contents."""
    for name in ('bin', 'dev', 'etc', 'proc', 'root', 'sbin', 'sys', 'tmp'):
        yield name, stat.S_IFDIR | 0o755, b''
    yield 'bin/busybox', stat.S_IFREG | 0o755, busybox.read_bytes()
    yield 'bin/sh', stat.S_IFLNK | 0o777, b'busybox'
    for path in sorted(GUEST_FILES.rglob('*')):
        if path.is_file():
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            yield (str(path.relative_to(GUEST_FILES)), stat.S_IFREG | mode,
                   path.read_bytes())


def _prepare_initramfs() -> None:
    busybox = IMAGES / 'busybox'
    if not busybox.exists():
        _link(busybox, _package(*BUSYBOX) / 'usr/bin/busybox')
    archive = _cpio(_guest_files(busybox))
    path = initramfs()
    if not path.exists() or path.read_bytes() != archive:
        partial = path.with_suffix('.partial')
        partial.write_bytes(archive)
        partial.replace(path)


def prepare(kernels: Iterable[str] = tuple(KERNELS),
            for_tests: bool = True) -> None:
    """Make the images; raise SetupError with what is missing."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    try:
        for label in kernels:
            _prepare_kernel(label)
        if for_tests:
            _prepare_installer()
            _prepare_tools()
        _prepare_initramfs()
    except debpkg.Error as err:
        raise SetupError(str(err)) from err
