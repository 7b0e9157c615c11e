// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <string.h>
#include <sys/mount.h>

#include "core/base/number.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"
#include "core/spec/spec_volume.h"

/* One --mount: the keys that every type has, and the others as the caller wrote them. */
struct mount_text {
	const char *text; /* the whole */
	const char *type, *source, *destination;
	struct str_list others; /* KEY or KEY=VALUE */
};

static int refuse_key(const struct mount_text *mount, const char *key, struct error *err)
{
	autofree char *reason = str_format("type=%s has no option '%.*s'", mount->type,
					   (int)strcspn(key, "="), key);

	return spec_refuse("mount", mount->text, reason, err);
}

/*
 * Cuts the next field off the front of *@rest, in place.  A field in double quotes may have commas;
 * a quote in it is doubled.  NULL: no more; or the quotes are wrong, and *@rest isn't NULL.
 * Source: RFC 4180, which docker and podman follow here.
 */
static char *cut_field(char **rest)
{
	char *from = *rest, *to, *field;
	bool closed = false;

	if (!from || *from != '"')
		return strsep(rest, ",");
	field = to = ++from;
	for (; *from && !closed; from++) {
		closed = *from == '"' && from[1] != '"';
		if (*from == '"' && !closed)
			from++;
		if (!closed)
			*to++ = *from;
	}
	if (!closed || (*from && *from != ','))
		return NULL;
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return field;
}

/* The value of @field where its key is one of @names (divided by blanks); else NULL. */
static const char *value_of(const char *field, const char *names)
{
	autofree char *copy = str_dup(names);
	const char *equals = strchr(field, '=');
	char *rest = copy;

	for (char *name; equals && (name = strsep(&rest, " "));)
		if (strlen(name) == (size_t)(equals - field) &&
		    strncmp(field, name, strlen(name)) == 0)
			return equals + 1;
	return NULL;
}

/* @copy is the text, which is cut into pieces that *@mount points to. */
static int divide_fields(char *copy, struct mount_text *mount, struct error *err)
{
	char *rest = copy;

	for (char *field; (field = cut_field(&rest));) {
		const char *type = value_of(field, "type");
		const char *source = value_of(field, "source src");
		const char *destination = value_of(field, "destination target dst dest");

		if (type)
			mount->type = type;
		else if (source)
			mount->source = source;
		else if (destination)
			mount->destination = destination;
		else if (*field)
			str_list_add(&mount->others, field);
	}
	return rest ? spec_refuse("mount", mount->text, "the double quotes are wrong", err) : 0;
}

/* Source: strconv.ParseBool of Go. */
static bool parse_bool(const char *text, bool *ret_truth)
{
	static const char *const names[] = { "false", "true", "0", "1", "f", "t", NULL };
	int found = str_find_any_case(names, text);

	*ret_truth = found % 2 == 1;
	return found >= 0;
}

/*
 * Is the field a switch with one of @names, alone or with a value?  Then *@ret_on says which; a
 * value that is neither true nor false is no switch.
 */
static bool is_switch(const char *field, const char *names, bool *ret_on)
{
	const char *value = value_of(field, names);
	autofree char *with_value = str_format("%s=", field);

	if (value)
		return parse_bool(value, ret_on);
	*ret_on = true;
	return value_of(with_value, names) != NULL;
}

/* ---- type=bind ---- */

/* Appends what the option is called in --volume; "" for nothing to do. */
static int bind_word(const struct mount_text *mount, const char *field, struct str_list *words,
		     struct error *err)
{
	const char *value = value_of(field, "bind-propagation");
	bool on;

	if (value)
		str_list_add(words, value);
	else if (is_switch(field, "ro readonly", &on))
		str_list_add(words, on ? "ro" : "rw");
	else if (is_switch(field, "rw readwrite", &on))
		str_list_add(words, on ? "rw" : "ro");
	else if (is_switch(field, "U chown", &on))
		str_list_add(words, on ? "U" : "default");
	else if (is_switch(field, "bind-nonrecursive", &on))
		str_list_add(words, on ? "bind" : "rbind");
	else if (is_switch(field, "no-dereference", &on))
		str_list_add(words, on ? "copy-symlink" : "default");
	else if (is_switch(field, "idmap", &on))
		str_list_add(words, on ? "idmap" : "default");
	else if ((value = value_of(field, "bind-recursive")))
		str_list_add(words, str_equal(value, "disabled") ? "bind"
				    : str_equal(value, "enabled") || str_equal(value, "readonly")
					    ? "rbind"
					    : value);
	else if (value_of(field, "relabel consistency"))
		str_list_add(words, "default"); /* SELinux and Docker Desktop: as in --volume */
	else if (!strchr(field, '=') || str_starts_with(field, "idmap="))
		str_list_add(words, field);
	else
		return refuse_key(mount, field, err);
	return 0;
}

static int add_bind(const struct mount_text *mount, struct container_config *config,
		    struct error *err)
{
	autostrlist struct str_list words = { 0 };

