#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods of Kubernetes: containerd's CRI plugin as root, with a runtime class, by a client that does what a kubelet does; run in the
# machine as root.
load podman.bash
load cri.bash

export SOCKET=/run/urun-cri.sock
export CLASS=class
# Where the machine has no controllers, containerd must not ask for limits, which it does for each pod.
CRI_CGROUPS=$(grep -ow cpu /sys/fs/cgroup/cgroup.controllers || true)
export CRI_CGROUPS

# may_lower: whether root here may lower oom_score_adj, which it can't in a machine on a host without that right (CAP_SYS_RESOURCE, 24).
may_lower() {
	(((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) >> 24) & 1))
}

setup_file() {
	cri_config overlayfs "restrict_oom_score_adj = $(may_lower && echo false || echo true)" \
		"disable_cgroup = $([ -n "$CRI_CGROUPS" ] && echo false || echo true)"
	containerd --config "$BATS_FILE_TMPDIR/containerd.toml" >"$BATS_FILE_TMPDIR/containerd.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	cri_images
}

ctr() {
	timeout -k 5 90 ctr --address "$SOCKET" "$@" 3>&- 4>&- </dev/null
}

cri() {
	CRI_SOCKET=$SOCKET timeout -k 5 120 "$BATS_TEST_DIRNAME/cri.py" "$@" 3>&- 4>&- </dev/null
}

@test "two containers of a pod share its network, ipc and names, have logs, and end alone" {
	two_containers_share_a_pod
}

@test "exec has output, status and a time limit, as probes need, and leaves nothing" {
	exec_answers_as_a_probe
}

@test "a container that ended has its exit code, and another one takes its place" {
	containers_end_and_start_again
}

@test "user, groups, capabilities, no_new_privs, seccomp and masks are those of the security context" {
	a_context_is_applied
}

@test "containers of a pod can share its pid namespace" {
	pods_can_share_processes
}

@test "volumes are mounted, read-only where asked for" {
	volumes_are_mounted
}

@test "a privileged container has the devices, every capability, and writable sysfs and cgroups" {
	pod p1 '{"linux":{"security_context":{"privileged":1}}}'
	container main "$(security '{"privileged":1}')" \
		sh -c 'grep CapEff /proc/self/status; cat /proc/self/uid_map; test -c /dev/fuse && echo fuse; mknod /x c 1 3 && echo made; mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo cgroup; mount -t tmpfs none /tmp && echo mounted'
	ended "$main"
	observe log_of p1 main
	assert_contains "$output" "$(sed 's/^/stdout F /' /proc/self/uid_map)"
	for word in fuse made cgroup mounted; do assert_contains "$output" "stdout F $word"; done
}

@test "a mount of the host's appears in a container whose volume has propagation" {
	mkdir data
	mount -t tmpfs none data
	mount --make-shared data
	mkdir data/sub
	pod p1
	container main "{\"mounts\":[{\"container_path\":\"/data\",\"host_path\":\"$PWD/data\",\"propagation\":1}]}" sh -c "$LOOP"
	mount -t tmpfs none data/sub
	touch data/sub/seen
	observe cri exec "$main" -- ls /data/sub
	umount -l data
	assert_output seen
}

@test "a pod on the host's network, processes and ipc has these of the host" {
	pod p1 '{"linux":{"security_context":{"namespace_options":{"network":2,"pid":2,"ipc":2}}}}'
	container main '{}' sh -c "$LOOP"
	observe cri exec "$main" -- sh -c 'for n in net pid ipc; do readlink /proc/self/ns/$n; done'
	assert_output "$(readlink /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/ipc)"
	cri stop "$main"
	observe cri status "$main"
	assert_output 'EXITED 3 Error'
}

@test "a pod's sysctl holds for its containers" {
	pod p1 '{"linux":{"sysctls":{"net.ipv4.ip_unprivileged_port_start":"80"}}}'
	container main '{}' cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	ended "$main"
	observe log_of p1 main
	assert_output 'stdout F 80'
}

# bats test_tags=kernel
@test "limits are the kernel's, can be updated, and a container that is out of memory says so" {
	pod p1
	container main '{"linux":{"resources":{"memory_limit_in_bytes":67108864,"cpu_quota":50000,"cpu_period":100000,"cpu_shares":512}}}' sh -c "$LOOP"
	observe cri exec "$main" -- cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max
	assert_lines 67108864 '50000 100000'
	cri update "$main" '{"memory_limit_in_bytes":100663296,"cpu_quota":20000,"cpu_period":100000}'
	observe cri exec "$main" -- cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max
	assert_lines 100663296 '20000 100000'
	container hungry '{"linux":{"resources":{"memory_limit_in_bytes":16777216,"memory_swap_limit_in_bytes":16777216}}}' sh -c 'tail /dev/zero'
	observe ended "$hungry"
	assert_output 'EXITED 137 OOMKilled'
}

# bats test_tags=kernel
@test "with SystemdCgroup a pod's containers are scopes of its slice" {
	export CLASS=class-systemd
	pod p1
	container main '{"linux":{"resources":{"memory_limit_in_bytes":67108864}}}' sh -c "$LOOP"
	scope=/sys/fs/cgroup/urun.slice/urun-pods.slice/cri-containerd-$main.scope
	[ "$(cat "$scope/memory.max")" = 67108864 ]
	[ "$(systemctl show -P MemoryMax "cri-containerd-$main.scope")" = 67108864 ]
	cri update "$main" '{"memory_limit_in_bytes":100663296}'
	[ "$(cat "$scope/memory.max")" = 100663296 ]
	cri exec "$main" -- true
}

# bats test_tags=kernel
@test "with SystemdCgroup a pod starts, answers and ends" {
	export CLASS=class-systemd
	two_containers_share_a_pod
}

@test "a hundred pods start and end, and nothing stays" {
	pods_come_and_go 100 4
}
