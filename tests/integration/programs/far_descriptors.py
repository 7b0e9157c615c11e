#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes a command with descriptors 9 and 40 open, and no other above 2: far_descriptors.py COMMAND..."""
import os
import sys

null = os.open("/dev/null", os.O_RDONLY)
os.dup2(null, 9)
os.dup2(null, 40)
os.closerange(3, 9)
os.closerange(10, 40)
os.closerange(41, 256)
os.execv(sys.argv[1], sys.argv[1:])
