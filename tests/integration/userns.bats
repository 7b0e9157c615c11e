#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The user namespace: which ids the container has, and how they are mapped.
load lib.bash

@test "a bundle without a user namespace runs with all of the user's subuids" {
	has_subids || skip "this user has no subids"
	in_container 'cat /proc/self/uid_map'
	assert_status 0
	local first count
	read -r first count <<<"$(subid_range uid)"
	read -r -a map <<<"$(tr '\n' ' ' <<<"$output")"
	[ "${map[*]}" = "0 $(id -u) 1 1 $first $count" ]
}

@test "a bundle without a user namespace runs with all of the user's subgids" {
	has_subids || skip "this user has no subids"
	in_container 'cat /proc/self/gid_map'
	local first count
	read -r first count <<<"$(subid_range gid)"
	read -r -a map <<<"$(tr '\n' ' ' <<<"$output")"
	[ "${map[*]}" = "0 $(id -g) 1 1 $first $count" ]
}

@test "a container without a user namespace in its config has one of its own" {
	in_container 'readlink /proc/self/ns/user'
	[ "$output" != "$(readlink /proc/self/ns/user)" ]
}

@test "the container can give files to other ids, which are the user's subids outside" {
	has_subids || skip "this user has no subids"
	config '.process.capabilities.bounding += ["CAP_CHOWN"] | .process.capabilities.effective += ["CAP_CHOWN"] | .process.capabilities.permitted += ["CAP_CHOWN"]'
	in_container 'touch /tmp/mine /tmp/theirs && chown 1000:1000 /tmp/theirs && stat -c %u:%g /tmp/theirs'
	assert_status 0
	assert_output 1000:1000
	[ "$(stat -c %u "$BUNDLE/rootfs/tmp/mine")" = "$(id -u)" ]
	local first
	read -r first _ <<<"$(subid_range uid)"
	[ "$(stat -c %u "$BUNDLE/rootfs/tmp/theirs")" = "$((first + 999))" ]
}

@test "urun uses the mappings of the config" {
	has_subids || skip "this user has no subids"
	local first
	read -r first _ <<<"$(subid_range uid)"
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $own, "size": 1}, {"containerID": 10, "hostID": $first, "size": 20}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]
		| del(.mounts[] | select(.destination == "/dev/pts"))' --argjson own "$(id -u)" --argjson gid "$(id -g)" --argjson first "$first"
	in_container 'cat /proc/self/uid_map'
	assert_status 0
	read -r -a map <<<"$(tr '\n' ' ' <<<"$output")"
	[ "${map[*]}" = "0 $(id -u) 1 10 $first 20" ]
}

