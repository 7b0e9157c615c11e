#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's network: which network a container has, what it reaches through the network and what not, and how long urun-slirp
# lives.  The outside world is a network namespace of the test's, in which urun and urun-slirp run: no packet leaves it.
load lib.bash
load network.bash

# --- which network --------------------------------------------------------------------------------------------------------

@test "by default a bundle's network is the one of the spec: lo alone, and no file of /etc is touched" {
	echo mine >"$BUNDLE/rootfs/etc/hosts"
	in_container 'ls /sys/class/net; cat /etc/hosts; ls -A /etc'
	assert_output "$(printf 'lo\nmine\n'; ls -A "$BUNDLE/rootfs/etc")"
}

@test "--network slirp gives addresses of both families, default routes, and a tap device of 65520 bytes" {
	sh_program 'ip -o address show dev tap0; ip route; ip -6 route; cat /sys/class/net/tap0/mtu'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_contains "$output" 'inet 10.0.2.100/24'
	assert_contains "$output" 'inet6 fd75:7275:6e00::100/64'
	assert_contains "$output" 'default via 10.0.2.2 dev tap0'
	assert_contains "$output" 'default via fd75:7275:6e00::2 dev tap0'
	[ "${lines[-1]}" = 65520 ]
	[ -z "$stderr" ] || fail "$stderr"
}

@test "the annotation gives the same network as the option, and the option takes precedence" {
	config '.annotations = {"org.urun.network": "slirp,mtu=1500,cidr=10.9.0.0/16,ipv6=no"}'
	in_container 'ip -o address show dev tap0; cat /sys/class/net/tap0/mtu'
	assert_status 0
	assert_contains "$output" 'inet 10.9.0.100/16'
	refute_contains "$output" 'inet6 fd'
	[ "${lines[-1]}" = 1500 ]
	sh_program 'ls /sys/class/net'
	try run --bundle "$BUNDLE" --network none c1
	assert_output lo
}

@test "a container has a network where /proc hides processes that the user can't trace" {
	local hidden
	sh_program 'ls /sys/class/net'
	for hidden in 1 2 4; do
		# In the inner user namespace we have no rights over the processes that /proc hides, as an ordinary user of such a host has none.
		observe unshare --user --map-root-user --mount --pid --fork bash -euc '
			mount -t proc -o "hidepid=$1" proc /proc || exit 77
			exec unshare --user --map-user=1000 --map-group=1000 "$2" --root "$3" run --bundle "$4" --network slirp "h$1"' \
			bash "$hidden" "$URUN" "$STATE" "$BUNDLE"
		[ "$status" != 77 ] || skip "proc can't be mounted here"
		[ "$status" = 0 ] || fail "hidepid=$hidden: $output $stderr"
		assert_output $'lo\ntap0'
	done
}

