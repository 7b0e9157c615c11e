#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a person finds at a terminal in a container by options: the shell, the terminal's type, the language, the user.
load lib.bash

# screen TERM STEP… -- ARG…: runs urun at a terminal of this type; $output is what the terminal showed.
screen() {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	local before after
	split_at_dashes "${@:2}"
	run env TERM="$1" "$BATS_TEST_DIRNAME/terminal" "${before[@]}" -- "$URUN" --root "$STATE" "${after[@]}"
}

# user_lines LINE…: the root file system has these lines in passwd.
user_lines() {
	printf '%s\n' "$@" >>"$BUNDLE/rootfs/etc/passwd"
}

@test "without a command the program is the shell that passwd has for the user, and sh where the container doesn't have it" {
	sed -i 's,^root:.*,root:x:0:0:root:/root:/bin/ash,' "$BUNDLE/rootfs/etc/passwd"
	user_lines 'www:x:33:33::/:/usr/sbin/nologin' 'out:x:44:44::/:/../../../../bin/bash' 'no:x:45:45::/:/etc/passwd'
	ln -sf busybox "$BUNDLE/rootfs/bin/ash"
	local ask='type=echo "$0"; exit\n' user
	screen xterm 'wait=# ' "$ask" -- run --rootfs "$BUNDLE/rootfs" --network none
	assert_contains "$output" $'\n/bin/ash\n'
	rm "$BUNDLE/rootfs/bin/ash"
	screen xterm 'wait=# ' "$ask" -- run --rootfs "$BUNDLE/rootfs" --network none
	assert_contains "$output" $'\nsh\n'
	has_subids || skip "this user has no subids"
	for user in www out no; do
		try run --rootfs "$BUNDLE/rootfs" --network none --user "$user" <<<'echo "$0"'
		assert_output sh
	done
}

@test "the shell and the user are those of the files that the container sees" {
	has_subids || skip "this user has no subids"
	mkdir "$BUNDLE/etc"
	echo 'root:x:0:0:root:/root:/bin/ash' >"$BUNDLE/etc/passwd"
	ln -sf busybox "$BUNDLE/rootfs/bin/ash"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BUNDLE/etc:/etc" <<<'echo "$0"'
	assert_output /bin/ash
	# A user of an overlay that is kept; of a volume; and what is owed to the user.
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" sh -c 'echo bob:x:70:71::/srv/bob:/bin/sh >>/etc/passwd; echo video:x:9:bob >>/etc/group'
	local shown='id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status'
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" --user bob sh -c "$shown"
	assert_lines 70 71 '71 9' /srv/bob $'CapEff:\t0000000000000000'
	try run --rootfs "$BUNDLE/rootfs" --network none --overlay="$BUNDLE/kept" --user bob:video sh -c 'id -g; id -G'
	assert_lines 9 9
	try run --rootfs "$BUNDLE/rootfs" --network none --user bob true
	assert_status 125
	assert_one_line "--user bob: user 'bob' is not found in the container's /etc/passwd"
	cp "$BUNDLE/kept/upper/etc/passwd" "$BUNDLE/etc/passwd"
	mkdir "$BUNDLE/mine"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BUNDLE/etc:/etc" --user bob sh -c 'id -u; touch /tmp/made; stat -c %u /tmp/made'
	assert_lines 70 70
	# The option U changes the owner before the volume's passwd is there.
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BUNDLE/etc:/etc" --volume "$BUNDLE/mine:/mine:U" --user bob true
	assert_one_line 'option U' '--user by number'
	echo 'far:x:4000000:4000000::/:/bin/sh' >>"$BUNDLE/etc/passwd"
	try run --rootfs "$BUNDLE/rootfs" --network none --volume "$BUNDLE/etc:/etc" --user far true
	assert_one_line '--user far: uid 4000000 is not mapped' '(hint: '
}

