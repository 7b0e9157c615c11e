// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a program and its descendants, and makes one system call of one of these processes fail, or
 * kills the process at the call.  strace(1) can do this too, but it counts calls in each process
 * separately and injects into all processes: the parent's failure would hide init's.  Under strace
 * newuidmap(1) also has no effect of its set-user-ID bit; this program detaches from a process
 * before it executes newuidmap.
 *
 * A process is named by its place in the tree of processes: 0 is the program, 0.2 its second child.
 * A process that executes a program other than urun's is no longer traced.
 *
 * usage: inject LIST|- [PROCESS CALL N ERRNO|kill] -- PROGRAM ARG…
 *   LIST   each call is written to this file: PROCESS NAME CALL N
 * Exits with the program's status, or 128 + its signal; 120 where the point was not reached and the
 * program succeeded.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <elf.h>
#include <linux/ptrace.h>

#define PROCESSES_MAX 256
#define CALLS_MAX     600
#define NOT_REACHED   120

/* One process that is traced. */
struct traced {
	pid_t pid;
	char path[64]; /* its place in the tree; "" until its parent's clone is reported */
	char name[32];
	int children;
	bool stopped; /* its first stop came before its parent's clone was reported */
	bool fails;   /* it is in the call that has to fail */
	unsigned counts[CALLS_MAX];
};

static struct traced processes[PROCESSES_MAX];
static FILE *list;
static struct {
	const char *path;
	int call;
	unsigned n;
	int error; /* 0: SIGKILL */
	bool reached;
} point = { .call = -1 };

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(121);
}

static struct traced *find(pid_t pid)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static struct traced *find_or_add(pid_t pid)
{
	struct traced *traced = find(pid);

	if (traced)
		return traced;
	traced = find(0);
	if (!traced) {
		fprintf(stderr, "inject: too many processes\n");
		exit(121);
	}
	memset(traced, 0, sizeof(*traced));
	traced->pid = pid;
	return traced;
}

static void read_name(struct traced *traced)
{
	char file[64];
	FILE *comm;

	snprintf(file, sizeof(file), "/proc/%d/comm", (int)traced->pid);
	comm = fopen(file, "re");
	if (!comm)
		return;
	if (fgets(traced->name, sizeof(traced->name), comm))
		traced->name[strcspn(traced->name, "\n")] = '\0';
	fclose(comm);
}

/*
 * `urun init` is executed by a descriptor, and the kernel uses the descriptor's number as its name.
 */
static bool is_ours(const struct traced *traced)
{
	return strncmp(traced->name, "urun", 4) == 0 ||
	       strspn(traced->name, "0123456789") == strlen(traced->name);
}

static void go_on(const struct traced *traced, int signal)
{
	ptrace(PTRACE_SYSCALL, traced->pid, NULL, (void *)(long)signal);
}

static void let_go(struct traced *traced)
{
	ptrace(PTRACE_DETACH, traced->pid, NULL, NULL);
	traced->pid = 0;
}

/*
 * At the entry of a call, replaces the call by none; at its exit, replaces the result by the error.
 */
static void replace_call(const struct traced *traced, int error)
{
#if defined(__x86_64__)
	if (!error)
		ptrace(PTRACE_POKEUSER, traced->pid, offsetof(struct user_regs_struct, orig_rax),
		       (void *)-1L);
	else
		ptrace(PTRACE_POKEUSER, traced->pid, offsetof(struct user_regs_struct, rax),
		       (void *)(long)-error);
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	int none = -1;
	struct iovec iov = { &none, sizeof(none) };

	if (!error) {
		ptrace(PTRACE_SETREGSET, traced->pid, (void *)(long)NT_ARM_SYSTEM_CALL, &iov);
		return;
	}
	iov = (struct iovec){ &registers, sizeof(registers) };
	ptrace(PTRACE_GETREGSET, traced->pid, (void *)(long)NT_PRSTATUS, &iov);
	registers.regs[0] = (unsigned long)-error;
	ptrace(PTRACE_SETREGSET, traced->pid, (void *)(long)NT_PRSTATUS, &iov);
#else
	fprintf(stderr, "inject: no code for this architecture\n");
	exit(121);
#endif
}

/* Returns whether execve(PATH, …) or execveat(FD, PATH, …) executes newuidmap or newgidmap. */
static bool executes_setuid(const struct traced *traced, const struct ptrace_syscall_info *info)
{
	char path[256] = "";
	int execve_call = seccomp_syscall_resolve_name("execve");
	struct iovec local = { path, sizeof(path) - 1 };
	struct iovec remote = { NULL, 0 };
	const char *name;

	if ((int)info->entry.nr != execve_call)
		return false;
	remote.iov_base = (void *)info->entry.args[0];
	/* Reads up to the page's end, as the next page may not be mapped. */
	remote.iov_len = 4096 - (info->entry.args[0] & 4095);
	if (remote.iov_len > local.iov_len)
		remote.iov_len = local.iov_len;
	if (process_vm_readv(traced->pid, &local, 1, &remote, 1, 0) <= 0)
		return false;
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	return strcmp(name, "newuidmap") == 0 || strcmp(name, "newgidmap") == 0;
}

