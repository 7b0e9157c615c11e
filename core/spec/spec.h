/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_H
#define URUN_SPEC_SPEC_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"

/* What the config of `urun spec` depends on. */
struct spec_input {
	/* The caller's own id becomes 0; the subids follow, if the caller has any. */
	config_id_mappings uid_mappings;
	config_id_mappings gid_mappings;
	/* Value of the annotation org.urun.network; NULL: no annotation, loopback only. */
	const char *network;
	/*
	 * As `runc spec --rootless`: without network and cgroup namespace, and with the host's
	 * /sys.  Tools that call it expect this, and add to it.
	 */
	bool like_rootless_runc;
};

/*
 * Makes a config that @input's caller can run without changes, with the root file system in
 * "rootfs": a shell on a terminal, in new namespaces.  The caller releases *ret_config by
 * config_release(), and writes it by config_print().  Fails if the mappings have no id 0.
 * Runs in: parent.
 */
int spec_config(const struct spec_input *input, struct container_config *ret_config,
		struct error *err);

#endif
