#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers without a bundle that stay after their end: they are waited for, and started again.
load lib.bash

# record_of ID: prints how its program ended.
record_of() {
	urun state "$1" | jq -r '[.status, .exitStatus, .signal, .oomKilled] | map(tostring) | join(" ")'
}

@test "a detached container stays with its status, and with --rm it goes, and wait knows its status" {
	detached c1 sh -c 'exit 7'
	try wait c1
	assert_output 7
	observe record_of c1
	assert_output 'stopped 7 null false'
	urun rm c1
	detached c2 --rm sleep 60
	urun kill c2 KILL
	try wait c2
	assert_output 137
	[ ! -e "$STATE/c2" ]
	try wait c2
	assert_output 137
}

@test "12 times: an id that is used again never has the status of the run before" {
	local i
	for i in $(seq 12); do
		detached c1 --rm sh -c "exit $i"
		try wait c1
		assert_output "$i"
	done
}

@test "start runs a stopped container again: the same id and options, and a new status" {
	detached c1 --env WORD=kept --hostname inside sh -c 'echo out; echo x >>/tmp/runs; [ "$WORD-$(hostname)" = kept-inside ] && exit "$(grep -c x /tmp/runs)"'
	urun wait c1
	local created
	created=$(urun state c1 | jq -r .created)
	observe urun start c1
	assert_status 0
	# The output of a container in the background belongs to its log.
	assert_output ''
	try wait c1
	assert_output 2
	[ "$(urun state c1 | jq -r .created)" = "$created" ]
	# In the foreground: with its output, and its status is that of start.
	try start --attach c1
	assert_status 3
	observe record_of c1
	assert_output 'stopped 3 null false'
	try start --interactive c1
	assert_one_line '--interactive needs --attach'
	urun rm c1
	sh_program true
	urun run --keep --bundle "$BUNDLE" c1
	try start c1
	assert_one_line 'it is stopped'
	try restart c1
	assert_one_line 'it has a bundle'
	urun delete c1
}

@test "create of options has nothing of the caller's; start runs it with a log and a status, or attached, with its terminal too" {
	local options=(--rootfs "$BUNDLE/rootfs" --network none) id
	# The substitution ends with the last writer of its pipe.
	id=$(timeout 20 "$URUN" --root "$STATE" create "${options[@]}" sh -c 'echo out; exit 5')
	observe record_of "$id"
	assert_output 'created null null null'
	urun start "$id"
	try wait "$id"
	assert_output 5
	[ "$(urun logs "$id")" = out ]
	try start --attach "$id"
	assert_status 5
	assert_output out
	urun rm "$id"
	urun create "${options[@]}" --name c1 sh -c 'read -r line; echo "got $line"; exit 6'
	observe urun start -ai c1 <<<typed
	assert_status 6
	assert_output 'got typed'
	urun rm c1
	# A terminal: there is one as soon as somebody serves it.
	urun create "${options[@]}" --tty --name c1 sh -c 'tty; exit 7'
	run "$BATS_TEST_DIRNAME/terminal" size=33x99 -- "$URUN" --root "$STATE" start --attach --interactive c1
	[ "${output//$'\r'/}" = $'/dev/pts/0\nexit 7\nterminal restored' ] || fail "the terminal showed: $output"
	urun rm c1
	id=$(timeout 20 "$URUN" --root "$STATE" create "${options[@]}" --rm sh -c 'exit 4')
	urun start "$id"
	try wait "$id"
	assert_output 4
	wait_for 5 test ! -e "$STATE/$id"
}

@test "create of options that hands something over leaves its process to the caller" {
	local options=(--rootfs "$BUNDLE/rootfs" --network none)
	try create "${options[@]}" --rm --pid-file "$BATS_TEST_TMPDIR/pid" --name c1 true
	assert_status 1
	assert_one_line 'create: --rm: whoever has'
	[ ! -e "$STATE/c1" ]
	urun create "${options[@]}" --pid-file "$BATS_TEST_TMPDIR/pid" --name c1 sh -c 'echo out' >"$BATS_TEST_TMPDIR/out"
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(urun state c1 | jq .pid)" ]
	try start --attach c1
	assert_status 1
	assert_one_line "can't be attached to"
	urun start c1
	wait_for 5 grep -qx out "$BATS_TEST_TMPDIR/out"
	urun rm --force c1
}

@test "a container that was stopped before its program began runs like any other when it is started" {
	urun create --name c1 --rootfs "$BUNDLE/rootfs" --network none sh -c 'sleep 60'
	urun stop c1
	try wait c1
	assert_one_line 'or of `create`'
	urun start c1
	observe record_of c1
	assert_output 'running null null null'
	try delete c1
	assert_one_line 'c1 is running'
	urun stop --time 0 c1
	try wait c1
	assert_output 137
	urun rm c1
}

@test "start --attach passes stdin on where --interactive is given, and runs after --keep too" {
	urun run --keep --rootfs "$BUNDLE/rootfs" --network none --name c1 cat </dev/null
	observe urun start --attach c1 <<<typed
	assert_output ''
	observe urun start -ai c1 <<<typed
	assert_output typed
	urun rm c1
}

