// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/mount_filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc_cgroup.h"
#include "core/base/mountinfo.h"
#include "core/base/str.h"
#include "core/rootfs/tree.h"
#include "rootless/idmap.h"

#define FSCONFIG_VALUE_MAX 255

uint64_t mount_filesystem_attrs(const struct mount_step *step)
{
	uint64_t attrs = mount_options_attrs(&step->options);

	return step->filled_later ? attrs & ~(uint64_t)MOUNT_ATTR_RDONLY : attrs;
}

/*
 * Appends the kernel's message in the file system context ("e tmpfs: Bad value for 'size'") to the
 * error's text.
 */
static int add_kernel_message(int fs, struct error *err)
{
	char message[512];
	ssize_t size = read(fs, message, sizeof(message) - 1);
	size_t used = strlen(err->text);

	if (size <= 2 || (message[0] != 'e' && message[0] != 'w'))
		return -1;
	message[size] = '\0';
	message[strcspn(message, "\n")] = '\0';
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", message + 2);
	return -1;
}

/* Is @id one of this user namespace?  @map is "uid_map" or "gid_map" of /proc/self. */
static bool id_is_mapped(const char *map, uint32_t id)
{
	autofree char *path = str_format("/proc/self/%s", map);
	struct error ignored = ERROR_NONE;
	struct idmap ids;

	return idmap_load(path, &ids, &ignored) < 0 || idmap_maps_inner(&ids, id);
}

static int option_set(const struct mount_step *step, int fs, const struct mount_datum *datum,
		      struct error *err)
{
	const char *value = datum->value;
	bool group;
	uint32_t id;

	if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, datum->key, value, 0) ==
	    0)
		return 0;
	error_set(err, errno, "mount %s on %s: option '%s%s%s'", step->type ? step->type : "",
		  step->destination, datum->key, value ? "=" : "", value ? value : "");
	if (mount_datum_id(datum, &group, &id) && !id_is_mapped(group ? "gid_map" : "uid_map", id))
		error_hint(err, "%s %u has no mapping in the container's user namespace",
			   group ? "gid" : "uid", id);
	return add_kernel_message(fs, err);
}

static int options_set(const struct mount_step *step, int fs, struct error *err)
{
	const struct mount_options *options = &step->options;

	const char *word;

	for (size_t i = 0; (word = mount_super_word(&options->super, i)); i++)
		if (option_set(step, fs, &(struct mount_datum){ .key = word }, err) < 0)
			return -1;
	for (size_t i = 0; i < options->data.count; i++)
		if (option_set(step, fs, &options->data.items[i], err) < 0)
			return -1;
	return 0;
}

static bool is_selinux_on(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (unsigned int)fs.f_type == SELINUX_MAGIC;
}

/* The policy labels the files of these kinds itself. */
static bool kind_takes_context(enum mount_kind kind)
{
	return kind != MOUNT_KIND_PROC && kind != MOUNT_KIND_SYSFS && kind != MOUNT_KIND_MQUEUE &&
	       kind != MOUNT_KIND_CGROUP;
}

/* Options that a mount gets though they aren't in the config. */
struct implied {
	struct mount_datum items[3];
	size_t count;
	char mode[8];
};

static int implied_options(const struct mount_plan *plan, const struct mount_step *step, int target,
			   struct implied *implied, struct error *err)
{
	struct stat st;

	implied->count = 0;
	/* A tmpfs on /tmp is expected to have mode 1777, on a home directory 0700. */
	if (step->kind == MOUNT_KIND_TMPFS && !mount_options_find(&step->options, "mode") &&
	    fstat(target, &st) == 0) {
		snprintf(implied->mode, sizeof(implied->mode), "%o", st.st_mode & 07777);
		implied->items[implied->count++] = (struct mount_datum){ "mode", implied->mode, 0 };
	}
	if (plan->context && *plan->context && kind_takes_context(step->kind)) {
		if (!is_selinux_on())
			return error_set(err, 0,
					 "linux.mountLabel: SELinux is not enabled on this host");
		implied->items[implied->count++] =
			(struct mount_datum){ plan->context_type, plan->context, 0 };
	}
	/*
	 * Without it the overlay uses xattrs trusted.*, which a user namespace can't write (Linux
	 * 5.11).
	 */
	if (step->kind == MOUNT_KIND_OVERLAY && !plan->has_host_rights &&
	    !mount_options_find(&step->options, "userxattr"))
		implied->items[implied->count++] = (struct mount_datum){ "userxattr", NULL, 0 };
	return 0;
}

static int options_set_implied(const struct mount_plan *plan, const struct mount_step *step,
			       int target, int fs, struct error *err)
{
	struct implied implied;

	if (implied_options(plan, step, target, &implied, err) < 0)
		return -1;
	for (size_t i = 0; i < implied.count; i++)
		if (option_set(step, fs, &implied.items[i], err) < 0)
			return -1;
	return 0;
}

