// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/cdi.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/shapes.h"

/* ---- the document ---- */

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

static const char *const hook_names[] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
	[HOOK_KINDS] = NULL,
};

/* uid, gid and fileMode are those of a node that is made; this one is the host's, and has them. */
static const struct json_field node_fields[] = {
	{ "path", JSON_STRING, .required = true, AT(struct cdi_node, path) },
	{ "hostPath", JSON_STRING, AT(struct cdi_node, host_path) },
	{ "type", JSON_ENUM, .names = config_device_types, AT(struct cdi_node, type) },
	{ "major", JSON_I64, AT(struct cdi_node, major) },
	{ "minor", JSON_I64, AT(struct cdi_node, minor) },
	{ "permissions", JSON_STRING, AT(struct cdi_node, permissions) },
};
static const struct json_shape node_shape = JSON_SHAPE(struct cdi_node, node_fields);

static const struct json_field mount_fields[] = {
	{ "hostPath", JSON_STRING, .required = true, AT(struct cdi_mount, host_path) },
	{ "containerPath", JSON_STRING, .required = true, AT(struct cdi_mount, container_path) },
	{ "type", JSON_STRING, AT(struct cdi_mount, type) },
	{ "options", JSON_WORDS, .words = &mount_options_as_words, AT(struct cdi_mount, options) },
};
static const struct json_shape mount_shape = JSON_SHAPE(struct cdi_mount, mount_fields);

static const struct json_field hook_fields[] = {
	{ "hookName", JSON_ENUM, .required = true, .names = hook_names, AT(struct cdi_hook, kind) },
	{ "path", JSON_STRING, .required = true, AT(struct cdi_hook, hook.path) },
	{ "args", JSON_STRINGS, AT(struct cdi_hook, hook.args) },
	{ "env", JSON_STRINGS, AT(struct cdi_hook, hook.env) },
	{ "timeout", JSON_I64, .min = 1, .max = CONFIG_HOOK_TIMEOUT_MAX,
	  AT(struct cdi_hook, hook.timeout) },
};
static const struct json_shape hook_shape = JSON_SHAPE(struct cdi_hook, hook_fields);

static const struct json_field edits_fields[] = {
	{ "env", JSON_STRINGS, AT(struct cdi_edits, env) },
	{ "deviceNodes", JSON_LIST, .shape = &node_shape, AT(struct cdi_edits, nodes) },
	{ "mounts", JSON_LIST, .shape = &mount_shape, AT(struct cdi_edits, mounts) },
	{ "hooks", JSON_LIST, .shape = &hook_shape, AT(struct cdi_edits, hooks) },
	{ "additionalGids", JSON_U32_LIST, .max = UINT32_MAX - 1,
	  AT(struct cdi_edits, additional_gids) },
	{ "intelRdt", JSON_OBJECT, .shape = &config_intel_rdt_shape,
	  AT(struct cdi_edits, intel_rdt) },
};
static const struct json_shape edits_shape = JSON_SHAPE(struct cdi_edits, edits_fields);

static const struct json_field device_fields[] = {
	{ "name", JSON_STRING, .required = true, AT(struct cdi_device, name) },
	{ "containerEdits", JSON_OBJECT, .required = true, .shape = &edits_shape,
	  AT(struct cdi_device, edits) },
};
static const struct json_shape device_shape = JSON_SHAPE(struct cdi_device, device_fields);

static const struct json_field file_fields[] = {
	{ "cdiVersion", JSON_STRING, .required = true, AT(struct cdi_file, version) },
	{ "kind", JSON_STRING, .required = true, AT(struct cdi_file, kind) },
	{ "devices", JSON_LIST, .required = true, .shape = &device_shape,
	  AT(struct cdi_file, devices) },
	{ "containerEdits", JSON_OBJECT, .shape = &edits_shape, AT(struct cdi_file, edits) },
};
static const struct json_shape file_shape = JSON_SHAPE(struct cdi_file, file_fields);

