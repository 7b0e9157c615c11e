#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles that root of the host runs: the container is in the host's user namespace, and gets what its config says.  Run in the machine
# as root.
load ../integration/lib.bash

# Services of the machine come and go; urun names its cgroups by the container.
own_cgroups() {
	find /sys/fs/cgroup -type d -name 'c[0-9]*' 2>/dev/null | sort
}

# only_namespaces TYPE…: the container has these namespaces and a mount namespace.
only_namespaces() {
	config '.linux.namespaces = [{type: "mount"}] + [$ARGS.positional[] | {type: .}] |
		if $ARGS.positional | index("uts") then . else del(.hostname) end' --args -- "$@"
}

# join TYPE PID…: the container joins the namespace of this type of the process.
join() {
	config '.linux.namespaces |= map(select(.type != $type)) + [{type: $type, path: "/proc/\($pid)/ns/\($type | if . == "network" then "net" else . end)"}]' \
		--arg type "$1" --arg pid "$2"
}

# with_capabilities NAME…: the program has these alone.
with_capabilities() {
	config '.process.capabilities = ([("bounding", "permitted", "effective") | {(.): $ARGS.positional}] | add)' --args -- "$@"
}

started_c1() {
	program sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

# in_second TEXT: a line of shell in a container c2, beside c1.
in_second() {
	sh_program "$1"
	try run --bundle "$BUNDLE" c2
}

pid_of() {
	urun state "$1" | jq .pid
}

in_other_network() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

LINKS='for type in user mnt net pid ipc uts cgroup; do echo $type $(readlink /proc/self/ns/$type); done'

# --- namespaces -----------------------------------------------------------------------------------------------------------

@test "a namespace that the config doesn't list is the host's, and no user namespace is added" {
	local type
	only_namespaces
	in_container "$LINKS; cat /proc/self/uid_map"
	assert_status 0
	for type in user net pid ipc uts cgroup; do
		assert_contains "$output" "$type $(readlink "/proc/self/ns/$type")"
	done
	refute_contains "$output" "mnt $(readlink /proc/self/ns/mnt)"
	[ "$(tr -s ' ' <<<"${lines[-1]}")" = ' 0 0 4294967295' ]
	only_namespaces pid network ipc uts cgroup
	in_container "$LINKS"
	assert_status 0
	for type in mnt net pid ipc uts cgroup; do
		refute_contains "$output" "$type $(readlink "/proc/self/ns/$type")"
	done
	assert_contains "$output" "user $(readlink /proc/self/ns/user)"
}

@test "a user namespace of the config has the mappings of the config, which urun writes without newuidmap" {
	only_namespaces pid network ipc uts user
	config '.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 1000}] | .linux.gidMappings = [{containerID: 0, hostID: 400000, size: 1000}] |
		.process.oomScoreAdj = 300'
	chown -R 300000:400000 "$BUNDLE/rootfs"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	in_container_of_path 'cat /proc/self/uid_map /proc/self/gid_map; id -u; cat /proc/self/oom_score_adj'
	assert_status 0
	[ "$(tr -s ' ' <<<"$output")" = $' 0 300000 1000\n 0 400000 1000\n0\n300' ] || fail "$output"
}

# in_container_of_path TEXT: as in_container, for a PATH without helpers.
in_container_of_path() {
	sh_program "$1"
	observe env PATH=/nowhere "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
}

@test "a container by options keeps a user namespace" {
	by_options -- sh -c 'readlink /proc/self/ns/user'
	assert_status 0
	[ "$output" != "$(readlink /proc/self/ns/user)" ]
}

@test "a container joins the network, ipc, uts and pid namespaces of another, as those of a pod do" {
	local type pid
	started_c1
	pid=$(pid_of c1)
	config 'del(.hostname) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	for type in network ipc uts pid; do join "$type" "$pid"; done
	in_second "$LINKS; cat /proc/sys/net/ipv4/ip_forward; hostname; ps | grep -c 'sleep 60'"
	assert_status 0
	for type in net ipc uts pid; do assert_contains "$output" "$type $(readlink "/proc/$pid/ns/$type")"; done
	refute_contains "$output" "mnt $(readlink "/proc/$pid/ns/mnt")"
	[ "${lines[-3]}" = 1 ]
	[ "${lines[-2]}" = urun-test ]
	# The container itself has a command line with this text as well.
	[ "${lines[-1]}" -ge 1 ]
	try exec c1 sh -c "$LINKS"
	assert_status 0
	assert_contains "$output" "mnt $(readlink "/proc/$pid/ns/mnt")"
	urun delete --force c1
}

@test "the host's mount namespace and the host's names are refused" {
	local path
	for path in /proc/1/ns/mnt /proc/self/ns/mnt "/proc/$$/ns/mnt"; do
		config '.linux.namespaces |= map(select(.type != "mount")) + [{type: "mount", path: $path}]' --arg path "$path"
		try run --bundle "$BUNDLE" c1
		assert_status 125
		assert_one_line 'is the mount namespace of the host'
	done
	config '.linux.namespaces = [{type: "mount"}, {type: "uts", path: "/proc/self/ns/uts"}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hostname: ' 'would rename the host'
	config 'del(.hostname) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	try run --bundle "$BUNDLE" c1
	assert_one_line 'no network namespace of its own'
	config '.linux.sysctl = {"kernel.core_pattern": "x"}'
	try run --bundle "$BUNDLE" c1
	assert_one_line 'belongs to no namespace'
}

@test "a container with a user namespace in a network of the host's has a read-only sysfs, and can be entered" {
	local holder
	unshare --net sleep 60 3>&- 4>&- &
	holder=$!
	wait_for 5 in_other_network "$holder"
	only_namespaces pid ipc uts user
	join network "$holder"
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	sh_program 'readlink /proc/self/ns/net; grep -c " /sys sysfs ro," /proc/mounts; exec sleep 60'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
	wait_for 5 grep -qx 1 "$BATS_TEST_TMPDIR/out"
	[ "$(head -n1 "$BATS_TEST_TMPDIR/out")" = "$(readlink /proc/$holder/ns/net)" ]
	try exec c1 sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/user'
	assert_lines "$(readlink /proc/$holder/ns/net)" "$(readlink "/proc/$(pid_of c1)/ns/user")"
	# A second container of the pod, as Kubernetes makes it with hostUsers false.
	local pid type
	pid=$(pid_of c1)
	config 'del(.hostname)'
	for type in user ipc uts; do join "$type" "$pid"; done
	in_second "$LINKS"
	assert_status 0
	for type in user net ipc uts; do assert_contains "$output" "$type $(readlink "/proc/$pid/ns/$type")"; done
	refute_contains "$output" "pid $(readlink "/proc/$pid/ns/pid")"
	urun delete --force c1
	kill "$holder"
}

@test "the mappings beside the path of a user namespace must be its own" {
	only_namespaces pid network ipc uts user
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
	started_c1
	join user "$(pid_of c1)"
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 10}, {containerID: 10, hostID: 10, size: 990}]'
	in_second 'readlink /proc/self/ns/user'
	assert_output "$(readlink "/proc/$(pid_of c1)/ns/user")"
	config '.linux.gidMappings[0].hostID = 7'
	try run --bundle "$BUNDLE" c2
	assert_status 125
	assert_one_line 'linux.gidMappings: 0 7 1000, but the user namespace /proc/' 'has the map 0 0 1000'
	urun delete --force c1
}

