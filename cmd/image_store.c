// SPDX-License-Identifier: Apache-2.0
#include "cmd/image_store.h"

#include <errno.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/container/image_use.h"
#include "core/pull/pull.h"

void opened_store_release(struct opened_store *store)
{
	fd_close(&store->fd);
	free(store->path);
	free(store->userns);
	*store = OPENED_STORE_NONE;
}

int opened_store_open(const struct globals *globals, enum place_missing missing,
		      struct opened_store *ret_store, struct error *err)
{
	autoopenedstore struct opened_store store = OPENED_STORE_NONE;

	store.path = store_path(globals->data_home, globals->home, err);
	if (!store.path)
		return -1;
	if (store_open(store.path, missing, &store.fd, err) < 0) {
		if (missing == PLACE_MAKE || err->code != ENOENT)
			return -1;
		*err = ERROR_NONE;
		return 1;
	}
	ret_store->fd = take_fd(&store.fd);
	ret_store->path = take_ptr(store.path);
	return 0;
}

int opened_store_plan_userns(struct opened_store *store, struct error *err)
{
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));

	if (store->userns)
		return 0;
	if (userns_caller_read(&HOST_REAL, caller, err) < 0 ||
	    userns_plan_own(caller, plan, err) < 0)
		return -1;
	store->userns = take_ptr(plan);
	return 0;
}

int opened_store_collect(struct opened_store *store, struct error *err)
{
	struct store_collected collected = { 0 };
	size_t left = 0;

	if (store_collect(store->fd, image_use_is_named, NULL, &collected, err) < 0 ||
	    store_sweep(store->fd, &left, err) < 0)
		return -1;
	if (collected.layers > 0)
		log_info("removed %zu layers with %llu bytes", collected.layers,
			 (unsigned long long)collected.bytes);
	if (left == 0)
		return 0;
	return opened_store_plan_userns(store, err) < 0
		       ? -1
		       : image_sweep(store->fd, store->userns, err);
}

int opened_store_read_users(const struct opened_store *store, struct store_users *ret_users,
			    struct error *err)
{
	return store_read_users(store->fd, image_use_is_named, NULL, ret_users, err);
}
