#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What users of shared machines expect in a container: devices that files of CDI describe, the home directory, shared memory.
load lib.bash

# cdi FILE DEVICE EDITS [EDITS-OF-ALL]: writes a file of devices, in JSON, to the directory $CDI.
cdi() {
	CDI=$BATS_TEST_TMPDIR/cdi
	mkdir -p "$CDI"
	cat >"$CDI/$1" <<-END
		{"cdiVersion": "0.6.0", "kind": "urun.example/x", "containerEdits": {${4-}},
		"devices": [{"name": "$2", "containerEdits": {$3}}]}
	END
}

# with_device NAME ARG…: runs a container that has the device.
with_device() {
	by_options --cdi-spec-dir "$CDI" --device "urun.example/x=$1" "${@:2}"
}

@test "a device of CDI brings its nodes, mounts, variables, groups and hooks" {
	mkdir "$BATS_TEST_TMPDIR/driver"
	echo library >"$BATS_TEST_TMPDIR/driver/lib"
	cdi x.json 0 "\"env\": [\"CARD=0\"],
		\"deviceNodes\": [{\"path\": \"/dev/x0\", \"hostPath\": \"/dev/zero\", \"type\": \"c\", \"major\": 1, \"minor\": 5}],
		\"mounts\": [{\"hostPath\": \"$BATS_TEST_TMPDIR/driver\", \"containerPath\": \"/opt/driver\", \"options\": [\"ro\", \"nosuid\", \"nodev\", \"bind\"]}],
		\"hooks\": [{\"hookName\": \"createContainer\", \"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/hook\"]}]" \
		'"env": ["ALL=yes"], "deviceNodes": [{"path": "/dev/xctl", "hostPath": "/dev/null"}]'
	with_device 0 sh -c 'echo $CARD $ALL; head -c 3 /dev/x0 | wc -c; echo x >/dev/xctl; cat /opt/driver/lib; (echo x >/opt/driver/lib) 2>/dev/null || echo read-only'
	assert_status 0
	assert_output $'0 yes\n3\nlibrary\nread-only'
	jq -e .id "$BATS_TEST_TMPDIR/hook" >/dev/null || fail "the hook got no state"
	with_device all --env CARD=mine sh -c 'echo $CARD; test -c /dev/x0'
	assert_status 0
	assert_output mine
	if has_subids; then
		cdi x.json 0 '"additionalGids": [44]'
		with_device 0 id -G
		assert_output '0 44'
	fi
	# In the sandbox, too, where /run is an empty file system of the container's.
	cdi x.json 0 "\"mounts\": [{\"hostPath\": \"$BATS_TEST_TMPDIR/driver\", \"containerPath\": \"/run/driver\"}]"
	if [ -w /dev/fuse ] && command -v fuse-overlayfs >/dev/null; then
		try run --network none --cdi-spec-dir "$CDI" --device urun.example/x=0 -- cat /run/driver/lib
		assert_output library
	fi
}

