// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/config/change.h"
#include "rootless/scope.h"
#include "tests/unit/rootless/fake_host.h"

static struct container_config config;
static struct error err;
static struct userns_plan plan;
static struct userns_caller caller;
static char warnings[4096];

static void take_line(enum log_level level, const char *text, void *context)
{
	(void)context;
	if (level == LOG_LEVEL_WARNING)
		snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n",
			 text);
}

static int setup(void **state)
{
	err = ERROR_NONE;
	warnings[0] = '\0';
	log_set_sink(take_line, NULL);
	if (fake_host_setup(state) < 0)
		return -1;
	plan = (struct userns_plan){ .mode = USERNS_HELPERS, .setgroups_allowed = true };
	idmap_add(&plan.uids, 0, 1000, 1);
	idmap_add(&plan.uids, 1, 100000, 65536);
	plan.gids = plan.uids;
	caller = (struct userns_caller){
		.host = { fake_root }, .uid = 1000, .gid = 1000, .initial = true
	};
	fake_file("/etc/passwd", "ann:x:1000:1000::/:/bin/sh\n");
	fake_file("/etc/subuid", "ann:100000:65536\n");
	fake_file("/etc/subgid", "ann:100000:65536\n");
	return 0;
}

static int teardown(void **state)
{
	log_set_sink(NULL, NULL);
	config_release(&config);
	config = (struct container_config){ 0 };
	return fake_host_teardown(state);
}

static void single_id(void)
{
	plan.mode = USERNS_DIRECT;
	plan.setgroups_allowed = false;
	plan.uids.count = 1;
	plan.gids.count = 1;
}

#define NAMESPACES                                                                                            \
	"\"namespaces\": [{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"},{\"type\":\"ipc\"}," \
	"{\"type\":\"uts\"},{\"type\":\"cgroup\"}]"

/*
 * The members of process, of the config itself and of linux; each text is empty or begins with a
 * comma.
 */
static int scoped_full(const char *process, const char *own, const char *linux)
{
	autofree char *text = str_format(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}%s}%s,\"linux\":{%s}}",
		process, own, linux);
	struct error parse_error = ERROR_NONE;

	config_release(&config);
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	if (config_parse(text, strlen(text), &config, &parse_error) < 0)
		fail_msg("config_parse: %s", parse_error.text);
	return scope_config(&config, &plan, &caller, &err);
}

static int scoped(const char *own)
{
	return scoped_full("", own, NAMESPACES);
}

static int scoped_linux(const char *linux)
{
	autofree char *all = str_format(NAMESPACES ",%s", linux);

	return scoped_full("", "", all);
}

static const char *options(size_t mount)
{
	static char line[512];
	struct str_list words;

	mount_options_words(&config.mounts.items[mount].options, &config.arena, &words);
	line[0] = '\0';
	for (size_t i = 0; i < words.count; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? "," : "",
			 words.items[i]);
	return line;
}

static void assert_fails(int result, const char *text, const char *hint)
{
	assert_int_equal(result, -1);
	assert_string_equal(err.text, text);
	assert_string_equal(err.hint, hint);
}

static void assert_fails_with(int result, const char *part)
{
	assert_int_equal(result, -1);
	if (!strstr(err.text, part))
		fail_msg("'%s' isn't in '%s'", part, err.text);
}

static void test_user_namespace_is_added(void **state)
{
	(void)state;
	assert_int_equal(scoped(""), 0);
	assert_non_null(config_find_namespace(&config, CONFIG_NS_USER));
	assert_int_equal(config.linux->namespaces.count, 7);
	plan.mode = USERNS_INHERIT;
	assert_int_equal(scoped(""), 0);
	assert_null(config_find_namespace(&config, CONFIG_NS_USER));
	assert_int_equal(config.linux->namespaces.count, 6);
}

/*
 * `exec` joins a namespace by a descriptor, and a bundle by a path: the hint names the one that is
 * known.
 */
static void assert_hint_without_hole(const char *text)
{
	assert_non_null(strstr(err.text, text));
	assert_int_not_equal(err.hint[0], '\0');
	assert_null(strstr(err.hint, "(null)"));
	assert_int_equal(strstr(err.hint, "/run/userns") != NULL, plan.join_path != NULL);
}

