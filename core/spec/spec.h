/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_H
#define URUN_SPEC_SPEC_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/* For whom `urun spec` writes. */
struct spec_input {
	/*
	 * The mappings that the caller can have: own id → 0, and the subids after it where there
	 * are any.
	 */
	config_id_mappings uid_mappings;
	config_id_mappings gid_mappings;
	/* Value of the annotation org.urun.network; NULL: none, the container has lo alone. */
	const char *network;
	/*
	 * What tools that know `runc spec --rootless` expect, and add to: no network and cgroup
	 * namespace, the host's /sys.
	 */
	bool like_rootless_runc;
};

/*
 * A config that runs as it stands for @input with a root file system in "rootfs": a shell on a
 * terminal, in namespaces of its own.  *ret_config is the caller's to config_release();
 * config_print() writes it. Fails where the mappings have no id 0.
 * Runs in: parent.
 */
int spec_config(const struct spec_input *input, struct container_config *ret_config,
		struct error *err);

#endif
