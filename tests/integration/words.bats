#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a person types at a terminal, right or nearly right: which container the words mean, and what the errors say.
load lib.bash

# in_directory DIRECTORY ARG…: observes urun in another working directory.
in_directory() {
	cd "$1" || return
	shift
	observe urun "$@" </dev/null
	cd "$BATS_TEST_TMPDIR" || return
}

# hostile_project: makes a directory whose config.json is a bundle with a hook, as a cloned project may have.
hostile_project() {
	config --arg file "$BATS_TEST_TMPDIR/owned" '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "touch \($file)"]}]'
	sh_program 'echo bundle'
}

@test "-- before the command means the sandbox, also in a directory that is a bundle with hooks" {
	hostile_project
	in_directory "$BUNDLE" run --network none -- sh -c 'test -e /usr/bin/env && echo host'
	assert_status 0
	assert_output host
	in_directory "$BUNDLE" run --network none --name c1 --tty=false -i -- sh -c 'test -e /usr/bin/env && hostname'
	assert_output urun
	in_directory "$BUNDLE" check --network none -- no-such-program
	assert_status 1
	assert_contains "$output" 'executable file `no-such-program` not found in $PATH'
	mkdir "$BATS_TEST_TMPDIR/out"
	in_directory "$BUNDLE" spec --bundle "$BATS_TEST_TMPDIR/out" --network none -- sh -c 'echo x'
	assert_status 0
	[ "$(jq -r .root.path "$BATS_TEST_TMPDIR/out/config.json")" = / ]
	[ ! -e "$BATS_TEST_TMPDIR/owned" ] || fail "the hook of the project has run"
	# Neither an empty file nor the config of a web project makes a difference.
	echo '{"name": "web"}' >"$BATS_TEST_TMPDIR/out/config.json.new"
	mv "$BATS_TEST_TMPDIR/out/config.json.new" "$BATS_TEST_TMPDIR/out/config.json"
	in_directory "$BATS_TEST_TMPDIR/out" run --network none -- echo sandbox
	assert_output sandbox
}

@test "an id without --, or with --bundle, means the bundle, as engines call it" {
	sh_program 'echo bundle'
	in_directory "$BUNDLE" run c1
	assert_output bundle
	observe urun run --bundle "$BUNDLE" -- c1
	assert_output bundle
	# Here "--" is the value of --pid-file.
	in_directory "$BUNDLE" run --pid-file -- c1
	assert_output bundle
	rm -f "$BUNDLE/--"
	try run --rootfs "$BUNDLE/rootfs" --network none -- echo root
	assert_output root
}

@test "a word that is no id here says what to type" {
	local empty=$BATS_TEST_TMPDIR/empty word
	mkdir -p "$empty/debian/bin" "$empty/none"
	for word in 'bash' 'bash -c ls' '--name x bash' '-it bash' 'ls --color'; do
		# shellcheck disable=SC2086
		in_directory "$empty" run $word
		assert_status 125
		assert_one_line './config.json: no such file or directory' "$(grep -oE 'bash|ls' <<<"$word" | head -n 1)\`" '`urun run -- ' '`urun run --rootfs DIR '
	done
	in_directory "$empty" run debian bash
	assert_status 125
	assert_one_line '`urun run --rootfs debian`'
	in_directory "$empty" run none bash
	assert_one_line '`urun run -- none`'
	for word in debian:12 docker.io/library/alpine quay.io/a/b:c; do
		in_directory "$empty" run $word sh
		assert_status 125
		assert_one_line "docker://$word"
	done
	[ "$(cd "$empty" && find . | sort | tr '\n' ' ')" = '. ./debian ./debian/bin ./none ' ]
	in_directory "$empty" run bash --help
	assert_contains "$output" 'Usage: urun run'
	in_directory "$empty" run c1 --bundle "$BUNDLE"
	refute_contains "$stderr" './config.json'
}

@test "a program's name that was taken as the id of a bundle that fails says what to type" {
	local project=$BATS_TEST_TMPDIR/project word text
	local sandbox='`urun run -- bash` takes'
	mkdir -p "$project/debian/bin"
	for text in '{ "name": "a web project" }' '<html>' '' '[]' "$(jq '.root.path="nowhere"' "$BUNDLE/config.json")"; do
		echo "$text" >"$project/config.json"
		for word in 'bash' '--name x bash' 'bash -c ls' 'bash --norc'; do
			# shellcheck disable=SC2086
			in_directory "$project" run $word
			assert_status 125
			assert_one_line urun: "(hint: " "$sandbox"
		done
	done
	in_directory "$project" run debian bash
	assert_one_line '`urun run --rootfs debian`'
	# The hint of the cause itself comes first.
	config '.process.args=["nosuch"] | .process.user.uid=12 | .linux.uidMappings=[{containerID:0,hostID:7,size:1}]'
	in_directory "$BUNDLE" run bash
	assert_one_line "(hint: " "$sandbox"
	# An id that is no program gets no such hint, and neither does a bundle that was named.
	in_directory "$project" run c1
	refute_contains "$stderr" 'urun run --'
	observe urun run --bundle "$project" bash
	refute_contains "$stderr" 'urun run --'
}

