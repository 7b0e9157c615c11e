// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/systemd/property.h"

static void takes(const char *argument, const char *name, const char *signature,
		  struct property *property)
{
	struct error err = ERROR_NONE;

	if (property_parse(argument, property, &err) < 0)
		fail_msg("%s: %s", argument, err.text);
	assert_string_equal(property->name, name);
	assert_string_equal(property->signature, signature);
}

static void takes_number(const char *argument, const char *name, const char *signature,
			 uint64_t number)
{
	autoproperty struct property property = PROPERTY_NONE;

	takes(argument, name, signature, &property);
	assert_true(property.number == number);
}

static void takes_text(const char *argument, const char *text)
{
	autoproperty struct property property = PROPERTY_NONE;
	autofree char *name = str_dup_n(argument, strcspn(argument, "="));

	takes(argument, name, "s", &property);
	assert_int_equal(property.text_count, 1);
	assert_string_equal(property.texts[0], text);
}

static void takes_set(const char *argument, const uint8_t *bytes, size_t count)
{
	autoproperty struct property property = PROPERTY_NONE;
	autofree char *name = str_dup_n(argument, strcspn(argument, "="));

	takes(argument, name, "ay", &property);
	assert_int_equal(property.byte_count, count);
	assert_memory_equal(property.bytes, bytes, count);
}

static void refuses(const char *argument, const char *reason)
{
	struct property property = PROPERTY_NONE;
	struct error err = ERROR_NONE;

	if (property_parse(argument, &property, &err) == 0)
		fail_msg("%s is taken", argument);
	if (!strstr(err.text, reason))
		fail_msg("%s: \"%s\" is not in \"%s\"", argument, reason, err.text);
	assert_null(property.name);
}

static void texts_are_taken_as_they_are_or_in_quotes(void **state)
{
	(void)state;
	takes_text("Description=a container's scope = c1", "a container's scope = c1");
	takes_text("Description=", "");
	takes_text("Slice=user.slice", "user.slice");
	/* runc's documentation has this form. */
	takes_text("CollectMode='inactive-or-failed'", "inactive-or-failed");
	takes_text("CollectMode=\"inactive\"", "inactive");
}

static void amounts_have_64_bits_and_a_word_for_no_limit(void **state)
{
	(void)state;
	takes_number("MemoryMax=100000000", "MemoryMax", "t", 100000000);
	takes_number("TasksMax=18446744073709551615", "TasksMax", "t", UINT64_MAX);
	takes_number("MemorySwapMax=infinity", "MemorySwapMax", "t", UINT64_MAX);
	takes_number("CPUQuotaPerSecUSec=500000", "CPUQuotaPerSecUSec", "t", 500000);
	takes_number("MemoryHigh=uint64 7", "MemoryHigh", "t", 7);
	refuses("MemoryMax=12M", "property MemoryMax: '12M' is not a number");
	refuses("MemoryMax=-1", "property MemoryMax");
	refuses("MemoryMax=", "property MemoryMax");
	refuses("MemoryMax=int32 7", "property MemoryMax");
}

static void truths(void **state)
{
	(void)state;
	takes_number("Delegate=true", "Delegate", "b", 1);
	takes_number("DefaultDependencies=false", "DefaultDependencies", "b", 0);
	takes_number("SendSIGHUP=true", "SendSIGHUP", "b", 1);
	refuses("Delegate=yes", "property Delegate: 'yes' is not true or false");
	refuses("Delegate=1", "property Delegate");
	refuses("SendSIGHUP=truely", "property SendSIGHUP");
}

/* Number N is bit N % 8 of byte N / 8.  Source: systemd, src/shared/cpu-set-util.c. */
static void sets_become_bits(void **state)
{
	static const uint8_t few[] = { 0x8f }, spread[] = { 0x01, 0x02, 0x00, 0x80 };
	uint8_t last[1024] = { 0 };

	(void)state;
	takes_set("AllowedCPUs=0-3,7", few, sizeof(few));
	takes_set("AllowedCPUs=7, 3,2,0-1", few, sizeof(few));
	takes_set("AllowedMemoryNodes=31,0,9", spread, sizeof(spread));
	last[1023] = 0x80;
	takes_set("AllowedCPUs=8191", last, sizeof(last));
	takes_set("AllowedCPUs=", last, 0);
}

static void devices_are_pairs_of_a_name_and_an_access(void **state)
{
	static const char *const wrong[] = { "/dev/null", ",", "/dev/null ", " r", "a r,,b w" };
	autoproperty struct property some = PROPERTY_NONE, none = PROPERTY_NONE;

	(void)state;
	takes("DeviceAllow=/dev/char/1:3 rwm,char-136 rw", "DeviceAllow", "a(ss)", &some);
	assert_int_equal(some.text_count, 4);
	assert_string_equal(some.texts[0], "/dev/char/1:3");
	assert_string_equal(some.texts[1], "rwm");
	assert_string_equal(some.texts[2], "char-136");
	assert_string_equal(some.texts[3], "rw");
	takes("DeviceAllow=", "DeviceAllow", "a(ss)", &none);
	assert_int_equal(none.text_count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *argument = str_format("DeviceAllow=%s", wrong[i]);

		refuses(argument, "property DeviceAllow: ");
	}
}

