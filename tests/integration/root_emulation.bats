#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root emulation: what root can't do with one id is answered as if it had been done.
load lib.bash

setup_file() {
	ID=(--uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1")
	export ONE_ID="${ID[*]}"
}

# one_id ARG…: runs a container by options that has one id, its root.
one_id() {
	local id
	read -r -a id <<<"$ONE_ID"
	by_options "${id[@]}" "$@"
}

# bundle_of_one_id: the mapping of the bundle's config has one id.
bundle_of_one_id() {
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' --argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

CHOWN='touch /tmp/f && chown 33:33 /tmp/f && stat -c %u:%g /tmp/f'

@test "with one id, changes of owners to other ids succeed, and the files stay root's" {
	one_id sh -c "$CHOWN; ln -s f /tmp/link && chown -h 33 /tmp/link && chgrp 34 /tmp/f && chown 0:33 /tmp/f && stat -c %u:%g /tmp/link /tmp/f"
	assert_status 0
	assert_lines 0:0 0:0 0:0
	[ "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/f")" = "$(id -u):$(id -g)" ]
}

@test "errors that have another cause than the ids stay errors" {
	one_id sh -c 'chown 0:0 /tmp/none; chown 0:0 /dev/null; chmod 600 /tmp/none; mknod /none/fifo p; touch /tmp/f; chown 0:0 /tmp/f; echo end'
	assert_lines end
	assert_contains "$stderr" '/tmp/none: No such file or directory'
	assert_contains "$stderr" '/dev/null: Operation not permitted'
	assert_contains "$stderr" '/none/fifo: No such file or directory'
	one_id --read-only sh -c 'chown 0:0 /etc/passwd'
	assert_contains "$stderr" 'Read-only file system'
}

@test "devices aren't made and nobody hears of it; whiteouts and FIFOs are made" {
	one_id sh -c 'cd /tmp && mknod b b 7 0 && mknod c c 1 3 && mknod white c 0 0 && mknod fifo p && stat -c "%n %F" *'
	assert_status 0
	assert_lines 'fifo fifo' 'white character special file'
	rm -f "$BUNDLE"/rootfs/tmp/{fifo,white}
}

@test "a program can ask whether root is emulated" {
	one_id mknod '' b 0 0
	assert_status 0
	one_id --root-emulation off mknod '' b 0 0
	assert_status 1
	assert_contains "$stderr" 'No such file or directory'
}

@test "programs that change their ids go on as the container's root" {
	printf 'www-data:x:33:33::/:/bin/sh\n' >>"$BUNDLE/rootfs/etc/passwd"
	printf 'www-data:x:33:\nstaff:x:50:www-data\n' >>"$BUNDLE/rootfs/etc/group"
	# su calls setgroups, setgid and setuid; start-stop-daemon the same.
	one_id sh -c 'su www-data -c "id -u; id -g"; start-stop-daemon -S -c www-data:www-data -x /bin/id -- -u'
	assert_status 0
	assert_lines 0 0 0
	one_id --root-emulation off su www-data -c id
	[ "$status" != 0 ]
	refute_contains "$output" uid=
}

@test "without the emulation, with a user in the container, and with more ids, the kernel answers" {
	one_id --root-emulation=off sh -c "$CHOWN"
	assert_status 1
	assert_contains "$stderr" 'Invalid argument'
	by_options --userns keep-id:size=1 sh -c "$CHOWN"
	assert_status 1
	has_subids || return 0
	by_options sh -c 'touch /tmp/f; chown 2000000:0 /tmp/f'
	assert_status 1
	assert_contains "$stderr" 'Invalid argument'
	by_options sh -c "$CHOWN"
	assert_output 33:33
	with_subids rm "$BUNDLE/rootfs/tmp/f"
}

@test "with more ids it can be asked for, and mapped ids are real" {
	has_subids || skip "this user has no subids"
	by_options --root-emulation on sh -c "$CHOWN; chown 2000000:2000000 /tmp/f && stat -c %u:%g /tmp/f; cat /proc/self/setgroups"
	assert_status 0
	assert_lines 33:33 33:33 allow
	with_subids rm "$BUNDLE/rootfs/tmp/f"
	by_options --userns keep-id:size=1 --root-emulation on sh -c "$CHOWN"
	assert_output "$(id -u):$(id -g)"
}

@test "a bundle has it by itself, and its annotation decides" {
	bundle_of_one_id
	in_container "$CHOWN"
	assert_status 0
	assert_output 0:0
	# Without no_new_privs the filter is loaded before the capabilities are dropped.
	config '.process.noNewPrivileges = false'
	in_container "$CHOWN"
	assert_output 0:0
	config '.annotations["org.urun.root-emulation"] = "off"'
	in_container "$CHOWN"
	assert_status 1
	config '.annotations["org.urun.root-emulation"] = "perhaps"'
	in_container true
	assert_status 125
	assert_one_line "annotations.org.urun.root-emulation: expected auto, on or off, not 'perhaps'"
}

@test "the option takes three words, spec writes it down, and check tells it" {
	by_options --root-emulation maybe true
	assert_status 125
	assert_one_line 'urun: --root-emulation maybe: expected auto, on or off'
	try spec --rootfs "$BUNDLE/rootfs" --root-emulation on --bundle "$BATS_TEST_TMPDIR" true
	assert_status 0
	[ "$(jq -r '.annotations["org.urun.root-emulation"]' "$BATS_TEST_TMPDIR/config.json")" = on ]
	bundle_of_one_id
	try check --explain "$BUNDLE"
	assert_status 0
	assert_contains "$output" $'\nroot emulation: on\n'
	config '.annotations["org.urun.root-emulation"] = "off"'
	try check --explain "$BUNDLE"
	refute_contains "$output" 'root emulation'
}

@test "exec has it where the container has it" {
	local id
	read -r -a id <<<"$ONE_ID"
	detached with "${id[@]}" sleep 60
	detached without --root-emulation off "${id[@]}" sleep 60
	try exec with sh -c "$CHOWN"
	assert_output 0:0
	try exec without sh -c "$CHOWN"
	assert_status 1
	urun delete --force with
	urun delete --force without
}

@test "a process never runs as root in place of a user that has no mapping" {
	local id
	read -r -a id <<<"$ONE_ID"
	one_id --user 33:0 id
	assert_status 125
	one_id --user 0:33 id
	assert_status 125
	detached c1 "${id[@]}" --security-opt no-new-privileges=false sleep 60
	try exec --user 33:33 c1 id
	[ "$status" != 0 ]
	refute_contains "$output" uid=
	try exec --user nobody c1 id
	[ "$status" != 0 ]
	refute_contains "$output" uid=
	urun delete --force c1
}

@test "a profile that refuses a call still refuses it" {
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chown", "lchown", "fchown", "fchownat"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}' >"$BATS_TEST_TMPDIR/profile"
	one_id --security-opt seccomp="$BATS_TEST_TMPDIR/profile" sh -c "mknod '' b 0 0 && echo emulated; $CHOWN"
	assert_status 1
	assert_output emulated
	assert_contains "$stderr" 'Input/output error'
	one_id --security-opt seccomp=unconfined sh -c "$CHOWN"
	assert_output 0:0
}

@test "nothing that belongs to others can be changed" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	touch "$BATS_TEST_TMPDIR/volume/mine"
	local before after mine=$BATS_TEST_TMPDIR/volume/mine roots=/usr/lib/os-release
	before=$(stat -c '%u %g %a %Z' "$mine" "$roots")
	one_id -v "$BATS_TEST_TMPDIR/volume:/v" -v "$roots:/p" sh -c 'sleep 1; chown 33:33 /v/mine /p /dev/null; chown 0:0 /p; chmod 777 /p; mknod /v/disk b 8 0; ls /v'
	assert_output mine
	assert_contains "$stderr" '/p: Operation not permitted'
	after=$(stat -c '%u %g %a %Z' "$mine" "$roots")
	[ "$before" = "$after" ]
}

@test "an archive with many owners is unpacked" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	local owner i=0
	for owner in 0:0 33:33 65534:65534 1000:4 2097151:0; do
		touch "$BATS_TEST_TMPDIR/tree/f$i"
		chmod 4755 "$BATS_TEST_TMPDIR/tree/f$i"
		tar -C "$BATS_TEST_TMPDIR/tree" --owner "${owner%:*}" --group "${owner#*:}" --numeric-owner -rf "$BUNDLE/rootfs/tmp/a.tar" "f$i"
		i=$((i + 1))
	done
	one_id sh -c 'mkdir /tmp/out && cd /tmp/out && tar -xpf ../a.tar && stat -c "%n %u:%g %a" *'
	assert_status 0
	assert_lines 'f0 0:0 4755' 'f1 0:0 4755' 'f2 0:0 4755' 'f3 0:0 4755' 'f4 0:0 4755'
}

