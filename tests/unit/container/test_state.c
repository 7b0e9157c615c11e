// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"
#include "core/container/state.h"
#include "tests/unit/base/scratch.h"

/* A child that sleeps until it is killed, in place of a container's process. */
static pid_t make_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

static void end_sleeper(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct container_state state_of(pid_t pid, bool foreground)
{
	char process_state;
	struct container_state state = {
		.oci_version = "1.3.0",
		.id = "c1",
		.pid = { true, (uint64_t)pid },
		.start_time = { .set = true },
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-01-01T00:00:00Z",
		.uid = { true, geteuid() },
		.foreground = foreground,
	};

	assert_int_equal(pidfd_start_time(pid, &state.start_time.value, &process_state), 0);
	return state;
}

static enum container_status status_of(const struct state_dir *dir,
				       const struct container_state *state)
{
	struct error err = ERROR_NONE;
	enum container_status status;

	assert_int_equal(state_status(dir, state, &status, NULL, &err), 0);
	return status;
}

static void ids_are_of_the_allowed_characters(void **state)
{
	static const char *const good[] = { "a", "A0", "_x", "+1", "-x", "a.b", "a+b-c_d.e" };
	static const char *const bad[] = { "",	  ".",	 "..",	     ".a", "a/b",
					   "a b", "a\n", "\xc3\xa4", "a:b" };
	struct error err = ERROR_NONE;
	char long_id[257];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(state_check_id(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(state_check_id(bad[i], &err), -1);
	memset(long_id, 'a', sizeof(long_id) - 1);
	long_id[256] = '\0';
	assert_int_equal(state_check_id(long_id, &err), -1);
	long_id[255] = '\0';
	assert_int_equal(state_check_id(long_id, &err), 0);
}

static void what_is_written_is_read_again(void **state)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false), read;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_read(&dir, &read, &err), 0);
	assert_string_equal(read.id, "c1");
	assert_string_equal(read.bundle, "/b");
	assert_int_equal(read.pid.value, pid);
	assert_int_equal(read.start_time.value, written.start_time.value);
	state_release(&read);
	end_sleeper(pid);
}

static void the_status_follows_the_files_and_the_process(void **state)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;
	int fd;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(status_of(&dir, &written), CONTAINER_CREATING);
	fd = openat(dir.fd, STATE_FILE_START, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(state_set_created(&dir, &err), 0);
	assert_int_equal(status_of(&dir, &written), CONTAINER_CREATED);
	unlinkat(dir.fd, STATE_FILE_START, 0);
	assert_int_equal(status_of(&dir, &written), CONTAINER_RUNNING);
	kill(pid, SIGKILL);
	/* A zombie counts as stopped. */
	while (status_of(&dir, &written) == CONTAINER_RUNNING)
		usleep(1000);
	assert_int_equal(status_of(&dir, &written), CONTAINER_STOPPED);
	waitpid(pid, NULL, 0);
	assert_int_equal(status_of(&dir, &written), CONTAINER_STOPPED);
}

/* Otherwise `delete --force` would remove the state of a running program. */
static void a_process_that_cant_be_looked_at_isnt_taken_for_stopped(void **state)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;
	struct rlimit usual, none;
	enum container_status status;
	int pidfd, result;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	none = (struct rlimit){ 0, usual.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = state_status(&dir, &written, &status, &pidfd, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	assert_int_equal(result, -1);
	assert_int_equal(pidfd, -1);
	assert_int_equal(err.code, EMFILE);
	assert_non_null(strstr(err.text, "look at the container's process"));
	end_sleeper(pid);
}

/* Otherwise `start` of a created container would report that it is running already. */
static void a_directory_that_cant_be_looked_at_is_told(void **state)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;
	struct container_state written;
	enum container_status status;
	pid_t pid;
	int pidfd;

	if (geteuid() == 0)
		return; /* root is refused nothing */
	pid = make_sleeper();
	written = state_of(pid, false);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	assert_int_equal(fchmod(dir.fd, 0), 0);
	assert_int_equal(state_status(&dir, &written, &status, &pidfd, &err), -1);
	assert_int_equal(fchmod(dir.fd, 0700), 0);
	assert_int_equal(pidfd, -1);
	assert_int_equal(err.code, EACCES);
	assert_non_null(strstr(err.text, "c1/" STATE_FILE_CREATING));
	end_sleeper(pid);
}

