/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_HIDDEN_H
#define URUN_SPEC_SPEC_HIDDEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/spec/spec_options.h"

/*
 * Lists the paths that are hidden from a container whose root file system is the host's own system,
 * as the value of the annotation org.urun.hidden.  The head of spec_hidden.c says what is hidden
 * and why.  @own are paths of the caller's environment ($HOME, $TMPDIR …).  If such a path isn't
 * hidden, as it is a part of the system, a warning is logged.  @root is "" for the host itself; in
 * tests it is a directory in place of the host's root.  *ret_text belongs to @arena: a path a line.
 * A byte that a line can't hold is written as a backslash and three octal digits.
 * Runs in: parent, with the caller's rights.
 */
int spec_hidden_text(const char *root, uid_t caller, const struct str_list *own,
		     struct arena *arena, char **ret_text, struct error *err);

/*
 * Is @path (absolute and clean) a part of the system, which is never hidden even if it is a home?
 * True for a directory that programs of the system need (/usr/lib), for the directories above it
 * (/usr), and for what is below it, unless homes can be there too (true: /usr/lib/x; false:
 * /srv/x).
 */
bool spec_hidden_is_system(const char *path);

#endif
