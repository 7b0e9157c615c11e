// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_account.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
#include "core/spec/spec_hidden.h"
#include "core/spec/spec_steps.h"
#include "rootless/name.h"

#define DEFAULT_SHELL "/bin/sh"

/* "*": no password fits, and shadow(5) isn't looked at. */
#define NO_PASSWORD "*"

/*
 * Copies @text into the arena and frees it.  @otherwise is copied if @text is NULL, empty, or not
 * UTF-8, as the config is JSON.
 */
static const char *text_or(struct arena *arena, char *text, const char *otherwise)
{
	bool good = text && *text && utf8_is_valid((const unsigned char *)text, strlen(text));
	const char *kept = arena_str(arena, good ? text : otherwise);

	free(text);
	return kept;
}

static const char *number_text(struct arena *arena, uint32_t number)
{
	return arena_strf(arena, "%" PRIu32, number);
}

void spec_account_of_caller(const struct spec_caller *caller, struct container_config *config,
			    struct spec_account *ret_account)
{
	struct arena *arena = &config->arena;
	struct passwd_line line;

	name_passwd_line("", caller->uid, &line);
	*ret_account = (struct spec_account){
		.keep_id = true,
		.uid = (uint32_t)config->process->user->uid.value,
		.gid = (uint32_t)config->process->user->gid.value,
		.name = text_or(arena, line.name, number_text(arena, caller->uid)),
		.group = text_or(arena, name_of_group("", caller->gid),
				 number_text(arena, caller->gid)),
		.gecos = text_or(arena, line.gecos, ""),
		.home = text_or(arena, line.home, ""),
		.shell = text_or(arena, line.shell, DEFAULT_SHELL),
	};
}

static bool can_be_home(const char *path)
{
	autofree char *clean = path && path[0] == '/' ? path_clean(path) : NULL;

	return clean && utf8_is_valid((const unsigned char *)path, strlen(path)) &&
	       !strpbrk(path, ":\n") && !spec_hidden_is_system(clean);
}

void spec_account_of_sandbox(const struct spec_caller *caller, struct container_config *config,
			     struct spec_account *ret_account)
{
	const char *home = str_list_value(&caller->env, "HOME");
	autofree char *clean = NULL;

	spec_account_of_caller(caller, config, ret_account);
	ret_account->is_sandbox = true;
	if (!can_be_home(home))
		home = can_be_home(ret_account->home) ? ret_account->home : "/tmp";
	clean = path_clean(home);
	ret_account->home = arena_str(&config->arena, clean);
}

bool spec_account_is_caller(const char *text, const struct spec_caller *caller)
{
	autofree char *name = name_of_user("", caller->uid);
	uint32_t uid;

	return str_equal(text, name) ||
	       (number_parse_u32(text, UINT32_MAX - 1, &uid) == 0 && uid == caller->uid);
}

/* ---- --user ---- */

static char *caller_line(const struct spec_account *account, const char *home, const char *shell)
{
	return str_format("%s:" NO_PASSWORD ":%" PRIu32 ":%" PRIu32 ":%s:%s:%s\n", account->name,
			  account->uid, account->gid, account->gecos, home, shell);
}

static char *caller_group_line(const struct spec_account *account)
{
	return str_format("%s:" NO_PASSWORD ":%" PRIu32 ":\n", account->group, account->gid);
}

/*
 * The file as the container will have it; "" if there is no file and no line to add.  If the root can't
 * be opened, it has no names here, and mounting it fails with the reason.
 */
static char *file_with(const struct container_config *config, const char *path, const char *lines)
{
	autoclose int root = spec_open_layer(config, path, 0);
	autofree char *file = root < 0 ? str_dup("") : passwd_read(root, path);
	autostrbuf struct strbuf text = { 0 };

	passwd_merge(file, lines, &text);
	return str_dup(text.bytes);
}

/* UID:GID needs no look at a file. */
static bool is_two_numbers(const char *text)
{
	autofree char *uid = str_dup(text);
	char *gid = strchr(uid, ':');
	uint32_t number;

	if (!gid)
		return false;
	*gid++ = '\0';
	return number_parse_u32(uid, UINT32_MAX - 1, &number) == 0 &&
	       number_parse_u32(gid, UINT32_MAX - 1, &number) == 0;
}