# single_id: the mapping has one id, which needs no set-user-ID helper.
single_id() {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

@test "a mapping of one own id needs no helper, and setgroups is denied" {
	single_id
	sh_program 'cat /proc/self/uid_map /proc/self/setgroups'
	observe env PATH=/nowhere "$(command -v timeout)" 20 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	read -r -a map <<<"$(tr '\n' ' ' <<<"$output")"
	[ "${map[*]}" = "0 $(id -u) 1 deny" ]
}

@test "the error for groups that can't be set names their path, and nothing is made" {
	single_id
	config '.process.user.additionalGids = [0]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line process.user.additionalGids 'setgroups(2)' '(hint: '
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ]
	try check "$BUNDLE"
	assert_status 1
	assert_contains "$output$stderr" process.user.additionalGids
	# The caller is in a user namespace that denies setgroups(2).
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	observe timeout 30 unshare --user --map-root-user "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line process.user.additionalGids 'setgroups(2)' '(hint: '
	# With kept groups, which are the caller's, the groups of the config have no meaning.
	config '.linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}] | .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
	config '.annotations = { "run.oci.keep_original_groups": "1" }'
	try run --bundle "$BUNDLE" c1
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
}

@test "exec refuses groups that can't be set" {
	single_id
	program sleep 30
	urun create --bundle "$BUNDLE" c1
	urun start c1
	try exec --additional-gids 0 c1 id -G
	assert_status 255
	assert_one_line process.user.additionalGids 'setgroups(2)'
	try exec c1 id -u
	assert_output 0
	urun delete --force c1
}

@test "groups of the root file system that can't be set are a warning" {
	local container=(run --rootfs "$BUNDLE/rootfs" --network none --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1" --user root)
	echo 'more:x:5:root' >>"$BUNDLE/rootfs/etc/group"
	try "${container[@]}" id -u
	assert_status 0
	assert_output 0
	[ "$(grep -c '' <<<"$stderr")" = 1 ] || fail "$stderr"
	assert_contains "$stderr" 'urun: warning: the groups'
	urun "${container[@]}" --name c1 --detach sleep 30 3>&- 2>/dev/null
	try exec c1 id -u
	assert_output 0
	[ -z "$stderr" ] || fail "$stderr"
	urun delete --force c1
}

@test "with one id the option gid=5 of devpts is left out, and no error" {
	single_id
	in_container 'grep -c devpts /proc/mounts; grep devpts /proc/mounts'
	assert_status 0
	refute_contains "$output" gid=5
}

@test "the own id can have another number in the container" {
	config '.linux.namespaces += [{"type": "user"}] | .process.user = {"uid": 1234, "gid": 4321} | .linux.uidMappings = [{"containerID": 1234, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 4321, "hostID": $gid, "size": 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
	in_container 'id -u; id -g'
	assert_status 0
	assert_output $'1234\n4321'
}

@test "the error for a mapping of ids that aren't the user's names the user's range" {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 4000000000, "size": 10}] | .linux.gidMappings = .linux.uidMappings'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 4000000000
}

@test "a process user without a mapping is an error that names the id" {
	single_id
	config '.process.user.uid = 5'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 5 map
}

@test "the error for a mapping of more ids than the user's range names the field" {
	has_subids || skip "this user has no subids"
	local first count
	read -r first count <<<"$(subid_range uid)"
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $first, "size": ($count + 1000)}] | .linux.gidMappings = .linux.uidMappings' \
		--argjson first "$first" --argjson count "$count"
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line /etc/subuid
}

# run_without PATH…: observes a run for which these files don't exist.
run_without() {
	local hide=()
	while [ $# -gt 0 ]; do
		hide+=(-P "$1")
		shift
	done
	observe strace_within 30 -f -qqq -o /dev/null "${hide[@]}" --inject=%file:error=ENOENT "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	stderr=$(grep -v "^strace: Requested path" <<<"$stderr")
}

@test "without newuidmap the container has the own id alone, and a warning names the package; ids that were asked for are an error" {
	has_subids || skip "this user has no subids"
	local first helpers
	helpers=(/usr/bin/newuidmap /bin/newuidmap /usr/sbin/newuidmap /sbin/newuidmap /usr/local/bin/newuidmap /usr/local/sbin/newuidmap)
	program /bin/cat /proc/self/uid_map /proc/self/gid_map
	run_without "${helpers[@]}"
	assert_status 0
	[ "$(tr -s ' ' <<<"$output")" = " 0 $(id -u) 1"$'\n'" 0 $(id -g) 1" ]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	assert_contains "$stderr" 'the container has no id but yours (hint: newuidmap is not found'
	first=$(subid_range uid | cut -d' ' -f1)
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $first, "size": 10}] | .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' \
		--argjson first "$first" --argjson gid "$(id -g)"
	run_without "${helpers[@]}"
	assert_status 125
	assert_one_line 'newuidmap is not installed' '(hint: ' uidmap
}

