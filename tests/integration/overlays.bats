#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Overlays that are kept in a directory: whose the files are, and what is refused before anything runs.
load lib.bash

@test "in the host's own system each file belongs to whoever made it, and the directory of changes can be removed" {
	has_subids || skip "this user has no subids"
	needs_fuse
	local kept=$BUNDLE/kept shown='stat -c "%n %u %g" /usr /srv /srv/*'
	# As root: the caller is 0, and other users are others.
	try run --network none --user root --overlay="$kept" -- sh -c "touch /srv/a /srv/b && chown 33:34 /srv/b && $shown"
	assert_lines '/usr 0 0' '/srv 0 0' '/srv/a 0 0' '/srv/b 33 34'
	[ "$(stat -c %u "$kept" "$kept/upper" "$kept/upper/srv" "$kept/upper/srv/a" "$kept/work" | sort -u)" = "$(id -u)" ]
	with_subids rm "$kept/upper/srv/b"
	rm -rf "$kept"
	# As the caller: the files of the host's root are root's, and the caller's the caller's.
	try run --network none --userns keep-id --user 0 --overlay="$kept" -- sh -c "mkdir /srv/a && chown $(id -u):$(id -g) /srv/a && $shown"
	assert_lines '/usr 0 0' '/srv 0 0' "/srv/a $(id -u) $(id -g)"
	try run --network none --workdir / --overlay="$kept" -- sh -c 'echo x >/srv/a/made && stat -c "%u %g" /srv/a/made; touch /srv/x 2>/dev/null || echo refused'
	assert_lines "$(id -u) $(id -g)" refused
	[ "$(stat -c '%u %g' "$kept/upper/srv/a/made" "$kept/work" | sort -u)" = "$(id -u) $(id -g)" ]
	with_subids rm -rf "$kept"
}

@test "with one id the host's own system is the caller's" {
	needs_fuse
	try run --network none --workdir / --userns keep-id:size=1 --overlay="$BUNDLE/kept" -- sh -c 'id -u; touch /srv/a; rm /etc/passwd; stat -c %u /usr /srv/a; ls -d /etc/passwd 2>/dev/null'
	assert_lines "$(id -u)" "$(id -u)" "$(id -u)"
	rm -rf "$BUNDLE/kept"
	[ ! -e "$BUNDLE/kept" ]
}

@test "the kernel's overlay leaves a directory for changes that is the caller's, with keep-id too" {
	has_subids || skip "this user has no subids"
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id --overlay="$BUNDLE/kept" sh -c 'echo x >/tmp/made; stat -c %u /tmp/made /etc/hosts'
	assert_lines "$(id -u)" 0
	[ "$(stat -c %u "$BUNDLE/kept"/work "$BUNDLE/kept"/work/* "$BUNDLE/kept/upper/tmp/made" | sort -u)" = "$(id -u)" ]
	# A file of the root that the container changes keeps its owner.
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id --user 0 --overlay="$BUNDLE/kept" sh -c 'echo x >>/etc/group; stat -c %u /etc/group'
	assert_output "$(id -u)"
	with_subids rm -rf "$BUNDLE/kept"
}

# --- what is refused, or done in another way, before anything runs -------------------------------------------------------------

@test "a directory for changes is one container's at a time" {
	local kept=$BUNDLE/kept
	detached first --overlay="$kept" sleep 60
	RUN_ALONE=1 try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$kept/." --name second true
	assert_status 125
	assert_one_line "urun: second: overlay: $kept is in use by the container first"
	try check --rootfs "$BUNDLE/rootfs" --network none --overlay="$kept" true
	[ "$status" != 0 ]
	assert_contains "$output$stderr" "$kept is in use by the container first"
	# An overlay in memory, and another directory, are others.
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay true
	assert_status 0
	# --replace ends the container that uses the directory.
	urun run --detach --replace --rootfs "$BUNDLE/rootfs" --network none --overlay="$kept" --name first sleep 60 </dev/null >/dev/null 2>&1
	urun kill first KILL
	wait_for 10 is_status first stopped
	# The record of a container that has ended, by whatever, counts for nothing.
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$kept" sh -c 'echo ran'
	assert_output ran
	urun delete --force first
}

@test "a file named container in the directory for changes, which is the user's own, is not overwritten" {
	local changes=$BATS_TEST_TMPDIR/project
	mkdir "$changes"
	echo precious >"$changes/container"
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$changes" true
	assert_status 125
	assert_one_line "$changes/container isn't urun's"
	[ "$(cat "$changes/container")" = precious ]
	rm "$changes/container"
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$changes" true
	assert_status 0
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$changes" true
	assert_status 0
}

