// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <inttypes.h>
#include <string.h>

#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/parent/plan.h"

/* "LABEL: value", a line each; what belongs to it is indented below. */
static void print_userns(const struct plan *plan, struct strbuf *out)
{
	static const char *const modes[] = {
		[USERNS_INHERIT] = "urun's own",
		[USERNS_DIRECT] = "new, urun writes the maps",
		[USERNS_HELPERS] = "new, newuidmap and newgidmap write the maps",
		[USERNS_JOIN] = "joined",
	};

	strbuf_addf(out, "user namespace: %s%s%s\n  uids (container host count): ",
		    modes[plan->userns.mode], plan->userns.join_path ? ", " : "",
		    plan->userns.join_path ? plan->userns.join_path : "");
	idmap_print(&plan->userns.uids, out);
	strbuf_add_str(out, "\n  gids (container host count): ");
	idmap_print(&plan->userns.gids, out);
	strbuf_addf(out, "\n  supplementary groups: %s\n",
		    plan->userns.setgroups_allowed ? "the container's" : "the caller's stay");
}

static void print_namespaces(const struct container_config *config, struct strbuf *out)
{
	strbuf_add_str(out, "namespaces:");
	for (int type = 0; type < CONFIG_NS_COUNT; type++) {
		const struct config_namespace *ns = config_find_namespace(config, type);

		strbuf_addf(out, " %s %s%s", config_namespace_name(type),
			    !ns	       ? "shared"
			    : ns->path ? "joined"
				       : "new",
			    type + 1 < CONFIG_NS_COUNT ? "," : "\n");
	}
}

static void print_root(const struct plan *plan, struct strbuf *out)
{
	const struct overlay *overlay = &plan->overlay;

	strbuf_addf(out, "root: %s%s\n", plan->config.root->path,
		    plan->config.root->readonly ? ", read-only" : "");
	if (overlay->where)
		strbuf_addf(out, "  overlay: changes in %s, by %s%s\n", overlay->where,
			    overlay->by_fuse ? overlay->program : "the kernel",
			    overlay->squash ? ", all files the container's root's" : "");
	for (const char *line = overlay->hidden; line && *line;) {
		size_t length = strcspn(line, "\n");

		strbuf_addf(out, "  hidden: %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void print_limits(const struct plan *plan, struct strbuf *out)
{
	const struct cgroup_plan *cgroup = &plan->cgroup;
	const struct config_process *process = plan->config.process;

	if (cgroup->manager == CGROUP_CGROUPFS)
		strbuf_addf(out, "cgroup: %s\n", cgroup->path);
	else if (cgroup->manager == CGROUP_SYSTEMD)
		strbuf_addf(out, "cgroup: scope %s in %s, by the %s's systemd\n", cgroup->unit,
			    cgroup->slice, cgroup->user_bus ? "user" : "system");
	else
		strbuf_add_str(out, "cgroup: the caller's\n");
	for (size_t i = 0; i < cgroup->settings.count; i++)
		strbuf_addf(out, "  %s: %s\n", cgroup->settings.items[i].file,
			    cgroup->settings.items[i].value);
	for (size_t i = 0; process && i < process->rlimits.count; i++)
		strbuf_addf(out, "limit: %s %" PRIu64 ", at most %" PRIu64 "\n",
			    process->rlimits.items[i].type, process->rlimits.items[i].soft.value,
			    process->rlimits.items[i].hard.value);
}

static void print_network(const struct plan *plan, struct strbuf *out)
{
	const struct config_namespace *ns = config_find_namespace(&plan->config, CONFIG_NS_NETWORK);

	strbuf_addf(out, "network: %s\n",
		    plan->network.stated ? plan->network.text
		    : !ns		 ? "the caller's"
		    : ns->path		 ? ns->path
					 : "loopback only");
	for (size_t i = 0; i < plan->network.publish.count; i++)
		strbuf_addf(out, "  publish: %s\n", plan->request->publish.items[i]);
}

static void print_list(const char *label, const str_list *list, struct strbuf *out)
{
	strbuf_addf(out, "%s:", label);
	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(out, " %s", list->items[i]);
	strbuf_add_str(out, list->count ? "\n" : " none\n");
}

static void print_process(const struct container_config *config, struct strbuf *out)
{
	const struct config_seccomp *seccomp = config->linux_->seccomp;
	const struct config_process *process = config->process;
	static const str_list none;

	if (seccomp)
		strbuf_addf(out, "filter: %zu rules, else %s\n", seccomp->syscalls.count,
			    config_seccomp_actions[seccomp->default_action]);
	else
		strbuf_add_str(out, "filter: none\n");
	if (!process)
		return;
	print_list("capabilities", process->capabilities ? &process->capabilities->bounding : &none,
		   out);
	strbuf_addf(out, "no_new_privs: %s\nuser: %" PRIu64 ":%" PRIu64 "\ndirectory: %s\n",
		    process->no_new_privileges ? "yes" : "no", process->user->uid.value,
		    process->user->gid.value, process->cwd);
	print_list("program", &process->args, out);
}

void plan_print(const struct plan *plan, struct strbuf *out)
{
	print_userns(plan, out);
	print_namespaces(&plan->config, out);
	print_root(plan, out);
	strbuf_add_str(out, "mounts:\n");
	mount_plan_print(&plan->mounts, out);
	print_limits(plan, out);
	print_network(plan, out);
	print_process(&plan->config, out);
}
