#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Known attacks on container runtimes, one test each.  The name says what the user is protected from, and the comment has the CVE.
# Each test fails against a runtime that has the vulnerability.  Those with the tag "rootful" also run as root of the host, whose containers
# have no user namespace (tests/vm/root-attacks.bats).  attacks_own.bats has the vulnerabilities that were found in urun itself.
load lib.bash
load looker.bash

# --- what several attacks need --------------------------------------------------------------------------------------------

# with_python ROOTFS: makes links for the host's Python in a root file system of busybox; the container needs PYTHON_VOLUMES as options
# of run.  The attackers' programs are in programs/.
PYTHON_VOLUMES=(--volume /usr:/usr:ro)
with_python() {
	command -v /usr/bin/python3 >/dev/null || skip "/usr/bin/python3 isn't installed"
	local name
	for name in lib lib64; do
		[ -e "$1/$name" ] || [ ! -e "/$name" ] || ln -s "usr/$name" "$1/$name"
	done
}

# start_swapper DIRECTORY A B: starts a container that has DIRECTORY as a volume, and swaps the names A and B in it over and over until
# stop_swapper.
start_swapper() {
	local rootfs=$BATS_TEST_TMPDIR/swapper
	[ -e "$rootfs" ] || bundle_rootfs "$rootfs"
	with_python "$rootfs"
	cp "$TESTS/programs/swap_names.py" "$rootfs/"
	rm -f "$rootfs/started"
	urun run --detach --name swapper --rootfs "$rootfs" --network none "${PYTHON_VOLUMES[@]}" --volume "$1:/shared" -- \
		/usr/bin/python3 /swap_names.py /shared "$2" "$3" /started </dev/null >/dev/null 2>&1
	wait_for 5 test -e "$rootfs/started"
}

stop_swapper() {
	is_status swapper running
	urun delete --force swapper
}

# watched_directory: makes $OUTSIDE, a directory of the host that no container is given: only an escape can make something in it.
watched_directory() {
	OUTSIDE=$BATS_TEST_TMPDIR/outside
	mkdir "$OUTSIDE"
}

assert_untouched() {
	[ -z "$(ls -A "$OUTSIDE")" ] || fail "made outside of the container: $(ls -lA "$OUTSIDE")"
}

# add_bind SOURCE DESTINATION OPTION…: adds a bind mount to the config.
add_bind() {
	config '.mounts += [{"destination": $ARGS.positional[1], "type": "bind", "source": $ARGS.positional[0],
		"options": (["bind"] + $ARGS.positional[2:])}]' --args -- "$@"
}

