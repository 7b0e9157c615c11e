// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"
#include "cmd/podman_words.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/nearest.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

#define HELP_NAME   "help"
#define HELP_VALUE  1000
#define FIRST_VALUE 1001

/* NULL for urun's own options, which stand before the command. */
static const struct option_other *others_of(const struct command_usage *command)
{
	if (!*command->name)
		return NULL;
	return command->others ? command->others : podman_id_words;
}

static size_t count_others(const struct command_usage *command)
{
	const struct option_other *others = others_of(command);
	size_t count = 0;

	while (others && others[count].name)
		count++;
	return count;
}

/*
 * getopt_long(3) takes the beginning of a name for the whole: without this, podman's --ip would be
 * our --ipc.  Other names stay out of its table, in which they would make such beginnings ambiguous.
 */
static bool is_known_to_getopt(const struct command_usage *command,
			       const struct option_other *other)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (str_starts_with(command->options[i].name, other->name))
			return true;
	return other->accepted != NULL;
}

/*
 * Makes the table that getopt_long(3) needs.  A flag's value is optional: engines write
 * --rootless=true.
 */
static struct option *make_long_options(const struct command_usage *command)
{
	size_t count = command->option_count, others = count_others(command);
	struct option *options = mem_alloc((count + others + 2) * sizeof(*options));

	for (size_t i = 0; i < count; i++) {
		options[i].name = command->options[i].name;
		options[i].has_arg =
			command->options[i].argument && command->options[i].kind != OPTION_OPTIONAL
				? required_argument
				: optional_argument;
		options[i].val = FIRST_VALUE + (int)i;
	}
	options[count].name = HELP_NAME;
	options[count++].val = HELP_VALUE;
	for (size_t i = 0; i < others; i++) {
		const struct option_other *other = &others_of(command)[i];

		if (is_known_to_getopt(command, other))
			options[count++] = (struct option){
				.name = other->name,
				.has_arg = other->has_value ? required_argument : optional_argument,
				.val = FIRST_VALUE + (int)(command->option_count + i),
			};
	}
	return options;
}

static char *make_letters(const struct command_usage *command, enum options_order order)
{
	struct strbuf letters = { 0 };

	strbuf_add_str(&letters, order == OPTIONS_FIRST ? "+:" : ":");
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].letter)
			strbuf_addf(&letters, "%c%s", command->options[i].letter,
				    command->options[i].argument ? ":" : "");
	/* ORDER: behind the command's own letters, of which the first counts. */
	strbuf_add_str(&letters, "h");
	return letters.bytes;
}

int option_truth(const char *value)
{
	static const char *const words[2][6] = {
		{ "false", "0", "f", "F", "FALSE", "False" },
		{ "true", "1", "t", "T", "TRUE", "True" },
	};

	for (int flag = 0; flag < 2; flag++)
		for (size_t i = 0; i < ARRAY_SIZE(words[flag]); i++)
			if (str_equal(value, words[flag][i]))
				return flag;
	return -1;
}

static int set_flag(const struct option_spec *spec, const char *value, bool *target,
		    struct error *err)
{
	int flag = value ? option_truth(value) : 1;

	if (flag < 0)
		return error_set(err, 0, "option --%s is true or false, not '%s'", spec->name,
				 value);
	*target = flag;
	return 0;
}

static int check_always(const struct option_spec *spec, const char *value, struct error *err)
{
	bool flag = true;

	if (set_flag(spec, value, &flag, err) < 0)
		return -1;
	return flag ? 0
		    : error_set(err, 0, "option --%s can't be false: %s", spec->name, spec->help);
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
	bool takes_text = spec->kind == OPTION_STRING || spec->kind == OPTION_LIST ||
			  spec->kind == OPTION_OPTIONAL;
	uint32_t number;

	/* What "$unset" leaves; for --overlay="$unset" the changes would be lost at the end. */
	if (takes_text && value && !*value)
		return error_set(err, 0, "option --%s has an empty value", spec->name);
	switch (spec->kind) {
	case OPTION_FLAG: return set_flag(spec, value, member, err);
	case OPTION_SWITCH: return set_switch(spec, value, member, err);
	case OPTION_STRING: *(const char **)member = value; return 0;
	case OPTION_TEXT: *(const char **)member = value; return 0;
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
	case OPTION_ALWAYS: return check_always(spec, value, err);
	}
	return 0;
}

/* ---- unknown options ---- */

/* The long name with number @index, the name of --help last; NULL: there are no more. */
static const char *long_name(const struct command_usage *command, size_t index)
{
	if (index < command->option_count)
		return command->options[index].name;
	return index == command->option_count ? HELP_NAME : NULL;
}

/*
 * Is @word a long option with one dash, as in -volume?  getopt takes it for letters, so that the
 * error would be about another option.  -help isn't: its first letter asks for help.
 */
static bool has_one_dash(const struct command_usage *command, const char *word)
{
	size_t length;

	if (!word || word[0] != '-' || word[1] == '-')
		return false;
	length = strcspn(++word, "=");
	for (size_t i = 0; length > 2 && i < command->option_count; i++) {
		const char *name = command->options[i].name;

		if (strlen(name) == length && strncmp(name, word, length) == 0)
			return true;
	}
	return false;
}

