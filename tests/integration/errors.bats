#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Errors: one line each, in the file and the format that the options ask for.
load lib.bash

@test "without a command urun prints an error" {
	observe urun
	[ "$status" != 0 ]
	[ "$(grep -c '' <<<"$stderr")" -ge 1 ]
}

@test "the error for an unknown command, option or argument names it in one line" {
	try nosuch
	assert_status 1
	assert_one_line nosuch
	try --nosuch run c1
	assert_status 1
	assert_one_line --nosuch
	try run --nosuch c1
	assert_status 125
	assert_one_line --nosuch
	try state c1 c2
	assert_status 1
	assert_one_line c2
}

@test "the error for a command without an id names the command" {
	local command
	for command in state start delete kill; do
		try "$command"
		assert_status 1
		assert_one_line "$command"
	done
	try run --bundle "$BUNDLE"
	assert_status 125
	assert_one_line run
}

@test "the error for an option without its argument names the option" {
	try create --bundle
	assert_status 1
	assert_one_line bundle
	# A global option's error names no command.
	observe "$URUN" --log
	assert_status 1
	[ "$stderr" = 'urun: option --log requires an argument' ]
	observe "$URUN" --nosuch
	[ "$stderr" = 'urun: unknown option --nosuch' ]
	observe "$URUN" --root '' list
	[ "$stderr" = 'urun: option --root has an empty value' ]
}

@test "commands that need no cgroup manager refuse an unknown one too" {
	local command
	for command in list 'state c1' features 'delete --force c1'; do
		# shellcheck disable=SC2086 # a command with its arguments
		try --cgroup-manager foo $command
		assert_status 1
		assert_one_line --cgroup-manager "'foo'"
	done
	try --cgroup-manager disabled list
	assert_status 0
}

@test "run ends with 125 for an error of its own, and other commands end with 1" {
	try run --bundle /no/such/bundle c1
	assert_status 125
	assert_one_line /no/such/bundle 'no such file or directory'
	try create --bundle /no/such/bundle c1
	assert_status 1
	assert_one_line /no/such/bundle 'no such file or directory'
}

@test "the error for a container names its id" {
	program /no/such/program
	try run --bundle "$BUNDLE" the-one
	assert_one_line the-one
}

@test "--log has the same line, as text" {
	try --log "$BATS_TEST_TMPDIR/log" state nobody
	assert_status 1
	assert_one_line nobody
	[ "$(grep -c '' "$BATS_TEST_TMPDIR/log")" = 1 ]
	assert_contains "$(cat "$BATS_TEST_TMPDIR/log")" 'does not exist'
}

@test "a log format without a log file changes nothing, for every command" {
	local format command
	for format in json text; do
		for command in run create start exec state kill delete list spec check doctor ps port pause resume update events stats features; do
			try --log-format "$format" "$command" --help
			assert_status 0
			[ -z "$stderr" ] || fail "$command: $stderr"
		done
		try --log-format "$format" list --quiet
		assert_output ''
		assert_status 0
		for command in state checkpoint restore; do
			try --log-format "$format" "$command" nobody
			assert_status 1
			assert_one_line
		done
		try --log-format "$format" --version
		assert_status 0
	done
}

@test "--log-format json is one object a line, with level, msg and a time of RFC 3339" {
	program /no/such/program
	try --log "$BATS_TEST_TMPDIR/log" --log-format json run --bundle "$BUNDLE" c1
	assert_status 127
	[ "$(grep -c '' "$BATS_TEST_TMPDIR/log")" = 1 ]
	jq -e '.level == "error" and (.msg | contains("/no/such/program")) and (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"))' "$BATS_TEST_TMPDIR/log"
	# Engines read one name of the level or the other.
	assert_contains "$stderr" /no/such/program
}

@test "urun appends to the log, and writes nothing where nothing fails" {
	echo before >"$BATS_TEST_TMPDIR/log"
	try --log "$BATS_TEST_TMPDIR/log" --log-format=json run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = before ]
	try --log "$BATS_TEST_TMPDIR/log" --log-format=json state nobody
	[ "$(head -n1 "$BATS_TEST_TMPDIR/log")" = before ]
	[ "$(grep -c '' "$BATS_TEST_TMPDIR/log")" = 2 ]
}

@test "a log that can't be opened is an error that names it" {
	try --log /no/such/directory/log state nobody
	assert_status 1
	assert_one_line /no/such/directory/log
}

@test "the error for an unknown log format or level names it" {
	try --log-format moon state nobody
	assert_status 1
	assert_one_line moon
	try --log-level moon state nobody
	assert_status 1
	assert_one_line moon
}

@test "--debug prints the steps on stderr, and stdout stays the program's" {
	sh_program 'echo result'
	try --debug run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output result
	[ "$(grep -c '' <<<"$stderr")" -gt 5 ]
}

