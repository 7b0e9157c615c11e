#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers without a bundle: `run --rootfs` with its options, and `spec` with the same options.
load lib.bash

@test "run needs only a root file system and a command" {
	by_options sh -c 'id -u; echo $$; pwd; cat /proc/self/uid_map | wc -l; exit 7'
	assert_status 7
	[ "${lines[0]}" = 0 ] && [ "${lines[1]}" = 1 ] && [ "${lines[2]}" = / ]
	[ -z "$stderr" ] || fail "$stderr"
	by_options -- echo two words
	assert_output 'two words'
}

@test "words after the program belong to the program, options too" {
	by_options ls -d /bin
	assert_output /bin
	by_options sh -c 'echo "$@"' - --detach --name x
	assert_output '--detach --name x'
}

@test "the program has the caller's stdin, and a terminal only where --tty asks for it or stdin is one" {
	observe bash -c 'echo typed | "$1" --root "$2" run --rootfs "$3" --network none cat' - "$URUN" "$STATE" "$BUNDLE/rootfs"
	assert_output typed
	by_options sh -c 'test -t 1 && echo terminal || echo none'
	assert_output none
	try run --rootfs "$BUNDLE/rootfs" --network none --tty sh -c 'test -t 1 && echo terminal'
	assert_contains "$output" terminal
}

@test "the default container is confined by namespaces, few capabilities, a filter, no_new_privs and masked paths" {
	by_options sh -c 'grep -E "^(CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status; ls /sys/class/net; ls /sys/firmware | wc -l; (echo 1 >/proc/sys/kernel/domainname) 2>/dev/null || echo read-only'
	assert_output $'CapEff:\t00000000800405fb\nCapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nlo\n0\nread-only'
}

@test "the default filter allows what programs commonly do, and refuses a new user namespace" {
	by_options sh -c 'mkdir /tmp/a && echo x >/tmp/a/b && mv /tmp/a/b /tmp/a/c && chown 1 /tmp/a/c && sleep 0.01 && (true & wait) && date >/dev/null && echo works'
	assert_output works
	by_options busybox unshare -r id
	[ "$status" -ne 0 ]
	by_options --security-opt seccomp=unconfined sh -c 'grep ^Seccomp: /proc/self/status; busybox unshare -r id -u'
	assert_output $'Seccomp:\t0\n0'
}

@test "unmask= unmasks paths by name or by pattern, or all paths" {
	local mounts='cut -d" " -f5 /proc/self/mountinfo | grep -e ^/proc/. -e ^/sys/firmware'
	by_options sh -c "$mounts"
	assert_contains "$output" /proc/keys
	assert_contains "$output" /proc/sys
	assert_contains "$output" /sys/firmware
	by_options --security-opt unmask=/proc/keys:/proc/s* sh -c "$mounts"
	refute_contains "$output" /proc/keys
	refute_contains "$output" /proc/sys
	assert_contains "$output" /proc/irq
	assert_contains "$output" /sys/firmware
	by_options --security-opt unmask=ALL sh -c "$mounts"
	assert_output ''
}

# inner_urun: sets INNER to options that bring urun into a container, with the libraries that it needs where it isn't linked statically.
# The leak sanitizer needs more rights than the container has.
inner_urun() {
	local library
	INNER=(--volume "$URUN:/bin/urun" --env ASAN_OPTIONS=detect_leaks=0)
	for library in $(ldd "$URUN" 2>/dev/null | grep -o '/[^ ]*'); do
		INNER+=(--volume "$library:$library")
	done
}

# nested OPTION…: observes a container in a container; both have the same root file system.
nested() {
	cp -a "$BUNDLE/rootfs" "$BUNDLE/inner"
	inner_urun
	by_options "${INNER[@]}" --volume "$BUNDLE/inner:/mnt" "$@" urun run --rootfs /mnt --network none sh -c 'echo inside; wc -l </proc/self/uid_map'
	remove_tree "$BUNDLE/inner"
}

