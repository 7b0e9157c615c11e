/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_INHERIT_H
#define URUN_BASE_INHERIT_H

/*
 * What a process has from whoever started it, and may be anything: signal dispositions, the signal
 * mask, the umask.  Each main() of ours begins with inherit_begin(), so that the code behind it needn't
 * ask.  Source: execve(2) "ignored signals are left ignored"; signal(7).
 */

/*
 * Remembers which signals are ignored, then sets what our own code depends on:
 *   SIGCHLD has its default, as a process that ignores it can't wait for its children;
 *   SIGPIPE and SIGXFSZ are ignored, so that a write fails with EPIPE or EFBIG and is told of;
 *   no signal is blocked;
 *   the umask leaves the owner all rights: we open again what we make.
 */
void inherit_begin(void);

/*
 * For a process that is about to execute a program for the caller: the signals that were ignored when
 * inherit_begin() was called are ignored again, all others have their default, and none is blocked.
 * So does a POSIX shell start its programs; like dash it doesn't hand on an ignored SIGCHLD, with
 * which a program could not wait for its own children.
 * System calls only, and none that allocates: it may be called between clone(2) and execve(2).
 */
void inherit_restore_signals(void);

/* From now on @signal counts as one that was not ignored. */
void inherit_forget_ignored(int signal);

/*
 * Standard output has no reader any more: ends this process by SIGPIPE as one that never ignored it.
 * Returns only where the caller ignored SIGPIPE itself, and so expects an error.
 */
void inherit_end_by_sigpipe(void);

#endif
