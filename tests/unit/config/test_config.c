// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/config.h"

/* Parts of a config; each case below adds its own subject. */
#define VERSION	      "\"ociVersion\":\"1.3.0\""
#define ROOT	      "\"root\":{\"path\":\"rootfs\"}"
#define MOUNT_NS      "{\"type\":\"mount\"}"
#define PROCESS(more) "\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"" more "}"
#define LINUX(more)   "\"linux\":{\"namespaces\":[" MOUNT_NS ",{\"type\":\"uts\"}]" more "}"
#define WITH_NS(namespaces, more) \
	"{" VERSION "," ROOT ",\"linux\":{\"namespaces\":[" MOUNT_NS namespaces "]" more "}}"

#define OF_TOP(more)	    "{" VERSION "," ROOT "," LINUX("") more "}"
#define OF_PROCESS(more)    "{" VERSION "," ROOT "," PROCESS(more) "," LINUX("") "}"
#define OF_LINUX(more)	    "{" VERSION "," ROOT "," LINUX(more) "}"
#define OF_VERSION(version) "{\"ociVersion\":\"" version "\"," ROOT "," LINUX("") "}"
#define SECCOMP(more)	    OF_LINUX(",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"" more "}")
#define RULE(more)	    SECCOMP(",\"syscalls\":[{\"names\":[\"read\"]," more "}]")

static void assert_taken(const char *text)
{
	struct container_config config;
	struct error err = ERROR_NONE;

	if (config_parse(text, strlen(text), &config, &err) < 0)
		fail_msg("%s\n%s", text, err.text);
	config_release(&config);
}

/* The config is refused, and the error begins with @wanted: the field's path, and a little more. */
static void assert_refused(const char *text, const char *wanted)
{
	struct container_config config;
	struct error err = ERROR_NONE;

	if (config_parse(text, strlen(text), &config, &err) == 0)
		fail_msg("taken: %s", text);
	if (strncmp(err.text, wanted, strlen(wanted)) != 0)
		fail_msg("%s\nisn't: %s", err.text, wanted);
	assert_null(config.linux);
	assert_null(config.arena.blocks);
}

static void keep_warning(enum log_level level, const char *text, void *context)
{
	struct strbuf *warnings = context;

	assert_int_equal(level, LOG_LEVEL_WARNING);
	strbuf_addf(warnings, "%s\n", text);
}

/* capabilities(7); config.md, "Linux Process": unknown ones are a warning. */
static void capabilities_are_the_kernels_bits(void **state)
{
	static const char text[] = OF_PROCESS(
		",\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_NO_SUCH\",\"cap_chown\","
		"\"kill\",\"5\",\"CAP_KILL,x\",\"CAP_CHECKPOINT_RESTORE\"],\"ambient\":[\"CAP_KILL\"]}");
	autostrbuf struct strbuf warnings = { 0 };
	struct config_capabilities *capabilities;
	struct container_config config;
	struct error err = ERROR_NONE;

	(void)state;
	log_set_sink(keep_warning, &warnings);
	if (config_parse(text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.text);
	log_set_sink(NULL, NULL);
	capabilities = config.process->capabilities;
	assert_true(capabilities->bounding == (1 | UINT64_C(1) << 5 | UINT64_C(1) << 40));
	assert_true(capabilities->ambient == UINT64_C(1) << 5);
	assert_true(capabilities->permitted == 0);
	assert_string_equal(
		warnings.bytes,
		"process.capabilities.bounding[1]: unknown capability CAP_NO_SUCH is ignored\n"
		"process.capabilities.bounding[3]: unknown capability kill is ignored\n"
		"process.capabilities.bounding[4]: unknown capability 5 is ignored\n"
		"process.capabilities.bounding[5]: unknown capability CAP_KILL,x is ignored\n");
	config_release(&config);
}

static void the_least_config_is_taken_and_filled(void **state)
{
	static const char text[] = OF_PROCESS("");
	struct container_config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
	assert_string_equal(config.root->path, "rootfs");
	assert_true(config.process->user->uid.set && config.process->user->uid.value == 0);
	assert_true(config.process->user->gid.set && config.process->user->gid.value == 0);
	assert_null(config.process->capabilities);
	assert_non_null(config_find_namespace(&config, CONFIG_NS_MOUNT));
	assert_null(config_find_namespace(&config, CONFIG_NS_USER));
	assert_null(config_annotation(&config, "a"));
	config_release(&config);
	config_release(&config);
	config_release(NULL);
	assert_taken(OF_TOP(""));
	assert_taken(
		OF_TOP(",\"windows\":{\"x\":[1.5]},\"solaris\":{},\"vm\":null,\"future\":[[[]]]"));
}

/* Source: config.md of version 1.2, "Mounts". */
static void relative_destinations_are_below_the_root(void **state)
{
	static const char text[] =
		OF_TOP(",\"mounts\":[{\"destination\":\"a/b\"},{\"destination\":\"./c\"},"
		       "{\"destination\":\"/d\"}]");
	struct container_config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
	assert_string_equal(config.mounts.items[0].destination, "/a/b");
	assert_string_equal(config.mounts.items[1].destination, "/./c");
	assert_string_equal(config.mounts.items[2].destination, "/d");
	config_release(&config);
}

/* Programs in Go write "" for a value that isn't given. */
static void empty_paths_are_as_none(void **state)
{
	static const char text[] = OF_LINUX(",\"cgroupsPath\":\"\"");
	struct container_config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
	assert_null(config.linux->cgroups_path);
	config_release(&config);
}

static void add_letters(struct strbuf *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_add_str(text, "x");
}

/* @Returns @text with the letters in place of its '@'. */
static char *with_letters(const char *text, const struct strbuf *letters)
{
	const char *at = strchr(text, '@');

	return str_format("%.*s%s%s", (int)(at - text), text, letters->bytes, at + 1);
}

/* Paths and strings that the kernel never accepts are refused before anything is made. */
static void lengths_that_can_only_fail_are_refused(void **state)
{
	static const struct {
		const char *text, *wanted;
		size_t fits;
	} places[] = {
		{ OF_LINUX(",\"cgroupsPath\":\"/a/@\""), "linux.cgroupsPath: a name", 255 },
		{ OF_LINUX(",\"maskedPaths\":[\"/@/x\"]"), "linux.maskedPaths[0]: a name", 255 },
		{ OF_TOP(",\"mounts\":[{\"destination\":\"@\"}]"), "mounts[0].destination: a name",
		  255 },
		{ OF_TOP(",\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"@\"}]"),
		  "mounts[0].source: a name", 255 },
		{ OF_PROCESS(",\"env\":[\"A=@\"]"), "process.env[0]: longer than 131071 bytes",
		  131069 },
		{ OF_TOP(",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"args\":[\"x\",\"@\"]}]}"),
		  "hooks.poststop[0].args[1]: longer than 131071 bytes", 131071 },
	};

	(void)state;
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		autostrbuf struct strbuf letters = { 0 };
		autofree char *good = NULL, *bad = NULL;

		add_letters(&letters, places[i].fits);
		good = with_letters(places[i].text, &letters);
		assert_taken(good);
		add_letters(&letters, 1);
		bad = with_letters(places[i].text, &letters);
		assert_refused(bad, places[i].wanted);
	}
}

