# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured on one emulator, with real kernels.

Each function measures once and returns the figures by their names.
"""

import os
import re
import subprocess
import time
from pathlib import Path

from pseries import images, programs
from pseries.board import Board, BoardError, Config, running
from pseries.logs import log_dir
from pseries.paths import BUILD

from . import calls

Figures = dict[str, float]

STARTS = 5                      # of QEMU, for one figure
BOOT_TIME = 120                 # seconds until the shell, at most
LOOPS = 3                       # of calls or forks, for one figure
FORKS = 100                     # of each vCPU in a loop
LOOP_TIME = 60                  # seconds for a loop, at most
SNAPSHOT = 'bench'

# What the console shows.  The kernel's first line is prom_init's, which the
# firmware prints, or with VOF, which has no console, the kernel's own.
FIRST_LINE = r'OF stdout device is|\[ +0\.000000\] '
FIRST_COMMAND = r'Run /init as init process'


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _resident(board: Board) -> float:
    """Memory that the process has, in MiB."""
    pid = board.vm.get_pid()
    text = Path(f'/proc/{pid}/smaps_rollup').read_text(encoding='ascii')
    found = re.search(r'^Rss:\s+(\d+) kB', text, re.M)
    if not found:
        raise BoardError('/proc tells nothing of the memory of QEMU')
    return int(found[1]) / 1024


def _cpu_time(board: Board) -> float:
    """Seconds that all threads of the process have run."""
    stat = Path(f'/proc/{board.vm.get_pid()}/stat').read_text('utf-8')
    user, system = stat.rpartition(')')[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def start() -> Figures:
    """Start QEMU until it answers on QMP; the guest does not run."""
    seconds, resident = [], []
    for _ in range(STARTS):
        begun = time.monotonic()
        with running(Config(firmware=''), boot=('-S',)) as board:
            board.vm.cmd('query-status')
            seconds.append(time.monotonic() - begun)
            resident.append(_resident(board))
    return {'start, s': _median(seconds), 'memory, MiB': _median(resident)}


def _boot(board: Board, begun: float) -> Figures:
    """Follow a boot from when the process was started."""
    figures = {}
    for name, pattern in (('first line, s', FIRST_LINE),
                          ('first command, s', FIRST_COMMAND)):
        board.console.expect(pattern, BOOT_TIME)
        figures[name] = time.monotonic() - begun
    board.console.wait_shell(BOOT_TIME)
    figures['shell, s'] = time.monotonic() - begun
    figures['CPU time, s'] = _cpu_time(board)
    return figures


def boot(kernel: str, firmware: str, vcpus: int = 1) -> Figures:
    """Boot a kernel; firmware '' is the default."""
    config = Config(kernel=kernel, firmware=firmware, smp=str(vcpus))
    begun = time.monotonic()
    with running(config) as board:
        return _boot(board, begun)


def _image() -> Path:
    """A disk that can hold a snapshot."""
    path = log_dir() / 'snapshot.qcow2'
    subprocess.run([BUILD / 'obj/qemu-img', 'create', '-q', '-f', 'qcow2',
                    path, '4G'], check=True, timeout=60)
    return path


def _monitor(board: Board, command: str) -> float:
    """Run a command of the monitor; return the seconds it took."""
    begun = time.monotonic()
    said = board.vm.cmd('human-monitor-command', command_line=command)
    seconds = time.monotonic() - begun
    if 'Error' in said:             # there may be warnings
        raise BoardError(f'{command}: {said}')
    return seconds


def _snapshot_size(board: Board) -> float:
    """Size of the state in the snapshot, in MiB."""
    for node in board.vm.cmd('query-named-block-nodes'):
        for snapshot in node['image'].get('snapshots', ()):
            if snapshot['name'] == SNAPSHOT:
                return float(snapshot['vm-state-size']) / 2 ** 20
    raise BoardError('there is no snapshot')


def snapshot(kernel: str) -> Figures:
    """Boot; then the memory of QEMU, and a snapshot of the guest."""
    config = Config(kernel=kernel, firmware='vof', args=(
        '-drive', f'if=none,id=disk,format=qcow2,file={_image()}'))
    with running(config) as board:
        board.console.wait_shell(BOOT_TIME)
        figures = {'memory, MiB': _resident(board),
                   'savevm, s': _monitor(board, f'savevm {SNAPSHOT}'),
                   'size, MiB': _snapshot_size(board),
                   'loadvm, s': _monitor(board, f'loadvm {SNAPSHOT}')}
        board.sh('true')        # the guest is well
    return figures


def _page_faults(board: Board) -> int:
    return int(board.sh("sed -n 's/^pgfault //p' /proc/vmstat"))


def _loop(board: Board, vcpus: int) -> float:
    """Page faults a second, with a loop of forks and execs on each vCPU."""
    loop = (f'i=0; while [ $i -lt {FORKS} ]; do '
            '/bin/busybox true; i=$((i + 1)); done')
    command = f'( {loop} ) & ' * vcpus + 'wait'
    before = _page_faults(board)
    begun = time.monotonic()
    board.sh(command, LOOP_TIME)
    seconds = time.monotonic() - begun
    return (_page_faults(board) - before) / seconds


def faults(kernel: str, cpu: str, append: str) -> Figures:
    """Page faults a second in a guest with two vCPUs."""
    config = Config(kernel=kernel, cpu=cpu, smp='2', append=append)
    with running(config) as board:
        board.console.wait_shell(BOOT_TIME)
        _loop(board, 1)         # what is translated once is of no interest
        return {f'{name}, faults/s':
                _median([_loop(board, vcpus) for _ in range(LOOPS)])
                for name, vcpus in (('one vCPU', 1), ('two vCPUs', 2))}


def _call_rate(name: str, vcpus: int) -> float:
    """Thousands of hypercalls a second; what is soon over is done again."""
    rates = [calls.measure(name, vcpus)]
    if calls.CALLS < 1000 * rates[0]:           # took less than a second
        rates += [calls.measure(name, vcpus) for _ in range(LOOPS - 1)]
    return _median(rates)


def hypercalls(name: str) -> Figures:
    """Thousands of hypercalls a second."""
    return {'one vCPU, 1000/s': _call_rate(name, 1),
            'two vCPUs, 1000/s': _call_rate(name, 2)}


def prepare(kernels: set[str]) -> None:
    """Have the images, and have them in the page cache."""
    images.prepare(kernels, for_tests=False)
    for name in programs.BENCH:
        programs.files(programs.GUEST[name])
    for path in [images.initramfs(), *map(images.kernel, kernels)]:
        path.read_bytes()


