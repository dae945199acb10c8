# SPDX-License-Identifier: GPL-2.0-or-later
"""What ELF files say of themselves: libraries they need, kernel modules."""

import struct

DT_NEEDED = 1


def sections(data: bytes) -> dict[str, bytes]:
    """The sections of a little-endian 64-bit file, by their names."""
    if data[:6] != b'\x7fELF\x02\x01':
        raise ValueError('no little-endian 64-bit ELF file')
    table, = struct.unpack_from('<Q', data, 0x28)
    size, count, names = struct.unpack_from('<3H', data, 0x3a)
    headers = [struct.unpack_from('<2I4Q', data, table + n * size)
               for n in range(count)]
    strings = headers[names][4]
    found = {}
    for name, _, _, _, offset, length in headers:
        start = strings + name
        text = data[start:data.index(b'\0', start)].decode()
        found[text] = data[offset:offset + length]
    return found


def _string(table: bytes, offset: int) -> str:
    return table[offset:table.index(b'\0', offset)].decode()


def needed(data: bytes) -> set[str]:
    """The libraries that a program or a library needs, its loader too."""
    parts = sections(data)
    names = {_string(parts['.dynstr'], value) for tag, value
             in struct.iter_unpack('<qQ', parts.get('.dynamic', b''))
             if tag == DT_NEEDED}
    if '.interp' in parts:
        names.add(_string(parts['.interp'], 0).rpartition('/')[2])
    return names


def module_depends(data: bytes) -> list[str]:
    """The modules that a kernel module depends on."""
    for item in sections(data)['.modinfo'].split(b'\0'):
        key, _, value = item.partition(b'=')
        if key == b'depends':
            return [name for name in value.decode().split(',') if name]
    return []
