#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How containers go: rm, prune, and the options of `run` that say how long one stays.
load lib.bash

# kept ID: leaves a stopped container without a bundle.
kept() {
	urun run --keep --rootfs "$BUNDLE/rootfs" --network none --name "$1" true
}

ids() {
	urun list --quiet
}

@test "rm removes several, prints their ids, and goes on where one can't be removed" {
	kept a
	kept b
	kept c
	sh_program 'exec sleep 60'
	urun run --detach --bundle "$BUNDLE" busy </dev/null >/dev/null 2>&1
	try rm a nobody busy b
	assert_status 1
	assert_lines a b
	assert_contains "$stderr" 'container nobody does not exist'
	assert_contains "$stderr" 'container busy is running: stop it first, or use --force'
	try delete nobody busy
	assert_status 1
	assert_contains "$stderr" 'container nobody does not exist'
	assert_contains "$stderr" 'container busy is running: stop it first, or use --force'
	observe ids
	assert_lines busy c
	try rm --ignore nobody c
	assert_output c
	try rm --force nobody busy
	assert_status 0
	assert_output busy
	try rm
	assert_one_line 'rm: expected ID…, --cidfile or --all'
	try rm --all x
	assert_one_line '--all'
	try rm --latest
	assert_one_line '--latest' 'urun list'
}

@test "rm --force --time lets the programs end first, all at the same time, and then kills" {
	local end="trap 'echo asked >/work/\$0; exit' TERM; echo >/work/\$0; while :; do sleep 0.05; done" id begin
	mkdir "$BATS_TEST_TMPDIR/work"
	for id in a b; do
		detached $id --volume "$BATS_TEST_TMPDIR/work:/work" sh -c "$end" $id
		wait_for 5 test -s "$BATS_TEST_TMPDIR/work/$id"
	done
	detached deaf sh -c 'trap "" TERM; while :; do sleep 1; done'
	kept ended
	try rm --time 1 a
	assert_one_line 'rm: --time needs --force'
	try rm --force --time soon a
	assert_one_line 'rm: --time soon: expected a number of seconds'
	observe ids
	assert_lines a b deaf ended
	begin=$EPOCHSECONDS
	try rm -ft1 a deaf ended b nobody
	assert_status 0
	assert_lines a deaf ended b
	[ $((EPOCHSECONDS - begin)) -lt 8 ]
	[ "$(cat "$BATS_TEST_TMPDIR/work/a" "$BATS_TEST_TMPDIR/work/b")" = $'asked\nasked' ]
	observe ids
	assert_output ''
	# One that removes itself when it ends.
	detached self --rm sleep 60
	try rm -f --time=5 self
	assert_status 0
	assert_output self
}

@test "a container of --rm that could not be removed says so in the list, and goes with a later command" {
	detached c1 --rm sleep 60
	chmod 500 "$STATE"
	urun stop c1
	try list
	chmod 700 "$STATE"
	[[ ${lines[1]} == *'stopped (143), not removed'* ]] || fail "$output"
	observe ids
	assert_output ''
	detached c1 --rm sh -c 'exit 3'
	try wait c1
	assert_output 3
}

@test "prune and rm --all take what ran without a bundle, and leave what belongs to engines" {
	kept a
	kept b
	program true
	urun run --keep --bundle "$BUNDLE" engine
	detached runs sleep 60
	try prune
	assert_status 0
	assert_lines a b
	try prune
	assert_output ''
	try prune --filter until=24h
	assert_one_line '--filter'
	try rm --all
	assert_output ''
	try rm --all --force
	assert_output runs
	observe ids
	assert_output engine
	urun delete engine
}

@test "--replace removes the container of the name, after the options are found to be right" {
	kept c1
	try run --rootfs "$BUNDLE/rootfs" --network none --name c1 true
	assert_status 125
	assert_one_line 'already exists'
	try run --replace --rootfs "$BUNDLE/rootfs" --network none --name c1 --cap-add nonsense true
	assert_status 125
	[ "$(ids)" = c1 ]
	try run --replace --rootfs "$BUNDLE/rootfs" --network none --name c1 --detach sleep 60
	assert_status 0
	try run --replace --rootfs "$BUNDLE/rootfs" --network none --name c1 echo new
	assert_output new
	[ -z "$(ids)" ]
	try run --replace --rootfs "$BUNDLE/rootfs" true
	assert_one_line '--name'
}

@test "--cidfile has the id of a container that was made, and never another file's place" {
	local file=$BATS_TEST_TMPDIR/id
	try run --cidfile "$file" --keep --rootfs "$BUNDLE/rootfs" --network none true
	assert_status 0
	[ "$(cat "$file")" = "$(ids)" ]
	try run --cidfile "$file" --rootfs "$BUNDLE/rootfs" --network none true
	assert_status 125
	assert_one_line "--cidfile $file is not overwritten"
	try rm --cidfile "$file"
	assert_output "$(cat "$file")"
	try run --cidfile "$file.2" --rootfs "$BUNDLE/rootfs" --network none /nowhere
	assert_status 127
	[ ! -e "$file.2" ]
	try run --cidfile "$file.2" --bundle "$BUNDLE" c1
	assert_one_line '--cidfile' 'without a bundle'
}

@test "--attach passes on the streams that it names" {
	local streams='for fd in 0 2; do readlink /proc/self/fd/$fd; done >/tmp/streams'
	observe urun run --attach stdout --rootfs "$BUNDLE/rootfs" --network none sh -c "echo out; echo err >&2; cat; $streams" <<<typed
	assert_output out
	[ -z "$stderr" ]
	[ "$(cat "$BUNDLE/rootfs/tmp/streams")" = $'/dev/null\n/dev/null' ]
	observe urun run -a STDIN -a stderr --rootfs "$BUNDLE/rootfs" --network none sh -c 'echo out; cat >&2' <<<typed
	assert_output ''
	[ "$stderr" = typed ]
	try run --attach std --rootfs "$BUNDLE/rootfs" true
	assert_one_line "stdin, stdout or stderr, not 'std'"
	try run --attach stdout --tty --rootfs "$BUNDLE/rootfs" true
	assert_one_line '--tty'
	try run --attach stdout --detach --rootfs "$BUNDLE/rootfs" true
	assert_one_line '--detach'
}

@test "--rm in the foreground is what run does anyway" {
	try run --rm --rootfs "$BUNDLE/rootfs" --network none sh -c 'exit 3'
	assert_status 3
	[ -z "$(ids)" ]
	try run --rm --keep --rootfs "$BUNDLE/rootfs" true
	assert_one_line '--rm and --keep exclude each other'
}