# --- devices --------------------------------------------------------------------------------------------------------------

@test "devices are made, with their mode and owner, also those that the host doesn't have" {
	config '.linux.devices = [
		{path: "/dev/disks/seven", type: "b", major: 240, minor: 7, fileMode: 416, uid: 5, gid: 6},
		{path: "/dev/none", type: "c", major: 240, minor: 8},
		{path: "/dev/zero", type: "c", major: 1, minor: 5, fileMode: 384},
		{path: "/dev/queue", type: "p", fileMode: 2480, uid: 1, gid: 2}]'
	in_container 'stat -c "%n %F %t:%T %a %u:%g" /dev/disks/seven /dev/none /dev/zero /dev/null /dev/tty /dev/queue; grep -c " /dev/[nz]" /proc/mounts
		echo text >/dev/null; head -c 3 /dev/zero | wc -c'
	assert_lines '/dev/disks/seven block special file f0:7 640 5:6' '/dev/none character special file f0:8 666 0:0' \
		'/dev/zero character special file 1:5 600 0:0' '/dev/null character special file 1:3 666 0:0' \
		'/dev/tty character special file 5:0 666 0:0' '/dev/queue fifo 0:0 4660 1:2' 0 3
}

@test "mknod works with CAP_MKNOD, and not without" {
	local make='mknod /dev/made c 1 3 && echo x >/dev/made && stat -c %t:%T /dev/made'
	in_container "$make"
	[ "$status" != 0 ]
	assert_output ''
	with_capabilities CAP_MKNOD
	in_container "$make"
	assert_output 1:3
}