	if (!mount->source || !*mount->source)
		return spec_refuse("mount", mount->text, "expected source=PATH", err);
	for (size_t i = 0; i < mount->others.count; i++)
		if (bind_word(mount, mount->others.items[i], &words, err) < 0)
			return -1;
	return spec_add_bind("mount", mount->text, mount->source, mount->destination, &words,
			     config, err);
}

/* ---- type=tmpfs ---- */

static int add_tmpfs_word(const struct mount_text *mount, const char *field, struct arena *arena,
			  struct mount_options *options, struct error *err)
{
	static const char *const plain[] = { "noatime", "nosuid", "suid", "nodev",
					     "dev",	"noexec", "exec", NULL };
	const char *value;
	int64_t bytes;
	bool on;

	if ((value = value_of(field, "tmpfs-size size"))) {
		if (size_parse(value, &bytes) < 0)
			return spec_refuse("mount", mount->text, "tmpfs-size is a size such as 64m",
					   err);
		mount_options_add_datum(options, arena, "size",
					arena_strf(arena, "%lld", (long long)bytes));
	} else if ((value = value_of(field, "tmpfs-mode mode"))) {
		if (!*value || value[strspn(value, "01234567")])
			return spec_refuse("mount", mount->text,
					   "tmpfs-mode is an octal number such as 1777", err);
		mount_options_add_datum(options, arena, "mode", value);
	} else if (is_switch(field, "ro readonly", &on) && on) {
		mount_change_set(&options->top, MOUNT_ATTR_RDONLY);
	} else if (is_switch(field, "tmpcopyup", &on) && on) {
		options->traits |= MOUNT_TRAIT_COPY_UP;
	} else if (is_switch(field, "ro readonly rw tmpcopyup notmpcopyup", &on)) {
		return 0; /* the default */
	} else if (str_find(plain, field) >= 0) {
		mount_options_add(options, arena, field);
	} else {
		return refuse_key(mount, field, err);
	}
	return 0;
}

static int add_new_tmpfs(const struct mount_text *mount, struct container_config *config,
			 struct error *err)
{
	struct arena *arena = &config->arena;
	struct config_mount *made;

	if (mount->source)
		return refuse_key(mount, "source", err);
	made = config_add_mount(config, mount->destination, "tmpfs", "tmpfs");
	made->options.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	mount_options_add_datum(&made->options, arena, "mode", "1777");
	for (size_t i = 0; i < mount->others.count; i++)
		if (add_tmpfs_word(mount, mount->others.items[i], arena, &made->options, err) < 0)
			return -1;
	config_mount_set_kind(made);
	return 0;
}

/* ---- type=devpts ---- */

static int add_devpts(const struct mount_text *mount, struct container_config *config,
		      struct error *err)
{
	static const char *const keys[] = { "uid", "gid", "mode", "max" };
	struct arena *arena = &config->arena;
	struct config_mount *made;
	uint32_t number;

	if (mount->source)
		return refuse_key(mount, "source", err);
	made = config_add_mount(config, mount->destination, "devpts", "devpts");
	made->options.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	mount_options_add(&made->options, arena, "newinstance,ptmxmode=0666,mode=0620");
	for (size_t i = 0; i < mount->others.count; i++) {
		const char *field = mount->others.items[i], *value = NULL;

		for (size_t j = 0; !value && j < ARRAY_SIZE(keys); j++)
			if ((value = value_of(field, keys[j])))
				mount_options_add_datum(&made->options, arena, keys[j], value);
		if (!value)
			return refuse_key(mount, field, err);
		if (number_parse_u32(value, UINT32_MAX, &number) < 0)
			return spec_refuse("mount", mount->text, "expected a number", err);
	}
	config_mount_set_kind(made);
	return 0;
}

/* ---- the types ---- */

static const struct {
	const char *name;
	int (*add)(const struct mount_text *mount, struct container_config *config,
		   struct error *err);
	const char *reason; /* where there is no @add */
} types[] = {
	{ "bind", add_bind, NULL },
	{ "tmpfs", add_new_tmpfs, NULL },
	{ "devpts", add_devpts, NULL },
	{ "ramfs", NULL, "use type=tmpfs" },
	{ "volume", NULL, "urun has no volumes by name: use type=bind,source=DIRECTORY" },
	{ "glob", NULL, "use type=bind for each file" },
	{ "image", NULL, "urun has no images: unpack one, and use type=bind,source=DIRECTORY" },
	{ "artifact", NULL, "urun has no artifacts: use type=bind,source=FILE" },
};

static int add_by_type(const struct mount_text *mount, struct container_config *config,
		       struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_equal(types[i].name, mount->type))
			continue;
		if (!types[i].add)
			return spec_refuse("mount", mount->text, types[i].reason, err);
		if (!mount->destination || mount->destination[0] != '/')
			return spec_refuse("mount", mount->text,
					   "expected destination=PATH, with an absolute path", err);
		return types[i].add(mount, config, err);
	}
	return spec_refuse("mount", mount->text, "expected type=bind, type=tmpfs or type=devpts",
			   err);
}

int spec_add_mount(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	struct mount_text mount = { .text = text };
	int result;

	result = divide_fields(copy, &mount, err);
	if (result == 0)
		result = add_by_type(&mount, config, err);
	str_list_release(&mount.others);
	return result;
}
