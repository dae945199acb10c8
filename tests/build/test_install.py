# SPDX-License-Identifier: GPL-2.0-or-later
"""make install: a binary that runs on its own, wherever it lies."""

import os
import re
import selectors
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from common import BUILD, TOP, kernel_image, run, tap_main

PREFIX = '/opt/qemu pseries'
BOOT_TIMEOUT = 120

# H_PUT_TERM_CHAR of eight bytes, and an endless loop
GREETING = b'Hello.\r\n'
KERNEL = kernel_image(struct.pack(
    '>10I',
    0x38600058,                                             # li    r3, 0x58
    0x38800000,                                             # li    r4, 0
    0x38a00000 + len(GREETING),                             # li    r5, 8
    0x3cc00000 + int.from_bytes(GREETING[:2], 'big'),       # lis   r6
    0x60c60000 + int.from_bytes(GREETING[2:4], 'big'),      # ori   r6, r6
    0x78c607c6,                                             # sldi  r6, r6, 32
    0x64c60000 + int.from_bytes(GREETING[4:6], 'big'),      # oris  r6, r6
    0x60c60000 + int.from_bytes(GREETING[6:], 'big'),       # ori   r6, r6
    0x44000022,                                             # sc    1
    0x48000000))                                            # b     .


def console(argv, wanted, cwd):
    """Run an emulator until its console has some text.

    Returns what the process had mapped by then.
    """
    with subprocess.Popen(argv, cwd=cwd, env={}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) \
            as process, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        deadline, output = time.monotonic() + BOOT_TIMEOUT, b''
        try:
            while wanted not in output:
                data = b''
                if selector.select(deadline - time.monotonic()):
                    data = os.read(process.stdout.fileno(), 4096)
                if not data:
                    raise AssertionError(f'no {wanted} on the console: '
                                         f'{output.decode(errors="replace")}')
                output += data
            return Path(f'/proc/{process.pid}/maps').read_text()
        finally:
            process.kill()


class Install(unittest.TestCase):
    """What make install leaves below DESTDIR."""

    @classmethod
    def setUpClass(cls):
        cls.dest = Path(tempfile.mkdtemp(prefix='install-'))
        cls.addClassCleanup(shutil.rmtree, cls.dest)
        run('make', '-s', 'install', f'PREFIX={PREFIX}',
            f'DESTDIR={cls.dest}')
        cls.top = Path(f'{cls.dest}{PREFIX}')

    def boot(self, top, *args, wanted):
        """Boot from there, in a strange place and with no environment."""
        binary = top / 'bin/qemu-system-ppc64'
        maps = console([binary, '-M', 'pseries', '-nodefaults', '-display',
                        'none', '-serial', 'stdio', *args], wanted, '/')
        self.assertIn(str(binary), maps)
        self.assertNotIn(str(BUILD), maps)

    def test_slof(self):
        """SLOF comes up to its prompt."""
        self.boot(self.top, '-prom-env', 'auto-boot?=false', wanted=b'0 > ')

    def test_vof_where_it_is_moved(self):
        """VOF starts a kernel, from another place than PREFIX."""
        moved = self.dest / 'moved'
        shutil.copytree(self.top, moved)
        kernel = self.dest / 'kernel'
        kernel.write_bytes(KERNEL)
        self.boot(moved, '-kernel', kernel, wanted=GREETING)

    def test_looks_nowhere_else(self):
        """It finds its files where they were installed, and only there."""
        out = subprocess.run(
            [self.top / 'bin/qemu-system-ppc64', '-L', 'help'], cwd='/',
            env={}, text=True, stdout=subprocess.PIPE, timeout=60,
            check=True).stdout
        places = [os.path.realpath(line) for line in out.splitlines()]
        self.assertIn(str(self.top / 'share/qemu'), places)
        for place in places:
            self.assertTrue(place.startswith(f'{self.top}/'), places)

    def test_files(self):
        """They are copies, which anybody may read, and none is half there."""
        files = [p for p in self.dest.rglob('*') if not p.is_dir()]
        self.assertGreater(len(files), 30)
        for path in files:
            self.assertFalse(path.is_symlink(), path)
            self.assertFalse(path.name.endswith('.partial'), path)
            wanted = 0o755 if path.parent.name == 'bin' else 0o644
            self.assertEqual(path.stat().st_mode & 0o777, wanted, path)

    def test_needs_no_library_of_ours(self):
        """The binary has no path to libraries in the build directory."""
        out = run('readelf', '-d', self.top / 'bin/qemu-system-ppc64')
        self.assertFalse(re.search('RPATH|RUNPATH', out), out)

    def test_relative_prefix(self):
        """A PREFIX that depends on where one is, is refused."""
        self.assertEqual(
            run('scripts/install', code=1, PREFIX='some/where'),
            'install: PREFIX=some/where is no absolute path\n')
        self.assertFalse((TOP / 'some').exists())


if __name__ == '__main__':
    tap_main()
