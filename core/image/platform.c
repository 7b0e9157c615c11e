// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/image/platform.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/base/str.h"

/* A word of others for an architecture, and Go's. */
struct other_word {
	const char *word;
	const char *architecture;
	const char *variant;
};

/* What uname -m prints, and what Debian calls its architectures. */
static const struct other_word other_words[] = {
	{ "x86_64", "amd64", "" },
	{ "i386", "386", "" },
	{ "i486", "386", "" },
	{ "i586", "386", "" },
	{ "i686", "386", "" },
	{ "aarch64", "arm64", "" },
	{ "aarch64_be", "arm64be", "" },
	{ "armv8l", "arm", "v8" },
	{ "armv8b", "arm", "v8" },
	{ "armv7l", "arm", "v7" },
	{ "armv7", "arm", "v7" },
	{ "armhf", "arm", "v7" },
	{ "armv6l", "arm", "v6" },
	{ "armel", "arm", "v6" },
	{ "armv5tel", "arm", "v5" },
	{ "armv5tejl", "arm", "v5" },
	{ "loongarch64", "loong64", "" },
	{ "ppc64el", "ppc64le", "" },
	{ "mipsel", "mipsle", "" },
	{ "mips64el", "mips64le", "" },
};

/* A variant that is the same as none. */
static bool is_plain_variant(const char *architecture, const char *variant)
{
	return (str_equal(architecture, "arm64") && str_equal(variant, "v8")) ||
	       (str_equal(architecture, "amd64") && str_equal(variant, "v1"));
}

static void set_word(char word[static PLATFORM_WORD_SIZE], const char *text)
{
	snprintf(word, PLATFORM_WORD_SIZE, "%s", text);
}

static void set_machine(struct platform *platform, const char *machine)
{
	set_word(platform->architecture, machine);
	for (size_t i = 0; i < ARRAY_SIZE(other_words); i++) {
		if (!str_equal(other_words[i].word, machine))
			continue;
		set_word(platform->architecture, other_words[i].architecture);
		set_word(platform->variant, other_words[i].variant);
	}
}

void platform_of_machine(const char *machine, struct platform *ret_platform)
{
	struct platform platform = { .os = "linux" };

	set_machine(&platform, machine);
	/* uname(2) doesn't tell the byte order of these two, which ours is the same as. */
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && str_equal(machine, "mips"))
		set_word(platform.architecture, "mipsle");
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && str_equal(machine, "mips64"))
		set_word(platform.architecture, "mips64le");
	*ret_platform = platform;
}

void platform_of_host(struct platform *ret_platform)
{
	struct utsname host = { 0 };

	uname(&host);
	platform_of_machine(host.machine, ret_platform);
}

/* ---- --platform ---- */

static bool is_platform_word(const char *word)
{
	size_t length = strlen(word);

	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return false;
	return length > 0 && length < PLATFORM_WORD_SIZE;
}

bool platform_take_word(const char *word, char ret_word[static PLATFORM_WORD_SIZE])
{
	bool is_none = !word || word[0] == '\0';
	bool is_good = is_none || is_platform_word(word);

	snprintf(ret_word, PLATFORM_WORD_SIZE, "%s", is_none || !is_good ? "" : word);
	return is_good;
}

static int refuse_platform(const char *text, struct error *err)
{
	return error_set(err, 0, "platform '%s': must be OS/ARCH[/VARIANT], such as linux/arm64",
			 text);
}

int platform_parse(const char *text, struct platform *ret_platform, struct error *err)
{
	autofree char *copy = str_dup(text);
	struct platform platform = { .os = "linux" };
	char *rest = copy, *words[3] = { NULL };
	size_t count = 0;

	if (strchr(text, ','))
		return error_set(err, 0, "platform '%s': only one platform can be taken", text);
	for (char *word; (word = strsep(&rest, "/")); count++) {
		if (count == ARRAY_SIZE(words) || !is_platform_word(word))
			return refuse_platform(text, err);
		for (char *c = word; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		words[count] = word;
	}
	/* ARCH alone, but not "linux" alone, which names nothing. */
	if (count == 1 && str_equal(words[0], "linux"))
		return refuse_platform(text, err);
	if (count > 1 && !str_equal(words[0], "linux"))
		return error_set(err, 0, "platform '%s': only images for linux can be run", text);
	set_machine(&platform, words[count > 1]);
	if (count == 3)
		set_word(platform.variant, words[2]);
	*ret_platform = platform;
	return 0;
}

void platform_print(const struct platform *platform, char ret_text[static PLATFORM_TEXT_SIZE])
{
	snprintf(ret_text, PLATFORM_TEXT_SIZE, "%s/%s%s%s", platform->os, platform->architecture,
		 platform->variant[0] ? "/" : "", platform->variant);
}

/* ---- choice ---- */

int platform_rank(const struct platform *wanted, const struct platform *offered)
{
	/* The best first: a processor runs what stands after its own. */
	static const char *const arm[] = { "v8", "v7", "v6", "v5", "", NULL };
	const char *architecture = wanted->architecture;
	const char *mine = wanted->variant, *theirs = offered->variant;
	int first, place;

	if (!str_equal(wanted->os, offered->os) || !str_equal(architecture, offered->architecture))
		return -1;
	if (is_plain_variant(architecture, mine))
		mine = "";
	if (is_plain_variant(architecture, theirs))
		theirs = "";
	if (str_equal(mine, theirs))
		return 0;
	if (!str_equal(architecture, "arm"))
		/* A variant that was asked for is taken, or else the plain one. */
		return theirs[0] == '\0' ? 1 : -1;
	first = str_find(arm, mine);
	place = str_find(arm, theirs);
	/*
	 * Without a variant nothing is known of the processor: the most capable, as podman has it.
	 */
	if (mine[0] == '\0')
		return place < 0 ? -1 : 1 + place;
	if (first < 0 || place < 0)
		return theirs[0] == '\0' ? 1 : -1;
	return place > first ? place - first : -1;
}
