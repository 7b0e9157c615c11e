// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; child_sweep_store() in a process of a user namespace of its own.
#include "core/container/image_use.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/remove.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "core/container/state.h"
#include "core/image/reference.h"
#include "core/image/store.h"
#include "rootless/userns.h"

/* ---- does a container use it? ---- */

/*
 * Is @path the directory containers/@directory of a store?  The path of the store doesn't count: the same
 * store can have two paths, and @directory ends with a number that is random.
 */
static bool is_directory_of_use(const char *path, const char *directory)
{
	autofree char *ending = str_format("/" STORE_CONTAINERS "/%s", directory);
	size_t length = path ? strlen(path) : 0, end = strlen(ending);

	return length > end && str_equal(path + length - end, ending);
}

bool image_use_is_named(const char *state_root, const char *id, const char *directory, void *of)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;
	bool is_named;
	int opened;

	(void)of;
	/* An id that nobody can have. */
	if (state_check_id(id, &err) < 0)
		return false;
	opened = container_open(state_root, id, STATE_UNLOCKED, &container, &err);
	if (opened != 0)
		return opened < 0;
	if (is_directory_of_use(container.state.image_use, directory))
		return true;
	if (state_read_config(&container.dir, &config, &err) < 0)
		return true;
	is_named = is_directory_of_use(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY),
				       directory);
	config_release(&config);
	return is_named;
}

/* ---- the beginning of a use ---- */

/* Cuts STORE off STORE/layers/KEY/root, as store_layer_path() has it; false: no such path. */
static bool cut_layer(char *path, struct digest *ret_key)
{
	const size_t tail = DIGEST_HEX_LENGTH + strlen("/root"), length = strlen(path);
	char key[DIGEST_HEX_LENGTH + 1], below[STORE_LAYER_PATH_SIZE];
	char *cut;

	if (length <= tail)
		return false;
	snprintf(key, sizeof(key), "%s", path + length - tail);
	if (!digest_from_hex(key, ret_key))
		return false;
	store_layer_path(ret_key, below);
	if (length <= strlen(below) + 1)
		return false;
	cut = path + length - strlen(below) - 1;
	if (*cut != '/' || !str_equal(cut + 1, below))
		return false;
	*cut = '\0';
	return true;
}

/* Writes the path of the store, which the caller frees; NULL: the layers aren't those of one store. */
static char *find_store(const struct str_list *layers, struct digest *ret_keys)
{
	autofree char *store = NULL;

	for (size_t i = 0; i < layers->count; i++) {
		autofree char *path = str_dup(layers->items[i]);

		if (!cut_layer(path, &ret_keys[i]) || (store && !str_equal(path, store)))
			return NULL;
		if (!store)
			store = take_ptr(path);
	}
	return take_ptr(store);
}

static int begin_in_store(const char *path, const struct store_image *image, const char *state_root,
			  const char *id, char **ret_directory, int *ret_held, struct error *err)
{
	struct store_use use = STORE_USE_NONE;
	struct error not_ours = ERROR_NONE;
	autoclose int store = -1;
	char line[ERROR_LINE_SIZE];

	if (store_open(path, PLACE_MUST_EXIST, &store, &not_ours) < 0) {
		log_debug("the use of layers isn't recorded: %s", error_format(&not_ours, line));
		return 0;
	}
	if (store_use_begin_layers(store, image, state_root, id, &use, err) < 0)
		return -1;
	*ret_directory = str_format("%s/" STORE_CONTAINERS "/%s", path, use.name);
	*ret_held = use.dir;
	return 0;
}

int image_use_begin(const struct container_config *config, const char *state_root, const char *id,
		    char **ret_directory, int *ret_held, struct error *err)
{
	const char *name = config_annotation(config, CONFIG_ANNOTATION_IMAGE);
	const char *digest = name ? strstr(name, "@sha256:") : NULL;
	struct store_image image = { .name = (char *)(uintptr_t)name };
	autotextlist struct str_list layers = { 0 };
	autofree struct digest *keys = NULL;
	autofree char *store = NULL;

	*ret_directory = NULL;
	*ret_held = -1;
	if (!digest || !config_has_layers(config) ||
	    !digest_from_hex(digest + strlen("@sha256:"), &image.manifest))
		return 0;
	if (config_layers(config, &layers, err) < 0)
		return -1;
	keys = mem_alloc(layers.count * sizeof(*keys));
	store = find_store(&layers, keys);
	if (!store)
		return 0;
	image.layers = keys;
	image.layer_count = layers.count;
	if (begin_in_store(store, &image, state_root, id, ret_directory, ret_held, err) == 0)
		return 0;
	image_use_explain(config, err);
	return -1;
}

void image_use_explain(const struct container_config *config, struct error *err)
{
	const char *name = config_annotation(config, CONFIG_ANNOTATION_IMAGE);
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error ignored = ERROR_NONE;
	size_t length = name ? strlen(name) : 0;

	if (!name || !config_has_layers(config) || err->code != ENOENT || err->hint[0])
		return;
	/* A registry has the image by its digest; a layout and an archive don't know the digest of this name. */
	if (image_reference_parse(name, "/", &reference, &ignored) < 0 ||
	    reference.transport != IMAGE_DOCKER)
		length = strcspn(name, "@");
	error_hint(err, "`urun pull %.*s` brings the image again",
		   (int)(length > 500 ? 500 : length), name);
}

