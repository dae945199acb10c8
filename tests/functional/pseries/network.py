# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual Ethernet: what Linux's own driver does with it."""

import functools
import hashlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from . import images, programs, tap, vlan
from .board import Board, BoardError, Config, booted, expect_equal, \
    expect_true, running, wait
from .console import PATIENCE
from .logs import log_dir
from .migration import moved
from .paths import qemu_binary
from .snapshot import disk_args, load_state, save_state
from .suite import add, test

# Of QEMU's user network
GUEST = '10.0.2.15'
HOST = '10.0.2.2'
SIZE = 3 << 20
TRANSFER_TIME = 60
CHUNK = 1 << 16
STREAM_CHUNKS = 600
STREAM_END = 30             # chunks that come slowly, for a second each
NETBOOTED = 'This came by TFTP'
VLAN, VLAN_GUEST, VLAN_HOST = 7, '10.8.0.2', '10.8.0.1'
ADD_IPV6 = f'ip -6 addr add {tap.GUEST6}/64 dev eth0'


class Peer:
    """The other end of TCP connections: sends bytes, or takes them."""

    def __init__(self, address: str = '127.0.0.1', size: int = SIZE,
                 family: int = socket.AF_INET):
        self.data = os.urandom(size)
        self._listener = socket.create_server((address, 0), family=family)
        self._listener.settimeout(TRANSFER_TIME * PATIENCE)
        self.port = self._listener.getsockname()[1]

    @property
    def sha256(self) -> str:
        """The sum of what it sends."""
        return hashlib.sha256(self.data).hexdigest()

    def _accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(TRANSFER_TIME * PATIENCE)
        return connection

    def send(self, progress: Callable[[int], None] = lambda sent: None,
             pause: float = 0) -> None:
        """Send the data to who connects next; tell how much it was so far."""
        with self._accept() as connection:
            for start in range(0, len(self.data), CHUNK):
                connection.sendall(self.data[start:start + CHUNK])
                progress(min(start + CHUNK, len(self.data)))
                time.sleep(pause)

    def receive(self) -> str:
        """Take all from who connects next; return its sum."""
        return _sum_of(self._accept())

    def close(self) -> None:
        """End it."""
        self._listener.close()


def _sum_of(connection: socket.socket) -> str:
    digest = hashlib.sha256()
    with connection:
        while data := connection.recv(1 << 16):
            digest.update(data)
    return digest.hexdigest()


class Background:
    """A call in a thread, whose result is awaited."""

    def __init__(self, function: Callable[[], str | None]):
        self._result: list[str | None] = []
        self._thread = threading.Thread(
            target=lambda: self._result.append(function()), daemon=True)
        self._thread.start()

    def wait(self) -> str | None:
        """Its result; it must come to one."""
        self._thread.join(TRANSFER_TIME * PATIENCE)
        if not self._result:
            raise BoardError('the other end of a connection failed')
        return self._result[0]


def guest_sum(output: str) -> str:
    """The sum, of what sha256sum says."""
    return output.split()[0]


def check_receive(board: Board, peer: Peer, host: str = HOST) -> None:
    """The guest gets what the peer sends."""
    sender = Background(peer.send)
    got = board.sh(f'nc {host} {peer.port} < /dev/null | sha256sum',
                   TRANSFER_TIME)
    expect_equal('what the guest got', guest_sum(got), peer.sha256)
    sender.wait()


def check_send(board: Board, peer: Peer, host: str = HOST,
               size: int = SIZE) -> None:
    """The peer gets what the guest sends."""
    want = board.sh(f'head -c {size} /dev/urandom > /tmp/data; '
                    'sha256sum < /tmp/data', TRANSFER_TIME)
    receiver = Background(peer.receive)
    board.sh(f'nc {host} {peer.port} < /tmp/data', TRANSFER_TIME)
    expect_equal('what the guest sent', receiver.wait(), guest_sum(want))


def configured(board: Board, address: str = GUEST) -> None:
    """Give the guest's adapter an address."""
    board.sh(f'ip addr add {address}/24 dev eth0 && ip link set eth0 up')


