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
