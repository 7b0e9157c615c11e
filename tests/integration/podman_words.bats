#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The words that fingers know from podman and docker: each does what it says there, or is refused by a line that names the way.
load lib.bash

@test "letters can share a dash, and an argument can follow its letter" {
	mkdir "$BUNDLE/work"
	echo in >"$BUNDLE/work/file"
	by_options -it -eA=1 -v"$BUNDLE/work:/mnt" -w/mnt sh -c 'test -t 1 && echo $A $PWD $(cat file)'
	assert_status 0
	assert_contains "$output" '1 /mnt in'
	try run -itx --rootfs "$BUNDLE/rootfs" true
	assert_status 125
	assert_one_line 'run: unknown option -x'
}

@test "an option of podman that urun doesn't have is refused with the way to go, and accepted where it asks for what urun does" {
	by_options --secret password true
	assert_status 125
	assert_one_line 'urun: run: option --secret: use --volume'
	by_options --ip=10.0.0.1 true
	assert_one_line 'run: option --ip: '
	by_options -P true
	assert_one_line 'run: option --publish-all: '
	by_options --restart always true
	assert_one_line 'run: option --restart: '
	by_options --restart no --pull=never --sig-proxy echo ran
	assert_status 0
	assert_output ran
	try exec --latest true
	assert_status 255
	assert_one_line 'exec: option --latest: give the id'
	try update -e A=b c1
	assert_one_line 'update: option --env: '
}

@test "a command of podman that urun doesn't have is refused with the way to go" {
	try compose up
	assert_status 1
	assert_one_line "urun: unknown command 'compose'" '--network container:ID'
	try nonsense
	assert_one_line "unknown command 'nonsense'"
}

@test "--mount mounts by keys, as --volume and --tmpfs do" {
	mkdir "$BUNDLE/a,b"
	echo in >"$BUNDLE/a,b/file"
	by_options --mount "type=bind,\"src=$BUNDLE/a,b\",dst=/mnt,ro" --mount type=tmpfs,dst=/scratch,tmpfs-size=64k,tmpfs-mode=700 \
		sh -c 'cat /mnt/file; (echo x >/mnt/file) 2>/dev/null || echo read-only; stat -c %a /scratch; df -k /scratch | tail -1 | tr -s " " | cut -d" " -f2'
	assert_output $'in\nread-only\n700\n64'
	by_options --mount type=volume,src=data,dst=/mnt true
	assert_one_line '--mount type=volume,src=data,dst=/mnt: ' type=bind
	by_options --mount type=bind,src=/etc,dst=/mnt,fast=yes true
	assert_one_line "type=bind has no option 'fast'"
}

@test "--device gives a device that the caller can open, and --privileged all of these, all capabilities and no filter" {
	by_options --device /dev/zero:/dev/more sh -c 'head -c 3 /dev/more | wc -c'
	assert_output 3
	by_options --device /dev/null:r true
	assert_one_line '--device /dev/null:r: ' 'you read and write' 'or give rw'
	by_options --device /dev/null:/dev/void:r true
	assert_one_line '--device /dev/null:/dev/void:r: '
	by_options --device /dev/null:/dev/void:rw --device /dev/null:/dev/nil:rwm --device /dev/zero:rw true
	assert_status 0
	by_options --device "$BUNDLE/config.json" true
	assert_one_line 'use --volume'
	by_options --privileged sh -c 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; mount -t tmpfs x /tmp && echo mounted; grep -c " /proc/[a-z]" /proc/self/mountinfo'
	assert_output $'CapEff:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\nmounted\n0'
}

@test "--entrypoint, --group-add, --umask, --oom-score-adj, --sysctl, --personality and -h are the program's" {
	printf 'root:x:0:\nvideo:x:4:\n' >"$BUNDLE/rootfs/etc/group"
	by_options --entrypoint '["sh","-c"]' --umask 0027 --oom-score-adj 500 --sysctl kernel.msgmax=4096 --personality linux32 -h box --domainname dom --shm-size 1m \
		'umask; cat /proc/self/oom_score_adj /proc/sys/kernel/msgmax; uname -m; hostname; cat /proc/sys/kernel/domainname; df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2'
	assert_output "0027"$'\n500\n4096\n'"$(setarch linux32 uname -m)"$'\nbox\ndom\n1024'
	by_options --entrypoint '' echo plain
	assert_output plain
	by_options --oom-score-adj -1000 true
	assert_one_line 'only root can go below'
	has_subids || skip "this user has no subids"
	by_options --group-add video --group-add 7 id -G
	assert_output '0 4 7'
}

