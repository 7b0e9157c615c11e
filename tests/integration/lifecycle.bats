#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers over several commands: create, start, state, kill, delete, list.
load lib.bash

# create ID: creates a container; its output is in out and err, its pid in the file pid.
create() {
	urun create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
}

@test "after create, start, the program's end and delete a container is created, running, stopped and unknown" {
	sh_program 'echo started; while [ ! -e /tmp/go ]; do sleep 0.05; done'
	create c1
	is_status c1 created
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	try start c1
	assert_status 0
	assert_output ''
	is_status c1 running
	touch "$BUNDLE/rootfs/tmp/go"
	wait_for 5 is_status c1 stopped
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = started ]
	try delete c1
	assert_status 0
	try state c1
	assert_status 1
	assert_one_line c1 'does not exist'
}

@test "state prints the fields of the spec, and its pid is the container's process" {
	program /bin/sleep 30
	config '.annotations = {"org.example.key": "a value"}'
	create c1
	urun start c1
	try state c1
	assert_status 0
	local pid
	pid=$(jq -r .pid <<<"$output")
	[ "$pid" = "$(cat "$BATS_TEST_TMPDIR/pid")" ]
	jq -e --arg bundle "$BUNDLE" '.id == "c1" and .status == "running" and .bundle == $bundle and (.ociVersion | startswith("1."))
		and .annotations["org.example.key"] == "a value" and (.created | fromdateiso8601? // test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"))' <<<"$output"
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = '/bin/sleep 30 ' ]
	urun delete --force c1
}

@test "the pid file has the pid in decimal and nothing else" {
	create c1
	[[ $(cat "$BATS_TEST_TMPDIR/pid") =~ ^[1-9][0-9]*$ ]]
	[ "$(wc -c <"$BATS_TEST_TMPDIR/pid")" = "$(printf %s "$(cat "$BATS_TEST_TMPDIR/pid")" | wc -c)" ]
	urun delete c1
}

@test "a create that fails leaves no pid file" {
	config '.mounts += [{"destination": "/x", "type": "bind", "source": "/no/such/source", "options": ["bind"]}]'
	observe create c1
	assert_status 1
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
}

@test "kill without a signal sends SIGTERM" {
	sh_program 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'
	create c1
	urun start c1
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	try kill c1
	assert_status 0
	wait_for 5 is_status c1 stopped
	urun delete c1
}

@test "kill accepts signals by number, by name and by name with SIG" {
	sh_program 'for s in USR1 USR2 HUP; do trap "echo $s" $s; done; trap "echo 36" 36; echo ready; while :; do sleep 0.02; done'
	create c1
	urun start c1
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	urun kill c1 10
	wait_for 5 grep -q USR1 "$BATS_TEST_TMPDIR/out"
	urun kill c1 USR2
	wait_for 5 grep -q USR2 "$BATS_TEST_TMPDIR/out"
	urun kill c1 SIGHUP
	wait_for 5 grep -q HUP "$BATS_TEST_TMPDIR/out"
	urun kill c1 RTMIN+2
	wait_for 5 grep -q 36 "$BATS_TEST_TMPDIR/out"
	urun delete --force c1
}

@test "delete may follow a SIGKILL immediately" {
	local how
	program /bin/sleep 30
	for _ in 1 2 3; do
		for how in '' --all; do
			create c1
			urun start c1
			urun kill $how c1 KILL
			urun delete c1
		done
	done
	try list -q
	assert_output ''
}

@test "the error for an unknown signal names it" {
	create c1
	try kill c1 NOSUCH
	assert_status 1
	assert_one_line NOSUCH
	try kill c1 99
	assert_status 1
	assert_one_line 99
	urun delete c1
}

@test "kill of a stopped container says that it isn't running" {
	create c1
	urun start c1
	wait_for 5 is_status c1 stopped
	try kill c1 TERM
	assert_status 1
	assert_one_line 'container not running'
	urun delete c1
}

@test "a created container can be killed" {
	create c1
	urun kill c1 KILL
	wait_for 5 is_status c1 stopped
	urun delete c1
}

@test "delete of a created container ends it" {
	create c1
	local pid
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	try delete c1
	assert_status 0
	wait_for 5 test ! -e "/proc/$pid/exe"
}

@test "delete refuses a running container, and delete --force ends it" {
	program /bin/sleep 30
	create c1
	urun start c1
	try delete c1
	assert_status 1
	assert_one_line c1 running
	is_status c1 running
	try delete --force c1
	assert_status 0
	try state c1
	assert_status 1
}

@test "delete --force of an unknown container is no error" {
	try delete --force nobody
	assert_status 0
	[ -z "$stderr" ]
}

@test "every command's error for an unknown container says that it does not exist" {
	local command
	for command in state start delete 'kill nobody TERM'; do
		# shellcheck disable=SC2086 # a command with its arguments
		set -- $command
		[ $# -gt 1 ] || set -- "$command" nobody
		try "$@"
		assert_status 1
		assert_one_line nobody 'does not exist'
	done
}

@test "create with an id that is in use is an error, and the first container lives on" {
	program /bin/sleep 30
	create c1
	urun start c1
	observe urun create --bundle "$BUNDLE" c1
	assert_status 1
	assert_one_line c1 exist
	is_status c1 running
	urun delete --force c1
}

@test "ids that could lead out of the state root are refused before anything is made" {
	local id
	for id in '' . .. a/b ../c 'a b' 'ü' "$(printf 'x%.0s' $(seq 2000))"; do
		observe urun run --bundle "$BUNDLE" -- "$id"
		[ "$status" != 0 ] || fail "taken: $id"
		[ "$(grep -c '' <<<"$stderr")" = 1 ]
	done
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ]
}

