// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image; worker_main() in a process of one layer.
#include "core/unpack/install.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/layers.h"
#include "core/image/store.h"
#include "core/unpack/layer.h"
#include "core/unpack/report.h"
#include "core/unpack/write_back.h"

/* Bytes of a blob between two reports of its progress. */
#define PROGRESS_STEP (UINT64_C(1) << 20)
#define READ_SIZE     ((size_t)256 << 10)
/* Entries of one layer at most: more inodes than a file system of 150 GB has by default. */
#define FILES_MAX   UINT64_C(10000000)
#define WORKERS_MAX 64

enum task_state {
	TASK_THERE,   /* the store has the layer */
	TASK_AWAITED, /* its blob hasn't arrived */
	TASK_READY,   /* its blob can be read */
	TASK_RUNNING,
	TASK_UNPACKED, /* work/layer-N has it */
	TASK_STORED,   /* it was moved to layers/KEY */
};

/* Written by the layer's process, read by this one. */
struct task_outcome {
	bool is_done;		/* the layer is unpacked */
	_Atomic(uint64_t) read; /* bytes of its blob so far */
	struct layer_result result;
};

struct task {
	enum task_state state;
	struct digest diff_id, chain_id;
	struct digest key; /* TASK_THERE, and from settling on */
	struct task_outcome *outcome;
	pid_t pid;
	int alive; /* ends with the process */
	int notes; /* of layer_unpack() */
};

struct install {
	const struct install_request *request;
	struct source source;
	struct task *tasks;
	size_t count;
	struct task_outcome *outcomes; /* shared memory, one for each task */
	size_t running, running_max;
	struct write_back write_back;
	bool awaits_completion; /* IMAGE_ORDER_COMPLETE hasn't come */
	bool orders_ended;
};

#define TASK_PATH_SIZE 48

/*
 * The directory of a layer in the pull's, or a file in that directory: @below is "", "/root" or
 * "/notes".
 */
static void task_path(size_t layer, const char *below, char ret_path[static TASK_PATH_SIZE])
{
	snprintf(ret_path, TASK_PATH_SIZE, "layer-%zu%s", layer, below);
}

/* ---- what is to do ---- */

/* Source: image-spec 1.1, config.md "Layer ChainID". */
static void chain(const struct digest *below, const struct digest *diff_id,
		  struct digest *ret_chain_id)
{
	char text[2 * DIGEST_TEXT_SIZE];
	int size = snprintf(text, sizeof(text), "sha256:%s sha256:%s", below->hex, diff_id->hex);

	source_hash(text, (size_t)size, ret_chain_id);
}

/*
 * Does the store have the layer, by itself or as a part of this chain?
 * ORDER: kept first: the answer would else be true for a moment only.
 */
static int look_for_layer(const struct install *install, size_t layer, struct error *err)
{
	const struct install_request *request = install->request;
	struct task *task = &install->tasks[layer];
	const struct digest *keys[] = { &task->diff_id, &task->chain_id };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		autostorelayer struct store_layer stored = { 0 };
		int found;

		if (store_pull_keep(request->store, request->pull, keys[i], err) < 0)
			return -1;
		if (!store_has_layer(request->store, keys[i], request->ids))
			continue;
		found = store_read_layer(request->store, keys[i], &stored, err);
		if (found < 0)
			return -1;
		/* The lowest layer's chain id is its diff id: settled without a layer below it. */
		if (found == 0 || (keys[i] == &task->diff_id && layer > 0 && stored.is_chain))
			continue;
		task->state = TASK_THERE;
		task->key = *keys[i];
		return 0;
	}
	return 0;
}

static int make_tasks(struct install *install, struct error *err)
{
	bool awaits = install->request->source.kind == IMAGE_SOURCE_FETCHED;
	size_t size;

	install->awaits_completion = awaits;
	install->count = install->source.manifest.layer_count;
	install->tasks = mem_alloc((install->count + 1) * sizeof(*install->tasks));
	size = (install->count + 1) * sizeof(*install->outcomes);
	install->outcomes =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (install->outcomes == MAP_FAILED) {
		install->outcomes = NULL;
		return error_set(err, errno, "share memory");
	}
	for (size_t i = 0; i < install->count; i++) {
		struct task *task = &install->tasks[i];

		task->alive = task->notes = -1;
		task->outcome = &install->outcomes[i];
		task->state = awaits ? TASK_AWAITED : TASK_READY;
		task->diff_id = install->source.config.diff_ids[i];
		if (i == 0)
			task->chain_id = task->diff_id;
		else
			chain(&install->tasks[i - 1].chain_id, &task->diff_id, &task->chain_id);
		if (look_for_layer(install, i, err) < 0)
			return -1;
	}
	return 0;
}

