#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The terminal: in the foreground, and sent to an engine.
load lib.bash

# at_terminal STEP…: runs the container at a terminal; $output is what the terminal showed.
at_terminal() {
	run "$BATS_TEST_DIRNAME/terminal" "$@" -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
}

# with_terminal TEXT: the container has a terminal, and runs the line of shell.
with_terminal() {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	config '.process.terminal = true'
	sh_program "$1"
}

@test "the program has a terminal of the container's own" {
	with_terminal 'tty; test -t 0 && test -t 1 && test -t 2 && echo all-three'
	at_terminal
	assert_output $'/dev/pts/0\nall-three\nexit 0\nterminal restored'
}

@test "a container with a terminal runs under script(1), as at a login" {
	command -v script >/dev/null || skip "script isn't installed"
	with_terminal 'tty; exit 5'
	run script -qec "'$URUN' --root '$STATE' run --bundle '$BUNDLE' c1" /dev/null </dev/null
	assert_status 5
	assert_contains "$output" /dev/pts/0
}

@test "the terminal is the program's controlling terminal" {
	with_terminal 'echo to-tty >/dev/tty; cut -d" " -f7 /proc/self/stat | grep -qv "^0$" && echo controlled'
	at_terminal
	assert_output $'to-tty\ncontrolled\nexit 0\nterminal restored'
}

@test "/dev/console is the terminal" {
	with_terminal 'echo to-console >/dev/console'
	at_terminal
	assert_contains "$output" to-console
}

@test "the terminal has the window's size at the start" {
	with_terminal 'stty size'
	at_terminal size=31x117
	assert_output $'31 117\nexit 0\nterminal restored'
}

@test "a change of the window's size reaches the container" {
	with_terminal 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
	at_terminal size=24x80 wait=ready size=40x100
	assert_contains "$output" '40 100'
	assert_contains "$output" 'terminal restored'
}

@test "run at a terminal ends with the program's exit status" {
	with_terminal 'exit 42'
	at_terminal
	assert_output $'exit 42\nterminal restored'
}

@test "typed text arrives, and is echoed once" {
	with_terminal 'echo ready; read line; echo "got $line"'
	at_terminal wait=ready 'type=hello\n'
	assert_contains "$output" 'got hello'
	[ "$(grep -c '^hello' <<<"$output")" = 1 ]
}

@test "Ctrl-C interrupts the program in the container, and not urun" {
	with_terminal 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.05; done'
	at_terminal wait=ready 'type=\x03'
	assert_contains "$output" interrupted
	assert_contains "$output" 'exit 9'
	assert_contains "$output" 'terminal restored'
}

@test "the terminal is restored when the container is killed" {
	with_terminal 'echo ready; sleep 30'
	( wait_for 10 is_status c1 running && sleep 0.3 && urun kill c1 KILL ) &
	at_terminal wait=ready
	assert_contains "$output" 'exit 137'
	assert_contains "$output" 'terminal restored'
	wait
}

@test "the terminal is restored when urun receives SIGTERM" {
	with_terminal 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	at_terminal wait=ready kill=15
	assert_contains "$output" 'exit 3'
	assert_contains "$output" 'terminal restored'
}

@test "the terminal is restored when the program can't be executed" {
	config '.process.terminal = true'
	program /no/such/program
	at_terminal
	assert_contains "$output" 'no such file or directory'
	assert_contains "$output" 'exit 127'
	assert_contains "$output" 'terminal restored'
}

@test "everything that a program prints immediately before its end is shown" {
	with_terminal 'seq 1 20000'
	at_terminal
	[ "$(grep -c '^[0-9]*$' <<<"$output")" = 20000 ]
	assert_contains "$output" $'\n20000\nexit 0'
}

@test "the terminal has the size of consoleSize where the caller's has none" {
	config '.process.consoleSize = {"height": 33, "width": 99}'
	with_terminal 'stty size'
	at_terminal size=0x0
	assert_contains "$output" '33 99'
}

@test "the program has a terminal where the caller has none, and reads the end of stdin" {
	with_terminal 'test -t 0 && cat; echo end'
	observe urun run --bundle "$BUNDLE" c1 <<<hello
	assert_status 0
	assert_output $'hello\nhello\nend'
}

