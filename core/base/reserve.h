/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_RESERVE_H
#define URUN_BASE_RESERVE_H

#include "core/base/error.h"

/*
 * Makes the stack as large as urun needs it, while a failure can still be told: a stack that can't
 * grow later, as address space is short (RLIMIT_AS), is a SIGSEGV without a word.
 * Fails with ENOMEM where there isn't so much address space.
 */
int reserve_stack(struct error *err);

#endif