static void report_tasks(const struct install *install)
{
	for (size_t i = 0; i < install->count; i++) {
		const struct image_descriptor *descriptor = &install->source.manifest.layers[i];

		report_layer(i, &descriptor->digest, descriptor->size,
			     install->tasks[i].state == TASK_THERE);
	}
	report_layers(install->count);
}

static bool has_work(const struct install *install)
{
	for (size_t i = 0; i < install->count; i++)
		if (install->tasks[i].state != TASK_THERE)
			return true;
	return false;
}

/* ---- the process of a layer ---- */

struct blob_reader {
	struct file_part part;
	uint64_t done, reported;
	struct task_outcome *outcome;
	size_t layer;
	char *buffer;
};

static ssize_t read_blob_bytes(void *of, const void **ret_bytes, struct error *err)
{
	struct blob_reader *reader = of;
	uint64_t left = reader->part.size - reader->done;
	size_t wanted = left < READ_SIZE ? (size_t)left : READ_SIZE;
	ssize_t got;

	if (wanted == 0)
		return 0;
	do
		got = pread(reader->part.fd, reader->buffer, wanted,
			    (off_t)(reader->part.offset + reader->done));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "read the layer's blob");
	reader->done += (uint64_t)got;
	if (reader->done - reader->reported >= PROGRESS_STEP) {
		reader->reported = reader->done;
		reader->outcome->read = reader->done;
		report_progress(reader->layer, reader->done);
	}
	*ret_bytes = reader->buffer;
	return got;
}

