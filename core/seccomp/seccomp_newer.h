/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_NEWER_H
#define URUN_SECCOMP_SECCOMP_NEWER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/config/config.h"

/*
 * A profile can't mean to refuse a system call that is younger than the profile.  Where its default
 * action is an errno, such a call must look as it does on a kernel that doesn't have it (ENOSYS), or
 * else a C library that probes for it takes EPERM for an answer and doesn't fall back to what the
 * profile allows.  Younger is what has a higher number than each call that a rule names: new calls
 * get the next number, the same one on nearly all architectures.
 *
 * Appends to @bpf (struct sock_filter[]) instructions that return ENOSYS for these calls and
 * otherwise go on with what is appended behind them: the compiled profile.  Nothing is appended for
 * another default action, for ENOSYS as the default, or for an architecture of which no rule names
 * a call.  @architectures are libseccomp's tokens, each once, and all that the filter allows.
 * Runs in: parent.
 * Source: seccomp(2); runc does the same since version 1.0.0-rc93.
 */
void seccomp_add_newer(const struct config_seccomp *seccomp, const uint32_t *architectures,
		       size_t count, struct strbuf *bpf);

#endif
