# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine under test: its command line, its process, its consoles."""

import contextlib
import functools
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from . import images
from .console import CRASH, PATIENCE, Console, ConsoleError
from .logs import log_dir
from .paths import qemu_binary

from qemu.machine import QEMUMachine    # of the staged QEMU tree
from qemu.qmp import QMPError


class BoardError(Exception):
    """QEMU did not do what a test expected."""


@functools.cache
def _machine_help() -> str:
    done = subprocess.run([qemu_binary(), '-M', 'pseries,help'], timeout=30,
                          text=True, capture_output=True, check=False)
    return done.stdout


def firmware_option(firmware: str) -> str:
    """The machine option that chooses auto, slof or vof.

    Stock QEMU, against which the tests were tried, has x-vof alone; its
    firmware= is every machine's, an image.
    """
    if not firmware:
        return ''
    if 'firmware=vof' in _machine_help():
        return f'firmware={firmware}'
    return 'x-vof=' + ('off' if firmware == 'slof' else 'on')


@dataclass
class Config:
    """How to start a machine."""
    kernel: str = '6.12-4k'         # a label of images.KERNELS
    cpu: str | None = None          # the board's default
    smp: str = '1'
    memory: str = '1G'
    firmware: str = 'vof'           # '' leaves it to the board
    machine: str = ''               # more machine options
    append: str = ''                # more of the kernel's command line
    extra: images.Extra = images.Extra()    # modules and programs for it
    serials: int = 1                # consoles by -serial
    ttys: Sequence[str] = ()        # consoles by -device, their options
    args: Sequence[str] = field(default_factory=tuple)

    @property
    def boot_time(self) -> float:
        """Seconds in which the guest must come up, on a busy host too."""
        return 120 if self.firmware == 'slof' else 60

    def machine_args(self) -> list[str]:
        """Machine, CPUs and memory."""
        options = ['pseries', firmware_option(self.firmware), self.machine]
        args = ['-M', ','.join(filter(None, options)),
                '-smp', self.smp, '-m', self.memory]
        if self.cpu:
            args += ['-cpu', self.cpu]
        return args

    def boot_args(self, mode: str = 'test') -> list[str]:
        """Kernel, initramfs and command line; see guest/sbin/console."""
        return ['-kernel', str(images.kernel(self.kernel)),
                '-initrd', str(images.extended_initramfs(self.kernel,
                                                         self.extra)),
                '-append', f'GUEST_MODE={mode} {self.append}'.strip()]


