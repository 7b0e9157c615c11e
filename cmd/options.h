/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_OPTIONS_H
#define URUN_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * Options are a table, from which both parsing and --help come: `--name value`, `--name=value`, `-n
 * value`, before and behind the operands.
 */
enum option_kind {
	OPTION_FLAG,	 /* bool: set to true; "=true" and "=false" are accepted too */
	OPTION_SWITCH,	 /* const char *: "true" or "false"; NULL: not given */
	OPTION_STRING,	 /* const char * */
	OPTION_OPTIONAL, /* const char *: "--name=value", or "" without a value */
	OPTION_LIST, /* struct str_list, to be released: may be given many times; in their order */
	OPTION_NUMBER, /* unsigned int */
	OPTION_TIME, /* unsigned int, in ms: "5s", "500ms", "1m"; a bare number is seconds; at least 1 */
	OPTION_IGNORED, /* an option of other runtimes, without effect; the help text says why */
};

struct option_spec {
	const char *name;
	char letter; /* '\0': none */
	enum option_kind kind;
	size_t offset;	      /* in the struct that the command fills */
	const char *argument; /* its name in --help; NULL: none */
	const char *help;
};

enum options_order {
	OPTIONS_ANYWHERE,
	OPTIONS_FIRST,	  /* the first operand ends them */
	OPTIONS_UNPARSED, /* all words are operands */
};

struct command_usage {
	const char *name;
	const char *operands; /* in --help: "ID [SIGNAL]" */
	const char *summary;
	const struct option_spec *options;
	size_t option_count;
	size_t options_size;	     /* of the struct that the options are parsed into */
	const void *option_defaults; /* such a struct; NULL: all zero */
	enum options_order order;
	int operands_min;
	int operands_max; /* -1: any number */
};

/* A new struct for the command's options, with the defaults.  Release with options_free(). */
void *options_new(const struct command_usage *command);
void options_free(const struct command_usage *command, void *target);

/*
 * Parses @argv (argv[0] is the command's name) into @target.  The operands stay in argv from
 * *ret_operand on. Returns 0; 1 where --help was asked for (nothing is printed yet); -1 with an
 * error that names the option.
 */
int options_parse(const struct command_usage *command, enum options_order order, int argc,
		  char **argv, void *target, int *ret_operand, struct error *err);

/*
 * Returns the name of the first option of the table that was given and whose member lies within the
 * @size bytes from @offset on in @target; NULL: none was given.
 */
const char *options_given(const struct command_usage *command, const void *target, size_t offset,
			  size_t size);

/*
 * Prints the help, at most 80 columns wide.  The completions and the tests of the man pages read
 * it: an option's line begins with "  -x, --name" or "      --name", and two blanks stand before
 * its text.
 */
void options_print_help(const struct command_usage *command, FILE *stream);

/*
 * Prints @text and a newline, broken between words so that no line is wider than 80 columns.  The
 * cursor is in column @indent, where the other lines begin too.
 */
void options_print_wrapped(const char *text, size_t indent, FILE *stream);

#endif
