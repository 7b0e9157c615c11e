// SPDX-License-Identifier: Apache-2.0
// Runs in: parent, init after pivot_root.
#include "netns/notify.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/rights.h"
#include "core/base/str.h"

/* Linux 5.19 */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* urun-bypass answers at once; one that is stopped never does. */
#define ANSWER_TIMEOUT_S 10

static const unsigned int load_flags =
	SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

/*
 * Only connect(2) of the machine's own architecture is sent.  A call of another architecture (a 32-bit
 * program's socketcall(2)) or by io_uring goes on, on the program's own socket, and so by urun-slirp.
 * x32 has the architecture of x86-64 and other numbers.
 */
static int load_notifier(int *ret_listener, struct error *err)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(program), program };
	long loaded = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, load_flags, &filter);

	if (loaded < 0 && errno == EBUSY)
		return error_set(err, errno,
				 "network bypass: urun itself runs under a listener of seccomp");
	if (loaded < 0)
		return error_set(err, errno, "network bypass: load the filter");
	*ret_listener = (int)loaded;
	return 0;
}

int notify_begin(int connection, struct error *err)
{
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	struct notify_answer answer;
	char kind = 0;
	struct iovec out = { &kind, 1 }, in = { &answer, sizeof(answer) };
	autoclose int routes =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	autoclose int listener = -1;
	size_t none;
	ssize_t got;

	if (routes < 0)
		return error_set(err, errno, "network bypass: make a netlink socket");
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (load_notifier(&listener, err) < 0)
		return -1;
	got = rights_send(connection, &out, 1,
			  (int[NOTIFY_FD_COUNT]){
				  [NOTIFY_FD_LISTENER] = listener, [NOTIFY_FD_ROUTES] = routes },
			  NOTIFY_FD_COUNT);
	if (got > 0)
		got = rights_receive(connection, &in, 1, 0, NULL, 0, &none);
	if (got == (ssize_t)sizeof(answer) && answer.errnum == 0)
		return 0;
	if (got == (ssize_t)sizeof(answer))
		return error_set(err, answer.errnum, "network bypass: urun-bypass");
	if (got == 0 || got == -ECONNRESET || got == -EPIPE)
		return error_set(err, 0, "network bypass: urun-bypass has ended");
	return error_set(err,
			 got == -EAGAIN ? ETIMEDOUT
			 : got < 0	? (int)-got
					: EPROTO,
			 "network bypass: urun-bypass");
}

#define YAMA_PATH "/proc/sys/kernel/yama/ptrace_scope"

int notify_check_host(struct error *err)
{
	autofree char *scope = NULL;
	size_t size;

	/* A kernel that knows the flags looks for the filter, which isn't there. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, load_flags, NULL) < 0 && errno != EFAULT)
		return error_set(err, 0, "it needs Linux 5.19");
	if (fd_read_file(YAMA_PATH, 16, &scope, &size) == 0 && scope[0] == '3')
		return error_set(err, 0,
				 "the sysctl kernel.yama.ptrace_scope is 3, which it can't be "
				 "with");
	return 0;
}
