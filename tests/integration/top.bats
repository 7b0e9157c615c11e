#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `urun top`: the processes of a container as it sees them.
load lib.bash

@test "top shows the container's own pids and users, and podman's columns" {
	sh_program 'sleep 61 & exec sleep 60'
	echo 'sleeper:x:33:34::/:/bin/sh' >>"$BUNDLE/rootfs/etc/passwd"
	echo 'sleepers:x:34:' >>"$BUNDLE/rootfs/etc/group"
	if has_subids; then config '.process.user = {"uid": 33, "gid": 34}'; else skip "this user has no subids"; fi
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	wait_for 5 eval '[ "$(urun top c1 | grep -c "sleep 6")" = 2 ]'
	try top c1
	assert_status 0
	[[ ${lines[0]} =~ ^USER\ +PID\ +PPID\ +%CPU\ +ELAPSED\ +TTY\ +TIME\ +COMMAND$ ]]
	[[ ${lines[1]} =~ ^sleeper\ +1\ +0\ +[0-9]+\.[0-9]\ +00:0[0-9]\ +\?\ +00:00\ +sleep\ 60$ ]]
	[[ ${lines[2]} =~ ^sleeper\ +[2-9]\ +1\ +.*\ sleep\ 61$ ]]
	try top c1 group,hpid,huser capeff %p state seccomp comm
	assert_status 0
	read -r -a words <<<"${lines[1]}"
	[ "${words[0]}" = sleepers ]
	[ "${words[1]}" = "$(urun state c1 | jq .pid)" ]
	[ "${words[2]}" = "$(($(subid_range uid | cut -d' ' -f1) + 32))" ]
	[ "${words[*]:4}" = "1 S disabled sleep" ] || [ "${words[*]:4}" = "1 S filter sleep" ]
	try top c1 pid,cpu
	assert_status 1
	assert_one_line "unknown descriptor 'cpu'" pcpu
	try top c1 -ef
	assert_one_line "'-ef' is an option of ps(1)" 'urun ps ID -ef'
	urun kill c1 KILL
	wait_for 5 is_status c1 stopped
	try top c1
	assert_status 1
	assert_one_line 'c1: container not running'
	urun delete c1
}

@test "top, ps and a look from inside show process 1 by its name alone, without its arguments" {
	local line
	# The program runs beside the first instructions of process 1, which name it.
	by_options sh -c 'until [ "$(tr "\0" "|" </proc/1/cmdline)" = "urun-init|" ]; do :; done; ps -o args | grep -x urun-init'
	assert_output urun-init
	detached c1 sleep 60
	wait_for 5 eval 'urun top c1 args | grep -qx urun-init'
	try top c1 pid,args
	[ "$(tr -s ' ' <<<"${lines[1]}")" = '1 urun-init' ] || fail "$output"
	line=$(urun ps c1 -o pid,args | grep urun-init | tr -s ' ')
	[[ $line =~ ^\ ?[0-9]+\ urun-init$ ]] || fail "<$line>"
	urun delete --force c1
}

@test "top: what a process calls itself can't forge a line" {
	program /bin/sh -c 'sleep 60; :' $'x\nroot 1 0 forged\e[2J'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	try top c1 pid,args
	assert_contains "$output" '/bin/sh -c sleep 60; : x\x0aroot 1 0 forged\x1b[2J'
	[ "$(grep -c forged <<<"$output")" = 1 ]
	refute_contains "$output" $'\nroot 1 0'
	urun delete --force c1
}