static void a_reused_pid_is_never_taken_for_the_container(void **state)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;

	written.start_time.value += 1;
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	assert_int_equal(status_of(&dir, &written), CONTAINER_STOPPED);
	assert_int_equal(container_kill(*state, "c1", SIGKILL, KILL_INIT, &err), -1);
	assert_non_null(strstr(err.text, "container not running"));
	assert_int_equal(kill(pid, 0), 0);
	end_sleeper(pid);
}

static void a_second_creation_of_a_living_id_is_refused(void **state)
{
	struct state_dir dir = STATE_DIR_NONE, second = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, true);
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	/* The id is taken while the container is being created, */
	assert_int_equal(state_dir_create(*state, "c1", &second, &err), -1);
	assert_non_null(strstr(err.text, "is being created"));
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	/* and while it runs. */
	assert_int_equal(state_dir_create(*state, "c1", &second, &err), -1);
	assert_non_null(strstr(err.text, "already exists"));
	end_sleeper(pid);
	/* The id is free when the container and its `run` have ended. */
	assert_int_equal(state_dir_create(*state, "c1", &second, &err), 0);
	state_dir_close(&second);
}

/* Another command holds a directory for 300 ms, as `list` does, but longer; then it removes the directory. */
static void a_creation_waits_for_a_command_that_gives_the_id_back(void **state)
{
	static const char *const names[] = { ".new=c1", "c1" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = str_format("%s/%s", (char *)*state, names[i]);
		struct state_dir dir = STATE_DIR_NONE;
		struct error err = ERROR_NONE;
		int held, status;
		pid_t pid;

		assert_int_equal(mkdir(path, 0700), 0);
		held = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(flock(held, LOCK_EX | LOCK_NB), 0);
		pid = fork();
		if (pid == 0) {
			usleep(300 * 1000);
			_exit(rmdir(path) == 0 ? 0 : 1);
		}
		close(held);
		assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(state_dir_remove(&dir, &err), 0);
		state_dir_close(&dir);
	}
}

static void a_stopped_container_keeps_its_id_until_it_is_deleted(void **state)
{
	struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	end_sleeper(pid);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
	assert_non_null(strstr(err.text, "already exists"));
	assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), 0);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
}

static void a_creation_cut_short_is_taken_over(void **state)
{
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), 0);
	assert_int_equal(state_dir_open(*state, "c1", STATE_UNLOCKED, &dir, &err), 1);
	assert_non_null(strstr(err.text, "does not exist"));
}

static void a_damaged_state_can_be_deleted_by_force_alone(void **state)
{
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;
	int fd;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	fd = openat(dir.fd, "state.json", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "{", 1), 1);
	close(fd);
	state_dir_close(&dir);
	assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), -1);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), 0);
}

static void force_deletes_what_is_not_there(void **state)
{
	struct error err = ERROR_NONE;

	assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), -1);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), 0);
	assert_int_equal(container_delete("/no/such/root", "c1", DELETE_FORCE, &err), 0);
}

static void a_root_that_others_can_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0777, 01777, 0770, 02775, 0702 };
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;
	autotextlist struct str_list ids = { 0 };

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		chmod(*state, modes[i]);
		assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
		assert_non_null(strstr(err.text, "can be written by others"));
		assert_int_equal(state_dir_open(*state, "c1", STATE_UNLOCKED, &dir, &err), -1);
		assert_non_null(strstr(err.text, "can be written by others"));
		assert_int_equal(state_list(*state, &ids, &err), -1);
	}
}

