/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_ROOTLESS_FAKE_HOST_H
#define URUN_TEST_ROOTLESS_FAKE_HOST_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"

/* A directory in place of a host's root: each test writes the few files that its host has. */
static char fake_root[] = "/tmp/urun-fake-host-XXXXXX";

static __attribute__((unused)) const char *fake_path(const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s%s", fake_root, path);
	return full;
}

static __attribute__((unused)) void fake_file(const char *path, const char *text)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", fake_root, path);
	for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(full);
		abort();
	}
}

static __attribute__((unused)) void fake_program(const char *path, const char *text)
{
	fake_file(path, text);
	if (chmod(fake_path(path), 0755) < 0)
		abort();
}

static int fake_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static __attribute__((unused)) int fake_host_setup(void **state)
{
	(void)state;
	strcpy(fake_root + strlen(fake_root) - 6, "XXXXXX");
	/* All users may enter the directory, as some tests read it as another user. */
	return mkdtemp(fake_root) && chmod(fake_root, 0755) == 0 ? 0 : -1;
}

static __attribute__((unused)) int fake_host_teardown(void **state)
{
	(void)state;
	return nftw(fake_root, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
