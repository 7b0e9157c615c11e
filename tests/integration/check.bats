#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `check`: it prints all problems of a config or of options at once, and none where `run` would succeed.
load lib.bash

# problem TEXT: one of the lines of the output begins with TEXT.
problem() {
	local line
	for line in "${lines[@]}"; do
		[[ $line != "$1"* ]] || return 0
	done
	fail "no problem begins so: $1
$output"
}

@test "a bundle that runs has no problem, and check leaves nothing behind" {
	try check "$BUNDLE"
	assert_status 0
	assert_output 'no problem found'
	[ -z "$stderr" ] || fail "$stderr"
	[ ! -e "$STATE" ]
	cd "$BUNDLE"
	try check
	assert_status 0
	try run c1
	assert_status 0
}

@test "check prints all problems of a config, each with its path and the fix" {
	config '.process.cwd = "relative" | .process.env += ["A"] | .process.args = ["/nowhere"]
		| .process.user = {uid: 4000000, gid: 4000001}
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1, hard: 4294967296}]
		| .mounts += [{destination: "/a", type: "ext4", source: "/dev/sda"},
			{destination: "/b", type: "bind", source: "/no/source", options: ["rbind"]},
			{destination: "", type: "tmpfs", options: ["uid=4000002"]}]
		| .linux.devices += [{path: "/dev/q", type: "c", major: 99, minor: 77}]
		| .linux.sysctl = {"vm.swappiness": "1"}'
	local n
	n=$(jq '.mounts | length' "$BUNDLE/config.json")
	try check "$BUNDLE"
	assert_status 1
	problem 'process.cwd: "relative" must be an absolute path'
	problem 'process.env['
	problem 'process.user.uid: uid 4000000 is not mapped'
	problem 'process.user.gid: gid 4000001 is not mapped'
	problem 'process.rlimits[0]: the hard limit 4294967296'
	problem "mounts[$((n - 3))].type: only root of the host can mount ext4"
	problem "mounts[$((n - 2))]: mount /no/source on /b: no such file or directory"
	problem "mounts[$((n - 1))].destination: is empty"
	problem "mounts[$((n - 1))].options[0]: uid 4000002 is not mapped"
	problem 'linux.devices['
	problem 'linux.sysctl.vm.swappiness: '
	# shellcheck disable=SC2016 # quotes of the message
	problem 'open executable `/nowhere`: no such file or directory'
	[ "${#lines[@]}" = 12 ] || fail "$output"
	[ -z "$stderr" ] || fail "$stderr"
	assert_contains "$output" '/etc/security/limits.conf'
}

@test "check prints each value of a file that isn't a config" {
	echo '{"ociVersion": 1, "process": {"args": "sh", "cwd": 3}, "root": {}, "mounts": [{}, {"destination": 1}]}' >"$BUNDLE/config.json"
	try check "$BUNDLE"
	assert_status 1
	assert_lines 'ociVersion: must be a string, not a number' \
		'process.args: must be an array, not a string' \
		'process.cwd: must be a string, not a number' \
		'root.path: missing' \
		'mounts[0].destination: missing' \
		'mounts[1].destination: must be a string, not a number'
	echo '{' >"$BUNDLE/config.json"
	try check "$BUNDLE"
	assert_status 1
	assert_contains "$output" 'not JSON'
	rm "$BUNDLE/config.json"
	try check "$BUNDLE"
	assert_status 1
	assert_contains "$output" 'no such file or directory'
}

