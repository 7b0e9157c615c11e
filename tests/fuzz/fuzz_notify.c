// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of a container's program on its socket of sd_notify(3), and what systemd receives of
 * them.
 */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/container/notify.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES_MAX 8

/* This socket stands for systemd's. */
static int listener = -1;
static char name[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)argc;
	(void)argv;
	snprintf(name, sizeof(name), "@urun-fuzz-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) < 0)
		abort();
	return 0;
}

static void hear(void)
{
	static const char *const never[] = { "MAINPID=", "FDSTORE", "NOTIFYACCESS=", "BUSERROR=" };
	char text[8192];
	ssize_t got;

	while ((got = recv(listener, text, sizeof(text) - 1, MSG_DONTWAIT)) >= 0) {
		text[got] = '\0';
		fuzz_demand(strlen(text) == (size_t)got, "there is no NUL in it");
		for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
			for (size_t i = 0; i < ARRAY_SIZE(never); i++)
				fuzz_demand(!str_starts_with(line, never[i]),
					    "nothing of the host is spoken of");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	struct notify notify = { .host = name };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	notify.socket = ends[0];
	for (int i = 0; i < MESSAGES_MAX && input.size > 0; i++) {
		size_t length = fuzz_number(&input, 2);
		autofree uint8_t *message = fuzz_bytes(&input, length, &length);

		if (send(ends[1], message, length, MSG_DONTWAIT) < 0)
			break;
	}
	notify_pass_on(&notify);
	hear();
	close(ends[0]);
	close(ends[1]);
	return 0;
}
