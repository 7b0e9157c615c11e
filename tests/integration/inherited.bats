#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What urun and the program inherit from the caller: standard streams, signal dispositions, the signal mask, umask, limits.
load lib.bash

# ignoring SIGNALS ARG…: runs urun with these signals ignored, and no others.  Without timeout(1), which handles some signals itself.
ignoring() {
	local signals=$1
	shift
	env --default-signal --ignore-signal="$signals" "$URUN" --root "$STATE" "$@"
}

# as_user ID: sets the program's user.
as_user() {
	has_subids || skip "this user has no subids"
	config '.process.user = {"uid": $id, "gid": $id}' --argjson id "$1"
}

# bit_is_set MASK SIGNAL
bit_is_set() {
	(($((16#$1)) >> ($2 - 1) & 1))
}

# refute_bit SIGNAL: the program of $output doesn't ignore the signal.
refute_bit() {
	if bit_is_set "$(ignored_in_container)" "$1"; then fail "signal $1 is ignored: $output"; fi
}

ignored_in_container() {
	sed -n 's/^SigIgn:[[:space:]]*//p' <<<"$output"
}

# --- standard streams -----------------------------------------------------------------------------------------------------

@test "a user other than root can open /dev/stdout, /dev/stderr and /dev/stdin that are pipes" {
	as_user 1000
	sh_program 'cat /dev/stdin >/dev/stdout; echo err >/dev/stderr'
	output=$(echo in | urun run --bundle "$BUNDLE" c1 2>&1 | cat)
	assert_output $'in\nerr'
}

@test "a user other than root can open /dev/stdout that is a pipe under exec" {
	has_subids || skip "this user has no subids"
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null
	output=$(urun exec --user 1000:1000 c1 /bin/sh -c 'echo out >/dev/stdout; echo err >/dev/stderr' 2>&1 | cat)
	urun delete --force c1
	assert_output $'out\nerr'
}

@test "containers of several users, and the caller, can open the same pipe by /dev/stdout, one after another" {
	as_user 1000
	sh_program 'echo first >/dev/stdout; echo error >/dev/stderr; stat -Lc %u /dev/stdout'
	several() {
		urun run --bundle "$BUNDLE" c1
		config '.process.user = {"uid": 33, "gid": 33}'
		urun run --bundle "$BUNDLE" c1
		config '.process.user = {"uid": 0, "gid": 0} | .process.capabilities = {}'
		urun run --bundle "$BUNDLE" c1
		program /bin/sleep 60
		urun run --detach --bundle "$BUNDLE" c1 </dev/null
		urun exec --user 7:7 c1 /bin/sh -c 'echo second >/dev/stdout; echo error >/dev/stderr'
		urun exec --user 8:8 c1 /bin/sh -c 'echo third >/dev/stdout'
		urun delete --force c1
		sh -c 'echo caller >/proc/self/fd/1; echo caller >/proc/self/fd/2'
	}
	output=$(several 2>&1 | cat)
	assert_output $'first\nerror\n1000\nfirst\nerror\n1000\nfirst\nerror\n1000\nsecond\nerror\nthird\ncaller\ncaller'
}

@test "after create and start a user other than root can open /dev/stdout that is a named pipe" {
	as_user 33
	sh_program 'echo out >/dev/stdout'
	mkfifo -m 600 "$BATS_TEST_TMPDIR/fifo"
	timeout 20 cat "$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/read" &
	local reader=$!
	urun create --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/fifo" 2>&1
	urun start c1
	wait "$reader"
	wait_for 5 is_status c1 stopped
	urun delete c1
	[ "$(cat "$BATS_TEST_TMPDIR/read")" = out ]
}

@test "a user other than root can open the caller's file, for writing and for reading" {
	as_user 1000
	sh_program 'cat /dev/stdin >>/dev/stdout'
	echo text >"$BATS_TEST_TMPDIR/in"
	chmod 600 "$BATS_TEST_TMPDIR/in"
	(umask 077 && urun run --bundle "$BUNDLE" c1 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out")
	# The files are still the caller's, to read and to write.
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = text ]
	echo more >>"$BATS_TEST_TMPDIR/out"
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out" | uniq)" = "$(id -u)" ]
	(umask 077 && urun run --bundle "$BUNDLE" c1 <"$BATS_TEST_TMPDIR/in" >>"$BATS_TEST_TMPDIR/out")
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = $'text\nmore\ntext' ]
}

@test "a file that the program can open already stays the caller's" {
	as_user 1000
	sh_program 'cat /dev/stdin'
	echo text >"$BATS_TEST_TMPDIR/in"
	chmod 644 "$BATS_TEST_TMPDIR/in"
	output=$(urun run --bundle "$BUNDLE" c1 <"$BATS_TEST_TMPDIR/in")
	assert_output text
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/in")" = "$(id -u)" ]
}

@test "/dev/null, a directory and the caller's terminal keep their owners" {
	as_user 1000
	local null
	null=$(stat -c %u:%a /dev/null)
	mkdir -m 700 "$BATS_TEST_TMPDIR/dir"
	program /bin/true
	urun run --bundle "$BUNDLE" c1 <"$BATS_TEST_TMPDIR/dir" >/dev/null
	[ "$(stat -c %u:%a "$BATS_TEST_TMPDIR/dir")" = "$(id -u):700" ]
	[ "$(stat -c %u:%a /dev/null)" = "$null" ]
	output=$(timeout 30 script -qec "'$URUN' --root '$STATE' run --bundle '$BUNDLE' c1; stat -Lc %u /proc/self/fd/0" /dev/null </dev/null | tr -d '\r' | sed 's/^\(\^[@D]\)*\x08*//')
	assert_output "$(id -u)"
}

@test "the terminal of a container belongs to the container's user" {
	as_user 1000
	config '.process.terminal = true'
	sh_program 'echo out >/dev/stdout; echo err >/dev/stderr; stat -Lc %u /dev/stdin'
	output=$(timeout 30 script -qec "'$URUN' --root '$STATE' run --bundle '$BUNDLE' c1" /dev/null </dev/null | tr -d '\r' | sed 's/^\(\^[@D]\)*\x08*//')
	assert_output $'out\nerr\n1000'
}

# --- signals --------------------------------------------------------------------------------------------------------------

@test "a caller that ignores SIGCHLD can use every command" {
	sh_program 'sleep 0; (exit 3); exit $?'
	observe ignoring CHLD run --bundle "$BUNDLE" c1
	assert_status 3
	program /bin/sleep 60
	ignoring CHLD run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	observe ignoring CHLD exec c1 /bin/sh -c 'exit 4'
	assert_status 4
	observe ignoring CHLD delete --force c1
	assert_status 0
}

@test "the program ignores the signals that the caller ignores, but not SIGCHLD" {
	program /bin/cat /proc/self/status
	observe ignoring HUP,INT,QUIT,PIPE,TERM,USR1,CHLD run --bundle "$BUNDLE" c1
	assert_status 0
	local signal
	for signal in 1 2 3 10 13 15; do bit_is_set "$(ignored_in_container)" "$signal"; done
	refute_bit 17
	observe env --default-signal "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$((16#$(ignored_in_container)))" = 0 ]
}

