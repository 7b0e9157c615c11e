#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# urun spec: it writes a config to start from.
load lib.bash

# setup_spec: changes to a new directory, which has a rootfs and no config.json.
setup_spec() {
	SPEC=$BATS_TEST_TMPDIR/fresh
	mkdir "$SPEC"
	mv "$BUNDLE/rootfs" "$SPEC/rootfs"
	cd "$SPEC" || return
}

@test "spec writes a config.json that runs unchanged" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	setup_spec
	try spec
	assert_status 0
	assert_output ''
	jq -e '.ociVersion | startswith("1.")' config.json
	# The config asks for a shell on a terminal.
	run "$BATS_TEST_DIRNAME/terminal" 'wait=# ' 'type=echo $((40 + 2)) $(id -u)\n' 'wait=42 0' 'type=exit 3\n' -- "$URUN" --root "$STATE" run c1
	assert_contains "$output" '42 0'
	assert_contains "$output" 'exit 3'
	assert_contains "$output" 'terminal restored'
}

@test "spec's config runs a program without a terminal" {
	setup_spec
	urun spec
	jq '.process.terminal = false | .process.args = ["id", "-u"]' config.json >config.json.new
	mv config.json.new config.json
	try run c1
	assert_status 0
	assert_output 0
}

@test "spec's config maps all of the user's ids" {
	has_subids || skip "this user has no subids"
	setup_spec
	urun spec
	jq '.process.terminal = false | .process.args = ["cat", "/proc/self/uid_map"]' config.json >config.json.new
	mv config.json.new config.json
	try run c1
	assert_status 0
	[ "$(awk '{ n += $3 } END { print n }' <<<"$output")" -gt 65000 ]
}

@test "spec refuses to overwrite a config.json" {
	setup_spec
	echo mine >config.json
	try spec
	assert_status 1
	assert_one_line config.json exist
	[ "$(cat config.json)" = mine ]
}

@test "spec --bundle writes into that directory" {
	setup_spec
	cd /
	try spec --bundle "$SPEC"
	assert_status 0
	[ -s "$SPEC/config.json" ]
}

@test "spec --rootless writes what runc's does: the own id alone, the host's network and /sys" {
	cd "$BUNDLE"
	rm config.json
	try spec --rootless
	assert_status 0
	jq -e --argjson uid "$(id -u)" --argjson gid "$(id -g)" '.linux.uidMappings == [{containerID: 0, hostID: $uid, size: 1}]
		and .linux.gidMappings == [{containerID: 0, hostID: $gid, size: 1}]
		and ([.linux.namespaces[].type] | sort) == ["ipc", "mount", "pid", "user", "uts"]
		and (.mounts[] | select(.destination == "/sys") | .source == "/sys" and (.options | index("rbind") != null))' config.json
	config '.process.args = ["/bin/cat", "/proc/self/uid_map"] | .process.terminal = false'
	try run c1
	assert_status 0
	[ "$(tr -s ' ' <<<"$output")" = " 0 $(id -u) 1" ]
}

@test "spec --rootfs / with more paths to hide also hides the default paths" {
	try spec --rootfs / --bundle "$BATS_TEST_TMPDIR" --annotation org.urun.hidden=/nope -- true
	assert_status 0
	jq -e '.annotations["org.urun.hidden"] | split("\n") | index("/home") != null and .[-1] == "/nope"' "$BATS_TEST_TMPDIR/config.json"
}
