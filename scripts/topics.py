# SPDX-License-Identifier: GPL-2.0-or-later
"""series/patches: which patch brings which file, and which lines with it.

Most patches of series/series collect lines for many of our files: build
files, trace points, lists of suites.  In the series that is mailed such a
line comes with the patch that brings the file that it names.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from debpkg import Error

LIST = 'series/patches'
# What may follow a file's name without its suffix, as in a list of suites.
SUFFIXES = ('', '.c', '.rst')


@dataclass
class Topic:
    """A patch of the series that is mailed."""
    number: int             # of its line in the list
    kind: str               # 'topic', 'drop' or 'patch'
    title: str              # for a 'patch', the name of its file
    patterns: list = field(default_factory=list)
    edits: list = field(default_factory=list)
    body: str = ''
    files: list = field(default_factory=list)


def read_topics(path):
    """The topics of the list, in their order."""
    topics, kinds = [], {'drop': 'drop', 'patch': 'patch'}
    for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
        if line.startswith('#'):
            continue
        if line.startswith('== '):
            words = line.split(maxsplit=2)
            kind = kinds.get(words[1], 'topic')
            title = words[2] if kind != 'topic' else line[3:]
            topics.append(Topic(number, kind, title.strip()))
        elif not topics:
            if line.strip():
                raise Error(f'{LIST}:{number}: no title is above {line}')
        elif line.startswith(': '):
            topics[-1].patterns += line[2:].split()
        elif line.startswith('edit '):
            topics[-1].edits += line[5:].split()
        else:
            topics[-1].body += line + '\n'
    for topic in topics:
        topic.body = topic.body.strip('\n')
    return topics


def assign(topics, files):
    """Tell each topic its files; return the topics that have any to bring."""
    for path in files:
        mine = [topic for topic in topics
                if any(fnmatch.fnmatch(path, p) for p in topic.patterns)]
        if not mine:
            raise Error(f'no patch brings {path}: add a line ": {path}" below '
                        f'the title of its patch in {LIST}')
        if len(mine) > 1:
            raise Error(f'{LIST}: {path} belongs to one patch, but both '
                        f'"{mine[0].title}" and "{mine[1].title}" match it')
        mine[0].files.append(path)
    return [t for t in topics if t.files or t.kind != 'topic']


# The lines of a patch, and what they name

@dataclass
class Line:
    """A line of a patch; since: the first step that has it."""
    text: str
    since: int = 0
    owners: set = field(default_factory=set)


@dataclass
class Hunk:
    """A hunk of a patch."""
    head: str
    lines: list

    def blocks(self):
        """The runs of changed lines."""
        block = []
        for line in [*self.lines, Line('')]:
            if line.text[:1] in ('+', '-'):
                block.append(line)
            elif block:
                yield block
                block = []


class Spread:
    """A patch whose lines come with the files that they name."""

    def __init__(self, path, topics):
        self.name = path.name
        self.files = []             # (path, hunks)
        self._parse(path.read_text('utf-8').splitlines())
        self.steps = {file: step for step, topic in enumerate(topics)
                      for file in topic.files}
        for file, hunks in self.files:
            for hunk in hunks:
                for block in hunk.blocks():
                    self._time(file, block, topics)

    def _parse(self, lines):
        """Take the files and hunks out of the text of a patch."""
        hunks = hunk = None
        for here, line in enumerate(lines):
            follows = lines[here + 1] if here + 1 < len(lines) else ''
            if line.startswith('--- ') and follows.startswith('+++ '):
                hunks = hunk = None
                self.files.append((follows[6:].split('\t')[0], []))
            elif line.startswith('diff --git '):
                hunks = hunk = None
            elif line.startswith('+++ ') and hunks is None:
                hunks = self.files[-1][1]
            elif hunks is not None and line.startswith('@@ '):
                hunk = Hunk(line, [])
                hunks.append(hunk)
            elif hunk:
                hunk.lines.append(Line(line))

    def _owner(self, file, word):
        """Which of our files a word means in a file of QEMU's."""
        if word == PurePosixPath(word).stem and not re.search('[-_]', word):
            return None             # too plain a word
        path = os.path.normpath(f'{os.path.dirname(file)}/{word}')
        return next((path + s for s in SUFFIXES if path + s in self.steps),
                    None)

    def _time(self, file, block, topics):
        """Find out since when a run of changed lines is there."""
        units = list(split_units(file, block))
        for unit in units:
            for line in unit:
                words = re.findall(r'[\w./-]+', line.text[1:])
                line.owners = set(filter(None, (self._owner(file, w)
                                                for w in words)))
        def since(owners):
            return min((self.steps[o] for o in owners), default=None)
        first = since(o for line in block for o in line.owners)
        if first is None:
            first = next((step for step, topic in enumerate(topics)
                          if any(fnmatch.fnmatch(file, e)
                                 for e in topic.edits)), None)
        if first is None:
            raise Error(f'{self.name}: no line of "{block[0].text}" for '
                        f'{file} names a file of ours: add "edit {file}" to '
                        f'the patch in {LIST} that brings it')
        for unit in units:
            owners = set().union(*(line.owners for line in unit))
            for line in unit:
                if len(owners) == 1:
                    line.since = since(owners)
                elif line.owners:
                    line.since = since(line.owners)
                else:
                    line.since = first

    def text(self, step):
        """The patch at a step: empty when no line of it is there yet."""
        out = []
        for file, hunks in self.files:
            kept = []
            for hunk in hunks:
                lines = []
                for line in hunk.lines:
                    if line.since <= step:
                        lines.append(line.text)
                    elif line.text.startswith('-'):
                        lines.append(' ' + line.text[1:])
                if any(text[:1] in ('+', '-') for text in lines):
                    kept += [hunk.head, *lines]
            if kept:
                out += [f'diff --git a/{file} b/{file}', f'--- a/{file}',
                        f'+++ b/{file}', *kept]
        return '\n'.join(out) + '\n' if out else ''


def split_units(file, block):
    """Split a run of changed lines into what belongs together.

    That is a section of a trace-events file or Kconfig, or a statement of a
    meson.build with the comment above it; of any other file it is a line.
    """
    name = os.path.basename(file)
    unit, depth = [], 0
    for line in block:
        text = line.text[1:].strip()
        if name in ('trace-events', 'Kconfig'):
            if re.match(r'# \S+\.c$|config \S+$', text) and unit:
                yield unit
                unit = []
            unit.append(line)
        elif name == 'meson.build':
            unit.append(line)
            if not text or text.startswith('#'):
                continue
            depth += sum(text.count(c) for c in '([{')
            depth -= sum(text.count(c) for c in ')]}')
            depth += bool(re.match(r'(foreach|if)\b', text))
            depth -= text in ('endforeach', 'endif')
            if depth <= 0:
                yield unit
                unit, depth = [], 0
        else:
            yield [line]
    if unit:
        yield unit
