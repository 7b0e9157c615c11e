// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: any, but the state of a container is asked for in urun alone.
 *
 * The containers that use layers: containers/ID-RANDOM with use.json.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/remove.h"
#include "core/base/stat.h"
#include "core/image/store.h"
#include "core/image/store_part.h"

#define USE_SIZE_MAX (256u << 10)
/* Bytes of an id in the name of a directory; the rest of NAME_MAX is for the random digits. */
#define ID_SHOWN 200
#define BOOT_ID	 "/proc/sys/kernel/random/boot_id"
#define BOOT_MAX 64

#define AT(member) .offset = offsetof(struct store_use_document, member)

static const struct json_field use_fields[] = {
	{ "stateRoot", JSON_STRING, .required = true, AT(state_root) },
	{ "id", JSON_STRING, .required = true, AT(id) },
	{ "image", JSON_STRING, .required = true, AT(image) },
	{ "manifest", JSON_STRING, .required = true, AT(manifest) },
	{ "layers", JSON_STRINGS, AT(layers) },
	{ "boot", JSON_STRING, AT(boot) },
	{ "mountNamespace", JSON_U64, AT(mount_namespace) },
	{ "rootDevice", JSON_U64, AT(root_device) },
	{ "rootInode", JSON_U64, AT(root_inode) },
};
static const struct json_shape use_shape = JSON_SHAPE(struct store_use_document, use_fields);

void store_users_release(struct store_users *users)
{
	arena_release(&users->arena);
	*users = (struct store_users){ 0 };
}

/* ---- where a state root is ---- */

