// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "tests/unit/spec/applied.h"

/* ---- limits ---- */

static void memory_is_a_size_in_bytes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = { { "100000", 100000 }, { "65536b", 65536 },   { "64k", 65536 },
		      { "64m", 64 << 20 },  { "64MiB", 64 << 20 }, { "1.5g", 3LL << 29 } };
	static char *const wrong[] = { "",     "m",	      "0",   "-1",   "64x",
				       "1 mm", "9999999999g", "512", "512b", "63k" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_options options = { .memory = cases[i].text };

		apply(&options);
		assert_true(config.linux->resources->memory->limit.set);
		assert_int_equal(config.linux->resources->memory->limit.value, cases[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSED("--memory ", .memory = wrong[i]);
}

static void cpus_are_a_quota_of_a_tenth_of_a_second(void **state)
{
	static const struct {
		const char *text;
		int64_t quota;
	} cases[] = {
		{ "1", 100000 },
		{ "1.5", 150000 },
		{ "0.01", 1000 },
		{ "64", 6400000 },
	};
	static char *const wrong[] = { "",  "x",  "nan", "inf",	   "-1",
				       "0", "1x", " 1",	 "0.0099", "10001" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_options options = { .cpus = cases[i].text };

		apply(&options);
		assert_int_equal(config.linux->resources->cpu->period.value, 100000);
		assert_int_equal(config.linux->resources->cpu->quota.value, cases[i].quota);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSED("--cpus ", .cpus = wrong[i]);
}

static void several_limits_are_kept_beside_each_other(void **state)
{
	const struct spec_options options = { .memory = "1m", .cpus = "2", .pids_limit = "-1" };

	(void)state;
	apply(&options);
	assert_int_equal(config.linux->resources->memory->limit.value, 1 << 20);
	assert_int_equal(config.linux->resources->cpu->quota.value, 200000);
	assert_int_equal(config.linux->resources->pids->limit.value, -1);
	REFUSED("--pids-limit -2", .pids_limit = "-2");
	REFUSED("--pids-limit many", .pids_limit = "many");
}

static void ulimits_replace_those_of_the_default_config(void **state)
{
	const struct spec_options none = { 0 };
	const struct spec_options options = {
		.ulimits = TEXTS("nofile=10:20", "core=unlimited", "Stack=-1:-1", "nproc=7"),
	};
	const struct config_rlimit *limits;

	(void)state;
	apply(&none);
	assert_int_equal(config.process->rlimits.count, 0);
	apply(&options);
	limits = config.process->rlimits.items;
	assert_int_equal(config.process->rlimits.count, 4);
	assert_int_equal(limits[0].type, RLIMIT_NOFILE);
	assert_int_equal(limits[0].soft.value, 10);
	assert_int_equal(limits[0].hard.value, 20);
	assert_int_equal(limits[1].type, RLIMIT_CORE);
	assert_true(limits[1].hard.value == UINT64_MAX);
	assert_int_equal(limits[2].type, RLIMIT_STACK);
	assert_true(limits[2].soft.value == UINT64_MAX);
	assert_int_equal(limits[3].soft.value, 7);
	assert_int_equal(limits[3].hard.value, 7);
	REFUSED("--ulimit fly=1: ", .ulimits = TEXTS("fly=1"));
	REFUSED("--ulimit nofile: ", .ulimits = TEXTS("nofile"));
	REFUSED("--ulimit nofile=: ", .ulimits = TEXTS("nofile="));
	REFUSED("--ulimit nofile=1:2:3: ", .ulimits = TEXTS("nofile=1:2:3"));
}

/* ---- capabilities ---- */

#define DEFAULTS_COUNT 11

static void assert_capabilities(const struct spec_options *options, int count, int has, int lacks)
{
	const struct config_capabilities *set;

	apply(options);
	set = config.process->capabilities;
	assert_int_equal(__builtin_popcountll(set->bounding), count);
	assert_true(set->effective == set->bounding && set->permitted == set->bounding);
	assert_true(set->inheritable == 0 && set->ambient == 0);
	assert_true(has < 0 || (set->bounding & CONFIG_CAPABILITY(has)));
	assert_true(lacks < 0 || !(set->bounding & CONFIG_CAPABILITY(lacks)));
}

static void capabilities_are_added_and_dropped_by_name(void **state)
{
	const struct spec_options none = { 0 };
	const struct spec_options added = { .cap_add = TEXTS("net_admin", "CAP_SYS_PTRACE") };
	const struct spec_options again = { .cap_add = TEXTS("chown") };
	const struct spec_options dropped = { .cap_drop = TEXTS("Chown") };

	(void)state;
	assert_capabilities(&none, DEFAULTS_COUNT, CAP_CHOWN, CAP_SYS_ADMIN);
	assert_capabilities(&added, DEFAULTS_COUNT + 2, CAP_NET_ADMIN, CAP_SYS_ADMIN);
	assert_capabilities(&again, DEFAULTS_COUNT, CAP_CHOWN, -1);
	assert_capabilities(&dropped, DEFAULTS_COUNT - 1, CAP_KILL, CAP_CHOWN);
	REFUSED("--cap-add fly: ", .cap_add = TEXTS("fly"));
	REFUSED("--cap-drop : ", .cap_drop = TEXTS(""));
}

/* The order on the command line isn't known any more, so it can't count. */
static void all_is_the_base_and_a_name_that_is_dropped_stays_dropped(void **state)
{
	const struct spec_options none = { .cap_drop = TEXTS("all") };
	const struct spec_options one = { .cap_add = TEXTS("CHOWN"), .cap_drop = TEXTS("ALL") };
	const struct spec_options most = { .cap_add = TEXTS("ALL"),
					   .cap_drop = TEXTS("SYS_ADMIN") };
	const struct spec_options both = { .cap_add = TEXTS("CHOWN"), .cap_drop = TEXTS("CHOWN") };

	(void)state;
	assert_capabilities(&none, 0, -1, CAP_CHOWN);
	assert_capabilities(&one, 1, CAP_CHOWN, -1);
	assert_capabilities(&both, DEFAULTS_COUNT - 1, -1, CAP_CHOWN);
	assert_capabilities(&most, __builtin_popcountll(CONFIG_CAPABILITY_ALL) - 1,
			    CAP_SYS_RESOURCE, CAP_SYS_ADMIN);
}

static void another_user_has_the_bounding_set_alone(void **state)
{
	const struct spec_options options = { .user = "7:8", .cap_add = TEXTS("NET_RAW") };

	(void)state;
	apply(&options);
	assert_int_equal(config.process->user->uid.value, 7);
	assert_int_equal(config.process->user->gid.value, 8);
	assert_true(config.process->capabilities->bounding & CONFIG_CAPABILITY(CAP_NET_RAW));
	assert_true(config.process->capabilities->effective == 0);
	assert_true(config.process->capabilities->permitted == 0);
}

/* ---- ports ---- */

static void published_ports_are_an_annotation_with_a_line_each(void **state)
{
	(void)state;
	apply(&(const struct spec_options){ .publish = TEXTS("8080:80", "[::1]:0:53/udp") });
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_PUBLISH),
			    "8080:80\n[::1]:0:53/udp");
	apply(&(const struct spec_options){ .user = NULL });
	assert_null(config_annotation(&config, CONFIG_ANNOTATION_PUBLISH));
}

/* ---- the environment ---- */

static void the_environment_is_that_of_files_then_that_of_options(void **state)
{
	const struct spec_options options = {
		.env_files = TEXTS(file),
		.env = TEXTS("B=option", "URUN_TEST_GIVEN", "URUN_TEST_UNKNOWN", "EMPTY="),
	};

	(void)state;
	write_test_file("# a comment\n\nA=file\n  B=file\nC=x y=z\nURUN_TEST_UNKNOWN\n");
	setenv("URUN_TEST_GIVEN", "caller's", 1);
	unsetenv("URUN_TEST_UNKNOWN");
	apply(&options);
	assert_string_equal(config_env(config.process, "A"), "file");
	assert_string_equal(config_env(config.process, "B"), "option");
	assert_string_equal(config_env(config.process, "C"), "x y=z");
	assert_string_equal(config_env(config.process, "EMPTY"), "");
	assert_string_equal(config_env(config.process, "URUN_TEST_GIVEN"), "caller's");
	assert_null(config_env(config.process, "URUN_TEST_UNKNOWN"));
	/* As an editor on Windows writes it; and names that are no shell's. */
	write_test_file("\xef\xbb\xbf"
			"A=1\r\nB.c-d=2\r\n\r\nexported=3");
	apply(&(const struct spec_options){ .env_files = TEXTS(file) });
	assert_string_equal(config_env(config.process, "A"), "1");
	assert_string_equal(config_env(config.process, "B.c-d"), "2");
	assert_string_equal(config_env(config.process, "exported"), "3");
	REFUSED("--env =x: ", .env = TEXTS("=x"));
	write_test_file("=x\n");
	REFUSED("--env-file /tmp/urun-test-options-", .env_files = TEXTS(file));
	assert_non_null(strstr(err.text, ":1: : expected NAME=VALUE"));
	/* Neither the word of a shell nor blanks belong to a name, and a value is no error's matter. */
	write_test_file("A=1\n\n# x\nexport C=secret\n");
	REFUSED("--env-file /tmp/urun-test-options-", .env_files = TEXTS(file));
	assert_non_null(strstr(err.text, ":4: export C: expected NAME=VALUE, without"));
	assert_null(strstr(err.text, "secret"));
	write_test_file("A =1\n");
	REFUSED("--env-file /tmp/urun-test-options-", .env_files = TEXTS(file));
	REFUSED("--env export A=1: ", .env = TEXTS("export A=1"));
	REFUSED("--env A B: ", .env = TEXTS("A B"));
	REFUSED("--env-file /no/such/file", .env_files = TEXTS("/no/such/file"));
	assert_int_equal(err.code, ENOENT);
}

/* ---- security ---- */

static void the_default_profile_is_replaced_or_left_out(void **state)
{
	const struct spec_options none = { 0 };
	const struct spec_options unconfined = { .security = TEXTS("seccomp=unconfined") };
	const struct spec_options profile = { .security = TEXTS("") };
	autofree char *word = str_format("seccomp=%s", file);
	struct spec_options own = profile;
	char *words[] = { word };

	(void)state;
	apply(&none);
	assert_int_equal(config.linux->seccomp->default_action, CONFIG_SECCOMP_ERRNO);
	assert_true(config.linux->seccomp->syscalls.count > 1);
	apply(&unconfined);
	assert_null(config.linux->seccomp);
	own.security.items = words;
	write_test_file("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
	apply(&own);
	assert_int_equal(config.linux->seccomp->default_action, CONFIG_SECCOMP_ALLOW);
	assert_int_equal(config.linux->seccomp->syscalls.count, 0);
	write_test_file("{\"defaultAction\": \"SCMP_ACT_FLY\"}");
	assert_refused("--security-opt seccomp=/tmp", &own);
	REFUSED("--security-opt seccomp=/no/such", .security = TEXTS("seccomp=/no/such"));
	assert_int_equal(err.code, ENOENT);
}

static void paths_are_unmasked_by_patterns(void **state)
{
	const struct spec_options none = { 0 };
	const struct spec_options some = { .security = TEXTS("unmask=/proc/s*:/sys/firmware") };
	const struct spec_options all = { .security = TEXTS("unmask:ALL") };

	(void)state;
	apply(&none);
	assert_true(lists(&config.linux->masked_paths, "/sys/firmware"));
	assert_true(lists(&config.linux->readonly_paths, "/proc/sys"));
	apply(&some);
	assert_false(lists(&config.linux->masked_paths, "/sys/firmware"));
	assert_false(lists(&config.linux->masked_paths, "/proc/scsi"));
	assert_true(lists(&config.linux->masked_paths, "/proc/kcore"));
	assert_false(lists(&config.linux->readonly_paths, "/proc/sys"));
	assert_true(lists(&config.linux->readonly_paths, "/proc/bus"));
	apply(&all);
	assert_int_equal(config.linux->masked_paths.count, 0);
	assert_int_equal(config.linux->readonly_paths.count, 0);
}

static void security_words_are_taken_whole(void **state)
{
	const struct spec_options off = { .security = TEXTS("no-new-privileges=false") };
	const struct spec_options on = { .security = TEXTS("no-new-privileges:false",
							   "no-new-privileges") };
	const struct spec_options apparmor = { .security = TEXTS("apparmor=mine") };
	static char *const wrong[] = { "",
				       "seccomp",
				       "seccomp=",
				       "unmask=",
				       "apparmor=",
				       "no-new-privileges=maybe",
				       "label=type:x" };

	(void)state;
	apply(&off);
	assert_false(config.process->no_new_privileges);
	apply(&on);
	assert_true(config.process->no_new_privileges);
	apply(&apparmor);
	assert_string_equal(config.process->apparmor_profile, "mine");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSED("--security-opt ", .security = TEXTS(wrong[i]));
}

/* ---- ids ---- */

static void mappings_are_taken_as_they_are_written(void **state)
{
	const struct spec_options options = { .uid_maps = TEXTS("0:1000:1", "1:100000:5") };
	static char *const wrong[] = { "",	"0",	  "0:1",	   "0:1:2:3",
				       "a:1:2", "0:-1:2", "0:1:4294967296" };

	(void)state;
	apply(&options);
	assert_int_equal(config.linux->uid_mappings.count, 2);
	assert_int_equal(config.linux->uid_mappings.items[1].inner.value, 1);
	assert_int_equal(config.linux->uid_mappings.items[1].outer.value, 100000);
	assert_int_equal(config.linux->uid_mappings.items[1].count.value, 5);
	/* The gids stay the default ones. */
	assert_int_equal(config.linux->gid_mappings.count, 2);
	assert_int_equal(config.linux->gid_mappings.items[1].count.value, 9);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		REFUSED("--uidmap ", .uid_maps = TEXTS(wrong[i]));
		REFUSED("--gidmap ", .gid_maps = TEXTS(wrong[i]));
	}
	REFUSED("--userns keep-id can't be combined", .userns = "keep-id",
		.gid_maps = TEXTS("0:1000:1"));
}

/* ---- the root and mounts ---- */

static void a_root_is_a_directory_and_its_path_is_resolved(void **state)
{
	autofree char *dotted = str_format("%s/./../%s", rootfs, strrchr(rootfs, '/') + 1);
	const struct spec_options options = { .rootfs = dotted, .read_only = true };

	(void)state;
	apply(&options);
	assert_string_equal(config.root->path, rootfs);
	assert_true(config.root->readonly);
	assert_null(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY));
	write_test_file("");
	REFUSED("--rootfs /tmp", .rootfs = file);
	assert_int_equal(err.code, ENOTDIR);
	REFUSED("--rootfs /no/such", .rootfs = "/no/such");
	assert_int_equal(err.code, ENOENT);
}

