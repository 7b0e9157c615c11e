#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where images come from: layouts and archives of umoci, skopeo, podman and docker of all ages, and the choice among several images.
load lib.bash
load image.bash

# assert_runs IMAGE [TEXT]: the image runs, and its file /mark has the text.
assert_runs() {
	run_image "$1" cat /mark
	assert_status 0
	assert_output "${2-marked}"
}

# marked_layer: makes the layer mark.tar.
marked_layer() {
	needs_images
	echo "file mark content=marked" | entries mark.tar
}

@test "layers that are plain tar, gzip or zstd, with the media types of OCI and of docker, are the same to the store" {
	marked_layer
	local how kind hows=(none gzip)
	! command -v zstd >/dev/null || hows+=(zstd)
	for how in "${hows[@]}"; do
		for kind in '' --docker; do
			oci_image "image:$how$kind" $kind --compress "$how" "$(base_layer)" mark.tar >/dev/null
			assert_runs "oci:image:$how$kind"
		done
	done
	[ "$(layers_in_store)" = 2 ]
	no_rubbish
}

@test "an image that umoci has made runs with its config" {
	command -v umoci >/dev/null || skip "umoci isn't installed"
	marked_layer
	umoci init --layout layout
	umoci new --image layout:base
	umoci unpack --rootless --image layout:base bundle1
	cp -a "$BUNDLE/rootfs/." bundle1/rootfs
	echo marked >bundle1/rootfs/mark
	umoci repack --image layout:made bundle1
	umoci config --image layout:made --config.cmd cat --config.cmd /mark --config.env COLOUR=blue --config.workingdir /made --config.user 5:6
	run_image oci:layout:made
	assert_output marked
	run_image oci:layout:made sh -c 'echo $COLOUR; pwd; id -u; id -g'
	assert_lines blue /made 5 6
}

@test "what skopeo writes in each of its local transports runs" {
	skopeo_home
	marked_layer
	oci_image image:1 "$(base_layer)" mark.tar >/dev/null
	local to
	for to in oci:copy:1 oci-archive:copy.oci:1 docker-archive:copy.tar:localhost/copy:1 dir:copy.dir; do
		skopeo copy --quiet oci:image:1 "$to"
		assert_runs "$to"
	done
	# The only image of a layout or an archive needs no tag.
	for to in oci:copy oci-archive:copy.oci docker-archive:copy.tar; do
		assert_runs "$to"
	done
	[ "$(layers_in_store)" = 2 ]
	no_rubbish
}

@test "archives of docker save run, from the oldest form to that of today, also compressed" {
	marked_layer
	local form
	for form in 1.10 25; do
		docker_archive "saved-$form.tar" docker.io/library/saved:1 --form "$form" "$(base_layer)" mark.tar >/dev/null
		assert_runs "docker-archive:saved-$form.tar"
		assert_runs "docker-archive:saved-$form.tar:saved:1"
		gzip -k "saved-$form.tar"
		assert_runs "docker-archive:saved-$form.tar.gz"
	done
	docker_archive oldest.tar docker.io/library/saved:1 --form 1.8 "$(base_layer)" mark.tar >/dev/null
	try pull docker-archive:oldest.tar
	if [ "$status" != 0 ]; then assert_one_line manifest.json; fi
	try pull docker-archive:saved-1.10.tar:other:1
	assert_status 1
	assert_one_line other saved:1
	echo "file other content=other" | entries other.tar
	docker_archive wrong.tar docker.io/library/saved:1 --wrong layer-bytes other.tar >/dev/null
	try pull docker-archive:wrong.tar
	assert_status 1
	assert_one_line
	no_rubbish
}

@test "of several images in a layout one must be named; the error lists them" {
	marked_layer
	oci_image layout:one "$(base_layer)" mark.tar >/dev/null
	oci_image layout:two "$(base_layer)" >/dev/null
	try pull oci:layout
	assert_status 1
	assert_one_line one two
	try pull oci:layout:three
	assert_status 1
	assert_one_line three one two
	try pull oci:not-found
	assert_status 1
	assert_one_line not-found
	# A config.json beside it has nothing to do with the error.
	base_config >config.json
	run_image oci:not-found sh
	assert_status 125
	assert_one_line not-found
	[[ $stderr != *config.json* ]] || fail "$stderr"
	mkdir empty
	try pull oci:empty
	assert_status 1
	assert_one_line
	try pull docker-archive:empty
	assert_status 1
	assert_one_line 'is a directory' oci:empty
	assert_runs oci:layout:one
	# Paths with colons and spaces in them.
	cp -r layout 'a b'
	assert_runs 'oci:a b:one'
}

@test "of an index the image for this machine is taken, and the nearest variant; --platform takes another" {
	marked_layer
	local name
	for name in amd64 arm64/v8 arm/v6 arm/v7 386; do
		echo "file mark content=$name" | entries mark.tar
		oci_image all:1 --index --platform "linux/$name" "$(base_layer)" mark.tar >/dev/null
	done
	case $(uname -m) in
	x86_64) assert_runs oci:all:1 amd64 ;;
	aarch64) assert_runs oci:all:1 arm64/v8 ;;
	esac
	run_image --platform linux/arm/v7 oci:all:1 cat /mark
	[ "$status" != 125 ] || fail "$stderr"
	assert_contains "$output$stderr" arm
	try pull --platform linux/riscv64 oci:all:1
	assert_status 1
	assert_one_line riscv64 amd64
	try pull --platform windows/amd64 oci:all:1
	assert_status 1
	assert_one_line windows
	no_rubbish
}

@test "an image of another architecture runs only if it is asked for, and the line says why a program cannot" {
	marked_layer
	oci_image other:1 --platform linux/s390x "$(base_layer)" mark.tar >/dev/null
	run_image oci:other:1 cat /mark
	[ "$status" = 125 ] || assert_contains "$stderr" s390x
	assert_contains "$stderr" s390x
}

@test "a layout or an archive that has changed is read again, also where nothing says --pull" {
	marked_layer
	oci_image image:1 "$(base_layer)" mark.tar >/dev/null
	docker_archive saved.tar docker.io/library/saved:1 "$(base_layer)" mark.tar >/dev/null
	assert_runs oci:image:1
	assert_runs docker-archive:saved.tar
	echo 'file mark content=again' | entries mark.tar
	oci_image image:1 "$(base_layer)" mark.tar >/dev/null
	docker_archive saved.tar docker.io/library/saved:1 "$(base_layer)" mark.tar >/dev/null
	assert_runs oci:image:1 again
	assert_runs docker-archive:saved.tar again
	# Others with an old mtime take their places.
	mkdir old
	echo 'file mark content=third' | entries mark.tar
	oci_image old/image:1 "$(base_layer)" mark.tar >/dev/null
	docker_archive old/saved.tar docker.io/library/saved:1 "$(base_layer)" mark.tar >/dev/null
	touch -d 2001-01-01 old/saved.tar old/image old/image/index.json
	rm -r image
	mv old/image old/saved.tar .
	assert_runs oci:image:1 third
	assert_runs docker-archive:saved.tar third
	# The store alone serves where the source is gone, or is not to be read.
	mv image moved
	run_image --pull never oci:image:1 cat /mark
	assert_output third
}
