/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_PROPERTY_H
#define URUN_SYSTEMD_PROPERTY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* A property of a unit, as systemd takes it over the bus.  Start from PROPERTY_NONE. */
struct property {
	char *name;	       /* as systemd's bus interface has it */
	const char *signature; /* D-Bus type: "s", "b", "i", "u", "x", "t", "as" or "ay" */
	uint64_t number;       /* b: 0 or 1; u, t; i, x: the same bits as two's complement */
	char **texts;	       /* s: one; as: all; NULL at the end */
	size_t text_count;
	uint8_t *bytes; /* ay */
	size_t byte_count;
};

#define PROPERTY_NONE ((struct property){ 0 })

/*
 * Makes a property of NAME=VALUE.  What the value may be depends on the name:
 *   those that urun sets itself have their type: a text as it is, true or false, a number or
 *   "infinity", or a list of CPUs or nodes such as "0-3,7", empty for none;
 *   any other is taken as the annotation org.systemd.property.NAME: 'text', "text", true, false,
 *   an integer (int32), int32 N, uint32 N, int64 N, uint64 N or ['text', …].  These forms are also
 *   understood where they fit a type of the first kind.
 * Times have names in …USec on the bus: an integer for a name in …Sec is seconds, and becomes that.
 * The caller releases *@ret_property, which is untouched on failure.
 * Source: runc's docs/systemd-properties.md; GLib, "GVariant Text Format"; org.freedesktop.systemd1(5).
 */
int property_parse(const char *argument, struct property *ret_property, struct error *err);

void property_release(struct property *property);

#define autoproperty __attribute__((cleanup(property_release)))

#endif