@test "restart stops a container and starts it again; one whose root file system is gone goes on running" {
	detached c1 sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
	local pid
	pid=$(urun state c1 | jq .pid)
	try restart c1 nobody
	assert_status 1
	assert_output c1
	assert_contains "$stderr" 'container nobody does not exist'
	is_status c1 running
	[ "$(urun state c1 | jq .pid)" != "$pid" ]
	[ "$(urun state c1 | jq .exitStatus)" = null ]
	pid=$(urun state c1 | jq .pid)
	mv "$BUNDLE/rootfs" "$BUNDLE/moved"
	try restart c1
	assert_status 1
	assert_one_line "root file system $BUNDLE/rootfs: no such file or directory"
	[ "$(urun state c1 | jq .pid)" = "$pid" ]
	urun kill c1 KILL
	urun wait c1
	try start c1
	assert_status 1
	assert_one_line "$BUNDLE/rootfs"
	observe record_of c1
	assert_output 'stopped 137 9 false'
	mv "$BUNDLE/moved" "$BUNDLE/rootfs"
	urun start c1
	is_status c1 running
	urun rm --force c1
}

@test "a container of --rm is restarted like others, and goes at its end; a restart that is killed doesn't keep it" {
	detached c1 --rm sh -c 'echo began; trap "exit 5" TERM; while :; do sleep 0.1; done'
	local i pid
	for i in 1 2 3 4 5; do
		pid=$(urun state c1 | jq .pid)
		try restart c1
		assert_status 0
		is_status c1 running
		[ "$(urun state c1 | jq .pid)" != "$pid" ]
	done
	[ "$(urun logs c1)" = "$(printf 'began\n%.0s' 1 2 3 4 5 6)" ]
	# By one that ends at once, and is to go like any other.
	urun stop c1
	detached c1 --rm sh -c '[ -e /tmp/again ] || { touch /tmp/again; sleep 60; }; exit 4'
	wait_for 5 test -e "$BUNDLE/rootfs/tmp/again"
	urun restart --time 0 c1
	try wait c1
	assert_output 4
	wait_for 5 test ! -e "$STATE/c1"
	command -v strace >/dev/null || skip "strace isn't installed"
	rm "$BUNDLE/rootfs/tmp/again"
	detached c1 --rm sleep 60
	# Its first poll(2) is the wait for the program that it has killed.  (A process that is killed at a call doesn't make that call.)
	observe strace_within 30 -qq -o /dev/null --inject=poll:signal=KILL:when=1 "$URUN" --root "$STATE" restart --time 0 c1
	[ "$status" = 137 ]
	observe timeout 20 "$URUN" --root "$STATE" wait c1
	assert_output 137
	observe ids
	assert_output ''
}

# A command that had waited without the lock took the new run for the old one, and removed its directory: the program ran on.
@test "12 times: restart, start, stop and rm --force at once leave no program behind" {
	local i
	for i in $(seq 12); do
		detached c1 --rm sleep 60
		observe urun restart --time 0 c1 &
		observe urun restart --time 0 c1 &
		observe urun stop --time 0 c1 &
		observe urun start c1 &
		[ $((i % 2)) = 0 ] || observe urun rm --force c1 &
		wait
		urun rm --force c1
		observe ids
		assert_output ''
	done
}

@test "a start that fails after its program has begun leaves the stopped container" {
	detached c1 sh -c 'exit 7'
	urun wait c1
	mv "$BUNDLE/rootfs/bin/sh" "$BUNDLE/rootfs/bin/moved"
	try start c1
	assert_status 127
	observe record_of c1
	assert_output 'stopped 7 null false'
	mv "$BUNDLE/rootfs/bin/moved" "$BUNDLE/rootfs/bin/sh"
	try start --attach c1
	assert_status 7
	urun rm c1
}

@test "a start that is killed at any step leaves the stopped container, which can be started" {
	command -v strace >/dev/null || skip "strace isn't installed"
	detached c1 sh -c 'exit 7'
	urun wait c1
	local call n
	for call in linkat renameat unlinkat clone3; do
		for n in 1 2 3; do
			observe strace_within 30 -qq -o /dev/null --inject="$call:signal=KILL:when=$n" "$URUN" --root "$STATE" start --attach c1
			[ "$status" = 137 ] || break
			wait_for 5 is_status c1 stopped || fail "$call $n: $(urun state c1)"
			# Killed after the program has ended, before that was recorded: the status isn't known.
			observe record_of c1
			[[ $output = @('stopped 7 null false'|'stopped null null null') ]] || fail "$call $n: $output"
			[ ! -e "$STATE/c1/creating" ] || fail "$call $n: $(ls -A "$STATE/c1")"
		done
	done
	try start --attach c1
	assert_status 7
	urun rm c1
}

@test "inspect tells all of a running and of a stopped container, and the ports that it has" {
	urun run --detach --rootfs "$BUNDLE/rootfs" --publish 127.0.0.1::80 --env 'QUOTED=a "b" \{,[:' --name c1 sleep 60 >/dev/null 2>&1
	detached c2 sh -c 'exit 4'
	urun wait c2
	try inspect c1 nobody c2
	assert_status 1
	assert_contains "$stderr" 'container nobody does not exist'
	local filter='.[] | [.id, .status, .byOptions, .exitStatus, .network, (.ports | length), .config.process.args[0]] | map(tostring) | join(" ")'
	[ "$(jq -r "$filter" <<<"$output")" = $'c1 running true null slirp 1 sleep\nc2 stopped true 4 none 0 sh' ] || fail "$output"
	jq -e '.[0] | .ports[0].containerPort == 80 and (.ports[0].host | test("^127.0.0.1:[0-9]+$")) and (.monitorPid | type) == "number"' <<<"$output"
	jq -e '.[0].config.process.env | index("QUOTED=a \"b\" \\{,[:")' <<<"$output"
	# A restart publishes the ports anew.
	urun restart --time 0 c1 2>/dev/null
	urun inspect c1 | jq -e '.[0].ports[0].containerPort == 80'
	try inspect nobody
	assert_one_line 'container nobody does not exist'
	try inspect --format '{{.State}}' c1
	assert_one_line '--format' 'jq'
	urun rm --force c1 c2
}
