#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --userns keep-id: the caller's own ids, name and files in the container.
load lib.bash

# keep_id ARG…: observes a container of the bundle's root file system with the caller's ids.
keep_id() {
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id "$@" </dev/null
}

@test "a FUSE file system that only the caller can enter can be a volume and a working directory, and can have the program" {
	has_subids || skip "this user has no subids"
	command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs isn't installed"
	local lower=$BATS_TEST_TMPDIR/lower mine=$BATS_TEST_TMPDIR/mine
	mkdir -p "$lower/sub" "$lower/below" "$mine" "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
	echo hello >"$lower/file"
	echo deep >"$lower/sub/deep"
	printf '#!/bin/sh\necho its own program\n' >"$lower/program"
	chmod +x "$lower/program"
	fuse-overlayfs -o "lowerdir=$lower,upperdir=$BATS_TEST_TMPDIR/upper,workdir=$BATS_TEST_TMPDIR/work" "$mine" 2>/dev/null || skip "this user can't mount a FUSE file system here"
	grep "$mine" /proc/self/mountinfo | grep -qv allow_other || { fusermount3 -u "$mine"; skip "all may enter it"; }
	keep_id --volume "$mine:/volume" sh -c 'cat /volume/file; stat -c %u /volume/file'
	local whole=$status:$output:$stderr
	keep_id --volume "$mine/sub:/volume" cat /volume/deep
	local below_it=$status:$output:$stderr
	keep_id --volume "$mine/sub/deep:/one" cat /one
	local file=$status:$output:$stderr
	keep_id --volume "$mine:/volume" --workdir /volume/sub sh -c 'pwd; cat deep'
	local workdir=$status:$output:$stderr
	# run makes a working directory that isn't there, and exec doesn't.
	keep_id --volume "$mine:/volume" --workdir /volume/new/one sh -c 'pwd; stat -c %u .'
	local made=$status:$output:$stderr
	keep_id --volume "$mine:/volume" --workdir /volume ./program
	local program=$status:$output:$stderr
	mkdir "$BUNDLE/other"
	echo other >"$BUNDLE/other/file"
	keep_id --volume "$mine:/volume" --volume "$BUNDLE/other:/volume/sub" --volume "$BUNDLE/other/file:/volume/file" cat /volume/sub/file /volume/file
	local nested=$status:$output:$stderr
	try run --rootfs "$mine" --network none --userns keep-id --user 0:0 --volume /bin:/bin true </dev/null
	local root=$status:$stderr
	try run --rootfs "$mine/below" --network none --userns keep-id --volume /bin:/bin true </dev/null
	local below=$status:$stderr
	detached c1 --userns keep-id --volume "$mine:/volume" sleep 60
	try exec --cwd /volume c1 ./program
	local inside=$status:$output:$stderr
	try exec --cwd /volume/newer c1 true
	local newer=$status:$stderr
	try exec c1 sh -c 'grep -E "^(Uid|Gid|CapPrm|CapEff|NoNewPrivs):" /proc/self/status'
	local plain=$output
	try exec --cwd /volume c1 sh -c 'grep -E "^(Uid|Gid|CapPrm|CapEff|NoNewPrivs):" /proc/self/status'
	local rights=$output
	urun delete --force c1
	fusermount3 -u "$mine"
	[ "$whole" = "0:hello"$'\n'"$(id -u):" ] || fail "$whole"
	[ "$below_it" = 0:deep: ] || fail "$below_it"
	[ "$file" = 0:deep: ] || fail "$file"
	[ "$workdir" = $'0:/volume/sub\ndeep:' ] || fail "$workdir"
	[ "$made" = $'0:/volume/new/one\n'"$(id -u):" ] || fail "$made"
	[[ $newer = '127:'*'/volume/newer'* || $newer = '126:'*'/volume/newer'* || $newer = '255:'*'/volume/newer'* ]] || fail "$newer"
	[ "$program" = '0:its own program:' ] || fail "$program"
	[ "$nested" = $'0:other\nother:' ] || fail "$nested"
	assert_contains "$root" '125:urun: '
	assert_contains "$root" '(hint: only the user who has mounted a FUSE file system has access to it'
	assert_contains "$below" '(hint: only the user who has mounted a FUSE file system has access to it'
	[ "$inside" = '0:its own program:' ] || fail "$inside"
	[ "$rights" = "$plain" ] || fail "$rights"
}

