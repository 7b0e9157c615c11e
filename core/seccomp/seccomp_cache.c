// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/seccomp/seccomp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"

/*
 * A user has a handful of profiles; above this, all are thrown away, as old kernels' files never
 * match again.
 */
#define FILES_MAX 64

/*
 * A larger profile than this isn't kept: no engine's comes near, and reading must cost less than
 * compiling.
 */
#define FILE_SIZE_MAX (1u << 20)

/* The number at the end goes up whenever the same profile compiles to something else. */
#define MAGIC "urunbpf2"

/* What a file begins with; the key and the filter follow. */
struct cache_header {
	char magic[8];
	uint64_t checksum; /* of all behind it: against damage, not an enemy */
	uint32_t load_flags;
	uint32_t key_size;
	uint32_t bpf_size;
	uint32_t reserved; /* 0 */
};

#define CHECKED_FROM (offsetof(struct cache_header, checksum) + sizeof(uint64_t))

/*
 * FNV-1a's steps, but eight bytes each: for a name and against damage that is enough, and it is
 * read on every start.
 */
static uint64_t hash_bytes(const void *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u ^ size;

	for (const char *b = bytes; size;) {
		uint64_t word = 0;
		size_t part = size < sizeof(word) ? size : sizeof(word);

		memcpy(&word, b, part);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29; /* else high bits would never reach low ones */
		b += part;
		size -= part;
	}
	return hash;
}

/* The key is bytes that are only compared. */
static void key_add_int(struct strbuf *key, int number)
{
	strbuf_add(key, &number, sizeof(number));
}

/* With its length before it, so that no string can look like two. */
static void key_add_str(struct strbuf *key, const char *text)
{
	size_t length = strlen(text);

	strbuf_add(key, &length, sizeof(length));
	strbuf_add(key, text, length);
}

static void key_add_number(struct strbuf *key, struct opt_u64 number)
{
	uint64_t value = number.set ? number.value : 0;

	key_add_int(key, number.set);
	strbuf_add(key, &value, sizeof(value));
}

static void key_add_strings(struct strbuf *key, const struct str_list *list)
{
	key_add_int(key, (int)list->count);
	for (size_t i = 0; i < list->count; i++)
		key_add_str(key, list->items[i]);
}

static void key_add_rule(struct strbuf *key, const struct config_seccomp_rule *rule)
{
	key_add_int(key, rule->action);
	key_add_number(key, rule->errno_ret);
	key_add_int(key, (int)rule->args.count);
	for (size_t i = 0; i < rule->args.count; i++) {
		const struct config_seccomp_arg *arg = &rule->args.items[i];

		key_add_int(key, arg->op);
		key_add_number(key, arg->index);
		key_add_number(key, arg->value);
		key_add_number(key, arg->value_two);
	}
	key_add_strings(key, &rule->names);
}

/* All that the filter and the flags are made from. */
static void make_key(const struct config_seccomp *seccomp, struct strbuf *key)
{
	const struct scmp_version *version = seccomp_version();
	struct utsname host = { 0 };

	uname(&host);
	key_add_int(key, (int)version->major);
	key_add_int(key, (int)version->minor);
	key_add_int(key, (int)version->micro);
	key_add_str(key, host.release);
	key_add_str(key, host.version);
	key_add_str(key, host.machine);
	key_add_int(key, seccomp->default_action);
	key_add_number(key, seccomp->default_errno_ret);
	key_add_int(key, (int)seccomp->flags);
	key_add_int(key, (int)seccomp->architectures.count);
	for (size_t i = 0; i < seccomp->architectures.count; i++)
		key_add_int(key, seccomp->architectures.items[i]);
	key_add_int(key, (int)seccomp->syscalls.count);
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		key_add_rule(key, &seccomp->syscalls.items[i]);
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Opens the folder; where others can write it, there is no cache. */
static int open_cache(const char *cache_dir)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	autoclose int dir = open(cache_dir, flags);

	if (dir < 0 && errno == ENOENT && (mkdir(cache_dir, 0700) == 0 || errno == EEXIST))
		dir = open(cache_dir, flags);
	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	return is_ours(&st) ? take_fd(&dir) : -EPERM;
}

/* Whether @bytes is a whole file for @key. */
static bool file_matches(const char *bytes, size_t size, const struct strbuf *key,
			 struct cache_header *ret_header)
{
	struct cache_header header;

