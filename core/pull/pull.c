// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The story of a pull: image_get(), at the end of this file.
 */
#include "core/pull/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/moment.h"
#include "core/pull/work.h"

int pull_policy_parse(const char *text, enum pull_policy *ret_policy, struct error *err)
{
	/* podman has "ifnotpresent", kubernetes' word, too. */
	static const char *const words[] = { "missing", "always", "newer", "never", NULL };
	int found = text ? str_find(words, text) : PULL_MISSING;

	if (found < 0)
		return error_set(
			err, 0, "option --pull is always, missing, newer or never, not '%s'", text);
	*ret_policy = (enum pull_policy)found;
	return 0;
}

void image_release(struct image *image)
{
	store_index_release(&image->index);
	free(image->ids);
	*image = (struct image){ 0 };
}

static void add_map(const struct idmap *map, struct strbuf *out)
{
	for (size_t i = 0; i < map->count; i++)
		strbuf_addf(out, "%s%" PRIu32 ":%" PRIu32 ":%" PRIu32, i ? "," : "",
			    map->ranges[i].inner, map->ranges[i].outer, map->ranges[i].count);
}

/* The ids of this process' own user namespace, in which layers are unpacked. */
static void add_own_map(const char *path, struct strbuf *out)
{
	autofree struct idmap *map = mem_alloc(sizeof(*map));
	struct error ignored = ERROR_NONE;

	if (idmap_load(path, map, &ignored) == 0)
		add_map(map, out);
}

char *image_ids(const struct userns_plan *userns)
{
	bool is_own = userns->mode == USERNS_INHERIT;
	struct strbuf text = { 0 };

	if (is_own)
		add_own_map("/proc/self/uid_map", &text);
	else
		add_map(&userns->uids, &text);
	strbuf_add_str(&text, " ");
	if (is_own)
		add_own_map("/proc/self/gid_map", &text);
	else
		add_map(&userns->gids, &text);
	return text.bytes;
}

/* ---- signals ---- */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* A signal that the caller ignores is ignored here too. */
static int hold_signals(sigset_t *ret_old, int *ret_fd, struct error *err)
{
	struct sigaction now;
	sigset_t caught;

	sigemptyset(&caught);
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
		if (sigaction(ending_signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&caught, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &caught, ret_old);
	*ret_fd = signalfd(-1, &caught, SFD_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "watch signals") : 0;
}

/* The process ends by the signal, as it would have without us. */
static void end_by_held_signal(int signal)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigaction(signal, &standard, NULL);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- sources of this host ---- */

static bool is_local(const struct image_reference *reference)
{
	return reference->transport == IMAGE_OCI || reference->transport == IMAGE_OCI_ARCHIVE ||
	       reference->transport == IMAGE_DOCKER_ARCHIVE;
}

static enum image_source_kind local_kind(const struct image_reference *reference)
{
	return reference->transport == IMAGE_OCI	   ? IMAGE_SOURCE_OCI
	       : reference->transport == IMAGE_OCI_ARCHIVE ? IMAGE_SOURCE_OCI_ARCHIVE
							   : IMAGE_SOURCE_DOCKER_ARCHIVE;
}

static int open_local(const struct image_reference *reference, int *ret_fd, struct error *err)
{
	int kind = reference->transport == IMAGE_OCI ? O_DIRECTORY : 0;
	struct stat st;
	int fd = open(reference->path, O_RDONLY | O_CLOEXEC | kind);

	if (fd < 0)
		return error_set(err, errno, "open %s", reference->path);
	if (kind == 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		error_set(err, EISDIR, "open %s", reference->path);
		return error_hint(err, "oci:%s takes an OCI layout", reference->path);
	}
	*ret_fd = fd;
	return 0;
}

static int pull_local(struct work *work, int source, struct error *err)
{
	if (work_start_unpack(work, local_kind(work->reference), work->reference->tag, source,
			      err) < 0)
		return -1;
	return work_wait(work, WORK_UNTIL_READER_ENDS, err);
}

/*
 * Was the file written, or put into this place, since @second?  The time of the change is asked for
 * too, as `mv`, `cp -p` and tar(1) bring another file with an old mtime.
 */
static bool has_changed_since(const char *path, int64_t second)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mtim.tv_sec >= second || st.st_ctim.tv_sec >= second);
}

