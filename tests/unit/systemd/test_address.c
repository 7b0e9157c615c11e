// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/systemd/address.h"

static char directory[] = "/tmp/urun test-XXXXXX";

static void socket_path(char *path, size_t size)
{
	snprintf(path, size, "%s/bus", directory);
}

static int bind_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return close(fd);
}

static int make_socket(void **state)
{
	char path[108];

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	socket_path(path, sizeof(path));
	return bind_socket(path);
}

static int remove_socket(void **state)
{
	char path[108];

	(void)state;
	socket_path(path, sizeof(path));
	unlink(path);
	return rmdir(directory);
}

static void a_socket_in_the_runtime_directory_comes_first(void **state)
{
	bool managed = true;
	autofree char *address = address_of_user_bus(directory, "unix:path=/desktop", &managed);
	autofree char *expected =
		str_format("unix:path=/tmp/urun%%20test-%s/bus", strrchr(directory, '-') + 1);

	(void)state;
	assert_string_equal(address, expected);
	assert_false(managed);
}

static void a_bus_beside_systemds_own_socket_is_managed_by_it(void **state)
{
	autofree char *systemd = str_format("%s/systemd", directory);
	autofree char *socket_path_of_it = str_format("%s/private", systemd);
	autofree char *address = NULL, *desktop = NULL;
	bool managed = false;

	(void)state;
	assert_int_equal(mkdir(systemd, 0700), 0);
	assert_int_equal(bind_socket(socket_path_of_it), 0);
	address = address_of_user_bus(directory, "unix:path=/desktop", &managed);
	assert_non_null(address);
	assert_true(managed);
	desktop = address_of_user_bus("/nowhere", "unix:path=/desktop", &managed);
	assert_string_equal(desktop, "unix:path=/desktop");
	assert_false(managed);
	unlink(socket_path_of_it);
	rmdir(systemd);
}

static void else_it_is_the_sessions_address(void **state)
{
	bool managed = true;
	autofree char *none = address_of_user_bus(NULL, "unix:path=/desktop", &managed);
	autofree char *empty = address_of_user_bus("/nowhere", "unix:path=/desktop", &managed);
	autofree char *relative = address_of_user_bus("tmp", "unix:path=/desktop", &managed);

	(void)state;
	assert_string_equal(none, "unix:path=/desktop");
	assert_string_equal(empty, "unix:path=/desktop");
	assert_string_equal(relative, "unix:path=/desktop");
}

static void a_file_that_is_no_socket_is_no_bus(void **state)
{
	autofree char *address = NULL;
	bool managed = true;
	char path[108];
	int fd;

	(void)state;
	socket_path(path, sizeof(path));
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	address = address_of_user_bus(directory, "unix:path=/desktop", &managed);
	assert_string_equal(address, "unix:path=/desktop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_in_the_runtime_directory_comes_first),
		cmocka_unit_test(a_bus_beside_systemds_own_socket_is_managed_by_it),
		cmocka_unit_test(else_it_is_the_sessions_address),
		cmocka_unit_test(a_file_that_is_no_socket_is_no_bus),
	};

	return cmocka_run_group_tests(tests, make_socket, remove_socket);
}
