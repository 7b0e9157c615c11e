// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_caller_env.h"
#include "tests/unit/spec/applied.h"

static void assert_same(const char *what, const char *is, const char *expected)
{
	if (!is && !expected)
		return;
	if (!str_equal(is, expected))
		fail_msg("%s is %s, not %s", what, is ? is : "(not set)",
			 expected ? expected : "(not set)");
}

static void assert_env(const char *name, const char *value)
{
	assert_same(name, config_env(config.process, name), value);
}

static void assert_term_instead(const char *value)
{
	assert_same("the annotation", config_annotation(&config, CONFIG_ANNOTATION_TERM), value);
}

static char *caller_env[] = {
	(char *)"HOME=/home/ann",
	(char *)"PATH=/home/ann/bin:/bin",
	(char *)"LANG=de_DE.UTF-8",
	(char *)"LC_TIME=C",
	(char *)"TERM=foot",
	(char *)"http_proxy=http://proxy:3128",
	(char *)"NO_PROXY=.local",
	(char *)"MY=own",
	(char *)"SHELL=/bin/zsh",
	(char *)"SSH_AUTH_SOCK=/run/user/1000/ssh",
	(char *)"TMPDIR=/run/user/1000/tmp",
	(char *)"XDG_CONFIG_HOME=/home/ann/.config",
	(char *)"LD_PRELOAD=/home/ann/x.so",
	(char *)"=odd",
};
#define CALLER_ENV ((struct str_list){ caller_env, ARRAY_SIZE(caller_env) })

/* What of the environment any container has: the language, the terminal, and the way to the network. */
static void locale_terminal_and_proxies_are_passed_on(void **state)
{
	static char *asked_env[] = { (char *)"TERM=vt220", (char *)"LANG=C" };
	const struct spec_options none = { 0 }, asked = { .env = { asked_env, 2 } };
	const struct spec_options without = { .http_proxy = "false" };

	(void)state;
	test_caller.env = CALLER_ENV;
	apply(&none);
	assert_env("LANG", "de_DE.UTF-8");
	assert_env("LC_TIME", "C");
	assert_env("TERM", "foot");
	assert_term_instead("xterm-256color");
	assert_env("http_proxy", "http://proxy:3128");
	assert_env("NO_PROXY", ".local");
	assert_env("MY", NULL);
	assert_env("HOME", NULL);
	assert_env("PATH", CONFIG_DEFAULT_PATH);
	apply(&asked);
	assert_env("TERM", "vt220");
	assert_env("LANG", "C");
	assert_term_instead(NULL);
	apply(&without);
	assert_env("http_proxy", NULL);
	assert_env("NO_PROXY", NULL);
}

static void the_terminal_that_stands_in_is_like_the_callers(void **state)
{
	static const struct {
		const char *term, *instead;
	} rows[] = {
		{ "TERM=vt220", "linux" },
		{ "TERM=linux-16color", "linux" },
		{ "TERM=xterm-kitty", "xterm-256color" },
		{ "TERM=contour", "xterm-256color" },
		{ "TERM=dumb", NULL },
		{ "TERM=xterm-256color", NULL },
	};
	const struct spec_options none = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *env[] = { (char *)(uintptr_t)rows[i].term };

		test_caller.env = (struct str_list){ env, 1 };
		apply(&none);
		assert_term_instead(rows[i].instead);
	}
}

static void env_host_passes_on_what_means_something_in_the_container(void **state)
{
	static char *asked_env[] = { (char *)"MY=other" };
	const struct spec_options options = { .env_host = "true", .env = { asked_env, 1 } };

	(void)state;
	test_caller.env = CALLER_ENV;
	apply(&options);
	assert_env("MY", "other");
	assert_env("LANG", "de_DE.UTF-8");
	/* The container's own. */
	assert_env("PATH", CONFIG_DEFAULT_PATH);
	assert_env("HOME", NULL);
	assert_env("SHELL", NULL);
	/* These lead to what isn't there. */
	assert_env("SSH_AUTH_SOCK", NULL);
	assert_env("TMPDIR", NULL);
	assert_env("XDG_CONFIG_HOME", NULL);
	assert_env("LD_PRELOAD", NULL);
}

