// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/systemd/address.h"

static char folder[] = "/tmp/urun test-XXXXXX";

static void socket_path(char *path, size_t size)
{
	snprintf(path, size, "%s/bus", folder);
}

static int make_socket(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	socket_path(address.sun_path, sizeof(address.sun_path));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return close(fd);
}

static int remove_socket(void **state)
{
	char path[108];

	(void)state;
	socket_path(path, sizeof(path));
	unlink(path);
	return rmdir(folder);
}

static void a_socket_in_the_runtime_folder_comes_first(void **state)
{
	autofree char *address = address_of_user_bus(folder, "unix:path=/desktop");
	autofree char *expected =
		str_format("unix:path=/tmp/urun%%20test-%s/bus", strrchr(folder, '-') + 1);

	(void)state;
	assert_string_equal(address, expected);
}

static void else_it_is_the_sessions_address(void **state)
{
	autofree char *none = address_of_user_bus(NULL, "unix:path=/desktop");
	autofree char *empty = address_of_user_bus("/nowhere", "unix:path=/desktop");
	autofree char *relative = address_of_user_bus("tmp", "unix:path=/desktop");

	(void)state;
	assert_string_equal(none, "unix:path=/desktop");
	assert_string_equal(empty, "unix:path=/desktop");
	assert_string_equal(relative, "unix:path=/desktop");
}

static void a_file_that_is_no_socket_is_no_bus(void **state)
{
	autofree char *address = NULL;
	char path[108];
	int fd;

	(void)state;
	socket_path(path, sizeof(path));
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	address = address_of_user_bus(folder, "unix:path=/desktop");
	assert_string_equal(address, "unix:path=/desktop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_in_the_runtime_folder_comes_first),
		cmocka_unit_test(else_it_is_the_sessions_address),
		cmocka_unit_test(a_file_that_is_no_socket_is_no_bus),
	};

	return cmocka_run_group_tests(tests, make_socket, remove_socket);
}