@test "a FUSE file system that only the caller can enter can be the root, for programs of the caller" {
	has_subids || skip "this user has no subids"
	command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs isn't installed"
	local mine=$BATS_TEST_TMPDIR/mine status_lines='grep -E "^(Uid|Gid|Groups|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status'
	local plain whole volume read_only overlay inside
	mkdir "$mine" "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
	fuse-overlayfs -o "lowerdir=$BUNDLE/rootfs,upperdir=$BATS_TEST_TMPDIR/upper,workdir=$BATS_TEST_TMPDIR/work" "$mine" 2>/dev/null ||
		skip "this user can't mount a FUSE file system here"
	grep "$mine" /proc/self/mountinfo | grep -qv allow_other || { fusermount3 -u "$mine"; skip "all may enter it"; }
	private() {
		try run --rootfs "$mine" --network none --userns keep-id "$@" </dev/null
		output=$status:$output:$stderr
	}
	keep_id sh -c "$status_lines"
	plain=0:$output:
	private sh -c "$status_lines"
	whole=$output
	private --hostname box --tmpfs /t --volume "$BUNDLE/config.json:/t/file:ro" --workdir /tmp \
		sh -c 'pwd; whoami; hostname; grep -c box /etc/hosts; head -c 1 /t/file; echo; echo x >/made; stat -c %u /made; test -c /dev/null; echo y >/dev/null'
	volume=$output
	private --read-only sh -c '{ echo x >/made; } 2>/dev/null || echo refused'
	read_only=$output
	private --overlay true
	overlay=$output
	urun run --detach --rootfs "$mine" --network none --userns keep-id --name c1 sleep 60 </dev/null >/dev/null 2>&1
	try exec c1 sh -c "$status_lines; cat /made"
	inside=$status:$output:$stderr
	urun delete --force c1
	fusermount3 -u "$mine"
	[ "$whole" = "$plain" ] || fail "$whole" "$plain"
	[ "$volume" = $'0:/tmp\n'"$(id -un)"$'\nbox\n1\n{\n'"$(id -u):" ] || fail "$volume"
	[ "$read_only" = 0:refused: ] || fail "$read_only"
	assert_contains "$overlay" '(hint: only the user who has mounted a FUSE file system has access to it'
	[ "$inside" = "${plain%:}"$'\nx:' ] || fail "$inside"
}

# caller_field N: prints this field of the caller's line in the host's passwd.
caller_field() {
	getent passwd "$(id -u)" | cut -d: -f"$1"
}

@test "the caller has their name in the container, and a home and a working directory that exist" {
	has_subids || skip "this user has no subids"
	local shown='whoami; id -gn; echo $HOME; pwd; grep "^$(whoami):" /etc/passwd | cut -d: -f 3,4,6'
	keep_id sh -c "$shown"
	assert_status 0
	assert_lines "$(id -un)" "$(id -gn)" / / "$(id -u):$(id -g):/"
	keep_id --workdir /tmp sh -c "$shown"
	assert_lines "$(id -un)" "$(id -gn)" /tmp /tmp "$(id -u):$(id -g):/tmp"
	# Where the container has the caller's home of the host, or a directory above it, that is the home there too.  passwd has one line for
	# the caller.
	local home
	home=$(caller_field 6)
	[ "$home" != / ] || skip "this user's home is /"
	mkdir "$BUNDLE/home"
	keep_id --volume "$BUNDLE/home:$home" sh -c "$shown"
	assert_lines "$(id -un)" "$(id -gn)" "$home" / "$(id -u):$(id -g):$home"
	keep_id --tmpfs "$(dirname "$home")" sh -c "$shown"
	assert_lines "$(id -un)" "$(id -gn)" "$home" / "$(id -u):$(id -g):$home"
	[ "$(grep -c "^$(id -un):" "$BUNDLE/rootfs/etc/passwd")" = 1 ]
	# The caller has their own shell where the container has that program.
	[ "$(grep "^$(id -un):" "$BUNDLE/rootfs/etc/passwd" | cut -d: -f7)" = /bin/sh ]
	cp "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs$(caller_field 7)"
	keep_id sh -c 'grep "^$(whoami):" /etc/passwd | cut -d: -f7'
	assert_output "$(caller_field 7)"
}

