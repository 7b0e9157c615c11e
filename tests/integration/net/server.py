# SPDX-License-Identifier: Apache-2.0
"""Listens on addresses, and talks with each connection as talk.py describes.

usage: server.py [--datagrams-after SECONDS] [[udp:]LISTEN=STEPS…]
  LISTEN     [ADDRESS:]PORT, an IPv6 address in brackets, or @NAME for an abstract UNIX socket
  STEPS      see talk.py; with udp: only "echo": each datagram is sent back with "echo " before it
  --datagrams-after SECONDS   the sockets of udp: are bound so much later than the others
Prints "listening" when it listens, and then a line "PORT: RESULTS" for each conversation that has results.  Runs until it is
killed.  Alone:  python3 server.py 127.0.0.1:7001=text:hello  and, elsewhere,  python3 client.py 127.0.0.1:7001=all
"""
import argparse
import socket
import threading
import time

from talk import Conversation, address_of, steps_of


def listener(family, address, kind):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(address)
    if kind == socket.SOCK_STREAM:
        s.listen(2000)
    return s


def talk(connection, peer, label, steps):
    with connection:
        results = Conversation(connection, peer).run(steps)
    if results:
        print(f"{label}: {results}", flush=True)


def serve(s, label, steps):
    while True:
        connection, peer = s.accept()
        threading.Thread(target=talk, args=(connection, peer, label, steps), daemon=True).start()


def echo_datagrams(family, address, delay):
    time.sleep(delay)
    s = listener(family, address, socket.SOCK_DGRAM)
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(b"echo " + data, peer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--datagrams-after", type=float, default=0, metavar="SECONDS")
    parser.add_argument("services", nargs="*", metavar="[udp:]LISTEN=STEPS")
    options = parser.parse_args()
    threading.stack_size(256 << 10)
    for service in options.services:
        where, _, steps = service.partition("=")
        if where.startswith("udp:"):
            arguments = (*address_of(where[4:]), options.datagrams_after)
            threading.Thread(target=echo_datagrams, args=arguments, daemon=True).start()
            continue
        family, address = address_of(where)
        arguments = (listener(family, address, socket.SOCK_STREAM), where.rpartition(":")[2], steps_of(steps))
        threading.Thread(target=serve, args=arguments, daemon=True).start()
    print("listening", flush=True)
    threading.Event().wait()


main()
