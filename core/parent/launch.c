// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/launch.h"

#include <errno.h>

#include "core/base/fd.h"
#include "core/base/trace.h"
#include "core/config/change.h"
#include "core/parent/idmapped.h"
#include "core/parent/seal.h"
#include "core/sync/mount_order.h"
#include "core/sync/pipe.h"

void launch_release(struct launch *launch)
{
	mount_sources_release(&launch->sources);
	fd_close(&launch->child_sync_fd);
	fd_close(&launch->self_fd);
}

static struct clone_order clone_order_of(const struct launch *launch)
{
	return (struct clone_order){
		.namespaces = launch->namespaces,
		.userns = launch->userns,
		.config = launch->config,
		.preserve_fds = launch->request->preserve_fds,
		.streams = launch->request->streams,
		.keep_groups = config_keeps_groups(launch->config),
		.sources = launch->sources.count ? &launch->sources : NULL,
		.cgroup_fd = launch->cgroup_fd,
		.self_fd = launch->self_fd,
		.sync_fd = launch->child_sync_fd,
		.parent_sync_fd = launch->child->sync_fd,
	};
}

/*
 * Lists the sources of mounts that the clone opens before it becomes root, with the caller's rights.
 * There are none where a mount namespace is joined, since paths lead elsewhere in it, nor for a process
 * that joins by itself, which opens its own (core/init/join.c).  The numbers of the descriptors are
 * above those of all descriptors that the clone still needs.
 */
static void list_sources(struct launch *launch)
{
	const struct namespaces *namespaces = launch->namespaces;
	int last = 2 + (int)launch->request->preserve_fds;

	if (!launch->mounts || clone_joins(namespaces) || namespaces->joined[CONFIG_NS_MOUNT] >= 0)
		return;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		last = namespaces->joined[i] > last ? namespaces->joined[i] : last;
	last = launch->self_fd > last ? launch->self_fd : last;
	last = launch->child_sync_fd > last ? launch->child_sync_fd : last;
	mount_sources_list(launch->config->root->path, launch->mounts, last + 1, &launch->sources);
}

int launch_clone(struct launch *launch, struct error *err)
{
	struct child *child = launch->child;
	struct clone_order order;

	if (seal_self(launch->userns, userns_caller_is_host_root(launch->caller), &launch->self_fd,
		      err) < 0 ||
	    pipe_new(&child->sync_fd, &launch->child_sync_fd, err) < 0)
		return -1;
	list_sources(launch);
	launch->forks = clone_forks(launch->namespaces);
	order = clone_order_of(launch);
	if (clone_init(&order, &child->pid, &child->pidfd, err) < 0)
		return -1;
	/*
	 * ORDER: our copy of the child's end of the pipe is closed at once; else the child's death
	 * would not end the pipe.
	 */
	fd_close(&launch->child_sync_fd);
	/* ORDER: as early: see the head of core/parent/seal.c. */
	fd_close(&launch->self_fd);
	return 0;
}

int launch_join(struct launch *launch, struct error *err)
{
	const struct clone_order order = clone_order_of(launch);

	return clone_join(&order, err);
}

/* Lists the descriptors in the order of enum order_fd, in which the child takes them. */
static size_t list_order_fds(const int fds[static ORDER_FD_COUNT], struct message_order *order,
			     int ret_list[static ORDER_FD_COUNT])
{
	size_t count = 0;

	for (int i = 0; i < ORDER_FD_COUNT; i++)
		if (fds[i] >= 0) {
			order->fds |= 1u << i;
			ret_list[count++] = fds[i];
		}
	return count;
}

int launch_send_config(struct launch *launch, uint32_t flags, int fds[static ORDER_FD_COUNT],
		       struct strbuf sections[static ORDER_SECTION_COUNT], struct error *err)
{
	struct message_order order = {
		.flags = flags,
		.filter_flags = launch->filter->load_flags,
		.preserve_fds = launch->request->preserve_fds,
		.first_source = (uint32_t)launch->sources.first,
	};
	struct idmapped_list idmapped = { 0 };
	int list[ORDER_FD_COUNT], sent;
	size_t count;

	/* In a joined mount namespace the paths lead elsewhere. */
	if (launch->mounts && launch->namespaces->joined[CONFIG_NS_MOUNT] < 0 &&
	    idmapped_open(launch->mounts, launch->userns, launch->caller, &idmapped, err) < 0)
		return -1;
	order.trees = (uint32_t)idmapped.trees.count;
	order.flags |= trace_is_on() ? ORDER_TRACE : 0;
	order.flags |= launch->request->dies_with_us ? ORDER_DIE_WITH_PARENT : 0;
	order.flags |= launch->request->console_socket ? ORDER_CONSOLE_SENT : 0;
	order.flags |= launch->config->linux->seccomp ? ORDER_FILTER : 0;
	order.flags |= config_keeps_groups(launch->config) ? ORDER_KEEP_GROUPS : 0;
	order.flags |= launch->userns->is_host ? ORDER_HOST_RIGHTS : 0;
	order.flags |= launch->userns->setgroups_allowed ? 0 : ORDER_SETGROUPS_DENIED;
	fds[ORDER_FD_SECCOMP_SOCKET] = launch->filter->listener_socket;
	fds[ORDER_FD_MOUNT_NAMESPACE] = launch->namespaces->joined[CONFIG_NS_MOUNT];
	count = list_order_fds(fds, &order, list);
	strbuf_add(&sections[ORDER_FILTER_BPF], launch->filter->bpf.bytes,
		   launch->filter->bpf.size);
	strbuf_add(&sections[ORDER_EMULATION_BPF], launch->filter->emulation.bytes,
		   launch->filter->emulation.size);
	strbuf_add_str(&sections[ORDER_ID], launch->id);
	if (launch->mounts)
		mount_order_pack(launch->mounts, &sections[ORDER_MOUNTS]);
	sent = child_send_config(launch->child, launch->config, &order, sections, list, count, err);
	if (sent == 0)
		sent = idmapped_send(&idmapped, launch->child->sync_fd, err);
	idmapped_release(&idmapped);
	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		strbuf_release(&sections[i]);
	return sent;
}

int launch_await(struct launch *launch, unsigned int expected, struct message *ret_message,
		 struct error *err)
{
	unsigned int forked = launch->forks ? MESSAGE_BIT(MESSAGE_FORKED) : 0;

	if (child_await(launch->child, expected | forked, ret_message, err) < 0)
		return -1;
	if (ret_message->type != MESSAGE_FORKED)
		return 0;
	launch->forks = false;
	return child_adopt(launch->child, ret_message, err);
}

void launch_end(struct launch *launch)
{
	if (launch->child->pidfd >= 0)
		child_end(launch->child);
	/* The cause may be a lack of descriptors, and undoing needs some: these are closed first. */
	launch_release(launch);
	fd_close(&launch->child->sync_fd);
	namespaces_release(launch->namespaces);
}