/* ---- the end of a use ---- */

/*
 * Process boundary: a copy of the parent, which is alone in its user namespace and so has all
 * capabilities there; once the maps are written, these reach all files of the caller's subids.  The copy
 * changes no id and executes nothing: it removes what no process holds in the store's tmp, by
 * descriptors below the store's.
 */
static void __attribute__((noreturn)) child_sweep_store(int store, int go)
{
	struct error err = ERROR_NONE;
	size_t left = 0;
	char ready;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* ORDER: without the maps, the capabilities reach nobody's files. */
	if (read(go, &ready, 1) != 1)
		_exit(1);
	_exit(store_sweep(store, &left, &err) < 0 || left > 0);
}

static int sweep_with_ids(const struct userns_plan *plan, int store, struct error *err)
{
	autoclose int waits = -1, go = -1;
	int ends[2], result, status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	waits = ends[0];
	go = ends[1];
	pid = userns_fork(plan, err);
	if (pid == 0) {
		fd_close(&go);
		child_sweep_store(store, waits);
	}
	if (pid < 0)
		return -1;
	fd_close(&waits);
	result = userns_write_maps(pid, plan, err);
	if (result == 0 && fd_write_all(go, "g", 1) < 0)
		result = error_set(err, 0, "the process that removes files was killed");
	fd_close(&go);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result == 0 && status != 0)
		return error_set(err, 0, "files stay in the image store");
	return result;
}

static int sweep_store(int store, struct error *err)
{
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));

	if (userns_caller_read(&HOST_REAL, caller, err) < 0 ||
	    userns_plan_default(caller, plan, err) < 0)
		return -1;
	return sweep_with_ids(plan, store, err);
}

/* Cuts STORE/containers/NAME, and returns NAME; NULL: no such path. */
static char *cut_store(char *path)
{
	char *name = strrchr(path, '/'), *containers;

	if (!name || name == path)
		return NULL;
	*name++ = '\0';
	containers = strrchr(path, '/');
	if (!containers || containers == path || !str_equal(containers, "/" STORE_CONTAINERS))
		return NULL;
	*containers = '\0';
	return name;
}

/* The kernel makes them with mode 000. */
static int open_closed(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		(void)remove_make_accessible(fd);
	return fd;
}

/*
 * Most containers write nothing: then the directory has what the kernel and urun have made, a few
 * directories in each other.  They are removed by their names, in a fraction of the time of a walk;
 * what is left is left to the walk.  No link is followed, as a urun-image that an image has taken
 * over could leave one here.  Source: Linux, fs/overlayfs/super.c, for the names in work.
 */
static void remove_empty_overlay(int store, const char *name)
{
	static const char *const nested[] = { "work", "work", "incompat", "volatile" };
	autofree char *path = str_format(STORE_CONTAINERS "/%s", name);
	int dirs[1 + ARRAY_SIZE(nested)];
	size_t count = 1;

	dirs[0] = path_open_in_root(store, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dirs[0] < 0)
		return;
	for (; count <= ARRAY_SIZE(nested); count++) {
		dirs[count] = open_closed(dirs[count - 1], nested[count - 1]);
		if (dirs[count] < 0)
			break;
	}
	if (count > ARRAY_SIZE(nested))
		(void)unlinkat(dirs[ARRAY_SIZE(nested)], "dirty", 0);
	while (--count > 0) {
		(void)unlinkat(dirs[count - 1], nested[count - 1], AT_REMOVEDIR);
		fd_close(&dirs[count]);
	}
	(void)unlinkat(dirs[0], "container", 0);
	(void)unlinkat(dirs[0], "upper", AT_REMOVEDIR);
	fd_close(&dirs[0]);
}

/* False: files stay, since they belong to subids or can't be removed. */
static bool collect_store(int store)
{
	struct error err = ERROR_NONE;
	size_t left = 0;

	return store_collect(store, image_use_is_named, NULL, NULL, &err) == 0 &&
	       store_sweep(store, &left, &err) == 0 && left == 0;
}

void image_use_end(const char *directory)
{
	autofree char *path = str_dup(directory ? directory : "");
	char *name = cut_store(path);
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autoclose int store = -1;
	bool is_removed, has_name;

	if (!directory || !name)
		return;
	if (store_open(path, PLACE_MUST_EXIST, &store, &err) < 0) {
		/* The whole store was removed. */
		if (err.code != ENOENT)
			log_warning("remove the changes in %s: %s", directory,
				    error_format(&err, line));
		return;
	}
	remove_empty_overlay(store, name);
	has_name = store_use_has_name(store, name);
	is_removed = store_use_end(store, name);
	/* The image was removed or replaced while the container had its layers. */
	if (!has_name)
		is_removed = collect_store(store);
	if (!is_removed && sweep_store(store, &err) < 0)
		log_warning("remove the changes in %s: %s", directory, error_format(&err, line));
}
