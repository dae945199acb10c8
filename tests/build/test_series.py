# SPDX-License-Identifier: GPL-2.0-or-later
"""Which patch of the mailed series brings what: series/patches."""

import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from common import TOP, tap_main

sys.path.insert(0, str(TOP / 'scripts'))
import topics                                           # noqa: E402
from debpkg import Error                                # noqa: E402
from steps import load_program                          # noqa: E402

stage = load_program('stage')

LIST = '''\
# a comment
== drop hw/x: remove it
It goes.

== hw/x/one: add one
The first.

: */one.[ch]

== hw/x/two: add two
Two lines
of text.

: hw/x/two* tests/two-test.c
edit hw/x/Kconfig

== hw/x/none: add what is not there
: hw/x/none*
'''
FILES = ['hw/x/one.c', 'include/x/one.h', 'hw/x/two.c', 'hw/x/two_more.c',
         'tests/two-test.c']
PATCH = '''\
title

diff --git a/hw/x/meson.build b/hw/x/meson.build
--- a/hw/x/meson.build
+++ b/hw/x/meson.build
@@ -1,2 +1,9 @@
 before
+# A list
+ss.add(when: 'X', if_true: files(
+  'one.c',
+  'two.c',
+))
+ss.add(when: 'Y',
+       if_true: files('two_more.c'))
-obsolete
 after
diff --git a/hw/x/trace-events b/hw/x/trace-events
--- a/hw/x/trace-events
+++ b/hw/x/trace-events
@@ -1,1 +1,7 @@
 before
+# one.c
+one_event(void) "one"
+
+# two.c
+two_event(void) "two"
+
diff --git a/hw/x/Kconfig b/hw/x/Kconfig
--- a/hw/x/Kconfig
+++ b/hw/x/Kconfig
@@ -1,1 +1,2 @@
 before
+config X
'''


class Topics(unittest.TestCase):
    """The list, files and lines."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix='series-')
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def listed(self, files, text=LIST):
        """The topics of a list, with their files."""
        path = self.dir / 'patches'
        path.write_text(text, encoding='utf-8')
        return topics.assign(topics.read_topics(path), files)

    def spread(self, text):
        """A patch whose lines come with files."""
        path = self.dir / 'spread.patch'
        path.write_text(text, encoding='utf-8')
        return topics.Spread(path, self.listed(FILES))

    def test_list(self):
        """Titles, messages and files; what brings nothing is left out."""
        found = self.listed(FILES)
        self.assertEqual([(t.kind, t.title) for t in found],
                         [('drop', 'hw/x: remove it'),
                          ('topic', 'hw/x/one: add one'),
                          ('topic', 'hw/x/two: add two')])
        self.assertEqual(found[2].body, 'Two lines\nof text.')
        self.assertEqual([t.files for t in found],
                         [[], FILES[:2], FILES[2:]])

    def test_file_in_no_patch(self):
        """A file that nobody lists is one line that says what to do."""
        with self.assertRaises(Error) as caught:
            self.listed([*FILES, 'hw/x/three.c'])
        self.assertEqual(
            str(caught.exception),
            'no patch brings hw/x/three.c: add a line ": hw/x/three.c" below '
            'the title of its patch in series/patches')

    def test_file_in_two_patches(self):
        """A file that two patches list is an error that names both."""
        with self.assertRaisesRegex(Error, r'hw/x/one.c .*"hw/x/one: add one"'
                                    ' and "hw/x/two: add two"'):
            self.listed(FILES, LIST.replace('hw/x/two*', 'hw/x/*'))

    def test_lines_come_with_files(self):
        """Lines of build files and trace events come with what they name."""
        spread = self.spread(PATCH)
        self.assertEqual(spread.text(0), '')
        one = spread.text(1)
        self.assertIn(textwrap.dedent('''\
             before
            +# A list
            +ss.add(when: 'X', if_true: files(
            +  'one.c',
            +))
            -obsolete
             after
            '''), one)
        self.assertIn('+one_event(void)', one)
        self.assertNotIn('two', one)
        self.assertNotIn('Kconfig', one)
        self.assertEqual(spread.text(2), PATCH.partition('\n\n')[2])

    def test_line_that_names_nothing(self):
        """Lines that nobody brings are an error that says what to do."""
        with self.assertRaisesRegex(Error, 'spread.patch: .*"[+]config X".* '
                                    'add "edit hw/y/Kconfig" to the patch'):
            self.spread(PATCH.replace('hw/x/Kconfig', 'hw/y/Kconfig'))

    def test_ours(self):
        """Each file and each line of ours has its patch."""
        listed = topics.assign(topics.read_topics(TOP / topics.LIST),
                               stage.our_files())
        whole = {t.title for t in listed if t.kind == 'patch'}
        for path in stage.Series(TOP / 'series').patches:
            if path.name in whole:
                continue
            spread = topics.Spread(path, listed)
            text = path.read_text(encoding='utf-8')
            changes = [line for line in text.splitlines()
                       if line[:1] in ('+', '-')]
            self.assertEqual([line for line in
                              spread.text(len(listed)).splitlines()
                              if line[:1] in ('+', '-')], changes)


if __name__ == '__main__':
    tap_main()
