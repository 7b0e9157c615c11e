// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
#include "core/config/shapes.h"
#include "core/seccomp/seccomp_default.h"
#include "core/spec/spec_account.h"
#include "core/spec/spec_hidden.h"
#include "core/spec/spec_keep_id.h"
#include "core/spec/spec_volume.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)
#define CPU_PERIOD_US 100000

/*
 * What a root of a container needs to install packages, change owners and serve low ports, and that
 * reaches nothing beyond its user namespace: podman's set.
 */
static const uint64_t default_capabilities =
	CONFIG_CAPABILITY(CAP_CHOWN) | CONFIG_CAPABILITY(CAP_DAC_OVERRIDE) |
	CONFIG_CAPABILITY(CAP_FOWNER) | CONFIG_CAPABILITY(CAP_FSETID) |
	CONFIG_CAPABILITY(CAP_KILL) | CONFIG_CAPABILITY(CAP_NET_BIND_SERVICE) |
	CONFIG_CAPABILITY(CAP_SETFCAP) | CONFIG_CAPABILITY(CAP_SETGID) |
	CONFIG_CAPABILITY(CAP_SETPCAP) | CONFIG_CAPABILITY(CAP_SETUID) |
	CONFIG_CAPABILITY(CAP_SYS_CHROOT);

static int refuse(const char *option, const char *text, const char *reason, struct error *err)
{
	return error_set(err, 0, "--%s %s: %s", option, text, reason);
}

/* A path of the caller's: relative to the working folder. */
static int absolute_path(const char *option, const char *path, struct arena *arena, char **ret_path,
			 struct error *err)
{
	autofree char *real = realpath(path, NULL);

	if (!real)
		return error_set(err, errno, "--%s %s", option, path);
	*ret_path = arena_str(arena, real);
	return 0;
}

/* The host's own system is the root file system. */
static bool is_host(const struct container_config *config)
{
	return str_equal(config->root->path, "/");
}

/* ---- mounts ---- */

static void add_options(struct arena *arena, const char *text, struct str_list *options)
{
	autofree char *copy = str_dup(text);

	for (char *rest = copy, *word; (word = strsep(&rest, ","));)
		if (*word)
			config_list_add(arena, options, word);
}

static int add_tmpfs(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy, *destination = strsep(&rest, ":");
	struct config_mount *mount;

	if (destination[0] != '/')
		return refuse("tmpfs", text, "that isn't an absolute path", err);
	mount = config_add_mount(config, destination, "tmpfs", "tmpfs", "nosuid,nodev,mode=1777");
	add_options(&config->arena, rest ? rest : "", &mount->options);
	return 0;
}

/*
 * The host's passwd says where the home of keep-id's user is, and the home is hidden: they find an empty
 * folder there that is theirs.
 */
static int add_home(const struct spec_account *account, struct container_config *config,
		    struct error *err)
{
	autofree char *text = NULL, *home = NULL;

	if (!account->keep_id || account->home[0] != '/' || strchr(account->home, ':'))
		return 0;
	home = path_clean(account->home);
	if (spec_hidden_is_system(home))
		return 0;
	text = str_format("%s:mode=0700,uid=%" PRIu32 ",gid=%" PRIu32, home, account->uid,
			  account->gid);
	return add_tmpfs(text, config, err);
}

/*
 * The host's own system as the root.  What belongs to people and to the running host is left out of
 * what the container can reach at all (org.urun.hidden).  Programs expect to write to some of these
 * folders: a tmpfs there spares them the overlay, and is there with --read-only too.
 */
static int hide_host(const struct spec_caller *caller, const struct spec_account *account,
		     struct container_config *config, struct error *err)
{
	static const char *const writable[] = { "/home:mode=0755", "/root:mode=0700",
						"/run:mode=0755", "/tmp", "/var/tmp" };
	char *hidden;

	if (spec_hidden_text("", caller->uid, &caller->private_paths, &config->arena, &hidden,
			     err) < 0)
		return -1;
	config_set_annotation(config, CONFIG_ANNOTATION_HIDDEN, hidden);
	for (size_t i = 0; i < ARRAY_SIZE(writable); i++)
		if (add_tmpfs(writable[i], config, err) < 0)
			return -1;
	return add_home(account, config, err);
}

