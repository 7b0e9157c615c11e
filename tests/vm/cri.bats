#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods of Kubernetes without root: containerd's CRI plugin in the namespaces of rootlesskit; run in the machine as user ci.
load podman.bash
load cri.bash

export CRI_CGROUPS=''
export CLASS=class

setup_file() {
	export SOCKET=$BATS_FILE_TMPDIR/containerd.sock
	cri_config native 'disable_cgroup = true' 'disable_apparmor = true' 'restrict_oom_score_adj = true' 'disable_hugetlb_controller = true'
	# CNI keeps what it gave out in /var/lib/cni, which is root's, and where --copy-up has a link.
	PATH=$PATH:/usr/sbin:/sbin rootlesskit --net=slirp4netns --disable-host-loopback --propagation=rslave --copy-up=/etc --copy-up=/run --copy-up=/var/lib \
		--state-dir "$BATS_FILE_TMPDIR/kit" sh -c 'rm -f /var/lib/cni && mkdir /var/lib/cni && exec containerd --config "$1"' sh "$BATS_FILE_TMPDIR/containerd.toml" \
		>"$BATS_FILE_TMPDIR/containerd.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	cri_images
}

# within COMMAND…: in the namespaces of containerd.
within() {
	timeout -k 5 120 nsenter --preserve-credentials --user --mount --target "$(cat "$BATS_FILE_TMPDIR/kit/child_pid")" "$@" 3>&- 4>&- </dev/null
}

ctr() {
	within ctr --address "$BATS_FILE_TMPDIR/containerd.sock" "$@"
}

cri() {
	within env "CRI_SOCKET=$BATS_FILE_TMPDIR/containerd.sock" "CRI_STATE=${CRI_STATE-}" "$BATS_TEST_DIRNAME/cri.py" "$@"
}

@test "without root two containers of a pod share its network, ipc and names, have logs, and end alone" {
	two_containers_share_a_pod
}

@test "without root exec has output, status and a time limit, as probes need, and leaves nothing" {
	exec_answers_as_a_probe
}

@test "without root a container that ended has its exit code, and another one takes its place" {
	containers_end_and_start_again
}

@test "without root user, groups, capabilities, no_new_privs, seccomp and masks are those of the security context" {
	a_context_is_applied
}

@test "without root containers of a pod can share its pid namespace" {
	pods_can_share_processes
}

@test "without root volumes are mounted, read-only where asked for" {
	volumes_are_mounted
}

@test "without root twenty pods start and end, and nothing stays" {
	pods_come_and_go 20 2
}
