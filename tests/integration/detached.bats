#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a program in the background inherits from its caller: without a bundle nothing that the caller waits for, and with a bundle the
# caller's own streams, on which engines rely.
load lib.bash

# begin ARG…: starts a detached container without a bundle, named c1.
begin() {
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 "$@"
}

# streams_of ID: prints what the three streams of the program are, which is process 2, a line each; pipes without their numbers.
streams_of() {
	urun exec "$1" sh -c 'for fd in 0 1 2; do readlink /proc/2/fd/$fd; done' | sed 's/^pipe:.*/pipe/'
}

@test "exec --detach in a container without a bundle keeps no pipe and no terminal waiting, and a file gets the output" {
	detached c1 sleep 60
	# A reader of the pipe sees its end at once.
	observe timeout 5 bash -c '"$1" --root "$2" exec --detach c1 sh -c "echo unseen; sleep 30" 2>&1 | cat' - "$URUN" "$STATE"
	assert_status 0
	assert_output ''
	urun exec --detach c1 sh -c 'cat; echo out; echo err >&2; touch /over' >"$BATS_TEST_TMPDIR/output" 2>&1
	wait_for 5 test -e "$BUNDLE/rootfs/over"
	[ "$(cat "$BATS_TEST_TMPDIR/output")" = $'out\nerr' ]
	urun rm --force c1
}

@test "the id is on stdout, and its reader doesn't wait for the container" {
	local id
	id=$(timeout 10 "$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none sh -c 'echo lost; sleep 60' 2>"$BATS_TEST_TMPDIR/err")
	[[ $id =~ ^[0-9a-f]{12}$ ]]
	observe streams_of "$id"
	assert_output $'/dev/null\npipe\n'"$BATS_TEST_TMPDIR/err"
	urun delete --force "$id"
}

@test "a file that receives the output has a generated id too, and not the name that the caller knows" {
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none echo out >"$BATS_TEST_TMPDIR/out"
	local id
	id=$(grep -xE '[0-9a-f]{12}' "$BATS_TEST_TMPDIR/out")
	timeout 10 "$URUN" --root "$STATE" wait "$id"
	urun rm "$id"
	begin echo out >"$BATS_TEST_TMPDIR/named"
	timeout 10 "$URUN" --root "$STATE" wait c1
	[ "$(cat "$BATS_TEST_TMPDIR/named")" = out ]
	urun rm c1
}

@test "no pipe of the caller stays open: neither stdin, stdout and stderr nor any other" {
	observe timeout 10 bash -c 'true | "$1" --root "$2" run --detach --rootfs "$3" --network none --name c1 sleep 60 2>&1 5>&1 | cat' - "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_status 0
	assert_output c1
	observe streams_of c1
	assert_output $'/dev/null\npipe\npipe'
	urun delete --force c1
}

@test "a container in a shell's loop doesn't read the lines of the loop's stdin" {
	local line lines=()
	while read -r line; do
		lines+=("$line")
		begin sh -c 'cat >/read; echo done >/done; sleep 60' >/dev/null 2>&1
		wait_for 10 test -e "$BUNDLE/rootfs/done"
		urun delete --force c1
	done < <(printf 'first\nsecond\n')
	[ "${lines[*]}" = 'first second' ]
	[ ! -s "$BUNDLE/rootfs/read" ]
}

@test "output that is redirected to a file arrives there, and the program sees the error of a full disk" {
	begin sh -c 'echo out; echo err >&2; sleep 60' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	wait_for 10 grep -q err "$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	urun delete --force c1
	begin sh -c 'echo out || echo refused >/refused; sleep 60' >/dev/full 2>/dev/null
	wait_for 10 grep -q refused "$BUNDLE/rootfs/refused"
	urun delete --force c1
}

@test "output that is redirected to a named pipe arrives there" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 7<>"$BATS_TEST_TMPDIR/fifo"
	begin sh -c 'echo through; sleep 60' >"$BATS_TEST_TMPDIR/fifo" 2>/dev/null 7>&-
	read -r -t 10 -u 7 output
	[ "$output" = through ]
	exec 7>&-
	urun delete --force c1
}

@test "a failure to start is on the caller's stderr" {
	try run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 /nothing
	assert_status 127
	assert_one_line /nothing
}

@test "at a terminal the container has no terminal, and the shell has its prompt back" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	run "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 \
		sh -c 'tty; sleep 60'
	[ "$output" = $'c1\nexit 0\nterminal restored' ] || fail "the terminal showed: $output"
	observe streams_of c1
	assert_output $'/dev/null\npipe\npipe'
	urun delete --force c1
}

# settled: the container runs, or nothing of it does.
settled() {
	[ -z "$(new_processes)" ] || [ "$(urun state c1 2>/dev/null | jq -r .status)" = running ]
}

@test "a caller that is killed at one of many moments leaves a container that runs, or nothing" {
	local pid delay
	for delay in 0 0.004 0.008 0.014 0.030; do
		"$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60 >/dev/null 2>&1 </dev/null &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		wait_for 5 settled || fail "after $delay seconds: $(describe_processes "$(new_processes)")"
		urun delete --force c1
	done
}

@test "a bundle's program has the caller's streams, after run --detach and after create" {
	program /bin/sh -c 'read -r line; echo "$line"; echo err >&2'
	observe timeout 10 bash -c 'echo typed | "$1" --root "$2" run --detach --bundle "$3" c1 2>&1 | cat' - "$URUN" "$STATE" "$BUNDLE"
	assert_output $'typed\nerr'
	urun delete --force c1
	observe timeout 10 bash -c '{ echo typed | "$1" --root "$2" create --bundle "$3" c1; "$1" --root "$2" start c1 >/dev/null 2>&1; } 2>&1 | cat' - "$URUN" "$STATE" "$BUNDLE"
	assert_output $'typed\nerr'
	urun delete --force c1
}
