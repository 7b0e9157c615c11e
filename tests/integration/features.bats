#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What engines ask of the program itself: features, --version, and whether it can checkpoint.
load lib.bash

# feature FILTER: what jq makes of the features document, a line each.
feature() {
	urun features | jq -r "$1"
}

# lists FILTER WORD…: the list in the document has exactly these, in any order.
lists() {
	local filter=$1 expected
	shift
	expected=$(printf '%s\n' "$@" | sort)
	output=$(feature "${filter}[]" | sort)
	assert_output "$expected"
}

# --- features -------------------------------------------------------------------------------------------------------------

@test "features is one JSON object on stdout, and nothing else" {
	try features
	assert_status 0
	[ -z "$stderr" ] || fail "stderr: $stderr"
	[ "$(jq -s 'length == 1 and (.[0] | type == "object")' <<<"$output")" = true ]
}

@test "features needs no state folder, no config and no environment" {
	cd /
	observe env -i "$URUN" --root /no/such/folder features
	assert_status 0
	jq -e .ociVersionMax <<<"$output"
	[ ! -e /no/such/folder ]
	observe env -i "$URUN" features
	assert_status 0
}

@test "features has no operand, and --help tells what it is" {
	try features c1
	assert_status 1
	assert_one_line c1
	try features --help
	assert_status 0
	assert_contains "$output" 'Usage: urun features'
}

@test "features that can't be written is an error" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	status=0
	stderr=$(urun features 2>&1 >/dev/full) || status=$?
	output=
	assert_status 1
	assert_one_line 'no space left on device'
}

@test "the versions of the spec are 1.0.0 to the one of --version, and both are accepted" {
	local version
	[ "$(feature .ociVersionMin)" = 1.0.0 ]
	[ "$(feature .ociVersionMax)" = "$(urun --version | sed -n 's/^spec: //p')" ]
	for version in $(feature '.ociVersionMin, .ociVersionMax'); do
		config '.ociVersion = $version' --arg version "$version"
		try run --bundle "$BUNDLE" c1
		assert_status 0
	done
}

# The properties of features.md and features-linux.md: others must not be there.
@test "features has the spec's properties and no other" {
	lists '[keys[]]' annotations hooks linux mountOptions ociVersionMax ociVersionMin potentiallyUnsafeConfigAnnotations
	lists '[.linux | keys[]]' apparmor capabilities cgroup intelRdt memoryPolicy mountExtensions namespaces netDevices seccomp selinux
	lists '[.linux.cgroup | keys[]]' rdma systemd systemdUser v1 v2
	lists '[.linux.seccomp | keys[]]' actions archs enabled knownFlags operators supportedFlags
}

@test "hooks and namespaces are those of the spec" {
	lists .hooks prestart createRuntime createContainer startContainer poststart poststop
	lists .linux.namespaces cgroup ipc mount network pid time user uts
}

@test "what is there and what isn't is a boolean" {
	output=$(feature '.linux | [.seccomp, .apparmor, .selinux, .mountExtensions.idmap, .intelRdt, .netDevices] | map(.enabled) | @json')
	assert_output '[true,true,true,true,false,false]'
	output=$(feature '.linux.cgroup | [.v1, .v2, .rdma] | @json')
	assert_output '[false,true,true]'
	[ "$(feature '.linux.cgroup | [.systemd, .systemdUser] | map(type) | unique | @json')" = '["boolean"]' ]
}

# What is said to be missing is refused, and not passed over.
@test "what features says is missing is refused in a config" {
	config '.linux.intelRdt = {"closID": "c1"}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line linux.intelRdt
	config 'del(.linux.intelRdt) | .linux.netDevices = {"eth0": {}}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line linux.netDevices
}

@test "seccomp's words are those of the spec" {
	lists .linux.seccomp.actions SCMP_ACT_{KILL,KILL_PROCESS,KILL_THREAD,TRAP,ERRNO,TRACE,ALLOW,LOG,NOTIFY}
	lists .linux.seccomp.operators SCMP_CMP_{NE,LT,LE,EQ,GE,GT,MASKED_EQ}
	lists .linux.seccomp.knownFlags SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
	lists .linux.seccomp.supportedFlags SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
	# The architectures that libseccomp knows since 2.6 are listed where it knows them.
	local newer='["SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"]'
	lists "(.linux.seccomp.archs - $newer)" SCMP_ARCH_{X86,X86_64,X32,ARM,AARCH64,MIPS,MIPS64,MIPS64N32,MIPSEL,MIPSEL64,MIPSEL64N32} \
		SCMP_ARCH_{PPC,PPC64,PPC64LE,S390,S390X,PARISC,PARISC64,RISCV64}
}

