#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Published ports: which there are, how they change, who the container takes the client for, and that connections through them
# are like any others.
load lib.bash
load network.bash

# server TEXT: a Python program is what the container runs; it has `listen(port)`, `serve(socket, function)` and `serve_beside`.
server() {
	host_programs
	cat >"$BUNDLE/host/server.py" <<-'END'
		import socket, sys, threading, time
		def listen(port, family=socket.AF_INET, address=""):
		    s = socket.socket(family)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    if family == socket.AF_INET6:
		        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
		    s.bind((address, port))
		    s.listen(2000)
		    return s
		def serve(s, handle):
		    while True:
		        c, peer = s.accept()
		        threading.Thread(target=handle, args=(c, peer), daemon=True).start()
		def serve_beside(s, handle):
		    threading.Thread(target=serve, args=(s, handle), daemon=True).start()
		def say_peer(c, peer):
		    c.sendall(peer[0].encode())
		    c.close()
		def echo(c, peer):
		    try:
		        while data := c.recv(65536):
		            c.sendall(data)
		    except OSError:
		        pass
		    c.close()
		def echo_datagrams(family=socket.AF_INET, address="", later=0):
		    u = socket.socket(family, socket.SOCK_DGRAM)
		    if family == socket.AF_INET6:
		        u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
		    time.sleep(later)
		    u.bind((address, 8000))
		    while True:
		        data, peer = u.recvfrom(65536)
		        u.sendto(b"echo " + data, peer)
	END
	cat >>"$BUNDLE/host/server.py"
	program python3 /server.py
	config '.process.capabilities = ([.process.capabilities | to_entries[] | .value += ["CAP_NET_BIND_SERVICE"]] | from_entries)'
}

# client TEXT: a Python program outside; `connect(port, host)` waits until the server listens.
client() {
	{
		cat <<-'END'
			import socket, struct, sys, time
			def connect(port, host="127.0.0.1", source=None):
			    for attempt in range(200):
			        try:
			            s = socket.create_connection((host, port), 10, source)
			            s.settimeout(20)
			            # What listens on the host takes it at once; whether the container does is seen by what follows.
			            return s
			        except ConnectionRefusedError:
			            time.sleep(0.05)
			    raise SystemExit("nobody listens")
			def ask_datagram(host, text):
			    u = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
			    u.settimeout(0.2)
			    for attempt in range(100):
			        u.sendto(text, (host, 18000))
			        try:
			            data, peer = u.recvfrom(65536)
			            return data, peer[0]
			        except OSError:
			            pass
			    return b"no answer", ""
			def everything(s):
			    data = b""
			    while part := s.recv(65536):
			        data += part
			    return data
			def ask(port, host="127.0.0.1", source=None):
			    for attempt in range(200):
			        try:
			            if answer := everything(connect(port, host, source)):
			                return answer.decode()
			        except OSError:
			            pass
			        time.sleep(0.05)
			    return "no answer"
		END
		cat
	} >"$BATS_TEST_TMPDIR/client.py"
}

run_client() {
	timeout 60 python3 "$BATS_TEST_TMPDIR/client.py" "$@"
}

# start ARG…: the container, detached.
start() {
	urun run --detach --bundle "$BUNDLE" --network slirp "$@" c1 </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || {
		cat "$BATS_TEST_TMPDIR/err" >&2
		return 1
	}
}

# --- which ports ----------------------------------------------------------------------------------------------------------

@test "a port is published on all addresses of both families, and listed" {
	server <<-'END'
		serve(listen(8000), lambda c, peer: (c.sendall(b"hello"), c.close()))
	END
	client <<-'END'
		print(ask(18000), ask(18000, "::1"), ask(18000, "192.0.2.1"), ask(18000, "2001:db8::1"))
	END
	outside 'start --publish 18000:8000; run_client; urun port c1; urun delete --force c1'
	assert_status 0
	assert_output $'hello hello hello hello\n8000/tcp -> 0.0.0.0:18000\n8000/tcp -> [::]:18000'
}

