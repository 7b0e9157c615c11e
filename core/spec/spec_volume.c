// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/nearest.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"

/* The last one of several options with one subject counts. */
enum subject {
	SUBJECT_NONE, /* every option counts */
	SUBJECT_ACCESS,
	SUBJECT_EXEC,
	SUBJECT_SUID,
	SUBJECT_DEV,
	SUBJECT_SYMFOLLOW,
	SUBJECT_TREE,
	SUBJECT_PROPAGATION, /* every option counts: first slave, then shared */
};

struct word {
	const char *name;
	enum subject subject;
	const char *option; /* the option of config.json; NULL: the word has no meaning here */
};

/*
 * "ro" becomes "rro": a person who makes a directory read-only means the mounts below it too.  The
 * same holds for the other words that take rights away.  Their opposites change SOURCE alone, since
 * flags of the mounts below may be locked (mount_namespaces(7)).
 */
static const struct word words[] = {
	{ "ro", SUBJECT_ACCESS, "rro" },
	{ "rro", SUBJECT_ACCESS, "rro" },
	{ "rw", SUBJECT_ACCESS, "rw" },
	{ "rrw", SUBJECT_ACCESS, "rrw" },
	{ "noexec", SUBJECT_EXEC, "rnoexec" },
	{ "rnoexec", SUBJECT_EXEC, "rnoexec" },
	{ "exec", SUBJECT_EXEC, "exec" },
	{ "rexec", SUBJECT_EXEC, "rexec" },
	{ "nosuid", SUBJECT_SUID, "rnosuid" },
	{ "rnosuid", SUBJECT_SUID, "rnosuid" },
	{ "suid", SUBJECT_SUID, "suid" },
	{ "rsuid", SUBJECT_SUID, "rsuid" },
	{ "nodev", SUBJECT_DEV, "rnodev" },
	{ "rnodev", SUBJECT_DEV, "rnodev" },
	{ "dev", SUBJECT_DEV, "dev" },
	{ "rdev", SUBJECT_DEV, "rdev" },
	{ "nosymfollow", SUBJECT_SYMFOLLOW, "rnosymfollow" },
	{ "rnosymfollow", SUBJECT_SYMFOLLOW, "rnosymfollow" },
	{ "symfollow", SUBJECT_SYMFOLLOW, "symfollow" },
	{ "rsymfollow", SUBJECT_SYMFOLLOW, "rsymfollow" },
	{ "bind", SUBJECT_TREE, "bind" },
	{ "rbind", SUBJECT_TREE, "rbind" },
	{ "private", SUBJECT_PROPAGATION, "private" },
	{ "rprivate", SUBJECT_PROPAGATION, "rprivate" },
	{ "slave", SUBJECT_PROPAGATION, "slave" },
	{ "rslave", SUBJECT_PROPAGATION, "rslave" },
	{ "shared", SUBJECT_PROPAGATION, "shared" },
	{ "rshared", SUBJECT_PROPAGATION, "rshared" },
	{ "unbindable", SUBJECT_PROPAGATION, "unbindable" },
	{ "runbindable", SUBJECT_PROPAGATION, "runbindable" },
	{ "atime", SUBJECT_NONE, "atime" },
	{ "diratime", SUBJECT_NONE, "diratime" },
	{ "noatime", SUBJECT_NONE, "noatime" },
	{ "nodiratime", SUBJECT_NONE, "nodiratime" },
	{ "norelatime", SUBJECT_NONE, "norelatime" },
	{ "nostrictatime", SUBJECT_NONE, "nostrictatime" },
	{ "relatime", SUBJECT_NONE, "relatime" },
	{ "strictatime", SUBJECT_NONE, "strictatime" },
	{ "ratime", SUBJECT_NONE, "ratime" },
	{ "rdiratime", SUBJECT_NONE, "rdiratime" },
	{ "rnoatime", SUBJECT_NONE, "rnoatime" },
	{ "rnodiratime", SUBJECT_NONE, "rnodiratime" },
	{ "rnorelatime", SUBJECT_NONE, "rnorelatime" },
	{ "rnostrictatime", SUBJECT_NONE, "rnostrictatime" },
	{ "rrelatime", SUBJECT_NONE, "rrelatime" },
	{ "rstrictatime", SUBJECT_NONE, "rstrictatime" },
	{ "copy-symlink", SUBJECT_NONE, "copy-symlink" },
	{ "no-dereference", SUBJECT_NONE, "copy-symlink" },
	{ "src-nofollow", SUBJECT_NONE, "src-nofollow" },
	{ "dest-nofollow", SUBJECT_NONE, "dest-nofollow" },
	{ "idmap", SUBJECT_NONE, "idmap" },
	{ "ridmap", SUBJECT_NONE, "ridmap" },
	{ "nofail", SUBJECT_NONE, "nofail" },
	{ "U", SUBJECT_NONE, "U" },
	/* SELinux labels: root of a user namespace can't set any. */
	{ "z", SUBJECT_NONE, NULL },
	{ "Z", SUBJECT_NONE, NULL },
	/* Docker Desktop: caches between a Mac and its virtual machine. */
	{ "cached", SUBJECT_NONE, NULL },
	{ "delegated", SUBJECT_NONE, NULL },
	{ "consistent", SUBJECT_NONE, NULL },
	{ "default", SUBJECT_NONE, NULL },
	{ "defaults", SUBJECT_NONE, NULL },
	/* For volumes that have a name, which urun doesn't have. */
	{ "copy", SUBJECT_NONE, NULL },
	{ "nocopy", SUBJECT_NONE, NULL },
	/* Options of a new file system; a bind mount has the options of its file system already. */
	{ "async", SUBJECT_NONE, NULL },
	{ "sync", SUBJECT_NONE, NULL },
	{ "dirsync", SUBJECT_NONE, NULL },
	{ "iversion", SUBJECT_NONE, NULL },
	{ "noiversion", SUBJECT_NONE, NULL },
	{ "lazytime", SUBJECT_NONE, NULL },
	{ "nolazytime", SUBJECT_NONE, NULL },
	{ "mand", SUBJECT_NONE, NULL },
	{ "nomand", SUBJECT_NONE, NULL },
	{ "silent", SUBJECT_NONE, NULL },
	{ "loud", SUBJECT_NONE, NULL },
};