@test "urun in a container of urun needs another filter and unmasked paths, and the message names the options" {
	nested
	assert_status 125
	assert_one_line 'hint: a seccomp filter around this process refuses new user namespaces' 'seccomp=unconfined'
	# The filters of engines allow new user namespaces, but no change of the host name.
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}' >"$BUNDLE/profile"
	nested --security-opt "seccomp=$BUNDLE/profile"
	assert_one_line 'set the host name' 'hint: a seccomp filter around urun refuses it' 'seccomp=unconfined'
	nested --security-opt seccomp=unconfined
	assert_status 125
	assert_one_line 'mount proc on /proc' '--security-opt unmask=ALL (urun, podman)'
	nested --security-opt seccomp=unconfined --security-opt unmask=ALL
	assert_status 0
	[ "${lines[0]}" = inside ]
	! has_subids || [ "${lines[1]}" = 2 ]
	# Another user of the outer container, who has no subids there.
	nested --security-opt seccomp=unconfined --security-opt unmask=ALL --user 1000
	assert_status 0
	assert_output $'inside\n1'
	assert_contains "$stderr" /etc/subuid
}

@test "in a container of urun the container's own root can be an overlay by fuse-overlayfs, with its owners" {
	local library inner
	inner_urun
	inner=("${INNER[@]}" --security-opt seccomp=unconfined --security-opt unmask=ALL)
	[ -w /dev/fuse ] || skip "no /dev/fuse here"
	by_options "${inner[@]}" urun run --network none --overlay=/tmp/changes -- true
	assert_one_line 'overlay over /: ' 'open /dev/fuse' '--device /dev/fuse'
	by_options "${inner[@]}" urun run --network none -- sh -c 'echo runs; (: >/etc/x) 2>&1'
	assert_lines runs 'sh: can'"'"'t create /etc/x: Read-only file system'
	assert_contains "$stderr" 'open /dev/fuse: no such file or directory'
	by_options "${inner[@]}" --volume /dev/fuse:/dev/fuse urun run --network none --overlay=/tmp/changes -- true
	assert_one_line 'overlay over /: there are mounts below it, and so it needs the program fuse-overlayfs'
	command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs isn't installed"
	unpack_debian "$BUNDLE/debian"
	for library in $(ldd "$(command -v fuse-overlayfs)" | sed -n 's/.* => \(.*libfuse3[^ ]*\) .*/\1/p'); do
		inner+=(--volume "$library:$library")
	done
	try run --rootfs "$BUNDLE/debian" --network none "${inner[@]}" --volume /dev/fuse:/dev/fuse --volume "$(command -v fuse-overlayfs):/usr/bin/fuse-overlayfs" \
		sh -c 'urun run --network none -- sh -c "stat -c %U:%G /etc/shadow; chown 5:6 /etc/passwd && rm -r /usr/share && echo changed"; stat -c %U /etc/passwd; test -e /usr/share' </dev/null
	remove_tree "$BUNDLE/debian"
	assert_status 0
	assert_output $'root:shadow\nchanged\nroot'
}

@test "seccomp= takes a profile from a file, and the error for a malformed profile names the file" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 17}]}' >"$BUNDLE/profile"
	by_options --security-opt "seccomp=$BUNDLE/profile" sh -c 'mkdir /tmp/new 2>&1'
	assert_contains "$output" 'File exists'
	echo '{"defaultAction": "SCMP_ACT_MAYBE"}' >"$BUNDLE/profile"
	by_options --security-opt "seccomp=$BUNDLE/profile" true
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" "--security-opt seccomp=$BUNDLE/profile"
}

@test "--volume and --tmpfs mount what they say" {
	mkdir "$BUNDLE/shared"
	echo data >"$BUNDLE/shared/file"
	by_options --volume "$BUNDLE/shared:/mnt/a" --volume "$BUNDLE/shared/file:/mnt/b:ro" --tmpfs /scratch:size=64k \
		sh -c 'cat /mnt/a/file; echo new >/mnt/a/new; (echo x >/mnt/b) 2>/dev/null || echo read-only; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2'
	assert_output $'data\nread-only\n64'
	[ "$(cat "$BUNDLE/shared/new")" = new ]
	(cd "$BUNDLE" && try run --rootfs rootfs --network none --volume ./shared:/mnt/a cat /mnt/a/file && assert_output data)
}

@test "with --read-only only the mounts can be written to" {
	by_options --read-only --tmpfs /tmp sh -c '(echo x >/file) 2>/dev/null || echo refused; echo x >/tmp/file && cat /tmp/file'
	assert_output $'refused\nx'
}

