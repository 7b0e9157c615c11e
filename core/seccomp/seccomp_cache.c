// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * A cache of compiled filters.  To compile an engine's profile takes libseccomp longer than all
 * other steps of a start together, and an engine uses the same profile for each container.
 *
 * Why a file of the cache can be trusted, though it decides what the container may do:
 *   - The key.  A file begins with everything that the filter was compiled from: each part of the
 *     profile, the version of libseccomp, and the kernel's release.  A file is used only if its key
 *     is equal to the key of the present profile, byte by byte.  The file's name is a hash of the
 *     key, but nothing depends on the hash: two profiles with the same hash overwrite each other's
 *     file, and each compiles again.
 *   - The owner.  The directory and the file must belong to our effective uid, and nobody else may
 *     write to them; a symbolic link is refused.  Whoever can write a file there is this user, who
 *     can choose any profile anyway.
 *   - The checksum finds damage, such as a file that was cut off when the disk was full.  It isn't
 *     a defence against an enemy: the owner is.
 *   - The sizes of a file are checked before they are used, and the filter must have a size that
 *     the kernel accepts.  What the instructions do is then the kernel's to check, as for every
 *     filter.
 *
 * A file is written to a new name and renamed, so that a reader sees a whole file or none.  Two
 * writers of the same profile write the same bytes.
 */
#include "core/seccomp/seccomp.h"

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

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"

/*
 * A user has few profiles, but each new kernel leaves files behind that never match again.  With
 * more files than this, all are removed.
 */
#define FILES_MAX 64

/* A larger file isn't kept.  The files of engines' profiles are far smaller. */
#define FILE_SIZE_MAX (1u << 20)

/* Increase the number at the end whenever urun compiles the same profile to other bytes. */
#define MAGIC "urunbpf4"

/* The beginning of a file; the key and the filter follow. */
struct cache_header {
	char magic[8];
	uint64_t checksum; /* of all bytes behind it */
	uint32_t load_flags;
	uint32_t key_size;
	uint32_t bpf_size;
	uint32_t reserved; /* 0 */
};

#define CHECKED_FROM (offsetof(struct cache_header, checksum) + sizeof(uint64_t))

/*
 * FNV-1a, but with eight bytes in each step, as it runs at each start.  That is enough for a file's
 * name and for finding damage.
 */
static uint64_t hash_bytes(const void *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u ^ size;

	for (const char *b = bytes; size;) {
		uint64_t word = 0;
		size_t part = size < sizeof(word) ? size : sizeof(word);

		memcpy(&word, b, part);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29; /* so that high bits change low bits too */
		b += part;
		size -= part;
	}
	return hash;
}

/* ---- the key: bytes that are only compared, never read back ---- */

static void key_add_int(struct strbuf *key, int number)
{
	strbuf_add(key, &number, sizeof(number));
}

/* The length stands first, so that two strings can't look like one. */
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

/* Everything that the filter and the flags depend on. */
static void make_cache_key(const struct config_seccomp *seccomp, struct strbuf *key)
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

/* ---- the files ---- */

/* The two conditions of trust: our own file, which nobody else can write to. */
static bool is_ours_alone(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Opens the directory, or makes it.  Returns a descriptor or a negative errno. */
static int open_cache(const char *cache_dir)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	autoclose int dir = open(cache_dir, flags);

	if (dir < 0 && errno == ENOENT && (mkdir(cache_dir, 0700) == 0 || errno == EEXIST))
		dir = open(cache_dir, flags);
	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	return is_ours_alone(&st) ? take_fd(&dir) : -EPERM;
}

/* Are @bytes an undamaged file for @key? */
static bool cache_file_matches(const char *bytes, size_t size, const struct strbuf *key,
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

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ours_alone(&st))
		return false;
	if (fd_read_all(fd, FILE_SIZE_MAX, &bytes, &size) < 0)
		return false;
	if (!cache_file_matches(bytes, size, key, &header)) {
		log_debug("seccomp: cache file %s is damaged or is for another profile", name);
		return false;
	}
	strbuf_add(ret_bpf, bytes + sizeof(header) + header.key_size, header.bpf_size);
	*ret_load_flags = header.load_flags;
	return true;
}

/*
 * The name of a cache file is 16 hexadecimal digits.  A killed writer can leave a new file behind.
 */
static bool is_cache_file(const char *name)
{
	return (strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16) ||
	       file_is_leftover(name);
}

/* Removes all files of the cache if there are more than FILES_MAX, and no other file. */
static void bound_cache(int dir)
{
	autodir DIR *stream = directory_stream(dir);
	struct dirent *entry;
	size_t count = 0;

	if (!stream)
		return;
	while ((entry = readdir(stream)))
		count += is_cache_file(entry->d_name);
	if (count > FILES_MAX) {
		rewinddir(stream);
		while ((entry = readdir(stream)))
			if (is_cache_file(entry->d_name))
				unlinkat(dir, entry->d_name, 0);
	}
}

static int cache_write(int dir, const char *name, const struct strbuf *key,
		       const struct strbuf *bpf, unsigned int load_flags)
{
	autostrbuf struct strbuf file = { 0 };
	struct cache_header header = {
		.load_flags = load_flags,
		.key_size = (uint32_t)key->size,
		.bpf_size = (uint32_t)bpf->size,
	};

	if (sizeof(header) + key->size + bpf->size > FILE_SIZE_MAX)
		return -EFBIG;
	memcpy(header.magic, MAGIC, sizeof(header.magic));
	strbuf_add(&file, &header, sizeof(header));
	strbuf_add(&file, key->bytes, key->size);
	strbuf_add(&file, bpf->bytes, bpf->size);
	header.checksum = hash_bytes(file.bytes + CHECKED_FROM, file.size - CHECKED_FROM);
	memcpy(file.bytes, &header, sizeof(header));
	bound_cache(dir);
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
	make_cache_key(seccomp, &key);
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
