#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The network on a host that has no /dev/net/tun, or has closed it: tap0 is one of a pair of veth devices.
load lib.bash
load network.bash

# without_tun SCRIPT: as outside(), on such a host.
without_tun() {
	outside 'mount -t tmpfs tmpfs /dev/net
		'"$1"
}

@test "without /dev/net/tun TCP, UDP, ping and names work as with it, and no other device is seen" {
	host_programs
	program sh -c 'ls /sys/class/net; python3 /client.py 192.0.2.1:7001=text:tcp,all udp:192.0.2.1:7002=udp "[2001:db8::1]:7001=text:tcp,all"
		python3 /ping.py 192.0.2.1; getent ahostsv4 one.example | sed -n "1s/ .*//p"'
	without_tun '
		echo nameserver 192.0.2.1 >"$BUNDLE/resolv"
		mount --bind "$BUNDLE/resolv" /etc/resolv.conf
		name_server 192.0.2.1 192.0.2.11
		start_server 192.0.2.1:7001=reply "[2001:db8::1]:7001=reply" udp:192.0.2.1:7002=echo
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_status 0
	assert_lines lo tap0 'echo tcp' 'echo udp from 192.0.2.1' 'echo tcp' reply 192.0.2.11
	[ -z "$stderr" ] || fail "$stderr"
}

@test "a device of /dev/net/tun that is closed to the user is no hindrance" {
	client 192.0.2.1:7001=text:tcp,all
	outside '
		mount --bind /dev/net/tun /dev/net/tun
		mount -o remount,bind,nodev /dev/net/tun
		! : 2>/dev/null <>/dev/net/tun
		start_server 192.0.2.1:7001=reply
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_output 'echo tcp'
}

@test "downloads and uploads arrive whole, when the device goes down meanwhile, and what a program sent before its end" {
	client 192.0.2.1:7001=receive:64,end 192.0.2.1:7001=receive:3,run:/flap,receive:61,end 192.0.2.1:7002=send:64,exit
	printf '#!/bin/sh -e\nip link set tap0 down\nip link set tap0 up\nip route add default via 10.0.2.2 dev tap0\n' >"$BUNDLE/host/flap"
	chmod 755 "$BUNDLE/host/flap"
	with_capabilities CAP_NET_ADMIN
	without_tun '
		start_server 192.0.2.1:7001=send:64 192.0.2.1:7002=sleep:0.5,count
		urun run --bundle "$BUNDLE" --network slirp c1
		server_results 1; stop_servers'
	assert_status 0
	assert_lines 'whole, end' 'whole, whole, end' '7002: 67108864 bytes'
}

@test "datagrams that a program hands to the kernel as one arrive as they were meant" {
	host_programs
	program python3 /segments.py 192.0.2.1 7002
	without_tun 'start_server udp:192.0.2.1:7002=echo; urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_output '1000 1000 1000 1000 500'
}

@test "published ports and bypass work too" {
	host_programs
	program sh -c 'python3 /client.py 192.0.2.1:7001=all; exec python3 /server.py 8000=reply'
	# An ordinary user, since root of a network namespace has no bypass.
	without_tun '
		start_server 192.0.2.1:7001=peer
		unshare --user --map-user=1000 --map-group=1000 "$URUN" --root "$STATE" --debug run --bundle "$BUNDLE" --network slirp,bypass --publish 18000:8000 c1 \
			>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
		run=$!
		wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/out"
		python3 "$NET/client.py" 127.0.0.1:18000=text:published,all
		head -n1 "$BATS_TEST_TMPDIR/out"
		grep -o "network bypass: on" "$BATS_TEST_TMPDIR/err"
		urun kill c1 KILL
		wait $run || true
		stop_servers'
	assert_lines 'echo published' 192.0.2.1 'network bypass: on'
}

@test "the container's root can remove the device, and urun-slirp ends" {
	host_programs
	program sh -c 'ip link delete tap0; ls /sys/class/net; sleep 60'
	with_capabilities CAP_NET_ADMIN
	without_tun '
		urun run --detach --bundle "$BUNDLE" --network slirp c1 </dev/null >"$BATS_TEST_TMPDIR/out"
		wait_for 10 grep -q lo "$BATS_TEST_TMPDIR/out"
		wait_for 10 sh -c "! grep -lx urun-slirp /proc/[0-9]*/comm >/dev/null 2>&1"
		cat "$BATS_TEST_TMPDIR/out"
		urun delete --force c1'
	assert_output lo
}

@test "without a veth device either the error names the fix of /dev/net/tun, and --network none works" {
	sh_program 'ls /sys/class/net'
	# One network namespace for the container, and none for the outer device.
	without_tun 'echo 2 >/proc/sys/user/max_net_namespaces; urun run --bundle "$BUNDLE" --network slirp c1'
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" 'make a network namespace for the outer device: no space left on device; open /dev/net/tun: no such file'
	assert_contains "$stderr" 'modprobe tun'
	without_tun 'echo 2 >/proc/sys/user/max_net_namespaces; urun run --bundle "$BUNDLE" --network none c1'
	assert_output lo
	without_tun 'echo 2 >/proc/sys/user/max_net_namespaces; mkdir "$BATS_TEST_TMPDIR/new"; cd "$BATS_TEST_TMPDIR/new"; urun spec; jq -r ".annotations[\"org.urun.network\"]" config.json'
	assert_output none
	assert_contains "$stderr" '/dev/net/tun'
}