/* ---- the rules that a table can't say ---- */

/* Letters, digits and @inside, which stand neither first nor last. */
static bool is_segment(const char *text, size_t length, const char *inside)
{
	if (length == 0 || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && (!text[i] || !strchr(inside, text[i])))
			return false;
	return true;
}

/* VENDOR/CLASS in the first @length bytes. */
static bool is_kind(const char *text, size_t length)
{
	const char *slash = memchr(text, '/', length);
	size_t vendor = slash ? (size_t)(slash - text) : 0;

	return slash && vendor <= 253 && is_segment(text, vendor, "-_.") &&
	       length - vendor - 1 <= 63 && is_segment(slash + 1, length - vendor - 1, "-_.");
}

static bool is_device_name(const char *text)
{
	return is_segment(text, strlen(text), "-_.:");
}

/*
 * 0.3.0 to 1.0.x: each version until 1.0 added members, and took none away.  1.1.0 added network
 * devices, which no container of a user can have; a file that doesn't use them says 1.0.0 or less.
 */
static bool is_known_version(const char *text)
{
	autofree char *copy = str_dup(*text == 'v' ? text + 1 : text);
	char *rest = copy;
	uint32_t part[3];

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		char *word = strsep(&rest, ".");

		if (!word || number_parse_u32(word, UINT32_MAX, &part[i]) < 0)
			return false;
	}
	if (rest)
		return false;
	return part[0] == 0 ? part[1] >= 3 : part[0] == 1 && part[1] == 0;
}

static int check_paths(const struct cdi_edits *edits, struct error *err)
{
	for (size_t i = 0; i < edits->nodes.count; i++) {
		const struct cdi_node *node = &edits->nodes.items[i];

		if (node->path[0] != '/')
			return error_set(err, 0, "deviceNodes: path %s isn't absolute", node->path);
		if (node->host_path && node->host_path[0] != '/')
			return error_set(err, 0, "deviceNodes: hostPath %s isn't absolute",
					 node->host_path);
		if (node->permissions && !str_equal(node->permissions, "none") &&
		    node->permissions[strspn(node->permissions, "rwm")])
			return error_set(err, 0, "deviceNodes: %s: permissions %s aren't of rwm",
					 node->path, node->permissions);
	}
	for (size_t i = 0; i < edits->mounts.count; i++)
		if (edits->mounts.items[i].container_path[0] != '/')
			return error_set(err, 0, "mounts: containerPath %s isn't absolute",
					 edits->mounts.items[i].container_path);
	for (size_t i = 0; i < edits->hooks.count; i++)
		if (edits->hooks.items[i].hook.path[0] != '/')
			return error_set(err, 0, "hooks: path %s isn't absolute",
					 edits->hooks.items[i].hook.path);
	return 0;
}

static int check_edits(const struct cdi_edits *edits, struct error *err)
{
	for (size_t i = 0; i < edits->env.count; i++)
		if (edits->env.items[i][0] == '=' || !strchr(edits->env.items[i], '='))
			return error_set(err, 0, "env: %s isn't NAME=VALUE", edits->env.items[i]);
	return check_paths(edits, err);
}

static int check_file(const struct cdi_file *file, struct error *err)
{
	if (!is_known_version(file->version))
		return error_set(err, 0, "cdiVersion %s isn't known: 0.3.0 to 1.0.0 are",
				 file->version);
	if (!is_kind(file->kind, strlen(file->kind)))
		return error_set(err, 0, "kind %s isn't VENDOR/CLASS", file->kind);
	if (file->devices.count == 0)
		return error_set(err, 0, "no devices");
	if (file->edits && check_edits(file->edits, err) < 0)
		return error_prefix(err, "containerEdits");
	for (size_t i = 0; i < file->devices.count; i++) {
		const struct cdi_device *device = &file->devices.items[i];

		if (!is_device_name(device->name))
			return error_set(err, 0, "devices[%zu]: %s is no name of a device", i,
					 device->name);
		for (size_t j = 0; j < i; j++)
			if (str_equal(file->devices.items[j].name, device->name))
				return error_set(err, 0, "the device %s is there twice",
						 device->name);
		if (check_edits(device->edits, err) < 0)
			return error_prefix(err, "device %s", device->name);
	}
	return 0;
}

