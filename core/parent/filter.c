// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/filter.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/container/state_socket.h"
#include "core/parent/emulation.h"
#include "core/seccomp/seccomp.h"
#include "core/seccomp/seccomp_start.h"

#define LISTENER_FIELD "linux.seccomp.listenerPath"

void filter_release(struct filter *filter)
{
	strbuf_release(&filter->bpf);
	strbuf_release(&filter->emulation);
	fd_close(&filter->listener_socket);
}

/* @cache: the directory of the cache; NULL: without a cache. */
static int filter_compile(const char *cache, const struct container_config *config,
			  struct filter *ret_filter, struct error *err)
{
	const struct config_seccomp *seccomp = config->linux->seccomp;
	const char *all_names = config_annotation(config, "run.oci.seccomp_fail_unknown_syscall");

	if (!seccomp)
		return 0;
	if (all_names && !str_equal(all_names, "0") &&
	    error_gather(err, seccomp_check_names(seccomp, err)) < 0)
		return -1;
	if (error_gather(err, seccomp_check_start(seccomp, err)) < 0)
		return -1;
	return cache ? seccomp_compile_cached(cache, seccomp, &ret_filter->bpf,
					      &ret_filter->load_flags, err)
		     : seccomp_compile(seccomp, &ret_filter->bpf, &ret_filter->load_flags, err);
}

/* As the spec says, the path has no meaning unless a rule has SCMP_ACT_NOTIFY. */
static const char *filter_listener_path(const struct container_config *config)
{
	const struct config_seccomp *seccomp = config->linux->seccomp;

	return seccomp && seccomp_uses_notify(seccomp) ? seccomp->listener_path : NULL;
}

int filter_check(const struct container_config *config, const struct userns_plan *emulated,
		 struct filter *ret_filter, struct error *err)
{
	const char *path = filter_listener_path(config);

	if (emulated && emulation_make(emulated, &ret_filter->emulation, err) < 0)
		return -1;
	if (filter_compile(NULL, config, ret_filter, err) < 0)
		return -1;
	if (!path || access(path, F_OK) == 0)
		return 0;
	return error_set(err, errno, "connect to " LISTENER_FIELD " %s", path);
}

int filter_prepare(const char *root, const struct container_config *config,
		   const struct userns_plan *emulated, struct filter *ret_filter, struct error *err)
{
	autofree char *cache = str_format("%s/.seccomp", root);
	const char *path = filter_listener_path(config);

	if (emulated && emulation_make(emulated, &ret_filter->emulation, err) < 0)
		return -1;
	if (filter_compile(cache, config, ret_filter, err) < 0)
		return -1;
	return path ? socket_connect_path(path, LISTENER_FIELD, &ret_filter->listener_socket, err)
		    : 0;
}
