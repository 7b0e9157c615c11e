#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits, and the other uses that podman has for the container's cgroup.
load podman.bash

# cgroup_of NAME: prints the directory of the container's cgroup, as the host sees it.
cgroup_of() {
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(inspected "$1" '{{.State.Pid}}')/cgroup")"
}

# in_unit COMMAND…: runs the command in a service of its own, whose cgroup is delegated.
in_unit() {
	timeout 200 systemd-run --user --quiet --pipe --wait --collect -p Delegate=yes -- "$@" </dev/null 3>&- 4>&-
}

no_cgroup_left() {
	! find /sys/fs/cgroup -name '*libpod*' | grep .
}

teardown() {
	local left=''
	remove_containers || left=' '
	nothing_left || left=' '
	wait_for 10 no_cgroup_left || left+="cgroups: $(find /sys/fs/cgroup -name '*libpod*')"
	[ -z "$left" ] || fail "left behind: $left"
}

# bats test_tags=kernel
@test "the container's cgroup is a scope of the user's systemd, which exec joins and stop removes" {
	in_new "$IMAGE" sh -c 'cat /proc/self/cgroup; cd /sys/fs/cgroup; cat pids.max; head -n 1 cgroup.procs; grep -o memory cgroup.controllers'
	assert_status 0
	# Without --pids-limit podman sets 2048.
	assert_lines 0::/ 2048 1 memory
	local cgroup id
	started c1
	id=$(inspected c1 '{{.Id}}')
	cgroup=$(cgroup_of c1)
	assert_contains "$cgroup/" "/user.slice/libpod-$id.scope/"
	systemctl --user is-active "libpod-$id.scope"
	podman exec -d c1 sleep 4324
	wait_for 10 pgrep -f 'sleep 4324'
	[ "$(cat "/proc/$(pgrep -f 'sleep 4324')/cgroup")" = "0::${cgroup#/sys/fs/cgroup}" ]
	podman stop -t 10 c1
	wait_for 10 test ! -e "$cgroup"
	observe systemctl --user is-active "libpod-$id.scope"
	assert_output inactive
}

# bats test_tags=kernel
@test "--memory, --memory-reservation, --memory-swap, --cpus, --cpu-shares, --cpuset-cpus and --pids-limit set the kernel's limits" {
	in_new --memory 64m --memory-reservation 32m --memory-swap 96m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 1 --pids-limit 77 "$IMAGE" sh -c '
		cd /sys/fs/cgroup; cat cpu.weight; grep . memory.max memory.low memory.swap.max cpu.max cpuset.cpus cpuset.cpus.effective pids.max'
	assert_status 0
	# Shares of 512 give a weight of 20 by the old rule, and of 59 by the rule of 2025, by which 1024 gives 100.
	[ "${lines[0]}" = 59 ] || [ "${lines[0]}" = 20 ]
	assert_lines "${lines[0]}" memory.max:67108864 memory.low:33554432 memory.swap.max:33554432 'cpu.max:50000 100000' cpuset.cpus:1 \
		cpuset.cpus.effective:1 pids.max:77
}

# With this manager podman gives no path: a limit can't be set in the cgroup of a user's unit that has other processes.
@test "with --cgroup-manager cgroupfs a container runs, and a limit holds or is an error" {
	observe podman --cgroup-manager cgroupfs run --rm "$IMAGE" echo hello
	assert_status 0
	assert_output hello
	[ "$RUNTIME" = "$URUN" ] || skip "other runtimes drop the limit"
	observe podman --cgroup-manager cgroupfs run --rm --memory 64m "$IMAGE" cat /sys/fs/cgroup/memory.max
	[ "$status" = 126 ] || [ "$output" = 67108864 ]
}

# bats test_tags=kernel
@test "with --cgroup-manager cgroupfs and --cgroup-parent limits, pause and update work in a delegated unit" {
	observe in_unit "$BATS_TEST_DIRNAME/podman-cgroupfs" "$RUNTIME" "$IMAGE"
	assert_status 0
	assert_lines 67108864 /parent/libpod- 134217728 c1 c1 c1
}

# bats test_tags=kernel
@test "--cpu-period, --cpu-quota, --blkio-weight and --cgroup-conf set the kernel's limits" {
	in_new --cpu-period 50000 --cpu-quota 20000 --cgroup-conf memory.high=50331648 "$IMAGE" sh -c 'cd /sys/fs/cgroup; cat cpu.max memory.high'
	assert_status 0
	assert_lines '20000 50000' 50331648
	# io.weight counts from 1 to 10000, --blkio-weight from 10 to 1000; BFQ's own file takes the number as it is.
	in_new --blkio-weight 200 "$IMAGE" sh -c 'cat /sys/fs/cgroup/io.bfq.weight 2>/dev/null || cat /sys/fs/cgroup/io.weight'
	assert_status 0
	[ "$output" = 'default 200' ] || assert_output 'default 1920'
}

