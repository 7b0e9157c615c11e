# SPDX-License-Identifier: Apache-2.0
"""Runs a command by posix_spawn(3), which sets the signal dispositions differently from a shell.  Ends with the command's status.

usage: spawn.py COMMAND…        Alone:  python3 spawn.py /bin/grep SigIgn /proc/self/status
"""
import os
import sys


def main():
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
