// SPDX-License-Identifier: Apache-2.0
/*
 * Both ends of urun-port's control socket: the answers that urun receives, and the requests that
 * urun-port receives, while its ports receive datagrams and connections.
 */
#include <netinet/in.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/rights.h"
#include "netns/ports/forward.h"
#include "netns/ports/port.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 24
#define PORTS_MAX 8
/* Ports of the host and of the container, in a network namespace with a loopback device alone. */
#define FIRST_PORT	 20000
#define FIRST_GUEST_PORT 30000
#define GUEST_PORTS	 4
#define CLIENTS_MAX	 4

static struct network_options network;

/* The sockets that listen in the container. */
static int guest_datagrams[GUEST_PORTS], guest_streams[GUEST_PORTS];

/* Gives the loopback device the container's address too. */
static void set_up_lo(void)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP }, add = { .ifr_name = "lo:1" };
	struct sockaddr_in guest = { .sin_family = AF_INET, .sin_addr = network.v4.guest };

	memcpy(&add.ifr_addr, &guest, sizeof(guest));
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &up) < 0 || ioctl(fd, SIOCSIFADDR, &add) < 0) {
		perror("fuzz_port: lo");
		exit(1);
	}
}

static int listen_in_container(int type, int index)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port =
						     htons((uint16_t)(FIRST_GUEST_PORT + index)),
					     .sin_addr = network.v4.guest };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0)) {
		perror("fuzz_port: a server");
		exit(1);
	}
	return fd;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	/*
	 * Signals are set as in urun-port, where a write to a closed connection is an error and no
	 * signal.
	 */
	inherit_begin();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		perror("fuzz_port: a network namespace");
		exit(1);
	}
	if (network_options_parse("slirp", &network, &err) < 0)
		abort();
	set_up_lo();
	for (int i = 0; i < GUEST_PORTS; i++) {
		guest_datagrams[i] = listen_in_container(SOCK_DGRAM, i);
		guest_streams[i] = listen_in_container(SOCK_STREAM, i);
	}
	return 0;
}

/* ---- answers of urun-port ---- */

static void hear_answers(struct fuzz_input *input)
{
	struct port_entry *entries;
	struct error err = ERROR_NONE;
	size_t count;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	for (int i = 0; i < 2; i++) {
		size_t size = fuzz_number(input, 2);
		autofree uint8_t *answer = fuzz_bytes(input, size, &size);

		if (size > 0)
			send(ends[1], answer, size, MSG_DONTWAIT);
	}
	shutdown(ends[1], SHUT_WR);
	if (port_list(ends[0], &entries, &count, &err) == 0) {
		fuzz_demand(count <= PORT_COUNT_MAX, "ports are bounded");
		for (size_t i = 0; i < count; i++) {
			autostrbuf struct strbuf printed = { 0 };

			publish_print_address(&entries[i].host, &printed);
		}
		free(entries);
	}
	port_remove(ends[0], &(struct port_entry){ .protocol = IPPROTO_UDP }, &err);
	close(ends[0]);
	close(ends[1]);
}

/* ---- requests to urun-port ---- */

struct asking {
	struct fuzz_input input;
	int control;
	int life;
	int clients[CLIENTS_MAX]; /* connections to ports; -1: none */
};

static struct sockaddr_in address_of(unsigned int index)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)(FIRST_PORT + index % PORTS_MAX)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Opens a socket of the host, as urun does. */
static int open_port(int protocol, unsigned int index)
{
	const struct sockaddr_in address = address_of(index);
	bool udp = protocol == IPPROTO_UDP;
	int fd =
		socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (!udp && listen(fd, 8) < 0))
		fd_close(&fd);
	return fd;
}

static void ask(struct asking *asking, unsigned int kind)
{
	struct port_question question = { .kind = kind };
	struct iovec part = { &question, sizeof(question) };
	struct pollfd answer = { .fd = asking->control, .events = POLLIN };
	unsigned int what = fuzz_number(&asking->input, 1);
	autoclose int fd = -1;
	char bytes[256];

	question.entry.protocol = what & 0x80 ? IPPROTO_TCP : IPPROTO_UDP;
	question.entry.container_port =
		(uint16_t)(FIRST_GUEST_PORT + fuzz_number(&asking->input, 2) % GUEST_PORTS);
	question.entry.host.v4 = address_of(what);
	if (kind == PORT_ADD)
		fd = open_port(question.entry.protocol, what);
	if (rights_send(asking->control, &part, 1, &fd, fd >= 0 ? 1 : 0) < 0)
		return;
	poll(&answer, 1, 1000);
	if (recv(asking->control, bytes, sizeof(bytes), MSG_DONTWAIT) < 0)
		return;
}

