# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests under Kubernetes' CRI share, to be loaded after podman.bash: containerd's CRI plugin with classes that use the runtime
# under test, and the tests that hold with and without root.  The test file defines ctr(), and sets $SOCKET and $CRI_CGROUPS.

POD_IMAGE=docker.io/library/busybox:latest

# cri_class NAME SYSTEMD: a class of the runtime under test.
cri_class() {
	cat <<-END
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1]
		runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1.options]
		BinaryName = "$(command -v "$RUNTIME")"
		SystemdCgroup = $2
	END
}

# cri_config SNAPSHOTTER LINE…: writes containerd.toml; the lines are further settings of the plugin.
cri_config() {
	local dir=$BATS_FILE_TMPDIR
	mkdir -p "$dir/cni"
	cat >"$dir/cni/10-pods.conflist" <<-END
		{ "cniVersion": "0.4.0", "name": "pods", "plugins": [ { "type": "bridge", "bridge": "pods0", "isGateway": true,
		  "ipam": { "type": "host-local", "ranges": [ [ { "subnet": "10.88.0.0/16" } ] ], "dataDir": "$dir/cni-leases" } } ] }
	END
	{
		cat <<-END
			version = 2
			root = "$dir/root"
			state = "$dir/state"
			disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
			[grpc]
			address = "$SOCKET"
			[plugins."io.containerd.grpc.v1.cri"]
			sandbox_image = "docker.io/library/pause:1"
		END
		printf '%s\n' "${@:2}"
		cat <<-END
			[plugins."io.containerd.grpc.v1.cri".cni]
			bin_dir = "/usr/lib/cni"
			conf_dir = "$dir/cni"
			[plugins."io.containerd.grpc.v1.cri".containerd]
			snapshotter = "$1"
			default_runtime_name = "class"
		END
		cri_class class false
		cri_class class-systemd true
	} >"$dir/containerd.toml"
}

# cri_images: gives containerd the image of the containers and the one of the pods, whose program waits.
cri_images() {
	local dir=$BATS_FILE_TMPDIR
	wait_for 60 ctr version || { tail "$dir/containerd.log" >&2; return 1; }
	podman import -q --change CMD=/bin/sh /opt/busybox.tar "$POD_IMAGE" >/dev/null
	podman import -q --change 'ENTRYPOINT ["/bin/sleep", "1000000"]' /opt/busybox.tar docker.io/library/pause:1 >/dev/null
	podman save -q --multi-image-archive -o "$dir/images.tar" "$POD_IMAGE" docker.io/library/pause:1
	ctr -n k8s.io images import "$dir/images.tar" >/dev/null
	wait_for 20 cri version
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export CRI_STATE=$BATS_TEST_TMPDIR
	remember_processes
}

teardown() {
	local id
	for id in $(cri pods); do
		cri stop-pod "$id"
		cri remove-pod "$id"
	done
	! mountpoint -q "$BATS_TEST_TMPDIR/data" || umount -l "$BATS_TEST_TMPDIR/data"
	nothing_left
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/containerd.pid")"
}

# pod NAME [CONFIG]: starts a pod, whose id is then in $pod.
pod() {
	local parent=/urun-pods
	case $CLASS in *systemd) parent=/urun-pods.slice ;; esac
	[ -n "$CRI_CGROUPS" ] || parent=''
	pod=$(cri run-pod "$CLASS" "$1" "$(jq -cn --arg parent "$parent" --argjson more "${2:-{\}}" '{ linux: { cgroup_parent: $parent } } * $more')")
}

# container NAME CONFIG COMMAND…: starts a container in $pod; its id is then in the variable NAME.
container() {
	local id
	id=$(cri create "$pod" "$1" "$POD_IMAGE" "$2" -- "${@:3}")
	cri start "$id"
	printf -v "$1" %s "$id"
}

# ended ID: waits for the container's end, and prints its state, exit code and reason.
ended() {
	wait_for 20 is_ended "$1" || fail "$1 doesn't end"
	cri status "$1"
}

is_ended() {
	[[ $(cri status "$1") = EXITED* ]]
}

# log_of POD-NAME NAME: what the container has written, without the times.
log_of() {
	cut -d' ' -f2- "$CRI_STATE/$1/$2.log"
}

has_logged() {
	log_of "$1" "$2" | grep -q -- "$3"
}

# security JSON: the config of a container with this security context.
security() {
	printf '{"linux":{"security_context":%s}}' "$1"
}

# --- tests that hold with and without root ----------------------------------------------------------------------------------------

