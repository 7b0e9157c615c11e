#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The log of a detached container without a bundle, and urun-monitor, which writes it: what `urun logs` prints, when, and what the
# container sees of it, which is nothing.
load lib.bash

# start ARG… COMMAND…: starts a detached container named c1, as a person at a terminal does, whose streams aren't files.
start() {
	observe bash -c '"$@" 2>&1 | cat' - "$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 "$@"
	assert_output c1
}

# Waits until the program of c1 has ended, and its log is complete.
ended() {
	urun wait c1 >"$BATS_TEST_TMPDIR/status"
}

monitor_of() {
	newest_process urun-monitor
}

# writes_of PID: prints how many system calls of a process have written, or tried to.
writes_of() {
	awk '/^syscw/ { print $2 }' "/proc/$1/io"
}

resident_kib() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

@test "the log has every byte, and the two streams apart" {
	start sh -c 'printf "a\000b\n\033[1mend"; printf "\377" >&2'
	ended
	urun logs c1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	cmp "$BATS_TEST_TMPDIR/out" <(printf 'a\000b\n\033[1mend')
	cmp "$BATS_TEST_TMPDIR/err" <(printf '\377')
	urun delete c1
}

@test "--tail counts lines of both streams, --since and --until are times, --timestamps are before each line" {
	start sh -c 'printf "one\ntw"; sleep 0.05; printf "o\nthr"; sleep 0.05; echo err >&2; sleep 0.05; echo ee'
	ended
	observe urun logs --tail 2 c1
	assert_output 'three'
	[ "$stderr" = err ]
	observe urun logs -n 3 c1
	assert_output $'two\nthree'
	observe urun logs --tail 0 c1
	assert_output ''
	observe urun logs --tail all --since 1h --until "$(date -d '1 minute' --rfc-3339=ns | tr ' ' T)" c1
	assert_output $'one\ntwo\nthree'
	observe urun logs --since 0.001s c1
	assert_output ''
	observe urun logs --until 1h c1
	assert_output ''
	observe urun logs --timestamps c1
	[[ ${lines[0]} =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}[+-][0-9:]{5}\ one$ && ${#lines[@]} = 3 ]]
	[[ ${lines[1]} = *' two' && ${lines[2]} = *' three' ]]
	observe urun logs --since yesterday c1
	assert_status 1
	assert_one_line '--since'
	urun delete c1
}

@test "--follow prints what is written until the program ends, by itself, by stop, or by delete --force" {
	mkfifo "$BUNDLE/rootfs/go"
	for end in true 'urun stop c1' 'urun delete --force c1'; do
		start sh -c 'trap "echo last; exit" TERM; echo first; read line <go; echo "$line"; [ "$line" = true ] || while :; do sleep 0.01; done'
		urun logs --follow c1 >"$BATS_TEST_TMPDIR/out" &
		wait_for 10 grep -q first "$BATS_TEST_TMPDIR/out"
		echo "${end// /_}" >"$BUNDLE/rootfs/go"
		wait_for 10 grep -q "${end// /_}" "$BATS_TEST_TMPDIR/out"
		$end >/dev/null
		wait_status $!
		assert_status 0
		case $end in
		*stop*) [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'first\nurun_stop_c1\nlast' ] ;;
		*) [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'first\n'"${end// /_}" ] ;;
		esac
		urun delete --force c1
	done
}

@test "a follower has everything across rotated files, also what was written before a delete" {
	start --log-opt max-size=64k sh -c 'read line </dev/zero & i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "line number $i of the log"; [ $((i % 100)) != 0 ] || sleep 0.01; done; kill $!; sleep 60'
	urun logs --follow c1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	wait_for 20 grep -q 'number 3000 ' "$BATS_TEST_TMPDIR/out"
	urun delete --force c1
	wait_status $!
	assert_status 0
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 3000 ]
}