static void a_container_that_others_can_write_is_refused(void **state)
{
	autofree char *path = str_format("%s/c1", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
	chmod(path, 01777);
	assert_int_equal(state_dir_open(*state, "c1", STATE_UNLOCKED, &dir, &err), -1);
	assert_non_null(strstr(err.text, "can be written by others"));
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
}

/* Root can give a directory away; for an ordinary user root's directories are another user's. */
static void what_belongs_to_another_user_is_refused(void **state)
{
	autofree char *path = str_format("%s/c1", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	if (geteuid() != 0) {
		assert_int_equal(state_dir_open("/usr", "lib", STATE_UNLOCKED, &dir, &err), -1);
		assert_non_null(strstr(err.text, "state root /usr belongs to uid"));
		return;
	}
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(state_dir_open(*state, "c1", STATE_UNLOCKED, &dir, &err), -1);
	assert_non_null(strstr(err.text, "belongs to uid 12345"));
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_int_equal(chown(*state, 12345, 12345), 0);
	assert_int_equal(state_dir_create(*state, "c2", &dir, &err), -1);
	assert_non_null(strstr(err.text, "belongs to uid 12345"));
}

static void a_root_behind_a_link_in_a_shared_directory_is_refused(void **state)
{
	autofree char *shared = str_format("%s/shared", (char *)*state);
	autofree char *real = str_format("%s/real", (char *)*state);
	autofree char *link = str_format("%s/link", shared);
	autofree char *own_link = str_format("%s/link", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(mkdir(shared, 0700) ?: chmod(shared, 01777) ?: mkdir(real, 0700), 0);
	assert_int_equal(symlink(real, link) ?: symlink(real, own_link), 0);
	assert_int_equal(state_dir_create(link, "c1", &dir, &err), -1);
	assert_non_null(strstr(err.text, "symbolic link"));
	assert_int_equal(state_dir_create(own_link, "c1", &dir, &err), 0);
	state_dir_close(&dir);
}

/*
 * Makes a file that isn't urun's, such as a file of a bundle where --root was the wrong directory.
 */
static int make_foreign(const char *root, const char *name, const char *text)
{
	autofree char *path = str_format("%s/c1/%s", root, name);
	autofree char *directory = str_format("%s/c1", root);
	FILE *file;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -1;
	file = fopen(path, "w");
	return file && fputs(text, file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static off_t foreign_size(const char *root, const char *name)
{
	autofree char *path = str_format("%s/c1/%s", root, name);
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_size : -1;
}

static void nothing_of_a_directory_that_is_no_containers_is_touched(void **state)
{
	static const char *const names[] = { "config.json", "hostname",	  "creating",
					     "created",	    "state.json", "ports" };
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *command = str_format("rm -rf '%s/c1'", (char *)*state);

		assert_int_equal(make_foreign(*state, names[i], "precious"), 0);
		assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
		assert_non_null(strstr(err.text, "already exists"));
		assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), -1);
		assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
		assert_int_equal(foreign_size(*state, names[i]), strlen("precious"));
		assert_int_equal(system(command), 0);
	}
}

static void an_empty_directory_is_no_containers_either(void **state)
{
	autofree char *path = str_format("%s/c1", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), -1);
	assert_non_null(strstr(err.text, "already exists"));
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_int_equal(rmdir(path), 0);
}

static void a_containers_directory_is_removed_with_what_a_hook_has_left(void **state)
{
	autofree char *outside = str_format("%s/outside", (char *)*state);
	autofree char *directory = str_format("%s/c1/a", (char *)*state);
	autofree char *link = str_format("%s/c1/link", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(make_foreign(*state, "notes.txt", "left"), 0);
	assert_int_equal(mkdir(directory, 0700) ?: mkdir(outside, 0700), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(make_foreign(*state, "a/file", "left"), 0);
	assert_int_equal(make_foreign(*state, "../outside/file", "precious"), 0);
	assert_int_equal(state_dir_remove(&dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(foreign_size(*state, "../outside/file"), -1); /* c1 is gone */
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(foreign_size(*state, "../outside/file"), strlen("precious"));
	state_dir_close(&dir);
}

/*
 * The copy names the program.  Without the copy nothing is removed, as the program may be running.
 */
static void a_damaged_state_is_not_forgotten_while_the_program_may_run(void **state)
{
	autofree char *copy = str_format("%s/c1/state.copy", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(make_foreign(*state, "state.json", "{\"ociVer"), 0);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_non_null(strstr(err.hint, "by hand"));
	assert_int_equal(foreign_size(*state, "state.json"), strlen("{\"ociVer"));
	assert_int_equal(make_foreign(*state, "state.copy", "{"), 0);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_int_equal(access(copy, F_OK), 0);
}

/* Writes @text as c1's state.json and state.copy. */
static void damage(const char *root, const char *text)
{
	static const char *const names[] = { "state.json", "state.copy" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = str_format("%s/c1/%s", root, names[i]);

		unlink(path);
		if (text)
			assert_int_equal(make_foreign(root, names[i], text), 0);
	}
}

/* Returns @text with @with in place of the first @old; the caller frees it. */
static char *replaced(const char *text, const char *old, const char *with)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	return str_format("%.*s%s%s", (int)(at - text), text, with, at + strlen(old));
}

/*
 * Damage that leaves valid JSON, in both the file and its copy, neither ends a program nor loses
 * one.
 */
static void a_state_that_was_changed_is_damage(void **state)
{
	static const struct {
		const char *old, *with;
	} changes[] = {
		{ "\"pid\":", "\"pid\":1" },
		{ "\"startTime\":", "\"startTime\":1" },
		{ "\"/b\"", "\"/c\"" },
		{ "\"sum\":\"", "\"sum\":\"0" },
		{ "}", " }" },
		{ "{", "{ " },
	};
	autofree char *path = str_format("%s/c1/state.json", (char *)*state);
	autofree char *text = NULL;
	struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;
	size_t size;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(fd_read_file(path, 65536, &text, &size), 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		autofree char *changed = replaced(text, changes[i].old, changes[i].with);

		damage(*state, changed);
		assert_int_equal(container_delete(*state, "c1", DELETE_STOPPED, &err), -1);
		assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
		assert_non_null(strstr(err.text, "sum: it doesn't fit"));
		assert_non_null(strstr(err.hint, "by hand"));
		assert_int_equal(access(path, F_OK), 0);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	}
	damage(*state, text);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), 0);
	end_sleeper(pid);
}

static void another_containers_state_is_damage(void **state)
{
	autofree char *path = str_format("%s/c1/state.json", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	pid_t pid = make_sleeper();
	struct container_state written = state_of(pid, false);
	struct error err = ERROR_NONE;

	written.id = (char *)"c2";
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &written, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_non_null(strstr(err.text, "of another container, c2"));
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end_sleeper(pid);
}

static void a_state_of_an_older_urun_has_no_sum(void **state)
{
	const char *text = "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"pid\":1,\"startTime\":2,"
			   "\"bundle\":\"/b\",\"rootfs\":\"/r\",\"created\":\"x\",\"uid\":0}";
	struct container_state read;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(state_parse(text, strlen(text), &read, &err), 0);
	assert_int_equal(read.pid.value, 1);
	state_release(&read);
}

/* Commands that only look remove nothing but a creation that was cut short. */
static void a_container_without_its_state_is_kept(void **state)
{
	autofree char *path = str_format("%s/c1", (char *)*state);
	struct state_dir dir = STATE_DIR_NONE;
	struct container container = CONTAINER_NONE;
	struct error err = ERROR_NONE;

	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);
	assert_int_equal(container_open(*state, "c1", STATE_UNLOCKED, &container, &err), -1);
	assert_int_equal(container.dir.fd, -1);
	assert_non_null(strstr(err.hint, "delete --force c1"));
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), -1);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_container_is_opened_with_its_state_and_closed_as_one(void **state)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct container_state made = { .oci_version = (char *)"1.3.0",
					.id = (char *)"c1",
					.pid = { true, INT32_MAX },
					.start_time = { true, 1 },
					.bundle = (char *)"/b",
					.rootfs = (char *)"/b/rootfs",
					.created = (char *)"2026-01-01T00:00:00Z",
					.uid = { true, geteuid() } };
	struct state_dir dir = STATE_DIR_NONE;
	enum container_status status;
	struct error err = ERROR_NONE;
	int pidfd;

	assert_int_equal(container_open(*state, "c1", STATE_UNLOCKED, &container, &err), 1);
	assert_int_equal(container.dir.fd, -1);
	assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
	assert_int_equal(state_write(&dir, &made, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
	state_dir_close(&dir);

	assert_int_equal(container_open(*state, "c1", STATE_LOCKED, &container, &err), 0);
	assert_string_equal(container.state.id, "c1");
	assert_string_equal(container.state.bundle, "/b");
	assert_int_equal(container_status(&container, &status, &pidfd, &err), 0);
	assert_int_equal(status, CONTAINER_STOPPED);
	assert_int_equal(pidfd, -1);

	container_close(&container);
	assert_int_equal(container.dir.fd, -1);
	assert_null(container.state.id);
}

/*
 * urun was killed before ".new=c1" got its final name, or after ".old=c1" lost it, at each stage.
 */
static void what_a_kill_leaves_beside_is_swept(void **state)
{
	static const char *const names[] = { ".new=c1", ".old=c1" };
	static const char *const texts[] = { NULL, "", "urun container\n" };
	struct error err = ERROR_NONE;

	for (size_t stage = 0; stage < 3 * 6; stage++) {
		struct state_dir dir = STATE_DIR_NONE;
		const char *name = names[stage % 2], *text = texts[stage / 2 % 3];
		autofree char *left = str_format("%s/%s", (char *)*state, name);
		autotextlist struct str_list ids = { 0 };
		int fd;

		assert_int_equal(mkdir(left, 0700), 0);
		fd = open(left, O_PATH | O_DIRECTORY);
		if (text)
			assert_int_equal(file_create(fd, "creating", 0600, text, strlen(text)), 0);
		if (text && *text)
			assert_int_equal(file_create(fd, "hosts", 0600, "x", 1), 0);
		close(fd);
		if (stage < 6) {
			assert_int_equal(state_dir_create(*state, "c1", &dir, &err), 0);
			assert_int_equal(state_dir_remove(&dir, &err), 0);
			state_dir_close(&dir);
		} else if (stage < 12) {
			assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), 0);
		} else {
			assert_int_equal(state_list(*state, &ids, &err), 0);
			assert_int_equal(ids.count, 0);
		}
		assert_int_equal(access(left, F_OK), -1);
	}
}

/* This happens where --root is the wrong directory. */
static void a_foreign_directory_of_such_a_name_keeps_its_files(void **state)
{
	autofree char *left = str_format("%s/.old=c1", (char *)*state);
	autofree char *file = str_format("%s/config.json", left);
	autotextlist struct str_list ids = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(mkdir(left, 0700), 0);
	assert_int_equal(mknod(file, S_IFREG | 0600, 0), 0);
	assert_int_equal(state_list(*state, &ids, &err), 0);
	assert_int_equal(container_delete(*state, "c1", DELETE_FORCE, &err), 0);
	assert_int_equal(access(file, F_OK), 0);
}

static void the_longest_ids_have_room_for_their_names(void **state)
{
	struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;
	char id[256];

	memset(id, 'a', sizeof(id) - 1);
	id[255] = '\0';
	assert_int_equal(state_dir_create(*state, id, &dir, &err), 0);
	assert_int_equal(state_dir_remove(&dir, &err), 0);
	state_dir_close(&dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_are_of_the_allowed_characters),
		TEST(what_is_written_is_read_again),
		TEST(the_status_follows_the_files_and_the_process),
		TEST(a_process_that_cant_be_looked_at_isnt_taken_for_stopped),
		TEST(a_directory_that_cant_be_looked_at_is_told),
		TEST(a_reused_pid_is_never_taken_for_the_container),
		TEST(a_second_creation_of_a_living_id_is_refused),
		TEST(a_creation_waits_for_a_command_that_gives_the_id_back),
		TEST(a_stopped_container_keeps_its_id_until_it_is_deleted),
		TEST(a_creation_cut_short_is_taken_over),
		TEST(a_damaged_state_can_be_deleted_by_force_alone),
		TEST(force_deletes_what_is_not_there),
		TEST(a_root_that_others_can_write_is_refused),
		TEST(a_container_that_others_can_write_is_refused),
		TEST(what_belongs_to_another_user_is_refused),
		TEST(a_root_behind_a_link_in_a_shared_directory_is_refused),
		TEST(nothing_of_a_directory_that_is_no_containers_is_touched),
		TEST(an_empty_directory_is_no_containers_either),
		TEST(a_containers_directory_is_removed_with_what_a_hook_has_left),
		TEST(a_damaged_state_is_not_forgotten_while_the_program_may_run),
		TEST(a_state_that_was_changed_is_damage),
		TEST(another_containers_state_is_damage),
		TEST(a_state_of_an_older_urun_has_no_sum),
		TEST(a_container_without_its_state_is_kept),
		TEST(a_container_is_opened_with_its_state_and_closed_as_one),
		TEST(what_a_kill_leaves_beside_is_swept),
		TEST(a_foreign_directory_of_such_a_name_keeps_its_files),
		TEST(the_longest_ids_have_room_for_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
