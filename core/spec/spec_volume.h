/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_VOLUME_H
#define URUN_SPEC_SPEC_VOLUME_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/config.h"

/*
 * Adds the bind mount of one --volume SOURCE:DESTINATION[:OPTION,…] to @config.
 *
 * The options are podman's, and those of bind mounts in config.json.  An option that takes rights
 * away (ro, noexec, nosuid, nodev) holds for the mounts below SOURCE too, unlike the same option in
 * config.json.  The default propagation is rprivate; without the option bind the mount is an rbind.
 * Options without a meaning here (labels, caches of Docker Desktop) are ignored with a debug line.
 * Fails if an option is unknown, and if SOURCE is not found.
 * Runs in: parent.
 * Source: podman-run(1) "--volume"; docker-run(1); OCI runtime-spec 1.3, config.md "Linux mount
 * options".
 */
int spec_add_volume(const char *text, struct container_config *config, struct error *err);

/*
 * Adds a bind mount with @option_words, which are those of --volume.  @option and
 * @text are the option as the caller wrote it, for errors.  @destination is absolute.
 */
int spec_add_bind(const char *option, const char *text, const char *source, const char *destination,
		  const struct str_list *option_words, struct container_config *config,
		  struct error *err);

/*
 * Adds a bind mount that nothing propagates to or from, with @traits (MOUNT_TRAIT_…) and @attributes
 * (MOUNT_ATTR_…).
 */
void spec_add_private_bind(const char *source, const char *destination, unsigned int traits,
			   uint64_t attributes, struct container_config *config);

#endif