/* More options than anybody needs for one volume. */
#define WORDS_MAX 64

struct chosen {
	const struct word *items[WORDS_MAX];
	size_t count;
	const char *idmap; /* the whole of "idmap=…"; NULL: not given */
};

static bool has_subject(const struct chosen *chosen, enum subject subject)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (chosen->items[i]->subject == subject)
			return true;
	return false;
}

static void drop_subject(struct chosen *chosen, enum subject subject)
{
	size_t kept = 0;

	for (size_t i = 0; i < chosen->count; i++)
		if (chosen->items[i]->subject != subject)
			chosen->items[kept++] = chosen->items[i];
	chosen->count = kept;
}

/* @given is the option and its text, for errors. */
static int choose_option(const char *given, const char *text, struct chosen *chosen,
			 struct error *err)
{
	struct nearest nearest = nearest_begin(text);
	const struct word *word = NULL;

	for (size_t i = 0; !word && i < ARRAY_SIZE(words); i++) {
		nearest_try(&nearest, words[i].name);
		if (str_equal(words[i].name, text))
			word = &words[i];
	}
	if (str_starts_with(text, "idmap=")) {
		chosen->idmap = text;
		return 0;
	}
	if (str_equal(text, "O") || str_starts_with(text, "upperdir=") ||
	    str_starts_with(text, "workdir="))
		return error_set(err, 0,
				 "%s: urun has no overlay of a volume: mount it read-only, or a "
				 "copy of it (--overlay keeps the changes of the root file system "
				 "apart)",
				 given);
	if (!word) {
		error_set(err, 0, "%s: unknown option '%s'", given, text);
		return nearest.name ? error_hint(err, "did you mean %s?", nearest.name) : -1;
	}
	if (!word->option) {
		log_debug("%s: option '%s' has no meaning here", given, text);
		return 0;
	}
	if (word->subject != SUBJECT_NONE && word->subject != SUBJECT_PROPAGATION)
		drop_subject(chosen, word->subject);
	if (chosen->count == WORDS_MAX)
		return error_set(err, 0, "%s: more than %d options", given, WORDS_MAX);
	chosen->items[chosen->count++] = word;
	return 0;
}

