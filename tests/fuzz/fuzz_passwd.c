// SPDX-License-Identifier: Apache-2.0
/*
 * /etc/passwd and /etc/group of a foreign root file system: the home directory of a user, the ids
 * of --user, the names of ids, and added lines.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/passwd.h"
#include "core/rootfs/user.h"
#include "rootless/name.h"
#include "tests/fuzz/fuzz.h"

/* The root file system, whose files are written anew for each input. */
static char root[] = "/tmp/urun-fuzz-passwd.XXXXXX";

static void remove_root(void)
{
	autofree char *command = str_format("rm -rf '%s'", root);

	if (system(command) != 0)
		fprintf(stderr, "fuzz_passwd: %s stays\n", root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autofree char *etc = NULL;

	(void)argc;
	(void)argv;
	if (!mkdtemp(root))
		abort();
	etc = str_format("%s/etc", root);
	if (mkdir(etc, 0755) < 0)
		abort();
	atexit(remove_root);
	return 0;
}

static void put(const char *name, const uint8_t *bytes, size_t size)
{
	autofree char *path = str_format("%s/etc/%s", root, name);
	autoclose int fd = -1;

	/* Some file systems write a truncated file to the disk immediately, which is slow. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, bytes, size) < 0)
		abort();
}

/*
 * The input has the texts of passwd and group, which are read once as files of a root file system
 * and once as bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	uid_t uid = fuzz_number(&input, 2);
	size_t passwd_size = fuzz_number(&input, 2), group_size;
	autofree char *user = fuzz_text(&input);
	autofree uint8_t *passwd = fuzz_bytes(&input, passwd_size, &passwd_size);
	autofree uint8_t *group = fuzz_bytes(&input, input.size, &group_size);
	autofree char *home = user_home_parse((const char *)passwd, passwd_size, uid);
	autofree char *user_name = NULL, *group_name = NULL;
	autofree char *passwd_text = str_dup_n((const char *)passwd, passwd_size);
	autofree char *group_text = str_dup_n((const char *)group, group_size);
	autostrbuf struct strbuf merged = { 0 }, again = { 0 };
	struct passwd_user found;
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };

	fuzz_demand(!home || home[0] == '/', "a home is absolute");
	put("passwd", passwd, passwd_size);
	put("group", group, group_size);
	if (passwd_find_user(passwd_text, group_text, user, &arena, &found, &err) == 0) {
		fuzz_demand(found.uid < UINT32_MAX && found.gid < UINT32_MAX, "ids are such");
		for (size_t i = 0; i < found.group_count; i++)
			fuzz_demand(found.groups[i] < UINT32_MAX, "groups are ids");
	}
	arena_release(&arena);
	passwd_merge(passwd_text, "ann:*:1000:1000:Ann:/:/bin/sh", &merged);
	passwd_merge(merged.bytes, "ann:*:1000:1000:Ann:/:/bin/sh", &again);
	fuzz_demand(str_equal(merged.bytes, again.bytes), "what is there isn't added again");
	strbuf_release(&merged);
	passwd_merge(passwd_text, group_text, &merged);
	fuzz_demand(strlen(merged.bytes) == merged.size, "lines are text");
	user_name = name_of_user(root, uid);
	group_name = name_of_group(root, uid);
	fuzz_demand(!user_name || !strpbrk(user_name, ":\n"), "a name is a field");
	fuzz_demand(!group_name || !strpbrk(group_name, ":\n"), "a name is a field");
	return 0;
}
