# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of Debian's packages with the libraries they need.

They come for guests, and for this host too, where they run from the build
directory.  What was found is noted in build/guest, so that the archive is
looked at only once.
"""

import json
import os
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import elf
from .paths import BUILD, IMAGES, SetupError

import debpkg       # scripts/debpkg.py, found through paths

SUITE = 'trixie'
GUEST_ARCH = 'ppc64el'
LIBRARIES = ('usr/lib/*', 'usr/lib/*/*', 'lib/*', 'usr/lib', 'lib')
RUN_TIME = 60


@dataclass(frozen=True)
class Program:
    """A program's package, and its place in it."""
    package: str
    path: str
    arch: str = GUEST_ARCH
    more: Sequence[str] = ()    # libraries that it loads as it runs
    suite: str = SUITE

    @property
    def name(self) -> str:
        """How one calls it."""
        return Path(self.path).name

    @property
    def note(self) -> Path:
        """Where its files are noted."""
        suite = '' if self.suite == SUITE else f'-{self.suite}'
        return IMAGES / f'program-{self.name}-{self.arch}{suite}.json'


GUEST = {program.name: program for program in (
    Program('e2fsprogs', 'usr/sbin/mkfs.ext4'),
    Program('e2fsprogs', 'usr/sbin/e2fsck'),
    Program('eject', 'usr/bin/eject'),
    Program('ethtool', 'usr/sbin/ethtool'),
    Program('powerpc-ibm-utils', 'usr/sbin/nvram'),
    Program('powerpc-ibm-utils', 'usr/sbin/errinjct'),
    Program('powerpc-ibm-utils', 'usr/sbin/drmgr'),
    # Debian 13 has it no more
    Program('ppc64-diag', 'usr/sbin/rtas_errd', suite='bookworm'),
    Program('iperf3', 'usr/bin/iperf3', more=('libgcc_s.so.1',)),
    Program('fio', 'usr/bin/fio'),
)}
# For the benchmarks alone, which get them when they need them.
BENCH = ('iperf3', 'fio')
# On this host: what makes GRUB's images, from the modules for the guest.
MKIMAGE = ('grub-common', 'usr/bin/grub-mkimage')


def package(suite: str, name: str, arch: str = GUEST_ARCH) -> Path:
    """Fetch and unpack a package; return the directory with its files."""
    deb = debpkg.fetch(suite, arch, [name], BUILD / 'debs')[name]
    suffix = '' if arch == GUEST_ARCH else f'-{arch}'
    return debpkg.unpack(deb, IMAGES / f'{suite}-{name}{suffix}')


def _library(directories: Sequence[Path], name: str) -> Path | None:
    for directory in directories:
        for pattern in LIBRARIES:
            for path in sorted(directory.glob(f'{pattern}/{name}')):
                return path
    return None


def _resolve(program: Program) -> dict[str, Path]:
    """The files of a program by their names, from its package's depends."""
    first = package(program.suite, program.package, program.arch)
    found = {program.name: first / program.path}
    if not found[program.name].exists():
        raise SetupError(f'{program.package} of Debian {program.suite} lacks '
                         + program.path)
    wanted = elf.needed(found[program.name].read_bytes()).union(program.more)
    directories: list[Path] = []
    names = deque([program.package])
    seen = {program.package}
    while True:
        missing = wanted - found.keys()
        new = {name: path for name in missing
               if (path := _library(directories, name))}
        for path in new.values():
            wanted |= elf.needed(path.read_bytes())
        found.update(new)
        if new:
            continue
        if not missing:
            return found
        if not names:
            raise SetupError(f'{program.package} of Debian needs '
                             + ', '.join(sorted(missing)))
        name = names.popleft()
        directories.append(package(program.suite, name, program.arch))
        for other in debpkg.depends(program.suite, program.arch, name):
            if other.startswith(('lib', 'zlib')) and other not in seen:
                seen.add(other)
                names.append(other)


def files(program: Program) -> dict[str, Path]:
    """A program and its libraries by their names."""
    try:
        noted = json.loads(program.note.read_text('utf-8'))
        found = {name: IMAGES / path for name, path in noted.items()}
        if all(path.exists() for path in found.values()):
            return found
    except FileNotFoundError:
        pass
    found = _resolve(program)
    noted = {name: os.path.relpath(path, IMAGES)
             for name, path in found.items()}
    partial = program.note.with_suffix(f'.{os.getpid()}')
    partial.write_text(json.dumps(noted, indent=2), encoding='utf-8')
    partial.replace(program.note)
    return found


def in_guest(names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Where programs and their libraries lie in a guest, and here."""
    placed: dict[str, Path] = {}
    for one in names:
        for name, path in files(GUEST[one]).items():
            if name == one:
                placed[f'bin/{name}'] = path
            elif name.startswith('ld'):
                placed[f'lib64/{name}'] = path
            else:
                placed[f'lib/{name}'] = path
    yield from sorted(placed.items())


def host_arch() -> str:
    """The Debian name of this host's architecture."""
    done = subprocess.run(['dpkg', '--print-architecture'], text=True,
                          stdout=subprocess.PIPE, check=True, timeout=30)
    return done.stdout.strip()


def on_host(package_name: str, path: str) -> list[str]:
    """How a program that is not installed is called here."""
    program = Program(package_name, path, host_arch())
    parts = files(program)
    loader = next(path for name, path in parts.items()
                  if name.startswith('ld'))
    directories = sorted({str(part.parent) for part in parts.values()})
    return [str(loader), '--library-path', ':'.join(directories),
            str(parts[program.name])]


def run_on_host(package_name: str, path: str, *args: str) -> None:
    """Run such a program to its end."""
    done = subprocess.run([*on_host(package_name, path), *args], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=RUN_TIME, check=False)
    if done.returncode:
        raise SetupError(f'{path} of {package_name} failed: {done.stdout}')
