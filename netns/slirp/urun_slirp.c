// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
// urun-slirp READYFD NETWORK: the other end of a container's network device.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/host_resolv.h"
#include "netns/options.h"
#include "netns/ready.h"
#include "netns/resolv.h"
#include "netns/sandbox.h"
#include "netns/slirp/loop.h"
#include "netns/slirp/members.h"

/* ---- the process that stays ---- */

struct identity {
	uid_t uid;
	gid_t gid;
	bool isolated; /* it has namespaces of its own */
};

/*
 * ORDER: the loop opens what it needs of the host's files; then these go out of reach, then the
 * privileges, and only then the container's device is received.
 */
static int confine_slirp(const struct identity *identity, int *ret_stack_resolv, struct error *err)
{
	/*
	 * The container's resolv.conf may not grow beyond this.  Sockets and the device have no
	 * size.
	 */
	const struct rlimit size = { 2 * RESOLV_SIZE_MAX, 2 * RESOLV_SIZE_MAX };
	struct error left = ERROR_NONE;

	if (!identity->isolated)
		error_set(&left, 0, "the host refuses it namespaces of its own");
	if (!identity->isolated || sandbox_keep_ids(identity->uid, identity->gid, &left) < 0 ||
	    sandbox_leave_root(SANDBOX_SLIRP, ret_stack_resolv, &left) < 0)
		ready_say_failure(READY_WARNING, &left);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &size);
	return sandbox_drop_privileges(SANDBOX_SLIRP, err);
}

/*
 * The lock is held as long as its descriptor is open: that says that this process is alive.  The container's network
 * namespace stays for what its programs have sent last, also where the device doesn't keep it (netns/veth.h).
 */
enum given {
	GIVEN_LIFE,
	GIVEN_TAP,
	GIVEN_NAMESPACE,
	GIVEN_LOCK,
	GIVEN_CONTROL,
	GIVEN_FILES,
	GIVEN_COUNT = GIVEN_FILES + MEMBER_FILE_COUNT
};

/* The container for which the network was made is its first member. */
static struct members *first_member(const struct member *member,
				    const int given[static GIVEN_COUNT])
{
	struct members *members = members_new(given[GIVEN_CONTROL]);
	int files[MEMBER_FILE_COUNT], taken = GIVEN_FILES;

	for (int i = 0; i < MEMBER_FILE_COUNT; i++)
		files[i] = member->files & (1u << i) && taken < GIVEN_COUNT ? given[taken++] : -1;
	members_add(members, member, given[GIVEN_LIFE], files);
	return members;
}

static int serve_link(const struct network_options *options, const struct identity *identity,
		      int watcher_fd, struct error *err)
{
	struct loop *loop = loop_new(options, watcher_fd, err);
	struct loop_files files = { .stack_resolv = -1 };
	struct member member = { 0 };
	int fds[GIVEN_COUNT], given;

	if (!loop)
		return -1;
	given = confine_slirp(identity, &files.stack_resolv, err) < 0
			? -1
			: ready_receive(&member, sizeof(member), fds, GIVEN_FILES, GIVEN_COUNT,
					err);
	if (given <= 0) {
		loop_free(loop);
		return given;
	}
	files.tap = fds[GIVEN_TAP];
	files.members = first_member(&member, fds);
	if (ready_say_ready(err) < 0)
		return -1;
	close(READY_FD);
	return loop_run(loop, &files, err);
}

/*
 * Process boundary: the process that was executed waits until the new one serves, and ends then.
 * So the parent has reaped its child when the network is usable, and the process that stays has no
 * parent that must wait for it.
 */
static int start_slirp(const struct network_options *options, struct error *err)
{
	struct identity identity = { .uid = geteuid(), .gid = getegid() };
	struct error unwatched = ERROR_NONE;
	int pidfd = -1, watcher_fd = -1;
	pid_t pid;

	/* Without the watcher the name servers stay those of the start. */
	if (host_resolv_start(&watcher_fd, &unwatched) < 0)
		ready_say_failure(READY_WARNING, &unwatched);
	pid = sandbox_fork(SANDBOX_SLIRP, &pidfd, &identity.isolated, err);
	if (pid < 0)
		return -1;
	if (pid > 0)
		return ready_watch(pid, pidfd, err);
	if (serve_link(options, &identity, watcher_fd, err) == 0)
		_exit(0);
	return -1;
}

int main(int argc, char **argv)
{
	/* All libraries were loaded: that is what slirp_check_host() asks. */
	if (argc == 2 && str_equal(argv[1], "--check"))
		return 0;
	return ready_main(argc, argv, "urun-slirp", start_slirp);
}