@test "check takes the options of run and prints their problems" {
	try check --rootfs "$BUNDLE/rootfs" --network none ls -l
	assert_status 0
	try check --rootfs "$BUNDLE/rootfs" --network none --volume /no/source:/a --volume /no/other:/b --user nobody-here no-such-program
	assert_status 1
	problem '--volume /no/source: '
	problem '--volume /no/other: '
	problem "--user nobody-here: "
	problem 'executable file `no-such-program` not found in $PATH'
	# The problem is the same whether a start is tried or not, and the same as that of run.
	local user="--user nobody-here: user 'nobody-here' is not found in the container's /etc/passwd"
	assert_contains "$output" "$user"
	try check --rootfs "$BUNDLE/rootfs" --network none --user nobody-here true
	assert_output "$user"
	try run --rootfs "$BUNDLE/rootfs" --network none --user nobody-here true
	assert_contains "$stderr" "$user"
	# Options that exclude each other are an error of the command line, and no problem of the host.
	try check --env A=b "$BUNDLE"
	assert_status 1
	assert_contains "$stderr" '--env is for a container without a bundle'
	try check --rootfs "$BUNDLE/rootfs" --bundle "$BUNDLE" true
	assert_status 1
	assert_contains "$stderr" "--bundle can't be given too"
	try check --bundle "$BUNDLE" "$BUNDLE"
	assert_status 1
	assert_contains "$stderr" 'exclude each other'
	try check --detach --die-with-parent "$BUNDLE"
	assert_status 1
	assert_contains "$stderr" 'exclude each other'
	# Options may follow a bundle, too.
	try check "$BUNDLE" --network none
	assert_status 0
	try check --rootfs "$BUNDLE/rootfs" --no-such-option
	assert_status 1
	assert_contains "$stderr" no-such-option
}

@test "check finds a program in a mount" {
	mkdir "$BUNDLE/tools"
	cp "$BUNDLE/rootfs/bin/true" "$BUNDLE/tools/program"
	config '.mounts += [{destination: "/tools", type: "bind", source: "tools", options: ["rbind"]}]
		| .process.args = ["/tools/program"]'
	try check "$BUNDLE"
	assert_status 0
	config '.process.args = ["program"] | .process.env = ["PATH=/bin:/tools"]'
	try check "$BUNDLE"
	assert_status 0
	config '.process.env = ["PATH=/bin:/sbin"]'
	try check "$BUNDLE"
	assert_status 1
	problem 'executable file `program` not found in $PATH'
}

@test "check prints that a detached container has no terminal, and checks the rest all the same" {
	config '.process.terminal = true | .process.args = ["/nowhere"]'
	try check --detach "$BUNDLE"
	assert_status 1
	[ "${#lines[@]}" = 2 ] || fail "$output"
	problem 'process.terminal is true'
	problem 'open executable `/nowhere`'
	config 'del(.process) | .root.path = "nothing"'
	try check "$BUNDLE"
	assert_status 1
	problem "$BUNDLE/config.json: process is missing"
	problem "open root file system $BUNDLE/nothing"
}

@test "check prints hooks that can't be started" {
	config '.hooks = {createRuntime: [{path: "/no/hook"}], poststop: [{path: "/bin/true"}, {path: "/etc/passwd"}]}'
	try check "$BUNDLE"
	assert_status 1
	assert_output 'hooks.createRuntime[0]: start /no/hook: no such file or directory'
	[ "$stderr" = 'urun: warning: hooks.poststop[1]: start /etc/passwd: permission denied' ] || fail "$stderr"
}

@test "check prints that the host allows no user namespace, and the fix" {
	try_within_no_namespaces() {
		observe unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all -- "$0" --root "$1" check "$2"' "$URUN" "$STATE" "$BUNDLE"
	}
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings'
	try_within_no_namespaces
	assert_status 1
	assert_contains "$output" 'max_user_namespaces'
}

@test "--save-config writes the config that run ran, and overwrites no file" {
	try run --rootfs "$BUNDLE/rootfs" --network none --save-config "$BUNDLE/saved.json" --env A=b sh -c 'echo "$A"'
	assert_status 0
	assert_output b
	[ "$(stat -c %a "$BUNDLE/saved.json")" = 600 ]
	mkdir "$BUNDLE/again"
	cp "$BUNDLE/saved.json" "$BUNDLE/again/config.json"
	try run --bundle "$BUNDLE/again" c1
	assert_status 0
	assert_output b
	try check --rootfs "$BUNDLE/rootfs" --network none --save-config "$BUNDLE/saved.json" true
	assert_status 1
	assert_output "--save-config: $BUNDLE/saved.json is not overwritten"
	try run --rootfs "$BUNDLE/rootfs" --network none --save-config "$BUNDLE/saved.json" true
	assert_status 125
	assert_contains "$stderr" 'is not overwritten'
}

