// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "rootless/host_check.h"
#include "tests/unit/rootless/fake_host.h"

static struct host fake(void)
{
	return (struct host){ .root = fake_root };
}

/* The hint for an errno; "" where no check found a cause. */
static const char *userns_hint(int errnum)
{
	static struct error err;
	struct host host = fake();

	err = ERROR_NONE;
	error_set(&err, errnum, "make the container's process");
	assert_int_equal(host_explain_userns_failure(&host, errnum, &err), -1);
	assert_string_equal(err.text, "make the container's process");
	return err.hint;
}

static const char *helper_hint(void)
{
	static struct error err;
	struct host host = fake();

	err = ERROR_NONE;
	error_set(&err, 0, "newuidmap failed");
	host_explain_helper_failure(&host, &err);
	return err.hint;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' isn't in '%s'", part, text);
}

/* Runs a test's body in a child; 2 from it: the host makes no user namespace. */
static void child_succeeds(int (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(body());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		print_message("this host makes no user namespace for the test\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void test_no_cause_no_hint(void **state)
{
	(void)state;
	assert_string_equal(userns_hint(EPERM), "");
	assert_string_equal(userns_hint(EACCES), "");
	assert_string_equal(userns_hint(EINVAL), "");
	assert_string_equal(userns_hint(ENOMEM), "");
}

static void test_userns_clone(void **state)
{
	(void)state;
	fake_file("/proc/sys/kernel/unprivileged_userns_clone", "1\n");
	assert_string_equal(userns_hint(EPERM), "");
	fake_file("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
	assert_has(userns_hint(EPERM), "kernel.unprivileged_userns_clone=1");
	assert_string_equal(userns_hint(ENOMEM), "");
}

static void test_max_namespaces(void **state)
{
	(void)state;
	fake_file("/proc/sys/user/max_user_namespaces", "0\n");
	assert_has(userns_hint(ENOSPC), "user.max_user_namespaces above 0");
	fake_file("/proc/sys/user/max_user_namespaces", "100\n");
	fake_file("/proc/sys/user/max_net_namespaces", "0\n");
	assert_has(userns_hint(ENOSPC), "user.max_net_namespaces above 0");
}

static void test_no_user_namespaces_in_the_kernel(void **state)
{
	(void)state;
	fake_file("/proc/self/ns/user", "");
	assert_string_equal(userns_hint(EINVAL), "");
	unlink(fake_path("/proc/self/ns/user"));
	assert_has(userns_hint(EINVAL), "CONFIG_USER_NS");
}

static void test_apparmor(void **state)
{
	(void)state;
	fake_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	assert_string_equal(userns_hint(EACCES), "");
	fake_file("/proc/self/attr/current", "unconfined\n");
	assert_int_equal(symlink("/home/ann/bin/urun", fake_path("/proc/self/exe")), 0);
	assert_has(userns_hint(EACCES),
		   "profile urun /home/ann/bin/urun flags=(unconfined) { userns, }");
	assert_has(userns_hint(EPERM), "/etc/apparmor.d/urun");
	fake_file("/proc/self/attr/current", "urun (unconfined)\n");
	assert_string_equal(userns_hint(EACCES), "");
	fake_file("/proc/self/attr/current", "unconfined\n");
	fake_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n");
	assert_string_equal(userns_hint(EACCES), "");
}

static void test_chroot(void **state)
{
	(void)state;
	fake_file("/proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
					  "23 22 0:5 / /proc rw - proc proc rw\n");
	assert_string_equal(userns_hint(EPERM), "");
	fake_file("/proc/self/mountinfo", "23 22 0:5 / /proc rw - proc proc rw\n");
	assert_has(userns_hint(EPERM), "chroot");
}

static void test_selinux(void **state)
{
	(void)state;
	fake_file("/sys/fs/selinux/enforce", "0");
	assert_string_equal(userns_hint(EACCES), "");
	fake_file("/sys/fs/selinux/enforce", "1");
	fake_file("/proc/self/attr/current", "staff_u:staff_r:staff_t:s0\n");
	assert_has(userns_hint(EACCES), "staff_t");
	assert_string_equal(userns_hint(EPERM), "");
}

/* In a child that is root of a user namespace, since the check is about root alone. */
static int setfcap_child(void)
{
	char map[32];
	FILE *file;

	snprintf(map, sizeof(map), "0 %u 1\n", geteuid());
	if (unshare(CLONE_NEWUSER) < 0 || !(file = fopen("/proc/self/uid_map", "w")) ||
	    fputs(map, file) < 0 || fclose(file) != 0)
		return 2;
	fake_file("/proc/self/status", "Name:\tx\nCapEff:\t00000000a80425fb\n");
	if (userns_hint(EPERM)[0] != '\0')
		return 1;
	fake_file("/proc/self/status", "Name:\tx\nCapEff:\t00000000280425fb\n");
	return strstr(userns_hint(EPERM), "CAP_SETFCAP") ? 0 : 1;
}

static void test_root_without_setfcap(void **state)
{
	(void)state;
	/* Made here, as the child can own nothing of another uid. */
	fake_file("/proc/self/status", "");
	child_succeeds(setfcap_child);
}

enum filter_kind { NO_FILTER, REFUSE_UNSHARE };

/* Runs a check in a child with a filter of its own; the answer is the child's exit status. */
static int in_filtered_child(enum filter_kind kind)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (kind == REFUSE_UNSHARE &&
		    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0))
			_exit(2);
		_exit(strstr(userns_hint(EPERM), "seccomp") ? 1 : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_seccomp(void **state)
{
	(void)state;
	/* A filter that lets unshare through isn't the cause. */
	fake_file("/proc/self/status", "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n");
	assert_int_equal(in_filtered_child(NO_FILTER), 0);
	assert_int_equal(in_filtered_child(REFUSE_UNSHARE), 1);
	fake_file("/proc/self/status", "Name:\tx\nSeccomp:\t0\n");
	assert_int_equal(in_filtered_child(REFUSE_UNSHARE), 0);
}

static void test_helper_missing(void **state)
{
	(void)state;
	assert_has(helper_hint(), "newuidmap is not found: install the package uidmap");
	fake_program("/usr/bin/newuidmap", "");
	assert_has(helper_hint(), "newgidmap is not found");
	/* The command is that of the distribution, or of what it is made of. */
	fake_file("/etc/os-release", "NAME=\"x\"\nVERSION_ID=\"1\"\nID=debian\n");
	assert_has(helper_hint(), "newgidmap is not found: run as root apt-get install uidmap");
	fake_file("/etc/os-release", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n");
	assert_has(helper_hint(), "run as root dnf install shadow-utils");
	fake_file("/etc/os-release", "ID='alpine'\n");
	assert_has(helper_hint(), "run as root apk add shadow-subids");
	fake_file("/etc/os-release", "ID=plan9\nPRETTY_NAME=\"like debian\"\n");
	assert_has(helper_hint(), "install the package uidmap");
	fake_file("/etc/os-release", "ID=\"\nID_LIKE=\n\n=");
	assert_has(helper_hint(), "install the package uidmap");
}

static void test_helper_powerless(void **state)
{
	(void)state;
	fake_program("/usr/bin/newuidmap", "");
	fake_program("/usr/bin/newgidmap", "");
	assert_has(helper_hint(), "neither setuid root");
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(fake_path("/usr/bin/newuidmap"), 04755), 0);
	assert_has(helper_hint(), "newgidmap is neither");
	assert_int_equal(chmod(fake_path("/usr/bin/newgidmap"), 04755), 0);
	assert_string_equal(helper_hint(), "");
}

static void test_no_new_privileges(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fake_program("/usr/bin/newuidmap", "");
	fake_program("/usr/bin/newgidmap", "");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(strstr(helper_hint(), "no_new_privs") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A child mounts the fake host with nosuid in a mount namespace of its own. */
static int nosuid_child(void)
{
	char fix[HOST_FIX_SIZE] = "";
	struct host host = fake();

	fake_program("/usr/bin/newuidmap", "");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    mount(fake_root, fake_root, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, fake_root, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL) < 0)
		return 2;
	return host_has(&host, HOST_HELPER_NOSUID, fix) && strstr(fix, "mounted with nosuid") ? 0
											      : 1;
}

static void test_helper_on_nosuid(void **state)
{
	(void)state;
	child_succeeds(nosuid_child);
}

/* A user namespace with a limit of 0 inside, told to a fake host that says 100. */
static int used_up_child(void)
{
	static const char limit[] = "/proc/sys/user/max_user_namespaces";
	struct error err = ERROR_NONE;
	struct host host = fake();
	char map[32];
	FILE *file;

	fake_file(limit, "100\n");
	snprintf(map, sizeof(map), "0 %u 1\n", geteuid());
	if (unshare(CLONE_NEWUSER) < 0 || !(file = fopen("/proc/self/uid_map", "w")) ||
	    fputs(map, file) < 0 || fclose(file) != 0)
		return 2;
	file = fopen(limit, "w");
	if (!file || fputs("0", file) < 0 || fclose(file) != 0)
		return 2;
	host_explain_userns_failure(&host, ENOSPC, &err);
	return strstr(err.hint, "in use (sysctl user.max_user_namespaces is 100") ? 0 : 1;
}

static void test_namespaces_used_up(void **state)
{
	(void)state;
	assert_string_equal(userns_hint(ENOSPC), "");
	child_succeeds(used_up_child);
}

static void test_no_subids(void **state)
{
	char fix[HOST_FIX_SIZE], line[256];
	struct host host = fake();

	(void)state;
	snprintf(line, sizeof(line), "ann:x:%u:1000::/:/bin/sh\n", geteuid());
	fake_file("/etc/passwd", line);
	fake_file("/etc/subuid", "bob:100000:65536\n");
	assert_true(host_has(&host, HOST_NO_SUBIDS, fix));
	assert_string_equal(
		fix,
		"run as root usermod --add-subuids 165536-231071 --add-subgids 100000-165535 ann");
	fake_file("/etc/subuid", "ann:100000:65536\n");
	assert_true(host_has(&host, HOST_NO_SUBIDS, fix));
	assert_string_equal(fix, "run as root usermod --add-subgids 100000-165535 ann");
	fake_file("/etc/subgid", "ann:100000:65536\n");
	assert_false(host_has(&host, HOST_NO_SUBIDS, fix));
}

static void test_subid_file_is_a_link(void **state)
{
	char fix[HOST_FIX_SIZE];
	struct host host = fake();

	(void)state;
	fake_program("/usr/bin/newuidmap", "");
	fake_program("/usr/bin/newgidmap", "");
	fake_file("/etc/real-subuid", "ann:100000:65536\n");
	fake_file("/etc/subgid", "ann:100000:65536\n");
	assert_int_equal(symlink("real-subuid", fake_path("/etc/subuid")), 0);
	assert_has(helper_hint(), "/etc/subuid is a symbolic link, which newuidmap doesn't follow");
	assert_has(helper_hint(), "cp --remove-destination");
	/* A link that leads nowhere. */
	assert_int_equal(unlink(fake_path("/etc/real-subuid")), 0);
	assert_has(helper_hint(), "/etc/subuid is a symbolic link to a file that doesn't exist");
	assert_true(host_has(&host, HOST_SUBID_LINK, fix));
	/* The other file, and the other program. */
	assert_int_equal(unlink(fake_path("/etc/subuid")), 0);
	fake_file("/etc/subuid", "ann:100000:65536\n");
	assert_false(host_has(&host, HOST_SUBID_LINK, fix));
	assert_int_equal(unlink(fake_path("/etc/subgid")), 0);
	fake_file("/etc/static/subgid", "ann:100000:65536\n");
	assert_int_equal(symlink("static/subgid", fake_path("/etc/subgid")), 0);
	assert_has(helper_hint(), "/etc/subgid is a symbolic link, which newgidmap doesn't follow");
	/* The programs don't read the files where the ids come from elsewhere. */
	fake_file("/etc/nsswitch.conf", "subid: sss\n");
	assert_false(host_has(&host, HOST_SUBID_LINK, fix));
}

static void test_the_table_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++) {
		assert_non_null(host_checks[i].setting);
		assert_non_null(host_checks[i].found);
		assert_int_not_equal(host_checks[i].occasions, 0);
	}
}

/* Every trouble that a fake host of files can have, and nothing else on that host. */
static const struct {
	enum host_trouble trouble;
	const char *path, *text; /* text NULL: a link to /nowhere */
} bare_troubles[] = {
	{ HOST_NO_USER_NAMESPACES, "/proc/self/ns/mnt", "" },
	{ HOST_USERNS_CLONE_OFF, "/proc/sys/kernel/unprivileged_userns_clone", "0\n" },
	{ HOST_MAX_NAMESPACES_ZERO, "/proc/sys/user/max_mnt_namespaces", "0\n" },
	{ HOST_CHROOT, "/proc/self/mountinfo", "1 0 8:1 / /proc rw - proc proc rw\n" },
	{ HOST_APPARMOR_RESTRICTION, "/proc/self/attr/current", "unconfined\n" },
	{ HOST_SELINUX, "/sys/fs/selinux/enforce", "1\n" },
	{ HOST_HELPER_MISSING, NULL, NULL },
	{ HOST_SUBID_LINK, "/etc/subuid", NULL },
	{ HOST_HELPER_POWERLESS, "/usr/bin/newuidmap", "" },
	{ HOST_NO_SUBIDS, NULL, NULL },
};

static void test_no_hint_of_the_table_names_what_is_not_there(void **state)
{
	struct host host = fake();

	for (size_t i = 0; i < ARRAY_SIZE(bare_troubles); i++) {
		char fix[HOST_FIX_SIZE] = "";

		assert_int_equal(fake_host_teardown(state), 0);
		assert_int_equal(fake_host_setup(state), 0);
		if (bare_troubles[i].trouble == HOST_APPARMOR_RESTRICTION)
			fake_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
		if (bare_troubles[i].text && bare_troubles[i].path)
			fake_program(bare_troubles[i].path, bare_troubles[i].text);
		else if (bare_troubles[i].path) {
			fake_file("/etc/hostname", "");
			assert_int_equal(symlink("/nowhere", fake_path(bare_troubles[i].path)), 0);
		}
		if (!host_has(&host, bare_troubles[i].trouble, fix))
			fail_msg("%s: not found", host_checks[bare_troubles[i].trouble].setting);
		assert_int_not_equal(fix[0], '\0');
		assert_null(strstr(fix, "(null)"));
		assert_null(strchr(fix, '\n'));
	}
}

#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_no_cause_no_hint),
		HOST_TEST(test_userns_clone),
		HOST_TEST(test_max_namespaces),
		HOST_TEST(test_no_user_namespaces_in_the_kernel),
		HOST_TEST(test_apparmor),
		HOST_TEST(test_chroot),
		HOST_TEST(test_selinux),
		HOST_TEST(test_root_without_setfcap),
		HOST_TEST(test_seccomp),
		HOST_TEST(test_helper_missing),
		HOST_TEST(test_helper_powerless),
		HOST_TEST(test_no_new_privileges),
		HOST_TEST(test_helper_on_nosuid),
		HOST_TEST(test_namespaces_used_up),
		HOST_TEST(test_no_subids),
		HOST_TEST(test_subid_file_is_a_link),
		HOST_TEST(test_no_hint_of_the_table_names_what_is_not_there),
		cmocka_unit_test(test_the_table_is_whole),
	};

	return cmocka_run_group_tests_name("host_check", tests, NULL, NULL);
}
