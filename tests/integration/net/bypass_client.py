#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bypass_client.py WORD…: connects in ways that programs have, and says by which address each connection goes.

Each WORD is a step; a step prints one line.  The outside's machine is 198.51.100.2 and 2001:db8:1::2, port 7000, which greets.
"""
import errno
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

FOUR, SIX, MAPPED = "198.51.100.2", "2001:db8:1::2", "::ffff:198.51.100.2"
PORT = 7000


def name_of(number):
    return errno.errorcode.get(number, "ok") if number else "ok"


def tcp(address=FOUR):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)


def way(sock):
    """host: the connection has the address of the host; slirp: that of the container."""
    own = sock.getsockname()[0]
    return "slirp" if "10.0.2.100" in own or own.startswith("fd75:") else "host"


def greeting(sock):
    return sock.recv(100).decode().split()[0] + " " + way(sock)


def blocking(address):
    sock = tcp(address)
    sock.connect((address, PORT))
    return greeting(sock)


def polled():
    sock = tcp()
    sock.setblocking(False)
    first = name_of(sock.connect_ex((FOUR, PORT)))
    select.select([], [sock], [], 5)
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    second = name_of(sock.connect_ex((FOUR, PORT)))
    select.select([sock], [], [], 5)
    return "%s %s %s %s %s" % (first, name_of(error), second, greeting(sock), sock.getblocking())


def refused():
    sock = tcp()
    first = name_of(sock.connect_ex((FOUR, 9)))
    second = name_of(sock.connect_ex((FOUR, PORT)))
    return "%s %s %s" % (first, second, greeting(sock))


def refused_later():
    sock = tcp()
    sock.setblocking(False)
    sock.connect_ex((FOUR, 9))
    select.select([], [sock], [], 5)
    return name_of(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def bound():
    sock = tcp()
    sock.bind(("10.0.2.100", 0))
    sock.connect((FOUR, PORT))
    return greeting(sock)


def watched():
    sock = tcp()
    epoll = select.epoll()
    epoll.register(sock, select.EPOLLIN)
    sock.connect((FOUR, PORT))
    return "%s %d" % (way(sock), len(epoll.poll(5)))


def doubled():
    sock = tcp()
    copy = sock.dup()
    sock.connect((FOUR, PORT))
    return greeting(copy)


def doubled_later():
    sock = tcp()
    sock.connect((FOUR, PORT))
    copy = sock.dup()
    sock.close()
    return greeting(copy)


def options():
    sock = tcp()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3))
    os.set_inheritable(sock.fileno(), True)
    sock.connect((FOUR, PORT))
    return "%s %d %d %d %s" % (
        way(sock), sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        struct.unpack("ii", sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[1],
        os.get_inheritable(sock.fileno()))


def interrupted():
    """A connection that nobody answers, ended by a signal."""
    def handler(_signal, _frame):
        raise InterruptedError
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    began = time.monotonic()
    try:
        tcp().connect(("198.51.100.77", PORT))
        return "connected"
    except InterruptedError:
        return "interrupted " + str(time.monotonic() - began < 2)


def own_loopback():
    listener = socket.create_server(("127.0.0.1", 0))
    sock = socket.create_connection(listener.getsockname())
    return sock.getsockname()[0]


def datagram():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((FOUR, PORT))
    return way(sock)


def unix():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("/tmp/socket")
    listener.listen()
    sock = socket.socket(socket.AF_UNIX)
    sock.connect("/tmp/socket")
    pid = struct.unpack("3i", listener.accept()[0].getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return str(pid == os.getpid())


def again():
    """From another machine to the container's own loopback: there is no way back, and none to the host's."""
    sock = tcp()
    sock.connect((FOUR, PORT))
    libc_connect(sock, struct.pack("H14x", socket.AF_UNSPEC))
    return " ".join(name_of(sock.connect_ex((address, 7777))) for address in ("127.0.0.1", "0.0.0.0", "10.0.2.2"))


def libc():
    import ctypes  # pylint: disable=import-outside-toplevel
    return ctypes.CDLL(None, use_errno=True)


def libc_connect(sock, address):
    library = libc()
    return library.connect(sock.fileno(), address, len(address))


def attack(seconds=6):
    """Threads that change the address and the descriptor of a call while the call is under way."""
    import ctypes  # pylint: disable=import-outside-toplevel
    library = libc()
    outside = struct.pack("!2s H 4s 8x", struct.pack("H", socket.AF_INET), PORT, socket.inet_aton(FOUR))
    inside = [struct.pack("!2s H 4s 8x", struct.pack("H", socket.AF_INET), 7777, socket.inet_aton(address))
              for address in ("127.0.0.1", "0.0.0.0", "127.8.8.8", "198.51.100.1")]
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    memory = ctypes.create_string_buffer(outside, 16)
    plain = tcp()
    end = time.monotonic() + seconds
    counts = {"connects": 0, "host": 0, "listens": 0, "binds": 0}

    def rewrite():
        while time.monotonic() < end:
            for address in inside + [nowhere, outside]:
                ctypes.memmove(memory, address, 16)

    def replace():
        unix_socket = socket.socket(socket.AF_UNIX)
        while time.monotonic() < end:
            library.dup2(unix_socket.fileno(), place)
            library.dup2(switched.fileno(), place)
            library.dup2(plain.fileno(), place)

    def use():
        while time.monotonic() < end:
            library.connect(place, memory, 16)
            counts["connects"] += 1
            if library.listen(switched.fileno(), 5) == 0:
                counts["listens"] += 1
            if library.bind(switched.fileno(), inside[1][:2] + b"\0" * 14, 16) == 0:
                counts["binds"] += 1

    switched = tcp()
    switched.connect((FOUR, PORT))
    for sock in (switched, plain):
        sock.setblocking(False)
    place = os.dup(plain.fileno())
    threads = [threading.Thread(target=step) for step in (rewrite, replace, use, use)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "%s listens %d binds %d" % (counts["connects"] > 100, counts["listens"], counts["binds"])


STEPS = {
    "four": lambda: blocking(FOUR), "six": lambda: blocking(SIX), "mapped": lambda: blocking(MAPPED), "polled": polled,
    "refused": refused, "refused-later": refused_later, "bound": bound, "watched": watched, "doubled": doubled,
    "doubled-later": doubled_later, "options": options, "interrupted": interrupted, "own-loopback": own_loopback,
    "datagram": datagram, "unix": unix, "again": again, "attack": attack,
}

for word in sys.argv[1:]:
    try:
        print(word, STEPS[word](), flush=True)
    except OSError as failure:
        print(word, name_of(failure.errno), flush=True)
