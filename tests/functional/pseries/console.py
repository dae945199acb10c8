# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's console: expect text, run commands in the guest's shell."""

import codecs
import os
import re
import select
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# What no kernel may say during a test.
CRASH = re.compile(r'Kernel panic|Oops:|\bBUG: |WARNING: CPU: |------------\[ '
                   r'cut here|Unable to handle kernel|kernel BUG at|'
                   r'rcu.*detected stalls?|blocked for more than|'
                   r'self-detected stall|Badness at|soft lockup|hard lockup')
READY = 'GUEST READY '      # guest/sbin/console prints it
OVERLAP = 512               # longest text that a pattern has to match
POLL_TIME = 0.2
PATIENCE = 4        # limits are those of a quiet host; others take this longer
TRACE_TIME = 3.0            # seconds that a crashing kernel gets to say why


class ConsoleError(Exception):
    """The console did not do what a test expected."""


@dataclass
class Result:
    """What a command in the guest printed, and its exit status."""
    output: str
    status: int


class Console:
    """Our end of a console: a file descriptor, which the object owns.

    A thread drains it into a log and a buffer, so that a guest never waits
    for a test to read.  expect() moves a position through the buffer.
    """

    def __init__(self, fd: int, log: Path):
        self.log = log
        self.text = ''              # everything so far, without \r
        self.reading = True         # False makes the other side wait
        os.set_blocking(fd, False)
        self._fd = fd
        self._position = 0          # expect() looks from here on
        self._commands = 0
        self._crash_scanned = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _read(self) -> bytes | None:
        """What has come; None at the end."""
        if not self.reading:
            time.sleep(POLL_TIME)
            return b''
        if not select.select([self._fd], [], [], POLL_TIME)[0]:
            return b''
        try:
            return os.read(self._fd, 65536) or None
        except OSError:             # so a pty tells its other side's end
            return None

    def _drain(self) -> None:
        decode = codecs.getincrementaldecoder('utf-8')('replace').decode
        with open(self.log, 'ab', buffering=0) as log:
            while not self._closed:
                data = self._read()
                if data is None:
                    break
                if data:
                    log.write(data)
                    with self._changed:
                        self.text += decode(data).replace('\r', '')
                        self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the connection, after which QEMU never waits for us."""
        if self._fd >= 0:
            self._closed = True
            self._thread.join(5)
            os.close(self._fd)
            self._fd = -1

    def wait_end(self) -> None:
        """Read all that QEMU, which has ended, has written."""
        self._thread.join(10)

    def drain(self) -> None:
        """Read what a stopped machine has written so far."""
        quiet = 0
        while quiet < 3:
            known = len(self.text)
            time.sleep(POLL_TIME / 4)
            waiting = not self._closed and select.select([self._fd], [], [],
                                                         0)[0]
            quiet = 0 if waiting or len(self.text) > known else quiet + 1

    def drop(self) -> None:
        """Forget what has come: expect() looks at what comes from now on."""
        self._position = len(self.text)

    def tail(self, lines: int = 30) -> str:
        """The last lines, for a person to see what went wrong."""
        return '\n'.join(self.text.rstrip().splitlines()[-lines:])

    def _check_crash(self) -> None:
        """Raise when the guest's kernel complained."""
        start = max(0, self._crash_scanned - OVERLAP)
        self._crash_scanned = len(self.text)
        found = CRASH.search(self.text, start)
        if found:
            self._changed.wait_for(lambda: self._closed, TRACE_TIME)
            line_end = self.text.find('\n', found.end())
            raise ConsoleError('the guest kernel complained: '
                               + self.text[found.start():line_end])

    def expect(self, pattern: str, timeout: float,
               crash_check: bool = True) -> re.Match[str]:
        """Wait for a pattern, at most OVERLAP characters of text long."""
        regex = re.compile(pattern)
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        start = self._position
        with self._changed:
            while True:
                found = regex.search(self.text, start)
                if found:
                    self._position = found.end()
                    return found
                if crash_check:
                    self._check_crash()
                start = max(start, len(self.text) - OVERLAP)
                left = deadline - time.monotonic()
                if self._closed:
                    raise ConsoleError(f'console closed; expected {pattern}')
                if left <= 0:
                    raise ConsoleError(
                        f'timeout: no {pattern!r} within {timeout:.0f} s')
                self._changed.wait(left)

    def expect_crash(self, pattern: str, timeout: float) -> None:
        """Wait for a pattern while the guest's kernel may complain."""
        self.expect(pattern, timeout, crash_check=False)
        self._crash_scanned = len(self.text)

    def send(self, text: str, timeout: float = 30) -> None:
        """Type text; waits while the guest takes none."""
        data = memoryview(text.encode())
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while data:
            if select.select([], [self._fd], [], POLL_TIME)[1]:
                data = data[os.write(self._fd, data):]
            if data and time.monotonic() > deadline:
                raise ConsoleError(f'the guest took no input for '
                                   f'{timeout:.0f} s, {len(data)} left')

    def wait_shell(self, timeout: float) -> None:
        """Wait for the guest's shell to start, after boot or reboot."""
        self.expect(READY + r'\S+\n', timeout)

    def begin(self, command: str) -> int:
        """Start a command; returns the number that end() wants."""
        self._commands += 1
        number = self._commands
        self.send(f"printf '<%s begin>\\n' {number}; {{\n{command}\n}}; "
                  f"printf '\\n<%s end %d>\\n' {number} $?\n")
        self.expect(f'<{number} begin>\n', 30)
        return number

    def end(self, number: int, timeout: float = 30) -> Result:
        """Wait for a command to end."""
        start = self._position
        found = self.expect(fr'\n<{number} end (\d+)>\n|{READY}', timeout)
        if found.group(1) is None:
            raise ConsoleError("the guest's shell died: "
                               + self.text[start:found.start()][-200:])
        output = self.text[start:found.start()]
        return Result(output.removesuffix('\n'), int(found.group(1)))

    def run(self, command: str, timeout: float = 30) -> Result:
        """Run a command (shell syntax, several lines too) in the guest."""
        return self.end(self.begin(command), timeout)

    def sh(self, command: str, timeout: float = 30) -> str:
        """Run a command that must succeed; return what it printed."""
        result = self.run(command, timeout)
        if result.status:
            raise ConsoleError(f'exit status {result.status} of: {command}\n'
                               + result.output)
        return result.output