two_containers_share_a_pod() {
	pod p1
	container one '{}' sh -c "echo a line; echo an error >&2; $LOOP"
	container two '{}' sh -c "$LOOP"
	observe cri exec "$one" -- sh -c 'hostname; ls /sys/class/net; for n in net ipc uts; do readlink /proc/self/ns/$n; done; ip -4 -o addr show eth0 | cut -d" " -f7'
	assert_status 0
	assert_contains "$output" $'p1\neth0\nlo'
	assert_contains "$output" 10.88.
	first=$output
	observe cri exec "$two" -- sh -c 'hostname; ls /sys/class/net; for n in net ipc uts; do readlink /proc/self/ns/$n; done; ip -4 -o addr show eth0 | cut -d" " -f7'
	assert_output "$first"
	cri exec "$one" -- sh -c 'echo shared >/dev/shm/file; echo own >/own'
	observe cri exec "$two" -- sh -c 'cat /dev/shm/file; ls /own; tr "\0" " " </proc/1/cmdline | cut -c1-5'
	assert_lines shared 'sh -c'
	assert_contains "$stderr" 'No such file'
	wait_for 5 has_logged p1 one started
	observe log_of p1 one
	assert_contains "$output" 'stdout F a line'
	assert_contains "$output" 'stderr F an error'
	cri stop "$one"
	observe cri status "$one"
	assert_output 'EXITED 3 Error'
	observe cri status "$two"
	assert_contains "$output" RUNNING
	cri remove "$one"
	cri stop-pod "$pod"
	observe cri pod-status "$pod"
	assert_output NOTREADY
	observe cri status "$two"
	assert_contains "$output" EXITED
}

exec_answers_as_a_probe() {
	pod p1
	container main '{}' sh -c "$LOOP"
	observe cri exec "$main" 5 -- sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	[ "$stderr" = err ]
	observe cri exec "$main" 5 -- nosuchprogram
	[ "$status" -ne 0 ]
	assert_contains "$stderr" nosuchprogram
	observe cri exec "$main" 1 -- sleep 1000
	assert_status 125
	assert_contains "$stderr" 'timeout 1s exceeded'
	observe cri exec "$main" 5 -- ps -o args
	refute_contains "$output" 'sleep 1000'
	for _ in 1 2 3 4 5 6 7 8; do cri exec "$main" 5 -- true; done
	observe cri exec "$main" 5 -- sh -c 'ps | wc -l'
	[ "$output" -le 6 ]
}

containers_end_and_start_again() {
	pod p1
	container main '{}' sh -c 'echo first; exit 7'
	observe ended "$main"
	assert_output 'EXITED 7 Error'
	container again '{"metadata":{"attempt":1}}' sh -c 'echo second; exit 0'
	observe ended "$again"
	assert_output 'EXITED 0 Completed'
	container killed '{}' sh -c 'kill -KILL $$; sleep 10'
	id=$(cri create "$pod" wrong "$POD_IMAGE" '{}' -- /no/such/program)
	observe cri start "$id"
	assert_status 125
	assert_contains "$stderr" /no/such/program
	observe cri status "$id"
	assert_contains "$output" StartError
}

a_context_is_applied() {
	pod p1
	container user "$(security '{"run_as_user":{"value":1000},"run_as_group":{"value":2000},"supplemental_groups":[3000],"no_new_privs":1,"readonly_rootfs":1,"capabilities":{"drop_capabilities":["ALL"],"add_capabilities":["NET_BIND_SERVICE"]},"seccomp":{"profile_type":0},"masked_paths":["/proc/keys"],"readonly_paths":["/proc/sys"]}')" \
		sh -c 'id -u; id -g; id -G; grep -E "^(CapBnd|NoNewPrivs|Seccomp:)" /proc/self/status; touch /x 2>/dev/null || echo read-only; wc -c </proc/keys; grep -c " /proc/sys .*ro" /proc/self/mountinfo'
	ended "$user"
	observe log_of p1 user
	assert_lines "stdout F 1000" "stdout F 2000" "stdout F 2000 3000" "stdout F CapBnd:	0000000000000400" "stdout F NoNewPrivs:	1" "stdout F Seccomp:	2" "stdout F read-only" "stdout F 0" "stdout F 1"
}

pods_can_share_processes() {
	pod p1 '{"linux":{"security_context":{"namespace_options":{"pid":0}}}}'
	container one '{}' sh -c "$LOOP"
	container two '{}' sh -c "$LOOP"
	observe cri exec "$two" -- ps -o pid,args
	assert_contains "$output" '1 /bin/sleep 1000000'
	[ "$(grep -c 'echo started' <<<"$output")" = 2 ]
	cri stop "$one"
	observe cri status "$two"
	assert_contains "$output" RUNNING
	cri stop "$two"
	observe cri pod-status "$pod"
	assert_output READY
}

volumes_are_mounted() {
	mkdir data
	echo in >data/file
	pod p1
	container main "{\"mounts\":[{\"container_path\":\"/data\",\"host_path\":\"$PWD/data\"},{\"container_path\":\"/ro\",\"host_path\":\"$PWD/data\",\"readonly\":1,\"propagation\":1}]}" \
		sh -c 'cat /data/file; echo out >/data/new; touch /ro/no 2>/dev/null || echo read-only'
	ended "$main"
	observe log_of p1 main
	assert_lines 'stdout F in' 'stdout F read-only'
	[ "$(cat data/new)" = out ]
}

# pods_come_and_go COUNT AT-ONCE: nothing stays of so many pods.
pods_come_and_go() {
	observe cri churn "$CLASS" "$POD_IMAGE" "$@"
	assert_status 0
	assert_contains "$output" "ended $1 "
	observe cri pods
	assert_output ''
}