void spec_account_find(const char *text, struct spec_account *account,
		       struct container_config *config)
{
	autofree char *line = account->keep_id ? caller_line(account, "", "") : str_dup("");
	autofree char *group_line = account->keep_id ? caller_group_line(account) : str_dup("");
	autofree char *passwd = file_with(config, "/etc/passwd", line);
	autofree char *group = file_with(config, "/etc/group", group_line);
	struct config_user *user = config->process->user;
	struct error ignored = ERROR_NONE;
	struct passwd_user found;
	bool numbers = is_two_numbers(text);

	/* An overlay or a volume can have the user: init looks again, and fails if there is none. */
	if (passwd_find_user(passwd, group, text, &config->arena, &found, &ignored) < 0)
		found = (struct passwd_user){ .found = true,
					      .uid = CONFIG_ID_NOBODY,
					      .gid = CONFIG_ID_NOBODY };
	if (!numbers)
		config_set_annotation(config, CONFIG_ANNOTATION_USER, text);
	user->uid = (struct opt_u64){ true, found.uid };
	user->gid = (struct opt_u64){ true, found.gid };
	account->has_user = !found.found;
	account->has_user_group = !found.found && strchr(text, ':');
	account->user_uid = found.uid;
	account->user_gid = found.gid;
}

/* ---- the lines ---- */

static bool root_has(const struct container_config *config, const char *path, uint64_t flags)
{
	autoclose int layer = spec_open_layer(config, path, flags);

	return layer >= 0;
}

/* Is @path the destination of a mount, or below one? */
static bool is_mounted(const struct container_config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		autofree char *point = path_clean(config->mounts.items[i].destination);
		size_t length = strlen(point);

		if (length > 1 && strncmp(path, point, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

/*
 * The host's home if the container has that directory, usually by a volume.  Otherwise the working
 * directory, so that programs find a directory that exists.
 */
static const char *home_of(const struct spec_account *account,
			   const struct container_config *config)
{
	if (account->home[0] == '/' &&
	    (is_mounted(config, account->home) || root_has(config, account->home, O_DIRECTORY)))
		return account->home;
	return config->process->cwd;
}

static const char *shell_of(const struct spec_account *account,
			    const struct container_config *config)
{
	return account->shell[0] == '/' && root_has(config, account->shell, 0) ? account->shell
									       : DEFAULT_SHELL;
}

/*
 * A root file system without passwd or group has no names on purpose, so a number gets no line
 * there.  The caller's own lines are added anyway, as keep-id asks for them.
 */
static void add_user_lines(const struct spec_account *account,
			   const struct container_config *config, struct strbuf *passwd,
			   struct strbuf *group)
{
	if (account->has_user && root_has(config, "/etc/passwd", 0))
		strbuf_addf(passwd,
			    "%" PRIu32 ":" NO_PASSWORD ":%" PRIu32 ":%" PRIu32
			    ":container user:%s:" DEFAULT_SHELL "\n",
			    account->user_uid, account->user_uid, account->user_gid,
			    config->process->cwd);
	if (account->has_user_group && root_has(config, "/etc/group", 0))
		strbuf_addf(group, "%" PRIu32 ":" NO_PASSWORD ":%" PRIu32 ":\n", account->user_gid,
			    account->user_gid);
}

static void set_lines(struct container_config *config, const char *annotation,
		      const struct strbuf *lines)
{
	if (lines->size > 0)
		config_set_annotation(config, annotation, lines->bytes);
}

void spec_account_apply(const struct spec_account *account, struct container_config *config)
{
	autostrbuf struct strbuf passwd = { 0 }, group = { 0 };

	if (account->keep_id) {
		autofree char *line =
			caller_line(account, home_of(account, config), shell_of(account, config));
		autofree char *group_line = caller_group_line(account);

		strbuf_add_str(&passwd, line);
		strbuf_add_str(&group, group_line);
	}
	add_user_lines(account, config, &passwd, &group);
	set_lines(config, CONFIG_ANNOTATION_PASSWD, &passwd);
	set_lines(config, CONFIG_ANNOTATION_GROUP, &group);
}
