#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Published ports: which ports are published, how they change, which address the container sees, and that connections through them
# behave as other connections do.
load lib.bash
load network.bash

# server SERVICE…: the container's program is net/server.py with these services.
server() {
	host_programs
	program python3 /server.py "$@"
}

# ask ARG…: net/client.py with these arguments, outside of the container.
ask() {
	timeout 100 python3 "$NET/client.py" "$@"
}

# start ARG…: starts the container c1, detached.
start() {
	urun run --detach --bundle "$BUNDLE" --network slirp "$@" c1 </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || {
		cat "$BATS_TEST_TMPDIR/err" >&2
		return 1
	}
}

# start_and_listen ARG…: the same, and waits until the container's server listens.
start_and_listen() {
	start "$@"
	wait_for 10 grep -q listening "$BATS_TEST_TMPDIR/out"
}

# --- which ports are published --------------------------------------------------------------------------------------------

@test "a port is published on all addresses of both families, and listed" {
	server '8000=text:hello' '[::]:8000=text:hello'
	outside '
		start_and_listen --publish 18000:8000
		ask 127.0.0.1:18000=all "[::1]:18000=all" 192.0.2.1:18000=all "[2001:db8::1]:18000=all"
		urun port c1
		urun delete --force c1'
	assert_status 0
	assert_lines hello hello hello hello '8000/tcp -> 0.0.0.0:18000' '8000/tcp -> [::]:18000'
}

@test "port ID PORT[/PROTO] prints the addresses alone, as podman's, and --all the ports of all containers" {
	server
	outside '
		start --publish 127.0.0.1:18000:8000 --publish 127.0.0.1:18000:8000/udp --publish 127.0.0.1:18001:8001/udp
		urun port c1 8000
		urun port c1 8001/udp
		urun port --all
		urun port c1 8001 2>&1 || echo "status $?"
		urun port c1 8001/sctp 2>&1 || echo "status $?"
		urun port c1 8001 --remove 8001 2>&1 || echo "status $?"
		urun delete --force c1
		urun port --all'
	assert_status 0
	assert_lines 127.0.0.1:18000 127.0.0.1:18001 \
		$'c1\t8000/tcp -> 127.0.0.1:18000' $'c1\t8000/udp -> 127.0.0.1:18000' $'c1\t8001/udp -> 127.0.0.1:18001' \
		'urun: c1: port 8001/tcp is not published' 'status 1' \
		"urun: '8001/sctp' is not a port of the container: 80, 80/tcp or 53/udp" 'status 1' \
		"urun: port: --add and --remove have the ports that change: '8001' can't be given too" 'status 1'
}

@test "--publish takes an address, a range of ports, port 0, and udp" {
	server
	outside '
		start --publish 127.0.0.1:18000:8000 --publish "[::1]:18001:8001" --publish 192.0.2.1:18010-18012:8010-8012/udp --publish 127.0.0.1:0:8020
		cat "$BATS_TEST_TMPDIR/err"
		urun port c1
		urun delete --force c1'
	assert_status 0
	local chosen
	chosen=${lines[0]##*:}
	[ "$chosen" -gt 1024 ]
	assert_output "8020/tcp -> 127.0.0.1:$chosen
8000/tcp -> 127.0.0.1:18000
8001/tcp -> [::1]:18001
8010/udp -> 192.0.2.1:18010
8011/udp -> 192.0.2.1:18011
8012/udp -> 192.0.2.1:18012
8020/tcp -> 127.0.0.1:$chosen"
}

@test "a --publish that is malformed, taken, or without a network is refused before the container starts" {
	local text
	sh_program 'echo ran'
	for text in '' http 0 70000:80 80:70000 80-90:80-85 1.2.3:80:80 ::1:80:80 80:80/sctp 80:0 -1:80; do
		try run --bundle "$BUNDLE" --network slirp --publish="$text" c1
		assert_status 125
		assert_one_line "$stderr"
		assert_contains "$stderr" "--publish $text"
	done
	try run --bundle "$BUNDLE" --network none --publish 18000:80 c1
	assert_status 125
	assert_contains "$stderr" '--network slirp'
	for text in '18000:80 18000:81' '127.0.0.1:18000:80 18000:81' '18000:80 127.0.0.1:18000:81' '18000-18002:80-82/udp 18002:9/udp'; do
		# shellcheck disable=SC2046,SC2086
		try run --bundle "$BUNDLE" --network slirp $(printf -- '--publish %s ' $text) c1
		assert_status 125
		assert_contains "$stderr" 'of the host is given twice'
	done
	outside '
		start_server 192.0.2.1:18000=reply
		urun run --bundle "$BUNDLE" --network slirp --publish 192.0.2.1:18000:80 c1 || echo "status $?"
		stop_servers'
	assert_output 'status 125'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	assert_contains "$stderr" '192.0.2.1:18000/tcp: address already in use'
}

@test "the error for a port below ip_unprivileged_port_start names the sysctl" {
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ] || skip "all users of this host may use port 81"
	try run --bundle "$BUNDLE" --network slirp --publish 127.0.0.1:81:80 c1
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" '127.0.0.1:81/tcp: permission denied'
	assert_contains "$stderr" 'net.ipv4.ip_unprivileged_port_start=81'
}