/*
 * The caller's own list is hidden besides.  In place of the other it would show the homes of people
 * to whoever only wanted to hide one folder more.
 */
static void hide_more(const char *paths, struct container_config *config)
{
	const char *hidden = config_annotation(config, CONFIG_ANNOTATION_HIDDEN);
	autofree char *both = str_format("%s\n%s", hidden, paths);

	config_set_annotation(config, CONFIG_ANNOTATION_HIDDEN, both);
}

static int apply_mounts(const struct spec_options *options, const struct spec_caller *caller,
			const struct spec_account *account, struct container_config *config,
			struct error *err)
{
	if (is_host(config) && hide_host(caller, account, config, err) < 0)
		return -1;
	for (size_t i = 0; i < options->tmpfs.count; i++)
		if (add_tmpfs(options->tmpfs.items[i], config, err) < 0)
			return -1;
	for (size_t i = 0; i < options->volumes.count; i++)
		if (error_gather(err, spec_add_volume(options->volumes.items[i], config, err)) < 0)
			return -1;
	return 0;
}

/* ---- the environment ---- */

/* A name alone is as the caller has it, or not at all where it has none. */
static int add_env(const char *option, const char *text, struct container_config *config,
		   struct error *err)
{
	autofree char *name = str_dup(text);
	char *given = strchr(name, '=');
	const char *value;

	if (given)
		*given = '\0';
	if (!*name)
		return refuse(option, text, "that isn't NAME=VALUE", err);
	value = given ? given + 1 : getenv(name);
	if (value)
		config_set_env(config, name, value);
	return 0;
}

static int add_env_file(const char *path, struct container_config *config, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(path, FILE_SIZE_MAX, &text, &size);

	if (failed < 0)
		return error_set(err, -failed, "--env-file %s", path);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line && *line != '#' && add_env("env-file", line, config, err) < 0)
			return -1;
	}
	return 0;
}

static int apply_env(const struct spec_options *options, struct container_config *config,
		     struct error *err)
{
	if (add_env("env", "TERM", config, err) < 0)
		return -1;
	for (size_t i = 0; i < options->env_files.count; i++)
		if (add_env_file(options->env_files.items[i], config, err) < 0)
			return -1;
	for (size_t i = 0; i < options->env.count; i++)
		if (add_env("env", options->env.items[i], config, err) < 0)
			return -1;
	return 0;
}

/* ---- capabilities ---- */

static int change_capabilities(const char *option, const char *text, uint64_t *set, bool add,
			       struct error *err)
{
	autofree char *name =
		str_format("%s%s", strncasecmp(text, "CAP_", 4) == 0 ? "" : "CAP_", text);
	int number = str_find_any_case(config_capability_names, name);
	uint64_t change = CONFIG_CAPABILITY_ALL;

	if (strcasecmp(text, "all") != 0) {
		if (number < 0)
			return refuse(option, text, "that is no capability", err);
		change = CONFIG_CAPABILITY(number);
	}
	*set = add ? *set | change : *set & ~change;
	return 0;
}

/* ORDER: what is dropped by name stays dropped, and ALL is the base of both. */
static int apply_capabilities(const struct spec_options *options, struct container_config *config,
			      struct error *err)
{
	struct config_capabilities *capabilities = config->process->capabilities;
	uint64_t set = default_capabilities;

	for (size_t i = 0; i < options->cap_drop.count; i++)
		if (strcasecmp(options->cap_drop.items[i], "all") == 0)
			set = 0;
	for (size_t i = 0; i < options->cap_add.count; i++)
		if (change_capabilities("cap-add", options->cap_add.items[i], &set, true, err) < 0)
			return -1;
	for (size_t i = 0; i < options->cap_drop.count; i++)
		if (strcasecmp(options->cap_drop.items[i], "all") != 0 &&
		    change_capabilities("cap-drop", options->cap_drop.items[i], &set, false, err) <
			    0)
			return -1;
	*capabilities = (struct config_capabilities){ .bounding = set };
	/* Another user has no capabilities, but for what the bounding set leaves to set-user-ID programs. */
	if (config->process->user->uid.value == 0) {
		capabilities->effective = set;
		capabilities->permitted = set;
	}
	return 0;
}