# quick_start TYPE…: makes starts cheap, for attacks of many rounds: one id, which needs no helper, and only mounts of these types.
quick_start() {
	config '.mounts = [.mounts[] | select(.type as $type | $ARGS.positional | index($type))]
		| .linux.namespaces += [{"type": "user"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)" --args "$@"
}

# round: one start of the container, without timeout(1), whose process would double the cost.
round() {
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null 2>&1
}

# started_c1: starts a container c1 that does nothing until it is killed.
started_c1() {
	program sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

ended_c1() {
	urun delete --force c1
}

# --- the runtime's own file -----------------------------------------------------------------------------------------------

# CVE-2019-5736: the program is a script whose interpreter is /proc/self/exe, so that the kernel executes the runtime itself in the
# container.  Another process of the container then opens /proc/PID/exe, keeps the descriptor, and writes to the file as soon as no
# process executes it.  This copy of urun belongs to the user, so that file permissions don't protect it from the container's root.
# bats test_tags=rootful
@test "the container can't overwrite the urun that runs it" {
	local own=$BATS_TEST_TMPDIR/urun
	with_python "$BUNDLE/rootfs"
	mkdir -p "$BUNDLE/rootfs"/{usr,opt}
	cp "$URUN" "$own"
	add_bind /usr /usr rbind ro
	printf '#!/proc/self/exe --help\n' >"$BUNDLE/rootfs/opt/trap"
	chmod 755 "$BUNDLE/rootfs/opt/trap"
	cp "$TESTS/programs/overwrite_runtime.py" "$BUNDLE/rootfs/opt/"
	program /usr/bin/python3 /opt/overwrite_runtime.py /opt
	"$own" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	for _ in {1..20}; do
		"$own" --root "$STATE" exec c1 /opt/trap </dev/null >/dev/null 2>&1 || true
		cmp "$URUN" "$own"
	done
	# The attack works so far: the program saw processes that are neither Python nor busybox.
	grep -qv -e python -e busybox "$BUNDLE/rootfs/opt/tried"
	touch "$BUNDLE/rootfs/opt/end"
	wait_for 5 is_status c1 stopped
	cmp "$URUN" "$own"
	urun delete c1
	# The same attack by the first program of a container.
	program /opt/trap
	observe "$own" --root "$STATE" run --bundle "$BUNDLE" c1
	cmp "$URUN" "$own"
}

# --- a /proc that isn't procfs --------------------------------------------------------------------------------------------

# CVE-2019-16884: an image declares a volume on /proc.  Engines fill the volume with the image's files: the runtime then writes security
# labels to ordinary files, and the program isn't confined.
# bats test_tags=rootful
@test "nothing that an image brings can be mounted on /proc" {
	local fake=$BATS_TEST_TMPDIR/fake destination
	mkdir -p "$fake"/self/{attr,fd} "$BUNDLE/rootfs/mnt"
	touch "$fake"/self/{status,attr/exec,attr/current}
	ln -s /proc "$BUNDLE/rootfs/mnt/link"
	program /bin/true
	config '.mounts0 = .mounts'
	for destination in /proc /proc/ /./proc /mnt/../proc; do
		config '.mounts = [.mounts0[] | select(.destination != "/proc")]'
		add_bind "$fake" "$destination" rbind
		try run --bundle "$BUNDLE" c1
		[ "$status" != 0 ] || fail "$destination was covered, instead of procfs"
		assert_one_line /proc "isn't the root of a proc file system"
	done
	for destination in /proc /proc/self /proc/self/attr /proc/1/attr/exec /mnt/link /mnt/link/self /proc/sys/kernel; do
		config '.mounts = .mounts0'
		if [ "${destination##*/}" = exec ]; then
			add_bind "$fake/self/status" "$destination"
		else
			add_bind "$fake" "$destination" rbind
		fi
		try run --bundle "$BUNDLE" c1
		[ "$status" != 0 ] || fail "$destination was covered"
		assert_one_line /proc
	done
	for destination in tmpfs ramfs cgroup; do
		config '.mounts = [.mounts0[] | select(.destination != "/proc")] + [{"destination": "/proc", "type": $ARGS.positional[0]}]' --args "$destination"
		try run --bundle "$BUNDLE" c1
		[ "$status" != 0 ] || fail "$destination was mounted on /proc"
		assert_one_line 'on /proc: '
	done
}

# CVE-2023-28642: an image has a symbolic link at /proc, to a directory where something else is mounted.  The runtime then writes to one
# directory, and masks its files, while the program sees another.
# bats test_tags=rootful
@test "an image with a symbolic link at /proc or /sys is refused" {
	local name target
	add_bind /usr /elsewhere rbind ro
	for name in proc sys; do
		for target in elsewhere /elsewhere ../../elsewhere . / "$name-2" tmp/../elsewhere /proc/self/root; do
			rm -rf "${BUNDLE:?}/rootfs/$name"
			ln -s "$target" "$BUNDLE/rootfs/$name"
			try run --bundle "$BUNDLE" c1
			[ "$status" != 0 ] || fail "/$name was a link to $target"
			assert_one_line "/$name" 'no ordinary directory'
		done
		rm "$BUNDLE/rootfs/$name"
		echo file >"$BUNDLE/rootfs/$name"
		try run --bundle "$BUNDLE" c1
		assert_one_line "/$name" 'no ordinary directory'
		rm "$BUNDLE/rootfs/$name"
		mkdir "$BUNDLE/rootfs/$name"
	done
}

# CVE-2023-27561 (and CVE-2019-19921 before): a second container that shares files with the first moves the directory on which procfs was
# mounted, so that the runtime looks elsewhere for the paths to mask, and moves the directory back.  Here a hook does it in place of the
# second container: it runs at the worst moment, each time.
# bats test_tags=rootful
@test "a container can't unmask /proc and /sys of another container with which it shares the root file system" {
	local root=$BUNDLE/rootfs
	cat >"$BATS_TEST_TMPDIR/hook" <<-END
		#!/bin/sh -e
		for name in proc sys; do
			mv $root/\$name $root/moved-\$name
			mkdir -p $root/\$name/sys/kernel $root/\$name/firmware
			: >$root/\$name/kcore >$root/\$name/sysrq-trigger
		done
	END
	chmod 755 "$BATS_TEST_TMPDIR/hook"
	config '.hooks = {"createRuntime": [{"path": $path}]}' --arg path "$BATS_TEST_TMPDIR/hook"
	config '.linux.maskedPaths += ["/sys/kernel"]'
	in_container 'grep -c " /moved-proc .*proc " /proc/mounts /moved-proc/mounts 2>/dev/null | tail -n1
		for path in sys sysrq-trigger; do
			(echo h >/moved-proc/$path/kernel/domainname || echo h >/moved-proc/$path) 2>/dev/null && echo "$path can be written"
		done
		head -c1 /moved-proc/kcore | wc -c; ls /moved-sys/kernel; grep -o " /moved-proc/sys .* ro," /moved-proc/mounts | cut -c1-17'
	assert_lines /moved-proc/mounts:1 0 ' /moved-proc/sys '
}

# CVE-2025-52881: the runtime writes a label, a sysctl or the like to another file of procfs than it means to: a file that takes any text
# and does nothing, or a file that crashes the host.  Here the container's root covered parts of /proc before `exec` enters.
# bats test_tags=rootful
@test "exec doesn't write to files with which the container covered files of /proc" {
	local json='{"args": ["echo", "ran"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "oomScoreAdj": 777}' cover
	echo "$json" >"$BATS_TEST_TMPDIR/process.json"
	config '.process.capabilities = ([.process.capabilities | to_entries[] | .value += ["CAP_SYS_ADMIN"]] | from_entries)'
	# A file of tmpfs; a link to a file of procfs that takes any text (/proc/PID/sched); that file, mounted over the right file.
	for cover in 'mount -t tmpfs none /proc; mkdir /proc/self; : >/proc/self/oom_score_adj' \
		'mount --bind /proc /real; mount -t tmpfs none /proc; mkdir /proc/self; ln -s /real/1/sched /proc/self/oom_score_adj' \
		'mount --bind /proc /real; mount -t tmpfs none /proc; mkdir /proc/self; : >/proc/self/oom_score_adj
			mount --bind /real/1/sched /proc/self/oom_score_adj'; do
		rm -rf "$BUNDLE"/rootfs/{ready,real}
		mkdir "$BUNDLE/rootfs/real"
		sh_program "set -e; $cover; : >/ready; exec sleep 60"
		urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
		wait_for 5 test -e "$BUNDLE/rootfs/ready"
		try exec --process "$BATS_TEST_TMPDIR/process.json" c1
		ended_c1
		[ "$status" != 0 ] || fail "it was written elsewhere: $cover"
		assert_one_line process.oomScoreAdj
	done
}

# CVE-2025-52881, for sysctls: the image has a file in place of the sysctl, or a second container puts one there meanwhile.
# bats test_tags=rootful
@test "a sysctl isn't written to a file that the image or another container put in its place" {
	local fake=$BUNDLE/rootfs/fake
	mkdir -p "$fake/sys/kernel"
	echo untouched >"$fake/sys/kernel/shmmni"
	# A second name for the file, which stays when the file's directory is moved.
	ln "$fake/sys/kernel/shmmni" "$BATS_TEST_TMPDIR/shmmni"
	config '.linux.sysctl = {"kernel.shmmni": "4097"}'
	program /bin/true
	quick_start proc
	start_swapper "$BUNDLE/rootfs" proc fake
	for _ in {1..100}; do
		round >/dev/null || true
		[ "$(<"$BATS_TEST_TMPDIR/shmmni")" = untouched ] || fail "written to the other container's file"
	done
	stop_swapper
	# Without procfs in the config /proc is the image's own directory.
	[ ! -e "$fake/sys" ] || { rmdir "$BUNDLE/rootfs/proc" && mv "$fake" "$BUNDLE/rootfs/proc"; }
	config 'del(.mounts[] | select(.destination == "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	try run --bundle "$BUNDLE" c1
	[ "$(<"$BATS_TEST_TMPDIR/shmmni")" = untouched ]
}

# --- directories that a second container changes while the first is made --------------------------------------------------

# CVE-2021-30465: the second container swaps a directory of a shared volume for a symbolic link, while the first container's mounts are
# made.  A mount that follows the link on the host covers the source of the next mount, which then leads to the host's root.
# 2,000 rounds: each of 100 containers has 20 pairs of such mounts.
# bats test_tags=rootful
@test "a container that swaps directories in a race gets no directory of the host mounted" {
	local work=$BATS_TEST_TMPDIR/work
	mkdir -p "$work"/{shared/directory,evil} "$work"/place/{1..20}/source "$BUNDLE/rootfs/shared" "$BUNDLE"/rootfs/out-{1..20}
	ln -s "$work/place" "$work/shared/link"
	ln -s / "$work/evil/source"
	quick_start proc
	add_bind "$work/shared" /shared
	config '.mounts += [range(1; 21) |
		{"destination": "/shared/directory/\(.)", "type": "bind", "source": "\($work)/evil", "options": ["bind"]},
		{"destination": "/out-\(.)", "type": "bind", "source": "\($work)/place/\(.)/source", "options": ["rbind"]}]' --arg work "$work"
	sh_program 'echo /out-*/*'
	start_swapper "$work/shared" directory link
	for _ in {1..100}; do
		round >"$work/seen" || true
		case $(<"$work/seen") in
		'/out-*/*' | 'urun: '*) ;;
		*) fail "the host's root was mounted: $(head -c300 "$work/seen")" ;;
		esac
	done
	stop_swapper
	# There was a race: some mounts found the directory, and some found the link, which leads to a directory of that name in the container.
	[ -n "$(find "$work/shared" -mindepth 2)" ]
	[ -n "$(ls "$BUNDLE/rootfs$work/place")" ]
}

