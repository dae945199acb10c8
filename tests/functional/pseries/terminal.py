# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal, as a person starts it."""

import os
import pty
import subprocess
import termios
from collections.abc import Sequence


from .console import Console
from .logs import log_dir

SIZE = (40, 100)        # rows and columns


class Terminal:
    """A program on a terminal (a pty) of its own, which a Console drives."""

    def __init__(self, command: Sequence[str]):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, SIZE)
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs,
                                        stderr=theirs)
        os.close(theirs)
        self.console = Console(ours, log_dir() / 'terminal.log')

    def __enter__(self) -> 'Terminal':
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self.console.close()
        if kind:
            print('-- terminal:', self.console.tail(), sep='\n')
