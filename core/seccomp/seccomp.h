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
 * Compiles linux.seccomp to what seccomp(2) takes: *ret_bpf (struct sock_filter[], appended to what
 * must be empty; the caller's to release) and *ret_load_flags (SECCOMP_FILTER_FLAG_…, with
 * NEW_LISTENER where SCMP_ACT_NOTIFY is used). System calls that this libseccomp doesn't know are
 * skipped, as profiles name those of all kernels; those that are newer than all that the profile
 * names get ENOSYS (seccomp_newer.h).
 * Runs in: parent: a profile is read and compiled outside of what it will bind.
 * Source: OCI runtime-spec 1.3, config-linux.md "Seccomp"; seccomp(2); seccomp_rule_add(3).
 */
int seccomp_compile(const struct config_seccomp *seccomp, struct strbuf *ret_bpf,
		    unsigned int *ret_load_flags, struct error *err);

/*
 * seccomp_compile(), but what was compiled before is read from @cache_dir (the caller's own, made
 * with 0700 where it is missing; its parent exists).  An engine's profile takes libseccomp longer
 * than all else of a start.
 *
 * A file holds all that it was compiled from, with the versions of libseccomp and the kernel, and
 * is used only if that is equal byte by byte: the hash in its name is no proof of anything.  A file
 * that is damaged, of another owner or writable for others is ignored; that the cache can't be
 * written is a debug line.
 */
int seccomp_compile_cached(const char *cache_dir, const struct config_seccomp *seccomp,
			   struct strbuf *ret_bpf, unsigned int *ret_load_flags, struct error *err);

/*
 * Fails for the first system call of the profile that this libseccomp doesn't know, and names it:
 * for who wants no rule to be skipped (annotation run.oci.seccomp_fail_unknown_syscall).
 */
int seccomp_check_names(const struct config_seccomp *seccomp, struct error *err);

/* The architectures that linux.seccomp.architectures can have, in @arena. */
void seccomp_architecture_names(struct arena *arena, struct str_list *ret_names);

/* The version of the libseccomp that compiles, "2.5.4", in @arena. */
char *seccomp_library_version(struct arena *arena);

/* Whether a rule has SCMP_ACT_NOTIFY: then seccomp->listener_path has a meaning. */
bool seccomp_uses_notify(const struct config_seccomp *seccomp);

#endif
