#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Engines that run as root: containerd, and podman with and without a mapping of ids; run in the machine as root.
load podman.bash
load containerd.bash

SOCKET=/run/urun-containerd.sock

# Root gets an image of busybox of its own: the machine's image is user ci's.
setup_file() {
	podman import -q --change CMD=/bin/sh /opt/busybox.tar "$IMAGE" >/dev/null
	containerd_config "$SOCKET"
	containerd --config "$BATS_FILE_TMPDIR/containerd.toml" >"$BATS_FILE_TMPDIR/containerd.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	import_image
}

ctr() {
	timeout -k 5 90 ctr --address "$SOCKET" "$@" 3>&- 4>&- </dev/null
}

@test "ctr run has the program's output and exit status" {
	ctr_run --rm "$IMAGE:latest" c1 sh -c 'echo out; exit 7'
	assert_status 7
	assert_output out
	ctr_run --rm --env A=b --cwd /tmp "$IMAGE:latest" c1 sh -c 'pwd; echo $A'
	assert_lines /tmp b
}

@test "ctr run --detach, tasks exec, pause, kill and delete work" {
	run_detached c1
	exec_in_c1
	ctr tasks pause c1
	has_task c1 PAUSED
	ctr tasks resume c1
	has_task c1 RUNNING
	kill_and_delete_c1
}

# bats test_tags=kernel
@test "ctr run --memory-limit sets the kernel's limit" {
	run_detached c1 --memory-limit 67108864
	[ "$(cat /sys/fs/cgroup/default/c1/memory.max)" = 67108864 ]
}

@test "ctr run names a program that isn't found" {
	ctr_run --rm "$IMAGE:latest" c1 /nowhere
	[ "$status" -ne 0 ]
	assert_contains "$stderr" /nowhere
}

@test "podman as root with a mapping runs, enters and removes a container" {
	in_new --network none --uidmap 0:200000:65536 "$IMAGE" sh -c 'cat /proc/self/uid_map; id -u'
	assert_status 0
	[ "$(tr -s ' ' <<<"${lines[0]}")" = ' 0 200000 65536' ]
	[ "${lines[1]}" = 0 ]
	started c1 --network none --uidmap 0:200000:65536
	try exec c1 sh -c 'id -u; exit 4'
	assert_status 4
	assert_output 0
	podman rm -f -t 0 c1 >/dev/null
}

@test "podman as root without a mapping has a container whose root is root, in a user namespace all the same" {
	in_new --network none "$IMAGE" sh -c 'cat /proc/self/uid_map; readlink /proc/self/ns/user'
	assert_status 0
	[ "$(tr -s ' ' <<<"${lines[0]}")" = ' 0 0 4294967295' ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/user)" ]
}

# bats test_tags=kernel
@test "podman as root has limits and a bridged network" {
	in_new --memory 64m --pids-limit 50 "$IMAGE" sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d "\n"'
	assert_status 0
	assert_lines 67108864 50 " lo eth0"
}
