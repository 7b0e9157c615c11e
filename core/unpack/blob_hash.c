// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/blob_hash.h"

#include <nettle/version.h>
#include <stddef.h>
#include <stdio.h>

void blob_hash_print(struct sha256_ctx *hash, char ret_hex[static DIGEST_HEX_LENGTH + 1])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(hash, digest);
#else
	sha256_digest(hash, sizeof(digest), digest);
#endif
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