# suggests HINT WORD…: what was typed is refused, and the hint begins like this.
suggests() {
	observe urun "${@:2}"
	assert_one_line unknown "(hint: $1"
}

@test "an unknown command or option names the nearest, or what does the same here" {
	suggests 'did you mean `urun list`?' lst
	suggests 'did you mean `urun delete`?' delte c1
	suggests "use 'skopeo copy'" save
	suggests "use 'urun list'" ls
	suggests 'did you mean --debug?' --debg list
	suggests 'did you mean --volume?' run --volumes /a:/b -- true
	suggests 'did you mean --network?' run --netwrok=none -- true
	suggests 'did you mean --cap-add or --cap-drop?' run --cap ALL -- true
	# A long option with one dash is no row of letters.
	suggests 'did you mean --volume?' run -volume /a:/b -- true
	suggests 'did you mean --env?' run -env=A=b -- true
	suggests 'did you mean --network?' run -network none -- true
	suggests 'did you mean --hostname?' run -hostname x -- true
	suggests '`urun list` lists the containers' ps -a
	observe urun --bogus
	assert_one_line 'urun: unknown option --bogus'
	[ "$stderr" = 'urun: unknown option --bogus' ]
	observe urun xyzzy
	[ "$stderr" = "urun: unknown command 'xyzzy' (see 'urun --help')" ]
	observe urun run --bogus
	[ "$stderr" = 'urun: run: unknown option --bogus' ]
	observe urun ps
	assert_one_line '`urun list` lists the containers'
}

@test "letters take their value behind = too, and flags every word of podman's for true and false" {
	local word
	by_options -it=false -e=A=b -w=/bin sh -c 'test -t 0 || echo "$A $PWD"'
	assert_output 'b /bin'
	by_options -it=true --env A=b sh -c 'test -t 0 && echo "$A"'
	assert_contains "$output" b
	for word in -d=false -d=0 -d=F --detach=False -id=f -it=0 '-t=False -i' -i=1 -u=0; do
		# shellcheck disable=SC2086
		by_options $word echo foreground
		assert_output foreground
	done
	by_options -d=true --name=c1 true
	assert_output c1
	try list -q=false
	assert_contains "$output" COMMAND
	try list -aq=1
	assert_output c1
	# Options behind the operands too.
	try delete c1 -f=true
	assert_status 0
	by_options -t=maybe true
	assert_one_line "run: option --tty is true or false, not 'maybe'"
	by_options -dt= true
	assert_one_line "run: option --tty is true or false, not ''"
	by_options -=false true
	assert_one_line 'run: unknown option -='
	by_options -u= true
	assert_one_line 'option --user has an empty value'
	by_options -i=false true
	assert_one_line "option --interactive can't be false: " '</dev/null'
	observe urun list --all=false
	assert_one_line "option --all can't be false"
}

# refuses_root DIR KIND TEXT…: with the words of $WORDS, DIR is refused as a root file system with these texts, and nothing is made in it.
refuses_root() {
	local root=$1 before
	before=$(cd "$BATS_TEST_TMPDIR" && find . -path ./state -prune -o -print | sort)
	observe urun run --network none --rootfs "$root" "${WORDS[@]}"
	assert_status 125
	assert_one_line "--rootfs $root: this is $2" "${@:3}"
	observe urun check --network none --rootfs "$root" "${WORDS[@]}"
	assert_status 1
	assert_contains "$output" "--rootfs $root: this is $2"
	rm -f "$BATS_TEST_TMPDIR/stderr"
	[ "$(cd "$BATS_TEST_TMPDIR" && find . -path ./state -prune -o -print | sort)" = "$before" ] || fail "something was made"
}

