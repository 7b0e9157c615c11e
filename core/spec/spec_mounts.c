// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/size.h"
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
	/* /tmp is the home of a caller who has no other. */
	if (spec_hidden_is_system(home) || str_equal(home, "/tmp"))
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

/* ---- the working directory of the sandbox ---- */

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Does the container have the caller's working directory?  The last mount above it decides: a volume
 * has the directory, or not; a new file system is empty.
 */
static bool is_visible(const struct container_config *config, const char *cwd)
{
	for (size_t i = config->mounts.count; i-- > 0;) {
		const struct config_mount *mount = &config->mounts.items[i];
		autofree char *point = path_clean(mount->destination);
		autofree char *source = NULL;

		if (str_equal(point, "/") || !path_is_in(cwd, point))
			continue;
		if (mount->kind != MOUNT_KIND_BIND)
			return str_equal(point, cwd);
		source = str_format("%s%s", mount->source, cwd + strlen(point));
		return is_directory(source);
	}
	return !config_hides(config, cwd) && is_directory(cwd);
}

static void choose_cwd(const struct spec_options *options, const struct spec_caller *caller,
		       const struct spec_account *account, struct container_config *config)
{
	const char *cwd = caller->cwd && caller->cwd[0] == '/' ? caller->cwd : NULL;

	if (!account->is_sandbox || options->workdir)
		return;
	if (cwd && is_visible(config, cwd)) {
		config->process->cwd = arena_str(&config->arena, cwd);
		return;
	}
	config->process->cwd = arena_str(&config->arena, account->home);
	if (cwd)
		log_warning("%s is hidden in the sandbox: the command begins in %s, which is "
			    "empty (hint: --volume \"$PWD:$PWD\" shows it)",
			    cwd, account->home);
}

/* ---- --shm-size, --read-only-tmpfs ---- */

/* tmpfs(5): size=0 is no limit, as in podman. */
static int set_shm_size(const struct spec_options *options, struct container_config *config,
			struct error *err)
{
	const char *text = options->words.shm_size;
	struct config_mount *mount = config_find_mount(config, "/dev/shm");
	int64_t bytes;

	if (!mount || mount->kind != MOUNT_KIND_TMPFS || config_shared_with(options->ipc))
		return spec_refuse_shared("shm-size", text, "ipc", options->ipc, err);
	if (size_parse(text, &bytes) < 0)
		return spec_refuse("shm-size", text, "expected a size such as 64m", err);
	mount_options_add_datum(&mount->options, &config->arena, "size",
				arena_strf(&config->arena, "%" PRId64, bytes));
	return 0;
}

/*
 * With --read-only, programs can still write to where every program expects to.  A mount of the
 * caller's in one of these places comes later, and is the one that the container sees.
 */
static int add_writable_places(struct container_config *config, struct error *err)
{
	static const char *const places[] = { "/tmp:tmpcopyup", "/run:mode=0755,tmpcopyup",
					      "/var/tmp:tmpcopyup" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (add_tmpfs(places[i], config, err) < 0)
			return -1;
	return 0;
}

/*
 * As podman has it: no file system in memory of the container's own can be written to, /dev and the
 * empty directories of the sandbox included.
 */
static void make_tmpfs_read_only(struct container_config *config)
{
	for (size_t i = 0; i < config->mounts.count; i++)
		if (config->mounts.items[i].kind == MOUNT_KIND_TMPFS)
			mount_change_set(&config->mounts.items[i].options.top, MOUNT_ATTR_RDONLY);
}

static int apply_read_only(const struct spec_options *options, struct container_config *config,
			   struct error *err)
{
	if (!options->read_only)
		return 0;
	if (str_equal(options->words.read_only_tmpfs, "false")) {
		make_tmpfs_read_only(config);
		return 0;
	}
	return spec_root_is_host(config) ? 0 : add_writable_places(config, err);
}

/* ---- the caller's own mounts ---- */

/*
 * The later of two mounts on one place hides the other: a slip, which podman and docker refuse too.
 * @own: the first mount of the caller's.
 */
static int refuse_same_place(const struct container_config *config, size_t own, struct error *err)
{
	autotextlist struct str_list places = { 0 };

	for (size_t i = own; i < config->mounts.count; i++) {
		str_list_add(&places, path_clean(config->mounts.items[i].destination));
		for (size_t j = 0; j + 1 < places.count; j++)
			if (str_equal(places.items[j], places.items[i - own]))
				return error_set(err, 0, "%s is the destination of two mounts",
						 places.items[j]);
	}
	return 0;
}

/* ---- the step ---- */

int spec_apply_mounts(const struct spec_options *options, const struct spec_caller *caller,
		      const struct spec_account *account, struct container_config *config,
		      struct error *err)
{
	size_t own;

	if (spec_root_is_host(config) && hide_host(caller, account, config, err) < 0)
		return -1;
	if (apply_read_only(options, config, err) < 0)
		return -1;
	own = config->mounts.count;
	for (size_t i = 0; i < options->tmpfs.count; i++)
		if (add_tmpfs(options->tmpfs.items[i], config, err) < 0)
			return -1;
	if (options->words.shm_size && set_shm_size(options, config, err) < 0)
		return -1;
	if (error_gather(err, spec_apply_home(options, caller, config, err)) < 0)
		return -1;
	for (size_t i = 0; i < options->volumes.count; i++)
		if (error_gather(err, spec_add_volume(options->volumes.items[i], config, err)) < 0)
			return -1;
	for (size_t i = 0; i < options->words.mounts.count; i++)
		if (error_gather(err, spec_add_mount(options->words.mounts.items[i], config, err)) <
		    0)
			return -1;
	if (error_gather(err, refuse_same_place(config, own, err)) < 0)
		return -1;
	/* ORDER: last, since a mount of the caller's takes the place of a volume of the image's. */
	if (options->image &&
	    spec_image_add_volumes(options->image->config, options->words.image_volume, own, config,
				   err) < 0)
		return -1;
	choose_cwd(options, caller, account, config);
	return spec_apply_devices(options, config, err);
}
