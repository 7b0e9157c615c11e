// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/seccomp/seccomp_start.h"
#include "core/seccomp/seccomp_default.h"

static int check(const char *profile, struct error *err)
{
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	int result;

	*err = ERROR_NONE;
	if (config_parse_seccomp(profile, strlen(profile), &arena, &seccomp, err) < 0)
		fail_msg("%s", err->text);
	result = seccomp_check_start(seccomp, err);
	arena_release(&arena);
	return result;
}

static void assert_starts(const char *profile)
{
	struct error err;

	if (check(profile, &err) < 0)
		fail_msg("%s: %s", profile, err.text);
}

static void assert_refused(const char *profile, const char *words)
{
	struct error err;

	assert_int_equal(check(profile, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' should be about '%s'", err.text, words);
}

#define RULE(names, action)    "{\"names\":[" names "],\"action\":\"" action "\"}"
#define PROFILE(action, rules) "{\"defaultAction\":\"" action "\",\"syscalls\":[" rules "]}"

static void what_kills_for_execve_is_refused(void **state)
{
	(void)state;
	assert_refused(PROFILE("SCMP_ACT_KILL", ""), "kills a process that calls execve");
	assert_refused(PROFILE("SCMP_ACT_TRAP", ""), "kills a process that calls execve");
	assert_refused(PROFILE("SCMP_ACT_ALLOW", RULE("\"x\",\"execve\"", "SCMP_ACT_KILL_PROCESS")),
		       "kills a process that calls execve");
	assert_starts(PROFILE("SCMP_ACT_KILL", RULE("\"execve\",\"exit\"", "SCMP_ACT_ALLOW")));
	assert_starts(PROFILE("SCMP_ACT_KILL", RULE("\"execve\",\"exit_group\"", "SCMP_ACT_LOG")));
}

static void what_refuses_execve_and_every_word_about_it_is_refused(void **state)
{
	(void)state;
	assert_refused(PROFILE("SCMP_ACT_ERRNO", ""), "refuses execve");
	assert_refused(PROFILE("SCMP_ACT_ERRNO", RULE("\"sendmsg\"", "SCMP_ACT_ALLOW")),
		       "refuses execve");
	assert_refused(
		PROFILE("SCMP_ACT_ALLOW", RULE("\"execve\",\"exit_group\"", "SCMP_ACT_ERRNO")),
		"refuses execve");
	/* Init reports these failures itself. */
	assert_starts(PROFILE("SCMP_ACT_ALLOW", RULE("\"execve\"", "SCMP_ACT_ERRNO")));
	assert_starts(
		PROFILE("SCMP_ACT_ERRNO", RULE("\"execve\",\"exit_group\"", "SCMP_ACT_ALLOW")));
}

static void a_profile_under_which_no_program_can_end_is_refused(void **state)
{
	(void)state;
	assert_refused(PROFILE("SCMP_ACT_ERRNO", RULE("\"execve\"", "SCMP_ACT_ALLOW")),
		       "refuses exit_group and exit");
	assert_refused(PROFILE("SCMP_ACT_KILL", RULE("\"execve\",\"read\"", "SCMP_ACT_ALLOW")),
		       "refuses exit_group and exit");
	assert_refused(PROFILE("SCMP_ACT_ALLOW", RULE("\"exit\",\"exit_group\"", "SCMP_ACT_TRAP")),
		       "refuses exit_group and exit");
	assert_starts(PROFILE("SCMP_ACT_ALLOW", RULE("\"exit_group\"", "SCMP_ACT_ERRNO")));
}

static void a_call_of_every_start_that_is_refused_is_named(void **state)
{
	static const char profile[] = PROFILE("SCMP_ACT_ALLOW", RULE("\"brk\"", "SCMP_ACT_KILL"));
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse_seccomp(profile, strlen(profile), &arena, &seccomp, &err), 0);
	assert_string_equal(seccomp_refused_of_start(seccomp), "brk");
	seccomp->syscalls.count = 0;
	assert_null(seccomp_refused_of_start(seccomp));
	arena_release(&arena);
}

static void a_rule_with_conditions_may_allow(void **state)
{
	(void)state;
	assert_starts(PROFILE(
		"SCMP_ACT_KILL",
		RULE("\"exit\"",
		     "SCMP_ACT_ALLOW") ","
				       "{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
				       "[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_NE\"}]}"));
}

static void the_default_profile_starts_programs(void **state)
{
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	struct error err = ERROR_NONE;

	(void)state;
	seccomp_default(&arena, &seccomp);
	assert_int_equal(seccomp_check_start(seccomp, &err), 0);
	assert_null(seccomp_refused_of_pid1(seccomp));
	assert_null(seccomp_refused_of_start(seccomp));
	arena_release(&arena);
}

static void a_call_of_process_1_that_is_refused_is_named(void **state)
{
	static const char profile[] =
		PROFILE("SCMP_ACT_ALLOW", RULE("\"waitid\",\"unshare\"", "SCMP_ACT_ERRNO"));
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse_seccomp(profile, strlen(profile), &arena, &seccomp, &err), 0);
	assert_string_equal(seccomp_refused_of_pid1(seccomp), "waitid");
	assert_null(seccomp_refused_of_pid1(NULL));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_kills_for_execve_is_refused),
		cmocka_unit_test(what_refuses_execve_and_every_word_about_it_is_refused),
		cmocka_unit_test(a_profile_under_which_no_program_can_end_is_refused),
		cmocka_unit_test(a_call_of_every_start_that_is_refused_is_named),
		cmocka_unit_test(a_rule_with_conditions_may_allow),
		cmocka_unit_test(the_default_profile_starts_programs),
		cmocka_unit_test(a_call_of_process_1_that_is_refused_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
