// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
// urun-slirp READYFD NETWORK: the other end of a container's network device.
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/loop.h"
#include "netns/options.h"
#include "netns/ready.h"
#include "netns/sandbox.h"

/* ---- the process that stays ---- */

struct identity {
	uid_t uid;
	gid_t gid;
	bool isolated; /* it has namespaces of its own */
};

/*
 * ORDER: the loop opens what it needs of the host's files; then these are out of reach, then the
 * privileges, and only then comes the container's device.
 */
static int confine(const struct identity *identity, struct error *err)
{
	struct error left = ERROR_NONE;

	if (!identity->isolated)
		error_set(&left, 0, "the host gives it no namespaces of its own");
	if (!identity->isolated || sandbox_keep_ids(identity->uid, identity->gid, &left) < 0 ||
	    sandbox_leave_root(SANDBOX_SLIRP, &left) < 0)
		ready_say_failure(READY_WARNING, &left);
	return sandbox_drop_privileges(SANDBOX_SLIRP, err);
}

static int serve(const struct network_options *options, const struct identity *identity,
		 struct error *err)
{
	struct loop *loop = loop_new(options, err);
	/* The last is a lock, which is held as long as the descriptor is open; see network_give(). */
	int fds[3], given;

	if (!loop)
		return -1;
	given = confine(identity, err) < 0 ? -1 : ready_receive(fds, ARRAY_SIZE(fds), err);
	if (given <= 0) {
		loop_free(loop);
		return given;
	}
	ready_say(READY_READY);
	close(READY_FD);
	return loop_run(loop, fds[1], fds[0], err);
}

/*
 * Process boundary: the one that was executed ends at once, so that the parent has waited for it
 * when the network is usable, and the one that stays is nobody's to wait for.
 */
static int start(const struct network_options *options, struct error *err)
{
	struct identity identity = { .uid = geteuid(), .gid = getegid() };
	int pidfd = -1;
	pid_t pid;

	pid = sandbox_fork(SANDBOX_SLIRP, &pidfd, &identity.isolated, err);
	if (pid < 0)
		return -1;
	if (pid > 0) {
		ready_say_process(pidfd);
		return 0;
	}
	if (serve(options, &identity, err) == 0)
		_exit(0);
	return -1;
}

int main(int argc, char **argv)
{
	return ready_main(argc, argv, "urun-slirp", start);
}
