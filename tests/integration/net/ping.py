# SPDX-License-Identifier: Apache-2.0
"""Sends an ICMP echo request by a socket that needs no capability, and prints "reply" where the answer is one.

usage: ping.py ADDRESS        Alone:  python3 ping.py 127.0.0.1  (where net.ipv4.ping_group_range has the user's group)
"""
import argparse
import socket
import struct

ECHO_REPLY, ECHO_REQUEST = 0, 8


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    options = parser.parse_args()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    s.settimeout(10)
    body = b"payload!"
    request = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, 0, 1) + body
    s.sendto(struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum(request), 0, 1) + body, (options.address, 0))
    print("reply" if s.recv(100)[0] == ECHO_REPLY else "no reply")


main()