static void an_overlay_is_in_memory_or_in_a_directory_that_a_start_makes(void **state)
{
	const struct spec_options memory = { .overlay = "" };
	const struct spec_options directory = { .overlay = file };
	struct stat st;

	(void)state;
	apply(&memory);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY), "tmpfs");
	apply(&directory);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY), file);
	assert_int_equal(stat(file, &st), -1);
	/* One that exists is followed. */
	assert_int_equal(symlink(rootfs, file), 0);
	apply(&directory);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY), rootfs);
	REFUSED("--overlay /no/such/path", .overlay = "/no/such/path");
}

/* Whatever is asked for besides: nothing is written to the host, and homes are hidden. */
static void the_hosts_own_system_is_never_written_to(void **state)
{
	const struct spec_options options = {
		.rootfs = "/usr/..",
		.annotations = TEXTS("org.urun.hidden=/data/keys"),
	};
	const char *hidden;

	(void)state;
	apply(&options);
	assert_string_equal(config.root->path, "/");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_OVERLAY), "tmpfs");
	hidden = config_annotation(&config, CONFIG_ANNOTATION_HIDDEN);
	assert_non_null(strstr(hidden, "/home\n"));
	assert_non_null(strstr(hidden, "\n/data/keys"));
	assert_string_equal(mount_at("/tmp")->type, "tmpfs");
	assert_string_equal(mount_at("/home")->type, "tmpfs");
}

