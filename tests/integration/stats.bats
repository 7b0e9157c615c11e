#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `stats` and `events`: the processor time, memory and processes that running containers use.
load lib.bash

# started ID TEXT: starts a container that runs the line of shell.
started() {
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name "$1" sh -c "$2" </dev/null >/dev/null 2>&1 3>&-
}

# column ID N: prints the N-th column of the container's row in $output.
column() {
	awk -v id="$1" -v n="$2" '$1 == id { print $n }' <<<"$output"
}

# shares_processor ID: prints a table, in which the container has used processor time since the look before.
shares_processor() {
	try stats --no-stream
	[ "$status" = 0 ] && [[ $(column "$1" 2) = *[1-9]* ]]
}

@test "stats prints a busy container and an idle one, each with its processes, and no stopped one" {
	started busy 'while :; do :; done'
	started idle 'sleep 1000 & sleep 1000 & wait'
	started ended true
	wait_for 30 is_status ended stopped
	wait_for 30 eval '[ "$(urun ps --format json idle | jq length)" = 4 ]'
	# Other tests run at the same time: its share of a processor can be small, and none at all between two looks.
	wait_for 30 shares_processor busy || fail "$output"
	[ "$(head -n 1 <<<"$output")" = 'ID                       CPU     MEMORY      LIMIT   PIDS     CPU TIME' ]
	[ "$(column idle 2)" = 0.0% ]
	[ "$(column busy 5)" = 2 ] && [ "$(column idle 5)" = 4 ]
	[[ $(column idle 3) = *[1-9]*iB ]]
	refute_contains "$output" ended
	try stats --no-stream idle
	assert_status 0
	[ "${#lines[@]}" = 2 ]
	urun delete --force busy
	urun delete --force idle
	urun delete ended
	try stats --no-stream
	assert_status 0
	[ "${#lines[@]}" = 1 ]
}

@test "stats warns once about a directory that isn't a container's" {
	mkdir -p "$STATE/c9"
	chmod 700 "$STATE"
	echo x >"$STATE/c9/file"
	try stats --no-stream
	assert_status 0
	[ "$(grep -c c9 <<<"$stderr")" = 1 ] || fail "$stderr"
	rm -r "$STATE/c9"
}

@test "events --stats prints what the processes of a container without a cgroup use" {
	urun --cgroup-manager disabled run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 sh -c 'sleep 1000 & sleep 1000 & wait' \
		</dev/null >/dev/null 2>&1 3>&-
	wait_for 30 eval '[ "$(urun ps --format json c1 | jq length)" = 4 ]'
	try events --stats c1
	assert_status 0
	[ "${#lines[@]}" = 1 ]
	jq -e '.type == "stats" and .id == "c1" and .data.hugetlb == {} and .data.pids.current == 4
		and .data.memory.usage.usage > 0 and (.data.cpu.usage.total | type) == "number"' <<<"$output" || fail "$output"
	# Without --stats events prints them until the container's end.
	timeout 60 "$URUN" --root "$STATE" events --interval 300ms c1 >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	local events=$!
	wait_for 30 grep -q '"stats"' "$BATS_TEST_TMPDIR/events"
	urun delete --force c1
	wait "$events"
}

@test "stats prints tables until the container's end" {
	started c1 'sleep 1.5'
	observe timeout 20 "$URUN" --root "$STATE" stats --interval 300ms c1
	assert_status 0
	[ "$(grep -c '^c1 ' <<<"$output")" -ge 2 ]
	# In a file the tables follow each other, without control sequences.
	refute_contains "$output" $'\033'
	urun delete c1
	try stats --no-stream c1
	assert_status 1
	assert_contains "$stderr" 'c1 does not exist'
	try stats --interval never
	assert_status 1
	assert_contains "$stderr" --interval
}
