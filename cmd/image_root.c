// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "cmd/image_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/container/image_use.h"
#include "core/image/reference.h"
#include "netns/ports/publish.h"

void image_root_release(struct image_root *root)
{
	str_list_release_texts(&root->spec.layers);
	fd_close(&root->use.dir);
	image_config_release(&root->config);
	image_release(&root->image);
	opened_store_release(&root->store);
	free(root->name);
	free(root->changes);
	*root = IMAGE_ROOT_NONE;
}

/* ---- the image ---- */

static int load_image_config(struct image_root *root, struct error *err)
{
	const struct store_image *stored = root->image.stored;
	autofree char *bytes = NULL;
	size_t size;

	if (store_read_blob(root->store.fd, &stored->config, &bytes, &size, err) < 0 ||
	    image_config_read(bytes, size, &root->config, err) < 0)
		return error_prefix(err, "image %s", stored->name);
	return 0;
}

/* Is the layer on top of itself, with others in between?  Source: image-spec, config.md "rootfs". */
static bool is_above(const struct store_image *stored, size_t i)
{
	for (size_t j = i + 1; j < stored->layer_count; j++)
		if (digest_same(&stored->layers[i], &stored->layers[j]))
			return true;
	return false;
}

/*
 * The store has the lowest layer first.  The kernel takes no directory twice (ELOOP): of a layer that is there
 * twice, the upper one has every file and hides every name that the lower one does, so the lower one is left out.
 */
static int list_image_layers(struct image_root *root, struct error *err)
{
	const struct store_image *stored = root->image.stored;

	if (stored->layer_count == 0)
		return error_set(err, 0, "image %s: it has no layers, and so no program",
				 stored->name);
	for (size_t i = stored->layer_count; i-- > 0;) {
		char path[STORE_LAYER_PATH_SIZE];

		if (is_above(stored, i))
			continue;
		store_layer_path(&stored->layers[i], path);
		str_list_add(&root->spec.layers, path_join(root->store.path, path));
	}
	return 0;
}

static int make_image_request(const struct container_options *options, enum pull_policy policy,
			      struct image_request *ret_request, struct error *err)
{
	struct image_request request = {
		.name = options->image,
		.short_name = true,
		.platform = options->platform,
		.policy = policy,
		.quiet = options->quiet,
		/* An archive is looked at in each run, which has nothing to tell from the second on. */
		.only_news = true,
	};
	int64_t limit = 0;

	if (options->pull && pull_policy_parse(options->pull, &request.policy, err) < 0)
		return -1;
	if (options->image_size_limit &&
	    (size_parse(options->image_size_limit, &limit) < 0 || limit == 0))
		return error_set(err, 0, "--image-size-limit %s: expected a size such as 20g",
				 options->image_size_limit);
	request.size_limit = (uint64_t)limit;
	*ret_request = request;
	return 0;
}

static int get_again(struct image_root *root, const struct image_request *request,
		     struct error *err)
{
	image_release(&root->image);
	return image_get(root->store.fd, request, root->store.userns, &root->image, err);
}

static int finish_image_root(struct image_root *root, struct error *err)
{
	const struct store_image *stored = root->image.stored;
	char digest[DIGEST_TEXT_SIZE];

	digest_print(&stored->manifest, digest);
	root->name = strchr(stored->name, '@') ? str_dup(stored->name)
					       : str_format("%s@%s", stored->name, digest);
	if (load_image_config(root, err) < 0 || list_image_layers(root, err) < 0)
		return -1;
	root->spec.name = root->name;
	root->spec.changes = root->changes;
	return 0;
}

static int open_image_root(const struct globals *globals, const struct image_request *request,
			   struct image_root *root, struct error *err)
{
	return opened_store_open(globals, PLACE_MAKE, &root->store, err) < 0 ||
			       opened_store_plan_userns(&root->store, err) < 0
		       ? -1
		       : get_again(root, request, err);
}

/* A struct that has moved: its parts point into it. */
static void give_image_root(struct image_root *root, struct image_root *ret_root)
{
	*ret_root = *root;
	ret_root->spec.config = &ret_root->config;
	*root = IMAGE_ROOT_NONE;
}

int image_root_get(const struct globals *globals, const struct container_options *options,
		   enum pull_policy policy, struct image_root *ret_root, struct error *err)
{
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	struct image_request request;

