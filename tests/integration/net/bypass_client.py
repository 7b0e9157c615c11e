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


def of_ipv4(address, port):
    return struct.pack("H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(address))


def call_of_32_bits(number, *arguments):
    """A system call as a 32-bit program makes it, by int 0x80.  Returns its result.  Source: the ABI of i386."""
    import ctypes  # pylint: disable=import-outside-toplevel
    import mmap  # pylint: disable=import-outside-toplevel
    registers = b"".join(bytes([register]) + struct.pack("<I", value)
                         for register, value in zip((0xb8, 0xbb, 0xb9, 0xba), (number, *arguments)))
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\x53" + registers + b"\xcd\x80\x5b\xc3")
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def connect_by_32_bits(sock, address):
    import ctypes  # pylint: disable=import-outside-toplevel
    import mmap  # pylint: disable=import-outside-toplevel
    low = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40)  # MAP_32BIT
    low.write(address)
    return call_of_32_bits(362, sock.fileno(), ctypes.addressof(ctypes.c_char.from_buffer(low)), len(address))


class Ring:
    """An io_uring of one request.  Source: io_uring_setup(2), io_uring_enter(2)."""

    def __init__(self):
        import ctypes  # pylint: disable=import-outside-toplevel
        import mmap  # pylint: disable=import-outside-toplevel
        self.ctypes, self.libc = ctypes, libc()
        params = ctypes.create_string_buffer(120)
        self.ring = self.libc.syscall(425, 1, params)
        if self.ring < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        _, self.sq_tail, _, _, _, _, self.sq_array = struct.unpack_from("7I", params, 40)
        self.cq_head, self.cq_tail, self.cq_mask, _, _, self.cqes = struct.unpack_from("6I", params, 80)
        self.submissions = mmap.mmap(self.ring, 4096, offset=0)
        self.completions = mmap.mmap(self.ring, 4096, offset=0x8000000)
        self.entries = mmap.mmap(self.ring, 4096, offset=0x10000000)

    def connect(self, sock, address):
        """Returns the result of connect(2), or a negative errno."""
        memory = self.ctypes.create_string_buffer(address, len(address))
        struct.pack_into("<BBHiQQI", self.entries, 0, 16, 0, 0, sock.fileno(), len(address), self.ctypes.addressof(memory), 0)
        tail, = struct.unpack_from("I", self.submissions, self.sq_tail)
        struct.pack_into("I", self.submissions, self.sq_array, 0)
        struct.pack_into("I", self.submissions, self.sq_tail, tail + 1)
        if self.libc.syscall(426, self.ring, 1, 1, 1, None, 0) < 0:
            raise OSError(self.ctypes.get_errno(), "io_uring_enter")
        head, = struct.unpack_from("I", self.completions, self.cq_head)
        mask, = struct.unpack_from("I", self.completions, self.cq_mask)
        result, = struct.unpack_from("i", self.completions, self.cqes + (head & mask) * 16 + 8)
        struct.pack_into("I", self.completions, self.cq_head, head + 1)
        return result


def is_connected(sock):
    try:
        sock.getpeername()
        return True
    except OSError:
        return False


def around(connect):
    """By a way that urun-bypass doesn't see: a new socket's connection, and one to the host's loopback of a socket that was switched."""
    plain, switched = tcp(), tcp()
    first = name_of(-connect(plain, of_ipv4(FOUR, PORT)))
    switched.connect((FOUR, PORT))
    assert is_connected(switched) and way(switched) == "host"
    switched.setblocking(False)
    reached = []
    for address in ("127.0.0.1", "0.0.0.0", "198.51.100.1"):
        connect(switched, struct.pack("H14x", socket.AF_UNSPEC))
        connect(switched, of_ipv4(address, 7777))
        select.select([], [switched], [], 0.3)
        if is_connected(switched):
            reached.append(address)
    return "%s %s reached %s" % (first, greeting(plain), reached)


def attack(seconds=6):
    """Threads that change the address and the descriptor of a call while the call is under way."""
    import ctypes  # pylint: disable=import-outside-toplevel
    library = libc()
    outside = of_ipv4(FOUR, PORT)
    inside = [of_ipv4(address, 7777) for address in ("127.0.0.1", "0.0.0.0", "127.8.8.8", "198.51.100.1")]
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
    "datagram": datagram, "unix": unix, "again": again, "attack": attack, "long-attack": lambda: attack(50),
    "by-32-bits": lambda: around(connect_by_32_bits), "by-io-uring": lambda: around(Ring().connect),
}

for word in sys.argv[1:]:
    try:
        print(word, STEPS[word](), flush=True)
    except OSError as failure:
        print(word, name_of(failure.errno), flush=True)
