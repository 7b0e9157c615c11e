// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netns/ports/container.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/base/rights.h"
#include "netns/ports/forward.h"
#include "netns/ports/port.h"

/* The loop runs in a process of its own, as in urun-port; the test is urun, the clients and the container. */
struct scene {
	pid_t pid;
	int life;    /* closed: the container has ended */
	int control; /* a connection to the control socket */
	struct sockaddr_un address;
	socklen_t address_size;
};

static _Noreturn void run_forward(int listener, int life, rlim_t descriptors)
{
	const struct rlimit limit = { descriptors, descriptors };
	const struct source source = { .options = &network };
	struct error err = ERROR_NONE;
	struct forward *forward;
	int result = -1;

	if (descriptors)
		setrlimit(RLIMIT_NOFILE, &limit);
	forward = forward_new(&source, &err);
	if (forward && forward_begin(forward, life, listener, &err) == 0)
		result = forward_run(forward, &err);
	forward_free(forward);
	_exit(result == 0 ? 0 : 1);
}

static int connect_control(const struct scene *scene)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&scene->address, scene->address_size),
			 0);
	return fd;
}

/* @descriptors: the limit of the process; 0: as it is. */
static struct scene begin_scene(rlim_t descriptors)
{
	struct scene scene = { .address = { .sun_family = AF_UNIX } };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int life[2];

	assert_int_equal(pipe(life), 0);
	/* The kernel chooses an abstract name. */
	assert_int_equal(bind(listener, (struct sockaddr *)&scene.address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listener, 4), 0);
	scene.address_size = sizeof(scene.address);
	assert_int_equal(
		getsockname(listener, (struct sockaddr *)&scene.address, &scene.address_size), 0);
	scene.pid = fork();
	if (scene.pid == 0) {
		close(life[1]);
		run_forward(listener, life[0], descriptors);
	}
	close(listener);
	close(life[0]);
	scene.life = life[1];
	scene.control = connect_control(&scene);
	return scene;
}

static void expect_exit(struct scene *scene)
{
	int status;

	assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	scene->pid = 0;
}

static void end_scene(struct scene *scene)
{
	fd_close(&scene->life);
	fd_close(&scene->control);
	if (scene->pid > 0)
		expect_exit(scene);
}

/* Publishes @text and returns the host's address. */
static union publish_address publish(struct scene *scene, const char *text)
{
	struct published_list list = { 0 };
	struct error err = ERROR_NONE;
	union publish_address address;
	struct publish parsed;

	if (publish_parse(text, &parsed, &err) < 0 || publish_open(&parsed, &list, &err) < 0 ||
	    port_add(scene->control, &list.items[0], &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(list.count, 1);
	address = list.items[0].host;
	published_list_release(&list);
	return address;
}

static int refused_code(struct scene *scene, const struct port_entry *entry)
{
	struct error err = ERROR_NONE;

	assert_int_equal(port_remove(scene->control, entry, &err), -1);
	return err.code;
}

static void expect_byte(int fd, char expected)
{
	char byte = 0;

	assert_true(is_ready(fd, POLLIN, PATIENCE_MS));
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, expected);
}

static bool can_connect(const union publish_address *address)
{
	autoclose int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, &address->any, publish_address_size(address->any.sa_family)) == 0;
}

/* ---- the tests ---- */

static void a_connection_passes_and_outlives_its_port(void **state)
{
	struct scene scene = begin_scene(0);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777");
	autoclose int client = connected_socket(SOCK_STREAM, &host);
	autoclose int server = accepted(listener);
	struct port_entry entry = { IPPROTO_TCP, CONTAINER_PORT, host };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(send(client, "a", 1, 0), 1);
	expect_byte(server, 'a');
	assert_int_equal(port_remove(scene.control, &entry, &err), 0);
	assert_false(can_connect(&host));
	assert_int_equal(send(server, "b", 1, 0), 1);
	expect_byte(client, 'b');
	assert_int_equal(refused_code(&scene, &entry), ENOENT);
	end_scene(&scene);
}

static void a_datagram_passes_and_its_reply(void **state)
{
	struct scene scene = begin_scene(0);
	autoclose int server = container_socket(SOCK_DGRAM, AF_INET);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777/udp"), from;
	autoclose int client = connected_socket(SOCK_DGRAM, &host);
	socklen_t size = sizeof(from);
	char byte = 0;

	(void)state;
	assert_int_equal(send(client, "q", 1, 0), 1);
	assert_true(is_ready(server, POLLIN, PATIENCE_MS));
	assert_int_equal(recvfrom(server, &byte, 1, 0, &from.any, &size), 1);
	assert_int_equal(byte, 'q');
	assert_int_equal(sendto(server, "r", 1, 0, &from.any, size), 1);
	expect_byte(client, 'r');
	end_scene(&scene);
}