static void at_entry(struct traced *traced, const struct ptrace_syscall_info *info)
{
	unsigned call = (unsigned)info->entry.nr;
	unsigned n;

	if (call >= CALLS_MAX)
		return go_on(traced, 0);
	n = ++traced->counts[call];
	if (list) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call);

		fprintf(list, "%s %s %s %u\n", traced->path, traced->name, name ?: "?", n);
		free(name);
	}
	if ((int)call == point.call && n == point.n && strcmp(traced->path, point.path) == 0) {
		point.reached = true;
		if (!point.error) {
			kill(traced->pid, SIGKILL);
			return;
		}
		traced->fails = true;
		/* Linux closes the descriptor whatever close(2) returns. */
		if (point.call != seccomp_syscall_resolve_name("close"))
			replace_call(traced, 0);
	} else if (executes_setuid(traced, info)) {
		return let_go(traced);
	}
	go_on(traced, 0);
}

static void at_exit_of_call(struct traced *traced)
{
	if (traced->fails)
		replace_call(traced, point.error);
	traced->fails = false;
	go_on(traced, 0);
}

static void at_call(struct traced *traced)
{
	struct ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, traced->pid, sizeof(info), &info) <= 0)
		return go_on(traced, 0);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		return at_entry(traced, &info);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		return at_exit_of_call(traced);
	go_on(traced, 0);
}

static void at_new_child(struct traced *parent)
{
	unsigned long pid = 0;
	struct traced *child;

	ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid);
	child = find_or_add((pid_t)pid);
	snprintf(child->path, sizeof(child->path), "%.50s.%d", parent->path, ++parent->children);
	memcpy(child->name, parent->name, sizeof(child->name));
	if (child->stopped)
		go_on(child, 0);
	go_on(parent, 0);
}

static void at_stop(pid_t pid, int status)
{
	struct traced *traced = find_or_add(pid);
	int signal = WSTOPSIG(status);
	int event = status >> 16;

	if (!*traced->path) {
		traced->stopped = true;
		return;
	}
	read_name(traced);
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE: return at_new_child(traced);
	case PTRACE_EVENT_EXEC: return is_ours(traced) ? go_on(traced, 0) : let_go(traced);
	case PTRACE_EVENT_STOP:
		if (signal != SIGTRAP)
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		else
			go_on(traced, 0);
		return;
	default: break;
	}
	if (signal == (SIGTRAP | 0x80))
		at_call(traced);
	else
		go_on(traced, signal);
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	int gate[2];
	char byte;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) < 0)
			die("read");
		close(gate[0]);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0)
		die("trace the program");
	close(gate[1]);
	snprintf(find_or_add(pid)->path, sizeof(processes[0].path), "0");
	return pid;
}

/*
 * Returns when the program ends: its other processes, such as a created container, go on untraced.
 */
static int trace(pid_t program)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			die("wait");
		if (WIFSTOPPED(status)) {
			at_stop(pid, status);
			continue;
		}
		if (find(pid))
			find(pid)->pid = 0;
		if (pid == program)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static void parse_point(char **argv)
{
	point.path = argv[0];
	point.call = seccomp_syscall_resolve_name(argv[1]);
	point.n = (unsigned)strtoul(argv[2], NULL, 10);
	point.error = strcmp(argv[3], "kill") == 0 ? 0 : (int)strtol(argv[3], NULL, 10);
	if (point.call < 0) {
		fprintf(stderr, "inject: there is no system call %s\n", argv[1]);
		exit(121);
	}
}

int main(int argc, char **argv)
{
	int split = 2, status;

	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (split + 1 >= argc || (split != 2 && split != 6)) {
		fprintf(stderr,
			"usage: inject LIST|- [PROCESS CALL N ERRNO|kill] -- PROGRAM ARG…\n");
		return 121;
	}
	if (split == 6)
		parse_point(argv + 2);
	if (strcmp(argv[1], "-") != 0) {
		list = fopen(argv[1], "we");
		if (!list)
			die(argv[1]);
	}
	status = trace(start(argv + split + 1));
	if (list && fclose(list) != 0)
		die(argv[1]);
	return status == 0 && point.call >= 0 && !point.reached ? NOT_REACHED : status;
}
