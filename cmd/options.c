// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/number.h"
#include "core/base/str.h"

#define HELP_VALUE  1000
#define FIRST_VALUE 1001

/*
 * Makes the table that getopt_long(3) needs.  A flag's value is optional: engines write
 * --rootless=true.
 */
static struct option *make_long_options(const struct command_usage *command)
{
	struct option *options = mem_alloc((command->option_count + 2) * sizeof(*options));

	for (size_t i = 0; i < command->option_count; i++) {
		options[i].name = command->options[i].name;
		options[i].has_arg =
			command->options[i].argument && command->options[i].kind != OPTION_OPTIONAL
				? required_argument
				: optional_argument;
		options[i].val = FIRST_VALUE + (int)i;
	}
	options[command->option_count].name = "help";
	options[command->option_count].val = HELP_VALUE;
	return options;
}

static char *make_letters(const struct command_usage *command, enum options_order order)
{
	struct strbuf letters = { 0 };

	strbuf_add_str(&letters, order == OPTIONS_FIRST ? "+:h" : ":h");
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].letter)
			strbuf_addf(&letters, "%c%s", command->options[i].letter,
				    command->options[i].argument ? ":" : "");
	return letters.bytes;
}

static int set_flag(const struct option_spec *spec, const char *value, bool *target,
		    struct error *err)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return error_set(err, 0, "option --%s is true or false, not '%s'", spec->name,
				 value);
	*target = !str_equal(value, "false");
	return 0;
}

static int set_switch(const struct option_spec *spec, const char *value, const char **target,
		      struct error *err)
{
	bool flag = false;

	if (set_flag(spec, value, &flag, err) < 0)
		return -1;
	*target = flag ? "true" : "false";
	return 0;
}

static int set_time(const struct option_spec *spec, const char *value, unsigned int *target,
		    struct error *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno == 0 && end > value && number > 0 && number <= 86400) {
		*target = (unsigned int)number;
		if (strcmp(end, "ms") == 0)
			return 0;
		*target *= 1000;
		if (*end == '\0' || strcmp(end, "s") == 0)
			return 0;
		*target *= 60;
		if (strcmp(end, "m") == 0)
			return 0;
	}
	return error_set(err, 0, "option --%s is a time such as 5s or 500ms, not '%s'", spec->name,
			 value);
}

static int set_value(const struct option_spec *spec, const char *value, void *target,
		     struct error *err)
{
	void *member = (char *)target + spec->offset;
	uint32_t number;

	switch (spec->kind) {
	case OPTION_FLAG: return set_flag(spec, value, member, err);
	case OPTION_SWITCH: return set_switch(spec, value, member, err);
	case OPTION_STRING:
		if (!*value)
			return error_set(err, 0, "option --%s has an empty value", spec->name);
		*(const char **)member = value;
		return 0;
	case OPTION_OPTIONAL: *(const char **)member = value ? value : ""; return 0;
	case OPTION_LIST: str_list_add(member, value); return 0;
	case OPTION_NUMBER:
		if (number_parse_u32(value, UINT16_MAX, &number) < 0)
			return error_set(err, 0,
					 "option --%s takes a number from 0 to %u, not '%s'",
					 spec->name, UINT16_MAX, value);
		*(unsigned int *)member = number;
		return 0;
	case OPTION_TIME: return set_time(spec, value, member, err);
	case OPTION_IGNORED: return 0;
	}
	return 0;
}

/* The global options have no command, and the error names the option alone. */
static int bad_option(const struct command_usage *command, int found, char **argv,
		      struct error *err)
{
	const char *colon = *command->name ? ": " : "";
	const char *word = argv[optind - 1];

	/*
	 * getopt doesn't say where the letter is in its word, so the error names the letter alone.
	 */
	if (optopt > 0 && optopt < FIRST_VALUE && optopt != HELP_VALUE)
		return error_set(err, 0,
				 found == ':' ? "%s%soption -%c requires an argument"
					      : "%s%sunknown option -%c",
				 command->name, colon, optopt);
	return error_set(err, 0,
			 found == ':' ? "%s%soption %s requires an argument"
				      : "%s%sunknown option %s",
			 command->name, colon, word);
}

static const struct option_spec *find_option_spec(const struct command_usage *command, int found)
{
	if (found >= FIRST_VALUE)
		return &command->options[found - FIRST_VALUE];
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].letter == found)
			return &command->options[i];
	return NULL;
}

