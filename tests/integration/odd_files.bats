#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files that aren't of the kind that urun expects: FIFOs, pipes, sockets, damaged states.  No command waits without an end.
load lib.bash

# within ARG…: observes urun, which must end by itself within a few seconds.
within() {
	observe timeout -k 1 8 "$URUN" --root "$STATE" "$@"
	[ "$status" != 124 ] || fail "it hangs: $*"
}

# fifo: makes a new FIFO, $FIFO.
fifo() {
	FIFO=$BATS_TEST_TMPDIR/fifo
	rm -f "$FIFO"
	mkfifo "$FIFO"
}

# detached_bundle ID: starts a container that sleeps; $PID is its process.
detached_bundle() {
	program /bin/sleep 100
	urun run --detach --bundle "$BUNDLE" "$1" </dev/null >/dev/null
	PID=$(urun state "$1" | jq .pid)
}

@test "a FIFO without a writer is an error for every option that takes a file" {
	fifo
	within run --bundle "$BUNDLE" --config "$FIFO" c1
	assert_status 125
	assert_one_line "$FIFO" 'an empty FIFO without a writer'
	within check --bundle "$BUNDLE" --config "$FIFO"
	[ "$status" != 0 ]
	within run --rootfs "$BUNDLE/rootfs" --env-file "$FIFO" true
	assert_status 125
	assert_one_line --env-file
	within run --rootfs "$BUNDLE/rootfs" --security-opt seccomp="$FIFO" true
	assert_status 125
	assert_one_line seccomp
	within create --console-socket "$FIFO" --bundle "$BUNDLE" c1
	[ "$status" != 0 ]
	mv "$BUNDLE/config.json" "$BUNDLE/config"
	mkfifo "$BUNDLE/config.json"
	within run --bundle "$BUNDLE" c1
	assert_status 125
	rm "$BUNDLE/config.json"
}

@test "a FIFO as a namespace's path is an error" {
	fifo
	local type
	for type in network pid user mount; do
		base_config | jq --arg type "$type" --arg path "$FIFO" \
			'.linux.namespaces |= map(select(.type != $type)) + [{type: $type, path: $path}]' >"$BUNDLE/config.json"
		within run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line "$FIFO"
	done
}

@test "a FIFO as the log is an error without a reader, and delays nothing with a reader that doesn't read" {
	fifo
	within --log "$FIFO" run --bundle "$BUNDLE" c1
	[ "$status" != 0 ]
	assert_one_line "$FIFO" 'nothing reads'
	exec 7<>"$FIFO"
	within --log "$FIFO" --debug run --bundle "$BUNDLE" c1
	assert_status 0
	exec 7>&-
}

@test "a FIFO as the pid file is replaced" {
	fifo
	within run --pid-file "$FIFO" --bundle "$BUNDLE" c1
	assert_status 0
	[ -f "$FIFO" ]
}

@test "--config and --process are read from pipes and from standard input" {
	sh_program 'echo runs'
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/config"
	rm "$BUNDLE/config.json"
	within run --bundle "$BUNDLE" --config <(cat "$BATS_TEST_TMPDIR/config") c1
	assert_output runs
	within run --bundle "$BUNDLE" --config <(sleep 0.3 && cat "$BATS_TEST_TMPDIR/config") c1
	assert_output runs
	within run --bundle "$BUNDLE" --config /dev/stdin c1 <"$BATS_TEST_TMPDIR/config"
	assert_output runs
	output=$(cat "$BATS_TEST_TMPDIR/config" | urun run --bundle "$BUNDLE" --config /dev/stdin c1)
	assert_output runs
	fifo
	cat "$BATS_TEST_TMPDIR/config" >"$FIFO" &
	within run --bundle "$BUNDLE" --config "$FIFO" c1
	assert_output runs
	cp "$BATS_TEST_TMPDIR/config" "$BUNDLE/config.json"
	detached_bundle c1
	jq '.process | .args = ["/bin/echo", "in"]' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process"
	within exec --process <(cat "$BATS_TEST_TMPDIR/process") c1
	assert_output in
	output=$(cat "$BATS_TEST_TMPDIR/process" | urun exec --process /dev/stdin c1)
	assert_output in
	rm "$FIFO" && mkfifo "$FIFO"
	within exec --process "$FIFO" c1
	[ "$status" = 255 ]
	assert_one_line "$FIFO"
	urun delete --force c1
}

