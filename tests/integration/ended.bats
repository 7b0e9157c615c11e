#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How a program ended: what `state`, `list` and `wait` tell of it.
load lib.bash

# run_by_options ARG…: runs a container without a bundle.
run_by_options() {
	urun run --rootfs "$BUNDLE/rootfs" --network none "$@"
}

# begin ID ARG…: starts a container without a bundle in a foreground `run`, and waits until its program runs.  Sets $run to the
# pid of `run`.
begin() {
	"$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name "$@" </dev/null >/dev/null 2>&1 &
	run=$!
	wait_for 10 is_status "$1" running
}

# how_ended ID: prints what `state` and `list` tell, which is the same.
how_ended() {
	local filter='[.status, .exitStatus, .signal, .oomKilled] | map(tostring) | join(" ")'
	urun state "$1" | jq -r "$filter"
	urun list --format json | jq -r ".[] | select(.id == \"$1\") | $filter"
}

@test "state and list tell how the program of a kept container ended" {
	observe run_by_options --keep --name c1 sh -c 'exit 7'
	assert_status 7
	observe how_ended c1
	assert_lines 'stopped 7 null false' 'stopped 7 null false'
	urun state c1 | jq -e '.finished | test("^20[0-9-]*T[0-9:]*[.][0-9]{9}Z$")'
	urun delete c1
	sh_program 'exec sleep 60'
	urun run --keep --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1 &
	wait_for 10 is_status c2 running
	observe urun state c2
	refute_contains "$output" exitStatus
	urun kill c2 KILL
	wait_status $!
	assert_status 137
	observe how_ended c2
	assert_lines 'stopped 137 9 false' 'stopped 137 9 false'
	urun delete c2
}

@test "wait prints the status of a foreground run, which removes its container meanwhile" {
	mkfifo "$BUNDLE/rootfs/tmp/go"
	begin c1 sh -c 'read -r _ </tmp/go; exit 3'
	urun kill c1 KILL
	wait_status "$run"
	try wait c1
	assert_status 1
	assert_one_line 'c1 does not exist'
	begin c1 sh -c 'read -r _ </tmp/go; exit 3'
	observe_wait c1
	echo go >"$BUNDLE/rootfs/tmp/go"
	wait_status "$run"
	assert_status 3
	wait_status "$waiter"
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/waited")" = 3 ]
	[ ! -e "$STATE/c1" ]
	# Its status stays known for a time, until the id is used again.
	try wait c1
	assert_output 3
	begin c1 sh -c 'read -r _ </tmp/go; exit 4'
	observe_wait c1
	echo go >"$BUNDLE/rootfs/tmp/go"
	wait_status "$waiter"
	[ "$(cat "$BATS_TEST_TMPDIR/waited")" = 4 ]
	wait_status "$run"
}

# observe_wait ID: begins to wait in the background; sets $waiter.  What is printed goes to the file waited.
observe_wait() {
	urun wait "$1" >"$BATS_TEST_TMPDIR/waited" 2>&1 &
	waiter=$!
	wait_for 10 test -e "$STATE/$1/waited"
}

@test "wait prints a status for each container, in their order, and ones that ended before too" {
	run_by_options --keep --name a sh -c 'exit 1' || true
	run_by_options --keep --name b sh -c 'exit 0'
	run_by_options --keep --name c sh -c 'exit 200' || true
	try wait c a b c
	assert_status 0
	assert_lines 200 1 0 200
	urun delete a
	try wait a b
	assert_lines 1 0
	try wait b nobody
	assert_status 1
	assert_one_line 'nobody does not exist'
	urun delete b
	urun delete c
}

@test "a program that nobody waited for: the kernel's word for its status, or one line" {
	sh_program 'exit 5'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	urun wait c1 >"$BATS_TEST_TMPDIR/waited" 2>"$BATS_TEST_TMPDIR/stderr" &
	urun start c1
	wait_status $!
	# shellcheck disable=SC2034 # for assert_one_line
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
	output=$(cat "$BATS_TEST_TMPDIR/waited")
	if [ "$status" = 0 ]; then assert_output 5; else assert_one_line "c1 has ended, and its exit status isn't known"; fi
	wait_for 5 is_status c1 stopped
	try wait c1
	assert_status 1
	assert_one_line "c1 has ended, and its exit status isn't known"
	urun delete c1
	try wait c1
	assert_one_line 'c1 does not exist'
}

@test "what a killed foreground run has left is removed by whatever command sees it" {
	local command
	for command in state list wait 'exec c1 true' kill ps pause delete; do
		begin c1 sleep 60
		kill -KILL "$run"
		wait_status "$run"
		wait_for 5 test ! -e "/proc/$(jq -r .pid "$STATE/c1/state.json")"
		case $command in
		list) observe urun list --quiet && assert_output '' ;;
		exec*) try exec c1 true && assert_one_line 'c1 does not exist' ;;
		delete) urun delete c1 ;;
		*) try "$command" c1 && assert_one_line 'c1 does not exist' ;;
		esac
		[ ! -e "$STATE/c1" ] || fail "$command left $(ls -A "$STATE/c1")"
	done
}
