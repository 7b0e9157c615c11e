// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/base/remove.h"
#include "core/unpack/layer.h"

int layer_remove(int directory, const char *name, struct error *err)
{
	int failed = remove_tree(directory, name);

	return failed < 0 ? error_set(err, -failed, "remove %s", name) : 0;
}
