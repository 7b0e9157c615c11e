#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A root file system of several layers, as images have it: the container sees one tree, and no layer changes.
load lib.bash

# make_layers: three layers, with the programs in the middle one.
make_layers() {
	LAYERS=$BUNDLE/layers
	mkdir -p "$LAYERS/top/etc" "$LAYERS/base/etc" "$LAYERS/base/srv"
	mv "$BUNDLE/rootfs" "$LAYERS/middle"
	echo top >"$LAYERS/top/etc/which"
	echo base >"$LAYERS/base/etc/which"
	echo base >"$LAYERS/base/srv/base"
	BELOW=$LAYERS/middle$'\n'$LAYERS/base
	BEFORE=$(listing)
}

listing() {
	(cd "$LAYERS" && find . -printf '%p %M %U %s %T@ %C@\n' | sort)
}

unchanged() {
	[ "$(listing)" = "$BEFORE" ] || diff <(echo "$BEFORE") <(listing)
}

# by_layers ARG…: runs a container of the layers.
by_layers() {
	try run --rootfs "$LAYERS/top" --annotation "org.urun.layers=$BELOW" --volume "$LAYERS/middle/bin:/volume" --network none "$@" </dev/null
	unchanged
}

@test "layers are one tree, and all that is written and mounted goes to the changes" {
	make_layers
	by_layers --overlay --tmpfs /a/b --workdir /c/d sh -c 'cat /etc/which /srv/base; rm /srv/base; echo x >/etc/which; ls -d /a/b /c/d /srv/base 2>/dev/null; pwd'
	assert_lines top base /a/b /c/d /c/d
	# Kept in a directory: the next container has it.
	by_layers --overlay="$BUNDLE/kept" sh -c 'echo kept >/srv/base; rm -r /etc/which'
	assert_status 0
	by_layers --overlay="$BUNDLE/kept" sh -c 'cat /srv/base; ls /etc/which 2>/dev/null || echo gone'
	assert_lines kept gone
	# Read-only, too: the mount points are made.
	by_layers --overlay --read-only --tmpfs /e/f sh -c 'ls -d /e/f; echo x 2>/dev/null >/srv/new || echo refused'
	assert_lines /e/f refused
	remove_tree "$BUNDLE/kept"
}

@test "500 layers are one tree, 501 are refused" {
	local i list
	make_layers
	mkdir -p "$LAYERS"/n{1..499}/srv
	for i in {1..499}; do
		: >"$LAYERS/n$i/srv/f$i"
	done
	list=$(printf '%s\n' "$LAYERS/middle"; seq -f "$LAYERS/n%g" 1 498)
	BEFORE=$(listing)
	BELOW=$list by_layers --overlay sh -c 'cat /etc/which; ls /srv | wc -l'
	assert_lines top 498
	BELOW=$list$'\n'$LAYERS/n499 by_layers --overlay true
	assert_one_line 'org.urun.layers: more than 500 layers'
}

@test "a layer is never the container's own: without an overlay, and by a wrong line, it is refused" {
	make_layers
	config '.root.path = $top | .annotations["org.urun.layers"] = $below' --arg top "$LAYERS/top" --arg below "$BELOW"
	in_container true
	assert_one_line 'org.urun.layers: layers need org.urun.overlay'
	config '.annotations["org.urun.overlay"] = "tmpfs"'
	in_container 'cat /etc/which; mkdir /srv/x'
	assert_output top
	unchanged
	config '.annotations["org.urun.layers"] = "relative"'
	in_container true
	assert_one_line 'org.urun.layers: each line must be an absolute path'
	config '.annotations["org.urun.layers"] = "/no/such"'
	in_container true
	assert_one_line 'root file system /no/such: no such file or directory'
	try check --bundle "$BUNDLE"
	assert_contains "$output" 'root file system /no/such: no such file or directory'
}

@test "names with blanks, commas, colons and line breaks are layers too" {
	local odd
	make_layers
	odd=$LAYERS/$'a b,c:d\\e\nf'
	mv "$LAYERS/base" "$odd"
	BEFORE=$(listing)
	BELOW=$LAYERS/middle$'\n'"$LAYERS/a b,c:d\\134e\\012f" by_layers --overlay cat /srv/base
	assert_output base
}