static int check_operands(const struct command_usage *command, int count, char **operands,
			  struct error *err)
{
	if (count < command->operands_min)
		return error_set(err, 0, "%s: expected %s (see 'urun %s --help')", command->name,
				 command->operands, command->name);
	if (command->operands_max >= 0 && count > command->operands_max)
		return error_set(err, 0, "%s: unexpected operand '%s' (see 'urun %s --help')",
				 command->name, operands[command->operands_max], command->name);
	return 0;
}

void *options_new(const struct command_usage *command)
{
	void *target = mem_alloc(command->options_size);

	if (command->option_defaults)
		memcpy(target, command->option_defaults, command->options_size);
	return target;
}

void options_free(const struct command_usage *command, void *target)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].kind == OPTION_LIST)
			str_list_release((void *)((char *)target + command->options[i].offset));
	free(target);
}

int options_parse(const struct command_usage *command, enum options_order order, int argc,
		  char **argv, void *target, int *ret_operand, struct error *err)
{
	autofree struct option *long_options = make_long_options(command);
	autofree char *letters = make_letters(command, order);
	int found;

	if (order == OPTIONS_UNPARSED) {
		*ret_operand = 1;
		return 0;
	}
	opterr = 0;
	optind = 0; /* glibc: start afresh, as main() has parsed the global options with it */
	while ((found = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_spec *spec;

		if (found == HELP_VALUE || found == 'h')
			return 1;
		spec = find_option_spec(command, found);
		if (found == '?' || found == ':' || !spec)
			return bad_option(command, found, argv, err);
		if (set_value(spec, optarg, target, err) < 0)
			return *command->name ? error_prefix(err, "%s", command->name) : -1;
	}
	*ret_operand = optind;
	return check_operands(command, argc - optind, argv + optind, err);
}

static bool option_is_given(const struct option_spec *spec, const void *target)
{
	const void *member = (const char *)target + spec->offset;

	switch (spec->kind) {
	case OPTION_FLAG: return *(const bool *)member;
	case OPTION_SWITCH:
	case OPTION_OPTIONAL:
	case OPTION_STRING: return *(const char *const *)member != NULL;
	case OPTION_LIST: return ((const struct str_list *)member)->count > 0;
	case OPTION_NUMBER:
	case OPTION_TIME: return *(const unsigned int *)member > 0;
	case OPTION_IGNORED: return false;
	}
	return false;
}

const char *options_given(const struct command_usage *command, const void *target, size_t offset,
			  size_t size)
{
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_spec *spec = &command->options[i];

		if (spec->kind != OPTION_IGNORED && spec->offset >= offset &&
		    spec->offset < offset + size && option_is_given(spec, target))
			return spec->name;
	}
	return NULL;
}

/* ---- --help ---- */

/* Widths in columns: a usual terminal, and the place where an option's text begins. */
#define HELP_COLUMNS 80
#define HELP_LEFT    30
#define HELP_INDENT  34

/* A character of UTF-8 is one column. */
static size_t columns_of(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0; i < length; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

void options_print_wrapped(const char *text, size_t indent, FILE *stream)
{
	size_t column = indent;

	for (const char *word = text; *word;) {
		size_t length = strcspn(word, " ");
		size_t columns = columns_of(word, length);

		if (column > indent && column + 1 + columns > HELP_COLUMNS) {
			fprintf(stream, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', stream);
			column++;
		}
		fwrite(word, 1, length, stream);
		column += columns;
		word += length + strspn(word + length, " ");
	}
	fputc('\n', stream);
}

static void print_option(const struct option_spec *spec, FILE *stream)
{
	bool optional = spec->kind == OPTION_OPTIONAL;
	autofree char *argument = spec->argument
					  ? str_format(optional ? "[=%s]" : " %s", spec->argument)
					  : str_dup("");
	autofree char *left = str_format("%s%c%s--%s%s", spec->letter ? "-" : "  ",
					 spec->letter ? spec->letter : ' ',
					 spec->letter ? ", " : " ", spec->name, argument);

	if (strlen(left) > HELP_LEFT)
		fprintf(stream, "  %s\n%*s", left, HELP_INDENT, "");
	else
		fprintf(stream, "  %-*s  ", HELP_LEFT, left);
	options_print_wrapped(spec->help, HELP_INDENT, stream);
}

void options_print_help(const struct command_usage *command, FILE *stream)
{
	fprintf(stream, "Usage: urun%s%s%s%s%s\n\n", *command->name ? " " : "", command->name,
		command->option_count ? " [OPTION…]" : "", *command->operands ? " " : "",
		command->operands);
	options_print_wrapped(command->summary, 0, stream);
	if (command->option_count)
		fputs("\nOptions:\n", stream);
	for (size_t i = 0; i < command->option_count; i++)
		print_option(&command->options[i], stream);
}
