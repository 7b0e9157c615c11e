// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/spec/spec_fields.h"

static void becomes(const char *text, const char *expected)
{
	struct error err = ERROR_NONE;

	error_set(&err, 0, "%s", text);
	error_hint(&err, "%s", text);
	spec_fields_to_options(&err);
	assert_string_equal(err.text, expected);
	assert_string_equal(err.hint, expected);
}

static void fields_become_the_options_that_write_them(void **state)
{
	(void)state;
	becomes("linux.uidMappings[0]: id 0 is not yours", "--uidmap: id 0 is not yours");
	becomes("c1: linux.resources.memory.limit: no cgroup", "c1: --memory: no cgroup");
	becomes("linux.resources.memory.swap: x", "--memory-swap: x");
	becomes("linux.resources.pids.limit, linux.resources.cpu.quota: x",
		"--pids-limit, --cpus: x");
	becomes("process.user.uid: uid 7 has no mapping", "--user: uid 7 has no mapping");
	becomes("add the id to linux.gidMappings", "add the id to --gidmap");
	becomes("process.rlimits[2]: x (process.cwd)", "--ulimit: x (--workdir)");
	becomes("annotations.org.urun.network: x", "--network: x");
	becomes("annotations.a.b: x", "--annotation a.b: x");
	becomes("linux.sysctl.net.ipv4.ip_forward: x", "--sysctl net.ipv4.ip_forward: x");
	becomes("mounts[3]: mount /a on /b", "--volume or --tmpfs: mount /a on /b");
	becomes("see `process.env`.", "see `--env`.");
	becomes("c1: hostname: too long", "c1: --hostname: too long");
	becomes("c1: domainname: too long", "c1: --domainname: too long");
	becomes("use --overlay (in a config: the annotation a.b), or not", "use --overlay, or not");
}

static void other_words_stay(void **state)
{
	(void)state;
	becomes("mount /process.user on /a", "mount /process.user on /a");
	becomes("mount x: mounts below it", "mount x: mounts below it");
	becomes("the mounts: x", "the mounts: x");
	becomes("linux.resources.memoryless: x", "linux.resources.memoryless: x");
	becomes("linux.namespaces[0].path: x", "linux.namespaces[0].path: x");
	becomes("", "");
}

static void a_text_that_grows_too_long_is_cut(void **state)
{
	struct error err = ERROR_NONE;
	char text[ERROR_TEXT_SIZE] = { 0 };

	(void)state;
	for (size_t i = 0; i + 13 < sizeof(text); i += 12)
		memcpy(text + i, "mounts[1]:  ", 12);
	error_set(&err, 0, "%s", text);
	spec_fields_to_options(&err);
	assert_true(str_starts_with(err.text, "--volume or --tmpfs:  --volume"));
	assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_become_the_options_that_write_them),
		cmocka_unit_test(other_words_stay),
		cmocka_unit_test(a_text_that_grows_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