@test "every action, operator and flag of seccomp that is listed is accepted in a config" {
	# A call that no program makes; a rule for each action with each operator would contradict the one before.
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": $features[0].linux.seccomp.supportedFlags,
		"syscalls": [$features[0].linux.seccomp.operators | to_entries[] |
			{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "args": [{"index": .key, "value": 7, "op": .value}]} |
			select(.args[0].index < 6)]}' --slurpfile features <(urun features)
	try run --bundle "$BUNDLE" c1
	assert_status 0
	local action
	for action in $(feature '.linux.seccomp.actions[]'); do
		# A listener that isn't there is found missing later than the word is read.
		config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp"], "action": $action}]}
			| if $action == "SCMP_ACT_NOTIFY" then .linux.seccomp.listenerPath = "/no/such/socket" else . end' --arg action "$action"
		try run --bundle "$BUNDLE" c1
		case $action in
		SCMP_ACT_NOTIFY) assert_one_line /no/such/socket ;;
		*) assert_status 0 ;;
		esac
	done
}

@test "the memory policies are those of the spec, and pass the check of the config" {
	lists .linux.memoryPolicy.modes MPOL_{DEFAULT,BIND,INTERLEAVE,WEIGHTED_INTERLEAVE,PREFERRED,PREFERRED_MANY,LOCAL}
	lists .linux.memoryPolicy.flags MPOL_F_{NUMA_BALANCING,RELATIVE_NODES,STATIC_NODES}
	local mode
	for mode in $(feature '.linux.memoryPolicy.modes[]'); do
		config '.linux.memoryPolicy = {"mode": $mode, "nodes": "0"} | if ($mode | IN("MPOL_DEFAULT", "MPOL_LOCAL")) then
			del(.linux.memoryPolicy.nodes) else . end' --arg mode "$mode"
		try run --bundle "$BUNDLE" c1
		# What the kernel doesn't have, it refuses; the word itself is known.
		[ "$status" = 0 ] || assert_one_line 'linux.memoryPolicy: ' "$mode"
	done
	config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": $features[0].linux.memoryPolicy.flags}' \
		--slurpfile features <(urun features)
	try run --bundle "$BUNDLE" c1
	[ "$status" = 0 ] || assert_one_line 'linux.memoryPolicy: ' MPOL_BIND
}

# capabilities(7): the first 41 are older than any kernel that is supported.
@test "the capabilities are the kernel's, and none of them is unknown to a config" {
	local names
	names=$(feature '.linux.capabilities[]')
	[ "$(head -n 1 <<<"$names")" = CAP_CHOWN ]
	[ "$(sed -n 41p <<<"$names")" = CAP_CHECKPOINT_RESTORE ]
	refute_contains "$(grep -vxE 'CAP_[A-Z_]+' <<<"$names" | head -n 1)x" CAP
	config '.process.capabilities = {"bounding": $features[0].linux.capabilities}' --slurpfile features <(urun features)
	try --log-level warning run --bundle "$BUNDLE" c1
	assert_status 0
	refute_contains "$stderr" unknown
}

# config.md, "Linux mount options": what a runtime must and should have.
@test "the mount options have all that the spec demands" {
	local missing
	missing=$(comm -23 <(tr ' ' '\n' <<-'END' | sort
		async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime
		norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared silent slave
		strictatime suid sync unbindable nosymfollow symfollow ratime rdev rdiratime rexec rnoatime rnodiratime rnoexec rnorelatime
		rnostrictatime rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow idmap ridmap tmpcopyup
	END
	) <(feature '.mountOptions[]' | sort))
	[ -z "$missing" ] || fail "missing: $missing"
	[ "$(feature '.mountOptions | length == (unique | length)')" = true ]
}

# has_mount TARGET: that path of the container is a mount, in the mountinfo it printed.
has_mount() {
	awk -v target="$1" '$5 == target { found = 1 } END { exit !found }' <<<"$output"
}

# An option that isn't known goes to the file system, and tmpfs refuses what it doesn't know: so what runs was understood.
@test "every mount option that is listed is accepted, each on a mount of its own" {
	local option
	mkdir "$BUNDLE/source"
	config '.mounts += [$features[0].mountOptions[] |
		if IN("bind", "rbind", "copy-symlink", "src-nofollow", "dest-nofollow") then
			{"destination": "/mounts/\(.)", "type": "bind", "source": $source, "options": (["bind", .] | unique)}
		elif IN("idmap", "ridmap", "iversion", "remount") then empty
		else {"destination": "/mounts/\(.)", "type": "tmpfs", "source": "tmpfs", "options": [.]} end]
		| .mounts += [{"destination": "/mounts/private", "type": "tmpfs", "source": "tmpfs", "options": ["remount", "ro"]}]' \
		--slurpfile features <(urun features) --arg source "$BUNDLE/source"
	in_container 'cat /proc/self/mountinfo'
	assert_status 0
	for option in $(feature '.mountOptions - ["idmap", "ridmap", "iversion", "remount"] | .[]'); do
		has_mount "/mounts/$option" || fail "no mount for $option"
	done
}

