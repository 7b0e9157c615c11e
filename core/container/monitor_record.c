// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/monitor_record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

static const struct json_field record_fields[] = {
	{ .name = "began",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct monitor_record, began) },
	{ .name = "root",
	  .kind = JSON_STRING,
	  .required = true,
	  .offset = offsetof(struct monitor_record, root) },
	{ .name = "logSize",
	  .kind = JSON_U64,
	  .required = true,
	  .max = INT64_MAX,
	  .offset = offsetof(struct monitor_record, log_size) },
	{ .name = "removes",
	  .kind = JSON_BOOL,
	  .offset = offsetof(struct monitor_record, removes) },
	{ .name = "environment",
	  .kind = JSON_STRINGS,
	  .offset = offsetof(struct monitor_record, environment) },
	{ .name = "deadline",
	  .kind = JSON_U64,
	  .max = INT64_MAX,
	  .offset = offsetof(struct monitor_record, deadline_ns) },
	{ .name = "stdoutDevice",
	  .kind = JSON_U64,
	  .offset = offsetof(struct monitor_record, stdout_device) },
	{ .name = "stdoutInode",
	  .kind = JSON_U64,
	  .offset = offsetof(struct monitor_record, stdout_inode) },
	{ .name = "stderrDevice",
	  .kind = JSON_U64,
	  .offset = offsetof(struct monitor_record, stderr_device) },
	{ .name = "stderrInode",
	  .kind = JSON_U64,
	  .offset = offsetof(struct monitor_record, stderr_inode) },
};
static const struct json_shape record_shape = { sizeof(struct monitor_record), record_fields,
						ARRAY_SIZE(record_fields) };

void monitor_record_release(struct monitor_record *record)
{
	arena_release(&record->arena);
	*record = (struct monitor_record){ 0 };
}

void monitor_record_pipe(int fd, struct opt_u64 *ret_device, struct opt_u64 *ret_inode)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;
	*ret_device = (struct opt_u64){ .set = true, .value = st.st_dev };
	*ret_inode = (struct opt_u64){ .set = true, .value = st.st_ino };
}

int monitor_record_write(int fd, const struct monitor_record *record)
{
	autostrbuf struct strbuf text = { 0 };

	json_write(&record_shape, record, JSON_OWN, &text);
	if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0)
		return -errno;
	return fd_write_all(fd, text.bytes, text.size);
}

int monitor_record_read(const struct state_dir *dir, const struct container_state *state,
			struct monitor_record *ret_record)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_MONITOR,
				  O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct monitor_record record = { 0 };
	struct arena arena = { 0 };
	struct error ignored = ERROR_NONE;
	autofree char *bytes = NULL;
	size_t size = 0;
	bool read = fd >= 0 && fd_read_all(fd, JSON_SIZE_MAX, &bytes, &size) == 0 &&
		    json_read_own(bytes, size, &record_shape, &record, &arena, &ignored) == 0;

	record.arena = arena;
	if (read && str_equal(record.began, state_began(state))) {
		*ret_record = record;
		return 1;
	}
	arena_release(&arena);
	return 0;
}
