// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent; run_source() and run_destination() in the process of an end.
 *
 * The story of `cp`: container_copy(), at the end of this file.
 *
 *      SRC                                               DEST
 *   ┌───────────────────────────────┐   tar stream   ┌───────────────────────────────┐
 *   │ pack_tree()                   │───────────────▶│ unpack_tree()                 │
 *   └───────────────────────────────┘                └───────────────────────────────┘
 *
 * The end of a container is a process in its namespaces (core/copy/end.c).  The end of the host is
 * this process; with --archive it is a process in the container's user namespace, which may give
 * files to the container's ids, and still has the host's files as the caller sees them.  stdin and
 * stdout are passed on by this process.  Neither end trusts the other.
 */
#include "core/copy/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/passwd.h"
#include "core/base/str.h"
#include "core/base/tar.h"
#include "core/config/change.h"
#include "core/copy/end.h"
#include "core/copy/pack.h"
#include "core/copy/unpack.h"

/* A pipe as large as ordinary users may have it: less waiting of both ends for each other. */
#define PIPE_SIZE (1 << 20)

/* The id that the kernel shows for one without a mapping.  Source: user_namespaces(7). */
#define OVERFLOW_ID 65534

/* Global, since a signal handler has nothing else. */
static volatile sig_atomic_t stopped_by;

struct copy {
	const struct copy_request *request;
	struct end source, destination;
	char *top; /* see struct unpack */
};

/* ---- operands ---- */

static bool is_stream(const struct end *end)
{
	return !end->id && str_equal(end->path, "-");
}

/*
 * "ID:PATH" is a container's; a path that begins with "/" or ".", or has a "/" before its first
 * ":", is the host's.  Source: docker-cp(1).
 */
static int parse_operand(const char *text, struct end *end, struct error *err)
{
	const char *colon = strchr(text, ':');

	end->path = text;
	if (!*text)
		return error_set(err, 0, "cp: an empty path");
	if (!colon || text[0] == '/' || text[0] == '.' || memchr(text, '/', (size_t)(colon - text)))
		return 0;
	end->id = str_dup_n(text, (size_t)(colon - text));
	end->path = colon + 1;
	if (!*end->id || !*end->path)
		return error_set(err, 0, "cp: '%s' isn't ID:PATH", text);
	return 0;
}

static int check_terminal(const struct copy *copy, struct error *err)
{
	if (is_stream(&copy->source) && isatty(STDIN_FILENO))
		return error_set(err, 0, "cp: '-' reads a tar stream, and stdin is a terminal");
	if (is_stream(&copy->destination) && isatty(STDOUT_FILENO))
		return error_set(err, 0, "cp: '-' writes a tar stream, and stdout is a terminal");
	return 0;
}

static int parse_operands(struct copy *copy, struct error *err)
{
	if (parse_operand(copy->request->source, &copy->source, err) < 0 ||
	    parse_operand(copy->request->destination, &copy->destination, err) < 0)
		return -1;
	if (copy->source.id || copy->destination.id)
		return check_terminal(copy, err);
	error_set(err, 0, "cp: neither %s nor %s is a container's path ID:PATH",
		  copy->request->source, copy->request->destination);
	return error_hint(err, "for files of the host use cp(1)");
}

static int open_containers(struct copy *copy, struct error *err)
{
	const char *root = copy->request->root;

	if (copy->source.id && end_open_container(&copy->source, root, err) < 0)
		return -1;
	/* One lock of a stopped container suffices for both ends, and is waited for in vain. */
	if (copy->source.id && copy->destination.id && !copy->source.running &&
	    str_equal(copy->source.id, copy->destination.id)) {
		error_set(err, 0, "%s: cp copies within a container only while it runs",
			  copy->source.id);
		return error_hint(err, "start it, then use urun exec %s cp", copy->source.id);
	}
	return copy->destination.id && end_open_container(&copy->destination, root, err) < 0 ? -1
											     : 0;
}

/* ---- the ends ---- */

static int run_source(const struct end_task *task, int root, struct report *report,
		      struct error *err)
{
	const struct copy *copy = task->context;
	const struct view view = { .root = root, .id = task->end->id };
	/* Links at the end of a container's path are followed, as podman-cp(1) does. */
	bool follow = task->end->id || copy->request->follow_links;
	const struct pack pack = {
		.view = &view,
		.path = task->end->path,
		.top = copy->top ? copy->top : ".",
		.links = follow ? OPERAND_FOLLOW_LINK : OPERAND_KEEP_LINK,
		.archive =
			copy->request->archive && task->entered && !is_stream(&copy->destination),
		.unknown = task->entered && !task->end->id ? OVERFLOW_ID : PACK_OWNER_UNKNOWN,
		.out = task->stream,
		.stop = task->stop,
		.life = task->end->life,
		.report = report,
	};

	return pack_tree(&pack, err);
}

