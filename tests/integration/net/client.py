# SPDX-License-Identifier: Apache-2.0
"""Connects to addresses, talks as talk.py describes, and prints the results of each conversation, a line each.

usage: client.py [OPTION…] TARGET=STEPS…
  TARGET=STEPS       ADDRESS:PORT, an IPv6 address in brackets, or @NAME for an abstract UNIX socket; STEPS: see talk.py
  udp:TARGET=TEXT    sends TEXT as a datagram, again every 0.2 s until there is an answer; prints "ANSWER from ADDRESS"
  --from ADDRESS[:PORT]   the own address
  --times N          each conversation N times
  --together         all conversations at the same time, else one after another
  --in-order         with --together: connect one after another, then talk at the same time
  --hold FILE        with --together: when all steps are done, and before a connection is closed, make FILE and wait until
                     somebody removes it
  --within SECONDS   print "late: N s" at the end if all together took longer
A connection that fails prints "no connection: WHY".  Alone: see server.py.
"""
import argparse
import os
import resource
import socket
import threading
import time

from talk import Conversation, address_of, steps_of


def connect(family, address, source):
    s = socket.socket(family)
    s.settimeout(20)
    if source:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(source)
    s.connect(address)
    return s


def ask_datagram(family, address, text):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(0.2)
    for _ in range(100):
        s.sendto(text.encode(), address)
        try:
            data, peer = s.recvfrom(65536)
            return f"{data.decode()} from {peer[0]}"
        except OSError:
            pass
    return "no answer"


class Talk:
    """One target and what is done with it."""

    def __init__(self, text, source, number):
        self.where, _, self.what = text.partition("=")
        self.source = source
        self.number = number
        self.connection = None
        self.results = ""

    def connect(self):
        if self.where.startswith("udp:"):
            return
        try:
            self.connection = connect(*address_of(self.where), self.source)
        except ConnectionResetError:
            # The reset of a connection that was accepted can be there before connect(2) returns.
            self.results = "reset"
        except OSError as error:
            self.results = f"no connection: {(error.strerror or str(error)).lower()}"

    def talk(self):
        if self.where.startswith("udp:"):
            self.results = ask_datagram(*address_of(self.where[4:]), self.what)
        elif self.connection:
            self.results = Conversation(self.connection, number=self.number).run(steps_of(self.what))

    def connect_and_talk(self):
        if not self.connection:
            self.connect()
        self.talk()

    def close(self):
        if self.connection:
            self.connection.close()


def source_of(text):
    if not text:
        return None
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, int(port.lstrip(":") or 0)
    host, _, port = text.partition(":")
    return host, int(port or 0)


def all_together(talks, options):
    if options.in_order:
        for talk in talks:
            talk.connect()
    threads = [threading.Thread(target=talk.connect_and_talk) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if options.hold:
        open(options.hold, "w").close()
        while os.path.exists(options.hold):
            time.sleep(0.02)
    for talk in talks:
        talk.close()
        if talk.results:
            print(talk.results, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", metavar="ADDRESS[:PORT]")
    parser.add_argument("--times", type=int, default=1, metavar="N")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--in-order", action="store_true")
    parser.add_argument("--hold", metavar="FILE")
    parser.add_argument("--within", type=float, metavar="SECONDS")
    parser.add_argument("targets", nargs="+", metavar="TARGET=STEPS")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    threading.stack_size(256 << 10)
    targets = options.targets * options.times
    talks = [Talk(text, source_of(options.source), number) for number, text in enumerate(targets)]
    begin = time.monotonic()
    if options.together:
        all_together(talks, options)
    else:
        for talk in talks:
            talk.connect_and_talk()
            talk.close()
            if talk.results:
                print(talk.results, flush=True)
    seconds = time.monotonic() - begin
    if options.within and seconds > options.within:
        print(f"late: {seconds:.1f} s", flush=True)


main()
