#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The root file system: what is mounted, masked and read-only in it, and that nothing outside of it changes.
load lib.bash

@test "the container's root is the bundle's rootfs, and the container sees nothing of the host" {
	echo inside >"$BUNDLE/rootfs/etc/mark"
	in_container "cat /etc/mark; ls -d $BATS_TEST_TMPDIR 2>/dev/null || echo hidden; ls -a /.. | grep -c bundle || true"
	assert_output $'inside\nhidden\n0'
}

@test "no mount of the host is left in the container's mount table" {
	in_container 'cut -d" " -f2 /proc/mounts | sort -u'
	assert_status 0
	refute_contains "$output" "$BATS_TEST_TMPDIR"
	refute_contains "$output" /home
	local point
	for point in / /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do grep -qx "$point" <<<"$output"; done
}

@test "the host doesn't see the container's mounts" {
	config '.mounts += [{"destination": "/mnt/deep/er", "type": "tmpfs", "source": "tmpfs"}]'
	program /bin/sleep 30
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	[ "$(host_mounts)" = "$MOUNTS_BEFORE" ]
	urun delete --force c1
}

@test "a relative root path is below the bundle, and an absolute root path stays as it is" {
	mv "$BUNDLE/rootfs" "$BATS_TEST_TMPDIR/elsewhere"
	config '.root.path = $path' --arg path "$BATS_TEST_TMPDIR/elsewhere"
	in_container 'echo absolute'
	assert_output absolute
	mkdir "$BUNDLE/below"
	mv "$BATS_TEST_TMPDIR/elsewhere" "$BUNDLE/below/fs"
	config '.root.path = "below/fs"'
	in_container 'echo relative'
	assert_output relative
}

@test "a root that doesn't exist is an error that names it" {
	config '.root.path = "nowhere"'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line nowhere 'no such file or directory'
}

@test "a read-only root can't be written, but its tmpfs can" {
	config '.root.readonly = true | .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]'
	in_container 'touch /file 2>&1; touch /tmp/file && echo tmp-is-writable'
	assert_contains "$output" 'Read-only file system'
	assert_contains "$output" tmp-is-writable
	[ ! -e "$BUNDLE/rootfs/file" ]
}

@test "the container reads and writes files in a bind mount of a directory" {
	mkdir "$BATS_TEST_TMPDIR/data"
	echo given >"$BATS_TEST_TMPDIR/data/file"
	config '.mounts += [{"destination": "/data", "type": "bind", "source": $source, "options": ["rbind", "rw"]}]' --arg source "$BATS_TEST_TMPDIR/data"
	in_container 'cat /data/file; echo taken >/data/new'
	assert_output given
	[ "$(cat "$BATS_TEST_TMPDIR/data/new")" = taken ]
}

@test "a bind mount of a file may have a target that doesn't exist yet" {
	echo resolv >"$BATS_TEST_TMPDIR/file"
	config '.mounts += [{"destination": "/etc/new/resolv.conf", "type": "bind", "source": $source, "options": ["bind", "ro"]}]' --arg source "$BATS_TEST_TMPDIR/file"
	in_container 'cat /etc/new/resolv.conf; echo x >/etc/new/resolv.conf'
	[ "$status" != 0 ]
	assert_output resolv
	assert_contains "$stderr" 'Read-only file system'
}

@test "the mount options nosuid, nodev, noexec and ro are set" {
	mkdir "$BATS_TEST_TMPDIR/data"
	config '.mounts += [{"destination": "/data", "type": "bind", "source": $source, "options": ["bind", "ro", "nosuid", "nodev", "noexec"]}]' --arg source "$BATS_TEST_TMPDIR/data"
	in_container 'grep " /data " /proc/mounts | cut -d" " -f4'
	local option
	for option in ro nosuid nodev noexec; do assert_contains ",$output," ",$option,"; done
}

@test "a tmpfs has the size and mode of its options" {
	config '.mounts += [{"destination": "/small", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=1711", "noatime"]}]'
	in_container 'stat -c %a /small; grep -c " /small .*noatime" /proc/mounts; head -c 100000 /dev/zero >/small/big; stat -c %s /small/big'
	assert_output $'1711\n1\n65536'
}

@test "tmpcopyup copies the files of the covered directory into the tmpfs" {
	echo kept >"$BUNDLE/rootfs/var/file"
	config '.mounts += [{"destination": "/var", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}]'
	in_container 'cat /var/file; echo changed >/var/file'
	assert_output kept
	[ "$(cat "$BUNDLE/rootfs/var/file")" = kept ]
}

