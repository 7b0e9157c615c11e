#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# AppArmor: only root can load a profile.  The containers are user ci's.
# bats file_tags=kernel
load ../integration/lib.bash

setup() {
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]
	umask 022
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	bundle_busybox "$BUNDLE"
	apparmor_parser --replace <<-'END'
		profile urun-test flags=(attach_disconnected) {
		  capability,
		  file,
		  network,
		  mount,
		  signal,
		  deny /tmp/denied w,
		}
	END
	config '.process.apparmorProfile = "urun-test"'
	mkdir -m 700 "$BATS_TEST_TMPDIR/state"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	chown -R ci:ci "$BUNDLE" "$BATS_TEST_TMPDIR/state"
}

teardown() {
	rm -rf "$BUNDLE"
}

# urun ARG…: runs urun as user ci.
urun() {
	chown -R ci:ci "$BUNDLE"
	timeout -k 5 60 runuser -u ci -- "$URUN" --root "$BATS_TEST_TMPDIR/state" "$@" </dev/null
}

@test "a loaded profile confines the program" {
	in_container 'cat /proc/self/attr/current; echo x >/tmp/allowed && echo may; echo x >/tmp/denied'
	assert_lines 'urun-test (enforce)' may
	assert_contains "$stderr" '/tmp/denied: Permission denied'
}

@test "exec confines its program by the container's profile, or by --apparmor" {
	sh_program 'sleep 60'
	urun run --detach --bundle "$BUNDLE" c1 >/dev/null 2>&1 3>&- 4>&-
	try exec c1 cat /proc/self/attr/current
	assert_output 'urun-test (enforce)'
	try exec --apparmor unconfined c1 cat /proc/self/attr/current
	assert_output unconfined
	urun delete --force c1
}

@test "a profile that isn't loaded is an error that names it" {
	config '.process.apparmorProfile = "no-such-profile"'
	in_container true
	assert_status 125
	assert_contains "$stderr" no-such-profile
}