@test "--die-with-parent ends the container with urun's caller, and --die-with-parent=false lets the container outlive urun" {
	"$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name c1 --pid-file "$BUNDLE/pid" --die-with-parent=false sleep 1000 3>&- &
	local urun=$! pid
	wait_for 5 is_status c1 running
	kill -KILL "$urun"
	wait "$urun" || true
	pid=$(cat "$BUNDLE/pid")
	is_status c1 running
	kill -0 "$pid"
	try delete --force c1
	assert_status 0
	# The caller of urun is another shell, which is killed.
	bash -c '"$@" & echo $! >"$0"; sleep 1000' "$BUNDLE/urun" "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --name c2 --pid-file "$BUNDLE/pid2" --die-with-parent sleep 1000 3>&- &
	local caller=$!
	wait_for 5 is_status c2 running
	pid=$(cat "$BUNDLE/pid2")
	kill -KILL "$caller"
	wait "$caller" || true
	wait_for 5 eval "! kill -0 $pid 2>/dev/null"
	wait_for 5 eval "! kill -0 $(cat "$BUNDLE/urun") 2>/dev/null"
	try delete --force c2
	try run --detach --die-with-parent --rootfs "$BUNDLE/rootfs" --network none true
	assert_status 125
	assert_contains "$stderr" 'exclude each other'
}

@test "check tries the start of a container: no program and no hook runs, nothing is left behind, no file of the user's changes" {
	mkdir "$BUNDLE/volume"
	echo one >"$BUNDLE/volume/file"
	printf '#!/bin/sh\necho ran >>"%s/ran"\n' "$BUNDLE" >"$BUNDLE/hook"
	chmod +x "$BUNDLE/hook"
	config --arg bundle "$BUNDLE" '.process.args = ["sh", "-c", "touch /volume/ran /ran"] | .process.cwd = "/made/here"
		| .process.user = {uid: 1, gid: 1}
		| .mounts += [{destination: "/volume", type: "bind", source: "volume", options: ["rbind", "U"]},
			{destination: "/volume/inside", type: "tmpfs", source: "tmpfs"},
			{destination: "/new/place", type: "tmpfs", source: "tmpfs"}]
		| .linux.devices = [{type: "c", path: "/opt/null", major: 1, minor: 3}]
		| .hooks = {createRuntime: [{path: ($bundle + "/hook")}], createContainer: [{path: ($bundle + "/hook")}],
			poststop: [{path: ($bundle + "/hook")}]}'
	find "$BUNDLE" -printf '%p %u %m %T@\n' | sort >"$BATS_TEST_TMPDIR/before"
	try check "$BUNDLE"
	assert_output 'no problem found'
	assert_status 0
	find "$BUNDLE" -printf '%p %u %m %T@\n' | sort >"$BATS_TEST_TMPDIR/after"
	cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	[ ! -e "$STATE" ]
	# The try doesn't change the namespaces of another container either, when the bundle shares them.
	config 'del(.hooks) | .process.args = ["sleep", "100"]'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	config --arg pid "$(urun state c1 | jq .pid)" '.hostname = "other" | .linux.namespaces |= map(if .type == "uts" then .path = "/proc/\($pid)/ns/uts" else . end)
		| .linux.namespaces += [{type: "user", path: "/proc/\($pid)/ns/user"}]'
	try check "$BUNDLE"
	assert_output 'no problem found'
	observe urun exec c1 hostname
	assert_output urun-test
	urun delete --force c1
}

