#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command lines of contrib/slurm, as Slurm gives them to a shell: with its patterns replaced.  Slurm itself runs those of 22.05 in
# tests/vm/root-slurm.bats.
# Source: oci.conf(5) of Slurm 23.02, "OCI Pattern".
load lib.bash

CONTRIB=$BATS_TEST_DIRNAME/../../contrib/slurm

# conf_lines FILE NAME: the values of the parameter, also of lines that are commented out.
conf_lines() {
	sed -n "s/^#\\?$2=\"\(.*\)\"\$/\1/p" "$CONTRIB/$1"
}

# as_slurm FILE LINE: runs a line, each pattern replaced, with the environment that the file leaves.
as_slurm() {
	local line=$2 excluded variables=()
	excluded=$(conf_lines "$1" RunTimeEnvExclude)
	line=${line//%b/$BUNDLE} line=${line//%n/node1} line=${line//%j/17} line=${line//%s/0} line=${line//%t/0}
	line=${line//%U/$(id -u)} line=${line//%u/$(id -un)}
	[[ $line != *%* ]] || fail "a pattern that Slurm doesn't document: $line"
	line=${line//urun --rootless/"$URUN --root $STATE --rootless"}
	mapfile -t variables < <(printf '%s\n' SLURM_JOB_ID=17 SLURM_CONF=/etc/slurm/slurm.conf XDG_RUNTIME_DIR=/nowhere | grep -Ev "${excluded:-^\$}")
	observe env -u XDG_RUNTIME_DIR "${variables[@]}" /bin/sh -c "$line"
}

slurm_runs() {
	local conf=$1 run
	while IFS= read -r run; do
		sh_program 'echo ran; exit 3'
		as_slurm "$conf" "$run"
		assert_status 3
		assert_output ran
	done < <(conf_lines "$conf" RunTimeRun)
	[ "$(conf_lines "$conf" RunTimeRun | wc -l)" = 2 ]
	as_slurm "$conf" "$(conf_lines "$conf" RunTimeQuery)"
	assert_status 0
	assert_output '{}'
	program sleep 1000
	as_slurm "$conf" "$(conf_lines "$conf" RunTimeRun | head -n 1) </dev/null >/dev/null 2>&1 3>&- 4>&- &"
	wait_for 5 slurm_sees_it_running "$conf"
	as_slurm "$conf" "$(conf_lines "$conf" RunTimeKill) KILL"
	assert_status 0
	as_slurm "$conf" "$(conf_lines "$conf" RunTimeDelete)"
	assert_status 0
	assert_output ''
	as_slurm "$conf" "$(conf_lines "$conf" RunTimeQuery)"
	assert_output '{}'
}

slurm_sees_it_running() {
	as_slurm "$1" "$(conf_lines "$1" RunTimeQuery)"
	[ "$(jq -r .status <<<"$output")" = running ]
}

@test "the lines for Slurm 22.05 run, find, kill and remove a container" {
	slurm_runs oci.conf
}

@test "the lines for Slurm 23.02 run, find, kill and remove a container" {
	slurm_runs oci-23.02.conf
}

@test "the lines for Slurm 23.02 keep the node's configuration and the session out of the environment" {
	local excluded
	excluded=$(conf_lines oci-23.02.conf EnvExclude)
	[ "$(printf '%s\n' SLURM_CONF=/x SLURM_CONF_SERVER=x SLURM_JOB_ID=1 XDG_RUNTIME_DIR=/x | grep -Ev "$excluded" | tr '\n' ' ')" = 'SLURM_JOB_ID=1 XDG_RUNTIME_DIR=/x ' ]
	excluded=$(conf_lines oci-23.02.conf RunTimeEnvExclude)
	[ "$(printf '%s\n' SLURM_CONF=/x SLURM_CONF_SERVER=x SLURM_JOB_ID=1 XDG_RUNTIME_DIR=/x | grep -Ev "$excluded")" = SLURM_JOB_ID=1 ]
}
