// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <string.h>

#include "netns/netlink.h"

static void a_request_has_its_body_and_attributes_aligned(void **state)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	struct rtmsg body = { .rtm_family = 2, .rtm_type = RTN_UNICAST };
	struct nlmsghdr header;
	struct rtattr attribute;
	uint32_t value;

	(void)state;
	netlink_add(&batch, NETLINK_NEEDED, "a route", RTM_NEWROUTE, NLM_F_CREATE, &body,
		    sizeof(body));
	netlink_put(&batch, RTA_GATEWAY, "\x0a\x00\x02\x02", 4);
	netlink_put(&batch, RTA_PREFSRC, "abc", 3);
	netlink_put_u32(&batch, RTA_OIF, 7);
	memcpy(&header, batch.bytes, sizeof(header));
	assert_int_equal(header.nlmsg_type, RTM_NEWROUTE);
	assert_int_equal(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
	assert_int_equal(header.nlmsg_seq, 1);
	assert_int_equal(header.nlmsg_len, 16 + 12 + 8 + 8 + 8);
	assert_int_equal(batch.size, header.nlmsg_len);
	memcpy(&attribute, batch.bytes + 16 + 12 + 8, sizeof(attribute));
	assert_int_equal(attribute.rta_type, RTA_PREFSRC);
	assert_int_equal(attribute.rta_len, 7);
	assert_int_equal(batch.bytes[16 + 12 + 8 + 7], 0);
	memcpy(&value, batch.bytes + 16 + 12 + 8 + 8 + 4, sizeof(value));
	assert_int_equal(value, 7);
}

static void requests_follow_each_other_with_numbers_of_their_own(void **state)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	struct ifinfomsg body = { .ifi_index = 3 };
	struct nlmsghdr second;

	(void)state;
	netlink_add(&batch, NETLINK_OPTIONAL, "one", RTM_NEWLINK, 0, &body, sizeof(body));
	netlink_add(&batch, NETLINK_NEEDED, "two", RTM_NEWLINK, 0, &body, sizeof(body));
	netlink_put_u32(&batch, IFLA_MTU, 1500);
	memcpy(&second, batch.bytes + 32, sizeof(second));
	assert_int_equal(batch.count, 2);
	assert_true(batch.optional[0]);
	assert_false(batch.optional[1]);
	assert_int_equal(second.nlmsg_seq, 2);
	assert_int_equal(second.nlmsg_len, 40);
}

static void a_nest_spans_what_is_put_until_its_end(void **state)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	struct ifinfomsg body = { .ifi_index = 3 };
	struct netlink_nest outer, inner;
	struct rtattr attribute;
	struct nlmsghdr header;
	const size_t begin = NLMSG_LENGTH(sizeof(body));

	(void)state;
	netlink_add(&batch, NETLINK_NEEDED, "a device", RTM_NEWLINK, 0, &body, sizeof(body));
	outer = netlink_nest(&batch, IFLA_LINKINFO, NULL, 0);
	netlink_put(&batch, IFLA_INFO_KIND, "veth", 5);
	inner = netlink_nest(&batch, IFLA_INFO_DATA, &body, sizeof(body));
	netlink_put_u32(&batch, IFLA_MTU, 1500);
	netlink_nest_end(&batch, inner);
	netlink_nest_end(&batch, outer);
	netlink_put_u32(&batch, IFLA_TXQLEN, 9);
	memcpy(&attribute, batch.bytes + begin, sizeof(attribute));
	assert_int_equal(attribute.rta_type, IFLA_LINKINFO);
	/* the kind with its padding, the fixed part, the MTU */
	assert_int_equal(attribute.rta_len, 4 + 12 + 4 + 16 + 8);
	memcpy(&attribute, batch.bytes + begin + 4 + 12, sizeof(attribute));
	assert_int_equal(attribute.rta_type, IFLA_INFO_DATA);
	assert_int_equal(attribute.rta_len, 4 + 16 + 8);
	memcpy(&header, batch.bytes, sizeof(header));
	assert_int_equal(header.nlmsg_len, begin + 44 + 8);
	assert_int_equal(batch.size, header.nlmsg_len);
}

/* An index that no device has: the kernel's own answers are read. */
static void a_refusal_names_the_request(void **state)
{
	struct netlink_batch batch = NETLINK_BATCH_NONE;
	struct ifinfomsg body = { .ifi_index = 0x7ffffff0 };
	struct error err = ERROR_NONE;
	size_t refused = 0;
	int errnum = 0;

	(void)state;
	netlink_add(&batch, NETLINK_OPTIONAL, "what may fail", RTM_NEWLINK, 0, &body, sizeof(body));
	assert_int_equal(netlink_run(&batch, &refused, &errnum, &err), 0);
	assert_int_equal(refused, 1);
	assert_true(errnum > 0);
	netlink_add(&batch, NETLINK_NEEDED, "what must not", RTM_NEWLINK, 0, &body, sizeof(body));
	assert_int_equal(netlink_run(&batch, &refused, &errnum, &err), -1);
	assert_string_equal(err.text, "what must not");
	assert_int_equal(err.code, errnum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_its_body_and_attributes_aligned),
		cmocka_unit_test(requests_follow_each_other_with_numbers_of_their_own),
		cmocka_unit_test(a_nest_spans_what_is_put_until_its_end),
		cmocka_unit_test(a_refusal_names_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
