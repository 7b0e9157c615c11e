// SPDX-License-Identifier: Apache-2.0
// Runs in: an end of a copy.
#include "core/copy/report.h"

#include <errno.h>
#include <linux/xattr.h>
#include <poll.h>
#include <stdio.h>

#include "core/base/str.h"

void report_left_out(struct report *report, const char *path, const char *reason)
{
	if (report->left_out++ == 0)
		snprintf(report->first, sizeof(report->first), "%.900s: %s", path, reason);
}

int copy_may_go_on(const volatile sig_atomic_t *stop, int life, struct error *err)
{
	struct pollfd ended = { .fd = life, .events = POLLIN };

	if (stop && *stop)
		return error_set(err, EINTR, "the copy was stopped");
	if (life >= 0 && poll(&ended, 1, 0) > 0)
		return error_set(err, 0, "the container ended during the copy");
	return 0;
}

bool copy_keeps_xattr(const char *name, bool acls)
{
	return str_starts_with(name, "user.") || str_equal(name, XATTR_NAME_CAPS) ||
	       (acls && (str_equal(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
			 str_equal(name, XATTR_NAME_POSIX_ACL_DEFAULT)));
}

bool copy_is_stream_error(const struct error *err)
{
	return (err->code == EPIPE || err->code == ECONNRESET) &&
	       str_starts_with(err->text, "tar stream: ");
}
