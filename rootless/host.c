// SPDX-License-Identifier: Apache-2.0
// Runs in: parent, init before pivot_root.
#include "rootless/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* The largest file that is read is /proc/self/mountinfo. */
#define HOST_FILE_MAX (4u << 20)

static const char *const program_directories[] = { "/usr/bin", "/bin", "/usr/local/bin",
						   "/usr/sbin", "/sbin" };

bool host_find_program(const struct host *host, const char *name,
		       char ret_path[static HOST_PATH_SIZE])
{
	char path[HOST_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(program_directories); i++) {
		int length = snprintf(path, sizeof(path), "%s%s/%s", host->root,
				      program_directories[i], name);

		if (length > 0 && (size_t)length < sizeof(path) && access(path, X_OK) == 0) {
			memcpy(ret_path, path, (size_t)length + 1);
			return true;
		}
	}
	return false;
}

int host_read_file(const struct host *host, const char *path, char **ret_text, size_t *ret_size)
{
	autofree char *full = str_format("%s%s", host->root, path);

	return fd_read_file(full, HOST_FILE_MAX, ret_text, ret_size);
}

int host_read_line(const struct host *host, const char *path, char *ret_line, size_t size)
{
	autofree char *text = NULL;
	size_t length;
	int result;

	result = host_read_file(host, path, &text, &length);
	if (result < 0)
		return result;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret_line, size, "%s", text);
	return 0;
}
