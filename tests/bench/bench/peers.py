# SPDX-License-Identifier: GPL-2.0-or-later
"""The two emulators that are compared."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from pseries.paths import BUILD, ROOT, SetupError, qemu_binary

VERSION_TIMEOUT = 30
PACKAGE_TIMEOUT = 3600


@dataclass
class Peer:
    """An emulator, and what it says it is."""
    name: str
    binary: str
    version: str


def _version(binary: str) -> str:
    """What it answers to --version; it must have a pseries machine."""
    texts = []
    for option in (['--version'], ['-M', 'help']):
        try:
            done = subprocess.run([binary, *option], text=True,
                                  capture_output=True, check=False,
                                  timeout=VERSION_TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as err:
            raise SetupError(f'{binary}: {err}') from err
        texts.append(done.stdout)
    version = re.search(r'version (.+)', texts[0])
    if not version or not re.search(r'^pseries\b', texts[1], re.M):
        raise SetupError(f'{binary} is no QEMU with a pseries machine')
    return version[1]


def _default_stock() -> str:
    """What `make stock` has made, or else Debian's package."""
    built = BUILD / 'stock/qemu-system-ppc64'
    if built.exists():
        return str(built)
    done = subprocess.run([sys.executable, str(ROOT / 'scripts/stock'),
                           '--package'], stdout=subprocess.PIPE, text=True,
                          check=False, timeout=PACKAGE_TIMEOUT)
    if done.returncode:
        raise SetupError('no stock qemu-system-ppc64: set STOCK=, or run '
                         '`make stock`')
    return done.stdout.strip()


def find() -> list[Peer]:
    """Ours, and the stock one: $STOCK or the default."""
    binaries = {'ours': qemu_binary(),
                'stock': os.environ.get('STOCK') or _default_stock()}
    return [Peer(name, os.path.realpath(binary), _version(binary))
            for name, binary in binaries.items()]
