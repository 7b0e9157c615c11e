// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "tests/unit/spec/applied.h"

/* ---- resources ---- */

static void memory_and_processors_have_the_members_of_the_config(void **state)
{
	const struct spec_options options = {
		.memory = "64m",
		.words = { .memory_reservation = "32m",
			   .memory_swap = "128m",
			   .cpu_shares = "512",
			   .cpu_quota = "50000",
			   .cpu_period = "200000",
			   .cpuset_cpus = "0-1,3",
			   .cpuset_mems = "0" },
	};
	const struct config_resources *resources;

	(void)state;
	apply(&options);
	resources = config.linux->resources;
	assert_int_equal(resources->memory->limit.value, 64 << 20);
	assert_int_equal(resources->memory->reservation.value, 32 << 20);
	assert_int_equal(resources->memory->swap.value, 128 << 20);
	assert_int_equal(resources->cpu->shares.value, 512);
	assert_int_equal(resources->cpu->quota.value, 50000);
	assert_int_equal(resources->cpu->period.value, 200000);
	assert_int_equal(resources->cpu->cpus.count, 2);
	assert_int_equal(resources->cpu->mems.count, 1);
}

static void wrong_resources_are_refused_by_the_name_of_their_option(void **state)
{
	(void)state;
	REFUSED("--memory-reservation x", .words.memory_reservation = "x");
	REFUSED("--memory-swap 1g: ", .words.memory_swap = "1g");
	REFUSED("--memory-swap x", .memory = "1g", .words.memory_swap = "x");
	REFUSED("--cpu-shares 1:", .words.cpu_shares = "1");
	REFUSED("--cpu-shares 262145:", .words.cpu_shares = "262145");
	REFUSED("--cpu-quota 999:", .words.cpu_quota = "999");
	REFUSED("--cpu-quota -2:", .words.cpu_quota = "-2");
	REFUSED("--cpu-period 999:", .words.cpu_period = "999");
	REFUSED("--cpus 1: --cpu-quota", .cpus = "1", .words.cpu_quota = "1000");
	REFUSED("--cpus 1: --cpu-period", .cpus = "1", .words.cpu_period = "1000");
	REFUSED("--cpuset-cpus 1-0", .words.cpuset_cpus = "1-0");
	REFUSED("--cpuset-mems ", .words.cpuset_mems = "");
	REFUSED("--blkio-weight 9:", .words.blkio_weight = "9");
	REFUSED("--device-read-bps /dev/null:1m", .words.read_bps = TEXTS("/dev/null:1m"));
	REFUSED("--device-write-bps /nowhere:1m", .words.write_bps = TEXTS("/nowhere:1m"));
	REFUSED("--device-read-iops /dev/null:1m: expected",
		.words.read_iops = TEXTS("/dev/null:1m"));
	REFUSED("--device-write-iops 5: expected", .words.write_iops = TEXTS("5"));
	REFUSED("--cgroup-conf =1", .words.cgroup_conf = TEXTS("=1"));
	REFUSED("--cgroup-conf memory.high", .words.cgroup_conf = TEXTS("memory.high"));
	REFUSED("--cgroupns own", .words.cgroupns = "own");
}

static void the_cgroup_has_a_parent_and_any_file(void **state)
{
	const struct spec_options options = {
		.words = { .cgroup_conf = TEXTS("memory.high=1000", "io.max=8:0 rbps=1"),
			   .cgroup_parent = "services",
			   .blkio_weight = "500",
			   .cgroupns = "host" },
	};

	(void)state;
	apply(&options);
	assert_int_equal(config.linux->resources->unified.count, 2);
	assert_string_equal(config.linux->resources->unified.items[1].name, "io.max");
	assert_string_equal(config.linux->resources->unified.items[1].value, "8:0 rbps=1");
	assert_int_equal(config.linux->resources->block_io->weight.value, 500);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_CGROUP_PARENT),
			    "services");
	assert_null(config_find_namespace(&config, CONFIG_NS_CGROUP));
}

/* ---- mounts and devices ---- */

