// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netns/ports/container.h"

#include "netns/ports/datagram.h"
#include "netns/ports/watch.h"

static const struct source source = { .options = &network };

struct scene {
	int epoll;
	struct datagrams *datagrams;
	struct published_list hosts; /* the host's sockets, as urun opens them */
	int server;		     /* the container's program */
};

static struct scene begin_scene(size_t max, int family)
{
	struct scene scene = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct error err = ERROR_NONE;
	struct publish publish;

	assert_true(scene.epoll >= 0);
	scene.datagrams = datagrams_new(scene.epoll, &source, max);
	assert_int_equal(publish_parse("0.0.0.0:0:7777/udp", &publish, &err), 0);
	assert_int_equal(publish_open(&publish, &scene.hosts, &err), 0);
	scene.server = container_socket(SOCK_DGRAM, family);
	return scene;
}

static void end_scene(struct scene *scene)
{
	datagrams_free(scene->datagrams);
	published_list_release(&scene->hosts);
	close(scene->server);
	close(scene->epoll);
}

static int host_of(const struct scene *scene)
{
	return scene->hosts.items[0].fd;
}

/* A client that sends to the host's address @text. */
static int open_client(const struct scene *scene, const char *text)
{
	union publish_address address = address_of(text, publish_port(&scene->hosts.items[0].host));

	return connected_socket(SOCK_DGRAM, &address);
}

/* To the container. */
static void send_in(struct scene *scene, int client, const char *text)
{
	assert_int_equal(send(client, text, strlen(text), 0), strlen(text));
	assert_true(is_ready(host_of(scene), POLLIN, PATIENCE_MS));
	datagrams_take(scene->datagrams, host_of(scene), AF_INET, CONTAINER_PORT);
}

/* What the container's program received, and from which of our sockets. */
static union publish_address received_inside(struct scene *scene, const char *text)
{
	union publish_address from = { 0 };
	socklen_t size = sizeof(from);
	char bytes[64];

	assert_true(is_ready(scene->server, POLLIN, PATIENCE_MS));
	assert_int_equal(
		recvfrom(scene->server, bytes, sizeof(bytes), MSG_DONTWAIT, &from.any, &size),
		strlen(text));
	assert_memory_equal(bytes, text, strlen(text));
	return from;
}

/* One turn of the loop around the datagrams.  Returns how many descriptors were ready. */
static int take_turn(struct scene *scene, int timeout_ms)
{
	struct epoll_event events[16];
	int count = epoll_wait(scene->epoll, events, 16, timeout_ms);

	for (int i = 0; i < count; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->ready)
			watch->ready(watch, events[i].events);
	}
	datagrams_run(scene->datagrams);
	return count;
}

/* From the container, to the socket @to. */
static void send_from_container(struct scene *scene, const union publish_address *to,
				const char *text)
{
	assert_int_equal(sendto(scene->server, text, strlen(text), 0, &to->any,
				publish_address_size(to->any.sa_family)),
			 strlen(text));
}

/* From the container, to the client that has the socket @to inside. */
static void send_out(struct scene *scene, const union publish_address *to, const char *text)
{
	send_from_container(scene, to, text);
	assert_true(take_turn(scene, PATIENCE_MS) > 0);
}

static void expect_reply(int client, const char *text)
{
	char bytes[64];

	assert_true(is_ready(client, POLLIN, PATIENCE_MS));
	assert_int_equal(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT), strlen(text));
	assert_memory_equal(bytes, text, strlen(text));
}