static void add_chosen(const struct chosen *chosen, struct arena *arena,
		       struct mount_options *options)
{
	if (!has_subject(chosen, SUBJECT_TREE))
		options->traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE;
	if (!has_subject(chosen, SUBJECT_PROPAGATION))
		mount_options_add_propagation(options, arena, MOUNT_RPRIVATE);
	for (size_t i = 0; i < chosen->count; i++)
		mount_options_add(options, arena, chosen->items[i]->option);
	if (chosen->idmap)
		mount_options_add(options, arena, chosen->idmap);
}

/*
 * Makes SOURCE absolute, and follows its links, so that init meets none.  With copy-symlink and src-nofollow
 * the last part of the path stays as it is, since these options ask for a link itself.
 * The caller frees the path; NULL with errno: not found.
 */
static char *resolve_source(const char *source, const struct mount_options *options)
{
	const unsigned int link = MOUNT_TRAIT_COPY_SYMLINK | MOUNT_TRAIT_SRC_NOFOLLOW;
	autofree char *directory = str_dup(source), *real = NULL;
	char *name = strrchr(directory, '/');
	struct stat st;

	if (!(options->traits & link) || lstat(source, &st) < 0 || !S_ISLNK(st.st_mode))
		return realpath(source, NULL);
	if (name)
		*name++ = '\0';
	real = realpath(!name ? "." : *directory ? directory : "/", NULL);
	return real ? path_join(real, name ? name : source) : NULL;
}

/* A name without a slash is probably the name of a volume of podman's. */
static int source_not_found(const char *option, const char *source, struct error *err)
{
	bool is_name = errno == ENOENT && !strchr(source, '/');

	error_set(err, errno, "--%s %s", option, source);
	return is_name ? error_hint(
				 err,
				 "urun keeps no volumes by name: `mkdir %s` makes a directory here",
				 source)
		       : -1;
}

int spec_add_bind(const char *option, const char *text, const char *source, const char *destination,
		  const struct str_list *option_words, struct container_config *config,
		  struct error *err)
{
	autofree char *given = str_format("--%s %s", option, text), *path = NULL;
	struct chosen chosen = { 0 };
	struct mount_options options = { 0 };
	struct config_mount *mount;

	for (size_t i = 0; i < option_words->count; i++)
		if (*option_words->items[i] &&
		    choose_option(given, option_words->items[i], &chosen, err) < 0)
			return -1;
	add_chosen(&chosen, &config->arena, &options);
	path = resolve_source(source, &options);
	if (!path)
		return source_not_found(option, source, err);
	mount = config_add_mount(config, destination, "bind", path);
	mount->options = options;
	return 0;
}

int spec_add_volume(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy, *source = strsep(&rest, ":"), *destination = strsep(&rest, ":");
	autostrlist struct str_list option_words = { 0 };

	if (!destination) {
		error_set(err, 0, "--volume %s: expected SOURCE:DESTINATION[:OPTIONS]", text);
		return error_hint(err, "--tmpfs %s mounts an empty file system in memory", text);
	}
	if (!*source)
		return error_set(err, 0, "--volume %s: the source is empty", text);
	if (destination[0] != '/')
		return error_set(err, 0, "--volume %s: the destination '%s' isn't an absolute path",
				 text, destination);
	for (char *word; (word = strsep(&rest, ","));)
		str_list_add(&option_words, word);
	return spec_add_bind("volume", text, source, destination, &option_words, config, err);
}

void spec_add_private_bind(const char *source, const char *destination, unsigned int traits,
			   uint64_t attributes, struct container_config *config)
{
	struct config_mount *mount = config_add_mount(config, destination, "bind", source);

	mount->options.traits = MOUNT_TRAIT_BIND | traits;
	mount_change_set(&mount->options.top, attributes);
	mount_options_add_propagation(&mount->options, &config->arena, MOUNT_RPRIVATE);
	config_mount_set_kind(mount);
}
