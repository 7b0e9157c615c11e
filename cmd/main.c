// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "build-config.h"
#include "cmd/command.h"
#include "cmd/podman_words.h"
#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/reserve.h"
#include "core/base/nearest.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/cgroup/plan.h"
#include "core/config/config.h"
#include "core/init/init.h"
#include "rootless/userns_caller.h"

const struct build command_build = {
	.version = PACKAGE_VERSION,
	.commit = URUN_COMMIT,
#ifdef HAVE_SYSTEMD
	.has_systemd = true,
#endif
};

/* As --help lists them: how a container lives, what is seen of it, what changes it, the rest. */
/* clang-format off */
static const struct command *const commands[] = {
	&command_run,
	&command_create,
	&command_start,
	&command_exec,
	&command_stop,
	&command_restart,
	&command_kill,
	&command_wait,
	&command_logs,
	&command_list,
	&command_inspect,
	&command_state,
	&command_ps,
	&command_top,
	&command_stats,
	&command_events,
	&command_port,
	&command_cp,
	&command_pause,
	&command_resume,
	&command_update,
	&command_rm,
	&command_prune,
	&command_pull,
	&command_images,
	&command_rmi,
	&command_delete,
	&command_spec,
	&command_check,
	&command_unshare,
	&command_doctor,
	&command_features,
	&command_checkpoint,
	&command_restore,
};
/* clang-format on */

static const struct option_spec global_options[] = {
	{ "root", 0, OPTION_STRING, offsetof(struct globals, root), "DIR",
	  "where states are kept ($XDG_RUNTIME_DIR/urun)" },
	{ "log", 0, OPTION_STRING, offsetof(struct globals, log), "FILE",
	  "append the log to this file" },
	{ "log-format", 0, OPTION_STRING, offsetof(struct globals, log_format), "FORMAT",
	  "text (default) or json" },
	{ "log-level", 0, OPTION_STRING, offsetof(struct globals, log_level), "LEVEL",
	  "error, warning, info or debug" },
	{ "debug", 0, OPTION_FLAG, offsetof(struct globals, debug), NULL,
	  "the same as --log-level debug" },
	{ "trace", 0, OPTION_STRING, offsetof(struct globals, trace), "FILE",
	  "write the time of each step to this file" },
	{ "cgroup-manager", 0, OPTION_STRING, offsetof(struct globals, cgroup_manager), "MANAGER",
	  "cgroupfs, systemd or disabled" },
	{ "systemd-cgroup", 's', OPTION_FLAG, offsetof(struct globals, systemd_cgroup), NULL,
	  "the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPTION_STRING, offsetof(struct globals, rootless), "WHEN",
	  "true: a cgroup that can't be had is no error" },
	{ "version", 'v', OPTION_FLAG, offsetof(struct globals, version), NULL,
	  "print the version" },
};
static const struct command_usage global_usage = {
	.name = "",
	.operands = "COMMAND …",
	.summary = "A rootless OCI container runtime.",
	.options = global_options,
	.option_count = ARRAY_SIZE(global_options),
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};

int command_print(const char *text, struct error *err)
{
	int failed = fd_write_all(STDOUT_FILENO, text, strlen(text));

	if (failed == -EPIPE)
		inherit_end_by_sigpipe();
	return failed < 0 ? error_set(err, -failed, "write to standard output") : 0;
}

int command_print_id(const char *id, struct error *err)
{
	autofree char *line = str_format("%s\n", id);

	return command_print(line, err);
}

int command_fail_also(const struct error *failure, struct error *err)
{
	if (err->text[0])
		log_failure(err);
	return error_take(err, failure);
}

#define COMMAND_WIDTH 10

static void print_help(void)
{
	options_print_help(&global_usage, stdout);
	puts("\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->usage->summary) {
			printf("  %-*s ", COMMAND_WIDTH, commands[i]->usage->name);
			options_print_wrapped(commands[i]->usage->summary, 3 + COMMAND_WIDTH,
					      stdout);
		}
	puts("\nurun COMMAND --help tells a command's options, urun-COMMAND(1) what they mean.");
}

/*
 * Engines read the first line, "commit:" and "spec:".  No other line may contain the word behind
 * the name on the first line, so a directory whose path has that word, or a line end, isn't shown.
 */
static void print_version(const char *root)
{
	printf("urun version %s\ncommit: %s\nspec: %s\n", command_build.version,
	       command_build.commit, CONFIG_SPEC_VERSION);
	if (!strstr(root, "version") && !strchr(root, '\n'))
		printf("rundir: %s\n", root);
	printf("%s+SELINUX +APPARMOR +CAP +SECCOMP +YAJL\n",
	       command_build.has_systemd ? "+SYSTEMD " : "");
}

