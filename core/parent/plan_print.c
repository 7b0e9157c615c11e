// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/shapes.h"
#include "core/parent/plan.h"

/*
 * Appends one line.  The texts come from a bundle, which may be hostile: a line break or an escape sequence
 * in a text would forge a line of the plan, and is escaped.
 */
static void add_plan_line(struct strbuf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_plan_line(struct strbuf *out, const char *format, ...)
{
	autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = str_dup("");
	va_end(args);
	utf8_escape(line, out);
	strbuf_add_str(out, "\n");
}

static void print_map(const char *label, const struct idmap *map, struct strbuf *out)
{
	autostrbuf struct strbuf text = { 0 };

	idmap_print(map, &text);
	add_plan_line(out, "  %s (container host count): %s", label,
		      text.bytes ? text.bytes : "none");
}

static void print_userns(const struct plan *plan, struct strbuf *out)
{
	static const char *const modes[] = {
		[USERNS_INHERIT] = "urun's own",
		[USERNS_DIRECT] = "new, urun writes the maps",
		[USERNS_HELPERS] = "new, newuidmap and newgidmap write the maps",
		[USERNS_JOIN] = "joined",
	};
	const char *path = plan->userns.join_path;

	add_plan_line(out, "user namespace: %s%s%s", modes[plan->userns.mode], path ? ", " : "",
		      path ? path : "");
	print_map("uids", &plan->userns.uids, out);
	print_map("gids", &plan->userns.gids, out);
	add_plan_line(out, "  supplementary groups: %s",
		      plan->userns.setgroups_allowed ? "the container's" : "the caller's stay");
}

static void print_namespaces(const struct container_config *config, struct strbuf *out)
{
	autostrbuf struct strbuf line = { 0 };

	for (int type = 0; type < CONFIG_NS_COUNT; type++) {
		const struct config_namespace *ns = config_find_namespace(config, type);

		strbuf_addf(&line, "%s%s %s", type ? ", " : "", config_namespace_name(type),
			    !ns	       ? "shared"
			    : ns->path ? "joined"
				       : "new");
	}
	add_plan_line(out, "namespaces: %s", line.bytes);
}

static void print_root(const struct plan *plan, struct strbuf *out)
{
	const struct overlay *overlay = &plan->overlay;

	add_plan_line(out, "root: %s%s", plan->config.root->path,
		      plan->config.root->readonly ? ", read-only" : "");
	for (size_t i = 1; i < overlay->layers.count; i++)
		add_plan_line(out, "  above the layer %s", overlay->layers.items[i]);
	if (overlay->is_view)
		add_plan_line(out, "  read-only: there is no overlay");
	else if (overlay->where)
		add_plan_line(out, "  overlay: changes in %s, by %s%s", overlay->where,
			      overlay->by_fuse ? overlay->program : "the kernel",
			      overlay->squash ? ", files of other ids are the container's root's"
					      : "");
	for (const char *line = overlay->hidden; line && *line;) {
		size_t length = strcspn(line, "\n");

		add_plan_line(out, "  hidden: %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void print_limits(const struct plan *plan, struct strbuf *out)
{
	const struct cgroup_plan *cgroup = &plan->cgroup;
	const struct config_process *process = plan->config.process;

	if (cgroup->manager == CGROUP_CGROUPFS)
		add_plan_line(out, "cgroup: %s", cgroup->path);
	else if (cgroup->manager == CGROUP_SYSTEMD)
		add_plan_line(out, "cgroup: scope %s in %s, by the %s's systemd", cgroup->unit,
			      cgroup->slice, cgroup->user_bus ? "user" : "system");
	else
		add_plan_line(out, "cgroup: the caller's");
	for (size_t i = 0; i < cgroup->settings.count; i++)
		add_plan_line(out, "  %s: %s", cgroup->settings.items[i].file,
			      cgroup->settings.items[i].value);
	for (size_t i = 0; i < cgroup->devices.count; i++) {
		autostrbuf struct strbuf rule = { 0 };

		device_rule_print(&cgroup->devices.items[i], &rule);
		add_plan_line(out, "  devices: %s", rule.bytes);
	}
	for (size_t i = 0; process && i < process->rlimits.count; i++)
		add_plan_line(out, "limit: %s %" PRIu64 ", at most %" PRIu64,
			      config_rlimit_types[process->rlimits.items[i].type],
			      process->rlimits.items[i].soft.value,
			      process->rlimits.items[i].hard.value);
}

static void print_network(const struct plan *plan, struct strbuf *out)
{
	const struct config_namespace *ns = config_find_namespace(&plan->config, CONFIG_NS_NETWORK);

	add_plan_line(out, "network: %s",
		      plan->network.stated ? plan->network.text
		      : !ns		   ? "the caller's"
		      : ns->path	   ? ns->path
					   : "loopback only");
	if (plan->network.options.bypass && plan->network.stated)
		add_plan_line(out, "network bypass: %s",
			      plan->network.bypass   ? "on, for TCP"
			      : plan->network.joined ? "off, the network is another container's"
						     : "off");
	for (size_t i = 0; i < plan->network.publish.count; i++)
		add_plan_line(out, "  publish: %s", plan->network.publish_texts.items[i]);
}

static void print_list(const char *label, const struct str_list *list, struct strbuf *out)
{
	autostrbuf struct strbuf words = { 0 };

	for (size_t i = 0; list && i < list->count; i++)
		strbuf_addf(&words, " %s", list->items[i]);
	add_plan_line(out, "%s:%s", label, words.bytes ? words.bytes : " none");
}

static void print_capabilities(uint64_t set, struct strbuf *out)
{
	autostrbuf struct strbuf names = { 0 };

	for (int i = 0; i < CONFIG_CAPABILITY_COUNT; i++)
		if (set & CONFIG_CAPABILITY(i))
			strbuf_addf(&names, " %s", config_capability_names[i]);
	add_plan_line(out, "capabilities:%s", names.bytes ? names.bytes : " none");
}

static void print_process(const struct container_config *config, bool root_emulation,
			  struct strbuf *out)
{
	const struct config_seccomp *seccomp = config->linux->seccomp;
	const struct config_process *process = config->process;

	if (seccomp)
		add_plan_line(out, "filter: %zu rules, else %s", seccomp->syscalls.count,
			      config_seccomp_actions[seccomp->default_action]);
	else
		add_plan_line(out, "filter: none");
	if (root_emulation)
		add_plan_line(out, "root emulation: on");
	if (!process)
		return;
	print_capabilities(process->capabilities ? process->capabilities->bounding : 0, out);
	add_plan_line(out, "no_new_privs: %s", process->no_new_privileges ? "yes" : "no");
	add_plan_line(out, "user: %" PRIu64 ":%" PRIu64, process->user->uid.value,
		      process->user->gid.value);
	add_plan_line(out, "directory: %s", process->cwd);
	print_list("program", &process->args, out);
}

void plan_print(const struct plan *plan, struct strbuf *out)
{
	print_userns(plan, out);
	print_namespaces(&plan->config, out);
	print_root(plan, out);
	add_plan_line(out, "mounts:");
	mount_plan_print(&plan->mounts, out);
	print_limits(plan, out);
	print_network(plan, out);
	print_process(&plan->config, plan->emulated != NULL, out);
}