@test "what isn't listed as a mount option is refused by a file system that doesn't know it" {
	[ "$(feature '.mountOptions | index("moon") == null')" = true ]
	config '.mounts += [{"destination": "/mounts/x", "type": "tmpfs", "source": "tmpfs", "options": ["moon"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line /mounts/x moon
}

# What the kernel says of them depends on its version and the file system; that they were understood shows in the words.
@test "the mount options that need more than an own user namespace say so, or work" {
	local option
	for option in idmap ridmap iversion; do
		base_config | jq '.mounts += [{"destination": "/mounts/x", "type": "tmpfs", "source": "tmpfs", "options": [$option]}]' \
			--arg option "$option" >"$BUNDLE/config.json"
		try run --bundle "$BUNDLE" c1
		[ "$status" = 0 ] || assert_one_line /mounts/x "${option#r}"
		refute_contains "$stderr" nknown
	done
}

@test "the annotations tell the versions that the program was built of" {
	[ "$(feature '.annotations["org.urun.version"]')" = "$(urun --version | sed -n 's/^urun version //p')" ]
	[ "$(feature '.annotations["org.urun.commit"]')" = "$(urun --version | sed -n 's/^commit: //p')" ]
	[[ $(feature '.annotations["io.github.seccomp.libseccomp.version"]') =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$(feature '.annotations["org.urun.checkpoint.enabled"]')" = false ]
	[ "$(feature '.annotations | map(type) | unique | @json')" = '["string"]' ]
}

@test "the annotations of a config that change what is done are named, by prefix" {
	lists .potentiallyUnsafeConfigAnnotations run.oci. org.criu. org.systemd.property. org.urun.
}

# --- checkpoint and restore -------------------------------------------------------------------------------------------------

# assert_unsupported COMMAND: it was refused, in one line that gives the reason.
assert_unsupported() {
	assert_status 1
	assert_one_line "$1 is not supported" CAP_CHECKPOINT_RESTORE
}

@test "checkpoint and restore are refused with the reason" {
	try checkpoint c1
	assert_unsupported checkpoint
	try checkpoint --image-path /tmp/image --leave-running c1
	assert_unsupported checkpoint
	try restore --detach --image-path /tmp/image --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" c1
	assert_unsupported restore
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
}

# podman asks so, and takes success for a yes.
@test "checkpoint --help fails, and restore --help too" {
	try checkpoint --help
	assert_unsupported checkpoint
	try restore --help
	assert_unsupported restore
	try checkpoint
	assert_unsupported checkpoint
}

# And takes these words for one.
@test "restore --lsm-mount-context doesn't ask for an argument" {
	try restore --lsm-mount-context
	assert_unsupported restore
	refute_contains "$stderr" 'requires an argument'
	refute_contains "$stderr" 'needs an argument'
}

@test "a running container is left alone by checkpoint" {
	sh_program 'exec sleep 30'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	urun start c1
	try checkpoint c1
	assert_unsupported checkpoint
	is_status c1 running
	urun delete --force c1
}

@test "--help lists features, and not what isn't supported" {
	try --help
	assert_status 0
	assert_contains "$output" $'\n  features '
	refute_contains "$output" checkpoint
	refute_contains "$output" restore
	refute_contains "$output" '(null)'
}

# --- --version --------------------------------------------------------------------------------------------------------------

@test "--version is the same for -v, and has a line of words for what was built in" {
	try -v
	assert_status 0
	local short=$output
	try --version
	assert_output "$short"
	assert_contains "${lines[-1]}" +SECCOMP
	assert_contains "${lines[-1]}" +CAP
	assert_contains "${lines[-1]}" +YAJL
	[[ ${lines[-1]} =~ ^(\+[A-Z]+ ?)+$ ]]
}

@test "--version tells where the states are, whether or not they are" {
	try --version
	assert_contains "$output" "
rundir: $STATE"
	observe env XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$URUN" --version
	assert_contains "$output" "
rundir: $XDG_RUNTIME_DIR/urun"
	observe env -i "$URUN" --root /no/such/folder --version
	assert_status 0
	assert_contains "$output" "
rundir: /no/such/folder"
	[ ! -e "$XDG_RUNTIME_DIR/urun" ]
}

# dockerd takes the last line with that word for the version.
@test "--version has the word version once, whatever the folder's name" {
	local folder
	for folder in /no/version/here $'/no/such\nversion 6'; do
		observe "$URUN" --root "$folder" --version
		assert_status 0
		[ "$(grep -c version <<<"$output")" = 1 ]
		[[ ${lines[0]} =~ ^urun\ version\ [0-9.]+$ ]]
	done
}