static void expect_nothing(int client)
{
	char byte;

	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* ---- the tests ---- */

/* A connected client takes a reply from no other address than that to which it has sent. */
static void a_reply_comes_from_the_address_that_was_sent_to(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int client = open_client(&scene, "127.0.0.5");
	union publish_address inside;

	(void)state;
	send_in(&scene, client, "question");
	inside = received_inside(&scene, "question");
	send_out(&scene, &inside, "answer");
	expect_reply(client, "answer");
	end_scene(&scene);
}

static void each_client_gets_its_own_replies(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int first = open_client(&scene, "127.0.0.1");
	autoclose int second = open_client(&scene, "127.0.0.1");
	union publish_address first_inside, second_inside, again;

	(void)state;
	send_in(&scene, first, "one");
	first_inside = received_inside(&scene, "one");
	send_in(&scene, second, "two");
	second_inside = received_inside(&scene, "two");
	assert_false(publish_is_same_address(&first_inside, &second_inside));
	/* A client keeps its socket. */
	send_in(&scene, first, "one again");
	again = received_inside(&scene, "one again");
	assert_true(publish_is_same_address(&first_inside, &again));
	send_out(&scene, &second_inside, "to two");
	expect_nothing(first);
	expect_reply(second, "to two");
	send_out(&scene, &first_inside, "to one");
	expect_reply(first, "to one");
	expect_nothing(second);
	end_scene(&scene);
}

static void empty_datagrams_pass_too(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int client = open_client(&scene, "127.0.0.1");
	union publish_address inside;

	(void)state;
	send_in(&scene, client, "");
	inside = received_inside(&scene, "");
	send_out(&scene, &inside, "");
	expect_reply(client, "");
	end_scene(&scene);
}

static void the_client_that_was_silent_longest_makes_room(void **state)
{
	struct scene scene = begin_scene(2, AF_INET);
	autoclose int first = open_client(&scene, "127.0.0.1");
	autoclose int second = open_client(&scene, "127.0.0.1");
	autoclose int third = open_client(&scene, "127.0.0.1");
	union publish_address first_inside, second_inside, third_inside;

	(void)state;
	send_in(&scene, first, "1");
	first_inside = received_inside(&scene, "1");
	send_in(&scene, second, "2");
	second_inside = received_inside(&scene, "2");
	/* The first one speaks again, so that the second one is the one that was silent longest. */
	send_in(&scene, first, "1");
	received_inside(&scene, "1");
	send_in(&scene, third, "3");
	third_inside = received_inside(&scene, "3");
	send_from_container(&scene, &second_inside, "lost");
	send_out(&scene, &first_inside, "to 1");
	expect_reply(first, "to 1");
	send_out(&scene, &third_inside, "to 3");
	expect_reply(third, "to 3");
	expect_nothing(second);
	end_scene(&scene);
}

static void a_program_that_listens_in_the_other_family_is_reached(void **state)
{
	struct scene scene = begin_scene(10, AF_INET6);
	autoclose int client = open_client(&scene, "127.0.0.1");
	union publish_address inside;

	(void)state;
	send_in(&scene, client, "six");
	inside = received_inside(&scene, "six");
	assert_int_equal(inside.any.sa_family, AF_INET6);
	send_out(&scene, &inside, "answer");
	expect_reply(client, "answer");
	end_scene(&scene);
}

/* A client that sent too early must not be left with the wrong family. */
static void a_program_that_begins_later_is_reached(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int client = open_client(&scene, "127.0.0.1");

	(void)state;
	fd_close(&scene.server);
	send_in(&scene, client, "too early");
	send_in(&scene, client, "too early");
	scene.server = container_socket(SOCK_DGRAM, AF_INET);
	send_in(&scene, client, "in time");
	received_inside(&scene, "in time");
	end_scene(&scene);
}

static void a_wait_ends_when_a_client_is_due(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int client = open_client(&scene, "127.0.0.1");
	int timeout;

	(void)state;
	assert_int_equal(datagrams_timeout(scene.datagrams), -1);
	send_in(&scene, client, "x");
	timeout = datagrams_timeout(scene.datagrams);
	assert_true(timeout > 120000 - PATIENCE_MS && timeout <= 120000);
	/* It isn't due yet. */
	datagrams_run(scene.datagrams);
	assert_true(datagrams_timeout(scene.datagrams) > 0);
	end_scene(&scene);
}

static void the_clients_of_a_socket_end_with_it(void **state)
{
	struct scene scene = begin_scene(10, AF_INET);
	autoclose int client = open_client(&scene, "127.0.0.1");
	union publish_address inside;

	(void)state;
	send_in(&scene, client, "x");
	inside = received_inside(&scene, "x");
	datagrams_forget(scene.datagrams, host_of(&scene) + 1);
	assert_true(datagrams_timeout(scene.datagrams) > 0);
	datagrams_forget(scene.datagrams, host_of(&scene));
	assert_int_equal(datagrams_timeout(scene.datagrams), -1);
	send_from_container(&scene, &inside, "lost");
	/* Its next datagram makes it a client again, with another socket inside. */
	send_in(&scene, client, "y");
	inside = received_inside(&scene, "y");
	send_out(&scene, &inside, "found");
	expect_reply(client, "found");
	expect_nothing(client);
	end_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_comes_from_the_address_that_was_sent_to),
		cmocka_unit_test(each_client_gets_its_own_replies),
		cmocka_unit_test(empty_datagrams_pass_too),
		cmocka_unit_test(the_client_that_was_silent_longest_makes_room),
		cmocka_unit_test(a_program_that_listens_in_the_other_family_is_reached),
		cmocka_unit_test(a_program_that_begins_later_is_reached),
		cmocka_unit_test(a_wait_ends_when_a_client_is_due),
		cmocka_unit_test(the_clients_of_a_socket_end_with_it),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, enter_container, NULL);
}
