#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks to which urun was once vulnerable: by other users of the host, by the container's program, by the reports of its init.
# One test each, whose name says what the user is protected from.  attacks.bats has attacks that are known from other runtimes.
load lib.bash

# --- files, directories and programs of other users -----------------------------------------------------------------------

# give_to_another_user FILE…: changes the owner to another uid of the host, which is a subid of the caller's.
give_to_another_user() {
	has_subids || skip "this user has no subids"
	with_subids chown -h 1:1 "$@"
}

# CWE-59, CWE-377: urun wrote to a file whose name another user can predict.  fs.protected_symlinks is off on some hosts, and works in
# sticky directories alone.
@test "a pid file in a shared directory doesn't make a user overwrite their own file through another user's link" {
	export RUN_ALONE=1
	local shared=$BATS_TEST_TMPDIR/shared precious=$BATS_TEST_TMPDIR/precious
	mkdir -m 777 "$shared"
	echo mine >"$precious"
	ln -s "$precious" "$shared/pid"
	program /bin/true
	# The pid stays the same over exec, so this link has exactly the name that urun wrote to.
	# shellcheck disable=SC2016 # for the other shell
	observe bash -c 'ln -s "$1" "$2/pid.$$.new"; shift 2; exec "$@"' bash "$precious" "$shared" \
		"$URUN" --root "$STATE" run --bundle "$BUNDLE" --pid-file "$shared/pid" c1
	assert_status 0
	[ "$(cat "$precious")" = mine ]
	[ ! -L "$shared/pid" ]
	grep -qE '^[0-9]+$' "$shared/pid"
	# A link in the path of the directory isn't followed either.
	mkdir "$BATS_TEST_TMPDIR/private"
	ln -s "$BATS_TEST_TMPDIR/private" "$shared/way"
	give_to_another_user "$shared/way"
	try run --bundle "$BUNDLE" --pid-file "$shared/way/pid" c1
	[ "$status" != 0 ]
	assert_contains "$stderr" 'it is not followed'
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/private")" ]
}

@test "a log in a shared directory doesn't make a user write to their own file through another user's link" {
	local shared=$BATS_TEST_TMPDIR/shared precious=$BATS_TEST_TMPDIR/precious mode
	mkdir "$shared"
	echo mine >"$precious"
	ln -s "$precious" "$shared/log"
	give_to_another_user "$shared/log"
	for mode in 777 1777 775; do
		chmod "$mode" "$shared"
		try --log "$shared/log" --debug state c1
		assert_status 1
		assert_one_line "$shared/log" 'it is not followed'
		[ "$(cat "$precious")" = mine ]
	done
	# Another user's file, which they could read, or another user's FIFO, on which urun would wait.
	rm "$shared/log"
	mkfifo -m 666 "$shared/log"
	give_to_another_user "$shared/log"
	try --log "$shared/log" --debug state c1
	assert_status 1
	assert_one_line "$shared/log" 'belongs to uid'
}

@test "a user who gives the wrong --root loses nothing of the bundles in that directory" {
	local bundles=$BATS_TEST_TMPDIR/bundles before command
	mkdir "$bundles"
	cp -a "$BUNDLE" "$bundles/app"
	program /bin/true
	before=$(find "$bundles" -printf '%p %i %s %C@\n' | sort)
	observe "$URUN" --root "$bundles" run --bundle "$bundles/app" app
	[ "$status" != 0 ]
	assert_one_line "$bundles/app already exists" 'nothing in it is touched'
	for command in delete 'delete --force' 'delete --regex --force'; do
		# shellcheck disable=SC2086 # words on purpose
		observe "$URUN" --root "$bundles" $command app
		[ "$status" != 0 ]
		assert_one_line "$bundles/app is no container's"
	done
	[ "$(find "$bundles" -printf '%p %i %s %C@\n' | sort)" = "$before" ]
}

# This happened to root, with a state root in which any user can make containers.
@test "delete of a container that another user made doesn't run its hooks" {
	local proof=$BATS_TEST_TMPDIR/proof
	has_subids || skip "this user has no subids"
	config '.hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", ("echo run >" + $proof)]}]' --arg proof "$proof"
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	chmod -R a+rX "$STATE/c1"
	with_subids chown 1:1 "$STATE/c1" "$STATE/c1/state.json"
	local command
	for command in 'delete c1' 'delete --force c1' 'delete --regex --force c1' 'kill c1' 'start c1' 'state c1' 'exec c1 true'; do
		# shellcheck disable=SC2086 # words on purpose
		try $command
		[ "$status" != 0 ]
		assert_one_line "$STATE/c1 belongs to uid"
		[ ! -e "$proof" ]
	done
	try list
	assert_status 0
	refute_contains "$output" c1
	assert_contains "$stderr" "$STATE/c1 belongs to uid"
	with_subids chown 0:0 "$STATE/c1" "$STATE/c1/state.json"
	urun delete --force c1
	[ -e "$proof" ]
}

