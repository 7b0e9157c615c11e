// SPDX-License-Identifier: Apache-2.0
// Runs in: its own program; the parent waits, the child becomes the container.
/*
 * The lower bound of a container's start time: the system calls that the config of
 * tests/bench/start needs (namespaces, maps, mounts, devices, pivot_root, masked and read-only
 * paths, execve) and nothing else: no config is read, no state is kept, no library is loaded but
 * libc, and nothing is undone.
 *
 * usage: floor [--subids] ROOTFS PROGRAM ARG...
 *   --subids   maps the caller's subids too, by newuidmap and newgidmap at the same time; without
 *              the option one id is mapped, directly
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

struct floor_mount {
	const char *source;
	const char *target;
	const char *type;
	unsigned long flags;
	const char *data;
};

/* The mounts of the config that tests/bench/start writes, in the same order. */
static const struct floor_mount mounts[] = {
	{ "proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
	{ "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
	  "newinstance,ptmxmode=0666,mode=0620" },
	{ "shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k" },
	{ "mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "/sys", "sys", NULL, MS_BIND | MS_REC, NULL },
};

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
static const char *const links[][2] = {
	{ "pts/ptmx", "dev/ptmx" },	     { "/proc/self/fd", "dev/fd" },
	{ "/proc/self/fd/0", "dev/stdin" },  { "/proc/self/fd/1", "dev/stdout" },
	{ "/proc/self/fd/2", "dev/stderr" },
};
static const char *const masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list",
				      "/sys/firmware" };
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					"/proc/sysrq-trigger" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void make_mounts(void)
{
	for (size_t i = 0; i < COUNT(mounts); i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].source, mounts[i].target, mounts[i].type, mounts[i].flags,
			  mounts[i].data) < 0)
			die(mounts[i].target);
	}
	for (size_t i = 0; i < COUNT(devices); i++) {
		char source[32], target[32];
		int fd;

		snprintf(source, sizeof(source), "/dev/%s", devices[i]);
		snprintf(target, sizeof(target), "dev/%s", devices[i]);
		fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
		if (fd < 0 || mount(source, target, NULL, MS_BIND, NULL) < 0)
			die(target);
		close(fd);
	}
	for (size_t i = 0; i < COUNT(links); i++) {
		if (symlink(links[i][0], links[i][1]) < 0)
			die(links[i][1]);
	}
}

static void hide_paths(void)
{
	for (size_t i = 0; i < COUNT(masked); i++) {
		struct stat st;

		if (stat(masked[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) ? mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k")
					: mount("/dev/null", masked[i], NULL, MS_BIND, NULL))
			die(masked[i]);
	}
	for (size_t i = 0; i < COUNT(readonly); i++) {
		unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) < 0)
			continue;
		if (mount(NULL, readonly[i], NULL, MS_BIND | MS_REMOUNT | flags, NULL) < 0)
			die(readonly[i]);
	}
}

static _Noreturn void become_container(int maps_written, char **argv)
{
	char byte;

	if (read(maps_written, &byte, 1) != 1)
		_exit(125);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die("become root");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(argv[0], argv[0], NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(argv[0]) < 0)
		die(argv[0]);
	make_mounts();
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("pivot_root");
	if (sethostname("floor", 5) < 0)
		die("set the hostname");
	hide_paths();
	execv(argv[1], argv + 1);
	die(argv[1]);
}

/* Finds the caller's first range in @file, as the texts of two numbers. */
static void find_subids(const char *file, const char *user, char first[16], char count[16])
{
	FILE *stream = fopen(file, "re");
	char line[256], name[128];

	while (stream && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%127[^:]:%15[0-9]:%15[0-9]", name, first, count) == 3 &&
		    strcmp(name, user) == 0) {
			fclose(stream);
			return;
		}
	}
	errno = ENOENT;
	die(file);
}

/* Starts `newuidmap PID 0 OWN 1 1 FIRST COUNT`. */
static pid_t start_helper(const char *program, const char *file, pid_t child, unsigned int own,
			  const char *user)
{
	char pid[16], id[16], first[16], count[16];
	pid_t helper;

	find_subids(file, user, first, count);
	snprintf(pid, sizeof(pid), "%d", child);
	snprintf(id, sizeof(id), "%u", own);
	helper = vfork();
	if (helper == 0) {
		execlp(program, program, pid, "0", id, "1", "1", first, count, NULL);
		_exit(127);
	}
	return helper;
}

static void write_subid_maps(pid_t child)
{
	const struct passwd *user = getpwuid(getuid());
	pid_t helpers[2];
	int status;

	if (!user)
		die("look up the user");
	helpers[0] = start_helper("newuidmap", "/etc/subuid", child, getuid(), user->pw_name);
	helpers[1] = start_helper("newgidmap", "/etc/subgid", child, getgid(), user->pw_name);
	for (int i = 0; i < 2; i++) {
		if (waitpid(helpers[i], &status, 0) < 0 || status != 0) {
			errno = ECHILD;
			die("newuidmap and newgidmap");
		}
	}
}

static void write_one_id_maps(pid_t child)
{
	char text[32];

	write_file(child, "setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", getuid());
	write_file(child, "uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", getgid());
	write_file(child, "gid_map", text);
}

int main(int argc, char **argv)
{
	const unsigned long namespaces =
		CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	bool subids = argc > 1 && strcmp(argv[1], "--subids") == 0;
	int maps_written[2], status;
	pid_t child;

	argv += subids ? 2 : 1;
	if (argc - subids < 3) {
		fprintf(stderr, "usage: floor [--subids] ROOTFS PROGRAM ARG...\n");
		return 2;
	}
	if (pipe2(maps_written, O_CLOEXEC) < 0)
		die("pipe");
	child = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child < 0)
		die("clone");
	if (child == 0)
		become_container(maps_written[0], argv);
	if (subids)
		write_subid_maps(child);
	else
		write_one_id_maps(child);
	if (write(maps_written[1], "", 1) != 1 || waitpid(child, &status, 0) < 0)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
