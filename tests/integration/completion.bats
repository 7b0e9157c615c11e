#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completion: the shells offer the commands, options and ids that the program has.
load lib.bash

COMPLETION=$BATS_TEST_DIRNAME/../../completion

# offered WORD…: prints what bash offers in place of the last word, sorted.
offered() {
	# shellcheck source=/dev/null
	. "$COMPLETION/urun.bash"
	COMP_WORDS=("$URUN" "$@")
	COMP_CWORD=$#
	_urun urun "${*: -1}" || true
	printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
}

# by_fish WORD…: prints what fish offers.
by_fish() {
	local line=urun
	[ $# -gt 1 ] && printf -v line '%s %s' "$line" "${*:1:$#-1}"
	ln -sf "$URUN" "$BATS_TEST_TMPDIR/urun"
	HOME=$BATS_TEST_TMPDIR PATH=$BATS_TEST_TMPDIR:$PATH fish --no-config -c "source $COMPLETION/urun.fish; complete -C '$line ${*: -1}'" |
		cut -f1 | LC_ALL=C sort
}

# by_zsh WORD…: prints what zsh offers: the functions of zsh that our script calls print their arguments here.
by_zsh() {
	zsh -f -c '
		words=("$@[2,-1]") CURRENT=$(($# - 1)) PREFIX=$@[-1]
		_describe() { print -rl -- ${${(P)@[-1]}%%:*} }
		compadd() { print -rl -- $@[2,-1] }
		compset() { PREFIX=${PREFIX#*=} }
		_files() { print -r -- files $@ }
		_signals() { print -r -- signals }
		source $1' zsh "$COMPLETION/_urun" "$URUN" "$@" | LC_ALL=C sort
}

has_zsh() {
	command -v zsh >/dev/null || skip "zsh isn't installed"
}

has_fish() {
	command -v fish >/dev/null || skip "fish isn't installed"
}

two_containers() {
	sh_program 'exec sleep 60'
	urun create --bundle "$BUNDLE" first </dev/null >/dev/null 2>&1
	urun create --bundle "$BUNDLE" second </dev/null >/dev/null 2>&1
}

all_commands() {
	urun --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' | LC_ALL=C sort
}

# all_options [COMMAND]: prints the long names of the options, by --help.
all_options() {
	urun "$@" --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--.*' | LC_ALL=C sort
}

@test "bash offers the commands" {
	[ "$(offered '')" = "$(all_commands)" ]
	[ "$(offered --debug --root "$STATE" e)" = $'events\nexec' ]
}

@test "bash offers the options of urun, and of each command" {
	local command
	[ "$(offered -- | grep -v '^--help$')" = "$(all_options)" ]
	for command in $(all_commands); do
		[ "$(offered "$command" -- | grep -v '^--help$')" = "$(all_options "$command")" ] || fail "$command: $(offered "$command" --)"
	done
	[ "$(offered run --preserve)" = --preserve-fds ]
	[ "$(offered run --volume /a : /b --preserve)" = --preserve-fds ]
	[ -z "$(offered exec c1 --pre)" ]
}

# two_images: two images in the store, oci:/…/layout:v1 and v2.
two_images() {
	# shellcheck source=/dev/null
	. "$BATS_TEST_DIRNAME/image.bash"
	needs_images
	oci_image layout:v1 "$(base_layer)" >/dev/null
	oci_image layout:v2 "$(base_layer)" >/dev/null
	urun pull --quiet "oci:$PWD/layout:v1" "oci:$PWD/layout:v2" >/dev/null
}

@test "bash offers the images of the store, behind a colon too" {
	two_images
	[ "$(offered rmi '')" = "$(printf '%s\n' "oci:$PWD/layout:v1" "oci:$PWD/layout:v2")" ]
	[ "$(offered rmi oci : "$PWD/lay")" = "$(printf '%s\n' "$PWD/layout:v1" "$PWD/layout:v2")" ]
	[ "$(offered rmi oci : "$PWD/layout" : v)" = $'v1\nv2' ]
	[ "$(offered rmi oci : "$PWD/layout" :)" = $'v1\nv2' ]
	[ -z "$(offered rmi docker : "$PWD/lay")" ]
}

# name_of_registry: layout:v2 is in the store by the name that an image of a registry has.
name_of_registry() {
	sed -i "s,oci:$PWD/layout:v2,example.org/web:v2,g" "$STORE/index.json"
}

@test "what is offered for run is what run takes: --image a short name, an operand a transport; and policies" {
	two_images
	name_of_registry
	[ "$(offered run docker : //ex)" = //example.org/web:v2 ]
	[ -z "$(offered run ex)" ]
	[ "$(offered run --image ex)" = example.org/web:v2 ]
	[ "$(offered rmi ex)" = example.org/web:v2 ]
	[ "$(offered run --pull ne)" = $'never\nnewer' ]
	[ "$(offered pull --policy m)" = missing ]
	if command -v zsh >/dev/null; then
		[ "$(by_zsh run '')" = $'docker://example.org/web:v2\n'"oci:$PWD/layout:v1" ]
		[ "$(by_zsh rmi '' | head -n 1)" = example.org/web:v2 ]
		[ "$(by_zsh run --image '' | head -n 1)" = example.org/web:v2 ]
	fi
	has_fish
	[ "$(by_fish run doc)" = docker://example.org/web:v2 ]
	[ "$(by_fish run --image ex)" = example.org/web:v2 ]
	[ "$(by_fish run --pull ne)" = $'never\nnewer' ]
}

@test "zsh and fish offer the images of the store" {
	two_images
	if command -v zsh >/dev/null; then
		[ "$(by_zsh rmi '')" = "$(printf '%s\n' "oci:$PWD/layout:v1" "oci:$PWD/layout:v2")" ]
	fi
	has_fish
	[ "$(by_fish rmi '')" = "$(printf '%s\n' "oci:$PWD/layout:v1" "oci:$PWD/layout:v2")" ]
}

@test "bash offers the ids of the containers below the --root that was typed" {
	two_containers
	[ "$(offered --root "$STATE" state '')" = $'first\nsecond' ]
	[ "$(offered --root = "$STATE" exec --tty s)" = second ]
	[ -z "$(offered state '')" ]
	# Files are images too, and no id is offered for a new container.
	[ -z "$(offered --root "$STATE" create f)" ]
	[ -z "$(offered --root "$STATE" state first '')" ]
	cd "$BUNDLE"
	[ "$(offered --root "$STATE" cp '')" = $'config.json\nfirst:\nrootfs\nsecond:' ]
	[ "$(offered --root "$STATE" cp f)" = first: ]
	urun delete --force first
	urun delete --force second
}

@test "bash offers signals, directories and files where an argument is one" {
	[ "$(offered kill c1 KI)" = SIGKILL ]
	[ "$(offered kill c1 SIGKI)" = SIGKILL ]
	mkdir "$BUNDLE/x-directory"
	touch "$BUNDLE/x-file"
	[ "$(offered run --rootfs "$BUNDLE/x")" = "$BUNDLE/x-directory" ]
	[ "$(offered run --config "$BUNDLE/x")" = "$BUNDLE/x-directory"$'\n'"$BUNDLE/x-file" ]
	[ "$(offered run -b = "$BUNDLE/x")" = "$BUNDLE/x-directory" ]
	[ -z "$(offered run --memory "$BUNDLE/x")" ]
}

@test "bash offers nothing, and prints nothing, where the program isn't found" {
	URUN=/nowhere/urun
	observe offered ''
	assert_output ''
	[ -z "$stderr" ]
}

@test "fish offers the same as bash" {
	has_fish
	two_containers
	[ "$(by_fish '')" = "$(all_commands)" ]
	[ "$(by_fish run --)" = "$(all_options run)" ]
	[ "$(by_fish --root "$STATE" kill '')" = $'first\nsecond' ]
	[ "$(by_fish --root="$STATE" exec --tty s)" = second ]
	# cp offers files of the working directory too.
	cd "$BUNDLE"
	[ "$(by_fish --root "$STATE" cp fir)" = first: ]
	[ "$(by_fish kill c1 SIGKI)" = SIGKILL ]
	mkdir "$BUNDLE/x-directory"
	touch "$BUNDLE/x-file"
	[ "$(by_fish run --rootfs "$BUNDLE/x")" = "$BUNDLE/x-directory/" ]
	urun delete --force first
	urun delete --force second
}

@test "zsh offers the same as bash" {
	has_zsh
	two_containers
	[ "$(by_zsh '')" = "$(all_commands)" ]
	[ "$(by_zsh --)" = "$(all_options)" ]
	[ "$(by_zsh --debug run --)" = "$(all_options run)" ]
	[ "$(by_zsh --root "$STATE" kill '')" = $'first\nsecond' ]
	[ "$(by_zsh --root="$STATE" exec --tty '')" = $'first\nsecond' ]
	[ "$(by_zsh --root "$STATE" create '' | grep -c first)" = 0 ]
	[ "$(by_zsh --root "$STATE" cp '')" = $'-S\nfiles\nfirst:\nsecond:' ] || [ "$(by_zsh --root "$STATE" cp '' | grep -c ':$')" = 2 ]
	[ "$(by_zsh kill c1 '')" = signals ]
	[ "$(by_zsh run --rootfs '')" = 'files -/' ]
	[ "$(by_zsh run --config=x)" = files ]
	[ "$(by_zsh exec c1 '')" = files ]
	urun delete --force first
	urun delete --force second
}

@test "zsh and fish accept the syntax of their scripts" {
	has_zsh
	zsh -f -n "$COMPLETION/_urun"
	has_fish
	fish --no-config --no-execute "$COMPLETION/urun.fish"
}
