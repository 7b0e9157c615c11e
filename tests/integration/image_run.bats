#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of images: what the image's config means, what an option changes, and what stays.
load lib.bash
load image.bash

# image_with CONFIG [LAYER.tar…]: makes oci:layout:v1 of the base layer and of these, with this config.
image_with() {
	needs_images
	oci_image layout:v1 --config "$1" "$(base_layer)" "${@:2}" >/dev/null
}

# by_image ARG…: runs a container of oci:layout:v1 with these options, up to "--", and then the command.
by_image() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# = 0 ] || shift
	run_image "${options[@]}" oci:layout:v1 "$@"
}

# detached_image ID ARG…: starts such a container in the background.
detached_image() {
	urun run --detach --network none --name "$1" oci:layout:v1 "${@:2}" </dev/null >/dev/null
}

@test "an image runs by its name, and its changes end with the container" {
	image_with '{"Cmd": ["sh", "-c", "echo ran; echo x >/file; chown 5:6 /file; cat /file"]}'
	by_image
	assert_output $'ran\nx'
	by_image -- ls /file
	assert_status 1
	no_rubbish
	# The name in the store is enough when the source has gone.
	rm -r layout
	run_image --image oci:layout:v1 --pull never -- echo by name
	assert_output 'by name'
	run_image --pull always oci:layout:v1 true
	assert_status 125
	assert_one_line layout
}

@test "entrypoint, command, variables and working directory are the image's, and an option comes first" {
	image_with '{"Entrypoint": ["/bin/echo", "E"], "Cmd": ["C", "D"], "Env": ["A=image", "B=image", "PATH=/bin"], "WorkingDir": "/made/here"}'
	by_image
	assert_output 'E C D'
	by_image -- x y
	assert_output 'E x y'
	by_image --entrypoint '["sh", "-c"]' -- 'echo $A $B $PATH; pwd; stat -c "%u %a" .'
	assert_lines 'image image /bin' /made/here '0 755'
	by_image --entrypoint '' --env A=option --workdir /tmp -- sh -c 'echo $A $B; pwd'
	assert_lines 'option image' /tmp
	by_image --entrypoint ''
	assert_status 125
	assert_one_line 'names no program' 'give a COMMAND'
	by_image --unsetenv A --entrypoint env
	refute_contains "$output" A=
	assert_contains "$output" B=image
}

@test "an image without a program, and one without a layer, say so" {
	image_with '{"Env": ["A=b"]}'
	by_image
	assert_status 125
	assert_one_line 'names no program (hint: give a COMMAND)'
	by_image -- echo given
	assert_output given
	oci_image layout:empty >/dev/null
	run_image oci:layout:empty true
	assert_status 125
	assert_one_line 'it has no layers'
}

@test "the user is the image's, by the container's own passwd and group" {
	needs_images
	has_subids || skip "this user has no subids"
	mkdir -p top/etc
	printf 'root:x:0:0:root:/root:/bin/sh\napp:x:7:8:App:/home/app:/bin/sh\n' >top/etc/passwd
	printf 'root:x:0:\nwww:x:33:app\ngrp:x:44:\n' >top/etc/group
	tar -C top --owner=0 --group=0 -cf top.tar etc
	image_with '{"User": "app", "Cmd": ["sh", "-c", "id -u; id -G; echo $HOME"]}' top.tar
	by_image
	assert_lines 7 '8 33' /home/app
	by_image --user 0 -- id -u
	assert_output 0
	by_image --user app:grp -- id -g
	assert_output 44
	# With keep-id it is the caller, whatever the image says.
	needs_fuse
	by_image --userns keep-id -- sh -c 'id -u; stat -c %u /bin /etc/passwd'
	assert_lines "$(id -u)" 0 0
	by_image --userns keep-id -- sh -c 'touch /tmp/x; mkdir /tmp/dir && chmod 0 /tmp/dir'
	assert_status 0
	no_rubbish
	image_with '{"User": "nobody-there", "Cmd": ["id"]}' top.tar
	by_image
	assert_status 125
	assert_one_line '--user nobody-there' 'the image says so: --user gives another'
	image_with '{"User": "7:9", "Cmd": ["sh", "-c", "id -u; id -g; echo $HOME"]}' top.tar
	by_image
	assert_lines 7 9 /home/app
}

