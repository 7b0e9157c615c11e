// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/annotation.h"

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"

#define PREFIX	   "run.oci."
#define OWN_PREFIX "org.urun."

/* What happens to an annotation. */
enum treatment {
	HONOURED, /* where its subject is */
	REFUSED,
	LEFT_OUT, /* with a warning */
};

static const struct annotation {
	const char *name;
	enum treatment treatment;
	const char *reason;
} annotations[] = {
	{ CONFIG_ANNOTATION_KEEP_GROUPS, HONOURED, NULL },
	{ CONFIG_ANNOTATION_PIDFD_RECEIVER, HONOURED, NULL },
	{ CONFIG_ANNOTATION_SECCOMP_RECEIVER, HONOURED, NULL },
	{ PREFIX "seccomp_fail_unknown_syscall", HONOURED, NULL },
	{ PREFIX "mount_context_type", HONOURED, NULL },
	{ PREFIX "systemd.subgroup", HONOURED, NULL },
	{ PREFIX "handler", REFUSED,
	  "urun executes the program itself, and has no handlers such as krun and wasm" },
	{ PREFIX "seccomp.plugins", REFUSED,
	  "urun loads no plugins: linux.seccomp.listenerPath names a socket for the listener" },
	{ PREFIX "seccomp_bpf_data", REFUSED,
	  "urun compiles the filter from linux.seccomp, and takes no finished one" },
	{ PREFIX "systemd.force_cgroup_v1", REFUSED,
	  "urun knows cgroup version 2 only; bind the directory of version 1 as a volume" },
	/* Under podman an image can bring annotations, and must not choose files to write to. */
	{ PREFIX "hooks.stdout", LEFT_OUT,
	  "the output of a hook that fails is in the error; a hook can redirect the rest itself" },
	{ PREFIX "hooks.stderr", LEFT_OUT,
	  "the output of a hook that fails is in the error; a hook can redirect the rest itself" },
	{ PREFIX "delegate-cgroup", LEFT_OUT,
	  "the container's processes begin in the cgroup that has the limits" },
	{ PREFIX "timens_offset", LEFT_OUT, "linux.timeOffsets has the offsets" },
};

static const struct annotation *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(annotations); i++)
		if (str_equal(annotations[i].name, name))
			return &annotations[i];
	return NULL;
}

static int check_one(const char *name, struct error *err)
{
	const struct annotation *annotation = find(name);

	if (!annotation) {
		if (str_starts_with(name, PREFIX))
			log_debug("annotation %s isn't known, and has no effect", name);
		return 0;
	}
	if (annotation->treatment == REFUSED)
		return error_set(err, 0, "annotation %s isn't supported: %s", name,
				 annotation->reason);
	if (annotation->treatment == LEFT_OUT)
		log_warning("annotation %s has no effect: %s", name, annotation->reason);
	return 0;
}

/* Podman and CRI-O put it beside an image's annotations, and an image can't take it away. */
#define ENGINE_MARK "io.container.manager"

/* Is the annotation an order to urun that reaches beyond the container? */
static bool is_order(const char *name)
{
	return str_starts_with(name, OWN_PREFIX) ||
	       str_equal(name, CONFIG_ANNOTATION_PIDFD_RECEIVER);
}

int annotation_check_origin(const struct container_config *config, struct error *err)
{
	if (!config_annotation(config, ENGINE_MARK))
		return 0;
	for (size_t i = 0; i < config->annotations.count; i++) {
		const char *name = config->annotations.items[i].name;

		if (!is_order(name))
			continue;
		error_set(err, 0, "annotation %s: the engine may have it from the image", name);
		if (error_gather(err, error_hint(err, "as root of the host urun takes such orders "
						      "from no engine's config: use the engine's "
						      "own options")) < 0)
			return -1;
	}
	return 0;
}

int annotation_check(const struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < config->annotations.count; i++)
		if (error_gather(err, check_one(config->annotations.items[i].name, err)) < 0)
			return -1;
	return 0;
}