def features(board: Board) -> dict[str, bool]:
    """What ethtool says of offloads."""
    lines = board.sh('ethtool -k eth0').splitlines()[1:]
    pairs = (line.strip().split(': ', 1) for line in lines)
    return {name: value.startswith('on') for name, value in pairs}


def counters(board: Board) -> dict[str, int]:
    """The driver's own."""
    lines = board.sh('ethtool -S eth0').splitlines()[1:]
    pairs = (line.strip().split(': ', 1) for line in lines)
    return {name: int(value) for name, value in pairs}


def slirp(kernel: str, **more: object) -> None:
    """Ping, and TCP both ways."""
    config = Config(kernel=kernel, extra=images.NET, args=('-nic', 'user'),
                    **more)
    with booted(config) as board:
        configured(board)
        board.sh(f'ping -c 3 -W 5 {HOST}')
        peer = Peer()
        check_receive(board, peer)
        check_send(board, peer)
        peer.close()


SWITCHES = {
    'all': '',
    'no-tso': 'tso off',
    'no-tx': 'tx off',
    'no-rx': 'rx off',
    'no-gro-gso': 'gro off gso off',
}
ON = {'tcp-segmentation-offload', 'rx-checksumming', 'tx-checksumming'}
OFF = {
    'no-tso': {'tcp-segmentation-offload'},
    'no-tx': {'tcp-segmentation-offload', 'tx-checksumming'},
    'no-rx': ON,
}


def check_features(board: Board, switch: str) -> None:
    """What is off is off, and all else is on."""
    on = {name for name, value in features(board).items() if value}
    expect_equal('what is on', on & ON, ON - OFF.get(switch, set()))


def tap_configured(board: Board) -> None:
    """Give the guest's adapter its addresses."""
    board.sh('echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad')
    configured(board, tap.GUEST)
    board.sh(ADD_IPV6)
    board.ping(tap.HOST)
    board.ping(tap.HOST6)


def tap_transfers(board: Board, size: int = SIZE) -> None:
    """Both ways, by IPv4 and IPv6."""
    for host, family in ((tap.HOST, socket.AF_INET),
                         (tap.HOST6, socket.AF_INET6)):
        peer = Peer(host, size, family)
        check_receive(board, peer, host)
        check_send(board, peer, host, size)
        peer.close()


def offloads(kernel: str, vnet_hdr: bool, switches: Sequence[str]) -> None:
    """TCP has its sums right with every offload on and off."""
    device = tap.Tap(vnet_hdr)
    config = Config(kernel=kernel, extra=images.NET, args=device.args)
    with booted(config) as board:
        tap_configured(board)
        for switch in switches:
            if SWITCHES[switch]:
                board.sh(f'ethtool -K eth0 {SWITCHES[switch]}')
            check_features(board, switch)
            before = counters(board)
            tap_transfers(board)
            after = counters(board)
            large = {name: after[name] > before[name]
                     for name in ('tx_large_packets', 'rx_large_packets')}
            # Without a header of virtio it is QEMU that merges them.
            tso = 'tcp-segmentation-offload' not in OFF.get(switch, set())
            expect_equal('large packets', large, {
                'tx_large_packets': tso, 'rx_large_packets': tso})
            expect_equal('failed sends', after['tx_send_failed'], 0)
            board.sh('ethtool -K eth0 rx on tx on tso on gro on gso on')
        board.check_kernel_log()


class Stream:
    """A connection on which the guest receives for some seconds."""

    def __init__(self, board: Board, host: str):
        self._peer = Peer(host, STREAM_CHUNKS * CHUNK)
        self._sent = 0
        self._finishing = threading.Event()
        self._sender = Background(self._send)
        self._command = board.console.begin(
            f'nc {host} {self._peer.port} < /dev/null | sha256sum')
        deadline = time.monotonic() + TRANSFER_TIME * PATIENCE
        while not self._sent:
            expect_true('the guest connects', time.monotonic() < deadline)
            time.sleep(0.01)

    def _send(self) -> None:
        self._peer.send(self._count, 0.01)

    def _count(self, sent: int) -> None:
        self._sent = sent
        # A slow host may take its time: there is something left to be sent
        if sent == (STREAM_CHUNKS - 1) * CHUNK:
            self._finishing.wait()
        elif sent > (STREAM_CHUNKS - STREAM_END) * CHUNK:
            self._finishing.wait(1)

    def expect_running(self) -> None:
        """It has begun, and has not come to its end."""
        expect_true('the stream goes on',
                    0 < self._sent < STREAM_CHUNKS * CHUNK)

    def finish(self, board: Board) -> None:
        """Nothing of it may be lost."""
        self._finishing.set()
        result = board.console.end(self._command, TRANSFER_TIME)
        expect_equal('what the guest got', guest_sum(result.output),
                     self._peer.sha256)
        self._sender.wait()
        self._peer.close()