# bats test_tags=kernel
@test "more memory than allowed ends the program by SIGKILL" {
	in_new --memory 24m --memory-swap 24m "$IMAGE" sh -c 'x=$(head -c 60000000 /dev/zero | tr "\0" x); echo survived'
	assert_status 137
	assert_output ''
}

# bats test_tags=kernel
@test "--pids-limit refuses more processes, and 0 and -1 allow any number" {
	in_new --pids-limit 6 "$IMAGE" sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 2 & done; wait; echo all'
	[ "$status" != 0 ]
	assert_contains "$stderr" "can't fork"
	local limit
	for limit in 0 -1; do
		in_new --pids-limit "$limit" "$IMAGE" cat /sys/fs/cgroup/pids.max
		assert_status 0
		assert_output max
	done
}

@test "pause stops all processes, and unpause continues them" {
	started c1
	podman exec -d c1 sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
	wait_for 20 podman exec c1 test -s /count
	podman pause c1
	has_state c1 paused
	grep -q 'frozen 1' "$(cgroup_of c1)/cgroup.events" || grep -q 'frozen 1' "$(cgroup_of c1)/../cgroup.events"
	try exec c1 true
	[ "$status" != 0 ]
	podman unpause c1
	has_state c1 running
	podman exec c1 sh -c 'before=$(cat /count); sleep 1; test "$(cat /count)" != "$before"'
	# A paused container can be removed too.
	podman pause c1
	podman rm -f -t 0 c1
}

# bats test_tags=kernel
@test "stats shows memory, processes and CPU time" {
	started c1 --memory 64m
	try stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPU}}' c1
	assert_status 0
	[[ $output =~ ^c1\ [1-9][0-9.]*[kM]B\ /\ 67.11MB\ [1-9]\ [0-9.]+$ ]] || fail "$output"
}

# bats test_tags=kernel
@test "update changes limits while the container runs" {
	started c1 --memory 64m
	try update --memory 128m --cpus 0.25 --cpuset-cpus 0 c1
	assert_status 0
	try exec c1 sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max cpuset.cpus pids.max'
	assert_lines 134217728 '25000 100000' 0 2048
}

@test "all processes end with the container without a pid namespace too" {
	podman run -d --name c1 --pid host "$IMAGE" sh -c 'sleep 4325 & sleep 4325'
	wait_for 20 pgrep -f 'sleep 4325'
	podman rm -f -t 0 c1
	gone 'sleep 4325'
	in_new --pid host "$IMAGE" sh -c 'sleep 4325 & exit 0'
	assert_status 0
	gone 'sleep 4325'
}

# bats test_tags=kernel
@test "--cgroupns host shows the whole path and private the container's, and --cgroups split and no-conmon work" {
	in_new --cgroupns host "$IMAGE" cat /proc/self/cgroup
	assert_status 0
	assert_contains "$output" libpod-
	in_new --cgroupns private "$IMAGE" cat /proc/self/cgroup
	assert_output 0::/
	in_new --cgroups no-conmon "$IMAGE" cat /proc/self/cgroup /sys/fs/cgroup/pids.max
	assert_status 0
	assert_lines 0::/ 2048
	# split divides the caller's own cgroup for good, so the test runs it in a unit of its own.
	observe in_unit podman --runtime "$RUNTIME" run --rm --cgroups split --memory 64m "$IMAGE" cat /sys/fs/cgroup/memory.max
	assert_status 0
	assert_output 67108864
}

