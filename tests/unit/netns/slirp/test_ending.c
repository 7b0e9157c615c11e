// SPDX-License-Identifier: Apache-2.0
#include "netns/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/netns/slirp/segments.h"

/* ---- a TCP connection whose both ends are the test's ---- */

struct pair {
	int own, peer;
};

static struct pair *connect_pair(void)
{
	static struct pair pair;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	pair.own = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    connect(pair.own, (struct sockaddr *)&address, size) < 0) {
		print_message("no loopback here\n");
		skip();
	}
	pair.peer = accept(listener, NULL, NULL);
	assert_true(pair.peer >= 0);
	close(listener);
	/* libslirp's sockets have these settings. */
	setsockopt(pair.own, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	fcntl(pair.own, F_SETFL, O_NONBLOCK);
	return &pair;
}

static void send_bytes(int fd, size_t size)
{
	static const char bytes[4096];

	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

/* Waits for @events, which the loopback device brings immediately. */
static void await(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	do
		assert_int_equal(poll(&poll_fd, 1, 10000), 1);
	while ((poll_fd.revents & events) != events);
}

static void read_bytes(int fd, size_t size)
{
	char bytes[4096];

	await(fd, POLLIN);
	assert_int_equal(recv(fd, bytes, size, 0), size);
}

static void reset(int fd)
{
	ending_reset(fd);
	close(fd);
}

/* libslirp does this before it takes an end for an orderly one. */
static void take_error(int fd, int expected)
{
	int errnum = 0;
	socklen_t size = sizeof(errnum);

	await(fd, POLLHUP);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &size), 0);
	assert_int_equal(errnum, expected);
}

/* ---- tests ---- */

static void an_end_is_orderly(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	send_bytes(pair->peer, 1000);
	read_bytes(pair->own, 1000);
	assert_false(ending_is_orderly(pair->own, 1000));
	shutdown(pair->peer, SHUT_WR);
	await(pair->own, POLLRDHUP);
	assert_true(ending_is_orderly(pair->own, 1000));
	/* The other direction goes on, and then ends. */
	send_bytes(pair->own, 10);
	shutdown(pair->own, SHUT_WR);
	read_bytes(pair->peer, 10);
	close(pair->peer);
	assert_true(ending_is_orderly(pair->own, 1000));
	close(pair->own);
}

/* The kernel doesn't keep how such a socket ended. */
static void an_end_after_the_own_one_is_orderly(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	shutdown(pair->own, SHUT_WR);
	assert_false(ending_is_orderly(pair->own, 0));
	send_bytes(pair->peer, 999);
	assert_int_equal(send(pair->peer, "!", 1, MSG_OOB), 1);
	close(pair->peer);
	await(pair->own, POLLHUP);
	read_bytes(pair->own, 999);
	read_bytes(pair->own, 1);
	assert_true(ending_is_orderly(pair->own, 1000));
	close(pair->own);
}

static void a_reset_is_none(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	send_bytes(pair->peer, 1000);
	read_bytes(pair->own, 1000);
	reset(pair->peer);
	take_error(pair->own, ECONNRESET);
	assert_false(ending_is_orderly(pair->own, 1000));
	close(pair->own);
}

static void a_reset_after_the_own_end_is_none(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	shutdown(pair->own, SHUT_WR);
	reset(pair->peer);
	take_error(pair->own, ECONNRESET);
	assert_false(ending_is_orderly(pair->own, 0));
	close(pair->own);
}

/* The whole stream was received before the reset. */
static void a_reset_after_an_end_changes_nothing(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	send_bytes(pair->peer, 1000);
	read_bytes(pair->own, 1000);
	shutdown(pair->peer, SHUT_WR);
	await(pair->own, POLLRDHUP);
	reset(pair->peer);
	take_error(pair->own, EPIPE);
	assert_true(ending_is_orderly(pair->own, 1000));
	close(pair->own);
}