static void a_path_of_four_kibibytes_is_refused(void **state)
{
	autostrbuf struct strbuf path = { 0 };
	autofree char *text = NULL;

	(void)state;
	for (size_t i = 0; i < 2048; i++)
		strbuf_add_str(&path, "/a");
	text = str_format(OF_LINUX(",\"cgroupsPath\":\"%s\""), path.bytes);
	assert_refused(text, "linux.cgroupsPath: longer than 4095 bytes");
}

/* Source: config.md, "Specification version". */
static void versions_are_semver_of_1(void **state)
{
	(void)state;
	assert_taken(OF_VERSION("1.0.0"));
	assert_taken(OF_VERSION("1.0.2-dev"));
	assert_taken(OF_VERSION("1.1.0-rc.3"));
	assert_taken(OF_VERSION("1.2.1+dev"));
	assert_taken(OF_VERSION("1.99.0"));
	assert_refused("{" ROOT "}", "ociVersion: missing");
	assert_refused(OF_VERSION(""), "ociVersion: \"\"");
	assert_refused(OF_VERSION("2.0.0"), "ociVersion: \"2.0.0\"");
	assert_refused(OF_VERSION("0.5.0"), "ociVersion: ");
	assert_refused(OF_VERSION("10.0.0"), "ociVersion: ");
	assert_refused(OF_VERSION("1.0"), "ociVersion: ");
	assert_refused(OF_VERSION("1.0.0.0"), "ociVersion: ");
	assert_refused(OF_VERSION("1.00.0"), "ociVersion: ");
	assert_refused(OF_VERSION("1.0.0-"), "ociVersion: ");
	assert_refused(OF_VERSION("1.0.0 "), "ociVersion: ");
	assert_refused(OF_VERSION("v1.0.0"), "ociVersion: ");
}

static void top_level_fields_are_checked(void **state)
{
	(void)state;
	assert_refused("{" VERSION "}", "root: missing");
	assert_refused("{" VERSION ",\"root\":{}}", "root.path: missing");
	assert_refused("{" VERSION ",\"root\":{\"path\":\"\"}}", "root.path: is empty");
	assert_refused("{" VERSION "," ROOT "}", "linux.namespaces: must have a mount namespace");
	assert_taken(OF_TOP(",\"hostname\":\"h\",\"domainname\":\"d\""));
	assert_refused(WITH_NS("", "},\"hostname\":\"h\",\"x\":{"),
		       "hostname: needs a uts namespace");
	assert_refused(WITH_NS("", "},\"domainname\":\"h\",\"x\":{"),
		       "domainname: needs a uts namespace");
	assert_refused(
		OF_TOP(",\"hostname\":\"0123456789012345678901234567890123456789012345678901234567890123456789\""),
		"hostname: longer than 64");
	assert_refused(OF_TOP(",\"annotations\":{\"\":\"x\"}"), "annotations: a key is empty");
	assert_refused(OF_TOP(",\"annotations\":{\"org.x\":1}"),
		       "annotations[\"org.x\"]: must be a string");
}

