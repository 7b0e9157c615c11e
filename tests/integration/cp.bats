#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `urun cp`: files between a container and the host, and tar streams.
load lib.bash
load looker.bash

# start [FILTER]: runs a container c1 in the background, with the config changed by a jq filter.
start() {
	[ $# = 0 ] || config "$1"
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

# inside TEXT: runs the line of shell in the container.
inside() {
	urun exec c1 /bin/sh -c "$1"
}

stop() {
	urun delete --force c1
}

# work: goes to an empty directory of the test's own.
work() {
	mkdir -p "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || fail "no directory to work in"
}

# Each row: SRC, DEST, and what is there afterwards: "PATH=CONTENTS", or a part of the error.  "f" is a file with "new", "d" a directory
# with the file "x", "old" a file with "old", "dir" a directory.  Source: docker-cp(1).
TABLE='
f  nothing         nothing=new
f  nothing/        no such file or directory
f  no/where        no such file or directory
f  old             old=new
f  old/            not a directory
f  dir             dir/f=new
f  dir/            dir/f=new
f  dir/.           dir/f=new
f  dir/nothing     dir/nothing=new
f  link-to-old     old=new
f  link-to-dir     dir/f=new
f  link-to-nothing nothing=new
f/ dir             not a directory
d  nothing         nothing/x=new
d  nothing/        nothing/x=new
d  old             replaced by a directory
d  dir             dir/d/x=new
d  dir/            dir/d/x=new
d  link-to-dir     dir/d/x=new
d  dir/nothing     dir/nothing/x=new
d/ dir             dir/d/x=new
d/. dir            dir/x=new
d/. nothing        nothing/x=new
d/. old            replaced by a directory
no dir             no such file or directory
'

# make_sources DIR, make_destinations DIR: make what the table speaks of.
make_sources() {
	mkdir -p "$1/d"
	echo new | tee "$1/f" >"$1/d/x"
}

make_destinations() {
	rm -rf "$1"
	mkdir -p "$1/dir"
	echo old >"$1/old"
	ln -s old "$1/link-to-old"
	ln -s dir "$1/link-to-dir"
	ln -s nothing "$1/link-to-nothing"
}

# check_table SRC-PREFIX DEST-PREFIX DIR: DIR is the directory of the destinations as this process sees it.
check_table() {
	local source destination expected
	while read -r source destination expected; do
		[ -n "$source" ] || continue
		make_destinations "$3"
		try cp "$1$source" "$2$destination"
		case $expected in
		*=*)
			assert_status 0
			[ "$(cat "$3/${expected%=*}" 2>&1)" = "${expected#*=}" ] ||
				fail "cp $source $destination: $(find "$3" -ls)"
			;;
		*)
			assert_status 1
			assert_one_line "$expected"
			[ "$(cat "$3/old")" = old ]
			;;
		esac
	done <<<"$TABLE"
}

@test "cp out of a container: what SRC and DEST mean is docker's table" {
	start
	work
	make_sources "$BUNDLE/rootfs/src"
	check_table c1:/src/ "$PWD/out/" "$PWD/out"
	cd "$PWD/out"
	try cp c1:src/f .
	assert_status 0
	[ "$(cat f)" = new ]
	stop
}

@test "cp into a container: what SRC and DEST mean is docker's table" {
	start
	work
	make_sources src
	check_table "$PWD/src/" c1:/out/ "$BUNDLE/rootfs/out"
	cd src/d
	try cp . c1:/out/dir
	assert_status 0
	[ "$(cat "$BUNDLE/rootfs/out/dir/x")" = new ]
	stop
}

