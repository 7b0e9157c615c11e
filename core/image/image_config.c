// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/image/image_config.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/str.h"

/* Bytes of a text from a document that an error shows. */
#define CONFIG_SHOWN 100
/*
 * Variables, and labels.  Each is looked for among those before it when it becomes a part of the
 * runtime's config: a document of 4 MB could keep a start busy for minutes.
 */
#define CONFIG_PAIRS_MAX 10000

/* A name of Volumes and ExposedPorts, whose value is an empty object. */
struct config_key {
	char *name;
};

struct inner_document {
	char *user;
	struct str_list env;
	struct str_list entrypoint;
	struct str_list cmd;
	char *working_dir;
	LIST_OF(struct config_key) volumes;
	LIST_OF(struct config_key) exposed_ports;
	char *stop_signal;
	str_map labels;
};

struct rootfs_document {
	char *type;
	struct str_list diff_ids;
};

struct config_document {
	char *os;
	char *architecture;
	char *variant;
	char *created;
	char *author;
	struct inner_document *config;
	struct rootfs_document *rootfs;
};

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

static const struct json_shape key_shape = { .size = sizeof(struct config_key) };

static const struct json_field inner_fields[] = {
	{ "User", JSON_STRING, AT(struct inner_document, user) },
	{ "Env", JSON_STRINGS, AT(struct inner_document, env) },
	{ "Entrypoint", JSON_STRINGS, AT(struct inner_document, entrypoint) },
	{ "Cmd", JSON_STRINGS, AT(struct inner_document, cmd) },
	{ "WorkingDir", JSON_STRING, AT(struct inner_document, working_dir) },
	{ "Volumes", JSON_OBJECT_MAP, AT(struct inner_document, volumes), .shape = &key_shape },
	{ "ExposedPorts", JSON_OBJECT_MAP, AT(struct inner_document, exposed_ports),
	  .shape = &key_shape },
	{ "StopSignal", JSON_STRING, AT(struct inner_document, stop_signal) },
	{ "Labels", JSON_STRING_MAP, AT(struct inner_document, labels) },
};
static const struct json_shape inner_shape = JSON_SHAPE(struct inner_document, inner_fields);

static const struct json_field rootfs_fields[] = {
	{ "type", JSON_STRING, AT(struct rootfs_document, type) },
	{ "diff_ids", JSON_STRINGS, AT(struct rootfs_document, diff_ids) },
};
static const struct json_shape rootfs_shape = JSON_SHAPE(struct rootfs_document, rootfs_fields);

static const struct json_field config_fields[] = {
	{ "os", JSON_STRING, AT(struct config_document, os) },
	{ "architecture", JSON_STRING, AT(struct config_document, architecture) },
	{ "variant", JSON_STRING, AT(struct config_document, variant) },
	{ "created", JSON_STRING, AT(struct config_document, created) },
	{ "author", JSON_STRING, AT(struct config_document, author) },
	{ "config", JSON_OBJECT, AT(struct config_document, config), .shape = &inner_shape },
	{ "rootfs", JSON_OBJECT, AT(struct config_document, rootfs), .shape = &rootfs_shape },
};
static const struct json_shape image_config_shape =
	JSON_SHAPE(struct config_document, config_fields);

void image_config_release(struct image_config *config)
{
	arena_release(&config->arena);
	*config = (struct image_config){ 0 };
}

/* docker writes "" for what isn't given. */
static const char *unless_empty(const char *text)
{
	return text && text[0] ? text : NULL;
}

static int convert_word(const char *what, const char *word,
			char ret_word[static PLATFORM_WORD_SIZE], struct error *err)
{
	if (platform_take_word(word, ret_word))
		return 0;
	if (strlen(word) >= PLATFORM_WORD_SIZE)
		return error_set(err, 0, "%s has more than %d bytes", what, PLATFORM_WORD_SIZE - 1);
	return error_set(err, 0, "%s is '%s', not letters, digits, '.', '_' and '-'", what, word);
}

static int convert_diff_ids(const struct rootfs_document *rootfs, struct image_config *config,
			    struct error *err)
{
	char what[48];

	if (!rootfs)
		return error_set(err, 0, "there is no rootfs.diff_ids");
	if (rootfs->type && rootfs->type[0] && !str_equal(rootfs->type, "layers"))
		return error_set(err, 0, "rootfs.type must be layers, not '%.*s'", CONFIG_SHOWN,
				 rootfs->type);
	if (rootfs->diff_ids.count > IMAGE_LAYERS_MAX)
		return error_set(err, 0, "%zu layers, more than %d", rootfs->diff_ids.count,
				 IMAGE_LAYERS_MAX);
	config->diff_id_count = rootfs->diff_ids.count;
	config->diff_ids =
		arena_alloc(&config->arena, config->diff_id_count * sizeof(*config->diff_ids));
	for (size_t i = 0; i < config->diff_id_count; i++) {
		snprintf(what, sizeof(what), "rootfs.diff_ids[%zu]", i);
		if (digest_parse(what, rootfs->diff_ids.items[i], &config->diff_ids[i], err) < 0)
			return -1;
	}
	return 0;
}

