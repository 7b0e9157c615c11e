#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An urun-monitor that was killed: the next command of urun starts another one, and the container notices nothing.
load lib.bash

# c1_prints_much [ARG…]: starts c1, without a file among its streams, whose program writes more than a pipe holds as soon as `go` does, and ends with 7.
c1_prints_much() {
	mkfifo "$BUNDLE/rootfs/go"
	chmod 666 "$BUNDLE/rootfs/go"
	detached c1 "$@" sh -c 'echo first; read line <go; i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "line $i of the long output"; done; echo error >&2; exit 7' 2>&1 | cat
	wait_for 10 eval 'urun logs c1 | grep -q first'
}

go() {
	echo >"$BUNDLE/rootfs/go"
}

monitor_of() {
	urun inspect "$1" | jq '.[0].monitorPid'
}

# kill_monitor ID: kills it, without a command of urun that would replace it at once.
kill_monitor() {
	local pid
	pid=$(jq .monitorPid "$STATE/$1/state.json")
	[ "$(cat "/proc/$pid/comm")" = urun-monitor ]
	kill -KILL "$pid"
	wait_for 10 eval "! grep -q '[(]urun-monitor[)] [^ZX]' /proc/$pid/stat"
}

# assert_went_on: c1 has printed all, and the log has it.
assert_went_on() {
	observe urun wait c1
	assert_output 7
	observe urun logs c1
	[ "${lines[0]}" = first ]
	[ "${lines[-1]}" = 'line 3000 of the long output' ]
	[ "${#lines[@]}" = 3001 ]
	assert_contains "$stderr" error
	assert_contains "$stderr" 'urun-monitor was killed, and replaced at 20'
}

@test "a command that looks at a container replaces its killed monitor: the log and the exit status are whole" {
	local look before
	c1_prints_much
	for look in list 'state c1' 'logs c1' 'exec c1 true'; do
		before=$(jq .monitorPid "$STATE/c1/state.json")
		kill_monitor c1
		# shellcheck disable=SC2086 # a command and its operands
		urun $look >/dev/null
		[ "$(jq .monitorPid "$STATE/c1/state.json")" != "$before" ]
	done
	[ "$(awk '{ print $6, $7 }' "/proc/$(monitor_of c1)/stat")" = "$(monitor_of c1) 0" ]
	go
	assert_went_on
	urun state c1 | jq -e '.status == "stopped" and .exitStatus == 7 and (has("signal") | not)'
	urun delete c1
}

@test "wait and logs --follow, which run already, replace a monitor that is killed, twice" {
	c1_prints_much --user 5:5
	urun wait c1 >"$BATS_TEST_TMPDIR/status" &
	local waits=$! pid
	urun logs --follow c1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	local follows=$!
	wait_for 10 grep -q first "$BATS_TEST_TMPDIR/out"
	for _ in 1 2; do
		pid=$(jq .monitorPid "$STATE/c1/state.json")
		kill_monitor c1
		wait_for 10 eval "[ \"\$(jq .monitorPid '$STATE/c1/state.json')\" != $pid ]"
	done
	go
	wait_status $waits
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/status")" = 7 ]
	wait_status $follows
	assert_status 0
	[ "$(grep -c 'was killed' "$BATS_TEST_TMPDIR/err")" = 2 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 3001 ]
	assert_went_on
	urun delete c1
}

@test "of many commands at once, one replaces the monitor" {
	c1_prints_much
	kill_monitor c1
	local pids=() pid
	for _ in 1 2 3 4 5 6; do
		urun list >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait_status "$pid"
		assert_status 0
	done
	[ "$(processes_of_ours urun-monitor | wc -l)" = 1 ]
	[ "$(newest_process urun-monitor)" = "$(monitor_of c1)" ]
	go
	assert_went_on
	urun delete c1
}

@test "--rm and --timeout are kept by the monitor that replaces another, and by the next command where both have ended" {
	local pid
	detached c1 --rm --timeout 1 sleep 60
	kill_monitor c1
	urun list >/dev/null
	observe urun wait c1
	assert_output 137
	[ ! -e "$STATE/c1" ]
	detached c2 --rm sleep 60
	kill_monitor c2
	pid=$(jq .pid "$STATE/c2/state.json")
	kill -KILL "$pid"
	# A list before the program's end would start another monitor, which learns the status.
	wait_for 10 eval "! grep -q '[)] [^ZX]' /proc/$pid/stat"
	wait_for 10 eval '[ -z "$(urun list --quiet)" ]'
	[ ! -e "$STATE/c2" ]
	observe urun wait c2
	assert_status 1
	assert_one_line "c2 has ended, and its exit status isn't known"
}