@test "--overlay keeps changes in memory, or in a directory where they stay" {
	local before
	before=$(find "$BUNDLE/rootfs" | sort | md5sum)
	by_options --overlay sh -c 'echo new >/file; echo changed >>/etc/passwd; rm -r /bin/false; mkdir /d && echo x >/d/y; cat /file; cat /d/y'
	assert_status 0
	assert_output $'new\nx'
	[ "$(find "$BUNDLE/rootfs" | sort | md5sum)" = "$before" ]
	by_options --overlay cat /file
	[ "$status" -ne 0 ]
	by_options --overlay="$BUNDLE/kept" sh -c 'echo new >/file; chown 5:5 /file'
	assert_status 0
	[ "$(cat "$BUNDLE/kept/upper/file")" = new ]
	by_options --overlay="$BUNDLE/kept" sh -c 'cat /file; ls -n /file | tr -s " " | cut -d" " -f3'
	assert_output $'new\n5'
	[ ! -e "$BUNDLE/rootfs/file" ]
	by_options --overlay=/nowhere/at/all true
	assert_status 125
	assert_contains "$stderr" '--overlay /nowhere/at/all'
}

# no_fuse_overlayfs: no fuse-overlayfs of this user runs.
no_fuse_overlayfs() {
	[ -z "$(processes_of_ours fuse-overlayfs)" ]
}

@test "the host's own system can be the root file system, its files are the container root's, and nothing is written to the host" {
	mkdir "$BUNDLE/empty"
	cd "$BUNDLE/empty"
	try run --network none --user root -- sh -c 'id -u; stat -c %u /usr /etc/passwd; ls -A /home /root /run /tmp | grep -v :; echo x >/usr/urun-test && rm -r /etc/passwd && mkdir /urun-test && echo wrote' </dev/null
	assert_status 0
	assert_output $'0\n0\n0\n\n\n\nwrote'
	[ ! -e /urun-test ] && [ ! -e /usr/urun-test ] && [ -e /etc/passwd ]
	wait_for 10 no_fuse_overlayfs
	try run --rootfs / --network none --volume "$BUNDLE/empty:/home/work" --workdir /home/work -- sh -c 'pwd; echo out >file'
	assert_output /home/work
	[ "$(cat file)" = out ]
	try run --network none sh
	assert_status 125
	assert_contains "$stderr" config.json
}

@test "volumes, a working directory and kept changes work in hidden directories" {
	mkdir "$BUNDLE/work" "$BUNDLE/a,b:c"
	echo in >"$BUNDLE/work/file"
	cd "$BUNDLE"
	try run --rootfs / --network none --volume "$BUNDLE/work:$HOME/work" --workdir "$HOME/work" -- sh -c 'pwd; cat file; ls -A ..'
	assert_output "$HOME/work"$'\nin\nwork'
	try run --rootfs / --network none --volume "$BUNDLE/work/file:/mnt/a/b:ro" --workdir /media/x -- sh -c 'pwd; cat /mnt/a/b; ls -A /mnt'
	assert_output $'/media/x\nin\na'
	# The home is a directory of the system; then a path by /proc.
	HOME=/usr/lib/x86_64-linux-gnu try run --rootfs / --network none --workdir / -- true
	assert_status 0
	assert_one_line "/usr/lib/x86_64-linux-gnu isn't hidden"
	HOME=/proc/self/cwd try run --rootfs / --network none --annotation org.urun.hidden=$'/proc\n/usr/share/doc' --workdir / -- ls -A /usr/share/doc
	assert_status 0
	assert_output ''
	[ -z "$stderr" ]
	HOME=/usr/share try run --rootfs / --network none --workdir / -- true
	assert_status 0
	assert_one_line "warning: the directory /usr/share isn't hidden"
	try run --rootfs / --network none --user root --overlay="$BUNDLE/a,b:c" -- sh -c 'echo kept >/usr/urun-test'
	try run --rootfs / --network none --overlay="$BUNDLE/a,b:c" -- cat /usr/urun-test
	assert_output kept
	[ "$(cat "$BUNDLE/a,b:c/upper/usr/urun-test")" = kept ]
}

@test "the host's own system works with any mapping of ids, and root has power over its files" {
	local uids gids map shown='umask 0; echo x >/usr/f && chmod 000 /usr/f && cat /usr/f && chmod 6755 /usr/f && stat -c %a /usr/f && mv /usr/f /etc/f && echo y >>/etc/passwd && tail -n 1 /etc/passwd'
	uids=$(subid_range uid)
	gids=$(subid_range gid)
	for map in "--user 0" "--userns keep-id --user 0" "--uidmap 0:${uids% *}:1000 --gidmap 0:${gids% *}:1000"; do
		# shellcheck disable=SC2086 # options and their values
		try run --rootfs / --network none $map -- sh -c "$shown"
		assert_output $'x\n6755\ny'
	done
}