@test "an address, a range, port 0 and udp are what they say" {
	server <<-'END'
		time.sleep(100)
	END
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

@test "what isn't a port, can't be had or has no network is refused before the container starts" {
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
	outside '
		start_server tcp 192.0.2.1 18000
		urun run --bundle "$BUNDLE" --network slirp --publish 192.0.2.1:18000:80 c1 || echo "status $?"
		stop_servers'
	assert_output 'status 125'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	assert_contains "$stderr" '192.0.2.1:18000/tcp: address already in use'
}

@test "a port below ip_unprivileged_port_start is refused with the sysctl" {
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ] || skip "this host lets everybody have port 81"
	try run --bundle "$BUNDLE" --network slirp --publish 127.0.0.1:81:80 c1
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" '127.0.0.1:81/tcp: permission denied'
	assert_contains "$stderr" 'net.ipv4.ip_unprivileged_port_start=81'
}

@test "ports are added to and taken from a running container, also one that had none" {
	server <<-'END'
		serve(listen(8000), lambda c, peer: (c.sendall(b"hello"), c.close()))
	END
	client <<-'END'
		print(ask(int(sys.argv[1])))
	END
	outside '
		start
		urun port c1
		urun port c1 --add 127.0.0.1:18000:8000 --add 127.0.0.1:18001:8000
		run_client 18000; run_client 18001
		urun port c1 --remove 18000:8000 --add 127.0.0.1:18002:8000
		run_client 18002
		urun port c1
		urun port c1 --remove 18000:8000 || true
		urun port c1 --add 127.0.0.1:18001:8001 || true
		urun port c1 --remove 8000
		urun port c1
		urun delete --force c1'
	assert_status 0
	assert_output $'hello\nhello\nhello\n8000/tcp -> 127.0.0.1:18001\n8000/tcp -> 127.0.0.1:18002'
	assert_contains "$stderr" '--remove 18000:8000: no such port is published'
	assert_contains "$stderr" '127.0.0.1:18001/tcp: address already in use'
}

