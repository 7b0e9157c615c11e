// SPDX-License-Identifier: Apache-2.0
/*
 * A layer of an image: whatever it says, nothing outside of its directory is made, changed or
 * removed, and nothing in it is an order to an overlay but our own marks.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/unpack/layer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/unpack/one_id.h"

#define BLOCK 512
/* The check of a tree needs a descriptor a level. */
#define DEPTH_MAX 100

/* The directories "lower" and "upper" are layers; the file "out" lies beside them. */
static char base[] = "/tmp/urun-fuzz-layer.XXXXXX";
static int base_fd;

static void remove_base(void)
{
	rmdir(base);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	become_root_of_namespace();
	if (!mkdtemp(base))
		abort();
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0)
		abort();
	atexit(remove_base);
	return 0;
}

/* ---- the tar ---- */

static void pad(struct strbuf *tar)
{
	static const char zeros[BLOCK];

	if (tar->size % BLOCK)
		strbuf_add(tar, zeros, BLOCK - tar->size % BLOCK);
}

static void add_header(struct strbuf *tar, char type, const char *name, const char *link,
		       uint32_t mode, size_t size)
{
	char header[BLOCK] = { 0 };
	unsigned int sum = 0;

	strncpy(header, name, 100);
	snprintf(header + 100, 8, "%07o", mode & 07777);
	snprintf(header + 108, 8, "%07o", mode >> 12 & 1);
	snprintf(header + 116, 8, "%07o", mode >> 13 & 1);
	snprintf(header + 124, 12, "%011zo", size);
	header[156] = type;
	strncpy(header + 157, link, 100);
	memcpy(header + 257, "ustar\00000", 8);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	strbuf_add(tar, header, BLOCK);
}

/* An entry of the input's choice, whose checksum is right. */
static void add_entry(struct strbuf *tar, struct fuzz_input *input)
{
	static const char types[] = "0005551122634xLgS";
	char type = types[fuzz_number(input, 1) % (sizeof(types) - 1)];
	uint32_t mode = fuzz_number(input, 2);
	autofree char *name = fuzz_text(input), *link = fuzz_text(input);
	size_t size = strchr("0xLgS", type) ? strlen(link) : 0;

	add_header(tar, type, name, link, mode, size);
	strbuf_add(tar, link, size);
	pad(tar);
}

static void make_tar(struct strbuf *tar, struct fuzz_input *input)
{
	if (fuzz_number(input, 1) & 1) {
		strbuf_add(tar, input->bytes, input->size);
		return;
	}
	while (input->size > 0)
		add_entry(tar, input);
}

/* ---- the layer ---- */

static ssize_t give(void *of, const void **ret_bytes, struct error *err)
{
	struct fuzz_input *rest = of;
	size_t size = rest->size < 700 ? rest->size : 700;

	(void)err;
	if (size == 0)
		return 0;
	*ret_bytes = rest->bytes;
	rest->bytes += size;
	rest->size -= size;
	return (ssize_t)size;
}

static void check_tree(int dir, int depth)
{
	autodir DIR *stream = directory_stream(dir);
	char value[8];

	if (!stream || depth > DEPTH_MAX)
		return;
	fuzz_demand(fgetxattr(dir, "user.overlay.opaque", value, sizeof(value)) < 0 ||
			    value[0] == 'y',
		    "an opaque mark is ours");
	for (struct dirent *entry; (entry = directory_next(stream));) {
		autoclose int fd =
			openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct stat st;

		fuzz_demand(strncmp(entry->d_name, ".wh.", 4) != 0, "no name is a whiteout's");
		if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			abort();
		fuzz_demand(!S_ISBLK(st.st_mode) && (!S_ISCHR(st.st_mode) || st.st_rdev == 0),
			    "there is no device");
		if (fd >= 0)
			check_tree(fd, depth + 1);
	}
}

/* Unpacks and settles on @lower, if it isn't -1. */
static void make_layer(const char *name, const struct strbuf *tar, int lower)
{
	const struct layer_limits limits = { .size = 1 << 20, .files = 1000 };
	struct fuzz_input rest = { (const uint8_t *)tar->bytes, tar->size };
	struct layer_input input = { .read = give, .of = &rest, .size = UINT64_MAX };
	struct layer_result result;
	struct error err = ERROR_NONE;
	autoclose int notes =
		openat(base_fd, "notes", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	autoclose int layer = -1;

	if (mkdirat(base_fd, name, 0700) < 0)
		abort();
	layer = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layer < 0 || notes < 0)
		abort();
	/* A layer that isn't complete is removed and never used. */
	if (layer_unpack(&input, layer, notes, false, &limits, &result, &err) == 0 &&
	    (!result.depends ||
	     layer_settle(layer, notes, &lower, lower >= 0, &limits, &result, &err) == 0))
		check_tree(layer, 0);
}

static void check_base(void)
{
	static const char *const mine[] = { "lower", "upper", "notes", "out" };
	autodir DIR *stream = directory_stream(base_fd);
	struct error err = ERROR_NONE;
	struct stat st;
	int names = 0;

	while (stream && directory_next(stream))
		names++;
	fuzz_demand(names == 4, "nothing is made beside the layers");
	fuzz_demand(fstatat(base_fd, "out", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			    st.st_size == 8 && st.st_nlink == 1 && (st.st_mode & 0777) == 0600,
		    "nothing beside the layers is changed");
	for (size_t i = 0; i < ARRAY_SIZE(mine); i++)
		fuzz_demand(layer_remove(base_fd, mine[i], &err) == 0, "a layer can be removed");
}

/* The first byte chooses whether the rest is a blob, or entries of which a tar is made. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	autostrbuf struct strbuf tar = { 0 };
	autoclose int lower = -1, out = -1;

	out = openat(base_fd, "out", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || write(out, "sentinel", 8) != 8)
		abort();
	make_tar(&tar, &input);
	make_layer("lower", &tar, -1);
	lower = openat(base_fd, "lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_layer("upper", &tar, lower);
	check_base();
	return 0;
}
