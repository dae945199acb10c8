# SPDX-License-Identifier: GPL-2.0-or-later
"""A few PowerPC instructions, enough for the guests of the benchmarks.

No assembler for the guest's architecture is needed.  Registers are given by
their numbers.  Each function returns the words of one or more instructions
(Power ISA, Book I).
"""

import struct

Words = list[int]


def _d_form(opcode: int, reg: int, base: int, low: int) -> int:
    """rt/rs, ra and 16 bits of displacement or immediate."""
    return opcode << 26 | reg << 21 | base << 16 | (low & 0xffff)


def li64(reg: int, value: int) -> Words:
    """Load 64 bits."""
    value &= (1 << 64) - 1
    if value < 0x8000:
        return [_d_form(14, reg, 0, value)]             # li
    high = [] if not value >> 32 else [
        _d_form(15, reg, 0, value >> 48),               # lis
        _d_form(24, reg, reg, value >> 32),             # ori
        0x780007c6 | reg << 21 | reg << 16,             # sldi 32
    ]
    if not high:
        high = [_d_form(14, reg, 0, 0)]
    return [*high,
            _d_form(25, reg, reg, value >> 16),         # oris
            _d_form(24, reg, reg, value)]               # ori


def move(to: int, source: int) -> Words:
    """mr"""
    return [31 << 26 | source << 21 | to << 16 | source << 11 | 444 << 1]


def load(reg: int, offset: int, base: int) -> Words:
    """ld"""
    return [_d_form(58, reg, base, offset)]


def store(reg: int, offset: int, base: int) -> Words:
    """std"""
    return [_d_form(62, reg, base, offset)]


def timebase(reg: int) -> Words:
    """mftb"""
    return [0x7c0c42a6 | reg << 21]


def hypercall() -> Words:
    """sc 1"""
    return [0x44000022]


def sync() -> Words:
    """sync"""
    return [0x7c0004ac]


def branch(words: int) -> Words:
    """b, so many words on or (negative) back."""
    return [18 << 26 | (words * 4 & 0x3fffffc)]


def until_set(reg: int, offset: int, base: int) -> Words:
    """Loop until a doubleword of memory is not 0."""
    return [*load(reg, offset, base),
            _d_form(11, 1, reg, 0),                     # cmpdi reg, 0
            0x41820000 | (-8 & 0xfffc)]                 # beq


def repeat(counter: int, body: Words) -> Words:
    """Count a register down to 0, with the body each time."""
    back = -4 * (len(body) + 1)
    return [*body,
            _d_form(13, counter, counter, -1),          # addic. -1
            0x40820000 | (back & 0xfffc)]               # bne


def image(parts: dict[int, Words]) -> bytes:
    """Memory from address 0 on, with words at the given addresses."""
    size = max(address + 4 * len(words) for address, words in parts.items())
    memory = bytearray(size)
    for address, words in parts.items():
        struct.pack_into(f'>{len(words)}I', memory, address, *words)
    return bytes(memory)
