#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that share a network, processes, shared memory or the host name: `--network container:ID` and its like.
load lib.bash

# start ID ARG…: starts a detached container by options.
start() {
	urun run --detach --rootfs "$BUNDLE/rootfs" --name "$@" </dev/null >/dev/null
}

# beside ARG…: runs a container by options, as `try` does.
beside() {
	try run --rootfs "$BUNDLE/rootfs" "$@" </dev/null
}

# A server that answers each connection with its first argument.
SERVER='echo "$1" >/tmp/page; exec nc -ll -p 5432 -e cat /tmp/page'

remove() {
	local id
	for id in "$@"; do urun delete --force "$id"; done
}

names_of() {
	urun exec "$1" sed -n 's/^127.0.0.1\t\(.*\)\t# container$/\1/p' /etc/hosts | tr '\n' ' '
}

has_names() {
	[ "$(names_of "$1")" = "$2" ]
}

# has_set ID NAMES: the same in the order of the alphabet, whatever the order in the file.
has_set() {
	[ "$(names_of "$1" | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/^ *//')" = "$2" ]
}

@test "an application reaches its database at 127.0.0.1 and by the other's name" {
	start db sh -c "$SERVER" sh "a row"
	wait_for 5 sh -c '"$1" --root "$2" exec db nc -w 2 127.0.0.1 5432 </dev/null | grep row' sh "$URUN" "$STATE"
	beside --name app --network container:db sh -c 'nc 127.0.0.1 5432 </dev/null; nc db 5432 </dev/null; nc app 5432 </dev/null >/dev/null && readlink /proc/self/ns/net'
	assert_status 0
	assert_output $'a row\na row\n'"$(urun exec db readlink /proc/self/ns/net)"
	remove db
}

@test "the names in /etc/hosts come and go with the containers, in a directory and in an overlay" {
	start db --overlay sleep 60
	start app --network container:db sleep 60
	start web --network container:app --overlay sh -c 'echo "192.0.2.1 mine" >>/etc/hosts; exec sleep 60'
	wait_for 5 has_names db 'db app web '
	has_names app 'db app web '
	remove app
	wait_for 5 has_names db 'db web '
	wait_for 5 has_names web 'db web '
	observe urun exec web tail -n 1 /etc/hosts
	assert_output '192.0.2.1 mine'
	observe urun exec web cat /etc/resolv.conf
	assert_output "$(urun exec db cat /etc/resolv.conf)"
	remove db web
}

@test "a network and its ports live while a container is in it, also when the first one has been removed" {
	local port
	start db --publish 127.0.0.1:0:5432 sleep 60
	start app --network container:db sh -c "$SERVER" sh served
	start web --network container:app sleep 60
	port=$(urun port web | sed -n 's|^5432/tcp -> 127\.0\.0\.1:||p')
	remove db
	wait_for 5 sh -c 'busybox nc 127.0.0.1 "$1" </dev/null | grep served' sh "$port"
	observe urun exec web nc -w 5 app 5432 </dev/null
	assert_output served
	assert_contains "$(urun port app)" "127.0.0.1:$port"
	remove app
	observe urun exec web ip -o addr show tap0
	assert_status 0
	assert_contains "$output" 10.0.2.100
	remove web
	wait_for 5 sh -c '! busybox nc -w 1 127.0.0.1 "$1" </dev/null' sh "$port"
}

@test "a port that is published later is that of all, and a restarted first container takes its network up again" {
	local port
	start db --ipc private sh -c 'echo "$$" >>/starts; echo kept >>/dev/shm/segment; exec sleep 60'
	start app --network container:db --ipc container:db sh -c "$SERVER" sh served
	urun port db --add 127.0.0.1:0:5432 2>/dev/null
	port=$(urun port app | sed -n 's|^5432/tcp -> 127\.0\.0\.1:||p')
	urun stop --time 0 db
	is_status app running
	wait_for 5 sh -c 'busybox nc 127.0.0.1 "$1" </dev/null | grep served' sh "$port"
	wait_for 5 has_names app 'app '
	urun start db >/dev/null
	[ "$(urun exec db readlink /proc/self/ns/net)" = "$(urun exec app readlink /proc/self/ns/net)" ]
	wait_for 5 sh -c '[ "$("$1" --root "$2" exec app wc -l </dev/null /dev/shm/segment)" = "2 /dev/shm/segment" ]' sh "$URUN" "$STATE"
	wait_for 5 has_names db 'app db '
	assert_contains "$(urun port db)" "127.0.0.1:$port"
	observe urun exec db nc -w 5 127.0.0.1 5432 </dev/null
	assert_output served
	remove app
	# Nobody is left but the first one, which keeps the network.
	observe urun exec db ip -o addr show tap0
	assert_contains "$output" 10.0.2.100
	remove db
}

