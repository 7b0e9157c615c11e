#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of Kubernetes' Container Runtime Interface, which does with a pod what a kubelet does.

usage: cri.py COMMAND [ARG]...                    CRI_SOCKET names the socket, CRI_STATE a directory for what the client remembers
  version
  run-pod HANDLER NAME [CONFIG]                   prints the pod's id; HANDLER is the name of a runtime class
  create POD NAME IMAGE [CONFIG] -- [COMMAND...]  prints the container's id
  start ID | stop ID [SECONDS] | remove ID | update ID RESOURCES
  status ID | pod-status ID                       prints state and exit code and reason; or the pod's state
  exec ID [SECONDS] -- COMMAND...                 as a probe does: prints the output, and ends with the command's status
  list | pods                                     prints ids, one a line
  stop-pod ID | remove-pod ID
  churn HANDLER IMAGE COUNT AT-ONCE [CONFIG]      starts so many pods with one container each, stops and removes them; prints the times
CONFIG and RESOURCES are JSON objects with the fields of PodSandboxConfig, ContainerConfig and LinuxContainerResources that are to differ
from the defaults.  Errors of the server end the client with status 125 and a line on stderr.

The messages and the numbers of their fields are those of runtime/v1/api.proto of the CRI; MESSAGES has what is used here.
"""
import concurrent.futures
import json
import os
import sys
import time

import grpc

# Message: {field: (number, type)}.  A type in brackets is repeated; "map" has strings as keys and values.
MESSAGES = {
    "Empty": {},
    "Id": {"id": (1, "string")},
    "VersionResponse": {"runtime_name": (2, "string"), "runtime_version": (3, "string")},
    "RunPodSandboxRequest": {"config": (1, "PodSandboxConfig"), "runtime_handler": (2, "string")},
    "PodSandboxConfig": {"metadata": (1, "PodSandboxMetadata"), "hostname": (2, "string"), "log_directory": (3, "string"),
                         "dns_config": (4, "DNSConfig"), "labels": (6, "map"), "annotations": (7, "map"),
                         "linux": (8, "LinuxPodSandboxConfig")},
    "PodSandboxMetadata": {"name": (1, "string"), "uid": (2, "string"), "namespace": (3, "string"), "attempt": (4, "int")},
    "DNSConfig": {"servers": (1, ["string"]), "searches": (2, ["string"]), "options": (3, ["string"])},
    "LinuxPodSandboxConfig": {"cgroup_parent": (1, "string"), "security_context": (2, "LinuxSandboxSecurityContext"),
                              "sysctls": (3, "map")},
    "LinuxSandboxSecurityContext": {"namespace_options": (1, "NamespaceOption"), "run_as_user": (3, "Int64Value"),
                                    "readonly_rootfs": (4, "int"), "privileged": (6, "int"), "seccomp": (9, "SecurityProfile")},
    "NamespaceOption": {"network": (1, "int"), "pid": (2, "int"), "ipc": (3, "int"), "target_id": (4, "string"),
                        "userns_options": (5, "UserNamespace")},
    "UserNamespace": {"mode": (1, "int"), "uids": (2, ["IDMapping"]), "gids": (3, ["IDMapping"])},
    "IDMapping": {"host_id": (1, "int"), "container_id": (2, "int"), "length": (3, "int")},
    "Int64Value": {"value": (1, "int")},
    "SecurityProfile": {"profile_type": (1, "int"), "localhost_ref": (2, "string")},
    "CreateContainerRequest": {"pod_sandbox_id": (1, "string"), "config": (2, "ContainerConfig"), "sandbox_config": (3, "PodSandboxConfig")},
    "ContainerConfig": {"metadata": (1, "ContainerMetadata"), "image": (2, "ImageSpec"), "command": (3, ["string"]), "args": (4, ["string"]),
                        "working_dir": (5, "string"), "envs": (6, ["KeyValue"]), "mounts": (7, ["Mount"]), "devices": (8, ["Device"]),
                        "labels": (9, "map"), "annotations": (10, "map"), "log_path": (11, "string"), "stdin": (12, "int"),
                        "tty": (14, "int"), "linux": (15, "LinuxContainerConfig")},
    "ContainerMetadata": {"name": (1, "string"), "attempt": (2, "int")},
    "ImageSpec": {"image": (1, "string")},
    "KeyValue": {"key": (1, "string"), "value": (2, "string")},
    "Mount": {"container_path": (1, "string"), "host_path": (2, "string"), "readonly": (3, "int"), "propagation": (5, "int")},
    "Device": {"container_path": (1, "string"), "host_path": (2, "string"), "permissions": (3, "string")},
    "LinuxContainerConfig": {"resources": (1, "LinuxContainerResources"), "security_context": (2, "LinuxContainerSecurityContext")},
    "LinuxContainerResources": {"cpu_period": (1, "int"), "cpu_quota": (2, "int"), "cpu_shares": (3, "int"),
                                "memory_limit_in_bytes": (4, "int"), "oom_score_adj": (5, "int"), "cpuset_cpus": (6, "string"),
                                "unified": (9, "map"), "memory_swap_limit_in_bytes": (10, "int")},
    "LinuxContainerSecurityContext": {"capabilities": (1, "Capability"), "privileged": (2, "int"),
                                      "namespace_options": (3, "NamespaceOption"), "run_as_user": (5, "Int64Value"),
                                      "run_as_username": (6, "string"), "readonly_rootfs": (7, "int"),
                                      "supplemental_groups": (8, ["int"]), "no_new_privs": (11, "int"), "run_as_group": (12, "Int64Value"),
                                      "masked_paths": (13, ["string"]), "readonly_paths": (14, ["string"]),
                                      "seccomp": (15, "SecurityProfile"), "apparmor": (16, "SecurityProfile")},
    "Capability": {"add_capabilities": (1, ["string"]), "drop_capabilities": (2, ["string"])},
    "StopContainerRequest": {"id": (1, "string"), "timeout": (2, "int")},
    "ContainerStatusResponse": {"status": (1, "ContainerStatus")},
    "ContainerStatus": {"id": (1, "string"), "state": (3, "int"), "exit_code": (7, "int"), "reason": (10, "string"),
                        "message": (11, "string"), "log_path": (15, "string")},
    "PodSandboxStatusResponse": {"status": (1, "PodSandboxStatus")},
    "PodSandboxStatus": {"id": (1, "string"), "state": (3, "int")},
    "ExecSyncRequest": {"id": (1, "string"), "cmd": (2, ["string"]), "timeout": (3, "int")},
    "ExecSyncResponse": {"stdout": (1, "bytes"), "stderr": (2, "bytes"), "exit_code": (3, "int")},
    "UpdateContainerResourcesRequest": {"id": (1, "string"), "linux": (2, "LinuxContainerResources")},
    "ListContainersResponse": {"containers": (1, ["Id"])},
    "ListPodSandboxResponse": {"items": (1, ["Id"])},
}
NODE = 2  # of NamespaceMode
STATES = ("CREATED", "RUNNING", "EXITED", "UNKNOWN")


# --- protobuf's encoding: https://protobuf.dev/programming-guides/encoding ---------------------------------------------------------

def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def with_length(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode_field(number, kind, value):
    if isinstance(kind, list):
        return b"".join(encode_field(number, kind[0], one) for one in value)
    if kind == "map":
        return b"".join(with_length(number, encode("KeyValue", {"key": k, "value": v})) for k, v in value.items())
    if kind == "int":
        return varint(number << 3) + varint(int(value))
    if kind == "string":
        return with_length(number, value.encode())
    return with_length(number, encode(kind, value))


def encode(message, fields):
    """Encodes a dictionary as this message; a field that the message doesn't have is an error."""
    return b"".join(encode_field(*MESSAGES[message][name], value) for name, value in fields.items())


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7


