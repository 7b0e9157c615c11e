# SPDX-License-Identifier: Apache-2.0
"""A name server that gives one answer to all queries, over UDP and TCP.

usage: name_server.py ADDRESS ANSWER
  ANSWER   an IPv4 address, which each name has (and no other record), REFUSED, SERVFAIL, NXDOMAIN, or "silent"
Listens on port 53 of ADDRESS, prints "listening" when it does, and "asked" for each query over UDP.  Alone, where port 53 is
free:  unshare --map-root-user --net sh -c 'ip link set lo up; python3 name_server.py 127.0.0.1 192.0.2.1'
"""
import argparse
import select
import socket
import struct

CODES = {"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
QUERY_A = b"\0\1"


def answer_to(query, answer):
    code = CODES.get(answer, 0)
    end = query.index(b"\0", 12) + 5
    record = b""
    if not code and query[end - 4:end - 2] == QUERY_A:
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(answer)
    counts = struct.pack("!HHHHH", 0x8180 | code, 1, 1 if record else 0, 0, 0)
    return query[:2] + counts + query[12:end] + record


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("answer")
    options = parser.parse_args()
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    for s in (udp, tcp):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((options.address, 53))
    tcp.listen(20)
    unanswered = []
    print("listening", flush=True)
    while True:
        for s in select.select([udp, tcp], [], [])[0]:
            if s is udp:
                query, peer = udp.recvfrom(4096)
                print("asked", flush=True)
                if options.answer != "silent":
                    udp.sendto(answer_to(query, options.answer), peer)
                continue
            connection, _ = tcp.accept()
            connection.settimeout(5)
            query = connection.recv(4096)[2:]
            if options.answer == "silent":
                # A connection that stays open, and without an answer.
                unanswered.append(connection)
                continue
            answer = answer_to(query, options.answer)
            connection.sendall(struct.pack("!H", len(answer)) + answer)
            connection.close()


main()
