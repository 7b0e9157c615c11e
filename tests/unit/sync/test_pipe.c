// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/sync/pipe.h"

#define EVERY_TYPE (~0u)

struct ends {
	int a;
	int b;
};

static int make_ends(void **state)
{
	struct ends *ends = mem_alloc(sizeof(*ends));
	struct error err = ERROR_NONE;

	assert_int_equal(pipe_new(&ends->a, &ends->b, &err), 0);
	*state = ends;
	return 0;
}

static int close_ends(void **state)
{
	struct ends *ends = *state;

	close(ends->a);
	close(ends->b);
	free(ends);
	return 0;
}

static void send_raw(int fd, uint32_t type, uint32_t size, const void *payload, size_t payload_size)
{
	uint32_t header[2] = { type, size };

	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	if (payload_size)
		assert_int_equal(write(fd, payload, payload_size), payload_size);
}

static void expect_refused(int fd, unsigned int expected, const char *text)
{
	struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(pipe_receive(fd, expected, &message, &err), -1);
	assert_non_null(strstr(err.text, text));
	assert_null(message.payload);
}

static void a_message_arrives_as_it_was_sent(void **state)
{
	struct ends *ends = *state;
	automessage struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(pipe_send(ends->a, MESSAGE_LOG, "\001hello", 6, NULL, 0, &err), 0);
	assert_int_equal(pipe_receive(ends->b, MESSAGE_BIT(MESSAGE_LOG), &message, &err), 1);
	assert_int_equal(message.type, MESSAGE_LOG);
	assert_int_equal(message.size, 6);
	assert_memory_equal(message.payload, "\001hello", 7);
	assert_int_equal(message.fd_count, 0);
}

static void a_descriptor_arrives_close_on_exec(void **state)
{
	struct ends *ends = *state;
	automessage struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(pipe_send(ends->a, MESSAGE_READY, NULL, 0, &ends->a, 1, &err), 0);
	assert_int_equal(pipe_receive(ends->b, MESSAGE_BIT(MESSAGE_READY), &message, &err), 1);
	assert_int_equal(message.fd_count, 1);
	assert_int_equal(fcntl(message.fds[0], F_GETFD), FD_CLOEXEC);
}

static void the_end_of_the_pipe_is_no_error(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE;

	shutdown(ends->a, SHUT_WR);
	assert_int_equal(pipe_receive(ends->b, EVERY_TYPE, &message, &err), 0);
}

static void an_unknown_type_is_refused(void **state)
{
	struct ends *ends = *state;

	send_raw(ends->a, 0, 0, NULL, 0);
	expect_refused(ends->b, EVERY_TYPE, "unknown type 0");
	send_raw(ends->a, 4000000000u, 0, NULL, 0);
	expect_refused(ends->b, EVERY_TYPE, "unknown type 4000000000");
}

static void a_message_out_of_turn_is_refused(void **state)
{
	struct ends *ends = *state;

	send_raw(ends->a, MESSAGE_RUN, 0, NULL, 0);
	expect_refused(ends->b, MESSAGE_BIT(MESSAGE_READY), "run out of turn");
}

static void a_length_beyond_the_types_bound_is_refused_before_it_is_read(void **state)
{
	struct ends *ends = *state;

	send_raw(ends->a, MESSAGE_LOG, 0xffffffffu, NULL, 0);
	expect_refused(ends->b, EVERY_TYPE, "log of 4294967295 bytes");
	send_raw(ends->a, MESSAGE_READY, 1, NULL, 0);
	expect_refused(ends->b, EVERY_TYPE, "ready of 1 bytes");
	send_raw(ends->a, MESSAGE_ERROR, 10, NULL, 0);
	expect_refused(ends->b, EVERY_TYPE, "error of 10 bytes");
}

static void a_cut_message_is_refused(void **state)
{
	struct ends *ends = *state;

	send_raw(ends->a, MESSAGE_LOG, 100, "short", 5);
	shutdown(ends->a, SHUT_WR);
	expect_refused(ends->b, EVERY_TYPE, "ends in the middle of log");
}