static void processes_are_checked(void **state)
{
	(void)state;
	assert_taken(OF_PROCESS(
		",\"user\":{\"uid\":0,\"gid\":4294967294,\"umask\":511,\"additionalGids\":[1]}"));
	assert_refused(OF_PROCESS(",\"user\":{\"gid\":0}"), "process.user.uid: missing");
	assert_refused(OF_PROCESS(",\"user\":{\"uid\":0}"), "process.user.gid: missing");
	assert_refused(OF_PROCESS(",\"user\":{\"uid\":4294967295,\"gid\":0}"),
		       "process.user.uid: out of range");
	assert_refused(OF_PROCESS(",\"user\":{\"uid\":0,\"gid\":0,\"umask\":512}"),
		       "process.user.umask: out of range");
	assert_refused(
		OF_PROCESS(",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0,4294967295]}"),
		"process.user.additionalGids[1]: out of range");
	assert_refused(OF_TOP(",\"process\":{\"args\":[\"a\"]}"), "process.cwd: missing");
	assert_refused(OF_TOP(",\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}"),
		       "process.cwd: \"\" must be an absolute path");
	assert_refused(OF_TOP(",\"process\":{\"cwd\":\"a/b\",\"args\":[\"a\"]}"),
		       "process.cwd: \"a/b\" must be");
	assert_refused(OF_TOP(",\"process\":{\"cwd\":\"/\"}"), "process.args: must not be empty");
	assert_refused(OF_TOP(",\"process\":{\"cwd\":\"/\",\"args\":[]}"),
		       "process.args: must not be empty");
	assert_taken(OF_PROCESS(",\"env\":[\"A=\",\"B=c=d\"]"));
	assert_refused(OF_PROCESS(",\"env\":[\"A=1\",\"B\"]"),
		       "process.env[1]: must be NAME=value");
	assert_refused(OF_PROCESS(",\"env\":[\"=1\"]"), "process.env[0]: must be NAME=value");
	assert_refused(OF_PROCESS(",\"capabilities\":{\"bounding\":[\"CAP_KILL\",5]}"),
		       "process.capabilities.bounding[1]: must be a string, not a number");
	assert_refused(OF_PROCESS(",\"oomScoreAdj\":1001"), "process.oomScoreAdj: out of range");
	assert_refused(OF_PROCESS(",\"consoleSize\":{\"width\":1}"),
		       "process.consoleSize.height: missing");
	assert_refused(OF_PROCESS(",\"ioPriority\":{\"priority\":1}"),
		       "process.ioPriority.class: missing");
	assert_refused(OF_PROCESS(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
		       "process.ioPriority.priority: out of range");
	assert_refused(OF_PROCESS(",\"scheduler\":{\"nice\":1}"),
		       "process.scheduler.policy: missing");
	assert_refused(OF_PROCESS(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"X\"]}"),
		       "process.scheduler.flags[0]: \"X\" is unknown");
	assert_refused(OF_PROCESS(",\"scheduler\":{\"policy\":\"SCHED_ISO\"}"),
		       "process.scheduler.policy: Linux has no SCHED_ISO");
	assert_taken(OF_PROCESS(",\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"1\"}"));
	assert_refused(OF_PROCESS(",\"execCPUAffinity\":{\"initial\":\"3-0\"}"),
		       "process.execCPUAffinity.initial: ");
	assert_refused(OF_PROCESS(",\"execCPUAffinity\":{\"final\":\"1,\"}"),
		       "process.execCPUAffinity.final: ");
}

static void rlimits_are_checked(void **state)
{
#define CORE "{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551615}"
	(void)state;
	assert_taken(OF_PROCESS(",\"rlimits\":[" CORE
				",{\"type\":\"RLIMIT_RTTIME\",\"soft\":0,\"hard\":0}]"));
	assert_refused(OF_PROCESS(",\"rlimits\":[" CORE
				  ",{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1},"
				  "{\"type\":\"NOFILE\",\"soft\":1,\"hard\":1}]"),
		       "process.rlimits[2].type: \"NOFILE\"");
	assert_refused(OF_PROCESS(",\"rlimits\":[" CORE "," CORE "]"),
		       "process.rlimits[1].type: RLIMIT_CORE was given before");
	assert_refused(
		OF_PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}]"),
		"process.rlimits[0].soft: the soft limit is above the hard limit");
	assert_refused(OF_PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1}]"),
		       "process.rlimits[0].soft: missing");
	assert_refused(OF_PROCESS(",\"rlimits\":[{\"soft\":1,\"hard\":1}]"),
		       "process.rlimits[0].type: missing");
}

