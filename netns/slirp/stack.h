/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_STACK_H
#define URUN_NETNS_SLIRP_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "netns/options.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/pollset.h"

/*
 * libslirp: the TCP/IP stack at the other end of the container's link, which reaches the world
 * through ordinary sockets.  Only this file knows libslirp.
 * Runs in: urun-slirp.
 */
struct stack;

/* Sends a frame to the container.  A frame that can't be sent is lost, as on any link. */
typedef void stack_send(const uint8_t *frame, size_t size, void *context);

/*
 * @options, @set and @connections must outlive the stack.  Doesn't read a packet or open a socket
 * yet.  stack_free() takes NULL.
 */
struct stack *stack_new(const struct network_options *options, struct pollset *set,
			struct connections *connections, stack_send *send, void *context,
			struct error *err);
void stack_free(struct stack *stack);

/* Gives libslirp a frame from the container that frame_from_container() has accepted. */
void stack_input(struct stack *stack, const uint8_t *frame, size_t size);

/*
 * Returns whether a connection was read for the first time since the last stack_ask(), so that more
 * memory may be in use now.
 */
bool stack_has_grown(const struct stack *stack);

/*
 * Asks @set for libslirp's sockets, between pollset_begin() and pollset_end().  @is_tight: memory
 * is tight, so first reads of connections are put off (netns/slirp/read_gate.h).  Returns how long
 * the wait may take in ms; -1: for ever, as no timer runs without connections.
 */
int stack_ask(struct stack *stack, bool is_tight);

/* Called after the wait: serves the sockets that are ready and the timers that are due. */
void stack_run(struct stack *stack);

#endif