/*
 * Was the source written since the image was pulled?  Both times have seconds only, so the same
 * second counts as later.  A source that isn't there any more has no news.
 */
static bool local_is_newer(const struct image_reference *reference, const struct store_image *image)
{
	autofree char *index = reference->transport == IMAGE_OCI
				       ? str_format("%s/index.json", reference->path)
				       : str_dup(reference->path);
	uint64_t pulled;
	int64_t second;

	if (access(index, F_OK) < 0 || !image->pulled ||
	    moment_parse(image->pulled, (uint64_t)time(NULL) * 1000000000u, &pulled) < 0)
		return false;
	second = (int64_t)(pulled / 1000000000u);
	return has_changed_since(index, second) || has_changed_since(reference->path, second);
}

/* ---- one pull ---- */

/*
 * What is left in tmp belongs to the subids.
 * ORDER: all processes of the pull have ended: else they could write on.
 */
static void end_pull(struct work *work)
{
	struct error ignored = ERROR_NONE;

	reader_end(&work->reader);
	fetch_end(&work->fetch);
	if (work->fetched.dir >= 0)
		(void)store_pull_end(work->store, &work->fetched);
	if (!store_pull_end(work->store, &work->pull))
		(void)image_sweep(work->store, work->userns, &ignored);
}

/* @source: the open source of this host, or -1. */
static int pull_source(struct work *work, int source, const struct digest *stored,
		       struct error *err)
{
	return source >= 0 ? pull_local(work, source, err) : fetch_image(work, stored, err);
}

static int name_store(int store, struct error *err)
{
	char path[PATH_MAX];

	return fd_path(store, path) < 0 ? -1 : error_prefix(err, "store %s", path);
}

/* @stored: the manifest that the store has under this name, or NULL. */
static int pull_image(const struct work *order, const struct digest *stored, struct error *err)
{
	struct work work = *order;
	autoclose int source = -1;
	sigset_t old;
	int result;

	/*
	 * ORDER: before signals are held: the open of a FIFO waits for who writes to it, and a signal
	 * ends the wait.
	 */
	if (is_local(work.reference) && open_local(work.reference, &source, err) < 0)
		return -1;
	progress_init(&work.progress, work.request->quiet);
	work.progress.only_news = work.request->only_news;
	result = hold_signals(&old, &work.signals, err);
	if (result == 0 && store_pull_begin(work.store, &work.pull, err) < 0)
		result = name_store(work.store, err);
	if (result == 0) {
		result = pull_source(&work, source, stored, err);
		if (result == 0)
			progress_draw(&work.progress, true);
		else
			progress_clear(&work.progress);
		end_pull(&work);
	}
	fd_close(&work.signals);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (work.stopped_by)
		end_by_held_signal(work.stopped_by);
	progress_release(&work.progress);
	free(work.layers);
	return result;
}

int image_sweep(int store, const struct userns_plan *userns, struct error *err)
{
	char *const words[] = { (char *)"sweep", NULL };
	struct work work = {
		.store = store,
		.userns = userns,
		.pull = STORE_PULL_NONE,
		.fetched = STORE_PULL_NONE,
		.reader = READER_NONE,
		.fetch = FETCH_NONE,
		.signals = -1,
	};
	int result = work_start_reader(&work, words, -1, err);

	if (result == 0)
		result = work_wait(&work, WORK_UNTIL_READER_ENDS, err);
	reader_end(&work.reader);
	return result;
}

/* What others have left, by a kill for instance; no hindrance where it stays. */
static void sweep_rubbish(int store, const struct userns_plan *userns)
{
	struct error ignored = ERROR_NONE;
	size_t left = 0;

	if (store_sweep(store, &left, &ignored) == 0 && left > 0)
		(void)image_sweep(store, userns, &ignored);
}

/* ---- what the store has ---- */

static int find_stored(int store, const char *name, const char *directory, struct image *image,
		       struct error *err)
{
	store_index_release(&image->index);
	image->stored = NULL;
	if (store_read_index(store, &image->index, err) < 0)
		return -1;
	return store_find_image(&image->index, name, directory, &image->stored, err) < 0 ? -1 : 0;
}

