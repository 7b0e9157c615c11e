#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six kinds of hooks: where and when they run, with which arguments and environment, and what their failure means.
load lib.bash

# hook KIND SCRIPT [JQ-MEMBERS]: adds a hook that runs SCRIPT by the host's sh.  Scripts write to the file $LOG.
hook() {
	config '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $script]} + $more]' --arg kind "$1" --arg script "$2" --argjson more "${3:-{\}}"
}

setup_log() {
	LOG=$BATS_TEST_TMPDIR/log
	export LOG
}

# IDS: a hook's text for its mount and user namespaces.
IDS='$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user)'

@test "each hook runs once, in the order of the spec, with the status of the container at that moment" {
	setup_log
	local kind
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook "$kind" "state=\$(cat); echo $kind \"\$(echo \"\$state\" | jq -r .status)\" >>'$LOG'"
	done
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/tmp/state; cut -d, -f4 /tmp/state >/tmp/seen"]}]'
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$(cat "$LOG")" = $'prestart created\ncreateRuntime creating\ncreateContainer creating\npoststart running\npoststop stopped' ] || fail "$(cat "$LOG")"
	assert_contains "$(cat "$BUNDLE/rootfs/tmp/seen")" created
}

@test "createRuntime runs on the host, createContainer in the container's namespaces, and startContainer in its root" {
	setup_log
	hook createRuntime "echo createRuntime $IDS >>'$LOG'"
	hook createContainer "echo createContainer $IDS >>'$LOG'; [ -e '$BUNDLE/config.json' ]"
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "readlink /proc/self/ns/mnt >/tmp/mnt; ls / >/tmp/root"]}]'
	sh_program 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/user'
	try run --bundle "$BUNDLE" c1
	assert_status 0
	local host
	host="$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user)"
	grep -qxF "createRuntime $host" "$LOG"
	grep -qxF "createContainer ${lines[0]} ${lines[1]}" "$LOG"
	[ "$(cat "$BUNDLE/rootfs/tmp/mnt")" = "${lines[0]}" ]
	grep -qx bin "$BUNDLE/rootfs/tmp/root"
}

@test "a hook receives the container's state on stdin: id, bundle, pid and annotations" {
	setup_log
	config '.annotations = {"org.example.key": "a value"}'
	hook createRuntime "cat >'$LOG'"
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 0
	jq -e --arg bundle "$BUNDLE" '.id == "c1" and .bundle == $bundle and .pid > 1 and .annotations["org.example.key"] == "a value"' "$LOG"
}

@test "a hook has its args and env; without env it has the caller's environment, and startContainer the program's" {
	setup_log
	config '.hooks.prestart = [{path: "/usr/bin/env", args: ["env"], env: ["ONLY=this"]}]'
	hook createRuntime "echo runtime \$CALLER >>'$LOG'"
	hook createContainer "echo container \$CALLER \$_OCI_SYNCPIPE >>'$LOG'"
	config '.process.env += ["INSIDE=yes"] | .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo start $INSIDE $HOME $CALLER >/tmp/env"]}]'
	program /bin/true
	CALLER=known _OCI_SYNCPIPE=3 try run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$(cat "$LOG")" = $'runtime known\ncontainer known' ] || fail "$(cat "$LOG")"
	[ "$(cat "$BUNDLE/rootfs/tmp/env")" = 'start yes /root' ]
}

@test "the failure of a hook before the program ends the creation, and poststop hooks run" {
	export RUN_ALONE=1
	setup_log
	hook poststop "echo poststop >>'$LOG'"
	local kind
	for kind in prestart createRuntime createContainer startContainer; do
		: >"$LOG"
		config 'del(.hooks.prestart, .hooks.createRuntime, .hooks.createContainer, .hooks.startContainer)
			| .hooks[$kind] = [{path: "/bin/true"}, {path: "/bin/sh", args: ["sh", "-c", "echo because >&2; exit 3"]}]' --arg kind "$kind"
		program /bin/touch /tmp/ran
		try run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line "hooks.${kind}[1]" 'exit status 3' because
		[ ! -e "$BUNDLE/rootfs/tmp/ran" ]
		[ "$(cat "$LOG")" = poststop ] || fail "$kind: $(cat "$LOG")"
		try state c1
		assert_status 1
	done
}

@test "a poststart hook that fails ends the container" {
	export RUN_ALONE=1
	hook poststart 'exit 1'
	program /bin/sleep 100
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hooks.poststart[0]'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try start c1
	assert_status 1
	assert_one_line 'hooks.poststart[0]'
	try state c1
	assert_status 1
	assert_one_line 'does not exist'
}

@test "the failure of a poststop hook is a warning, and the next hooks run" {
	setup_log
	hook poststop 'exit 4'
	hook poststop 'exit 5'
	hook poststop "echo last >>'$LOG'"
	sh_program 'exit 9'
	try run --bundle "$BUNDLE" c1
	assert_status 9
	assert_contains "$stderr" 'hooks.poststop[0]'
	assert_contains "$stderr" 'hooks.poststop[1]'
	[ "$(cat "$LOG")" = last ]
}

@test "a hook that takes longer than its time-out is killed with all processes that it started" {
	export RUN_ALONE=1
	setup_log
	hook createRuntime "sleep 1000 & echo \$! >>'$LOG'; wait" '{"timeout": 1}'
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hooks.createRuntime[0]' time-out
	wait_for 5 eval "! kill -0 $(cat "$LOG")"
}

@test "the error for a hook that isn't found names it" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hooks.createRuntime[0]' /no/such/hook 'no such file or directory'
}

@test "create, start and delete run the hooks of their own steps" {
	setup_log
	local kind
	for kind in createRuntime poststart poststop; do hook "$kind" "echo $kind >>'$LOG'"; done
	program /bin/sleep 100
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	[ "$(cat "$LOG")" = createRuntime ]
	urun start c1
	[ "$(cat "$LOG")" = $'createRuntime\npoststart' ]
	urun delete --force c1
	[ "$(cat "$LOG")" = $'createRuntime\npoststart\npoststop' ]
}

@test "the seccomp filter holds for startContainer hooks" {
	export RUN_ALONE=1
	config '.hooks.startContainer = [{path: "/bin/mkdir", args: ["mkdir", "/tmp/made"]}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hooks.startContainer[0]'
	[ ! -e "$BUNDLE/rootfs/tmp/made" ]
}
