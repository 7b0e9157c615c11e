# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of images share: a store of the test's own, layers and images that tests/integration/images makes, and a look at what
# the store holds.  Needs lib.bash.

IMAGES=$TESTS/images
# In the bundle's directory, which teardown() removes as root of the user namespace: a store has files of subids.
export XDG_DATA_HOME=${BATS_TEST_TMPDIR-}/bundle/data
STORE=$XDG_DATA_HOME/urun

# Skips the test if this urun was built without images.
needs_images() {
	"$URUN" pull --help >/dev/null 2>&1 || skip "this urun was built without images"
	# Files that the test makes under relative names go with its directory.
	cd "$BATS_TEST_TMPDIR" || return
}

# entries FILE.tar <ENTRIES: makes a layer of the entries, a line each; images/entries.py has the words.
entries() {
	python3 "$IMAGES/entries.py" "$1"
}

# base_layer: prints the path of a layer with busybox, passwd and group, made once for a file of tests.
base_layer() {
	local layer=$BATS_RUN_TMPDIR/base.tar
	[ -e "$layer" ] || tar -C "$BUNDLE/rootfs" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@1700000000 -cf "$layer" .
	echo "$layer"
}

# oci_image DIR[:TAG] [OPTION…] LAYER.tar…: makes an image, or adds one to an OCI layout; images/maker.py has the options.  Prints the
# manifest's digest.
oci_image() {
	python3 "$IMAGES/maker.py" oci "$@"
}

# docker_archive FILE REFERENCE [OPTION…] LAYER.tar…
docker_archive() {
	python3 "$IMAGES/maker.py" docker-archive "$@"
}

# hostile_layer NAME: prints the path of the layer of this name of images/hostile.py.
hostile_layer() {
	python3 "$IMAGES/hostile.py" "$1" "$BATS_TEST_TMPDIR/hostile-$1.tar" || return
	echo "$BATS_TEST_TMPDIR/hostile-$1.tar"
}

# run_image ARG…: runs a container of an image without a network, as `try` does.
run_image() {
	try run --network none "$@" </dev/null
}

# skopeo_home: makes a home directory for the test, where skopeo accepts every image.  Skips the test if there is no skopeo.
skopeo_home() {
	command -v skopeo >/dev/null || skip "skopeo isn't installed"
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/.config/containers"
	printf '{"default":[{"type":"insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
}

# layers_in_store: prints how many layers the store has.
layers_in_store() {
	find "$STORE/layers" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# look_in_store: prints every path of the store, with its type and size, sorted.
look_in_store() {
	with_subids find "$STORE" -printf '%P %y %s\n' 2>/dev/null | sort
}

# no_rubbish: neither what was being made is left in the store, nor the changes of a container.
no_rubbish() {
	local left
	left=$(find "$STORE/tmp" "$STORE/containers" -mindepth 1 -maxdepth 1 2>/dev/null) || true
	[ -z "$left" ] || fail "left in the store: $(head -n 5 <<<"$left")"
}

# assert_store_is_empty: no image, layer, blob or rubbish is in the store.  Whole layers of an image that was refused stay for the next
# attempt, until a command removes what no image has.
assert_store_is_empty() {
	local left
	no_rubbish || return
	[ "$(urun images --json)" = '[]' ] || fail "an image is left: $(urun images --json)" || return
	urun rmi --all || return
	left=$(find "$STORE/layers" "$STORE/blobs" -mindepth 1 ! -name sha256 2>/dev/null) || true
	[ -z "$left" ] || fail "left in the store: $(head -n 5 <<<"$left")"
}

# canary: makes a tree beside the store and remembers everything in it, and all of the test's directory but the store.
canary() {
	mkdir -p "$XDG_DATA_HOME/canary/directory" "$BATS_TEST_TMPDIR/canary"
	echo the-canary-lives | tee "$XDG_DATA_HOME/canary/file" "$BATS_TEST_TMPDIR/canary/file" "$BATS_TEST_TMPDIR/file" >/dev/null
	CANARY=$(look_outside)
}

# look_outside: prints everything of the test's directory that isn't in the store, with owner, mode, size and change time.
look_outside() {
	find "$BATS_TEST_TMPDIR" -path "$STORE" -prune -o -name stderr -o -name stdout -o -path "$XDG_RUNTIME_DIR" -prune -o -path "$STATE" -prune -o \
		! -path "$BATS_TEST_TMPDIR" ! -path "$XDG_DATA_HOME" -printf '%p %y %U %m %s %l %C@\n' | sort
}

# assert_canary_lives: nothing outside of the store has changed since canary().
assert_canary_lives() {
	local now
	now=$(look_outside)
	[ "$now" = "$CANARY" ] || fail "changed outside of the store:" "$(diff <(echo "$CANARY") <(echo "$now"))" || return
	[ ! -e /urun-was-here ] && [ ! -e /tmp/urun-was-here ] && [ ! -e "$HOME/urun-was-here" ] || fail "urun-was-here, outside of the store"
}
