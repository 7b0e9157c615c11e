// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/seccomp/seccomp.h"
#include "tests/unit/seccomp/bpf.h"

#define U64(n)            \
	{                 \
		true, (n) \
	}

/* A new directory for each test; the cache is a directory in it. */
struct cache {
	char above[64];
	char dir[80];
	char file[400]; /* see find_file() */
};

static int setup(void **state)
{
	static struct cache cache;

	strcpy(cache.above, "/tmp/urun-test-cache-XXXXXX");
	if (!mkdtemp(cache.above))
		return -1;
	snprintf(cache.dir, sizeof(cache.dir), "%s/.seccomp", cache.above);
	*state = &cache;
	return 0;
}

static int teardown(void **state)
{
	struct cache *cache = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", cache->above);
	return system(command);
}

static void compile(const struct config_seccomp *seccomp, struct strbuf *bpf, unsigned int *flags)
{
	struct error err = ERROR_NONE;

	if (seccomp_compile(seccomp, bpf, flags, &err) < 0)
		fail_msg("%s", err.text);
}

static uint32_t verdict(const struct strbuf *bpf, int nr, uint64_t arg0)
{
	struct seccomp_data data = { .nr = nr, .arch = OWN_ARCH, .args = { arg0 } };

	return run_filter(bpf, &data);
}

static void cached(struct cache *cache, const struct config_seccomp *seccomp, struct strbuf *bpf,
		   unsigned int *flags)
{
	struct error err = ERROR_NONE;

	strbuf_release(bpf);
	*bpf = (struct strbuf){ 0 };
	if (seccomp_compile_cached(cache->dir, seccomp, bpf, flags, &err) < 0)
		fail_msg("%s", err.text);
}

/* The number of files in the cache; the path of the last one is cache->file. */
static size_t find_files(struct cache *cache)
{
	DIR *dir = opendir(cache->dir);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(cache->file, sizeof(cache->file), "%s/%s", cache->dir,
				 entry->d_name);
			count++;
		}
	closedir(dir);
	return count;
}

static void find_file(struct cache *cache)
{
	assert_int_equal(find_files(cache), 1);
}

static void write_file(const struct cache *cache, const char *name, const char *text)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cache->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void change_byte(const char *path, off_t offset, char xor)
{
	int fd = open(path, O_RDWR);
	char byte;

	assert_true(fd >= 0);
	if (offset < 0)
		offset += lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= xor;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

#define SAMPLE                                                                    \
	char *names[] = { "getppid", NULL };                                      \
	struct config_seccomp_rule rule = { .names = { names, 1 },                \
					    .action = CONFIG_SECCOMP_ERRNO };     \
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ALLOW, \
					  .syscalls = { &rule, 1 } };             \
	autostrbuf struct strbuf plain = { 0 };                                   \
	autostrbuf struct strbuf bpf = { 0 };                                     \
	unsigned int flags;                                                       \
	compile(&seccomp, &plain, &flags)

static void assert_same(const struct strbuf *a, const struct strbuf *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
}

static void count_cache_lines(enum log_level level, const char *text, void *context)
{
	int *count = context;

	if (level == LOG_LEVEL_DEBUG && str_starts_with(text, "seccomp: filter from the cache"))
		(*count)++;
}

