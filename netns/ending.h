/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_ENDING_H
#define URUN_NETNS_ENDING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How a TCP connection ends on the host's side: in order, or by a reset.  The container must be
 * able to tell the two apart: a download that was cut off by a reset must not look complete.
 * Runs in: urun-slirp, urun-port.
 */

/*
 * Returns whether the peer of the TCP socket @fd has ended its stream in order, after @received
 * bytes (modulo 2^32) in all.  The answer is right also after the socket's error was read: from
 * then on recv(2) returns an end of file, even after a reset.  Returns true where the kernel
 * doesn't tell.
 * Source: tcp(7), TCP_INFO; Linux, include/uapi/linux/tcp.h.
 */
bool ending_is_orderly(int fd, uint32_t received);

/*
 * The number of bytes that were written to the TCP socket @fd and that its peer hasn't
 * acknowledged.  0 too if the connection has ended, so that nothing can be acknowledged any more.
 * Source: tcp(7), SIOCOUTQ.
 */
int ending_unsent(int fd);

/* Makes close(2) of @fd send a reset to the peer.  Data that wasn't sent until then is dropped. */
void ending_reset(int fd);

#endif
