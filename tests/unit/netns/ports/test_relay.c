// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netns/ports/container.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "netns/ports/relay.h"
#include "netns/ports/watch.h"

static const struct source source = { .options = &network };

/* The loop around the relays, of which the test makes each turn. */
struct scene {
	int epoll;
	struct relays *relays;
	int host;   /* listens on the host */
	bool freed; /* relays_run() has said so */
};

static struct scene begin_scene(size_t max)
{
	union publish_address any = address_of("127.0.0.1", 0);
	struct scene scene = { .epoll = epoll_create1(EPOLL_CLOEXEC) };

	assert_true(scene.epoll >= 0);
	scene.relays = relays_new(scene.epoll, &source, max);
	scene.host = bound_socket(SOCK_STREAM, &any);
	return scene;
}

static void end_scene(struct scene *scene)
{
	relays_free(scene->relays);
	close(scene->host);
	close(scene->epoll);
}

static void take_turn(struct scene *scene, int timeout_ms)
{
	struct epoll_event events[16];
	int count = epoll_wait(scene->epoll, events, 16, timeout_ms);

	for (int i = 0; i < count; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->ready)
			watch->ready(watch, events[i].events);
	}
	scene->freed = relays_run(scene->relays) || scene->freed;
}

/* Until nothing is ready and nothing is left to be done. */
static void settle(struct scene *scene)
{
	struct pollfd ready = { .fd = scene->epoll, .events = POLLIN };

	do
		take_turn(scene, 0);
	while (poll(&ready, 1, 0) > 0 || relays_timeout(scene->relays) == 0);
}

static void turn_until_ready(struct scene *scene, int fd, short events)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;

	while (!is_ready(fd, events, 0)) {
		assert_true(clock_ms() < deadline);
		take_turn(scene, 5);
	}
}

/* A connection through a relay: the client's socket, and the container's. */
struct ends {
	int client, server;
};

static int open_client(struct scene *scene)
{
	union publish_address address = own_address(scene->host), from;
	int client = connected_socket(SOCK_STREAM, &address);
	int taken = accepted(scene->host);

	assert_int_equal(fcntl(taken, F_SETFL, O_NONBLOCK), 0);
	from = peer_address(taken);
	relays_add(scene->relays, taken, &from, CONTAINER_PORT);
	return client;
}

static struct ends open_ends(struct scene *scene, int listener)
{
	struct ends ends = { .client = open_client(scene) };

	turn_until_ready(scene, listener, POLLIN);
	ends.server = accepted(listener);
	settle(scene);
	return ends;
}

static void close_ends(struct ends *ends)
{
	fd_close(&ends->client);
	fd_close(&ends->server);
}

static void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* Receives the next bytes.  Returns what recv(2) does. */
static ssize_t receive(struct scene *scene, int fd, void *bytes, size_t size)
{
	turn_until_ready(scene, fd, POLLIN);
	return recv(fd, bytes, size, MSG_DONTWAIT);
}

static void expect_text(struct scene *scene, int fd, const char *text)
{
	char bytes[64];
	size_t size = 0;

	while (size < strlen(text)) {
		ssize_t got = receive(scene, fd, bytes + size, strlen(text) - size);

		assert_true(got > 0);
		size += (size_t)got;
	}
	assert_memory_equal(bytes, text, size);
}

static void expect_end(struct scene *scene, int fd)
{
	char byte;

	assert_int_equal(receive(scene, fd, &byte, 1), 0);
}