@test "port --add and --remove change the ports of a running container, also of one that began without ports" {
	server 8000=text:hello
	outside '
		start_and_listen
		urun port c1
		urun port c1 --add 127.0.0.1:18000:8000 --add 127.0.0.1:18001:8000
		ask 127.0.0.1:18000=all 127.0.0.1:18001=all
		urun port c1 --remove 18000:8000 --add 127.0.0.1:18002:8000
		ask 127.0.0.1:18002=all
		urun port c1
		urun port c1 --remove 18000:8000 || true
		urun port c1 --add 127.0.0.1:18001:8001 || true
		urun port c1 --remove 8000
		urun port c1
		urun delete --force c1'
	assert_status 0
	assert_lines hello hello hello '8000/tcp -> 127.0.0.1:18001' '8000/tcp -> 127.0.0.1:18002'
	assert_contains "$stderr" '--remove 18000:8000: no such port is published'
	assert_contains "$stderr" '127.0.0.1:18001/tcp: address already in use'
}

@test "other processes can list and change the ports of a container in the foreground, and delete it" {
	local run
	sh_program 'sleep 100'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" --network slirp --publish 127.0.0.1:0:80 c1 </dev/null >/dev/null 2>&1 &
	run=$!
	wait_for 10 is_status c1 running
	try port c1
	assert_status 0
	assert_contains "$output" '80/tcp -> 127.0.0.1:'
	try port c1 --remove 80 --add 127.0.0.1:0:81
	assert_status 0
	assert_contains "$output" '81/tcp -> 127.0.0.1:'
	try delete --force c1
	assert_status 0
	wait_status "$run"
	assert_status 137
}

@test "one call can remove an address and publish it again for another port" {
	server
	outside 'start --publish 127.0.0.1:18000:8000; urun port c1 --remove 18000:8000 --add 127.0.0.1:18000:8001; urun port c1; urun delete --force c1'
	assert_output '8001/tcp -> 127.0.0.1:18000'
}

@test "port fails for a container without a slirp network, for a stopped container, and for an unknown id" {
	sh_program 'sleep 100'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try port c1
	assert_status 0
	[ -z "$output" ]
	try port c1 --add 18000:80
	assert_status 1
	assert_contains "$stderr" 'no slirp network'
	try port c1 --add foo
	assert_one_line "urun: --add foo: the container's port is neither one of 1 to 65535 nor a range"
	try port c1 --remove foo
	assert_one_line "urun: --remove foo: the container's port is neither one of 1 to 65535 nor a range"
	urun kill c1 KILL
	wait_for 10 is_status c1 stopped
	try port c1
	assert_status 1
	assert_contains "$stderr" stopped
	urun delete c1
	try port c1
	assert_status 1
	assert_contains "$stderr" 'does not exist'
}

@test "an address is free again as soon as the container was deleted" {
	server
	outside 'for i in 1 2 3 4 5; do start --publish 127.0.0.1:18000:8000; urun delete --force c1; done; echo finished'
	assert_output finished
	[ -z "$stderr" ] || fail "$stderr"
}

# --- which address the container sees -------------------------------------------------------------------------------------

