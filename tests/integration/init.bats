#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Process 1 of a container (--init): who has it, that the program notices nothing else, and what the user's keys do.
load lib.bash

# at_terminal STEP… -- ARG…: runs a container without a bundle at a terminal.
at_terminal() {
	local before after
	split_at_dashes "$@"
	run "$BATS_TEST_DIRNAME/terminal" "${before[@]}" -- "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none "${after[@]}"
}

# in_shell STEP…: types at an interactive bash, whose prompt is "ready> " and in which RUN runs a container without a bundle and terminal.
in_shell() {
	run "$BATS_TEST_DIRNAME/terminal" "$@" -- env PS1='ready> ' RUN="$URUN --root $STATE run --tty=false --rootfs $BUNDLE/rootfs --network none" \
		bash --norc --noediting
}

@test "the program of a container by options is the child of process 1, that of a bundle only by the annotation" {
	# The program runs beside the first instructions of process 1, which name it.
	by_options sh -c 'echo $$; until grep -x urun-init /proc/1/comm; do :; done'
	assert_output $'2\nurun-init'
	by_options --init=false sh -c 'echo $$'
	assert_output 1
	in_container 'echo $$'
	assert_output 1
	config '.annotations["org.urun.init"] = "true"'
	in_container 'echo $$; exit 5'
	assert_output 2
	assert_status 5
	config '.annotations["org.urun.init"] = "yes"'
	in_container 'echo $$'
	assert_one_line org.urun.init
}

@test "a program that is a first process itself has no other one above it, unless that is asked for" {
	printf '#!/bin/sh\necho $$\n' >"$BUNDLE/rootfs/bin/tini"
	chmod 755 "$BUNDLE/rootfs/bin/tini"
	by_options tini
	assert_output 1
	by_options --init /bin/tini
	assert_output 2
}

@test "a program that can't be executed has the same error and status with and without process 1" {
	local file without with
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/bin/orphan"
	echo data >"$BUNDLE/rootfs/bin/data"
	printf '\177ELFnone' >"$BUNDLE/rootfs/bin/cut"
	chmod 755 "$BUNDLE/rootfs/bin/orphan" "$BUNDLE/rootfs/bin/cut"
	for file in orphan data cut nothing; do
		by_options --name c1 --init=false "/bin/$file"
		without="$status $stderr"
		by_options --name c1 "/bin/$file"
		with="$status $stderr"
		[ "$with" = "$without" ] || fail "with: $with" "without: $without"
		[[ $with = 12[67]* ]] || fail "$with"
	done
}

@test "start tells of a program that can't be executed, with process 1 too" {
	config '.annotations["org.urun.init"] = "true"'
	program /bin/later
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/bin/later"
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/bin/later"
	try start c1
	assert_status 127
	assert_one_line /bin/later 'no such file or directory'
	urun delete c1
	sh_program 'trap "exit 4" TERM; touch /started; while :; do sleep 0.05; done'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	urun start c1
	wait_for 10 test -e "$BUNDLE/rootfs/started"
	urun stop c1
	urun delete c1
}

@test "the status is the program's, also where a signal has ended it" {
	by_options sh -c 'exit 42'
	assert_status 42
	by_options sh -c 'kill -KILL $$'
	assert_status 137
}

# ends_of ID…: prints how each container's program ended.
ends_of() {
	local id
	for id in "$@"; do
		urun state "$id" | jq -r '[.id, .exitStatus, .signal, .oomKilled] | map(tostring) | join(" ")'
	done
}

@test "the record of the end tells the signal that has ended the program, and none where the program has exited" {
	by_options --keep --name c1 sh -c 'kill -TERM $$'
	assert_status 143
	by_options --keep --name c2 sh -c 'exit 143'
	assert_status 143
	by_options --detach --name c3 sh -c 'kill -TERM $$'
	by_options --detach --name c4 sh -c 'exit 143'
	observe urun wait c3 c4
	assert_lines 143 143
	observe ends_of c1 c2 c3 c4
	assert_lines 'c1 143 15 false' 'c2 143 null false' 'c3 143 15 false' 'c4 143 null false'
	urun rm c1 c2 c3 c4
}

@test "process 1 keeps no descriptor of the program's, and with a terminal the terminal alone" {
	observe bash -c 'exec 3</dev/null 5</dev/zero; exec "$@"' - timeout 60 "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" \
		--network none --preserve-fds 4 sh -c 'ls /proc/1/fd; echo end; ls -d /proc/self/fd/5' </dev/null
	assert_output $'end\n/proc/self/fd/5'
	at_terminal -- sh -c 'ls /proc/1/fd'
	assert_output $'0\nexit 0\nterminal restored'
}