static bool has_option(const struct command_usage *command, const char *name)
{
	const char *known;

	for (size_t i = 0; (known = long_name(command, i)); i++)
		if (str_equal(known, name))
			return true;
	return false;
}

/* The hint names the options that begin with the word, or the one that is like it. */
static void hint_at_option(const struct command_usage *command, const char *word, struct error *err)
{
	autofree char *typed = str_dup_n(word + 2, strcspn(word + 2, "="));
	struct nearest nearest = nearest_begin(typed);
	autostrbuf struct strbuf like = { 0 };
	const char *name;

	for (size_t i = 0; (name = long_name(command, i)); i++) {
		nearest_try(&nearest, name);
		if (*typed && str_starts_with(name, typed))
			strbuf_addf(&like, "%s--%s", like.size ? " or " : "", name);
	}
	if (str_equal(typed, "json") && has_option(command, "format"))
		error_hint(err, "did you mean --format json?");
	else if (like.size)
		error_hint(err, "did you mean %s?", like.bytes);
	else if (nearest.name)
		error_hint(err, "did you mean --%s?", nearest.name);
	else if (command->hint)
		error_hint(err, "%s", command->hint);
}

/* ---- options of podman and docker ---- */

/* @word is "--name" or "--name=value". */
static const struct option_other *find_other(const struct command_usage *command, const char *word,
					     int letter)
{
	size_t length;

	for (const struct option_other *other = others_of(command); other && other->name; other++) {
		length = strlen(other->name);
		if (letter ? other->letter == letter
			   : str_starts_with(word, "--") &&
				     strncmp(word + 2, other->name, length) == 0 &&
				     (word[2 + length] == '\0' || word[2 + length] == '='))
			return other;
	}
	return NULL;
}

static int refuse_other(const struct command_usage *command, const struct option_other *other,
			struct error *err)
{
	return error_set(err, 0, "%s: option --%s: %s", command->name, other->name, other->reason);
}

static bool is_accepted(const struct option_other *other, const char *value)
{
	autofree char *accepted = str_dup(other->accepted ? other->accepted : "");
	char *rest = accepted;

	for (char *word; (word = strsep(&rest, " "));)
		if (*word && str_equal(word, value))
			return true;
	return false;
}

static int parse_other(const struct command_usage *command, const struct option_other *other,
		       const char *value, struct error *err)
{
	return is_accepted(other, value ? value : "true") ? 0 : refuse_other(command, other, err);
}

/* ---- parsing ---- */

/*
 * `-it=false`: getopt has read the letters, of which @before is the last, and finds none called '='.
 * Returns the value, and goes on behind the word; NULL: the word isn't of this form.  @word is the
 * index of the word in which getopt read @before.
 */
static char *take_flag_value(const struct option_spec *before, char **argv, int word)
{
	char *mark = argv[word] && argv[word][0] == '-' ? strchr(argv[word], '=') : NULL;
	char *value;

	if (before->argument || !mark || mark[-1] != before->letter)
		return NULL;
	value = str_dup(mark + 1);
	/* getopt leaves a word at its end: where there is a value, we shorten the word. */
	if (mark[1]) {
		mark[1] = '\0';
		optind = word + 1;
	}
	return value;
}

/* `-n=value`: getopt takes the rest of the word for the value, with the mark. */
static const char *letter_value(const struct option_spec *spec, int found, char **argv)
{
	bool is_attached = found < HELP_VALUE && optarg && optarg != argv[optind - 1];

	return is_attached && spec->argument && *optarg == '=' ? optarg + 1 : optarg;
}

/* The global options have no command, and the error names the option alone. */
static int refuse_option(const struct command_usage *command, const char *what, struct error *err)
{
	error_set(err, 0, "%s", what);
	return *command->name ? error_prefix(err, "%s", command->name) : -1;
}

static int refuse_value(const struct command_usage *command, struct error *err)
{
	return *command->name ? error_prefix(err, "%s", command->name) : -1;
}

static int refuse_one_dash(const struct command_usage *command, const char *word, struct error *err)
{
	autofree char *what = str_format("unknown option %s", word);

	refuse_option(command, what, err);
	return error_hint(err, "did you mean -%.*s?", (int)strcspn(word, "="), word);
}

/* @word is the word that getopt looked at last. */
static int bad_option(const struct command_usage *command, int found, const char *word,
		      struct error *err)
{
	/* getopt doesn't say where a letter is in its word, so the error names the letter alone. */
	bool is_letter = optopt > 0 && optopt < FIRST_VALUE && optopt != HELP_VALUE;
	autofree char *letter = str_format("-%c", optopt);
	const char *option = is_letter ? letter : word;
	autofree char *what = found == ':' ? str_format("option %s requires an argument", option)
					   : str_format("unknown option %s", option);
	const struct option_other *other =
		found == '?' ? find_other(command, word, is_letter ? optopt : 0) : NULL;

