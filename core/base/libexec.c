// SPDX-License-Identifier: Apache-2.0
#include "core/base/libexec.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"

char *libexec_path(const char *program)
{
	autofree char *installed = str_format("%s/%s", URUN_LIBEXECDIR, program);
	autofree char *beside = NULL;
	char self[PATH_MAX];
	ssize_t length;
	char *slash;

	if (access(installed, X_OK) == 0)
		return take_ptr(installed);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		return take_ptr(installed);
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return take_ptr(installed);
	beside = str_format("%.*s/%s", (int)(slash - self), self, program);
	return access(beside, X_OK) == 0 ? take_ptr(beside) : take_ptr(installed);
}
