// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/cgroup/walk.h"

#define FILE_SIZE_MAX (1u << 20)
/* cgroup.procs: as many as pid_max can be, 4,194,304, of 8 bytes each. */
#define PROCS_SIZE_MAX	  (64u << 20)
#define FREEZE_TIMEOUT_MS 10000

static char *directory_of(const char *path)
{
	return str_format(CGROUP_ROOT "%s", path);
}

static char *file_of(const char *path, const char *file)
{
	return str_format(CGROUP_ROOT "%s/%s", path, file);
}

bool cgroup_is_ours(const char *path)
{
	autofree char *directory = directory_of(path);
	autofree char *procs = file_of(path, "cgroup.procs");

	return access(directory, W_OK) == 0 && access(procs, W_OK) == 0;
}

int cgroup_open(const char *path)
{
	autofree char *directory = directory_of(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

char *cgroup_read(const char *path, const char *file)
{
	autofree char *name = file_of(path, file);
	char *text = NULL;
	size_t size;

	return fd_read_file(name, FILE_SIZE_MAX, &text, &size) == 0 ? text : NULL;
}

/* ---- controllers ---- */

static bool file_has_word(const char *path, const char *file, const char *word)
{
	autofree char *text = cgroup_read(path, file);

	return text && span_has_word((struct span){ text, strlen(text) }, word);
}

static int not_delegated(const char *path, const struct cgroup_setting *setting,
			 const char *controller, struct error *err)
{
	error_set(err, 0,
		  "linux.resources.%s: the cgroup controller `%s` is not available in " CGROUP_ROOT
		  "%s",
		  setting->field, controller, path);
	/* Not even the root of the tree that we see has it, so no delegation would help. */
	if (!file_has_word("", "cgroup.controllers", controller))
		return error_hint(err,
				  CGROUP_ROOT "/cgroup.controllers doesn't have it: the kernel "
					      "lacks it, cgroup version 1 uses it, or an outer "
					      "container withholds it");
	if (geteuid() == 0)
		return error_hint(err, "use --systemd-cgroup, or put 'Delegate=yes' into the unit "
				       "that urun is started by");
	return error_hint(err, CGROUP_DELEGATION_MEND);
}

static int enable_failed(const char *path, const struct cgroup_setting *setting,
			 const char *controller, int errnum, struct error *err)
{
	if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
		return not_delegated(path, setting, controller, err);
	error_set(err, errnum,
		  "linux.resources.%s: enable the cgroup controller `%s` by " CGROUP_ROOT
		  "%s/cgroup.subtree_control",
		  setting->field, controller, path);
	if (errnum == EBUSY)
		error_hint(err, "that cgroup has processes of its own: use --systemd-cgroup, or "
				"start urun in a cgroup below it");
	return -1;
}

/* Returns 1: the controller is enabled, or none is needed; 0: it can be enabled; -1: error. */
static int check_enabled(const char *path, const struct cgroup_setting *setting,
			 const char *controller, struct error *err)
{
	autofree char *procs = NULL;

	if (!controller || file_has_word(path, "cgroup.subtree_control", controller))
		return 1;
	if (!file_has_word(path, "cgroup.controllers", controller))
		return not_delegated(path, setting, controller, err);
	/*
	 * The kernel would enable some controllers (those that work for threads) although the
	 * cgroup has processes, and would then let no process into a cgroup below.
	 */
	procs = path[0] ? cgroup_read(path, "cgroup.procs") : NULL;
	return procs && procs[0] ? enable_failed(path, setting, controller, EBUSY, err) : 0;
}

int cgroup_check_controllers(const char *path, const struct cgroup_settings *settings,
			     struct error *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		autofree char *controller = cgroup_controller_of(settings->items[i].file);

		if (error_gather(err, check_enabled(path, &settings->items[i], controller, err)) <
		    0)
			return -1;
	}
	return 0;
}

static int enable_controller(const char *path, const struct cgroup_setting *setting,
			     struct error *err)
{
	autofree char *controller = cgroup_controller_of(setting->file);
	autofree char *control = file_of(path, "cgroup.subtree_control");
	autofree char *order = NULL;
	int enabled = check_enabled(path, setting, controller, err), failed;

	if (enabled != 0)
		return enabled < 0 ? -1 : 0;
	order = str_format("+%s", controller);
	failed = fd_write_file(control, order);
	return failed < 0 ? enable_failed(path, setting, controller, -failed, err) : 0;
}

/* ---- make, apply ---- */

/* Enables the controllers in the cgroup above, and makes the cgroup of the first @end bytes. */
static int make_part(const char *path, size_t end, const struct cgroup_settings *settings,
		     char **ret_made, struct error *err)
{
	autofree char *part = str_dup_n(path, end);
	autofree char *above = str_dup_n(path, (size_t)(strrchr(part, '/') - part));
	autofree char *directory = directory_of(part);

	for (size_t i = 0; i < settings->count; i++)
		if (enable_controller(above, &settings->items[i], err) < 0)
			return -1;
	if (mkdir(directory, 0755) < 0)
		return errno == EEXIST ? 0 : error_set(err, errno, "make cgroup %s", directory);
	if (!*ret_made)
		*ret_made = str_dup(part);
	return 0;
}

int cgroup_make(const char *path, const struct cgroup_settings *settings, char **ret_made,
		struct error *err)
{
	struct error ignored = ERROR_NONE;
	int result = 0;

	*ret_made = NULL;
	for (size_t end = 1; result == 0 && end <= strlen(path); end++)
		if (path[end] == '/' || path[end] == '\0')
			result = make_part(path, end, settings, ret_made, err);
	if (result == 0 || !*ret_made)
		return result;
	cgroup_remove(*ret_made, &ignored);
	free(take_ptr(*ret_made));
	return -1;
}

static int write_setting(const char *path, const struct cgroup_setting *setting, struct error *err)
{
	autofree char *file = file_of(path, setting->file);
	autofree char *controller = cgroup_controller_of(setting->file);
	const char *value = setting->value;
	int failed;

	if (setting->other_file && access(file, F_OK) < 0) {
		free(take_ptr(file));
		file = file_of(path, setting->other_file);
		value = setting->other_value;
	}
	failed = fd_write_file(file, value);
	if (failed == 0)
		return 0;
	if (failed == -ENOENT && controller &&
	    !file_has_word(path, "cgroup.controllers", controller))
		return not_delegated(path, setting, controller, err);
	return error_set(err, -failed, "linux.resources.%s: write '%s' to %s", setting->field,
			 value, file);
}

/* Below what is used already, the kernel would have to kill processes to apply the limit. */
static int check_memory_usage(const char *path, const struct cgroup_settings *settings,
			      struct error *err)
{
	autofree char *current = cgroup_read(path, "memory.current");
	uint64_t used, limit;

	if (!settings->check_usage || !current)
		return 0;
	current[strcspn(current, "\n")] = '\0';
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].file, "memory.max") == 0 &&
		    number_parse_u64(settings->items[i].value, UINT64_MAX, &limit) == 0 &&
		    number_parse_u64(current, UINT64_MAX, &used) == 0 && used > limit)
			return error_set(err, 0,
					 "linux.resources.memory.limit: %s bytes are in use, which "
					 "is more than %s (checkBeforeUpdate)",
					 current, settings->items[i].value);
	return 0;
}

