#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The device rules of root's containers (linux.resources.devices); run in the machine as root.
load ../integration/lib.bash

# /dev/fuse is a device that opens in each way, whatever the hardware.
FUSE='type: "c", major: 10, minor: 229'
DENY_ALL='{allow: false, access: "rwm"}'
# What the container tries with a node: three words such as "r w -".
TRY='try() { (: <"$1") 2>/dev/null && printf "r " || printf "%s " -; (: >"$1") 2>/dev/null && printf "w " || printf "%s " -; (: <>"$1") 2>/dev/null && echo rw || echo -; }'

# Root gets an image of busybox of its own: the machine's image is user ci's.
setup_file() {
	podman import -q --change CMD=/bin/sh /opt/busybox.tar localhost/busybox >/dev/null
}

# podman_run ARG…: observes a new container of podman's.
podman_run() {
	observe timeout -k 5 90 podman --runtime "$URUN" run --rm --network none "$@" </dev/null 3>&- 4>&-
}

eval "common_$(declare -f setup)"
setup() {
	common_setup
	mknod -m 666 "$BUNDLE/rootfs/found" c 10 229
	config '.process.capabilities |= map_values(. + ["CAP_MKNOD"] | unique)'
}

# The containers alone: root owns the cgroups of services too, which come and go.
own_cgroups() {
	find /sys/fs/cgroup -type d \( -name '*c1*' -o -name '*urun-*' \) ! -name 'run-*' | sort
}

rules() {
	config ".linux.resources.devices = [$1]"
}

# in_container TEXT: runs the line with try() in a container; the options of $MANAGER are urun's.
in_container() {
	sh_program "$TRY; $1"
	# shellcheck disable=SC2086 # several words
	try ${MANAGER-} run --bundle "$BUNDLE" c1
}

