/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SECCOMP_SECCOMP_H
#define URUN_SECCOMP_SECCOMP_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/config/config.h"

/*
 * Compiles linux.seccomp to the arguments of seccomp(2); seccomp.c explains how.
 *   *ret_bpf         struct sock_filter[]; must be empty before, and the caller releases it
 *   *ret_load_flags  SECCOMP_FILTER_FLAG_…, with NEW_LISTENER if a rule has SCMP_ACT_NOTIFY
 * A rule for a system call that this libseccomp doesn't know is skipped, as profiles name the calls
 * of all kernels.  A call that is newer than every call of the profile gets ENOSYS
 * (seccomp_newer.h).
 * Runs in: parent.
 * Source: OCI runtime-spec 1.3, config-linux.md "Seccomp"; seccomp(2); seccomp_rule_add(3).
 */
int seccomp_compile(const struct config_seccomp *seccomp, struct strbuf *ret_bpf,
		    unsigned int *ret_load_flags, struct error *err);

/*
 * seccomp_compile() with a cache in the directory @cache_dir, which is made with mode 0700 if it
 * doesn't exist; its parent directory must exist.  seccomp_cache.c explains why a file of the cache
 * can be trusted.  A cache that can't be used, read or written isn't an error: the profile is
 * compiled, and a debug line tells the reason.
 */
int seccomp_compile_cached(const char *cache_dir, const struct config_seccomp *seccomp,
			   struct strbuf *ret_bpf, unsigned int *ret_load_flags, struct error *err);

/*
 * Fails if the profile names a system call that this libseccomp doesn't know, whose rule would be
 * skipped.  The annotation run.oci.seccomp_fail_unknown_syscall asks for this check.
 */
int seccomp_check_names(const struct config_seccomp *seccomp, struct error *err);

/* The names that linux.seccomp.architectures can have, in @arena. */
void seccomp_architecture_names(struct arena *arena, struct str_list *ret_names);

/* The version of libseccomp that compiles profiles, such as "2.5.4", in @arena. */
char *seccomp_library_version(struct arena *arena);

/* Does a rule have SCMP_ACT_NOTIFY?  Only then seccomp->listener_path has a meaning. */
bool seccomp_uses_notify(const struct config_seccomp *seccomp);

#endif
