/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_COMMAND_H
#define URUN_CMD_COMMAND_H

#include <stdbool.h>

#include "cmd/options.h"
#include "core/base/error.h"

/* Exit statuses of urun's own failures; the status of a program is passed on. */
#define EXIT_STATUS_RUN	  125
#define EXIT_STATUS_EXEC  255
#define EXIT_STATUS_OTHER 1

/* The options before the command, and the variables of the environment that main() has read. */
struct globals {
	const char *root; /* the state root; never NULL in a command */
	const char *log;
	const char *log_format;
	const char *log_level;
	const char *cgroup_manager;
	const char *rootless;
	bool debug;
	bool systemd_cgroup;
	bool version;
	unsigned int listen_fds;    /* LISTEN_FDS, of socket activation */
	const char *listen_names;   /* LISTEN_FDNAMES; NULL: not set */
	const char *notify_socket;  /* NOTIFY_SOCKET; NULL: not set */
	const char *term;	    /* TERM; NULL: not set */
	const char *journal_stream; /* JOURNAL_STREAM; NULL: not set */
};

/* One call of a command: its command line, parsed, and its exit status. */
struct call {
	const struct globals *globals;
	const struct command_usage *usage;
	void *options;		  /* the struct that the command's usage describes */
	struct str_list operands; /* with NULL behind the last one */
	int status;		  /* exit status where the command doesn't fail; 0 at the start */
};

/* Returned by a command that found --help behind an operand. */
#define COMMAND_HELP 1

/*
 * A command prints its results on stdout.  It returns 0, COMMAND_HELP, or -1 with an error: main()
 * prints the error and exits with the error's status, or else with the command's @failure_status.
 * A command without a summary in its usage isn't in the list of --help.
 */
struct command {
	const struct command_usage *usage;
	int (*run)(struct call *call, struct error *err);
	int failure_status;
};

extern const struct command command_run;
extern const struct command command_create;
extern const struct command command_start;
extern const struct command command_state;
extern const struct command command_exec;
extern const struct command command_events;
extern const struct command command_stats;
extern const struct command command_kill;
extern const struct command command_pause;
extern const struct command command_ps;
extern const struct command command_port;
extern const struct command command_resume;
extern const struct command command_update;
extern const struct command command_delete;
extern const struct command command_list;
extern const struct command command_spec;
extern const struct command command_check;
extern const struct command command_doctor;
extern const struct command command_features;
extern const struct command command_checkpoint;
extern const struct command command_restore;

/* Writes all of @text to stdout; a full disk is an error like any other. */
int command_print(const char *text, struct error *err);

/* Facts that configure and the checkout decided. */
struct build {
	const char *version;
	const char *commit; /* "unknown" where there was no checkout */
	bool has_systemd;   /* the cgroup manager "systemd", with the program urun-systemd */
};

extern const struct build command_build;

#endif
