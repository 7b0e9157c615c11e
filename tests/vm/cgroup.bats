#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits and other uses of a cgroup, as user ci of the guest: cgroup version 2, delegated controllers, systemd.
# bats file_tags=kernel
load ../integration/lib.bash

OWN=$(cut -d: -f3 /proc/self/cgroup)

# XDG_RUNTIME_DIR stays the session's, which has the user's bus; only the state root is the test's own.
eval "common_$(declare -f setup)"
setup() {
	local session=$XDG_RUNTIME_DIR
	common_setup
	export XDG_RUNTIME_DIR=$session
}

# limited JSON: sets the config's linux.resources.
limited() {
	config ".linux.resources = $1"
}

# started [GLOBAL-OPTION…]: starts a container c1 that does nothing; $CGROUP is its cgroup's directory.
started() {
	sh_program 'while :; do sleep 0.1; done'
	urun "$@" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	CGROUP=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(urun state c1 | jq .pid)/cgroup")
}

ended() {
	urun delete --force c1
	[ ! -e "$CGROUP" ]
}

# in_unit: runs the script on stdin in a delegated unit of its own, in a cgroup below the unit's, as engines do.
in_unit() {
	{
		echo 'OWN=$(cut -d: -f3 /proc/self/cgroup); mkdir "/sys/fs/cgroup$OWN/caller"; echo $$ >"/sys/fs/cgroup$OWN/caller/cgroup.procs"'
		cat
	} >"$BATS_TEST_TMPDIR/script"
	observe timeout 60 systemd-run --user --quiet --wait --pipe --collect -p Delegate=yes --setenv=URUN="$URUN" --setenv=STATE="$STATE" \
		--setenv=BUNDLE="$BUNDLE" bash -e "$BATS_TEST_TMPDIR/script" </dev/null
}

@test "--systemd-cgroup sets the limits in the cgroup of a scope that systemd makes" {
	limited '{memory: {limit: 40960000, swap: 81920000, reservation: 20480000}, cpu: {shares: 1024, quota: 50000, period: 100000}, pids: {limit: 20}, blockIO: {weight: 500}}'
	config '.linux.resources.cpu.cpus = "0"'
	started --systemd-cgroup
	assert_contains "$CGROUP" urun-c1.scope
	[ "$(cat "$CGROUP/memory.max" "$CGROUP/memory.swap.max" "$CGROUP/memory.low" "$CGROUP/cpu.weight" "$CGROUP/cpu.max" "$CGROUP/pids.max" "$CGROUP/cpuset.cpus")" \
		= $'40960000\n40960000\n20480000\n100\n50000 100000\n20\n0' ]
	systemctl --user show urun-c1.scope -p MemoryMax | grep -qx MemoryMax=40960000
	ended
	! systemctl --user list-units --all --plain | grep -q urun-c1.scope
}

@test "without an option urun uses systemd for a limit, and makes the cgroup itself without a limit" {
	limited '{pids: {limit: 20}}'
	started
	assert_contains "$CGROUP" urun-c1.scope
	ended
	config 'del(.linux.resources)'
	started
	[ "$CGROUP" = "/sys/fs/cgroup$OWN/urun-c1" ]
	ended
}

@test "cgroupsPath gives slice, prefix and name as engines do, and annotations give properties" {
	config '.linux.cgroupsPath = "app.slice:mine:x1" | .annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000"}'
	started --systemd-cgroup
	assert_contains "$CGROUP" /app.slice/mine-x1.scope
	systemctl --user show mine-x1.scope -p TimeoutStopUSec | grep -qx TimeoutStopUSec=7s
	ended
}

@test "a scope that exists already and an unknown property are errors, and leave nothing" {
	limited '{pids: {limit: 20}}'
	started --systemd-cgroup
	try --systemd-cgroup --root "$BATS_TEST_TMPDIR/other" run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line urun-c1.scope
	ended
	config '.annotations = {"org.systemd.property.NoSuchThing": "true"}'
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line NoSuchThing
}

@test "the limits of processes and memory hold" {
	limited '{pids: {limit: 5}}'
	sh_program 'for i in 1 2 3 4 5 6 7 8; do sleep 5 & done 2>/tmp/err; true'
	try run --bundle "$BUNDLE" c1
	assert_contains "$stderr$(cat "$BUNDLE/rootfs/tmp/err")" "can't fork"
	limited '{memory: {limit: 8000000, swap: 8000000}}'
	program /bin/sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1'
	try run --bundle "$BUNDLE" c1
	assert_status 137
}

