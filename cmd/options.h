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
 * value`, `-nvalue`, before and behind the operands.  As podman, docker and runc have it, `-n=value` is
 * the same, and `-it=false` sets the last letter to false.
 */
enum option_kind {
	OPTION_FLAG,	 /* bool: set to true; "=true", "=false", "=1" … are accepted too */
	OPTION_SWITCH,	 /* const char *: "true" or "false"; NULL: not given */
	OPTION_STRING,	 /* const char *; an empty value is refused, here and in lists */
	OPTION_TEXT,	 /* const char *; may be empty */
	OPTION_OPTIONAL, /* const char *: "--name=value", or "" without "=" */
	OPTION_LIST, /* struct str_list, to be released: may be given many times; in their order */
	OPTION_NUMBER, /* unsigned int */
	OPTION_TIME, /* unsigned int, in ms: "5s", "500ms", "1m"; a bare number is seconds; at least 1 */
	OPTION_IGNORED, /* an option of other runtimes, without effect; the help text says why */
	OPTION_ALWAYS,	/* the same, for what urun does always: "=false" is refused */
};

struct option_spec {
	const char *name;
	char letter; /* '\0': none */
	enum option_kind kind;
	size_t offset;	      /* in the struct that the command fills */
	const char *argument; /* its name in --help; NULL: none */
	const char *help;
};

/*
 * An option that podman or docker have for such a command, and this command doesn't.  Whoever types
 * one gets a line that names the way.  --help doesn't show these options.
 */
struct option_other {
	const char *name; /* NULL ends a table */
	char letter;	  /* '\0': none */
	bool has_value;
	/*
	 * The values, divided by blanks, that ask for what urun does anyway: they are accepted.  A
	 * flag without a value has the value "true".  NULL: none.
	 */
	const char *accepted;
	const char *reason; /* what to use in its place, or why there is nothing */
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
	const struct option_other *others; /* NULL: podman_id_words */
	size_t options_size;		   /* of the struct that the options are parsed into */
	const void *option_defaults;	   /* such a struct; NULL: all zero */
	enum options_order order;
	int operands_min;
	int operands_max; /* -1: any number */
	/* the hint of the error where the command line isn't the command's; NULL: none */
	const char *hint;
};

/* Where the options of a command line end. */
struct options_end {
	int operand; /* index of the first operand */
	/* "--" stands before the first operand; only with OPTIONS_FIRST */
	bool marked;
};

/*
 * The words that podman, docker and runc accept for a flag.  Returns 1, 0, or -1 for another word and
 * for NULL.
 * Source: Go's strconv.ParseBool.
 */
int option_truth(const char *value);

/* A new struct for the command's options, with the defaults.  Release with options_free(). */
void *options_new(const struct command_usage *command);
void options_free(const struct command_usage *command, void *target);

/*
 * Parses @argv (argv[0] is the command's name) into @target.  The operands stay in argv from
 * ret_end->operand on.  Returns 0; 1 where --help was asked for (nothing is printed yet); -1 with an
 * error that names the option.  For an unknown option the hint names the one that was probably
 * meant.
 */
int options_parse(const struct command_usage *command, enum options_order order, int argc,
		  char **argv, void *target, struct options_end *ret_end, struct error *err);

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
