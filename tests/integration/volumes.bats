#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Volumes and bind mounts: mounts below the source, now and later, and the options after the second colon.
load lib

# volume OPTIONS TEXT: runs the line of shell in a container without a bundle, with $SOURCE on /volume.
volume() {
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume$1" -- sh -c "$2"
}

make_source() {
	SOURCE=$BATS_TEST_TMPDIR/source
	mkdir -p "$SOURCE/below"
}

# with_mount_below COMMAND…: runs the command as root of a user namespace, where a file system is mounted on $SOURCE/below.
with_mount_below() {
	# shellcheck disable=SC2016 # for the shell in there
	observe timeout -k 5 30 unshare --user --map-root-user --mount --propagation private sh -c \
		'mount -t tmpfs below "$1/below" && : >"$1/below/file" && shift && exec "$@"' sh "$SOURCE" "$@"
}

# with_later_mount COMMAND…: runs the command as root of a user namespace where $SOURCE is a shared mount.  When the command's container
# asks for it (by $LOOK), a second file system is mounted below $SOURCE.
with_later_mount() {
	# shellcheck disable=SC2016 # for the shell in there
	observe timeout -k 5 30 unshare --user --map-root-user --mount --propagation private sh -c '
		source=$1; shift
		mount -t tmpfs source "$source" && mount --make-shared "$source" && mkdir "$source/later" "$source/mine" || exit 99
		mkfifo "$source/up" "$source/go"
		"$@" &
		: <"$source/up"
		mount -t tmpfs later "$source/later" && : >"$source/later/host" || exit 98
		: >"$source/go"
		wait $!' sh "$SOURCE" "$@"
}

LOOK=': >/volume/up; : </volume/go; ls /volume/later'

@test "a volume receives the host's later mounts with rslave, slave, rshared and shared, and with no other option" {
	local word seen
	make_source
	for word in :rslave :slave :rshared :shared :ro,rslave :rslave,noexec '' :private :rprivate :unbindable :runbindable :ro; do
		seen=
		case $word in *slave* | *shared*) seen=host ;; esac
		with_later_mount "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume$word" -- \
			sh -c "$LOOK"
		assert_status 0
		[ "$output" = "$seen" ] || fail "'$word': the container sees '$output', not '$seen'"
	done
}

# shares ROOTFS-PROPAGATION OPTIONS SEEN: a container with a bind mount of these options sees SEEN in a later mount of the host.
shares() {
	config '.linux.rootfsPropagation = (if $root == "" then null else $root end) | .mounts |= map(select(.destination != "/volume")) |
		.mounts += [{"destination": "/volume", "type": "bind", "source": $source, "options": (["rbind"] + $ARGS.positional)}]' \
		--arg root "$1" --arg source "$SOURCE" --args -- $2
	sh_program "$LOOK"
	with_later_mount "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	[ "$output" = "$3" ] || fail "rootfsPropagation '$1', options '$2': the container sees '$output', not '$3'"
}

@test "the propagation option of a bind mount takes precedence over rootfsPropagation" {
	make_source
	shares '' rslave host
	shares '' '' host
	shares '' rprivate ''
	shares rprivate rslave host
	shares private slave host
	shares rprivate '' ''
	shares private '' ''
	shares rslave rshared host
	shares rslave rprivate ''
	shares rshared private ''
	shares shared rslave host
}

# The test looks for the word of mountinfo(5) for each option.
@test "the propagation options of mounts work as with mount(8), on a shared root file system too" {
	local root word seen
	make_source
	declare -A wanted=([shared]='shared' [rshared]='shared' [private]='' [rprivate]='' [unbindable]='unbindable' [runbindable]='unbindable')
	for root in '' shared rshared rslave rprivate; do
		for word in "${!wanted[@]}"; do
			config '.linux.rootfsPropagation = (if $root == "" then null else $root end) | .mounts |= map(select(.destination != "/volume")) |
				.mounts += [{"destination": "/volume", "type": "bind", "source": $source, "options": ["rbind", $word]}]' \
				--arg root "$root" --arg word "$word" --arg source "$SOURCE"
			in_container "awk '\$5 == \"/volume\"' /proc/self/mountinfo"
			assert_status 0
			seen=$(grep -oE ' (shared:|unbindable)' <<<"$output" | tr -d ' :') || true
			[ "$seen" = "${wanted[$word]}" ] || fail "rootfsPropagation '$root', $word: $output"
		done
	done
}

