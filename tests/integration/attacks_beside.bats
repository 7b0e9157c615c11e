#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks of a container on processes that run beside it or wait for it: helpers of the runtime, and containers that are created and not
# yet started.
load lib.bash
load looker.bash

# privileges_of PID: prints the process's ids, capabilities, filter and no_new_privs, by the kernel.
privileges_of() {
	grep -E '^(Uid|Gid|Cap...|NoNewPrivs|Seccomp):' "/proc/$1/status"
}

# waits_with_programs_privileges: creates c2, whose waiting process must have the same privileges as the program has later.
waits_with_programs_privileges() {
	local pid before
	urun create --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
	pid=$(urun state c2 | jq .pid)
	before=$(privileges_of "$pid")
	urun start c2
	[ "$(cat "/proc/$pid/comm")" = sleep ]
	[ "$before" = "$(privileges_of "$pid")" ] || fail "it waited with: $before" "the program has: $(privileges_of "$pid")"
	assert_contains "$before" $'CapEff:\t0000000000000020'
	urun delete --force c2
}

# few_privileges: the container has only CAP_KILL, and a filter.
few_privileges() {
	config '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]} |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod"], action: "SCMP_ACT_ERRNO"}]}'
	program /bin/sleep 60
}

# bats test_tags=rootful
@test "a created container waits for start with the privileges of its program, so that tracing it gains nothing" {
	few_privileges
	local privileges
	for privileges in true false; do
		config ".process.noNewPrivileges = $privileges"
		waits_with_programs_privileges
	done
}

# bats test_tags=rootful
@test "a created container in the namespaces of another container waits with the privileges of its program too" {
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	few_privileges
	config '.linux.namespaces = [{type: "pid", path: "/proc/\($pid)/ns/pid"}, {type: "user", path: "/proc/\($pid)/ns/user"},
		{type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}]' --arg pid "$(urun state c1 | jq .pid)"
	without_users_of_root
	waits_with_programs_privileges
	urun delete --force c1
}

# bats test_tags=rootful
@test "a created container starts under a filter that allows hardly more than reading" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_KILL_PROCESS", names: ["accept", "accept4",
		"socket", "connect", "sendmsg", "recvmsg", "sendto", "recvfrom", "poll", "ppoll", "fcntl", "prctl", "fstat", "dup3"]}]}'
	program /bin/busybox true
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try start c1
	assert_status 0
	wait_for 5 is_status c1 stopped
	urun delete c1
}

# Linux 6.18 opens namespaces by file handles: a container could enter the server's mount namespace and uncover its hidden files
# (mount_namespaces(7)).
@test "the capabilities of a container don't hold for the process that serves its files" {
	needs_fuse
	local server pid
	"$URUN" --root "$STATE" run --network none --user root --name c1 --cap-add ALL -- sleep 60 </dev/null 3>&- &
	wait_for 20 is_status c1 running
	server=$(newest_process fuse-overlayfs)
	pid=$(urun state c1 | jq .pid)
	[ -n "$(readlink "/proc/$server/ns/user")" ]
	[ "$(readlink "/proc/$server/ns/user")" != "$(readlink "/proc/$pid/ns/user")" ]
	[ "$(cat "/proc/$server/uid_map")" = "$(cat "/proc/$pid/uid_map")" ]
	urun kill c1 KILL
	wait
}

@test "a container that sees the host's processes and may trace doesn't get out through its own helpers" {
	see_host_processes
	config '.annotations = {"org.urun.overlay": "tmpfs", "org.urun.hidden": "/tmp"}'
	[ -w /dev/fuse ] && command -v fuse-overlayfs >/dev/null || config 'del(.annotations)'
	start_looker urun --debug
	local i
	for ((i = 0; i < 10; i++)); do
		urun port c1 --add "127.0.0.1:$((18500 + i)):80" 2>/dev/null || true
		urun exec c1 /bin/true
	done
	looker_found_nothing
	urun delete --force c1
}

@test "it doesn't get out through the start of another container in its user namespace, with clocks of its own" {
	see_host_processes
	start_looker urun
	local pid i
	pid=$(urun state c1 | jq .pid)
	config '.process.args = ["/bin/true"] | .linux.timeOffsets = {boottime: {secs: 100}} | .linux.namespaces = [{type: "pid"}, {type: "time"},
		{type: "user", path: "/proc/\($pid)/ns/user"}, {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}] |
		.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "proc", source: "proc"} else . end)' --arg pid "$pid"
	for ((i = 0; i < 30; i++)); do urun run --bundle "$BUNDLE" c2 </dev/null; done
	looker_found_nothing
	urun delete --force c1
}

# Rootless engines do so: some containers share the engine's user namespace, and others have a new user namespace inside it.
@test "it doesn't get out, without capabilities, through the start of a container with a new user namespace inside an engine's" {
	local inside=(unshare --user --map-root-user "$URUN" --root "$STATE")
	see_host_processes
	config '.process.capabilities = {}'
	start_looker "${inside[@]}"
	local pid i
	pid=$(urun state c1 | jq .pid)
	config '.process.args = ["/bin/true"] | .linux.namespaces = [{type: "pid"}, {type: "user"}, {type: "mount"}, {type: "network"}, {type: "ipc"},
		{type: "uts"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "proc", source: "proc"} else . end)'
	for ((i = 0; i < 30; i++)); do
		nsenter --user --target "$pid" --preserve-credentials "$URUN" --root "$STATE" run --bundle "$BUNDLE" c2 </dev/null
	done
	looker_found_nothing
	urun delete --force c1
}