class Board:
    """A running machine, with its consoles and QMP."""

    def __init__(self, args: Sequence[str], serials: int = 1,
                 ttys: Sequence[str] = ()):
        logs = log_dir()
        number = len(list(logs.glob('qemu-*.log')))
        self.consoles: list[Console] = []
        theirs: list[socket.socket] = []
        console_args: list[str] = []
        devices = ['-serial'] * serials + list(ttys)
        for index, device in enumerate(devices):
            mine, other = socket.socketpair()
            os.set_inheritable(other.fileno(), True)
            theirs.append(other)
            name = f'con{index}'
            console_args += ['-chardev',
                             f'socket,id={name},fd={other.fileno()}']
            if device == '-serial':
                console_args += ['-serial', f'chardev:{name}']
            else:
                console_args += ['-device', f'{device},chardev={name}']
            self.consoles.append(
                Console(mine.detach(), logs / f'console-{number}.{index}.log'))
        self.vm = QEMUMachine(qemu_binary(), [*console_args, *args],
                              name=f'qemu-{number}', log_dir=str(logs),
                              base_temp_dir=str(logs), qmp_timer=30)
        try:
            self.vm.launch()
        finally:
            for sock in theirs:
                sock.close()

    @property
    def console(self) -> Console:
        """The first console."""
        return self.consoles[0]

    def sh(self, command: str, timeout: float = 30) -> str:
        """Run a command on the first console; it must succeed."""
        return self.console.sh(command, timeout)

    def background(self, command: str) -> None:
        """Start a command that goes on while the shell runs others.

        It is none of the shell's children: the end of one interrupts what the
        shell writes, and busybox's printf does not try again.
        """
        self.sh(f'( ({command}) < /dev/null > /dev/null 2>&1 & )')

    def ping(self, address: str, options: str = '') -> None:
        """The guest gets answers from there.

        It asks for a neighbour's address for some seconds only, and then drops
        what is to go there; so there is another time.
        """
        self.sh('for i in 1 2 3 4 5 6; do '
                f'ping -c 2 -W 5 {options} {address} && break; done')

    def facts(self) -> dict[str, str]:
        """What guest/bin/facts says."""
        lines = self.sh('facts').splitlines()
        return dict(line.split('=', 1) for line in lines if '=' in line)

    def event(self, name: str, timeout: float = 60) -> dict[str, object]:
        """Wait for a QMP event; return its data."""
        try:
            # Of other numbers it makes no limit
            event = self.vm.event_wait(name, float(timeout * PATIENCE))
        except TimeoutError:
            event = None
        if event is None:
            raise BoardError(f'no QMP event {name} in '
                             f'{timeout * PATIENCE:.0f} s')
        return dict(event.get('data', {}))

    def wait_exit(self, timeout: int = 30) -> int | None:
        """Wait for QEMU to end by itself; return its exit code."""
        self.vm.wait(timeout * PATIENCE)
        return self.vm.exitcode()

    def check_kernel_log(self) -> None:
        """Raise when the kernel's log, not all on the console, has alarms."""
        found = CRASH.search(self.sh('dmesg'))
        if found:
            raise ConsoleError(f"the guest's log has: {found.group()}")

    def finish(self) -> None:
        """End QEMU when it is still there; it must exit with 0."""
        if self.vm.is_running():
            self.vm.shutdown(timeout=120)     # disks are written to the end
            if self.vm.exitcode():
                raise BoardError(f'QEMU ended with {self.vm.exitcode()}')

    def report(self) -> None:
        """Print what a person wants to see after a failure."""
        for index, console in enumerate(self.consoles):
            print(f'-- console {index}, {console.log}:')
            print(console.tail())
        if self.vm.is_running():
            self._report_cpus()

    def _report_cpus(self) -> None:
        """Print where processors are, and what waits for them."""
        def monitor(command: str, cpu: int, *begin: str) -> None:
            text = self.vm.cmd('human-monitor-command', **{
                'command-line': command, 'cpu-index': cpu})
            for line in str(text).splitlines():
                if line.startswith(begin):
                    print(line)

        print('-- processors:')
        try:
            for cpu in self.vm.cmd('query-cpus-fast'):
                monitor('info registers', cpu['cpu-index'], 'CPU', 'NIP', 'MSR')
            monitor('info pic', 0, 'CPU')
        except (QMPError, OSError) as err:
            print('QEMU does not answer:', err)

    def report_log(self) -> None:
        """Print what QEMU, which has ended, had to say."""
        log = self.vm.get_log()
        if log:
            print('-- QEMU said:', log.rstrip(), sep='\n')

    def close(self) -> None:
        """End everything, whatever happened."""
        for console in self.consoles:
            console.close()
        self.vm.shutdown(hard=True)


@contextlib.contextmanager
def running(config: Config, boot: Sequence[str] | None = None
            ) -> Iterator[Board]:
    """A machine that has been started; nothing is awaited."""
    if boot is None:
        boot = config.boot_args()
    board = Board([*config.machine_args(), *boot, *config.args],
                  config.serials, config.ttys)
    try:
        yield board
        board.finish()
    except BaseException:
        board.report()
        board.close()
        board.report_log()
        raise
    finally:
        board.close()


@contextlib.contextmanager
def booted(config: Config, boot: Sequence[str] | None = None
           ) -> Iterator[Board]:
    """A machine whose guest has come up to its shell."""
    with running(config, boot) as board:
        for console in board.consoles:
            console.wait_shell(config.boot_time)
        yield board
        if board.vm.is_running():
            board.check_kernel_log()


def expect_equal(what: str, got: object, want: object) -> None:
    """Raise unless two values are the same."""
    if got != want:
        raise BoardError(f'{what} is {got!r}, not {want!r}')


def expect_true(what: str, condition: object) -> None:
    """Raise unless a condition holds."""
    if not condition:
        raise BoardError(f'not so: {what}')


def wait(what: str, condition: Callable[[], object], seconds: float = 30
         ) -> None:
    """Wait for a condition to hold."""
    deadline = time.monotonic() + seconds * PATIENCE
    late = False
    # To look may take long; what was seen late alone is a reason to give up
    while not condition():
        expect_true(what, not late)
        time.sleep(0.5)
        late = time.monotonic() > deadline