int cgroup_apply(const char *path, const struct cgroup_settings *settings, struct error *err)
{
	if (check_memory_usage(path, settings, err) < 0)
		return -1;
	for (size_t i = 0; i < settings->count; i++)
		if (write_setting(path, &settings->items[i], err) < 0)
			return -1;
	return 0;
}

int cgroup_enter(const char *path, pid_t pid, struct error *err)
{
	autofree char *procs = file_of(path, "cgroup.procs");
	char number[16];
	int failed;

	snprintf(number, sizeof(number), "%d", pid);
	failed = fd_write_file(procs, number);
	return failed < 0 ? error_set(err, -failed, "move process %d into cgroup %s", pid, path)
			  : 0;
}

/* Gives these files only.  Source: config-linux.md "Cgroup ownership". */
int cgroup_give(const char *path, uid_t uid, gid_t gid, struct error *err)
{
	autofree char *text = NULL;
	autofree char *directory = directory_of(path);
	struct span rest, name;
	size_t size;

	if (chown(directory, uid, gid) < 0)
		return error_set(err, errno, "give cgroup %s to %u:%u", path, uid, gid);
	if (fd_read_file("/sys/kernel/cgroup/delegate", FILE_SIZE_MAX, &text, &size) < 0)
		text = str_dup("cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n");
	rest = (struct span){ text, strlen(text) };
	while (span_cut(&rest, '\n', &name)) {
		autofree char *file_name = str_dup_n(name.bytes, name.size);
		autofree char *file = file_of(path, file_name);

		if (chown(file, uid, gid) < 0 && errno != ENOENT)
			return error_set(err, errno, "give %s to %u:%u", file, uid, gid);
	}
	return 0;
}

