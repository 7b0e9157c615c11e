#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# TCP streams between a container and the host's network: they arrive whole and without a stall, also for a slow reader, and a stream
# that a reset cut off doesn't look whole.
load lib.bash
load network.bash

# with_server SERVICE… -- LINES: runs the container while the host's server has these services.  The output is the container's, then
# so many results of the server, sorted.
with_server() {
	local before after
	split_at_dashes "$@"
	outside "
		start_server ${before[*]/#/192.0.2.1:}
		urun run --bundle \"\$BUNDLE\" --network slirp c1
		[ ${after[0]} = 0 ] || server_results ${after[0]}
		stop_servers"
}

# Hosts that read at once, slowly, later, after the end of their own stream, and that send at the same time.  The last client reads
# what its host sends only after its own stream.
uploads() {
	client 192.0.2.1:7001=send:64,shut,end 192.0.2.1:7002=send:64,shut,end 192.0.2.1:7003=send:64,shut,end 192.0.2.1:7004=send:64,shut,end \
		192.0.2.1:7005=exchange:64 192.0.2.1:7006=send:64,receive:64
}

upload() {
	with_server 7001=receive:64 7002=receive:64:0.004 7003=sleep:0.4,receive:64 7004=shut,receive:64 7005=exchange:64 7006=exchange:64 -- 6
	assert_lines end end end end whole whole '7001: whole' '7002: whole' '7003: whole' '7004: whole' '7005: whole' '7006: whole'
}

@test "an upload arrives whole: to hosts that read slowly or later, that have ended their own stream, or that send meanwhile" {
	uploads
	upload
}

@test "an upload without window scaling arrives whole as well" {
	uploads
	config '.linux.sysctl["net.ipv4.tcp_window_scaling"] = "0"'
	upload
}

# libslirp sends one segment and waits 40 ms for its acknowledgement where a window has no room for two of the largest segments: at
# 32 KiB in 40 ms a download takes 31 s.
@test "none of eight downloads at once falls behind" {
	client --together --times 8 --within 8 192.0.2.1:7001=receive:24
	with_server 7001=send:24 -- 0
	assert_lines whole whole whole whole whole whole whole whole
}

@test "a reset by the host is a reset for the container, and a reset by the container is a reset for the host" {
	client 192.0.2.1:7001={end,end,'sleep:0.2,end','shut,end'} 192.0.2.1:7002=send:64 192.0.2.1:7003=send:16,{reset,reset,reset}
	with_server 7001=send:24,reset 7002=receive:4,reset 7003=end -- 4
	assert_lines reset reset reset reset reset '7002: whole' '7003: reset' '7003: reset' '7003: reset'
}

@test "an end in order is an end in order, whichever side ends first" {
	client 192.0.2.1:7001=receive:16,end,send:16 192.0.2.1:7002=send:16,shut,receive:16,end
	with_server 7001=send:16,shut,receive:16,end 7002=receive:16,end,send:16 -- 2
	assert_lines 'whole, end' 'whole, end' '7001: whole, end' '7002: whole, end'
}

# The program has sent everything and ends, and the container ends with it, while the host has read little of the stream.
@test "what a container sends last arrives whole" {
	host_programs
	outside '
		start_server 192.0.2.1:7001=receive:1,end 192.0.2.1:7002=sleep:0.3,receive:1,end 192.0.2.1:7003=receive:12,end 192.0.2.1:7004=sleep:0.3,receive:12,end
		for what in 7001=send:1 7002=send:1 7003=send:12 7004=send:12; do
			program python3 /client.py "192.0.2.1:$what"
			urun run --bundle "$BUNDLE" --network slirp c1
		done
		server_results 4
		stop_servers'
	assert_lines '7001: whole, end' '7002: whole, end' '7003: whole, end' '7004: whole, end'
}