@test "a volume has the image's content, stays writable with --read-only, and gives way to a mount of the caller's" {
	needs_images
	mkdir -p top/data host
	echo image >top/data/file
	echo host >host/file
	ln -s /etc top/link
	tar -C top --owner=0 --group=0 -cf top.tar .
	image_with '{"Volumes": {"/data": {}, "/empty/dir": {}, "/proc/x": {}, "/link": {}}}' top.tar
	by_image -- sh -c 'cat /data/file; echo x >/data/new; echo x >/empty/dir/new; ls /data /empty/dir'
	assert_lines image /data: file new '' /empty/dir: new
	by_image --read-only -- sh -c 'cat /data/file; echo x >/data/new && echo x >/empty/dir/new && echo written; echo x 2>/dev/null >/new || echo refused'
	assert_lines image written refused
	by_image --volume "$PWD/host:/data" -- cat /data/file
	assert_output host
	by_image --mount "type=tmpfs,dst=/data/" -- ls /data
	assert_output ''
	by_image --volume "$PWD/host:/data/below" -- cat /data/file /data/below/file
	assert_lines image host
	by_image --image-volume tmpfs -- sh -c 'cat /data/file; grep -c "^tmpfs /data tmpfs" /proc/mounts'
	assert_lines image 1
	by_image --image-volume ignore --read-only -- sh -c 'echo x 2>/dev/null >/data/new || echo refused'
	assert_output refused
	[ "$(cat host/file)" = host ] && [ "$(ls host)" = file ]
}