@test "ids may have letters, digits, plus, minus, dot and underscore" {
	try run --bundle "$BUNDLE" A-z_0.9+x
	assert_status 0
}

@test "start of a running container is an error" {
	program /bin/sleep 30
	create c1
	urun start c1
	try start c1
	assert_status 1
	assert_one_line c1
	urun delete --force c1
}

@test "start reports a program that doesn't exist, and the container is then stopped" {
	program /no/such/program
	observe create c1
	if [ "$status" = 0 ]; then
		try start c1
		[ "$status" != 0 ]
		assert_one_line /no/such/program 'no such file or directory'
		wait_for 5 is_status c1 stopped
		urun delete c1
	else
		assert_contains "$(cat "$BATS_TEST_TMPDIR/err")" /no/such/program
	fi
}

@test "create without a process succeeds, and start of that container is an error" {
	config 'del(.process)'
	observe create c1
	assert_status 0
	try start c1
	assert_status 1
	assert_one_line process
	urun delete c1
}

@test "list prints a table of the containers" {
	create c1
	create c2
	try list
	assert_status 0
	[[ ${lines[0]} =~ ^ID\ +COMMAND\ +CREATED\ +STATUS\ +PORTS$ ]]
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[1]} =~ ^c1\ .*\ (now|ago)\ +created$ ]]
	urun start c1
	wait_for 5 is_status c1 stopped
	try list --all
	[[ ${lines[1]} =~ ^c1\ .*\ stopped$ ]]
	urun delete c1
	urun delete c2
}

@test "list --format json prints an array, which is [] without containers" {
	try list --format json
	assert_status 0
	[ "$(jq -c . <<<"$output")" = '[]' ]
	create c1
	try list --format json
	jq -e --arg bundle "$BUNDLE" --arg user "$(id -un)" 'length == 1 and .[0].id == "c1" and .[0].status == "created"
		and .[0].bundle == $bundle and .[0].pid > 1 and .[0].owner == $user and .[0].rootfs == $bundle + "/rootfs"' <<<"$output"
	urun delete c1
}

@test "list --quiet prints the ids alone" {
	create c1
	create c2
	try list -q
	assert_output $'c1\nc2'
	urun delete c1
	urun delete c2
}

@test "without --root the state root is in XDG_RUNTIME_DIR" {
	"$URUN" create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	[ -d "$XDG_RUNTIME_DIR/urun/c1" ]
	"$URUN" delete c1
}

@test "only the user can enter the state root" {
	create c1
	[ "$(stat -c %a "$STATE")" = 700 ]
	urun delete c1
}

@test "a state root that can't be made is an error that names it" {
	mkdir -m 777 "$BATS_TEST_TMPDIR/open"
	chmod 777 "$BATS_TEST_TMPDIR/open"
	unset XDG_RUNTIME_DIR
	observe "$URUN" --root /root-of-nobody/x run --bundle "$BUNDLE" c1
	[ "$status" != 0 ]
	assert_one_line /root-of-nobody
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
}

@test "the container outlives the urun that created it, and no urun process stays" {
	program /bin/sleep 30
	create c1
	urun start c1
	[ -z "$(processes_of_ours urun)" ]
	[ "$(ps -o comm= -p "$(cat "$BATS_TEST_TMPDIR/pid")")" = sleep ]
	urun delete --force c1
}

@test "the container has create's stdio alone: a pipe ends when the program does" {
	sh_program 'echo out; sleep 0.2; echo end'
	# cat ends only when no process has the pipe open.
	timeout 20 sh -c '"$1" --root "$2" create --bundle "$3" c1 </dev/null | cat >"$4/piped"' sh "$URUN" "$STATE" "$BUNDLE" "$BATS_TEST_TMPDIR" &
	local reader=$!
	wait_for 5 is_status c1 created
	urun start c1
	wait "$reader"
	[ "$(cat "$BATS_TEST_TMPDIR/piped")" = $'out\nend' ]
	urun delete c1
}

@test "changes of the bundle after create don't change what starts" {
	sh_program 'echo first'
	create c1
	sh_program 'echo second'
	urun start c1
	wait_for 5 is_status c1 stopped
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = first ]
	urun delete c1
}

@test "a container of run --keep has its id until it is deleted" {
	export RUN_ALONE=1
	program /bin/true
	try run --keep --bundle "$BUNDLE" c1
	assert_status 0
	try run --keep --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line c1 'already exists (hint: `urun rm c1` removes one that has ended)'
	is_status c1 stopped
	urun delete c1
}

@test "delete --regex removes the containers that match, and no others" {
	create test-1
	create test-2
	create other
	try delete --force --regex '^test-[0-9]$'
	assert_status 0
	try list -q
	assert_output other
	try delete --regex '['
	assert_status 1
	assert_one_line "'['"
	urun delete other
}

@test "a container that waits for start has no descriptor of the host" {
	config '.linux.maskedPaths = ["/proc/interrupts", "/proc/timer_list"]'
	create c1
	local fd target
	for fd in "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/fd"/*; do
		target=$(readlink "$fd")
		case ${fd##*/}:$target in
		[012]:*) ;;
		*:socket:*) ;;
		*:/) ;;
		# The two FIFOs that `start` uses.
		*:"$STATE"/c1/*) [ -p "$fd" ] || fail "${fd##*/} is $target" ;;
		*) fail "${fd##*/} is $target" ;;
		esac
	done
	urun delete c1
}