/* An entry that isn't NAME=VALUE would make the runtime's config invalid. */
static struct str_list variables_of(const struct str_list *env, struct arena *arena)
{
	struct str_list list = { .items = arena_alloc(arena, env->count * sizeof(char *)) };

	for (size_t i = 0; i < env->count; i++) {
		if (env->items[i][0] != '=' && strchr(env->items[i], '='))
			list.items[list.count++] = env->items[i];
		else
			log_warning("the image's config: config.Env[%zu]: '%.*s' isn't "
				    "NAME=VALUE, and is left out",
				    i, CONFIG_SHOWN, env->items[i]);
	}
	return list;
}

static struct str_list keys_of(const struct config_key *keys, size_t count, struct arena *arena)
{
	struct str_list list = { .items = arena_alloc(arena, count * sizeof(char *)),
				 .count = count };

	for (size_t i = 0; i < count; i++)
		list.items[i] = keys[i].name;
	return list;
}

static int check_count(const char *what, size_t count, struct error *err)
{
	return count > CONFIG_PAIRS_MAX
		       ? error_set(err, 0, "config.%s has %zu entries, more than %d", what, count,
				   CONFIG_PAIRS_MAX)
		       : 0;
}

static int convert_inner(const struct inner_document *inner, struct image_config *config,
			 struct error *err)
{
	struct arena *arena = &config->arena;

	if (!inner)
		return 0;
	if (check_count("Env", inner->env.count, err) < 0 ||
	    check_count("Labels", inner->labels.count, err) < 0)
		return -1;
	config->user = unless_empty(inner->user);
	config->env = variables_of(&inner->env, arena);
	config->entrypoint = inner->entrypoint;
	config->cmd = inner->cmd;
	config->working_dir = unless_empty(inner->working_dir);
	config->volumes = keys_of(inner->volumes.items, inner->volumes.count, arena);
	config->exposed_ports =
		keys_of(inner->exposed_ports.items, inner->exposed_ports.count, arena);
	config->stop_signal = unless_empty(inner->stop_signal);
	config->labels = inner->labels;
	return 0;
}

static int read_image_config(const char *bytes, size_t size, struct image_config *config,
			     struct error *err)
{
	struct config_document document;

	if (size > IMAGE_DOCUMENT_MAX)
		return error_set(err, 0, "it has more than %u bytes", IMAGE_DOCUMENT_MAX);
	if (json_read(bytes, size, &image_config_shape, &document, &config->arena, err) < 0 ||
	    convert_word("os", document.os, config->platform.os, err) < 0 ||
	    convert_word("architecture", document.architecture, config->platform.architecture,
			 err) < 0 ||
	    convert_word("variant", document.variant, config->platform.variant, err) < 0 ||
	    convert_diff_ids(document.rootfs, config, err) < 0)
		return -1;
	config->created = unless_empty(document.created);
	config->author = unless_empty(document.author);
	return convert_inner(document.config, config, err);
}

int image_config_read(const char *bytes, size_t size, struct image_config *ret_config,
		      struct error *err)
{
	autoimageconfig struct image_config config = { 0 };

	if (read_image_config(bytes, size, &config, err) < 0)
		return error_prefix(err, "the image's config");
	*ret_config = config;
	config = (struct image_config){ 0 };
	return 0;
}

int image_config_check_layers(const struct image_config *config,
			      const struct image_manifest *manifest, struct error *err)
{
	if (config->diff_id_count == manifest->layer_count)
		return 0;
	return error_set(err, 0, "the manifest has %zu layers, but the image's config has %zu",
			 manifest->layer_count, config->diff_id_count);
}

/*
 * Does the processor of @wanted run programs of @offered?  It may run more than an index is
 * searched for: with amd64, an image that there is for 386 alone.
 */
static bool processor_runs(const struct platform *wanted, const struct platform *offered)
{
	return platform_rank(wanted, offered) >= 0 || (str_equal(wanted->architecture, "amd64") &&
						       str_equal(offered->architecture, "386"));
}

int image_config_check_platform(const struct image_config *config, const struct platform *wanted,
				struct error *err)
{
	struct platform offered = config->platform;
	char shown[PLATFORM_TEXT_SIZE], wished[PLATFORM_TEXT_SIZE];

	if (offered.os[0] == '\0')
		snprintf(offered.os, sizeof(offered.os), "linux");
	if (!str_equal(offered.os, "linux"))
		return error_set(err, 0, "the image is for %s, not for linux", offered.os);
	if (offered.architecture[0] == '\0' || processor_runs(wanted, &offered))
		return 0;
	platform_print(&offered, shown);
	platform_print(wanted, wished);
	error_set(err, 0, "the image is for %s, not for %s", shown, wished);
	return error_hint(err,
			  "--platform=%s takes it, and its programs run where the host can "
			  "execute them, by qemu for example",
			  shown);
}
