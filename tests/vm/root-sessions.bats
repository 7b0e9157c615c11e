#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of user ci that one session starts and another session enters: login sessions, cron, services, a shell of root.  The
# kernel moves a process only if the mover may write to a common parent cgroup, which two sessions don't have: systemd moves it for them.
# Run in the machine as root, who alone can open sessions for another user.  Limits are set where their controllers are delegated.
load ../integration/lib.bash

MANAGER=/user.slice/user-1000.slice/user@1000.service
WAYS='login su setpriv service delegated user_service'

setup() {
	umask 022
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	STATE=$BATS_TEST_TMPDIR/state
	WORK=$BATS_TEST_TMPDIR/work
	bundle_busybox "$BUNDLE"
	mkdir -m 700 "$STATE" "$WORK"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	LIMITED=$(delegated pids memory)
	[ -z "$LIMITED" ] || config '.linux.resources = {pids: {limit: 20}, memory: {limit: 67108864, swap: 67108864}}'
	program sleep 1000
	chown -R ci:ci "$BUNDLE" "$STATE" "$WORK"
}

teardown() {
	from setpriv "$URUN --root $STATE delete --force c1"
	rm -rf "$BUNDLE"
}

# delegated CONTROLLER…: prints yes where the user's systemd has all of them.
delegated() {
	local controller
	for controller in "$@"; do
		grep -qw "$controller" "/sys/fs/cgroup$MANAGER/cgroup.controllers" || return 0
	done
	echo yes
}

# from WAY LINE: runs the line of shell as user ci, in this kind of session.
from() {
	local as_ci=(setpriv --reuid ci --regid ci --init-groups env -i "PATH=$PATH" HOME=/home/ci)
	local unit=(systemd-run --quiet --wait --pipe --collect -p KillMode=process)
	case $1 in
	login) timeout 60 su -l ci -s /bin/sh -c "$2" ;;
	# Without "-" root's environment stays, with its runtime directory.
	su) XDG_RUNTIME_DIR=/run/user/0 timeout 60 su -m ci -s /bin/sh -c "$2" ;;
	setpriv) timeout 60 "${as_ci[@]}" sh -c "$2" ;;
	service) timeout 60 "${unit[@]}" -p User=ci sh -c "$2" ;;
	delegated) timeout 60 "${unit[@]}" -p User=ci -p Delegate=yes sh -c "$2" ;;
	user_service) timeout 60 "${as_ci[@]}" XDG_RUNTIME_DIR=/run/user/1000 "${unit[@]}" --user sh -c "$2" ;;
	user_delegated) timeout 60 "${as_ci[@]}" XDG_RUNTIME_DIR=/run/user/1000 "${unit[@]}" --user -p Delegate=yes sh -c "$2" ;;
	esac </dev/null 3>&- 4>&-
}

# run_from WAY [OPTION…]: starts c1 in a scope of systemd, which must print nothing.
run_from() {
	local way=$1
	shift
	observe from "$way" "$URUN --root $STATE --systemd-cgroup run --detach --bundle $BUNDLE $* c1 >$WORK/out 2>&1"
	[ ! -s "$WORK/out" ] || fail "from $way: $(cat "$WORK/out")"
	assert_status 0
	CGROUP=$(cgroup_of_c1)
}

cgroup_of_c1() {
	local pid
	pid=$(from setpriv "$URUN --root $STATE state c1" | jq .pid)
	sed -n 's/^0:://p' "/proc/$pid/cgroup"
}

in_a_scope() {
	[ "$CGROUP" = "$MANAGER/user.slice/urun-c1.scope" ] || fail "the container is in $CGROUP"
	[ -z "$LIMITED" ] || [ "$(cat "/sys/fs/cgroup$CGROUP/pids.max" "/sys/fs/cgroup$CGROUP/memory.max")" = $'20\n67108864' ]
}

# enters_from WAY…: exec from these sessions runs in the container's cgroup.
enters_from() {
	local way
	for way in "$@"; do
		observe from "$way" "$URUN --root $STATE exec c1 sed -n s/^0:://p /proc/self/cgroup"
		[ "$status,$output" = "0,$CGROUP" ] || fail "from $way: exit status $status" "stdout: $output" "stderr: $stderr"
	done
}

@test "the cgroup of a login session belongs to root" {
	observe from login 'own=$(sed -n s/^0:://p /proc/self/cgroup); echo "$own"; stat -c %U "/sys/fs/cgroup$own/cgroup.procs"'
	[[ ${lines[0]} =~ /session-[a-z0-9]+\.scope$ ]]
	[ "${lines[1]}" = root ]
}

@test "exec enters a container of a login session from every kind of session" {
	run_from login
	in_a_scope
	# shellcheck disable=SC2086 # a list
	enters_from $WAYS
}

@test "exec enters a container of a system service from every kind of session" {
	run_from service
	in_a_scope
	# shellcheck disable=SC2086
	enters_from $WAYS
}

@test "exec enters a container that su or setpriv started from every kind of session" {
	local way
	for way in su setpriv; do
		run_from "$way"
		in_a_scope
		# shellcheck disable=SC2086
		enters_from $WAYS
		from setpriv "$URUN --root $STATE delete --force c1"
	done
}