@test "pause stops a container, resume continues it, and exec and delete refuse a paused one" {
	started
	try pause c1
	assert_status 0
	is_status c1 paused
	grep -qx 'frozen 1' "$CGROUP/cgroup.events"
	try exec c1 true
	assert_status 255
	assert_one_line paused --ignore-paused
	try delete c1
	assert_status 1
	assert_one_line paused
	try resume c1
	assert_status 0
	is_status c1 running
	try resume c1
	assert_status 1
	assert_one_line 'is not paused'
	urun pause c1
	ended
}

@test "stop resumes a paused container, whose program then ends by the signal" {
	local init
	for init in true false; do
		rm -f "$BUNDLE/rootfs/runs"
		urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 --init=$init \
			sh -c 'trap "exit 3" TERM; echo >/runs; while :; do sleep 0.05; done' </dev/null >/dev/null
		wait_for 10 test -e "$BUNDLE/rootfs/runs"
		urun pause c1
		urun stop c1
		[ "$(urun wait c1)" = 3 ]
		urun delete c1
	done
}

@test "without a pid namespace, what the program leaves behind is found by the cgroup, and sent SIGTERM by stop" {
	urun run --detach --rootfs "$BUNDLE/rootfs" --network none --name c1 --pid host \
		sh -c '(trap "echo saved >/saved; exit" TERM; echo >/runs; while :; do sleep 0.05; done) & exec sleep 60' </dev/null >/dev/null
	wait_for 10 test -e "$BUNDLE/rootfs/runs"
	urun stop c1
	[ "$(cat "$BUNDLE/rootfs/saved")" = saved ]
	urun delete c1
}

@test "exec is in the container's cgroup, or in the cgroup below it that --cgroup names" {
	config '.linux.namespaces += [{"type": "cgroup"}]'
	started
	try exec c1 cat /proc/self/cgroup
	assert_output 0::/
	mkdir "$CGROUP/below"
	try exec --cgroup below c1 cat /proc/self/cgroup
	assert_output 0::/below
	try exec --cgroup nosuch c1 true
	assert_status 255
	assert_one_line --cgroup nosuch
	ended
}

@test "ps lists the container's processes and no others" {
	started
	urun exec --detach --pid-file "$BATS_TEST_TMPDIR/exec-pid" c1 sleep 100 </dev/null >/dev/null 2>&1
	try ps --format json c1
	assert_status 0
	jq -e --argjson init "$(urun state c1 | jq .pid)" --argjson exec "$(cat "$BATS_TEST_TMPDIR/exec-pid")" \
		'index($init) != null and index($exec) != null' <<<"$output"
	try ps c1
	assert_status 0
	assert_contains "${lines[0]}" PID
	assert_contains "$output" 'sleep 100'
	refute_contains "$output" bats
	try ps c1 -o pid,comm
	assert_contains "$output" sleep
	ended
}

@test "update changes the given limits and keeps the others" {
	limited '{memory: {limit: 40960000, swap: 81920000}, pids: {limit: 20}}'
	started
	try update --memory 50000k --pids-limit -1 c1
	assert_status 0
	[ "$(cat "$CGROUP/memory.max" "$CGROUP/memory.swap.max" "$CGROUP/pids.max")" = $'51200000\n30720000\nmax' ]
	echo '{"cpu": {"quota": 20000}}' >"$BATS_TEST_TMPDIR/resources.json"
	try update --resources "$BATS_TEST_TMPDIR/resources.json" c1
	assert_status 0
	[ "$(cat "$CGROUP/cpu.max")" = '20000 100000' ]
	try update --resources - c1 <<<'{"pids": {"limit": 33}, "unified": {"memory.high": "30720000"}}'
	[ "$(cat "$CGROUP/pids.max" "$CGROUP/memory.high")" = $'33\n30720000' ]
	try update c1
	assert_status 1
	try update --memory lots c1
	assert_status 1
	assert_one_line --memory lots
	try update --memory 1 --resources "$BATS_TEST_TMPDIR/none" c1
	assert_status 1
	ended
}

@test "events prints what is used, and when the kernel kills for lack of memory" {
	limited '{memory: {limit: 20480000, swap: 20480000}, pids: {limit: 20}}'
	started
	try events --stats c1
	assert_status 0
	jq -e '.type == "stats" and .id == "c1" and .data.pids.limit == 20 and .data.memory.usage.limit == 20480000 and .data.cpu.usage.total > 0' <<<"$output"
	timeout 60 "$URUN" --root "$STATE" events --interval 1s c1 >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	local pid=$!
	wait_for 20 grep -q stats "$BATS_TEST_TMPDIR/events"
	try exec c1 dd if=/dev/zero of=/dev/null bs=64M count=1
	assert_status 137
	wait_for 20 grep -q '"oom"' "$BATS_TEST_TMPDIR/events"
	ended
	wait_status "$pid"
	assert_status 0
}

