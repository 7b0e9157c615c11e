#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Names in the container: which of the host's name servers are asked, and what a change of the host's resolv.conf does.
# The host's /etc is one of the test's, and its name servers are programs in the test's network namespace.
load lib.bash
load network.bash

# Answers as ADDRESS KIND says, by UDP and TCP: good (an A record with the last byte of the address in it), REFUSED, SERVFAIL,
# NXDOMAIN or silent.
write_server() {
	cat >"$BATS_TEST_TMPDIR/dns.py" <<-'END'
		import select, socket, struct, sys
		address, kind = sys.argv[1], sys.argv[2]
		family = socket.AF_INET6 if ":" in address else socket.AF_INET
		udp = socket.socket(family, socket.SOCK_DGRAM)
		tcp = socket.socket(family, socket.SOCK_STREAM)
		for s in (udp, tcp):
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind((address, 53))
		tcp.listen(20)
		last = int(address.split(":")[-1].split(".")[-1])
		def answer(q):
		    code = {"good": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}[kind]
		    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + bytes((192, 0, 2, 100 + last)) if code == 0 else b""
		    end = q.index(b"\0", 12) + 5
		    return q[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 1 if record else 0, 0, 0) + q[12:end] + record
		print("listening", flush=True)
		while True:
		    for s in select.select([udp, tcp], [], [])[0]:
		        if s is udp:
		            q, peer = udp.recvfrom(4096)
		            print("asked", flush=True)
		            if kind != "silent":
		                udp.sendto(answer(q), peer)
		        else:
		            c, peer = tcp.accept()
		            c.settimeout(5)
		            q = c.recv(4096)[2:]
		            if kind != "silent":
		                a = answer(q)
		                c.sendall(struct.pack("!H", len(a)) + a)
		                c.close()
	END
	# Asks for a name at the container's first name server: ask.py udp|tcp SECONDS [SERVER]
	cat >"$BUNDLE/host/ask.py" <<-'END'
		import socket, struct, sys, time
		how, seconds = sys.argv[1], float(sys.argv[2])
		server = sys.argv[3] if len(sys.argv) > 3 else "10.0.2.3"
		q = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4name\7example\0\0\1\0\1"
		family = socket.AF_INET6 if ":" in server else socket.AF_INET
		s = socket.socket(family, socket.SOCK_DGRAM if how == "udp" else socket.SOCK_STREAM)
		s.settimeout(seconds)
		begin = time.monotonic()
		try:
		    s.connect((server, 53))
		    s.sendall(q if how == "udp" else struct.pack("!H", len(q)) + q)
		    a = s.recv(4096)
		    a = a if how == "udp" else a[2:]
		    code = a[3] & 15
		    print(".".join(map(str, a[-4:])) if code == 0 else {2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}[code])
		except OSError as e:
		    print("nothing")
	END
}

# In outside(): name_server ADDRESS KIND
name_server() {
	timeout 50 python3 "$BATS_TEST_TMPDIR/dns.py" "$1" "$2" >"$BATS_TEST_TMPDIR/asked-$1" &
	SERVERS+=($!)
	wait_for 10 test -s "$BATS_TEST_TMPDIR/asked-$1"
}

# In outside(): the host's /etc is the test's own, with a resolv.conf of these servers.
own_etc() {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	cp /etc/passwd /etc/group /etc/nsswitch.conf "$BATS_TEST_TMPDIR/etc/"
	mount --bind "$BATS_TEST_TMPDIR/etc" /etc
	servers "$@" >/etc/resolv.conf
}

servers() {
	printf 'nameserver %s\n' "$@"
}

# In outside(), before own_etc: the addresses 192.0.2.2 to 192.0.2.5 and 2001:db8::6.
more_addresses() {
	local last
	for last in 2 3 4 5; do ip address add "192.0.2.$last/24" dev lo; done
	ip -6 address add 2001:db8::6/64 dev lo nodad
}

@test "the host's next name server is asked where one is down, silent or answers REFUSED or SERVFAIL" {
	host_programs
	write_server
	program /bin/sh -c 'for i in 1 2 3; do python3 /ask.py udp 4; done; python3 /ask.py udp 4 fd75:7275:6e00::3; python3 /ask.py tcp 4'
	outside '
		more_addresses
		name_server 192.0.2.2 good; name_server 192.0.2.3 silent; name_server 192.0.2.4 REFUSED; name_server 192.0.2.5 SERVFAIL
		own_etc
		for first in 192.0.2.1 192.0.2.3 192.0.2.4 192.0.2.5; do
			servers "$first" 192.0.2.2 >/etc/resolv.conf
			urun run --bundle "$BUNDLE" --network slirp c1
		done
		# A server that was silent once is asked last from then on.
		echo "$(grep -c asked "$BATS_TEST_TMPDIR/asked-192.0.2.3")"
		servers 192.0.2.1 192.0.2.3 192.0.2.2 >/etc/resolv.conf
		urun run --bundle "$BUNDLE" --network slirp c1
		stop_servers'
	assert_status 0
	[ "$(grep -c '^192\.0\.2\.102$' <<<"$output")" = 25 ] || fail "$output $stderr"
	[ "$(grep '^[0-9]*$' <<<"$output")" = 1 ] || fail "$output"
}

