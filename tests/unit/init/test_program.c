// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/init/inspect.h"
#include "core/init/program.h"

static char directory[64];

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/urun-test-program-XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	autofree char *command = str_format("rm -rf %s", directory);

	(void)state;
	return chdir("/") < 0 ? -1 : system(command);
}

static void make_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	autoclose int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void make_script(const char *name, const char *text)
{
	make_file(name, text, strlen(text), 0755);
}

static struct config_process process_of(char **args, size_t arg_count, char **env, size_t env_count)
{
	static struct config_user user = { .uid = { true, 0 }, .gid = { true, 0 } };
	struct config_process process = { .cwd = directory, .user = &user };

	process.args.items = args;
	process.args.count = arg_count;
	process.env.items = env;
	process.env.count = env_count;
	return process;
}

static int find(const char *name, const char *path, char **ret_path, struct error *err)
{
	autofree char *entry = path ? str_format("PATH=%s", path) : NULL;
	struct config_process process = process_of((char *[]){ (char *)(uintptr_t)name }, 1,
						   (char *[]){ entry }, path ? 1 : 0);

	return program_find(&process, ret_path, err);
}

static void assert_found(const char *name, const char *path, const char *expected)
{
	struct error err = ERROR_NONE;
	autofree char *found = NULL;

	if (find(name, path, &found, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(found, expected);
}

static void assert_not_found(const char *name, const char *path, int status,
			     const char *line_expected)
{
	char line[ERROR_LINE_SIZE];
	struct error err = ERROR_NONE;
	char *found = NULL;

	assert_int_equal(find(name, path, &found, &err), -1);
	assert_null(found);
	assert_string_equal(error_format(&err, line), line_expected);
	assert_int_equal(err.status, status);
}

static void path_is_searched_in_its_order(void **state)
{
	(void)state;
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("b", 0755), 0);
	make_script("a/both", "#!/bin/sh\n");
	make_script("b/both", "#!/bin/sh\n");
	make_script("b/second", "#!/bin/sh\n");
	make_script("here", "#!/bin/sh\n");
	assert_found("both", "a:b", "a/both");
	assert_found("both", "b:a", "b/both");
	assert_found("second", "/no/such:a:b", "b/second");
	assert_found("here", "a:", "./here");
	assert_found("here", "", "./here");
	assert_found("here", ":a", "./here");
	assert_found("./here", "a", "./here");
	assert_found("b/second", "a", "b/second");
}

static void without_path_the_default_is_searched(void **state)
{
	(void)state;
	assert_found("sh", NULL, access("/usr/bin/sh", X_OK) == 0 ? "/usr/bin/sh" : "/bin/sh");
}

static void what_cannot_be_executed_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("b", 0755), 0);
	assert_int_equal(mkdir("a/directory", 0755), 0);
	make_file("a/plain", "x", 1, 0644);
	make_script("b/plain", "#!/bin/sh\n");
	make_script("b/directory", "#!/bin/sh\n");
	assert_found("plain", "a:b", "b/plain");
	assert_found("directory", "a:b", "b/directory");
	assert_not_found("plain", "a", 126,
			 "executable file `plain` in $PATH can't be executed: permission denied");
	assert_not_found(
		"directory", "a", 126,
		"executable file `directory` in $PATH can't be executed: permission denied");
}

/* podman and docker choose their own exit status by these texts. */
static void missing_programs_have_the_texts_that_engines_know(void **state)
{
	(void)state;
	assert_not_found("foobar", "/bin", 127,
			 "executable file `foobar` not found in $PATH: no such file or directory");
	assert_not_found("", "/bin", 127,
			 "executable file `` not found in $PATH: no such file or directory");
	assert_not_found("/no/such/command", NULL, 127,
			 "open executable `/no/such/command`: no such file or directory");
	assert_not_found("/etc/passwd/x", NULL, 127,
			 "open executable `/etc/passwd/x`: not a directory");
	assert_not_found(
		"/etc", NULL, 126,
		"exec: the path `/etc` is not a regular file (it is a directory): permission denied");
	assert_not_found("/dev/null", NULL, 126,
			 "exec: the path `/dev/null` is not a regular file: permission denied");
	make_file("plain", "x", 1, 0644);
	assert_not_found("./plain", NULL, 126,
			 "exec `./plain`: its mode 0644 has no execute bit: permission denied");
}

static void chdir_failures_have_the_texts_that_engines_know(void **state)
{
	struct config_process process = process_of(NULL, 0, NULL, 0);
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	(void)state;
	process.cwd = (char[]){ "/missing" };
	assert_int_equal(program_chdir(&process, &err), -1);
	assert_string_equal(error_format(&err, line),
			    "chdir to `/missing`: no such file or directory");
	assert_int_equal(err.status, 127);
	process.cwd = (char[]){ "/dev/null" };
	assert_int_equal(program_chdir(&process, &err), -1);
	assert_string_equal(error_format(&err, line), "chdir to `/dev/null`: not a directory");
	process.cwd = (char[]){ "/" };
	assert_int_equal(program_chdir(&process, &err), 0);
}