@test "kill --all kills the processes that init left behind in a shared pid namespace" {
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
	sh_program 'sleep 1000 & echo $!'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&-
	wait_for 10 is_status c1 stopped
	local pid
	pid=$(cat "$BATS_TEST_TMPDIR/out")
	kill -0 "$pid"
	try kill --all c1 KILL
	assert_status 0
	wait_for 5 eval "! kill -0 $pid"
	urun delete c1
}

@test "delete ends the processes that are left in the cgroup" {
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
	sh_program 'sleep 1000 & echo $!'
	urun run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&-
	wait_for 10 is_status c1 stopped
	urun delete c1
	wait_for 5 eval "! kill -0 $(cat "$BATS_TEST_TMPDIR/out")"
}

# There are more levels than descriptors, and the path is longer than the kernel accepts or prints.  The last level has a process, in a
# cgroup whose name begins with a dot and whose owner, the container's root, has removed all permissions.
@test "a container with very deeply nested cgroups is listed, killed and deleted" {
	config '.linux.namespaces += [{"type": "cgroup"}] | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]'
	sh_program 'cd /sys/fs/cgroup && i=0; while [ $i -lt 1200 ]; do mkdir abcd && cd -P abcd || exit; i=$((i+1)); done
		mkdir .last; sleep 1000 & echo $! >.last/cgroup.procs; chmod 0 .last; cd /; echo >/nested; while :; do sleep 0.1; done'
	"$URUN" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	CGROUP=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(urun state c1 | jq .pid)/cgroup")
	wait_for 300 test -e "$BUNDLE/rootfs/nested"
	grep -qx 'nr_descendants 1201' "$CGROUP/cgroup.stat"
	urun ps c1 -o pid,args | grep ' sleep 1000$'
	try kill --all c1 TERM
	assert_status 0
	wait_for 20 eval '! "$URUN" --root "$STATE" ps c1 -o pid,args | grep " sleep 1000$"'
	ended
}