static void expect_reset(struct scene *scene, int fd)
{
	char byte;

	assert_int_equal(receive(scene, fd, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
}

/* ---- the tests ---- */

#define MUCH (4u << 20)

/* Passes MUCH bytes from @from to @to, as fast as both take them. */
static void pass_much(struct scene *scene, int from, int to)
{
	autofree uint32_t *sent = malloc(MUCH), *received = malloc(MUCH);
	size_t in = 0, out = 0;
	int64_t deadline = clock_ms() + PATIENCE_MS;

	for (uint32_t i = 0; i < MUCH / sizeof(*sent); i++)
		sent[i] = i * 2654435761u;
	while (out < MUCH) {
		ssize_t got =
			in < MUCH ? send(from, (char *)sent + in, MUCH - in, MSG_DONTWAIT) : 0;

		in += got > 0 ? (size_t)got : 0;
		take_turn(scene, 0);
		got = recv(to, (char *)received + out, MUCH - out, MSG_DONTWAIT);
		out += got > 0 ? (size_t)got : 0;
		assert_true(clock_ms() < deadline);
	}
	assert_memory_equal(sent, received, MUCH);
}

static void all_bytes_arrive_in_both_directions(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	pass_much(&scene, ends.client, ends.server);
	pass_much(&scene, ends.server, ends.client);
	close_ends(&ends);
	end_scene(&scene);
}

static void the_end_of_one_stream_leaves_the_other_open(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(send(ends.client, "question", 8, 0), 8);
	assert_int_equal(shutdown(ends.client, SHUT_WR), 0);
	expect_text(&scene, ends.server, "question");
	expect_end(&scene, ends.server);
	assert_int_equal(send(ends.server, "answer", 6, 0), 6);
	expect_text(&scene, ends.client, "answer");
	assert_false(scene.freed);
	fd_close(&ends.server);
	expect_end(&scene, ends.client);
	settle(&scene);
	assert_true(scene.freed);
	close_ends(&ends);
	end_scene(&scene);
}

static void a_reset_of_the_client_follows_its_bytes(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(send(ends.client, "cut", 3, 0), 3);
	reset(ends.client);
	expect_text(&scene, ends.server, "cut");
	expect_reset(&scene, ends.server);
	close(ends.server);
	end_scene(&scene);
}

static void a_reset_of_the_container_follows_its_bytes(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(send(ends.server, "cut", 3, 0), 3);
	reset(ends.server);
	expect_text(&scene, ends.client, "cut");
	expect_reset(&scene, ends.client);
	close(ends.client);
	end_scene(&scene);
}

/* The client has ended its stream before: no read of its socket tells of the reset. */
static void a_reset_after_the_end_of_the_stream_is_passed_on(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(shutdown(ends.client, SHUT_WR), 0);
	expect_end(&scene, ends.server);
	settle(&scene);
	reset(ends.client);
	turn_until_ready(&scene, ends.server, POLLERR);
	close(ends.server);
	end_scene(&scene);
}

static void a_client_of_a_port_without_a_program_is_reset(void **state)
{
	struct scene scene = begin_scene(10);
	int client = open_client(&scene);

	(void)state;
	expect_reset(&scene, client);
	settle(&scene);
	assert_true(scene.freed);
	close(client);
	end_scene(&scene);
}

static void a_program_that_listens_in_the_other_family_is_reached(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET6);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(send(ends.client, "six", 3, 0), 3);
	expect_text(&scene, ends.server, "six");
	close_ends(&ends);
	end_scene(&scene);
}

/* Sends until neither the sockets nor the pipe take any more.  Returns how much they took. */
static size_t fill(struct scene *scene, int fd)
{
	static const char bytes[65536];
	size_t total = 0;
	int64_t full_since = clock_ms();

	/* The kernel probes a zero window after 200 ms. */
	while (clock_ms() - full_since < 300) {
		ssize_t got = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (got > 0) {
			total += (size_t)got;
			full_since = clock_ms();
		}
		settle(scene);
	}
	return total;
}

static void a_program_that_reads_nothing_holds_up_its_own_client_only(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends stuck = open_ends(&scene, listener);
	struct ends other = open_ends(&scene, listener);
	size_t total = fill(&scene, stuck.client), received = 0;

	(void)state;
	/* Not busy: the loop would spin. */
	assert_int_equal(relays_timeout(scene.relays), -1);
	assert_int_equal(send(other.client, "other", 5, 0), 5);
	expect_text(&scene, other.server, "other");
	while (received < total) {
		char bytes[65536];
		ssize_t got = receive(&scene, stuck.server, bytes, sizeof(bytes));

		assert_true(got > 0);
		received += (size_t)got;
	}
	assert_int_equal(received, total);
	close_ends(&stuck);
	close_ends(&other);
	end_scene(&scene);
}

static void urgent_bytes_stay_in_their_place(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends ends = open_ends(&scene, listener);

	(void)state;
	assert_int_equal(send(ends.client, "a", 1, 0), 1);
	assert_int_equal(send(ends.client, "b", 1, MSG_OOB), 1);
	assert_int_equal(send(ends.client, "c", 1, 0), 1);
	expect_text(&scene, ends.server, "abc");
	fd_close(&ends.client);
	expect_end(&scene, ends.server);
	close_ends(&ends);
	end_scene(&scene);
}

static void there_is_room_again_when_one_has_ended(void **state)
{
	struct scene scene = begin_scene(2);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends first = open_ends(&scene, listener);
	struct ends second;

	(void)state;
	assert_false(relays_are_full(scene.relays));
	second = open_ends(&scene, listener);
	assert_true(relays_are_full(scene.relays));
	assert_false(scene.freed);
	fd_close(&first.client);
	expect_end(&scene, first.server);
	fd_close(&first.server);
	while (relays_are_full(scene.relays))
		take_turn(&scene, PATIENCE_MS);
	assert_true(scene.freed);
	close_ends(&second);
	end_scene(&scene);
}

/* Until the peer's kernel has all that was sent, and the end of the stream. */
static void await_acknowledgement_of_the_end(int fd)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct tcp_info info = { .tcpi_state = TCP_FIN_WAIT1 };

	while (info.tcpi_state == TCP_FIN_WAIT1) {
		socklen_t size = sizeof(info);

		assert_true(clock_ms() < deadline);
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	}
	assert_int_equal(info.tcpi_state, TCP_FIN_WAIT2);
}

