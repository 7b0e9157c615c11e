/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_EMULATION_H
#define URUN_PARENT_EMULATION_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Decides on root emulation (core/seccomp/root_emulation.h), as CONFIG_ANNOTATION_ROOT_EMULATION says.
 * Fails where the annotation has another word, and where it is "on" and the container can't have it:
 * in the host's user namespace, and with a map of many ranges.
 * Runs in: parent.
 */
int emulation_choose(const struct container_config *config, const struct userns_plan *userns,
		     bool *ret_on, struct error *err);

/*
 * Makes the filter for the ids of @userns.  For `exec`, too: every process of a container with root
 * emulation has it.
 */
int emulation_make(const struct userns_plan *userns, struct strbuf *ret_bpf, struct error *err);

#endif
