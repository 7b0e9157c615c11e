#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Names in the container: which of the host's name servers are asked, and what a change of the host's resolv.conf does.
# The host's /etc is a directory of the test's, and its name servers are net/name_server.py in the test's network namespace.
load lib.bash
load network.bash

# own_etc [SERVER…]: mounts a directory of the test's on the host's /etc, with a resolv.conf that names these servers; in outside().
own_etc() {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	cp /etc/passwd /etc/group /etc/nsswitch.conf "$BATS_TEST_TMPDIR/etc/"
	mount --bind "$BATS_TEST_TMPDIR/etc" /etc
	servers "$@" >/etc/resolv.conf
}

servers() {
	printf 'nameserver %s\n' "$@"
}

# more_addresses: adds 192.0.2.2 to 192.0.2.5 and 2001:db8::6; in outside(), before own_etc.
more_addresses() {
	local last
	for last in 2 3 4 5; do ip address add "192.0.2.$last/24" dev lo; done
	ip -6 address add 2001:db8::6/64 dev lo nodad
}

@test "urun-slirp asks the host's next name server when one is down or silent, or answers REFUSED or SERVFAIL" {
	host_programs
	program /bin/sh -c 'for i in 1 2 3; do python3 /name_query.py udp 4; done; python3 /name_query.py udp 4 fd75:7275:6e00::3; python3 /name_query.py tcp 4'
	outside '
		more_addresses
		name_server 192.0.2.2 192.0.2.102; name_server 192.0.2.3 silent; name_server 192.0.2.4 REFUSED; name_server 192.0.2.5 SERVFAIL
		own_etc
		for first in 192.0.2.1 192.0.2.3 192.0.2.4 192.0.2.5; do
			servers "$first" 192.0.2.2 >/etc/resolv.conf
			urun run --bundle "$BUNDLE" --network slirp c1
		done
		# A server that was silent once is asked last afterwards.
		echo "$(grep -c asked "$BATS_TEST_TMPDIR/asked-192.0.2.3")"
		servers 192.0.2.1 192.0.2.3 192.0.2.2 >/etc/resolv.conf
		urun run --bundle "$BUNDLE" --network slirp c1
		stop_servers'
	assert_status 0
	[ "$(grep -c '^192\.0\.2\.102$' <<<"$output")" = 25 ] || fail "$output $stderr"
	[ "$(grep '^[0-9]*$' <<<"$output")" = 1 ] || fail "$output"
}

@test "NXDOMAIN is an answer, a name server with an IPv6 address is asked too, and the answer is a failure where all servers fail" {
	host_programs
	program python3 /name_query.py udp 4
	outside '
		more_addresses
		name_server 192.0.2.2 NXDOMAIN; name_server 192.0.2.3 192.0.2.103; name_server 192.0.2.4 REFUSED; name_server 2001:db8::6 192.0.2.106
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
	shared_directory
	# Each line on stdin is the end of an address and a search domain.  The program waits a second for both.
	program bash -c 'echo ready >/shared/out
		while read -r last search; do
			for i in 1 2 3 4 5 6 7 8 9 late; do
				answer=$(python3 /name_query.py udp 1)
				[ "$answer" = "192.0.2.10$last" ] && grep -qx "search $search" /etc/resolv.conf && grep -qx "nameserver 10.0.2.3" /etc/resolv.conf && break
				[ "$i" != late ] || answer+=" late, with $(cat /etc/resolv.conf)"
				sleep 0.06
			done
			echo "$answer $search" >>/shared/out
		done'
	outside '
		more_addresses
		name_server 192.0.2.2 192.0.2.102; name_server 192.0.2.3 192.0.2.103
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

@test "a resolv.conf that the container has changed stays as it is" {
	host_programs
	shared_directory
	program /bin/sh -c 'echo "nameserver 10.0.2.3 # mine" >/etc/resolv.conf; echo >/shared/written; read line; for i in 1 2 3 4 5 6 7 8 9; do [ "$(python3 /name_query.py udp 1)" = 192.0.2.103 ] && break; done; cat /etc/resolv.conf'
	outside '
		more_addresses
		name_server 192.0.2.2 192.0.2.102; name_server 192.0.2.3 192.0.2.103
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

# follows [OPTION…]: runs a container, and checks that its resolv.conf follows the host's, through shorter and longer texts; in outside().
follows() {
	local want text pid to
	# Each line on stdin is a search domain.  The program waits a second for it, and prints the lines that it then finds.
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

@test "the container's search and options lines follow the host's, for each kind of root file system and network" {
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

# Such a file tells its type and size only in the user namespace of its mount, which neither urun nor urun-slirp is in.
@test "the lines follow the host's in an overlay by FUSE too" {
	needs_fuse
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

# A second name keeps the runtime's file in reach: once the host's new text is in it, urun would have written the file that replaced it too.
@test "urun leaves a resolv.conf alone that the container replaced by a file of its own, in an overlay too" {
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
