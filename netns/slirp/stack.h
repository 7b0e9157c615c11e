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
 * libslirp: the TCP/IP of the other end of the container's link, which speaks to the world by
 * ordinary sockets.  The only part that knows libslirp.
 * Runs in: urun-slirp.
 */
struct stack;

/* Where the frames for the container go.  What can't be taken is lost, as on any link. */
typedef void stack_send(const uint8_t *frame, size_t size, void *context);

/*
 * @options, @set and @connections live as long as the stack.  Reads no packet and opens no socket yet.
 * stack_free() takes NULL.
 */
struct stack *stack_new(const struct network_options *options, struct pollset *set,
			struct connections *connections, stack_send *send, void *context,
			struct error *err);
void stack_free(struct stack *stack);

/* A frame of the container's that frame_from_container() has let through. */
void stack_input(struct stack *stack, const uint8_t *frame, size_t size);

/*
 * Whether a connection was read for the first time since the last stack_ask(), so that more memory may
 * be in use now.
 */
bool stack_has_grown(const struct stack *stack);

/*
 * Asks @set for the sockets between pollset_begin() and pollset_end().  @is_tight: memory is, so that
 * first reads of connections are put off (netns/slirp/read_gate.h).  Returns how long waiting may take in ms,
 * -1: for ever, as without connections no timer runs.
 */
int stack_ask(struct stack *stack, bool is_tight);

/* After the wait: sockets that are ready, timers that are due. */
void stack_run(struct stack *stack);

#endif