@test "--group-add NAME is a group of the container as it is, with its volumes and the changes of its overlay" {
	local changes=$BATS_TEST_TMPDIR/changes
	has_subids || skip "this user has no subids"
	printf 'root:x:0:\nvideo:x:4:\n' >"$BUNDLE/rootfs/etc/group"
	printf 'video:x:5:\nplugdev:x:6:\n' >"$BATS_TEST_TMPDIR/group"
	by_options --volume "$BATS_TEST_TMPDIR/group:/etc/group" --group-add plugdev --group-add video --group-add 7 --name c1 id -G
	assert_output '0 5 6 7'
	by_options "--overlay=$changes" sh -c 'echo made:x:8: >>/etc/group'
	try check --rootfs "$BUNDLE/rootfs" --network none "--overlay=$changes" --group-add made id
	assert_output 'no problem found'
	try run --detach --name c1 --rootfs "$BUNDLE/rootfs" --network none "--overlay=$changes" --group-add made sleep 60 </dev/null
	[ "$(urun exec c1 id -G)" = '0 8' ]
	urun delete --force c1
	by_options --group-add made id
	assert_status 125
	assert_one_line "--group-add: group 'made' is not found in the container's /etc/group"
	try check --rootfs "$BUNDLE/rootfs" --network none --group-add made id
	assert_status 1
	assert_contains "$output$stderr" "--group-add: group 'made' is not found"
	printf 'far:x:3000000000:\n' >"$BUNDLE/rootfs/etc/group"
	by_options --group-add far id
	assert_one_line '--group-add: gid 3000000000 is not mapped'
	remove_tree "$changes"
}

@test "--read-only leaves /tmp, /run and /var/tmp writable, unless --read-only-tmpfs=false" {
	by_options --read-only sh -c 'echo x >/tmp/a && echo x >/run/a && echo x >/var/tmp/a && echo written; (echo x >/a) 2>/dev/null || echo refused'
	assert_output $'written\nrefused'
	by_options --read-only --read-only-tmpfs=false sh -c 'for dir in /tmp /run /var/tmp /dev /dev/shm /etc; do (echo x >$dir/a) 2>/dev/null || echo $dir; done; echo x >/dev/null && test -c /dev/zero && test -L /dev/stdin && echo devices'
	assert_output $'/tmp\n/run\n/var/tmp\n/dev\n/dev/shm\n/etc\ndevices'
	by_options --read-only --read-only-tmpfs=false --tmpfs /run sh -c 'echo x >/run/a && cat /run/a'
	assert_output x
	by_options --read-only --read-only-tmpfs=false -it sh -c 'tty; : >/dev/tty && echo terminal'
	assert_contains "$output" /dev/pts/0
	assert_contains "$output" terminal
}

@test "--unsetenv, --tz, --hostuser, --label and --security-opt mask= change what the program finds" {
	printf '# a comment\nfrom=file\n' >"$BUNDLE/labels"
	by_options --unsetenv-all --env A=b --hostuser root --tz local --security-opt label=disable --security-opt mask=/etc/passwd --label a=b -l c --label-file "$BUNDLE/labels" sh -c "env; cat /etc/passwd"
	assert_contains "$output" A=b
	refute_contains "$output" TERM=
	refute_contains "$output" root
	rm "$BUNDLE/config.json"
	try spec --bundle "$BUNDLE" --rootfs "$BUNDLE/rootfs" --network none --label a=b -l c --label-file "$BUNDLE/labels"
	[ "$(jq -c '[.annotations | .a, .c, .from]' "$BUNDLE/config.json")" = '["b","","file"]' ]
	[ -e /usr/share/zoneinfo/Asia/Tokyo ] || skip "the host has no time zones"
	by_options --tz Asia/Tokyo date +%Z
	assert_output JST
}

