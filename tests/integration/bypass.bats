#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --network slirp,bypass: which connections go over sockets of the host, and what a container can't do with such a socket.  The host
# and the other machine are two network namespaces of the test's, joined by a pair of devices: no packet leaves them.
load lib.bash
load network.bash

# between TEXT: runs these lines of shell as an ordinary user of a host whose other machine is 198.51.100.2 and 2001:db8:1::2.  Servers
# on the host's own loopback, which no container may reach, write what they see to $BATS_TEST_TMPDIR/loopback.
between() {
	local inner=$1
	declare -f >"$BATS_TEST_TMPDIR/functions"
	export URUN BUNDLE STATE NET BATS_TEST_TMPDIR inner
	observe with_subids unshare --net --mount -- timeout 120 bash -euo pipefail -c '
		. "$BATS_TEST_TMPDIR/functions"
		exec 3>&-
		unshare --net sleep 110 >/dev/null 2>&1 &
		far=$!
		servers=("$far")
		end() { kill "${servers[@]}" 2>/dev/null; wait "${servers[@]}" 2>/dev/null || true; }
		trap end EXIT
		on_far() { nsenter --net="/proc/$far/ns/net" "$@"; }
		wait_for 10 different_network "$far"
		ip link set lo up
		ip link add outer type veth peer name far
		ip link set far netns "$far"
		ip address add 198.51.100.1/24 dev outer
		ip -6 address add 2001:db8:1::1/64 dev outer nodad
		ip link set outer up
		on_far ip link set lo up
		on_far ip address add 198.51.100.2/24 dev far
		on_far ip -6 address add 2001:db8:1::2/64 dev far nodad
		on_far ip link set far up
		wait_for 10 link_is_up
		nsenter --net="/proc/$far/ns/net" timeout 110 python3 "$NET/greeter.py" :: 7000 >"$BATS_TEST_TMPDIR/far" &
		servers+=($!)
		timeout 110 python3 "$NET/greeter.py" 127.0.0.1 7777 >"$BATS_TEST_TMPDIR/loopback" &
		servers+=($!)
		wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/far"
		wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/loopback"
		timeout 100 unshare --user --map-user=1000 --map-group=1000 bash -euo pipefail -c ". \"\$BATS_TEST_TMPDIR/functions\"; $inner"'
}

different_network() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

link_is_up() {
	[ "$(cat /sys/class/net/outer/operstate 2>/dev/null || ip -o link show outer | grep -o 'state UP')" != down ] &&
		ip -6 route show 2001:db8:1::/64 | grep -q outer
}

# client WORD…: the container's program is net/bypass_client.py with these steps.
client() {
	host_programs
	program python3 /bypass_client.py "$@"
}

# loopback_is_untouched: nobody has reached the host's own loopback.
loopback_is_untouched() {
	[ "$(cat "$BATS_TEST_TMPDIR/loopback")" = listening ] || fail "the host's loopback was reached"
}

run_client() {
	urun run --bundle "$BUNDLE" --network slirp,bypass c1 </dev/null
}

# --- which way a connection goes ------------------------------------------------------------------------------------------

@test "TCP of both families goes over sockets of the host, blocking or not, and UDP and the container's own loopback do not" {
	client four six mapped polled datagram own-loopback unix
	between run_client
	assert_status 0
	assert_lines 'four welcome host' 'six welcome host' 'mapped welcome host' 'polled EINPROGRESS ok ok welcome host False' \
		'datagram slirp' 'own-loopback 127.0.0.1' 'unix True'
	grep -q 'from ::ffff:198.51.100.1' "$BATS_TEST_TMPDIR/far"
	loopback_is_untouched
}

@test "without the option, or with bypass=no, all goes through urun-slirp" {
	client four
	between 'urun run --bundle "$BUNDLE" --network slirp c1 </dev/null
		urun run --bundle "$BUNDLE" --network slirp,bypass=no c2 </dev/null'
	assert_status 0
	assert_lines 'four welcome slirp' 'four welcome slirp'
}

@test "a connection that is refused has the host's errno, and the socket connects again" {
	client refused refused-later
	between run_client
	assert_status 0
	assert_lines 'refused ECONNREFUSED ok welcome host' 'refused-later ECONNREFUSED'
}

@test "options, the close-on-exec mark and later duplicates of the socket are those of the program" {
	client options doubled-later
	between run_client
	assert_status 0
	assert_lines 'options host 1 77 3 True' 'doubled-later welcome host'
}

@test "a socket that is bound, duplicated or watched before it connects stays with urun-slirp" {
	client bound watched doubled
	between run_client
	assert_status 0
	assert_lines 'bound welcome slirp' 'watched slirp 1' 'doubled welcome slirp'
}

