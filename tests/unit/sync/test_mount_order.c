// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/str.h"
#include "core/config/config.h"
#include "core/sync/mount_order.h"

#define MAPPED                                                                          \
	"\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"},{\"type\":\"ipc\"}]," \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":70000}],"         \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":70000}]"

/* One mount of each kind, and an option of each. */
#define MOUNTS                                                                                        \
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\"]}," \
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"strictatime\",\"mode=755\","     \
	"\"noswap\",\"tmpcopyup\",\"sync\",\"nolazytime\"]},"                                         \
	"{\"destination\":\"/v\",\"type\":\"none\",\"source\":\"/h \\u00e4\",\"options\":[\"rbind\"," \
	"\"rro\",\"rexec\",\"rslave\",\"shared\",\"U\",\"idmap=uids=0-1000-1;gids=@0-5-300\"]},"      \
	"{\"destination\":\"/etc/passwd\",\"type\":\"bind\",\"source\":\"/p\",\"options\":"           \
	"[\"x-urun-lines\"]},"                                                                        \
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"},"                                   \
	"{\"destination\":\"/v\",\"options\":[\"remount\",\"ro\"]}"

struct fixture {
	struct container_config config;
	struct mount_plan plan; /* of the config */
	struct strbuf packed;
};

static int setup(void **state)
{
	static const char json[] =
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/rootfs\"},\"mounts\":[" MOUNTS "],"
		"\"annotations\":{\"org.urun.passwd\":\"a:x:1:1::/:/\",\"run.oci.mount_context_type\":"
		"\"rootcontext\"},\"linux\":{\"mountLabel\":\"l:1,2\",\"rootfsPropagation\":\"rslave\"," MAPPED
		"}}";
	struct fixture *fixture = mem_alloc(sizeof(*fixture));
	struct error err = ERROR_NONE;

	if (config_parse(json, strlen(json), &fixture->config, &err) < 0 ||
	    mount_plan_make(&fixture->config, &fixture->plan, &err) < 0)
		fail_msg("%s", err.text);
	mount_order_pack(&fixture->plan, &fixture->packed);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	strbuf_release(&fixture->packed);
	mount_plan_release(&fixture->plan);
	config_release(&fixture->config);
	free(fixture);
	return 0;
}

static void assert_text(const char *sent, const char *received)
{
	assert_int_equal(sent != NULL, received != NULL);
	if (sent)
		assert_string_equal(sent, received);
}

static void assert_options(const struct mount_options *sent, const struct mount_options *received)
{
	assert_int_equal(sent->traits, received->traits);
	assert_memory_equal(&sent->top, &received->top, sizeof(sent->top));
	assert_memory_equal(&sent->tree, &received->tree, sizeof(sent->tree));
	assert_memory_equal(&sent->super, &received->super, sizeof(sent->super));
	assert_int_equal(sent->propagations.count, received->propagations.count);
	for (size_t i = 0; i < sent->propagations.count; i++)
		assert_int_equal(sent->propagations.items[i], received->propagations.items[i]);
	assert_int_equal(sent->data.count, received->data.count);
	for (size_t i = 0; i < sent->data.count; i++) {
		assert_text(sent->data.items[i].key, received->data.items[i].key);
		assert_text(sent->data.items[i].value, received->data.items[i].value);
	}
}

static void what_is_unpacked_is_what_was_packed(void **state)
{
	const struct fixture *fixture = *state;
	const struct mount_plan *sent = &fixture->plan;
	automountplan struct mount_plan received = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(
		mount_order_unpack(fixture->packed.bytes, fixture->packed.size, &received, &err),
		0);
	assert_string_equal(received.context, "l:1,2");
	assert_string_equal(received.context_type, "rootcontext");
	assert_int_equal(received.root_propagation, MOUNT_RSLAVE);
	assert_true(received.has_propagations);
	assert_true(received.own_ipc_namespace);
	assert_false(received.own_pid_namespace);
	assert_int_equal(received.steps.count, 6);
	for (size_t i = 0; i < sent->steps.count; i++) {
		const struct mount_step *a = &sent->steps.items[i], *b = &received.steps.items[i];

		assert_int_equal(a->index, b->index);
		assert_int_equal(a->kind, b->kind);
		assert_text(a->type, b->type);
		assert_text(a->source, b->source);
		assert_text(a->destination, b->destination);
		assert_text(a->uid_map, b->uid_map);
		assert_text(a->gid_map, b->gid_map);
		assert_text(a->lines, b->lines);
		assert_int_equal(a->filled_later, b->filled_later);
		assert_options(&a->options, &b->options);
		assert_int_equal(b->source_fd, -1);
		assert_int_equal(b->context_fd, -1);
	}
	/* The fixture has something of everything. */
	assert_non_null(received.steps.items[2].uid_map);
	assert_non_null(received.steps.items[3].lines);
	assert_true(received.steps.items[1].filled_later);
}

static void assert_refused(const char *bytes, size_t size)
{
	struct mount_plan none = { 0 };
	struct error err = ERROR_NONE;

	assert_int_equal(mount_order_unpack(bytes, size, &none, &err), -1);
	assert_int_equal(err.code, EPROTO);
	assert_null(none.steps.items);
}

static void a_part_of_a_plan_is_none(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t size = 0; size < fixture->packed.size; size++) {
		/* The copy has exactly the size, so that a sanitizer sees a read beyond. */
		autofree char *part = mem_alloc(size + !size);

		memcpy(part, fixture->packed.bytes, size);
		assert_refused(part, size);
	}
	strbuf_add((struct strbuf *)(uintptr_t)&fixture->packed, "", 1);
	assert_refused(fixture->packed.bytes, fixture->packed.size);
}