/*
 * The user whom files in the container belong to: its program's.  A name is looked up as the program
 * sees it, in the container's own files.
 */
static int find_container_user(const struct end *end, int root, struct unpack *unpack,
			       struct error *err)
{
	const struct config_process *process = end->config.process;
	const char *text = config_annotation(&end->config, CONFIG_ANNOTATION_USER);

	unpack->uid = process ? (uid_t)process->user->uid.value : 0;
	unpack->gid = process ? (gid_t)process->user->gid.value : 0;
	if (text) {
		struct arena arena = { 0 };
		struct passwd_user user = { 0 };
		autofree char *passwd = passwd_read(root, "etc/passwd");
		autofree char *group = passwd_read(root, "etc/group");
		int result = passwd_find_user(passwd, group, text, &arena, &user, err);

		arena_release(&arena);
		if (result < 0)
			return -1;
		unpack->uid = user.uid;
		unpack->gid = user.gid;
	}
	return 0;
}

static int run_destination(const struct end_task *task, int root, struct report *report,
			   struct error *err)
{
	const struct copy *copy = task->context;
	const struct view view = { .root = root, .id = task->end->id };
	bool archive = copy->request->archive && task->entered;
	struct unpack unpack = {
		.view = &view,
		.path = task->end->path,
		.top = copy->top,
		.owner = archive	 ? UNPACK_OWNER_KEEP
			 : task->end->id ? UNPACK_OWNER_SET
					 : UNPACK_OWNER_OURS,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.keep_set_ids = task->end->id || archive,
		.keep_acls = archive && !is_stream(&copy->source),
		.overwrite = copy->request->overwrite,
		.in = task->stream,
		.stop = task->stop,
		.life = task->end->life,
		.report = report,
	};

	if (task->end->id && find_container_user(task->end, root, &unpack, err) < 0)
		return -1;
	if (unpack_tree(&unpack, err) < 0)
		return -1;
	return task->end->life >= 0 ? copy_may_go_on(task->stop, task->end->life, err) : 0;
}

/* Waits for bytes.  Returns false where nobody reads @to any more: those bytes may never come. */
static bool await_bytes(int from, int to)
{
	struct pollfd both[] = { { .fd = from, .events = POLLIN }, { .fd = to } };

	return poll(both, ARRAY_SIZE(both), -1) < 0 || !(both[1].revents & POLLERR);
}

/* Passes the bytes of a stream on. */
static int pass_stream(int from, int to, struct error *err)
{
	autofree char *buffer = mem_alloc(TAR_BUFFER_SIZE);

	for (;;) {
		size_t done = 0;
		ssize_t got;

		if (!await_bytes(from, to))
			return error_set(err, EPIPE, "%s",
					 to == STDOUT_FILENO ? "write to standard output"
							     : "tar stream: write");
		got = read(from, buffer, TAR_BUFFER_SIZE);
		if (got == 0)
			return 0;
		if (got < 0 && (errno != EINTR || stopped_by))
			return error_set(err, errno, "tar stream: read");
		while (got > 0 && done < (size_t)got) {
			ssize_t wrote = write(to, buffer + done, (size_t)got - done);

			if (wrote < 0 && (errno != EINTR || stopped_by))
				return error_set(err, errno, "%s",
						 to == STDOUT_FILENO ? "write to standard output"
								     : "tar stream: write");
			done += wrote > 0 ? (size_t)wrote : 0;
		}
	}
}

/* The other end's process tells what ended; what of stdin it didn't want is nobody's loss. */
static int run_here(struct copy *copy, const struct end_task *task, struct report *report,
		    struct error *err)
{
	if (is_stream(task->end)) {
		if (task->end == &copy->destination)
			return pass_stream(task->stream, STDOUT_FILENO, err);
		if (pass_stream(STDIN_FILENO, task->stream, err) == 0 || copy_is_stream_error(err))
			return 0;
		return -1;
	}
	umask(0);
	return task->run(task, -1, report, err);
}

/* ---- both ends ---- */

struct outcome {
	int result;
	struct report report;
	struct error err;
};

static void warn_of(const struct end *end, const struct report *report)
{
	if (report->left_out == 1)
		log_warning("%s: not copied: %s", end->id ? end->id : "cp", report->first);
	else if (report->left_out > 1)
		log_warning("%s: not copied: %s, and %zu more", end->id ? end->id : "cp",
			    report->first, report->left_out - 1);
}

static bool has_process(const struct copy *copy, const struct end *end)
{
	return end->id || (copy->request->archive && !is_stream(end));
}

static struct end_task make_task(const struct copy *copy, const struct end *end, int stream)
{
	const struct end *other = end == &copy->source ? &copy->destination : &copy->source;

	return (struct end_task){
		.end = end,
		.entered = end->id		    ? end
			   : has_process(copy, end) ? other
						    : NULL,
		.sees_container = end->id,
		.stream = stream,
		.stop = &stopped_by,
		.run = end == &copy->source ? run_source : run_destination,
		.context = copy,
	};
}

