# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/debpkg.py takes from a mirror that isn't in order."""

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common import TOP, tap_main

sys.path.insert(0, str(TOP / 'scripts'))
import debpkg                                           # noqa: E402

SUITE, ARCH = 'trixie', 'ppc64el'
META = 'linux-image-powerpc64le'


def kernel(version):
    """The name of a kernel image."""
    return f'linux-image-{version}+deb13-powerpc64le'


class Mirror(unittest.TestCase):
    """An archive in a directory, with packages made for it.

    apt reads it as it reads Debian's, but for the signature.
    """

    def setUp(self):
        """Make the directories, and have debpkg look there."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        top = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.archive, self.debs = top / 'archive', top / 'debs'
        (self.archive / 'pool').mkdir(parents=True)
        stack.enter_context(mock.patch.dict(
            os.environ, BUILD_DIR=str(top / 'build'), FETCH_PAUSE='0'))
        stack.enter_context(mock.patch.object(
            debpkg.State, '_sources', lambda state, name:
            f'deb [trusted=yes arch={state.arch} targets=Packages] '
            f'copy:{self.archive} {name} main\n'))
        self.said = []
        stack.enter_context(mock.patch.object(debpkg, '_say',
                                              self.said.append))

    def package(self, name, version, depends=''):
        """Make a package; return its paragraph of the lists."""
        control = f'''\
Package: {name}
Version: {version}
Architecture: {ARCH}
Maintainer: Nobody <nobody@localhost>
Description: {name}
''' + (f'Depends: {depends}\n' if depends else '')
        path = f'pool/{name}_{version}_{ARCH}.deb'
        with tempfile.TemporaryDirectory() as tree:
            os.chmod(tree, 0o755)
            (Path(tree) / 'DEBIAN').mkdir(mode=0o755)
            (Path(tree) / 'DEBIAN/control').write_text(control, 'utf-8')
            subprocess.run(['dpkg-deb', '--build', tree, self.archive / path],
                           stdout=subprocess.DEVNULL, check=True)
        data = (self.archive / path).read_bytes()
        return (f'{control}Filename: {path}\nSize: {len(data)}\n'
                f'SHA256: {hashlib.sha256(data).hexdigest()}\n')

    def release(self, name, *packages):
        """Have a release of that name with lists of these packages."""
        lists = f'main/binary-{ARCH}/Packages'
        path = self.archive / 'dists' / name / lists
        path.parent.mkdir(parents=True)
        path.write_text('\n'.join(packages), 'utf-8')
        data = path.read_bytes()
        (self.archive / 'dists' / name / 'Release').write_text(
            f'Suite: stable\nCodename: {SUITE}\nComponents: main\n'
            f'Architectures: {ARCH}\nSHA256:\n'
            f' {hashlib.sha256(data).hexdigest()} {len(data)} {lists}\n',
            'utf-8')

    def lose(self, name, version):
        """A package that the lists name is not to be had."""
        (self.archive / f'pool/{name}_{version}_{ARCH}.deb').unlink()

    def fetch_kernel(self):
        """The name and the file of the kernel that is got."""
        name, path = debpkg.fetch_kernel(SUITE, ARCH, META, self.debs)
        self.assertTrue(path.exists())
        return name, path.name

    def test_in_order(self):
        """The newest kernel comes, and nothing of the other lists."""
        old = self.package(kernel('6.12.9'), '6.12.9-1')
        new = self.package(kernel('6.12.10'), '6.12.10-1')
        meta = self.package(META, '6.12.10-1', f'{kernel("6.12.10")} (= 1)')
        self.release(SUITE, old, new, meta)
        self.release('stable', old)
        self.assertEqual(self.fetch_kernel(),
                         (kernel('6.12.10'),
                          f'{kernel("6.12.10")}_6.12.10-1_{ARCH}.deb'))

    def test_lists_of_before(self):
        """Where the lists are ahead, the release's other name serves."""
        old = self.package('tool', '1.0-1')
        new = self.package('tool', '1.0-2')
        self.release(SUITE, new)
        self.release('stable', old)
        self.lose('tool', '1.0-2')
        got = debpkg.fetch(SUITE, ARCH, ['tool'], self.debs)
        self.assertEqual(got['tool'].name, f'tool_1.0-1_{ARCH}.deb')
        self.assertTrue(got['tool'].exists())

    def test_broken_off(self):
        """A part of a package, as a lost connection leaves, is no package."""
        self.release(SUITE, self.package('tool', '1.0-1'))
        whole = next((self.archive / 'pool').iterdir()).read_bytes()
        self.debs.mkdir()
        (self.debs / f'tool_1.0-1_{ARCH}.deb').write_bytes(whole[:100])
        got = debpkg.fetch(SUITE, ARCH, ['tool'], self.debs)
        self.assertEqual(got['tool'].read_bytes(), whole)

    def test_comes_back(self):
        """What is away for a moment is tried again, from the same lists."""
        self.release(SUITE, self.package('tool', '1.0-2'))
        self.release('stable', self.package('tool', '1.0-1'))
        pool, away = self.archive / 'pool', self.archive / 'away'
        pool.rename(away)
        with mock.patch.object(debpkg, '_pause', lambda: away.rename(pool)):
            got = debpkg.fetch(SUITE, ARCH, ['tool'], self.debs)
        self.assertEqual(got['tool'].name, f'tool_1.0-2_{ARCH}.deb')

    def test_lists_come_back(self):
        """So are the lists."""
        self.release(SUITE, self.package('tool', '1.0-1'))
        dists, away = self.archive / 'dists', self.archive / 'away'
        dists.rename(away)
        with mock.patch.object(debpkg, '_pause', lambda: away.rename(dists)):
            got = debpkg.fetch(SUITE, ARCH, ['tool'], self.debs)
        self.assertTrue(got['tool'].exists())

    def test_kernel_of_before(self):
        """A kernel that the archive lacks gives way to the one before it."""
        older = self.package(kernel('6.12.9'), '6.12.9-1')
        old = self.package(kernel('6.12.94'), '6.12.94-1')
        pages = self.package(f'{kernel("6.12.95")}-64k', '6.12.95-1')
        new = self.package(kernel('6.12.107'), '6.12.107-1')
        meta = self.package(META, '6.12.107-1', kernel('6.12.107'))
        self.release(SUITE, older, old, pages, new, meta)
        self.lose(kernel('6.12.107'), '6.12.107-1')
        self.assertEqual(self.fetch_kernel()[0], kernel('6.12.94'))
        self.assertTrue(any('6.12.107' in text and 'older' in text
                            for text in self.said), self.said)

    def test_kernel_of_lists_of_before(self):
        """The release's other name has another kernel."""
        old = self.package(kernel('6.12.94'), '6.12.94-1')
        new = self.package(kernel('6.12.107'), '6.12.107-1')
        self.release(SUITE, new, self.package(META, '2', kernel('6.12.107')))
        self.release('stable', old,
                     self.package(META, '1', kernel('6.12.94')))
        self.lose(kernel('6.12.107'), '6.12.107-1')
        self.assertEqual(self.fetch_kernel()[0], kernel('6.12.94'))

    def test_none(self):
        """Where there is none at all, the first failure is told."""
        new = self.package(kernel('6.12.107'), '6.12.107-1')
        self.release(SUITE, new, self.package(META, '2', kernel('6.12.107')))
        self.lose(kernel('6.12.107'), '6.12.107-1')
        with self.assertRaisesRegex(debpkg.Error, 'cannot download '
                                    r'linux-image-6\.12\.107.*of Debian'):
            self.fetch_kernel()


if __name__ == '__main__':
    tap_main()
