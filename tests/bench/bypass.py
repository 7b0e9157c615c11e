# SPDX-License-Identifier: Apache-2.0
"""The measurements of tests/bench/bypass, which makes the two networks.

usage: bypass.py URUN throughput|latency MTU SECONDS ROUNDS
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
SERVER = "192.0.2.2"
WAYS = {"host": None, "slirp": "slirp", "bypass": "slirp,bypass"}


def connects(count):
    """In the container: prints the median time of a connect(2), in us."""
    times = []
    for _ in range(int(count)):
        with socket.socket() as peer:
            begin = time.perf_counter()
            peer.connect((SERVER, 7001))
            times.append(time.perf_counter() - begin)
            peer.send(b"x")
            peer.recv(1)
    print(statistics.median(times) * 1e6)


def command_by(urun, network, mtu, command):
    if network is None:
        return ["setsid", "--wait", *command]
    return [urun, "run", "--network", f"{network},mtu={mtu}", "--", *command]


class Bench:
    def __init__(self, urun, mtu, seconds, rounds):
        self.urun, self.mtu, self.seconds, self.rounds = urun, mtu, seconds, int(rounds)

    def output_of(self, network, *command):
        ran = subprocess.run(command_by(self.urun, network, self.mtu, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=60 + 4 * float(self.seconds))
        if ran.returncode != 0:
            sys.exit(f"bypass: {' '.join(command)}: {ran.stderr or ran.stdout}")
        return ran.stdout

    def throughput(self, network, *options):
        text = self.output_of(network, "iperf3", "--client", SERVER, "--port", "5201", "--time", self.seconds, "--json", *options)
        return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e9

    def loop(self, network, function):
        return float(self.output_of(network, "python3", f"{HERE}/net-loop.py", function, SERVER, "7001", self.seconds).split()[0])

    def connect(self, network):
        return float(self.output_of(network, "python3", __file__, "connects", "2000"))

    def start(self, network):
        begin = time.monotonic()
        for _ in range(20):
            self.output_of(network, "true")
        return (time.monotonic() - begin) / 20 * 1000

    def row(self, name, measure):
        """Prints the medians of the three ways, measured by turns, and the ratio to the host's."""
        results = {way: [] for way in WAYS}
        for _ in range(self.rounds):
            for way, network in WAYS.items():
                results[way].append(measure(network))
        medians = {way: statistics.median(values) for way, values in results.items()}
        cells = []
        for way, value in medians.items():
            worst = f"{min(results[way]):.5g}..{max(results[way]):.5g}"
            cells.append(f"{way} {value:8.5g} ({worst}) {value / medians['host']:5.2f}x")
        print(f"  {name:28s} " + "   ".join(cells), flush=True)


def main():
    urun, kind, mtu, seconds, rounds = sys.argv[1:]
    bench = Bench(urun, mtu, seconds, rounds)
    print(f"MTU {mtu}: medians of {rounds} runs (least..most), and the ratio to the host's")
    if kind == "throughput":
        bench.row("up, Gbit/s", bench.throughput)
        bench.row("down, Gbit/s", lambda network: bench.throughput(network, "--reverse"))
        bench.row("up, 16 streams", lambda network: bench.throughput(network, "--parallel", "16"))
        bench.row("down, 16 streams", lambda network: bench.throughput(network, "--parallel", "16", "--reverse"))
        return
    bench.row("round trip, us", lambda network: bench.loop(network, "roundtrips"))
    bench.row("connect, us", bench.connect)
    bench.row("connections a second", lambda network: bench.loop(network, "connections"))
    bench.row("start of `true`, ms", bench.start)


if sys.argv[1] == "connects":
    connects(sys.argv[2])
else:
    main()