@test "with another's processes a container ends when the other does, and its state says so" {
	start db --network none sleep 60
	start app --network none --pid container:db sh -c 'ps >/tmp/seen; setsid sleep 1234 & exec sleep 60'
	observe urun exec app ps
	assert_contains "$output" 'sleep 60'
	[ "$(grep -c 'sleep 60' <<<"$output")" -ge 2 ]
	remove db
	wait_for 5 is_status app stopped
	wait_for 5 sh -c 'test "$("$1" --root "$2" wait app)" = 137' sh "$URUN" "$STATE"
	[ "$(urun state app | jq -r .endedWith)" = db ]
	[ "$(urun list --format json | jq -r '.[] | select(.id == "app") | .endedWith')" = db ]
	remove app
}

@test "what a container started in another's processes ends with it, detached or not, and nothing of the other" {
	start db --network none sleep 60
	beside --name app --network none --pid container:db sh -c 'setsid sh -c "sleep 2222 & sleep 2222" & sleep 0.1; exit 3'
	assert_status 3
	start app --network none --pid container:db sh -c 'setsid sh -c "sleep 3333 & sleep 3333" & sleep 0.1; exit 4'
	wait_for 5 is_status app stopped
	wait_for 5 sh -c '! "$1" --root "$2" exec db ps | grep -q "sleep 3333"' sh "$URUN" "$STATE"
	observe urun exec db ps
	assert_contains "$output" 'sleep 60'
	refute_contains "$output" 'sleep 2222'
	[ "$(urun state app | jq -r .endedWith)" = null ]
	# A killed process 1 of urun's own leaves the rest to whoever waits.
	urun delete app
	start app --network none --pid container:db sh -c 'setsid sleep 4444 & exec sleep 60'
	wait_for 5 sh -c '"$1" --root "$2" exec db ps | grep -q "sleep 4444"' sh "$URUN" "$STATE"
	urun kill app KILL
	wait_for 5 sh -c '! "$1" --root "$2" exec db ps | grep -q "sleep 4444"' sh "$URUN" "$STATE"
	is_status db running
	remove app db
}

@test "shared memory and message queues are the other container's" {
	start db --network none --shm-size 1m sh -c 'echo kept >/dev/shm/segment; touch /dev/mqueue/queue; exec sleep 60'
	wait_for 5 urun exec db test -e /dev/mqueue/queue
	beside --name app --network none --ipc container:db sh -c 'cat /dev/shm/segment; ls /dev/mqueue; echo changed >/dev/shm/segment; grep -c " /dev/shm .*nosuid,nodev,noexec" /proc/self/mountinfo'
	assert_lines kept queue 1
	observe urun exec db cat /dev/shm/segment
	assert_output changed
	# A container of its own, and one without shared memory.
	beside --name app --network none sh -c 'ls /dev/shm /dev/mqueue | grep -c e'
	assert_output "2"
	beside --name app --network none --ipc none sh -c 'test -e /dev/shm'
	assert_status 1
	remove db
}

@test "the host name is the other's, and the ids are" {
	start db --network none --hostname first --user 3:4 sleep 60
	beside --name app --network none --uts container:db sh -c 'hostname; cat /proc/self/uid_map'
	assert_status 0
	[ "${lines[0]}" = first ]
	assert_contains "$output" "$(urun exec db cat /proc/self/uid_map)"
	beside --network none --uts host hostname
	assert_output "$(hostname)"
	remove db
}

@test "a command of the host's own system runs beside a container, as the container's root" {
	start db sh -c "$SERVER" sh served
	try run --network container:db --pid container:db -- sh -c 'id -u; touch /made && stat -c %u /made; until grep -x urun-init /proc/1/comm; do :; done' </dev/null
	assert_status 0
	assert_lines 0 0 urun-init
	remove db
}

@test "the annotations of a bundle mean the same" {
	start db --network none --hostname first sleep 60
	config '.annotations = {"org.urun.network": "container:db", "org.urun.pid": "container:db", "org.urun.ipc": "container:db",
		"org.urun.uts": "container:db"} | del(.hostname, .domainname)'
	in_container 'hostname; ps | grep -c "[s]leep 60"; readlink /proc/self/ns/ipc'
	assert_lines first 1 "$(urun exec db readlink /proc/self/ns/ipc)"
	config '.hostname = "other"'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'hostname: the uts namespace is that of container db' 'remove hostname'
	config 'del(.hostname) | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}] |
		.linux.gidMappings = [{containerID: 0, hostID: 1, size: 1}]'
	try run --bundle "$BUNDLE" c1
	assert_status 125
	assert_one_line 'linux.uidMappings: the ids are those of container db'
	remove db
}