/* ---- security ---- */

static int parse_bool(const char *text, bool *ret_value)
{
	if (!text || str_equal(text, "true"))
		*ret_value = true;
	else if (str_equal(text, "false"))
		*ret_value = false;
	else
		return -EINVAL;
	return 0;
}

static int load_seccomp(const char *path, struct container_config *config, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(path, FILE_SIZE_MAX, &text, &size);

	if (failed < 0)
		return error_set(err, -failed, "--security-opt seccomp=%s", path);
	if (config_parse_seccomp(text, size, &config->arena, &config->linux->seccomp, err) < 0)
		return error_prefix(err, "--security-opt seccomp=%s", path);
	return 0;
}

/* Does one of the patterns, divided by colons, fit the path? */
static bool is_unmasked(const char *patterns, const char *path)
{
	autofree char *copy = str_dup(patterns);
	char *rest = copy;

	if (str_equal(patterns, "ALL"))
		return true;
	for (char *pattern; (pattern = strsep(&rest, ":"));)
		if (fnmatch(pattern, path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static void unmask(const char *patterns, struct str_list *paths)
{
	size_t kept = 0;

	for (size_t i = 0; i < paths->count; i++)
		if (!is_unmasked(patterns, paths->items[i]))
			paths->items[kept++] = paths->items[i];
	paths->count = kept;
}

static int apply_security_word(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *value = copy, *name = strsep(&value, "=:");

	if (str_equal(name, "seccomp") && str_equal(value, "unconfined")) {
		config->linux->seccomp = NULL;
		return 0;
	}
	if (str_equal(name, "seccomp") && value && *value)
		return load_seccomp(value, config, err);
	if (str_equal(name, "apparmor") && value && *value) {
		config->process->apparmor_profile = arena_str(&config->arena, value);
		return 0;
	}
	if (str_equal(name, "unmask") && value && *value) {
		unmask(value, &config->linux->masked_paths);
		unmask(value, &config->linux->readonly_paths);
		return 0;
	}
	if (str_equal(name, "no-new-privileges") &&
	    parse_bool(value, &config->process->no_new_privileges) == 0)
		return 0;
	return refuse("security-opt", text,
		      "it is none of seccomp=FILE, seccomp=unconfined, apparmor=PROFILE, "
		      "unmask=ALL|PATH[:PATH] and no-new-privileges=true|false",
		      err);
}

static int apply_security(const struct spec_options *options, struct container_config *config,
			  struct error *err)
{
	seccomp_default(&config->arena, &config->linux->seccomp);
	for (size_t i = 0; i < options->security.count; i++)
		if (apply_security_word(options->security.items[i], config, err) < 0)
			return -1;
	return 0;
}

/* ---- limits ---- */

static struct config_resources *resources_of(struct container_config *config)
{
	if (!config->linux->resources)
		config->linux->resources =
			arena_alloc(&config->arena, sizeof(*config->linux->resources));
	return config->linux->resources;
}

static int apply_memory(const char *text, struct container_config *config, struct error *err)
{
	struct config_memory *memory = arena_alloc(&config->arena, sizeof(*memory));

	if (size_parse(text, &memory->limit.value) < 0 || memory->limit.value == 0)
		return refuse("memory", text, "that isn't a size such as 64m", err);
	memory->limit.set = true;
	resources_of(config)->memory = memory;
	return 0;
}

static int apply_cpus(const char *text, struct container_config *config, struct error *err)
{
	struct config_cpu *cpu = arena_alloc(&config->arena, sizeof(*cpu));
	char *end;
	double cpus = strtod(text, &end);

	if (*end || end == text || !isdigit((unsigned char)text[0]) || !(cpus >= 0.01) ||
	    cpus > 10000)
		return refuse("cpus", text, "that isn't a number of processors such as 1.5", err);
	cpu->period = (struct opt_u64){ true, CPU_PERIOD_US };
	cpu->quota = (struct opt_i64){ true, (int64_t)lround(cpus * CPU_PERIOD_US) };
	resources_of(config)->cpu = cpu;
	return 0;
}

static int apply_pids(const char *text, struct container_config *config, struct error *err)
{
	struct config_pids *pids = arena_alloc(&config->arena, sizeof(*pids));

	if (number_parse_i64(text, -1, INT32_MAX, &pids->limit.value) < 0)
		return refuse("pids-limit", text, "that isn't a number; -1 is no limit", err);
	pids->limit.set = true;
	resources_of(config)->pids = pids;
	return 0;
}

static int parse_limit(const char *text, uint64_t *ret_limit)
{
	if (str_equal(text, "unlimited") || str_equal(text, "-1")) {
		*ret_limit = UINT64_MAX;
		return 0;
	}
	return number_parse_u64(text, UINT64_MAX, ret_limit);
}

static int add_ulimit(const char *text, struct container_config *config, struct error *err)
{
	struct config_process *process = config->process;
	autofree char *copy = str_dup(text);
	char *hard = copy, *name = strsep(&hard, "="), *soft = hard ? strsep(&hard, ":") : NULL;
	struct config_rlimit limit = { .soft.set = true, .hard.set = true };
	autofree char *type = NULL, *why = NULL;

	if (!soft || parse_limit(soft, &limit.soft.value) < 0 ||
	    parse_limit(hard ? hard : soft, &limit.hard.value) < 0)
		return refuse("ulimit", text, "that isn't NAME=SOFT[:HARD]", err);
	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	type = str_format("RLIMIT_%s", name);
	limit.type = str_find(config_rlimit_types, type);
	if (limit.type < 0) {
		why = str_format("Linux has no resource limit %s", type);
		return refuse("ulimit", text, why, err);
	}
	process->rlimits.items = arena_grow(&config->arena, process->rlimits.items,
					    process->rlimits.count, sizeof(limit));
	process->rlimits.items[process->rlimits.count++] = limit;
	return 0;
}

static int apply_limits(const struct spec_options *options, struct container_config *config,
			struct error *err)
{
	/* The limits are the caller's, unless others are asked for. */
	config->process->rlimits.count = 0;
	for (size_t i = 0; i < options->ulimits.count; i++)
		if (add_ulimit(options->ulimits.items[i], config, err) < 0)
			return -1;
	if ((options->memory && apply_memory(options->memory, config, err) < 0) ||
	    (options->cpus && apply_cpus(options->cpus, config, err) < 0) ||
	    (options->pids_limit && apply_pids(options->pids_limit, config, err) < 0))
		return -1;
	return 0;
}

/* ---- ids ---- */

static int parse_mapping(const char *option, const char *text,
			 struct config_id_mapping *ret_mapping, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;
	struct opt_u64 *parts[] = { &ret_mapping->inner, &ret_mapping->outer, &ret_mapping->count };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *number = strsep(&rest, ":");

		if (!number || number_parse_u64(number, UINT32_MAX, &parts[i]->value) < 0)
			return refuse(option, text, "that isn't CONTAINER:HOST:COUNT", err);
		parts[i]->set = true;
	}
	return rest ? refuse(option, text, "that isn't CONTAINER:HOST:COUNT", err) : 0;
}

static int apply_mappings(const char *option, const struct str_list *texts, struct arena *arena,
			  config_id_mappings *mappings, struct error *err)
{
	if (texts->count == 0)
		return 0;
	*mappings = (config_id_mappings){
		.items = arena_alloc(arena, texts->count * sizeof(*mappings->items)),
		.count = texts->count,
	};
	for (size_t i = 0; i < texts->count; i++)
		if (parse_mapping(option, texts->items[i], &mappings->items[i], err) < 0)
			return -1;
	return 0;
}

static int apply_userns(const struct spec_options *options, const struct spec_caller *caller,
			struct spec_account *account, struct container_config *config,
			struct error *err)
{
	struct config_linux *linux = config->linux;
	struct arena *arena = &config->arena;

	if (options->userns && (options->uid_maps.count || options->gid_maps.count))
		return error_set(err, 0, "--userns keep-id and --uidmap or --gidmap: one of them");
	if (options->userns) {
		if (spec_keep_id(options->userns, caller, config, err) < 0)
			return -1;
		spec_account_of_caller(caller, config, account);
	}
	if (apply_mappings("uidmap", &options->uid_maps, arena, &linux->uid_mappings, err) < 0 ||
	    apply_mappings("gidmap", &options->gid_maps, arena, &linux->gid_mappings, err) < 0)
		return -1;
	return 0;
}

/* ---- the rest ---- */

/* The folder is made where it isn't there. */
static int apply_overlay(const char *folder, struct container_config *config, struct error *err)
{
	char *path = NULL;

	if (!*folder) {
		config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
		return 0;
	}
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "--overlay %s", folder);
	if (absolute_path("overlay", folder, &config->arena, &path, err) < 0)
		return -1;
	config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, path);
	return 0;
}