@test "hidden paths are refused where the container could reach the host's files, and hide files and directories elsewhere" {
	try run --rootfs / --network none --no-pivot --workdir / -- true
	assert_status 125
	assert_one_line --no-pivot 'in the container'
	config '.annotations = {"org.urun.hidden": "/etc"}'
	try run --bundle "$BUNDLE" c1
	assert_one_line 'org.urun.hidden' 'without org.urun.overlay'
	config '.annotations = {"org.urun.hidden": "etc", "org.urun.overlay": "tmpfs"}'
	try run --bundle "$BUNDLE" c1
	assert_one_line 'org.urun.hidden' 'absolute path'
	needs_fuse
	config '.annotations = {"org.urun.hidden": "/etc\n/nothing\n/a\\012b", "org.urun.overlay": "tmpfs"}'
	# A file with a line break in its name.
	echo secret >"$BUNDLE/rootfs/a"$'\n'b
	in_container 'cat /a?b; ls -A /etc; echo x >/etc/y && ls /etc'
	assert_output y
	[ -e "$BUNDLE/rootfs/etc/passwd" ] && [ ! -e "$BUNDLE/rootfs/etc/y" ]
}

@test "the server of the host's system ends with the container, also when urun is killed" {
	local run
	"$URUN" --root "$STATE" run --rootfs / --network none --name c1 -- sleep 60 </dev/null &
	run=$!
	wait_for 20 is_status c1 running
	newest_process fuse-overlayfs >/dev/null
	kill -KILL "$run"
	wait_for 10 no_fuse_overlayfs
	urun delete --force c1
	observe timeout 20 bash -c '"$1" --root "$2" run --rootfs / --network none --name c1 --detach -- sleep 60 2>&1 | cat' - "$URUN" "$STATE"
	assert_status 0
	urun delete --force c1
	wait_for 10 no_fuse_overlayfs
}

@test "--env sets variables and passes them on, and --env-file reads them" {
	printf '# a comment\nFROM_FILE=1\n\nPASSED\n' >"$BUNDLE/env"
	PASSED=yes OTHER=no by_options --env A=b --env PASSED --env NOWHERE --env-file "$BUNDLE/env" sh -c 'echo "$A $PASSED ${NOWHERE-unset} $FROM_FILE ${OTHER-unset}"'
	assert_output 'b yes unset 1 unset'
}

@test "--user takes numbers, and names of the root file system" {
	printf 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n' >"$BUNDLE/rootfs/etc/passwd"
	printf 'root:x:0:\nwww:x:34:\nextra:x:50:web,root\nstaff:x:60:\n' >"$BUNDLE/rootfs/etc/group"
	local shown='id -u; id -g; id -G; echo $HOME'
	by_options --user web sh -c "$shown"
	assert_output $'33\n34\n34 50\n/srv'
	by_options --user web:staff sh -c "$shown"
	assert_output $'33\n60\n60\n/srv'
	by_options --user 33 sh -c "$shown"
	assert_output $'33\n34\n34 50\n/srv'
	by_options --user 1234:5678 sh -c 'id -u; id -g'
	assert_output $'1234\n5678'
	by_options --user nobody-here true
	assert_status 125
	assert_contains "$stderr" "--user nobody-here: user 'nobody-here' is not found in the container's /etc/passwd"
	by_options --user web:nothing true
	assert_contains "$stderr" "group 'nothing' is not found in the container's /etc/group"
	rm "$BUNDLE/rootfs/etc/passwd"
	mkfifo "$BUNDLE/rootfs/etc/passwd"
	by_options --user web true
	assert_contains "$stderr" "user 'web' is not found"
}

@test "--workdir, --hostname and --name set what they say" {
	local name
	for name in 'a b' $'a\nb' $'a\tb'; do
		by_options --hostname "$name" true
		assert_status 125
		assert_one_line --hostname 'a host name is one word'
	done
	by_options --workdir /etc --hostname box --name mine sh -c 'pwd; hostname'
	assert_output $'/etc\nbox'
	detached mine sleep 60
	[ "$(status_of mine)" = running ]
	urun delete --force mine
}

