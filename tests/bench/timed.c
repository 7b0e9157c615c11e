/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine's runtime that times another one: runs the program that RUNTIME names with the same arguments, and appends a line to the file
 * CALLS with the command's name and the milliseconds that it took.  Both are compiled in, as an engine passes on no environment.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The command that an engine's command line names: the first word that is one. */
static const char *command_of(char **argv)
{
	static const char *const commands[] = { "create", "start",    "kill", "delete", "exec",
						"state",  "features", "ps",   "update", "events" };

	for (char **word = argv + 1; *word; word++) {
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (strcmp(*word, commands[i]) == 0)
				return commands[i];
		}
	}
	return "other";
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	double begin = now();
	char line[64];
	int status = 0, fd = -1, length = 0;
	pid_t pid = -1;

	(void)argc;
	argv[0] = RUNTIME;
	if (posix_spawn(&pid, RUNTIME, NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		return 127;
	length = snprintf(line, sizeof(line), "%s %.3f\n", command_of(argv), now() - begin);
	fd = open(CALLS, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
