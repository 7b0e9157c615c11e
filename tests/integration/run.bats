#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# urun run: arguments, environment, descriptors, output and exit status.
load lib.bash

@test "run ends with 0 when the program ends with 0" {
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output ''
	[ -z "$stderr" ]
}

@test "run ends with the program's exit status 1" {
	program /bin/false
	try run --bundle "$BUNDLE" c1
	assert_status 1
	[ -z "$stderr" ]
}

@test "run ends with the program's exit status 42" {
	in_container 'exit 42'
	assert_status 42
}

@test "run ends with 128 and the signal when a signal ends the program" {
	# Process 1 of a pid namespace ignores its own signals, so the signal comes from outside.
	program /bin/sleep 20
	urun run --bundle "$BUNDLE" c1 &
	wait_for 5 is_status c1 running
	urun kill c1 KILL
	wait_status $!
	assert_status 137
}

@test "a SIGTERM to urun reaches the program, and run ends with the program's exit status" {
	sh_program 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 >"$BATS_TEST_TMPDIR/out" &
	local pid=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM "$pid"
	wait_status "$pid"
	assert_status 7
}

@test "the status for a program that doesn't exist is 127, and the error names it" {
	program /no/such/program
	try run --bundle "$BUNDLE" c1
	assert_status 127
	assert_one_line /no/such/program 'no such file or directory'
}

@test "the status for a name that isn't in the container's PATH is 127, and the error names it" {
	program nosuchname
	try run --bundle "$BUNDLE" c1
	assert_status 127
	assert_one_line nosuchname 'executable file' 'not found in $PATH'
}

@test "the status for a program without the x bit is 126" {
	echo '#!/bin/sh' >"$BUNDLE/rootfs/etc/script"
	program /etc/script
	try run --bundle "$BUNDLE" c1
	assert_status 126
	assert_one_line /etc/script 'permission denied'
}

@test "the status for a program that is a directory is 126" {
	program /etc
	try run --bundle "$BUNDLE" c1
	assert_status 126
	assert_one_line /etc
	[[ $stderr =~ 'permission denied'|'is a directory'|'is not a regular file' ]]
}

@test "the error for a script whose interpreter isn't found names the interpreter" {
	printf '#!/no/interpreter\n' >"$BUNDLE/rootfs/etc/script"
	chmod +x "$BUNDLE/rootfs/etc/script"
	program /etc/script
	try run --bundle "$BUNDLE" c1
	assert_status 127
	assert_one_line /etc/script /no/interpreter
}