/* Executes the file in a child, which sends the line of the error. */
static void assert_exec_fails(const char *path, int status, const char *line_expected)
{
	int ends[2], child_status;
	char line[ERROR_LINE_SIZE] = "";
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct config_process process =
			process_of((char *[]){ (char *)(uintptr_t)path }, 1, NULL, 0);
		struct error err = ERROR_NONE;
		struct program program;
		int root = open("/", O_PATH | O_CLOEXEC);

		program_prepare(&process, str_dup(path), NULL, root, &program);
		program_exec(&program, &err);
		error_format(&err, line);
		_exit(write(ends[1], line, strlen(line)) > 0 ? err.status : 1);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &child_status, 0), pid);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	close(ends[0]);
	assert_string_equal(line, line_expected);
	assert_true(WIFEXITED(child_status));
	assert_int_equal(WEXITSTATUS(child_status), status);
}

static void a_script_without_its_interpreter_is_told(void **state)
{
	(void)state;
	make_script("script", "#! /no/such/perl -w\nprint 1\n");
	assert_exec_fails("./script", 127,
			  "exec `./script`: its interpreter `/no/such/perl`: "
			  "no such file or directory");
	make_script("crlf", "#!/bin/sh\r\n");
	assert_exec_fails("./crlf", 127,
			  "exec `./crlf`: its interpreter `/bin/sh\\x0d`: "
			  "no such file or directory");
	make_file("plain", "#!/bin/sh\n", 10, 0644);
	make_script("denied", "#!/dev/null\n");
	assert_exec_fails(
		"./denied", 126,
		"exec `./denied`: its interpreter `/dev/null` can't be executed: permission denied");
}

static void what_is_no_program_is_told(void **state)
{
	(void)state;
	make_script("text", "echo hello\n");
	assert_exec_fails(
		"./text", 126,
		"exec `./text`: neither an ELF file nor a script that begins with #!: exec format error");
	make_script("empty", "");
	assert_exec_fails("./empty", 126, "exec `./empty`: it is empty: exec format error");
}

struct small_elf {
	Elf64_Ehdr head;
	Elf64_Phdr program;
	char loader[32];
};

static struct small_elf elf_of(uint16_t machine)
{
	struct small_elf elf = {
		.head = { .e_type = ET_EXEC,
			  .e_machine = machine,
			  .e_version = 1,
			  .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phoff = offsetof(struct small_elf, program),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1 },
		.program = { .p_type = PT_INTERP,
			     .p_offset = offsetof(struct small_elf, loader),
			     .p_filesz = sizeof("/no/such/ld.so"),
			     .p_memsz = sizeof("/no/such/ld.so") },
		.loader = "/no/such/ld.so",
	};

	memcpy(elf.head.e_ident, ELFMAG, SELFMAG);
	elf.head.e_ident[EI_CLASS] = ELFCLASS64;
	elf.head.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.head.e_ident[EI_VERSION] = EV_CURRENT;
	return elf;
}

#if defined(__x86_64__)
#define OWN_MACHINE   EM_X86_64
#define OWN_NAME      "x86_64"
#define OTHER_MACHINE EM_AARCH64
#define OTHER_NAME    "aarch64"
#elif !defined(__aarch64__)
#define OWN_MACHINE   EM_NONE /* the file that the test makes is one of these two */
#define OWN_NAME      ""
#define OTHER_MACHINE EM_NONE
#define OTHER_NAME    ""
#else
#define OWN_MACHINE   EM_AARCH64
#define OWN_NAME      "aarch64"
#define OTHER_MACHINE EM_X86_64
#define OTHER_NAME    "x86_64"
#endif

static void a_missing_loader_is_told(void **state)
{
	struct small_elf elf = elf_of(OWN_MACHINE);

	(void)state;
	if (!OWN_MACHINE)
		skip();
	make_file("elf", &elf, sizeof(elf), 0755);
	assert_exec_fails("./elf", 127,
			  "exec `./elf`: its dynamic loader `/no/such/ld.so`: "
			  "no such file or directory");
}

static void another_machines_program_is_told(void **state)
{
	struct small_elf elf = elf_of(OTHER_MACHINE);
	char line[ERROR_LINE_SIZE];
	struct error err = ERROR_NONE;

	(void)state;
	if (!OWN_MACHINE)
		skip();
	make_file("elf", &elf, sizeof(elf), 0755);
	/* The test doesn't use execve, as the host may have an emulator. */
	assert_int_equal(inspect_exec_failure("./elf", ENOEXEC, &err), -1);
	assert_string_equal(error_format(&err, line),
			    "exec `./elf`: it is made for " OTHER_NAME ", this machine is " OWN_NAME
			    ": exec format error");
	assert_int_equal(err.status, 126);
}

/*
 * False values in headers must neither be believed nor lead to reads out of bounds, which
 * sanitizers see.
 */