# A mount that is attached below a shared mount becomes shared, whatever its propagation was before.
@test "a private volume in a shared volume stays private" {
	make_source
	mkdir "$BATS_TEST_TMPDIR/other"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume:rshared" --volume "$BATS_TEST_TMPDIR/other:/volume/below:private" \
		--volume "$BATS_TEST_TMPDIR/other:/volume/other:unbindable" -- sh -c "awk '{ print \$5, \$7 }' /proc/self/mountinfo | grep '^/volume'"
	assert_status 0
	assert_contains "$output" '/volume shared:'
	assert_contains "$output" '/volume/below -'
	assert_contains "$output" '/volume/other unbindable'
}

@test "the mounts below a read-only volume are read-only, with ro and with rro" {
	local word
	make_source
	for word in ro rro rw,ro ro,noexec; do
		with_mount_below "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume:$word" -- \
			sh -c 'ls /volume/below; echo x >/volume/below/file; echo x >/volume/file'
		assert_status 1
		assert_output file
		[ "$(grep -c 'Read-only file system' <<<"$stderr")" = 2 ] || fail "$word: $stderr"
	done
	[ ! -e "$SOURCE/file" ]
	for word in '' :rw :ro,rw; do
		with_mount_below "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume$word" -- \
			sh -c 'echo x >/volume/below/file && echo x >/volume/file'
		assert_status 0
	done
}

# In config.json "ro" holds for one mount, and "rro" for all mounts below it too (OCI runtime-spec, config.md "Linux mount options").
@test "ro of a bind mount in config.json leaves the mounts below it writable, and rro doesn't" {
	make_source
	config '.mounts += [{"destination": "/volume", "type": "bind", "source": $source, "options": ["rbind", "ro"]}]' --arg source "$SOURCE"
	sh_program 'echo x >/volume/below/file && ! echo x >/volume/file'
	with_mount_below "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
	config '.mounts[-1].options = ["rbind", "rro"]'
	sh_program '! echo x >/volume/below/file && ! echo x >/volume/file'
	with_mount_below "$URUN" --root "$STATE" run --bundle "$BUNDLE" c1
	assert_status 0
}

@test "noexec, nosuid and nodev of a volume hold for the mounts below it too, and the last of two opposite options counts" {
	make_source
	with_mount_below "$URUN" --root "$STATE" run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume:noexec,nosuid,nodev" -- \
		awk '$5 ~ "^/volume" { print $5, $6 }' /proc/self/mountinfo
	assert_status 0
	[ "$(grep -c 'nosuid,nodev,noexec' <<<"$output")" = 2 ] || fail "$output"
	volume :noexec,exec,exec,nosuid,suid,dev,rw 'cp /bin/busybox /volume/echo && /volume/echo runs'
	assert_status 0
	assert_output runs
	volume :exec,noexec '/volume/echo runs'
	assert_status 126
}

@test "options of volumes that have no meaning here are accepted, and --debug prints them" {
	local word
	make_source
	for word in z Z cached delegated consistent copy nocopy; do
		volume ":$word" 'echo fine'
		assert_status 0
		assert_output fine
		[ -z "$stderr" ] || fail "$word: $stderr"
	done
	try --debug run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume:ro,Z,cached" -- true
	assert_contains "$stderr" "option 'Z' has no meaning here"
	assert_contains "$stderr" "option 'cached' has no meaning here"
}

@test "the error for an unknown option of a volume names the option" {
	local word
	make_source
	for word in rotten ro,rotten mode=755 size=1m remount tmpcopyup RO; do
		volume ":$word" true
		assert_status 125
		assert_one_line "--volume $SOURCE:/volume:$word: unknown option '${word#ro,}'"
	done
	for word in O ro,O O,upperdir=/tmp/u,workdir=/tmp/w; do
		try run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/volume:$word" true
		assert_status 125
		assert_one_line "--volume $SOURCE:/volume:$word: urun has no overlay of a volume" --overlay
	done
}