/*
 * ORDER: each end of the pipe is closed here as soon as its process has it, so that the death of
 * one end is the end of the stream for the other.
 */
static int run_ends(struct copy *copy, struct outcome outcomes[2], struct error *err)
{
	autoclose int reads = -1, writes = -1;
	struct end *ends[] = { &copy->source, &copy->destination };
	struct end_task tasks[2];
	int pipes[2], started = 0;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	reads = pipes[0];
	writes = pipes[1];
	(void)fcntl(writes, F_SETPIPE_SZ, PIPE_SIZE);
	tasks[0] = make_task(copy, &copy->source, writes);
	tasks[1] = make_task(copy, &copy->destination, reads);
	for (int i = 0; i < 2 && started == 0; i++)
		if (has_process(copy, ends[i]))
			started = end_start(ends[i], &tasks[i], err);
	for (int i = 0; i < 2; i++)
		if (has_process(copy, ends[i]) || started < 0)
			fd_close(i == 0 ? &writes : &reads);
	for (int i = 0; i < 2 && started == 0; i++)
		if (!has_process(copy, ends[i])) {
			outcomes[i].result =
				run_here(copy, &tasks[i], &outcomes[i].report, &outcomes[i].err);
			fd_close(i == 0 ? &writes : &reads);
		}
	for (int i = 0; i < 2; i++)
		if (ends[i]->pid > 0)
			outcomes[i].result =
				end_await(ends[i], &outcomes[i].report, &outcomes[i].err);
	return started;
}

/*
 * The end that has failed makes the other one fail too, with an error of the stream: the first one
 * has the cause.
 */
static int judge(struct copy *copy, struct outcome outcomes[2], struct error *err)
{
	warn_of(&copy->source, &outcomes[0].report);
	warn_of(&copy->destination, &outcomes[1].report);
	for (int i = 0; i < 2; i++)
		if (outcomes[i].result < 0 && !copy_is_stream_error(&outcomes[i].err))
			return error_take(err, &outcomes[i].err);
	/* A reader of stdout that ends early, as head(1) does. */
	for (int i = 1; i >= 0; i--)
		if (outcomes[i].result < 0)
			return error_take(err, &outcomes[i].err);
	return 0;
}

/* ---- signals ---- */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/*
 * A signal can arrive just before a read that then waits without end.  So a timer interrupts this
 * process again and again, from the signal on.
 */
static void note_signal(int signal)
{
	const struct itimerval soon = {
		.it_interval = { .tv_usec = 20000 },
		.it_value = { .tv_usec = 20000 },
	};

	if (signal == SIGALRM)
		return;
	stopped_by = signal;
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* Without SA_RESTART: a read or write that waits is to return. */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = note_signal };
	struct sigaction now;

	stopped_by = 0;
	sigaction(SIGALRM, &action, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
		if (sigaction(ending_signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &action, NULL);
}

/* The process ends by the signal, as it would have without us. */
static void end_by_signal(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	int signal = stopped_by;

	if (!signal)
		return;
	sigaction(signal, &standard, NULL);
	raise(signal);
}

/* ---- the story ---- */

static void copy_release(struct copy *copy)
{
	end_release(&copy->source);
	end_release(&copy->destination);
	free(copy->top);
}

static void end_init(struct end *end)
{
	*end = (struct end){
		.container = CONTAINER_NONE,
		.life = -1,
		.overlay_lock = -1,
		.result = -1,
		.go = -1,
	};
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		end->namespaces.joined[i] = -1;
}

static int find_top(struct copy *copy, struct error *err)
{
	autofree char *directory = NULL;

	if (is_stream(&copy->source))
		return 0;
	directory = copy->source.id ? str_dup("/") : getcwd(NULL, 0);
	if (!directory)
		return error_set(err, errno, "find the working directory");
	copy->top = operand_base_name(copy->source.path, directory);
	return 0;
}

int container_copy(const struct copy_request *request, struct error *err)
{
	__attribute__((cleanup(copy_release))) struct copy copy = { .request = request };
	struct outcome outcomes[2] = { 0 };
	int result;

	end_init(&copy.source);
	end_init(&copy.destination);
	if (parse_operands(&copy, err) < 0 || find_top(&copy, err) < 0 ||
	    open_containers(&copy, err) < 0)
		return -1;
	catch_signals();
	result = run_ends(&copy, outcomes, err);
	end_by_signal();
	if (result == 0)
		result = judge(&copy, outcomes, err);
	/* The code only told the end of a pipe: the stream on stdin is a user's. */
	if (result < 0 && is_stream(&copy.source) && err->code == EPIPE)
		err->code = 0;
	/* The reader of stdout has ended, as head(1) does: this process ends as cat(1) would. */
	if (result < 0 && err->code == EPIPE && is_stream(&copy.destination))
		inherit_end_by_sigpipe();
	return result;
}