/* Is what the store has good enough, or must the source be read? */
static bool stored_suffices(const struct work *work, const struct image *image)
{
	const struct store_image *stored = image->stored;

	if (!stored || !store_image_is_whole(work->store, stored, work->ids))
		return false;
	if (work->request->platform && platform_rank(&work->platform, &stored->platform) < 0)
		return false;
	switch (work->request->policy) {
	case PULL_NEVER: return true;
	case PULL_ALWAYS: return work->reference->transport == IMAGE_IN_STORE;
	case PULL_MISSING:
		return !is_local(work->reference) || !local_is_newer(work->reference, stored);
	case PULL_NEWER:
		return work->reference->transport == IMAGE_IN_STORE ||
		       (is_local(work->reference) && !local_is_newer(work->reference, stored));
	}
	return false;
}

static int refuse_missing(const struct work *work, const struct image *image, struct error *err)
{
	if (work->request->policy != PULL_NEVER)
		return error_set(err, ENOENT, "find the image in the store");
	if (!image->stored)
		error_set(err, ENOENT, "find the image in the store");
	else if (!store_image_is_whole(work->store, image->stored, work->ids))
		error_set(err, ENOENT,
			  "find the image's layers in the store for your present uids and gids");
	else
		error_set(err, ENOENT, "find the image in the store for another platform");
	return error_hint(err, "the policy 'never' forbids to pull it");
}

static int read_platform(const char *text, struct platform *ret_platform, struct error *err)
{
	if (text)
		return platform_parse(text, ret_platform, err);
	platform_of_host(ret_platform);
	return 0;
}

/*
 * Pulls, and looks again.  A pull that fails is no error of --pull=newer where the store has the
 * image.
 */
static int pull_and_find(struct work *work, const char *directory, struct image *image,
			 struct error *err)
{
	const char *name = work->reference->name;
	bool has_image =
		image->stored && store_image_is_whole(work->store, image->stored, work->ids);

	const struct digest *stored =
		has_image && work->request->policy == PULL_NEWER ? &image->stored->manifest : NULL;

	sweep_rubbish(work->store, work->userns);
	if (pull_image(work, stored, err) < 0) {
		if (work->request->policy != PULL_NEWER || !has_image)
			return -1;
		*err = ERROR_NONE;
		return 0;
	}
	if (find_stored(work->store, name, directory, image, err) < 0)
		return -1;
	return image->stored
		       ? 0
		       : error_set(err, ENOENT, "find the image that was pulled in the store");
}

static int get_image(struct work *work, const char *directory, struct image *image,
		     struct error *err)
{
	if (find_stored(work->store, work->request->name, directory, image, err) < 0)
		return -1;
	if (stored_suffices(work, image))
		return 0;
	if (work->request->policy == PULL_NEVER || work->reference->transport == IMAGE_IN_STORE)
		return refuse_missing(work, image, err);
	return pull_and_find(work, directory, image, err);
}

/* A file that has the short name which no registry knows: its transport wasn't typed. */
static void hint_at_file(const char *name, struct error *err)
{
	struct stat st;

	if (err->hint[0] || stat(name, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		error_hint(err, "for the directory %s write oci:%s", name, name);
	else
		error_hint(err, "for the file %s write docker-archive:%s or oci-archive:%s", name,
			   name, name);
}

int image_get(int store, const struct image_request *request, const struct userns_plan *userns,
	      struct image *ret_image, struct error *err)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	autoimage struct image image = { .ids = image_ids(userns) };
	autofree char *directory = getcwd(NULL, 0);
	struct work work = {
		.request = request,
		.reference = &reference,
		.userns = userns,
		.ids = image.ids,
		.store = store,
		.pull = STORE_PULL_NONE,
		.fetched = STORE_PULL_NONE,
		.reader = READER_NONE,
		.fetch = FETCH_NONE,
		.signals = -1,
	};

	if (image_reference_parse(request->name, directory ? directory : "/", &reference, err) <
		    0 ||
	    read_platform(request->platform, &work.platform, err) < 0)
		return -1;
	if (reference.is_short && !request->short_name) {
		error_set(err, 0, "'%s' is the short name of an image", request->name);
		return error_hint(err, "write --image %s, or docker://%s", request->name,
				  request->name);
	}
	if (get_image(&work, directory ? directory : "/", &image, err) < 0) {
		if (reference.is_short)
			hint_at_file(request->name, err);
		return error_prefix(err, "image %s", request->name);
	}
	*ret_image = image;
	image = (struct image){ 0 };
	return 0;
}