@test "--dns, --dns-search, --dns-option and --add-host are lines in the container's files, also of a saved config" {
	local options=(--dns 192.0.2.1 --dns-search a.b --dns-option ndots:1 --add-host 'db;cache:192.0.2.2')
	try run --rootfs "$BUNDLE/rootfs" "${options[@]}" --save-config "$BUNDLE/saved" sh -c 'cat /etc/resolv.conf; tail -n 1 /etc/hosts' </dev/null
	assert_output $'nameserver 192.0.2.1\nsearch a.b\noptions ndots:1\n192.0.2.2\tdb cache'
	try run --config "$BUNDLE/saved" c1 </dev/null
	assert_output $'nameserver 192.0.2.1\nsearch a.b\noptions ndots:1\n192.0.2.2\tdb cache'
	echo mine >"$BUNDLE/rootfs/etc/hosts"
	echo mine too >"$BUNDLE/rootfs/etc/resolv.conf"
	try run --rootfs "$BUNDLE/rootfs" --no-hosts --dns none cat /etc/hosts /etc/resolv.conf </dev/null
	assert_output $'mine\nmine too'
	try run --rootfs "$BUNDLE/rootfs" --add-host host:host-gateway true </dev/null
	assert_one_line host-loopback=yes
	try run --rootfs "$BUNDLE/rootfs" --network slirp,host-loopback=yes --add-host host:host-gateway tail -n 1 /etc/hosts </dev/null
	assert_output $'10.0.2.2\thost'
}

@test "exec and update have the words of podman too" {
	detached c1 sleep 60
	printf 'A=file\nB=file\n' >"$BUNDLE/env"
	PASSED=yes try exec -it -w /tmp -e A=b -e PASSED -e NOWHERE --env-file "$BUNDLE/env" c1 sh -c 'test -t 1 && echo $PWD $A $B $PASSED ${NOWHERE-unset}' </dev/null
	assert_status 0
	assert_contains "$output" '/tmp b file yes unset'
	try exec --privileged c1 sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status
	assert_output 000001ffffffffff
	try exec c1 sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status
	assert_output 00000000800405fb
	try update --cpus 1 --cpu-quota 1000 c1
	assert_one_line "option --cpus: --cpu-quota can't be given too"
	try update --cpus none c1
	assert_one_line "option --cpus takes a number of processors"
	try update -m 64m -c 512 --cpus 1.5 nobody
	assert_one_line nobody
	urun delete --force c1
}

@test "help and version are the same as --help and --version" {
	local shown
	shown=$(urun run --help)
	try help run
	assert_output "$shown"
	shown=$(urun --help)
	try help
	assert_output "$shown"
	shown=$(urun --version)
	try version
	assert_output "$shown"
	try help nonsense
	assert_one_line "unknown command 'nonsense'"
}

@test "each option of podman and docker is an option of urun's too, or is refused with a reason, which the page has" {
	local command names name own answer page
	page=$("$BATS_TEST_DIRNAME/../../man/expand" 0 "$BATS_TEST_DIRNAME/../../man/urun-run.scd")
	while read -r command names; do
		own=$(urun "$command" --help 2>/dev/null) || continue
		for name in $names; do
			[[ $own = *"  --$name "* || $own = *", --$name "* || $own = *" --$name"[$'\n=[']* || $name = help ]] && continue
			answer=$("$URUN" "$command" "--$name=asked" 2>&1) || true # asserted by its text
			[[ $answer = "urun: $command: option --$name: "* ]] || fail "$command --$name: $answer"
			[[ $command != run || $page = *"*--$name*"* ]] || fail "urun-run(1) lacks --$name"
		done
	done < <(grep -v '^#' "$BATS_TEST_DIRNAME/podman.options")
}

@test "run -it --rm and exec -it are a shell at a terminal" {
	command -v python3 >/dev/null || skip "python3 isn't installed"
	observe "$BATS_TEST_DIRNAME/terminal" wait='# ' type='tty; echo in-$((40 + 2))\n' wait=in-42 type='exit 3\n' -- \
		"$URUN" --root "$STATE" run -it --rm --rootfs "$BUNDLE/rootfs" --network none -e 'PS1=# ' sh
	assert_contains "$output" /dev/pts/0
	assert_contains "$output" $'exit 3\nterminal restored'
	urun run -d --rootfs "$BUNDLE/rootfs" --network none --name c1 sleep 60 </dev/null >/dev/null 2>&1
	observe "$BATS_TEST_DIRNAME/terminal" wait='# ' type='pwd; exit 4\n' -- "$URUN" --root "$STATE" exec -it -w /etc -e 'PS1=# ' c1 sh
	assert_contains "$output" /etc
	assert_contains "$output" $'exit 4\nterminal restored'
	urun delete --force c1
}
