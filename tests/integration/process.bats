#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's process: ids, capabilities, limits, seccomp, sysctls.
load lib.bash
load network.bash

@test "user, group and additional groups are the config's" {
	has_subids || skip "this user has no subids"
	config '.process.user = {"uid": 1000, "gid": 2000, "additionalGids": [3000, 4000]}'
	in_container 'id -u; id -g; id -G'
	assert_status 0
	assert_output $'1000\n2000\n2000 3000 4000'
}

@test "without additional groups the process has none of the caller's" {
	has_subids || skip "this user has no subids"
	in_container 'grep ^Groups: /proc/self/status | tr -d "\t "'
	[[ $output =~ ^Groups:0?$ ]]
}

@test "umask is the config's, and 022 by default" {
	in_container umask
	assert_output 0022
	config '.process.user.umask = 63'
	in_container umask
	assert_output 0077
}

@test "capabilities are exactly the config's sets" {
	in_container 'grep ^Cap /proc/self/status | tr -d "\t"'
	# CAP_KILL 5, CAP_NET_BIND_SERVICE 10, CAP_AUDIT_WRITE 29
	assert_output $'CapInh:0000000000000000\nCapPrm:0000000020000420\nCapEff:0000000020000420\nCapBnd:0000000020000420\nCapAmb:0000000000000000'
}

@test "inheritable and ambient capabilities stay over execve for an ordinary user" {
	has_subids || skip "this user has no subids"
	config '.process.user = {"uid": 1000, "gid": 1000} | .process.capabilities = (["CAP_NET_BIND_SERVICE"] | {bounding: ., effective: ., inheritable: ., permitted: ., ambient: .})'
	in_container 'grep ^Cap /proc/self/status | tr -d "\t"'
	assert_output $'CapInh:0000000000000400\nCapPrm:0000000000000400\nCapEff:0000000000000400\nCapBnd:0000000000000400\nCapAmb:0000000000000400'
}

@test "without capabilities in the config the process has none" {
	config 'del(.process.capabilities)'
	in_container 'grep ^Cap /proc/self/status | tr -d "\t" | sort -u'
	assert_status 0
	local set
	for set in Inh Prm Eff Bnd Amb; do assert_contains "$output" "Cap$set:0000000000000000"; done
}

@test "an unknown capability is a warning, and the container runs" {
	config '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	sh_program 'echo runs'
	observe urun --log-level warning run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output runs
	assert_contains "$stderr" CAP_NO_SUCH
}

@test "noNewPrivileges is set where it is true and not where it is false" {
	in_container 'grep ^NoNewPrivs: /proc/self/status | tr -d "\t"'
	assert_output NoNewPrivs:1
	config '.process.noNewPrivileges = false'
	in_container 'grep ^NoNewPrivs: /proc/self/status | tr -d "\t"'
	assert_output NoNewPrivs:0
}

@test "rlimits are set" {
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
	in_container 'ulimit -Sn; ulimit -Hn; ulimit -c'
	assert_status 0
	assert_output $'100\n200\n0'
}

@test "urun runs with a small stack limit of the caller, and the program has that limit" {
	sh_program 'ulimit -s'
	observe sh -c 'ulimit -s 256 && exec "$0" --root "$1" run --bundle "$2" c1' "$URUN" "$STATE" "$BUNDLE"
	assert_status 0
	assert_output 256
}

@test "an rlimit above the caller's hard limit is an error that names it and both numbers" {
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 4000}]'
	observe bash -c 'ulimit -n 256; exec "$@"' bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line RLIMIT_NOFILE 4000 256
}

@test "oomScoreAdj is set, and stays as it is where the config has none" {
	config '.process.oomScoreAdj = 500'
	in_container 'cat /proc/self/oom_score_adj'
	assert_output 500
	config 'del(.process.oomScoreAdj)'
	in_container 'cat /proc/self/oom_score_adj'
	assert_output "$(cat /proc/self/oom_score_adj)"
}

@test "an oomScoreAdj below the caller's own becomes the own, with a warning" {
	config '.process.oomScoreAdj = -500'
	sh_program 'cat /proc/self/oom_score_adj'
	observe bash -c 'echo 300 >/proc/self/oom_score_adj; exec "$@"' bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output 300
	[[ "$stderr" = *"process.oomScoreAdj: -500 becomes urun's own 300"* ]]
}

@test "the program leads a session of its own" {
	in_container 'cut -d" " -f6 /proc/1/stat'
	assert_output 1
}

