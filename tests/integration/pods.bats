#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container that joins the namespaces of a running container can do the same as a container alone.
load lib.bash

# in_second TEXT: runs the line of shell in the container c2, as `try` does.
in_second() {
	sh_program "$1"
	try run --bundle "$BUNDLE" c2
}

# start_first: starts the container c1, whose user and pid namespaces others join.  $FIRST is its pid.
start_first() {
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	FIRST=$(urun state c1 | jq .pid)
}

# join TYPE…: the bundle's container joins these namespaces of c1, and has new namespaces of the other types.
join() {
	config '.linux.namespaces = ([$ARGS.positional[] | {type: ., path: "/proc/\($pid)/ns/\(.)"}] +
		[{type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}] +
		(if $ARGS.positional | index("pid") then [] else [{type: "pid"}] end))' --arg pid "$FIRST" --args -- "$@"
}

@test "a container in another's user and pid namespaces sees the other's processes, and has a root and a /proc of its own" {
	start_first
	join user pid
	in_second 'ps | grep -c "sleep [6]0"; cat /proc/1/comm; readlink /proc/self/ns/pid'
	assert_output $'1\nsleep\n'"$(readlink "/proc/$FIRST/ns/pid")"
	urun delete --force c1
}

@test "a container in another's user namespace alone has its own processes" {
	start_first
	join user
	in_second 'ps | grep -c "sleep [6]0"; echo $$'
	assert_output $'0\n1'
	urun delete --force c1
}

@test "a container in another's pid namespace can have a controlling terminal" {
	start_first
	join user pid
	config '.process.terminal = true'
	sh_program 'tty; echo told >/dev/tty; ps -o pid,sid | grep -c "^ *$$ *$$ *\$"'
	observe timeout 20 script -qec "$URUN --root $STATE run --bundle $BUNDLE c2" /dev/null </dev/null
	assert_status 0
	assert_contains "$output" /dev/pts/0
	assert_contains "$output" told
	assert_contains "${lines[2]}" 1
	urun delete --force c1
}

@test "a container in another's pid namespace can have a network and published ports" {
	start_first
	join user pid
	program /bin/sh -c 'echo served >/page; exec nc -l -p 80 -e cat /page'
	local port
	# A free port of the host: other tests run at the same time.
	urun run --detach --network slirp --publish 127.0.0.1:0:80 --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
	port=$(urun port c2 | sed -n 's|^80/tcp -> 127\.0\.0\.1:||p')
	wait_for 5 sh -c 'busybox nc 127.0.0.1 "$1" </dev/null | grep served' sh "$port"
	urun delete --force c2
	urun delete --force c1
}

@test "a container in another's pid namespace can have an overlay and clocks of its own" {
	start_first
	join user pid
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}} |
		.annotations = {"org.urun.overlay": "tmpfs"}'
	in_second 'echo changed >/etc/passwd && cut -d. -f1 /proc/uptime'
	assert_status 0
	[ "$output" -gt 1000000 ]
	grep -q '^root:' "$BUNDLE/rootfs/etc/passwd"
	urun delete --force c1
}

@test "a container in another's pid namespace is created, entered, started and deleted without an effect on the other" {
	start_first
	join user pid
	program /bin/sleep 61
	urun create --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
	is_status c2 created
	try exec c2 cat /proc/self/comm
	assert_output cat
	urun start c2
	is_status c2 running
	[ "$(cat "/proc/$(urun state c2 | jq .pid)/comm")" = sleep ]
	urun kill c2 KILL
	wait_for 5 is_status c2 stopped
	urun delete c2
	is_status c1 running
	urun delete --force c1
}

@test "hooks of a container in another's pid namespace run before its program, and outside that namespace" {
	start_first
	join user pid
	config '.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c",
		"cat >/dev/null; readlink /proc/self/ns/pid >\($file)"]}]}' --arg file "$BATS_TEST_TMPDIR/hook"
	in_second 'echo ran'
	assert_output ran
	[ "$(cat "$BATS_TEST_TMPDIR/hook")" = "$(readlink /proc/self/ns/pid)" ]
	urun delete --force c1
}

# in_callers_pid_namespace: runs the container c2 in a new user namespace, and in a pid namespace that belongs to the caller's user
# namespace.
in_callers_pid_namespace() {
	config '.linux.namespaces = [{type: "pid", path: "/proc/PID/ns/pid"}, {type: "user"}, {type: "mount"},
		{type: "network"}, {type: "ipc"}, {type: "uts"}]'
	rm -f "$BATS_TEST_TMPDIR/forked"
	# shellcheck disable=SC2016 # the inner shell expands them
	observe timeout 20 unshare -Ur sh -c '
		unshare --pid --fork sh -c "echo >\"$1\"; exec sleep 62" 2>/dev/null & outer=$!
		until [ -s "$1" ]; do :; done
		pid=$(cat "/proc/$outer/task/$outer/children")
		sed -i "s|/proc/PID/|/proc/${pid% }/|" "$2/config.json"
		"$3" --root "$4" run --bundle "$2" c2
		status=$?
		kill -9 $pid
		wait
		exit $status' sh "$BATS_TEST_TMPDIR/forked" "$BUNDLE" "$URUN" "$STATE"
}

@test "a container in a new user namespace can be in a pid namespace of its caller, without a new procfs" {
	config 'del(.mounts)'
	sh_program 'echo $$; id -u'
	in_callers_pid_namespace
	assert_output $'2\n0'
}

@test "in a pid namespace of the caller a new procfs and hooks are refused" {
	in_callers_pid_namespace
	assert_status 125
	assert_one_line "a proc file system of the joined pid namespace"
	config 'del(.mounts) | .hooks = {createContainer: [{path: "/bin/true"}]}'
	in_callers_pid_namespace
	assert_status 125
	assert_one_line hooks.createContainer
}
