# SPDX-License-Identifier: Apache-2.0
"""The parts of tests/bench/net that a shell can't measure.

usage: net-loop.py FUNCTION ARGUMENT…      the functions below, with their arguments
Alone:  python3 net-loop.py serve 7001  and, elsewhere,  python3 net-loop.py roundtrips 127.0.0.1 7001 3
"""
import json
import os
import re
import resource
import select
import signal
import socket
import statistics
import sys
import time


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(port):
    """Echoes.  All connections are in one loop, as a process for each would cost more than what is measured."""
    import selectors
    raise_descriptor_limit()
    selector = selectors.DefaultSelector()
    server = socket.create_server(("", int(port)), backlog=4096)
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


def many(address, port, total, at_once):
    """Makes connections that each send some bytes and receive them back: prints how many a second, and the time of the slowest."""
    raise_descriptor_limit()
    poll, peers, begun, times = select.epoll(), {}, 0, []
    first = time.monotonic()
    while begun < int(total) or peers:
        while begun < int(total) and len(peers) < int(at_once):
            peer = socket.socket()
            peer.setblocking(False)
            peer.connect_ex((address, int(port)))
            peers[peer.fileno()] = (peer, time.monotonic())
            poll.register(peer, select.EPOLLOUT)
            begun += 1
        for fd, events in poll.poll():
            peer, began = peers[fd]
            if events & select.EPOLLOUT:
                peer.sendall(b"x" * 100)
                poll.modify(fd, select.EPOLLIN)
                continue
            assert peer.recv(100)
            times.append(time.monotonic() - began)
            poll.unregister(fd)
            peer.close()
            del peers[fd]
    print(f"{len(times) / (time.monotonic() - first):7.0f} {max(times):7.2f}", flush=True)
    # The caller looks at the memory that the carrier still has after the connections.
    time.sleep(3)


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


def memory_of(pid):
    """Returns the KiB that are resident now, and the most that were so far."""
    with open(f"/proc/{pid}/status") as file:
        values = dict(line.split(":", 1) for line in file)
    return (int(values[name].split()[0]) for name in ("VmRSS", "VmHWM"))


def watch(names, path):
    """Writes "ticks resident-KiB peak-KiB" of the newest process with one of the names, until it is killed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    before = {pid for pid in os.listdir("/proc") if pid.isdigit()}
    with open(path, "w") as out:
        while True:
            for pid in os.listdir("/proc"):
                if not pid.isdigit() or pid in before:
                    continue
                try:
                    with open(f"/proc/{pid}/stat") as file:
                        text = file.read()
                    name = text[text.index("(") + 1:text.rindex(")")]
                    fields = text[text.rindex(")") + 2:].split()
                    if not re.fullmatch(names, name) or fields[0] == "Z":
                        continue
                    resident, peak = memory_of(pid)
                except (OSError, KeyError):
                    continue
                out.write(f"{int(fields[11]) + int(fields[12])} {resident} {peak}\n")
                out.flush()
            time.sleep(0.05)


def samples(path):
    """Returns what watch() has written, as rows of numbers."""
    try:
        with open(path) as file:
            rows = [[int(word) for word in line.split()] for line in file]
            # The last line is cut off if watch() was killed while it wrote.
            return [row for row in rows if len(row) == 3]
    except (OSError, ValueError):
        return []


def run_of(path):
    """Returns the bit/s and bytes of one run of iperf3, and whether it stalled; None if it failed."""
    try:
        with open(path) as file:
            result = json.load(file)
        total = result["end"].get("sum_received") or result["end"]["sum"]
        halves = [part["sum"]["bits_per_second"] for part in result["intervals"] if part["sum"]["seconds"] > 0.4]
    except (OSError, ValueError, KeyError):
        return None
    kept = 1 - total.get("lost_percent", 0) / 100
    stalled = bool(halves) and min(halves) < statistics.median(halves) / 10
    return total["bits_per_second"] * kept, total["bytes"] * kept, stalled


def rates(results, carriers=None):
    """Prints the minimum, median and maximum of the runs in the directory, in Gbit/s; the carrier's costs; how many runs stalled or failed."""
    names = sorted(os.listdir(results), key=int)
    runs = {name: run_of(os.path.join(results, name)) for name in names}
    done = {name: run for name, run in runs.items() if run}
    if not done:
        print(" failed")
        return
    speeds = sorted(run[0] / 1e9 for run in done.values())
    line = f"{speeds[0]:7.2f} {statistics.median(speeds):7.2f} {speeds[-1]:7.2f}"
    if carriers:
        rows = {name: samples(os.path.join(carriers, name)) for name in done}
        ticks = sum(max((row[0] for row in rows[name]), default=0) for name in done)
        peak = max((row[2] for name in done for row in rows[name]), default=0)
        amount = sum(run[1] for run in done.values())
        seconds = ticks / os.sysconf("SC_CLK_TCK") / (amount / 1e9) if amount else float("nan")
        line += f" {seconds:7.2f} {peak / 1024:7.1f}"
    stalls, failures = sum(run[2] for run in done.values()), len(runs) - len(done)
    if stalls:
        line += f"   STALLED: {stalls} of {len(runs)}"
    if failures:
        line += f"   FAILED: {failures} of {len(runs)}"
    print(line)


def add_hostfwd(api_socket, host, port):
    """Has slirp4netns forward a port of the host to port 5201 of the guest."""
    arguments = {"proto": "tcp", "host_addr": host, "host_port": int(port), "guest_port": 5201}
    with socket.socket(socket.AF_UNIX) as api:
        api.connect(api_socket)
        api.sendall(json.dumps({"execute": "add_hostfwd", "arguments": arguments}).encode())
        api.shutdown(socket.SHUT_WR)
        api.recv(1000)


def burst(result, carrier):
    rows = samples(carrier)
    with open(result) as file:
        line = file.read().rstrip()
    if rows:
        line += f" {max(row[2] for row in rows) / 1024:7.1f} {rows[-1][1] / 1024:7.1f}"
    print(line)


globals()[sys.argv[1]](*sys.argv[2:])
