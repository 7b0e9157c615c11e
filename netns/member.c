// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "netns/member.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/base/rights.h"

/* urun-slirp answers at once; one that is stopped never does. */
#define ANSWER_TIMEOUT_S 10

struct member member_make(const char *name, const int files[static MEMBER_FILE_COUNT])
{
	struct member member = { 0 };

	snprintf(member.name, sizeof(member.name), "%s", name);
	for (int i = 0; i < MEMBER_FILE_COUNT; i++)
		if (files[i] >= 0)
			member.files |= 1u << i;
	return member;
}

int member_join(int control, const struct member *member, int pidfd,
		const int files[static MEMBER_FILE_COUNT], struct error *err)
{
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	struct member_answer answer;
	struct iovec out = { (void *)(uintptr_t)member, sizeof(*member) };
	struct iovec in = { &answer, sizeof(answer) };
	int fds[1 + MEMBER_FILE_COUNT] = { pidfd };
	size_t count = 1, none;
	ssize_t got;

	for (int i = 0; i < MEMBER_FILE_COUNT; i++)
		if (member->files & (1u << i))
			fds[count++] = files[i];
	setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	got = rights_send(control, &out, 1, fds, count);
	if (got > 0)
		got = rights_receive(control, &in, 1, 0, NULL, 0, &none);
	if (got == (ssize_t)sizeof(answer) && answer.errnum == 0)
		return 0;
	if (got == (ssize_t)sizeof(answer))
		return error_set(err, answer.errnum, "join the network");
	/* The last member has just ended, and urun-slirp with it. */
	if (got == 0 || got == -ECONNRESET || got == -EPIPE)
		return error_set(err, 0, "join the network: it has just ended");
	return error_set(err,
			 got == -EAGAIN ? ETIMEDOUT
			 : got < 0	? (int)-got
					: EPROTO,
			 "join the network");
}