@test "uid=, gid= and size= work as with podman, and the caller becomes the container's user of that number" {
	has_subids || skip "this user has no subids"
	local shown='id -u; id -g; whoami; tr -s " " </proc/self/uid_map'
	local first
	first=$(subid_range uid | cut -d' ' -f1)
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id:uid=10,gid=12,size=20 sh -c "$shown" </dev/null
	assert_status 0
	assert_lines 10 12 "$(id -un)" " 0 $first 10" " 10 $(id -u) 1" " 11 $((first + 10)) 9"
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id:size=1 sh -c "$shown" </dev/null
	assert_lines "$(id -u)" "$(id -g)" "$(id -un)" " $(id -u) $(id -u) 1"
	echo 'node:x:1234:1234::/srv:/bin/sh' >>"$BUNDLE/rootfs/etc/passwd"
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id:uid=1234,gid=1234 sh -c 'whoami; echo $HOME; echo mine >/tmp/file' </dev/null
	assert_lines node /srv
	[ "$(stat -c %u "$BUNDLE/rootfs/tmp/file")" = "$(id -u)" ]
	# The caller doesn't get a name that another user of the container has.
	echo "$(id -un):x:77:77::/:/bin/sh" >"$BUNDLE/rootfs/etc/passwd"
	keep_id whoami
	assert_output "$(id -u)"
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id:uid=x true </dev/null
	assert_status 125
	assert_one_line '--userns keep-id:uid=x'
	try run --rootfs "$BUNDLE/rootfs" --network none --userns keep-id --uidmap 0:1:1 true </dev/null
	assert_status 125
}

@test "--user finds the caller by number and by name, and an unknown number gets a name" {
	has_subids || skip "this user has no subids"
	local shown='whoami; id -u; id -g; echo $HOME' user
	for user in "$(id -u)" "$(id -un)"; do
		keep_id --user "$user" sh -c "$shown"
		assert_lines "$(id -un)" "$(id -u)" "$(id -g)" /
	done
	keep_id --user root:root sh -c "$shown"
	assert_lines root 0 0 /root
	keep_id --user 4242:4343 --workdir /tmp sh -c "$shown; id -gn"
	assert_lines 4242 4242 4343 /tmp 4343
	# The same holds with other mappings; and urun makes no passwd where the root file system has none.
	try run --rootfs "$BUNDLE/rootfs" --network none --user 4444 sh -c "$shown" </dev/null
	assert_lines 4444 4444 0 /
	rm "$BUNDLE/rootfs/etc/passwd" "$BUNDLE/rootfs/etc/group"
	try run --rootfs "$BUNDLE/rootfs" --network none --user 4545:4545 id -u </dev/null
	assert_output 4545
	[ ! -e "$BUNDLE/rootfs/etc/passwd" ] && [ ! -e "$BUNDLE/rootfs/etc/group" ]
	keep_id whoami
	assert_output "$(id -un)"
	[ "$(stat -c '%u %a' "$BUNDLE/rootfs/etc/passwd")" = "$(id -u) 644" ]
}

@test "containers that start at the same time in one directory all have their users" {
	has_subids || skip "this user has no subids"
	local i pids=()
	# A second name makes each container replace the file.
	ln "$BUNDLE/rootfs/etc/passwd" "$BUNDLE/second"
	for i in 1 2 3 4 5 6; do
		urun run --rootfs "$BUNDLE/rootfs" --network none --user "500$i" whoami </dev/null >"$BATS_TEST_TMPDIR/out.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait_status "$i"; done
	[ "$(cat "$BATS_TEST_TMPDIR"/out.*)" = $'5001\n5002\n5003\n5004\n5005\n5006' ] || fail "$(cat "$BATS_TEST_TMPDIR"/out.*)"
	[ "$(cut -d: -f1 "$BUNDLE/rootfs/etc/passwd" | sort | xargs)" = '5001 5002 5003 5004 5005 5006 root' ]
	[ "$(cat "$BUNDLE/second")" = 'root:x:0:0:root:/root:/bin/sh' ]
}

@test "a lock on passwd doesn't delay a container of the same directory" {
	has_subids || skip "this user has no subids"
	local holder
	# A container that shares the directory could do this.
	flock "$BUNDLE/rootfs/etc/passwd" sh -c 'echo >"$1"; exec sleep 60' - "$BUNDLE/locked" &
	holder=$!
	wait_for 20 test -e "$BUNDLE/locked"
	observe timeout 10 "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --user 4242 whoami </dev/null
	pkill -P "$holder"
	wait_status "$holder"
	assert_output 4242
}