int cdi_parse(const char *bytes, size_t size, enum cdi_format format, struct arena *arena,
	      struct cdi_file *ret_file, struct error *err)
{
	struct cdi_file file = { 0 };

	if ((format == CDI_YAML ? yaml_read : json_read)(bytes, size, &file_shape, &file, arena,
							 err) < 0 ||
	    check_file(&file, err) < 0)
		return -1;
	*ret_file = file;
	return 0;
}

/* ---- the directories ---- */

/* Which of the two formats a file's name says; -1: none. */
static int format_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return str_equal(dot, ".json") ? CDI_JSON : str_equal(dot, ".yaml") ? CDI_YAML : -1;
}

static void add_file(const char *path, enum cdi_format format, size_t directory,
		     struct cdi_files *files)
{
	autofree char *bytes = NULL;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	struct cdi_file file = { 0 };
	size_t size;
	int failed = fd_read_file(path, CDI_FILE_SIZE_MAX, &bytes, &size);

	if (failed < 0)
		error_set(&err, -failed, "%s", path);
	else if (cdi_parse(bytes, size, format, files->arena, &file, &err) < 0)
		error_prefix(&err, "%s", path);
	if (err.text[0]) {
		config_list_add(files->arena, &files->problems, error_format(&err, line));
		return;
	}
	file.path = arena_str(files->arena, path);
	file.directory = directory;
	files->files.items =
		arena_grow(files->arena, files->files.items, files->files.count, sizeof(file));
	files->files.items[files->files.count++] = file;
}

static int compare_file_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the files in the order of strcmp(3), so that errors are the same each time. */
static int list_names(const char *path, struct str_list *names)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *stream = fd < 0 ? NULL : directory_stream(fd);
	const struct dirent *entry;

	if (!stream)
		return -errno;
	while (names->count < CDI_FILES_MAX && (entry = directory_next(stream)))
		if (format_of(entry->d_name) >= 0)
			str_list_add(names, str_dup(entry->d_name));
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare_file_names);
	return names->count == CDI_FILES_MAX ? -E2BIG : 0;
}

/* /var/run is a link to /run: what is the same directory is read once. */
static bool was_read(const struct str_list *directories, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (stat_same_paths(directories->items[i], directories->items[index]))
			return true;
	return false;
}

void cdi_read(const struct str_list *directories, struct arena *arena, struct cdi_files *ret_files)
{
	struct cdi_files files = { .directories = directories, .arena = arena };

	for (size_t i = 0; i < directories->count; i++) {
		const char *path = directories->items[i];
		autotextlist struct str_list names = { 0 };
		int failed = was_read(directories, i) ? 0 : list_names(path, &names);
		autofree char *problem = str_format("%s: %s", path, error_errno_text(-failed));

		if (failed < 0 && failed != -ENOENT)
			config_list_add(arena, &files.problems, problem);
		for (size_t j = 0; failed == 0 && j < names.count; j++) {
			autofree char *file = str_format("%s/%s", path, names.items[j]);

			add_file(file, (enum cdi_format)format_of(names.items[j]), i, &files);
		}
	}
	*ret_files = files;
}

/* ---- names ---- */

bool cdi_is_name(const char *text)
{
	const char *equals = strchr(text, '=');

	return equals && is_kind(text, (size_t)(equals - text)) && is_device_name(equals + 1);
}

static bool was_chosen(const cdi_choices *choices, const struct cdi_device *device)
{
	for (size_t i = 0; i < choices->count; i++)
		if (choices->items[i].device == device)
			return true;
	return false;
}

