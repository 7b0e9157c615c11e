/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SIGNAL_H
#define URUN_BASE_SIGNAL_H

#include "core/base/error.h"

/*
 * Parses a signal's number ("9") or name ("KILL", "SIGKILL", "sigkill", "RTMIN+3"); the error names
 * @text.
 */
int signal_parse(const char *text, int *ret_signal, struct error *err);

#endif