@test "of containers that start at once in one directory for changes one runs" {
	local i pids=() ran=0
	mkfifo "$(hold)"
	exec {HELD}<>"$(hold)"
	for i in 1 2 3 4 5 6; do
		urun run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" sh -c 'echo up; read -r line' <"$(hold)" >"$BATS_TEST_TMPDIR/out.$i" 2>"$BATS_TEST_TMPDIR/err.$i" &
		pids+=($!)
	done
	# All but one end by themselves.
	wait_for 20 five_refused
	echo go >&"$HELD"
	for i in "${pids[@]}"; do
		wait_status "$i"
		[ "$status" = 125 ] || ran=$((ran + 1))
	done
	[ "$ran" = 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/out.*)" = up ]
}

# hold: prints the path of a FIFO that this test keeps open for writing.
hold() {
	echo "$BATS_TEST_TMPDIR/held"
}

five_refused() {
	[ "$(cat "$BATS_TEST_TMPDIR"/err.* | grep -c 'is in use')" = 5 ]
}

@test "a file system without extended attributes gets an overlay by FUSE, or is refused" {
	needs_fuse
	mkdir "$BUNDLE/rootfs/usr/old"
	cat >"$BUNDLE/attributes.sh" <<-'END'
		mkdir "$3/plain" && mount -t ramfs none "$3/plain" || exit 77
		run() { "$1" --root "$2" run --rootfs "$3/rootfs" --network none --overlay="$3/plain/kept" sh -c 'rm -r /usr; mkdir /usr; ls -A /usr; echo done'; }
		run "$@"
		mount -t tmpfs none /dev
		run "$@"
		"$1" --root "$2" check --rootfs "$3/rootfs" --network none --overlay="$3/plain/kept" true
		true
	END
	observe unshare --user --map-root-user --mount bash "$BUNDLE/attributes.sh" "$URUN" "$STATE" "$BUNDLE"
	[ "$status" != 77 ] || skip "no ramfs here"
	[ "$(grep -c '^done$' <<<"$output")" = 1 ] || fail "$output" "$stderr"
	[ "$(grep -c 'the directory for changes is on a file system without extended attributes, and so it needs .*: open /dev/fuse' <<<"$output"$'\n'"$stderr")" = 2 ] ||
		fail "$output" "$stderr"
}

# --- whose the root file system is --------------------------------------------------------------------------------------------

@test "a root file system that was made with the first subid as root, as mmdebstrap does it, is taken as it is" {
	has_subids || skip "this user has no subids"
	local first shown='id -u; stat -c "%u %g" / /bin/busybox; chown 33 /tmp/made; stat -c %u /tmp/made'
	first=$(subid_range uid | cut -d' ' -f1)
	with_subids chown -hR 1:1 "$BUNDLE/rootfs"
	[ "$(stat -c %u "$BUNDLE/rootfs")" = "$first" ]
	try run --rootfs "$BUNDLE/rootfs" --network none sh -c "touch /tmp/made; $shown"
	assert_lines 0 '0 0' '0 0' 33
	[ -z "$stderr" ]
	# A volume of the caller's is that of the id behind the subids, and can be written.
	mkdir "$BUNDLE/mine"
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay --volume "$BUNDLE/mine:/mine" sh -c 'stat -c %u /mine; echo x >/mine/file; grep root /etc/passwd; hostname'
	assert_lines "$(subid_range uid | cut -d' ' -f2)" 'root:x:0:0:root:/root:/bin/sh' urun
	# keep-id has the same root.
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id stat -c %u / /bin/busybox
	assert_lines 0 0
	# Another subid as the owner: the warning has the options that fit.
	with_subids chown -hR 1001:1001 "$BUNDLE/rootfs"
	try run --rootfs "$BUNDLE/rootfs" --network none true
	assert_contains "$stderr" "which is uid 1001 in the container, not root (hint: --uidmap 0:$((first + 1000)):"
	local map
	map=$(sed -n 's/.*hint: \(.*\) makes it.*/\1/p' <<<"$stderr")
	# shellcheck disable=SC2086 # options and their values
	try run --rootfs "$BUNDLE/rootfs" --network none $map stat -c %u /
	assert_output 0
	[ -z "$stderr" ]
	with_subids rm -rf "$BUNDLE/rootfs" "$BUNDLE/mine"
}

@test "the directory of the changes that urun makes is the caller's alone, as it may have set-user-ID files" {
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" sh -c 'cp /bin/busybox /su && chmod 4755 /su && stat -c %a / /su'
	assert_lines 755 4755
	[ "$(stat -c %a "$BUNDLE/kept")" = 700 ]
}
