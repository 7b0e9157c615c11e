#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# TCP streams between a container and the host's network: they arrive whole and without a stall, whoever reads when he likes, and
# one that was cut off by a reset doesn't look whole.
load lib.bash
load network.bash

# What both ends share: streams of numbered MiB, and ends by a reset.
common() {
	cat <<-'END'
		import random, socket, struct, sys, threading, time
		MIB = 1 << 20
		text = random.Random(1).randbytes(MIB)
		def send(s, mibs):
		    block = bytearray(text)
		    for i in range(mibs):
		        struct.pack_into("!I", block, 0, i)
		        s.sendall(block)
		def receive(s, mibs, rest=0):
		    expected, got = bytearray(text), bytearray(MIB)
		    for i in range(mibs):
		        struct.pack_into("!I", expected, 0, i)
		        size = 0
		        while size < MIB and (part := s.recv_into(memoryview(got)[size:])):
		            size += part
		        if got[:size] != expected:
		            return f"not whole at MiB {i}"
		        time.sleep(rest)
		    return "whole"
		def reset(s):
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
		def end_of(s):
		    room = bytearray(MIB)
		    try:
		        while s.recv_into(room):
		            pass
		        return "end"
		    except ConnectionResetError:
		        return "reset"
	END
}

# host_server TEXT: for each connection handle(c, mode) is called, with the byte that it begins with.
host_server() {
	{
		common
		cat
		cat <<-'END'
			def serve(c):
			    c.settimeout(20)
			    result = handle(c, c.recv(1))
			    if result:
			        with open(sys.argv[1], "a") as file:
			            print(result, file=file)
			    c.close()
			with socket.create_server(("192.0.2.1", 7001)) as listener:
			    open(sys.argv[1], "w").close()
			    while True:
			        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
		END
	} >"$BATS_TEST_TMPDIR/host.py"
}

# container_client TEXT: connect(mode) is a new connection.
container_client() {
	host_programs
	{
		common
		cat <<-'END'
			def connect(mode):
			    s = socket.create_connection(("192.0.2.1", 7001), 10)
			    s.settimeout(20)
			    s.sendall(mode)
			    return s
		END
		cat
	} >"$BUNDLE/host/client.py"
	program python3 /client.py
}

