# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests under containerd share, to be loaded after podman.bash.  The test file defines ctr(), and starts containerd.

# containerd_config SOCKET: writes a configuration whose files are all in the test file's own directory.
containerd_config() {
	cat >"$BATS_FILE_TMPDIR/containerd.toml" <<-END
		version = 2
		root = "$BATS_FILE_TMPDIR/root"
		state = "$BATS_FILE_TMPDIR/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
		[grpc]
		address = "$1"
	END
}

# Imports podman's image, as soon as containerd answers.
import_image() {
	wait_for 60 ctr version || { tail "$BATS_FILE_TMPDIR/containerd.log" >&2; return 1; }
	podman save -q --format docker-archive -o "$BATS_FILE_TMPDIR/busybox.tar" "$IMAGE"
	ctr images import "$BATS_FILE_TMPDIR/busybox.tar" >/dev/null
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/containerd.pid")" || true
}

# ctr_run ARG… ID COMMAND…: observes a container in the foreground.
ctr_run() {
	observe ctr run --runc-binary "$RUNTIME" --snapshotter native "$@"
}

# run_detached ID ARG…: starts a container that runs until it is killed.
run_detached() {
	local id=$1
	shift
	ctr run --detach --runc-binary "$RUNTIME" --snapshotter native "$@" "$IMAGE:latest" "$id" sh -c "$LOOP"
	wait_for 10 has_task "$id" RUNNING
}

has_task() {
	ctr tasks ls | grep -q "^$1 .*$2"
}

# exec_in_c1: exec in the detached container c1 has the program's output and exit status.
exec_in_c1() {
	observe ctr tasks exec --exec-id e1 c1 sh -c 'echo in; exit 3'
	assert_status 3
	assert_output in
}

# kill_and_delete_c1: c1 ends by SIGKILL, and can be removed.
kill_and_delete_c1() {
	ctr tasks kill -s KILL c1
	wait_for 10 has_task c1 STOPPED
	ctr tasks rm c1 >/dev/null 2>&1 || true
	ctr containers rm c1
	observe ctr containers ls -q
	assert_output ''
}

teardown() {
	local id
	for id in $(ctr tasks ls -q 2>/dev/null); do ctr tasks rm -f "$id" >/dev/null 2>&1 || true; done
	for id in $(ctr containers ls -q 2>/dev/null); do ctr containers rm "$id" >/dev/null 2>&1 || true; done
	podman rm -fa -t 0 >/dev/null 2>&1 || true
}