@test "the option U gives a volume to the program's user" {
	has_subids || skip "this user has no subids"
	make_source
	: >"$SOURCE/file"
	: >"$SOURCE/below/file"
	ln -s /etc/passwd "$SOURCE/link"
	try run --rootfs "$BUNDLE/rootfs" --network none --user 33:34 --volume "$SOURCE:/volume:U" -- \
		sh -c 'stat -c %u:%g /volume /volume/file /volume/below/file /volume/link | sort -u; : >/volume/new'
	assert_status 0
	assert_output 33:34
	try run --rootfs "$BUNDLE/rootfs" --network none --user 33:34 --tmpfs /volume:U,mode=700 -- stat -c %u:%g /volume
	assert_output 33:34
	# The volume can be given back, which only root of the new owner's user namespace can do.
	volume :U,ro true
	assert_status 0
	[ "$(stat -c %u "$SOURCE/file" "$SOURCE" "$SOURCE/new" | sort -u)" = "$(id -u)" ]
}

@test "a file system's option on a bind mount of a bundle is a warning" {
	make_source
	config '.mounts += [{"destination": "/volume", "type": "bind", "source": $source, "options": ["bind", "mode=755", "newinstance", "z", "cached", "nocopy", "ro"]}]' --arg source "$SOURCE"
	sh_program '! touch /volume/file 2>/dev/null && echo fine'
	try --log-level warning run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output fine
	assert_contains "$stderr" "mount $SOURCE on /volume: 'mode=755' is left out"
	assert_contains "$stderr" "mount $SOURCE on /volume: 'newinstance' is left out"
}

# buildah relabels a volume itself, and leaves the word for it in the config.
@test "an option of an engine's volumes on a bind mount of a bundle is a debug line" {
	make_source
	config '.mounts += [{"destination": "/volume", "type": "bind", "source": $source, "options": ["rbind", "z", "cached", "nocopy", "ro"]}]' --arg source "$SOURCE"
	sh_program '! touch /volume/file 2>/dev/null && echo fine'
	try --log-level warning run --bundle "$BUNDLE" c1
	assert_status 0
	assert_output fine
	[ -z "$stderr" ] || fail "$stderr"
	try --debug run --bundle "$BUNDLE" c1
	assert_status 0
	assert_contains "$stderr" "option 'z' has no meaning here"
	assert_contains "$stderr" "option 'cached' has no meaning here"
}

# OCI runtime-spec 1.2, config.md "Mounts": relative paths are interpreted as relative to "/".
@test "a relative destination is below the root" {
	local destination
	make_source
	rmdir "$SOURCE/below"
	: >"$SOURCE/seen"
	for destination in volume ./volume volume/ x/../volume ../volume; do
		config '.mounts |= map(select(.source != $source)) | .mounts += [{"destination": $destination, "type": "bind", "source": $source, "options": ["bind"]}]' \
			--arg source "$SOURCE" --arg destination "$destination"
		in_container 'ls /volume'
		assert_status 0
		assert_output seen
	done
	# The rules for /proc hold for the relative path too.
	config '.mounts[-1].destination = "proc"'
	in_container true
	assert_one_line '/proc'
	config '.mounts[-1].destination = "."'
	in_container true
	assert_one_line 'nothing can be mounted on /'
}

@test "a link as the source is followed, but with copy-symlink and src-nofollow the link itself is in the container" {
	make_source
	echo text >"$BATS_TEST_TMPDIR/target"
	ln -s target "$BATS_TEST_TMPDIR/link"
	cd "$BATS_TEST_TMPDIR"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume link:/followed --volume link:/copied:copy-symlink \
		--volume "$PWD/link:/bound:src-nofollow" -- sh -c 'cat /followed; readlink /copied; readlink /bound; readlink /followed || echo a file'
	assert_status 0
	assert_lines text target target 'a file'
	try run --rootfs "$BUNDLE/rootfs" --network none --volume link:/copied:no-dereference -- readlink /copied
	assert_lines target
}

@test "two mounts on one place are refused, whatever the options are called" {
	make_source
	local two
	for two in "--volume $SOURCE:/x --volume $SOURCE:/x/" "--tmpfs /x --volume $SOURCE:/x" "--mount type=bind,src=$SOURCE,dst=/x --tmpfs /y/../x"; do
		# shellcheck disable=SC2086 # options with their values
		try run --rootfs "$BUNDLE/rootfs" --network none $two true
		assert_status 125
		assert_one_line 'urun: /x is the destination of two mounts'
	done
	# One below the other is no slip, and the caller's /dev/shm takes the place of the default one.
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$SOURCE:/x" --tmpfs /x/below --tmpfs /dev/shm:size=1m true
	assert_status 0
}
