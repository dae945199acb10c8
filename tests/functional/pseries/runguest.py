# SPDX-License-Identifier: GPL-2.0-or-later
"""run-guest, the program behind `make run`."""

import subprocess
import sys

from .board import expect_equal, expect_true
from .paths import FUNCTIONAL
from .suite import test
from .terminal import Terminal

COMMAND = [sys.executable, str(FUNCTIONAL / 'run-guest')]
PROMPT = r'root@pseries:\S+# '


@test('run-guest/shell')
def shell() -> None:
    """On a terminal: a shell with job control; `poweroff` ends it."""
    with Terminal(COMMAND) as terminal:
        console = terminal.console
        console.expect('Ctrl-A x', 30)
        console.expect('A shell in the guest.*hvc0', 90)
        console.expect(PROMPT, 10)
        console.send('echo $((6 * 7))\r')
        console.expect(r'\n42\n', 10)
        console.expect(PROMPT, 10)
        console.send('stty size\r')
        console.expect(r'\n40 100\n', 10)
        console.send("sh -c 'trap \"echo again\" CONT; echo on; "
                     "while sleep 1; do :; done'\r")
        console.expect(r'\non\n', 10)
        console.send('\x1a')        # Ctrl-Z
        console.expect('Stopped', 10)
        console.expect(PROMPT, 10)
        console.send('fg\r')
        console.expect(r'\nsh -c', 10)
        console.expect(r'\nagain\n', 10)    # it has the terminal back
        console.send('\x03')        # Ctrl-C
        console.expect(PROMPT, 10)
        console.send('echo status $?\r')
        console.expect(r'\nstatus 130\n', 10)
        console.send('poweroff\r')
        expect_equal('exit code', terminal.process.wait(60), 0)
        expect_true('no complaint about the terminal',
                    "can't access tty" not in console.text)


@test('run-guest/quit')
def leave() -> None:
    """On a terminal: Ctrl-A x quits at once."""
    with Terminal(COMMAND) as terminal:
        terminal.console.expect('Linux version', 60)
        terminal.console.send('\x01x')
        expect_equal('exit code', terminal.process.wait(30), 0)


@test('run-guest/tour')
def tour() -> None:
    """Without a terminal: a tour is printed, the guest powers off."""
    done = subprocess.run(COMMAND, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=150, check=False)
    print(done.stdout, done.stderr)
    expect_equal('exit code', done.returncode, 0)
    for word in ('machine', 'Radix', 'vty@71000000', 'powered off'):
        expect_true(f'the tour has {word}', word in done.stdout)
    expect_true('nothing is missing', 'MISSING' not in done.stdout)


@test('run-guest/failure')
def failure() -> None:
    """What goes wrong is told, and the exit code is not 0."""
    done = subprocess.run([*COMMAND, '--', '-device', 'nonsense'],
                          stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=150, check=False)
    expect_equal('exit code', done.returncode, 1)
    expect_true(f'the cause is told: {done.stderr}',
                'nonsense' in done.stderr)