@test "a container in the foreground can be asked, changed and deleted by others" {
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

@test "an address that is taken away can be given anew at once" {
	server <<-'END'
		time.sleep(100)
	END
	outside 'start --publish 127.0.0.1:18000:8000; urun port c1 --remove 18000:8000 --add 127.0.0.1:18000:8001; urun port c1; urun delete --force c1'
	assert_output '8001/tcp -> 127.0.0.1:18000'
}

@test "port of a container without slirp, of one that has ended, or of none is an error" {
	sh_program 'sleep 100'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try port c1
	assert_status 0
	[ -z "$output" ]
	try port c1 --add 18000:80
	assert_status 1
	assert_contains "$stderr" 'no slirp network'
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

@test "the address is free again as soon as the container has been deleted" {
	server <<-'END'
		time.sleep(100)
	END
	outside 'for i in 1 2 3 4 5; do start --publish 127.0.0.1:18000:8000; urun delete --force c1; done; echo finished'
	assert_output finished
	[ -z "$stderr" ] || fail "$stderr"
}

# --- who the client is ----------------------------------------------------------------------------------------------------

@test "the container sees the client's own address, and the gateway's for one on the host's loopback" {
	server <<-'END'
		serve_beside(listen(8000, socket.AF_INET6), say_peer)
		serve(listen(8000), say_peer)
	END
	client <<-'END'
		print(ask(18000, "192.0.2.1", ("192.0.2.7", 0)))
		print(ask(18000, "2001:db8::1", ("2001:db8::7", 0)))
		print(ask(18000, "127.0.0.1"))
		print(ask(18000, "::1"))
	END
	outside '
		ip address add 192.0.2.7/24 dev lo
		ip -6 address add 2001:db8::7/64 dev lo nodad
		start --publish 18000:8000; run_client; urun delete --force c1'
	assert_status 0
	assert_output $'192.0.2.7\n2001:db8::7\n10.0.2.2\nfd75:7275:6e00::2'
}

@test "what listens on IPv4 alone is reached by IPv6 clients too" {
	server <<-'END'
		serve(listen(8000), say_peer)
	END
	client <<-'END'
		print(ask(18000, "2001:db8::1"))
	END
	outside 'start --publish 18000:8000; run_client; urun delete --force c1'
	assert_output 10.0.2.2
}

@test "what listens on the container's loopback alone isn't reached" {
	server <<-'END'
		serve_beside(listen(8001), say_peer)
		serve(listen(8000, address="127.0.0.1"), say_peer)
	END
	client <<-'END'
		ask(18001)
		try:
		    print(everything(connect(18000)) or "end")
		except ConnectionResetError:
		    print("reset")
	END
	outside 'start --publish 18000:8000 --publish 18001:8001; run_client; urun delete --force c1'
	assert_output reset
}

@test "datagrams find their way to the container and back, from the address that they were sent to" {
	server <<-'END'
		echo_datagrams()
	END
	client <<-'END'
		for host in ("127.0.0.1", "192.0.2.1", "192.0.2.5", "::1"):
		    data, peer = ask_datagram(host, b"x" * 1000)
		    print(len(data), data[:6].decode(), peer)
	END
	outside '
		ip address add 192.0.2.5/24 dev lo
		start --publish 18000:8000/udp; run_client; urun delete --force c1'
	assert_status 0
	assert_output $'1005 echo x 127.0.0.1\n1005 echo x 192.0.2.1\n1005 echo x 192.0.2.5\n1005 echo x ::1'
}

@test "who sends datagrams before anybody listens is answered when somebody does, by either family" {
	local family
	for family in AF_INET AF_INET6; do
		server <<-END
			echo_datagrams(socket.$family, later=1)
		END
		client <<-'END'
			for host in ("127.0.0.1", "::1"):
			    print(ask_datagram(host, b"x")[0].decode())
		END
		outside 'start --publish 18000:8000/udp; run_client; urun delete --force c1'
		assert_status 0
		assert_output $'echo x\necho x'
	done
}

# --- connections ----------------------------------------------------------------------------------------------------------

@test "an end of one side is an end to the other, and the other direction goes on" {
	server <<-'END'
		def count(c, peer):
		    total = 0
		    while data := c.recv(65536):
		        total += len(data)
		    c.sendall(b"%d bytes" % total)
		    time.sleep(0.2)
		    c.sendall(b", then more")
		    c.close()
		serve(listen(8000), count)
	END
	client <<-'END'
		ask_until = time.time() + 10
		s = connect(18000)
		for i in range(100):
		    try:
		        s.sendall(b"x" * 10000)
		    except OSError:
		        s = connect(18000)
		s.shutdown(socket.SHUT_WR)
		print(everything(s).decode())
	END
	outside 'start --publish 18000:8000; wait_for 10 urun exec c1 python3 -c "import socket; socket.create_connection((\"10.0.2.100\", 8000)).close()"; run_client; urun delete --force c1'
	assert_output '1000000 bytes, then more'
}

@test "what was sent before a reset arrives, and urgent bytes are bytes among the others" {
	server <<-'END'
		def reply_and_close(c, peer):
		    c.recv(10)
		    time.sleep(0.1)
		    c.sendall(b"r" * 60000)
		    c.close()
		serve_beside(listen(8001), echo)
		serve(listen(8000), reply_and_close)
	END
	client <<-'END'
		for attempt in range(200):
		    try:
		        s = connect(18001)
		        s.sendall(b"x")
		        if s.recv(1):
		            break
		    except OSError:
		        time.sleep(0.05)
		s.sendall(b"abc")
		s.send(b"X", socket.MSG_OOB)
		s.sendall(b"def")
		s.shutdown(socket.SHUT_WR)
		print(everything(s).decode())
		for i in range(5):
		    s = connect(18000)
		    s.sendall(b"u" * 50000)
		    time.sleep(0.4)
		    total = 0
		    try:
		        while data := s.recv(65536):
		            total += len(data)
		    except ConnectionResetError:
		        pass
		    print(total)
	END
	outside 'start --publish 18000-18001:8000-8001; run_client; urun delete --force c1'
	assert_output $'abcXdef\n60000\n60000\n60000\n60000\n60000'
}

@test "clients with a port of root's, and twice the same from two addresses, are served" {
	server <<-'END'
		serve(listen(8000), say_peer)
	END
	client <<-'END'
		print(ask(18000, "192.0.2.1", ("192.0.2.7", 721)))
		first = connect(18000, "192.0.2.1", None)
		def from_port(host, port):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("192.0.2.7", port))
		    s.settimeout(10)
		    s.connect((host, 18000))
		    return s
		a = from_port("192.0.2.1", 40123)
		b = from_port("192.0.2.2", 40123)
		print(everything(a).decode(), everything(b).decode())
	END
	outside '
		ip address add 192.0.2.7/24 dev lo; ip address add 192.0.2.2/24 dev lo
		start --publish 18000:8000; run_client; urun delete --force c1'
	assert_output $'192.0.2.7\n192.0.2.7 192.0.2.7'
}

@test "a slow reader gets all, and keeps nobody else waiting" {
	server <<-'END'
		import hashlib
		def much(c, peer):
		    c.sendall(bytes(range(256)) * 40000)
		    c.close()
		serve_beside(listen(8001), say_peer)
		serve(listen(8000), much)
	END
	client <<-'END'
		ask(18001)
		slow = connect(18000)
		time.sleep(0.5)
		begun = time.time()
		for i in range(50):
		    ask(18001)
		print("quick" if time.time() - begun < 5 else "slow")
		data = everything(slow)
		print(len(data), data == bytes(range(256)) * 40000)
	END
	outside 'start --publish 18000:8000 --publish 18001:8001; run_client; urun delete --force c1'
	assert_output $'quick\n10240000 True'
}

@test "a reset is a reset, in both directions" {
	server <<-'END'
		def reset(c, peer):
		    c.recv(1)
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
		    c.close()
		def told(c, peer):
		    c.sendall(b"x")
		    try:
		        c.recv(1)
		        open("/told", "w").write("end")
		    except ConnectionResetError:
		        open("/told", "w").write("reset")
		serve_beside(listen(8001), told)
		serve_beside(listen(8002), say_peer)
		serve(listen(8000), reset)
	END
	client <<-'END'
		ask(18002)
		s = connect(18000)
		s.sendall(b"x")
		try:
		    print(s.recv(1) or "end")
		except ConnectionResetError:
		    print("reset")
		s = connect(18001)
		s.recv(1)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		s.close()
	END
	outside '
		start --publish 18000-18002:8000-8002; run_client
		wait_for 10 test -s "$BUNDLE/host/told"
		cat "$BUNDLE/host/told"
		urun delete --force c1'
	assert_output $'reset\nreset'
}

# A stream that a reset has cut off must not look whole, however much of it is still on its way.
@test "a reset of much data is a reset, for slow readers too, in both directions" {
	server <<-'END'
		def reset(c):
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
		    c.close()
		def send_and_reset(c, peer):
		    c.recv(1)
		    c.sendall(bytes(20 << 20))
		    reset(c)
		def read_and_reset(c, peer):
		    left = 4 << 20
		    while left > 0:
		        left -= len(c.recv(65536))
		    reset(c)
		def told(c, peer):
		    time.sleep(0.3)
		    how = "end"
		    try:
		        while c.recv(65536):
		            pass
		    except ConnectionResetError:
		        how = "reset"
		    with open("/told", "a") as file:
		        print(how, file=file)
		serve_beside(listen(8001), read_and_reset)
		serve_beside(listen(8002), told)
		serve_beside(listen(8003), say_peer)
		serve(listen(8000), send_and_reset)
	END
	client <<-'END'
		ask(18003)
		def download(at_first):
		    s = connect(18000)
		    s.sendall(b"x")
		    at_first(s)
		    try:
		        while s.recv(65536):
		            pass
		        print("end")
		    except ConnectionResetError:
		        print("reset")
		download(lambda s: None)
		download(lambda s: None)
		download(lambda s: time.sleep(0.3))
		download(lambda s: s.shutdown(socket.SHUT_WR))
		s = connect(18001)
		try:
		    s.sendall(bytes(64 << 20))
		    print("taken")
		except ConnectionResetError:
		    print("reset")
		for i in range(3):
		    s = connect(18002)
		    s.sendall(bytes(3 << 20))
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
	END
	outside '
		start --publish 18000-18003:8000-8003; run_client
		wait_for 10 grep -q -z "t.*t.*t" "$BUNDLE/host/told"
		cat "$BUNDLE/host/told"
		urun delete --force c1'
	assert_output $'reset\nreset\nreset\nreset\nreset\nreset\nreset\nreset'
}

# Its program has sent everything and is gone, and with it the container.
@test "what a container sends last arrives whole, or its end is a reset" {
	server <<-'END'
		c, peer = listen(8000).accept()
		c.sendall(bytes(int(c.recv(100))))
		c.close()
	END
	client <<-'END'
		def download(size, wait):
		    s = connect(18000)
		    s.sendall(b"%d" % size)
		    time.sleep(wait)
		    try:
		        total = len(everything(s))
		        return "whole" if total == size else f"cut off after {total}"
		    except ConnectionResetError:
		        return "reset"
		result = download(int(sys.argv[1]), float(sys.argv[2]))
		print("as it may be" if result in sys.argv[3:] else result)
	END
	outside '
		for arguments in "100000 0 whole" "100000 0.3 whole" "20000000 0.3 whole reset"; do
			start --publish 18000:8000
			wait_for 10 urun exec c1 grep -q ":1F40 00000000:0000 0A" /proc/net/tcp
			run_client $arguments
			urun delete --force c1
		done'
	assert_output $'as it may be\nas it may be\nas it may be'
}

@test "a thousand connections at a time, each with its own bytes" {
	server <<-'END'
		serve(listen(8000), echo)
	END
	client <<-'END'
		import resource, selectors
		soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
		# Until the server listens connections are reset, at any step.
		for attempt in range(200):
		    try:
		        s = connect(18000)
		        s.sendall(b"x")
		        if s.recv(1) == b"x":
		            break
		    except OSError:
		        time.sleep(0.05)
		connections = [connect(18000) for i in range(1000)]
		for i, c in enumerate(connections):
		    c.sendall(b"%04d" % i * 1000)
		for c in connections:
		    c.shutdown(socket.SHUT_WR)
		print(sum(everything(c) == b"%04d" % i * 1000 for i, c in enumerate(connections)))
	END
	outside 'start --publish 18000:8000; run_client; urun delete --force c1'
	assert_output 1000
}

@test "with few descriptors connections wait for others to end, and are reset after a while" {
	server <<-'END'
		serve(listen(8000), echo)
	END
	client <<-'END'
		def is_served(s):
		    try:
		        s.sendall(b"x")
		        return s.recv(1) == b"x"
		    except ConnectionResetError:
		        return False
		def wait_for_server():
		    for attempt in range(200):
		        try:
		            if is_served(connect(18000)):
		                return
		        except OSError:
		            pass
		        time.sleep(0.05)
		wait_for_server()
		connections = [connect(18000) for i in range(60)]
		# One of the last waits until one of the first ends.
		served = [c for c in connections[:20] if is_served(c)]
		served.pop().close()
		for c in connections:
		    if c not in served and c.fileno() >= 0 and is_served(c):
		        served.append(c)
		print(len(served), "served, of", len(connections))
		for c in connections:
		    c.close()
		wait_for_server()
		print("again" if is_served(connect(18000)) else "no more")
	END
	# A third of the descriptors, and one more.
	outside '(ulimit -n 100; start --publish 18000:8000); run_client; urun delete --force c1'
	assert_output $'34 served, of 60\nagain'
}

@test "ten thousand connections opened and closed leave no descriptor behind" {
	server <<-'END'
		threading.stack_size(65536)
		s = listen(8000)
		while True:
		    c, peer = s.accept()
		    c.sendall(b"x")
		    c.close()
	END
	client <<-'END'
		ask(18000)
		for i in range(10000):
		    s = socket.create_connection(("192.0.2.1", 18000), 10, ("192.0.2.%d" % (10 + i % 2), 0))
		    if s.recv(1) != b"x" or s.recv(1):
		        raise SystemExit("not what was sent")
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
	END
	outside '
		ip address add 192.0.2.10/24 dev lo; ip address add 192.0.2.11/24 dev lo
		start --publish 18000:8000
		port=$(newest_process urun-port)
		count() { grep -c . <(ss -tanH state established) || true; }
		before=$(grep -E "^FDSize" /proc/$port/status)
		run_client
		sleep 0.3
		[ "$before" = "$(grep -E "^FDSize" /proc/$port/status)" ] && echo same
		count
		urun delete --force c1'
	assert_output $'same\n0'
}