@test "a created container whose first process /proc hides isn't taken for a stopped container" {
	local hidden
	sh_program 'read -r line; exit 7'
	for hidden in 1 2 4; do
		observe unshare --user --map-root-user --mount --pid --fork bash -euc '
			mount -t proc -o "hidepid=$1" proc /proc || exit 77
			urun=$2; state=$3; bundle=$4
			urun() { timeout -k 5 30 "$urun" --root "$state" "$@"; }
			export -f urun; export urun state bundle
			exec unshare --user --map-user=1000 --map-group=1000 bash -euc "
				mkfifo \"\$bundle/lines\"
				exec 9<>\"\$bundle/lines\"
				urun create --bundle \"\$bundle\" c1 <&9 9<&- >/dev/null 2>&1
				urun list --format json | jq -r \".[].status\"
				urun state c1 | jq -r .status
				urun start c1
				urun state c1 | jq -r .status
				jq .startTime \"\$state/c1/state.json\" | grep -v \"^0\$\" | wc -l
				urun kill c1 KILL
				until [ \"\$(urun state c1 | jq -r .status)\" = stopped ]; do sleep 0.02; done
				urun delete c1
				rm \"\$bundle/lines\""' \
			bash "$hidden" "$URUN" "$STATE" "$BUNDLE"
		[ "$status" != 77 ] || skip "proc can't be mounted here"
		[ "$status" = 0 ] || fail "hidepid=$hidden: $output $stderr"
		assert_lines created created running 1
	done
}

@test "--network host is the caller's network" {
	sh_program 'readlink /proc/self/ns/net; cat /etc/resolv.conf'
	try run --bundle "$BUNDLE" --network host c1
	assert_status 0
	[ "$output" = "$(readlink /proc/self/ns/net; cat /etc/resolv.conf 2>/dev/null)" ] || fail "$output"
}

@test "where the library of urun-slirp isn't found, a container without a bundle has lo alone, urun warns, and doctor tells" {
	local library
	library=$(ldd "$(dirname "$URUN")/urun-slirp" 2>/dev/null | sed -n 's/.*libslirp.* => \(.*\) (.*/\1/p')
	[ -n "$library" ] || skip "urun-slirp isn't beside urun, or has no shared libslirp"
	observe with_subids unshare --mount timeout 10 bash -euc 'mount --bind /dev/null "$(realpath "$1")"
		"$2" --root "$3" run --rootfs "$4" -- /bin/busybox ls /sys/class/net
		"$2" doctor | grep -A1 "urun-slirp, /dev/net/tun"' bash "$library" "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_status 0
	[ "${lines[0]}" = lo ] || fail "$output"
	assert_contains "$stderr" 'warning: the container will have no network but lo: '
	assert_contains "$output" libslirp
	refute_contains "$output" 'ok '
}

@test "where urun-slirp is for another machine, a container without a bundle has lo alone, urun warns, and doctor tells" {
	[ -w /dev/net/tun ] && [ -x "$(dirname "$URUN")/urun-slirp" ] || skip "there is no network here"
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$URUN" "$BATS_TEST_TMPDIR/bin/urun"
	# The ELF header names another machine.
	cp "$(dirname "$URUN")/urun-slirp" "$BATS_TEST_TMPDIR/bin/"
	printf '\x99\x99' | dd of="$BATS_TEST_TMPDIR/bin/urun-slirp" bs=1 seek=18 conv=notrunc status=none
	observe timeout 10 "$BATS_TEST_TMPDIR/bin/urun" --root "$STATE" run --rootfs "$BUNDLE/rootfs" -- /bin/busybox ls /sys/class/net
	assert_status 0
	assert_output lo
	assert_contains "$stderr" 'warning: the container will have no network but lo: '
	assert_contains "$stderr" 'another machine'
	observe timeout 10 "$BATS_TEST_TMPDIR/bin/urun" doctor
	grep -A1 'urun-slirp, /dev/net/tun' <<<"$output" | grep -q 'another machine' || fail "$output"
}

@test "--network slirp makes a network where the config has no network namespace, and fails where the config joins one" {
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	sh_program 'ls /sys/class/net'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_output $'lo\ntap0'
	config '.linux.namespaces += [{"type": "network", "path": "/proc/self/ns/net"}]'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" '/proc/self/ns/net'
}

@test "the error for a network that can't be made names the option or the annotation" {
	local text
	for text in bridge slirp,mtu=12 slirp,speed=9 slirp,dns=nowhere slirp,cidr=10.0.2.0/31 none,mtu=1500 ''; do
		try run --bundle "$BUNDLE" --network "$text" c1
		assert_status 125
		assert_one_line "$stderr"
		assert_contains "$stderr" --network
	done
	config '.annotations = {"org.urun.network": "token-ring"}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_contains "$stderr" 'org.urun.network'
}

@test "urun spec writes the network slirp" {
	rm "$BUNDLE/config.json"
	(cd "$BUNDLE" && urun spec)
	[ "$(jq -r '.annotations["org.urun.network"]' "$BUNDLE/config.json")" = slirp ]
	config '.process.terminal = false'
	in_container 'ls /sys/class/net'
	assert_output $'lo\ntap0'
}

# --- the files of /etc ----------------------------------------------------------------------------------------------------

@test "the container has a resolv.conf, hosts and hostname of its own, which aren't written into the root file system" {
	rm -f "$BUNDLE/rootfs/etc/resolv.conf" "$BUNDLE/rootfs/etc/hosts" "$BUNDLE/rootfs/etc/hostname"
	sh_program 'cat /etc/resolv.conf /etc/hosts /etc/hostname; echo changed >>/etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_contains "$output" 'nameserver 10.0.2.3'
	assert_contains "$output" $'127.0.0.1\tlocalhost'
	assert_contains "$output" $'10.0.2.100\turun-test'
	[ "${lines[-1]}" = urun-test ]
	# The files that are mounted on exist, and are empty.
	[ -e "$BUNDLE/rootfs/etc/hosts" ] && [ ! -s "$BUNDLE/rootfs/etc/hosts" ] && [ ! -s "$BUNDLE/rootfs/etc/resolv.conf" ]
}

@test "a resolv.conf that the config mounts stays" {
	echo 'nameserver 192.0.2.53' >"$BUNDLE/mine"
	config '.mounts += [{"destination": "/etc/resolv.conf", "type": "bind", "source": "mine", "options": ["bind", "ro"]}]'
	sh_program 'cat /etc/resolv.conf /etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	[ "${lines[0]}" = 'nameserver 192.0.2.53' ]
	assert_contains "$output" localhost
	refute_contains "$output" 10.0.2.3
}

@test "dns= replaces the forwarder" {
	sh_program 'grep nameserver /etc/resolv.conf'
	try run --bundle "$BUNDLE" --network slirp,dns=192.0.2.53,dns=2001:db8::53 c1
	assert_output $'nameserver 192.0.2.53\nnameserver 2001:db8::53'
}

@test "a resolv.conf that is a symbolic link into /run is followed inside the root file system" {
	mkdir -p "$BUNDLE/rootfs/run"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
	config '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	sh_program 'cat /etc/resolv.conf; cat /run/systemd/resolve/stub-resolv.conf'
	try run --bundle "$BUNDLE" --network slirp,ipv6=no c1
	assert_output $'nameserver 10.0.2.3\nnameserver 10.0.2.3'
}

@test "where the root file system has no place for resolv.conf, urun warns and the container runs" {
	ln -sf resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
	sh_program 'echo runs; grep -c localhost /etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_output $'runs\n2'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	assert_contains "$stderr" '/etc/resolv.conf'
}

# --- what the container reaches -------------------------------------------------------------------------------------------

@test "TCP and UDP reach the outside, over IPv4 and IPv6" {
	client 192.0.2.1:7001=text:tcp,all udp:192.0.2.1:7002=udp '[2001:db8::1]:7001=text:tcp,all' 'udp:[2001:db8::1]:7002=udp'
	outside '
		start_server 192.0.2.1:7001=reply "[2001:db8::1]:7001=reply" udp:192.0.2.1:7002=echo "udp:[2001:db8::1]:7002=echo"
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_status 0
	assert_lines 'echo tcp' 'echo udp from 192.0.2.1' 'echo tcp' 'echo udp from 2001:db8::1'
}

@test "ping works without a capability" {
	host_programs
	program python3 /ping.py 192.0.2.1
	config '.process.user = {"uid": 1000, "gid": 1000} | del(.process.capabilities)'
	outside 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_status 0
	assert_output reply
}

@test "the host's name server answers for names, and so does another one that the host changes to" {
	host_programs
	shared_directory
	# By the C library, as most programs do.
	program timeout 30 sh -c 'address_of() { getent ahostsv4 "$1.example" | sed -n "1s/ .*//p"; }
		address_of one
		: >/shared/resolved
		until [ -e /shared/changed ]; do sleep 0.02; done
		until [ "$(address_of two)" = 192.0.2.22 ]; do sleep 0.05; done
		address_of three'
	outside '
		ip address add 192.0.2.2/24 dev lo
		echo nameserver 192.0.2.1 >"$BUNDLE/resolv"
		mount --bind "$BUNDLE/resolv" /etc/resolv.conf
		name_server 192.0.2.1 192.0.2.11; name_server 192.0.2.2 192.0.2.22
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 10 test -e "$BUNDLE/shared/resolved"
		echo nameserver 192.0.2.2 >"$BUNDLE/resolv"
		: >"$BUNDLE/shared/changed"
		wait $run
		stop_servers'
	assert_status 0
	assert_lines 192.0.2.11 192.0.2.22
}

@test "the container reaches the host's loopback device only with host-loopback=yes" {
	client {10.0.2.2,'[fd75:7275:6e00::2]',127.0.0.1,10.0.2.3}:7001=text:x,all
	outside '
		start_server 127.0.0.1:7001=reply "[::1]:7001=reply"
		urun run --bundle "$BUNDLE" --network slirp c1
		echo with host-loopback:
		urun run --bundle "$BUNDLE" --network slirp,host-loopback=yes c1
		stop_servers'
	assert_status 0
	output=$(sed 's/^no connection:.*/no connection/' <<<"$output")
	assert_lines 'no connection' 'no connection' 'no connection' 'no connection' 'with host-loopback:' \
		'echo x' 'echo x' 'no connection' 'no connection'
}

@test "the container doesn't reach the host's abstract sockets" {
	client @urun-test-service=all
	outside '
		start_server @urun-test-service=text:hello
		urun run --bundle "$BUNDLE" --network slirp,host-loopback=yes c1
		stop_servers'
	assert_output 'no connection: connection refused'
}

@test "outbound= is the address that servers see" {
	client 192.0.2.1:7001=all '[2001:db8::1]:7001=all'
	outside '
		ip address add 192.0.2.7/24 dev lo; ip -6 address add 2001:db8::7/64 dev lo nodad
		start_server 192.0.2.1:7001=peer "[2001:db8::1]:7001=peer"
		urun run --bundle "$BUNDLE" --network slirp,outbound=192.0.2.7,outbound=2001:db8::7 c1
		stop_servers'
	assert_lines 192.0.2.7 2001:db8::7
}

# --- how long urun-slirp lives --------------------------------------------------------------------------------------------

# slirp_pid ID: prints the pid of the container's urun-slirp.
slirp_pid() {
	jq -r .networkPid "$STATE/$1/state.json"
}

# is_gone PID: whether the process has ended; a zombie has ended.
is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*[ZX]' "/proc/$1/status"
}

