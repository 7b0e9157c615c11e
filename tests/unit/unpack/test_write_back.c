// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/unpack/write_back.h"

static struct error err;

struct shared {
	_Atomic(uint64_t) looks;
	_Atomic(uint64_t) bytes;
};

static struct shared *shared;

static int make_shared(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -1 : 0;
}

static uint64_t progress(const void *of)
{
	(void)of;
	shared->looks++;
	return shared->bytes;
}

/* Waits until the process has looked @count times more, for ten seconds at most. */
static void await_looks(uint64_t count)
{
	uint64_t until = shared->looks + count;

	for (int i = 0; i < 1000 && shared->looks < until; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_true(shared->looks >= until);
}

static struct write_back start(int store)
{
	struct write_back back = WRITE_BACK_NONE;

	err = ERROR_NONE;
	if (write_back_start(store, progress, NULL, &back, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(back.pid > 0);
	return back;
}

/* Nothing is left of it: neither the process nor a child that isn't reaped. */
static void ends(struct write_back *back)
{
	pid_t pid = back->pid;

	write_back_end(back);
	assert_int_equal(back->pid, 0);
	assert_int_equal(back->end, -1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_it_goes_on_until_its_end(void **state)
{
	int store = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct write_back back = start(store);

	(void)state;
	await_looks(1);
	shared->bytes += UINT64_C(64) << 20;
	await_looks(3);
	ends(&back);
	close(store);
}

/* The process of a layer, which is forked later, has a copy of its end for as long as it lives. */
static void test_its_end_is_not_held_by_a_process_that_has_ended(void **state)
{
	int store = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct write_back back = start(store);
	pid_t worker = fork();

	(void)state;
	if (worker == 0)
		_exit(0);
	assert_int_equal(waitpid(worker, NULL, 0), worker);
	ends(&back);
	close(store);
}

static void test_a_store_that_cannot_be_opened_ends_it(void **state)
{
	struct write_back back = start(-1);

	(void)state;
	ends(&back);
}

static void test_none_is_ended_as_well(void **state)
{
	struct write_back back = WRITE_BACK_NONE;

	(void)state;
	write_back_end(&back);
	write_back_end(&back);
	assert_int_equal(back.end, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_goes_on_until_its_end),
		cmocka_unit_test(test_its_end_is_not_held_by_a_process_that_has_ended),
		cmocka_unit_test(test_a_store_that_cannot_be_opened_ends_it),
		cmocka_unit_test(test_none_is_ended_as_well),
	};

	return cmocka_run_group_tests(tests, make_shared, NULL);
}
