#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What engines ask the program about itself: features, --version, and whether it supports checkpoints.
load lib.bash

# feature FILTER: prints the results of a jq filter on the features document.
feature() {
	urun features | jq -r "$1"
}

# lists FILTER WORD…: the list in the document has exactly these words, in any order.
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

@test "features needs no state root, no config and no environment" {
	cd /
	observe env -i "$URUN" --root /no/such/directory features
	assert_status 0
	jq -e .ociVersionMax <<<"$output"
	[ ! -e /no/such/directory ]
	observe env -i "$URUN" features
	assert_status 0
}

@test "features refuses an operand, and --help describes it" {
	try features c1
	assert_status 1
	assert_one_line c1
	try features --help
	assert_status 0
	assert_contains "$output" 'Usage: urun features'
}

@test "features reports an error when the output can't be written" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	status=0
	stderr=$(urun features 2>&1 >/dev/full) || status=$?
	output=
	assert_status 1
	assert_one_line 'no space left on device'
}

@test "the versions of the spec are 1.0.0 to that of --version, and a config may have either" {
	local version
	[ "$(feature .ociVersionMin)" = 1.0.0 ]
	[ "$(feature .ociVersionMax)" = "$(urun --version | sed -n 's/^spec: //p')" ]
	for version in $(feature '.ociVersionMin, .ociVersionMax'); do
		config '.ociVersion = $version' --arg version "$version"
		try run --bundle "$BUNDLE" c1
		assert_status 0
	done
}

# These are the properties of features.md and features-linux.md; there must be no others.
@test "features has the properties of the spec and no others" {
	lists '[keys[]]' annotations hooks linux mountOptions ociVersionMax ociVersionMin potentiallyUnsafeConfigAnnotations
	lists '[.linux | keys[]]' apparmor capabilities cgroup intelRdt memoryPolicy mountExtensions namespaces netDevices seccomp selinux
	lists '[.linux.cgroup | keys[]]' rdma systemd systemdUser v1 v2
	lists '[.linux.seccomp | keys[]]' actions archs enabled knownFlags operators supportedFlags
}

@test "features lists the hooks and namespaces of the spec" {
	lists .hooks prestart createRuntime createContainer startContainer poststart poststop
	lists .linux.namespaces cgroup ipc mount network pid time user uts
}

@test "features says by booleans what is supported" {
	output=$(feature '.linux | [.seccomp, .apparmor, .selinux, .mountExtensions.idmap, .intelRdt, .netDevices] | map(.enabled) | @json')
	assert_output '[true,true,true,true,false,false]'
	output=$(feature '.linux.cgroup | [.v1, .v2, .rdma] | @json')
	assert_output '[false,true,true]'
	[ "$(feature '.linux.cgroup | [.systemd, .systemdUser] | map(type) | unique | @json')" = '["boolean"]' ]
}

@test "a config with what features lists as unsupported is refused" {
	config '.linux.intelRdt = {"closID": "c1"}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line linux.intelRdt
	config 'del(.linux.intelRdt) | .linux.netDevices = {"eth0": {}}'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line linux.netDevices
}

@test "features lists the words of the spec for seccomp" {
	lists .linux.seccomp.actions SCMP_ACT_{KILL,KILL_PROCESS,KILL_THREAD,TRAP,ERRNO,TRACE,ALLOW,LOG,NOTIFY}
	lists .linux.seccomp.operators SCMP_CMP_{NE,LT,LE,EQ,GE,GT,MASKED_EQ}
	lists .linux.seccomp.knownFlags SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
	lists .linux.seccomp.supportedFlags SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
	# libseccomp 2.6 knows more architectures, which are listed where it is used.
	local newer='["SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"]'
	lists "(.linux.seccomp.archs - $newer)" SCMP_ARCH_{X86,X86_64,X32,ARM,AARCH64,MIPS,MIPS64,MIPS64N32,MIPSEL,MIPSEL64,MIPSEL64N32} \
		SCMP_ARCH_{PPC,PPC64,PPC64LE,S390,S390X,PARISC,PARISC64,RISCV64}
}

@test "a config may have every listed action, operator and flag of seccomp" {
	# No program makes this call.  A rule for each action with each operator would contradict the rule before.
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": $features[0].linux.seccomp.supportedFlags,
		"syscalls": [$features[0].linux.seccomp.operators | to_entries[] |
			{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "args": [{"index": .key, "value": 7, "op": .value}]} |
			select(.args[0].index < 6)]}' --slurpfile features <(urun features)
	try run --bundle "$BUNDLE" c1
	assert_status 0
	local action
	for action in $(feature '.linux.seccomp.actions[]'); do
		# The error for a listener that isn't found comes later than the check of the word.
		config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp"], "action": $action}]}
			| if $action == "SCMP_ACT_NOTIFY" then .linux.seccomp.listenerPath = "/no/such/socket" else . end' --arg action "$action"
		try run --bundle "$BUNDLE" c1
		case $action in
		SCMP_ACT_NOTIFY) assert_one_line /no/such/socket ;;
		*) assert_status 0 ;;
		esac
	done
}

