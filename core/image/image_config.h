/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_IMAGE_IMAGE_CONFIG_H
#define URUN_IMAGE_IMAGE_CONFIG_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/image/digest.h"
#include "core/image/manifest.h"
#include "core/image/platform.h"

/*
 * The config of an image.  It comes from outside: names of variables, paths and ports are texts
 * that nobody has checked, but that they hold no NUL and are UTF-8.
 * Runs in: urun-image for what is being pulled; any for what the store has.
 * Source: image-spec 1.1, config.md; what docker adds to it (Healthcheck, OnBuild, Shell,
 * ArgsEscaped) is ignored, as conversion.md does.
 */
struct image_config {
	struct platform platform;
	const char *created;	 /* RFC 3339 as written; NULL: not given */
	const char *author;	 /* NULL: not given */
	struct digest *diff_ids; /* of the uncompressed layers, the lowest first */
	size_t diff_id_count;
	/* `config`: NULL and empty lists where not given; a text is never "". */
	const char *user;
	struct str_list env; /* NAME=VALUE; what else there was is left out with a warning */
	struct str_list entrypoint;
	struct str_list cmd;
	const char *working_dir;
	struct str_list volumes;       /* paths in the container, in the document's order */
	struct str_list exposed_ports; /* "80", "80/tcp", "8000-8010/udp" */
	const char *stop_signal;
	str_map labels;
	struct arena arena; /* owns all of it */
};

void image_config_release(struct image_config *config);
#define autoimageconfig __attribute__((cleanup(image_config_release)))

/* Reads a config.  Nothing is hashed: the caller has compared size and digest before. */
int image_config_read(const char *bytes, size_t size, struct image_config *ret_config,
		      struct error *err);

/* Fails unless each layer of @manifest has a diff id in @config. */
int image_config_check_layers(const struct image_config *config,
			      const struct image_manifest *manifest, struct error *err);

/*
 * Fails unless programs of the image run where @wanted does: the system is linux, and the
 * architecture is @wanted's, or not given.  The hint names --platform.
 */
int image_config_check_platform(const struct image_config *config, const struct platform *wanted,
				struct error *err);

#endif