# CVE-2024-45310: the same race, for the directories and files that the runtime makes to mount on.
# bats test_tags=rootful
@test "a container that swaps directories in a race makes no directory and no file on the host" {
	local work=$BATS_TEST_TMPDIR/work made=0
	watched_directory
	mkdir -p "$work"/{shared/directory,source} "$BUNDLE/rootfs/shared"
	touch "$work/file"
	ln -s "$OUTSIDE" "$work/shared/link"
	quick_start proc
	add_bind "$work/shared" /shared
	config '.mounts += [range(1; 11) |
		{"destination": "/shared/directory/made-\(.)/below", "type": "bind", "source": "\($work)/source", "options": ["bind"]},
		{"destination": "/shared/directory/file-\(.)", "type": "bind", "source": "\($work)/file", "options": ["bind"]},
		{"destination": "/shared/directory/tmpfs-\(.)", "type": "tmpfs", "source": "tmpfs", "options": []}]' --arg work "$work"
	config '.linux.devices = [{"path": "/shared/directory/device/null", "type": "c", "major": 1, "minor": 3}]'
	program /bin/true
	start_swapper "$work/shared" directory link
	for _ in {1..40}; do
		round >/dev/null || true
		assert_untouched
		# find follows no links.
		[ -z "$(find "$work/shared" -mindepth 2)" ] || made=$((made + 1))
		until find "$work/shared" -mindepth 2 -delete 2>/dev/null; do :; done
	done
	stop_swapper
	[ "$made" -gt 0 ]
}

