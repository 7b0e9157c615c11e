// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_account.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
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

/* The file as the container will have it; "" if there is no file and no line to add. */
static char *file_with(int root, const char *path, const char *lines)
{
	autofree char *file = root < 0 ? str_dup("") : passwd_read(root, path);
	autostrbuf struct strbuf text = { 0 };

	passwd_merge(file, lines, &text);
	return str_dup(text.bytes);
}

int spec_account_find(const char *text, struct spec_account *account,
		      struct container_config *config, struct error *err)
{
	/*
	 * If the root can't be opened, it has no names here, and mounting it fails with the reason.
	 */
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *line = account->keep_id ? caller_line(account, "", "") : str_dup("");
	autofree char *group_line = account->keep_id ? caller_group_line(account) : str_dup("");
	autofree char *passwd = file_with(root, "/etc/passwd", line);
	autofree char *group = file_with(root, "/etc/group", group_line);
	struct config_user *user = config->process->user;
	struct passwd_user found;

	if (passwd_find_user(passwd, group, text, &config->arena, &found, err) < 0)
		return error_prefix(err, "--user %s", text);
	user->uid = (struct opt_u64){ true, found.uid };
	user->gid = (struct opt_u64){ true, found.gid };
	if (found.group_count > 0) {
		user->additional_gids.items = found.groups;
		user->additional_gids.count = found.group_count;
	}
	account->has_user = !found.found;
	account->has_user_group = !found.found && strchr(text, ':');
	account->user_uid = found.uid;
	account->user_gid = found.gid;
	return 0;
}

/* ---- the lines ---- */

/* Looks in the root file system, and in the changes of an earlier run that the overlay keeps. */
static bool root_has(const struct container_config *config, const char *path, uint64_t flags)
{
	const char *overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	autofree char *upper = str_format("%s/upper", overlay ? overlay : "");
	const char *roots[] = { config->root->path, overlay ? upper : NULL };

	for (size_t i = 0; i < ARRAY_SIZE(roots) && roots[i]; i++) {
		autoclose int root = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		autoclose int fd =
			root < 0 ? -1
				 : path_open_in_root(root, path, flags | O_PATH | O_CLOEXEC, 0);

		if (fd >= 0)
			return true;
	}
	return false;
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