@test "the program ignores the signals that the caller ignores, as under a shell, but not SIGCHLD" {
	local ignored spawn=(python3 "$TESTS/programs/spawn.py")
	sh_program 'grep "^Sig[BI]" /proc/self/status | tr -d "\t"'
	# The signals that the tests' own caller ignores are among them, but not the two signals that the C library uses itself.
	ignored=$(bash -c 'trap "" HUP INT PIPE USR1; exec sed -n "s/^SigIgn:\t//p" /proc/self/status')
	ignored=$(printf '%016x' $((0x$ignored & ~0x180000000)))
	observe bash -c 'trap "" HUP INT PIPE USR1 CHLD; exec "$@"' bash "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_output $'SigBlk:0000000000000000\nSigIgn:'"$ignored"
	# glibc's posix_spawn() ignores the two signals that the C library uses itself.
	ignored=$("${spawn[@]}" "$(command -v sed)" -n 's/^SigIgn:\t//p' /proc/self/status)
	ignored=$(printf '%016x' $((0x$ignored & ~0x180000000)))
	observe "${spawn[@]}" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_output $'SigBlk:0000000000000000\nSigIgn:'"$ignored"
}

@test "sysctls of the container's own namespaces are set" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "1234", "kernel.domainname": "example.org"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni'
	assert_status 0
	assert_output $'1\n1234'
}

@test "the error for a sysctl of the host names the sysctl" {
	config '.linux.sysctl = {"vm.swappiness": "10"}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line vm.swappiness
}

@test "the error for a sysctl of a namespace that isn't the container's own names the sysctl" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | del(.linux.namespaces[] | select(.type == "network"))'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line net.ipv4.ip_forward
}

# --- seccomp --------------------------------------------------------------------------------------------------------------

@test "the program sees the errno of a seccomp rule" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}'
	in_container 'mkdir /tmp/x; grep ^Seccomp: /proc/self/status | tr -d "\t"'
	assert_contains "$stderr" 'No space left on device'
	assert_output Seccomp:2
}

@test "the default errno of a seccomp rule is EPERM" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	in_container 'mkdir /tmp/x'
	[ "$status" != 0 ]
	assert_contains "$stderr" 'Operation not permitted'
}

@test "a seccomp rule with an argument matches only calls with that argument" {
	# kill(pid, 10): the second argument is the signal.
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"],
		"syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]}'
	in_container 'sleep 5 & kill -10 $! && echo sent-10; kill -15 $! && echo sent-15'
	assert_output sent-15
	assert_contains "$stderr" 'Permission denied'
}

@test "a call under SCMP_ACT_KILL_PROCESS ends the program by SIGSYS" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	in_container 'mkdir /tmp/x; echo $?'
	assert_output 159
}

# The filter is loaded before execve, and holds for the calls that init still makes.
@test "the error for a seccomp profile that refuses the start of the program is one line" {
	local profile
	for profile in '{"defaultAction": "SCMP_ACT_ERRNO"}' '{"defaultAction": "SCMP_ACT_KILL_PROCESS"}' '{"defaultAction": "SCMP_ACT_KILL"}' '{"defaultAction": "SCMP_ACT_TRAP"}' \
		'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_KILL_PROCESS"}]}' \
		'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve", "sendmsg"], "action": "SCMP_ACT_ERRNO"}]}'; do
		config '.linux.seccomp = $profile' --argjson profile "$profile"
		try run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line linux.seccomp execve
		try create --bundle "$BUNDLE" c1
		assert_status 1
		assert_one_line linux.seccomp execve
	done
}

# The program's C library would crash with status 139, or its first call would kill it, without a word.
@test "a seccomp profile under which no program can end is an error that names it" {
	local action
	for action in SCMP_ACT_ERRNO SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		config '.linux.seccomp = {defaultAction: $action, syscalls: [{names: ["execve"], action: "SCMP_ACT_ALLOW"}]}' --arg action "$action"
		try run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line linux.seccomp 'exit_group and exit'
		try create --bundle "$BUNDLE" c1
		assert_status 1
		assert_one_line linux.seccomp 'exit_group and exit'
	done
}

@test "run and exec tell when the seccomp profile has killed the program" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL_PROCESS", syscalls: [{names: ["execve", "exit_group", "write", "read", "close"], action: "SCMP_ACT_ALLOW"}]}'
	try run --bundle "$BUNDLE" c1
	assert_status 159
	assert_one_line 'c1: exit status 159: the seccomp profile kills by SIGSYS'
	config '.process.args = ["sleep", "1000"] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try exec c1 mkdir /tmp/x
	assert_status 159
	assert_one_line 'c1: exit status 159: the seccomp profile kills by SIGSYS'
	urun delete --force c1
}