@test "a user without subids gets the own id alone, and warnings that name the files and the fix" {
	program /bin/cat /proc/self/uid_map /proc/self/gid_map
	run_without /etc/subuid /etc/subgid
	assert_status 0
	[ "$(tr -s ' ' <<<"$output")" = " 0 $(id -u) 1"$'\n'" 0 $(id -g) 1" ]
	assert_contains "$stderr" /etc/subuid
	assert_contains "$stderr" /etc/subgid
	assert_contains "$stderr" 'usermod --add-subuids'
}

@test "urun doesn't run newuidmap where only the own uid is mapped" {
	has_subids || skip "this user has no subids"
	# Under strace neither helper gains a privilege, so the helper that urun asks is the one that fails.
	run_without /etc/subuid
	assert_contains "$stderr" 'newgidmap: exit status 1'
	refute_contains "$stderr" newuidmap
}

@test "urun warns of groups that can't be dropped, unless the annotation keeps them" {
	program /bin/true
	# The caller is another user of a user namespace, who has groups and no range in /etc/subgid.
	chmod -R a+rX "$BATS_RUN_TMPDIR"
	as_member() {
		observe with_subids setpriv --reuid 5 --regid 5 --groups "$1" env "XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/other" \
			timeout 30 "$URUN" --root "$BATS_TEST_TMPDIR/other/state" run --bundle "$BUNDLE" c1
	}
	mkdir -m 700 "$BATS_TEST_TMPDIR/other"
	with_subids chown 5:5 "$BATS_TEST_TMPDIR/other"
	as_member 5,60001,60002
	assert_status 0
	assert_contains "$stderr" 'supplementary groups (60001, 60002) '
	as_member 5
	assert_status 0
	refute_contains "$stderr" supplementary
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	as_member 5,60001
	assert_status 0
	refute_contains "$stderr" supplementary
	remove_tree "$BATS_TEST_TMPDIR/other"
}

@test "under no_new_privs, where newuidmap gains no right, the container has the own id alone; ids that were asked for are an error" {
	has_subids || skip "this user has no subids"
	local first
	program /bin/cat /proc/self/uid_map
	observe timeout 30 setpriv --no-new-privs "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$(tr -s ' ' <<<"$output")" = " 0 $(id -u) 1" ]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	assert_contains "$stderr" 'the container has no id but yours (hint: urun was started with no_new_privs'
	observe timeout 30 setpriv --no-new-privs "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id id -u
	assert_output "$(id -u)"
	first=$(subid_range uid | cut -d' ' -f1)
	observe timeout 30 setpriv --no-new-privs "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --uidmap "0:$first:10" --gidmap "0:$(id -g):1" id -u
	assert_status 125
	assert_contains "$(tail -n 1 <<<"$stderr")" 'newuidmap: write to uid_map failed'
}

@test "where no more user namespaces are allowed the error names the sysctl" {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}] | .linux.gidMappings = .linux.uidMappings'
	observe timeout 30 unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh \
		"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line '(hint: ' user.max_user_namespaces
}

@test "root of a user namespace makes no second user namespace" {
	sh_program 'readlink /proc/self/ns/user'
	observe timeout 30 unshare --user --map-root-user sh -c 'readlink /proc/self/ns/user; exec "$@"' sh "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "root of a user namespace makes a second one where the config asks for it" {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}] | .linux.gidMappings = .linux.uidMappings'
	sh_program 'readlink /proc/self/ns/user; cat /proc/self/uid_map'
	observe timeout 30 unshare --user --map-root-user sh -c 'readlink /proc/self/ns/user; exec "$@"' sh "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	[ "${lines[0]}" != "${lines[1]}" ]
}

@test "a container in a user namespace with subids can use all of them" {
	has_subids || skip "this user has no subids"
	config '.process.user = {"uid": 1000, "gid": 1000, "additionalGids": [20, 30]}'
	sh_program 'id -u; id -g; id -G'
	observe with_subids timeout 30 "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output $'1000\n1000\n1000 20 30'
}

