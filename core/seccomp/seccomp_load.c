// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/seccomp/seccomp_load.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/base/rights.h"
#include "core/config/config.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static long seccomp_call(unsigned int operation, unsigned int flags, const void *argument)
{
	return syscall(SYS_seccomp, operation, flags, argument);
}

/*
 * Finds the flag that this kernel doesn't know; NULL: none.  EINVAL means an unknown flag or a bad
 * filter.  So each flag is tried with a NULL filter: a kernel that knows the flag answers EFAULT.
 */
static const char *unknown_flag(unsigned int flags)
{
	static const struct {
		unsigned int flag;
		unsigned int with; /* another flag that the kernel demands beside this one */
		const char *name;
	} names[] = {
		{ SECCOMP_FILTER_FLAG_TSYNC, 0, "SECCOMP_FILTER_FLAG_TSYNC" },
		{ SECCOMP_FILTER_FLAG_LOG, 0, "SECCOMP_FILTER_FLAG_LOG" },
		{ SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0, "SECCOMP_FILTER_FLAG_SPEC_ALLOW" },
		{ SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, "SECCOMP_FILTER_FLAG_NEW_LISTENER" },
		{ SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 0, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH" },
		{ SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag &&
		    seccomp_call(SECCOMP_SET_MODE_FILTER, names[i].flag | names[i].with, NULL) <
			    0 &&
		    errno != EFAULT)
			return names[i].name;
	return NULL;
}

static int load_failed(int errnum, unsigned int flags, struct error *err)
{
	const char *name;

	if (errnum == EBUSY)
		return error_set(err, errnum,
				 "load the seccomp filter: another filter has a listener already");
	if (errnum == EACCES)
		return error_set(
			err, errnum,
			"load the seccomp filter: it needs process.noNewPrivileges or CAP_SYS_ADMIN");
	name = errnum == EINVAL ? unknown_flag(flags) : NULL;
	if (name)
		return error_set(err, errnum,
				 "load the seccomp filter: this kernel doesn't know %s", name);
	return error_set(err, errnum, "load the seccomp filter");
}

int seccomp_load_program(const void *bpf, size_t size, unsigned int flags, int *ret_listener,
			 struct error *err)
{
	struct sock_fprog program = {
		.len = (unsigned short)(size / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)bpf,
	};
	long r;

	if (size == 0 || size % sizeof(struct sock_filter) != 0 ||
	    size > BPF_MAXINSNS * sizeof(struct sock_filter))
		return error_set(err, 0, "load the seccomp filter: %zu bytes are no filter", size);
	/*
	 * TSYNC returns the id of a thread that can't be synchronised, NEW_LISTENER a descriptor.
	 * With both the kernel demands TSYNC_ESRCH: such a thread is then the error ESRCH.
	 */
	if (flags & SECCOMP_FILTER_FLAG_TSYNC && flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	r = seccomp_call(SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r < 0)
		return load_failed(errno, flags, err);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) {
		*ret_listener = (int)r;
		return 0;
	}
	if (r > 0)
		return error_set(err, 0, "load the seccomp filter: thread %ld has another filter",
				 r);
	*ret_listener = -1;
	return 0;
}

void seccomp_listener_state(pid_t pid, const char *metadata, const char *state_json,
			    struct strbuf *ret_state)
{
	strbuf_addf(ret_state, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d",
		    CONFIG_SPEC_VERSION, (int)pid);
	if (metadata) {
		strbuf_add_str(ret_state, ",\"metadata\":");
		json_write_string(metadata, ret_state);
	}
	strbuf_add_str(ret_state, ",\"state\":");
	strbuf_add_str(ret_state, state_json);
	strbuf_add_str(ret_state, "}");
}

/* By sendmsg(2) alone: seccomp_compile() made sure that this call doesn't wait for the agent. */
int seccomp_send_listener(int socket, int listener, const struct strbuf *state, struct error *err)
{
	size_t done = 0;

	while (done < state->size) {
		struct iovec part = { .iov_base = state->bytes + done,
				      .iov_len = state->size - done };
		/*
		 * The descriptor goes with the first byte.  A stream socket may take a part only.
		 */
		ssize_t sent = rights_send(socket, &part, 1, &listener, done == 0 ? 1 : 0);

		if (sent < 0)
			return error_set(err, sent == -EAGAIN ? ETIMEDOUT : (int)-sent,
					 "send the seccomp listener to linux.seccomp.listenerPath");
		done += (size_t)sent;
	}
	return 0;
}