static void a_mount_by_keys_has_the_options_of_a_volume(void **state)
{
	const struct spec_options options = {
		.words.mounts =
			TEXTS("type=bind,src=/,dst=/a,ro,bind-propagation=rslave",
			      "type=bind,source=/etc,target=/b,readonly=false,bind-nonrecursive",
			      "type=bind,\"src=/\",\"dst=/c,\"\"d\",relabel=shared,U=true,noexec",
			      "dest=/e,type=bind,src=/,bind-recursive=disabled,consistency=cached"),
	};
	struct str_list words;

	(void)state;
	apply(&options);
	words = words_of(mount_at("/a"));
	assert_true(lists(&words, "rro") && lists(&words, "rslave") && lists(&words, "rbind"));
	words = words_of(mount_at("/b"));
	assert_true(lists(&words, "bind") && lists(&words, "rw") && !lists(&words, "rbind"));
	assert_string_equal(mount_at("/b")->source, "/etc");
	words = words_of(mount_at("/c,\"d"));
	assert_true(lists(&words, "U") && lists(&words, "rnoexec"));
	words = words_of(mount_at("/e"));
	assert_true(lists(&words, "bind") && !lists(&words, "rbind"));
}

static void a_mount_can_be_a_new_file_system(void **state)
{
	const struct spec_options options = {
		.words.mounts = TEXTS("type=tmpfs,dst=/a,tmpfs-size=64m,tmpfs-mode=700,ro,noexec",
				      "type=devpts,dst=/b,uid=1,gid=2,max=3",
				      "type=tmpfs,dst=/c,tmpcopyup,notmpcopyup=true,rw"),
	};
	const struct config_mount *mount;

	(void)state;
	apply(&options);
	mount = mount_at("/a");
	assert_int_equal(mount->kind, MOUNT_KIND_TMPFS);
	assert_int_equal(mount->options.top.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
							 MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY);
	assert_string_equal(mount_options_find(&mount->options, "size")->value, "67108864");
	mount = mount_at("/b");
	assert_int_equal(mount->kind, MOUNT_KIND_DEVPTS);
	assert_string_equal(mount_options_find(&mount->options, "max")->value, "3");
	assert_int_equal(mount_at("/c")->options.traits, MOUNT_TRAIT_COPY_UP);
}