@test "exec takes names too, and runs as the container's user by default" {
	has_subids || skip "this user has no subids"
	user_lines 'bob:x:70:71::/srv/bob:/bin/sh'
	detached c1 --overlay --user bob sleep 60
	try exec c1 sh -c 'id -u; id -g; echo $HOME'
	assert_lines 70 71 /srv/bob
	try exec -u root c1 sh -c 'id -u; echo new:x:80:81::/new:/bin/sh >>/etc/passwd; echo $HOME; grep CapEff /proc/self/status'
	assert_lines 0 /root $'CapEff:\t00000000800405fb'
	try exec -u new c1 sh -c 'id -u; id -g; echo $HOME; grep CapEff /proc/self/status'
	assert_lines 80 81 /new $'CapEff:\t0000000000000000'
	try exec -u nobody-here c1 true
	assert_status 255
	assert_one_line "--user nobody-here: user 'nobody-here' is not found"
	urun delete --force c1
}

@test "TERM is the caller's where the container knows that terminal, else one like it" {
	local show='echo "$TERM"'
	screen foot -- run --rootfs "$BUNDLE/rootfs" --network none sh -c "$show"
	assert_output $'xterm-256color\nexit 0\nterminal restored'
	screen vt220 -- run --rootfs "$BUNDLE/rootfs" --network none sh -c "$show"
	assert_output $'linux\nexit 0\nterminal restored'
	mkdir -p "$BUNDLE/terminfo/66"
	echo entry >"$BUNDLE/terminfo/66/foot"
	screen foot -- run --rootfs "$BUNDLE/rootfs" --network none --volume "$BUNDLE/terminfo:/usr/share/terminfo" sh -c "$show"
	assert_output $'foot\nexit 0\nterminal restored'
	# What was asked for by name, and a terminal that can do nothing, stay.
	screen foot -- run --rootfs "$BUNDLE/rootfs" --network none --env TERM sh -c "$show"
	assert_output $'foot\nexit 0\nterminal restored'
	screen dumb -- run --rootfs "$BUNDLE/rootfs" --network none sh -c "$show"
	assert_output $'dumb\nexit 0\nterminal restored'
}

@test "the config of the options says all of it, and a password in a proxy isn't saved without a word" {
	local config=$BATS_TEST_TMPDIR/saved/config.json
	mkdir "${config%/*}"
	TERM=foot LANG=C.UTF-8 http_proxy=http://ann:secret@proxy:1 try spec --rootfs "$BUNDLE/rootfs" --bundle "${config%/*}" --user bob
	assert_status 0
	assert_one_line 'password in your http_proxy' --http-proxy=false
	[ "$(stat -c %a "$config")" = 600 ]
	[ "$(jq -c '[.process.args, .process.user.uid, .annotations["org.urun.user", "org.urun.shell", "org.urun.term"]]' "$config")" = \
		'[["sh"],65534,"bob","passwd","xterm-256color"]' ]
	jq -r '.process.env[]' "$config" | grep -qx LANG=C.UTF-8
	try run --bundle "${config%/*}" c1
	assert_status 125
	assert_contains "$stderr" "user 'bob' is not found"
}

# --- the host's own system --------------------------------------------------------------------------------------------------

@test "the host's own system is the caller's: name, ids, home, environment, and the files that are made" {
	needs_fuse
	cd /usr/share
	MY=own SSH_AUTH_SOCK=/tmp/x try run --network none -- sh -c 'id -un; id -u; id -g; pwd; echo "$MY$SSH_AUTH_SOCK"; cd; touch made; stat -c "%u %g" made .; ls -A'
	assert_lines "$(id -un)" "$(id -u)" "$(id -g)" /usr/share own "$(id -u) $(id -g)" "$(id -u) $(id -g)" made
	[ -z "$stderr" ]
	try run --network none --env-host=false -- sh -c 'echo "[$MY]"'
	assert_output '[]'
	try run --network none --user root -- sh -c 'id -u; pwd'
	assert_lines 0 /
	# A directory that can't be seen is said; a volume shows it.
	mkdir "$BUNDLE/work"
	cd "$BUNDLE/work"
	try run --network none -- pwd
	assert_output "$HOME"
	assert_contains "$stderr" "$PWD is hidden in the sandbox"
	try run --network none --volume "$PWD:$PWD" -- sh -c 'pwd; echo x >made'
	assert_output "$PWD"
	[ "$(stat -c %u made)" = "$(id -u)" ]
	[ -z "$stderr" ]
}
