// SPDX-License-Identifier: Apache-2.0
/*
 * netbox NETWORK PROGRAM [ARGUMENT…]: runs a program in user, mount and network namespaces of its
 * own, with the network that urun would give a container, and nothing else of urun.  Its exit
 * status is the program's.  With NETBOX_TIME=1 in the environment it prints on stderr, in µs, the
 * time for the namespaces and the tap device, and the time until the network was usable.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/launch.h"
#include "netns/member.h"
#include "netns/options.h"
#include "netns/resolv.h"
#include "netns/tap.h"

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int fail(const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	fprintf(stderr, "netbox: %s\n", error_format(err, line));
	return 125;
}

/* ---- the box ---- */

static int send_fd(int socket, int fd)
{
	struct iovec part = { "t", 1 };
	ssize_t sent = rights_send(socket, &part, 1, &fd, 1);

	return sent < 0 ? (int)sent : 0;
}

static int receive_fd(int socket, int *ret_fd)
{
	char byte;
	struct iovec part = { &byte, 1 };
	size_t count;

	return rights_receive(socket, &part, 1, 0, ret_fd, 1, &count) == 1 && count == 1 ? 0 : -1;
}

static int bind_resolv_conf(const struct network_options *options, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	autofree char *host = NULL;
	autoclose int fd = -1;
	char path[] = "/tmp/netbox-XXXXXX", target[4096];
	size_t size;

	if (!realpath("/etc/resolv.conf", target) || resolv_read_host(&host, &size) < 0)
		return 0;
	resolv_text(options, host, size, &text);
	fd = mkstemp(path);
	if (fd < 0 || fd_write_all(fd, text.bytes, text.size) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(path, target, NULL, MS_BIND, NULL) < 0)
		return error_set(err, errno, "mount resolv.conf");
	unlink(path);
	return 0;
}

static int bring_up_loopback(struct error *err)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0
		       ? error_set(err, errno, "bring up lo")
		       : 0;
}

static int box(int socket, const struct network_options *options, char **argv)
{
	struct error err = ERROR_NONE;
	int tap = -1;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/*
	 * A container has a session of its own, which autogroup scheduling makes a group
	 * (sched(7)).
	 */
	setsid();
	if (recv(socket, &byte, 1, 0) != 1)
		return 125;
	if (bring_up_loopback(&err) < 0)
		return fail(&err);
	if (options->kind == NETWORK_SLIRP &&
	    (tap_create(options, &tap, &err) < 0 || bind_resolv_conf(options, &err) < 0))
		return fail(&err);
	if (tap >= 0 && send_fd(socket, tap) < 0)
		return 125;
	fd_close(&tap);
	if (recv(socket, &byte, 1, 0) != 1)
		return 125;
	execvp(argv[0], argv);
	fprintf(stderr, "netbox: %s: %s\n", argv[0], error_errno_text(errno));
	return 127;
}

/* ---- the host's side ---- */

static int write_maps(pid_t pid)
{
	autofree char *uids = str_format("/proc/%d/uid_map", pid);
	autofree char *gids = str_format("/proc/%d/gid_map", pid);
	autofree char *groups = str_format("/proc/%d/setgroups", pid);
	autofree char *uid = str_format("0 %u 1", getuid());
	autofree char *gid = str_format("0 %u 1", getgid());

	return fd_write_file(uids, uid) < 0 || fd_write_file(groups, "deny") < 0 ||
			       fd_write_file(gids, gid) < 0
		       ? -1
		       : 0;
}

static int attend(int socket, pid_t pid, const char *network, struct error *err)
{
	struct helper helper = HELPER_NONE;
	autoclose int tap = -1, life = pidfd_open_process(pid), slirp = -1;
	/*
	 * In urun the lock on this file shows that urun-slirp runs; no process checks it for a box.
	 */
	autoclose int lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct member member = member_make("netbox", (int[]){ -1, -1 });
	int64_t started = now_us(), with_tap;

	if (str_starts_with(network, "slirp") &&
	    helper_launch(HELPER_SLIRP, network, &helper, err) < 0)
		return -1;
	if (write_maps(pid) < 0 || send(socket, "m", 1, 0) != 1)
		return error_set(err, errno, "write the maps");
	if (str_starts_with(network, "slirp")) {
		if (receive_fd(socket, &tap) < 0)
			return error_set(err, 0, "the box has no tap device");
		with_tap = now_us();
		if (helper_give(&helper, &member, sizeof(member), (int[]){ life, tap, lock, life },
				4, err) < 0 ||
		    helper_await(&helper, &slirp, err) < 0)
			return -1;
		if (getenv("NETBOX_TIME"))
			fprintf(stderr, "tap %lld slirp %lld\n", (long long)(with_tap - started),
				(long long)(now_us() - with_tap));
	}
	return send(socket, "g", 1, 0) == 1 ? 0 : error_set(err, errno, "the box is gone");
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct network_options options;
	int pair[2], status = 0;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: netbox NETWORK PROGRAM [ARGUMENT…]\n");
		return 125;
	}
	if (network_options_parse(argv[1], &options, &err) < 0)
		return fail(&err);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 125;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | SIGCHLD, NULL,
			     NULL, NULL, 0);
	if (pid == 0) {
		close(pair[0]);
		_exit(box(pair[1], &options, argv + 2));
	}
	close(pair[1]);
	if (pid < 0 || attend(pair[0], pid, argv[1], &err) < 0)
		return fail(&err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
