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
	[ "${lines[0]}" = works: ] || fail "$output"
	local works=${output%%$'\n\n'*}
	assert_contains "$works" $'\n'"  kernel: Linux $(uname -r)"
	assert_contains "$works" $'\n  kernel option CONFIG_USER_NS: enabled'
	assert_contains "$works" $'\n  chroot: not in a chroot'
	refute_contains "$works" 'still works'
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
	# Each row that isn't ok says what works nevertheless.
	[ "$(jq '[.rows[] | select((.state == "ok") == has("works"))] | length' <<<"$output")" = 0 ] || fail "$output"
	[ ! -e "$STATE" ]
}

@test "doctor groups its rows, and says of what is missing what works without it" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	# Without a second network namespace there is no pair of veth devices either.
	observe unshare --user --map-root-user --mount sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; mount --bind "$2" /dev && exec "$0" --root "$1" doctor' "$URUN" "$STATE" "$BATS_TEST_TMPDIR/empty"
	local part=${output#*$'\n\nworks in part:\n'}
	[ "$part" != "$output" ] || fail "$output"
	[[ $part = *'  network (urun-slirp, /dev/net/tun): '*$'\n     -> '*$'\n     still works: --network host'* ]] || fail "$part"
	[[ $part = *$'  /dev/fuse: '*$'\n     still works: root file systems and images'* ]] || fail "$part"
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
	local missing=${output#*$'\n\nmissing:\n'}
	assert_contains "$missing" '  sysctl user.max_*_namespaces: '
	assert_contains "$missing" 'still works: no container; but urun pull'
	assert_contains "$output" "-> $mend"
}

@test "devices that the user can't open are warnings with the fix" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	observe unshare --user --map-root-user --mount sh -c 'mount --bind "$2" /dev && exec "$0" --root "$1" doctor --json' "$URUN" "$STATE" "$BATS_TEST_TMPDIR/empty"
	row /dev/fuse
	[ "$row_state" = warning ] && [ "$row_mend" = 'run `modprobe fuse` as root; in a container, start the container with --device /dev/fuse' ]
	row 'network (urun-slirp, /dev/net/tun)'
	[ "$row_state" = ok ]
	assert_contains "$row_value" "by a pair of veth devices, as /dev/net/tun can't be opened"
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

@test "XDG_RUNTIME_DIR: the fix is one that this host has" {
	observe env XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/none" "$URUN" doctor --json
	row XDG_RUNTIME_DIR
	[ "$row_state" = warning ] && [ "$row_value" = "$BATS_TEST_TMPDIR/none is not a directory of this user" ] || fail "$row_value"
	if [ -O "/run/user/$(id -u)" ]; then
		assert_contains "$row_mend" "export XDG_RUNTIME_DIR=/run/user/$(id -u)"
	else
		refute_contains "$row_mend" "/run/user/"
		[ -d /run/systemd/system ] || assert_contains "$row_mend" 'export XDG_RUNTIME_DIR=DIR, a directory of yours with mode 700'
		observe env -u XDG_RUNTIME_DIR "$URUN" doctor --json
		row XDG_RUNTIME_DIR
		[ "$row_value" = "not set, and /run/user/$(id -u) is not a directory of this user" ] || fail "$row_value"
	fi
}

@test "the directory for images: where it is, who may use it, and on which file system" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/data"
	observe env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" "$URUN" doctor --json
	row 'directory for images'
	[ "$row_value" = "$BATS_TEST_TMPDIR/data/urun" ] || assert_contains "$row_value" "$BATS_TEST_TMPDIR/data/urun is on"
	row 'space for images'
	[[ $row_value =~ ^[0-9]+\.[0-9]\ GiB$ ]] || fail "$row_value"
	[ ! -e "$BATS_TEST_TMPDIR/data/urun" ]
	mkdir -m 755 "$BATS_TEST_TMPDIR/data/urun"
	observe env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" "$URUN" doctor --json
	row 'directory for images'
	[ "$row_state" = warning ] && [ "$row_mend" = "run \`chmod go= $BATS_TEST_TMPDIR/data/urun\`" ]
	observe env -u XDG_DATA_HOME -u HOME "$URUN" doctor --json
	row 'directory for images'
	[ "$row_state" = warning ] && [ "$row_mend" = 'set HOME or XDG_DATA_HOME' ]
}

@test "skopeo, which gets images of registries: where it is, or how to install it" {
	observe unshare --user --map-root-user --mount sh -c '
		for program in /usr/local/bin/skopeo /usr/bin/skopeo /bin/skopeo; do
			[ ! -e "$program" ] || mount --bind /dev/null "$program" || exit 77
		done
		"$0" doctor --json' "$URUN"
	[ "$status" != 77 ] || skip "no bind mounts in a user namespace here"
	row skopeo
	[ "$row_state" = warning ]
	[[ $row_mend = "images of registries can't be pulled: "*install*skopeo ]] || fail "$row_mend"
}

@test "a small file system, and one that is an overlay, are warnings for images" {
	observe unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs -o size=64m tmpfs "$1" && mkdir "$1/lower" "$1/upper" "$1/work" "$1/over" &&
		XDG_DATA_HOME=$1/lower "$0" doctor --json &&
		mount -t overlay -o userxattr,lowerdir="$1/lower",upperdir="$1/upper",workdir="$1/work" overlay "$1/over" &&
		XDG_DATA_HOME=$1/over "$0" doctor --json' "$URUN" "$BUNDLE"
	[ "$status" = 0 ] || skip "this host can't mount an overlay in a user namespace: $stderr"
	local both=$output
	output=$(jq -s '.[0]' <<<"$both")
	row 'space for images'
	[ "$row_state" = warning ] && [ "$row_value" = '0.1 GiB' ]
	assert_contains "$row_mend" 'urun rmi --unused'
	output=$(jq -s '.[1]' <<<"$both")
	row 'directory for images'
	[ "$row_state" = warning ]
	assert_contains "$row_value" 'is on an overlay, where'
	assert_contains "$row_mend" XDG_DATA_HOME
}

# own_etc ARG…: observes urun where /etc is $BATS_TEST_TMPDIR/etc.
own_etc() {
	observe unshare --user --map-current-user --keep-caps --mount sh -c 'mount --bind "$0" /etc && shift && exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"' \
		"$BATS_TEST_TMPDIR/etc" etc "$URUN" --root "$STATE" "$@"
}

# linked_host ARG…: observes urun where /etc/subuid is a symbolic link.
linked_host() {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	cp /etc/passwd /etc/group /etc/subgid "$BATS_TEST_TMPDIR/etc/"
	cp /etc/subuid "$BATS_TEST_TMPDIR/etc/real-subuid"
	ln -sf real-subuid "$BATS_TEST_TMPDIR/etc/subuid"
	own_etc "$@"
}

@test "where there are no subids, doctor says that packages install by root emulation" {
	mkdir "$BATS_TEST_TMPDIR/etc"
	cp /etc/passwd /etc/group "$BATS_TEST_TMPDIR/etc/"
	own_etc doctor
	assert_status 0
	assert_contains "$output" $'/etc/subuid and /etc/subgid: no range for this user\n'
	assert_contains "$output" 'packages install by --root-emulation, which is on then'
	own_etc run --rootfs "$BUNDLE/rootfs" --network none mknod '' b 0 0
	assert_status 0
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
