# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all integration tests share: a bundle of busybox to start from, urun with a state root that is the test's own, and the
# search for leftovers, which setup() and teardown() here do for every test.
#
#   URUN    the program to test
#   URUN_TEST_REAPER  the process that all processes of the tests descend from, orphans too: `run` sets the variable.  Without the
#           variable the search looks at all processes of the machine, which is right in a virtual machine, and kills none.
#   CACHE   the directory for what takes long to make: a Debian root file system (default: ~/.cache/urun-tests)

URUN=${URUN:?set URUN to the path of the program}
TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# The tests' Python programs leave no compiled copies in the tree.
export PYTHONDONTWRITEBYTECODE=1
CACHE=${URUN_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urun-tests}

setup() {
	umask 022
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	STATE=$BATS_TEST_TMPDIR/state
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	remember_processes
	MOUNTS_BEFORE=$(host_mounts)
	CGROUPS_BEFORE=$(own_cgroups)
	TMP_STATE_BEFORE=$(ls -A --ignore=.seccomp "/tmp/urun-$(id -u)" 2>/dev/null || true)
	bundle_busybox "$BUNDLE"
}

# Fails the test if it left something behind.  A process that was killed has two seconds to end.
teardown() {
	local left='' now
	for _ in $(seq 40); do
		now=$(new_processes)
		[ -n "$now" ] || break
		sleep 0.05
	done
	if [ -n "$now" ]; then
		left="processes: $(describe_processes "$now")"
		[ -z "${URUN_TEST_REAPER-}" ] || cut -d' ' -f1 <<<"$now" | xargs kill -KILL 2>/dev/null || true
	fi
	now=$(comm -13 <(echo "$MOUNTS_BEFORE") <(host_mounts))
	[ -z "$now" ] || left+=" mounts: $now"
	now=$(comm -13 <(echo "$CGROUPS_BEFORE") <(own_cgroups))
	[ -z "$now" ] || left+=" cgroups: $now"
	# The cache of compiled seccomp profiles stays on purpose, and for five minutes how removed containers ended.
	now=$(ls -A --ignore=.seccomp --ignore=.ended "$STATE" 2>/dev/null || true)
	[ -z "$now" ] || left+=" state root: $now"
	now=$(ls -A --ignore=.seccomp --ignore=.ended "$XDG_RUNTIME_DIR/urun" 2>/dev/null || true)
	[ -z "$now" ] || left+=" \$XDG_RUNTIME_DIR/urun: $now"
	now=$(ls -A --ignore=.seccomp "/tmp/urun-$(id -u)" 2>/dev/null || true)
	[ "$now" = "$TMP_STATE_BEFORE" ] || left+=" /tmp/urun-$(id -u): $now"
	remove_tree "$BUNDLE"
	if [ -n "$left" ]; then
		echo "left behind: $left" >&2
		return 1
	fi
}

# processes_of_ours [NAME…]: prints the processes that the tests started and that have one of these names; without a name those in another
# user namespace than the tests', and those whose name begins with urun.  "PID STARTTIME" a line, sorted: the start time tells a process
# from a later one with the same pid.
#
# One find and one awk read all processes: bats traps each command of bash, so that a loop over /proc took longer than most tests.  A
# process whose files can't be read belongs to another user, or has ended.  A process is ours if its parents lead to the reaper.  If a
# parent has ended meanwhile the search begins again, as its children have another parent then.
processes_of_ours() {
	local list=''
	# An awk may give up (mawk does) at a process that ends between the open and the read of its file: then its list has no last line.
	until [[ $list = *whole ]]; do
		list=$(look_at_processes "$@" 2>/dev/null)
	done
	printf '%s' "${list%whole}"
}

