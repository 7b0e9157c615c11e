// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/device_filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cgroup/tree.h"

/* By this name urun's program is told from those of others on the same cgroup. */
#define PROGRAM_NAME "urun_devices"
/* No license is needed: the program calls no function of the kernel. */
#define PROGRAM_LICENSE "Apache-2.0"
/* How many programs of one kind the kernel lets a cgroup have. */
#define PROGRAMS_MAX 64

/*
 * Returns what the command gives, or a negative errno.  libc has no wrapper.  The kernel refuses bits that
 * it doesn't know, so all of @attr is zeroed first.
 */
static int call_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

static int load_program(const struct device_program *program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program->insns;
	attr.insn_cnt = (uint32_t)program->count;
	attr.license = (uintptr_t)PROGRAM_LICENSE;
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	return call_bpf(BPF_PROG_LOAD, &attr);
}

static bool is_own_program(int fd)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return call_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 &&
	       info.type == BPF_PROG_TYPE_CGROUP_DEVICE &&
	       strncmp(info.name, PROGRAM_NAME, sizeof(info.name)) == 0;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return call_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

/* Finds urun's program on the cgroup.  Returns 0 with *ret_fd (-1: there is none), or a negative errno. */
static int find_filter(int cgroup, int *ret_fd)
{
	uint32_t ids[PROGRAMS_MAX] = { 0 };
	union bpf_attr query;
	int result;

	memset(&query, 0, sizeof(query));
	query.query.target_fd = (uint32_t)cgroup;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (uintptr_t)ids;
	query.query.prog_cnt = ARRAY_SIZE(ids);
	result = call_bpf(BPF_PROG_QUERY, &query);
	if (result < 0)
		return result;
	*ret_fd = -1;
	for (size_t i = 0; i < query.query.prog_cnt && i < ARRAY_SIZE(ids); i++) {
		autoclose int fd = open_program(ids[i]);

		/* ENOENT: somebody has detached it in the meantime. */
		if (fd < 0 && fd != -ENOENT)
			return fd;
		if (fd >= 0 && is_own_program(fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
	return 0;
}

/* @old: the program that is replaced, or -1. */
static int attach_program(int cgroup, int program, int old)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0);
	attr.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0;
	return call_bpf(BPF_PROG_ATTACH, &attr);
}

int device_filter_apply(const char *path, const struct device_rules *rules, struct error *err)
{
	autoprogram struct device_program compiled = { 0 };
	autoclose int cgroup = cgroup_open(path);
	autoclose int program = -1, old = -1;
	int result;

	if (cgroup < 0)
		return error_set(err, -cgroup, "open cgroup %s", path);
	device_rules_compile(rules, &compiled);
	program = load_program(&compiled);
	if (program < 0)
		return error_set(err, -program,
				 "linux.resources.devices: load a BPF program of %zu rules",
				 rules->count);
	result = find_filter(cgroup, &old);
	if (result == 0)
		result = attach_program(cgroup, program, old);
	if (result < 0)
		return error_set(err, -result,
				 "linux.resources.devices: attach a BPF program to cgroup %s",
				 path);
	log_debug("device rules: a BPF program of %zu instructions is attached to cgroup %s",
		  compiled.count, path);
	return 0;
}