static void the_list_is_in_the_order_of_the_ports(void **state)
{
	struct scene scene = begin_scene(0);
	union publish_address first = publish(&scene, "127.0.0.1:0:80");
	union publish_address second = publish(&scene, "127.0.0.1:0:53/udp");
	struct port_entry *entries;
	struct error err = ERROR_NONE;
	size_t count;

	(void)state;
	assert_int_equal(port_list(scene.control, &entries, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(entries[0].protocol, IPPROTO_TCP);
	assert_int_equal(entries[0].container_port, 80);
	assert_true(publish_is_same_address(&entries[0].host, &first));
	assert_int_equal(entries[1].protocol, IPPROTO_UDP);
	assert_int_equal(entries[1].container_port, 53);
	assert_true(publish_is_same_address(&entries[1].host, &second));
	free(entries);
	end_scene(&scene);
}

static void only_the_port_that_is_meant_is_removed(void **state)
{
	struct scene scene = begin_scene(0);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777");
	struct port_entry wrong_protocol = { IPPROTO_UDP, CONTAINER_PORT, host };
	struct port_entry wrong_port = { IPPROTO_TCP, CONTAINER_PORT + 1, host };
	struct port_entry wrong_address = { IPPROTO_TCP, CONTAINER_PORT,
					    address_of("127.0.0.2", publish_port(&host)) };
	struct port_entry any = { IPPROTO_TCP, 0, host };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(refused_code(&scene, &wrong_protocol), ENOENT);
	assert_int_equal(refused_code(&scene, &wrong_port), ENOENT);
	assert_int_equal(refused_code(&scene, &wrong_address), ENOENT);
	assert_int_equal(port_remove(scene.control, &any, &err), 0);
	end_scene(&scene);
}

/* Sends a request as it is, and returns the errno of the answer. */
static int asked(int control, uint32_t kind)
{
	struct port_question question = { .kind = kind };
	struct port_answer answer = { 0 };

	assert_int_equal(send(control, &question, sizeof(question), 0), sizeof(question));
	assert_true(is_ready(control, POLLIN, PATIENCE_MS));
	assert_int_equal(recv(control, &answer, sizeof(answer), 0), sizeof(answer));
	return answer.errnum;
}

static void wrong_requests_are_refused(void **state)
{
	struct scene scene = begin_scene(0);

	(void)state;
	assert_int_equal(asked(scene.control, PORT_ADD), EBADF); /* without a socket */
	assert_int_equal(asked(scene.control, 0), EINVAL);
	assert_int_equal(asked(scene.control, 99), EINVAL);
	end_scene(&scene);
}

static void a_request_of_another_size_ends_its_connection_only(void **state)
{
	struct scene scene = begin_scene(0);
	autoclose int wrong = connect_control(&scene);
	struct port_entry *entries;
	struct error err = ERROR_NONE;
	size_t count;
	char byte;

	(void)state;
	assert_int_equal(send(wrong, "short", 5, 0), 5);
	assert_true(is_ready(wrong, POLLIN, PATIENCE_MS));
	assert_int_equal(recv(wrong, &byte, 1, 0), 0);
	assert_int_equal(port_list(scene.control, &entries, &count, &err), 0);
	assert_int_equal(count, 0);
	free(entries);
	end_scene(&scene);
}

static void the_end_frees_the_addresses_before_it_is_told(void **state)
{
	struct scene scene = begin_scene(0);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777");

	(void)state;
	/* While a container is in the network, its ports stay. */
	port_end(scene.control, PATIENCE_MS);
	assert_true(can_connect(&host));
	fd_close(&scene.control);
	scene.control = connect_control(&scene);
	fd_close(&scene.life);
	port_end(scene.control, PATIENCE_MS);
	assert_false(can_connect(&host));
	close(bound_socket(SOCK_DGRAM, &host));
	close(bound_socket(SOCK_STREAM, &host));
	expect_exit(&scene);
	end_scene(&scene);
}

static void the_loop_ends_with_the_container(void **state)
{
	struct scene scene = begin_scene(0);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777");

	(void)state;
	fd_close(&scene.life);
	expect_exit(&scene);
	assert_false(can_connect(&host));
	end_scene(&scene);
}

/* Connections have a third of the descriptors, and each takes two. */
#define FEW_DESCRIPTORS 60
#define FEW_CONNECTIONS 21

static void a_client_beyond_the_limit_waits_until_another_ends(void **state)
{
	struct scene scene = begin_scene(FEW_DESCRIPTORS);
	autoclose int listener = container_socket(SOCK_STREAM, AF_INET);
	union publish_address host = publish(&scene, "127.0.0.1:0:7777");
	int clients[FEW_CONNECTIONS], servers[FEW_CONNECTIONS], client, server;

	(void)state;
	for (int i = 0; i < FEW_CONNECTIONS; i++) {
		clients[i] = connected_socket(SOCK_STREAM, &host);
		servers[i] = accepted(listener);
	}
	client = connected_socket(SOCK_STREAM, &host);
	assert_int_equal(send(client, "w", 1, 0), 1);
	/* Another request is served after the accept was refused: then the client waits. */
	assert_int_equal(asked(scene.control, 99), EINVAL);
	assert_false(is_ready(listener, POLLIN, 0));
	fd_close(&clients[0]);
	fd_close(&servers[0]);
	server = accepted(listener);
	expect_byte(server, 'w');
	for (int i = 1; i < FEW_CONNECTIONS; i++) {
		close(clients[i]);
		close(servers[i]);
	}
	close(client);
	close(server);
	end_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_passes_and_outlives_its_port),
		cmocka_unit_test(a_datagram_passes_and_its_reply),
		cmocka_unit_test(the_list_is_in_the_order_of_the_ports),
		cmocka_unit_test(only_the_port_that_is_meant_is_removed),
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(a_request_of_another_size_ends_its_connection_only),
		cmocka_unit_test(the_end_frees_the_addresses_before_it_is_told),
		cmocka_unit_test(the_loop_ends_with_the_container),
		cmocka_unit_test(a_client_beyond_the_limit_waits_until_another_ends),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, enter_container, NULL);
}