static void mounts_have_the_options_that_are_given(void **state)
{
	autofree char *volume = str_format("%s:/data:ro", rootfs);
	const struct spec_options options = {
		.tmpfs = TEXTS("/a:size=1m,,mode=0700", "/b"),
		.volumes = TEXTS(volume),
	};
	const struct config_mount *mount;
	struct str_list words;

	(void)state;
	apply(&options);
	mount = mount_at("/a");
	words = words_of(mount);
	assert_string_equal(mount->type, "tmpfs");
	assert_true(lists(&words, "nosuid") && lists(&words, "size=1m"));
	/* The last one of a name counts, when it is mounted. */
	assert_string_equal(words.items[words.count - 1], "mode=0700");
	assert_int_equal(words_of(mount_at("/b")).count, 3);
	mount = mount_at("/data");
	words = words_of(mount);
	assert_string_equal(mount->source, rootfs);
	assert_true(lists(&words, "rbind") && lists(&words, "rro"));
	REFUSED("--tmpfs a: ", .tmpfs = TEXTS("a"));
	REFUSED("--volume /a: ", .volumes = TEXTS("/a"));
	REFUSED("--volume /no/such", .volumes = TEXTS("/no/such:/b"));
	REFUSED("--volume /:/b:fly: ", .volumes = TEXTS("/:/b:fly"));
}

