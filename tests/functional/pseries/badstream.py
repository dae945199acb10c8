# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration that goes wrong: a reason, exit code 1, and the source goes on.

The streams come from a guest at its shell.  A machine that takes one in
doesn't run afterwards (-S): what a test changes in memory or in a register
is nothing that QEMU could notice.
"""

import functools
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .board import Config, booted, expect_equal, expect_true, running, \
    wait
from .logs import log_dir
from .migration import await_status
from .paths import qemu_binary
from .suite import add, test
from .workload import TICKS, Workload

CONFIG = Config(cpu='power9', smp='2', memory='512M')
HASH = replace(CONFIG, cpu='power8')
INCOMING_TIME = 60
CHUNK = 1 << 20
FLIPS = {'check': 25, 'full': 1000}
DESCRIPTION = b'{"configuration"'
FDT_MAGIC = b'\xd0\x0d\xfe\xed'
DESCRIPTION_HEAD = 5    # its type and its length
NAMES = ('cpu_common', 'spapr-cpu-core', 'spapr-hpt', 'spapr-firmware',
         'spapr-irq', 'spapr-vty')


def _memory(path: Path) -> list[str]:
    """Options: the guest's memory is a file, and no part of the stream."""
    return ['-object', f'memory-backend-file,id=ram,share=on,size=512M,'
            f'mem-path={path}', '-M', 'memory-backend=ram']


def _save(config: Config, memory: Path | None = None) -> Path:
    """Boot a guest and have its stream in a file."""
    path = log_dir() / 'stream'
    if memory:
        config = replace(config, args=(*config.args, *_memory(memory)))
    with running(config) as board:
        board.console.wait_shell(config.boot_time)
        if memory:
            board.vm.cmd('migrate-set-capabilities', capabilities=[
                {'capability': 'x-ignore-shared', 'state': True}])
        board.vm.cmd('migrate-set-parameters', {'max-bandwidth': 1 << 40})
        board.vm.cmd('migrate', uri=f'file:{path}')
        await_status(board, 'completed')
    return path


