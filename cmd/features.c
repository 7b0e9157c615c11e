// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/config/config.h"
#include "core/config/mount_options.h"
#include "core/config/shapes.h"
#include "core/seccomp/seccomp.h"
#include "core/spec/spec_image.h"

/*
 * The features structure lists what this program knows, whatever the host can do: facts of the
 * build alone.  Its lists come from the tables by which a config is read and applied.
 * Source: OCI runtime-spec 1.3, features.md and features-linux.md.
 */

#define OLDEST_SPEC_VERSION "1.0.0"

struct feature {
	bool enabled;
};

struct features_cgroup {
	bool v1;
	bool v2;
	bool systemd;
	bool systemd_user;
	bool rdma;
};

struct features_seccomp {
	bool enabled;
	struct str_list actions;
	struct str_list operators;
	struct str_list archs;
	struct str_list known_flags;
	struct str_list supported_flags;
};

struct features_memory_policy {
	struct str_list modes;
	struct str_list flags;
};

struct features_mount_extensions {
	const struct feature *idmap;
};

struct features_linux {
	struct str_list namespaces;
	struct str_list capabilities;
	struct features_cgroup *cgroup;
	struct features_seccomp *seccomp;
	const struct feature *apparmor;
	const struct feature *selinux;
	struct features_memory_policy *memory_policy;
	const struct feature *intel_rdt;
	const struct features_mount_extensions *mount_extensions;
	const struct feature *net_devices;
};

struct features {
	const char *oci_version_min;
	const char *oci_version_max;
	struct str_list hooks;
	struct str_list mount_options;
	struct features_linux *linux;
	str_map annotations;
	struct str_list unsafe_annotations;
};

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

#define SHAPE(name, struct_type, fields_) \
	static const struct json_shape name = JSON_SHAPE(struct_type, fields_)

/* A bool that is false is written too: a missing one means something else. */
static const struct json_field feature_fields[] = {
	{ "enabled", JSON_BOOL, .required = true, AT(struct feature, enabled) },
};
SHAPE(feature_shape, struct feature, feature_fields);

static const struct json_field cgroup_fields[] = {
	{ "v1", JSON_BOOL, .required = true, AT(struct features_cgroup, v1) },
	{ "v2", JSON_BOOL, .required = true, AT(struct features_cgroup, v2) },
	{ "systemd", JSON_BOOL, .required = true, AT(struct features_cgroup, systemd) },
	{ "systemdUser", JSON_BOOL, .required = true, AT(struct features_cgroup, systemd_user) },
	{ "rdma", JSON_BOOL, .required = true, AT(struct features_cgroup, rdma) },
};
SHAPE(cgroup_shape, struct features_cgroup, cgroup_fields);

static const struct json_field seccomp_fields[] = {
	{ "enabled", JSON_BOOL, .required = true, AT(struct features_seccomp, enabled) },
	{ "actions", JSON_STRINGS, AT(struct features_seccomp, actions) },
	{ "operators", JSON_STRINGS, AT(struct features_seccomp, operators) },
	{ "archs", JSON_STRINGS, AT(struct features_seccomp, archs) },
	{ "knownFlags", JSON_STRINGS, AT(struct features_seccomp, known_flags) },
	{ "supportedFlags", JSON_STRINGS, AT(struct features_seccomp, supported_flags) },
};
SHAPE(seccomp_shape, struct features_seccomp, seccomp_fields);

static const struct json_field memory_policy_fields[] = {
	{ "modes", JSON_STRINGS, AT(struct features_memory_policy, modes) },
	{ "flags", JSON_STRINGS, AT(struct features_memory_policy, flags) },
};
SHAPE(memory_policy_shape, struct features_memory_policy, memory_policy_fields);

static const struct json_field mount_extensions_fields[] = {
	{ "idmap", JSON_OBJECT, .shape = &feature_shape,
	  AT(struct features_mount_extensions, idmap) },
};
SHAPE(mount_extensions_shape, struct features_mount_extensions, mount_extensions_fields);

static const struct json_field linux_fields[] = {
	{ "namespaces", JSON_STRINGS, AT(struct features_linux, namespaces) },
	{ "capabilities", JSON_STRINGS, AT(struct features_linux, capabilities) },
	{ "cgroup", JSON_OBJECT, .shape = &cgroup_shape, AT(struct features_linux, cgroup) },
	{ "seccomp", JSON_OBJECT, .shape = &seccomp_shape, AT(struct features_linux, seccomp) },
	{ "apparmor", JSON_OBJECT, .shape = &feature_shape, AT(struct features_linux, apparmor) },
	{ "selinux", JSON_OBJECT, .shape = &feature_shape, AT(struct features_linux, selinux) },
	{ "memoryPolicy", JSON_OBJECT, .shape = &memory_policy_shape,
	  AT(struct features_linux, memory_policy) },
	{ "intelRdt", JSON_OBJECT, .shape = &feature_shape, AT(struct features_linux, intel_rdt) },
	{ "mountExtensions", JSON_OBJECT, .shape = &mount_extensions_shape,
	  AT(struct features_linux, mount_extensions) },
	{ "netDevices", JSON_OBJECT, .shape = &feature_shape,
	  AT(struct features_linux, net_devices) },
};
SHAPE(linux_shape, struct features_linux, linux_fields);