static void wrong_sets_are_refused(void **state)
{
	static const char *const wrong[] = { "3-1",  "0-",     "-1",	  "1--2",	 "1-2-3",
					     "0,,1", ",",      "0,",	  "a",		 "0x1",
					     "8192", "0-8192", "0-3:1/2", "0-4294967296" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *argument = str_format("AllowedCPUs=%s", wrong[i]);

		refuses(argument, "property AllowedCPUs: ");
	}
}

/* Source: GLib's "GVariant Text Format". */
static void annotations_are_gvariants(void **state)
{
	(void)state;
	takes_text("KillMode='mixed'", "mixed");
	takes_text("Documentation=\"it's \\\"here\\\"\\n\\\\\"", "it's \"here\"\n\\");
	takes_text("KillMode= 'mixed' ", "mixed");
	takes_number("KillSignal=15", "KillSignal", "i", 15);
	takes_number("KillSignal=int32 -5", "KillSignal", "i", (uint64_t)-5);
	takes_number("IPIngress=uint32  4294967295", "IPIngress", "u", UINT32_MAX);
	takes_number("Number=int64 -9223372036854775808", "Number", "x", (uint64_t)INT64_MIN);
	takes_number("TimeoutStopUSec=uint64 123456789", "TimeoutStopUSec", "t", 123456789);
}

static void lists_of_texts(void **state)
{
	autoproperty struct property two = PROPERTY_NONE, one = PROPERTY_NONE;

	(void)state;
	takes("Wants=['a.service', \"b.service\" ]", "Wants", "as", &two);
	assert_int_equal(two.text_count, 2);
	assert_string_equal(two.texts[0], "a.service");
	assert_string_equal(two.texts[1], "b.service");
	assert_null(two.texts[2]);
	takes("Wants=['a,b']", "Wants", "as", &one);
	assert_string_equal(one.texts[0], "a,b");
}

static void what_is_no_gvariant_that_we_know_is_refused(void **state)
{
	static const char *const wrong[] = { "",
					     "mixed",
					     "'mixed",
					     "'a' 'b'",
					     "'\\x'",
					     "'a\\",
					     "[",
					     "[]",
					     "['a'",
					     "['a' 'b']",
					     "['a',]",
					     "[1]",
					     "['a'] ]",
					     "1.5",
					     "2147483648",
					     "uint32 -1",
					     "uint64",
					     "uint64 ",
					     "int32 2147483648",
					     "byte 1",
					     "@as ['a']",
					     "'\xff'",
					     "int64 -",
					     "uint64 '1'" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *argument = str_format("KillMode=%s", wrong[i]);

		refuses(argument, "property KillMode: ");
	}
}

static void seconds_become_microseconds(void **state)
{
	(void)state;
	takes_number("TimeoutStopSec=int64 3", "TimeoutStopUSec", "t", 3000000);
	takes_number("RuntimeMaxSec=90", "RuntimeMaxUSec", "t", 90000000);
	takes_number("RuntimeMaxSec=uint64 0", "RuntimeMaxUSec", "t", 0);
	refuses("TimeoutStopSec=-1", "property TimeoutStopSec: ");
	refuses("TimeoutStopSec='1min'", "property TimeoutStopSec: not a whole number of seconds");
	refuses("TimeoutStopSec=uint64 18446744073710", "property TimeoutStopSec: ");
}

static void names_are_letters_and_digits(void **state)
{
	(void)state;
	refuses("Delegate", "property 'Delegate': not of the form NAME=VALUE");
	refuses("=1", "property ''");
	refuses("Memory Max=1", "property 'Memory Max'");
	refuses("9Lives=1", "property '9Lives'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_taken_as_they_are_or_in_quotes),
		cmocka_unit_test(amounts_have_64_bits_and_a_word_for_no_limit),
		cmocka_unit_test(truths),
		cmocka_unit_test(sets_become_bits),
		cmocka_unit_test(wrong_sets_are_refused),
		cmocka_unit_test(devices_are_pairs_of_a_name_and_an_access),
		cmocka_unit_test(annotations_are_gvariants),
		cmocka_unit_test(lists_of_texts),
		cmocka_unit_test(what_is_no_gvariant_that_we_know_is_refused),
		cmocka_unit_test(seconds_become_microseconds),
		cmocka_unit_test(names_are_letters_and_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
