# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules of Debian's kernels, with those that they depend on."""

import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import elf
from .paths import SetupError

COMPRESSED = '.ko.xz'
PLAIN = '.ko'


def _name(path: str) -> str:
    """A module's name, by its file's."""
    base = path.rpartition('/')[2].removesuffix('.xz').removesuffix(PLAIN)
    return base.replace('-', '_')


class Modules:
    """The modules of one kernel."""

    def __init__(self, vmlinux: Path):
        package = vmlinux.resolve().parent.parent
        self.release = vmlinux.resolve().name.removeprefix('vmlinux-')
        for top in ('usr/lib/modules', 'lib/modules'):
            self._top = package / top / self.release
            if self._top.exists():
                break
        else:
            raise SetupError(f'{package} has no modules')
        self._files = {_name(path.name): path for suffix in (
            PLAIN, COMPRESSED) for path in self._top.rglob('*' + suffix)}
        self._builtin = {_name(line) for line in (
            self._top / 'modules.builtin').read_text('utf-8').splitlines()}

    def _data(self, name: str) -> bytes:
        path = self._files.get(name)
        if path is None:
            raise SetupError(f'{self._top} has no module {name}')
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == '.xz' else data

    def files(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """What a guest needs in its initramfs so that it can load them."""
        directory = f'lib/modules/{self.release}'
        depends: dict[str, list[str]] = {}
        todo = [_name(name) for name in names]
        while todo:
            name = todo.pop()
            if name in depends or name in self._builtin:
                continue
            data = self._data(name)
            depends[name] = [other for other in map(
                _name, elf.module_depends(data))
                if other not in self._builtin]
            todo += depends[name]
            yield f'{directory}/{name}.ko', data
        lines = [f'{name}.ko:' + ''.join(
            f' {other}.ko' for other in self._closure(depends, name))
            for name in sorted(depends)]
        yield f'{directory}/modules.dep', '\n'.join(lines + ['']).encode()
        wanted = [_name(name) for name in names if _name(name) in depends]
        yield 'etc/modules', '\n'.join(wanted + ['']).encode()

    def _closure(self, depends: dict[str, list[str]], name: str
                 ) -> list[str]:
        """All that a module depends on, what is loaded first at the end."""
        found: list[str] = []
        for other in depends[name]:
            for one in (other, *self._closure(depends, other)):
                if one in found:
                    found.remove(one)
                found.append(one)
        return found
