# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk images, and how a machine is given them as SCSI disks."""

import hashlib
import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .board import Board, BoardError
from .logs import log_dir
from .paths import qemu_img

MIB = 1 << 20
IMAGE_TIME = 60
ADAPTER = ['-device', 'spapr-vscsi,id=vscsi']
BUS = 'vscsi.0'


def sha256(data: bytes) -> str:
    """As sha256sum prints it."""
    return hashlib.sha256(data).hexdigest()


def noise(size: int, seed: int) -> bytes:
    """Bytes that look random, the same ones for a seed."""
    return random.Random(seed).randbytes(size)


def _qemu_img(*args: str) -> None:
    done = subprocess.run([qemu_img(), *args], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=IMAGE_TIME)
    if done.returncode:
        raise BoardError(f'qemu-img {args[0]}: {done.stdout}')


@dataclass
class Disk:
    """A disk; its name is the guest's serial number for it."""
    name: str
    size: int = 64 * MIB
    kind: str = 'raw'           # the image's format
    device: str = 'scsi-hd'
    where: str = ''             # channel=,scsi-id=,lun=; else the next place
    more: str = ''              # more options of the device

    @property
    def path(self) -> Path:
        """Its image."""
        return log_dir() / f'{self.name}.{self.kind}'

    @property
    def id(self) -> str:
        """The device's id."""
        return f'{self.name}-dev'

    def create(self, data: bytes | None = None) -> 'Disk':
        """Make the image, with these contents or empty."""
        raw = self.path.with_suffix('.raw')
        if data is not None:
            self.size = len(data)
        with open(raw, 'wb') as image:
            image.write(data or b'')
            image.truncate(self.size)
        if self.kind != 'raw':
            _qemu_img('convert', '-f', 'raw', '-O', self.kind, str(raw),
                      str(self.path))
            raw.unlink()
        return self

    def read(self) -> bytes:
        """The contents, when no QEMU has it any more."""
        if self.kind == 'raw':
            return self.path.read_bytes()
        raw = self.path.with_suffix('.copy')
        _qemu_img('convert', '-f', self.kind, '-O', 'raw', str(self.path),
                  str(raw))
        data = raw.read_bytes()
        raw.unlink()
        return data

    def node(self) -> dict[str, object]:
        """The block node, as QMP takes it."""
        node: dict[str, object] = {
            'driver': self.kind, 'node-name': self.name,
            'file': {'driver': 'file', 'filename': str(self.path)}}
        if self.device == 'scsi-cd':
            node['read-only'] = True
        return node

    def device_options(self) -> dict[str, object]:
        """The device, as QMP takes it."""
        options: dict[str, object] = {
            'driver': self.device, 'bus': BUS, 'id': self.id,
            'drive': self.name, 'serial': self.name}
        for item in filter(None, f'{self.where},{self.more}'.split(',')):
            key, _, value = item.partition('=')
            options[key] = int(value) if value.isdigit() else value
        return options

    def args(self) -> list[str]:
        """The command line's options for it."""
        return ['-blockdev', json.dumps(self.node()),
                '-device', json.dumps(self.device_options())]


def device(board: Board, name: str) -> str:
    """The path that a disk has in the guest."""
    return board.sh(f'disk {name}').strip()


def options(*disks: Disk) -> list[str]:
    """The options for an adapter with these disks."""
    return [*ADAPTER, *(arg for disk in disks for arg in disk.args())]


def remove(*disks: Disk) -> None:
    """Delete images that no longer say anything of a test."""
    for disk in disks:
        disk.path.unlink(missing_ok=True)