static void a_cut_header_is_refused(void **state)
{
	struct ends *ends = *state;

	assert_int_equal(write(ends->a, "abc", 3), 3);
	shutdown(ends->a, SHUT_WR);
	expect_refused(ends->b, EVERY_TYPE, "ends in the middle of a message");
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void descriptors_that_the_type_has_not_are_refused_and_closed(void **state)
{
	struct ends *ends = *state;
	uint32_t header[2] = { MESSAGE_RUN, 0 };
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { header, sizeof(header) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fds[3] = { 0, 1, 2 }, before;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	assert_int_equal(sendmsg(ends->a, &msg, 0), sizeof(header));
	before = count_fds();
	expect_refused(ends->b, EVERY_TYPE, "run with 3 descriptors");
	assert_int_equal(count_fds(), before);
}

static void the_childs_error_becomes_the_parents(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error sent = ERROR_NONE, err = ERROR_NONE;

	error_set(&sent, EPERM, "mount proc on /proc");
	error_hint(&sent, "unmask it");
	sent.status = 126;
	pipe_send_error(ends->a, &sent);
	assert_int_equal(pipe_await(ends->b, MESSAGE_BIT(MESSAGE_READY), &message, &err), -1);
	assert_string_equal(err.text, "mount proc on /proc");
	assert_string_equal(err.hint, "unmask it");
	assert_int_equal(err.code, EPERM);
	assert_int_equal(err.status, 126);
}

static void an_error_without_end_is_ended(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE;
	char bytes[sizeof(struct error_packet)];

	memset(bytes, 'x', sizeof(bytes));
	send_raw(ends->a, MESSAGE_ERROR, sizeof(bytes), bytes, sizeof(bytes));
	assert_int_equal(pipe_await(ends->b, 0, &message, &err), -1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

/* The container may control the child: no bytes that it sends are used as an address. */
static void the_list_of_the_parents_errors_stays_its_own(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error_list list = { 0 };
	struct error sent = ERROR_NONE, err = { .all = &list };

	error_set(&sent, EPERM, "mount proc on /proc");
	sent.all = (struct error_list *)(uintptr_t)0x4141414141414141;
	pipe_send_error(ends->a, &sent);
	assert_int_equal(pipe_await(ends->b, 0, &message, &err), -1);
	assert_ptr_equal(err.all, &list);
	assert_int_equal(error_gather(&err, -1), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].text, "mount proc on /proc");
	assert_ptr_equal(list.items[0].all, &list);
	error_list_release(&list);
	/* The bytes of a struct error in memory aren't a message. */
	send_raw(ends->a, MESSAGE_ERROR, sizeof(sent), &sent, sizeof(sent));
	expect_refused(ends->b, EVERY_TYPE, "error of ");
}

static void an_error_without_text_is_an_error(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error_list list = { 0 };
	struct error sent = ERROR_NONE, err = { .all = &list };

	pipe_send_error(ends->a, &sent);
	assert_int_equal(pipe_await(ends->b, 0, &message, &err), -1);
	assert_string_not_equal(err.text, "");
	error_gather(&err, -1);
	assert_int_equal(list.count, 1);
	error_list_release(&list);
}

static void numbers_that_no_child_sends_are_left_out(void **state)
{
	static const int wrong[][2] = { { -1, 0 }, { EPERM, -1 }, { EPERM, 256 } };
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error err = ERROR_NONE;
		struct error_packet sent = { .code = wrong[i][0],
					     .status = wrong[i][1],
					     .text = "text" };

		send_raw(ends->a, MESSAGE_ERROR, sizeof(sent), &sent, sizeof(sent));
		assert_int_equal(pipe_await(ends->b, 0, &message, &err), -1);
		assert_string_equal(err.text, "text");
		assert_int_equal(err.code, 0);
		assert_int_equal(err.status, 0);
	}
}

static int lines_seen;

static void count_line(enum log_level level, const char *text, void *context)
{
	(void)level;
	(void)text;
	(void)context;
	lines_seen++;
}

/* Runs in a process of its own: the pipe holds less than all of the lines. */
static pid_t send_lines(int fd, int count)
{
	struct error err = ERROR_NONE;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < count; i++)
		if (pipe_send(fd, MESSAGE_LOG, "\001line", 5, NULL, 0, &err) < 0)
			_exit(1);
	_exit(pipe_send(fd, MESSAGE_READY, NULL, 0, NULL, 0, &err) < 0);
}

static int await_after_lines(struct ends *ends, int count, struct error *err)
{
	automessage struct message message = MESSAGE_NONE;
	pid_t sender = send_lines(ends->a, count);
	int got;

	assert_true(sender > 0);
	lines_seen = 0;
	log_set_sink(count_line, NULL);
	got = pipe_await(ends->b, MESSAGE_BIT(MESSAGE_READY), &message, err);
	log_set_sink(NULL, NULL);
	shutdown(ends->b, SHUT_RD);
	assert_int_equal(waitpid(sender, NULL, 0), sender);
	return got;
}

static void lines_without_end_are_an_error(void **state)
{
	struct error err = ERROR_NONE;

	assert_int_equal(await_after_lines(*state, PIPE_LINES_MAX, &err), -1);
	assert_string_equal(err.text, "sync pipe: more than 10000 lines for the log");
	assert_int_equal(lines_seen, PIPE_LINES_MAX);
}

static void many_lines_are_no_error(void **state)
{
	struct error err = ERROR_NONE;

	assert_int_equal(await_after_lines(*state, PIPE_LINES_MAX - 1, &err), 1);
	assert_int_equal(lines_seen, PIPE_LINES_MAX - 1);
}

/* An error of the child, whose code may be the same, is no empty pipe. */
static void an_empty_pipe_is_told_from_an_error(void **state)
{
	struct ends *ends = *state;
	struct message message = MESSAGE_NONE;
	struct error err = ERROR_NONE, sent = ERROR_NONE;

	assert_int_equal(fcntl(ends->b, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pipe_take(ends->b, 0, &message, &err), PIPE_EMPTY);
	assert_string_equal(err.text, "");
	error_set(&sent, EAGAIN, "start the hook");
	pipe_send_error(ends->a, &sent);
	assert_int_equal(pipe_take(ends->b, 0, &message, &err), PIPE_FAILED);
	assert_string_equal(err.text, "start the hook");
	assert_int_equal(err.code, EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_ends, close_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_arrives_as_it_was_sent),
		TEST(a_descriptor_arrives_close_on_exec),
		TEST(the_end_of_the_pipe_is_no_error),
		TEST(an_unknown_type_is_refused),
		TEST(a_message_out_of_turn_is_refused),
		TEST(a_length_beyond_the_types_bound_is_refused_before_it_is_read),
		TEST(a_cut_message_is_refused),
		TEST(a_cut_header_is_refused),
		TEST(descriptors_that_the_type_has_not_are_refused_and_closed),
		TEST(the_childs_error_becomes_the_parents),
		TEST(an_error_without_end_is_ended),
		TEST(the_list_of_the_parents_errors_stays_its_own),
		TEST(an_error_without_text_is_an_error),
		TEST(numbers_that_no_child_sends_are_left_out),
		TEST(lines_without_end_are_an_error),
		TEST(many_lines_are_no_error),
		TEST(an_empty_pipe_is_told_from_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
