#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGKILL at any moment: nothing is left behind, and the id can be used again.
load lib.bash

# single_id: the mapping has one id, which needs no set-user-ID helper, so that strace can follow every process.
single_id() {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

# nothing_runs: no process of a container is left.  (The next run replaces the state that a killed urun couldn't remove.)
nothing_runs() {
	[ -z "$(new_processes)" ]
}

id_is_free() {
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "the container ends when urun is killed while it runs" {
	program /bin/sleep 30
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 &
	local pid=$!
	wait_for 5 is_status c1 running
	kill -KILL "$pid"
	wait "$pid" || true
	wait_for 3 nothing_runs
	id_is_free
}

@test "no process stays when urun is killed at one of many moments of a start, and the id is free" {
	program /bin/sleep 0.2
	local pid delay
	for delay in 0 0.001 0.002 0.003 0.004 0.005 0.006 0.007 0.008 0.009 0.010 0.012 0.014 0.016 0.018 0.020 0.025 0.030 0.040; do
		"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 2>/dev/null &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		wait_for 3 nothing_runs || fail "after $delay seconds: $(describe_processes "$(new_processes)")"
	done
	id_is_free
}

# kill_caller_from_inside: the first act of the program of `run --detach` is to kill the `urun run` that has started it.
kill_caller_from_inside() {
	# shellcheck disable=SC2016 # for the other shells
	observe bash -c 'echo $$ >"$1/pid"; shift; exec "$@"' bash "$BATS_TEST_TMPDIR" "$URUN" --root "$STATE" run --detach --name c1 \
		--pid host --network none --rootfs "$BUNDLE/rootfs" --volume "$BATS_TEST_TMPDIR:/mnt" \
		sh -c 'read -r pid </mnt/pid; kill -KILL "$pid"; echo "goes on"; exec sleep 1000'
}

@test "a detached container whose caller is killed as the program begins is a whole one, with its log" {
	local i
	# The caller may end before, between or after several steps of the creator.
	for i in 1 2 3; do
		kill_caller_from_inside
		wait_for 5 is_status c1 running || fail "$i: $(urun state c1)"
		wait_for 5 is_logged 'goes on'
		urun rm --force c1
	done
}

is_logged() {
	[ "$(urun logs c1)" = "$1" ]
}

# killed_at SYSCALL N: runs a container, and kills urun at its N-th such call.
killed_at() {
	observe strace_within 30 -qq -o /dev/null --inject="$1:signal=KILL:when=$2" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
}

@test "no process and no mount stays when the parent is killed at one of its messages" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local call n calls=(sendmsg recvmsg clone3 mkdirat mkdir renameat2 rename ppoll poll waitid wait4)
	program /bin/true
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/quick.json"
	id_is_free
	# A quick run on the same state root counts the calls: at a call that isn't made so often urun wouldn't be killed.
	strace_within 30 -qq -o "$BATS_TEST_TMPDIR/calls" -e trace="$(IFS=, && echo "${calls[*]}")" \
		"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	# The program runs longer than the search for leftovers; some of the calls come after its end.
	program /bin/sleep 6
	for call in "${calls[@]}"; do
		for n in 1 2 3 4; do
			[ "$(grep -c "^$call(" "$BATS_TEST_TMPDIR/calls")" -ge "$n" ] || break
			killed_at "$call" "$n"
			[ "$status" = 137 ] || fail "$call $n: exit status $status: $stderr"
			wait_for 3 nothing_runs || fail "$call $n: $(describe_processes "$(new_processes)")"
			[ "$(host_mounts)" = "$MOUNTS_BEFORE" ]
			try run --bundle "$BUNDLE" --config "$BATS_TEST_TMPDIR/quick.json" c1
			[ "$status" = 0 ] || fail "$call $n: the id isn't free: $stderr"
		done
	done
}

@test "the error is one line when init is killed before the program runs, and nothing stays" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local call
	for call in pivot_root move_mount capset; do
		observe strace_within 30 -f -qq -o /dev/null --inject="$call:signal=KILL" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
		[ "$status" != 0 ]
		if [ "$status" != 137 ]; then [ "$(grep -c '' <<<"$stderr")" = 1 ] || fail "$call: $stderr"; fi
		wait_for 3 nothing_runs
		urun delete --force c1
	done
}

@test "delete --force removes everything that a killed create leaves behind" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local n
	for n in 1 2 3; do
		observe strace_within 30 -qq -o /dev/null --inject="sendmsg:signal=KILL:when=$n" "$URUN" --root "$STATE" create --bundle "$BUNDLE" c1
		wait_for 3 nothing_runs || fail "$n"
		try delete --force c1
		assert_status 0
		try state c1
		assert_status 1
	done
}

@test "a created container lives on when its caller is killed" {
	program /bin/sleep 30
	bash -c '"$@" </dev/null >/dev/null 2>&1; kill -KILL $$' bash "$URUN" --root "$STATE" create --bundle "$BUNDLE" c1 || true
	is_status c1 created
	urun start c1
	is_status c1 running
	urun delete --force c1
}

@test "a container that another process kills is stopped, and can be deleted" {
	program /bin/sleep 30
	urun run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" c1 </dev/null >/dev/null 2>&1
	kill -KILL "$(cat "$BATS_TEST_TMPDIR/pid")"
	wait_for 5 is_status c1 stopped
	try delete c1
	assert_status 0
}

@test "delete --force removes a damaged state directory" {
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	local pid
	pid=$(urun state c1 | jq .pid)
	echo '{ half' >"$STATE/c1/state.json"
	try state c1
	assert_status 1
	[ "$(grep -c '' <<<"$stderr")" = 1 ]
	kill -KILL "$pid"
	try delete --force c1
	assert_status 0
	[ ! -e "$STATE/c1" ]
}

