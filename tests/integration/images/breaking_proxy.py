# SPDX-License-Identifier: Apache-2.0
"""Passes connections on to a server of this host, and breaks each off after so many bytes of answers, or lets it wait then.

usage: breaking_proxy.py PORT BYTES FILE [wait]       Writes the port that it listens on to FILE.  Runs until it is ended.
Alone:  python3 breaking_proxy.py 5000 300000 port & curl http://localhost:$(cat port)/v2/
"""
import os
import socket
import sys
import threading

WAITING = []


def pass_on(source, target, limit):
    """Passes bytes on until the source ends or the limit is reached; then both connections end."""
    try:
        while limit > 0:
            data = source.recv(min(65536, limit))
            if not data:
                break
            target.sendall(data)
            limit -= len(data)
    except OSError:
        pass
    if limit == 0 and sys.argv[4:] == ['wait']:
        WAITING.append((source, target))
        return
    for one in source, target:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    port, limit, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    listener = socket.create_server(('127.0.0.1', 0))
    with open(path + '.new', 'w') as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(path + '.new', path)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(('127.0.0.1', port))
        threading.Thread(target=pass_on, args=(client, server, 1 << 60), daemon=True).start()
        threading.Thread(target=pass_on, args=(server, client, limit), daemon=True).start()


main()
