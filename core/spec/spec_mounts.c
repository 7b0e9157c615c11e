// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_hidden.h"
#include "core/spec/spec_steps.h"
#include "core/spec/spec_volume.h"

static int add_tmpfs(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy, *destination = strsep(&rest, ":");
	struct config_mount *mount;

	if (destination[0] != '/')
		return spec_refuse("tmpfs", text, "expected an absolute path", err);
	mount = config_add_mount(config, destination, "tmpfs", "tmpfs");
	mount->options.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	mount_options_add_datum(&mount->options, &config->arena, "mode", "1777");
	mount_options_add(&mount->options, &config->arena, rest ? rest : "");
	config_mount_set_kind(mount);
	return 0;
}

/* ---- the host's own system as the root file system ---- */

/*
 * The host's passwd names the home of keep-id's user, and that home is hidden.  So the user finds
 * an empty directory there, which belongs to the user.
 */
static int add_home_tmpfs(const struct spec_account *account, struct container_config *config,
			  struct error *err)
{
	autofree char *text = NULL, *home = NULL;

	if (!account->keep_id || account->home[0] != '/' || strchr(account->home, ':'))
		return 0;
	home = path_clean(account->home);
	if (spec_hidden_is_system(home))
		return 0;
	text = str_format("%s:mode=0700,uid=%" PRIu32 ",gid=%" PRIu32, home, account->uid,
			  account->gid);
	return add_tmpfs(text, config, err);
}

/*
 * Hides what belongs to people and to the running host (spec_hidden.h).  Programs expect that they
 * can write to some of the hidden directories: a tmpfs there needs no overlay, and works with
 * --read-only too.
 */
static int hide_host(const struct spec_caller *caller, const struct spec_account *account,
		     struct container_config *config, struct error *err)
{
	static const char *const writable[] = { "/home:mode=0755", "/root:mode=0700",
						"/run:mode=0755", "/tmp", "/var/tmp" };
	char *hidden;

	if (spec_hidden_text("", caller->uid, &caller->private_paths, &config->arena, &hidden,
			     err) < 0)
		return -1;
	config_set_annotation(config, CONFIG_ANNOTATION_HIDDEN, hidden);
	for (size_t i = 0; i < ARRAY_SIZE(writable); i++)
		if (add_tmpfs(writable[i], config, err) < 0)
			return -1;
	return add_home_tmpfs(account, config, err);
}

/*
 * Adds the caller's own list to the list of hide_host().  If it replaced that list, hiding one more
 * directory would open all homes to the container.
 */
void spec_hide_more(const char *paths, struct container_config *config)
{
	const char *hidden = config_annotation(config, CONFIG_ANNOTATION_HIDDEN);
	autofree char *both = str_format("%s\n%s", hidden, paths);

	config_set_annotation(config, CONFIG_ANNOTATION_HIDDEN, both);
}

/* ---- the step ---- */

int spec_apply_mounts(const struct spec_options *options, const struct spec_caller *caller,
		      const struct spec_account *account, struct container_config *config,
		      struct error *err)
{
	if (spec_root_is_host(config) && hide_host(caller, account, config, err) < 0)
		return -1;
	for (size_t i = 0; i < options->tmpfs.count; i++)
		if (add_tmpfs(options->tmpfs.items[i], config, err) < 0)
			return -1;
	for (size_t i = 0; i < options->volumes.count; i++)
		if (error_gather(err, spec_add_volume(options->volumes.items[i], config, err)) < 0)
			return -1;
	return 0;
}
