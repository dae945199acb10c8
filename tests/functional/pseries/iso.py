# SPDX-License-Identifier: GPL-2.0-or-later
"""CD images: a plain ISO 9660 file system (ECMA-119), with one level of
directories.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

BLOCK = 2048
FIRST = 16                  # where the volume descriptors are
DIRECTORY = 2               # flag of a directory record
DATE = bytes((125, 1, 1, 0, 0, 0, 0))


def _both(value: int, size: int) -> bytes:
    """A number in both byte orders."""
    return value.to_bytes(size, 'little') + value.to_bytes(size, 'big')


def _blocks(size: int) -> int:
    return -(-size // BLOCK)


def _record(name: bytes, block: int, size: int, flags: int) -> bytes:
    """A directory record."""
    record = (_both(block, 4) + _both(size, 4) + DATE
              + bytes((flags, 0, 0)) + _both(1, 2)
              + bytes((len(name),)) + name)
    record += b'\0' * (len(record) % 2)
    return bytes((len(record) + 2, 0)) + record


def _directory(here: int, parent: int,
               entries: Mapping[bytes, tuple[int, int, int]]) -> bytes:
    """A directory, of one block."""
    data = _record(b'\0', here, BLOCK, DIRECTORY) \
        + _record(b'\1', parent, BLOCK, DIRECTORY)
    for name, entry in sorted(entries.items()):
        data += _record(name, *entry)
    if len(data) > BLOCK:
        raise ValueError('too many files in a directory of a CD')
    return data.ljust(BLOCK, b'\0')


def _path_table(names: list[str], first: int, order: str) -> bytes:
    """The table of directories: the root and those in it."""
    table = b''
    for number, name in enumerate([b'\0', *(n.encode() for n in names)]):
        table += struct.pack(order + 'BBIH', len(name), 0, first + number, 1) \
            + name + b'\0' * (len(name) % 2)
    return table


def _descriptor(label: str, blocks: int, tables: tuple[int, int, int],
                root: bytes) -> bytes:
    """The primary volume descriptor."""
    size, little, big = tables
    head = struct.pack('<B5sBx32s32s8x', 1, b'CD001', 1, b' ' * 32,
                       label.encode().ljust(32))
    head += _both(blocks, 4) + b'\0' * 32 + _both(1, 2) + _both(1, 2) \
        + _both(BLOCK, 2) + _both(size, 4) \
        + struct.pack('<2I', little, 0) + struct.pack('>2I', big, 0) + root
    head += b' ' * (128 * 4 + 37 * 3)
    head += (b'0' * 16 + b'\0') * 4 + b'\1'
    return head.ljust(BLOCK, b'\0')


def write(path: Path, label: str, files: Mapping[str, bytes]) -> None:
    """Write an image with files, by names such as DIR/NAME.EXT."""
    directories = sorted({name.partition('/')[0] for name in files
                          if '/' in name})
    first = FIRST + 4       # after two descriptors and two path tables
    places = {'': first, **{name: first + n for n, name
                            in enumerate(directories, 1)}}
    trees: dict[str, dict[bytes, tuple[int, int, int]]] = {
        name: {} for name in places}
    for name in directories:
        trees[''][name.encode()] = places[name], BLOCK, DIRECTORY
    block = first + len(places)
    for name, data in files.items():
        directory, _, base = name.rpartition('/')
        trees[directory][f'{base};1'.encode()] = block, len(data), 0
        block += _blocks(len(data))
    tables = [_path_table(directories, first, order) for order in '<>']
    root = _record(b'\0', first, BLOCK, DIRECTORY)
    with open(path, 'wb') as image:
        image.write(b'\0' * (FIRST * BLOCK))
        image.write(_descriptor(label, block, (
            len(tables[0]), FIRST + 2, FIRST + 3), root))
        image.write(b'\xffCD001\1'.ljust(BLOCK, b'\0'))
        for table in tables:
            image.write(table.ljust(BLOCK, b'\0'))
        for name, tree in trees.items():
            image.write(_directory(places[name], first, tree))
        for data in files.values():
            image.write(data.ljust(_blocks(len(data)) * BLOCK, b'\0'))
