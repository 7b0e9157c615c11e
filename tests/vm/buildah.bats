#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah with urun as its runtime: run and bud, with the kinds of isolation that use a runtime.  Without a network: the netavark of this
# version can't make one for buildah, whatever the runtime.
load podman.bash

# buildah ARG…: runs buildah, for 90 seconds at most.
buildah() {
	timeout -k 5 90 buildah "$@" 3>&- 4>&- </dev/null
}

@test "run executes a command in a working container, with its output and its exit status" {
	local working
	working=$(buildah from --pull-never "$IMAGE")
	observe buildah run --runtime "$RUNTIME" --isolation oci --network none "$working" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	assert_contains "$stderr" err
	observe buildah run --runtime "$RUNTIME" --isolation oci --network none --user 1000:1000 --workingdir /tmp --env A=b "$working" sh -c 'id -u; pwd; echo $A'
	assert_lines 1000 /tmp b
	buildah rm "$working" >/dev/null
}

# The terminal of the caller is raw while buildah copies: lines need their carriage returns from the container's terminal.
@test "run -t has a terminal whose lines begin at the left" {
	local working
	working=$(buildah from --pull-never "$IMAGE")
	observe "$BATS_TEST_DIRNAME/../integration/terminal" -- timeout -k 5 90 buildah run --runtime "$RUNTIME" --isolation oci --network none -t "$working" \
		sh -c 'printf "one\ntwo\n"; test -t 0' 3>&- 4>&-
	assert_lines one two 'exit 0' 'terminal restored'
	buildah rm "$working" >/dev/null
}

# bats test_tags=kernel
@test "run has volumes, capabilities and no network where the options ask for it" {
	local working
	working=$(buildah from --pull-never "$IMAGE")
	mkdir here
	observe buildah run --runtime "$RUNTIME" --isolation oci --network none -v "$PWD/here:/here" --cap-add CAP_NET_ADMIN "$working" \
		sh -c 'ip -o link | grep -c :; echo written >/here/file; ip link add d0 type dummy && echo may'
	assert_status 0
	assert_lines 1 may
	[ "$(cat here/file)" = written ]
	buildah rm "$working" >/dev/null
}

@test "the files that run wrote are in the committed image" {
	local working
	working=$(buildah from --pull-never "$IMAGE")
	buildah run --runtime "$RUNTIME" --isolation oci --network none "$working" sh -c 'echo kept >/kept'
	buildah commit -q "$working" localhost/kept >/dev/null
	buildah rm "$working" >/dev/null
	in_new localhost/kept cat /kept
	assert_output kept
	podman rmi -f localhost/kept >/dev/null
}

@test "bud builds a Containerfile of RUN, COPY, USER and WORKDIR steps" {
	echo copied >file
	cat >Containerfile <<-END
		FROM $IMAGE
		COPY file /copied
		RUN cat /copied >/made && mkdir /work && chown 1000 /work
		USER 1000
		WORKDIR /work
		RUN id -u >uid
		CMD cat /made /work/uid
	END
	observe buildah bud --runtime "$RUNTIME" --isolation oci --network none --pull-never -q -t localhost/built .
	assert_status 0
	in_new localhost/built
	assert_lines copied 1000
	podman rmi -f localhost/built >/dev/null
}

@test "the build fails with the status of a RUN step that fails" {
	printf 'FROM %s\nRUN exit 9\n' "$IMAGE" >Containerfile
	observe buildah bud --runtime "$RUNTIME" --isolation oci --network none --pull-never -t localhost/built .
	[ "$status" -ne 0 ]
	assert_contains "$stderr" 'exit status 9'
}

@test "rootless isolation uses the runtime too" {
	local working
	working=$(buildah from --pull-never "$IMAGE")
	observe buildah run --runtime "$RUNTIME" --isolation rootless "$working" sh -c 'echo out; exit 7'
	assert_status 7
	assert_output out
	buildah rm "$working" >/dev/null
}
