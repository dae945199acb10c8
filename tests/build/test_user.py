# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user may get wrong or lack: one clear line, and no harm done."""

import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from common import BUILD, TOP, run, tap_main

# The programs that scripts/packages needs, apt and dpkg aside.
SHELL_TOOLS = ('cat', 'dirname', 'env', 'grep', 'id', 'mkdir', 'sed', 'sh',
               'sleep', 'tail', 'tr')


class Temporary(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix='user-'))
        self.addCleanup(shutil.rmtree, self.dir)


class QemuSource(Temporary):
    """QEMU_SRC"""

    def stage(self, source):
        """Stage with this QEMU_SRC, which is to fail; return the output."""
        out = run('scripts/stage', code=1, QEMU_SRC=str(source),
                  BUILD_DIR=str(self.dir / 'build'))
        self.assertEqual(len(out.splitlines()), 1, out)
        return out

    def test_wrong_version(self):
        """Another series of QEMU is refused."""
        for version in ('9.2.4', '10.1.0', '10.0', '100.0.1'):
            (self.dir / 'VERSION').write_text(f'{version}\n')
            self.assertEqual(
                self.stage(self.dir),
                f'stage: QEMU_SRC={self.dir} is QEMU {version}; '
                'this board needs QEMU 10.0.x\n')

    def test_no_tree(self):
        """What is no QEMU tree is refused."""
        self.assertRegex(self.stage('/nowhere'), 'QEMU_SRC=/nowhere: this '
                         'is no QEMU source tree')

    def test_make_keeps_the_tree(self):
        """make fails, and the tree that was staged before is still there."""
        (self.dir / 'VERSION').write_text('9.2.4\n')
        state = (BUILD / 'stage.json').read_bytes()
        out = run('make', '-s', f'QEMU_SRC={self.dir}', code=2)
        self.assertIn('needs QEMU 10.0.x', out)
        self.assertEqual((BUILD / 'stage.json').read_bytes(), state)

    def test_good_tree(self):
        """A tree that the user has is staged as Debian's is."""
        # Its board is gone from it already, which does not matter.
        build = self.dir / 'build'
        source = self.dir / 'qemu'
        state = json.loads((BUILD / 'stage.json').read_text())
        ours = {str(BUILD / 'qemu' / path) for path in state['links']}
        shutil.copytree(
            BUILD / 'qemu', source, symlinks=True,
            ignore=lambda directory, names: [
                name for name in names
                if os.path.join(directory, name) in ours])
        shutil.copytree(BUILD / 'qemu-orig', source, dirs_exist_ok=True)
        run('scripts/stage', QEMU_SRC=str(source), BUILD_DIR=str(build))
        for name in ('hw/ppc/Kconfig', 'hw/ppc/pnv.c', 'hw/char/spapr_vty.c',
                     'configure', 'hw/ppc/trace-events'):
            self.assertEqual((build / 'qemu' / name).read_bytes(),
                             (BUILD / 'qemu' / name).read_bytes(), name)
            self.assertEqual(os.access(build / 'qemu' / name, os.X_OK),
                             os.access(BUILD / 'qemu' / name, os.X_OK), name)
        # A change in the user's tree comes over, and nothing else changes.
        before = (build / 'qemu/configure').stat().st_mtime_ns
        with open(source / 'hw/ppc/pnv.c', 'a', encoding='utf-8') as file:
            file.write('/* changed */\n')
        run('scripts/stage', QEMU_SRC=str(source), BUILD_DIR=str(build))
        self.assertTrue((build / 'qemu/hw/ppc/pnv.c').read_text()
                        .endswith('/* changed */\n'))
        self.assertEqual((build / 'qemu/configure').stat().st_mtime_ns,
                         before)


class Network(Temporary):
    """Downloads"""

    def test_no_network(self):
        """Without a network the user is told what cannot be had."""
        proxies = run('apt-config', 'dump', 'Acquire::http::Proxy',
                      'Acquire::https::Proxy')
        if not run('scripts/debpkg.py', 'mirror').startswith('http') or \
                re.search(r'"\w', proxies):
            self.skipTest('the mirror is not reached over the network here')
        dead = 'http://127.0.0.1:9'
        out = run('scripts/stage', code=1, BUILD_DIR=str(self.dir),
                  FETCH_PAUSE='0', QEMU_SRC='',
                  http_proxy=dead, https_proxy=dead,
                  HTTP_PROXY=dead, HTTPS_PROXY=dead, no_proxy='')
        last = out.splitlines()[-1]
        self.assertRegex(last, r'^stage: cannot load the package lists of '
                         r'Debian trixie .*\(network\?\)')

    def test_not_there(self):
        """A package that Debian does not have is named."""
        out = run('scripts/debpkg.py', 'fetch', 'no-such-package',
                  '--into', self.dir, code=1)
        self.assertEqual(out.splitlines()[-1], 'debpkg: Debian trixie has no '
                         'package no-such-package for ppc64el')

    def test_system_apt_is_not_touched(self):
        """The private apt state has nothing of the system's."""
        conf = next(iter(sorted((BUILD / 'apt').glob('*-ppc64el/apt.conf'))))
        dump = run('apt-config', '-c', conf, 'dump')
        settings = dict(re.findall(r'^(\S+) "(.*)";$', dump, re.M))
        private = str(conf.parent)
        for name in ('Dir::State', 'Dir::State::status', 'Dir::Cache',
                     'Dir::Etc::sourcelist'):
            self.assertTrue(settings[name].startswith(private), name)
        self.assertEqual(settings['Dir::Etc::sourceparts'], '/dev/null')
        for name in settings:
            self.assertNotRegex(name, '^APT::Update::P.*-Invoke.*::$')


