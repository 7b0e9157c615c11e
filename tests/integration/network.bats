#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's network: which one it has, what is reached through it and what isn't, and how long urun-slirp lives.
# What is outside stands in a network namespace of the test's, in which urun and its urun-slirp run: no packet leaves that.
load lib.bash
load network.bash

# --- which network --------------------------------------------------------------------------------------------------------

@test "without a word about it the network is the spec's: lo alone, and no file of /etc is touched" {
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

@test "the annotation says the same, and the option is stronger" {
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

@test "a network is had where /proc hides what can't be traced" {
	local hidden
	sh_program 'ls /sys/class/net'
	for hidden in 1 2 4; do
		# The inner user namespace has no right over the processes that /proc hides, as an ordinary user of such a host.
		observe unshare --user --map-root-user --mount --pid --fork bash -euc '
			mount -t proc -o "hidepid=$1" proc /proc || exit 77
			exec unshare --user --map-user=1000 --map-group=1000 "$2" --root "$3" run --bundle "$4" --network slirp "h$1"' \
			bash "$hidden" "$URUN" "$STATE" "$BUNDLE"
		[ "$status" != 77 ] || skip "proc can't be mounted here"
		[ "$status" = 0 ] || fail "hidepid=$hidden: $output $stderr"
		assert_output $'lo\ntap0'
	done
}

@test "a created container whose first process /proc hides isn't taken for a stopped one" {
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
				urun list | sed -n \"s/^c1 *[0-9]* *\\([a-z]*\\) .*/\\1/p\"
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

@test "where urun-slirp lacks its library, a container by options has lo alone, with a warning, and doctor says so" {
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

@test "where urun-slirp can't be executed, as it is for another machine, the container has lo alone, with a warning" {
	[ -w /dev/net/tun ] && [ -x "$(dirname "$URUN")/urun-slirp" ] || skip "there is no network here"
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$URUN" "$BATS_TEST_TMPDIR/bin/urun"
	# Another number of the machine in the header of ELF.
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

@test "a network is made where the config has no network namespace, and not where it joins one" {
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

@test "a network that can't be is refused by the name of what is wrong" {
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

@test "urun spec writes slirp" {
	rm "$BUNDLE/config.json"
	(cd "$BUNDLE" && urun spec)
	[ "$(jq -r '.annotations["org.urun.network"]' "$BUNDLE/config.json")" = slirp ]
	config '.process.terminal = false'
	in_container 'ls /sys/class/net'
	assert_output $'lo\ntap0'
}

# --- the files of /etc ----------------------------------------------------------------------------------------------------

@test "resolv.conf, hosts and hostname are made for it, outside of the root file system" {
	rm -f "$BUNDLE/rootfs/etc/resolv.conf" "$BUNDLE/rootfs/etc/hosts" "$BUNDLE/rootfs/etc/hostname"
	sh_program 'cat /etc/resolv.conf /etc/hosts /etc/hostname; echo changed >>/etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_contains "$output" 'nameserver 10.0.2.3'
	assert_contains "$output" $'127.0.0.1\tlocalhost'
	assert_contains "$output" $'10.0.2.100\turun-test'
	[ "${lines[-1]}" = urun-test ]
	# What is mounted on is there, and empty.
	[ -e "$BUNDLE/rootfs/etc/hosts" ] && [ ! -s "$BUNDLE/rootfs/etc/hosts" ] && [ ! -s "$BUNDLE/rootfs/etc/resolv.conf" ]
}

@test "those that the config mounts itself stay" {
	echo 'nameserver 192.0.2.53' >"$BUNDLE/mine"
	config '.mounts += [{"destination": "/etc/resolv.conf", "type": "bind", "source": "mine", "options": ["bind", "ro"]}]'
	sh_program 'cat /etc/resolv.conf /etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	[ "${lines[0]}" = 'nameserver 192.0.2.53' ]
	assert_contains "$output" localhost
	refute_contains "$output" 10.0.2.3
}

@test "dns= takes the place of the forwarder" {
	sh_program 'grep nameserver /etc/resolv.conf'
	try run --bundle "$BUNDLE" --network slirp,dns=192.0.2.53,dns=2001:db8::53 c1
	assert_output $'nameserver 192.0.2.53\nnameserver 2001:db8::53'
}

@test "a resolv.conf that is a link into /run is followed inside the root file system" {
	mkdir -p "$BUNDLE/rootfs/run"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
	config '.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	sh_program 'cat /etc/resolv.conf; cat /run/systemd/resolve/stub-resolv.conf'
	try run --bundle "$BUNDLE" --network slirp,ipv6=no c1
	assert_output $'nameserver 10.0.2.3\nnameserver 10.0.2.3'
}

@test "where the root file system has no place for one of them it is warned of, and the container runs" {
	ln -sf resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
	sh_program 'echo runs; grep -c localhost /etc/hosts'
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_output $'runs\n2'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	assert_contains "$stderr" '/etc/resolv.conf'
}

# --- what is reached ------------------------------------------------------------------------------------------------------

@test "TCP and UDP reach the outside, over IPv4 and IPv6" {
	host_programs
	cat >"$BUNDLE/host/client.py" <<-'END'
		import socket
		for address in ("192.0.2.1", "2001:db8::1"):
		    t = socket.create_connection((address, 7001), 10)
		    t.sendall(b"tcp")
		    print(address, t.recv(100).decode())
		    u = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
		    u.settimeout(10)
		    u.sendto(b"udp", (address, 7002))
		    print(address, u.recv(100).decode())
	END
	program python3 /client.py
	outside '
		start_server tcp 192.0.2.1 7001; start_server tcp 2001:db8::1 7001
		start_server udp 192.0.2.1 7002; start_server udp 2001:db8::1 7002
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_status 0
	assert_output $'192.0.2.1 echo tcp\n192.0.2.1 echo udp\n2001:db8::1 echo tcp\n2001:db8::1 echo udp'
}

@test "ping works without a capability" {
	host_programs
	cat >"$BUNDLE/host/ping.py" <<-'END'
		import socket, struct
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
		s.settimeout(10)
		body = b"payload!"
		header = struct.pack("!BBHHH", 8, 0, 0, 0, 1)
		words = struct.unpack("!8H", header + body)
		total = sum(words); total = (total >> 16) + (total & 0xffff); total += total >> 16
		s.sendto(struct.pack("!BBHHH", 8, 0, ~total & 0xffff, 0, 1) + body, ("192.0.2.1", 0))
		print("reply" if s.recv(100)[0] == 0 else "no reply")
	END
	program python3 /ping.py
	config '.process.user = {"uid": 1000, "gid": 1000} | del(.process.capabilities)'
	outside 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_status 0
	assert_output reply
}

@test "names are resolved by the host's nameserver, also by one that comes later" {
	host_programs
	cat >"$BATS_TEST_TMPDIR/dns.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind((sys.argv[1], 53))
		print("listening", flush=True)
		while True:
		    q, peer = s.recvfrom(512)
		    end = q.index(b"\0", 12) + 5
		    a = q[end - 4:end - 2] == b"\0\1"
		    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(sys.argv[2]) if a else b""
		    s.sendto(q[:2] + b"\x81\x80\0\1\0" + (b"\1" if a else b"\0") + b"\0\0\0\0" + q[12:end] + answer, peer)
	END
	cat >"$BUNDLE/host/names.py" <<-'END'
		import socket, os, time
		print(socket.gethostbyname("one.example"), flush=True)
		open("/shared/resolved", "w")
		while not os.path.exists("/shared/changed"):
		    time.sleep(0.02)
		for attempt in range(100):
		    if socket.gethostbyname("two.example") == "192.0.2.22":
		        break
		    time.sleep(0.05)
		print(socket.gethostbyname("three.example"))
	END
	program timeout 30 python3 /names.py
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	outside '
		ip address add 192.0.2.2/24 dev lo
		echo nameserver 192.0.2.1 >"$BUNDLE/resolv"
		mount --bind "$BUNDLE/resolv" /etc/resolv.conf
		timeout 50 python3 "$BATS_TEST_TMPDIR/dns.py" 192.0.2.1 192.0.2.11 >"$BATS_TEST_TMPDIR/dns1" & SERVERS+=($!)
		timeout 50 python3 "$BATS_TEST_TMPDIR/dns.py" 192.0.2.2 192.0.2.22 >"$BATS_TEST_TMPDIR/dns2" & SERVERS+=($!)
		wait_for 10 test -s "$BATS_TEST_TMPDIR/dns1"
		wait_for 10 test -s "$BATS_TEST_TMPDIR/dns2"
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 10 test -e "$BUNDLE/shared/resolved"
		echo nameserver 192.0.2.2 >"$BUNDLE/resolv"
		: >"$BUNDLE/shared/changed"
		wait $run
		stop_servers'
	assert_status 0
	assert_output $'192.0.2.11\n192.0.2.22'
}

@test "the host's loopback isn't reached, unless that was asked for" {
	host_programs
	cat >"$BUNDLE/host/loop.py" <<-'END'
		import socket
		for address in ("10.0.2.2", "fd75:7275:6e00::2", "127.0.0.1", "10.0.2.3"):
		    try:
		        s = socket.create_connection((address, 7001), 3)
		        s.sendall(b"x")
		        print(address, s.recv(100).decode())
		    except OSError as e:
		        print(address, "no")
	END
	program python3 /loop.py
	outside '
		start_server tcp 127.0.0.1 7001; start_server tcp ::1 7001
		urun run --bundle "$BUNDLE" --network slirp c1
		urun run --bundle "$BUNDLE" --network slirp,host-loopback=yes c1
		stop_servers'
	assert_status 0
	assert_output $'10.0.2.2 no\nfd75:7275:6e00::2 no\n127.0.0.1 no\n10.0.2.3 no\n10.0.2.2 echo x\nfd75:7275:6e00::2 echo x\n127.0.0.1 no\n10.0.2.3 no'
}

@test "the host's abstract sockets aren't reached" {
	host_programs
	cat >"$BUNDLE/host/abstract.py" <<-'END'
		import socket
		s = socket.socket(socket.AF_UNIX)
		try:
		    s.connect("\0urun-test-service")
		    print("reached")
		except OSError as e:
		    print(e.strerror)
	END
	program python3 /abstract.py
	outside '
		timeout 30 python3 -c "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + \"urun-test-service\"); s.listen(); print(1, flush=True); time.sleep(20)" >"$BATS_TEST_TMPDIR/server" & SERVERS+=($!)
		wait_for 10 test -s "$BATS_TEST_TMPDIR/server"
		urun run --bundle "$BUNDLE" --network slirp,host-loopback=yes c1
		stop_servers'
	assert_output 'Connection refused'
}

@test "outbound= is the address that servers see" {
	host_programs
	cat >"$BATS_TEST_TMPDIR/peer.py" <<-'END'
		import socket
		for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
		    s = socket.socket(family)
		    s.bind((address, 7001))
		    s.listen()
		    print("listening", flush=True)
		    c, peer = s.accept()
		    c.sendall(peer[0].encode())
		    c.close()
	END
	cat >"$BUNDLE/host/ask.py" <<-'END'
		import socket, time
		for address in ("192.0.2.1", "2001:db8::1"):
		    for attempt in range(100):
		        try:
		            print(socket.create_connection((address, 7001), 10).recv(100).decode())
		            break
		        except OSError:
		            time.sleep(0.05)
	END
	program python3 /ask.py
	outside '
		ip address add 192.0.2.7/24 dev lo; ip -6 address add 2001:db8::7/64 dev lo nodad
		timeout 40 python3 "$BATS_TEST_TMPDIR/peer.py" >"$BATS_TEST_TMPDIR/peer" & SERVERS+=($!)
		wait_for 10 test -s "$BATS_TEST_TMPDIR/peer"
		urun run --bundle "$BUNDLE" --network slirp,outbound=192.0.2.7,outbound=2001:db8::7 c1
		wait "${SERVERS[@]}"'
	assert_output $'192.0.2.7\n2001:db8::7'
}

# --- how long it lives ----------------------------------------------------------------------------------------------------

slirp_pid() {
	jq -r .networkPid "$STATE/$1/state.json"
}

# A zombie has ended too.
is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*[ZX]' "/proc/$1/status"
}

@test "a created container has its network, which ends with it" {
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

@test "delete --force ends it, and a detached one lives on without its caller" {
	local pid
	sh_program 'sleep 60'
	urun run --detach --bundle "$BUNDLE" --network slirp c1 </dev/null >/dev/null 2>&1
	pid=$(slirp_pid c1)
	[ -e "/proc/$pid" ]
	urun delete --force c1
	wait_for 10 is_gone "$pid"
}

@test "it ends with a foreground run that is killed" {
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

@test "it holds nothing of the caller's: a pipe ends when urun has returned" {
	observe timeout 10 bash -c '"$1" --root "$2" run --detach --rootfs "$3" --network slirp --name c1 sleep 60 2>&1 5>&1 | cat' - "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_status 0
	assert_output ''
	urun delete --force c1
}

@test "its death is said, and the container goes on" {
	local run
	sh_program 'until [ -e /go ]; do sleep 0.05; done; echo goes on'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	run=$!
	wait_for 10 is_status c1 running
	kill -KILL "$(slirp_pid c1)"
	wait_for 10 grep -q 'no network any more' "$BATS_TEST_TMPDIR/err"
	try exec c1 touch /go
	assert_status 0
	assert_contains "$stderr" 'no network any more'
	wait_status "$run"
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = 'goes on' ]
}

@test "a program that can't be executed leaves no urun-slirp" {
	program /nowhere
	try run --bundle "$BUNDLE" --network slirp c1
	assert_status 127
	assert_one_line "$stderr"
}

# --- a container that means harm, or has bad luck -------------------------------------------------------------------------------

@test "the device may go down and up again" {
	host_programs
	cat >"$BUNDLE/host/client.sh" <<-'END'
		for i in 1 2 3; do
			ip link set tap0 down
			ip link set tap0 up
			ip route add default via 10.0.2.2 dev tap0
			python3 -c 'import socket; s = socket.create_connection(("192.0.2.1", 7001), 10); s.sendall(b"up"); print(s.recv(100).decode())'
		done
	END
	program sh /client.sh
	with_capabilities CAP_NET_ADMIN
	outside 'start_server tcp 192.0.2.1 7001; urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_output $'echo up\necho up\necho up'
}

@test "a download arrives whole: at full speed, to a slow reader, and when the device goes down under it" {
	host_programs
	cat >"$BUNDLE/host/client.py" <<-'END'
		import array, socket, subprocess, sys, time
		def link_flaps():
		    for command in "link set tap0 down", "link set tap0 up", "route add default via 10.0.2.2 dev tap0":
		        subprocess.run(["ip", *command.split()], check=True)
		def download(address, at_each_mib):
		    with socket.create_connection((address, 7001), 10) as s:
		        s.settimeout(20)
		        stream = s.makefile("rb")
		        for begin in range(0, 8 << 20, 1 << 16):
		            numbers = array.array("I", stream.read(1 << 18))
		            numbers.byteswap()
		            if numbers != array.array("I", range(begin, begin + 65536)):
		                sys.exit(f"{address}: other numbers from {begin} on")
		            if begin % (1 << 18) == 0:
		                at_each_mib(begin >> 18)
		        print(address, "and nothing more" if stream.read() == b"" else "and more")
		download("192.0.2.1", lambda mib: None)
		download("2001:db8::1", lambda mib: None)
		download("192.0.2.1", lambda mib: time.sleep(0.02))
		download("192.0.2.1", lambda mib: link_flaps() if mib % 10 == 3 else None)
	END
	program timeout 50 python3 /client.py
	with_capabilities CAP_NET_ADMIN
	outside '
		start_server stream 192.0.2.1 7001; start_server stream 2001:db8::1 7001
		urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_status 0
	assert_output $'192.0.2.1 and nothing more\n2001:db8::1 and nothing more\n192.0.2.1 and nothing more\n192.0.2.1 and nothing more'
}

# libslirp by itself takes windows for old ones there, and asks for a new one every five seconds.
@test "after gigabytes a slow reader's window is believed as before" {
	host_programs
	cat >"$BUNDLE/host/client.py" <<-'END'
		import socket, time
		s = socket.create_connection(("192.0.2.1", 7001), 10)
		s.settimeout(20)
		room, longest, left = bytearray(1 << 20), 0, 3136 << 20
		while left > 0:
		    if left <= 64 << 20:
		        time.sleep(0.01)
		    begin = time.monotonic()
		    left -= s.recv_into(room)
		    longest = max(longest, time.monotonic() - begin)
		print("no byte more" if s.recv(1) == b"" else "more")
		print("no longer wait" if longest < 4 else f"waited {longest:.1f} s")
	END
	program timeout 55 python3 /client.py
	outside 'start_server long 192.0.2.1 7001; urun run --bundle "$BUNDLE" --network slirp c1; stop_servers'
	assert_output $'no byte more\nno longer wait'
}

@test "frames of nonsense, and floods of datagrams and of half-open connections, are survived in bounded memory" {
	host_programs
	cat >"$BUNDLE/host/client.py" <<-'END'
		import os, random, socket, struct, time
		random.seed(1)
		raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		raw.bind(("tap0", 0))
		to_host = bytes.fromhex("52550a000202") + raw.getsockname()[4]
		def send(frame):
		    try:
		        raw.send(frame)
		    except OSError:
		        time.sleep(0.001)
		for i in range(20000):
		    kind = random.choice((0x0800, 0x86dd, 0x0806, random.getrandbits(16)))
		    send(to_host + struct.pack("!H", kind) + bytes([random.choice((0x45, 0x60, random.getrandbits(8)))]) + random.randbytes(random.randrange(1500)))
		# Fragments that are never whole.
		for i in range(20000):
		    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 120, i & 0xffff, 0x2000 | (i % 100), 64, 17, 0, socket.inet_aton("10.0.2.100"), socket.inet_aton("192.0.2.1"))
		    total = sum(struct.unpack("!10H", header)); total = (total >> 16) + (total & 0xffff); total += total >> 16
		    send(to_host + b"\x08\0" + header[:10] + struct.pack("!H", ~total & 0xffff) + header[12:] + bytes(100))
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for i in range(20000):
		    try:
		        u.sendto(b"x" * 500, ("192.0.2.1", 20000 + i % 20000))
		    except OSError:
		        pass
		held = []
		for i in range(400):
		    s = socket.socket()
		    s.setblocking(False)
		    s.connect_ex(("192.0.2.1", 7001))
		    held.append(s)
		time.sleep(0.5)
		for s in held:
		    s.close()
		for attempt in range(50):
		    try:
		        s = socket.create_connection(("192.0.2.1", 7001), 10)
		        s.sendall(b"alive")
		        print(s.recv(100).decode())
		        break
		    except OSError:
		        time.sleep(0.1)
		open("/shared/done", "w")
		while os.path.exists("/shared/done"):
		    time.sleep(0.05)
	END
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	program timeout 50 python3 /client.py
	with_capabilities CAP_NET_RAW
	outside '
		start_server tcp 192.0.2.1 7001
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

# --- what the host lacks --------------------------------------------------------------------------------------------------

@test "without /dev/net/tun the error has the mend, and --network none works" {
	host_lacks='mount -t tmpfs tmpfs /dev/net'
	sh_program 'ls /sys/class/net'
	outside "$host_lacks"'; urun run --bundle "$BUNDLE" --network slirp c1'
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" '/dev/net/tun'
	assert_contains "$stderr" 'modprobe tun'
	outside "$host_lacks"'; urun run --bundle "$BUNDLE" --network none c1'
	assert_output lo
	outside "$host_lacks"'; mkdir "$BATS_TEST_TMPDIR/new"; cd "$BATS_TEST_TMPDIR/new"; urun spec; jq -r ".annotations[\"org.urun.network\"]" config.json'
	assert_output none
	assert_contains "$stderr" '/dev/net/tun'
}
