#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What layers become: every kind of file with all that it has, and one layer over another.
load lib.bash
load image.bash

# over_busybox [NAME.tar…]: makes the image image:1 of busybox and these layers.
over_busybox() {
	oci_image image:1 "$(base_layer)" "$@" >/dev/null
}

# in_image TEXT: runs the line of shell in image:1.
in_image() {
	run_image --pull always oci:image:1 sh -c "$1"
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
}

@test "modes, set-id bits, owners and times come out as they are in the layer" {
	has_subids || skip "this user has no subids"
	needs_images
	entries layer.tar <<-'END'
		file a mode=4755 uid=1 gid=2 mtime=1500000000.123456789
		file b mode=2711 uid=65535 gid=0 mtime=1
		dir c mode=3777 uid=33 gid=33 mtime=1400000000
		file c/d mode=0 content=text
		symlink e link=/nowhere uid=7 gid=8
		fifo f mode=620 uid=5 gid=5
	END
	over_busybox layer.tar
	in_image 'stat -c "%a %u %g %Y %F" /a /b /c /c/d /e /f; stat -c %y /a; readlink /e'
	assert_lines '4755 1 2 1500000000 regular empty file' '2711 65535 0 1 regular empty file' '3777 33 33 1400000000 directory' \
		'0 0 0 1700000000 regular file' '777 7 8 1700000000 symbolic link' '620 5 5 1700000000 fifo' \
		"$(date -u -d @1500000000 '+%F %T').123456789 +0000" /nowhere
}

@test "owners outside of the caller's range become the container's root, and one line counts them" {
	has_subids || skip "this user has no subids"
	needs_images
	entries layer.tar <<-'END'
		file a uid=2000000 gid=3
		file b uid=4 gid=2000000
		file c uid=4 gid=4
	END
	over_busybox layer.tar
	try pull oci:image:1
	assert_status 0
	[ "$(grep -c '' <<<"$stderr")" = 1 ] || fail "$stderr"
	assert_contains "$stderr" 'warning: '
	assert_contains "$stderr" ' 2 files'
	run_image oci:image:1 stat -c '%u %g' /a /b /c
	assert_lines '0 3' '4 0' '4 4'
	[ -z "$stderr" ]
}

@test "long names, names of any bytes, large ids, sparse files and attributes" {
	needs_images
	mkdir tree
	truncate -s 50M tree/sparse
	printf end | dd of=tree/sparse bs=1 seek=40000000 conv=notrunc status=none
	tar -C tree --sparse -cf sparse.tar sparse
	entries layer.tar <<-'END'
		file 'long/{20*directory-of-a-path/}{200*n}' content=long
		file 'bytes/\xff\xfe\x0a\xc3' content=bytes
		file attributes xattr.user.one=1 lxattr.user.two=two
		file 'umlaut-ü' content=umlaut
		symlink link link={3000*t}
	END
	over_busybox layer.tar sparse.tar
	in_image 'cat /long/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*; cat /bytes/*; cat /umlaut-*; find /bytes -type f | od -An -tx1; stat -c %s /sparse; dd if=/sparse bs=1 skip=40000000 count=3 2>/dev/null
		echo; readlink /link | wc -c'
	assert_contains "$output" 'longbytesumlaut'
	assert_contains "$output" 'ff fe 0a c3'
	assert_contains "$output" $'\n52428800\nend\n3001'
	observe with_subids python3 "$IMAGES/attributes.py" "$STORE/layers"
	assert_contains "$output" "attributes user.one=b'1'"
	assert_contains "$output" "attributes user.two=b'two'"
	[ "$(find "$STORE/layers" -name sparse -printf '%b\n')" -lt 1000 ]
}

@test "a file capability holds in the container" {
	has_subids || skip "this user has no subids"
	needs_images
	# Revision 2, with NET_RAW permitted and effective.  Source: linux/capability.h, struct vfs_cap_data.
	entries layer.tar <<-'END'
		file c 'xattr.security.capability=\x01\x00\x00\x02\x00\x20\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' mode=755
	END
	over_busybox layer.tar
	try pull oci:image:1
	assert_status 0
	[ -z "$stderr" ] || fail "$stderr"
	observe with_subids python3 "$IMAGES/attributes.py" "$STORE/layers"
	assert_contains "$output" '/c security.capability='
}

@test "whiteouts and opaque directories hide what is below, for the layer above alone" {
	needs_images
	entries one.tar <<-'END'
		dir d
		file d/a content=1
		file d/b content=1
		dir e
		file e/a content=1
		file f content=1
		dir g
		file g/h content=1
	END
	entries two.tar <<-'END'
		file d/.wh.a
		dir e
		file e/.wh..wh..opq
		file e/b content=2
		file .wh.f
		file .wh.g
		file .wh.never-there
	END
	entries three.tar <<-'END'
		file d/a content=3
		dir g
		file g/i content=3
	END
	over_busybox one.tar two.tar three.tar
	in_image 'ls /d /e /g; ls /f 2>/dev/null; cat /d/a; find / -xdev -name ".wh*"'
	assert_lines /d: a b '' /e: b '' /g: i 3
	oci_image image:1 "$(base_layer)" one.tar >/dev/null
	in_image 'ls /d /e /g /f'
	assert_lines /f '' /d: a b '' /e: a '' /g: h
}

