/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_NETLINK_H
#define URUN_NETNS_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * Requests to the kernel's routing subsystem.  Several requests go in one datagram, so that setting
 * up a device takes one system call, and reading the answers a second.
 * Runs in: any; tests build requests without sending them.
 * Source: netlink(7), rtnetlink(7).
 */
#define NETLINK_BATCH_SIZE 1024
#define NETLINK_BATCH_MAX  12

struct netlink_batch {
	_Alignas(4) char bytes[NETLINK_BATCH_SIZE];
	size_t size;
	size_t last;			      /* offset of the last request */
	const char *names[NETLINK_BATCH_MAX]; /* what each request does, for errors; not copied */
	bool optional[NETLINK_BATCH_MAX];
	uint32_t count;
};
#define NETLINK_BATCH_NONE ((struct netlink_batch){ .size = 0 })

enum netlink_need {
	NETLINK_NEEDED,	  /* if it fails, the batch fails */
	NETLINK_OPTIONAL, /* if it fails, netlink_run() counts it */
};

/*
 * Begins a request of the type @type (RTM_NEW…), whose fixed part is @body.  The request is
 * numbered and asks for an answer; @flags are further NLM_F_… flags.
 */
void netlink_add(struct netlink_batch *batch, enum netlink_need need, const char *name,
		 uint16_t type, uint16_t flags, const void *body, size_t size);

/* Adds an attribute to the last request. */
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *value, size_t size);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);

/*
 * Begins an attribute that holds others, which are put until netlink_nest_end(); behind the fixed part @body, if there
 * is one.
 */
struct netlink_nest {
	size_t start;
};
struct netlink_nest netlink_nest(struct netlink_batch *batch, uint16_t type, const void *body,
				 size_t size);
void netlink_nest_end(struct netlink_batch *batch, struct netlink_nest nest);

/*
 * Sends the batch in the caller's network namespace and reads all answers.  Fails with the first
 * needed request that the kernel refused.  *ret_refused is the number of optional requests that the
 * kernel refused, and *ret_errnum the errno of the first one.
 */
int netlink_run(const struct netlink_batch *batch, size_t *ret_refused, int *ret_errnum,
		struct error *err);

#endif
