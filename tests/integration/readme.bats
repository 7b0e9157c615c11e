#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The README as a new user reads it: its own commands, typed at a terminal, in an empty home directory.  A command of the README that
# is neither typed here nor among those that need a download or another program is a fault.
load lib.bash

README=$TESTS/../../README.md

# The commands that aren't typed, as extended regular expressions: set-ups of the host, downloads, other programs.
NOT_TYPED='^\./quickstart|^dpkg-buildpackage |^sudo |^\./autogen\.sh |^mmdebstrap |^mkdir debian && tar |apt-get |^podman |docker://'

# Prints the commands of the README, a line each: those of its fenced blocks, without comments; continued lines are joined.
readme_commands() {
	awk '/^```/ { fenced = !fenced; next } fenced && !/^urun: / && NF' "$README" | sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ba' -e '}' |
		sed 's/  *# .*//'
}

# The commands that are typed, a pattern (grep -E) for each.
FIRST=('^urun doctor' '^urun run -- id' '^urun run .* make test$' '^urun run --user root -- ')
BOX_MADE=('^mkdir -m 700 box && cd box$')
BOX=('^urun run --rootfs debian$' '^urun run --rootfs debian --overlay ')
IMAGE=('^urun run docker-archive:' '^urun images$' '^urun rmi ')
WEB_RUN=('^urun run --detach ')
WEB=('^curl ' '^urun exec ' '^urun logs ' '^urun stats$' '^urun port ' '^urun stop ')

# recipe PATTERN|type:COMMAND…: the commands of the README that match the patterns, and those after "type:", are typed after each other
# at a terminal by a shell that has nothing of the tests but the program in its PATH.  $output is what the terminal showed; after each
# command there is a line "= STATUS".
recipe() {
	local pattern line steps=()
	for pattern in "$@"; do
		line=${pattern#type:}
		if [ "$line" = "$pattern" ]; then
			line=$(readme_commands | grep -E -- "$pattern") || fail "the README has no command like $pattern"
			[ "$(grep -c '' <<<"$line")" = 1 ] || fail "more than one command is like $pattern: $line"
		fi
		steps+=("type=$line; echo = \$?\\n")
		# shellcheck disable=SC2016 # the container's shell expands it
		case $line in
		'urun run --rootfs debian') steps+=('wait=# ' 'type=echo sh""ell of $(id -u); exit\n' 'wait=shell of 0') ;;
		'urun exec --tty'*) steps+=('wait=%% ' 'type=echo in""side; exit\n' 'wait=inside') ;;
		'urun stats') steps+=('wait=CPU TIME' 'wait=web ' 'type=\x03') ;;
		esac
		steps+=('wait=%% ')
	done
	run env -i HOME="$HOME_DIR" USER="$(id -un)" PATH="$HOME_DIR.bin:/usr/local/bin:/usr/bin:/bin" LANG=C.UTF-8 TERM=xterm PS1='%% ' \
		HISTFILE=/dev/null XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$TESTS/terminal" size=24x160 'wait=%% ' "${steps[@]}" 'type=exit\n' -- \
		"$BASH" --norc --noprofile --noediting
	assert_contains "$output" 'terminal restored'
}

# home: an empty home directory, in which the commands are typed.
home() {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	HOME_DIR=$BATS_TEST_TMPDIR/home
	mkdir "$HOME_DIR" "$HOME_DIR.bin"
	ln -s "$URUN" "$HOME_DIR.bin/urun"
	cd "$HOME_DIR" || fail "no $HOME_DIR"
}

# assert_succeeded COUNT: so many commands ended with 0, and urun printed neither an error nor a warning.
assert_succeeded() {
	[ "$(grep -c '^= 0' <<<"$output")" = "$1" ] || fail "not $1 commands succeeded: $output"
	refute_contains "$output" $'\nurun: '
}

@test "the first container, and the sandbox of the host's own system" {
	home
	needs_fuse
	printf 'test:\n\t@echo made by %s; id -u; touch made\n' make >Makefile
	command -v make >/dev/null || skip "make isn't installed"
	recipe "${FIRST[@]}"
	assert_succeeded 4
	assert_contains "$output" '  kernel: Linux '
	assert_contains "$output" "uid=$(id -u)($(id -un))"
	assert_contains "$output" $'made by make\n'"$(id -u)"
	# The volume is the caller's; the rest is thrown away.
	[ -O made ] && [ -d /usr/share/doc ]
	[ "$(ls -A)" = $'Makefile\nmade' ]
}

@test "a root file system: a shell as its root, and a command whose changes are gone at the end" {
	home
	recipe "${BOX_MADE[@]}" "type:mkdir -p '$BUNDLE/rootfs/usr/share/doc'; mv '$BUNDLE/rootfs' debian" "${BOX[@]}"
	assert_succeeded 4
	[ "$(stat -c %a box)" = 700 ]
	assert_contains "$output" $'\nshell of 0\n'
	[ -d box/debian/usr/share/doc ]
	[ "$(ls -A . box)" = $'.:\nbox\n\nbox:\ndebian' ]
}

@test "an image of a file: a command in it, the list of images, and its removal" {
	home
	"$URUN" pull --help >/dev/null || skip "this urun was built without images"
	tar -C "$BUNDLE/rootfs" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/layer.tar" .
	python3 "$TESTS/images/maker.py" docker-archive saved.tar docker.io/library/saved:latest "$BATS_TEST_TMPDIR/layer.tar"
	recipe "${IMAGE[@]}"
	assert_succeeded 3
	assert_contains "$output" 'uid=0(root)'
	assert_contains "$output" 'saved'
	[ "$(stat -c %a .local/share/urun)" = 700 ]
	[ -z "$(ls .local/share/urun/layers)" ]
	[ "$(ls -A)" = $'.local\nsaved.tar' ]
}

@test "a web server, which is asked, entered, watched, changed and ended" {
	home
	needs_fuse
	command -v curl >/dev/null || skip "curl isn't installed"
	local port
	for port in 8080 8443; do
		! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || skip "another program has port $port of this host"
	done
	echo 'the page of a reader' >index.html
	recipe "${WEB_RUN[@]}" 'type:until curl -s -o /dev/null http://localhost:8080/; do sleep 0.1; done' "${WEB[@]:0:5}" \
		'type:urun port web' "${WEB[@]:5}" 'type:urun list'
	# Ctrl-C ends stats, and bash the rest of its line.
	assert_succeeded 9
	assert_contains "$output" $'\nweb\n= 0\n'
	assert_contains "$output" $'\nthe page of a reader\n= 0\n'
	assert_contains "$output" $'\ninside\n'
	assert_contains "$output" '"GET / HTTP/1.1" 200'
	assert_contains "$output" '8443'
	[ "$(ls -A)" = index.html ]
	[ -z "$("$URUN" list --quiet)" ]
}

@test "each command of the README is typed here, or needs a download or another program" {
	local left
	left=$(readme_commands | grep -vE -- "$NOT_TYPED" |
		grep -vE -f <(printf '%s\n' "${FIRST[@]}" "${BOX_MADE[@]}" "${BOX[@]}" "${IMAGE[@]}" "${WEB_RUN[@]}" "${WEB[@]}")) || true
	[ -z "$left" ] || fail "not tested: $left"
	[ "$(readme_commands | grep -c '^urun ')" -ge 14 ]
}
