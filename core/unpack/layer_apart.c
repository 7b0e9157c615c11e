// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-image, in the user namespace; child_main() in the process that decompresses.
 *
 * The two share memory: slots, which the child fills and the parent empties in turn.  A byte in a
 * pipe passes one slot on, and the end of the pipe tells that the other process has ended.
 *	child   → @filled → parent
 *	child   ← @free   ← parent
 * The child has the parent's rights: there is no border between the two, but a crash of the child is
 * an error of the parent.
 */
#include "core/unpack/layer_apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/unpack/layer_bytes.h"

#define SLOT_SIZE  ((size_t)256 << 10)
#define SLOT_COUNT 8

struct slot {
	size_t size;
	char bytes[SLOT_SIZE];
};

struct shared {
	struct slot slots[SLOT_COUNT];
	atomic_bool unwanted; /* by the parent: nobody asks for the outcome */
	/* By the child, before it ends. */
	bool is_done;
	bool has_failed;
	char diff_id[LAYER_DIGEST_SIZE];
	struct error_packet error;
};

struct layer_apart {
	struct shared *shared;
	pid_t pid;  /* 0: it has ended, and was waited for */
	int status; /* of its end */
	int filled, free;
	int free_read;	 /* held, so that a byte for a child that has ended is no SIGPIPE */
	size_t next;	 /* the slot that the next byte stands for */
	bool holds_slot; /* the one before @next is in use */
};

/* ---- the child ---- */

struct child {
	struct shared *shared;
	const struct layer_input *input;
	int filled, free;
	size_t next;
	size_t used; /* bytes of the present slot */
	bool has_slot;
	bool unread; /* the parent reads no more */
};

static ssize_t read_while_wanted(void *of, const void **ret_bytes, struct error *err)
{
	const struct child *child = of;

	if (atomic_load(&child->shared->unwanted))
		return error_set(err, ECANCELED, "read the layer's blob");
	return child->input->read(child->input->of, ret_bytes, err);
}

