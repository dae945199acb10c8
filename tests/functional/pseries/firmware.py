# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware: which one is started, SLOF's prompt, a raw image."""

import struct
import time

from .board import Config, booted, expect_equal, expect_true, running
from .logs import log_dir
from .suite import test

SLOF_BANNER = 'SLOF'

# Prints the first four bytes of what r3 points at, by H_PUT_TERM_CHAR.
RAW_IMAGE = (
    0x80c30000,     # lwz   r6, 0(r3)
    0x78c607c6,     # sldi  r6, r6, 32
    0x38600058,     # li    r3, H_PUT_TERM_CHAR
    0x3c807100,     # lis   r4, 0x7100      the first vty
    0x38a00004,     # li    r5, 4           bytes
    0x44000022,     # sc    1
    0x48000000,     # b     .
)
RAW_ENTRY = 0x100
FDT_MAGIC = b'\xd0\x0d\xfe\xed'


@test('firmware/auto')
def auto() -> None:
    """By default a -kernel starts without SLOF."""
    with booted(Config(firmware='auto')) as board:
        expect_true('no SLOF on the console',
                    SLOF_BANNER not in board.console.text)


@test('firmware/default')
def default() -> None:
    """No option at all means auto."""
    config = Config(firmware='')
    with booted(config) as board:
        expect_true('no SLOF on the console',
                    SLOF_BANNER not in board.console.text)


@test('firmware/auto-with-prom-env')
def auto_with_prom_env() -> None:
    """-prom-env is for SLOF, so it starts SLOF before the kernel."""
    config = Config(firmware='auto',
                    args=('-prom-env', 'input-device=/vdevice/vty@71000000'))
    with running(config) as board:
        board.console.expect(SLOF_BANNER, 30)
        board.console.wait_shell(120)


@test('firmware/slof-prompt')
def slof_prompt() -> None:
    """SLOF with nothing to boot has a prompt that takes Forth."""
    config = Config(firmware='slof',
                    args=('-prom-env', 'auto-boot?=false'))
    with running(config, boot=()) as board:
        console = board.console
        console.expect(SLOF_BANNER, 30)
        console.expect('0 > ', 90)
        console.send('decimal 6 7 * .\r')
        console.expect(r'\b42\b', 20)
        console.send('dev /vdevice ls\r')
        console.expect(r'vty@71000000', 20)
        console.send('reset-all\r')
        console.expect(SLOF_BANNER, 30)
        console.expect('0 > ', 90)
        console.send('power-off\r')
        board.event('SHUTDOWN')
        expect_equal('exit code of QEMU', board.wait_exit(), 0)


@test('firmware/raw-image')
def raw_image() -> None:
    """-bios starts a raw image with the device tree's address in r3."""
    image = log_dir() / 'raw.bin'
    code = struct.pack(f'>{len(RAW_IMAGE)}I', *RAW_IMAGE)
    image.write_bytes(b'\0' * RAW_ENTRY + code)
    config = Config(firmware='', args=('-bios', str(image)))
    with running(config, boot=()) as board:
        board.console.expect('.', 20)
        time.sleep(0.5)     # what comes is no text; the log has the bytes
        expect_equal('what the image printed',
                     board.console.log.read_bytes(), FDT_MAGIC)
