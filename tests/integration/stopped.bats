#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Processes that were stopped (SIGSTOP, Ctrl-Z) in the middle of something: the other commands never hang for it.
load lib.bash

# A hook of the runtime that stops the urun that creates the container.
stop_creator() {
	config '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "kill -STOP $PPID"]}]}'
}

# The same for the container's first process.
stop_first_process() {
	config '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "kill -STOP $(jq .pid)"]}]}'
}

is_stopped() {
	grep -q '^State:.*T (stopped)' "/proc/$1/status"
}

# create_in_background: as $creator.
create_in_background() {
	"$URUN" --root "$STATE" create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/creator" 3>&- &
	creator=$!
}

# Commands that only look answer at once.
assert_looks_answer() {
	observe timeout 5 "$URUN" --root "$STATE" state c1
	assert_status 0
	assert_contains "$output" '"creating"'
	observe timeout 5 "$URUN" --root "$STATE" list --quiet
	assert_output c1
	observe timeout 5 "$URUN" --root "$STATE" ps --format json c1
	assert_status 0
}

@test "a stopped creator: what looks answers, kill works, delete says who it is, and delete --force removes both" {
	stop_creator
	create_in_background
	wait_for 10 is_stopped "$creator"
	assert_looks_answer
	observe timeout 5 "$URUN" --root "$STATE" delete c1
	assert_status 1
	assert_one_line "by process $creator, which is stopped" "kill -CONT $creator" 'delete --force'
	observe timeout 5 "$URUN" --root "$STATE" kill c1 KILL
	assert_status 0
	observe timeout 8 "$URUN" --root "$STATE" delete --force c1
	assert_status 0
	wait_status "$creator"
	assert_status 137
	try list --quiet
	assert_output ''
}

@test "a stopped creator that is continued goes on" {
	stop_creator
	create_in_background
	wait_for 10 is_stopped "$creator"
	kill -CONT "$creator"
	wait_status "$creator"
	assert_status 0
	try delete c1
	assert_status 0
}

@test "a first process that is stopped before its creator is done: delete --force ends it, and the creator says so" {
	command -v jq >/dev/null || skip "jq isn't installed"
	stop_first_process
	create_in_background
	wait_for 10 is_status c1 creating
	wait_for 10 is_stopped "$(urun state c1 | jq .pid)"
	assert_looks_answer
	observe timeout 8 "$URUN" --root "$STATE" delete --force c1
	assert_status 0
	wait_status "$creator"
	assert_status 1
	assert_contains "$(cat "$BATS_TEST_TMPDIR/creator")" 'was killed by signal 9'
}

@test "a created container that is stopped isn't started, and starts when it is continued" {
	sh_program 'exit 0'
	urun create --bundle "$BUNDLE" c1
	urun kill c1 STOP
	wait_for 10 is_stopped "$(urun state c1 | jq .pid)"
	observe timeout 5 "$URUN" --root "$STATE" start c1
	assert_status 1
	assert_one_line 'stopped by a signal' 'urun kill c1 CONT'
	urun kill c1 CONT
	try start c1
	assert_status 0
	wait_for 10 is_status c1 stopped
	urun delete c1
}