@test "an unknown mount option is an error that names the mount and the option" {
	config '.mounts += [{"destination": "/x", "type": "bind", "source": "/tmp", "options": ["bind", "nosuchoption"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line nosuchoption /x
}

@test "a source that doesn't exist is an error that names it" {
	config '.mounts += [{"destination": "/x", "type": "bind", "source": "/no/such/source", "options": ["bind"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line /no/such/source 'no such file or directory'
}

@test "a file system that only root can mount is an error that says so" {
	config '.mounts += [{"destination": "/x", "type": "ext4", "source": "/dev/null"}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line ext4 /x
}

@test "masked paths read as empty" {
	echo secret >"$BUNDLE/rootfs/etc/secret"
	mkdir "$BUNDLE/rootfs/etc/secrets"
	touch "$BUNDLE/rootfs/etc/secrets/one"
	config '.linux.maskedPaths += ["/etc/secret", "/etc/secrets", "/not/there"]'
	in_container 'cat /etc/secret; ls /etc/secrets; cat /proc/kcore | head -c1 | wc -c'
	assert_status 0
	assert_output 0
}

@test "masks are read-only, and mounts of the host don't reach them" {
	touch "$BUNDLE/rootfs/etc/secret"
	mkdir "$BUNDLE/rootfs/etc/secrets" "$BUNDLE/rootfs/etc/fixed"
	config '.linux.maskedPaths = ["/etc/secret", "/etc/secrets"] | .linux.readonlyPaths = ["/etc/fixed", "/sys/kernel"]'
	in_container 'while read -r _ _ _ _ path options tags; do case $path in /etc/*|/sys/kernel) echo "$path ${options%%,*} ${tags%%- *}";; esac; done </proc/self/mountinfo | sort'
	assert_output $'/etc/fixed ro \n/etc/secret ro \n/etc/secrets ro \n/sys/kernel ro '
	in_container 'chmod 600 /etc/secret; echo written >/etc/secret && wc -c </etc/secret'
	assert_contains "$stderr" 'Read-only file system'
	assert_output 0
}

@test "read-only paths can be read and not written" {
	echo text >"$BUNDLE/rootfs/etc/file"
	config '.linux.readonlyPaths += ["/etc", "/not/there"]'
	in_container 'cat /etc/file; touch /etc/new'
	[ "$status" != 0 ]
	assert_output text
	assert_contains "$stderr" 'Read-only file system'
}

@test "/proc/sys can't be written" {
	in_container 'echo x >/proc/sys/kernel/domainname'
	[ "$status" != 0 ]
	assert_contains "$stderr" 'Read-only file system'
}

@test "the default devices exist and work" {
	in_container 'echo x >/dev/null && head -c4 /dev/zero | od -An -tx1 | tr -d " "; head -c8 /dev/urandom | wc -c; head -c8 /dev/random | wc -c; echo x >/dev/full; test -c /dev/tty && echo tty'
	assert_contains "$output" $'00000000\n8\n8\ntty'
	assert_contains "$stderr" 'No space left'
}

@test "/dev has the links fd, stdin, stdout, stderr, ptmx and core" {
	in_container 'for l in fd stdin stdout stderr ptmx core; do echo "$l $(readlink /dev/$l)"; done'
	local core=
	# A kernel may have been built without the file.
	[ ! -e /proc/kcore ] || core=/proc/kcore
	assert_output $'fd /proc/self/fd\nstdin /proc/self/fd/0\nstdout /proc/self/fd/1\nstderr /proc/self/fd/2\nptmx pts/ptmx\ncore '"$core"
}

@test "a device of the config is a bind mount of the host's" {
	config '.linux.devices = [{"path": "/dev/my/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}]'
	in_container 'echo x >/dev/my/null && test -c /dev/my/null && stat -c "%t:%T" /dev/my/null'
	assert_status 0
	assert_output 1:3
}

@test "a container with a network namespace of its own can have a sysfs of its own" {
	in_container 'ls /sys/class/net; grep " /sys " /proc/mounts | cut -d" " -f3'
	assert_output $'lo\nsysfs'
}

@test "a container without a network namespace of its own has the host's /sys, read-only" {
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	in_container 'ls /sys/class/net >/dev/null && echo seen; mkdir /sys/x 2>/dev/null || echo refused'
	assert_status 0
	assert_output $'seen\nrefused'
}

@test "a cgroup mount can be read" {
	config '.linux.namespaces += [{"type": "cgroup"}] | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
	in_container 'ls /sys/fs/cgroup >/dev/null; grep -c " /sys/fs/cgroup" /proc/mounts'
	assert_status 0
	[ "$output" -ge 1 ]
}

