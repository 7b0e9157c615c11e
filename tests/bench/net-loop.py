# SPDX-License-Identifier: Apache-2.0
# The parts of tests/bench/net that a shell can't measure.
import json
import os
import re
import signal
import socket
import statistics
import sys
import time


def serve(port):
    """Echoes; a connection a child would cost more than what is measured, so all are in one loop."""
    import selectors
    selector = selectors.DefaultSelector()
    server = socket.create_server(("", int(port)), backlog=1024)
    selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is server:
                peer, _ = server.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(peer, selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(65536)
                if data:
                    key.fileobj.send(data)
                    continue
            except OSError:
                pass
            selector.unregister(key.fileobj)
            key.fileobj.close()


def connections(address, port, seconds):
    count, end = 0, time.monotonic() + float(seconds)
    while time.monotonic() < end:
        with socket.create_connection((address, int(port)), 5) as peer:
            peer.sendall(b"x")
            assert peer.recv(1) == b"x"
        count += 1
    print(f"{count / float(seconds):7.0f}")


def roundtrips(address, port, seconds):
    times, end = [], time.monotonic() + float(seconds)
    with socket.create_connection((address, int(port)), 5) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < end:
            begin = time.perf_counter()
            peer.sendall(b"x")
            peer.recv(1)
            times.append(time.perf_counter() - begin)
    times.sort()
    print(f"{statistics.median(times) * 1e6:7.0f}   99%: {times[len(times) * 99 // 100] * 1e6:.0f}")


def now():
    print(time.monotonic())


def connected(address, port, begin):
    with socket.create_connection((address, int(port)), 5) as peer:
        peer.sendall(b"x")
        peer.recv(1)
    with open(begin) as file:
        print((time.monotonic() - float(file.read())) * 1000)


def median():
    print(f"{statistics.median(float(line) for line in sys.stdin):7.1f}")


def watch(names, path):
    """Writes "ticks resident-KiB" of the newest process with one of the names, until it is killed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    before = {pid for pid in os.listdir("/proc") if pid.isdigit()}
    page = os.sysconf("SC_PAGESIZE") // 1024
    with open(path, "w") as out:
        while True:
            for pid in os.listdir("/proc"):
                if not pid.isdigit() or pid in before:
                    continue
                try:
                    with open(f"/proc/{pid}/stat") as file:
                        text = file.read()
                except OSError:
                    continue
                name = text[text.index("(") + 1:text.rindex(")")]
                fields = text[text.rindex(")") + 2:].split()
                if re.fullmatch(names, name) and fields[0] != "Z":
                    out.write(f"{int(fields[11]) + int(fields[12])} {int(fields[21]) * page}\n")
                    out.flush()
            time.sleep(0.05)


def report(iperf, carrier):
    try:
        with open(iperf) as file:
            end = json.load(file)["end"]
        total = end.get("sum_received") or end["sum"]
    except (ValueError, KeyError):
        print(" failed")
        return
    rate, amount = total["bits_per_second"], total["bytes"]
    if total.get("lost_percent") is not None:
        rate *= 1 - total["lost_percent"] / 100
        amount *= 1 - total["lost_percent"] / 100
    with open(carrier) as file:
        samples = [line.split() for line in file if line.count(" ") == 1]
    ticks = max((int(sample[0]) for sample in samples), default=0)
    resident = max((int(sample[1]) for sample in samples), default=0)
    seconds = ticks / os.sysconf("SC_CLK_TCK") / (amount / 1e9) if amount else float("nan")
    print(f"{rate / 1e9:7.2f} {seconds:7.2f} {resident / 1024:7.1f}")


globals()[sys.argv[1]](*sys.argv[2:])
