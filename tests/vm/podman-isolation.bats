#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What podman's containers share with the host and with each other, and their privileges.
load podman.bash

# --- namespaces -----------------------------------------------------------------------------------------------------------

@test "--network none has lo alone, host has the caller's network, and container:NAME another container's" {
	in_new --network none "$IMAGE" sh -c 'ip -o link | cut -d: -f2; ip -o -4 address show lo'
	assert_status 0
	[ "${lines[0]}" = ' lo' ]
	assert_contains "${lines[1]}" 127.0.0.1
	[ "${#lines[@]}" = 2 ]
	in_new --network host "$IMAGE" readlink /proc/self/ns/net
	assert_output "$(readlink /proc/self/ns/net)"
	started c1 --network none
	local netns
	netns=$(podman exec c1 readlink /proc/self/ns/net)
	in_new --network container:c1 "$IMAGE" readlink /proc/self/ns/net
	assert_output "$netns"
}

@test "--network slirp4netns has tap0, and a published port answers" {
	podman run -d --name c1 --network slirp4netns -p 127.0.0.1:8080:80 "$IMAGE" sh -c 'ip -o -4 address show tap0; echo hello | nc -l -p 80'
	wait_for 20 logged c1 10.0.2.100
	answers() { [ "$(timeout 5 cat </dev/tcp/127.0.0.1/8080)" = hello ]; }
	wait_for 20 answers
}

@test "--pid, --ipc and --uts host give the caller's namespaces, and by default they are new" {
	in_new --pid host --ipc host --uts host "$IMAGE" sh -c 'for ns in pid ipc uts; do readlink /proc/self/ns/$ns; done; cat /proc/1/comm'
	assert_status 0
	assert_lines "$(readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/ipc)" "$(readlink /proc/self/ns/uts)" "$(cat /proc/1/comm)"
	in_new "$IMAGE" sh -c 'for ns in pid ipc uts cgroup mnt; do readlink /proc/self/ns/$ns; done; echo $$'
	local ns
	for ns in pid ipc uts cgroup mnt; do refute_contains "$output" "$(readlink /proc/self/ns/$ns)"; done
	[ "${lines[5]}" = 1 ]
}

@test "--pid container:NAME and --ipc container:NAME share another container's namespaces" {
	started c1 --ipc shareable
	in_new --pid container:c1 --ipc container:c1 "$IMAGE" sh -c 'for ns in pid ipc; do cmp /proc/self/ns/$ns /proc/1/ns/$ns; readlink /proc/self/ns/$ns; done; ps'
	assert_contains "$output" 'trap'
	local ns
	for ns in pid ipc; do assert_contains "$output" "$(podman exec c1 readlink /proc/self/ns/$ns)"; done
}

@test "--userns keep-id, nomap and auto, and --uidmap, map the ids that they should" {
	in_new --userns keep-id "$IMAGE" sh -c 'id -u; id -g; stat -c %u /etc'
	assert_status 0
	assert_lines 1000 1000 0
	in_new --userns nomap "$IMAGE" sh -c 'id -u; stat -c %u /etc; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map'
	assert_status 0
	assert_lines 0 0 '0 1 65536'
	in_new --userns auto:size=1024 "$IMAGE" sh -c 'id -u; stat -c %u /etc; awk "{ print \$1, \$3 }" /proc/self/uid_map'
	assert_status 0
	assert_lines 0 0 '0 1024'
	in_new --uidmap 0:1:500 --uidmap 500:0:1 --gidmap 0:0:600 --user 500 "$IMAGE" sh -c 'id -u; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map'
	assert_status 0
	assert_lines 500 '0 1 500' '500 0 1'
}

# With nomap the directory's owner has no id in the container, and the container's root can't enter the directories above: a home is often
# 0700.
@test "with --userns keep-id and nomap a volume can be below a directory that only its owner may enter" {
	mkdir -p closed/mine
	echo text >closed/mine/file
	chmod 700 closed
	in_new --userns keep-id -v "$PWD/closed/mine:/mine" "$IMAGE" sh -c 'stat -c %u:%g /mine/file; cat /mine/file; touch /mine/new'
	assert_status 0
	assert_lines 1000:1000 text
	[ "$(stat -c %u closed/mine/new)" = "$(id -u)" ]
	in_new --userns nomap -v "$PWD/closed/mine:/mine" -v "$PWD/closed/mine/file:/one:ro" "$IMAGE" sh -c 'stat -c %u /mine/file; cat /one'
	assert_status 0
	assert_lines 65534 text
}

@test "the containers of a pod share network, ipc and host name, and with --share pid the processes" {
	podman pod create --name p1 --hostname podhost --share net,ipc,uts,pid
	podman run -d --pod p1 --name c1 "$IMAGE" sh -c 'hostname; echo from-c1 | nc -l -p 7000 & sleep 4323'
	wait_for 20 logged c1 podhost
	in_new --pod p1 "$IMAGE" sh -c 'hostname; ps | grep -q "[s]leep 4323" && echo seen; for _ in 1 2 3 4 5; do nc 127.0.0.1 7000 </dev/null && break; sleep 0.5; done'
	assert_status 0
	assert_lines podhost seen from-c1
	podman pod stop -t 1 p1
	podman pod start p1
	has_state c1 running
	podman pod rm -f -t 0 p1
	gone 'sleep 4323'
}

# --- privileges -----------------------------------------------------------------------------------------------------------

