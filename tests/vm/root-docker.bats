#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker as root, beside runc: command lines, builds, and services of a swarm; run in the machine as root.
load podman.bash
load docker.bash

SOCKET=/run/urun-docker.sock

# dockerd_start DEFAULT: starts dockerd, which starts a containerd of its own.
dockerd_start() {
	local options
	dockerd_options "$1"
	dockerd "${options[@]}" --exec-root /run/urun-docker --pidfile /run/urun-docker.pid >"$BATS_FILE_TMPDIR/dockerd.log" 2>&1 </dev/null 3>&- 4>&- &
	dockerd_ready
}

dockerd_stop() {
	kill "$(cat /run/urun-docker.pid)"
	wait_for 30 dockerd_is_over
}

dockerd_is_over() {
	! [ -e /run/urun-docker.pid ]
}

setup_file() {
	dockerd_start urun
}

teardown_file() {
	dockerd_stop
}

@test "docker run has runc's output and exit status" {
	section run
}

@test "users, capabilities, seccomp and limits of a process are runc's" {
	section user
}

@test "volumes, devices and copies are runc's" {
	section files
}

@test "namespaces, shared ones too, and networks are runc's" {
	section namespaces
}

@test "stop, kill, restart, health and logs are runc's" {
	section life
}

@test "docker exec is runc's" {
	section exec
}

@test "terminals are runc's" {
	section terminal
}

@test "device nodes, device rules, and what else only root may are runc's" {
	section root
	section 'only root with runc'
}

# bats test_tags=kernel
@test "--privileged and every capability are runc's" {
	section privileged
}

# bats test_tags=kernel
@test "limits of resources are runc's" {
	section limits
}

@test "docker info names the runtimes, and docker build uses the default one" {
	observe docker info --format '{{.DefaultRuntime}} {{(index .Runtimes "urun").Path}}'
	assert_output "urun $RUNTIME"
	echo copied >file
	cat >Dockerfile <<-END
		FROM $I
		COPY file /copied
		RUN cat /copied >/made && mkdir /work && chown 1000 /work && mknod /null c 1 3
		USER 1000
		WORKDIR /work
		RUN id -u >uid; ls -ld /work | cut -c1-10 >>uid
		CMD cat /made /work/uid
	END
	observe env DOCKER_BUILDKIT=0 docker -H "unix://$SOCKET" build -q -t built .
	assert_status 0
	observe docker run --rm built
	assert_lines copied 1000 drwxr-xr-x
	printf 'FROM %s\nRUN exit 9\n' "$I" >Dockerfile
	observe env DOCKER_BUILDKIT=0 docker -H "unix://$SOCKET" build -t failed .
	[ "$status" -ne 0 ]
	assert_contains "$stderr$output" 'returned a non-zero code: 9'
	docker rmi -f built >/dev/null
}

replicas_are() {
	[ "$(docker service ls --format '{{.Replicas}}' --filter name="$1")" = "$2" ]
}

# answers WORD: the service's tasks, which publish no port, log this word.
all_log() {
	local task
	for task in $(docker ps -q); do
		docker logs "$task" | grep -q "^$1$" || return 1
	done
}

@test "a service of a swarm has three replicas, and is scaled, updated and removed" {
	docker swarm init --advertise-addr 127.0.0.1 >/dev/null
	docker service create -q --detach --name s --replicas 3 "$I" sh -c "echo first; $LOOP" >/dev/null
	wait_for 30 replicas_are s 3/3
	wait_for 10 all_log first
	docker service scale --detach s=5 >/dev/null
	wait_for 30 replicas_are s 5/5
	docker service update -q --detach --update-delay 0s --update-parallelism 2 --args "sh -c 'echo second; exec sleep 1000'" s >/dev/null
	wait_for 60 all_log second
	wait_for 30 replicas_are s 5/5
	docker service rm s >/dev/null
	wait_for 30 no_tasks
	docker swarm leave --force >/dev/null
}

no_tasks() {
	[ -z "$(docker ps -q)" ]
}