@test "a created container has its network, and urun-slirp ends with the container" {
	local pid
	sh_program 'ls /sys/class/net; grep -c nameserver /etc/resolv.conf; sleep 60'
	urun create --bundle "$BUNDLE" --network slirp,ipv6=no c1 >"$BATS_TEST_TMPDIR/out"
	pid=$(slirp_pid c1)
	[ -e "/proc/$pid" ]
	urun start c1
	wait_for 10 grep -q 1 "$BATS_TEST_TMPDIR/out"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = $'lo\ntap0\n1' ]
	try exec c1 ip -o -4 address show dev tap0
	assert_contains "$output" 10.0.2.100
	urun kill c1 KILL
	wait_for 10 is_gone "$pid"
	urun delete c1
}

@test "urun-slirp of a detached container outlives its caller, and delete --force ends it" {
	local pid
	sh_program 'sleep 60'
	urun run --detach --bundle "$BUNDLE" --network slirp c1 </dev/null >/dev/null 2>&1
	pid=$(slirp_pid c1)
	[ -e "/proc/$pid" ]
	urun delete --force c1
	wait_for 10 is_gone "$pid"
}

@test "urun-slirp ends when a run in the foreground is killed" {
	local pid run
	sh_program 'sleep 60'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1 &
	run=$!
	wait_for 10 is_status c1 running
	pid=$(slirp_pid c1)
	kill -KILL "$run"
	wait_for 10 is_gone "$pid"
	urun delete --force c1
}

