#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# urun as the runtime of Slurm's containers, with contrib/slurm/oci.conf: a controller and two nodes, whose user ci has no login session
# in the job, but a systemd of its own beside it.  Run in the machine as root.
load ../integration/lib.bash
load slurm.bash

IMAGE=/srv/images/busybox
CONF=$BATS_TEST_DIRNAME/../../contrib/slurm/oci.conf
STATES=/run/user/1000/urun

# In emulation the tests take too long for the times that Slurm gives its daemons.
is_native() {
	[ "$(stat -f -c %T /)" = overlayfs ]
}

setup_file() {
	command -v slurmctld >/dev/null || skip "slurm isn't installed"
	umask 022
	slurm_configure "$CONF"
	is_native || slurm_constrain_memory
	slurm_start
	# A bundle that all users share and none can write to: each has the ids of their own.
	bundle_rootfs "$IMAGE/rootfs"
	as_ci "mkdir -p spec && cd spec && $URUN spec --rootless --bundle . >/dev/null && cat config.json" |
		jq '.process.terminal = false | .root.readonly = true | .root.path = "rootfs"
			| del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))' >"$IMAGE/config.json"
	# Its minute passes while the other tests run.
	! is_native || as_ci "sbatch --parsable --time 1 --output limit.out --container $IMAGE --wrap 'sleep 1000'" >"$BATS_FILE_TMPDIR/limited"
}

teardown_file() {
	! command -v slurmctld >/dev/null || slurm_stop
}

setup() {
	command -v slurmctld >/dev/null || skip "slurm isn't installed"
	is_native || [[ $BATS_TEST_DESCRIPTION = *memory\ limit* ]] || skip "takes too long in emulation"
	rm -f /home/ci/*.out
}

# in_job ARG…: observes srun in a container, as ci.
in_job() {
	local words
	words=$(printf ' %q' "$@")
	observe as_ci "srun --quiet --container $IMAGE$words"
}

# lib.bash's looks at what the tests of one user leave.
teardown() {
	:
}

job_is() {
	[ "$(scontrol --oneliner show job "$1" | sed -n 's/.* JobState=\([A-Z]*\) .*/\1/p')" = "$2" ]
}

# nothing_left ID: no container of the job, no process, no directory.
nothing_left() {
	[ -z "$(find "$STATES" -mindepth 1 -maxdepth 1 -name "*.$1.*")" ] && ! pgrep -f "run --bundle.*\.ci\.$1\." >/dev/null
}

@test "srun runs a program in a container of the user's, with Slurm's variables, output and exit status" {
	# Slurm 22.05 doesn't give a container the variables of the task, such as SLURM_PROCID.
	in_job -N1 sh -c 'id -u; echo "$SLURM_JOB_ID $SLURM_NTASKS $SLURM_NODELIST"; exit 7'
	assert_status 7
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^[0-9]+\ 1\ n[12]$ ]] || fail "$output"
	in_job -N1 no-such-program
	assert_status 127
	observe as_ci "echo from stdin | srun --quiet -N1 --container $IMAGE cat"
	assert_output 'from stdin'
	[ -z "$(find "$STATES" -mindepth 1 -name '*.ci.*' ! -name "*.$(cat "$BATS_FILE_TMPDIR/limited").*" -maxdepth 1)" ]
}

@test "the container is in the job's cgroup, though the user has a systemd beside it" {
	local outside
	outside=$(as_ci "srun --quiet -w n1 sed -n s/^0:://p /proc/self/cgroup")
	[[ $outside = *slurm* ]]
	in_job -w n1 sh -c 'sed -n s/^0:://p /proc/self/cgroup'
	# Where the job's cgroup is the root of a cgroup namespace, the container sees "/".
	[ "$output" = "$outside" ] || [ "$output" = / ] || fail "$output, not $outside"
	# A limit that needs a cgroup of the container's own doesn't take it out of the job either.
	observe as_ci "srun --quiet -w n1 sh -c 'XDG_RUNTIME_DIR=/run/user/1000 $URUN run --rootfs $IMAGE/rootfs --read-only --network none --pids-limit 9 -- true 2>&1; echo \$?'"
	assert_contains "$output" '--pids-limit: make cgroup /sys/fs/cgroup/system.slice'
	[ "${lines[-1]}" = 125 ]
}

@test "sbatch runs the script in the container, and a step of a job outside does too" {
	observe as_ci "sbatch --quiet --wait -N1 --output batch.out --container $IMAGE --wrap 'echo \$SLURM_JOB_ID; id -u; exit 3'; echo \$?; cat batch.out"
	[ "${lines[0]}" = 3 ]
	[[ ${lines[1]} =~ ^[0-9]+$ ]]
	[ "${lines[2]}" = 0 ]
	[ "${#lines[@]}" = 3 ] || fail "$output"
	observe as_ci "sbatch --quiet --wait -N1 --output step.out --wrap 'srun --quiet --container $IMAGE sh -c \"id -u; exit 5\"'; echo \$?; cat step.out"
	[ "${lines[0]}" = 5 ]
	[ "${lines[1]}" = 0 ]
}