static void wrong_mounts_are_refused(void **state)
{
	static char *const wrong[] = {
		"",
		"x",
		"src=/,dst=/a",
		"type=volume,src=x,dst=/a",
		"type=image,src=x,dst=/a",
		"type=glob,src=/x*",
		"type=bind,dst=/a",
		"type=bind,src=,dst=/a",
		"type=bind,src=/",
		"type=bind,src=/,dst=a",
		"type=bind,src=/,dst=/a,x",
		"type=bind,src=/,dst=/a,x=y",
		"type=bind,src=/,dst=/a,ro=maybe",
		"type=bind,src=/,dst=/a,bind-propagation=up",
		"type=bind,src=/,dst=/a,bind-recursive=x",
		"type=bind,src=/,dst=/a,tmpfs-size=1",
		"type=tmpfs,src=/,dst=/a",
		"type=tmpfs,dst=/a,tmpfs-size=x",
		"type=tmpfs,dst=/a,tmpfs-mode=9",
		"type=tmpfs,dst=/a,bind-propagation=rslave",
		"type=devpts,dst=/a,uid=x",
		"type=devpts,dst=/a,size=1",
		"\"type=bind",
		"type=bind,src=/,dst=/a,\"ro\"x,noexec",
		"type=bind,src=/,dst=/a,\"ro",
		"type=bind,src=/,dst=/a,\"ro\"\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		REFUSED("--mount ", .words.mounts = { (char **)&wrong[i], 1 });
	REFUSED("--mount /nowhere", .words.mounts = TEXTS("type=bind,src=/nowhere,dst=/a"));
}

static void a_device_is_a_bind_of_the_hosts_node(void **state)
{
	const struct spec_options options = {
		.words.devices = TEXTS("/dev/null", "/dev/zero:/dev/other", "/dev/full:rw",
				       "/dev/random:/dev/r:rwm"),
	};
	const struct config_mount *mount;

	(void)state;
	apply(&options);
	mount = mount_at("/dev/null");
	assert_string_equal(mount->source, "/dev/null");
	assert_int_equal(mount->options.traits, MOUNT_TRAIT_BIND);
	assert_int_equal(mount->options.top.set & (MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY), 0);
	assert_string_equal(mount_at("/dev/other")->source, "/dev/zero");
	assert_string_equal(mount_at("/dev/full")->source, "/dev/full");
	assert_string_equal(mount_at("/dev/r")->source, "/dev/random");
	write_test_file("");
	REFUSED("--device /dev/null:r: ", .words.devices = TEXTS("/dev/null:r"));
	REFUSED("--device /dev/null:x: ", .words.devices = TEXTS("/dev/null:x"));
	REFUSED("--device /dev/null:/x:: ", .words.devices = TEXTS("/dev/null:/x:"));
	REFUSED("--device /dev/null:x:rw: ", .words.devices = TEXTS("/dev/null:x:rw"));
	REFUSED("--device : ", .words.devices = TEXTS(""));
	REFUSED("--device /dev: ", .words.devices = TEXTS("/dev"));
	REFUSED("--device /etc: ", .words.devices = TEXTS("/etc"));
	REFUSED("--device /nowhere", .words.devices = TEXTS("/nowhere"));
	REFUSED("--device ", .words.devices = { (char *[]){ file }, 1 });
}

static void privileged_takes_the_confinement_away(void **state)
{
	const struct spec_options options = { .words.privileged = true };

	(void)state;
	apply(&options);
	assert_null(config.linux->seccomp);
	assert_int_equal(config.linux->masked_paths.count + config.linux->readonly_paths.count, 0);
	assert_int_equal(config.process->capabilities->effective, CONFIG_CAPABILITY_ALL);
	assert_false(config.process->no_new_privileges);
	/* Nothing that the container has of its own. */
	assert_null(mount_at("/dev/null"));
	assert_null(mount_at("/dev/ptmx"));
}

static void read_only_leaves_the_usual_places_writable(void **state)
{
	const struct spec_options read_only = { .read_only = true };
	const struct spec_options bare = { .read_only = true, .words.read_only_tmpfs = "false" };
	const struct spec_options small = { .words.shm_size = "1m" };

	(void)state;
	apply(&read_only);
	assert_non_null(mount_at("/tmp"));
	assert_non_null(mount_at("/run"));
	assert_non_null(mount_at("/var/tmp"));
	apply(&bare);
	assert_null(mount_at("/tmp"));
	apply(&small);
	assert_true(mount_at("/dev/shm")->options.data.count > 0);
	REFUSED("--shm-size x", .words.shm_size = "x");
	REFUSED("--shm-size 1m: with --ipc", .ipc = "container:db", .words.shm_size = "1m");
	REFUSED("--shm-size 1m: with --ipc", .ipc = "host", .words.shm_size = "1m");
}

/* ---- the program ---- */

static void the_entrypoint_stands_before_the_command(void **state)
{
	const struct spec_options plain = { .words.entrypoint = "a b", .command = TEXTS("c") };
	const struct spec_options list = { .words.entrypoint = "[\"a\",\"b c\"]",
					   .command = TEXTS("d") };
	const struct spec_options none = { .words.entrypoint = "", .command = TEXTS("c", "d") };

	(void)state;
	apply(&plain);
	assert_int_equal(config.process->args.count, 2);
	assert_string_equal(config.process->args.items[0], "a b");
	apply(&list);
	assert_int_equal(config.process->args.count, 3);
	assert_string_equal(config.process->args.items[1], "b c");
	apply(&none);
	assert_string_equal(config.process->args.items[0], "c");
	REFUSED("--entrypoint [", .words.entrypoint = "[");
	REFUSED("--entrypoint []", .words.entrypoint = "[]");
	REFUSED("--entrypoint [1]", .words.entrypoint = "[1]");
	REFUSED("--entrypoint [\"a\"],", .words.entrypoint = "[\"a\"],\"b\":[\"c\"]");
}

static void groups_and_numbers_of_the_process(void **state)
{
	const struct spec_options options = {
		.words = { .group_add = TEXTS("7", "8", "7"),
			   .umask = "0027",
			   .oom_score_adj = "1000",
			   .personality = "linux32",
			   .domainname = "dom",
			   .sysctls = TEXTS("net.ipv4.ip_forward=1") },
	};
	const struct spec_options kept = { .words.group_add = TEXTS("keep-groups") };

	(void)state;
	apply(&options);
	assert_int_equal(config.process->user->additional_gids.count, 2);
	assert_int_equal(config.process->user->umask.value, 027);
	assert_int_equal(config.process->oom_score_adj.value, 1000);
	assert_int_equal(config.linux->personality->domain, CONFIG_PERSONALITY_LINUX32);
	assert_string_equal(config.domainname, "dom");
	assert_string_equal(config.linux->sysctl.items[0].name, "net.ipv4.ip_forward");
	apply(&kept);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_KEEP_GROUPS), "1");
	REFUSED("--group-add keep-groups", .words.group_add = TEXTS("1", "keep-groups"));
	REFUSED("--group-add 1:2", .words.group_add = TEXTS("1:2"));
	REFUSED("--group-add a\nb", .words.group_add = TEXTS("a\nb"));
	REFUSED("--group-add ", .words.group_add = TEXTS(""));
	REFUSED("--domainname dom: with --uts", .uts = "container:db", .words.domainname = "dom");
	REFUSED("--umask 8", .words.umask = "8");
	REFUSED("--umask ", .words.umask = "00027");
	REFUSED("--oom-score-adj 1001", .words.oom_score_adj = "1001");
	REFUSED("--oom-score-adj -1000: only root", .words.oom_score_adj = "-1000");
	REFUSED("--personality x", .words.personality = "x");
	REFUSED("--sysctl x", .words.sysctls = TEXTS("x"));
}

