#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `doctor`: its report is true, and its fixes are the hints of `run`.
load lib.bash

# row NAME: sets $row_state, $row_value and $row_mend to the values of this row of the JSON in $output.
row() {
	row_state=$(jq -r --arg name "$1" '.rows[] | select(.name == $name) | .state' <<<"$output")
	row_value=$(jq -r --arg name "$1" '.rows[] | select(.name == $name) | .value' <<<"$output")
	row_mend=$(jq -r --arg name "$1" '.rows[] | select(.name == $name) | .mend // ""' <<<"$output")
	[ -n "$row_state" ] || fail "no row '$1' in: $output"
}

@test "doctor reports a host where containers run, as a table and as JSON" {
	try doctor
	assert_status 0
	assert_contains "$output" "ok       kernel: Linux $(uname -r)"
	assert_contains "$output" 'ok       kernel option CONFIG_USER_NS: enabled'
	assert_contains "$output" 'ok       chroot: not in a chroot'
	refute_contains "$output" missing
	[ -z "$stderr" ] || fail "$stderr"
	try doctor --json
	assert_status 0
	[ "$(jq .good <<<"$output")" = true ]
	row "a container's user namespace"
	[ "$row_state" = ok ]
	[ "$(jq '[.rows[].state] - ["ok", "warning", "missing"] | length' <<<"$output")" = 0 ]
	# Each row that isn't ok has a fix, but for the row that the user can't fix.
	[ "$(jq '[.rows[] | select(.state != "ok" and .mend == null) | .name] - ["the user\u0027s systemd"] | length' <<<"$output")" = 0 ] || fail "$output"
	[ ! -e "$STATE" ]
}

@test "doctor reports as many ids as a container has" {
	has_subids || skip "this user has no subids"
	try doctor --json
	row "a container's user namespace"
	local value=$row_value
	in_container 'awk "{ n += \$3 } END { print n }" /proc/self/uid_map'
	[ "${value%% *}" = "$output" ]
}

# closed_host ARG…: observes urun where no user namespace can be made.
closed_host() {
	observe unshare --user --map-current-user --keep-caps sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --ambient-caps=-all -- "$0" --root "$@"' "$URUN" "$STATE" "$@"
}

@test "without user namespaces doctor fails, and its fix is the hint of run" {
	closed_host doctor --json
	assert_status 1
	[ "$(jq .good <<<"$output")" = false ]
	row "a container's user namespace"
	[ "$row_state" = missing ]
	row 'sysctl user.max_*_namespaces'
	[ "$row_state" = missing ]
	local mend=$row_mend
	closed_host run --bundle "$BUNDLE" c1
	assert_status 125
	assert_contains "$stderr" "(hint: $mend)"
	closed_host doctor
	assert_status 1
	assert_contains "$output" 'missing  sysctl user.max_*_namespaces'
	assert_contains "$output" "-> $mend"
}

@test "devices that the user can't open are warnings with the fix" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	observe unshare --user --map-root-user --mount sh -c 'mount --bind "$2" /dev && exec "$0" --root "$1" doctor --json' "$URUN" "$STATE" "$BATS_TEST_TMPDIR/empty"
	row /dev/fuse
	[ "$row_state" = warning ] && [ "$row_mend" = 'run `modprobe fuse` as root; in a container, start the container with --device /dev/fuse' ]
	row 'network (urun-slirp, /dev/net/tun)'
	[ "$row_state" = warning ]
	assert_contains "$row_value" /dev/net/tun
}

@test "a directory for states that isn't writable, and one for a root file system in which nothing can be executed" {
	observe "$URUN" --root /proc/urun doctor --json
	assert_status 1
	row 'directory for container states'
	[ "$row_state" = missing ]
	observe unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o noexec,nosuid tmpfs "$2" && cd "$2" && exec "$0" --root "$1" doctor --json' "$URUN" "$STATE" "$BUNDLE"
	row 'current directory, for a root file system'
	[ "$row_state" = warning ]
	assert_contains "$row_value" noexec
	assert_contains "$row_mend" 'mount this one with exec'
}

# linked_host ARG…: observes urun where /etc/subuid is a symbolic link.
linked_host() {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	cp /etc/passwd /etc/group /etc/subgid "$BATS_TEST_TMPDIR/etc/"
	cp /etc/subuid "$BATS_TEST_TMPDIR/etc/real-subuid"
	ln -sf real-subuid "$BATS_TEST_TMPDIR/etc/subuid"
	observe unshare --user --map-current-user --keep-caps --mount sh -c 'mount --bind "$0" /etc && shift && exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"' \
		"$BATS_TEST_TMPDIR/etc" etc "$URUN" --root "$STATE" "$@"
}

@test "doctor and run name an /etc/subuid that newuidmap doesn't follow" {
	has_subids || skip "this user has no subids"
	local uids gids
	uids=$(subid_range uid | cut -d' ' -f1)
	gids=$(subid_range gid | cut -d' ' -f1)
	linked_host doctor --json
	row 'type of /etc/subuid and /etc/subgid'
	[ "$row_state" != ok ]
	assert_contains "$row_mend" '/etc/subuid is a symbolic link'
	linked_host run --rootfs "$BUNDLE/rootfs" --network none --uidmap "0:$(id -u):1" --uidmap "1:$uids:10" --gidmap "0:$(id -g):1" --gidmap "1:$gids:10" true
	assert_status 125
	assert_contains "$stderr" newuidmap
	assert_contains "$stderr" "(hint: $row_mend)"
}
