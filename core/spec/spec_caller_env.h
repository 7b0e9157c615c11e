/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_CALLER_ENV_H
#define URUN_SPEC_SPEC_CALLER_ENV_H

#include "core/base/str.h"
#include "core/config/config.h"

/*
 * Copies variables of the caller's environment @env ("NAME=value") into process.env.
 * All run in: parent.
 */

/*
 * --env-host: all variables but those that mean nothing in a container, or would mislead a program
 * there; the head of the table in spec_caller_env.c says which and why.
 * @home: the caller's home in the container, where the container is the host's own system and its
 * user is the caller: then PATH and SHELL are copied too, and directories for temporary files and
 * settings that are below @home.  NULL for another container, whose PATH and HOME are its own.
 */
void spec_env_add_caller(const struct str_list *env, const char *home,
			 struct container_config *config);

/* LANG, LANGUAGE, and all variables whose names begin with LC_. */
void spec_env_add_locale(const struct str_list *env, struct container_config *config);

/*
 * TERM, with the annotation org.urun.term for a container that doesn't know the terminal.  A caller
 * without TERM changes nothing.
 */
void spec_env_add_term(const struct str_list *env, struct container_config *config);

/*
 * The proxy variables, in both spellings.
 * Source: podman-run(1), --http-proxy.
 */
void spec_env_add_proxies(const struct str_list *env, struct container_config *config);

/* The first proxy variable of process.env that has a password in its URL; NULL: there is none. */
const char *spec_env_proxy_with_password(const struct container_config *config);

#endif
