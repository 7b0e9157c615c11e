# SPDX-License-Identifier: Apache-2.0
"""Prints the names of all system calls of this machine, as a JSON array, by the headers that gcc includes.

usage: system_call_names.py [NAME…]      without these names
Alone:  python3 system_call_names.py mount
"""
import json
import re
import subprocess
import sys


def main():
    gcc = ["gcc", "-dM", "-E", "-include", "sys/syscall.h", "-x", "c", "/dev/null"]
    macros = subprocess.run(gcc, capture_output=True, text=True, check=True).stdout
    # __NR_syscalls is the number of calls, and no call.
    print(json.dumps(sorted(set(re.findall(r"__NR_(\w+)", macros)) - {"syscalls", *sys.argv[1:]})))


main()
