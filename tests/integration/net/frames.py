# SPDX-License-Identifier: Apache-2.0
"""A container's program that means harm to its network: frames of nonsense, fragments that are never whole, floods of datagrams
and half-open connections, all through tap0.

usage: frames.py HOST PORT      HOST: an IPv4 address that the network reaches; PORT: where a TCP server listens there
Needs CAP_NET_RAW and a device tap0: alone,  urun run --network slirp --cap-add NET_RAW -- python3 frames.py 192.0.2.1 7001
"""
import argparse
import random
import socket
import struct
import time

GATEWAY_MAC = bytes.fromhex("52550a000202")
IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
MORE_FRAGMENTS = 0x2000
UDP = 17


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Device:
    def __init__(self, name):
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind((name, 0))
        self.head = GATEWAY_MAC + self.raw.getsockname()[4]

    def send(self, kind, payload):
        try:
            self.raw.send(self.head + struct.pack("!H", kind) + payload)
        except OSError:
            # The device's queue is full.
            time.sleep(0.001)


def send_nonsense(device):
    for _ in range(20000):
        kind = random.choice((IPV4, IPV6, ARP, random.getrandbits(16)))
        version = random.choice((0x45, 0x60, random.getrandbits(8)))
        device.send(kind, bytes([version]) + random.randbytes(random.randrange(1500)))


def send_fragments(device, host):
    addresses = socket.inet_aton("10.0.2.100") + socket.inet_aton(host)
    for i in range(20000):
        header = struct.pack("!BBHHHBBH", 0x45, 0, 120, i & 0xffff, MORE_FRAGMENTS | (i % 100), 64, UDP, 0) + addresses
        device.send(IPV4, header[:10] + struct.pack("!H", checksum(header)) + header[12:] + bytes(100))


def send_datagrams(host):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(20000):
        try:
            s.sendto(b"x" * 500, (host, 20000 + i))
        except OSError:
            pass


def open_connections(host, port):
    connections = []
    for _ in range(400):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((host, port))
        connections.append(s)
    time.sleep(0.5)
    for s in connections:
        s.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    random.seed(1)
    device = Device("tap0")
    send_nonsense(device)
    send_fragments(device, options.host)
    send_datagrams(options.host)
    open_connections(options.host, options.port)


main()
