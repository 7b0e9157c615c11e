#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root in the sandbox of the host's own system: it changes the system as root of a machine would, and the host keeps its files.
load lib.bash

# as_root ARG…: a command in the sandbox, as root, as `try` does.
as_root() {
	needs_fuse
	cd "$BATS_TEST_TMPDIR" || fail "no directory"
	try run --network none --user root --volume "$BATS_TEST_TMPDIR/packages:/packages" -- "$@" </dev/null
}

# package NAME: a package of Debian with one program, which has a user of its own.
package() {
	local tree=$BATS_TEST_TMPDIR/tree
	command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || skip "this is no Debian"
	mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$BATS_TEST_TMPDIR/packages"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: a test <test@example.org>\nDescription: a package of a test\n' "$1" >"$tree/DEBIAN/control"
	printf '#!/bin/sh -e\nuseradd --system --no-create-home %s\n' "$1" >"$tree/DEBIAN/postinst"
	printf '#!/bin/sh\necho it runs\n' >"$tree/usr/bin/$1"
	chmod 755 "$tree/DEBIAN/postinst" "$tree/usr/bin/$1"
	dpkg-deb --root-owner-group --build "$tree" "$BATS_TEST_TMPDIR/packages/$1.deb" >/dev/null
}

@test "apt-get installs a package, whose program runs and whose user exists, and dpkg removes it; the host has none of it" {
	package urun-test-package
	[ ! -r /var/lib/dpkg/lock ] || skip "every user may read the lock of dpkg here"
	as_root sh -c '
		apt-get install --yes --no-install-recommends /packages/urun-test-package.deb >/tmp/log 2>&1 || cat /tmp/log
		urun-test-package
		id -nu urun-test-package
		grep -c ^urun-test-package: /etc/shadow
		dpkg --remove urun-test-package >/tmp/log 2>&1 || cat /tmp/log
		[ -e /usr/bin/urun-test-package ] || echo removed'
	assert_status 0
	assert_lines 'it runs' urun-test-package 1 removed
	[ ! -e /usr/bin/urun-test-package ] && ! id urun-test-package 2>/dev/null
}

@test "what only the host's root may read is empty for root of the sandbox, with its mode, and directories have their owners and modes" {
	local modes
	mkdir "$BATS_TEST_TMPDIR/packages"
	[ ! -r /etc/shadow ] || skip "every user may read /etc/shadow here"
	modes=$(stat -c '%n %a %U' / /etc /var /var/lib)
	as_root sh -c 'stat -c "%n %a %U" / /etc /var /var/lib; stat -c "%s %a" /etc/shadow; ls -A /etc/shadow'
	assert_output "$modes"$'\n'"0 $(stat -c %a /etc/shadow)"$'\n'/etc/shadow
	# The user's own sandbox shows the file as it is.
	cd "$BATS_TEST_TMPDIR"
	try run --network none -- sh -c 'cat /etc/shadow 2>&1; stat -c %s /etc/shadow' </dev/null
	assert_contains "$output" 'Permission denied'
	assert_contains "$output" "$(stat -c %s /etc/shadow)"
}

@test "changes that are kept in a directory stay, and a second container adds to them" {
	mkdir "$BATS_TEST_TMPDIR/packages"
	needs_fuse
	cd "$BATS_TEST_TMPDIR"
	local name
	for name in one two; do
		try run --network none --user root --overlay="$BATS_TEST_TMPDIR/changes" -- sh -c "useradd --system $name && cut -d: -f1 /etc/shadow" </dev/null
		assert_status 0
	done
	assert_lines one two
	urun unshare rm -rf "$BATS_TEST_TMPDIR/changes"
}

@test "a directory for changes that a killed start has begun is made anew" {
	needs_fuse
	mkdir -p "$BATS_TEST_TMPDIR/packages" "$BATS_TEST_TMPDIR/changes/upper.new/etc"
	[ ! -r /etc/shadow ] || skip "every user may read /etc/shadow here"
	cd "$BATS_TEST_TMPDIR"
	echo half >changes/upper.new/etc/hostname
	chmod 500 changes/upper.new/etc
	# In two directories: by fuse-overlayfs, and by the kernel.
	cp -r changes kernels
	try run --network none --user root --overlay="$BATS_TEST_TMPDIR/changes" -- sh -c 'stat -c "%s %U" /etc/shadow; grep -c half /etc/hostname' </dev/null
	assert_output $'0 root\n0'
	try run --network none --rootfs "$BUNDLE/rootfs" --overlay="$BATS_TEST_TMPDIR/kernels" sh -c 'grep -c half /etc/hostname' </dev/null
	assert_output 0
	[ "$(cd changes && echo *) $(cd kernels && echo *)" = "container upper work container upper work" ] || fail "$(ls changes kernels)"
	urun unshare rm -rf "$BATS_TEST_TMPDIR/changes" "$BATS_TEST_TMPDIR/kernels"
}
