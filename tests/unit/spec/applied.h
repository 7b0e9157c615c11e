/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_SPEC_APPLIED_H
#define URUN_TEST_SPEC_APPLIED_H

/* The config of an ordinary user that options make.  For tests that include cmocka.h before. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/spec/spec.h"
#include "core/spec/spec_options.h"

/* A directory with an empty bin as the root file system, and a file beside it. */
static char rootfs[64];
static char bin[80];
static char file[80];

static struct spec_caller test_caller; /* uid and gid 1000, where a test does not change them */
static struct container_config config;
static struct error err;

static int setup(void **state)
{
	(void)state;
	strcpy(rootfs, "/tmp/urun-test-options-XXXXXX");
	if (!mkdtemp(rootfs))
		return -1;
	snprintf(bin, sizeof(bin), "%s/bin", rootfs);
	if (mkdir(bin, 0755) < 0)
		return -1;
	snprintf(file, sizeof(file), "%s.file", rootfs);
	test_caller = (struct spec_caller){ .uid = 1000, .gid = 1000 };
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_release(&config);
	unlink(file);
	rmdir(bin);
	return rmdir(rootfs);
}

static __attribute__((unused)) void write_test_file(const char *text)
{
	autoclose int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Makes the config of the caller with @given; --rootfs is added. */
static int try_options(const struct spec_options *given)
{
	static struct config_id_mapping ids[] = { { { true, 0 }, { true, 1000 }, { true, 1 } },
						  { { true, 1 }, { true, 100000 }, { true, 9 } } };
	struct spec_input input = { .uid_mappings = { ids, 2 }, .gid_mappings = { ids, 2 } };
	struct spec_options options = *given;

	config_release(&config);
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	assert_int_equal(spec_config(&input, &config, &err), 0);
	if (!options.rootfs && !options.image)
		options.rootfs = rootfs;
	return spec_apply(&options, &test_caller, &config, &err);
}

static __attribute__((unused)) void apply(const struct spec_options *given)
{
	if (try_options(given) < 0)
		fail_msg("%s", err.text);
}

/* The error names the option, so that a person with a long command line finds the place. */
static __attribute__((unused)) void assert_refused(const char *option,
						   const struct spec_options *given)
{
	assert_int_equal(try_options(given), -1);
	if (!str_starts_with(err.text, option))
		fail_msg("'%s' doesn't begin with '%s'", err.text, option);
}

#define REFUSED(option_, ...)                                                \
	do {                                                                 \
		const struct spec_options refused_options = { __VA_ARGS__ }; \
		assert_refused(option_, &refused_options);                   \
	} while (0)

#define TEXTS(...)                                                                            \
	{                                                                                     \
		(char *[]){ __VA_ARGS__ }, sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}

/* ---- looks at the config ---- */

static __attribute__((unused)) bool lists(const struct str_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], text))
			return true;
	return false;
}

/* The options as they are written into a config.json. */
static __attribute__((unused)) struct str_list words_of(const struct config_mount *mount)
{
	struct str_list words;

	mount_options_words(&mount->options, &config.arena, &words);
	return words;
}

/* The last mount there, which is the one that the container sees. */
static __attribute__((unused)) const struct config_mount *mount_at(const char *destination)
{
	const struct config_mount *found = NULL;

	for (size_t i = 0; i < config.mounts.count; i++)
		if (str_equal(config.mounts.items[i].destination, destination))
			found = &config.mounts.items[i];
	return found;
}

#endif
