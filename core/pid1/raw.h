/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PID1_RAW_H
#define URUN_PID1_RAW_H

/*
 * System calls and the entry of a program without a C library.  raw_call() returns what the kernel
 * returns: a negative errno on failure.  The entry calls raw_main() with the arguments and ends the
 * process with its result.
 * Source: syscall(2) "Architecture calling conventions"; the ABI supplement of each architecture.
 *
 * For an architecture that isn't here, or with URUN_PID1_LIBC, the same calls are made through a
 * static C library, and the program is larger.
 */

#include <asm/unistd.h>

#define RAW_USED __attribute__((used))

RAW_USED int raw_main(char **argv);

#if defined(URUN_PID1_LIBC)

extern long syscall(long number, ...);
extern int *__errno_location(void);

static inline long raw_call(long number, long a, long b, long c, long d, long e)
{
	long result = syscall(number, a, b, c, d, e);

	return result == -1 ? -*__errno_location() : result;
}

#define RAW_ENTRY                        \
	int main(int argc, char **argv); \
	int main(int argc, char **argv)  \
	{                                \
		(void)argc;              \
		return raw_main(argv);   \
	}

#else

/* The kernel enters a program with the count of the arguments and the arguments on the stack. */
RAW_USED _Noreturn void raw_begin(long *stack);

static long raw_call(long number, long a, long b, long c, long d, long e);

/* The compiler may call these two.  It must not make such a call of their own loops. */
void *memset(void *to, int byte, __SIZE_TYPE__ size);
void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ size);

RAW_USED void *memset(void *to, int byte, __SIZE_TYPE__ size)
{
	for (char *out = to; size--; *out++ = (char)byte)
		__asm__ volatile("");
	return to;
}

RAW_USED void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ size)
{
	const char *in = from;

	for (char *out = to; size--; *out++ = *in++)
		__asm__ volatile("");
	return to;
}

#define RAW_ENTRY                                                      \
	_Noreturn void raw_begin(long *stack)                          \
	{                                                              \
		int status = raw_main((char **)(stack + 1));           \
                                                                       \
		for (;;)                                               \
			raw_call(__NR_exit_group, status, 0, 0, 0, 0); \
	}

#if defined(__x86_64__)

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__i386__)

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

#elif defined(__aarch64__)

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	b raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

#elif defined(__arm__) && defined(__ARM_EABI__)

__asm__(".syntax unified\n"
	".arm\n"
	".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	mov fp, #0\n"
	"	mov lr, #0\n"
	"	mov r0, sp\n"
	"	bic sp, sp, #7\n"
	"	bl raw_begin\n");

/* r7, which has the number, may be the frame pointer: the call is a function that saves it. */
__asm__(".globl raw_call_arm\n"
	".type raw_call_arm, %function\n"
	"raw_call_arm:\n"
	"	push {r4, r7}\n"
	"	mov r7, r0\n"
	"	mov r0, r1\n"
	"	mov r1, r2\n"
	"	mov r2, r3\n"
	"	ldr r3, [sp, #8]\n"
	"	ldr r4, [sp, #12]\n"
	"	svc #0\n"
	"	pop {r4, r7}\n"
	"	bx lr\n");
long raw_call_arm(long number, long a, long b, long c, long d, long e);

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	return raw_call_arm(number, a, b, c, d, e);
}

#elif defined(__riscv) && __riscv_xlen == 64

__asm__(".globl _start\n"
	"_start:\n"
	"	.option push\n"
	"	.option norelax\n"
	"	la gp, __global_pointer$\n"
	"	.option pop\n"
	"	li s0, 0\n"
	"	mv a0, sp\n"
	"	andi sp, sp, -16\n"
	"	call raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
			 : "memory");
	return a0;
}

#elif defined(__powerpc64__) && defined(_CALL_ELF) && _CALL_ELF == 2

/* The kernel enters with the address of the entry in r12, from which the TOC is found. */
__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"0:	addis 2, 12, .TOC.-0b@ha\n"
	"	addi 2, 2, .TOC.-0b@l\n"
	"	mr 3, 1\n"
	"	clrrdi 1, 1, 4\n"
	"	li 0, 0\n"
	"	stdu 0, -32(1)\n"
	"	bl raw_begin\n"
	"	nop\n");

/* The kernel says by a bit of cr0 that a call has failed, and returns the errno then. */
static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long r0 __asm__("r0") = number;
	register long r3 __asm__("r3") = a;
	register long r4 __asm__("r4") = b;
	register long r5 __asm__("r5") = c;
	register long r6 __asm__("r6") = d;
	register long r7 __asm__("r7") = e;

	__asm__ volatile("sc\n\tbns+ 1f\n\tneg %1, %1\n1:"
			 : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
			 :
			 : "r8", "r9", "r10", "r11", "r12", "cr0", "ctr", "memory");
	return r3;
}

#elif defined(__s390x__)

__asm__(".globl _start\n"
	"_start:\n"
	"	lgr %r2, %r15\n"
	"	lghi %r11, 0\n"
	"	aghi %r15, -160\n"
	"	brasl %r14, raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long r1 __asm__("1") = number;
	register long r2 __asm__("2") = a;
	register long r3 __asm__("3") = b;
	register long r4 __asm__("4") = c;
	register long r5 __asm__("5") = d;
	register long r6 __asm__("6") = e;

	__asm__ volatile("svc 0"
			 : "+d"(r2)
			 : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6)
			 : "memory", "cc");
	return r2;
}

#elif defined(__loongarch_lp64)

__asm__(".globl _start\n"
	"_start:\n"
	"	move $fp, $zero\n"
	"	move $a0, $sp\n"
	"	bstrins.d $sp, $zero, 3, 0\n"
	"	bl raw_begin\n");

static long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long a7 __asm__("$a7") = number;
	register long a0 __asm__("$a0") = a;
	register long a1 __asm__("$a1") = b;
	register long a2 __asm__("$a2") = c;
	register long a3 __asm__("$a3") = d;
	register long a4 __asm__("$a4") = e;

	__asm__ volatile("syscall 0"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
			 : "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8", "memory");
	return a0;
}

#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "no system calls without a C library for this architecture: define URUN_PID1_LIBC"
#endif
#endif

#endif