/* Returns 1, or 0 at the end of the pipe. */
static ssize_t take_byte(int pipe)
{
	char byte;
	ssize_t got;

	do
		got = read(pipe, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool give_byte(int pipe)
{
	ssize_t written;

	do
		written = write(pipe, "", 1);
	while (written < 0 && errno == EINTR);
	return written == 1;
}

static void give_slot(struct child *child)
{
	child->shared->slots[child->next].size = child->used;
	child->next = (child->next + 1) % SLOT_COUNT;
	child->used = 0;
	child->has_slot = false;
	if (!give_byte(child->filled))
		child->unread = true;
}

static void give_bytes(struct child *child, const char *bytes, size_t size)
{
	while (size > 0 && !child->unread) {
		struct slot *slot = &child->shared->slots[child->next];
		size_t part = size < SLOT_SIZE - child->used ? size : SLOT_SIZE - child->used;

		if (!child->has_slot && take_byte(child->free) <= 0) {
			child->unread = true;
			return;
		}
		child->has_slot = true;
		memcpy(slot->bytes + child->used, bytes, part);
		child->used += part;
		bytes += part;
		size -= part;
		if (child->used == SLOT_SIZE)
			give_slot(child);
	}
}

/* Returns -1 where the blob isn't the one that the manifest names, or can't be decompressed. */
static int give_all(struct child *child, struct layer_bytes *bytes, struct error *err)
{
	const void *part;
	ssize_t got;

	while (!child->unread && (got = layer_bytes_read(bytes, &part, err)) != 0) {
		if (got < 0) {
			layer_bytes_blame(bytes, err);
			return -1;
		}
		give_bytes(child, part, (size_t)got);
	}
	if (child->unread) {
		layer_bytes_blame(bytes, err);
		return err->text[0] ? -1 : 0;
	}
	if (child->used > 0)
		give_slot(child);
	return layer_bytes_finish(bytes, child->shared->diff_id, err);
}

static _Noreturn void child_main(struct child *child)
{
	struct error err = ERROR_NONE;
	struct layer_input input = *child->input;
	struct layer_bytes *bytes;

	input.read = read_while_wanted;
	input.of = child;
	bytes = layer_bytes_new(&input, &err);
	if (!bytes || give_all(child, bytes, &err) < 0) {
		child->shared->has_failed = true;
		error_pack(&err, &child->shared->error);
	}
	/* ORDER: last: what stands in the memory is whole. */
	child->shared->is_done = true;
	_exit(0);
}

/* ---- the parent ---- */

static int start_child(struct layer_apart *apart, const struct layer_input *input,
		       struct error *err)
{
	int filled[2], free_slots[2];

	if (pipe2(filled, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	apart->filled = filled[0];
	if (pipe2(free_slots, O_CLOEXEC) < 0) {
		close(filled[1]);
		return error_set(err, errno, "make a pipe");
	}
	apart->free_read = free_slots[0];
	apart->free = free_slots[1];
	apart->pid = fork();
	if (apart->pid == 0) {
		struct child child = {
			.shared = apart->shared,
			.input = input,
			.filled = filled[1],
			.free = free_slots[0],
		};

		close(filled[0]);
		close(free_slots[1]);
		child_main(&child);
	}
	close(filled[1]);
	if (apart->pid < 0)
		return error_set(err, errno, "make a process for a layer");
	for (size_t i = 0; i < SLOT_COUNT; i++)
		give_byte(apart->free);
	return 0;
}

static void wait_for_child(struct layer_apart *apart)
{
	while (waitpid(apart->pid, &apart->status, 0) < 0 && errno == EINTR)
		;
	apart->pid = 0;
}

/* After the end of the pipe: what the child says of the whole blob. */
static int judge_child(struct layer_apart *apart, struct error *err)
{
	if (apart->pid > 0)
		wait_for_child(apart);
	if (WIFSIGNALED(apart->status))
		return error_set_killed(err, "the process that decompresses a layer",
					WTERMSIG(apart->status), "");
	if (!apart->shared->is_done)
		return error_set(err, EPROTO, "decompress the layer");
	return apart->shared->has_failed ? error_unpack(&apart->shared->error, err) : 0;
}

ssize_t layer_apart_read(struct layer_apart *apart, const void **ret_bytes, struct error *err)
{
	const struct slot *slot;
	size_t size;

	if (apart->holds_slot)
		give_byte(apart->free);
	apart->holds_slot = false;
	if (take_byte(apart->filled) <= 0)
		return judge_child(apart, err);
	slot = &apart->shared->slots[apart->next];
	size = slot->size;
	if (size > SLOT_SIZE)
		return error_set(err, EPROTO, "decompress the layer");
	apart->next = (apart->next + 1) % SLOT_COUNT;
	apart->holds_slot = true;
	*ret_bytes = slot->bytes;
	return (ssize_t)size;
}

int layer_apart_finish(struct layer_apart *apart, char ret_diff_id[static LAYER_DIGEST_SIZE],
		       struct error *err)
{
	if (judge_child(apart, err) < 0)
		return -1;
	memcpy(ret_diff_id, apart->shared->diff_id, LAYER_DIGEST_SIZE);
	return 0;
}

void layer_apart_blame(struct layer_apart *apart, struct error *err)
{
	struct error cause = ERROR_NONE;

	/* The child then reads the blob alone, to its end. */
	fd_close(&apart->free);
	while (take_byte(apart->filled) > 0)
		;
	if (judge_child(apart, &cause) < 0)
		error_take(err, &cause);
}

/* ---- life ---- */

struct layer_apart *layer_apart_new(const struct layer_input *input, struct error *err)
{
	struct layer_apart *apart = mem_alloc(sizeof(*apart));

	apart->filled = apart->free = apart->free_read = -1;
	apart->shared = mmap(NULL, sizeof(*apart->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (apart->shared == MAP_FAILED) {
		error_set(err, errno, "share memory");
		free(apart);
		return NULL;
	}
	if (start_child(apart, input, err) == 0)
		return apart;
	layer_apart_free(apart);
	return NULL;
}

void layer_apart_free(struct layer_apart *apart)
{
	if (!apart)
		return;
	atomic_store(&apart->shared->unwanted, true);
	fd_close(&apart->free);
	fd_close(&apart->free_read);
	fd_close(&apart->filled);
	if (apart->pid > 0)
		wait_for_child(apart);
	munmap(apart->shared, sizeof(*apart->shared));
	free(apart);
}