def stream_snapshot() -> None:
    """A stream goes on over a snapshot, and over going back to it."""
    device = tap.Tap()
    config = Config(extra=images.NET, args=(*device.args, *disk_args()))
    with booted(config) as board:
        tap_configured(board)
        stream = Stream(board, tap.HOST)
        for tag in ('one', 'two'):
            board.vm.cmd('stop')
            save_state(board, tag)
            load_state(board, tag)
            stream.expect_running()
            board.vm.cmd('cont')
            time.sleep(0.2)
        stream.finish(board)
        tap_transfers(board)
    (log_dir() / 'snapshots.qcow2').unlink()


def stream_migration(way: str) -> None:
    """A stream goes on while the guest moves to another machine."""
    device = tap.Tap()
    config = Config(extra=images.NET, args=device.args)
    with booted(config) as board:
        tap_configured(board)
        stream = Stream(board, tap.HOST)
        with moved(board, config, way) as target:
            stream.expect_running()
            stream.finish(target)
            check_features(target, 'all')
            tap_transfers(target)
            target.check_kernel_log()


@test('network/changes')
def changes() -> None:
    """The link, the MAC address and the MTU change while it is in use."""
    device = tap.Tap()
    config = Config(extra=images.NET, args=device.args)
    with booted(config) as board:
        tap_configured(board)
        board.vm.cmd('set_link', name='lan', up=False)
        expect_true('no answer while the link is down', board.console.run(
            f'ping -c 2 -W 2 {tap.HOST}').status)
        board.vm.cmd('set_link', name='lan', up=True)
        board.ping(tap.HOST)
        board.sh('ip link set eth0 down && '
                 'ip link set eth0 address 52:54:00:aa:bb:cc && '
                 'ip link set eth0 up')
        board.ping(tap.HOST)
        text = str(board.vm.cmd('human-monitor-command',
                                **{'command-line': 'info network'}))
        expect_true('QEMU tells of it', '52:54:00:aa:bb:cc' in text)
        device.set_mtu(9000)
        board.sh('ip link set eth0 mtu 9000')
        board.ping(tap.HOST, '-s 8000')
        board.sh(ADD_IPV6 + ' || :')
        tap_transfers(board)


def vlan_configured(board: Board, number: int, address: str) -> None:
    """Give the guest an interface in a VLAN."""
    name = f'eth0.{number}'
    board.sh(f'vconfig add eth0 {number} && '
             f'ip addr add {address}/24 dev {name} && ip link set {name} up')


@test('network/queues')
def several_queues() -> None:
    """A network with more queues than the adapter has is refused."""
    tap.Tap()       # for the namespace: what follows leaves no device behind
    done = subprocess.run(
        [qemu_binary(), '-M', 'pseries', '-nodefaults', '-display', 'none',
         '-S', '-netdev', 'tap,id=net,ifname=several,queues=2,script=no,'
         'downscript=no', '-device', 'spapr-vlan,netdev=net'],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=30, check=False)
    expect_equal('exit code', done.returncode, 1)
    expect_equal('lines', done.stderr.count('\n'), 1)
    expect_true('what is wrong is said',
                'has one queue, its network 2' in done.stderr)