	if (other)
		return refuse_other(command, other, err);
	refuse_option(command, what, err);
	if (found != ':' && !is_letter)
		hint_at_option(command, word, err);
	else if (found != ':' && command->hint)
		error_hint(err, "%s", command->hint);
	return -1;
}

static const struct option_spec *find_option_spec(const struct command_usage *command, int found)
{
	if (found >= FIRST_VALUE)
		return found - FIRST_VALUE < (int)command->option_count
			       ? &command->options[found - FIRST_VALUE]
			       : NULL;
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].letter == found)
			return &command->options[i];
	return NULL;
}

static int check_operands(const struct command_usage *command, int count, char **operands,
			  struct error *err)
{
	if (count < command->operands_min) {
		error_set(err, 0, "%s: expected %s (see 'urun %s --help')", command->name,
			  command->operands, command->name);
		return command->hint ? error_hint(err, "%s", command->hint) : -1;
	}
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

/*
 * The long option with one dash that getopt has just read letters of; NULL: there is none.  getopt
 * leaves optind at a word whose letters it hasn't all read, and behind a word whose rest is the
 * value of a letter.
 */
static const char *one_dash_word(const struct command_usage *command, int found, int argc,
				 char **argv)
{
	const char *last = argv[optind - 1], *next = optind < argc ? argv[optind] : NULL;
	bool is_value = optarg && optarg > last && optarg <= last + strlen(last);

	if (found >= HELP_VALUE)
		return NULL;
	if ((found == '?' || found == 'h') && has_one_dash(command, next))
		return next;
	return (found == '?' || is_value) && has_one_dash(command, last) ? last : NULL;
}

int options_parse(const struct command_usage *command, enum options_order order, int argc,
		  char **argv, void *target, struct options_end *ret_end, struct error *err)
{
	autofree struct option *long_options = make_long_options(command);
	autofree char *letters = make_letters(command, order);
	const struct option_spec *letter = NULL;
	int found, before = 1;

	*ret_end = (struct options_end){ .operand = 1 };
	if (order == OPTIONS_UNPARSED)
		return 0;
	opterr = 0;
	optind = 0; /* glibc: start afresh, as main() has parsed the global options with it */
	while ((found = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_spec *spec;
		const char *word;
		autofree char *flag = letter && found == '?' && optopt == '='
					      ? take_flag_value(letter, argv, before)
					      : NULL;

		if (flag) {
			if (set_value(letter, flag, target, err) < 0)
				return refuse_value(command, err);
			letter = NULL;
			continue;
		}
		before = optind;
		word = one_dash_word(command, found, argc, argv);
		if (word)
			return refuse_one_dash(command, word, err);
		spec = find_option_spec(command, found);
		/* podman's -h is --hostname; alone it asks for the help. */
		if (found == HELP_VALUE || (found == 'h' && !spec) ||
		    (found == ':' && optopt == 'h'))
			return 1;
		if (!spec && found >= FIRST_VALUE) {
			found -= FIRST_VALUE + (int)command->option_count;
			if (parse_other(command, &others_of(command)[found], optarg, err) < 0)
				return -1;
			continue;
		}
		if (found == '?' || found == ':' || !spec)
			return bad_option(command, found, argv[optind - 1], err);
		if (set_value(spec, letter_value(spec, found, argv), target, err) < 0)
			return refuse_value(command, err);
		letter = found < HELP_VALUE ? spec : NULL;
	}
	ret_end->operand = optind;
	/* The value of an option may be "--" too: getopt skips only the one that ends the options. */
	ret_end->marked = optind == before + 1 && strcmp(argv[before], "--") == 0;
	return check_operands(command, argc - optind, argv + optind, err);
}

static bool option_is_given(const struct option_spec *spec, const void *target)
{
	const void *member = (const char *)target + spec->offset;

	switch (spec->kind) {
	case OPTION_FLAG: return *(const bool *)member;
	case OPTION_SWITCH:
	case OPTION_OPTIONAL:
	case OPTION_TEXT:
	case OPTION_STRING: return *(const char *const *)member != NULL;
	case OPTION_LIST: return ((const struct str_list *)member)->count > 0;
	case OPTION_NUMBER:
	case OPTION_TIME: return *(const unsigned int *)member > 0;
	case OPTION_IGNORED:
	case OPTION_ALWAYS: return false;
	}
	return false;
}

const char *options_given(const struct command_usage *command, const void *target, size_t offset,
			  size_t size)
{
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_spec *spec = &command->options[i];

		if (spec->offset >= offset && spec->offset < offset + size &&
		    option_is_given(spec, target))
			return spec->name;
	}
	return NULL;
}

/* ---- --help ---- */

/* Widths in columns: a usual terminal, and the place where an option's text begins. */
#define HELP_COLUMNS 80
#define HELP_LEFT    30
#define HELP_INDENT  34

void options_print_wrapped(const char *text, size_t indent, FILE *stream)
{
	size_t column = indent;

	for (const char *word = text; *word;) {
		size_t length = strcspn(word, " ");
		size_t columns = utf8_columns(word, length);

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
