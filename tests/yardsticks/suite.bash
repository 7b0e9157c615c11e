# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What podman-suite and buildah-suite share: a registry on the loopback interface with stand-ins for the images that a suite pulls, and
# a table of what passed with each runtime.  The script that sources this sets $name, its own name.
#
# A stand-in has busybox and what the suites look for in their images.  Tests that need more of an image (a package manager, a Fedora)
# fail with every runtime.

fail() {
	echo "$name: $1" >&2
	exit 2
}

# need PROGRAM…: fails where one isn't installed.
need() {
	local program missing=''
	for program; do command -v "$program" >/dev/null || missing+=" $program"; done
	[ -z "$missing" ] || fail "not installed:$missing"
}

# suite_parse ARG…: sets ${runtimes[@]}, $checkout (an absolute path) and ${files[@]}.
suite_parse() {
	runtimes=() files=()
	while [[ ${1-} = --* ]]; do
		[ "$1" = --runtime ] && [ $# -ge 2 ] || fail "$1: no such option, or no value"
		runtimes+=("$(realpath -e "$(command -v "$2")")") || fail "$2: no such runtime"
		shift 2
	done
	[ $# -ge 1 ] || {
		sed -n '3,/^set /s/^# //p' "$0" >&2
		exit 2
	}
	# shellcheck disable=SC2034 # for the caller
	checkout=$(realpath -e "$1") || exit 2
	shift
	[ ${#runtimes[@]} -gt 0 ] || runtimes=("$(realpath -e "$(command -v "${URUN:-urun}")")") || fail "no urun to test: set URUN, or use --runtime"
	# shellcheck disable=SC2034 # for the caller
	files=("$@")
}

# suite_begin PROGRAM…: makes the working directory $work.
suite_begin() {
	need bats jq skopeo docker-registry busybox "$@"
	# Names of images that buildah's tests make of this path have no capital letters.
	work=$(mktemp -d --dry-run "${TMPDIR:-/var/tmp}/urun-suite.XXXXXX" | tr '[:upper:]' '[:lower:]')
	mkdir -m 700 "$work" || exit 2
	registry_pid=''
	trap suite_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

suite_end() {
	trap - EXIT
	services_end
	[ -z "$registry_pid" ] || kill "$registry_pid"
	remove_work
}

# services_begin NAME…: the user's systemd, where there is one, gets these variables, so that an engine started by a unit or a timer of a
# test finds the same files.  services_end gives it the old ones back.
services_begin() {
	local name old
	systemctl --user show-environment >"$work/services" 2>/dev/null || return 0
	for name; do
		old=$(sed -n "s/^$name=//p" "$work/services")
		if [ -n "$old" ]; then services_old+=("$name=$old"); else services_new+=("$name"); fi
		systemctl --user set-environment "$name=${!name}"
	done
}
services_old=() services_new=()

services_end() {
	[ ${#services_old[@]} = 0 ] || systemctl --user set-environment "${services_old[@]}"
	[ ${#services_new[@]} = 0 ] || systemctl --user unset-environment "${services_new[@]}"
}

# What a test has left in the user namespace of the engine, an ordinary user removes there.  podman wants a home, which may be in there.
remove_work() {
	rm -rf --one-file-system "$work" 2>/dev/null && return
	mkdir -p "$HOME"
	podman unshare rm -rf --one-file-system "$work"
}

# --- stand-ins ---------------------------------------------------------------------------------------------------------------------

# standin_root DIR TAG: makes the root file system of an image whose tag is TAG.
standin_root() {
	local program
	mkdir -p "$1"/{bin,dev,etc,home/podman,lib,media,mnt,opt,proc,root,run,sbin,srv,sys,tmp,usr/{bin,lib,local/bin,sbin},var/{cache,lib,log,tmp,www}}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for program in $("$1/bin/busybox" --list); do case $program in busybox | printenv | adduser) ;; *) ln -s busybox "$1/bin/$program" ;; esac; done
	ln -s busybox "$1/bin/busybox-extras"
	cat >"$1/bin/printenv" <<-'END'
		#!/bin/sh
		[ $# != 0 ] || exec env
		status=0
		for name; do eval "[ \"\${$name+set}\" ] && echo \"\$$name\"" || status=1; done
		exit $status
	END
	printf '#!/bin/sh\n# adduser -u UID -G GROUP -D -g GECOS -s SHELL NAME, as the tests of podman call it.\nuid=1000 gecos=\nwhile [ $# -gt 1 ]; do case $1 in -u) uid=$2; shift ;; -g) gecos=$2; shift ;; -G | -s | -h) shift ;; esac; shift; done\necho "$1:x:$uid:$uid:$gecos:/home/$1:/bin/sh" >>/etc/passwd\n' >"$1/bin/adduser"
	chmod 755 "$1/bin/printenv" "$1/bin/adduser"
	# There are no packages to add.
	printf '#!/bin/sh\n' >"$1/sbin/apk"
	chmod 755 "$1/sbin/apk"
	for program in env printf test id cut; do ln -s ../../bin/busybox "$1/usr/bin/$program"; done
	chmod 1777 "$1/tmp" "$1/var/tmp"
	printf 'root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/sbin/nologin\ndaemon:x:2:2:daemon:/sbin:/sbin/nologin\nsync:x:5:0:sync:/sbin:/bin/sync\nmail:x:8:12:mail:/var/mail:/sbin/nologin\nguest:x:405:100:guest:/dev/null:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' >"$1/etc/passwd"
	printf 'root:x:0:root\nbin:x:1:root,bin,daemon\ndaemon:x:2:root,bin,daemon\nadm:x:4:root,daemon\ntty:x:5:\nmail:x:12:mail\nusers:x:100:games\nnobody:x:65534:\n' >"$1/etc/group"
	printf 'NAME="stand-in"\nID=alpine\nVERSION_ID=3\n' >"$1/etc/os-release"
	echo 3.0.0 >"$1/etc/alpine-release"
	printf '127.0.0.1\tlocalhost\n' >"$1/etc/hosts"
	printf 'ssh\t22/tcp\nhttp\t80/tcp\n' >"$1/etc/services"
	echo "$2" >"$1/home/podman/testimage-id"
	touch --date=@1600000000 "$1/home/podman/testimage-id"
	printf '#!/bin/sh\necho Confirmed: testimage pause invoked as $0\nwhile :; do sleep 0.1; done\n' >"$1/home/podman/pause"
	printf '#!/bin/sh\ntest ! -e /uh-oh\n' >"$1/home/podman/healthcheck"
	chmod 755 "$1/home/podman/pause" "$1/home/podman/healthcheck"
}

# standin_layout DIR ROOT CONFIG: makes an image of one layer, as a directory of the image-spec's layout.  CONFIG: its "config", as JSON.
standin_layout() {
	local dir=$1 diff layer config manifest
	mkdir -p "$dir/blobs/sha256"
	tar -C "$2" --owner=0 --group=0 --numeric-owner --sort=name -cf "$dir/layer.tar" .
	diff=$(digest "$dir/layer.tar")
	gzip -n "$dir/layer.tar"
	layer=$(blob "$dir" "$dir/layer.tar.gz" application/vnd.oci.image.layer.v1.tar+gzip)
	jq -n --arg diff "$diff" --argjson config "$3" '{ architecture: "amd64", os: "linux", created: "2022-06-15T00:00:00Z", config: $config,
		rootfs: { type: "layers", diff_ids: [$diff] }, history: [{ created: "2022-06-15T00:00:00Z", created_by: "stand-in" }] }' >"$dir/config.json"
	config=$(blob "$dir" "$dir/config.json" application/vnd.oci.image.config.v1+json)
	jq -n --argjson config "$config" --argjson layer "$layer" '{ schemaVersion: 2,
		mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer] }' >"$dir/manifest.json"
	manifest=$(blob "$dir" "$dir/manifest.json" application/vnd.oci.image.manifest.v1+json)
	jq -n --argjson manifest "$manifest" '{ schemaVersion: 2, manifests: [$manifest] }' >"$dir/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
}

digest() {
	printf 'sha256:%s' "$(sha256sum "$1" | cut -d' ' -f1)"
}

# blob DIR FILE MEDIA-TYPE: moves the file into the layout, and prints its descriptor.
blob() {
	local sum size
	sum=$(digest "$2")
	size=$(stat -c %s "$2")
	mv "$2" "$1/blobs/sha256/${sum#sha256:}"
	printf '{"mediaType":"%s","digest":"%s","size":%s}' "$3" "$sum" "$size"
}

# registry_root DIR: makes the root file system of an image of the registry itself, which the suites start in a container.
registry_root() {
	local file
	mkdir -p "$1"/{etc/docker/registry,var/lib/registry,usr/bin}
	standin_root "$1" registry
	cp "$(command -v docker-registry)" "$1/usr/bin/registry"
	ldd "$1/usr/bin/registry" | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "$1$(dirname "$file")"
		cp -L "$file" "$1$file"
	done
	registry_config "$1/etc/docker/registry/config.yml" /var/lib/registry :5000
}

registry_config() {
	printf 'version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: %s }, delete: { enabled: true } }\nhttp: { addr: "%s" }\n' "$2" "$3" >"$1"
}

# --- the registry -----------------------------------------------------------------------------------------------------------------

# registry_start: sets $port and $registry_pid.
registry_start() {
	local try
	for try in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 20000))
		registry_config "$work/registry.yml" "$work/registry" "127.0.0.1:$port"
		docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 </dev/null &
		registry_pid=$!
		for _ in {1..100}; do
			kill -0 "$registry_pid" 2>/dev/null || break
			! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
			sleep 0.05
		done
	done
	fail "no registry in $try tries: $(tail -n 1 "$work/registry.log")"
}

# push LAYOUT NAME…: gives the registry the image under these names, such as quay.io/libpod/alpine:latest.
push() {
	local layout=$1 image
	shift
	for image; do
		skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$layout" "docker://127.0.0.1:$port/$image" || fail "$image: no stand-in"
	done
}

# registries_conf: prints a registries.conf that sends each registry of the suites to the one here.
registries_conf() {
	local host
	echo 'unqualified-search-registries = ["docker.io", "quay.io"]'
	printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' "$port"
	for host in docker.io quay.io registry.k8s.io k8s.gcr.io gcr.io registry.access.redhat.com registry.centos.org registry.fedoraproject.org ghcr.io; do
		printf '[[registry]]\nprefix = "%s"\nlocation = "127.0.0.1:%s/%s"\ninsecure = true\n' "$host" "$port" "$host"
	done
	printf '[aliases]\n'
	for host in alpine busybox debian ubuntu php; do printf '"%s" = "docker.io/library/%s"\n' "$host" "$host"; done
}

# --- running -----------------------------------------------------------------------------------------------------------------------

# run_files RUNTIME DIR FILE…: runs each file of tests in DIR, with the environment that the caller has set; TAP goes to $results.
run_files() {
	local runtime=$1 dir=$2 file
	results=$work/results.$((++runs))
	mkdir "$results"
	shift 2
	for file; do
		(cd "$dir" && timeout -k 10 "${LIMIT:-1200}" bats --tap "$file" </dev/null >"$results/$file" 2>"$results/$file.err") || :
		printf '%-14s %-32s %s\n' "${runtime##*/}" "$file" "$(counts "$results/$file")" >&2
	done
}
runs=0

# outcomes FILE…: prints "passed", "failed" or "skipped", a tab, the file and the test's name.
outcomes() {
	local file
	for file; do
		awk -v file="${file##*/}" '
			/^ok .* # skip/ { what = "skipped"; sub(/ # skip.*/, ""); line = $0 }
			/^ok / && what == "" { what = "passed" }
			/^not ok / { what = "failed" }
			what != "" { sub(/^(not )?ok [0-9]+ /, ""); sub(/ in [0-9]+ms$/, ""); print what "\t" file ": " $0; what = "" }' "$file"
	done
}

counts() {
	outcomes "$@" | awk -F '\t' '{ n[$1]++ } END { printf "%d passed, %d failed, %d skipped", n["passed"], n["failed"], n["skipped"] }'
}

# table RESULTS…: prints what passed with each runtime (of ${runtimes[@]}, in this order), and the tests that differ.
table() {
	local i file directories=("$@")
	echo
	for i in "${!directories[@]}"; do
		echo "${runtimes[i]##*/}: $(counts "${directories[i]}"/*.bats)"
		outcomes "${directories[i]}"/*.bats | sort -t $'\t' -k 2 >"$work/outcomes.$i"
	done
	for ((i = 1; i < ${#directories[@]}; i++)); do
		echo
		echo "differs between ${runtimes[0]##*/} and ${runtimes[i]##*/}:"
		join -t $'\t' -1 2 -2 2 "$work/outcomes.0" "$work/outcomes.$i" | awk -F '\t' '$2 != $3 { print "  " $2 " / " $3 "  " $1 }'
	done
	[ -z "${KEEP-}" ] || cp -r "${directories[@]}" "$KEEP"
}