@test "cp sees what the container sees: its volumes and file systems in memory" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	start '.mounts += [{"destination": "/memory", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/volume", "type": "bind", "source": "'"$BATS_TEST_TMPDIR/volume"'", "options": ["rbind"]}]'
	work
	inside 'echo from-memory >/memory/file'
	echo from-host >"$BATS_TEST_TMPDIR/volume/file"
	try cp c1:/memory/file memory
	assert_status 0
	try cp c1:/volume/file volume
	assert_status 0
	[ "$(cat memory volume)" = $'from-memory\nfrom-host' ]
	try cp memory c1:/volume/new
	assert_status 0
	try cp volume c1:/memory/new
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/volume/new")" = from-memory ]
	[ "$(inside 'cat /memory/new')" = from-host ]
	stop
}

@test "cp: links of the container lead nowhere but into its root, and none in a tree is followed" {
	local root=$BUNDLE/rootfs
	start
	work
	echo secret >"$BATS_TEST_TMPDIR/secret"
	ln -s "$BATS_TEST_TMPDIR/secret" "$root/absolute"
	ln -s ../../../../../../../../../../"$BATS_TEST_TMPDIR/secret" "$root/up"
	ln -s /etc "$root/inner"
	ln -s "$BATS_TEST_TMPDIR" "$root/away"
	for path in absolute up away/secret; do
		try cp "c1:/$path" out
		assert_status 1
		assert_one_line 'no such file or directory'
	done
	try cp c1:/inner/passwd out
	assert_status 0
	cmp out "$root/etc/passwd"
	try cp out c1:/away
	assert_status 1
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
	mkdir -p "$root/tree/sub" tree
	ln -s "$BATS_TEST_TMPDIR" "$root/tree/link"
	ln -s "$BATS_TEST_TMPDIR" tree/sub
	try cp c1:/tree/. tree
	assert_status 1
	assert_one_line 'it is no directory'
	rm tree/sub
	try cp c1:/tree/. tree
	assert_status 0
	[ "$(readlink tree/link)" = "$BATS_TEST_TMPDIR" ]
	stop
}

@test "cp: FIFOs, sockets and devices never make it wait" {
	local root=$BUNDLE/rootfs
	start
	work
	mkdir "$root/odd"
	mkfifo "$root/odd/fifo" fifo
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$root/odd/socket"
	echo last >"$root/odd/file"
	try cp c1:/odd .
	assert_status 0
	assert_contains "$stderr" 'not copied: odd/socket: it is a socket'
	[ -p odd/fifo ]
	[ "$(cat odd/file)" = last ]
	try cp c1:/odd/socket .
	assert_one_line 'it is a socket'
	try cp c1:/dev/null .
	assert_one_line 'is a device, and urun makes none'
	try cp c1:/dev devices
	assert_status 0
	assert_contains "$stderr" 'urun makes no device'
	[ -d devices ]
	for destination in c1:/odd/fifo c1:/odd/socket c1:/dev/null; do
		try cp odd/file "$destination"
		assert_status 1
		assert_one_line 'neither a file nor a directory'
	done
	try cp /dev/stdin c1:/odd
	assert_status 1
	assert_one_line 'an open file of a process'
	observe urun cp <(echo x) c1:/odd
	assert_status 1
	assert_one_line 'an open file of a process'
	observe bash -c '"$@" | cat' bash "$URUN" --root "$STATE" cp c1:/odd/file /dev/stdout
	assert_one_line 'neither a file nor a directory' 'tar -xO'
	try cp c1:/odd/file fifo
	assert_one_line 'neither a file nor a directory'
	stop
}