static int make_root(const struct install *install, size_t layer, int *ret_root, struct error *err)
{
	char name[TASK_PATH_SIZE];
	int root;

	task_path(layer, "/root", name);
	if (mkdirat(install->request->source.work, name, 0755) < 0)
		return error_set(err, errno, "make %s", name);
	root = openat(install->request->source.work, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open %s", name);
	*ret_root = root;
	return 0;
}

/* See LAYER_ROOT_IS_IMPLIED. */
static int mark_root(int root, struct error *err)
{
	return fsetxattr(root, LAYER_ROOT_IS_IMPLIED, "y", 1, 0) < 0
		       ? error_set(err, errno, "mark the layer's directory")
		       : 0;
}

/* docker-archive: the blob may be compressed, and its digest is that of the tar in it. */
static bool knows_blob(const struct install *install)
{
	return install->request->source.kind != IMAGE_SOURCE_DOCKER_ARCHIVE;
}

/* @running doesn't count the process of this layer, which is started for one of those that are ready. */
static bool has_idle_processor(const struct install *install)
{
	size_t wanted = install->running;

	for (size_t i = 0; i < install->count; i++)
		wanted += install->tasks[i].state == TASK_READY;
	return wanted < install->running_max;
}

static int unpack_task(const struct install *install, size_t layer, struct error *err)
{
	const struct install_request *request = install->request;
	const struct layer_limits limits = { .size = request->limit, .files = FILES_MAX };
	const struct task *task = &install->tasks[layer];
	const struct image_descriptor *descriptor = &install->source.manifest.layers[layer];
	struct blob_reader reader = {
		.outcome = task->outcome,
		.layer = layer,
		.buffer = mem_alloc(READ_SIZE),
	};
	struct layer_input input = {
		.read = read_blob_bytes,
		.of = &reader,
		.digest = knows_blob(install) ? descriptor->digest.hex : NULL,
		.diff_id = task->diff_id.hex,
		.apart = has_idle_processor(install),
	};
	int root = -1;

	if (source_open_layer(&install->source, layer, &reader.part, err) < 0 ||
	    make_root(install, layer, &root, err) < 0)
		return -1;
	input.size = knows_blob(install) ? descriptor->size : reader.part.size;
	if (layer_unpack(&input, root, task->notes, request->single_id, &limits,
			 &task->outcome->result, err) < 0)
		return -1;
	return task->outcome->result.lists_top ? 0 : mark_root(root, err);
}

/* It ends with urun-image, which is the first process of its PID namespace. */
static _Noreturn void worker_main(const struct install *install, size_t layer)
{
	struct error err = ERROR_NONE;

	if (unpack_task(install, layer, &err) < 0) {
		error_prefix(&err, "layer sha256:%.12s",
			     install->source.manifest.layers[layer].digest.hex);
		report_error(&err);
		_exit(1);
	}
	install->tasks[layer].outcome->is_done = true;
	report_layer_end(layer);
	_exit(0);
}

/* ---- a layer that is whole ---- */

static int store_task(struct install *install, size_t layer, struct error *err)
{
	const struct install_request *request = install->request;
	struct task *task = &install->tasks[layer];
	const struct layer_result *result = &task->outcome->result;
	char name[TASK_PATH_SIZE];
	struct store_layer stored = {
		.key = task->key,
		.diff_id = task->diff_id,
		.is_chain = result->depends,
		.size = result->size,
		.files = result->files,
		.ids = request->ids,
	};

	if (result->depends && layer > 0)
		stored.parent = install->tasks[layer - 1].key;
	task_path(layer, "", name);
	if (store_add_layer(request->store, request->pull, name, &stored, err) < 0)
		return -1;
	task->state = TASK_STORED;
	return 0;
}

/*
 * What the first attempt has unpacked, the second finds in the store, until something collects it.
 * ORDER: synced before any is moved, as in store_tasks().
 */
static void save_layers(struct install *install)
{
	struct error ignored = ERROR_NONE;
	bool some = false;

	for (size_t i = 0; i < install->count; i++)
		some = some || (install->tasks[i].state == TASK_UNPACKED &&
				!install->tasks[i].outcome->result.depends);
	if (!some || store_sync(install->request->store, &ignored) < 0)
		return;
	for (size_t i = 0; i < install->count; i++) {
		struct task *task = &install->tasks[i];

		if (task->state != TASK_UNPACKED || task->outcome->result.depends)
			continue;
		task->key = task->diff_id;
		(void)store_task(install, i, &ignored);
	}
}

/* ---- many of them ---- */

static int open_notes(const struct install *install, size_t layer, int *ret_notes,
		      struct error *err)
{
	int work = install->request->source.work;
	char name[TASK_PATH_SIZE];
	int notes;

	task_path(layer, "", name);
	if (mkdirat(work, name, 0700) < 0)
		return error_set(err, errno, "make %s", name);
	task_path(layer, "/notes", name);
	notes = openat(work, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	/* The directory becomes the store's as it is, and the notes aren't part of it. */
	if (notes < 0 || unlinkat(work, name, 0) < 0) {
		fd_close(&notes);
		return error_set(err, errno, "make %s", name);
	}
	*ret_notes = notes;
	return 0;
}

static int start_worker(struct install *install, size_t layer, struct error *err)
{
	struct task *task = &install->tasks[layer];
	int ends[2];

	if (open_notes(install, layer, &task->notes, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	task->pid = fork();
	if (task->pid == 0) {
		close(ends[0]);
		worker_main(install, layer);
	}
	close(ends[1]);
	if (task->pid < 0) {
		close(ends[0]);
		return error_set(err, errno, "make a process for a layer");
	}
	task->alive = ends[0];
	task->state = TASK_RUNNING;
	install->running++;
	return 0;
}

static int start_workers(struct install *install, struct error *err)
{
	for (size_t i = 0; i < install->count && install->running < install->running_max; i++)
		if (install->tasks[i].state == TASK_READY && start_worker(install, i, err) < 0)
			return -1;
	return 0;
}

/* A worker that fails has reported the error itself; the errno 0 and an empty text say so. */
static int reported(struct error *err)
{
	*err = ERROR_NONE;
	return -1;
}

static int end_worker(struct install *install, size_t layer, struct error *err)
{
	struct task *task = &install->tasks[layer];
	int status = 0;

	while (waitpid(task->pid, &status, 0) < 0 && errno == EINTR)
		;
	fd_close(&task->alive);
	install->running--;
	if (WIFSIGNALED(status))
		return error_set_killed(err, IMAGE_PROGRAM "'s process of a layer",
					WTERMSIG(status), "");
	if (!task->outcome->is_done)
		return reported(err);
	task->state = TASK_UNPACKED;
	if (!task->outcome->result.depends)
		fd_close(&task->notes);
	return 0;
}

static bool is_waiting(const struct install *install)
{
	if (install->awaits_completion)
		return true;
	for (size_t i = 0; i < install->count; i++)
		if (install->tasks[i].state == TASK_AWAITED)
			return true;
	return false;
}

static int take_order(struct install *install, struct error *err)
{
	struct image_order order;
	ssize_t got;

	do
		got = read(IMAGE_FD_ORDERS, &order, sizeof(order));
	while (got < 0 && errno == EINTR);
	if (got == 0) {
		install->orders_ended = true;
		/* If a person has stopped urun, it waits for the layers at work a short time only. */
		if (is_waiting(install))
			save_layers(install);
		return 0;
	}
	if (got == sizeof(order) && order.kind == IMAGE_ORDER_COMPLETE) {
		install->awaits_completion = false;
		return 0;
	}
	if (got != sizeof(order) || order.kind != IMAGE_ORDER_ARRIVED ||
	    order.layer >= install->count)
		return error_set(err, EPROTO, "read an order");
	if (install->tasks[order.layer].state == TASK_AWAITED)
		install->tasks[order.layer].state = TASK_READY;
	return 0;
}

/* Waits for the end of a worker, or for a blob. */
static int await_event(struct install *install, struct error *err)
{
	struct pollfd polled[WORKERS_MAX + 1];
	size_t layers[WORKERS_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; i < install->count; i++)
		if (install->tasks[i].state == TASK_RUNNING) {
			layers[count] = i;
			polled[count++] =
				(struct pollfd){ .fd = install->tasks[i].alive, .events = POLLIN };
		}
	if (is_waiting(install)) {
		if (install->orders_ended && count == 0)
			return error_set(err, 0, "the download ended before all layers arrived");
		polled[count] = (struct pollfd){
			.fd = install->orders_ended ? -1 : IMAGE_FD_ORDERS,
			.events = POLLIN,
		};
		layers[count++] = install->count;
	}
	while (poll(polled, count, -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for layers");
	for (size_t i = 0; i < count; i++)
		if (polled[i].revents &&
		    (layers[i] == install->count ? take_order(install, err) < 0
						 : end_worker(install, layers[i], err) < 0))
			return -1;
	return 0;
}

static size_t count_processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (size_t)count;
}

static uint64_t bytes_read(const void *of)
{
	const struct install *install = of;
	uint64_t sum = 0;

	for (size_t i = 0; i < install->count; i++)
		sum += install->outcomes[i].read;
	return sum;
}

static int unpack_layers(struct install *install, struct error *err)
{
	install->running_max = count_processors();
	if (has_work(install) && (layer_probe(install->request->source.work, err) < 0 ||
				  write_back_start(install->request->store, bytes_read, install,
						   &install->write_back, err) < 0))
		return -1;
	for (;;) {
		if (start_workers(install, err) < 0)
			return -1;
		if (install->running == 0 && !is_waiting(install))
			return 0;
		if (await_event(install, err) < 0)
			return -1;
	}
}

/* The workers of a failed image end with it; they must have ended before its directory is used. */
static void end_workers(struct install *install)
{
	for (size_t i = 0; i < install->count; i++)
		if (install->tasks[i].state == TASK_RUNNING) {
			struct error ignored = ERROR_NONE;

			(void)end_worker(install, i, &ignored);
		}
}

/* ---- layers that depend on others ---- */

/* Where the files of a layer are by now. */
static int open_layer_root(const struct install *install, size_t layer, int *ret_root,
			   struct error *err)
{
	const struct task *task = &install->tasks[layer];
	char path[STORE_LAYER_PATH_SIZE + TASK_PATH_SIZE];
	int dir = install->request->source.work;

	if (task->state == TASK_THERE || task->state == TASK_STORED) {
		store_layer_path(&task->key, path);
		dir = install->request->store;
	} else {
		task_path(layer, "/root", path);
	}
	*ret_root = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_root < 0 ? error_set(err, errno, "open a layer's directory") : 0;
}

static int settle_layer(struct install *install, size_t layer, struct error *err)
{
	const struct layer_limits limits = { .size = install->request->limit, .files = FILES_MAX };
	struct task *task = &install->tasks[layer];
	autofree int *lower = mem_alloc((layer + 1) * sizeof(*lower));
	autoclose int root = -1;
	size_t opened = 0;
	int result = open_layer_root(install, layer, &root, err);

	for (; result == 0 && opened < layer; opened++)
		result = open_layer_root(install, layer - 1 - opened, &lower[opened], err);
	if (result == 0)
		result = layer_settle(root, task->notes, lower, layer, &limits,
				      &task->outcome->result, err);
	while (opened > 0)
		fd_close(&lower[--opened]);
	fd_close(&task->notes);
	return result;
}

static int settle_layers(struct install *install, struct error *err)
{
	for (size_t i = 0; i < install->count; i++) {
		struct task *task = &install->tasks[i];

		if (task->state != TASK_UNPACKED)
			continue;
		task->key = task->outcome->result.depends ? task->chain_id : task->diff_id;
		if (task->outcome->result.depends && settle_layer(install, i, err) < 0)
			return error_prefix(err, "layer sha256:%.12s",
					    install->source.manifest.layers[i].digest.hex);
	}
	return 0;
}

/* ---- the store ---- */

/*
 * ORDER: synced before any is moved: a layer that has its name is whole, also after a loss of
 * power.
 */
static int store_tasks(struct install *install, struct error *err)
{
	write_back_end(&install->write_back);
	if (has_work(install) && store_sync(install->request->store, err) < 0)
		return -1;
	for (size_t i = 0; i < install->count; i++)
		if (install->tasks[i].state == TASK_UNPACKED && store_task(install, i, err) < 0)
			return -1;
	return 0;
}

static int store_documents(const struct install *install, struct error *err)
{
	const struct install_request *request = install->request;
	const struct source *source = &install->source;
	autofree struct digest *keys = mem_alloc((install->count + 1) * sizeof(*keys));
	const struct store_image image = {
		.name = request->name,
		.manifest = source->manifest_digest,
		.manifest_size = source->manifest_size,
		.media_type = source->manifest.media_type,
		.config = source->manifest.config.digest,
		.platform = source->config.platform,
		.layers = keys,
		.layer_count = install->count,
	};

	for (size_t i = 0; i < install->count; i++)
		keys[i] = install->tasks[i].key;
	return store_add_blob(request->store, request->pull, &image.config, source->config_bytes,
			      source->config_size, err) < 0 ||
			       store_add_blob(request->store, request->pull, &image.manifest,
					      source->manifest_bytes, source->manifest_size,
					      err) < 0 ||
			       store_add_image(request->store, &image, err) < 0
		       ? -1
		       : 0;
}

/* ---- what a person should know ---- */

static void warn_of_losses(const struct install *install)
{
	uint64_t outside = 0, capabilities = 0, devices = 0;

	for (size_t i = 0; i < install->count; i++) {
		const struct layer_result *result = &install->tasks[i].outcome->result;

		outside += result->outside_ids;
		capabilities += result->lost_capabilities;
		devices += result->devices;
	}
	if (outside > 0 && install->request->single_id)
		log_warning(
			"%s: all files belong to the container's root, since you have no subids: "
			"%" PRIu64 " had other owners",
			install->request->name, outside);
	else if (outside > 0)
		log_warning("%s: %" PRIu64 " files have owners outside of your range of ids, and "
			    "belong to the container's root",
			    install->request->name, outside);
	if (capabilities > 0)
		log_warning("%s: %" PRIu64 " programs lost their file capabilities",
			    install->request->name, capabilities);
	if (devices > 0)
		log_debug("%s: %" PRIu64 " devices are left out", install->request->name, devices);
}

/* ---- the story ---- */

static void install_release(struct install *install)
{
	write_back_end(&install->write_back);
	for (size_t i = 0; i < install->count; i++) {
		fd_close(&install->tasks[i].alive);
		fd_close(&install->tasks[i].notes);
	}
	if (install->outcomes)
		munmap(install->outcomes, (install->count + 1) * sizeof(*install->outcomes));
	free(install->tasks);
	source_release(&install->source);
}

int install_image(const struct install_request *request, struct error *err)
{
	__attribute__((cleanup(install_release))) struct install install = {
		.request = request,
		.source = SOURCE_NONE,
		.write_back = WRITE_BACK_NONE,
	};

	if (source_open(&request->source, &install.source, err) < 0 ||
	    make_tasks(&install, err) < 0)
		return -1;
	report_tasks(&install);
	if (unpack_layers(&install, err) < 0) {
		end_workers(&install);
		save_layers(&install);
		return -1;
	}
	if (settle_layers(&install, err) < 0 || store_tasks(&install, err) < 0 ||
	    store_documents(&install, err) < 0)
		return -1;
	warn_of_losses(&install);
	return 0;
}