# --- a /dev that isn't the runtime's --------------------------------------------------------------------------------------

# CVE-2025-31133: files are masked by a bind mount of /dev/null.  Where the image or another container made /dev/null a symbolic link, the
# link's target is mounted, and can be written.
# bats test_tags=rootful
@test "a masked file shows the host's null device, whatever the container's /dev/null is" {
	local look='for file in /proc/keys /proc/timer_list; do [ ! -e $file ] || stat -c "%F %t:%T" $file; done; wc -c </proc/keys' dev=$BATS_TEST_TMPDIR/dev
	[ -e /proc/keys ] || skip "this kernel has no /proc/keys"
	local wanted=$'character special file 1:3\n0'
	[ ! -e /proc/timer_list ] || wanted=$'character special file 1:3\n'$wanted
	# A volume on /dev: the runtime makes nothing there.
	mkdir "$dev"
	ln -s /proc/sys/kernel/core_pattern "$dev/null"
	config '.mounts0 = .mounts | .mounts = [.mounts[] | select(.destination | startswith("/dev") | not)]'
	add_bind "$dev" /dev rbind
	in_container "$look"
	assert_output "$wanted"
	# The image's own /dev.
	config '.mounts = [.mounts[] | select(.destination != "/dev")]'
	ln -s /proc/sys/kernel/core_pattern "$BUNDLE/rootfs/dev/null"
	in_container "$look"
	[ "$status" != 0 ] || assert_output "$wanted"
	rm "$BUNDLE/rootfs/dev/null"
	# Another container with the same /dev changes it after the devices were made.
	config '.mounts = .mounts0 | .hooks = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-ec", $script]}]}' \
		--arg script "umount $BUNDLE/rootfs/dev/null 2>&- || [ \$(id -u) = 0 ]; rm $BUNDLE/rootfs/dev/null; ln -s /proc/sys/kernel/core_pattern $BUNDLE/rootfs/dev/null"
	in_container "$look; readlink /dev/null"
	assert_output "$wanted"$'\n/proc/sys/kernel/core_pattern'
}