@test "the capabilities are podman's default, and those of --cap-add, --cap-drop, --user and --privileged" {
	in_new "$IMAGE" cat /proc/self/status
	# The first is podman's default, and the second has what Debian's containers.conf adds.
	[[ $(status_field CapEff) = 00000000800405fb || $(status_field CapEff) = 00000000a80425fb ]]
	[ "$(status_field CapBnd)" = "$(status_field CapEff)" ]
	in_new --cap-drop all --cap-add NET_ADMIN "$IMAGE" cat /proc/self/status
	[ "$(status_field CapEff)" = 0000000000001000 ]
	[ "$(status_field CapBnd)" = 0000000000001000 ]
	in_new --user 1000 --cap-add NET_ADMIN "$IMAGE" cat /proc/self/status
	[ "$(status_field CapEff)" = 0000000000001000 ]
	[ "$(status_field CapAmb)" = 0000000000001000 ]
	in_new --privileged "$IMAGE" cat /proc/self/status
	[[ $(status_field CapEff) = 000001ff* ]]
	[ "$(status_field Seccomp)" = 0 ]
}

@test "the seccomp filter is podman's, one of the user's, or none" {
	in_new "$IMAGE" cat /proc/self/status
	[ "$(status_field Seccomp)" = 2 ]
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}' >profile.json
	in_new --security-opt "seccomp=$PWD/profile.json" "$IMAGE" mkdir /new
	assert_status 1
	assert_contains "$stderr" 'No space left on device'
	in_new --security-opt seccomp=unconfined "$IMAGE" cat /proc/self/status
	[ "$(status_field Seccomp)" = 0 ]
}

@test "no-new-privileges is set when asked for" {
	in_new "$IMAGE" cat /proc/self/status
	[ "$(status_field NoNewPrivs)" = 0 ]
	in_new --security-opt no-new-privileges "$IMAGE" cat /proc/self/status
	[ "$(status_field NoNewPrivs)" = 1 ]
}

@test "podman's masked and read-only paths hold, mask= adds paths, and unmask=ALL removes all" {
	in_new "$IMAGE" sh -c 'cat /proc/kcore /proc/keys | wc -c; ls /sys/firmware | wc -l; echo x 2>/dev/null >/proc/sys/kernel/hostname || echo read-only'
	assert_status 0
	assert_lines 0 0 read-only
	in_new --security-opt mask=/etc/passwd:/bin "$IMAGE" /usr/bin/env true
	[ "$status" != 0 ]
	in_new --security-opt mask=/etc/passwd:/home "$IMAGE" sh -c 'cat /etc/passwd | wc -c; touch /home/x 2>/dev/null || echo read-only'
	assert_lines 0 read-only
	in_new --security-opt unmask=ALL "$IMAGE" sh -c 'grep -cE " /proc/(kcore|keys|sys) " /proc/mounts'
	assert_output 0
}

@test "--ulimit, --oom-score-adj and --sysctl set what they say" {
	in_new --ulimit nofile=100:200 --ulimit core=0:0 --oom-score-adj 500 --sysctl net.ipv4.ip_unprivileged_port_start=80 --sysctl kernel.shm_rmid_forced=1 "$IMAGE" sh -c '
		ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced'
	assert_status 0
	assert_lines 100 200 0 500 80 1
	in_new --sysctl kernel.nosuchthing=1 "$IMAGE" true
	[ "$status" -ge 125 ]
	assert_contains "$stderr" nosuchthing
}

@test "--group-add adds groups, and keep-groups keeps the caller's" {
	in_new --group-add 44 --group-add 45 "$IMAGE" id -G
	assert_output '0 44 45'
	[ "$(id -G)" != "$(id -g)" ] || skip "this user has one group only"
	in_new --group-add keep-groups "$IMAGE" sh -c 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status'
	assert_status 0
	assert_contains "$output" 65534
}

@test "--init is process 1 and reaps children, and --preserve-fds passes its descriptors and no others" {
	in_new --init "$IMAGE" sh -c 'cat /proc/1/comm; (sleep 0.3 &) ; sleep 1; ps | grep -c "\[sleep\]"'
	[ "${lines[0]}" != sh ]
	[ "${lines[1]}" = 0 ]
	# Without the function podman(), which closes descriptor 3.
	observe bash -c 'exec timeout 60 podman --runtime "$0" run --rm --preserve-fds 2 "$1" sh -c "cat <&3; cat <&4; ls /proc/self/fd | wc -l" 3<<<three 4<<<four' "$RUNTIME" "$IMAGE"
	assert_status 0
	assert_lines three four 6
	in_new "$IMAGE" sh -c 'ls /proc/self/fd | wc -l'
	assert_output 4
}

@test "hooks run at their stages, with the container's state" {
	mkdir hooks
	local stage
	for stage in createRuntime poststart poststop; do
		jq -n --arg log "$PWD/log" --arg stage $stage '{version: "1.0.0", when: {always: true}, stages: [$stage],
			hook: {path: "/bin/sh", args: ["sh", "-c", "echo \($stage) $(jq -r .status) >>\($log)"], env: ["PATH=/usr/bin:/bin"]}}' >"hooks/$stage.json"
	done
	observe podman --hooks-dir "$PWD/hooks" run --rm "$IMAGE" echo hello
	assert_status 0
	assert_output hello
	grep -q '^createRuntime creat' log
	grep -q '^poststart running' log || grep -q '^poststart stopped' log
	grep -q '^poststop stopped' log
}
