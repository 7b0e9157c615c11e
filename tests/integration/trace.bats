#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --trace: the times of the steps, as Chrome's trace format.
load lib.bash

# steps NAME: the steps of the trace, a line each: PROCESS STEP.  Fails where the file isn't a whole document of events in order.
steps() {
	jq -r '(map(select(.ph == "M") | { key: (.pid | tostring), value: .args.name }) | from_entries) as $names
		| map(select(.ph == "X"))
		| if all(.ts >= 0 and .dur >= 0 and .pid == .tid) then . else error("a time before the start") end
		| .[] | "\($names[.pid | tostring]): \(.name)"' "$BATS_TEST_TMPDIR/trace"
}

@test "a trace of run has the steps of urun and of urun init" {
	local found
	sh_program true
	echo 'an older trace, which is longer than nothing' >"$BATS_TEST_TMPDIR/trace"
	try --trace "$BATS_TEST_TMPDIR/trace" run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output ''
	found=$(steps)
	for step in 'urun: run' 'urun: plan' 'urun: clone child' 'urun: await child' 'urun init: root file system' 'urun init: masks' \
		'urun init: find the program' 'urun: release child' 'urun: the program runs' 'urun: remove'; do
		assert_contains $'\n'"$found"$'\n' $'\n'"$step"$'\n'
	done
	# The parent waits while init works: init's steps lie between the clone and READY.
	jq -e '(.[] | select(.name == "clone child")) as $clone
		| (.[] | select(.name == "await child")) as $await
		| .[] | select(.name == "masks") | .ts >= $clone.ts + $clone.dur and .ts + .dur <= $await.ts + $await.dur' \
		"$BATS_TEST_TMPDIR/trace" >/dev/null
}

@test "a trace of exec, and of a command that fails, is a whole document too" {
	detached c1 sleep 1000
	try --trace "$BATS_TEST_TMPDIR/trace" exec c1 true
	assert_status 0
	assert_contains "$(steps)" 'urun: await the child'
	try --trace "$BATS_TEST_TMPDIR/trace" exec c1 /no/such/program
	assert_status 127
	assert_contains "$(steps)" 'urun: await the child'
	try delete --force c1
}

@test "a trace is its owner's alone, and a place where it can't be is an error" {
	try --trace "$BATS_TEST_TMPDIR/trace" list
	assert_status 0
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/trace")" = 600 ]
	[ "$(steps)" = 'urun: list' ]
	try --trace "$BATS_TEST_TMPDIR/none/trace" list
	assert_status 1
	assert_one_line 'open trace' 'no such file or directory'
}