static void test_hints_of_a_joined_user_namespace_have_no_hole(void **state)
{
	static const char *const paths[] = { NULL, "/run/userns" };
	gid_t group = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(scoped_full("", "", NAMESPACES), 0);
		plan.mode = USERNS_JOIN;
		plan.join_path = paths[i];
		plan.setgroups_allowed = true;
		config.process->user->uid.value = 70000;
		assert_int_equal(scope_process(&config, &plan, &caller, &err), -1);
		assert_hint_without_hole("uid 70000 is not mapped");
		config.process->user->uid.value = 0;
		config.process->user->additional_gids.items = &group;
		config.process->user->additional_gids.count = 1;
		plan.setgroups_allowed = false;
		assert_int_equal(scope_process(&config, &plan, &caller, &err), -1);
		assert_hint_without_hole("denies setgroups");
	}
}

static void test_own_user_namespace_by_path_is_not_joined(void **state)
{
	(void)state;
	plan.mode = USERNS_INHERIT;
	assert_int_equal(
		scoped_full(
			"", "",
			"\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/self/ns/user\"},{\"type\":\"mount\"}]"),
		0);
	assert_int_equal(config.linux->namespaces.count, 1);
	assert_int_equal(config.linux->namespaces.items[0].type, CONFIG_NS_MOUNT);
}

/* @@own: as in scoped_full(). */
static int scoped_user_with(const char *user, const char *own)
{
	autofree char *text = str_format(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":%s}%s,\"linux\":{" NAMESPACES
		"}}",
		user, own);
	struct error parse_error = ERROR_NONE;

	config_release(&config);
	err = ERROR_NONE;
	if (config_parse(text, strlen(text), &config, &parse_error) < 0)
		fail_msg("config_parse: %s", parse_error.text);
	return scope_config(&config, &plan, &caller, &err);
}

static int scoped_user(const char *user)
{
	return scoped_user_with(user, "");
}

static void test_ids_of_the_process(void **state)
{
	(void)state;
	assert_int_equal(scoped_user("{\"uid\":65536,\"gid\":65536,\"additionalGids\":[1,5]}"), 0);
	assert_int_equal(config.process->user->additional_gids.count, 2);
	assert_fails(
		scoped_user("{\"uid\":65537,\"gid\":0}"),
		"process.user.uid: uid 65537 is not mapped; the map is 0 1000 1, 1 100000 65536",
		"run as root usermod --add-subuids 165536-231071 ann");
	assert_fails_with(scoped_user("{\"uid\":0,\"gid\":70000}"),
			  "process.user.gid: gid 70000 is not mapped");
	assert_fails(
		scoped_user("{\"uid\":0,\"gid\":0,\"additionalGids\":[1,200000]}"),
		"process.user.additionalGids[1]: gid 200000 is not mapped; the map is 0 1000 1, 1 100000 65536",
		"run as root usermod --add-subgids 165536-299999 ann");
	assert_string_equal(warnings, "");
	single_id();
	assert_fails(
		scoped_user("{\"uid\":0,\"gid\":0,\"additionalGids\":[1,5]}"),
		"process.user.additionalGids: can't be set, as the user namespace denies setgroups(2)",
		"run as root usermod --add-subgids 165536-231071 ann");
	plan.mode = USERNS_INHERIT;
	assert_fails_with(scoped_user("{\"uid\":0,\"gid\":0,\"additionalGids\":[0]}"),
			  "process.user.additionalGids: can't be set");
	assert_int_equal(scoped_user("{\"uid\":0,\"gid\":0,\"additionalGids\":[]}"), 0);
	assert_string_equal(warnings, "");
}

static void test_groups_that_are_looked_up_later_are_refused_where_they_cant_be_set(void **state)
{
	(void)state;
	assert_int_equal(scoped_user("{\"uid\":0,\"gid\":0}"), 0);
	config_set_annotation(&config, CONFIG_ANNOTATION_GROUPS, "video");
	assert_int_equal(scope_process(&config, &plan, &caller, &err), 0);
	single_id();
	assert_fails_with(scope_process(&config, &plan, &caller, &err),
			  "process.user.additionalGids: can't be set");
}

