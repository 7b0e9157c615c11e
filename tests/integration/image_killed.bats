#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The store of images under SIGKILL, under several commands at once, on a full file system and on one that can't be written: what is in
# it is whole, and what isn't whole is removed.
load lib.bash
load image.bash

# large_image: an image of three layers that take a while: many files, and large ones.
large_image() {
	local number
	needs_images
	for number in 1 2; do
		{
			seq -f "file many/$number/%g repeat=10*some-text" 800
			echo "file large$number zeros=15000000"
		} | entries "layer$number.tar"
	done
	oci_image image:1 "$(base_layer)" layer1.tar layer2.tar >/dev/null
}

# assert_whole: the image can be pulled and is whole, nothing is being made any more, and it can be removed.
assert_whole() {
	try pull oci:image:1
	assert_status 0
	run_image oci:image:1 sh -c 'ls /many/1 | wc -l; ls /many/2 | wc -l; stat -c %s /large1 /large2; cat /many/2/800'
	assert_lines 800 800 15000000 15000000 "$(printf 'some-text%.0s' 1 2 3 4 5 6 7 8 9 10)"
	[ "$(layers_in_store)" = 3 ]
	no_rubbish
}

# has_begun: a pull unpacks its first layer, or has ended.
has_begun() {
	compgen -G "$STORE/tmp/*/layer-*" || ! kill -0 $!
}

# no_process: no process of a pull is left.
no_process() {
	[ -z "$(new_processes)" ]
}

@test "urun pull that is killed at any moment leaves no process, and the next pull makes it whole and leaves no rubbish" {
	large_image
	local delay
	for delay in 0.003 0.01 0.02 0.04 0.08 0.15 0.25; do
		"$URUN" pull oci:image:1 2>/dev/null &
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		wait_for 5 no_process || fail "after $delay: $(describe_processes "$(new_processes)")"
		# Whatever is in the store by its name is whole.
		[ -z "$(urun images --json | jq -r '.[]' 2>&1 >/dev/null)" ]
	done
	assert_whole
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "urun pull that is ended by a signal removes what it was making by itself" {
	large_image
	local signal
	for signal in INT TERM HUP; do
		"$URUN" pull oci:image:1 2>/dev/null &
		wait_for 10 has_begun
		kill "-$signal" $! 2>/dev/null || true
		wait $! || true
		wait_for 5 no_process
		no_rubbish
	done
	assert_whole
}

@test "when urun-image is killed the pull fails with one line, leaves nothing, and the next one succeeds" {
	large_image
	local pid status=0
	"$URUN" pull oci:image:1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	wait_for 10 has_begun
	kill -KILL "$(newest_process urun-image)"
	wait_status "$pid"
	[ "$status" = 1 ]
	stderr=$(cat err) output=''
	assert_one_line 'killed by signal 9'
	wait_for 5 no_process
	no_rubbish
	assert_whole
}

@test "several pulls of one image at once all succeed, and the store has each layer once" {
	large_image
	local number pids=()
	for number in 1 2 3 4; do
		"$URUN" pull oci:image:1 >/dev/null 2>"err.$number" &
		pids+=($!)
	done
	for number in "${pids[@]}"; do
		wait_status "$number"
		[ "$status" = 0 ] || fail "$(cat err.*)"
	done
	[ -z "$(cat err.*)" ] || fail "$(cat err.*)"
	assert_whole
}

@test "images that share a layer have it once, and it goes with the last of them" {
	needs_images
	local base
	base=$(base_layer)
	echo 'file one content=1' | entries one.tar
	echo 'file two content=2' | entries two.tar
	oci_image image:one "$base" one.tar >/dev/null
	oci_image image:two "$base" two.tar >/dev/null
	urun pull oci:image:one
	urun pull oci:image:two
	[ "$(layers_in_store)" = 3 ]
	try rmi oci:image:one
	assert_status 0
	[ "$(layers_in_store)" = 2 ]
	run_image --pull never oci:image:two cat /two
	assert_output 2
	try rmi oci:image:two
	assert_status 0
	assert_store_is_empty
}

@test "rmi and runs and pulls of one image at once: each succeeds or says in one line why not, and the end is whole" {
	large_image
	local number pids=()
	for number in 1 2 3 4 5 6; do
		"$URUN" --root "$STATE" run --network none --rm oci:image:1 cat /many/1/1 >"out.$number" 2>"err.$number" </dev/null &
		pids+=($!)
		"$URUN" rmi --all >/dev/null 2>"rmi.$number" || true
	done
	for number in 1 2 3 4 5 6; do
		wait_status "${pids[number - 1]}"
		stderr=$(cat "err.$number") output=''
		case $status in
		0) assert_contains "$(cat "out.$number")" some-text ;;
		125) assert_one_line ;;
		*) fail "exit status $status: $stderr" ;;
		esac
		[ "$(grep -c '' "rmi.$number")" -le 6 ] && ! grep -v '^urun: ' "rmi.$number"
	done
	assert_whole
}