@test "urun-slirp holds no descriptor of the caller: the caller's pipe ends when urun returns" {
	observe timeout 10 bash -c '"$1" --root "$2" run --detach --rootfs "$3" --network slirp --name c1 sleep 60 2>&1 5>&1 | cat' - "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_status 0
	assert_output c1
	urun delete --force c1
}

@test "urun warns when urun-slirp dies, and the container goes on" {
	local run
	sh_program 'until [ -e /go ]; do sleep 0.05; done; echo goes on'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	run=$!
	wait_for 10 is_status c1 running
	kill -KILL "$(slirp_pid c1)"
	wait_for 10 grep -q 'no network any more' "$BATS_TEST_TMPDIR/err"
	try exec c1 true
	assert_status 0
	assert_contains "$stderr" 'no network any more'
	# Not by exec: the container would end at once, and with it the program that exec still waits for.
	touch "$BUNDLE/rootfs/go"
	wait_status "$run"
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = 'goes on' ]
}

@test "no urun-slirp stays when the program can't be executed" {
	program /nowhere
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 127
	assert_one_line "$stderr"
}

# --- a container that means harm, or has bad luck -------------------------------------------------------------------------

@test "the device can go down and up again" {
	host_programs
	program sh -c 'for i in 1 2 3; do
			ip link set tap0 down
			ip link set tap0 up
			ip route add default via 10.0.2.2 dev tap0
			python3 /client.py 192.0.2.1:7001=text:up,all
		done'
	with_capabilities CAP_NET_ADMIN
	outside 'start_server 192.0.2.1:7001=reply; urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_lines 'echo up' 'echo up' 'echo up'
}

