# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests under podman share; they run in the guest, as user ci.
#
#   URUN          the program to test
#   URUN_RUNTIME  the runtime of podman (default: URUN; "crun" tells whether a test is right)
load ../integration/lib.bash

RUNTIME=${URUN_RUNTIME:-$URUN}
IMAGE=localhost/busybox
LOOP='trap "exit 3" TERM; echo started; while :; do sleep 0.2; done'

# podman ARG…: runs podman with the runtime under test, for 90 seconds at most.  Bats would wait for processes with descriptor 3 or 4.
podman() {
	timeout -k 5 90 podman --runtime "$RUNTIME" "$@" 3>&- 4>&-
}

# try ARG…: observes podman.
try() {
	observe podman "$@" </dev/null
}

# in_new ARG…: observes a new container, which is removed afterwards.
in_new() {
	try run --rm "$@"
}

# started NAME ARG…: starts a container that does nothing, and ends by SIGTERM with status 3.
started() {
	local name=$1
	shift
	podman run -d --name "$name" "$@" "$IMAGE" sh -c "$LOOP" >/dev/null </dev/null
	wait_for 20 logged "$name" started
}

logged() {
	podman logs "$1" 2>&1 | grep -q -- "$2"
}

# gone TEXT: waits until no process has the text in its command line.  (A command after "!" fails no test.)
gone() {
	wait_for 5 no_process "$1" || fail "there still is: $(pgrep -af "$1")"
}

no_process() {
	! pgrep -f "$1"
}

inspected() {
	podman inspect --format "$2" "$1"
}

has_state() {
	[ "$(inspected "$1" '{{.State.Status}}')" = "$2" ]
}

# Starts podman's process that holds the user namespace, which would otherwise look like a leftover of the first test.
setup_file() {
	podman unshare true
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	remember_processes
}

teardown() {
	local left=''
	remove_containers || left=' '
	nothing_left || left=' '
	[ -z "$left" ]
}

# Removes the containers that a test left.  Looking into podman's directory is far quicker than podman.
remove_containers() {
	local directories=("$HOME"/.local/share/containers/storage/overlay-containers/*/)
	[ -e "${directories[0]}" ] || return 0
	podman rm -fa -t 0 >/dev/null 2>&1 || { podman pod rm -fa -t 0 && podman rm -fa -t 0; } >/dev/null
}

# Nothing of the runtime may stay.  A process that was killed has some time to end.
nothing_left() {
	local left='' now states=$XDG_RUNTIME_DIR/urun
	[ "$UID" != 0 ] || states=/run/urun
	for _ in $(seq 20); do
		now=$(new_processes)
		[ -n "$now" ] || break
		sleep 0.2
	done
	[ -z "$now" ] || left+="processes: $(describe_processes "$now")"
	now=$(ls -A --ignore=.seccomp "$states" 2>/dev/null || true)
	[ -z "$now" ] || left+=" $states: $now"
	rm -rf "$BATS_TEST_TMPDIR" 2>/dev/null || podman unshare rm -rf "$BATS_TEST_TMPDIR"
	mkdir -p "$BATS_TEST_TMPDIR"
	[ -z "$left" ] || fail "left behind: $left"
}

# at_terminal STEP… -- ARG…: runs podman at a terminal; $output is what the terminal showed.
at_terminal() {
	local before after
	split_at_dashes "$@"
	observe "$BATS_TEST_DIRNAME/../integration/terminal" "${before[@]}" -- podman --runtime "$RUNTIME" "${after[@]}" 3>&- 4>&-
}

# status_field NAME: prints this field of the /proc/PID/status in $output.
status_field() {
	sed -n "s/^$1:[[:space:]]*//p" <<<"$output"
}