class Incoming:
    """A machine that takes in a stream that we feed it."""

    def __init__(self, args: Sequence[str]):
        self.process = subprocess.Popen(
            [qemu_binary(), *args, '-S', '-display', 'none', '-monitor',
             'none', '-serial', 'null', '-qmp', 'stdio', '-incoming',
             'defer'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors='replace')

    def take(self, stream: Path, shared: bool = False) -> tuple[int, str]:
        """Exit code, and the lines on stderr, of taking in a stream.

        Code 0 means that the machine had nothing against it.
        """
        commands = ['{"execute": "qmp_capabilities"}',
                    '{"execute": "migrate-set-capabilities", "arguments": '
                    '{"capabilities": [{"capability": "events", "state": '
                    'true}, {"capability": "x-ignore-shared", "state": '
                    f'{str(shared).lower()}}}]}}}}',
                    '{"execute": "migrate-incoming", "arguments": '
                    f'{{"uri": "file:{stream}"}}}}']
        assert self.process.stdin and self.process.stdout
        timer = threading.Timer(INCOMING_TIME, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write('\n'.join(commands) + '\n')
            self.process.stdin.flush()
            for line in self.process.stdout:
                if '"completed"' in line:
                    self.process.stdin.write('{"execute": "quit"}\n')
                    self.process.stdin.flush()
            _, errors = self.process.communicate()
        finally:
            timer.cancel()
            self.process.kill()
        return self.process.returncode, errors


def _refused(args: Sequence[str], stream: Path, reason: str = ''
             ) -> None:
    """A machine must refuse a stream, for a reason that it tells."""
    code, errors = Incoming(args).take(stream)
    print(f'exit code {code}: {errors}')
    expect_equal('exit code', code, 1)
    _check_errors(errors)
    expect_true(f'a line tells {reason}', re.search(reason, errors))


def _check_errors(errors: str) -> None:
    """What QEMU says is for a person to read, and not much.

    Each of its layers adds a line.
    """
    lines = errors.splitlines()
    expect_true(f'a reason is told, in a few lines: {lines}',
                0 < len(lines) <= 5)
    expect_true(f'the end is told: {lines[-1]}', re.match(
        r'\S*qemu-system-ppc64: .*migration failed', lines[-1]))


def _patched(stream: Path, changes: Mapping[int, int]) -> Path:
    """A copy with some bytes changed (xor)."""
    copy = stream.with_name('changed')
    shutil.copyfile(stream, copy)
    with open(copy, 'r+b') as file:
        for offset, bits in changes.items():
            file.seek(offset)
            old = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([old ^ bits]))
    return copy


@test('bad-stream/cut')
def cut() -> None:
    """A stream that ends early is refused, wherever it ends."""
    stream = _save(CONFIG)
    args = CONFIG.machine_args() + CONFIG.boot_args()
    code, errors = Incoming(args).take(stream)
    expect_equal('the whole stream', (code, errors), (0, ''))
    # What follows describes the stream, for tools.
    size = stream.read_bytes().rindex(DESCRIPTION) - DESCRIPTION_HEAD
    copy = stream.with_name('changed')
    shutil.copyfile(stream, copy)
    # The memory comes first; what devices have is less than a megabyte.
    for length in (size - 1, size - 100, size - 5000, size - 50000,
                   size // 2 + 1, 1 << 20, 10000, 100, 5, 0):
        with open(copy, 'r+b') as file:
            file.truncate(length)
        print(f'the first {length} of {size} bytes')
        _refused(args, copy)


@test('bad-stream/structure', check=False)
def structure() -> None:
    """Damaged headers, names and footers of sections are told."""
    stream = _save(CONFIG)
    args = CONFIG.machine_args() + CONFIG.boot_args()
    data = stream.read_bytes()
    data = data[:data.rindex(DESCRIPTION)]
    damage = {'magic': 0, 'version': 7, 'RAM block': data.index(b'.ram')}
    for name in NAMES:
        at = data.rindex(name.encode())
        damage[f'name {name}'] = at
        damage[f'length of {name}'] = at - 1
    for what, offset in damage.items():
        print(f'{what}, byte {offset}')
        _refused(args, _patched(stream, {offset: 0x41}))


def _device_state(data: bytes) -> list[range]:
    """Where a stream has the state of devices: without the device tree, with
    it, and all that it has."""
    start, end = data.index(b'\5timer'), data.rindex(DESCRIPTION)
    tree = data.index(FDT_MAGIC, start)
    return [range(start, tree),
            range(tree + int.from_bytes(data[tree + 4:tree + 8], 'big'), end),
            range(start, end), range(len(FDT_MAGIC) * 2, end)]


def flips(config: Config, count: int) -> None:
    """With random bits changed QEMU refuses the stream or takes it in.

    Which one is right depends on the bit; in no case may it crash.
    """
    memory = log_dir() / 'memory'
    stream = _save(config, memory)
    args = [*config.machine_args(), *config.boot_args(), *_memory(memory)]
    places = _device_state(stream.read_bytes())
    rng = random.Random(count)
    refused = 0
    for _ in range(count):
        changes = {rng.choice(rng.choice(places)): 1 << rng.randrange(8)
                   for _ in range(rng.choice((1, 1, 1, 16)))}
        code, errors = Incoming(args).take(_patched(stream, changes), True)
        expect_true(f'exit code {code} with {changes}: {errors}',
                    code in (0, 1))
        if code:
            refused += 1
            expect_true(f'a reason is told with {changes}', errors.strip())
    print(f'{refused} of {count} streams were refused; {places}')
    expect_true('some were refused', refused > 0)
    memory.unlink()


# Name: the target's machine, and what has to be told.
OTHERS: dict[str, tuple[Config, str]] = {
    'less-memory': (replace(CONFIG, memory='256M'), r'[Ss]ize mismatch'),
    'more-memory': (replace(CONFIG, memory='1G'), r'[Ss]ize mismatch'),
    'fewer-cpus': (replace(CONFIG, smp='1'), 'smp|cpu'),
    'more-cpus': (replace(CONFIG, smp='3'), 'smp|cpu'),
    'maxcpus': (replace(CONFIG, smp='2,maxcpus=16'), 'smp|cpu'),
    'older-cpu': (replace(CONFIG, cpu='power8'), 'cap-|PVR'),
    'older-compat': (replace(CONFIG, machine='max-cpu-compat=power8'),
                     'max-cpu-compat|cap-large-decr'),
    'less-capable': (replace(CONFIG, machine='cap-large-decr=off'),
                     'cap-large-decr'),
    'other-vcpu-ids': (replace(CONFIG, machine='vsmt=8'), 'vsmt'),
    'firmware': (replace(CONFIG, firmware='slof'), 'firmware'),
    'more-consoles': (replace(CONFIG, ttys=('spapr-vty,chardev=a',)),
                      'devices differ'),
    'nvram': (replace(CONFIG, args=('-drive', 'if=pflash,format=raw,'
                                    'file={dir}/nvram')), 'nvram|NVRAM'),
}


def _cases() -> Iterator[tuple[str, list[str], str]]:
    (log_dir() / 'nvram').write_bytes(b'\0' * 0x8000)
    for name, (config, reason) in OTHERS.items():
        args = [*config.machine_args(), *config.boot_args()]
        args += [arg.format(dir=log_dir()) for arg in config.args]
        for number, tty in enumerate(config.ttys):
            args += ['-chardev', 'null,id=a', '-device', tty]
        yield name, args, reason


@test('bad-stream/other-machine')
def other_machine() -> None:
    """A stream of a machine with other options is refused, and why."""
    stream = _save(CONFIG)
    wrong = []
    for name, args, reason in _cases():
        print(f'-- {name}')
        try:
            _refused(args, stream, reason)
        except Exception as error:
            wrong.append(name)
            print(error)
    expect_equal('machines that did not refuse as they should', wrong, [])


@test('bad-stream/source-goes-on')
def source_goes_on() -> None:
    """A guest whose migration fails goes on where it is."""
    config = replace(CONFIG, ttys=(TICKS,))
    # Nobody there; somebody who leaves early; a target that refuses.
    qemu = ' '.join([qemu_binary(), *config.machine_args(), '-smp', '3',
                     '-display none -monitor none -serial null'])
    ways = (f'unix:{log_dir()}/nobody', 'exec:head -c 3000000 > /dev/null',
            f"exec:{qemu} -incoming 'exec:cat' 2> /dev/null")
    with booted(config) as board:
        work = Workload(board, 2)
        for uri in ways:
            work.expect_progress()
            try:
                board.vm.cmd('migrate', uri=uri)
                await_status(board, 'completed')
            except Exception as error:
                print(f'{uri}: {error}')
            else:
                raise AssertionError(f'migration to {uri} did not fail')
            wait('the guest runs', lambda: board.vm.cmd(
                'query-status')['status'] == 'running')
            work.expect_progress()
        work.finish()


for _selection, _count in FLIPS.items():
    for _name, _config in (('radix', CONFIG), ('hash', HASH)):
        add(f'bad-stream/flips/{_name}-{_selection}',
            functools.partial(flips, _config, _count),
            check=_selection == 'check', timeout=900)
