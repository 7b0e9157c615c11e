/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_BASE_SCRATCH_H
#define URUN_TEST_BASE_SCRATCH_H

#include <stdlib.h>

#include "core/base/str.h"

/* Setup and teardown of a test with a new directory for itself, whose path is in *@state. */
static int make_scratch(void **state)
{
	char *path = str_dup("/tmp/urun-test-XXXXXX");

	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

/* Runs @script of a shell in @directory; returns its status. */
static int run_in(const char *directory, const char *script)
{
	autofree char *command = str_format("cd '%s' && { %s; }", directory, script);

	return system(command);
}

/* Tests of archives make directories that not even their owner can enter. */
static int remove_scratch(void **state)
{
	int result = run_in(*state, "chmod -R u+rwx . && rm -rf \"$PWD\"");

	free(*state);
	return result;
}

#endif
