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
static void print_table(const struct doctor_report *report, struct strbuf *out)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_row *row = &report->rows[i];

		strbuf_addf(out, "%-8s %s: %s\n", doctor_state_name(row->state), row->name,
			    row->value);
		if (row->fix)
			strbuf_addf(out, "         -> %s\n", row->fix);
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
		print_table(&report, &text);
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
