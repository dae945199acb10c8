# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest images: Debian's kernels, our initramfs, Debian's installer.

prepare() fetches and builds what is missing below build/guest; the rest of
the tests only asks for paths.  What is there is used without a look at the
archive: newer kernels come after `make clean`.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import programs
from .modules import Modules
from .paths import BUILD, GUEST_FILES, IMAGES, SetupError

import debpkg       # scripts/debpkg.py, found through paths

ARCH = programs.GUEST_ARCH

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


@dataclass(frozen=True)
class Extra:
    """What else a guest has: modules, which it loads, and programs."""
    modules: Sequence[str] = ()
    programs: Sequence[str] = ()


DISK = Extra(('ibmvscsi', 'sd_mod', 'sr_mod', 'sg', 'crc32c_generic', 'ext4',
              'isofs'), ('mkfs.ext4', 'e2fsck', 'eject'))
NET = Extra(('ibmveth', '8021q'), ('ethtool',))
NVRAM = Extra((), ('nvram',))
GRUB = ('trixie', 'grub-ieee1275-bin')
GRUB_MODULES = 'usr/lib/grub/powerpc-ieee1275'


def kernel(label: str) -> Path:
    """The kernel of this label, an ELF vmlinux."""
    return IMAGES / f'vmlinux-{label}'


def initramfs() -> Path:
    """Our initramfs: busybox and tests/functional/guest."""
    return IMAGES / 'initramfs.cpio'


def extended_initramfs(label: str, extra: Extra) -> Path:
    """Our initramfs with what a guest with that kernel has beside it."""
    if not extra.modules and not extra.programs:
        return initramfs()
    files = [(name, stat.S_IFREG | 0o755, path.read_bytes())
             for name, path in programs.in_guest(extra.programs)]
    base = initramfs().read_bytes()
    key = hashlib.sha256(f'{extra} {kernel(label).resolve()}'.encode() + base)
    for _, _, data in files:
        key.update(data)
    path = IMAGES / f'initramfs-{label}-{key.hexdigest()[:16]}.cpio'
    if not path.exists():
        modules = Modules(kernel(label))
        files += [(name, stat.S_IFREG | 0o644, data)
                  for name, data in modules.files(extra.modules)]
        _write(path, base + _cpio(_with_directories(files)))
    return path


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


def grub_modules() -> Path:
    """The directory with the modules of the guest's GRUB."""
    return IMAGES / 'grub'


def _link(path: Path, target: Path) -> None:
    if not target.exists():
        raise SetupError(f'a package of Debian lacks {target}')
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def _prepare_kernel(label: str) -> None:
    if kernel(label).exists():
        return
    suite, meta = KERNELS[label]
    name, deb = debpkg.fetch_kernel(suite, ARCH, meta, BUILD / 'debs')
    boot = debpkg.unpack(deb, IMAGES / f'{suite}-{name}') / 'boot'
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
            _link(link, programs.package(*package) / path)


def _prepare_programs() -> None:
    """Have in time what the tests' guests and the tests themselves run."""
    for name, program in programs.GUEST.items():
        if name not in programs.BENCH:
            programs.files(program)
    programs.on_host(*programs.MKIMAGE)
    if not grub_modules().exists():
        _link(grub_modules(), programs.package(*GRUB) / GRUB_MODULES)


def _prepare_installer() -> None:
    if all(path.exists() for path in installer()):
        return
    files = programs.package(*INSTALLER) / INSTALLER_FILES
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


def _with_directories(files: Iterable[tuple[str, int, bytes]]
                      ) -> Iterable[tuple[str, int, bytes]]:
    """The same files, each after the directories in which it is."""
    known: set[str] = set()
    for name, mode, data in files:
        for parent in reversed(Path(name).parents[:-1]):
            if str(parent) not in known:
                known.add(str(parent))
                yield str(parent), stat.S_IFDIR | 0o755, b''
        yield name, mode, data


def _write(path: Path, data: bytes) -> None:
    """Write a file that is there at once, or not at all."""
    partial = path.with_suffix(f'.{os.getpid()}')
    partial.write_bytes(data)
    partial.replace(path)


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
        _link(busybox, programs.package(*BUSYBOX) / 'usr/bin/busybox')
    archive = _cpio(_guest_files(busybox))
    path = initramfs()
    if not path.exists() or path.read_bytes() != archive:
        for old in IMAGES.glob('initramfs-*.cpio'):
            old.unlink()
        _write(path, archive)


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
            _prepare_programs()
        _prepare_initramfs()
    except debpkg.Error as err:
        raise SetupError(str(err)) from err
