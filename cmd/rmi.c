// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/image_store.h"
#include "cmd/podman_words.h"
#include "core/base/str.h"
#include "core/image/reference.h"

struct rmi_options {
	bool all;
	bool unused;
	bool force;
};

struct image_removal {
	struct opened_store store;
	struct store_index index;
	struct store_users users;
	bool force;
	struct str_list names; /* to be removed; borrowed from @index */
	struct error *err;
	int result; /* of the command */
};

static void removal_release(struct image_removal *removal)
{
	str_list_release(&removal->names);
	store_users_release(&removal->users);
	store_index_release(&removal->index);
	opened_store_release(&removal->store);
}

static void fail_image(struct image_removal *removal, const struct error *failed)
{
	removal->result = command_fail_also(failed, removal->err);
}

static const struct store_user *find_image_user(const struct image_removal *removal,
						const struct store_image *image)
{
	for (size_t i = 0; i < removal->users.count; i++)
		if (digest_same(&removal->users.items[i].manifest, &image->manifest))
			return &removal->users.items[i];
	return NULL;
}

static bool is_last_name(const struct image_removal *removal, const struct store_image *image)
{
	for (size_t i = 0; i < removal->index.count; i++)
		if (&removal->index.images[i] != image &&
		    digest_same(&removal->index.images[i].manifest, &image->manifest))
			return false;
	return true;
}

static void choose_name(struct image_removal *removal, const struct store_image *image)
{
	for (size_t i = 0; i < removal->names.count; i++)
		if (str_equal(removal->names.items[i], image->name))
			return;
	str_list_add(&removal->names, image->name);
}

static bool is_name(const struct store_image *image, const char *text, const char *directory)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error ignored = ERROR_NONE;

	return str_equal(text, image->name) ||
	       (image_reference_parse(text, directory, &reference, &ignored) == 0 &&
		str_equal(reference.name, image->name));
}

/* A digest means all names of its image, also those by another manifest with the same config. */
static bool is_image_meant(const struct store_image *image, const struct store_image *found,
			   const char *text)
{
	return digest_same(&image->manifest, &found->manifest) ||
	       store_image_has_digits(image, text);
}

static const struct store_user *find_user_of_digest(const struct image_removal *removal,
						    const struct store_image *found,
						    const char *text)
{
	const struct store_user *user = NULL;

	for (size_t i = 0; i < removal->index.count && !user; i++)
		if (is_image_meant(&removal->index.images[i], found, text))
			user = find_image_user(removal, &removal->index.images[i]);
	return user;
}

static void choose_digest(struct image_removal *removal, const struct store_image *found,
			  const char *text)
{
	for (size_t i = 0; i < removal->index.count; i++)
		if (is_image_meant(&removal->index.images[i], found, text))
			choose_name(removal, &removal->index.images[i]);
}

static void refuse_unknown(struct image_removal *removal, const char *text, struct error *failed)
{
	error_set(failed, 0, "image %s is not in the store", text);
	error_hint(failed, "`urun images` lists them");
	fail_image(removal, failed);
}

/* Another name for the same image keeps its layers: then nothing is taken from the containers. */
static const struct store_user *find_hindrance(const struct image_removal *removal,
					       const struct store_image *image, bool by_name,
					       const char *text)
{
	if (removal->force || (by_name && !is_last_name(removal, image)))
		return NULL;
	return by_name ? find_image_user(removal, image)
		       : find_user_of_digest(removal, image, text);
}

static void choose_operand(struct image_removal *removal, const char *text, const char *directory)
{
	struct error failed = ERROR_NONE;
	const struct store_image *image = NULL;
	const struct store_user *user;
	int found = store_find_image(&removal->index, text, directory, &image, &failed);
	bool by_name = found > 0 && is_name(image, text, directory);

	if (found < 0)
		fail_image(removal, &failed);
	else if (found == 0 && !removal->force)
		refuse_unknown(removal, text, &failed);
	if (found <= 0)
		return;
	user = find_hindrance(removal, image, by_name, text);
	if (user) {
		error_set(&failed, 0, "image %s is used by container %s", text, user->id);
		error_hint(&failed, "remove the container first, or use --force: then the layers "
				    "stay until it is removed");
		fail_image(removal, &failed);
	} else if (by_name) {
		choose_name(removal, image);
	} else {
		choose_digest(removal, image, text);
	}
}

static void choose_all(struct image_removal *removal, bool unused_only)
{
	for (size_t i = 0; i < removal->index.count; i++) {
		const struct store_image *image = &removal->index.images[i];

		if (!unused_only || !find_image_user(removal, image))
			choose_name(removal, image);
	}
}

static int remove_chosen_images(struct image_removal *removal, struct error *err)
{
	int result = 0;

	if (removal->names.count > 0 &&
	    store_remove_images(removal->store.fd, (const char *const *)removal->names.items,
				removal->names.count, err) < 0)
		return -1;
	for (size_t i = 0; i < removal->names.count && result == 0; i++)
		result = command_print_id(removal->names.items[i], err);
	return opened_store_collect(&removal->store, err) < 0 ? -1 : result;
}

static int check_rmi_operands(const struct call *call, const struct rmi_options *options,
			      struct error *err)
{
	bool chosen = options->all || options->unused;

	if (call->operands.count == 0 && !chosen)
		return error_set(err, 0,
				 "rmi: expected IMAGE…, --all or --unused (see 'urun rmi --help')");
	if (call->operands.count > 0 && chosen)
		return error_set(err, 0, "rmi: --%s can't be given with an image",
				 options->all ? "all" : "unused");
	return 0;
}

static int cmd_rmi(struct call *call, struct error *err)
{
	const struct rmi_options *options = call->options;
	__attribute__((cleanup(removal_release))) struct image_removal removal = {
		.store = OPENED_STORE_NONE,
		.force = options->force,
		.err = err,
	};
	autofree char *directory = getcwd(NULL, 0);
	struct error failed = ERROR_NONE;
	int opened;

	if (check_rmi_operands(call, options, err) < 0)
		return -1;
	opened = opened_store_open(call->globals, PLACE_MUST_EXIST, &removal.store, err);
	if (opened < 0 ||
	    (opened == 0 && (store_read_index(removal.store.fd, &removal.index, err) < 0 ||
			     opened_store_read_users(&removal.store, &removal.users, err) < 0)))
		return -1;
	for (size_t i = 0; i < call->operands.count; i++)
		choose_operand(&removal, call->operands.items[i], directory ? directory : "/");
	if (opened > 0)
		return removal.result;
	if (options->all || options->unused)
		choose_all(&removal, options->unused);
	if (remove_chosen_images(&removal, &failed) < 0)
		fail_image(&removal, &failed);
	return removal.result;
}

static const struct option_spec options_rmi[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct rmi_options, all), NULL,
	  "all images; layers that a container uses stay until it is removed" },
	{ "unused", 0, OPTION_FLAG, offsetof(struct rmi_options, unused), NULL,
	  "all images that no container uses" },
	{ "force", 'f', OPTION_FLAG, offsetof(struct rmi_options, force), NULL,
	  "also one that a container uses; no error where one doesn't exist" },
};
static const struct command_usage usage_rmi = {
	.name = "rmi",
	.operands = "[IMAGE…]",
	.summary = "Removes images from the store.",
	.options = options_rmi,
	.option_count = ARRAY_SIZE(options_rmi),
	.options_size = sizeof(struct rmi_options),
	.others = podman_rmi_words,
	.operands_max = -1,
	.hint = "`urun images` lists the images",
};
const struct command command_rmi = { &usage_rmi, cmd_rmi, EXIT_STATUS_OTHER };
