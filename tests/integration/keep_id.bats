#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --userns keep-id: the caller's own ids, name and files in the container.
load lib.bash

# keep_id ARG…: observes a container of the bundle's root file system with the caller's ids.
keep_id() {
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id "$@" </dev/null
}

@test "a FUSE file system that lets in the caller alone is a volume, a working folder, and has programs" {
	has_subids || skip "this user has no subids"
	command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs isn't installed"
	local lower=$BATS_TEST_TMPDIR/lower mine=$BATS_TEST_TMPDIR/mine
	mkdir -p "$lower/sub" "$mine"
	echo hello >"$lower/file"
	echo deep >"$lower/sub/deep"
	printf '#!/bin/sh\necho its own program\n' >"$lower/program"
	chmod +x "$lower/program"
	fuse-overlayfs -o "lowerdir=$lower:$lower" "$mine" 2>/dev/null || skip "this user can't mount a FUSE file system here"
	grep "$mine" /proc/self/mountinfo | grep -qv allow_other || { fusermount3 -u "$mine"; skip "all may enter it"; }
	keep_id --volume "$mine:/volume" sh -c 'cat /volume/file; stat -c %u /volume/file'
	local whole=$status:$output:$stderr
	keep_id --volume "$mine/sub:/volume" cat /volume/deep
	local folder=$status:$output:$stderr
	keep_id --volume "$mine/sub/deep:/one" cat /one
	local file=$status:$output:$stderr
	keep_id --volume "$mine:/volume" --workdir /volume/sub sh -c 'pwd; cat deep'
	local workdir=$status:$output:$stderr
	keep_id --volume "$mine:/volume" --workdir /volume ./program
	local program=$status:$output:$stderr
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --userns keep-id --volume "$mine:/volume" --name c1 sleep 60 </dev/null >/dev/null 2>&1
	try exec --cwd /volume c1 ./program
	local inside=$status:$output:$stderr
	try exec c1 sh -c 'grep -E "^(Uid|Gid|CapPrm|CapEff|NoNewPrivs):" /proc/self/status'
	local plain=$output
	try exec --cwd /volume c1 sh -c 'grep -E "^(Uid|Gid|CapPrm|CapEff|NoNewPrivs):" /proc/self/status'
	local rights=$output
	urun delete --force c1
	fusermount3 -u "$mine"
	[ "$whole" = "0:hello"$'\n'"$(id -u):" ] || fail "$whole"
	[ "$folder" = 0:deep: ] || fail "$folder"
	[ "$file" = 0:deep: ] || fail "$file"
	[ "$workdir" = $'0:/volume/sub\ndeep:' ] || fail "$workdir"
	[ "$program" = '0:its own program:' ] || fail "$program"
	[ "$inside" = '0:its own program:' ] || fail "$inside"
	[ "$rights" = "$plain" ] || fail "$rights"
}