@test "cp keeps modes, times, hard links, holes and extended attributes, both ways" {
	start
	work
	mkdir src
	echo hello >src/file
	chmod 741 src/file
	touch -d '2001-02-03 04:05:06.123456789' src/file
	ln src/file src/again
	truncate -s 64M src/sparse
	echo data | dd of=src/sparse bs=1M seek=32 conv=notrunc status=none
	python3 -c 'import os, sys; os.setxattr("src/file", "user.mark", b"kept\0bytes")' || skip "the file system has no extended attributes"
	mkdir -m 500 src/locked
	touch -d '2002-02-02 02:02:02.5' src/locked
	try cp src c1:/
	assert_status 0
	try cp c1:/src back
	assert_status 0
	[ "$(stat -c '%a %y' back/file)" = "$(stat -c '%a %y' src/file)" ]
	[ "$(stat -c '%a %y' back/locked)" = "$(stat -c '%a %y' src/locked)" ]
	[ back/file -ef back/again ]
	cmp src/sparse back/sparse
	[ "$(du -k back/sparse | cut -f1)" -le 1024 ]
	[ "$(du -k "$BUNDLE/rootfs/src/sparse" | cut -f1)" -le 1024 ]
	[ "$(python3 -c 'import os; print(os.getxattr("back/file", "user.mark"))')" = "b'kept\\x00bytes'" ]
	stop
}

@test "cp: files in a container are its user's, files on the host the caller's, and --archive keeps owners" {
	has_subids || skip "this user has no subids"
	local root=$BUNDLE/rootfs subid
	subid=$(($(subid_range uid | cut -d' ' -f1) + 32))
	start '.process.user = {"uid": 33, "gid": 34}'
	work
	echo mine >mine
	try cp mine c1:/tmp/mine
	assert_status 0
	[ "$(stat -c %u "$root/tmp/mine")" = "$subid" ]
	[ "$(urun exec --user 0 c1 stat -c %u:%g /tmp/mine)" = 33:34 ]
	inside 'chmod 4700 /tmp/mine'
	try cp c1:/tmp/mine out
	assert_status 0
	[ "$(stat -c %u:%a out)" = "$UID:700" ]
	try cp -a c1:/tmp/mine kept
	assert_status 0
	[ "$(stat -c %u:%a kept)" = "$subid:4700" ]
	try cp -a kept c1:/tmp/again
	assert_status 0
	[ "$(stat -c %u:%a "$root/tmp/again")" = "$subid:4700" ]
	try cp -a mine c1:/tmp/root
	assert_status 0
	[ "$(urun exec --user 0 c1 stat -c %u:%g /tmp/root)" = 0:0 ]
	[ "$(urun cp c1:/tmp/mine - | tar -tv --numeric-owner | cut -d' ' -f2)" = 33/34 ]
	urun unshare rm -f kept
	stop
}

@test "cp: a link that another user has put into a directory for all is not followed" {
	has_subids || skip "this user has no subids"
	start
	work
	mkdir -m 1777 shared
	echo precious >mine
	urun unshare sh -c 'ln -s ../mine shared/link && chown -h 33:33 shared/link'
	try cp c1:/etc/passwd shared/link
	assert_status 1
	assert_one_line 'permission denied'
	[ "$(cat mine)" = precious ]
	ln -s ../mine shared/own
	try cp c1:/etc/passwd shared/own
	assert_status 0
	cmp mine "$BUNDLE/rootfs/etc/passwd"
	stop
}

@test "cp: a tar stream is read from stdin and written to stdout, as tar(1) has it" {
	start
	work
	mkdir -p src/sub
	echo one >src/one
	echo two >src/sub/two
	tar -C src -c . | urun cp - c1:/tmp
	[ "$(inside 'cat /tmp/one /tmp/sub/two')" = $'one\ntwo' ]
	mkdir out
	urun cp c1:/tmp - | tar -C out -x
	[ "$(cat out/tmp/one out/tmp/sub/two)" = $'one\ntwo' ]
	urun cp c1:/tmp/. - | tar -C out -x
	[ "$(cat out/one)" = one ]
	[ "$(urun cp c1:/tmp/one - | tar -xO)" = one ]
	observe urun cp - c1:/tmp/nowhere < <(tar -C src -c .)
	assert_status 1
	assert_one_line 'c1:/tmp/nowhere: no such file or directory'
	# The reader ends early.
	observe bash -o pipefail -c '"$@" | head -c 1 >/dev/null' bash env --default-signal=PIPE "$URUN" --root "$STATE" cp c1:/bin -
	assert_status 141
	[ -z "$stderr" ]
	stop
}

