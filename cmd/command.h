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
	const char *trace;
	const char *cgroup_manager;
	const char *rootless;
	bool debug;
	bool systemd_cgroup;
	bool version;
	unsigned int listen_fds;    /* LISTEN_FDS, of socket activation */
	const char *listen_names;   /* LISTEN_FDNAMES; NULL: not set */
	const char *notify_socket;  /* NOTIFY_SOCKET; NULL: not set */
	const char *term;	    /* TERM; NULL: not set */
	const char *data_home;	    /* XDG_DATA_HOME; NULL: not set */
	const char *home;	    /* HOME; NULL: not set */
	const char *journal_stream; /* JOURNAL_STREAM; NULL: not set */
};

/* One call of a command: its command line, parsed, and its exit status. */
struct call {
	const struct globals *globals;
	const struct command_usage *usage;
	void *options;		  /* the struct that the command's usage describes */
	struct str_list operands; /* with NULL behind the last one */
	bool marked;		  /* "--" stands before the operands: struct options_end */
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
extern const struct command command_stop;
extern const struct command command_kill;
extern const struct command command_pause;
extern const struct command command_ps;
extern const struct command command_port;
extern const struct command command_resume;
extern const struct command command_update;
extern const struct command command_delete;
extern const struct command command_list;
extern const struct command command_wait;
extern const struct command command_rm;
extern const struct command command_inspect;
extern const struct command command_restart;
extern const struct command command_prune;
extern const struct command command_logs;
extern const struct command command_spec;
extern const struct command command_check;
extern const struct command command_doctor;
extern const struct command command_features;
extern const struct command command_checkpoint;
extern const struct command command_restore;
extern const struct command command_unshare;
extern const struct command command_cp;
extern const struct command command_pull;
extern const struct command command_images;
extern const struct command command_rmi;
extern const struct command command_top;

/* Writes all of @text to stdout; a full disk is an error like any other. */
int command_print(const char *text, struct error *err);

/* Writes the line of an id at once: the next container of the command may take long. */
int command_print_id(const char *id, struct error *err);

/*
 * For a command that goes on with the next of several ids after @failure.  An earlier failure, which
 * is in @err, is printed now, and @failure takes its place, for main() to print.  Returns -1.
 */
int command_fail_also(const struct error *failure, struct error *err);

/* Facts that configure and the checkout decided. */
struct build {
	const char *version;
	const char *commit; /* "unknown" where there was no checkout */
	bool has_systemd;   /* the cgroup manager "systemd", with the program urun-systemd */
};

extern const struct build command_build;

#endif
