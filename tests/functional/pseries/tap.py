# SPDX-License-Identifier: GPL-2.0-or-later
"""A tap device in a network namespace of the test's own.

Each test is a process of its own, so the process itself goes into a new
namespace, and all that it starts is there too.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

from .suite import Skip

CLONE_NEWNET = 0x40000000
TUN = '/dev/net/tun'
# Linux's if_tun.h, sockios.h and if.h
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x2, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8916, 0x891c, 0x8922
SIOCGIFINDEX = 0x8933
IFF_UP = 0x1
NAME = 'tap0'

HOST, GUEST = '10.7.0.1', '10.7.0.2'
HOST6, GUEST6 = 'fd00:7::1', 'fd00:7::2'


def _new_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise Skip('no network namespace of its own: '
                   + os.strerror(ctypes.get_errno()))


def _open(vnet_hdr: bool) -> int:
    try:
        fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    except OSError as err:
        raise Skip(f'no tap device: {TUN}: {err.strerror}') from err
    flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if vnet_hdr else 0)
    try:
        fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', NAME.encode(),
                                               flags))
    except OSError as err:
        raise Skip(f'no tap device: {err.strerror}') from err
    os.set_inheritable(fd, True)
    return fd


def _address(sock: socket.socket, request: int, address: str) -> None:
    fcntl.ioctl(sock, request,
                struct.pack('16sHH4s16x', NAME.encode(), socket.AF_INET, 0,
                            socket.inet_aton(address)))


def _up(sock: socket.socket, name: str) -> None:
    asked = struct.pack('16sH22x', name.encode(), 0)
    flags, = struct.unpack_from('H', fcntl.ioctl(sock, SIOCGIFFLAGS, asked),
                                16)
    fcntl.ioctl(sock, SIOCSIFFLAGS,
                struct.pack('16sH22x', name.encode(), flags | IFF_UP))


def _add_ipv6(address: str) -> None:
    """Give it an address that is not looked for at others."""
    with contextlib.suppress(FileNotFoundError):
        with open(f'/proc/sys/net/ipv6/conf/{NAME}/accept_dad', 'w',
                  encoding='ascii') as file:
            file.write('0')
    index = socket.if_nametoindex(NAME)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFADDR, struct.pack(
            '16sIi', socket.inet_pton(socket.AF_INET6, address), 64, index))


class Tap:
    """The device, with this process and what it starts at its other end."""

    def __init__(self, vnet_hdr: bool = True):
        _new_namespace()
        self.fd = _open(vnet_hdr)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            _address(sock, SIOCSIFADDR, HOST)
            _address(sock, SIOCSIFNETMASK, '255.255.255.0')
            _up(sock, NAME)
            _up(sock, 'lo')
        _add_ipv6(HOST6)

    def set_mtu(self, mtu: int) -> None:
        """How long its packets may be."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, SIOCSIFMTU,
                        struct.pack('16si20x', NAME.encode(), mtu))

    @property
    def args(self) -> tuple[str, ...]:
        """QEMU's options, with the adapter's identifier `lan`."""
        return ('-netdev', f'tap,id=net,fd={self.fd}',
                '-device', 'spapr-vlan,id=lan,netdev=net')
