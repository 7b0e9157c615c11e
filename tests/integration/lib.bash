# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all integration tests share: a bundle of busybox to start from, urun with a state folder of the test's own, and the
# look at what is left behind, which every test gets by setup() and teardown() here.
#
#   URUN    the program to test
#   URUN_TEST_REAPER  the process that what the tests start descends from, orphans too: `run` sets it.  Without it all processes
#           of the machine are looked at, as is right in a virtual one, and none is killed.
#   CACHE   where what takes long to make is kept: a Debian root file system (default: ~/.cache/urun-tests)

URUN=${URUN:?set URUN to the path of the program}
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
	TMP_STATE_BEFORE=$(ls -A "/tmp/urun-$(id -u)" 2>/dev/null || true)
	bundle_busybox "$BUNDLE"
}

# Fails the test for what is left behind.  A process that was killed is given two seconds to be gone.
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
	# The cache of compiled seccomp profiles is meant to stay.
	now=$(ls -A --ignore=.seccomp "$STATE" 2>/dev/null || true)
	[ -z "$now" ] || left+=" state folder: $now"
	now=$(ls -A --ignore=.seccomp "$XDG_RUNTIME_DIR/urun" 2>/dev/null || true)
	[ -z "$now" ] || left+=" \$XDG_RUNTIME_DIR/urun: $now"
	now=$(ls -A "/tmp/urun-$(id -u)" 2>/dev/null || true)
	[ "$now" = "$TMP_STATE_BEFORE" ] || left+=" /tmp/urun-$(id -u): $now"
	remove_tree "$BUNDLE"
	if [ -n "$left" ]; then
		echo "left behind: $left" >&2
		return 1
	fi
}

# Processes that the tests have started and are in another user namespace than theirs, or named urun: "PID starttime" a line,
# sorted.  (The start time, so that a pid's second life isn't taken for the first.)  processes_of_ours NAME…: those so named.
#
# One find and one awk look at all of them: bats traps each command of bash, and a loop over /proc took longer than most tests.
# What can't be read belongs to another user, or has ended.  A process is ours when its parents lead to the reaper; a parent that
# has ended since is looked up again, as its children have another one now.
processes_of_ours() {
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
			}' | sort
}

# newest_process NAME: the pid of the newest process of that name that the tests have started; fails where there is none.
newest_process() {
	processes_of_ours "$1" | sort -n -k 2,2 -k 1,1 | awk '{ pid = $1 } END { if (NR == 0) exit 1; print pid }'
}

remember_processes() {
	PROCESSES_BEFORE=$(processes_of_ours)
}

# Processes that weren't there when the test began.
new_processes() {
	comm -13 <(echo "$PROCESSES_BEFORE") <(processes_of_ours)
}

describe_processes() {
	local pid
	while read -r pid _; do
		printf '%s=%s ' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done <<<"$1"
}

# Without the FUSE file systems of other users, and of other files of tests, which come and go as they like.
host_mounts() {
	awk -v own="user_id=$UID," -v here="$BATS_RUN_TMPDIR/" '
		/user_id=[0-9]+,/ && (!index($0, own) || ($5 ~ "/bats-run-" && index($5, here) != 1)) { next }
		{ print $5 }' /proc/self/mountinfo | sort
}

own_cgroups() {
	find /sys/fs/cgroup -type d -user "$UID" 2>/dev/null | sort
}

# --- urun ---------------------------------------------------------------------------------------------------------------

# urun ARG…: the program itself, with the test's state folder; ends after 30 seconds whatever happens.
urun() {
	timeout -k 5 30 "$URUN" --root "$STATE" "$@"
}

# observe COMMAND…: runs it, whatever its end: $status, $output (stdout, also as $lines), $stderr.
observe() {
	status=0
	output=$("$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
	# shellcheck disable=SC2034 # for the tests
	mapfile -t lines <<<"$output"
}

# strace_within SECONDS ARG…: strace, for so long at most.  In a build with sanitizers the search for leaks is off: it wants to
# be the tracer itself.
strace_within() {
	local seconds=$1
	shift
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$seconds" strace "$@"
}

# has_sanitizers: what is tested was built with them.
has_sanitizers() {
	grep -q __asan_init "$URUN"
}

# try ARG…: observes urun.  What `run` refuses of a bundle `check` must refuse in the same words, in all tests: `export RUN_ALONE=1` is
# for a test of what only a run can meet, such as an id that is taken.
try() {
	observe urun "$@"
	case $1:${status}:$stderr in run:12[567]:'urun: '*) [ -n "${RUN_ALONE-}" ] || assert_check_agrees "${@:2}" ;; esac
}

