/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_MOMENT_H
#define URUN_BASE_MOMENT_H

#include <stdint.h>

#include "core/base/str.h"

/*
 * Parses a moment as people write it, into nanoseconds since 1970:
 *   2026-03-04T05:06:07.89Z, 2026-03-04T05:06:07+01:00   RFC 3339
 *   2026-03-04T05:06:07, 2026-03-04T05:06, 2026-03-04    likewise, in the local time zone
 *   1772600767, 1772600767.5                             seconds since 1970
 *   90s, 10m, 1h30m, 1.5h, 500ms                         so long before @now_ns
 * Returns 0, -EINVAL, or -ERANGE outside of the years 1970 to 2261; *ret_ns is untouched on failure.
 * Source: podman-logs(1) "--since"; Go's time.ParseDuration.
 */
int moment_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns);

/* Appends the moment in local time: 2026-03-04T05:06:07.890000000+01:00. */
void moment_print(uint64_t ns, struct strbuf *out);

#endif
