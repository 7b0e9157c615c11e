/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LIBEXEC_H
#define URUN_BASE_LIBEXEC_H

/*
 * The path of one of urun's own helper programs: below URUN_LIBEXECDIR, else beside our own file,
 * where nothing is installed yet.  Found nowhere, it is the first of the two, so that executing it
 * fails with ENOENT.  The caller frees it.
 */
char *libexec_path(const char *program);

#endif