@test('network/vlan')
def vlan_ping() -> None:
    """Pings of all sizes in a VLAN, and none from outside of it."""
    device = tap.Tap()
    config = Config(extra=images.NET, args=device.args)
    with booted(config) as board:
        tap_configured(board)
        vlan_configured(board, VLAN, VLAN_GUEST)
        other = vlan.Responder(VLAN, VLAN_HOST)
        # As these are counted, none may be dropped while nobody answers yet
        board.sh('echo 60 > '
                 f'/proc/sys/net/ipv4/neigh/eth0.{VLAN}/mcast_solicit')
        for size in (0, 56, 1471, 1472):
            board.sh(f'ping -c 2 -W 30 -s {size} {VLAN_HOST}')
        expect_equal('pings in the VLAN', other.pings, 8)
        # The untagged network goes on beside it
        board.ping(tap.HOST)
        expect_equal('frames from outside of it', other.strangers, 0)
        board.sh(f'ip addr del {VLAN_GUEST}/24 dev eth0.{VLAN}')
        vlan_configured(board, VLAN + 1, VLAN_GUEST)
        expect_true('no answer to another VLAN', board.console.run(
            f'ping -c 1 -W 2 {VLAN_HOST}').status)
        expect_equal('pings in the VLAN', other.pings, 8)
        wait('it was asked', lambda: other.strangers)


@test('network/vlan-guests')
def vlan_guests() -> None:
    """Two guests in a VLAN, with TCP both ways and frames as long as can be."""
    ends = socket.socketpair()
    configs = []
    for number, end in enumerate(ends):
        end.set_inheritable(True)
        configs.append(Config(extra=images.NET, args=(
            '-netdev', f'socket,id=net,fd={end.fileno()}', '-device',
            f'spapr-vlan,id=lan,netdev=net,mac=52:54:00:00:07:0{number}')))
    with booted(configs[0]) as first, booted(configs[1]) as second:
        for board, address in ((first, VLAN_GUEST), (second, VLAN_HOST)):
            board.sh('ip link set eth0 up')
            vlan_configured(board, VLAN, address)
        first.ping(VLAN_HOST, '-s 1472')
        for sender, receiver, address in ((first, second, VLAN_HOST),
                                          (second, first, VLAN_GUEST)):
            command = receiver.console.begin('nc -l -p 5001 | sha256sum')
            want = sender.sh(f'head -c {SIZE} /dev/urandom > /tmp/data; '
                             'sha256sum < /tmp/data', TRANSFER_TIME)
            sender.sh('for i in 1 2 3 4 5; do '
                      f'nc {address} 5001 < /tmp/data && break; sleep 1; done',
                      TRANSFER_TIME)
            got = receiver.console.end(command, TRANSFER_TIME)
            expect_equal('what the other guest got', guest_sum(got.output),
                         guest_sum(want))


def netboot_user() -> str:
    """QEMU's user network, with something to boot."""
    directory = log_dir() / 'tftp'
    directory.mkdir(exist_ok=True)
    script = directory / 'script'
    script.write_text(f'echo {NETBOOTED}\n', encoding='ascii')
    programs.run_on_host(*programs.MKIMAGE, '-O', 'powerpc-ieee1275',
                         '-d', str(images.grub_modules()), '-p', '/',
                         '-c', str(script), '-o', str(directory / 'grub'),
                         'echo', 'minicmd', 'sleep')
    return f'user,tftp={directory},bootfile=grub'


def expect_netboot(*args: str) -> None:
    """SLOF loads a program by TFTP."""
    with running(Config(firmware='slof', args=args), boot=()) as board:
        board.console.expect(NETBOOTED, 120)


@test('network/boot')
def netboot() -> None:
    """From the virtual Ethernet adapter, the only one."""
    expect_netboot('-nic', netboot_user(), '-boot', 'n')


def _register() -> None:
    add('network/snapshot', stream_snapshot)
    add('network/migration', functools.partial(stream_migration, 'unix'))
    for kernel in ('6.1-64k', '6.12-4k', '6.12-64k'):
        add(f'network/slirp/{kernel}', functools.partial(slirp, kernel),
            check=kernel != '6.12-64k')
        for name, vnet_hdr in (('tap', True), ('plain-tap', False)):
            add(f'network/{name}/{kernel}', functools.partial(
                offloads, kernel, vnet_hdr, tuple(SWITCHES)),
                check=False, timeout=600)
    add('network/offloads', functools.partial(
        offloads, '6.12-4k', True, ('all', 'no-tso', 'no-rx')))
    add('network/software-offloads', functools.partial(
        offloads, '6.12-4k', False, ('all', 'no-tx')))


_register()