@test "without --name each container has an id of its own, which run --detach prints" {
	local first second
	first=$(urun run --detach --rootfs "$BUNDLE/rootfs" --network none sleep 60)
	second=$(urun run --detach --rootfs "$BUNDLE/rootfs" --network none sleep 60)
	[[ $first =~ ^[0-9a-f]{12}$ ]] && [ "$first" != "$second" ]
	[ "$(urun list --quiet)" = "$(printf '%s\n' "$first" "$second" | sort)" ]
	urun delete --force "$first"
	urun delete --force "$second"
}

@test "--cap-add and --cap-drop change the default capabilities, and ALL stands for all" {
	local shown='sed -n "s/^CapEff:[[:space:]]*//p" /proc/self/status'
	by_options --cap-drop all sh -c "$shown"
	assert_output 0000000000000000
	by_options --cap-drop ALL --cap-add CAP_CHOWN --cap-add kill sh -c "$shown"
	assert_output 0000000000000021
	by_options --cap-add NET_ADMIN --cap-drop chown sh -c "$shown"
	assert_output 00000000800415fa
	by_options --user 1000 sh -c "$shown"
	assert_output 0000000000000000
	by_options --cap-add FLY true
	assert_status 125
	assert_contains "$stderr" '--cap-add FLY: unknown capability'
}

@test "--userns keep-id maps the caller's ids to themselves, and --uidmap and --gidmap give the mappings" {
	has_subids || skip "this user has no subids"
	by_options --userns keep-id sh -c 'id -u; id -g; echo mine >/tmp/kept'
	assert_output "$(id -u)"$'\n'"$(id -g)"
	[ "$(stat -c %u "$BUNDLE/rootfs/tmp/kept")" = "$(id -u)" ]
	by_options --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1" sh -c 'tr -s " " </proc/self/uid_map'
	assert_output " 0 $(id -u) 1"
	by_options --uidmap 0:0 true
	assert_status 125
	assert_contains "$stderr" '--uidmap 0:0: expected CONTAINER:HOST:COUNT'
	by_options --userns host true
	assert_contains "$stderr" '--userns host'
}

@test "--ulimit sets the program's limit" {
	by_options --ulimit nofile=100:200 sh -c 'ulimit -n; ulimit -Hn'
	assert_output $'100\n200'
	by_options --ulimit nofile=many true
	assert_contains "$stderr" '--ulimit nofile=many'
	by_options --ulimit nosuch=1 true
	assert_status 125
	assert_contains "$stderr" RLIMIT_NOSUCH
}

@test "the error for a malformed size or number names the option and the value" {
	local option
	for option in --memory=lots --memory=0 --memory=-1 --cpus=none --cpus=0 --cpus=nan --cpus=1.5x --pids-limit=few; do
		by_options "$option" true
		assert_status 125
		assert_one_line "$stderr"
		assert_contains "$stderr" "${option%%=*} ${option#*=}"
	done
}

@test "errors of options come before anything is made" {
	by_options --volume /nowhere:/x true
	assert_status 125
	assert_output ''
	assert_contains "$stderr" '--volume /nowhere: no such file or directory'
	by_options --volume relative true
	assert_contains "$stderr" 'SOURCE:DESTINATION'
	by_options --tmpfs relative true
	assert_contains "$stderr" '--tmpfs relative'
	by_options --workdir relative true
	assert_contains "$stderr" '--workdir relative'
	by_options --env =x true
	assert_contains "$stderr" '--env =x'
	by_options --security-opt label=type:x true
	assert_contains "$stderr" '--security-opt label=type:x'
	by_options --security-opt unmask= true
	assert_contains "$stderr" '--security-opt unmask='
	by_options --annotation x true
	assert_contains "$stderr" '--annotation x'
	try run --rootfs "$BUNDLE/nowhere" true
	assert_status 125
	assert_contains "$stderr" '--rootfs'
	try run --rootfs "$BUNDLE/config.json" true
	assert_contains "$stderr" 'not a directory'
	try run --rootfs "$BUNDLE/rootfs" --bundle "$BUNDLE" true
	assert_contains "$stderr" '--bundle'
	try run --bundle "$BUNDLE" --volume /a:/b c1
	assert_contains "$stderr" '--volume is for a container without a bundle'
	try run
	assert_status 125
	try run --bundle "$BUNDLE" c1 extra
	assert_contains "$stderr" "unexpected operand 'extra'"
}

