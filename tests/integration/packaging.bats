#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What distributions need besides the program: files that their own tools accept.
load lib.bash

TREE=$BATS_TEST_DIRNAME/../..

@test "AppArmor's parser takes the profile, which is for urun alone" {
	[ -e "$TREE/contrib/apparmor/urun.in" ] || skip "the sources aren't here"
	sed 's|@bindir@|/opt/urun/bin|' "$TREE/contrib/apparmor/urun.in" >"$BATS_TEST_TMPDIR/urun"
	grep -q '^profile urun /opt/urun/bin/urun ' "$BATS_TEST_TMPDIR/urun" || fail "no profile of urun"
	PATH=$PATH:/usr/sbin:/sbin
	command -v apparmor_parser >/dev/null && [ -e /etc/apparmor.d/abi/4.0 ] || skip "no AppArmor 4 here"
	# -Q: nothing is loaded; -K: nothing is cached.
	observe apparmor_parser -Q -K "$BATS_TEST_TMPDIR/urun"
	assert_status 0
}

@test "doctor says whether the profile is in force" {
	try doctor --json
	observe jq -r '.rows[] | select(.name == "AppArmor profile of urun") | .state + " " + .value' <<<"$output"
	if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
		assert_output 'ok not needed: AppArmor is off'
	else
		assert_contains "$output" 'in force'
	fi
}

# version_of FILE SED: prints the version in a file of the sources.
version_of() {
	sed -n "$2" "$TREE/$1"
}

@test "the spec file is read by rpmspec, and has the version of configure.ac" {
	[ -e "$TREE/packaging/urun.spec" ] || skip "the sources aren't here"
	[ "$(version_of packaging/urun.spec 's/^Version: *//p')" = "$(version_of configure.ac 's/^AC_INIT(\[urun\], \[\(.*\)\])$/\1/p')" ] ||
		fail "another version than in configure.ac"
	command -v rpmspec >/dev/null || skip "rpm isn't installed"
	observe rpmspec -P "$TREE/packaging/urun.spec"
	assert_status 0
	observe rpmspec -q --qf '%{name} %{license}\n' "$TREE/packaging/urun.spec"
	[ "${lines[0]}" = 'urun Apache-2.0' ] || fail "$output"
}

@test "the PKGBUILD is read by makepkg, and has the version of configure.ac" {
	[ -e "$TREE/packaging/PKGBUILD" ] || skip "the sources aren't here"
	[ "$(version_of packaging/PKGBUILD 's/^pkgver=//p')" = "$(version_of configure.ac 's/^AC_INIT(\[urun\], \[\(.*\)\])$/\1/p')" ] ||
		fail "another version than in configure.ac"
	command -v makepkg >/dev/null || skip "makepkg isn't installed"
	[ "$(id -u)" != 0 ] || skip "makepkg doesn't run as root"
	cp "$TREE/packaging/PKGBUILD" "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || fail "no directory"
	observe makepkg --printsrcinfo
	assert_status 0
	assert_contains "$output" 'pkgname = urun'
	assert_contains "$output" 'depends = libslirp'
	cd /
}

@test "the APKBUILD is read by the shell, names all that it needs, and has the version of configure.ac" {
	[ -e "$TREE/packaging/APKBUILD" ] || skip "the sources aren't here"
	[ "$(version_of packaging/APKBUILD 's/^pkgver=//p')" = "$(version_of configure.ac 's/^AC_INIT(\[urun\], \[\(.*\)\])$/\1/p')" ] ||
		fail "another version than in configure.ac"
	# shellcheck disable=SC2016 # the inner shell expands these
	observe sh -euc '. "$1"; for f in build check package; do command -v "$f"; done; echo "$source" $makedepends' sh "$TREE/packaging/APKBUILD"
	assert_status 0
	[ "${lines[*]:0:3}" = 'build check package' ] || fail "$output"
	assert_contains "$output" "urun-$(version_of packaging/APKBUILD 's/^pkgver=//p').tar.xz glib-dev libarchive-dev libseccomp-dev"
}
