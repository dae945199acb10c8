# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' register and their runner.

Each test runs in a process of its own, in a process group of its own, so
that a time limit ends it with all that it started.  Its standard input is a
pipe whose end tells that the runner is gone, however that came.  Results
are printed as TAP, in the order of the register.
"""

import fnmatch
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TextIO

from .console import PATIENCE
from .logs import own_logs
from .paths import LOGS, SetupError

SKIPPED = 77                # exit code of a test that can't be run here

DIAGNOSTIC_LINES = 120      # of a failed test's output that are shown
REASON = '-- it failed:'    # a line; what follows is shown first


class Skip(Exception):
    """Why a test can't be run on this host."""


@dataclass
class Test:
    """A test: its function raises when it fails."""
    name: str
    function: Callable[[], None]
    check: bool             # part of the selection `check`
    timeout: float          # seconds that it may take on a quiet host

    @property
    def log_name(self) -> str:
        """A directory name for its logs."""
        return self.name.replace('/', '_')


@dataclass
class Outcome:
    """How a test ended."""
    passed: bool
    seconds: float
    output: str
    skipped: bool = False


REGISTER: dict[str, Test] = {}


def add(name: str, function: Callable[[], None], check: bool = True,
        timeout: float = 180) -> None:
    """Register a test."""
    if name in REGISTER:
        raise ValueError(f'two tests are called {name}')
    REGISTER[name] = Test(name, function, check, timeout)


def test(name: str, check: bool = True, timeout: float = 180
         ) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorator that registers a function without arguments as a test."""
    def register(function: Callable[[], None]) -> Callable[[], None]:
        add(name, function, check, timeout)
        return function
    return register


def select(selection: str, pattern: str | None) -> list[Test]:
    """The tests of a selection ('check' or 'full') that match a pattern."""
    tests = [t for t in REGISTER.values() if t.check or selection == 'full']
    if pattern:
        tests = [t for t in tests
                 if pattern in t.name or fnmatch.fnmatch(t.name, pattern)]
    return tests


def _end_with_runner() -> None:
    """Wait for the runner's end; then end this test's process group."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)


def run_here(name: str) -> int:
    """Run one test in this process; return its exit code."""
    threading.Thread(target=_end_with_runner, daemon=True).start()
    try:
        with own_logs():
            REGISTER[name].function()
    except Skip as err:
        print(err)
        return SKIPPED
    except Exception as err:    # whatever it is, it is the test's failure
        print(REASON)
        print(f'{type(err).__name__}: {err}')
        # From the test down to the helper that raised it
        for frame in traceback.extract_tb(err.__traceback__)[1:]:
            if frame.filename.startswith(os.path.dirname(__file__)):
                print(f'at {os.path.basename(frame.filename)}:{frame.lineno}: '
                      f'{frame.line}')
        return 1
    return 0


class Runner:
    """Runs tests, some at a time."""

    def __init__(self, script: str):
        self._script = script
        self._children: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._alive, self._alive_end = os.pipe()

    def _end(self, child: 'subprocess.Popen[str]', how: int) -> None:
        try:
            os.killpg(child.pid, how)
        except ProcessLookupError:
            pass

    def stop(self) -> None:
        """End all tests, because the user wants it."""
        with self._lock:
            self._stopping = True
            for child in self._children:
                self._end(child, signal.SIGKILL)

    def _wait(self, child: 'subprocess.Popen[str]', timeout: float) -> str:
        """Wait for a test's end, forced if need be; return its output."""
        try:
            output, _ = child.communicate(timeout=timeout)
            return output
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)    # it reports where it is
            try:
                output, _ = child.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                self._end(child, signal.SIGKILL)
                output, _ = child.communicate()
            return f'ended after {timeout:.0f} s\n{output}'
        finally:
            self._end(child, signal.SIGKILL)    # whatever it left behind
            with self._lock:
                self._children.discard(child)

    def run(self, one: Test) -> Outcome:
        """Run a test in a process of its own."""
        environment = dict(os.environ, FUNCTIONAL_TEST=one.log_name)
        start = time.monotonic()
        with self._lock:
            if self._stopping:
                return Outcome(False, 0, 'not run')
            child = subprocess.Popen(
                [sys.executable, '-u', self._script, '--child', one.name],
                env=environment, text=True, errors='replace',
                stdin=self._alive, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, start_new_session=True)
            self._children.add(child)
        output = self._wait(child, one.timeout * PATIENCE)
        skipped = child.returncode == SKIPPED
        return Outcome(skipped or child.returncode == 0,
                       time.monotonic() - start, output, skipped)


def _print_outcome(number: int, one: Test, outcome: Outcome,
                   out: TextIO) -> None:
    word = 'ok' if outcome.passed else 'not ok'
    note = f'{outcome.seconds:.1f} s'
    if outcome.skipped:
        note = f'SKIP {" ".join(outcome.output.split())}'
    print(f'{word} {number} - {one.name} # {note}', file=out)
    if not outcome.passed:
        rest, _, reason = outcome.output.partition(REASON + '\n')
        for line in (reason.splitlines()
                     + rest.splitlines()[-DIAGNOSTIC_LINES:]):
            print(f'# {line}', file=out)
        print(f'# logs: {LOGS / one.log_name}', file=out)
    out.flush()


def run_all(tests: Sequence[Test], jobs: int, script: str) -> int:
    """Run tests and print TAP; return the exit code."""
    if not tests:
        raise SetupError('no test has such a name')
    runner = Runner(script)

    def interrupted(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    print('TAP version 13', f'1..{len(tests)}', sep='\n', flush=True)
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        try:
            outcomes = pool.map(runner.run, tests)
            for number, (one, outcome) in enumerate(zip(tests, outcomes), 1):
                _print_outcome(number, one, outcome, sys.stdout)
                failed += not outcome.passed
        except KeyboardInterrupt:
            runner.stop()
            print('Bail out! interrupted', flush=True)
            return 130
    print(f'# {len(tests) - failed} passed, {failed} failed', flush=True)
    return 1 if failed else 0
