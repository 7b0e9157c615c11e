// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (list) | the clone that becomes init, init that joins (open).
#include "core/sync/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

void mount_sources_list(const char *root, const struct mount_plan *plan, int first,
			struct mount_sources *ret_sources)
{
	struct mount_sources sources = { .count = 1 + plan->steps.count, .first = first };

	sources.paths = mem_resize(NULL, sources.count, sizeof(*sources.paths));
	sources.paths[0] = root;
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		/*
		 * Where the link itself is the source, init reads the link by its path; the
		 * container's own directories are no paths of the host.
		 */
		bool by_init = step->options.traits & (MOUNT_TRAIT_SRC_NOFOLLOW |
						       MOUNT_TRAIT_COPY_SYMLINK | MOUNT_TRAIT_OWN);

		sources.paths[1 + i] =
			step->kind == MOUNT_KIND_BIND && !by_init ? step->source : NULL;
	}
	*ret_sources = sources;
}

void mount_sources_release(struct mount_sources *sources)
{
	free(sources->paths);
	*sources = MOUNT_SOURCES_NONE;
}

/*
 * Each number of the range is used, whatever it was before: a number that stays free would later be
 * given to another file in init, which would then be taken for a source.
 */
void source_open_all(const struct mount_sources *sources, int filler)
{
	for (size_t i = 0; i < sources->count; i++) {
		const char *path = sources->paths[i];
		int number = sources->first + (int)i;
		int fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;

		if (fd == number)
			continue;
		dup3(fd < 0 ? filler : fd, number, O_CLOEXEC);
		fd_close(&fd);
	}
}

int source_keep(const struct mount_sources *sources)
{
	for (size_t i = 0; sources && i < sources->count; i++) {
		int result = fd_clear_cloexec(sources->first + (int)i);

		if (result < 0 && result != -EBADF)
			return result;
	}
	return 0;
}
