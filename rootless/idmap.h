/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_IDMAP_H
#define URUN_ROOTLESS_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"

/* The kernel takes no more ranges in one map.  Source: user_namespaces(7), since Linux 4.15. */
#define IDMAP_RANGES_MAX 340

/* (uid_t)-1 means "no id" in system calls, so no range may contain it. */
#define IDMAP_ID_END UINT32_MAX

/*
 * The ids inner … inner+count-1 of the user namespace are the ids outer … outer+count-1 outside.
 * In the order of the kernel's files.
 */
struct id_range {
	uint32_t inner;
	uint32_t outer;
	uint32_t count; /* > 0 */
};

/* An id mapping (uid_map or gid_map).  A plain value of some 4 KB.  Start from all zero. */
struct idmap {
	struct id_range ranges[IDMAP_RANGES_MAX];
	size_t count;
};

/*
 * Adds a range.  Returns 0, -EINVAL where the range is empty, reaches IDMAP_ID_END or overlaps
 * another one inside or outside (the kernel refuses these), or -E2BIG where the map is full.
 */
int idmap_add(struct idmap *map, uint32_t inner, uint32_t outer, uint32_t count);

/*
 * The mappings of a config.  @field is their path in the config ("linux.uidMappings"), for the
 * error.  *ret_map is untouched on failure.
 */
int idmap_from_config(const config_id_mappings *mappings, const char *field, struct idmap *ret_map,
		      struct error *err);

/*
 * Reads the text of a uid_map or gid_map as the kernel prints it.  Returns 0 or -EINVAL; *ret_map
 * is untouched then.
 * Source: user_namespaces(7).
 */
int idmap_parse(const char *bytes, size_t size, struct idmap *ret_map);

/* Reads and parses a file such as /proc/PID/uid_map. */
int idmap_load(const char *path, struct idmap *ret_map, struct error *err);

/*
 * Every id of the caller's own user namespace, mapped to itself.  @path is /proc/self/uid_map or
 * gid_map.
 */
int idmap_identity_of_current(const char *path, struct idmap *ret_map, struct error *err);

/* Is there an outer id for the inner @id? */
bool idmap_maps_inner(const struct idmap *map, uint32_t id);

/* Is there an inner id for the outer @id?  Otherwise no process inside can have this id. */
bool idmap_maps_outer(const struct idmap *map, uint32_t id);

/*
 * Are all ids @first … @first+@count-1 inner ids of the map (in one range or several)?
 * *ret_missing (may be NULL) is set to the first id that isn't.
 */
bool idmap_maps_inner_range(const struct idmap *map, uint32_t first, uint32_t count,
			    uint32_t *ret_missing);

/* The outer id of the inner @id.  Returns 0 or -ENOENT. */
int idmap_to_outer(const struct idmap *map, uint32_t id, uint32_t *ret_outer);

/* Is @outer the only id of the map? */
bool idmap_is_single(const struct idmap *map, uint32_t outer);

/* Do both map the same ids to the same ids?  The ranges may be cut and ordered otherwise. */
bool idmap_equal(const struct idmap *map, const struct idmap *other);

/* The number of inner ids. */
uint64_t idmap_total(const struct idmap *map);

/* Appends the map as a user reads it: "0 1000 1, 1 100000 65536", or "empty". */
void idmap_print(const struct idmap *map, struct strbuf *out);

/* Appends the map as the kernel reads it: one line for each range. */
void idmap_print_lines(const struct idmap *map, struct strbuf *out);

#endif