@test "a container can join another container's user and network namespaces by path" {
	program /bin/sleep 30
	urun run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" first </dev/null >/dev/null 2>&1
	local pid
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($pid)/ns/net" else . end) + [{"type": "user", "path": "/proc/\($pid)/ns/user"}]
		| .linux.uidMappings = [] | .linux.gidMappings = []' --arg pid "$pid"
	sh_program 'readlink /proc/self/ns/user; readlink /proc/self/ns/net'
	try run --bundle "$BUNDLE" second
	assert_status 0
	assert_output "$(readlink "/proc/$pid/ns/user")
$(readlink "/proc/$pid/ns/net")"
	urun delete --force first
}

@test "a namespace's path of the wrong type is an error that names it" {
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/ipc" else . end)'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line /proc/self/ns/ipc
}

@test "the cgroup and time namespaces are new where the config asks for it" {
	config '.linux.namespaces += [{"type": "cgroup"}, {"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 1000000}}'
	in_container 'readlink /proc/self/ns/cgroup; readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime'
	assert_status 0
	[ "${lines[0]}" != "$(readlink /proc/self/ns/cgroup)" ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/time)" ]
	[ "${lines[2]}" -ge 1000000 ]
}

# The container's root is a subid: urun opens for it only the directories and files that the config names.
@test "a container without the caller's id has the root and the bind mounts that only the caller can reach" {
	local uids gids
	uids=$(subid_range uid)
	gids=$(subid_range gid)
	mkdir -m 700 "$BUNDLE/own"
	mkdir "$BUNDLE/own/directory"
	echo one >"$BUNDLE/own/directory/file"
	mkdir -p "$BUNDLE/rootfs/mnt/directory" "$BUNDLE/rootfs/mnt/all"
	: >"$BUNDLE/rootfs/mnt/file"
	config '.linux.namespaces += [{"type": "user"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 100}] | .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 100}]
		| .mounts += [{"destination": "/mnt/directory", "type": "bind", "source": ($own + "/directory"), "options": ["rbind", "ro"]},
			{"destination": "/mnt/all", "type": "bind", "source": "own", "options": ["rbind"]},
			{"destination": "/mnt/file", "type": "bind", "source": "own/directory/file", "options": ["bind"]}]' \
		--arg own "$BUNDLE/own" --argjson uid "${uids% *}" --argjson gid "${gids% *}"
	chmod 700 "$BUNDLE"
	in_container 'cat /mnt/directory/file /mnt/file; ls /mnt/all 2>&1; echo two >/mnt/file'
	[[ $output = $'one\none\nls: '*'ermission denied' ]] || fail "$output"
	[ "$status" -eq 1 ] || fail "status $status"
}

@test "the error for a source that doesn't exist names it" {
	config '.mounts += [{"destination": "/mnt", "type": "bind", "source": "/nowhere/at/all", "options": ["bind"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_contains "$stderr" 'mount /nowhere/at/all on /mnt'
	assert_one_line "$stderr"
}

# podman as root does so: it makes the network first, and the container has a user namespace of its own.
@test "a container with a new user namespace joins a network namespace of the caller's user namespace" {
	config '.linux.namespaces |= map(select(.type != "network")) + [{"type": "user"}, {"type": "network", "path": "/proc/self/ns/net"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}] | .linux.gidMappings = .linux.uidMappings
		| del(.mounts[] | select(.destination == "/dev/pts"))'
	sh_program 'ip -4 -o address show dev lo; cat /proc/self/uid_map'
	observe with_subids unshare --net -- sh -c 'ip link set lo up; ip address add 192.0.2.1/24 dev lo; exec "$@"' - "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_contains "$output" 192.0.2.1/24
	[ "$(tr -s ' ' <<<"${lines[-1]}")" = ' 0 0 1' ]
}

@test "the error for a namespace that can't be joined has the reason" {
	config '.linux.namespaces |= map(select(.type != "network")) + [{"type": "network", "path": "/proc/1/ns/net"}]'
	[ -r /proc/1/ns/net ] || config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" 'join the network namespace: operation not permitted'
}