@test "what is no root file system is named, and nothing is made in it" {
	local dir=$BATS_TEST_TMPDIR/roots
	WORDS=(true)
	mkdir -p "$dir"/{empty,layout/blobs,parts,above/debian/{bin,etc},overlay/{upper,work},project/src} "$BATS_TEST_TMPDIR/home/bin"
	touch "$dir/layout/oci-layout" "$dir/parts/manifest.json"
	refuses_root "$dir/empty" 'an empty directory' 'volume'
	refuses_root "$dir/layout" 'an image (OCI layout)' "urun run oci:$dir/layout:TAG"
	refuses_root "$dir/parts" 'an image in parts'
	refuses_root "$dir/above/" 'no root file system' "did you mean --rootfs $dir/above/debian?"
	refuses_root "$dir/overlay" 'the directory of an overlay' "did you mean --overlay=$dir/overlay?"
	refuses_root "$dir/project" 'no root file system'
	refuses_root "$BUNDLE" 'a bundle' "did you mean --rootfs $BUNDLE/rootfs, or \`urun run --bundle $BUNDLE ID\`?"
	refuses_root /proc procfs
	refuses_root /sys sysfs
	HOME=$BATS_TEST_TMPDIR/home refuses_root "$BATS_TEST_TMPDIR/home" 'your own directory'
	# Files.
	tar -C "$BUNDLE/rootfs" -cf "$dir/system.tar" etc
	gzip -k "$dir/system.tar"
	tar -C "$dir/layout" -cf "$dir/image.tar" blobs oci-layout
	touch "$dir/$(printf '%064d' 7).tar"
	tar -C "$dir" -cf "$dir/saved.tar" "$(printf '%064d' 7).tar"
	echo text >"$dir/text"
	mkfifo "$dir/fifo"
	refuses_root "$dir/system.tar" 'an archive: not a directory' "tar -C root -xpf $dir/system.tar"
	refuses_root "$dir/system.tar.gz" 'an archive: not a directory'
	refuses_root "$dir/image.tar" 'the archive of an image' "docker-archive:$dir/image.tar"
	refuses_root "$dir/saved.tar" 'the archive of an image' "docker-archive:$dir/saved.tar"
	refuses_root "$dir/text" 'a file: not a directory'
	refuses_root "$dir/fifo" 'a file: not a directory'
	# The directory of an overlay isn't made either.
	WORDS=("--overlay=$dir/changes" true)
	refuses_root "$dir/empty" 'an empty directory'
}

@test "the directory of an overlay is made by a start, and not by a command that is refused or only looks" {
	local changes=$BATS_TEST_TMPDIR/changes
	try run --network none --rootfs "$BUNDLE/rootfs" "--overlay=$changes" --memory 5x true
	assert_one_line '--memory 5x'
	try check --network none --rootfs "$BUNDLE/rootfs" "--overlay=$changes" true
	assert_output 'no problem found'
	mkdir "$BATS_TEST_TMPDIR/out"
	try spec --bundle "$BATS_TEST_TMPDIR/out" --network none --rootfs "$BUNDLE/rootfs" "--overlay=$changes/" sh -c 'echo new >/file'
	assert_status 0
	[ ! -e "$changes" ]
	try run --bundle "$BATS_TEST_TMPDIR/out" c1
	assert_status 0
	[ "$(cat "$changes/upper/file")" = new ]
	remove_tree "$changes"
	try run --network none --rootfs "$BUNDLE/rootfs" "--overlay=$changes/a/b" true
	assert_one_line "--overlay $changes/a/b: no such file or directory"
}