@test "with keep-id each file has the owner that the layer gives it" {
	has_subids || skip "this user has no subids"
	needs_fuse
	make_layers
	touch "$LAYERS/base/srv/33"
	with_subids chown 33:34 "$LAYERS/base/srv/33"
	BEFORE=$(listing)
	by_layers --overlay="$BUNDLE/kept" --userns keep-id sh -c 'stat -c "%u %g" /bin /srv/33; id -u; touch /tmp/mine; touch /srv/mine 2>/dev/null || echo refused'
	assert_lines '0 0' '33 34' "$(id -u)" refused
	by_layers --overlay="$BUNDLE/kept" --userns keep-id --user 0 sh -c 'stat -c %u /tmp/mine; chown 5:6 /srv/base; stat -c "%u %g" /srv/base'
	assert_lines "$(id -u)" '5 6'
	# The changes are in the ids of the layers: another mapping shows the same owners.
	by_layers --overlay="$BUNDLE/kept" stat -c '%u %g' /tmp/mine /srv/base
	assert_lines "$(id -u) $(id -g)" '5 6'
	with_subids rm -rf "$BUNDLE/kept" "$LAYERS/base/srv/33"
}

@test "with one id, and with ids that aren't the caller's, layers are shown as a root file system is" {
	local first
	make_layers
	by_layers --overlay --uidmap "0:$(id -u):1" --gidmap "0:$(id -g):1" sh -c 'stat -c %u /bin; echo x >/srv/base; cat /srv/base'
	assert_lines 0 x
	has_subids || skip "this user has no subids"
	needs_fuse
	first=$(subid_range uid)
	first=${first% *}
	by_layers --overlay --uidmap "0:$first:1000" --gidmap "0:$first:1000" sh -c 'stat -c %u /bin; echo x >/srv/base; cat /srv/base'
	assert_lines 0 x
}

@test "a directory of the container's own is mounted on itself, and leads nowhere else" {
	make_layers
	ln -s /etc "$LAYERS/top/link"
	ln -s ../../../../../../../.. "$LAYERS/top/up"
	BEFORE=$(listing)
	config '.root = {path: $top, readonly: true} | .annotations["org.urun.layers"] = $below | .annotations["org.urun.overlay"] = "tmpfs" | .mounts += [
		"/srv", "/new/dir", "/link" | {destination: ., source: ., type: "bind", options: ["bind", "x-urun-own"]}]' --arg top "$LAYERS/top" --arg below "$BELOW"
	in_container 'cat /srv/base /etc/which; echo x >/srv/base; echo x >/new/dir/file; echo x >/etc/which; cat /srv/base /new/dir/file /etc/which; touch /x /root 2>/dev/null || echo refused'
	assert_lines base top x x x refused
	unchanged
	config '.mounts[-1] |= (.destination = "/up" | .source = "/up")'
	in_container true
	assert_one_line 'mount /up on /up: in the root file system that leads to /'
	config '.mounts[-1].source = "/etc"'
	in_container true
	assert_one_line 'x-urun-own is for a bind whose source is its destination'
}

@test "a copy to and from a stopped container never reaches a layer" {
	make_layers
	echo copied >"$BUNDLE/file"
	by_layers --overlay="$BUNDLE/kept" --keep --name c1 sh -c 'echo changed >/srv/base'
	try cp c1:/srv/base -
	try cp "$BUNDLE/file" c1:/srv/new
	assert_status 0
	[ "$(cat "$BUNDLE/kept/upper/srv/new")" = copied ]
	unchanged
	urun delete c1
	by_layers --overlay --keep --name c2 true
	try cp c2:/srv/base "$BUNDLE/out"
	[ "$(cat "$BUNDLE/out")" = base ]
	try cp "$BUNDLE/file" c2:/srv/new
	[ "$status" -ne 0 ]
	unchanged
	urun delete c2
	remove_tree "$BUNDLE/kept"
}