@test "stop has the record of a monitor that stop itself has started; a status that is not known is told as such" {
	detached c1 --init sleep 60
	kill_monitor c1
	urun stop c1 >/dev/null
	urun state c1 | jq -e '.exitStatus == 143'
	# As before Linux 6.15, where another process has reaped the program first.
	echo '{"oomKilled":false,"finished":"2026-01-02T03:04:05.000000006Z"}' >"$STATE/c1/ended"
	urun state c1 | jq -e '.status == "stopped" and (has("exitStatus") | not)'
	observe urun list
	assert_contains "$output" 'stopped (unknown)'
	observe urun wait c1
	assert_status 1
	assert_one_line "c1 has ended, and its exit status isn't known"
	urun delete c1
}

@test "the pipe is found where a child has it alone, and nothing else is opened for it" {
	mkfifo "$BUNDLE/rootfs/go" "$BUNDLE/rootfs/end" "$BUNDLE/rootfs/trap"
	# Process 1 has a FIFO of its own as its stdout; a child has the pipe as another number, for writing alone.
	detached c1 sh -c '{ read line <go; echo from the child; } 5>&1 >/dev/stdout 2>/dev/null &
		exec 1<>trap 2>/dev/null; echo trapped >/result; wait; read line <end; exit 3'
	wait_for 10 grep -q trapped "$BUNDLE/rootfs/result"
	kill_monitor c1
	urun list >/dev/null
	go
	wait_for 10 eval 'urun logs c1 | grep -q "from the child"'
	observe find "/proc/$(monitor_of c1)/fd" -lname '*/trap'
	assert_output ''
	echo >"$BUNDLE/rootfs/end"
	observe urun wait c1
	assert_output 3
	urun delete c1
}

@test "a container that has closed its pipes loses its log alone, and one that has locked them not even that" {
	detached c1 sh -c 'exec >/dev/null 2>&1; echo closed >/result; while [ ! -e /go ]; do sleep 0.01; done; exit 4'
	wait_for 10 grep -q closed "$BUNDLE/rootfs/result"
	kill_monitor c1
	urun list >/dev/null
	touch "$BUNDLE/rootfs/go"
	observe urun wait c1
	assert_output 4
	urun delete c1
	rm "$BUNDLE/rootfs/go"
	detached c1 --user 5:5 sh -c 'chmod 0 /proc/self/fd/1; : >/tmp/locked; while [ ! -e /go ]; do sleep 0.01; done; echo last; exit 5'
	wait_for 10 test -e "$BUNDLE/rootfs/tmp/locked"
	kill_monitor c1
	urun list >/dev/null
	touch "$BUNDLE/rootfs/go"
	observe urun wait c1
	assert_output 5
	observe urun logs c1
	assert_output last
	urun delete c1
}

@test "a container of an urun that left no record for it is let be" {
	detached c1 sleep 60
	: >"$STATE/c1/monitor"
	kill_monitor c1
	observe urun list --quiet
	assert_output c1
	[ -z "$stderr" ]
	[ -z "$(processes_of_ours urun-monitor)" ]
	urun delete --force c1
}

@test "who sees that a detached container has ended sees its status, though its monitor is still at work" {
	local look monitor program
	for look in 'state c1' 'inspect c1' 'list --format json'; do
		detached c1 sleep 60
		monitor=$(monitor_of c1)
		program=$(urun state c1 | jq .pid)
		kill -STOP "$monitor"
		kill -KILL "$program"
		wait_for 10 eval "grep -q '[)] Z' /proc/$program/stat"
		(sleep 0.3 && kill -CONT "$monitor") 3>&- &
		# shellcheck disable=SC2086 # a command and its operands
		observe eval "urun $look | jq -c '[.. | objects | select(.id == \"c1\") | .status, .exitStatus]'"
		assert_output '["stopped",137]'
		wait
		urun wait c1
		urun rm c1
	done
}