/* ---- processes ---- */

/* Where cgroup.stat has no count of the cgroups below: before Linux 4.14. */
#define WALK_LIMIT_UNKNOWN 1000000
/*
 * A walk may enter as many cgroups more than twice the number that the kernel counts at the start.
 */
#define WALK_LIMIT_MORE 10000

/* The limit of a walk: enough for any tree, unless cgroups are made as fast as the walk goes. */
static size_t walk_limit(const char *path)
{
	static const char field[] = "nr_descendants ";
	autofree char *stat = cgroup_read(path, "cgroup.stat");
	struct span rest = { stat, stat ? strlen(stat) : 0 }, line;
	uint32_t count;

	while (span_cut(&rest, '\n', &line)) {
		if (line.size < sizeof(field) || memcmp(line.bytes, field, sizeof(field) - 1) != 0)
			continue;
		line.bytes += sizeof(field) - 1;
		line.size -= sizeof(field) - 1;
		if (span_number(line, &count))
			return (size_t)count * 2 + WALK_LIMIT_MORE;
	}
	return WALK_LIMIT_UNKNOWN;
}

bool cgroup_has_processes(const char *path)
{
	autofree char *events = cgroup_read(path, "cgroup.events");

	return events && strstr(events, "populated 1");
}

struct pid_list {
	pid_t *pids;
	size_t count;
	size_t room;
};

/* The process of a thread; 0: the thread has ended. */
static uint32_t process_of_thread(uint32_t thread)
{
	static const char field[] = "Tgid:";
	autofree char *path = str_format("/proc/%u/status", thread);
	autofree char *text = NULL;
	struct span rest, line;
	uint32_t process;
	size_t size;

	if (fd_read_file(path, FILE_SIZE_MAX, &text, &size) < 0)
		return 0;
	rest = (struct span){ text, size };
	while (span_cut(&rest, '\n', &line)) {
		if (line.size < sizeof(field) || memcmp(line.bytes, field, sizeof(field) - 1) != 0)
			continue;
		line.bytes += sizeof(field) - 1;
		line.size -= sizeof(field) - 1;
		return span_number(span_trim(line), &process) ? process : 0;
	}
	return 0;
}

/* Adds the processes that @file of the cgroup @dir lists.  Returns 0 or a negative errno. */
static int read_pids(int dir, const char *file, struct pid_list *list)
{
	autoclose int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	bool threads = strcmp(file, "cgroup.threads") == 0;
	autofree char *text = NULL;
	struct span rest, line;
	size_t size;
	uint32_t pid;
	int failed;

	/*
	 * The container's root may be the caller itself on the host, and may have changed the mode.
	 */
	if (fd < 0 && errno == EACCES && fchmodat(dir, file, 0644, 0) == 0)
		fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	failed = fd < 0 ? -errno : fd_read_all(fd, PROCS_SIZE_MAX, &text, &size);
	if (failed < 0)
		return failed;
	rest = (struct span){ text, size };
	while (span_cut(&rest, '\n', &line)) {
		if (!span_number(line, &pid))
			pid = 0;
		/* 0: the process isn't in our pid namespace. */
		if (pid > 0 && threads)
			pid = process_of_thread(pid);
		if (pid == 0)
			continue;
		if (list->count == list->room) {
			list->room = list->room ? list->room * 2 : 16;
			list->pids = mem_resize(list->pids, list->room, sizeof(*list->pids));
		}
		list->pids[list->count++] = (pid_t)pid;
	}
	return 0;
}