program_has_ended() {
	[ "$(urun state "$1" | jq -r .status)" = stopped ]
}

@test "create warns, also in the log of an engine, that the seccomp profile will kill the program, whose end nobody explains" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL_PROCESS", syscalls: [{names: ["execve", "exit_group", "write", "read", "close"], action: "SCMP_ACT_ALLOW"}]}'
	urun --log "$BATS_TEST_TMPDIR/log" --log-format json --log-level warning create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/stderr"
	[ ! -s "$BATS_TEST_TMPDIR/stderr" ]
	assert_contains "$(jq -r 'select(.level == "warning").msg' "$BATS_TEST_TMPDIR/log")" 'c1: the seccomp profile refuses what programs call at their start or end: '
	urun start c1
	wait_for 5 program_has_ended c1
	urun delete c1
	config '.linux.seccomp.defaultAction = "SCMP_ACT_ALLOW"'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/stderr"
	[ ! -s "$BATS_TEST_TMPDIR/stderr" ]
	urun delete --force c1
}

@test "where the seccomp profile may be why the start failed, the error says so" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["execve"], action: "SCMP_ACT_ERRNO"}]}'
	try run --bundle "$BUNDLE" c1
	assert_status 126
	assert_one_line 'exec `/bin/true`: operation not permitted (hint: linux.seccomp may refuse'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try start c1
	assert_status 126
	assert_one_line 'operation not permitted (hint: linux.seccomp may refuse'
	urun delete --force c1
	# Without noNewPrivileges the filter also holds for the change of ids.
	config '.process.noNewPrivileges = false | .linux.seccomp.syscalls[0].names = ["setresuid"]'
	try run --bundle "$BUNDLE" c1
	assert_one_line 'become uid 0: operation not permitted (hint: linux.seccomp may refuse'
}

# Init can tell neither the failure nor its exit by a system call.
@test "the parent reports a failure under a seccomp profile that lets init report nothing" {
	local names
	printf '\177ELF, but no program' >"$BUNDLE/rootfs/broken"
	chmod 755 "$BUNDLE/rootfs/broken"
	program /broken
	for names in '"sendmsg", "write", "exit_group"' '"sendmsg", "write"'; do
		config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [$names], \"action\": \"SCMP_ACT_ERRNO\"}]}"
		try run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line 'before the program ran (hint: linux.seccomp refuses'
	done
	# Here the filter also refuses the change of ids, which comes before.
	config '.process.noNewPrivileges = false | .linux.seccomp.syscalls[0].names += ["setresuid", "setgroups", "capset"]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'before the program ran (hint: linux.seccomp refuses'
	# exec has the same trouble in a container that runs.
	config '.process.noNewPrivileges = true | .process.args = ["sleep", "30"] | .linux.seccomp.syscalls[0].names = ["sendmsg", "write"]'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try exec c1 /broken
	assert_status 255
	assert_one_line 'before the program ran (hint: linux.seccomp refuses'
	try exec c1 true
	assert_status 0
	urun delete --force c1
}

# The filter also holds for the wait for `start`, which needs these two calls.
@test "create reports a seccomp profile that refuses the wait for start" {
	local call action
	for call in read close; do
		for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_ERRNO; do
			config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [$call], action: $action}]}' \
				--arg call "$call" --arg action "$action"
			observe timeout -s KILL 10 "$URUN" --root "$STATE" create --bundle "$BUNDLE" c1
			assert_status 1
			assert_one_line 'linux.seccomp refuses' "$call"
		done
	done
	local -A cause=([read]='wait for start' [close]='close the sync pipe')
	# Where nothing can be sent either, the cause is in the file.
	for call in read close; do
		config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [$call, "sendmsg", "write"], action: "SCMP_ACT_ERRNO"}]}' \
			--arg call "$call"
		observe timeout -s KILL 10 "$URUN" --root "$STATE" create --bundle "$BUNDLE" c1
		assert_status 1
		assert_one_line "c1: ${cause[$call]}: operation not permitted (hint: linux.seccomp refuses read or close)"
	done
	config '.process.noNewPrivileges = false | .linux.seccomp.syscalls = [{names: ["prctl"], action: "SCMP_ACT_KILL_PROCESS"}]'
	try create --bundle "$BUNDLE" c1
	assert_status 1
	assert_one_line 'before the program ran (hint: linux.seccomp refuses'
}