	if (make_image_request(options, policy, &request, err) < 0 ||
	    open_image_root(globals, &request, &root, err) < 0 || finish_image_root(&root, err) < 0)
		return -1;
	give_image_root(&root, ret_root);
	return 0;
}

/* ---- the use ---- */

/* How often an image may be removed and pulled again between two steps of ours. */
#define GET_TRIES 3

/*
 * Has the store the changes of a container (containers/ID-RANDOM) that isn't below our state root?  Mostly its
 * start was killed, or a boot has taken its state.  A look that costs microseconds: opened_store_collect()
 * judges.
 */
static bool may_have_lost_changes(const struct opened_store *store, const char *state_root)
{
	autoclose int containers =
		openat(store->fd, STORE_CONTAINERS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *stream = containers < 0 ? NULL : directory_stream(containers);
	const struct dirent *entry;

	while (stream && (entry = directory_next(stream))) {
		const char *end = strrchr(entry->d_name, '-');
		autofree char *state = str_format(
			"%s/%.*s", state_root, end ? (int)(end - entry->d_name) : 0, entry->d_name);

		if (access(state, F_OK) < 0 && errno == ENOENT)
			return true;
	}
	return false;
}

/* What can't be tidied now doesn't keep the container from starting. */
static void tidy_store(struct opened_store *store, const char *state_root)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (may_have_lost_changes(store, state_root) && opened_store_collect(store, &err) < 0)
		log_debug("image store: %s", error_format(&err, line));
}

int image_root_begin(const struct globals *globals, const struct container_options *options,
		     const char *id, struct image_root *ret_root, struct error *err)
{
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	struct image_request request;
	int begun;

	if (make_image_request(options, PULL_MISSING, &request, err) < 0 ||
	    open_image_root(globals, &request, &root, err) < 0)
		return -1;
	tidy_store(&root.store, globals->root);
	for (int i = 0;; i++) {
		begun = store_use_begin(root.store.fd, root.image.stored, root.image.ids,
					globals->root, id, &root.use, err);
		if (begun == 0)
			break;
		if (err->code != ENOENT || i == GET_TRIES)
			return -1;
		*err = ERROR_NONE;
		if (get_again(&root, &request, err) < 0)
			return -1;
	}
	root.changes = str_format("%s/" STORE_CONTAINERS "/%s", root.store.path, root.use.name);
	/* The root of other ids than the caller's makes files there.  Nobody else gets below the store (0700). */
	if ((options->uid_maps.count || options->gid_maps.count) && fchmod(root.use.dir, 0777) < 0)
		log_debug("chmod %s: %s", root.changes, error_errno_text(errno));
	if (finish_image_root(&root, err) < 0) {
		image_root_abandon(&root);
		return -1;
	}
	give_image_root(&root, ret_root);
	return 0;
}

void image_root_abandon(struct image_root *root)
{
	if (!root->changes)
		return;
	fd_close(&root->use.dir);
	image_use_end(root->changes);
}

void image_root_explain(const struct container_options *options, struct error *err)
{
	if (options->image && !options->user && strstr(err->text, "--user ") && !err->hint[0])
		error_hint(err, "the image says so: --user gives another");
}

/* ---- the config ---- */

/* Each is compared with those before it, and becomes two sockets. */
#define PUBLISHED_MAX 1000

static bool is_published(const struct str_list *publish, const struct publish *port)
{
	for (size_t i = 0; i < publish->count; i++) {
		struct error ignored = ERROR_NONE;
		struct publish other;

		if (publish_parse(publish->items[i], &other, &ignored) == 0 &&
		    other.protocol == port->protocol &&
		    port->container_first >= other.container_first &&
		    port->container_first < other.container_first + other.count)
			return true;
	}
	return false;
}

static void publish_exposed(const struct image_root *root, struct str_list *publish)
{
	const struct str_list *ports = &root->config.exposed_ports;
	size_t count = ports->count;

	if (count > PUBLISHED_MAX) {
		log_warning(
			"--publish-all: only the first %d of the image's %zu ports are published",
			PUBLISHED_MAX, count);
		count = PUBLISHED_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		struct error wrong = ERROR_NONE;
		struct publish port;

		if (publish_parse(ports->items[i], &port, &wrong) < 0)
			log_warning("--publish-all: the image's port is left out: %s", wrong.text);
		/* Source: image-spec, config.md "ExposedPorts": PORT[/tcp|udp]. */
		else if (port.has_address || strchr(ports->items[i], ':'))
			log_warning(
				"--publish-all: the image's port %s is left out: an image doesn't "
				"choose a port or an address of the host",
				ports->items[i]);
		else if (!is_published(publish, &port))
			str_list_add(publish, ports->items[i]);
	}
}

