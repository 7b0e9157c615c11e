// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/spec/spec_hidden.h"
#include "tests/unit/rootless/fake_host.h"

static struct arena arena;

static int setup(void **state)
{
	arena = (struct arena){ 0 };
	return fake_host_setup(state);
}

static int teardown(void **state)
{
	arena_release(&arena);
	return fake_host_teardown(state);
}

/*
 * Returns the hidden paths for uid 1000 with this passwd, and with one path of the environment or
 * none.
 */
static char *hidden(const char *passwd, const char *own)
{
	const struct str_list paths = { (char **)(uintptr_t)&own, own ? 1 : 0 };
	struct error err = ERROR_NONE;
	char *text = NULL;

	fake_file("/etc/passwd", passwd);
	if (spec_hidden_text(fake_root, 1000, &paths, &arena, &text, &err) < 0)
		return err.text[0] ? arena_str(&arena, err.text) : NULL;
	return text;
}

#define ALWAYS_BEFORE "/home\n/media\n/mnt"
#define ALWAYS_AFTER  "/root\n/run\n/tmp\n/var/home\n/var/tmp"

static void what_is_peoples_by_convention_is_hidden_always(void **state)
{
	(void)state;
	assert_string_equal(hidden("", NULL), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
}

static void homes_elsewhere_are_hidden_once_and_those_below_another_are_not_named(void **state)
{
	(void)state;
	assert_string_equal(hidden("ann:x:1000:1::/var/lib/jenkins/:/bin/sh\n"
				   "bob:x:1001:1::/home/bob:/bin/sh\n"
				   "cid:x:1002:1::/var/lib/jenkins/cid:/bin/sh\n"
				   "dan:x:1003:1::/var/lib/jenkins2:/bin/sh\n"
				   "eve:x:1004:1::/export//home/./eve:/bin/sh\n"
				   "fay:x:1005:1::/export/home/eve:/bin/sh\n",
				   NULL),
			    "/export/home/eve\n" ALWAYS_BEFORE "\n/root\n/run\n/tmp\n/var/home\n"
			    "/var/lib/jenkins\n/var/lib/jenkins2\n/var/tmp");
}

static void a_home_that_holds_the_system_is_left(void **state)
{
	(void)state;
	assert_string_equal(hidden("a:x:1001:1::/:/bin/sh\nb:x:1002:1::/usr:/bin/sh\n"
				   "c:x:1003:1::/usr/sbin:/bin/sh\nd:x:1004:1::/var/lib:/bin/sh\n"
				   "e:x:1005:1::/opt:/bin/sh\nf:x:1006:1::/etc/../usr/:/bin/sh\n"
				   "g:x:1007:1::/usr/local:/bin/sh\nh:x:1008:1::/var:/bin/sh\n",
				   NULL),
			    ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/usr/lib"), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/"), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
}

static void paths_of_the_environment_are_hidden(void **state)
{
	(void)state;
	assert_string_equal(hidden("", "/data/tmp"), "/data/tmp\n" ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/tmp/mine"), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "no/such/directory"), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
}

/* A cover lies on a directory and not on a name, so the target of a link must be covered. */
static void links_are_hidden_where_they_lead(void **state)
{
	(void)state;
	fake_file("/var/home/ann/file", "");
	fake_file("/data/bob/file", "");
	fake_file("/disk/users/cid/file", "");
	fake_file("/usr/share/file", "");
	assert_int_equal(symlink("var/home", fake_path("/home")), 0);
	assert_int_equal(symlink("/data/bob", fake_path("/var/home/bob")), 0);
	assert_int_equal(symlink("../../disk/users", fake_path("/var/home/more")), 0);
	assert_int_equal(symlink("/usr/share", fake_path("/var/home/system")), 0);
	assert_string_equal(hidden("ann:x:1000:1::/home/ann:/bin/sh\n"
				   "bob:x:1001:1::/home/bob:/bin/sh\n"
				   "cid:x:1002:1::/home/more/cid:/bin/sh\n"
				   "dan:x:1003:1::/home/system:/bin/sh\n",
				   NULL),
			    "/data/bob\n/disk/users/cid\n/media\n/mnt\n" ALWAYS_AFTER);
}

#define MOUNT_OF(type, device, root, point) \
	"1 1 " device " " root " " point " rw - " type " /dev/x rw\n"
#define MOUNT(device, root, point) MOUNT_OF("ext4", device, root, point)

static void what_is_mounted_elsewhere_is_hidden_there_too(void **state)
{
	(void)state;
	fake_file("/proc/self/mountinfo",
		  MOUNT("8:1", "/deploy/root", "/") MOUNT("8:1", "/", "/sysroot")
			  MOUNT("8:1", "/deploy/root/home/ann/www", "/srv/www") MOUNT(
				  "8:1", "/deploy/root/srv/x", "/srv/y") MOUNT("8:2", "/", "/data")
				  MOUNT("8:2", "/users", "/export") MOUNT("8:3", "/users", "/other")
					  MOUNT("8:1", "/deploy/root/home", "/etc"));
	assert_string_equal(
		hidden("ann:x:1000:1::/export/ann:/bin/sh\n", NULL),
		"/data/users/ann\n/export/ann\n" ALWAYS_BEFORE
		"\n/root\n/run\n/srv/www\n/sysroot/deploy/root/home\n/sysroot/deploy/root/media\n"
		"/sysroot/deploy/root/mnt\n/sysroot/deploy/root/root\n/sysroot/deploy/root/run\n"
		"/sysroot/deploy/root/tmp\n/sysroot/deploy/root/var/home\n"
		"/sysroot/deploy/root/var/tmp\n/tmp\n/var/home\n/var/tmp");
}

/* A home with a disk of its own below /home; and what a chroot in a home has of the system stays. */
static void what_is_mounted_below_a_hidden_directory_is_hidden_elsewhere_too(void **state)
{
	(void)state;
	fake_file("/proc/self/mountinfo",
		  MOUNT("8:1", "/", "/") MOUNT("8:2", "/", "/home/ann")
			  MOUNT("8:2", "/", "/srv/ann") MOUNT("8:2", "/keys", "/var/keys")
				  MOUNT("8:1", "/usr/share/doc", "/home/bob/chroot/usr/share/doc")
					  MOUNT("8:1", "/data/cid", "/home/cid"));
	assert_string_equal(hidden("cid:x:1002:1::/home/cid:/bin/sh\n", NULL),
			    "/data/cid\n" ALWAYS_BEFORE
			    "\n/root\n/run\n/srv/ann\n/tmp\n/var/home\n/var/keys\n/var/tmp");
}

/* A chroot on the host, and files that systemd or an engine has masked. */
static void what_the_kernel_tells_of_the_host_is_hidden_wherever_it_is_mounted(void **state)
{
	(void)state;
	fake_file("/proc/self/mountinfo",
		  MOUNT("8:1", "/", "/") MOUNT_OF("proc", "0:5", "/", "/proc") MOUNT_OF(
			  "proc", "0:5", "/sys", "/proc/sys") MOUNT_OF("sysfs", "0:6", "/", "/sys")
			  MOUNT_OF("tmpfs", "0:7", "/", "/dev") MOUNT_OF("devpts", "0:8", "/",
									 "/dev/pts")
				  MOUNT_OF("proc", "0:9", "/", "/srv/c/proc")
					  MOUNT_OF("sysfs", "0:6", "/", "/srv/c/sys") MOUNT_OF(
						  "devtmpfs", "0:10", "/", "/srv/c/dev")
						  MOUNT_OF("devpts", "0:8", "/", "/srv/c/dev/pts")
							  MOUNT_OF("devtmpfs", "0:10", "/null",
								   "/etc/masked"));
	assert_string_equal(
		hidden("", NULL),
		"/etc/masked\n" ALWAYS_BEFORE
		"\n/root\n/run\n/srv/c/dev\n/srv/c/proc\n/srv/c/sys\n/tmp\n/var/home\n/var/tmp");
}

/* Files of the system are no home, even if passwd says so; directories beside them are homes. */
static void a_home_inside_of_the_system_is_left(void **state)
{
	static const char *const left[] = {
		"/usr/lib/x86_64-linux-gnu",
		"/bin/x",
		"/usr/local/lib/x",
		"/etc/x",
		"/nix/store/x",
		"/lib/x",
		"/usr/share/x/y",
		"/proc",
		"/proc/sys",
		"/proc/self/cwd",
		"/sys/x",
		"/dev/shm/x",
		"/boot/x",
		"/gnu/store/x",
		"/var/usrlocal/bin/x",
	};
	static const char *const homes[] = {
		"/opt/x",	    "/srv/x",	    "/usr/home/x", "/usr/local/x", "/usr/libx",
		"/var/lib/jenkins", "/var/spool/x", "/nix/x",	   "/etcetera",	   "/x/usr/lib",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		autofree char *line = str_format("x:x:1001:1::%s:/bin/sh\n", left[i]);

		assert_string_equal(hidden(line, NULL), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
		assert_string_equal(hidden("", left[i]), ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	}
	for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
		autofree char *line = str_format("x:x:1001:1::%s:/bin/sh\n", homes[i]);

		assert_non_null(strstr(hidden(line, NULL), homes[i]));
		assert_non_null(strstr(hidden("", homes[i]), homes[i]));
	}
}

/* A home that is mounted a second time among the system's files is hidden there too. */
static void what_is_mounted_inside_of_the_system_is_hidden(void **state)
{
	(void)state;
	fake_file("/proc/self/mountinfo", MOUNT("8:1", "/", "/") MOUNT("8:2", "/", "/home")
						  MOUNT("8:2", "/ann/www", "/usr/share/www"));
	assert_string_equal(hidden("", NULL), ALWAYS_BEFORE
			    "\n/root\n/run\n/tmp\n/usr/share/www\n/var/home\n/var/tmp");
}

static void bytes_that_a_line_cannot_hold_are_octal_numbers(void **state)
{
	(void)state;
	assert_string_equal(hidden("", "/data/a\nb"),
			    "/data/a\\012b\n" ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/data/a\\012b\x7f"),
			    "/data/a\\134012b\\177\n" ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/data/é"), "/data/é\n" ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	assert_string_equal(hidden("", "/data/\xff\xc3\xa9"),
			    "/data/\\377\\303\\251\n" ALWAYS_BEFORE "\n" ALWAYS_AFTER);
	/* The second mount point of a home is hidden too. */
	fake_file("/proc/self/mountinfo", MOUNT("8:1", "/", "/") MOUNT("8:2", "/", "/home/ann")
						  MOUNT("8:2", "/", "/srv/a\\012b"));
	assert_non_null(strstr(hidden("", NULL), "\n/srv/a\\012b\n"));
}

static void ten_thousand_homes_are_no_matter(void **state)
{
	autostrbuf struct strbuf passwd = { 0 };
	const char *text;
	size_t lines = 1;

	(void)state;
	for (int i = 0; i < 10000; i++)
		strbuf_addf(&passwd, "u%d:x:%d:1::/export/home/u%d:/bin/sh\n", i, 2000 + i, i);
	text = hidden(passwd.bytes, NULL);
	while ((text = strchr(text, '\n'))) {
		text++;
		lines++;
	}
	assert_int_equal(lines, 10000 + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_peoples_by_convention_is_hidden_always,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			homes_elsewhere_are_hidden_once_and_those_below_another_are_not_named,
			setup, teardown),
		cmocka_unit_test_setup_teardown(a_home_that_holds_the_system_is_left, setup,
						teardown),
		cmocka_unit_test_setup_teardown(paths_of_the_environment_are_hidden, setup,
						teardown),
		cmocka_unit_test_setup_teardown(links_are_hidden_where_they_lead, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_mounted_below_a_hidden_directory_is_hidden_elsewhere_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_is_mounted_elsewhere_is_hidden_there_too,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_the_kernel_tells_of_the_host_is_hidden_wherever_it_is_mounted, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_home_inside_of_the_system_is_left, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_mounted_inside_of_the_system_is_hidden,
						setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_that_a_line_cannot_hold_are_octal_numbers,
						setup, teardown),
		cmocka_unit_test_setup_teardown(ten_thousand_homes_are_no_matter, setup, teardown),
	};

	return cmocka_run_group_tests_name("spec_hidden", tests, NULL, NULL);
}