@test "urun doesn't use a state root that other users can write to, or made" {
	local root=$BATS_TEST_TMPDIR/shared mode
	program /bin/true
	mkdir "$root"
	for mode in 777 1777 770 1730; do
		chmod "$mode" "$root"
		observe "$URUN" --root "$root" run --bundle "$BUNDLE" c1
		[ "$status" != 0 ]
		assert_one_line "state root $root can be written by others" "chmod go-w $root"
		observe "$URUN" --root "$root" list
		assert_status 1
		assert_one_line "state root $root can be written by others"
	done
	chmod 755 "$root"
	give_to_another_user "$root"
	observe "$URUN" --root "$root" list
	assert_status 1
	assert_one_line "state root $root belongs to uid"
}

@test "another user who makes /tmp/urun-UID first gains nothing" {
	has_subids || skip "this user has no subids"
	# shellcheck disable=SC2016 # for the other shell
	observe with_subids unshare --mount sh -euc '
		unset XDG_RUNTIME_DIR
		mount -t tmpfs -o mode=1777 tmpfs /tmp
		mkdir -m 700 /tmp/private
		ln -s private /tmp/urun-0
		"$1" list && exit 1
		chown -h 1:1 /tmp/urun-0
		"$1" list && exit 1
		rm /tmp/urun-0
		mkdir -m 777 /tmp/urun-0
		chown 1:1 /tmp/urun-0
		"$1" list && exit 1
		rmdir /tmp/urun-0
		mkdir -m 700 /tmp/urun-0
		"$1" list -q
		ls -A /tmp/private' sh "$URUN"
	assert_status 0
	assert_output ''
	[ "$(grep -c "'urun-0' is a symbolic link" <<<"$stderr")" = 2 ]
	[ "$(grep -c 'state root /tmp/urun-0 belongs to uid 1' <<<"$stderr")" = 1 ]
}

# Another user could put programs there, which the container would execute as the caller, with the caller's volumes.
@test "changes aren't kept in a directory that another user made, or that everybody can write to" {
	local changes=/tmp/urun-attack-$$/changes
	has_subids || skip "this user has no subids"
	# BATS_TEST_TMPDIR is below a directory that nobody else can search.
	mkdir -p "$changes/upper/bin" "$changes/work"
	chmod -R 755 "${changes%/*}"
	printf '#!/bin/sh\necho evil\n' >"$changes/upper/bin/evil"
	chmod 755 "$changes/upper/bin/evil"
	by_options --overlay="$changes" evil
	assert_output evil
	chmod 1777 "$changes"
	by_options --overlay="$changes" evil
	assert_status 125
	assert_one_line "overlay: every user of the host can write to $changes" "chmod o-w $changes"
	# Nobody else reaches it.
	chmod 700 "${changes%/*}"
	by_options --overlay="$changes" evil
	assert_output evil
	chmod 755 "${changes%/*}" "$changes"
	# For root of a user namespace, a subid is another user.
	# shellcheck disable=SC2016
	observe with_subids sh -euc 'chown 1:1 "$4"; exec "$1" --root "$2" run --rootfs "$3" --network none --overlay="$4" evil' sh "$URUN" "$STATE" "$BUNDLE/rootfs" "$changes"
	assert_status 125
	assert_one_line "overlay: $changes belongs to another user, uid 1"
	# For its owner it is a directory that a container has made.
	by_options --overlay="$changes" evil
	assert_output evil
	with_subids chown 0:0 "$changes"
	urun unshare rm -rf "${changes%/*}"
}

# programs_beside: copies urun and a helper into a directory of their own, $COPY, where the test can change their owners.
programs_beside() {
	[ -x "${URUN%/*}/urun-slirp" ] || skip "urun-slirp isn't beside urun"
	COPY=$BATS_TEST_TMPDIR/programs
	mkdir "$COPY"
	cp "$URUN" "$COPY/urun"
	program /bin/true
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	assert_contains "$stderr" 'no such file' || skip "urun's helpers are installed on this host"
	cp "${URUN%/*}/urun-slirp" "$COPY/urun-slirp"
	chmod 755 "$COPY/urun" "$COPY/urun-slirp"
}