static void mounts_and_hooks_are_checked(void **state)
{
	(void)state;
	assert_taken(OF_TOP(
		",\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"ro\"]}]"));
	assert_refused(OF_TOP(",\"mounts\":[{\"destination\":\"/a\"},{\"source\":\"x\"}]"),
		       "mounts[1].destination: missing");
	assert_refused(OF_TOP(",\"mounts\":[{\"destination\":\"\"}]"),
		       "mounts[0].destination: is empty");
	assert_refused(
		OF_TOP(",\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"\"}]"),
		"mounts[0].source: is empty");
	assert_refused(
		OF_TOP(",\"mounts\":[{\"destination\":\"/a\",\"source\":\"\",\"options\":[\"rbind\"]}]"),
		"mounts[0].source: is empty");
	assert_taken(OF_TOP(
		",\"mounts\":[{\"destination\":\"/a\",\"options\":[\"remount\",\"bind\",\"ro\"]}]"));
	/* buildah writes such mounts. */
	assert_taken(OF_TOP(",\"mounts\":[{\"destination\":\"/a\",\"options\":[\"\"]}]"));
	assert_refused(
		OF_TOP(",\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}]"),
		"mounts[0]: uidMappings and gidMappings");
	assert_taken(OF_TOP(
		",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"args\":[],\"env\":[\"A=1\"],\"timeout\":1}]}"));
	assert_refused(OF_TOP(",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
		       "hooks.poststop[0].path: \"x\" must be an absolute");
	assert_refused(OF_TOP(",\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"env\":[\"A\"]}]}"),
		       "hooks.prestart[0].env[0]: ");
	assert_refused(
		OF_TOP(",\"hooks\":{\"createRuntime\":[{\"path\":\"/x\"},{\"args\":[\"x\"]}]}"),
		"hooks.createRuntime[1].path: missing");
	assert_refused(OF_TOP(",\"hooks\":{\"startContainer\":[{\"path\":\"/x\",\"timeout\":0}]}"),
		       "hooks.startContainer[0].timeout: out of range");
}

static void namespaces_are_checked(void **state)
{
	(void)state;
	assert_taken(WITH_NS(",{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"}", ""));
	assert_refused(WITH_NS(",{\"type\":\"net\"}", ""),
		       "linux.namespaces[1].type: \"net\" is unknown");
	assert_refused(WITH_NS(",{\"path\":\"/x\"}", ""), "linux.namespaces[1].type: missing");
	assert_refused(WITH_NS(",{\"type\":\"pid\",\"path\":\"x\"}", ""),
		       "linux.namespaces[1].path: \"x\" must be an absolute");
	assert_refused(WITH_NS(",{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/x\"}", ""),
		       "linux.namespaces[2].type: pid was given before");
	assert_taken(
		WITH_NS(",{\"type\":\"time\"}",
			",\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":999999999}}"));
	assert_refused(WITH_NS("", ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"),
		       "linux.timeOffsets: needs a time namespace");
	assert_refused(WITH_NS(",{\"type\":\"time\",\"path\":\"/x\"}",
			       ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"),
		       "linux.timeOffsets: the time namespace /x that is joined");
	assert_refused(
		WITH_NS(",{\"type\":\"time\"}", ",\"timeOffsets\":{\"realtime\":{\"secs\":1}}"),
		"linux.timeOffsets: \"realtime\"");
	assert_refused(WITH_NS(",{\"type\":\"time\"}",
			       ",\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
		       "linux.timeOffsets.boottime.nanosecs: out of range");
}

#define MAP(inner, outer, count) \
	"{\"containerID\":" #inner ",\"hostID\":" #outer ",\"size\":" #count "}"
#define MAPS(uids, gids) \
	WITH_NS(",{\"type\":\"user\"}", ",\"uidMappings\":[" uids "],\"gidMappings\":[" gids "]")
#define ONE MAP(0, 1000, 1)

static void mappings_are_checked(void **state)
{
	(void)state;
	assert_taken(MAPS(ONE "," MAP(1, 100000, 65536), ONE));
	assert_taken(MAPS(MAP(0, 0, 4294967295), ONE));
	assert_taken(WITH_NS(",{\"type\":\"user\"}", ""));
	assert_taken(WITH_NS(",{\"type\":\"user\",\"path\":\"/x\"}", ""));
	assert_refused(WITH_NS("", ",\"uidMappings\":[" ONE "]"),
		       "linux.uidMappings: needs a user namespace");
	assert_refused(WITH_NS("", ",\"gidMappings\":[" ONE "]"),
		       "linux.gidMappings: needs a user namespace");
	/* The maps beside the path of a user namespace are compared with its own later. */
	assert_taken(WITH_NS(",{\"type\":\"user\",\"path\":\"/x\"}",
			     ",\"uidMappings\":[" ONE "],\"gidMappings\":[" ONE "]"));
	assert_refused(
		WITH_NS(",{\"type\":\"user\",\"path\":\"/x\"}", ",\"uidMappings\":[" ONE "]"),
		"linux.gidMappings: missing");
	assert_refused(WITH_NS(",{\"type\":\"user\"}", ",\"uidMappings\":[" ONE "]"),
		       "linux.gidMappings: missing");
	assert_refused(WITH_NS(",{\"type\":\"user\"}", ",\"gidMappings\":[" ONE "]"),
		       "linux.uidMappings: missing");
	assert_refused(MAPS(MAP(0, 0, 0), ONE), "linux.uidMappings[0].size: must be above 0");
	assert_refused(MAPS(ONE, MAP(1, 0, 4294967295)),
		       "linux.gidMappings[0]: containerID and size go beyond");
	assert_refused(MAPS(ONE, MAP(0, 4294967294, 2)),
		       "linux.gidMappings[0]: hostID and size go beyond");
	assert_refused(MAPS(MAP(0, 0, 10) "," MAP(9, 100, 1), ONE),
		       "linux.uidMappings[1]: containerID overlaps");
	assert_refused(MAPS(MAP(0, 5, 10) "," MAP(10, 0, 6), ONE),
		       "linux.uidMappings[1]: hostID overlaps");
	assert_refused(MAPS(MAP(0, 4294967296, 1), ONE),
		       "linux.uidMappings[0].hostID: out of range");
}

static void devices_are_checked(void **state)
{
	(void)state;
	assert_taken(OF_LINUX(
		",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/x\",\"major\":1,\"minor\":0,\"fileMode\":8630}]"));
	assert_taken(OF_LINUX(",\"devices\":[{\"type\":\"p\",\"path\":\"/dev/x\"}]"));
	assert_refused(OF_LINUX(",\"devices\":[{\"type\":\"x\",\"path\":\"/dev/x\"}]"),
		       "linux.devices[0].type: \"x\"");
	assert_refused(OF_LINUX(",\"devices\":[{\"type\":\"p\",\"path\":\"dev/x\"}]"),
		       "linux.devices[0].path: ");
	assert_refused(OF_LINUX(",\"devices\":[{\"type\":\"p\"}]"),
		       "linux.devices[0].path: missing");
	assert_refused(OF_LINUX(",\"devices\":[{\"type\":\"b\",\"path\":\"/x\",\"minor\":1}]"),
		       "linux.devices[0].major: missing");
	assert_refused(OF_LINUX(",\"devices\":[{\"type\":\"u\",\"path\":\"/x\",\"major\":1}]"),
		       "linux.devices[0].minor: missing");
	assert_refused(
		OF_LINUX(
			",\"devices\":[{\"type\":\"c\",\"path\":\"/x\",\"major\":4096,\"minor\":1}]"),
		"linux.devices[0].major: out of range");
	assert_refused(OF_LINUX(",\"resources\":{\"devices\":[{\"access\":\"rwm\"}]}"),
		       "linux.resources.devices[0].allow: missing");
	assert_refused(
		OF_LINUX(",\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}"),
		"linux.resources.devices[0].access: ");
	assert_refused(OF_LINUX(",\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"p\"}]}"),
		       "linux.resources.devices[0].type: ");
	assert_taken(WITH_NS(",{\"type\":\"network\"}",
			     ",\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"lan\"}}"));
	assert_refused(OF_LINUX(",\"netDevices\":{\"eth0\":{}}"),
		       "linux.netDevices: needs a network namespace");
	assert_refused(WITH_NS(",{\"type\":\"network\"}",
			       ",\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"eth0\"}}"),
		       "linux.netDevices[\"eth1\"]: a second");
	assert_refused(WITH_NS(",{\"type\":\"network\"}", ",\"netDevices\":{\"a/b\":{}}"),
		       "linux.netDevices: \"a/b\"");
}

static void assert_sysctl(const char *name, bool taken)
{
	autofree char *text = str_format(OF_LINUX(",\"sysctl\":{\"%s\":\"1\"}"), name);

	if (taken)
		assert_taken(text);
	else
		assert_refused(text, "linux.sysctl: ");
}

static void sysctl_names_cant_leave_their_directory(void **state)
{
	static const char *const good[] = { "net.ipv4.ip_forward",
					    "net/ipv4/conf/eth0.1/forwarding",
					    "kernel.shm_rmid_forced", "fs.mqueue.msg_max",
					    "net.ipv4.conf.eth0/1.forwarding" };
	static const char *const bad[] = { "",		"kernel",    ".kernel.x", "kernel.x.",
					   "kernel..x", "/kernel/x", "a/../b",	  "a/./b",
					   "a/b/",	"../x",	     "a.//.b",	  "a./.b",
					   "a b.c",	"a.b\\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_sysctl(good[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_sysctl(bad[i], false);
}

static void sysctl_names_are_kept_with_dots_between_their_parts(void **state)
{
	static const char text[] = OF_LINUX(
		",\"sysctl\":{\"net/ipv4/conf/eth0.1/forwarding\":\"1\",\"net.ipv4.conf.eth0/2.forwarding\":\"1\"}");
	struct container_config config;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
	assert_string_equal(config.linux->sysctl.items[0].name, "net.ipv4.conf.eth0/1.forwarding");
	assert_string_equal(config.linux->sysctl.items[1].name, "net.ipv4.conf.eth0/2.forwarding");
	config_release(&config);
}

/* The printed config is read again, by init and by `exec`. */
static void a_sysctl_with_both_forms_of_its_name_has_the_last_value(void **state)
{
	static const char text[] =
		OF_LINUX(",\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net.ipv4.tcp_ecn\":\"2\","
			 "\"net/ipv4/ip_forward\":\"0\"}");
	autostrbuf struct strbuf printed = { 0 };
	struct container_config config, again;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
	assert_int_equal(config.linux->sysctl.count, 2);
	assert_string_equal(config.linux->sysctl.items[0].name, "net.ipv4.tcp_ecn");
	assert_string_equal(config.linux->sysctl.items[1].name, "net.ipv4.ip_forward");
	assert_string_equal(config.linux->sysctl.items[1].value, "0");
	config_print(&config, JSON_OWN, &printed);
	assert_int_equal(config_parse_own(printed.bytes, printed.size, &again, &err), 0);
	config_release(&again);
	config_release(&config);
}

static void other_fields_of_linux_are_checked(void **state)
{
	static const char *const no_controllers[] = {
		"cgroup.freeze", "cgroup.kill", "cgroup.procs", "cgroup.subtree_control",
		"cgroup.type",	 "memory.",	"memory",	"",
		"perf_event.x",	 "memory.x/y",	"memoryx.high", ".memory.high"
	};

	(void)state;
	assert_taken(OF_LINUX(",\"rootfsPropagation\":\"rslave\",\"cgroupsPath\":\"a:b:c\""));
	assert_refused(OF_LINUX(",\"rootfsPropagation\":\"none\""),
		       "linux.rootfsPropagation: \"none\"");
	assert_refused(OF_LINUX(",\"maskedPaths\":[\"/a\",\"b\"]"),
		       "linux.maskedPaths[1]: \"b\" must be an absolute");
	assert_refused(OF_LINUX(",\"readonlyPaths\":[\"\"]"),
		       "linux.readonlyPaths[0]: \"\" must be an absolute");
	assert_taken(OF_LINUX(
		",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}"));
	assert_refused(OF_LINUX(",\"memoryPolicy\":{\"nodes\":\"0\"}"),
		       "linux.memoryPolicy.mode: missing");
	assert_refused(OF_LINUX(",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1024\"}"),
		       "linux.memoryPolicy.nodes: \"0-1024\" isn't a list of nodes such as 0-3,7");
	assert_refused(OF_LINUX(",\"resources\":{\"cpu\":{\"cpus\":\"1-\"}}"),
		       "linux.resources.cpu.cpus: \"1-\" isn't a list of CPUs such as 0-3,7");
	assert_refused(OF_LINUX(",\"memoryPolicy\":{\"mode\":\"BIND\"}"),
		       "linux.memoryPolicy.mode: \"BIND\"");
	assert_taken(OF_LINUX(",\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}"));
	assert_refused(OF_LINUX(",\"personality\":{\"domain\":\"BSD\"}"),
		       "linux.personality.domain: \"BSD\"");
	assert_refused(OF_LINUX(",\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"),
		       "linux.personality.flags[0]: ");
	assert_taken(OF_LINUX(
		",\"resources\":{\"memory\":{\"limit\":-1,\"swap\":0},\"pids\":{\"limit\":-1},"
		"\"unified\":{\"memory.high\":\"1\"},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]}"));
	assert_refused(OF_LINUX(",\"resources\":{\"memory\":{\"limit\":-2}}"),
		       "linux.resources.memory.limit: out of range");
	assert_refused(OF_LINUX(",\"resources\":{\"unified\":{\"../x\":\"1\"}}"),
		       "linux.resources.unified: \"../x\"");
	for (size_t i = 0; i < ARRAY_SIZE(no_controllers); i++) {
		autofree char *text = str_format(
			OF_LINUX(
				",\"resources\":{\"unified\":{\"memory.high\":\"1\",\"%s\":\"1\"}}"),
			no_controllers[i]);
		autofree char *wanted =
			str_format("linux.resources.unified: \"%s\"", no_controllers[i]);

		assert_refused(text, wanted);
	}
	assert_refused(
		OF_LINUX(
			",\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2M/\",\"limit\":0}]}"),
		"linux.resources.hugepageLimits[0].pageSize: ");
}

static void seccomp_is_checked(void **state)
{
	(void)state;
	assert_taken(RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4095"));
	assert_taken(RULE(
		"\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":0,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":5,\"value\":18446744073709551615,\"valueTwo\":2,\"op\":\"SCMP_CMP_MASKED_EQ\"}]"));
	assert_refused(OF_LINUX(",\"seccomp\":{}"), "linux.seccomp.defaultAction: missing");
	assert_refused(OF_LINUX(",\"seccomp\":{\"defaultAction\":\"ALLOW\"}"),
		       "linux.seccomp.defaultAction: \"ALLOW\"");
	assert_refused(OF_LINUX(",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}"),
		       "linux.seccomp.defaultAction: ");
	assert_refused(
		OF_LINUX(
			",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}"),
		"linux.seccomp.defaultErrnoRet: ");
	assert_refused(RULE("\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1"),
		       "linux.seccomp.syscalls[0].errnoRet: ");
	assert_refused(RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"),
		       "linux.seccomp.syscalls[0].errnoRet: out of range");
	assert_refused(SECCOMP(",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}]"),
		       "linux.seccomp.syscalls[0].names: must not be empty");
	assert_refused(SECCOMP(",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]"),
		       "linux.seccomp.syscalls[0].names: missing");
	assert_refused(RULE("\"names2\":1"), "linux.seccomp.syscalls[0].action: missing");
	assert_refused(
		RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		"linux.seccomp.syscalls[0].args[0].index: out of range");
	assert_refused(
		RULE("\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
		"linux.seccomp.syscalls[0].args[0].valueTwo: ");
	assert_refused(RULE("\"action\":\"SCMP_ACT_NOTIFY\""),
		       "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY needs");
	assert_taken(SECCOMP(",\"listenerPath\":\"/s\",\"listenerMetadata\":\"m\","
			     "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"));
	assert_refused(SECCOMP(",\"listenerMetadata\":\"m\""),
		       "linux.seccomp.listenerMetadata: needs");
	assert_refused(SECCOMP(",\"listenerPath\":\"s\""),
		       "linux.seccomp.listenerPath: \"s\" must be an absolute");
	assert_refused(
		SECCOMP(",\"architectures\":[\"SCMP_ARCH_ARM\",\"SCMP_ARCH_PDP11\"]"),
		"linux.seccomp.architectures[1]: \"SCMP_ARCH_PDP11\" is an unknown architecture");
	assert_refused(SECCOMP(",\"flags\":[\"X\"]"), "linux.seccomp.flags[0]: \"X\"");
}

/*
 * A config with each property of the spec.  An error in one of the tables makes a property
 * disappear or differ in the second print.
 */
static const char whole[] =
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
	"\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3,4],\"username\":\"u\"},\"args\":[\"a\",\"b\"],"
	"\"env\":[\"A=1\"],\"cwd\":\"/c\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\"],"
	"\"inheritable\":[\"CAP_FOWNER\"],\"permitted\":[\"CAP_SETUID\"],\"ambient\":[\"CAP_SETGID\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":2}],\"noNewPrivileges\":true,\"apparmorProfile\":\"p\","
	"\"oomScoreAdj\":-7,\"selinuxLabel\":\"l\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":4},"
	"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-1,\"priority\":2,\"flags\":[\"SCHED_FLAG_UTIL_CLAMP_MAX\"],"
	"\"runtime\":1,\"deadline\":2,\"period\":3},\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1\"}},"
	"\"root\":{\"path\":\"r\",\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\","
	"\"mounts\":[{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"s\",\"options\":[\"ro\"],\"uidMappings\":["
	"{\"containerID\":1,\"hostID\":2,\"size\":3}],\"gidMappings\":[{\"containerID\":4,\"hostID\":5,\"size\":6}]}],"
	"\"hooks\":{\"prestart\":[{\"path\":\"/1\",\"args\":[\"x\"],\"env\":[\"B=2\"],\"timeout\":9}],"
	"\"createRuntime\":[{\"path\":\"/2\"}],\"createContainer\":[{\"path\":\"/3\"}],\"startContainer\":[{\"path\":\"/4\"}],"
	"\"poststart\":[{\"path\":\"/5\"}],\"poststop\":[{\"path\":\"/6\"}]},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/n\"},{\"type\":\"mount\"},"
	"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"user\"},{\"type\":\"cgroup\"},{\"type\":\"time\"}],"
	"\"uidMappings\":[{\"containerID\":7,\"hostID\":8,\"size\":9}],\"gidMappings\":[{\"containerID\":10,\"hostID\":11,\"size\":12}],"
	"\"timeOffsets\":{\"monotonic\":{\"secs\":-3,\"nanosecs\":4},\"boottime\":{\"secs\":5}},"
	"\"devices\":[{\"type\":\"b\",\"path\":\"/dev/d\",\"major\":8,\"minor\":1,\"fileMode\":438,\"uid\":1,\"gid\":2}],"
	"\"netDevices\":{\"eth0\":{\"name\":\"lan\"}},\"cgroupsPath\":\"/cg\",\"resources\":{\"devices\":[{\"allow\":false,"
	"\"type\":\"c\",\"major\":-1,\"minor\":2,\"access\":\"rw\"}],\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":3,"
	"\"kernel\":4,\"kernelTCP\":5,\"swappiness\":6,\"disableOOMKiller\":false,\"useHierarchy\":true,"
	"\"checkBeforeUpdate\":true},\"cpu\":{\"shares\":1,\"quota\":2,\"burst\":3,\"period\":4,\"realtimeRuntime\":5,"
	"\"realtimePeriod\":6,\"cpus\":\"0\",\"mems\":\"1\",\"idle\":1},\"pids\":{\"limit\":7},\"blockIO\":{\"weight\":10,"
	"\"leafWeight\":11,\"weightDevice\":[{\"major\":1,\"minor\":2,\"weight\":13,\"leafWeight\":14}],"
	"\"throttleReadBpsDevice\":[{\"major\":1,\"minor\":2,\"rate\":3}],\"throttleWriteBpsDevice\":[{\"major\":4,\"minor\":5,"
	"\"rate\":6}],\"throttleReadIOPSDevice\":[{\"major\":7,\"minor\":8,\"rate\":9}],\"throttleWriteIOPSDevice\":[{\"major\":10,"
	"\"minor\":11,\"rate\":12}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}],\"network\":{\"classID\":1,"
	"\"priorities\":[{\"name\":\"eth0\",\"priority\":2}]},\"rdma\":{\"mlx\":{\"hcaHandles\":1,\"hcaObjects\":2}},"
	"\"unified\":{\"memory.high\":\"3\"}},\"intelRdt\":{\"closID\":\"c\",\"l3CacheSchema\":\"l\",\"memBwSchema\":\"m\","
	"\"schemata\":[\"s\"],\"enableMonitoring\":true},\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\","
	"\"flags\":[\"MPOL_F_STATIC_NODES\"]},\"sysctl\":{\"net.a\":\"1\"},\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
	"\"defaultErrnoRet\":1,\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
	"\"listenerPath\":\"/s\",\"listenerMetadata\":\"m\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRACE\","
	"\"errnoRet\":5,\"args\":[{\"index\":1,\"value\":2,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},"
	"\"rootfsPropagation\":\"slave\",\"maskedPaths\":[\"/p\"],\"readonlyPaths\":[\"/q\"],\"mountLabel\":\"ml\","
	"\"personality\":{\"domain\":\"LINUX32\"}},\"annotations\":{\"org.x\":\"y\"}}";

static void all_that_is_read_is_printed(void **state)
{
	struct container_config config;
	struct error err = ERROR_NONE;
	autostrbuf struct strbuf printed = { 0 };

	(void)state;
	if (config_parse(whole, strlen(whole), &config, &err) < 0)
		fail_msg("%s", err.text);
	config_print(&config, JSON_COMPACT, &printed);
	assert_string_equal(printed.bytes, whole);
	assert_string_equal(config_annotation(&config, "org.x"), "y");
	assert_int_equal(config.process->scheduler->policy, CONFIG_SCHED_DEADLINE);
	assert_int_equal(config.process->scheduler->flags, 0x40); /* SCHED_FLAG_UTIL_CLAMP_MAX */
	assert_int_equal(config.process->io_priority->class, CONFIG_IO_IDLE);
	assert_int_equal(config.linux->seccomp->syscalls.items[0].action, CONFIG_SECCOMP_TRACE);
	assert_int_equal(config.linux->seccomp->syscalls.items[0].args.items[0].op,
			 CONFIG_SECCOMP_MASKED_EQ);
	assert_int_equal(config.linux->seccomp->flags,
			 1u << CONFIG_SECCOMP_FLAG_WAIT_KILLABLE_RECV);
	assert_int_equal(config.linux->memory_policy->mode, CONFIG_MEMORY_BIND);
	assert_int_equal(config.linux->memory_policy->flags, 1u << CONFIG_MEMORY_STATIC_NODES);
	assert_string_equal(config_find_namespace(&config, CONFIG_NS_NETWORK)->path, "/n");
	config_release(&config);
}

/* Source: namespaces(7); config-linux.md, "Namespaces". */
static void namespaces_have_names_files_and_flags(void **state)
{
	(void)state;
	assert_string_equal(config_namespace_name(CONFIG_NS_MOUNT), "mount");
	assert_string_equal(config_namespace_file(CONFIG_NS_MOUNT), "mnt");
	assert_string_equal(config_namespace_file(CONFIG_NS_NETWORK), "net");
	assert_int_equal(config_namespace_flag(CONFIG_NS_MOUNT), CLONE_NEWNS);
	assert_int_equal(config_namespace_flag(CONFIG_NS_USER), CLONE_NEWUSER);
	assert_int_equal(config_namespace_flag(CONFIG_NS_TIME), 0x80);
}

static void a_process_alone_has_the_same_checks(void **state)
{
	static const char good[] = "{\"args\":[\"a\"],\"cwd\":\"/\"}";
	static const char bad[] =
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"rlimits\":[{\"type\":\"X\",\"soft\":1,\"hard\":1}]}";
	struct config_process *process = NULL;
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };

	(void)state;
	assert_int_equal(config_parse_process(good, strlen(good), &arena, &process, &err), 0);
	assert_string_equal(process->args.items[0], "a");
	assert_true(process->user->uid.set);
	assert_int_equal(config_parse_process(bad, strlen(bad), &arena, &process, &err), -1);
	assert_memory_equal(err.text, "rlimits[0].type: \"X\"", 20);
	assert_int_equal(config_parse_process("{}", 2, &arena, &process, &err), -1);
	assert_string_equal(err.text, "cwd: missing");
	arena_release(&arena);
}

static void assert_load_fails(const char *path, const char *wanted)
{
	struct container_config config;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	autofree char *whole_line = str_format("%s: %s", path, wanted);

	assert_int_equal(config_load(path, &config, &err), -1);
	assert_string_equal(error_format(&err, line), whole_line);
	config_release(&config);
}

static void files_that_are_no_config_are_refused(void **state)
{
	char directory[] = "/tmp/test-config-XXXXXX";
	char path[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_load_fails(directory, "not a regular file or a pipe");
	snprintf(path, sizeof(path), "%s/config.json", directory);
	assert_load_fails(path, "open: no such file or directory");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_load_fails(path, "an empty FIFO without a writer");
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	assert_load_fails(path, "larger than 12582912 bytes");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_load_fails(path, "not JSON: empty");
	assert_int_equal(write(fd, "{}", 2), 2);
	assert_load_fails(path, "ociVersion: missing");
	close(fd);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_config_is_taken_and_filled),
		cmocka_unit_test(relative_destinations_are_below_the_root),
		cmocka_unit_test(empty_paths_are_as_none),
		cmocka_unit_test(lengths_that_can_only_fail_are_refused),
		cmocka_unit_test(a_path_of_four_kibibytes_is_refused),
		cmocka_unit_test(versions_are_semver_of_1),
		cmocka_unit_test(top_level_fields_are_checked),
		cmocka_unit_test(processes_are_checked),
		cmocka_unit_test(rlimits_are_checked),
		cmocka_unit_test(capabilities_are_the_kernels_bits),
		cmocka_unit_test(mounts_and_hooks_are_checked),
		cmocka_unit_test(namespaces_are_checked),
		cmocka_unit_test(mappings_are_checked),
		cmocka_unit_test(devices_are_checked),
		cmocka_unit_test(sysctl_names_cant_leave_their_directory),
		cmocka_unit_test(sysctl_names_are_kept_with_dots_between_their_parts),
		cmocka_unit_test(a_sysctl_with_both_forms_of_its_name_has_the_last_value),
		cmocka_unit_test(other_fields_of_linux_are_checked),
		cmocka_unit_test(seccomp_is_checked),
		cmocka_unit_test(all_that_is_read_is_printed),
		cmocka_unit_test(namespaces_have_names_files_and_flags),
		cmocka_unit_test(a_process_alone_has_the_same_checks),
		cmocka_unit_test(files_that_are_no_config_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
