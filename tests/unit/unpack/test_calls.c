// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/unpack/calls.h"

static bool is_refused(long result)
{
	return result == -1 && errno == ENOSYS;
}

/* Each returns true where the call is as it should be; all run behind the filter. */

static bool no_program(void)
{
	char *const argv[] = { (char *)"true", NULL };

	return is_refused(execve("/bin/true", argv, NULL));
}

static bool no_network(void)
{
	int pair[2];

	return is_refused(socket(AF_INET, SOCK_STREAM, 0)) &&
	       is_refused(socket(AF_UNIX, SOCK_STREAM, 0)) &&
	       is_refused(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static bool no_namespace(void)
{
	return is_refused(unshare(CLONE_NEWUSER)) && is_refused(setns(0, 0)) &&
	       is_refused(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0)) &&
	       is_refused(syscall(SYS_clone3, NULL, 0)) && is_refused(chroot("/")) &&
	       is_refused(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)) &&
	       is_refused(syscall(SYS_open_tree, AT_FDCWD, "/", 0));
}

static bool limits_own_process_alone(void)
{
	struct rlimit limit;

	return is_refused(prlimit(getppid(), RLIMIT_CPU, NULL, &limit)) &&
	       getrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool no_other_process(void)
{
	return is_refused(kill(getppid(), 0)) && is_refused(ptrace(PTRACE_TRACEME, 0, 0, 0)) &&
	       is_refused(syscall(SYS_pidfd_open, getppid(), 0)) && limits_own_process_alone();
}

/* Else it would stay when its parent is killed. */
static bool no_life_beyond_the_parent(void)
{
	return is_refused(prctl(PR_SET_PDEATHSIG, 0));
}

static bool no_device_but_the_whiteout(void)
{
	return is_refused(mknodat(AT_FDCWD, "/nowhere/null", S_IFCHR | 0600, makedev(1, 3))) &&
	       mknodat(AT_FDCWD, "/nowhere/whiteout", S_IFCHR, makedev(0, 0)) < 0 &&
	       errno == ENOENT;
}

static bool no_executable_memory(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory != MAP_FAILED &&
	       is_refused((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				     -1, 0)) &&
	       is_refused(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static bool own_processes(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(7);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7;
}

static bool files(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && fchdir(fd) == 0 && close(fd) == 0;
}

static void assert_behind_the_filter(bool (*is_right)(void))
{
	struct error err = ERROR_NONE;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || calls_restrict(&err) < 0)
			_exit(2);
		_exit(is_right() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST_OF(check)                           \
	static void test_##check(void **state)   \
	{                                        \
		(void)state;                     \
		assert_behind_the_filter(check); \
	}

TEST_OF(no_program)
TEST_OF(no_network)
TEST_OF(no_namespace)
TEST_OF(no_other_process)
TEST_OF(no_life_beyond_the_parent)
TEST_OF(no_device_but_the_whiteout)
TEST_OF(no_executable_memory)
TEST_OF(own_processes)
TEST_OF(files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_no_network),
		cmocka_unit_test(test_no_namespace),
		cmocka_unit_test(test_no_other_process),
		cmocka_unit_test(test_no_life_beyond_the_parent),
		cmocka_unit_test(test_no_device_but_the_whiteout),
		cmocka_unit_test(test_no_executable_memory),
		cmocka_unit_test(test_own_processes),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