@test "the root's mount has the propagation of rootfsPropagation" {
	config '.linux.rootfsPropagation = "private"'
	in_container 'grep " / / " /proc/self/mountinfo | grep -c "shared:\|master:" || true'
	local private=$output
	config '.linux.rootfsPropagation = "shared"'
	in_container 'awk "\$5 == \"/\"" /proc/self/mountinfo | grep -c shared:'
	[ "$private" = 0 ]
	assert_output 1
}

@test "run --no-pivot has the same root, and nothing of the host" {
	in_container true
	sh_program 'ls /; ls -d /home 2>/dev/null || echo hidden'
	try run --bundle "$BUNDLE" c1
	local with_pivot=$output
	try run --no-pivot --bundle "$BUNDLE" c1
	assert_status 0
	assert_output "$with_pivot"
}

# --- hostile root file systems: each mount point is a symbolic link that leads out ----------------------------------------

# watch_outside: makes $OUTSIDE, a directory that no container may change, and notes its state.
watch_outside() {
	OUTSIDE=$BATS_TEST_TMPDIR/outside
	mkdir -p "$OUTSIDE"
	echo original >"$OUTSIDE/file"
	OUTSIDE_BEFORE=$(find "$OUTSIDE" "$HOME" -maxdepth 2 -printf '%p %m %s %l\n' 2>/dev/null | sort)
}

assert_outside_unchanged() {
	local now
	now=$(find "$OUTSIDE" "$HOME" -maxdepth 2 -printf '%p %m %s %l\n' 2>/dev/null | sort)
	[ "$now" = "$OUTSIDE_BEFORE" ] || fail "outside changed:" "$(diff <(echo "$OUTSIDE_BEFORE") <(echo "$now"))"
	[ "$(cat "$OUTSIDE/file")" = original ]
}

@test "nothing outside changes where /proc, /dev and /sys are links that lead out" {
	watch_outside
	local name target
	for target in "$OUTSIDE" ../../../../../../../../../../..$OUTSIDE; do
		for name in proc dev sys; do
			rm -rf "${BUNDLE:?}/rootfs/$name"
			ln -s "$target" "$BUNDLE/rootfs/$name"
		done
		try run --bundle "$BUNDLE" c1
		assert_outside_unchanged
		for name in proc dev sys; do rm -rf "${BUNDLE:?}/rootfs/$name"; done
		# urun may have made directories at the links' targets, inside of the root.
		rm -rf "${BUNDLE:?}/rootfs/tmp"
	done
}

@test "nothing outside changes where /proc, /dev and /sys are links to the root itself" {
	watch_outside
	local name
	for name in proc dev sys; do
		rm -rf "${BUNDLE:?}/rootfs/$name"
		ln -s / "$BUNDLE/rootfs/$name"
	done
	try run --bundle "$BUNDLE" c1
	assert_outside_unchanged
}

@test "a link that leads out is followed inside the root alone where it is the target of a bind mount" {
	watch_outside
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/mnt"
	mkdir "$BATS_TEST_TMPDIR/data"
	echo data >"$BATS_TEST_TMPDIR/data/file"
	config '.mounts += [{"destination": "/mnt/deeper", "type": "bind", "source": $source, "options": ["bind"]}]' --arg source "$BATS_TEST_TMPDIR/data"
	in_container 'cat /mnt/deeper/file'
	assert_outside_unchanged
	assert_status 0
	assert_output data
	[ ! -e "$OUTSIDE/deeper" ]
}

@test "no file is made outside where the target of a bind mount of a file is a link that leads out" {
	watch_outside
	ln -s "$OUTSIDE/resolv.conf" "$BUNDLE/rootfs/etc/resolv.conf"
	config '.mounts += [{"destination": "/etc/resolv.conf", "type": "bind", "source": "/etc/hostname", "options": ["bind", "ro"]}]'
	in_container 'cat /etc/resolv.conf'
	assert_outside_unchanged
}

@test "nothing outside changes where masked and read-only paths are links that lead out" {
	watch_outside
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/masked"
	ln -s "../../../../../..$OUTSIDE/file" "$BUNDLE/rootfs/masked-file"
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/read-only"
	config '.linux.maskedPaths += ["/masked", "/masked-file"] | .linux.readonlyPaths += ["/read-only"]'
	try run --bundle "$BUNDLE" c1
	assert_outside_unchanged
	touch "$OUTSIDE/still-writable"
}

