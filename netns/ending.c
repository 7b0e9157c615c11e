// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp, urun-port.
#include "netns/ending.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TCP_LEVEL 6 /* IPPROTO_TCP: <netinet/in.h> conflicts with <linux/tcp.h> */

/* Source: Linux, include/net/tcp_states.h.  <netinet/tcp.h> conflicts with <linux/tcp.h>. */
enum {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_CLOSE = 7,
};

/*
 * The state CLOSE follows a reset as well as two orderly ends.  The count of received bytes tells
 * them apart: the kernel counts the peer's FIN as a byte.
 */
bool ending_is_orderly(int fd, uint32_t received)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t size = sizeof(info);
	int unread = 0;

	if (getsockopt(fd, TCP_LEVEL, TCP_INFO, &info, &size) < 0)
		return true;
	if (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0)
		return false;
	switch (info.tcpi_state) {
	case STATE_ESTABLISHED:
	case STATE_SYN_SENT:
	case STATE_SYN_RECV:
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2: return false;
	case STATE_CLOSE:
		/* tcpi_bytes_received: since Linux 4.1. */
		return size < offsetof(struct tcp_info, tcpi_bytes_received) +
				       sizeof(info.tcpi_bytes_received) ||
		       (uint32_t)info.tcpi_bytes_received == received + 1;
	}
	return true;
}

/*
 * In the state CLOSE the kernel still reports the bytes that were unsent when the connection ended.
 */
int ending_unsent(int fd)
{
	struct tcp_info info = { .tcpi_state = STATE_CLOSE };
	socklen_t size = sizeof(info);
	int unsent = 0;

	if (ioctl(fd, SIOCOUTQ, &unsent) < 0 || unsent == 0 ||
	    getsockopt(fd, TCP_LEVEL, TCP_INFO, &info, &size) < 0)
		return 0;
	return info.tcpi_state == STATE_CLOSE ? 0 : unsent;
}

void ending_reset(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}
