#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks of containers that root of the host runs without a user namespace.  `check` runs the tests with the tag "rootful" of
# tests/integration/attacks*.bats beside these.
# bats file_tags=rootful
load ../integration/lib.bash
load ../integration/looker.bash

# Services of the machine come and go; urun names its cgroups by the container.
own_cgroups() {
	find /sys/fs/cgroup -type d -name '*c[0-9]' 2>/dev/null | sort
}

# looks_from_host_pids: starts the looker in the host's pid namespace, without a capability.
looks_from_host_pids() {
	see_host_processes
	start_looker urun
	urun delete --force c1
	config '.process.capabilities = {}'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/seen" 2>&1
	wait_for 5 grep looking "$BATS_TEST_TMPDIR/seen"
}

# Its uid is that of the owner of each user namespace that root makes: the kernel gives the owner every capability in there.
@test "a container without capabilities doesn't get out through the start of a container with a user namespace" {
	looks_from_host_pids
	config '.process.args = ["/bin/true"] | .linux.namespaces = [{type: "pid"}, {type: "user"}, {type: "mount"}, {type: "network"}, {type: "ipc"},
		{type: "uts"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "proc", source: "proc"} else . end)'
	local i
	for ((i = 0; i < 30; i++)); do urun run --bundle "$BUNDLE" c2 </dev/null; done
	looker_found_nothing memory
	urun delete --force c1
}

# A process 1 of urun's own may be traced by whoever may trace the program: it is no wall.
@test "nor through the start of a container by options, or of one without a user namespace, or exec" {
	looks_from_host_pids
	config '.process.args = ["/bin/true"] | .linux.namespaces += [{type: "pid"}]'
	local i
	for ((i = 0; i < 20; i++)); do
		urun run --init=false --rootfs "$BUNDLE/rootfs" --network none -- /bin/true </dev/null
		urun run --bundle "$BUNDLE" c2 </dev/null
		urun exec c1 /bin/true
	done
	looker_found_nothing memory
	urun delete --force c1
}

# The root file system is in a directory that another container can write.
@test "a device node is made, owned and changed in the container's directory, not where a link leads" {
	local outside=$BATS_TEST_TMPDIR/outside
	mkdir "$outside"
	echo text >"$outside/file"
	chmod 600 "$outside/file"
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) |
		.linux.devices = [{path: "/shared/node", type: "c", major: 1, minor: 3, fileMode: 511, uid: 7, gid: 7}]'
	mkdir "$BUNDLE/rootfs/shared"
	ln -s "$outside/file" "$BUNDLE/rootfs/shared/node"
	try run --bundle "$BUNDLE" c1
	assert_status 125
	[ "$(stat -c '%F %a %u' "$outside/file")" = 'regular file 600 0' ]
	rm "$BUNDLE/rootfs/shared/node"
	rmdir "$BUNDLE/rootfs/shared"
	ln -s "$outside" "$BUNDLE/rootfs/shared"
	try run --bundle "$BUNDLE" c1
	[ "$(ls "$outside")" = file ]
}

# CVE-2019-5736, by a container that has every capability and sees a process of the runtime: that of another container, which waits for
# `start` in the same pid namespace.
@test "a container with all capabilities can't change urun's file through a process of urun" {
	local own=$BATS_TEST_TMPDIR/urun user name
	for name in lib lib64; do [ ! -e "/$name" ] || ln -s "usr/$name" "$BUNDLE/rootfs/$name"; done
	cp "$URUN" "$own"
	cp "$TESTS/programs/change_runtime.py" "$BUNDLE/rootfs/"
	config '.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}] | .namespaces = .linux.namespaces |
		.process.args = ["sleep", "60"] |
		.process.capabilities = ([("bounding", "permitted", "effective") | {(.): ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE",
			"CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]}] | add)'
	for user in false true; do
		config '.linux.namespaces = .namespaces | if $user then .linux.namespaces += [{type: "user"}] |
			.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings else . end' --argjson user "$user"
		"$own" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
		config '.linux.namespaces = [{type: "mount"}, {type: "ipc"}, {type: "uts"}, {type: "network"}, {type: "pid", path: "/proc/\($pid)/ns/pid"}] +
			if $user then [{type: "user", path: "/proc/\($pid)/ns/user"}] else [] end' --argjson user "$user" --arg pid "$(urun state c1 | jq .pid)"
		"$own" --root "$STATE" create --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
		observe "$own" --root "$STATE" exec c1 /usr/bin/python3 /change_runtime.py
		assert_contains "$output" saw
		for name in writable opened changed; do refute_contains "$output" "$name"; done
		urun delete --force c2
		urun delete --force c1
		cmp "$URUN" "$own"
		[ "$(stat -c %a "$own")" = 755 ]
	done
}
