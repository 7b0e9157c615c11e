#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json: the error for a faulty config is one line that names the field, and comes before anything is made.
load lib.bash

# refused FILTER FIELD [TEXT…]: run refuses the config that FILTER makes, and the error has these texts.
refused() {
	local filter=$1
	shift
	base_config | jq "$filter" >"$BUNDLE/config.json"
	refused_as_it_is "$@"
}

# refused_as_it_is FIELD [TEXT…]: run refuses the bundle, and the error has these texts.
refused_as_it_is() {
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line "$@"
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ] || fail "something was made"
}

@test "a bundle without a config.json is an error that names the file" {
	rm "$BUNDLE/config.json"
	refused_as_it_is config.json 'no such file or directory'
}

@test "text that isn't JSON is refused" {
	echo '{ "ociVersion": "1.0.2", oops }' >"$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "a config that ends in the middle is refused" {
	base_config | head -c 500 >"$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "an empty file and a lone value are refused" {
	: >"$BUNDLE/config.json"
	refused_as_it_is config.json
	echo '[]' >"$BUNDLE/config.json"
	refused_as_it_is config.json
	echo '3' >"$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "text after the config is refused" {
	base_config >"$BUNDLE/config.json"
	echo '{}' >>"$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "the error for a wrong type names the field's path" {
	refused '.ociVersion = 1' ociVersion
	refused '.process = []' process
	refused '.process.args = "sh"' process.args
	refused '.process.args = ["sh", 3]' 'process.args[1]'
	refused '.process.terminal = "yes"' process.terminal
	refused '.process.user.uid = "0"' process.user.uid
	refused '.process.env = {"A": "b"}' process.env
	refused '.mounts = {}' mounts
	refused '.mounts[3].options = "ro"' 'mounts[3].options'
	refused '.linux.namespaces[1].type = 5' 'linux.namespaces[1].type'
	refused '.annotations = {"a": 1}' annotations
	refused '.root.readonly = 1' root.readonly
}

@test "the error for a required field that isn't there names its path" {
	refused 'del(.ociVersion)' ociVersion
	refused 'del(.root)' root
	refused 'del(.root.path)' root.path
	refused 'del(.process.cwd)' process.cwd
	refused 'del(.process.args)' process.args
	refused '.process.args = []' process.args
	refused 'del(.mounts[2].destination)' 'mounts[2].destination'
	refused 'del(.linux.namespaces[0].type)' 'linux.namespaces[0].type'
	refused '.process.rlimits = [{"soft": 1, "hard": 2}]' 'process.rlimits[0].type'
}

@test "the error for a number out of range names its path" {
	refused '.process.user.uid = -1' process.user.uid
	refused '.process.user.uid = 4294967296' process.user.uid
	refused '.process.user.uid = 1.5' process.user.uid
	refused '.process.user.umask = 1000' process.user.umask
	refused '.process.oomScoreAdj = 2000' process.oomScoreAdj
	refused '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}' \
		'linux.seccomp.syscalls[0].args[0].index'
	base_config | sed 's/"uid": 0/"uid": 99999999999999999999999999/' >"$BUNDLE/config.json"
	refused_as_it_is process.user.uid
}

@test "the error for an unknown word names its path" {
	refused '.linux.namespaces[0].type = "moon"' 'linux.namespaces[0].type' moon
	refused '.process.rlimits = [{"type": "RLIMIT_MOON", "soft": 1, "hard": 2}]' 'process.rlimits[0].type' RLIMIT_MOON
	refused '.linux.seccomp = {"defaultAction": "SCMP_ACT_MOON"}' linux.seccomp.defaultAction SCMP_ACT_MOON
	refused '.linux.rootfsPropagation = "moon"' linux.rootfsPropagation
}

