# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast a guest's network is: iperf3 in the guest and on this host, with a
tap device between them in a network namespace of the measurement's own.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pseries import images, programs
from pseries.board import Board, BoardError, Config, running
from pseries.tap import GUEST, HOST, Tap

SECONDS = 5                     # of each direction
PROCESSOR = 0                   # of the guest, for its program
PINGS = 300
LOAD_TIME = 60                  # until iperf3 is over, at most
BOOT_TIME = 120
EXTRA = images.Extra(('ibmveth', 'virtio_pci', 'virtio_net'), ('iperf3',))
IPERF = 'iperf3', 'usr/bin/iperf3'


@contextmanager
def _server(program: Sequence[str]) -> Iterator[None]:
    """The other end, for one connection after the other."""
    with subprocess.Popen([*program, '-s'],
                          stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def _rate(board: Board, *options: str) -> float:
    """Mbit/s of a transfer.  The guest's end stays on one processor: where its
    scheduler puts it, beside the adapter's interrupt or not, makes a quarter
    of the rate.
    """
    output = board.sh(f'iperf3 -c {HOST} -A {PROCESSOR} -t {SECONDS} -J '
                      f'{" ".join(options)}', LOAD_TIME)
    result = json.loads(output[output.index('{'):])
    return result['end']['sum_received']['bits_per_second'] / 1e6


def _round_trip(board: Board) -> float:
    """The mean time in ms in which an echo comes back."""
    output = board.sh(f'ping -q -c {PINGS} -i 0.01 {HOST}', LOAD_TIME)
    found = re.search(r'min/avg/max = [\d.]+/([\d.]+)/', output)
    if not found:
        raise BoardError(f'ping says: {output}')
    return float(found[1])


def measure(kernel: str, model: str) -> dict[str, float]:
    """Transfers in both directions; model: of the guest's adapter."""
    # What is to be downloaded comes before there is no network.
    images.extended_initramfs(kernel, EXTRA)
    server = programs.on_host(*IPERF)
    device = Tap()
    config = Config(kernel=kernel, smp='2', memory='2G', firmware='vof',
                    extra=EXTRA, args=(
                        '-nodefaults', '-netdev', f'tap,id=net,fd={device.fd}',
                        '-device', f'{model},netdev=net'))
    with running(config) as board:
        board.console.wait_shell(BOOT_TIME)
        board.sh(f'ip addr add {GUEST}/24 dev eth0 && '
                 f'ip link set eth0 up && ping -c 1 -w 20 {HOST}')
        with _server(server):
            return {'out, Mbit/s': _rate(board),
                    'in, Mbit/s': _rate(board, '-R'),
                    'round trip, ms': _round_trip(board)}
