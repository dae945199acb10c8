# SPDX-License-Identifier: GPL-2.0-or-later
"""Libvirt: it finds our binary, and runs a guest by the XML of our docs.

Its daemon is one of the test's own, without privileges and with directories
of its own.  Root has it in a user namespace, where it isn't root.
"""

import contextlib
import functools
import os
import pty
import shutil
import subprocess
import tempfile
import termios
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from . import images
from .blocks import MIB, Disk, noise, sha256
from .board import BoardError, expect_equal, expect_true, wait
from .console import Console
from .logs import log_dir
from .paths import ROOT, SetupError, qemu_binary
from .suite import add

DOMAIN_XML = ROOT / 'docs/system/ppc/pseries-libvirt.xml'
URI = 'qemu:///session'
NAME = 'pseries'
DAEMON_TIME = 30
VIRSH_TIME = 300
BOOT_TIME = 90
IDLE_TIME = 120             # seconds after which a daemon without work ends
ESCAPE = '\x1d'             # ends `virsh console`
LFLAG = 3                   # where termios.tcgetattr() has the local modes
ADDRESS, GATEWAY = '10.0.2.15', '10.0.2.2'      # slirp's, of each network
EXTRA = images.Extra((*images.DISK.modules, 'ibmveth', 'virtio_pci',
                      'virtio_blk', 'virtio_net'))


class Libvirt:
    """A daemon, and virsh that talks to it."""

    def __init__(self) -> None:
        for program in ('libvirtd', 'virsh'):
            if not shutil.which(program, path=self._path()):
                raise SetupError(f'no {program}: run `make` first')
        # The path of its socket must not be long.
        self._home = tempfile.mkdtemp(prefix='pseries-libvirt-')
        self._env = dict(os.environ, HOME=self._home, LC_ALL='C',
                         PATH=self._path())
        for variable in ('RUNTIME_DIR', 'CONFIG_HOME', 'CACHE_HOME',
                         'DATA_HOME'):
            path = Path(self._home, variable.lower())
            path.mkdir(mode=0o700)
            self._env[f'XDG_{variable}'] = str(path)
        self._log = open(log_dir() / 'libvirtd.log', 'wb')
        self._daemon = subprocess.Popen(
            [*self._user(), 'libvirtd', '--timeout', str(IDLE_TIME)],
            env=self._env, stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=subprocess.STDOUT)

    @staticmethod
    def _path() -> str:
        return os.environ.get('PATH', '') + ':/usr/sbin:/sbin'

    @staticmethod
    def _user() -> list[str]:
        """What makes root another user."""
        if os.geteuid():
            return []
        return ['unshare', '--user', '--map-user=1000', '--map-group=1000']

    def command(self, *args: str) -> list[str]:
        """How virsh is called."""
        return [*self._user(), 'virsh', '--connect', URI, *args]

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Call virsh, which may fail."""
        return subprocess.run(self.command(*args), env=self._env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=VIRSH_TIME, check=False)

    def virsh(self, *args: str) -> str:
        """Call virsh, which must not."""
        done = self.run(*args)
        if done.returncode:
            raise BoardError(f"virsh {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def wait(self) -> None:
        """Wait until the daemon answers."""
        deadline = time.monotonic() + DAEMON_TIME
        while self.run('list').returncode:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise BoardError('the daemon does not answer: '
                                 + self.run('list').stderr)
            time.sleep(0.1)

    def wait_state(self, state: str) -> None:
        """Wait for a state of the domain."""
        deadline = time.monotonic() + BOOT_TIME
        while (found := self.virsh('domstate', NAME)) != state:
            if time.monotonic() > deadline:
                raise BoardError(f'the domain is {found}, not {state}')
            time.sleep(0.2)

    @contextlib.contextmanager
    def console(self, log: str) -> Iterator[Console]:
        """`virsh console`, on a terminal of its own."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(self.command('console', NAME), env=self._env,
                              stdin=theirs, stdout=theirs, stderr=theirs,
                              start_new_session=True) as process:
            os.close(theirs)
            console = Console(ours, log_dir() / log)
            try:
                console.expect('Escape character', 30)
                # It throws away what it has got when it sets its terminal
                wait('the terminal is raw', lambda: not
                     termios.tcgetattr(ours)[LFLAG] & termios.ICANON)
                yield console
                # It may have ended with the domain
                with contextlib.suppress(OSError):
                    console.send(ESCAPE)
                process.wait(30)
            finally:
                process.kill()
                console.close()

    def close(self) -> None:
        """End it all."""
        self.run('destroy', NAME)
        self._daemon.terminate()
        try:
            self._daemon.wait(30)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._log.close()
        logs = Path(self._env['XDG_CACHE_HOME'], 'libvirt/qemu/log')
        for log in logs.glob('*.log'):
            shutil.copy(log, log_dir() / f'libvirt-{log.name}')
        shutil.rmtree(self._home)


@contextlib.contextmanager
def _libvirt() -> Iterator[Libvirt]:
    libvirt = Libvirt()
    try:
        libvirt.wait()
        yield libvirt
    finally:
        libvirt.close()


def _domain_xml(kernel: str, paths: dict[str, Path]) -> str:
    """The XML of our docs, with the paths that it has here."""
    text = DOMAIN_XML.read_text('utf-8')
    places = {
        '/usr/local/bin/qemu-system-ppc64': qemu_binary(),
        '/boot/vmlinux': images.kernel(kernel),
        '/boot/initrd.img': images.extended_initramfs(kernel, EXTRA),
        'root=/dev/sda1': 'GUEST_MODE=test',
        '/var/lib/libvirt/images/pseries.qcow2': paths['system'],
        '/var/lib/libvirt/images/data.raw': paths['data'],
    }
    for old, new in places.items():
        if text.count(f'>{old}<') + text.count(f"'{old}'") != 1:
            raise BoardError(f'{DOMAIN_XML} has not one {old}')
        text = text.replace(old, str(new))
    return text