@test "features lists the memory policies of the spec, and a config may have each" {
	lists .linux.memoryPolicy.modes MPOL_{DEFAULT,BIND,INTERLEAVE,WEIGHTED_INTERLEAVE,PREFERRED,PREFERRED_MANY,LOCAL}
	lists .linux.memoryPolicy.flags MPOL_F_{NUMA_BALANCING,RELATIVE_NODES,STATIC_NODES}
	local mode
	for mode in $(feature '.linux.memoryPolicy.modes[]'); do
		config '.linux.memoryPolicy = {"mode": $mode, "nodes": "0"} | if ($mode | IN("MPOL_DEFAULT", "MPOL_LOCAL")) then
			del(.linux.memoryPolicy.nodes) else . end' --arg mode "$mode"
		try run --bundle "$BUNDLE" c1
		# The kernel refuses a mode that it lacks; urun knows the word.
		[ "$status" = 0 ] || assert_one_line 'linux.memoryPolicy: ' "$mode"
	done
	config '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": $features[0].linux.memoryPolicy.flags}' \
		--slurpfile features <(urun features)
	try run --bundle "$BUNDLE" c1
	[ "$status" = 0 ] || assert_one_line 'linux.memoryPolicy: ' MPOL_BIND
}

# capabilities(7): the first 41 capabilities are older than any kernel that urun supports.
@test "features lists the kernel's capabilities, and a config may have each" {
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

# config.md, "Linux mount options": the options that a runtime must or should support.
@test "features lists all mount options that the spec demands" {
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

# has_mount TARGET: the mountinfo that the container printed has a mount at this path.
has_mount() {
	awk -v target="$1" '$5 == target { found = 1 } END { exit !found }' <<<"$output"
}

# urun passes an unknown option to the file system, and tmpfs refuses options that it doesn't know: so if the container runs, urun knew
# the option.
@test "a mount may have every listed mount option" {
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

@test "a file system refuses an option that isn't listed and that it doesn't know" {
	[ "$(feature '.mountOptions | index("moon") == null')" = true ]
	config '.mounts += [{"destination": "/mounts/x", "type": "tmpfs", "source": "tmpfs", "options": ["moon"]}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line /mounts/x moon
}

# Whether the kernel accepts them depends on its version and the file system; the words of the error show that urun knows them.
@test "mount options that need more than a user namespace of one's own work, or are refused with the reason" {
	local option
	for option in idmap ridmap iversion; do
		base_config | jq '.mounts += [{"destination": "/mounts/x", "type": "tmpfs", "source": "tmpfs", "options": [$option]}]' \
			--arg option "$option" >"$BUNDLE/config.json"
		try run --bundle "$BUNDLE" c1
		[ "$status" = 0 ] || assert_one_line /mounts/x "${option#r}"
		refute_contains "$stderr" nknown
	done
}

@test "the annotations of features have the versions of the program and its libraries" {
	[ "$(feature '.annotations["org.urun.version"]')" = "$(urun --version | sed -n 's/^urun version //p')" ]
	[ "$(feature '.annotations["org.urun.commit"]')" = "$(urun --version | sed -n 's/^commit: //p')" ]
	[[ $(feature '.annotations["io.github.seccomp.libseccomp.version"]') =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$(feature '.annotations["org.urun.checkpoint.enabled"]')" = false ]
	[ "$(feature '.annotations | map(type) | unique | @json')" = '["string"]' ]
}

@test "features lists the prefixes of annotations that change what urun does" {
	lists .potentiallyUnsafeConfigAnnotations run.oci. org.criu. org.systemd.property. org.urun.
}

# --- checkpoint and restore -----------------------------------------------------------------------------------------------

# assert_unsupported COMMAND: urun refused the command, in one line that gives the reason.
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

# podman asks this way, and takes success for a yes.
@test "checkpoint --help fails, and restore --help too" {
	try checkpoint --help
	assert_unsupported checkpoint
	try restore --help
	assert_unsupported restore
	try checkpoint
	assert_unsupported checkpoint
}

# podman takes these words for a yes.
@test "restore --lsm-mount-context doesn't ask for an argument" {
	try restore --lsm-mount-context
	assert_unsupported restore
	refute_contains "$stderr" 'requires an argument'
	refute_contains "$stderr" 'needs an argument'
}

@test "checkpoint leaves a running container alone" {
	sh_program 'exec sleep 30'
	urun create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	urun start c1
	try checkpoint c1
	assert_unsupported checkpoint
	is_status c1 running
	urun delete --force c1
}

@test "--help lists features, and no command that isn't supported" {
	try --help
	assert_status 0
	assert_contains "$output" $'\n  features '
	refute_contains "$output" checkpoint
	refute_contains "$output" restore
	refute_contains "$output" '(null)'
}

# --- --version ------------------------------------------------------------------------------------------------------------

@test "-v prints the same as --version, whose last line lists what was built in" {
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

@test "--version prints the state root, whether or not the directory exists" {
	try --version
	assert_contains "$output" "
rundir: $STATE"
	observe env XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$URUN" --version
	assert_contains "$output" "
rundir: $XDG_RUNTIME_DIR/urun"
	observe env -i "$URUN" --root /no/such/directory --version
	assert_status 0
	assert_contains "$output" "
rundir: /no/such/directory"
	[ ! -e "$XDG_RUNTIME_DIR/urun" ]
}

# dockerd takes the last line with the word "version" for the version.
@test "--version prints the word version once, whatever the name of the state root" {
	local root
	for root in /no/version/here $'/no/such\nversion 6'; do
		observe "$URUN" --root "$root" --version
		assert_status 0
		[ "$(grep -c version <<<"$output")" = 1 ]
		[[ ${lines[0]} =~ ^urun\ version\ [0-9.]+$ ]]
	done
}
