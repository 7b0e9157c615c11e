// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * Images of registries, and of the other places that skopeo(1) knows.  skopeo runs as the caller,
 * with the caller's network, files and environment, so that registries, mirrors, certificates and
 * passwords are those of containers-registries.conf(5) and containers-auth.json(5).
 *
 * All is written into a second directory of the store's tmp, which urun-image can't write to:
 * FETCHED below; core/unpack/handover.h has the reason.
 *
 * docker://
 *   1. skopeo inspect --raw               → FETCHED/manifest: a manifest, or an index
 *   2. urun-image choose                  which manifest is the platform's; if of an index, 1 again
 *   3. skopeo inspect --config --raw      → FETCHED/config
 *   4. urun-image unpack                  tells which layers the store doesn't have
 *   5. the others stand in FETCHED/layout as empty files of the right size, so that skopeo doesn't
 *      download them: it looks only whether there is such a file
 *   6. skopeo copy                        → FETCHED/layout/blobs/sha256, by rename(2); each is
 *                                         announced to urun-image, which unpacks while others
 *                                         arrive, and names the image in the store when skopeo has
 *                                         succeeded
 *   What is stored is the registry's own manifest: skopeo's copy has a manifest of OCI, with
 *   another digest, where the registry has one of docker.
 * all others
 *   skopeo copy → FETCHED/layout, then urun-image unpack
 */
#include "core/pull/work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "rootless/host.h"
#include "rootless/package.h"

#define SKOPEO "skopeo"
/*
 * A layout can't hold signatures, and skopeo refuses to copy a signed image into one without this.
 * They are verified nevertheless, as containers-policy.json(5) says.
 */
#define REMOVE_SIGNATURES "--remove-signatures"
#define BLOBS		  IMAGE_FETCHED_LAYOUT "/blobs/sha256"
/* The bytes that are kept of skopeo's messages: its last line fits. */
#define SAID_MAX 8192
/* How the files begin to which skopeo writes blobs, in the layout's directory. */
#define PARTIAL_PREFIX "oci-put-blob"
/* Bytes that a file of skopeo's may have beyond the largest layer. */
#define FILE_ROOM (UINT64_C(64) << 20)
/* What skopeo gets to remove its temporary files. */
#define END_TIMEOUT_MS 2000

/* ---- the process ---- */

static int find_skopeo(const struct work *work, char ret_path[static HOST_PATH_SIZE],
		       struct error *err)
{
	static const struct package package = { SKOPEO, SKOPEO, SKOPEO, SKOPEO };
	char fix[PACKAGE_FIX_SIZE];

	if (host_find_program(&work->userns->host, SKOPEO, ret_path))
		return 0;
	package_fix(&work->userns->host, &package, fix);
	error_set(err, 0, "the program " SKOPEO ", which gets this image, is not installed");
	return error_hint(err, "%s", fix);
}

