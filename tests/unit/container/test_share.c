// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/holder.h"
#include "core/container/share.h"
#include "tests/unit/base/scratch.h"

#define CREATED "2026-01-01T00:00:00.000000000Z"
#define LATER	"2026-01-01T00:00:05.000000000Z"
#define KEY	"founder " CREATED

static struct container_state state_of(const char *id)
{
	return (struct container_state){ .oci_version = (char *)"1.3.0",
					 .id = (char *)(uintptr_t)id,
					 .pid = { true, (uint64_t)getpid() },
					 .start_time = { true, 1 },
					 .bundle = (char *)"/b",
					 .rootfs = (char *)"/b/rootfs",
					 .created = (char *)CREATED,
					 .uid = { true, geteuid() } };
}

/* Makes the container of @made.  With @lives, its first process is ours. */
static void make_container(const char *root, struct container_state *made, bool lives)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct error err = ERROR_NONE;
	char process_state;

	if (lives)
		assert_int_equal(
			pidfd_start_time(getpid(), &made->start_time.value, &process_state), 0);
	assert_int_equal(state_dir_create(root, made->id, &dir, &err), 0);
	assert_int_equal(state_write(&dir, made, &err), 0);
	assert_int_equal(state_set_created(&dir, &err), 0);
}

static void keys_name_holders(void **unused)
{
	autofree char *id = holder_id("job.7+a_B"), *of_key = NULL;
	autofree char *none = holder_of_key(KEY);
	char longest[202] = { 0 };
	struct error err = ERROR_NONE;

	(void)unused;
	memset(longest, 'k', sizeof(longest) - 1);
	assert_true(holder_is_id(id));
	assert_false(holder_is_id("founder"));
	assert_false(holder_is_id(".share="));
	assert_false(holder_is_id(".share=../x"));
	of_key = holder_of_key(".share=job.7+a_B " CREATED);
	assert_string_equal(of_key, id);
	assert_null(none);
	assert_null(holder_of_key(NULL));
	assert_int_equal(holder_check_key("job.7+a_B", &err), 0);
	assert_int_equal(holder_check_key("a/b", &err), -1);
	assert_int_equal(holder_check_key("", &err), -1);
	assert_int_equal(holder_check_key(".a", &err), -1);
	assert_int_equal(holder_check_key(longest, &err), -1);
	longest[200] = '\0';
	assert_int_equal(holder_check_key(longest, &err), 0);
	/* No user's id is a holder's. */
	assert_int_equal(state_check_id(id, &err), -1);
}

/* Expects share_find() to fail for a config with this annotation, with an error that has @part. */
static void expect_refused(const char *root, const char *annotation, const char *value,
			   const char *part)
{
	struct config_linux linux = { 0 };
	struct container_config config = { .linux = &linux };
	struct share share = SHARE_NONE;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	config_set_annotation(&config, annotation, value);
	assert_int_equal(share_find(root, "own", NULL, NULL, NULL, &config, &share, &err), -1);
	if (!strstr(error_format(&err, line), part))
		fail_msg("'%s' isn't in '%s'", part, line);
	assert_int_equal(linux.namespaces.count, 0);
	config.linux = NULL;
	arena_release(&config.arena);
}

static void a_member_has_the_founders_key(void **state)
{
	struct container_state made = state_of("founder");
	struct share share = SHARE_NONE;
	autofree char *own = share_key(&made, CONFIG_NS_NETWORK);
	autofree char *joined = NULL, *other = NULL;

	(void)state;
	assert_string_equal(own, KEY);
	made.id = (char *)"member";
	share.joins[CONFIG_NS_NETWORK] = true;
	share.keys[CONFIG_NS_NETWORK] = str_dup(own);
	share_record(&share, &made);
	joined = share_key(&made, CONFIG_NS_NETWORK);
	assert_string_equal(joined, KEY);
	other = share_key(&made, CONFIG_NS_IPC);
	assert_string_equal(other, "member " CREATED);
	share_release(&share);
	arena_release(&made.arena);
}