@test "exec --user enters from a login session" {
	run_from login
	observe from login "$URUN --root $STATE exec --user 33:33 c1 sh -c 'id -u; sed -n s/^0:://p /proc/self/cgroup'"
	assert_lines 33 "$CGROUP"
}

@test "the container's limits hold for exec from a login session" {
	[ -n "$LIMITED" ] || skip "no controllers are delegated here"
	run_from service
	observe from login "$URUN --root $STATE exec c1 dd if=/dev/zero of=/dev/null bs=128M count=1"
	assert_status 137
}

# The unit is then inactive, and systemd moves no process into it.
@test "exec enters a container in the cgroup of an ended user service from every kind of session" {
	config 'del(.linux.resources)'
	chown -R ci:ci "$BUNDLE"
	from user_delegated "$URUN --root $STATE run --detach --bundle $BUNDLE c1 >/dev/null 2>&1"
	CGROUP=$(cgroup_of_c1)
	assert_contains "$CGROUP" "$MANAGER/app.slice/run-"
	assert_contains "$CGROUP" .service/urun-c1
	# shellcheck disable=SC2086
	enters_from $WAYS
}

# The first connection starts the user's bus, and systemd takes its name on the bus a moment later.
@test "run and exec work while the user's bus isn't started yet" {
	from setpriv 'XDG_RUNTIME_DIR=/run/user/1000 systemctl --user stop dbus.service'
	run_from service
	in_a_scope
	from setpriv 'XDG_RUNTIME_DIR=/run/user/1000 systemctl --user stop dbus.service'
	enters_from login
}

@test "without a session of systemd --systemd-cgroup warns that there is no cgroup" {
	config 'del(.linux.resources)'
	chown -R ci:ci "$BUNDLE"
	useradd -m stranger 2>/dev/null || id stranger >/dev/null
	chown -R stranger: "$BUNDLE" "$STATE"
	program true
	observe setpriv --reuid stranger --regid stranger --init-groups env -i "PATH=$PATH" \
		"$URUN" --root "$STATE" --systemd-cgroup run --bundle "$BUNDLE" c1 </dev/null
	assert_status 0
	assert_one_line warning 'no cgroup of its own' enable-linger
	chown -R ci:ci "$STATE"
}

@test "a system service has a container of ci's in its own cgroup, and a limit doesn't take it out to ci's systemd" {
	local here
	for here in setpriv service; do
		program sed -n s/^0:://p /proc/self/cgroup
		config 'del(.linux.resources)'
		observe from "$here" "sed -n s/^0:://p /proc/self/cgroup; XDG_RUNTIME_DIR=/run/user/1000 $URUN --root $STATE run --bundle $BUNDLE c1"
		assert_status 0
		[ "${lines[0]}" = "${lines[1]}" ] || fail "$output"
		config '.linux.resources = {pids: {limit: 20}}'
		observe from "$here" "XDG_RUNTIME_DIR=/run/user/1000 $URUN --root $STATE run --bundle $BUNDLE c1"
		assert_status 125
		assert_contains "$stderr" 'linux.resources.pids.limit: make cgroup /sys/fs/cgroup'
		assert_contains "$stderr" 'use --systemd-cgroup'
	done
}

# bats test_tags=kernel
@test "a container in the cgroup of a batch job sees the limit of the job, which stands above" {
	config 'del(.linux.resources) | .linux.namespaces += [{type: "cgroup"}] | .mounts |= map(select(.destination != "/sys/fs/cgroup"))
		+ [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"]}]'
	program sh -c 'cat /sys/fs/cgroup/memory.max; echo 1 >/sys/fs/cgroup/memory.max'
	systemctl set-property --runtime urunjob.slice MemoryMax=300M
	observe systemd-run --quiet --wait --pipe --collect --slice urunjob.slice -p User=ci -p MemoryAccounting=yes \
		"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null
	systemctl stop urunjob.slice
	assert_status 1
	assert_output 314572800
}

# busybox's crond starts its jobs at the next full minute.
@test "cron starts a container, and enters a container of a login session" {
	local tables=$BATS_TEST_TMPDIR/tables cron
	run_from login
	mkdir "$tables"
	jq '.process.args = ["sed", "-n", "s/^0:://p", "/proc/self/cgroup"]' "$BUNDLE/config.json" >"$BUNDLE/c2.json"
	cat >"$WORK/job" <<-END
		exec >$WORK/log 2>&1
		$URUN --root $STATE exec c1 sed -n s/^0:://p /proc/self/cgroup
		$URUN --root $STATE --systemd-cgroup run --bundle $BUNDLE --config $BUNDLE/c2.json c2
		mv $WORK/log $WORK/done
	END
	echo "* * * * * test -e $WORK/done || sh $WORK/job" >"$tables/ci"
	busybox crond -f -c "$tables" >/dev/null 2>&1 </dev/null 3>&- 4>&- &
	cron=$!
	wait_for 100 test -e "$WORK/done" || fail "$(cat "$WORK/log")"
	kill "$cron"
	wait_status "$cron"
	output=$(cat "$WORK/done")
	assert_lines "$CGROUP" "$MANAGER/user.slice/urun-c2.scope"
}
