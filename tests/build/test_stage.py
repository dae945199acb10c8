# SPDX-License-Identifier: GPL-2.0-or-later
"""Staging: the same tree each time, and no more changed than has to be."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from common import BUILD, TOP, run, tap_main

# The files of QEMU's that must never be in a staged tree, unless as a link
# to one of ours.
DROPPED = re.compile(
    r'hw/ppc/spapr.*|include/hw/ppc/(xics_)?spapr.*|hw/char/spapr_vty\.c'
    r'|include/hw/pci-host/spapr\.h|hw/net/spapr_.*|hw/scsi/spapr_.*'
    r'|hw/scsi/(viosrp|srp)\.h|hw/nvram/spapr_.*|hw/tpm/tpm_spapr\.c'
    r'|hw/intc/(spapr_xive.*|xics_spapr\.c)|hw/watchdog/spapr_.*'
    r'|docs/specs/ppc-spapr.*|docs/system/ppc/pseries.*')


def snapshot(directory):
    """Path, kind, time and size of each file of a tree."""
    found = {}
    for here, dirs, files in os.walk(directory):
        for name in files + dirs:
            path = os.path.join(here, name)
            stat = os.lstat(path)
            found[os.path.relpath(path, directory)] = (
                stat.st_mode, stat.st_mtime_ns, stat.st_size)
    return found


def paths(directory):
    """The paths of the files of a tree."""
    return {os.path.relpath(os.path.join(here, name), directory)
            for here, _, files in os.walk(directory) for name in files}


class Stage(unittest.TestCase):
    """Staging the tree that was built."""

    def test_again_changes_nothing(self):
        """Staging what is staged touches no file."""
        before = snapshot(BUILD / 'qemu')
        run('scripts/stage')
        self.assertGreater(len(before), 5000)
        self.assertEqual(before, snapshot(BUILD / 'qemu'))

    def test_nothing_dropped_is_there(self):
        """QEMU's own board is not in the tree."""
        links = set(json.loads((BUILD / 'stage.json').read_text())['links'])
        there = {p for p in paths(BUILD / 'qemu') if DROPPED.fullmatch(p)}
        self.assertEqual(there - links, set())
        for path in there:
            self.assertTrue((BUILD / 'qemu' / path).is_symlink())

    def test_one_file_rebuilds_what_depends(self):
        """After one of our files is touched, that alone is compiled."""
        source = TOP / 'hw/char/spapr_vty.c'
        stat = source.stat()
        before = self.compiled()
        try:
            os.utime(source)
            run('scripts/stage')
            after = self.compiled()
        finally:
            os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.assertEqual([Path(p).name for p in after - before],
                         ['hw_char_spapr_vty.c.o'])

    @staticmethod
    def compiled():
        """What ninja would compile now.

        That is always something: it cannot know that the version header,
        made anew each time, will be the same.
        """
        steps = run('ninja', '-n', '-C', BUILD / 'obj', 'qemu-system-ppc64')
        return set(re.findall(r'Compiling C object (\S+)', steps))