def _check_probe(libvirt: Libvirt) -> None:
    """What it has found out of our binary."""
    root = ET.fromstring(libvirt.virsh(
        'domcapabilities', '--emulatorbin', qemu_binary(), '--arch', 'ppc64',
        '--machine', 'pseries', '--virttype', 'qemu'))
    expect_equal('machine', root.findtext('machine'), 'pseries-10.0')
    models = [model.text for model in root.iterfind('.//cpu/mode/model')]
    for model in ('POWER8', 'POWER9', 'POWER10'):
        expect_true(f'{model} is among {models}', model in models)
    buses = [value.text for value in root.iterfind(
        ".//disk/enum[@name='bus']/value")]
    for bus in ('scsi', 'virtio'):
        expect_true(f'{bus} is among {buses}', bus in buses)


def _check_disks(console: Console, data: dict[str, bytes]) -> None:
    """Both disks are read; the one that libvirt calls sda is written."""
    console.sh(f'[ "$(sha256sum < /dev/vda)" = "{sha256(data["data"])}  -" ]',
               60)
    console.sh('dd if=/dev/vda of=/dev/sda bs=64k oflag=direct && '
               'echo 3 > /proc/sys/vm/drop_caches', 60)
    console.sh(f'[ "$(head -c {len(data["data"])} /dev/sda | sha256sum)" = '
               f'"{sha256(data["data"])}  -" ]', 60)


def _check_networks(console: Console) -> None:
    """Both networks, one after the other: slirp has one address."""
    for mac in ('52:54:00:70:73:01', '52:54:00:70:73:02'):
        name = console.sh(
            f'grep -l {mac} /sys/class/net/*/address').split('/')[4]
        console.sh(f'ip addr add {ADDRESS}/24 dev {name} && '
                   f'ip link set {name} up && '
                   f'for i in 1 2 3; do ping -c 2 -W 10 {GATEWAY} && break; '
                   'done && '
                   f'ip addr flush dev {name} && ip link set {name} down', 60)


# What the board does not have: a change of the XML, and a part of the reason.
REFUSED = {
    'memory to come': ('<vcpu>2</vcpu>', "<maxMemory slots='2' unit='GiB'>4"
                       '</maxMemory><vcpu>2</vcpu>', 'maxmem'),
    'a TPM': ('<memballoon', "<tpm model='tpm-spapr'><backend type='emulator'"
              '/></tpm><memballoon', 'TPM'),
    'a guest of the guest': ('<cpu mode', "<features><nested-hv state='on'/>"
                             '</features><cpu mode', 'cap-nested-hv'),
}


def refusals(kernel: str) -> None:
    """What there is not is refused, and said why."""
    disks = {name: Disk(name, kind=kind).create() for name, kind in (
        ('system', 'qcow2'), ('data', 'raw'))}
    text = _domain_xml(kernel, {name: disk.path
                                for name, disk in disks.items()})
    xml = log_dir() / 'domain.xml'
    with _libvirt() as libvirt:
        for what, (old, new, reason) in REFUSED.items():
            expect_equal(f'places of {old}', text.count(old), 1)
            xml.write_text(text.replace(old, new), 'utf-8')
            done = libvirt.run('create', str(xml))
            expect_true(f'{what}: {done.stderr}',
                        done.returncode and reason in done.stderr)
    for disk in disks.values():
        disk.path.unlink()


def life(kernel: str) -> None:
    """A domain's life, from being defined to being undefined."""
    data = {'system': bytes(16 * MIB), 'data': noise(8 * MIB, 11)}
    disks = {'system': Disk('system', kind='qcow2'), 'data': Disk('data')}
    for name, disk in disks.items():
        disk.create(data[name])
    xml = log_dir() / 'domain.xml'
    xml.write_text(_domain_xml(kernel, {
        name: disk.path for name, disk in disks.items()}), 'utf-8')
    with _libvirt() as libvirt:
        _check_probe(libvirt)
        libvirt.virsh('define', str(xml))
        libvirt.virsh('start', NAME, '--paused')
        with libvirt.console('console-1.log') as console:
            libvirt.virsh('resume', NAME)
            console.wait_shell(BOOT_TIME)
            _check_disks(console, data)
            _check_networks(console)
            console.sh('echo kept > /tmp/kept')
            libvirt.virsh('suspend', NAME)
            expect_equal('state', libvirt.virsh('domstate', NAME), 'paused')
            libvirt.virsh('resume', NAME)
            console.sh('true')
        saved = log_dir() / 'saved'
        libvirt.virsh('save', NAME, str(saved))
        expect_equal('state', libvirt.virsh('domstate', NAME), 'shut off')
        libvirt.virsh('restore', str(saved))
        saved.unlink()
        with libvirt.console('console-2.log') as console:
            expect_equal('what it had', console.sh('cat /tmp/kept'), 'kept')
            _check_disks(console, data)
            _check_networks(console)
            libvirt.virsh('shutdown', NAME)
            libvirt.wait_state('shut off')
        libvirt.virsh('undefine', NAME)
        expect_true('it is no more', libvirt.run('dominfo', NAME).returncode)
    for disk in disks.values():
        disk.path.unlink()


add('libvirt/refusals', functools.partial(refusals, '6.12-4k'))
for _kernel in ('6.12-4k', '6.1-64k'):
    add(f'libvirt/life/{_kernel}', functools.partial(life, _kernel),
        check=_kernel == '6.12-4k', timeout=300)
