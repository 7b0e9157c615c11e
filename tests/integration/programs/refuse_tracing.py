# SPDX-License-Identifier: Apache-2.0
"""Executes a command under a seccomp filter by which ptrace(2) fails with EPERM.

usage: refuse_tracing.py COMMAND…      Ends with status 77 where no filter can be loaded.
Alone:  python3 refuse_tracing.py strace true
"""
import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
EPERM, ALLOW = 0x00050001, 0x7fff0000
PTRACE = {"x86_64": 101, "aarch64": 117}


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    code = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, PTRACE[os.uname().machine]), (RETURN, 0, 0, EPERM), (RETURN, 0, 0, ALLOW)]
    rules = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(rules)))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        sys.exit(77)
    os.execv(sys.argv[1], sys.argv[1:])


main()