# started [OPTION…]: starts a container that does nothing.
started() {
	sh_program 'while :; do sleep 0.1; done'
	urun "$@" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

# opens: how processes that enter the container may open the device.
opens() {
	try exec c1 sh -c "$TRY; try /found"
	echo "$output$stderr"
}

update() {
	jq -n "{devices: [$1]}" | urun update --resources - c1
}

@test "a container of root's may make each node, and open the default devices and no other" {
	local set
	for set in '' "$DENY_ALL"; do
		rules "$set"
		in_container 'mknod disk b 7 0; mknod fuse c 10 229; mknod nil c 1 3; try disk; try fuse; try found; try nil; try /dev/null; try /dev/zero; cat disk'
		assert_lines '- - -' '- - -' '- - -' 'r w rw' 'r w rw' 'r w rw'
		assert_contains "$stderr" "disk': Operation not permitted"
	done
}

@test "rules are applied in their order, for each access of its own" {
	rules "$DENY_ALL, {allow: true, $FUSE, access: \"r\"}"
	in_container 'try found'
	assert_output 'r - -'
	rules "$DENY_ALL, {allow: true, $FUSE, access: \"r\"}, {allow: true, type: \"c\", major: 10, access: \"w\"}"
	in_container 'try found'
	assert_output 'r w rw'
	rules "{allow: true, type: \"a\", access: \"rwm\"}, {allow: false, $FUSE, access: \"w\"}"
	in_container 'try found'
	assert_output 'r - -'
	rules "{allow: true, $FUSE, access: \"rw\"}, $DENY_ALL"
	in_container 'try found'
	assert_output '- - -'
	rules '{allow: true, access: "rwm"}'
	in_container 'try found'
	assert_output 'r w rw'
}

@test "a container of root's in a user namespace has its rules too" {
	rules "$DENY_ALL, {allow: true, $FUSE, access: \"r\"}"
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 200000:200000 "$BUNDLE/rootfs"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	in_container 'try found; mknod x c 10 229'
	assert_output 'r - -'
	assert_contains "$stderr" 'x: Operation not permitted'
}

@test "update replaces the rules of all processes of the container, whatever made the cgroup" {
	local manager
	for manager in cgroupfs systemd; do
		rules "$DENY_ALL"
		started --cgroup-manager "$manager"
		[ "$(opens)" = '- - -' ]
		update "$DENY_ALL, {allow: true, $FUSE, access: \"rw\"}"
		[ "$(opens)" = 'r w rw' ]
		# A rule that no list of systemd's can say.
		update "{allow: true, access: \"rwm\"}, {allow: false, $FUSE, access: \"w\"}"
		[ "$(opens)" = 'r - -' ]
		# Done or refused, as the machine has the controller: other limits don't touch the rules.
		try update --pids-limit 100 c1
		[ "$(opens)" = 'r - -' ]
		update "$DENY_ALL"
		[ "$(opens)" = '- - -' ]
		urun delete --force c1
	done
}

@test "systemd has the same rules, so that a daemon-reload doesn't undo them" {
	rules "$DENY_ALL, {allow: true, $FUSE, access: \"r\"}"
	started --systemd-cgroup
	systemctl show -p DevicePolicy urun-c1.scope | grep -qx DevicePolicy=strict
	systemctl show -p DeviceAllow urun-c1.scope | grep -qxE 'DeviceAllow=(/dev/char/10:229|/dev/fuse) rm?'
	systemctl show -p DeviceAllow urun-c1.scope | grep -qxE 'DeviceAllow=(/dev/char/1:3|/dev/null) rwm'
	systemctl daemon-reload
	[ "$(opens)" = 'r - -' ]
	# systemd applies all properties anew.
	systemctl set-property --runtime urun-c1.scope TasksAccounting=yes
	systemctl daemon-reload
	[ "$(opens)" = 'r - -' ]
	update "$DENY_ALL, {allow: true, $FUSE, access: \"rw\"}"
	systemctl daemon-reload
	[ "$(opens)" = 'r w rw' ]
	update "$DENY_ALL"
	systemctl daemon-reload
	[ "$(opens)" = '- - -' ]
	refute_contains "$(systemctl show -p DeviceAllow urun-c1.scope)" fuse
	refute_contains "$(systemctl show -p DeviceAllow urun-c1.scope)" 10:229
	urun delete --force c1
}

@test "a root file system that root has unpacked brings no device along, and --device gives one" {
	try run --network none --rootfs "$BUNDLE/rootfs" sh -c "$TRY; try /found; try /dev/null"
	assert_lines '- - -' 'r w rw'
	try run --network none --device /dev/fuse --rootfs "$BUNDLE/rootfs" sh -c "$TRY; try /found; try /dev/fuse"
	assert_lines '- - -' 'r w rw'
}

@test "without cgroup version 2 a container that needs the rules is refused" {
	rules "$DENY_ALL"
	sh_program true
	observe unshare --mount sh -c 'umount -l /sys/fs/cgroup && exec "$@"' - timeout 60 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null
	assert_status 125
	assert_one_line 'linux.resources.devices: needs cgroup version 2' '--cgroup-manager disabled'
	rules '{allow: true, access: "rwm"}'
	observe unshare --mount sh -c 'umount -l /sys/fs/cgroup && exec "$@"' - timeout 60 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null
	assert_status 0
}

@test "without a cgroup there are no rules, with a warning" {
	rules "$DENY_ALL"
	MANAGER='--cgroup-manager disabled' in_container 'try found'
	assert_status 0
	assert_output 'r w rw'
	assert_contains "$stderr" 'urun: warning: linux.resources.devices: not enforced'
	# Nothing is lost where everything is allowed.
	rules '{allow: true, access: "rwm"}'
	MANAGER='--cgroup-manager disabled' in_container 'try found'
	[ -z "$stderr" ]
}

@test "in a user namespace without a cgroup, the nodes of the root file system don't open" {
	rules "$DENY_ALL"
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	MANAGER='--cgroup-manager disabled' in_container 'try found; try /dev/null'
	assert_status 0
	assert_lines '- - -' 'r w rw'
}

@test "check --explain shows the rules" {
	rules "$DENY_ALL, {allow: true, $FUSE, access: \"r\"}"
	try check --explain "$BUNDLE"
	assert_contains "$output" 'devices: deny a *:* rwm'
	assert_contains "$output" 'devices: allow c 10:229 r'
	assert_contains "$output" 'devices: allow c 136:* rwm'
}

@test "podman as root: --device gives what it says, --privileged everything, and nothing else gives anything" {
	podman_run --cap-add mknod localhost/busybox sh -c "$TRY; mknod /x c 10 229; try /x; try /dev/null"
	assert_lines '- - -' 'r w rw'
	podman_run --device /dev/fuse:/dev/f:r localhost/busybox sh -c "$TRY; try /dev/f"
	assert_output 'r - -'
	podman_run --device /dev/fuse localhost/busybox sh -c "$TRY; try /dev/fuse"
	assert_output 'r w rw'
	podman_run --cap-add mknod --device-cgroup-rule 'c 10:229 r' localhost/busybox sh -c "$TRY; mknod /x c 10 229; try /x"
	assert_output 'r - -'
	podman_run --privileged localhost/busybox sh -c "$TRY; mknod /x c 10 229; try /x"
	assert_output 'r w rw'
}

@test "root's states are in /run/urun, whatever XDG_RUNTIME_DIR says, and another user's /tmp/urun-0 changes nothing" {
	mkdir -p /tmp/urun-0
	chown ci /tmp/urun-0
	sh_program 'while :; do sleep 0.1; done'
	XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime timeout 60 "$URUN" run --detach --bundle "$BUNDLE" c1-state </dev/null >/dev/null 2>&1
	[ -d /run/urun/c1-state ]
	[ ! -e "$BATS_TEST_TMPDIR/runtime/urun" ]
	observe env -u XDG_RUNTIME_DIR "$URUN" list -q
	assert_output c1-state
	observe "$URUN" --version
	assert_contains "$output" $'\nrundir: /run/urun\n'
	"$URUN" delete --force c1-state
	[ "$(stat -c '%a %U' /run/urun)" = '700 root' ]
	rmdir /tmp/urun-0
}

@test "a scope that systemd refuses is an error with systemd's words, and leaves nothing" {
	config '.linux.cgroupsPath = "no slice:urun:c1"'
	sh_program true
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'start urun-c1.scope: ' "invalid unit name 'no slice'"
}