@test "the container sees the client's own address, and the gateway's address for a client on the host's loopback" {
	server 8000=peer '[::]:8000=peer'
	outside '
		ip address add 192.0.2.7/24 dev lo
		ip -6 address add 2001:db8::7/64 dev lo nodad
		start_and_listen --publish 18000:8000
		ask --from 192.0.2.7 192.0.2.1:18000=all
		ask --from "[2001:db8::7]" "[2001:db8::1]:18000=all"
		ask 127.0.0.1:18000=all "[::1]:18000=all"
		urun delete --force c1'
	assert_status 0
	assert_lines 192.0.2.7 2001:db8::7 10.0.2.2 fd75:7275:6e00::2
}

@test "IPv6 clients reach a server that listens on IPv4 alone" {
	server 8000=peer
	outside 'start_and_listen --publish 18000:8000; ask "[2001:db8::1]:18000=all"; urun delete --force c1'
	assert_output 10.0.2.2
}

@test "a client doesn't reach a server that listens on the container's loopback alone" {
	server 127.0.0.1:8000=peer 8001=peer
	outside '
		start_and_listen --publish 18000:8000 --publish 18001:8001
		ask 127.0.0.1:18001=all 127.0.0.1:18000=all
		urun delete --force c1'
	assert_lines 10.0.2.2 reset
}

@test "datagrams reach the container, and the answers come from the address that they were sent to" {
	local text
	text=$(printf 'x%.0s' {1..1000})
	server udp:8000=echo 'udp:[::]:8000=echo'
	outside "
		ip address add 192.0.2.5/24 dev lo
		start_and_listen --publish 18000:8000/udp
		ask udp:127.0.0.1:18000=$text udp:192.0.2.1:18000=$text udp:192.0.2.5:18000=$text 'udp:[::1]:18000=$text'
		urun delete --force c1"
	assert_status 0
	assert_lines "echo $text from 127.0.0.1" "echo $text from 192.0.2.1" "echo $text from 192.0.2.5" "echo $text from ::1"
}

@test "a client that sends datagrams before the server listens has an answer when the server does, by either family" {
	local listen
	for listen in 8000 '[::]:8000'; do
		server --datagrams-after 1 "udp:$listen=echo"
		outside '
			start_and_listen --publish 18000:8000/udp
			ask udp:127.0.0.1:18000=x "udp:[::1]:18000=x"
			urun delete --force c1'
		assert_status 0
		assert_lines 'echo x from 127.0.0.1' 'echo x from ::1'
	done
}

# --- connections ----------------------------------------------------------------------------------------------------------

@test "an end of one side's stream reaches the other side, and the other direction goes on" {
	server '8000=count,tell,sleep:0.2,text: and more'
	outside '
		start_and_listen --publish 18000:8000
		ask 127.0.0.1:18000=bytes:1000000,shut,all
		urun delete --force c1'
	assert_output '1000000 bytes and more'
}

@test "bytes that were sent before a reset arrive, and urgent bytes arrive among the others" {
	# A close with bytes unread resets the connection.
	server 8000=take:10,sleep:0.1,bytes:60000 8001=echo
	outside '
		start_and_listen --publish 18000-18001:8000-8001
		ask 127.0.0.1:18001=text:abc,urgent:X,text:def,shut,all
		ask --times 5 127.0.0.1:18000=bytes:50000,sleep:0.4,count | sed "s/, reset//"
		urun delete --force c1'
	assert_lines abcXdef '60000 bytes' '60000 bytes' '60000 bytes' '60000 bytes' '60000 bytes'
}

@test "clients with a port below 1024 are served, and so are clients with the same port on two addresses" {
	server 8000=take:1,peer
	outside '
		ip address add 192.0.2.7/24 dev lo; ip address add 192.0.2.2/24 dev lo
		start_and_listen --publish 18000:8000
		ask --from 192.0.2.7:721 192.0.2.1:18000=text:x,all
		ask --from 192.0.2.7:40123 --together --in-order 192.0.2.1:18000=text:x,all 192.0.2.2:18000=text:x,all
		urun delete --force c1'
	assert_lines 192.0.2.7 192.0.2.7 192.0.2.7
}