static void test_groups_are_nothing_where_the_callers_are_kept(void **state)
{
	(void)state;
	single_id();
	assert_int_equal(
		scoped_user_with("{\"uid\":0,\"gid\":0,\"additionalGids\":[1,200000]}",
				 ",\"annotations\":{\"run.oci.keep_original_groups\":\"1\"}"),
		0);
	assert_int_equal(config.process->user->additional_gids.count, 0);
	assert_string_equal(warnings, "");
}

static void test_hint_of_given_mappings(void **state)
{
	(void)state;
	single_id();
	assert_fails(
		scoped_full(
			"",
			",\"mounts\":[{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"uid=5\"]}]",
			"\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"}],"
			"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
			"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"),
		"mounts[0].options[0]: uid 5 is not mapped; the map is 0 1000 1",
		"add the id to linux.uidMappings");
}

static void test_ids_of_mounts(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
		"\"options\":[\"nosuid\",\"newinstance\",\"gid=5\",\"mode=0620\"]}]";

	(void)state;
	assert_int_equal(scoped(mounts), 0);
	assert_string_equal(options(0), "nosuid,newinstance,gid=5,mode=0620");
	single_id();
	assert_int_equal(scoped(mounts), 0);
	assert_string_equal(options(0), "nosuid,newinstance,mode=0620");
	assert_fails_with(
		scoped(",\"mounts\":[{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"mode=1777\",\"gid=5\"]}]"),
		"mounts[0].options[1]: gid 5 is not mapped; the map is 0 1000 1");
	assert_int_equal(
		scoped(",\"mounts\":[{\"destination\":\"/t\",\"source\":\"/x\",\"options\":[\"bind\",\"gid=5\"]}]"),
		0);
}

static void test_sysfs_without_a_network_namespace(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
		"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\",\"rslave\"]}]";

	(void)state;
	assert_int_equal(scoped(mounts), 0);
	assert_string_equal(config.mounts.items[0].type, "sysfs");
	assert_string_equal(options(0), "nosuid,noexec,nodev,ro,rslave");
	assert_int_equal(
		scoped_full("", mounts, "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]"),
		0);
	assert_string_equal(config.mounts.items[0].type, "bind");
	assert_string_equal(config.mounts.items[0].source, "/sys");
	assert_string_equal(options(0), "rbind,nosuid,noexec,nodev,rro,rslave");
}

static void test_proc_without_a_pid_namespace(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}]";

	(void)state;
	assert_int_equal(scoped(mounts), 0);
	assert_string_equal(config.mounts.items[0].type, "proc");
	assert_int_equal(
		scoped_full(
			"", mounts,
			"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/proc/7/ns/pid\"}]"),
		0);
	assert_string_equal(config.mounts.items[0].type, "proc");
	assert_int_equal(scoped_full("", mounts, "\"namespaces\":[{\"type\":\"mount\"}]"), 0);
	assert_string_equal(config.mounts.items[0].type, "bind");
	assert_string_equal(config.mounts.items[0].source, "/proc");
	assert_string_equal(options(0), "rbind,nosuid,noexec,nodev");
}

static void test_mqueue_without_an_ipc_namespace(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\"}]";

	(void)state;
	assert_int_equal(scoped(mounts), 0);
	assert_string_equal(config.mounts.items[0].type, "mqueue");
	assert_int_equal(scoped_full("", mounts, "\"namespaces\":[{\"type\":\"mount\"}]"), 0);
	assert_string_equal(config.mounts.items[0].source, "/dev/mqueue");
	assert_string_equal(options(0), "rbind,nosuid,noexec,nodev,nofail,x-urun-quiet");
}

static void test_cgroup_mount(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\"},"
		"{\"destination\":\"/t\",\"type\":\"tmpfs\"}]";

	(void)state;
	assert_int_equal(scoped(mounts), 0);
	assert_int_equal(config.mounts.count, 1);
	assert_string_equal(config.mounts.items[0].destination, "/t");
	/* The directory isn't a cgroup2 file system, as on a hybrid or version 1 host. */
	fake_file("/sys/fs/cgroup/README", "");
	assert_int_equal(scoped(mounts), 0);
	assert_int_equal(config.mounts.count, 2);
	assert_string_equal(config.mounts.items[0].type, "bind");
	assert_string_equal(config.mounts.items[0].source, "/sys/fs/cgroup");
	assert_string_equal(options(0), "rbind,nosuid,noexec,nodev,rro");
}