static int visit_pids(int dir, void *context, struct error *err)
{
	int failed = read_pids(dir, "cgroup.procs", context);

	/*
	 * A threaded cgroup lists only its threads, and a container can make its cgroup threaded.
	 */
	if (failed == -EOPNOTSUPP)
		failed = read_pids(dir, "cgroup.threads", context);
	/* The cgroup was removed a moment ago, so it has no processes. */
	if (failed < 0 && failed != -ENOENT && failed != -ENODEV)
		return error_set(err, -failed, "read the processes of a cgroup");
	return 0;
}

static int pid_order(const void *a, const void *b)
{
	pid_t first = *(const pid_t *)a, second = *(const pid_t *)b;

	return first < second ? -1 : first > second;
}

/*
 * Sorts the list and drops repetitions: a process that moves while the tree is read appears in two
 * cgroups.
 */
static void sort_pids(struct pid_list *list)
{
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->pids, list->count, sizeof(*list->pids), pid_order);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->pids[i] != list->pids[kept - 1])
			list->pids[kept++] = list->pids[i];
	list->count = kept;
}

int cgroup_pids(const char *path, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	autofree char *directory = directory_of(path);
	struct pid_list list = { 0 };

	if (walk_each(directory, walk_limit(path), visit_pids, &list, err) < 0) {
		free(list.pids);
		return error_prefix(err, "cgroup %s", path);
	}
	sort_pids(&list);
	*ret_pids = list.pids;
	*ret_count = list.count;
	return 0;
}

/*
 * Writes to a file of a container's cgroup.  The container's root may be the caller itself on the
 * host, and may have taken the right to write from the file's mode.  Returns 0 or a negative errno.
 */
static int write_control(const char *path, const char *file, const char *text)
{
	autofree char *directory = directory_of(path);
	autofree char *name = file_of(path, file);
	int failed = fd_write_file(name, text);

	if (failed != -EACCES)
		return failed;
	chmod(directory, 0755);
	chmod(name, 0644);
	return fd_write_file(name, text);
}

static int freeze_and_kill(const char *path, struct error *err)
{
	autofree pid_t *pids = NULL;
	struct error ignored = ERROR_NONE;
	size_t count = 0;

	/* Frozen processes make no new ones, so that the list is complete. */
	cgroup_freeze(path, true, &ignored);
	if (cgroup_pids(path, &pids, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	return cgroup_freeze(path, false, err);
}

int cgroup_kill(const char *path, struct error *err)
{
	int failed = write_control(path, "cgroup.kill", "1");

	if (failed == -ENOENT) {
		autofree char *directory = directory_of(path);

		return access(directory, F_OK) < 0 && errno == ENOENT ? 0
								      : freeze_and_kill(path, err);
	}
	/* A threaded cgroup can't be killed as a whole. */
	if (failed == -EOPNOTSUPP)
		return freeze_and_kill(path, err);
	return failed < 0
		       ? error_set(err, -failed, "write 1 to " CGROUP_ROOT "%s/cgroup.kill", path)
		       : 0;
}

/* ---- freezing ---- */

int cgroup_is_frozen(const char *path, struct error *err)
{
	autofree char *file = file_of(path, "cgroup.freeze");
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(file, FILE_SIZE_MAX, &text, &size);

	if (failed == 0)
		return text[0] == '1';
	/* The cgroup doesn't exist, or can't be read by the caller, or the kernel can't freeze. */
	if (failed == -ENOENT || failed == -ENOTDIR || failed == -ENODEV || failed == -EACCES)
		return 0;
	return error_set(err, -failed, "read %s", file);
}

int cgroup_freeze(const char *path, bool frozen, struct error *err)
{
	const char *wanted = frozen ? "frozen 1" : "frozen 0";
	int failed = write_control(path, "cgroup.freeze", frozen ? "1" : "0");

	if (failed < 0)
		return error_set(err, -failed, "write to " CGROUP_ROOT "%s/cgroup.freeze", path);
	for (int waited = 0; waited < FREEZE_TIMEOUT_MS; waited++) {
		autofree char *events = cgroup_read(path, "cgroup.events");

		if (events && strstr(events, wanted))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (frozen)
		write_control(path, "cgroup.freeze", "0");
	return error_set(err, ETIMEDOUT, "%s cgroup %s", frozen ? "freeze" : "thaw", path);
}

/* ---- removing ---- */

int cgroup_remove(const char *path, struct error *err)
{
	autofree char *directory = directory_of(path);

	return walk_remove(directory, walk_limit(path), err);
}