@test "options after a bundle's id count too, and none is ignored silently" {
	sh_program 'echo ran'
	try run c1 --bundle "$BUNDLE"
	assert_output ran
	try run c1 --help
	assert_status 0
	assert_contains "$output" 'Usage: urun run'
	try run --bundle "$BUNDLE" c1 --memory 64m
	assert_status 125
	assert_one_line "$stderr"
	assert_contains "$stderr" '--memory is for a container without a bundle'
	try run --bundle "$BUNDLE" c1 --rootfs "$BUNDLE/rootfs"
	assert_status 125
	assert_contains "$stderr" '--rootfs is for a container without a bundle'
}

@test "spec with the same options writes the config that run runs" {
	local options=(--rootfs "$BUNDLE/rootfs" --network none --env A=b --user 1000:1000 --read-only --cap-add NET_ADMIN --tmpfs /tmp --hostname box)
	mkdir "$BUNDLE/made"
	try spec --bundle "$BUNDLE/made" "${options[@]}" sh -c 'echo $A; id -u; hostname; grep -E "^(CapBnd|Seccomp)" /proc/self/status'
	assert_status 0
	try run --bundle "$BUNDLE/made" c1
	local by_spec=$output
	try run "${options[@]}" sh -c 'echo $A; id -u; hostname; grep -E "^(CapBnd|Seccomp)" /proc/self/status'
	assert_status 0
	assert_output "$by_spec"
	assert_contains "$output" box
	try spec --bundle "$BUNDLE/made" --env A=b
	assert_status 1
	assert_contains "$stderr" '--env is for a container without a bundle: --rootfs DIR'
}

@test "--network and --publish work without a bundle" {
	try run --rootfs "$BUNDLE/rootfs" --network slirp --publish 127.0.0.1:0:80 ls /sys/class/net
	assert_status 0
	assert_output $'lo\ntap0'
	assert_contains "$stderr" '80/tcp -> 127.0.0.1:'
}

@test "--keep-groups sets the annotation that keeps the caller's groups" {
	rm "$BUNDLE/config.json"
	try spec --bundle "$BUNDLE" --rootfs "$BUNDLE/rootfs" --network none --keep-groups sh -c 'grep Groups: /proc/self/status'
	assert_status 0
	[ "$(jq -r '.annotations["run.oci.keep_original_groups"]' "$BUNDLE/config.json")" = 1 ]
	by_options --keep-groups sh -c 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status | wc -w'
	assert_output "$(sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status | wc -w)"
}

@test "published ports are part of the config that spec and --save-config write, and bundles publish them" {
	try run --rootfs "$BUNDLE/rootfs" --network slirp --publish 127.0.0.1:0:80 --publish 127.0.0.1:0:53/udp --save-config "$BUNDLE/saved.json" true
	assert_contains "$stderr" '80/tcp -> 127.0.0.1:'
	[ "$(jq -r '.annotations["org.urun.publish"]' "$BUNDLE/saved.json")" = $'127.0.0.1:0:80\n127.0.0.1:0:53/udp' ]
	mkdir "$BUNDLE/made"
	try spec --bundle "$BUNDLE/made" --rootfs "$BUNDLE/rootfs" --network slirp -p 127.0.0.1:0:80 -p 127.0.0.1:0:53/udp true
	assert_status 0
	try run --bundle "$BUNDLE/made" c1
	assert_status 0
	assert_contains "$stderr" '80/tcp -> 127.0.0.1:'
	assert_contains "$stderr" '53/udp -> 127.0.0.1:'
	# The option replaces the annotation.
	try run --bundle "$BUNDLE/made" --publish 127.0.0.1:0:81 c1
	assert_contains "$stderr" '81/tcp -> 127.0.0.1:'
	refute_contains "$stderr" '80/tcp'
	try check --bundle "$BUNDLE/made" --explain
	assert_contains "$output" 'publish: 127.0.0.1:0:53/udp'
	# What is wrong is told before anything is written, and by the place where it stands.
	rm "$BUNDLE/made/config.json"
	try spec --bundle "$BUNDLE/made" --rootfs "$BUNDLE/rootfs" --publish 80:x true
	assert_status 1
	assert_contains "$stderr" '--publish 80:x'
	[ ! -e "$BUNDLE/made/config.json" ]
	config '.annotations = {"org.urun.network": "slirp", "org.urun.publish": "99999"}'
	try run --bundle "$BUNDLE" c1
	assert_contains "$stderr" 'annotations.org.urun.publish: --publish 99999: '
	config '.annotations = {"org.urun.publish": "0:80"}'
	try run --bundle "$BUNDLE" c1
	assert_contains "$stderr" "annotations.org.urun.publish: --publish 0:80: the container's network isn't slirp"
}