@test "cp: a hostile tar stream changes nothing outside of the directory" {
	local root=$BUNDLE/rootfs
	start
	work
	echo evil >evil
	mkdir "$root/tmp/in"
	for name in ../evil /../evil a/../../evil; do
		tar -cPf evil.tar --transform "s|^evil|$name|" evil
		observe urun cp - c1:/tmp/in <evil.tar
		assert_status 1
		assert_one_line 'leads out of the directory'
	done
	tar -cPf evil.tar --transform "s|^evil|/evil|" evil
	observe urun cp - c1:/tmp/in <evil.tar
	assert_status 0
	[ -e "$root/tmp/in/evil" ]
	[ ! -e "$root/evil" ]
	[ ! -e "$root/tmp/evil" ]
	# A link, and then a file through the link.
	ln -s /etc link
	mkdir dir
	echo evil >dir/passwd
	tar -cf evil.tar link
	tar -rf evil.tar --transform 's|^dir|link|' dir/passwd
	observe urun cp - c1:/tmp/in <evil.tar
	assert_status 1
	assert_one_line 'it is no directory'
	refute_contains "$(cat "$root/etc/passwd")" evil
	# A hard link to a file outside.
	ln evil hard
	tar -cPf evil.tar --transform 's|^evil|../../etc/passwd|;s|^hard|stolen|' evil hard
	observe urun cp - c1:/tmp/in <evil.tar
	assert_status 1
	[ ! -e "$root/tmp/in/stolen" ]
	gzip -c evil.tar >evil.gz
	observe urun cp - c1:/tmp/in <evil.gz
	assert_one_line 'compressed by gzip' zcat
	observe urun cp - c1:/tmp/in </dev/null
	[ "$stderr" = 'urun: tar stream: it is empty' ]
	head -c 700 evil.tar >cut.tar
	observe urun cp - c1:/tmp/in <cut.tar
	assert_status 1
	stop
}

@test "cp: a directory that becomes a link during the copy is not followed" {
	local root=$BUNDLE/rootfs
	start
	work
	mkdir -p src/d src/e "$root/tmp/in"
	touch src/d/one src/e/two src/d/three
	tar -C src --no-recursion -cf 1.tar d d/one
	tar -C src --no-recursion -cf 2.tar e e/two
	tar -C src --no-recursion -cf 3.tar d/three
	mkfifo stream
	urun cp - c1:/tmp/in <stream 2>err &
	exec 7>stream
	head -c 1024 1.tar >&7
	wait_for 5 test -e "$root/tmp/in/d/one"
	head -c 1024 2.tar >&7
	wait_for 5 test -e "$root/tmp/in/e/two"
	inside 'mv /tmp/in/d /tmp/moved; ln -s /etc /tmp/in/d'
	head -c 512 3.tar >&7
	exec 7>&-
	wait_status $!
	[ "$status" = 1 ]
	assert_contains "$(cat err)" 'it is no directory'
	[ ! -e "$root/etc/three" ]
	[ ! -e "$root/tmp/moved/three" ]
	stop
}

@test "cp: a tree whose names are longer than a path may be is copied whole" {
	start
	work
	python3 -c 'import os; [(os.mkdir("n" * 200), os.chdir("n" * 200)) for _ in range(30)]; open("end", "w").write("deep")'
	try cp "$(printf 'n%.0s' {1..200})" c1:/tmp/deep
	assert_status 0
	try cp c1:/tmp/deep back
	assert_status 0
	[ "$(python3 -c 'import os; os.chdir("back"); [os.chdir("n" * 200) for _ in range(29)]; print(open("end").read())')" = deep ]
	stop
}

