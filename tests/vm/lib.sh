# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What build, run and native share: the directories, the options of a job; and the hardware, the start and the end of the emulated
# machine.
# shellcheck disable=SC2034,SC2054,SC2100
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=${URUN_VM_SUITE:-bookworm}
mem=${URUN_VM_MEM:-1024}
cpus=${URUN_VM_CPUS:-2}
cpu=${URUN_VM_CPU:-max}
append=${URUN_VM_APPEND:-}
extra=${URUN_VM_EXTRA:-}
cache=${URUN_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urun-vm}
qemu=qemu-system-x86_64

die() { echo "urun-vm: $*" >&2; exit 125; }
hash() { sha256sum | cut -c1-12; }

# The image depends on the scripts that make it.  The saved machine also depends on qemu, its options, and the host's processor, whose
# clock the guest uses.
image_key=$({ cat "$here/build" "$here"/guest/*; echo "$extra"; } | hash)
image=$cache/$suite-$image_key
saved_key=$({ $qemu --version 2>/dev/null || :; grep -m1 'model name' /proc/cpuinfo; cat "$here/lib.sh"; echo "$mem $cpus $cpu $append"; } | hash)
saved=$image/saved-$saved_key

usage() {
	cat <<-U
	usage: ${0##*/} [--user|--login|--root] [--copy HOSTPATH]… [--env NAME=VALUE]…
	              [--cwd DIR] [--timeout S] [--get GUESTPATH]… [--to HOSTDIR] [--] COMMAND [ARG]…
	U
}

# parse_job ARG…: fills $mode, $cwd, $limit, $to, ${copies[@]}, ${env[@]}, ${get[@]} and ${command[@]}.
parse_job() {
	local path
	mode=user cwd=/share limit=${URUN_VM_TIMEOUT:-600} to=.
	copies=() env=() get=()
	while [ $# -gt 0 ]; do
		case $1 in
		--user | --login | --root) mode=${1#--} && shift && continue ;;
		--help) usage && exit ;;
		--) shift && break ;;
		--*) [ $# -ge 2 ] || die "$1: no value" ;;
		*) break ;;
		esac
		case $1 in
		--copy) copies+=("$2") ;;
		--env) [[ $2 =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || die "--env $2: not NAME=VALUE"; env+=("$2") ;;
		--cwd) cwd=$2 ;;
		--timeout) limit=$2 ;;
		--get) get+=("$2") ;;
		--to) to=$2 ;;
		*) usage >&2; die "$1: no such option" ;;
		esac
		shift 2
	done
	[ $# -gt 0 ] || { usage >&2; die "no command"; }
	command=("$@")
	[[ $limit =~ ^[1-9][0-9]*$ ]] || die "--timeout $limit: not a number of seconds"
	for path in "$cwd" "${get[@]}"; do [[ $path = /* ]] || die "$path: not an absolute path in the machine"; done
	[ -d "$to" ] || die "$to: no such directory"
}

# copied_members: fills ${members[@]}, the words for tar that name the files to copy.
copied_members() {
	local path
	members=()
	for path in "${copies[@]}"; do
		[ -e "$path" ] || die "$path: no such file"
		if [ -L "$path" ]; then path=$(realpath -- "$path"); else path=$(realpath -s -- "$path"); fi
		members+=(-C "${path%/*}/" "./${path##*/}")
	done
}

# The guest's clock is the host's time stamp counter.  The guest must be told its frequency: on a busy host the guest can't measure it,
# and then no timer ticks.
tsc_khz() {
	local base=/sys/devices/system/cpu/cpu0/cpufreq/base_frequency
	if [ -n "${URUN_VM_TSC_KHZ:-}" ]; then
		echo "$URUN_VM_TSC_KHZ"
	elif [ -e $base ]; then
		cat $base
	else
		awk '/^cpu MHz/ { print int($4 * 1000); exit }' /proc/cpuinfo
	fi
}

# vm_args DISK TMP RAM-OPTIONS: sets $args to the same machine for booting and for restoring.
vm_args() {
	args=("$qemu" -nodefaults -no-user-config -nographic -no-reboot -name urun-vm
		-M microvm,x-option-roms=off,pit=on,pic=on,rtc=on,memory-backend=ram
		-accel tcg,thread=multi,tb-size=192 -cpu "$cpu" -smp "$cpus" -m "$mem"
		-object "memory-backend-file,id=ram,size=${mem}M,$3"
		-global virtio-mmio.force-legacy=false
		-kernel "$image/vmlinuz" -initrd "$image/initrd"
		-append "console=ttyS0 quiet panic=-1 reboot=t mitigations=off tsc=reliable tsc_early_khz=$(tsc_khz) nokaslr random.trust_cpu=on rw systemd.show_status=no $append"
		-serial "file:$2/console"
		-drive "if=none,id=root,file=$1,format=qcow2,cache=unsafe" -device virtio-blk-device,drive=root
		-drive "if=none,id=job,file=$2/job.tar,format=raw,read-only=on" -device virtio-blk-device,drive=job
		-device virtio-serial-device
		-chardev "pipe,id=ctl,path=$2/ctl" -device virtserialport,chardev=ctl,name=ctl
		-chardev "file,id=out,path=$2/out" -device virtserialport,chardev=out,name=out
		-chardev "file,id=err,path=$2/err" -device virtserialport,chardev=err,name=err
		-chardev "file,id=get,path=$2/get" -device virtserialport,chardev=get,name=get
		-monitor "pipe:$2/mon")
}

# The second disk is a padded tar of a fixed size, which the saved machine knows.
job_size=4G
vm_tmp() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/urun-vm.XXXXXX")
	qemu_pid=
	cat_pids=()
	trap vm_end EXIT
	trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
	mkfifo "$tmp"/{ctl,mon}.{in,out} "$tmp"/{out,err}
}

