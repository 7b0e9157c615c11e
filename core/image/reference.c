// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/image/reference.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

#define TYPED_MAX      4096
#define REPOSITORY_MAX 255 /* with the domain, as distribution has it */
#define LABEL_MAX      128
#define TAG_MAX	       1024
#define INDEX_MAX      9999

#define DEFAULT_DOMAIN "docker.io"
#define OLD_DOMAIN     "index.docker.io"
#define OFFICIAL       "library/"
#define DEFAULT_LABEL  "latest"

#define TRANSPORTS                                                                           \
	"docker://NAME, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], " \
	"containers-storage:NAME, docker-daemon:NAME:TAG, dir:DIR"

/* What stands behind the ':' of a transport. */
enum operand_kind {
	OPERAND_LAYOUT, /* PATH[:TAG] */
	OPERAND_DOCKER, /* //NAME */
	OPERAND_PATH,	/* a path, which skopeo reads */
	OPERAND_TEXT,	/* whatever skopeo understands */
};

static const struct transport_word {
	const char *word;
	enum image_transport transport;
	enum operand_kind operand;
} transport_words[] = {
	{ "oci", IMAGE_OCI, OPERAND_LAYOUT },
	{ "oci-archive", IMAGE_OCI_ARCHIVE, OPERAND_LAYOUT },
	{ "docker-archive", IMAGE_DOCKER_ARCHIVE, OPERAND_LAYOUT },
	{ "docker", IMAGE_DOCKER, OPERAND_DOCKER },
	{ "dir", IMAGE_SKOPEO, OPERAND_PATH },
	{ "sif", IMAGE_SKOPEO, OPERAND_PATH },
	{ "atomic", IMAGE_SKOPEO, OPERAND_TEXT },
	{ "containers-storage", IMAGE_SKOPEO, OPERAND_TEXT },
	{ "docker-daemon", IMAGE_SKOPEO, OPERAND_TEXT },
	{ "ostree", IMAGE_SKOPEO, OPERAND_TEXT },
};

void image_reference_release(struct image_reference *reference)
{
	free(reference->typed);
	free(reference->name);
	free(reference->path);
	free(reference->tag);
	free(reference->domain);
	free(reference->repository);
	free(reference->label);
	free(reference->source);
	*reference = IMAGE_REFERENCE_NONE;
}

/* ---- names of docker: [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST] ---- */

