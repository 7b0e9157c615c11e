#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `urun pull`, `urun images` and `urun rmi`: what a person types and sees.
load lib.bash
load image.bash

# small_image REFERENCE…: makes an image of two layers under each name of an OCI layout.
small_image() {
	needs_images
	local reference
	echo 'file mark content=marked' | entries mark.tar
	for reference; do
		oci_image "$reference" "$(base_layer)" mark.tar >/dev/null
	done
}

# try_terminal ARG…: runs urun at a terminal; $output is what it shows, without carriage returns.
try_terminal() {
	output=$("$TESTS/terminal" -- "$URUN" "$@" | tr -d '\r')
	assert_contains "$output" 'exit 0'
}

no_helper() {
	! newest_process urun-image >/dev/null
}

@test "pull prints the id alone; images lists what was pulled; rmi prints the name and leaves nothing" {
	small_image layout:v1
	try pull oci:layout:v1
	assert_status 0
	[[ $output =~ ^[0-9a-f]{64}$ ]] || fail "$output"
	[ -z "$stderr" ] || fail "$stderr"
	local id=$output
	[ "$(cat "$STORE"/layers/*/root/mark)" = marked ]
	urun images >table
	[ "$(sed -n '1s/  */ /gp' table)" = 'IMAGE ID PULLED SIZE PLATFORM' ] || fail "$(cat table)"
	grep -q "^oci:$PWD/layout:v1 *${id:0:12} " table || fail "$(cat table)"
	[ "$(urun images --quiet)" = "${id:0:12}" ]
	[ "$(urun images --quiet --no-trunc)" = "sha256:$id" ]
	[ "$(urun images --json | jq -r '.[] | .name, .id, .layers, (.containers | length)')" = "$(printf '%s\n' "oci:$PWD/layout:v1" "sha256:$id" 2 0)" ]
	[ "$(urun images --json)" = "$(urun images --format json)" ]
	try rmi oci:layout:v1
	assert_status 0
	assert_output "oci:$PWD/layout:v1"
	assert_store_is_empty
}

@test "the commands work before there is a store, and an image that isn't there is one line" {
	needs_images
	[ "$(urun images --json)" = '[]' ]
	try rmi --all
	assert_status 0
	assert_output ''
	[ ! -e "$STORE" ]
	try rmi oci:nothing
	assert_status 1
	assert_one_line 'oci:nothing is not in the store'
	try rmi --force oci:nothing
	assert_status 0
	try images alpine
	assert_status 1
	assert_one_line 'alpine is not in the store'
	try images --format '{{.ID}}'
	assert_status 1
	assert_one_line 'is table or json' jq
	try inspect oci:nothing
	assert_status 1
	assert_one_line 'urun images --json oci:nothing'
	try pull oci:nothing
	assert_status 1
	assert_one_line 'image oci:nothing: open nothing'
	try rmi
	assert_status 1
	assert_one_line 'expected IMAGE…, --all or --unused'
}

@test "one of several images that fails doesn't keep the others" {
	small_image layout:v1 layout:v2
	try pull oci:layout:v1 oci:layout:none oci:layout:v2
	assert_status 1
	[ "$(wc -l <<<"$output")" = 2 ]
	output=''
	assert_one_line oci:layout:none
	try rmi oci:layout:none oci:layout:v1 oci:layout:v2
	assert_status 1
	[ "$(wc -l <<<"$output")" = 2 ]
	assert_store_is_empty
}

@test "rmi by id takes all names of the image; with another name the layers stay" {
	small_image layout:v1 layout:v2
	urun pull oci:layout:v1 oci:layout:v2 >ids
	[ "$(layers_in_store)" = 2 ]
	urun rmi oci:layout:v1
	[ "$(layers_in_store)" = 2 ]
	# The same image, with another manifest.
	oci_image layout:plain --compress none "$(base_layer)" mark.tar >/dev/null
	urun pull oci:layout:v1 oci:layout:plain
	try images "$(head -c 12 ids)"
	assert_status 0
	try rmi "$(head -c 12 ids)"
	assert_status 0
	[ "$(wc -l <<<"$output")" = 3 ]
	assert_store_is_empty
}

# pulled TIME: the store says that its images were pulled then.
pulled() {
	jq --arg time "$(date -u -d "$1" +%FT%TZ)" '.manifests[].annotations["org.urun.pulled"] = $time' "$STORE/index.json" >new.json
	mv new.json "$STORE/index.json"
}