static const struct json_field features_fields[] = {
	{ "ociVersionMin", JSON_STRING, AT(struct features, oci_version_min) },
	{ "ociVersionMax", JSON_STRING, AT(struct features, oci_version_max) },
	{ "hooks", JSON_STRINGS, AT(struct features, hooks) },
	{ "mountOptions", JSON_STRINGS, AT(struct features, mount_options) },
	{ "linux", JSON_OBJECT, .shape = &linux_shape, AT(struct features, linux) },
	{ "annotations", JSON_STRING_MAP, AT(struct features, annotations) },
	{ "potentiallyUnsafeConfigAnnotations", JSON_STRINGS,
	  AT(struct features, unsafe_annotations) },
};
SHAPE(features_shape, struct features, features_fields);

static const struct feature supported = { true };
static const struct feature unsupported = { false };

static const struct features_mount_extensions mount_extensions = { .idmap = &supported };

static struct str_list list_of(struct arena *arena, const char *const *words)
{
	struct str_list list = { 0 };

	while (words[list.count])
		list.count++;
	list.items = arena_alloc(arena, list.count * sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = arena_str(arena, words[i]);
	return list;
}

static struct str_list hook_names(struct arena *arena)
{
	struct str_list names = { .count = HOOK_KINDS };

	names.items = arena_alloc(arena, names.count * sizeof(*names.items));
	for (size_t i = 0; i < names.count; i++)
		names.items[i] = arena_str(arena, config_hook_name((enum config_hook_kind)i));
	return names;
}

static struct str_list namespace_names(struct arena *arena)
{
	struct str_list names = { .count = CONFIG_NS_COUNT };

	names.items = arena_alloc(arena, names.count * sizeof(*names.items));
	for (size_t i = 0; i < names.count; i++)
		names.items[i] =
			arena_str(arena, config_namespace_name((enum config_namespace_type)i));
	return names;
}

static struct features_cgroup *describe_cgroup(struct arena *arena)
{
	struct features_cgroup *cgroup = arena_alloc(arena, sizeof(*cgroup));

	*cgroup = (struct features_cgroup){
		.v2 = true,
		.systemd = command_build.has_systemd,
		.systemd_user = command_build.has_systemd,
		.rdma = true,
	};
	return cgroup;
}

static struct features_seccomp *describe_seccomp(struct arena *arena)
{
	struct features_seccomp *seccomp = arena_alloc(arena, sizeof(*seccomp));

	seccomp->enabled = true;
	seccomp->actions = list_of(arena, config_seccomp_actions);
	seccomp->operators = list_of(arena, config_seccomp_operators);
	seccomp_architecture_names(arena, &seccomp->archs);
	/* The flags go to the kernel as they are: libseccomp doesn't restrict them. */
	seccomp->known_flags = list_of(arena, config_seccomp_flags);
	seccomp->supported_flags = seccomp->known_flags;
	return seccomp;
}

static struct features_linux *describe_linux(struct arena *arena)
{
	struct features_linux *linux = arena_alloc(arena, sizeof(*linux));

	linux->namespaces = namespace_names(arena);
	linux->capabilities = list_of(arena, config_capability_names);
	linux->cgroup = describe_cgroup(arena);
	linux->seccomp = describe_seccomp(arena);
	linux->apparmor = &supported;
	linux->selinux = &supported;
	linux->memory_policy = arena_alloc(arena, sizeof(*linux->memory_policy));
	linux->memory_policy->modes = list_of(arena, config_memory_modes);
	linux->memory_policy->flags = list_of(arena, config_memory_flags);
	linux->intel_rdt = &unsupported;
	linux->mount_extensions = &mount_extensions;
	linux->net_devices = &unsupported;
	return linux;
}

static void describe(struct arena *arena, struct features *ret_features)
{
	struct str_pair annotations[] = {
		{ "io.github.seccomp.libseccomp.version", seccomp_library_version(arena) },
		{ "org.urun.checkpoint.enabled", "false" },
		{ "org.urun.commit", arena_str(arena, command_build.commit) },
		{ "org.urun.version", arena_str(arena, command_build.version) },
	};
	struct features features = {
		.oci_version_min = OLDEST_SPEC_VERSION,
		.oci_version_max = CONFIG_SPEC_VERSION,
		.hooks = hook_names(arena),
		.linux = describe_linux(arena),
		.unsafe_annotations = list_of(arena, spec_order_prefixes),
	};

	mount_option_names(arena, &features.mount_options);
	features.annotations.items = arena_alloc(arena, sizeof(annotations));
	features.annotations.count = ARRAY_SIZE(annotations);
	memcpy(features.annotations.items, annotations, sizeof(annotations));
	*ret_features = features;
}

static int cmd_features(struct call *call, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	struct features described;
	struct arena arena = { 0 };

	(void)call;
	describe(&arena, &described);
	json_write(&features_shape, &described, JSON_INDENTED, &text);
	arena_release(&arena);
	return command_print(text.bytes, err);
}

static const struct command_usage usage_features = {
	.name = "features",
	.operands = "",
	.summary = "Prints as JSON what urun can do (the OCI features structure).",
	.operands_max = 0,
};
const struct command command_features = { &usage_features, cmd_features, EXIT_STATUS_OTHER };