@test "a signal interrupts a blocking connect" {
	client interrupted
	between run_client
	assert_status 0
	assert_output 'interrupted interrupted True'
}

@test "processes of exec have the bypass too, and a created container that starts later" {
	host_programs
	program sleep 60
	between '
		urun create --bundle "$BUNDLE" --network slirp,bypass c1 </dev/null >/dev/null
		urun start c1
		urun exec c1 python3 /bypass_client.py four
		urun delete --force c1'
	assert_status 0
	assert_output 'four welcome host'
}

# --- what a container can't do --------------------------------------------------------------------------------------------

@test "a socket that was switched doesn't lead to the host's loopback when it connects again" {
	client again
	between run_client
	assert_status 0
	assert_output 'again ENETUNREACH ENETUNREACH ENETUNREACH'
	loopback_is_untouched
}

@test "threads that change address and descriptor of a call reach nothing, and can't make a switched socket listen" {
	client attack
	between run_client
	assert_status 0
	assert_output 'attack True listens 0 binds 0'
	loopback_is_untouched
}

@test "by the system calls of 32-bit programs a connection goes by urun-slirp, and a switched socket reaches no loopback" {
	[ "$(uname -m)" = x86_64 ] || skip "the test makes such calls on x86-64 alone"
	client by-32-bits
	between run_client
	assert_status 0
	assert_output 'by-32-bits ok welcome slirp reached []'
	loopback_is_untouched
}

@test "by io_uring a connection goes by urun-slirp, and a switched socket reaches no loopback" {
	[ "$(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0)" = 0 ] || skip "the host refuses io_uring (kernel.io_uring_disabled)"
	client by-io-uring
	between run_client
	assert_status 0
	assert_output 'by-io-uring ok welcome slirp reached []'
	loopback_is_untouched
}

# --- when it is off, and how it ends --------------------------------------------------------------------------------------

@test "bypass is off, with one line, where the container has no pid namespace of its own" {
	client four
	config '.linux.namespaces |= map(select(.type != "pid"))'
	between run_client
	assert_status 0
	assert_output 'four welcome slirp'
	assert_contains "$stderr" 'network bypass is off: the container has no pid namespace of its own'
}

@test "bypass is off, with one line, where the config has a listener of its own" {
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nowhere",
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	try run --bundle "$BUNDLE" --network slirp,bypass c1
	assert_contains "$stderr" 'network bypass is off: linux.seccomp has a listener of its own, and the kernel allows one'
}

@test "bypass alone is slirp with bypass, and takes its options; behind slirp it takes yes or no" {
	client four
	between 'urun --debug run --bundle "$BUNDLE" --network bypass,mtu=1500 c1 </dev/null 2>&1 | grep -e "bypass: on" -e four'
	assert_contains "$output" 'network bypass: on, for TCP'
	assert_contains "$output" 'four welcome host'
	try run --bundle "$BUNDLE" --network slirp,bypass=perhaps c1
	assert_contains "$stderr" "network option bypass: 'perhaps' is not yes or no"
}

@test "urun-bypass ends with the container, and --debug says that it is on" {
	client four
	between '
		urun --debug run --bundle "$BUNDLE" --network slirp,bypass c1 </dev/null 2>&1 | grep -e "bypass: on" -e four
		wait_for 10 no_bypass_is_left'
	assert_status 0
	assert_contains "$output" 'network bypass: on, for TCP'
	assert_contains "$output" 'four welcome host'
}

no_bypass_is_left() {
	! pgrep -x -U "$(id -u)" urun-bypass >/dev/null
}

@test "after urun-bypass was killed connections live on, new ones fail with ENOSYS, and exec goes by urun-slirp" {
	host_programs
	program sleep 60
	between '
		urun run --detach --bundle "$BUNDLE" --network slirp,bypass c1 </dev/null >/dev/null
		mkfifo "$BATS_TEST_TMPDIR/go"
		urun exec c1 python3 -c "
import socket, sys, time
sock = socket.create_connection((\"198.51.100.2\", 7000))
sock.recv(100)
print(\"connected\", flush=True)
sys.stdin.readline()
sock.send(b\"x\")
print(sock.recv(1).decode(), socket.socket().connect_ex((\"198.51.100.2\", 7000)))
" <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/out" &
		exec 7>"$BATS_TEST_TMPDIR/go"
		wait_for 10 grep -q connected "$BATS_TEST_TMPDIR/out"
		kill -KILL "$(pgrep -n -x urun-bypass)"
		sleep 0.2
		echo >&7
		wait $!
		cat "$BATS_TEST_TMPDIR/out"
		urun exec c1 python3 /bypass_client.py four
		urun delete --force c1'
	assert_status 0
	assert_lines connected 'x 38' 'four welcome slirp'
	assert_contains "$stderr" 'no network bypass any more'
}