@test "that there is no such name is an answer, servers of IPv6 alone will do, and a failure comes where all fail" {
	host_programs
	write_server
	program python3 /ask.py udp 4
	outside '
		more_addresses
		name_server 192.0.2.2 NXDOMAIN; name_server 192.0.2.3 good; name_server 192.0.2.4 REFUSED; name_server 2001:db8::6 good
		own_etc 192.0.2.2 192.0.2.3
		urun run --bundle "$BUNDLE" --network slirp c1
		servers 2001:db8::6 >/etc/resolv.conf
		urun run --bundle "$BUNDLE" --network slirp c1
		servers 192.0.2.4 192.0.2.1 >/etc/resolv.conf
		urun run --bundle "$BUNDLE" --network slirp c1
		servers 192.0.2.1 >/etc/resolv.conf
		urun run --bundle "$BUNDLE" --network slirp c1
		stop_servers'
	assert_status 0
	assert_output $'NXDOMAIN\n192.0.2.106\nREFUSED\nSERVFAIL'
}

@test "each way to change the host's resolv.conf takes effect in a running container within a second" {
	host_programs
	write_server
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	# Each line that comes is a number; the answer is how many times 0.1 s it took until the name had that end.
	cat >"$BUNDLE/host/follow.py" <<-'END'
		import subprocess, sys, time
		print("ready", file=open("/shared/out", "a", 1))
		for line in sys.stdin:
		    want, search = line.split()
		    for tries in range(10):
		        got = subprocess.run(["python3", "/ask.py", "udp", "1"], capture_output=True, text=True).stdout.strip()
		        text = open("/etc/resolv.conf").read()
		        if got == "192.0.2.10" + want and f"search {search}\n" in text and "nameserver 10.0.2.3\n" in text:
		            break
		        time.sleep(0.06)
		    else:
		        got += " late " + repr(text)
		    print(got, search, file=open("/shared/out", "a"))
	END
	program python3 /follow.py
	outside '
		more_addresses
		name_server 192.0.2.2 good; name_server 192.0.2.3 good
		own_etc 192.0.2.2
		mkfifo "$BATS_TEST_TMPDIR/lines"
		urun run --bundle "$BUNDLE" --network slirp c1 <"$BATS_TEST_TMPDIR/lines" &
		exec 9>"$BATS_TEST_TMPDIR/lines"
		count=1
		wait_for 10 test -s "$BUNDLE/shared/out"
		expect() {
			echo "$1 $2" >&9
			count=$((count + 1))
			wait_for 10 bash -c "test \$(wc -l <\"$BUNDLE/shared/out\") = $count"
		}
		text() { servers "192.0.2.$1"; echo "search $2"; echo "options ndots:$1 timeout:2"; }
		text 3 rewritten >/etc/resolv.conf; expect 3 rewritten
		text 2 renamed >/etc/new; mv /etc/new /etc/resolv.conf; expect 2 renamed
		rm /etc/resolv.conf; text 3 anew >/etc/resolv.conf; expect 3 anew
		mkdir -p /etc/run/a /etc/run/b
		text 2 link.a >/etc/run/a/resolv.conf; text 3 link.b >/etc/run/b/resolv.conf
		ln -sfn run/a/resolv.conf /etc/resolv.conf; expect 2 link.a
		ln -sfn /etc/run/b/resolv.conf /etc/resolv.conf; expect 3 link.b
		text 2 behind.link >/etc/run/b/resolv.conf; expect 2 behind.link
		mkdir /etc/run/c; text 3 directory >/etc/run/c/resolv.conf
		mv /etc/run/b /etc/run/old; mv /etc/run/c /etc/run/b; expect 3 directory
		rm -r /etc/run; mkdir -p /etc/run/b; text 2 all.anew >/etc/run/b/resolv.conf; expect 2 all.anew
		text 3 mounted >"$BATS_TEST_TMPDIR/bound"; mount --bind "$BATS_TEST_TMPDIR/bound" /etc/resolv.conf; expect 3 mounted
		text 2 in.the.mount >"$BATS_TEST_TMPDIR/bound"; expect 2 in.the.mount
		umount /etc/resolv.conf; text 3 unmounted >/etc/resolv.conf; expect 3 unmounted
		exec 9>&-
		wait %?urun || true
		stop_servers'
	[ "$status" = 0 ] || fail "$output $stderr $(cat "$BUNDLE/shared/out")"
	[ "$(cat "$BUNDLE/shared/out")" = 'ready
192.0.2.103 rewritten
192.0.2.102 renamed
192.0.2.103 anew
192.0.2.102 link.a
192.0.2.103 link.b
192.0.2.102 behind.link
192.0.2.103 directory
192.0.2.102 all.anew
192.0.2.103 mounted
192.0.2.102 in.the.mount
192.0.2.103 unmounted' ] || fail "$(cat "$BUNDLE/shared/out")"
}

@test "a resolv.conf that was changed in the container stays as it is" {
	host_programs
	write_server
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	program /bin/sh -c 'echo "nameserver 10.0.2.3 # mine" >/etc/resolv.conf; echo >/shared/written; read line; for i in 1 2 3 4 5 6 7 8 9; do [ "$(python3 /ask.py udp 1)" = 192.0.2.103 ] && break; done; cat /etc/resolv.conf'
	outside '
		more_addresses
		name_server 192.0.2.2 good; name_server 192.0.2.3 good
		own_etc 192.0.2.2
		mkfifo "$BATS_TEST_TMPDIR/lines"
		urun run --bundle "$BUNDLE" --network slirp c1 <"$BATS_TEST_TMPDIR/lines" & run=$!
		exec 9>"$BATS_TEST_TMPDIR/lines"
		wait_for 10 test -s "$BUNDLE/shared/written"
		servers 192.0.2.3 >/etc/resolv.conf
		echo go >&9
		wait $run
		stop_servers'
	assert_status 0
	assert_output 'nameserver 10.0.2.3 # mine'
}

# follows [OPTION…]: starts a container whose resolv.conf has to follow the host's, shorter and longer texts; in outside().
follows() {
	local want text pid to
	# Each line that comes is a search domain; the answer is what was seen within a second.
	local look='echo ready; while read -r want; do
			for i in $(seq 20); do
				grep -qx "search $want" /etc/resolv.conf && break
				sleep 0.05
			done
			grep -v nameserver /etc/resolv.conf | tr -s "\n" ";"; echo
		done'
	sh_program "$look"
	servers 192.0.2.2 >/etc/resolv.conf
	case $1 in --rootfs) set -- "$@" sh -c "$look" ;; esac
	coproc { urun run "$@" 2>"$BATS_TEST_TMPDIR/stderr.run"; }
	pid=$COPROC_PID
	to=${COPROC[1]}
	read -r -t 20 -u "${COPROC[0]}" text || cat "$BATS_TEST_TMPDIR/stderr.run" >&2
	for want in 'first.example and.a.longer.example' short all.anew; do
		{ servers 192.0.2.3; echo "search $want"; echo "options ndots:3"; } >/etc/new
		if [ "$want" = short ]; then cat /etc/new >/etc/resolv.conf; else mv /etc/new /etc/resolv.conf; fi
		echo "$want" >&"$to"
		read -r -t 20 -u "${COPROC[0]}" text
		[ "$text" = "search $want;options ndots:3;" ] || echo "$*: '$text' for '$want'"
	done
	eval "exec $to>&-"
	wait "$pid"
	cat "$BATS_TEST_TMPDIR/stderr.run"
}