/* No table of names can know the sockets of all programs. */
static void a_variable_that_leads_to_a_socket_is_left_out(void **state)
{
	const struct spec_options options = { .env_host = "true" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autofree char *odd = str_format("ODD_SOCK=%s/s", rootfs);
	autofree char *other = str_format("ODD_FILE=%s", rootfs);
	char *env[] = { odd, other };

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", rootfs);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	test_caller.env = (struct str_list){ env, 2 };
	apply(&options);
	unlink(address.sun_path);
	assert_env("ODD_SOCK", NULL);
	assert_env("ODD_FILE", rootfs);
}

static void the_hosts_own_system_is_the_callers(void **state)
{
	const struct spec_options sandbox = { .rootfs = "/" };
	const struct spec_options as_root = { .rootfs = "/", .user = "root" };
	const struct spec_options shares = { .rootfs = "/", .network = "container:c1" };
	const struct spec_options as_self = { .rootfs = "/", .user = "1000", .env_host = "false" };

	(void)state;
	test_caller.env = CALLER_ENV;
	test_caller.cwd = "/usr/share";
	apply(&sandbox);
	assert_int_equal(config.process->user->uid.value, 1000);
	assert_env("HOME", "/home/ann");
	assert_env("PATH", "/home/ann/bin:/bin");
	assert_env("SHELL", "/bin/zsh");
	assert_env("XDG_CONFIG_HOME", "/home/ann/.config");
	assert_env("TMPDIR", NULL);
	assert_env("SSH_AUTH_SOCK", NULL);
	assert_same("cwd", config.process->cwd, "/usr/share");
	assert_non_null(
		strstr(config_annotation(&config, CONFIG_ANNOTATION_PASSWD), ":1000:1000:"));
	test_caller.cwd = "/home/ann/project";
	apply(&sandbox);
	assert_same("cwd", config.process->cwd, "/home/ann");
	apply(&as_self);
	assert_int_equal(config.process->user->uid.value, 1000);
	assert_env("MY", NULL);
	apply(&as_root);
	assert_int_equal(config.process->user->uid.value, 0);
	assert_env("MY", NULL);
	assert_same("cwd", config.process->cwd, "/");
	/* In the user namespace of another container the caller is root. */
	apply(&shares);
	assert_int_equal(config.process->user->uid.value, 0);
	assert_env("MY", NULL);
}

static void the_home_of_the_sandbox_is_never_a_part_of_the_system(void **state)
{
	static const struct {
		const char *home, *expected;
	} rows[] = {
		{ "HOME=/srv/ann/", "/srv/ann" }, { "HOME=/usr/lib/ann", "/tmp" },
		{ "HOME=relative", "/tmp" },	  { "HOME=/", "/tmp" },
		{ "HOME=/home/a\nb", "/tmp" },
	};
	const struct spec_options sandbox = { .rootfs = "/" };

	(void)state;
	/* The host has no account, and so no home, of this number. */
	test_caller.uid = 4000000;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *env[] = { (char *)(uintptr_t)rows[i].home };

		test_caller.env = (struct str_list){ env, 1 };
		apply(&sandbox);
		assert_env("HOME", rows[i].expected);
	}
}

static void a_password_in_a_proxy_is_seen(void **state)
{
	static const struct {
		const char *proxy, *seen;
	} rows[] = {
		{ "https_proxy=http://ann:secret@proxy:3128/", "https_proxy" },
		{ "HTTP_PROXY=ann:secret@proxy:3128", "HTTP_PROXY" },
		{ "http_proxy=http://proxy:3128/@:x", NULL },
		{ "http_proxy=http://ann@proxy:3128", NULL },
		{ "no_proxy=a,b", NULL },
	};
	const struct spec_options none = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *env[] = { (char *)(uintptr_t)rows[i].proxy };

		test_caller.env = (struct str_list){ env, 1 };
		apply(&none);
		assert_same("seen", spec_env_proxy_with_password(&config), rows[i].seen);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(locale_terminal_and_proxies_are_passed_on),
		TEST(the_terminal_that_stands_in_is_like_the_callers),
		TEST(env_host_passes_on_what_means_something_in_the_container),
		TEST(a_variable_that_leads_to_a_socket_is_left_out),
		TEST(the_hosts_own_system_is_the_callers),
		TEST(the_home_of_the_sandbox_is_never_a_part_of_the_system),
		TEST(a_password_in_a_proxy_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
