# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast a guest's disk is: fio in the guest, direct I/O on a disk of the
virtual SCSI adapter whose image is in the host's page cache.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pseries import images
from pseries.board import Config, running
from pseries.logs import log_dir

MIB = 1 << 20
SIZE = 512 * MIB
SECONDS = 5                     # of each load
LOAD_TIME = 60                  # until fio is over, at most
BOOT_TIME = 120
SERIAL = 'bench'
EXTRA = images.Extra(('ibmvscsi', 'sd_mod', 'virtio_blk', 'virtio_scsi'),
                     ('fio',))


@dataclass(frozen=True)
class Load:
    """What fio does."""
    options: Sequence[str]
    direction: str              # of the data: read, write
    unit: str


LOADS = {
    '4 KiB random reads': Load(('--rw=randread', '--bs=4k'), 'read', '1/s'),
    '4 KiB random reads, 32 at a time': Load(
        ('--rw=randread', '--bs=4k', '--iodepth=32'), 'read', '1/s'),
    '1 MiB reads': Load(('--rw=read', '--bs=1m'), 'read', 'MiB/s'),
    '1 MiB writes': Load(('--rw=write', '--bs=1m'), 'write', 'MiB/s'),
}


def _image() -> Path:
    """A disk with contents."""
    path = log_dir() / 'disk.raw'
    noise = random.Random(1).randbytes(MIB)
    with open(path, 'wb') as file:
        for _ in range(SIZE // MIB):
            file.write(noise)
    return path


def _figure(load: Load, output: str) -> float:
    """What fio has measured."""
    job, = json.loads(output[output.index('{'):])['jobs']
    found = job[load.direction]
    return found['iops'] if load.unit == '1/s' else found['bw_bytes'] / MIB


def measure(kernel: str, devices: Sequence[str]) -> dict[str, float]:
    """Each load's figure; devices: the adapter, and the disk on it."""
    # The experiment's name is in the path; a comma in it ends no option.
    path = str(_image()).replace(',', ',,')
    drive = f'if=none,id=disk,format=raw,file={path}'
    config = Config(kernel=kernel, smp='2', memory='2G', firmware='vof',
                    extra=EXTRA, args=(
                        '-drive', drive, *(word for device in devices
                                           for word in ('-device', device))))
    figures = {}
    with running(config) as board:
        board.console.wait_shell(BOOT_TIME)
        disk = board.sh('ls /sys/block | grep -E "^(sd|vd)"').split()[0]
        for name, load in LOADS.items():
            output = board.sh(
                f'fio --name=load --filename=/dev/{disk} --direct=1 '
                f'--ioengine=libaio --time_based --runtime={SECONDS} '
                # What fio does to its buffers is no disk's work.
                '--scramble_buffers=0 '
                f'--output-format=json {" ".join(load.options)}', LOAD_TIME)
            figures[f'{name}, {load.unit}'] = _figure(load, output)
    return figures