/* ---- the rest ---- */

static void the_process_is_the_one_that_is_asked_for(void **state)
{
	const struct spec_options options = {
		.command = TEXTS("echo", "a b", ""),
		.workdir = "/srv",
		.hostname = "name",
		.terminal = false,
		.network = "slirp",
		.keep_groups = true,
		.annotations = TEXTS("a=b=c", "org.urun.network=host"),
	};

	(void)state;
	apply(&options);
	assert_int_equal(config.process->args.count, 3);
	assert_string_equal(config.process->args.items[1], "a b");
	assert_string_equal(config.process->cwd, "/srv");
	assert_false(config.process->terminal);
	assert_string_equal(config.hostname, "name");
	assert_string_equal(config_annotation(&config, "a"), "b=c");
	/* An option counts more than the annotation that it stands for. */
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_NETWORK), "slirp");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_KEEP_GROUPS), "1");
	REFUSED("--workdir srv: ", .workdir = "srv");
	REFUSED("--annotation a: ", .annotations = TEXTS("a"));
	REFUSED("--annotation =a: ", .annotations = TEXTS("=a"));
	REFUSED("--annotation a=\xff: ", .annotations = TEXTS("a=\xff"));
}

/*
 * An overlay or a volume may have the user, so the text goes to the container's first process.  Until then the
 * program's user is nobody, and never root by mistake.
 */
