# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A cluster of Slurm's in the machine, for tests that run as root: a controller, and two nodes, n1 and n2, which are two slurmd on this
# host.

# slurm_configure CONF: writes Slurm's configuration, with CONF as its oci.conf, whose `urun` is $URUN.
slurm_configure() {
	local host
	host=$(hostname)
	mkdir -p /etc/slurm /etc/munge /run/munge /var/log/munge /var/lib/munge /var/log/slurm /var/spool/{slurmctld,slurmd.n1,slurmd.n2}
	[ -s /etc/munge/munge.key ] || head -c 1024 /dev/urandom >/etc/munge/munge.key
	chown munge: /etc/munge/munge.key /run/munge /var/log/munge /var/lib/munge
	chmod 400 /etc/munge/munge.key
	sed "s/@HOST@/$host/" "${BASH_SOURCE[0]%/*}/slurm.conf" >/etc/slurm/slurm.conf
	: >/etc/slurm/cgroup.conf
	grep -qw memory /sys/fs/cgroup/cgroup.controllers || echo CgroupPlugin=cgroup/v1 >/etc/slurm/cgroup.conf
	sed "s#urun --rootless#$URUN --rootless#" "$1" >/etc/slurm/oci.conf
}

# The nodes put each step into a cgroup of version 2, and limit its memory.
slurm_constrain_memory() {
	sed -i 's|^ProctrackType=.*|ProctrackType=proctrack/cgroup|; s|^TaskPlugin=.*|TaskPlugin=task/cgroup|; s|CR_Core|CR_Core_Memory|
		s|CPUs=8|CPUs=2 RealMemory=800|' /etc/slurm/slurm.conf
	printf 'CgroupPlugin=cgroup/v2\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n' >/etc/slurm/cgroup.conf
}

# Starts the cluster, and waits until both nodes can have jobs.
slurm_start() {
	local node
	# Slurm looks up names with AI_ADDRCONFIG, which finds nothing where there is no address but the loopback's.
	ip -o -4 addr show scope global | grep -q . || {
		ip link add slurm0 type veth peer name slurm1
		ip addr add 192.0.2.3/24 dev slurm0
		ip link set slurm0 up
		ip link set slurm1 up
	}
	systemctl start munge
	systemd-run --quiet --collect --unit urun-slurmctld slurmctld -D
	for node in n1 n2; do
		systemd-run --quiet --collect --unit "urun-slurmd-$node" -p Delegate=yes -p KillMode=process slurmd -D -N "$node"
	done
	wait_for 60 slurm_is_up || { tail /var/log/slurm/* >&2; return 1; }
}

slurm_is_up() {
	[ "$(sinfo --noheader --Node --format '%t' 2>/dev/null | grep -c idle)" = 2 ]
}

slurm_stop() {
	systemctl stop urun-slurmd-n1 urun-slurmd-n2 urun-slurmctld munge
}

# as_ci LINE: a line of shell as user ci, without a session: neither a runtime directory nor a bus.
as_ci() {
	timeout 200 setpriv --reuid ci --regid ci --init-groups env -i "PATH=$PATH" HOME=/home/ci sh -c "cd /home/ci && $1" </dev/null 3>&- 4>&-
}