@test "exec runs as the caller too, by default and by the caller's number" {
	has_subids || skip "this user has no subids"
	detached c1 --userns keep-id --overlay sleep 60
	try exec c1 sh -c 'whoami; id -g; echo $HOME'
	assert_lines "$(id -un)" "$(id -g)" /
	try exec --user "$(id -u)" c1 sh -c 'whoami; id -g'
	assert_lines "$(id -un)" "$(id -g)"
	try exec --user 0 c1 sh -c 'whoami; id -g; echo $HOME'
	assert_lines root 0 /root
	# Root has capabilities, as with `run --user 0`, and another user has none.
	try exec --user 0 c1 sh -c 'echo 127.0.0.9 added >>/etc/hosts && chown 5 /etc/hosts && stat -c %u /etc/hosts'
	assert_output 5
	try exec --user 33 c1 grep CapEff /proc/self/status
	assert_contains "$output" 0000000000000000
	urun delete --force c1
}

@test "users and passwords can be changed in a container, as passwd and group aren't mounts" {
	has_subids || skip "this user has no subids"
	# useradd, usermod and passwd replace the files this way.
	local changes='for f in passwd group; do cp /etc/$f /etc/$f.new && mv /etc/$f.new /etc/$f || exit 1; done; grep -c : /etc/passwd; grep " /etc/" /proc/self/mountinfo | cut -d" " -f5'
	cp -a "$BUNDLE/rootfs" "$BUNDLE/before"
	keep_id --overlay --user root sh -c "$changes"
	assert_status 0
	assert_output 2
	diff -r "$BUNDLE/before" "$BUNDLE/rootfs"
	# The same holds in a directory of the caller's: urun adds lines, and the other lines stay.
	keep_id --user root sh -c "$changes"
	assert_status 0
	[ "${lines[0]}" = 2 ] || fail "$output"
	refute_contains "$output" /etc/passwd
	refute_contains "$output" /etc/group
	grep -q '^root:x:0:0:root:/root:/bin/sh$' "$BUNDLE/rootfs/etc/passwd"
	[ "$(stat -c %u "$BUNDLE/rootfs/etc/passwd")" != 0 ]
	# urun doesn't write to a read-only root.
	rm -r "$BUNDLE/rootfs"
	cp -a "$BUNDLE/before" "$BUNDLE/rootfs"
	keep_id --read-only whoami
	assert_output "$(id -un)"
	diff "$BUNDLE/before/etc/passwd" "$BUNDLE/rootfs/etc/passwd"
	diff "$BUNDLE/before/etc/group" "$BUNDLE/rootfs/etc/group"
}

@test "urun doesn't write to a passwd that another root shares, or that is in a volume" {
	has_subids || skip "this user has no subids"
	mkdir "$BUNDLE/volume" "$BUNDLE/own-etc"
	cp "$BUNDLE/rootfs/etc/passwd" "$BUNDLE/shared"
	ln -f "$BUNDLE/shared" "$BUNDLE/rootfs/etc/passwd"
	chmod 640 "$BUNDLE/shared"
	keep_id whoami
	assert_output "$(id -un)"
	[ "$(cat "$BUNDLE/shared")" = 'root:x:0:0:root:/root:/bin/sh' ]
	[ "$(stat -c '%a %u' "$BUNDLE/rootfs/etc/passwd")" = "640 $(id -u)" ]
	cp "$BUNDLE/shared" "$BUNDLE/own-etc/passwd"
	keep_id --volume "$BUNDLE/own-etc:/etc" true
	assert_status 0
	[ "$(cat "$BUNDLE/own-etc/passwd")" = 'root:x:0:0:root:/root:/bin/sh' ]
	[ "$(ls "$BUNDLE/own-etc")" = passwd ]
	# The same by a symbolic link.
	mv "$BUNDLE/rootfs/etc" "$BUNDLE/rootfs/etc.old"
	ln -s /volume "$BUNDLE/rootfs/etc"
	cp "$BUNDLE/shared" "$BUNDLE/volume/passwd"
	keep_id --volume "$BUNDLE/volume:/volume" whoami
	assert_status 0
	[ "$(cat "$BUNDLE/volume/passwd")" = 'root:x:0:0:root:/root:/bin/sh' ]
}

