# SPDX-License-Identifier: Apache-2.0
"""Measures what tests/bench/start says, and prints the table."""
import json
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

URUN, FLOOR = sys.argv[1:3]
TURNS = int(sys.argv[3]) if len(sys.argv) > 3 else 30
ALIVE = int(sys.argv[4]) if len(sys.argv) > 4 else 150
AT_ONCE = 20
COLUMNS = ("floor", "bwrap", "urun", "crun", "runc")
NULL = subprocess.DEVNULL


def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


PROC = mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev")
DEV = mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k")
PTS = mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620")
SHM = mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k")
MQUEUE = mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev")
SYS = mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev")


def base_config(maps, args=("/bin/true",)):
    """The config for what floor.c does."""
    return {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": list(args), "env": ["PATH=/bin"],
                    "cwd": "/", "noNewPrivileges": True},
        "root": {"path": "rootfs", "readonly": False},
        "hostname": "bench",
        "mounts": [PROC, DEV, PTS, SHM, MQUEUE, SYS],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "user")],
            "uidMappings": maps[0], "gidMappings": maps[1],
            "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def engine_config(maps, work):
    """As podman writes it: 30 mounts, its profile's form, all namespaces, masked paths, capabilities."""
    config = base_config(maps)
    volumes = []
    for i in range(30 - 7):
        path = os.path.join(work, f"volume{i}")
        with open(path, "w", encoding="utf-8"):
            pass
        volumes.append(mount(f"/run/volume{i}", "bind", path, "bind", "rprivate", "nosuid", "nodev"))
    config["mounts"] = [PROC, DEV, PTS, SHM, MQUEUE, SYS, mount("/run", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=755")] + volumes
    config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup", "user")]
    config["linux"]["maskedPaths"] = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
                                      "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap",
                                      "/sys/firmware", "/sys/fs/selinux"]
    config["linux"]["readonlyPaths"] = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    names = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
             "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
    config["process"]["capabilities"] = {kind: names for kind in ("bounding", "effective", "permitted")}
    config["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]
    # An allow list as long as podman's: the profile that urun has for containers by options.
    spec = os.path.join(work, "spec")
    os.mkdir(spec)
    subprocess.run([URUN, "spec", "--bundle", spec, "--rootfs", os.path.join(work, "bundle/rootfs"), "true"], check=True, stdout=NULL)
    with open(os.path.join(spec, "config.json"), encoding="utf-8") as file:
        config["linux"]["seccomp"] = json.load(file)["linux"]["seccomp"]
    return config


class Bench:
    def __init__(self, work, state):
        self.work, self.state = work, state
        self.bundle = os.path.join(work, "bundle")
        self.rootfs = os.path.join(self.bundle, "rootfs")
        for name in ("bin", "dev", "etc", "proc", "run", "sys", "tmp"):
            os.makedirs(os.path.join(self.rootfs, name))
        shutil.copy(shutil.which("busybox"), os.path.join(self.rootfs, "bin/busybox"))
        for name in ("true", "sleep"):
            os.symlink("busybox", os.path.join(self.rootfs, "bin", name))
        self.rows = []

    def write(self, name, config):
        """A bundle of its own with the same root file system, for each config: crun and runc know no --config."""
        bundle = os.path.join(self.work, name)
        os.makedirs(bundle, exist_ok=True)
        config["root"]["path"] = self.rootfs
        with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        return bundle

    def runtime(self, name):
        """The command of a runtime up to its options, or None."""
        if name == "urun":
            return [URUN, "--root", os.path.join(self.state, "urun")]
        found = shutil.which(name)
        if not found:
            return None
        managed = ["--cgroup-manager", "disabled"] if name == "crun" else []
        return [found, *managed, "--root", os.path.join(self.state, name)]

    def run_commands(self, bundle, subids, program="/bin/true", time_to_live=()):
        bwrap = shutil.which("bwrap")
        commands = {"floor": [FLOOR, *(["--subids"] if subids else []), self.rootfs, program, *time_to_live]}
        if bwrap and not subids:
            commands["bwrap"] = [bwrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", "0", "--gid", "0",
                                 "--hostname", "bench", "--bind", self.rootfs, "/", "--proc", "/proc", "--dev", "/dev", "--mqueue",
                                 "/dev/mqueue", "--ro-bind", "/sys", "/sys", program, *time_to_live]
        for name in COLUMNS[2:]:
            runtime = self.runtime(name)
            if runtime:
                commands[name] = [*runtime, "run", "--bundle", bundle, "bench"]
        return commands

    @staticmethod
    def working(row, commands):
        """Those that work; says why another doesn't."""
        kept = {}
        for name, command in commands.items():
            tried = subprocess.run(command, stdin=NULL, capture_output=True, text=True, check=False)
            if tried.returncode == 0:
                kept[name] = command
            else:
                print(f"not measured: {row}, {name}: {(tried.stderr.strip().splitlines() or ['no message'])[-1]}", file=sys.stderr)
        return kept

    @staticmethod
    def call(command):
        begun = time.perf_counter()
        subprocess.run(command, stdin=NULL, stdout=NULL, stderr=NULL, check=True)
        return time.perf_counter() - begun

    def ratios(self, commands, against, call=None):
        """The median of each command's times divided by those of the command @against in the same turn."""
        call = call or self.call
        times = {name: [] for name in commands}
        for _ in range(TURNS):
            for name, command in commands.items():
                times[name].append(call(command))
        if against not in times:
            return {}, times
        return {name: statistics.median(own / other for own, other in zip(times[name], times[against])) for name in times}, times

    def add(self, row, values, goal, form="{:.2f}"):
        self.rows.append((row, {name: form.format(value) for name, value in values.items()}, goal))
        print(f"measured: {row}", file=sys.stderr)

    def print_table(self):
        lines = [("", *COLUMNS, "goal")] + [(row, *(values.get(name, "") for name in COLUMNS), goal) for row, values, goal in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        for number, line in enumerate(lines):
            print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |")
            if number == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def processor_time(command):
    """Of the command and all processes that it waits for: little of the machine's noise is in it."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
    return usage.ru_utime + usage.ru_stime


def count_calls(bench, command):
    trace = os.path.join(bench.work, "strace")
    subprocess.run(["strace", "-f", "-o", trace, *command], stdin=NULL, stdout=NULL, stderr=NULL, check=True)
    with open(trace, encoding="utf-8", errors="replace") as file:
        return sum(1 for line in file if " resumed>" not in line and "+++ " not in line and "--- SIG" not in line)


def descendants(pid):
    found = [pid]
    for parent in found:
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def resident_kb(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            if file.read().strip() == "sleep":
                return 0
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
    except (OSError, StopIteration):
        return 0


def measure_memory(bench, maps):
    """Of the processes that stay, without the program."""
    bundle = bench.write("sleep", base_config(maps, ("/bin/sleep", "4")))
    values = {}
    for name, command in bench.run_commands(bundle, False, "/bin/sleep", ("4",)).items():
        with subprocess.Popen(command, stdin=NULL, stdout=NULL, stderr=NULL) as process:
            time.sleep(2)
            values[name] = sum(resident_kb(pid) for pid in descendants(process.pid)) / 1024
            if process.wait() != 0:
                del values[name]
    bench.add("stays beside a foreground container, MB", values, "≤ 0.6")


def measure_lives(bench, maps):
    """create and start, exec, state and delete of containers that run."""
    bundle = bench.write("lives", base_config(maps, ("/bin/sleep", "1000")))
    runtimes = {}
    for name in COLUMNS[2:]:
        runtime = bench.runtime(name)
        if not runtime:
            continue
        try:
            for i in range(ALIVE):
                bench.call([*runtime, "create", "--bundle", bundle, f"alive{i}"])
                bench.call([*runtime, "start", f"alive{i}"])
            runtimes[name] = runtime
        except subprocess.CalledProcessError as failure:
            print(f"not measured: create, {name}: {failure}", file=sys.stderr)
    begin, end = {name: [] for name in runtimes}, {name: [] for name in runtimes}
    for turn in range(TURNS):
        for name, runtime in runtimes.items():
            begin[name].append(bench.call([*runtime, "create", "--bundle", bundle, f"turn{turn}"]) +
                               bench.call([*runtime, "start", f"turn{turn}"]))
            end[name].append(bench.call([*runtime, "delete", "--force", f"turn{turn}"]))

    def to_crun(times):
        if "crun" not in times:
            return {}
        return {name: statistics.median(own / other for own, other in zip(times[name], times["crun"])) for name in times}

    bench.add(f"`create` + `start`, {ALIVE} alive, to crun's", to_crun(begin), "≤ 0.22")
    if ALIVE:
        values, _ = bench.ratios({name: [*runtime, "exec", "alive0", "/bin/true"] for name, runtime in runtimes.items()}, "crun")
        bench.add("`exec true`, to crun's", values, "≤ 0.4")
        _, times = bench.ratios({"true": ["/bin/true"], **{name: [*runtime, "state", "alive0"] for name, runtime in runtimes.items()}}, "true")
        above = {name: 1000 * statistics.median(own - other for own, other in zip(times[name], times["true"])) for name in runtimes}
        bench.add("`state`, above /bin/true, ms", above, "≤ 0.2")
    bench.add("`delete --force` of a running one, to crun's", to_crun(end), "≤ 0.2")
    for name, runtime in runtimes.items():
        for i in range(ALIVE):
            subprocess.run([*runtime, "delete", "--force", f"alive{i}"], stdout=NULL, stderr=NULL, check=False)


def measure_at_once(bench, maps):
    bundle = bench.write("one", base_config(maps))
    commands = bench.working("at once", bench.run_commands(bundle, False))

    def call(command):
        begun = time.perf_counter()
        own = [command[:-1] + [f"bench{i}"] if command[-1] == "bench" else command for i in range(AT_ONCE)]
        processes = [subprocess.Popen(each, stdin=NULL, stdout=NULL, stderr=NULL) for each in own]
        if any([process.wait() for process in processes]):
            raise subprocess.CalledProcessError(1, command)
        return time.perf_counter() - begun

    values, _ = bench.ratios(commands, "floor", call)
    bench.add(f"{AT_ONCE} at once, each, to the floor's", values, "≤ 1.4")


def own_maps(*subids):
    """Maps of the caller's id as root, and of two subid ranges."""
    maps = []
    for number, own in enumerate((os.getuid(), os.getgid())):
        maps.append([{"containerID": 0, "hostID": own, "size": 1}])
        if subids:
            maps[-1].append({"containerID": 1, "hostID": subids[number][0], "size": subids[number][1]})
    return maps


def subid_range(path):
    user = pwd.getpwuid(os.getuid()).pw_name
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, first, count = line.strip().split(":")
                if name == user:
                    return int(first), int(count)
    except (OSError, ValueError):
        pass
    return None


def measure(bench):
    maps = own_maps()
    bundle = bench.write("one", base_config(maps))
    commands = bench.working("one id", bench.run_commands(bundle, False))
    values, times = bench.ratios(commands, "floor")
    bench.add("`run true`, one id", values, "≤ 1.35")
    floor_ms = 1000 * min(times["floor"])
    _, times = bench.ratios(commands, "floor", processor_time)
    least = {name: min(own) / min(times["floor"]) for name, own in times.items()}
    bench.add("processor time of the first, the least", least, "")
    ranges = subid_range("/etc/subuid"), subid_range("/etc/subgid")
    if all(ranges) and shutil.which("newuidmap"):
        bundle = bench.write("subids", base_config(own_maps(*ranges)))
        values, _ = bench.ratios(bench.working("all subids", bench.run_commands(bundle, True)), "floor")
        bench.add("`run true`, all subids", values, "≤ 1.2")
    else:
        print("not measured: all subids: this user has none", file=sys.stderr)
    if shutil.which("strace"):
        bench.add("system calls of the first", {name: count_calls(bench, command) for name, command in commands.items()}, "≤ 300", "{}")
    else:
        print("not measured: system calls: strace isn't installed", file=sys.stderr)
    measure_memory(bench, maps)
    measure_at_once(bench, maps)
    bundle = bench.write("engine", engine_config(maps, bench.work))
    commands = bench.run_commands(bundle, False)
    commands = bench.working("an engine's config", {name: commands[name] for name in COLUMNS[2:] if name in commands})
    values, _ = bench.ratios(commands, "crun")
    bench.add("an engine's config, `run true`, to crun's", values, "")
    measure_lives(bench, maps)
    print(f"(medians of {TURNS} turns; the floor takes {floor_ms:.2f} ms at least)")
    bench.print_table()


def main():
    # State is kept in memory, as in the $XDG_RUNTIME_DIR of a login, so that no disk is measured.
    with tempfile.TemporaryDirectory(prefix="urun-bench.") as work, tempfile.TemporaryDirectory(prefix="urun-bench.", dir="/dev/shm") as state:
        os.environ["XDG_RUNTIME_DIR"] = state
        os.chmod(state, 0o700)
        measure(Bench(work, state))


main()