static int start_skopeo(struct work *work, char *const *argv, int out, struct error *err)
{
	autoclose int read_end = -1, write_end = -1;
	struct fetch *fetch = &work->fetch;
	struct program_call call;
	char path[HOST_PATH_SIZE];
	int ends[2];

	if (find_skopeo(work, path, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	read_end = ends[0];
	write_end = ends[1];
	(void)fcntl(read_end, F_SETFL, O_NONBLOCK);
	call = (struct program_call){
		.path = path,
		.argv = argv,
		.dir = work->fetched.dir,
		.out = out,
		.messages = write_end,
		.file_size = fetch->file_size,
	};
	if (program_start(&call, &fetch->pid, err) < 0)
		return -1;
	fetch->pidfd = pidfd_open_process(fetch->pid);
	fetch->messages = take_fd(&read_end);
	strbuf_release(&fetch->said);
	return fetch->pidfd < 0 ? error_set(err, -fetch->pidfd, "watch " SKOPEO) : 0;
}

/* The end of the messages is kept: the last one has the cause. */
static void add_said(struct strbuf *said, const char *bytes, size_t size)
{
	strbuf_add(said, bytes, size);
	if (said->size <= SAID_MAX)
		return;
	memmove(said->bytes, said->bytes + said->size - SAID_MAX / 2, SAID_MAX / 2 + 1);
	said->size = SAID_MAX / 2;
}

void fetch_read(struct fetch *fetch)
{
	char bytes[1024];
	ssize_t got;

	while (fetch->messages >= 0) {
		got = read(fetch->messages, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			fd_close(&fetch->messages);
		else
			add_said(&fetch->said, bytes, (size_t)got);
	}
}

void fetch_notice_end(struct fetch *fetch)
{
	if (fetch->pid == 0 || waitpid(fetch->pid, &fetch->status, WNOHANG) == 0)
		return;
	fetch->pid = 0;
	fd_close(&fetch->pidfd);
	fd_close(&fetch->messages);
	fd_close(&fetch->arrivals);
}

/* Sends @signal, and waits for the program's end, END_TIMEOUT_MS at most. */
static void end_by_kill(struct fetch *fetch, int signal)
{
	struct pollfd end = { .fd = fetch->pidfd, .events = POLLIN };
	const int64_t deadline = clock_ms() + END_TIMEOUT_MS;

	kill(fetch->pid, signal);
	while (poll(&end, 1, clock_until(deadline)) < 0 && errno == EINTR)
		;
	fetch_notice_end(fetch);
}

void fetch_end(struct fetch *fetch)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	for (size_t i = 0; i < ARRAY_SIZE(signals) && fetch->pid > 0; i++)
		end_by_kill(fetch, signals[i]);
	fd_close(&fetch->pidfd);
	fd_close(&fetch->messages);
	fd_close(&fetch->arrivals);
	strbuf_release(&fetch->said);
	fetch->pid = 0;
}

/* ---- its failure ---- */

/* The text of the last message: time="…" level=fatal msg="TEXT", with the quotes in it escaped. */
static char *last_message(const struct strbuf *said)
{
	autofree char *text = str_dup(said->bytes ? said->bytes : "");
	char *line, *message, *out;
	size_t size = strlen(text);

	while (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	message = strstr(line, " msg=\"");
	if (!message)
		return str_dup(line);
	message += strlen(" msg=\"");
	out = message;
	for (const char *in = message; *in && *in != '"'; in++) {
		if (*in == '\\' && in[1])
			in++;
		*out++ = *in;
	}
	*out = '\0';
	return str_dup(message);
}

/* skopeo says so of whatever is wrong with an image, and the caller names the image. */
static void drop_preface(char *message)
{
	static const char preface[] = "Error parsing image name \"";
	char *end = strstr(message, "\": ");

	if (str_starts_with(message, preface) && end)
		memmove(message, end + 3, strlen(end + 3) + 1);
}

static bool mentions_password(const char *message)
{
	static const char *const signs[] = { "unauthorized", "authentication required",
					     "access to the resource is denied" };

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(message, signs[i]))
			return true;
	return false;
}

int fetch_judge(const struct work *work, struct error *err)
{
	const struct fetch *fetch = &work->fetch;
	autofree char *message = NULL;

	if (fetch->status == 0)
		return 0;
	if (WIFSIGNALED(fetch->status))
		return error_set_killed(err, SKOPEO, WTERMSIG(fetch->status), "");
	message = last_message(&fetch->said);
	drop_preface(message);
	error_set(err, 0, SKOPEO ": %s", message[0] ? message : "it failed without a message");
	if (work->reference->domain && mentions_password(message))
		return error_hint(
			err, "is there such an image?  If it needs a password: " SKOPEO " login %s",
			work->reference->domain);
	if (strstr(message, "server gave HTTP response to HTTPS client"))
		return error_hint(err,
				  "if this registry has no TLS, set insecure = true for it: see "
				  "containers-registries.conf(5)");
	if (work->fetch.file_size && strstr(message, "file too large"))
		return error_hint(err, "the registry sends more than the manifest says");
	return -1;
}

/* Runs it to its end; its stdout is the file @name in FETCHED. */
static int run_skopeo(struct work *work, char *const *argv, const char *name, struct error *err)
{
	autoclose int out = -1;

	if (name) {
		out = openat(work->fetched.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0600);
		if (out < 0)
			return error_set(err, errno, "make %s in the store", name);
	}
	if (start_skopeo(work, argv, out, err) < 0)
		return -1;
	return work_wait(work, WORK_UNTIL_FETCH_ENDS, err);
}

/* ---- registries ---- */

static int choose_manifest(struct work *work, const struct digest *wanted, struct error *err)
{
	char platform[PLATFORM_TEXT_SIZE], digest[DIGEST_TEXT_SIZE] = "";
	char *const words[] = { (char *)"choose", digest, platform, NULL };

	platform_print(&work->platform, platform);
	if (digest_is_set(wanted))
		digest_print(wanted, digest);
	work->chosen = (struct digest){ 0 };
	if (work_start_reader(work, words, -1, err) < 0 ||
	    work_wait(work, WORK_UNTIL_READER_ENDS, err) < 0)
		return -1;
	return digest_is_set(&work->chosen)
		       ? 0
		       : error_set(err, EPROTO, IMAGE_PROGRAM " chose no manifest");
}

static int inspect(struct work *work, char *source, const char *name, bool config,
		   struct error *err)
{
	char *argv[] = { (char *)SKOPEO,
			 (char *)"inspect",
			 (char *)"--raw",
			 source,
			 config ? (char *)"--config" : NULL,
			 NULL };

	return run_skopeo(work, argv, name, err);
}

/* Leaves the platform's manifest in FETCHED/manifest, and its digest in work->chosen. */
static int fetch_manifest(struct work *work, struct error *err)
{
	autofree char *source = NULL;

	if (inspect(work, work->reference->source, IMAGE_FETCHED_MANIFEST, false, err) < 0 ||
	    choose_manifest(work, &work->reference->digest, err) < 0)
		return -1;
	/* Twice at most: an index, and one in it. */
	for (int indexes = 0; work->chosen_of_index; indexes++) {
		struct digest wanted = work->chosen;

		if (indexes == 2)
			return error_set(err, 0, "an index of indexes of indexes");
		free(source);
		source = image_reference_source_of(work->reference, &wanted);
		if (inspect(work, source, IMAGE_FETCHED_MANIFEST, false, err) < 0 ||
		    choose_manifest(work, &wanted, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- blobs ---- */

static int make_layout(const struct work *work, struct error *err)
{
	static const char *const directories[] = { IMAGE_FETCHED_LAYOUT,
						   IMAGE_FETCHED_LAYOUT "/blobs", BLOBS };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdirat(work->fetched.dir, directories[i], 0700) < 0)
			return error_set(err, errno, "make %s in the store", directories[i]);
	return 0;
}

#define BLOB_NAME_SIZE (sizeof(BLOBS "/") + DIGEST_HEX_LENGTH)

static void blob_name(const struct digest *digest, char ret_name[static BLOB_NAME_SIZE])
{
	snprintf(ret_name, BLOB_NAME_SIZE, BLOBS "/%s", digest->hex);
}

static int make_placeholder(const struct work *work, const struct work_layer *layer,
			    struct error *err)
{
	char name[BLOB_NAME_SIZE];
	autoclose int fd = -1;

	blob_name(&layer->digest, name);
	fd = openat(work->fetched.dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)layer->size) < 0)
		return error_set(err, errno, "make %s in the store", name);
	return 0;
}

static int make_placeholders(const struct work *work, struct error *err)
{
	for (size_t i = 0; i < work->layer_count; i++)
		if (work->layers[i].is_there && make_placeholder(work, &work->layers[i], err) < 0)
			return -1;
	return 0;
}

/* What inotify says isn't looked at: each blob that hasn't arrived is asked for. */
static void drain_events(int fd)
{
	char events[4096];

	while (fd >= 0 && read(fd, events, sizeof(events)) > 0)
		;
}

/* The file that has become layer @arrived may have been taken for another layer's. */
static void forget_partial(struct work *work, ino_t file)
{
	for (size_t i = 0; i < work->layer_count; i++)
		if (work->layers[i].partial == file) {
			work->layers[i].partial = 0;
			progress_set(&work->progress, i, PROGRESS_DOWNLOAD, 0);
		}
}

int fetch_announce(struct work *work, struct error *err)
{
	drain_events(work->fetch.arrivals);
	for (size_t i = 0; i < work->layer_count; i++) {
		struct work_layer *layer = &work->layers[i];
		const struct image_order order = { IMAGE_ORDER_ARRIVED, (uint32_t)i };
		char name[BLOB_NAME_SIZE];
		struct stat st;

		if (layer->is_there)
			continue;
		blob_name(&layer->digest, name);
		if (fstatat(work->fetched.dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		layer->is_there = true;
		forget_partial(work, st.st_ino);
		layer->partial = 0;
		progress_set(&work->progress, i, PROGRESS_UNPACK, 0);
		if (reader_order(&work->reader, &order, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * skopeo writes each blob to a file whose name doesn't tell the layer.  It begins with the lowest
 * layers, so a new file is taken for the first layer that has none: for a bar that is good enough.
 */
static void measure_file(struct work *work, const struct stat *st)
{
	for (size_t i = 0; i < work->layer_count; i++)
		if (work->layers[i].partial == st->st_ino &&
		    work->layers[i].size >= (uint64_t)st->st_size) {
			progress_set(&work->progress, i, PROGRESS_DOWNLOAD, (uint64_t)st->st_size);
			return;
		}
	forget_partial(work, st->st_ino);
	for (size_t i = 0; i < work->layer_count; i++) {
		struct work_layer *layer = &work->layers[i];

		if (layer->is_there || layer->partial || layer->size < (uint64_t)st->st_size)
			continue;
		layer->partial = st->st_ino;
		progress_set(&work->progress, i, PROGRESS_DOWNLOAD, (uint64_t)st->st_size);
		return;
	}
}

void fetch_measure(struct work *work)
{
	autoclose int dir = -1;
	autodir DIR *stream = NULL;
	struct dirent *entry;
	struct stat st;

	if (!work->progress.is_shown || !work->fetch.brings_blobs || !work->fetch.pid)
		return;
	dir = openat(work->fetched.dir, IMAGE_FETCHED_LAYOUT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = dir < 0 ? NULL : directory_stream(dir);
	while (stream && (entry = directory_next(stream)))
		if (str_starts_with(entry->d_name, PARTIAL_PREFIX) &&
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			measure_file(work, &st);
}

/* A user may have so many instances of inotify, and other programs may have them all. */
static void watch_blobs(struct work *work)
{
	autofree char *path = str_format("/proc/self/fd/%d/" BLOBS, work->fetched.dir);
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO | IN_CLOSE_WRITE) >= 0)
		work->fetch.arrivals = take_fd(&fd);
}

/*
 * skopeo writes all that the registry sends, and asks afterwards whether this is as much as the
 * manifest says.  The room is for skopeo's other files: what it remembers of blobs, in
 * ~/.local/share/containers/cache.
 */
static uint64_t largest_file(const struct work *work)
{
	uint64_t largest = 0, limit = work_size_limit(work);

	for (size_t i = 0; i < work->layer_count; i++)
		if (work->layers[i].size > largest)
			largest = work->layers[i].size;
	/* A layer that is larger before it is unpacked than it may be afterwards is none. */
	if (largest > limit)
		largest = limit;
	return largest > UINT64_MAX / 4 ? 0 : largest + largest / 8 + FILE_ROOM;
}

/*
 * Also where no layer is to be downloaded: only a copy asks containers-policy.json(5) whether the
 * image is accepted.
 */
static int copy_blobs(struct work *work, char *source, struct error *err)
{
	char *const argv[] = { (char *)SKOPEO,
			       (char *)"copy",
			       (char *)"--quiet",
			       (char *)REMOVE_SIGNATURES,
			       source,
			       (char *)"oci:" IMAGE_FETCHED_LAYOUT ":image",
			       NULL };

	watch_blobs(work);
	work->fetch.brings_blobs = true;
	work->fetch.file_size = largest_file(work);
	if (start_skopeo(work, argv, -1, err) < 0)
		return -1;
	return work_wait(work, WORK_UNTIL_READER_ENDS, err);
}

static int fetch_registry(struct work *work, const struct digest *stored, struct error *err)
{
	autofree char *source = NULL;
	char reference[DIGEST_TEXT_SIZE];

	if (fetch_manifest(work, err) < 0)
		return -1;
	if (stored && digest_same(stored, &work->chosen))
		return 0;
	source = image_reference_source_of(work->reference, &work->chosen);
	digest_print(&work->chosen, reference);
	if (inspect(work, source, IMAGE_FETCHED_CONFIG, true, err) < 0 ||
	    make_layout(work, err) < 0 ||
	    work_start_unpack(work, IMAGE_SOURCE_FETCHED, reference, -1, err) < 0 ||
	    work_wait(work, WORK_UNTIL_LAYERS_KNOWN, err) < 0 || make_placeholders(work, err) < 0)
		return -1;
	return copy_blobs(work, source, err);
}

/* ---- the other transports ---- */

static int fetch_other(struct work *work, struct error *err)
{
	char *argv[] = {
		(char *)SKOPEO,
		(char *)"--override-os",
		work->platform.os,
		(char *)"--override-arch",
		work->platform.architecture,
		(char *)"copy",
		(char *)"--quiet",
		(char *)REMOVE_SIGNATURES,
		work->reference->source,
		(char *)"oci:" IMAGE_FETCHED_LAYOUT ":image",
		NULL,
	};

	if (run_skopeo(work, argv, NULL, err) < 0 ||
	    work_start_unpack(work, IMAGE_SOURCE_LAYOUT, NULL, -1, err) < 0)
		return -1;
	return work_wait(work, WORK_UNTIL_READER_ENDS, err);
}

int fetch_image(struct work *work, const struct digest *stored, struct error *err)
{
	if (store_pull_begin(work->store, &work->fetched, err) < 0)
		return -1;
	return work->reference->transport == IMAGE_DOCKER ? fetch_registry(work, stored, err)
							  : fetch_other(work, err);
}
