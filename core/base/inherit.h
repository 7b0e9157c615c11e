/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_INHERIT_H
#define URUN_BASE_INHERIT_H

/*
 * What a process inherits from its caller, and may be anything: signal dispositions, the signal
 * mask, the umask.  Each main() of ours begins with inherit_begin(), so that later code needn't
 * check.  Source: execve(2) "ignored signals are left ignored"; signal(7).
 */

/*
 * Sets what our own code depends on, and remembers what the caller had:
 *   SIGCHLD has its default, since a process that ignores SIGCHLD can't wait for its children;
 *   SIGPIPE and SIGXFSZ are ignored, so that a write fails with EPIPE or EFBIG and is reported;
 *   no signal is blocked;
 *   the umask leaves the owner all rights: we open files again that we have made.
 */
void inherit_begin(void);

/*
 * For a process that is about to execute a program for the caller: after execve(2) the signals that
 * were ignored when inherit_begin() was called are ignored, all others have their default, and none
 * is blocked.  A POSIX shell starts its programs in the same way; like dash, this doesn't pass on an
 * ignored SIGCHLD, with which a program could not wait for its own children.
 * Makes only system calls that don't allocate: may be called between clone(2) and execve(2).
 */
void inherit_restore_signals(void);

/* From now on @signal, which is SIGPIPE or SIGXFSZ, counts as not ignored on entry. */
void inherit_forget_ignored(int signal);

/*
 * For a standard output that has no reader any more: ends this process by SIGPIPE, as a process
 * ends that never ignored the signal.  Returns only where the caller ignored SIGPIPE itself, and so
 * expects an error.
 */
void inherit_end_by_sigpipe(void);

#endif
