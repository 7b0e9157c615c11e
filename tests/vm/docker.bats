#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker without root (dockerd in the namespaces of rootlesskit), beside runc; run in the machine as user ci.
load podman.bash
load docker.bash

setup_file() {
	local options
	PATH=$PATH:/usr/sbin:/sbin
	export SOCKET=$XDG_RUNTIME_DIR/urun-docker.sock
	dockerd_options urun
	DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS="--state-dir $BATS_FILE_TMPDIR/kit" \
		/usr/share/docker.io/contrib/dockerd-rootless.sh "${options[@]}" --data-root "$BATS_FILE_TMPDIR/docker" >"$BATS_FILE_TMPDIR/dockerd.log" 2>&1 </dev/null 3>&- 4>&- &
	dockerd_ready
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/kit/child_pid")"
	wait_for 30 dockerd_is_over
}

dockerd_is_over() {
	! [ -e "$XDG_RUNTIME_DIR/docker.pid" ]
}

@test "without root docker run has runc's output and exit status" {
	section run
}

@test "without root users, capabilities, seccomp and limits of a process are runc's" {
	section user
}

@test "without root volumes, devices and copies are runc's" {
	section files
}

@test "without root namespaces, shared ones too, and networks are runc's" {
	section namespaces
}

@test "without root stop, kill, restart, health and logs are runc's" {
	section life
}

@test "without root docker exec is runc's" {
	section exec
}

@test "without root terminals are runc's" {
	section terminal
}

@test "without root what only root may is as with runc" {
	section root
}

# bats test_tags=kernel
@test "without root limits of resources are runc's" {
	section limits
}
