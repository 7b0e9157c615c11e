// SPDX-License-Identifier: Apache-2.0
// looker SECRET: a hostile process in a container.  It watches the pid namespace for processes of the runtime, and tries every
// way that /proc/PID offers to the host's file SECRET.  It prints "saw PID NAME" for each process of the runtime that it saw in
// time, and "reached PID WAY" for each way that led to the file.  It runs until it is killed.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *secret;

static bool is_runtime(int proc, const char *pid, char *name, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/comm", pid);
	fd = openat(proc, path, O_RDONLY);
	if (fd < 0)
		return false;
	length = read(fd, name, size - 1);
	close(fd);
	if (length <= 0)
		return false;
	name[length] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return strncmp(name, "urun", 4) == 0 || strncmp(name, "fuse-overlayfs", 14) == 0;
}

/* Follows the link and climbs: from any directory of the host, its root can be reached. */
static void try_directory(int proc, const char *pid, const char *way)
{
	char path[300], up[400] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pid, way);
	fd = openat(proc, path, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return;
	for (int level = 0; level < 16; level++) {
		char name[1000];
		int found;

		snprintf(name, sizeof(name), "%s%s", up, secret + 1);
		found = openat(fd, name, O_RDONLY);
		if (found >= 0) {
			printf("reached %s %s\n", pid, way);
			close(found);
			break;
		}
		strcat(up, "../");
	}
	close(fd);
}

static void try_descriptors(int proc, const char *pid)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof(path), "fd/%.200s", entry->d_name);
			try_directory(proc, pid, path);
		}
	if (dir)
		closedir(dir);
}

static void try_memory(int proc, const char *pid)
{
	char path[300], name[32];
	int fd;

	snprintf(path, sizeof(path), "%s/mem", pid);
	fd = openat(proc, path, O_RDWR);
	/* ORDER: check the name after the open, as the program of `exec` may have replaced the runtime. */
	if (fd >= 0 && is_runtime(proc, pid, name, sizeof(name)))
		printf("memory %s\n", pid);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY);
	int last = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2 || proc < 0)
		return 1;
	secret = argv[1];
	printf("looking\n");
	for (;;) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			const char *pid = entry->d_name;
			char name[32];

			if (atoi(pid) < 2 || !is_runtime(proc, pid, name, sizeof(name)))
				continue;
			if (atoi(pid) != last)
				printf("saw %s %s\n", pid, name);
			last = atoi(pid);
			try_directory(proc, pid, "root");
			try_directory(proc, pid, "cwd");
			try_descriptors(proc, pid);
			try_memory(proc, pid);
		}
		if (dir)
			closedir(dir);
	}
}
