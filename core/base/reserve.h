/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_RESERVE_H
#define URUN_BASE_RESERVE_H

#include "core/base/error.h"

/*
 * Makes the stack as large as urun needs it, while a failure can still be reported: where address
 * space is short (RLIMIT_AS), a stack that can't grow later is a SIGSEGV without a message.
 * Fails with ENOMEM where there isn't enough address space.
 */
int reserve_stack(struct error *err);

#endif
