# SPDX-License-Identifier: Apache-2.0
"""Prints the extended attributes of all files below a directory, a line each: PATH NAME=VALUE.

usage: attributes.py DIRECTORY
"""
import os
import sys


def show(path):
    for name in os.listxattr(path, follow_symlinks=False):
        print(f'{path} {name}={os.getxattr(path, name, follow_symlinks=False)!r}')


for directory, directories, files in os.walk(sys.argv[1]):
    for entry in directories + files:
        show(os.path.join(directory, entry))