# bats test_tags=kernel
@test "in a unit of quadlet's form the container's cgroup is below the unit's, with its limit, and restart and stop end all of it" {
	local units=$HOME/.config/systemd/user cgroup first
	mkdir -p "$units"
	cat >"$units/urun-test.service" <<-END
		[Service]
		Type=notify
		NotifyAccess=all
		Delegate=yes
		KillMode=mixed
		Environment=PODMAN_SYSTEMD_UNIT=%n
		TimeoutStartSec=120
		ExecStartPre=/bin/rm -f %t/%N.cid
		ExecStart=/usr/bin/podman --runtime $RUNTIME run --name=c1 --cidfile=%t/%N.cid --replace --rm --cgroups=split --sdnotify=conmon --log-driver=passthrough --memory 64m -d $IMAGE sh -c 'trap "exit 0" TERM; while :; do sleep 0.2; done'
		ExecStopPost=-/usr/bin/podman rm -f -i --cidfile=%t/%N.cid
	END
	systemctl --user daemon-reload
	systemctl --user start urun-test
	systemctl --user is-active urun-test
	cgroup=$(cgroup_of c1)
	assert_contains "$cgroup" /urun-test.service/
	[ "$(cat "$cgroup/memory.max")" = 67108864 ]
	first=$(inspected c1 '{{.State.Pid}}')
	systemctl --user restart urun-test
	[ "$(inspected c1 '{{.State.Pid}}')" != "$first" ]
	systemctl --user stop urun-test
	[ "$(systemctl --user show -P Result urun-test)" = success ]
	[ ! -e "$cgroup" ]
	[ -z "$(podman ps -aq)" ]
	rm "$units/urun-test.service"
	systemctl --user daemon-reload
}

@test "--cgroup-parent sets the slice of the cgroup" {
	podman run -d --name c1 --cgroup-parent user-test.slice "$IMAGE" sh -c "$LOOP"
	[[ $(cgroup_of c1) = */user-test.slice/libpod-* ]]
	podman rm -f -t 0 c1
}

# bats test_tags=kernel
@test "a pod's limit holds for all of its containers" {
	podman pod create --name p1 --memory 96m
	podman run -d --pod p1 --name c1 "$IMAGE" sh -c "$LOOP"
	local cgroup
	cgroup=$(cgroup_of c1)
	[[ $cgroup = *libpod_pod_*/libpod-* ]]
	[ "$(cat "${cgroup%%/libpod-*}/memory.max")" = 100663296 ]
	podman pod rm -f -t 0 p1
}

# systemd_image: makes the image localhost/systemd: busybox with the guest's own systemd and one service.
systemd_image() {
	local root=$PWD/systemd units=usr/lib/systemd/system unit
	mkdir -p "$root/usr/lib" "$root/usr/lib64" "$root/$units" "$root/sbin"
	ln -s usr/lib "$root/lib"
	ln -s usr/lib64 "$root/lib64"
	tar -C "$root" -xf /opt/busybox.tar --exclude=./sbin/init
	{
		printf '%s\n' /usr/lib/systemd/systemd /usr/lib/systemd/systemd-shutdown /usr/bin/systemctl
		ldd /usr/lib/systemd/systemd /usr/lib/systemd/systemd-shutdown /usr/bin/systemctl | grep -o '/[^ ]*' | grep -v ':$' | sort -u | xargs realpath -s
		for unit in basic sysinit sockets timers paths slices shutdown final umount exit halt poweroff; do echo "/usr/$units/$unit.target" | sed 's|^/usr/usr|/usr|'; done
		printf '/%s\n' "$units/systemd-halt.service" "$units/systemd-poweroff.service" "$units/systemd-exit.service"
	} | while read -r unit; do
		[ ! -e "$unit" ] || cp -L --parents "$unit" "$root"
	done
	ln -s ../lib/systemd/systemd "$root/sbin/init"
	printf '[Unit]\nDefaultDependencies=yes\nRequires=basic.target hello.service\n' >"$root/$units/test.target"
	printf '[Service]\nMemoryMax=32M\nExecStart=/bin/sh -c "cat /proc/self/cgroup >/hello; sleep 1000"\n' >"$root/$units/hello.service"
	tar -C "$root" -cf - . | podman import -q -c 'CMD ["/sbin/init", "--unit=test.target"]' - localhost/systemd >/dev/null
}

# bats test_tags=kernel
@test "systemd runs as the container's first process, has services in cgroups of their own, and stops" {
	systemd_image
	podman run -d --name c1 localhost/systemd
	wait_for 60 podman exec c1 test -s /hello
	podman exec c1 systemctl is-active hello.service
	try exec c1 sh -c 'cat /hello; cat /sys/fs/cgroup/system.slice/hello.service/memory.max; cat /proc/1/cgroup; ls -d /run/systemd/system; stat -f -c %T /run /tmp'
	assert_status 0
	assert_lines 0::/system.slice/hello.service 33554432 0::/init.scope /run/systemd/system tmpfs tmpfs
	podman stop -t 60 c1
	[ "$(inspected c1 '{{.State.ExitCode}}')" != 137 ]
	podman rm c1
	podman rmi localhost/systemd
}
