#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a start costs, and what it leaves, counted: no clock, so that it holds on a busy machine too.  The limits are what was counted (Linux
# 6.18, x86-64) and some more; tests/bench/start measures the times, and docs/PERFORMANCE.md tells what the calls are for.
load lib.bash

# calls ARG…: runs urun under strace; the calls by their names, the most frequent first, are in $BATS_TEST_TMPDIR/calls.
calls() {
	command -v strace >/dev/null || skip "strace isn't installed"
	strace -o /dev/null true 2>/dev/null || skip "no process can be traced here"
	strace -f -o "$BATS_TEST_TMPDIR/strace" "$URUN" --root "$STATE" --cgroup-manager disabled "$@" </dev/null >/dev/null
	sed -E '/ resumed>|\+\+\+ |--- SIG/d; s/^[0-9]+ +([a-z0-9_]+)\(.*/\1/' "$BATS_TEST_TMPDIR/strace" | sort | uniq -c | sort -rn >"$BATS_TEST_TMPDIR/calls"
}

# at_most COUNT [NAME]: of these calls, or of all, there are no more; but for a tenth and two, as the depth of paths decides on some.
at_most() {
	local count
	count=$(awk -v name="${2-}" 'name == "" || $2 == name { sum += $1 } END { print sum + 0 }' "$BATS_TEST_TMPDIR/calls")
	[ "$count" -le $(($1 * 11 / 10 + 2)) ] || fail "$count calls of ${2:-all kinds}, not $1:"$'\n'"$(cat "$BATS_TEST_TMPDIR/calls")"
}

# resident_at_most KB PID
resident_at_most() {
	[ "$(awk '/^Rss:/ { print $2 }' "/proc/$2/smaps_rollup")" -le "$1" ]
}

# one_id PROGRAM…: the bundle's program, with the caller's id alone: nobody may trace newuidmap.
one_id() {
	has_sanitizers && skip "counted without the sanitizers"
	ldd "$URUN" 2>&1 | grep -q 'statically linked\|not a dynamic' || skip "counted where urun is linked statically"
	program "$@"
	config '.linux.namespaces |= map(select(.type != "user")) + [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: $uid, size: 1 }] | .linux.gidMappings = [{ containerID: 0, hostID: $gid, size: 1 }]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

@test "a run makes no more system calls than were counted" {
	one_id /bin/true
	calls run --bundle "$BUNDLE" c1
	at_most 540
	# The bounding set takes 41 of them.
	at_most 56 prctl
	at_most 12 rt_sigaction
	at_most 83 close
	at_most 60 newfstatat
	at_most 46 openat
	at_most 24 openat2
	at_most 14 mount_setattr
	at_most 14 fcntl
	at_most 11 umask
	at_most 7 mount
	at_most 5 unlinkat
	if grep -e /etc/localtime -e PR_CAP_AMBIENT_IS_SET "$BATS_TEST_TMPDIR/strace"; then fail "calls that nothing is done with"; fi
}

@test "start, exec, state and delete make no more system calls than were counted" {
	one_id /bin/sleep 1000
	urun --cgroup-manager disabled create --bundle "$BUNDLE" c1 </dev/null
	calls start c1
	at_most 118
	calls exec c1 /bin/true
	at_most 370
	calls state c1
	at_most 63
	calls delete --force c1
	at_most 120
}

@test "a run takes no more page faults than were counted" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	[ "$(getconf PAGESIZE)" = 4096 ] || skip "counted with pages of 4 KiB"
	one_id /bin/true
	# The least of five: a page that was swapped out, or isn't in the page cache, is one more.
	run python3 "$TESTS/programs/faults.py" "$URUN" --root "$STATE" --cgroup-manager disabled run --bundle "$BUNDLE" c1
	[ "$output" -le 295 ] || fail "$output page faults, not 295 at most"
}

@test "little stays beside a container in the foreground, with a terminal and without" {
	[ -e /proc/self/smaps_rollup ] && [ "$(getconf PAGESIZE)" = 4096 ] || skip "counted with pages of 4 KiB"
	local pid
	one_id /bin/sleep 1000
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null >/dev/null &
	pid=$!
	wait_for 10 resident_at_most 600 "$pid"
	"$URUN" --root "$STATE" delete --force c1
	wait "$pid" || true
	command -v python3 >/dev/null || skip "python3 isn't installed"
	one_id /bin/sh -c 'i=0; while [ $i -lt 500 ]; do echo "a line of output: $i"; i=$((i + 1)); done; echo done; sleep 1000'
	config '.process.terminal = true'
	"$BATS_TEST_DIRNAME/terminal" wait=done -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" c2 >"$BATS_TEST_TMPDIR/shown" 2>&1 &
	wait_for 10 test -s "$BATS_TEST_TMPDIR/pid" || fail "$(cat "$BATS_TEST_TMPDIR/shown")"
	pid=$(sed 's/.*) . //' "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/stat" | cut -d' ' -f1)
	[ "$(cat "/proc/$pid/comm")" = urun ]
	wait_for 10 resident_at_most 1024 "$pid"
	"$URUN" --root "$STATE" delete --force c2
	wait
}
