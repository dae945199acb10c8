# SPDX-License-Identifier: GPL-2.0-or-later
"""One end of a VLAN, on a device that knows nothing of it.

A host's kernel need not have VLANs: a packet socket sees the tags of what comes
in, and sends frames that have one. It answers who asks for its address, and
pings.
"""

import socket
import struct
import threading

from . import tap

ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_VLAN = 0x3, 0x800, 0x806, 0x8100
# Linux's if_packet.h
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 0x10
AUXDATA = struct.Struct('IIIHHHH')
ARP_REQUEST, ARP_REPLY = 1, 2
ICMP = 1
ECHO_REPLY, ECHO_REQUEST = 0, 8
MAC = bytes.fromhex('5254007e0001')


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f'!{len(data) // 2}H', data[:len(data) & ~1]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Responder:
    """An address in a VLAN; what it has seen is counted."""

    def __init__(self, vlan: int, address: str):
        self.vlan = vlan
        self.pings = 0          # in that VLAN
        self.strangers = 0      # for the address, from outside of it
        self._address = socket.inet_aton(address)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                     socket.htons(ETH_P_ALL))
        self._socket.bind((tap.NAME, ETH_P_ALL))
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            frame, extra, _, sender = self._socket.recvmsg(
                1 << 16, socket.CMSG_SPACE(AUXDATA.size))
            if sender[2] != socket.PACKET_OUTGOING:
                self._receive(frame, self._tag(extra))

    @staticmethod
    def _tag(extra: list[tuple[int, int, bytes]]) -> int | None:
        for level, kind, data in extra:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, *_, tci, _ = AUXDATA.unpack(data[:AUXDATA.size])
                return tci & 0xfff if status & TP_STATUS_VLAN_VALID else None
        return None

    def _receive(self, frame: bytes, tag: int | None) -> None:
        protocol, = struct.unpack_from('!H', frame, 12)
        target = {ETH_P_ARP: frame[38:42], ETH_P_IP: frame[30:34]}
        if target.get(protocol) != self._address:
            return
        if tag != self.vlan:
            self.strangers += 1
        elif protocol == ETH_P_ARP:
            self._answer_arp(frame)
        else:
            self._answer_ping(frame)

    def _send(self, to: bytes, protocol: int, packet: bytes) -> None:
        self._socket.send(to + MAC + struct.pack('!HHH', ETH_P_VLAN, self.vlan,
                                                 protocol) + packet)

    def _answer_arp(self, frame: bytes) -> None:
        kind, = struct.unpack_from('!H', frame, 20)
        if kind == ARP_REQUEST:
            self._send(frame[6:12], ETH_P_ARP,
                       frame[14:20] + struct.pack('!H', ARP_REPLY) + MAC
                       + self._address + frame[22:32])

    def _answer_ping(self, frame: bytes) -> None:
        header = frame[14:14 + (frame[14] & 0xf) * 4]
        total, = struct.unpack_from('!H', header, 2)
        message = frame[14 + len(header):14 + total]
        if header[9] != ICMP or message[0] != ECHO_REQUEST:
            return
        self.pings += 1
        reply = bytes([ECHO_REPLY, 0, 0, 0]) + message[4:]
        reply = reply[:2] + struct.pack('!H', _checksum(reply)) + reply[4:]
        # The sum over the addresses is the same in either order
        self._send(frame[6:12], ETH_P_IP, header[:12] + header[16:20]
                   + header[12:16] + header[20:] + reply)
