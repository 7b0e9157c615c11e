#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Processes that were stopped (SIGSTOP, Ctrl-Z) in the middle of a command: no other command waits for them without an end.
load lib.bash

# stop_creator: adds a hook that stops the urun that creates the container.
stop_creator() {
	config '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "kill -STOP $PPID"]}]}'
}

# stop_first_process: adds a hook that stops the container's first process.
stop_first_process() {
	config '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "kill -STOP $(jq .pid)"]}]}'
}

is_stopped() {
	grep -q '^State:.*T (stopped)' "/proc/$1/status"
}

# create_in_background: starts `create`; $creator is its pid.
create_in_background() {
	"$URUN" --root "$STATE" create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/creator" 3>&- &
	creator=$!
}

# assert_looks_answer: commands that change nothing answer at once.
assert_looks_answer() {
	observe timeout 5 "$URUN" --root "$STATE" state c1
	assert_status 0
	assert_contains "$output" '"creating"'
	observe timeout 5 "$URUN" --root "$STATE" list --quiet
	assert_output c1
	observe timeout 5 "$URUN" --root "$STATE" ps --format json c1
	assert_status 0
}

@test "while the creator is stopped state, list, ps and kill work, delete names the creator, and delete --force removes both" {
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

@test "a creator that was stopped goes on when it is continued" {
	stop_creator
	create_in_background
	wait_for 10 is_stopped "$creator"
	kill -CONT "$creator"
	wait_status "$creator"
	assert_status 0
	try delete c1
	assert_status 0
}

@test "delete --force ends a first process that is stopped during the creation, and the creator reports it" {
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

@test "start refuses a created container that is stopped, and starts it when it was continued" {
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