@test "in an overlay hosts, hostname and resolv.conf are the container's own, and lines that were added to them stay" {
	has_subids || skip "this user has no subids"
	local replace='for f in hosts hostname resolv.conf; do cp /etc/$f /etc/$f.new && mv /etc/$f.new /etc/$f || exit 1; done'
	ln -s ../run/systemd/resolve/stub-resolv.conf "$BUNDLE/rootfs/etc/resolv.conf"
	echo '10.1.1.1 of-the-root' >"$BUNDLE/rootfs/etc/hosts"
	cp -a "$BUNDLE/rootfs" "$BUNDLE/before"
	keep_id --overlay="$BUNDLE/kept" --hostname box --user root sh -c "cat /etc/hostname /etc/hosts; $replace; echo '10.2.2.2 added' >>/etc/hosts; grep -c ' /etc/' /proc/self/mountinfo"
	assert_lines box $'127.0.0.1\tlocalhost' $'::1\tlocalhost ip6-localhost ip6-loopback' $'127.0.0.1\tbox' 0
	keep_id --overlay="$BUNDLE/kept" --hostname box cat /etc/hosts
	assert_contains "$output" '10.2.2.2 added'
	keep_id --overlay="$BUNDLE/kept" --hostname other cat /etc/hosts /etc/hostname
	assert_contains "$output" $'127.0.0.1\tother\nother'
	diff -r --no-dereference "$BUNDLE/before" "$BUNDLE/rootfs"
	# Without an overlay the files of the root file system stay as they are.
	keep_id --hostname box cat /etc/hosts
	assert_contains "$output" $'127.0.0.1\tbox'
	[ "$(cat "$BUNDLE/rootfs/etc/hosts")" = '10.1.1.1 of-the-root' ]
}

@test "the root of an overlay has the owner and the mode of the directory below" {
	has_subids || skip "this user has no subids"
	chmod 1751 "$BUNDLE/rootfs"
	keep_id --overlay sh -c 'stat -c "%u %g %a" /; touch /made && stat -c %u /made'
	assert_lines "$(id -u) $(id -g) 1751" "$(id -u)"
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" stat -c '%u %g %a' / </dev/null
	assert_output '0 0 1751'
	[ "$(stat -c '%u %a' "$BUNDLE/kept/upper")" = "$(id -u) 1751" ]
	chmod 755 "$BUNDLE/rootfs"
	needs_fuse
	config '.annotations = {"org.urun.hidden": "/nothing", "org.urun.overlay": "tmpfs"}'
	chmod 1751 "$BUNDLE/rootfs"
	in_container 'stat -c "%u %a" /'
	chmod 755 "$BUNDLE/rootfs"
	assert_output '0 1751'
}

@test "in the host's own system the caller has a home of their own, and programs that need the user's name work" {
	has_subids || skip "this user has no subids"
	needs_fuse
	case $(caller_field 6) in /home/*) ;; *) skip "this user's home isn't below /home" ;; esac
	try run --network none --userns keep-id -- sh -c 'whoami; echo $HOME; stat -c "%u %a" $HOME; mkdir $HOME/made; grep -c " /etc/" /proc/self/mountinfo' </dev/null
	assert_lines "$(id -un)" "$(caller_field 6)" "$(id -u) 700" 0
	command -v ssh-keygen >/dev/null && command -v git >/dev/null || skip "neither ssh-keygen nor git here"
	try run --network none --userns keep-id -- sh -c 'ssh-keygen -q -t ed25519 -N "" -f $HOME/.ssh/key && ssh -G nowhere >/dev/null && git init -q $HOME/r &&
		cd $HOME/r && git -c user.email=a@b.c -c user.name=a commit -q --allow-empty -m x' </dev/null
	assert_status 0
}

@test "spec with --userns keep-id writes the config that run runs" {
	has_subids || skip "this user has no subids"
	(cd "$BUNDLE" && rm config.json && urun spec --rootfs "$BUNDLE/rootfs" --network none --userns keep-id --tty=false whoami)
	try run --bundle "$BUNDLE" c1
	assert_output "$(id -un)"
	[ "$(jq -r '.annotations."org.urun.passwd"' "$BUNDLE/config.json" | cut -d: -f1-4)" = "$(id -un):*:$(id -u):$(id -g)" ]
}

@test "where there is one id, a user by number or name has a hint that gives the container this one" {
	local one=(--rootfs "$BUNDLE/rootfs" --network none --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1")
	echo 'far:x:4000000:0::/:/bin/sh' >>"$BUNDLE/rootfs/etc/passwd"
	try run "${one[@]}" --user 33 id -u
	assert_status 125
	assert_one_line 'urun: --user 33: the container has no uid but 0 (hint: --userns keep-id:uid=33 makes its uid 33'
	try run "${one[@]}" --user far id -u
	assert_status 125
	assert_one_line '--user far: uid 4000000 is not mapped' '--userns keep-id:uid=4000000 gives it this one'
	try run "${one[@]}" --user 0:0 id -u
	assert_output 0
}
