#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles and root file systems that other tools made.
load lib.bash

# runc_program: prints the path of runc; skips the test if there is none.
runc_program() {
	PATH=$PATH:/usr/sbin:/sbin command -v runc || skip "runc isn't installed"
}

@test "a bundle of runc spec, made for root, runs unchanged" {
	local runc
	runc=$(runc_program)
	rm "$BUNDLE/config.json"
	(cd "$BUNDLE" && "$runc" spec)
	run "$BATS_TEST_DIRNAME/terminal" 'wait=# ' 'type=echo $((40 + 2)) $(id -u)\n' 'wait=42 0' 'type=exit 3\n' -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_contains "$output" 'exit 3'
	assert_contains "$output" 'terminal restored'
}

@test "a bundle of runc spec --rootless runs unchanged" {
	local runc
	runc=$(runc_program)
	rm "$BUNDLE/config.json"
	(cd "$BUNDLE" && "$runc" spec --rootless)
	run "$BATS_TEST_DIRNAME/terminal" 'wait=# ' 'type=echo $((40 + 2)) $(id -u)\n' 'wait=42 0' 'type=exit 3\n' -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_contains "$output" 'exit 3'
	assert_contains "$output" 'terminal restored'
}

@test "a bundle that umoci unpack --rootless made of an OCI image runs" {
	command -v umoci >/dev/null || skip "umoci isn't installed"
	local image=$BATS_TEST_TMPDIR/image work=$BATS_TEST_TMPDIR/work unpacked=$BATS_TEST_TMPDIR/unpacked
	umoci init --layout "$image"
	umoci new --image "$image:base"
	umoci unpack --rootless --image "$image:base" "$work"
	cp -a "$BUNDLE/rootfs/." "$work/rootfs/"
	echo from-the-layer >"$work/rootfs/etc/mark"
	umoci repack --image "$image:made" "$work"
	umoci config --image "$image:made" --config.cmd /bin/sh --config.cmd -c --config.cmd 'cat /etc/mark; echo "$COLOUR"; pwd' \
		--config.env COLOUR=green --config.workingdir /tmp
	umoci unpack --rootless --image "$image:made" "$unpacked"
	# The config of umoci asks for a terminal.
	jq '.process.terminal = false' "$unpacked/config.json" >"$unpacked/new"
	mv "$unpacked/new" "$unpacked/config.json"
	try run --bundle "$unpacked" c1
	assert_status 0
	assert_output $'from-the-layer\ngreen\n/tmp'
}

# --- Debian ---------------------------------------------------------------------------------------------------------------

# debian: the bundle has a root file system of Debian, and a config of runc's.
debian() {
	local runc
	unpack_debian "$BUNDLE/rootfs"
	rm "$BUNDLE/config.json"
	runc=$(runc_program)
	(cd "$BUNDLE" && "$runc" spec)
	# These are the capabilities that engines give by default.
	config '.process.terminal = false | .root.readonly = false | .process.noNewPrivileges = false
		| .process.capabilities |= with_entries(.value = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"])'
}

@test "Debian: apt-get, useradd, chown to another id and su work as on a host" {
	debian
	in_container 'apt-get --version | head -n1'
	assert_status 0
	assert_contains "$output" apt
	in_container 'useradd --create-home --uid 1000 somebody && su somebody -c "id -un; touch ~/file; stat -c %U:%u ~/file"'
	assert_status 0
	assert_output $'somebody\nsomebody:1000'
	in_container 'touch /tmp/file && chown 1000:1000 /tmp/file && stat -c %u:%g /tmp/file'
	assert_status 0
	assert_output 1000:1000
	local first
	read -r first _ <<<"$(subid_range uid)"
	[ "$(stat -c %u "$BUNDLE/rootfs/home/somebody")" = "$((first + 999))" ]
}

@test "Debian: files belong to the ids of the image" {
	debian
	in_container 'stat -c %U:%G /etc/shadow /usr/bin/chage /var/mail | sort -u'
	assert_status 0
	assert_contains "$output" root:shadow
	assert_contains "$output" root:mail
}

@test "Debian: dpkg installs a package" {
	debian
	in_container 'mkdir -p /tmp/p/DEBIAN /tmp/p/opt && printf "Package: own\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n" >/tmp/p/DEBIAN/control &&
		echo installed >/tmp/p/opt/own && dpkg-deb -b /tmp/p /tmp/own.deb >/dev/null && dpkg -i /tmp/own.deb >/dev/null && cat /opt/own'
	assert_status 0
	assert_output installed
}