# is_gone_or_whole WHEN: list prints no warning: half a state directory isn't a container, and the next start takes the id.
is_gone_or_whole() {
	try list --quiet
	[ "$status" = 0 ] || fail "$1: list: exit status $status: $stderr"
	[ -z "$stderr" ] || fail "$1: list: $stderr"
}

@test "the next start takes the id when urun is killed at any step of making a state directory" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local call n
	program /bin/true
	for call in mkdirat flock renameat2 renameat write; do
		for n in 1 2 3 4 5 6; do
			killed_at "$call" "$n"
			[ "$status" = 137 ] || break
			wait_for 3 nothing_runs || fail "$call $n"
			is_gone_or_whole "$call $n"
			id_is_free
			[ -z "$(ls -A --ignore=.seccomp "$STATE")" ] || fail "$call $n: $(ls -A "$STATE")"
		done
	done
}

@test "the next start or delete removes what a delete leaves behind that is killed at any step" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local call n second
	program /bin/true
	for call in flock renameat unlinkat; do
		for n in 1 2 3 4 5 6 7 8; do
			for second in delete run; do
				urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
				observe strace_within 30 -qq -o /dev/null --inject="$call:signal=KILL:when=$n" "$URUN" --root "$STATE" delete --force c1
				[ "$status" = 137 ] || break 2
				is_gone_or_whole "$call $n"
				# Where the state directory still has its name it is a container.
				if [ "$second" = delete ] || [ -n "$output" ]; then
					urun delete --force c1
				else
					id_is_free
				fi
				[ -z "$(ls -A --ignore=.seccomp "$STATE")" ] || fail "$call $n: $(ls -A "$STATE")"
			done
		done
	done
}

# nothing_is_left: the state root has no state directory, complete or not.
nothing_is_left() {
	[ -z "$(ls -A --ignore=.seccomp "$STATE")" ] || fail "left: $(ls -A "$STATE")"
}

@test "the next list removes what a killed run left behind" {
	program /bin/sleep 30
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null 3>&- &
	local pid=$!
	wait_for 5 is_status c1 running
	kill -KILL "$pid"
	wait "$pid" || true
	wait_for 3 nothing_runs
	try list --quiet
	assert_output ''
	[ -z "$stderr" ] || fail "$stderr"
	nothing_is_left
}

# The kernel takes the death signal from a process that changes its user.
@test "the next command ends a program that survived its killed run, removes the container, and runs its poststop hooks" {
	has_subids || skip "this user has no subids"
	config '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo run >>\($file)"]}]
		| .process.capabilities[] |= . + ["CAP_SETUID", "CAP_SETGID"]' --arg file "$BATS_TEST_TMPDIR/order"
	mkdir -p "$BUNDLE/rootfs/etc"
	echo "www:x:33:33::/:/bin/sh" >>"$BUNDLE/rootfs/etc/passwd"
	program start-stop-daemon -S -c www -x /bin/sleep -- 30
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null 3>&- &
	local pid=$!
	wait_for 5 sh -c '[ "$("$1" --root "$2" exec c1 stat -c %u /proc/1)" = 33 ]' sh "$URUN" "$STATE"
	try list --quiet
	assert_output c1
	kill -KILL "$pid"
	wait "$pid" || true
	try list --quiet
	assert_output ''
	[ -z "$stderr" ] || fail "$stderr"
	nothing_runs
	[ "$(cat "$BATS_TEST_TMPDIR/order")" = run ]
	nothing_is_left
}

@test "list leaves a stopped container to the run that waits for it" {
	config '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo run >>\($file)"]}]' --arg file "$BATS_TEST_TMPDIR/order"
	program /bin/sleep 30
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null 3>&- &
	local pid=$!
	wait_for 5 is_status c1 running
	kill -STOP "$pid"
	urun kill c1 KILL
	wait_for 5 is_status c1 stopped
	try list --quiet
	assert_output c1
	kill -CONT "$pid"
	wait_status "$pid"
	assert_status 137
	[ "$(cat "$BATS_TEST_TMPDIR/order")" = run ]
	nothing_is_left
}

@test "the next command, whichever it is, removes what a killed creation left behind" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local command
	for command in "list" "state c1" "kill c1" "ps c1" "exec c1 true" "stats --no-stream" "delete --force c1"; do
		killed_at sendmsg 2
		assert_status 137
		wait_for 3 nothing_runs
		# shellcheck disable=SC2086 # words
		try $command
		refute_contains "$stderr" 'no such file'
		nothing_is_left
	done
}

@test "commands that race with starts and ends never report a file that was removed meanwhile" {
	program /bin/true
	local command pid said=$BATS_TEST_TMPDIR/said
	for command in "list" "state c1" "kill c1 0" "ps c1" "exec c1 true"; do
		# shellcheck disable=SC2086 # words
		while [ ! -e "$BATS_TEST_TMPDIR/over" ]; do "$URUN" --root "$STATE" $command </dev/null; done >/dev/null 2>>"$said" 3>&- &
	done
	for _ in $(seq 60); do
		try run --bundle "$BUNDLE" c1
		assert_status 0
	done
	touch "$BATS_TEST_TMPDIR/over"
	wait
	grep -q 'does not exist' "$said"
	# shellcheck disable=SC2251 # the pipe's end is looked at
	[ -z "$(grep -i 'no such file' "$said")" ] || fail "$(grep -i 'no such file' "$said" | sort | uniq -c)"
	nothing_is_left
}
