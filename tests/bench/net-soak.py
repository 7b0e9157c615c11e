# SPDX-License-Identifier: Apache-2.0
"""The parts of tests/bench/net-soak that a shell can't do.

usage: net-soak.py serve PORT-FILE RESULTS | client PORT MTU RESULTS KIND… | plan RUNS|huge | report RESULTS
A result is a line "MTU KIND whole|stalled|failed BYTES SECONDS GAP", where GAP is the longest time in which a reader that wanted to
read received nothing.  Alone:  python3 net-soak.py plan 12
"""
import collections
import itertools
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

MIB = 1 << 20
HUGE = 5 << 30
# A reader that receives nothing for so many seconds has met a stall: otherwise it waits for some ms.
STALL = 0.5
LIMIT = 15
# Kinds of transfer, and their MiB.  The direction is seen from the container; both directions have the same kinds.
KINDS = {
    "up-fast": 64,  # to a host that reads at once
    "up-slow": 16,  # ... that reads slowly
    "up-late": 32,  # ... that begins to read after a while
    "up-ended": 64,  # ... that has called shutdown(SHUT_WR)
    "up-both": 32,  # ... that sends as much, which the container reads meanwhile
    "up-unread": 32,  # ... that sends as much, which the container reads afterwards
    "down-fast": 64,
    "down-slow": 16,
    "down-late": 32,
    "down-ended": 64,
    "down-both": 32,
    "down-three": 24,  # three at once
}


def receive(peer, size, kind, into):
    """Appends the bytes, seconds and gap to @into."""
    room, got, gap = bytearray(MIB), 0, 0.0
    if kind.endswith("late"):
        time.sleep(0.3)
    begin = time.monotonic()
    while got < size:
        if kind.endswith("slow"):
            time.sleep(0.003)
        asked = time.monotonic()
        count = peer.recv_into(room, 1 << 18 if kind.endswith("slow") else MIB)
        gap = max(gap, time.monotonic() - asked)
        if count == 0:
            break
        got += count
    into += [got, time.monotonic() - begin, gap]


def send(peer, size):
    block = bytes(MIB)
    try:
        for _ in range(0, size, MIB):
            peer.sendall(block)
    except OSError:
        pass


def note(results, mtu, kind, how, got=0, seconds=0.0, gap=0.0):
    with open(results, "a") as file:
        file.write(f"{mtu} {kind} {how} {got} {seconds:.4f} {gap:.4f}\n")


def measure(peer, mtu, kind, size, results):
    result = []
    try:
        receive(peer, size, kind, result)
    except TimeoutError:
        note(results, mtu, kind, "stalled", 0, LIMIT, LIMIT)
        return False
    except OSError:
        note(results, mtu, kind, "failed")
        return False
    note(results, mtu, kind, "whole" if result[0] == size else "failed", *result)
    return True


def attend(peer, results):
    """Does the host's side of a connection, whose first line says what to do."""
    peer.settimeout(LIMIT)
    try:
        line = b""
        while not line.endswith(b"\n"):
            line += peer.recv(1)
        mtu, kind, size = line.split()
        mtu, kind, size = int(mtu), kind.decode(), int(size)
    except OSError:
        return
    up = kind.startswith("up")
    sender = threading.Thread(target=send, args=(peer, size if not up or kind in ("up-both", "up-unread") else 0))
    if kind == "up-ended":
        peer.shutdown(socket.SHUT_WR)
    else:
        sender.start()
    if up:
        measure(peer, mtu, kind, size, results)
    elif kind == "down-both":
        receive(peer, size, "", [])
    if sender.ident:
        sender.join()
    peer.close()


def serve(port_file, results):
    open(results, "w").close()
    with socket.create_server(("192.0.2.1", 0), backlog=64) as listener:
        with open(port_file + ".new", "w") as file:
            print(listener.getsockname()[1], file=file)
        os.rename(port_file + ".new", port_file)
        while True:
            threading.Thread(target=attend, args=(listener.accept()[0], results), daemon=True).start()


def transfer(port, mtu, kind, results):
    size = HUGE if kind.startswith("huge") else KINDS[kind] * MIB
    kind = {"huge-up": "up-fast", "huge-down": "down-fast"}.get(kind, kind)
    peer = socket.create_connection(("192.0.2.1", int(port)), 10)
    peer.settimeout(LIMIT)
    peer.sendall(f"{mtu} {kind} {size}\n".encode())
    fine = True
    if kind.startswith("down"):
        sender = threading.Thread(target=send, args=(peer, size if kind == "down-both" else 0))
        sender.start()
        if kind == "down-ended":
            peer.shutdown(socket.SHUT_WR)
        fine = measure(peer, mtu, kind, size, results)
        sender.join()
    else:
        reader = threading.Thread(target=receive, args=(peer, size, "", []))
        if kind == "up-both":
            reader.start()
        send(peer, size)
        if kind == "up-unread":
            reader.start()
        if reader.ident:
            reader.join()
        peer.shutdown(socket.SHUT_WR)
        # Wait until the host has read everything.
        if kind != "up-ended":
            peer.recv(1)
    if not fine:
        subprocess.run(["ss", "-tinmo"], check=False)
    peer.close()


def client(port, mtu, results, *kinds):
    for kind in kinds:
        count = 3 if kind == "down-three" else 1
        threads = [threading.Thread(target=transfer, args=(port, mtu, kind, results)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def plan(runs):
    """Prints a line of transfers for each box."""
    if runs == "huge":
        print("huge-up huge-down")
        return
    ups = itertools.cycle([kind for kind in KINDS if kind.startswith("up")])
    downs = itertools.cycle([kind for kind in KINDS if kind.startswith("down")])
    left = int(runs)
    while left > 0:
        print(*(f"{next(ups)} {next(downs)}" for _ in range(min(left, 6))))
        left -= 6


def report(results):
    groups = collections.defaultdict(list)
    with open(results) as file:
        for line in file:
            mtu, kind, how, got, seconds, gap = line.split()
            groups[int(mtu), kind].append((how, int(got), float(seconds), float(gap)))
    bad = 0
    print(f"{'MTU':>6} {'transfer':<12} {'runs':>5} {'Gbit/s: min':>12} {'median':>7} {'max':>7} {'longest gap, ms':>16} {'stalls':>7}")
    for (mtu, kind), rows in groups.items():
        rates = [got * 8 / seconds / 1e9 for how, got, seconds, gap in rows if how == "whole" and seconds > 0]
        middle = statistics.median(rates) if rates else 0
        stalls = [row for row in rows if row[0] != "whole" or row[3] >= STALL or (row[2] > 1 and row[1] * 8 / row[2] / 1e9 < middle / 10)]
        bad += len(stalls)
        print(f"{mtu:>6} {kind:<12} {len(rows):>5} {min(rates, default=0):>12.2f} {middle:>7.2f} {max(rates, default=0):>7.2f} "
              f"{max(row[3] for row in rows) * 1000:>16.1f} {len(stalls):>7}")
        for how, got, seconds, gap in stalls:
            print(f"       {'STALL' if how != 'failed' else 'FAILED'}: {kind} at MTU {mtu}: {got} bytes in {seconds:.2f} s, nothing for {gap:.2f} s")
    print(f"{sum(len(rows) for rows in groups.values())} transfers, {bad} stalled or failed")
    sys.exit(1 if bad else 0)


globals()[sys.argv[1]](*sys.argv[2:])