look_at_processes() {
	{ find /proc/[0-9]*/ns/user -maxdepth 0 -printf '%p %l\n' 2>/dev/null || true; } |
		awk -v own="$(readlink /proc/self/ns/user)" -v reaper="${URUN_TEST_REAPER:-1}" -v names=" $* " '
			# Sets state, parent, start and name.
			function look(pid,    file, line, field) {
				file = "/proc/" pid "/stat"
				if ((getline line < file) <= 0) return 0
				close(file)
				name = line
				sub(/^[0-9]* \(/, "", name); sub(/\) [^)]*$/, "", name)
				sub(/.*\) /, "", line)
				split(line, field, " ")
				state = field[1]; parent = field[2]; start = field[20]
				return 1
			}
			function is_ours(first,    pid) {
				for (pid = first; pid != reaper; ) {
					if (pid <= 1) return 0
					if (look(pid)) pid = parent
					else if (pid == first) return 0
					else pid = first
				}
				return 1
			}
			{
				pid = $1; sub(/^\/proc\//, "", pid); sub(/\/.*/, "", pid)
				if (!look(pid) || state == "Z") next
				if (names != "  ") { if (!index(names, " " name " ")) next }
				else if (name !~ /^urun/ && ($2 == "" || $2 == own)) next
				begun = start
				if (is_ours(pid)) print pid, begun
			}
			END { print "whole" }' | sort
}

# newest_process NAME: prints the pid of the newest process with this name that the tests started; fails if there is none.
newest_process() {
	processes_of_ours "$1" | sort -n -k 2,2 -k 1,1 | awk '{ pid = $1 } END { if (NR == 0) exit 1; print pid }'
}

remember_processes() {
	PROCESSES_BEFORE=$(processes_of_ours)
}

# Prints the processes that have started since the test began.
new_processes() {
	comm -13 <(echo "$PROCESSES_BEFORE") <(processes_of_ours)
}

describe_processes() {
	local pid
	while read -r pid _; do
		printf '%s=%s ' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done <<<"$1"
}

# Prints the mount points of the host that the tests can have made: FUSE file systems of this user, except in the directories of
# other files of tests, and whatever is mounted in their own directory.  An ordinary user can mount nothing else on the host, and
# mounts of others come and go at any time.
host_mounts() {
	awk -v own="user_id=$UID," -v here="$BATS_RUN_TMPDIR/" '
		index($5, here) == 1 || (index($0, own) && $5 !~ "/bats-run-") { print $5 }' /proc/self/mountinfo | sort
}

own_cgroups() {
	find /sys/fs/cgroup -type d -user "$UID" 2>/dev/null | sort
}

# --- urun ---------------------------------------------------------------------------------------------------------------

# urun ARG…: runs the program with the test's state root, for 60 seconds at most.
urun() {
	timeout -k 5 60 "$URUN" --root "$STATE" "$@"
}

# observe COMMAND…: runs the command and sets $status, $output (its stdout, also as $lines) and $stderr.  Never fails.
observe() {
	status=0
	output=$("$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
	# shellcheck disable=SC2034 # for the tests
	mapfile -t lines <<<"$output"
}

# strace_within SECONDS ARG…: runs strace, for so many seconds at most.  The leak sanitizer is off: it has to be the tracer itself.
strace_within() {
	local seconds=$1
	shift
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$seconds" strace "$@"
}

# has_sanitizers: whether the program under test was built with sanitizers.
has_sanitizers() {
	grep -q __asan_init "$URUN"
}

# try ARG…: observes urun.  In all tests, `check` must refuse a bundle that `run` refuses, in the same words.  A test of what only `run`
# can meet, such as an id that is taken, says `export RUN_ALONE=1`.
try() {
	observe urun "$@"
	case $1:${status}:$stderr in run:12[567]:'urun: '*) [ -n "${RUN_ALONE-}" ] || assert_check_agrees "${@:2}" ;; esac
}

