# SPDX-License-Identifier: Apache-2.0
"""Swaps two names in a directory, over and over, until it is killed: the other side of a race.

usage: swap_names.py DIRECTORY NAME NAME STARTED      Makes the file STARTED after the first swap.
Alone, with two files a and b in a directory d:  python3 swap_names.py d a b started
"""
import ctypes
import os
import sys
import time

RENAME_EXCHANGE = 2


def main():
    directory, first, second, started = sys.argv[1:]
    swap = ctypes.CDLL(None).renameat2
    here = os.open(directory, os.O_PATH)
    names = (here, first.encode(), here, second.encode(), RENAME_EXCHANGE)
    if swap(*names) != 0:
        sys.exit("these names can't be swapped")
    open(started, "w").close()
    while True:
        swap(*names)
        # The kernel makes a multiple of the time of a swap of it: the attacked container needs a processor too.
        time.sleep(1e-6)


main()