# with_host LINES COMMAND: until the host has written so many lines, which follow on the container's output, sorted.
with_host() {
	outside "
		timeout 50 python3 \"\$BATS_TEST_TMPDIR/host.py\" \"\$BATS_TEST_TMPDIR/host\" & host=\$!
		wait_for 10 test -e \"\$BATS_TEST_TMPDIR/host\"
		$2
		for _ in \$(seq 200); do [ \"\$(wc -l <\"\$BATS_TEST_TMPDIR/host\")\" -ge $1 ] && break; sleep 0.05; done
		LC_ALL=C sort \"\$BATS_TEST_TMPDIR/host\"
		kill \$host; wait \$host || true"
}

uploads() {
	host_server <<-'END'
		def handle(c, mode):
		    if mode == b"l":
		        time.sleep(0.4)
		    if mode == b"w":
		        c.shutdown(socket.SHUT_WR)
		    sender = threading.Thread(target=send, args=(c, 64 if mode in b"bz" else 0))
		    sender.start()
		    result = receive(c, 64, 0.004 if mode == b"s" else 0)
		    sender.join()
		    return mode.decode() + " " + result
	END
	container_client <<-'END'
		# To a host that reads at once, that reads slowly, later, and that has said shutdown(SHUT_WR).
		for mode in b"f", b"s", b"l", b"w":
		    with connect(mode) as s:
		        send(s, 64)
		        s.shutdown(socket.SHUT_WR)
		        end_of(s)
		# Both directions at once.
		with connect(b"b") as s:
		    sender = threading.Thread(target=send, args=(s, 64))
		    sender.start()
		    print("download", receive(s, 64), flush=True)
		    sender.join()
		# To a host that sends meanwhile, which the container reads later only.
		with connect(b"z") as s:
		    send(s, 64)
		    print("download", receive(s, 64), flush=True)
	END
}

@test "an upload arrives whole: to hosts that read slowly, later, that have ended their own stream, or send meanwhile" {
	uploads
	with_host 6 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_output $'download whole\ndownload whole\nb whole\nf whole\nl whole\ns whole\nw whole\nz whole'
}

@test "an upload without window scaling arrives whole as well" {
	uploads
	config '.linux.sysctl["net.ipv4.tcp_window_scaling"] = "0"'
	with_host 6 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_output $'download whole\ndownload whole\nb whole\nf whole\nl whole\ns whole\nw whole\nz whole'
}

# libslirp sends one segment and waits 40 ms for its acknowledgement where a window has no room for two of the largest.
@test "of eight downloads at once none falls behind" {
	host_server <<-'END'
		def handle(c, mode):
		    send(c, 24)
	END
	container_client <<-'END'
		def download():
		    begin = time.monotonic()
		    with connect(b"d") as s:
		        result = receive(s, 24)
		    # At 32 KiB in 40 ms it takes 31 s.
		    print(result if time.monotonic() - begin < 8 else "late", flush=True)
		threads = [threading.Thread(target=download) for i in range(8)]
		for thread in threads:
		    thread.start()
		for thread in threads:
		    thread.join()
	END
	with_host 0 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_output $'whole\nwhole\nwhole\nwhole\nwhole\nwhole\nwhole\nwhole'
}

@test "a reset of the host is a reset for the container, and one of the container for the host" {
	host_server <<-'END'
		def handle(c, mode):
		    if mode == b"r":
		        return "host: " + end_of(c)
		    if mode == b"u":
		        receive(c, 4)
		    else:
		        send(c, 24)
		    reset(c)
	END
	container_client <<-'END'
		def download(at_first):
		    with connect(b"d") as s:
		        at_first(s)
		        print(end_of(s), flush=True)
		download(lambda s: None)
		download(lambda s: None)
		download(lambda s: time.sleep(0.2))
		download(lambda s: s.shutdown(socket.SHUT_WR))
		with connect(b"u") as s:
		    try:
		        send(s, 64)
		        print("taken", flush=True)
		    except ConnectionResetError:
		        print("reset", flush=True)
		for i in range(3):
		    s = connect(b"r")
		    send(s, 16)
		    reset(s)
	END
	with_host 3 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_output $'reset\nreset\nreset\nreset\nreset\nhost: reset\nhost: reset\nhost: reset'
}

@test "an end in order is one, whoever ends first" {
	host_server <<-'END'
		def handle(c, mode):
		    if mode == b"h":
		        send(c, 16)
		        c.shutdown(socket.SHUT_WR)
		        return "host: " + receive(c, 16) + ", " + end_of(c)
		    result = "host: " + receive(c, 16) + ", " + end_of(c)
		    send(c, 16)
		    return result
	END
	container_client <<-'END'
		with connect(b"h") as s:
		    print(receive(s, 16) + ", " + end_of(s), flush=True)
		    send(s, 16)
		with connect(b"c") as s:
		    send(s, 16)
		    s.shutdown(socket.SHUT_WR)
		    print(receive(s, 16) + ", " + end_of(s), flush=True)
	END
	with_host 2 'urun run --bundle "$BUNDLE" --network slirp c1'
	assert_output $'whole, end\nwhole, end\nhost: whole, end\nhost: whole, end'
}

# The program has sent everything and ends, and with it the container, while the host has read little of it.
@test "what a container sends last arrives whole" {
	host_server <<-'END'
		def handle(c, mode):
		    mibs = c.recv(1)[0]
		    time.sleep(0.3 if mode == b"l" else 0)
		    return f"{mibs:2} MiB: " + receive(c, mibs) + ", " + end_of(c)
	END
	container_client <<-'END'
		s = connect(sys.argv[1].encode())
		s.sendall(bytes([int(sys.argv[2])]))
		send(s, int(sys.argv[2]))
	END
	with_host 4 '
		for arguments in "f 1" "l 1" "f 12" "l 12"; do
			program python3 /client.py $arguments
			urun run --bundle "$BUNDLE" --network slirp c1
		done'
	assert_output $' 1 MiB: whole, end\n 1 MiB: whole, end\n12 MiB: whole, end\n12 MiB: whole, end'
}
