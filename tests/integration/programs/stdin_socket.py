# SPDX-License-Identifier: Apache-2.0
"""Runs a command whose standard input is a socket, by which it receives a file.  Ends with the command's status.

usage: stdin_socket.py FILE COMMAND…       Alone:  python3 stdin_socket.py /etc/hostname cat
"""
import socket
import subprocess
import sys


def main():
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(sys.argv[2:], stdin=theirs)
    theirs.close()
    with open(sys.argv[1], "rb") as file:
        ours.sendall(file.read())
    ours.shutdown(socket.SHUT_WR)
    sys.exit(process.wait())


main()
