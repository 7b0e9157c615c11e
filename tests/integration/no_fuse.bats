#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The sandbox of the host's own system on a host that has no /dev/fuse, or has closed it: the system is shown read-only.
load lib.bash

# on_such_a_host PROGRAM ARG…: a program, as an ordinary user of such a host, as `try` does.
on_such_a_host() {
	[ -c /dev/fuse ] || skip "there is no /dev/fuse to be closed"
	# A device of a mount with nodev can't be opened.
	observe with_subids unshare --mount bash -euc '
		mount --bind /dev/fuse /dev/fuse
		mount -o remount,bind,nodev /dev/fuse
		exec timeout 30 "$@"' bash "$@" </dev/null
}

# without_fuse ARG…: urun with these arguments there.
without_fuse() {
	on_such_a_host "$URUN" --root "$STATE" "$@"
}

@test "without /dev/fuse the host's system is read-only, a warning says so, and /, /tmp and the home can be written to" {
	cd "$BATS_TEST_TMPDIR"
	without_fuse run --network none -- sh -c '
		cd
		for file in /etc/x /usr/x /var/lib/x; do (: >"$file") 2>/dev/null && echo "made $file"; done
		echo 1 >/x && echo 2 >/tmp/x && echo 3 >/var/tmp/x && echo 4 >x && cat /x /tmp/x /var/tmp/x x
		ls /usr/share | wc -l; readlink /bin; id -u'
	assert_status 0
	assert_output "$(printf '%s\n' 1 2 3 4; find /usr/share -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l; readlink /bin; echo 0)"
	assert_contains "$stderr" "the host's system can't be changed in this sandbox, not even by root: "
	assert_contains "$stderr" 'open /dev/fuse: permission denied'
	[ ! -e /x ] && [ ! -e /tmp/x ] && [ ! -e /var/tmp/x ]
}

@test "without /dev/fuse homes and temporary files are hidden, and there is nothing to uncover" {
	local hidden=$BATS_TEST_TMPDIR/urun-attack-$$
	mkdir "$BATS_TEST_TMPDIR/more"
	echo secret >"$hidden"
	echo secret >"$BATS_TEST_TMPDIR/more/urun-attack-$$"
	cd "$BATS_TEST_TMPDIR"
	without_fuse run --network none --user root -- sh -c '
		for place in /home /root /run /tmp /var/tmp; do umount -n -l "$place" 2>/dev/null; mount -n -o remount,rw,bind / 2>/dev/null; find "$place" ! -type d; done
		find / -xdev -name "urun-attack-*" 2>/dev/null
		ls -A /dev/fd/ >/dev/null && echo looked'
	assert_status 0
	assert_output looked
}

@test "without /dev/fuse the host's processes aren't seen where its /proc is mounted a second time" {
	[ -d /srv ] || skip "there is no /srv"
	# shellcheck disable=SC2016
	on_such_a_host bash -euc 'mount -t tmpfs tmpfs /srv && mkdir /srv/proc && mount --rbind /proc /srv/proc && ls /srv/proc/self/status
		exec "$0" --root "$1" run --network none -- ls -A /srv/proc /srv' "$URUN" "$STATE"
	assert_status 0
	assert_lines /srv/proc/self/status /srv: proc '' /srv/proc:
}

@test "the states of containers aren't seen in the host's own system, with and without /dev/fuse" {
	[ -d /srv ] || skip "there is no /srv"
	local host
	for host in on_such_a_host 'observe with_subids unshare --mount'; do
		# shellcheck disable=SC2016
		$host bash -euc 'mount -t tmpfs tmpfs /srv && mkdir /srv/real && ln -s real /srv/link
			"$0" --root /srv/link/state run --detach --name c1 --network none --rootfs "$1" sleep 60 >/dev/null
			"$0" --root /srv/link/state run --network none -- sh -c "ls -A /srv/real /srv/real/state" || echo "status $?"
			"$0" --root /srv/link/state delete --force c1' "$URUN" "$BUNDLE/rootfs" </dev/null
		assert_status 0
		assert_lines /srv/real: state '' /srv/real/state:
	done
}

@test "without /dev/fuse a path that is to be hidden is hidden where its links lead" {
	[ -d /srv ] || skip "there is no /srv"
	local hidden
	for hidden in /srv/link/to /srv/link/../link /srv/real/to/file /srv/link/to/file /srv/real/none/../to; do
		# shellcheck disable=SC2016
		on_such_a_host bash -euc 'mount -t tmpfs tmpfs /srv && mkdir -p /srv/real/to && ln -s real /srv/link && echo secret >/srv/real/to/file
			exec "$0" --root "$1" run --network none --annotation "org.urun.hidden=$2" -- sh -c "readlink /srv/link; ls -A /srv/real; cat /srv/real/to/file"' "$URUN" "$STATE" "$hidden"
		assert_contains "$output" real
		refute_contains "$output" secret
		assert_contains "$stderr" 'No such file or directory'
	done
}

