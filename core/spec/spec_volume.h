/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_VOLUME_H
#define URUN_SPEC_SPEC_VOLUME_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Adds the bind mount of one --volume SOURCE:DESTINATION[:OPTION,…] to @config.
 *
 * The options are podman's and those of bind mounts in config.json.  What takes rights away (ro,
 * noexec, nosuid, nodev) holds for all that is mounted below SOURCE too, unlike the same word in
 * config.json.  Without a word about propagation the mount is rprivate, without bind it is rbind.
 * Words that have no meaning here (labels, caches of Docker Desktop) are taken with a debug line.
 * Fails with the name of an option that is unknown, and where SOURCE isn't there.
 * Runs in: parent.
 * Source: podman-run(1) "--volume"; docker-run(1); OCI runtime-spec 1.3, config.md "Linux mount options".
 */
int spec_add_volume(const char *text, struct container_config *config, struct error *err);

#endif
