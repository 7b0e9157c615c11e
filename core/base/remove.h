/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_REMOVE_H
#define URUN_BASE_REMOVE_H

/*
 * Removes everything below the directory @dir but the name @keep (NULL: none), and not @dir itself.
 * Symbolic links are removed and not followed; mount points stay, with everything in them.
 * Directories whose mode denies us access get their rights first, @dir too.  A tree of any depth
 * takes the same few descriptors.
 * Returns 0, or the negative errno of something that stays; the rest is removed nevertheless.
 */
int remove_below(int dir, const char *keep);

/*
 * Removes @name, one component, in the directory @dir: a file, or a directory with everything in it
 * as remove_below() does.  Returns 0, also where nothing has that name, or the negative errno of
 * something that stays.
 */
int remove_tree(int dir, const char *name);

/*
 * Gives the owner of the directory @dir (any descriptor, O_PATH too) all three rights on it, where
 * we are the owner.  Returns 0, also for another user's directory, or a negative errno.
 */
int remove_make_accessible(int dir);

#endif
