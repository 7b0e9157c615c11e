#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images of a registry: Debian's docker-registry on the loopback, and skopeo as people have configured it.
load lib.bash
load image.bash

# registry [LINE-OF-CONFIG…]: starts a registry at localhost:$PORT, with an image busybox:1, and configures skopeo for it.
registry() {
	needs_images
	command -v docker-registry >/dev/null || skip "docker-registry isn't installed"
	skopeo_home
	printf '%s\n' 'version: 0.1' 'storage: {filesystem: {rootdirectory: '"$BATS_TEST_TMPDIR/registry"'}}' 'http: {addr: "127.0.0.1:0", secret: x}' "$@" >registry.yml
	start_registry
	oci_image image:1 "$(base_layer)" >/dev/null
}

start_registry() {
	OTEL_TRACES_EXPORTER=none docker-registry serve registry.yml >registry.log 2>&1 3>&- &
	REGISTRY=$!
	wait_for 10 grep -q 'listening on' registry.log || fail "$(cat registry.log)"
	PORT=$(grep -o 'listening on 127.0.0.1:[0-9]*' registry.log | cut -d: -f2)
	trust_port "$PORT"
}

# trust_port PORT: skopeo speaks HTTP with the registry at this port.
trust_port() {
	printf '[[registry]]\nlocation = "localhost:%s"\ninsecure = true\n' "$1" >"$HOME/.config/containers/registries.conf"
}

stop_registry() {
	kill "$REGISTRY"
	wait "$REGISTRY" || true
}

# start_proxy BYTES [wait]: puts images/breaking_proxy.py between skopeo and the registry, at localhost:$THROUGH.
start_proxy() {
	python3 "$IMAGES/breaking_proxy.py" "$PORT" "$1" port "${@:2}" >/dev/null 2>&1 3>&- &
	PROXY=$!
	wait_for 10 test -s port
	THROUGH=$(cat port)
	trust_port "$THROUGH"
}

stop_proxy() {
	kill "$PROXY"
	wait "$PROXY" || true
	trust_port "$PORT"
}

# push SOURCE NAME [OPTION…]: copies an image of a layout to the registry.
push() {
	skopeo copy --quiet "${@:3}" "oci:$1" "docker://localhost:$PORT/$2"
}

# fetched: prints how many different blobs have been asked of the registry.
fetched() {
	{ grep -o '"GET /v2/[^ ]*/blobs/[^"]*" 200' registry.log || true; } | sort -u | wc -l
}

