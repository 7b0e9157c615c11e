#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# urun inside a container of rootless podman, as in a CI job: which options of podman it needs, and its messages without them.
load podman.bash

# in_podman OPTION… -- ARG…: observes urun with these arguments in a container of podman's, where /inner is a root file system.
in_podman() {
	local before after
	split_at_dashes "$@"
	[ -x "$BATS_FILE_TMPDIR/inner/bin/sh" ] || {
		mkdir -p "$BATS_FILE_TMPDIR/inner/bin"
		cp "$(busybox_path)" "$BATS_FILE_TMPDIR/inner/bin/busybox"
		ln -s busybox "$BATS_FILE_TMPDIR/inner/bin/sh"
	}
	try run --rm --volume "$URUN:/bin/urun" --volume "$BATS_FILE_TMPDIR/inner:/inner" "${before[@]}" "$IMAGE" urun "${after[@]}"
}

@test "urun needs two options of podman, and its messages name them" {
	in_podman -- --version
	[ "$status" = 0 ] || skip "urun isn't linked statically"
	in_podman -- run --rootfs /inner --network none true
	assert_status 125
	assert_contains "$stderr" 'hint: a seccomp filter around urun refuses it: start the outer container with --security-opt seccomp=unconfined'
	in_podman --security-opt seccomp=unconfined -- run --rootfs /inner --network none true
	assert_status 125
	assert_contains "$stderr" 'start that one with --security-opt unmask=ALL (urun, podman)'
	in_podman --security-opt seccomp=unconfined --security-opt unmask=ALL -- run --rootfs /inner --network none sh -c 'busybox touch /file && busybox chown 5:6 /file && busybox stat -c %u:%g /file'
	assert_status 0
	assert_output 5:6
}

@test "--cap-add SYS_ADMIN or --privileged works in place of seccomp=unconfined" {
	in_podman -- --version
	[ "$status" = 0 ] || skip "urun isn't linked statically"
	in_podman --cap-add SYS_ADMIN --security-opt unmask=ALL -- run --rootfs /inner --network none sh -c 'echo runs'
	assert_output runs
	in_podman --privileged -- run --rootfs /inner --network none sh -c 'echo runs'
	assert_output runs
}

@test "without the device of the network the container has a network by a pair of veth devices" {
	in_podman -- --version
	[ "$status" = 0 ] || skip "urun isn't linked statically"
	[ -x "${URUN%/*}/urun-slirp" ] || skip "urun was built without libslirp"
	ldd "${URUN%/*}/urun-slirp" 2>&1 | grep -q 'statically linked' || skip "urun-slirp needs libraries, which the image lacks"
	in_podman --volume "${URUN%/*}/urun-slirp:/bin/urun-slirp" --security-opt seccomp=unconfined --security-opt unmask=ALL -- run --rootfs /inner --network slirp busybox ls /sys/class/net
	assert_status 0
	assert_lines lo tap0
}
