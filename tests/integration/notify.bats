#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sd_notify(3) out of a container: what a unit of Type=notify hears of the program in it.
load lib.bash
load network.bash

# A stand-in for systemd: prints what comes to its socket, a line a message with "/" for line ends, until END comes.
listen_as_systemd() {
	cat >"$BATS_TEST_TMPDIR/systemd.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1].replace("@", "\0"))
		s.settimeout(20)
		print("listening", flush=True)
		while (message := s.recv(4096).decode().strip()) != "STATUS=END":
		    print(message.replace("\n", "/"), flush=True)
	END
	timeout 30 python3 "$BATS_TEST_TMPDIR/systemd.py" "$1" >"$BATS_TEST_TMPDIR/heard" &
	SYSTEMD=$!
	wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/heard"
}

# says TEXT…: the program sends each, as a user of the container's.
says() {
	host_programs
	cat >"$BUNDLE/host/say.py" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		for text in sys.argv[1:]:
		    s.sendto(text.replace("/", "\n").encode(), os.environ["NOTIFY_SOCKET"])
		print(os.environ["NOTIFY_SOCKET"])
	END
	program python3 /say.py "$@"
	config '.process.user = {"uid": 1000, "gid": 1000}'
}

@test "what the program says of itself is passed on, from a socket of its own, and nothing of the host" {
	local path=$BATS_TEST_TMPDIR/systemd-notify
	listen_as_systemd "$path"
	says STATUS=begins READY=1/MAINPID=1/STATUS=runs FDSTORE=1 NOTIFYACCESS=all STOPPING=1 STATUS=END
	NOTIFY_SOCKET=$path try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output "$path/notify"
	wait "$SYSTEMD"
	[ "$(cat "$BATS_TEST_TMPDIR/heard")" = $'listening\nSTATUS=begins\nREADY=1/STATUS=runs\nSTOPPING=1' ] || fail "$(cat "$BATS_TEST_TMPDIR/heard")"
}

@test "an abstract socket is found too" {
	says STATUS=END
	listen_as_systemd "@urun-test-$$"
	NOTIFY_SOCKET=@urun-test-$$ try run --bundle "$BUNDLE" c1
	assert_output /run/notify/notify
	wait "$SYSTEMD"
}

@test "where the host's path can't be, the socket is in /run/notify" {
	local path
	# What a systemd in the container has for itself.
	sh_program 'echo "$NOTIFY_SOCKET"; [ -S "$NOTIFY_SOCKET" ]'
	for path in /run/systemd/notify "/run/user/$UID/systemd/notify"; do
		NOTIFY_SOCKET=$path try run --bundle "$BUNDLE" c1
		assert_status 0
		assert_output /run/notify/notify
	done
	# The host's socket itself, in a folder of the host's; and what the root file system has there.
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

@test "a NOTIFY_SOCKET of the config is an engine's own, and left alone" {
	sh_program 'echo "$NOTIFY_SOCKET"; ls -d /run/notify /elsewhere'
	config '.process.env += ["NOTIFY_SOCKET=/run/notify/notify.sock"]'
	NOTIFY_SOCKET=/elsewhere try run --bundle "$BUNDLE" c1
	assert_output /run/notify/notify.sock
}

@test "a detached run and start return when the program is ready, and name it as the main process" {
	local path=$BATS_TEST_TMPDIR/systemd-notify pid
	listen_as_systemd "$path"
	says STATUS=begins READY=1
	cat >>"$BUNDLE/host/say.py" <<-'END'
		import time
		time.sleep(100)
	END
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

@test "a program that ends without a word keeps nobody waiting, and without NOTIFY_SOCKET nothing is made" {
	listen_as_systemd "$BATS_TEST_TMPDIR/systemd-notify"
	sh_program 'echo "$NOTIFY_SOCKET"'
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/systemd-notify try run --detach --bundle "$BUNDLE" c1
	assert_status 0
	urun delete c1
	kill "$SYSTEMD"
	in_container 'echo "${NOTIFY_SOCKET-none}"'
	assert_output none
}

@test "a program that says very much keeps no signal waiting, and leaves nothing in its folder" {
	listen_as_systemd "$BATS_TEST_TMPDIR/systemd-notify"
	host_programs
	cat >"$BUNDLE/host/flood.py" <<-'END'
		import os, socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect(os.environ["NOTIFY_SOCKET"])
		try:
		    os.mkdir("/run/notify/litter")
		except OSError as e:
		    print("refused", flush=True)
		while True:
		    try:
		        s.send(b"STATUS=x")
		    except OSError:
		        pass
	END
	program python3 /flood.py
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/systemd-notify "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 >"$BATS_TEST_TMPDIR/out" 2>&1 &
	local run=$!
	wait_for 10 grep -q refused "$BATS_TEST_TMPDIR/out"
	kill -TERM "$run"
	sleep 0.2
	urun kill c1 KILL
	wait_for 10 is_over "$run"
	kill "$SYSTEMD"
}

is_over() {
	! kill -0 "$1"
}