@test "su - to a user says that the container has no id for them" {
	printf 'ann:x:1000:1000::/tmp:/bin/sh\n' >>"$BUNDLE/rootfs/etc/passwd"
	printf 'for f in /etc/profile.d/*.sh; do . "$f"; done\n' >"$BUNDLE/rootfs/etc/profile"
	mkdir -p "$BUNDLE/rootfs/etc/profile.d"
	one_id su - ann -c 'echo hello'
	assert_status 0
	assert_output hello
	[ "$stderr" = 'urun: the container has no id for ann: you are root' ]
	one_id sh -l -c 'su - root -c "echo hello"'
	assert_output hello
	[ -z "$stderr" ]
}

@test "apt stays root where its directory of settings is, and nothing is made elsewhere" {
	one_id sh -c 'ls -d /etc/apt 2>/dev/null || echo none'
	assert_output none
	mkdir -p "$BUNDLE/rootfs/etc/apt/apt.conf.d"
	one_id cat /etc/apt/apt.conf.d/99urun
	assert_contains "$output" 'APT::Sandbox::User "root";'
	one_id --overlay cat /etc/apt/apt.conf.d/99urun
	assert_contains "$output" 'APT::Sandbox::User "root";'
	[ ! -s "$BUNDLE/rootfs/etc/apt/apt.conf.d/99urun" ]
	one_id --root-emulation off sh -c 'test -s /etc/apt/apt.conf.d/99urun || echo empty'
	assert_output empty
}