# assert_check_agrees ARG…: the first line that `check` prints is the first line of `run` with these arguments, which is in $stderr.
assert_check_agrees() {
	local args=("$@") line checked
	case " $* " in *' --rootfs '* | *' --help '*) return ;; esac
	[[ " $* " == *' --bundle '* ]] && [ "${args[-2]}" != --bundle ] || return 0
	line=${stderr%%$'\n'*}
	line=${line#'urun: '}
	# An error about the options themselves begins with the command's name, and isn't about the bundle.
	[[ $line != 'run: '* ]] || return 0
	line=${line#"${args[-1]}: "}
	unset 'args[-1]'
	checked=$(urun check "${args[@]}" 2>&1) || true
	checked=${checked%%$'\n'*}
	checked=${checked#'urun: '}
	# An error in the config's text begins with the path of the file.
	[ "${line#*/config.json: }" = "${checked#*/config.json: }" ] || fail "check says something else than run" "run:   $line" "check: $checked"
}

# wait_status PID: waits for a command in the background and sets $status to its exit status.
wait_status() {
	status=0
	wait "$1" || status=$?
}

# wait_for SECONDS COMMAND…: waits until the command succeeds; fails at the end of the time.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -le "$end" ] || return 1
		sleep 0.02
	done
}

status_of() {
	urun state "$1" | jq -r .status
}

is_status() {
	[ "$(status_of "$1")" = "$2" ]
}

# split_at_dashes ARG…: sets $before and $after, the arguments on both sides of the first "--".
split_at_dashes() {
	before=()
	while [ "$1" != -- ]; do
		before+=("$1")
		shift
	done
	# shellcheck disable=SC2034 # for the caller
	after=("${@:2}")
}

# --- assertions that say what they saw ------------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

assert_status() {
	[ "$status" = "$1" ] || fail "exit status $status, not $1" "stdout: $output" "stderr: ${stderr:-}"
}

assert_output() {
	[ "$output" = "$1" ] || fail "stdout isn't as expected" "expected: $1" "stdout: $output" "stderr: ${stderr:-}"
}

# assert_lines LINE…: stdout consists of these lines.
assert_lines() {
	local wanted
	wanted=$(printf '%s\n' "$@")
	assert_output "$wanted"
}

assert_contains() {
	case $1 in
	*"$2"*) ;;
	*) fail "not found: $2" "in: $1" "stderr: ${stderr-}" ;;
	esac
}

refute_contains() {
	case $1 in
	*"$2"*) fail "found: $2" "in: $1" ;;
	esac
}

# assert_one_line TEXT…: the rule for every failure: nothing on stdout, and on stderr one line "urun: …".  The line contains these texts.
assert_one_line() {
	local text
	[ -z "$output" ] || fail "stdout isn't empty: $output"
	[ "$(grep -c '' <<<"$stderr")" = 1 ] || fail "not one line on stderr: $stderr"
	case $stderr in
	'urun: '*) ;;
	*) fail "doesn't begin with 'urun: ': $stderr" ;;
	esac
	for text in "$@"; do assert_contains "$stderr" "$text"; done
}

# --- bundles --------------------------------------------------------------------------------------------------------------

busybox_path() {
	local path
	for path in /bin/busybox /usr/bin/busybox /usr/local/bin/busybox; do
		[ -x "$path" ] && echo "$path" && return
	done
	command -v busybox
}