static void test_disk_file_systems(void **state)
{
	(void)state;
	assert_fails(
		scoped(",\"mounts\":[{\"destination\":\"/d\",\"type\":\"ext4\",\"source\":\"/dev/sda1\"}]"),
		"mounts[0].type: only root of the host can mount ext4 on /d; use a bind mount or a FUSE tool",
		"");
	assert_int_equal(
		scoped(",\"mounts\":[{\"destination\":\"/d\",\"type\":\"ext4\",\"source\":\"/d\",\"options\":[\"bind\"]}]"),
		0);
	assert_int_equal(
		scoped(",\"mounts\":[{\"destination\":\"/d\",\"type\":\"overlay\",\"source\":\"overlay\"}]"),
		0);
}

static void test_devices(void **state)
{
	(void)state;
	fake_file("/dev/regular", "");
	assert_fails_with(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/none\",\"type\":\"c\",\"major\":1,\"minor\":3}]"),
		"/dev/none");
	assert_fails_with(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/regular\",\"type\":\"c\",\"major\":1,\"minor\":3}]"),
		"linux.devices[0]: the host has no character device 1:3, neither as /dev/regular");
	assert_int_equal(scoped_linux("\"devices\":[{\"path\":\"/dev/fifo\",\"type\":\"p\"}]"), 0);
	caller.host.root = "";
	assert_int_equal(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3}]"),
		0);
	assert_int_equal(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/null\",\"type\":\"u\",\"major\":1,\"minor\":3}]"),
		0);
	assert_fails_with(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/null\",\"type\":\"b\",\"major\":1,\"minor\":2000}]"),
		"no block device 1:2000");
	assert_int_equal(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/other\",\"type\":\"c\",\"major\":1,\"minor\":5}]"),
		0);
	assert_fails_with(
		scoped_linux(
			"\"devices\":[{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":2000}]"),
		"no character device 1:2000");
}

static void test_device_rules_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(
		scoped_linux("\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}"),
		0);
}

static int scoped_process(const char *process)
{
	return scoped_full(process, "", NAMESPACES);
}

static void test_rlimits(void **state)
{
	struct rlimit own, lower;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
	lower = own;
	lower.rlim_cur = lower.rlim_max = own.rlim_max < 512 ? own.rlim_max : 512;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
	assert_int_equal(
		scoped_process(
			",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":512}]"),
		0);
	assert_fails(
		scoped_process(
			",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":513}]"),
		"process.rlimits[0]: the hard limit 513 of RLIMIT_NOFILE is above urun's own of 512",
		"ask for less, or as root add 'ann hard nofile 513' to /etc/security/limits.conf and log in again");
	caller.caps = 1ull << CAP_SYS_RESOURCE;
	assert_int_equal(
		scoped_process(
			",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":513}]"),
		0);
	/* As root of an engine's user namespace: that isn't the host's root, and nobody knows whose it is. */
	caller.initial = false;
	assert_fails(
		scoped_process(
			",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":513}]"),
		"process.rlimits[0]: the hard limit 513 of RLIMIT_NOFILE is above urun's own of 512",
		"ask for less, or as root of the host add 'USER hard nofile 513', with your user's name, to /etc/security/limits.conf and log in again");
}

static void test_oom_score(void **state)
{
	(void)state;
	fake_file("/proc/self/oom_score_adj", "200\n");
	assert_int_equal(scoped_process(",\"oomScoreAdj\":300"), 0);
	assert_int_equal(config.process->oom_score_adj.value, 300);
	assert_int_equal(scoped_process(""), 0);
	assert_false(config.process->oom_score_adj.set);
	/* Where nobody asked for a value, engines write 0. */
	assert_int_equal(scoped_process(",\"oomScoreAdj\":0"), 0);
	assert_int_equal(config.process->oom_score_adj.value, 200);
	assert_string_equal(warnings, "");
	assert_int_equal(scoped_process(",\"oomScoreAdj\":-500"), 0);
	assert_int_equal(config.process->oom_score_adj.value, 200);
	assert_string_equal(
		warnings,
		"process.oomScoreAdj: -500 becomes urun's own 200, below which only root can go\n");
	warnings[0] = '\0';
	config.process->oom_score_adj.value = -500;
	assert_int_equal(scope_process(&config, &plan, &caller, &err), 0);
	assert_int_equal(config.process->oom_score_adj.value, 200);
	caller.caps = 1ull << CAP_SYS_RESOURCE;
	assert_int_equal(scoped_process(",\"oomScoreAdj\":-500"), 0);
	assert_int_equal(config.process->oom_score_adj.value, -500);
	assert_string_equal(warnings, "");
}