@test "a slow reader receives everything, and other clients don't wait for it" {
	server 8000=send:10 8001=peer
	outside '
		start_and_listen --publish 18000:8000 --publish 18001:8001
		ask "127.0.0.1:18000=await:$BATS_TEST_TMPDIR/go,receive:10,end" >"$BATS_TEST_TMPDIR/slow" & slow=$!
		sleep 0.5
		ask --within 5 --times 50 127.0.0.1:18001=all | uniq -c
		: >"$BATS_TEST_TMPDIR/go"
		wait $slow
		cat "$BATS_TEST_TMPDIR/slow"
		urun delete --force c1'
	assert_lines '     50 10.0.2.2' 'whole, end'
}

@test "a reset is a reset, in both directions" {
	server 8000=take:1,reset 8001=text:x,end
	outside '
		start_and_listen --publish 18000-18001:8000-8001
		ask 127.0.0.1:18000=text:x,end 127.0.0.1:18001=take:1,reset
		wait_for 10 grep 8001: "$BATS_TEST_TMPDIR/out"
		grep 8001: "$BATS_TEST_TMPDIR/out"
		urun delete --force c1'
	assert_lines reset x '8001: reset'
}

# A stream that a reset cut off must not look whole, however much of the stream is still in buffers.
@test "a reset after much data is a reset, for slow readers too, in both directions" {
	server 8000=take:1,send:20,reset 8001=receive:4,reset 8002=sleep:0.3,end
	outside '
		start_and_listen --publish 18000-18002:8000-8002
		ask 127.0.0.1:18000=text:x,end 127.0.0.1:18000=text:x,end 127.0.0.1:18000=text:x,sleep:0.3,end 127.0.0.1:18000=text:x,shut,end
		ask 127.0.0.1:18001=send:64
		ask --times 3 127.0.0.1:18002=send:3,reset
		wait_for 10 grep -z "8002:.*8002:.*8002:" "$BATS_TEST_TMPDIR/out"
		grep 8002: "$BATS_TEST_TMPDIR/out"
		urun delete --force c1'
	assert_lines reset reset reset reset reset '8002: reset' '8002: reset' '8002: reset'
}

# The program has sent everything and ends, and the container ends with it.
@test "what a container sends last arrives whole, or ends with a reset" {
	local size wait
	while read -r size wait; do
		server "8000=take:1,bytes:$size,exit"
		outside "
			start_and_listen --publish 18000:8000
			ask 127.0.0.1:18000=text:x,sleep:$wait,count
			urun delete --force c1"
		case $size,$output in
		"$size,$size bytes" | 20000000,*' bytes, reset') ;;
		*) fail "$size bytes after $wait s: $output" "$stderr" ;;
		esac
	done <<<$'100000 0\n100000 0.3\n20000000 0.3'
}

@test "a thousand connections at a time each have their own bytes" {
	server 8000=echo
	outside '
		start_and_listen --publish 18000:8000
		ask --together --in-order --times 1000 127.0.0.1:18000=own:4000,shut,own-back:4000,end | sort | uniq -c
		urun delete --force c1'
	assert_output '   1000 own, end'
}

@test "with few descriptors connections wait until others end, and are reset after a while" {
	server 8000=echo
	# A hundred descriptors serve 34 connections at a time.  The first connection ends at once, so that 35 are served in all.
	outside '
		(ulimit -n 100; start_and_listen --publish 18000:8000)
		ask --together --in-order 127.0.0.1:18000=text:x,take:1,close $(printf "127.0.0.1:18000=text:x,take:1 %.0s" {1..59}) | sort | uniq -c
		ask 127.0.0.1:18000=text:again,shut,all
		urun delete --force c1'
	assert_lines '     25 reset' '     35 x' again
}

@test "ten thousand connections that were opened and closed leave no descriptor behind" {
	server 8000=text:x
	outside '
		ip address add 192.0.2.10/24 dev lo; ip address add 192.0.2.11/24 dev lo
		start_and_listen --publish 18000:8000
		port=$(newest_process urun-port)
		count() { grep -c . <(ss -tanH state established) || true; }
		before=$(grep -E "^FDSize" /proc/$port/status)
		for address in 192.0.2.10 192.0.2.11; do
			ask --from $address --times 5000 192.0.2.1:18000=all,reset | uniq -c
		done
		sleep 0.3
		[ "$before" = "$(grep -E "^FDSize" /proc/$port/status)" ] && echo same
		count
		urun delete --force c1'
	assert_lines '   5000 x' '   5000 x' same 0
}