@test "an opaque mark that comes after the files of its directory does not hide these" {
	needs_images
	echo 'file e/a content=1' | entries one.tar
	printf '%s\n' 'dir e' 'file e/b content=2' 'file e/.wh..wh..opq' | entries two.tar
	over_busybox one.tar two.tar
	in_image 'ls /e'
	assert_output b
}

@test "a whiteout and the file itself in one layer: the file is there, in either order" {
	needs_images
	printf '%s\n' 'file a content=1' 'dir b' 'file b/old content=1' | entries one.tar
	printf '%s\n' 'file .wh.a' 'file a content=2' 'dir b' 'file b/new content=2' 'file .wh.b' | entries two.tar
	over_busybox one.tar two.tar
	in_image 'cat /a; ls /b'
	assert_lines '2new'
}

@test "a hard link to a file of a lower layer has its content, owner and mode; and both names are one file" {
	needs_images
	printf '%s\n' 'file a content=text mode=4711 uid=3 gid=4 mtime=1500000000 xattr.user.x=y' 'symlink s link=a' | entries one.tar
	printf '%s\n' 'hardlink d/b link=a' 'hardlink c link=./a' 'hardlink t link=s' | entries two.tar
	over_busybox one.tar two.tar
	in_image 'cat /d/b; cat /a; echo; stat -c "%a %Y" /d/b /c; [ /a -ef /d/b ] && [ /c -ef /a ] && echo same; readlink /t'
	assert_lines texttext '4711 1500000000' '4711 1500000000' same a
	# Within one layer, across directories, also before the directory of the second name is listed.
	printf '%s\n' 'file x/a content=1' 'hardlink y/b link=x/a' 'dir y mode=700' | entries two.tar
	over_busybox two.tar
	in_image '[ /x/a -ef /y/b ] && stat -c "%h %a" /x/a /y'
	assert_lines '2 644' '2 700'
}

@test "directories that a layer does not list keep the mode and the owner that the nearest lower layer gives them" {
	needs_images
	printf '%s\n' 'dir tmp mode=1777' 'dir home mode=751 uid=5 gid=6' 'dir home/user mode=700 uid=7 gid=8' | entries one.tar
	printf '%s\n' 'file tmp/a content=1' 'file home/user/.profile content=1' 'file new/made/x content=1' | entries two.tar
	over_busybox one.tar two.tar
	in_image 'stat -c "%a %u %g" /tmp /home /home/user /new /new/made'
	if has_subids; then
		assert_lines '1777 0 0' '751 5 6' '700 7 8' '755 0 0' '755 0 0'
	else
		assert_lines '1777 0 0' '751 0 0' '700 0 0' '755 0 0' '755 0 0'
	fi
	# The same layer over other ones is another one in the store.
	printf '%s\n' 'dir tmp mode=750' | entries one.tar
	oci_image image:2 "$(base_layer)" one.tar two.tar >/dev/null
	run_image oci:image:2 stat -c %a /tmp /home
	assert_lines 750 755
	run_image oci:image:1 stat -c %a /tmp
	assert_output 1777
}

@test "the root directory has the mode and the owner that the topmost layer with an entry for it says" {
	needs_images
	echo 'dir . mode=750' | entries one.tar
	echo 'file a content=1' | entries two.tar
	over_busybox one.tar two.tar
	in_image 'stat -c %a /'
	assert_output 750
	over_busybox two.tar
	in_image 'stat -c %a /'
	assert_output 755
}

@test "an image of 120 layers runs" {
	needs_images
	local number layers=()
	for number in $(seq 119); do
		layers+=("layer$number.tar")
	done
	python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import entries
for number in range(1, 120): entries.write_archive("layer%d.tar" % number, ["file f%d content=x" % number, "file same content=%d" % number])' "$IMAGES"
	over_busybox "${layers[@]}"
	in_image 'ls -d /f* | wc -l; cat /same'
	assert_lines 119 119
	try rmi --all
	assert_status 0
	assert_store_is_empty
}

@test "with one id all files are the container's root's, and a line says so" {
	needs_images
	printf '%s\n' 'file a uid=33 gid=33 mode=4755' 'dir b uid=1 mode=700' 'file b/c content=1' | entries layer.tar
	over_busybox layer.tar
	mkdir single
	observe unshare --user --map-root-user env XDG_DATA_HOME="$PWD/single" "$URUN" --root "$STATE" run --network none oci:image:1 stat -c '%u %a' /a /b </dev/null
	assert_status 0
	assert_lines '0 4755' '0 700'
	assert_contains "$stderr" 'warning: '
}

@test "root of a container, without the right to mount, runs images in a user namespace of its own" {
	needs_images
	oci_image image:1 "$(base_layer)" >/dev/null
	mkdir inner
	observe unshare --user --map-root-user setpriv --bounding-set=-sys_admin env XDG_DATA_HOME="$PWD/inner" \
		"$URUN" --root "$STATE" run --network none oci:image:1 cat /etc/group </dev/null
	assert_status 0
	assert_output 'root:x:0:'
	observe unshare --user --map-root-user setpriv --bounding-set=-sys_admin env XDG_DATA_HOME="$PWD/inner" "$URUN" rmi --all
	assert_status 0
	[ -z "$(ls inner/urun/layers)" ]
}