# refuses_helper PROBLEM FIX: a start that needs urun-slirp fails, and names the problem and the fix on one line.
refuses_helper() {
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	[ "$status" != 0 ]
	assert_one_line 'urun-slirp is not executed' "$1" "$2"
}

@test "urun doesn't execute a helper program that another user made or can write to" {
	programs_beside
	local mode
	for mode in 775 757; do
		chmod "$mode" "$COPY/urun-slirp"
		refuses_helper "$COPY/urun-slirp can be written by others" "chmod go-w $COPY/urun-slirp"
	done
	chmod 755 "$COPY/urun-slirp"
	chmod 777 "$COPY"
	refuses_helper "$COPY can be written by others" "chmod go-w $COPY"
	# A sticky directory such as /tmp, whose permissions nobody should be told to change.
	chmod 1777 "$COPY"
	refuses_helper "$COPY can be written by others" 'into a directory that only you can write to'
	refute_contains "$stderr" chmod
	chmod 755 "$COPY"
	give_to_another_user "$COPY/urun-slirp"
	refuses_helper "$COPY/urun-slirp belongs to uid" "chown $(id -u) $COPY/urun-slirp"
	# A link of our own to another user's file, or to a file in another user's directory.
	mkdir "$COPY/theirs"
	mv "$COPY/urun-slirp" "$COPY/theirs/"
	ln -s theirs/urun-slirp "$COPY/urun-slirp"
	refuses_helper "$COPY/urun-slirp belongs to uid" "chown $(id -u)"
	with_subids chown 0:0 "$COPY/theirs/urun-slirp"
	give_to_another_user "$COPY/theirs"
	refuses_helper "$COPY/theirs belongs to uid" "chown $(id -u) $COPY/theirs"
	with_subids chown 0:0 "$COPY/theirs"
	try list
	assert_status 0
	refute_contains "$output" c1
}

@test "urun executes a helper of its own owner, also where a group can write to both" {
	programs_beside
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	# The permissions of umask 002, which is common where each user has a group of their own.
	chmod g+w "$COPY" "$COPY/urun" "$COPY/urun-slirp"
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	# In the user namespace of a rootless engine, also with programs whose owner isn't mapped there, as root isn't.
	observe with_subids "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	chmod g-w "$COPY" "$COPY/urun" "$COPY/urun-slirp"
	give_to_another_user "$COPY" "$COPY/urun" "$COPY/urun-slirp"
	observe unshare --user --map-root-user "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	refute_contains "$stderr" 'is not executed'
	with_subids chown 0:0 "$COPY" "$COPY/urun" "$COPY/urun-slirp"
}

@test "the error for a helper that isn't found names the places where urun looked" {
	programs_beside
	rm "$COPY/urun-slirp"
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	[ "$status" != 0 ]
	assert_one_line urun-slirp 'nor beside urun'
}

@test "a helper may be a script, which finds the files beside it by its own path" {
	programs_beside
	mkdir "$COPY/wrapped"
	mv "$COPY/urun-slirp" "$COPY/wrapped/urun-slirp.real"
	cat >"$COPY/wrapped/urun-slirp" <<-'END'
		#!/bin/sh
		echo "wrapped $2" >&2
		exec "${0%/*}/urun-slirp.real" "$@"
	END
	chmod 755 "$COPY/wrapped/urun-slirp"
	ln -s wrapped/urun-slirp "$COPY/urun-slirp"
	sh_program 'ls /sys/class/net'
	observe "$COPY/urun" --root "$STATE" run --bundle "$BUNDLE" --network slirp c1
	assert_status 0
	assert_contains "$output" tap0
	assert_contains "$stderr" 'wrapped slirp'
	# urun checks the directory of the script, and not the directory of its interpreter.
	chmod 777 "$COPY/wrapped"
	refuses_helper "$COPY/wrapped can be written by others" "chmod go-w $COPY/wrapped"
}

# machine_program BITS CODE: makes bin/attack in the root file system: an x86 program of 32 or 64 bits, whose code is these bytes in hex.
# So the test needs no compiler, and no libraries of the other word size.
machine_program() {
	local header
	case $1 in
	32)
		header=7f454c46010101000000000000000000020003000100000054800408340000000000000000000000340020000100000000000000
		header+=0100000000000000008004080080040800020000000200000500000000100000
		;;
	64)
		header=7f454c4602010100000000000000000002003e00010000007800400000000000400000000000000000000000000000000000000040003800010000000000
		header+=0000
		header+=0100000005000000000000000000000000004000000000000000400000000000000200000000000000020000000000000010000000000000
		;;
	esac
	# shellcheck disable=SC2059 # bytes as the format on purpose
	printf "$(sed 's/../\\x&/g' <<<"$header$2")" >"$BUNDLE/rootfs/bin/attack"
	chmod 755 "$BUNDLE/rootfs/bin/attack"
}