/*
 * Opens 0, 1 and 2 where the caller has closed them: otherwise a file that we open later would be
 * used as stdin, stdout or stderr.
 */
static int open_missing_stdio(struct error *err)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return error_set(err, errno, "open /dev/null for the closed descriptor %d",
					 fd);
	return 0;
}

/*
 * For root of the host one place, whatever the environment says: the containers that are started in a login
 * session must be found outside of it, and a session's directory goes with the session.
 * For all others $XDG_RUNTIME_DIR, only where the directory is ours: su and sudo keep another user's.
 * Source: XDG Base Directory Specification.
 */
static char *default_root(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	autofree char *run_user = str_format("/run/user/%u", geteuid());

	if (geteuid() == 0 && userns_is_initial())
		return str_dup("/run/urun");
	if (path_is_own_directory(runtime_dir))
		return str_format("%s/urun", runtime_dir);
	if (path_is_own_directory(run_user))
		return str_format("%s/urun", run_user);
	return str_format("/tmp/urun-%u", geteuid());
}

/*
 * LISTEN_PID isn't checked, unlike in sd_listen_fds(3): systemd names the process that it has
 * started, which is the engine, and between the engine and us are its monitor and its shell.
 */
static unsigned int read_listen_fds(void)
{
	const char *fds = getenv("LISTEN_FDS");
	uint32_t count = 0;

	return fds && number_parse_u32(fds, UINT16_MAX, &count) == 0 ? count : 0;
}

/* *ret_root owns the memory of globals->root where it is allocated; the caller frees it. */
static int read_environment(struct globals *globals, char **ret_root, struct error *err)
{
	autofree char *cwd = NULL;

	globals->notify_socket = getenv("NOTIFY_SOCKET");
	globals->listen_fds = read_listen_fds();
	globals->listen_names = globals->listen_fds ? getenv("LISTEN_FDNAMES") : NULL;
	globals->term = getenv("TERM");
	globals->data_home = getenv("XDG_DATA_HOME");
	globals->home = getenv("HOME");
	globals->journal_stream = getenv("JOURNAL_STREAM");
	if (!globals->root) {
		globals->root = *ret_root = default_root();
		return 0;
	}
	if (globals->root[0] == '/')
		return 0;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return error_set(err, errno, "option --root %s: find the working directory",
				 globals->root);
	globals->root = *ret_root = path_join(cwd, globals->root);
	return 0;
}

static int parse_log_level(const char *text, enum log_level *ret_level, struct error *err)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	return error_set(err, 0, "option --log-level is error, warning, info or debug, not '%s'",
			 text);
}

static int open_log(const struct globals *globals, struct error *err)
{
	enum log_format format = LOG_FORMAT_TEXT;
	enum log_level level = LOG_LEVEL_ERROR;

	if (str_equal(globals->log_format, "json"))
		format = LOG_FORMAT_JSON;
	else if (globals->log_format && !str_equal(globals->log_format, "text"))
		return error_set(err, 0, "option --log-format is text or json, not '%s'",
				 globals->log_format);
	if (globals->log_level) {
		if (parse_log_level(globals->log_level, &level, err) < 0)
			return -1;
		log_set_level(level);
	}
	if (globals->debug)
		log_set_level(LOG_LEVEL_DEBUG);
	return log_open(globals->log, format, err);
}

/* crun and runc have "auto"; engines write it as Go prints a bool. */
static int check_rootless(const struct globals *globals, struct error *err)
{
	if (!globals->rootless || str_equal(globals->rootless, "auto") ||
	    option_truth(globals->rootless) >= 0)
		return 0;
	return error_set(err, 0, "option --rootless is true, false or auto, not '%s'",
			 globals->rootless);
}

/* Every command refuses a wrong word, not only the commands that make a cgroup. */
static int check_cgroup_manager(const struct globals *globals, struct error *err)
{
	enum cgroup_manager manager;

	return globals->cgroup_manager
		       ? cgroup_manager_parse(globals->cgroup_manager, &manager, err)
		       : 0;
}

static const struct command *find_command(const char *name, struct error *err)
{
	struct nearest nearest = nearest_begin(name);
	const char *advice = podman_command_advice(name);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(name, commands[i]->usage->name) == 0)
			return commands[i];
		if (commands[i]->usage->summary)
			nearest_try(&nearest, commands[i]->usage->name);
	}
	error_set(err, 0, "unknown command '%s' (see 'urun --help')", name);
	if (advice)
		error_hint(err, "%s", advice);
	else if (nearest.name)
		error_hint(err, "did you mean `urun %s`?", nearest.name);
	return NULL;
}

