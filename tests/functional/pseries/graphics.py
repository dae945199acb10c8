# SPDX-License-Identifier: GPL-2.0-or-later
"""Graphical consoles: Linux's text can be read there, and typing logs in."""

import functools
import time
from collections.abc import Sequence
from dataclasses import replace

from . import images
from .board import Board, Config, booted, expect_equal, expect_true, \
    running, wait
from .screen import WAIT_TIME, Picture, expect_text, type_blindly, type_text
from .suite import add

EXTRA = images.Extra(('bochs', 'virtio_pci', 'virtio_gpu', 'xhci_pci',
                      'usbhid', 'hid_generic', 'evdev'))
KEYBOARD = ('-device', 'qemu-xhci', '-device', 'usb-kbd')
# What is at the other end of the cable, and which driver shows text there
SCREENS: dict[str, tuple[Sequence[str], str]] = {
    'std': (('-vga', 'std'), 'bochs'),
    'virtio-gpu': (('-vga', 'none', '-device', 'virtio-gpu-pci', *KEYBOARD),
                   'virtio_gpu'),
    'virtio-vga': (('-vga', 'virtio'), 'virtio_gpu'),
}
PASSWORD = 'Open-Sesame9'
# By "openssl passwd -5 -salt pseries"
PASSWORD_HASH = '$5$pseries$REF0PNDtg0M7YgUEkE6N7ctIu1xEmAbjFc6oMeFVF3D'
# Red, green and blue of VGA's palette
COLOURS = {31: (0xaa, 0, 0), 32: (0, 0xaa, 0), 34: (0, 0, 0xaa)}


def check_log_in(board: Board) -> None:
    """Log in at tty1, by typing."""
    board.sh(f"sed -i 's|^root:x:|root:{PASSWORD_HASH}:|' /etc/passwd")
    # A key that QEMU holds for long on a busy host is not to repeat itself
    board.sh("printf '\\033[?8l' > /dev/tty1")
    board.background('setsid getty 38400 tty1 linux')
    expect_text(board, 'pseries login:')
    type_text(board, 'root')
    expect_text(board, 'Password:')
    type_blindly(board, PASSWORD + '\n')
    expect_text(board, r'^A shell in the guest \(tty1\)')
    type_text(board, 'tty > /tmp/Typed; echo $((6 * 7)):"$(whoami)"')
    expect_text(board, '^42:root$')
    expect_equal('what was executed', board.sh('cat /tmp/Typed'),
                 '/dev/tty1')


def check_colours(board: Board) -> None:
    """They are not swapped, nor bytes of them."""
    blocks = ''.join(f'\\033[{code};7m{" " * 40}\\033[0m\\n'
                     for code in COLOURS)
    board.sh("printf '\\033[2J\\033[H' > /dev/tty1")
    wait('the screen is empty',
         lambda: set(Picture(board).colours()) <= {
                 (0, 0, 0), (0xaa, 0xaa, 0xaa)}, WAIT_TIME)
    board.sh(f"printf '{blocks}' > /dev/tty1")
    wait('all colours are there',
         lambda: set(COLOURS.values()) <= set(Picture(board).colours()),
         WAIT_TIME)
    found = Picture(board).colours()
    for colour in COLOURS.values():
        expect_equal(f'pixels of {colour}', found[colour], 40 * 8 * 16)


def console(config: Config, name: str) -> None:
    """Text of the kernel, of a program, and what a person types."""
    args, driver = SCREENS[name]
    config = replace(config, args=(*args, '-display', 'none'),
                     append='console=tty0 console=hvc0')
    with booted(config) as board:
        drivers = board.sh('cat /sys/class/graphics/fb*/name')
        expect_true(f'{driver} has a frame buffer: {drivers}',
                    driver.replace('_', '') in drivers.replace('_', ''))
        board.sh("echo '<0>Words of the kernel' > /dev/kmsg")
        expect_text(board, r'\] Words of the kernel$')
        check_log_in(board)
        check_colours(board)


def _white(board: Board) -> int:
    return Picture(board).colours()[255, 255, 255]


def firmware(name: str) -> None:
    """SLOF's prompt is on the screen, and takes what is typed."""
    args, _ = SCREENS[name]
    config = Config(firmware='slof', args=(
        *args, '-display', 'none', '-prom-env', 'auto-boot?=false'))
    with running(config, boot=()) as board:
        board.console.expect('using screen & keyboard', config.boot_time)
        # The terminal has the prompt, too
        board.console.expect('0 > ', config.boot_time)
        wait('there is a prompt', lambda: _white(board) > 0, WAIT_TIME)
        time.sleep(2)
        before = _white(board)
        type_blindly(board, 'power-of')
        wait('what is typed can be seen', lambda: _white(board) > before,
             WAIT_TIME)
        type_blindly(board, 'f\n')
        board.event('SHUTDOWN')
        expect_equal('exit code of QEMU', board.wait_exit(), 0)


def _register() -> None:
    for name in ('std', 'virtio-vga'):
        add(f'graphics/{name}/firmware', functools.partial(firmware, name),
            name == 'std', 240)
    check = {('std', '6.12-64k', 'vof'), ('virtio-gpu', '6.12-4k', 'vof')}
    for name in SCREENS:
        for kernel in ('6.1-64k', '6.12-4k', '6.12-64k'):
            for how in ('slof', 'vof'):
                config = Config(kernel=kernel, firmware=how, smp='2',
                                extra=EXTRA)
                add(f'graphics/{name}/{kernel}/{how}',
                    functools.partial(console, config, name),
                    (name, kernel, how) in check, 300)


_register()
