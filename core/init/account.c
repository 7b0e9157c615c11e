// SPDX-License-Identifier: Apache-2.0
// Runs in: init, setns.
#include "core/init/account.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"

/* ---- the user ---- */

static int look_up(int root, const char *text, struct arena *arena, struct passwd_user *ret_user,
		   struct error *err)
{
	autofree char *passwd = passwd_read(root, "/etc/passwd");
	autofree char *group = passwd_read(root, "/etc/group");

	return passwd_find_user(passwd, group, text, arena, ret_user, err);
}

static void put_groups_before(const gid_t *gids, size_t count, struct arena *arena,
			      struct config_user *user)
{
	gid_t *all = arena_alloc(arena, (count + user->additional_gids.count) * sizeof(*all));

	memcpy(all, gids, count * sizeof(*all));
	if (user->additional_gids.count > 0)
		memcpy(all + count, user->additional_gids.items,
		       user->additional_gids.count * sizeof(*all));
	user->additional_gids.items = all;
	user->additional_gids.count += count;
}

static void add_own_groups(const struct passwd_user *found, enum user_groups groups,
			   enum log_level told, struct arena *arena, struct config_user *user)
{
	if (found->group_count == 0)
		return;
	if (groups == USER_GROUPS_DENIED)
		log_line(told, "the groups that the container's /etc/group gives the user aren't "
			       "set, as the user namespace denies setgroups(2)");
	if (groups == USER_GROUPS_SET)
		put_groups_before(found->groups, found->group_count, arena, user);
}

int account_add_groups(int root, enum user_groups groups, struct container_config *config,
		       size_t *ret_count, struct error *err)
{
	const char *names = config_annotation(config, CONFIG_ANNOTATION_GROUPS);
	autofree char *file = NULL;
	gid_t *gids;

	*ret_count = 0;
	if (!names || groups != USER_GROUPS_SET)
		return 0;
	file = passwd_read(root, "/etc/group");
	if (passwd_find_groups(file, names, &config->arena, &gids, ret_count, err) < 0)
		return error_prefix(err, "--group-add");
	if (*ret_count > 0)
		put_groups_before(gids, *ret_count, &config->arena, config->process->user);
	return 0;
}

/*
 * The config was made when the ids weren't known, so it may have the capabilities of an ordinary user: in the
 * bounding set alone.  Too many in the other sets do no harm: execve(2) clears them for a user other
 * than root.
 */
static void fill_capabilities_of_root(struct config_process *process)
{
	struct config_capabilities *sets = process->capabilities;

	if (!sets || process->user->uid.value != 0 || sets->permitted || sets->effective)
		return;
	sets->permitted = sets->bounding;
	sets->effective = sets->bounding;
}

int account_find_user(int root, enum user_groups groups, enum log_level told,
		      struct container_config *config, struct error *err)
{
	const char *text = config_annotation(config, CONFIG_ANNOTATION_USER), *home;
	struct config_process *process = config->process;
	struct passwd_user found;

	if (!text || !process)
		return 0;
	if (look_up(root, text, &config->arena, &found, err) < 0)
		return error_prefix(err, "--user %s", text);
	process->user->uid.value = found.uid;
	process->user->gid.value = found.gid;
	add_own_groups(&found, groups, told, &config->arena, process->user);
	fill_capabilities_of_root(process);
	/* Several users can have one number: the home is that of the user who was named. */
	home = config_env(process, "HOME");
	if ((!home || !*home) && found.home[0] == '/')
		config_set_env(config, "HOME", found.home);
	return 0;
}

void account_find_ids(int root, struct container_config *config)
{
	const char *text = config_annotation(config, CONFIG_ANNOTATION_USER);
	struct error ignored = ERROR_NONE;
	struct passwd_user found;

	if (!text || look_up(root, text, &config->arena, &found, &ignored) < 0)
		return;
	config->process->user->uid.value = found.uid;
	config->process->user->gid.value = found.gid;
}

/* ---- the shell ---- */

/* Programs that stand in passwd for a user who can't log in, or whose login only does one thing. */
static bool is_no_shell(const char *path)
{
	static const char *const names[] = {
		"nologin", "false", "true", "sync", "halt", "shutdown"
	};
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

const char *account_shell(int root, struct container_config *config)
{
	const char *text = config_annotation(config, CONFIG_ANNOTATION_USER);
	const struct config_process *process = config->process;
	autofree char *number = NULL;
	struct error ignored = ERROR_NONE;
	struct passwd_user found;

	if (!process || process->args.count != 1 ||
	    !str_equal(process->args.items[0], CONFIG_SHELL) ||
	    !str_equal(config_annotation(config, CONFIG_ANNOTATION_SHELL), CONFIG_SHELL_OF_PASSWD))
		return NULL;
	number = str_format("%" PRIu64, process->user->uid.value);
	if (look_up(root, text ? text : number, &config->arena, &found, &ignored) < 0 ||
	    found.shell[0] != '/' || is_no_shell(found.shell))
		return NULL;
	return found.shell;
}

/* ---- the terminal ---- */

static const char *const terminfo_directories[] = {
	"/etc/terminfo",
	"/lib/terminfo",
	"/usr/share/terminfo",
};

static bool has_file(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_CLOEXEC, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The entries are in directories that are named by the first byte, as a letter or in hexadecimal digits. */
static bool has_terminfo(int root, const char *term)
{
	for (size_t i = 0; i < ARRAY_SIZE(terminfo_directories); i++) {
		const char *directory = terminfo_directories[i];
		autofree char *letter = str_format("%s/%c/%s", directory, term[0], term);
		autofree char *digits =
			str_format("%s/%02x/%s", directory, (unsigned char)term[0], term);

		if (has_file(root, letter) || has_file(root, digits))
			return true;
	}
	return false;
}

void account_fit_term(int root, struct container_config *config)
{
	const char *instead = config_annotation(config, CONFIG_ANNOTATION_TERM);
	const char *term = config->process ? config_env(config->process, "TERM") : NULL;

	if (!instead || !*instead || !term || str_equal(term, instead))
		return;
	if (!*term || strchr(term, '/') || !has_terminfo(root, term))
		config_set_env(config, "TERM", instead);
}