# CAP_CHOWN in the user namespace works for all ids of the container, and the caller is only one of them.
@test "a container that gave its cgroups to another of its ids is deleted all the same" {
	config '.linux.namespaces += [{"type": "cgroup"}] | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]
		| .process.capabilities |= with_entries(.value = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"])'
	sh_program 'cd /sys/fs/cgroup && mkdir -p a/b && chmod 0 a/b a cgroup.kill . && chown 1000:1000 a/b a cgroup.kill . && echo >/given; while :; do sleep 0.1; done'
	"$URUN" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
	CGROUP=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(urun state c1 | jq .pid)/cgroup")
	wait_for 60 test -e "$BUNDLE/rootfs/given"
	[ ! -x "$CGROUP" ]
	ended
}

@test "the error for a controller that isn't delegated names it, and the drop-in that delegates it" {
	limited '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	try --cgroup-manager cgroupfs run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line hugepageLimits '`hugetlb`' delegate.conf
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line hugepageLimits '`hugetlb`' delegate.conf
}

@test "the error for limits in a cgroup with processes of its own names the options that help" {
	limited '{pids: {limit: 20}}'
	try --cgroup-manager cgroupfs run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line pids.limit --systemd-cgroup
}

@test "urun makes the cgroup itself in a delegated unit whose processes are in a cgroup below" {
	limited '{pids: {limit: 20}, memory: {limit: 40960000}}'
	program /bin/sleep 100
	in_unit <<-'END'
		"$URUN" --root "$STATE" run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
		cat "/sys/fs/cgroup$OWN/urun-c1/pids.max" "/sys/fs/cgroup$OWN/urun-c1/memory.max"
		"$URUN" --root "$STATE" delete --force c1
		ls -d "/sys/fs/cgroup$OWN"/urun* 2>/dev/null || echo gone
	END
	assert_output $'20\n40960000\ngone'
	in_unit <<-'END'
		jq --arg path "$OWN/a/b" '.linux.cgroupsPath = $path' "$BUNDLE/config.json" >"$BUNDLE/other.json"
		"$URUN" --root "$STATE" --cgroup-manager cgroupfs run --detach --bundle "$BUNDLE" --config "$BUNDLE/other.json" c1 </dev/null >/dev/null 2>&1
		cat "/sys/fs/cgroup$OWN/a/b/pids.max"
		"$URUN" --root "$STATE" delete --force c1
		ls -d "/sys/fs/cgroup$OWN/a" 2>/dev/null || echo gone
	END
	assert_output $'20\ngone'
}

@test "a cgroup path of another user is an error, but not with --rootless=true and without limits" {
	config '.linux.cgroupsPath = "/elsewhere"'
	try --cgroup-manager cgroupfs run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line cgroupsPath /elsewhere
	try --rootless=true --cgroup-manager cgroupfs run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "--cgroup-manager disabled makes no cgroup, and refuses limits" {
	started --cgroup-manager disabled
	[ "$CGROUP" = "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)" ]
	try pause c1
	assert_status 1
	assert_one_line 'no cgroup'
	urun delete --force c1
	limited '{pids: {limit: 20}}'
	try --cgroup-manager disabled run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line pids.limit disabled
}

@test "without a user bus limits are an error with the fix, and a container without limits runs" {
	# The address leads nowhere; without an address urun would find the bus of the lingering user.
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime DBUS_SESSION_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/no-bus
	limited '{pids: {limit: 20}}'
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line enable-linger
	config 'del(.linux.resources)'
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "a scope that systemd refuses is an error with its words; with --rootless true a container without limits runs" {
	config '.linux.cgroupsPath = "no slice:urun:c1" | del(.linux.resources)'
	program true
	try --systemd-cgroup run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line "start urun-c1.scope: invalid unit name 'no slice'"
	try --systemd-cgroup --rootless true run --bundle "$BUNDLE" c1
	assert_status 0
	assert_contains "$stderr" 'urun: warning: the container has no cgroup of its own: '
	config '.linux.resources.pids.limit = 20'
	try --systemd-cgroup --rootless true run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line "invalid unit name 'no slice'"
}

no_program_left() {
	! pgrep -u "$UID" -f 'while :; do sleep 0.1; done' >/dev/null
}

@test "the next run of an id removes the cgroup that a killed creator left behind" {
	limited '{pids: {limit: 20}}'
	sh_program 'while :; do sleep 0.1; done'
	"$URUN" --root "$STATE" run --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	wait_for 20 is_status c1 running
	kill -KILL "$pid"
	wait_status "$pid"
	# No command looks at the container in between: it would remove what is left.
	wait_for 10 no_program_left
	program /bin/true
	try run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "check names every controller that isn't delegated" {
	limited '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}], rdma: {mlx: {hcaHandles: 3}}, memory: {limit: 67108864}}'
	local manager
	for manager in systemd cgroupfs; do
		try --cgroup-manager "$manager" check "$BUNDLE"
		assert_status 1
		assert_contains "$output" 'linux.resources.hugepageLimits: the cgroup controller `hugetlb` is not available'
		assert_contains "$output" 'linux.resources.rdma: the cgroup controller `rdma` is not available'
		assert_contains "$output" delegate.conf
	done
	limited '{memory: {limit: 67108864}, pids: {limit: 20}}'
	try --systemd-cgroup check "$BUNDLE"
	assert_status 0
}

@test "stats prints the limit, and the use that the cgroup counts" {
	limited '{memory: {limit: 67108864}}'
	started
	try stats --no-stream c1
	assert_status 0
	assert_contains "$output" ' 64.0MiB '
	[[ ${lines[1]} =~ ^c1\ +[0-9.]+%\ +[0-9.]+[KM]iB\ +64.0MiB\ +[0-9]+\ +[0-9.]+s$ ]] || fail "$output"
	ended
}

# doctor_row NAME: prints the row's state and value.
doctor_row() {
	jq -r --arg name "$1" '.rows[] | select(.name == $name) | .state + " " + .value' <<<"$output"
}

@test "doctor reports the controllers, the user's systemd, lingering and podman's configuration" {
	observe "$URUN" doctor --json
	assert_status 0
	[ "$(doctor_row 'cgroup version')" = 'ok 2' ]
	[ "$(doctor_row 'cgroup controllers for limits')" = 'ok cpuset cpu io memory pids' ]
	[ "$(doctor_row "the user's systemd")" = 'ok its bus is available' ]
	[ "$(doctor_row linger)" = 'ok on' ]
	[ "$(doctor_row XDG_RUNTIME_DIR)" = "ok $XDG_RUNTIME_DIR" ]
	assert_contains "$(doctor_row "podman's runtime urun")" warning
	mkdir -p "$BATS_TEST_TMPDIR/config/containers/containers.conf.d"
	echo 'urun = ["/usr/bin/urun"]' >"$BATS_TEST_TMPDIR/config/containers/containers.conf.d/a.conf"
	XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config observe "$URUN" doctor --json
	[ "$(doctor_row "podman's runtime urun")" = "ok configured in $BATS_TEST_TMPDIR/config/containers/containers.conf.d/a.conf" ]
}

# --- systemd/urun@.service ------------------------------------------------------------------------------------------------

# unit_of_bundle: starts the bundle as the user's unit urun@c1, as an installed urun would have it.
unit_of_bundle() {
	mkdir -p "$HOME/containers" "$HOME/.config/systemd/user"
	ln -sfn "$BUNDLE" "$HOME/containers/c1"
	sed "s|@bindir@/urun|$URUN|" "$BATS_TEST_DIRNAME/../../systemd/urun@.service.in" >"$HOME/.config/systemd/user/urun@.service"
	systemctl --user daemon-reload
	systemctl --user start urun@c1
	wait_for 20 unit_runs
}

unit_runs() {
	[ "$("$URUN" state c1 | jq -r .status)" = running ] && [ -e "$BUNDLE/rootfs/runs" ]
}

unit_runs_anew() {
	[ "$(unit_says NRestarts)" = 1 ] && unit_runs
}

unit_says() {
	systemctl --user show -P "$1" urun@c1
}

cgroup_in_unit() {
	echo "/sys/fs/cgroup$(cut -d: -f3 "/proc/$("$URUN" state c1 | jq .pid)/cgroup")"
}

@test "the unit of a bundle starts and stops the container, restarts it when urun was killed, and leaves nothing" {
	local main
	sh_program 'trap "exit 0" TERM; echo >/runs; while :; do sleep 0.1; done'
	unit_of_bundle
	assert_contains "$(cgroup_in_unit)" /urun@c1.service/
	systemctl --user stop urun@c1
	[ "$(unit_says Result)" = success ]
	[ -z "$("$URUN" list -q)" ]
	rm "$BUNDLE/rootfs/runs"
	systemctl --user start urun@c1
	wait_for 20 unit_runs
	main=$(unit_says MainPID)
	[ "$main" -gt 1 ]
	rm "$BUNDLE/rootfs/runs"
	kill -KILL "$main"
	wait_for 20 unit_runs_anew
	[ "$(unit_says MainPID)" != "$main" ]
	systemctl --user stop urun@c1
	[ "$(unit_says Result)" = success ]
	# systemd makes this slice for all units of the template.
	systemctl --user stop app-urun.slice
	rm -r "$HOME/.config/systemd/user/urun@.service" "$HOME/containers"
	systemctl --user daemon-reload
}

# oom_of ID: prints how its program ended.
oom_of() {
	urun state "$1" | jq -r '[.exitStatus, .signal, .oomKilled] | map(tostring) | join(" ")'
}

@test "the unit of a bundle whose program has no handler stops at once, and isn't failed" {
	local start
	sh_program 'echo >/runs; exec sleep 1000'
	unit_of_bundle
	start=$SECONDS
	systemctl --user stop urun@c1
	[ $((SECONDS - start)) -lt 8 ]
	[ "$(unit_says ActiveState)" = inactive ]
	[ "$(unit_says Result)" = success ]
	[ -z "$("$URUN" list -q)" ]
	systemctl --user stop app-urun.slice
	rm -r "$HOME/.config/systemd/user/urun@.service" "$HOME/containers"
	systemctl --user daemon-reload
}

# ends_without_memory ARG…: runs the container c1, which the kernel kills, and removes it.
ends_without_memory() {
	try "$@"
	try wait c1
	assert_output 137
	observe oom_of c1
	assert_output '137 9 true'
	urun rm c1
}

@test "state tells that the kernel killed the program for lack of memory: in the foreground, detached, and in a scope of systemd" {
	local global
	limited '{memory: {limit: 8000000, swap: 8000000}}'
	program /bin/sh -c 'exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	ends_without_memory run --keep --bundle "$BUNDLE" c1
	for global in '' --systemd-cgroup; do
		# shellcheck disable=SC2086 # no option, or one
		ends_without_memory $global run --detach --init=false --memory 8m --network none --rootfs "$BUNDLE/rootfs" --name c1 dd if=/dev/zero of=/dev/null bs=64M count=1
		# shellcheck disable=SC2086
		urun $global run --detach --memory 64m --network none --rootfs "$BUNDLE/rootfs" --name c1 sh -c 'kill -9 $$'
		urun wait c1
		observe oom_of c1
		assert_output '137 9 false'
		urun rm c1
	done
}