@test "a group that has no id in the container is left out with a warning, and so is a node that the caller can't open" {
	local node closed=
	cdi x.json 0 '"additionalGids": [4000000000]'
	with_device 0 id -G
	assert_status 0
	assert_output 0
	assert_contains "$stderr" 'group 4000000000'
	for node in /dev/*; do
		if [ -c "$node" ] && [ ! -r "$node" ] && [ ! -w "$node" ]; then closed=$node; fi
	done
	[ -n "$closed" ] || skip "this user can open all devices here"
	cdi x.json 0 "\"deviceNodes\": [{\"path\": \"$closed\"}, {\"path\": \"/dev/x0\", \"hostPath\": \"/dev/null\"}]"
	with_device 0 sh -c "test -c /dev/x0 && test ! -e $closed && echo one"
	assert_output one
	assert_contains "$stderr" "$closed: you can't open the node"
	cdi x.json 0 "\"deviceNodes\": [{\"path\": \"$closed\"}]"
	with_device 0 true
	assert_status 125
	assert_one_line "the node $closed: permission denied" 'keep-groups'
}

@test "a file in YAML is one in JSON" {
	cdi x.yaml 0 ''
	cp "$TESTS/devices.yaml" "$CDI/x.yaml"
	with_device 0 sh -c 'head -c 3 /dev/x0 | wc -c; echo $CARDS; test -f /mnt/file && echo mounted'
	[[ $stderr != *--with-yaml* ]] || skip "built without libyaml"
	assert_output $'3\nvoid\nmounted'
	printf 'cdiVersion: &v 0.5.0\nkind: *v\n' >"$CDI/x.yaml"
	with_device 0 true
	assert_status 125
	assert_one_line "$CDI/x.yaml: kind: aliases are not taken"
}

@test "the error names the device, the file and what is wrong with them" {
	cdi a.json 0 ''
	with_device 1 true
	assert_status 125
	assert_one_line '--device urun.example/x=1: unknown device 1: there are 0'
	by_options --cdi-spec-dir "$CDI/none" --device other.example/x=0 true
	assert_one_line "--cdi-spec-dir $CDI/none: no such file or directory"
	by_options --cdi-spec-dir "$CDI" --device other.example/x=0 true
	assert_one_line "--device other.example/x=0: no file in $CDI describes devices of the kind other.example/x"
	cdi b.json 0 ''
	with_device 0 true
	assert_status 125
	assert_one_line "ambiguous: $CDI/a.json and $CDI/b.json both describe urun.example/x=0"
	# A device that nobody asks for doesn't matter.
	cdi b.json 1 ''
	with_device 1 echo ran
	assert_output ran
	echo '{' >"$CDI/b.json"
	with_device 1 true
	assert_status 125
	assert_one_line 'unknown device 1: there are 0' "$CDI/b.json: not JSON: "
	with_device 0 echo ran
	assert_output ran
	assert_contains "$stderr" "$CDI/b.json: not JSON"
	chmod 0 "$CDI/b.json"
	with_device 1 true
	assert_one_line "$CDI/b.json: permission denied"
	rm "$CDI/b.json"
	cdi a.json 0 '"deviceNodes": [{"path": "/dev/x-nowhere"}]'
	with_device 0 true
	assert_status 125
	assert_one_line "--device urun.example/x=0: $CDI/a.json: the node /dev/x-nowhere: no such file or directory"
	cdi a.json 0 '"hooks": [{"hookName": "poststop", "path": "/nowhere"}]'
	with_device 0 true
	assert_one_line "$CDI/a.json: the hook /nowhere: no such file or directory"
	cdi a.json 0 '"intelRdt": {"closID": "a"}'
	with_device 0 true
	assert_one_line 'linux.intelRdt: only root of the host can set it'
}

@test "--home mounts the home directory at its place, for any user of the container" {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
	echo mine >"$HOME/file"
	by_options --home sh -c 'cat ~/file; echo $HOME; echo more >>~/file'
	assert_status 0
	assert_output $'mine\n'"$HOME"
	[ "$(cat "$HOME/file")" = $'mine\nmore' ]
	by_options --home --userns keep-id sh -c 'cd && cat file'
	assert_output $'mine\nmore'
	by_options --home --env HOME=/tmp sh -c 'echo $HOME'
	assert_output /tmp
	HOME=/ by_options --home true
	assert_status 125
	assert_one_line '--home: $HOME is /, a part of the system'
}

@test "--home opens the home in the host's own system, and the command begins in the working directory there" {
	needs_fuse
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/work"
	cd "$HOME/work" || fail "no directory"
	try run --network none --home -- sh -c 'pwd; echo out >file'
	assert_status 0
	assert_output "$HOME/work"
	[ "$(cat file)" = out ]
	cd /
}

@test "with one id, keep-id is the caller, and --ipc host shares memory in both directions" {
	local name=urun-test-$$-$RANDOM
	by_options --userns keep-id:size=1 sh -c 'id -u; wc -l </proc/self/uid_map'
	assert_status 0
	assert_output "$(id -u)"$'\n1'
	[ -w /dev/shm ] || skip "no /dev/shm to share"
	echo host >"/dev/shm/$name"
	by_options --userns keep-id:size=1 --ipc host sh -c "cat /dev/shm/$name; echo container >>/dev/shm/$name"
	observe cat "/dev/shm/$name"
	rm -f "/dev/shm/$name"
	assert_output $'host\ncontainer'
}
