# SPDX-License-Identifier: Apache-2.0
"""Hands the kernel 4500 bytes as datagrams of 1000 (udp(7), UDP_SEGMENT), and prints the sizes that an echo sends back.

usage: segments.py ADDRESS PORT
"""
import socket
import sys

UDP_SEGMENT = 103

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(10)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
    s.sendto(b"x" * 4500, (sys.argv[1], int(sys.argv[2])))
    print(*[len(s.recv(65536)) - len("echo ") for _ in range(5)])
