# SPDX-License-Identifier: Apache-2.0
"""Runs a command while a UNIX socket listens that accepts nothing, and has no room for one more connection.

usage: full_listener.py [--kill PID] SOCKET COMMAND…
  --kill PID   once the command waits for the socket, kill this process, wait for its end, and make room
Ends with the command's status.  Alone:  python3 full_listener.py s timeout 2 nc -U s
"""
import argparse
import os
import select
import signal
import socket
import subprocess
import sys
import time


def is_asleep(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"


def wait_until_asleep(process):
    """Waits until the process has slept for a while, which it does nowhere but at the socket."""
    asleep = 0
    while asleep < 10 and process.poll() is None:
        asleep = asleep + 1 if is_asleep(process.pid) else 0
        time.sleep(0.01)


def kill(pid):
    pidfd = os.pidfd_open(pid)
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    select.select([pidfd], [], [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill", type=int, metavar="PID")
    parser.add_argument("socket")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.socket)
    listener.listen(0)
    filler = socket.socket(socket.AF_UNIX)
    filler.connect(options.socket)
    process = subprocess.Popen(options.command)
    if options.kill:
        wait_until_asleep(process)
        kill(options.kill)
        listener.accept()
    sys.exit(process.wait())


main()
