/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_INIT_H
#define URUN_INIT_INIT_H

/*
 * `urun init`: the container's first process, or that of `exec`.  The parent's clone executes it with the end
 * of the sync pipe as descriptor @sync_number; @mode is INIT_MODE_JOIN or NULL.  The process becomes the
 * container's program, or sends the parent an error and ends.
 * Source: core/sync/message.h draws the messages.
 */
_Noreturn void init_main(const char *sync_number, const char *mode);

#endif
