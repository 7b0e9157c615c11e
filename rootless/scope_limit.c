// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/log.h"
#include "core/base/number.h"
#include "core/config/shapes.h"
#include "rootless/name.h"
#include "rootless/scope_rule.h"

int scope_resources(const struct scope *scope, struct error *err)
{
	const struct config_resources *resources = scope->config->linux->resources;

	(void)err;
	/*
	 * Every engine sends device rules.  The user namespace forbids mknod, so the container has
	 * the devices that are bound, and no others.  core/cgroup looks at the limits, and at the
	 * rules where root of the host makes the container.
	 */
	if (resources && resources->devices.count > 0 && !userns_caller_is_host_root(scope->caller))
		log_debug(
			"linux.resources.devices: %zu rules skipped: a user namespace has the devices that are bound, and no others",
			resources->devices.count);
	return 0;
}

/* The fix names the limit as limits.conf(5) does: RLIMIT_NOFILE is nofile. */
static int rlimit_refused(const struct scope *scope, size_t index,
			  const struct config_rlimit *limit, rlim_t own, struct error *err)
{
	/* In an engine's user namespace our uid, mostly 0, isn't that of the host's user. */
	autofree char *user = scope->caller->initial
				      ? name_of_user(scope->caller->host.root, scope->caller->uid)
				      : NULL;
	char word[32] = "";
	const char *name = config_rlimit_types[limit->type] + strlen("RLIMIT_");

	for (size_t i = 0; i < sizeof(word) - 1 && name[i]; i++)
		word[i] = (char)(name[i] | 0x20);
	error_set(err, 0,
		  "process.rlimits[%zu]: the hard limit %" PRIu64
		  " of %s is above urun's own of %" PRIu64,
		  index, limit->hard.value, config_rlimit_types[limit->type], (uint64_t)own);
	if (!user)
		return error_hint(err,
				  "ask for less, or as root of the host add 'USER hard %s %" PRIu64
				  "', with your user's name, to /etc/security/limits.conf and log "
				  "in again",
				  word, limit->hard.value);
	return error_hint(err,
			  "ask for less, or as root add '%s hard %s %" PRIu64
			  "' to /etc/security/limits.conf and log in again",
			  user, word, limit->hard.value);
}

/*
 * To raise a hard limit, a process needs CAP_SYS_RESOURCE in the initial user namespace.
 * Source: setrlimit(2).
 */
int scope_rlimits(const struct scope *scope, struct error *err)
{
	const struct config_process *process = scope->config->process;

	if (!process || userns_caller_has_on_host(scope->caller, CAP_SYS_RESOURCE))
		return 0;
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *limit = &process->rlimits.items[i];
		struct rlimit own;

		if (getrlimit(limit->type, &own) == 0 && limit->hard.value > own.rlim_max &&
		    error_gather(err, rlimit_refused(scope, i, limit, own.rlim_max, err)) < 0)
			return -1;
	}
	return 0;
}

/*
 * An ordinary process may raise its oom_score_adj, and never lower it.  Engines without root ask for
 * no lower value, or for one that suits root: such a value becomes the own value, with a warning,
 * since nobody but root can mend that.  Not for 0, which engines write where nobody asked for a
 * value, and not again for `exec`.  Root of the host gets what the config says: without the
 * capability the kernel decides, and init has the error.
 * Source: proc(5).
 */
int scope_oom_score(const struct scope *scope, struct error *err)
{
	struct config_process *process = scope->config->process;
	char line[16];
	int64_t own;

	(void)err;
	if (!process || !process->oom_score_adj.set ||
	    userns_caller_has_on_host(scope->caller, CAP_SYS_RESOURCE) ||
	    userns_caller_is_host_root(scope->caller))
		return 0;
	if (host_read_line(&scope->caller->host, "/proc/self/oom_score_adj", line, sizeof(line)) <
		    0 ||
	    number_parse_i64(line, -1000, 1000, &own) < 0 || process->oom_score_adj.value >= own)
		return 0;
	(process->oom_score_adj.value == 0 || scope->for_exec ? log_debug : log_warning)(
		"process.oomScoreAdj: %" PRId64 " becomes urun's own %" PRId64
		", below which only root can go",
		process->oom_score_adj.value, own);
	process->oom_score_adj.value = own;
	return 0;
}