@test "without /dev/fuse a volume has its place, and where no place can be made the error says why" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo content >"$BATS_TEST_TMPDIR/volume/file"
	without_fuse run --network none --volume "$BATS_TEST_TMPDIR/volume:/new" --volume "$BATS_TEST_TMPDIR/volume:/usr/share" --volume "$BATS_TEST_TMPDIR/volume:/home/new" -- \
		cat /new/file /usr/share/file /home/new/file
	assert_status 0
	assert_lines content content content
	without_fuse run --network none --volume "$BATS_TEST_TMPDIR/volume:/usr/share/new" -- true
	assert_status 125
	assert_contains "$stderr" "there is no /usr/share/new, and it can't be made: read-only file system"
}

@test "without /dev/fuse what needs changes, or could make them on the host, is refused with the fix" {
	without_fuse run --network none --overlay="$BATS_TEST_TMPDIR/changes" -- true
	assert_status 125
	assert_contains "$stderr" 'needs the program fuse-overlayfs: open /dev/fuse'
	[ ! -e "$BATS_TEST_TMPDIR/changes" ]
	without_fuse run --network none --cap-add SYS_ADMIN -- true
	assert_status 125
	assert_contains "$stderr" 'needs the program fuse-overlayfs: open /dev/fuse'
}

@test "without /dev/fuse nobody with CAP_SYS_ADMIN comes in later, who could make the host's system writable" {
	without_fuse run --detach --name c1 --network none -- sleep 60
	assert_status 0
	try exec --privileged --user root c1 mount -o remount,bind,rw /usr
	assert_status 255
	assert_one_line "urun: c1: the container shows the host's own system, which CAP_SYS_ADMIN could make writable"
	try exec --cap SYS_ADMIN c1 true
	assert_status 255
	jq -n '{args: ["true"], cwd: "/", user: {uid: 0, gid: 0}, capabilities: {bounding: ["CAP_SYS_ADMIN"]}}' >"$BATS_TEST_TMPDIR/process"
	try exec --process "$BATS_TEST_TMPDIR/process" c1
	assert_status 255
	try exec --cap SYS_CHROOT c1 echo in
	assert_output in
	# In its user namespace, and in that of a container that has joined it, a process would have the same right.
	by_options --pid container:c1 --cap-add SYS_ADMIN true
	assert_status 125
	assert_one_line "container c1 shows the host's own system, which CAP_SYS_ADMIN could make writable"
	try run --detach --name c2 --rootfs "$BUNDLE/rootfs" --network container:c1 sleep 60
	assert_status 0
	try exec --privileged c2 true
	assert_status 255
	by_options --network container:c2 --cap-add SYS_ADMIN true
	assert_status 125
	urun delete --force c2 c1
}

@test "without /dev/fuse the host's system isn't shown in a user namespace that others have" {
	# shellcheck disable=SC2016
	on_such_a_host bash -euc '"$0" --root "$1" run --detach --name c1 --network none --rootfs "$2" sleep 60 >/dev/null
		exec "$0" --root "$1" run --network container:c1 -- true' "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_status 125
	assert_contains "$stderr" 'needs the program fuse-overlayfs: open /dev/fuse'
	urun delete --force c1
}

@test "without /dev/fuse cp into a stopped sandbox doesn't write to the host" {
	[ -d /srv ] || skip "there is no /srv"
	# shellcheck disable=SC2016
	on_such_a_host bash -euc 'mount -t tmpfs tmpfs /srv && echo old >/srv/file
		"$0" --root "$1" run --detach --name c1 --network none -- sleep 60 >/dev/null 2>&1
		"$0" --root "$1" cp /etc/hostname c1:/srv/file && exit 9
		"$0" --root "$1" stop c1 >/dev/null
		"$0" --root "$1" cp /etc/hostname c1:/srv/file && exit 9
		"$0" --root "$1" cp c1:/srv/file /srv/copy && exit 9
		"$0" --root "$1" rm c1 >/dev/null
		ls /srv && cat /srv/file' "$URUN" "$STATE"
	assert_status 0
	assert_lines file old
	assert_contains "$stderr" 'write c1:/srv/file: read-only file system'
	assert_contains "$stderr" "c1: the container is stopped, and its view of the host's own system has ended (hint: start it, then copy)"
}

@test "without /dev/fuse check and its plan tell of the read-only system" {
	cd "$BATS_TEST_TMPDIR"
	without_fuse check --rootfs / --explain -- true
	assert_status 0
	assert_contains "$output" 'read-only: there is no overlay'
	assert_contains "$stderr" "the host's system can't be changed in this sandbox"
	without_fuse check --rootfs / -- no-such-program
	assert_status 1
	assert_contains "$output$stderr" no-such-program
}

@test "without /dev/fuse a sandbox starts twenty times, and leaves nothing" {
	local _
	for _ in $(seq 20); do
		without_fuse run --network none -- true
		assert_status 0
	done
	observe ids
	assert_output ''
}

@test "without /dev/fuse check warns once, and with one id the files of the root emulation that find no place are no matter of the user's" {
	without_fuse check --rootfs / --network none --user root -- true
	assert_status 0
	[ "$(grep -c "the host's system can't be changed in this sandbox" <<<"$stderr")" = 1 ] || fail "$stderr"
	[ -d /etc/apt/apt.conf.d ] || skip "this host has no apt"
	without_fuse run --network none --user root --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1" -- sh -c 'id -u; ls /etc/apt/apt.conf.d'
	assert_status 0
	refute_contains "$output" 99urun
	refute_contains "$stderr" 'goes on without it'
}