@test "links in the root file system's /dev aren't followed for devices and links" {
	watch_outside
	config 'del(.mounts[] | select(.destination | startswith("/dev")))'
	rm -rf "$BUNDLE/rootfs/dev"
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/dev"
	try run --bundle "$BUNDLE" c1
	assert_outside_unchanged
	rm "$BUNDLE/rootfs/dev"
	mkdir "$BUNDLE/rootfs/dev"
	ln -s "$OUTSIDE/null" "$BUNDLE/rootfs/dev/null"
	ln -s "$OUTSIDE/ptmx" "$BUNDLE/rootfs/dev/ptmx"
	try run --bundle "$BUNDLE" c1
	assert_outside_unchanged
}

@test "a mount destination with .. stays inside the root" {
	watch_outside
	config '.mounts += [{"destination": "/../../../..\($path)", "type": "tmpfs", "source": "tmpfs"}]' --arg path "$OUTSIDE/new"
	try run --bundle "$BUNDLE" c1
	assert_outside_unchanged
}

@test "a cwd that is a link to a directory outside stays inside" {
	watch_outside
	ln -s "$OUTSIDE" "$BUNDLE/rootfs/work"
	config '.process.cwd = "/work"'
	in_container 'cat file'
	[ "$status" != 0 ]
	refute_contains "$output" original
}

@test "a rootfs that is a link leads to its target" {
	mv "$BUNDLE/rootfs" "$BUNDLE/real"
	ln -s real "$BUNDLE/rootfs"
	in_container 'echo linked'
	assert_output linked
}

@test "a path that is masked twice has one mask" {
	mkdir "$BUNDLE/rootfs/masked"
	config '.linux.maskedPaths += ["/masked", "/masked/", "/masked"]'
	in_container 'grep -c " /masked " /proc/mounts'
	assert_output 1
}

@test "a /dev that is read-only, by whatever word, has its devices and mounts" {
	local words
	for words in ro rro nodev,ro; do
		config '.mounts |= map(if .destination == "/dev" then .options = ["nosuid", "mode=755", $words] else . end)' --arg words "$words"
		in_container 'grep "^[^ ]* /dev tmpfs" /proc/mounts | cut -d" " -f4 | cut -d, -f1; echo x >/dev/null && ls /dev/pts/ptmx; touch /dev/x 2>/dev/null || echo read-only'
		assert_output $'ro\n/dev/pts/ptmx\nread-only'
	done
}

@test "the mounts of devices are noexec and nosuid" {
	in_container 'grep " /dev/null " /proc/mounts | cut -d" " -f4'
	assert_contains ",$output," ,nosuid,
	assert_contains ",$output," ,noexec,
}

@test "/dev/ptmx stays a link to the container's own where the config has a device /dev/ptmx" {
	config '.linux.devices += [{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}]'
	in_container 'readlink /dev/ptmx'
	assert_output pts/ptmx
}

@test "a read-only tmpfs has the mounts that the config has below it" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]},
		{"destination": "/mnt/sub", "type": "tmpfs", "source": "tmpfs", "options": ["rw"]}]'
	in_container 'touch /mnt/sub/x && ls /mnt; touch /mnt/x 2>/dev/null || echo read-only'
	assert_output $'sub\nread-only'
}

@test "a container in the caller's ipc namespace starts on a host without message queues" {
	config 'del(.linux.namespaces[] | select(.type == "ipc"))'
	config '.mounts += [{"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]}]'
	sh_program 'echo runs'
	observe unshare --user --map-root-user --mount bash -euc '
		[ ! -e /dev/mqueue ] || mount -t tmpfs none /dev
		exec "$1" --root "$2" run --bundle "$3" c1' bash "$URUN" "$STATE" "$BUNDLE"
	assert_status 0
	assert_output runs
	refute_contains "$stderr" mqueue
}

@test "a new file system is shown with its source and its options, whichever call mounts it" {
	config '.mounts += [
		{ destination: "/run", type: "tmpfs", source: "named", options: ["nosuid", "noatime", "mode=711"] },
		{ destination: "/run/none", type: "tmpfs", options: ["nodev", "size=8k"] },
		{ destination: "/run/ro", type: "tmpfs", source: "fixed", options: ["ro", "noexec"] }]'
	in_container 'sed "s/ rw,.*//; s/^.* \/run/\/run/" /proc/self/mountinfo | grep ^/run; grep /run /proc/self/mounts | cut -d" " -f1,2,4; stat -c %a /run; touch /run/ro/x || echo refused'
	assert_status 0
	assert_contains "$output" 'named /run rw,nosuid,noatime'
	assert_contains "$output" 'none /run/none rw,nodev,relatime,size=8k'
	assert_contains "$output" 'fixed /run/ro ro,noexec,relatime'
	assert_contains "$output" 711
	assert_contains "$output" refused
}