# bundle_rootfs DIR: makes a root file system of busybox in DIR.  It is made once for a file of tests, and copied for each test.  Links
# take most of the time of the copy, so it has those alone whose names occur in the tests.
bundle_rootfs() {
	local template=$BATS_RUN_TMPDIR/rootfs busybox tests=${BASH_SOURCE[0]%/*}/..
	if [ ! -e "$template/etc/group" ]; then
		busybox=$(busybox_path) || skip "busybox (static) isn't installed"
		mkdir -p "$template"/{bin,dev,etc,proc,root,sys,tmp,usr,var}
		cp "$busybox" "$template/bin/busybox"
		cat "$tests"/{integration,vm}/*.ba* | grep -oE '[a-z0-9_-]+' | sort -u >"$BATS_RUN_TMPDIR/words"
		# busybox's own shell and ln make the links: hundreds of programs that bats starts take seconds.
		(cd "$template/bin" && { echo '['; ./busybox --list | sort | comm -12 - "$BATS_RUN_TMPDIR/words"; } |
			./busybox sh -c 'while read -r name; do [ "$name" = busybox ] || ln -s busybox "$name"; done')
		chmod 1777 "$template/tmp"
		echo 'root:x:0:0:root:/root:/bin/sh' >"$template/etc/passwd"
		echo 'root:x:0:' >"$template/etc/group"
	fi
	mkdir -p "${1%/*}"
	cp -a "$template" "$1"
}

# bundle_busybox DIR: makes a bundle of that root file system and base_config.json, which has the form that engines write: no user
# namespace, the usual mounts and paths.
bundle_busybox() {
	bundle_rootfs "$1/rootfs"
	base_config >"$1/config.json"
}

base_config() {
	cat "$TESTS/base_config.json"
}

# config FILTER [JQ-ARG…]: changes the bundle's config by a jq filter.
config() {
	local filter=$1
	shift
	jq "$filter" "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# program ARG…: sets the program that the container runs.
program() {
	config '.process.args = $ARGS.positional' --args -- "$@"
}

# sh_program TEXT: sets the container's program to a line of shell.
sh_program() {
	program /bin/sh -c "$1"
}

# in_container TEXT: runs the line of shell in a container, as `try` does.
in_container() {
	sh_program "$1"
	try run --bundle "$BUNDLE" c1
}

# --- containers by options -------------------------------------------------------------------------------------------------

# by_options ARG…: runs a container of the bundle's root file system, without its config and without a network, as `try` does.
by_options() {
	try run --rootfs "$BUNDLE/rootfs" --network none "$@" </dev/null
}

# detached ID ARG…: starts such a container in the background.
detached() {
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name "$@" </dev/null >/dev/null
}

# Skips the test where no overlay over the host's own system can be made.
needs_fuse() {
	[ -w /dev/fuse ] && command -v fuse-overlayfs >/dev/null || skip "no fuse-overlayfs here"
}

# --- ids ------------------------------------------------------------------------------------------------------------------

# subid_range uid|gid: prints the caller's first subid range, "FIRST COUNT"; skips the test if the caller has none.
subid_range() {
	local range
	range=$(grep -m1 -e "^$(id -un):" -e "^$(id -u):" "/etc/sub$1" | cut -d: -f2,3 | tr : ' ')
	[ -n "$range" ] || skip "this user has no range in /etc/sub$1"
	echo "$range"
}

# with_subids COMMAND…: runs the command as root of a user namespace with the mapping that urun chooses: id 0 is the caller's, and the
# caller's subids begin with id 1.
with_subids() {
	local uids gids
	uids=$(subid_range uid)
	gids=$(subid_range gid)
	unshare --user --map-user=0 --map-group=0 --map-users="${uids% *},1,${uids#* }" --map-groups="${gids% *},1,${gids#* }" \
		--setuid 0 --setgid 0 -- "$@"
}

has_subids() {
	grep -q -e "^$(id -un):" -e "^$(id -u):" /etc/subuid 2>/dev/null && command -v newuidmap >/dev/null
}

remove_tree() {
	rm -rf "$1" 2>/dev/null || with_subids rm -rf "$1"
}

# --- root file systems of others --------------------------------------------------------------------------------------------

# Prints the path of a tar file of a Debian root file system, which mmdebstrap makes once, also where files of tests run side by
# side.
debian_tar() {
	local tar=$CACHE/debian.tar lock
	if [ ! -e "$tar" ]; then
		command -v mmdebstrap >/dev/null || skip "mmdebstrap isn't installed"
		[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || skip "debian-archive-keyring isn't installed"
		mkdir -p "$CACHE"
		exec {lock}>"$CACHE/lock"
		flock "$lock"
	fi
	if [ ! -e "$tar" ]; then
		rm -f "$tar.new"
		mmdebstrap --quiet --mode=unshare --variant=minbase --format=tar bookworm "$tar.new" >&2 3>&- {lock}>&- ||
			skip "mmdebstrap can't make a Debian root file system here (no network?)"
		mv "$tar.new" "$tar"
	fi
	echo "$tar"
}

# unpack_debian DIR: unpacks that root file system into DIR, with all its owners.
unpack_debian() {
	has_subids || skip "this user has no subids"
	local tar
	tar=$(debian_tar)
	remove_tree "$1"
	mkdir -p "$1"
	with_subids tar -C "$1" --numeric-owner -xpf - --exclude='./dev/*' <"$tar"
}
