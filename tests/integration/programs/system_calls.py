# SPDX-License-Identifier: Apache-2.0
"""Makes system calls by their numbers, with arguments of 0, and prints the name of each call's errno.

usage: system_calls.py NUMBER…       Alone:  python3 system_calls.py 1073741823  prints ENOSYS
"""
import ctypes
import errno
import sys


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    for number in map(int, sys.argv[1:]):
        libc.syscall(number, 0, 0, 0, 0, 0, 0)
        print(errno.errorcode[ctypes.get_errno()])


main()