@test "rmi of an image that a container uses takes no file from it" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	urun run --detach --network none --name user oci:image:1 sleep 60 </dev/null >/dev/null
	try rmi oci:image:1
	if [ "$status" != 0 ]; then assert_one_line user; fi
	try rmi --unused
	[ "$(urun exec user cat /etc/group)" = 'root:x:0:' ]
	urun exec user sh -c 'echo x >/made'
	urun rm --force user
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "what a container changed is gone with it, also when urun was killed, by the next command" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	run_image oci:image:1 sh -c 'mkdir -m 0 /secret; touch /secret/file; chown -R 33:33 /secret /etc; chmod 000 /etc'
	assert_status 0
	no_rubbish
	"$URUN" --root "$STATE" run --network none --name killed oci:image:1 sh -c 'mkdir -m 0 /secret; chown -R 33:33 /etc; touch /up; sleep 60' </dev/null >/dev/null 2>&1 &
	wait_for 10 is_status killed running
	kill -KILL $!
	wait $! || true
	wait_for 5 no_process
	run_image oci:image:1 ls /up
	[ "$status" = 1 ]
	urun delete --force killed 2>/dev/null || true
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "a full file system is one line, leaves nothing, and a smaller image still fits" {
	large_image
	oci_image small:1 "$(base_layer)" >/dev/null
	mkdir full
	cat >full.sh <<-'END'
		mount -t tmpfs -o size=14m none "$2/full" || exit 77
		export XDG_DATA_HOME=$2/full
		"$1" pull "oci:$2/image:1" && exit 1
		find "$2/full/urun/tmp" -mindepth 1
		"$1" pull "oci:$2/small:1" >/dev/null || exit 2
		find "$2/full/urun/layers" -mindepth 1 -maxdepth 1 | grep -c .
	END
	observe timeout 60 unshare --user --map-root-user --mount bash full.sh "$URUN" "$PWD"
	[ "$status" != 77 ] || skip "no tmpfs in a user namespace here"
	assert_status 0
	# The first layer of the large image, which is the small image, may be there.
	assert_output 1
	assert_contains "$stderr" 'space'
	[ "$(grep -c 'urun: ' <<<"$stderr")" = 1 ] || fail "$stderr"
}

@test "a store that can't be written is one line, and an image in it is still listed" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	echo 'file other content=1' | entries other.tar
	oci_image image:2 other.tar >/dev/null
	urun pull oci:image:1
	chmod 500 "$STORE" "$STORE"/*/
	try pull oci:image:2
	[ "$status" = 1 ]
	assert_one_line 'permission denied'
	try images
	assert_contains "$output" "image:1"
	chmod 700 "$STORE" "$STORE"/*/
	try pull oci:image:2
	assert_status 0
	no_rubbish
}

@test "a store that others may write to, or that is another's, is refused" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	mkdir -p "$STORE"
	chmod 777 "$STORE"
	try pull oci:image:1
	if [ "$status" = 0 ]; then [ "$(stat -c %a "$STORE")" = 700 ]; else assert_one_line "$STORE"; fi
	rm -rf "$STORE"
	ln -s /etc "$STORE"
	try pull oci:image:1
	[ "$status" = 1 ]
	assert_one_line
}