static const struct cdi_device *device_of(const struct cdi_file *file, const char *name)
{
	for (size_t i = 0; i < file->devices.count; i++)
		if (str_equal(file->devices.items[i].name, name))
			return &file->devices.items[i];
	return NULL;
}

enum found { AMBIGUOUS = -1, NOT_FOUND, FOUND };

/* Finds the device, the last directory's first.  Sets @err where it is ambiguous. */
static enum found find_device(const struct cdi_files *files, const char *kind, const char *name,
			      struct cdi_choice *ret_choice, struct error *err)
{
	const struct cdi_file *best = NULL, *same = NULL;

	/* The files are in the order of their directories. */
	for (size_t i = 0; i < files->files.count; i++) {
		const struct cdi_file *file = &files->files.items[i];

		if (!str_equal(file->kind, kind) || !device_of(file, name))
			continue;
		same = best && file->directory == best->directory ? file : NULL;
		best = same ? best : file;
	}
	if (same) {
		error_set(err, 0, "ambiguous: %s and %s both describe %s=%s", best->path,
			  same->path, kind, name);
		return AMBIGUOUS;
	}
	if (!best)
		return NOT_FOUND;
	*ret_choice = (struct cdi_choice){ best, device_of(best, name) };
	return FOUND;
}

static enum found choose_one(struct cdi_files *files, const char *kind, const char *name,
			     cdi_choices *choices, struct error *err)
{
	struct cdi_choice choice;
	enum found found = find_device(files, kind, name, &choice, err);

	if (found != FOUND || was_chosen(choices, choice.device))
		return found;
	choices->items = arena_grow(files->arena, choices->items, choices->count, sizeof(choice));
	choices->items[choices->count++] = choice;
	return FOUND;
}

static enum found choose_each(struct cdi_files *files, const char *kind, cdi_choices *choices,
			      struct error *err)
{
	enum found found = NOT_FOUND;

	for (size_t i = 0; found != AMBIGUOUS && i < files->files.count; i++) {
		const struct cdi_file *file = &files->files.items[i];

		if (!str_equal(file->kind, kind))
			continue;
		for (size_t j = 0; found != AMBIGUOUS && j < file->devices.count; j++)
			found = choose_one(files, kind, file->devices.items[j].name, choices, err);
	}
	return found;
}

/* Says what there is of the kind, and which files may have the device and can't be used. */
static int refuse_unknown_device(const struct cdi_files *files, const char *kind, const char *name,
				 struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	bool is_known = false;

	for (size_t i = 0; i < files->files.count; i++) {
		const struct cdi_file *file = &files->files.items[i];

		if (!str_equal(file->kind, kind))
			continue;
		for (size_t j = 0; j < file->devices.count; j++)
			strbuf_addf(&text, "%s%s", is_known || j ? ", " : "",
				    file->devices.items[j].name);
		is_known = true;
	}
	if (is_known) {
		error_set(err, 0, "unknown device %s: there are %s", name, text.bytes);
	} else {
		for (size_t i = 0; i < files->directories->count; i++)
			strbuf_addf(&text, "%s%s", i ? ", " : "", files->directories->items[i]);
		error_set(err, 0, "no file in %s describes devices of the kind %s", text.bytes,
			  kind);
	}
	for (size_t i = 0; i < files->problems.count; i++) {
		autofree char *before = str_dup(err->text);

		error_set(err, 0, "%s; %s", before, files->problems.items[i]);
	}
	return -1;
}

int cdi_choose(struct cdi_files *files, const char *text, cdi_choices *choices, struct error *err)
{
	autofree char *kind = str_dup(text);
	char *name = kind;
	enum found found;

	strsep(&name, "=");
	found = choose_one(files, kind, name, choices, err);
	if (found == NOT_FOUND && str_equal(name, "all"))
		found = choose_each(files, kind, choices, err);
	if (found == NOT_FOUND)
		return refuse_unknown_device(files, kind, name, err);
	return found == FOUND ? 0 : -1;
}