# socket_program CALL FAMILY: makes bin/attack a program that makes a socket by the system call of x86_64, and exits with its errno.
socket_program() {
	machine_program 64 "b8${1}000000bf${2}000000be0500000031d20f05f7d889c7b83c0000000f05"
}

# CVE-2026-31431 (AF_ALG), and AF_VSOCK, with which a container reaches the host whatever its network namespace is.
@test "a container can't make a socket of a family that leads into the kernel or to the host, by 32-bit calls either" {
	[ "$(uname -m)" = x86_64 ] || skip "the attacking programs are x86's"
	local default=(run --rootfs "$BUNDLE/rootfs" --network none attack)
	# The filter answers EPERM (1); the kernel would answer EAFNOSUPPORT (97).
	socket_program 29 26
	try "${default[@]}"
	assert_status 1
	socket_program 29 28
	try "${default[@]}"
	assert_status 1
	# socketpair(2) of AF_TIPC makes a socket that socket(2) refuses.
	socket_program 35 1e
	try "${default[@]}"
	assert_status 1
	# With AF_UNIX the program works and gets a descriptor: its status is 253, which is -3, or less.
	socket_program 29 01
	try "${default[@]}"
	[ "$status" -gt 200 ] || fail "a UNIX socket: exit status $status"

	# socketcall(SYS_SOCKET, { AF_ALG or AF_VSOCK, …, 0 }) of i386: no filter can read the arguments, which are in memory.
	machine_program 32 b801000000bb07000000cd80
	observe "$BUNDLE/rootfs/bin/attack"
	[ "$status" = 7 ] || skip "this kernel runs no 32-bit programs, so the call can't be made"
	local family
	for family in 26 28; do
		machine_program 32 "b866000000bb01000000b970800408cd80f7d889c3b801000000cd80${family}0000000500000000000000"
		try "${default[@]}"
		assert_status 1
	done
}