@test "--policy missing reads the source only where the store has no image, and newer where the source was written since" {
	small_image layout:v1
	urun pull oci:layout:v1
	pulled '1 hour'
	mv layout/blobs blobs
	urun pull --policy missing oci:layout:v1
	urun pull --policy newer oci:layout:v1
	urun pull --policy never oci:layout:v1
	try pull oci:layout:v1
	assert_status 1
	try pull --policy never oci:layout:v2
	assert_status 1
	assert_one_line 'never' 'oci:layout:v2'
	try pull --policy sometimes oci:layout:v1
	assert_status 1
	assert_one_line 'always, missing, newer or never'
	pulled '1 hour ago'
	try pull --policy missing oci:layout:v1
	assert_status 1
	mv blobs layout/blobs
	urun pull --policy missing oci:layout:v1
}

@test "an archive from a pipe, compressed or not, is pulled" {
	small_image layout:v1
	tar -C layout -cf plain.tar .
	gzip -k plain.tar
	local file ids
	for file in plain.tar plain.tar.gz; do
		try pull oci-archive:/dev/stdin <"$file"
		assert_status 0
		try pull oci-archive:/dev/stdin < <(cat "$file")
		assert_status 0
		try pull "oci-archive:$file"
		assert_status 0
		ids+=$output$'\n'
	done
	[ "$(sort -u <<<"$ids" | grep -c .)" = 1 ]
	no_rubbish
}

@test "a file that is another kind of archive than its transport is refused with the right one" {
	small_image layout:v1
	tar -C layout -cf oci.tar .
	docker_archive docker.tar localhost/web:1 "$(base_layer)" mark.tar
	try pull docker-archive:oci.tar
	assert_status 1
	assert_one_line 'oci-archive:'
	try pull oci-archive:docker.tar
	assert_status 1
	assert_one_line 'docker-archive:'
	printf BZh91AY >docker.tar.bz2
	try pull docker-archive:docker.tar.bz2
	assert_status 1
	assert_one_line 'compressed by bzip2'
	echo text >text
	try pull docker-archive:text
	assert_status 1
	assert_one_line 'docker-archive:text'
	assert_store_is_empty
}

@test "at a terminal each layer has a line on stderr, and the id is the last line" {
	small_image layout:v1
	try_terminal pull oci:layout:v1
	assert_contains "$output" ' done'
	grep -qE '^[0-9a-f]{64}$' <<<"$output" || fail "$output"
	try_terminal pull oci:layout:v1
	assert_contains "$output" 'already there'
	# A run shows what is new to the store.
	try_terminal run --network none oci:layout:v1 true
	[[ $output != *already* ]] || fail "$output"
	echo 'file more content=more' | entries more.tar
	oci_image layout:v2 "$(base_layer)" more.tar >/dev/null
	try_terminal run --network none oci:layout:v2 true
	assert_contains "$output" ' done'
	try_terminal pull --quiet oci:layout:v1
	[[ $output != *already* ]] || fail "$output"
}

@test "Ctrl-C ends a pull, and nothing is left" {
	needs_images
	mkfifo archive
	# shellcheck disable=SC2016
	output=$(timeout 20 "$TESTS/terminal" wait=ready 'type=\x03' -- sh -c 'exec 9<>archive; echo ready; exec "$0" pull oci-archive:archive' "$URUN")
	assert_contains "$output" 'exit 130'
	wait_for 5 no_helper
	no_rubbish
}

@test "urun-image sees the store alone, without a network, with few capabilities and a filter" {
	small_image layout:v1
	mkfifo archive
	"$URUN" pull oci-archive:/dev/stdin <archive >/dev/null 2>&1 &
	local pull=$! pid
	exec 9>archive
	wait_for 5 newest_process urun-image
	pid=$(newest_process urun-image)
	confined() { [ "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" = 2 ]; }
	wait_for 5 confined
	[ "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" = 1 ]
	# chown, dac_override, fowner, fsetid, setfcap
	[ "$(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")" = 000000008000001b ]
	[ "$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" = 000000008000001b ]
	exec 9>&-
	wait "$pull" || true
	no_rubbish
}

@test "a layer that ends behind the content of its last file, as umoci insert writes it, is whole; one that ends in the content isn't" {
	needs_images
	printf hello >file
	tar --format=ustar -cf whole.tar file
	head -c $((512 + 5)) whole.tar >padless.tar
	head -c $((512 + 4)) whole.tar >cut.tar
	oci_image layout:padless padless.tar >/dev/null
	oci_image layout:cut cut.tar >/dev/null
	try pull oci:layout:padless
	assert_status 0
	[ "$(cat "$STORE"/layers/*/root/file)" = hello ]
	try pull oci:layout:cut
	assert_status 1
	assert_one_line 'image oci:layout:cut: layer sha256:' Truncated
}
