#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sd_notify(3) from a container: what systemd receives from the program in a unit of Type=notify.
load lib.bash
load network.bash

# listen_as_systemd SOCKET: starts programs/notify_listener.py, whose output is in $BATS_TEST_TMPDIR/heard.
listen_as_systemd() {
	timeout 30 python3 "$TESTS/programs/notify_listener.py" "$1" >"$BATS_TEST_TMPDIR/heard" &
	SYSTEMD=$!
	wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/heard"
}

# says ARG…: the program is programs/notify_sender.py with these arguments, as a user of the container's.
says() {
	host_programs
	program python3 /notify_sender.py "$@"
	config '.process.user = {"uid": 1000, "gid": 1000}'
}

@test "systemd receives what the program says about itself, and nothing about the host; the container has a socket of its own" {
	local path=$BATS_TEST_TMPDIR/systemd-notify
	listen_as_systemd "$path"
	says STATUS=begins READY=1/MAINPID=1/STATUS=runs FDSTORE=1 NOTIFYACCESS=all STOPPING=1 STATUS=END
	NOTIFY_SOCKET=$path try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output "$path/notify"
	wait "$SYSTEMD"
	[ "$(cat "$BATS_TEST_TMPDIR/heard")" = $'listening\nSTATUS=begins\nREADY=1/STATUS=runs\nSTOPPING=1' ] || fail "$(cat "$BATS_TEST_TMPDIR/heard")"
}

@test "an abstract socket works too" {
	says STATUS=END
	listen_as_systemd "@urun-test-$$"
	NOTIFY_SOCKET=@urun-test-$$ try run --bundle "$BUNDLE" c1
	assert_output /run/notify/notify
	wait "$SYSTEMD"
}

@test "where the container can't have the socket at the host's path, the socket is in /run/notify" {
	local path
	# These are the paths of a systemd in the container.
	sh_program 'echo "$NOTIFY_SOCKET"; [ -S "$NOTIFY_SOCKET" ]'
	for path in /run/systemd/notify "/run/user/$UID/systemd/notify"; do
		NOTIFY_SOCKET=$path try run --bundle "$BUNDLE" c1
		assert_status 0
		assert_output /run/notify/notify
	done
	# A path below a volume, where the host's own socket is; and a path that exists in the root file system.
	path=$BATS_TEST_TMPDIR/shared/systemd-notify
	mkdir "$BATS_TEST_TMPDIR/shared"
	touch "$path"
	NOTIFY_SOCKET=$path try run --rootfs "$BUNDLE/rootfs" --volume "$BATS_TEST_TMPDIR/shared:$BATS_TEST_TMPDIR/shared" \
		sh -c 'echo "$NOTIFY_SOCKET"; [ -S "$NOTIFY_SOCKET" ]'
	assert_status 0
	assert_output /run/notify/notify
	touch "$BUNDLE/rootfs/taken"
	NOTIFY_SOCKET=/taken try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output /run/notify/notify
}

@test "a NOTIFY_SOCKET in the config is an engine's, and urun leaves it alone" {
	sh_program 'echo "$NOTIFY_SOCKET"; ls -d /run/notify /elsewhere'
	config '.process.env += ["NOTIFY_SOCKET=/run/notify/notify.sock"]'
	NOTIFY_SOCKET=/elsewhere try run --bundle "$BUNDLE" c1
	assert_output /run/notify/notify.sock
}

@test "run --detach and start return when the program is ready, and tell systemd its pid" {
	local path=$BATS_TEST_TMPDIR/systemd-notify pid
	listen_as_systemd "$path"
	says --stay STATUS=begins READY=1
	NOTIFY_SOCKET=$path urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null
	pid=$(urun state c1 | jq .pid)
	wait_for 10 grep -q READY "$BATS_TEST_TMPDIR/heard"
	[ "$(cat "$BATS_TEST_TMPDIR/heard")" = $'listening\nSTATUS=begins\n'"MAINPID=$pid/READY=1" ] || fail "$(cat "$BATS_TEST_TMPDIR/heard")"
	urun delete --force c1
	NOTIFY_SOCKET=$path urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	pid=$(urun state c1 | jq .pid)
	NOTIFY_SOCKET=$path urun start c1
	wait_for 10 grep -q "MAINPID=$pid/READY=1" "$BATS_TEST_TMPDIR/heard"
	urun delete --force c1
	kill "$SYSTEMD"
}

@test "run --detach returns when the program ends without READY=1, and without NOTIFY_SOCKET the container has no socket" {
	listen_as_systemd "$BATS_TEST_TMPDIR/systemd-notify"
	sh_program 'echo "$NOTIFY_SOCKET"'
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/systemd-notify try run --detach --bundle "$BUNDLE" c1
	assert_status 0
	urun delete c1
	kill "$SYSTEMD"
	in_container 'echo "${NOTIFY_SOCKET-none}"'
	assert_output none
}

@test "a flood of messages doesn't delay a signal, and leaves nothing in the socket's directory" {
	listen_as_systemd "$BATS_TEST_TMPDIR/systemd-notify"
	host_programs
	program python3 /notify_sender.py --flood
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/systemd-notify "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 >"$BATS_TEST_TMPDIR/out" 2>&1 &
	local run=$!
	wait_for 10 grep -q refused "$BATS_TEST_TMPDIR/out"
	kill -TERM "$run"
	sleep 0.2
	urun kill c1 KILL
	wait_for 10 is_over "$run"
	kill "$SYSTEMD"
}

# is_over PID: whether the process has ended.
is_over() {
	! kill -0 "$1"
}