vm_end() {
	trap - EXIT
	vm_kill
	[ ${#cat_pids[@]} = 0 ] || kill "${cat_pids[@]}" 2>/dev/null || :
	wait
	rm -rf "$tmp"
}

# Kills qemu: a machine has nothing to be kept.
vm_kill() {
	[ -n "$qemu_pid" ] || return 0
	kill -KILL "$qemu_pid" 2>/dev/null || :
	wait "$qemu_pid" 2>/dev/null || :
	qemu_pid=
}

# Starts qemu, which ends with this shell.
vm_start() {
	cat <"$tmp/out" & cat_pids+=($!)
	cat <"$tmp/err" >&2 & cat_pids+=($!)
	TMPDIR=$tmp setpriv --pdeathsig KILL "${args[@]}" </dev/null >"$tmp/qemu.log" 2>&1 &
	qemu_pid=$!
	exec {ctl_in}<>"$tmp/ctl.in" {ctl_out}<>"$tmp/ctl.out" {mon_in}<>"$tmp/mon.in" {mon_out}<>"$tmp/mon.out"
}

monitor() { printf '%s\n' "$@" >&"$mon_in"; }

# failed STATUS MESSAGE: prints the console's last lines and exits.
failed() {
	echo "urun-vm: $2; the console's last lines:" >&2
	tail -q -n 20 "$tmp/console" "$tmp/qemu.log" >&2
	exit "$1"
}

# vm_wait WORD DEADLINE: waits for "WORD [VALUE]" from the agent, and sets $value.
vm_wait() {
	local word line='' part
	while :; do
		if read -r -t 1 -u "$ctl_out" part; then
			read -r word value <<<"$line$part"
			[ "$word" != "$1" ] || return 0
			line=''
			continue
		fi
		line+=$part
		[ $SECONDS -lt "$2" ] || return 124
		kill -0 "$qemu_pid" 2>/dev/null || failed 125 "the machine died"
		for word in "${cat_pids[@]}"; do kill -0 "$word" 2>/dev/null || exit 141; done
	done
}
