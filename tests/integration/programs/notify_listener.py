# SPDX-License-Identifier: Apache-2.0
"""Stands for systemd at the end of NOTIFY_SOCKET: prints each message, on a line of its own with "/" for line ends.

usage: notify_listener.py SOCKET        SOCKET: a path, or @NAME for an abstract socket
Prints "listening" first.  Ends at the message STATUS=END.  Alone:  python3 notify_listener.py s  and, elsewhere,
NOTIFY_SOCKET=s python3 notify_sender.py STATUS=END
"""
import socket
import sys


def main():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(sys.argv[1].replace("@", "\0"))
    s.settimeout(20)
    print("listening", flush=True)
    while (message := s.recv(4096).decode().strip()) != "STATUS=END":
        print(message.replace("\n", "/"), flush=True)


main()
