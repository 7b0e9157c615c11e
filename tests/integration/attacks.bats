#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Known attacks on container runtimes, one test each: named for what the user is protected from, with the CVE in the comment.
# Each test fails against a runtime that has the hole.
load lib.bash

# --- CVE-2016-9962: a process that enters a container, looked at before it has the container's root -----------------------

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

# The looker had its chances, and none led out of the container.
looker_found_nothing() {
	cat "$BATS_TEST_TMPDIR/seen"
	grep -q '^saw ' "$BATS_TEST_TMPDIR/seen"
	! grep '^reached ' "$BATS_TEST_TMPDIR/seen"
}

@test "a container that may trace processes doesn't get out through the process that exec brings" {
	start_looker urun
	local i
	for i in $(seq 50); do urun exec c1 /bin/true; done
	looker_found_nothing
	! grep '^memory ' "$BATS_TEST_TMPDIR/seen"
	urun delete --force c1
}

# Rootless podman is root of a user namespace and runs urun in it: there the container's CAP_SYS_PTRACE counts for urun's
# processes too, whatever their memory map belongs to.
@test "nor where urun itself runs in the user namespace of the container" {
	start_looker unshare --user --map-root-user "$URUN" --root "$STATE"
	local pid i
	pid=$(urun state c1 | jq .pid)
	for i in $(seq 50); do
		nsenter --user --target "$pid" --preserve-credentials "$URUN" --root "$STATE" exec c1 /bin/true
	done
	looker_found_nothing
	urun delete --force c1
}

@test "nor through the first process of a container that joins its pid namespace" {
	start_looker urun
	local pid i
	pid=$(urun state c1 | jq .pid)
	config '.process.args = ["/bin/true"] | .hooks = {createContainer: [{path: "/bin/true"}]} | .linux.namespaces =
		[{type: "pid", path: "/proc/\($pid)/ns/pid"}, {type: "user", path: "/proc/\($pid)/ns/user"},
		 {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}]' --arg pid "$pid"
	for i in $(seq 30); do urun run --bundle "$BUNDLE" c2 </dev/null; done
	looker_found_nothing
	! grep '^memory ' "$BATS_TEST_TMPDIR/seen"
	urun delete --force c1
}
