# SPDX-License-Identifier: GPL-2.0-or-later
"""Consoles: several vtys, large transfers both ways, -nographic."""

import functools
import hashlib
import random
import string
import time

from .board import Config, booted, expect_equal, expect_true
from .console import Console
from .paths import qemu_binary
from .suite import add, test
from .terminal import Terminal

PASTE = 64 * 1024
OUTPUT = 1024 * 1024
SECOND = 'spapr-vty,reg=0x71000010'


def _text(size: int) -> str:
    """Lines of text, each of them different."""
    rng = random.Random(size)
    lines = []
    while size > 0:
        line = ''.join(rng.choices(string.ascii_letters + string.digits,
                                   k=min(size, 72) - 1)) + '\n'
        lines.append(line)
        size -= len(line)
    return ''.join(lines)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _paste(console: Console, mode: str) -> None:
    """Paste text into the guest, which must get each byte of it."""
    text = _text(PASTE)
    expect_equal('size', len(text), PASTE)
    command = console.begin(f'stty {mode}; echo GO; '
                            f'head -c {PASTE} | md5sum; stty sane -echo')
    console.expect('GO\n', 10)
    console.send(text, timeout=60)
    result = console.end(command, timeout=60)
    expect_equal('md5sum in the guest', result.output.split()[0],
                 _md5(text))


def _print(console: Console) -> None:
    """The guest prints much; each byte of it must arrive."""
    numbers = ''.join(f'{n}\n' for n in range(1, 200000))[:OUTPUT]
    output = console.sh(f'seq 1 200000 | head -c {OUTPUT}', timeout=120)
    expect_equal('size of the output', len(output), len(numbers))
    expect_equal('md5sum of the output', _md5(output), _md5(numbers))


def transfer(ttys: tuple[str, ...], serials: int) -> None:
    """Large transfers both ways, on each console."""
    config = Config(serials=serials, ttys=ttys, smp='2')
    with booted(config) as board:
        for number, console in enumerate(board.consoles):
            expect_equal('terminal', console.sh('tty'), f'/dev/hvc{number}')
            _paste(console, 'raw -echo')
            _paste(console, '-echo')
            _print(console)


@test('console/both-at-once')
def both_at_once() -> None:
    """Two consoles work at the same time and keep their data apart."""
    with booted(Config(ttys=(SECOND,), smp='2')) as board:
        first, second = board.consoles
        text = [_text(8192 + n) for n in range(2)]
        # Both wait for input before either gets any.
        started = [console.begin(f'stty raw -echo; echo GO; head -c {size} '
                                 '| md5sum; stty sane -echo')
                   for console, size in ((first, 8192), (second, 8193))]
        for console in board.consoles:
            console.expect('GO\n', 10)
        step = 512
        for start in range(0, 8193, step):
            for console, data in zip(board.consoles, text):
                console.send(data[start:start + step])
        for console, number, data in zip(board.consoles, started, text):
            expect_equal(f'md5sum on {console.log.name}',
                         console.end(number).output.split()[0], _md5(data))


@test('console/device-tree')
def device_tree() -> None:
    """Each vty has its node, at the unit address that was asked for."""
    # libvirt gives vtys addresses from 0x30000000 up.
    units = ('71000200', '71000100', '30000000')
    config = Config(serials=0, args=('-nodefaults',),
                    ttys=[f'spapr-vty,reg=0x{unit}' for unit in units])
    with booted(config) as board:
        nodes = board.sh('cd /proc/device-tree/vdevice; ls -d vty@*; cd /')
        expect_equal('nodes', sorted(nodes.split()),
                     sorted(f'vty@{unit}' for unit in units))
        for console in board.consoles:
            expect_true('a terminal', console.sh('tty'))


@test('console/guest-to-guest')
def guest_to_guest() -> None:
    """What one console's shell writes to the other terminal comes there."""
    with booted(Config(ttys=('spapr-vty',))) as board:
        first, second = board.consoles
        first.sh('echo from the first > /dev/hvc1')
        second.expect('from the first\n', 10)
        second.sh('echo from the second > /dev/hvc0')
        first.expect('from the second\n', 10)


@test('console/slow-reader')
def slow_reader() -> None:
    """A host that does not read holds up that console alone."""
    with booted(Config(ttys=(SECOND,))) as board:
        first, second = board.consoles
        second.reading = False
        second.send('seq 1 200000; touch /tmp/done; echo END\n')
        time.sleep(3)
        expect_equal('what the other console says', first.sh('echo here'),
                     'here')
        expect_true('the guest waits',
                    first.run('ls /tmp/done').status != 0)
        second.reading = True
        second.expect('END\n', 120)
        numbers = ''.join(f'{n}\n' for n in range(1, 200001))
        expect_true('each line arrived', numbers in second.text)


def _try_monitor(terminal: Terminal) -> None:
    """Ctrl-A c goes to the monitor and back, Ctrl-A x ends QEMU."""
    console = terminal.console
    console.wait_shell(60)
    console.send('\x01c')
    console.expect(r'\(qemu\) ', 10)
    console.send('info status\r')
    console.expect('VM status: running', 10)
    console.send('\x01c')
    expect_equal('what the guest says', console.sh('echo still $((40 + 2))'),
                 'still 42')
    console.send('\x01x')
    expect_equal('exit code of QEMU', terminal.process.wait(20), 0)


@test('console/nographic')
def nographic() -> None:
    """-nographic shares the terminal between hvc0 and the monitor."""
    config = Config()
    with Terminal([qemu_binary(), *config.machine_args(), *config.boot_args(),
                   '-nographic']) as terminal:
        _try_monitor(terminal)


@test('console/nographic-slof')
def nographic_slof() -> None:
    """-nographic has SLOF on the terminal, though there is a screen."""
    with Terminal([qemu_binary(), '-M', 'pseries', '-nographic',
                   '-prom-env', 'auto-boot?=false']) as terminal:
        terminal.console.expect('0 > ', 90)
        terminal.console.send('decimal 6 7 * .\r')
        terminal.console.expect(r'\b42\b', 20)
        terminal.console.send('\x01x')
        expect_equal('exit code of QEMU', terminal.process.wait(20), 0)


@test('console/mux')
def mux() -> None:
    """-serial mon:stdio without default devices does the same."""
    config = Config()
    with Terminal([qemu_binary(), *config.machine_args(), *config.boot_args(),
                   '-nodefaults', '-display', 'none',
                   '-serial', 'mon:stdio']) as terminal:
        _try_monitor(terminal)


@test('console/nodefaults-serial')
def nodefaults_serial() -> None:
    """With -nodefaults a -serial is hvc0 all the same."""
    with booted(Config(args=('-nodefaults',))) as board:
        expect_equal('stdout', board.facts()['stdout'],
                     '/vdevice/vty@71000000')


@test('console/three-serials')
def three_serials() -> None:
    """Three -serial options are hvc0 to hvc2, in that order."""
    with booted(Config(serials=3)) as board:
        for number, console in enumerate(board.consoles):
            expect_equal('terminal', console.sh('tty'), f'/dev/hvc{number}')
        nodes = board.sh('cd /proc/device-tree/vdevice; ls -d vty@*; cd /')
        expect_equal('nodes', sorted(nodes.split()),
                     [f'vty@7100000{n}' for n in range(3)])


add('console/transfer/one', functools.partial(transfer, (), 1))
add('console/transfer/two', functools.partial(transfer, ('spapr-vty',), 1),
    check=False)
add('console/transfer/two-reg',
    functools.partial(transfer, ('spapr-vty,reg=0x71000100',), 1))