@test "what belongs to the first container is refused on the second, by name" {
	start db --network none sleep 60
	local share="--network container:db"
	# Without a network to the outside the names are known too.
	beside --name app $share sed -n 's/\t# container$//p' /etc/hosts
	assert_lines $'127.0.0.1\tdb' $'127.0.0.1\tapp'
	# A name goes with its container: here at the end of `run`, below by rm, and by a start that fails.
	wait_for 5 has_set db 'db '
	start app $share sleep 60
	start web $share sleep 60
	has_set db 'app db web '
	remove app
	has_set db 'db web '
	has_set web 'db web '
	beside --name app $share nosuch
	assert_status 127
	has_set web 'db web '
	start app --network container:web sleep 60
	remove db
	has_set web 'app web '
	start db --network container:web sleep 60
	has_set app 'app db web '
	remove web app
	has_set db 'db '
	remove db
	start db --network none sleep 60
	beside --network container:db --publish 80 true
	assert_status 125
	assert_one_line '--publish 80: the network is that of container db' 'urun port db --add 80'
	beside --network container:db --hostname h true
	assert_one_line '--hostname h' '--network container:db' 'give it to db'
	beside --uts container:db --hostname h true
	assert_one_line '--hostname h' '--uts container:db'
	beside --pid container:db --userns keep-id true
	assert_one_line '--userns keep-id' '--pid container:db' 'give it to db'
	beside $share --uidmap 0:1:1 true
	assert_one_line '--uidmap 0:1:1' "$share"
	beside --pid sideways true
	assert_one_line '--pid sideways: expected private, host, ns:PATH or container:ID'
	remove db
}

@test "only a running container of this state root is joined, and none joins itself" {
	beside --name app --network container:app true
	assert_status 125
	assert_one_line "a container can't join itself"
	beside --name app --network container:none true
	assert_one_line 'container none does not exist'
	beside --name app --network container:../x true
	assert_one_line "container id '../x'"
	start db --network none sleep 60
	RUN_ALONE=1 observe timeout 20 "$URUN" --root "$BATS_TEST_TMPDIR/other" run --rootfs "$BUNDLE/rootfs" --network container:db true
	assert_contains "$stderr" 'container db does not exist'
	rm -rf "$BATS_TEST_TMPDIR/other"
	start app --network container:db sleep 60
	urun kill db KILL
	wait_for 5 is_status db stopped
	beside --name web --network container:db true
	assert_one_line 'container db is stopped: only a container that runs can be joined' 'container app still has that network: use --network container:app'
	beside --pid host --network host --name web true
	start host --network host sleep 60
	beside --network container:host true
	assert_one_line 'container host has no network namespace of its own: use --network host'
	remove db app host
}

@test "containers with different ids can't be joined both" {
	start db --network none sleep 60
	start app --network none sleep 60
	beside --network container:db --pid container:app true
	assert_status 125
	assert_one_line 'container app has another user namespace'
	remove db app
}

@test "a first container that puts something else on /dev/shm is refused" {
	start db --network none --cap-add SYS_ADMIN sh -c 'umount /dev/shm && rmdir /dev/shm && ln -s /proc /dev/shm; exec sleep 60'
	wait_for 5 urun exec db test -L /dev/shm
	beside --name app --network none --ipc container:db ls /dev/shm
	assert_status 125
	assert_one_line 'has no tmpfs on /dev/shm'
	remove db
}

@test "containers that start while the first one ends either join it or are refused, and nothing stays" {
	local i pids=()
	start db sleep 60
	for i in $(seq 12); do
		urun run --rootfs "$BUNDLE/rootfs" --name "r$i" --network container:db --pid container:db true </dev/null >"$BATS_TEST_TMPDIR/out$i" 2>&1 &
		pids+=($!)
		[ "$i" != 6 ] || urun delete --force db
	done
	for i in $(seq 12); do
		wait_status "${pids[i - 1]}"
		case $status in
		0 | 137) ;;
		125) assert_contains "$(cat "$BATS_TEST_TMPDIR/out$i")" urun: ;;
		*) fail "status $status" "$(cat "$BATS_TEST_TMPDIR/out$i")" ;;
		esac
	done
	urun list --quiet
	observe urun list --quiet
	assert_output ''
}