@test "each of an array of twenty jobs has its container" {
	printf '#!/bin/sh\necho "$SLURM_ARRAY_TASK_ID in $(id -u)"\n' >/home/ci/array.sh
	observe as_ci "sbatch --quiet --wait --array 1-20 --output array-%a.out --container $IMAGE array.sh; echo \$?; cat array-*.out | sort -n"
	assert_output "0
$(printf '%d in 0\n' {1..20})"
}

@test "a step on two nodes has two containers, which share nothing" {
	in_job -N2 sh -c 'echo "$SLURM_NTASKS"; echo x >>/dev/shm/x; sleep 0.3; wc -l </dev/shm/x'
	assert_status 0
	[ "$(sort <<<"$output" | tr '\n' ' ')" = '1 1 2 2 ' ] || fail "$output"
}

@test "with --share the tasks of a step share memory and processes, and nothing is left of the namespaces" {
	sed "s#urun --rootless#$URUN --rootless#; /^RunTimeRun=/d; s/^#RunTimeRun=/RunTimeRun=/" "$CONF" >/etc/slurm/oci.conf
	in_job -N2 sh -c 'echo x >>/dev/shm/x; i=0; until [ "$(wc -l </dev/shm/x)" = 2 ] || [ $((i += 1)) = 100 ]; do sleep 0.1; done; wc -l </dev/shm/x; readlink /proc/self/ns/pid'
	sed "s#urun --rootless#$URUN --rootless#" "$CONF" >/etc/slurm/oci.conf
	assert_status 0
	[ "$(sort <<<"$output" | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" = '2 2 ' ] || fail "$output"
	[ -z "$(pgrep -x urun:hold)" ]
	[ -z "$(find "$STATES" -maxdepth 1 -name '.share=*')" ]
}

@test "scancel ends a container, also one that ignores SIGTERM, and leaves nothing" {
	local job
	job=$(as_ci "sbatch --parsable -N1 --output cancel.out --container $IMAGE --wrap 'trap : TERM; echo up; while :; do sleep 1; done'")
	wait_for 20 grep -qsx up /home/ci/cancel.out
	as_ci "$URUN list --quiet" | grep -q "\.ci\.$job\."
	as_ci "scancel $job"
	wait_for 60 job_is "$job" CANCELLED
	wait_for 60 nothing_left_of "$job"
	scontrol --oneliner show job "$job" | grep -q 'ExitCode=0:'
}

# What is left of a killed run goes with the next command.
nothing_left_of() {
	as_ci "$URUN list --quiet" >/dev/null && nothing_left "$1"
}

@test "scancel --signal KILL ends srun and the container" {
	local pid job
	as_ci "exec srun --quiet --job-name=mine -N1 --container $IMAGE sleep 1000" >"$BATS_TEST_TMPDIR/srun" 2>&1 &
	pid=$!
	wait_for 20 sh -c 'squeue --noheader --name mine --format %T | grep -q RUNNING && pgrep -f "sleep 1000" >/dev/null'
	job=$(squeue --noheader --name mine --format %i)
	as_ci "scancel --signal KILL $job"
	wait_for 60 sh -c '! kill -0 "$1" 2>/dev/null' sh "$pid"
	wait_for 60 nothing_left_of "$job"
}

@test "a time limit ends the container, and leaves nothing" {
	local job
	job=$(cat "$BATS_FILE_TMPDIR/limited")
	wait_for 150 job_is "$job" TIMEOUT
	wait_for 60 nothing_left_of "$job"
	[ -z "$(as_ci "$URUN list --quiet")" ]
}

# bats test_tags=kernel
@test "the memory limit of a job holds in the container, and is seen there though it stands above the task's cgroup" {
	mkdir -p /srv/images/limited
	# Slurm takes the directory rootfs, whatever the config says.
	ln -s "$IMAGE/rootfs" /srv/images/limited/rootfs
	jq '.linux.namespaces += [{type: "cgroup"}]
		| .mounts |= map(select(.destination | startswith("/sys") | not)) + [
			{destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]},
			{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "nodev", "noexec"]}]' \
		"$IMAGE/config.json" >/srv/images/limited/config.json
	observe as_ci "srun --quiet -w n1 --mem 100M --container /srv/images/limited cat /sys/fs/cgroup/memory.max"
	assert_status 0
	assert_output 104857600
	observe as_ci "srun --quiet -w n1 --mem 100M --container /srv/images/limited tail /dev/zero"
	[ "$status" != 0 ]
	assert_contains "$stderr" oom-kill
}
