# SPDX-License-Identifier: GPL-2.0-or-later
"""Running the long steps of the build: quiet, logged, with progress."""

import importlib.machinery
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import threading
import time

from debpkg import Error, ROOT, build_dir

TAIL = 40               # lines of a log that are shown when a step fails
PROGRESS_EVERY = 15     # seconds between lines of progress without a terminal

# A Python or compiler that the user has set up for something else must not
# leak into the build.
UNWANTED = ('PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'VIRTUAL_ENV',
            'MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')


def load_program(name):
    """A program of scripts/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name,
                                                  f'{ROOT}/scripts/{name}')
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def source_dir():
    """The staged tree."""
    return build_dir() / 'qemu'


def object_dir(asan=False):
    """Where QEMU is built; asan: where it is built with sanitizers."""
    return build_dir() / ('asan' if asan else 'obj')


def our_files(*suffixes):
    """Our files with one of these suffixes, as paths from the top."""
    listing = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others',
         '--exclude-standard'], cwd=ROOT, timeout=60,
        stdout=subprocess.PIPE, check=True).stdout
    paths = set(filter(None, os.fsdecode(listing).split('\0')))
    return sorted(p for p in paths
                  if p.endswith(suffixes) and (ROOT / p).is_file())


def our_python():
    """Our Python files, with the suffix or a first line that says so."""
    for path in our_files(''):
        with open(ROOT / path, 'rb') as file:
            first = file.readline(80)
        if path.endswith('.py') or (first.startswith(b'#!')
                                    and b'python3' in first):
            yield path


def our_qtests():
    """The qtest programs that are ours."""
    return sorted(path.stem
                  for path in (ROOT / 'tests/qtest').glob('*-test.c'))


def qemu_qtests():
    """QEMU's qtest programs that `make check` runs, and what they skip."""
    text = (ROOT / 'tests/qtest/qemu-tests.list').read_text(encoding='utf-8')
    found = {}
    suite = None
    for line in text.splitlines():
        for word in line.split('#')[0].split():
            if word.startswith('-'):
                found[suite].append(word[1:])
            else:
                suite = word
                found[suite] = []
    return found


def qtests():
    """The qtest programs that `make check` runs: ours and some of QEMU's."""
    return our_qtests() + list(qemu_qtests())


def verbose():
    """Whether V=1 asks to see the commands and their output."""
    return os.environ.get('V', '') not in ('', '0')


def say(text):
    """A line of progress."""
    print(f'  {text}', file=sys.stderr, flush=True)


def jobs():
    """How many jobs to run at once: $JOBS, or one for each CPU."""
    given = os.environ.get('JOBS', '')
    return int(given) if given.isdigit() and int(given) else os.cpu_count()


def clean_env(**extra):
    """The environment for tools: Debian's programs come first."""
    env = {k: v for k, v in os.environ.items() if k not in UNWANTED}
    path = env.get('PATH', '/usr/bin:/bin')
    env.update(PATH=f'/usr/bin:/bin:{path}', LC_ALL='C.UTF-8',
               PYTHONNOUSERSITE='1', PYTHONDONTWRITEBYTECODE='1')
    env.update(extra)
    return env


class Progress:
    """Shows how far a step is, from the '[1/10]' that ninja prints."""

    def __init__(self, name):
        self.name = name
        self.tty = sys.stderr.isatty()
        self.last = time.monotonic()
        self.shown = False

    def line(self, line):
        """Look at a line of the step's output."""
        count = re.match(r'\[(\d+)/(\d+)\]', line)
        now = time.monotonic()
        wait = 0.2 if self.tty else PROGRESS_EVERY
        if not count or now - self.last < wait:
            return
        self.last = now
        text = f'{self.name}: {count[1]} of {count[2]}'
        if self.tty:
            print(f'\r\033[K  {text}', end='', file=sys.stderr, flush=True)
            self.shown = True
        else:
            say(text)

    def done(self):
        """The step has ended."""
        if self.shown:
            print('\r\033[K', end='', file=sys.stderr, flush=True)


def why(log):
    """The lines of a log that say why a step failed."""
    lines = log.read_text(encoding='utf-8').splitlines()
    first = next((number for number, line in enumerate(lines)
                  if line.startswith('FAILED: ')), None)     # ninja's
    return lines[-TAIL:] if first is None else lines[first:first + TAIL]


def run(name, argv, log, cwd=None, env=None, timeout=7200):
    """Run a step; its output goes to a log, or to the terminal with V=1.

    name: what the user is told; log: the name of the log below build/log;
    timeout: in seconds.  Raises Error, after the end of the log was shown,
    when the step fails.
    """
    path = build_dir() / 'log' / log
    path.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.join(map(str, argv))
    if verbose():
        print(f'+ {command}', file=sys.stderr, flush=True)
    progress = Progress(name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'+ {command}\n')
        file.flush()
        with subprocess.Popen(argv, cwd=cwd, env=env or clean_env(),
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT,
                              errors='replace') as process:
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            for line in process.stdout:
                file.write(line)
                if verbose():
                    sys.stderr.write(line)
                else:
                    progress.line(line)
            code = process.wait()
            timer.cancel()
    progress.done()
    if code:
        if not verbose():
            print(*why(path), sep='\n', file=sys.stderr)
        shown = os.path.relpath(path, ROOT)
        raise Error(f'{name} failed (exit {code}); the log is {shown}')
    return path
