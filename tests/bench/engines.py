#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Times what engines do with runtimes, by turns: what tests/bench/engines runs in its machine.

usage: engines.py pods|podman ROUNDS IMAGE CALLS RUNTIME YARDSTICK
pods: a pod of containerd's CRI plugin with one container starts, and ends as a kubelet ends it.  A RUNTIME is the name of a class, and
CRI_SOCKET, CRI_STATE and CRI_POD (a pod's config) are those of tests/vm/cri.py.  podman: `podman run --rm IMAGE true`.
Each RUNTIME has a twin "timed-RUNTIME" (tests/bench/timed.c), which writes a line for each call to the file CALLS.
"""
import json
import os
import statistics
import subprocess
import sys
import time

COMMAND = ["sh", "-c", "trap 'exit 0' TERM; sleep 10000 & wait"]
PAUSE = 0.1  # s, until the program has its trap, and until podman's cleaning up in the background has ended


def pod(cri, runtime, image):
    """Starts and ends a pod, and returns the milliseconds of each step."""
    times = {}

    def timed(step, function, *args):
        begin = time.monotonic()
        got = function(*args)
        times[step] = (time.monotonic() - begin) * 1000
        return got

    sandbox = timed("run pod", cri.run_pod, runtime, "bench", os.environ.get("CRI_POD", "{}"))
    container = timed("create container", cri.create, sandbox, "main", image, "{}", COMMAND)
    timed("start container", cri.by_id, "StartContainer", container)
    time.sleep(PAUSE)
    timed("stop container", cri.stop, container)
    timed("stop pod", cri.by_id, "StopPodSandbox", sandbox)
    timed("remove pod", cri.by_id, "RemovePodSandbox", sandbox)
    os.unlink(cri.remembered(sandbox))
    return times


def podman_run(runtime, image):
    begin = time.monotonic()
    subprocess.run(["podman", "--runtime", "/share/" + runtime if os.path.exists("/share/" + runtime) else runtime,
                    "run", "--rm", image, "true"], check=True, stdin=subprocess.DEVNULL)
    times = {"run": (time.monotonic() - begin) * 1000}
    time.sleep(PAUSE)
    return times


def calls_since(path, offset):
    """The calls that are written behind this offset: names and milliseconds."""
    with open(path, encoding="utf-8") as f:
        f.seek(offset)
        return [(name, float(ms)) for name, ms in (line.split() for line in f)]


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def measure(one, rounds, calls, names):
    """For each name the rounds' times, and for its twin the whole time and that of each call.  The first round isn't counted."""
    times = {name: [] for name in names}
    made = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names if turn % 2 else names[::-1]:
            got = one(name)
            offset = size_of(calls)
            whole = sum(one("timed-" + name).values())
            if turn:
                times[name].append(got)
                made[name].append((whole, calls_since(calls, offset)))
    return times, made


def print_line(label, values, form="{:10.1f}"):
    print(f"  {label:<24}" + "".join(form.format(value) for value in values))


def report(rounds, names, times, made):
    """Prints medians, and the ratios of the pairs that ran next to each other."""
    totals = {name: [sum(steps.values()) for steps in times[name]] for name in names}
    spent = {name: [sum(ms for _, ms in calls) for _, calls in made[name]] for name in names}
    print(" " * 26 + "".join(f"{name:>10}" for name in names) + f"   ms, medians of {rounds}")
    for step in times[names[0]][0]:
        print_line(step, [statistics.median(steps[step] for steps in times[name]) for name in names])
    print_line("all", [statistics.median(totals[name]) for name in names])
    print_line("all, the best", [min(totals[name]) for name in names])
    print_line("all, the worst", [max(totals[name]) for name in names])
    for call in sorted({call for name in names for _, calls in made[name] for call, _ in calls}):
        each = {name: [ms for _, calls in made[name] for made_call, ms in calls if made_call == call] or [0] for name in names}
        print_line(f"{len(each[names[0]]) // rounds} x {call}", [statistics.median(each[name]) for name in names])
    print_line("all calls", [statistics.median(spent[name]) for name in names])
    print_line("all calls, the best", [min(spent[name]) for name in names])
    own = {name: [whole - ms for (whole, _), ms in zip(made[name], spent[name])] for name in names}
    print_line("the engine's own", [statistics.median(own[name]) for name in names])
    ratios = [own / other for own, other in zip(*(totals[name] for name in names))]
    least = statistics.median(mine / whole for mine, (whole, _) in zip(own[names[1]], made[names[1]]))
    print(f"  {names[0]} takes {statistics.median(ratios):.2f} of {names[1]}'s time (best by best "
          f"{min(totals[names[0]]) / min(totals[names[1]]):.2f}, the worst pair {max(ratios):.2f}); "
          f"{least:.2f} would be left of {names[1]}'s without any time in calls")


def main(what, rounds, image, calls, *names):
    if what == "pods":
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
        import cri  # pylint: disable=import-outside-toplevel
        json.loads(os.environ.get("CRI_POD", "{}"))
        times, made = measure(lambda name: pod(cri, name, image), int(rounds), calls, names)
    else:
        times, made = measure(lambda name: podman_run(name, image), int(rounds), calls, names)
    report(int(rounds), names, times, made)


if __name__ == "__main__":
    if len(sys.argv) != 7 or sys.argv[1] not in ("pods", "podman"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
