# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a new terminal, a number of times, and prints the different first words that the terminal showed.

usage: terminal_rounds.py ROUNDS PREFIX COMMAND…
A first word that doesn't begin with PREFIX is printed as "refused".  Alone:  python3 terminal_rounds.py 3 h echo hello
"""
import os
import pty
import subprocess
import sys


def shown_by(command):
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 4096):
            shown += data
    except OSError:
        # The last process that had the terminal has ended.
        pass
    process.wait()
    os.close(master)
    return shown.decode(errors="replace")


def main():
    rounds, prefix, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    seen = set()
    for _ in range(rounds):
        shown = shown_by(command)
        seen.add(shown.split()[0] if shown.startswith(prefix) else "refused")
    print(*sorted(seen))


main()