static bool is_small_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Source: distribution/reference, regexp.go: letters and digits, and '-' between them. */
static bool is_domain_part(const char *part)
{
	size_t length = strlen(part);

	for (const char *c = part; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			return false;
	return length > 0 && part[0] != '-' && part[length - 1] != '-';
}

static bool is_port(const char *text)
{
	uint32_t port;

	return number_parse_u32(text, UINT16_MAX, &port) == 0;
}

/* [::1], [::1]:5000 */
static bool is_ipv6_domain(const char *domain)
{
	size_t length = strspn(domain + 1, "0123456789abcdefABCDEF:");
	const char *end = domain + 1 + length;

	return length > 0 && *end == ']' && (end[1] == '\0' || (end[1] == ':' && is_port(end + 2)));
}

static bool is_domain(const char *domain)
{
	autofree char *copy = str_dup(domain);
	char *rest = copy, *port = strchr(copy, ':');

	if (domain[0] == '[')
		return is_ipv6_domain(domain);
	if (port) {
		*port = '\0';
		if (!is_port(port + 1))
			return false;
	}
	for (char *part; (part = strsep(&rest, "."));)
		if (!is_domain_part(part))
			return false;
	return true;
}

/*
 * How many bytes at @text divide two words: one '.', one or two '_', or any number of '-'.  0: none
 * do.
 */
static size_t divider_length(const char *text)
{
	if (text[0] == '-')
		return strspn(text, "-");
	if (text[0] == '_' && text[1] == '_')
		return 2;
	return text[0] == '_' || text[0] == '.';
}

/* Words of small letters and digits, with dividers between them. */
static bool is_repository_part(const char *part)
{
	const char *c = part;

	while (is_small_or_digit(*c)) {
		while (is_small_or_digit(*c))
			c++;
		if (*c == '\0')
			return true;
		c += divider_length(c);
	}
	return false;
}

static bool is_repository(const char *repository)
{
	autofree char *copy = str_dup(repository);
	char *rest = copy;

	for (char *part; (part = strsep(&rest, "/"));)
		if (!is_repository_part(part))
			return false;
	return true;
}

static bool is_image_label(const char *label)
{
	size_t length = strlen(label);

	for (const char *c = label; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' &&
		    (c == label || (*c != '.' && *c != '-')))
			return false;
	return length > 0 && length <= LABEL_MAX;
}

static bool has_capital(const char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			return true;
	return false;
}

/* Is what stands before the first '/' the name of a host, and no part of the repository? */
static bool names_host(const char *first)
{
	return strpbrk(first, ".:[") || str_equal(first, "localhost") || has_capital(first);
}

/* Cuts @name, which has neither tag nor digest any more, into domain and repository. */
static void split_domain(char *name, struct image_reference *reference)
{
	char *slash = strchr(name, '/');
	const char *domain = DEFAULT_DOMAIN, *repository = name;

	if (slash) {
		*slash = '\0';
		if (names_host(name)) {
			domain = str_equal(name, OLD_DOMAIN) ? DEFAULT_DOMAIN : name;
			repository = slash + 1;
		} else {
			*slash = '/';
		}
	}
	reference->domain = str_dup(domain);
	reference->repository = str_equal(domain, DEFAULT_DOMAIN) && !strchr(repository, '/')
					? str_format(OFFICIAL "%s", repository)
					: str_dup(repository);
}

static int refuse_name(const char *text, struct error *err)
{
	error_set(err, 0, "image '%s': not a name of an image", text);
	return error_hint(err, "a name is [DOMAIN[:PORT]/]PATH[:TAG][@sha256:DIGEST]");
}

static int check_repository(const char *text, const struct image_reference *reference,
			    struct error *err)
{
	if (is_domain(reference->domain) && has_capital(reference->repository))
		return error_set(err, 0,
				 "image '%s': the name of a repository has small letters only",
				 text);
	if (!is_domain(reference->domain) || !is_repository(reference->repository))
		return refuse_name(text, err);
	if (strlen(reference->domain) + 1 + strlen(reference->repository) > REPOSITORY_MAX)
		return error_set(err, 0, "image '%s': the name has more than %d bytes", text,
				 REPOSITORY_MAX);
	return 0;
}

/* Sets domain, repository, label, digest and name. */
static int parse_docker_name(const char *text, struct image_reference *reference, struct error *err)
{
	autofree char *copy = str_dup(text);
	autofree char *what = str_format("image '%s'", text);
	char *digest = strchr(copy, '@'), *label, *slash;
	char shown[DIGEST_TEXT_SIZE];

	if (digest) {
		*digest++ = '\0';
		if (digest_parse(what, digest, &reference->digest, err) < 0)
			return -1;
	}
	slash = strrchr(copy, '/');
	label = strchr(slash ? slash : copy, ':');
	if (label) {
		*label++ = '\0';
		if (!is_image_label(label))
			return refuse_name(text, err);
	}
	split_domain(copy, reference);
	if (check_repository(text, reference, err) < 0)
		return -1;
	if (digest) {
		/* The digest says more than the tag, which docker and podman ignore then. */
		digest_print(&reference->digest, shown);
		reference->name =
			str_format("%s/%s@%s", reference->domain, reference->repository, shown);
		return 0;
	}
	reference->label = str_dup(label ? label : DEFAULT_LABEL);
	reference->name =
		str_format("%s/%s:%s", reference->domain, reference->repository, reference->label);
	return 0;
}

char *image_name_normalize(const char *name)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;
	struct error err = ERROR_NONE;

	if (strlen(name) > TYPED_MAX || parse_docker_name(name, &reference, &err) < 0)
		return NULL;
	return take_ptr(reference.name);
}

/* ---- transports ---- */

/* Sets tag or source_index from what stands behind PATH: "v1", "@0", a name of a docker-archive. */
static int parse_tag(const char *text, const char *tag, struct image_reference *reference,
		     struct error *err)
{
	uint32_t index;

	if (tag[0] == '@') {
		if (number_parse_u32(tag + 1, INDEX_MAX, &index) < 0)
			return error_set(err, 0, "image '%s': '%s' is no index: must be @0 to @%d",
					 text, tag, INDEX_MAX);
		reference->source_index = index;
		return 0;
	}
	if (tag[0] == '\0')
		return error_set(err, 0, "image '%s': the tag is empty", text);
	if (strlen(tag) > TAG_MAX)
		return error_set(err, 0, "image '%s': the tag has more than %d bytes", text,
				 TAG_MAX);
	if (reference->transport != IMAGE_DOCKER_ARCHIVE) {
		reference->tag = str_dup(tag);
		return 0;
	}
	if (strchr(tag, '@'))
		return error_set(err, 0, "image '%s': an archive of docker has no digests", text);
	reference->tag = image_name_normalize(tag);
	return reference->tag ? 0 : refuse_name(tag, err);
}

static char *layout_path(const char *directory, const char *path)
{
	autofree char *joined = path_join(directory, path);

	return path_clean(joined);
}

static int parse_layout(const char *text, const struct transport_word *word, const char *operand,
			const char *directory, struct image_reference *reference, struct error *err)
{
	autofree char *path = NULL;
	const char *colon = strchr(operand, ':');

	reference->path = str_dup_n(operand, colon ? (size_t)(colon - operand) : strlen(operand));
	if (reference->path[0] == '\0')
		return error_set(err, 0, "image '%s': there is no path behind %s:", text,
				 word->word);
	if (colon && parse_tag(text, colon + 1, reference, err) < 0)
		return -1;
	path = layout_path(directory, reference->path);
	if (reference->tag)
		reference->name = str_format("%s:%s:%s", word->word, path, reference->tag);
	else if (reference->source_index >= 0)
		reference->name =
			str_format("%s:%s:@%" PRId64, word->word, path, reference->source_index);
	else
		reference->name = str_format("%s:%s", word->word, path);
	return 0;
}

