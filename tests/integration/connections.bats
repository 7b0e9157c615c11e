#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Thousands of connections of one container: all are served, in bounded memory, and nothing of them stays.
load lib.bash
load network.bash

# answers_of SIZE: server.py answers each connection's first byte with so many bytes, and closes after a second one.
answers_of() {
	cat >"$BATS_TEST_TMPDIR/server.py" <<-END
		import asyncio
		async def serve(reader, writer):
		    await reader.read(1)
		    writer.write(bytes($1))
		    await writer.drain()
		    await reader.read(1)
		    writer.close()
		async def main():
		    server = await asyncio.start_server(serve, "192.0.2.1", 7001, backlog=1024)
		    print("listening", flush=True)
		    await server.serve_forever()
		asyncio.run(main())
	END
}

@test "ten thousand connections opened and closed leave no descriptor behind" {
	host_programs
	cat >"$BUNDLE/host/client.py" <<-'END'
		import os, socket, struct, time
		for i in range(10000):
		    s = socket.create_connection(("192.0.2.1", 7001), 10)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
		print("opened")
		open("/shared/done", "w")
		while os.path.exists("/shared/done"):
		    time.sleep(0.05)
		s = socket.create_connection(("192.0.2.1", 7001), 10)
		s.sendall(b"again")
		print(s.recv(100).decode())
	END
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	program timeout 50 python3 /client.py
	outside '
		start_server tcp 192.0.2.1 7001
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 40 test -e "$BUNDLE/shared/done"
		sleep 0.5
		size=$(slirp_status FDSize)
		[ "$size" -le 512 ] || echo "$size descriptors"
		rm "$BUNDLE/shared/done"
		wait $run
		stop_servers'
	assert_status 0
	assert_output $'opened\necho again'
}

@test "hundreds of connections at a time are all served, in little memory that is given back" {
	host_programs
	answers_of 20000
	cat >"$BUNDLE/host/client.py" <<-'END'
		import os, select, socket, time
		def step(name):
		    open("/shared/" + name, "w")
		    while os.path.exists("/shared/" + name):
		        time.sleep(0.02)
		step("idle")
		poll, peers, left = select.epoll(), {}, {}
		for i in range(600):
		    peer = socket.socket()
		    peer.setblocking(False)
		    peer.connect_ex(("192.0.2.1", 7001))
		    peers[peer.fileno()] = peer
		    left[peer.fileno()] = 20000
		    poll.register(peer, select.EPOLLOUT)
		while left:
		    ready = poll.poll(10)
		    assert ready, f"{len(left)} wait"
		    for fd, events in ready:
		        error = peers[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
		        assert not error, os.strerror(error)
		        if events & select.EPOLLOUT:
		            peers[fd].send(b"x")
		            poll.modify(fd, select.EPOLLIN)
		            continue
		        data = peers[fd].recv(65536)
		        assert data, "cut off"
		        left[fd] -= len(data)
		        if not left[fd]:
		            del left[fd]
		            poll.unregister(fd)
		step("served")
		for peer in peers.values():
		    peer.close()
		step("closed")
		print(len(peers), "served")
	END
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	program timeout 50 python3 /client.py
	outside '
		timeout 50 python3 "$BATS_TEST_TMPDIR/server.py" >"$BATS_TEST_TMPDIR/server" &
		SERVERS+=($!)
		wait_for 10 test -s "$BATS_TEST_TMPDIR/server"
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 20 test -e "$BUNDLE/shared/idle"
		idle=$(slirp_status VmRSS)
		is_given_back() {
			local now
			now=$(slirp_status VmRSS)
			[ "${now% kB}" -le $((${idle% kB} + 4096)) ] || has_sanitizers
		}
		rm "$BUNDLE/shared/idle"
		wait_for 20 test -e "$BUNDLE/shared/served"
		peak=$(slirp_status VmHWM)
		[ "${peak% kB}" -le 40960 ] || has_sanitizers || echo "$peak at the peak"
		rm "$BUNDLE/shared/served"
		wait_for 20 test -e "$BUNDLE/shared/closed"
		wait_for 5 is_given_back || echo "$(slirp_status VmRSS) are kept"
		rm "$BUNDLE/shared/closed"
		wait $run
		stop_servers'
	assert_status 0
	assert_output '600 served'
}

# libslirp keeps a buffer for what it has read for a connection, until that one ends.
@test "hundreds of connections with large answers are served a few at a time, in little memory" {
	host_programs
	answers_of 200000
	cat >"$BUNDLE/host/client.py" <<-'END'
		import os, select, socket, time
		poll, peers, left, served = select.epoll(), {}, {}, 0
		for i in range(400):
		    peer = socket.create_connection(("192.0.2.1", 7001), 10)
		    peers[peer.fileno()] = peer
		    left[peer.fileno()] = 200000
		    poll.register(peer, select.EPOLLIN)
		for peer in peers.values():
		    peer.send(b"x")
		while left:
		    ready = poll.poll(10)
		    assert ready, f"{len(left)} wait"
		    for fd, events in ready:
		        data = peers[fd].recv(65536)
		        assert data, "cut off"
		        left[fd] -= len(data)
		        if not left[fd]:
		            del left[fd]
		            # A client with some work to do before it closes.
		            time.sleep(0.002)
		            peers.pop(fd).close()
		            served += 1
		print(served, "served", flush=True)
		open("/shared/served", "w")
		while os.path.exists("/shared/served"):
		    time.sleep(0.02)
	END
	mkdir "$BUNDLE/shared"
	config '.mounts += [{"destination": "/shared", "type": "bind", "source": "shared", "options": ["bind"]}]'
	program timeout 50 python3 /client.py
	outside '
		timeout 50 python3 "$BATS_TEST_TMPDIR/server.py" >"$BATS_TEST_TMPDIR/server" &
		SERVERS+=($!)
		wait_for 10 test -s "$BATS_TEST_TMPDIR/server"
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		wait_for 40 test -e "$BUNDLE/shared/served"
		peak=$(slirp_status VmHWM)
		[ "${peak% kB}" -le 40960 ] || has_sanitizers || echo "$peak at the peak"
		rm "$BUNDLE/shared/served"
		wait $run
		stop_servers'
	assert_status 0
	assert_output '400 served'
}