@test "cp of a stopped container: its root, its overlay and its volumes; not what was in memory" {
	local root=$BUNDLE/rootfs
	work
	mkdir changes volume
	config '.annotations["org.urun.overlay"] = $changes | .mounts += [{"destination": "/volume", "type": "bind", "source": $volume, "options": ["bind", "ro"]}, {"destination": "/memory", "type": "tmpfs", "source": "tmpfs"}]' --arg changes "$PWD/changes" --arg volume "$PWD/volume"
	mkdir "$root/volume"
	echo in-volume >volume/file
	sh_program 'echo changed >/etc/new; rm /etc/group; echo gone >/memory/file'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	urun start c1
	wait_for 5 is_status c1 stopped
	try cp c1:/etc etc
	assert_status 0
	[ "$(cat etc/new)" = changed ]
	[ ! -e etc/group ]
	[ -e etc/passwd ]
	try cp c1:/volume/file .
	assert_status 0
	[ "$(cat file)" = in-volume ]
	try cp file c1:/etc/later
	assert_status 0
	[ -e changes/upper/etc/later ]
	[ ! -e "$root/etc/later" ]
	try cp file c1:/volume/later
	assert_status 1
	assert_one_line 'read-only file system'
	try cp c1:/memory/file .
	assert_status 1
	assert_one_line 'the container is stopped' /memory
	try cp c1:/ whole
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
	[ "$(cat whole/volume/file whole/etc/new)" = $'in-volume\nchanged' ]
	# Another container has its changes in the same directory by now.
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
	try cp c1:/etc/new .
	assert_status 1
	assert_one_line 'in use by the container c2'
	try cp c2:/etc/new .
	assert_status 0
	urun delete --force c2
	urun delete c1
	urun unshare rm -rf changes
}

@test "cp into a stopped container whose overlay was in memory leaves the root file system below as it is" {
	local root=$BUNDLE/rootfs
	work
	echo new >file
	detached c1 --overlay sleep 60
	urun stop c1
	try cp file c1:/etc/passwd
	assert_status 1
	assert_contains "$stderr" 'read-only file system'
	try cp file c1:/etc/new
	assert_status 1
	[ ! -e "$root/etc/new" ] && ! grep -q new "$root/etc/passwd" || fail "$(cat "$root/etc/passwd")"
	try cp c1:/etc/passwd .
	assert_status 0
	cmp passwd "$root/etc/passwd"
	urun rm c1
}

@test "cp: a read-only root, a full disk and a container that isn't there are one line each" {
	start '.root.readonly = true | .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=128k"]}]'
	work
	head -c 1000000 /dev/zero >big
	try cp big c1:/etc
	assert_status 1
	assert_one_line 'c1:/etc/big: read-only file system'
	try cp big c1:/tmp
	assert_status 1
	assert_one_line 'c1:/tmp/big: no space left on device'
	[ -z "$(inside 'ls -A /tmp')" ]
	try cp c1:/bin/busybox "$PWD/none/file"
	assert_one_line 'none/file: no such file or directory'
	try cp nobody:/etc .
	assert_status 1
	assert_one_line 'container nobody does not exist'
	try cp big bigger
	assert_one_line 'neither big nor bigger is a container'
	try cp c1:/nope .
	assert_one_line 'c1:/nope: no such file or directory'
	stop
}

@test "cp replaces files, writes a file on which another is mounted, and removes nothing without --overwrite" {
	echo before >"$BATS_TEST_TMPDIR/mounted"
	start '.mounts += [{"destination": "/etc/mounted", "type": "bind", "source": "'"$BATS_TEST_TMPDIR/mounted"'", "options": ["bind"]}]'
	work
	echo after >new
	try cp new c1:/etc/mounted
	assert_status 0
	[ "$(cat "$BATS_TEST_TMPDIR/mounted")" = after ]
	mkdir -p dir/passwd
	try cp dir/passwd c1:/etc
	assert_status 1
	assert_one_line 'c1:/etc/passwd: it is no directory' --overwrite
	try cp --overwrite dir/passwd c1:/etc
	assert_status 0
	[ -d "$BUNDLE/rootfs/etc/passwd" ]
	try cp --overwrite new c1:/etc/passwd
	assert_status 0
	[ -f "$BUNDLE/rootfs/etc/passwd/new" ]
	stop
}

