/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_INIT_H
#define URUN_INIT_INIT_H

/*
 * `urun init`: the container's first process, executed by the parent's clone with its end of the
 * sync pipe as descriptor
 * @sync_number.  It ends as the container's program, or by _exit after telling the parent why not.
 * Source: core/sync/message.h draws what is said.
 */
_Noreturn void init_main(const char *sync_number, const char *mode);

#endif