static int apply_root(const struct spec_options *options, struct container_config *config,
		      struct error *err)
{
	struct stat st;

	config->root->readonly = options->read_only;
	if (absolute_path("rootfs", options->rootfs, &config->arena, &config->root->path, err) < 0)
		return -1;
	if (stat(config->root->path, &st) < 0)
		return error_set(err, errno, "--rootfs %s", options->rootfs);
	if (!S_ISDIR(st.st_mode))
		return refuse("rootfs", options->rootfs, "it is no folder", err);
	/* A bind mount of the host's root somewhere else shows the same files. */
	if (stat_same_paths(config->root->path, "/"))
		config->root->path = arena_str(&config->arena, "/");
	/* Nothing is written through to the host's own system. */
	if (!options->overlay && is_host(config))
		return apply_overlay("", config, err);
	return options->overlay ? apply_overlay(options->overlay, config, err) : 0;
}

static int apply_annotations(const struct spec_options *options, struct container_config *config,
			     struct error *err)
{
	for (size_t i = 0; i < options->annotations.count; i++) {
		autofree char *copy = str_dup(options->annotations.items[i]);
		char *value = copy, *name = strsep(&value, "=");

		if (!*name || !value)
			return refuse("annotation", options->annotations.items[i],
				      "that isn't NAME=VALUE", err);
		/* The container's state has them, which is JSON for whoever asks. */
		if (!utf8_is_valid((const unsigned char *)options->annotations.items[i],
				   strlen(options->annotations.items[i])))
			return refuse("annotation", options->annotations.items[i],
				      "that isn't UTF-8", err);
		if (str_equal(name, CONFIG_ANNOTATION_HIDDEN) && is_host(config))
			hide_more(value, config);
		else
			config_set_annotation(config, name, value);
	}
	if (options->network)
		config_set_annotation(config, CONFIG_ANNOTATION_NETWORK, options->network);
	if (options->keep_groups)
		config_set_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS, "1");
	return 0;
}