@test "ports, stop signal and labels are the image's; no label commands the runtime" {
	image_with '{"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "0.0.0.0:18080:81": {}, "127.0.0.1::82": {}}, "StopSignal": "SIGUSR1", "Cmd": ["sh", "-c", "trap \"exit 3\" USR1; echo ready; while :; do sleep 0.05; done"],
		"Labels": {"a": "b", "org.urun.network": "host", "run.oci.keep_original_groups": "1", "org.opencontainers.image.stopSignal": "KILL", "org.urun.hidden": "/bin"}}'
	urun run --detach --publish-all --publish 127.0.0.1:0:53/udp --name c1 --init=false oci:layout:v1 </dev/null >/dev/null 2>err
	[ "$(grep -c "the image's label" err)" = 4 ]
	[ "$(grep -c "an image doesn't choose a port or an address of the host" err)" = 2 ] || fail "$(cat err)"
	wait_for 10 eval '[ "$(urun logs c1)" = ready ]'
	try port c1
	assert_contains "$output" '80/tcp'
	refute_contains "$output" '81/tcp'
	refute_contains "$output" '82/tcp'
	[ "$(grep -c 53/udp <<<"$output")" = 1 ]
	try inspect c1
	[ "$(jq -c '.[0].config.annotations | [.a, ."org.urun.network", ."run.oci.keep_original_groups", ."org.opencontainers.image.stopSignal", ."org.opencontainers.image.os", ."org.opencontainers.image.exposedPorts"]' <<<"$output")" = \
		'["b","slirp",null,"SIGUSR1","linux","80/tcp,53/udp,0.0.0.0:18080:81,127.0.0.1::82"]' ] || fail "$output"
	[[ $(jq -r '.[0].image' <<<"$output") = "oci:$PWD/layout:v1@sha256:"* ]]
	try list
	assert_contains "$output" "oci:$PWD/layout:v1 "
	try stop c1
	try wait c1
	assert_output 3
	urun delete c1
	no_rubbish
}

@test "the changes stay with a container that is kept, from one run to the next" {
	image_with '{"Cmd": ["sh", "-c", "echo run >>/log; chown 5:6 /log; cat /log"]}'
	detached_image c1
	try wait c1
	no_rubbish_but_one
	try restart c1
	try wait c1
	try start --attach c1
	assert_lines run run run
	[ "$(urun cp c1:/log - | tar -xO)" = $'run\nrun\nrun' ]
	try rmi oci:layout:v1
	assert_status 1
	assert_one_line 'used by container c1'
	try rmi --force oci:layout:v1
	assert_status 0
	# The layers are there as long as the container is.
	try start --attach c1
	assert_lines run run run run
	urun delete c1
	# Nobody has to ask for it.
	[ "$(layers_in_store)" = 0 ]
	assert_store_is_empty
}

# no_rubbish_but_one: one container has changes in the store.
no_rubbish_but_one() {
	[ "$(ls "$STORE/containers" | wc -l)" = 1 ]
}

@test "create makes the container, start runs it, delete removes its changes" {
	local id
	image_with '{"Cmd": ["sh", "-c", "echo ran; echo x >/file"]}'
	id=$(urun create --network none oci:layout:v1 2>/dev/null)
	[[ $id =~ ^[0-9a-f]{12}$ ]] || fail "$id"
	is_status "$id" created
	no_rubbish_but_one
	urun start "$id"
	wait_for 10 is_status "$id" stopped
	[ "$(urun logs "$id")" = ran ]
	try start --attach "$id"
	assert_output ran
	urun delete "$id"
	urun create --network none --name c2 oci:layout:v1 true </dev/null
	urun delete c2
	no_rubbish
}

@test "whatever ends the container, nothing of it is left" {
	image_with '{"Cmd": ["sleep", "60"]}'
	by_image -- nosuch
	assert_status 127
	no_rubbish
	by_image --memory 5x
	assert_status 125
	no_rubbish
	by_image --detach -- nosuch
	assert_status 127
	no_rubbish
	try create --network none oci:layout:v1 nosuch
	assert_status 127
	no_rubbish
	urun run --detach --rm --network none --name c1 oci:layout:v1 sh -c 'mkdir /dir; chown 5:6 /dir; chmod 0 /dir' </dev/null >/dev/null
	wait_for 10 eval '[ -z "$(urun list --quiet)" ]'
	wait_for 10 eval '[ -z "$(ls "$STORE/containers")" ]'
	detached_image c2
	urun delete --force c2
	no_rubbish
	# A run that is killed: the next look at the containers finds it.
	"$URUN" --root "$STATE" run --network none --name c3 oci:layout:v1 </dev/null >/dev/null 2>&1 &
	wait_for 10 is_status c3 running
	kill -KILL $!
	wait_for 10 eval '[ -z "$(urun list --quiet)" ]'
	no_rubbish
	# --replace, and an overlay of the caller's.
	detached_image c4
	urun run --detach --replace --network none --name c4 oci:layout:v1 </dev/null >/dev/null
	no_rubbish_but_one
	urun delete --force c4
	run_image "--overlay=$BUNDLE/kept" oci:layout:v1 sh -c 'echo kept >/file'
	run_image "--overlay=$BUNDLE/kept" oci:layout:v1 cat /file
	assert_output kept
	run_image --overlay oci:layout:v1 sh -c 'echo x >/file && cat /file'
	assert_output x
	no_rubbish
}

@test "changes whose container is unknown go with the next command that tidies the store" {
	image_with '{"Cmd": ["sh", "-c", "mkdir /dir; chown 5:6 /dir; chmod 0 /dir"]}'
	detached_image c1
	try wait c1
	sed 's/"c1"/"c2"/' "$STORE"/containers/*/use.json >use.json
	# The states are in memory, and a boot loses them.
	rm -rf "${STATE:?}/c1"
	no_rubbish_but_one
	try rmi --unused
	assert_store_is_empty
	# A start that was killed before the container had a state.
	by_image -- true
	mkdir "$STORE/containers/c2-0123456789abcdef"
	cp use.json "$STORE/containers/c2-0123456789abcdef"
	cp -a "$STORE"/containers/c2-* c2
	try pull oci:layout:v1
	no_rubbish
	cp -a c2 "$STORE/containers/c2-0123456789abcdef"
	by_image -- true
	no_rubbish
}

@test "many runs at once of an image that nobody has got yet, and a removal of it" {
	local i pids=()
	image_with '{"Cmd": ["sh", "-c", "echo x >/file; cat /file"]}'
	for i in 1 2 3 4 5 6; do
		"$URUN" --root "$STATE" run --network none --name "c$i" oci:layout:v1 </dev/null >"out$i" 2>&1 &
		pids+=($!)
	done
	"$URUN" --root "$STATE" rmi --all --force >/dev/null 2>&1 &
	pids+=($!)
	for i in "${pids[@]}"; do
		wait "$i" || fail "$(cat out*)"
	done
	[ "$(cat out?)" = $'x\nx\nx\nx\nx\nx' ] || fail "$(cat out*)"
	no_rubbish
}

@test "an image of many layers is one tree, and no layer changes" {
	local i before
	needs_images
	mkdir layers files
	touch files/f{1..120}
	for i in {1..120}; do
		tar -C files --owner=0 --group=0 -cf "layers/$i.tar" "f$i"
	done
	image_with '{}' layers/*.tar
	by_image -- sh -c 'ls -d /f* | wc -l; rm /f1; echo x >/f2; ls -d /f* | wc -l'
	assert_lines 120 119
	before=$(look_in_store)
	by_image -- sh -c 'rm -r /bin/*; echo x >/f2; mkdir /f3x'
	[ "$(look_in_store)" = "$before" ]
}

@test "what a layer removes is gone, in the overlay of the kernel and in that of fuse-overlayfs" {
	needs_images
	printf '%s\n' 'dir a' 'file a/one content=1' 'file a/two content=2' 'dir b' 'file b/old content=1' | entries one.tar
	printf '%s\n' 'dir a' 'file a/.wh.one' 'dir b' 'file b/.wh..wh..opq' 'file b/new content=2' | entries two.tar
	image_with '{}' one.tar two.tar
	by_image -- sh -c 'ls /a /b; rm /a/two; mkdir /a/one; ls /a'
	assert_lines /a: two '' /b: new one
	needs_fuse
	has_subids || skip "this user has no subids"
	by_image --userns keep-id --user 0 -- sh -c 'ls /a /b; rm /a/two; mkdir /a/one; ls /a'
	assert_lines /a: two '' /b: new one
}

@test "the top directory has the mode that the topmost layer with an entry for it gives" {
	needs_images
	printf '%s\n' 'dir . mode=555' 'file a content=1' | entries one.tar
	printf '%s\n' 'file b content=1' | entries two.tar
	image_with '{}' one.tar two.tar two.tar
	by_image -- stat -c '%a %u' /
	assert_output '555 0'
	image_with '{}' two.tar
	by_image -- stat -c '%a %u' /
	assert_output '755 0'
	needs_fuse
	has_subids || skip "this user has no subids"
	image_with '{}' one.tar two.tar
	by_image --userns keep-id -- stat -c '%a %u' /
	assert_output '555 0'
}

@test "the owners are the image's whatever ids the container has, also in an image of one layer" {
	local first
	needs_fuse
	has_subids || skip "this user has no subids"
	first=$(subid_range uid)
	first=${first% *}
	image_with '{"Cmd": ["sh", "-c", "stat -c \"%u %g\" /bin; echo x >/tmp/x; stat -c %u /tmp/x"]}'
	by_image
	assert_lines '0 0' 0
	by_image --userns keep-id
	assert_lines '0 0' "$(id -u)"
	by_image --userns keep-id:uid=1234,gid=1234 --user 0
	assert_lines '0 0' 0
	by_image --uidmap "0:$first:1000" --gidmap "0:$first:1000"
	assert_lines '0 0' 0
	by_image --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1"
	assert_lines '0 0' 0
	no_rubbish
}

@test "a layer can be there twice, with its removal in between" {
	needs_images
	printf '%s\n' 'dir d' 'file d/a content=1' 'file d/.wh.b' | entries one.tar
	printf '%s\n' 'file d/.wh.a' 'file d/b content=2' 'file d/c content=3' | entries two.tar
	image_with '{}' one.tar two.tar one.tar
	by_image -- ls /d
	assert_lines a c
}

@test "a word that is no image's name says what to type" {
	needs_images
	try run alpine:3.19 true
	assert_status 125
	assert_one_line "image 'alpine:3.19': which transport has it?" 'did you mean docker://alpine:3.19, or --image alpine:3.19?'
	oci_image layout:v1 "$(base_layer)" >/dev/null
	try run layout:v1 true
	assert_one_line 'did you mean oci:layout:v1?'
	try run ./nothing:v1 true
	assert_one_line 'did you mean oci:./nothing:v1'
	try run http://example.org/x true
	assert_one_line 'no transport has the name http' 'docker://'
	try run --rootfs "$BUNDLE/rootfs" --image alpine true
	assert_one_line '--rootfs and --image exclude each other'
	try run --bundle "$BUNDLE" --image alpine c1
	assert_one_line 'an image has no bundle'
	try run --bundle "$BUNDLE" oci:layout:v1
	assert_one_line 'an image has no bundle'
	try run --rootfs "$BUNDLE/rootfs" --platform linux/arm64 true
	assert_one_line 'option --platform: no image is given'
	try run --rootfs "$BUNDLE/rootfs" --pull always true
	assert_one_line 'option --pull: no image is given'
	try run --pull sometimes oci:layout:v1 true
	assert_one_line sometimes missing
	try run --pull oci:layout:v1 true
	assert_one_line "not 'oci:layout:v1'"
	try run oci:layout:nosuch true
	assert_status 125
	assert_one_line nosuch
	try run --pull never --image nowhere/nothing true
	assert_status 125
	assert_one_line nowhere/nothing
}

# Is the container made, so that its layers are used?
exists() { "$URUN" state "$1"; }

@test "a bundle of an image uses its layers as long as its container is there" {
	needs_images
	local run
	oci_image layout:v1 "$(base_layer)" >/dev/null
	mkdir out
	try spec --bundle out --network none --tty=false oci:layout:v1 sh -c 'read -r line; echo "$line" >/file; cat /file'
	assert_status 0
	mkfifo line
	"$URUN" run --bundle out c1 <line >printed 2>&1 &
	run=$!
	exec 8>line
	wait_for 5 exists c1
	try rmi --all
	assert_status 0
	echo 'still there' >&8
	exec 8>&-
	wait "$run"
	[ "$(<printed)" = 'still there' ] || fail "printed: $(<printed)"
	# The last use ends with the container, and the layers go.
	[ "$(layers_in_store)" = 0 ]
	[ -z "$(ls "$STORE/containers")" ] || fail "left: $(ls "$STORE/containers")"
	try run --bundle out c1
	assert_status 125
	assert_contains "no such file or directory (hint: \`urun pull oci:$PWD/layout:v1\` brings the image again)"
}

@test "check tells what a run would say, and pulls nothing; spec writes a config that runs" {
	needs_images
	oci_image layout:v1 --config '{"Cmd": ["sh", "-c", "echo by spec; echo x >/file"]}' "$(base_layer)" >/dev/null
	try check --network none oci:layout:v1
	assert_status 1
	assert_contains "$output" 'image oci:layout:v1: ' 'check pulls nothing: `urun pull oci:layout:v1` gets it'
	[ ! -e "$STORE/layers" ] || [ "$(layers_in_store)" = 0 ]
	mkdir out
	try spec --bundle out --network none oci:layout:v1
	assert_status 0
	[ "$(jq -r '.annotations["org.urun.overlay"]' out/config.json)" = tmpfs ]
	try run --bundle out c1
	assert_output 'by spec'
	try check --network none oci:layout:v1
	assert_output 'no problem found'
	try run --network none --save-config saved oci:layout:v1 sh -c 'echo saved; echo x >/file' </dev/null
	assert_output saved
	try run --config saved c1
	assert_output saved
	try check --network none oci:layout:v1 nosuch
	assert_contains "$output" 'executable file `nosuch` not found in $PATH'
	try check --network none --explain oci:layout:v1
	assert_contains "$output" "$STORE/layers/"
	no_rubbish
}

@test "an image of umoci runs as it is, and run -it is a shell at a terminal" {
	needs_images
	command -v umoci >/dev/null || skip "umoci isn't installed"
	command -v python3 >/dev/null || skip "python3 isn't installed"
	umoci init --layout made
	umoci new --image made:v1
	umoci unpack --rootless --image made:v1 unpacked
	cp -a "$BUNDLE/rootfs/." unpacked/rootfs
	umoci repack --image made:v1 unpacked
	umoci config --image made:v1 --config.cmd sh --config.env PS1='# ' --config.workingdir /work --config.label a=b
	observe "$BATS_TEST_DIRNAME/terminal" wait='# ' type='tty; pwd; echo in-$((40 + 2))\n' wait=in-42 type='exit 3\n' -- \
		"$URUN" --root "$STATE" run -it --rm --network none oci:made:v1
	assert_contains "$output" /dev/pts/0
	assert_contains "$output" /work
	assert_contains "$output" $'exit 3\nterminal restored'
	no_rubbish
	remove_tree unpacked
}

no_layers() {
	[ "$(layers_in_store)" = 0 ]
}

@test "rm returns when the container is gone, however long its image's layers take to go" {
	image_with '{}'
	urun run --detach --rm --network none --name c1 oci:layout:v1 sleep 60 </dev/null >/dev/null
	urun rmi --all >/dev/null
	# The removal of layers waits for this lock; a slow disk takes as long.
	(flock 9 && echo locked && exec sleep 25) 9<"$STORE/lock" >"$BATS_TEST_TMPDIR/locked" 3>&- &
	local holder=$! began=$SECONDS
	wait_for 5 test -s "$BATS_TEST_TMPDIR/locked"
	try rm --force c1
	kill "$holder"
	assert_status 0
	assert_output c1
	[ $((SECONDS - began)) -lt 8 ] || fail "$((SECONDS - began)) s"
	wait_for 10 no_layers
}
