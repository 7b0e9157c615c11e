// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (list) | the clone that becomes init, init that joins (open).
#include "core/sync/source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/*
 * Where the link itself is the source, init reads the link by its path; the container's own directories are no
 * paths of the host.
 */
static bool is_opened(const struct mount_step *step)
{
	const uint64_t by_init =
		MOUNT_TRAIT_SRC_NOFOLLOW | MOUNT_TRAIT_COPY_SYMLINK | MOUNT_TRAIT_OWN;

	return step->kind == MOUNT_KIND_BIND && !(step->options.traits & by_init);
}

void mount_sources_list(const char *root, const struct mount_plan *plan, int first,
			struct mount_sources *ret_sources)
{
	struct mount_sources sources = { .first = first };

	sources.paths = mem_resize(NULL, 1 + plan->steps.count, sizeof(*sources.paths));
	sources.paths[sources.count++] = root;
	for (size_t i = 0; i < plan->steps.count; i++)
		if (is_opened(&plan->steps.items[i]))
			sources.paths[sources.count++] = plan->steps.items[i].source;
	*ret_sources = sources;
}

void mount_sources_release(struct mount_sources *sources)
{
	free(sources->paths);
	*sources = MOUNT_SOURCES_NONE;
}

size_t mount_sources_assign(struct mount_plan *plan, int first)
{
	size_t count = 1;

	for (size_t i = 0; i < plan->steps.count; i++) {
		struct mount_step *step = &plan->steps.items[i];

		step->source_fd = first > 0 && is_opened(step) ? first + (int)count++ : -1;
	}
	return count;
}

/*
 * Each number of the range is used, whatever it was before: a number that stays free would later be
 * given to another file in init, which would then be taken for a source.
 */
void source_open_all(const struct mount_sources *sources, int filler, int cloexec)
{
	for (size_t i = 0; i < sources->count; i++) {
		int number = sources->first + (int)i;
		int fd = open(sources->paths[i], O_PATH | cloexec);

		if (fd == number)
			continue;
		dup3(fd < 0 ? filler : fd, number, cloexec);
		fd_close(&fd);
	}
}

int source_cloexec_others(const struct mount_sources *sources, unsigned int from)
{
	unsigned int first = sources ? (unsigned int)sources->first : 0;

	if (!sources || first <= from)
		return fd_cloexec_from(from);
	if (close_range(from, first - 1, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return fd_cloexec_from(first + (unsigned int)sources->count);
}