# CVE-2025-52565: the terminal is mounted on /dev/console.  When another container swaps a directory of the paths /dev/pts/0 or
# /dev/console meanwhile, another file is mounted, or covered.
# bats test_tags=rootful
@test "/dev/console is the terminal, whatever another container makes of /dev" {
	local dev=$BATS_TEST_TMPDIR/dev
	mkdir -p "$dev"/{pts,other}
	ln -s /proc/sys/kernel/domainname "$dev/other/0"
	touch "$dev/other/ptmx"
	config '.process.terminal = true | .mounts0 = .mounts
		| .mounts = [.mounts[] | select(.destination | startswith("/dev") | not)]'
	add_bind "$dev" /dev
	config '.mounts += [.mounts0[] | select(.destination == "/dev/pts")]'
	sh_program 'echo console-$(stat -c %F-%t /dev/console | tr " " -)'
	# /dev/console is a symbolic link.
	ln -s /proc/sys/kernel/domainname "$dev/console"
	run "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	refute_contains "$output" console-regular
	assert_contains "$output" '/dev/console is a symbolic link'
	rm "$dev/console"
	# /dev/pts is swapped.
	quick_start bind devpts
	start_swapper "$dev" pts other
	observe timeout 60 python3 "$TESTS/programs/terminal_rounds.py" 50 console- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	stop_swapper
	case $output in
	'console-character-special-file-88' | 'console-character-special-file-88 refused') ;;
	*) fail "$output" ;;
	esac
}

# --- cgroups --------------------------------------------------------------------------------------------------------------

