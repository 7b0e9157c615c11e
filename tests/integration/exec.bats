#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: a second process in a container.
load lib.bash

# started: starts a container c1 that does nothing until ended() ends it.
started() {
	sh_program 'while [ ! -e /tmp/end ]; do sleep 0.05; done'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

ended() {
	touch "$BUNDLE/rootfs/tmp/end"
	wait_for 5 is_status c1 stopped
	urun delete c1
}

@test "exec runs a program in the container, and gives its output and its exit status" {
	started
	try exec c1 sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	[ "$stderr" = err ]
	ended
}

@test "the program is in the container's namespaces, with its root and its ids" {
	started
	try exec c1 sh -c 'for ns in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$ns; done; cat /proc/self/uid_map; readlink /proc/self/root'
	assert_status 0
	local inside=$output
	try exec c1 sh -c 'for ns in cgroup ipc mnt net pid user uts; do readlink /proc/1/ns/$ns; done; cat /proc/1/uid_map; readlink /proc/1/root'
	assert_output "$inside"
	ended
}

@test "exec works for a container without a pid namespace of its own" {
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
	started
	try exec c1 echo inside
	assert_status 0
	assert_output inside
	ended
}

@test "a program that ends by a signal gives 128 and the signal" {
	started
	try exec c1 sh -c 'kill -KILL $$'
	assert_status 137
	ended
}

@test "words after the id belong to the program, options too" {
	started
	try exec c1 echo -e --user x
	assert_output '--user x'
	ended
}

@test "--user, --cwd, --env, --additional-gids and --cap set what they say" {
	config '.process.noNewPrivileges = false'
	started
	try exec --user 5:6 --cwd /tmp -e A=b --env HOME=/there -g 7 --cap CAP_NET_RAW --cap SYS_CHROOT c1 \
		sh -c 'id -u; id -g; id -G; pwd; echo $A $HOME; grep -E "^Cap(Bnd|Inh|Amb)" /proc/self/status'
	assert_status 0
	local bounding=${output#*CapBnd:}
	[[ $output = $'5\n6\n6 7\n/tmp\nb /there\n'* ]] || fail "$output"
	assert_contains "$output" $'CapInh:\t0000000000000000'
	assert_contains "$output" $'CapAmb:\t0000000000000000'
	bounding=$((16#$(head -n1 <<<"$bounding" | tr -d '\t ')))
	[ $((bounding >> 13 & 1)) = 1 ] # CAP_NET_RAW
	[ $((bounding >> 18 & 1)) = 1 ] # CAP_SYS_CHROOT
	ended
}

@test "a capability that the container lets programs inherit is ambient" {
	config '.process.capabilities.inheritable = ["CAP_SYSLOG"] | .process.capabilities.ambient = []'
	started
	try exec --cap CAP_SYSLOG c1 grep CapAmb /proc/self/status
	assert_output $'CapAmb:\t0000000400000000'
	ended
}

@test "a user that isn't a number, or that isn't mapped in the container, is refused" {
	started
	try exec --user 0x10 c1 true
	assert_status 255
	assert_one_line --user 0x10
	try exec --user 4000000 c1 true
	assert_status 255
	assert_one_line 'uid 4000000 is not mapped'
	ended
}

@test "exec --user and run --user without a group give the user the same groups" {
	has_subids || skip "this user has no subids"
	printf 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n' >"$BUNDLE/rootfs/etc/passwd"
	printf 'root:x:0:\nweb:x:34:\ncerts:x:35:web,other\nothers:x:36:other\n' >"$BUNDLE/rootfs/etc/group"
	# The container's own process has another user, of whom nothing is left.
	config '.process.user = {uid: 5, gid: 6}'
	started
	local user
	for user in 33 0 33:36 1234; do
		try run --rootfs "$BUNDLE/rootfs" --network none --user "$user" sh -c 'id -u; id -g; id -G' </dev/null
		assert_status 0
		local by_run=$output
		try exec --user "$user" c1 sh -c 'id -u; id -g; id -G'
		assert_status 0
		assert_output "$by_run"
	done
	try exec --user 33 c1 sh -c 'id -g; id -G'
	assert_output $'34\n34 35'
	try exec --user 33 -g 7 c1 id -G
	assert_output '34 7 35'
	ended
}

@test "--process sets the whole process" {
	started
	jq '.process | .args = ["sh", "-c", "echo $X; pwd; id -u; ulimit -n"] | .env = ["PATH=/bin", "X=y"] | .cwd = "/var" | .user = {uid: 3, gid: 4}
		| .rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}]' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	try exec --process "$BATS_TEST_TMPDIR/process.json" c1
	assert_status 0
	assert_output $'y\n/var\n3\n77'
	ended
}

@test "a malformed process file is refused, and the error names the field" {
	started
	echo '{"args": ["true"], "cwd": "/", "env": [1]}' >"$BATS_TEST_TMPDIR/process.json"
	try exec --process "$BATS_TEST_TMPDIR/process.json" c1
	assert_status 255
	assert_one_line process.json 'env[0]'
	ended
}

@test "execCPUAffinity binds the process to the processors" {
	started
	local cpu
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
	jq --arg cpu "$cpu" '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {initial: $cpu, final: $cpu}' \
		"$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	try exec --process "$BATS_TEST_TMPDIR/process.json" c1
	assert_status 0
	assert_output $'Cpus_allowed_list:\t'"$cpu"
	ended
}

@test "--detach returns while the program runs, and the pid file has its pid" {
	started
	urun exec --detach --pid-file "$BATS_TEST_TMPDIR/exec-pid" c1 sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done' </dev/null >/dev/null 2>&1
	local pid
	pid=$(cat "$BATS_TEST_TMPDIR/exec-pid")
	[ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$(urun state c1 | jq .pid)/ns/pid")" ]
	touch "$BUNDLE/rootfs/tmp/go"
	wait_for 5 eval "! kill -0 $pid || grep -q ' Z ' /proc/$pid/stat"
	ended
}

@test "the status is 127 for a program that isn't found and 126 for one that can't be executed, and no pid file is written" {
	started
	try exec --detach --pid-file "$BATS_TEST_TMPDIR/exec-pid" c1 nosuchprogram
	assert_status 127
	assert_one_line nosuchprogram 'not found in $PATH'
	[ ! -e "$BATS_TEST_TMPDIR/exec-pid" ]
	try exec c1 /etc
	assert_status 126
	try exec --cwd /missing c1 true
	assert_status 127
	assert_one_line 'chdir to `/missing`: no such file or directory'
	ended
}

@test "exec without a program, and exec with two, is an error" {
	started
	try exec c1
	assert_status 255
	assert_one_line program
	echo '{}' >"$BATS_TEST_TMPDIR/process.json"
	try exec --process "$BATS_TEST_TMPDIR/process.json" c1 true
	assert_status 255
	assert_one_line --process
	ended
}

@test "exec in a stopped container, and in an unknown one, is an error" {
	started
	touch "$BUNDLE/rootfs/tmp/end"
	wait_for 5 is_status c1 stopped
	try exec c1 true
	assert_status 255
	assert_one_line 'container not running'
	urun delete c1
	try exec c1 true
	assert_status 255
	assert_one_line 'urun: container c1 does not exist'
}

@test "exec enters a created container before its program runs" {
	sh_program 'echo never'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try exec c1 echo early
	assert_status 0
	assert_output early
	is_status c1 created
	urun delete c1
}

@test "--tty gives a terminal of the container's devpts, with the user's window size" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	started
	run "$BATS_TEST_DIRNAME/terminal" size=33x99 -- "$URUN" --root "$STATE" exec --tty c1 sh -c 'tty; stty size; echo to-tty >/dev/tty'
	assert_status 0
	[[ $output = /dev/pts/*$'\n33 99\nto-tty\nexit 0\nterminal restored' ]] || fail "$output"
	ended
}

@test "--console-socket receives the master of the terminal" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	started
	"$BATS_TEST_DIRNAME/console-receiver" "$BATS_TEST_TMPDIR/console" >"$BATS_TEST_TMPDIR/console-out" &
	local receiver=$!
	wait_for 5 test -S "$BATS_TEST_TMPDIR/console"
	try exec --detach --tty --console-socket "$BATS_TEST_TMPDIR/console" --pid-file "$BATS_TEST_TMPDIR/exec-pid" c1 sh -c 'tty; echo shown'
	assert_status 0
	wait_status "$receiver"
	assert_contains "$(cat "$BATS_TEST_TMPDIR/console-out")" $'shown\r'
	ended
}

@test "--tty is refused where no process would serve the terminal" {
	started
	try exec --detach --tty c1 true
	assert_status 255
	assert_one_line --console-socket
	ended
}

@test "signals to urun exec reach the program" {
	started
	"$URUN" --root "$STATE" exec c1 sh -c 'trap "exit 9" TERM; touch /tmp/ready; while :; do sleep 0.05; done' </dev/null &
	local pid=$!
	wait_for 5 test -e "$BUNDLE/rootfs/tmp/ready"
	kill -TERM "$pid"
	wait_status "$pid"
	assert_status 9
	ended
}

@test "the container's seccomp filter holds for a process of exec" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
	started
	try exec c1 mkdir /tmp/x
	assert_status 1
	assert_contains "$stderr" 'Operation not permitted'
	ended
}

@test "the container's capabilities and no_new_privs hold for a process of exec" {
	config '.process.noNewPrivileges = true | .process.capabilities = {bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]}'
	started
	try exec c1 sh -c 'grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status'
	assert_output $'CapEff:\t0000000000000001\nCapBnd:\t0000000000000001\nNoNewPrivs:\t1'
	ended
}

@test "the program has three descriptors, and those of --preserve-fds" {
	started
	try exec c1 sh -c 'ls /proc/$$/fd; true'
	assert_output $'0\n1\n2'
	echo preserved >"$BATS_TEST_TMPDIR/file"
	observe bash -c 'exec 3<"$1" 4<"$1" 9<"$1"; exec "$2" --root "$3" exec --preserve-fds 1 c1 sh -c "ls /proc/\$\$/fd; cat <&3"' \
		bash "$BATS_TEST_TMPDIR/file" "$URUN" "$STATE"
	assert_output $'0\n1\n2\n3\npreserved'
	ended
}

# CVE-2024-21626: the working directory is a directory of the host that the runtime has open.
@test "no descriptor of urun leads out of the container" {
	touch "$BUNDLE/rootfs/root-of-the-container"
	started
	local fd
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		try exec --cwd "/proc/self/fd/$fd" c1 ls
		[ "$status" != 0 ] || assert_contains "$output" root-of-the-container
	done
	ended
}

# CVE-2019-5736: the container executes the runtime's own file, which another process then opens by /proc/PID/exe.
@test "urun's own file can't be overwritten from inside" {
	cp "$URUN" "$BATS_TEST_TMPDIR/urun"
	sh_program 'while [ ! -e /tmp/end ]; do for pid in /proc/[0-9]*; do [ $pid = /proc/1 ] || { echo overwritten >$pid/exe; } 2>/dev/null; done; done'
	"$BATS_TEST_TMPDIR/urun" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	printf '#!/proc/self/exe --help\n' >"$BUNDLE/rootfs/bin/trap"
	chmod 755 "$BUNDLE/rootfs/bin/trap"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$BATS_TEST_TMPDIR/urun" --root "$STATE" exec c1 /bin/trap </dev/null >/dev/null 2>&1 || true
		"$BATS_TEST_TMPDIR/urun" --root "$STATE" exec c1 true </dev/null
	done
	cmp "$URUN" "$BATS_TEST_TMPDIR/urun"
	ended
}

@test "changes of the bundle after the start change nothing for exec" {
	started
	config '.process.env += ["CHANGED=1"] | .process.cwd = "/tmp"'
	try exec c1 sh -c 'echo "$CHANGED"; pwd'
	assert_output $'\n/'
	ended
}

@test "--cgroup is refused where the container has no cgroup" {
	started
	try exec --cgroup below c1 true
	assert_status 255
	assert_one_line --cgroup
	ended
}

# Between urun's read of the container's state and its clone into the pid namespace, the kernel's ENOMEM is the only sign of the end.
@test "exec into a container that ends meanwhile says that the container isn't running" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	program /bin/sleep 30
	urun run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" c1 </dev/null >/dev/null
	# urun waits for the socket last before the clone.
	observe timeout 20 python3 "$TESTS/programs/full_listener.py" --kill "$(cat "$BATS_TEST_TMPDIR/pid")" "$BATS_TEST_TMPDIR/socket" \
		"$URUN" --root "$STATE" exec --tty --console-socket "$BATS_TEST_TMPDIR/socket" c1 true
	assert_status 255
	assert_one_line c1 'container not running'
	urun delete c1
}
