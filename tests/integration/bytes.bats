#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Arguments, variables and paths are bytes for Linux: they arrive unchanged, UTF-8 or not, and as many as the kernel takes.
load lib

# A byte that never occurs in UTF-8, the first byte of a character without its second, and half of a surrogate pair.
BYTES=$'a\xff-\xc3-\xed\xa0\x80'
HEX=61ff2dc32deda080

# hex: prints stdin in hexadecimal digits.
hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# rootfs_run ARG…: runs a container of the bundle's root file system.
rootfs_run() {
	urun run --rootfs "$BUNDLE/rootfs" --network none "$@"
}

@test "arguments and variables arrive as the same bytes" {
	local file=$BATS_TEST_TMPDIR/env
	[ "$(rootfs_run printf %s "$BYTES" | hex)" = "$HEX" ]
	[ "$(rootfs_run --env "X=$BYTES" -- sh -c 'printf %s "$X"' | hex)" = "$HEX" ]
	[ "$(X=$BYTES rootfs_run --env X -- sh -c 'printf %s "$X"' | hex)" = "$HEX" ]
	[ "$(LANG=$BYTES rootfs_run sh -c 'printf %s "$LANG"' | hex)" = "$HEX" ]
	printf 'X=%s\n' "$BYTES" >"$file"
	[ "$(rootfs_run --env-file "$file" -- sh -c 'printf %s "$X"' | hex)" = "$HEX" ]
	[ "$(rootfs_run --hostname "h$BYTES" hostname | hex)" = "68${HEX}0a" ]
}

@test "paths of the options of run are bytes" {
	local dir=$BATS_TEST_TMPDIR/$BYTES
	mkdir "$dir"
	cp -a "$BUNDLE/rootfs" "$dir/rootfs"
	: >"$dir/file"
	urun run --rootfs "$dir/rootfs" --network none --volume "$dir:/v$BYTES" --tmpfs "/t$BYTES" --workdir "/v$BYTES" -- sh -c "
		[ -e file ] && pwd >seen && : >'/t$BYTES/new'"
	[ "$(hex <"$dir/seen")" = "2f76${HEX}0a" ]
	urun --root "$dir/state" run --rootfs "$dir/rootfs" --network none --overlay="$dir/overlay" -- touch /new
	[ -e "$dir/overlay/upper/new" ]
	rm -r "$dir/overlay"
}

@test "exec passes arguments, variables and a working directory as bytes" {
	rootfs_run --detach --name c1 --volume "$BATS_TEST_TMPDIR:/v$BYTES" -- sleep 30
	[ "$(urun exec c1 printf %s "$BYTES" | hex)" = "$HEX" ]
	[ "$(urun exec --env "X=$BYTES" --cwd "/v$BYTES" c1 sh -c 'printf %s/%s "$X" "$PWD"' | hex)" = "${HEX}2f2f76$HEX" ]
	[ "$(urun state c1 | jq -r .status)" = running ]
	urun delete --force c1
}

@test "a bundle whose path isn't UTF-8 runs, and its state is JSON" {
	local bundle=$BATS_TEST_TMPDIR/$BYTES
	cp -a "$BUNDLE" "$bundle"
	BUNDLE=$bundle
	config '.process.args = ["pwd"]'
	try run --bundle "$bundle" c1
	assert_status 0
	assert_output /
	cd "$bundle"
	try run c1
	assert_status 0
	config '.process.args = ["sleep", "30"]'
	urun create --bundle "$bundle" --pid-file "$bundle/pid" c1
	urun start c1
	urun state c1 | jq -e '.status == "running"'
	urun list --format json | jq -e 'length == 1'
	[ -s "$bundle/pid" ]
	urun delete --force c1
	cd /
}

@test "a text that must become JSON is an error where it isn't UTF-8" {
	local bundle=$BATS_TEST_TMPDIR/$BYTES
	try run --rootfs "$BUNDLE/rootfs" --network none --save-config "$BATS_TEST_TMPDIR/saved" -- echo "$BYTES"
	assert_status 125
	assert_one_line 'process.args[1]: invalid UTF-8'
	[ ! -e "$BATS_TEST_TMPDIR/saved" ]
	try spec --bundle "$BATS_TEST_TMPDIR" --rootfs "$BUNDLE/rootfs" --network none --env "X=$BYTES" -- true
	assert_status 1
	assert_one_line 'process.env' 'invalid UTF-8'
	try run --rootfs "$BUNDLE/rootfs" --network none --annotation "x=$BYTES" -- true
	assert_one_line --annotation 'not valid UTF-8'
	# A hook would look for another directory than the bundle's.
	cp -a "$BUNDLE" "$bundle"
	BUNDLE=$bundle
	config '.hooks = {"createRuntime": [{"path": "/bin/true"}]}'
	try run --bundle "$bundle" c1
	assert_status 125
	assert_one_line 'bundle: invalid UTF-8'
	try check "$bundle"
	assert_status 1
	assert_contains "$output" 'bundle: invalid UTF-8'
	printf '{"cwd": "/", "args": ["%s"]}' "$BYTES" >"$BATS_TEST_TMPDIR/process.json"
	config 'del(.hooks) | .process.args = ["sleep", "30"]'
	urun run --detach --bundle "$bundle" c1
	try exec --process "$BATS_TEST_TMPDIR/process.json" c1
	assert_status 255
	assert_one_line 'args[0]: invalid UTF-8'
	urun delete --force c1
}

@test "as many arguments as the kernel takes reach the program" {
	# shellcheck disable=SC2046 # many words on purpose
	[ "$(rootfs_run sh -c 'echo $#' sh $(seq 100000))" = 100000 ]
	config '.process.args = ["sh", "-c", "echo $#", "sh", (range(100000) | tostring)]'
	try run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output 100000
	# shellcheck disable=SC2046
	urun run --detach --keep --bundle "$BUNDLE" c2
	urun delete --force c2
}

# With a character that reverses the direction, and a space without width, the id would look like another id.
@test "the error shows the invisible characters of an id" {
	export RUN_ALONE=1
	local command
	for command in 'state' 'kill' 'delete' 'start' 'exec --cwd / ID true' "run --bundle $BUNDLE" "create --bundle $BUNDLE"; do
		case $command in
		*ID*) command=${command/ID/$'a\u202eb\u200bc\x01'} ;;
		*) command+=" "$'a\u202eb\u200bc\x01' ;;
		esac
		# shellcheck disable=SC2086 # a command and its words
		try $command
		assert_one_line "container id 'a\\u202eb\\u200bc\\x01': only letters"
	done
	try run --rootfs "$BUNDLE/rootfs" --name $'a\u202eb' -- true
	assert_one_line "'a\\u202eb'"
}
