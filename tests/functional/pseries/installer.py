# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian 12's installer reaches its first dialog on the serial console."""

import functools

from . import images
from .board import Config, running
from .suite import add


def first_dialog(firmware: str) -> None:
    """The default CPU, and what a person would type to install Debian."""
    kernel, initrd = images.installer()
    config = Config(smp='2', firmware=firmware)
    # Debian's kernels look for a console on ttyS0 when they are told none.
    with running(config, ['-kernel', str(kernel), '-initrd', str(initrd),
                          '-append', 'console=hvc0']) as board:
        board.console.expect('Select a language', 280)


add('installer/first-dialog', functools.partial(first_dialog, 'vof'),
    timeout=300)
add('installer/first-dialog/slof', functools.partial(first_dialog, 'slof'),
    check=False, timeout=300)