@test "a download arrives whole: at full speed, to a slow reader, and when the device goes down during it" {
	client 192.0.2.1:7001=receive:32,end '[2001:db8::1]:7001=receive:32,end' 192.0.2.1:7001=receive:32:0.02,end \
		192.0.2.1:7001=receive:3,run:/flap,receive:10,run:/flap,receive:10,run:/flap,receive:9,end
	printf '#!/bin/sh -e\nip link set tap0 down\nip link set tap0 up\nip route add default via 10.0.2.2 dev tap0\n' >"$BUNDLE/host/flap"
	chmod 755 "$BUNDLE/host/flap"
	with_capabilities CAP_NET_ADMIN
	outside '
		start_server 192.0.2.1:7001=send:32 "[2001:db8::1]:7001=send:32"
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_status 0
	assert_lines 'whole, end' 'whole, end' 'whole, end' 'whole, whole, whole, whole, end'
}

# libslirp by itself takes the windows for old ones then, and asks for a new window every five seconds.
@test "the window of a slow reader is respected after gigabytes as before" {
	client 192.0.2.1:7001=receive:3072,receive:64:0.01,end,waits:4
	outside 'start_server 192.0.2.1:7001=send:3072,sleep:2.5,send:64; urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_output 'whole, whole, end, no long wait'
}

@test "urun-slirp survives frames of nonsense, and floods of datagrams and of half-open connections, in bounded memory" {
	host_programs
	shared_directory
	program timeout 100 sh -c 'python3 /frames.py 192.0.2.1 7001
		for i in 1 2 3 4 5; do python3 /client.py 192.0.2.1:7001=text:alive,all | grep "echo alive" && break; sleep 0.5; done
		: >/shared/done
		while [ -e /shared/done ]; do sleep 0.05; done'
	with_capabilities CAP_NET_RAW
	outside '
		start_server 192.0.2.1:7001=reply
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 45 test -e "$BUNDLE/shared/done"
		memory=$(slirp_status VmRSS)
		[ "${memory% kB}" -lt 65536 ] || has_sanitizers || echo "$memory"
		rm "$BUNDLE/shared/done"
		wait $run
		stop_servers'
	assert_status 0
	assert_output 'echo alive'
}

@test "urun-slirp has no capability, no file of the host, and one thread" {
	sh_program 'sleep 60'
	urun run --detach --bundle "$BUNDLE" --network slirp c1 </dev/null >/dev/null 2>&1
	local pid name
	pid=$(slirp_pid c1)
	for name in CapInh CapPrm CapEff CapAmb; do
		grep -q "^$name:[[:space:]]*0000000000000000$" "/proc/$pid/status"
	done
	grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status"
	grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status"
	grep -q '^Threads:[[:space:]]*1$' "/proc/$pid/status"
	[ "$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")" -le 4096 ] || has_sanitizers || fail "$(grep VmRSS "/proc/$pid/status")"
	urun delete --force c1
}