/*
 * A mount of an outer container on a part of /proc, because of which the kernel refuses a whole
 * procfs.
 */
static char *find_proc_overmount(void)
{
	autofree char *text = NULL;
	struct mountinfo mount;
	size_t size;
	char *rest;

	if (fd_read_file("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size) < 0)
		return NULL;
	rest = text;
	while (mountinfo_next(&rest, &mount))
		if (str_starts_with(mount.point, "/proc/") &&
		    !str_starts_with(mount.point, "/proc/sys/fs/binfmt_misc"))
			return str_dup(mount.point);
	return NULL;
}

static void hint_proc(const struct mount_plan *plan, struct error *err)
{
	autofree char *over = NULL;

	if (!plan->own_pid_namespace) {
		error_hint(
			err,
			"the container has no new pid namespace: bind the host's /proc (type bind, option rbind)");
		return;
	}
	over = find_proc_overmount();
	if (over)
		error_hint(
			err,
			"an outer container masks parts of /proc (%s): start that one with --security-opt unmask=ALL "
			"(urun, podman) or --security-opt systempaths=unconfined (docker)",
			over);
}

static bool is_for_user_namespaces(const struct mount_step *step)
{
	return step->kind != MOUNT_KIND_OTHER || str_equal(step->type, "ramfs") ||
	       str_equal(step->type, "fuse") || str_equal(step->type, "binfmt_misc");
}

static void hint_refused(const struct mount_plan *plan, const struct mount_step *step,
			 struct error *err)
{
	if (step->kind == MOUNT_KIND_PROC)
		hint_proc(plan, err);
	else if (step->kind == MOUNT_KIND_MQUEUE && !plan->own_ipc_namespace)
		error_hint(err,
			   "the container has no new ipc namespace: bind the host's /dev/mqueue");
	else if (!is_for_user_namespaces(step))
		error_hint(
			err,
			"only root of the host can mount %s: bind a mounted one, or use a FUSE program",
			step->type);
}

static int make_error(const struct mount_plan *plan, const struct mount_step *step, int fs,
		      struct error *err)
{
	error_set(err, errno, "mount %s on %s", step->type, step->destination);
	if (err->code == EPERM)
		hint_refused(plan, step, err);
	return fs >= 0 ? add_kernel_message(fs, err) : -1;
}

int mount_filesystem_make(const struct mount_plan *plan, const struct mount_step *step, int target,
			  struct error *err)
{
	uint64_t attrs = mount_filesystem_attrs(step);
	autoclose int fs = -1;
	int tree;

	fs = step->context_fd >= 0 ? fcntl(step->context_fd, F_DUPFD_CLOEXEC, 3)
				   : fsopen(step->type, FSOPEN_CLOEXEC);
	if (fs < 0 && errno == ENODEV)
		return error_set(err, ENODEV,
				 "mount %s on %s: this kernel doesn't know the type %s", step->type,
				 step->destination, step->type);
	if (fs < 0)
		return make_error(plan, step, fs, err);
	if (step->source && *step->source &&
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", step->source, 0) < 0)
		return make_error(plan, step, fs, err);
	if (options_set(step, fs, err) < 0 || options_set_implied(plan, step, target, fs, err) < 0)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return make_error(plan, step, fs, err);
	/* ORDER: read-only comes after the copying of tmpcopyup, see filesystem_finish(). */
	if (step->options.traits & MOUNT_TRAIT_COPY_UP)
		attrs &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attrs);
	return tree < 0 ? make_error(plan, step, fs, err) : tree;
}

bool mount_filesystem_is_long(const struct mount_step *step)
{
	for (size_t i = 0; i < step->options.data.count; i++) {
		const char *value = step->options.data.items[i].value;

		if (value && strlen(value) > FSCONFIG_VALUE_MAX)
			return true;
	}
	return false;
}

static unsigned long flags_from_attrs(uint64_t attrs)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
	} table[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (attrs & table[i].attr)
			flags |= table[i].flag;
	return flags;
}

/* Writes all options as mount(2) takes them.  The superblock's flags can't be written so. */
static int join_data(const struct mount_plan *plan, const struct mount_step *step, int target,
		     struct strbuf *data, struct error *err)
{
	struct implied implied;

	if (implied_options(plan, step, target, &implied, err) < 0)
		return -1;
	for (size_t i = 0; i < step->options.data.count; i++) {
		strbuf_add_str(data, i ? "," : "");
		mount_datum_print(&step->options.data.items[i], data);
	}
	for (size_t i = 0; i < implied.count; i++) {
		const struct mount_datum *datum = &implied.items[i];

		strbuf_add_str(data, ",");
		/* The kernel expects quotes around a context, which has commas. */
		if (datum->value == plan->context && plan->context)
			strbuf_addf(data, "%s=\"%s\"", datum->key, datum->value);
		else
			mount_datum_print(datum, data);
	}
	return 0;
}

/*
 * Is there nothing left to be done with the new mount?  What is on /proc and /sys is looked at later, and a
 * sysfs or a cgroup may be replaced by a bind.  A read-only mount(2) would make the file system read-only too,
 * and a comma would end the value.
 */
static bool is_ordinary(const struct mount_plan *plan, const struct mount_step *step)
{
	const struct mount_options *options = &step->options;
	bool of_kind = step->kind == MOUNT_KIND_TMPFS || step->kind == MOUNT_KIND_DEVPTS ||
		       step->kind == MOUNT_KIND_MQUEUE;

	if (!of_kind || str_equal(step->destination, "/sys") || step->context_fd >= 0 ||
	    (plan->context && *plan->context) || options->super.set || options->super.clear ||
	    options->propagations.count ||
	    (options->traits & (MOUNT_TRAIT_IDMAP | MOUNT_TRAIT_IVERSION | MOUNT_TRAIT_COPY_UP |
				MOUNT_TRAIT_CHOWN)) ||
	    (mount_filesystem_attrs(step) & MOUNT_ATTR_RDONLY))
		return false;
	for (size_t i = 0; i < options->data.count; i++)
		if (options->data.items[i].value && strchr(options->data.items[i].value, ','))
			return false;
	return true;
}

bool mount_filesystem_in_place(const struct mount_plan *plan, const struct mount_step *step,
			       int target, int model, int cwd)
{
	struct error ignored = ERROR_NONE;
	autostrbuf struct strbuf data = { 0 };

	if (cwd < 0 || !is_ordinary(plan, step) ||
	    join_data(plan, step, model, &data, &ignored) < 0)
		return false;
	/* Without a source the mount is shown as that of "none", as fsopen(2) does. */
	return fchdir(target) == 0 &&
	       mount(step->source && *step->source ? step->source : NULL, ".", step->type,
		     flags_from_attrs(mount_filesystem_attrs(step)), data.bytes) == 0;
}

/*
 * The path is the link of the descriptor in the host's procfs, which leads to @target itself,
 * whatever its text says.
 */
int mount_filesystem_by_path(const struct mount_plan *plan, const struct mount_step *step,
			     int target, struct error *err)
{
	const struct mount_options *options = &step->options;
	autostrbuf struct strbuf data = { 0 };
	char path[64];

	if (options->super.set || options->super.clear ||
	    (options->traits & (MOUNT_TRAIT_IDMAP | MOUNT_TRAIT_IVERSION | MOUNT_TRAIT_COPY_UP)))
		return error_set(
			err, 0,
			"mount %s on %s: an option of more than %d bytes can't go with idmap, "
			"tmpcopyup, iversion or superblock flags",
			step->type, step->destination, FSCONFIG_VALUE_MAX);
	if (join_data(plan, step, target, &data, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	if (mount(step->source ? step->source : step->type, path, step->type,
		  flags_from_attrs(mount_filesystem_attrs(step)), data.bytes) < 0)
		return make_error(plan, step, -1, err);
	return 0;
}

/*
 * mount(2) replaces all flags of the superblock with each remount: the present ones are given
 * again, changed as the options ask for.
 */
static unsigned long super_flags(const struct mount_step *step, int fd)
{
	const struct mount_change *super = &step->options.super;
	struct statvfs fs;
	unsigned long flags = 0;

	/* MS_… and ST_… of these are the same numbers. */
	if (fstatvfs(fd, &fs) == 0)
		flags = fs.f_flag & (ST_SYNCHRONOUS | ST_MANDLOCK);
	return (flags & ~super->clear) | super->set;
}

int mount_filesystem_iversion(const struct mount_step *step, int tree, struct error *err)
{
	unsigned long flags = flags_from_attrs(mount_attr_of(tree)) | super_flags(step, tree);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_I_VERSION | flags, NULL) < 0)
		return error_set(err, errno, "mount on %s: option 'iversion'", step->destination);
	return 0;
}

int mount_filesystem_reconfigure(const struct mount_step *step, int target, struct error *err)
{
	const struct mount_options *options = &step->options;
	autoclose int fs = -1;

	if (options->super.set || options->super.clear || options->data.count) {
		fs = fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
		if (fs < 0)
			return error_set(err, errno, "remount %s", step->destination);
		if (options_set(step, fs, err) < 0)
			return -1;
		if (fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0) {
			error_set(err, errno, "remount %s", step->destination);
			return add_kernel_message(fs, err);
		}
	}
	if (options->traits & MOUNT_TRAIT_IVERSION)
		return mount_filesystem_iversion(step, target, err);
	return 0;
}

char *mount_own_cgroup(void)
{
	autofree char *path = cgroup_of(0);

	return path ? str_format(CGROUP_ROOT "%s%s", cgroup_is_unified() ? "" : "/unified", path)
		    : NULL;
}
