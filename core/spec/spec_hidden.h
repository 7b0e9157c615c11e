/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_HIDDEN_H
#define URUN_SPEC_SPEC_HIDDEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/spec/spec_options.h"

/*
 * What a container whose root file system is the host's own isn't shown, as the value of the
 * annotation org.urun.hidden: what belongs to people and to the running host.  These are
 *   - /home, /root, /run, /tmp, /var/tmp, /var/home, /media and /mnt,
 *   - the homes that home_list() finds,
 *   - @own: paths of the caller's environment ($HOME, $TMPDIR …).
 * All are resolved, as far as the caller can follow them: a home that is a link is hidden where it
 * leads, and a folder that is mounted elsewhere, too (by a bind mount, or in a mount of the folders
 * above it), is hidden there.  A home that holds a part of the system itself (/, /usr, /var/lib …) or
 * is one (below /usr/lib, /etc, /proc …) isn't hidden: for one of @own that is a warning.  A path
 * that isn't there stays in the list, since it may come.
 * @root is "" for the host itself, else a folder that stands for its root.
 * *ret_text is the arena's: a path a line, with the bytes that a line can't hold as a backslash and
 * three octal digits.
 * Runs in: parent, with the caller's rights.
 */
int spec_hidden_text(const char *root, uid_t caller, const struct str_list *own,
		     struct arena *arena, char **ret_text, struct error *err);

/*
 * Is @path, absolute and clean, a folder that programs of the system need, one above, or one inside of
 * what is the system's alone (/usr/lib/x, not /srv/x)?  That is never hidden, whoever's home it is.
 */
bool spec_hidden_is_system(const char *path);

#endif