static void a_user_that_is_not_two_numbers_is_looked_up_in_the_container(void **state)
{
	const struct spec_options name = { .user = "nobody-here" }, number = { .user = "7" };
	const struct spec_options numbers = { .user = "7:8" };

	(void)state;
	apply(&name);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_USER), "nobody-here");
	assert_int_equal(config.process->user->uid.value, CONFIG_ID_NOBODY);
	assert_true(config.process->capabilities->effective == 0);
	apply(&number);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_USER), "7");
	assert_int_equal(config.process->user->uid.value, 7);
	apply(&numbers);
	assert_null(config_annotation(&config, CONFIG_ANNOTATION_USER));
}

/* What the options make is what the parser of config.json takes. */
static void the_config_can_be_printed_and_read_back(void **state)
{
	autofree char *volume = str_format("%s:/data:ro,U", rootfs);
	const struct spec_options options = {
		.memory = "64m",
		.cpus = "0.5",
		.ulimits = TEXTS("nofile=10:20"),
		.cap_add = TEXTS("ALL"),
		.tmpfs = TEXTS("/a"),
		.volumes = TEXTS(volume),
		.user = "5:6",
		.command = TEXTS("true"),
	};
	autostrbuf struct strbuf text = { 0 };
	struct container_config parsed = { 0 };

	(void)state;
	apply(&options);
	config_print(&config, JSON_INDENTED, &text);
	if (config_parse(text.bytes, text.size, &parsed, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(parsed.linux->resources->cpu->quota.value, 50000);
	assert_int_equal(parsed.process->user->uid.value, 5);
	config_release(&parsed);
}

static void every_wrong_option_is_named_where_all_errors_are_wanted(void **state)
{
	const struct spec_options options = {
		.memory = "x",
		.env = TEXTS("=x"),
		.cap_add = TEXTS("fly"),
		.security = TEXTS("x"),
		.workdir = "srv",
	};
	struct spec_options with_root = options;
	struct error_list all = { 0 };
	const struct spec_caller caller = { .uid = 1000, .gid = 1000 };

	(void)state;
	/* The first call fails at the first wrong option, and leaves a config to try again. */
	assert_refused("--workdir srv: ", &options);
	err = ERROR_NONE;
	err.all = &all;
	with_root.rootfs = rootfs;
	assert_int_equal(spec_apply(&with_root, &caller, &config, &err), 0);
	assert_int_equal(all.count, 5);
	assert_string_equal(all.items[2].text, "--cap-add fly: unknown capability");
	error_list_release(&all);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_a_size_in_bytes),
		TEST(cpus_are_a_quota_of_a_tenth_of_a_second),
		TEST(several_limits_are_kept_beside_each_other),
		TEST(ulimits_replace_those_of_the_default_config),
		TEST(capabilities_are_added_and_dropped_by_name),
		TEST(all_is_the_base_and_a_name_that_is_dropped_stays_dropped),
		TEST(another_user_has_the_bounding_set_alone),
		TEST(published_ports_are_an_annotation_with_a_line_each),
		TEST(the_environment_is_that_of_files_then_that_of_options),
		TEST(a_user_that_is_not_two_numbers_is_looked_up_in_the_container),
		TEST(the_default_profile_is_replaced_or_left_out),
		TEST(paths_are_unmasked_by_patterns),
		TEST(security_words_are_taken_whole),
		TEST(mappings_are_taken_as_they_are_written),
		TEST(a_root_is_a_directory_and_its_path_is_resolved),
		TEST(an_overlay_is_in_memory_or_in_a_directory_that_a_start_makes),
		TEST(the_hosts_own_system_is_never_written_to),
		TEST(mounts_have_the_options_that_are_given),
		TEST(the_process_is_the_one_that_is_asked_for),
		TEST(the_config_can_be_printed_and_read_back),
		TEST(every_wrong_option_is_named_where_all_errors_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
