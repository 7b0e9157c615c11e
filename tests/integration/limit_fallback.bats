#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits on a host that delegates no cgroup: an error that names the way, and with --limit-fallback limits of each process.
load lib.bash

# Skips the test where a cgroup is delegated: there the limits are the kernel's.
not_delegated() {
	local own
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	if [ -w "/sys/fs/cgroup$own/cgroup.procs" ]; then skip "a cgroup is delegated to this user"; fi
}

@test "the error of a limit names the option, but not for a limit that has no fallback" {
	not_delegated
	local limit
	for limit in '--memory 64m' '--cpus 1' '--pids-limit 20' '--memory 64m --cpus 0.5'; do
		# shellcheck disable=SC2086
		by_options $limit true
		assert_status 125
		assert_one_line "${limit%% *}: " '--limit-fallback=rlimit'
	done
	by_options --memory 64m --memory-reservation 32m true
	assert_status 125
	refute_contains "$stderr" --limit-fallback
	by_options --memory-reservation 32m --memory 64m --limit-fallback=rlimit true
	assert_status 125
	assert_contains "$stderr" '--memory-reservation: '
	by_options --limit-fallback=cgroup true
	assert_status 125
	assert_one_line '--limit-fallback cgroup: expected rlimit'
}

@test "with --limit-fallback the limits are those of each process, and a warning says so" {
	not_delegated
	by_options --limit-fallback=rlimit --memory 64m --cpus 0.5 --pids-limit 20 sh -c '
		grep -E "^Max (data size|processes)" /proc/self/limits | tr -s " " | cut -d" " -f1-5; grep Cpus_allowed_list: /proc/self/status'
	assert_status 0
	[[ $output = $'Max data size 67108864 67108864\nMax processes 20 20 processes\nCpus_allowed_list:\t'+([0-9]) ]] || fail "$output"
	output=
	assert_one_line 'warning: ' 'each process has 67108864 bytes of data' 'has 1 of the processors' 'has 20 processes'
	# More processors than there are is no limit, and no program runs in so few bytes.
	by_options --limit-fallback=rlimit --cpus 5000 true
	assert_one_line "processors aren't limited, as urun has no more than "
	by_options --limit-fallback=rlimit --memory 512 true
	assert_status 125
	assert_one_line 'urun: --memory 512: no program runs in 512 bytes (hint: did you mean 512m?)'
	# The warning names only the limits that were given.
	by_options --limit-fallback=rlimit --pids-limit 20 true
	refute_contains "$stderr" bytes
	by_options --limit-fallback=rlimit true
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
}

@test "a program that takes more memory or more processes than that fails" {
	not_delegated
	by_options --limit-fallback=rlimit --memory 32m sh -c 'dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null && echo small; dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null || echo large'
	assert_output $'small\nlarge'
	by_options --limit-fallback=rlimit --pids-limit 8 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.1 & done 2>/dev/null; wait; echo end'
	refute_contains "$output" end
}

@test "exec has the limits of the container, and so has a bundle with the annotation" {
	not_delegated
	detached c1 --limit-fallback=rlimit --memory 64m --cpus 1 sleep 60
	try exec c1 sh -c 'grep "^Max data" /proc/self/limits | tr -s " " | cut -d" " -f4; grep -h Cpus_allowed_list: /proc/1/status /proc/self/status | uniq | wc -l; grep Cpus_allowed_list: /proc/self/status'
	assert_status 0
	[[ $output = $'67108864\n1\nCpus_allowed_list:\t'+([0-9]) ]] || fail "$output"
	urun delete --force c1
	config '.linux.resources = {"pids": {"limit": 30}} | .annotations = {"org.urun.limit-fallback": "rlimit"}'
	in_container 'grep "^Max processes" /proc/self/limits | tr -s " " | cut -d" " -f3'
	assert_output 30
	config '.annotations = {"org.urun.limit-fallback": "yes"}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line "annotation org.urun.limit-fallback: must be rlimit, not 'yes'"
}
