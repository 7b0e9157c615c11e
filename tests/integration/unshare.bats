#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `urun unshare`: a program as root of the caller's ids and subids.
load lib.bash

@test "unshare: the program is root, with the own id as 0 and the subids from 1 on" {
	has_subids || skip "this user has no subids"
	try unshare sh -c 'id -u; cat /proc/self/uid_map'
	assert_status 0
	read -r -a words <<<"$(tr '\n' ' ' <<<"$output")"
	[ "${words[*]}" = "0 0 $(id -u) 1 1 $(subid_range uid)" ]
}

@test "unshare: files of subids can be made and removed, which the host's user can't" {
	has_subids || skip "this user has no subids"
	local tree=$BATS_TEST_TMPDIR/tree
	try unshare sh -c 'mkdir -p "$1/deep" && touch "$1/deep/file" && chown -R 33:33 "$1/deep" && chmod 700 "$1/deep"' sh "$tree"
	assert_status 0
	[ "$(stat -c %u "$tree/deep")" = "$(($(subid_range uid | cut -d' ' -f1) + 32))" ]
	observe rm -rf "$tree"
	[ "$status" != 0 ]
	try unshare rm -rf "$tree"
	assert_status 0
	[ ! -e "$tree" ]
}

@test "unshare: exit status, environment, working directory and stdin are the program's own" {
	cd "$BATS_TEST_TMPDIR"
	MARK=kept observe urun unshare sh -c 'cat; echo "$MARK $PWD"; exit 7' <<<line
	assert_status 7
	assert_lines line "kept $BATS_TEST_TMPDIR"
	try unshare -- sh -c 'kill -TERM $$'
	assert_status 143
}

@test "unshare: urun itself becomes the program, and no other process stays" {
	observe bash -c 'echo $$; exec "$@"' bash "$URUN" unshare sh -c 'echo $$; cat /proc/$$/task/$$/children'
	assert_status 0
	[ "${lines[0]}" = "${lines[1]}" ]
	# The one child is cat itself.
	[ "$(wc -w <<<"${lines[2]}")" = 1 ]
}

@test "unshare: mounts of the program are seen by nobody else" {
	try unshare sh -c 'mount -t tmpfs tmpfs /mnt && touch /mnt/inside && ls /mnt'
	assert_output inside
	[ ! -e /mnt/inside ]
}

@test "unshare: without a program the user's shell runs" {
	observe env SHELL=/bin/echo "$URUN" unshare
	assert_status 0
	assert_output ''
	observe env -u SHELL "$URUN" unshare <<<'echo "$0 $(id -u)"'
	assert_output '/bin/sh 0'
}

@test "unshare: a program that isn't found is 127, and one that can't be executed 126" {
	PATH=$PATH:/root/nowhere try unshare no-such-program
	assert_status 127
	assert_one_line 'execute no-such-program: no such file or directory'
	touch "$BATS_TEST_TMPDIR/plain"
	try unshare "$BATS_TEST_TMPDIR/plain"
	assert_status 126
	assert_one_line 'permission denied'
}

@test "unshare at a terminal: Ctrl-C reaches the program, which says what follows" {
	observe "$BATS_TEST_DIRNAME/terminal" wait=ready 'type=\x03' -- "$URUN" unshare sh -c 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done'
	assert_contains "$output" caught
	assert_contains "$output" 'exit 9'
	assert_contains "$output" 'terminal restored'
}

@test "unshare: DIR/upper of an overlay is snapshot and put back as the man page says, with removed files and owners" {
	has_subids || skip "this user has no subids"
	cd "$BATS_TEST_TMPDIR" || fail "no directory to work in"
	mkdir changes
	mkdir -p "$BUNDLE/rootfs/old"
	touch "$BUNDLE/rootfs/old/below"
	config '.annotations["org.urun.overlay"] = $changes | .process.capabilities[] += ["CAP_CHOWN"]' --arg changes "$PWD/changes"
	in_container 'rm /etc/group; rm -r /old; mkdir /old; echo first >/etc/file; chown 33:33 /etc/file'
	assert_status 0
	try unshare tar -C changes --xattrs '--xattrs-include=*' -cf "$PWD/snapshot.tar" upper
	assert_status 0
	in_container 'echo second >/etc/file; touch /old/later'
	try unshare rm -rf changes/upper changes/work
	assert_status 0
	try unshare tar -C changes --xattrs '--xattrs-include=*' -xpf "$PWD/snapshot.tar"
	assert_status 0
	in_container 'cat /etc/file; stat -c %u /etc/file; ls /etc/group /old 2>&1'
	assert_contains "$output" $'first\n33\n'
	assert_contains "$output" 'group: No such file'
	refute_contains "$output" below
	refute_contains "$output" later
	try unshare rm -rf changes
}