/* The id of this boot; NULL: unknown.  The caller frees it.  Source: random(4). */
static char *boot_id(void)
{
	char *text = NULL;
	size_t size;

	if (fd_read_file(BOOT_ID, BOOT_MAX, &text, &size) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static struct opt_u64 mount_namespace(void)
{
	struct stat st;

	if (stat("/proc/self/ns/mnt", &st) < 0)
		return (struct opt_u64){ 0 };
	return (struct opt_u64){ true, st.st_ino };
}

/* What this process sees, beside which use.json is judged. */
struct sight {
	char *boot;
	struct opt_u64 mount_namespace;
};

static void look_around(struct sight *ret_sight)
{
	*ret_sight = (struct sight){ boot_id(), mount_namespace() };
}

static void sight_release(struct sight *sight)
{
	free(sight->boot);
}
#define autosight __attribute__((cleanup(sight_release)))

/*
 * Is the state root of the use one that we can look into? A home directory may be shared with
 * another mount namespace (a development container, a service with private directories), where
 * /run/user is another one: a container of there has no state here, and lives all the same.  After
 * a boot no container runs, and one that was kept has its state in a directory that outlives it.
 */
static bool sees_state_root(const struct sight *sight, const struct store_use_document *use)
{
	struct stat st;

	if (!sight->boot || !use->boot || !str_equal(sight->boot, use->boot))
		return sight->boot && use->boot;
	if (use->mount_namespace.set && sight->mount_namespace.set &&
	    use->mount_namespace.value == sight->mount_namespace.value)
		return true;
	return use->root_inode.set && stat(use->state_root, &st) == 0 &&
	       st.st_ino == use->root_inode.value && st.st_dev == use->root_device.value;
}

/* ---- making and ending a use ---- */

static int write_use(int dir, const struct store_image *image, const char *state_root,
		     const char *id, struct error *err)
{
	autosight struct sight sight = { 0 };
	autostrlist struct str_list layers = { 0 };
	autostrbuf struct strbuf text = { 0 };
	struct store_use_document use = { .state_root = (char *)state_root,
					  .id = (char *)id,
					  .image = (char *)image->name,
					  .manifest = (char *)image->manifest.hex };
	struct stat st;
	int failed;

	look_around(&sight);
	for (size_t i = 0; i < image->layer_count; i++)
		str_list_add(&layers, image->layers[i].hex);
	use.layers = layers;
	use.boot = sight.boot;
	use.mount_namespace = sight.mount_namespace;
	if (stat(state_root, &st) == 0) {
		use.root_device = (struct opt_u64){ true, st.st_dev };
		use.root_inode = (struct opt_u64){ true, st.st_ino };
	}
	json_write(&use_shape, &use, JSON_OWN, &text);
	/*
	 * Not synced: after a loss of power no container runs, and a sync takes longer than a
	 * start.
	 */
	failed = file_create(dir, STORE_USE, 0600, text.bytes, text.size);
	return failed < 0 ? error_set(err, -failed, "record that %s uses the image", id) : 0;
}

/* ORDER: locked before use.json is there, so that no use is without a lock or a state. */
static int make_use(int store, const struct store_image *image, const char *state_root,
		    const char *id, struct store_use *use, struct error *err)
{
	autoclose int containers = -1;
	char random[STORE_TMP_NAME_SIZE];

	if (store_open_below(store, STORE_CONTAINERS, &containers, err) < 0)
		return -1;
	store_random_name("", random);
	snprintf(use->name, sizeof(use->name), "%.*s-%s", ID_SHOWN, id, random);
	if (mkdirat(containers, use->name, 0700) < 0) {
		error_set(err, errno, "make " STORE_CONTAINERS "/%s in the image store", use->name);
		/* Nothing is ours to be removed. */
		use->name[0] = '\0';
		return -1;
	}
	use->dir = openat(containers, use->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (use->dir < 0 || flock(use->dir, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, errno, "lock " STORE_CONTAINERS "/%s in the image store",
				 use->name);
	return write_use(use->dir, image, state_root, id, err);
}

bool store_use_end(int store, const char *name)
{
	char gone[STORE_TMP_NAME_SIZE];
	struct error err = ERROR_NONE;
	autoclose int tmp = -1;

	if (store_is_name(name) && store_open_below(store, STORE_TMP, &tmp, &err) == 0 &&
	    store_move_away(store, STORE_CONTAINERS, name, gone, &err) == 0)
		return remove_tree(tmp, gone) == 0;
	log_debug("image store: remove " STORE_CONTAINERS "/%s: %s", name, err.text);
	return false;
}

/* Is the image still what its name means? */
static int check_image(int store, const struct store_image *image, const char *ids,
		       struct error *err)
{
	autostoreindex struct store_index index = { 0 };
	bool named = false;

	if (store_read_index(store, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.count && !named; i++)
		named = str_equal(index.images[i].name, image->name) &&
			digest_same(&index.images[i].manifest, &image->manifest);
	if (!named)
		return error_set(err, ENOENT, "%s: the image was removed or replaced just now",
				 image->name);
	if (!store_image_is_whole(store, image, ids))
		return error_set(err, ENOENT, "%s: the image store has not all of the image",
				 image->name);
	return 0;
}

static int check_layers(int store, const struct store_image *image, struct error *err)
{
	for (size_t i = 0; i < image->layer_count; i++) {
		char path[STORE_LAYER_PATH_SIZE];

		store_layer_path(&image->layers[i], path);
		if (faccessat(store, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return error_set(err, errno, "%s: layer sha256:%.12s of the image store",
					 image->name, image->layers[i].hex);
	}
	return 0;
}

/* @names_layers: the container does; else the image's name counts, and @ids. */
static int begin_use(int store, const struct store_image *image, bool names_layers, const char *ids,
		     const char *state_root, const char *id, struct store_use *ret_use,
		     struct error *err)
{
	autofree char *here = state_root[0] == '/' ? str_dup("/") : getcwd(NULL, 0);
	autofree char *root = here ? path_join(here, state_root) : NULL;
	struct store_use use = STORE_USE_NONE;
	autoclose int lock = -1;

	if (!store_is_name(id))
		return error_set(err, 0, "'%s' is not the id of a container", id);
	/* A later command has another current directory. */
	if (!here)
		return error_set(err, errno, "find the current directory");
	if (store_lock(store, STORE_SHARED, &lock, err) < 0 ||
	    (names_layers ? check_layers(store, image, err) : check_image(store, image, ids, err)) <
		    0)
		return -1;
	if (make_use(store, image, root, id, &use, err) < 0) {
		fd_close(&use.dir);
		store_use_end(store, use.name);
		return -1;
	}
	*ret_use = use;
	return 0;
}

int store_use_begin(int store, const struct store_image *image, const char *ids,
		    const char *state_root, const char *id, struct store_use *ret_use,
		    struct error *err)
{
	return begin_use(store, image, false, ids, state_root, id, ret_use, err);
}

int store_use_begin_layers(int store, const struct store_image *image, const char *state_root,
			   const char *id, struct store_use *ret_use, struct error *err)
{
	return begin_use(store, image, true, NULL, state_root, id, ret_use, err);
}

/* ---- judging ---- */

bool store_read_use(int containers, const char *name, struct arena *arena,
		    struct store_use_document *ret_use)
{
	autofree char *path = str_format("%s/" STORE_USE, name);
	struct store_use_document use;
	struct error err = ERROR_NONE;
	autofree char *bytes = NULL;
	size_t size;

	if (path_read_in_root(containers, path, USE_SIZE_MAX, &bytes, &size) < 0 ||
	    json_read_own(bytes, size, &use_shape, &use, arena, &err) < 0)
		return false;
	*ret_use = use;
	return true;
}

bool store_use_has_name(int store, const char *name)
{
	autostoreindex struct store_index index = { 0 };
	struct store_use_document use = { 0 };
	struct arena arena = { 0 };
	struct error err = ERROR_NONE;
	autoclose int containers = -1;
	bool named = store_open_below(store, STORE_CONTAINERS, &containers, &err) < 0 ||
		     store_read_index(store, &index, &err) < 0 ||
		     !store_read_use(containers, name, &arena, &use);

	for (size_t i = 0; i < index.count && !named; i++)
		named = str_equal(index.images[i].manifest.hex, use.manifest);
	arena_release(&arena);
	return named;
}

static bool use_is_held(int containers, const char *name)
{
	autoclose int fd =
		openat(containers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static void add_user(struct store_users *users, const char *name,
		     const struct store_use_document *use)
{
	struct store_user user = { .directory = arena_str(&users->arena, name),
				   .state_root = use->state_root,
				   .id = use->id,
				   .image = use->image };

	digest_from_hex(use->manifest, &user.manifest);
	user.layers = arena_alloc(&users->arena, use->layers.count * sizeof(*user.layers));
	for (size_t i = 0; i < use->layers.count; i++)
		if (digest_from_hex(use->layers.items[i], &user.layers[user.layer_count]))
			user.layer_count++;
	users->items = arena_grow(&users->arena, users->items, users->count, sizeof(user));
	users->items[users->count++] = user;
}

struct judgement {
	int containers;
	struct sight sight;
	store_state_names *names;
	void *of;
};

/* True with an entry in @users: it is alive. */
static bool judge_use(const struct judgement *judgement, const char *name,
		      struct store_users *users)
{
	struct store_use_document use;
	bool held = use_is_held(judgement->containers, name);
	bool known = store_read_use(judgement->containers, name, &users->arena, &use);

	/* Without use.json: its start was killed before it made the container. */
	if (!known)
		return held;
	if (!held && sees_state_root(&judgement->sight, &use) &&
	    !judgement->names(use.state_root, use.id, name, judgement->of))
		return false;
	add_user(users, name, &use);
	return true;
}

int store_judge_uses(int store, store_state_names *names, void *of, struct store_users *users,
		     struct str_list *ret_dead, struct error *err)
{
	struct judgement judgement = { .names = names, .of = of };
	autotextlist struct str_list entries = { 0 };
	autoclose int containers = -1;

	if (store_open_below(store, STORE_CONTAINERS, &containers, err) < 0 ||
	    store_list_names(containers, STORE_CONTAINERS, &entries, err) < 0)
		return -1;
	judgement.containers = containers;
	look_around(&judgement.sight);
	for (size_t i = 0; i < entries.count; i++)
		if (!judge_use(&judgement, entries.items[i], users) && ret_dead)
			str_list_add(ret_dead, str_dup(entries.items[i]));
	sight_release(&judgement.sight);
	return 0;
}

int store_read_users(int store, store_state_names *names, void *of, struct store_users *ret_users,
		     struct error *err)
{
	autostoreusers struct store_users users = { 0 };
	autoclose int lock = -1;

	/*
	 * ORDER: exclusive, since a start makes its directory and locks it under the shared lock.
	 */
	if (store_lock(store, STORE_EXCLUSIVE, &lock, err) < 0 ||
	    store_judge_uses(store, names, of, &users, NULL, err) < 0)
		return -1;
	*ret_users = users;
	users = (struct store_users){ 0 };
	return 0;
}

int store_layer_has_use(int store, const struct digest *key, bool *ret_used, struct error *err)
{
	autotextlist struct str_list entries = { 0 };
	autoclose int containers = -1;
	bool used = false;

	if (store_open_below(store, STORE_CONTAINERS, &containers, err) < 0 ||
	    store_list_names(containers, STORE_CONTAINERS, &entries, err) < 0)
		return -1;
	for (size_t i = 0; i < entries.count && !used; i++) {
		struct store_use_document use = { 0 };
		struct arena arena = { 0 };

		if (store_read_use(containers, entries.items[i], &arena, &use))
			for (size_t j = 0; j < use.layers.count && !used; j++)
				used = str_equal(use.layers.items[j], key->hex);
		arena_release(&arena);
	}
	*ret_used = used;
	return 0;
}
