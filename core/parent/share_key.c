// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/share_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/holder.h"
#include "core/parent/create.h"

/* How long another command may take to make a holder, or to remove one that has ended, and a pause between two looks. */
#define TRY_MS	 10000
#define PAUSE_MS 5

/* A holder that answers no more ends soon, unless a member has taken it over. */
#define END_MS 2000

static void copy_mappings(const config_id_mappings *from, struct arena *arena,
			  config_id_mappings *to)
{
	to->items = arena_alloc(arena, from->count * sizeof(*from->items));
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		to->items[i] = from->items[i];
}

/* An empty root in memory, with the /dev/shm that the container's own config asks for. */
static void make_config(const struct container_config *config, struct container_config *made)
{
	const struct config_mount *shm = config_find_mount(config, CONFIG_SHM_PATH);
	struct config_mount *mount;

	made->oci_version = arena_str(&made->arena, CONFIG_SPEC_VERSION);
	made->root = arena_alloc(&made->arena, sizeof(*made->root));
	/* Any directory will do: its place in the mount namespace is taken by the empty root. */
	made->root->path = arena_str(&made->arena, "/");
	made->root->readonly = true;
	made->linux = arena_alloc(&made->arena, sizeof(*made->linux));
	config_add_namespace(made, CONFIG_NS_PID);
	config_add_namespace(made, CONFIG_NS_IPC);
	config_add_namespace(made, CONFIG_NS_MOUNT);
	if (config_find_namespace(config, CONFIG_NS_USER))
		config_add_namespace(made, CONFIG_NS_USER);
	copy_mappings(&config->linux->uid_mappings, &made->arena, &made->linux->uid_mappings);
	copy_mappings(&config->linux->gid_mappings, &made->arena, &made->linux->gid_mappings);
	mount = config_add_mount(made, CONFIG_SHM_PATH, "tmpfs", "shm");
	if (shm && shm->kind == MOUNT_KIND_TMPFS) {
		mount->options = shm->options;
	} else {
		mount->options.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	}
	config_mount_set_kind(mount);
	config_set_annotation(made, CONFIG_ANNOTATION_HOLDER, "true");
}

static int make_holder(const struct plan *plan, const char *id, int *ret_connection,
		       struct error *err)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC), connection = -1;
	const int streams[] = { null, null, null };
	struct container_config config = { 0 };
	struct created created;
	const struct create_request request = {
		.mode = CREATE_ONLY,
		.root = plan->request->root,
		.id = id,
		.bundle = plan->request->bundle,
		.config = &config,
		.child = { .streams = streams },
		.no_new_keyring = true,
		.cgroup_manager = CGROUP_DISABLED,
		.holding = &connection,
	};
	int result;

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	make_config(&plan->config, &config);
	result = container_create(&request, &created, err);
	config_release(&config);
	if (result < 0)
		return -1;
	created_release(&created);
	if (holder_await_hello(connection, NULL, err) < 0)
		return -1;
	*ret_connection = take_fd(&connection);
	return 0;
}

/* Returns 1 with the connection; 0 where the holder doesn't exist, or is ending; or -1. */
static int find_key_holder(const char *root, const char *id, int *ret_connection, struct error *err)
{
	autocontainer struct container holder = CONTAINER_NONE;
	struct error refused = ERROR_NONE;
	/* ORDER: with the lock, which its maker gives back when the holder is whole. */
	int opened = container_open(root, id, STATE_LOCKED, &holder, err);

	if (opened != 0)
		return opened < 0 ? -1 : 0;
	if (holder_connect(&holder, ret_connection, NULL, &refused) == 0)
		return 1;
	*err = refused;
	if (holder_await_end(&holder, END_MS))
		return 0;
	/* A member has taken it over, or stopped it.  Another try would take as long. */
	error_hint(err, "it lives and doesn't answer; it ends with the containers of this key: "
			"`urun list`");
	return -1;
}

static bool exists(const char *root, const char *id)
{
	autofree char *path = str_format("%s/%s", root, id);

	return access(path, F_OK) == 0;
}

int share_key_begin(struct plan *plan, int *ret_connection, struct error *err)
{
	const char *key = config_annotation(&plan->config, CONFIG_ANNOTATION_SHARE);
	const char *root = plan->request->root;
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	const int64_t deadline = clock_ms() + TRY_MS;
	struct error failed = ERROR_NONE;

	if (!key)
		return 0;
	if (holder_check_key(key, err) < 0)
		return -1;
	plan->holder = holder_id(key);
	do {
		int found = find_key_holder(root, plan->holder, ret_connection, &failed);

		if (found > 0)
			return 0;
		if (found < 0) {
			/* Nothing of ours is there that the caller would have to clear. */
			free(take_ptr(plan->holder));
			break;
		}
		failed = ERROR_NONE;
		if (make_holder(plan, plan->holder, ret_connection, &failed) == 0)
			return 0;
		/* Another command makes it, or has made it meanwhile. */
		if (failed.cause != ERROR_CAUSE_ID_BUSY && !exists(root, plan->holder))
			break;
		nanosleep(&pause, NULL);
	} while (clock_ms() < deadline);
	error_take(err, &failed);
	return error_prefix(err, "--share %s", key);
}

int share_key_attend(const struct plan *plan, int *connection, struct error *err)
{
	autofree char *id = holder_of_key(plan->share.keys[CONFIG_NS_PID]);
	autocontainer struct container holder = CONTAINER_NONE;

	if (!id || *connection >= 0)
		return 0;
	if (container_open(plan->request->root, id, STATE_UNLOCKED, &holder, err) != 0)
		return -1;
	return holder_connect(&holder, connection, NULL, err);
}
