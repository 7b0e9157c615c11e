/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_ENDING_H
#define URUN_CONFIG_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/json.h"

/* How a container's program is run and ended, as its annotations say (core/config/change.h). */
struct ending {
	bool init;		   /* urun's own process 1 starts the program */
	int stop_signal;	   /* what `stop` sends; SIGTERM where none is given */
	bool stop_signal_unknown;  /* another one was given, which has no meaning here */
	uint32_t stop_seconds;	   /* until `stop` sends SIGKILL; ENDING_FOREVER: never */
	uint32_t lifetime_seconds; /* until the container is killed; 0: without end */
};

#define ENDING_FOREVER UINT32_MAX
/* Source: podman-stop(1), --time. */
#define ENDING_STOP_SECONDS 10

/*
 * Reads the annotations of a config or of a state; what isn't given has its default.  A value of
 * urun's own annotations that has no meaning is an error.  The stop signal may be of an image that
 * knows other names: a wrong one is no error, and SIGTERM.
 */
int ending_read(const str_map *annotations, struct ending *ret_ending, struct error *err);

/*
 * Parses seconds; "-1" is ENDING_FOREVER.  Returns 0 or a negative errno.
 * Source: podman-stop(1), --time.
 */
int ending_parse_seconds(const char *text, uint32_t *ret_seconds);

#endif