static int parse_docker(const char *text, const char *name, struct image_reference *reference,
			struct error *err)
{
	reference->transport = IMAGE_DOCKER;
	if (name[0] == '\0')
		return refuse_name(text, err);
	if (parse_docker_name(name, reference, err) < 0)
		return -1;
	reference->source = str_format("docker://%s", reference->name);
	return 0;
}

static int parse_transport(const char *text, const struct transport_word *word, const char *operand,
			   const char *directory, struct image_reference *reference,
			   struct error *err)
{
	autofree char *path = NULL;

	reference->transport = word->transport;
	if (word->operand == OPERAND_LAYOUT)
		return parse_layout(text, word, operand, directory, reference, err);
	if (word->operand == OPERAND_DOCKER)
		return parse_docker(text, operand + strlen("//"), reference, err);
	if (operand[0] == '\0')
		return error_set(err, 0, "image '%s': there is nothing behind %s:", text,
				 word->word);
	path = word->operand == OPERAND_PATH ? layout_path(directory, operand) : str_dup(operand);
	reference->name = str_format("%s:%s", word->word, path);
	reference->source = str_dup(reference->name);
	return 0;
}

/* NULL: what stands before @colon is no transport. */
static const struct transport_word *find_transport(const char *text, const char *colon)
{
	size_t length = (size_t)(colon - text);

	for (size_t i = 0; i < ARRAY_SIZE(transport_words); i++) {
		const struct transport_word *word = &transport_words[i];

		if (strlen(word->word) != length || memcmp(word->word, text, length) != 0)
			continue;
		/* docker:dind is a name with a tag, as nothing but docker:// is the transport. */
		if (word->operand == OPERAND_DOCKER && !str_starts_with(colon + 1, "//"))
			return NULL;
		return word;
	}
	return NULL;
}

/* ---- images in the store ---- */

/* sha256:HEX, also cut short, and 64 digits alone, which no repository may be named. */
static bool parse_id(const char *text, struct image_reference *reference)
{
	static const char algorithm[] = "sha256:";
	bool prefixed = str_starts_with(text, algorithm);
	const char *hex = prefixed ? text + strlen(algorithm) : text;
	size_t length = strspn(hex, "0123456789abcdef");

	if (hex[length] != '\0' || length > DIGEST_HEX_LENGTH ||
	    (prefixed ? length == 0 : length != DIGEST_HEX_LENGTH))
		return false;
	digest_from_hex(hex, &reference->digest);
	reference->transport = IMAGE_IN_STORE;
	reference->name = str_format("%s%s", algorithm, hex);
	return true;
}

/* ---- all ---- */

bool image_name_is_printable(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = strlen(text);

	while (size > 0) {
		size_t length = utf8_length(bytes, size);

		if (length == 0 || !utf8_is_printable(utf8_decode(bytes, length)))
			return false;
		bytes += length;
		size -= length;
	}
	return true;
}

static int parse_image_name(const char *text, const char *directory,
			    struct image_reference *reference, struct error *err)
{
	const char *colon = strchr(text, ':');
	const struct transport_word *word = colon ? find_transport(text, colon) : NULL;

	if (word)
		return parse_transport(text, word, colon + 1, directory, reference, err);
	if (colon && str_starts_with(colon, "://")) {
		error_set(err, 0, "image '%s': no transport has the name %.*s", text,
			  (int)(colon - text), text);
		return error_hint(err, "use %s", TRANSPORTS);
	}
	if (parse_id(text, reference))
		return 0;
	reference->is_short = true;
	return parse_docker(text, text, reference, err);
}

int image_reference_parse(const char *text, const char *directory,
			  struct image_reference *ret_reference, struct error *err)
{
	autoreference struct image_reference reference = IMAGE_REFERENCE_NONE;

	if (text[0] == '\0')
		return error_set(err, 0, "the name of the image is empty");
	if (strlen(text) > TYPED_MAX)
		return error_set(err, 0, "the name of the image has more than %d bytes", TYPED_MAX);
	reference.typed = str_dup(text);
	if (parse_image_name(text, directory, &reference, err) < 0)
		return -1;
	if (!reference.name || !image_name_is_printable(reference.name))
		return error_set(err, 0,
				 "image '%s': a name has printable characters in UTF-8 only", text);
	*ret_reference = reference;
	reference = IMAGE_REFERENCE_NONE;
	return 0;
}

bool image_reference_is_one(const char *operand)
{
	return strchr(operand, ':') != NULL;
}

char *image_reference_source_of(const struct image_reference *reference,
				const struct digest *digest)
{
	char shown[DIGEST_TEXT_SIZE];

	digest_print(digest, shown);
	return str_format("docker://%s/%s@%s", reference->domain, reference->repository, shown);
}