static void hostile_headers_are_survived(void **state)
{
	static const uint64_t values[] = { 0,	 1,	    2,		4095,
					   4096, INT64_MAX, UINT64_MAX, UINT64_MAX - 55 };
	struct error err = ERROR_NONE;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (int field = 0; field < 3; field++) {
			struct small_elf elf = elf_of(OWN_MACHINE);

			*(field == 0   ? &elf.head.e_phoff
			  : field == 1 ? &elf.program.p_offset
				       : &elf.program.p_filesz) = values[i];
			elf.head.e_phnum = 0xffff;
			make_file("elf", &elf, sizeof(elf), 0755);
			assert_int_equal(inspect_exec_failure("./elf", ENOENT, &err), -1);
			assert_int_equal(err.status, 127);
		}
	}
	for (size_t size = 0; size < sizeof(Elf64_Ehdr) + 8; size++) {
		struct small_elf elf = elf_of(OWN_MACHINE);

		make_file("elf", &elf, size, 0755);
		inspect_exec_failure("./elf", ENOENT, &err);
		inspect_exec_failure("./elf", ENOEXEC, &err);
		assert_int_equal(err.status, 126);
	}
	make_script("script", "#!");
	inspect_exec_failure("./script", ENOENT, &err);
	assert_int_equal(mkfifo("fifo", 0755), 0);
	inspect_exec_failure("./fifo", EACCES, &err);
	assert_string_equal(err.text, "exec: the path `./fifo` is not a regular file");
}

static void home_is_added_where_env_has_none(void **state)
{
	struct config_process process =
		process_of((char *[]){ "a", "b" }, 2, (char *[]){ "A=1", "HOMER=x" }, 2);
	struct str_list extra = { (char *[]){ "LISTEN_PID=1" }, 1 };
	struct program program;
	autoclose int root = -1;

	(void)state;
	assert_int_equal(mkdir("etc", 0755), 0);
	make_file("etc/passwd", "root:x:0:0::/the/home:/bin/sh\n", 30, 0644);
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	program_prepare(&process, str_dup("/bin/a"), &extra, root, &program);
	assert_string_equal(program.argv[0], "a");
	assert_string_equal(program.argv[1], "b");
	assert_null(program.argv[2]);
	assert_string_equal(program.envp[0], "A=1");
	assert_string_equal(program.envp[2], "LISTEN_PID=1");
	assert_string_equal(program.envp[3], "HOME=/the/home");
	assert_null(program.envp[4]);
	program_release(&program);

	/* A FIFO in the place of passwd neither blocks nor is read. */
	assert_int_equal(unlink("etc/passwd"), 0);
	assert_int_equal(mkfifo("etc/passwd", 0644), 0);
	program_prepare(&process, str_dup("/bin/a"), NULL, root, &program);
	assert_string_equal(program.envp[2], "HOME=/");
	program_release(&program);

	/* The last of two values replaces the first, and an empty HOME counts as none. */
	process.env.items = (char *[]){ "A=1", "B=2", "A=3" };
	process.env.count = 3;
	program_prepare(&process, str_dup("/bin/a"), NULL, root, &program);
	assert_string_equal(program.envp[0], "A=3");
	assert_string_equal(program.envp[1], "B=2");
	assert_string_equal(program.envp[2], "HOME=/");
	program_release(&program);

	process.env.items = (char *[]){ "HOME=" };
	process.env.count = 1;
	program_prepare(&process, str_dup("/bin/a"), NULL, root, &program);
	assert_string_equal(program.envp[0], "HOME=/");
	assert_null(program.envp[1]);
	program_release(&program);
}

/* It would take a minute to search the whole list for each variable. */
static void as_many_variables_as_execve_takes_are_put_together_at_once(void **state)
{
	static char names[200000][10];
	static char *env[ARRAY_SIZE(names) + 2];
	struct config_process process = process_of((char *[]){ "a" }, 1, env, ARRAY_SIZE(env));
	struct program program;
	autoclose int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(names[i], sizeof(names[i]), "A%zu=1", i);
		env[i] = names[i];
	}
	env[ARRAY_SIZE(names)] = "A7=2";
	env[ARRAY_SIZE(names) + 1] = "A199999=";
	program_prepare(&process, str_dup("/bin/a"), NULL, root, &program);
	assert_string_equal(program.envp[6], "A6=1");
	assert_string_equal(program.envp[7], "A7=2");
	assert_string_equal(program.envp[199999], "A199999=");
	assert_string_equal(program.envp[200000], "HOME=/");
	assert_null(program.envp[200001]);
	program_release(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(path_is_searched_in_its_order, setup, teardown),
		cmocka_unit_test_setup_teardown(without_path_the_default_is_searched, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_executed_is_passed_over, setup,
						teardown),
		cmocka_unit_test_setup_teardown(missing_programs_have_the_texts_that_engines_know,
						setup, teardown),
		cmocka_unit_test_setup_teardown(chdir_failures_have_the_texts_that_engines_know,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_script_without_its_interpreter_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_no_program_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_loader_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(another_machines_program_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_headers_are_survived, setup, teardown),
		cmocka_unit_test_setup_teardown(home_is_added_where_env_has_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
			as_many_variables_as_execve_takes_are_put_together_at_once, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
