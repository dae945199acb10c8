# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives gdb: commands go in, what they print comes out."""

import shutil
import subprocess
import threading
from pathlib import Path

from .paths import SetupError

COMMAND_TIME = 60
MARK = 'gdb-command-done'


class Gdb:
    """A gdb that knows PowerPC, with a kernel's symbols if it is told."""

    def __init__(self, symbols: Path | None = None, log: Path | None = None):
        path = shutil.which('gdb-multiarch')
        if not path:
            raise SetupError('gdb-multiarch is missing: run scripts/packages')
        self._log = log
        self._process = subprocess.Popen(
            [path, '-nx', '-q', '-iex', 'set auto-load off',
             *([str(symbols)] if symbols else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors='replace')
        self.run('set pagination off', 'set confirm off', 'set width 0',
                 f'set remotetimeout {COMMAND_TIME}',
                 'set prompt')
        if not symbols:
            self.run('set architecture powerpc:common64',
                     'set endian little')

    def __enter__(self) -> 'Gdb':
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, *commands: str, timeout: float = COMMAND_TIME) -> str:
        """Run commands; return what they print."""
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write('\n'.join(commands) + f'\necho {MARK}\\n\n')
        process.stdin.flush()
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        output = ''
        try:
            for line in process.stdout:
                line = line.replace('(gdb) ', '')
                if line.strip() == MARK:
                    break
                output += line
            else:
                raise RuntimeError(f'gdb ended, or hung for {timeout:.0f} s, '
                                   f'in {commands}: {output}')
        finally:
            timer.cancel()
        if self._log:
            with open(self._log, 'a', encoding='utf-8') as log:
                log.write(f"> {'; '.join(commands)}\n{output}")
        return output

    def number(self, expression: str) -> int:
        """The value of an expression."""
        text = self.run(f'output/x (unsigned long)({expression})',
                        'echo \\n')
        return int(text.strip(), 16)

    def string(self, address: int, size: int) -> bytes:
        """Memory."""
        words = self.run(f'x/{size}xb {address:#x}').splitlines()
        return bytes(int(byte, 16) for line in words
                     for byte in line.partition(':')[2].split())
