#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files in podman's containers, and the commands that make and copy them.
load podman.bash

# --- file system ----------------------------------------------------------------------------------------------------------

@test "--read-only leaves only tmpfs writable" {
	in_new --read-only "$IMAGE" sh -c 'touch /x /etc/x 2>/dev/null; touch /tmp/x /run/x /var/tmp/x /dev/shm/x && ls /x /etc/x 2>/dev/null || echo kept'
	assert_status 0
	assert_output kept
	in_new --read-only --read-only-tmpfs=false --tmpfs /scratch "$IMAGE" sh -c 'touch /tmp/x 2>/dev/null || touch /scratch/x && echo kept'
	assert_output kept
}

@test "--tmpfs and --mount type=tmpfs have the size, the mode and the options that they ask for" {
	in_new --tmpfs /a:size=64k,mode=1770,noexec --mount type=tmpfs,destination=/b,tmpfs-size=128k,ro "$IMAGE" sh -c '
		stat -c %a /a; df -k /a /b | awk "NR > 1 { print \$2 }"; cp /bin/busybox /a/ 2>/dev/null; grep " /a " /proc/mounts | grep -o noexec; touch /b/x 2>/dev/null || echo read-only'
	assert_status 0
	assert_lines 1770 64 128 noexec read-only
}

@test "bind mounts of files and directories can be read-write or read-only, and have mount flags" {
	mkdir -p dir/sub
	echo text >dir/file
	in_new -v "$PWD/dir:/rw" -v "$PWD/dir:/ro:ro" --mount "type=bind,src=$PWD/dir/file,dst=/one/file,ro=true" -v "$PWD/dir:/nx:noexec,nosuid,nodev" "$IMAGE" sh -c '
		cat /rw/file /one/file; touch /rw/new; ls /ro; touch /ro/x 2>/dev/null || echo read-only; echo x >/one/file 2>/dev/null || echo read-only
		grep " /nx " /proc/mounts | grep -c "nosuid,nodev,noexec"'
	assert_status 0
	assert_lines text text file new sub read-only read-only 1
	[ -e dir/new ]
	in_new -v "$PWD/nosuchdirectory:/x" "$IMAGE" true
	assert_status 125
	assert_contains "$stderr" nosuchdirectory
}

@test "-v with U gives the directory to the container's user, Z and z work without SELinux, and O makes an overlay" {
	mkdir u z o
	touch u/file
	in_new --user 1000:1000 -v "$PWD/u:/u:U" "$IMAGE" sh -c 'touch /u/new && stat -c %u:%g /u /u/file'
	assert_status 0
	assert_lines 1000:1000 1000:1000
	in_new -v "$PWD/z:/z:Z" "$IMAGE" touch /z/new
	assert_status 0
	in_new -v "$PWD/z:/z:z,ro" "$IMAGE" ls /z
	assert_output new
	in_new -v "$PWD/o:/o:O" "$IMAGE" touch /o/new
	assert_status 0
	[ ! -e o/new ]
}

@test "a named volume begins with the image's files, keeps its own, and can be shared" {
	podman volume create v1
	in_new -v v1:/etc "$IMAGE" sh -c 'ls /etc/passwd; touch /etc/kept'
	assert_status 0
	assert_output /etc/passwd
	in_new --mount type=volume,src=v1,dst=/v,ro "$IMAGE" sh -c 'ls /v/kept; touch /v/x 2>/dev/null || echo read-only'
	assert_status 0
	assert_lines /v/kept read-only
	podman volume rm v1
}

@test "an image can be mounted" {
	in_new --mount "type=image,source=$IMAGE,destination=/image" "$IMAGE" sh -c 'ls /image/bin/busybox; touch /image/x 2>/dev/null || echo read-only'
	assert_status 0
	assert_lines /image/bin/busybox read-only
	in_new --mount "type=image,source=$IMAGE,destination=/image,rw=true" "$IMAGE" touch /image/x
	assert_status 0
}

