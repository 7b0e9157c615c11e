// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-port.
 *
 * urun-port READYFD NETWORK: passes connections on to a container's published ports.  With NETWORK
 * host, which has no published ports, the program is the container's urun-resolv
 * (netns/host_resolv.h).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "netns/host_resolv.h"
#include "netns/ports/forward.h"
#include "netns/ready.h"
#include "netns/resolv.h"
#include "netns/sandbox.h"

/* The order of ports_give() in core/container/port.c. */
enum given { GIVEN_LIFE, GIVEN_CONTROL, GIVEN_USER, GIVEN_NETWORK, GIVEN_COUNT };

/*
 * Process boundary: from here on this process is in the container's user and network namespaces.
 * Sockets that urun hands over stay the host's; sockets that are made here are the container's.
 * ORDER: the dumpable mark first: a container that has the caller's pid namespace and
 * CAP_SYS_PTRACE would find the host's root behind /proc/PID/root.  Our memory map is from outside
 * the container's user namespace, so the mark holds (core/parent/clone.c).
 * ORDER: the user namespace before the network namespace, which needs its capabilities.
 */
static int join_container(const int given[static GIVEN_COUNT], struct error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "make the process not dumpable");
	/* Our own user namespace can't be joined, and needn't be. */
	if (!stat_same_as_path(given[GIVEN_USER], "/proc/self/ns/user") &&
	    setns(given[GIVEN_USER], CLONE_NEWUSER) < 0)
		return error_set(err, errno, "join the container's user namespace");
	if (setns(given[GIVEN_NETWORK], CLONE_NEWNET) < 0)
		return error_set(err, errno, "join the container's network namespace");
	return 0;
}

static int serve_ports(const struct source *source, const int given[static GIVEN_COUNT],
		       bool isolated, struct error *err)
{
	struct forward *forward = forward_new(source, err);
	struct error left = ERROR_NONE;
	int result;

	if (!forward)
		return -1;
	/*
	 * ORDER: source_prepare() needed /proc, and forward_new() system calls that the filter
	 * forbids.  Now the host's files go out of reach, then the privileges; only then is a
	 * request read.
	 */
	if (!isolated)
		error_set(&left, 0, "the host refuses it namespaces of its own");
	if (!isolated || sandbox_leave_root(SANDBOX_PORT, NULL, &left) < 0)
		ready_say_failure(READY_WARNING, &left);
	result = sandbox_drop_privileges(SANDBOX_PORT, err);
	if (result == 0)
		result = forward_begin(forward, given[GIVEN_LIFE], given[GIVEN_CONTROL], err);
	if (result == 0)
		result = ready_say_ready(err);
	if (result == 0) {
		close(READY_FD);
		result = forward_run(forward, err);
	}
	forward_free(forward);
	return result;
}

/* ---- urun-resolv ---- */

/* The order of network_give_resolv() in core/container/network.c. */
enum given_resolv { RESOLV_LIFE, RESOLV_FILE, RESOLV_COUNT };

/* ORDER: the privileges are dropped before the container's file is received. */
static int serve_resolv(const struct network_options *options, struct error *err)
{
	const struct rlimit size = { 2 * RESOLV_SIZE_MAX, 2 * RESOLV_SIZE_MAX };
	int given[RESOLV_COUNT], received;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &size);
	if (sandbox_drop_privileges(SANDBOX_RESOLV, err) < 0)
		return -1;
	received = ready_receive(NULL, 0, given, RESOLV_COUNT, RESOLV_COUNT, err);
	if (received <= 0)
		return received;
	if (ready_say_ready(err) < 0)
		return -1;
	close(READY_FD);
	host_resolv_follow(options, given[RESOLV_LIFE], given[RESOLV_FILE]);
	return 0;
}

/* Process boundary: as in start_port(). */
static int start_resolv(const struct network_options *options, struct error *err)
{
	bool isolated;
	int pidfd = -1;
	pid_t pid = sandbox_fork(SANDBOX_RESOLV, &pidfd, &isolated, err);

	if (pid < 0)
		return -1;
	if (pid > 0)
		return ready_watch(pid, pidfd, err);
	prctl(PR_SET_NAME, "urun-resolv");
	if (serve_resolv(options, err) == 0)
		_exit(0);
	return -1;
}

/* ---- the program ---- */

/*
 * Process boundary: the process that was executed waits until the new one serves, and ends then.
 * So the parent has reaped its child when the ports are served, and the process that stays has no
 * parent that must wait for it.
 */
static int start_port(const struct network_options *options, struct error *err)
{
	int given[GIVEN_COUNT], received, pidfd = -1;
	struct error left = ERROR_NONE;
	struct source source;
	bool isolated;
	pid_t pid;

	if (options->kind == NETWORK_HOST)
		return start_resolv(options, err);
	received = ready_receive(NULL, 0, given, GIVEN_COUNT, GIVEN_COUNT, err);
	if (received <= 0)
		return received;
	if (join_container(given, err) < 0)
		return -1;
	close(given[GIVEN_USER]);
	close(given[GIVEN_NETWORK]);
	if (source_prepare(options, &source, &left) < 0)
		ready_say_failure(READY_WARNING, &left);
	pid = sandbox_fork(SANDBOX_PORT, &pidfd, &isolated, err);
	if (pid < 0)
		return -1;
	if (pid > 0)
		ready_watch_in_container(pid, pidfd);
	if (serve_ports(&source, given, isolated, err) == 0)
		_exit(0);
	return -1;
}

int main(int argc, char **argv)
{
	return ready_main(argc, argv, "urun-port", start_port);
}