/* Packs the plan, of which one step was changed, and expects that it isn't taken. */
static void assert_step_refused(struct fixture *fixture, size_t index, struct mount_step changed)
{
	struct mount_step *step = &fixture->plan.steps.items[index], kept = *step;
	autostrbuf struct strbuf packed = { 0 };

	*step = changed;
	mount_order_pack(&fixture->plan, &packed);
	*step = kept;
	assert_refused(packed.bytes, packed.size);
}

#define REFUSED(index, member, value)                                         \
	do {                                                                  \
		struct mount_step step_ = fixture->plan.steps.items[(index)]; \
                                                                              \
		step_.member = (value);                                       \
		assert_step_refused(fixture, (index), step_);                 \
	} while (0)

static void a_step_that_no_plan_has_is_refused(void **state)
{
	struct fixture *fixture = *state;

	REFUSED(0, kind, MOUNT_KIND_COUNT);
	REFUSED(0, type, NULL);
	REFUSED(0, type, "");
	REFUSED(0, destination, NULL);
	REFUSED(0, destination, "/");
	REFUSED(0, destination, "proc");
	REFUSED(0, destination, "/a/../b");
	REFUSED(0, destination, "/a/");
	REFUSED(0, destination, "//a");
	REFUSED(0, options.traits, MOUNT_TRAITS_ALL + 1);
	REFUSED(0, options.traits, MOUNT_TRAIT_LINES);
	REFUSED(0, options.traits, MOUNT_TRAIT_FILE);
	REFUSED(0, options.traits, MOUNT_TRAIT_COPY_UP);
	REFUSED(0, options.top.set, (uint64_t)1 << 40);
	REFUSED(0, options.top.clear, MOUNT_ATTR_NOSUID); /* it is set too */
	REFUSED(0, options.tree.set, MOUNT_ATTR_NOATIME); /* the mode isn't cleared */
	REFUSED(0, options.super.set, MS_RDONLY);
	REFUSED(0, filled_later, true);
	REFUSED(0, lines, "x");
	REFUSED(0, uid_map, "0 0 1\n");
	REFUSED(2, source, NULL);
	REFUSED(2, source, "");
	REFUSED(2, type, "tmpfs");
	REFUSED(2, gid_map, NULL);
	REFUSED(2, options.traits, MOUNT_TRAIT_BIND); /* a map without idmap */
	REFUSED(2, options.propagations.items, ((enum mount_propagation[]){ 0, MOUNT_SHARED }));
	REFUSED(2, options.propagations.items,
		((enum mount_propagation[]){ MOUNT_PROPAGATION_COUNT, MOUNT_SHARED }));
	REFUSED(3, lines, NULL);
	REFUSED(1, options.data.items, ((struct mount_datum[2]){ { NULL, "x", 0 } }));
	REFUSED(5, options.traits, MOUNT_TRAIT_REMOUNT | MOUNT_TRAIT_IDMAP);
}

/* A number of steps is believed only as far as there are bytes for them. */
static void numbers_are_bounded(void **state)
{
	static const char *const numbers[] = {
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", /* 2^64 - 1 */
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", /* more */
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\x7f", "\x01", "\x80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		autostrbuf struct strbuf text = { 0 };

		/* no context, a context type of no bytes, four numbers of 0 */
		strbuf_add(&text, "\0\1\0\0\0\0\0", 7);
		strbuf_add_str(&text, numbers[i]);
		assert_refused(text.bytes, text.size);
	}
	/* 0 in two bytes */
	assert_refused("\0\1\0\0\0\0\0\x80\0", 9);
}

static void a_plan_may_have_no_steps(void **state)
{
	automountplan struct mount_plan received = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(mount_order_unpack("\0\1\0\0\0\0\0\0", 8, &received, &err), 0);
	assert_int_equal(received.steps.count, 0);
	assert_null(received.context);
	assert_string_equal(received.context_type, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_unpacked_is_what_was_packed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_part_of_a_plan_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_step_that_no_plan_has_is_refused, setup,
						teardown),
		cmocka_unit_test(numbers_are_bounded),
		cmocka_unit_test(a_plan_may_have_no_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