/* The container ends in the moment in which its program has sent its last bytes. */
static void the_last_bytes_of_the_container_arrive(void **state)
{
	struct scene scene = begin_scene(10);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	struct ends done = open_ends(&scene, listener);
	struct ends cut = open_ends(&scene, listener);
	char bytes[8];

	(void)state;
	assert_int_equal(send(done.server, "bye", 3, 0), 3);
	assert_int_equal(shutdown(done.server, SHUT_WR), 0);
	await_acknowledgement_of_the_end(done.server);
	assert_int_equal(send(cut.server, "but", 3, 0), 3);
	end_scene(&scene);
	assert_int_equal(recv(done.client, bytes, sizeof(bytes), MSG_WAITALL), 3);
	assert_memory_equal(bytes, "bye", 3);
	/* A stream that has its end is complete, and one that hasn't must not look so. */
	assert_int_equal(recv(done.client, bytes, sizeof(bytes), 0), 0);
	while (recv(cut.client, bytes, sizeof(bytes), 0) > 0)
		;
	assert_int_equal(errno, ECONNRESET);
	close_ends(&done);
	close_ends(&cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bytes_arrive_in_both_directions),
		cmocka_unit_test(the_end_of_one_stream_leaves_the_other_open),
		cmocka_unit_test(a_reset_of_the_client_follows_its_bytes),
		cmocka_unit_test(a_reset_of_the_container_follows_its_bytes),
		cmocka_unit_test(a_reset_after_the_end_of_the_stream_is_passed_on),
		cmocka_unit_test(a_client_of_a_port_without_a_program_is_reset),
		cmocka_unit_test(a_program_that_listens_in_the_other_family_is_reached),
		cmocka_unit_test(a_program_that_reads_nothing_holds_up_its_own_client_only),
		cmocka_unit_test(urgent_bytes_stay_in_their_place),
		cmocka_unit_test(there_is_room_again_when_one_has_ended),
		cmocka_unit_test(the_last_bytes_of_the_container_arrive),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, enter_container, NULL);
}
