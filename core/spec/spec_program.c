// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/json_tree.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/shapes.h"
#include "core/spec/spec_steps.h"

/* ---- --entrypoint ---- */

/* @text is a JSON list of strings, whose document must be an object. */
static int add_json_words(const char *text, struct container_config *config, struct error *err)
{
	autofree char *document = str_format("{\"entrypoint\":%s}", text);
	struct error ignored = ERROR_NONE;
	struct json_node *root;
	const struct json_node *list;

	if (json_tree_parse(document, strlen(document), JSON_TEXT_UTF8, &config->arena, &root,
			    &ignored) < 0 ||
	    root->count != 1 || root->first->type != JSON_TYPE_ARRAY || root->first->count == 0)
		return spec_refuse("entrypoint", text, "expected a JSON list of strings", err);
	list = root->first;
	for (const struct json_node *word = list->first; word; word = word->next) {
		if (word->type != JSON_TYPE_STRING)
			return spec_refuse("entrypoint", text, "expected a JSON list of strings",
					   err);
		config_list_add(&config->arena, &config->process->args, word->text);
	}
	return 0;
}

static void add_words(const struct str_list *words, struct container_config *config)
{
	for (size_t i = 0; i < words->count; i++)
		config_list_add(&config->arena, &config->process->args, words->items[i]);
}

/* The program and its first arguments; the command's words follow.  "": none, the command alone. */
static int apply_entrypoint(const struct spec_options *options, struct container_config *config,
			    struct error *err)
{
	const char *text = options->words.entrypoint;
	struct str_list *args = &config->process->args;

	if (!text || !*text)
		return 0;
	*args = (struct str_list){ 0 };
	config_remove_annotation(config, CONFIG_ANNOTATION_SHELL);
	if (*text != '[')
		config_list_add(&config->arena, args, text);
	else if (add_json_words(text, config, err) < 0)
		return -1;
	add_words(&options->command, config);
	return 0;
}

/*
 * --entrypoint takes the place of the image's Entrypoint and of its Cmd, and a command that of its Cmd.
 * Source: podman-run(1), "--entrypoint"; OCI image-spec, config.md "Cmd".
 */
static int apply_image_program(const struct spec_options *options, struct container_config *config,
			       struct error *err)
{
	const struct image_config *image = options->image->config;
	const char *entrypoint = options->words.entrypoint;

	config_remove_annotation(config, CONFIG_ANNOTATION_SHELL);
	config->process->args = (struct str_list){ 0 };
	if (!entrypoint)
		add_words(&image->entrypoint, config);
	else if (apply_entrypoint(options, config, err) < 0)
		return -1;
	if (!entrypoint || !*entrypoint)
		add_words(&options->command, config);
	if (!entrypoint && options->command.count == 0)
		add_words(&image->cmd, config);
	if (config->process->args.count > 0)
		return 0;
	error_set(err, 0, "the image %s names no program", options->image->name);
	return error_hint(err, "give a COMMAND");
}

/* ---- --group-add ---- */

void spec_add_gid(uint32_t gid, struct container_config *config)
{
	struct config_user *user = config->process->user;

	for (size_t i = 0; i < user->additional_gids.count; i++)
		if (user->additional_gids.items[i] == gid)
			return;
	user->additional_gids.items =
		arena_grow(&config->arena, user->additional_gids.items, user->additional_gids.count,
			   sizeof(*user->additional_gids.items));
	user->additional_gids.items[user->additional_gids.count++] = gid;
}

/*
 * Numbers are groups at once.  Names are looked up by init, in the files that the container will have: an
 * overlay or a volume may bring the group.
 */
static int apply_groups(const struct str_list *groups, struct container_config *config,
			struct error *err)
{
	autostrbuf struct strbuf names = { 0 };

	for (size_t i = 0; i < groups->count; i++) {
		const char *text = groups->items[i];
		uint32_t gid;

		if (str_equal(text, "keep-groups")) {
			if (groups->count > 1)
				return spec_refuse("group-add", "keep-groups",
						   "no other group can be added then", err);
			config_set_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS, "1");
			return 0;
		}
		if (!*text || strpbrk(text, ":\n"))
			return spec_refuse("group-add", text, "expected a group", err);
		if (number_parse_u32(text, UINT32_MAX - 1, &gid) == 0)
			spec_add_gid(gid, config);
		else
			strbuf_addf(&names, "%s%s", names.size ? "\n" : "", text);
	}
	if (names.size)
		config_set_annotation(config, CONFIG_ANNOTATION_GROUPS, names.bytes);
	return 0;
}

/* ---- numbers ---- */

static int set_umask(const char *text, struct config_user *user, struct error *err)
{
	size_t digits = strspn(text, "01234567");

	if (digits == 0 || digits > 4 || text[digits])
		return spec_refuse("umask", text, "expected an octal number such as 0027", err);
	user->umask = (struct opt_u64){ true, strtoul(text, NULL, 8) & 0777 };
	return 0;
}

/* Only root of the host can go below the caller's own value, which would be kept without a word. */
static int check_oom_score(const char *text, int64_t score, const struct spec_caller *caller,
			   struct error *err)
{
	autofree char *own = NULL, *reason = NULL;
	size_t size;

	if (caller->uid == 0 || fd_read_file("/proc/self/oom_score_adj", 32, &own, &size) < 0 ||
	    score >= strtol(own, NULL, 10))
		return 0;
	reason = str_format("only root can go below the caller's own value %ld",
			    strtol(own, NULL, 10));
	return spec_refuse("oom-score-adj", text, reason, err);
}

static int apply_oom_score(const char *text, const struct spec_caller *caller,
			   struct config_process *process, struct error *err)
{
	if (number_parse_i64(text, -1000, 1000, &process->oom_score_adj.value) < 0)
		return spec_refuse("oom-score-adj", text, "expected a number from -1000 to 1000",
				   err);
	process->oom_score_adj.set = true;
	return check_oom_score(text, process->oom_score_adj.value, caller, err);
}

static int set_personality(const char *text, struct container_config *config, struct error *err)
{
	int domain = str_find_any_case(config_personality_domains, text);

	if (domain < 0)
		return spec_refuse("personality", text, "expected LINUX or LINUX32", err);
	config->linux->personality =
		arena_alloc(&config->arena, sizeof(*config->linux->personality));
	config->linux->personality->domain = domain;
	return 0;
}

/* ---- the step ---- */

int spec_apply_program(const struct spec_options *options, const struct spec_caller *caller,
		       struct container_config *config, struct error *err)
{
	const struct spec_words *words = &options->words;

	if (error_gather(err, options->image ? apply_image_program(options, config, err)
					     : apply_entrypoint(options, config, err)) < 0 ||
	    error_gather(err, apply_groups(&words->group_add, config, err)) < 0)
		return -1;
	if (words->domainname && options->uts && !str_equal(options->uts, "private"))
		return spec_refuse_shared("domainname", words->domainname, "uts", options->uts,
					  err);
	if (words->domainname)
		config->domainname = arena_str(&config->arena, words->domainname);
	if ((words->umask && set_umask(words->umask, config->process->user, err) < 0) ||
	    (words->oom_score_adj &&
	     apply_oom_score(words->oom_score_adj, caller, config->process, err) < 0) ||
	    (words->personality && set_personality(words->personality, config, err) < 0))
		return -1;
	for (size_t i = 0; i < words->sysctls.count; i++)
		if (spec_add_pair("sysctl", words->sysctls.items[i], "expected NAME=VALUE",
				  &config->arena, &config->linux->sysctl, err) < 0)
			return -1;
	return 0;
}