class Packages(Temporary):
    """scripts/packages and its list"""

    def path(self, **programs):
        """A PATH with the shell's tools and these scripts, no more."""
        directory = self.dir / 'bin'
        directory.mkdir(exist_ok=True)
        for name in SHELL_TOOLS:
            if name not in programs:
                (directory / name).symlink_to(shutil.which(name))
        for name, text in programs.items():
            path = directory / name.replace('_', '-')
            path.write_text(f'#!/bin/sh\n{text}\n')
            path.chmod(0o755)
        return str(directory)

    def packages(self, path, code=1, **env):
        """Run scripts/packages with this PATH; return its last line."""
        release = self.dir / 'os-release'
        if not release.exists():
            release.write_text('ID=debian\nVERSION_ID="12"\n')
        out = run('scripts/packages', code=code, PATH=path,
                  BUILD_DIR=str(self.dir), OS_RELEASE=str(release), **env)
        return out.splitlines()[-1] if out else ''

    def test_all_there(self):
        """Nothing is asked for when nothing is missing."""
        names = '\n'.join(f'echo installed {n}' for n in listed())
        path = self.path(dpkg_query=names, apt_get='exit 1')
        self.assertEqual(self.packages(path, code=0), '')

    def test_no_apt(self):
        """A system without apt and dpkg."""
        self.assertEqual(self.packages(self.path()),
                         'packages: this system has no dpkg-query: '
                         'Debian 12 or 13 is needed')

    def test_other_distribution(self):
        """Another distribution, or a Debian that is too old."""
        path = self.path(dpkg_query='', apt_get='exit 1')
        (self.dir / 'os-release').write_text('ID=ubuntu\nVERSION_ID="24"\n')
        self.assertRegex(self.packages(path),
                         '^packages: this system is ubuntu: Debian 12 or 13')
        (self.dir / 'os-release').write_text('ID=debian\nVERSION_ID="11"\n')
        self.assertRegex(self.packages(path),
                         '^packages: Debian 11 is too old')

    def test_neither_root_nor_sudo(self):
        """A user who cannot install is told what to ask for."""
        path = self.path(dpkg_query='', apt_get='exit 1', id='echo 1000')
        self.assertEqual(
            self.packages(path), 'packages: there is neither root nor sudo '
            'to install what is missing; ask for: apt-get install '
            + ' '.join(listed()))

    def test_sudo_without_a_terminal(self):
        """sudo that would ask, where nobody can answer."""
        path = self.path(dpkg_query='', apt_get='exit 1', id='echo 1000',
                         sudo='exit 1')
        self.assertRegex(self.packages(path),
                         '^packages: sudo wants a password')

    def test_apt_fails(self):
        """apt that cannot install, as without a network."""
        path = self.path(dpkg_query='', id='echo 0',
                         apt_get='echo cannot resolve; exit 100')
        self.assertRegex(self.packages(path, FETCH_PAUSE='0'),
                         '^packages: apt-get cannot '
                         r'install what is missing \(is there a network\?\): ')

    def test_apt_recovers(self):
        """apt that can install at the third time."""
        mark = self.dir / 'installed'
        names = '\n'.join(f'echo installed {n}' for n in listed())
        path = self.path(id='echo 0', dpkg_query=f'''\
[ "$(grep -c install {mark} 2>/dev/null)" = 3 ] || exit 0
{names}''', apt_get=f'''\
echo "$@" >>{mark}
[ "$(grep -c install {mark})" = 3 ]''')
        self.packages(path, code=0, FETCH_PAUSE='0')
        self.assertEqual(len(mark.read_text().splitlines()), 5)

    def test_installs_what_is_missing(self):
        """What is missing is installed, with sudo, and nothing else."""
        mark = self.dir / 'installed'
        names = '\n'.join(f'echo installed {n}' for n in listed()
                          if n != 'ccache')
        path = self.path(
            id='echo 1000', sudo='[ "$1" = -n ] && shift; "$@"', true='',
            dpkg_query=f'{names}\n[ ! -e {mark} ] || echo installed ccache',
            apt_get=f'echo "$@" >{mark}')
        self.assertEqual(self.packages(path, code=0),
                         '  installing Debian packages: ccache')
        self.assertRegex(mark.read_text(), 'install .*recommends ccache\n$')

    def test_readme_has_the_list(self):
        """README.md names the same packages."""
        text = (TOP / 'README.md').read_text(encoding='utf-8')
        block = re.search(r'apt-get install ([^`]*)```', text)
        self.assertIsNotNone(block)
        self.assertEqual(block[1].replace('\\', '').split(), listed())


def listed():
    """The packages of scripts/packages.txt."""
    text = (TOP / 'scripts/packages.txt').read_text(encoding='utf-8')
    return [line.split('#')[0].strip() for line in text.splitlines()
            if line.split('#')[0].strip()]


if __name__ == '__main__':
    tap_main()
