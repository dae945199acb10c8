# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are: the build directory, the binary, QEMU's own Python."""

import os
import sys
from pathlib import Path

FUNCTIONAL = Path(__file__).resolve().parent.parent
ROOT = FUNCTIONAL.parent.parent
BUILD = (ROOT / os.environ.get('BUILD_DIR', 'build')).resolve()
GUEST_FILES = FUNCTIONAL / 'guest'
IMAGES = BUILD / 'guest'
LOGS = BUILD / 'log' / 'functional'
QEMU_PYTHON = BUILD / 'qemu' / 'python'

sys.path[:0] = [str(ROOT / 'scripts'), str(QEMU_PYTHON)]


class SetupError(Exception):
    """Something that the tests need is not there; one line for the user."""


def qemu_binary() -> str:
    """The emulator under test: $QEMU_BINARY or the one that was built."""
    binary = os.environ.get('QEMU_BINARY')
    path = Path(binary) if binary else BUILD / 'obj' / 'qemu-system-ppc64'
    if not os.access(path, os.X_OK):
        raise SetupError(f'no emulator at {path}: run `make` first, '
                         'or set QEMU_BINARY')
    return str(path)


def qemu_img() -> str:
    """qemu-img, which makes disk images."""
    path = BUILD / 'obj' / 'qemu-img'
    if not os.access(path, os.X_OK):
        raise SetupError(f'no qemu-img at {path}: run `make` first')
    return str(path)
