# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's screen, as a person sees it, and its keyboard.

Linux's consoles have the letters of the VGA BIOS, as QEMU's own have: what is
in a picture is read by comparing it with these, cell by cell.
"""

import functools
import re
import time
from collections import Counter

from .board import Board, expect_equal, expect_true
from .console import PATIENCE
from .logs import log_dir
from .paths import BUILD, SetupError

FONT = BUILD / 'qemu' / 'ui' / 'vgafont.h'
GLYPH_WIDTH, GLYPH_HEIGHT = 8, 16
READABLE = range(0x20, 0x7f)
UNKNOWN = '\ufffd'
KEY_TIME = 0.12             # between one key and the next
HOLD_TIME = 30              # ms that a key is down: guests repeat it later
PIECE = 3                   # letters that are typed before one looks
WAIT_TIME = 60

# QEMU's names of keys whose letter is not the name
KEYS = {' ': 'spc', '\n': 'ret', '/': 'slash', '.': 'dot', '-': 'minus',
        '=': 'equal', ';': 'semicolon', ',': 'comma', "'": 'apostrophe'}
SHIFTED = {'_': '-', '+': '=', ':': ';', '"': "'", '>': '.', '<': ',',
           '$': '4', '(': '9', ')': '0', '*': '8', '|': 'backslash'}

Colour = tuple[int, int, int]
BLACK = (0, 0, 0)


@functools.cache
def _font() -> dict[bytes, str]:
    """The letters by their pixels, of which each is a byte."""
    lines = re.findall(r'0x(\w\w), /\* [01]{8} \*/', FONT.read_text('utf-8'))
    if len(lines) != 256 * GLYPH_HEIGHT:
        raise SetupError(f'{FONT} is not as it was')
    rows = [bytes(int(bit) for bit in f'{int(line, 16):08b}')
            for line in lines]
    return {b''.join(rows[code * GLYPH_HEIGHT:(code + 1) * GLYPH_HEIGHT]):
            chr(code) for code in READABLE}


class Picture:
    """What is on the screen."""

    def __init__(self, board: Board, name: str = 'screen'):
        path = log_dir() / f'{name}.ppm'
        board.vm.cmd('screendump', filename=str(path))
        kind, size, _, data = path.read_bytes().split(b'\n', 3)
        self.width, self.height = map(int, size.split())
        expect_equal('the picture', (kind, len(data)),
                     (b'P6', self.width * self.height * 3))
        self._pixels = list(zip(data[::3], data[1::3], data[2::3]))

    def colours(self) -> Counter[Colour]:
        """How many pixels there are of each."""
        return Counter(self._pixels)

    def _row(self, bits: bytes, top: int) -> str:
        text = ''
        for left in range(0, self.width - GLYPH_WIDTH + 1, GLYPH_WIDTH):
            cell = b''.join(
                bits[start:start + GLYPH_WIDTH] for start in range(
                    top * self.width + left,
                    (top + GLYPH_HEIGHT) * self.width + left, self.width))
            text += _font().get(cell, UNKNOWN)
        return text.rstrip()

    def text(self) -> str:
        """The lines of a console."""
        bits = bytes(pixel != BLACK for pixel in self._pixels)
        rows = range(0, self.height - GLYPH_HEIGHT + 1, GLYPH_HEIGHT)
        return '\n'.join(self._row(bits, top) for top in rows).rstrip()


def expect_text(board: Board, pattern: str) -> None:
    """Wait until the screen has it."""
    text = ''
    deadline = time.monotonic() + WAIT_TIME * PATIENCE
    while not re.search(pattern, text, re.M):
        expect_true(f'the screen has {pattern!r}:\n{text}',
                    time.monotonic() < deadline)
        time.sleep(0.5)
        text = Picture(board).text()


def type_blindly(board: Board, text: str) -> None:
    """Type on the emulated keyboard.

    That forgets what a guest does not fetch in time, so it is done slowly.
    """
    for letter in text:
        keys = ['shift'] if letter.isupper() or letter in SHIFTED else []
        letter = SHIFTED.get(letter, letter.lower())
        keys.append(KEYS.get(letter, letter))
        board.vm.cmd('send-key', hold_time=HOLD_TIME, keys=[
            {'type': 'qcode', 'data': key} for key in keys])
        time.sleep(KEY_TIME)


def type_text(board: Board, text: str) -> None:
    """Type a line that can be seen at the end of the screen, then return."""
    for end in range(PIECE, len(text) + PIECE, PIECE):
        type_blindly(board, text[end - PIECE:end])
        shown = re.escape(text[:end].rstrip())
        expect_text(board, rf'{shown}[ _{UNKNOWN}]*\Z')
    type_blindly(board, '\n')