/* Sends a request of any size and content. */
static void ask_anything(struct asking *asking)
{
	size_t size = fuzz_number(&asking->input, 1);
	autofree uint8_t *bytes = fuzz_bytes(&asking->input, size, &size);

	send(asking->control, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_datagram(struct asking *asking)
{
	const struct sockaddr_in address = address_of(fuzz_number(&asking->input, 1));
	size_t size = fuzz_number(&asking->input, 1);
	autofree uint8_t *bytes = fuzz_bytes(&asking->input, size, &size);
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sendto(fd, bytes, size, MSG_DONTWAIT, (const struct sockaddr *)&address, sizeof(address));
}

static void open_client(struct asking *asking)
{
	const struct linger at_once = { .l_onoff = 1 };
	unsigned int index = fuzz_number(&asking->input, 1);
	const struct sockaddr_in address = address_of(index);
	int *client = &asking->clients[index % CLIENTS_MAX];
	size_t size = fuzz_number(&asking->input, 1);
	autofree uint8_t *bytes = fuzz_bytes(&asking->input, size, &size);

	fd_close(client);
	*client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(*client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(*client, (const struct sockaddr *)&address, sizeof(address)) < 0)
		fd_close(client);
	else
		send(*client, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The container's servers send back what they received, and close. */
static void container_answers(void)
{
	char bytes[512];

	for (int i = 0; i < GUEST_PORTS; i++) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(guest_datagrams[i], bytes, sizeof(bytes), 0,
				       (struct sockaddr *)&from, &size);
		autoclose int stream = accept4(guest_streams[i], NULL, NULL, SOCK_CLOEXEC);

		if (got >= 0)
			sendto(guest_datagrams[i], bytes, (size_t)got, MSG_DONTWAIT,
			       (struct sockaddr *)&from, size);
		if (stream < 0)
			continue;
		got = recv(stream, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got > 0)
			send(stream, bytes, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void *ask_all(void *context)
{
	struct asking *asking = context;

	for (int i = 0; i < STEPS_MAX && asking->input.size > 0; i++) {
		switch (fuzz_number(&asking->input, 1) % 10) {
		case 0: ask_anything(asking); break;
		case 1:
		case 2: send_datagram(asking); break;
		case 3: ask(asking, PORT_REMOVE); break;
		case 4: ask(asking, PORT_LIST); break;
		case 5: ask(asking, PORT_END); break;
		case 6:
		case 7: ask(asking, PORT_ADD); break;
		case 8: open_client(asking); break;
		case 9: container_answers(); break;
		}
	}
	for (int i = 0; i < CLIENTS_MAX; i++)
		fd_close(&asking->clients[i]);
	fd_close(&asking->control);
	fd_close(&asking->life);
	return NULL;
}

static int make_listener(struct sockaddr_un *address, socklen_t *size)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Without a name the kernel chooses an abstract one. */
	address->sun_family = AF_UNIX;
	*size = sizeof(sa_family_t);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, *size) < 0 || listen(fd, 4) < 0)
		abort();
	*size = sizeof(*address);
	if (getsockname(fd, (struct sockaddr *)address, size) < 0)
		abort();
	return fd;
}

static void serve(struct fuzz_input *input)
{
	struct asking asking = { .input = *input, .clients = { -1, -1, -1, -1 } };
	struct source source = { .options = &network };
	struct sockaddr_un address = { 0 };
	struct error err = ERROR_NONE;
	socklen_t size;
	int life[2], listener = make_listener(&address, &size);
	struct forward *forward = forward_new(&source, &err);
	pthread_t thread;

	asking.control = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (!forward || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) < 0 ||
	    connect(asking.control, (struct sockaddr *)&address, size) < 0)
		abort();
	asking.life = life[1];
	if (pthread_create(&thread, NULL, ask_all, &asking) != 0)
		abort();
	fuzz_demand(forward_begin(forward, life[0], listener, &err) == 0 &&
			    forward_run(forward, &err) == 0,
		    "it serves to the end");
	pthread_join(thread, NULL);
	forward_free(forward);
	close(life[0]);
	close(listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };

	if (fuzz_number(&input, 1) & 1)
		serve(&input);
	else
		hear_answers(&input);
	return 0;
}
