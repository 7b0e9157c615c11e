// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/image/digest.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

#define ALGORITHM "sha256:"
#define HEX	  "0123456789abcdef"
/* Bytes of a text that an error shows. */
#define DIGEST_SHOWN 100

bool digest_from_hex(const char *hex, struct digest *ret_digest)
{
	if (strlen(hex) != DIGEST_HEX_LENGTH || strspn(hex, HEX) != DIGEST_HEX_LENGTH)
		return false;
	memcpy(ret_digest->hex, hex, sizeof(ret_digest->hex));
	return true;
}

int digest_parse(const char *what, const char *text, struct digest *ret_digest, struct error *err)
{
	static const char other[] = "sha512:";

	if (str_starts_with(text, ALGORITHM) &&
	    digest_from_hex(text + strlen(ALGORITHM), ret_digest))
		return 0;
	if (str_starts_with(text, other))
		return error_set(err, 0, "%s: digests of SHA-512 are not supported, only SHA-256",
				 what);
	return error_set(err, 0, "%s: '%.*s' isn't a digest: sha256: and 64 digits 0-9a-f", what,
			 DIGEST_SHOWN, text);
}

void digest_print(const struct digest *digest, char ret_text[static DIGEST_TEXT_SIZE])
{
	snprintf(ret_text, DIGEST_TEXT_SIZE, ALGORITHM "%s", digest->hex);
}

bool digest_same(const struct digest *a, const struct digest *b)
{
	return strcmp(a->hex, b->hex) == 0;
}
