#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `run --share KEY`: containers of one key are in the same user, pid and ipc namespaces, which live as long as anybody is in them.
load lib.bash

NAMESPACES='for ns in user pid ipc; do readlink /proc/self/ns/$ns; done'

# start ID ARG…: starts a detached container of the key k1 by options.
start() {
	urun run --share k1 --detach --network none --rootfs "$BUNDLE/rootfs" --name "$@" </dev/null >/dev/null
}

# beside ARG…: runs a container of the key k1 by options, as `try` does.
beside() {
	try run --share k1 --network none --rootfs "$BUNDLE/rootfs" "$@" </dev/null
}

holders() {
	find "$STATE" -maxdepth 1 -name '.share=*'
}

# nothing_left: neither containers, nor a holder, nor its directory.
nothing_left() {
	[ -z "$(urun list -q)" ] && [ -z "$(holders)" ] && ! pgrep -u "$(id -u)" -x urun:hold >/dev/null
}

@test "containers of one key have the same user, pid and ipc namespaces, and others don't" {
	local inside
	start c1 sleep 60
	inside=$(urun exec c1 sh -c "$NAMESPACES")
	beside sh -c "$NAMESPACES; readlink /proc/self/ns/uts"
	assert_status 0
	assert_contains "$output" "$inside"
	refute_contains "$output" "$(urun exec c1 readlink /proc/self/ns/uts)"
	try run --share k2 --network none --rootfs "$BUNDLE/rootfs" -- sh -c "$NAMESPACES" </dev/null
	refute_contains "$output" "$(sed -n 2p <<<"$inside")"
	urun delete --force c1
	nothing_left
}

@test "they have one /dev/shm, with the size that the first asked for, and see each other's processes" {
	start c1 --shm-size 1m sh -c 'echo data >/dev/shm/segment; exec sleep 77'
	wait_for 5 urun exec c1 test -s /dev/shm/segment
	beside --shm-size 9m sh -c 'cat /dev/shm/segment; df -k /dev/shm | grep -c " 1024 "; ps | grep -c "[s]leep 77"'
	assert_lines data 1 1
	urun delete --force c1
	nothing_left
}

@test "the namespaces live on when the first container has ended, and end with the last" {
	local inside
	start c1 sleep 60
	start c2 sh -c 'echo kept >/dev/shm/segment; exec sleep 60'
	inside=$(urun exec c1 sh -c "$NAMESPACES")
	urun delete --force c1
	beside sh -c "$NAMESPACES; cat /dev/shm/segment"
	assert_output "$inside"$'\nkept'
	[ -n "$(holders)" ]
	urun delete --force c2
	nothing_left
	beside sh -c 'ls /dev/shm'
	assert_output ''
	nothing_left
}

@test "ten that begin at once find one holder, and nothing is left of them" {
	local i
	for i in {1..10}; do
		"$URUN" --root "$STATE" run --share k1 --network none --rootfs "$BUNDLE/rootfs" -- sh -c 'echo x >>/dev/shm/all; readlink /proc/self/ns/pid; i=0; until [ "$(wc -l </dev/shm/all)" = 10 ] || [ $((i += 1)) = 400 ]; do sleep 0.05; done' \
			</dev/null >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- 4>&- &
	done
	wait
	cat "$BATS_TEST_TMPDIR"/{1..10} | sort | uniq -c >"$BATS_TEST_TMPDIR/all"
	[ "$(awk '{ print $1 }' "$BATS_TEST_TMPDIR/all")" = 10 ] || fail "$(cat "$BATS_TEST_TMPDIR/all")"
	nothing_left
}

@test "a bundle shares by the annotation, and by the option, which comes first" {
	local inside
	start c1 sleep 60
	inside=$(urun exec c1 sh -c "$NAMESPACES")
	sh_program "$NAMESPACES"
	config '.annotations = {"org.urun.share": "k1"}'
	try run --bundle "$BUNDLE" b1
	assert_output "$inside"
	config '.annotations = {"org.urun.share": "k9"}'
	try run --share k1 --bundle "$BUNDLE" b1
	assert_output "$inside"
	urun delete --force c1
	nothing_left
}

@test "a created container keeps the namespaces, and so does one that joins a member" {
	local inside
	program sleep 60
	urun create --share k1 --bundle "$BUNDLE" b1 </dev/null >/dev/null 2>&1
	inside=$(urun exec b1 readlink /proc/self/ns/pid)
	urun run --detach --network none --pid container:b1 --rootfs "$BUNDLE/rootfs" --name c2 -- sleep 60 </dev/null >/dev/null
	urun delete --force b1
	observe urun exec c2 readlink /proc/self/ns/pid
	assert_output "$inside"
	urun delete --force c2
	nothing_left
}

@test "a member that ends takes its own processes along, and leaves those of others" {
	start c1 sleep 60
	beside sh -c 'sleep 88 & sleep 0.1'
	assert_status 0
	observe urun exec c1 ps
	refute_contains "$output" 'sleep 88'
	assert_contains "$output" 'sleep 60'
	urun delete --force c1
}

@test "a killed run of the first leaves the others alone, and killed runs of all leave nothing" {
	local first second
	"$URUN" --root "$STATE" run --share k1 --network none --rootfs "$BUNDLE/rootfs" --name c1 -- sleep 60 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	first=$!
	wait_for 5 is_status c1 running
	"$URUN" --root "$STATE" run --share k1 --network none --rootfs "$BUNDLE/rootfs" --name c2 -- sleep 60 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	second=$!
	wait_for 5 is_status c2 running
	kill -KILL "$first"
	wait "$first" || true
	wait_for 5 sh -c '[ "$("$1" --root "$2" list -q)" = c2 ]' sh "$URUN" "$STATE"
	observe urun exec c2 echo alive
	assert_output alive
	kill -KILL "$second"
	wait "$second" || true
	wait_for 5 nothing_left
}

@test "a holder that was killed takes the members along, and the next container makes another" {
	start c1 sleep 60
	pkill -KILL -u "$(id -u)" -x urun:hold
	wait_for 5 is_status c1 stopped
	beside echo works
	assert_output works
	urun delete c1
	nothing_left
}

@test "a first that can't be made leaves no holder, and a later one leaves that of the others" {
	beside /no/such
	assert_status 127
	[ -z "$(holders)" ]
	beside --volume /no/such:/x true
	[ -z "$(holders)" ]
	start c1 sleep 60
	beside /no/such
	[ -n "$(holders)" ]
	observe urun exec c1 echo alive
	assert_output alive
	urun delete --force c1
	nothing_left
}

# A member may take the holder over, which has neither its filter nor its cgroup.
@test "the holder has no capability, no way to new ones and a filter" {
	beside sh -c 'grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/1/status'
	assert_lines $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2'
}

@test "what can't be shared is refused in one line" {
	try run --share ../k --network none --rootfs "$BUNDLE/rootfs" -- true
	assert_one_line '--share ../k: a key has letters'
	start c1 sleep 60
	try run --share k1 --pid container:c1 --network none --rootfs "$BUNDLE/rootfs" -- true
	assert_one_line '--share and --pid container:c1 exclude each other'
	urun delete --force c1
	config '.annotations = {"org.urun.holder": "true"}'
	try run --bundle "$BUNDLE" b1
	assert_one_line 'org.urun.holder is for urun itself'
	nothing_left
}
