/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SIGNAL_H
#define URUN_BASE_SIGNAL_H

#include "core/base/error.h"

/* The kernel's first real-time signal.  The C library keeps some for itself: glibc two, musl three. */
#define SIGNAL_REALTIME_KERNEL 32
/* RTMIN as everybody names it, glibc and Go: SIGRTMIN+3 is 37 in each image, whatever urun is linked with. */
#define SIGNAL_REALTIME_MIN 34

/*
 * Parses a signal's number ("9") or name ("KILL", "SIGKILL", "sigkill", "RTMIN+3"); the error names
 * @text.
 */
int signal_parse(const char *text, int *ret_signal, struct error *err);

#endif