@test "a device of another number in the image's /dev is no device of the container's" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	mknod "$BUNDLE/rootfs/dev/null" c 1 5
	ln -s /etc/passwd "$BUNDLE/rootfs/dev/full"
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'device /dev/full: a symbolic link of that name'
	rm "$BUNDLE/rootfs/dev/full"
	in_container 'stat -c %t:%T /dev/null /dev/full'
	assert_lines 1:3 1:7
	[ "$(stat -c %t:%T "$BUNDLE/rootfs/dev/null")" = 1:5 ]
}

# --- mounts ---------------------------------------------------------------------------------------------------------------

@test "the options of sysfs and the masked paths are the config's" {
	in_container 'grep -o " /sys sysfs r[ow]" /proc/mounts; stat -c %F /proc/keys; (echo 1 >/proc/sys/vm/drop_caches) 2>&1 | grep -o Read-only'
	assert_lines ' /sys sysfs ro' 'character special file' Read-only
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .mounts |= map(if .type == "sysfs" then .options -= ["ro"] else . end)'
	in_container 'grep -o " /sys sysfs r[ow]" /proc/mounts; stat -c %F /proc/keys; cat /proc/sys/vm/swappiness >/proc/sys/vm/swappiness && echo written'
	assert_lines ' /sys sysfs rw' 'regular empty file' written
	# Also in the host's network.
	only_namespaces pid
	in_container 'grep -o " /sys sysfs r[ow]" /proc/mounts; readlink /proc/self/ns/net'
	assert_lines ' /sys sysfs rw' "$(readlink /proc/self/ns/net)"
}

@test "a cgroup mount in the host's cgroup namespace leaves the host's own mount as it is" {
	local before
	before=$(grep ' /sys/fs/cgroup ' /proc/mounts)
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}]'
	in_container 'grep -o " /sys/fs/cgroup cgroup2 r[ow]" /proc/mounts; ls -d /sys/fs/cgroup/system.slice'
	assert_lines ' /sys/fs/cgroup cgroup2 ro' /sys/fs/cgroup/system.slice
	[ "$(grep ' /sys/fs/cgroup ' /proc/mounts)" = "$before" ]
	config '.mounts[-1].options -= ["ro"]'
	in_container 'mkdir /sys/fs/cgroup/c1-made && rmdir /sys/fs/cgroup/c1-made && echo made'
	assert_output made
	[ "$(grep ' /sys/fs/cgroup ' /proc/mounts)" = "$before" ]
	# With a cgroup namespace a mount of its own.
	config '.linux.namespaces += [{type: "cgroup"}]'
	in_container 'ls -d /sys/fs/cgroup/system.slice 2>/dev/null; grep ^0: /proc/self/cgroup'
	assert_output 0::/
	[ "$(grep ' /sys/fs/cgroup ' /proc/mounts)" = "$before" ]
}

@test "with rootfsPropagation shared a mount in a shared volume appears on the host, and no other mount does" {
	local volume=$BATS_TEST_TMPDIR/volume before
	mkdir -p "$volume" "$BUNDLE/rootfs/below"
	mount -t tmpfs volume "$volume"
	mount --make-shared "$volume"
	mkdir "$volume/place" "$volume/other"
	# The host's mounts in the root file system aren't the container's to mount in, either.
	mount -t tmpfs below "$BUNDLE/rootfs/below"
	mount --make-shared "$BUNDLE/rootfs/below"
	mkdir "$BUNDLE/rootfs/below/place"
	with_capabilities CAP_SYS_ADMIN
	config '.linux.rootfsPropagation = "shared" | .mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["rbind", "rshared"]},
		{destination: "/plain", type: "bind", source: $volume, options: ["rbind"]}, {destination: "/system", type: "bind", source: "/sys", options: ["rbind"]}]' \
		--arg volume "$volume"
	before=$(awk '{ print $5 }' /proc/self/mountinfo | sort)
	sh_program 'mount -t tmpfs inner /volume/place && mkdir /volume/place/seen; mount -t tmpfs plain /plain/other && mount -t tmpfs below /below/place &&
		mount -t tmpfs system /system/kernel && mount -t tmpfs root /tmp && : >/volume/ready; sleep 60'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	wait_for 5 test -e "$volume/ready"
	[ "$(awk '{ print $5 }' /proc/self/mountinfo | sort)" = "$(printf '%s\n' "$before" "$volume/place" | sort)" ]
	[ -d "$volume/place/seen" ]
	urun delete --force c1
	umount "$volume/place"
	# Without it nothing comes out.
	rm "$volume/ready"
	config 'del(.linux.rootfsPropagation)'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	wait_for 5 test -e "$volume/ready"
	[ "$(awk '{ print $5 }' /proc/self/mountinfo | sort)" = "$before" ]
	urun delete --force c1
	umount "$volume" "$BUNDLE/rootfs/below"
}

