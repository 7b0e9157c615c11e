#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of a container under podman: run, exec, terminals, and the ways to its end.
load podman.bash

# --- run ------------------------------------------------------------------------------------------------------------------

@test "podman info names the runtime and its version" {
	try info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
	assert_status 0
	assert_contains "$output" "$RUNTIME ${RUNTIME##*/} version "
}

@test "run passes stdin, stdout, stderr and the exit status" {
	observe podman run -i --rm "$IMAGE" sh -c 'cat; echo err >&2; exit 7' <<<typed
	assert_status 7
	assert_output typed
	[ "$stderr" = err ]
}

@test "run ends with 128 and the signal that ended the program" {
	in_new --init "$IMAGE" sh -c 'kill -KILL $$'
	assert_status 137
}

@test "run ends with 125, 126 or 127 by the kind of the failure" {
	in_new --nosuchoption "$IMAGE" true
	assert_status 125
	in_new "$IMAGE" /etc
	assert_status 126
	assert_contains "$stderr" 'permission denied'
	in_new "$IMAGE" nosuchprogram
	assert_status 127
	assert_contains "$stderr" 'executable file `nosuchprogram` not found in $PATH'
	in_new "$IMAGE" /no/such/program
	assert_status 127
	assert_contains "$stderr" /no/such/program
	in_new --workdir /etc/passwd "$IMAGE" true
	[ "$status" -ge 125 ] && [ "$status" -le 127 ]
}

@test "environment, working directory, names, ids and umask are those of the options" {
	in_new -e A='b c' -w /var/tmp --hostname box --user 12:34 --umask 0027 --entrypoint sh --add-host peer:192.0.2.9 --dns 192.0.2.53 "$IMAGE" \
		-c 'echo "$A"; pwd; hostname; id -u; id -g; umask; grep peer /etc/hosts; cat /etc/resolv.conf'
	assert_status 0
	assert_lines 'b c' /var/tmp box 12 34 0027 $'192.0.2.9\tpeer' 'nameserver 192.0.2.53'
}

@test "--rootfs replaces the image" {
	mkdir rootfs
	tar -C rootfs -xf /opt/busybox.tar
	in_new --rootfs "$PWD/rootfs" sh -c 'echo mine >/made; cat /made'
	assert_status 0
	assert_output mine
	[ -e rootfs/made ]
	in_new --rootfs "$PWD/rootfs:O" sh -c 'rm /made && ! ls /made'
	assert_status 0
	[ -e rootfs/made ]
}