# CVE-2023-25809: without a cgroup namespace the host's cgroups are mounted.  The container could write the cgroups of the user's own
# session, also below a /sys that is mounted read-only.
# bats test_tags=rootful
@test "the host's cgroups can't be written by a container without a cgroup namespace" {
	[ -d /sys/fs/cgroup ] || skip "this host has no cgroups"
	local look='found=0; while read -r _ _ _ _ point options rest; do case $point,$rest in /sys/fs/cgroup*,*"- cgroup"*) found=1
		case $options in ro,*) ;; *) echo "$point can be written" ;; esac ;; esac; done </proc/self/mountinfo; echo $found'
	config '.mounts0 = [.mounts[] | select(.destination != "/sys")]'
	# This is the /sys of runc spec --rootless, and of podman, docker and nerdctl with --network host.
	config '.mounts = .mounts0'
	add_bind /sys /sys rbind nosuid noexec nodev ro
	in_container "$look"
	assert_output 1
	# --cgroupns=host
	config '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
	in_container "$look"
	assert_output 1
	# Root of the host gets it as the config says.
	[ "$UID" = 0 ] || config '.mounts[-1].options -= ["ro"]'
	in_container "$look"
	assert_output 1
	# Both with a new sysfs.
	config '.mounts = .mounts0 + [{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
		{"destination": "/sys/fs/cgroup", "type": "cgroup2", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", $rw]}]' --arg rw "$([ "$UID" = 0 ] && echo ro || echo rw)"
	in_container "$look"
	assert_output 1
}

# --- rights and descriptors -----------------------------------------------------------------------------------------------

# CVE-2022-29162 (and CVE-2022-27651): inheritable capabilities that weren't asked for, which a program with inheritable file capabilities
# gains.
# bats test_tags=rootful
@test "no capability is inheritable unless the config asks for it" {
	local look='grep -E "^Cap(Inh|Amb)" /proc/self/status' none=$'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
	in_container "$look"
	assert_output "$none"
	started_c1
	try exec c1 sh -c "$look"
	assert_output "$none"
	try exec --cap CAP_NET_BIND_SERVICE --cap CAP_SETUID c1 sh -c "$look"
	assert_output "$none"
	try exec --user 1 --cap CAP_SETUID c1 sh -c "$look"
	assert_output "$none"
	ended_c1
	try run --rootfs "$BUNDLE/rootfs" --network none --cap-add SYS_ADMIN -- sh -c "$look"
	assert_output "$none"
	try run --rootfs "$BUNDLE/rootfs" --network none --user 1 --cap-add ALL -- sh -c "$look"
	assert_output "$none"
	try spec --bundle "$BATS_TEST_TMPDIR"
	jq -e '.process.capabilities | (.inheritable // []) + (.ambient // []) == []' "$BATS_TEST_TMPDIR/config.json"
}

# CVE-2024-21626: the working directory is a directory of the host, by a descriptor that the runtime has open at that moment.
# bats test_tags=rootful
@test "no descriptor of urun is a way to the host" {
	# The try of `check` has other descriptors open.
	export RUN_ALONE=1
	local fd path
	touch "$BUNDLE/rootfs/this-is-the-container"
	sh_program 'ls -d this-is-the-container ../this-is-the-container ../../this-is-the-container ../../../this-is-the-container 2>/dev/null | head -n1'
	for fd in {3..13}; do
		ln -s "/proc/self/fd/$fd" "$BUNDLE/rootfs/work-$fd"
		for path in "/proc/self/fd/$fd" "/proc/self/fd/$fd/../../.." "/work-$fd"; do
			config '.process.cwd = $path' --arg path "$path"
			try run --bundle "$BUNDLE" c1
			[ "$status" != 0 ] || assert_contains "$output" this-is-the-container
		done
	done
	config '.process.cwd = "/"'
	started_c1
	for fd in {3..13}; do
		for path in "/proc/self/fd/$fd" "/proc/self/fd/$fd/../../.." "/work-$fd"; do
			try exec --cwd "$path" c1 ls -d this-is-the-container
			[ "$status" != 0 ] || assert_output this-is-the-container
		done
	done
	# The second attack: the interpreter of a script is found by such a descriptor.
	for fd in {3..13}; do
		printf '#!/proc/self/fd/%s/bin/busybox sh\necho a program of the host\n' "$fd" >"$BUNDLE/rootfs/bin/trap"
		chmod 755 "$BUNDLE/rootfs/bin/trap"
		try exec c1 /bin/trap
		[ "$status" != 0 ] || fail "descriptor $fd led to: $output"
	done
	try exec c1 sh -c 'ls /proc/1/fd /proc/self/fd | sort -u | grep -v -e "^[0-3]\?$" -e ^/proc'
	assert_output ''
	ended_c1
}