@test "--config reads standard input that is a socket" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	sh_program 'echo runs'
	output=$(timeout 20 python3 "$TESTS/programs/stdin_socket.py" "$BUNDLE/config.json" "$URUN" --root "$STATE" run --bundle "$BUNDLE" --config /dev/stdin c1)
	assert_output runs
}

@test "a console socket whose listener accepts nothing is an error after a while" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	config '.process.terminal = true'
	observe timeout 20 python3 "$TESTS/programs/full_listener.py" "$BATS_TEST_TMPDIR/socket" \
		"$URUN" --root "$STATE" create --console-socket "$BATS_TEST_TMPDIR/socket" --bundle "$BUNDLE" c1
	[ "$status" != 0 ] && [ "$status" != 124 ]
	assert_one_line "console socket" "timed out"
}

@test "a damaged entry of the state root neither hides nor blocks the other containers" {
	detached_bundle good
	mkdir -m 700 "$STATE/fifo" "$STATE/directory"
	mkfifo "$STATE/fifo/state.json" "$STATE/entry"
	mkdir "$STATE/directory/state.json"
	within list --quiet
	assert_status 0
	assert_output good
	within list --format json
	[ "$(jq -r '.[].id' <<<"$output")" = good ]
	local command
	for command in state kill ps pause delete; do
		within "$command" fifo
		[ "$status" != 0 ]
		assert_one_line fifo
	done
	exec 7<>"$STATE/fifo/state.json"
	within list --quiet
	assert_output good
	exec 7>&-
	rm -r "$STATE/fifo" "$STATE/directory" "$STATE/entry"
	within delete --regex --force .
	assert_status 0
}

# --- contents of a state directory ----------------------------------------------------------------------------------------

@test "delete --force ends the program of a container whose state file is cut off" {
	local how
	for how in 'truncate -s 40' 'truncate -s 0' 'rm'; do
		detached_bundle c1
		# shellcheck disable=SC2086 # a command
		$how "$STATE/c1/state.json"
		within delete --force c1
		assert_status 0
		[ ! -e "$STATE/c1" ]
		! kill -0 "$PID" 2>/dev/null || fail "$how: the program runs on"
	done
}

@test "when both copies of a state are damaged, no command forgets the running program or ends another container's" {
	local how other
	detached_bundle other
	other=$PID
	detached_bundle c1
	cp -a "$STATE/c1" "$BATS_TEST_TMPDIR/saved"
	for how in 'truncate -s 40 $1' ': >$1' 'rm $1' 'mkdir $1' 'mkfifo $1' 'ln -s /etc/passwd $1' 'echo {} >$1' \
		'head -c 500 /dev/urandom >$1' 'cp ../other/state.json $1' 'sed "s/.pid.:/&1/" $saved >$1' 'cat $saved $saved >$1'; do
		for file in state.json state.copy; do
			rm -rf "${STATE:?}/c1/$file"
			case $how in truncate* | rm*) cp "$BATS_TEST_TMPDIR/saved/$file" "$STATE/c1/$file" ;; esac
			(cd "$STATE/c1" && saved=$BATS_TEST_TMPDIR/saved/$file sh -c "$how" - "$file")
		done
		within list --quiet
		assert_output other
		within delete --force c1
		assert_status 1
		assert_one_line c1 'by hand'
		[ -e "$STATE/c1/created" ] || fail "$how: the state is gone"
		kill -0 "$PID" || fail "$how: the program has ended"
		kill -0 "$other" || fail "$how: another program has ended"
	done
	rm -rf "$STATE/c1/state.json"
	cp "$BATS_TEST_TMPDIR/saved/state.json" "$STATE/c1/state.json"
	urun delete --force c1
	urun delete --force other
}

