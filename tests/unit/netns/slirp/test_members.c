// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "netns/slirp/members.h"

#define LOCAL "127.0.0.1\tlocalhost\n"

static struct sockaddr_un address = { .sun_family = AF_UNIX };

/* The kernel chooses a name without a file. */
static int listen_anywhere(void)
{
	socklen_t size = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return fd;
}

static int connect_to(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6)),
			 0);
	return fd;
}

static int hosts_file(const char *text)
{
	int fd = memfd_create("hosts", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void expect_text(int fd, const char *expected)
{
	char bytes[4096];
	ssize_t got = pread(fd, bytes, sizeof(bytes) - 1, 0);

	assert_true(got >= 0);
	bytes[got] = '\0';
	assert_string_equal(bytes, expected);
}

/* A process that waits to be killed. */
static pid_t living(int *ret_pidfd)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	*ret_pidfd = pidfd_open_process(pid);
	assert_true(*ret_pidfd >= 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void turn(struct members *members, struct pollset *set)
{
	pollset_begin(set);
	members_ask(members, set);
	pollset_end(set);
	assert_true(pollset_wait(set, 5000) > 0);
	members_run(members, set);
}

static void names_come_and_go_with_the_members(void **state)
{
	struct pollset set = POLLSET_NONE;
	struct error err = ERROR_NONE;
	int first_hosts = hosts_file(LOCAL "10.0.2.100\tweb\n"), second_hosts = hosts_file(LOCAL);
	int first_fd, second_fd, control, status;
	pid_t first = living(&first_fd), second = living(&second_fd), asker;
	const int first_files[] = { -1, dup(first_hosts) }, second_files[] = { -1, second_hosts };
	const struct member member = member_make("db", first_files);
	struct members *members = members_new(listen_anywhere());

	(void)state;
	assert_int_equal(pollset_open(&set, &err), 0);
	assert_int_equal(members_add(members, &member, first_fd, first_files), 0);
	/* Alone in its network, a container has the file that it was made with. */
	expect_text(first_hosts, LOCAL "10.0.2.100\tweb\n");

	control = connect_to();
	asker = fork();
	if (asker == 0) {
		const struct member joining = member_make("app", second_files);

		_exit(member_join(control, &joining, second_fd, second_files, &err) < 0);
	}
	turn(members, &set);
	turn(members, &set);
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_int_equal(status, 0);
	expect_text(first_hosts, LOCAL "127.0.0.1\tdb\t# container\n127.0.0.1\tapp\t# container\n"
				       "10.0.2.100\tweb\n");
	expect_text(second_hosts,
		    LOCAL "127.0.0.1\tdb\t# container\n127.0.0.1\tapp\t# container\n");

	end(first);
	turn(members, &set);
	assert_true(members_are_left(members));
	expect_text(second_hosts, LOCAL "127.0.0.1\tapp\t# container\n");
	end(second);
	turn(members, &set);
	assert_false(members_are_left(members));
	members_free(members, &set);
	pollset_close(&set);
}

/* Only our own programs reach the socket, but a member without a pidfd would never end. */
static void a_request_without_a_process_is_refused(void **state)
{
	struct members *members = members_new(listen_anywhere());
	struct pollset set = POLLSET_NONE;
	struct error err = ERROR_NONE;
	const struct member member = { .name = "app" };
	struct member_answer answer;
	int control;

	(void)state;
	assert_int_equal(pollset_open(&set, &err), 0);
	control = connect_to();
	assert_int_equal(send(control, &member, sizeof(member), 0), (ssize_t)sizeof(member));
	turn(members, &set);
	turn(members, &set);
	assert_int_equal(recv(control, &answer, sizeof(answer), 0), (ssize_t)sizeof(answer));
	assert_int_equal(answer.errnum, EINVAL);
	assert_false(members_are_left(members));
	close(control);
	members_free(members, &set);
	pollset_close(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_and_go_with_the_members),
		cmocka_unit_test(a_request_without_a_process_is_refused),
	};

	alarm(30);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
