#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd without root, in the user namespace of rootlesskit as with nerdctl; run in the machine as user ci.
# By default ctr gives each container a cgroup path where nothing is delegated; --cgroup '' gives no path.
load podman.bash
load containerd.bash

setup_file() {
	containerd_config "$BATS_FILE_TMPDIR/containerd.sock"
	rootlesskit --net=host --copy-up=/etc --copy-up=/run --state-dir "$BATS_FILE_TMPDIR/kit" \
		containerd --config "$BATS_FILE_TMPDIR/containerd.toml" >"$BATS_FILE_TMPDIR/containerd.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	import_image
}

# ctr ARG…: runs ctr in the namespaces of containerd.
ctr() {
	timeout -k 5 90 nsenter --preserve-credentials --user --mount --target "$(cat "$BATS_FILE_TMPDIR/kit/child_pid")" \
		ctr --address "$BATS_FILE_TMPDIR/containerd.sock" "$@" 3>&- 4>&- </dev/null
}

@test "ctr run without root has the program's output and exit status, and the container has a range of ids" {
	ctr_run --rm --cgroup '' "$IMAGE:latest" c1 sh -c 'echo out; id -u; chown 1:1 /tmp && stat -c %u /tmp; exit 7'
	assert_status 7
	assert_lines out 0 1
}

@test "ctr run --detach, tasks exec, kill and delete work without root" {
	run_detached c1 --cgroup ''
	exec_in_c1
	kill_and_delete_c1
}

# bats test_tags=kernel
@test "the user's systemd sets a limit without root, and pause stops the container" {
	run_detached c1 --runc-systemd-cgroup --cgroup user.slice:urun-test:c1 --memory-limit 67108864
	pid=$(ctr tasks ls | awk '$1 == "c1" { print $2 }')
	[ "$(cat "/sys/fs/cgroup$(cut -d: -f3 "/proc/$pid/cgroup")/memory.max")" = 67108864 ]
	ctr tasks pause c1
	has_task c1 PAUSED
	ctr tasks resume c1
	has_task c1 RUNNING
}

@test "ctr run with a limit and without a cgroup fails with the reason" {
	ctr_run --rm --memory-limit 67108864 "$IMAGE:latest" c1 true
	[ "$status" -ne 0 ]
	assert_contains "$stderr" 'linux.resources.memory.limit: make cgroup'
	assert_contains "$stderr" 'use --systemd-cgroup'
}

@test "ctr run without root names a program that isn't found" {
	ctr_run --rm --cgroup '' "$IMAGE:latest" c1 /nowhere
	[ "$status" -ne 0 ]
	assert_contains "$stderr" /nowhere
}
