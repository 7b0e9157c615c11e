/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_REMOVE_H
#define URUN_BASE_REMOVE_H

/*
 * Removes all that is below the directory @dir, but for the name @keep (NULL: none), and not @dir itself.
 * A symbolic link is removed and not followed, and what is mounted below stays, with all that is in it.
 * Directories whose mode keeps us out are opened up first, @dir too.  Any depth takes the same few descriptors.
 * Returns 0, or the negative errno of something that stays; the rest is removed all the same.
 */
int remove_below(int dir, const char *keep);

/*
 * Gives the owner of the directory @dir (any descriptor, O_PATH too) all three rights on it, where that
 * is us.  Returns 0, also for another user's, or a negative errno.
 */
int remove_make_accessible(int dir);

#endif
