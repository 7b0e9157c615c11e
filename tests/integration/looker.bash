# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A container in which tests/integration/looker.c looks for ways to the host by processes of the runtime.

# As root of the host a container with CAP_SYS_PTRACE reads the memory of what enters it (SECURITY.md).  It must find no file there.
# shellcheck disable=SC2034 # for the tests
MEMORY=memory
[ "$UID" != 0 ] || MEMORY=''

# without_users_of_root: as root of the host the container has no user namespace that another could join.
without_users_of_root() {
	[ "$UID" != 0 ] || config '.linux.namespaces |= map(select(.type != "user"))'
}

# make_looker: compiles looker.c into the container; where no compiler is, URUN_TEST_LOOKER names the program.
make_looker() {
	if [ -n "${URUN_TEST_LOOKER-}" ]; then
		cp "$URUN_TEST_LOOKER" "$BUNDLE/rootfs/bin/looker"
		return
	fi
	command -v "${CC:-gcc}" >/dev/null || skip "no compiler"
	"${CC:-gcc}" -O2 -static -o "$BUNDLE/rootfs/bin/looker" "$BATS_TEST_DIRNAME/looker.c"
}

# start_looker URUN…: starts the container c1, in which looker.c waits with CAP_SYS_PTRACE for processes of the runtime.
start_looker() {
	make_looker
	echo secret >"$BATS_TEST_TMPDIR/secret"
	chmod 600 "$BATS_TEST_TMPDIR/secret"
	config '.process.capabilities[] += ["CAP_SYS_PTRACE"]'
	program /bin/looker "$BATS_TEST_TMPDIR/secret"
	"$@" run --detach --bundle "$BUNDLE" c1 </dev/null >"$BATS_TEST_TMPDIR/seen" 2>&1
	wait_for 5 grep looking "$BATS_TEST_TMPDIR/seen"
}

# looker_found_nothing [WORD…]: the looker saw processes of the runtime, and has no line "reached" for a way out of the container, nor
# lines that begin with these words.
looker_found_nothing() {
	local word
	cat "$BATS_TEST_TMPDIR/seen"
	grep -q '^saw ' "$BATS_TEST_TMPDIR/seen"
	for word in reached "$@"; do
		if grep "^$word " "$BATS_TEST_TMPDIR/seen"; then return 1; fi
	done
}

# see_host_processes: the container has the caller's pid namespace, and sees its processes.
see_host_processes() {
	config '.linux.namespaces |= map(select(.type != "pid")) |
		.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)'
}