# assert_check_agrees ARG…: the first line of `check` is that of the run with these arguments, which is in $stderr.
assert_check_agrees() {
	local args=("$@") line checked
	case " $* " in *' --rootfs '* | *' --help '*) return ;; esac
	[[ " $* " == *' --bundle '* ]] && [ "${args[-2]}" != --bundle ] || return 0
	line=${stderr%%$'\n'*}
	line=${line#'urun: '}
	# An error about the options themselves names the command, and not what they ask for.
	[[ $line != 'run: '* ]] || return 0
	line=${line#"${args[-1]}: "}
	unset 'args[-1]'
	checked=$(urun check "${args[@]}" 2>&1) || true
	checked=${checked%%$'\n'*}
	checked=${checked#'urun: '}
	# An error of the config's text begins with the file.
	[ "${line#*/config.json: }" = "${checked#*/config.json: }" ] || fail "check says something else than run" "run:   $line" "check: $checked"
}

# wait_status PID: the exit status of a command in the background, as $status.
wait_status() {
	status=0
	wait "$1" || status=$?
}

# wait_for SECONDS COMMAND…: until it succeeds; fails at the end of the time.
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

# assert_lines LINE…: what was printed is these.
assert_lines() {
	local wanted
	wanted=$(printf '%s\n' "$@")
	assert_output "$wanted"
}

assert_contains() {
	case $1 in
	*"$2"*) ;;
	*) fail "not found: $2" "in: $1" ;;
	esac
}

refute_contains() {
	case $1 in
	*"$2"*) fail "found: $2" "in: $1" ;;
	esac
}

# The rule for every failure: one line on stderr, "urun: …", nothing on stdout.  assert_one_line TEXT…: and it has these.
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

# bundle_rootfs DIR: a root file system of busybox, made once a run and copied for each test.
bundle_rootfs() {
	local template=$BATS_RUN_TMPDIR/rootfs busybox
	if [ ! -e "$template/etc/group" ]; then
		busybox=$(busybox_path) || skip "busybox (static) isn't installed"
		mkdir -p "$template"/{bin,dev,etc,proc,root,sys,tmp,usr,var}
		cp "$busybox" "$template/bin/busybox"
		# busybox's own shell and ln: hundreds of programs started by bats take seconds.
		(cd "$template/bin" && ./busybox sh -c 'for name in $(./busybox --list); do [ "$name" = busybox ] || ln -s busybox "$name"; done')
		chmod 1777 "$template/tmp"
		echo 'root:x:0:0:root:/root:/bin/sh' >"$template/etc/passwd"
		echo 'root:x:0:' >"$template/etc/group"
	fi
	mkdir -p "${1%/*}"
	cp -a "$template" "$1"
}

# bundle_busybox DIR: that and a config in the form that engines write: no user namespace, the usual mounts and paths.
bundle_busybox() {
	bundle_rootfs "$1/rootfs"
	base_config >"$1/config.json"
}

base_config() {
	cat <<'JSON'
{
	"ociVersion": "1.0.2",
	"process": {
		"terminal": false,
		"user": { "uid": 0, "gid": 0 },
		"args": ["/bin/true"],
		"env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
		"cwd": "/",
		"capabilities": {
			"bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
			"effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
			"permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
		},
		"noNewPrivileges": true
	},
	"root": { "path": "rootfs", "readonly": false },
	"hostname": "urun-test",
	"mounts": [
		{ "destination": "/proc", "type": "proc", "source": "proc" },
		{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
			"options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
		{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
			"options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
		{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
			"options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
		{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
			"options": ["nosuid", "noexec", "nodev"] },
		{ "destination": "/sys", "type": "sysfs", "source": "sysfs",
			"options": ["nosuid", "noexec", "nodev", "ro"] }
	],
	"linux": {
		"namespaces": [
			{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }
		],
		"maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/sys/firmware"],
		"readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
	}
}
JSON
}

# config FILTER [JQ-ARG…]: changes the bundle's config by a jq filter.
config() {
	local filter=$1
	shift
	jq "$filter" "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# program ARG…: what the container runs.
program() {
	config '.process.args = $ARGS.positional' --args -- "$@"
}

# sh_program TEXT: a line of shell as what it runs.
sh_program() {
	program /bin/sh -c "$1"
}

# in_container TEXT: runs the line of shell in a container, as `try` does.
in_container() {
	sh_program "$1"
	try run --bundle "$BUNDLE" c1
}

# --- ids ------------------------------------------------------------------------------------------------------------------

# The caller's first subid range: "first count"; skips the test where there is none.
subid_range() {
	local range
	range=$(grep -m1 -e "^$(id -un):" -e "^$(id -u):" "/etc/sub$1" | cut -d: -f2,3 | tr : ' ')
	[ -n "$range" ] || skip "this user has no range in /etc/sub$1"
	echo "$range"
}

# The command in a user namespace where we are root and have our subids after it: the mapping that urun chooses itself.
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

# A Debian root file system's tar file, made once by mmdebstrap, also where files of tests run side by side; prints its path.
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

# Unpacks it as a bundle's rootfs with all its owners.
unpack_debian() {
	has_subids || skip "this user has no subids"
	local tar
	tar=$(debian_tar)
	remove_tree "$1"
	mkdir -p "$1"
	with_subids tar -C "$1" --numeric-owner -xpf - --exclude='./dev/*' <"$tar"
}
