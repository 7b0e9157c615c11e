// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/caps.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int caps_read(struct caps *ret_caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_caps = (struct caps){
		.effective = (uint64_t)data[1].effective << 32 | data[0].effective,
		.permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted,
		.inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable,
	};
	return 0;
}

int caps_set(const struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(caps->effective >> (32 * i)),
			.permitted = (uint32_t)(caps->permitted >> (32 * i)),
			.inheritable = (uint32_t)(caps->inheritable >> (32 * i)),
		};
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_clear_ambient(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? -errno : 0;
}

int caps_raise_ambient(int capability)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0 ? -errno : 0;
}

int caps_is_bounding(int capability)
{
	int answer = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

	return answer < 0 ? -errno : answer;
}

int caps_is_ambient(int capability)
{
	int answer = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);

	return answer < 0 ? -errno : answer;
}

int caps_limit_bounding(uint64_t kept, int *ret_failed)
{
	for (int c = 0; c < CAPS_MAX; c++) {
		if (kept & CAPS_BIT(c) || prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == 0)
			continue;
		*ret_failed = c;
		/* The kernel's last capability was the one before. */
		return errno == EINVAL && c > 0 ? 0 : -errno;
	}
	return 0;
}
