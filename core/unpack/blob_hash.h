/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_BLOB_HASH_H
#define URUN_UNPACK_BLOB_HASH_H

#include <nettle/sha2.h>

#include "core/image/digest.h"

/*
 * Writes the SHA-256 of all bytes that @hash was given, as a struct digest has it, and begins @hash
 * anew.  Source: the manual of nettle, "Hash functions".
 */
void blob_hash_print(struct sha256_ctx *hash, char ret_hex[static DIGEST_HEX_LENGTH + 1]);

#endif