# Allow lists for programs without sockets lack sendmsg, by which init reports a failure.
@test "a failure under a seccomp profile without sendmsg is reported all the same" {
	printf '\177ELF, but no program' >"$BUNDLE/rootfs/broken"
	chmod 755 "$BUNDLE/rootfs/broken"
	program /broken
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sendmsg", "exit_group"], "action": "SCMP_ACT_ERRNO"}]}'
	try run --bundle "$BUNDLE" c1
	assert_status 126
	assert_one_line '/broken' 'exec format error'
	urun create --bundle "$BUNDLE" c1
	try start c1
	assert_one_line '/broken' 'exec format error'
	urun delete --force c1
}

# The process isn't a child of `start`, and its parent may reap it at once, so that no exit status is left.
@test "start reports a failure under a seccomp profile that lets init report nothing" {
	local names
	printf '\177ELF, but no program' >"$BUNDLE/rootfs/broken"
	chmod 755 "$BUNDLE/rootfs/broken"
	program /broken
	for names in '"sendmsg", "write", "exit_group"' '"sendmsg", "write", "writev", "sendto"'; do
		config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [$names], \"action\": \"SCMP_ACT_ERRNO\"}]}"
		urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
		try start c1
		assert_status 126
		assert_one_line '/broken' 'exec format error'
		urun delete c1
	done
	program /bin/true
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	[ -e "$STATE/c1/failed" ]
	try start c1
	assert_status 0
	[ ! -e "$STATE/c1/failed" ]
	wait_for 10 is_status c1 stopped
	urun delete c1
}

@test "an allow list gives ENOSYS for calls that are newer than the list, and refuses older ones" {
	# The profile allows all calls with a name here, so that Python runs, but not mount(2).
	local allowed
	[ "$(uname -m)" = x86_64 ] || skip "mount(2) has another number here"
	command -v gcc >/dev/null || skip "gcc, which knows the names of all calls, isn't installed"
	allowed=$(python3 "$TESTS/programs/system_call_names.py" mount)
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [{"names": $allowed, "action": "SCMP_ACT_ALLOW"}]}' \
		--argjson allowed "$allowed"
	host_programs
	program python3 /system_calls.py 165 1000 1073741823
	try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output $'EPERM\nENOSYS\nENOSYS'
}

@test "an allow list in the form that engines write runs a shell" {
	command -v runc >/dev/null || [ -x /usr/sbin/runc ] || skip "runc isn't installed"
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": [
		{"names": ["access", "arch_prctl", "brk", "clone", "clone3", "close", "dup2", "dup3", "execve", "exit", "exit_group", "faccessat", "faccessat2", "fcntl", "fork", "fstat", "futex",
			"getcwd", "getdents64", "getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "getrandom", "gettid", "getuid", "ioctl", "lseek", "lstat", "madvise", "mmap", "mprotect", "munmap",
			"newfstatat", "open", "openat", "pipe", "pipe2", "poll", "prctl", "pread64", "prlimit64", "read", "readlink", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
			"set_robust_list", "set_tid_address", "setpgid", "sigaltstack", "stat", "statfs", "statx", "sysinfo", "tgkill", "uname", "vfork", "wait4", "write", "writev", "no_such_call_at_all"], "action": "SCMP_ACT_ALLOW"}]}'
	in_container 'echo under-a-filter; mkdir /tmp/x'
	assert_contains "$output" under-a-filter
	assert_contains "$stderr" 'Function not implemented'
}

@test "seccomp works without noNewPrivileges too" {
	config '.process.noNewPrivileges = false | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}'
	in_container 'grep ^NoNewPrivs: /proc/self/status | tr -d "\t"; mkdir /tmp/x'
	assert_output NoNewPrivs:0
	assert_contains "$stderr" 'No space left on device'
}

@test "the personality LINUX32 shows a 32-bit machine" {
	[ "$(uname -m)" = x86_64 ] || skip "only where the machine is x86_64"
	config '.linux.personality = {"domain": "LINUX32"}'
	in_container 'uname -m'
	assert_output i686
}

@test "scheduler and ioPriority are set" {
	config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5} | .process.ioPriority = {"class": "IOPRIO_CLASS_IDLE", "priority": 0}'
	in_container 'awk "{ print \$19, \$41 }" /proc/self/stat; ionice -p 1'
	assert_contains "$output" '5 3'
	assert_contains "$output" idle
}

@test "the last value of a variable that is given twice counts, and an empty HOME becomes the user's home" {
	config '.process.env = ["PATH=/bin", "ONE=1", "ONE=2", "HOME="]'
	sh_program 'env | grep -c ^ONE=; echo $ONE $HOME'
	try run --bundle "$BUNDLE" c1
	assert_output $'1\n2 /root'
}
