// SPDX-License-Identifier: Apache-2.0
#include "core/base/signal.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "core/base/number.h"

/* Parses RTMIN, RTMIN+n, RTMAX and RTMAX-n. */
static int parse_realtime(const char *name, int *ret_signal)
{
	uint32_t n = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '+' || number_parse_u32(name + 6, 64, &n) < 0))
			return -EINVAL;
		*ret_signal = SIGNAL_REALTIME_MIN + (int)n;
	} else if (strncasecmp(name, "RTMAX", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '-' || number_parse_u32(name + 6, 64, &n) < 0))
			return -EINVAL;
		*ret_signal = SIGRTMAX - (int)n;
	} else {
		return -EINVAL;
	}
	return *ret_signal >= SIGNAL_REALTIME_MIN && *ret_signal <= SIGRTMAX ? 0 : -EINVAL;
}

static int parse_name(const char *name, int *ret_signal)
{
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int signal = 1; signal < SIGNAL_REALTIME_MIN; signal++) {
		const char *abbreviation = sigabbrev_np(signal);

		if (abbreviation && strcasecmp(name, abbreviation) == 0) {
			*ret_signal = signal;
			return 0;
		}
	}
	return parse_realtime(name, ret_signal);
}

int signal_parse(const char *text, int *ret_signal, struct error *err)
{
	uint32_t number;
	int signal;

	if (isdigit((unsigned char)text[0])) {
		if (number_parse_u32(text, (uint32_t)SIGRTMAX, &number) < 0)
			return error_set(err, 0, "'%s' is no signal: numbers go from 1 to %d", text,
					 SIGRTMAX);
		signal = (int)number;
	} else if (parse_name(text, &signal) < 0) {
		return error_set(err, 0, "'%s' is no signal", text);
	}
	*ret_signal = signal;
	return 0;
}