static void test_sysctl(void **state)
{
	(void)state;
	assert_int_equal(
		scoped_linux(
			"\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/conf/eth0.1/forwarding\":\"1\",\"kernel.shmmax\":\"1\","
			"\"kernel.sem\":\"1 2 3 4\",\"fs.mqueue.msg_max\":\"5\",\"user.max_user_namespaces\":\"0\"}"),
		0);
	assert_fails_with(scoped_linux("\"sysctl\":{\"kernel.hostname\":\"x\"}"),
			  "set by the field hostname");
	assert_int_equal(scoped_linux("\"sysctl\":{\"kernel.domainname\":\"x\"}"), 0);
	assert_string_equal(config.domainname, "x");
	assert_int_equal(config.linux->sysctl.count, 0);
	assert_fails_with(scoped_linux("\"sysctl\":{\"vm.swappiness\":\"1\"}"),
			  "linux.sysctl.vm.swappiness: belongs to no namespace");
	assert_fails_with(scoped_linux("\"sysctl\":{\"kernel.shmmaxx\":\"1\"}"),
			  "belongs to no namespace");
	assert_fails_with(
		scoped_full(
			"", "",
			"\"namespaces\":[{\"type\":\"mount\"}],\"sysctl\":{\"net.core.somaxconn\":\"1\"}"),
		"linux.sysctl.net.core.somaxconn: the container has no network namespace of its own");
	assert_fails_with(
		scoped_full(
			"", "",
			"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"/proc/self/ns/net\"}],"
			"\"sysctl\":{\"net.core.somaxconn\":\"1\"}"),
		"no network namespace of its own");
}

static void test_ping_group_range(void **state)
{
	(void)state;
	assert_int_equal(scoped_linux("\"sysctl\":{\"net.ipv4.ping_group_range\":\"0 65536\"}"), 0);
	assert_fails_with(
		scoped_linux("\"sysctl\":{\"net.ipv4.ping_group_range\":\"0 2147483647\"}"),
		"linux.sysctl.net.ipv4.ping_group_range: gid 2147483647 is not mapped");
	assert_fails_with(scoped_linux("\"sysctl\":{\"net.ipv4.ping_group_range\":\"0\"}"),
			  "not two gids: '0'");
	assert_fails_with(scoped_linux("\"sysctl\":{\"net.ipv4.ping_group_range\":\"0 x\"}"),
			  "not a gid: 'x'");
}

static void test_what_only_root_can(void **state)
{
	(void)state;
	assert_fails_with(scoped_linux("\"intelRdt\":{\"closID\":\"x\"}"), "linux.intelRdt");
	assert_fails_with(scoped_linux("\"netDevices\":{\"eth0\":{\"name\":\"eth1\"}}"),
			  "not supported for rootless containers");
}

static void root_of_the_host(void)
{
	plan = (struct userns_plan){ .mode = USERNS_INHERIT,
				     .is_host = true,
				     .setgroups_allowed = true };
	idmap_add(&plan.uids, 0, 0, UINT32_MAX);
	plan.gids = plan.uids;
	caller.uid = caller.gid = 0;
	caller.caps = (1ull << (CAP_LAST_CAP + 1)) - 1;
}

static void test_root_of_the_host_gets_what_the_config_says(void **state)
{
	static const char mounts[] =
		",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"},"
		"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"rw\"]},"
		"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\"},"
		"{\"destination\":\"/d\",\"type\":\"ext4\",\"source\":\"/dev/sda1\"}]";

	(void)state;
	root_of_the_host();
	assert_int_equal(scoped_full(",\"oomScoreAdj\":-900", mounts,
				     "\"namespaces\":[{\"type\":\"mount\"}],\"devices\":[{\"path\":"
				     "\"/dev/none\",\"type\":\"b\",\"major\":240,\"minor\":1}]"),
			 0);
	assert_int_equal(config.linux->namespaces.count, 1);
	assert_string_equal(config.mounts.items[0].type, "proc");
	assert_string_equal(config.mounts.items[1].type, "sysfs");
	assert_string_equal(options(1), "rw");
	assert_string_equal(config.mounts.items[2].type, "mqueue");
	assert_string_equal(config.mounts.items[3].type, "ext4");
	assert_int_equal(config.process->oom_score_adj.value, -900);
}

