# SPDX-License-Identifier: Apache-2.0
"""Asks a name server for the address of name.example, once.

usage: name_query.py udp|tcp SECONDS [SERVER]     (SERVER: 10.0.2.3, which is the container's by default)
Prints the address, SERVFAIL, NXDOMAIN, REFUSED, or "nothing" where no answer is received in SECONDS.  Alone: against
name_server.py.
"""
import argparse
import socket
import struct

QUERY = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4name\7example\0\0\1\0\1"
CODES = {2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def ask(s, how):
    if how == "udp":
        s.sendall(QUERY)
        return s.recv(4096)
    s.sendall(struct.pack("!H", len(QUERY)) + QUERY)
    return s.recv(4096)[2:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=["udp", "tcp"])
    parser.add_argument("seconds", type=float)
    parser.add_argument("server", nargs="?", default="10.0.2.3")
    options = parser.parse_args()
    family = socket.AF_INET6 if ":" in options.server else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if options.how == "udp" else socket.SOCK_STREAM)
    s.settimeout(options.seconds)
    try:
        s.connect((options.server, 53))
        answer = ask(s, options.how)
    except OSError:
        print("nothing")
        return
    code = answer[3] & 15
    print(CODES[code] if code else ".".join(map(str, answer[-4:])))


main()