@test "check prints the same line as run for a program that can't be executed" {
	local line
	printf '#!/no/interpreter\n' >"$BUNDLE/rootfs/script"
	printf 'neither\n' >"$BUNDLE/rootfs/garbage"
	chmod +x "$BUNDLE"/rootfs/{script,garbage}
	for line in /script /garbage /etc /etc/passwd ./nothing nothing ''; do
		program "$line"
		try run --bundle "$BUNDLE" c1
		[ "$status" = 126 ] || [ "$status" = 127 ] || fail "$status $stderr"
		line=${stderr#urun: c1: }
		try check "$BUNDLE"
		assert_output "$line"
	done
}

@test "--explain prints the plan of the container, and what was fitted to the host" {
	config '.mounts += [{destination: "/data", type: "bind", source: "rootfs", options: ["rbind", "ro", "nosuid"]}]
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 128}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	try check --explain --network slirp,mtu=1500 --publish 127.0.0.1:0:80 "$BUNDLE"
	assert_status 0
	problem 'user namespace: new'
	problem '  uids (container host count): 0 '
	problem "root: $BUNDLE/rootfs"
	problem "  bind $BUNDLE/rootfs on /data: "
	problem '  file system proc on /proc'
	problem 'cgroup: '
	problem 'limit: RLIMIT_NOFILE 64, at most 128'
	problem 'network: slirp,mtu=1500'
	problem '  publish: 127.0.0.1:0:80'
	problem 'filter: 1 rules, else SCMP_ACT_ALLOW'
	problem 'user: 0:0'
	problem 'program: /bin/true'
	problem 'fitted to this host:'
	[ "${lines[-1]}" = 'no problem found' ]
	[ -z "$stderr" ] || fail "$stderr"
	config '.mounts += [{destination: "/x", type: "bind", source: "/no/such", options: ["rbind"]}]'
	try check --explain "$BUNDLE"
	assert_status 1
	[ "${#lines[@]}" = 1 ] || fail "a plan that can't be is printed: $output"
	problem "mounts[$(jq '.mounts | length - 1' "$BUNDLE/config.json")]: mount /no/such on /x: no such file or directory"
	# A text of the bundle can't forge a line of the plan.
	config 'del(.mounts[-1]) | .process.args = ["true", "\nfilter: none", "\u001b[2K"]'
	try check --explain "$BUNDLE"
	assert_status 0
	problem 'program: true \x0afilter: none \x1b[2K'
}

@test "a mount that may fail is a warning, and no problem" {
	config '.mounts += [{destination: "/b", type: "bind", source: "/no/source", options: ["rbind", "nofail"]}]'
	sh_program true
	try check "$BUNDLE"
	assert_status 0
	assert_contains "$output" 'no problem found'
	assert_contains "$stderr" 'mount /no/source on /b: no such file or directory: goes on without it'
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "a try gives no file of the caller's to the container's user, and looks for the program in the container's working directory" {
	mkfifo -m 600 "$BUNDLE/fifo"
	exec 9<>"$BUNDLE/fifo"
	config '.process.user = {uid: 1, gid: 1}'
	urun check "$BUNDLE" >"$BUNDLE/report" 2>&9 <"$BUNDLE/config.json"
	[ "$(cat "$BUNDLE/report")" = 'no problem found' ]
	[ "$(stat -c '%u %a' "$BUNDLE/fifo")" = "$(id -u) 600" ]
	[ -z "$(getfacl --omit-header --skip-base "$BUNDLE/report" 2>/dev/null)" ]
	mkdir "$BUNDLE/work"
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/work/true"
	config '.mounts += [{destination: "/work", type: "bind", source: "work", options: ["rbind"]}] | .process.cwd = "/work" | .process.args = ["./true"]'
	try check "$BUNDLE"
	assert_output 'no problem found'
	config '.process.cwd = "/work/new"'
	try check "$BUNDLE"
	assert_output 'no problem found'
	[ ! -e "$BUNDLE/work/new" ]
}

@test "where tracing is refused, the try ends before the program" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	# The filter needs no_new_privs, under which newuidmap has no rights: the mapping is the caller's own id alone.
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
	observe timeout 20 python3 "$TESTS/programs/refuse_tracing.py" "$URUN" --root "$STATE" check "$BUNDLE"
	assert_output 'no problem found'
	program nothing
	observe timeout 20 python3 "$TESTS/programs/refuse_tracing.py" "$URUN" --root "$STATE" check "$BUNDLE"
	assert_contains "$output" 'executable file `nothing` not found'
}

@test "check knows a bundle of umoci unpack --rootless, and says what has more ids" {
	command -v umoci >/dev/null || skip "umoci isn't installed"
	cd "$BATS_TEST_TMPDIR"
	umoci init --layout image
	umoci new --image image:t
	umoci unpack --rootless --image image:t unpacked
	cp -a "$BUNDLE/rootfs/." unpacked/rootfs/
	observe urun check unpacked
	assert_status 0
	assert_contains "$stderr" 'warning: the config is the one of `umoci unpack --rootless`'
	assert_contains "$stderr" "(hint: urun run --rootfs $PWD/unpacked/rootfs "
	# A config that was changed is somebody's decision; and another bundle beside the file is no bundle of umoci's.
	jq 'del(.linux.uidMappings, .linux.gidMappings)' unpacked/config.json >new
	mv new unpacked/config.json
	observe urun check unpacked
	refute_contains "$stderr" umoci
}