@test "a program without a path is found in the container's PATH" {
	program true
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "the last of two PATHs in the environment counts, also for the search" {
	mkdir "$BUNDLE/rootfs/opt"
	printf '#!/bin/sh\necho found\n' >"$BUNDLE/rootfs/opt/only-there"
	chmod +x "$BUNDLE/rootfs/opt/only-there"
	config '.process.env = ["PATH=/bin:/opt"]'
	program only-there
	try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output found
}

@test "stdin, stdout and stderr are the caller's, unchanged" {
	sh_program 'cat; echo to-stderr >&2'
	observe urun run --bundle "$BUNDLE" c1 <<<'line one'
	assert_status 0
	assert_output 'line one'
	[ "$stderr" = to-stderr ]
}

@test "binary data passes through a pipe unchanged and whole" {
	program /bin/cat
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	urun run --bundle "$BUNDLE" c1 <"$BATS_TEST_TMPDIR/data" | cmp - "$BATS_TEST_TMPDIR/data"
}

@test "the program's stdout is the caller's own descriptor, without a process that copies" {
	sh_program 'readlink /proc/self/fd/1'
	urun run --bundle "$BUNDLE" c1 >"$BATS_TEST_TMPDIR/out"
	run cat "$BATS_TEST_TMPDIR/out"
	assert_output "$BATS_TEST_TMPDIR/out"
}

@test "empty arguments, and arguments with blanks, quotes and newlines, arrive unchanged" {
	program /bin/sh -c 'for a; do printf "<%s>" "$a"; done' sh 'a b' '' '"q"' $'new\nline' '$HOME *'
	try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output $'<a b><><"q"><new\nline><$HOME *>'
}

@test "the program has only the environment of the config" {
	config '.process.env += ["COLOUR=dark green", "EMPTY=", "SIGN=a=b"]'
	export LEAK=me
	sh_program 'echo "$COLOUR|$SIGN|${EMPTY-unset}|${LEAK-none}"'
	try run --bundle "$BUNDLE" c1
	assert_output 'dark green|a=b||none'
}

@test "the program has no descriptors but stdin, stdout and stderr" {
	sh_program 'ls /proc/self/fd'
	# ls has one more, for the directory itself.
	observe urun run --bundle "$BUNDLE" c1 5</dev/null 7</dev/null
	assert_status 0
	assert_output $'0\n1\n2\n3'
}

@test "--preserve-fds N passes N more descriptors" {
	sh_program 'cat <&3; cat <&4'
	echo three >"$BATS_TEST_TMPDIR/three"
	echo four >"$BATS_TEST_TMPDIR/four"
	observe urun run --bundle "$BUNDLE" --preserve-fds 2 c1 3<"$BATS_TEST_TMPDIR/three" 4<"$BATS_TEST_TMPDIR/four"
	assert_status 0
	assert_output $'three\nfour'
}

@test "--preserve-fds skips numbers that aren't open, and no descriptor of urun fills the gap" {
	# ls has one more, for the directory itself: the lowest that is free.
	program ls /proc/self/fd
	# Bash uses descriptors above 9 itself.
	local fds='exec 3>&- 4<<<four 5>&- 6>&- 7<<<seven 8>&-; exec "$@"'
	observe bash -c "$fds" bash "$URUN" --root "$STATE" --log "$BATS_TEST_TMPDIR/log" run --bundle "$BUNDLE" --preserve-fds 6 c1
	assert_status 0
	assert_output $'0\n1\n2\n3\n4\n7'
	observe bash -c "$fds" bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" --preserve-fds 4 c1
	assert_output $'0\n1\n2\n3\n4'
	detached c2 sleep 1000
	observe bash -c "$fds" bash "$URUN" --root "$STATE" exec --preserve-fds 6 c2 ls /proc/self/fd
	assert_output $'0\n1\n2\n3\n4\n7'
	urun delete --force c2
	# podman --preserve-fd=9,40 has the numbers far apart.
	command -v python3 >/dev/null || return 0
	observe python3 "$TESTS/programs/far_descriptors.py" "$URUN" --root "$STATE" run --bundle "$BUNDLE" --preserve-fds 38 c1
	assert_output $'0\n1\n2\n3\n40\n9'
	sh_program 'ls /proc/self/fd >/made'
	python3 "$TESTS/programs/far_descriptors.py" "$URUN" --root "$STATE" create --bundle "$BUNDLE" --preserve-fds 38 c3 </dev/null >/dev/null 2>&1
	urun start c3
	wait_for 5 is_status c3 stopped
	[ "$(<"$BUNDLE/rootfs/made")" = $'0\n1\n2\n3\n40\n9' ]
	urun delete c3
}

@test "LISTEN_FDS passes descriptors on, whatever LISTEN_PID is, and the program has the variables" {
	sh_program 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3; cat <&4'
	observe bash -c 'exec 3<<<three 4<<<four 5<<<five; LISTEN_FDS=2 LISTEN_PID=$PPID LISTEN_FDNAMES=a:b exec "$@"' \
		bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output $'2 1 a:b\nthree\nfour'
	# Engines give both LISTEN_FDS and --preserve-fds, which count the same descriptors, and others of the engine.
	observe bash -c 'exec 3<<<three 4<<<four; LISTEN_FDS=1 exec "$@"' \
		bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" --preserve-fds 2 c1
	assert_output $'1 1 \nthree\nfour'
	# Variables of the config stay as they are.
	config '.process.env += ["LISTEN_FDS=7", "LISTEN_PID=8"]'
	observe bash -c 'exec 3<<<three 4<<<four; LISTEN_FDS=2 exec "$@"' bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_output $'7 8 \nthree\nfour'
}

@test "the program starts in the config's cwd" {
	mkdir -p "$BUNDLE/rootfs/var/lib/app"
	config '.process.cwd = "/var/lib/app"'
	sh_program pwd
	try run --bundle "$BUNDLE" c1
	assert_output /var/lib/app
}

@test "a cwd that doesn't exist is made" {
	config '.process.cwd = "/missing/below" | .root.readonly = true'
	sh_program pwd
	try run --bundle "$BUNDLE" c1
	assert_output /missing/below
}

@test "a cwd that doesn't exist and can't be made is an error that names it" {
	config '.process.cwd = "/proc/missing"'
	try run --bundle "$BUNDLE" c1
	assert_status 127
	assert_one_line /missing 'no such file or directory'
}

@test "hostname is the config's, and the host keeps its own" {
	local before
	before=$(cat /proc/sys/kernel/hostname)
	in_container hostname
	assert_output urun-test
	[ "$(cat /proc/sys/kernel/hostname)" = "$before" ]
}

@test "domainname is the config's" {
	config '.domainname = "example.org"'
	in_container 'cat /proc/sys/kernel/domainname'
	assert_output example.org
}

@test "the program is process 1 and sees no other process" {
	# The shell itself reads /proc, as the processes of a pipe may or may not have started.
	in_container 'set -- /proc/[0-9]*; echo $$ $*'
	assert_output '1 /proc/1'
}

@test "a new network namespace has a loopback device that is up, and nothing else" {
	in_container 'ls /sys/class/net; ip -o addr show lo | grep -o "127.0.0.1/8"; ping -c1 -w2 127.0.0.1 >/dev/null 2>&1; ip link show lo | grep -o LOWER_UP'
	assert_contains "$output" 127.0.0.1/8
	assert_contains "$output" LOWER_UP
	[ "$(head -n1 <<<"$output")" = lo ]
}

@test "without a network namespace in the config the container has the host's interfaces" {
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	in_container 'ls /proc/self/ns >/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " " | sort'
	assert_status 0
	assert_output "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort)"
}

@test "run without --bundle uses the current directory" {
	sh_program 'echo here'
	cd "$BUNDLE"
	try run c1
	assert_output here
}

@test "--config uses another file than the bundle's config.json" {
	sh_program 'echo other'
	mv "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/other.json"
	try run --bundle "$BUNDLE" --config "$BATS_TEST_TMPDIR/other.json" c1
	assert_status 0
	assert_output other
}

@test "--option=value and --option value are the same" {
	sh_program 'echo both'
	observe "$URUN" --root="$STATE" run --bundle="$BUNDLE" c1
	assert_output both
}

@test "run --detach returns at once and leaves the container running" {
	program /bin/sleep 30
	# The output isn't read by a pipe: the container has the pipe, and the reader would wait for its end.
	timeout 10 "$URUN" --root "$STATE" run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" c1 </dev/null >/dev/null 2>&1
	is_status c1 running
	kill -0 "$(cat "$BATS_TEST_TMPDIR/pid")"
	urun delete --force c1
}

@test "run --keep keeps the stopped container, and delete removes it" {
	try run --keep --bundle "$BUNDLE" c1
	assert_status 0
	is_status c1 stopped
	urun delete c1
}

@test "ten containers run side by side" {
	sh_program 'sleep 0.2; hostname'
	local n pids=()
	for n in $(seq 10); do
		urun run --bundle "$BUNDLE" "side-$n" >/dev/null &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
}

@test "--version prints the version, the commit and the spec's version" {
	try --version
	assert_status 0
	[[ ${lines[0]} =~ ^urun\ version\ [0-9]+\.[0-9]+(\.[0-9]+)?$ ]]
	[[ ${lines[1]} =~ ^commit:\ .+ ]]
	[[ ${lines[2]} =~ ^spec:\ 1\. ]]
	[ "$(grep -ci version <<<"$output")" = 1 ]
}

@test "--help prints a usage to stdout" {
	try --help
	assert_status 0
	assert_contains "$output" run
	assert_contains "$output" --root
	try run --help
	assert_status 0
	assert_contains "$output" --bundle
}
