#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""greeter.py ADDRESS PORT: greets each TCP connection and repeats what it sends.  Prints a line for each connection."""
import socket
import sys
import threading


def serve(connection, peer):
    try:
        connection.sendall(b"welcome %s\n" % peer[0].encode())
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass
    connection.close()


family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family, backlog=100, dualstack_ipv6=sys.argv[1] == "::")
print("listening", flush=True)
while True:
    accepted, address = listener.accept()
    print("from %s" % address[0], flush=True)
    threading.Thread(target=serve, args=(accepted, address), daemon=True).start()