def decode(message, data):
    """Decodes a message to a dictionary; fields that MESSAGES doesn't have are passed over."""
    names = {number: (name, kind) for name, (number, kind) in MESSAGES[message].items()}
    fields = {name: [] for name, (_, kind) in MESSAGES[message].items() if isinstance(kind, list)}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
            value -= (value >> 63) << 64
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or read_varint(data, at)
            value = data[at:at + size]
            at += size
        name, kind = names.get(tag >> 3, (None, None))
        repeated = isinstance(kind, list)
        kind = kind[0] if repeated else kind
        if kind == "string":
            value = value.decode()
        elif kind in MESSAGES:
            value = decode(kind, value)
        if repeated:
            fields[name].append(value)
        elif name:
            fields[name] = value
    return fields


# --- calls ------------------------------------------------------------------------------------------------------------------------

CHANNEL = grpc.insecure_channel("unix:" + os.environ["CRI_SOCKET"]) if "CRI_SOCKET" in os.environ else None


def call(method, request="Empty", fields=None, response="Empty", limit=120):
    """Calls a method of the runtime service, and returns what it answers."""
    stub = CHANNEL.unary_unary(f"/runtime.v1.RuntimeService/{method}", request_serializer=bytes, response_deserializer=bytes)
    return decode(response, stub(encode(request, fields or {}), timeout=limit))


def merge(base, changes):
    """Puts changes into a dictionary of dictionaries."""
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            merge(base[name], value)
        else:
            base[name] = value
    return base


def remembered(pod):
    return os.path.join(os.environ["CRI_STATE"], pod + ".json")


