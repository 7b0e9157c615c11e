# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the network share: an outside world that is a namespace of the test's, and programs in the container.

# The test's further lines run in a user and a network namespace, with the addresses of an outside world on its lo.
outside() {
	declare -f >"$BATS_TEST_TMPDIR/functions"
	export URUN BUNDLE STATE BATS_TEST_TMPDIR
	observe with_subids unshare --net --mount -- timeout 60 bash -euo pipefail -c '
		. "$BATS_TEST_TMPDIR/functions"
		SERVERS=()
		ip link set lo up
		ip address add 192.0.2.1/24 dev lo
		ip -6 address add 2001:db8::1/64 dev lo nodad
		ip route add default via 192.0.2.9 2>/dev/null || true
		echo 0 0 >/proc/sys/net/ipv4/ping_group_range
		'"$1"
}

# A server that sends what it is sent, or as "stream" 32 MiB of numbers, as "long" 3 GiB and after a rest 64 MiB more, on an address
# and port; says so on a line when it listens.  A client of "tcp" may reset.  echo_server udp|tcp|stream|long ADDRESS PORT
echo_server() {
	cat >"$BATS_TEST_TMPDIR/echo.py" <<-'END'
		import socket, struct, sys, time
		kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
		family = socket.AF_INET6 if ":" in address else socket.AF_INET
		s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind((address, port))
		if kind != "udp":
		    s.listen(100)
		print("listening", flush=True)
		while True:
		    if kind == "udp":
		        data, peer = s.recvfrom(65536)
		        s.sendto(b"echo " + data, peer)
		        continue
		    c, peer = s.accept()
		    if kind == "tcp":
		        try:
		            c.sendall(b"echo " + c.recv(65536))
		        except ConnectionResetError:
		            pass
		    elif kind == "long":
		        for mib in range(3072 + 64):
		            if mib == 3072:
		                time.sleep(2.5)
		            c.sendall(bytes(1 << 20))
		    else:
		        for begin in range(0, 8 << 20, 1 << 16):
		            c.sendall(struct.pack("!65536I", *range(begin, begin + 65536)))
		    c.close()
	END
	exec timeout 50 python3 "$BATS_TEST_TMPDIR/echo.py" "$@"
}

# start_server KIND ADDRESS PORT: it ends with the test's namespace, or by its own time.
start_server() {
	echo_server "$@" >"$BATS_TEST_TMPDIR/server-$1-$3" &
	SERVERS+=($!)
	for _ in $(seq 200); do
		[ -s "$BATS_TEST_TMPDIR/server-$1-$3" ] && return 0
		sleep 0.02
	done
	return 1
}

stop_servers() {
	kill "${SERVERS[@]}"
	wait "${SERVERS[@]}" || true
}

# The host's programs in the container, read-only: it has clients that busybox lacks.
host_programs() {
	local folder
	mkdir -p "$BUNDLE/host"
	for folder in usr lib lib64 bin sbin; do
		[ -e "/$folder" ] || continue
		mkdir -p "$BUNDLE/host/$folder"
		config '.mounts = [{"destination": $to, "type": "bind", "source": $to, "options": ["rbind", "ro"]}] + .mounts' --arg to "/$folder"
	done
	for folder in proc dev sys etc tmp run; do mkdir -p "$BUNDLE/host/$folder"; done
	config '.root.path = "host"'
}

# with_capabilities NAME…: what the program may do in its own namespaces.
with_capabilities() {
	config '.process.capabilities = ([.process.capabilities | to_entries[] | .value += $ARGS.positional] | from_entries)' --args -- "$@"
}

# The status of urun-slirp: one line of /proc/PID/status.
slirp_status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(newest_process urun-slirp)/status"
}