class StageCopy(unittest.TestCase):
    """Staging a copy of the repository, whose files can be changed."""

    @classmethod
    def setUpClass(cls):
        # Outside of our repository, so that git does not see it.
        cls.temp = tempfile.TemporaryDirectory(prefix='stage-')
        cls.top = Path(cls.temp.name) / 'copy'
        cls.build = Path(cls.temp.name) / 'build'
        cls.build.mkdir()
        for name in ('apt', 'dl'):
            if (BUILD / name).exists():
                (cls.build / name).symlink_to(BUILD / name)
        listing = subprocess.run(
            ['git', 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'], cwd=TOP, stdout=subprocess.PIPE,
            check=True, timeout=60).stdout
        for name in filter(None, os.fsdecode(listing).split('\0')):
            if (TOP / name).is_file():
                (cls.top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TOP / name, cls.top / name)
        cls.stage()

    @classmethod
    def tearDownClass(cls):
        cls.temp.cleanup()

    @classmethod
    def stage(cls, code=0):
        """Stage the copy."""
        return run(cls.top / 'scripts/stage', code=code, cwd=cls.top,
                   BUILD_DIR=str(cls.build))

    def change(self, name, edit):
        """Change a file of the copy until the end of the test."""
        path = self.top / name
        text = path.read_text(encoding='utf-8')
        self.addCleanup(self.stage)
        self.addCleanup(path.write_text, text, encoding='utf-8')
        path.write_text(edit(text), encoding='utf-8')

    def changed(self, before):
        """The paths that are not as they were."""
        after = snapshot(self.build / 'qemu')
        return {p for p in before.keys() | after.keys()
                if before.get(p) != after.get(p)
                and not (self.build / 'qemu' / p).is_dir()}

    def test_same_as_the_built_tree(self):
        """A tree staged from nothing has what the tree in use has."""
        here, there = self.build / 'qemu', BUILD / 'qemu'
        common = paths(here)
        self.assertEqual(common, paths(there))
        common = [p for p in common if (here / p).exists()]
        _, different, errors = filecmp.cmpfiles(here, there, common,
                                                shallow=False)
        self.assertEqual((different, errors), ([], []))

    def test_new_drop_rule(self):
        """A new rule changes the file it is for, and back again."""
        before = snapshot(self.build / 'qemu')
        original = (self.build / 'qemu/hw/ppc/Kconfig').read_bytes()
        self.change('series/drop.list',
                    lambda t: t + '\nsection hw/ppc/Kconfig PREP\n')
        self.stage()
        self.assertEqual(self.changed(before), {'hw/ppc/Kconfig'})
        self.doCleanups()
        self.assertEqual((self.build / 'qemu/hw/ppc/Kconfig').read_bytes(),
                         original)

    def test_file_edited_and_no_longer(self):
        """A file that is edited no more is as it was in QEMU."""
        path = self.build / 'qemu/hw/ppc/prep.c'
        original = path.read_bytes()
        self.change('series/drop.list',
                    lambda t: t + "\nline hw/ppc/prep.c 'QEMU PPC PREP'\n")
        self.stage()
        self.assertNotEqual(path.read_bytes(), original)
        self.doCleanups()
        self.assertEqual(path.read_bytes(), original)
        self.assertFalse((self.build / 'qemu-orig/hw/ppc/prep.c').exists())

    def test_rule_without_match(self):
        """A rule that finds nothing is an error that names it."""
        self.change('series/drop.list',
                    lambda t: t + '\nline hw/ppc/Kconfig NOSUCHTHING\n')
        out = self.stage(code=1)
        self.assertRegex(out, r'^stage: drop.list:\d+: hw/ppc/Kconfig .*'
                         'NOSUCHTHING')

    def test_patch_that_does_not_apply(self):
        """A patch that does not fit is an error that names it."""
        self.change('series/board.patch',
                    lambda t: re.sub(r'(?m)^ (\S)', r' not\1', t))
        self.assertRegex(self.stage(code=1),
                         r'^stage: board.patch does not apply: ')

    def test_files_come_and_go(self):
        """Our files are linked in, and links of files that went go."""
        new = self.top / 'hw/ppc/spapr_new/thing.c'
        link = self.build / 'qemu/hw/ppc/spapr_new/thing.c'
        before = snapshot(self.build / 'qemu')
        new.parent.mkdir()
        self.addCleanup(self.stage)
        self.addCleanup(shutil.rmtree, new.parent, ignore_errors=True)
        new.write_text('/* new */\n')
        self.stage()
        self.assertEqual(self.changed(before), {'hw/ppc/spapr_new/thing.c'})
        self.assertTrue(link.is_symlink())
        self.assertEqual(link.read_text(), '/* new */\n')
        new.unlink()
        self.stage()
        self.assertFalse(link.parent.exists())

    def test_file_that_qemu_has(self):
        """A file of ours at the path of one of QEMU's is an error."""
        ours = self.top / 'hw/ppc/pnv.c'
        self.addCleanup(self.stage)
        self.addCleanup(ours.unlink)
        ours.write_text('/* ours */\n')
        self.assertRegex(self.stage(code=1),
                         r'^stage: QEMU has a file of its own at hw/ppc/pnv.c')


if __name__ == '__main__':
    tap_main()
