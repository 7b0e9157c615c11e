// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "cmd/run_life.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/place.h"
#include "core/parent/streams.h"

static int parse_stream(const char *word)
{
	static const char *const names[STREAM_COUNT] = { "stdin", "stdout", "stderr" };

	for (int fd = 0; fd < STREAM_COUNT; fd++)
		if (strcasecmp(word, names[fd]) == 0)
			return fd;
	return -1;
}

static int settle_attach(struct create_options *options, struct error *err)
{
	for (size_t i = 0; i < options->attach.count; i++)
		if (parse_stream(options->attach.items[i]) < 0)
			return error_set(
				err, 0, "run: option --attach is stdin, stdout or stderr, not '%s'",
				options->attach.items[i]);
	if (options->attach.count == 0)
		return 0;
	if (options->detach)
		return error_set(err, 0,
				 "run: --attach and --detach exclude each other: "
				 "`urun logs --follow` shows what runs in the background");
	if (!options->container.tty)
		options->container.tty = "false";
	if (str_equal(options->container.tty, "true") && run_life_unattached(options))
		return error_set(err, 0,
				 "run: with --tty all three streams are the terminal: "
				 "--attach can't leave one out");
	return 0;
}

int run_life_settle(struct create_options *options, struct error *err)
{
	if (options->remove && options->keep)
		return error_set(err, 0, "run: --rm and --keep exclude each other");
	if (options->replace && !options->name)
		return error_set(err, 0,
				 "run: --replace is for a container with a --name, by which the "
				 "other one is found");
	return settle_attach(options, err);
}

unsigned int run_life_unattached(const struct create_options *options)
{
	unsigned int all = STREAM_BIT(STREAM_COUNT) - 1;
	unsigned int attached = options->attach.count == 0 ? all : 0;

	for (size_t i = 0; i < options->attach.count; i++) {
		int fd = parse_stream(options->attach.items[i]);

		attached |= fd < 0 ? 0 : STREAM_BIT(fd);
	}
	if (options->in_background)
		attached &= ~STREAM_BIT(STDIN_FILENO);
	return all & ~attached;
}

int run_life_write_id(const struct create_options *options, const char *id, struct error *err)
{
	autoplace struct place place = PLACE_NONE;
	int failed;

	if (!options->cidfile)
		return 0;
	if (place_find("cidfile", options->cidfile, &place, err) < 0)
		return -1;
	failed = file_create(place.dir, place.name, 0644, id, strlen(id));
	if (failed == -EEXIST) {
		error_set(err, EEXIST, "run: --cidfile %s is not overwritten", options->cidfile);
		return error_hint(err,
				  "it may be another container's: when that is removed, remove "
				  "the file too");
	}
	return failed < 0 ? error_set(err, -failed, "write %s", options->cidfile) : 0;
}

void run_life_remove_id(const struct create_options *options)
{
	autoplace struct place place = PLACE_NONE;
	struct error ignored = ERROR_NONE;

	if (options->cidfile && place_find("cidfile", options->cidfile, &place, &ignored) == 0)
		unlinkat(place.dir, place.name, 0);
}
