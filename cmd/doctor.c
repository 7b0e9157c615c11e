// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/parent/doctor.h"

struct doctor_options {
	bool json;
};

/* The fix stands below its row, on a line of its own, since it may be long. */
static void print_group(const struct doctor_report *report, enum doctor_state state,
			struct strbuf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_row *row = &report->rows[i];

		if (row->state != state)
			continue;
		if (is_first)
			strbuf_addf(out, "%s%s:\n", out->size ? "\n" : "",
				    doctor_group_name(state));
		is_first = false;
		strbuf_addf(out, "  %s: %s\n", row->name, row->value);
		if (row->fix)
			strbuf_addf(out, "     -> %s\n", row->fix);
		if (row->works)
			strbuf_addf(out, "     still works: %s\n", row->works);
	}
}

static void add_member(const char *name, const char *value, struct strbuf *out)
{
	strbuf_addf(out, ", \"%s\": ", name);
	json_write_string(value, out);
}

static void print_json(const struct doctor_report *report, struct strbuf *out)
{
	strbuf_addf(out, "{\"good\": %s, \"rows\": [",
		    doctor_report_is_good(report) ? "true" : "false");
	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_row *row = &report->rows[i];

		strbuf_add_str(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
		json_write_string(row->name, out);
		add_member("state", doctor_state_name(row->state), out);
		add_member("value", row->value, out);
		if (row->fix)
			add_member("mend", row->fix, out);
		if (row->works)
			add_member("works", row->works, out);
		strbuf_add_str(out, "}");
	}
	strbuf_add_str(out, "\n]}\n");
}

static int cmd_doctor(struct call *call, struct error *err)
{
	const struct doctor_options *options = call->options;
	struct doctor_report report;
	autostrbuf struct strbuf text = { 0 };
	int result;

	/* Each warning of other commands is a row here. */
	if (!call->globals->debug)
		log_set_level(LOG_LEVEL_ERROR);
	doctor_examine(call->globals->root, &report);
	if (options->json)
		print_json(&report, &text);
	else
		for (enum doctor_state state = DOCTOR_OK; state <= DOCTOR_MISSING; state++)
			print_group(&report, state, &text);
	call->status = doctor_report_is_good(&report) ? 0 : EXIT_STATUS_OTHER;
	result = command_print(text.bytes, err);
	doctor_report_release(&report);
	return result;
}

static const struct option_spec options_doctor[] = {
	{ "json", 0, OPTION_FLAG, offsetof(struct doctor_options, json), NULL, "print JSON" },
};
static const struct command_usage usage_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "Tells what this host has and lacks for urun, and the mends.",
	.options = options_doctor,
	.option_count = ARRAY_SIZE(options_doctor),
	.options_size = sizeof(struct doctor_options),
};
const struct command command_doctor = { &usage_doctor, cmd_doctor, EXIT_STATUS_OTHER };