	if (size < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0 ||
	    header.key_size != key->size || header.bpf_size == 0 ||
	    header.bpf_size % sizeof(struct sock_filter) != 0 ||
	    header.bpf_size > BPF_MAXINSNS * sizeof(struct sock_filter) ||
	    size != sizeof(header) + (size_t)header.key_size + header.bpf_size)
		return false;
	if (header.checksum != hash_bytes(bytes + CHECKED_FROM, size - CHECKED_FROM))
		return false;
	if (memcmp(bytes + sizeof(header), key->bytes, key->size) != 0)
		return false;
	*ret_header = header;
	return true;
}

static bool cache_read(int dir, const char *name, const struct strbuf *key, struct strbuf *ret_bpf,
		       unsigned int *ret_load_flags)
{
	autofree char *bytes = NULL;
	struct cache_header header;
	struct stat st;
	size_t size;
	autoclose int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ours(&st))
		return false;
	if (fd_read_all(fd, FILE_SIZE_MAX, &bytes, &size) < 0)
		return false;
	if (!file_matches(bytes, size, key, &header)) {
		log_debug("seccomp: cache file %s isn't for this profile or is damaged", name);
		return false;
	}
	strbuf_add(ret_bpf, bytes + sizeof(header) + header.key_size, header.bpf_size);
	*ret_load_flags = header.load_flags;
	return true;
}

/* A file of the cache: its name is a number in 16 hexadecimal digits. */
static bool is_of_cache(const char *name)
{
	return (strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16) ||
	       file_is_leftover(name);
}

/*
 * Removes the cache's files when there are more than are of use; other files in the folder aren't
 * ours to remove.
 */
static void cache_bound(int dir)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *stream;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	stream = fdopendir(fd);
	if (!stream) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(stream)))
		count += is_of_cache(entry->d_name);
	if (count > FILES_MAX) {
		rewinddir(stream);
		while ((entry = readdir(stream)))
			if (is_of_cache(entry->d_name))
				unlinkat(dir, entry->d_name, 0);
	}
	closedir(stream);
}

static void pack_file(const struct strbuf *key, const struct strbuf *bpf, unsigned int load_flags,
		      struct strbuf *ret_file)
{
	struct cache_header header = {
		.load_flags = load_flags,
		.key_size = (uint32_t)key->size,
		.bpf_size = (uint32_t)bpf->size,
	};

	memcpy(header.magic, MAGIC, sizeof(header.magic));
	strbuf_add(ret_file, &header, sizeof(header));
	strbuf_add(ret_file, key->bytes, key->size);
	strbuf_add(ret_file, bpf->bytes, bpf->size);
	header.checksum = hash_bytes(ret_file->bytes + CHECKED_FROM, ret_file->size - CHECKED_FROM);
	memcpy(ret_file->bytes, &header, sizeof(header));
}

/*
 * Two writers of one profile write the same.
 */
static int cache_write(int dir, const char *name, const struct strbuf *key,
		       const struct strbuf *bpf, unsigned int load_flags)
{
	autostrbuf struct strbuf file = { 0 };

	if (sizeof(struct cache_header) + key->size + bpf->size > FILE_SIZE_MAX)
		return -EFBIG;
	cache_bound(dir);
	pack_file(key, bpf, load_flags, &file);
	return file_replace(dir, name, 0600, file.bytes, file.size);
}

int seccomp_compile_cached(const char *cache_dir, const struct config_seccomp *seccomp,
			   struct strbuf *ret_bpf, unsigned int *ret_load_flags, struct error *err)
{
	autostrbuf struct strbuf key = { 0 };
	char name[17];
	int r;
	autoclose int dir = open_cache(cache_dir);

	if (dir < 0) {
		log_debug("seccomp: no cache in %s: %s", cache_dir, error_errno_text(-dir));
		return seccomp_compile(seccomp, ret_bpf, ret_load_flags, err);
	}
	make_key(seccomp, &key);
	snprintf(name, sizeof(name), "%016llx",
		 (unsigned long long)hash_bytes(key.bytes, key.size));
	if (cache_read(dir, name, &key, ret_bpf, ret_load_flags)) {
		log_debug("seccomp: filter from the cache, %s/%s", cache_dir, name);
		return 0;
	}
	if (seccomp_compile(seccomp, ret_bpf, ret_load_flags, err) < 0)
		return -1;
	r = cache_write(dir, name, &key, ret_bpf, *ret_load_flags);
	if (r < 0)
		log_debug("seccomp: write the cache %s/%s: %s", cache_dir, name,
			  error_errno_text(-r));
	return 0;
}
