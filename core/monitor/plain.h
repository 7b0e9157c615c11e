/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_PLAIN_H
#define URUN_MONITOR_PLAIN_H

/*
 * Included before everything else in the files of a program that has no libc: libc's fortified functions are
 * calls of functions that core/monitor/standalone.c doesn't have.
 */
#undef _FORTIFY_SOURCE

#endif
