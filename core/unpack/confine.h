/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_CONFINE_H
#define URUN_UNPACK_CONFINE_H

#include "core/base/error.h"

/*
 * The confinement of urun-image, before it reads a byte of an image: what it can still do after a
 * hostile image has taken it over, by a fault in libarchive for instance.
 *
 *   user ns      the one in which urun has started it, with the ids of the caller's containers
 *   root         the store, without set-user-id, devices and execution; nothing else is mounted
 *   pid ns       the one whose first process it is (core/pull/reader.c): no worker outlives it, and
 *                it dies with urun, which no call that the filter allows can change
 *   net, ipc, uts ns  own ones: there is no network
 *   source       read-only, and if it is a directory, with no way above that directory
 *   capabilities those that unpacking needs: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
 *                CAP_SETFCAP; gone from the bounding set too are all others
 *   no_new_privs, a filter of system calls (core/unpack/calls.h), not dumpable
 *
 * So it can damage the images of the store, and spend the caller's disk and processor, and nothing
 * else.  None of the steps is optional: urun-image doesn't start where one fails.
 *
 * With @cover the source is also mounted, read-only, over tmp/@cover of the store ("": none).
 * Replaces IMAGE_FD_STORE and IMAGE_FD_SOURCE by descriptors of the confined process's own mounts.
 * All descriptors but those of core/unpack/handover.h are closed, and stderr becomes /dev/null.
 * ORDER: first.  The process has one thread.
 * Runs in: urun-image.
 * Source: mount_namespaces(7), open_tree(2), capabilities(7), seccomp(2).
 */
int confine(const char *cover, struct error *err);

#endif
