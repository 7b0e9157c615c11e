#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Engines that run as root: containerd, and podman with and without a mapping of ids; run in the machine as root.
load podman.bash
load containerd.bash

SOCKET=/run/urun-containerd.sock

# Root gets an image of busybox of its own: the machine's image is user ci's.
setup_file() {
	podman import -q --change CMD=/bin/sh /opt/busybox.tar "$IMAGE" >/dev/null
	containerd_config "$SOCKET"
	containerd --config "$BATS_FILE_TMPDIR/containerd.toml" >"$BATS_FILE_TMPDIR/containerd.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	import_image
}

ctr() {
	timeout -k 5 90 ctr --address "$SOCKET" "$@" 3>&- 4>&- </dev/null
}

@test "ctr run has the program's output and exit status" {
	ctr_run --rm "$IMAGE:latest" c1 sh -c 'echo out; exit 7'
	assert_status 7
	assert_output out
	ctr_run --rm --env A=b --cwd /tmp "$IMAGE:latest" c1 sh -c 'pwd; echo $A'
	assert_lines /tmp b
}

@test "ctr run --detach, tasks exec, pause, kill and delete work" {
	run_detached c1
	exec_in_c1
	ctr tasks pause c1
	has_task c1 PAUSED
	ctr tasks resume c1
	has_task c1 RUNNING
	kill_and_delete_c1
}

# bats test_tags=kernel
@test "ctr run --memory-limit sets the kernel's limit" {
	run_detached c1 --memory-limit 67108864
	[ "$(cat /sys/fs/cgroup/default/c1/memory.max)" = 67108864 ]
}

@test "ctr run names a program that isn't found" {
	ctr_run --rm "$IMAGE:latest" c1 /nowhere
	[ "$status" -ne 0 ]
	assert_contains "$stderr" /nowhere
}

@test "podman as root with a mapping runs, enters and removes a container" {
	in_new --network none --uidmap 0:200000:65536 "$IMAGE" sh -c 'cat /proc/self/uid_map; id -u'
	assert_status 0
	[ "$(tr -s ' ' <<<"${lines[0]}")" = ' 0 200000 65536' ]
	[ "${lines[1]}" = 0 ]
	started c1 --network none --uidmap 0:200000:65536
	try exec c1 sh -c 'id -u; exit 4'
	assert_status 4
	assert_output 0
	podman rm -f -t 0 c1 >/dev/null
}

@test "podman as root without a mapping has a container in the host's user namespace" {
	in_new --network none "$IMAGE" sh -c 'cat /proc/self/uid_map; readlink /proc/self/ns/user'
	assert_status 0
	[ "$(tr -s ' ' <<<"${lines[0]}")" = ' 0 0 4294967295' ]
	[ "${lines[1]}" = "$(readlink /proc/self/ns/user)" ]
}

@test "an image can't choose a directory of the host, or another user, by its annotations" {
	local annotation
	mkdir "$BATS_TEST_TMPDIR/context"
	echo "FROM $IMAGE" >"$BATS_TEST_TMPDIR/context/Containerfile"
	for annotation in "org.urun.overlay=$BATS_TEST_TMPDIR" org.urun.user=0; do
		podman build -q --annotation "$annotation" -t hostile "$BATS_TEST_TMPDIR/context" >/dev/null
		in_new --network none --user 1000 hostile id
		[ "$status" -ne 0 ]
		assert_contains "$stderr" "annotation ${annotation%%=*}: the engine may have it from the image"
	done
	[ ! -e "$BATS_TEST_TMPDIR/upper" ]
	podman rmi -f hostile >/dev/null
}

# bats test_tags=kernel
@test "podman as root has limits and a bridged network" {
	in_new --memory 64m --pids-limit 50 "$IMAGE" sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d "\n"'
	assert_status 0
	assert_lines 67108864 50 " lo eth0"
}

@test "the containers of a pod of root's podman share its namespaces" {
	podman pod create --name p1 --network none >/dev/null
	podman run -d --pod p1 --name c1 "$IMAGE" sh -c "$LOOP" >/dev/null
	in_new --pod p1 "$IMAGE" sh -c 'hostname; for type in net ipc uts user; do readlink /proc/self/ns/$type; done'
	assert_status 0
	local new=$output
	try exec c1 sh -c 'hostname; for type in net ipc uts user; do readlink /proc/self/ns/$type; done'
	assert_output "$new"
	podman pod rm -f -t 0 p1 >/dev/null
}

@test "a container of root's podman joins the namespaces of another" {
	started c1 --network none --ipc shareable
	in_new --network container:c1 --ipc container:c1 --pid container:c1 "$IMAGE" sh -c 'for type in net ipc pid user; do readlink /proc/self/ns/$type; done'
	assert_status 0
	local new=$output
	try exec c1 sh -c 'for type in net ipc pid user; do readlink /proc/self/ns/$type; done'
	assert_output "$new"
	podman rm -f -t 0 c1 >/dev/null
}

@test "a privileged container of root's podman has the host's devices, mounts and a sysfs that it can write" {
	in_new --privileged --network none "$IMAGE" sh -c 'ls -l /dev/fuse | cut -c1; grep -o " /sys sysfs rw" /proc/mounts; mkdir /place; mount -t tmpfs x /place && echo mounted; mknod /node b 7 0 && echo made'
	assert_lines c ' /sys sysfs rw' mounted made
	in_new --cap-add mknod --device /dev/null:/dev/other:rm --network none "$IMAGE" sh -c 'mknod /node c 1 3; stat -c %t:%T /node /dev/other; echo x >/dev/other && echo written'
	assert_lines 1:3 1:3 written
}

@test "an idmapped volume of root's podman has the same owners in a user namespace" {
	mkdir volume
	chown 5:6 volume
	in_new --uidmap 0:200000:65536 --network none -v "$PWD/volume:/volume:idmap" "$IMAGE" stat -c %u:%g /volume
	assert_output 5:6
}