@test "a secret is a file that only its user reads, or a variable" {
	echo hidden >secret
	podman secret create s1 secret
	in_new --secret s1,uid=1000,mode=0400 --secret s1,type=env,target=S1 "$IMAGE" sh -c 'cat /run/secrets/s1; stat -c "%u %a" /run/secrets/s1; echo "$S1"'
	podman secret rm s1
	assert_status 0
	assert_lines hidden '1000 400' hidden
}

@test "--device gives a device of the host, and --shm-size sets the size of /dev/shm" {
	in_new --device /dev/fuse --device /dev/net/tun:/dev/other:rw --shm-size 1m "$IMAGE" sh -c '
		test -c /dev/fuse && test -c /dev/other && : <>/dev/fuse && echo opened; df -k /dev/shm | awk "NR > 1 { print \$2 }"
		for name in null zero full random urandom tty; do test -c /dev/$name && : </dev/zero >/dev/null || echo "no $name"; done; ls -d /dev/pts /dev/mqueue /dev/fd'
	assert_status 0
	assert_lines opened 1024 /dev/fd /dev/mqueue /dev/pts
	in_new --device /dev/nosuchdevice "$IMAGE" true
	assert_status 125
	assert_contains "$stderr" nosuchdevice
}

# --- the rest of podman ---------------------------------------------------------------------------------------------------

@test "cp, diff, export and commit work" {
	started c1
	echo there >file
	podman cp file c1:/root/file
	podman exec c1 sh -c 'cat /root/file; echo back >/root/made' | grep -q there
	podman cp c1:/root/made made
	[ "$(cat made)" = back ]
	try diff c1
	assert_contains "$output" 'A /root/made'
	podman commit -q -c 'CMD ["cat", "/root/made"]' c1 localhost/committed
	in_new localhost/committed
	assert_output back
	podman export c1 | tar -t | grep -q '^root/made'
	podman rmi -f localhost/committed
}

@test "a health check runs in the container" {
	started c1 --health-cmd 'test -e /healthy' --health-interval disable --health-retries 1
	try healthcheck run c1
	[ "$status" != 0 ]
	podman exec c1 touch /healthy
	try healthcheck run c1
	assert_status 0
	inspected c1 '{{.State.Healthcheck.Status}}' | grep -q '^healthy'
}

@test "build runs its steps with the runtime" {
	cat >runtime <<-END
		#!/bin/sh
		echo "\$*" >>"$PWD/calls"
		exec "$(command -v "$RUNTIME")" "\$@"
	END
	chmod +x runtime
	mkdir context
	echo copied >context/file
	cat >context/Containerfile <<-'END'
		FROM localhost/busybox
		RUN echo "made by $(id -u)" >/made
		COPY file /file
		RUN --mount=type=tmpfs,target=/scratch touch /scratch/x && chmod 1777 /tmp
		USER 1000
		WORKDIR /tmp
		RUN id -u >/tmp/user && ! touch /denied
		CMD cat /made /file /tmp/user; ls /scratch | wc -l
	END
	RUNTIME=$PWD/runtime try build --isolation oci --network host -t localhost/built context
	assert_status 0
	grep -q create calls
	in_new localhost/built
	assert_status 0
	assert_lines 'made by 0' copied 1000 0
	mkdir fails
	printf 'FROM localhost/busybox\nRUN exit 12\n' >fails/Containerfile
	RUNTIME=$PWD/runtime try build --isolation oci --network none fails
	assert_status 12
	podman rmi -f localhost/built
}

@test "generate kube and play kube work, and play kube --down removes the pod" {
	podman create --name c1 --env A=b --cap-drop all "$IMAGE" /bin/sh -c 'echo "A is $A"; sleep 1000'
	podman generate kube c1 >c1.yaml
	podman rm c1
	podman play kube --network none c1.yaml
	wait_for 30 logged c1-pod-c1 'A is b'
	podman play kube --down c1.yaml
	try pod ps -q
	assert_output ''
}

@test "both cgroup managers run a container" {
	local manager
	for manager in cgroupfs systemd; do
		observe podman --cgroup-manager "$manager" run --rm "$IMAGE" echo "by $manager"
		assert_status 0
		assert_output "by $manager"
	done
}
