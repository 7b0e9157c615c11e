#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Configs of images that want more than an image may have, and odd ones: nothing of the host is reached, and an error is one line.
load lib.bash
load image.bash

# with_config JSON [ARG…]: runs image:1 with this config, and a layer with links to the canary, as `try` does.
with_config() {
	echo "config $1" >&2
	oci_image image:1 --config "$1" "$(base_layer)" links.tar >/dev/null
	run_image --pull always "${@:2}"
	[ "$status" -lt 128 ] || fail "exit status $status with $1: $stderr"
	assert_canary_lives
	no_rubbish
}

links_to_canary() {
	needs_images
	mkdir -p "$BATS_TEST_TMPDIR/canary"
	printf '%s\n' "symlink canary link=$BATS_TEST_TMPDIR/canary" "symlink up link=../../../../../../../.." | entries links.tar
	# Images that these tests make lie beside the canary.
	look_outside() { find "$BATS_TEST_TMPDIR/canary" "$XDG_DATA_HOME/canary" "$BATS_TEST_TMPDIR/file" -printf '%p %y %U %m %s %l %C@\n' | sort; }
	canary
}

@test "labels that are orders to urun, or to another runtime, are none in an image" {
	links_to_canary
	local labels
	labels=$(jq -n '[["network", "host"], ["overlay", "/tmp/urun-was-here"], ["layers", "/etc"], ["init", "false"], ["publish", "127.0.0.1:1:1"], ["hosts", "x"],
		["image", "other"], ["userns", "keep-id"]] | map({key: ("org.urun." + .[0]), value: .[1]}) | from_entries + {"run.oci.keep_original_groups": "1", "harmless": "yes"}')
	oci_image image:1 --config "{\"Labels\": $labels}" "$(base_layer)" >/dev/null
	try spec --network none oci:image:1 true
	assert_status 0
	[ -z "$output" ] || echo "$output" >config.json
	[ "$(jq -r .annotations.harmless config.json)" = yes ]
	[ "$(jq -r '.annotations["org.urun.network"]' config.json)" != host ]
	! grep -qE 'urun-was-here|127.0.0.1:1:1|keep-id' config.json || fail "$(cat config.json)"
	run_image oci:image:1 sh -c 'cat /proc/net/dev | grep -c :; ls /etc/passwd'
	assert_lines 1 /etc/passwd
	[ ! -e /tmp/urun-was-here ]
}

@test "volumes of an image are the container's own, whatever their names are" {
	links_to_canary
	local name
	for name in /etc /../../x / /proc /proc/self /dev /sys /canary /canary/made /up/tmp/made relative '' . .. '/a\nb' '/a:b,c' '//x//y/' "/$(printf 'x%.0s' {1..300})"; do
		with_config "{\"Volumes\": {\"$name\": {}}}" oci:image:1 sh -c 'echo x >/canary/file; echo x >/canary/made/x; true'
	done
	with_config '{"Volumes": {"/data": {}, "/etc": {}}}' oci:image:1 sh -c 'echo x >/data/made && cat /data/made; ls /etc/group'
	assert_lines x /etc/group
}

@test "a working directory that leads out of the image is made in it, or refused" {
	links_to_canary
	local name
	for name in ../../.. /canary /canary/made /up/tmp /etc/passwd relative '/a\nb' "/$(printf 'x%.0s' {1..300})" /proc/self/cwd /dev/x; do
		with_config "{\"WorkingDir\": \"$name\"}" oci:image:1 true
	done
	with_config '{"WorkingDir": "/made/by/urun"}' oci:image:1 pwd
	assert_output /made/by/urun
}

@test "a user that cannot be is refused with its name, and is never root instead" {
	links_to_canary
	local name
	for name in nosuch 0:nosuch nosuch:0 99999999999 -1 4294967295 '0:0:0' 'root\nx' ../root '1 2' +1 0x1; do
		with_config "{\"User\": \"$name\"}" oci:image:1 id -u
		[ "$status" = 125 ] || [ "$status" = 126 ] || fail "user $name: $status: $output $stderr"
		assert_one_line
	done
	for name in 0 root root:root ''; do
		with_config "{\"User\": \"$name\"}" oci:image:1 id -u
		assert_output 0
	done
}

@test "odd programs, variables, signals and ports" {
	links_to_canary
	local config
	for config in '{"Cmd": [""]}' '{"Cmd": []}' '{"Entrypoint": [], "Cmd": null}' '{"Entrypoint": [""]}' '{"Cmd": ["/up/bin/true"]}' '{"Cmd": ["../../bin/sh"]}' \
		'{"StopSignal": "SIGNONE"}' '{"StopSignal": "9999"}' '{"Env": ["NOVALUE", "=x", "A=b=c", "", "LD_PRELOAD=/canary/file", "PATH="]}' \
		'{"ExposedPorts": {"x": {}, "0/tcp": {}, "99999/tcp": {}, "80-90/udp": {}, "/": {}}}' '{"Env": "text"}' '{"Cmd": "text"}' '{"User": 5}' '{"Labels": []}'; do
		with_config "$config" oci:image:1
		# A warning for each odd value, once, and an error.
		[ "$(sort <<<"$stderr" | uniq -d)" = '' ] || fail "twice: $stderr"
		case $status in 125 | 126 | 127) [ "$(grep -vc 'warning: ' <<<"$stderr")" = 1 ] || fail "$stderr" ;; esac
		with_config "$config" oci:image:1 /bin/true
	done
	with_config '{"Env": ["A=b=c", "PATH=/bin"], "Entrypoint": ["echo", "first"], "Cmd": ["second"]}' oci:image:1
	assert_output 'first second'
	with_config '{"Env": ["A=b=c", "PATH=/bin"], "Entrypoint": ["sh", "-c"], "Cmd": ["exit 3"]}' oci:image:1 'echo $A'
	assert_output b=c
}