@test "the error for fields that contradict each other names a path" {
	refused '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 3, "hard": 2}]' 'process.rlimits[0]'
	refused '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}, {"type": "RLIMIT_CORE", "soft": 1, "hard": 2}]' 'process.rlimits[1]'
	refused '.linux.namespaces += [{"type": "pid"}]' 'linux.namespaces[5]'
	refused '.linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1}]' linux.uidMappings
	refused '.hostname = "x" | del(.linux.namespaces[] | select(.type == "uts"))' hostname
	refused '.process.env += ["NOSIGN"]' 'process.env[1]'
}

@test "the error for a relative path where an absolute one is required names its path" {
	refused '.process.cwd = "tmp"' process.cwd
	refused '.linux.maskedPaths = ["/a", "b"]' 'linux.maskedPaths[1]'
	refused '.linux.readonlyPaths = ["c"]' 'linux.readonlyPaths[0]'
	refused '.linux.namespaces[0].path = "ns"' 'linux.namespaces[0].path'
}

@test "a config that can only fail is refused before anything is made" {
	local long
	long=$(printf '%0300d' 0)
	refused ".linux.cgroupsPath = \"/a/$long\"" linux.cgroupsPath
	refused '.linux.cgroupsPath = ([range(2500)] | map("/a") | add)' linux.cgroupsPath
	refused ".mounts += [{\"destination\": \"/$long\", \"type\": \"tmpfs\"}]" 'mounts[6].destination'
	refused ".process.cwd = \"/$long\"" process.cwd
	refused '.process.args = ["true", ([range(140000)] | map("a") | add)]' 'process.args[1]'
	refused '.linux.resources.unified = {"cgroup.freeze": "1"}' cgroup.freeze
	refused '.linux.resources.unified = {"cgroup.kill": "1"}' cgroup.kill
	[ -z "$(ls -A --ignore=.seccomp "$STATE" 2>/dev/null)" ]
}

@test "an unknown ociVersion is refused, and every 1.x is accepted" {
	refused '.ociVersion = "2.0.0"' ociVersion 2.0.0
	refused '.ociVersion = "moon"' ociVersion
	local version
	for version in 1.0.0 1.0.2-dev 1.1.0 1.2.1 1.3.0 1.9.0; do
		base_config | jq --arg version "$version" '.ociVersion = $version' >"$BUNDLE/config.json"
		try run --bundle "$BUNDLE" c1
		assert_status 0
	done
}

