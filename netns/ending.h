/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_ENDING_H
#define URUN_NETNS_ENDING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How a TCP connection on the host's side ends: in order, or by a reset.  A file that was cut off by
 * a reset must not look whole on the other side.
 * Runs in: urun-slirp, urun-port.
 */

/*
 * True if the peer of the TCP socket @fd has ended the stream in order, and @received bytes (modulo
 * 2^32) were all of it.  It tells so after the socket's error was taken, too: then recv(2) gives an
 * end of file after a reset.  Where nothing can be known, true.
 * Source: tcp(7), TCP_INFO; Linux, include/uapi/linux/tcp.h.
 */
bool ending_is_orderly(int fd, uint32_t received);

/*
 * Bytes written to the TCP socket @fd that its peer hasn't acknowledged; 0 too if it can't any more.
 * Source: tcp(7), SIOCOUTQ.
 */
int ending_unsent(int fd);

/* When @fd is closed, its peer gets a reset; what wasn't sent until then is dropped. */
void ending_reset(int fd);

#endif