@test "a container that an engine creates doesn't ignore SIGPIPE, though the engine does" {
	program /bin/cat /proc/self/status
	ignoring PIPE,HUP create --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/out"
	urun start c1
	wait_for 5 is_status c1 stopped
	urun delete c1
	output=$(cat "$BATS_TEST_TMPDIR/out")
	bit_is_set "$(ignored_in_container)" 1
	refute_bit 13
}

@test "under nohup the program survives a hangup" {
	sh_program 'kill -HUP $$; echo lives'
	observe nohup "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output lives
}

@test "the program doesn't block the signals that the caller blocks" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	program /bin/grep SigBlk /proc/self/status
	observe timeout 30 python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
os.execv(sys.argv[1], sys.argv[1:])' "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output $'SigBlk:\t0000000000000000'
}

@test "urun ends without a message when the reader of its output is gone" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	# The FIFO's only reader is gone when this descriptor is closed.
	exec 7<>"$BATS_TEST_TMPDIR/fifo" 8>"$BATS_TEST_TMPDIR/fifo"
	exec 7>&-
	observe bash -c 'exec env --default-signal "$0" --root "$1" list >&8' "$URUN" "$STATE"
	exec 8>&-
	assert_status 141
	[ -z "$stderr" ]
}

# --- umask and limits -----------------------------------------------------------------------------------------------------

@test "urun works under any umask of the caller" {
	local mask
	sh_program 'umask; : >/tmp/made; stat -c %a /tmp/made'
	for mask in 0777 0277 0377 0077; do
		output=$(umask "$mask" && urun run --bundle "$BUNDLE" c1 2>&1)
		assert_output $'0022\n644'
		rm "$BUNDLE/rootfs/tmp/made"
		(umask "$mask" && urun create --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$BUNDLE" c1 </dev/null >/dev/null)
		[ -s "$BATS_TEST_TMPDIR/pid" ]
		(umask "$mask" && urun delete --force c1)
		rm -rf "$STATE" "$BATS_TEST_TMPDIR/pid"
	done
}

@test "a file size limit that is too small is an error with a message" {
	program /bin/true
	observe bash -c '(ulimit -f 0; exec "$0" --root "$1" run --bundle "$2" c1) 2>&1 >/dev/null | cat; exit "${PIPESTATUS[0]}"' \
		"$URUN" "$STATE" "$BUNDLE"
	assert_status 125
	assert_contains "$output" 'urun: '
	assert_contains "$output" RLIMIT_FSIZE
}
