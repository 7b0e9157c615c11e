# SPDX-License-Identifier: Apache-2.0
"""Sends messages to NOTIFY_SOCKET, as the program of a container does, and then prints the socket's path.

usage: notify_sender.py [--stay | --flood] [MESSAGE…]       "/" in a MESSAGE is a line end
  --stay    runs until it is killed
  --flood   sends messages until it is killed; prints "refused" first if no directory can be made beside the socket
Alone: see notify_listener.py.
"""
import argparse
import os
import socket
import threading


def flood(s, path):
    try:
        os.mkdir(os.path.dirname(path) + "/litter")
    except OSError:
        print("refused", flush=True)
    while True:
        try:
            s.sendto(b"STATUS=x", path)
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stay", action="store_true")
    parser.add_argument("--flood", action="store_true")
    parser.add_argument("messages", nargs="*")
    options = parser.parse_args()
    path = os.environ["NOTIFY_SOCKET"]
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for message in options.messages:
        s.sendto(message.replace("/", "\n").encode(), path)
    print(path, flush=True)
    if options.flood:
        flood(s, path)
    if options.stay:
        threading.Event().wait()


main()