static void default_variables_can_be_taken_away(void **state)
{
	const struct spec_options one = { .words.unset_env = TEXTS("PATH"), .env = TEXTS("A=b") };
	const struct spec_options all = { .words.unset_env_all = true, .env = TEXTS("A=b") };

	(void)state;
	apply(&one);
	assert_null(config_env(config.process, "PATH"));
	assert_string_equal(config_env(config.process, "A"), "b");
	apply(&all);
	assert_int_equal(config.process->env.count, 1);
}

static void labels_are_annotations_and_tell_the_runtime_nothing(void **state)
{
	struct spec_options options = {
		.words = { .labels = TEXTS("a=b", "c", "from=option"),
			   .label_files = { (char *[]){ file }, 1 } },
	};

	(void)state;
	write_test_file("# a comment\n\nfrom=file\nd=e\n");
	apply(&options);
	assert_string_equal(config_annotation(&config, "a"), "b");
	assert_string_equal(config_annotation(&config, "c"), "");
	assert_string_equal(config_annotation(&config, "d"), "e");
	assert_string_equal(config_annotation(&config, "from"), "option");
	REFUSED("--label =b", .words.labels = TEXTS("=b"));
	REFUSED("--label org.urun.hidden=/etc", .words.labels = TEXTS("org.urun.hidden=/etc"));
	REFUSED("--label run.oci.x=1", .words.labels = TEXTS("run.oci.x=1"));
	/* As an editor on Windows writes the file. */
	write_test_file("\xef\xbb\xbf"
			"from=file\r\n\r\nd=f\r\n");
	apply(&options);
	assert_string_equal(config_annotation(&config, "from"), "option");
	assert_string_equal(config_annotation(&config, "d"), "f");
	write_test_file("org.urun.overlay=/etc\n");
	REFUSED("--label-file org.urun.overlay", .words.label_files = { (char *[]){ file }, 1 });
}