int image_root_config(const struct image_root *root, const struct container_options *options,
		      const char *network, struct str_list *publish, const struct str_list *command,
		      struct container_config *ret_config, struct error *err)
{
	if (options->image && options->publish_all)
		publish_exposed(root, publish);
	return container_options_config(options, options->image ? &root->spec : NULL, network,
					publish, command, ret_config, err);
}

/* ---- the command line ---- */

/* A name of docker's without its transport, or a path: which words were meant? */
static int refuse_short(const struct call *call, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	autofree char *path = str_dup_n(text, (size_t)(colon - text));
	autofree char *layout = path_join(path, "oci-layout");

	error_set(err, 0, "%s: image '%s': which transport has it?", call->usage->name, text);
	if (access(layout, F_OK) == 0)
		return error_hint(err, "did you mean oci:%s?", text);
	if (path[0] == '/' || path[0] == '.')
		return error_hint(err, "did you mean oci:%s, oci-archive:%s or docker-archive:%s?",
				  text, text, text);
	return error_hint(err, "did you mean docker://%s, or --image %s?", text, text);
}

static int take_operand(struct call *call, struct container_options *options, struct error *err)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	autofree char *cwd = getcwd(NULL, 0);
	char *text = call->operands.items[0];

	if (text[0] == '.' || text[0] == '/')
		return refuse_short(call, text, err);
	if (image_reference_parse(text, cwd ? cwd : "/", &reference, err) < 0)
		return error_prefix(err, "%s", call->usage->name);
	if (reference.is_short)
		return refuse_short(call, text, err);
	options->image = text;
	call->operands.items++;
	call->operands.count--;
	return 0;
}

/* Options that say something about an image.  A --pull that needs nothing to be pulled is no fault. */
static int refuse_without_image(const struct call *call, const struct container_options *options,
				struct error *err)
{
	enum pull_policy policy;
	const char *given = options->platform		  ? "platform"
			    : options->image_size_limit	  ? "image-size-limit"
			    : options->publish_all	  ? "publish-all"
			    : options->words.image_volume ? "image-volume"
							  : NULL;

	/* `--pull docker://alpine` has taken the image for the policy. */
	if (pull_policy_parse(options->pull, &policy, err) < 0)
		return -1;
	if (!given && options->pull && !str_equal(options->pull, "missing") &&
	    !str_equal(options->pull, "never"))
		given = "pull";
	if (given)
		return error_set(err, 0, "%s: option --%s: no image is given", call->usage->name,
				 given);
	return 0;
}

/* `check` takes a bundle too, whose path may have a ':'. */
static bool names_image(const struct call *call)
{
	const char *text = call->operands.count ? call->operands.items[0] : "";

	return image_reference_is_one(text) &&
	       !(call->usage == command_check.usage && access(text, F_OK) == 0);
}

/* Not `a:b`, which is a wrong id rather than an image. */
static bool names_transport(const struct call *call)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error ignored = ERROR_NONE;

	return names_image(call) &&
	       image_reference_parse(call->operands.items[0], "/", &reference, &ignored) == 0 &&
	       !reference.is_short;
}

int image_root_settle(struct call *call, struct container_options *options, bool no_bundle,
		      struct error *err)
{
	const char *name = call->usage->name;

	if (!options->image && !options->rootfs && no_bundle && !call->marked &&
	    names_image(call) && take_operand(call, options, err) < 0)
		return -1;
	if (!options->image && !options->rootfs && !no_bundle && names_transport(call))
		options->image = call->operands.items[0];
	if (!options->image)
		return refuse_without_image(call, options, err);
	if (!*options->image)
		return error_set(err, 0, "%s: --image: the name of the image is empty", name);
	if (options->rootfs)
		return error_set(err, 0, "%s: --rootfs and --image exclude each other", name);
	if (!no_bundle)
		return error_set(err, 0,
				 "%s: an image has no bundle: --bundle and --config can't be given "
				 "too",
				 name);
	return 0;
}
