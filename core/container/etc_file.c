// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/etc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/config/change.h"
#include "core/config/layers.h"

enum etc_access { ETC_WRITABLE, ETC_READ_ONLY };

/* A mounted directory above the file is the user's, with files of theirs in it. */
static bool is_mounted_by_config(const struct container_config *config, const char *file)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		autofree char *destination = path_clean(config->mounts.items[i].destination);

		if (str_equal(destination, "/etc") || str_equal(destination, file))
			return true;
	}
	return false;
}

/* Sets the mode whatever the caller's umask: the container has other users than its root. */
static int make_etc_file(const struct state_dir *dir, const char *name, const struct strbuf *text,
			 struct error *err)
{
	autoclose int fd =
		openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int failed;

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return error_set(err, errno, "make %s/%s", dir->path, name);
	failed = text->size ? fd_write_all(fd, text->bytes, text->size) : 0;
	return failed < 0 ? error_set(err, -failed, "write %s/%s", dir->path, name) : 0;
}

/* MOUNT_TRAIT_NOFAIL: a root file system in which no file can be made is the user's choice, not a failure. */
static void set_options(struct config_mount *mount, struct arena *arena, unsigned int traits,
			enum etc_access access)
{
	struct mount_options *options = &mount->options;

	options->traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_NOFAIL | traits;
	mount_change_set(&options->top, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (access == ETC_READ_ONLY)
		mount_change_set(&options->top, MOUNT_ATTR_RDONLY);
	else
		mount_change_clear(&options->top, MOUNT_ATTR_RDONLY);
	mount_options_add_propagation(options, arena, MOUNT_RPRIVATE);
}

/* @traits beside those of every such file: how it is written into the container's own. */
static int add_file_at(const char *destination, const struct state_dir *dir, const char *name,
		       const struct strbuf *text, unsigned int traits, enum etc_access access,
		       struct container_config *config, struct error *err)
{
	autofree char *source = path_join(dir->path, name);

	if (is_mounted_by_config(config, destination))
		return 0;
	if (make_etc_file(dir, name, text, err) < 0)
		return -1;
	set_options(config_add_mount(config, destination, "bind", source), &config->arena, traits,
		    access);
	return 0;
}

static int add_etc_file(const struct state_dir *dir, const char *name, const struct strbuf *text,
			unsigned int traits, enum etc_access access,
			struct container_config *config, struct error *err)
{
	autofree char *destination = path_join("/etc", name);

	return add_file_at(destination, dir, name, text, traits, access, config, err);
}

int etc_file_add(const struct state_dir *dir, const char *name, const struct strbuf *text,
		 struct container_config *config, struct error *err)
{
	bool overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;

	return add_etc_file(dir, name, text, overlay ? MOUNT_TRAIT_FILE : 0, ETC_WRITABLE, config,
			    err);
}

/*
 * The whole file, for a mount over the container's own file: a directory as the root can need it,
 * and an overlay doesn't.
 */
static int add_lines(const struct state_dir *dir, const char *name, const char *lines,
		     struct container_config *config, struct error *err)
{
	bool overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY) != NULL;
	bool read_only = config->root->readonly && !overlay;
	autoclose int root = open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *path = path_join("/etc", name);
	autofree char *file = root < 0 ? str_dup("") : passwd_read(root, path);
	autostrbuf struct strbuf text = { 0 };

	passwd_merge(file, lines, &text);
	return add_etc_file(dir, name, &text, read_only ? 0 : MOUNT_TRAIT_LINES,
			    read_only ? ETC_READ_ONLY : ETC_WRITABLE, config, err);
}

int etc_file_add_accounts(const struct state_dir *dir, struct container_config *config,
			  struct error *err)
{
	const char *passwd = config_annotation(config, CONFIG_ANNOTATION_PASSWD);
	const char *group = config_annotation(config, CONFIG_ANNOTATION_GROUP);

	if (passwd && add_lines(dir, STATE_FILE_PASSWD, passwd, config, err) < 0)
		return -1;
	return group ? add_lines(dir, STATE_FILE_GROUP, group, config, err) : 0;
}

/* ---- root emulation ---- */

/* A file of settings, for programs that see or show that root is emulated. */
static const struct setting {
	const char *directory; /* without it, the root file system doesn't have the program */
	const char *destination;
	const char *name; /* in the state directory */
	const char *text;
} settings[] = {
	{ "/etc/apt/apt.conf.d", "/etc/apt/apt.conf.d/99urun", STATE_FILE_APT,
	  "// urun: the container has few ids, and none for the user _apt.\n"
	  "APT::Sandbox::User \"root\";\n" },
	{ "/etc/profile.d", "/etc/profile.d/99urun.sh", STATE_FILE_PROFILE,
	  "# urun: su and login can't change the user where the container has no id for it.\n"
	  "if [ \"${LOGNAME:-${USER:-}}\" ] && [ \"${LOGNAME:-$USER}\" != \"$(id -un)\" ]; then\n"
	  "	echo \"urun: the container has no id for ${LOGNAME:-$USER}: you are $(id -un)\" >&2\n"
	  "fi\n" },
};

static bool has_directory(const struct str_list *layers, const char *path)
{
	for (size_t i = 0; i < layers->count; i++) {
		autoclose int root = open(layers->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		autoclose int found =
			root < 0 ? -1
				 : path_open_in_root(root, path, O_PATH | O_DIRECTORY | O_CLOEXEC,
						     0);

		if (found >= 0)
			return true;
	}
	return false;
}

int etc_file_add_emulation(const struct state_dir *dir, struct container_config *config,
			   struct error *err)
{
	autotextlist struct str_list layers = { 0 };

	/*
	 * Where no mount point can be made, nothing can be installed either: MOUNT_TRAIT_QUIET, as
	 * not every such root is known before (a read-only file system, one without /dev/fuse).
	 */
	if (config->root->readonly)
		return 0;
	if (config_layers(config, &layers, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *setting = &settings[i];
		autostrbuf struct strbuf text = { 0 };

		if (!has_directory(&layers, setting->directory))
			continue;
		strbuf_add_str(&text, setting->text);
		if (add_file_at(setting->destination, dir, setting->name, &text, MOUNT_TRAIT_QUIET,
				ETC_READ_ONLY, config, err) < 0)
			return -1;
	}
	return 0;
}
