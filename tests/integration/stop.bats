#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# stop, and kill of several containers.
load lib.bash

# marked ID ARG…: starts a detached container, and waits until its program has made the file /ID.
marked() {
	rm -f "$BUNDLE/rootfs/$1"
	detached "$@"
	wait_for 10 test -e "$BUNDLE/rootfs/$1"
}

# exit_status_of ID: prints the exit status of a stopped container.
exit_status_of() {
	urun wait "$1" >/dev/null
	urun state "$1" | jq .exitStatus
}

@test "stop ends containers by SIGTERM, several at the same time, and prints their ids" {
	detached c1 sleep 60
	marked c2 sh -c 'trap "sleep 0.5; exit 3" TERM; touch /c2; while :; do sleep 0.05; done'
	try stop c2 c1
	assert_status 0
	# The one that needs no time is first.
	assert_output $'c1\nc2'
	[ "$(exit_status_of c1)" = 143 ]
	[ "$(exit_status_of c2)" = 3 ]
	try stop c1
	assert_status 0
	assert_output c1
	urun delete c1
	urun delete c2
}

@test "stop goes on after a container that doesn't exist, and fails in the end" {
	detached c1 sleep 60
	try stop nothing c1 nowhere
	assert_status 1
	assert_output c1
	[ "$(grep -c 'does not exist' <<<"$stderr")" = 2 ] || fail "$stderr"
	try stop --ignore nothing c1
	assert_status 0
	assert_output c1
	urun delete c1
}

@test "more ids than there may be descriptors don't keep stop from its end" {
	detached c1 sleep 60
	observe bash -c 'ulimit -n 24; exec timeout 10 "$@"' bash "$URUN" --root "$STATE" stop c1 none{1..40}
	assert_status 1
	assert_output c1
	urun delete c1
}

@test "the stop signal and the time are the container's, or the caller's" {
	marked c1 --stop-signal INT sh -c 'trap "exit 4" INT; trap "" TERM; touch /c1; while :; do sleep 0.05; done'
	urun stop c1
	[ "$(exit_status_of c1)" = 4 ]
	urun delete c1
	marked c1 --stop-timeout 60 sh -c 'trap "" TERM; trap "exit 5" USR1; touch /c1; while :; do sleep 0.05; done'
	urun stop --signal USR1 c1
	[ "$(exit_status_of c1)" = 5 ]
	urun delete c1
	marked c1 sh -c 'trap "" TERM; touch /c1; while :; do sleep 0.05; done'
	urun stop --time 1 c1
	[ "$(exit_status_of c1)" = 137 ]
	urun delete c1
	try run --rootfs "$BUNDLE/rootfs" --stop-signal BOGUS true
	assert_one_line '--stop-signal BOGUS'
	try run --rootfs "$BUNDLE/rootfs" --stop-timeout -2 true
	assert_one_line '--stop-timeout -2'
}

@test "what the program leaves behind is sent SIGTERM when the program has ended, and has time to end" {
	marked c1 sh -c '(trap "sleep 0.3; echo saved >/saved; exit" TERM; touch /c1; while :; do sleep 0.05; done) & exec sleep 60'
	urun stop c1
	[ "$(cat "$BUNDLE/rootfs/saved")" = saved ]
	[ "$(exit_status_of c1)" = 143 ]
	urun delete c1
}

@test "a program that ends by itself takes all others with it at once" {
	try run --rootfs "$BUNDLE/rootfs" --network none sh -c '(trap "" TERM; sleep 60) & exit 6'
	assert_status 6
}

@test "a process 1 without a handler is killed at once, and one with a handler is asked" {
	local start=$SECONDS
	detached c1 --init=false sleep 60
	urun stop c1
	[ "$(exit_status_of c1)" = 137 ]
	[ $((SECONDS - start)) -lt 8 ]
	urun delete c1
	sh_program 'trap "exit 7" TERM; touch /c1; while :; do sleep 0.05; done'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	wait_for 10 test -e "$BUNDLE/rootfs/c1"
	urun stop c1
	wait_for 10 is_status c1 stopped
	urun delete c1
}

@test "stop ends a foreground run, which exits with the program's status and leaves nothing" {
	"$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60 &
	local run=$!
	wait_for 10 is_status c1 running
	urun stop c1
	wait_status "$run"
	assert_status 143
}

@test "stop ends a container that waits for start, and all containers with --all" {
	program sleep 60
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	detached c2 sleep 60
	try stop --all
	assert_status 0
	[ "$(sort <<<"$output")" = $'c1\nc2' ] || fail "$output"
	is_status c1 stopped
	urun delete c1
	urun delete c2
}

@test "kill -s takes several ids; kill ID SIGNAL is as before, also where a container has the signal's name" {
	local id
	for id in c1 c2; do
		marked "$id" sh -c "trap 'exit 8' USR1; touch /$id; while :; do sleep 0.05; done"
	done
	urun kill -s USR1 c1 c2
	[ "$(exit_status_of c1) $(exit_status_of c2)" = '8 8' ]
	urun delete c1
	urun delete c2
	marked c1 sh -c 'trap "exit 9" HUP; touch /c1; while :; do sleep 0.05; done'
	detached HUP sleep 60
	urun kill c1 HUP
	[ "$(exit_status_of c1)" = 9 ]
	is_status HUP running
	try kill c1 NOSUCH
	assert_one_line NOSUCH
	urun kill --signal KILL HUP
	urun delete c1
	urun delete HUP
}

@test "after stop the exit status is known at once" {
	local i
	for i in 1 2 3 4 5; do
		marked "c$i" sh -c "trap 'exit 5' TERM; touch /c$i; while :; do sleep 0.05; done"
		urun stop "c$i"
		observe urun state "c$i"
		[ "$(jq .exitStatus <<<"$output")" = 5 ] || fail "$output"
		urun delete "c$i"
	done
}

@test "after stop a container of --rm has gone, and its name is free" {
	local i
	for i in 1 2 3 4 5; do
		detached c1 --rm --overlay sleep 60
		urun stop c1
		[ ! -e "$STATE/c1" ]
		"$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60 &
		wait_for 5 is_status c1 running
		urun stop c1
		[ ! -e "$STATE/c1" ]
		wait
	done
}

@test "SIGSTOP and SIGCONT reach the program behind process 1" {
	marked c1 sh -c 'trap "exit 3" TERM; touch /c1; while :; do sleep 0.05; done'
	urun kill c1 STOP
	wait_for 10 grep -q 'State:.T' /proc/"$(cat "/proc/$(urun state c1 | jq .pid)/task"/*/children | awk '{ print $1 }')"/status
	urun stop c1
	[ "$(exit_status_of c1)" = 3 ]
	urun delete c1
}

@test "kill --all reaches each process once" {
	marked c1 sh -c 'trap "echo got >>/got" USR1; touch /c1; while [ ! -e /end ]; do sleep 0.01; done'
	urun kill --all c1 USR1
	wait_for 10 test -e "$BUNDLE/rootfs/got"
	touch "$BUNDLE/rootfs/end"
	urun wait c1
	[ "$(cat "$BUNDLE/rootfs/got")" = got ]
	urun delete c1
}
