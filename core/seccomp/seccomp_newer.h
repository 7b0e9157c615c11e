/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_NEWER_H
#define URUN_SECCOMP_SECCOMP_NEWER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/config/config.h"

/*
 * System calls that are newer than the profile.  The author of a profile can't have known them, so
 * the profile doesn't mean to refuse them.  If its default action is an errno such as EPERM, a C
 * library that tries a new call takes EPERM as the answer, and doesn't use the older call that the
 * profile allows; if the default action is to kill, a program that has run for years ends with the
 * next C library.  So such a call returns ENOSYS, as on a kernel that doesn't have it.  A call is
 * newer if its number is higher than the number of every call that a rule names: the kernel gives
 * new calls the next number, which is the same on nearly all architectures.
 *
 * Appends to @bpf (struct sock_filter[]) instructions that return ENOSYS for newer calls, and
 * continue with the instructions behind them, the compiled profile, for all others.  Nothing is
 * appended if the default action lets calls happen (SCMP_ACT_ALLOW, LOG, TRACE) or is ENOSYS
 * already, nor for an architecture of which no rule names a call.  @architectures are libseccomp's
 * tokens of all architectures of the filter, each one once.
 * Runs in: parent.
 * Source: seccomp(2); runc answers the same calls so, since version 1.0.0-rc93.
 */
void seccomp_add_newer(const struct config_seccomp *seccomp, const uint32_t *architectures,
		       size_t count, struct strbuf *bpf);

#endif