@test "an idmapped volume shows other owners" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	chown 1000:1000 "$BATS_TEST_TMPDIR/volume"
	config '.mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["rbind"],
		uidMappings: [{containerID: 1000, hostID: 2000, size: 1}], gidMappings: [{containerID: 1000, hostID: 3000, size: 1}]}]' \
		--arg volume "$BATS_TEST_TMPDIR/volume"
	in_container 'stat -c %u:%g /volume'
	assert_output 2000:3000
}

# As Kubernetes asks for with hostUsers false: the container's mapping, in the host's ids.
@test "an idmapped volume of a container with a user namespace has the owners that it has on the host" {
	local volume=$BATS_TEST_TMPDIR/volume
	mkdir -p "$volume/below"
	chown 7:8 "$volume"
	chmod 777 "$volume"
	mount -t tmpfs below "$volume/below"
	mount --make-shared "$volume/below"
	only_namespaces pid network ipc uts user
	with_capabilities CAP_SYS_ADMIN CAP_CHOWN
	config '.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.mounts += [range(12) | {destination: "/volume\(.)", type: "bind", source: $volume, options: ["rbind"],
			uidMappings: [{containerID: 0, hostID: 300000, size: 65536}], gidMappings: [{containerID: 0, hostID: 300000, size: 65536}]}] +
		[{destination: "/simple", type: "bind", source: $volume, options: ["rbind", "idmap"]}]' --arg volume "$volume"
	chown -R 300000:300000 "$BUNDLE/rootfs"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	in_container 'stat -c %u:%g /volume0 /volume11 /simple; : >/volume3/made; mount -t tmpfs x /volume0/below && mkdir /volume0/below/in; ls /proc/self/fd | wc -l'
	assert_lines 7:8 7:8 7:8 4
	# What the container writes belongs to its root's id in the volume, and what it mounts stays inside.
	[ "$(stat -c %u:%g "$volume/made")" = 0:0 ]
	[ -z "$(ls "$volume/below")" ]
	umount "$volume/below"
}

@test "an overlay of the config has trusted attributes" {
	mkdir "$BATS_TEST_TMPDIR"/{lower,upper,work}
	touch "$BATS_TEST_TMPDIR/lower/file"
	config '.mounts += [{destination: "/over", type: "overlay", source: "overlay",
		options: ["lowerdir=\($d)/lower", "upperdir=\($d)/upper", "workdir=\($d)/work"]}]' --arg d "$BATS_TEST_TMPDIR"
	in_container 'rm /over/file; mkdir /over/made; grep -o userxattr /proc/mounts'
	assert_output ''
	[ -d "$BATS_TEST_TMPDIR/upper/made" ]
	[ "$(stat -c %F "$BATS_TEST_TMPDIR/upper/file")" = 'character special file' ]
}

# --- rights ---------------------------------------------------------------------------------------------------------------

@test "the program has the config's capabilities on the host, as root and as another user" {
	local look='grep -E "^(Cap|NoNewPrivs)" /proc/self/status'
	with_capabilities CAP_CHOWN CAP_NET_BIND_SERVICE
	in_container "$look"
	assert_lines $'CapInh:\t0000000000000000' $'CapPrm:\t0000000000000401' $'CapEff:\t0000000000000401' $'CapBnd:\t0000000000000401' \
		$'CapAmb:\t0000000000000000' $'NoNewPrivs:\t1'
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6]} | .process.noNewPrivileges = false |
		.process.capabilities.inheritable = ["CAP_CHOWN"] | .process.capabilities.ambient = ["CAP_CHOWN"]'
	in_container "$look; id"
	assert_lines $'CapInh:\t0000000000000001' $'CapPrm:\t0000000000000001' $'CapEff:\t0000000000000001' $'CapBnd:\t0000000000000401' \
		$'CapAmb:\t0000000000000001' $'NoNewPrivs:\t0' 'uid=1000 gid=1000 groups=5,6'
	started_c1
	try exec c1 sh -c "$look"
	[ "${lines[1]}" = $'CapPrm:\t0000000000000001' ] || fail "$output"
	urun delete --force c1
}

@test "a filter holds with and without no_new_privs, also where it refuses what urun does with no_new_privs before" {
	local privileges
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'
	for privileges in true false; do
		config ".process.noNewPrivileges = $privileges"
		in_container 'mkdir /tmp/made 2>/dev/null || echo refused; grep Seccomp: /proc/self/status'
		assert_lines refused $'Seccomp:\t2'
	done
	config '.process.noNewPrivileges = true | .linux.seccomp.syscalls[0].names = ["setresuid", "setresgid", "capset", "prctl", "setgroups"]'
	in_container 'grep Seccomp: /proc/self/status'
	assert_output $'Seccomp:\t2'
}