def run_pod(handler, name, changes="{}"):
    config = merge({"metadata": {"name": name, "uid": name, "namespace": "default"}, "hostname": name,
                    "log_directory": os.path.join(os.environ["CRI_STATE"], name),
                    "linux": {"security_context": {"namespace_options": {"pid": 1}}}}, json.loads(changes))
    if config["linux"]["security_context"]["namespace_options"].get("network") == NODE:
        del config["hostname"]
    pod = call("RunPodSandbox", "RunPodSandboxRequest", {"config": config, "runtime_handler": handler}, "Id")["id"]
    with open(remembered(pod), "w", encoding="utf-8") as f:
        json.dump(config, f)
    return pod


def create(pod, name, image, changes, command):
    with open(remembered(pod), encoding="utf-8") as f:
        sandbox = json.load(f)
    options = sandbox["linux"]["security_context"]["namespace_options"]
    config = merge({"metadata": {"name": name}, "image": {"image": image}, "command": command, "log_path": name + ".log",
                    "linux": {"security_context": {"namespace_options": options}}}, json.loads(changes))
    return call("CreateContainer", "CreateContainerRequest", {"pod_sandbox_id": pod, "config": config, "sandbox_config": sandbox}, "Id")["id"]


def by_id(method, container):
    call(method, "Id", {"id": container})


def stop(container, seconds="10"):
    call("StopContainer", "StopContainerRequest", {"id": container, "timeout": int(seconds)})


def status(container):
    got = call("ContainerStatus", "Id", {"id": container}, "ContainerStatusResponse")["status"]
    return f"{STATES[got.get('state', 0)]} {got.get('exit_code', 0)} {got.get('reason', '')}".rstrip()


def pod_status(pod):
    got = call("PodSandboxStatus", "Id", {"id": pod}, "PodSandboxStatusResponse")["status"]
    return ("READY", "NOTREADY")[got.get("state", 0)]


def exec_sync(container, seconds, command):
    got = call("ExecSync", "ExecSyncRequest", {"id": container, "cmd": command, "timeout": int(seconds)}, "ExecSyncResponse")
    sys.stdout.buffer.write(got.get("stdout", b""))
    sys.stderr.buffer.write(got.get("stderr", b""))
    return got.get("exit_code", 0)


def churn(handler, image, count, at_once, config="{}"):
    """Pods that start, stop and end; prints the seconds that the two halves took."""
    def up(number):
        pod = run_pod(handler, f"churn-{number}", config)
        container = create(pod, "main", image, "{}", ["sh", "-c", "trap 'exit 0' TERM; sleep 10000 & wait"])
        by_id("StartContainer", container)
        return pod, container

    def down(pair):
        stop(pair[1])
        state = status(pair[1])
        by_id("StopPodSandbox", pair[0])
        by_id("RemovePodSandbox", pair[0])
        os.unlink(remembered(pair[0]))
        return state

    with concurrent.futures.ThreadPoolExecutor(int(at_once)) as pool:
        begin = time.monotonic()
        pairs = list(pool.map(up, range(int(count))))
        middle = time.monotonic()
        states = list(pool.map(down, pairs))
        end = time.monotonic()
    ended = sum(state.startswith("EXITED") for state in states)
    print(f"started {len(pairs)} in {middle - begin:.2f} s, ended {ended} in {end - middle:.2f} s")
    return 0 if ended == int(count) else 1


def main(command, *args):
    words = []
    if "--" in args:
        words = list(args[args.index("--") + 1:])
        args = args[:args.index("--")]
    if command == "version":
        print(*call("Version", response="VersionResponse").values())
    elif command == "run-pod":
        print(run_pod(*args))
    elif command == "create":
        print(create(*args[:3], args[3] if len(args) > 3 else "{}", words))
    elif command in ("start", "remove", "stop-pod", "remove-pod"):
        by_id({"start": "StartContainer", "remove": "RemoveContainer", "stop-pod": "StopPodSandbox",
               "remove-pod": "RemovePodSandbox"}[command], *args)
    elif command == "stop":
        stop(*args)
    elif command == "update":
        call("UpdateContainerResources", "UpdateContainerResourcesRequest", {"id": args[0], "linux": json.loads(args[1])})
    elif command == "status":
        print(status(*args))
    elif command == "pod-status":
        print(pod_status(*args))
    elif command == "exec":
        return exec_sync(args[0], args[1] if len(args) > 1 else 10, words)
    elif command == "list":
        for got in call("ListContainers", response="ListContainersResponse")["containers"]:
            print(got["id"])
    elif command == "pods":
        for got in call("ListPodSandbox", response="ListPodSandboxResponse")["items"]:
            print(got["id"])
    elif command == "churn":
        return churn(*args)
    else:
        print(f"cri.py: {command}: no such command", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or CHANNEL is None:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except grpc.RpcError as e:
        print(f"cri.py: {e.details()}", file=sys.stderr)
        sys.exit(125)