/* Names a limit that the caller's shell or unit has set, where the limit can be the cause. */
static void hint_at_file_size(struct error *err)
{
	struct rlimit limit;

	if (err->code == EFBIG && !err->hint[0] && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		error_hint(err,
			   "the caller's limit of the size of files (RLIMIT_FSIZE) is %llu bytes: "
			   "raise it with ulimit -f",
			   (unsigned long long)limit.rlim_cur);
}

static int fail(struct error *err, int status)
{
	hint_at_file_size(err);
	log_failure(err);
	return err->status ? err->status : status;
}

/* The container's first process: the same file, executed again by clone_init() of core/parent. */
static bool is_init(int argc, char **argv)
{
	return (argc == 3 || argc == 4) && strcmp(argv[0], "urun") == 0 &&
	       strcmp(argv[1], "init") == 0;
}

/* Parses the command's words (argv[0] is its name) and runs it. */
static int run_command(const struct command *command, const struct globals *globals, int argc,
		       char **argv, int *ret_status, struct error *err)
{
	const struct command_usage *usage = command->usage;
	struct call call = {
		.globals = globals,
		.usage = usage,
		.options = options_new(usage),
	};
	struct options_end end;
	int result;

	trace_step(usage->name);
	result = options_parse(usage, usage->order, argc, argv, call.options, &end, err);

	if (result == 0) {
		call.operands =
			(struct str_list){ argv + end.operand, (size_t)(argc - end.operand) };
		call.marked = end.marked;
		result = command->run(&call, err);
	}
	if (result == COMMAND_HELP)
		options_print_help(usage, stdout);
	options_free(usage, call.options);
	*ret_status = call.status;
	return result < 0 ? -1 : 0;
}

/* `urun help [COMMAND]`: the same as --help. */
static int help(int argc, char **argv, struct error *err)
{
	const struct command *command = argc > 1 ? find_command(argv[1], err) : NULL;

	if (argc > 1 && !command)
		return -1;
	if (command)
		options_print_help(command->usage, stdout);
	else
		print_help();
	return 0;
}

/* A help or a list that didn't arrive is a failure, as what command_print() prints. */
static int flush_output(int status)
{
	struct error err = ERROR_NONE;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno == EPIPE)
		inherit_end_by_sigpipe();
	error_set(&err, errno ? errno : EIO, "write to standard output");
	return fail(&err, status ? status : EXIT_STATUS_OTHER);
}

static int run_command_line(int argc, char **argv)
{
	struct globals globals = { 0 };
	autofree char *root = NULL;
	struct error err = ERROR_NONE;
	const struct command *command;
	struct options_end end;
	int parsed, status = 0;

	/* ORDER: before anything is made, waited for or written. */
	inherit_begin();
	if (is_init(argc, argv))
		init_main(argv[2], argv[3]);
	if (open_missing_stdio(&err) < 0 || reserve_stack(&err) < 0)
		return fail(&err, EXIT_STATUS_OTHER);
	parsed = options_parse(&global_usage, global_usage.order, argc, argv, &globals, &end, &err);
	if (parsed < 0)
		return fail(&err, EXIT_STATUS_OTHER);
	if (parsed == 1) {
		print_help();
		return 0;
	}
	if (read_environment(&globals, &root, &err) < 0 || open_log(&globals, &err) < 0 ||
	    (globals.trace && trace_open(globals.trace, &err) < 0) ||
	    check_cgroup_manager(&globals, &err) < 0 || check_rootless(&globals, &err) < 0)
		return fail(&err, EXIT_STATUS_OTHER);
	if (globals.version) {
		print_version(globals.root);
		return 0;
	}
	if (end.operand == argc)
		return fail((error_set(&err, 0, "a command is missing (see 'urun --help')"), &err),
			    EXIT_STATUS_OTHER);
	if (str_equal(argv[end.operand], "version")) {
		print_version(globals.root);
		return 0;
	}
	if (str_equal(argv[end.operand], "help"))
		return help(argc - end.operand, argv + end.operand, &err) < 0
			       ? fail(&err, EXIT_STATUS_OTHER)
			       : 0;
	command = find_command(argv[end.operand], &err);
	if (!command)
		return fail(&err, EXIT_STATUS_OTHER);
	if (run_command(command, &globals, argc - end.operand, argv + end.operand, &status, &err) <
	    0)
		return fail(&err, command->failure_status);
	return status;
}

int main(int argc, char **argv)
{
	return flush_output(run_command_line(argc, argv));
}
