#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Thousands of connections of one container: all are served, in bounded memory, and nothing of a connection stays after its end.
load lib.bash
load network.bash

# run_held COMMANDS: runs the container, whose program makes a file in /shared to say how far it is, and waits until the file is
# removed; the lines of shell are run meanwhile.
run_held() {
	outside "
		start_server $SERVICE"'
		urun run --bundle "$BUNDLE" --network slirp c1 & run=$!
		reached() { wait_for 40 test -e "$BUNDLE/shared/$1"; }
		go_on_from() { rm "$BUNDLE/shared/$1"; }
		'"$1"'
		wait $run
		stop_servers'
}

@test "ten thousand connections that were opened and closed leave no descriptor behind" {
	host_programs
	shared_directory
	program timeout 100 sh -c 'python3 /client.py --times 10000 192.0.2.1:7001=reset
		: >/shared/done
		while [ -e /shared/done ]; do sleep 0.05; done
		python3 /client.py 192.0.2.1:7001=text:again,all'
	SERVICE=192.0.2.1:7001=reply run_held '
		reached done
		sleep 0.5
		size=$(slirp_status FDSize)
		[ "$size" -le 512 ] || echo "$size descriptors"
		go_on_from done'
	assert_status 0
	assert_output 'echo again'
}

@test "hundreds of connections at a time are all served, in little memory that is given back" {
	host_programs
	shared_directory
	program timeout 100 sh -c 'wait_at() { : >"/shared/$1"; while [ -e "/shared/$1" ]; do sleep 0.02; done; }
		wait_at idle
		python3 /client.py --together --hold /shared/served --times 600 192.0.2.1:7001=text:x,expect:20000
		wait_at closed'
	SERVICE=192.0.2.1:7001=take:1,bytes:20000,end run_held '
		reached idle
		idle=$(slirp_status VmRSS)
		is_given_back() {
			local now
			now=$(slirp_status VmRSS)
			[ "${now% kB}" -le $((${idle% kB} + 4096)) ] || has_sanitizers
		}
		go_on_from idle
		reached served
		peak=$(slirp_status VmHWM)
		[ "${peak% kB}" -le 40960 ] || has_sanitizers || echo "$peak at the peak"
		go_on_from served
		reached closed
		wait_for 5 is_given_back || echo "$(slirp_status VmRSS) are kept"
		go_on_from closed'
	assert_status 0
	output=$(uniq -c <<<"$output")
	assert_output '    600 whole'
}

# libslirp keeps a buffer for what it has read for a connection, until the connection ends.
@test "hundreds of connections with large answers are served a few at a time, in little memory" {
	host_programs
	shared_directory
	# Each client has some work to do before it closes its connection.
	program timeout 100 sh -c 'python3 /client.py --together --in-order --times 400 192.0.2.1:7001=text:x,expect:200000,work:0.002,close
		: >/shared/served
		while [ -e /shared/served ]; do sleep 0.02; done'
	SERVICE=192.0.2.1:7001=take:1,bytes:200000,end run_held '
		reached served
		peak=$(slirp_status VmHWM)
		[ "${peak% kB}" -le 40960 ] || has_sanitizers || echo "$peak at the peak"
		go_on_from served'
	assert_status 0
	output=$(uniq -c <<<"$output")
	assert_output '    400 whole'
}