static void the_second_time_comes_from_the_cache(void **state)
{
	struct cache *cache = *state;
	struct stat before, after;
	int hits = 0;
	SAMPLE;

	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(count_cache_lines, &hits);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(hits, 0);
	find_file(cache);
	assert_int_equal(stat(cache->file, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(hits, 1);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_WARNING);
	assert_int_equal(stat(cache->file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void a_damaged_file_is_replaced(void **state)
{
	static const off_t places[] = { 0, 8, 17, 21, 25, 40, -1 };
	struct cache *cache = *state;
	SAMPLE;

	cached(cache, &seccomp, &bpf, &flags);
	find_file(cache);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct stat before, after;

		change_byte(cache->file, places[i], 1);
		assert_int_equal(stat(cache->file, &before), 0);
		cached(cache, &seccomp, &bpf, &flags);
		assert_same(&bpf, &plain);
		assert_int_equal(flags, 0);
		assert_int_equal(stat(cache->file, &after), 0);
		assert_true(before.st_ino != after.st_ino ||
			    before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
	}
	assert_int_equal(truncate(cache->file, 30), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(truncate(cache->file, 0), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
}

static void a_file_that_others_can_write_is_not_used(void **state)
{
	struct cache *cache = *state;
	struct stat before, after;
	SAMPLE;

	cached(cache, &seccomp, &bpf, &flags);
	find_file(cache);
	assert_int_equal(chmod(cache->file, 0622), 0);
	assert_int_equal(stat(cache->file, &before), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(stat(cache->file, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(chmod(cache->dir, 0777), 0);
	assert_int_equal(unlink(cache->file), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(access(cache->file, F_OK), -1);
}

/* As if two profiles had the same hash: the file with our name holds the filter of another profile. */
static void a_file_of_another_profile_is_not_used(void **state)
{
	struct cache *cache = *state;
	char ours[400];
	SAMPLE;

	cached(cache, &seccomp, &bpf, &flags);
	find_file(cache);
	strcpy(ours, cache->file);
	assert_int_equal(unlink(ours), 0);
	rule.errno_ret = (struct opt_u64)U64(ENOSYS);
	cached(cache, &seccomp, &bpf, &flags);
	find_file(cache);
	assert_string_not_equal(ours, cache->file);
	assert_int_equal(rename(cache->file, ours), 0);
	rule.errno_ret.set = false;
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
}

static void each_part_of_the_profile_is_in_the_key(void **state)
{
	struct cache *cache = *state;
	struct config_seccomp_arg arg = { .index = U64(0),
					  .value = U64(1),
					  .op = CONFIG_SECCOMP_EQ };
	autostrbuf struct strbuf other = { 0 };
	SAMPLE;

	cached(cache, &seccomp, &bpf, &flags);
	rule.args.items = &arg;
	rule.args.count = 1;
	compile(&seccomp, &other, &flags);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &other);
	arg.value.value = 2;
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getppid, 2), SECCOMP_RET_ERRNO | EPERM);
	seccomp.flags = 1u << CONFIG_SECCOMP_FLAG_LOG;
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG);
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG);
	rule.names.items[0] = "getpid";
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getpid, 2), SECCOMP_RET_ERRNO | EPERM);
	seccomp.default_action = CONFIG_SECCOMP_LOG;
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getppid, 0), SECCOMP_RET_LOG);
}

static void without_a_cache_it_compiles(void **state)
{
	struct cache *cache = *state;
	SAMPLE;

	strcat(cache->dir, "/no/such");
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
}

/* Another user can't make these in our directory, but a restored backup can hold anything. */
static void a_name_that_is_no_file_of_ours_is_replaced(void **state)
{
	struct cache *cache = *state;
	char copy[400];
	struct stat st;
	SAMPLE;

	cached(cache, &seccomp, &bpf, &flags);
	find_file(cache);
	/* A link, even to a good file. */
	snprintf(copy, sizeof(copy), "%s/copy", cache->above);
	assert_int_equal(rename(cache->file, copy), 0);
	assert_int_equal(symlink(copy, cache->file), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(lstat(cache->file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* A FIFO, on which a plain open(2) would wait for a writer without end. */
	assert_int_equal(unlink(cache->file), 0);
	assert_int_equal(mkfifo(cache->file, 0600), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(lstat(cache->file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void a_link_in_place_of_the_directory_is_no_cache(void **state)
{
	struct cache *cache = *state;
	char elsewhere[128];
	SAMPLE;

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", cache->above);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(symlink(elsewhere, cache->dir), 0);
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(rmdir(elsewhere), 0);
}

/* Files of old kernels are never read again, so that they would grow without end. */
static void too_many_files_are_removed_but_no_other_ones(void **state)
{
	struct cache *cache = *state;
	SAMPLE;

	assert_int_equal(mkdir(cache->dir, 0700), 0);
	for (int i = 0; i < 64; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%016x", i);
		write_file(cache, name, "old");
	}
	write_file(cache, "0123456789abcdeF", "another name");
	write_file(cache, "note", "of a person");
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(find_files(cache), 64 + 2 + 1);
	/* Now the files are one too many. */
	rule.errno_ret = (struct opt_u64)U64(ENOSYS);
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(find_files(cache), 2 + 1);
	cached(cache, &seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getppid, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

static void a_profile_that_is_too_large_is_not_kept(void **state)
{
	struct cache *cache = *state;
	char *large = malloc((1 << 20) + 1);
	SAMPLE;

	assert_non_null(large);
	memset(large, 'x', 1 << 20);
	large[1 << 20] = '\0';
	names[1] = large;
	rule.names.count = 2;
	cached(cache, &seccomp, &bpf, &flags);
	assert_same(&bpf, &plain);
	assert_int_equal(find_files(cache), 0);
	free(large);
}

static void a_profile_that_is_refused_leaves_nothing(void **state)
{
	struct cache *cache = *state;
	struct error err = ERROR_NONE;
	SAMPLE;

	rule.errno_ret = (struct opt_u64)U64(5000);
	assert_int_equal(seccomp_compile_cached(cache->dir, &seccomp, &bpf, &flags, &err), -1);
	assert_non_null(strstr(err.text, "errnoRet"));
	assert_int_equal(find_files(cache), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_second_time_comes_from_the_cache),
		TEST(a_damaged_file_is_replaced),
		TEST(a_file_that_others_can_write_is_not_used),
		TEST(a_file_of_another_profile_is_not_used),
		TEST(each_part_of_the_profile_is_in_the_key),
		TEST(without_a_cache_it_compiles),
		TEST(a_name_that_is_no_file_of_ours_is_replaced),
		TEST(a_link_in_place_of_the_directory_is_no_cache),
		TEST(too_many_files_are_removed_but_no_other_ones),
		TEST(a_profile_that_is_too_large_is_not_kept),
		TEST(a_profile_that_is_refused_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