# CVE-2026-30892, of crun: `exec --user 1` was read as user 0.
# bats test_tags=rootful
@test "exec --user runs as the given user, without the capabilities of root" {
	[ "$UID" = 0 ] || has_subids || skip "this user has no subids"
	local user
	config '.process.noNewPrivileges = false'
	started_c1
	for user in 1 10 100 01; do
		try exec --user "$user" c1 sh -c 'id -u; id -g; grep CapEff /proc/self/status'
		[ "$status" != 0 ] || assert_lines "$((10#$user))" 0 $'CapEff:\t0000000000000000'
	done
	# An empty group is none, as for docker.
	try exec --user 1: c1 sh -c 'id -u; grep CapEff /proc/self/status'
	assert_lines 1 $'CapEff:\t0000000000000000'
	try exec --user 1:1 c1 sh -c 'id -u; id -g; grep CapEff /proc/self/status'
	assert_lines 1 1 $'CapEff:\t0000000000000000'
	for user in '' : :1 1:1: ' 1' +1 -1 1x 0x1 nobody-here 4294967295 4294967296 18446744073709551616; do
		try exec --user "$user" c1 id -u
		[ "$status" != 0 ] || fail "--user '$user' was taken for $output"
	done
	ended_c1
	try run --rootfs "$BUNDLE/rootfs" --network none --user 1 -- sh -c 'id -u; grep CapEff /proc/self/status'
	assert_lines 1 $'CapEff:\t0000000000000000'
}

# --- CVE-2016-9962: a process that enters a container can be traced before its root is the container's --------------------

# bats test_tags=rootful
@test "a container that may trace processes doesn't get out through a process of exec" {
	start_looker urun
	local i
	for ((i = 0; i < 50; i++)); do urun exec c1 /bin/true; done
	looker_found_nothing $MEMORY
	urun delete --force c1
}

# Rootless podman is root of a user namespace and runs urun in it.  There the container's CAP_SYS_PTRACE counts for urun's processes
# too, whichever user namespace owns their memory map.
@test "it doesn't get out either where urun itself runs in the user namespace of the container" {
	start_looker unshare --user --map-root-user "$URUN" --root "$STATE"
	local pid i
	pid=$(urun state c1 | jq .pid)
	for ((i = 0; i < 50; i++)); do
		nsenter --user --target "$pid" --preserve-credentials "$URUN" --root "$STATE" exec c1 /bin/true
	done
	looker_found_nothing
	urun delete --force c1
}

# bats test_tags=rootful
@test "it doesn't get out through the first process of another container that joins its pid namespace" {
	start_looker urun
	local pid i
	pid=$(urun state c1 | jq .pid)
	config '.process.args = ["/bin/true"] | .hooks = {createContainer: [{path: "/bin/true"}]} | .linux.namespaces =
		[{type: "pid", path: "/proc/\($pid)/ns/pid"}, {type: "user", path: "/proc/\($pid)/ns/user"},
		 {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}]' --arg pid "$pid"
	without_users_of_root
	for ((i = 0; i < 30; i++)); do urun run --bundle "$BUNDLE" c2 </dev/null; done
	looker_found_nothing $MEMORY
	urun delete --force c1
}
