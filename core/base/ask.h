/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ASK_H
#define URUN_BASE_ASK_H

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * Runs a program of the host for its output: @out gets its stdout, up to 4 MiB within 10 s.  The
 * program's stdin and stderr are /dev/null, and its environment is PATH and LC_ALL=C.  The exit
 * status isn't looked at: the programs that are asked print nothing where they know nothing.
 */
int ask_program(const char *path, char *const *argv, struct strbuf *out, struct error *err);

#endif