@test "--debug prints what was changed to fit the user namespace" {
	try --debug run --bundle "$BUNDLE" c1
	assert_status 0
	assert_contains "$stderr" user
}

@test "a container that can't be made leaves its id free" {
	config '.mounts += [{"destination": "/x", "type": "bind", "source": "/no/such/source", "options": ["bind"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	config 'del(.mounts[-1])'
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "resource limits that can't be enforced are an error, and never ignored" {
	config '.linux.resources = {"memory": {"limit": 10000000}}'
	try run --bundle "$BUNDLE" c1
	if [ "$status" = 0 ]; then
		fail "ran without the limit that was asked for"
	fi
	assert_status 125
	assert_one_line memory
}

@test "device rules are no error, as the user namespace forbids more than they do" {
	config '.linux.resources = {"devices": [{"allow": false, "access": "rwm"}]}'
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

# single_id: the mapping has one id, which needs no set-user-ID helper, so that strace can follow every process.
single_id() {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

# injected SYSCALL ERRNO: strace makes the call fail; the error must be one line, and nothing may be left behind.
injected() {
	observe strace_within 30 -f -qq -o /dev/null --inject="$1:error=$2" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	[ "$status" = 125 ] || [ "$status" = 126 ] || [ "$status" = 127 ] || fail "$1: exit status $status, stderr: $stderr"
	[ -z "$output" ] || fail "$1: stdout: $output"
	[ "$(grep -c '' <<<"$stderr")" = 1 ] || fail "$1: not one line: $stderr"
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ] || fail "$1: left in the state root: $(ls -A "$STATE")"
}

@test "a system call that fails gives one line and leaves nothing" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	local call
	for call in clone3 socketpair pivot_root move_mount open_tree fsopen fsmount sethostname capset chdir setsid openat2; do
		if strace_within 30 -f -qq -o "$BATS_TEST_TMPDIR/calls" -e trace="$call" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 &&
			grep -q "$call(" "$BATS_TEST_TMPDIR/calls"; then
			injected "$call" EPERM
		fi
	done
}

@test "a full disk gives one line and leaves nothing" {
	command -v strace >/dev/null || skip "strace isn't installed"
	single_id
	injected mkdir,mkdirat ENOSPC
	assert_contains "$stderr" 'no space left on device'
}

@test "the error for a mount point that can't be made in the root file system names it, and what helps" {
	[ "$(id -u)" != 0 ] || skip "for a user who can't write to /usr/share"
	[ -d /usr/share/doc ] && [ ! -e /usr/share/doc/proc ] || skip "no /usr/share/doc here"
	try run --rootfs /usr/share/doc --network none --volume /bin:/bin sh
	assert_status 125
	assert_one_line 'mount proc on /proc' 'the root file system has no /proc' "can't be made" 'permission denied' --overlay
	mkdir "$BATS_TEST_TMPDIR/a"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BATS_TEST_TMPDIR/a:/bin/sh/a" true
	assert_status 125
	assert_one_line 'on /bin/sh/a: in the root file system /bin/sh is no directory'
	echo x >"$BATS_TEST_TMPDIR/file"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BATS_TEST_TMPDIR/file:/bin" true
	assert_status 125
	assert_one_line 'on /bin: in the root file system /bin is a directory'
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BATS_TEST_TMPDIR/a:/a:ro" --volume "$BATS_TEST_TMPDIR/a:/a/b" true
	assert_status 125
	assert_one_line "there is no /a/b, and it can't be made: read-only file system"
	refute_contains "$stderr" --overlay
	config '.mounts = [.mounts[] | select(.destination == "/proc")] | .root.path = "/usr/share/doc" | .linux.devices = [{path: "/dev/x/null", type: "c", major: 1, minor: 3}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'has no /proc'
}

@test "output that doesn't arrive is an error, of a help, a version, ports and an id too" {
	local command
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60 </dev/null >/dev/null
	for command in --help --version help 'run --help' 'images --help' list 'inspect c1'; do
		# shellcheck disable=SC2016,SC2086 # for the shell in there; a command with its arguments
		observe bash -c '"$@" >/dev/full' bash "$URUN" --root "$STATE" $command
		assert_status 1
		assert_one_line 'urun: write to standard output: no space left on device'
	done
	# shellcheck disable=SC2016 # for the shell in there
	observe bash -c '"$@" >/dev/full' bash "$URUN" --root "$STATE" run --detach --rootfs "$BUNDLE/rootfs" --network none sleep 60
	assert_status 125
	assert_one_line 'urun: write to standard output: no space left on device'
	try rm --all --force
	[ "$(wc -l <<<"$output")" = 2 ]
}
