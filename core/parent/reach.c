// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/reach.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "rootless/name.h"

/* The warning names so many groups, and leaves out the others. */
#define GROUPS_NAMED 6

static void warn_of_host_root(const struct container_config *config,
			      const struct userns_caller *caller, const struct userns_plan *userns)
{
	if (!caller->initial || caller->uid != 0 || !idmap_maps_outer(&userns->uids, 0) ||
	    !config->root || !config->root->path)
		return;
	if (!stat_same_paths("/", config->root->path))
		return;
	log_warning("the container's root file system and its root are the host's: it can read "
		    "what only root may read, such as /etc/shadow (hint: start it as an "
		    "ordinary user)");
}

/*
 * Groups are kept only if urun makes a user namespace with one gid: the kernel denies setgroups(2)
 * there.  If urun runs in a user namespace already, its maker has decided about the groups.
 */
static void warn_of_kept_groups(const struct container_config *config,
				const struct userns_caller *caller,
				const struct userns_plan *userns)
{
	autostrbuf struct strbuf names = { 0 };
	autofree gid_t *groups = NULL;
	int count, others = 0;

	if (userns->mode != USERNS_DIRECT || userns->setgroups_allowed ||
	    config_keeps_groups(config))
		return;
	/* Up to 65,536 groups, for which a small stack (RLIMIT_STACK) has no room. */
	count = getgroups(0, NULL);
	groups = mem_resize(NULL, (size_t)(count > 0 ? count : 1), sizeof(*groups));
	count = getgroups(count, groups);
	for (int i = 0; i < count; i++) {
		autofree char *name = NULL;

		if (groups[i] == caller->gid || others++ >= GROUPS_NAMED)
			continue;
		name = name_of_group(caller->host.root, groups[i]);
		strbuf_addf(&names, "%s", names.size ? ", " : "");
		if (name)
			strbuf_add_str(&names, name);
		else
			strbuf_addf(&names, "%u", groups[i]);
	}
	if (others > GROUPS_NAMED)
		strbuf_add_str(&names, ", …");
	if (others)
		log_warning(
			"your supplementary groups (%s) can't be dropped in a user namespace with "
			"one gid: the container can open their files (hint: with a range in "
			"/etc/subgid, and without --gidmap, urun drops these groups)",
			names.bytes);
}

void reach_warn(const struct container_config *config, const struct userns_caller *caller,
		const struct userns_plan *userns)
{
	warn_of_host_root(config, caller, userns);
	warn_of_kept_groups(config, caller, userns);
}