# A program that took over the container's init can write to the pipe that urun reads.
@test "the reports of a container's init can change neither its user's terminal nor urun's memory" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	local state=$STATE/c1 hostile
	urun create --bundle "$BUNDLE" c1
	mkdir "$BATS_TEST_TMPDIR/init"
	mv "$state"/start "$state"/started "$BATS_TEST_TMPDIR/init"
	# The log line and the failure are two lines, without a control character.
	"$BATS_TEST_DIRNAME/hostile-init" "$state" text 3>&- &
	hostile=$!
	wait_for 10 test -p "$state/start"
	try start c1
	assert_status 1
	wait "$hostile"
	local shown='\x1b]0;title\x07\u009b2J\u202e\u200b\x0aurun: forged\x9b31m'
	[ "$stderr" = "urun: warning: log$shown
urun: failure$shown: operation not permitted (hint: hint$shown)" ] ||
		fail "$(od -c <<<"$stderr")"

	rm -f "$state"/start "$state"/started
	"$BATS_TEST_DIRNAME/hostile-init" "$state" large 3>&- &
	hostile=$!
	wait_for 10 test -p "$state/start"
	try start c1
	assert_status 1
	assert_one_line 'sync pipe: error of 2324 bytes'
	wait "$hostile" || true

	# With lines for the log without end, start gives up and lets the next command in.
	rm -f "$state"/start "$state"/started
	"$BATS_TEST_DIRNAME/hostile-init" "$state" lines 3>&- &
	hostile=$!
	wait_for 10 test -p "$state/start"
	observe timeout 20 "$URUN" --root "$STATE" start c1
	kill "$hostile"
	wait "$hostile" || true
	assert_status 1
	assert_one_line 'container c1: its first process, or another one, writes to the FIFO `started` without end'
	mv -f "$BATS_TEST_TMPDIR"/init/* "$state"
	urun delete --force c1
}

# state, list, ps and errors show texts that a bundle or an image chooses.
@test "a bundle's texts and a container's process names send no control characters to a terminal" {
	local evil=$'\e]0;t\a\xc2\x9b2J\xe2\x80\xae'
	config '.annotations = { "a": $evil }' --arg evil "$evil"
	program /bin/sh -c 'sleep 100; true' "$evil"
	urun create --bundle "$BUNDLE" c1
	urun start c1
	observe bash -c '"$1" --root "$2" state c1; "$1" --root "$2" list; "$1" --root "$2" ps c1' - "$URUN" "$STATE"
	assert_status 0
	if LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]\|\xc2[\x80-\x9f]\|\xe2\x80\xae' <<<"$output"; then
		fail "$(od -c <<<"$output")"
	fi
	urun delete --force c1
}

# host_overlay: skips the test where the host's own root file system can't be the container's.
host_overlay() {
	[ -w /dev/fuse ] || skip "no /dev/fuse here"
	command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs isn't installed"
}

# full_directories N: prints N directories that aren't empty, outside of the system's own and of those that are always hidden.
full_directories() {
	find /var/lib /var/cache /opt /srv -mindepth 1 -maxdepth 1 -type d ! -empty -readable -executable 2>/dev/null | sort | head -n "$1"
}

# A program with a network saw homes that aren't below /home, and the keys in them.
@test "a container of the host's own system sees no home and no directory of the user's, wherever they are" {
	local directories passwd_home
	host_overlay
	mapfile -t directories < <(full_directories 4)
	[ "${#directories[@]}" = 4 ] || skip "too few directories in /var"
	passwd_home=$(getent passwd "$(id -u)" | cut -d: -f6)
	[ "$passwd_home" != / ] || skip "this user's home is /"
	cd "$BATS_TEST_TMPDIR"
	observe env HOME="${directories[0]}" TMPDIR="${directories[1]}/" XDG_CONFIG_HOME="${directories[2]}" XDG_DATA_HOME="/usr/../${directories[3]}" \
		"$URUN" --root "$STATE" run --network none -- sh -c 'for directory; do ls -A "$directory" 2>/dev/null; done; ls /usr/share | wc -l' - "${directories[@]}" \
		"$passwd_home" /home /root /run /tmp /var/tmp /var/home /media /mnt </dev/null
	assert_status 0
	assert_output "$(find /usr/share -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
}

# A tmpfs in the container's own mount namespace hid them, which umount(2) removes.
@test "a container with all capabilities and without a filter can't uncover the hidden directories of the host" {
	local hidden=$HOME/urun-attack-$$
	host_overlay
	cd "$BATS_TEST_TMPDIR"
	echo secret >"$hidden"
	echo secret >"$BATS_TEST_TMPDIR/urun-attack-$$"
	try run --network none --user root --cap-add ALL --security-opt seccomp=unconfined --security-opt unmask=ALL -- sh -c '
		for place in /home /root /run /tmp /var/tmp /dev /sys /proc; do umount -n -l "$place" || echo "still mounted: $place"; done
		ls -A /home /root /run /tmp /var/tmp /dev /sys /proc | grep -v -e :$ -e ^$
		mkdir /usr/again && mount -n --rbind / /usr/again
		ls -A /usr/again/home /usr/again/tmp /usr/again/proc | grep -v -e :$ -e ^$
		mv /home /usr/moved && ls -A /usr/moved
		find / -xdev -name "urun-attack-*" 2>/dev/null
		echo looked' </dev/null
	rm "$hidden"
	assert_status 0
	assert_output looked
}

# fuse-overlayfs ran with the caller's groups, all capabilities, no filter, and could write to the host.
@test "the server of the host's own system has no group and few privileges, and can write only to the layer of changes" {
	local server status_file mounts set
	host_overlay
	has_subids || skip "this user has no subids"
	cd "$BATS_TEST_TMPDIR"
	with_subids setpriv --groups 7 -- "$URUN" --root "$STATE" run --network none --name c1 -- sleep 60 </dev/null &
	wait_for 20 is_status c1 running
	server=$(newest_process fuse-overlayfs)
	status_file=$(cat "/proc/$server/status")
	mounts=$(awk '$6 !~ /^ro(,|$)/ { print $5 }' "/proc/$server/mountinfo")
	urun kill c1 KILL
	wait
	assert_contains "$status_file" $'NoNewPrivs:\t1'
	assert_contains "$status_file" $'Seccomp:\t2'
	[ -z "$(sed -n 's/^Groups:[[:space:]]*//p' <<<"$status_file")" ] || fail "groups: $status_file"
	# CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID and CAP_SETFCAP.
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ $((0x$(sed -n "s/^$set:[[:space:]]*//p" <<<"$status_file") & ~0x8000001b)) = 0 ] || fail "$set: $status_file"
	done
	[ "$mounts" = /dev/layers ] || fail "writable: $mounts"
}

# That a container with very deeply nested cgroups can be listed, killed and deleted needs a delegated cgroup, which the hosts of these
# tests may lack.  tests/vm/cgroup.bats has that test, and tests/unit/cgroup/test_walk.c has a test with plain directories.
