#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images that podman and buildah have made, run by urun alone.
load podman.bash

# urun_alone ARG…: observes urun, with a store of the test's own, and without a network.
urun_alone() {
	observe env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" timeout -k 5 60 "$URUN" "$@" </dev/null 3>&- 4>&-
}

# made_image NAME: commits an image whose layers have a file of another user, a whiteout, an opaque directory, and a config.
made_image() {
	podman run --name made "$IMAGE" sh -c 'mkdir /srv /srv/old; touch /srv/old/file; adduser -D -u 1000 someone 2>/dev/null || echo "someone:x:1000:1000::/:/bin/sh" >>/etc/passwd
		echo hello >/greeting; chown 1000:1000 /greeting; chmod 4711 /greeting; echo gone >/gone' </dev/null
	podman commit -q made localhost/first >/dev/null
	podman rm made >/dev/null
	podman run --name made localhost/first sh -c 'rm /gone; rm -r /srv/old; mkdir /srv/old; ln /greeting /again' </dev/null
	podman commit -q --change 'CMD ["sh", "-c", "cat /greeting; stat -c %u:%a /again; ls /gone /srv/old/file 2>/dev/null; id -u; echo $COLOUR; pwd"]' \
		--change ENV=COLOUR=blue --change USER=someone --change WORKDIR=/srv/work made "$1" >/dev/null
	podman rm made >/dev/null
	podman rmi -f localhost/first >/dev/null 2>&1 || true
}

assert_made_image() {
	assert_status 0
	assert_lines hello 1000:4711 1000 blue /srv/work
}

@test "an image that podman save has written, in each of its formats, runs as podman runs it" {
	local format
	made_image localhost/made
	in_new localhost/made
	assert_made_image
	podman save -q --format docker-archive -o docker.tar localhost/made
	podman save -q --format oci-archive -o oci.tar localhost/made
	podman save -q --format oci-dir -o oci localhost/made
	for format in docker-archive:docker.tar docker-archive:docker.tar:localhost/made:latest oci-archive:oci.tar oci:oci; do
		urun_alone run --network none "$format"
		assert_made_image || fail "$format"
	done
	# All of them have the same layers.
	[ "$(find "$BATS_TEST_TMPDIR/data/urun/layers" -mindepth 1 -maxdepth 1 | wc -l)" = "$(podman inspect --format '{{len .RootFS.Layers}}' localhost/made)" ]
	urun_alone rmi --all
	assert_status 0
	podman rmi -f localhost/made >/dev/null
}

@test "an image of podman's own store runs by skopeo, from containers-storage:" {
	command -v skopeo >/dev/null || skip "skopeo isn't installed"
	made_image localhost/stored
	# skopeo finds podman's store below $XDG_DATA_HOME.
	observe timeout -k 5 60 "$URUN" run --network none containers-storage:localhost/stored:latest </dev/null 3>&- 4>&-
	assert_made_image
	"$URUN" rmi --all >/dev/null
	podman rmi -f localhost/stored >/dev/null
}

@test "what buildah has built runs from the layout that buildah writes" {
	printf 'FROM %s\nRUN mkdir -m 1777 /shared && echo built >/shared/file\nVOLUME /data\nRUN ln /shared/file /linked\nCMD ["cat", "/linked"]\n' "$IMAGE" >Containerfile
	buildah bud --runtime "$RUNTIME" --isolation oci --network none --pull-never --layers -q -t localhost/built . >/dev/null 3>&- 4>&-
	buildah push -q localhost/built oci:layout:built 3>&- 4>&-
	urun_alone run --network none oci:layout:built
	assert_status 0
	assert_output built
	urun_alone run --network none oci:layout:built sh -c 'stat -c %a /shared; touch /data/x && echo writable'
	assert_lines 1777 writable
	urun_alone rmi --all
	podman rmi -f localhost/built >/dev/null
}