# bats test_tags=kernel
@test "a containers.conf can name the runtime, whose errors podman reads from the JSON log, and --cgroups disabled works" {
	local known=${RUNTIME##*/}
	cat >containers.conf <<-END
		[engine]
		runtime = "$known"
		runtime_supports_json = ["$known"]
		runtime_supports_nocgroup = ["$known"]
		runtime_supports_nocgroups = ["$known"]
		[engine.runtimes]
		$known = ["$(command -v "$RUNTIME")"]
	END
	export CONTAINERS_CONF=$PWD/containers.conf
	observe timeout 60 podman run --rm "$IMAGE" nosuchprogram
	assert_status 127
	assert_contains "$stderr" 'Error: crun: executable file `nosuchprogram` not found in $PATH' ||
		assert_contains "$stderr" "Error: $known: "
	observe timeout 60 podman run --rm --cgroups disabled "$IMAGE" echo without
	assert_status 0
	assert_output without
}

# --- the life of a container ----------------------------------------------------------------------------------------------

@test "run -d, logs, ps, top, inspect and wait work" {
	started c1
	try logs c1
	assert_output started
	try ps --format '{{.Names}} {{.Status}}'
	assert_contains "$output" 'c1 Up'
	try top c1 pid,user,args
	assert_contains "$output" 'sh -c trap'
	inspected c1 '{{.State.Status}} {{.OCIRuntime}} {{.State.Pid}}' | grep -q "^running $RUNTIME [1-9]"
	podman kill -s TERM c1
	try wait c1
	assert_output 3
	try ps -a --format '{{.Names}} {{.Status}}'
	assert_contains "$output" 'c1 Exited (3)'
}

@test "attach passes stdin and output" {
	podman run -d -i --name c1 "$IMAGE" sh -c 'read line; echo "got $line"; exit 4' </dev/null
	observe podman attach c1 <<<typed
	assert_output 'got typed'
	[ "$(inspected c1 '{{.State.ExitCode}}')" = 4 ]
}

@test "stop ends the program by SIGTERM or its own stop signal, and kills a program that goes on" {
	started c1
	try stop -t 20 c1
	assert_status 0
	[ "$(inspected c1 '{{.State.ExitCode}}')" = 3 ]
	podman run -d --name c2 --stop-signal USR1 "$IMAGE" sh -c 'trap "exit 5" USR1; echo ready; while :; do sleep 0.2; done'
	wait_for 20 logged c2 ready
	podman stop -t 20 c2
	[ "$(inspected c2 '{{.State.ExitCode}}')" = 5 ]
	podman run -d --name c3 "$IMAGE" sleep 1000
	podman stop -t 1 c3
	[ "$(inspected c3 '{{.State.ExitCode}}')" = 137 ]
}

@test "kill sends any signal" {
	podman run -d --name c1 "$IMAGE" sh -c 'trap "echo usr1" USR1; trap "echo winch" WINCH; echo ready; while :; do sleep 0.1; done'
	wait_for 20 logged c1 ready
	podman kill -s USR1 c1
	wait_for 10 logged c1 usr1
	podman kill -s SIGWINCH c1
	wait_for 10 logged c1 winch
	podman kill c1
	wait_for 10 has_state c1 exited
	[ "$(inspected c1 '{{.State.ExitCode}}')" = 137 ]
	try kill c1
	assert_status 125
}

@test "create, init, start, restart and rm -f work" {
	started_times() { [ "$(podman exec c1 wc -l /starts)" = "$1 /starts" ]; }
	podman create --name c1 "$IMAGE" sh -c "date +%s%N >>/starts; $LOOP"
	has_state c1 created
	podman init c1
	has_state c1 initialized
	try exec c1 true
	[ "$status" != 0 ]
	podman start c1
	wait_for 20 logged c1 started
	podman restart -t 10 c1
	has_state c1 running
	wait_for 20 started_times 2
	podman stop -t 10 c1
	podman start c1
	wait_for 20 started_times 3
	podman rm -f -t 0 c1
	try container exists c1
	assert_status 1
}

@test "the processes that the program started end with it" {
	in_new "$IMAGE" sh -c 'sleep 4321 & sleep 4321 & exit 0'
	assert_status 0
	gone 'sleep 4321'
}

# --- exec -----------------------------------------------------------------------------------------------------------------

@test "exec has output, stdin and the exit status, and ends with 126 or 127 for a program that can't run" {
	started c1
	try exec c1 sh -c 'echo out; echo err >&2; exit 9'
	assert_status 9
	assert_output out
	[ "$stderr" = err ]
	observe podman exec -i c1 cat <<<typed
	assert_output typed
	try exec c1 /etc
	assert_status 126
	try exec c1 nosuchprogram
	assert_status 127
	assert_contains "$stderr" 'executable file `nosuchprogram` not found in $PATH'
}

@test "exec has the user, directory, environment, groups and privileges of its options" {
	started c1 --cap-drop all -e A=first -e B=kept
	try exec -u 1000:1001 -w /tmp -e A=second c1 sh -c 'id -u; id -g; pwd; echo $A $B'
	assert_status 0
	assert_lines 1000 1001 /tmp 'second kept'
	try exec c1 cat /proc/self/status
	[ "$(status_field CapEff)" = 0000000000000000 ]
	[ "$(status_field Seccomp)" = 2 ]
	try exec --privileged c1 cat /proc/self/status
	[[ $(status_field CapEff) = 000001ff* ]]
}

@test "exec -d returns at once, and the process is in the container" {
	started c1
	podman exec -d c1 sh -c 'for ns in pid mnt; do readlink /proc/self/ns/$ns; done >/ids; sleep 4322'
	wait_for 10 podman exec c1 test -s /ids
	try exec c1 sh -c 'for ns in pid mnt; do readlink /proc/1/ns/$ns; done | cmp - /ids && ps | grep -q "[s]leep 4322"'
	assert_status 0
	podman rm -f -t 0 c1
	gone 'sleep 4322'
}

@test "exec works in a container with a user namespace of its own" {
	started c1 --userns keep-id
	try exec c1 sh -c 'id -u; cat /proc/self/uid_map | md5sum; cat /proc/1/uid_map | md5sum'
	assert_status 0
	[ "${lines[0]}" = 1000 ]
	[ "${lines[1]}" = "${lines[2]}" ]
	try exec -u root c1 id -u
	assert_output 0
}

# --- terminals ------------------------------------------------------------------------------------------------------------

# podman passes SIGWINCH on a second time, by `urun kill`, which may come after the program's end and then says so at the terminal.
@test "run -it has a terminal of the window's size, which can be resized, and reads what is typed" {
	at_terminal size=31x117 wait='31 117' size=40x100 wait='40 100' 'type=hello\n' -- \
		run -it --rm --sig-proxy=false "$IMAGE" sh -c 'trap "stty size" WINCH; tty; stty size; until read line; do :; done; echo "got $line"; exit 6'
	assert_contains "$output" /dev/pts/0
	assert_contains "$output" 'got hello'
	assert_contains "$output" 'exit 6'
	assert_contains "$output" 'terminal restored'
}

@test "run -t works without -i, and detached, with the terminal's output in the logs" {
	in_new -t "$IMAGE" sh -c 'tty; test -t 1 && echo terminal'
	assert_status 0
	assert_contains "$output" /dev/pts/0
	podman run -d -t --name c1 "$IMAGE" sh -c 'tty; ls -l /dev/console; sleep 1000'
	wait_for 20 logged c1 /dev/pts/0
	wait_for 10 logged c1 '/dev/console'
}

@test "exec -it has a terminal of the window's size" {
	started c1
	at_terminal size=20x70 wait='20 70' 'type=hello\n' -- exec -it -u 1000 c1 sh -c 'tty; stty size; read line; echo "got $line"; exit 8'
	assert_contains "$output" /dev/pts/
	assert_contains "$output" 'got hello'
	assert_contains "$output" 'exit 8'
}

@test "Ctrl-C ends the program, and the detach keys leave it running" {
	at_terminal wait=ready 'type=\x03' -- run -it --rm "$IMAGE" sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.1; done'
	assert_contains "$output" 'exit 9'
	at_terminal wait=ready 'type=\x11' -- run -it --detach-keys ctrl-q --name c1 "$IMAGE" sh -c 'echo ready; sleep 1000'
	assert_contains "$output" 'exit 0'
	has_state c1 running
}
