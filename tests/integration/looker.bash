# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A container in which tests/integration/looker.c looks for what processes of the runtime have of the host.

# start_looker: the container c1, in which tests/integration/looker.c waits with CAP_SYS_PTRACE for processes of the runtime.
start_looker() {
	"${CC:-gcc}" -O2 -static -o "$BUNDLE/rootfs/bin/looker" "$BATS_TEST_DIRNAME/looker.c"
	echo secret >"$BATS_TEST_TMPDIR/secret"
	chmod 600 "$BATS_TEST_TMPDIR/secret"
	config '.process.capabilities[] += ["CAP_SYS_PTRACE"]'
	program /bin/looker "$BATS_TEST_TMPDIR/secret"
	"$@" run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/seen" 2>&1
	wait_for 5 grep looking "$BATS_TEST_TMPDIR/seen"
}

# looker_found_nothing [WORD…]: it had its chances, and none led out of the container (a line "reached"), nor to these.
looker_found_nothing() {
	local word
	cat "$BATS_TEST_TMPDIR/seen"
	grep -q '^saw ' "$BATS_TEST_TMPDIR/seen"
	for word in reached "$@"; do
		if grep "^$word " "$BATS_TEST_TMPDIR/seen"; then return 1; fi
	done
}

# see_host_processes: the bundle's container has the pid namespace of its caller, and sees it.
see_host_processes() {
	config '.linux.namespaces |= map(select(.type != "pid")) |
		.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)'
}
