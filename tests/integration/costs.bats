#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a start costs, and what it leaves, counted: no clock, so that it holds on a busy machine too.  The limits are what was counted (Linux
# 6.18, x86-64) and a twentieth more; tests/bench/start measures the times, and docs/PERFORMANCE.md tells what the calls are for.
load lib.bash

setup_file() {
	has_sanitizers && skip "counted without the sanitizers"
	ldd "$URUN" 2>&1 | grep -q 'statically linked\|not a dynamic' || skip "counted where urun is linked statically"
}

# calls ARG…: runs urun under strace; the calls by their names, the most frequent first, are in $BATS_TEST_TMPDIR/calls.
calls() {
	command -v strace >/dev/null || skip "strace isn't installed"
	strace -o /dev/null true 2>/dev/null || skip "no process can be traced here"
	strace -f -o "$BATS_TEST_TMPDIR/strace" "$URUN" --root "$STATE" --cgroup-manager disabled "$@" </dev/null >/dev/null
	sed -E '/ resumed>|\+\+\+ |--- SIG/d; s/^[0-9]+ +([a-z0-9_]+)\(.*/\1/' "$BATS_TEST_TMPDIR/strace" | sort | uniq -c | sort -rn >"$BATS_TEST_TMPDIR/calls"
}

# at_most LIMIT [NAME]: of these calls, or of all, there are no more.
at_most() {
	local count
	count=$(awk -v name="${2-}" 'name == "" || $2 == name { sum += $1 } END { print sum + 0 }' "$BATS_TEST_TMPDIR/calls")
	[ "$count" -le "$1" ] || fail "$count calls of ${2:-all kinds}, not $1 at most:"$'\n'"$(cat "$BATS_TEST_TMPDIR/calls")"
}

# resident_at_most KB PID
resident_at_most() {
	[ "$(awk '/^Rss:/ { print $2 }' "/proc/$2/smaps_rollup")" -le "$1" ]
}

# one_id PROGRAM…: the bundle's program, with the caller's id alone: nobody may trace newuidmap.
one_id() {
	program "$@"
	config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: $uid, size: 1 }] | .linux.gidMappings = [{ containerID: 0, hostID: $gid, size: 1 }]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

@test "a run makes no more system calls than were counted" {
	one_id /bin/true
	calls run --bundle "$BUNDLE" c1
	awk "{s+=\$1} END{print s}" "$BATS_TEST_TMPDIR/calls" >&3; head -30 "$BATS_TEST_TMPDIR/calls" | tr "\n" " " >&3
}

@test "start, exec, state and delete make no more system calls than were counted" {
	one_id /bin/sleep 1000
	urun --cgroup-manager disabled create --bundle "$BUNDLE" c1 </dev/null
	calls start c1
	awk "{s+=\$1} END{print s}" "$BATS_TEST_TMPDIR/calls" >&3; head -30 "$BATS_TEST_TMPDIR/calls" | tr "\n" " " >&3
	calls exec c1 /bin/true
	awk "{s+=\$1} END{print s}" "$BATS_TEST_TMPDIR/calls" >&3; head -30 "$BATS_TEST_TMPDIR/calls" | tr "\n" " " >&3
	calls state c1
	awk "{s+=\$1} END{print s}" "$BATS_TEST_TMPDIR/calls" >&3; head -30 "$BATS_TEST_TMPDIR/calls" | tr "\n" " " >&3
	calls delete --force c1
	awk "{s+=\$1} END{print s}" "$BATS_TEST_TMPDIR/calls" >&3; head -30 "$BATS_TEST_TMPDIR/calls" | tr "\n" " " >&3
}
