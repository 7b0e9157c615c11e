/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_UMOCI_H
#define URUN_PARENT_UMOCI_H

#include "core/config/config.h"

/*
 * Warns where the config of @bundle is the one that `umoci unpack --rootless` has written: with one id, three
 * capabilities and the host's network, most images don't run.  umoci leaves the file umoci.json in the
 * bundle, which says whether it was called with --rootless; a config whose mappings somebody has changed
 * is left in peace.
 * Runs in: parent.
 * Source: umoci-unpack(1); umoci's oci/layer and umoci.json, "map_options".
 */
void umoci_warn(const char *bundle, const struct container_config *config);

#endif