@test "a directory with nothing but the program, or with a program that comes from elsewhere, is a root" {
	local root=$BATS_TEST_TMPDIR/root
	mkdir "$root"
	try run --network none --rootfs "$root" --volume "$BUNDLE/rootfs/bin:/bin" echo by volume
	assert_output 'by volume'
	rm -r "${root:?}"/*
	cp "$BUNDLE/rootfs/bin/busybox" "$root/echo"
	try run --network none --rootfs "$root" /echo alone
	assert_output alone
	try run --network none --rootfs "$root" --env PATH=/ echo path
	assert_output path
	rm -r "$root"
	mkdir -p "$root" "$BATS_TEST_TMPDIR/changes/upper"
	cp -a "$BUNDLE/rootfs/bin" "$BATS_TEST_TMPDIR/changes/upper/bin"
	try run --network none --rootfs "$root" --overlay="$BATS_TEST_TMPDIR/changes" echo changed
	assert_output changed
	remove_tree "$BATS_TEST_TMPDIR/changes"
}

@test "a start that fails leaves no mount points in the root file system" {
	local root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/bin"
	cp "$BUNDLE/rootfs/bin/busybox" "$root/bin/busybox"
	by_root() {
		observe urun run --network none --rootfs "$root" --volume /etc:/mnt/etc --volume /etc/passwd:/mnt/file --workdir /some/where "$@"
	}
	by_root nosuch
	assert_status 127
	[ "$(cd "$root" && find . | sort | tr '\n' ' ')" = '. ./bin ./bin/busybox ' ]
	# An entry that was there stays, and so does everything of a container whose program has run.
	mkdir "$root/proc"
	by_root nosuch
	[ "$(cd "$root" && find . | sort | tr '\n' ' ')" = '. ./bin ./bin/busybox ./proc ' ]
	by_root busybox true
	assert_status 0
	[ -d "$root/sys" ] && [ -d "$root/mnt/etc" ] && [ -d "$root/some/where" ]
}

@test "a start that fails doesn't touch the mount points of another container of the same root" {
	local root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/bin"
	cp "$BUNDLE/rootfs/bin/busybox" "$root/bin/busybox"
	urun run --network none --rootfs "$root" --detach --name c1 busybox sleep 60 </dev/null >/dev/null 2>&1
	# As if the other container had made them after we looked.
	observe urun run --network none --rootfs "$root" --workdir /new nosuch
	assert_status 127
	[ -d "$root/new" ]
	urun exec c1 busybox ls /proc/self >/dev/null
	# The path of its root is "/" where the link is read, and so would be the host's.
	observe urun run --network none --rootfs "/proc/$(urun state c1 | jq .pid)/root" busybox true
	assert_one_line "the root of another process can't be taken"
	urun delete --force c1
}

@test "list fits its terminal, cuts nothing elsewhere, and shows what a command would do to the terminal" {
	local table
	detached ended sh -c 'exit 3'
	detached long sh -c $'sleep 60 #\e[31m 3456789 123456789 123456789 123456789 123456789 123456789'
	urun wait ended >/dev/null
	try list --all
	[ "$(head -n 1 <<<"$output" | tr -s ' ')" = 'ID COMMAND CREATED STATUS PORTS' ]
	assert_contains "$output" 'stopped (3)'
	assert_contains "$output" 'sh -c sleep 60 #\x1b[31m 3456789 123456789 123456789 123456789 123456789 123456789'
	table=$(script -qec "stty cols 60; '$URUN' --root '$STATE' list" /dev/null </dev/null | tr -d '\r')
	[ "$(wc -L <<<"$table")" = 60 ] || fail "$table"
	assert_contains "$table" '…'
	table=$(script -qec "stty cols 60; '$URUN' --root '$STATE' list --no-trunc" /dev/null </dev/null | tr -d '\r')
	assert_contains "$table" '123456789 123456789  '
	urun delete --force long
	urun delete ended
	try list
	assert_output "$(printf '%s' 'ID  COMMAND  CREATED  STATUS  PORTS')"
}

@test "an empty value, as \"\$unset\" leaves it, is refused by the option's name" {
	local option
	for option in volume env mount device tmpfs publish label dns cap-add security-opt overlay workdir; do
		by_options "--$option=" true
		assert_status 125
		assert_one_line "run: option --$option has an empty value"
	done
	by_options --entrypoint= true
	assert_status 0
	for option in pull rmi images; do
		try "$option" ''
		assert_status 1
		assert_one_line 'the name of the image is empty'
	done
	in_directory "$BUNDLE" run ''
	assert_status 125
	[ "$stderr" = 'urun: the container id is empty' ] || fail "$stderr"
	mkdir "$BATS_TEST_TMPDIR/none"
	in_directory "$BATS_TEST_TMPDIR/none" run ''
	assert_status 125
	[ "$stderr" = 'urun: run: the name of the image is empty' ] || fail "$stderr"
}

@test "a wrong word is told in a line that can't be read in another way" {
	observe urun run --pull nver oci:nowhere true
	assert_one_line "option --pull is always, missing, newer or never, not 'nver'"
	try --rootless ture list
	assert_status 1
	assert_one_line "option --rootless is true, false or auto, not 'ture'"
	try --rootless auto list
	assert_status 0
	try --trace "$BATS_TEST_TMPDIR/none/trace" list
	assert_one_line "urun: open trace $BATS_TEST_TMPDIR/none/trace: "
	try list --json
	assert_one_line 'unknown option --json (hint: did you mean --format json?)'
	detached c1 sleep 60
	try exec -w relative c1 pwd
	assert_status 255
	assert_one_line "c1: the working directory 'relative' isn't an absolute path"
	# kubectl exec has the mark there; podman and docker haven't.
	try exec c1 -- pwd
	assert_status 127
	assert_one_line 'executable file `--` not found in $PATH' '(hint: leave the -- out)'
	try exec c1 -it pwd
	assert_status 127
	assert_one_line 'executable file `-it` not found in $PATH' '(hint: options stand before the image or the id)'
	observe urun check --rootfs "$BUNDLE/rootfs" --network none -- --rm true
	assert_output 'executable file `--rm` not found in $PATH: no such file or directory (hint: options stand before the image or the id)'
	urun delete --force c1
}