@test "cp that is stopped or killed leaves no process, and no half file in the container" {
	local root=$BUNDLE/rootfs signal
	start
	work
	truncate -s 100M zeros
	tar -cf zeros.tar zeros
	mkfifo stream
	for signal in TERM INT KILL; do
		# bash ignores SIGINT in what it starts in the background.
		env --default-signal=INT "$URUN" --root "$STATE" cp - c1:/tmp <stream 2>err &
		exec 7>stream
		head -c 1000000 zeros.tar >&7
		wait_for 5 test -s "$root/tmp/zeros"
		kill -"$signal" $!
		wait_status $!
		exec 7>&-
		[ "$status" = $((128 + $(kill -l "$signal"))) ] || fail "$signal: $status, $(cat err)"
		wait_for 5 eval '[ -z "$(ls -A "$root/tmp")" ]'
		wait_for 5 eval '[ -z "$(processes_of_ours urun-cp)" ]'
	done
	stop
}

@test "cp ends with an error when the container ends" {
	start
	work
	truncate -s 100M zeros
	tar -cf zeros.tar zeros
	mkfifo stream
	urun cp - c1:/tmp <stream 2>err &
	exec 7>stream
	head -c 1000000 zeros.tar >&7
	wait_for 5 test -s "$BUNDLE/rootfs/tmp/zeros"
	stop
	head -c 1000000 zeros.tar >&7 || true
	wait_status $!
	exec 7>&-
	[ "$status" = 1 ]
	[ "$(cat err)" = 'urun: the container ended during the copy' ]
}

@test "cp: the process that sees the container's files isn't in its pid namespace, and has nothing of the host's" {
	start
	work
	mkfifo stream
	urun cp - c1:/tmp <stream &
	exec 7>stream
	head -c 100 /dev/zero >&7
	wait_for 5 newest_process urun-cp
	local pid
	pid=$(newest_process urun-cp)
	[ "$(inside 'ls /proc | grep -c "^[0-9]"')" -le 4 ]
	refute_contains "$(inside 'cat /proc/[0-9]*/comm')" urun-cp
	# It isn't dumpable: its files belong to root of the host.
	[ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
	exec 7>&-
	wait_status $!
	stop
}

@test "cp: a container that sees the host's processes and may trace doesn't get out through the copy" {
	see_host_processes
	start_looker urun
	work
	head -c 30000000 /dev/zero >big
	for _ in 1 2 3; do
		urun cp big c1:/tmp
		urun cp c1:/tmp/big out
		urun cp -a c1:/tmp/big out
	done
	grep -q 'urun-cp' "$BATS_TEST_TMPDIR/seen"
	looker_found_nothing
	stop
}

@test "cp between two containers, and within one" {
	start
	work
	program /bin/sleep 60
	urun run --detach --bundle "$BUNDLE" c2 </dev/null >/dev/null 2>&1
	try cp c1:/etc c2:/tmp/etc
	assert_status 0
	cmp "$BUNDLE/rootfs/tmp/etc/passwd" "$BUNDLE/rootfs/etc/passwd"
	try cp c1:/etc/passwd c1:/tmp/copied
	assert_status 0
	[ -e "$BUNDLE/rootfs/tmp/copied" ]
	urun delete --force c2
	stop
}

@test "cp: '-' isn't read from a terminal, nor written to one" {
	start
	observe "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" cp c1:/etc -
	assert_contains "$output" 'stdout is a terminal'
	assert_contains "$output" 'exit 1'
	observe "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" cp - c1:/etc
	assert_contains "$output" 'stdin is a terminal'
	stop
}