# Programs that clean /tmp remove old files.
@test "no command forgets a container whose state.json is gone, and delete --force ends its program" {
	local command
	detached_bundle c1
	rm "$STATE/c1/state.json"
	for command in 'state c1' 'list --quiet' 'kill c1' 'ps c1' 'start c1' 'exec c1 true' 'delete c1' "run --bundle $BUNDLE c1"; do
		# shellcheck disable=SC2086 # a command and its words
		within $command
		[ "$command" = "list --quiet" ] || [ "$status" != 0 ]
		assert_one_line c1
		kill -0 "$PID"
		[ -e "$STATE/c1/created" ] || fail "$command: the state directory is gone"
	done
	within delete --force c1
	assert_status 0
	! kill -0 "$PID" 2>/dev/null || fail "the program runs on"
}

@test "a state.json of another container doesn't lead to that container" {
	local first
	detached_bundle c1
	first=$PID
	detached_bundle c2
	cp "$STATE/c1/state.json" "$STATE/c2/state.json"
	within kill c2 KILL
	assert_status 1
	assert_one_line c2 'another container'
	within delete --force c2
	assert_status 0
	! kill -0 "$PID" 2>/dev/null || fail "the program of c2 runs on"
	kill -0 "$first"
	urun delete --force c1
}

@test "a state directory whose permissions a hook has taken away is removed" {
	local mode
	for mode in 000 500; do
		config '.hooks.poststart = [{path: "/bin/chmod", args: ["chmod", $mode, $path]}]' --arg mode "$mode" --arg path "$STATE/c1"
		sh_program 'exit 7'
		try run --bundle "$BUNDLE" c1
		assert_status 7
		[ -z "$stderr" ]
		[ ! -e "$STATE/.old=c1" ]
		program /bin/sleep 30
		urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null
		try delete --force c1
		assert_status 0
		[ ! -e "$STATE/c1" ]
		[ ! -e "$STATE/.old=c1" ]
	done
}

@test "files that hooks leave in the state directory are removed with the container, but no file behind a link" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	echo precious >"$BATS_TEST_TMPDIR/outside/file"
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' --arg text \
		"cd '$STATE/c1' && mkdir -p a/b/c && echo x >a/b/c/file && chmod 0 a/b && mkfifo fifo && ln -s '$BATS_TEST_TMPDIR/outside' link"
	sh_program 'exit 7'
	try run --bundle "$BUNDLE" c1
	assert_status 7
	[ -z "$stderr" ]
	[ ! -e "$STATE/c1" ]
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	try delete --force c1
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/outside/file")" = precious ]
}

@test "run ends with the program's status whatever a hook does to the state directory" {
	local what
	for what in 'rm state.json' 'echo { >state.json' 'rm -r *' 'rm state.json; mkdir state.json; mkfifo state.json/x'; do
		config '.hooks.poststart = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' --arg text "cd '$STATE/c1' && $what"
		sh_program 'exit 7'
		try run --bundle "$BUNDLE" c1
		assert_status 7
		[ ! -e "$STATE/c1" ] || fail "$what: $(ls -A "$STATE/c1")"
	done
}

@test "a file system that is mounted in the state directory is not emptied" {
	[ "$(id -u)" != 0 ] || skip "for an ordinary user in a user namespace of their own"
	program /bin/true
	observe timeout 20 unshare --user --map-root-user --mount sh -c '
		"$0" --root "$1" create --bundle "$2" c1 </dev/null >/dev/null || exit 99
		mkdir "$1/c1/mnt" && mount -t tmpfs none "$1/c1/mnt" && echo x >"$1/c1/mnt/file"
		"$0" --root "$1" delete --force c1
		echo "$? $(cat "$1/c1/mnt/file")"
		umount "$1/c1/mnt"
		"$0" --root "$1" delete --force c1' "$URUN" "$STATE" "$BUNDLE"
	[ "$status" != 99 ] || skip "no container in a user namespace here: $stderr"
	assert_status 0
	assert_output '1 x'
	assert_contains "$stderr" "$STATE/c1/mnt"
}
