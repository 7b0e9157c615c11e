// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <stdint.h>
#include <strings.h>

#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/spec/spec_steps.h"

/*
 * The capabilities that root of a container needs to install packages, change owners and bind low
 * ports.  They reach nothing outside of the user namespace.  It is podman's default set.
 */
static const uint64_t default_capabilities =
	CONFIG_CAPABILITY(CAP_CHOWN) | CONFIG_CAPABILITY(CAP_DAC_OVERRIDE) |
	CONFIG_CAPABILITY(CAP_FOWNER) | CONFIG_CAPABILITY(CAP_FSETID) |
	CONFIG_CAPABILITY(CAP_KILL) | CONFIG_CAPABILITY(CAP_NET_BIND_SERVICE) |
	CONFIG_CAPABILITY(CAP_SETFCAP) | CONFIG_CAPABILITY(CAP_SETGID) |
	CONFIG_CAPABILITY(CAP_SETPCAP) | CONFIG_CAPABILITY(CAP_SETUID) |
	CONFIG_CAPABILITY(CAP_SYS_CHROOT);

static bool is_all(const char *text)
{
	return strcasecmp(text, "all") == 0;
}

/* The bit of "CAP_CHOWN", "chown" …; all bits for "ALL". */
static int capability_bits(const char *option, const char *text, uint64_t *ret_bits,
			   struct error *err)
{
	autofree char *name =
		str_format("%s%s", strncasecmp(text, "CAP_", 4) == 0 ? "" : "CAP_", text);
	int number = str_find_any_case(config_capability_names, name);

	if (!is_all(text) && number < 0)
		return spec_refuse(option, text, "unknown capability", err);
	*ret_bits = is_all(text) ? CONFIG_CAPABILITY_ALL : CONFIG_CAPABILITY(number);
	return 0;
}

/*
 * The set is the default one, or empty with --cap-drop ALL; then --cap-add adds, then --cap-drop
 * removes.
 * ORDER: ALL is the base for both options, and a capability that is dropped by name stays dropped,
 * wherever the options stand on the command line.
 */
static int choose_capabilities(const struct spec_options *options, uint64_t *ret_set,
			       struct error *err)
{
	uint64_t set = options->words.privileged ? CONFIG_CAPABILITY_ALL : default_capabilities;
	uint64_t bits = 0;

	for (size_t i = 0; i < options->cap_drop.count; i++)
		if (is_all(options->cap_drop.items[i]))
			set = 0;
	for (size_t i = 0; i < options->cap_add.count; i++) {
		if (capability_bits("cap-add", options->cap_add.items[i], &bits, err) < 0)
			return -1;
		set |= bits;
	}
	for (size_t i = 0; i < options->cap_drop.count; i++) {
		if (is_all(options->cap_drop.items[i]))
			continue;
		if (capability_bits("cap-drop", options->cap_drop.items[i], &bits, err) < 0)
			return -1;
		set &= ~bits;
	}
	*ret_set = set;
	return 0;
}

int spec_apply_capabilities(const struct spec_options *options, struct container_config *config,
			    struct error *err)
{
	struct config_capabilities *capabilities = config->process->capabilities;
	uint64_t set;

	if (choose_capabilities(options, &set, err) < 0)
		return -1;
	*capabilities = (struct config_capabilities){ .bounding = set };
	/*
	 * A user other than root has no capabilities.  The bounding set stays, for what set-user-ID
	 * programs may gain.
	 */
	if (config->process->user->uid.value == 0) {
		capabilities->effective = set;
		capabilities->permitted = set;
	}
	return 0;
}
