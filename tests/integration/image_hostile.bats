#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images of an attacker: whatever their layers, manifests and configs are, nothing outside of the store changes or is read, the error
# is one line, and the store has no rubbish and goes on working.
load lib.bash
load image.bash

# hostile_layout: makes the OCI layout "evil", with an image for each hostile layer over busybox, and the canary.
hostile_layout() {
	local base
	needs_images
	base=$(base_layer)
	mkdir -p "$BATS_TEST_TMPDIR/canary"
	python3 "$IMAGES/hostile.py" layout evil "$base" "$BATS_TEST_TMPDIR/canary"
	oci_image good:1 "$base" >/dev/null
	canary
}

# pull_evil NAME: pulls this image; whether it succeeds is the image's matter, but an error is one line of printable text.
pull_evil() {
	echo "image $1" >&2
	try pull "oci:evil:$1"
	case $status in
	0) ;;
	1 | 125) assert_one_line ;;
	*) fail "image $1: exit status $status: $stderr" ;;
	esac
	if grep -q $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output$stderr"; then fail "image $1: bytes that a terminal obeys: $stderr"; fi
}

# assert_good_after: a good image can be pulled, and it can be removed; then the store is empty.
assert_good_after() {
	try pull oci:good:1
	assert_status 0
	[ "$(layers_in_store)" = 1 ]
	run_image oci:good:1 cat /etc/group
	assert_output 'root:x:0:'
	no_rubbish
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "no hostile layer changes or reads anything outside of its directory, when it is pulled and when it is run" {
	hostile_layout
	local name pulled=0 refused=0
	for name in $(python3 "$IMAGES/hostile.py" list) $(python3 "$IMAGES/hostile.py" pairs); do
		pull_evil "$name"
		if [ "$status" != 0 ]; then
			refused=$((refused + 1))
			assert_contains "$stderr" "$name"
		else
			pulled=$((pulled + 1))
			# A layer can point at the canary, but it has no copy of it.
			! with_subids grep -rlD skip the-canary-lives "$STORE/layers" || fail "image $name has read the canary"
			run_image --pull never "oci:evil:$name" /bin/busybox true
			[ "$status" -lt 128 ] || fail "image $name: exit status $status: $stderr"
		fi
		assert_canary_lives
		no_rubbish
	done
	[ "$pulled" -ge 20 ] && [ "$refused" -ge 10 ] || fail "pulled: $pulled, refused: $refused"
	try rmi --all
	assert_status 0
	assert_store_is_empty
	assert_good_after
	assert_canary_lives
}

# refuses_layer NAME TEXT…: this layer is refused, and the line has the texts.
refuses_layer() {
	pull_evil "$1"
	[ "$status" != 0 ] || fail "image $1 was pulled"
	local text
	for text in "${@:2}"; do assert_contains "$stderr" "$text"; done
	no_rubbish
}

@test "what is no tar file, or not a whole one, is refused: no other format of archives is read" {
	hostile_layout
	local name
	for name in mtree text zip cpio lrzip uuencode random cut-short cut-header pax-huge gnu-long size-header size-negative; do
		refuses_layer "$name"
	done
	[ -z "$(newest_process lrzip || true)" ]
	assert_canary_lives
	assert_good_after
}

@test "attributes that are orders to an overlay, devices and marks of whiteouts do not come out of a layer" {
	hostile_layout
	local name
	for name in attributes attributes-below device; do
		pull_evil "$name"
		assert_status 0
	done
	observe with_subids python3 "$IMAGES/attributes.py" "$STORE/layers"
	assert_status 0
	[ -z "$(grep -i overlay <<<"$output")" ] || fail "$output"
	! grep -qE 'selinux|ima|override_stat=' <<<"$output" || fail "$output"
	[ -z "$(with_subids find "$STORE/layers" -type b -o -type c)" ]
	# A device with the number of a whiteout hides no directory of the lower layer.
	run_image oci:evil:device ls -d /etc/passwd
	assert_output /etc/passwd
	run_image oci:evil:attributes-below sh -c 'stat -c "%a %u" /d; cat /d/a /d/b /c'
	assert_lines '1777 5' 121
}

@test "files, directories and links in place of each other: the last one counts, and nothing is written through a link" {
	hostile_layout
	local name
	run_image oci:evil:duplicates sh -c 'cat /a; stat -c %F /a'
	assert_lines '4regular file'
	run_image oci:evil:replaced sh -c 'stat -c %F /d; ls /d; cat /d/z'
	assert_lines directory z 4
	for name in link-then-file link-then-attributes hard-of-link; do
		run_image "oci:evil:$name" true
		[ "$status" -lt 128 ]
	done
	assert_canary_lives
}

@test "files and directories of mode 000 and 555 unpack, can be read by the container's root, and are removed" {
	hostile_layout
	run_image oci:evil:mode-0 sh -c 'cat /d/e/f; cat /r/x; stat -c %a / /d /d/e /d/e/f /r'
	assert_status 0
	assert_lines x20 0 0 0 555
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "whiteouts of the root, of . and of .. remove nothing that is not the layer's own to remove" {
	hostile_layout
	pull_evil whiteout-of-root
	if [ "$status" = 0 ]; then
		run_image oci:evil:whiteout-of-root /bin/busybox true
		[ "$status" -lt 128 ]
	fi
	pull_evil whiteout-below-link
	assert_canary_lives
}

# wrong KIND TEXT…: an image with this fault is refused; the line has the texts.
wrong() {
	local base
	base=$(base_layer)
	oci_image "wrong:$1" --wrong "$1" "$base" extra.tar >/dev/null
	echo "image $1" >&2
	try pull "oci:wrong:$1"
	[ "$status" != 0 ] || fail "pulled: $1"
	assert_one_line "${@:2}"
	assert_store_is_empty
}

@test "digests, sizes and counts that are not true are refused before anything is used" {
	needs_images
	echo 'file extra repeat=20000*extra' | entries extra.tar
	local kind
	wrong layer-bytes digest
	wrong layer-short
	wrong layer-long
	wrong layer-empty
	wrong size-more
	wrong size-less
	wrong diff-id
	wrong diff-ids-fewer
	wrong diff-ids-more
	wrong no-layer 'no such file'
	wrong config-bytes
	wrong manifest-bytes
	wrong schema-1 'schema'
	for kind in size-negative size-huge size-text digest-other digest-short digest-path digest-slash digest-sha512 digest-upper digest-none media-type \
		diff-id-path layers-text no-config-member config-huge manifest-no-json no-config no-manifest; do
		wrong "$kind"
	done
	oci_image good:1 "$(base_layer)" >/dev/null
	assert_good_after
}

@test "an old image of the store is not harmed by a wrong new one under its name" {
	needs_images
	local base
	base=$(base_layer)
	echo 'file extra repeat=20000*extra' | entries extra.tar
	oci_image image:1 "$base" >/dev/null
	run_image oci:image:1 echo before
	assert_output before
	oci_image image:1 --wrong layer-bytes "$base" extra.tar >/dev/null
	try pull oci:image:1
	[ "$status" != 0 ]
	run_image --pull never oci:image:1 echo after
	assert_output after
	no_rubbish
}

@test "a bomb is refused as soon as it is larger than the limit, and what it wrote is gone" {
	needs_images
	command -v zstd >/dev/null || skip "zstd isn't installed"
	local how
	echo 'file zeros zeros=60000000' | entries bomb.tar
	for how in gzip zstd; do
		oci_image "bomb:$how" --compress "$how" bomb.tar >/dev/null
		try pull --image-size-limit 20m "oci:bomb:$how"
		[ "$status" != 0 ]
		assert_one_line limit
		assert_store_is_empty
	done
	# A sparse file counts with its size too, and a limit that suffices lets the same image in.
	try pull --image-size-limit 100m oci:bomb:zstd
	assert_status 0
}

@test "a layout whose blob is a FIFO, a link out of it or a directory is refused, and nobody waits" {
	needs_images
	local blob
	echo 'file extra content=extra' | entries extra.tar
	oci_image image:1 extra.tar >/dev/null
	blob=$(jq -r '.manifests[0].digest' image/index.json)
	blob=image/blobs/sha256/$(jq -r '.layers[0].digest' "image/blobs/sha256/${blob#sha256:}" | cut -d: -f2)
	mv "$blob" moved
	mkfifo "$blob"
	try pull oci:image:1
	[ "$status" = 1 ] || fail "$status: $stderr"
	assert_one_line
	rm "$blob"
	mkdir "$blob"
	try pull oci:image:1
	[ "$status" = 1 ]
	assert_one_line
	rmdir "$blob"
	assert_store_is_empty
	mkfifo index
	mv index image/index.json
	try pull oci:image:1
	[ "$status" = 1 ] || fail "$status: $stderr"
	assert_one_line
}

# is_asleep PID: the process waits, in a store that it has made.
is_asleep() {
	[ -e "$STORE/index.json" ] && grep -q '^State:.S' "/proc/$1/status"
}

# has_ended PID: also where nobody has waited for the process.
has_ended() {
	! grep -q '^State:.[^Z]' "/proc/$1/status"
}

@test "a FIFO for an archive waits for its writer, and a signal ends the wait" {
	needs_images
	local pid
	mkfifo fifo
	"$URUN" pull oci-archive:fifo 2>stderr.txt &
	pid=$!
	wait_for 10 is_asleep "$pid"
	kill -TERM "$pid"
	wait_for 5 has_ended "$pid" || kill -KILL "$pid"
	wait_status "$pid"
	[ "$status" = 143 ] || fail "$status: $(cat stderr.txt)"
	no_rubbish
}

# child_of PID: the only child of the process.
child_of() {
	CHILD=$(pgrep -P "$1")
}

@test "urun-image is the first process of a PID namespace, so that nothing of it outlives a pull" {
	needs_images
	local pid
	mkfifo fifo
	exec 9<>fifo
	"$URUN" pull oci-archive:fifo 9<&- 2>stderr.txt &
	pid=$!
	wait_for 10 child_of "$pid"
	grep -qE '^NSpid:.*[^0-9]1$' "/proc/$CHILD/status" || fail "$(grep NSpid "/proc/$CHILD/status")"
	kill -KILL "$pid"
	wait_status "$pid"
	wait_for 5 has_ended "$CHILD" || fail "urun-image outlives urun"
}

@test "the end of a container follows no link in the directory of its changes" {
	needs_images
	local changes
	oci_image image:1 "$(base_layer)" >/dev/null
	urun run -d --name c1 --network none oci:image:1 sleep 100
	changes=$(echo "$STORE"/containers/c1-*)
	mkdir -p mine/work
	chmod 555 mine/work
	mv "$changes/work" "$changes/was"
	ln -s "$PWD/mine" "$changes/work"
	urun delete --force c1
	[ "$(stat -c %a mine/work)" = 555 ]
	no_rubbish
}
