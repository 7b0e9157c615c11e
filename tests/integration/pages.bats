#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --help and the man pages: they fit a screen, and agree on the commands and options.
load lib.bash

TREE=$BATS_TEST_DIRNAME/../..
MAN=$TREE/man

commands() {
	urun --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p'
}

# source_of [COMMAND]: prints the source of the command's page, or of urun(1).
source_of() {
	"$MAN/expand" 0 "$MAN/urun${1:+-$1}.scd"
}

# page_options [COMMAND], help_options [COMMAND]: print the options of the page, and those of --help, one a line, such as "-b, --bundle DIR"
# and "--overlay[=DIR]".
page_options() {
	source_of "$1" | awk '/^# / { on = $2 == "OPTIONS" } on && /^\*-/ { gsub(/[*_]/, ""); print }' | LC_ALL=C sort
}

help_options() {
	urun ${1:+"$1"} --help | sed -nE 's/^  (-.,|   ) (--[a-z-]+( [^ ]+|\[=[^ ]+\])?)(  .*)?$/\1 \2/p' | sed 's/^ *//' | LC_ALL=C sort
}

@test "--help of every command is at most 80 columns wide" {
	local command
	for command in '' $(commands); do
		try ${command:+"$command"} --help
		assert_status 0
		[ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le 80 ] || fail "wider than 80 columns: $output"
	done
}

@test "every command has a page, and every page has a command" {
	local command page
	[ "$(commands | wc -l)" -ge 16 ]
	for command in $(commands); do
		[ -e "$MAN/urun-$command.scd" ] || fail "no page for $command"
		grep -q "^\*urun-$command\*(1)\|, \*urun-$command\*(1)" "$MAN/urun.scd" || fail "urun(1) doesn't name urun-$command(1)"
	done
	for page in "$MAN"/urun-*.scd; do
		page=${page##*/urun-}
		page=${page%.scd}
		[ "$page" = config ] || commands | grep -qx "$page" || fail "urun-$page(1): there is no such command"
	done
}

@test "a page and --help have the same options: letters, names and arguments" {
	local command
	for command in '' $(commands); do
		diff <(help_options "$command") <(page_options "$command") >&2 || fail "urun-$command(1) isn't as --help (<)"
	done
}

@test "a page names only pages that exist, and has the name of its file" {
	local page other
	for page in "$MAN"/urun*.scd; do
		other=${page##*/}
		[[ $(head -n 1 "$page") =~ ^"${other%.scd}"\([15]\)' "urun @VERSION@" "urun"'$ ]] || fail "$page: $(head -n 1 "$page")"
		for other in $(grep -oE '\*urun(-[a-z]+)?\*\([15]\)' "$page" | tr -d '*' | sed 's/(.)//'); do
			[ -e "$MAN/$other.scd" ] || fail "$page: there is no page $other"
		done
	done
}

# fields_of SHAPE: prints the names of a table of core/config/shapes.c.  A row begins with "{" or with the name of a macro.
fields_of() {
	awk -v table=" $1_fields[" 'index($0, table) { on = 1 } /^}/ { on = 0 } on && /^\t({ |[A-Z_]+\(.*)"/ { print }' "$TREE/core/config/shapes.c" | cut -d'"' -f2
}

@test "urun-config(5) has every field of a config and every annotation that urun knows" {
	local shape prefix field
	while read -r shape prefix; do
		[ -n "$(fields_of "$shape")" ] || fail "no table $shape"
		for field in $(fields_of "$shape"); do
			[[ $prefix$field = process.user || $prefix$field = @(process|root|mounts|hooks|linux|annotations) ]] ||
				grep -q "^\(.*, \)\?\*$prefix$field\*" "$MAN/urun-config.scd" || fail "urun-config(5) lacks $prefix$field"
		done
	done <<-'END'
		container
		root root.
		process process.
		user process.user.
		linux linux.
		memory memory.
		cpu cpu.
		hooks hooks.
	END
	# The annotations of core/image are the store's own, in index.json.
	for field in $(grep -rhoE '"(run\.oci|org\.urun|org\.systemd\.property)\.[a-z_.]*"' "$TREE"/core "$TREE"/rootless "$TREE"/netns --include='*.[ch]' --exclude-dir=image | tr -d '"' | sort -u); do
		# A name that ends in a dot is the beginning of other names.
		[[ $field = *. ]] || field+='\*'
		grep -q "^\*$field" "$MAN/urun-config.scd" || fail "urun-config(5) lacks $field"
	done
}

@test "the pages are made without a warning" {
	command -v scdoc >/dev/null || skip "scdoc isn't installed"
	local page section
	for page in "$MAN"/*.scd; do
		section=$(sed -n '1s/.*(\([15]\)).*/\1/p' "$page")
		page=${page##*/urun}
		page=${page%.scd}
		observe scdoc < <(source_of "${page#-}")
		assert_status 0
		[ -z "$stderr" ] || fail "urun$page: $stderr"
		echo "$output" >"$BATS_TEST_TMPDIR/urun$page.$section"
	done
	command -v mandoc >/dev/null || skip "mandoc isn't installed"
	# scdoc begins every paragraph with a macro, also where there is nothing to divide.
	observe mandoc -T lint -W warning "$BATS_TEST_TMPDIR"/urun*.[15]
	output=$(grep -v 'WARNING: skipping paragraph macro: ' <<<"$output" || true)
	assert_output ''
}