# The host's root in the machine of namespaces lacks CAP_SYS_RESOURCE.
# bats test_tags=kernel
@test "hard limits are raised, and the OOM score is lowered" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 2000, hard: 3000}] | .process.oomScoreAdj = -500'
	sh_program 'ulimit -Hn; ulimit -Sn; cat /proc/self/oom_score_adj'
	observe sh -c 'ulimit -n 1024; "$@"' sh "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_lines 3000 2000 -500
	started_c1
	try exec c1 sh -c 'ulimit -Hn; cat /proc/self/oom_score_adj'
	assert_lines 3000 -500
	urun delete --force c1
}

@test "without CAP_SYS_RESOURCE an OOM score that the kernel refuses is an error, and one that it allows is set" {
	sh_program 'cat /proc/self/oom_score_adj'
	config '.process.oomScoreAdj = -500'
	without_sys_resource run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'process.oomScoreAdj: write -500' 'permission denied (hint: it is 0 here; to go lower needs CAP_SYS_RESOURCE'
	config '.process.oomScoreAdj = 200'
	without_sys_resource run --bundle "$BUNDLE" c1
	assert_output 200
}

without_sys_resource() {
	observe sh -c 'echo 0 >/proc/self/oom_score_adj; exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$@"' sh "$URUN" --root "$STATE" "$@"
}

@test "the error for a limit whose controller the host lacks says so, and doesn't advise to delegate it" {
	! grep -qw pids /sys/fs/cgroup/cgroup.controllers || skip "this machine has the controller"
	config '.linux.resources.pids.limit = 20'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'linux.resources.pids.limit: the cgroup controller `pids` is not available in' "(hint: /sys/fs/cgroup/cgroup.controllers doesn't have it: "
}

@test "hooks run as root, createContainer hooks before the container's root is entered" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-END
		#!/bin/sh
		{ echo "\$1"; id -u; readlink /proc/self/ns/user; [ -e $BATS_TEST_TMPDIR/hook ] && echo host; } >>$BATS_TEST_TMPDIR/ran
	END
	chmod 755 "$BATS_TEST_TMPDIR/hook"
	config '.hooks = ([("createRuntime", "createContainer", "poststop") | {(.): [{path: $path, args: ["hook", .]}]}] | add)' --arg path "$BATS_TEST_TMPDIR/hook"
	in_container true
	assert_status 0
	observe cat "$BATS_TEST_TMPDIR/ran"
	assert_lines createRuntime 0 "$(readlink /proc/self/ns/user)" host createContainer 0 "$(readlink /proc/self/ns/user)" host \
		poststop 0 "$(readlink /proc/self/ns/user)" host
}

# --- the end --------------------------------------------------------------------------------------------------------------

# left_behind TEXT: a program that leaves a process "sleep N" behind in the host's pid namespace, and goes on with TEXT.
left_behind() {
	only_namespaces
	sh_program "sleep 4242 & : >/started; $1"
	rm -f "$BUNDLE/rootfs/started"
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	urun start c1
	wait_for 5 test -e "$BUNDLE/rootfs/started"
}

sleeps() {
	pgrep -fx 'sleep 4242' >/dev/null
}

@test "kill --all and SIGKILL end all of a container in the host's pid namespace, also when its first process has died" {
	local how
	for how in '--all c1 KILL' 'c1 KILL'; do
		left_behind 'sleep 60'
		sleeps
		# shellcheck disable=SC2086
		urun kill $how
		wait_for 5 is_status c1 stopped
		wait_for 5 eval '! sleeps'
		urun delete c1
		left_behind 'exit 0'
		wait_for 5 is_status c1 stopped
		sleeps
		# shellcheck disable=SC2086
		urun kill $how
		wait_for 5 eval '! sleeps'
		urun delete c1
	done
	try kill c1 KILL
	assert_contains "$stderr" 'does not exist'
}

@test "delete ends what the first process has left in the host's pid namespace" {
	left_behind 'exit 0'
	wait_for 5 is_status c1 stopped
	sleeps
	urun delete c1
	wait_for 5 eval '! sleeps'
	# Without a cgroup too.
	only_namespaces
	sh_program 'sleep 4242 & exit 0'
	urun --cgroup-manager disabled run --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	wait_for 5 eval '! sleeps'
}