@test "an image of a registry is pulled, run and listed; what the store has is not fetched again" {
	registry
	local before
	push image:1 busybox:1
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
	no_rubbish
	before=$(fetched)
	[ "$before" = 2 ]
	run_image "docker://localhost:$PORT/busybox:1" cat /etc/group
	assert_output 'root:x:0:'
	[ "$(fetched)" = "$before" ]
	assert_contains "$(urun images --json)" "localhost:$PORT/busybox:1"
	# One more layer over the same one: a config and a layer are fetched.
	echo 'file more content=more' | entries more.tar
	oci_image image:2 "$(base_layer)" more.tar >/dev/null
	push image:2 busybox:2
	before=$(fetched)
	try pull "docker://localhost:$PORT/busybox:2"
	assert_status 0
	[ $(($(fetched) - before)) = 2 ] || fail "$(grep -o '"GET [^"]*"' registry.log)"
	run_image "docker://localhost:$PORT/busybox:2" cat /more
	assert_output more
	stop_registry
}

@test "--pull: missing and never take what the store has, always asks, newer goes on without the registry" {
	registry
	local name=docker://localhost:$PORT/busybox:1
	echo 'file version content=new' | entries new.tar
	run_image --pull never "$name" true
	assert_status 125
	assert_one_line "busybox:1"
	push image:1 busybox:1
	run_image --pull newer "$name" ls /version
	[ "$status" = 1 ]
	oci_image image:new "$(base_layer)" new.tar >/dev/null
	push image:new busybox:1
	run_image "$name" ls /version
	[ "$status" = 1 ]
	run_image --pull newer "$name" cat /version
	assert_output new
	stop_registry
	run_image --pull newer "$name" cat /version
	assert_output new
	run_image --pull missing "$name" cat /version
	assert_output new
	run_image --pull never "$name" cat /version
	assert_output new
	RUN_ALONE=1 run_image --pull always "$name" cat /version
	assert_status 125
	assert_one_line
	no_rubbish
}

@test "a registry with a password: refused without it, in one line; with skopeo login it is pulled" {
	command -v htpasswd >/dev/null || skip "htpasswd isn't installed"
	htpasswd -Bbn someone secret-word >"$BATS_TEST_TMPDIR/htpasswd"
	registry "auth: {htpasswd: {realm: test, path: $BATS_TEST_TMPDIR/htpasswd}}"
	echo secret-word | skopeo login --username someone --password-stdin --tls-verify=false "localhost:$PORT" >/dev/null
	push image:1 busybox:1
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	urun rmi --all
	skopeo logout "localhost:$PORT" >/dev/null
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 1
	assert_one_line "busybox:1"
	assert_store_is_empty
	# A path in a variable is the caller's, whatever the directory is that skopeo runs in.
	echo secret-word | skopeo login --authfile auth.json --username someone --password-stdin --tls-verify=false "localhost:$PORT" >/dev/null
	REGISTRY_AUTH_FILE=auth.json try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	stop_registry
}

# registry_blob: prints the path of the last layer of busybox:1 in the registry's storage.
registry_blob() {
	local digest
	digest=$(skopeo inspect --raw "docker://localhost:$PORT/busybox:1" | jq -r '.layers[-1].digest')
	digest=${digest#sha256:}
	echo "registry/docker/registry/v2/blobs/sha256/${digest:0:2}/$digest/data"
}

@test "a layer with another content than its digest says, or with half of it, is refused, and the store stays empty" {
	registry
	local blob
	push image:1 busybox:1
	blob=$(registry_blob)
	cp "$blob" whole
	printf 'x' | dd of="$blob" bs=1 seek=100000 conv=notrunc status=none
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 1
	assert_one_line
	assert_store_is_empty
	head -c 200000 whole >"$blob"
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 1
	assert_one_line
	assert_store_is_empty
	cp whole "$blob"
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	no_rubbish
	stop_registry
}

@test "a registry that sends more than the manifest says fills no disk" {
	registry
	local blob
	push image:1 busybox:1
	blob=$(registry_blob)
	truncate -s 300M "$blob"
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 1
	assert_one_line "the registry sends more than the manifest says"
	assert_store_is_empty
	stop_registry
}

@test "a registry that breaks off in the middle of a layer: one line, no rubbish, and the next pull is whole" {
	registry
	push image:1 busybox:1
	start_proxy 300000
	try pull "docker://localhost:$THROUGH/busybox:1"
	assert_status 1
	assert_one_line "busybox:1"
	assert_store_is_empty
	stop_proxy
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	stop_registry
}

@test "Ctrl-C in a download keeps the layers that are whole for the next pull" {
	registry
	echo 'file mark content=marked' | entries mark.tar
	oci_image image:2 "$(base_layer)" mark.tar >/dev/null
	push image:2 marked:2
	start_proxy 300000 wait
	output=$(timeout 20 "$TESTS/terminal" 'wait=done' 'type=\x03' -- "$URUN" pull "docker://localhost:$THROUGH/marked:2")
	assert_contains "$output" 'exit 130'
	no_rubbish
	[ "$(urun images --json)" = '[]' ]
	[ "$(cat "$STORE"/layers/*/root/mark)" = marked ]
	no_skopeo
	stop_proxy
	output=$("$TESTS/terminal" -- "$URUN" pull "docker://localhost:$PORT/marked:2")
	assert_contains "$output" 'already there'
	stop_registry
}

@test "of an index the image for this machine, or for --platform, is taken; docker's schema 2 is read" {
	registry
	local architecture digest
	for architecture in amd64 arm64/v8 s390x; do
		echo "file architecture content=$architecture" | entries "architecture.tar"
		oci_image image:all --index --platform "linux/$architecture" "$(base_layer)" architecture.tar >/dev/null
	done
	skopeo copy --quiet --all oci:image:all "docker://localhost:$PORT/all:1"
	push image:1 schema:2 --format v2s2
	try pull "docker://localhost:$PORT/schema:2"
	assert_status 0
	run_image "docker://localhost:$PORT/schema:2" cat /etc/group
	assert_output 'root:x:0:'
	try pull --platform linux/s390x "docker://localhost:$PORT/all:1"
	assert_status 0
	try pull --platform linux/riscv64 "docker://localhost:$PORT/all:1"
	assert_status 1
	assert_one_line riscv64
	digest=$(skopeo inspect --raw "docker://localhost:$PORT/schema:2" | sha256sum | cut -d' ' -f1)
	try pull "docker://localhost:$PORT/schema@sha256:$digest"
	assert_status 0
	try pull "docker://localhost:$PORT/schema@sha256:${digest//[0-9]/0}"
	assert_status 1
	assert_one_line
	no_rubbish
	stop_registry
}

@test "skopeo that is killed, and a pull that is killed with it, leave nothing that the next pull does not remove" {
	registry
	local delay
	push image:1 busybox:1
	for delay in 0.02 0.05 0.1 0.2; do
		"$URUN" pull "docker://localhost:$PORT/busybox:1" 2>/dev/null 3>&- &
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		wait_for 5 no_skopeo || fail "skopeo goes on"
	done
	try pull "docker://localhost:$PORT/busybox:1"
	assert_status 0
	no_rubbish
	stop_registry
}

no_skopeo() {
	[ -z "$(processes_of_ours skopeo urun-image)" ]
}

@test "without skopeo the error says how to install it; an image that needs no skopeo is pulled all the same" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	# urun looks in the system's directories too, so they are without it in another mount namespace, where one id is mapped.
	cat >without.sh <<-'END'
		for program in $(type -ap skopeo); do mount --bind /dev/null "$program" || exit 77; done
		"$1" pull docker://localhost:1/busybox:1
		status=$?
		"$1" pull oci:image:1 >/dev/null && exit $status
	END
	observe unshare --user --map-root-user --mount bash without.sh "$URUN"
	[ "$status" != 77 ] || skip "no bind mounts in a user namespace here"
	assert_status 1
	assert_one_line skopeo 'install'
}

@test "what containers-policy.json(5) rejects is refused, also where the store has all its layers" {
	registry
	push image:1 busybox:1
	oci_image image:2 --config '{"Cmd": ["reboot"]}' "$(base_layer)" >/dev/null
	push image:2 busybox:2
	urun pull "docker://localhost:$PORT/busybox:1"
	printf '{"default":[{"type":"reject"}]}' >"$HOME/.config/containers/policy.json"
	try pull "docker://localhost:$PORT/busybox:2"
	assert_status 1
	assert_one_line policy
	urun rmi --all
	try pull "docker://localhost:$PORT/busybox:2"
	assert_status 1
	assert_one_line policy
	assert_store_is_empty
	stop_registry
}
