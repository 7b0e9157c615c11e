/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_PROPERTY_H
#define URUN_SYSTEMD_PROPERTY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* A property of a unit, as systemd takes it over the bus.  Start from PROPERTY_NONE. */
struct property {
	char *name;	       /* on the bus */
	const char *signature; /* D-Bus type: "s", "b", "i", "u", "x", "t", "as", "ay" or "a(ss)" */
	uint64_t number;       /* b: 0 or 1; u, t: the value; i, x: the value as two's complement */
	char **texts; /* s: one text; as: all texts; a(ss): two for each pair; NULL at the end */
	size_t text_count;
	uint8_t *bytes; /* ay */
	size_t byte_count;
};

#define PROPERTY_NONE ((struct property){ 0 })

/*
 * Makes a property of NAME=VALUE.  The form of the value depends on the name:
 *   - the properties that urun itself sets have a fixed type: a text without quotes, true or false,
 *     a number or "infinity", a list of CPUs or memory nodes such as "0-3,7" (empty: none), or a
 *     list of devices such as "/dev/char/1:3 rwm,char-136 rw" (empty: none);
 *   - any other property comes from an annotation org.systemd.property.NAME: 'text', "text", true,
 *     false, an integer (int32), int32 N, uint32 N, int64 N, uint64 N or ['text', …].  Where such a
 *     value fits the fixed type, it may be used for the properties of the first kind too.
 * On the bus the names of times end in USec.  An integer for a name that ends in Sec is a number of
 * seconds, and is converted with its name.
 * The caller releases *@ret_property, which is untouched on failure.
 * Source: runc's docs/systemd-properties.md; GLib, "GVariant Text Format";
 * org.freedesktop.systemd1(5).
 */
int property_parse(const char *argument, struct property *ret_property, struct error *err);

void property_release(struct property *property);

#define autoproperty __attribute__((cleanup(property_release)))

#endif