static void what_cannot_be_joined_is_refused_by_name(void **state)
{
	expect_refused(*state, CONFIG_ANNOTATION_PID, "host", "expected container:ID");
	expect_refused(*state, CONFIG_ANNOTATION_NETWORK, "container:own",
		       "--network container:own: a container can't join itself");
	expect_refused(*state, CONFIG_ANNOTATION_NETWORK, "container:a/b", "container id 'a/b'");
	expect_refused(*state, CONFIG_ANNOTATION_IPC, "container:none",
		       "--ipc container:none: container none does not exist");
}

/* The process of that pid is alive, but began at another time: the pid was used again. */
static void a_reused_pid_is_never_joined(void **state)
{
	struct container_state made = state_of("founder");

	make_container(*state, &made, false);
	expect_refused(*state, CONFIG_ANNOTATION_PID, "container:founder",
		       "container founder is stopped");
}

/* Our own process has the namespaces that we are in. */
static void a_container_without_such_a_namespace_names_the_word(void **state)
{
	struct container_state made = state_of("founder");

	make_container(*state, &made, true);
	expect_refused(*state, CONFIG_ANNOTATION_UTS, "container:founder", "use --uts host");
	expect_refused(*state, CONFIG_ANNOTATION_NETWORK, "container:founder",
		       "use --network host");
}

static void a_stopped_founder_hints_at_a_member(void **state)
{
	struct container_state founder = state_of("founder"), member = state_of("member");

	member.shared_network = (char *)KEY;
	make_container(*state, &founder, false);
	make_container(*state, &member, true);
	expect_refused(*state, CONFIG_ANNOTATION_NETWORK, "container:founder",
		       "use --network container:member");
	/* The member has an ipc namespace of its own. */
	expect_refused(*state, CONFIG_ANNOTATION_IPC, "container:founder",
		       "only a container that runs can be joined");
}

static void write_record(const char *root, const char *id, const char *finished)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct ended ended = { .exit_status = { true, 0 },
			       .finished = (char *)(uintptr_t)finished };
	struct error err = ERROR_NONE;

	assert_int_equal(container_open(root, id, STATE_UNLOCKED, &container, &err), 0);
	assert_int_equal(ended_write(&container.dir, &ended, &err), 0);
}

static void a_member_ended_with_the_founder_if_both_ended_at_once(void **state)
{
	struct container_state founder = state_of("founder"), member = state_of("member");
	struct ended killed = { .exit_status = { true, 137 },
				.signal = { true, 9 },
				.finished = (char *)CREATED };
	struct ended left = { .exit_status = { true, 0 }, .finished = (char *)CREATED };
	autofree char *removed = NULL, *with = NULL;

	member.shared_pid = (char *)KEY;
	removed = share_ended_with(*state, &member, &killed);
	assert_string_equal(removed, "founder");
	make_container(*state, &founder, false);
	write_record(*state, "founder", CREATED);
	with = share_ended_with(*state, &member, &killed);
	assert_string_equal(with, "founder");
	assert_null(share_ended_with(*state, &member, &left));
	killed.finished = (char *)LATER;
	assert_null(share_ended_with(*state, &member, &killed));
	member.shared_pid = NULL;
	assert_null(share_ended_with(*state, &member, &killed));
}

static void a_member_that_was_killed_alone_did_not_end_with_a_living_founder(void **state)
{
	struct container_state founder = state_of("founder"), member = state_of("member");
	struct ended killed = { .exit_status = { true, 137 },
				.signal = { true, 9 },
				.finished = (char *)CREATED };

	member.shared_pid = (char *)KEY;
	make_container(*state, &founder, true);
	assert_null(share_ended_with(*state, &member, &killed));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_name_holders),
		TEST(a_member_has_the_founders_key),
		TEST(what_cannot_be_joined_is_refused_by_name),
		TEST(a_reused_pid_is_never_joined),
		TEST(a_container_without_such_a_namespace_names_the_word),
		TEST(a_stopped_founder_hints_at_a_member),
		TEST(a_member_ended_with_the_founder_if_both_ended_at_once),
		TEST(a_member_that_was_killed_alone_did_not_end_with_a_living_founder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
