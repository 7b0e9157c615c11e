/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_DEVICE_RULES_H
#define URUN_CGROUP_DEVICE_RULES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/config/config.h"

/*
 * linux.resources.devices: which devices the processes of a cgroup may open, and of which they may
 * make a node.  All functions here compute only; core/cgroup/device_filter.h talks to the kernel.
 *
 * A process asks for one device and for some of reading, writing and mknod.  For each of these, the
 * last rule that names the device and the access decides; without such a rule it is denied.  The
 * request is granted if all that it asks for is.
 * Source: OCI runtime-spec 1.3, config-linux.md "Allowed Device list"; the kernel's
 * Documentation/admin-guide/cgroup-v2.rst "Device controller".
 */

/* The kernel's bits of what is asked for. */
enum device_access {
	DEVICE_MKNOD = BPF_DEVCG_ACC_MKNOD,
	DEVICE_READ = BPF_DEVCG_ACC_READ,
	DEVICE_WRITE = BPF_DEVCG_ACC_WRITE,
	DEVICE_ACCESS_ALL = DEVICE_MKNOD | DEVICE_READ | DEVICE_WRITE,
};

/* The kernel's numbers, which are bits of a rule too. */
enum device_type {
	DEVICE_BLOCK = BPF_DEVCG_DEV_BLOCK,
	DEVICE_CHAR = BPF_DEVCG_DEV_CHAR,
	DEVICE_TYPES_ALL = DEVICE_BLOCK | DEVICE_CHAR,
};

#define DEVICE_ANY (-1) /* a major or minor number */

struct device_rule {
	bool allow;
	unsigned int types;  /* of enum device_type */
	unsigned int access; /* of enum device_access */
	int64_t major, minor;
};

/* In their order.  Without any: devices aren't restricted.  Release with device_rules_release(). */
struct device_rules {
	struct device_rule *items;
	size_t count;
};

/*
 * The rules of a config, and behind them those that every container has: it may make each node, and
 * may use the default devices of the spec, terminals, and tun.  @resources may be NULL.  What a rule
 * doesn't give (type, numbers, access) stands for all.
 */
void device_rules_make(const struct config_resources *resources, struct device_rules *ret_rules);
void device_rules_release(struct device_rules *rules);

/* Do the rules allow everything? */
bool device_rules_allow_all(const struct device_rules *rules);

/* Appends a rule as a text: "allow c 136:* rwm". */
void device_rule_print(const struct device_rule *rule, struct strbuf *out);

/* A program of type BPF_PROG_TYPE_CGROUP_DEVICE: its result is 1, allowed, or 0. */
struct device_program {
	struct bpf_insn *insns;
	size_t count;
};
void device_rules_compile(const struct device_rules *rules, struct device_program *ret_program);
void device_program_release(struct device_program *program);

#define autorules   __attribute__((cleanup(device_rules_release)))
#define autoprogram __attribute__((cleanup(device_program_release)))

/* How much of the rules systemd can say, which knows a list of what is allowed. */
enum device_list {
	DEVICE_LIST_ALL,	   /* all devices: no list */
	DEVICE_LIST_SOME,	   /* those in the list */
	DEVICE_LIST_INEXPRESSIBLE, /* a device is denied out of many that are allowed, or one minor
				      number of any major number is allowed */
};

/*
 * Appends the rules as a list for DeviceAllow=, where they are one: "/dev/char/1:3 rwm,char-136 rw".
 * Source: systemd.resource-control(5).
 */
enum device_list device_rules_list(const struct device_rules *rules, struct strbuf *out);

#endif
