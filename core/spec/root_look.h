/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_ROOT_LOOK_H
#define URUN_SPEC_ROOT_LOOK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * Looks at what --rootfs names, before anything is made there: mount points in an image layout, in a
 * bundle or in somebody's home would be litter, and the error about the program that isn't found
 * would not tell what is wrong.
 *
 * A directory is taken as a root file system if it has one of the directories that programs are in,
 * or the program itself, or if an overlay's changes or a volume may bring the program.  Anything else
 * is refused in one line that says what it is, and, in the hint, which words are right.
 *
 * @path is the absolute path of @options->rootfs.  Runs in: parent; reads only.
 */
int root_look(const struct spec_options *options, const struct spec_caller *caller,
	      const char *path, struct error *err);

/*
 * Sets a hint that says what @path, a directory or a file that the caller named in place of a
 * container's id, is: a root file system, a bundle, an image.  Sets none where it is nothing of
 * this.  @command is the command that was typed.
 */
void root_look_hint(const char *command, const char *path, struct error *err);

#endif
