// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
// `check`: would a container come to be as planned?  And the plan as text, with --explain.
#include "core/parent/create.h"

#include "core/base/log.h"
#include "core/base/utf8.h"

/* A sink of the log: debug lines tell what was changed to fit the config to the host. */
static void note_change(enum log_level level, const char *text, void *context)
{
	if (level == LOG_LEVEL_DEBUG) {
		strbuf_add_str(context, "  ");
		utf8_escape(text, context);
		strbuf_add_str(context, "\n");
		return;
	}
	log_set_sink(NULL, NULL);
	log_line(level, text);
	log_set_sink(note_change, context);
}

/* Makes the plan and prints it.  A plan with problems is incomplete, and isn't printed. */
static int make_plan_explained(struct plan *plan, struct strbuf *explanation, struct error *err)
{
	autostrbuf struct strbuf changes = { 0 };
	enum log_level level = log_current_level();
	int result;

	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(note_change, &changes);
	result = plan_make(plan, err);
	log_set_sink(NULL, NULL);
	log_set_level(level);
	if (result < 0 || (err->all && err->all->count > 0))
		return result;
	plan_print(plan, explanation);
	if (changes.size)
		strbuf_addf(explanation, "fitted to this host:\n%s", changes.bytes);
	return 0;
}

int container_check(const struct create_request *request, struct strbuf *explanation,
		    struct error *err)
{
	struct plan plan;
	int result;

	plan_init(&plan, request);
	result = explanation ? make_plan_explained(&plan, explanation, err) : plan_make(&plan, err);
	if (result == 0)
		result = plan_try(&plan, err);
	plan_release(&plan);
	return result;
}
