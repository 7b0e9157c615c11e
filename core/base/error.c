// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/error.h"

#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/base/utf8.h"

int error_set(struct error *err, int errnum, const char *format, ...)
{
	va_list args;

	err->code = errnum;
	err->status = 0;
	err->cause = ERROR_CAUSE_ANY;
	err->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

/* Appends as much of @more as there is room for. */
static void append(char *text, size_t room, const char *more)
{
	size_t length = strlen(text);

	while (*more && length + 1 < room)
		text[length++] = *more++;
	text[length] = '\0';
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[sizeof(err->text)];
	va_list args;

	/* Every failure has been gathered, and nothing is left to report. */
	if (err->all && err->text[0] == '\0')
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	append(err->text, sizeof(err->text), ": ");
	append(err->text, sizeof(err->text), old);
	return -1;
}

int error_take(struct error *err, const struct error *other)
{
	struct error_list *all = err->all;

	*err = *other;
	err->all = all;
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
	return -1;
}

void error_hint_also(struct error *err, const char *hint)
{
	size_t used = strlen(err->hint);

	snprintf(err->hint + used, sizeof(err->hint) - used, "%s%s", used ? "; " : "", hint);
}

int error_set_killed(struct error *err, const char *what, int signal, const char *when)
{
	error_set(err, 0, "%s was killed by signal %d (%s)%s%s", what, signal, strsignal(signal),
		  *when ? " " : "", when);
	if (signal != SIGKILL)
		return -1;
	return error_hint(err, "the kernel does so where the memory.max of a cgroup is too low");
}

void error_list_release(struct error_list *list)
{
	free(list->items);
	*list = (struct error_list){ 0 };
}

int error_gather(struct error *err, int result)
{
	struct error_list *all = err->all;

	if (result >= 0 || !all)
		return result;
	/* A failure without text has nothing more to say: its parts are in the list. */
	if (err->text[0] != '\0') {
		all->items = mem_resize(all->items, all->count + 1, sizeof(*all->items));
		all->items[all->count++] = *err;
	}
	*err = (struct error){ .all = all };
	return 0;
}

const char *error_errno_text(int errnum)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s", strerror(errnum));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

const char *error_format(const struct error *err, char line[static ERROR_LINE_SIZE])
{
	autostrbuf struct strbuf plain = { 0 };
	autostrbuf struct strbuf escaped = { 0 };
	size_t size;

	strbuf_addf(&plain, "%s%s%s%s%s%s", err->text, err->code ? ": " : "",
		    err->code ? error_errno_text(err->code) : "", err->hint[0] ? " (hint: " : "",
		    err->hint, err->hint[0] ? ")" : "");
	utf8_escape(plain.bytes, &escaped);
	size = escaped.size;
	if (size >= ERROR_LINE_SIZE) {
		size = ERROR_LINE_SIZE - 1;
		/* No character is cut in two. */
		while (size > 0 && (escaped.bytes[size] & 0xc0) == 0x80)
			size--;
	}
	memcpy(line, escaped.bytes, size);
	line[size] = '\0';
	return line;
}

void error_pack(const struct error *err, struct error_packet *ret_packet)
{
	memset(ret_packet, 0, sizeof(*ret_packet));
	ret_packet->code = err->code;
	ret_packet->status = err->status;
	ret_packet->cause = (int32_t)err->cause;
	/* Copied as texts, not as bytes: behind a text's end there are bytes of older use. */
	snprintf(ret_packet->text, sizeof(ret_packet->text), "%s", err->text);
	snprintf(ret_packet->hint, sizeof(ret_packet->hint), "%s", err->hint);
}

int error_unpack(const struct error_packet *received, struct error *err)
{
	struct error_packet sent = *received;
	bool is_valid;

	sent.text[sizeof(sent.text) - 1] = '\0';
	sent.hint[sizeof(sent.hint) - 1] = '\0';
	is_valid = sent.code >= 0 && sent.status >= 0 && sent.status <= 255;
	/* error_gather() takes an error without text for one that it has gathered already. */
	error_set(err, is_valid ? sent.code : 0, "%s",
		  sent.text[0] ? sent.text : "the child failed without an error message");
	error_hint(err, "%s", sent.hint);
	err->status = is_valid ? sent.status : 0;
	err->cause = sent.cause == ERROR_CAUSE_OVERLAY ? ERROR_CAUSE_OVERLAY : ERROR_CAUSE_ANY;
	return -1;
}
