# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the network share: an outside world that is a network namespace of the test's, and the programs of net/, on both
# sides of the container's network.

NET=$TESTS/net

# outside TEXT: runs these lines of shell in a new user and network namespace, whose loopback device has the addresses of an outside
# world.
outside() {
	declare -f >"$BATS_TEST_TMPDIR/functions"
	export URUN BUNDLE STATE NET BATS_TEST_TMPDIR
	observe with_subids unshare --net --mount -- timeout 120 bash -euo pipefail -c '
		. "$BATS_TEST_TMPDIR/functions"
		SERVERS=()
		ip link set lo up
		ip address add 192.0.2.1/24 dev lo
		ip -6 address add 2001:db8::1/64 dev lo nodad
		ip route add default via 192.0.2.9 2>/dev/null || true
		echo 0 0 >/proc/sys/net/ipv4/ping_group_range
		'"$1"
}

# start_server SERVICE…: starts net/server.py, in outside().  The results of its conversations are in $BATS_TEST_TMPDIR/server.
start_server() {
	timeout 100 python3 "$NET/server.py" "$@" >"$BATS_TEST_TMPDIR/server" &
	SERVERS+=($!)
	wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/server"
}

# server_results COUNT: waits until the server has printed so many results, and prints them, sorted.
server_results() {
	wait_for 10 has_results "$1" || echo "fewer results than $1"
	grep : "$BATS_TEST_TMPDIR/server" | LC_ALL=C sort
}

has_results() {
	[ "$(grep -c : "$BATS_TEST_TMPDIR/server")" -ge "$1" ]
}

# name_server ADDRESS ANSWER: starts net/name_server.py, in outside().  Its queries are in $BATS_TEST_TMPDIR/asked-ADDRESS.
name_server() {
	timeout 100 python3 "$NET/name_server.py" "$1" "$2" >"$BATS_TEST_TMPDIR/asked-$1" &
	SERVERS+=($!)
	wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/asked-$1"
}

stop_servers() {
	kill "${SERVERS[@]}"
	wait "${SERVERS[@]}" || true
}

# host_programs: the container's root has the host's programs, read-only, as busybox lacks Python and ip.  The tests' own programs
# are at its top.
host_programs() {
	local name
	mkdir -p "$BUNDLE/host"
	for name in usr lib lib64 bin sbin; do
		[ -e "/$name" ] || continue
		mkdir -p "$BUNDLE/host/$name"
		config '.mounts = [{"destination": $to, "type": "bind", "source": $to, "options": ["rbind", "ro"]}] + .mounts' --arg to "/$name"
	done
	for name in proc dev sys etc tmp run; do mkdir -p "$BUNDLE/host/$name"; done
	cp "$TESTS"/{net,programs}/*.py "$BUNDLE/host/"
	config '.root.path = "host"'
}

# client ARG…: the container's program is net/client.py with these arguments.
client() {
	host_programs
	program timeout 100 python3 /client.py "$@"
}

# shared_directory: the container has the directory $BUNDLE/shared as /shared.
shared_directory() {
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
}

# with_capabilities NAME…: the program has these capabilities too.
with_capabilities() {
	config '.process.capabilities = ([.process.capabilities | to_entries[] | .value += $ARGS.positional] | from_entries)' --args -- "$@"
}

# slirp_status NAME: the field of this name in /proc/PID/status of urun-slirp.
slirp_status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(newest_process urun-slirp)/status"
}