@test "unknown properties are ignored, as the spec requires" {
	config '.unknown = {"deep": [1, {"x": null}]} | .process.unknown = "x" | .linux.namespaces[0].unknown = 1'
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

# deep_config N: the config has an unknown property of N nested objects.  Made without jq, which has a limit of its own.
deep_config() {
	{
		printf '{ "unknown": '
		printf '{"a":%.0s' $(seq "$1")
		printf 0
		printf '}%.0s' $(seq "$1")
		printf ','
		base_config | sed 1d
	} >"$BUNDLE/config.json"
}

@test "an unknown property is ignored up to a depth of 1000 levels" {
	local depth
	for depth in 40 999; do
		deep_config "$depth"
		try run --bundle "$BUNDLE" c1
		assert_status 0
	done
	deep_config 1000
	refused_as_it_is 'unknown.a.a.a' 'nested deeper than 1000 levels'
	deep_config 50000
	refused_as_it_is 'nested deeper than 1000 levels'
}

@test "a bind mount needs a source, and an empty source isn't the bundle" {
	refused '.mounts += [{"destination": "/mnt", "type": "bind", "source": "", "options": ["rbind"]}]' 'mounts[6].source'
	refused '.mounts += [{"destination": "/mnt", "source": "", "options": ["bind"]}]' 'mounts[6].source'
	refused '.mounts += [{"destination": "/mnt", "type": "bind", "options": ["rbind"]}]' 'mounts[6]: bind mount on /mnt: no source'
}

@test "the error for a key that occurs twice names its path" {
	base_config | sed 's/"noNewPrivileges": true/"noNewPrivileges": true, "noNewPrivileges": false/' >"$BUNDLE/config.json"
	refused_as_it_is process.noNewPrivileges
}

@test "a NUL in a string and bytes that aren't UTF-8 are refused" {
	base_config | sed 's|/bin/true|/bin/true\\u0000x|' >"$BUNDLE/config.json"
	refused_as_it_is 'process.args[0]'
	base_config | sed 's|/bin/true|/bin/\xff\xfe|' >"$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "endless nesting is refused at once" {
	{
		printf '{"ociVersion": "1.0.2", "x": '
		head -c 1000000 /dev/zero | tr '\0' '['
	} >"$BUNDLE/config.json"
	observe timeout 2 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line config.json
}

@test "a file of 100 MB is refused within a second and 20 MB of memory" {
	{
		printf '{"ociVersion": "1.0.2", "x": "'
		head -c 100000000 /dev/zero | tr '\0' 'x'
		printf '"}'
	} >"$BUNDLE/config.json"
	local memory=20000
	! has_sanitizers || memory=unlimited # the shadow memory alone is larger
	observe bash -c 'ulimit -d "$1"; shift; exec timeout 1 "$@"' bash "$memory" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line config.json
	rm "$BUNDLE/config.json"
}

@test "a config that is a FIFO or a directory is refused, and urun doesn't hang" {
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	observe timeout 2 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line config.json
	rm "$BUNDLE/config.json"
	mkdir "$BUNDLE/config.json"
	refused_as_it_is config.json
}

@test "control characters of a config don't reach the terminal in an error" {
	refused '.linux.rootfsPropagation = "a\u001b[31mred\nline"' linux.rootfsPropagation
	refute_contains "$stderr" $'\e'
}

@test "the error for a feature that urun lacks names the field: nothing is ignored silently" {
	refused '.linux.intelRdt = {"closID": "x"}' linux.intelRdt
	refused '.process.apparmorProfile = "no-such-profile"' apparmor
}

@test "a limit that only cgroup version 1 has is refused by its name, whatever the host has" {
	refused '.linux.resources.memory.swappiness = 10' 'linux.resources.memory.swappiness: cgroup version 2 has no such limit'
	refused '.linux.resources.memory = {disableOOMKiller: true}' 'linux.resources.memory.disableOOMKiller: '
	config '.linux.resources.memory = {disableOOMKiller: false, kernel: 0}'
	in_container 'echo ran'
	assert_output ran
}

@test "an unknown system call in a profile is skipped, and is an error where the annotation asks for it" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}'
	in_container 'echo runs'
	assert_output runs
	config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
	in_container 'echo runs'
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" 'linux.seccomp.syscalls[0].names[1]: unknown system call no_such_call'
	config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "0"}'
	in_container 'echo runs'
	assert_output runs
}

@test "an annotation of crun's that would make another container is refused, and one that is left out is a warning" {
	refused '.annotations = {"run.oci.handler": "krun"}' 'annotation run.oci.handler'
	config '.annotations = {"run.oci.hooks.stdout": "/dev/null"}'
	try --log-level warning run --bundle "$BUNDLE" c1
	assert_status 0
	assert_contains "$stderr" 'annotation run.oci.hooks.stdout has no effect'
}

@test "the annotation run.oci.pidfd_receiver names a socket for the pidfd" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	config '.annotations = {"run.oci.pidfd_receiver": $socket}' --arg socket "$BATS_TEST_TMPDIR/receiver"
	"$BATS_TEST_DIRNAME/console-receiver" "$BATS_TEST_TMPDIR/receiver" </dev/null >"$BATS_TEST_TMPDIR/received" &
	local receiver=$!
	wait_for 5 test -S "$BATS_TEST_TMPDIR/receiver"
	try run --bundle "$BUNDLE" c1
	assert_status 0
	wait "$receiver"
	[ "$(<"$BATS_TEST_TMPDIR/received")" = $'received 1 descriptor, with a name\nno terminal' ]
}
