/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_UNPACK_LAYER_TAR_H
#define URUN_TEST_UNPACK_LAYER_TAR_H

/* Layers that tests make byte by byte, since no tar program makes hostile ones, and a look at them. */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/unpack/layer.h"
#include "tests/unit/unpack/one_id.h"

#define BLOCK 512

/* ---- tar ---- */

static struct strbuf tar;
static struct strbuf records; /* pax records of the next entry */

/* What the next entry has beside its name; set back after it. */
static struct {
	unsigned int mode;
	long uid, gid;
	long mtime;
	const char *link;
} with;

static inline void tar_start(void)
{
	strbuf_release(&tar);
	with.mode = 0;
	with.mtime = 1000;
	with.uid = with.gid = 0;
	with.link = NULL;
}

static inline void tar_pad(void)
{
	static const char zeros[BLOCK];

	if (tar.size % BLOCK)
		strbuf_add(&tar, zeros, BLOCK - tar.size % BLOCK);
}

static inline void tar_sum(char *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

static inline void tar_header(char type, const char *name, size_t size)
{
	char header[BLOCK + 1] = { 0 };

	strncpy(header, name, 100);
	snprintf(header + 100, 8, "%07o", with.mode);
	snprintf(header + 108, 8, "%07lo", with.uid);
	snprintf(header + 116, 8, "%07lo", with.gid);
	snprintf(header + 124, 12, "%011llo", (unsigned long long)size & 077777777777);
	snprintf(header + 136, 12, "%011lo", with.mtime);
	header[156] = type;
	if (with.link)
		strncpy(header + 157, with.link, 100);
	memcpy(header + 257, "ustar\00000", 8);
	tar_sum(header);
	strbuf_add(&tar, header, BLOCK);
}

/* A record of the next entry: "KEY=VALUE", with its length before it and a newline behind it. */
static inline void tar_pax_bytes(const char *key, const void *value, size_t size)
{
	size_t length = strlen(key) + size + 3, digits = 1;

	for (size_t ten = 10; length + digits >= ten; ten *= 10)
		digits++;
	strbuf_addf(&records, "%zu %s=", length + digits, key);
	strbuf_add(&records, value, size);
	strbuf_add(&records, "\n", 1);
}

static inline void tar_pax(const char *key, const char *value)
{
	tar_pax_bytes(key, value, strlen(value));
}

static inline void tar_add_records(void)
{
	if (records.size == 0)
		return;
	tar_header('x', "pax", records.size);
	strbuf_add(&tar, records.bytes, records.size);
	tar_pad();
	strbuf_release(&records);
}

static inline void tar_entry(char type, const char *name, const void *content, size_t size)
{
	tar_add_records();
	tar_header(type, name, size);
	strbuf_add(&tar, content, size);
	tar_pad();
	with.mode = 0;
	with.mtime = 1000;
	with.uid = with.gid = 0;
	with.link = NULL;
}

static inline void tar_file(const char *name, unsigned int mode, const char *content)
{
	with.mode = mode;
	tar_entry('0', name, content, strlen(content));
}

static inline void tar_directory(const char *name, unsigned int mode)
{
	with.mode = mode;
	tar_entry('5', name, "", 0);
}

static inline void tar_symlink(const char *name, const char *target)
{
	with.link = target;
	tar_entry('2', name, "", 0);
}

static inline void tar_hardlink(const char *name, const char *target)
{
	with.link = target;
	tar_entry('1', name, "", 0);
}

static inline void tar_end(void)
{
	static const char zeros[2 * BLOCK];

	strbuf_add(&tar, zeros, sizeof(zeros));
}

/* ---- the layer ---- */

static char scratch[64];
static int scratch_fd = -1, layer = -1, notes = -1;
static struct layer_limits limits;
static struct layer_result result;
static struct layer_input input;
static bool apart; /* of the present test's input; its address is the state of such a test */
static struct error err;
static bool single_id;

/* The bytes that the input delivers, in pieces. */
static const char *delivered;
static size_t delivered_size, piece;

static inline ssize_t deliver(void *of, const void **ret_bytes, struct error *deliver_err)
{
	size_t size = delivered_size < piece ? delivered_size : piece;

	(void)of;
	(void)deliver_err;
	*ret_bytes = delivered;
	delivered += size;
	delivered_size -= size;
	return (ssize_t)size;
}

/* A directory on a file system that can hold layers: tmpfs can since Linux 6.6. */
static inline int layer_scratch(void **state)
{
	static const char *const places[] = { "/tmp", "/var/tmp", "." };

	(void)state;
	become_root_of_namespace();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(scratch, sizeof(scratch), "%s/test-layer-XXXXXX", places[i]);
		if (!mkdtemp(scratch))
			continue;
		scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (scratch_fd >= 0 && layer_probe(scratch_fd, &err) == 0)
			return 0;
		fd_close(&scratch_fd);
		rmdir(scratch);
	}
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

static inline int layer_scratch_remove(void **state)
{
	(void)state;
	strbuf_release(&tar);
	fd_close(&scratch_fd);
	return rmdir(scratch);
}

/* Each test: an empty layer, and a file beside it that nothing may touch. */
static inline int layer_start(void **state)
{
	apart = *state != NULL;
	tar_start();
	limits = (struct layer_limits){ .size = 1 << 30, .files = 100000 };
	input = (struct layer_input){ .read = deliver, .size = UINT64_MAX, .apart = apart };
	result = (struct layer_result){ 0 };
	single_id = false;
	piece = 1000;
	if (mkdirat(scratch_fd, "layer", 0700) < 0 || mkdirat(scratch_fd, "outside", 0750) < 0)
		return -1;
	layer = openat(scratch_fd, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	notes = openat(scratch_fd, "notes", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return layer < 0 || notes < 0 ? -1 : 0;
}

static inline int layer_end(void **state)
{
	static const char *const names[] = { "layer", "outside", "notes" };
	int failed = 0;

	(void)state;
	fd_close(&layer);
	fd_close(&notes);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (layer_remove(scratch_fd, names[i], &err) < 0)
			failed = -1;
	return failed;
}

/* A row of tests: by one process, then by two.  @start calls layer_start() with its own argument. */
#define LAYER_TEST(name, start, end)                     \
	{ #name, name, start, end, NULL },               \
	{                                                \
#name "_apart", name, start, end, &apart \
	}

static inline int unpack_bytes(const void *bytes, size_t size)
{
	if (geteuid() != 0) {
		print_message("no user namespace can be made here\n");
		skip();
	}
	delivered = bytes;
	delivered_size = size;
	err = ERROR_NONE;
	return layer_unpack(&input, layer, notes, single_id, &limits, &result, &err);
}

static inline int unpack(void)
{
	tar_end();
	return unpack_bytes(tar.bytes, tar.size);
}

static inline void unpacks(void)
{
	if (unpack() < 0)
		fail_msg("%s", err.text);
}

static inline void refuses(const char *text)
{
	assert_int_equal(unpack(), -1);
	if (!strstr(err.text, text))
		fail_msg("'%s' isn't in '%s'", text, err.text);
}

/* ---- a look ---- */

static inline const char *look_in(int dir, const char *path)
{
	static char text[300];
	autoclose int fd = -1;
	char content[200] = "";
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return "-";
	fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		if (fd >= 0 && read(fd, content, sizeof(content) - 1) < 0)
			return "unreadable";
		snprintf(text, sizeof(text), "f %04o %s", st.st_mode & 07777, content);
		break;
	case S_IFDIR:
		snprintf(text, sizeof(text), "d %04o%s%s", st.st_mode & 07777,
			 fgetxattr(fd, "user.overlay.opaque", content, 9) == 1 ? " opaque" : "",
			 fgetxattr(fd, "user.urun.implied", content, 9) == 1 ? " implied" : "");
		break;
	case S_IFLNK:
		if (readlinkat(dir, path, content, sizeof(content) - 1) < 0)
			return "unreadable";
		snprintf(text, sizeof(text), "l %s", content);
		break;
	case S_IFCHR: return st.st_rdev == makedev(0, 0) ? "whiteout" : "device";
	default:
		snprintf(text, sizeof(text), "%s %04o", S_ISFIFO(st.st_mode) ? "p" : "?",
			 st.st_mode & 07777);
	}
	return text;
}

static inline const char *look(const char *path)
{
	return look_in(layer, path);
}

static inline struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(fstatat(layer, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

/* The value of an attribute as text; "-": there is none. */
static inline const char *attribute(const char *path, const char *name)
{
	static char value[100];
	autoclose int fd = openat(layer, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t size = fgetxattr(fd, name, value, sizeof(value) - 1);

	if (size < 0)
		return "-";
	value[size] = '\0';
	return value;
}

#endif