@test "the container's root can't change the file of process 1" {
	by_options sh -c 'echo x >/proc/1/exe; cat /proc/1/exe >/copy; echo x 1<>/proc/1/exe; cat /proc/1/exe | cmp - /copy && echo same'
	assert_output same
}

@test "a seccomp profile that refuses what process 1 calls is an error, which names the call and the way around" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["waitid"],"action":"SCMP_ACT_ERRNO"}]}' >"$BATS_TEST_TMPDIR/profile.json"
	by_options --security-opt seccomp="$BATS_TEST_TMPDIR/profile.json" true
	assert_status 125
	assert_one_line waitid --init=false
	by_options --init=false --security-opt seccomp="$BATS_TEST_TMPDIR/profile.json" true
	assert_status 0
}

@test "--timeout kills the container when its time is over" {
	by_options --timeout 1 sleep 60
	assert_status 137
	by_options --timeout never true
	assert_one_line '--timeout never'
}

@test "timeout(1) ends a container whose program has no handler" {
	observe timeout 1 "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60
	assert_status 124
	try state c1
	assert_status 1
}

@test "Ctrl-C ends a program and a script, with a terminal of the container and without" {
	local tty command
	for tty in true false; do
		for command in 'echo ready; exec sleep 60' 'echo ready; sleep 60; echo after'; do
			at_terminal wait=ready 'type=\x03' -- --tty=$tty sh -c "$command"
			assert_contains "$output" 'exit 130'
			assert_contains "$output" 'terminal restored'
			refute_contains "$output" after
		done
	done
}

@test "a second Ctrl-C within a second kills what the first one doesn't end" {
	at_terminal wait=ready 'type=\x03' wait=caught 'type=\x03' -- --tty=false sh -c 'trap "echo caught" INT; echo ready; while :; do sleep 0.05; done'
	assert_contains "$output" 'exit 137'
}

@test "run with a terminal in the background waits for fg, and leaves the terminal to the shell until then" {
	in_shell 'wait=ready> ' "type=\$RUN --tty sh -c 'echo be''gun; read -r line; echo got:\$line; stty -a | grep -o isig; stty size'"' &\n' \
		'wait=ready> ' "type=until jobs | grep -i stopped; do sleep 0.05; done; stty -a | grep -ow icanon; echo on''ward\n" wait=onward \
		'wait=ready> ' 'type=bg; sleep 0.1; until jobs | grep -qi stopped; do sleep 0.05; done; echo bac''ked\n' wait=backed 'wait=ready> ' \
		'type=fg\n' wait=begun 'type=word\n' wait=got:word 'wait=ready> ' 'type=echo status $?; stty -a | grep -ow icanon; exit\n'
	assert_contains "$output" got:word
	assert_contains "$output" 'status 0'
	[ "$(grep -cx 'icanon.*' <<<"$output")" = 2 ] || fail "$output"
	assert_contains "$output" 'terminal restored'
}

@test "in the background a program without a terminal of its own has neither the shell's settings nor what is typed" {
	detached c1 sleep 60
	in_shell 'wait=ready> ' "type=\${RUN/--tty=false} sh -c 'cat; test -t 0 || echo no ter''minal'"' &\n' 'wait=no terminal' \
		'type=\n' 'wait=ready> ' "type=\$RUN cat &\n" 'wait=ready> ' 'type=wait; stty -a | grep -ow icanon; echo on''ward\n' wait=onward \
		'wait=ready> ' "type=$URUN --root $STATE exec c1 cat & wait; $URUN --root $STATE exec -d c1 sh -c 'cat; touch /over'; echo fur''ther\n" wait=further \
		'wait=ready> ' 'type=exit 5\n'
	assert_contains "$output" 'exit 5'
	assert_contains "$output" icanon
	wait_for 5 urun exec c1 test -e /over
	urun delete --force c1
}

@test "Ctrl-Z stops the program and urun, and fg continues both" {
	local init
	for init in true false; do
		in_shell 'wait=ready> ' "type=\$RUN --init=$init sh -c 'echo be''gun; until [ -e /go ]; do :; done; echo do''ne'\\n" wait=begun \
			'type=\x1a' wait=Stopped 'wait=ready> ' \
			"type=grep -c 'State:.*stopped' \$(grep -l 'be..gun' /proc/[0-9]*/cmdline | sed s/cmdline/status/) | grep -c :1; touch $BUNDLE/rootfs/go; fg\\n" \
			wait=done 'wait=ready> ' 'type=exit 3\n'
		assert_contains "$output" 'exit 3'
		rm "$BUNDLE/rootfs/go"
	done
}

@test "a program that Ctrl-Z would stop in its terminal goes on, as nobody could continue it" {
	at_terminal wait=ready 'type=\x1a' wait=continued 'type=\x03' -- sh -c 'trap "echo continued" CONT; echo ready; while :; do sleep 0.05; done'
	assert_contains "$output" 'exit 130'
}