@test "the log is bounded, and a program that opens /dev/stdout empties nothing, as root or as another user" {
	chmod 1777 "$BUNDLE/rootfs"
	mkfifo -m 666 "$BUNDLE/rootfs/go"
	exec 8<>"$BUNDLE/rootfs/go"
	start --log-opt max-size=64k --user 5:5 sh -c 'echo before; echo opened >/dev/stdout; echo error >/dev/stderr; read line <go
		i=0; while [ $i -lt 4000 ]; do i=$((i + 1)); echo "line number $i of the log"; done'
	wait_for 10 test -e "$STATE/c1/log/1"
	ln "$STATE/c1/log/1" "$BATS_TEST_TMPDIR/first"
	echo >&8
	ended
	# The first file was renamed, and written again, instead of being removed.
	observe find "$STATE/c1/log" -samefile "$BATS_TEST_TMPDIR/first" -not -name 1
	assert_contains "$output" "$STATE/c1/log/"
	[ "$(find "$STATE/c1/log" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')" -le 65536 ]
	observe urun logs --tail 1 c1
	assert_output 'line number 4000 of the log'
	urun delete c1
	start --user 5:5 sh -c 'echo before; echo opened >/dev/stdout; echo error >/dev/stderr'
	ended
	observe urun logs c1
	assert_output $'before\nopened'
	[ "$stderr" = error ]
	urun delete c1
}

@test "output that can't be logged is lost, counted and told, and the program sees nothing of it" {
	local monitor writes
	mkfifo "$BUNDLE/rootfs/go"
	# One writer all the time: a reader that comes early would find the end of the last one.
	exec 8<>"$BUNDLE/rootfs/go"
	start sh -c 'echo first; read line <go; echo lost && echo wrote >>/result; read line <go; echo second'
	wait_for 10 grep -q first "$STATE"/c1/log/1
	monitor=$(monitor_of)
	# No file that urun-monitor writes to may become larger.
	prlimit --pid "$monitor" --fsize=80:
	writes=$(writes_of "$monitor")
	echo >&8
	wait_for 10 grep -q wrote "$BUNDLE/rootfs/result"
	wait_for 10 eval "[ \$(writes_of $monitor) -gt $writes ]"
	prlimit --pid "$monitor" --fsize=unlimited:
	echo >&8
	ended
	observe urun logs c1
	assert_output $'first\nsecond'
	assert_contains "$stderr" '5 bytes of output, from 20'
	assert_contains "$stderr" "aren't in the log: file too large"
	urun delete c1
}

@test "behind a damaged part the rest of the log is printed" {
	local line
	mkfifo "$BUNDLE/rootfs/go"
	# One writer all the time: a reader that comes early would find the end of the last one.
	exec 8<>"$BUNDLE/rootfs/go"
	# A record each.
	start sh -c 'for i in 1 2 3; do echo "line $i"; read line <go; done'
	for line in 1 2 3; do
		wait_for 10 grep -q "line $line" "$STATE/c1/log/1"
		echo >&8
	done
	ended
	printf XXXX | dd of="$STATE/c1/log/1" bs=1 seek=80 conv=notrunc status=none
	observe urun logs c1
	assert_output $'line 1\nline 3'
	assert_contains "$stderr" 'damaged'
	urun delete c1
}

@test "the monitor holds nothing of the caller's, has little memory, and lives when the terminal closes" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	run "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60
	[ "$output" = $'c1\nexit 0\nterminal restored' ] || fail "the terminal showed: $output"
	local monitor
	monitor=$(monitor_of)
	[ "$(readlink "/proc/$monitor/cwd")" = / ]
	[ "$(awk '{ print $6, $7 }' "/proc/$monitor/stat")" = "$monitor 0" ]
	observe find "/proc/$monitor/fd" -lname '/dev/*' -not -lname /dev/null
	assert_output ''
	has_sanitizers || [ "$(resident_kib "$monitor")" -lt 300 ]
	[ -z "$(tr -d '\0' <"/proc/$monitor/environ" | grep -a BATS)" ]
	urun delete --force c1
}

# pipe_of PID: prints the size of the pipe that is the process's stdout.
pipe_of() {
	python3 -c 'import fcntl, os, sys
print(fcntl.fcntl(os.open(f"/proc/{sys.argv[1]}/fd/1", os.O_RDONLY | os.O_NONBLOCK), 1032))' "$1" # F_GETPIPE_SZ
}