@test "the container's search and options lines follow the host's, whatever its root and its network are" {
	outside '
		own_etc
		follows --rootfs "$BUNDLE/rootfs" --network slirp --overlay
		follows --rootfs "$BUNDLE/rootfs" --network slirp --overlay --read-only
		follows --rootfs "$BUNDLE/rootfs" --network host
		follows --rootfs "$BUNDLE/rootfs" --network host --overlay="$BUNDLE/kept"
		follows --rootfs "$BUNDLE/rootfs" --network slirp --overlay="$BUNDLE/kept"'
	assert_status 0
	assert_output ''
}

# In a user namespace of its own: its files tell nothing about themselves to those outside of it.
@test "they follow them in an overlay by FUSE too" {
	[ -w /dev/fuse ] && command -v fuse-overlayfs >/dev/null || skip "no fuse-overlayfs here"
	config '.annotations = {"org.urun.hidden": "/nothing", "org.urun.overlay": "tmpfs"} | .linux.namespaces += [{"type": "user"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	outside '
		own_etc
		follows --bundle "$BUNDLE" --network slirp c1
		follows --bundle "$BUNDLE" --network host c1
		sh_program "sed -n \"s/.* \\/ \\/ .* - \([a-z]*\).*/\1/p\" /proc/self/mountinfo"
		urun run --bundle "$BUNDLE" --network none c1'
	assert_status 0
	assert_output fuse
}

# The runtime's own file has a second name: when the host's new text is there, the one in its place would have been written, too.
@test "a resolv.conf that the container put in the place of its own is left alone, in an overlay too" {
	cat >"$BUNDLE/rootfs/replace" <<-'END'
		rm -f /etc/old
		ln /etc/resolv.conf /etc/old
		echo "search mine" >/etc/new
		mv /etc/new /etc/resolv.conf
		echo ready
		until grep -qx "search theirs" /etc/old; do sleep 0.05; done
		cat /etc/resolv.conf
	END
	outside '
		own_etc
		for network in slirp host; do
			servers 192.0.2.2 >/etc/resolv.conf
			coproc { urun run --rootfs "$BUNDLE/rootfs" --network $network --overlay="$BUNDLE/kept" sh /replace; }
			run=$COPROC_PID
			read -r -t 20 -u "${COPROC[0]}" text
			echo "search theirs" >/etc/resolv.conf
			cat <&"${COPROC[0]}"
			wait "$run"
		done'
	assert_status 0
	assert_lines 'search mine' 'search mine'
}