static void test_root_of_the_host_without_a_capability_changes_no_oom_score(void **state)
{
	(void)state;
	root_of_the_host();
	caller.caps &= ~(1ull << CAP_SYS_RESOURCE);
	fake_file("/proc/self/oom_score_adj", "200\n");
	assert_int_equal(scoped_process(",\"oomScoreAdj\":-500"), 0);
	assert_int_equal(config.process->oom_score_adj.value, -500);
	assert_string_equal(warnings, "");
}

static void test_root_of_the_host_keeps_the_host_whole(void **state)
{
	(void)state;
	root_of_the_host();
	assert_fails_with(scoped_linux("\"sysctl\":{\"kernel.core_pattern\":\"x\"}"),
			  "belongs to no namespace");
	assert_fails_with(
		scoped_full(
			"", "",
			"\"namespaces\":[{\"type\":\"mount\"}],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}"),
		"the container has no network namespace of its own");
	assert_fails_with(scoped_full("", ",\"hostname\":\"other\"",
				      "\"namespaces\":[{\"type\":\"mount\"},"
				      "{\"type\":\"uts\",\"path\":\"/proc/self/ns/uts\"}]"),
			  "hostname: the uts namespace is urun's own");
	assert_fails_with(scoped_linux("\"intelRdt\":{\"closID\":\"x\"}"),
			  "linux.intelRdt: urun doesn't support it");
}

static void test_security_modules_that_are_off(void **state)
{
	(void)state;
	assert_fails_with(scoped_process(",\"apparmorProfile\":\"web\""),
			  "process.apparmorProfile: web can't be applied");
	assert_int_equal(scoped_process(",\"apparmorProfile\":\"unconfined\""), 0);
	assert_null(config.process->apparmor_profile);
	assert_int_equal(scoped_process(",\"selinuxLabel\":\"a:b:c:s0\""), 0);
	assert_null(config.process->selinux_label);
	fake_file("/sys/module/apparmor/parameters/enabled", "Y\n");
	fake_file("/sys/fs/selinux/enforce", "0");
	assert_int_equal(
		scoped_process(",\"apparmorProfile\":\"web\",\"selinuxLabel\":\"a:b:c:s0\""), 0);
	assert_string_equal(config.process->apparmor_profile, "web");
	assert_string_equal(config.process->selinux_label, "a:b:c:s0");
}

#define SCOPE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCOPE_TEST(test_user_namespace_is_added),
		SCOPE_TEST(test_root_of_the_host_gets_what_the_config_says),
		SCOPE_TEST(test_root_of_the_host_without_a_capability_changes_no_oom_score),
		SCOPE_TEST(test_root_of_the_host_keeps_the_host_whole),
		SCOPE_TEST(test_hints_of_a_joined_user_namespace_have_no_hole),
		SCOPE_TEST(test_own_user_namespace_by_path_is_not_joined),
		SCOPE_TEST(test_ids_of_the_process),
		SCOPE_TEST(test_groups_that_are_looked_up_later_are_refused_where_they_cant_be_set),
		SCOPE_TEST(test_groups_are_nothing_where_the_callers_are_kept),
		SCOPE_TEST(test_hint_of_given_mappings),
		SCOPE_TEST(test_ids_of_mounts),
		SCOPE_TEST(test_sysfs_without_a_network_namespace),
		SCOPE_TEST(test_proc_without_a_pid_namespace),
		SCOPE_TEST(test_mqueue_without_an_ipc_namespace),
		SCOPE_TEST(test_cgroup_mount),
		SCOPE_TEST(test_disk_file_systems),
		SCOPE_TEST(test_devices),
		SCOPE_TEST(test_device_rules_are_skipped),
		SCOPE_TEST(test_rlimits),
		SCOPE_TEST(test_oom_score),
		SCOPE_TEST(test_sysctl),
		SCOPE_TEST(test_ping_group_range),
		SCOPE_TEST(test_what_only_root_can),
		SCOPE_TEST(test_security_modules_that_are_off),
	};

	return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