static void what_was_not_read_is_missing(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	send_bytes(pair->peer, 1000);
	read_bytes(pair->own, 999);
	shutdown(pair->peer, SHUT_WR);
	await(pair->own, POLLRDHUP);
	assert_false(ending_is_orderly(pair->own, 999));
	read_bytes(pair->own, 1);
	assert_true(ending_is_orderly(pair->own, 1000));
	close(pair->own);
	close(pair->peer);
}

/* Sends until the peer's buffer is full. */
static void fill(int fd)
{
	static const char bytes[65536];

	while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static void what_the_peer_has_not_got_is_unsent(void **state)
{
	struct pair *pair = connect_pair();
	static char bytes[65536];

	(void)state;
	assert_int_equal(ending_unsent(pair->own), 0);
	fill(pair->own);
	assert_true(ending_unsent(pair->own) > 0);
	shutdown(pair->own, SHUT_WR);
	assert_true(ending_unsent(pair->own) > 0);
	/* Reads up to the end of the stream.  A socket that isn't ready yet waits for more. */
	do
		await(pair->peer, POLLIN);
	while (recv(pair->peer, bytes, sizeof(bytes), 0) != 0);
	/* The peer may delay its last acknowledgement. */
	for (int i = 0; i < 5000 && ending_unsent(pair->own) != 0; i++)
		poll(NULL, 0, 1);
	assert_int_equal(ending_unsent(pair->own), 0);
	close(pair->own);
	close(pair->peer);
}

static void what_the_peer_can_not_get_is_not_waited_for(void **state)
{
	struct pair *pair = connect_pair();

	(void)state;
	fill(pair->own);
	reset(pair->peer);
	await(pair->own, POLLHUP);
	assert_int_equal(ending_unsent(pair->own), 0);
	close(pair->own);
	assert_int_equal(ending_unsent(-1), 0);
}

static void of_what_is_no_tcp_socket_nothing_is_known(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(ending_is_orderly(pair[0], 0));
	close(pair[0]);
	close(pair[1]);
	assert_true(ending_is_orderly(-1, 0));
}

/* ---- the FIN that libslirp sends ---- */

static struct connections *connected_by(int fd)
{
	struct connections *connections = connections_new();

	syn(connections, 4000, OPTIONS, OPTION_SIZE);
	connections_opened(connections, fd);
	connections_settle(connections);
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	heard(connections, 4000, 64);
	return connections;
}

/*
 * Sends libslirp's last segment, with 100 bytes; returns the flags with which the container
 * receives it.
 */
static uint8_t finish(struct connections *connections)
{
	static const uint8_t data[100];
	struct segment last =
		segment(TO_CONTAINER, true, 4000, TCP_FLAG_FIN | ACK, 1000, 65535, "", 0);

	put32(last.bytes + last.layout.transport + TCP_SEQUENCE, 1);
	last.layout.end += sizeof(data);
	connections_to_container(connections, &last.layout, last.bytes, data);
	return last.bytes[last.layout.transport + TCP_FLAGS];
}

static void an_end_that_the_host_has_made_passes(void **state)
{
	struct pair *pair = connect_pair();
	struct connections *connections = connected_by(pair->own);
	uint8_t to_container[HEADERS_SIZE_MAX], to_libslirp[HEADERS_SIZE_MAX];

	(void)state;
	send_bytes(pair->peer, 100);
	read_bytes(pair->own, 100);
	shutdown(pair->peer, SHUT_WR);
	await(pair->own, POLLRDHUP);
	assert_int_equal(finish(connections), TCP_FLAG_FIN | ACK);
	assert_int_equal(connections_abort(connections, to_container, to_libslirp), 0);
	assert_false(connections_is_reset(connections, pair->own));
	/* libslirp may send the FIN again after the host has reset the connection. */
	reset(pair->peer);
	take_error(pair->own, EPIPE);
	assert_int_equal(finish(connections), TCP_FLAG_FIN | ACK);
	connections_free(connections);
	close(pair->own);
}

static void an_end_that_the_host_has_not_made_is_a_reset(void **state)
{
	struct pair *pair = connect_pair();
	struct connections *connections = connected_by(pair->own);
	uint8_t to_container[HEADERS_SIZE_MAX], to_libslirp[HEADERS_SIZE_MAX];
	struct layout layout;
	const uint8_t *tcp;

	(void)state;
	send_bytes(pair->peer, 100);
	read_bytes(pair->own, 100);
	reset(pair->peer);
	take_error(pair->own, ECONNRESET);
	/* The container receives the data of the last segment, without the FIN. */
	assert_int_equal(finish(connections), ACK);
	assert_int_equal(finish(connections), ACK);
	assert_true(connections_abort(connections, to_container, to_libslirp) > 0);
	assert_true(layout_find(to_container, sizeof(to_container), &layout));
	tcp = to_container + layout.transport;
	assert_memory_equal(to_container + layout.ip + 16, container4, 4);
	assert_int_equal(tcp[TCP_FLAGS], TCP_FLAG_RST | ACK);
	assert_int_equal(get32(tcp + TCP_SEQUENCE), 101);
	assert_int_equal(get32(tcp + TCP_ACK), 1000);
	assert_true(layout_find(to_libslirp, sizeof(to_libslirp), &layout));
	tcp = to_libslirp + layout.transport;
	assert_memory_equal(to_libslirp + layout.ip + 12, container4, 4);
	assert_int_equal(tcp[TCP_FLAGS], TCP_FLAG_RST | ACK);
	assert_int_equal(get32(tcp + TCP_SEQUENCE), 1000);
	assert_int_equal(get32(tcp + TCP_ACK), 101);
	/* The reset is sent once. */
	assert_int_equal(connections_abort(connections, to_container, to_libslirp), 0);
	connections_free(connections);
	close(pair->own);
}

static void a_connection_that_is_closed_is_not_reset_any_more(void **state)
{
	struct pair *pair = connect_pair();
	struct connections *connections = connected_by(pair->own);
	uint8_t to_container[HEADERS_SIZE_MAX], to_libslirp[HEADERS_SIZE_MAX];

	(void)state;
	assert_int_equal(finish(connections), ACK);
	connections_closed(connections, pair->own);
	assert_int_equal(connections_abort(connections, to_container, to_libslirp), 0);
	connections_free(connections);
	close(pair->own);
	close(pair->peer);
}

/* libslirp's socket must then be closed with a reset. */
static void a_reset_of_either_side_is_noted(void **state)
{
	struct connections *connections = connected(4000);
	struct segment end = segment(FROM_CONTAINER, true, 4000, TCP_FLAG_RST, 0, 0, "", 0);

	(void)state;
	assert_true(connections_is_open(connections, FD));
	assert_false(connections_is_reset(connections, FD));
	connections_from_container(connections, &end.layout, end.bytes);
	assert_true(connections_is_reset(connections, FD));
	assert_false(connections_is_reset(connections, FD + 1));
	connections_free(connections);

	connections = connected(4000);
	answered(connections, 4000, TCP_FLAG_RST | ACK, 1000, 0);
	assert_true(connections_is_reset(connections, FD));
	connections_closed(connections, FD);
	assert_false(connections_is_reset(connections, FD));
	assert_false(connections_is_open(connections, FD));
	connections_free(connections);
}

/* ---- at the container's end ---- */

static void end_stream(struct connections *connections, uint32_t number)
{
	struct segment end = segment(FROM_CONTAINER, true, 4000, TCP_FLAG_FIN | ACK, 1, 64, "", 0);

	put32(end.bytes + end.layout.transport + TCP_SEQUENCE, number);
	connections_from_container(connections, &end.layout, end.bytes);
}

static void wait_for_libslirp(struct connections *connections, int fd, bool to_write)
{
	connections_begin_round(connections);
	connections_waits(connections, fd, to_write);
}

static void a_stream_is_finished_when_its_end_is_written(void **state)
{
	struct connections *connections = connected(4000);

	(void)state;
	heard(connections, 4000, 64);
	wait_for_libslirp(connections, FD, false);
	assert_false(connections_are_finished(connections));
	end_stream(connections, 1500);
	assert_false(connections_are_finished(connections));
	/* The end is acknowledged, but the last bytes aren't written yet. */
	answered(connections, 4000, ACK, 1501, 65535);
	wait_for_libslirp(connections, FD, true);
	assert_false(connections_are_finished(connections));
	wait_for_libslirp(connections, FD, false);
	assert_true(connections_are_finished(connections));
	connections_free(connections);
}

/* The container has closed its socket, and answers with a reset. */
static void a_reset_behind_the_end_throws_nothing_away(void **state)
{
	struct connections *connections = connected(4000);
	struct segment reset = segment(FROM_CONTAINER, true, 4000, TCP_FLAG_RST, 0, 0, "", 0);

	(void)state;
	heard(connections, 4000, 64);
	wait_for_libslirp(connections, FD, false);
	end_stream(connections, 1500);
	answered(connections, 4000, ACK, 1501, 65535);
	assert_false(connections_from_container(connections, &reset.layout, reset.bytes));
	assert_false(connections_is_reset(connections, FD));
	wait_for_libslirp(connections, FD, true);
	assert_false(connections_from_container(connections, &reset.layout, reset.bytes));
	wait_for_libslirp(connections, FD, false);
	assert_true(connections_from_container(connections, &reset.layout, reset.bytes));
	assert_false(connections_is_reset(connections, FD));
	connections_free(connections);
}

static void what_has_not_begun_or_was_reset_is_finished(void **state)
{
	struct connections *connections = connections_new();

	(void)state;
	assert_true(connections_are_finished(connections));
	syn(connections, 4000, OPTIONS, OPTION_SIZE);
	connections_opened(connections, FD);
	connections_settle(connections);
	assert_true(connections_are_finished(connections));
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	assert_false(connections_are_finished(connections));
	answered(connections, 4000, TCP_FLAG_RST | ACK, 1000, 0);
	assert_true(connections_are_finished(connections));
	connections_free(connections);
}

static void what_is_not_finished_is_reset_by_the_close(void **state)
{
	struct pair *pair = connect_pair();
	struct connections *connections = connected_by(pair->own);

	(void)state;
	connections_reset_unfinished(connections);
	connections_free(connections);
	close(pair->own);
	take_error(pair->peer, ECONNRESET);
	close(pair->peer);

	pair = connect_pair();
	connections = connected_by(pair->own);
	end_stream(connections, 1000);
	answered(connections, 4000, ACK, 1001, 65535);
	wait_for_libslirp(connections, pair->own, false);
	connections_reset_unfinished(connections);
	connections_free(connections);
	close(pair->own);
	await(pair->peer, POLLRDHUP);
	assert_true(ending_is_orderly(pair->peer, 0));
	close(pair->peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_orderly),
		cmocka_unit_test(an_end_after_the_own_one_is_orderly),
		cmocka_unit_test(a_reset_is_none),
		cmocka_unit_test(a_reset_after_the_own_end_is_none),
		cmocka_unit_test(a_reset_after_an_end_changes_nothing),
		cmocka_unit_test(what_was_not_read_is_missing),
		cmocka_unit_test(what_the_peer_has_not_got_is_unsent),
		cmocka_unit_test(what_the_peer_can_not_get_is_not_waited_for),
		cmocka_unit_test(of_what_is_no_tcp_socket_nothing_is_known),
		cmocka_unit_test(an_end_that_the_host_has_made_passes),
		cmocka_unit_test(an_end_that_the_host_has_not_made_is_a_reset),
		cmocka_unit_test(a_connection_that_is_closed_is_not_reset_any_more),
		cmocka_unit_test(a_reset_of_either_side_is_noted),
		cmocka_unit_test(a_stream_is_finished_when_its_end_is_written),
		cmocka_unit_test(a_reset_behind_the_end_throws_nothing_away),
		cmocka_unit_test(what_has_not_begun_or_was_reset_is_finished),
		cmocka_unit_test(what_is_not_finished_is_reset_by_the_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
