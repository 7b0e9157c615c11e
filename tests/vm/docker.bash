# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests under Docker share, to be loaded after podman.bash.  The test file sets $SOCKET, and starts dockerd with dockerd_options.

I=busybox
PEER=runc

# dockerd_options DEFAULT: fills ${options[@]}: both runtimes, of which DEFAULT ("urun" is the one under test) is that of `docker build`.
dockerd_options() {
	# shellcheck disable=SC2034 # for the caller
	options=(-H "unix://$SOCKET" --add-runtime "urun=$RUNTIME" --default-runtime "$1" --storage-driver overlay2 --log-level error)
}

# dockerd_ready: waits for the daemon, and gives it the image.
dockerd_ready() {
	wait_for 60 docker version || { tail -n 30 "$BATS_FILE_TMPDIR/dockerd.log" >&2; return 1; }
	docker import --change 'CMD ["sh"]' /opt/busybox.tar "$I" >/dev/null
}

# docker ARG…: runs docker, for 60 seconds at most; "run" and "create" use the runtime $runs_with, if that is set.
docker() {
	case $1 in run | create) [ -z "${runs_with-}" ] || set -- "$1" --runtime "$runs_with" "${@:2}" ;; esac
	timeout -k 5 60 docker -H "unix://$SOCKET" "$@" 3>&- 4>&-
}

# terminal STEP… -- ARG…: runs docker at a terminal, and prints what that showed.
terminal() {
	local before after
	split_at_dashes "$@"
	case ${after[0]} in run | create) after=("${after[0]}" --runtime "$runs_with" "${after[@]:1}") ;; esac
	"$BATS_TEST_DIRNAME/../integration/terminal" "${before[@]}" -- docker -H "unix://$SOCKET" "${after[@]}" 3>&- 4>&-
}

logged() {
	docker logs "$1" 2>&1 | grep -q -- "$2"
}

inspected() {
	[ "$(docker inspect -f "$2" "$1")" = "$3" ]
}

no_container() {
	! docker inspect "$1"
}

# ids_equal: replaces what differs from one container to the next, and the runtime's own words.
ids_equal() {
	sed -E 's/^(OCI runtime exec failed): .*/\1/; s/\b[0-9a-f]{64}\b/ID/g; s/\b[0-9a-f]{12}\b/ID/g; s/[0-9]+\.[0-9]+MiB/MiB/g'
}

# outcome RUNTIME SCRIPT: prints what the script prints on stdout, and its exit status; all in a new directory.
outcome() {
	local value=0 left
	mkdir "$BATS_TEST_TMPDIR/line"
	(
		cd "$BATS_TEST_TMPDIR/line" || exit
		runs_with=$1
		set +e
		eval "$2"
	) </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || value=$?
	ids_equal <"$BATS_TEST_TMPDIR/out"
	echo "exit status $value"
	mapfile -t left < <(docker ps -aq)
	[ ${#left[@]} = 0 ] || docker rm -f -v "${left[@]}" >/dev/null
	rm -rf "$BATS_TEST_TMPDIR/line"
}

# section NAME: each line of this section of docker.lines has the same outcome with the runtime under test as with its peer.
section() {
	local line in='' expected got differ=0 count=0
	while IFS= read -r -u 9 line; do
		case $line in
		'' | '#'*) continue ;;
		'== '*)
			in=${line#== }
			continue
			;;
		esac
		[ "$in" = "$1" ] || continue
		count=$((count + 1))
		expected=$(outcome "$PEER" "$line")
		got=$(outcome urun "$line")
		[ "$expected" != "$got" ] || continue
		differ=$((differ + 1))
		printf '%s\n' "differs: $line" "--- $PEER" "$expected" "--- $RUNTIME" "$got" "--- its stderr" "$(cat "$BATS_TEST_TMPDIR/err")" >&2
	done 9<"$BATS_TEST_DIRNAME/docker.lines"
	[ "$count" -gt 0 ] || fail "no section $1"
	[ "$differ" = 0 ] || fail "$differ of $count lines differ"
}

teardown() {
	local left
	mapfile -t left < <(docker ps -aq)
	[ ${#left[@]} = 0 ] || docker rm -f -v "${left[@]}" >/dev/null
	nothing_left
}