pipe_is() {
	[ "$(pipe_of "$1")" = "$2" ]
}

@test "the pipe of a program that writes much is large as long as that, and so is the monitor's memory" {
	local pid
	start --init=false dd if=/dev/zero bs=64k
	pid=$(urun state c1 | jq .pid)
	wait_for 10 pipe_is "$pid" 1048576
	urun kill c1 STOP
	wait_for 10 pipe_is "$pid" 65536
	has_sanitizers || [ "$(resident_kib "$(monitor_of)")" -lt 300 ]
	urun kill c1 CONT
	wait_for 10 pipe_is "$pid" 1048576
	urun delete --force c1
}

@test "a program goes on without its monitor: it writes to a pipe that still has a reader" {
	mkfifo "$BUNDLE/rootfs/go"
	start sh -c 'read line <go; trap "" PIPE; echo out && echo err >&2 && echo written >/result; sleep 60'
	kill -KILL "$(monitor_of)"
	echo >"$BUNDLE/rootfs/go"
	wait_for 10 grep -q written "$BUNDLE/rootfs/result"
	urun delete --force c1
}

@test "with --tty the log has what the program writes to its terminal, which stays open" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	run "$BATS_TEST_DIRNAME/terminal" size=33x99 -- "$URUN" --root "$STATE" run --detach --tty --rootfs "$BUNDLE/rootfs" --network none --name c1 \
		sh -c 'tty; stty size; exec <&- >&- 2>&-; echo again >/dev/console'
	[ "$output" = $'c1\nexit 0\nterminal restored' ] || fail "the terminal showed: $output"
	ended
	observe urun logs c1
	[ "${output//$'\r'/}" = $'/dev/pts/0\n33 99\nagain' ] || fail "the log has: $output"
	urun delete c1
}

@test "--log-driver and --log-opt: none keeps no log, what urun hasn't is refused by name" {
	start --log-driver none sh -c 'echo lost'
	ended
	observe urun logs c1
	assert_status 1
	assert_one_line 'c1 has no log: it was started with --log-driver none'
	urun delete c1
	for option in --log-driver=journald --log-driver=syslog --log-opt=path=/tmp/log --log-opt=max-size=1 --log-opt=max-size=x; do
		try run --detach "$option" --rootfs "$BUNDLE/rootfs" true
		assert_status 125
		assert_one_line "${option%%=*}"
	done
	program true
	urun run --detach --bundle "$BUNDLE" c1
	observe urun logs c1
	assert_status 1
	assert_one_line 'c1 has no log: it has a bundle, and its output goes where its creator wanted it'
	urun delete --force c1
	observe urun logs nothing
	assert_status 1
	assert_one_line 'nothing'
}

@test "logs says what isn't in the log: the output of runs in the foreground" {
	urun run --keep --rootfs "$BUNDLE/rootfs" --network none --name c1 true
	observe urun logs c1
	assert_status 1
	assert_one_line 'c1 has no log: it was started in the foreground, where its output goes'
	urun rm c1
	start sh -c 'echo out; echo x >>/tmp/runs; [ "$(grep -c x /tmp/runs)" != 2 ] || exec sleep 60'
	urun wait c1
	urun start --attach c1 >/dev/null 2>&1 &
	wait_for 5 is_status c1 running
	observe urun logs c1
	assert_status 0
	assert_output out
	[[ $stderr == *'started with --attach, at 20'*"isn't in the log"* ]] || fail "$stderr"
	urun stop --time 0 c1
	wait
	urun start c1
	urun wait c1
	observe urun logs c1
	assert_output $'out\nout'
	[ -z "$stderr" ]
	urun delete c1
}

@test "a reader that has gone ends logs, also while nothing is written" {
	start sh -c 'echo first; sleep 60'
	observe timeout 20 env --default-signal=PIPE bash -c '"$1" --root "$2" logs --follow c1 | head -n 1; echo "${PIPESTATUS[0]}"' - "$URUN" "$STATE"
	assert_output $'first\n141'
	observe bash -c '"$1" --root "$2" logs c1 >/dev/full' - "$URUN" "$STATE"
	assert_status 1
	assert_one_line 'write to standard output'
	urun delete --force c1
}
