/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PID1_ONE_H
#define URUN_PID1_ONE_H

/*
 * What urun and process 1 of a container (core/pid1/pid1.c) agree on.  Process 1 has no C library, so
 * this header has macros alone.
 */

/* The name of process 1, in its arguments and as the kernel shows it. */
#define PID1_NAME "urun-init"

/*
 * Where a signal has ended the program, process 1 ends with the status 128 + N and has this name, with
 * N in two digits behind it.  The process that waits for process 1 can read the name until it reaps.
 */
#define PID1_NAME_SIGNALED "urun-init sig"

/* The arguments of process 1: numbers, then the traits. */
enum {
	PID1_ARGUMENT_NAME,    /* PID1_NAME */
	PID1_ARGUMENT_PROGRAM, /* the pid of the program, which leads a process group */
	PID1_ARGUMENT_SELF,    /* the own pid */
	PID1_ARGUMENT_TRAITS,  /* letters of PID1_TRAIT_…; may be empty */
	PID1_ARGUMENT_COUNT
};

/* Descriptor 0 is the container's terminal, and process 1 leads its session. */
#define PID1_TRAIT_TERMINAL 't'
/* The pid namespace is the container's own: a signal to all processes stays in the container. */
#define PID1_TRAIT_ALONE 'a'
/* The seccomp filter lets prctl(2) through. */
#define PID1_TRAIT_NAMED 'n'

/*
 * A request to process 1: the value of a signal that is sent with si_code SI_QUEUE.  A request is a
 * kind, which is the upper byte, and a number.  Processes of the container can send requests too:
 * each asks for no more than the sender could do itself.
 */
#define PID1_REQUEST_KIND   0xff000000u
#define PID1_REQUEST_NUMBER 0x00ffffffu
/*
 * The container is to be stopped: the signal that carries the request is passed on, and when the
 * program has ended, all other processes have the rest of @number seconds to end.
 */
#define PID1_REQUEST_STOP    0x73000000u
#define PID1_REQUEST_FOREVER 0x00ffffffu
/* Signal @number is sent in place of the one that carries the request: for SIGSTOP. */
#define PID1_REQUEST_SEND 0x72000000u

#endif
