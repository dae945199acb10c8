# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that works while something happens to its machine.

guest/bin/load computes what can be computed here too; guest/bin/tick writes
numbered lines to the second console.  The machine may move to another QEMU
and go back to a snapshot meanwhile.
"""

import hashlib
import re
import time

from .board import Board, BoardError, expect_equal, expect_true

TICKS = 'spapr-vty'         # the console for the ticks, for Config.ttys
BLOCK = 65536               # as in guest/bin/load
BLOCKS = 64

Piece = tuple[str, int, int]        # a console's text, from where to where


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def _expected(worker: int, rounds: int) -> tuple[str, str]:
    """The last hash and the sum of the memory after so many rounds."""
    chain = str(worker)
    memory = [b'\0' * BLOCK] * BLOCKS
    for number in range(rounds):
        chain = _md5(f'{chain} {number}\n'.encode())
        line = f'{chain}\n'.encode()
        memory[number % BLOCKS] = (line * (BLOCK // len(line) + 1))[:BLOCK]
    return chain, _md5(b''.join(memory))


def check_ticks(text: str) -> int:
    """No tick is lost, changed or doubled; returns how many there are."""
    start, end = text.find('tick 0 '), text.rfind('\n<')
    lines = text[start:end].splitlines()
    last = -1.0
    for number, line in enumerate(lines):
        found = re.fullmatch(r'tick (\d+) ([\d.]+)', line)
        around = lines[max(0, number - 2):number + 3]
        expect_true(f'line {number} of the ticks is right: {around}',
                    found and int(found[1]) == number)
        assert found
        expect_true(f'the clock goes on: {around}', float(found[2]) >= last)
        last = float(found[2])
    return len(lines)


class Workload:
    """The work on one guest, wherever that guest is."""

    def __init__(self, board: Board, workers: int):
        self.board = board
        self._workers = workers
        self._pieces: list[Piece] = []      # of what the ticks' console said
        self._begin = 0                     # where the last piece begins
        board.sh(f'load start {workers}')
        self._command = board.consoles[1].begin('tick')
        board.consoles[1].expect('tick 0 ', 30)

    def rounds(self) -> list[int]:
        """How far each worker is."""
        return [int(n) for n in self.board.sh('load rounds').split()]

    def ticks(self) -> int:
        """How much the ticks' console has said."""
        return len(self.board.consoles[1].text)

    def expect_progress(self, timeout: float = 60) -> None:
        """Each worker gets a round further, and the ticks go on."""
        deadline = time.monotonic() + timeout
        rounds, ticks = self.rounds(), self.ticks()
        while time.monotonic() < deadline:
            grown = [a - b for a, b in zip(self.rounds(), rounds)]
            if min(grown) > 0 and self.ticks() > ticks:
                return
            time.sleep(0.1)
        raise BoardError(f'no progress within {timeout:.0f} s: rounds '
                         f'{rounds} and {self.rounds()}')

    def moved(self, target: Board) -> None:
        """The guest is in another QEMU now; the old one has ended."""
        text = self.board.consoles[1].text
        self._pieces.append((text, self._begin, len(text)))
        self._begin = 0
        self.board = target

    def mark(self) -> list[Piece]:
        """The machine is stopped: what was said until now, for rewind()."""
        console = self.board.consoles[1]
        console.drain()
        return [*self._pieces, (console.text, self._begin, len(console.text))]

    def rewind(self, mark: list[Piece]) -> None:
        """The machine is stopped: it goes back to where mark() was."""
        self.board.consoles[1].drain()
        self._pieces = list(mark)
        self._begin = len(self.board.consoles[1].text)

    def restart(self, mark: list[Piece]) -> None:
        """Another QEMU has started where mark() was."""
        self._pieces = list(mark)
        self._begin = 0

    def finish(self) -> None:
        """End the work; all of it must have been done, and once."""
        self.board.sh('touch /tmp/tick.stop')
        self.board.consoles[1].end(self._command)
        text = ''.join(piece[start:end] for piece, start, end in self.mark())
        print(f'{check_ticks(text)} ticks')
        results = self.board.sh('load stop', timeout=60).splitlines()
        expect_equal('number of results', len(results), self._workers)
        for worker, line in enumerate(results):
            rounds, chain, memory = line.split()
            print(f'worker {worker}: {rounds} rounds')
            expect_equal(f'hash and memory of worker {worker}',
                         (chain, memory), _expected(worker, int(rounds)))