/* ---- files of /etc ---- */

static void name_servers_and_hosts_are_lines_in_annotations(void **state)
{
	const struct spec_options options = {
		.words = { .dns = TEXTS("1.1.1.1", "::1"),
			   .dns_search = TEXTS("a.b", "c"),
			   .dns_options = TEXTS("ndots:1"),
			   .add_hosts = TEXTS("a;b:1.2.3.4", "c=[::1]", "d:host-gateway"),
			   .no_hostname = true },
	};
	const struct spec_options kept = { .words = { .dns = TEXTS("none"), .no_hosts = true } };

	(void)state;
	apply(&options);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_RESOLV),
			    "nameserver 1.1.1.1\nnameserver ::1\nsearch a.b c\noptions ndots:1\n");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_HOSTS),
			    "1.2.3.4\ta b\n::1\tc\nhost-gateway\td\n");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_KEEP_ETC), "hostname");
	apply(&kept);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_KEEP_ETC),
			    "resolv.conf hosts");
	REFUSED("--dns x", .words.dns = TEXTS("x"));
	REFUSED("--dns none", .words.dns = TEXTS("1.1.1.1", "none"));
	REFUSED("--dns 4.4.4.4", .words.dns = TEXTS("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"));
	REFUSED("--dns 1.1.1.1", .network = "none", .words.dns = TEXTS("1.1.1.1"));
	REFUSED("--dns 1.1.1.1: with --network container:db this is the other container's",
		.network = "container:db", .words.dns = TEXTS("1.1.1.1"));
	REFUSED("--add-host a:1.1.1.1: with", .network = "container:db",
		.words.add_hosts = TEXTS("a:1.1.1.1"));
	REFUSED("--dns-search a\n", .words.dns_search = TEXTS("a\nnameserver 1.1.1.1"));
	REFUSED("--dns-option a b", .words.dns_options = TEXTS("a b"));
	REFUSED("--add-host a", .words.add_hosts = TEXTS("a"));
	REFUSED("--add-host a:b", .words.add_hosts = TEXTS("a:b"));
	REFUSED("--add-host :1.1.1.1", .words.add_hosts = TEXTS(":1.1.1.1"));
	REFUSED("--add-host a b:1.1.1.1", .words.add_hosts = TEXTS("a b:1.1.1.1"));
	REFUSED("--add-host a:1.1.1.1",
		.words = { .add_hosts = TEXTS("a:1.1.1.1"), .no_hosts = true });
	REFUSED("--tz ../../../etc/passwd", .words.tz = "../../../etc/passwd");
}

static void users_of_the_host_are_lines_of_passwd(void **state)
{
	const struct spec_options options = { .words.host_users = TEXTS("root") };
	const struct spec_options none = { .userns = "keep-id", .words.passwd = "false" };

	(void)state;
	apply(&options);
	assert_true(str_starts_with(config_annotation(&config, CONFIG_ANNOTATION_PASSWD),
				    "root:*:0:0:"));
	apply(&none);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_PASSWD), "");
	REFUSED("--hostuser nobody-here", .words.host_users = TEXTS("nobody-here"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_and_processors_have_the_members_of_the_config),
		TEST(wrong_resources_are_refused_by_the_name_of_their_option),
		TEST(the_cgroup_has_a_parent_and_any_file),
		TEST(a_mount_by_keys_has_the_options_of_a_volume),
		TEST(a_mount_can_be_a_new_file_system),
		TEST(wrong_mounts_are_refused),
		TEST(a_device_is_a_bind_of_the_hosts_node),
		TEST(privileged_takes_the_confinement_away),
		TEST(read_only_leaves_the_usual_places_writable),
		TEST(the_entrypoint_stands_before_the_command),
		TEST(groups_and_numbers_of_the_process),
		TEST(default_variables_can_be_taken_away),
		TEST(labels_are_annotations_and_tell_the_runtime_nothing),
		TEST(name_servers_and_hosts_are_lines_in_annotations),
		TEST(users_of_the_host_are_lines_of_passwd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