@test "create without --console-socket is an error where the process has a terminal" {
	with_terminal true
	try create --bundle "$BUNDLE" c1
	assert_status 1
	assert_one_line console-socket
}

@test "--console-socket without a terminal in the config is an error" {
	try create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/none.sock" c1
	assert_status 1
	assert_one_line console
}

@test "--console-socket sends one descriptor, the terminal's" {
	with_terminal 'tty; read line; echo "got $line"; stty size >/dev/null && echo sized'
	local socket=$BATS_TEST_TMPDIR/console.sock
	mkfifo "$BATS_TEST_TMPDIR/typed"
	"$BATS_TEST_DIRNAME/console-receiver" "$socket" <"$BATS_TEST_TMPDIR/typed" >"$BATS_TEST_TMPDIR/shown" 2>&1 &
	local receiver=$!
	exec 8>"$BATS_TEST_TMPDIR/typed"
	wait_for 5 test -S "$socket"
	urun create --bundle "$BUNDLE" --console-socket "$socket" c1 </dev/null
	urun start c1
	wait_for 5 grep -q /dev/pts/0 "$BATS_TEST_TMPDIR/shown"
	echo typed-text >&8
	exec 8>&-
	wait "$receiver"
	run cat "$BATS_TEST_TMPDIR/shown"
	assert_contains "$output" $'received 1 descriptor, with a name\na terminal\n/dev/pts/0\r\n'
	assert_contains "$output" 'got typed-text'
	assert_contains "$output" sized
	wait_for 5 is_status c1 stopped
	urun delete c1
}

# An engine copies the bytes to a terminal that it has made raw, and that adds nothing: docker run -it, buildah run -t.
@test "lines that an engine reads from a console socket end with a carriage return and a line feed" {
	with_terminal 'printf "one\ntwo\n"'
	"$BATS_TEST_DIRNAME/console-receiver" "$BATS_TEST_TMPDIR/run.sock" </dev/null >"$BATS_TEST_TMPDIR/run" &
	local receiver=$!
	wait_for 5 test -S "$BATS_TEST_TMPDIR/run.sock"
	urun run --detach --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/run.sock" c1 </dev/null
	wait "$receiver"
	[[ $(cat "$BATS_TEST_TMPDIR/run") = *$'a terminal\none\r\ntwo\r' ]] || fail "$(od -c "$BATS_TEST_TMPDIR/run")"
	urun delete --force c1
}

@test "lines that urun itself reads from the terminal get no carriage return on the way to a pipe or a log" {
	with_terminal 'printf "one\ntwo\n"'
	observe urun run --bundle "$BUNDLE" c1 </dev/null
	assert_output $'one\ntwo'
	by_options --detach --name c2 --tty printf 'one\ntwo\n'
	try wait c2
	try logs c2
	assert_output $'one\ntwo'
	urun rm c2
}

@test "--console-socket accepts a path that is longer than a socket's address" {
	with_terminal 'echo long'
	local dir
	dir=$BATS_TEST_TMPDIR/$(printf 'x%.0s' $(seq 100))
	mkdir "$dir"
	(cd "$dir" && exec "$BATS_TEST_DIRNAME/console-receiver" console.sock </dev/null >"$BATS_TEST_TMPDIR/shown" 2>&1) &
	local receiver=$!
	wait_for 5 test -S "$dir/console.sock"
	urun create --bundle "$BUNDLE" --console-socket "$dir/console.sock" c1 </dev/null
	urun start c1
	wait "$receiver"
	assert_contains "$(cat "$BATS_TEST_TMPDIR/shown")" long
	urun delete --force c1
}

@test "a console socket without a listener is an error that names it" {
	with_terminal true
	try create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/none.sock" c1
	assert_status 1
	assert_one_line "$BATS_TEST_TMPDIR/none.sock"
}

@test "the program has the caller's terminal as stdin where the config has no terminal" {
	sh_program 'test -t 0 && echo a-tty'
	at_terminal
	assert_contains "$output" a-tty
	assert_contains "$output" 'terminal restored'
}