static int apply_process(const struct spec_options *options, struct spec_account *account,
			 struct container_config *config, struct error *err)
{
	struct config_process *process = config->process;

	process->terminal = options->terminal;
	if (options->command.count) {
		process->args = (struct str_list){ 0 };
		for (size_t i = 0; i < options->command.count; i++)
			config_list_add(&config->arena, &process->args, options->command.items[i]);
	}
	if (options->workdir) {
		if (options->workdir[0] != '/')
			return refuse("workdir", options->workdir, "that isn't an absolute path",
				      err);
		process->cwd = arena_str(&config->arena, options->workdir);
	}
	if (options->hostname)
		config->hostname = arena_str(&config->arena, options->hostname);
	if (options->user)
		return spec_account_find(options->user, account, config, err);
	return 0;
}

int spec_apply(const struct spec_options *options, const struct spec_caller *caller,
	       struct container_config *config, struct error *err)
{
	struct spec_account account = { .keep_id = false };

	/* ORDER: the user is looked up in the root; capabilities depend on the user. */
	if (apply_root(options, config, err) < 0 ||
	    error_gather(err, apply_userns(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, apply_process(options, &account, config, err)) < 0 ||
	    error_gather(err, apply_env(options, config, err)) < 0 ||
	    error_gather(err, apply_mounts(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, apply_capabilities(options, config, err)) < 0 ||
	    error_gather(err, apply_security(options, config, err)) < 0 ||
	    error_gather(err, apply_limits(options, config, err)) < 0)
		return -1;
	spec_account_apply(&account, config);
	return apply_annotations(options, config, err);
}
